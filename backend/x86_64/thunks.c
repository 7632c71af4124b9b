/*
 * Common code, generated once: entering and leaving generated code, the end of the budget, dispatch
 * by the exec tables, unchained exits, and the call of the memory slow path.
 */
#include "backend/x86_64/compiler.h"
#include "backend/x86_64/xmm.h"
#include "backend/x86_64/vfloat.h"
#include "fp/fp.h"

enum {
    FRAME = 24,               /* keeps rsp 16-byte aligned after the six pushes of enter */
    STACK_DEPTH_MAX = 64 << 10, /* of predicted returns, at the end of a slice */
};

static const uint8_t preserved[] = {RBX, RBP, R12, R13, R14, R15};

/* ---- floating-point environment ----------------------------------------------------------------
 * While generated code runs, MXCSR has the guest's rounding and gathers exceptions; what it has
 * gathered goes to env.fp_flags when code is left. C code that is called in between (slow paths,
 * helpers) does no floating-point arithmetic. */

static struct x86_mem constant(const struct backend *be, size_t offset)
{
    return x_mem(NO_REG, (int32_t)(be->thunk.constants + (uint32_t)offset));
}

/* MXCSR := mode of env.fp_rounding, no exceptions. Changes rcx and rdx. */
static void mxcsr_load(struct code *a, const struct backend *be)
{
    size_t table = offsetof(struct fp_constants, mxcsr);
    x_rm(a, X86_MOVZX8, 0, RCX, ENV(fp_rounding));
    if (be->fp_traps)
        x_rm(a, X86_OR8_RM, 0, RCX, ENV(fp_masked));
    else
        table += IR_FP_MASKED * sizeof(uint32_t);
    x_mov_ri(a, RDX, be->thunk.constants + table);
    x_m(a, X86_LDMXCSR, 0, x_memx(RDX, RCX, 2, 0));
}

/* env.fp_flags |= exceptions: invalid is bit 0 in both; divide, overflow, underflow and inexact are
 * one place higher in MXCSR, above "denormal operand". Changes rcx and rdx; rsp is that of the
 * block. */
static void mxcsr_save(struct code *a)
{
    x_m(a, X86_STMXCSR, 0, x_mem(RSP, -8));
    x_mov_rm(a, 0, RCX, x_mem(RSP, -8));
    x_mov_rr(a, 0, RDX, RCX);
    x_shift_i(a, X86_SHR_I, 0, RDX, 1);
    x_alu_ri(a, ALU_AND, 0, RCX, 1);
    x_alu_ri(a, ALU_AND, 0, RDX, FP_DZC | FP_OFC | FP_UFC | FP_IXC);
    x_alu_rr(a, ALU_OR, 0, RCX, RDX);
    x_rm(a, X86_OR8_RM, 0, RCX, ENV(fp_flags));
    x_rm(a, X86_MOV8_MR, 0, RCX, ENV(fp_flags));
}

/* Around helpers that look at env.fp_*: all registers survive, but rcx and rdx behind the
 * helper. */
static void thunk_fp(struct code *a, struct backend *be)
{
    be->thunk.fp_end = x_rx(a, a->p);
    x_push(a, RCX);
    x_push(a, RDX);
    mxcsr_save(a);
    x_pop(a, RDX);
    x_pop(a, RCX);
    x_ret(a);
    be->thunk.fp_begin = x_rx(a, a->p);
    mxcsr_load(a, be);
    x_ret(a);
}

static void put_constants(struct code *a, struct backend *be)
{
    while ((uintptr_t)a->p & 15)
        x_u8(a, 0xcc);
    be->thunk.constants = x_rx(a, a->p);
    memcpy(a->p, &fp_constants, sizeof(fp_constants));
    a->p += sizeof(fp_constants);
    while ((uintptr_t)a->p & 15)
        x_u8(a, 0xcc);
    be->thunk.pool = x_rx(a, a->p);
    be->pool = (uint64_t(*)[2])(void *)a->p;
    a->p += POOL_MAX * sizeof(*be->pool);
}

/* Powers of 2, and the fractions of estimates, which depend on the upper bits of the argument's,
 * and for square roots on the lowest bit of the exponent. */
