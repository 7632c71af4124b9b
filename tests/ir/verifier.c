/* The verifier names each breach of the rules. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/ir/fixture.h"
#include "util/bits.h"

#define I32 "%0 = const.i32 4\n"
#define GET "%1 = get r0\n"
#define I64 "%2 = get d0\n"
#define EXIT "exitd 0, 0\n"

/* Blocks that parse, and part of what the verifier says. */
static const struct {
    const char *text, *error;
} breaches[] = {
    {"", "does not end with an exit"},
    {I32, "does not end with an exit"},
    {EXIT I32 EXIT, "is followed by an op that is not reached"},
    {I64 "%3 = add.i32 %2, %2\n" EXIT, "argument 0 has the wrong type"},
    {I32 I64 "%3 = add.i64 %2, %0\n" EXIT, "argument 1 has the wrong type"},
    {I64 "set r0, %2\n" EXIT, "argument 0 has the wrong type"},
    {I64 "%3 = shl.i64 %2, %2\n" EXIT, "argument 1 has the wrong type"},
    {I64 "%3 = ld.i32 %2, b32\n" EXIT, "argument 0 has the wrong type"},
    {I64 "exiti %2, same\n", "argument 0 has the wrong type"},
    {"%3 = const.i16 1\n" EXIT, "neither i32 nor i64"},
    {I64 "%3 = adc.i64 %2, %2\n" EXIT, "only for i32"},
    {"%3 = pcrel.i64 0\n" EXIT, "not that of addresses"},
    {I32 "%3 = and.i32 %0, %0 !c\n" EXIT, "flags that the op does not define"},
    {I32 "%3 = neg.i32 %0 !n\n" EXIT, "flags that the op does not define"},
    {I32 "setnzcv %0 !nz\n" EXIT, "writes a part of its flags"},
    {I32 GET "%3 = shl.i32 %0, %1 !c\n" EXIT, "with a variable amount"},
    {I32 "%3 = const.i32 0\n%4 = shl.i32 %0, %3 !n\n" EXIT, "an amount out of range"},
    {I32 "%3 = const.i32 32\n%4 = ror.i32 %0, %3 !c\n" EXIT, "an amount out of range"},
    {I32 "%3 = ubfx %0, 30, 3\n" EXIT, "no such bit field"},
    {I32 "%3 = sbfx %0, 3, 0\n" EXIT, "no such bit field"},
    {I32 "%3 = ld.i32 %0, b64\n" EXIT, "wider than the value"},
    {I32 "%3 = ld.i32 %0, b32 group\n" EXIT, "none is open"},
    {I32 "memgroup %0, 8 load\n%3 = ld.i32 %0, b32\nmemgroupend\n" EXIT, "not marked so"},
    {I32 "memgroup %0, 8 load\nmemgroup %0, 8 load\nmemgroupend\n" EXIT, "a group inside a group"},
    {"memgroupend\n" EXIT, "no group is open"},
    {I32 "memgroup %0, 8 load\n" EXIT, "does not belong inside a group"},
    {I32 "memgroup %0, 8 load\ncall poke, %0\nmemgroupend\n" EXIT, "does not belong inside a "
                                                                   "group"},
    {I32 "memgroup %0, 8 load\nL0:\nmemgroupend\n" EXIT, "does not belong inside a group"},
    {I32 "memgroup %0, 0 load\nmemgroupend\n" EXIT, "not a size and direction"},
    {I32 "call.i32 poke, %0\n" EXIT, ""}, /* does not parse: a value without a name */
    {I32 "%3 = call.i64 mix, %0, %0, %0, %0\n" EXIT, "not that of the helper's result"},
    {I32 "%3 = call.i32 mix, %0, %0, %0\n" EXIT, "argument 3 is missing"},
    {I32 "call poke, %0, %0\n" EXIT, "does not take argument 1"},
    {"call poke\n" EXIT, "argument 0 is missing"},
    {GET "L0:\nset r1, %1\n" EXIT, "live across a label"},
    {GET "brcc.eq L0\nset r1, %1\nexitd 0x4, 0\nL0:\nset r1, %1\n" EXIT, "live across a label"},
    {"brcc.eq L0\n" EXIT, "labels, of which"},
    {"L0:\nL0:\n" EXIT, "placed twice"},
    {"L0:\nbrcc.eq L0\n" EXIT, "branches backward"},
    {"insn 1\nloophead\n" EXIT, "in front"},
    {I32 "%3 = ld.i32 %0, b32\nloophead\n" EXIT, "in front"},
    {GET "loophead\nset r1, %1\n" EXIT, "live across a label"},
    {"exitd 0, 2\n", "no such lane"},
    {I32 "exiti %0, 9\n", "no such lane"},
    {"block page_offset=0x1000\n" EXIT, "out of range"},
    {"block lane=2\n" EXIT, "out of range"},
};

