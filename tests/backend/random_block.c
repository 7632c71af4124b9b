/* Random blocks: valid IR that mixes every op, with sensible odds. */
#include <string.h>

#include "harness.h"

enum { POOL = 64 };

/* A size of elements that the op has: the given one or another. */
unsigned vector_size(unsigned opcode, unsigned size)
{
    static const struct {
        uint8_t first, last, from, to;
    } sizes[] = {
        {IR_OP_vand, IR_OP_vsub, 0, 3},      {IR_OP_vmul, IR_OP_vmaxu, 0, 2},
        {IR_OP_vcmpeq, IR_OP_vcmpgts, 0, 3}, {IR_OP_vblend, IR_OP_vqc, 0, 0},
        {IR_OP_vshlvs, IR_OP_vshlvu, 0, 3},
        {IR_OP_vshl, IR_OP_vshru, 1, 3},     {IR_OP_vshrs, IR_OP_vshrs, 1, 2},
        {IR_OP_vqadds, IR_OP_vqsubu, 0, 1},  {IR_OP_vqnarrows, IR_OP_vqnarrowsu, 1, 2},
        {IR_OP_vwidens, IR_OP_vwidenu, 0, 2},
        {IR_OP_vnarrow, IR_OP_vnarrow, 1, 3}, {IR_OP_vdup, IR_OP_vdupl, 0, 2},
        {IR_OP_vext, IR_OP_vtbl, 0, 0},      {IR_OP_vzip, IR_OP_vzip, 0, 2},
        {IR_OP_vaese, IR_OP_vsha256su1, 0, 0},
        {IR_OP_vmulls, IR_OP_vmullu, 3, 3},  {IR_OP_vqdmulh, IR_OP_vqrdmulh, 1, 2},
        {IR_OP_vhtof, IR_OP_vhtof, 1, 1},    {IR_OP_vfadd, IR_OP_vfmul, 2, 2},
    };
    if (opcode == IR_OP_vpmull)
        return size < 3 ? 0 : 3;
    for (unsigned k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++)
        if (opcode >= sizes[k].first && opcode <= sizes[k].last)
            return size < sizes[k].from ? sizes[k].from : size > sizes[k].to ? sizes[k].to : size;
    return 0;
}

struct gen {
    struct ir_block *b;
    uint64_t *rng;
    int32_t pool[6][POOL]; /* values usable now: i32, i64, f32, f64, v64, v128 */
    unsigned count[6];
    bool loop;   /* hardly any calls, and the most frequent exit is to the block's own start */
    bool floats; /* mostly floating-point ops, with IR_FP_* @modes */
    uint8_t **marks;
    bool nearest; /* env.fp_rounding stays FP_TIEEVEN: vectors need not say so */
    unsigned modes;
};

static unsigned pick(struct gen *g, unsigned n)
{
    return (unsigned)(rng_next(g->rng) >> 20) % n;
}

static unsigned pool_of(enum ir_type type)
{
    return type == IR_I32 ? 0 : (unsigned)(type - IR_I64) + 1;
}

static void add(struct gen *g, enum ir_type type, int32_t v)
{
    unsigned k = pool_of(type);
    if (g->count[k] < POOL)
        g->pool[k][g->count[k]++] = v;
    else
        g->pool[k][pick(g, POOL)] = v;
}

static uint64_t random_const(struct gen *g)
{
    static const uint64_t special[] = {0,
                                       1,
                                       2,
                                       3,
                                       4,
                                       31,
                                       32,
                                       0xff,
                                       0x80,
                                       0x7fffffff,
                                       0x80000000,
                                       0xffffffff,
                                       0xffffffffffffffff,
                                       0x8000000000000000,
                                       0x7fffffffffffffff,
                                       0x100000000};
    return pick(g, 3) ? special[pick(g, 16)] : rng_next(g->rng) >> pick(g, 64);
}

