#include "backend/x86_64/xmm.h"

static void evict(struct compiler *c, unsigned reg)
{
    struct value *v = &c->val[c->ra.xowner[reg]];
    if (v->home && ra_alias_room(c)) {
        unsigned bytes = ir_type_bytes(ir_op_result_type(op_of(c, c->ra.xowner[reg])));
        struct value as = {.loc = LOC_ENV, .off = v->home,
                           .width = (uint8_t)__builtin_ctz(bytes)};
        ra_alias(c, c->ra.xowner[reg], &as, 0);
        c->ra.xowner[reg] = NO_VALUE;
        return;
    }
    assert(~c->ra.xspills);
    unsigned n = (unsigned)__builtin_ctzll(~c->ra.xspills);
    c->ra.xspills |= BIT64(n);
    v->loc = LOC_XSPILL;
    v->off = (uint16_t)n;
    x_op2(c, X86_MOVUPS_MR, 0, reg,
          (struct opnd){.kind = OPND_MEM, .reg = NO_REG, .mem = xmm_spill_mem(n)});
    c->ra.xowner[reg] = NO_VALUE;
}

/* The unlocked register whose value is needed last. */
static unsigned pick_victim(const struct compiler *c)
{
    int best = NO_REG;
    for (unsigned r = 0; r < XMM_COUNT - c->xpin_count; r++) {
        if (c->ra.xlocked >> r & 1)
            continue;
        if (best == NO_REG || c->val[c->ra.xowner[r]].last > c->val[c->ra.xowner[best]].last)
            best = (int)r;
    }
    assert(best != NO_REG);
    return (unsigned)best;
}

unsigned xa_alloc(struct compiler *c)
{
    for (unsigned r = 0; r < XMM_COUNT - c->xpin_count; r++)
        if (c->ra.xowner[r] == NO_VALUE && !(c->ra.xlocked >> r & 1)) {
            c->ra.xlocked |= (uint16_t)BIT(r);
            return r;
        }
    unsigned reg = pick_victim(c);
    evict(c, reg);
    c->ra.xlocked |= (uint16_t)BIT(reg);
    return reg;
}

void xa_unlock(struct compiler *c, unsigned reg)
{
    c->ra.xlocked &= (uint16_t)~BIT(reg);
}

static void own(struct compiler *c, int32_t i, unsigned reg)
{
    c->val[i].loc = LOC_XMM;
    c->val[i].home = 0;
    c->val[i].reg = (uint8_t)reg;
    c->ra.xowner[reg] = i;
}

static struct opnd mem(struct x86_mem m)
{
    return (struct opnd){.kind = OPND_MEM, .reg = NO_REG, .mem = m};
}

bool xa_const_mem(struct compiler *c, uint64_t low, uint64_t high, struct x86_mem *m)
{
    struct backend *be = c->be;
    uint32_t n = 0;
    while (n < be->pool_count && (be->pool[n][0] != low || be->pool[n][1] != high))
        n++;
    if (n == POOL_MAX)
        return false;
    if (n == be->pool_count) {
        be->pool[n][0] = low;
        be->pool[n][1] = high;
        be->pool_count++;
    }
    *m = x_mem(NO_REG, (int32_t)(be->thunk.pool + 16 * n));
    return true;
}

static void load_const(struct compiler *c, int32_t i, unsigned reg)
{
    uint64_t imm = op_of(c, i)->imm;
    if (imm == 0) {
        x_op3(c, X86_XORPS, reg, reg, x_opnd_xmm(reg));
        return;
    }
    struct x86_mem m;
    if (xa_const_mem(c, imm, imm, &m)) {
        x_op2(c, xa_load_form(op_of(c, i)->type), 0, reg, mem(m));
        return;
    }
    unsigned t = ra_alloc(c);
    x_mov_ri(&c->a, t, imm);
    x_op2(c, X86_MOVD_RM, 1, reg, x_opnd_xmm(t));
    ra_unlock(c, t);
    if (op_of(c, i)->type == IR_V128)
        x_op3(c, X86_PUNPCKLQDQ, reg, reg, x_opnd_xmm(reg));
}

