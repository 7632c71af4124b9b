#include "ir/interp.h"

#include <assert.h>
#include <string.h>

#include "ir/eval.h"
#include "ir/float.h"
#include "ir/vector.h"
#include "util/access.h"

/* One run of one block. */
struct interp {
    const struct ir_block *block;
    struct ir_env *env;
    const struct ir_callbacks *callbacks;
    uint64_t *value;   /* by op index, zero extended; value[IR_NONE] is 0 */
    uint64_t *high;    /* the upper halves of v128 values */
    uint32_t next;     /* index of the op to execute next */
    uint32_t word;     /* of the current guest instruction */
    uint32_t left;     /* guest instructions from the current one on */
    uint32_t unstarted; /* insn ops behind `next` */
    bool done;
    enum ir_exit exit;
};

/* The meaning of one op: returns its value; whatever else it does, it does to @it. */
typedef uint64_t handler(struct interp *it, const struct ir_op *op);

enum { N, Z, C, V }; /* indexes of env.nzcv */

static inline uint64_t arg(const struct interp *it, const struct ir_op *op, unsigned i)
{
    return it->value[op->arg[i]];
}

static uint64_t mask_address(const struct interp *it, uint64_t a)
{
    unsigned bits = it->block->target->memory.address_bits;
    return bits >= 64 ? a : a & (BIT64(bits) - 1);
}

static unsigned sign_of(const struct ir_op *op, uint64_t v)
{
    return v >> (ir_op_width(op) - 1) & 1;
}

/* Write those of the flags that the instance defines. @c and @v matter only where it defines
 * them. */
static void set_flags(struct interp *it, const struct ir_op *op, uint64_t result, unsigned c,
                      unsigned v)
{
    uint8_t *nzcv = it->env->nzcv;
    if (op->fw & IR_FLAG_N)
        nzcv[N] = (uint8_t)sign_of(op, result);
    if (op->fw & IR_FLAG_Z)
        nzcv[Z] = result == 0;
    if (op->fw & IR_FLAG_C)
        nzcv[C] = (uint8_t)c;
    if (op->fw & IR_FLAG_V)
        nzcv[V] = (uint8_t)v;
}

static bool cc_holds(const struct interp *it, unsigned cc)
{
    const uint8_t *f = it->env->nzcv;
    bool holds = true;
    switch (cc & ~1u) {
    case IR_CC_EQ: holds = f[Z]; break;
    case IR_CC_CS: holds = f[C]; break;
    case IR_CC_MI: holds = f[N]; break;
    case IR_CC_VS: holds = f[V]; break;
    case IR_CC_HI: holds = f[C] && !f[Z]; break;
    case IR_CC_GE: holds = f[N] == f[V]; break;
    case IR_CC_GT: holds = !f[Z] && f[N] == f[V]; break;
    case IR_CC_AL: return true;
    }
    return holds != (cc & 1);
}

/* ---- values and arithmetic ------------------------------------------------------------------- */

static inline uint64_t op_const(struct interp *it, const struct ir_op *op)
{
    if (op->type == IR_V128) /* in both halves */
        it->high[op - it->block->ops] = op->imm;
    return ir_eval_truncate(op->type, op->imm);
}

static inline uint64_t op_get(struct interp *it, const struct ir_op *op)
{
    const struct ir_slot *slot = &it->block->target->slots[op->imm];
    const uint8_t *p = (const uint8_t *)it->env + slot->offset;
    if (slot->type == IR_I32)
        return *(const uint32_t *)p;
    switch (slot->type) {
    case IR_I8: return *p;
    case IR_I16: return *(const uint16_t *)p;
    case IR_I64:
    case IR_F64:
    case IR_V64: return *(const uint64_t *)p;
    case IR_V128:
        it->high[it->next - 1] = ((const uint64_t *)p)[1];
        return *(const uint64_t *)p;
    default: return *(const uint32_t *)p;
    }
}

