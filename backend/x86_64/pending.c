/*
 * Guest flags that have not been stored. Where the operands of a comparison or the result of an op
 * stay in pinned registers or the state, its flags are not stored at once: code that leaves the block
 * out of line (slow paths, side exits) computes them once more. They are stored inline when their
 * operands are about to change, and where control flow joins; often they are dead before.
 */
#include "backend/x86_64/compiler.h"

/* ---- where operands are ------------------------------------------------------------------------- */

static bool place_of_value(const struct compiler *c, int32_t v, struct place *p)
{
    const struct value *x = &c->val[v];
    if (x->loc == LOC_CONST) {
        *p = (struct place){PLACE_IMM, 0, (int32_t)op_of(c, v)->imm};
        return true;
    }
    if (x->loc == LOC_PIN && x->disp == 0) {
        *p = (struct place){PLACE_REG, x->reg, 0};
        return true;
    }
    if (x->loc == LOC_ENV && x->disp == 0 && x->width == 2) {
        *p = (struct place){PLACE_ENV, 0, x->off};
        return true;
    }
    if (x->loc == LOC_REG && x->home) {
        *p = (struct place){PLACE_ENV, 0, x->home};
        return true;
    }
    return false;
}

static bool place_is(const struct place *p, enum place_kind kind, unsigned reg)
{
    return p->kind == kind && p->reg == reg;
}

static bool overlaps_env(const struct place *p, unsigned offset, unsigned size)
{
    return p->kind == PLACE_ENV && (unsigned)p->imm < offset + size && offset < (unsigned)p->imm + 4;
}

/* ---- code ---------------------------------------------------------------------------------------- */

static void store_eflags(struct code *a, unsigned mask, bool cinv)
{
    if (mask & IR_FLAG_N)
        x_setcc_m(a, CC_S, ENV_FLAG(FLAG_N));
    if (mask & IR_FLAG_Z)
        x_setcc_m(a, CC_E, ENV_FLAG(FLAG_Z));
    if (mask & IR_FLAG_C)
        x_setcc_m(a, cinv ? CC_AE : CC_B, ENV_FLAG(FLAG_C));
    if (mask & IR_FLAG_V)
        x_setcc_m(a, CC_O, ENV_FLAG(FLAG_V));
}

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
    return p->kind == PENDING_ADD ||
           (p->kind == PENDING_CMP && p->a.kind == PLACE_ENV && p->b.kind == PLACE_ENV);
}

static bool needs_temp(const struct pending *p)
{
    return p->kind != PENDING_CONST && (first_moves(p) || is_displaced(&p->a) || is_displaced(&p->b));
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
    *p = (struct place){PLACE_REG, (uint8_t)temp, 0};
}

/* EFLAGS := the flags. @temp: a register that may be changed, where needs_temp. Returns whether the carry
 * is inverted. */
static bool compute(struct code *a, const struct pending *p, unsigned temp)
{
    struct place x = p->a, y = p->b;
    bool both = same_place(&x, &y);
    if (needs_temp(p)) {
        move_to(a, first_moves(p) || is_displaced(&x) ? &x : &y, temp);
        if (both)
            y = x;
    }
    if (p->kind == PENDING_BIT)
        test_bit(a, &x, (unsigned)y.imm);
    else if (p->kind == PENDING_TEST)
        test(a, &x, &y);
    else
        alu(a, p->kind == PENDING_ADD ? ALU_ADD : ALU_CMP, &x, &y);
    return p->kind == PENDING_CMP;
}

void pending_store_cold(struct code *a, const struct pending_set *s)
{
    for (unsigned k = 0; k < s->count; k++) {
        const struct pending *p = &s->list[k];
        bool temp = needs_temp(p);
        if (p->kind == PENDING_CONST) {
            store_constant_flags(a, p->mask, p->b.imm & 1, p->b.imm >> 1 & 1);
            continue;
        }
        if (temp)
            x_push(a, RAX);
        store_eflags(a, p->mask, compute(a, p, RAX));
        if (temp)
            x_pop(a, RAX);
    }
}

/* ---- the hot path -------------------------------------------------------------------------------- */

static void forget(struct compiler *c, unsigned k)
{
    c->pending.list[k] = c->pending.list[--c->pending.count];
    c->pending_version++;
}

