/*
 * Accesses to the window beside the tables (ir_block.window): the host's address is the guest's, by
 * segment GS. Sums of two registers are part of the access, which takes no longer than one by a
 * register. In direct mode, too, where other addresses are added to r15: that is quicker. So is the
 * window's address as a displacement, where it is low enough.
 */
#include "backend/x86_64/compiler.h"
#include "backend/x86_64/xmm.h"

/* In direct mode all accesses are to the window; those by sums of registers take its segment. */
static bool direct_sums(const struct compiler *c)
{
    return c->be->config.segment && !c->be->config.always_slow;
}

/* May the instruction of @insn_word access the window? */
static bool allowed(const struct compiler *c, uint32_t insn_word)
{
    enum { OFFSET_MASK = 0xfff };
    unsigned halfword = (insn_word & OFFSET_MASK) / 2;
    const uint64_t *no = c->b->no_window;
    if (c->be->config.direct)
        return direct_sums(c);
    return c->b->window && c->be->config.window && !c->be->config.always_slow &&
           !(no && (no[halfword / 64] >> (halfword % 64) & 1));
}

bool window_insn(const struct compiler *c)
{
    return !c->be->config.direct && allowed(c, c->insn_word);
}

static bool is_low(const struct compiler *c)
{
    uint64_t window = c->be->config.window;
    return !c->be->config.direct && window <= INT32_MAX - DIRECT_DISP_MAX;
}

void window_prefixes(struct compiler *c, struct x86_mem *m)
{
    enum { PREFIX_GS = 0x65, PREFIX_ADDRESS_32 = 0x67 };
    faults_mark(c);
    if (m->index == NO_REG && is_low(c)) {
        m->disp += (int32_t)c->be->config.window;
        return;
    }
    x_u8(&c->a, PREFIX_GS);
    if (m->index != NO_REG)
        x_u8(&c->a, PREFIX_ADDRESS_32);
}

/* ---- sums of two registers ----------------------------------------------------------------------
 * The sum's operands are kept until the access, which adds them by itself. The sum is not computed
 * where nothing else needs it; where it is, the access need not wait for it. */

static bool is_sum(const struct compiler *c, const struct ir_op *op)
{
    if (op->type != IR_I32)
        return false;
    return op->opcode == IR_OP_index ||
           (op->opcode == IR_OP_add && !op->fw && !op_is_const(c, op->arg[0]) &&
            !op_is_const(c, op->arg[1]));
}

/* Is op @k the sum of value @i and a constant, for one op alone? */
static bool adds_constant(const struct compiler *c, int32_t k, int32_t i)
{
    const struct ir_op *op = op_of(c, k);
    return op->opcode == IR_OP_add && op->type == IR_I32 && !op->fw && op->arg[0] == i &&
           op_is_const(c, op->arg[1]) && c->val[k].uses == 1;
}

/* Does the op overwrite the register or the memory that value @v is in? */
static bool overwrites(const struct compiler *c, const struct ir_op *op, int32_t v)
{
    const struct value *x = &c->val[v];
    if (op->opcode != IR_OP_set)
        return false;
    return x->loc == LOC_PIN ? c->pin_of_slot[op->imm] == x->reg : x->loc == LOC_ENV;
}

/* The access that the sum at @i is the address of, not far behind; *@plus: the op that adds a
 * constant to it in between, or NO_VALUE. NO_VALUE: there is none, or it cannot take the
 * operands. */
static int32_t access_of(const struct compiler *c, int32_t i, int32_t *plus)
{
    enum { NEAR = 12 };
    uint32_t word = c->insn_word;
    *plus = NO_VALUE;
    for (int32_t k = i + 1; k < (int32_t)c->b->count && k < i + NEAR; k++) {
        const struct ir_op *op = op_of(c, k);
        if (c->val[k].dead)
            continue;
        bool access = op->opcode == IR_OP_ld || op->opcode == IR_OP_st;
        if (access && op->arg[0] == i)
            *plus = NO_VALUE; /* the other sum is for something else */
        if (access && (op->arg[0] == i || (*plus != NO_VALUE && op->arg[0] == *plus)))
            return allowed(c, word) && !(op->imm & IR_MEM_USER) && !mem_align(op) ? k : NO_VALUE;
        if (op->opcode == IR_OP_insn)
            word = (uint32_t)op->imm;
        else if (*plus == NO_VALUE && adds_constant(c, k, i))
            *plus = k;
        else if ((ir_op_info[op->opcode].effects & (IR_EFF_BR | IR_EFF_END)) ||
                 op->opcode == IR_OP_memgroup || op->opcode == IR_OP_call ||
                 overwrites(c, op, op_of(c, i)->arg[0]) || overwrites(c, op, op_of(c, i)->arg[1]))
            return NO_VALUE;
    }
    return NO_VALUE;
}