unsigned xa_reg(struct compiler *c, int32_t i)
{
    struct value *v = &c->val[i];
    if (v->loc == LOC_XMM) {
        c->ra.xlocked |= (uint16_t)BIT(v->reg);
        return v->reg;
    }
    if (v->loc == LOC_XPIN)
        return v->reg;
    unsigned reg = xa_alloc(c);
    if (v->loc == LOC_CONST) {
        load_const(c, i, reg);
        return reg;
    }
    unsigned type = ir_op_result_type(op_of(c, i));
    if (v->loc == LOC_XSPILL) {
        x_op2(c, X86_MOVUPS_RM, 0, reg, mem(xmm_spill_mem(v->off)));
        c->ra.xleft |= BIT64(v->off);
    } else {
        assert(v->loc == LOC_ENV);
        x_op2(c, xa_load_form(type), 0, reg, mem(env_mem(v->off)));
    }
    unsigned home = v->loc == LOC_ENV ? v->off : 0u;
    own(c, i, reg);
    v->home = (uint16_t)home;
    return reg;
}

unsigned xa_own_reg(struct compiler *c, int32_t i)
{
    if (c->val[i].loc != LOC_XPIN)
        return xa_reg(c, i);
    unsigned reg = xa_alloc(c);
    x_op2(c, X86_MOVAPS_RM, 0, reg, x_opnd_xmm(c->val[i].reg));
    own(c, i, reg);
    return reg;
}

/* May value @i be computed into the pinned register @reg? Not where an argument is there, but
 * @hint: it may be needed when the result is. */
static bool computable_in(const struct compiler *c, int32_t i, int32_t hint, unsigned reg)
{
    const struct ir_op *op = op_of(c, i);
    for (unsigned k = 0; k < ir_op_info[op->opcode].nargs; k++) {
        int32_t v = op->arg[k];
        if (v != IR_NONE && v != hint && c->val[v].loc == LOC_XPIN && c->val[v].reg == reg)
            return false;
    }
    return true;
}

void xa_move_to_pin(struct compiler *c, int32_t i, unsigned reg)
{
    struct value *v = &c->val[i];
    if (v->loc == LOC_XPIN && v->reg == reg) {
        if (v->want != NO_REG) { /* computed in place; from now on it is an alias of the slot */
            v->want = NO_REG;
            ra_alias(c, i, v, 0);
        }
        return;
    }
    ra_detach_pin(c, reg + PIN_XMM);
    if (v->loc == LOC_CONST) {
        load_const(c, i, reg);
        return;
    }
    unsigned from = xa_reg(c, i);
    x_op2(c, X86_MOVAPS_RM, 0, reg, x_opnd_xmm(from));
    if (v->loc == LOC_XMM && v->last > c->i && ra_alias_room(c)) {
        c->ra.xowner[from] = NO_VALUE;
        ra_alias(c, i, &(struct value){.loc = LOC_XPIN, .reg = (uint8_t)reg}, 0);
    }
}

struct opnd xa_opnd(struct compiler *c, int32_t i)
{
    const struct value *v = &c->val[i];
    unsigned type = ir_op_result_type(op_of(c, i));
    struct x86_mem m;
    if (v->loc == LOC_CONST && op_of(c, i)->imm &&
        xa_const_mem(c, op_of(c, i)->imm, op_of(c, i)->imm, &m))
        return mem(m);
    if (type == IR_F32 || type == IR_F64) {
        if (v->loc == LOC_ENV)
            return mem(env_mem(v->off));
        if (v->loc == LOC_XSPILL)
            return mem(xmm_spill_mem(v->off));
    }
    return x_opnd_xmm(xa_reg(c, i));
}

