/* Values and flags of data processing and media instructions, against the manual's definitions. */
#include <criterion/criterion.h>

#include "tests/translate/harness.h"
#include "tests/translate/jit.h"
#include "util/bits.h"

static const uint32_t operands[] = {
    0,          1,          2,          0x7fffffff, 0x80000000, 0x80000001, 0xffffffff,
    0x12345678, 0x80017fff, 0x7fff8000, 0xff01807f, 0x807fff00, 0xdeadbeef, 0x00ff00ff,
};

/* Shift_C of the manual (A2.2.1), bit by bit. */
static uint32_t shift_model(uint32_t v, unsigned type, unsigned amount, unsigned *carry)
{
    while (amount--) {
        unsigned top = v >> 31, bottom = v & 1;
        switch (type) {
        case 0: v <<= 1, *carry = top; break;
        case 1: v >>= 1, *carry = bottom; break;
        case 2: v = v >> 1 | top << 31, *carry = bottom; break;
        default: v = v >> 1 | bottom << 31, *carry = bottom; break;
        }
    }
    return v;
}

static void check_shift(struct run *r, uint32_t v, unsigned type, unsigned amount, unsigned carry)
{
    unsigned c = carry;
    uint32_t expected = shift_model(v, type, amount, &c);
    uint32_t flags = (expected >> 31) << 31 | (uint32_t)!expected << 30 | c << 29 | 1u << 28;
    cr_assert_eq(r->s.r[0], expected, "type %u amount %u of %08x: %08x", type, amount, v,
                 r->s.r[0]);
    cr_assert_eq(run_nzcv(r), flags, "type %u amount %u of %08x, C %u: flags %08x", type, amount, v,
                 carry, run_nzcv(r));
}

/* MOVS r0, r1, <type> r2, amount in the low byte of r2 */
Test(translate_values, register_shifts)
{
    static const uint32_t amounts[] = {0,  1,  2,   31,  32,    33,        63,
                                       64, 65, 128, 255, 0x101, 0xffffff20};
    struct run *r = run_new();
    for (unsigned type = 0; type < 4; type++)
        for (unsigned i = 0; i < ARRAY_SIZE(operands); i++)
            for (unsigned k = 0; k < 2 * ARRAY_SIZE(amounts); k++) {
                r->s.r[1] = operands[i];
                r->s.r[2] = amounts[k / 2];
                run_set_nzcv(r, (k & 1) << 29 | 1u << 28);
                run_arm(r, 0xe1b00211 | type << 5);
                check_shift(r, operands[i], type, r->s.r[2] & 0xff, k & 1);
                r->s.r[0] = 0;
                run_arm(r, 0xe1a00211 | type << 5); /* without flags */
                unsigned c = 0;
                cr_assert_eq(r->s.r[0], shift_model(operands[i], type, r->s.r[2] & 0xff, &c));
            }
    run_free(r);
}

/* MOVS r0, r1, <type> #amount: LSR and ASR #0 mean 32, ROR #0 is RRX */
Test(translate_values, immediate_shifts)
{
    struct run *r = run_new();
    for (unsigned type = 0; type < 4; type++)
        for (unsigned i = 0; i < ARRAY_SIZE(operands); i++)
            for (unsigned k = 0; k < 64; k++) {
                unsigned carry = k & 1, amount = k / 2;
                r->s.r[1] = operands[i];
                run_set_nzcv(r, carry << 29 | 1u << 28);
                run_arm(r, 0xe1b00001 | amount << 7 | type << 5);
                if (type == 3 && amount == 0) {
                    uint32_t v = operands[i] >> 1 | carry << 31;
                    cr_assert_eq(r->s.r[0], v);
                    cr_assert_eq(run_nzcv(r) >> 29 & 1, operands[i] & 1);
                } else {
                    check_shift(r, operands[i], type, amount || type == 0 ? amount : 32, carry);
                }
            }
    run_free(r);
}

/* ANDS r0, r1, #imm: a rotated immediate gives C its bit 31, an unrotated one leaves C */
Test(translate_values, immediate_carry)
{
    struct run *r = run_new();
    r->s.r[1] = 0xffffffff;
    for (unsigned carry = 0; carry < 2; carry++) {
        run_set_nzcv(r, carry << 29);
        run_arm(r, 0xe21100ff); /* #0xff */
        cr_assert_eq(run_nzcv(r), carry << 29);
        run_set_nzcv(r, carry << 29);
        run_arm(r, 0xe211047f); /* #0x7f000000 */
        cr_assert_eq(r->s.r[0], 0x7f000000);
        cr_assert_eq(run_nzcv(r), 0);
        run_set_nzcv(r, carry << 29);
        run_arm(r, 0xe21104ff); /* #0xff000000 */
        cr_assert_eq(run_nzcv(r), 0xa0000000);
    }
    run_free(r);
}

