#include <inttypes.h>
#include <string.h>

#include "ir/eval.h"
#include "ir/ir.h"

struct verifier {
    const struct ir_block *b;
    struct error *e;
    uint32_t at;      /* index of the op being checked */
    uint32_t segment; /* index after the last label: values older than this are dead */
    uint32_t insns;
    uint32_t placed;  /* labels */
    bool in_group;
    uint8_t *label_seen; /* by label: has been placed */
    uint8_t *label_uses;
};

__attribute__((format(printf, 2, 3)))
static bool breach(struct verifier *v, const char *fmt, ...)
{
    char text[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    const struct ir_op *op = &v->b->ops[v->at];
    const char *name = op->opcode < IR_OP_COUNT ? ir_op_info[op->opcode].name : "?";
    return error_set(v->e, "op %" PRIu32 " (%s): %s", v->at, name, text);
}

/* ---- values ---------------------------------------------------------------------------------- */

static bool check_arg(struct verifier *v, const struct ir_op *op, unsigned i)
{
    const struct ir_block *b = v->b;
    int32_t a = op->arg[i];
    if (a == IR_NONE) {
        bool optional = op->opcode == IR_OP_call && i >= b->target->helpers[op->imm].nargs;
        return optional || i >= ir_op_info[op->opcode].nargs ||
               breach(v, "argument %u is missing", i);
    }
    if (i >= ir_op_info[op->opcode].nargs)
        return breach(v, "argument %u is too many", i);
    if (op->opcode == IR_OP_call && i >= b->target->helpers[op->imm].nargs)
        return breach(v, "the helper does not take argument %u", i);
    if (a < 0 || (uint32_t)a >= v->at)
        return breach(v, "argument %u is not defined before", i);
    enum ir_type type = ir_op_result_type(&b->ops[a]), wanted = ir_op_arg_type(b, op, i);
    if (type == IR_VOID)
        return breach(v, "argument %u is an op without value", i);
    bool any = ir_op_info[op->opcode].argtypes[i] == '?';
    if (wanted == IR_VOID && type > IR_I64 && !any)
        return breach(v, "argument %u is not an integer", i);
    if (wanted != IR_VOID && type != wanted)
        return breach(v, "argument %u has the wrong type", i);
    if ((uint32_t)a < v->segment && b->ops[a].opcode != IR_OP_const)
        return breach(v, "argument %u is a value that is live across a label", i);
    return true;
}

/* May the instance have a type that is not an integer's? A dead set is a mov between passes. */
static bool any_type(const struct ir_op *op)
{
    return (op->opcode == IR_OP_const || op->opcode == IR_OP_get || op->opcode == IR_OP_set ||
            op->opcode == IR_OP_mov || op->opcode == IR_OP_part || op->opcode == IR_OP_ld ||
            op->opcode == IR_OP_st) && op->type >= IR_F32 && op->type <= IR_V128;
}

static bool check_type(struct verifier *v, const struct ir_op *op)
{
    const struct ir_op_info *info = &ir_op_info[op->opcode];
    bool is_float = info->result == 'f' || strchr(info->argtypes, 'f');
    bool is_vector = info->result == 'v' || (info->result == 'n' && strchr(info->argtypes, 'v'));
    bool has_instance = is_float || is_vector || info->result == 't' || strchr(info->argtypes, 't');
    if (op->opcode == IR_OP_call)
        return op->type == v->b->target->helpers[op->imm].result ||
               breach(v, "the type is not that of the helper's result");
    if (!has_instance)
        return op->type == ir_op_result_type(op) || breach(v, "the type is not that of the result");
    if (is_float && op->type != IR_F32 && op->type != IR_F64)
        return breach(v, "the instance type is neither f32 nor f64");
    if (is_vector && op->type != IR_V64 && op->type != IR_V128)
        return breach(v, "the instance type is neither v64 nor v128");
    if (!is_float && !is_vector && op->type != IR_I32 && op->type != IR_I64 && !any_type(op))
        return breach(v, "the instance type is neither i32 nor i64");
    if ((op->opcode == IR_OP_adc || op->opcode == IR_OP_sbc) && op->type != IR_I32)
        return breach(v, "only for i32");
    if (op->opcode == IR_OP_pcrel && op->type != v->b->target->address_type)
        return breach(v, "the type is not that of addresses");
    return true;
}

static bool is_shift(unsigned opcode)
{
    return opcode == IR_OP_shl || opcode == IR_OP_shr || opcode == IR_OP_sar || opcode == IR_OP_ror;
}

static bool check_flags(struct verifier *v, const struct ir_op *op)
{
    const struct ir_op_info *info = &ir_op_info[op->opcode];
    if (op->fw & ~info->flags)
        return breach(v, "writes flags that the op does not define");
    bool setter = op->opcode == IR_OP_setc || op->opcode == IR_OP_setv ||
                  op->opcode == IR_OP_setnzcv || op->opcode == IR_OP_setflags;
    if (setter && op->fw && op->fw != info->flags)
        return breach(v, "writes a part of its flags");
    if (is_shift(op->opcode) && op->fw) {
        uint64_t amount;
        if (!ir_const_value(v->b, op->arg[1], &amount))
            return breach(v, "writes flags with a variable amount");
        if (amount < 1 || amount >= ir_op_width(op))
            return breach(v, "writes flags with an amount out of range");
    }
    return true;
}

/* ---- what imm and aux name ------------------------------------------------------------------- */

static bool check_memory(struct verifier *v, const struct ir_op *op)
{
    unsigned bytes = 1u << (op->imm & IR_MEM_SIZE_MASK);
    unsigned known =
        IR_MEM_SIZE_MASK | IR_MEM_SIGNED | IR_MEM_ALIGN_MASK | IR_MEM_USER | IR_MEM_GROUP;
    if (op->imm & ~(uint64_t)known)
        return breach(v, "unknown bits in the access descriptor");
    if (op->type >= IR_F32 && (bytes != ir_type_bytes(op->type) || (op->imm & IR_MEM_SIGNED)))
        return breach(v, "not an access of the whole value");
    if (bytes > ir_type_bytes(op->type))
        return breach(v, "the access is wider than the value");
    if (!!(op->imm & IR_MEM_GROUP) != v->in_group)
        return breach(v, v->in_group ? "an access of the group that is not marked so"
                                     : "marked as of a group, but none is open");
    return true;
}

/* Bytes of argument @i; 0 when it is none. */
static unsigned arg_bytes(const struct verifier *v, const struct ir_op *op, unsigned i)
{
    int32_t a = op->arg[i];
    return a >= 0 && (uint32_t)a < v->at ? ir_type_bytes(ir_op_result_type(&v->b->ops[a])) : 0;
}

static bool check_part(struct verifier *v, const struct ir_op *op)
{
    if (op->opcode == IR_OP_vjoin)
        return (arg_bytes(v, op, 0) == 8 && arg_bytes(v, op, 1) == 8) || breach(v, "not of halves");
    unsigned bytes = ir_type_bytes(op->type);
    return (op->imm % bytes == 0 && op->imm + bytes <= arg_bytes(v, op, 0)) ||
           breach(v, "no such part");
}

/* Element sizes that a vector op has, as a mask of their log2. */
static unsigned element_sizes(unsigned opcode)
{
    switch (opcode) {
    case IR_OP_vand:
    case IR_OP_vor:
    case IR_OP_vxor:
    case IR_OP_vandn:
    case IR_OP_vadd:
    case IR_OP_vsub:
    case IR_OP_vcmpeq: case IR_OP_vcmpgts: case IR_OP_vshlvs: case IR_OP_vshlvu:
        return 15;
    case IR_OP_vshl: case IR_OP_vshru: case IR_OP_vnarrow:
        return 14;
    case IR_OP_vshrs: return 6;
    case IR_OP_vqadds: case IR_OP_vqsubs: case IR_OP_vqaddu: case IR_OP_vqsubu: return 3;
    case IR_OP_vqnarrows: case IR_OP_vqnarrowu: case IR_OP_vqnarrowsu: return 6;
    case IR_OP_vext: case IR_OP_vtbl: case IR_OP_vblend: case IR_OP_vqc: return 1;
    case IR_OP_vqdmulh: case IR_OP_vqrdmulh: return 6;
    case IR_OP_vmulls: case IR_OP_vmullu: return 8;
    case IR_OP_vpmull: return 9;
    case IR_OP_vaese: case IR_OP_vaesd: case IR_OP_vaesmc: case IR_OP_vaesimc: case IR_OP_vsha1:
    case IR_OP_vsha256h:
    case IR_OP_vsha256h2:
    case IR_OP_vsha256su0:
    case IR_OP_vsha256su1:
        return 1;
    case IR_OP_vhtof: return 2;
    default: return opcode >= IR_OP_vfadd ? 4 : 7;
    }
}

static bool check_vector(struct verifier *v, const struct ir_op *op)
{
    if (op->aux > 3 || !(element_sizes(op->opcode) >> op->aux & 1))
        return breach(v, "not for elements of this size");
    return op->imm < ir_vector_imms(op) || breach(v, "no such shift amount");
}

static bool check_imm(struct verifier *v, const struct ir_op *op)
{
    const struct ir_target *t = v->b->target;
    if (op->opcode >= IR_OP_vand && op->opcode <= IR_OP_vfmul)
        return check_vector(v, op);
    switch (op->opcode) {
    case IR_OP_const:
        return ir_eval_truncate(op->type, op->imm) == op->imm || breach(v, "too large for its "
                                                                           "type");
    case IR_OP_get:
    case IR_OP_set:
        if (op->imm >= t->slot_count)
            return breach(v, "no such slot");
        return op->type == ir_slot_value_type(&t->slots[op->imm]) || breach(v, "not the slot's "
                                                                               "type");
    case IR_OP_crc32c:
        return op->imm <= 2 || breach(v, "no such size");
    case IR_OP_index:
        return (op->imm >= 1 && op->imm <= 3) || breach(v, "no such scale");
    case IR_OP_ubfx:
    case IR_OP_sbfx:
    case IR_OP_bfi:
        return (ir_bits_width(op) >= 1 && ir_bits_lsb(op) + ir_bits_width(op) <= 32 &&
                op->imm <= 0xffff) || breach(v, "no such bit field");
    case IR_OP_cond:
    case IR_OP_selcc:
    case IR_OP_brcc:
        return op->aux <= IR_CC_AL || breach(v, "no such condition");
    case IR_OP_ld:
    case IR_OP_st:
        return check_memory(v, op);
    case IR_OP_ftos:
    case IR_OP_ftou:
        return ((op->aux & IR_ROUND_MASK) <= IR_ROUND_AWAY && (op->imm & 63) <= 32 &&
                op->imm < 128) ||
               breach(v, "no such conversion");
    case IR_OP_stof:
    case IR_OP_utof:
        return op->imm <= 32 || breach(v, "no such conversion");
    case IR_OP_frint:
        return ((op->aux & IR_ROUND_MASK) <= IR_ROUND_AWAY && op->imm <= 1) ||
               breach(v, "no such rounding");
    case IR_OP_fcmp:
        return (op->aux & ~IR_FP_MODES) <= 1 || breach(v, "no such variant");
    case IR_OP_part:
    case IR_OP_vjoin:
        return check_part(v, op);
    case IR_OP_call:
        return op->imm < t->helper_count || breach(v, "no such helper");
    case IR_OP_callz:
        return (op->imm < t->helper_count &&
                (t->helpers[op->imm].effects & IR_HELPER_RAISES)) ||
               breach(v, "no such helper, or not one that raises");
    case IR_OP_memgroup:
        return (op->imm && op->aux <= 1) || breach(v, "not a size and direction of a group");
    case IR_OP_exitd:
    case IR_OP_callhint:
        return op->aux < IR_LANES || breach(v, "no such lane");
    case IR_OP_exiti: {
        unsigned lane = op->aux & IR_LANE_MASK;
        return (lane < IR_LANES || lane == IR_LANE_SAME || lane == IR_LANE_BIT0) ||
               breach(v, "no such lane");
    }
    case IR_OP_exitengine:
        return op->aux <= IR_EXIT_YIELD || breach(v, "no such reason");
    default:
        return true;
    }
}

/* ---- structure ------------------------------------------------------------------------------- */

static bool check_group(struct verifier *v, const struct ir_op *op)
{
    unsigned effects = ir_op_info[op->opcode].effects;
    if (op->opcode == IR_OP_memgroup) {
        if (v->in_group)
            return breach(v, "a group inside a group");
        v->in_group = true;
    } else if (op->opcode == IR_OP_memgroupend) {
        if (!v->in_group)
            return breach(v, "no group is open");
        v->in_group = false;
    } else if (v->in_group &&
               ((effects & (IR_EFF_END | IR_EFF_BR | IR_EFF_CALL)) || op->opcode == IR_OP_callz ||
                op->opcode == IR_OP_insn || op->opcode == IR_OP_fence)) {
        return breach(v, "does not belong inside a group");
    }
    return true;
}

/* What is in front of it is done once or each time: so only what no one sees. */
static bool check_loophead(struct verifier *v)
{
    for (uint32_t i = 0; i < v->at; i++)
        if (ir_op_info[v->b->ops[i].opcode].effects & ~(unsigned)(IR_EFF_RDS | IR_EFF_WRS))
            return breach(v, "more than sets of slots is in front");
    v->segment = v->at + 1;
    return true;
}

static bool check_control(struct verifier *v, const struct ir_op *op)
{
    const struct ir_block *b = v->b;
    unsigned effects = ir_op_info[op->opcode].effects;
    if (effects & IR_EFF_BR) {
        if (op->imm >= b->label_count)
            return breach(v, "no such label");
        if (v->label_seen[op->imm])
            return breach(v, op->opcode == IR_OP_label ? "the label is placed twice"
                                                       : "branches backward");
    }
    if (op->opcode == IR_OP_loophead && !check_loophead(v))
        return false;
    if (op->opcode == IR_OP_label) {
        v->label_seen[op->imm] = 1;
        v->placed++;
        if (!ir_label_is_side(b, v->at, v->label_uses))
            v->segment = v->at + 1;
    }
    if ((effects & IR_EFF_END) && v->at + 1 < b->count && b->ops[v->at + 1].opcode != IR_OP_label)
        return breach(v, "is followed by an op that is not reached");
    v->insns += op->opcode == IR_OP_insn;
    return true;
}

static bool check_op(struct verifier *v)
{
    const struct ir_op *op = &v->b->ops[v->at];
    if (op->opcode >= IR_OP_COUNT)
        return breach(v, "no such op");
    if (!check_imm(v, op) || !check_type(v, op))
        return false;
    for (unsigned i = 0; i < IR_ARGS; i++)
        if (!check_arg(v, op, i))
            return false;
    return check_flags(v, op) && check_group(v, op) && check_control(v, op);
}

bool ir_verify(const struct ir_block *b, struct error *e)
{
    struct verifier v = {.b = b, .e = e};
    v.label_seen = arena_alloc(b->arena, b->label_count + 1);
    memset(v.label_seen, 0, b->label_count + 1);
    v.label_uses = ir_label_uses(b);
    for (v.at = 0; v.at < b->count; v.at++)
        if (!check_op(&v))
            return false;
    if (!b->count || !(ir_op_info[b->ops[b->count - 1].opcode].effects & IR_EFF_END))
        return error_set(e, "the block does not end with an exit");
    if (v.in_group)
        return error_set(e, "a memgroup is not closed");
    if (v.placed != b->label_count)
        return error_set(e, "%" PRIu32 " labels, of which %" PRIu32 " are placed", b->label_count,
                         v.placed);
    if (v.insns != b->insn_count)
        return error_set(e, "insn_count is %" PRIu32 ", but there are %" PRIu32 " insn ops",
                         b->insn_count, v.insns);
    uint64_t page = BIT64(b->target->memory.page_bits);
    if (b->page_offset >= page || b->lane >= IR_LANES)
        return error_set(e, "page_offset or lane out of range");
    return true;
}
