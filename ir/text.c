#include "ir/text.h"

#include <string.h>

/* Where it is more than the arguments. */
static const char *const patterns[IR_OP_COUNT] = {
    [IR_OP_const] = "i",     [IR_OP_get] = "s",       [IR_OP_set] = "sa",  [IR_OP_pcrel] = "o",
    [IR_OP_part] = "ai",     [IR_OP_callz] = "ha",    [IR_OP_index] = "ai",  [IR_OP_crc32c] = "ai",
    [IR_OP_ubfx] = "af",     [IR_OP_sbfx] = "af",     [IR_OP_bfi] = "af",  [IR_OP_ld] = "am",
    [IR_OP_st] = "am",       [IR_OP_memgroup] = "ag", [IR_OP_call] = "ha", [IR_OP_insn] = "i",
    [IR_OP_mark] = "i",
    [IR_OP_brcc] = "l",      [IR_OP_brnz] = "al",     [IR_OP_brz] = "al",  [IR_OP_label] = "l",
    [IR_OP_callhint] = "aon", [IR_OP_exitd] = "on",    [IR_OP_exiti] = "ax",
    [IR_OP_exitengine] = "ar", [IR_OP_fcmp] = "an",   [IR_OP_ftos] = "ani", [IR_OP_ftou] = "ani",
    [IR_OP_stof] = "ani",    [IR_OP_utof] = "ani",    [IR_OP_frint] = "ani", [IR_OP_fadd] = "an",
    [IR_OP_fsub] = "an",     [IR_OP_fmul] = "an",     [IR_OP_fdiv] = "an",   [IR_OP_fmuladd] = "an",
    [IR_OP_fsqrt] = "an",    [IR_OP_fmaxnm] = "an",   [IR_OP_fminnm] = "an", [IR_OP_fwiden] = "an",
    [IR_OP_fnarrow] = "an",
};

const char *ir_text_pattern(unsigned opcode)
{
    if (opcode >= IR_OP_vand && opcode <= IR_OP_vfmul)
        return ir_vector_imms(
                   &(struct ir_op){.opcode = (uint8_t)opcode, .type = IR_V64, .aux = 1}) > 1
                   ? "ani"
                   : "an";
    return patterns[opcode] ? patterns[opcode] : "a";
}

const char *const ir_text_types[] = {"void", "i8",  "i16", "i32",  "i64",
                                     "f32",  "f64", "v64", "v128", NULL};

const char *const ir_text_ccs[] = {"eq", "ne", "cs", "cc", "mi", "pl", "vs", "vc",
                                   "hi", "ls", "ge", "lt", "gt", "le", "al", NULL};

const char *const ir_text_exits[] = {"lookup", "chain", "budget", "halt", "debug", "yield", NULL};

bool ir_text_has_type(unsigned opcode)
{
    const struct ir_op_info *info = &ir_op_info[opcode];
    if (opcode == IR_OP_get || opcode == IR_OP_set)
        return false; /* the slot has it */
    return strpbrk(info->argtypes, "tfv") || info->result == 't' || info->result == 'f' ||
           info->result == 'v';
}

bool ir_text_has_cc(unsigned opcode)
{
    return opcode == IR_OP_cond || opcode == IR_OP_selcc || opcode == IR_OP_brcc;
}
