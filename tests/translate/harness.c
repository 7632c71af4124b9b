#include "tests/translate/harness.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/arm/decode_rows.h"
#include "frontend/arm/fp/fpscr.h"
#include "frontend/arm/translate/memo.h"
#include "util/bits.h"

/* ---- the target: the real slots; of the helpers only pure ones run --------------------------- */

#define SLOT(id, name_, type_, pin_, field)                                                        \
    {.name = name_, .type = type_, .pin = pin_, .offset = offsetof(struct arm_state, field)},
#define SLOT_S(n)                                                                                  \
    {.name = "s" #n, .type = IR_I32, .offset = offsetof(struct arm_state, d) + 4 * (n)},
#define SLOT_D(n)                                                                                  \
    {.name = "d" #n, .type = IR_I64, .offset = offsetof(struct arm_state, d) + 8 * (n)},
#define SLOT_FS(n)                                                                                 \
    {.name = "fs" #n, .type = IR_F32, .offset = offsetof(struct arm_state, d) + 4 * (n)},
#define SLOT_FD(n)                                                                                 \
    {.name = "fd" #n, .type = IR_F64, .offset = offsetof(struct arm_state, d) + 8 * (n)},
#define SLOT_V(n)                                                                                  \
    {.name = "v" #n, .type = IR_V64, .offset = offsetof(struct arm_state, d) + 8 * (n)},
#define SLOT_Q(n)                                                                                  \
    {.name = "q" #n, .type = IR_V128, .offset = offsetof(struct arm_state, d) + 16 * (n)},
static const struct ir_slot slots[] = {
#include "frontend/arm/cpu/slots.def"
};

#define RAISES IR_HELPER_RAISES
#define READS IR_HELPER_READS
#define WRITES IR_HELPER_WRITES
#define CONTEXT IR_HELPER_CONTEXT
#define EXTERNAL IR_HELPER_EXTERNAL
#define PURE IR_HELPER_PURE
#define FP IR_HELPER_FP
static uint64_t call_helper(struct ir_env *env, uint32_t id, uint64_t a0, uint64_t a1, uint64_t a2,
                            uint64_t a3);

/* What compiled code calls directly comes to the same function as what the interpreter calls. */
#define HELPER(id, ...)                                                                            \
    static uint64_t helper_##id(struct ir_env *env, uint64_t a0, uint64_t a1, uint64_t a2,         \
                                uint64_t a3)                                                       \
    {                                                                                              \
        return call_helper(env, ARM_HELPER_##id, a0, a1, a2, a3);                                  \
    }
#include "frontend/arm/cpu/helpers.def"
#undef HELPER

#define HELPER(id, nargs_, result_, effects_)                                                      \
    [ARM_HELPER_##id] = {#id, helper_##id, nargs_, result_, effects_},
static const struct ir_helper helpers[] = {
#include "frontend/arm/cpu/helpers.def"
};
#undef HELPER

/* The functions of those that need nothing but the state's registers. */
#define HELPER(id, ...) [ARM_HELPER_##id] = arm_helper_##id,
static ir_helper_fn *const own_functions[ARM_HELPER_COUNT] = {
#include "frontend/arm/cpu/helpers_media.def"
#include "frontend/arm/cpu/helpers_neon.def"
#include "frontend/arm/cpu/helpers_vfp.def"
};
#undef HELPER

const struct ir_target run_target = {
    .name = "arm",
    .state_size = sizeof(struct arm_state),
    .slots = slots,
    .slot_count = ARRAY_SIZE(slots),
    .helpers = helpers,
    .helper_count = ARRAY_SIZE(helpers),
    .address_type = IR_I32,
    .lane_slot = ARM_SLOT_T,
    .carried = ARM_SLOT_CARRIED_EARLY,
    .granule = {2, 1},
    .memory = {.address_bits = 32,
               .page_bits = 12,
               .read_table = 0,
               .write_table = RUN_TABLE_BYTES,
               .exec_table = {2 * RUN_TABLE_BYTES, 3 * RUN_TABLE_BYTES}},
};

#define F(id) ARM_FEATURE(id)

uint64_t run_features(enum run_cpu cpu)
{
    static const uint64_t v5te = F(V4T) | F(V5T) | F(V5TE), v6 = v5te | F(V6) | F(V6K);
    static const uint64_t v7 = v6 | F(T2) | F(DSP) | F(V7) | F(DIVT) | F(DIVA) | F(MP) | F(SEC) |
                               F(VIRT) | F(LPAE) | F(GTIMER) | F(VFP2) | F(VFP3) | F(VFPH) |
                               F(VFP4) | F(FPDP) | F(D32) | F(NEON);
    static const uint64_t v6m = F(V4T) | F(V5T) | F(V6) | F(M);
    static const uint64_t v7m = v6m | F(V5TE) | F(V6K) | F(T2) | F(V7) | F(DIVT);
    static const uint64_t v7em_sp = v7m | F(DSP) | F(VFP2) | F(VFP3) | F(VFPH) | F(VFP4);
    static const uint64_t sets[RUN_CPU_COUNT] = {
        [RUN_CPU_V8] = v7 | F(V8) | F(FPV5) | F(CRC) | F(CRYPTO),
        [RUN_CPU_V7] = v7,
        [RUN_CPU_V6] = v6 | F(VFP2) | F(FPDP),
        [RUN_CPU_V5TE] = v5te,
        [RUN_CPU_V4T] = F(V4T),
        [RUN_CPU_M7] = v7em_sp | F(FPDP) | F(FPV5),
        [RUN_CPU_M4] = v7em_sp,
        [RUN_CPU_M3] = v7m,
        [RUN_CPU_M0] = v6m,
        [RUN_CPU_V6T2] = v6 | F(T2) | F(DSP),
    };
    return sets[cpu];
}

/* The tests number feature sets themselves. */
uint64_t arm_features_of(uint32_t block_flags)
{
    return run_features(block_flags >> ARM_BF_FEATURES_SHIFT & 0xff);
}

/* ---- memory and helpers ---------------------------------------------------------------------- */

static uint8_t *memory_at(struct run *r, uint64_t addr, uint32_t memop)
{
    uint32_t size = 1u << (memop & IR_MEM_SIZE_MASK);
    uint32_t align = 1u << ((memop & IR_MEM_ALIGN_MASK) >> IR_MEM_ALIGN_SHIFT);
    uint64_t code = addr - r->s.env.page_base, data = addr - RUN_DATA;
    if (!(addr & (align - 1))) {
        if (data < RUN_DATA_SIZE && data + size <= RUN_DATA_SIZE)
            return r->data + data;
        if (code < RUN_PAGE && code + size <= RUN_PAGE && !(memop & IR_MEM_WRITE))
            return r->page + code;
    }
    r->faulted = true;
    r->fault_addr = (uint32_t)addr;
    r->s.env.pc = arm_insn_pc(&r->s);
    r->s.env.raised = 1;
    return NULL;
}

static uint64_t load(struct ir_env *env, uint64_t addr, uint32_t memop)
{
    uint8_t *p = memory_at((struct run *)env, addr, memop);
    uint64_t v = 0;
    if (p)
        memcpy(&v, p, 1u << (memop & IR_MEM_SIZE_MASK));
    return v;
}

static void store(struct ir_env *env, uint64_t addr, uint64_t value, uint32_t memop)
{
    uint8_t *p = memory_at((struct run *)env, addr, memop);
    if (p)
        memcpy(p, &value, 1u << (memop & IR_MEM_SIZE_MASK));
}

static uint64_t call_helper(struct ir_env *env, uint32_t id, uint64_t a0, uint64_t a1, uint64_t a2,
                            uint64_t a3)
{
    struct run *r = (struct run *)env;
    if (own_functions[id])
        return own_functions[id](env, a0, a1, a2, a3);
    uint64_t *const args[] = {&a0, &a1, &a2, &a3};
    for (unsigned i = helpers[id].nargs; i < 4; i++)
        *args[i] = 0; /* whatever registers a direct call left there */
    if (r->call_count < RUN_CALLS)
        r->calls[r->call_count++] = (struct run_call){(int)id, {a0, a1, a2, a3}};
    r->helper = (int)id;
    r->helper_arg[0] = (uint32_t)a0;
    r->helper_arg[1] = (uint32_t)a1;
    r->helper_arg[2] = (uint32_t)a2;
    r->helper_arg[3] = (uint32_t)a3;
    if (!r->helpers_return && (helpers[id].effects & IR_HELPER_RAISES)) {
        env->raised = 1;
        env->pc = arm_insn_pc(&r->s);
    }
    return r->helper_result;
}

const struct ir_callbacks run_callbacks = {.load = load, .store = store, .helper = call_helper};

/* ---- running --------------------------------------------------------------------------------- */

struct run *run_new(void)
{
    struct run *r = aligned_alloc(16, align_up(sizeof(*r), 16));
    memset(r, 0, sizeof(*r));
    r->s.env.pc = r->s.env.page_base = RUN_CODE;
    r->s.r[13] = RUN_DATA + RUN_DATA_SIZE / 2;
    r->s.r[14] = 0xdead0000;
    r->s.mode = ARM_MODE_SVC;
    r->s.fp_enabled = 1;
    r->rows = rows_open();
    r->memo = arm_memo_new();
    return r;
}

void run_free(struct run *r)
{
    arena_free(&r->arena);
    rows_close(r->rows);
    free(r->memo);
    free(r);
}

void run_put_arm(struct run *r, uint32_t offset, uint32_t insn)
{
    memcpy(r->page + offset, &insn, 4);
}

static void put_halfword(struct run *r, uint32_t offset, uint32_t v)
{
    uint8_t *p = offset < RUN_PAGE ? r->page + offset : r->next_page + (offset - RUN_PAGE);
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

void run_put_thumb(struct run *r, uint32_t offset, uint32_t insn)
{
    if (insn >> 16) {
        put_halfword(r, offset, insn >> 16);
        offset += 2;
    }
    put_halfword(r, offset, insn & 0xffff);
}

static void verify(const struct run *r, const char *when)
{
    struct error e = {0};
    if (ir_verify(&r->block, &e))
        return;
    ir_print(&r->block, stderr);
    cr_assert_fail("IR of the block at page offset 0x%x, %s: %s", r->block.page_offset, when,
                   e.text);
}

static bool ops_same(const struct ir_block *a, const struct ir_block *b)
{
    bool same = a->count == b->count;
    for (uint32_t i = 0; same && i < a->count; i++)
        same = a->ops[i].head == b->ops[i].head && a->ops[i].imm == b->ops[i].imm &&
               !memcmp(a->ops[i].arg, b->ops[i].arg, sizeof(a->ops[i].arg));
    return same;
}

/* What single instructions have become before changes nothing. */
static void check_memo(struct run *r, struct guest_code code)
{
    struct arena arena = {0};
    code.memo = r->memo;
    for (unsigned i = 0; i < 2; i++) {
        struct ir_block b;
        arena_reset(&arena);
        ir_block_init(&b, &run_target, &arena);
        bool uses_next_page = arm_translate_block(&b, &code);
        bool same = ops_same(&b, &r->block) && b.guest_size == r->block.guest_size &&
                    b.insn_count == r->block.insn_count && uses_next_page == r->uses_next_page &&
                    b.literal_end == r->block.literal_end;
        if (!same) {
            ir_print(&r->block, stderr);
            ir_print(&b, stderr);
            cr_assert_fail("the block at page offset 0x%x is another one from memory", code.offset);
        }
    }
    arena_free(&arena);
}

void run_translate(struct run *r, uint32_t max_insns)
{
    struct ir_env *env = &r->s.env;
    struct guest_code code = {
        .page = r->page,
        .next_page = r->no_next_page ? NULL : r->next_page,
        .offset = (uint32_t)(env->pc - env->page_base),
        .flags = r->block_flags | r->s.thumb | (uint32_t)r->s.itstate << ARM_BF_IT_SHIFT |
                 arm_fp_block_flags(r->s.fpscr),
        .max_insns = max_insns,
        .fold_literals = r->fold_literals,
        .hot = r->hot,
        .entered = r->entered ? env->entered : NULL,
    };
    arena_reset(&r->arena);
    ir_block_init(&r->block, &run_target, &r->arena);
    r->uses_next_page = arm_translate_block(&r->block, &code);
    verify(r, "as translated");
    check_memo(r, code);
    if (r->optimise) {
        ir_optimise(&r->block);
        verify(r, "optimised");
    }
}

/* The row of the instruction that insn word @word names, or -1. */
static int row_at(const struct run *r, uint32_t word)
{
    uint32_t offset = word & 0x1fff, insn = 0;
    uint64_t features = arm_features_of(r->block_flags);
    if (offset + 4 > RUN_PAGE)
        return -1;
    memcpy(&insn, r->page + offset, 4);
    if (!r->block.lane)
        return arm_decode_row(ARM_ISA_A32, insn, features);
    if (word >> 21 & 1)
        return arm_decode_row(ARM_ISA_T32, insn << 16 | insn >> 16, features);
    return arm_decode_row(ARM_ISA_T16, insn & 0xffff, features);
}

void run_start(struct run *r)
{
    struct ir_env *env = &r->s.env;
    r->helper = -1;
    r->call_count = 0;
    r->faulted = r->fault_anywhere = false;
    env->budget = env->slice = 1000;
    env->raised = 0;
    env->fp_rounding = r->s.fpscr >> FPSCR_RMODE_SHIFT & 3;
    env->fp_flags = 0;
}

void run_end(struct run *r)
{
    r->s.fpscr |= r->s.env.fp_flags & FP_FLAGS;
    if (r->s.env.fp_flags & FP_QC)
        r->s.fpscr |= FPSCR_QC;
    r->s.env.fp_flags = 0;
}

void run_block(struct run *r, uint32_t max_insns)
{
    run_translate(r, max_insns);
    for (uint32_t i = 0; r->rows && i < r->block.count; i++)
        if (r->block.ops[i].opcode == IR_OP_insn)
            rows_mark(r->rows, ROWS_DIRECTED, row_at(r, (uint32_t)r->block.ops[i].imm));
    run_start(r);
    r->exit = ir_interp_run(&r->block, &r->s.env, &run_callbacks);
    run_end(r);
}

static void run_one(struct run *r, bool thumb)
{
    r->s.thumb = thumb;
    r->s.env.pc = r->s.env.page_base;
    run_block(r, 1);
}

void run_arm(struct run *r, uint32_t insn)
{
    run_put_arm(r, 0, insn);
    run_one(r, false);
}

void run_thumb(struct run *r, uint32_t insn)
{
    run_put_thumb(r, 0, insn);
    run_one(r, true);
}

uint32_t run_nzcv(const struct run *r)
{
    const uint8_t *f = r->s.env.nzcv;
    return (uint32_t)f[0] << 31 | (uint32_t)f[1] << 30 | (uint32_t)f[2] << 29 |
           (uint32_t)f[3] << 28;
}

uint32_t run_psr(const struct run *r)
{
    const struct arm_state *s = &r->s;
    return run_nzcv(r) | (uint32_t)s->q << 27 | (s->itstate & 3u) << 25 | (uint32_t)s->ge << 16 |
           (s->itstate & 0xfcu) << 8 | (uint32_t)s->thumb << 5;
}

void run_set_nzcv(struct run *r, uint32_t nzcv)
{
    for (unsigned i = 0; i < 4; i++)
        r->s.env.nzcv[i] = nzcv >> (31 - i) & 1;
}

void run_set_psr(struct run *r, uint32_t psr)
{
    run_set_nzcv(r, psr);
    r->s.q = psr >> 27 & 1;
    r->s.ge = psr >> 16 & 15;
    r->s.itstate = (uint8_t)((psr >> 25 & 3) | (psr >> 8 & 0xfc));
    r->s.thumb = psr >> 5 & 1;
}
