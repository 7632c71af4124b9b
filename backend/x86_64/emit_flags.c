/*
 * Guest flags, conditions and comparisons. The bytes env.nzcv are the flags' home; an op stores
 * those that are live at once, and EFLAGS are used directly while they still hold what a condition
 * needs.
 */
#include "backend/x86_64/compiler.h"

/* Two neighbours: one store takes the place of two where a register is idle, which is half the
 * time. */
static void store_pair(struct code *a, unsigned first, enum x86_cc low, enum x86_cc high,
                       unsigned idle)
{
    if (!idle) {
        x_setcc_m(a, low, ENV_FLAG(first));
        x_setcc_m(a, high, ENV_FLAG(first + 1));
        return;
    }
    unsigned reg = (unsigned)__builtin_ctz(idle);
    x_setcc_pair(a, low, high, reg);
    x_rm(a, X86_MOV16_MR, 0, reg, ENV_FLAG(first));
}

void flags_store(struct code *a, unsigned mask, bool cinv, unsigned idle)
{
    enum x86_cc carry = cinv ? CC_AE : CC_B;
    if ((mask & IR_NZ) == IR_NZ) {
        store_pair(a, FLAG_N, CC_S, CC_E, idle);
        idle = idle & (idle - 1) ? idle & (idle - 1) : idle;
    } else if (mask & IR_NZ) {
        x_setcc_m(a, mask & IR_FLAG_N ? CC_S : CC_E, ENV_FLAG(mask & IR_FLAG_N ? FLAG_N : FLAG_Z));
    }
    if ((mask & IR_FLAG_C) && (mask & IR_FLAG_V))
        store_pair(a, FLAG_C, carry, CC_O, idle);
    else if (mask & IR_FLAG_C)
        x_setcc_m(a, carry, ENV_FLAG(FLAG_C));
    else if (mask & IR_FLAG_V)
        x_setcc_m(a, CC_O, ENV_FLAG(FLAG_V));
}

/* Does the carry of op @i go to the next op alone, which takes it from EFLAGS? */
static bool carry_goes_on(const struct compiler *c, int32_t i)
{
    int32_t last = (int32_t)c->b->count - 1;
    for (int32_t k = i + 1; k < last && !c->pending.count; k++) {
        const struct ir_op *op = op_of(c, k);
        if (c->val[k].dead || op->opcode == IR_OP_insn || op->opcode == IR_OP_const ||
            op->opcode == IR_OP_get || op->opcode == IR_OP_set)
            continue;
        if (op->opcode != IR_OP_adc && op->opcode != IR_OP_sbc)
            return false;
        while (++k < last && c->val[k].dead)
            ;
        return (op->fw & IR_FLAG_C) || !(c->val[k].live & IR_FLAG_C);
    }
    return false;
}

void flags_define(struct compiler *c, const struct ir_op *op, int32_t i, unsigned avail, bool cinv)
{
    struct code *a = &c->a;
    unsigned store = c->val[i].fstore;
    assert(!(store & ~avail));
    if (i == c->join_compare)
        store = 0; /* at the label */
    if (store == IR_FLAG_C && op->type == IR_I32 && carry_goes_on(c, i))
        store = 0;
    if (pending_add(c, op, i, store))
        store = 0;
    flags_store(a, store, cinv, ra_idle(c));
    a->eflags = (uint8_t)(op->fw & avail);
    a->cinv = cinv;
}

void flags_test(struct compiler *c, const struct ir_op *op, int32_t i, unsigned w, unsigned reg)
{
    if (!op->fw)
        return;
    x_rr(&c->a, X86_TEST_MR, w, reg, reg);
    flags_define(c, op, i, IR_NZ, false);
}

static enum x86_cc from_eflags(struct compiler *c, unsigned cc)
{
    static const uint8_t inverted[] = {
        [IR_CC_EQ] = CC_E, [IR_CC_NE] = CC_NE, [IR_CC_CS] = CC_AE, [IR_CC_CC] = CC_B,
        [IR_CC_MI] = CC_S, [IR_CC_PL] = CC_NS, [IR_CC_VS] = CC_O,  [IR_CC_VC] = CC_NO,
        [IR_CC_HI] = CC_A, [IR_CC_LS] = CC_BE, [IR_CC_GE] = CC_GE, [IR_CC_LT] = CC_L,
        [IR_CC_GT] = CC_G, [IR_CC_LE] = CC_LE,
    };
    if (!c->a.cinv && (cc == IR_CC_HI || cc == IR_CC_LS))
        x_cmc(&c->a);
    if (!c->a.cinv && (cc & ~1u) == IR_CC_CS)
        return cc == IR_CC_CS ? CC_B : CC_AE;
    return inverted[cc];
}