Test(ir_verifier, names_the_breach)
{
    for (unsigned i = 0; i < ARRAY_SIZE(breaches); i++) {
        struct arena arena = {0};
        struct ir_block b;
        struct error e = {0};
        ir_block_init(&b, &guest_target, &arena);
        bool parsed = ir_parse(&b, breaches[i].text, &e);
        cr_expect_eq(parsed, *breaches[i].error != 0, "%s: %s", breaches[i].text, e.text);
        if (parsed) {
            cr_expect_not(ir_verify(&b, &e), "accepted:\n%s", breaches[i].text);
            cr_expect(strstr(e.text, breaches[i].error), "%s\n%s", breaches[i].text, e.text);
        }
        arena_free(&arena);
    }
}

/* What the text form is not able to say: one field of a valid block is spoilt. */
static void expect_breach(void (*spoil)(struct ir_block *b), const char *error)
{
    struct arena arena = {0};
    struct ir_block b;
    struct error e = {0};
    block_parse(&b, &arena, "insn 0\n%1 = const.i32 1\n%2 = get r0\n%3 = add.i32 %1, %2\n"
                            "brcc.eq L0\nset r0, %3\nL0:\nexitd 0, 0\n");
    spoil(&b);
    cr_expect_not(ir_verify(&b, &e), "accepted, instead of: %s", error);
    cr_expect(strstr(e.text, error), "%s, instead of: %s", e.text, error);
    arena_free(&arena);
}

static void spoil_insn_count(struct ir_block *b) { b->insn_count = 2; }
static void spoil_opcode(struct ir_block *b) { b->ops[0].opcode = IR_OP_COUNT; }
static void spoil_const(struct ir_block *b) { b->ops[1].imm = BIT64(32); }
static void spoil_slot(struct ir_block *b) { b->ops[2].imm = 99; }
static void spoil_slot_type(struct ir_block *b) { b->ops[2].type = IR_I64; }
static void spoil_order(struct ir_block *b) { b->ops[3].arg[0] = 3; }
static void spoil_argument(struct ir_block *b) { b->ops[3].arg[0] = 0; }
static void spoil_missing(struct ir_block *b) { b->ops[3].arg[1] = IR_NONE; }
static void spoil_surplus(struct ir_block *b) { b->ops[3].arg[2] = 1; }
static void spoil_negative(struct ir_block *b) { b->ops[3].arg[1] = -2; }
static void spoil_condition(struct ir_block *b) { b->ops[4].aux = 15; }
static void spoil_label(struct ir_block *b) { b->ops[4].imm = 7; }
static void spoil_type(struct ir_block *b) { b->ops[7].type = IR_I32; }

Test(ir_verifier, fields)
{
    expect_breach(spoil_insn_count, "insn_count");
    expect_breach(spoil_opcode, "no such op");
    expect_breach(spoil_const, "too large");
    expect_breach(spoil_slot, "no such slot");
    expect_breach(spoil_slot_type, "not the slot's type");
    expect_breach(spoil_order, "not defined before");
    expect_breach(spoil_argument, "op without value");
    expect_breach(spoil_missing, "is missing");
    expect_breach(spoil_surplus, "too many");
    expect_breach(spoil_negative, "not defined before");
    expect_breach(spoil_condition, "no such condition");
    expect_breach(spoil_label, "no such label");
    expect_breach(spoil_type, "not that of the result");
}
