/* The constants that VFP instructions pass to their helpers (helpers_vfp.def). */
#ifndef ARMEMU_ARM_VFP_HELPERS_H
#define ARMEMU_ARM_VFP_HELPERS_H

#include "frontend/arm/fp/fpscr.h"

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
