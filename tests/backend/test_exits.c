/* Ways into and out of blocks: chaining, budget, exec tables, lanes, dispatch after a raise. */
#include <criterion/criterion.h>

#include "harness.h"
#include "util/arena.h"

enum { PAGE = 0x8000 };

struct fixture {
    struct arena arena;
    struct backend *be;
    struct state *s;
    struct ir_block b;
};

static struct fixture *setup(struct fixture *f, bool no_chain)
{
    *f = (struct fixture){.be = test_backend(no_chain, false, 0), .s = state_new(7)};
    return f;
}

static void teardown(struct fixture *f)
{
    state_free(f->s);
    backend_free(f->be);
    arena_free(&f->arena);
}

static struct ir_block *block(struct fixture *f, uint32_t offset, unsigned lane)
{
    ir_block_init(&f->b, &test_target, &f->arena);
    f->b.page_offset = offset;
    f->b.lane = lane;
    return &f->b;
}

static void insn(struct ir_block *b, uint32_t word)
{
    ir_insn(b, word);
    if (b->insn_count == 0) /* whoever counts them, the builder or its caller */
        b->insn_count = 1;
}

/* A block that adds @n to r0 and goes on at page offset @to. */
static struct backend_code adder(struct fixture *f, uint32_t at, uint32_t n, int64_t to,
                                 unsigned lane)
{
    struct ir_block *b = block(f, at, lane);
    insn(b, at);
    ir_set(b, SLOT_R0, ir_op2i(b, IR_OP_add, ir_get(b, SLOT_R0), n));
    ir_exitd(b, to, lane);
    return test_compile(f->be, b);
}

Test(exits, chain_and_unchain)
{
    struct fixture x, *f = setup(&x, false);
    struct backend_code a = adder(f, 0x10, 1, 0x20, 0), b = adder(f, 0x20, 100, 0x2000, 0);
    cr_assert_eq(a.exit_count, 1);
    cr_assert_eq(a.exits[0].page_offset, 0x20);
    cr_assert_eq(b.exit_count, 0, "an exit to another page cannot be chained");
    f->s->r[0] = 0;
    cr_assert_eq(backend_run(f->be, &f->s->env, a.entry), IR_EXIT_CHAIN);
    cr_assert_eq(f->s->env.exit_site, a.exits[0].site);
    cr_assert_eq(f->s->env.pc, PAGE + 0x20);
    cr_assert_eq(f->s->r[0], 1);
    backend_chain(f->be, a.exits[0].site, b.entry);
    cr_assert_eq(backend_run(f->be, &f->s->env, a.entry), IR_EXIT_LOOKUP);
    cr_assert_eq(f->s->env.pc, PAGE + 0x2000);
    cr_assert_eq(f->s->r[0], 102);
    backend_unchain(f->be, a.exits[0].site);
    f->s->env.exit_site = NULL;
    cr_assert_eq(backend_run(f->be, &f->s->env, a.entry), IR_EXIT_CHAIN);
    cr_assert_eq(f->s->env.exit_site, a.exits[0].site);
    cr_assert_eq(f->s->r[0], 103);
    teardown(f);
}

Test(exits, no_chain_has_no_sites)
{
    struct fixture x, *f = setup(&x, true);
    struct backend_code a = adder(f, 0x10, 1, 0x20, 0);
    cr_assert_eq(a.exit_count, 0);
    cr_assert_eq(backend_run(f->be, &f->s->env, a.entry), IR_EXIT_LOOKUP);
    cr_assert_eq(f->s->env.pc, PAGE + 0x20);
    teardown(f);
}

Test(exits, budget_ends_a_loop)
{
    struct fixture x, *f = setup(&x, false);
    struct backend_code a = adder(f, 0x10, 1, 0x10, 0);
    backend_chain(f->be, a.exits[0].site, a.entry);
    f->s->r[0] = 0;
    f->s->env.budget = f->s->env.slice = 50;
    f->s->env.refill = 0;
    cr_assert_eq(backend_run(f->be, &f->s->env, a.entry), IR_EXIT_BUDGET);
    cr_assert_eq(f->s->r[0], 50);
    cr_assert_eq(f->s->env.pc, PAGE + 0x10);
    cr_assert_eq(f->s->env.budget, 0);
    teardown(f);
}

