/* The constants that VFP instructions pass to their helpers (helpers_vfp.def). */
#ifndef ARMEMU_ARM_VFP_HELPERS_H
#define ARMEMU_ARM_VFP_HELPERS_H

#include "frontend/arm/fp/fpscr.h"

/* How to convert: rounding (enum fp_rounding, or as the FPSCR says), width of the integer, its
 * fraction bits, and flags. */
enum {
    VFP_ROUND_FPSCR = 7,
    VFP_CVT_ROUND_MASK = 7,
    VFP_CVT_UNSIGNED = 8, /* conversions */
    VFP_CVT_EXACT = 8,    /* rounding to an integral value: signal inexact results */
    VFP_CVT_BITS_SHIFT = 8,
    VFP_CVT_FBITS_SHIFT = 16,
};

/* The operations that the FPSCR's LEN makes vector operations. */
enum vfp_op {
    VFP_ADD, VFP_SUB, VFP_MUL, VFP_DIV, VFP_MAXNM, VFP_MINNM, VFP_OP2_COUNT,
    VFP_FMA = VFP_OP2_COUNT, VFP_SQRT, VFP_ABS, VFP_NEG, VFP_MOV, VFP_IMM,
    VFP_OP_MASK = 15,
};

/* Variations of an operation. */
enum {
    VFP_NEGATE_N = 0x10,      /* the first factor */
    VFP_NEGATE_D = 0x20,      /* the addend */
    VFP_NEGATE_RESULT = 0x40, /* of the multiplication, before the addition */
    VFP_ACCUMULATE = 0x80,    /* add the result to the destination */
    VFP_DOUBLE = 0x100,       /* f64 */
};

#endif
