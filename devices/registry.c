/* All classes of devices: a new device adds its row here. */
#include <stdlib.h>
#include <string.h>

#include "devices/core/device.h"
#include "devices/adc/lm3s_adc.h"
#include "devices/display/microbit_leds.h"
#include "devices/dma/stm32_dma.h"
#include "devices/firmware/fw_cfg.h"
#include "devices/gpio/cmsdk_gpio.h"
#include "devices/gpio/nrf51_gpio.h"
#include "devices/gpio/nrf51_gpiote.h"
#include "devices/gpio/pl061.h"
#include "devices/gpio/stm32_gpio.h"
#include "devices/i2c/lm3s_i2c.h"
#include "devices/i2c/motion.h"
#include "devices/i2c/nrf51_twi.h"
#include "devices/i2c/sbcon.h"
#include "devices/i2c/stm32_i2c.h"
#include "devices/intc/gicv2.h"
#include "devices/intc/gicv2m.h"
#include "devices/misc/lm3s_flash.h"
#include "devices/misc/lm3s_sysctl.h"
#include "devices/misc/mps2_fpgaio.h"
#include "devices/misc/mps2_scc.h"
#include "devices/misc/nrf51_adc.h"
#include "devices/misc/nrf51_clock.h"
#include "devices/misc/nrf51_ficr.h"
#include "devices/misc/nrf51_nvmc.h"
#include "devices/misc/nrf51_radio.h"
#include "devices/misc/nrf51_rng.h"
#include "devices/misc/nrf51_temp.h"
#include "devices/misc/stm32_crc.h"
#include "devices/misc/stm32_exti.h"
#include "devices/misc/stm32_otg.h"
#include "devices/misc/stm32_rng.h"
#include "devices/misc/stm32f4_adc.h"
#include "devices/misc/stm32f4_flash.h"
#include "devices/misc/stm32f4_ids.h"
#include "devices/misc/stm32f4_pwr.h"
#include "devices/misc/stm32f4_rcc.h"
#include "devices/misc/stm32f4_syscfg.h"
#include "devices/misc/unimplemented.h"
#include "devices/net/lan9118.h"
#include "devices/nrf51/ppi.h"
#include "devices/rtc/pl031.h"
#include "devices/rtc/stm32_rtc.h"
#include "devices/ssi/pl022.h"
#include "devices/ssi/stm32_spi.h"
#include "devices/timer/arch_timer.h"
#include "devices/timer/cmsdk_timer.h"
#include "devices/timer/cmsdk_watchdog.h"
#include "devices/timer/lm3s_gptm.h"
#include "devices/timer/nrf51_rtc.h"
#include "devices/timer/nrf51_timer.h"
#include "devices/timer/nrf51_wdt.h"
#include "devices/timer/sp804.h"
#include "devices/timer/stm32_tim.h"
#include "devices/timer/stm32_wdg.h"
#include "devices/uart/cmsdk_uart.h"
#include "devices/uart/nrf51_uart.h"
#include "devices/uart/pl011.h"
#include "devices/uart/stm32_usart.h"
#include "devices/virtio/virtio_mmio.h"
#include "util/bits.h"

/* In alphabetical order. */
const struct device_class *const device_classes[] = {
    &arch_timer_class,
    &cmsdk_dualtimer_class,
    &cmsdk_gpio_class,
    &cmsdk_timer_class,
    &cmsdk_uart_class,
    &cmsdk_watchdog_class,
    &fw_cfg_class,
    &gicv2_class,
    &gicv2m_class,
    &lan9118_class,
    &lm3s_adc_class,
    &lm3s_flash_class,
    &lm3s_gptm_class,
    &lm3s_i2c_class,
    &lm3s_sysctl_class,
    &luminary_watchdog_class,
    &mag3110_class,
    &microbit_leds_class,
    &mma8653_class,
    &mps2_fpgaio_class,
    &mps2_scc_class,
    &nrf51_adc_class,
    &nrf51_clock_class,
    &nrf51_ficr_class,
    &nrf51_gpio_class,
    &nrf51_gpiote_class,
    &nrf51_nvmc_class,
    &nrf51_ppi_class,
    &nrf51_radio_class,
    &nrf51_rng_class,
    &nrf51_rtc_class,
    &nrf51_temp_class,
    &nrf51_timer_class,
    &nrf51_twi_class,
    &nrf51_uart_class,
    &nrf51_wdt_class,
    &pl011_class,
    &pl011_luminary_class,
    &pl022_class,
    &pl022_luminary_class,
    &pl031_class,
    &pl061_class,
    &pl061_luminary_class,
    &sbcon_class,
    &sp804_class,
    &stm32_crc_class,
    &stm32_dma_class,
    &stm32_exti_class,
    &stm32_gpio_class,
    &stm32_i2c_class,
    &stm32_iwdg_class,
    &stm32_otg_class,
    &stm32_rng_class,
    &stm32_rtc_class,
    &stm32_spi_class,
    &stm32_tim_class,
    &stm32_usart_class,
    &stm32_wwdg_class,
    &stm32f4_adc_class,
    &stm32f4_adc_common_class,
    &stm32f4_flash_class,
    &stm32f4_ids_class,
    &stm32f4_pwr_class,
    &stm32f4_rcc_class,
    &stm32f4_syscfg_class,
    &unimplemented_class,
    &virtio_mmio_class,
    NULL,
};

const struct device_class *device_class_find(const char *name, struct error *e)
{
    const char *known[ARRAY_SIZE(device_classes)] = {NULL};
    for (unsigned i = 0; device_classes[i]; i++) {
        known[i] = device_classes[i]->name;
        if (!strcmp(known[i], name))
            return device_classes[i];
    }
    const char *near = error_nearest(name, known);
    if (near)
        error_set(e, "no device '%s'; did you mean '%s'?", name, near);
    else
        error_set(e, "no device '%s'", name);
    return NULL;
}
