/* Guest code as text, by Capstone. Apart from the rest because Capstone's header claims names. */
#ifndef ARMEMU_ARM_DISASSEMBLE_H
#define ARMEMU_ARM_DISASSEMBLE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/** Print the @size bytes of code at @code, which are at address @va, one instruction a line.
 * @thumb and @v8 say how to read them, @m that the CPU is of the M profile. */
void arm_disassemble(const uint8_t *code, uint32_t size, uint32_t va, bool thumb, bool v8, bool m,
                     FILE *out);

#endif