static inline void slot_write(struct interp *it, unsigned index, uint64_t v)
{
    const struct ir_slot *slot = &it->block->target->slots[index];
    uint8_t *p = (uint8_t *)it->env + slot->offset;
    if (slot->type == IR_I32) {
        *(uint32_t *)p = (uint32_t)v;
        return;
    }
    switch (slot->type) {
    case IR_I8: *p = (uint8_t)v; break;
    case IR_I16: *(uint16_t *)p = (uint16_t)v; break;
    case IR_I64:
    case IR_F64:
    case IR_V64:
    case IR_V128: *(uint64_t *)p = v; break;
    default: *(uint32_t *)p = (uint32_t)v; break;
    }
}

static inline uint64_t op_set(struct interp *it, const struct ir_op *op)
{
    const struct ir_slot *slot = &it->block->target->slots[op->imm];
    slot_write(it, (unsigned)op->imm, arg(it, op, 0));
    if (slot->type == IR_V128)
        memcpy((uint8_t *)it->env + slot->offset + 8, &it->high[op->arg[0]], 8);
    return 0;
}

/* The value of the op as a memory image of two words. */
static void put_wide(struct interp *it, const struct ir_op *op, uint64_t high)
{
    it->high[op - it->block->ops] = high;
}

static uint64_t op_part(struct interp *it, const struct ir_op *op)
{
    uint64_t image[3] = {arg(it, op, 0), it->high[op->arg[0]], 0}, v;
    memcpy(&v, (const uint8_t *)image + op->imm, sizeof(v));
    if (op->type == IR_V128)
        put_wide(it, op, image[1]);
    return ir_type_bytes(op->type) == 4 ? (uint32_t)v : v;
}

static uint64_t op_vjoin(struct interp *it, const struct ir_op *op)
{
    put_wide(it, op, arg(it, op, 1));
    return arg(it, op, 0);
}

static uint64_t op_pcrel(struct interp *it, const struct ir_op *op)
{
    return mask_address(it, it->env->page_base + op->imm);
}

/* Ops that define no flag, or N and Z of the result. */
#define PURE_OP(name)                                                                              \
    static uint64_t op_##name(struct interp *it, const struct ir_op *op)                           \
    {                                                                                              \
        uint64_t r = ir_eval_##name(op, arg(it, op, 0), arg(it, op, 1), arg(it, op, 2));           \
        r = ir_eval_truncate(op->type, r);                                                         \
        if (op->fw)                                                                                \
            set_flags(it, op, r, 0, 0);                                                            \
        return r;                                                                                  \
    }
PURE_OP(and)
PURE_OP(or) PURE_OP(xor) PURE_OP(andn) PURE_OP(xor8) PURE_OP(dot16)
    PURE_OP(addover) PURE_OP(dotadd16) PURE_OP(dotover16)
PURE_OP(not ) PURE_OP(neg) PURE_OP(mov) PURE_OP(index)
    PURE_OP(mul) PURE_OP(udiv) PURE_OP(sdiv) PURE_OP(sext8) PURE_OP(sext16) PURE_OP(zext8)
        PURE_OP(zext16) PURE_OP(sext32) PURE_OP(zext32) PURE_OP(lo32) PURE_OP(hi32) PURE_OP(pair)
            PURE_OP(ubfx) PURE_OP(sbfx) PURE_OP(bfi) PURE_OP(clz) PURE_OP(bswap) PURE_OP(rev16)
                PURE_OP(rbit) PURE_OP(crc32c) PURE_OP(cmpeq) PURE_OP(cmpne) PURE_OP(cmpltu)
                    PURE_OP(cmpleu) PURE_OP(cmplts) PURE_OP(cmples) PURE_OP(select)
#undef PURE_OP

    /* a + b + carry, with the flags of that sum: sub is add of the complement with a carry. */
    static inline uint64_t add_with_carry(struct interp *it, const struct ir_op *op, uint64_t a,
                                          uint64_t b, unsigned carry)
{
    uint64_t r = ir_eval_truncate(op->type, a + b + carry);
    if (op->fw) {
        bool carry_out = carry ? r <= a : r < a;
        unsigned overflow = sign_of(op, (a ^ r) & (b ^ r));
        set_flags(it, op, r, carry_out, overflow);
    }
    return r;
}

