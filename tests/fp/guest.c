/* An ARM program that executes every operation of ops.def on every case and writes the results. */
#include <stdio.h>

#include "tests/fp/cases.h"

/* r0: operands and result, r1: FPSCR, returned with the result. */
#define FUNCTION(name, insns)                                                                      \
    static void name(uint64_t v[3], uint32_t *fpscr)                                               \
    {                                                                                              \
        uint32_t flags = *fpscr;                                                                   \
        __asm__ volatile("vldr d0, [%1]; vldr d1, [%1, #8]; vldr d2, [%1, #16]; vmsr fpscr, %0;"   \
                         insns "; vmrs %0, fpscr; vstr d0, [%1]"                                   \
                         : "+r"(flags) : "r"(v) : "d0", "d1", "d2", "r3", "memory");               \
        __asm__ volatile("vmsr fpscr, %0" : : "r"(0));                                             \
        *fpscr = flags;                                                                            \
    }
#define OP(name, size, mask, insns, expr) FUNCTION(name, insns)
#define SIMD(name, insn, expr) FUNCTION(name, "vdup.32 d0, d0[0]; vdup.32 d1, d1[0];" insn)
#include "tests/fp/ops.def"
#undef OP
#undef SIMD

static const struct {
    void (*fn)(uint64_t v[3], uint32_t *fpscr);
    enum fp_size size;
} ops[] = {
#define OP(name, size, mask, insns, expr) {name, size},
#define SIMD(name, insn, expr) {name, FP_32},
#include "tests/fp/ops.def"
};

int main(void)
{
    for (unsigned op = 0; op < sizeof(ops) / sizeof(*ops); op++)
        for (unsigned mode = 0; mode < CASES_MODES; mode++) {
            uint64_t seed = 0;
            for (unsigned i = 0; i < CASES_COUNT; i++) {
                uint64_t v[3];
                uint32_t fpscr = cases_fpscr(mode);
                cases_operands(&seed, ops[op].size, i, v);
                ops[op].fn(v, &fpscr);
                struct case_result r = {v[0], fpscr};
                fwrite(&r, sizeof(r), 1, stdout);
            }
        }
    return 0;
}
