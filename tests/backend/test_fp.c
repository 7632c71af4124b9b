/* Floating-point ops: compiled code against the interpreter, that is, the exact reference, in all
 * rounding modes; results and exceptions. FP_CASES in the environment sets the number of
 * operands. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>

#include "backend/x86_64/hostfeat.h"
#include "harness.h"
#include "tests/fp/values.h"
#include "util/arena.h"

static const uint64_t special64[] = {
    0, 1, 2, 0x000fffffffffffff, 0x0010000000000000, 0x0010000000000001, 0x001fffffffffffff,
    0x3fdfffffffffffff, 0x3fe0000000000000, 0x3feffffffffffffe, 0x3fefffffffffffff,
    0x3ff0000000000000, 0x3ff0000000000001, 0x3ff8000000000000, 0x4000000000000000,
    0x41dfffffffc00000, 0x41dfffffffdfffff, 0x41dfffffffe00000, 0x41e0000000000000,
    0x41e0000000100000, 0x41efffffffe00000, 0x41effffffff00000, 0x41f0000000000000,
    0x41f0000000080000, 0x43e0000000000000, 0x36a0000000000000, 0x3800000000000000,
    0x380fffffffffffff, 0x3810000000000000, 0x380fffffe0000000, 0x380ffffff0000000,
    0x47efffffe0000000, 0x47effffff0000000, 0x47f0000000000000, 0x7fefffffffffffff,
    0x7ff0000000000000, 0x7ff0000000000001, 0x7ff4123456789abc, 0x7ff8000000000000,
    0x7ff8123456789abc, 0x7fffffffffffffff,
};
static const uint32_t special32[] = {
    0, 1, 2, 0x007fffff, 0x00800000, 0x00800001, 0x00ffffff, 0x3effffff, 0x3f000000, 0x3f7ffffe,
    0x3f7fffff, 0x3f800000, 0x3f800001, 0x3fc00000, 0x40000000, 0x4effffff, 0x4f000000, 0x4f000001,
    0x4f7fffff, 0x4f800000, 0x5f000000, 0x7f7fffff, 0x7f800000, 0x7f800001, 0x7fa12345, 0x7fc00000,
    0x7fc12345, 0x7fffffff,
};
enum { SPECIAL64 = sizeof(special64) / 8, SPECIAL32 = sizeof(special32) / 4 };

struct fixture {
    struct arena arena;
    struct backend *be;
    struct state *jit, *ref;
    uint64_t seed;
    unsigned stride; /* of pairs of special values: signals take their time */
};

/* Where the operands are: in slots (memory operands), in registers, the second being the first. */
enum shape { IN_MEMORY, IN_REGISTERS, TWICE, SHAPES };

static enum ir_type arg_type(const struct ir_op *op, char letter)
{
    switch (letter) {
    case 's': return IR_F32;
    case 'd': return IR_F64;
    case 'w': return IR_I32;
    default: return (enum ir_type)op->type;
    }
}

static int32_t operand(struct ir_block *b, enum ir_type type, unsigned k, enum shape shape)
{
    if (type == IR_I32)
        return ir_get(b, k);
    int32_t v = ir_get(b, (type == IR_F32 ? SLOT_F0 + k : SLOT_FD0 + k));
    if (shape == IN_MEMORY)
        return v;
    return ir_fop(b, IR_OP_fneg, type, ir_fop(b, IR_OP_fneg, type, v, IR_NONE, IR_NONE, 0), IR_NONE,
                  IR_NONE, 0);
}

static void build(struct ir_block *b, struct ir_op op, enum shape shape)
{
    const struct ir_op_info *info = &ir_op_info[op.opcode];
    int32_t args[3] = {IR_NONE, IR_NONE, IR_NONE};
    ir_insn(b, 1);
    for (unsigned k = 0; k < info->nargs; k++)
        args[k] = k == 1 && shape == TWICE ? args[0]
                                           : operand(b, arg_type(&op, info->argtypes[k]), k, shape);
    int32_t v = ir_fop(b, (enum ir_opcode)op.opcode, (enum ir_type)op.type, args[0], args[1],
                       args[2], op.aux);
    b->ops[v].imm = op.imm;
    switch (ir_op_result_type(&b->ops[v])) {
    case IR_F32: ir_set(b, SLOT_F0 + 3, v); break;
    case IR_F64: ir_set(b, SLOT_FD0 + 3, v); break;
    default: ir_set(b, 3, v);
    }
    ir_exitengine(b, ir_i32(b, 0), IR_EXIT_YIELD);
}

