/* Advanced SIMD, two registers and a shift amount (DDI 0406C A7.4.4), but for conversions. */
#include "frontend/arm/translate/neon.h"

static struct neon_type type_of(const struct arg_n_shift *a)
{
    return (struct neon_type){(uint8_t)a->size, a->u, false};
}

/* By @shift; added to the destination when @add. */
static bool shift_vector(struct arm_translate *t, const struct arg_n_shift *a,
                         neon_shift_fn *shift, bool add)
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
VECTOR(VQSHL_imm, neon_vector_shift_saturated, false)
VECTOR(VQSHLU, neon_vector_shift_unsigned, false)

/* Insertions keep the bits of the destination that nothing is shifted into. */
static bool insert(struct arm_translate *t, const struct arg_n_shift *a, neon_shift_fn *shift,
                   uint64_t keep)
{
    struct neon_type type = {(uint8_t)a->size, true, false};
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

/* Vd = @op of the elements of Qm shifted right. @a's size is that of Vd, the type that of Qm. No
 * shifted value needs more bits than the element had, rounded ones neither. */
static bool shift_narrow(struct arm_translate *t, const struct arg_n_shift *a, bool u, bool round,
                         const struct neon_op *op)
{
    struct neon_type type = {.size = (uint8_t)(a->size + 1), .u = u};
    neon_shift_fn *shift = round ? neon_vector_round_right : neon_vector_shift_right;
    arm_vfp_check(t);
    int32_t x = shift(t->b, IR_V128, type, neon_read(t, IR_V128, a->vm), (unsigned)a->imm);
    neon_write(t, IR_V64, a->vd, neon_vector_do(t, op, IR_V64, type, x, IR_NONE));
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
    struct neon_type wide = {(uint8_t)(a->size + 1), a->u, false};
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
