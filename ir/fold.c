#include "ir/fold.h"

#include <assert.h>

#include "ir/eval.h"

typedef uint64_t eval_fn(const struct ir_op *op, uint64_t a, uint64_t b, uint64_t c);

static eval_fn *const eval_table[IR_OP_COUNT] = {
#define X(name) [IR_OP_##name] = ir_eval_##name,
    IR_EVAL_OPS(X)
#undef X
};

/* A rule looks at an op that writes no flags and has some argument that is not constant. It returns
 * the value that the op equals, or NO after changing nothing or after making @op simpler. */
typedef int32_t rule_fn(struct ir_block *b, struct ir_op *op);
enum { NO = -1 };

static uint64_t all_ones(const struct ir_op *op)
{
    return ir_eval_truncate(op->type, UINT64_MAX);
}

static int32_t const_of(struct ir_block *b, const struct ir_op *op, uint64_t imm)
{
    return ir_const(b, op->type, imm);
}

/* The constant second operand of @op. */
static bool const_rhs(const struct ir_block *b, const struct ir_op *op, uint64_t *imm)
{
    return ir_const_value(b, op->arg[1], imm);
}

static bool is_op(const struct ir_block *b, int32_t v, enum ir_opcode opcode)
{
    return v >= 0 && b->ops[v].opcode == opcode;
}

/* Emit @opcode of @a (and @c) in place of @op, itself folded. */
static int32_t rewrite(struct ir_block *b, const struct ir_op *op, enum ir_opcode opcode, int32_t a,
                       int32_t c, uint64_t imm)
{
    struct ir_op simple = {.head = ir_head(opcode, op->type, 0),
                           .arg = {a, c, IR_NONE, IR_NONE},
                           .imm = imm};
    return ir_emit_folded(b, &simple);
}

static int32_t rewrite_imm(struct ir_block *b, const struct ir_op *op, enum ir_opcode opcode,
                           int32_t a, uint64_t imm)
{
    bool amount = ir_op_info[opcode].argtypes[1] == 'w';
    return rewrite(b, op, opcode, a, ir_const(b, amount ? IR_I32 : op->type, imm), 0);
}

/* Join op(inner(x, c1), c2), where inner is the same flagless op: yields x and c1. */
static bool same_inner(const struct ir_block *b, const struct ir_op *op, int32_t *x, uint64_t *c1)
{
    const struct ir_op *inner = &b->ops[op->arg[0]];
    if (inner->opcode != op->opcode || !ir_const_value(b, inner->arg[1], c1))
        return false;
    *x = inner->arg[0];
    return true;
}

/* Number of low bits that are able to be nonzero in the i32 or i64 value @v, looking one op
 * deep. */
static unsigned value_bits(const struct ir_block *b, int32_t v)
{
    const struct ir_op *op = &b->ops[v];
    unsigned width = ir_op_width(op);
    uint64_t c;
    switch (op->opcode) {
    case IR_OP_const: return op->imm ? 64 - (unsigned)__builtin_clzll(op->imm) : 0;
    case IR_OP_zext8: return 8;
    case IR_OP_zext16: return 16;
    case IR_OP_zext32: return 32;
    case IR_OP_ubfx: return ir_bits_width(op);
    case IR_OP_cmpeq: case IR_OP_cmpne: case IR_OP_cmpltu: case IR_OP_cmpleu:
    case IR_OP_cmplts: case IR_OP_cmples: case IR_OP_cond:
        return 1;
    case IR_OP_shr:
        return const_rhs(b, op, &c) ? width - ((unsigned)c & (width - 1)) : width;
    case IR_OP_and:
        if (const_rhs(b, op, &c))
            return c ? 64 - (unsigned)__builtin_clzll(c) : 0;
        return width;
    case IR_OP_get:
        switch (b->target->slots[op->imm].type) {
        case IR_I8: return 8;
        case IR_I16: return 16;
        default: return width;
        }
    case IR_OP_ld:
        if (op->imm & IR_MEM_SIGNED || (op->imm & IR_MEM_SIZE_MASK) > 2)
            return width;
        return 8u << (op->imm & IR_MEM_SIZE_MASK);
    default:
        return width;
    }
}

/* The sum of @base and a value that is shifted left by little. */
static int32_t index_of(struct ir_block *b, const struct ir_op *op, int32_t base, int32_t shifted)
{
    uint64_t n;
    if (!is_op(b, shifted, IR_OP_shl) || !ir_const_value(b, b->ops[shifted].arg[1], &n) || n < 1 ||
        n > 3)
        return NO;
    return rewrite(b, op, IR_OP_index, base, b->ops[shifted].arg[0], n);
}

