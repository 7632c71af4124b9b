/*
 * Guest flags that have not been stored. Where the operands of a comparison or the result of an op
 * stay in pinned registers or the state, its flags are not stored at once: code that leaves the
 * block out of line (slow paths, side exits) computes them once more. They are stored inline when
 * their operands are about to change, and where control flow joins; often they are dead before.
 * Flags that die in the block keep scratch registers as operands, as long as nobody needs these,
 * and take copies of operands that are about to change into spill slots.
 */
#include "backend/x86_64/compiler.h"

#include <assert.h>

/* ---- where operands are ---------------------------------------------------------------------- */

/* How operands may be found: in scratch registers, but not in the one that is @taken. */
struct wish {
    bool scratch;
    int taken;
};

static bool place_of_value(const struct compiler *c, int32_t v, struct wish wish, struct place *p)
{
    const struct value *x = &c->val[v];
    *p = (struct place){0};
    if (x->loc == LOC_CONST) {
        p->kind = PLACE_IMM;
        p->imm = (int32_t)op_of(c, v)->imm;
        return true;
    }
    if ((x->loc == LOC_PIN && x->disp == 0) ||
        (x->loc == LOC_REG && wish.scratch && x->reg != wish.taken)) {
        p->kind = PLACE_REG;
        p->reg = x->reg;
        p->home = x->loc == LOC_REG ? x->home : 0;
        return true;
    }
    p->kind = PLACE_ENV;
    if (x->loc == LOC_ENV && x->disp == 0 && x->width == 2)
        p->imm = x->off;
    else if (x->loc == LOC_REG)
        p->imm = x->home;
    return p->imm;
}

bool place_is(const struct place *p, enum place_kind kind, unsigned reg)
{
    return p->kind == kind && p->reg == reg;
}

bool place_is_scratch(const struct place *p)
{
    return p->kind == PLACE_REG && p->reg < SCRATCH_COUNT;
}

enum { SPILL_OFFSET = offsetof(struct ir_env, spill) };

bool place_is_copy(const struct place *p)
{
    return p->kind == PLACE_ENV && p->imm >= SPILL_OFFSET && p->imm < SPILL_OFFSET + 8 * SPILLS;
}

bool place_overlaps(const struct place *p, unsigned offset, unsigned size)
{
    return p->kind == PLACE_ENV && (unsigned)p->imm < offset + size &&
           offset < (unsigned)p->imm + 4;
}

/* ---- code ------------------------------------------------------------------------------------ */

/* @k x, y, where not both are in memory, and x is no constant. */
static void alu(struct code *a, enum x86_alu k, const struct place *x, const struct place *y)
{
    if (x->kind == PLACE_ENV && y->kind == PLACE_IMM)
        x_alu_mi(a, k, 0, env_mem((size_t)x->imm), y->imm);
    else if (x->kind == PLACE_ENV)
        x_alu_mr(a, k, 0, env_mem((size_t)x->imm), y->reg);
    else if (y->kind == PLACE_IMM)
        x_alu_ri(a, k, 0, x->reg, y->imm);
    else if (y->kind == PLACE_ENV)
        x_alu_rm(a, k, 0, x->reg, env_mem((size_t)y->imm));
    else
        x_alu_rr(a, k, 0, x->reg, y->reg);
}

static void test(struct code *a, const struct place *x, const struct place *y)
{
    if (y->kind == PLACE_IMM) {
        x_r(a, X86_TEST_I, 0, x->reg);
        x_u32(a, (uint32_t)y->imm);
    } else if (y->kind == PLACE_ENV) {
        x_rm(a, X86_TEST_MR, 0, x->reg, env_mem((size_t)y->imm));
    } else {
        x_rr(a, X86_TEST_MR, 0, x->reg, y->reg);
    }
}

static void test_bit(struct code *a, const struct place *x, unsigned n)
{
    if (x->kind == PLACE_ENV)
        x_m(a, X86_BT_I, 0, env_mem((size_t)x->imm));
    else
        x_r(a, X86_BT_I, 0, x->reg);
    x_u8(a, n);
}

static bool is_displaced(const struct place *p)
{
    return p->kind == PLACE_REG && p->imm;
}

