/* Random blocks do the same with and without the optimiser, and survive the text form. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "ir/eval.h"
#include "tests/ir/fixture.h"

enum { BLOCKS = 20000, OPS_MAX = 70, POOL_MAX = 256, LABELS_MAX = 6 };

struct generator {
    struct ir_block *b;
    uint64_t state;
    bool folding; /* build with the builder's folding, else raw ops */
    int32_t pool[2][POOL_MAX]; /* live values: i32, i64 */
    unsigned pooled[2];
    unsigned open[LABELS_MAX], open_count; /* labels that are not placed yet */
};

static uint32_t draw(struct generator *g, uint32_t n)
{
    g->state = g->state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((g->state >> 33) % n);
}

static uint64_t draw_imm(struct generator *g)
{
    static const uint64_t edges[] = {0, 1, 2, 4, 0xff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff,
                                     0xfffffff8, UINT64_MAX, 1ull << 63, 0x100};
    uint32_t i = draw(g, 2 * ARRAY_SIZE(edges));
    return i < ARRAY_SIZE(edges) ? edges[i] : (uint64_t)draw(g, 1u << 31) << 31 ^ draw(g, 1u << 31);
}

static void keep(struct generator *g, int32_t v)
{
    unsigned wide = ir_op_result_type(&g->b->ops[v]) == IR_I64;
    if (g->pooled[wide] < POOL_MAX)
        g->pool[wide][g->pooled[wide]++] = v;
}

/* A live value, mostly a recent one. */
static int32_t pick(struct generator *g, enum ir_type type)
{
    unsigned wide = type == IR_I64;
    if (!g->pooled[wide] || !draw(g, 8))
        keep(g, ir_const(g->b, type, draw_imm(g)));
    unsigned n = g->pooled[wide];
    unsigned recent = n > 6 && draw(g, 3) ? 6 : n;
    return g->pool[wide][n - 1 - draw(g, recent)];
}

static int32_t emit(struct generator *g, struct ir_op *op)
{
    struct ir_block *b = g->b;
    unsigned n = ir_op_info[op->opcode].nargs;
    if (g->folding && n == 1 && !ir_bits_width(op))
        return ir_op1f(b, op->opcode, op->arg[0], op->fw);
    if (g->folding && n == 2 && !op->imm)
        return ir_op2f(b, op->opcode, op->arg[0], op->arg[1], op->fw);
    int32_t v = ir_emit(b, op->opcode, op->type, op->arg[0], op->arg[1], op->arg[2], op->imm);
    b->ops[v].fw = op->fw;
    return v;
}

static void random_pure(struct generator *g)
{
    static const uint8_t ops[] = {
#define X(name) IR_OP_##name,
        IR_EVAL_OPS(X) IR_OP_adc, IR_OP_sbc, IR_OP_rrx, IR_OP_add, IR_OP_sub,
#undef X
    };
    struct ir_op op = {.opcode = ops[draw(g, ARRAY_SIZE(ops))], .arg = {-1, -1, -1, -1}};
    const struct ir_op_info *info = &ir_op_info[op.opcode];
    bool carry = op.opcode == IR_OP_adc || op.opcode == IR_OP_sbc;
    op.type = info->result == 'q' || (strchr(info->argtypes, 't') && !carry && draw(g, 3) == 0)
                  ? IR_I64 : IR_I32;
    for (unsigned i = 0; i < info->nargs; i++)
        op.arg[i] = pick(g, ir_op_arg_type(g->b, &op, i));
    if (draw(g, 2))
        op.fw = (uint8_t)(draw(g, 3) ? info->flags : info->flags & draw(g, 16));
    if (op.fw && op.opcode >= IR_OP_shl && op.opcode <= IR_OP_ror)
        op.arg[1] = ir_i32(g->b, 1 + draw(g, ir_op_width(&op) - 1));
    if (op.opcode == IR_OP_ubfx || op.opcode == IR_OP_sbfx || op.opcode == IR_OP_bfi) {
        unsigned lsb = draw(g, 32);
        op.imm = lsb | (1 + draw(g, 32 - lsb)) << 8;
    }
    if (op.opcode == IR_OP_index)
        op.imm = 1 + draw(g, 3);
    keep(g, emit(g, &op));
}

