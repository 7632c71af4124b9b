/*
 * Loops of floating-point and vector instructions, and checks by table: a hot block by the
 * backend, where values stay in registers from round to round, against short plain blocks by the
 * interpreter.
 *
 * Each case depends on its seed alone. Environment:
 *   ARMEMU_LOOPS=n       so many cases instead of the few of an ordinary run
 *   ARMEMU_BASE=n        other cases
 *   ARMEMU_SEED=0x...    only the case with this seed, as a failure prints it
 */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/fp/values.h"
#include "tests/translate/diff_internal.h"

enum {
    ORDINARY_COUNT = 4000,
    LONGEST = 8, /* instructions besides the loop's own */
    OWN = 3,
    APPENDED_MAX = 3, /* at once: in an IT block, and what becomes of flags */
    ROUNDS = 12,
    BLOCKS_MAX = 200, /* that a case may go through */
    INDEX = 4,
    BASE = 5,
    BASES = 3,
    COUNTER = 12,
    MAX_REDUCED = 3,
};

static const char *const float_sets[] = {
    "v_mem",   "v_memm", "v_core", "v_core2", "v_scalar", "v_dup",  "v_rr",    "v_rrr",   "v_imm",
    "v_sel",   "v_cmp",  "v_cvt",  "v_rint",  "v_fixed",  "v_half", "n_rr",    "n_rrr",   "n_rrs",
    "n_shift", "n_ext",  "n_tbl",  "n_dup",   "n_imm",    "n_ldst", "n_ldst1", "n_ldall", NULL};
static const char *const core_sets[] = {"dp_imm", "dp_reg", "rd_imm", "mul", NULL};
static const char *const memory_sets[] = {"v_mem", "v_memm", "n_ldst", "n_ldst1", "n_ldall", NULL};
static const char *const exchanges[] = {"VTRN", "VUZP", "VZIP", "VSWP", NULL};

/* The rows of each kind. */
struct pools {
    const struct arm_decode_row_info *scalar[DIFF_MAX_ROWS], *vector[DIFF_MAX_ROWS],
        *core[DIFF_MAX_ROWS];
    unsigned scalars, vectors, cores;
};

static void fill_pools(struct pools *p, enum arm_isa isa)
{
    memset(p, 0, sizeof(*p));
    for (unsigned i = 0; i < ARM_DECODE_ROW_COUNT; i++) {
        const struct arm_decode_row_info *row = &arm_decode_rows[i];
        if (row->isa != isa)
            continue;
        if (diff_set_in(row, core_sets))
            p->core[p->cores++] = row;
        else if (diff_set_in(row, float_sets) && row->set[0] == 'v')
            p->scalar[p->scalars++] = row;
        else if (diff_set_in(row, float_sets))
            p->vector[p->vectors++] = row;
    }
}

/* ---- code ------------------------------------------------------------------------------------ */

static unsigned field(uint32_t insn, unsigned lsb, unsigned top_bit)
{
    return bits_get(insn, lsb, 4) | bits_get(insn, top_bit, 1) << 4;
}

/* Few registers, so that much is carried from round to round; core registers that are no addresses.
 */