static uint64_t request_exit(struct ir_env *env, uint64_t addr, uint32_t memop)
{
    atomic_store(&env->exit_request, 1);
    return 0;
}

Test(exits, refill_begins_a_new_slice_until_exit_is_requested)
{
    struct fixture x, *f = setup(&x, false);
    struct backend_config config = {.target = &test_target,
                                    .callbacks = test_callbacks,
                                    .cache_size = 1 << 20,
                                    .region_count = 2};
    config.callbacks.load = request_exit;
    backend_free(f->be);
    f->be = backend_new(&config, NULL);
    /* Loop: r0 += 1; when r0 is 120, read from the slow page. */
    struct ir_block *b = block(f, 0x10, 0);
    insn(b, 1);
    int32_t v = ir_op2i(b, IR_OP_add, ir_get(b, SLOT_R0), 1);
    ir_set(b, SLOT_R0, v);
    unsigned label = ir_label_new(b);
    ir_brz(b, ir_op2(b, IR_OP_cmpeq, v, ir_i32(b, 120)), label);
    ir_set(b, SLOT_R13, ir_ld(b, IR_I32, ir_i32(b, PAGE_SLOW), 2));
    ir_label(b, label);
    ir_exitd(b, 0x10, 0);
    struct backend_code a = test_compile(f->be, b);
    backend_chain(f->be, a.exits[0].site, a.entry);
    f->s->r[0] = 0;
    f->s->env.budget = f->s->env.slice = 50;
    f->s->env.refill = 40;
    cr_assert_eq(backend_run(f->be, &f->s->env, a.entry), IR_EXIT_BUDGET);
    cr_assert_eq(f->s->r[0], 130, "50 + 40 + 40; the request is seen at the end of the slice");
    cr_assert_eq(f->s->env.icount + (uint64_t)(f->s->env.slice - f->s->env.budget), 130);
    teardown(f);
}

Test(exits, refill_smaller_than_the_block_goes_to_the_engine)
{
    struct fixture x, *f = setup(&x, false);
    struct ir_block *b = block(f, 0x10, 0);
    for (unsigned k = 0; k < 3; k++)
        ir_insn(b, k);
    b->insn_count = 3;
    ir_exitd(b, 0x10, 0);
    struct backend_code a = test_compile(f->be, b);
    f->s->env.budget = f->s->env.slice = 2;
    f->s->env.refill = 2;
    cr_assert_eq(backend_run(f->be, &f->s->env, a.entry), IR_EXIT_BUDGET);
    teardown(f);
}

Test(exits, other_page_goes_through_the_exec_table)
{
    struct fixture x, *f = setup(&x, false);
    struct backend_code a = adder(f, 0xffc, 1, 0x1004, 0), b = adder(f, 0x004, 10, -0x1000, 0);
    f->s->r[0] = 0;
    exec_map(f->be, f->s, PAGE + 0x1004, 0, b.entry);
    cr_assert_eq(backend_run(f->be, &f->s->env, a.entry), IR_EXIT_LOOKUP);
    cr_assert_eq(f->s->r[0], 11);
    cr_assert_eq(f->s->env.page_base, PAGE + 0x1000);
    cr_assert_eq(f->s->env.pc, PAGE, "the second block goes a page back");
    teardown(f);
}

Test(exits, filler_of_entry_arrays_reports_the_address)
{
    struct fixture x, *f = setup(&x, false);
    struct backend_code a = adder(f, 0x10, 1, 0x1008, 0), b = adder(f, 0, 1, 0, 0);
    exec_map(f->be, f->s, PAGE + 0x1000, 0, b.entry);
    cr_assert_eq(backend_run(f->be, &f->s->env, a.entry), IR_EXIT_LOOKUP);
    cr_assert_eq(f->s->env.pc, PAGE + 0x1008);
    teardown(f);
}