/* AddWithCarry of the manual (A2.2.1). */
static uint32_t add_model(uint32_t a, uint32_t b, unsigned carry, uint32_t *flags)
{
    uint64_t wide = (uint64_t)a + b + carry;
    int64_t exact = (int64_t)(int32_t)a + (int32_t)b + carry;
    uint32_t v = (uint32_t)wide;
    *flags = (v >> 31) << 31 | (uint32_t)!v << 30 | (uint32_t)(wide >> 32) << 29 |
             (uint32_t)(exact != (int32_t)v) << 28;
    return v;
}

static void check_add(struct run *r, uint32_t insn, uint32_t a, uint32_t b, unsigned carry_in,
                      uint32_t flags_in)
{
    uint32_t flags, v = add_model(a, b, carry_in, &flags);
    run_set_nzcv(r, flags_in);
    r->s.r[0] = v;
    run_arm(r, insn);
    cr_assert_eq(r->s.r[0], v, "%08x: %08x + %08x + %u = %08x", insn, a, b, carry_in, r->s.r[0]);
    cr_assert_eq(run_nzcv(r), flags, "%08x: %08x + %08x + %u: flags %08x", insn, a, b, carry_in,
                 run_nzcv(r));
}

Test(translate_values, additions)
{
    struct run *r = run_new();
    for (unsigned i = 0; i < ARRAY_SIZE(operands); i++)
        for (unsigned k = 0; k < 2 * ARRAY_SIZE(operands); k++) {
            uint32_t a = operands[i], b = operands[k / 2], c = k & 1, in = c << 29;
            r->s.r[1] = a;
            r->s.r[2] = b;
            check_add(r, 0xe0910002, a, b, 0, in);  /* ADDS r0, r1, r2 */
            check_add(r, 0xe0b10002, a, b, c, in);  /* ADCS */
            check_add(r, 0xe0510002, a, ~b, 1, in); /* SUBS */
            check_add(r, 0xe0d10002, a, ~b, c, in); /* SBCS */
            check_add(r, 0xe0710002, b, ~a, 1, in); /* RSBS */
            check_add(r, 0xe0f10002, b, ~a, c, in); /* RSCS */
            check_add(r, 0xe1510002, a, ~b, 1, in); /* CMP r1, r2 */
            check_add(r, 0xe1710002, a, b, 0, in);  /* CMN */
        }
    run_free(r);
}

/* ---- saturation ------------------------------------------------------------------------------ */

static int64_t saturate_model(int64_t v, int64_t low, int64_t high, bool *q)
{
    int64_t r = v < low ? low : v > high ? high : v;
    *q |= r != v;
    return r;
}

static int64_t sat32(int64_t v, bool *q)
{
    return saturate_model(v, INT32_MIN, INT32_MAX, q);
}

static void check_q(struct run *r, uint32_t insn, uint32_t expected, bool q)
{
    for (unsigned before = 0; before < 2; before++) {
        r->s.q = before;
        run_arm(r, insn);
        cr_assert_eq(r->s.r[0], expected, "%08x(%08x, %08x) = %08x", insn, r->s.r[1], r->s.r[2],
                     r->s.r[0]);
        cr_assert_eq(r->s.q, before | q, "%08x(%08x, %08x): Q", insn, r->s.r[1], r->s.r[2]);
    }
}

Test(translate_values, saturating_additions)
{
    struct run *r = run_new();
    for (unsigned i = 0; i < ARRAY_SIZE(operands); i++)
        for (unsigned k = 0; k < ARRAY_SIZE(operands); k++) {
            int32_t m = (int32_t)(r->s.r[1] = operands[i]), n = (int32_t)(r->s.r[2] = operands[k]);
            bool q = false;
            uint32_t v = (uint32_t)sat32((int64_t)m + n, &q);
            check_q(r, 0xe1020051, v, q); /* QADD r0, r1, r2 */
            q = false;
            v = (uint32_t)sat32((int64_t)m - n, &q);
            check_q(r, 0xe1220051, v, q); /* QSUB */
            q = false;
            v = (uint32_t)sat32(m + sat32(2 * (int64_t)n, &q), &q);
            check_q(r, 0xe1420051, v, q); /* QDADD */
            q = false;
            v = (uint32_t)sat32(m - sat32(2 * (int64_t)n, &q), &q);
            check_q(r, 0xe1620051, v, q); /* QDSUB */
        }
    run_free(r);
}

