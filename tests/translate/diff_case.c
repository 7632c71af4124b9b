/* One case of the differential test: the same code and state by every executor. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/translate/diff_internal.h"

enum { PSR_FLAGS = (int)0xfe0ffc20, PSR_IT = 0x0600fc00 }; /* N Z C V Q IT GE T */

/* ---- code ------------------------------------------------------------------------------------ */

uint32_t diff_place_at(struct diff *d, uint32_t addr)
{
    struct run *r = d->run;
    /* An earlier case may have branched here. */
    diff_unicorn_forget(d, align_down(addr, DIFF_SLOT_SIZE));
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
    memcpy(d->their_code + (r->s.env.page_base - RUN_CODE), r->page, RUN_PAGE);
    return (uint32_t)r->s.env.page_base + at;
}

uint32_t diff_place(struct diff *d)
{
    uint32_t slot = d->slots_used++ % (DIFF_CODE_SIZE / DIFF_SLOT_SIZE);
    uint32_t addr = RUN_CODE + slot * DIFF_SLOT_SIZE;
    if (d->run->s.thumb)
        addr += 2 * diff_below(d, 2);
    return diff_place_at(d, addr);
}

/* ---- our executors --------------------------------------------------------------------------- */

static void copy_run(struct run *to, const struct run *from)
{
    memcpy(&to->s, &from->s, sizeof(to->s));
    memcpy(to->page, from->page, sizeof(to->page));
    memcpy(to->data, from->data, sizeof(to->data));
    to->block_flags = from->block_flags;
    to->helpers_return = from->helpers_return;
    to->helper_result = from->helper_result;
}

/* What differs between the results of two of our executors, or NULL. */
static const char *difference(const struct run *a, const struct run *b)
{
    enum { FIRST = offsetof(struct arm_state, r) };
    const struct ir_env *x = &a->s.env, *y = &b->s.env;
    if (memcmp((const char *)&a->s + FIRST, (const char *)&b->s + FIRST, sizeof(a->s) - FIRST))
        return "the state";
    if (memcmp(x->nzcv, y->nzcv, sizeof(x->nzcv)))
        return "the flags";
    if (x->pc != y->pc || x->page_base != y->page_base)
        return "the PC";
    if (x->budget != y->budget || x->raised != y->raised || a->exit != b->exit)
        return "the way out";
    if (a->call_count != b->call_count ||
        memcmp(a->calls, b->calls, a->call_count * sizeof(a->calls[0])))
        return "the calls of helpers";
    if (a->faulted != b->faulted ||
        (a->faulted && !b->fault_anywhere && a->fault_addr != b->fault_addr))
        return "the fault";
    return memcmp(a->data, b->data, sizeof(a->data)) ? "memory" : NULL;
}

static void print_code(const struct diff *d)
{
    fprintf(stderr, "%s:", d->names);
    for (unsigned i = 0; i < d->count; i++)
        fprintf(stderr, " %0*x", d->before->s.thumb && !(d->insn[i] >> 16) ? 4 : 8, d->insn[i]);
    fprintf(stderr, " at %08x (%s)\n", (uint32_t)d->before->s.env.pc,
            d->before->s.thumb ? "Thumb" : "ARM");
}

/* The result of executor @name in d->other must be that of the plain IR in d->run. */
static bool executor_agrees(struct diff *d, const char *name)
{
    const struct run *a = d->run, *b = d->other;
    const char *what = difference(a, b);
    if (!what || d->quiet)
        return !what;
    print_code(d);
    fprintf(stderr, "  %s differs: plain IR, %s\n", what, name);
    for (unsigned i = 0; i < 15; i++)
        fprintf(stderr, "  r%-2u before %08x plain %08x other %08x%s\n", i, d->before->s.r[i],
                a->s.r[i], b->s.r[i], a->s.r[i] == b->s.r[i] ? "" : " <--");
    fprintf(stderr, "  pc  plain %08x other %08x\n", (uint32_t)a->s.env.pc, (uint32_t)b->s.env.pc);
    fprintf(stderr, "  psr before %08x plain %08x other %08x\n", run_psr(d->before), run_psr(a),
            run_psr(b));
    return false;
}

static bool jit_agrees(struct diff *d, enum jit_variant variant)
{
    if (!d->jit[variant])
        d->jit[variant] = jit_new(variant);
    copy_run(d->other, d->before);
    jit_run(d->jit[variant], d->other);
    return executor_agrees(d, jit_variant_name(variant));
}

/* The plain IR by the interpreter, then the plain and the optimised IR by the others. A reduction
 * (thorough) must not depend on chance. */
static bool executors_agree(struct diff *d)
{
    enum jit_variant variant = diff_random(&d->rng) % JIT_VARIANTS;
    bool plain = diff_below(d, 4) == 0, agree = true;
    d->other->block = d->run->block;
    if (plain || d->thorough)
        agree = jit_agrees(d, variant);
    ir_optimise(&d->other->block);
    copy_run(d->other, d->before);
    run_start(d->other);
    d->other->exit = ir_interp_run(&d->other->block, &d->other->s.env, &run_callbacks);
    run_end(d->other);
    agree = agree && executor_agrees(d, "optimised IR");
    if (!d->thorough)
        return agree && jit_agrees(d, variant);
    for (variant = 0; agree && variant < JIT_VARIANTS; variant++)
        agree = jit_agrees(d, variant);
    return agree;
}

/* ---- all together ---------------------------------------------------------------------------- */

