/*
 * Random blocks: compiled code against the interpreter, all of the state compared.
 *
 * BACKEND_SEED=0x...: only the block of that seed. BACKEND_BLOCKS=n: n times as many.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "backend/x86_64/hostfeat.h"
#include "harness.h"
#include "util/arena.h"

struct options {
    uint64_t seed;
    unsigned blocks;
    bool no_chain, always_slow, hook, loop, floats;
    uint32_t features_mask;
};

struct run {
    struct backend *be;
    struct ir_callbacks callbacks;
    struct state *start, *jit, *ref;
    uint8_t *marks[RANDOM_MARK_PLACES]; /* RANDOM_MARKS each */
};

static void show(struct run *r, const struct ir_block *b, const struct backend_code *code)
{
    for (uint32_t i = 0; i < b->count; i++) {
        const struct ir_op *op = &b->ops[i];
        fprintf(stderr, "%4u %s t%u fw%x aux%u (%d %d %d %d) imm %#llx\n", i,
                ir_op_info[op->opcode].name, op->type, op->fw, op->aux, op->arg[0], op->arg[1],
                op->arg[2], op->arg[3], (unsigned long long)op->imm);
    }
    backend_disassemble(r->be, code, stderr);
}

/* Has the block been left for its own start? */
static bool is_again(const struct run *r, const struct state *s, const struct ir_block *b,
                     enum ir_exit exit)
{
    return exit == IR_EXIT_LOOKUP && s->env.page_base == r->start->env.page_base &&
           s->env.pc == s->env.page_base + b->page_offset && s->lane == b->lane;
}

static void marks_new(struct run *r)
{
    for (unsigned k = 0; k < RANDOM_MARK_PLACES; k++) {
        r->marks[k] = mmap(NULL, RANDOM_MARKS, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | (k ? MAP_32BIT : 0), -1, 0);
        cr_assert(r->marks[k] != MAP_FAILED);
    }
}

/* The marks go to @to, and are clear. */
static void marks_take(struct run *r, uint8_t to[RANDOM_MARK_PLACES][RANDOM_MARKS])
{
    for (unsigned k = 0; k < RANDOM_MARK_PLACES; k++) {
        memcpy(to[k], r->marks[k], RANDOM_MARKS);
        memset(r->marks[k], 0, RANDOM_MARKS);
    }
}

/* Run the block for as long as it is left for its own start, and there is budget. */
static enum ir_exit interpret(struct run *r, const struct ir_block *b)
{
    for (;;) {
        enum ir_exit exit = ir_interp_run(b, &r->ref->env, &r->callbacks);
        if (!is_again(r, r->ref, b, exit))
            return exit;
    }
}

/* The same with its code, some of whose exits lead back without us. */
static enum ir_exit execute(struct run *r, const struct ir_block *b,
                            const struct backend_code *code)
{
    for (;;) {
        enum ir_exit exit = backend_run(r->be, &r->jit->env, code->entry);
        if (!is_again(r, r->jit, b, exit))
            return exit;
    }
}

/* Let the exits of a loop to its own start lead there. */
static void close_loop(struct run *r, const struct ir_block *b, const struct backend_code *code)
{
    for (unsigned k = 0; k < code->exit_count; k++)
        if (code->exits[k].page_offset == (int64_t)b->page_offset)
            backend_chain(r->be, code->exits[k].site, code->entry);
}

static bool one_block(struct run *r, const struct ir_block *b, uint64_t seed, bool loop)
{
    char text[256] = "exit reasons or marks differ";
    uint8_t jit_marks[RANDOM_MARK_PLACES][RANDOM_MARKS];
    uint8_t ref_marks[RANDOM_MARK_PLACES][RANDOM_MARKS];
    struct backend_code code = test_compile(r->be, b);
    if (loop) {
        close_loop(r, b, &code);
        r->start->env.budget = r->start->env.slice = (int32_t)(b->insn_count * (seed >> 8 & 7));
        r->start->env.refill = 0;
    }
    state_copy(r->jit, r->start);
    state_copy(r->ref, r->start);
    enum ir_exit x = loop ? execute(r, b, &code) : backend_run(r->be, &r->jit->env, code.entry);
    marks_take(r, jit_marks);
    enum ir_exit y = loop ? interpret(r, b) : ir_interp_run(b, &r->ref->env, &r->callbacks);
    marks_take(r, ref_marks);
    if (x == IR_EXIT_CHAIN)
        x = IR_EXIT_LOOKUP;
    bool same = x == y && !memcmp(jit_marks, ref_marks, sizeof(jit_marks));
    if (same && state_equal(r->jit, r->ref, text, sizeof(text)))
        return true;
    fprintf(stderr, "block of seed %#llx: %s (exits %d, %d)\n", (unsigned long long)seed, text, x,
            y);
    show(r, b, &code);
    return false;
}

