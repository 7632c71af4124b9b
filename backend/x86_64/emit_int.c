/* Values, slots and integer arithmetic. */
#include "backend/x86_64/compiler.h"
#include "backend/x86_64/xmm.h"

/* ---- values ---------------------------------------------------------------------------------- */

void emit_const(struct compiler *c, const struct ir_op *op, int32_t i)
{
    c->val[i].loc = LOC_CONST;
}

static unsigned slot_width(const struct ir_slot *slot)
{
    static const uint8_t width[] = {[IR_I8] = 0,  [IR_I16] = 1, [IR_I32] = 2, [IR_I64] = 3,
                                    [IR_F32] = 2, [IR_F64] = 3, [IR_V64] = 3,
                                    [IR_V128] = 4};
    assert(slot->type >= IR_I8 && slot->type <= IR_V128);
    return width[slot->type];
}

void emit_get(struct compiler *c, const struct ir_op *op, int32_t i)
{
    const struct ir_slot *slot = &c->b->target->slots[op->imm];
    int reg = c->pin_of_slot[op->imm];
    struct value as = {.loc = LOC_ENV, .off = slot->offset, .width = (uint8_t)slot_width(slot)};
    if (reg >= PIN_XMM)
        as = (struct value){.loc = LOC_XPIN, .reg = (uint8_t)(reg - PIN_XMM)};
    else if (reg != NO_REG)
        as = (struct value){.loc = LOC_PIN, .reg = (uint8_t)reg};
    ra_alias(c, i, &as, 0);
}

/* The unevaluated page base + imm; the page base does not change within a block. */
void emit_pcrel(struct compiler *c, const struct ir_op *op, int32_t i)
{
    struct value *v = &c->val[i];
    v->loc = LOC_ENV;
    v->off = offsetof(struct ir_env, page_base);
    v->width = 2;
    v->disp = (int32_t)op->imm;
}

static void set_pinned(struct compiler *c, unsigned reg, int32_t v)
{
    struct value *from = &c->val[v];
    if (from->loc == LOC_PIN && from->reg == reg && from->disp == 0) {
        if (from->want != NO_REG) { /* computed in place; from now on it is an alias of the slot */
            from->want = NO_REG;
            ra_alias(c, v, from, 0);
        }
        return;
    }
    if (from->loc == LOC_CONST) {
        ra_detach_pin(c, reg);
        if (op_of(c, v)->imm == 0 && !c->a.eflags)
            x_alu_rr(&c->a, ALU_XOR, 0, reg, reg);
        else
            x_mov_ri(&c->a, reg, (uint32_t)op_of(c, v)->imm);
        return;
    }
    ra_move_to_pin(c, v, reg);
}

static void store_imm(struct code *a, unsigned width, struct x86_mem m, int32_t imm)
{
    static const uint8_t insn[] = {X86_MOV8_MI, X86_MOV16_MI, X86_MOV_MI, X86_MOV_MI};
    x_m(a, insn[width], width == 3, m);
    if (width == 0)
        x_u8(a, (unsigned)imm);
    else if (width == 1)
        x_u16(a, (uint16_t)imm);
    else
        x_u32(a, (uint32_t)imm);
}

static void store_reg(struct code *a, unsigned width, struct x86_mem m, unsigned reg)
{
    static const uint8_t insn[] = {X86_MOV8_MR, X86_MOV16_MR, X86_MOV_MR, X86_MOV_MR};
    x_rm(a, insn[width], width == 3, reg, m);
}

static void set_xmm(struct compiler *c, const struct ir_slot *slot, int32_t v)
{
    enum x86_form insn = xa_store_form(slot->type);
    unsigned reg = xa_reg(c, v);
    struct opnd to = {.kind = OPND_MEM, .reg = NO_REG, .mem = env_mem(slot->offset)};
    ra_detach_env(c, slot->offset, 1u << slot_width(slot));
    x_op2(c, insn, 0, reg, to);
    xa_stored(c, slot->offset, 1u << slot_width(slot), v);
    ra_stored(c, slot->offset, 1u << slot_width(slot), NO_VALUE);
}