static unsigned random_slot(struct generator *g)
{
    unsigned slot = draw(g, guest_target.carried);
    return slot == guest_target.lane_slot ? 0 : slot;
}

static void random_get(struct generator *g)
{
    keep(g, ir_get(g->b, random_slot(g)));
}

static void random_set(struct generator *g)
{
    unsigned slot = random_slot(g);
    ir_set(g->b, slot, pick(g, ir_slot_value_type(&guest_target.slots[slot])));
}

static void random_flags(struct generator *g)
{
    switch (draw(g, 6)) {
    case 0: ir_setc(g->b, pick(g, IR_I32)); break;
    case 1: ir_setv(g->b, pick(g, IR_I32)); break;
    case 2: ir_setnzcv(g->b, pick(g, IR_I32)); break;
    case 3: keep(g, ir_getnzcv(g->b)); break;
    case 4: keep(g, ir_cond(g->b, draw(g, 15))); break;
    default: keep(g, ir_selcc(g->b, draw(g, 15), pick(g, IR_I32), pick(g, IR_I32))); break;
    }
}

static void random_memory(struct generator *g)
{
    enum ir_type type = draw(g, 4) ? IR_I32 : IR_I64;
    unsigned memop = draw(g, type == IR_I64 ? 4 : 3) | (draw(g, 2) ? IR_MEM_SIGNED : 0);
    if (draw(g, 2))
        keep(g, ir_ld(g->b, type, pick(g, IR_I32), memop));
    else
        ir_st(g->b, pick(g, IR_I32), pick(g, type), memop & IR_MEM_SIZE_MASK);
}

static void random_call(struct generator *g)
{
    int32_t a = pick(g, IR_I32);
    switch (draw(g, 5)) {
    case 0: keep(g, ir_call(g->b, 0, a, pick(g, IR_I64), a, pick(g, IR_I32))); break;
    case 1: keep(g, ir_call(g->b, 1, a, pick(g, IR_I64), IR_NONE, IR_NONE)); break;
    case 2: keep(g, ir_call(g->b, 2, a, IR_NONE, IR_NONE, IR_NONE)); break;
    case 3: ir_call(g->b, 3, a, IR_NONE, IR_NONE, IR_NONE); break;
    default: ir_call(g->b, 4, a, IR_NONE, IR_NONE, IR_NONE); break;
    }
}

static void random_branch(struct generator *g)
{
    if (g->open_count == LABELS_MAX)
        return;
    unsigned label = g->open_count && !draw(g, 3) ? g->open[draw(g, g->open_count)]
                                                  : (g->open[g->open_count++] = ir_label_new(g->b));
    switch (draw(g, 3)) {
    case 0: ir_brnz(g->b, pick(g, IR_I32), label); break;
    case 1: ir_brz(g->b, pick(g, IR_I32), label); break;
    default: ir_brcc(g->b, draw(g, 15), label); break;
    }
}

static void random_exit(struct generator *g)
{
    switch (draw(g, 4)) {
    case 0: ir_exiti(g->b, pick(g, IR_I32), IR_LANE_BIT0); break;
    case 1: ir_exitdyn(g->b, pick(g, IR_I32)); break;
    case 2: ir_exitengine(g->b, pick(g, IR_I32), IR_EXIT_HALT); break;
    default: ir_exitd(g->b, draw(g, 100), 0); break;
    }
}

/* Place an open label, sometimes behind an exit. Values die; constants live on. */
static void random_label(struct generator *g)
{
    if (!g->open_count)
        return;
    unsigned i = draw(g, g->open_count);
    if (!draw(g, 4))
        random_exit(g);
    ir_label(g->b, g->open[i]);
    g->open[i] = g->open[--g->open_count];
    for (unsigned wide = 0; wide < 2; wide++) {
        unsigned n = 0;
        for (unsigned k = 0; k < g->pooled[wide]; k++)
            if (g->b->ops[g->pool[wide][k]].opcode == IR_OP_const)
                g->pool[wide][n++] = g->pool[wide][k];
        g->pooled[wide] = n;
    }
}