static uint64_t random_float(struct gen *g, enum ir_type type)
{
    static const uint64_t special[] = {0,
                                       1ull << 63,
                                       0x3ff0000000000000,
                                       0x7ff0000000000000,
                                       0x7ff8000000000001,
                                       0x7ff0000000000001,
                                       0x0010000000000000,
                                       0x000fffffffffffff,
                                       1,
                                       0x41dfffffffc00000,
                                       0xfff8000000000000};
    static const uint32_t special32[] = {0,          1u << 31,   0x3f800000, 0x7f800000,
                                         0x7fc00001, 0x7f800001, 0x00800000, 0x007fffff,
                                         1,          0x4effffff, 0xffc00000};
    if (pick(g, 2))
        return type == IR_F32 ? special32[pick(g, 11)] : special[pick(g, 11)];
    return type == IR_F32 ? 0x3f000000 + (uint32_t)pick(g, 1 << 24)
                          : 0x3fe0000000000000 + (rng_next(g->rng) >> 11);
}

static int32_t constant(struct gen *g, enum ir_type type)
{
    uint64_t v = type >= IR_F32 ? random_float(g, type) : random_const(g);
    return ir_emit(g->b, IR_OP_const, type, IR_NONE, IR_NONE, IR_NONE,
                   type == IR_I32 ? (uint32_t)v : v);
}

static unsigned float_slot(struct gen *g, enum ir_type type)
{
    static const uint8_t first[] = {SLOT_F0, SLOT_FD0, SLOT_V0, SLOT_X0};
    return first[type - IR_F32] + pick(g, type == IR_V128 ? 2 : 4);
}

static int32_t get_slot(struct gen *g, enum ir_type type)
{
    static const uint8_t wide[] = {SLOT_Q0, SLOT_Q1, SLOT_D0};
    static const uint8_t narrow[] = {SLOT_B0, SLOT_H0, SLOT_S0, SLOT_S1};
    unsigned slot = pick(g, 14);
    if (type >= IR_F32)
        slot = float_slot(g, type);
    else if (type == IR_I64)
        slot = wide[pick(g, 3)];
    else if (!pick(g, 6))
        slot = narrow[pick(g, 4)];
    return ir_emit(g->b, IR_OP_get, type, IR_NONE, IR_NONE, IR_NONE, slot);
}

/* Some value of @type: recent ones preferred. */
static int32_t value(struct gen *g, enum ir_type type)
{
    unsigned k = pool_of(type), n = g->count[k];
    if (!pick(g, 6))
        return constant(g, type);
    if (n == 0 || !pick(g, 4)) {
        int32_t v = get_slot(g, type);
        add(g, type, v);
        return v;
    }
    unsigned back = pick(g, 3) ? pick(g, n < 4 ? n : 4) : pick(g, n);
    return g->pool[k][n - 1 - back];
}

static int32_t emit(struct gen *g, unsigned opcode, enum ir_type type, int32_t a0, int32_t a1,
                    int32_t a2, uint64_t imm, unsigned fw, unsigned aux)
{
    int32_t i = ir_emit(g->b, (enum ir_opcode)opcode, type, a0, a1, a2, imm);
    g->b->ops[i].fw = (uint8_t)fw;
    g->b->ops[i].aux = (uint8_t)aux;
    return i;
}

static unsigned random_fw(struct gen *g, unsigned able)
{
    static const uint8_t common[] = {IR_NZCV, IR_NZ, IR_NZC, IR_FLAG_C};
    if (pick(g, 2))
        return 0;
    return able & (pick(g, 4) ? common[pick(g, 4)] : pick(g, 16));
}

static void set_slot(struct gen *g)
{
    static const uint8_t others[] = {SLOT_Q0, SLOT_Q1, SLOT_D0, SLOT_B0, SLOT_H0, SLOT_S0, SLOT_S1};
    unsigned slot = pick(g, 5) ? pick(g, 14) : others[pick(g, 7)];
    bool wide = slot == SLOT_Q0 || slot == SLOT_Q1 || slot == SLOT_D0;
    enum ir_type type = wide ? IR_I64 : IR_I32;
    emit(g, IR_OP_set, type, value(g, type), IR_NONE, IR_NONE, slot, 0, 0);
}

