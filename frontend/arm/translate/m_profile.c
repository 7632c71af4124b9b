/* Instructions of the M profile alone: special registers, CPS, coprocessors that are not there
 * (DDI 0403E B5.2). */
#include "frontend/arm/cpu/m/m.h"
#include "frontend/arm/decode_args.h"
#include "frontend/arm/translate/translate.h"

enum { SYSM_PRIMASK = 16, SYSM_CONTROL = 20 };

void arm_m_raise(struct arm_translate *t, unsigned cause)
{
    arm_raise(t, ARM_HELPER_m_usage_fault, ir_i32(t->b, cause), IR_NONE);
}

bool trans_NOCP(struct arm_translate *t, const struct arg_imm *a)
{
    arm_m_raise(t, ARM_M_NOCP);
    return true;
}

bool trans_MRS_M(struct arm_translate *t, const struct arg_m_mrs *a)
{
    int32_t v;

    if (a->rd == 15 || a->rd == 13)
        return arm_unpredictable(t);
    if (a->sysm == SYSM_PRIMASK && !arm_is_user(t))
        v = ir_get(t->b, ARM_SLOT_MASK_I);
    else
        v = ir_call(t->b, ARM_HELPER_m_mrs, ir_i32(t->b, (uint32_t)a->sysm), IR_NONE, IR_NONE,
                    IR_NONE);
    arm_reg_write(t, a->rd, v);
    return true;
}

bool trans_MSR_M(struct arm_translate *t, const struct arg_m_msr *a)
{
    if (a->rn == 15 || a->rn == 13)
        return arm_unpredictable(t);
    int32_t v = arm_reg_read(t, a->rn);
    if (a->sysm == SYSM_PRIMASK) {
        if (arm_is_user(t))
            return true;
        ir_set(t->b, ARM_SLOT_MASK_I, ir_op2i(t->b, IR_OP_and, v, 1));
        arm_end_unmasked(t);
        return true;
    }
    ir_call(t->b, ARM_HELPER_m_msr, ir_i32(t->b, (uint32_t)a->sysm),
            ir_i32(t->b, (uint32_t)a->mask), v, IR_NONE);
    t->flags_changed = true;
    if (a->sysm >= 8)
        arm_end_after(t, true);
    return true;
}

enum { CPS_F = 1, CPS_I = 2 };

bool trans_CPS_M(struct arm_translate *t, const struct arg_m_cps *a)
{
    struct ir_block *b = t->b;

    if (t->in_it)
        return arm_unpredictable(t);
    if (arm_is_user(t))
        return true;
    if (a->masks & CPS_I)
        ir_set(b, ARM_SLOT_MASK_I, ir_i32(b, a->disable != 0));
    if ((a->masks & CPS_F) && arm_has(t, ARM_FEATURE(V7))) {
        ir_call(b, ARM_HELPER_m_faultmask, ir_i32(b, a->disable != 0), IR_NONE, IR_NONE, IR_NONE);
        arm_end_after(t, true);
    } else if (!a->disable) {
        arm_end_unmasked(t);
    }
    return true;
}
