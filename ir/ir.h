/*
 * The intermediate representation of one guest block.
 *
 * A block is a flat array of ops. The value of an op is named by the op's index (a struct ir_ref
 * would add nothing to an int32_t). Guest state is in slots of the target (target.h): slots are
 * mutable, values are single-assignment. The guest condition flags N, Z, C, V are a variable of
 * their own which arithmetic ops are able to define (field `fw`) and which conditions read.
 *
 * An op's order of effects is program order. Values die at labels, except constants: these are
 * immediates, valid from their place to the block's end even where a branch skips that place.
 */
#ifndef ARMEMU_IR_IR_H
#define ARMEMU_IR_IR_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "ir/target.h"
#include "util/arena.h"
#include "util/error.h"

enum ir_type { IR_VOID, IR_I8, IR_I16, IR_I32, IR_I64, IR_F32, IR_F64, IR_V64, IR_V128 };

enum ir_opcode {
#define OP(name, ...) IR_OP_##name,
#include "ir/ops.def"
#undef OP
    IR_OP_COUNT
};

/* Guest condition flags, as a mask. */
enum { IR_FLAG_N = 8, IR_FLAG_Z = 4, IR_FLAG_C = 2, IR_FLAG_V = 1 };
#define IR_NZ (IR_FLAG_N | IR_FLAG_Z)
#define IR_NZC (IR_NZ | IR_FLAG_C)
#define IR_NZCV (IR_NZC | IR_FLAG_V)

/* Conditions on the guest flags. cc ^ 1 is the negation. */
enum ir_cc {
    IR_CC_EQ, IR_CC_NE, IR_CC_CS, IR_CC_CC, IR_CC_MI, IR_CC_PL, IR_CC_VS, IR_CC_VC,
    IR_CC_HI, IR_CC_LS, IR_CC_GE, IR_CC_LT, IR_CC_GT, IR_CC_LE, IR_CC_AL,
};

/* Memory access descriptor, in imm of ld and st and as argument of the slow path. */
enum {
    IR_MEM_SIZE_MASK = 7,      /* log2 of the size in bytes, 0..4 */
    IR_MEM_SIGNED = 8,         /* sign extend to the type */
    /* 3 bits: log2 of the alignment that is demanded, else a fault; 0 = none */
    IR_MEM_ALIGN_SHIFT = 4,
    IR_MEM_ALIGN_MASK = 7 << IR_MEM_ALIGN_SHIFT,
    IR_MEM_USER = 0x80,        /* with the rights of unprivileged code */
    IR_MEM_GROUP = 0x100,      /* belongs to the open memgroup */
    IR_MEM_WRITE = 0x200,      /* slow path only: the access is a store */
    IR_MEM_PROBE = 0x400,      /* slow path only: may it be made? It is not */
};
#define IR_MEM_ALIGN(log2) ((log2) << IR_MEM_ALIGN_SHIFT)

/** The descriptor of half @half of an access to 16 bytes: what is asked beyond 8 bytes of alignment
 * is asked of the first. */
static inline uint32_t ir_mem_half(uint32_t memop, unsigned half)
{
    uint32_t align = memop & IR_MEM_ALIGN_MASK;
    if (half && align > IR_MEM_ALIGN(3))
        align = IR_MEM_ALIGN(3);
    return (memop & ~(uint32_t)(IR_MEM_SIZE_MASK | IR_MEM_ALIGN_MASK)) | 3 | align;
}

/* Lanes: the instruction sets that blocks can be in (A32 0, T32 1); see target.h. For exiti. */
enum {
    IR_LANE_SAME = 0x10, /* the block's own lane */
    /* bit 0 of the address selects the lane and is then cleared; when it differs from the block's,
     * the lane slot is written */
    IR_LANE_BIT0 = 0x11,
    IR_LANE_MASK = 0x1f, /* values below 0x10 are the lane itself */
    IR_HINT_RETURN = 0x20,
};

/* Rounding of ftos, ftou and frint, in aux: toward zero, as env.fp_rounding says, to nearest, up,
 * down, to nearest with ties away from 0. */
enum ir_round {
    IR_ROUND_ZERO, IR_ROUND_ENV, IR_ROUND_NEAREST, IR_ROUND_UP, IR_ROUND_DOWN, IR_ROUND_AWAY,
    IR_ROUND_MASK = 7,
};

/* In aux of floating-point scalars: denormal arguments and results are flushed to zero; results
 * that are NaNs are the default one. */
