#include "tests/fp/cases.h"

static const struct {
    unsigned fraction, exponent;
} formats[FP_SIZE_COUNT] = {{10, 5}, {23, 8}, {52, 11}};

uint64_t fp_random(uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

/* Fractions of all kinds: random, few bits, runs of ones. */
static uint64_t random_fraction(uint64_t *seed, unsigned bits)
{
    uint64_t mask = (1ull << bits) - 1, r = fp_random(seed);
    switch (r & 7) {
    case 0: return 0;
    case 1: return mask;
    case 2: return 1ull << (r >> 8) % bits;
    case 3: return mask >> (r >> 8) % bits;
    case 4: return mask << (r >> 8) % bits & mask;
    default: return r >> 11 & mask;
    }
}

static uint64_t assemble(enum fp_size f, unsigned sign, uint64_t exponent, uint64_t fraction)
{
    uint64_t max = (1ull << formats[f].exponent) - 1;
    return (uint64_t)sign << (formats[f].fraction + formats[f].exponent) |
           (exponent & max) << formats[f].fraction | fraction;
}

uint64_t fp_random_value(uint64_t *seed, enum fp_size f)
{
    uint64_t r = fp_random(seed), max = (1ull << formats[f].exponent) - 1, exponent = r >> 8;
    switch (r & 7) {
    case 0: exponent %= 3; break;
    case 1: exponent = max - exponent % 3; break;
    case 2: case 3: exponent = max / 2 + exponent % 5 - 2; break;
    default: break;
    }
    return assemble(f, r >> 3 & 1, exponent, random_fraction(seed, formats[f].fraction));
}

uint64_t fp_random_near(uint64_t *seed, enum fp_size f, uint64_t a)
{
    uint64_t r = fp_random(seed), span = 2 * formats[f].fraction + 8;
    unsigned sign_bit = formats[f].fraction + formats[f].exponent;
    if (r & 1)
        return fp_random_value(seed, f);
    if (r & 2) /* a few units in the last place away, perhaps negative */
        return (a + (r >> 8) % 7 - 3 + ((r >> 2 & 1) << sign_bit)) & ((2ull << sign_bit) - 1);
    uint64_t exponent = (a >> formats[f].fraction) + (r >> 8) % span - span / 2;
    return assemble(f, r >> 3 & 1, exponent, random_fraction(seed, formats[f].fraction));
}

/* Zero, the smallest and largest denormal, the smallest normal number, 1, 1.5, infinity, the
 * largest number, a quiet and a signalling NaN; positive and negative. */
static uint64_t special(enum fp_size f, unsigned i)
{
    unsigned bits = formats[f].fraction;
    uint64_t implicit = 1ull << bits, max = (1ull << formats[f].exponent) - 1, bias = max / 2;
    const uint64_t magnitudes[CASES_SPECIAL / 2] = {
        0, 1, implicit - 1, implicit, bias << bits, (bias << bits) + implicit / 2,
        max << bits, (max << bits) - 1, (max << bits) + implicit / 2 + 1, (max << bits) + 5,
    };
    return magnitudes[i / 2] | (uint64_t)(i & 1) << (bits + formats[f].exponent);
}

void cases_operands(uint64_t *seed, enum fp_size f, unsigned i, uint64_t v[3])
{
    if (i < CASES_PAIRS) {
        v[0] = special(f, i % CASES_SPECIAL);
        v[1] = special(f, i / CASES_SPECIAL);
        v[2] = special(f, (i * 7 + i / 13) % CASES_SPECIAL);
        return;
    }
    v[0] = fp_random_value(seed, f);
    v[1] = fp_random_near(seed, f, v[0]);
    v[2] = fp_random_near(seed, f, v[1]);
}
