#include "backend/x86_64/compiler.h"
#include "backend/x86_64/xmm.h"

#include <assert.h>

void ra_reset(struct compiler *c)
{
    for (unsigned r = 0; r < SCRATCH_COUNT; r++)
        c->ra.owner[r] = NO_VALUE;
    c->ra.locked = 0;
    c->ra.reserved = 0;
    memset(c->ra.spills, 0, sizeof(c->ra.spills));
    memset(c->ra.left, 0, sizeof(c->ra.left));
    c->ra.alias_count = 0;
    xa_forget(c);
    c->ra.xlocked = 0;
    c->ra.xspills = c->ra.xleft = 0;
}

static unsigned value_wide(const struct compiler *c, int32_t v)
{
    return ir_op_result_type(op_of(c, v)) == IR_I64;
}

unsigned ra_spill_alloc(struct compiler *c)
{
    unsigned word = 0;
    while (c->ra.spills[word] == UINT64_MAX) {
        word++;
        assert(word < SPILLS / 64);
    }
    unsigned n = 64 * word + (unsigned)__builtin_ctzll(~c->ra.spills[word]);
    c->ra.spills[word] |= BIT64(n & 63);
    return n;
}

void ra_spill_free(struct compiler *c, unsigned n)
{
    c->ra.spills[n / 64] &= ~BIT64(n & 63);
}

/* Give value @v a place in the spill area. */
static struct x86_mem spill_place(struct compiler *c, int32_t v)
{
    unsigned n = ra_spill_alloc(c);
    c->val[v].loc = LOC_SPILL;
    c->val[v].off = (uint16_t)n;
    return spill_mem(n);
}

static void evict(struct compiler *c, unsigned reg)
{
    int32_t v = c->ra.owner[reg];
    if (c->val[v].home && ra_alias_room(c)) {
        c->ra.owner[reg] = NO_VALUE;
        ra_alias(c, v, &(struct value){.loc = LOC_ENV, .off = c->val[v].home, .width = 2}, 0);
        return;
    }
    c->val[v].home = 0;
    x_mov_mr(&c->a, value_wide(c, v), spill_place(c, v), reg);
    c->ra.owner[reg] = NO_VALUE;
}

/* The unlocked register whose value is needed last. */
static unsigned pick_victim(const struct compiler *c)
{
    int best = NO_REG;
    for (unsigned r = 0; r < SCRATCH_COUNT; r++) {
        if ((c->ra.locked | c->ra.reserved) >> r & 1)
            continue;
        if (best == NO_REG || c->val[c->ra.owner[r]].last > c->val[c->ra.owner[best]].last)
            best = (int)r;
    }
    assert(best != NO_REG);
    return (unsigned)best;
}

/* A register without a value, or NO_REG. Pending flags may depend on it if @held. */
static int free_register(const struct compiler *c, bool held)
{
    for (unsigned r = 0; r < SCRATCH_COUNT; r++)
        if (c->ra.owner[r] == NO_VALUE && !((c->ra.locked | c->ra.reserved) >> r & 1) &&
            (held || !pending_holds(c, r)))
            return (int)r;
    return NO_REG;
}

unsigned ra_idle(const struct compiler *c)
{
    unsigned idle = 0;
    for (unsigned r = 0; r < SCRATCH_COUNT; r++)
        if (c->ra.owner[r] == NO_VALUE && !((c->ra.locked | c->ra.reserved) >> r & 1) &&
            !pending_holds(c, r))
            idle |= 1u << r;
    return idle;
}

unsigned ra_alloc(struct compiler *c)
{
    int reg = free_register(c, false);
    if (reg == NO_REG)
        reg = free_register(c, true);
    if (reg == NO_REG) {
        reg = (int)pick_victim(c);
        evict(c, (unsigned)reg);
    }
    c->ra.locked |= 1u << reg;
    pending_leave(c, (unsigned)reg);
    return (unsigned)reg;
}

void ra_unlock(struct compiler *c, unsigned reg)
{
    if (reg < SCRATCH_COUNT)
        c->ra.locked &= (uint8_t) ~(1u << reg);
}

void ra_own(struct compiler *c, int32_t i, unsigned reg)
{
    struct value *v = &c->val[i];
    assert(reg < SCRATCH_COUNT);
    v->loc = LOC_REG;
    v->home = 0;
    v->reg = (uint8_t)reg;
    c->ra.owner[reg] = i;
}