/* Of the two, the first has to be in a register that may be changed, or that is no slot's. */
static bool first_moves(const struct pending *p)
{
    return p->kind == PENDING_ADD || p->undo ||
           (p->a.kind == PLACE_ENV &&
            (p->kind == PENDING_TEST || (p->kind == PENDING_CMP && p->b.kind == PLACE_ENV)));
}

bool pending_needs_temp(const struct pending *p)
{
    return p->kind != PENDING_CONST &&
           (first_moves(p) || is_displaced(&p->a) || is_displaced(&p->b));
}

static bool same_place(const struct place *p, const struct place *q)
{
    return p->kind == q->kind && p->reg == q->reg && p->imm == q->imm;
}

static void move_to(struct code *a, struct place *p, unsigned temp)
{
    if (p->kind == PLACE_ENV)
        x_mov_rm(a, 0, temp, env_mem((size_t)p->imm));
    else
        x_rm(a, X86_LEA, 0, temp, x_mem(p->reg, p->imm));
    *p = (struct place){.kind = PLACE_REG, .reg = (uint8_t)temp};
}

/* EFLAGS := the flags. @temp: a register that may be changed, where needs_temp. Returns whether the
 * carry is inverted. */
static bool compute(struct code *a, const struct pending *p, unsigned temp)
{
    struct place x = p->a, y = p->b;
    bool both = same_place(&x, &y);
    if (pending_needs_temp(p)) {
        move_to(a, first_moves(p) || is_displaced(&x) ? &x : &y, temp);
        if (both)
            y = x;
    }
    if (p->undo)
        alu(a, p->kind == PENDING_ADD ? ALU_SUB : ALU_ADD, &x, &y);
    if (p->kind == PENDING_BIT)
        test_bit(a, &x, (unsigned)y.imm);
    else if (p->kind == PENDING_TEST)
        test(a, &x, &y);
    else
        alu(a, p->kind == PENDING_ADD ? ALU_ADD : ALU_CMP, &x, &y);
    return p->kind == PENDING_CMP;
}

/* Scratch registers that are operands. */
static unsigned scratch_of(const struct pending *p)
{
    return (place_is_scratch(&p->a) ? 1u << p->a.reg : 0) |
           (place_is_scratch(&p->b) ? 1u << p->b.reg : 0);
}

void pending_store_cold(struct code *a, const struct pending_set *s)
{
    for (unsigned k = 0; k < s->count; k++) {
        const struct pending *p = &s->list[k];
        bool temp = pending_needs_temp(p);
        unsigned reg = (unsigned)__builtin_ctz(SCRATCH_MASK & ~scratch_of(p));
        if (p->kind == PENDING_CONST) {
            store_constant_flags(a, p->mask, (unsigned)p->b.imm);
            continue;
        }
        if (temp)
            x_push(a, reg);
        flags_store(a, p->mask, compute(a, p, reg), 0);
        if (temp)
            x_pop(a, reg);
    }
}

/* ---- the hot path ---------------------------------------------------------------------------- */

/* Is the copy at @imm an operand of other flags than @not's? */
static bool copy_is_shared(const struct compiler *c, const struct pending *not, int32_t imm)
{
    for (unsigned k = 0; k < c->pending.count; k++) {
        const struct pending *p = &c->pending.list[k];
        if (p != not && ((place_is_copy(&p->a) && p->a.imm == imm) ||
                         (place_is_copy(&p->b) && p->b.imm == imm)))
            return true;
    }
    return false;
}

static void forget(struct compiler *c, unsigned k)
{
    const struct pending *p = &c->pending.list[k];
    const struct place *places[] = {&p->a, &p->b};
    for (unsigned j = 0; j < 2; j++)
        if (place_is_copy(places[j]) && !copy_is_shared(c, p, places[j]->imm))
            ra_spill_free(c, (unsigned)(places[j]->imm - SPILL_OFFSET) / 8);
    c->pending.list[k] = c->pending.list[--c->pending.count];
    c->pending_version++;
}

/* In all pending flags: what is at @from is at @to from here on. */
static void move_operands(struct compiler *c, struct place from, struct place to)
{
    for (unsigned k = 0; k < c->pending.count; k++) {
        struct pending *p = &c->pending.list[k];
        if (same_place(&p->a, &from))
            p->a = to;
        if (same_place(&p->b, &from))
            p->b = to;
    }
    c->pending_version++;
}