static inline uint64_t op_add(struct interp *it, const struct ir_op *op)
{
    return add_with_carry(it, op, arg(it, op, 0), arg(it, op, 1), 0);
}

static uint64_t op_sub(struct interp *it, const struct ir_op *op)
{
    uint64_t b = ir_eval_truncate(op->type, ~arg(it, op, 1));
    return add_with_carry(it, op, arg(it, op, 0), b, 1);
}

static uint64_t op_adc(struct interp *it, const struct ir_op *op)
{
    return add_with_carry(it, op, arg(it, op, 0), arg(it, op, 1), it->env->nzcv[C]);
}

static uint64_t op_sbc(struct interp *it, const struct ir_op *op)
{
    uint64_t b = ir_eval_truncate(op->type, ~arg(it, op, 1));
    return add_with_carry(it, op, arg(it, op, 0), b, it->env->nzcv[C]);
}

/* Shifts: @last is the bit number of a that is shifted out last. */
static uint64_t finish_shift(struct interp *it, const struct ir_op *op, uint64_t r, unsigned last)
{
    r = ir_eval_truncate(op->type, r);
    if (op->fw)
        set_flags(it, op, r, arg(it, op, 0) >> (last & (ir_op_width(op) - 1)) & 1, 0);
    return r;
}

static uint64_t op_shl(struct interp *it, const struct ir_op *op)
{
    unsigned n = (unsigned)arg(it, op, 1);
    return finish_shift(it, op, ir_eval_shl(op, arg(it, op, 0), n, 0), ir_op_width(op) - n);
}

static uint64_t op_shr(struct interp *it, const struct ir_op *op)
{
    unsigned n = (unsigned)arg(it, op, 1);
    return finish_shift(it, op, ir_eval_shr(op, arg(it, op, 0), n, 0), n - 1);
}

static uint64_t op_sar(struct interp *it, const struct ir_op *op)
{
    unsigned n = (unsigned)arg(it, op, 1);
    return finish_shift(it, op, ir_eval_sar(op, arg(it, op, 0), n, 0), n - 1);
}

static uint64_t op_ror(struct interp *it, const struct ir_op *op)
{
    unsigned n = (unsigned)arg(it, op, 1);
    return finish_shift(it, op, ir_eval_ror(op, arg(it, op, 0), n, 0), n - 1);
}

static uint64_t op_rrx(struct interp *it, const struct ir_op *op)
{
    uint32_t a = (uint32_t)arg(it, op, 0);
    return finish_shift(it, op, a >> 1 | (uint32_t)it->env->nzcv[C] << 31, 0);
}

/* ---- flags ----------------------------------------------------------------------------------- */

static uint64_t op_cond(struct interp *it, const struct ir_op *op)
{
    return cc_holds(it, op->aux);
}

static uint64_t op_selcc(struct interp *it, const struct ir_op *op)
{
    return arg(it, op, cc_holds(it, op->aux) ? 0 : 1);
}

static uint64_t op_setc(struct interp *it, const struct ir_op *op)
{
    if (op->fw)
        it->env->nzcv[C] = arg(it, op, 0) & 1;
    return 0;
}

static uint64_t op_setv(struct interp *it, const struct ir_op *op)
{
    if (op->fw)
        it->env->nzcv[V] = arg(it, op, 0) & 1;
    return 0;
}

static uint64_t op_setnzcv(struct interp *it, const struct ir_op *op)
{
    for (unsigned i = 0; i < 4 && op->fw; i++)
        it->env->nzcv[i] = arg(it, op, 0) >> (31 - i) & 1;
    return 0;
}

static uint64_t op_setflags(struct interp *it, const struct ir_op *op)
{
    for (unsigned i = 0; i < 4 && op->fw; i++)
        it->env->nzcv[i] = arg(it, op, 0) >> 8 * i & 1;
    return 0;
}

static uint64_t op_getnzcv(struct interp *it, const struct ir_op *op)
{
    const uint8_t *f = it->env->nzcv;
    return (uint32_t)f[N] << 31 | (uint32_t)f[Z] << 30 | (uint32_t)f[C] << 29 |
           (uint32_t)f[V] << 28;
}

