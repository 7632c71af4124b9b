#include "ir/fold.h"
#include "ir/opt/passes.h"
#include "ir/opt/rename.h"
#include "util/bits.h"

/* A branch on a constant that is never taken. One around an exit stays: values live across its
 * label, see ir_label_is_side. */
static bool never_taken(const struct ir_block *b, const struct ir_op *op, const struct ir_op *next)
{
    uint64_t c;
    if ((op->opcode != IR_OP_brnz && op->opcode != IR_OP_brz) || next->opcode == IR_OP_exitd ||
        next->opcode == IR_OP_mark)
        return false;
    return ir_const_value(b, op->arg[0], &c) && !c == (op->opcode == IR_OP_brnz);
}

/* brnz and brz of a comparison with 0 are branches on what is compared. */
static void simplify_branch(const struct ir_block *b, struct ir_op *op)
{
    uint64_t c;
    if (op->opcode != IR_OP_brnz && op->opcode != IR_OP_brz)
        return;
    const struct ir_op *test = &b->ops[op->arg[0]];
    bool eq = test->opcode == IR_OP_cmpeq, ne = test->opcode == IR_OP_cmpne;
    if (!(eq || ne) || test->type != IR_I32 || !ir_const_value(b, test->arg[1], &c) || c != 0)
        return;
    if (eq)
        op->opcode = op->opcode == IR_OP_brnz ? IR_OP_brz : IR_OP_brnz;
    op->arg[0] = test->arg[0];
}

/* Vectors that have been rearranged lately. */
struct arranged {
    int32_t values[8];
    unsigned next;
};

static bool rearranges(unsigned opcode)
{
    return opcode == IR_OP_vwidens || opcode == IR_OP_vwidenu || opcode == IR_OP_vdup ||
           opcode == IR_OP_vdupl;
}

/* The value that is the same as @op's at the next place, or IR_NONE. */
static int32_t find_arranged(struct arranged *s, const struct ir_block *b, const struct ir_op *op)
{
    for (unsigned k = 0; k < ARRAY_SIZE(s->values); k++) {
        const struct ir_op *other = s->values[k] == IR_NONE ? NULL : &b->ops[s->values[k]];
        if (other && other->opcode == op->opcode && other->type == op->type &&
            other->aux == op->aux && other->imm == op->imm && other->arg[0] == op->arg[0])
            return s->values[k];
    }
    s->values[s->next++ % ARRAY_SIZE(s->values)] = (int32_t)b->count;
    return IR_NONE;
}

static void forget_arranged(struct arranged *s)
{
    for (unsigned k = 0; k < ARRAY_SIZE(s->values); k++)
        s->values[k] = IR_NONE;
}

/* ---- selections by the same flags ---------------------------------------------------------------
 * Instructions under conditions become selections between what they compute and what was there:
 * of two with opposite conditions (ITE), neither result of the second is what was there. */

/* May the op, as its fields or its helper say, change the flags? */
static bool changes_flags(const struct ir_block *b, const struct ir_op *op)
{
    return op->fw || op->opcode == IR_OP_label ||
           (op->opcode == IR_OP_call && b->target->helpers[op->imm].effects & IR_HELPER_WRITES);
}

/* What value @v is where @cc holds, when flags have not changed since op @since. */
static int32_t where(const struct ir_block *b, int32_t v, unsigned cc, int32_t since)
{
    while (v >= since && b->ops[v].opcode == IR_OP_selcc && (b->ops[v].aux ^ cc) <= 1 &&
           b->ops[v].aux < IR_CC_AL)
        v = b->ops[v].arg[b->ops[v].aux != cc];
    return v;
}

/* The same also where @v is computed from such a selection: then it is computed once more. */
static int32_t where_computed(struct ir_block *b, int32_t v, unsigned cc, int32_t since)
{
    int32_t same = where(b, v, cc, since);
    if (same != v || v < since)
        return same;
    struct ir_op op = b->ops[v];
    unsigned effects = ir_op_info[op.opcode].effects & ~(unsigned)IR_EFF_COMM;
    bool changed = false;
    if (effects != IR_EFF_PURE || op.fw || op.type != IR_I32)
        return v;
    for (unsigned k = 0; k < ir_op_info[op.opcode].nargs; k++) {
        int32_t arg = where(b, op.arg[k], cc, since);
        changed |= arg != op.arg[k];
        op.arg[k] = arg;
    }
    return changed ? ir_emit_folded(b, &op) : v;
}

static void simplify_selection(struct ir_block *b, struct ir_op *op, int32_t since)
{
    uint64_t yes, no;
    if (op->opcode != IR_OP_selcc || op->aux >= IR_CC_AL)
        return;
    op->arg[0] = where_computed(b, op->arg[0], op->aux, since);
    op->arg[1] = where(b, op->arg[1], op->aux ^ 1u, since);
    if (op->type != IR_I32 || !ir_const_value(b, op->arg[0], &yes) ||
        !ir_const_value(b, op->arg[1], &no) || (yes ^ no) != 1 || yes > 1)
        return;
    op->opcode = IR_OP_cond;
    op->aux ^= no;
    op->arg[0] = op->arg[1] = IR_NONE;
}

/* The block is emitted anew; what is able to fold goes through the folder. */
void ir_opt_simplify(struct ir_block *b)
{
    const struct ir_op *old = b->ops;
    uint32_t count = b->count;
    const uint8_t *label_uses = ir_label_uses(b);
    struct arranged arranged = {.next = 0};
    forget_arranged(&arranged);
    int32_t *name = ir_names_new(b);
    b->capacity = count + count / 4 + 16; /* folding adds constants; grows where need be */
    b->ops = arena_alloc(b->arena, b->capacity * sizeof(*b->ops));
    b->count = 0;
    int32_t since = 0; /* where flags changed last */
    for (uint32_t i = 0; i < count; i++) {
        if (changes_flags(b, &old[i]))
            since = (int32_t)b->count;
        if (ir_op_folds(&old[i])) {
            struct ir_op copy = old[i];
            ir_names_apply(name, &copy);
            simplify_selection(b, &copy, since);
            name[i] = ir_emit_folded(b, &copy);
            continue;
        }
        struct ir_op *op = ir_block_next(b);
        *op = old[i];
        ir_names_apply(name, op);
        name[i] = (int32_t)b->count;
        if (rearranges(op->opcode)) {
            int32_t same = find_arranged(&arranged, b, op);
            if (same != IR_NONE) {
                name[i] = same;
                continue;
            }
        }
        if (op->opcode == IR_OP_label && !ir_label_is_side(b, b->count, label_uses))
            forget_arranged(&arranged);
        simplify_branch(b, op);
        b->count += !never_taken(b, op, &old[i + 1]);
    }
}
