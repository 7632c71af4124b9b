/* Branches (manual A4.3), and IT, which makes them conditional in Thumb. */
#include "frontend/arm/decode_args.h"
#include "frontend/arm/translate/coverage.h"
#include "frontend/arm/translate/memory.h"

/* LR := the next instruction, with the instruction set in bit 0; and tell who predicts returns. */
static void link_next(struct arm_translate *t)
{
    int64_t next = (int64_t)t->offset + t->insn_size;
    int32_t link = ir_pcrel(t->b, next + t->thumb);
    arm_reg_write(t, 14, link);
    ir_callhint(t->b, link, next, t->b->lane);
}

/* B<c> <label> */
bool trans_B(struct arm_translate *t, const struct arg_bcond *a)
{
    arm_skip_unless(t, (unsigned)a->cond);
    int64_t target = arm_pc_offset(t) + a->imm;
    t->followed = arm_skip_is_fresh(t) && arm_follow_taken(t, target);
    if (t->followed || (t->cond >= IR_CC_AL && (unsigned)a->cond < IR_CC_AL))
        arm_cover_way(t, !t->followed);
    if (t->followed) {
        arm_skip_invert(t);
        arm_branch_direct(t, t->offset + t->insn_size, t->b->lane);
    } else if (!arm_follow(t, target)) {
        arm_branch_direct(t, target, t->b->lane);
    }
    return true;
}

/* BL<c> <label> */
bool trans_BL(struct arm_translate *t, const struct arg_imm *a)
{
    link_next(t);
    arm_branch_direct(t, arm_pc_offset(t) + a->imm, t->b->lane);
    return true;
}

/* BLX <label>: to the other instruction set */
bool trans_BLX_imm(struct arm_translate *t, const struct arg_imm *a)
{
    int64_t pc = arm_pc_offset(t);
    link_next(t);
    if (t->thumb)
        arm_branch_direct(t, (pc & ~3ll) + a->imm, 0);
    else
        arm_branch_direct(t, pc + a->imm, 1);
    return true;
}

/* BLX<c> <Rm> */
bool trans_BLX_reg(struct arm_translate *t, const struct arg_bx *a)
{
    if (a->rm == 15)
        return arm_unpredictable(t);
    int32_t target = arm_reg_read(t, a->rm);
    link_next(t);
    arm_branch_call(t, target);
    return true;
}

/* BX<c> <Rm> */
bool trans_BX(struct arm_translate *t, const struct arg_bx *a)
{
    if (a->rm == 15)
        arm_branch_direct(t, arm_pc_offset(t) & ~3ll, 0);
    else
        arm_branch_exchange(t, arm_reg_read(t, a->rm), a->rm == 14 ? IR_HINT_RETURN : 0);
    return true;
}

/* BXJ<c> <Rm>: there is no Jazelle to enter */
bool trans_BXJ(struct arm_translate *t, const struct arg_bx *a)
{
    return a->rm == 15 ? arm_unpredictable(t) : trans_BX(t, a);
}

/* CB{N}Z <Rn>, <label> */
bool trans_CBZ(struct arm_translate *t, const struct arg_cbz *a)
{
    struct ir_block *b = t->b;
    unsigned not_taken = ir_label_new(b);
    int32_t v = arm_reg_read(t, a->rn);
    int64_t target = arm_pc_offset(t) + a->imm;
    bool follow = arm_follow_taken(t, target);
    if (a->nz != follow)
        ir_brz(b, v, not_taken);
    else
        ir_brnz(b, v, not_taken);
    arm_cover_way(t, !follow);
    ir_exitd(b, follow ? t->offset + t->insn_size : target, b->lane);
    ir_label(b, not_taken);
    arm_cover_way(t, follow);
    if (!arm_goes_on(t))
        arm_end_after(t, false);
    return true;
}

/* The table's entry for TBB or TBH: number of halfwords to skip. */
static int32_t table_entry(struct arm_translate *t, int32_t base, int32_t index, bool half)
{
    if (half)
        index = ir_op2i(t->b, IR_OP_shl, index, 1);
    int32_t addr = ir_op2(t->b, IR_OP_add, base, index);
    return arm_mem_load(t, addr, half ? ARM_SIZE_16 : ARM_SIZE_8);
}

/* TBB<c> [<Rn>, <Rm>]; TBH<c> [<Rn>, <Rm>, LSL #1] */
bool trans_TB(struct arm_translate *t, const struct arg_tb *a)
{
    struct ir_block *b = t->b;
    if (a->rm == 15)
        return arm_unpredictable(t);
    int32_t count = table_entry(t, arm_reg_read(t, a->rn), arm_reg_read(t, a->rm), a->h);
    int32_t pc = ir_pcrel(b, arm_pc_offset(t));
    ir_exiti(b, ir_op2(b, IR_OP_add, pc, ir_op2i(b, IR_OP_shl, count, 1)), IR_LANE_SAME);
    t->ended = true;
    return true;
}

/* IT{<x>{<y>{<z>}}} <firstcond> */
bool trans_IT(struct arm_translate *t, const struct arg_it *a)
{
    bool several = a->mask & (a->mask - 1);
    if (t->in_it || a->firstcond == 15 || (a->firstcond == 14 && several))
        return arm_unpredictable(t);
    t->itstate = (uint8_t)(a->firstcond << 4 | a->mask);
    return true;
}