void emit_set(struct compiler *c, const struct ir_op *op, int32_t i)
{
    int pin = c->pin_of_slot[op->imm];
    if (pin >= PIN_XMM) {
        xa_move_to_pin(c, op->arg[0], (unsigned)pin - PIN_XMM);
        return;
    }
    if (pin != NO_REG) {
        set_pinned(c, (unsigned)pin, op->arg[0]);
        return;
    }
    const struct ir_slot *slot = &c->b->target->slots[op->imm];
    if (xa_type(slot->type)) {
        set_xmm(c, slot, op->arg[0]);
        return;
    }
    unsigned width = slot_width(slot);
    struct opnd v = ra_opnd(c, op->arg[0]);
    if (v.kind == OPND_MEM)
        v = (struct opnd){.kind = OPND_REG, .reg = (int)ra_reg(c, op->arg[0])};
    ra_detach_env(c, slot->offset, 1u << width);
    xa_stored(c, slot->offset, 1u << width, NO_VALUE);
    ra_stored(c, slot->offset, 1u << width, op->arg[0]);
    if (v.kind == OPND_IMM)
        store_imm(&c->a, width, env_mem(slot->offset), v.imm);
    else
        store_reg(&c->a, width, env_mem(slot->offset), (unsigned)v.reg);
}

/* ---- two-operand arithmetic
 * ---------------------------------------------------------------------- */

static bool dies_in_reg(const struct compiler *c, int32_t v, struct opnd o)
{
    return o.kind == OPND_REG && o.reg < SCRATCH_COUNT && c->val[v].loc == LOC_REG &&
           c->val[v].last == c->i;
}

static void load_carry(struct compiler *c, enum x86_alu k)
{
    struct code *a = &c->a;
    bool inverted = k == ALU_SBB;
    if (a->eflags & IR_FLAG_C) {
        if (a->cinv != inverted)
            x_cmc(a);
    } else {
        code_load_carry(a, inverted);
    }
}

/* The value is not used: cmp or test. */
static void flags_only(struct compiler *c, const struct ir_op *op, enum x86_alu k, unsigned w)
{
    struct opnd b = ra_opnd(c, op->arg[1]);
    struct opnd a = ra_rm(c, op->arg[0]);
    if (a.kind == OPND_MEM && (b.kind == OPND_MEM || k == ALU_AND))
        a = (struct opnd){.kind = OPND_REG, .reg = (int)ra_reg(c, op->arg[0])};
    if (k == ALU_SUB) {
        if (a.kind == OPND_REG)
            x_alu_opnd(&c->a, ALU_CMP, w, (unsigned)a.reg, b);
        else if (b.kind == OPND_IMM)
            x_alu_mi(&c->a, ALU_CMP, w, a.mem, b.imm);
        else
            x_alu_mr(&c->a, ALU_CMP, w, a.mem, (unsigned)b.reg);
    } else if (b.kind == OPND_IMM) {
        x_r(&c->a, X86_TEST_I, w, (unsigned)a.reg);
        x_u32(&c->a, (uint32_t)b.imm);
    } else {
        x_insn_opnd(&c->a, X86_TEST_MR, w, (unsigned)a.reg, b);
    }
}

/* Will EFLAGS be changed before an op behind @i reads them? */
static bool eflags_change_first(const struct compiler *c, int32_t i)
{
    for (int32_t k = i + 1; k < (int32_t)c->b->count; k++) {
        const struct ir_op *op = op_of(c, k);
        if (c->val[k].dead)
            continue;
        if (ir_op_info[op->opcode].effects & (IR_EFF_RDF | IR_EFF_BR | IR_EFF_END))
            return false;
        switch (op->opcode) {
        case IR_OP_mul:
        case IR_OP_and:
        case IR_OP_or:
        case IR_OP_xor:
            return true;
        case IR_OP_shl:
        case IR_OP_shr:
        case IR_OP_sar:
            return op_is_const(c, op->arg[1]);
        default:
            break;
        }
    }
    return false;
}

