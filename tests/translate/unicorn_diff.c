#include "tests/translate/unicorn_diff.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/translate/diff_internal.h"

uint32_t diff_random(struct diff_rng *rng)
{
    /* xorshift64* */
    rng->state ^= rng->state >> 12;
    rng->state ^= rng->state << 25;
    rng->state ^= rng->state >> 27;
    return (uint32_t)(rng->state * 0x2545f4914f6cdd1dull >> 32);
}

bool diff_mnemonic_in(const struct arm_decode_row_info *row, const char *const *names)
{
    for (; *names; names++)
        if (!strcmp(row->mnemonic, *names))
            return true;
    return false;
}

bool diff_row_is_of_m(const struct arm_decode_row_info *row)
{
    uint64_t features = run_features(RUN_CPU_M7);
    return (features & row->features) == row->features && !(features & row->without) &&
           (!row->any || (features & row->any));
}

bool diff_set_in(const struct arm_decode_row_info *row, const char *const *names)
{
    for (; *names; names++)
        if (!strcmp(row->set, *names))
            return true;
    return false;
}

/* ---- random states --------------------------------------------------------------------------- */

uint32_t diff_random_operand(struct diff *d)
{
    static const uint32_t edges[] = {
        0, 1, 2, 31, 32, 33, 63, 64, 255, 256, 0x7f, 0x80, 0x7fff, 0x8000, 0xffff, 0x10000,
        0x7fffffff, 0x80000000, 0x80000001, 0xffffffff, 0xfffffffe, 0x80008000, 0x7fff7fff,
        0x80808080, 0x7f7f7f7f, 0x01010101, 0xff00ff00,
    };
    uint32_t v = diff_random(&d->rng);
    switch (diff_below(d, 4)) {
    case 0: return edges[v % ARRAY_SIZE(edges)];
    case 1: return v >> (v & 31);
    default: return v;
    }
}

/* Unicorn's xPSR is without GE. */
static uint32_t absent_flags(const struct diff *d)
{
    return run_features(d->family->cpu) & ARM_FEATURE(M) ? ARM_PSR_GE : 0;
}

void diff_random_state(struct diff *d, bool thumb, bool in_it)
{
    struct run *r = d->run;
    for (unsigned i = 0; i < 15; i++)
        r->s.r[i] = diff_random_operand(d);
    run_set_psr(r, diff_random(&d->rng) & 0xf80f0000 & ~absent_flags(d));
    r->s.thumb = thumb;
    r->s.itstate = in_it ? (uint8_t)(diff_below(d, 14) << 4 | 8) : 0;
}

/* ---- random instructions --------------------------------------------------------------------- */

static unsigned row_width(const struct arm_decode_row_info *row)
{
    return row->isa == ARM_ISA_T16 ? 16 : 32;
}

/* The PC as an operand is mostly UNPREDICTABLE: replace it, mostly. */
static uint32_t avoid_pc(struct diff *d, const struct arm_decode_row_info *row, uint32_t insn)
{
    for (const char *letter = "dnmrsalhtTx"; *letter; letter++) {
        const char *first = strchr(row->bits, *letter);
        if (!first || strncmp(first, (char[]){*letter, *letter, *letter, *letter, 0}, 4))
            continue;
        unsigned lsb = row_width(row) - 4 - (unsigned)(first - row->bits);
        uint32_t v = bits_get(insn, lsb, 4);
        bool awkward = v == 15 || (v == 13 && row->isa == ARM_ISA_T32);
        if (awkward && diff_below(d, 8))
            insn = bits_put(insn, lsb, 4, diff_below(d, 13));
    }
    return insn;
}

static bool instance_is_of(const struct arm_decode_row_info *row, uint32_t insn)
{
    return arm_decode_row(row->isa, insn, run_features(RUN_CPU_V8)) == (int)row->id;
}

/* A random instance of @row with condition @cond where it has one. */
bool diff_instance(struct diff *d, const struct arm_decode_row_info *row, unsigned cond,
                     uint32_t *insn)
{
    for (unsigned tries = 0; tries < 200; tries++) {
        uint32_t v = diff_random(&d->rng);
        if (row_width(row) == 16)
            v &= 0xffff;
        v = (v & ~(row->mask | row->should_mask)) | row->value | row->should_value;
        v = avoid_pc(d, row, v);
        if (row->bits[0] == 'c' && row->isa == ARM_ISA_A32)
            v = bits_put(v, 28, 4, cond);
        if (d->family->adapt && !d->family->adapt(row, &v, &d->rng))
            continue;
        *insn = v;
        if (instance_is_of(row, v))
            return true;
    }
    return false;
}

void diff_open(struct diff *d, const struct diff_family *f)
{
    *d = (struct diff){.family = f, .run = run_new(), .before = run_new(), .other = run_new()};
    diff_unicorn_open(d, f->cpu);
    d->run->block_flags = (uint32_t)f->cpu << ARM_BF_FEATURES_SHIFT;
    d->rng.state = 0x9e3779b97f4a7c15ull;
    for (unsigned i = 0; i < RUN_DATA_SIZE; i++)
        d->run->data[i] = (uint8_t)diff_random(&d->rng);
}