/* Is value @v below @limit, whatever it is? */
static bool below(const struct ir_block *b, int32_t v, uint64_t limit)
{
    unsigned bits = value_bits(b, v);
    return bits < 64 && (1ull << bits) - 1 < limit;
}

static int32_t rule_add(struct ir_block *b, struct ir_op *op)
{
    uint64_t c, c1;
    int32_t x;
    if (!const_rhs(b, op, &c)) {
        x = index_of(b, op, op->arg[0], op->arg[1]);
        return x != NO ? x : index_of(b, op, op->arg[1], op->arg[0]);
    }
    if (c == 0)
        return op->arg[0];
    if (same_inner(b, op, &x, &c1))
        return rewrite_imm(b, op, IR_OP_add, x, c + c1);
    if (is_op(b, op->arg[0], IR_OP_pcrel))
        return ir_pcrel(b, (int64_t)b->ops[op->arg[0]].imm + ir_eval_signed(op, c));
    return NO;
}

static int32_t rule_sub(struct ir_block *b, struct ir_op *op)
{
    uint64_t c;
    if (op->arg[0] == op->arg[1])
        return const_of(b, op, 0);
    if (const_rhs(b, op, &c))
        return rewrite_imm(b, op, IR_OP_add, op->arg[0], -c);
    if (ir_const_value(b, op->arg[0], &c) && c == 0)
        return rewrite(b, op, IR_OP_neg, op->arg[1], IR_NONE, 0);
    return NO;
}

static int32_t rule_and(struct ir_block *b, struct ir_op *op)
{
    uint64_t c, c1;
    int32_t x;
    if (op->arg[0] == op->arg[1])
        return op->arg[0];
    if (!const_rhs(b, op, &c))
        return NO;
    if (c == 0)
        return op->arg[1];
    if (c == all_ones(op))
        return op->arg[0];
    unsigned bits = value_bits(b, op->arg[0]);
    if (bits < 64 && (c & (BIT64(bits) - 1)) == BIT64(bits) - 1)
        return op->arg[0];
    if (same_inner(b, op, &x, &c1))
        return rewrite_imm(b, op, IR_OP_and, x, c & c1);
    if (op->type == IR_I32 && c == 0xff)
        return rewrite(b, op, IR_OP_zext8, op->arg[0], IR_NONE, 0);
    if (op->type == IR_I32 && c == 0xffff)
        return rewrite(b, op, IR_OP_zext16, op->arg[0], IR_NONE, 0);
    return NO;
}

static int32_t rule_or(struct ir_block *b, struct ir_op *op)
{
    uint64_t c, c1;
    int32_t x;
    if (op->arg[0] == op->arg[1])
        return op->arg[0];
    if (!const_rhs(b, op, &c))
        return NO;
    if (c == 0)
        return op->arg[0];
    if (c == all_ones(op))
        return op->arg[1];
    return same_inner(b, op, &x, &c1) ? rewrite_imm(b, op, IR_OP_or, x, c | c1) : NO;
}

static int32_t rule_xor(struct ir_block *b, struct ir_op *op)
{
    uint64_t c, c1;
    int32_t x;
    if (op->arg[0] == op->arg[1])
        return const_of(b, op, 0);
    if (!const_rhs(b, op, &c))
        return NO;
    if (c == 0)
        return op->arg[0];
    if (c == all_ones(op))
        return rewrite(b, op, IR_OP_not, op->arg[0], IR_NONE, 0);
    return same_inner(b, op, &x, &c1) ? rewrite_imm(b, op, IR_OP_xor, x, c ^ c1) : NO;
}

static int32_t rule_andn(struct ir_block *b, struct ir_op *op)
{
    uint64_t c;
    if (op->arg[0] == op->arg[1])
        return const_of(b, op, 0);
    if (const_rhs(b, op, &c))
        return rewrite_imm(b, op, IR_OP_and, op->arg[0], ~c);
    if (ir_const_value(b, op->arg[0], &c)) {
        if (c == 0)
            return op->arg[0];
        if (c == all_ones(op))
            return rewrite(b, op, IR_OP_not, op->arg[1], IR_NONE, 0);
    }
    return NO;
}

/* not(not x), neg(neg x), bswap(bswap x), ... are x. */
static int32_t rule_involution(struct ir_block *b, struct ir_op *op)
{
    return is_op(b, op->arg[0], op->opcode) ? b->ops[op->arg[0]].arg[0] : NO;
}

static int32_t rule_mov(struct ir_block *b, struct ir_op *op)
{
    return op->arg[0];
}

static int32_t rule_mul(struct ir_block *b, struct ir_op *op)
{
    uint64_t c;
    if (!const_rhs(b, op, &c))
        return NO;
    if (c == 0)
        return op->arg[1];
    return is_pow2(c) ? rewrite_imm(b, op, IR_OP_shl, op->arg[0], (unsigned)__builtin_ctzll(c))
                      : NO;
}