/* A copy of register @reg. */
static struct place copy_register(struct compiler *c, unsigned reg)
{
    unsigned n = ra_spill_alloc(c);
    x_mov_mr(&c->a, 0, spill_mem(n), reg);
    return (struct place){.kind = PLACE_ENV, .imm = SPILL_OFFSET + 8 * (int32_t)n};
}

bool pending_holds(const struct compiler *c, unsigned reg)
{
    for (unsigned k = 0; k < c->pending.count; k++)
        if (scratch_of(&c->pending.list[k]) >> reg & 1)
            return true;
    return false;
}

void pending_leave(struct compiler *c, unsigned reg)
{
    struct place from = {.kind = PLACE_REG, .reg = (uint8_t)reg}, to = {.kind = PLACE_ENV};
    if (!pending_holds(c, reg))
        return;
    for (unsigned k = 0; k < c->pending.count; k++) {
        const struct pending *p = &c->pending.list[k];
        if (same_place(&p->a, &from))
            to.imm = p->a.home;
        else if (same_place(&p->b, &from))
            to.imm = p->b.home;
    }
    move_operands(c, from, to.imm ? to : copy_register(c, reg));
}

void pending_stored(struct compiler *c, unsigned reg, unsigned offset)
{
    for (unsigned k = 0; k < c->pending.count; k++) {
        struct pending *p = &c->pending.list[k];
        if (place_is(&p->a, PLACE_REG, reg))
            p->a.home = (uint16_t)offset;
        if (place_is(&p->b, PLACE_REG, reg))
            p->b.home = (uint16_t)offset;
    }
}

bool pending_is_stable(const struct pending_set *s)
{
    for (unsigned k = 0; k < s->count; k++) {
        const struct pending *p = &s->list[k];
        if (scratch_of(p) || place_is_copy(&p->a) || place_is_copy(&p->b))
            return false;
    }
    return true;
}

/* A register to compute @p in, where it needs one, which is none of its operands. */
static unsigned temp_alloc(struct compiler *c, const struct pending *p)
{
    if (!pending_needs_temp(p))
        return RSP;
    uint8_t locked = c->ra.locked;
    unsigned free = SCRATCH_MASK & ~(unsigned)(locked | c->ra.reserved);
    if (free & ~scratch_of(p))
        c->ra.locked |= (uint8_t)scratch_of(p);
    unsigned temp = ra_alloc(c);
    c->ra.locked = locked;
    return temp;
}

static void store_one(struct compiler *c, unsigned k)
{
    struct code *a = &c->a;
    const struct pending *p = &c->pending.list[k];
    if (p->kind == PENDING_CONST) {
        store_constant_flags(a, p->mask, (unsigned)p->b.imm);
        forget(c, k);
        return;
    }
    if ((a->eflags & p->mask) != p->mask) {
        assert(c->fused_cc < 0);
        a->cinv = compute(a, p, temp_alloc(c, p));
        a->eflags = p->mask;
    }
    flags_store(a, p->mask, a->cinv, ra_idle(c));
    forget(c, k);
}

void pending_store_eflags(struct compiler *c)
{
    for (unsigned k = c->pending.count; k-- > 0;) {
        unsigned mask = c->pending.list[k].mask;
        if (c->pending.list[k].kind == PENDING_CONST || (c->a.eflags & mask) == mask)
            store_one(c, k);
    }
}

void pending_store(struct compiler *c)
{
    while (c->pending.count)
        store_one(c, c->pending.count - 1);
}

bool pending_compute(struct compiler *c, unsigned need)
{
    for (unsigned k = 0; k < c->pending.count; k++) {
        const struct pending *p = &c->pending.list[k];
        if ((p->mask & need) != need || p->kind == PENDING_CONST)
            continue;
        c->a.cinv = compute(&c->a, p, temp_alloc(c, p));
        c->a.eflags = p->mask;
        return true;
    }
    return false;
}

/* Flags that are written or dead need not be stored any more. */
static void cancel(struct compiler *c, unsigned mask)
{
    for (unsigned k = c->pending.count; k-- > 0;) {
        struct pending *p = &c->pending.list[k];
        if (!(p->mask & mask))
            continue;
        p->mask &= (uint8_t)~mask;
        c->pending_version++;
        if (!p->mask)
            forget(c, k);
    }
}