/* All helpers by one function, as the lockstep checker has it. */
static uint64_t hook(struct ir_env *env, uint32_t id, uint64_t a0, uint64_t a1, uint64_t a2,
                     uint64_t a3)
{
    return test_target.helpers[id].fn(env, a0, a1, a2, a3) ^ id;
}

static void many_blocks(struct options o)
{
    struct arena arena = {0};
    struct run r = {.callbacks = test_callbacks,
                    .start = state_new(1),
                    .jit = state_new(1),
                    .ref = state_new(1)};
    if (o.hook)
        r.callbacks.helper = hook;
    struct backend_config config = {.target = &test_target,
                                    .callbacks = r.callbacks,
                                    .cache_size = 4 << 20,
                                    .region_count = 4,
                                    .no_chain = o.no_chain,
                                    .always_slow = o.always_slow,
                                    .host_features_mask = o.features_mask};
    r.be = backend_new(&config, NULL);
    cr_assert(r.be);
    marks_new(&r);
    if (o.always_slow) /* the interpreter has no such switch: empty tables are as good */
        state_unmap(r.ref);
    bool ok = true;
    const char *one = getenv("BACKEND_SEED"), *factor = getenv("BACKEND_BLOCKS");
    if (factor)
        o.blocks *= (unsigned)atoi(factor);
    for (unsigned n = 0; ok && n < o.blocks; n++) {
        uint64_t rng = one ? strtoull(one, NULL, 0) : o.seed + n * 0x1000001ull;
        uint64_t block_seed = rng;
        struct ir_block b;
        arena_reset(&arena);
        ir_block_init(&b, &test_target, &arena);
        random_block(&b, &rng, o.loop, o.floats, r.marks);
        struct state *fresh = state_new(rng);
        state_copy(r.start, fresh);
        if (random_nearest(block_seed))
            r.start->env.fp_rounding = 0;
        r.start->log_all = o.always_slow;
        r.start->env.tables = r.start->tables[0];
        state_free(fresh);
        r.start->lane = (uint8_t)b.lane;
        ok = one_block(&r, &b, block_seed, o.loop && !o.no_chain);
    }
    state_free(r.start);
    state_free(r.jit);
    state_free(r.ref);
    for (unsigned k = 0; k < RANDOM_MARK_PLACES; k++)
        munmap(r.marks[k], RANDOM_MARKS);
    backend_free(r.be);
    arena_free(&arena);
    cr_assert(ok);
}

Test(random, unchained)
{
    many_blocks((struct options){.seed = 0x1111, .blocks = 20000, .no_chain = true});
}

Test(random, chained)
{
    many_blocks((struct options){.seed = 0x2222, .blocks = 20000});
}

Test(random, always_slow)
{
    many_blocks(
        (struct options){.seed = 0x3333, .blocks = 10000, .no_chain = true, .always_slow = true});
}

Test(random, hooked_helpers)
{
    many_blocks((struct options){.seed = 0x6666, .blocks = 10000, .no_chain = true, .hook = true});
}

Test(random, no_bmi)
{
    many_blocks(
        (struct options){.seed = 0x4444, .blocks = 10000, .features_mask = HOST_BMI1 | HOST_BMI2});
}

Test(random, no_features)
{
    many_blocks((struct options){.seed = 0x5555, .blocks = 10000, .features_mask = ~0u});
}

Test(random, loops)
{
    many_blocks((struct options){.seed = 0x7777, .blocks = 30000, .loop = true});
}

Test(random, loops_no_features)
{
    many_blocks(
        (struct options){.seed = 0x8888, .blocks = 10000, .loop = true, .features_mask = ~0u});
}

Test(random, loops_unchained)
{
    many_blocks((struct options){
        .seed = 0x9999, .blocks = 10000, .loop = true, .no_chain = true, .always_slow = true});
}

/* Values in XMM registers from round to round, of all kinds: NaNs, denormals, what the modes
 * flush. */
Test(random, loops_of_floats)
{
    many_blocks((struct options){.seed = 0xaaaa, .blocks = 20000, .loop = true, .floats = true});
}

Test(random, loops_of_floats_no_features)
{
    many_blocks((struct options){
        .seed = 0xbbbb, .blocks = 10000, .loop = true, .floats = true, .features_mask = ~0u});
}

Test(random, loops_of_floats_no_avx2)
{
    many_blocks((struct options){.seed = 0xcccc,
                                 .blocks = 10000,
                                 .loop = true,
                                 .floats = true,
                                 .features_mask = HOST_AVX2 | HOST_FMA});
}

Test(random, floats)
{
    many_blocks((struct options){.seed = 0xdddd, .blocks = 20000, .floats = true});
}