static bool adapt(const struct arm_decode_row_info *row, uint32_t *insn, struct diff_rng *rng)
{
    bool memory = diff_set_in(row, memory_sets);
    if (diff_set_in(row, core_sets)) {
        *insn = bits_put(*insn, row->isa == ARM_ISA_A32 ? 12 : 8, 4, diff_random(rng) % 4);
        if (!strcmp(row->set, "mul"))
            *insn = bits_put(*insn, row->isa == ARM_ISA_A32 ? 16 : 8, 4, diff_random(rng) % 4);
        return true;
    }
    if (diff_random(rng) % 4)
        *insn &= row->set[0] == 'n' ? ~0x0040a0a8u : ~0x0000c00cu;
    if (memory) {
        *insn = bits_put(*insn, 16, 4, BASE + diff_random(rng) % BASES);
        if (!strcmp(row->set, "v_memm"))
            *insn = (*insn & ~0xfeu) | (2 + diff_random(rng) % 6);
        if (row->set[0] == 'n' && bits_get(*insn, 0, 4) < 13)
            *insn = bits_put(*insn, 0, 4, INDEX);
    }
    if (!strcmp(row->set, "v_core") || !strcmp(row->set, "v_core2") ||
        !strcmp(row->set, "v_scalar") || !strcmp(row->set, "v_dup"))
        *insn = bits_put(*insn, 12, 4, diff_random(rng) % 2);
    if (!strcmp(row->set, "v_core2"))
        *insn = bits_put(*insn, 16, 4, 2 + diff_random(rng) % 2);
    if (!strcmp(row->set, "v_fixed"))
        return (bits_get(*insn, 0, 4) << 1 | bits_get(*insn, 5, 1)) <= (*insn & 0x80 ? 32u : 16u);
    return !diff_mnemonic_in(row, exchanges) || field(*insn, 12, 22) != field(*insn, 0, 5);
}

static void put(struct diff *d, uint32_t insn)
{
    d->insn[d->count++] = insn;
}

/* A random instruction, in Thumb perhaps in an IT block. */
static void append(struct diff *d, const struct pools *p, bool thumb)
{
    unsigned kind = diff_below(d, 9), cond = diff_below(d, 4) ? 14 : diff_below(d, 14);
    const struct arm_decode_row_info *row = kind == 0   ? p->core[diff_below(d, p->cores)]
                                            : kind <= 4 ? p->vector[diff_below(d, p->vectors)]
                                                        : p->scalar[diff_below(d, p->scalars)];
    uint32_t insn;
    if (!diff_instance(d, row, cond, &insn))
        return;
    if (thumb && cond != 14 && !(insn >> 28 & 1)) /* what begins with 1110 may be in an IT block */
        put(d, 0xbf08 | cond << 4);
    put(d, insn);
    if (!strcmp(row->set, "v_cmp"))
        put(d, 0xeef1fa10); /* vmrs APSR_nzcv, fpscr */
}

/* At times, where there is room for it and @rest more. */
static void append_now_and_then(struct diff *d, const struct pools *p, bool thumb, unsigned rest)
{
    if (!diff_below(d, 6) && d->count + APPENDED_MAX + rest + OWN <= DIFF_MAX_INSNS)
        append(d, p, thumb);
}

/* ldrb x, [r5], #1; eor x, x, crc; uxtb x, x; ldr y, [r6, x, lsl #2]; eor crc, y, crc, lsr #n, with
 * others in between. */
static void append_check(struct diff *d, const struct pools *p, bool thumb)
{
    unsigned crc = diff_below(d, 4), x = (crc + 1 + diff_below(d, 3)) % 4;
    unsigned y = diff_below(d, 4) ? x : diff_below(d, 4), n = 1 + diff_below(d, 31);
    const uint32_t a32[] = {
        0xe4d00001 | BASE << 16 | x << 12,
        0xe0200000 | x << 16 | x << 12 | crc | diff_below(d, 2) << 20,
        0xe6ef0070 | x << 12 | x,
        0xe7900100 | (BASE + 1) << 16 | y << 12 | x,
        0xe0200020 | y << 16 | crc << 12 | n << 7 | crc,
    };
    const uint32_t t32[] = {
        0xf8100b01 | BASE << 16 | x << 12,
        0xea800000 | x << 16 | x << 8 | crc | diff_below(d, 2) << 20,
        0xfa5ff080 | x << 8 | x,
        0xf8500020 | (BASE + 1) << 16 | y << 12 | x,
        0xea800010 | y << 16 | crc << 8 | (n >> 2) << 12 | (n & 3) << 6 | crc,
    };
    for (unsigned k = 0; k < ARRAY_SIZE(a32); k++) {
        put(d, thumb ? t32[k] : a32[k]);
        append_now_and_then(d, p, thumb, ARRAY_SIZE(a32) - 1 - k);
    }
}