/* Behind sum @v: does it overflow? The answer goes to a slot, is kept there, or is a value. */
static void ask_overflow(struct gen *g, int32_t v)
{
    const struct ir_op sum = g->b->ops[v];
    bool dot = sum.opcode == IR_OP_dotadd16;
    int32_t over = emit(g, dot ? IR_OP_dotover16 : IR_OP_addover, IR_I32, sum.arg[0], sum.arg[1],
                        sum.arg[2], 0, 0, 0);
    if (pick(g, 2)) {
        int32_t old = emit(g, IR_OP_get, IR_I32, IR_NONE, IR_NONE, IR_NONE, SLOT_B0, 0, 0);
        over = emit(g, IR_OP_or, IR_I32, old, over, IR_NONE, 0, 0, 0);
        emit(g, IR_OP_set, IR_I32, over, IR_NONE, IR_NONE, SLOT_B0, 0, 0);
    } else if (pick(g, 2)) {
        emit(g, IR_OP_set, IR_I32, over, IR_NONE, IR_NONE, pick(g, 14), 0, 0);
    } else {
        add(g, IR_I32, over);
    }
}

/* Any op whose value depends on its arguments and flags alone. */
static void arithmetic(struct gen *g)
{
    unsigned opcode = IR_OP_add + pick(g, IR_OP_setnzcv - IR_OP_add + 2);
    if (opcode > IR_OP_getnzcv)
        opcode = IR_OP_add;
    if (!pick(g, 3)) {
        static const uint8_t often[] = {IR_OP_add, IR_OP_sub, IR_OP_and,
                                        IR_OP_shl, IR_OP_adc, IR_OP_sbc};
        opcode = often[pick(g, 6)];
    }
    const struct ir_op_info *info = &ir_op_info[opcode];
    bool narrow_only = opcode == IR_OP_adc || opcode == IR_OP_sbc;
    enum ir_type type = pick(g, 4) || narrow_only ? IR_I32 : IR_I64;
    int32_t args[4] = {IR_NONE, IR_NONE, IR_NONE, IR_NONE};
    for (unsigned k = 0; k < info->nargs; k++) {
        char letter = info->argtypes[k];
        args[k] = value(g, letter == 't' ? type : letter == 'q' ? IR_I64 : IR_I32);
    }
    unsigned fw = random_fw(g, info->flags), width = type == IR_I64 ? 64 : 32;
    uint64_t imm = opcode == IR_OP_index    ? 1 + pick(g, 3)
                   : opcode == IR_OP_crc32c ? pick(g, 3)
                                            : 0;
    if (opcode >= IR_OP_shl && opcode <= IR_OP_ror && (fw || pick(g, 2)))
        args[1] = ir_const(g->b, IR_I32, 1 + pick(g, width - 1));
    if (opcode == IR_OP_ubfx || opcode == IR_OP_sbfx || opcode == IR_OP_bfi) {
        unsigned lsb = pick(g, 32);
        imm = lsb | (uint64_t)(1 + pick(g, 32 - lsb)) << 8;
    }
    if (opcode == IR_OP_setc || opcode == IR_OP_setv || opcode == IR_OP_setnzcv)
        fw = info->flags;
    unsigned aux = opcode == IR_OP_cond || opcode == IR_OP_selcc ? pick(g, 15) : 0;
    enum ir_type result = info->result == 'w'   ? IR_I32
                          : info->result == 'q' ? IR_I64
                          : info->result == 'n' ? IR_VOID
                                                : type;
    int32_t v = emit(g, opcode, info->result == 't' || info->argtypes[0] == 't' ? type : result,
                     args[0], args[1], args[2], imm, fw, aux);
    if (result != IR_VOID)
        add(g, result, v);
    if (((opcode == IR_OP_add && type == IR_I32 && !fw) || opcode == IR_OP_dotadd16) && pick(g, 2))
        ask_overflow(g, v);
}

/* Flags of a comparison of floats, at once or after something else, and a condition. */
static void compare_and_use(struct gen *g, int32_t v)
{
    if (!pick(g, 3))
        arithmetic(g);
    if (pick(g, 2))
        emit(g, IR_OP_set, IR_I32, v, IR_NONE, IR_NONE, pick(g, 14), 0, 0);
    emit(g, IR_OP_setflags, IR_VOID, v, IR_NONE, IR_NONE, 0, IR_NZCV, 0);
    if (!pick(g, 3))
        arithmetic(g);
    if (pick(g, 2))
        add(g, IR_I32, emit(g, IR_OP_cond, IR_I32, IR_NONE, IR_NONE, IR_NONE, 0, 0, pick(g, 15)));
}