static int32_t rule_udiv(struct ir_block *b, struct ir_op *op)
{
    uint64_t c;
    if (!const_rhs(b, op, &c) || !is_pow2(c))
        return NO;
    return rewrite_imm(b, op, IR_OP_shr, op->arg[0], (unsigned)__builtin_ctzll(c));
}

static int32_t rule_sdiv(struct ir_block *b, struct ir_op *op)
{
    uint64_t c;
    return const_rhs(b, op, &c) && c == 1 ? op->arg[0] : NO;
}

static int32_t rule_shift(struct ir_block *b, struct ir_op *op)
{
    uint64_t c;
    if (!const_rhs(b, op, &c))
        return NO;
    unsigned width = ir_op_width(op);
    if ((c & (width - 1)) == 0)
        return op->arg[0];
    return c >= width ? rewrite_imm(b, op, op->opcode, op->arg[0], c & (width - 1)) : NO;
}

/* Of the sum of bits of a byte and something else (an index into a table of checksums) the byte is
 * what the host changes in place. */
static int32_t rule_zext8(struct ir_block *b, struct ir_op *op)
{
    const struct ir_op *inner = &b->ops[op->arg[0]];
    if (value_bits(b, op->arg[0]) <= 8)
        return op->arg[0];
    for (unsigned k = 0; k < 2 && inner->opcode == IR_OP_xor; k++)
        if (value_bits(b, inner->arg[k]) <= 8)
            return rewrite(b, op, IR_OP_xor8, inner->arg[k], inner->arg[k ^ 1], 0);
    return NO;
}

static int32_t rule_zext16(struct ir_block *b, struct ir_op *op)
{
    return value_bits(b, op->arg[0]) <= 16 ? op->arg[0] : NO;
}

/* Is @v a load of at most 1 << @log2 bytes, or a value with the top bit clear at that width? */
static bool is_signed_narrow(const struct ir_block *b, int32_t v, unsigned log2)
{
    const struct ir_op *op = &b->ops[v];
    if (value_bits(b, v) < 8u << log2)
        return true;
    return op->opcode == IR_OP_ld && (op->imm & IR_MEM_SIGNED) &&
           (op->imm & IR_MEM_SIZE_MASK) <= log2;
}

static int32_t rule_sext8(struct ir_block *b, struct ir_op *op)
{
    return is_signed_narrow(b, op->arg[0], 0) ? op->arg[0] : NO;
}

static int32_t rule_sext16(struct ir_block *b, struct ir_op *op)
{
    return is_signed_narrow(b, op->arg[0], 1) ? op->arg[0] : NO;
}

static int32_t rule_lo32(struct ir_block *b, struct ir_op *op)
{
    const struct ir_op *inner = &b->ops[op->arg[0]];
    bool joined = inner->opcode == IR_OP_pair || inner->opcode == IR_OP_zext32 ||
                  inner->opcode == IR_OP_sext32;
    return joined ? inner->arg[0] : NO;
}

static int32_t rule_hi32(struct ir_block *b, struct ir_op *op)
{
    const struct ir_op *inner = &b->ops[op->arg[0]];
    if (inner->opcode == IR_OP_pair)
        return inner->arg[1];
    return inner->opcode == IR_OP_zext32 ? ir_const(b, IR_I32, 0) : NO;
}

static int32_t rule_pair(struct ir_block *b, struct ir_op *op)
{
    uint64_t c;
    if (const_rhs(b, op, &c) && c == 0)
        return rewrite(b, op, IR_OP_zext32, op->arg[0], IR_NONE, 0);
    return NO;
}

static int32_t rule_bits(struct ir_block *b, struct ir_op *op)
{
    bool is_signed = op->opcode == IR_OP_sbfx;
    unsigned lsb = ir_bits_lsb(op), width = ir_bits_width(op);
    if (lsb + width == 32)
        return rewrite_imm(b, op, is_signed ? IR_OP_sar : IR_OP_shr, op->arg[0], lsb);
    if (lsb == 0 && width == 8)
        return rewrite(b, op, is_signed ? IR_OP_sext8 : IR_OP_zext8, op->arg[0], IR_NONE, 0);
    if (lsb == 0 && width == 16)
        return rewrite(b, op, is_signed ? IR_OP_sext16 : IR_OP_zext16, op->arg[0], IR_NONE, 0);
    return NO;
}

static int32_t rule_bfi(struct ir_block *b, struct ir_op *op)
{
    uint64_t c;
    unsigned lsb = ir_bits_lsb(op), width = ir_bits_width(op);
    if (width == 32)
        return op->arg[1];
    if (const_rhs(b, op, &c) && (c & (BIT64(width) - 1)) == 0)
        return rewrite_imm(b, op, IR_OP_and, op->arg[0], ~bits_put(0, lsb, width, ~0u));
    return NO;
}