/* Load a value that is in memory, a constant or an unevaluated sum. */
static void load_into(struct compiler *c, const struct value *v, unsigned w, unsigned reg)
{
    struct code *a = &c->a;
    if (v->loc == LOC_SPILL) {
        x_mov_rm(a, w, reg, spill_mem(v->off));
        return;
    }
    if (v->loc == LOC_PIN) {
        if (v->disp)
            x_rm(a, X86_LEA, 0, reg, x_mem(v->reg, v->disp));
        else
            x_mov_rr(a, 0, reg, v->reg);
        return;
    }
    assert(v->loc == LOC_ENV);
    static const uint8_t insn[] = {X86_MOVZX8, X86_MOVZX16, X86_MOV_RM, X86_MOV_RM};
    x_rm(a, insn[v->width], v->width == 3, reg, env_mem(v->off));
    if (v->disp)
        x_rm(a, X86_LEA, 0, reg, x_mem((int)reg, v->disp));
}

static unsigned load_const(struct compiler *c, int32_t v)
{
    unsigned reg = ra_alloc(c);
    uint64_t imm = op_of(c, v)->imm;
    if (imm == 0 && !c->a.eflags && c->fused_cc < 0)
        x_alu_rr(&c->a, ALU_XOR, 0, reg, reg);
    else
        x_mov_ri(&c->a, reg, imm);
    return reg;
}

unsigned ra_reg(struct compiler *c, int32_t i)
{
    struct value *v = &c->val[i];
    if (v->loc == LOC_REG) {
        c->ra.locked |= 1u << v->reg;
        return v->reg;
    }
    if (v->loc == LOC_PIN && v->disp == 0)
        return v->reg;
    if (v->loc == LOC_CONST)
        return load_const(c, i);
    assert(v->loc != LOC_NONE);
    unsigned reg = ra_alloc(c);
    load_into(c, v, value_wide(c, i), reg);
    if (v->loc == LOC_SPILL)
        c->ra.left[v->off / 64] |= BIT64(v->off & 63);
    unsigned home = v->loc == LOC_ENV && !v->disp && v->width == 2 && !value_wide(c, i) ? v->off
                                                                                        : 0u;
    ra_own(c, i, reg);
    v->home = (uint16_t)home;
    return reg;
}

unsigned ra_reg_disp(struct compiler *c, int32_t i, unsigned scale, int32_t *disp)
{
    const struct value *v = &c->val[i];
    bool relative = op_of(c, i)->opcode == IR_OP_pcrel && v->loc == LOC_ENV;
    if (v->loc != LOC_PIN && !relative)
        return ra_reg(c, i);
    *disp = (int32_t)((uint32_t)*disp + ((uint32_t)v->disp << scale));
    if (!relative)
        return v->reg;
    unsigned reg = ra_alloc(c);
    x_mov_rm(&c->a, 0, reg, env_mem(v->off));
    return reg;
}

void ra_stored(struct compiler *c, unsigned offset, unsigned size, int32_t i)
{
    for (unsigned r = 0; r < SCRATCH_COUNT; r++) {
        if (c->ra.owner[r] == NO_VALUE)
            continue;
        struct value *v = &c->val[c->ra.owner[r]];
        if (v->home < offset + size && offset < v->home + 4u)
            v->home = 0;
    }
    if (i != NO_VALUE && c->val[i].loc == LOC_REG && size == 4) {
        c->val[i].home = (uint16_t)offset;
        pending_stored(c, c->val[i].reg, offset);
    }
}

unsigned ra_peek(struct compiler *c, int32_t i)
{
    const struct value *v = &c->val[i];
    if ((v->loc != LOC_PIN && v->loc != LOC_ENV) || (v->loc == LOC_PIN && v->disp == 0))
        return ra_reg(c, i);
    unsigned reg = ra_alloc(c);
    load_into(c, v, value_wide(c, i), reg);
    return reg;
}

static struct opnd opnd_reg(unsigned reg)
{
    return (struct opnd){.kind = OPND_REG, .reg = (int)reg};
}

static struct opnd opnd_mem(struct x86_mem m)
{
    return (struct opnd){.kind = OPND_MEM, .reg = NO_REG, .mem = m};
}

struct opnd ra_rm(struct compiler *c, int32_t i)
{
    const struct value *v = &c->val[i];
    if (v->loc == LOC_SPILL)
        return opnd_mem(spill_mem(v->off));
    if (v->loc == LOC_ENV && v->disp == 0 && v->width == 2 + value_wide(c, i))
        return opnd_mem(env_mem(v->off));
    return opnd_reg(ra_reg(c, i));
}

struct opnd ra_opnd(struct compiler *c, int32_t i)
{
    if (c->val[i].loc == LOC_CONST) {
        uint64_t imm = op_of(c, i)->imm;
        if (!value_wide(c, i) || (int64_t)imm == (int32_t)imm)
            return (struct opnd){.kind = OPND_IMM, .reg = NO_REG, .imm = (int32_t)imm};
    }
    return ra_rm(c, i);
}