/* aux and imm of a floating-point op: modes and rounding, fraction bits. */
static unsigned float_variant(struct gen *g, unsigned opcode, uint64_t *imm)
{
    unsigned modes = opcode == IR_OP_fneg || opcode == IR_OP_fabs ? 0 : g->modes;
    *imm = 0;
    switch (opcode) {
    case IR_OP_fcmp:
        return modes | pick(g, 2);
    case IR_OP_ftos:
    case IR_OP_ftou:
        if (!pick(g, 3))
            *imm = pick(g, 2) ? pick(g, 33) : 64 | pick(g, 17);
        return modes | (*imm ? IR_ROUND_ZERO : pick(g, IR_ROUND_AWAY + 1));
    case IR_OP_stof:
    case IR_OP_utof:
        *imm = pick(g, 3) ? 0 : pick(g, 33);
        return modes | pick(g, 2);
    case IR_OP_frint:
        *imm = pick(g, 2);
        return modes | pick(g, IR_ROUND_AWAY + 1);
    default:
        return modes;
    }
}

/* Floating-point ops, and sets of their slots. */
static void floating(struct gen *g)
{
    unsigned opcode = IR_OP_fadd + pick(g, IR_OP_fnarrow - IR_OP_fadd + 3);
    enum ir_type type = pick(g, 2) ? IR_F64 : IR_F32, result = type;
    if (opcode > IR_OP_fnarrow) {
        emit(g, IR_OP_set, type, value(g, type), IR_NONE, IR_NONE, float_slot(g, type), 0, 0);
        return;
    }
    const struct ir_op_info *info = &ir_op_info[opcode];
    int32_t args[3] = {IR_NONE, IR_NONE, IR_NONE};
    for (unsigned k = 0; k < info->nargs; k++) {
        char letter = info->argtypes[k];
        args[k] = value(g, letter == 's'   ? IR_F32
                           : letter == 'd' ? IR_F64
                           : letter == 'w' ? IR_I32
                                           : type);
    }
    if (info->result != 'f')
        result = info->result == 's' ? IR_F32 : info->result == 'd' ? IR_F64 : IR_I32;
    if (info->result == 's' || info->result == 'd')
        type = result;
    uint64_t imm;
    unsigned aux = float_variant(g, opcode, &imm);
    int32_t v = emit(g, opcode, type, args[0], args[1], args[2], imm, 0, aux);
    if (opcode == IR_OP_fcmp && pick(g, 4))
        compare_and_use(g, v);
    else
        add(g, result, v);
}

/* Parts of values, and of parts. */
static void parts(struct gen *g)
{
    static const uint8_t types[] = {IR_I32, IR_I64, IR_F32, IR_F64, IR_V64, IR_V128};
    if (!pick(g, 3)) {
        int32_t a = value(g, types[1 + pick(g, 3)]), b = value(g, types[3 + pick(g, 2)]);
        if (ir_type_bytes(ir_op_result_type(&g->b->ops[a])) == 8)
            add(g, IR_V128, emit(g, IR_OP_vjoin, IR_V128, a, b, IR_NONE, 0, 0, 0));
        return;
    }
    enum ir_type from = types[pick(g, 6)], to = types[pick(g, 6)];
    unsigned bytes = ir_type_bytes(to), n = ir_type_bytes(from) / bytes;
    if (n)
        add(g, to,
            emit(g, IR_OP_part, to, value(g, from), IR_NONE, IR_NONE, pick(g, n) * bytes, 0, 0));
}