static void append_some(struct diff *d, const struct pools *p, bool thumb)
{
    unsigned length = 1 + diff_below(d, LONGEST), leave = diff_below(d, 3 * LONGEST);
    while (d->count < length) {
        if (d->count ==
            leave) /* beqne behind the loop: to its last instruction, wherever that is */
            put(d, thumb ? 0xd000 | diff_below(d, 14) << 8 : diff_below(d, 14) << 28 | 0x0a000000);
        append(d, p, thumb);
    }
}

/* The body, perhaps with a way out in the middle; subs r12, r12, #1; bne start; bx lr. */
static void make_loop(struct diff *d, const struct pools *p, bool thumb)
{
    unsigned bytes = 0;
    d->count = 0;
    if (diff_below(d, 8))
        append_some(d, p, thumb);
    else
        append_check(d, p, thumb);
    put(d, thumb ? 0xf1bc0c01 : 0xe25cc001);
    for (unsigned i = 0; i < d->count; i++)
        bytes += thumb && !(d->insn[i] >> 16) ? 2 : 4;
    put(d, thumb ? 0xd100 | (-(bytes + 4) / 2 & 0xff) : 0x1a000000 | (-(bytes + 8) / 4 & 0xffffff));
    put(d, thumb ? 0x4770 : 0xe12fff1e);
    uint32_t end = bytes + (thumb ? 2 : 4), at = 0;
    for (unsigned i = 0; i + 2 < d->count; i++) {
        bool way_out = thumb ? d->insn[i] >> 12 == 0xd : bits_get(d->insn[i], 0, 28) == 0x0a000000;
        if (way_out)
            d->insn[i] |= thumb ? (end - at - 4) / 2 : (end - at - 8) / 4;
        at += thumb && !(d->insn[i] >> 16) ? 2 : 4;
    }
}

/* ---- states ---------------------------------------------------------------------------------- */

static uint64_t random_register(struct diff *d)
{
    uint64_t seed = (uint64_t)diff_random(&d->rng) << 32 | diff_random(&d->rng), v = 0;
    enum fp_size f = diff_below(d, 8) ? FP_32 + (seed & 1) : FP_16;
    if (!diff_below(d, 8))
        return seed >> (seed & 63);
    for (unsigned width = 16u << f, at = 0; at < 64; at += width)
        v |= fp_random_value(&seed, f) << at;
    return v;
}

static void random_state(struct diff *d, bool thumb)
{
    static const uint32_t modes[] = {0, 0, 0, FPSCR_FZ, FPSCR_DN, FPSCR_FZ | FPSCR_DN};
    struct run *r = d->run;
    diff_random_state(d, thumb, false);
    for (unsigned i = 0; i < BASES; i++)
        r->s.r[BASE + i] = RUN_DATA + RUN_DATA_SIZE / 2 + (diff_random(&d->rng) & 0x3f8);
    r->s.r[INDEX] = diff_random(&d->rng) & 0x78;
    r->s.r[COUNTER] = 1 + diff_below(d, ROUNDS);
    r->s.r[14] = RUN_CODE + DIFF_CODE_SIZE + 0x1000 + thumb; /* nothing is there */
    for (unsigned i = 0; i < 32; i++)
        r->s.d[i] = random_register(d);
    r->s.fpscr = modes[diff_below(d, ARRAY_SIZE(modes))] |
                 (diff_below(d, 3) ? 0 : diff_below(d, 4) << FPSCR_RMODE_SHIFT);
    r->s.fp_nzcv = diff_random(&d->rng) & 0x01010101;
    for (unsigned i = 0; i < RUN_DATA_SIZE; i += 8) {
        uint64_t v = random_register(d);
        memcpy(r->data + i, &v, 8);
    }
}

