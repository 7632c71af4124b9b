#include "tests/translate/unicorn_diff.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicorn/unicorn.h>

#include "util/bits.h"

enum {
    CODE_SIZE = 0x100000,
    SLOT_SIZE = 64, /* of code per case; none straddles a page */
    MAX_ROWS = 1024,
    MAX_REPORTS = 12,
    PSR_FLAGS = (int)0xfe0ffc20, /* N Z C V Q IT GE T */
};

/* One comparison in progress. */
struct diff {
    const struct diff_family *family;
    uc_engine *uc;
    struct run *run;
    struct diff_rng rng;
    uint32_t slots_used;
    unsigned mismatches;
    uint32_t insn[DIFF_MAX_INSNS];
    unsigned count;
    char names[160];
};

enum outcome {
    AGREED,
    REFUSED,  /* our side or Unicorn took the code as undefined, or helpers are needed */
    DIFFERED,
};

uint32_t diff_random(struct diff_rng *rng)
{
    /* xorshift64* */
    rng->state ^= rng->state >> 12;
    rng->state ^= rng->state << 25;
    rng->state ^= rng->state >> 27;
    return (uint32_t)(rng->state * 0x2545f4914f6cdd1dull >> 32);
}

static uint32_t below(struct diff *d, uint32_t n)
{
    return diff_random(&d->rng) % n;
}

bool diff_mnemonic_in(const struct arm_decode_row_info *row, const char *const *names)
{
    for (; *names; names++)
        if (!strcmp(row->mnemonic, *names))
            return true;
    return false;
}

bool diff_set_in(const struct arm_decode_row_info *row, const char *const *names)
{
    for (; *names; names++)
        if (!strcmp(row->set, *names))
            return true;
    return false;
}

/* ---- Unicorn ------------------------------------------------------------------------------------------ */

static void check_uc(uc_err err, const char *what)
{
    cr_assert(err == UC_ERR_OK, "unicorn: %s: %s", what, uc_strerror(err));
}

/* CPACR: CP10 and CP11 for all; FPEXC.EN. */
static void unicorn_enable_vfp(uc_engine *uc)
{
    uint32_t cpacr = 0xf << 20, fpexc = 1u << 30;
    check_uc(uc_reg_write(uc, UC_ARM_REG_C1_C0_2, &cpacr), "cpacr");
    check_uc(uc_reg_write(uc, UC_ARM_REG_FPEXC, &fpexc), "fpexc");
}

static uc_engine *unicorn_open(enum run_cpu cpu)
{
    static const int models[RUN_CPU_COUNT] = {
        [RUN_CPU_V8] = UC_CPU_ARM_MAX,      [RUN_CPU_V7] = UC_CPU_ARM_CORTEX_A15,
        [RUN_CPU_V6] = UC_CPU_ARM_1176,     [RUN_CPU_V5TE] = UC_CPU_ARM_926,
        [RUN_CPU_V4T] = UC_CPU_ARM_TI925T,
    };
    uc_engine *uc;
    check_uc(uc_open(UC_ARCH_ARM, UC_MODE_ARM, &uc), "open");
    check_uc(uc_ctl_set_cpu_model(uc, models[cpu]), "model");
    check_uc(uc_mem_map(uc, RUN_CODE, CODE_SIZE, UC_PROT_ALL), "map");
    check_uc(uc_mem_map(uc, RUN_DATA, RUN_DATA_SIZE, UC_PROT_ALL), "map");
    unicorn_enable_vfp(uc);
    return uc;
}

/* r0..r14 and PC as Unicorn numbers them. */
static int unicorn_reg(unsigned i)
{
    static const int special[] = {UC_ARM_REG_SP, UC_ARM_REG_LR, UC_ARM_REG_PC};
    return i < 13 ? UC_ARM_REG_R0 + (int)i : special[i - 13];
}

static void unicorn_load_vectors(struct diff *d)
{
    for (int i = 0; i < 32; i++)
        check_uc(uc_reg_write(d->uc, UC_ARM_REG_D0 + i, &d->run->s.d[i]), "vector");
    check_uc(uc_reg_write(d->uc, UC_ARM_REG_FPSCR, &d->run->s.fpscr), "fpscr");
}