/* exiti with the lane in bit 0, from both lanes to both. */
static void interwork(unsigned from, unsigned to)
{
    struct fixture x, *f = setup(&x, false);
    struct ir_block *b = block(f, 0x10, from);
    insn(b, 0);
    ir_exiti(b, ir_get(b, SLOT_R0 + 1), IR_LANE_BIT0);
    struct backend_code a = test_compile(f->be, b);
    struct backend_code target = adder(f, 0x224, 5, 0x5000, to);
    exec_map(f->be, f->s, 0x30224, to, target.entry);
    f->s->lane = (uint8_t)from;
    f->s->r[0] = 0;
    f->s->r[1] = 0x30224 | to;
    cr_assert_eq(backend_run(f->be, &f->s->env, a.entry), IR_EXIT_LOOKUP);
    cr_assert_eq(f->s->r[0], 5, "lanes %u to %u", from, to);
    cr_assert_eq(f->s->lane, to);
    cr_assert_eq(f->s->env.page_base, 0x30000);
    teardown(f);
}

Test(exits, bit_0_selects_the_lane)
{
    for (unsigned from = 0; from < 2; from++)
        for (unsigned to = 0; to < 2; to++)
            interwork(from, to);
}

Test(exits, halfword_granule)
{
    struct fixture x, *f = setup(&x, false);
    struct ir_block *b = block(f, 0x10, 1);
    insn(b, 0);
    ir_exiti(b, ir_get(b, SLOT_R0 + 1), 1);
    struct backend_code a = test_compile(f->be, b);
    exec_map(f->be, f->s, 0x30222, 1, adder(f, 0x222, 1, 0x9000, 1).entry);
    exec_map(f->be, f->s, 0x30224, 1, adder(f, 0x224, 2, 0x9000, 1).entry);
    f->s->r[0] = 0;
    f->s->r[1] = 0x30222;
    backend_run(f->be, &f->s->env, a.entry);
    f->s->env.page_base = PAGE;
    f->s->r[1] = 0x30224;
    backend_run(f->be, &f->s->env, a.entry);
    cr_assert_eq(f->s->r[0], 3);
    teardown(f);
}

/* A raise inside a block dispatches at env.pc without going to the engine, unless it must. */
static uint32_t raise_and_dispatch(bool slow_dispatch, enum ir_exit *reason)
{
    struct fixture x, *f = setup(&x, false);
    struct ir_block *b = block(f, 0x10, 0);
    insn(b, 1);
    ir_ld(b, IR_I32, ir_i32(b, PAGE_FAULT), 2);
    ir_set(b, SLOT_R0, ir_i32(b, 1000)); /* not reached */
    ir_exitd(b, 0x20, 0);
    struct backend_code a = test_compile(f->be, b);
    exec_map(f->be, f->s, FAULT_PC, 0, adder(f, FAULT_PC & 0xfff, 7, 0x9000, 0).entry);
    f->s->lane = 0;
    f->s->r[0] = 0;
    f->s->env.slow_dispatch = slow_dispatch;
    int32_t budget = f->s->env.budget;
    *reason = backend_run(f->be, &f->s->env, a.entry);
    cr_assert_eq(f->s->env.raised, 0);
    cr_assert_eq(budget - f->s->env.budget, slow_dispatch ? 0 : 1,
                 "the faulting instruction is given back");
    uint32_t r0 = f->s->r[0], pc = (uint32_t)f->s->env.pc;
    cr_assert_eq(pc, slow_dispatch ? FAULT_PC : FAULT_PC + 0x9000);
    teardown(f);
    return r0;
}

Test(exits, raise_dispatches)
{
    enum ir_exit reason;
    cr_assert_eq(raise_and_dispatch(false, &reason), 7);
    cr_assert_eq(reason, IR_EXIT_LOOKUP);
    cr_assert_eq(raise_and_dispatch(true, &reason), 0);
    cr_assert_eq(reason, IR_EXIT_LOOKUP);
}

Test(exits, exitengine_gives_its_reason)
{
    struct fixture x, *f = setup(&x, false);
    struct ir_block *b = block(f, 0x10, 0);
    insn(b, 0);
    ir_exitengine(b, ir_i32(b, 0x1234), IR_EXIT_HALT);
    struct backend_code a = test_compile(f->be, b);
    cr_assert_eq(backend_run(f->be, &f->s->env, a.entry), IR_EXIT_HALT);
    cr_assert_eq(f->s->env.pc, 0x1234);
    teardown(f);
}

