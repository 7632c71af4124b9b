/* Hints, preloads, barriers and waiting (DDI 0406C A8.8, B9.3). */
#include "frontend/arm/translate/hints.h"

#include "frontend/arm/decode_args.h"

/* ITSTATE of the next instruction. */
static uint8_t it_after(const struct arm_translate *t)
{
    return t->itstate & 7 ? (t->itstate & 0xe0) | (t->itstate << 1 & 0x1f) : 0;
}

/* Return to the engine; the guest continues at the next instruction. */
static void leave_to_engine(struct arm_translate *t, enum ir_exit reason)
{
    if (it_after(t))
        ir_set(t->b, ARM_SLOT_IT, ir_i32(t->b, it_after(t)));
    ir_exitengine(t->b, arm_next_pc(t), reason);
}

bool arm_wait(struct arm_translate *t, unsigned helper)
{
    struct ir_block *b = t->b;
    unsigned go_on = ir_label_new(b);
    ir_brz(b, ir_call(b, helper, IR_NONE, IR_NONE, IR_NONE, IR_NONE), go_on);
    leave_to_engine(t, IR_EXIT_HALT);
    ir_label(b, go_on);
    arm_end_after(t, false);
    return true;
}

bool arm_barrier(struct arm_translate *t)
{
    if (t->flags & ARM_BF_SMP)
        ir_fence(t->b);
    return true;
}

/* DSB also completes TLB maintenance; only what was broadcast to other CPUs can be incomplete. */
bool arm_dsb(struct arm_translate *t)
{
    if (!(t->flags & ARM_BF_SMP))
        return true;
    unsigned done = ir_label_new(t->b);
    ir_fence(t->b);
    ir_brz(t->b, ir_get(t->b, ARM_SLOT_TLB_SYNC), done);
    ir_call(t->b, ARM_HELPER_dsb, IR_NONE, IR_NONE, IR_NONE, IR_NONE);
    ir_label(t->b, done);
    return true;
}

bool trans_WFI(struct arm_translate *t, const struct arg_none *a)
{
    return arm_wait(t, ARM_HELPER_wfi);
}

bool trans_WFE(struct arm_translate *t, const struct arg_none *a)
{
    return arm_wait(t, ARM_HELPER_wfe);
}

bool trans_YIELD(struct arm_translate *t, const struct arg_none *a)
{
    leave_to_engine(t, IR_EXIT_YIELD);
    t->ended = true;
    return true;
}

bool trans_SEV(struct arm_translate *t, const struct arg_none *a)
{
    ir_call(t->b, ARM_HELPER_sev, IR_NONE, IR_NONE, IR_NONE, IR_NONE);
    return true;
}

bool trans_SEVL(struct arm_translate *t, const struct arg_none *a)
{
    ir_set(t->b, ARM_SLOT_EVENT, ir_i32(t->b, 1));
    return true;
}

bool trans_DMB(struct arm_translate *t, const struct arg_none *a)
{
    return arm_barrier(t);
}

bool trans_DSB(struct arm_translate *t, const struct arg_none *a)
{
    return arm_dsb(t);
}

/* What changed the context has ended its block itself; the instructions behind an ISB are those
 * that memory holds now. */
bool trans_ISB(struct arm_translate *t, const struct arg_none *a)
{
    arm_end_after(t, false);
    return true;
}

/* Without effect: there are no caches to preload. */
bool trans_NOP(struct arm_translate *t, const struct arg_none *a)
{
    return true;
}

bool trans_DBG(struct arm_translate *t, const struct arg_imm *a)
{
    return true;
}

#define PRELOAD(name)                                                             \
    bool trans_##name##_imm(struct arm_translate *t, const struct arg_pld_imm *a) \
    {                                                                             \
        return true;                                                              \
    }                                                                             \
    bool trans_##name##_reg(struct arm_translate *t, const struct arg_pld_reg *a) \
    {                                                                             \
        return true;                                                              \
    }

PRELOAD(PLD)
PRELOAD(PLDW)
PRELOAD(PLI)
#undef PRELOAD
