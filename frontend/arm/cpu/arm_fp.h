/* The floating-point unit's system side: permission, FPSCR, feature registers. */
#ifndef ARMEMU_ARM_FP_H
#define ARMEMU_ARM_FP_H

#include <stdint.h>

#include "frontend/arm/cpu/state.h"

/** Recompute s->fp_enabled from CPACR, NSACR, HCPTR, FPEXC.EN and the mode, and the rounding of
 * generated code from the FPSCR. */
void arm_fp_update(struct arm_state *s);

/** The FPSCR, and setting it (bits that the unit lacks are dropped). May change the context. */
uint32_t arm_fpscr_read(const struct arm_state *s);
void arm_fpscr_write(struct arm_state *s, uint32_t value);

#endif