/* ---- execution ------------------------------------------------------------------------------- */

static bool is_over(const struct run *r)
{
    return r->s.env.pc - r->s.env.page_base >= RUN_PAGE || r->faulted || r->helper >= 0;
}

static bool is_apart(const struct ir_block *b)
{
    for (uint32_t i = 0; i < b->count; i++)
        if (b->ops[i].opcode == IR_OP_loophead)
            return true;
    return false;
}

/* Block after block until the code is left: by @jit, with hot blocks, or by the interpreter. How
 * many carried a check's halves. */
static unsigned run_all(struct run *r, struct jit *jit)
{
    unsigned apart = 0;
    r->hot = jit != NULL;
    for (unsigned i = 0; i < BLOCKS_MAX; i++) {
        run_translate(r, UINT32_MAX);
        if (jit) {
            ir_optimise(&r->block);
            apart += is_apart(&r->block);
            jit_run(jit, r);
        } else {
            run_start(r);
            r->exit = ir_interp_run(&r->block, &r->s.env, &run_callbacks);
            run_end(r);
        }
        if (is_over(r))
            break;
    }
    r->hot = false;
    return apart;
}

static void copy_state(struct run *to, const struct run *from)
{
    memcpy(&to->s, &from->s, sizeof(to->s));
    memcpy(to->page, from->page, sizeof(to->page));
    memcpy(to->data, from->data, sizeof(to->data));
    to->block_flags = from->block_flags;
}

static const char *difference(const struct run *a, const struct run *b)
{
    enum { FIRST = offsetof(struct arm_state, r) };
    if (memcmp(a->s.d, b->s.d, sizeof(a->s.d)))
        return "a D register";
    if (a->s.fpscr != b->s.fpscr)
        return "the FPSCR";
    if (memcmp((const char *)&a->s + FIRST, (const char *)&b->s + FIRST, sizeof(a->s) - FIRST))
        return "the state";
    if (memcmp(a->s.env.nzcv, b->s.env.nzcv, 4) || a->s.env.pc != b->s.env.pc)
        return "the flags or the PC";
    if (a->helper != b->helper || a->faulted != b->faulted)
        return "the way out";
    return memcmp(a->data, b->data, sizeof(a->data)) ? "memory" : NULL;
}

/* What differs between d->run, by the interpreter, and d->other. */
static const char *run_case(struct diff *d, enum jit_variant variant)
{
    copy_state(d->run, d->before);
    copy_state(d->other, d->before);
    run_all(d->run, NULL);
    d->apart += run_all(d->other, d->jit[variant]);
    return difference(d->run, d->other);
}

/* ---- reports --------------------------------------------------------------------------------- */

/* Replace what may be: the loop's own instructions stay. */
static void reduce(struct diff *d, enum jit_variant variant)
{
    uint32_t start = (uint32_t)d->before->s.env.pc;
    bool thumb = d->before->s.thumb;
    for (unsigned i = 0; i + 3 < d->count; i++) {
        uint32_t insn = d->insn[i];
        d->insn[i] = !thumb ? 0xe1a00000 : insn >> 16 ? 0xf3af8000 : 0xbf00;
        copy_state(d->run, d->before);
        diff_place_at(d, start);
        memcpy(d->before->page, d->run->page, sizeof(d->before->page));
        if (!run_case(d, variant))
            d->insn[i] = insn;
    }
    copy_state(d->run, d->before);
    diff_place_at(d, start);
    memcpy(d->before->page, d->run->page, sizeof(d->before->page));
}