static void put_tables(struct code *a, struct backend *be)
{
    be->thunk.powers = x_rx(a, a->p);
    for (int n = VF_POWER_LEAST; n <= VF_POWER_MOST; n++)
        for (unsigned k = 0; k < 4; k++)
            x_u32(a, (uint32_t)(127 + n) << 23);
    struct fp_status s = {0};
    be->thunk.recip = x_rx(a, a->p);
    for (uint32_t k = 0; k < 256; k++)
        x_u8(a, (unsigned)fp_recip_estimate(&s, FP_32, 0x3f800000 | k << 15) >> 15 & 0xff);
    be->thunk.rsqrt = x_rx(a, a->p);
    for (uint32_t k = 0; k < 256; k++)
        x_u8(a, (unsigned)fp_rsqrt_estimate(&s, FP_32, 0x3f000000 + (k << 16)) >> 15 & 0xff);
}

/* enter(env, entry) */
static void thunk_enter(struct code *a, struct backend *be)
{
    be->thunk.enter = x_rx(a, a->p);
    for (unsigned k = 0; k < ARRAY_SIZE(preserved); k++)
        x_push(a, preserved[k]);
    x_rm(a, X86_LEA, 1, RBP, x_mem(RDI, IR_ENV_BIAS));
    x_alu_ri(a, ALU_OR, 1, RAX, -1); /* an entry that matches no return */
    for (unsigned k = 0; k < FRAME / 8; k++)
        x_push(a, RAX);
    x_mov_mr(a, 1, ENV(backend_private), RSP);
    x_mov_rr(a, 0, RAX, RSI);
    if (be->config.direct)
        x_mov_ri(a, R15, be->config.window);
    else
        x_mov_rm(a, 1, R15, ENV(tables));
    pins_load(a, be, false);
    mxcsr_load(a, be);
    x_r(a, X86_JMP_M, 0, RAX);
}

/* Leave with exit reason eax. */
static void thunk_leave(struct code *a, struct backend *be)
{
    be->thunk.leave = x_rx(a, a->p);
    pins_save(a, be, false);
    mxcsr_save(a);
    x_m(a, X86_LDMXCSR, 0, constant(be, offsetof(struct fp_constants, mxcsr_host)));
    exit_forget_returns(a);
    x_alu_ri(a, ALU_ADD, 1, RSP, FRAME);
    for (unsigned k = ARRAY_SIZE(preserved); k-- > 0;)
        x_pop(a, preserved[k]);
    x_ret(a);
}

/* No code is known for guest address eax. Also the filler of entry arrays. */
static void thunk_lookup(struct code *a, struct backend *be)
{
    be->thunk.lookup = x_rx(a, a->p);
    x_mov_mr(a, 1, ENV(pc), RAX);
    x_mov_ri(a, RAX, IR_EXIT_LOOKUP);
    x_jmp_to(a, be->thunk.leave);
}

/* eax := guest address, from the page offset that it is but in direct mode. */
static void add_page_base(struct code *a, const struct backend *be)
{
    if (!be->config.direct)
        x_alu_rm(a, ALU_ADD, 0, RAX, ENV(page_base));
}

/* Called (not to return) with the page offset (direct mode: address) in eax; the return address is
 * the exit's handle. */
static void thunk_chain(struct code *a, struct backend *be)
{
    be->thunk.chain = x_rx(a, a->p);
    x_pop(a, RDX);
    x_mov_mr(a, 1, ENV(exit_site), RDX);
    add_page_base(a, be);
    x_mov_mr(a, 1, ENV(pc), RAX);
    x_mov_ri(a, RAX, IR_EXIT_CHAIN);
    x_jmp_to(a, be->thunk.leave);
}

/* The budget does not cover a block of ecx instructions at page offset (direct mode: address) eax
 * with entry edx: begin a new slice, unless somebody wants attention or a slice would never do. */
