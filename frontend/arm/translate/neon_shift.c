/* Advanced SIMD, two registers and a shift amount (DDI 0406C A7.4.4), but for conversions. */
#include "frontend/arm/translate/neon.h"

static struct neon_type type_of(const struct arg_n_shift *a)
{
    return (struct neon_type){(uint8_t)a->size, a->u};
}

/* The amounts by which the shifts by registers shift as far as instructions to the right, to the
 * left. */
static int32_t amount_right(struct arm_translate *t, const struct arg_n_shift *a)
{
    return neon_const(t->b, neon_each((unsigned)a->size, -(uint64_t)a->imm));
}

static int32_t amount_left(struct arm_translate *t, const struct arg_n_shift *a)
{
    return neon_const(t->b, neon_each((unsigned)a->size, (uint64_t)a->imm));
}

/* The new value of a half, of the operand @m. */
typedef int32_t shift_fn(struct arm_translate *t, const struct arg_n_shift *a, int32_t m);

static bool shift_same(struct arm_translate *t, const struct arg_n_shift *a, shift_fn *fn)
{
    arm_vfp_check(t);
    for (int i = 0; i <= a->q; i++)
        arm_d_write(t, a->vd + i, fn(t, a, arm_d_read(t, a->vm + i)));
    return true;
}

/* Elements of 64 bits. */
static int32_t do_shr(struct arm_translate *t, const struct arg_n_shift *a, int32_t m)
{
    return ir_op2i(t->b, a->u ? IR_OP_shr : IR_OP_sar, m, (unsigned)a->imm);
}

static int32_t do_rshr(struct arm_translate *t, const struct arg_n_shift *a, int32_t m)
{
    static const struct neon_op op = NEON_SU4(rshl);
    return neon_do(t, &op, type_of(a), m, amount_right(t, a));
}

static int32_t do_qshl(struct arm_translate *t, const struct arg_n_shift *a, int32_t m)
{
    static const struct neon_op op = NEON_SU4(qshl);
    return neon_do(t, &op, type_of(a), m, amount_left(t, a));
}

static int32_t do_qshlu(struct arm_translate *t, const struct arg_n_shift *a, int32_t m)
{
    static const struct neon_op op = NEON_FROM(qshlu, 8, 0, 4);
    return neon_do(t, &op, type_of(a), m, amount_left(t, a));
}

typedef int32_t vector_shift_fn(struct ir_block *b, enum ir_type v, struct neon_type type,
                                int32_t x, unsigned n);

/* By @shift; added to the destination when @add. */
static bool shift_vector(struct arm_translate *t, const struct arg_n_shift *a,
                         vector_shift_fn *shift, bool add)
{
    enum ir_type v = neon_vector(a->q);
    arm_vfp_check(t);
    int32_t x = shift(t->b, v, type_of(a), neon_read(t, v, a->vm), (unsigned)a->imm);
    if (add)
        x = neon_vector_do(t, &neon_add, v, type_of(a), neon_read(t, v, a->vd), x);
    neon_write(t, v, a->vd, x);
    return true;
}

#define VECTOR(mnemonic, shift, add)                                            \
    bool trans_##mnemonic(struct arm_translate *t, const struct arg_n_shift *a) \
    {                                                                           \
        return shift_vector(t, a, shift, add);                                  \
    }

VECTOR(VSHR, neon_vector_shift_right, false)
VECTOR(VSRA, neon_vector_shift_right, true)
VECTOR(VRSHR, neon_vector_round_right, false)
VECTOR(VRSRA, neon_vector_round_right, true)
VECTOR(VSHL_imm, neon_vector_shift_left, false)

/* Insertions keep the bits of the destination that nothing is shifted into. */
static bool insert(struct arm_translate *t, const struct arg_n_shift *a, vector_shift_fn *shift,
                   uint64_t keep)
{
    struct neon_type type = {(uint8_t)a->size, true};
    enum ir_type v = neon_vector(a->q);
    struct ir_block *b = t->b;
    arm_vfp_check(t);
    int32_t x = shift(b, v, type, neon_read(t, v, a->vm), (unsigned)a->imm);
    int32_t d = ir_vop(b, IR_OP_vand, v, 0, neon_read(t, v, a->vd),
                       ir_const(b, v, neon_each(type.size, keep)), 0);
    neon_write(t, v, a->vd, ir_vop(b, IR_OP_vor, v, 0, d, x, 0));
    return true;
}

