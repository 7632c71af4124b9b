/* VFP arithmetic and comparison (DDI 0406C A7.5). What is computed is said in tables; vfp_op1,
 * vfp_op2 and vfp_muladd alone know how an operation becomes IR. */
#include "frontend/arm/translate/vfp_arith.h"

/* ---- operations as IR ------------------------------------------------------------------------ */

/* These leave NaNs and denormals alone. */
static int32_t vfp_neg(struct arm_translate *t, enum fp_size f, int32_t a)
{
    return ir_fop(t->b, IR_OP_fneg, vfp_float(f), a, IR_NONE, IR_NONE, 0);
}

static int32_t vfp_op1(struct arm_translate *t, enum vfp_op op, enum fp_size f, int32_t a)
{
    switch (op) {
    case VFP_NEG: return vfp_neg(t, f, a);
    case VFP_ABS: return ir_fop(t->b, IR_OP_fabs, vfp_float(f), a, IR_NONE, IR_NONE, 0);
    case VFP_SQRT: return vfp_op(t, IR_OP_fsqrt, f, a, IR_NONE, IR_NONE);
    default: return a; /* VFP_MOV */
    }
}

static int32_t vfp_op2(struct arm_translate *t, enum vfp_op op, enum fp_size f, int32_t a,
                       int32_t b)
{
    static const uint8_t ops[VFP_OP2_COUNT] = {
        [VFP_ADD] = IR_OP_fadd,     [VFP_SUB] = IR_OP_fsub,     [VFP_MUL] = IR_OP_fmul,
        [VFP_DIV] = IR_OP_fdiv,     [VFP_MAXNM] = IR_OP_fmaxnm, [VFP_MINNM] = IR_OP_fminnm};
    return vfp_op(t, (enum ir_opcode)ops[op], f, a, b, IR_NONE);
}

static int32_t vfp_muladd(struct arm_translate *t, enum fp_size f, int32_t addend, int32_t a,
                          int32_t b)
{
    return vfp_op(t, IR_OP_fmuladd, f, addend, a, b);
}

/* ---- short vectors --------------------------------------------------------------------------- */

/* CPUs with VFPv4 have no short vectors: FPSCR.LEN is always 0. Elsewhere an instruction that they
 * concern looks at it, where it may have any value. */
static bool short_vectors(const struct arm_translate *t)
{
    return (t->flags & ARM_BF_FP_SPECIAL) && !arm_has(t, ARM_FEATURE(VFP4));
}

/* What is between them is done where LEN is 0; otherwise the helper does the instruction. */
static unsigned vector_begin(struct arm_translate *t, unsigned op, int vd, int vn, int vm,
                             uint64_t imm)
{
    struct ir_block *b = t->b;
    unsigned scalar = ir_label_new(b), done = ir_label_new(b);
    ir_brz(b, ir_op2i(b, IR_OP_and, ir_get(b, ARM_SLOT_FPSCR), FPSCR_LEN), scalar);
    ir_call(b, ARM_HELPER_vfp_vector, ir_i32(b, op),
            ir_i32(b, (uint32_t)(vd | vn << 8 | vm << 16)), ir_const(b, IR_I64, imm), IR_NONE);
    ir_brz(b, ir_i32(b, 0), done);
    ir_label(b, scalar);
    return done;
}

static void vector_end(struct arm_translate *t, unsigned done)
{
    ir_label(t->b, done);
}

/* ---- three registers ------------------------------------------------------------------------- */

static int32_t negate_if(struct arm_translate *t, unsigned op, unsigned variation, enum fp_size f,
                         int32_t v)
{
    return op & variation ? vfp_neg(t, f, v) : v;
}

/* What arm_helper_vfp_vector computes for each element. */
static void scalar3(struct arm_translate *t, const struct arg_v_rrr *a, unsigned op, enum fp_size f)
{
    int32_t n = vfp_read(t, f, a->vn), m = vfp_read(t, f, a->vm), result;
    if ((op & VFP_OP_MASK) == VFP_FMA) {
        int32_t d = negate_if(t, op, VFP_NEGATE_D, f, vfp_read(t, f, a->vd));
        result = vfp_muladd(t, f, d, negate_if(t, op, VFP_NEGATE_N, f, n), m);
    } else {
        result = vfp_op2(t, (enum vfp_op)(op & VFP_OP_MASK), f, n, m);
        result = negate_if(t, op, VFP_NEGATE_RESULT, f, result);
    }
    if (op & VFP_ACCUMULATE) {
        int32_t d = negate_if(t, op, VFP_NEGATE_D, f, vfp_read(t, f, a->vd));
        result = vfp_op2(t, VFP_ADD, f, d, result);
    }
    vfp_write(t, f, a->vd, result);
}

