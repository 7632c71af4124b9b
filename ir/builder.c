#include "ir/ir.h"

#include <assert.h>
#include <string.h>

#include "ir/eval.h"
#include "ir/fold.h"

#define CAPACITY_FIRST 128

void ir_block_init(struct ir_block *b, const struct ir_target *target, struct arena *arena)
{
    *b = (struct ir_block){.target = target, .arena = arena};
}

void ir_block_grow(struct ir_block *b)
{
    uint32_t capacity = b->capacity ? 2 * b->capacity : CAPACITY_FIRST;
    struct ir_op *ops = arena_alloc(b->arena, capacity * sizeof(*ops));
    if (b->count)
        memcpy(ops, b->ops, b->count * sizeof(*ops));
    b->ops = ops;
    b->capacity = capacity;
}

static struct ir_op op_make(enum ir_opcode opcode, enum ir_type type, int32_t a0, int32_t a1,
                            int32_t a2, uint64_t imm)
{
    return (struct ir_op){.head = ir_head(opcode, type, 0),
                          .arg = {a0, a1, a2, IR_NONE},
                          .imm = imm};
}

static inline int32_t put(struct ir_block *b, uint32_t head, int32_t a0, int32_t a1, int32_t a2,
                          uint64_t imm)
{
    struct ir_op *op = &b->ops[b->count];
    op->head = head;
    op->arg[0] = a0;
    op->arg[1] = a1;
    op->arg[2] = a2;
    op->arg[3] = IR_NONE;
    op->imm = imm;
    return (int32_t)b->count++;
}

__attribute__((noinline)) static int32_t grow_and_put(struct ir_block *b, uint32_t head, int32_t a0,
                                                      int32_t a1, int32_t a2, uint64_t imm)
{
    ir_block_grow(b);
    return put(b, head, a0, a1, a2, imm);
}

/* What each op of a block goes through: no copies, and nothing to save on the host's stack. */
static inline int32_t emit(struct ir_block *b, enum ir_opcode opcode, enum ir_type type, int32_t a0,
                           int32_t a1, int32_t a2, uint64_t imm)
{
    uint32_t head = ir_head(opcode, type, 0);
    if (__builtin_expect(b->count == b->capacity, 0))
        return grow_and_put(b, head, a0, a1, a2, imm);
    return put(b, head, a0, a1, a2, imm);
}

int32_t ir_emit(struct ir_block *b, enum ir_opcode opcode, enum ir_type type, int32_t a0,
                int32_t a1, int32_t a2, uint64_t imm)
{
    return emit(b, opcode, type, a0, a1, a2, imm);
}

static inline void emit_none(struct ir_block *b, enum ir_opcode opcode, int32_t a0, uint64_t imm,
                             unsigned aux)
{
    uint32_t head = ir_head(opcode, IR_VOID, aux);
    if (__builtin_expect(b->count == b->capacity, 0))
        grow_and_put(b, head, a0, IR_NONE, IR_NONE, imm);
    else
        put(b, head, a0, IR_NONE, IR_NONE, imm);
}

static enum ir_type value_type(const struct ir_block *b, int32_t v)
{
    assert(v >= 0 && (uint32_t)v < b->count);
    return ir_op_result_type(&b->ops[v]);
}

int32_t ir_const(struct ir_block *b, enum ir_type type, uint64_t imm)
{
    return emit(b, IR_OP_const, type, IR_NONE, IR_NONE, IR_NONE, ir_eval_truncate(type, imm));
}

int32_t ir_get(struct ir_block *b, unsigned slot)
{
    assert(slot < b->target->slot_count);
    enum ir_type type = ir_slot_value_type(&b->target->slots[slot]);
    return emit(b, IR_OP_get, type, IR_NONE, IR_NONE, IR_NONE, slot);
}

void ir_set(struct ir_block *b, unsigned slot, int32_t v)
{
    assert(slot < b->target->slot_count);
    enum ir_type type = ir_slot_value_type(&b->target->slots[slot]);
    assert(value_type(b, v) == type);
    emit(b, IR_OP_set, type, v, IR_NONE, IR_NONE, slot);
}

int32_t ir_pcrel(struct ir_block *b, int64_t offset)
{
    if (b->fixed)
        return ir_const(b, b->target->address_type, b->base + (uint64_t)offset);
    return emit(b, IR_OP_pcrel, b->target->address_type, IR_NONE, IR_NONE, IR_NONE,
                   (uint64_t)offset);
}

/* Instance type of an op with these first two arguments. */
static enum ir_type instance_type(const struct ir_block *b, enum ir_opcode opcode, int32_t a)
{
    const struct ir_op_info *info = &ir_op_info[opcode];
    if (info->argtypes[0] == 't')
        return value_type(b, a);
    return info->result == 'q' ? IR_I64 : IR_I32;
}

