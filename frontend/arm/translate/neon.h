/*
 * Advanced SIMD data processing: operations on D register values (i64), and the shapes of
 * instructions that apply them to registers. Internal to translate/.
 *
 * An operation is a struct neon_op: IR on whole registers as vectors, and IR or a helper per element
 * type on their halves as integers. neon_do and neon_vector_do alone know how an operation becomes IR.
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

/* Result of one half. @x and @y are i64 (@y IR_NONE for operations of one operand). */
typedef int32_t neon_fn(struct ir_block *b, struct neon_type type, int32_t x, int32_t y);

/* Result in IR's vectors: of @v64 or v128 values of the operation's element type. */
typedef int32_t neon_vector_fn(struct ir_block *b, enum ir_type v, struct neon_type type, int32_t x,
                               int32_t y);

struct neon_op {
    neon_vector_fn *vector; /* first choice, for the sizes of the mask `sizes` */
    uint8_t sizes;
    bool is_float;      /* `vector` rounds as the FPSCR says: only where that is to nearest */
    neon_fn *fn;        /* IR, where not NULL */
    uint16_t helper;    /* otherwise the first of helpers in ascending order of the sizes ... */
    uint8_t first, count; /* ... which begin with @first; so many sizes. 0: one for all types. */
    bool sign_matters;  /* then as many more for unsigned elements */
};

#define NEON_IR(fn_) (struct neon_op){.fn = fn_}
/* One helper. */
#define NEON_ONE(name) (struct neon_op){.helper = ARM_HELPER_neon_##name}
/* Helpers name_8, _16, _32; the same from size @first on, @n of them; signed and unsigned ones. */
#define NEON_3(name) (struct neon_op){.helper = ARM_HELPER_neon_##name##_8, .count = 3}
#define NEON_FROM(name, bits, first_, n) \
    (struct neon_op){.helper = ARM_HELPER_neon_##name##_##bits, .first = first_, .count = n}
#define NEON_SU3(name) \
    (struct neon_op){.helper = ARM_HELPER_neon_##name##_s8, .count = 3, .sign_matters = true}
#define NEON_SU4(name) \
    (struct neon_op){.helper = ARM_HELPER_neon_##name##_s8, .count = 4, .sign_matters = true}

/* Operations that several groups use (neon_ops.c). */
extern const struct neon_op neon_add, neon_sub, neon_mul, neon_qadd, neon_qsub, neon_shl, neon_rshl;
extern const struct neon_op neon_narrow, neon_widen, neon_abd, neon_abdl, neon_mull, neon_qdmull;
extern const struct neon_op neon_qnarrow, neon_qnarrow_su, neon_equal, neon_test;

/** Apply @op to @x and @y. */
int32_t neon_do(struct arm_translate *t, const struct neon_op *op, struct neon_type type, int32_t x,
                int32_t y);
/** Is there IR of @op on vectors? @op NULL: yes. */
bool neon_has_vector(const struct arm_translate *t, const struct neon_op *op, struct neon_type type);
/** Apply it to vectors of type @v. */
int32_t neon_vector_do(struct arm_translate *t, const struct neon_op *op, enum ir_type v,
                       struct neon_type type, int32_t x, int32_t y);
/** Does @op exist for elements of @size? */
bool neon_has(const struct neon_op *op, int size);

/** @v in all elements of 8 << @size bits. */
uint64_t neon_each(unsigned size, uint64_t v);
int32_t neon_const(struct ir_block *b, uint64_t v);
/** The upper half of an i64 as the lower one, for long operations. */
int32_t neon_high(struct ir_block *b, int32_t v);
/** All elements of @v shifted by a constant, to the left by 0..width-1, to the right (signed or
 * unsigned, as @type says) by 1..width. */
int32_t neon_shift_left(struct ir_block *b, struct neon_type type, int32_t v, unsigned n);
int32_t neon_shift_right(struct arm_translate *t, struct neon_type type, int32_t v, unsigned n);
/** An i64 all of whose elements are element @index of register @d. */
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
/** As neon_shift_left and neon_shift_right. */
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
/** The vector op that narrows as @op (neon_narrow, neon_qnarrow, neon_qnarrow_su) does elements of
 * @wide; IR_OP_COUNT when there is none. */
enum ir_opcode neon_narrowing(const struct neon_op *op, struct neon_type wide);
#define NEON_WITH(vector_, sizes_, ...) {.vector = vector_, .sizes = sizes_, __VA_ARGS__}
#define NEON_F(vector_, name) \
    {.vector = vector_, .sizes = 15, .is_float = true, .helper = ARM_HELPER_neon_##name}

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
/** Vd = op(Vm); with @acc Vd = acc(Vd, op(Vm)), where @acc's elements have twice the width. */
bool neon_two(struct arm_translate *t, const struct arg_n_rr *a, const struct neon_op *op,
              const struct neon_op *acc);
/** Vd = op(Vm, 0), or op(0, Vm) when @swap; signed elements. */
bool neon_with_zero(struct arm_translate *t, const struct arg_n_rr *a, const struct neon_op *op,
                    bool swap);
/** As neon_three_same with element a->index of Dm for all elements of Vm. */
bool neon_scalar_same(struct arm_translate *t, const struct arg_n_rrs *a, const struct neon_op *op,
                      const struct neon_op *acc);

#endif
