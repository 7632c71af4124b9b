/*
 * Sequences of instructions of all kinds as one block, compared with Unicorn: what single
 * instructions cannot show, that is, the optimiser, register allocation and conditional runs.
 *
 * Each case depends on its seed alone. Environment:
 *   ARMEMU_SEQUENCES=n   so many cases instead of the few of an ordinary run
 *   ARMEMU_BASE=n        other cases
 *   ARMEMU_SEED=0x...    only the case with this seed, as a failure prints it
 */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/translate/diff_internal.h"

enum {
    ORDINARY_COUNT = 8000,
    LONGEST = 12,
    WINDOW_MIDDLE = RUN_DATA + RUN_DATA_SIZE / 2,
    INDEX = 4,                                  /* register that holds a small number */
    BASES = 1 << 5 | 1 << 6 | 1 << 7 | 1 << 13, /* registers that hold addresses in the window */
    MAX_REDUCED = 3,
};

/* Everything that stays in the block and needs no more CPU than its registers. */
static const char *const sets[] = {
    "dp_imm", "dp_reg",  "dp_rsr",  "rd_imm",  "mul",     "mull",     "mulh",     "mullh",
    "rrr",    "rrrr",    "rr",      "pkh",     "sat",     "sat16",    "ext",      "bfx",
    "crc",    "pld_imm", "pld_reg", "mem_imm", "mem_reg", "lit",      "memd_imm", "memd_reg",
    "ldm",    "v_mem",   "v_memm",  "v_core",  "v_core2", "v_scalar", "v_dup",    "v_rr",
    "v_rrr",  "v_imm",   "v_sel",   "n_rr",    "n_rrr",   "n_rrs",    "n_shift",  "n_ext",
    "n_tbl",  "n_dup",   "n_imm",   "n_ldst",  "n_ldst1", "n_ldall",  NULL,
};

/* Other registers than those of the current mode; exception returns. */
static const char *const excluded[] = {"LDM_user", "STM_user", "LDM_eret", NULL};

static bool is_memory(const struct arm_decode_row_info *row)
{
    static const char *const memory[] = {"mem_imm", "mem_reg", "memd_imm", "memd_reg",
                                         "ldm",     "v_mem",   "v_memm",   "n_ldst",
                                         "n_ldst1", "n_ldall", NULL};
    return diff_set_in(row, memory);
}

static bool is_subs_pc(const struct arm_decode_row_info *row)
{
    return row->isa == ARM_ISA_T32 && !strcmp(row->mnemonic, "SUB_imm") &&
           ((row->value | row->should_value) & 0xf00) == 0xf00;
}

static bool select_row(const struct arm_decode_row_info *row)
{
    return diff_set_in(row, sets) && !diff_mnemonic_in(row, excluded) && !is_subs_pc(row);
}

/* ---- instances ------------------------------------------------------------------------------- */

/* Where the register number @letter (3 or 4 adjacent bits) stands in the row's pattern. */
static bool field_of(const struct arm_decode_row_info *row, char letter, unsigned *lsb,
                     unsigned *width)
{
    const char *first = strchr(row->bits, letter);
    if (!first)
        return false;
    for (*width = 1; first[*width] == letter; ++*width)
        ;
    *lsb = (unsigned)(strlen(row->bits) - (size_t)(first - row->bits)) - *width;
    return (*width == 3 || *width == 4) && !strchr(first + *width, letter);
}

static void put_register(const struct arm_decode_row_info *row, uint32_t *insn, char letter,
                         unsigned r)
{
    unsigned lsb, width;
    if (field_of(row, letter, &lsb, &width))
        *insn = bits_put(*insn, lsb, width, r);
}

/* Results mostly go where no address is, and never to the PC. */
static bool protect_addresses(const struct arm_decode_row_info *row, uint32_t *insn,
                              struct diff_rng *rng)
{
    static const uint8_t others[] = {0, 1, 2, 3, 0, 1, 2, 3, 8, 9, 10, 11, 12, 14};
    bool core = row->set[0] != 'n' && strncmp(row->set, "v_m", 3);
    for (const char *letter = "dtTahl"; core && *letter; letter++) {
        unsigned lsb, width;
        if (!field_of(row, *letter, &lsb, &width))
            continue;
        unsigned r = bits_get(*insn, lsb, width);
        if (r == 15 && strcmp(row->set, "pld_imm"))
            return false;
        if (((BASES | 1u << INDEX) >> r & 1) && diff_random(rng) % 4)
            *insn = bits_put(*insn, lsb, width, others[diff_random(rng) % (width == 3 ? 8 : 14)]);
    }
    return true;
}