unsigned ra_dest(struct compiler *c, int32_t i, int32_t hint)
{
    struct value *v = &c->val[i];
    if (v->want != NO_REG) {
        unsigned reg = (unsigned)v->want;
        ra_detach_pin(c, reg);
        v->loc = LOC_PIN;
        v->reg = (uint8_t)reg;
        v->disp = 0;
        return reg;
    }
    unsigned reg;
    if (hint >= 0 && c->val[hint].loc == LOC_REG && c->val[hint].last == i &&
        (!pending_holds(c, c->val[hint].reg) || free_register(c, false) == NO_REG))
        reg = c->val[hint].reg;
    else
        reg = ra_alloc(c);
    c->ra.locked |= 1u << reg;
    pending_leave(c, reg);
    ra_own(c, i, reg);
    return reg;
}

/* Drop list entries that are dead or have a place of their own. */
static void aliases_prune(struct compiler *c)
{
    uint32_t n = 0;
    for (uint32_t k = 0; k < c->ra.alias_count; k++) {
        const struct value *v = &c->val[c->ra.alias[k]];
        if ((v->loc == LOC_PIN || v->loc == LOC_ENV || v->loc == LOC_XPIN) && v->last >= c->i)
            c->ra.alias[n++] = c->ra.alias[k];
    }
    c->ra.alias_count = n;
}

bool ra_alias_room(struct compiler *c)
{
    if (c->ra.alias_count == ALIASES_MAX)
        aliases_prune(c);
    return c->ra.alias_count < ALIASES_MAX;
}

void ra_alias(struct compiler *c, int32_t i, const struct value *as, int32_t disp)
{
    struct value *v = &c->val[i];
    v->loc = as->loc;
    v->reg = as->reg;
    v->off = as->off;
    v->width = as->width;
    v->disp = disp;
    if (c->ra.alias_count == ALIASES_MAX)
        aliases_prune(c);
    if (c->ra.alias_count == ALIASES_MAX && xa_value(c, i)) {
        xa_unlock(c, xa_own_reg(c, i));
        return;
    }
    if (c->ra.alias_count == ALIASES_MAX) { /* very many at once: give up laziness */
        uint8_t locked = c->ra.locked;
        ra_reg(c, i);
        c->ra.locked = locked;
        if (v->loc == LOC_PIN) {
            unsigned reg = ra_alloc(c);
            load_into(c, v, 0, reg);
            ra_own(c, i, reg);
            c->ra.locked = locked;
        }
        return;
    }
    c->ra.alias[c->ra.alias_count++] = i;
}

/* Does @v alias the pinned register @reg (when >= 0), or the state bytes? */
static bool aliases(const struct value *v, int reg, unsigned offset, unsigned size)
{
    if (v->loc == LOC_PIN)
        return v->reg == reg;
    if (v->loc == LOC_XPIN)
        return v->reg + PIN_XMM == reg;
    return reg == NO_REG && v->off < offset + size && offset < v->off + (1u << v->width);
}

static void detach(struct compiler *c, int reg, unsigned offset, unsigned size, bool all)
{
    if (!c->ra.alias_count)
        return;
    aliases_prune(c);
    for (uint32_t k = 0; k < c->ra.alias_count; k++) {
        int32_t i = c->ra.alias[k];
        struct value *v = &c->val[i];
        if (v->last <= c->i || (v->loc != LOC_PIN && v->loc != LOC_ENV && v->loc != LOC_XPIN))
            continue;
        if (!all && !aliases(v, reg, offset, size))
            continue;
        if (xa_value(c, i)) {
            xa_unlock(c, xa_own_reg(c, i));
            continue;
        }
        unsigned to = ra_alloc(c);
        load_into(c, v, value_wide(c, i), to);
        ra_own(c, i, to);
        ra_unlock(c, to);
    }
}

void ra_detach_pin(struct compiler *c, unsigned reg)
{
    detach(c, (int)reg, 0, 0, false);
}

void ra_move_to_pin(struct compiler *c, int32_t i, unsigned reg)
{
    struct value *v = &c->val[i], from = *v;
    v->loc = LOC_NONE; /* not to be detached itself */
    if (from.loc == LOC_REG)
        c->ra.locked |= 1u << from.reg;
    ra_detach_pin(c, reg);
    if (from.loc == LOC_REG) {
        x_mov_rr(&c->a, 0, reg, from.reg);
        c->ra.owner[from.reg] = NO_VALUE;
    } else {
        load_into(c, &from, 0, reg);
        if (from.loc == LOC_SPILL)
            ra_spill_free(c, from.off);
    }
    ra_alias(c, i, &(struct value){.loc = LOC_PIN, .reg = (uint8_t)reg}, 0);
}