/* Vector ops, and sets of their slots. */
static void vector(struct gen *g)
{
    unsigned first = g->floats && pick(g, 3) ? IR_OP_vfadd : IR_OP_vand;
    unsigned opcode = first + pick(g, IR_OP_vfmul - first + 6);
    enum ir_type type = pick(g, 2) ? IR_V64 : IR_V128;
    if (opcode > IR_OP_vfmul) {
        emit(g, IR_OP_set, type, value(g, type), IR_NONE, IR_NONE, float_slot(g, type), 0, 0);
        return;
    }
    const struct ir_op_info *info = &ir_op_info[opcode];
    unsigned size = vector_size(opcode, pick(g, 4));
    int32_t args[3] = {IR_NONE, IR_NONE, IR_NONE};
    for (unsigned k = 0; k < info->nargs; k++) {
        char letter = info->argtypes[k];
        args[k] = value(g, letter == 'u'   ? IR_V64
                           : letter == 'x' ? IR_V128
                           : letter == 'w' ? IR_I32
                                           : type);
    }
    if (info->result != 'v' && info->result != 'n')
        type = info->result == 'u' ? IR_V64 : IR_V128;
    struct ir_op op = {.opcode = (uint8_t)opcode, .type = (uint8_t)type, .aux = (uint8_t)size};
    /* not of other roundings at all */
    bool step = opcode == IR_OP_vfrecps || opcode == IR_OP_vfrsqrts;
    uint64_t imm = step ? !g->nearest : pick(g, ir_vector_imms(&op));
    int32_t v = emit(g, opcode, type, args[0], args[1], args[2], imm, 0, size);
    if (info->result != 'n')
        add(g, type, v);
}

static void callhint(struct gen *g)
{
    int32_t link = emit(g, IR_OP_pcrel, IR_I32, IR_NONE, IR_NONE, IR_NONE, 0x20 + g->b->lane, 0, 0);
    emit(g, IR_OP_callhint, IR_VOID, link, IR_NONE, IR_NONE, 0x20, 0, g->b->lane);
}

static int32_t address(struct gen *g)
{
    uint32_t page = MEM_BASE + 0x1000 * pick(g, MEM_PAGES);
    uint32_t offset = pick(g, 3)   ? pick(g, 1024) * 4
                      : pick(g, 2) ? pick(g, 4096)
                                   : 0xff4 + pick(g, 12);
    if (!pick(g, 12))
        page = PAGE_FAULT;
    else if (pick(g, 2))
        page = MEM_BASE;
    int32_t v = ir_const(g->b, IR_I32, page + offset);
    if (pick(g, 8)) { /* by way of a slot, so that it is not constant */
        unsigned slot = pick(g, 14);
        emit(g, IR_OP_set, IR_I32, v, IR_NONE, IR_NONE, slot, 0, 0);
        v = emit(g, IR_OP_get, IR_I32, IR_NONE, IR_NONE, IR_NONE, slot, 0, 0);
        if (pick(g, 2))
            v = emit(g, pick(g, 2) ? IR_OP_add : IR_OP_sub, IR_I32, v,
                     ir_const(g->b, IR_I32, pick(g, 4) * 4), IR_NONE, 0, 0, 0);
        if (pick(g, 2))
            add(g, IR_I32, v);
    }
    return v;
}

static void memory(struct gen *g)
{
    enum ir_type type = pick(g, 5) ? IR_I32 : IR_I64;
    unsigned log2 = pick(g, type == IR_I64 ? 4 : 3);
    if (!pick(g, 3)) {
        type = (enum ir_type)(IR_F32 + pick(g, 4));
        log2 = (unsigned)__builtin_ctz(ir_type_bytes(type));
    }
    uint64_t memop = log2;
    if (pick(g, 2))
        memop |= IR_MEM_ALIGN(pick(g, log2 + 1));
    if (!pick(g, 16))
        memop |= IR_MEM_USER;
    int32_t a = address(g);
    if (pick(g, 2)) {
        if (pick(g, 3) == 0 && type < IR_F32)
            memop |= IR_MEM_SIGNED;
        add(g, type, emit(g, IR_OP_ld, type, a, IR_NONE, IR_NONE, memop, 0, 0));
    } else {
        emit(g, IR_OP_st, type, a, value(g, type), IR_NONE, memop, 0, 0);
    }
}