static bool arith3(struct arm_translate *t, const struct arg_v_rrr *a, unsigned op, enum fp_size f)
{
    if (!vfp_exists(t, f, a->vd) || !vfp_exists(t, f, a->vn) || !vfp_exists(t, f, a->vm))
        return arm_undefined(t);
    arm_vfp_check(t);
    if (!short_vectors(t)) {
        scalar3(t, a, op, f);
        return true;
    }
    unsigned done = vector_begin(t, op | (f == FP_64 ? VFP_DOUBLE : 0), a->vd, a->vn, a->vm, 0);
    scalar3(t, a, op, f);
    vector_end(t, done);
    return true;
}

#define ARITH3(name, op)                                                                           \
    bool trans_##name##_s(struct arm_translate *t, const struct arg_v_rrr *a)                      \
    {                                                                                              \
        return arith3(t, a, op, FP_32);                                                            \
    }                                                                                              \
    bool trans_##name##_d(struct arm_translate *t, const struct arg_v_rrr *a)                      \
    {                                                                                              \
        return arith3(t, a, op, FP_64);                                                            \
    }

ARITH3(VADD, VFP_ADD)
ARITH3(VSUB, VFP_SUB)
ARITH3(VMUL, VFP_MUL)
ARITH3(VNMUL, VFP_MUL | VFP_NEGATE_RESULT)
ARITH3(VDIV, VFP_DIV)
ARITH3(VMLA, VFP_MUL | VFP_ACCUMULATE)
ARITH3(VMLS, VFP_MUL | VFP_ACCUMULATE | VFP_NEGATE_RESULT)
ARITH3(VNMLA, VFP_MUL | VFP_ACCUMULATE | VFP_NEGATE_RESULT | VFP_NEGATE_D)
ARITH3(VNMLS, VFP_MUL | VFP_ACCUMULATE | VFP_NEGATE_D)
ARITH3(VFMA, VFP_FMA)
ARITH3(VFMS, VFP_FMA | VFP_NEGATE_N)
ARITH3(VFNMA, VFP_FMA | VFP_NEGATE_N | VFP_NEGATE_D)
ARITH3(VFNMS, VFP_FMA | VFP_NEGATE_D)

/* ---- two registers --------------------------------------------------------------------------- */

static bool arith2(struct arm_translate *t, const struct arg_v_rr *a, enum vfp_op op,
                   enum fp_size f)
{
    if (!vfp_exists(t, f, a->vd) || !vfp_exists(t, f, a->vm))
        return arm_undefined(t);
    arm_vfp_check(t);
    bool vectors = short_vectors(t);
    unsigned done = 0;
    if (vectors)
        done = vector_begin(t, op | (f == FP_64 ? VFP_DOUBLE : 0), a->vd, 0, a->vm, 0);
    vfp_write(t, f, a->vd, vfp_op1(t, op, f, vfp_read(t, f, a->vm)));
    if (vectors)
        vector_end(t, done);
    return true;
}

#define ARITH2(name, op)                                                                           \
    bool trans_##name##_s(struct arm_translate *t, const struct arg_v_rr *a)                       \
    {                                                                                              \
        return arith2(t, a, op, FP_32);                                                            \
    }                                                                                              \
    bool trans_##name##_d(struct arm_translate *t, const struct arg_v_rr *a)                       \
    {                                                                                              \
        return arith2(t, a, op, FP_64);                                                            \
    }

ARITH2(VABS, VFP_ABS)
ARITH2(VNEG, VFP_NEG)
ARITH2(VSQRT, VFP_SQRT)
ARITH2(VMOV_reg, VFP_MOV)

/* VFPExpandImm: sign, an exponent of NOT(b):bb..b:cd, fraction efgh. */
static uint64_t expand_imm(int imm8, unsigned exponent_bits, unsigned fraction_bits)
{
    uint64_t sign = (uint64_t)imm8 >> 7 & 1, b = (uint64_t)imm8 >> 6 & 1;
    uint64_t ones = b ? (1ull << (exponent_bits - 3)) - 1 : 0;
    uint64_t exponent = (b ^ 1) << (exponent_bits - 1) | ones << 2 | ((uint64_t)imm8 >> 4 & 3);
    return sign << (exponent_bits + fraction_bits) | exponent << fraction_bits |
           ((uint64_t)imm8 & 15) << (fraction_bits - 4);
}

