/*
 * Advanced SIMD data processing: operations on elements, and the shapes of instructions that apply
 * them to registers. Internal to translate/.
 *
 * An operation is a struct neon_op: IR on whole registers as vectors. neon_vector_do alone knows
 * how it becomes IR.
 */
#ifndef ARMEMU_ARM_TRANSLATE_NEON_H
#define ARMEMU_ARM_TRANSLATE_NEON_H

#include "frontend/arm/decode_args.h"
#include "frontend/arm/translate/vfp.h"

/* Element type: log2 of the bytes, whether elements are unsigned, and whether floats round to
 * nearest although the FPSCR says otherwise. */
struct neon_type {
    uint8_t size;
    bool u, nearest;
};

/* Result in IR's vectors, of type @v: of v64 or v128 values of element type @type (@y IR_NONE for
 * operations of one operand). */
typedef int32_t neon_vector_fn(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x,
                               int32_t y);

struct neon_op {
    neon_vector_fn *vector;
};

#define NEON_VECTOR(vector_) (struct neon_op){.vector = vector_}

/* Operations that several groups use (neon_ops.c). */
extern const struct neon_op neon_add, neon_sub, neon_mul, neon_abd, neon_equal, neon_qadd,
    neon_qsub;
/* Of v128, of the elements' type, to v64. */
extern const struct neon_op neon_narrow, neon_qnarrow, neon_qnarrow_su;

/** Apply @op to vectors of type @v. */
int32_t neon_vector_do(struct arm_translate *t, const struct neon_op *op, enum ir_type v,
                       struct neon_type type, int32_t x, int32_t y);
/** @v in all elements of 8 << @size bits. */
uint64_t neon_each(unsigned size, uint64_t v);

/* Registers as vectors: Q registers (by their first D register) when @v is IR_V128. */
static inline unsigned neon_slot(enum ir_type v, int d)
{
    return v == IR_V128 ? ARM_SLOT_Q0 + (unsigned)d / 2 : ARM_SLOT_V0 + (unsigned)d;
}
static inline int32_t neon_read(struct arm_translate *t, enum ir_type v, int d)
{
    return ir_get(t->b, neon_slot(v, d));
}
static inline void neon_write(struct arm_translate *t, enum ir_type v, int d, int32_t value)
{
    ir_set(t->b, neon_slot(v, d), value);
}
static inline enum ir_type neon_vector(int q)
{
    return q ? IR_V128 : IR_V64;
}
/** Element @index of register @d in all elements of a vector, sizes 0..2. */
int32_t neon_vector_lane(struct arm_translate *t, enum ir_type v, int d, int size, int index);
typedef int32_t neon_shift_fn(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x,
                              unsigned n);
/** All elements of @x shifted by a constant, to the left by 0..width-1 (from size 1 on by the width
 * too), to the right (signed or unsigned, as @type says) by 1..width. */
int32_t neon_vector_shift_left(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x,
                               unsigned n);
int32_t neon_vector_shift_right(struct ir_block *b, enum ir_type v, struct neon_type type,
                                int32_t x, unsigned n);
/** To the left, saturated, and of signed elements to unsigned ones. */
neon_shift_fn neon_vector_shift_saturated, neon_vector_shift_unsigned;
/** To the right, rounded. */
int32_t neon_vector_round_right(struct ir_block *b, enum ir_type v, struct neon_type type,
                                int32_t x, unsigned n);
/** Rearrangement (neon_arrange.c). A v128 of two v64, and half @high of a v128. */
int32_t neon_join(struct ir_block *b, int32_t lo, int32_t hi);
int32_t neon_half(struct ir_block *b, int32_t v, unsigned high);
/** The v64 of the even, or the odd, elements of a v128, sizes 0..2. */
int32_t neon_every_other(struct ir_block *b, unsigned size, int32_t v, bool odd);
/** The v128 of the elements of two v64 in turn, sizes 0..2. */
int32_t neon_zip(struct ir_block *b, unsigned size, int32_t x, int32_t y);
/** The v64 of bytes of a v128 that the bytes of @index choose; 0 where they have the top bit. */
int32_t neon_bytes(struct ir_block *b, int32_t table, uint64_t index);
/** Pairs of neighbours of x and y by an operation: of v64 alone. */
neon_vector_fn neon_vpadd, neon_vpmax, neon_vpmin, neon_vfpadd, neon_vfpmax, neon_vfpmin;
/** Sums of neighbours, of twice their size. */
neon_vector_fn neon_vpaddl;
/** Functions for struct neon_op (neon_vector.c). */
neon_vector_fn neon_vhadd, neon_vrhadd, neon_vhsub, neon_vqdmulh, neon_vqrdmulh, neon_vcnt;
neon_vector_fn neon_vadd, neon_vsub, neon_vmul, neon_vmax, neon_vmin, neon_vcgt, neon_vcge,
    neon_vceq, neon_vtst, neon_vabd, neon_vfadd, neon_vfsub, neon_vfmul, neon_vfmax, neon_vfmin,
    neon_vfcmpeq, neon_vfcmpge, neon_vfcmpgt, neon_vfmaxnm, neon_vfminnm, neon_vfrecps,
    neon_vfrsqrts, neon_vfrecpe, neon_vfrsqrte, neon_vrecpe, neon_vrsqrte;
/** Products of twice the size (neon_long.c). */
neon_vector_fn neon_vmull;
/** neon_saturate.c; the shifts by registers shift x by y. */
neon_vector_fn neon_vqadd, neon_vqsub, neon_vqabs, neon_vqneg, neon_vqdmull, neon_vshl, neon_vrshl,
    neon_vqshl, neon_vqrshl;
/** Of v128 to v64. */
neon_vector_fn neon_vnarrow, neon_vqnarrow, neon_vqnarrow_su;

/* ---- shapes: the check, reading, applying, writing; true ------------------------------------- */

/** Vd = op(Vn, Vm), all of a length; with @acc Vd = acc(Vd, op(Vn, Vm)). */
bool neon_three_same(struct arm_translate *t, const struct arg_n_rrr *a, const struct neon_op *op,
                     const struct neon_op *acc);
/** Vd = op(Vm). */
bool neon_two(struct arm_translate *t, const struct arg_n_rr *a, const struct neon_op *op);
/** Vd = op(Vm, 0), or op(0, Vm) when @swap; signed elements. */
bool neon_with_zero(struct arm_translate *t, const struct arg_n_rr *a, const struct neon_op *op,
                    bool swap);
/** As neon_three_same with element a->index of Dm for all elements of Vm. */
bool neon_scalar_same(struct arm_translate *t, const struct arg_n_rrs *a, const struct neon_op *op,
                      const struct neon_op *acc);

#endif
