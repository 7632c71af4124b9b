/* What VFP arithmetic and conversions share. Internal to translate/. */
#ifndef ARMEMU_ARM_TRANSLATE_VFP_ARITH_H
#define ARMEMU_ARM_TRANSLATE_VFP_ARITH_H

#include "frontend/arm/cpu/vfp_helpers.h"
#include "frontend/arm/decode_args.h"
#include "frontend/arm/translate/vfp.h"

/** Values of registers of format @f (FP_32: S registers, FP_64: D registers). */
static inline int32_t vfp_read(struct arm_translate *t, enum fp_size f, int r)
{
    return f == FP_64 ? arm_d_read(t, r) : arm_s_read(t, r);
}
static inline void vfp_write(struct arm_translate *t, enum fp_size f, int r, int32_t v)
{
    if (f == FP_64)
        arm_d_write(t, r, v);
    else
        arm_s_write(t, r, v);
}

/** Does the register of format @f exist? */
static inline bool vfp_exists(const struct arm_translate *t, enum fp_size f, int r)
{
    return f != FP_64 || arm_vfp_has_d(t, r, 1);
}

#endif