/* A branch around an exit: values live on. */
static void random_side_exit(struct generator *g)
{
    unsigned label = ir_label_new(g->b);
    if (draw(g, 2))
        ir_brcc(g->b, draw(g, IR_CC_AL), label);
    else
        ir_brnz(g->b, pick(g, IR_I32), label);
    ir_exitd(g->b, draw(g, 100), 0);
    ir_label(g->b, label);
}

static void random_insn(struct generator *g)
{
    ir_insn(g->b, draw(g, 1000));
}

static void generate(struct generator *g)
{
    static void (*const kinds[])(struct generator *g) = {
        random_pure, random_pure, random_pure, random_pure, random_get, random_get, random_set,
        random_set, random_set, random_flags, random_flags, random_memory, random_call,
        random_branch, random_label, random_insn, random_side_exit,
    };
    for (unsigned n = 5 + draw(g, OPS_MAX); n; n--)
        kinds[draw(g, ARRAY_SIZE(kinds))](g);
    while (g->open_count)
        random_label(g);
    random_exit(g);
}

static enum ir_exit run(const struct ir_block *b, struct guest *g, uint64_t seed)
{
    guest_init(g, (int32_t)(seed % 64) + (int32_t)b->insn_count);
    for (unsigned i = 0; i < 8; i++)
        g->r[i] *= (uint32_t)(seed >> i);
    for (unsigned i = 0; i < 4; i++)
        g->env.nzcv[i] = seed >> i & 1;
    g->fault_mask = 7;
    g->fault_value = seed % 3 ? 0 : 5;
    return ir_interp_run(b, &g->env, &guest_callbacks);
}

/* Run both blocks from several states; false where they differ. */
static bool same_meaning(const struct ir_block *a, const struct ir_block *b)
{
    static struct guest x, y;
    for (uint64_t seed = 1; seed < 1u << 20; seed = seed * 7 + 3)
        if (run(a, &x, seed) != run(b, &y, seed) || memcmp(&x, &y, sizeof(x)))
            return false;
    return true;
}

static void check_block(uint64_t seed, struct arena *arena, uint64_t *before, uint64_t *after)
{
    struct ir_block original, optimised, parsed;
    struct error e = {0};
    struct generator g = {.b = &original, .state = seed * 0x9e3779b97f4a7c15u, .folding = seed & 1};
    ir_block_init(&original, &guest_target, arena);
    generate(&g);
    char *text = block_text(&original);
    cr_assert(ir_verify(&original, &e), "seed %u: %s\n%s", (unsigned)seed, e.text, text);
    block_parse(&parsed, arena, text);
    char *again = block_text(&parsed);
    cr_assert_str_eq(again, text);
    optimised = parsed;
    ir_optimise(&optimised);
    cr_assert(ir_verify(&optimised, &e), "seed %u: %s\n%s", (unsigned)seed, e.text, text);
    *before += original.count;
    *after += optimised.count;
    if (!same_meaning(&original, &optimised)) {
        char *out = block_text(&optimised);
        cr_assert_fail("seed %u\n%s\nbecame\n%s", (unsigned)seed, text, out);
    }
    free(text);
    free(again);
}

Test(ir_random, optimised_blocks_do_the_same, .timeout = 120)
{
    struct arena arena = {0};
    uint64_t before = 0, after = 0;
    for (uint64_t seed = 1; seed <= BLOCKS; seed++) {
        check_block(seed, &arena, &before, &after);
        arena_reset(&arena);
    }
    cr_assert_lt(after, before * 4 / 5, "the optimiser has become idle: %u ops of %u left",
                 (unsigned)after, (unsigned)before);
    arena_free(&arena);
}