static void prepare(struct state *s, const uint64_t *v, bool single, unsigned rounding)
{
    memset(s->f, 0, sizeof(s->f));
    for (unsigned k = 0; k < 3; k++) {
        s->r[k] = (uint32_t)v[k];
        if (!single)
            s->f[k] = v[k];
    }
    if (single) { /* f0, f1, f2 */
        s->f[0] = (uint32_t)v[0] | v[1] << 32;
        s->f[1] = (uint32_t)v[2];
    }
    s->r[3] = 0;
    s->env.fp_flags = 0;
    s->env.fp_rounding = (uint8_t)rounding;
    s->env.budget = 1000;
}

static void one(struct fixture *f, const struct ir_block *b, const struct backend_code *code,
                const struct ir_op *op, const uint64_t *v, bool single)
{
    for (unsigned rounding = 0; rounding < 4; rounding++) {
        prepare(f->jit, v, single, rounding);
        prepare(f->ref, v, single, rounding);
        backend_run(f->be, &f->jit->env, code->entry);
        ir_interp_run(b, &f->ref->env, &test_callbacks);
        bool same = f->jit->env.fp_flags == f->ref->env.fp_flags && f->jit->r[3] == f->ref->r[3] &&
                    !memcmp(f->jit->f, f->ref->f, sizeof(f->jit->f));
        if (!same)
            backend_disassemble(f->be, code, stderr);
        cr_assert(same,
                  "%s type %u aux %#x imm %u mode %u of %#llx, %#llx, %#llx: flags %#x, reference "
                  "%#x; "
                  "%#llx %#x, reference %#llx %#x",
                  ir_op_info[op->opcode].name, op->type, op->aux, (unsigned)op->imm, rounding,
                  (unsigned long long)v[0], (unsigned long long)v[1], (unsigned long long)v[2],
                  f->jit->env.fp_flags, f->ref->env.fp_flags,
                  (unsigned long long)(single ? f->jit->f[1] : f->jit->f[3]), f->jit->r[3],
                  (unsigned long long)(single ? f->ref->f[1] : f->ref->f[3]), f->ref->r[3]);
    }
}

static uint64_t special(unsigned n, bool single)
{
    if (single)
        return special32[n % SPECIAL32] | (uint64_t)(n / SPECIAL32 & 1) << 31;
    return special64[n % SPECIAL64] | (uint64_t)(n / SPECIAL64 & 1) << 63;
}

static void random_values(struct fixture *f, bool single, uint64_t *v)
{
    enum fp_size size = single ? FP_32 : FP_64;
    unsigned count = 2 * (single ? SPECIAL32 : SPECIAL64);
    v[0] = fp_random_value(&f->seed, size);
    for (unsigned k = 1; k < 3; k++)
        v[k] = fp_random_near(&f->seed, size, v[0]);
    if (fp_random(&f->seed) % 8 == 0)
        v[fp_random(&f->seed) % 3] = special((unsigned)fp_random(&f->seed) % count, single);
}

static void op_values(struct fixture *f, struct ir_op op, enum shape shape, unsigned cases)
{
    const char *types = ir_op_info[op.opcode].argtypes;
    bool single = arg_type(&op, types[0]) == IR_F32;
    unsigned count = 2 * (single ? SPECIAL32 : SPECIAL64);
    struct ir_block b;
    arena_reset(&f->arena);
    ir_block_init(&b, &test_target, &f->arena);
    build(&b, op, shape);
    struct error e;
    cr_assert(ir_verify(&b, &e), "%s", e.text);
    struct backend_code code = test_compile(f->be, &b);
    for (unsigned n = (unsigned)fp_random(&f->seed) % f->stride; n < count * count;
         n += f->stride) {
        uint64_t v[3] = {special(n % count, single), special(n / count, single),
                         special(n * 7, single)};
        one(f, &b, &code, &op, v, single);
        if (!types[1] && n > count)
            break;
    }
    for (unsigned n = 0; n < cases; n++) {
        uint64_t v[3];
        random_values(f, single, v);
        one(f, &b, &code, &op, v, single);
    }
}

