/* Each value op by itself, with boundary values and every placement of operands and result:
 * compiled code against the interpreter. */
#include <criterion/criterion.h>

#include "backend/x86_64/hostfeat.h"
#include "harness.h"
#include "util/arena.h"

static const uint64_t edges[] = {0,
                                 1,
                                 0x80,
                                 0x7fff,
                                 0x7fffffff,
                                 0x80000000,
                                 0xffffffff,
                                 0x7fffffffffffffff,
                                 0x8000000000000000,
                                 0xffffffffffffffff,
                                 0x123456789abcdef0};
enum { EDGES = 11 };

/* Where an operand comes from, or a result goes. */
enum place { PINNED, PINNED_2, UNPINNED, CONSTANT, PLACES };

struct fixture {
    struct arena arena;
    struct backend *be;
    struct state *start, *jit, *ref;
};

static unsigned slot_of(enum place p, bool wide)
{
    if (wide)
        return p == PINNED ? SLOT_Q0 : SLOT_Q1;
    return p == PINNED ? 0 : p == PINNED_2 ? 6 : 12;
}

static int32_t operand(struct ir_block *b, enum place p, enum ir_type type, uint64_t v)
{
    if (type == IR_I32)
        v = (uint32_t)v;
    if (p == CONSTANT)
        return ir_const(b, type, v);
    unsigned slot = slot_of(p, type == IR_I64);
    ir_set(b, slot, ir_const(b, type, v));
    return ir_get(b, slot);
}

static void run(struct fixture *f, struct ir_block *b, const struct ir_op *op)
{
    char text[128] = "";
    struct backend_code code = test_compile(f->be, b);
    state_copy(f->jit, f->start);
    state_copy(f->ref, f->start);
    enum ir_exit x = backend_run(f->be, &f->jit->env, code.entry);
    enum ir_exit y = ir_interp_run(b, &f->ref->env, &test_callbacks);
    bool same = state_equal(f->jit, f->ref, text, sizeof(text));
    if (!same || x != y)
        backend_disassemble(f->be, &code, stderr);
    cr_assert(same && x == y, "%s type %u fw %x imm %#lx: %s", ir_op_info[op->opcode].name,
              op->type, op->fw, (unsigned long)op->imm, text);
}

/* One instance: operands @v in places @p, result to place @to (its slot is an operand's, too). */
static void instance(struct fixture *f, struct ir_op op, const uint64_t *v, unsigned places)
{
    const struct ir_op_info *info = &ir_op_info[op.opcode];
    struct ir_block b;
    arena_reset(&f->arena);
    ir_block_init(&b, &test_target, &f->arena);
    ir_insn(&b, 1);
    b.insn_count = 1;
    for (unsigned k = 0; k < info->nargs; k++) {
        enum ir_type type = info->argtypes[k] == 't'   ? op.type
                            : info->argtypes[k] == 'q' ? IR_I64
                                                       : IR_I32;
        op.arg[k] = operand(&b, (enum place)(places >> 2 * k & 3), type, v[k]);
    }
    int32_t r = ir_emit(&b, (enum ir_opcode)op.opcode, (enum ir_type)op.type, op.arg[0], op.arg[1],
                        op.arg[2], op.imm);
    b.ops[r].fw = op.fw;
    b.ops[r].aux = op.aux;
    bool wide = info->result == 'q' || (info->result == 't' && op.type == IR_I64);
    enum place to = (enum place)(places >> 6 & 3);
    if (info->result != 'n' && to != CONSTANT)
        ir_set(&b, slot_of(to, wide), r);
    if (op.fw) { /* a condition right behind */
        unsigned label = ir_label_new(&b);
        ir_brcc(&b, (enum ir_cc)(v[0] % 14), label);
        ir_set(&b, SLOT_B0, ir_i32(&b, 1));
        ir_label(&b, label);
    }
    ir_exitengine(&b, ir_i32(&b, 0), IR_EXIT_YIELD);
    run(f, &b, &op);
}

static void imm_variants(struct fixture *f, struct ir_op op, const uint64_t *v, unsigned places)
{
    static const uint8_t fields[][2] = {{0, 8},  {0, 16}, {0, 32}, {3, 7},
                                        {24, 8}, {31, 1}, {16, 16}};
    bool field = op.opcode == IR_OP_ubfx || op.opcode == IR_OP_sbfx || op.opcode == IR_OP_bfi;
    bool cc = op.opcode == IR_OP_cond || op.opcode == IR_OP_selcc;
    unsigned n = field ? 7 : cc ? 15 : 1;
    for (unsigned k = 0; k < n; k++) {
        if (field)
            op.imm = fields[k][0] | (uint64_t)fields[k][1] << 8;
        op.aux = cc ? (uint8_t)k : 0;
        instance(f, op, v, places);
    }
}

static bool is_shift(unsigned opcode)
{
    return opcode >= IR_OP_shl && opcode <= IR_OP_ror;
}

