/* What the program insns.c reads and writes; little endian on both sides. */
#ifndef ARMEMU_TESTS_FP_INSNS_H
#define ARMEMU_TESTS_FP_INSNS_H

#include <stdbool.h>
#include <stdint.h>

enum {
    INSN_THUMB = 1,       /* insn_record.flags: T32, the first halfword in the upper half */
    INSN_D32 = 2,         /* the CPU has D16 to D31 */
    INSN_MEMORY_USED = 4, /* core registers are addresses */
    /* Not one random state but a matrix: all tuples of special values of the operands that
     * INSN_OPERANDS names (1: Vd, in Q0, 2: Vn, in Q1, 4: Vm, in Q2), of elements of INSN_LOG2;
     * integers if INSN_INTEGER. The hash is of all results. */
    INSN_MATRIX = 8,
    INSN_INTEGER = 16,
    INSN_OPERANDS_SHIFT = 8,
    INSN_LOG2_SHIFT = 12,
    INSN_MEMORY = 4096,
};

struct insn_record {
    uint32_t insn, flags, fpscr;
    uint32_t last; /* of a matrix: stop after so many tuples, 0 = all */
    uint64_t seed; /* of the state */
};

struct insn_result {
    uint32_t signal, reserved; /* 0: executed */
    uint64_t hash;             /* of the state that it left */
};

struct insn_state {
    uint64_t d[32];
    uint32_t fpscr, reserved;
    uint32_t r[13], padding;
    uint32_t cpsr, double32;
};

/* Numbers of special values: of tuples of three operands, of pairs and single ones. */
enum { INSN_SPECIAL_FEW = 20, INSN_SPECIAL = 48 };

/** Special value @i (signs alternate) of elements of 8 << @log2 bits. */
static inline uint64_t insn_special(unsigned i, unsigned log2, bool integer)
{
    static const uint8_t fractions[] = {3, 10, 23, 52};
    unsigned bits = 8u << log2, fraction = fractions[log2], n = i / 2;
    uint64_t all = ~0ull >> (64 - bits), top = 1ull << (bits - 1), sign = i & 1 ? top : 0;
    if (integer) { /* around zero, the ends, shift amounts, patterns */
        const uint64_t values[] = {0,
                                   1,
                                   top - 1,
                                   top >> 1,
                                   bits - 1,
                                   all / 3,
                                   bits,
                                   all / 15,
                                   2,
                                   127,
                                   top - 2,
                                   (top >> 1) - 1,
                                   3,
                                   all / 255 * 0x5a,
                                   bits + 1,
                                   128,
                                   255,
                                   256,
                                   all / 5,
                                   all >> bits / 2,
                                   (all >> bits / 2) + 1,
                                   7,
                                   63,
                                   64};
        return (i & 1 ? 0 - values[n] - (n == 0) : values[n]) & all;
    }
    uint64_t implicit = 1ull << fraction, infinity = top - implicit, one = infinity / 2 & infinity;
    uint64_t integers = one + (uint64_t)31 * implicit; /* 2 to the power of 31, in f32 and f64 */
    if (log2 == 1)
        integers = one + 10 * implicit;
    const uint64_t values[] = {
        0,
        1,
        implicit - 1,
        implicit,
        one,
        one + implicit / 2 + 1,
        infinity - 1,
        infinity,
        infinity + implicit / 2 + 5,
        infinity + 5, /* quiet, signalling */
        implicit + 1,
        implicit / 2,
        one - 1,
        one + 1,
        one + implicit,
        one - implicit,
        integers - 1,
        integers,
        integers + implicit - 1,
        integers + implicit,
        one + (uint64_t)(fraction - 1) * implicit + 1,
        one + (uint64_t)fraction * implicit + 1,
        one - (uint64_t)(fraction + 1) * implicit,
        infinity - implicit / 8,
    };
    return sign | (values[n] & (top - 1));
}

/** The next pseudo-random number. */
static inline uint64_t insn_random(uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15ull;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

/** A value of 8 << @log2 bits (2 to 8 bytes) as a float or an integer: many at the edges. */
static inline uint64_t insn_value(uint64_t *seed, unsigned log2)
{
    static const uint8_t fractions[] = {3, 10, 23, 52};
    unsigned bits = 8u << log2, fraction = fractions[log2];
    uint64_t r = insn_random(seed), mask = ~0ull >> (64 - bits), sign = (r & 1) << (bits - 1);
    uint64_t infinity = mask >> 1 & ~0ull << fraction, one = infinity >> 1 & infinity;
    uint64_t small = insn_random(seed) & ((1ull << fraction) - 1);
    uint64_t ulps = (r >> 16 & 7) - 3;
    switch (r >> 1 & 15) {
    case 0:
        return sign;
    case 1:
        return sign | infinity;
    case 2:
        return sign | infinity | small | 1ull << (fraction - 1); /* quiet NaN */
    case 3:
        return sign | infinity | (small >> 1) | 1; /* signalling NaN */
    case 4:
        return sign | small >> (r >> 16 & 7); /* denormal, mostly */
    case 5:
        return (sign | 1ull << fraction) + ulps;
    case 6:
        return (sign | (infinity - 1)) - (r >> 16 & 7); /* largest numbers */
    case 7:
    case 8:
        return (sign | one) + ulps;
    case 9:
        return sign | (one + ((r >> 16 & 63) << fraction)) | small; /* around integers' ends */
    case 10:
        return (ulps + sign) & mask; /* integers */
    case 11:
        return sign | (one - ((r >> 16 & 31) << fraction)) | (r >> 8 & 1 ? small : 0);
    default:
        return insn_random(seed) & mask;
    }
}

#endif
