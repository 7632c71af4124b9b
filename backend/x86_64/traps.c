/*
 * Invalid operations as host signals. Where NaNs are quiet, the host propagates them as the guest
 * does; in all other cases in which scalar sums, products, quotients and square roots differ, the
 * operation is invalid. So their code looks at no NaN, the exception is not masked while it runs,
 * and what is here computes the result by the reference. Everything else is executed once more,
 * with the exception masked, for its code knows what comes then.
 */
#include <ucontext.h>

#include "backend/x86_64/xmm.h"
#include "ir/float.h"

#define MXCSR_INVALID_MASK 0x80u
#define EFLAGS_TF          0x100

/* An instruction that was decoded. */
struct trapped {
    const uint8_t *end;
    unsigned dst, a;
    int b; /* register, or NO_REG: */
    const uint8_t *memory;
    uint8_t opcode, type;
    bool vex;
};

static greg_t *general(ucontext_t *uc, unsigned n)
{
    static const uint8_t where[] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                                    REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                    REG_R12, REG_R13, REG_R14, REG_R15};
    return &uc->uc_mcontext.gregs[where[n]];
}

/* The bits of the prefixes, as VEX has them. */
struct prefixes {
    bool r, b, vex;
    unsigned first, pp; /* register of the first argument; 2: F3, 3: F2 */
};

/* To the opcode of 0F, or NULL: others have nothing that is looked for. No index register is. */
static const uint8_t *skip_prefixes(const uint8_t *p, struct prefixes *x)
{
    static const uint8_t pp_of[] = {[0xf2 - 0xf0] = 3, [0xf3 - 0xf0] = 2};
    *x = (struct prefixes){0};
    if (*p == 0xc4 || *p == 0xc5) {
        bool long_form = *p == 0xc4;
        const uint8_t *last = p + 1 + long_form;
        x->vex = true;
        x->r = !(p[1] & 0x80);
        x->b = long_form && !(p[1] & 0x20);
        x->first = ~*last >> 3 & 15;
        x->pp = *last & 3;
        return long_form && (p[1] & 0x1f) != 1 ? NULL : last + 1;
    }
    if (*p != 0xf2 && *p != 0xf3)
        return NULL;
    x->pp = pp_of[*p++ - 0xf0];
    if ((*p & 0xf0) == 0x40) {
        x->r = *p & 4;
        x->b = *p & 1;
        p++;
    }
    return *p == 0x0f ? p + 1 : NULL;
}

/* The second argument: a register, or memory by a base register, or at an address. */
static bool second_argument(ucontext_t *uc, const uint8_t *p, const struct prefixes *x,
                            struct trapped *t)
{
    unsigned mod = *p >> 6, rm = *p & 7;
    int32_t disp = 0;
    int64_t base = 0;
    t->b = NO_REG;
    p++;
    if (mod == 3) {
        t->b = (int)(rm | (unsigned)x->b << 3);
        t->end = p;
        return true;
    }
    if (rm == 4) {
        if ((*p >> 3 & 7) != 4)
            return false;
        rm = *p++ & 7;
        if (rm == 5 && mod == 0)
            rm = 8;
    } else if (rm == 5 && mod == 0) {
        return false;
    }
    if (rm < 8)
        base = *general(uc, rm | (unsigned)x->b << 3);
    if (mod == 1)
        disp = (int8_t)*p++;
    else if (mod == 2 || rm == 8) {
        memcpy(&disp, p, sizeof(disp));
        p += sizeof(disp);
    }
    t->memory = (const uint8_t *)(uintptr_t)(base + disp);
    t->end = p;
    return true;
}

static bool decode(ucontext_t *uc, struct trapped *t)
{
    static const uint8_t ops[] = {[0x51 - 0x50] = IR_OP_fsqrt, [0x58 - 0x50] = IR_OP_fadd,
                                  [0x59 - 0x50] = IR_OP_fmul,  [0x5c - 0x50] = IR_OP_fsub,
                                  [0x5e - 0x50] = IR_OP_fdiv,  [0x5f - 0x50] = 0};
    struct prefixes x;
    const uint8_t *p = skip_prefixes((const uint8_t *)(uintptr_t)uc->uc_mcontext.gregs[REG_RIP],
                                     &x);
    if (!p || x.pp < 2 || (*p & 0xf0) != 0x50 || !ops[*p & 15])
        return false;
    t->opcode = ops[*p++ & 15];
    t->type = x.pp == 3 ? IR_F64 : IR_F32;
    t->vex = x.vex;
    t->dst = (*p >> 3 & 7) | (unsigned)x.r << 3;
    t->a = x.vex ? x.first : t->dst;
    return second_argument(uc, p, &x, t);
}

/* The XMM registers of the context. What is in its initial state need not be there. */
static struct _libc_xmmreg *xmm_registers(ucontext_t *uc)
{
    enum { MAGIC_AT = 464, MAGIC = 0x46505853, HEADER_AT = 512, SSE = 2 };
    struct _libc_fpstate *f = uc->uc_mcontext.fpregs;
    uint8_t *bytes = (uint8_t *)f;
    uint32_t magic;
    uint64_t present;
    memcpy(&magic, bytes + MAGIC_AT, sizeof(magic));
    memcpy(&present, bytes + HEADER_AT, sizeof(present));
    if (magic == MAGIC && !(present & SSE)) {
        memset(f->_xmm, 0, sizeof(f->_xmm));
        present |= SSE;
        memcpy(bytes + HEADER_AT, &present, sizeof(present));
    }
    return f->_xmm;
}

bool backend_fp_trap(const struct backend *be, struct ir_env *env, void *context)
{
    ucontext_t *uc = context;
    uint64_t pc = (uint64_t)uc->uc_mcontext.gregs[REG_RIP], first = (uintptr_t)be->cache.rx;
    struct trapped t = {0};
    if (pc < first || pc >= first + be->cache.size || !decode(uc, &t))
        return false;
    struct _libc_xmmreg *xmm = xmm_registers(uc);
    struct ir_op op = {.opcode = t.opcode, .type = t.type};
    size_t size = t.type == IR_F64 ? 8 : 4;
    bool one = t.opcode == IR_OP_fsqrt;
    uint64_t a = 0, b = 0;
    memcpy(&a, &xmm[t.a], size);
    if (t.b != NO_REG)
        memcpy(&b, &xmm[t.b], size);
    else
        memcpy(&b, t.memory, size);
    uint64_t result = ir_float_eval(env, &op, one ? b : a, one ? 0 : b, 0);
    if (t.vex)
        xmm[t.dst] = xmm[t.a];
    memcpy(&xmm[t.dst], &result, size);
    uc->uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)t.end;
    return true;
}

void backend_fp_step(void *context)
{
    ucontext_t *uc = context;
    uc->uc_mcontext.fpregs->mxcsr |= MXCSR_INVALID_MASK;
    uc->uc_mcontext.gregs[REG_EFL] |= EFLAGS_TF;
}

void backend_fp_stepped(const struct ir_env *env, void *context)
{
    ucontext_t *uc = context;
    uc->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)EFLAGS_TF;
    if (!env->fp_masked)
        uc->uc_mcontext.fpregs->mxcsr &= ~MXCSR_INVALID_MASK;
}

void backend_fp_check(struct backend *be)
{
    be->fp_traps = false;
}