/* A comparison that is better made when its flags are needed. */
static bool compare_later(struct compiler *c, const struct ir_op *op, int32_t i)
{
    unsigned store = c->val[i].fstore;
    if (store == IR_FLAG_C || i == c->join_compare || !eflags_change_first(c, i) ||
        !pending_add(c, op, i, store))
        return false;
    c->a.eflags = 0;
    return true;
}

/* dst := a k b, for any placement of the operands. */
void emit_two_operand(struct compiler *c, const struct ir_op *op, int32_t i, enum x86_alu k)
{
    unsigned w = op_wide(op);
    bool commutes = ir_op_info[op->opcode].effects & IR_EFF_COMM;
    int32_t va = op->arg[0], vb = op->arg[1];
    if (commutes && op_is_const(c, va)) {
        va = op->arg[1];
        vb = op->arg[0];
    }
    struct opnd a = ra_opnd(c, va), b = ra_opnd(c, vb);
    if (commutes && !dies_in_reg(c, va, a) && dies_in_reg(c, vb, b)) {
        struct opnd t = a;
        a = b;
        b = t;
        va = vb;
    }
    unsigned dst = ra_dest(c, i, va), work = dst;
    if (b.reg == (int)dst && a.reg != (int)dst) {
        if (commutes) {
            b = a;
            a.kind = OPND_REG;
            a.reg = (int)dst;
        } else {
            work = ra_alloc(c);
        }
    }
    ra_move(c, w, work, a);
    if (k == ALU_ADC || k == ALU_SBB)
        load_carry(c, k);
    x_alu_opnd(&c->a, k, w, work, b);
    if (work != dst)
        x_mov_rr(&c->a, w, dst, work);
}

static void arithmetic(struct compiler *c, const struct ir_op *op, int32_t i, enum x86_alu k,
                       unsigned avail)
{
    bool test = k == ALU_SUB || k == ALU_AND;
    bool compares = test && c->val[i].uses == 0;
    if (compares && compare_later(c, op, i))
        return;
    if (compares)
        flags_only(c, op, k, op_wide(op));
    else
        emit_two_operand(c, op, i, k);
    flags_define(c, op, i, avail, k == ALU_SUB || k == ALU_SBB);
}

/* Value := alias + constant stays unevaluated: it becomes a displacement where it is an address. */
static bool lazy_sum(struct compiler *c, const struct ir_op *op, int32_t i, int sign)
{
    int32_t va = op->arg[0], vb = op->arg[1];
    if (op->fw || op->type != IR_I32)
        return false;
    if (sign > 0 && op_is_const(c, va)) {
        va = op->arg[1];
        vb = op->arg[0];
    }
    const struct value *a = &c->val[va];
    if (!op_is_const(c, vb) || c->val[i].want != NO_REG || a->want != NO_REG)
        return false;
    if (a->loc != LOC_PIN && !(a->loc == LOC_ENV && a->width == 2))
        return false;
    uint32_t imm = (uint32_t)op_of(c, vb)->imm;
    ra_alias(c, i, a, (int32_t)((uint32_t)a->disp + (sign > 0 ? imm : -imm)));
    return true;
}