enum { IR_FP_FLUSH = 0x40, IR_FP_DEFAULT_NAN = 0x80, IR_FP_MODES = 0xc0 };

#define IR_NONE (-1)
#define IR_ARGS 4

struct ir_op {
    union {
        struct {
            uint8_t opcode; /* enum ir_opcode */
            /* enum ir_type: the instance type ("t" in ops.def) where the op has one (so the
             * operands' type for cmp*, set, st), else the result's type, else IR_VOID. Instance
             * types are IR_I32 and IR_I64, of floating-point ops IR_F32 and IR_F64, of vector ops
             * IR_V64 and IR_V128. */
            uint8_t type;
            uint8_t fw;     /* guest flags written, IR_FLAG_* */
            uint8_t aux;    /* condition, lane, exit reason, element size */
        };
        uint32_t head; /* all four: the host waits for small stores when it loads them as a whole */
    };
    int32_t arg[IR_ARGS]; /* values; IR_NONE beyond those that the op has */
    uint64_t imm;
};

/** ir_op.head of an op that writes no flags. */
static inline uint32_t ir_head(unsigned opcode, unsigned type, unsigned aux)
{
    _Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "bytes from the lowest up");
    return opcode | type << 8 | aux << 24;
}

struct ir_block {
    const struct ir_target *target;
    struct ir_op *ops; /* of the arena of the translation */
    uint32_t count, capacity;
    uint32_t label_count;
    uint32_t insn_count; /* guest instructions: number of insn ops */
    /* of the first instruction in its page: block entry is page base + this */
    uint32_t page_offset;
    uint32_t lane;        /* that the block runs in */
    /* direct mode: virtual address of the page, the only one that the block runs at */
    uint32_t base;
    bool fixed;           /* it has such a base; pcrel then makes constants */
    bool far;             /* exits to other pages are to be chained, too, which takes a base */
    uint32_t guest_size;  /* bytes of guest code translated */
    /* end (page offset) of the furthest in-page literal folded into the block; 0 when none. Writes
     * in [literal_start, literal_end) invalidate too. */
    uint32_t literal_end;
    uint32_t literal_start;
    /* direct mode: the guest's page, when its code may change without notice. The block begins with
     * a look whether it is what it was. NULL: it need not */
    const uint8_t *check;
    /* accesses may be made through the window of backend_config, without tables, but for those of
     * instructions whose bits, one per halfword of the page, are set in: */
    bool window;
    const uint64_t *no_window; /* NULL: none */
    bool fine; /* accesses look the fine tables up: see ir_memory_layout */
    /* host code of the places of the page, by granule, for jumps within it; not direct mode. NULL:
     * not to be used */
    const uint32_t *entries;
    /* index of the element of env.entered that compiled code counts its entries in, plus 1; 0:
     * none */
    uint32_t entered;
    struct arena *arena;
};

/* ---- facts about ops (ops.c) ----------------------------------------------------------------- */

enum ir_effect {
    IR_EFF_PURE = 0,
    IR_EFF_RDF = 1, IR_EFF_RDS = 2, IR_EFF_WRS = 4, IR_EFF_LD = 8, IR_EFF_ST = 16,
    IR_EFF_FAULT = 32,
    IR_EFF_END = 64, IR_EFF_BR = 128, IR_EFF_COMM = 256, IR_EFF_CALL = 512,
    IR_EFF_MARK = 1024, IR_EFF_FP = 2048,
};

struct ir_op_info {
    const char *name;
    uint8_t nargs;
    char result;          /* 'n' none, else a letter as in argtypes */
    const char *argtypes; /* see ops.def */
    uint8_t flags;        /* guest flags it is able to define */
    uint16_t effects;     /* enum ir_effect */
    const char *doc;
};

extern const struct ir_op_info ir_op_info[IR_OP_COUNT];

/* By opcode: type of the value, or IR_RESULT_INSTANCE where it is the op's. */
enum { IR_RESULT_INSTANCE = 0xff };
extern const uint8_t ir_op_result[IR_OP_COUNT];

/** Type of the value of @op; IR_VOID when it has none. */
static inline enum ir_type ir_op_result_type(const struct ir_op *op)
{
    uint8_t type = ir_op_result[op->opcode];
    return (enum ir_type)(type == IR_RESULT_INSTANCE ? op->type : type);
}
/** Type that argument @i of @op must have; IR_VOID when any integer will do or there is no such
 * argument. */