/* Its values of aux below the modes, and some of imm. */
static void op_modes(struct fixture *f, struct ir_op op, enum shape shape, unsigned cases)
{
    bool moves = op.opcode == IR_OP_fneg || op.opcode == IR_OP_fabs;
    unsigned variant = op.aux;
    for (unsigned modes = 0; modes <= (moves ? 0 : IR_FP_MODES); modes += IR_FP_FLUSH) {
        op.aux = (uint8_t)(variant | modes);
        op_values(f, op, shape, cases);
    }
}

static void op_variants(struct fixture *f, struct ir_op op, enum shape shape, unsigned cases)
{
    static const uint8_t fractions[] = {0, 1, 9, 16, 31, 32, 64, 67, 80};
    bool to = op.opcode == IR_OP_ftos || op.opcode == IR_OP_ftou;
    bool from = op.opcode == IR_OP_stof || op.opcode == IR_OP_utof,
         round = op.opcode == IR_OP_frint;
    unsigned variants = to || round ? IR_ROUND_AWAY + 1 : from || op.opcode == IR_OP_fcmp ? 2 : 1;
    unsigned imms = to ? 9 : from ? 6 : round ? 2 : 1;
    for (unsigned k = 0; k < imms; k++)
        for (unsigned aux = 0; aux < variants; aux++) {
            op.imm = fractions[k];
            op.aux = (uint8_t)aux;
            op_modes(f, op, shape, variants * imms > 2 ? cases / 8 : cases);
        }
}

/* Who is told of signals, and how many there were. */
static struct trapping {
    struct backend *be;
    struct ir_env *env;
    unsigned computed, stepped;
} trapping;

static void on_signal(int sig, siginfo_t *info, void *context)
{
    (void)info;
    if (sig == SIGTRAP)
        backend_fp_stepped(trapping.env, context);
    else if (backend_fp_trap(trapping.be, trapping.env, context))
        trapping.computed++;
    else
        trapping.stepped++, backend_fp_step(context);
}

static void all_ops(struct backend *be, unsigned stride)
{
    const char *env = getenv("FP_CASES");
    unsigned cases = env ? (unsigned)atoi(env) : 1000;
    struct fixture f = {.be = be,
                        .jit = state_new(3),
                        .ref = state_new(3),
                        .seed = 17,
                        .stride = stride};
    trapping = (struct trapping){be, &f.jit->env, 0, 0};
    for (unsigned opcode = IR_OP_fadd; opcode <= IR_OP_fnarrow; opcode++) {
        bool fixed = opcode == IR_OP_fwiden || opcode == IR_OP_fnarrow;
        for (unsigned shape = 0; shape < SHAPES; shape++)
            for (unsigned wide = 0; wide < (fixed ? 1 : 2); wide++) {
                struct ir_op op = {.opcode = (uint8_t)opcode, .type = wide ? IR_F64 : IR_F32};
                if (opcode == IR_OP_fwiden)
                    op.type = IR_F64;
                op_variants(&f, op, (enum shape)shape, cases);
            }
    }
    state_free(f.jit);
    state_free(f.ref);
    backend_free(f.be);
    arena_free(&f.arena);
}

Test(fp, values)
{
    all_ops(test_backend(true, false, 0), 1);
}

Test(fp, values_without_fma)
{
    all_ops(test_backend(true, false, HOST_FMA), 1);
}

Test(fp, values_without_host_features)
{
    all_ops(test_backend(true, false, ~0u), 1);
}

static void all_ops_by_signals(uint32_t features_mask)
{
    const struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
    sigaction(SIGFPE, &action, NULL);
    sigaction(SIGTRAP, &action, NULL);
    all_ops(test_backend_with_traps(features_mask), 9);
    cr_expect(trapping.computed && trapping.stepped, "no signals");
}

Test(fp, values_by_signals)
{
    all_ops_by_signals(0);
}

Test(fp, values_by_signals_without_avx)
{
    all_ops_by_signals(~(uint32_t)HOST_TRAPS);
}
