/* Unicorn as an executor: state in, run, compare. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/translate/diff_internal.h"

#define XPSR_T BIT(24)

enum { PREFETCH_ABORT = 3 }; /* as Unicorn numbers exceptions */

static void check_uc(uc_err err, const char *what)
{
    DIFF_CHECK(err == UC_ERR_OK, "unicorn: %s: %s", what, uc_strerror(err));
}

static bool is_m(const struct diff *d)
{
    return run_features(d->family->cpu) & ARM_FEATURE(M);
}

/* CPACR: CP10 and CP11 for all; FPEXC.EN. */
static void enable_vfp(uc_engine *uc)
{
    uint32_t cpacr = 0xf << 20, fpexc = 1u << 30;
    check_uc(uc_reg_write(uc, UC_ARM_REG_C1_C0_2, &cpacr), "cpacr");
    check_uc(uc_reg_write(uc, UC_ARM_REG_FPEXC, &fpexc), "fpexc");
}

/* Memory that both sides of the interface see: nothing needs to be copied. */
static uint8_t *map(uc_engine *uc, uint32_t addr, size_t size)
{
    uint8_t *p = aligned_alloc(4096, size);
    memset(p, 0, size);
    check_uc(uc_mem_map_ptr(uc, addr, size, UC_PROT_ALL, p), "map");
    return p;
}

/* A CPU of the M profile takes exceptions without telling the caller. */
static void on_exception(uc_engine *uc, uint32_t number, void *opaque)
{
    struct diff *d = opaque;
    d->their_exception |= number != PREFETCH_ABORT; /* that is of the next instruction */
    uc_emu_stop(uc);
}

void diff_unicorn_open(struct diff *d, enum run_cpu cpu)
{
    static const int models[RUN_CPU_COUNT] = {
        [RUN_CPU_V8] = UC_CPU_ARM_MAX,      [RUN_CPU_V7] = UC_CPU_ARM_CORTEX_A15,
        [RUN_CPU_V6] = UC_CPU_ARM_1176,     [RUN_CPU_V5TE] = UC_CPU_ARM_926,
        [RUN_CPU_V4T] = UC_CPU_ARM_TI925T, [RUN_CPU_M7] = UC_CPU_ARM_CORTEX_M7,
    };
    uc_mode mode = is_m(d) ? UC_MODE_THUMB | UC_MODE_MCLASS : UC_MODE_ARM;
    check_uc(uc_open(UC_ARCH_ARM, mode, &d->uc), "open");
    check_uc(uc_ctl_set_cpu_model(d->uc, models[cpu]), "model");
    d->their_code = map(d->uc, RUN_CODE, DIFF_CODE_SIZE);
    d->their_data = map(d->uc, RUN_DATA, RUN_DATA_SIZE);
    if (!is_m(d)) {
        enable_vfp(d->uc);
        return;
    }
    uc_hook hook;
    check_uc(uc_hook_add(d->uc, &hook, UC_HOOK_INTR, on_exception, d, 1, 0), "hook");
}

void diff_unicorn_close(struct diff *d)
{
    uc_close(d->uc);
    free(d->their_code);
    free(d->their_data);
}

/* r0..r14 and PC as Unicorn numbers them. */
static int unicorn_reg(unsigned i)
{
    static const int special[] = {UC_ARM_REG_SP, UC_ARM_REG_LR, UC_ARM_REG_PC};
    return i < 13 ? UC_ARM_REG_R0 + (int)i : special[i - 13];
}

static uint32_t fpscr_of(const struct arm_state *s)
{
    uint32_t fpscr = s->fpscr;
    for (unsigned i = 0; i < 4; i++)
        fpscr |= (s->fp_nzcv >> 8 * i & 1) << (31 - i);
    return fpscr;
}

static void load_vectors(struct diff *d)
{
    for (int i = 0; i < 32; i++)
        check_uc(uc_reg_write(d->uc, UC_ARM_REG_D0 + i, &d->run->s.d[i]), "vector");
    uint32_t fpscr = fpscr_of(&d->run->s);
    check_uc(uc_reg_write(d->uc, UC_ARM_REG_FPSCR, &fpscr), "fpscr");
}