static void all_values(struct fixture *f, struct ir_op op, unsigned places, uint64_t *rng)
{
    for (unsigned n = 0; n < 24; n++) {
        uint64_t r = rng_next(rng),
                 v[3] = {edges[r % EDGES], edges[(r >> 8) % EDGES], edges[(r >> 16) % EDGES]};
        struct ir_op o = op;
        for (unsigned k = 0; k < 4; k++)
            f->start->env.nzcv[k] = r >> (32 + k) & 1;
        if (is_shift(op.opcode) && (places >> 2 & 3) == CONSTANT)
            v[1] = 1 + (r >> 8) % (op.type == IR_I64 ? 63 : 31);
        else if (is_shift(op.opcode))
            o.fw = 0;
        imm_variants(f, o, v, places);
    }
}

static void all_ops(uint32_t features_mask)
{
    struct fixture f = {.be = test_backend(true, false, features_mask),
                        .start = state_new(3),
                        .jit = state_new(3),
                        .ref = state_new(3)};
    uint64_t rng = 99;
    for (unsigned opcode = IR_OP_add; opcode <= IR_OP_getnzcv; opcode++) {
        const struct ir_op_info *info = &ir_op_info[opcode];
        bool set = opcode >= IR_OP_setc && opcode <= IR_OP_setnzcv;
        bool typed = strchr(info->argtypes, 't') && opcode != IR_OP_adc && opcode != IR_OP_sbc;
        for (unsigned places = 0; places < 256; places++)
            for (unsigned wide = 0; wide <= typed; wide++) {
                struct ir_op op = {.opcode = (uint8_t)opcode, .arg = {-1, -1, -1, -1}};
                op.type = wide                  ? IR_I64
                          : info->result == 'q' ? IR_I64
                          : info->result == 'n' ? IR_VOID
                                                : IR_I32;
                op.fw = set || (rng_next(&rng) & 1) ? info->flags : 0;
                all_values(&f, op, places, &rng);
            }
    }
    state_free(f.start);
    state_free(f.jit);
    state_free(f.ref);
    backend_free(f.be);
    arena_free(&f.arena);
}

Test(ops, values)
{
    all_ops(0);
}

Test(ops, values_without_host_features)
{
    all_ops(~0u);
}

/* More values alive at once than the allocator has lists and registers for. */
Test(ops, many_live_values)
{
    struct fixture f = {.be = test_backend(true, false, 0),
                        .start = state_new(3),
                        .jit = state_new(3),
                        .ref = state_new(3)};
    struct ir_block b;
    int32_t v[110];
    ir_block_init(&b, &test_target, &f.arena);
    ir_insn(&b, 1);
    b.insn_count = 1;
    for (unsigned k = 0; k < 110; k++)
        v[k] = ir_op2i(&b, IR_OP_add, ir_get(&b, k % 14), 1000 * k);
    ir_call(&b, HELPER_WRITES, v[3], v[4], IR_NONE, IR_NONE);
    int32_t sum = ir_get(&b, 0);
    for (unsigned k = 0; k < 110; k++)
        sum = ir_op2(&b, IR_OP_xor, ir_op2i(&b, IR_OP_mul, sum, 31), v[k]);
    ir_set(&b, 0, sum);
    ir_exitengine(&b, ir_i32(&b, 0), IR_EXIT_YIELD);
    run(&f, &b, &b.ops[sum]);
    state_free(f.start);
    state_free(f.jit);
    state_free(f.ref);
    backend_free(f.be);
    arena_free(&f.arena);
}

/* C of a comparison of floats, N and Z of a constant: no condition of the comparison tells both. */
Test(ops, flags_of_two_origins)
{
    struct fixture f = {.be = test_backend(true, false, 0),
                        .start = state_new(3),
                        .jit = state_new(3),
                        .ref = state_new(3)};
    for (unsigned cc = 0; cc < IR_CC_AL; cc++) {
        struct ir_block b;
        arena_reset(&f.arena);
        ir_block_init(&b, &test_target, &f.arena);
        ir_insn(&b, 1);
        b.insn_count = 1;
        int32_t x = ir_emit(&b, IR_OP_const, IR_F64, IR_NONE, IR_NONE, IR_NONE, 0x3ff0000000000000);
        int32_t order = ir_emit(&b, IR_OP_fcmp, IR_F64, x, x, IR_NONE, 0);
        b.ops[ir_emit(&b, IR_OP_setflags, IR_VOID, order, IR_NONE, IR_NONE, 0)].fw = IR_NZCV;
        b.ops[ir_emit(&b, IR_OP_mov, IR_I32, ir_i32(&b, 5), IR_NONE, IR_NONE, 0)].fw = IR_NZ;
        int32_t holds = ir_emit(&b, IR_OP_cond, IR_I32, IR_NONE, IR_NONE, IR_NONE, 0);
        b.ops[holds].aux = (uint8_t)cc;
        ir_set(&b, 10, holds);
        ir_exitengine(&b, ir_i32(&b, 0), IR_EXIT_YIELD);
        run(&f, &b, &b.ops[holds]);
    }
    state_free(f.start);
    state_free(f.jit);
    state_free(f.ref);
    backend_free(f.be);
    arena_free(&f.arena);
}