/* A base, and an index that is small; lists without the PC, and of registers that exist. */
static void adapt_memory(const struct arm_decode_row_info *row, uint32_t *insn,
                         struct diff_rng *rng)
{
    static const uint8_t bases[] = {5, 6, 7, 13};
    bool narrow = row->isa == ARM_ISA_T16;
    put_register(row, insn, 'n', bases[diff_random(rng) % (narrow ? 3 : 4)]);
    if (row->set[0] == 'm' && strstr(row->set, "reg"))
        put_register(row, insn, 'm', INDEX);
    if (!strcmp(row->set, "ldm"))
        *insn &= narrow ? ~0x80u : ~0x8000u;
    if (!strcmp(row->set, "ldm") && diff_random(rng) % 4)
        *insn &= ~(uint32_t)(BASES & 0xff); /* T16 and others: bits 5..7 */
    if (!strcmp(row->set, "v_memm"))
        *insn = (*insn & ~0x80ffu) | (2 + diff_random(rng) % 14);
    if (row->isa == ARM_ISA_A32 && !strncmp(row->set, "memd", 4))
        put_register(row, insn, 't', diff_random(rng) % 7 * 2);
}

static bool adapt(const struct arm_decode_row_info *row, uint32_t *insn, struct diff_rng *rng)
{
    static const char *const exchanges[] = {"VTRN", "VUZP", "VZIP", "VSWP", NULL};
    unsigned d = bits_get(*insn, 12, 4) | bits_get(*insn, 22, 1) << 4;
    unsigned m = bits_get(*insn, 0, 4) | bits_get(*insn, 5, 1) << 4;
    if (diff_mnemonic_in(row, exchanges) && d == m)
        return false; /* UNKNOWN */
    if (is_memory(row))
        adapt_memory(row, insn, rng);
    return protect_addresses(row, insn, rng);
}

/* ---- states ---------------------------------------------------------------------------------- */

static void random_state(struct diff *d, bool thumb)
{
    static const uint32_t floats[] = {0,          0x80000000, 0x3f800000, 0xbf800000,
                                      0x40490fdb, 0x00000001, 0x7f800000, 0x4f000000};
    struct run *r = d->run;
    diff_random_state(d, thumb, false);
    for (unsigned i = 0; i < 14; i++)
        if (BASES >> i & 1)
            r->s.r[i] = WINDOW_MIDDLE + (diff_random(&d->rng) & 0x3f8);
    r->s.r[INDEX] = diff_random(&d->rng) & 0xfc;
    for (unsigned i = 0; i < 32; i++) {
        r->s.d[i] = (uint64_t)diff_random_operand(d) << 32 | diff_random(&d->rng);
        if (diff_below(d, 2))
            r->s.d[i] = (uint64_t)floats[diff_below(d, 8)] << 32 | floats[diff_below(d, 8)];
    }
    r->s.fpscr = 0;
    for (unsigned i = 0; i < RUN_DATA_SIZE; i += 4) {
        uint32_t v = diff_random(&d->rng);
        memcpy(r->data + i, &v, 4);
    }
}

/* ---- code ------------------------------------------------------------------------------------ */

struct pool {
    const struct arm_decode_row_info *rows[DIFF_MAX_ROWS];
    unsigned count, vectors; /* the vector rows, which are many, stand behind the others */
    const struct arm_decode_row_info *comparisons[DIFF_MAX_ROWS];
    unsigned comparison_count;
};

static bool is_vector(const struct arm_decode_row_info *row)
{
    return row->set[1] == '_';
}

static void find_comparisons(struct pool *p)
{
    static const char *const names[] = {"CMP_imm", "CMP_reg", "CMP_rsr", "CMN_imm",
                                        "CMN_reg", "TST_imm", "TST_reg", NULL};
    p->comparison_count = 0;
    for (unsigned i = 0; i < p->count; i++)
        if (diff_mnemonic_in(p->rows[i], names))
            p->comparisons[p->comparison_count++] = p->rows[i];
}

static void pool_fill(struct pool *p, bool thumb)
{
    p->count = p->vectors = 0;
    for (unsigned pass = 0; pass < 2; pass++) {
        for (unsigned i = 0; i < ARM_DECODE_ROW_COUNT && p->count < DIFF_MAX_ROWS; i++) {
            const struct arm_decode_row_info *row = &arm_decode_rows[i];
            if ((row->isa != ARM_ISA_A32) == thumb && select_row(row) && is_vector(row) == pass)
                p->rows[p->count++] = row;
        }
        if (!pass)
            p->vectors = p->count;
    }
    find_comparisons(p);
}

