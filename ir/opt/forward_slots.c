#include "ir/opt/passes.h"
#include "ir/opt/rename.h"
#include "ir/opt/slotmap.h"
#include "util/bits.h"

/* Ops are copied down over the dropped ones as the pass goes, so names are new names. */
struct forward {
    struct ir_block *b;
    uint32_t count; /* ops kept so far */
    uint64_t known; /* slots whose value is known, */
    int32_t value[IR_SLOTMAP_MAX]; /* and the values */
    struct ir_slotmap map;
    uint8_t *label_uses;
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

/* A slot whose value is known and which contains @slot, or IR_SLOTMAP_NONE. */
static unsigned known_around(const struct forward *f, unsigned n, unsigned slot)
{
    uint64_t candidates = f->known & f->map.overlaps[n];
    for (; candidates; candidates &= candidates - 1) {
        unsigned k = (unsigned)__builtin_ctzll(candidates);
        if (f->map.covers[k] & BIT64(n) && f->b->target->slots[slot].type >= IR_I32)
            return k;
    }
    return IR_SLOTMAP_NONE;
}

/* The get @op of a part of what slot @from is known to be. */
static void take_part(const struct forward *f, struct ir_op *op, unsigned from)
{
    const struct ir_slot *slots = f->b->target->slots;
    unsigned offset = slots[op->imm].offset - slots[f->map.slot[from]].offset;
    const struct ir_op *value = &f->b->ops[f->value[from]];
    if (value->opcode == IR_OP_const && value->type != IR_V128 && op->type != IR_V128) {
        op->opcode = IR_OP_const;
        op->imm = value->imm >> 8 * offset;
        if (ir_type_bytes(op->type) == 4)
            op->imm = (uint32_t)op->imm;
        return;
    }
    op->opcode = IR_OP_part;
    op->arg[0] = f->value[from];
    op->imm = offset;
}

/* The get @op of a slot whose halves are known apart. */
static bool join_halves(const struct forward *f, struct ir_op *op, unsigned n)
{
    const struct ir_slot *slots = f->b->target->slots;
    int32_t half[2] = {IR_NONE, IR_NONE};
    uint64_t candidates = f->known & f->map.overlaps[n];
    for (; candidates; candidates &= candidates - 1) {
        unsigned k = (unsigned)__builtin_ctzll(candidates);
        const struct ir_slot *slot = &slots[f->map.slot[k]];
        if (ir_type_bytes(slot->type) == 8)
            half[slot->offset != slots[op->imm].offset] = f->value[k];
    }
    if (half[0] == IR_NONE || half[1] == IR_NONE)
        return false;
    *op = (struct ir_op){.opcode = IR_OP_vjoin, .type = IR_V128,
                         .arg = {half[0], half[1], IR_NONE, IR_NONE}};
    return true;
}

/* The value that the get @op, at the next place, yields when it can be dropped; else IR_NONE. What
 * is known under another view of the same bytes is taken from there. */
static int32_t forward_get(struct forward *f, struct ir_op *op)
{
    unsigned n = f->map.index[op->imm];
    if (n == IR_SLOTMAP_NONE)
        return IR_NONE;
    if (f->known & BIT64(n))
        return f->value[n];
    unsigned slot = (unsigned)op->imm, around = known_around(f, n, slot);
    if (around != IR_SLOTMAP_NONE)
        take_part(f, op, around);
    else if (op->type == IR_V128)
        join_halves(f, op, n);
    f->known |= BIT64(n);
    f->value[n] = (int32_t)f->count;
    return IR_NONE;
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

/* What is known after @op. Returns a value that takes the place of @op's, or IR_NONE. */
static int32_t forward_op(struct forward *f, struct ir_op *op)
{
    switch (op->opcode) {
    case IR_OP_get:
        return forward_get(f, op);
    case IR_OP_set:
        forward_set(f, op);
        return IR_NONE;
    case IR_OP_call:
        forward_call(f, op);
        return IR_NONE;
    case IR_OP_label:
        if (!ir_label_is_side(f->b, f->count, f->label_uses))
            f->known = 0;
        return IR_NONE;
    default:
        return IR_NONE;
    }
}

void ir_opt_forward_slots(struct ir_block *b)
{
    struct forward f = {.b = b};
    ir_slotmap_init(&f.map, b);
    f.label_uses = ir_label_uses(b);
    int32_t *name = ir_names_new(b);
    for (uint32_t i = 0; i < b->count; i++) {
        struct ir_op *op = &b->ops[f.count];
        *op = b->ops[i];
        ir_names_apply(name, op);
        int32_t known = forward_op(&f, op);
        name[i] = known != IR_NONE ? known : (int32_t)f.count;
        f.count += known == IR_NONE;
    }
    b->count = f.count;
}
