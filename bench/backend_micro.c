/*
 * Speed of the code generator: nanoseconds per pass of typical op sequences in a chained loop, and
 * microseconds of compilation per block.
 *
 *   backend_micro [-v]     -v prints the host code of each sequence
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "backend/backend.h"
#include "util/arena.h"

enum { TABLE = 8 << 20, CODE_PAGE = 0x8000, DATA_PAGE = 0x10000, INSNS = 100000000 };

struct state {
    struct ir_env env;
    uint32_t r[16];
    uint8_t lane;
};

enum { SP = 13, LR = 14, LANE = 16 };

#define R(n, p)                                              \
    {                                                        \
        "r" #n, IR_I32, p, offsetof(struct state, r) + 4 * n \
    }
static const struct ir_slot slots[] = {
    R(0, 1),
    R(1, 2),
    R(2, 3),
    R(3, 4),
    R(4, 5),
    R(5, 7),
    R(6, 8),
    R(7, 9),
    R(8, 0),
    R(9, 0),
    R(10, 0),
    R(11, 0),
    R(12, 0),
    R(13, 6),
    R(14, 10),
    R(15, 0),
    {"lane", IR_I8, 0, offsetof(struct state, lane)},
};

static uint64_t help(struct ir_env *env, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    return a + b;
}

static const struct ir_helper helpers[] = {
    {"pure", help, 2, IR_I32, IR_HELPER_PURE},
    {"raises", help, 2, IR_I32, IR_HELPER_RAISES | IR_HELPER_READS | IR_HELPER_WRITES},
};

static uint64_t slow_load(struct ir_env *env, uint64_t addr, uint32_t memop)
{
    return addr;
}

static void slow_store(struct ir_env *env, uint64_t addr, uint64_t value, uint32_t memop)
{
}

static const struct ir_target target = {
    .name = "bench",
    .state_size = sizeof(struct state),
    .slots = slots,
    .slot_count = 17,
    .helpers = helpers,
    .helper_count = 2,
    .address_type = IR_I32,
    .lane_slot = LANE,
    .granule = {2, 1},
    .memory = {32, 12, 0, TABLE, {2 * TABLE, 3 * TABLE}},
};

/* ---- sequences: each emits the body of a loop, --------------------------- */

static void set(struct ir_block *b, unsigned slot, int32_t v)
{
    ir_set(b, slot, v);
}

static int32_t reg(struct ir_block *b, unsigned n)
{
    return ir_get(b, n);
}

static void seq_empty(struct ir_block *b)
{
    ir_insn(b, 0);
}

static void seq_alu(struct ir_block *b)
{
    for (unsigned k = 0; k < 4; k++) {
        ir_insn(b, k);
        set(b, 0, ir_op2(b, IR_OP_add, reg(b, 0), reg(b, 1)));
        ir_insn(b, k);
        set(b, 2, ir_op2(b, IR_OP_xor, reg(b, 3), ir_op2i(b, IR_OP_shl, reg(b, 0), 3)));
    }
}

static void seq_alu_unpinned(struct ir_block *b)
{
    for (unsigned k = 0; k < 4; k++) {
        ir_insn(b, k);
        set(b, 8, ir_op2(b, IR_OP_add, reg(b, 8), reg(b, 9)));
        ir_insn(b, k);
        set(b, 10, ir_op2(b, IR_OP_xor, reg(b, 11), reg(b, 8)));
    }
}

static void seq_cmp_branch(struct ir_block *b)
{
    unsigned label = ir_label_new(b);
    ir_insn(b, 0);
    ir_op2f(b, IR_OP_sub, reg(b, 0), reg(b, 1), IR_NZCV);
    ir_insn(b, 1);
    ir_brcc(b, IR_CC_GT, label);
    set(b, 2, ir_op2i(b, IR_OP_add, reg(b, 2), 1));
    ir_label(b, label);
}