static enum x86_cc from_bytes(struct compiler *c, unsigned cc)
{
    struct code *a = &c->a;
    unsigned kind = cc & ~1u;
    enum x86_cc holds;
    if (kind <= IR_CC_VS) { /* one flag */
        static const uint8_t flag[] = {
            [IR_CC_EQ] = FLAG_Z, [IR_CC_CS] = FLAG_C, [IR_CC_MI] = FLAG_N, [IR_CC_VS] = FLAG_V};
        x_m(a, X86_CMP8_MI, 0, ENV_FLAG(flag[kind]));
        x_u8(a, 0);
        holds = CC_NE;
    } else {
        unsigned t = ra_alloc(c);
        x_rm(a, X86_MOVZX8, 0, t, ENV_FLAG(kind == IR_CC_HI ? FLAG_C : FLAG_N));
        if (kind == IR_CC_HI) {
            x_rm(a, X86_CMP8_RM, 0, t, ENV_FLAG(FLAG_Z));
            holds = CC_A;
        } else if (kind == IR_CC_GE) {
            x_rm(a, X86_CMP8_RM, 0, t, ENV_FLAG(FLAG_V));
            holds = CC_E;
        } else {
            x_rm(a, X86_XOR8_RM, 0, t, ENV_FLAG(FLAG_V));
            x_rm(a, X86_OR8_RM, 0, t, ENV_FLAG(FLAG_Z));
            holds = CC_E;
        }
        ra_unlock(c, t);
    }
    return holds ^ (cc & 1);
}

/* x86 conditions of a comparison of floats whose operands are in order, or exchanged; NO_CC where
 * there is none. */
enum { NO_CC = 16 };
static const uint8_t float_cc[2][IR_CC_AL] = {
    {[IR_CC_EQ] = NO_CC, [IR_CC_NE] = NO_CC, [IR_CC_CS] = NO_CC, [IR_CC_CC] = NO_CC,
     [IR_CC_MI] = NO_CC, [IR_CC_PL] = NO_CC, [IR_CC_VS] = CC_P, [IR_CC_VC] = CC_NP,
     [IR_CC_HI] = NO_CC, [IR_CC_LS] = NO_CC, [IR_CC_GE] = CC_AE, [IR_CC_LT] = CC_B,
     [IR_CC_GT] = CC_A, [IR_CC_LE] = CC_BE},
    {[IR_CC_EQ] = NO_CC, [IR_CC_NE] = NO_CC, [IR_CC_CS] = CC_BE, [IR_CC_CC] = CC_A,
     [IR_CC_MI] = CC_A, [IR_CC_PL] = CC_BE, [IR_CC_VS] = CC_P, [IR_CC_VC] = CC_NP,
     [IR_CC_HI] = CC_B, [IR_CC_LS] = CC_AE, [IR_CC_GE] = NO_CC, [IR_CC_LT] = NO_CC,
     [IR_CC_GT] = NO_CC, [IR_CC_LE] = NO_CC},
};

bool flags_fcmp_exchanged(const struct compiler *c, int32_t i)
{
    for (int32_t k = i + 1; k < (int32_t)c->b->count; k++) {
        const struct ir_op *op = op_of(c, k);
        if (ir_op_info[op->opcode].effects & IR_EFF_RDF) /* the condition that is asked for */
            return op->aux < IR_CC_AL && op->opcode != IR_OP_getnzcv &&
                   float_cc[0][op->aux] == NO_CC;
        if (op->opcode == IR_OP_label)
            break;
    }
    return false;
}

enum x86_cc flags_condition(struct compiler *c, unsigned cc)
{
    unsigned fcmp = c->a.eflags & EFLAGS_FCMP_ANY;
    if (fcmp && !(c->a.eflags & EFLAGS_PENDING) && cc < IR_CC_AL) {
        unsigned x = float_cc[fcmp == EFLAGS_FCMP_EXCHANGED][cc];
        return x == NO_CC ? from_bytes(c, cc) : (enum x86_cc)x;
    }
    unsigned need = ir_cc_flags((enum ir_cc)cc);
    if (need && (c->a.eflags & need) == need)
        return from_eflags(c, cc);
    if (need && pending_compute(c, need))
        return from_eflags(c, cc);
    pending_store(c);
    return from_bytes(c, cc);
}

/* ---- comparisons --------------------------------------------------------------------------------
 */

