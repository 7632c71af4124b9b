#include <string.h>

#include "ir/opt/passes.h"
#include "ir/opt/slotmap.h"
#include "util/bits.h"

struct forward {
    struct ir_block *b;
    int32_t *alias; /* value -> the value to use in its place */
    uint64_t known; /* slots whose value is known, */
    int32_t value[IR_SLOTMAP_MAX]; /* and the values */
    struct ir_slotmap map;
};

/* Does reading @slot back yield exactly what set was given? Narrow slots cut the value. */
static bool reads_back(const struct forward *f, unsigned slot, int32_t v)
{
    unsigned type = f->b->target->slots[slot].type;
    if (type != IR_I8 && type != IR_I16)
        return true;
    uint64_t c;
    return ir_const_value(f->b, v, &c) && c <= (type == IR_I8 ? UINT8_MAX : UINT16_MAX);
}

static void forward_get(struct forward *f, uint32_t at)
{
    unsigned n = f->map.index[f->b->ops[at].imm];
    if (n == IR_SLOTMAP_NONE)
        return;
    if (f->known & BIT64(n)) {
        f->alias[at] = f->value[n];
    } else {
        f->known |= BIT64(n);
        f->value[n] = (int32_t)at;
    }
}

static void forward_set(struct forward *f, const struct ir_op *op)
{
    unsigned n = f->map.index[op->imm];
    if (n == IR_SLOTMAP_NONE) {
        f->known = 0; /* not numbered: which slots overlap is not known */
        return;
    }
    f->known &= ~f->map.overlaps[n];
    if (reads_back(f, (unsigned)op->imm, op->arg[0])) {
        f->known |= BIT64(n);
        f->value[n] = op->arg[0];
    }
}

static void forward_call(struct forward *f, const struct ir_op *op)
{
    if (f->b->target->helpers[op->imm].effects & (IR_HELPER_WRITES | IR_HELPER_RAISES))
        f->known = 0;
}

void ir_opt_forward_slots(struct ir_block *b)
{
    struct forward f = {.b = b};
    ir_slotmap_init(&f.map, b);
    f.alias = arena_alloc(b->arena, b->count * sizeof(*f.alias));
    for (uint32_t i = 0; i < b->count; i++) {
        struct ir_op *op = &b->ops[i];
        f.alias[i] = (int32_t)i;
        for (unsigned k = 0; k < ir_op_info[op->opcode].nargs; k++)
            if (op->arg[k] != IR_NONE)
                op->arg[k] = f.alias[op->arg[k]];
        if (op->opcode == IR_OP_get)
            forward_get(&f, i);
        else if (op->opcode == IR_OP_set)
            forward_set(&f, op);
        else if (op->opcode == IR_OP_call)
            forward_call(&f, op);
        else if (op->opcode == IR_OP_label)
            f.known = 0;
    }
}