/* As LDM and STM: consecutive words, with or without write-back. */
static void group(struct gen *g)
{
    bool write = pick(g, 2), late = pick(g, 3) == 0;
    unsigned n = 1 + pick(g, 8), base = pick(g, 14);
    int32_t loaded[8];
    unsigned to[8];
    static const uint8_t types[] = {IR_I32, IR_I32, IR_F32, IR_F64, IR_V128};
    enum ir_type type = (enum ir_type)types[pick(g, 5)];
    unsigned bytes = ir_type_bytes(type), log2 = (unsigned)__builtin_ctz(bytes);
    uint32_t start = MEM_BASE + 0x1000 * pick(g, pick(g, 4) ? 2 : 5) + pick(g, 1024) * 4;
    if (!pick(g, 4))
        start += pick(g, 4);
    emit(g, IR_OP_set, IR_I32, ir_const(g->b, IR_I32, start + bytes * n), IR_NONE, IR_NONE, base, 0,
         0);
    int32_t v = emit(g, IR_OP_get, IR_I32, IR_NONE, IR_NONE, IR_NONE, base, 0, 0);
    int32_t a = emit(g, IR_OP_sub, IR_I32, v, ir_const(g->b, IR_I32, bytes * n), IR_NONE, 0, 0, 0);
    emit(g, IR_OP_memgroup, IR_VOID, a, IR_NONE, IR_NONE, bytes * n, 0, write);
    for (unsigned k = 0; k < n; k++) {
        int32_t p = emit(g, IR_OP_add, IR_I32, a, ir_const(g->b, IR_I32, bytes * k), IR_NONE, 0, 0,
                         0);
        uint64_t memop = log2 | IR_MEM_GROUP | IR_MEM_ALIGN(2);
        if (write) {
            unsigned from = type == IR_I32 ? pick(g, 14) : float_slot(g, type);
            int32_t x = emit(g, IR_OP_get, type, IR_NONE, IR_NONE, IR_NONE, from, 0, 0);
            emit(g, IR_OP_st, type, p, x, IR_NONE, memop, 0, 0);
            continue;
        }
        loaded[k] = emit(g, IR_OP_ld, type, p, IR_NONE, IR_NONE, memop, 0, 0);
        to[k] = type == IR_I32 ? (base + 1 + k) % 14 : float_slot(g, type);
        if (!late)
            emit(g, IR_OP_set, type, loaded[k], IR_NONE, IR_NONE, to[k], 0, 0);
    }
    emit(g, IR_OP_memgroupend, IR_VOID, IR_NONE, IR_NONE, IR_NONE, 0, 0, 0);
    for (unsigned k = 0; !write && late && k < n; k++)
        emit(g, IR_OP_set, type, loaded[k], IR_NONE, IR_NONE, to[k], 0, 0);
    if (pick(g, 2))
        emit(g, IR_OP_set, IR_I32, a, IR_NONE, IR_NONE, base, 0, 0);
}

static void call(struct gen *g)
{
    bool fp = g->floats && pick(g, 2);
    if (!fp && (!pick(g, 4) || g->loop)) {
        int32_t checked = value(g, IR_I32);
        emit(g, IR_OP_callz, IR_VOID, checked, IR_NONE, IR_NONE, HELPER_ALWAYS_RAISES, 0, 0);
        return;
    }
    unsigned id = fp ? HELPER_FP : pick(g, g->nearest ? HELPER_FP : HELPER_ALWAYS_RAISES);
    const struct ir_helper *h = &test_target.helpers[id];
    int32_t args[4] = {IR_NONE, IR_NONE, IR_NONE, IR_NONE};
    for (unsigned k = 0; k < h->nargs; k++)
        args[k] = value(g, pick(g, 4) ? IR_I32 : IR_I64);
    if (fp && g->nearest)
        args[0] = ir_const(g->b, IR_I32, pick(g, 256) << 2);
    int32_t v = ir_emit(g->b, IR_OP_call, (enum ir_type)h->result, args[0], args[1], args[2], id);
    g->b->ops[v].arg[3] = args[3];
    if (h->result != IR_VOID)
        add(g, (enum ir_type)h->result, v);
}

static void leave_direct(struct gen *g)
{
    if (g->loop && pick(g, 3))
        emit(g, IR_OP_exitd, IR_VOID, IR_NONE, IR_NONE, IR_NONE, g->b->page_offset, 0, g->b->lane);
    else
        emit(g, IR_OP_exitd, IR_VOID, IR_NONE, IR_NONE, IR_NONE,
             (uint64_t)((int64_t)pick(g, 0x4000) - 0x1000), 0,
             pick(g, 4) ? g->b->lane : 1 - g->b->lane);
}

