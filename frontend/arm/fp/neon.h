/* Constants of the arguments of Advanced SIMD helpers (cpu/helpers_neon.def). */
#ifndef ARMEMU_ARM_FP_NEON_H
#define ARMEMU_ARM_FP_NEON_H

/** neon_frint, with the rounding: inexact results are signalled. */
#define NEON_EXACT 8u

#endif