static void store_one(struct compiler *c, unsigned k)
{
    struct code *a = &c->a;
    struct pending p = c->pending.list[k];
    forget(c, k);
    if (p.kind == PENDING_CONST) {
        store_constant_flags(a, p.mask, p.b.imm & 1, p.b.imm >> 1 & 1);
        return;
    }
    if ((a->eflags & p.mask) != p.mask) {
        unsigned temp = needs_temp(&p) ? ra_alloc(c) : RSP;
        assert(c->fused_cc < 0);
        a->cinv = compute(a, &p, temp);
        ra_unlock(c, temp);
        a->eflags = p.mask;
    }
    store_eflags(a, p.mask, a->cinv);
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
        unsigned temp = needs_temp(p) ? ra_alloc(c) : RSP;
        c->a.cinv = compute(&c->a, p, temp);
        ra_unlock(c, temp);
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

static struct overwritten overwritten_by(const struct compiler *c, const struct ir_op *op, int32_t i)
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
    return o->size && (overlaps_env(&p->a, o->offset, o->size) || overlaps_env(&p->b, o->offset, o->size));
}

/* Does the op add a constant to pinned register @reg? */
static bool adds_constant(const struct compiler *c, const struct ir_op *op, unsigned reg, int32_t *sum)
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

static void before_overwriting(struct compiler *c, const struct ir_op *op, int32_t i)
{
    struct overwritten o = overwritten_by(c, op, i);
    int32_t sum = 0;
    if (o.reg == NO_REG && !o.size)
        return;
    bool adds = o.reg != NO_REG && adds_constant(c, op, (unsigned)o.reg, &sum);
    for (unsigned k = c->pending.count; k-- > 0;) {
        struct pending *p = &c->pending.list[k];
        if (!depends_on(p, &o))
            continue;
        if (adds && displace(p, (unsigned)o.reg, sum))
            c->pending_version++;
        else
            store_one(c, k);
    }
}

/* Flags that are still live at the label a branch leads to have to be stored, but where nothing else
 * leads there. */
static void before_branch(struct compiler *c, int32_t i)
{
    if (c->keep_pending && exit_is_side(c, i))
        return;
    pending_store(c);
}

static bool is_branch(const struct ir_op *op)
{
    return op->opcode == IR_OP_brcc || op->opcode == IR_OP_brnz || op->opcode == IR_OP_brz;
}

static bool is_inline_access(const struct compiler *c, const struct ir_op *op)
{
    return op->opcode == IR_OP_callz ||
           ((op->opcode == IR_OP_ld || op->opcode == IR_OP_st) && !c->be->config.always_slow &&
            !(op->imm & IR_MEM_USER));
}

static bool shows_state(const struct compiler *c, const struct ir_op *op)
{
    if (op->opcode == IR_OP_call)
        return c->b->target->helpers[op->imm].effects != IR_HELPER_PURE;
    if (op->opcode == IR_OP_exitd)
        return !c->keep_pending; /* emit_exitd sees to it */
    if (op->opcode == IR_OP_callhint) /* uses EFLAGS itself, and an exit follows */
        return true;
    return (ir_op_info[op->opcode].effects & (IR_EFF_FAULT | IR_EFF_END)) && !is_inline_access(c, op);
}

/* In a group, which may be emitted twice, nothing can be stored that takes a register. */
static void store_results(struct compiler *c)
{
    for (unsigned k = c->pending.count; k-- > 0;)
        if (needs_temp(&c->pending.list[k]))
            store_one(c, k);
}

/* Does the op read flags from their bytes? Conditions are computed from what is pending, carries are
 * taken from EFLAGS where these hold them. */
static bool reads_bytes(const struct compiler *c, const struct ir_op *op)
{
    unsigned reads = ir_op_flags_read(op);
    switch (op->opcode) {
    case IR_OP_brcc:
    case IR_OP_cond:
    case IR_OP_selcc:
        return false;
    case IR_OP_getnzcv:
        return true;
    default:
        return reads && (c->a.eflags & reads) != reads;
    }
}

/* The op at @i, a comparison, leaves EFLAGS for the op behind it: nothing can be stored in between. */
static void before_fused(struct compiler *c, int32_t i)
{
    const struct ir_op *next = op_of(c, i + 1);
    if (is_branch(next))
        before_branch(c, i + 1);
    else
        before_overwriting(c, next, i + 1);
}

void pending_before(struct compiler *c, const struct ir_op *op, int32_t i)
{
    bool reads = ir_op_info[op->opcode].effects & IR_EFF_RDF;
    cancel(c, IR_NZCV & ~c->val[i].live);
    if (c->fused_cc >= 0)
        return;
    if ((reads && reads_bytes(c, op)) || shows_state(c, op))
        pending_store(c);
    if (op->opcode == IR_OP_memgroup)
        store_results(c);
    if (!reads)
        cancel(c, op->fw);
    if (is_branch(op))
        before_branch(c, i);
    else if (op->opcode == IR_OP_label && !exit_is_behind_side(c, i))
        pending_store(c);
    before_overwriting(c, op, i);
    if (reads && reads_bytes(c, op)) /* EFLAGS were used just now */
        pending_store(c);
    cancel(c, op->fw);
    if (flags_fusable(c, i))
        before_fused(c, i);
}

