#include <inttypes.h>

#include "ir/eval.h"
#include "ir/text.h"

typedef void print_fn(const struct ir_block *b, const struct ir_op *op, FILE *out);

static void print_args(const struct ir_block *b, const struct ir_op *op, FILE *out)
{
    const char *separator = "";
    unsigned n = ir_op_info[op->opcode].nargs;
    if (op->opcode == IR_OP_call)
        while (n && op->arg[n - 1] == IR_NONE)
            n--;
    for (unsigned i = 0; i < n; i++, separator = ", ") {
        if (op->arg[i] == IR_NONE)
            fprintf(out, "%s_", separator);
        else
            fprintf(out, "%s%%%" PRId32, separator, op->arg[i]);
    }
}

static void print_imm(const struct ir_block *b, const struct ir_op *op, FILE *out)
{
    fprintf(out, "0x%" PRIx64, op->imm);
}

static void print_offset(const struct ir_block *b, const struct ir_op *op, FILE *out)
{
    int64_t v = (int64_t)op->imm;
    fprintf(out, "%s0x%" PRIx64, v < 0 ? "-" : "", v < 0 ? -op->imm : op->imm);
}

static void print_slot(const struct ir_block *b, const struct ir_op *op, FILE *out)
{
    if (op->imm < b->target->slot_count)
        fputs(b->target->slots[op->imm].name, out);
    else
        fprintf(out, "?slot%" PRIu64, op->imm);
}

static void print_field(const struct ir_block *b, const struct ir_op *op, FILE *out)
{
    fprintf(out, "%u, %u", ir_bits_lsb(op), ir_bits_width(op));
}

static void print_memop(const struct ir_block *b, const struct ir_op *op, FILE *out)
{
    unsigned align = (op->imm & IR_MEM_ALIGN_MASK) >> IR_MEM_ALIGN_SHIFT;
    fprintf(out, "b%u", 8u << (op->imm & IR_MEM_SIZE_MASK));
    if (op->imm & IR_MEM_SIGNED)
        fputs(" signed", out);
    if (align)
        fprintf(out, " align%u", 1u << align);
    if (op->imm & IR_MEM_USER)
        fputs(" user", out);
    if (op->imm & IR_MEM_GROUP)
        fputs(" group", out);
}

static void print_group(const struct ir_block *b, const struct ir_op *op, FILE *out)
{
    fprintf(out, "%" PRIu64 " %s", op->imm, op->aux ? "store" : "load");
}

static void print_helper(const struct ir_block *b, const struct ir_op *op, FILE *out)
{
    if (op->imm < b->target->helper_count)
        fputs(b->target->helpers[op->imm].name, out);
    else
        fprintf(out, "?helper%" PRIu64, op->imm);
}

static void print_label(const struct ir_block *b, const struct ir_op *op, FILE *out)
{
    fprintf(out, "L%" PRIu64, op->imm);
}

static void print_aux(const struct ir_block *b, const struct ir_op *op, FILE *out)
{
    fprintf(out, "%u", op->aux);
}

static void print_lane(const struct ir_block *b, const struct ir_op *op, FILE *out)
{
    unsigned lane = op->aux & IR_LANE_MASK;
    if (lane == IR_LANE_SAME || lane == IR_LANE_BIT0)
        fputs(lane == IR_LANE_SAME ? "same" : "bit0", out);
    else
        fprintf(out, "%u", lane);
    if (op->aux & IR_HINT_RETURN)
        fputs(" return", out);
}

static void print_reason(const struct ir_block *b, const struct ir_op *op, FILE *out)
{
    fputs(op->aux <= IR_EXIT_YIELD ? ir_text_exits[op->aux] : "?exit", out);
}

static print_fn *const print_operand[128] = {
    ['a'] = print_args,  ['i'] = print_imm,    ['o'] = print_offset, ['s'] = print_slot,
    ['f'] = print_field, ['m'] = print_memop,  ['g'] = print_group,  ['h'] = print_helper,
    ['l'] = print_label, ['n'] = print_aux,    ['x'] = print_lane,   ['r'] = print_reason,
};

static void print_flags(unsigned fw, FILE *out)
{
    if (!fw)
        return;
    fputs(" !", out);
    for (unsigned i = 0; i < 4; i++)
        if (fw & 8 >> i)
            fputc("nzcv"[i], out);
}

static const char *name_or(const char *const *names, unsigned i, unsigned last)
{
    return i <= last ? names[i] : "?";
}

static void print_op(const struct ir_block *b, uint32_t index, FILE *out)
{
    const struct ir_op *op = &b->ops[index];
    if (op->opcode >= IR_OP_COUNT) {
        fprintf(out, "    ?op%u\n", op->opcode);
        return;
    }
    if (op->opcode == IR_OP_label) {
        fprintf(out, "L%" PRIu64 ":\n", op->imm);
        return;
    }
    fputs("    ", out);
    if (ir_op_result_type(op) != IR_VOID)
        fprintf(out, "%%%" PRIu32 " = ", index);
    fputs(ir_op_info[op->opcode].name, out);
    if (ir_text_has_cc(op->opcode))
        fprintf(out, ".%s", name_or(ir_text_ccs, op->aux, IR_CC_AL));
    if (ir_text_has_type(op->opcode) && op->type != IR_VOID)
        fprintf(out, ".%s", name_or(ir_text_types, op->type, IR_V128));
    const char *separator = " ";
    for (const char *p = ir_text_pattern(op->opcode); *p; p++, separator = ", ") {
        bool empty = *p == 'a' && (!ir_op_info[op->opcode].nargs ||
                                   (op->opcode == IR_OP_call && op->arg[0] < 0 && op->arg[1] < 0 &&
                                    op->arg[2] < 0 && op->arg[3] < 0));
        if (empty)
            continue;
        fputs(separator, out);
        print_operand[(unsigned char)*p](b, op, out);
    }
    print_flags(op->fw, out);
    fputc('\n', out);
}

void ir_print(const struct ir_block *b, FILE *out)
{
    fprintf(out, "block page_offset=0x%" PRIx32 " lane=%" PRIu32 " size=0x%" PRIx32
            " literals=0x%" PRIx32 ",0x%" PRIx32 "\n",
            b->page_offset, b->lane, b->guest_size, b->literal_start, b->literal_end);
    for (uint32_t i = 0; i < b->count; i++)
        print_op(b, i, out);
}
