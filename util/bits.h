/* Bit-field helpers: extraction, sign extension, rotation, alignment. All are pure. */
#ifndef ARMEMU_UTIL_BITS_H
#define ARMEMU_UTIL_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BIT(n) (1u << (n))
#define BIT64(n) (1ull << (n))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/** Bits [lsb, lsb+len) of @v, len 1..32. */
static inline uint32_t bits_get(uint32_t v, unsigned lsb, unsigned len)
{
    return (v >> lsb) & (uint32_t)((1ull << len) - 1);
}

/** Bits [lsb, lsb+len) of the 64-bit @v, len 1..63. */
static inline uint64_t bits_get64(uint64_t v, unsigned lsb, unsigned len)
{
    return (v >> lsb) & ((1ull << len) - 1);
}

/** Bit @n of @v, as 0 or 1. */
static inline uint32_t bit_get(uint32_t v, unsigned n)
{
    return (v >> n) & 1u;
}

/** @v with bits [lsb, lsb+len) replaced by the low bits of @field. */
static inline uint32_t bits_put(uint32_t v, unsigned lsb, unsigned len, uint32_t field)
{
    uint32_t mask = (uint32_t)((1ull << len) - 1) << lsb;
    return (v & ~mask) | ((field << lsb) & mask);
}

/** The low @len bits of @v (1..32), sign extended. */
static inline int32_t bits_sext(uint32_t v, unsigned len)
{
    return (int32_t)(v << (32 - len)) >> (32 - len);
}

/** @v rotated right by @n (any value, taken modulo 32). */
static inline uint32_t bits_ror(uint32_t v, unsigned n)
{
    n &= 31;
    return n ? (v >> n) | (v << (32 - n)) : v;
}

static inline uint64_t align_down(uint64_t v, uint64_t align)
{
    return v & ~(align - 1);
}

static inline uint64_t align_up(uint64_t v, uint64_t align)
{
    return (v + align - 1) & ~(align - 1);
}

static inline bool is_pow2(uint64_t v)
{
    return v && !(v & (v - 1));
}

#endif