/* What the op at @i is about to overwrite: a pinned register (or NO_REG), or bytes of the state. */
struct overwritten {
    int reg;
    unsigned offset, size;
};

static struct overwritten overwritten_by(const struct compiler *c, const struct ir_op *op,
                                         int32_t i)
{
    struct overwritten o = {c->val[i].want, 0, 0};
    if (op->opcode != IR_OP_set)
        return o;
    o.reg = c->pin_of_slot[op->imm];
    const struct value *v = &c->val[op->arg[0]];
    if (o.reg == NO_REG) {
        o.offset = c->b->target->slots[op->imm].offset;
        o.size = 16;
    } else if (v->loc == LOC_PIN && v->reg == o.reg && v->disp == 0) {
        o.reg = NO_REG; /* computed in place */
    }
    return o;
}

static bool depends_on(const struct pending *p, const struct overwritten *o)
{
    if (o->reg != NO_REG && (place_is(&p->a, PLACE_REG, (unsigned)o->reg) ||
                             place_is(&p->b, PLACE_REG, (unsigned)o->reg)))
        return true;
    return o->size &&
           (place_overlaps(&p->a, o->offset, o->size) || place_overlaps(&p->b, o->offset, o->size));
}

/* Does the op add a constant to pinned register @reg? */
static bool adds_constant(const struct compiler *c, const struct ir_op *op, unsigned reg,
                          int32_t *sum)
{
    if (op->arg[0] == IR_NONE)
        return false;
    const struct value *from = &c->val[op->arg[0]];
    if (from->loc != LOC_PIN || from->reg != reg || c->group_open >= 0)
        return false;
    uint32_t n = 0, all;
    if (op->opcode == IR_OP_add && !op->fw && op_is_const(c, op->arg[1]))
        n = (uint32_t)op_of(c, op->arg[1])->imm;
    else if (op->opcode == IR_OP_sub && !op->fw && op_is_const(c, op->arg[1]))
        n = -(uint32_t)op_of(c, op->arg[1])->imm;
    else if (op->opcode != IR_OP_set)
        return false;
    all = (uint32_t)from->disp + n;
    *sum = (int32_t)all;
    return true;
}

/* Register @reg will hold @sum more. */
static bool displace(struct pending *p, unsigned reg, int32_t sum)
{
    struct pending moved = *p;
    if (place_is(&p->a, PLACE_REG, reg))
        moved.a.imm = (int32_t)((uint32_t)moved.a.imm - (uint32_t)sum);
    if (place_is(&p->b, PLACE_REG, reg))
        moved.b.imm = (int32_t)((uint32_t)moved.b.imm - (uint32_t)sum);
    if (is_displaced(&moved.b) && (is_displaced(&moved.a) || first_moves(&moved)) &&
        !same_place(&moved.a, &moved.b))
        return false; /* there is one register to compute in */
    *p = moved;
    return true;
}

/* Homes that are overwritten are none any longer. */
static void forget_homes(struct pending *p, const struct overwritten *o)
{
    struct place *places[] = {&p->a, &p->b};
    for (unsigned k = 0; k < 2; k++)
        if (place_is_scratch(places[k]) && places[k]->home < o->offset + o->size &&
            o->offset < places[k]->home + 4u)
            places[k]->home = 0;
}

static void copy_operand(struct compiler *c, struct place from)
{
    struct place to;
    if (from.kind == PLACE_REG) {
        to = copy_register(c, from.reg);
    } else {
        unsigned temp = ra_alloc(c);
        x_mov_rm(&c->a, 0, temp, env_mem((size_t)from.imm));
        to = (struct place){.kind = PLACE_REG, .reg = (uint8_t)temp};
        ra_unlock(c, temp);
    }
    move_operands(c, from, to);
}

/* Rather than storing flags that die, copy the operands that the op at @i overwrites. */
static bool copy_operands(struct compiler *c, unsigned k, const struct overwritten *o, int32_t i)
{
    const struct pending *p = &c->pending.list[k];
    bool one = !(p->mask & (p->mask - 1));
    if (c->group_open >= 0 || p->kind == PENDING_CONST || is_displaced(&p->a) ||
        is_displaced(&p->b) || (one && (c->a.eflags & p->mask)) || !pending_die(c, i, p->mask))
        return false;
    while (depends_on(p, o)) {
        struct pending just = {.a = p->a};
        copy_operand(c, depends_on(&just, o) ? p->a : p->b);
    }
    return true;
}