/* ---- new flags ----------------------------------------------------------------------------------- */

static bool is_zero_extended_result(const struct compiler *c, const struct ir_op *op, int32_t i,
                                    struct place *p)
{
    return op->type == IR_I32 && c->val[i].uses && place_of_value(c, i, p) && p->kind == PLACE_REG;
}

/* The operands of the sum or difference; @result is in a register when @in_place, and may have been the
 * first operand's. */
static bool recipe_sum(const struct compiler *c, const struct ir_op *op, bool in_place,
                       const struct place *result, struct pending *p)
{
    bool add = op->opcode == IR_OP_add;
    int32_t first = op->arg[0], second = op->arg[1];
    if (add && op_is_const(c, first)) {
        first = op->arg[1];
        second = op->arg[0];
    }
    if (!place_of_value(c, first, &p->a) || !place_of_value(c, second, &p->b) || p->a.kind == PLACE_IMM)
        return false;
    p->kind = add ? PENDING_ADD : PENDING_CMP;
    if (!in_place || !(place_is(&p->a, PLACE_REG, result->reg) || place_is(&p->b, PLACE_REG, result->reg)))
        return true;
    if (p->b.kind != PLACE_IMM)
        return false;
    p->a.imm = (int32_t)(add ? -(uint32_t)p->b.imm : (uint32_t)p->b.imm);
    return true;
}

static bool recipe(const struct compiler *c, const struct ir_op *op, int32_t i, unsigned store,
                   struct pending *p)
{
    struct place result = {0};
    bool in_place = is_zero_extended_result(c, op, i, &result);
    p->mask = (uint8_t)store;
    if (op->type != IR_I32)
        return false;
    if (!(store & ~(unsigned)IR_NZ) && in_place) {
        p->kind = PENDING_TEST;
        p->a = p->b = result;
        return true;
    }
    if (op->opcode == IR_OP_add || op->opcode == IR_OP_sub)
        return recipe_sum(c, op, in_place, &result, p);
    p->kind = PENDING_TEST;
    return op->opcode == IR_OP_and && !c->val[i].uses && place_of_value(c, op->arg[0], &p->a) &&
           place_of_value(c, op->arg[1], &p->b) && p->a.kind == PLACE_REG;
}

/* The carry of a shift by a constant: a bit of what was shifted, if that is still there. */
static bool recipe_carry(const struct compiler *c, const struct ir_op *op, int32_t i, struct pending *p)
{
    struct place result = {0};
    bool left = op->opcode == IR_OP_shl;
    if ((!left && op->opcode != IR_OP_shr && op->opcode != IR_OP_sar) || op->type != IR_I32 ||
        !op_is_const(c, op->arg[1]) || !place_of_value(c, op->arg[0], &p->a) || p->a.kind == PLACE_IMM)
        return false;
    unsigned n = (unsigned)op_of(c, op->arg[1])->imm & 31;
    if (!n || (is_zero_extended_result(c, op, i, &result) && place_is(&p->a, PLACE_REG, result.reg)))
        return false;
    p->kind = PENDING_BIT;
    p->mask = IR_FLAG_C;
    p->b = (struct place){PLACE_IMM, 0, (int32_t)(left ? 32 - n : n - 1)};
    return true;
}

static void add(struct compiler *c, const struct pending *p)
{
    c->pending.list[c->pending.count++] = *p;
    c->pending_version++;
}

bool pending_add(struct compiler *c, const struct ir_op *op, int32_t i, unsigned store)
{
    struct pending p, carry;
    if (!store || c->pending.count == PENDINGS_MAX)
        return false;
    if (recipe(c, op, i, store, &p)) {
        add(c, &p);
        return true;
    }
    bool rest = store & ~(unsigned)IR_FLAG_C;
    if (!(store & IR_FLAG_C) || c->pending.count + rest >= PENDINGS_MAX || !recipe_carry(c, op, i, &carry))
        return false;
    if (rest && !recipe(c, op, i, store & ~(unsigned)IR_FLAG_C, &p))
        return false;
    add(c, &carry);
    if (rest)
        add(c, &p);
    return true;
}

bool pending_add_constant(struct compiler *c, unsigned store, bool n, bool z)
{
    if (!store || c->pending.count == PENDINGS_MAX)
        return false;
    c->pending.list[c->pending.count++] =
        (struct pending){.mask = (uint8_t)store, .kind = PENDING_CONST, .b = {PLACE_IMM, 0, n | z << 1}};
    c->pending_version++;
    return true;
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