Test(translate_values, saturation_to_width)
{
    struct run *r = run_new();
    for (unsigned i = 0; i < ARRAY_SIZE(operands); i++)
        for (unsigned n = 0; n < 32; n++) {
            int32_t v = (int32_t)(r->s.r[1] = operands[i]);
            bool q = false;
            int64_t s = saturate_model(v, -(1ll << n), (1ll << n) - 1, &q);
            check_q(r, 0xe6a00011 | n << 16, (uint32_t)s, q); /* SSAT r0, #n+1, r1 */
            q = false;
            int64_t u = saturate_model(v, 0, (1ll << n) - 1, &q);
            check_q(r, 0xe6e00011 | n << 16, (uint32_t)u, q); /* USAT r0, #n, r1 */
            q = false;
            s = saturate_model(v >> 31, -(1ll << n), (1ll << n) - 1, &q);
            check_q(r, 0xe6a00051 | n << 16, (uint32_t)s, q); /* SSAT r0, #n+1, r1, ASR #32 */
        }
    run_free(r);
}

/* ---- parallel operations --------------------------------------------------------------------- */

/* One lane of the operation @op (0 ADD16, 1 ASX, 2 SAX, 3 SUB16, 4 ADD8, 7 SUB8), as exact
 * number. */
static int lane_exact(uint32_t n, uint32_t m, unsigned op, unsigned lane, unsigned width,
                      bool is_signed)
{
    bool exchange = op == 1 || op == 2;
    bool minus = op == 3 || op == 7 || (op == 1 && lane == 0) || (op == 2 && lane == 1);
    uint32_t a = bits_get(n, lane * width, width);
    uint32_t b = bits_get(m, (exchange ? 1 - lane : lane) * width, width);
    int x = is_signed ? bits_sext(a, width) : (int)a, y = is_signed ? bits_sext(b, width) : (int)b;
    return minus ? x - y : x + y;
}

static bool lane_ge(int exact, unsigned op, unsigned lane, unsigned width, bool is_signed)
{
    bool minus = op == 3 || op == 7 || (op == 1 && lane == 0) || (op == 2 && lane == 1);
    return is_signed || minus ? exact >= 0 : exact >= 1 << width;
}

/* @group: 1 S, 2 Q, 3 SH, 5 U, 6 UQ, 7 UH, as encoded. */
static void check_parallel(struct run *r, unsigned group, unsigned op)
{
    unsigned width = op >= 4 ? 8 : 16;
    bool is_signed = group < 4, saturates = (group & 3) == 2, halves = (group & 3) == 3;
    int low = is_signed ? -(1 << (width - 1)) : 0;
    int high = is_signed ? (1 << (width - 1)) - 1 : (1 << width) - 1;
    uint32_t expected = 0, ge = 0;
    for (unsigned lane = 0; lane < 32 / width; lane++) {
        int v = lane_exact(r->s.r[1], r->s.r[2], op, lane, width, is_signed);
        if (lane_ge(v, op, lane, width, is_signed))
            ge |= width == 8 ? 1u << lane : 3u << 2 * lane;
        v = saturates ? (v < low ? low : v > high ? high : v) : halves ? v >> 1 : v;
        expected = bits_put(expected, lane * width, width, (uint32_t)v);
    }
    r->s.ge = 5;
    run_arm(r, 0xe6010f12 | group << 20 | op << 5);
    cr_assert_eq(r->s.r[0], expected, "group %u op %u of %08x, %08x: %08x not %08x", group, op,
                 r->s.r[1], r->s.r[2], r->s.r[0], expected);
    cr_assert_eq(r->s.ge, saturates || halves ? 5u : ge, "group %u op %u of %08x, %08x: GE %x",
                 group, op, r->s.r[1], r->s.r[2], r->s.ge);
}

Test(translate_values, parallel)
{
    static const unsigned groups[] = {1, 2, 3, 5, 6, 7}, ops[] = {0, 1, 2, 3, 4, 7};
    struct run *r = run_new();
    for (unsigned g = 0; g < 6; g++)
        for (unsigned o = 0; o < 6; o++)
            for (unsigned i = 0; i < ARRAY_SIZE(operands); i++)
                for (unsigned k = 0; k < ARRAY_SIZE(operands); k++) {
                    r->s.r[1] = operands[i];
                    r->s.r[2] = operands[k];
                    r->s.r[0] = 0;
                    check_parallel(r, groups[g], ops[o]);
                }
    run_free(r);
}

