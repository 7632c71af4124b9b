/* Floating-point ops by their reference: where the host's unit differs, or may have differed. */
#include "backend/x86_64/xmm.h"
#include "ir/float.h"
#include "ir/vector.h"

static uint64_t argument(const struct exact_frame *f, const struct exact_site *s, unsigned k)
{
    int32_t where = s->arg[k];
    const uint8_t *p;
    uint64_t v = 0;
    if (where >= 0 && where < XMM_COUNT)
        return f->xmm[where][0];
    if (where < 0)
        p = (const uint8_t *)(uintptr_t)-where;
    else
        p = (const uint8_t *)(uintptr_t)f->reg[RBP] - IR_ENV_BIAS + (where - EXACT_ENV);
    memcpy(&v, p, s->type == IR_F32 ? 4 : 8);
    return v;
}

/* The arguments are in registers. */
static void compute_vector(struct exact_frame *f, const struct exact_site *s, struct ir_env *env,
                           const struct ir_op *op)
{
    struct ir_vector v[3], r;
    for (unsigned k = 0; k < 3; k++)
        memcpy(&v[k], f->xmm[s->arg[k]], sizeof(v[k]));
    r = ir_vector_eval(env, op, v);
    memcpy(f->xmm[s->dst], &r, sizeof(r));
}

void exact_compute(struct exact_frame *f)
{
    const struct exact_site *s = (const void *)(uintptr_t)f->site;
    struct ir_op op = {.opcode = s->opcode, .type = s->type, .aux = s->aux, .imm = s->imm};
    struct ir_env *env = (struct ir_env *)(uintptr_t)(f->reg[RBP] - IR_ENV_BIAS);
    if (s->type == IR_V64 || s->type == IR_V128) {
        compute_vector(f, s, env, &op);
        return;
    }
    uint64_t v[3] = {0};
    for (unsigned k = 0; k < ir_op_info[op.opcode].nargs; k++) {
        v[k] = argument(f, s, k);
        char letter = ir_op_info[op.opcode].argtypes[k];
        if (letter == 's' || (letter == 'f' && op.type == IR_F32))
            v[k] = (uint32_t)v[k];
        if (letter == 'w')
            v[k] = (uint32_t)f->reg[s->arg[k]];
    }
    uint64_t result = ir_float_eval(env, &op, v[0], v[1], v[2]);
    if (ir_op_info[op.opcode].result == 'w')
        f->reg[s->dst] = result;
    else
        f->xmm[s->dst][0] = result;
}
