/* The reference against QEMU: an ARM program (guest.c) executes the operations of ops.def on
 * special and random values in all modes; results and FPSCR must agree. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/fp/cases.h"

typedef uint64_t reference_fn(struct fp_status *s, uint64_t a, uint64_t b, uint64_t c);

#define OP(name, size, mask, insns, expr)                                                          \
    static uint64_t name(struct fp_status *s, uint64_t a, uint64_t b, uint64_t c)                  \
    {                                                                                              \
        return expr;                                                                               \
    }
#define SIMD(name, insn, expr) OP(name, FP_32, W, insn, expr)
#include "tests/fp/ops.def"
#undef OP
#undef SIMD

static const struct {
    reference_fn *fn;
    enum fp_size size;
    uint64_t mask;
    const char *text;
    bool simd;
} ops[] = {
#define OP(name, size, mask, insns, expr) {name, size, mask, insns, false},
#define SIMD(name, insn, expr) {name, FP_32, W, insn, true},
#include "tests/fp/ops.def"
};

enum { REPORTS = 8 };

static unsigned check_op(FILE *guest, unsigned op, unsigned mode)
{
    uint64_t seed = 0, v[3];
    unsigned bad = 0;
    for (unsigned i = 0; i < CASES_COUNT; i++) {
        struct case_result r;
        cr_assert(fread(&r, sizeof(r), 1, guest) == 1, "the guest program ended early");
        cases_operands(&seed, ops[op].size, i, v);
        uint32_t fpscr = cases_fpscr(mode);
        struct fp_status s = ops[op].simd ? fp_status_standard(fpscr) : fp_status_of(fpscr);
        uint64_t mine = ops[op].fn(&s, v[0], v[1], v[2]) & ops[op].mask;
        if (mine == (r.value & ops[op].mask) && s.flags == (r.fpscr & FP_FLAGS))
            continue;
        if (bad++ < REPORTS)
            fprintf(stderr, "%s fpscr %08x: %llx %llx %llx: %llx flags %02x, QEMU %llx flags "
                            "%02x\n",
                    ops[op].text, fpscr, (unsigned long long)v[0], (unsigned long long)v[1],
                    (unsigned long long)v[2], (unsigned long long)mine, s.flags,
                    (unsigned long long)(r.value & ops[op].mask), (unsigned)(r.fpscr & FP_FLAGS));
    }
    return bad;
}

Test(fp_qemu, all)
{
    FILE *guest = popen(FP_QEMU " -cpu max " FP_GUEST, "r");
    cr_assert(guest);
    for (unsigned op = 0; op < sizeof(ops) / sizeof(*ops); op++) {
        unsigned bad = 0;
        for (unsigned mode = 0; mode < CASES_MODES; mode++)
            bad += check_op(guest, op, mode);
        cr_expect(bad == 0, "%s: %u results differ", ops[op].text, bad);
    }
    cr_expect(pclose(guest) == 0);
}