static bool vectors_agree(struct diff *d)
{
    bool agree = true;
    uint32_t fpscr;
    check_uc(uc_reg_read(d->uc, UC_ARM_REG_FPSCR, &fpscr), "fpscr");
    if (fpscr != d->run->s.fpscr) {
        agree = false;
        if (d->mismatches < MAX_REPORTS)
            fprintf(stderr, "  fpscr ours %08x unicorn %08x\n", d->run->s.fpscr, fpscr);
    }
    for (int i = 0; i < 32; i++) {
        uint64_t theirs;
        check_uc(uc_reg_read(d->uc, UC_ARM_REG_D0 + i, &theirs), "vector");
        if (theirs == d->run->s.d[i])
            continue;
        agree = false;
        if (d->mismatches < MAX_REPORTS)
            fprintf(stderr, "  d%d ours %016" PRIx64 " unicorn %016" PRIx64 "\n", i, d->run->s.d[i], theirs);
    }
    return agree;
}

static void unicorn_load_state(struct diff *d)
{
    if (d->family->vectors)
        unicorn_load_vectors(d);
    uint32_t psr = run_psr(d->run) | ARM_PSR_A | ARM_PSR_I | ARM_PSR_F | ARM_MODE_SVC;
    check_uc(uc_reg_write(d->uc, UC_ARM_REG_CPSR, &psr), "cpsr");
    for (unsigned i = 0; i < 15; i++)
        check_uc(uc_reg_write(d->uc, unicorn_reg(i), &d->run->s.r[i]), "register");
}

/* ---- one case ------------------------------------------------------------------------------------------ */

static uint32_t random_operand(struct diff *d)
{
    static const uint32_t edges[] = {
        0, 1, 2, 31, 32, 33, 63, 64, 255, 256, 0x7f, 0x80, 0x7fff, 0x8000, 0xffff, 0x10000,
        0x7fffffff, 0x80000000, 0x80000001, 0xffffffff, 0xfffffffe, 0x80008000, 0x7fff7fff,
        0x80808080, 0x7f7f7f7f, 0x01010101, 0xff00ff00,
    };
    uint32_t v = diff_random(&d->rng);
    switch (below(d, 4)) {
    case 0: return edges[v % ARRAY_SIZE(edges)];
    case 1: return v >> (v & 31);
    default: return v;
    }
}

static void random_state(struct diff *d, bool thumb, bool in_it)
{
    struct run *r = d->run;
    for (unsigned i = 0; i < 15; i++)
        r->s.r[i] = random_operand(d);
    run_set_psr(r, diff_random(&d->rng) & 0xf80f0000);
    r->s.thumb = thumb;
    r->s.itstate = in_it ? (uint8_t)(below(d, 14) << 4 | 8) : 0;
}

/* Put the code of the case into both memories, at the next slot; returns the address of its end. */
static uint32_t place_code(struct diff *d)
{
    struct run *r = d->run;
    uint32_t addr = RUN_CODE + d->slots_used++ % (CODE_SIZE / SLOT_SIZE) * SLOT_SIZE;
    /* An earlier case may have branched here. */
    check_uc(uc_ctl_remove_cache(d->uc, addr, addr + SLOT_SIZE), "flush");
    if (r->s.thumb)
        addr += 2 * below(d, 2);
    r->s.env.page_base = align_down(addr, RUN_PAGE);
    r->s.env.pc = addr;
    uint32_t at = addr & (RUN_PAGE - 1);
    for (unsigned i = 0; i < d->count; i++) {
        if (r->s.thumb)
            run_put_thumb(r, at, d->insn[i]);
        else
            run_put_arm(r, at, d->insn[i]);
        at += r->s.thumb && !(d->insn[i] >> 16) ? 2 : 4;
    }
    check_uc(uc_mem_write(d->uc, r->s.env.page_base, r->page, RUN_PAGE), "code");
    return (uint32_t)r->s.env.page_base + at;
}

