#include "ir/ir.h"

#include <assert.h>
#include <string.h>

/* The words of ops.def's columns. */
#define NONE 'n'
#define T 't'
#define I32 'w'
#define I64 'q'
#define F 'f'
#define F32 's'
#define F64 'd'
#define VEC 'v'
#define V64 'u'
#define V128 'x'
#define NZ IR_NZ
#define NZC IR_NZC
#define NZCV IR_NZCV
#define C IR_FLAG_C
#define V IR_FLAG_V
#define PURE IR_EFF_PURE
#define RDF IR_EFF_RDF
#define RDS IR_EFF_RDS
#define WRS IR_EFF_WRS
#define LD IR_EFF_LD
#define ST IR_EFF_ST
#define FAULT IR_EFF_FAULT
#define END IR_EFF_END
#define BR IR_EFF_BR
#define COMM IR_EFF_COMM
#define CALL IR_EFF_CALL
#define MARK IR_EFF_MARK
#define FP IR_EFF_FP

const struct ir_op_info ir_op_info[IR_OP_COUNT] = {
#define OP(name_, nargs_, result_, argtypes_, flags_, effects_, doc_)                              \
    [IR_OP_##name_] = {#name_, nargs_, result_, argtypes_, flags_, effects_, doc_},
#include "ir/ops.def"
#undef OP
};

#define TYPE_OF_LETTER(letter)                                                                     \
    ((letter) == T || (letter) == F || (letter) == VEC ? IR_RESULT_INSTANCE                        \
     : (letter) == I32                                 ? IR_I32                                    \
     : (letter) == I64                                 ? IR_I64                                    \
     : (letter) == F32                                 ? IR_F32                                    \
     : (letter) == F64                                 ? IR_F64                                    \
     : (letter) == V64                                 ? IR_V64                                    \
     : (letter) == V128                                ? IR_V128                                   \
                                                       : IR_VOID)

const uint8_t ir_op_result[IR_OP_COUNT] = {
#define OP(name_, nargs_, result_, argtypes_, flags_, effects_, doc_)                              \
    [IR_OP_##name_] = TYPE_OF_LETTER(result_),
#include "ir/ops.def"
#undef OP
};

enum ir_type ir_op_arg_type(const struct ir_block *b, const struct ir_op *op, unsigned i)
{
    const struct ir_op_info *info = &ir_op_info[op->opcode];
    if (i >= info->nargs)
        return IR_VOID;
    if (info->argtypes[i] == 'a')
        return b->target->address_type;
    unsigned type = TYPE_OF_LETTER(info->argtypes[i]);
    return (enum ir_type)(type == IR_RESULT_INSTANCE ? op->type : type);
}

uint8_t ir_cc_flags(enum ir_cc cc)
{
    static const uint8_t flags[] = {
        [IR_CC_EQ] = IR_FLAG_Z,
        [IR_CC_CS] = IR_FLAG_C,
        [IR_CC_MI] = IR_FLAG_N,
        [IR_CC_VS] = IR_FLAG_V,
        [IR_CC_HI] = IR_FLAG_C | IR_FLAG_Z,
        [IR_CC_GE] = IR_FLAG_N | IR_FLAG_V,
        [IR_CC_GT] = IR_FLAG_N | IR_FLAG_V | IR_FLAG_Z,
        [IR_CC_AL] = 0,
    };
    assert(cc <= IR_CC_AL);
    return flags[cc & ~1u];
}

uint8_t ir_op_flags_read(const struct ir_op *op)
{
    if (!(ir_op_info[op->opcode].effects & IR_EFF_RDF))
        return 0;
    switch (op->opcode) {
    case IR_OP_adc:
    case IR_OP_sbc:
    case IR_OP_rrx:
        return IR_FLAG_C;
    case IR_OP_getnzcv:
        return IR_NZCV;
    default:
        return ir_cc_flags(op->aux);
    }
}

unsigned ir_type_bytes(unsigned type)
{
    static const uint8_t bytes[] = {
        [IR_VOID] = 0, [IR_I8] = 1,  [IR_I16] = 2, [IR_I32] = 4,   [IR_I64] = 8,
        [IR_F32] = 4,  [IR_F64] = 8, [IR_V64] = 8, [IR_V128] = 16,
    };
    assert(type <= IR_V128);
    return bytes[type];
}

bool ir_slots_overlap(const struct ir_target *t, unsigned a, unsigned b)
{
    assert(a < t->slot_count && b < t->slot_count);
    const struct ir_slot *x = &t->slots[a], *y = &t->slots[b];
    return x->offset < y->offset + ir_type_bytes(y->type) &&
           y->offset < x->offset + ir_type_bytes(x->type);
}

bool ir_slot_covers(const struct ir_target *t, unsigned a, unsigned b)
{
    assert(a < t->slot_count && b < t->slot_count);
    const struct ir_slot *x = &t->slots[a], *y = &t->slots[b];
    return x->offset <= y->offset &&
           y->offset + ir_type_bytes(y->type) <= x->offset + ir_type_bytes(x->type);
}

unsigned ir_vector_imms(const struct ir_op *op)
{
    switch (op->opcode) {
    case IR_OP_vshl: case IR_OP_vshru: case IR_OP_vshrs: return 8u << op->aux;
    case IR_OP_vdupl: return 8u >> op->aux;
    case IR_OP_vext: return ir_type_bytes(op->type);
    case IR_OP_vsha1: return 3;
    case IR_OP_vfadd: case IR_OP_vfsub: case IR_OP_vfmul: case IR_OP_vfmla: case IR_OP_vfmls:
    case IR_OP_vfmuladd: case IR_OP_vfrecps: case IR_OP_vfrsqrts: case IR_OP_vfrecpe: return 2;
    case IR_OP_vfrint: return 10;
    case IR_OP_vftos: case IR_OP_vftou: return 5 * 33;
    case IR_OP_vstof: case IR_OP_vutof: return 2 * 33;
    default: return 1;
    }
}

bool ir_block_loops(const struct ir_block *b)
{
    for (uint32_t i = 0; i < b->count; i++)
        if (b->ops[i].opcode == IR_OP_exitd && b->ops[i].imm == b->page_offset &&
            b->ops[i].aux == b->lane)
            return true;
    return false;
}

uint8_t *ir_label_uses(const struct ir_block *b)
{
    uint8_t *uses = arena_alloc(b->arena, b->label_count + 1);
    memset(uses, 0, b->label_count + 1);
    for (uint32_t i = 0; b->label_count && i < b->count; i++) {
        const struct ir_op *op = &b->ops[i];
        bool branch = op->opcode < IR_OP_COUNT && (ir_op_info[op->opcode].effects & IR_EFF_BR) &&
                      op->opcode != IR_OP_label; /* the verifier asks of any block */
        if (branch && op->imm < b->label_count && uses[op->imm] < 2)
            uses[op->imm]++;
    }
    return uses;
}

bool ir_label_is_side(const struct ir_block *b, uint32_t at, const uint8_t *uses)
{
    const struct ir_op *op = &b->ops[at];
    if (at < 2 || op[-1].opcode != IR_OP_exitd || uses[op->imm] != 1)
        return false;
    const struct ir_op *branch = op - (at > 2 && op[-2].opcode == IR_OP_mark ? 3 : 2);
    bool conditional = branch->opcode == IR_OP_brnz || branch->opcode == IR_OP_brz ||
                       (branch->opcode == IR_OP_brcc && branch->aux != IR_CC_AL);
    return conditional && branch->imm == op->imm;
}

int32_t ir_address_root(const struct ir_block *b, int32_t v, int64_t *disp)
{
    uint64_t imm;
    *disp = 0;
    for (;;) {
        const struct ir_op *op = &b->ops[v];
        bool add = op->opcode == IR_OP_add, sub = op->opcode == IR_OP_sub;
        if (!add && !sub)
            return v;
        if (ir_const_value(b, op->arg[1], &imm)) {
            *disp += add ? (int32_t)imm : -(int64_t)(int32_t)imm;
            v = op->arg[0];
        } else if (add && ir_const_value(b, op->arg[0], &imm)) {
            *disp += (int32_t)imm;
            v = op->arg[1];
        } else {
            return v;
        }
    }
}
