/* VMRS and VMSR (DDI 0406C A8.8.348, B9.3.21). */
#include "frontend/arm/decode_args.h"
#include "frontend/arm/translate/vfp.h"

enum { VFP_REG_FPSCR = 1 };

/* Unprivileged code has FPSCR alone. That VFP is enabled as far as the register demands it, the
 * helpers check: FPSID and FPEXC are there with FPEXC.EN = 0 too. */
static bool may_access(const struct arm_translate *t, int reg)
{
    return reg == VFP_REG_FPSCR || !(t->flags & ARM_BF_USER || arm_has(t, ARM_FEATURE(M)));
}

static int32_t reg_constant(struct arm_translate *t, int reg)
{
    return ir_i32(t->b, (uint32_t)reg);
}

/* VMRS APSR_nzcv, FPSCR: what follows each floating-point comparison. */
static bool copy_flags(struct arm_translate *t)
{
    arm_vfp_check(t);
    ir_setflags(t->b, ir_get(t->b, ARM_SLOT_FP_NZCV));
    t->flags_changed = true;
    return true;
}

bool trans_VMRS(struct arm_translate *t, const struct arg_v_sys *a)
{
    if (!may_access(t, a->reg))
        return arm_undefined(t);
    if (a->rt == 15)
        return a->reg == VFP_REG_FPSCR ? copy_flags(t) : arm_unpredictable(t);
    if (arm_has(t, ARM_FEATURE(M)))
        arm_vfp_check(t);
    int32_t v = ir_call(t->b, ARM_HELPER_vmrs, reg_constant(t, a->reg), IR_NONE, IR_NONE, IR_NONE);
    arm_reg_write(t, a->rt, v);
    return true;
}

bool trans_VMSR(struct arm_translate *t, const struct arg_v_sys *a)
{
    if (!may_access(t, a->reg))
        return arm_undefined(t);
    if (a->rt == 15)
        return arm_unpredictable(t);
    if (arm_has(t, ARM_FEATURE(M)))
        arm_vfp_check(t);
    ir_call(t->b, ARM_HELPER_vmsr, reg_constant(t, a->reg), arm_reg_read(t, a->rt), IR_NONE,
            IR_NONE);
    arm_end_after(t, true);
    return true;
}