enum ir_type ir_op_arg_type(const struct ir_block *b, const struct ir_op *op, unsigned i);
/** Bytes of a value or slot of @type. */
unsigned ir_type_bytes(unsigned type);
/** imm of vftos and vftou for enum fp_rounding @rounding and @fbits fraction bits, up to 32. */
static inline uint64_t ir_vector_conversion(unsigned rounding, unsigned fbits)
{
    return 33 * rounding + fbits;
}
/** Number of values, from 0 on, that imm of vector op @op may have; 1 where it has no meaning. */
unsigned ir_vector_imms(const struct ir_op *op);
/** Type of the slot's value in the IR: i8 and i16 slots are i32. */
static inline enum ir_type ir_slot_value_type(const struct ir_slot *slot)
{
    return (enum ir_type)(slot->type == IR_I8 || slot->type == IR_I16 ? IR_I32 : slot->type);
}
/** Does this instance have effects beyond its value and flags (so that it must stay)? */
static inline bool ir_op_has_effect(const struct ir_block *b, const struct ir_op *op)
{
    unsigned effects = ir_op_info[op->opcode].effects;
    if (effects & IR_EFF_CALL)
        return b->target->helpers[op->imm].effects & ~IR_HELPER_READS;
    return effects & (IR_EFF_WRS | IR_EFF_LD | IR_EFF_ST | IR_EFF_FAULT | IR_EFF_END | IR_EFF_BR |
                      IR_EFF_MARK | IR_EFF_FP);
}
/** Does the block branch back to its own start? */
bool ir_block_loops(const struct ir_block *b);
/** May this instance leave the block, or show the guest state to somebody (fault, helper, exit)?
 * All slots and flags must then be in their architectural place. */
static inline bool ir_op_observes_state(const struct ir_block *b, const struct ir_op *op)
{
    unsigned effects = ir_op_info[op->opcode].effects;
    if (effects & IR_EFF_CALL)
        return b->target->helpers[op->imm].effects &
               (IR_HELPER_READS | IR_HELPER_RAISES | IR_HELPER_EXTERNAL);
    return effects & (IR_EFF_FAULT | IR_EFF_END);
}
/** How often branches lead to each label, 2 for more; in the block's arena. */
uint8_t *ir_label_uses(const struct ir_block *b);
/** Is the label at @at behind a direct exit (and perhaps a mark) that just the branch before it
 * leads around? Values live across such a label, since there is one way to it. @uses: of
 * ir_label_uses. */
bool ir_label_is_side(const struct ir_block *b, uint32_t at, const uint8_t *uses);
/** The value that address @v is @disp more than, by sums and differences with constants. */
int32_t ir_address_root(const struct ir_block *b, int32_t v, int64_t *disp);
/** Guest flags that this instance reads as input (not what it shows by leaving), IR_FLAG_* mask. */
uint8_t ir_op_flags_read(const struct ir_op *op);
/** Guest flags that condition @cc depends on. */
uint8_t ir_cc_flags(enum ir_cc cc);

/* ---- building (builder.c) -------------------------------------------------------------------- */

/** An empty block for @target; its ops are allocated from @arena. The caller fills in page_offset,
 * lane, guest_size and the literal range. */
void ir_block_init(struct ir_block *b, const struct ir_target *target, struct arena *arena);

/** Append an op with raw fields and return its index (its value's name). */
int32_t ir_emit(struct ir_block *b, enum ir_opcode opcode, enum ir_type type, int32_t a0,
                int32_t a1, int32_t a2, uint64_t imm);

int32_t ir_const(struct ir_block *b, enum ir_type type, uint64_t imm);
static inline int32_t ir_i32(struct ir_block *b, uint32_t imm)
{
    return ir_const(b, IR_I32, imm);
}
/** The constant value of @v; false when it is not a const. */
static inline bool ir_const_value(const struct ir_block *b, int32_t v, uint64_t *imm)
{
    if (v < 0 || b->ops[v].opcode != IR_OP_const)
        return false;
    *imm = b->ops[v].imm;
    return true;
}

/* typed as the slot; i8/i16 slots yield i32 */
int32_t ir_get(struct ir_block *b, unsigned slot);
void ir_set(struct ir_block *b, unsigned slot, int32_t v);
int32_t ir_pcrel(struct ir_block *b, int64_t offset);
/** Unary and binary ops of value @a's type; trivial cases (x + 0, constants) fold at once when no
 * flags are wanted. @fw: the guest flags to write. */