static void seq_load(struct ir_block *b)
{
    for (unsigned k = 0; k < 4; k++) {
        ir_insn(b, k);
        set(b, 4 + k, ir_ld(b, IR_I32, ir_op2i(b, IR_OP_add, reg(b, SP), 4 * k), 2));
    }
}

static void seq_chase(struct ir_block *b)
{
    ir_insn(b, 0);
    set(b, 3, ir_ld(b, IR_I32, reg(b, 3), 2));
}

static void seq_store(struct ir_block *b)
{
    for (unsigned k = 0; k < 4; k++) {
        ir_insn(b, k);
        ir_st(b, ir_op2i(b, IR_OP_add, reg(b, SP), 4 * k), reg(b, 4 + k), 2);
    }
}

static void group(struct ir_block *b, bool write, unsigned n)
{
    int32_t a = write ? ir_op2i(b, IR_OP_sub, reg(b, SP), 4 * n) : reg(b, SP);
    ir_insn(b, 0);
    ir_memgroup(b, a, 4 * n, write);
    for (unsigned k = 0; k < n; k++) {
        int32_t p = ir_op2i(b, IR_OP_add, a, 4 * k);
        if (write)
            ir_st(b, p, reg(b, 4 + k), 2 | IR_MEM_GROUP | IR_MEM_ALIGN(2));
        else
            set(b, 4 + k, ir_ld(b, IR_I32, p, 2 | IR_MEM_GROUP | IR_MEM_ALIGN(2)));
    }
    ir_memgroupend(b);
    set(b, SP, write ? a : ir_op2i(b, IR_OP_add, a, 4 * n));
}

static void seq_push_pop(struct ir_block *b)
{
    group(b, true, 4);
    group(b, false, 4);
}

static void seq_slow_load(struct ir_block *b)
{
    ir_insn(b, 0);
    set(b, 0, ir_ld(b, IR_I32, ir_i32(b, 0x40000), 2));
}

static void seq_pure_call(struct ir_block *b)
{
    ir_insn(b, 0);
    set(b, 0, ir_call(b, 0, reg(b, 0), reg(b, 1), IR_NONE, IR_NONE));
}

static void seq_raising_call(struct ir_block *b)
{
    ir_insn(b, 0);
    set(b, 0, ir_call(b, 1, reg(b, 0), reg(b, 1), IR_NONE, IR_NONE));
}

static void seq_typical(struct ir_block *b)
{
    seq_alu(b);
    ir_insn(b, 9);
    set(b, 4, ir_ld(b, IR_I32, ir_op2i(b, IR_OP_add, reg(b, SP), 8), 2));
    ir_insn(b, 10);
    ir_op2f(b, IR_OP_sub, reg(b, 0), reg(b, 1), IR_NZCV);
}

enum loop_end { CHAINED, CROSS_PAGE, INDIRECT };
struct sequence {
    const char *name;
    void (*emit)(struct ir_block *b);
    enum loop_end end;
};
static const struct sequence sequences[] = {
    {"empty loop (budget, chained jump)", seq_empty, CHAINED},
    {"empty loop, jump by exec table", seq_empty, CROSS_PAGE},
    {"empty loop, indirect with lane", seq_empty, INDIRECT},
    {"8 alu ops, pinned", seq_alu, CHAINED},
    {"8 alu ops, memory slots", seq_alu_unpinned, CHAINED},
    {"cmp + conditional add", seq_cmp_branch, CHAINED},
    {"4 loads", seq_load, CHAINED},
    {"1 dependent load", seq_chase, CHAINED},
    {"4 stores", seq_store, CHAINED},
    {"push 4 + pop 4", seq_push_pop, CHAINED},
    {"slow load", seq_slow_load, CHAINED},
    {"pure helper", seq_pure_call, CHAINED},
    {"raising helper", seq_raising_call, CHAINED},
    {"typical: 8 alu, ldr, cmp", seq_typical, CHAINED},
};

/* ---- measuring
 * ------------------------------------------------------------------------------------------- */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void count_insns(struct ir_block *b)
{
    b->insn_count = 0;
    for (uint32_t k = 0; k < b->count; k++)
        b->insn_count += b->ops[k].opcode == IR_OP_insn;
}

