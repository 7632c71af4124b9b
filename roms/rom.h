/* The embedded ROM, started when there is nothing else to boot: runs from flash at address 0 of the
 * machine virt. Source in roms/src, built by roms/build.sh. */
#ifndef ARMEMU_ROMS_ROM_H
#define ARMEMU_ROMS_ROM_H

#include <stdint.h>

extern const uint8_t armemu_rom[];
extern const uint32_t armemu_rom_size; /* bytes */

#endif
