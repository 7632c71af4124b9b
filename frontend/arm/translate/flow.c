/* Registers and the ways out of a block, as the trans_ functions see them. */
#include "frontend/arm/translate/translate.h"

#include <assert.h>

#include "frontend/arm/cpu/m/m.h"
#include "util/log.h"

_Static_assert(ARM_SLOT_LR == ARM_SLOT_R0 + 14, "the registers' slots are in order");

int64_t arm_pc_offset(struct arm_translate *t)
{
    t->reads_pc = true;
    return (int64_t)t->offset + (t->thumb ? 4 : 8);
}

int32_t arm_next_pc(struct arm_translate *t)
{
    t->reads_pc = true;
    return ir_pcrel(t->b, (int64_t)t->offset + t->insn_size);
}

int32_t arm_pc_aligned_plus(struct arm_translate *t, int32_t imm)
{
    return ir_pcrel(t->b, (arm_pc_offset(t) & ~3ll) + imm);
}

int32_t arm_reg_read(struct arm_translate *t, int r)
{
    if (r == 15)
        return ir_pcrel(t->b, arm_pc_offset(t));
    return ir_get(t->b, ARM_SLOT_R0 + (unsigned)r);
}

void arm_reg_write(struct arm_translate *t, int r, int32_t v)
{
    assert(r >= 0 && r < 15);
    if (r == 13 && arm_has(t, ARM_FEATURE(M)))
        v = ir_op2i(t->b, IR_OP_and, v, ~3u);
    ir_set(t->b, ARM_SLOT_R0 + (unsigned)r, v);
}

void arm_reg_move(struct arm_translate *t, int r, int32_t v)
{
    assert(r >= 0 && r < 15);
    ir_set(t->b, ARM_SLOT_R0 + (unsigned)r, v);
}

/* BranchWritePC: address @v in the current instruction set, low bits cleared. Ends the block. */
static void branch_same(struct arm_translate *t, int32_t v, unsigned hint)
{
    int32_t pc = ir_op2i(t->b, IR_OP_and, v, t->thumb ? ~1u : ~3u);
    ir_exiti(t->b, pc, IR_LANE_SAME | hint);
    t->ended = true;
}

/* M profile: only BX and loads return from exceptions; this branch to @v does not. */
static void note_plain(struct arm_translate *t, int32_t v)
{
    struct ir_block *b = t->b;
    if (arm_has(t, ARM_FEATURE(M))) {
        int32_t top = ir_op2i(b, IR_OP_shr, v, 28); /* 15 becomes 1, less becomes 0 */
        ir_set(b, ARM_SLOT_M_PLAIN_BRANCH, ir_op2i(b, IR_OP_shr, ir_op2i(b, IR_OP_add, top, 1), 4));
    }
}

static void branch_plain(struct arm_translate *t, int32_t v, unsigned hint)
{
    note_plain(t, v);
    branch_same(t, v, hint);
}

void arm_branch_exchange(struct arm_translate *t, int32_t v, unsigned hint)
{
    ir_exiti(t->b, v, IR_LANE_BIT0 | hint);
    t->ended = true;
}

void arm_branch_call(struct arm_translate *t, int32_t v)
{
    note_plain(t, v);
    arm_branch_exchange(t, v, 0);
}

void arm_branch_alu(struct arm_translate *t, int32_t v, unsigned hint)
{
    if (!t->thumb && arm_has(t, ARM_FEATURE(V7)))
        arm_branch_exchange(t, v, hint);
    else
        branch_plain(t, v, hint);
}

void arm_branch_direct(struct arm_translate *t, int64_t offset, unsigned lane)
{
    t->goes_back = offset <= t->offset && offset >= (int64_t)t->b->page_offset;
    if (lane != t->b->lane)
        ir_set(t->b, ARM_SLOT_T, ir_i32(t->b, lane));
    ir_exitd(t->b, offset, lane);
    t->ended = true;
}

void arm_reg_write_alu(struct arm_translate *t, int r, int32_t v)
{
    if (r == 15)
        arm_branch_alu(t, v, 0);
    else
        arm_reg_write(t, r, v);
}

