/* The flash controller of the nRF51 series (reference manual, chapter "Non-Volatile Memory
 * Controller"). Window 0: registers. Windows 1 and 2 take the CPU's stores to code memory and to
 * UICR; they lie where the memory lies. */
#ifndef ARMEMU_DEVICES_MISC_NRF51_NVMC_H
#define ARMEMU_DEVICES_MISC_NRF51_NVMC_H

#include "devices/core/device.h"

enum { NRF51_NVMC_REGS, NRF51_NVMC_CODE, NRF51_NVMC_UICR };

struct nrf51_nvmc_config {
    uint32_t code_base, code_size, page_size, uicr_base, uicr_size;
};

extern const struct device_class nrf51_nvmc_class;

#endif
