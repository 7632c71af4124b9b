/* Every helper of Advanced SIMD and of VFP is called by the translation of some instruction: one
 * that is no longer is to be deleted. */
#include <criterion/criterion.h>

#include "tests/translate/harness.h"
#include "util/bits.h"

static const int fp_helpers[] = {
#define HELPER(id, ...) ARM_HELPER_##id,
#include "frontend/arm/cpu/helpers_neon.def"
#include "frontend/arm/cpu/helpers_vfp.def"
#undef HELPER
};

/* Mark the helpers that the A32 instruction @insn calls. */
static void mark(struct run *r, uint32_t insn, uint32_t flags, bool *called)
{
    struct guest_code code = {.page = r->page, .flags = flags, .max_insns = 1};
    run_put_arm(r, 0, insn);
    arena_reset(&r->arena);
    ir_block_init(&r->block, &run_target, &r->arena);
    arm_translate_block(&r->block, &code);
    for (uint32_t i = 0; i < r->block.count; i++)
        if (r->block.ops[i].opcode == IR_OP_call)
            called[r->block.ops[i].imm] = true;
}

/* All instructions but for D and Vd, which never tell them apart, from @first on. */
static void mark_all(struct run *r, uint32_t first, uint32_t count, uint32_t flags, bool *called)
{
    for (uint32_t i = 0; i < count; i++)
        mark(r, first | (i & 0xfff) | (i >> 12 & 0x3f) << 16 | (i >> 18 & 1) << 23, flags, called);
}

Test(fp_helpers, all_are_called)
{
    static const uint32_t special = ARM_BF_FP_SPECIAL | ARM_BF_FP_ROUNDING;
    static const uint32_t modes[] = {RUN_CPU_V8 << ARM_BF_FEATURES_SHIFT,
                                     RUN_CPU_V8 << ARM_BF_FEATURES_SHIFT | special,
                                     RUN_CPU_V6 << ARM_BF_FEATURES_SHIFT | special};
    static const uint32_t simd[] = {0xf2000000, 0xf3000000}, vfp[] = {0xee000000, 0xfe000000};
    bool called[ARM_HELPER_COUNT] = {0};
    struct run *r = run_new();
    for (unsigned m = 0; m < ARRAY_SIZE(modes); m++)
        for (unsigned i = 0; i < 2; i++) {
            mark_all(r, simd[i], 1 << 19, modes[m], called);
            mark_all(r, vfp[i], 1 << 19, modes[m], called);
        }
    for (unsigned i = 0; i < ARRAY_SIZE(fp_helpers); i++)
        cr_expect(called[fp_helpers[i]], "nothing calls %s",
                  run_target.helpers[fp_helpers[i]].name);
    run_free(r);
}