static void keep_until(struct compiler *c, int32_t v, int32_t access)
{
    if (c->val[v].last < access)
        c->val[v].last = access;
}

/* Is the sum wanted in the register of an operand? */
static bool replaces_operand(const struct compiler *c, const struct ir_op *op, int32_t i)
{
    for (unsigned k = 0; k < 2; k++) {
        const struct value *x = &c->val[op->arg[k]];
        if (x->loc == LOC_PIN && x->reg == c->val[i].want)
            return true;
    }
    return false;
}

bool window_takes_sum(struct compiler *c, const struct ir_op *op, int32_t i)
{
    int32_t plus;
    bool used = c->be->config.direct ? direct_sums(c) : c->b->window;
    if (!used || c->group_open >= 0 || !is_sum(c, op))
        return false;
    int32_t access = access_of(c, i, &plus);
    bool alone = c->val[i].uses == 1;
    if (access == NO_VALUE || (!alone && replaces_operand(c, op, i)))
        return false;
    keep_until(c, op->arg[0], access);
    keep_until(c, op->arg[1], access);
    if (plus != NO_VALUE)
        c->val[plus].dead = true;
    if (c->val[i].last == plus)
        c->val[i].last = access;
    c->val[access].address = i;
    return alone;
}

static struct x86_mem sum_operand(struct compiler *c, const struct ir_op *op, int32_t sum)
{
    const struct ir_op *s = op_of(c, sum);
    unsigned scale = s->opcode == IR_OP_index ? (unsigned)s->imm : 0;
    int32_t disp = op->arg[0] == sum ? 0 : (int32_t)op_of(c, op_of(c, op->arg[0])->arg[1])->imm;
    unsigned base = ra_reg_disp(c, s->arg[0], 0, &disp);
    unsigned index = ra_reg_disp(c, s->arg[1], scale, &disp);
    return x_memx((int)base, (int)index, scale, disp);
}

bool window_has_sum(const struct compiler *c)
{
    int32_t sum = c->val[c->i].address;
    return sum != NO_VALUE && is_sum(c, op_of(c, sum));
}

struct x86_mem window_sum(struct compiler *c, const struct ir_op *op)
{
    return sum_operand(c, op, c->val[c->i].address);
}

/* ---- accesses -------------------------------------------------------------------------------- */

static bool by_window(const struct compiler *c, const struct ir_op *op)
{
    return window_insn(c) && !(op->imm & IR_MEM_USER);
}

static struct x86_mem operand(struct compiler *c, const struct ir_op *op, int32_t i)
{
    if (c->val[i].address != NO_VALUE)
        return sum_operand(c, op, c->val[i].address);
    const struct value *x = &c->val[op->arg[0]];
    if (x->loc == LOC_PIN && x->disp >= -DIRECT_DISP_MAX && x->disp <= DIRECT_DISP_MAX)
        return x_mem(x->reg, x->disp);
    return x_mem((int)ra_reg(c, op->arg[0]), 0);
}

bool window_load(struct compiler *c, const struct ir_op *op, int32_t i)
{
    if (!by_window(c, op))
        return false;
    mem_check_aligned(c, op, SLOW_NO_REG, 0);
    struct x86_mem m = operand(c, op, i);
    unsigned dst = mem_load_dest(c, i);
    window_prefixes(c, &m);
    mem_load_insn(c, op, dst, m);
    return true;
}

bool window_store(struct compiler *c, const struct ir_op *op, int32_t i)
{
    if (!by_window(c, op))
        return false;
    struct opnd v = mem_store_value(c, op);
    mem_check_aligned(c, op, v.kind == OPND_REG ? (unsigned)v.reg : SLOW_NO_REG, v.imm);
    struct x86_mem m = operand(c, op, i);
    window_prefixes(c, &m);
    mem_store_insn(c, op, v, m);
    return true;
}