Test(cache, regions_fill_and_follow_each_other)
{
    struct fixture x, *f = setup(&x, false);
    struct ir_block *b = block(f, 0x10, 0);
    insn(b, 0);
    ir_exitd(b, 0x20, 0);
    struct backend_code code;
    unsigned n = 0;
    while (backend_compile(f->be, b, &code)) {
        cr_assert_eq(code.region, 0);
        cr_assert_lt(n++, 1000000);
    }
    uint32_t used, size;
    backend_usage(f->be, &used, &size);
    cr_assert_gt(used, 1000000, "most of the 1 MiB region is used (%u bytes)", used);
    cr_assert_eq(backend_peek_region(f->be), 1);
    cr_assert_eq(backend_next_region(f->be), 1);
    cr_assert(backend_compile(f->be, b, &code));
    cr_assert_eq(code.region, 1);
    for (unsigned k = 2; k < 4; k++)
        backend_next_region(f->be);
    cr_assert_eq(backend_next_region(f->be), 0);
    teardown(f);
}

Test(cache, no_mapping_is_writable_and_executable)
{
    struct fixture x, *f = setup(&x, false);
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512];
    unsigned executable = 0;
    while (fgets(line, sizeof(line), maps)) {
        cr_assert_null(strstr(line, "rwx"), "%s", line);
        executable += strstr(line, "armemu-code") && strstr(line, "r-x");
    }
    cr_assert_geq(executable, 1);
    fclose(maps);
    teardown(f);
}

/* ---- loops: a block that branches back to its own start -------------------------------------- */

/* r0 += 1; load at r3 += 4; --r2 with flags; again unless zero. */
static struct backend_code loop(struct fixture *f)
{
    struct ir_block *b = block(f, 0x10, 0);
    unsigned out = ir_label_new(b);
    ir_insn(b, 1);
    ir_set(b, SLOT_R0, ir_op2i(b, IR_OP_add, ir_get(b, SLOT_R0), 1));
    ir_insn(b, 2);
    int32_t at = ir_op2i(b, IR_OP_add, ir_get(b, SLOT_R0 + 3), 4);
    ir_set(b, SLOT_R0 + 1, ir_ld(b, IR_I32, at, 2));
    ir_set(b, SLOT_R0 + 3, at);
    ir_insn(b, 3);
    ir_set(b, SLOT_R0 + 2, ir_op2f(b, IR_OP_sub, ir_get(b, SLOT_R0 + 2), ir_i32(b, 1), IR_NZCV));
    ir_brcc(b, IR_CC_EQ, out);
    ir_exitd(b, 0x10, 0);
    ir_label(b, out);
    ir_exitd(b, 0x2000, 0);
    b->insn_count = 3;
    struct backend_code code = test_compile(f->be, b);
    for (unsigned i = 0; i < code.exit_count; i++)
        backend_chain(f->be, code.exits[i].site, code.entry);
    return code;
}

static uint32_t nzcv(const struct state *s)
{
    const uint8_t *n = s->env.nzcv;
    return (uint32_t)(n[0] << 3 | n[1] << 2 | n[2] << 1 | n[3]);
}

static void loop_start(struct fixture *f, uint32_t rounds, uint32_t address)
{
    f->s->r[0] = 0;
    f->s->r[2] = rounds;
    f->s->r[3] = address;
    memset(f->s->env.nzcv, 1, 4);
}

Test(loops, flags_are_stored_on_the_way_out)
{
    struct fixture x, *f = setup(&x, false);
    struct backend_code a = loop(f);
    for (uint32_t rounds = 1; rounds < 5; rounds++) {
        loop_start(f, rounds, MEM_BASE);
        int32_t budget = f->s->env.budget;
        cr_assert_eq(backend_run(f->be, &f->s->env, a.entry), IR_EXIT_LOOKUP);
        cr_assert_eq(f->s->env.pc, PAGE + 0x2000);
        cr_assert_eq(f->s->r[0], rounds);
        cr_assert_eq(nzcv(f->s), IR_FLAG_Z | IR_FLAG_C);
        cr_assert_eq(budget - f->s->env.budget, (int32_t)(3 * rounds));
    }
    teardown(f);
}