int32_t ir_op1(struct ir_block *b, enum ir_opcode op, int32_t a);
int32_t ir_op2(struct ir_block *b, enum ir_opcode op, int32_t a, int32_t c);
int32_t ir_op1f(struct ir_block *b, enum ir_opcode op, int32_t a, unsigned fw);
int32_t ir_op2f(struct ir_block *b, enum ir_opcode op, int32_t a, int32_t c, unsigned fw);
/* constant second operand */
int32_t ir_op2i(struct ir_block *b, enum ir_opcode op, int32_t a, uint64_t imm);
/* ubfx, sbfx */
int32_t ir_bits(struct ir_block *b, enum ir_opcode op, int32_t a, unsigned lsb, unsigned width);
int32_t ir_bfi(struct ir_block *b, int32_t a, int32_t field, unsigned lsb, unsigned width);
/** Op with a float instance type @type (what ops.def has as f). */
int32_t ir_fop(struct ir_block *b, enum ir_opcode op, enum ir_type type, int32_t a0, int32_t a1,
               int32_t a2, unsigned aux);
/** Vector op with instance type @type on elements of 1 << @size bytes; absent arguments are
 * IR_NONE. */
int32_t ir_vop(struct ir_block *b, enum ir_opcode op, enum ir_type type, unsigned size, int32_t a0,
               int32_t a1, uint64_t imm);
/** The same with three arguments. */
int32_t ir_vop3(struct ir_block *b, enum ir_opcode op, enum ir_type type, unsigned size, int32_t a0,
                int32_t a1, int32_t a2, uint64_t imm);
int32_t ir_select(struct ir_block *b, int32_t cond, int32_t a, int32_t c);
int32_t ir_selcc(struct ir_block *b, enum ir_cc cc, int32_t a, int32_t c);
int32_t ir_cond(struct ir_block *b, enum ir_cc cc);
int32_t ir_getnzcv(struct ir_block *b);
void ir_setc(struct ir_block *b, int32_t v);
void ir_setv(struct ir_block *b, int32_t v);
void ir_setnzcv(struct ir_block *b, int32_t v);
void ir_setflags(struct ir_block *b, int32_t v);
int32_t ir_ld(struct ir_block *b, enum ir_type type, int32_t addr, unsigned memop);
void ir_st(struct ir_block *b, int32_t addr, int32_t value, unsigned memop);
void ir_memgroup(struct ir_block *b, int32_t addr, unsigned bytes, bool write);
void ir_memgroupend(struct ir_block *b);
void ir_fence(struct ir_block *b);
/** Call helper @id of the target's table; unused arguments are IR_NONE. The result has the row's
 * type. */
int32_t ir_call(struct ir_block *b, unsigned id, int32_t a0, int32_t a1, int32_t a2, int32_t a3);
/** Call helper @id, which raises, when @v is 0. */
void ir_callz(struct ir_block *b, int32_t v, unsigned id);
/** The bytes of @v from @offset on as a value of @type; @v itself when it has the type. */
int32_t ir_part(struct ir_block *b, enum ir_type type, int32_t v, unsigned offset);
void ir_insn(struct ir_block *b, uint32_t word);
/** Record at run time that this point is reached: *@byte becomes 1. */
void ir_mark(struct ir_block *b, uint8_t *byte);
unsigned ir_label_new(struct ir_block *b);
void ir_label(struct ir_block *b, unsigned label);
void ir_brcc(struct ir_block *b, enum ir_cc cc, unsigned label);
void ir_brnz(struct ir_block *b, int32_t v, unsigned label);
void ir_brz(struct ir_block *b, int32_t v, unsigned label);
void ir_callhint(struct ir_block *b, int32_t link, int64_t return_offset, unsigned lane);
void ir_exitd(struct ir_block *b, int64_t page_offset, unsigned lane);
void ir_exiti(struct ir_block *b, int32_t addr, unsigned lane_and_hint);
void ir_exitdyn(struct ir_block *b, int32_t addr);
void ir_exitengine(struct ir_block *b, int32_t addr, enum ir_exit reason);

/* ---- text (printer.c, parser.c), checking (verifier.c) --------------------------------------- */

/** Print the block in the text form that ir_parse takes. */
void ir_print(const struct ir_block *b, FILE *out);
/** Parse the text form into @b, which has been initialised. */
bool ir_parse(struct ir_block *b, const char *text, struct error *e);
/** Check every rule of this header; the first breach is described in @e. */
bool ir_verify(const struct ir_block *b, struct error *e);

/* ---- passes (ir/opt) ------------------------------------------------------------------------- */

/** Run the pipeline over @b in place. Afterwards the ops are compacted: no dead op is left in the
 * array, and the values have new names. */
void ir_optimise(struct ir_block *b);

#endif
