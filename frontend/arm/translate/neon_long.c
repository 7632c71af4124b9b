/*
 * Advanced SIMD, three registers of different lengths, and two registers and a scalar (DDI 0406C
 * A7.4.2, A7.4.3), integers and polynomials. An element's size is that of the shorter ones.
 */
#include "frontend/arm/translate/neon.h"

static struct neon_type type_of(int size, int u)
{
    return (struct neon_type){(uint8_t)size, u, false};
}

static int32_t widen(struct ir_block *b, struct neon_type type, int32_t v)
{
    return ir_vop(b, type.u ? IR_OP_vwidenu : IR_OP_vwidens, IR_V128, type.size, v, IR_NONE, 0);
}

/* Qd = op(Vn, Dm) of elements that were widened first; Vn is a quadword when @wide. */
static bool add_long(struct arm_translate *t, const struct arg_n_rrr *a, const struct neon_op *op,
                     bool wide)
{
    struct neon_type type = type_of(a->size, a->u), result = type_of(a->size + 1, a->u);
    arm_vfp_check(t);
    int32_t n = neon_read(t, wide ? IR_V128 : IR_V64, a->vn);
    n = wide ? n : widen(t->b, type, n);
    int32_t m = widen(t->b, type, neon_read(t, IR_V64, a->vm));
    neon_write(t, IR_V128, a->vd, neon_vector_do(t, op, IR_V128, result, n, m));
    return true;
}

/* ---- long operations: of v64 to v128, or of the low halves of i64 ---------------------------- */

/* Differences are of the shorter elements, and not negative. */
static int32_t vabdl(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x,
                     int32_t y)
{
    return widen(b, type_of(type.size, true), neon_vabd(b, IR_V64, type, x, y));
}

/* The words of @v as the low halves of doublewords. */
static int32_t spread_words(struct ir_block *b, int32_t v)
{
    const struct ir_op *op = &b->ops[v];
    if (op->opcode == IR_OP_vdupl && op->aux == 2)
        return ir_vop(b, IR_OP_vdupl, IR_V128, 2, op->arg[0], IR_NONE, op->imm);
    return widen(b, type_of(2, true), v);
}

int32_t neon_vmull(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x, int32_t y)
{
    if (type.size == 2) {
        y = spread_words(b, y);
        return ir_vop(b, type.u ? IR_OP_vmullu : IR_OP_vmulls, v, 3, spread_words(b, x), y, 0);
    }
    y = widen(b, type, y);
    return neon_vmul(b, v, type_of(type.size + 1, type.u), widen(b, type, x), y);
}

static const struct neon_op abdl = NEON_VECTOR(vabdl), mull = NEON_VECTOR(neon_vmull);
static const struct neon_op qdmull = NEON_VECTOR(neon_vqdmull);

static int32_t vpmull(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x,
                      int32_t y)
{
    return ir_vop(b, IR_OP_vpmull, v, type.size, x, y, 0);
}
static const struct neon_op pmull = NEON_VECTOR(vpmull);


/* Qd = op(n, m), or acc(Qd, op(n, m)), of v64. */
static bool long_vectors(struct arm_translate *t, int vd, struct neon_type type, int32_t n,
                         int32_t m, const struct neon_op *op, const struct neon_op *acc)
{
    struct neon_type wide = type_of(type.size + 1, type.u);
    int32_t v = neon_vector_do(t, op, IR_V128, type, n, m);
    if (acc)
        v = neon_vector_do(t, acc, IR_V128, wide, neon_read(t, IR_V128, vd), v);
    neon_write(t, IR_V128, vd, v);
    return true;
}

static bool three_long(struct arm_translate *t, const struct arg_n_rrr *a, const struct neon_op *op,
                       const struct neon_op *acc)
{
    arm_vfp_check(t);
    return long_vectors(t, a->vd, type_of(a->size, a->u), neon_read(t, IR_V64, a->vn),
                        neon_read(t, IR_V64, a->vm), op, acc);
}