void diff_close(struct diff *d)
{
    diff_unicorn_close(d);
    for (unsigned i = 0; i < JIT_VARIANTS; i++)
        jit_free(d->jit[i]);
    run_free(d->run);
    run_free(d->before);
    run_free(d->other);
    cr_expect(d->mismatches == 0, "%u cases differ", d->mismatches);
}

static enum diff_outcome single_case(struct diff *d, const struct arm_decode_row_info *row)
{
    const struct diff_family *f = d->family;
    bool thumb = row->isa != ARM_ISA_A32;
    unsigned cond = diff_below(d, 4) ? 14 : diff_below(d, 14);
    if (!diff_instance(d, row, cond, &d->insn[0]))
        return DIFF_REFUSED;
    d->count = 1;
    diff_random_state(d, thumb, thumb && !f->not_in_it && diff_below(d, 3) == 0);
    uint32_t end = diff_place(d);
    if (f->prepare)
        f->prepare(d->run, d->insn[0], &d->rng);
    return diff_run(d, end);
}

void diff_rows(const struct diff_family *f)
{
    struct diff d;
    unsigned rows = 0;
    diff_open(&d, f);
    for (unsigned i = 0; i < ARM_DECODE_ROW_COUNT; i++) {
        const struct arm_decode_row_info *row = &arm_decode_rows[i];
        if (row->isa != f->isa || !f->select(row))
            continue;
        rows++;
        snprintf(d.names, sizeof(d.names), "%s %s (%s)", row->mnemonic, row->set, row->where);
        unsigned agreed = 0;
        for (unsigned n = 0; n < f->cases_per_row; n++)
            agreed += single_case(&d, row) == DIFF_AGREED;
        cr_expect(agreed * 2 > f->cases_per_row, "%s: only %u of %u cases agree", d.names, agreed,
                  f->cases_per_row);
    }
    cr_expect(rows > 0, "no row in this family");
    diff_close(&d);
}

/* ---- sequences ------------------------------------------------------------------------------- */

static unsigned collect_rows(const struct diff_family *f, const struct arm_decode_row_info **rows)
{
    unsigned n = 0;
    for (unsigned i = 0; i < ARM_DECODE_ROW_COUNT && n < DIFF_MAX_ROWS; i++) {
        const struct arm_decode_row_info *row = &arm_decode_rows[i];
        bool same = (row->isa == ARM_ISA_A32) == (f->isa == ARM_ISA_A32);
        if (same && f->select(row))
            rows[n++] = row;
    }
    return n;
}

/* Append an instance of a random row. */
static void append(struct diff *d, const struct arm_decode_row_info **rows, unsigned n,
                   unsigned cond)
{
    while (!diff_instance(d, rows[diff_below(d, n)], cond, &d->insn[d->count]))
        ;
    d->count++;
}

static void sequence_a32(struct diff *d, const struct arm_decode_row_info **rows, unsigned n)
{
    unsigned cond = diff_below(d, 14), length = 2 + diff_below(d, DIFF_MAX_INSNS - 1);
    while (d->count < length) {
        unsigned choice = diff_below(d, 5);
        append(d, rows, n, choice == 0 ? 14 : choice == 1 ? cond ^ 1 : cond);
    }
}

/* IT with 1..4 instructions, and one before or behind. */
static void sequence_thumb(struct diff *d, const struct arm_decode_row_info **rows, unsigned n)
{
    unsigned size = 1 + diff_below(d, 4), cond = diff_below(d, 14);
    unsigned stop = 1u << (4 - size); /* the lowest 1 of the mask ends the block */
    unsigned mask = (diff_below(d, 16) & ~(2 * stop - 1) & 15) | stop;
    if (diff_below(d, 2))
        append(d, rows, n, 14);
    d->insn[d->count++] = 0xbf00 | cond << 4 | mask;
    while (size--)
        append(d, rows, n, 14);
    if (d->count < DIFF_MAX_INSNS)
        append(d, rows, n, 14);
}

void diff_sequences(const struct diff_family *f, unsigned count)
{
    static const struct arm_decode_row_info *rows[DIFF_MAX_ROWS];
    struct diff d;
    diff_open(&d, f);
    unsigned n = collect_rows(f, rows), agreed = 0;
    bool thumb = f->isa != ARM_ISA_A32;
    cr_assert(n > 0);
    snprintf(d.names, sizeof(d.names), "sequence");
    for (unsigned i = 0; i < count; i++) {
        d.count = 0;
        if (thumb)
            sequence_thumb(&d, rows, n);
        else
            sequence_a32(&d, rows, n);
        diff_random_state(&d, thumb, false);
        if (f->prepare_sequence)
            f->prepare_sequence(d.run, &d.rng);
        agreed += diff_run(&d, diff_place(&d)) == DIFF_AGREED;
    }
    cr_expect(agreed * 4 > count, "only %u of %u sequences agree", agreed, count);
    diff_close(&d);
}