static void leave(struct gen *g)
{
    switch (g->loop && pick(g, 3) ? 0 : pick(g, 5)) {
    case 0:
    case 1:
        leave_direct(g);
        break;
    case 2: {
        static const uint8_t lanes[] = {0, 1, IR_LANE_SAME, IR_LANE_BIT0};
        emit(g, IR_OP_exiti, IR_VOID, value(g, IR_I32), IR_NONE, IR_NONE, 0, 0,
             lanes[pick(g, 4)] | (pick(g, 2) ? IR_HINT_RETURN : 0));
        break;
    }
    case 3:
        emit(g, IR_OP_exitdyn, IR_VOID, value(g, IR_I32), IR_NONE, IR_NONE, 0, 0, 0);
        break;
    default:
        emit(g, IR_OP_exitengine, IR_VOID, value(g, IR_I32), IR_NONE, IR_NONE, 0, 0,
             pick(g, 2) ? IR_EXIT_HALT : IR_EXIT_YIELD);
    }
}

/* A branch over a few ops, perhaps over an exit. */
static void body(struct gen *g, unsigned depth);
static void branch(struct gen *g, unsigned depth)
{
    unsigned label = ir_label_new(g->b);
    bool side = pick(g, 2); /* around an exit alone: values live on */
    if (pick(g, 2))
        emit(g, IR_OP_brcc, IR_VOID, IR_NONE, IR_NONE, IR_NONE, label, 0,
             pick(g, side ? IR_CC_AL : 15));
    else
        emit(g, pick(g, 2) ? IR_OP_brnz : IR_OP_brz, IR_VOID, value(g, IR_I32), IR_NONE, IR_NONE,
             label, 0, 0);
    for (unsigned k = side ? 0 : pick(g, 4); k > 0; k--)
        body(g, depth + 1);
    if (pick(g, 2))
        ir_mark(g->b, &g->marks[pick(g, RANDOM_MARK_PLACES)][pick(g, RANDOM_MARKS)]);
    if (side)
        leave_direct(g);
    else if (!pick(g, 3))
        leave(g);
    emit(g, IR_OP_label, IR_VOID, IR_NONE, IR_NONE, IR_NONE, label, 0, 0);
    if (!side)
        memset(g->count, 0, sizeof(g->count));
}

static void body(struct gen *g, unsigned depth)
{
    unsigned n = g->floats && pick(g, 2) ? 32 + pick(g, 8) : pick(g, 40);
    if (n >= 37)
        vector(g);
    else if (n >= 32)
        pick(g, 3) ? floating(g) : parts(g);
    else if (n < 14)
        arithmetic(g);
    else if (n < 21)
        set_slot(g);
    else if (n < 25)
        memory(g);
    else if (n < 26)
        group(g);
    else if (n < 28 && depth < 2)
        branch(g, depth);
    else if (n < 29)
        call(g);
    else if (n < 30)
        add(g, IR_I32,
            emit(g, IR_OP_pcrel, IR_I32, IR_NONE, IR_NONE, IR_NONE,
                 (uint64_t)((int64_t)pick(g, 0x4000) - 0x2000), 0, 0));
    else if (n < 31)
        emit(g, IR_OP_fence, IR_VOID, IR_NONE, IR_NONE, IR_NONE, 0, 0, 0);
    else
        callhint(g);
}

void random_block(struct ir_block *b, uint64_t *rng, bool loop, bool floats,
                  uint8_t *marks[RANDOM_MARK_PLACES])
{
    struct gen g = {
        .b = b, .rng = rng, .loop = loop, .floats = floats, .marks = marks,
        .nearest = random_nearest(*rng)};
    g.modes = pick(&g, 2) ? 0 : pick(&g, 4) * IR_FP_FLUSH;
    b->lane = pick(&g, 2);
    b->page_offset = pick(&g, 1024) * 4;
    b->insn_count = 1 + pick(&g, 6);
    for (unsigned k = 0; k < b->insn_count; k++) {
        emit(&g, IR_OP_insn, IR_VOID, IR_NONE, IR_NONE, IR_NONE, (uint32_t)rng_next(rng), 0, 0);
        for (unsigned n = pick(&g, 8); n > 0; n--)
            body(&g, 0);
    }
    leave(&g);
}
