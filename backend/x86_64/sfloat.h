/* What the emitters of floating-point scalars share. */
#ifndef ARMEMU_BACKEND_X86_64_SFLOAT_H
#define ARMEMU_BACKEND_X86_64_SFLOAT_H

#include "backend/x86_64/xmm.h"

/* `reg` of a STUB_EXACT: what EFLAGS, or a register `temp`, still have to say. */
enum exact_stub {
    EXACT_ALWAYS,
    EXACT_EQUAL,             /* or unordered, by EFLAGS */
    EXACT_EQUAL_NUMBER,      /* unless unordered: a NaN is as it is to be */
    EXACT_UNLESS_ZERO,       /* the f32 in `temp` is 0: on to `access` */
    EXACT_UNLESS_ZERO_WIDE,  /* f64 */
    EXACT_SIGNED,            /* no reference: ftos of what does not fit, which is invalid by now */
    EXACT_UNSIGNED,          /* likewise ftou, which is not */
};

static inline bool sf_is_double(const struct ir_op *op)
{
    return op->type == IR_F64;
}

/** ucomis: @reg with an operand. */
void sf_compare(struct compiler *c, bool wide, unsigned reg, struct opnd with);
/** Results that are NaNs are computed out of line, by the reference if need be. */
void sf_check_nan(struct compiler *c, const struct ir_op *op, bool wide, unsigned dst,
                  const struct opnd *args);
/** So are those of the magnitude of the smallest normal number. Smaller ones are tiny by any
 * rule. */
void sf_check_tiny(struct compiler *c, const struct ir_op *op, bool wide, unsigned dst,
                   const struct opnd *args);

/* Checks of the arguments of an op with IR_FP_FLUSH; nothing without. */
struct sf_flush {
    bool on;
    unsigned t, count;
    struct stub *stubs[4];
};
/** To be called before other registers are asked for. */
struct sf_flush sf_flush_begin(struct compiler *c, const struct ir_op *op);
/** To the reference unless argument @k, in a register, is 0 or not below the magnitude. No register
 * may be allocated from here on. */
void sf_flush_check(struct compiler *c, const struct ir_op *op, struct sf_flush *f, unsigned dst,
                    const struct opnd *args, unsigned k, bool wide, enum sf_least least);
/** Behind the op. */
void sf_flush_end(struct compiler *c, const struct sf_flush *f);

#endif