/* The condition of a single instruction does not hold, or might not. */
static bool is_conditional(const struct diff *d)
{
    const struct arm_state *s = &d->before->s;
    return s->thumb ? s->itstate != 0 : d->insn[0] >> 28 < 14;
}

static int row_of(const struct diff *d, uint32_t insn)
{
    static const enum arm_isa thumb[] = {ARM_ISA_T16, ARM_ISA_T32};
    enum arm_isa isa = d->before->s.thumb ? thumb[insn >> 16 != 0] : ARM_ISA_A32;
    return arm_decode_row(isa, insn, arm_features_of(d->run->block_flags));
}

static void mark_row(struct diff *d)
{
    if (d->count == 1 && !is_conditional(d))
        rows_mark(d->run->rows, ROWS_ORACLE, row_of(d, d->insn[0]));
}

/* PSR bits that can be compared. Unicorn sets Q for an SMLAD whose products' sum alone overflows;
 * the manual has only the final result count. */
static uint32_t psr_mask(const struct diff *d)
{
    uint32_t mask = d->family->psr_mask ? d->family->psr_mask : (uint32_t)PSR_FLAGS;
    if (run_features(d->family->cpu) & ARM_FEATURE(M)) /* Unicorn's xPSR is without GE */
        mask &= ~ARM_PSR_GE;
    for (unsigned i = 0; i < d->count; i++) {
        int row = row_of(d, d->insn[i]);
        if (row >= 0 && !strcmp(arm_decode_rows[row].mnemonic, "SMLAD"))
            mask &= ~ARM_PSR_Q;
    }
    return mask;
}

/* Unicorn's part, of code that leaves the block with @raised. */
static enum diff_outcome compare(struct diff *d, uint32_t end, bool raised)
{
    struct run *r = d->run;
    uint64_t start = d->before->s.env.pc | d->before->s.thumb;
    uint32_t mask = psr_mask(d);
    if (raised && d->partial) { /* up to the instruction, which may be in an IT block */
        if (r->s.env.pc != d->before->s.env.pc && !diff_unicorn_run(d, start, r->s.env.pc, false))
            return DIFF_REFUSED;
        d->executed = r->s.env.pc != d->before->s.env.pc;
        mask &= ~(uint32_t)PSR_IT;
        return !d->executed || diff_unicorn_agrees(d, mask) ? DIFF_AGREED : DIFF_DIFFERED;
    }
    bool ran = diff_unicorn_run(d, start, raised ? end : r->s.env.pc, d->count == 1);
    if (raised)
        return ran ? DIFF_REFUSED : DIFF_AGREED;
    if (!ran)
        return DIFF_REFUSED;
    d->executed = true;
    return diff_unicorn_agrees(d, mask) ? DIFF_AGREED : DIFF_DIFFERED;
}

static bool is_whole(const struct diff *d, uint32_t end)
{
    const struct run *r = d->run;
    return d->count == 1 || (r->block.insn_count == d->count && r->s.env.pc == end);
}

enum diff_outcome diff_run(struct diff *d, uint32_t end)
{
    struct run *r = d->run;
    if (run_features(d->family->cpu) & ARM_FEATURE(M))
        r->s.r[13] &= ~3u; /* the only values that it can have */
    copy_run(d->before, r);
    d->executed = false;
    memcpy(d->their_data, r->data, RUN_DATA_SIZE);
    diff_unicorn_load(d);
    run_translate(r, d->count);
    run_start(r);
    r->exit = ir_interp_run(&r->block, &r->s.env, &run_callbacks);
    run_end(r);
    enum diff_outcome outcome = DIFF_REFUSED;
    bool raised = r->helper >= 0 || r->faulted;
    if (!executors_agree(d))
        outcome = DIFF_DIFFERED;
    else if (is_whole(d, end) || (d->partial && raised))
        outcome = compare(d, end, raised);
    if (outcome == DIFF_AGREED && d->executed)
        mark_row(d);
    if (outcome == DIFF_DIFFERED && !d->quiet) {
        print_code(d);
        d->quiet = ++d->mismatches >= DIFF_MAX_REPORTS;
    }
    return outcome;
}

bool diff_unicorn_refuses(struct diff *d, uint32_t end)
{
    struct run *kept = d->run;
    d->run = d->before;
    diff_unicorn_load(d);
    diff_unicorn_forget(d, align_down((uint32_t)d->before->s.env.pc, DIFF_SLOT_SIZE));
    bool ran = diff_unicorn_run(d, d->before->s.env.pc | d->before->s.thumb, end, true);
    d->run = kept;
    return !ran;
}

void diff_print_case(struct diff *d)
{
    struct run *r = d->run;
    print_code(d);
    fprintf(stderr, "  psr %08x itstate %02x", run_psr(d->before), d->before->s.itstate);
    for (unsigned i = 0; i < 15; i++)
        fprintf(stderr, "%s r%u %08x", i % 5 ? "" : "\n ", i, d->before->s.r[i]);
    copy_run(r, d->before);
    run_translate(r, d->count);
    fprintf(stderr, "\nIR:\n");
    ir_print(&r->block, stderr);
    ir_optimise(&r->block);
    fprintf(stderr, "optimised IR:\n");
    ir_print(&r->block, stderr);
    struct jit *j = jit_new(JIT_PLAIN);
    fprintf(stderr, "host code:\n");
    jit_disassemble(j, &r->block, stderr);
    jit_free(j);
}