static void report(struct diff *d, const struct arm_state *before, const uint32_t *theirs,
                   uint32_t their_psr)
{
    const struct run *r = d->run;
    if (d->mismatches++ >= MAX_REPORTS)
        return;
    fprintf(stderr, "%s:", d->names);
    for (unsigned i = 0; i < d->count; i++)
        fprintf(stderr, " %08x", d->insn[i]);
    fprintf(stderr, " at %08x\n", (uint32_t)before->env.pc);
    for (unsigned i = 0; i < 16; i++) {
        uint32_t ours = i < 15 ? r->s.r[i] : (uint32_t)r->s.env.pc;
        fprintf(stderr, "  r%-2u before %08x ours %08x unicorn %08x%s\n", i,
                i < 15 ? before->r[i] : (uint32_t)before->env.pc, ours, theirs[i],
                ours == theirs[i] ? "" : " <--");
    }
    fprintf(stderr, "  psr before %08x ours %08x unicorn %08x\n",
            run_psr((const struct run *)before), run_psr(r), their_psr);
}

static bool data_agrees(struct diff *d)
{
    uint8_t theirs[RUN_DATA_SIZE];
    check_uc(uc_mem_read(d->uc, RUN_DATA, theirs, sizeof(theirs)), "data");
    return !memcmp(theirs, d->run->data, sizeof(theirs));
}

static enum outcome compare(struct diff *d, const struct arm_state *before)
{
    struct run *r = d->run;
    uint32_t theirs[16], psr, differ = 0;
    uint32_t mask = d->family->psr_mask ? d->family->psr_mask : (uint32_t)PSR_FLAGS;
    for (unsigned i = 0; i < 16; i++) {
        check_uc(uc_reg_read(d->uc, unicorn_reg(i), &theirs[i]), "read");
        differ |= theirs[i] ^ (i < 15 ? r->s.r[i] : (uint32_t)r->s.env.pc);
    }
    check_uc(uc_reg_read(d->uc, UC_ARM_REG_CPSR, &psr), "read");
    differ |= (psr ^ run_psr(r)) & mask;
    bool data = data_agrees(d);
    bool vectors = !d->family->vectors || vectors_agree(d);
    if (!differ && data && vectors)
        return AGREED;
    report(d, before, theirs, psr & (uint32_t)PSR_FLAGS);
    if (!data)
        fprintf(stderr, "  the data window differs\n");
    return DIFFERED;
}

/* Unicorn may be unable to fetch from where a branch has gone; the branch itself was done. */
static bool unicorn_executed(uc_err err)
{
    return err == UC_ERR_OK || err == UC_ERR_FETCH_UNMAPPED || err == UC_ERR_FETCH_PROT;
}

/* Run what place_code placed on both sides. @end: address behind the code. */
static enum outcome run_case(struct diff *d, uint32_t end)
{
    struct run *r = d->run;
    struct run *before = malloc(sizeof(*before));
    memcpy(before, r, sizeof(*before));
    unicorn_load_state(d);
    r->optimise = below(d, 2);
    run_block(r, d->count);
    enum outcome outcome = REFUSED;
    bool raised = r->helper >= 0 || r->faulted;
    bool whole = d->count == 1 || (r->block.insn_count == d->count && r->s.env.pc == end);
    if (whole) {
        uint64_t start = before->s.env.pc | before->s.thumb;
        /* The count alone does not always keep Unicorn from going on behind a branch. */
        uc_err err = uc_emu_start(d->uc, start, raised ? end : r->s.env.pc, 0,
                                  d->count == 1);
        if (!raised && unicorn_executed(err))
            outcome = compare(d, &before->s);
        else if (raised && !unicorn_executed(err))
            outcome = AGREED;
    }
    if (outcome != AGREED)
        check_uc(uc_mem_write(d->uc, RUN_DATA, r->data, RUN_DATA_SIZE), "data");
    free(before);
    return outcome;
}

/* ---- random instructions ------------------------------------------------------------------------------ */

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
        if (awkward && below(d, 8))
            insn = bits_put(insn, lsb, 4, below(d, 13));
    }
    return insn;
}

