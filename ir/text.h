/* What printer and parser of the text form share. */
#ifndef ARMEMU_IR_TEXT_H
#define ARMEMU_IR_TEXT_H

#include "ir/ir.h"

/**
 * The order of an op's operands, one letter each.
 *
 * The text form: a header line `block page_offset=0x10 lane=0 size=0x8 literals=0x0,0x0`, then one
 * op per line, `;` starts a comment.
 *
 *   %5 = add.i32 %3, %4 !nzcv       the flags written follow a `!`
 *   set r0, %5
 *   %6 = ld.i32 %5, b16 signed align4 user group
 *   %7 = ubfx %6, 8, 4              lsb, width
 *   %8 = call.i32 helper, %7, _     `_`: absent argument (missing ones are absent, too)
 *   brcc.ne L0
 *   L0:
 *   insn 0x104
 *   exitd 0x8, 0                    offset, lane
 *   exiti %7, bit0 return
 *
 * The letters:
 *   a  the arguments             i  imm as a hexadecimal number    o  imm as a signed offset
 *   s  slot name                 f  lsb and width                  m  memory access
 *   g  bytes of the group, load/store    h  helper name            l  label
 *   n  aux as a number           x  lane and hint of exiti         r  reason of exitengine
 */
const char *ir_text_pattern(unsigned opcode);

extern const char *const ir_text_types[]; /* by enum ir_type; NULL at the end, as in the others */
extern const char *const ir_text_ccs[];   /* by enum ir_cc */
extern const char *const ir_text_exits[]; /* by enum ir_exit */

/** Is the instance type part of the op's name (`add.i32`)? */
bool ir_text_has_type(unsigned opcode);
/** Is aux a condition, part of the op's name (`brcc.ne`)? */
bool ir_text_has_cc(unsigned opcode);

#endif