static inline int32_t op_flags(struct ir_block *b, enum ir_opcode opcode, int32_t a, int32_t c,
                               unsigned fw)
{
    enum ir_type type = instance_type(b, opcode, a);
    assert(!(fw & ~ir_op_info[opcode].flags));
    if (fw) {
        int32_t v = emit(b, opcode, type, a, c, IR_NONE, 0);
        b->ops[v].fw = (uint8_t)fw;
        return v;
    }
    struct ir_op op = op_make(opcode, type, a, c, IR_NONE, 0);
    return ir_emit_folded(b, &op);
}

int32_t ir_op1f(struct ir_block *b, enum ir_opcode opcode, int32_t a, unsigned fw)
{
    assert(ir_op_info[opcode].nargs == 1);
    return op_flags(b, opcode, a, IR_NONE, fw);
}

int32_t ir_op2f(struct ir_block *b, enum ir_opcode opcode, int32_t a, int32_t c, unsigned fw)
{
    assert(ir_op_info[opcode].nargs == 2);
    return op_flags(b, opcode, a, c, fw);
}

int32_t ir_op1(struct ir_block *b, enum ir_opcode op, int32_t a)
{
    return ir_op1f(b, op, a, 0);
}

int32_t ir_op2(struct ir_block *b, enum ir_opcode op, int32_t a, int32_t c)
{
    return ir_op2f(b, op, a, c, 0);
}

int32_t ir_op2i(struct ir_block *b, enum ir_opcode opcode, int32_t a, uint64_t imm)
{
    enum ir_type type = ir_op_info[opcode].argtypes[1] == 'w' ? IR_I32 : value_type(b, a);
    return ir_op2f(b, opcode, a, ir_const(b, type, imm), 0);
}

int32_t ir_bits(struct ir_block *b, enum ir_opcode opcode, int32_t a, unsigned lsb, unsigned width)
{
    assert(opcode == IR_OP_ubfx || opcode == IR_OP_sbfx);
    assert(width >= 1 && lsb + width <= 32);
    struct ir_op op = op_make(opcode, IR_I32, a, IR_NONE, IR_NONE, lsb | width << 8);
    return ir_emit_folded(b, &op);
}

int32_t ir_bfi(struct ir_block *b, int32_t a, int32_t field, unsigned lsb, unsigned width)
{
    assert(width >= 1 && lsb + width <= 32);
    struct ir_op op = op_make(IR_OP_bfi, IR_I32, a, field, IR_NONE, lsb | width << 8);
    return ir_emit_folded(b, &op);
}

int32_t ir_fop(struct ir_block *b, enum ir_opcode opcode, enum ir_type type, int32_t a0, int32_t a1,
               int32_t a2, unsigned aux)
{
    struct ir_op op = op_make(opcode, type, a0, a1, a2, 0);
    op.aux = (uint8_t)aux;
    return ir_emit_op(b, &op);
}

int32_t ir_vop(struct ir_block *b, enum ir_opcode opcode, enum ir_type type, unsigned size,
               int32_t a0, int32_t a1, uint64_t imm)
{
    struct ir_op op = op_make(opcode, type, a0, a1, IR_NONE, imm);
    char result = ir_op_info[opcode].result;
    if (result != 'v' && result != 'n') /* a fixed one */
        op.type = result == 'u' ? IR_V64 : IR_V128;
    op.aux = (uint8_t)size;
    return ir_emit_op(b, &op);
}

int32_t ir_vop3(struct ir_block *b, enum ir_opcode opcode, enum ir_type type, unsigned size,
                int32_t a0, int32_t a1, int32_t a2, uint64_t imm)
{
    int32_t v = ir_vop(b, opcode, type, size, a0, a1, imm);
    b->ops[v].arg[2] = a2;
    return v;
}

int32_t ir_select(struct ir_block *b, int32_t cond, int32_t a, int32_t c)
{
    struct ir_op op = op_make(IR_OP_select, value_type(b, a), cond, a, c, 0);
    return ir_emit_folded(b, &op);
}

int32_t ir_selcc(struct ir_block *b, enum ir_cc cc, int32_t a, int32_t c)
{
    struct ir_op op = op_make(IR_OP_selcc, value_type(b, a), a, c, IR_NONE, 0);
    op.aux = (uint8_t)cc;
    return ir_emit_folded(b, &op);
}

int32_t ir_cond(struct ir_block *b, enum ir_cc cc)
{
    struct ir_op op = op_make(IR_OP_cond, IR_I32, IR_NONE, IR_NONE, IR_NONE, 0);
    op.aux = (uint8_t)cc;
    return ir_emit_folded(b, &op);
}