/* Flags that somebody behind the op at @i reads or may see. */
static unsigned live_behind(const struct compiler *c, int32_t i)
{
    do
        i++;
    while (i < (int32_t)c->b->count && c->val[i].dead);
    return i < (int32_t)c->b->count ? c->val[i].live : IR_NZCV;
}

static void before_overwriting(struct compiler *c, const struct ir_op *op, int32_t i)
{
    struct overwritten o = overwritten_by(c, op, i);
    int32_t sum = 0;
    if (o.reg == NO_REG && !o.size)
        return;
    bool adds = o.reg != NO_REG && adds_constant(c, op, (unsigned)o.reg, &sum);
    for (unsigned k = c->pending.count; k-- > 0;) {
        struct pending *p = &c->pending.list[k];
        forget_homes(p, &o);
        if (!depends_on(p, &o) || !(p->mask & live_behind(c, i)))
            continue; /* what the op itself needs it needs before it overwrites anything */
        if (adds && displace(p, (unsigned)o.reg, sum))
            c->pending_version++;
        else if (!copy_operands(c, k, &o, i))
            store_one(c, k);
    }
}

/* The flags of a comparison, or those of another one that the branch at @i leaves out: both are in
 * EFLAGS at the label, and stored there. */
static bool join(struct compiler *c, int32_t i)
{
    int32_t compare = pending_joins(c, i);
    unsigned live = compare == NO_VALUE ? 0 : c->label_live[op_of(c, i)->imm];
    if (!live || c->pending.count != 1 || c->pending.list[0].kind != PENDING_CMP ||
        (live & ~(unsigned)c->pending.list[0].mask))
        return false;
    if ((live & ~(unsigned)c->a.eflags) || !c->a.cinv)
        pending_compute(c, live);
    c->join_compare = compare;
    c->join_label = (int32_t)op_of(c, i)->imm;
    return true;
}

/* Flags that are still live at the label a branch leads to have to be stored, but where nothing
 * else leads there, or where they will be pending on all ways that lead there. */
static void before_branch(struct compiler *c, int32_t i)
{
    if ((c->keep_pending && exit_is_side(c, i)) || join(c, i))
        return;
    for (unsigned k = c->pending.count; k-- > 0;) {
        struct pending *p = &c->pending.list[k];
        if (!pending_crosses(c, p, i))
            store_one(c, k);
    }
}

static void before_label(struct compiler *c, int32_t i)
{
    if (exit_is_behind_side(c, i))
        return;
    for (unsigned k = c->pending.count; k-- > 0;)
        if (c->pending.list[k].until < i)
            store_one(c, k);
}

/* In a group, which may be emitted twice, nothing can be stored that takes a register, and nothing
 * moves. */
static void store_results(struct compiler *c)
{
    for (unsigned r = 0; r < SCRATCH_COUNT; r++)
        pending_leave(c, r);
    for (unsigned k = c->pending.count; k-- > 0;)
        if (pending_needs_temp(&c->pending.list[k]))
            store_one(c, k);
}

/* The op at @i, a comparison, leaves EFLAGS for the op behind it: nothing can be stored in
 * between. */
static void before_fused(struct compiler *c, int32_t i)
{
    const struct ir_op *next = op_of(c, i + 1);
    if (pending_is_branch(next))
        before_branch(c, i + 1);
    else
        before_overwriting(c, next, i + 1);
}

/* The selection at @i takes its condition from flags that are pending: into EFLAGS with them before
 * their operands move, as it may be computed in the register of one. */
static void before_selection(struct compiler *c, const struct ir_op *op)
{
    unsigned need = op->aux < IR_CC_AL ? ir_cc_flags((enum ir_cc)op->aux) : 0;
    if (need && (c->a.eflags & need) != need && !(c->a.eflags & EFLAGS_FCMP_ANY))
        pending_compute(c, need);
}