/* Sum without flags, by lea. */
static bool lea_sum(struct compiler *c, const struct ir_op *op, int32_t i, int sign)
{
    unsigned w = op_wide(op);
    int32_t va = op->arg[0], vb = op->arg[1];
    if (op->fw)
        return false;
    if (sign > 0 && op_is_const(c, va)) {
        va = op->arg[1];
        vb = op->arg[0];
    }
    if (op_is_const(c, vb) && w && (int64_t)op_of(c, vb)->imm != (int32_t)op_of(c, vb)->imm)
        return false;
    struct opnd b = ra_opnd(c, vb);
    if (b.kind == OPND_MEM || (sign < 0 && (b.kind != OPND_IMM || b.imm == INT32_MIN)))
        return false;
    const struct value *lazy = &c->val[va];
    if (b.kind == OPND_IMM && lazy->loc == LOC_PIN && lazy->disp) { /* two displacements in one */
        unsigned base = lazy->reg;
        int32_t disp = (int32_t)((uint32_t)lazy->disp + (uint32_t)(sign * b.imm));
        x_rm(&c->a, X86_LEA, 0, ra_dest(c, i, NO_VALUE), x_mem((int)base, disp));
        return true;
    }
    struct opnd a = ra_opnd(c, va);
    if (a.kind != OPND_REG)
        return false;
    unsigned dst = ra_dest(c, i, b.kind == OPND_REG && dies_in_reg(c, vb, b) ? vb : va);
    bool in_place = (int)dst == a.reg || (b.kind == OPND_REG && (int)dst == b.reg);
    if (in_place && !c->a.eflags) {
        struct opnd other = (int)dst == a.reg ? b : a;
        x_alu_opnd(&c->a, sign > 0 || other.kind == OPND_REG ? ALU_ADD : ALU_SUB, w, dst, other);
    } else if (b.kind == OPND_IMM) {
        x_rm(&c->a, X86_LEA, w, dst, x_mem(a.reg, sign * b.imm));
    } else {
        x_rm(&c->a, X86_LEA, w, dst, x_memx(a.reg, b.reg, 0, 0));
    }
    return true;
}

void emit_add(struct compiler *c, const struct ir_op *op, int32_t i)
{
    if (!emit_sum_that_tells(c, op, i) && !lazy_sum(c, op, i, 1) && !window_takes_sum(c, op, i) &&
        !direct_takes_sum(c, op, i) && !lea_sum(c, op, i, 1))
        arithmetic(c, op, i, ALU_ADD, IR_NZCV);
}

void emit_sub(struct compiler *c, const struct ir_op *op, int32_t i)
{
    if (!lazy_sum(c, op, i, -1) && !lea_sum(c, op, i, -1))
        arithmetic(c, op, i, ALU_SUB, IR_NZCV);
}

/* By lea, whatever the base is. */
void emit_index(struct compiler *c, const struct ir_op *op, int32_t i)
{
    if (window_takes_sum(c, op, i))
        return;
    unsigned w = op_wide(op), index = ra_reg(c, op->arg[1]);
    int32_t disp = 0;
    unsigned base = ra_reg_disp(c, op->arg[0], 0, &disp);
    struct x86_mem m = x_memx((int)base, (int)index, (unsigned)op->imm, disp);
    x_rm(&c->a, X86_LEA, w, ra_dest(c, i, op->arg[1]), m);
}

void emit_adc(struct compiler *c, const struct ir_op *op, int32_t i)
{
    arithmetic(c, op, i, ALU_ADC, IR_NZCV);
}

void emit_sbc(struct compiler *c, const struct ir_op *op, int32_t i)
{
    arithmetic(c, op, i, ALU_SBB, IR_NZCV);
}

void emit_and(struct compiler *c, const struct ir_op *op, int32_t i)
{
    arithmetic(c, op, i, ALU_AND, IR_NZ);
}

/* Is the value of op @get, of a slot, still the slot's at op @i? */
static bool slot_unchanged(const struct compiler *c, int32_t get, int32_t i)
{
    unsigned slot = (unsigned)op_of(c, get)->imm;
    for (int32_t k = get + 1; k < i; k++) {
        const struct ir_op *op = op_of(c, k);
        if (op->opcode == IR_OP_call || op->opcode == IR_OP_callz || op->opcode == IR_OP_label ||
            (op->opcode == IR_OP_set && ir_slots_overlap(c->b->target, (unsigned)op->imm, slot)))
            return false;
    }
    return true;
}