static void thunk_budget(struct code *a, struct backend *be)
{
    be->thunk.budget = x_rx(a, a->p);
    x_alu_mi(a, ALU_CMP, 0, ENV(exit_request), 0);
    uint8_t *wanted = x_jcc(a, CC_NE);
    x_alu_mr(a, ALU_CMP, 0, ENV(refill), RCX);
    uint8_t *small = x_jcc(a, CC_B);
    x_mov_rm(a, 0, RCX, ENV(slice));
    x_alu_rr(a, ALU_SUB, 0, RCX, BUDGET);
    x_rr(a, X86_MOVSXD, 1, RCX, RCX);
    x_alu_mr(a, ALU_ADD, 1, ENV(icount), RCX);
    x_mov_rm(a, 0, RCX, ENV(refill));
    x_mov_mr(a, 0, ENV(slice), RCX);
    x_mov_rr(a, 0, BUDGET, RCX);
    x_rm(a, X86_LEA, 1, RCX, x_mem(RSP, STACK_DEPTH_MAX));
    x_alu_rm(a, ALU_CMP, 1, RCX, ENV(backend_private));
    uint8_t *shallow = x_jcc(a, CC_AE);
    exit_forget_returns(a);
    x_patch_here(a, shallow);
    x_alu_mi(a, ALU_CMP, 0, ENV(sample_in), 0);
    uint8_t *unsampled = x_jcc(a, CC_E);
    x_alu_mi(a, ALU_SUB, 0, ENV(sample_in), 1);
    uint8_t *sample = x_jcc(a, CC_E);
    x_patch_here(a, unsampled);
    x_r(a, X86_JMP_M, 0, RDX);
    x_patch_here(a, sample);
    x_patch_here(a, wanted);
    x_patch_here(a, small);
    add_page_base(a, be);
    x_mov_mr(a, 1, ENV(pc), RAX);
    x_mov_ri(a, RAX, IR_EXIT_BUDGET);
    x_jmp_to(a, be->thunk.leave);
}

static void compare_lane(struct code *a, const struct backend *be)
{
    const struct ir_slot *slot = &be->config.target->slots[be->config.target->lane_slot];
    if (slot->type == IR_I8) {
        x_m(a, X86_CMP8_MI, 0, env_mem(slot->offset));
        x_u8(a, 0);
    } else {
        x_alu_mi(a, ALU_CMP, 0, env_mem(slot->offset), 0);
    }
}

/* Continue at guest address eax with everything else from the state. */
static void thunk_dispatch(struct code *a, struct backend *be)
{
    be->thunk.dispatch = x_rx(a, a->p);
    if (be->config.no_chain) {
        x_jmp_to(a, be->thunk.lookup);
        return;
    }
    x_m(a, X86_CMP8_MI, 0, ENV(slow_dispatch));
    x_u8(a, 0);
    x_jcc_to(a, CC_NE, be->thunk.lookup);
    if (!returns_tagged(be))
        exit_forget_returns(a);
    if (!be->config.direct) {
        x_mov_rm(a, 1, R15, ENV(tables));
        x_rr(a, X86_TEST_MR, 1, R15, R15);
        x_jcc_to(a, CC_E, be->thunk.lookup);
    }
    compare_lane(a, be);
    uint8_t *lane1 = x_jcc(a, CC_NE);
    exit_indirect(a, be, 0);
    x_patch_here(a, lane1);
    exit_indirect(a, be, 1);
}

/* A helper or slow path has raised: give the instructions back that were not executed. A guest
 * whose handlers raise in their first instruction never uses its budget up, so here somebody may
 * want attention as well. */
static void thunk_raised(struct code *a, struct backend *be)
{
    be->thunk.raised = x_rx(a, a->p);
    x_alu_rm(a, ALU_ADD, 0, BUDGET, ENV(insn_left));
    x_m(a, X86_MOV8_MI, 0, ENV(raised));
    x_u8(a, 0);
    x_mov_rm(a, 0, RAX, ENV(pc));
    x_alu_mi(a, ALU_CMP, 0, ENV(exit_request), 0);
    x_jcc_to(a, CC_NE, be->thunk.lookup);
    x_jmp_to(a, be->thunk.dispatch);
}

/* Store (movups_mr) or load all XMM registers. */
static void xmm_all(struct code *a, enum x86_form insn, int32_t offset)
{
    for (unsigned r = 0; r < XMM_COUNT; r++)
        x_rm(a, insn, 0, r, x_mem(RSP, offset + (int32_t)r * 16));
}