static bool instance_is_of(const struct arm_decode_row_info *row, uint32_t insn)
{
    return arm_decode_row(row->isa, insn, run_features(RUN_CPU_V8)) == (int)row->id;
}

/* A random instance of @row with condition @cond where it has one. */
static bool instance(struct diff *d, const struct arm_decode_row_info *row, unsigned cond,
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

static void diff_open(struct diff *d, const struct diff_family *f)
{
    *d = (struct diff){.family = f, .uc = unicorn_open(f->cpu), .run = run_new()};
    d->run->block_flags = (uint32_t)f->cpu << ARM_BF_FEATURES_SHIFT;
    d->rng.state = 0x9e3779b97f4a7c15ull;
    for (unsigned i = 0; i < RUN_DATA_SIZE; i++)
        d->run->data[i] = (uint8_t)diff_random(&d->rng);
    check_uc(uc_mem_write(d->uc, RUN_DATA, d->run->data, RUN_DATA_SIZE), "data");
}

static void diff_close(struct diff *d)
{
    uc_close(d->uc);
    run_free(d->run);
    cr_expect(d->mismatches == 0, "%u cases differ from Unicorn", d->mismatches);
}

static enum outcome single_case(struct diff *d, const struct arm_decode_row_info *row)
{
    const struct diff_family *f = d->family;
    bool thumb = row->isa != ARM_ISA_A32;
    unsigned cond = below(d, 4) ? 14 : below(d, 14);
    if (!instance(d, row, cond, &d->insn[0]))
        return REFUSED;
    d->count = 1;
    random_state(d, thumb, thumb && !f->not_in_it && below(d, 3) == 0);
    uint32_t end = place_code(d);
    if (f->prepare)
        f->prepare(d->run, d->insn[0], &d->rng);
    return run_case(d, end);
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
            agreed += single_case(&d, row) == AGREED;
        cr_expect(agreed * 2 > f->cases_per_row, "%s: only %u of %u cases agree", d.names, agreed,
                  f->cases_per_row);
    }
    cr_expect(rows > 0, "no row in this family");
    diff_close(&d);
}

/* ---- sequences ---------------------------------------------------------------------------------------- */

static unsigned collect_rows(const struct diff_family *f, const struct arm_decode_row_info **rows)
{
    unsigned n = 0;
    for (unsigned i = 0; i < ARM_DECODE_ROW_COUNT && n < MAX_ROWS; i++) {
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
    while (!instance(d, rows[below(d, n)], cond, &d->insn[d->count]))
        ;
    d->count++;
}

static void sequence_a32(struct diff *d, const struct arm_decode_row_info **rows, unsigned n)
{
    unsigned cond = below(d, 14), length = 2 + below(d, DIFF_MAX_INSNS - 1);
    while (d->count < length) {
        unsigned choice = below(d, 5);
        append(d, rows, n, choice == 0 ? 14 : choice == 1 ? cond ^ 1 : cond);
    }
}

/* IT with 1..4 instructions, and one before or behind. */
static void sequence_thumb(struct diff *d, const struct arm_decode_row_info **rows, unsigned n)
{
    unsigned size = 1 + below(d, 4), cond = below(d, 14);
    unsigned stop = 1u << (4 - size); /* the lowest 1 of the mask ends the block */
    unsigned mask = (below(d, 16) & ~(2 * stop - 1) & 15) | stop;
    if (below(d, 2))
        append(d, rows, n, 14);
    d->insn[d->count++] = 0xbf00 | cond << 4 | mask;
    while (size--)
        append(d, rows, n, 14);
    if (d->count < DIFF_MAX_INSNS)
        append(d, rows, n, 14);
}

void diff_sequences(const struct diff_family *f, unsigned count)
{
    static const struct arm_decode_row_info *rows[MAX_ROWS];
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
        random_state(&d, thumb, false);
        agreed += run_case(&d, place_code(&d)) == AGREED;
    }
    cr_expect(agreed * 4 > count, "only %u of %u sequences agree", agreed, count);
    diff_close(&d);
}