void arm_reg_write_load(struct arm_translate *t, int r, int32_t v)
{
    if (r != 15)
        arm_reg_write(t, r, v);
    else if (arm_has(t, ARM_FEATURE(V5T)))
        arm_branch_exchange(t, v, 0);
    else
        branch_same(t, v, 0);
}

void arm_raise(struct arm_translate *t, unsigned helper, int32_t a0, int32_t a1)
{
    ir_call(t->b, helper, a0, a1, IR_NONE, IR_NONE);
    /* Not reached when the helper raises, but a block must end somewhere. */
    ir_exitdyn(t->b, arm_next_pc(t));
    t->ended = true;
}

bool arm_undefined(struct arm_translate *t)
{
    if (arm_has(t, ARM_FEATURE(M)))
        arm_m_raise(t, ARM_M_UNDEFINSTR);
    else
        arm_raise(t, ARM_HELPER_undefined, IR_NONE, IR_NONE);
    return true;
}

bool arm_unpredictable(struct arm_translate *t)
{
    log_write(LOG_GUEST_ERRORS, "unpredictable %s instruction %0*x at page offset 0x%x",
              t->thumb ? "Thumb" : "ARM", (int)t->insn_size * 2, t->insn, t->offset);
    return arm_undefined(t);
}

void arm_exit_to_env_pc(struct arm_translate *t)
{
    ir_exitdyn(t->b, ir_op1(t->b, IR_OP_lo32, ir_get(t->b, ARM_SLOT_ENV_PC)));
    t->ended = true;
}

/* May the block go on where a short one ends? Where these ends count, what it begins is gone
 * through to its end. */
static bool may_go_on(const struct arm_translate *t)
{
    enum { INSNS = 40 };
    return t->code->hot && !t->events && (!t->code->outside || t->b->insn_count < INSNS);
}

bool arm_goes_on(struct arm_translate *t)
{
    enum { SIDE_EXITS = 8 };
    return may_go_on(t) && !t->goes_back && t->side_exits++ < SIDE_EXITS;
}

/* Jumps ahead by no more than this are followed: what lies in between counts as the block's. */
enum { FOLLOW_BYTES = 256 };

static bool is_near(const struct arm_translate *t, int64_t offset)
{
    return may_go_on(t) && !t->in_it && offset > t->offset && offset <= t->offset + FOLLOW_BYTES &&
           offset < ARM_PAGE_BYTES - 4;
}

bool arm_follow(struct arm_translate *t, int64_t offset)
{
    if (t->skip_open || !is_near(t, offset))
        return false;
    t->follow = (uint32_t)offset;
    return true;
}

/* Has execution seldom gone on behind this branch? What was entered there from elsewhere counts as
 * well, so it can only be less often. */
static bool seldom_goes_on(const struct arm_translate *t)
{
    enum { ENTERED_LEAST = 32, SELDOM = 4 };
    const struct guest_code *code = t->code;
    if (!code->entered)
        return false;
    uint32_t here = code->entered[guest_entered(code->entered_key, t->segment)];
    uint32_t behind = code->entered[guest_entered(code->entered_key, t->offset + t->insn_size)];
    return here >= ENTERED_LEAST && behind < here / SELDOM;
}

bool arm_follow_taken(struct arm_translate *t, int64_t offset)
{
    if (!is_near(t, offset) || !seldom_goes_on(t))
        return false;
    t->follow = (uint32_t)offset;
    return true;
}

void arm_end_after(struct arm_translate *t, bool dynamic)
{
    t->exit_after = true;
    t->exit_dynamic |= dynamic;
}

void arm_end_unmasked(struct arm_translate *t)
{
    struct ir_block *b = t->b;
    unsigned none = ir_label_new(b);
    ir_brz(b, ir_get(b, ARM_SLOT_IRQ_LINES), none);
    ir_call(b, ARM_HELPER_unmasked, IR_NONE, IR_NONE, IR_NONE, IR_NONE);
    ir_label(b, none);
    arm_end_after(t, false);
}

void arm_q_set_if(struct arm_translate *t, int32_t saturated)
{
    ir_set(t->b, ARM_SLOT_Q, ir_op2(t->b, IR_OP_or, ir_get(t->b, ARM_SLOT_Q), saturated));
}
