/*
 * Floating-point arithmetic on integers that hold the encodings: exact results and exception flags
 * as the pseudocode of ARM's manual has them (DDI 0406C A2.7, DDI 0487 shared/functions/float).
 * Tininess is detected before rounding; exceptions are never trapped.
 *
 * Values are uint64_t with the encoding in the low bits, the others zero. Functions add the
 * exceptions that they find to status->flags and otherwise depend on their arguments alone.
 */
#ifndef ARMEMU_FP_FP_H
#define ARMEMU_FP_FP_H

#include <stdbool.h>
#include <stdint.h>

/* Formats. */
enum fp_size { FP_16, FP_32, FP_64, FP_SIZE_COUNT };

/* Rounding; the first four are modes of a unit. */
enum fp_rounding { FP_TIEEVEN, FP_POSINF, FP_NEGINF, FP_TOZERO, FP_TIEAWAY };

/* Cumulative exceptions. */
enum {
    FP_IOC = 0x01, /* invalid operation */
    FP_DZC = 0x02, /* division by zero */
    FP_OFC = 0x04, /* overflow */
    FP_UFC = 0x08, /* underflow */
    FP_IXC = 0x10, /* inexact */
    FP_IDC = 0x80, /* denormal input flushed to zero */
    FP_QC = 0x20,  /* saturated integer (not of this folder's functions) */
    FP_FLAGS = 0x9f,
};

struct fp_status {
    uint8_t rounding;  /* FP_TIEEVEN .. FP_TOZERO */
    bool flush;        /* FZ: denormal inputs and results of f32 and f64 become zero */
    bool flush16;      /* FZ16: the same for f16 arithmetic, not for conversions */
    bool default_nan;  /* DN: results that are NaNs are the default NaN */
    bool alternative;  /* AHP: f16 of conversions has no infinities and NaNs */
    uint8_t flags;     /* FP_IOC ..., accumulated */
};

/* ---- arithmetic (arith.c): operands and result of format @f -------------------------- */

/** FPAdd, FPSub, FPMul, FPDiv. */
uint64_t fp_add(struct fp_status *s, enum fp_size f, uint64_t a, uint64_t b);
uint64_t fp_sub(struct fp_status *s, enum fp_size f, uint64_t a, uint64_t b);
uint64_t fp_mul(struct fp_status *s, enum fp_size f, uint64_t a, uint64_t b);
uint64_t fp_div(struct fp_status *s, enum fp_size f, uint64_t a, uint64_t b);
/** FPSqrt. */
uint64_t fp_sqrt(struct fp_status *s, enum fp_size f, uint64_t a);
/** FPMulAdd: @addend + @a * @b, rounded once. */
uint64_t fp_muladd(struct fp_status *s, enum fp_size f, uint64_t addend, uint64_t a, uint64_t b);
/** FPAbs, FPNeg: the sign bit alone; no NaN processing, no exceptions. */
uint64_t fp_abs(enum fp_size f, uint64_t a);
uint64_t fp_neg(enum fp_size f, uint64_t a);

/* ---- comparison (compare.c) ------------------------------------------------------------------ */

/** FPCompare: NZCV in bits 3..0. Quiet NaNs are invalid when @signal_nans; signalling ones
 * always. */
unsigned fp_compare(struct fp_status *s, enum fp_size f, uint64_t a, uint64_t b, bool signal_nans);
/** FPCompareEQ, GE, GT: GE and GT take quiet NaNs as invalid too. */
bool fp_compare_eq(struct fp_status *s, enum fp_size f, uint64_t a, uint64_t b);
bool fp_compare_ge(struct fp_status *s, enum fp_size f, uint64_t a, uint64_t b);
bool fp_compare_gt(struct fp_status *s, enum fp_size f, uint64_t a, uint64_t b);
/** FPMax, FPMin (Advanced SIMD's VMAX, VMIN): a NaN operand makes the result a NaN. */
uint64_t fp_max(struct fp_status *s, enum fp_size f, uint64_t a, uint64_t b);
uint64_t fp_min(struct fp_status *s, enum fp_size f, uint64_t a, uint64_t b);
/** FPMaxNum, FPMinNum (VMAXNM, VMINNM): a number wins over a quiet NaN. */
uint64_t fp_maxnum(struct fp_status *s, enum fp_size f, uint64_t a, uint64_t b);
uint64_t fp_minnum(struct fp_status *s, enum fp_size f, uint64_t a, uint64_t b);

/* ---- conversion (convert.c) ------------------------------------------------------------------ */

/** FPConvert: @a of format @from as @to, rounded as the status says; observes AHP. */
uint64_t fp_convert(struct fp_status *s, enum fp_size to, enum fp_size from, uint64_t a);
/**
 * FPToFixed: @a as a fixed-point number of @bits bits (16, 32, 64) with @fbits (0..64) fraction
 * bits, saturated. Returns it in the low @bits bits, zero extended.
 */
uint64_t fp_to_fixed(struct fp_status *s, enum fp_size f, uint64_t a, unsigned bits, unsigned fbits,
                     bool is_unsigned, enum fp_rounding rounding);
/** FixedToFP: @v / 2^@fbits; @v is a signed number, or an unsigned one when @is_unsigned. */
uint64_t fp_from_fixed(struct fp_status *s, enum fp_size f, uint64_t v, unsigned fbits,
                       bool is_unsigned, enum fp_rounding rounding);
/** FPRoundInt: @a rounded to an integral value; @exact: inexact is signalled. */
uint64_t fp_round_int(struct fp_status *s, enum fp_size f, uint64_t a, enum fp_rounding rounding,
                      bool exact);

/* ---- estimates and Newton-Raphson steps (estimate.c) ----------------------------------------- */

/** FPRecipEstimate, FPRSqrtEstimate. */
uint64_t fp_recip_estimate(struct fp_status *s, enum fp_size f, uint64_t a);
uint64_t fp_rsqrt_estimate(struct fp_status *s, enum fp_size f, uint64_t a);
/** UnsignedRecipEstimate, UnsignedRSqrtEstimate (VRECPE.U32, VRSQRTE.U32). */
uint32_t fp_recip_estimate_u32(uint32_t a);
uint32_t fp_rsqrt_estimate_u32(uint32_t a);
/** FPRecipStep, FPRSqrtStep: 2 - a * b and (3 - a * b) / 2, each operation rounded (AArch32). */
uint64_t fp_recip_step(struct fp_status *s, enum fp_size f, uint64_t a, uint64_t b);
uint64_t fp_rsqrt_step(struct fp_status *s, enum fp_size f, uint64_t a, uint64_t b);

#endif
