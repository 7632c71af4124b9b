#include "frontend/arm/translate/condition.h"

#include <string.h>

enum {
    SELECT_OPS = 24,  /* runs up to this length are looked at */
    SELECT_WORK = 6,  /* ops in it that compute something */
    SELECT_SETS = 3,
    NO_BRANCH = -1,
};

void arm_skip_unless(struct arm_translate *t, unsigned cond)
{
    if (cond >= IR_CC_AL || t->skip_open)
        return;
    t->skip_open = true;
    t->skip_cond = cond;
    t->skip_label = ir_label_new(t->b);
    t->skip_branch = (int32_t)t->b->count;
    ir_brcc(t->b, cond ^ 1, t->skip_label);
}

bool arm_skip_is_fresh(const struct arm_translate *t)
{
    return t->skip_open && t->skip_branch != NO_BRANCH &&
           t->b->count == (uint32_t)t->skip_branch + 1;
}

void arm_skip_invert(struct arm_translate *t)
{
    t->skip_cond ^= 1;
    t->b->ops[t->skip_branch].aux ^= 1;
}

/* ---- runs as selects ------------------------------------------------------------------------- */

/* Can @op be executed whatever the condition is? */
static bool op_is_harmless(const struct ir_op *op)
{
    unsigned effects = ir_op_info[op->opcode].effects & ~(IR_EFF_COMM | IR_EFF_RDF | IR_EFF_RDS);
    return effects == IR_EFF_PURE && op->fw == 0 && op->opcode != IR_OP_udiv &&
           op->opcode != IR_OP_sdiv;
}

static bool op_is_free(const struct ir_op *op)
{
    return op->opcode == IR_OP_const || op->opcode == IR_OP_get || op->opcode == IR_OP_insn;
}

/* Is the open run, the ops behind its branch, cheaper without the branch? */
static bool run_is_selectable(const struct arm_translate *t)
{
    unsigned work = 0, sets = 0;
    if (t->skip_branch == NO_BRANCH || t->b->count - (uint32_t)t->skip_branch > SELECT_OPS)
        return false;
    for (uint32_t i = (uint32_t)t->skip_branch + 1; i < t->b->count; i++) {
        const struct ir_op *op = &t->b->ops[i];
        if (op->opcode == IR_OP_set && op->type == IR_I32)
            sets++;
        else if (op_is_free(op))
            continue;
        else if (op_is_harmless(op))
            work++;
        else
            return false;
    }
    return work <= SELECT_WORK && sets <= SELECT_SETS;
}

static void emit_select(struct ir_block *b, unsigned cond, unsigned slot, int32_t v)
{
    int32_t old = ir_get(b, slot);
    ir_set(b, slot, ir_selcc(b, cond, v, old));
}

/* Emit the ops of the run again, each state slot that they set being selected. */
static void run_select(struct arm_translate *t)
{
    struct ir_block *b = t->b;
    struct ir_op ops[SELECT_OPS];
    int32_t renamed[SELECT_OPS];
    int32_t first = t->skip_branch;
    int32_t count = (int32_t)b->count - first;
    memcpy(ops, &b->ops[first], (size_t)count * sizeof(*ops));
    b->count = (uint32_t)first;
    b->label_count--; /* the run's label is the youngest: there is no other inside of it */
    for (int32_t i = 1; i < count; i++) {
        struct ir_op *op = &ops[i];
        for (unsigned k = 0; k < IR_ARGS; k++)
            if (op->arg[k] >= first)
                op->arg[k] = renamed[op->arg[k] - first];
        if (op->opcode == IR_OP_set) {
            emit_select(b, t->skip_cond, (unsigned)op->imm, op->arg[0]);
            continue;
        }
        renamed[i] = ir_emit(b, op->opcode, op->type, IR_NONE, IR_NONE, IR_NONE, op->imm);
        b->ops[renamed[i]] = *op;
    }
}

/* ---- runs ------------------------------------------------------------------------------------ */

void arm_run_close(struct arm_translate *t)
{
    if (!t->skip_open)
        return;
    t->skip_open = false;
    if (run_is_selectable(t))
        run_select(t);
    else
        ir_label(t->b, t->skip_label);
}

void arm_run_continue(struct arm_translate *t, unsigned cond)
{
    if (!t->skip_open || t->skip_cond == cond)
        return;
    if (t->skip_cond != (cond ^ 1) || run_is_selectable(t)) {
        arm_run_close(t);
        return;
    }
    unsigned end = ir_label_new(t->b);
    ir_brcc(t->b, IR_CC_AL, end);
    ir_label(t->b, t->skip_label);
    t->skip_label = end;
    t->skip_cond = cond;
    t->skip_branch = NO_BRANCH;
}

bool arm_flags_written(const struct ir_block *b, uint32_t first)
{
    for (uint32_t i = first; i < b->count; i++) {
        const struct ir_op *op = &b->ops[i];
        if (op->fw)
            return true;
        if (op->opcode == IR_OP_call && b->target->helpers[op->imm].effects & IR_HELPER_WRITES)
            return true;
    }
    return false;
}