void pending_before(struct compiler *c, const struct ir_op *op, int32_t i)
{
    bool reads = ir_op_info[op->opcode].effects & IR_EFF_RDF;
    cancel(c, IR_NZCV & ~c->val[i].live);
    if (c->fused_cc >= 0)
        return;
    bool carry = pending_takes_carry(op);
    if ((reads && !carry && pending_reads_bytes(c, op)) || pending_shows_state(c, op))
        pending_store(c);
    if (op->opcode == IR_OP_memgroup)
        store_results(c);
    if (!reads)
        cancel(c, op->fw);
    if (pending_is_branch(op))
        before_branch(c, i);
    else if (op->opcode == IR_OP_label)
        before_label(c, i);
    else if (op->opcode == IR_OP_selcc && c->val[i].want != NO_REG)
        before_selection(c, op);
    before_overwriting(c, op, i);
    /* perhaps EFLAGS were used just now */
    if (reads && pending_reads_bytes(c, op) && !(carry && pending_compute(c, IR_FLAG_C)))
        pending_store(c);
    cancel(c, op->fw);
    if (flags_fusable(c, i))
        before_fused(c, i);
}

/* ---- new flags ------------------------------------------------------------------------------- */

static bool is_zero_extended_result(const struct compiler *c, const struct ir_op *op, int32_t i,
                                    struct wish wish, struct place *p)
{
    return op->type == IR_I32 && c->val[i].loc != LOC_NONE && place_of_value(c, i, wish, p) &&
           p->kind == PLACE_REG;
}

/* The scratch register that the result of the op at @i is in. */
static int taken_by(const struct compiler *c, int32_t i)
{
    return c->val[i].loc == LOC_REG ? c->val[i].reg : NO_REG;
}

/* Is value @v in the scratch register that the result has been computed into? */
static bool is_gone(const struct compiler *c, int32_t v, const struct wish *wish)
{
    return c->val[v].loc == LOC_REG && c->val[v].reg == wish->taken;
}

/* Of the sum or difference that was computed in the register of its first operand: the operand is
 * the result with the operation undone. A constant that is undone is a displacement of the
 * register, if that is pinned. */
static bool recipe_in_place(const struct place *result, bool dies, struct pending *p)
{
    bool add = p->kind == PENDING_ADD;
    if (p->b.kind == PLACE_IMM && !place_is_scratch(result)) {
        p->a.imm = (int32_t)(add ? -(uint32_t)p->b.imm : (uint32_t)p->b.imm);
        return true;
    }
    p->a = *result;
    p->undo = true;
    return dies && !place_is(&p->b, PLACE_REG, result->reg);
}

/* The operands of the sum or difference; @result is in a register when @in_place, and may have been
 * an operand's. */
static bool recipe_sum(const struct compiler *c, const struct ir_op *op, bool in_place,
                       const struct place *result, struct wish wish, struct pending *p)
{
    bool add = op->opcode == IR_OP_add;
    int32_t first = op->arg[0], second = op->arg[1];
    p->kind = add ? PENDING_ADD : PENDING_CMP;
    if (add && (op_is_const(c, first) || is_gone(c, second, &wish))) {
        first = op->arg[1];
        second = op->arg[0];
    }
    bool gone = in_place && is_gone(c, first, &wish);
    if ((!gone && !place_of_value(c, first, wish, &p->a)) ||
        !place_of_value(c, second, wish, &p->b))
        return false;
    if (gone)
        return recipe_in_place(result, wish.scratch, p);
    if (p->a.kind == PLACE_IMM)
        return false;
    if (in_place && add && place_is(&p->b, PLACE_REG, result->reg)) {
        struct place other = p->a;
        p->a = p->b;
        p->b = other;
    }
    if (in_place && place_is(&p->a, PLACE_REG, result->reg))
        return recipe_in_place(result, wish.scratch, p);
    return !in_place || !place_is(&p->b, PLACE_REG, result->reg);
}

static bool recipe(const struct compiler *c, const struct ir_op *op, int32_t i, unsigned store,
                   bool scratch, struct pending *p)
{
    struct wish wish = {scratch, NO_REG};
    struct place result = {0};
    bool in_place = is_zero_extended_result(c, op, i, wish, &result);
    p->mask = (uint8_t)store;
    if (op->type != IR_I32)
        return false;
    if (!(store & ~(unsigned)IR_NZ) && in_place) {
        p->kind = PENDING_TEST;
        p->a = p->b = result;
        return true;
    }
    wish.taken = taken_by(c, i);
    if (op->opcode == IR_OP_add || op->opcode == IR_OP_sub)
        return recipe_sum(c, op, in_place, &result, wish, p);
    p->kind = PENDING_TEST;
    return op->opcode == IR_OP_and && !c->val[i].uses &&
           place_of_value(c, op->arg[0], wish, &p->a) &&
           place_of_value(c, op->arg[1], wish, &p->b) && p->a.kind == PLACE_REG;
}