int32_t sticky_bits(const struct compiler *c, int32_t i)
{
    const struct ir_op *op = op_of(c, i);
    if (op->opcode != IR_OP_or || op->fw || c->val[i].uses != 1 || i + 1 >= (int32_t)c->b->count)
        return NO_VALUE;
    const struct ir_op *set = op_of(c, i + 1);
    if (set->opcode != IR_OP_set || set->arg[0] != i || c->b->target->slots[set->imm].type != IR_I8)
        return NO_VALUE;
    for (unsigned k = 0; k < 2; k++) {
        const struct ir_op *get = op_of(c, op->arg[k]);
        if (get->opcode == IR_OP_get && get->imm == set->imm && slot_unchanged(c, op->arg[k], i))
            return op->arg[k ^ 1];
    }
    return NO_VALUE;
}

/* Bits of a slot of 8 bits that are set and stay: most often there are none, and the host foresees
 * that. A store in any case would make one chain of all such instructions. */
static bool set_sticky(struct compiler *c, int32_t i)
{
    int32_t bits = sticky_bits(c, i);
    if (bits == NO_VALUE || c->group_open >= 0)
        return false;
    const struct ir_slot *slot = &c->b->target->slots[op_of(c, i + 1)->imm];
    bool one = c->fused_cc >= 0;
    unsigned reg = one ? 0 : ra_reg(c, bits);
    ra_detach_env(c, slot->offset, 1);
    xa_stored(c, slot->offset, 1, NO_VALUE);
    ra_stored(c, slot->offset, 1, NO_VALUE);
    if (!one)
        x_rr(&c->a, X86_TEST_MR, 0, reg, reg);
    uint8_t *none = x_jcc(&c->a, one ? (enum x86_cc)(c->fused_cc ^ 1) : CC_E);
    c->fused_cc = -1;
    if (one) {
        x_m(&c->a, X86_OR8_MI, 0, env_mem(slot->offset));
        x_u8(&c->a, 1);
    } else {
        x_rm(&c->a, X86_OR8_MR, 0, reg, env_mem(slot->offset));
    }
    x_patch_here(&c->a, none);
    c->a.eflags = 0;
    c->val[i + 1].dead = true;
    return true;
}

void emit_or(struct compiler *c, const struct ir_op *op, int32_t i)
{
    if (set_sticky(c, i))
        return;
    arithmetic(c, op, i, ALU_OR, IR_NZ);
}

void emit_xor(struct compiler *c, const struct ir_op *op, int32_t i)
{
    arithmetic(c, op, i, ALU_XOR, IR_NZ);
}

/* Where the destination is pinned, and where b is: by another register. */
void emit_xor8(struct compiler *c, const struct ir_op *op, int32_t i)
{
    struct opnd a = ra_opnd(c, op->arg[0]);
    unsigned b = ra_reg(c, op->arg[1]), dst = ra_dest(c, i, op->arg[0]);
    unsigned t = dst == b ? ra_alloc(c) : dst;
    ra_move(c, 0, t, a);
    x_rr(&c->a, X86_XOR8_RM, 0, t, b);
    if (t != dst)
        x_mov_rr(&c->a, 0, dst, t);
}

void emit_andn(struct compiler *c, const struct ir_op *op, int32_t i)
{
    unsigned w = op_wide(op);
    struct code *a = &c->a;
    struct opnd x = ra_rm(c, op->arg[0]);
    if (op_is_const(c, op->arg[1])) {
        uint64_t mask = ~op_of(c, op->arg[1])->imm;
        if (!w || (int64_t)mask == (int32_t)mask) {
            unsigned dst = ra_dest(c, i, op->arg[0]);
            ra_move(c, w, dst, x);
            x_alu_ri(a, ALU_AND, w, dst, (int32_t)mask);
            flags_define(c, op, i, IR_NZ, false);
            return;
        }
    }
    unsigned y = ra_reg(c, op->arg[1]);
    unsigned dst = ra_dest(c, i, NO_VALUE);
    if (c->be->features & HOST_BMI1) {
        if (x.kind == OPND_MEM)
            x_vrm(a, X86_ANDN, w, dst, y, x.mem);
        else
            x_vrr(a, X86_ANDN, w, dst, y, (unsigned)x.reg);
    } else {
        unsigned work = x.reg == (int)dst ? ra_alloc(c) : dst;
        ra_move(c, w, work, (struct opnd){.kind = OPND_REG, .reg = (int)y});
        x_r(a, X86_NOT, w, work);
        x_alu_opnd(a, ALU_AND, w, work, x);
        if (work != dst)
            x_mov_rr(a, w, dst, work);
    }
    flags_define(c, op, i, IR_NZ, false);
}

