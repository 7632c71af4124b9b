/* What VFP arithmetic and conversions share. Internal to translate/. */
#ifndef ARMEMU_ARM_TRANSLATE_VFP_ARITH_H
#define ARMEMU_ARM_TRANSLATE_VFP_ARITH_H

#include "frontend/arm/cpu/vfp_helpers.h"
#include "frontend/arm/decode_args.h"
#include "frontend/arm/translate/vfp.h"

static inline enum ir_type vfp_float(enum fp_size f)
{
    return f == FP_64 ? IR_F64 : IR_F32;
}
/** The encoding of a register of format @f (FP_32: S registers, FP_64: D registers), as an
 * integer. */
static inline int32_t vfp_read_bits(struct arm_translate *t, enum fp_size f, int r)
{
    return f == FP_64 ? arm_d_read(t, r) : arm_s_read(t, r);
}
/** The register as a float. */
static inline int32_t vfp_read(struct arm_translate *t, enum fp_size f, int r)
{
    return ir_get(t->b, (f == FP_64 ? ARM_SLOT_FD0 : ARM_SLOT_FS0) + (unsigned)r);
}
/** Write a float or an integer. */
static inline void vfp_write(struct arm_translate *t, enum fp_size f, int r, int32_t v)
{
    if (ir_op_result_type(&t->b->ops[v]) >= IR_F32)
        ir_set(t->b, (f == FP_64 ? ARM_SLOT_FD0 : ARM_SLOT_FS0) + (unsigned)r, v);
    else if (f == FP_64)
        arm_d_write(t, r, v);
    else
        arm_s_write(t, r, v);
}
/** The FPSCR's modes as the aux of the IR's ops has them. */
static inline unsigned vfp_modes(const struct arm_translate *t)
{
    return (t->flags & ARM_BF_FP_FLUSH ? IR_FP_FLUSH : 0) |
           (t->flags & ARM_BF_FP_DEFAULT_NAN ? IR_FP_DEFAULT_NAN : 0);
}
/** The IR's op of floats; absent arguments are IR_NONE. */
static inline int32_t vfp_op(struct arm_translate *t, enum ir_opcode op, enum fp_size f, int32_t a,
                             int32_t b, int32_t c)
{
    return ir_fop(t->b, op, vfp_float(f), a, b, c, vfp_modes(t));
}
/** One of one argument, with more in aux and with an immediate. */
static inline int32_t vfp_op_imm(struct arm_translate *t, enum ir_opcode op, enum fp_size f,
                                 int32_t a, unsigned aux, uint64_t imm)
{
    int32_t v = ir_fop(t->b, op, vfp_float(f), a, IR_NONE, IR_NONE, aux | vfp_modes(t));
    t->b->ops[v].imm = imm;
    return v;
}

/** Does the register of format @f exist? */
static inline bool vfp_exists(const struct arm_translate *t, enum fp_size f, int r)
{
    return f != FP_64 || arm_vfp_has_d(t, r, 1);
}

#endif