/* ---- memory and helpers ---------------------------------------------------------------------- */

/* Host address of a guest access by a FLAT8 table, or 0 for the slow path. */
static uint64_t fast_address(const struct interp *it, uint64_t addr, uint32_t memop, bool write)
{
    const struct ir_memory_layout *m = &it->block->target->memory;
    unsigned bits = ir_data_bits(m, it->block->fine);
    uint32_t table = ir_data_table(m, it->block->fine, write);
    uint64_t size = BIT64(memop & IR_MEM_SIZE_MASK);
    uint64_t align = BIT64((memop & IR_MEM_ALIGN_MASK) >> IR_MEM_ALIGN_SHIFT);
    uint64_t page = BIT64(bits);
    if (it->callbacks->no_tables || !it->env->tables || (memop & IR_MEM_USER) ||
        (addr & (align - 1)) || (addr & (page - 1)) + size > page)
        return 0;
    uint64_t entry;
    memcpy(&entry, it->env->tables + table + (addr >> bits) * 8, 8);
    return entry ? entry + addr : 0;
}

/* Tell slow paths and helpers where in the block the guest is. */
static void publish_insn(struct interp *it)
{
    it->env->insn_word = it->word;
    it->env->insn_left = it->left;
}

/* After anything that may have raised: leave the block, giving the instructions back that were not
 * executed; the one that raised is among them. */
static void check_raised(struct interp *it)
{
    if (!it->env->raised)
        return;
    it->env->raised = 0;
    it->env->budget += (int32_t)it->env->insn_left;
    it->exit = IR_EXIT_LOOKUP;
    it->done = true;
}

static uint64_t extend_loaded(const struct ir_op *op, uint64_t v)
{
    unsigned bits = 8u << (op->imm & IR_MEM_SIZE_MASK);
    if (bits >= 64)
        return v;
    v &= BIT64(bits) - 1;
    if (op->imm & IR_MEM_SIGNED)
        v = (v ^ BIT64(bits - 1)) - BIT64(bits - 1);
    return ir_eval_truncate(op->type, v);
}

static uint64_t load(struct interp *it, uint64_t addr, uint32_t memop)
{
    addr = mask_address(it, addr);
    uint64_t host = fast_address(it, addr, memop, false);
    if (host)
        return access_load((const void *)(uintptr_t)host, memop & IR_MEM_SIZE_MASK);
    publish_insn(it);
    uint64_t v = it->callbacks->load(it->env, addr, memop);
    check_raised(it);
    return v;
}

static void store(struct interp *it, uint64_t addr, uint64_t v, uint32_t memop)
{
    addr = mask_address(it, addr);
    uint64_t host = fast_address(it, addr, memop, true);
    if (host) {
        access_store((void *)(uintptr_t)host, memop & IR_MEM_SIZE_MASK, v);
        return;
    }
    publish_insn(it);
    it->callbacks->store(it->env, addr, v, memop | IR_MEM_WRITE);
    check_raised(it);
}

static uint64_t op_ld(struct interp *it, const struct ir_op *op)
{
    uint64_t addr = arg(it, op, 0);
    if (op->type != IR_V128)
        return extend_loaded(op, load(it, addr, (uint32_t)op->imm));
    uint64_t v = load(it, addr, ir_mem_half((uint32_t)op->imm, 0));
    if (!it->done)
        put_wide(it, op, load(it, addr + 8, ir_mem_half((uint32_t)op->imm, 1)));
    return v;
}

static uint64_t op_st(struct interp *it, const struct ir_op *op)
{
    uint64_t addr = arg(it, op, 0), v = arg(it, op, 1);
    if (op->type != IR_V128) {
        store(it, addr, v, (uint32_t)op->imm);
        return 0;
    }
    store(it, addr, v, ir_mem_half((uint32_t)op->imm, 0));
    if (!it->done)
        store(it, addr + 8, it->high[op->arg[1]], ir_mem_half((uint32_t)op->imm, 1));
    return 0;
}