/* Are the bits of op @i for a slot's sticky ones alone, right behind it? */
static bool is_sticky(const struct compiler *c, int32_t i)
{
    int32_t k = i + 1;
    if (c->group_open >= 0)
        return false;
    while (k + 1 < (int32_t)c->b->count && op_of(c, k)->opcode == IR_OP_get)
        k++;
    return c->val[i].last == k && sticky_bits(c, k) == i;
}

bool flags_fusable(const struct compiler *c, int32_t i)
{
    if (c->val[i].uses == 1 && is_sticky(c, i))
        return true;
    if (c->val[i].uses != 1 || c->val[i].last != i + 1)
        return false;
    const struct ir_op *next = op_of(c, i + 1);
    return (next->opcode == IR_OP_brnz || next->opcode == IR_OP_brz ||
            next->opcode == IR_OP_select) &&
           next->arg[0] == i;
}

enum x86_cc flags_nonzero(struct compiler *c, int32_t v)
{
    if (c->fused_cc >= 0) {
        enum x86_cc cc = (enum x86_cc)c->fused_cc;
        c->fused_cc = -1;
        return cc;
    }
    struct opnd x = ra_rm(c, v);
    if (x.kind == OPND_MEM) {
        x_alu_mi(&c->a, ALU_CMP, 0, x.mem, 0);
    } else {
        x_rr(&c->a, X86_TEST_MR, 0, (unsigned)x.reg, (unsigned)x.reg);
    }
    return CC_NE;
}

void flags_value(struct compiler *c, int32_t i, enum x86_cc cc)
{
    unsigned dst = ra_dest(c, i, NO_VALUE);
    x_setcc_r(&c->a, cc, dst);
    x_rr(&c->a, X86_MOVZX8, 0, dst, dst);
}

static void compare(struct compiler *c, const struct ir_op *op, int32_t i, enum x86_cc cc)
{
    unsigned w = ir_op_result_type(op_of(c, op->arg[0])) == IR_I64;
    struct opnd b = ra_opnd(c, op->arg[1]), a = ra_rm(c, op->arg[0]);
    if (a.kind == OPND_MEM)
        a = (struct opnd){.kind = OPND_REG, .reg = (int)ra_reg(c, op->arg[0])};
    x_alu_opnd(&c->a, ALU_CMP, w, (unsigned)a.reg, b);
    if (flags_fusable(c, i))
        c->fused_cc = (int)cc;
    else
        flags_value(c, i, cc);
}

void emit_cmpeq(struct compiler *c, const struct ir_op *op, int32_t i)
{
    compare(c, op, i, CC_E);
}

void emit_cmpne(struct compiler *c, const struct ir_op *op, int32_t i)
{
    compare(c, op, i, CC_NE);
}

void emit_cmpltu(struct compiler *c, const struct ir_op *op, int32_t i)
{
    compare(c, op, i, CC_B);
}

void emit_cmpleu(struct compiler *c, const struct ir_op *op, int32_t i)
{
    compare(c, op, i, CC_BE);
}

void emit_cmplts(struct compiler *c, const struct ir_op *op, int32_t i)
{
    compare(c, op, i, CC_L);
}

void emit_cmples(struct compiler *c, const struct ir_op *op, int32_t i)
{
    compare(c, op, i, CC_LE);
}

/* ---- selection
 * ------------------------------------------------------------------------------------ */

/* dst := cc ? yes : no, perhaps by a @branch. Moves before the cmov leave EFLAGS alone. */
static void choose(struct compiler *c, unsigned w, unsigned dst, enum x86_cc cc, struct opnd yes,
                   struct opnd no, bool branch)
{
    if (yes.reg == (int)dst && no.reg != (int)dst) {
        struct opnd t = yes;
        yes = no;
        no = t;
        cc ^= 1;
    }
    ra_move(c, w, dst, no);
    if (branch) {
        uint8_t *skip = x_jcc(&c->a, cc ^ 1);
        ra_move(c, w, dst, yes);
        x_patch_here(&c->a, skip);
        return;
    }
    if (yes.kind == OPND_MEM)
        x_cmov_rm(&c->a, cc, w, dst, yes.mem);
    else
        x_cmov_rr(&c->a, cc, w, dst, (unsigned)yes.reg);
}

/* Three operands and the result are one register too many: the condition's is free after the test.
 */
static void unlock_condition(struct compiler *c, struct opnd yes, struct opnd no)
{
    for (unsigned r = 0; r < SCRATCH_COUNT; r++)
        if ((int)r != yes.reg && (int)r != no.reg)
            ra_unlock(c, r);
}