/* Half of Thumb's rows are to be 16-bit ones; one in six instructions a vector one, and one a
 * comparison. */
static const struct arm_decode_row_info *random_row(struct diff *d, const struct pool *p,
                                                    bool thumb)
{
    unsigned kind = diff_below(d, 6);
    if (kind == 0)
        return p->rows[p->vectors + diff_below(d, p->count - p->vectors)];
    if (kind == 1)
        return p->comparisons[diff_below(d, p->comparison_count)];
    bool narrow = thumb && diff_below(d, 2);
    const struct arm_decode_row_info *row;
    do
        row = p->rows[diff_below(d, p->vectors)];
    while (narrow && row->isa != ARM_ISA_T16);
    return row;
}

static void append(struct diff *d, const struct pool *p, bool thumb, unsigned cond)
{
    while (!diff_instance(d, random_row(d, p, thumb), cond, &d->insn[d->count]))
        ;
    d->count++;
}

static void make_a32(struct diff *d, const struct pool *p, unsigned length)
{
    unsigned cond = diff_below(d, 14), conditional = diff_below(d, 3);
    while (d->count < length) {
        unsigned choice = diff_below(d, 8);
        if (choice == 0)
            cond = diff_below(d, 14);
        append(d, p, false, !conditional || choice < 3 ? 14 : choice == 3 ? cond ^ 1 : cond);
    }
}

static void make_thumb(struct diff *d, const struct pool *p, unsigned length)
{
    while (d->count < length) {
        unsigned size = 1 + diff_below(d, 4), left = length - d->count;
        if (left < 2 || diff_below(d, 3)) {
            append(d, p, true, 14);
            continue;
        }
        size = size < left - 1 ? size : left - 1;
        unsigned stop = 1u << (4 - size), mask = (diff_below(d, 16) & ~(2 * stop - 1) & 15) | stop;
        d->insn[d->count++] = 0xbf00 | diff_below(d, 14) << 4 | mask;
        while (size--)
            append(d, p, true, 14);
    }
}

/* ---- the tests ------------------------------------------------------------------------------- */

static uint64_t number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 0) : otherwise;
}

/* The case of @seed; reduced when it fails. True: executed to its end. */
static bool sequence(struct diff *d, const struct pool *p, bool thumb, uint64_t seed)
{
    d->rng.state = seed;
    d->count = 0;
    d->thorough = false;
    unsigned length = 2 + diff_below(d, LONGEST - 1);
    random_state(d, thumb);
    if (thumb)
        make_thumb(d, p, length);
    else
        make_a32(d, p, length);
    d->slots_used = diff_random(&d->rng);
    snprintf(d->names, sizeof(d->names), "sequence, ARMEMU_SEED=0x%" PRIx64, seed);
    enum diff_outcome outcome = diff_run(d, diff_place(d));
    if (outcome == DIFF_DIFFERED && d->mismatches <= MAX_REDUCED)
        diff_reduce(d);
    return outcome == DIFF_AGREED && !d->run->faulted && d->run->helper < 0;
}

static uint64_t seed_of(uint64_t base, uint64_t i)
{
    uint64_t x = (base + i + 1) * 0x9e3779b97f4a7c15ull;
    x = (x ^ x >> 32) * 0xd6e8feb86659fd93ull;
    return (x ^ x >> 32) | 1; /* the generator's state is never 0 */
}

static void sequences(bool thumb)
{
    const struct diff_family f = {
        .isa = thumb ? ARM_ISA_T32 : ARM_ISA_A32, .adapt = adapt, .vectors = true};
    static struct pool pool;
    struct diff d;
    uint64_t count = number_of("ARMEMU_SEQUENCES", ORDINARY_COUNT);
    uint64_t base = number_of("ARMEMU_BASE", 0) << 32, seed = number_of("ARMEMU_SEED", 0);
    diff_open(&d, &f);
    d.partial = true;
    pool_fill(&pool, thumb);
    uint64_t whole = 0;
    if (seed)
        whole = count = sequence(&d, &pool, thumb, seed) + 1;
    for (uint64_t i = 0; !seed && i < count; i++)
        whole += sequence(&d, &pool, thumb, seed_of(base, i));
    if (getenv("ARMEMU_SEQUENCES"))
        fprintf(stderr, "%" PRIu64 " of %" PRIu64 " sequences were executed to their ends\n", whole,
                count);
    cr_expect(whole * 4 > count,
              "only %" PRIu64 " of %" PRIu64 " sequences were executed to their ends", whole,
              count);
    diff_close(&d);
}

Test(diff_sequence, a32)
{
    sequences(false);
}

Test(diff_sequence, thumb)
{
    sequences(true);
}
