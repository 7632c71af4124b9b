/*
 * Reduction of a case that differs: instructions are dropped and registers simplified as long as it
 * still does.
 */
#include <stdio.h>
#include <string.h>

#include "tests/translate/diff_internal.h"

/* What is varied. The address of the code stays. */
struct candidate {
    uint32_t insn[DIFF_MAX_INSNS];
    unsigned count;
    struct arm_state s;
};

enum { MAX_PASSES = 8 };

/* Does the candidate differ too? */
static bool differs(struct diff *d, const struct candidate *c, const uint8_t *data)
{
    struct run *r = d->run;
    memcpy(d->insn, c->insn, sizeof(c->insn));
    d->count = c->count;
    r->s = c->s;
    memcpy(r->data, data, RUN_DATA_SIZE);
    if (!c->count)
        return false;
    return diff_run(d, diff_place_at(d, (uint32_t)c->s.env.pc)) == DIFF_DIFFERED;
}

static bool is_it(const struct candidate *c, unsigned i)
{
    return c->s.thumb && (c->insn[i] & 0xff00) == 0xbf00 && (c->insn[i] & 15);
}

/* How many instructions the IT at @i covers. */
static unsigned it_size(uint32_t insn)
{
    return 4 - (unsigned)__builtin_ctz(insn & 15);
}

static void remove_insns(struct candidate *c, unsigned at, unsigned n)
{
    n = at + n > c->count ? c->count - at : n;
    memmove(&c->insn[at], &c->insn[at + n], (c->count - at - n) * sizeof(c->insn[0]));
    c->count -= n;
}

/* Remove instruction @i; of an IT block, its mask follows. False: it cannot go. */
static bool drop(struct candidate *c, unsigned i)
{
    for (unsigned k = i; k-- > 0;) {
        if (!is_it(c, k) || k + it_size(c->insn[k]) < i)
            continue;
        if (i == k + 1)
            return false; /* the first has no bit in the mask: the condition is its */
        unsigned bit = 4 - (i - k - 1);
        uint32_t mask = c->insn[k] & 15, low = mask & ((1u << bit) - 1);
        c->insn[k] = (c->insn[k] & ~15u) | (mask & ~((2u << bit) - 1)) | low << 1;
        break;
    }
    remove_insns(c, i, 1);
    return true;
}

static bool try(struct diff *d, struct candidate *best, const struct candidate *c,
                const uint8_t *data)
{
    if (!differs(d, c, data))
        return false;
    *best = *c;
    return true;
}

static bool drop_insns(struct diff *d, struct candidate *best, const uint8_t *data)
{
    bool any = false;
    for (unsigned i = best->count; i-- > 0;) {
        struct candidate c = *best;
        if (is_it(&c, i)) { /* with all that it covers, or alone */
            remove_insns(&c, i, 1 + it_size(c.insn[i]));
            if (!try(d, best, &c, data)) {
                c = *best;
                remove_insns(&c, i, 1);
                any |= try(d, best, &c, data);
                continue;
            }
            any = true;
        } else if (drop(&c, i)) {
            any |= try(d, best, &c, data);
        }
        i = i < best->count ? i : best->count;
    }
    return any;
}

static bool simplify_flags(struct diff *d, struct candidate *best, const uint8_t *data)
{
    struct candidate c = *best;
    memset(c.s.env.nzcv, 0, sizeof(c.s.env.nzcv));
    c.s.q = c.s.ge = 0;
    return memcmp(&c.s, &best->s, sizeof(c.s)) && try(d, best, &c, data);
}

static bool simplify_registers(struct diff *d, struct candidate *best, const uint8_t *data)
{
    static const uint32_t values[] = {0, 1, RUN_DATA, 0xffffffff};
    bool any = false;
    for (unsigned i = 0; i < 15; i++) {
        for (unsigned k = 0; k < ARRAY_SIZE(values) && best->s.r[i] != values[k]; k++) {
            struct candidate c = *best;
            c.s.r[i] = values[k];
            if (try(d, best, &c, data)) {
                any = true;
                break;
            }
        }
    }
    for (unsigned i = 0; i < 32; i++) {
        struct candidate c = *best;
        c.s.d[i] = 0;
        any |= best->s.d[i] && try(d, best, &c, data);
    }
    return any;
}

void diff_reduce(struct diff *d)
{
    static uint8_t data[RUN_DATA_SIZE];
    struct candidate best = {.count = d->count, .s = d->before->s};
    bool quiet = d->quiet;
    memcpy(best.insn, d->insn, sizeof(best.insn));
    memcpy(data, d->before->data, RUN_DATA_SIZE);
    d->quiet = d->thorough = true;
    if (!differs(d, &best, data)) {
        fprintf(stderr, "it does not differ again\n");
    } else {
        for (unsigned pass = 0; pass < MAX_PASSES; pass++)
            if (!(drop_insns(d, &best, data) | simplify_registers(d, &best, data) |
                  simplify_flags(d, &best, data)))
                break;
        d->quiet = false;
        unsigned mismatches = d->mismatches;
        fprintf(stderr, "---- reduced to %u instructions:\n", best.count);
        differs(d, &best, data);
        d->mismatches = mismatches;
        diff_print_case(d);
        fprintf(stderr, "----\n");
    }
    d->quiet = quiet;
    d->thorough = false;
}