/* dst := a, for ops that work in place on their only operand. */
static unsigned copy_operand(struct compiler *c, const struct ir_op *op, int32_t i)
{
    struct opnd a = ra_opnd(c, op->arg[0]);
    unsigned dst = ra_dest(c, i, op->arg[0]);
    ra_move(c, op_wide(op), dst, a);
    return dst;
}

void emit_not(struct compiler *c, const struct ir_op *op, int32_t i)
{
    unsigned dst = copy_operand(c, op, i);
    x_r(&c->a, X86_NOT, op_wide(op), dst);
    flags_test(c, op, i, op_wide(op), dst);
}

void emit_neg(struct compiler *c, const struct ir_op *op, int32_t i)
{
    x_r(&c->a, X86_NEG, op_wide(op), copy_operand(c, op, i));
}

/* Neighbours are stored together. */
void store_constant_flags(struct code *a, unsigned mask, unsigned set)
{
    uint32_t bytes = 0;
    for (unsigned k = 0; k < 4; k++)
        bytes |= (uint32_t)(set >> (FLAG_V - k) & 1) << 8 * k;
    if (mask == IR_NZCV) {
        x_m(a, X86_MOV_MI, 0, ENV_FLAG(FLAG_N));
        x_u32(a, bytes);
        return;
    }
    for (unsigned k = 0; k < 4; k++) {
        unsigned here = mask >> (FLAG_V - k) & 1;
        if (here && !(k & 1) && mask >> (FLAG_V - k - 1) & 1) {
            x_m(a, X86_MOV16_MI, 0, ENV_FLAG(k));
            x_u16(a, (uint16_t)(bytes >> 8 * k++));
        } else if (here) {
            x_m(a, X86_MOV8_MI, 0, ENV_FLAG(k));
            x_u8(a, (uint8_t)(bytes >> 8 * k));
        }
    }
}

/* N and Z of a constant: nothing to compute. */
static void constant_flags(struct compiler *c, const struct ir_op *op, int32_t i)
{
    struct code *a = &c->a;
    uint64_t v = op_of(c, op->arg[0])->imm;
    unsigned n = v >> (op_wide(op) ? 63 : 31) & 1, store = c->val[i].fstore;
    unsigned set = (n ? IR_FLAG_N : 0) | (v == 0 ? IR_FLAG_Z : 0);
    a->eflags &= (uint8_t)~op->fw;
    /* not all flags are of the comparison of floats any more */
    if (op->fw && !(a->eflags & EFLAGS_PENDING))
        a->eflags &= (uint8_t)~EFLAGS_FCMP_ANY;
    if (!pending_add_constant(c, store, set))
        store_constant_flags(a, store, set);
}

void emit_mov(struct compiler *c, const struct ir_op *op, int32_t i)
{
    unsigned w = op_wide(op);
    bool constant = op_is_const(c, op->arg[0]);
    if (c->val[i].uses) {
        unsigned dst = copy_operand(c, op, i);
        if (!constant)
            flags_test(c, op, i, w, dst);
    }
    if (constant)
        constant_flags(c, op, i);
    if (constant || c->val[i].uses)
        return;
    struct opnd a = ra_rm(c, op->arg[0]);
    if (a.kind == OPND_MEM) {
        x_alu_mi(&c->a, ALU_CMP, w, a.mem, 0);
        flags_define(c, op, i, IR_NZ, false);
    } else {
        flags_test(c, op, i, w, (unsigned)a.reg);
    }
}