Test(loops, a_fault_finds_the_flags_of_the_round_before)
{
    struct fixture x, *f = setup(&x, false);
    struct backend_code a = loop(f);
    for (uint32_t good = 0; good < 4; good++) { /* rounds before the fault */
        loop_start(f, 0x80000001, PAGE_FAULT - 4 * (good + 1));
        int32_t budget = f->s->env.budget;
        cr_assert_eq(backend_run(f->be, &f->s->env, a.entry), IR_EXIT_LOOKUP);
        cr_assert_eq(f->s->env.pc, FAULT_PC);
        cr_assert_eq(f->s->r[0], good + 1);
        cr_assert_eq(f->s->r[2], 0x80000001 - good);
        cr_assert_eq(nzcv(f->s), good == 0   ? IR_NZCV
                                 : good == 1 ? IR_FLAG_N | IR_FLAG_C
                                 : good == 2 ? IR_FLAG_C | IR_FLAG_V
                                             : IR_FLAG_C,
                     "round %u: %x", good, nzcv(f->s));
        cr_assert_eq(budget - f->s->env.budget, (int32_t)(3 * good + 1));
    }
    teardown(f);
}

Test(loops, the_budget_ends_them_with_flags)
{
    struct fixture x, *f = setup(&x, false);
    struct backend_code a = loop(f);
    loop_start(f, 100, MEM_BASE);
    f->s->env.budget = 3 * 7 + 2;
    f->s->env.exit_request = 1;
    cr_assert_eq(backend_run(f->be, &f->s->env, a.entry), IR_EXIT_BUDGET);
    cr_assert_eq(f->s->env.pc, PAGE + 0x10);
    cr_assert_eq(f->s->r[0], 7);
    cr_assert_eq(f->s->env.budget, 2);
    cr_assert_eq(nzcv(f->s), IR_FLAG_C);
    teardown(f);
}

Test(loops, unchained_back_edges_store_the_flags)
{
    struct fixture x, *f = setup(&x, false);
    struct backend_code a = loop(f);
    for (unsigned i = 0; i < a.exit_count; i++)
        backend_unchain(f->be, a.exits[i].site);
    loop_start(f, 0x80000000, MEM_BASE);
    cr_assert_eq(backend_run(f->be, &f->s->env, a.entry), IR_EXIT_CHAIN);
    cr_assert_eq(f->s->env.pc, PAGE + 0x10);
    cr_assert_eq(nzcv(f->s), IR_FLAG_C | IR_FLAG_V);
    backend_chain(f->be, f->s->env.exit_site, a.entry);
    f->s->r[2] = 3;
    cr_assert_eq(backend_run(f->be, &f->s->env, a.entry), IR_EXIT_CHAIN,
                 "the second copy's is another");
    cr_assert_eq(f->s->r[2], 1);
    cr_assert_eq(nzcv(f->s), IR_FLAG_C);
    teardown(f);
}

/* An exit in the middle gives the instructions behind it back. */
Test(exits, in_the_middle)
{
    for (unsigned taken = 0; taken < 2; taken++) {
        struct fixture x, *f = setup(&x, false);
        struct ir_block *b = block(f, 0x10, 0);
        unsigned on = ir_label_new(b);
        ir_insn(b, 1);
        ir_op2f(b, IR_OP_sub, ir_get(b, SLOT_R0), ir_i32(b, 5), IR_NZCV);
        ir_brcc(b, IR_CC_NE, on);
        ir_exitd(b, 0x100, 0);
        ir_label(b, on);
        ir_insn(b, 2);
        ir_ld(b, IR_I32, ir_get(b, SLOT_R0 + 3), 2);
        ir_insn(b, 3);
        ir_set(b, SLOT_R0, ir_i32(b, 77));
        ir_exitd(b, 0x200, 0);
        b->insn_count = 3;
        struct backend_code a = test_compile(f->be, b);
        loop_start(f, 0, taken ? MEM_BASE : PAGE_FAULT);
        f->s->r[0] = taken ? 5 : 4;
        int32_t budget = f->s->env.budget;
        enum ir_exit reason = backend_run(f->be, &f->s->env, a.entry);
        cr_assert_eq(reason, taken ? IR_EXIT_CHAIN : IR_EXIT_LOOKUP);
        cr_assert_eq(f->s->env.pc, taken ? PAGE + 0x100 : FAULT_PC);
        cr_assert_eq(budget - f->s->env.budget, 1);
        cr_assert_eq(nzcv(f->s), taken ? IR_FLAG_Z | IR_FLAG_C : IR_FLAG_N);
        teardown(f);
    }
}