unsigned xa_dest(struct compiler *c, int32_t i, int32_t hint)
{
    struct value *v = &c->val[i];
    unsigned reg;
    if (v->want >= PIN_XMM && computable_in(c, i, hint, (unsigned)v->want - PIN_XMM)) {
        reg = (unsigned)v->want - PIN_XMM;
        ra_detach_pin(c, reg + PIN_XMM);
        v->loc = LOC_XPIN;
        v->reg = (uint8_t)reg;
        return reg;
    }
    v->want = NO_REG;
    if (hint >= 0 && c->val[hint].loc == LOC_XMM && c->val[hint].last == i)
        reg = c->val[hint].reg;
    else
        reg = xa_alloc(c);
    c->ra.xlocked |= (uint16_t)BIT(reg);
    own(c, i, reg);
    return reg;
}

void xa_release(struct compiler *c, int32_t i)
{
    struct value *v = &c->val[i];
    if (v->loc == LOC_XMM && c->ra.xowner[v->reg] == i)
        c->ra.xowner[v->reg] = NO_VALUE;
    else if (v->loc == LOC_XSPILL)
        c->ra.xspills &= ~BIT64(v->off);
}

void xa_flush(struct compiler *c)
{
    for (unsigned r = 0; r < XMM_COUNT; r++)
        if (c->ra.xowner[r] != NO_VALUE && c->val[c->ra.xowner[r]].last > c->i)
            evict(c, r);
}

void xa_stored(struct compiler *c, unsigned offset, unsigned size, int32_t i)
{
    for (unsigned r = 0; r < XMM_COUNT; r++) {
        int32_t k = c->ra.xowner[r];
        if (k == NO_VALUE || !c->val[k].home)
            continue;
        unsigned bytes = ir_type_bytes(ir_op_result_type(op_of(c, k))), home = c->val[k].home;
        if (home < offset + size && offset < home + bytes)
            c->val[k].home = 0;
    }
    if (i != NO_VALUE && c->val[i].loc == LOC_XMM)
        c->val[i].home = (uint16_t)offset;
}

void xa_forget(struct compiler *c)
{
    for (unsigned r = 0; r < XMM_COUNT; r++)
        c->ra.xowner[r] = NO_VALUE;
}

bool xa_any_live(const struct compiler *c)
{
    for (unsigned r = 0; r < XMM_COUNT; r++)
        if (c->ra.xowner[r] != NO_VALUE && c->val[c->ra.xowner[r]].last > c->i)
            return true;
    return false;
}

void x_op2(struct compiler *c, enum x86_form insn, unsigned w, unsigned reg, struct opnd rm)
{
    assert(rm.kind != OPND_IMM);
    bool vex = c->be->features & HOST_AVX;
    if (rm.kind == OPND_MEM && vex)
        x_vrm(&c->a, insn, w, reg, 0, rm.mem);
    else if (rm.kind == OPND_MEM)
        x_rm(&c->a, insn, w, reg, rm.mem);
    else if (vex)
        x_vrr(&c->a, insn, w, reg, 0, (unsigned)rm.reg);
    else
        x_rr(&c->a, insn, w, reg, (unsigned)rm.reg);
}

void x_op3(struct compiler *c, enum x86_form insn, unsigned dst, unsigned a, struct opnd b)
{
    assert(b.kind != OPND_IMM);
    if (c->be->features & HOST_AVX) {
        if (b.kind == OPND_MEM)
            x_vrm(&c->a, insn, 0, dst, a, b.mem);
        else
            x_vrr(&c->a, insn, 0, dst, a, (unsigned)b.reg);
        return;
    }
    if (dst != a) {
        assert(b.kind == OPND_MEM || (unsigned)b.reg != dst);
        x_rr(&c->a, X86_MOVAPS_RM, 0, dst, a);
    }
    if (b.kind == OPND_MEM)
        x_rm(&c->a, insn, 0, dst, b.mem);
    else
        x_rr(&c->a, insn, 0, dst, (unsigned)b.reg);
}