void emit_mul(struct compiler *c, const struct ir_op *op, int32_t i)
{
    unsigned w = op_wide(op);
    int32_t va = op->arg[0], vb = op->arg[1];
    if (op_is_const(c, va)) {
        va = op->arg[1];
        vb = op->arg[0];
    }
    struct opnd b = ra_opnd(c, vb), a = ra_rm(c, va);
    unsigned dst;
    if (b.kind == OPND_IMM) {
        dst = ra_dest(c, i, va);
        x_insn_opnd(&c->a, X86_IMUL_RMI, w, dst, a);
        x_u32(&c->a, (uint32_t)b.imm);
    } else {
        dst = ra_dest(c, i, dies_in_reg(c, vb, b) ? vb : va);
        if (b.reg == (int)dst)
            b = a;
        else
            ra_move(c, w, dst, a);
        x_insn_opnd(&c->a, X86_IMUL_RM, w, dst, b);
    }
    flags_test(c, op, i, w, dst);
}

/* ---- division ----------------------------------------------------------------------------------
 */

/* Dividend into rax, divisor into rcx; all three scratch registers are free for the op afterwards.
 */
static void division_operands(struct compiler *c, const struct ir_op *op)
{
    struct opnd b = ra_opnd(c, op->arg[1]), a = ra_opnd(c, op->arg[0]);
    unsigned w = op_wide(op);
    ra_flush(c);
    struct move moves[] = {{RAX, w, a}, {RCX, w, b}};
    ra_parallel_move(c, moves, 2);
    for (unsigned r = 0; r < SCRATCH_COUNT; r++)
        c->ra.owner[r] = NO_VALUE;
    c->ra.locked = SCRATCH_MASK;
}

static void division_result(struct compiler *c, const struct ir_op *op, int32_t i)
{
    if (c->val[i].want == NO_REG) {
        ra_own(c, i, RAX);
        return;
    }
    c->ra.locked = 1u << RAX;
    x_mov_rr(&c->a, op_wide(op), ra_dest(c, i, NO_VALUE), RAX);
}

void emit_udiv(struct compiler *c, const struct ir_op *op, int32_t i)
{
    struct code *a = &c->a;
    unsigned w = op_wide(op);
    division_operands(c, op);
    x_alu_rr(a, ALU_XOR, 0, RDX, RDX);
    x_rr(a, X86_TEST_MR, w, RCX, RCX);
    x_cmov_rr(a, CC_E, w, RAX, RDX);
    uint8_t *skip = x_jcc(a, CC_E);
    x_r(a, X86_DIV, w, RCX);
    x_patch_here(a, skip);
    division_result(c, op, i);
}

/* i32 divides in 64 bits, where MIN / -1 does not trap; i64 negates for a divisor of -1. */
void emit_sdiv(struct compiler *c, const struct ir_op *op, int32_t i)
{
    struct code *a = &c->a;
    unsigned w = op_wide(op);
    division_operands(c, op);
    uint8_t *negated = NULL;
    if (!w) {
        x_rr(a, X86_MOVSXD, 1, RAX, RAX);
        x_rr(a, X86_MOVSXD, 1, RCX, RCX);
    } else {
        x_alu_ri(a, ALU_CMP, 1, RCX, -1);
        uint8_t *usual = x_jcc(a, CC_NE);
        x_r(a, X86_NEG, 1, RAX);
        negated = x_jmp(a);
        x_patch_here(a, usual);
    }
    x_alu_rr(a, ALU_XOR, 0, RDX, RDX);
    x_rr(a, X86_TEST_MR, 1, RCX, RCX);
    x_cmov_rr(a, CC_E, 1, RAX, RDX);
    uint8_t *zero = x_jcc(a, CC_E);
    x_mov_rr(a, 1, RDX, RAX);
    x_shift_i(a, X86_SAR_I, 1, RDX, 63);
    x_r(a, X86_IDIV, 1, RCX);
    x_patch_here(a, zero);
    if (negated)
        x_patch_here(a, negated);
    if (!w)
        x_mov_rr(a, 0, RAX, RAX);
    division_result(c, op, i);
}