static uint64_t op_memgroup(struct interp *it, const struct ir_op *op)
{
    return 0;
}

static uint64_t op_memgroupend(struct interp *it, const struct ir_op *op)
{
    return 0;
}

static uint64_t op_fence(struct interp *it, const struct ir_op *op)
{
    atomic_thread_fence(memory_order_seq_cst);
    return 0;
}

static uint64_t call(struct interp *it, uint32_t id, const uint64_t a[IR_ARGS])
{
    if (it->callbacks->helper)
        return it->callbacks->helper(it->env, id, a[0], a[1], a[2], a[3]);
    return it->block->target->helpers[id].fn(it->env, a[0], a[1], a[2], a[3]);
}

static uint64_t op_call(struct interp *it, const struct ir_op *op)
{
    uint64_t a[IR_ARGS];
    for (unsigned i = 0; i < IR_ARGS; i++)
        a[i] = arg(it, op, i);
    if (ir_op_observes_state(it->block, op))
        publish_insn(it);
    uint64_t v = call(it, (uint32_t)op->imm, a);
    check_raised(it);
    return ir_eval_truncate(op->type, v);
}

static uint64_t op_callz(struct interp *it, const struct ir_op *op)
{
    static const uint64_t none[IR_ARGS];
    if (arg(it, op, 0))
        return 0;
    publish_insn(it);
    call(it, (uint32_t)op->imm, none);
    check_raised(it);
    return 0;
}

/* ---- floating point -------------------------------------------------------------------------- */

#define FLOAT_OP(name)                                                                             \
    static uint64_t op_##name(struct interp *it, const struct ir_op *op)                           \
    {                                                                                              \
        return ir_float_eval(it->env, op, arg(it, op, 0), arg(it, op, 1), arg(it, op, 2));         \
    }
FLOAT_OP(fadd) FLOAT_OP(fsub) FLOAT_OP(fmul) FLOAT_OP(fdiv) FLOAT_OP(fmuladd) FLOAT_OP(fsqrt)
FLOAT_OP(fneg) FLOAT_OP(fabs) FLOAT_OP(fcmp) FLOAT_OP(ftos) FLOAT_OP(ftou) FLOAT_OP(stof)
FLOAT_OP(utof) FLOAT_OP(frint) FLOAT_OP(fmaxnm) FLOAT_OP(fminnm) FLOAT_OP(fwiden) FLOAT_OP(fnarrow)
#undef FLOAT_OP

/* ---- vectors --------------------------------------------------------------------------------- */

static uint64_t vector(struct interp *it, const struct ir_op *op)
{
    struct ir_vector v[3], r;
    for (unsigned i = 0; i < 3; i++)
        v[i] = (struct ir_vector){{it->value[op->arg[i]], it->high[op->arg[i]]}};
    r = ir_vector_eval(it->env, op, v);
    it->high[it->next - 1] = r.half[1];
    return r.half[0];
}

#define VECTOR_OP(name)                                                                            \
    static uint64_t op_##name(struct interp *it, const struct ir_op *op)                           \
    {                                                                                              \
        return vector(it, op);                                                                     \
    }