int32_t ir_getnzcv(struct ir_block *b)
{
    return emit(b, IR_OP_getnzcv, IR_I32, IR_NONE, IR_NONE, IR_NONE, 0);
}

static void emit_set_flags(struct ir_block *b, enum ir_opcode opcode, int32_t v)
{
    struct ir_op op = op_make(opcode, IR_VOID, v, IR_NONE, IR_NONE, 0);
    op.fw = ir_op_info[opcode].flags;
    ir_emit_op(b, &op);
}

void ir_setc(struct ir_block *b, int32_t v)
{
    emit_set_flags(b, IR_OP_setc, v);
}

void ir_setv(struct ir_block *b, int32_t v)
{
    emit_set_flags(b, IR_OP_setv, v);
}

void ir_setnzcv(struct ir_block *b, int32_t v)
{
    emit_set_flags(b, IR_OP_setnzcv, v);
}

void ir_setflags(struct ir_block *b, int32_t v)
{
    emit_set_flags(b, IR_OP_setflags, v);
}

int32_t ir_ld(struct ir_block *b, enum ir_type type, int32_t addr, unsigned memop)
{
    return emit(b, IR_OP_ld, type, addr, IR_NONE, IR_NONE, memop);
}

void ir_st(struct ir_block *b, int32_t addr, int32_t value, unsigned memop)
{
    emit(b, IR_OP_st, value_type(b, value), addr, value, IR_NONE, memop);
}

void ir_memgroup(struct ir_block *b, int32_t addr, unsigned bytes, bool write)
{
    emit_none(b, IR_OP_memgroup, addr, bytes, write);
}

void ir_memgroupend(struct ir_block *b)
{
    emit_none(b, IR_OP_memgroupend, IR_NONE, 0, 0);
}

void ir_fence(struct ir_block *b)
{
    emit_none(b, IR_OP_fence, IR_NONE, 0, 0);
}

int32_t ir_call(struct ir_block *b, unsigned id, int32_t a0, int32_t a1, int32_t a2, int32_t a3)
{
    assert(id < b->target->helper_count);
    struct ir_op op = op_make(IR_OP_call, b->target->helpers[id].result, a0, a1, a2, id);
    op.arg[3] = a3;
    return ir_emit_op(b, &op);
}

void ir_callz(struct ir_block *b, int32_t v, unsigned id)
{
    assert(id < b->target->helper_count);
    emit_none(b, IR_OP_callz, v, id, 0);
}

int32_t ir_part(struct ir_block *b, enum ir_type type, int32_t v, unsigned offset)
{
    if (value_type(b, v) == type)
        return v;
    return emit(b, IR_OP_part, type, v, IR_NONE, IR_NONE, offset);
}

void ir_insn(struct ir_block *b, uint32_t word)
{
    b->insn_count++;
    emit_none(b, IR_OP_insn, IR_NONE, word, 0);
}

void ir_mark(struct ir_block *b, uint8_t *byte)
{
    emit_none(b, IR_OP_mark, IR_NONE, (uintptr_t)byte, 0);
}

unsigned ir_label_new(struct ir_block *b)
{
    return b->label_count++;
}

void ir_label(struct ir_block *b, unsigned label)
{
    assert(label < b->label_count);
    emit_none(b, IR_OP_label, IR_NONE, label, 0);
}

void ir_brcc(struct ir_block *b, enum ir_cc cc, unsigned label)
{
    emit_none(b, IR_OP_brcc, IR_NONE, label, cc);
}

void ir_brnz(struct ir_block *b, int32_t v, unsigned label)
{
    emit_none(b, IR_OP_brnz, v, label, 0);
}

void ir_brz(struct ir_block *b, int32_t v, unsigned label)
{
    emit_none(b, IR_OP_brz, v, label, 0);
}

void ir_callhint(struct ir_block *b, int32_t link, int64_t return_offset, unsigned lane)
{
    emit_none(b, IR_OP_callhint, link, (uint64_t)return_offset, lane);
}

void ir_exitd(struct ir_block *b, int64_t page_offset, unsigned lane)
{
    emit_none(b, IR_OP_exitd, IR_NONE, (uint64_t)page_offset, lane);
}

void ir_exiti(struct ir_block *b, int32_t addr, unsigned lane_and_hint)
{
    emit_none(b, IR_OP_exiti, addr, 0, lane_and_hint);
}

void ir_exitdyn(struct ir_block *b, int32_t addr)
{
    emit_none(b, IR_OP_exitdyn, addr, 0, 0);
}

void ir_exitengine(struct ir_block *b, int32_t addr, enum ir_exit reason)
{
    emit_none(b, IR_OP_exitengine, addr, 0, reason);
}
