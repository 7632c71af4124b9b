/* Vector ops: compiled code against the interpreter. VEC_CASES in the environment sets the number
 * of operands. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "backend/x86_64/hostfeat.h"
#include "harness.h"
#include "tests/fp/values.h"
#include "util/arena.h"

struct fixture {
    struct arena arena;
    struct backend *be;
    struct state *jit, *ref;
    uint64_t seed;
};

/* x0 and x1, or v0 and v2, to x1 or v3. */
static int32_t operand(struct ir_block *b, enum ir_type type, unsigned k)
{
    if (type == IR_I32)
        return ir_get(b, k);
    return ir_get(b, type == IR_V128 ? SLOT_X0 + k : SLOT_V0 + 2 * k);
}

static void build(struct ir_block *b, const struct ir_op *op, bool twice)
{
    const struct ir_op_info *info = &ir_op_info[op->opcode];
    int32_t args[3] = {IR_NONE, IR_NONE, IR_NONE};
    ir_insn(b, 1);
    for (unsigned k = 0; k < info->nargs; k++) {
        char letter = info->argtypes[k];
        enum ir_type type = letter == 'u'   ? IR_V64
                            : letter == 'x' ? IR_V128
                            : letter == 'w' ? IR_I32
                                            : (enum ir_type)op->type;
        args[k] = k && (twice || k == 2) ? args[0] : operand(b, type, k);
    }
    int32_t v = ir_vop(b, (enum ir_opcode)op->opcode, (enum ir_type)op->type, op->aux, args[0],
                       args[1], op->imm);
    b->ops[v].arg[2] = args[2];
    bool wide = b->ops[v].type == IR_V128;
    if (info->result != 'n')
        ir_set(b, wide ? SLOT_X0 + 1 : SLOT_V0 + 3, v);
    ir_exitengine(b, ir_i32(b, 0), IR_EXIT_YIELD);
}

/* A word of interesting elements: floats of all kinds, or integers near the ends of their range. */
static uint64_t word(struct fixture *f, bool is_float)
{
    uint64_t r = fp_random(&f->seed), v = 0;
    if (is_float) {
        for (unsigned k = 0; k < 2; k++) {
            uint64_t x = fp_random_value(&f->seed, FP_32);
            if (r >> k & 3)
                x = 0x3f000000 + (x & 0x80ffffff);
            v |= x << 32 * k;
        }
        return v;
    }
    for (unsigned k = 0; k < 8; k++) {
        static const uint8_t bytes[] = {0, 1, 0x7f, 0x80, 0xff};
        uint64_t n = fp_random(&f->seed);
        v |= (n & 8 ? bytes[(n >> 8) % 5] : n >> 16 & 0xff) << 8 * k;
    }
    return v;
}

static void one(struct fixture *f, const struct ir_block *b, const struct backend_code *code,
                const struct ir_op *op)
{
    bool is_float = op->opcode >= IR_OP_vfadd;
    uint64_t v[4], rounding = fp_random(&f->seed) & 3;
    for (unsigned k = 0; k < 4; k++)
        v[k] = word(f, is_float);
    struct state *both[] = {f->jit, f->ref};
    for (unsigned k = 0; k < 2; k++) {
        memcpy(both[k]->f, v, sizeof(v));
        both[k]->r[0] = (uint32_t)v[3];
        both[k]->env.fp_flags = 0;
        both[k]->env.fp_rounding = (uint8_t)rounding;
        both[k]->env.budget = 1000;
    }
    backend_run(f->be, &f->jit->env, code->entry);
    ir_interp_run(b, &f->ref->env, &test_callbacks);
    bool same = f->jit->env.fp_flags == f->ref->env.fp_flags &&
                !memcmp(f->jit->f, f->ref->f, sizeof(v));
    if (!same)
        backend_disassemble(f->be, code, stderr);
    cr_assert(same,
              "%s type %u size %u imm %u of %016llx:%016llx, %016llx:%016llx: %016llx:%016llx "
              "flags %#x, reference %016llx:%016llx flags %#x",
              ir_op_info[op->opcode].name, op->type, op->aux, (unsigned)op->imm,
              (unsigned long long)v[1], (unsigned long long)v[0], (unsigned long long)v[3],
              (unsigned long long)v[2], (unsigned long long)f->jit->f[3],
              (unsigned long long)f->jit->f[2], f->jit->env.fp_flags,
              (unsigned long long)f->ref->f[3], (unsigned long long)f->ref->f[2],
              f->ref->env.fp_flags);
}

static void op_values(struct fixture *f, const struct ir_op *op, bool twice, unsigned cases)
{
    struct ir_block b;
    struct error e;
    arena_reset(&f->arena);
    ir_block_init(&b, &test_target, &f->arena);
    build(&b, op, twice);
    cr_assert(ir_verify(&b, &e), "%s", e.text);
    struct backend_code code = test_compile(f->be, &b);
    for (unsigned n = 0; n < cases; n++)
        one(f, &b, &code, op);
}

static void all_sizes(struct fixture *f, struct ir_op op, unsigned cases)
{
    for (unsigned size = 0; size < 4; size++) {
        if (vector_size(op.opcode, size) != size)
            continue;
        op.aux = (uint8_t)size;
        unsigned imms = ir_vector_imms(&op);
        for (op.imm = 0; op.imm < imms; op.imm++)
            for (unsigned twice = 0; twice < 2; twice++)
                op_values(f, &op, twice && op.opcode != IR_OP_vtbl, imms > 1 ? 30 : cases);
    }
}

static void all_ops(uint32_t features_mask)
{
    const char *env = getenv("VEC_CASES");
    struct fixture f = {.be = test_backend(true, false, features_mask),
                        .jit = state_new(3),
                        .ref = state_new(3),
                        .seed = 23};
    for (unsigned opcode = IR_OP_vand; opcode <= IR_OP_vfmul; opcode++)
        for (unsigned type = IR_V64; type <= IR_V128; type++) {
            struct ir_op op = {.opcode = (uint8_t)opcode, .type = (uint8_t)type};
            all_sizes(&f, op, env ? (unsigned)atoi(env) : 3000);
        }
    state_free(f.jit);
    state_free(f.ref);
    backend_free(f.be);
    arena_free(&f.arena);
}

Test(vec, values)
{
    all_ops(0);
}

Test(vec, values_without_host_features)
{
    all_ops(~0u);
}
