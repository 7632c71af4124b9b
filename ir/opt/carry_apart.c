/*
 * Cyclic redundancy checks by table: crc = crc >> 8 ^ table[(crc ^ byte) & 255]. Each round waits
 * for the entry, then for two exclusive ors, before it can look the next entry up. The shifted half
 * is there long before: carried to the next round beside the entry, it meets the byte in time, and
 * one exclusive or remains in the chain.
 *
 * So a loop that sets a slot to late ^ early, where late is loaded from an address which depends on
 * (slot ^ a) & 255, sets target.carried to early and late as well; the index becomes
 * (a ^ early ^ late) & 255. In front of the loop's head they are made 0 and the slot's value.
 */
#include "ir/fold.h"
#include "ir/opt/passes.h"
#include "ir/opt/rename.h"
#include "ir/opt/slotmap.h"

/* SLOTS_MAX: with more slots, target.carried would hardly be in host registers. DEPTH_MAX: of the
 * computation of an address. */
enum { SLOTS_MAX = 7, DEPTH_MAX = 4, OPS_MORE = 10 };

struct match {
    int32_t index, set; /* the xor8 that the address depends on, the set of the slot */
    int32_t early, late;
};

static const struct ir_op *op_at(const struct ir_block *b, int32_t v)
{
    return &b->ops[v];
}

/* The xor8 with @slot_value in the computation of address @v, or IR_NONE. */
static int32_t find_index(const struct ir_block *b, int32_t v, int32_t slot_value, unsigned depth)
{
    const struct ir_op *op = op_at(b, v);
    if (op->opcode == IR_OP_xor8 && op->arg[1] == slot_value)
        return v;
    if (!depth || (ir_op_info[op->opcode].effects & ~(unsigned)IR_EFF_COMM))
        return IR_NONE;
    for (unsigned k = 0; k < ir_op_info[op->opcode].nargs; k++) {
        int32_t found = find_index(b, op->arg[k], slot_value, depth - 1);
        if (found != IR_NONE)
            return found;
    }
    return IR_NONE;
}

/* Is the set at @at the one that closes the chain? */
static bool match_set(const struct ir_block *b, int32_t at, struct match *m)
{
    const struct ir_op *set = op_at(b, at), *sum = op_at(b, set->arg[0]);
    if (sum->opcode != IR_OP_xor || sum->type != IR_I32)
        return false;
    unsigned k = op_at(b, sum->arg[0])->opcode != IR_OP_ld;
    *m = (struct match){IR_NONE, at, sum->arg[k ^ 1], sum->arg[k]};
    const struct ir_op *load = op_at(b, m->late), *shift = op_at(b, m->early);
    if (load->opcode != IR_OP_ld || shift->opcode != IR_OP_shr)
        return false;
    const struct ir_op *get = op_at(b, shift->arg[0]);
    if (get->opcode != IR_OP_get || get->imm != set->imm)
        return false;
    m->index = find_index(b, load->arg[0], shift->arg[0], DEPTH_MAX);
    return m->index != IR_NONE;
}

/* Where helpers are called, loops keep nothing in registers. */
static bool has_call(const struct ir_block *b)
{
    for (uint32_t i = 0; i < b->count; i++)
        if (ir_op_info[b->ops[i].opcode].effects & IR_EFF_CALL)
            return true;
    return false;
}

/* Is the slot set once alone, and no part of it? */
static bool set_once(const struct ir_block *b, unsigned slot)
{
    unsigned sets = 0;
    for (uint32_t i = 0; i < b->count; i++)
        sets += b->ops[i].opcode == IR_OP_set &&
                ir_slots_overlap(b->target, (unsigned)b->ops[i].imm, slot);
    return sets == 1;
}

/* All is before the first branch, so that each round does it. */
static bool find(const struct ir_block *b, struct match *m)
{
    for (uint32_t i = 0; i < b->count; i++) {
        const struct ir_op *op = &b->ops[i];
        if (ir_op_info[op->opcode].effects & (IR_EFF_BR | IR_EFF_END))
            return false;
        if (op->opcode == IR_OP_set && match_set(b, (int32_t)i, m) &&
            set_once(b, (unsigned)op->imm))
            return true;
    }
    return false;
}

static void append_head(struct ir_block *b, unsigned slot)
{
    unsigned early = b->target->carried, late = early + 1;
    ir_set(b, late, ir_get(b, slot));
    ir_set(b, early, ir_i32(b, 0));
    ir_emit(b, IR_OP_loophead, IR_VOID, IR_NONE, IR_NONE, IR_NONE, 0);
}

static void append_index(struct ir_block *b, struct ir_op *op)
{
    unsigned early = b->target->carried, late = early + 1;
    op->arg[0] = ir_emit(b, IR_OP_xor8, IR_I32, op->arg[0], ir_get(b, early), IR_NONE, 0);
    op->arg[1] = ir_get(b, late);
}

static void rewrite(struct ir_block *b, const struct match *m)
{
    const struct ir_op *old = b->ops;
    uint32_t count = b->count;
    unsigned early = b->target->carried, late = early + 1;
    int32_t *name = ir_names_new(b);
    b->capacity = count + OPS_MORE;
    b->ops = arena_alloc(b->arena, b->capacity * sizeof(*b->ops));
    b->count = 0;
    append_head(b, (unsigned)old[m->set].imm);
    for (int32_t i = 0; i < (int32_t)count; i++) {
        struct ir_op op = old[i];
        ir_names_apply(name, &op);
        if (i == m->index)
            append_index(b, &op);
        name[i] = (int32_t)b->count;
        *ir_block_next(b) = op;
        b->count++;
        if (i == m->set) {
            ir_set(b, late, name[m->late]);
            ir_set(b, early, name[m->early]);
        }
    }
}

void ir_opt_carry_apart(struct ir_block *b)
{
    struct match m;
    struct ir_slotmap map;
    if (!b->target->carried || !ir_block_loops(b) || has_call(b) || !find(b, &m))
        return;
    ir_slotmap_init(&map, b);
    if (map.count <= SLOTS_MAX)
        rewrite(b, &m);
}
