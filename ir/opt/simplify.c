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
    for (uint32_t i = 0; i < count; i++) {
        if (ir_op_folds(&old[i])) {
            struct ir_op copy = old[i];
            ir_names_apply(name, &copy);
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
