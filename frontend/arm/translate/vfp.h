/* What the VFP and Advanced SIMD instructions share. Internal to translate/. */
#ifndef ARMEMU_ARM_TRANSLATE_VFP_H
#define ARMEMU_ARM_TRANSLATE_VFP_H

#include "frontend/arm/translate/translate.h"

/**
 * Emit the check that VFP and Advanced SIMD are enabled (CheckVFPEnabled), once per block where
 * that suffices. To be called before the instruction reads any value: values do not outlive it.
 */
void arm_vfp_check(struct arm_translate *t);

/** Do the D registers @first .. @first + @count - 1 exist? */
bool arm_vfp_has_d(const struct arm_translate *t, int first, int count);

/** The registers S@s and D@d, as integers. */
static inline int32_t arm_s_read(struct arm_translate *t, int s)
{
    return ir_get(t->b, ARM_SLOT_S0 + (unsigned)s);
}
static inline void arm_s_write(struct arm_translate *t, int s, int32_t v)
{
    ir_set(t->b, ARM_SLOT_S0 + (unsigned)s, v);
}
static inline int32_t arm_d_read(struct arm_translate *t, int d)
{
    return ir_get(t->b, ARM_SLOT_D0 + (unsigned)d);
}
static inline void arm_d_write(struct arm_translate *t, int d, int32_t v)
{
    ir_set(t->b, ARM_SLOT_D0 + (unsigned)d, v);
}

/** The i64 whose elements of 8 << @size bits (@size 0..2) all are the low bits of the i32 @v. */
int32_t arm_neon_replicate(struct arm_translate *t, int32_t v, unsigned size);

#endif