Test(translate_values, select_bytes)
{
    struct run *r = run_new();
    r->s.r[1] = 0x11223344;
    r->s.r[2] = 0xaabbccdd;
    for (unsigned ge = 0; ge < 16; ge++) {
        uint32_t expected = 0;
        for (unsigned i = 0; i < 4; i++)
            expected |= (ge >> i & 1 ? r->s.r[1] : r->s.r[2]) & 0xffu << 8 * i;
        r->s.ge = ge;
        run_arm(r, 0xe6810fb2); /* SEL r0, r1, r2 */
        cr_assert_eq(r->s.r[0], expected);
    }
    run_free(r);
}

/* ---- the rest -------------------------------------------------------------------------------- */

Test(translate_values, bit_fields)
{
    struct run *r = run_new();
    for (unsigned lsb = 0; lsb < 32; lsb++)
        for (unsigned width = 1; lsb + width <= 32; width++) {
            uint32_t v = r->s.r[1] = 0x9abcdef1, msb = lsb + width - 1, mask = 0;
            for (unsigned i = lsb; i <= msb; i++)
                mask |= 1u << i;
            run_arm(r, 0xe7e00051 | (width - 1) << 16 | lsb << 7); /* UBFX r0, r1 */
            cr_assert_eq(r->s.r[0], (v & mask) >> lsb);
            run_arm(r, 0xe7a00051 | (width - 1) << 16 | lsb << 7); /* SBFX */
            uint32_t ones = v >> msb & 1 ? ~(mask >> lsb) : 0;
            cr_assert_eq(r->s.r[0], ((v & mask) >> lsb) | ones);
            r->s.r[0] = 0x55aa55aa;
            run_arm(r, 0xe7c00011 | msb << 16 | lsb << 7); /* BFI r0, r1 */
            cr_assert_eq(r->s.r[0], (0x55aa55aa & ~mask) | (v << lsb & mask));
            r->s.r[0] = 0x55aa55aa;
            run_arm(r, 0xe7c0001f | msb << 16 | lsb << 7); /* BFC r0 */
            cr_assert_eq(r->s.r[0], 0x55aa55aa & ~mask);
        }
    run_free(r);
}

Test(translate_values, wide_multiplications)
{
    struct run *r = run_new();
    for (unsigned i = 0; i < ARRAY_SIZE(operands); i++)
        for (unsigned k = 0; k < ARRAY_SIZE(operands); k++) {
            uint32_t a = r->s.r[2] = operands[i], b = r->s.r[3] = operands[k];
            run_arm(r, 0xe0910392); /* UMULLS r0, r1, r2, r3 */
            uint64_t v = (uint64_t)a * b;
            cr_assert_eq((uint64_t)r->s.r[1] << 32 | r->s.r[0], v);
            cr_assert_eq(run_nzcv(r) & 0xc0000000, (uint32_t)(v >> 63) << 31 | (uint32_t)!v << 30);
            run_arm(r, 0xe0d10392); /* SMULLS */
            v = (uint64_t)((int64_t)(int32_t)a * (int32_t)b);
            cr_assert_eq((uint64_t)r->s.r[1] << 32 | r->s.r[0], v);
            r->s.r[0] = r->s.r[1] = 0xffffffff;
            run_arm(r, 0xe0410392); /* UMAAL r0, r1, r2, r3 */
            v = (uint64_t)a * b + 0xffffffffull + 0xffffffffull;
            cr_assert_eq((uint64_t)r->s.r[1] << 32 | r->s.r[0], v);
        }
    run_free(r);
}

/* ---- multiplications that accumulate, with Q ------------------------------------------------- */

static int64_t half_of(uint32_t v, unsigned n)
{
    return (int16_t)(v >> 16 * n);
}

/* The halves' products, and what @sign makes of the higher one. */
static int64_t dual(uint32_t n, uint32_t m, int sign)
{
    return half_of(n, 0) * half_of(m, 0) + sign * half_of(n, 1) * half_of(m, 1);
}

static int64_t smlad(uint32_t n, uint32_t m)
{
    return dual(n, m, 1);
}

static int64_t smladx(uint32_t n, uint32_t m)
{
    return dual(n, m >> 16 | m << 16, 1);
}

static int64_t smlsd(uint32_t n, uint32_t m)
{
    return dual(n, m, -1);
}

static int64_t smlabt(uint32_t n, uint32_t m)
{
    return half_of(n, 0) * half_of(m, 1);
}

static int64_t smlawb(uint32_t n, uint32_t m)
{
    return ((int32_t)n * half_of(m, 0)) >> 16;
}