void ra_detach_env(struct compiler *c, unsigned offset, unsigned size)
{
    detach(c, NO_REG, offset, size, false);
}

void ra_detach_all(struct compiler *c)
{
    detach(c, NO_REG, 0, 0, true);
}

void ra_flush(struct compiler *c)
{
    for (unsigned r = 0; r < SCRATCH_COUNT; r++) {
        int32_t v = c->ra.owner[r];
        if (v != NO_VALUE && c->val[v].last > c->i)
            evict(c, r);
        pending_leave(c, r);
    }
    xa_flush(c);
}

static void release(struct compiler *c, struct value *v, int32_t i)
{
    if (v->loc == LOC_REG && c->ra.owner[v->reg] == i)
        c->ra.owner[v->reg] = NO_VALUE;
    else if (v->loc == LOC_SPILL)
        ra_spill_free(c, v->off);
    else if (v->loc == LOC_XMM || v->loc == LOC_XSPILL)
        xa_release(c, i);
    if (v->loc != LOC_CONST)
        v->loc = LOC_NONE;
}

/* The arguments of @op that were needed up to op @i. */
static void release_args(struct compiler *c, const struct ir_op *op, int32_t i)
{
    for (unsigned k = 0; k < ir_op_info[op->opcode].nargs; k++) {
        int32_t v = op->arg[k];
        if (v != IR_NONE && c->val[v].last == i)
            release(c, &c->val[v], v);
    }
}

void ra_end_op(struct compiler *c, int32_t i)
{
    int32_t sum = c->val[i].address;
    c->ra.locked = 0;
    c->ra.xlocked = 0;
    for (unsigned k = 0; k < SPILLS / 64; k++)
        c->ra.spills[k] &= ~c->ra.left[k];
    memset(c->ra.left, 0, sizeof(c->ra.left));
    c->ra.xspills &= ~c->ra.xleft;
    c->ra.xleft = 0;
    release_args(c, op_of(c, i), i);
    if (sum != NO_VALUE) {
        release_args(c, op_of(c, sum), i);
        if (c->val[sum].last == i)
            release(c, &c->val[sum], sum);
    }
    if (c->val[i].uses == 0)
        release(c, &c->val[i], i);
}

void ra_move(struct compiler *c, unsigned w, unsigned reg, struct opnd from)
{
    if (from.kind == OPND_IMM)
        x_mov_ri(&c->a, reg, w ? (uint64_t)(int64_t)from.imm : (uint32_t)from.imm);
    else if (from.kind == OPND_MEM)
        x_mov_rm(&c->a, w, reg, from.mem);
    else if ((unsigned)from.reg != reg)
        x_mov_rr(&c->a, w, reg, (unsigned)from.reg);
}

void x_alu_opnd(struct code *a, enum x86_alu k, unsigned w, unsigned dst, struct opnd from)
{
    if (from.kind == OPND_IMM)
        x_alu_ri(a, k, w, dst, from.imm);
    else if (from.kind == OPND_MEM)
        x_alu_rm(a, k, w, dst, from.mem);
    else
        x_alu_rr(a, k, w, dst, (unsigned)from.reg);
}

void x_insn_opnd(struct code *a, enum x86_form insn, unsigned w, unsigned reg, struct opnd from)
{
    assert(from.kind != OPND_IMM);
    if (from.kind == OPND_MEM)
        x_rm(a, insn, w, reg, from.mem);
    else
        x_rr(a, insn, w, reg, (unsigned)from.reg);
}

static bool is_source_of_other(const struct move *moves, unsigned count, unsigned k)
{
    for (unsigned j = 0; j < count; j++)
        if (j != k && moves[j].src.kind == OPND_REG && (unsigned)moves[j].src.reg == moves[k].dst)
            return true;
    return false;
}

void ra_parallel_move(struct compiler *c, struct move *moves, unsigned count)
{
    while (count) {
        unsigned k = 0;
        while (k < count && is_source_of_other(moves, count, k))
            k++;
        if (k < count) {
            ra_move(c, moves[k].w, moves[k].dst, moves[k].src);
            moves[k] = moves[--count];
            continue;
        }
        /* A cycle of registers: exchange the first pair, and rename in the others. */
        unsigned x = moves[0].dst, y = (unsigned)moves[0].src.reg;
        x_rr(&c->a, X86_XCHG, 1, x, y);
        moves[0] = moves[--count];
        for (k = 0; k < count; k++)
            if (moves[k].src.kind == OPND_REG) {
                if ((unsigned)moves[k].src.reg == x)
                    moves[k].src.reg = (int)y;
                else if ((unsigned)moves[k].src.reg == y)
                    moves[k].src.reg = (int)x;
            }
    }
}