static void report(struct diff *d, enum jit_variant variant, uint64_t seed)
{
    reduce(d, variant);
    const char *what = run_case(d, variant);
    const struct run *a = d->run, *b = d->other;
    fprintf(stderr, "---- reduced: ARMEMU_SEED=0x%" PRIx64 ", %s: %s differs, FPSCR %08x\n", seed,
            jit_variant_name(variant), what ? what : "nothing", d->before->s.fpscr);
    for (unsigned i = 0; i < d->count; i++)
        fprintf(stderr, " %0*x", d->before->s.thumb && !(d->insn[i] >> 16) ? 4 : 8, d->insn[i]);
    fprintf(stderr, "\n");
    for (unsigned i = 0; i < 32; i++)
        if (a->s.d[i] != b->s.d[i])
            fprintf(stderr,
                    "  d%u: %016" PRIx64 ", interpreter %016" PRIx64 ", JIT %016" PRIx64 "\n", i,
                    d->before->s.d[i], a->s.d[i], b->s.d[i]);
    for (unsigned i = 0; i < 15; i++)
        if (a->s.r[i] != b->s.r[i])
            fprintf(stderr, "  r%u: %08x, interpreter %08x, JIT %08x\n", i, d->before->s.r[i],
                    a->s.r[i], b->s.r[i]);
    fprintf(stderr, "  FPSCR: interpreter %08x, JIT %08x; PC %x, %x\n", a->s.fpscr, b->s.fpscr,
            (unsigned)a->s.env.pc, (unsigned)b->s.env.pc);
    d->before->hot = d->run->hot = true;
    diff_print_case(d);
    d->before->hot = d->run->hot = false;
    fprintf(stderr, "----\n");
}

/* The case of @seed. True: executed to its end, more than one round. */
static bool loop_case(struct diff *d, const struct pools *p, bool thumb, uint64_t seed)
{
    d->rng.state = seed;
    random_state(d, thumb);
    unsigned rounds = d->run->s.r[COUNTER];
    make_loop(d, p, thumb);
    d->slots_used = diff_random(&d->rng);
    diff_place(d);
    copy_state(d->before, d->run);
    enum jit_variant variant = diff_below(d, JIT_VARIANTS);
    if (!d->jit[variant])
        d->jit[variant] = jit_new(variant);
    if (run_case(d, variant)) {
        d->mismatches++;
        if (d->mismatches <= MAX_REDUCED)
            report(d, variant, seed);
    }
    return d->run->s.r[COUNTER] == 0 && rounds > 1;
}

static uint64_t number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 0) : otherwise;
}

static uint64_t seed_of(uint64_t base, uint64_t i)
{
    uint64_t x = (base + i + 1) * 0x9e3779b97f4a7c15ull;
    x = (x ^ x >> 32) * 0xd6e8feb86659fd93ull;
    return (x ^ x >> 32) | 1;
}

static void loops(bool thumb)
{
    const struct diff_family f = {
        .isa = thumb ? ARM_ISA_T32 : ARM_ISA_A32, .adapt = adapt, .vectors = true};
    static struct pools pools;
    struct diff d;
    uint64_t count = number_of("ARMEMU_LOOPS", ORDINARY_COUNT), whole = 0;
    uint64_t base = number_of("ARMEMU_BASE", 0) << 32, seed = number_of("ARMEMU_SEED", 0);
    diff_open(&d, &f);
    fill_pools(&pools, f.isa);
    if (seed)
        whole = count = loop_case(&d, &pools, thumb, seed) + 1;
    for (uint64_t i = 0; !seed && i < count && d.mismatches < DIFF_MAX_REPORTS; i++)
        whole += loop_case(&d, &pools, thumb, seed_of(base, i));
    if (getenv("ARMEMU_LOOPS"))
        fprintf(stderr, "%" PRIu64 " of %" PRIu64 " loops were executed to their ends\n", whole,
                count);
    cr_expect(d.apart * 20 > count, "%u blocks of %" PRIu64 " loops carried a check's halves",
              d.apart, count);
    cr_expect(whole * 3 > count,
              "only %" PRIu64 " of %" PRIu64 " loops were executed to their ends", whole, count);
    diff_close(&d);
}

Test(diff_loop, a32)
{
    loops(false);
}

Test(diff_loop, t32)
{
    loops(true);
}