VECTOR_OP(vand)
VECTOR_OP(vor) VECTOR_OP(vxor) VECTOR_OP(vandn) VECTOR_OP(vadd) VECTOR_OP(vsub) VECTOR_OP(vmul)
    VECTOR_OP(vmins) VECTOR_OP(vmaxs) VECTOR_OP(vminu) VECTOR_OP(vmaxu) VECTOR_OP(vcmpeq) VECTOR_OP(
        vcmpgts) VECTOR_OP(vshl) VECTOR_OP(vshru) VECTOR_OP(vshrs) VECTOR_OP(vqadds)
        VECTOR_OP(vqsubs) VECTOR_OP(vqaddu) VECTOR_OP(vqsubu) VECTOR_OP(vwidens) VECTOR_OP(vwidenu)
            VECTOR_OP(vnarrow) VECTOR_OP(vdup) VECTOR_OP(vfadd) VECTOR_OP(vfsub) VECTOR_OP(vfmul)
                VECTOR_OP(vfmuladd) VECTOR_OP(vfmla) VECTOR_OP(vfmls) VECTOR_OP(vfmax) VECTOR_OP(
                    vfmin) VECTOR_OP(vfcmpeq) VECTOR_OP(vfcmpge) VECTOR_OP(vfcmpgt) VECTOR_OP(vftos)
                    VECTOR_OP(vstof) VECTOR_OP(vqnarrows) VECTOR_OP(vqnarrowu) VECTOR_OP(vqnarrowsu)
                        VECTOR_OP(vdupl) VECTOR_OP(vext) VECTOR_OP(vtbl) VECTOR_OP(vzip) VECTOR_OP(
                            vmulls) VECTOR_OP(vmullu) VECTOR_OP(vqdmulh) VECTOR_OP(vqrdmulh)
                            VECTOR_OP(vfmaxnm) VECTOR_OP(vfminnm) VECTOR_OP(vfrecps)
                                VECTOR_OP(vfrsqrts) VECTOR_OP(vfrecpe) VECTOR_OP(vfrsqrte)
                                    VECTOR_OP(vrecpe) VECTOR_OP(vrsqrte) VECTOR_OP(vfrint)
                                        VECTOR_OP(vftou) VECTOR_OP(vutof) VECTOR_OP(vftoh)
                                            VECTOR_OP(vhtof) VECTOR_OP(vblend) VECTOR_OP(vqc)
                                                VECTOR_OP(vshlvs) VECTOR_OP(vshlvu)
                                                    VECTOR_OP(vpmull) VECTOR_OP(vaese)
                                                        VECTOR_OP(vaesd) VECTOR_OP(vaesmc)
                                                            VECTOR_OP(vaesimc) VECTOR_OP(vsha1)
                                                                VECTOR_OP(vsha256h)
                                                                    VECTOR_OP(vsha256h2)
                                                                        VECTOR_OP(vsha256su0)
                                                                            VECTOR_OP(vsha256su1)
#undef VECTOR_OP

    /* ---- control
       --------------------------------------------------------------------------------- */

    static inline uint64_t op_insn(struct interp *it, const struct ir_op *op)
{
    it->word = (uint32_t)op->imm;
    it->left = it->unstarted--;
    return 0;
}

static uint64_t op_label(struct interp *it, const struct ir_op *op)
{
    return 0;
}

/* Branches go forward, so looking for the label passes the instructions that are skipped, and the
 * constants, which are valid beyond the label all the same. */
static void branch(struct interp *it, uint64_t label)
{
    const struct ir_op *ops = it->block->ops;
    uint32_t i = it->next;
    for (; ops[i].opcode != IR_OP_label || ops[i].imm != label; i++) {
        if (ops[i].opcode == IR_OP_insn)
            op_insn(it, &ops[i]);
        else if (ops[i].opcode == IR_OP_const)
            it->value[i] = op_const(it, &ops[i]);
    }
    it->next = i;
}

static uint64_t op_loophead(struct interp *it, const struct ir_op *op)
{
    return 0;
}

static uint64_t op_brcc(struct interp *it, const struct ir_op *op)
{
    if (cc_holds(it, op->aux))
        branch(it, op->imm);
    return 0;
}

static uint64_t op_brnz(struct interp *it, const struct ir_op *op)
{
    if (arg(it, op, 0))
        branch(it, op->imm);
    return 0;
}

static uint64_t op_brz(struct interp *it, const struct ir_op *op)
{
    if (!arg(it, op, 0))
        branch(it, op->imm);
    return 0;
}

static uint64_t op_mark(struct interp *it, const struct ir_op *op)
{
    *(uint8_t *)(uintptr_t)op->imm = 1;
    return 0;
}

static uint64_t op_callhint(struct interp *it, const struct ir_op *op)
{
    return 0;
}

static uint64_t leave(struct interp *it, uint64_t pc, enum ir_exit reason)
{
    it->env->pc = mask_address(it, pc);
    it->exit = reason;
    it->done = true;
    return 0;
}

