/*
 * The values of the pure ops as functions of their arguments: one meaning for the interpreter and
 * for constant folding. Arguments are zero extended to 64 bits; of a result the caller takes the
 * low bits that the type has.
 */
#ifndef ARMEMU_IR_EVAL_H
#define ARMEMU_IR_EVAL_H

#include <assert.h>

#include "ir/ir.h"
#include "util/bits.h"

/* Every op whose value depends on nothing but its arguments, imm and type. */
#define IR_EVAL_OPS(X)                                                                             \
    X(add) X(sub) X(and) X(or) X(xor) X(andn) X(xor8) X(not) X(neg) X(mov) X(mul) X(dot16)         \
    X(addover) X(dotadd16) X(dotover16)                                                            \
    X(udiv) X(sdiv) X(shl) X(shr) X(sar) X(ror) X(sext8) X(sext16) X(zext8) X(zext16)              \
    X(sext32) X(zext32) X(lo32) X(hi32) X(pair) X(ubfx) X(sbfx) X(bfi) X(clz) X(index)             \
    X(bswap) X(rev16) X(rbit) X(crc32c) X(cmpeq) X(cmpne) X(cmpltu) X(cmpleu)                      \
    X(cmplts) X(cmples) X(select)

static inline unsigned ir_op_width(const struct ir_op *op)
{
    return op->type == IR_I64 ? 64 : 32;
}

/* @v of the op's type as a signed number. */
static inline int64_t ir_eval_signed(const struct ir_op *op, uint64_t v)
{
    return op->type == IR_I64 ? (int64_t)v : (int32_t)v;
}

/* @v cut to @type. */
static inline uint64_t ir_eval_truncate(unsigned type, uint64_t v)
{
    return type == IR_I32 || type == IR_F32 ? (uint32_t)v : v;
}

/* Fields of ubfx, sbfx and bfi. */
static inline unsigned ir_bits_lsb(const struct ir_op *op)
{
    return op->imm & 0xff;
}

static inline unsigned ir_bits_width(const struct ir_op *op)
{
    return op->imm >> 8 & 0xff;
}

#define IR_EVAL(name, expression)                                                                  \
    static inline uint64_t ir_eval_##name(const struct ir_op *op, uint64_t a, uint64_t b,          \
                                          uint64_t c)                                              \
    {                                                                                              \
        (void)op, (void)a, (void)b, (void)c;                                                       \
        return expression;                                                                         \
    }

static inline uint64_t ir_divide_signed(const struct ir_op *op, int64_t a, int64_t b)
{
    if (b == 0)
        return 0;
    return b == -1 ? -(uint64_t)a : (uint64_t)(a / b);
}

static inline bool ir_overflows(int64_t v)
{
    return v != (int32_t)v;
}

static inline int64_t ir_dot16(uint64_t a, uint64_t b)
{
    return (int64_t)(int16_t)a * (int16_t)b + (int64_t)(int16_t)(a >> 16) * (int16_t)(b >> 16);
}

static inline uint64_t ir_rotate(const struct ir_op *op, uint64_t a, unsigned n)
{
    unsigned width = ir_op_width(op);
    n &= width - 1;
    return n ? a >> n | a << (width - n) : a;
}

static inline uint32_t ir_reverse_bits(uint32_t v)
{
    v = (v >> 1 & 0x55555555) | (v & 0x55555555) << 1;
    v = (v >> 2 & 0x33333333) | (v & 0x33333333) << 2;
    v = (v >> 4 & 0x0f0f0f0f) | (v & 0x0f0f0f0f) << 4;
    return __builtin_bswap32(v);
}

static inline uint64_t ir_count_zeros(const struct ir_op *op, uint64_t a)
{
    unsigned width = ir_op_width(op);
    return a ? (unsigned)__builtin_clzll(a) - (64 - width) : width;
}

/* The polynomial 0x1edc6f41, bits reversed. */
static inline uint32_t ir_crc32c(uint32_t crc, uint32_t v, unsigned bytes)
{
    crc ^= bytes < 4 ? v & ((1u << 8 * bytes) - 1) : v;
    for (unsigned i = 0; i < 8 * bytes; i++)
        crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
    return crc;
}

IR_EVAL(add, a + b)
IR_EVAL(sub, a - b)
IR_EVAL(index, a + (b << op->imm))
IR_EVAL(and, a & b)
IR_EVAL(or, a | b)
IR_EVAL(xor, a ^ b)
IR_EVAL(andn, a & ~b)
IR_EVAL(xor8, a ^ (uint8_t)b)
IR_EVAL(not, ~a)
IR_EVAL(neg, -a)
IR_EVAL(mov, a)
IR_EVAL(mul, a * b)
IR_EVAL(addover, ir_overflows((int64_t)(int32_t)a + (int32_t)b))
IR_EVAL(dot16, (uint64_t)ir_dot16(a, b))
IR_EVAL(dotadd16, (uint64_t)(ir_dot16(a, b) + (int32_t)c))
IR_EVAL(dotover16, ir_overflows(ir_dot16(a, b) + (int32_t)c))
IR_EVAL(udiv, b ? a / b : 0)
IR_EVAL(sdiv, ir_divide_signed(op, ir_eval_signed(op, a), ir_eval_signed(op, b)))
IR_EVAL(shl, a << (b & (ir_op_width(op) - 1)))
IR_EVAL(shr, a >> (b & (ir_op_width(op) - 1)))
IR_EVAL(sar, (uint64_t)(ir_eval_signed(op, a) >> (b & (ir_op_width(op) - 1))))
IR_EVAL(ror, ir_rotate(op, a, (unsigned)b))
IR_EVAL(sext8, (uint64_t)(int8_t)a)
IR_EVAL(sext16, (uint64_t)(int16_t)a)
IR_EVAL(zext8, (uint8_t)a)
IR_EVAL(zext16, (uint16_t)a)
IR_EVAL(sext32, (uint64_t)(int32_t)a)
IR_EVAL(zext32, (uint32_t)a)
IR_EVAL(lo32, (uint32_t)a)
IR_EVAL(hi32, a >> 32)
IR_EVAL(pair, (uint32_t)a | b << 32)
IR_EVAL(ubfx, bits_get((uint32_t)a, ir_bits_lsb(op), ir_bits_width(op)))
IR_EVAL(sbfx, (uint64_t)bits_sext((uint32_t)a >> ir_bits_lsb(op), ir_bits_width(op)))
IR_EVAL(bfi, bits_put((uint32_t)a, ir_bits_lsb(op), ir_bits_width(op), (uint32_t)b))
IR_EVAL(clz, ir_count_zeros(op, a))
IR_EVAL(bswap, op->type == IR_I64 ? __builtin_bswap64(a) : __builtin_bswap32((uint32_t)a))
IR_EVAL(rev16, (a & 0x00ff00ff) << 8 | (a >> 8 & 0x00ff00ff))
IR_EVAL(rbit, ir_reverse_bits((uint32_t)a))
IR_EVAL(crc32c, ir_crc32c((uint32_t)a, (uint32_t)b, 1u << op->imm))
IR_EVAL(cmpeq, a == b)
IR_EVAL(cmpne, a != b)
IR_EVAL(cmpltu, a < b)
IR_EVAL(cmpleu, a <= b)
IR_EVAL(cmplts, ir_eval_signed(op, a) < ir_eval_signed(op, b))
IR_EVAL(cmples, ir_eval_signed(op, a) <= ir_eval_signed(op, b))
IR_EVAL(select, a ? b : c)

#undef IR_EVAL

#endif