/* The value of a comparison of something with itself. */
static int32_t rule_compare(struct ir_block *b, struct ir_op *op)
{
    uint64_t c;
    bool reflexive =
        op->opcode == IR_OP_cmpeq || op->opcode == IR_OP_cmpleu || op->opcode == IR_OP_cmples;
    if (op->arg[0] == op->arg[1])
        return ir_const(b, IR_I32, reflexive);
    if (op->opcode == IR_OP_cmpne && op->type == IR_I32 && const_rhs(b, op, &c) && c == 0 &&
        value_bits(b, op->arg[0]) <= 1)
        return op->arg[0];
    if (op->opcode == IR_OP_cmpltu && const_rhs(b, op, &c) && below(b, op->arg[0], c))
        return ir_const(b, IR_I32, 1);
    return NO;
}

static int32_t rule_select(struct ir_block *b, struct ir_op *op)
{
    uint64_t c;
    if (op->arg[1] == op->arg[2])
        return op->arg[1];
    if (ir_const_value(b, op->arg[0], &c))
        return c ? op->arg[1] : op->arg[2];
    return NO;
}

static int32_t rule_cond(struct ir_block *b, struct ir_op *op)
{
    return op->aux == IR_CC_AL ? ir_const(b, IR_I32, 1) : NO;
}

static int32_t rule_selcc(struct ir_block *b, struct ir_op *op)
{
    return op->aux == IR_CC_AL || op->arg[0] == op->arg[1] ? op->arg[0] : NO;
}

static rule_fn *const rules[IR_OP_COUNT] = {
    [IR_OP_add] = rule_add,       [IR_OP_sub] = rule_sub,       [IR_OP_and] = rule_and,
    [IR_OP_or] = rule_or,         [IR_OP_xor] = rule_xor,       [IR_OP_andn] = rule_andn,
    [IR_OP_not] = rule_involution, [IR_OP_neg] = rule_involution, [IR_OP_mov] = rule_mov,
    [IR_OP_mul] = rule_mul,       [IR_OP_udiv] = rule_udiv,     [IR_OP_sdiv] = rule_sdiv,
    [IR_OP_shl] = rule_shift,     [IR_OP_shr] = rule_shift,     [IR_OP_sar] = rule_shift,
    [IR_OP_ror] = rule_shift,     [IR_OP_sext8] = rule_sext8,   [IR_OP_sext16] = rule_sext16,
    [IR_OP_zext8] = rule_zext8,   [IR_OP_zext16] = rule_zext16, [IR_OP_lo32] = rule_lo32,
    [IR_OP_hi32] = rule_hi32,     [IR_OP_pair] = rule_pair,     [IR_OP_ubfx] = rule_bits,
    [IR_OP_sbfx] = rule_bits,     [IR_OP_bfi] = rule_bfi,       [IR_OP_bswap] = rule_involution,
    [IR_OP_rev16] = rule_involution, [IR_OP_rbit] = rule_involution,
    [IR_OP_cmpeq] = rule_compare, [IR_OP_cmpne] = rule_compare, [IR_OP_cmpltu] = rule_compare,
    [IR_OP_cmpleu] = rule_compare, [IR_OP_cmplts] = rule_compare, [IR_OP_cmples] = rule_compare,
    [IR_OP_select] = rule_select, [IR_OP_cond] = rule_cond,     [IR_OP_selcc] = rule_selcc,
};

/* All arguments constant: the value is, too. */
static bool fold_const(const struct ir_block *b, const struct ir_op *op, uint64_t *result)
{
    uint64_t v[3] = {0};
    for (unsigned i = 0; i < ir_op_info[op->opcode].nargs; i++)
        if (!ir_const_value(b, op->arg[i], &v[i]))
            return false;
    *result = ir_eval_truncate(op->type, eval_table[op->opcode](op, v[0], v[1], v[2]));
    return true;
}

bool ir_op_folds(const struct ir_op *op)
{
    return !op->fw && (rules[op->opcode] || eval_table[op->opcode]);
}

int32_t ir_fold(struct ir_block *b, struct ir_op *op)
{
    uint64_t c;
    rule_fn *rule = rules[op->opcode];
    if (op->fw)
        return NO;
    bool constant = is_op(b, op->arg[0], IR_OP_const);
    if (constant && eval_table[op->opcode] && fold_const(b, op, &c))
        return ir_const(b, ir_op_result_type(op), c);
    if (!rule)
        return NO;
    if (constant && (ir_op_info[op->opcode].effects & IR_EFF_COMM)) {
        int32_t first = op->arg[0];
        op->arg[0] = op->arg[1];
        op->arg[1] = first;
    }
    return rule(b, op);
}