static const struct {
    uint32_t insn; /* r0, r1, r2, and r3 to be added or not */
    int64_t (*product)(uint32_t n, uint32_t m);
    bool adds;
} accumulations[] = {
    {0xe7003211, smlad, true},   {0xe7003231, smladx, true}, {0xe700f211, smlad, false},
    {0xe700f231, smladx, false}, {0xe7003251, smlsd, true},  {0xe10032c1, smlabt, true},
    {0xe1203281, smlawb, true},
};

static void check_accumulation(struct run *r, struct jit *jit, unsigned k, const uint32_t v[3])
{
    int64_t sum = accumulations[k].product(v[0], v[1]);
    if (accumulations[k].adds)
        sum += (int32_t)v[2];
    for (unsigned q = 0; q < 2; q++) {
        memcpy(&r->s.r[1], v, 3 * sizeof(*v));
        r->s.q = (uint8_t)q;
        run_put_arm(r, 0, accumulations[k].insn);
        r->s.env.pc = r->s.env.page_base;
        run_translate(r, 1);
        ir_optimise(&r->block);
        jit_run(jit, r);
        cr_assert_eq(r->s.r[0], (uint32_t)sum, "%08x of %08x, %08x, %08x: %08x",
                     accumulations[k].insn, v[0], v[1], v[2], r->s.r[0]);
        cr_assert_eq(r->s.q, q | (sum != (int32_t)sum), "%08x of %08x, %08x, %08x: Q %u",
                     accumulations[k].insn, v[0], v[1], v[2], r->s.q);
    }
}

Test(translate_values, accumulation)
{
    static const uint32_t values[] = {0,          1,          0x7fffffff, 0x80000000, 0xffffffff,
                                      0x80008000, 0x7fff7fff, 0x80017fff, 0xffff0001, 0x7fff8000};
    enum { COUNT = ARRAY_SIZE(values) };
    struct run *r = run_new();
    for (enum jit_variant variant = 0; variant < JIT_VARIANTS; variant++) {
        struct jit *jit = jit_new(variant);
        for (unsigned k = 0; k < ARRAY_SIZE(accumulations); k++)
            for (unsigned n = 0; n < COUNT * COUNT * COUNT; n++)
                check_accumulation(r, jit, k,
                                   (const uint32_t[]){values[n % COUNT], values[n / COUNT % COUNT],
                                                      values[n / COUNT / COUNT]});
        jit_free(jit);
    }
    run_free(r);
}

Test(translate_values, divisions)
{
    struct run *r = run_new();
    r->s.r[1] = 0x80000000;
    r->s.r[2] = 0xffffffff;
    run_arm(r, 0xe710f211); /* SDIV r0, r1, r2 */
    cr_assert_eq(r->s.r[0], 0x80000000);
    r->s.r[2] = 0;
    run_arm(r, 0xe710f211);
    cr_assert_eq(r->s.r[0], 0);
    run_arm(r, 0xe730f211); /* UDIV */
    cr_assert_eq(r->s.r[0], 0);
    r->s.r[2] = (uint32_t)-3;
    r->s.r[1] = 10;
    run_arm(r, 0xe710f211);
    cr_assert_eq(r->s.r[0], (uint32_t)-3);
    run_free(r);
}

/* The checksums of "123456789" that the polynomials are known by. */
Test(translate_values, crc)
{
    static const char text[] = "123456789";
    struct run *r = run_new();
    uint32_t c = 0xffffffff, castagnoli = 0xffffffff;
    for (unsigned i = 0; i < 9; i++) {
        r->s.r[2] = 0xabcd0000 | (uint8_t)text[i];
        r->s.r[1] = c;
        run_arm(r, 0xe1010042); /* CRC32B r0, r1, r2 */
        c = r->s.r[0];
        r->s.r[1] = castagnoli;
        run_arm(r, 0xe1010242); /* CRC32CB */
        castagnoli = r->s.r[0];
    }
    cr_assert_eq(~c, 0xcbf43926);
    cr_assert_eq(~castagnoli, 0xe3069283);
    run_free(r);
}

Test(translate_values, bytes_and_words_of_crc_agree)
{
    struct run *r = run_new();
    uint32_t c = 0x13579bdf;
    for (unsigned i = 0; i < 4; i++) {
        r->s.r[1] = c;
        r->s.r[2] = 0x89abcdefu >> 8 * i;
        run_arm(r, 0xe1010042);
        c = r->s.r[0];
    }
    r->s.r[1] = 0x13579bdf;
    r->s.r[2] = 0x89abcdef;
    run_arm(r, 0xe1410042); /* CRC32W */
    cr_assert_eq(r->s.r[0], c);
    run_free(r);
}
