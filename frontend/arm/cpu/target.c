/* What IR, backend and engine see of the ARM guest. */
#include "frontend/arm/cpu/arm_fp.h"
#include "frontend/arm/cpu/cpu.h"
#include "frontend/arm/cpu/disassemble.h"
#include "frontend/arm/cpu/exceptions.h"
#include "frontend/arm/cpu/helpers.h"
#include "frontend/arm/cpu/m/m.h"
#include "frontend/arm/cpu/psr.h"
#include "frontend/arm/cpu/slots.h"
#include "frontend/arm/translate/memo.h"
#include "frontend/arm/translate/translate.h"
#include "ir/ir.h"
#include "softmmu/mmu.h"
#include "util/bits.h"

#define SLOT(id, slot_name, slot_type, slot_pin, field)                                            \
    [ARM_SLOT_##id] = {slot_name, slot_type, slot_pin, offsetof(struct arm_state, field)},
#define SLOT_S(n) [ARM_SLOT_S##n] = {"s" #n, IR_I32, 0, offsetof(struct arm_state, d) + 4 * (n)},
#define SLOT_D(n) [ARM_SLOT_D##n] = {"d" #n, IR_I64, 0, offsetof(struct arm_state, d) + 8 * (n)},
#define SLOT_FS(n) [ARM_SLOT_FS##n] = {"fs" #n, IR_F32, 0, offsetof(struct arm_state, d) + 4 * (n)},
#define SLOT_FD(n) [ARM_SLOT_FD##n] = {"fd" #n, IR_F64, 0, offsetof(struct arm_state, d) + 8 * (n)},
#define SLOT_V(n) [ARM_SLOT_V##n] = {"v" #n, IR_V64, 0, offsetof(struct arm_state, d) + 8 * (n)},
#define SLOT_Q(n) [ARM_SLOT_Q##n] = {"q" #n, IR_V128, 0, offsetof(struct arm_state, d) + 16 * (n)},
static const struct ir_slot slots[] = {
#include "frontend/arm/cpu/slots.def"
};
#undef SLOT
#undef SLOT_S
#undef SLOT_D
#undef SLOT_FS
#undef SLOT_FD
#undef SLOT_V
#undef SLOT_Q

#define PURE IR_HELPER_PURE
#define READS IR_HELPER_READS
#define WRITES IR_HELPER_WRITES
#define RAISES IR_HELPER_RAISES
#define CONTEXT IR_HELPER_CONTEXT
#define EXTERNAL IR_HELPER_EXTERNAL
#define FP IR_HELPER_FP
#define HELPER(id, nargs, result, effects)                                                         \
    [ARM_HELPER_##id] = {#id, arm_helper_##id, nargs, result, effects},
static const struct ir_helper helpers[] = {
#include "frontend/arm/cpu/helpers.def"
};
#undef HELPER

_Static_assert(ARRAY_SIZE(slots) == ARM_SLOT_COUNT, "a row per slot");
_Static_assert(ARRAY_SIZE(helpers) == ARM_HELPER_COUNT, "a row per helper");
_Static_assert(sizeof(struct arm_state) <= UINT16_MAX, "slot offsets have 16 bits");

const struct ir_target arm_target = {
    .name = "arm",
    .state_size = sizeof(struct arm_state),
    .slots = slots,
    .slot_count = ARM_SLOT_COUNT,
    .helpers = helpers,
    .helper_count = ARM_HELPER_COUNT,
    .address_type = IR_I32,
    .lane_slot = ARM_SLOT_T,
    .carried = ARM_SLOT_CARRIED_EARLY,
    .granule = {2, 1},
    .memory = {
        .address_bits = 32,
        .page_bits = 12,
        .read_table = MMU_READ_TABLE,
        .write_table = MMU_WRITE_TABLE,
        .fine_bits = MMU_FINE_BITS,
        .fine_read_table = MMU_FINE_READ_TABLE,
        .fine_write_table = MMU_FINE_WRITE_TABLE,
        .exec_table = {MMU_EXEC_TABLE0, MMU_EXEC_TABLE1},
        .return_tag = MMU_RETURN_TAG,
    },
};

static uint32_t block_flags(const struct ir_env *env)
{
    const struct arm_state *s = (const struct arm_state *)env;
    uint32_t flags = s->block_flags | s->thumb;

    if (s->itstate)
        flags |= (uint32_t)s->itstate << ARM_BF_IT_SHIFT | GUEST_FLAGS_LOOKUP_ONLY;
    return flags;
}

static void print_psr(const struct arm_state *s, const char *name, uint32_t psr, FILE *out)
{
    fprintf(out, "%s=%08x %c%c%c%c %c", name, psr, psr & BIT(31) ? 'N' : '-',
            psr & BIT(30) ? 'Z' : '-', psr & BIT(29) ? 'C' : '-', psr & BIT(28) ? 'V' : '-',
            s->thumb ? 'T' : 'A');
}

/* By their numbers in MRS. */
static void print_special(const struct arm_state *s, FILE *out)
{
    static const struct {
        const char *name;
        uint8_t number;
        bool v7;
    } rows[] = {{"MSP", 8, false},      {"PSP", 9, false},       {"PRIMASK", 16, false},
                {"BASEPRI", 17, true}, {"FAULTMASK", 19, true}, {"CONTROL", 20, false}};
    uint32_t psr = arm_m_xpsr_read(s), exception = psr & 0x1ff;
    print_psr(s, "XPSR", psr, out);
    if (exception)
        fprintf(out, " exception %u\n", exception);
    else
        fprintf(out, " thread\n");
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
        if (!rows[i].v7 || arm_m_is_v7(s))
            fprintf(out, "%s=%0*x%c", rows[i].name, i < 2 ? 8 : 2,
                    arm_m_special_read(s, rows[i].number), i + 1 < ARRAY_SIZE(rows) ? ' ' : '\n');
}

static void print_state(const struct ir_env *env, FILE *out)
{
    const struct arm_state *s = (const struct arm_state *)env;

    for (unsigned i = 0; i < 16; i++)
        fprintf(out, "R%02u=%08x%c", i, i == 15 ? (uint32_t)env->pc : s->r[i],
                i % 4 == 3 ? '\n' : ' ');
    if (arm_is_m(s)) {
        print_special(s, out);
    } else {
        print_psr(s, "PSR", arm_cpsr_read(s), out);
        fprintf(out, " mode %02x%s\n", s->mode, s->secure ? " secure" : "");
    }
    if (!s->fp_enabled)
        return;
    for (unsigned i = 0; i < (arm_state_has(s, ARM_FEATURE(D32)) ? 32u : 16u); i++)
        fprintf(out, "d%02u=%016llx%c", i, (unsigned long long)s->d[i], i % 4 == 3 ? '\n' : ' ');
    fprintf(out, "FPSCR=%08x\n", arm_fpscr_read(s));
}

static void disassemble(const uint8_t *code, uint32_t size, uint64_t va, uint32_t flags, FILE *out)
{
    arm_disassemble(code, size, (uint32_t)va, flags & ARM_BF_THUMB,
                    arm_features_of(flags) & ARM_FEATURE(V8),
                    arm_features_of(flags) & ARM_FEATURE(M), out);
}

const struct guest_frontend arm_frontend = {
    .target = &arm_target,
    .block_flags = block_flags,
    .translate = arm_translate_block,
    .memo_new = arm_memo_new,
    .interrupt_pending = arm_interrupt_pending,
    .take_interrupt = arm_take_interrupt,
    .print_state = print_state,
    .disassemble = disassemble,
};