void emit_select(struct compiler *c, const struct ir_op *op, int32_t i)
{
    struct opnd no = ra_rm(c, op->arg[2]);
    struct opnd yes = ra_rm(c, op->arg[1]);
    enum x86_cc cc = flags_nonzero(c, op->arg[0]);
    unlock_condition(c, yes, no);
    unsigned dst = ra_dest(c, i, op->arg[2]);
    choose(c, op_wide(op), dst, cc, yes, no, false);
}

/* A store to an address that is selected makes loads behind it wait until the condition is known,
 * or go wrong where the host takes them for independent: foreseeing the condition costs less. */
void emit_selcc(struct compiler *c, const struct ir_op *op, int32_t i)
{
    if (op->aux == IR_CC_AL) {
        struct opnd x = ra_opnd(c, op->arg[0]);
        ra_move(c, op_wide(op), ra_dest(c, i, op->arg[0]), x);
        return;
    }
    struct opnd no = ra_rm(c, op->arg[1]);
    struct opnd yes = ra_rm(c, op->arg[0]);
    enum x86_cc cc = flags_condition(c, op->aux);
    unsigned dst = ra_dest(c, i, op->arg[1]);
    choose(c, op_wide(op), dst, cc, yes, no, c->val[i].stores);
}

void emit_cond(struct compiler *c, const struct ir_op *op, int32_t i)
{
    if (op->aux == IR_CC_AL)
        x_mov_ri(&c->a, ra_dest(c, i, NO_VALUE), 1);
    else
        flags_value(c, i, flags_condition(c, op->aux));
}

/* ---- direct writes and reads of the flags
 * ------------------------------------------------------------ */

static void set_one(struct compiler *c, const struct ir_op *op, int32_t i, unsigned flag,
                    unsigned mask)
{
    struct code *a = &c->a;
    if (!(c->val[i].fstore & mask)) {
        a->eflags &= (uint8_t)~(mask | EFLAGS_FCMP_ANY);
        return;
    }
    if (op_is_const(c, op->arg[0])) {
        a->eflags &= (uint8_t)~(mask | EFLAGS_FCMP_ANY);
        x_m(a, X86_MOV8_MI, 0, ENV_FLAG(flag));
        x_u8(a, op_of(c, op->arg[0])->imm & 1);
        return;
    }
    struct opnd x = ra_rm(c, op->arg[0]);
    unsigned t = ra_alloc(c);
    ra_move(c, 0, t, x);
    x_alu_ri(a, ALU_AND, 0, t, 1);
    x_rm(a, X86_MOV8_MR, 0, t, ENV_FLAG(flag));
}

void emit_setc(struct compiler *c, const struct ir_op *op, int32_t i)
{
    set_one(c, op, i, FLAG_C, IR_FLAG_C);
}

void emit_setv(struct compiler *c, const struct ir_op *op, int32_t i)
{
    set_one(c, op, i, FLAG_V, IR_FLAG_V);
}

void emit_setnzcv(struct compiler *c, const struct ir_op *op, int32_t i)
{
    unsigned x = ra_reg(c, op->arg[0]);
    for (unsigned k = 0; k < 4; k++) {
        if (!(c->val[i].fstore >> (3 - k) & 1))
            continue;
        x_r(&c->a, X86_BT_I, 0, x);
        x_u8(&c->a, 31 - k);
        x_setcc_m(&c->a, CC_B, ENV_FLAG(k));
    }
    c->a.eflags = 0;
}

/* One multiplication moves the four bytes to bits 31..28; the partial products do not collide. */
void emit_getnzcv(struct compiler *c, const struct ir_op *op, int32_t i)
{
    unsigned dst = ra_dest(c, i, NO_VALUE);
    x_rm(&c->a, X86_IMUL_RMI, 0, dst, ENV_FLAG(FLAG_N));
    x_u32(&c->a, 0x80402010);
    x_alu_ri(&c->a, ALU_AND, 0, dst, (int32_t)0xf0000000);
}

/* The value is what the state has, byte by byte. The moves leave EFLAGS alone, which may hold the
 * comparison that the value is of. */
void emit_setflags(struct compiler *c, const struct ir_op *op, int32_t i)
{
    struct code *a = &c->a;
    bool kept = (a->eflags & EFLAGS_PENDING) && c->fcmp == op->arg[0];
    uint8_t eflags = kept ? a->eflags & EFLAGS_FCMP_ANY : 0;
    if (c->val[i].fstore) {
        unsigned x = ra_reg(c, op->arg[0]);
        x_mov_mr(a, 0, ENV_FLAG(FLAG_N), x);
    }
    a->eflags = eflags;
}