/* The carry of a shift by a constant: a bit of what was shifted, if that is still there. */
static bool recipe_carry(const struct compiler *c, const struct ir_op *op, int32_t i, bool scratch,
                         struct pending *p)
{
    struct wish wish = {scratch, taken_by(c, i)};
    struct place result = {0};
    bool left = op->opcode == IR_OP_shl;
    if ((!left && op->opcode != IR_OP_shr && op->opcode != IR_OP_sar) || op->type != IR_I32 ||
        !op_is_const(c, op->arg[1]) || !place_of_value(c, op->arg[0], wish, &p->a) ||
        p->a.kind == PLACE_IMM)
        return false;
    unsigned n = (unsigned)op_of(c, op->arg[1])->imm & 31;
    if (!n || (is_zero_extended_result(c, op, i, wish, &result) &&
               place_is(&p->a, PLACE_REG, result.reg)))
        return false;
    p->kind = PENDING_BIT;
    p->mask = IR_FLAG_C;
    p->b = (struct place){.kind = PLACE_IMM, .imm = (int32_t)(left ? 32 - n : n - 1)};
    return true;
}

static void add(struct compiler *c, const struct pending *p)
{
    c->pending.list[c->pending.count++] = *p;
    c->pending_version++;
}

bool pending_add(struct compiler *c, const struct ir_op *op, int32_t i, unsigned store)
{
    struct pending p = {0}, carry = {0};
    if (!store || c->pending.count == PENDINGS_MAX)
        return false;
    bool scratch = c->group_open < 0 && pending_die(c, i + 1, store);
    if (recipe(c, op, i, store, scratch, &p)) {
        add(c, &p);
        return true;
    }
    bool rest = store & ~(unsigned)IR_FLAG_C;
    if (!(store & IR_FLAG_C) || c->pending.count + rest >= PENDINGS_MAX ||
        !recipe_carry(c, op, i, scratch, &carry))
        return false;
    if (rest && !recipe(c, op, i, store & ~(unsigned)IR_FLAG_C, scratch, &p))
        return false;
    add(c, &carry);
    if (rest)
        add(c, &p);
    return true;
}

static struct pending constant(unsigned mask, unsigned set)
{
    return (struct pending){.mask = (uint8_t)mask,
                            .kind = PENDING_CONST,
                            .a = {.kind = PLACE_IMM},
                            .b = {.kind = PLACE_IMM, .imm = (int32_t)(set & mask)}};
}

bool pending_add_constant(struct compiler *c, unsigned store, unsigned set)
{
    if (!store || c->pending.count == PENDINGS_MAX)
        return false;
    struct pending p = constant(store, set);
    add(c, &p);
    return true;
}

/* Are all flags of @p known when Z is set? A difference is 0 without a borrow. */
static bool equal_tells(const struct pending *p)
{
    return (p->mask & IR_FLAG_Z) && (p->kind == PENDING_CMP || !(p->mask & ~(unsigned)IR_NZ));
}

void pending_equal_cold(struct pending_set *s)
{
    for (unsigned k = 0; k < s->count; k++)
        if (equal_tells(&s->list[k]))
            s->list[k] = constant(s->list[k].mask, IR_FLAG_Z | IR_FLAG_C);
}

void pending_is_equal(struct compiler *c)
{
    for (unsigned k = 0; k < c->pending.count; k++) {
        if (!equal_tells(&c->pending.list[k]))
            continue;
        struct pending p = constant(c->pending.list[k].mask, IR_FLAG_Z | IR_FLAG_C);
        forget(c, k);
        add(c, &p);
        return;
    }
}

bool pending_equal(const struct pending_set *x, const struct pending_set *y)
{
    if (x->count != y->count)
        return false;
    for (unsigned k = 0; k < x->count; k++) {
        const struct pending *p = &x->list[k], *q = &y->list[k];
        if (p->mask != q->mask || p->kind != q->kind || !same_place(&p->a, &q->a) ||
            !same_place(&p->b, &q->b))
            return false;
    }
    return true;
}