/* Called with a struct slow_site behind the call. All registers survive, but those that the slow
 * path changes in the frame. */
static uint32_t thunk_slow(struct code *a, struct backend *be, bool xmm)
{
    uint32_t entry = x_rx(a, a->p);
    for (int r = R15; r >= RAX; r--)
        x_push(a, (unsigned)r);
    x_mov_rr(a, 1, RDI, RSP);
    x_mov_ri(a, RSI, (uintptr_t)be);
    x_mov_ri(a, RAX, (uintptr_t)slowpath_access);
    x_alu_ri(a, ALU_SUB, 1, RSP, xmm ? XMM_BYTES + 8 : 8);
    if (xmm)
        xmm_all(a, X86_MOVUPS_MR, 0);
    x_r(a, X86_CALL_M, 0, RAX);
    if (xmm)
        xmm_all(a, X86_MOVUPS_RM, 0);
    x_alu_ri(a, ALU_ADD, 1, RSP, xmm ? XMM_BYTES + 8 : 8);
    x_legacy(a, 0, 0, 0x84, 0, RAX, 0, RAX, false); /* test al, al: bool result */
    x_u8(a, 0xc0);
    for (unsigned r = RAX; r <= R15; r++) { /* pop and lea leave EFLAGS alone */
        if (r == RSP)
            x_rm(a, X86_LEA, 1, RSP, x_mem(RSP, 8));
        else
            x_pop(a, r);
    }
    uint8_t *raised = x_jcc(a, CC_NE);
    x_ret(a);
    x_patch_here(a, raised);
    x_alu_ri(a, ALU_ADD, 1, RSP, 8);
    x_jmp_to(a, be->thunk.raised);
    return entry;
}

/* Called with a struct exact_site behind the call. All registers survive, but the op's result. */
static void thunk_exact(struct code *a, struct backend *be)
{
    be->thunk.exact = x_rx(a, a->p);
    for (int r = R15; r >= RAX; r--)
        x_push(a, (unsigned)r);
    x_alu_ri(a, ALU_SUB, 1, RSP, XMM_BYTES);
    xmm_all(a, X86_MOVUPS_MR, 0);
    x_mov_rr(a, 1, RDI, RSP);
    x_mov_ri(a, RAX, (uintptr_t)exact_compute);
    x_alu_ri(a, ALU_SUB, 1, RSP, 8);
    x_r(a, X86_CALL_M, 0, RAX);
    x_alu_ri(a, ALU_ADD, 1, RSP, 8);
    xmm_all(a, X86_MOVUPS_RM, 0);
    x_alu_ri(a, ALU_ADD, 1, RSP, XMM_BYTES);
    for (unsigned r = RAX; r <= R15; r++) {
        if (r == RSP)
            x_rm(a, X86_LEA, 1, RSP, x_mem(RSP, 8));
        else
            x_pop(a, r);
    }
    x_ret(a);
}

static void helper_table(struct code *a, struct backend *be)
{
    const struct ir_target *t = be->config.target;
    while ((uintptr_t)a->p & 7)
        x_u8(a, 0xcc);
    be->thunk.helpers = x_rx(a, a->p);
    for (uint32_t k = 0; k < t->helper_count; k++)
        x_u64(a, be->config.callbacks.helper ? (uintptr_t)be->config.callbacks.helper
                                             : (uintptr_t)t->helpers[k].fn);
}

void thunks_emit(struct backend *be)
{
    struct code a = {.p = be->cache.rw, .rx_delta = be->cache.rx - be->cache.rw};
    put_constants(&a, be);
    put_tables(&a, be);
    thunk_enter(&a, be);
    thunk_leave(&a, be);
    thunk_lookup(&a, be);
    thunk_chain(&a, be);
    thunk_budget(&a, be);
    thunk_dispatch(&a, be);
    thunk_raised(&a, be);
    be->thunk.slow = thunk_slow(&a, be, false);
    be->thunk.slow_xmm = thunk_slow(&a, be, true);
    thunk_exact(&a, be);
    thunk_fp(&a, be);
    helper_table(&a, be);
    assert(a.p <= be->cache.rw + CODECACHE_COMMON);
}
