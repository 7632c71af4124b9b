/* The SHA-1 and SHA-256 instructions: four rounds, or four words of the schedule (FIPS 180-4). */
#include <string.h>

#include "frontend/arm/cpu/helpers.h"
#include "frontend/arm/cpu/state.h"

struct words {
    uint32_t w[4];
};

static struct words read_words(struct ir_env *env, uint64_t d)
{
    struct words v;
    memcpy(v.w, &arm_state(env)->d[d & 30], sizeof(v.w));
    return v;
}

static void write_words(struct ir_env *env, uint64_t d, struct words v)
{
    memcpy(&arm_state(env)->d[d & 30], v.w, sizeof(v.w));
}

/* To the left; @n is 1..31. */
static uint32_t rotate(uint32_t v, unsigned n)
{
    return v << n | v >> (32 - n);
}

static uint32_t choose(uint32_t x, uint32_t y, uint32_t z)
{
    return ((y ^ z) & x) ^ z;
}

static uint32_t parity(uint32_t x, uint32_t y, uint32_t z)
{
    return x ^ y ^ z;
}

static uint32_t majority(uint32_t x, uint32_t y, uint32_t z)
{
    return (x & y) | ((x | y) & z);
}

#define SHA_ARGS struct ir_env *env, uint64_t d, uint64_t n, uint64_t m, uint64_t unused3
#define SHA_ARGS2 struct ir_env *env, uint64_t d, uint64_t m, uint64_t unused2, uint64_t unused3

/* ---- SHA-1 ----------------------------------------------------------------------------------- */

static uint64_t sha1_rounds(struct ir_env *env, uint64_t d, uint64_t n, uint64_t m,
                            uint32_t (*fn)(uint32_t, uint32_t, uint32_t))
{
    struct words x = read_words(env, d), w = read_words(env, m);
    uint32_t y = read_words(env, n).w[0];
    for (unsigned i = 0; i < 4; i++) {
        uint32_t a = y + rotate(x.w[0], 5) + fn(x.w[1], x.w[2], x.w[3]) + w.w[i];
        y = x.w[3]; /* the fifth word */
        x = (struct words){{a, x.w[0], rotate(x.w[1], 30), x.w[2]}};
    }
    write_words(env, d, x);
    return 0;
}

uint64_t arm_helper_neon_sha1c(SHA_ARGS)
{
    return sha1_rounds(env, d, n, m, choose);
}

uint64_t arm_helper_neon_sha1p(SHA_ARGS)
{
    return sha1_rounds(env, d, n, m, parity);
}

uint64_t arm_helper_neon_sha1m(SHA_ARGS)
{
    return sha1_rounds(env, d, n, m, majority);
}

uint64_t arm_helper_neon_sha1h(SHA_ARGS2)
{
    write_words(env, d, (struct words){{rotate(read_words(env, m).w[0], 30)}});
    return 0;
}

uint64_t arm_helper_neon_sha1su0(SHA_ARGS)
{
    struct words a = read_words(env, d), b = read_words(env, n), c = read_words(env, m);
    struct words between = {{a.w[2], a.w[3], b.w[0], b.w[1]}};
    for (unsigned i = 0; i < 4; i++)
        a.w[i] ^= between.w[i] ^ c.w[i];
    write_words(env, d, a);
    return 0;
}

uint64_t arm_helper_neon_sha1su1(SHA_ARGS2)
{
    struct words x = read_words(env, d), y = read_words(env, m);
    for (unsigned i = 0; i < 4; i++)
        x.w[i] = rotate(x.w[i] ^ (i < 3 ? y.w[i + 1] : 0), 1);
    x.w[3] ^= rotate(x.w[0], 1);
    write_words(env, d, x);
    return 0;
}

/* ---- SHA-256 --------------------------------------------------------------------------------- */

static uint32_t big_sigma0(uint32_t v)
{
    return rotate(v, 30) ^ rotate(v, 19) ^ rotate(v, 10);
}

static uint32_t big_sigma1(uint32_t v)
{
    return rotate(v, 26) ^ rotate(v, 21) ^ rotate(v, 7);
}

static uint32_t small_sigma0(uint32_t v)
{
    return rotate(v, 25) ^ rotate(v, 14) ^ v >> 3;
}

static uint32_t small_sigma1(uint32_t v)
{
    return rotate(v, 15) ^ rotate(v, 13) ^ v >> 10;
}

/* Four rounds on the working variables @x (a to d) and @y (e to h). */
static void sha256_rounds(struct words *x, struct words *y, struct words w)
{
    uint32_t *a = x->w, *e = y->w;
    for (unsigned i = 0; i < 4; i++) {
        uint32_t t = e[3] + big_sigma1(e[0]) + choose(e[0], e[1], e[2]) + w.w[i];
        uint32_t new_a = t + big_sigma0(a[0]) + majority(a[0], a[1], a[2]), new_e = a[3] + t;
        *x = (struct words){{new_a, a[0], a[1], a[2]}};
        *y = (struct words){{new_e, e[0], e[1], e[2]}};
    }
}

uint64_t arm_helper_neon_sha256h(SHA_ARGS)
{
    struct words x = read_words(env, d), y = read_words(env, n);
    sha256_rounds(&x, &y, read_words(env, m));
    write_words(env, d, x);
    return 0;
}

uint64_t arm_helper_neon_sha256h2(SHA_ARGS)
{
    struct words x = read_words(env, n), y = read_words(env, d);
    sha256_rounds(&x, &y, read_words(env, m));
    write_words(env, d, y);
    return 0;
}

uint64_t arm_helper_neon_sha256su0(SHA_ARGS2)
{
    struct words a = read_words(env, d), b = read_words(env, m);
    struct words next = {{a.w[1], a.w[2], a.w[3], b.w[0]}};
    for (unsigned i = 0; i < 4; i++)
        a.w[i] += small_sigma0(next.w[i]);
    write_words(env, d, a);
    return 0;
}

uint64_t arm_helper_neon_sha256su1(SHA_ARGS)
{
    struct words a = read_words(env, d), b = read_words(env, n), c = read_words(env, m);
    uint32_t before[4] = {c.w[2], c.w[3]}; /* two words earlier: the first results, in the end */
    uint32_t nine[4] = {b.w[1], b.w[2], b.w[3], c.w[0]};
    for (unsigned i = 0; i < 4; i++) {
        a.w[i] += small_sigma1(before[i]) + nine[i];
        if (i < 2)
            before[i + 2] = a.w[i];
    }
    write_words(env, d, a);
    return 0;
}
