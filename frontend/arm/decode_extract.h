/* Functions that the expressions of the decode tables call (without the dec_ prefix). */
#ifndef ARMEMU_ARM_DECODE_EXTRACT_H
#define ARMEMU_ARM_DECODE_EXTRACT_H

#include <stdint.h>

static inline uint32_t dec_ror32(uint32_t v, unsigned by)
{
    return by ? v >> by | v << (32 - by) : v;
}

/** The low @width bits of @v as a signed number. */
static inline int dec_sign_extend(int v, int width)
{
    return (int)((uint32_t)v << (32 - width)) >> (32 - width);
}

/** A32ExpandImm: rotation by twice the upper four of 12 bits. */
static inline int dec_a32_expand(int v)
{
    return (int)dec_ror32(v & 0xff, v >> 8 << 1);
}

/** Carry-out of A32ExpandImm: 0, 1, or 2 for an unchanged C. */
static inline int dec_a32_carry(int v)
{
    return v >> 8 ? (int)((uint32_t)dec_a32_expand(v) >> 31) : 2;
}

/** ThumbExpandImm of i:imm3:imm8. */
static inline int dec_t32_expand(int v)
{
    /* 000000XY, 00XY00XY, XY00XY00, XYXYXYXY */
    static const uint32_t copies[] = { 0x1, 0x00010001, 0x01000100, 0x01010101 };

    if (v >> 10)
        return (int)dec_ror32(0x80 | (v & 0x7f), v >> 7);
    return (int)((v & 0xff) * copies[v >> 8]);
}

/** Carry-out of ThumbExpandImm: 0, 1, or 2 for an unchanged C. */
static inline int dec_t32_carry(int v)
{
    return v >> 10 ? (int)((uint32_t)dec_t32_expand(v) >> 31) : 2;
}

/** Offset of the T32 branches B.W, BL and BLX: S:J1:J2:imm21, where bits 23 and 22 of the offset
 * in halfwords are NOT(J1 EOR S) and NOT(J2 EOR S). */
static inline int dec_t32_branch(int v)
{
    int s = v >> 23 & 1;
    int i1 = !((v >> 22 & 1) ^ s);
    int i2 = !((v >> 21 & 1) ^ s);

    return dec_sign_extend(s << 23 | i1 << 22 | i2 << 21 | (v & 0x1fffff), 24) * 2;
}

/** Write-back of loads and stores with P and W: post-indexed forms always write back. */
static inline int dec_wback(int p, int w)
{
    return !p || w;
}

/** Write-back of T16 LDM: not when the base is loaded. */
static inline int dec_ldm_wback(int n, int list)
{
    return !(list >> n & 1);
}

/** Alignment in bytes of the Advanced SIMD loads and stores of multiple structures; 0 for none. */
static inline int dec_neon_align(int a)
{
    return a ? 4 << a : 0;
}

/** Log2 of the bytes of the elements that an Advanced SIMD shift's L:imm6 (or imm6) says: the
 * highest bit that is set, of 3 to 6. */
static inline int dec_neon_shift_size(int v)
{
    return 28 - __builtin_clz((unsigned)v | 8);
}

/** Its amounts: to the left the bits below that, to the right counted downwards from the width. */
static inline int dec_neon_shift_left(int v)
{
    return v - (8 << dec_neon_shift_size(v));
}

static inline int dec_neon_shift_right(int v)
{
    return (16 << dec_neon_shift_size(v)) - v;
}

#endif
