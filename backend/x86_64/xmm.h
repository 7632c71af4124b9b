/*
 * XMM registers: allocation within a block, and the instructions that emit_fp.c and emit_vec.c use.
 * They are for values of the types from IR_F32 on; only in loops (resident.c) are some pinned to
 * slots, and functions that generated code calls preserve none. A value is in LOC_XMM, LOC_XPIN,
 * LOC_XSPILL, LOC_ENV or LOC_CONST.
 */
#ifndef ARMEMU_BACKEND_X86_64_XMM_H
#define ARMEMU_BACKEND_X86_64_XMM_H

#include "backend/x86_64/compiler.h"

static inline bool xa_type(unsigned type)
{
    return type >= IR_F32;
}

/** Moves of a value of @type from and to memory. */
static inline enum x86_form xa_load_form(unsigned type)
{
    return type == IR_F32 ? X86_MOVSS_RM : type == IR_V128 ? X86_MOVUPS_RM : X86_MOVSD_RM;
}
static inline enum x86_form xa_store_form(unsigned type)
{
    return type == IR_F32 ? X86_MOVSS_MR : type == IR_V128 ? X86_MOVUPS_MR : X86_MOVSD_MR;
}

/** Is value @v one for XMM registers? */
static inline bool xa_value(const struct compiler *c, int32_t v)
{
    return xa_type(ir_op_result_type(op_of(c, v)));
}

/** A free register, locked until the end of the op; another value is spilled when needed. */
unsigned xa_alloc(struct compiler *c);
void xa_unlock(struct compiler *c, unsigned reg);
/** The value in a register, locked. To be read only. */
unsigned xa_reg(struct compiler *c, int32_t v);
/** The same in a register that is the value's own. */
unsigned xa_own_reg(struct compiler *c, int32_t v);
/** Slot pinned to XMM register @reg := value @v. */
void xa_move_to_pin(struct compiler *c, int32_t v, unsigned reg);
/** The value as operand of an SSE instruction: register, or memory where that is possible. */
struct opnd xa_opnd(struct compiler *c, int32_t v);
/** The register to compute value @i into: that of the dying argument @hint (or NO_VALUE), or a
 * fresh one. All arguments must have been fetched before. */
unsigned xa_dest(struct compiler *c, int32_t i, int32_t hint);
/** Memory operand of the constant @low, @high for this op; false: there is no room for more. */
bool xa_const_mem(struct compiler *c, uint64_t low, uint64_t high, struct x86_mem *m);
/** Free the register or spill slot of value @i. */
void xa_release(struct compiler *c, int32_t i);
/** The state's bytes [@offset, @offset + @size) have been overwritten, by value @i (or
 * NO_VALUE). */
void xa_stored(struct compiler *c, unsigned offset, unsigned size, int32_t i);
/** Store what lives on behind this op. */
void xa_flush(struct compiler *c);
/** Registers are as C left them: nobody's. */
void xa_forget(struct compiler *c);
/** Does a register hold a value that lives on? */
bool xa_any_live(const struct compiler *c);

static inline struct opnd x_opnd_xmm(unsigned reg)
{
    return (struct opnd){.kind = OPND_REG, .reg = (int)reg};
}

/** dst := @insn of @a and @b, in VEX form where the host has AVX. Otherwise @b must not be @dst,
 * unless @a is too. */
void x_op3(struct compiler *c, enum x86_form insn, unsigned dst, unsigned a, struct opnd b);
/** Two-operand forms: @insn @reg, @rm. @w is for general registers. */
void x_op2(struct compiler *c, enum x86_form insn, unsigned w, unsigned reg, struct opnd rm);

/** dst := the elements of @a shifted by @n, @insn a shift by a constant. The VEX form has the
 * destination where others have an operand. */
void x_vec_shift(struct compiler *c, enum x86_form insn, unsigned dst, unsigned a, unsigned n);

/* Least magnitudes of arguments (but the third: a greatest one) whose results are not tiny, where
 * denormals are flushed to zero: those of terms of sums, factors, divisors, all of a fused product
 * and sum, and of what only has to be normal, as a double also of type f32. */
enum sf_least {
    LEAST_TERM, LEAST_FACTOR, LEAST_FACTOR_INVERSE, LEAST_FUSED, LEAST_NORMAL, LEAST_NORMAL32,
    LEAST_COUNT,
};

/* The constants of thunk.constants. */
struct fp_constants {
    uint32_t ones[4], add_least[4], mul_least[4], fma_least[4], mla_least[4], normal_least[4],
        half_least[4];
    uint32_t infinity[4], nan_least[4], two[4], three[4], min_normal[4]; /* emit_vconvert.c */
    uint32_t minus1[4], normals[4], recip_normals[4], recip_exponent[4], rsqrt_exponents[4];
    uint32_t default_nan[4], even8[4], even16[4], top16[4], beyond16[4];
    uint64_t half64[2], high32[2], low8[2][2]; /* low8: the lowest byte of i32, i64 */
    uint8_t powers[16], powers16[2][16]; /* emit_vshift.c */
    uint8_t least8[16], least16[16], most16[16], to_index8[16], left16[16], right16[16],
        even_bytes[16];
    uint32_t sha1[3][4]; /* constants of rounds */
    uint32_t zero[4];
    uint64_t abs64[2], abs32[2], sign64[2], sign32[2];
    uint64_t default_nan64[2], quiet64[2], quiet32[2];
    uint64_t quiet_low64[2], quiet_low32[2], infinity64[2]; /* quiet_low: of the lowest element */
    double least64[LEAST_COUNT];
    float least32[LEAST_COUNT];
    double min64, two32_64, minus1_64;
    float min32, two32_32, minus1_32;
    uint32_t less, equal, greater, unordered; /* fcmp */
    /* by env.fp_rounding; with IR_FP_MASKED: no exception is a signal */
    uint32_t mxcsr_host, mxcsr[8];
};
extern const struct fp_constants fp_constants;
#define FP_CONST(c, field)                                                                         \
    x_mem(NO_REG, (int32_t)((c)->be->thunk.constants + offsetof(struct fp_constants, field)))

/** Out of line compute the op by its reference when @cc holds; the caller sets the stub's
 * `back`. */
struct stub *exact_if(struct compiler *c, const struct ir_op *op, enum x86_cc cc, unsigned dst,
                      const struct opnd *args);
/** Compute the op by its reference here. */
void exact_always(struct compiler *c, const struct ir_op *op, unsigned dst,
                  const struct opnd *args);
void exact_stub_emit(struct compiler *c, struct stub *s);

/* Registers of generated code as the exact thunk saves them, and the place of the return
 * address. */
struct exact_frame {
    uint64_t xmm[16][2];
    uint64_t reg[16];
    uint64_t site; /* address of the struct exact_site, whose jump is executed next */
};
/** Compute the op of the site by its reference. */
void exact_compute(struct exact_frame *frame);

#endif
