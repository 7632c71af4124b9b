#include <string.h>

#include "ir/opt/passes.h"
#include "util/bits.h"

/* An access that demands alignment and does not fault tells how its address is aligned. */
struct fact {
    int32_t root;    /* this value */
    uint32_t residue; /* is so much above */
    uint32_t modulus; /* a multiple of this */
};

enum { FACTS_MAX = 16 };

struct alignment {
    struct ir_block *b;
    struct fact facts[FACTS_MAX]; /* appended only, so that those at a branch are the first ones */
    unsigned count;
    uint8_t *count_at; /* by label: how many hold on every way to it */
};

static bool is_known(const struct alignment *s, int32_t root, uint32_t disp, uint32_t modulus)
{
    for (unsigned k = 0; k < s->count; k++) {
        const struct fact *f = &s->facts[k];
        if (f->root == root && f->modulus >= modulus && !((f->residue + disp) & (modulus - 1)))
            return true;
    }
    return false;
}

static void visit_access(struct alignment *s, struct ir_op *op)
{
    unsigned log2 = ((unsigned)op->imm & IR_MEM_ALIGN_MASK) >> IR_MEM_ALIGN_SHIFT;
    uint32_t modulus = BIT(log2);
    int64_t disp;
    if (!log2)
        return;
    int32_t root = ir_address_root(s->b, op->arg[0], &disp);
    if (is_known(s, root, (uint32_t)disp, modulus))
        op->imm &= ~(uint64_t)IR_MEM_ALIGN_MASK;
    else if (s->count < FACTS_MAX)
        s->facts[s->count++] = (struct fact){root, -(uint32_t)disp & (modulus - 1), modulus};
}

/* Places of facts that are dropped get others, which do not hold on ways that have branched off
 * before. */
static void visit_label(struct alignment *s, uint64_t label)
{
    unsigned held = s->count_at[label];
    if (held >= s->count)
        return;
    s->count = held;
    for (uint32_t k = 0; k < s->b->label_count; k++)
        if (s->count_at[k] > held)
            s->count_at[k] = (uint8_t)held;
}

void ir_opt_alignment(struct ir_block *b)
{
    struct alignment s = {.b = b};
    s.count_at = arena_alloc(b->arena, b->label_count + 1);
    memset(s.count_at, FACTS_MAX, b->label_count + 1);
    for (uint32_t i = 0; i < b->count; i++) {
        struct ir_op *op = &b->ops[i];
        unsigned effects = ir_op_info[op->opcode].effects;
        if (op->opcode == IR_OP_ld || op->opcode == IR_OP_st)
            visit_access(&s, op);
        else if (op->opcode == IR_OP_label)
            visit_label(&s, op->imm);
        else if ((effects & IR_EFF_BR) && s.count < s.count_at[op->imm])
            s.count_at[op->imm] = (uint8_t)s.count;
    }
}