static bool vectors_agree(struct diff *d)
{
    bool agree = true;
    uint32_t fpscr, ours = fpscr_of(&d->run->s);
    check_uc(uc_reg_read(d->uc, UC_ARM_REG_FPSCR, &fpscr), "fpscr");
    if (fpscr != ours) {
        agree = false;
        if (!d->quiet)
            fprintf(stderr, "  fpscr ours %08x unicorn %08x\n", ours, fpscr);
    }
    for (int i = 0; i < 32; i++) {
        uint64_t theirs;
        check_uc(uc_reg_read(d->uc, UC_ARM_REG_D0 + i, &theirs), "vector");
        if (theirs == d->run->s.d[i])
            continue;
        agree = false;
        if (!d->quiet)
            fprintf(stderr, "  d%d ours %016" PRIx64 " unicorn %016" PRIx64 "\n", i,
                    d->run->s.d[i], theirs);
    }
    return agree;
}

void diff_unicorn_load(struct diff *d)
{
    if (d->family->vectors)
        load_vectors(d);
    uint32_t psr = run_psr(d->run) | ARM_PSR_A | ARM_PSR_I | ARM_PSR_F | ARM_MODE_SVC;
    uint32_t xpsr = (run_psr(d->run) & ~ARM_PSR_T) | XPSR_T;
    if (is_m(d))
        check_uc(uc_reg_write(d->uc, UC_ARM_REG_XPSR, &xpsr), "xpsr");
    else
        check_uc(uc_reg_write(d->uc, UC_ARM_REG_CPSR, &psr), "cpsr");
    for (unsigned i = 0; i < 15; i++)
        check_uc(uc_reg_write(d->uc, unicorn_reg(i), &d->run->s.r[i]), "register");
}

void diff_unicorn_forget(struct diff *d, uint32_t addr)
{
    check_uc(uc_ctl_remove_cache(d->uc, addr, addr + DIFF_SLOT_SIZE), "flush");
}

bool diff_unicorn_run(struct diff *d, uint64_t start, uint64_t until, bool single)
{
    /* The count alone does not always keep Unicorn from going on behind a branch. */
    d->their_exception = false;
    uc_err err = uc_emu_start(d->uc, start, until, 0, single);
    /* Unicorn may be unable to fetch from where a branch has gone; the branch itself was done. */
    return !d->their_exception &&
           (err == UC_ERR_OK || err == UC_ERR_FETCH_UNMAPPED || err == UC_ERR_FETCH_PROT);
}

static void print_registers(struct diff *d, const uint32_t *theirs, uint32_t their_psr)
{
    const struct run *r = d->run, *before = d->before;
    for (unsigned i = 0; i < 16; i++) {
        uint32_t ours = i < 15 ? r->s.r[i] : (uint32_t)r->s.env.pc;
        uint32_t first = i < 15 ? before->s.r[i] : (uint32_t)before->s.env.pc;
        fprintf(stderr, "  r%-2u before %08x ours %08x unicorn %08x%s\n", i, first, ours, theirs[i],
                ours == theirs[i] ? "" : " <--");
    }
    fprintf(stderr, "  psr before %08x ours %08x unicorn %08x\n", run_psr(before), run_psr(r),
            their_psr);
}

bool diff_unicorn_agrees(struct diff *d, uint32_t mask)
{
    struct run *r = d->run;
    uint32_t theirs[16], psr, differ = 0;
    for (unsigned i = 0; i < 16; i++) {
        check_uc(uc_reg_read(d->uc, unicorn_reg(i), &theirs[i]), "read");
        if (i == 13 && is_m(d))
            theirs[i] &= ~3u; /* this Unicorn knows nothing of that */
        differ |= theirs[i] ^ (i < 15 ? r->s.r[i] : (uint32_t)r->s.env.pc);
    }
    check_uc(uc_reg_read(d->uc, is_m(d) ? UC_ARM_REG_XPSR : UC_ARM_REG_CPSR, &psr), "read");
    if (is_m(d))
        psr = (psr & ~XPSR_T) | (psr & XPSR_T ? ARM_PSR_T : 0);
    differ |= (psr ^ run_psr(r)) & mask;
    /* An instruction that aborts may have stored or loaded some of its list. */
    bool data = r->faulted || !memcmp(d->their_data, r->data, RUN_DATA_SIZE);
    bool vectors = r->faulted || !d->family->vectors || vectors_agree(d);
    if (!differ && data && vectors)
        return true;
    if (!d->quiet)
        print_registers(d, theirs, psr);
    for (unsigned i = 0; !data && !d->quiet && i < RUN_DATA_SIZE; i++)
        if (d->their_data[i] != r->data[i])
            fprintf(stderr, "  byte %08x ours %02x unicorn %02x\n", RUN_DATA + i, r->data[i],
                    d->their_data[i]);
    return false;
}