/* Dd = the high halves of op(Qn, Qm), rounded when @round. */
static bool narrow_high(struct arm_translate *t, const struct arg_n_rrr *a,
                        const struct neon_op *op, bool round)
{
    struct neon_type wide = type_of(a->size + 1, true);
    unsigned half = 8u << a->size;
    arm_vfp_check(t);
    int32_t x = neon_vector_do(t, op, IR_V128, wide, neon_read(t, IR_V128, a->vn),
                               neon_read(t, IR_V128, a->vm));
    if (round) {
        int32_t c = ir_const(t->b, IR_V128, neon_each(wide.size, 1ull << (half - 1)));
        x = neon_vector_do(t, &neon_add, IR_V128, wide, x, c);
    }
    x = neon_vector_shift_right(t->b, IR_V128, wide, x, half);
    neon_write(t, IR_V64, a->vd, ir_vop(t->b, IR_OP_vnarrow, IR_V64, wide.size, x, IR_NONE, 0));
    return true;
}

#define THREE(mnemonic, call)                                                 \
    bool trans_##mnemonic(struct arm_translate *t, const struct arg_n_rrr *a) \
    {                                                                         \
        return call;                                                          \
    }

THREE(VADDL, add_long(t, a, &neon_add, false))
THREE(VADDW, add_long(t, a, &neon_add, true))
THREE(VSUBL, add_long(t, a, &neon_sub, false))
THREE(VSUBW, add_long(t, a, &neon_sub, true))
THREE(VADDHN, narrow_high(t, a, &neon_add, false))
THREE(VRADDHN, narrow_high(t, a, &neon_add, true))
THREE(VSUBHN, narrow_high(t, a, &neon_sub, false))
THREE(VRSUBHN, narrow_high(t, a, &neon_sub, true))
THREE(VABDL, three_long(t, a, &abdl, NULL))
THREE(VABAL, three_long(t, a, &abdl, &neon_add))
THREE(VMULL, three_long(t, a, &mull, NULL))
THREE(VMLAL, three_long(t, a, &mull, &neon_add))
THREE(VMLSL, three_long(t, a, &mull, &neon_sub))
THREE(VQDMULL, three_long(t, a, &qdmull, NULL))
THREE(VQDMLAL, three_long(t, a, &qdmull, &neon_qadd))
THREE(VQDMLSL, three_long(t, a, &qdmull, &neon_qsub))
THREE(VMULL_p, three_long(t, a, &pmull, NULL))

bool trans_VMULL_p64(struct arm_translate *t, const struct arg_n_rrr *a)
{
    arm_vfp_check(t);
    int32_t n = neon_read(t, IR_V64, a->vn), m = neon_read(t, IR_V64, a->vm);
    neon_write(t, IR_V128, a->vd, ir_vop(t->b, IR_OP_vpmull, IR_V128, 3, n, m, 0));
    return true;
}

/* ---- by a scalar ----------------------------------------------------------------------------- */

static bool scalar_long(struct arm_translate *t, const struct arg_n_rrs *a,
                        const struct neon_op *op, const struct neon_op *acc)
{
    arm_vfp_check(t);
    return long_vectors(t, a->vd, type_of(a->size, a->u), neon_read(t, IR_V64, a->vn),
                        neon_vector_lane(t, IR_V64, a->vm, a->size, a->index), op, acc);
}

static const struct neon_op qdmulh = NEON_VECTOR(neon_vqdmulh),
                            qrdmulh = NEON_VECTOR(neon_vqrdmulh);

#define SCALAR(mnemonic, shape, op, acc)                                      \
    bool trans_##mnemonic(struct arm_translate *t, const struct arg_n_rrs *a) \
    {                                                                         \
        return shape(t, a, op, acc);                                          \
    }

SCALAR(VMUL_si, neon_scalar_same, &neon_mul, NULL)
SCALAR(VMLA_si, neon_scalar_same, &neon_mul, &neon_add)
SCALAR(VMLS_si, neon_scalar_same, &neon_mul, &neon_sub)
SCALAR(VQDMULH_s, neon_scalar_same, &qdmulh, NULL)
SCALAR(VQRDMULH_s, neon_scalar_same, &qrdmulh, NULL)
SCALAR(VMULL_s, scalar_long, &mull, NULL)
SCALAR(VMLAL_s, scalar_long, &mull, &neon_add)
SCALAR(VMLSL_s, scalar_long, &mull, &neon_sub)
SCALAR(VQDMULL_s, scalar_long, &qdmull, NULL)
SCALAR(VQDMLAL_s, scalar_long, &qdmull, &neon_qadd)
SCALAR(VQDMLSL_s, scalar_long, &qdmull, &neon_qsub)