static bool move_imm(struct arm_translate *t, const struct arg_v_imm *a, enum fp_size f)
{
    if (!vfp_exists(t, f, a->vd))
        return arm_undefined(t);
    arm_vfp_check(t);
    bool vectors = short_vectors(t);
    uint64_t v = f == FP_64 ? expand_imm(a->imm, 11, 52) : expand_imm(a->imm, 8, 23);
    unsigned done = 0;
    if (vectors)
        done = vector_begin(t, VFP_IMM | (f == FP_64 ? VFP_DOUBLE : 0), a->vd, 0, 0, v);
    vfp_write(t, f, a->vd, ir_const(t->b, f == FP_64 ? IR_I64 : IR_I32, v));
    if (vectors)
        vector_end(t, done);
    return true;
}

bool trans_VMOV_imm_s(struct arm_translate *t, const struct arg_v_imm *a)
{
    return move_imm(t, a, FP_32);
}

bool trans_VMOV_imm_d(struct arm_translate *t, const struct arg_v_imm *a)
{
    return move_imm(t, a, FP_64);
}

/* ---- comparison ------------------------------------------------------------------------------ */

static bool compare(struct arm_translate *t, const struct arg_v_cmp *a, enum fp_size f, bool zero)
{
    if (!vfp_exists(t, f, a->vd) || !vfp_exists(t, f, a->vm))
        return arm_undefined(t);
    arm_vfp_check(t);
    int32_t d = vfp_read(t, f, a->vd);
    int32_t m = zero ? ir_const(t->b, ir_op_result_type(&t->b->ops[d]), 0) : vfp_read(t, f, a->vm);
    ir_set(t->b, ARM_SLOT_FP_NZCV,
           ir_fop(t->b, IR_OP_fcmp, vfp_float(f), d, m, IR_NONE, (unsigned)a->e | vfp_modes(t)));
    return true;
}

bool trans_VCMP_s(struct arm_translate *t, const struct arg_v_cmp *a)
{
    return compare(t, a, FP_32, false);
}

bool trans_VCMP_d(struct arm_translate *t, const struct arg_v_cmp *a)
{
    return compare(t, a, FP_64, false);
}

bool trans_VCMP_zero_s(struct arm_translate *t, const struct arg_v_cmp *a)
{
    return compare(t, a, FP_32, true);
}

bool trans_VCMP_zero_d(struct arm_translate *t, const struct arg_v_cmp *a)
{
    return compare(t, a, FP_64, true);
}

/* ---- ARMv8: selection, maximum and minimum --------------------------------------------------- */

static bool select(struct arm_translate *t, const struct arg_v_sel *a, enum fp_size f)
{
    static const enum ir_cc cc[] = {IR_CC_EQ, IR_CC_VS, IR_CC_GE, IR_CC_GT};
    if (!vfp_exists(t, f, a->vd) || !vfp_exists(t, f, a->vn) || !vfp_exists(t, f, a->vm))
        return arm_undefined(t);
    if (t->in_it)
        return arm_unpredictable(t);
    arm_vfp_check(t);
    int32_t n = vfp_read_bits(t, f, a->vn), m = vfp_read_bits(t, f, a->vm);
    vfp_write(t, f, a->vd, ir_selcc(t->b, cc[a->cc], n, m));
    return true;
}

bool trans_VSEL_s(struct arm_translate *t, const struct arg_v_sel *a)
{
    return select(t, a, FP_32);
}

bool trans_VSEL_d(struct arm_translate *t, const struct arg_v_sel *a)
{
    return select(t, a, FP_64);
}

static bool extreme(struct arm_translate *t, const struct arg_v_rrr *a, enum vfp_op op,
                    enum fp_size f)
{
    return t->in_it ? arm_unpredictable(t) : arith3(t, a, op, f);
}

bool trans_VMAXNM_s(struct arm_translate *t, const struct arg_v_rrr *a)
{
    return extreme(t, a, VFP_MAXNM, FP_32);
}

bool trans_VMAXNM_d(struct arm_translate *t, const struct arg_v_rrr *a)
{
    return extreme(t, a, VFP_MAXNM, FP_64);
}

bool trans_VMINNM_s(struct arm_translate *t, const struct arg_v_rrr *a)
{
    return extreme(t, a, VFP_MINNM, FP_32);
}

bool trans_VMINNM_d(struct arm_translate *t, const struct arg_v_rrr *a)
{
    return extreme(t, a, VFP_MINNM, FP_64);
}
