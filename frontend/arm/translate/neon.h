/*
 * Advanced SIMD data processing: operations on elements, and the shapes of instructions that apply
 * them to registers. Internal to translate/.
 *
 * An operation is a struct neon_op: IR on whole registers as vectors, or helpers on their halves as
 * integers, by element type. neon_do and neon_vector_do alone know how an operation becomes IR.
 */
#ifndef ARMEMU_ARM_TRANSLATE_NEON_H
#define ARMEMU_ARM_TRANSLATE_NEON_H

#include "frontend/arm/decode_args.h"
#include "frontend/arm/translate/vfp.h"

/* Element type: log2 of the bytes, and whether elements are unsigned. */
struct neon_type {
    uint8_t size;
    bool u;
};

/* Result in IR's vectors, of type @v: of v64 or v128 values of element type @type (@y IR_NONE for
 * operations of one operand). */
typedef int32_t neon_vector_fn(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x,
                               int32_t y);

struct neon_op {
    neon_vector_fn *vector; /* for the sizes of the mask `sizes` */
    uint8_t sizes;
    bool is_float;      /* `vector` rounds as the FPSCR says: only where that is to nearest */
    uint16_t helper;    /* elsewhere: the first of helpers in ascending order of the sizes ... */
    uint8_t first, count; /* ... which begin with @first; so many sizes. 0: one for all types. */
    bool sign_matters;  /* then as many more for unsigned elements */
};

/* Vectors of all sizes that there are; and those of some sizes, helpers of the others. */
#define NEON_VECTOR(vector_, sizes_) (struct neon_op){.vector = vector_, .sizes = sizes_}
#define NEON_WITH(vector_, sizes_, ...) \
    (struct neon_op){.vector = vector_, .sizes = sizes_, __VA_ARGS__}
/* Vectors of floats, and the helper where they do not round to nearest. */
#define NEON_F(vector_, name) \
    NEON_WITH(vector_, 15, .is_float = true, .helper = ARM_HELPER_neon_##name)
/* One helper. */
#define NEON_ONE(name) (struct neon_op){.helper = ARM_HELPER_neon_##name}
/* Helpers name_8, _16, _32; the same from size @first_ on, @n of them; signed and unsigned ones;
 * those as a part of NEON_WITH. */
#define NEON_3(name) (struct neon_op){.helper = ARM_HELPER_neon_##name##_8, .count = 3}
#define NEON_FROM(name, bits, first_, n) \
    (struct neon_op){.helper = ARM_HELPER_neon_##name##_##bits, .first = first_, .count = n}
#define NEON_SU4(name) \
    (struct neon_op){.helper = ARM_HELPER_neon_##name##_s8, .count = 4, .sign_matters = true}
#define NEON_SU_FROM(name, bits, first_, n)                                    \
    .helper = ARM_HELPER_neon_##name##_s##bits, .first = first_, .count = n,   \
    .sign_matters = true

/* Operations that several groups use (neon_ops.c). */
extern const struct neon_op neon_add, neon_sub, neon_mul, neon_abd, neon_equal, neon_qadd,
    neon_qsub;
/* Of v128, of the elements' type, to v64. */
extern const struct neon_op neon_narrow, neon_qnarrow, neon_qnarrow_su;

/** Apply @op to halves @x and @y (i64) by a helper. */
int32_t neon_do(struct arm_translate *t, const struct neon_op *op, struct neon_type type, int32_t x,
                int32_t y);
/** Is there IR of @op on vectors? @op NULL: yes. Otherwise it has helpers. */
bool neon_has_vector(const struct arm_translate *t, const struct neon_op *op, struct neon_type type);
/** Apply it to vectors of type @v. */
int32_t neon_vector_do(struct arm_translate *t, const struct neon_op *op, enum ir_type v,
                       struct neon_type type, int32_t x, int32_t y);
/** @v in all elements of 8 << @size bits. */
uint64_t neon_each(unsigned size, uint64_t v);
int32_t neon_const(struct ir_block *b, uint64_t v);
/** The upper half of an i64 as the lower one, for long operations. */
int32_t neon_high(struct ir_block *b, int32_t v);
/** An i64 all of whose elements are element @index of register @d, sizes 0..2. */
int32_t neon_lane(struct arm_translate *t, int d, int size, int index);

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
/** All elements of @x shifted by a constant, to the left by 0..width-1 (from size 1 on by the width
 * too), to the right (signed or unsigned, as @type says) by 1..width. */
int32_t neon_vector_shift_left(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x,
                               unsigned n);
int32_t neon_vector_shift_right(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x,
                                unsigned n);
/** The same, rounded. */
int32_t neon_vector_round_right(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x,
                                unsigned n);
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
neon_vector_fn neon_vadd, neon_vsub, neon_vmul, neon_vmax, neon_vmin, neon_vcgt, neon_vcge, neon_vceq,
    neon_vtst, neon_vabd, neon_vqadd, neon_vqsub, neon_vfadd, neon_vfsub, neon_vfmul, neon_vfmax, neon_vfmin,
    neon_vfcmpeq, neon_vfcmpge, neon_vfcmpgt;
/** Of v128 to v64. */
neon_vector_fn neon_vnarrow, neon_vqnarrow, neon_vqnarrow_su;

/* Both halves of a quadword. */
struct neon_pair {
    int32_t lo, hi;
};
/** Registers @d and @d + 1, and writing them. */
struct neon_pair neon_q_read(struct arm_translate *t, int d);
void neon_q_write(struct arm_translate *t, int d, struct neon_pair v);

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