static void build(struct ir_block *b, struct arena *arena, const struct sequence *s)
{
    arena_reset(arena);
    ir_block_init(b, &target, arena);
    s->emit(b);
    if (s->end == CHAINED)
        ir_exitd(b, 0, 0);
    else if (s->end == CROSS_PAGE)
        ir_exitd(b, 0x1000, 0);
    else
        ir_exiti(b, reg(b, LR), IR_LANE_BIT0);
    count_insns(b);
}

static uint32_t entries[1024];

static void map(uint8_t *tables, uint8_t *data)
{
    uint64_t entry = (uintptr_t)data - DATA_PAGE, exec = (uintptr_t)entries;
    memcpy(tables + (DATA_PAGE >> 12) * 8, &entry, 8);
    memcpy(tables + TABLE + (DATA_PAGE >> 12) * 8, &entry, 8);
    for (uint32_t page = 0; page < 1u << 20; page++) /* every page is the same code */
        memcpy(tables + 2 * TABLE + page * 8, &exec, 8);
}

static double run(struct backend *be, struct state *s, const struct backend_code *code)
{
    for (unsigned k = 0; k < 16; k++)
        s->r[k] = k;
    s->r[3] = DATA_PAGE;
    s->r[SP] = DATA_PAGE + 64;
    s->r[LR] = CODE_PAGE;
    s->env.page_base = CODE_PAGE;
    s->env.icount = 0;
    s->env.refill = 0;
    s->env.budget = s->env.slice = INSNS;
    double start = now();
    enum ir_exit reason = backend_run(be, &s->env, code->entry);
    if (reason != IR_EXIT_BUDGET)
        fprintf(stderr, "unexpected exit %d at %#" PRIx64 "\n", reason, s->env.pc);
    return now() - start;
}

static void measure(struct backend *be, struct state *s, const struct sequence *q, bool verbose)
{
    struct arena arena = {0};
    struct ir_block b;
    struct backend_code code;
    build(&b, &arena, q);
    double start = now();
    unsigned compiles = 0;
    while (compiles < 20000) {
        if (backend_compile(be, &b, &code))
            compiles++;
        else
            backend_next_region(be);
    }
    double compile = (now() - start) / compiles;
    if (code.exit_count)
        backend_chain(be, code.exits[0].site, code.entry);
    entries[0] = code.entry;
    double best = 1e30;
    for (unsigned k = 0; k < 3; k++) {
        double t = run(be, s, &code);
        best = t < best ? t : best;
    }
    double passes = (double)INSNS / b.insn_count;
    printf("%-36s %7.2f ns/pass %6.2f ns/insn %5.2f us/compile %4u bytes %3u ops\n", q->name,
           best / passes, best / INSNS, compile / 1e3, code.end - code.start, b.count);
    if (verbose)
        backend_disassemble(be, &code, stdout);
    arena_free(&arena);
}

int main(int argc, char **argv)
{
    bool verbose = argc > 1 && !strcmp(argv[1], "-v");
    struct backend_config config = {.target = &target,
                                    .callbacks = {slow_load, slow_store, NULL},
                                    .cache_size = 16 << 20,
                                    .region_count = 4};
    struct error e;
    struct backend *be = backend_new(&config, &e);
    if (!be) {
        fprintf(stderr, "%s\n", e.text);
        return 1;
    }
    struct state *s = aligned_alloc(64, (sizeof(*s) + 63) / 64 * 64);
    memset(s, 0, sizeof(*s));
    static uint8_t data[4096] __attribute__((aligned(4096)));
    uint32_t self = DATA_PAGE;
    memcpy(data, &self, 4);
    s->env.tables = mmap(NULL, 4ul * TABLE, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    map(s->env.tables, data);
    for (unsigned k = 0; k < sizeof(sequences) / sizeof(sequences[0]); k++)
        measure(be, s, &sequences[k], verbose);
    backend_free(be);
    free(s);
    return 0;
}