bool trans_VSLI(struct arm_translate *t, const struct arg_n_shift *a)
{
    return insert(t, a, neon_vector_shift_left, (1ull << a->imm) - 1);
}

bool trans_VSRI(struct arm_translate *t, const struct arg_n_shift *a)
{
    unsigned bits = 8u << a->size, n = (unsigned)a->imm;
    return insert(t, a, neon_vector_shift_right, n < bits ? ~(~0ull >> (64 - bits) >> n) : ~0ull);
}

#define SHIFT(mnemonic, fn)                                                     \
    bool trans_##mnemonic(struct arm_translate *t, const struct arg_n_shift *a) \
    {                                                                           \
        return shift_same(t, a, fn);                                            \
    }

SHIFT(VQSHL_imm, do_qshl)
SHIFT(VQSHLU, do_qshlu)

static bool shift_narrow_vector(struct arm_translate *t, const struct arg_n_shift *wide, bool round,
                                const struct neon_op *op)
{
    struct neon_type type = type_of(wide);
    unsigned n = (unsigned)wide->imm;
    int32_t x = neon_read(t, IR_V128, wide->vm);
    if (round)
        x = neon_vector_round_right(t->b, IR_V128, type, x, n);
    else
        x = neon_vector_shift_right(t->b, IR_V128, type, x, n);
    neon_write(t, IR_V64, wide->vd, neon_vector_do(t, op, IR_V64, type, x, IR_NONE));
    return true;
}

/* Vd = @op of the elements of Qm shifted right. @a's size is that of Vd, the type that of Qm. No
 * shifted value needs more bits than the element had, rounded ones neither. */
static bool shift_narrow(struct arm_translate *t, const struct arg_n_shift *a, bool u, bool round,
                         const struct neon_op *op)
{
    struct arg_n_shift wide = *a;
    shift_fn *fn = round ? do_rshr : do_shr;
    wide.size++;
    wide.u = u;
    arm_vfp_check(t);
    if (neon_has_vector(t, op, type_of(&wide)))
        return shift_narrow_vector(t, &wide, round, op);
    struct neon_pair m = neon_q_read(t, a->vm);
    int32_t lo = fn(t, &wide, m.lo), hi = fn(t, &wide, m.hi);
    arm_d_write(t, a->vd, neon_do(t, op, type_of(&wide), lo, hi));
    return true;
}

#define NARROW(mnemonic, u, round, op)                                          \
    bool trans_##mnemonic(struct arm_translate *t, const struct arg_n_shift *a) \
    {                                                                           \
        return shift_narrow(t, a, u, round, &op);                               \
    }

NARROW(VSHRN, true, false, neon_narrow)
NARROW(VRSHRN, true, true, neon_narrow)
NARROW(VQSHRN, a->u, false, neon_qnarrow)
NARROW(VQRSHRN, a->u, true, neon_qnarrow)
NARROW(VQSHRUN, false, false, neon_qnarrow_su)
NARROW(VQRSHRUN, false, true, neon_qnarrow_su)

/* VSHLL.<type><size> <Qd>, <Dm>, #<imm>, from 0 (VMOVL) to the width of an element. */
bool trans_VSHLL(struct arm_translate *t, const struct arg_n_shift *a)
{
    struct neon_type wide = {(uint8_t)(a->size + 1), a->u};
    arm_vfp_check(t);
    int32_t x = ir_vop(t->b, a->u ? IR_OP_vwidenu : IR_OP_vwidens, IR_V128, (unsigned)a->size,
                       neon_read(t, IR_V64, a->vm), IR_NONE, 0);
    x = neon_vector_shift_left(t->b, IR_V128, wide, x, (unsigned)a->imm);
    neon_write(t, IR_V128, a->vd, x);
    return true;
}

/* VSHLL.<type><size> <Qd>, <Dm>, #<size> */
bool trans_VSHLL_max(struct arm_translate *t, const struct arg_n_rr *a)
{
    struct arg_n_shift shift = {.vd = a->vd, .vm = a->vm, .size = a->size, .q = 1,
                                .imm = 8 << a->size};
    return trans_VSHLL(t, &shift);
}