/* A way out in the middle gives the instructions behind it back. */
static uint64_t leave_block(struct interp *it, uint64_t pc, enum ir_exit reason)
{
    it->env->budget += (int32_t)it->unstarted;
    return leave(it, pc, reason);
}

static uint64_t op_exitd(struct interp *it, const struct ir_op *op)
{
    return leave_block(it, it->env->page_base + op->imm, IR_EXIT_LOOKUP);
}

static uint64_t op_exiti(struct interp *it, const struct ir_op *op)
{
    uint64_t addr = arg(it, op, 0);
    if ((op->aux & IR_LANE_MASK) == IR_LANE_BIT0) {
        uint32_t lane = addr & 1;
        addr &= ~1ull;
        if (lane != it->block->lane)
            slot_write(it, it->block->target->lane_slot, lane);
    }
    return leave_block(it, addr, IR_EXIT_LOOKUP);
}

static uint64_t op_exitdyn(struct interp *it, const struct ir_op *op)
{
    return leave_block(it, arg(it, op, 0), IR_EXIT_LOOKUP);
}

static uint64_t op_exitengine(struct interp *it, const struct ir_op *op)
{
    return leave_block(it, arg(it, op, 0), (enum ir_exit)op->aux);
}

/* ---- the run --------------------------------------------------------------------------------- */

static handler *const handlers[IR_OP_COUNT] = {
#define OP(name, ...) [IR_OP_##name] = op_##name,
#include "ir/ops.def"
#undef OP
};

/* Charge the block to the budget, taking a new slice where that is all that is needed. */
static bool enter(const struct ir_block *b, struct ir_env *env)
{
    int32_t need = (int32_t)b->insn_count;
    if (env->budget >= need) {
        env->budget -= need;
        return true;
    }
    if (atomic_load_explicit(&env->exit_request, memory_order_relaxed) || !env->refill)
        return false;
    env->icount += (uint64_t)(int64_t)(env->slice - env->budget);
    env->slice = env->budget = (int32_t)env->refill;
    if (env->budget < need)
        return false; /* a refill smaller than the block would never do */
    env->budget -= need;
    return true;
}

/* The commonest ops are done without a call, and none of them leaves the block. Each goes to the
 * next by a jump of its own, which the host predicts by what came before. */
static void run(struct interp *it)
{
    enum { OTHER, INSN, CONST, GET, SET, ADD };
    static const uint8_t kinds[IR_OP_COUNT] = {[IR_OP_insn] = INSN,
                                               [IR_OP_const] = CONST,
                                               [IR_OP_get] = GET,
                                               [IR_OP_set] = SET,
                                               [IR_OP_add] = ADD};
    static const void *const places[] = {&&other, &&insn, &&constant, &&get, &&set, &&add};
    const struct ir_op *ops = it->block->ops, *op;
    uint32_t i;
#define NEXT()                                                                                     \
    do {                                                                                           \
        i = it->next++;                                                                            \
        op = &ops[i];                                                                              \
        assert(i < it->block->count);                                                              \
        goto *places[kinds[op->opcode]];                                                           \
    } while (0)
    NEXT();
insn:
    op_insn(it, op);
    NEXT();
constant:
    it->value[i] = op_const(it, op);
    NEXT();
get:
    it->value[i] = op_get(it, op);
    NEXT();
set:
    op_set(it, op);
    NEXT();
add:
    it->value[i] = op_add(it, op);
    NEXT();
other:
    it->value[i] = handlers[op->opcode](it, op);
    if (!it->done)
        NEXT();
#undef NEXT
}

enum ir_exit ir_interp_run(const struct ir_block *b, struct ir_env *env,
                           const struct ir_callbacks *cb)
{
    uint64_t values[b->count + 1], high[b->count + 1];
    struct interp it = {
        .block = b, .env = env, .callbacks = cb, .value = values + 1, .high = high + 1};
    values[0] = high[0] = 0; /* of IR_NONE */
    it.left = it.unstarted = b->insn_count;
    if (!enter(b, env)) {
        leave(&it, env->page_base + b->page_offset, IR_EXIT_BUDGET);
        return it.exit;
    }
    run(&it);
    return it.exit;
}
