/*
 * What the parts of the x86-64 backend share: the backend itself, the state of one compilation, and
 * the services that emitters use (register allocation, flags, stubs).
 *
 * Host registers: rbp = env + IR_ENV_BIAS, r15 = env.tables or the base of the memory window, rsp =
 * stack of predicted returns (emit_exit.c); rax, rcx, rdx are scratch; r11 is env.budget (a
 * read-modify-write of memory in every block would be a chain of store forwardings); the other nine
 * are pinned to slots for good. A register that holds an i32 holds it zero extended. At block
 * boundaries and wherever code leaves the block, pinned slots live in their registers and
 * everything else in the state struct. A block that is a loop has pins of its own choice between
 * its entry and its ways out (resident.c).
 */
#ifndef ARMEMU_BACKEND_X86_64_COMPILER_H
#define ARMEMU_BACKEND_X86_64_COMPILER_H

#include "backend/backend.h"
#include "backend/x86_64/asm.h"
#include "backend/x86_64/codecache.h"
#include "backend/x86_64/hostfeat.h"
#include "util/bits.h"

enum { SCRATCH_COUNT = 3, PINS_MAX = 9, SPILLS = 128, GROUPS_MAX = 8, ALIASES_MAX = 96 };
enum { PIN_XMM = 16, XPINS_MAX = 7, PINS_ALL = PINS_MAX + 1 + XPINS_MAX };
enum { POOL_MAX = 128 };
enum { XMM_BYTES = 16 * 16 }; /* all registers in a frame */
enum { XMM_COUNT = 16, XSPILLS = 64 }; /* spill slots of 16 bytes behind the others */
#define BUDGET R11 /* C functions may change it: it is in its place while they run */
#define SCRATCH_MASK 7u /* rax, rcx, rdx: numbers 0 to 2 */
#define NO_VALUE     (-1)

/* Where a value is. */
enum loc {
    LOC_NONE,  /* not computed, or dead */
    LOC_CONST, /* in the op */
    LOC_REG,   /* owns scratch register reg */
    LOC_PIN,   /* pinned register reg + disp; nothing emitted yet when disp is not 0 */
    LOC_ENV, /* memory operand of the state (offset off, size 1 << width) + disp, nothing emitted */
    LOC_SPILL, /* spill slot off */
    LOC_XMM,   /* owns XMM register reg */
    LOC_XSPILL, /* XMM spill slot off */
    LOC_XPIN,   /* pinned XMM register reg */
};

struct value {
    int32_t last; /* index of the op that uses it last; NO_VALUE when unused */
    int32_t disp;
    /* of an access: the sum whose operands it adds by itself (emit_window.c, emit_mem.c), or
     * NO_VALUE */
    int32_t address;
    uint16_t uses;
    uint16_t off;
    uint16_t home; /* LOC_REG, LOC_XMM: offset in the state where the value is, too; 0: nowhere */
    uint8_t loc;
    uint8_t reg;
    uint8_t width;
    /* pinned register that the value is to be computed into, or NO_REG; from PIN_XMM on XMM
     * registers */
    int8_t want;
    uint8_t fstore; /* guest flags that the op has to store */
    uint8_t live;   /* guest flags that somebody reads or may see, before the op */
    bool dead;      /* op need not be emitted */
    bool stores;    /* is the address of a store, but for a constant */
};

struct pin {
    uint8_t reg;     /* from PIN_XMM on XMM registers */
    uint8_t bytes;   /* of the slot */
    uint16_t offset; /* of the slot in the state struct */
};

/* Which slots are in registers. */
struct pin_map {
    uint32_t count;
    struct pin pins[PINS_ALL]; /* and the budget */
};

/* A slot that a loop has in a register and other code has not. */
struct resident {
    struct pin pin;
    uint16_t other; /* XMM: unused; offset of the slot that is in the register elsewhere */
    bool written;
};

/* Data of a slow-path call, behind the call instruction. Read by slowpath.c. */
struct slow_site {
    uint16_t memop;
    uint8_t addr_reg;
    uint8_t data_reg; /* destination or source; SLOW_NO_REG: no destination, or the immediate */
    int32_t disp;     /* added to the address register */
    uint32_t imm;     /* constant to be stored, sign extended when wide */
    uint32_t insn_word, insn_left;
    uint32_t back; /* host address to return to */
    uint32_t pins; /* address of the block's pin_map; 0: the backend's */
    bool xmm;      /* XMM registers have to survive */
};
enum {
    SLOW_NO_REG = 0xff,
    SLOW_WIDE = 0x8000, /* in memop: the value is an i64, */
    SLOW_XMM = 0x4000,  /* data_reg is an XMM register, */
    SLOW_HALVES = 0x2000, /* of which all is transferred, in halves */
};

/* Data of the exact computation of a floating-point op, behind the call instruction. Read by
 * exact.c. */
struct exact_site {
    /* a jump to where the code goes on: so the call returns as the host predicts */
    uint8_t jump, rel[4];
    uint8_t opcode, type, aux;
    uint8_t dst;    /* register: XMM, or general for integer results */
    uint16_t imm;
    int32_t arg[3]; /* register, or EXACT_ENV + offset in the state, -address */
} __attribute__((packed));
enum { EXACT_ENV = 0x10000 };

/* Guest flags that are not stored yet, and how to compute them (pending.c). */
enum place_kind { PLACE_REG, PLACE_ENV, PLACE_IMM };
struct place {
    uint8_t kind;
    uint8_t reg;   /* PLACE_REG: a pinned register, which was imm more, or a scratch register */
    /* of a scratch register: offset in the state where the operand is, too; 0: nowhere */
    uint16_t home;
    /* PLACE_ENV: offset in the state; of a spill slot where the operand's place changed */
    int32_t imm;
};
enum pending_kind {
    PENDING_CMP,   /* as by cmp a, b */
    PENDING_TEST,  /* N and Z, as by test a, b */
    PENDING_ADD,   /* as by add a, b */
    PENDING_BIT,   /* C is bit b of a */
    PENDING_CONST, /* those that are set are b */
};
struct pending {
    uint8_t mask; /* guest flags, of no other entry */
    uint8_t kind;
    bool undo; /* PENDING_CMP, PENDING_ADD: a is the result */
    struct place a, b;
    int32_t until; /* up to this label, on all ways; 0: none is known */
};
enum { PENDINGS_MAX = 3 };
struct pending_set {
    uint8_t count;
    struct pending list[PENDINGS_MAX];
};

/* Where the back edges of a loop lead. */
enum loop_target {
    LOOP_NONE,
    LOOP_SECOND, /* the copy that is entered with flags pending */
    LOOP_FIRST,  /* the other, behind the change of pins */
};

enum stub_kind {
    STUB_CALLZ,
    STUB_EXACT,
    STUB_DOT,
    STUB_MEM,
    STUB_WATCH,
    STUB_GROUP,
    STUB_BUDGET,
    STUB_CHAIN,
    STUB_LANE,
    STUB_SIDE,
    STUB_FAULT,
    STUB_CHANGED,
};

/* Out-of-line code, emitted behind the block. */
struct stub {
    uint8_t kind;
    uint8_t reg, temp;      /* STUB_MEM: address register, register that may be saved and used */
    /* jumps that lead here (rel32 places); all but the first may be NULL */
    uint8_t *from, *from2, *from3;
    uint8_t *access, *back; /* STUB_MEM, STUB_GROUP: where to go on */
    int64_t imm;            /* STUB_CHAIN, STUB_SIDE: page offset */
    uint8_t lane;           /* STUB_SIDE: of the target */
    /* group number, exit number, helper, that of the fault place; STUB_MEM: from2 is for the slow
     * path */
    uint32_t index;
    uint8_t watch_first, watch_count; /* STUB_WATCH: ranges to be told apart, 0: none; index: words
                                         to look at without an access, 0: it is an access */
    uint16_t watch_bytes;
    struct x86_mem watch_mem;         /* the guest's address */
    uint8_t loop;           /* STUB_CHAIN: enum loop_target, the jump is a back edge of the loop */
    bool nan_known;         /* STUB_EXACT: a result that is a NaN hardly ever needs the reference */
    uint8_t eflags, cinv;   /* STUB_SIDE: as in struct code, */
    uint32_t insn_left;     /* the instructions to give back, and */
    int32_t mark;           /* op that leaves a mark, or -1 */
    struct pending_set pending;
    union {
        struct slow_site site;
        struct exact_site exact;
    };
};

/* Register allocator state that changes while emitting. */
struct ra {
    int32_t owner[SCRATCH_COUNT]; /* value, or NO_VALUE */
    uint8_t locked;               /* in use by the current op */
    uint8_t reserved;             /* held over several ops (group) */
    uint64_t spills[SPILLS / 64]; /* used spill slots, a bit each */
    /* of these, those that get free with the op: it may have them as operands */
    uint64_t left[SPILLS / 64];
    int32_t alias[ALIASES_MAX];   /* values that may be LOC_PIN or LOC_ENV of a mutable slot */
    uint32_t alias_count;
    int32_t xowner[XMM_COUNT]; /* the same for XMM registers */
    uint16_t xlocked;
    uint64_t xspills, xleft;
};

/* An access that has been compared with what is watched: at root value + displacement. */
struct watch_seen {
    int32_t root;
    uint32_t bytes;
    int64_t disp;
    bool write;
};
enum { WATCH_SEEN_MAX = 8 };

/* A memgroup: what the slow variant needs to be emitted again from the start. */
struct group {
    bool window; /* reg is a guest address: of the window */
    int32_t start, end; /* ops memgroup and memgroupend */
    int32_t root;       /* addresses are root value + displacement */
    int64_t disp;       /* of the group's first byte */
    uint8_t reg;        /* host address (fast) or guest address (slow) of the first byte */
    struct ra ra;
    struct value *values; /* copy of those before `end` */
    uint32_t insn_word, insn_left;
};

struct label_ref {
    uint8_t *site;
    uint32_t label;
};

/* Where an instruction that accesses the window begins, and whose it is, up to the next such
 * place. */
struct fault_place {
    uint32_t host; /* executable address */
    uint32_t insn_word; /* PLACE_BASE: base address of the page */
    uint32_t insn_left : 10; /* or PLACE_BASE, in front of the places of a block that is fixed */
    /* distance to the code that leaves the block; 0: nothing is pending, the common code */
    uint32_t resume : 22;
};

enum { PLACE_BASE = 0 };

/* The places of a region, by ascending address. */
struct fault_list {
    struct fault_place *places;
    uint32_t count, capacity;
};

struct backend {
    struct backend_config config;
    struct codecache cache;
    struct fault_list faults[CODECACHE_REGIONS_MAX]; /* direct mode, by region */
    struct image_head *image_head; /* of the last image; or NULL */
    uint32_t features;
    bool fp_traps; /* code relies on invalid operations being signals */
    struct backend_watch watches[BACKEND_WATCHES_MAX];
    uint32_t watch_count;
    struct pin_map map;
    int8_t *pin_of_slot; /* host register or NO_REG */
    struct compiler *compiler;
    uint64_t (*pool)[2]; /* constants of vectors (POOL_MAX), in the writable view */
    uint32_t pool_count;
    /* Common code, executable addresses. */
    struct {
        uint32_t enter, leave, lookup, chain, budget, dispatch, raised, slow;
        uint32_t slow_xmm; /* slow, and XMM registers survive */
        uint32_t exact;
        uint32_t fp_begin, fp_end; /* env.fp_* into MXCSR and back, around helpers that use them */
        uint32_t constants;        /* struct fp_constants */
        uint32_t pool;
        uint32_t powers, recip, rsqrt; /* of emit_vconvert.c: vectors, estimates of a byte each */
        uint32_t helpers; /* table of function addresses */
    } thunk;
};

struct compiler {
    struct code a;
    struct backend *be;
    const struct ir_block *b;
    struct value *val;
    uint32_t capacity; /* of the arrays by op */
    int32_t i;         /* current op */
    struct ra ra;
    int32_t fcmp; /* the comparison that EFLAGS hold, see EFLAGS_FCMP */
    int fused_cc; /* x86 condition that the next op consumes, or -1 */
    uint32_t insn_word, insn_left, insns_begun;
    uint8_t *start, *entry;   /* first byte, and where the block is entered */
    const int8_t *pin_of_slot; /* the backend's, or: */
    int8_t *own_pin_of_slot;
    struct resident residents[PINS_MAX + XPINS_MAX];
    uint32_t resident_count;  /* 0: the block has the backend's pins */
    uint32_t xpin_count;      /* the last so many XMM registers are pinned */
    uint32_t pins;            /* address of its own pin_map, or 0 */
    uint8_t *head;            /* of the first copy, where back edges lead */
    uint32_t leave;           /* address of code that leaves after a fault; 0: not emitted yet */
    uint32_t fault_mark, fault_version; /* insn_left of the last fault place, or UINT32_MAX */
    struct pending_set pending;
    uint32_t pending_version; /* changes whenever pending does */
    bool keep_pending;        /* side exits store pending flags, not the code before them */
    int64_t side_label;       /* label behind the side exit that was just emitted; -1: none */
    /* the comparison that the branch before it leaves out, and the label right behind it: EFLAGS
     * hold the flags of either one there; NO_VALUE: none */
    int32_t join_compare, join_label;
    /* the op that asks for the overflow of the sum just emitted, which EFLAGS.OF holds behind the
     * sum; or NO_VALUE */
    int32_t overflow_of;
    uint8_t *overflow_at;
    bool looping;             /* the second copy of a loop is being emitted */
    bool has_loop;            /* there is a back edge with pending flags, */
    struct pending_set loop_pending; /* and these are the flags */
    uint8_t *loop_entry;      /* of the second copy, where these flags are pending */
    struct stub *stubs;
    uint32_t stub_count;
    uint8_t **label_pos;
    uint8_t *label_live;
    uint8_t *label_uses;
    struct label_ref *label_refs;
    uint32_t label_ref_count;
    struct group groups[GROUPS_MAX];
    uint32_t group_count;
    bool call_open;      /* the key of a call has been pushed: the exit that follows calls, */
    int64_t call_return; /* and returns to this page offset */
    struct watch_seen watch_seen[WATCH_SEEN_MAX]; /* a ring: */
    uint32_t watch_seen_count;
    bool watch_group; /* accesses of the open group have been compared */
    int group_open;  /* index, or -1 */
    bool group_slow; /* emitting the slow variant */
    struct backend_code *out;
};

/* An operand as an x86 instruction takes it. */
enum opnd_kind { OPND_REG, OPND_MEM, OPND_IMM };
struct opnd {
    enum opnd_kind kind;
    int reg; /* NO_REG unless OPND_REG */
    struct x86_mem mem;
    int32_t imm;
};

typedef void emit_fn(struct compiler *c, const struct ir_op *op, int32_t i);
extern emit_fn *const emit_table[IR_OP_COUNT];
#define OP(name, ...) emit_fn emit_##name;
#include "ir/ops.def"
#undef OP

static inline unsigned op_wide(const struct ir_op *op)
{
    return op->type == IR_I64;
}

static inline const struct ir_op *op_of(const struct compiler *c, int32_t v)
{
    return &c->b->ops[v];
}

static inline bool op_is_const(const struct compiler *c, int32_t v)
{
    return op_of(c, v)->opcode == IR_OP_const;
}

/** Memory operand of the byte @offset of the state struct. */
static inline struct x86_mem env_mem(size_t offset)
{
    return x_mem(RBP, (int32_t)offset - IR_ENV_BIAS);
}
/** Spill slot @n of 8 bytes, and XMM spill slot @n of 16. */
static inline struct x86_mem spill_mem(unsigned n)
{
    return env_mem(offsetof(struct ir_env, spill) + n * 8);
}
static inline struct x86_mem xmm_spill_mem(unsigned n)
{
    return spill_mem(SPILLS + n * 2);
}
_Static_assert(SPILLS * 8 + XSPILLS * 16 == sizeof(((struct ir_env *)0)->spill), "the spill area");
#define ENV(field)  env_mem(offsetof(struct ir_env, field))
#define ENV_FLAG(n) env_mem(offsetof(struct ir_env, nzcv) + (n))
enum { FLAG_N, FLAG_Z, FLAG_C, FLAG_V };

/* The flag C, or its inverse, in CF. The load has the size of the stores that setcc makes: a wider
 * one would wait for all of them. */
static inline void code_load_carry(struct code *a, bool inverted)
{
    x_m(a, X86_CMP8_MI, 0, ENV_FLAG(FLAG_C));
    x_u8(a, 1);
    if (!inverted)
        x_cmc(a);
}

/* Pinned registers that C functions do not preserve. */
static inline bool reg_is_caller_saved(unsigned reg)
{
    return reg == RSI || reg == RDI || (reg >= R8 && reg <= R11);
}

/* ---- resident.c */

/** Choose the block's own pins, if it is to have any, and emit their list in front of its code. */
void resident_choose(struct compiler *c);
/** From the backend's pins to the block's, and back. Changes no other register and no EFLAGS. */
void resident_enter(struct compiler *c);
void resident_leave(struct compiler *c);

/* ---- liveness.c
 * ------------------------------------------------------------------------------------ */

/** One backward pass: use counts, last uses, dead ops, wanted registers, flags to store. */
void liveness_analyse(struct compiler *c);

/* ---- regalloc.c: knows no opcodes but const
 * ---------------------------------------------------------- */

void ra_reset(struct compiler *c);
/** A free scratch register, locked until the end of the op; spills another value when needed. */
unsigned ra_alloc(struct compiler *c);
void ra_unlock(struct compiler *c, unsigned reg);
/** The scratch registers, a bit each, that nothing is in and no pending flags depend on. */
unsigned ra_idle(const struct compiler *c);
/** The value in a register (locked when scratch). To be read only. */
unsigned ra_reg(struct compiler *c, int32_t v);
/** The same, without a constant that belongs to the value: that is added, times 2^@scale, to
 * *@disp. */
unsigned ra_reg_disp(struct compiler *c, int32_t v, unsigned scale, int32_t *disp);
/** The same, but what is unevaluated stays so: the register is good for this op only. */
unsigned ra_peek(struct compiler *c, int32_t v);
/** The value as an operand: register, memory of its full width, or an immediate. */
struct opnd ra_opnd(struct compiler *c, int32_t v);
/** As ra_opnd, but never an immediate. */
struct opnd ra_rm(struct compiler *c, int32_t v);
/** The register to compute value @i into: the pinned register it is wanted in, that of the dying
 * argument @hint (or NO_VALUE), or a fresh one. All arguments must have been fetched before. */
unsigned ra_dest(struct compiler *c, int32_t i, int32_t hint);
/** Value @i is now in scratch register @reg. */
void ra_own(struct compiler *c, int32_t i, unsigned reg);
/** Value @i is pinned register or state memory + disp, without code. */
void ra_alias(struct compiler *c, int32_t i, const struct value *as, int32_t disp);
/** Is there room for one more? */
bool ra_alias_room(struct compiler *c);
/** Move value @v into pinned register @reg, where it is from here on. */
void ra_move_to_pin(struct compiler *c, int32_t v, unsigned reg);
/** Give values that alias pinned register @reg (PIN_XMM too) and live on a place of their own. */
void ra_detach_pin(struct compiler *c, unsigned reg);
/** The state's bytes [@offset, @offset + @size) have been overwritten, by value @v (or
 * NO_VALUE). */
void ra_stored(struct compiler *c, unsigned offset, unsigned size, int32_t v);
/** The same as ra_detach_pin for state bytes [offset, offset + size). */
void ra_detach_env(struct compiler *c, unsigned offset, unsigned size);
/** The same for all aliases. */
void ra_detach_all(struct compiler *c);
/** Store the scratch registers of values that live on; they stay valid as arguments of this op. */
void ra_flush(struct compiler *c);
/** A spill slot of no value, and its end. */
unsigned ra_spill_alloc(struct compiler *c);
void ra_spill_free(struct compiler *c, unsigned n);
/** Free what died with op @i. */
void ra_end_op(struct compiler *c, int32_t i);

/** reg := operand (nothing when it is there already). */
void ra_move(struct compiler *c, unsigned w, unsigned reg, struct opnd from);
/** alu reg, operand */
void x_alu_opnd(struct code *a, enum x86_alu k, unsigned w, unsigned dst, struct opnd from);
/** Instruction with a register and a register-or-memory operand. */
void x_insn_opnd(struct code *a, enum x86_form insn, unsigned w, unsigned reg, struct opnd from);

struct move {
    unsigned dst;
    unsigned w;
    struct opnd src;
};
/** Do the moves as if at once. Sources are registers, immediates or memory not based on a dst. */
void ra_parallel_move(struct compiler *c, struct move *moves, unsigned count);

/* ---- emit_flags.c
 * ------------------------------------------------------------------------------------- */

/** The op's instruction has just set EFLAGS: @avail guest flags are in them, the carry inverted
 * when
 * @cinv. Stores what is live and remembers the rest. */
void flags_define(struct compiler *c, const struct ir_op *op, int32_t i, unsigned avail, bool cinv);
/** Store the flags of @mask from EFLAGS, which stay as they are. @idle: scratch registers that may
 * be changed. */
void flags_store(struct code *a, unsigned mask, bool cinv, unsigned idle);
/** N and Z from @reg by a test, for ops whose instruction does not set them. */
void flags_test(struct compiler *c, const struct ir_op *op, int32_t i, unsigned w, unsigned reg);
/** Code that makes guest condition @cc an x86 condition, which is returned. */
enum x86_cc flags_condition(struct compiler *c, unsigned cc);
/** Is what first reads flags behind the fcmp @i a condition that wants its operands exchanged? */
bool flags_fcmp_exchanged(const struct compiler *c, int32_t i);
/** The value of op @i := its first argument @k its second one, wherever these are. */
void emit_two_operand(struct compiler *c, const struct ir_op *op, int32_t i, enum x86_alu k);
/** The sum @op, at @i, if the op behind it asks whether it overflows (emit_dot.c). */
bool emit_sum_that_tells(struct compiler *c, const struct ir_op *op, int32_t i);
void dot_stub_emit(struct compiler *c, const struct stub *s);
/** Is op @i the "or" of a slot of 8 bits and others, which goes to the slot alone? Those others, or
 * NO_VALUE. */
int32_t sticky_bits(const struct compiler *c, int32_t i);
/** Does the op at @i, whose value is a condition, feed only the following brnz, brz or select? */
bool flags_fusable(const struct compiler *c, int32_t i);
/** Deliver condition @cc as the value 0 or 1 of op @i. No argument may be needed any more. */
void flags_value(struct compiler *c, int32_t i, enum x86_cc cc);
/** Make "value @v is not 0" an x86 condition. */
enum x86_cc flags_nonzero(struct compiler *c, int32_t v);

/** Flags of @mask := whether they are in @set. */
void store_constant_flags(struct code *a, unsigned mask, unsigned set);

/* ---- pending.c */

/** Leave the flags @store of op @i, which was just emitted, pending. False: they have to be
 * stored. */
bool pending_add(struct compiler *c, const struct ir_op *op, int32_t i, unsigned store);
bool pending_add_constant(struct compiler *c, unsigned store, unsigned set);
/** Z is known to be set from here on: what was compared is equal. */
void pending_is_equal(struct compiler *c);
/** The same in the set @s of a stub. */
void pending_equal_cold(struct pending_set *s);
/** Before op @i is emitted: store what cannot be pending any longer. */
void pending_before(struct compiler *c, const struct ir_op *op, int32_t i);
/** Store everything that is pending. May use the values' registers: not while an op is emitted. */
void pending_store(struct compiler *c);
/** Compute pending flags @need into EFLAGS; they stay pending. False: they are not. */
bool pending_compute(struct compiler *c, unsigned need);
/** Store what is pending and in EFLAGS, from there. */
void pending_store_eflags(struct compiler *c);
/** Store what is pending in @s, in code that leaves the hot path. Changes EFLAGS alone. */
void pending_store_cold(struct code *a, const struct pending_set *s);
bool pending_equal(const struct pending_set *x, const struct pending_set *y);
bool place_is(const struct place *p, enum place_kind kind, unsigned reg);
bool place_is_scratch(const struct place *p);
/** Is it a spill slot? */
bool place_is_copy(const struct place *p);
/** Is it in the bytes of the state [offset, offset + size)? */
bool place_overlaps(const struct place *p, unsigned offset, unsigned size);
/** Do the flags need a register to be computed in? */
bool pending_needs_temp(const struct pending *p);
/** Do pending flags depend on what is in scratch register @reg? */
bool pending_holds(const struct compiler *c, unsigned reg);
/** Scratch register @reg is about to change: what depends on it moves to memory. Leaves EFLAGS
 * alone. */
void pending_leave(struct compiler *c, unsigned reg);
/** What is in scratch register @reg is in the state at @offset, too. */
void pending_stored(struct compiler *c, unsigned reg, unsigned offset);
/** Are all operands where the block begins with them, in pinned registers and slots? */
bool pending_is_stable(const struct pending_set *s);

/* ---- pending_flow.c */

bool pending_is_branch(const struct ir_op *op);
/** Must all flags be stored before the op, as it shows the state or leaves? */
bool pending_shows_state(const struct compiler *c, const struct ir_op *op);
bool pending_takes_carry(const struct ir_op *op);
/** Does the op read flags from their bytes, as things are? */
bool pending_reads_bytes(const struct compiler *c, const struct ir_op *op);
/** Are flags @mask written, from the op at @i on, before anybody needs them at an inline place? */
bool pending_die(const struct compiler *c, int32_t i, unsigned mask);
/** Can the flags @p be pending behind the branch at @i, which stays in the block, and where its
 * ways meet again? Noted in p->until. */
bool pending_crosses(const struct compiler *c, struct pending *p, int32_t i);

/** Does the branch at @i just leave out a comparison, the last thing before its label? The index of
 * that op, or NO_VALUE. */
int32_t pending_joins(const struct compiler *c, int32_t i);

/* ---- emit_mem.c, emit_window.c, emit_group.c
 * -------------------------------------------------------------------------- */

void mem_stub_emit(struct compiler *c, struct stub *s);
/** Direct mode: is the access to be compared with what is watched? */
bool watch_needed(const struct compiler *c, const struct ir_op *op);
/** Compare it, in front of the access; watch_back is to be told where that ends. */
uint32_t watch_check(struct compiler *c, const struct ir_op *op, const struct slow_site *site,
                     struct x86_mem m, uint32_t *first);
void watch_back(struct compiler *c, uint32_t first, uint32_t count);
/** Compare all accesses of the group that begins. */
void watch_group(struct compiler *c, const struct ir_op *op);
/** Control flow meets: what has been compared is not known. */
void watch_forget(struct compiler *c);
void watch_stub_emit(struct compiler *c, struct stub *s);
struct slow_site mem_site(const struct compiler *c, const struct ir_op *op, unsigned addr_reg,
                          unsigned data_reg);
void mem_site_call(struct compiler *c, const struct slow_site *site);
bool group_access(struct compiler *c, const struct ir_op *op, int32_t i);
void group_stub_emit(struct compiler *c, struct stub *s);
/** mov dst,[m] with the extension of the access; mov [m],src of its size. */
void mem_load_insn(struct compiler *c, const struct ir_op *op, unsigned dst, struct x86_mem m);
void mem_store_insn(struct compiler *c, const struct ir_op *op, struct opnd src, struct x86_mem m);
struct opnd mem_store_value(struct compiler *c, const struct ir_op *op);
/** The register, of the kind that the type wants, to load value @i into. */
unsigned mem_load_dest(struct compiler *c, int32_t i);
/** Emit addend := table entry of address @addr; returns the place of the jump taken when it is 0.
 */
/* The bytes that an entry of the table is for. */
uint32_t mem_piece(const struct compiler *c);
uint8_t *mem_table_lookup(struct compiler *c, unsigned addend, unsigned addr, bool write);
/* Constant parts of addresses that are left to the host's addressing. Where base and constant wrap
 * around 4 GiB the sum lies in the reserved memory beside the window; the guest's address would be
 * in its first or last page, where nothing is mapped either. */
enum { DIRECT_DISP_MAX = 4095 - 16 };
/** Log2 of the alignment that the access demands. */
unsigned mem_align(const struct ir_op *op);
/** Direct mode and window: the slow path for what is not aligned as demanded. */
void mem_check_aligned(struct compiler *c, const struct ir_op *op, unsigned data_reg, int32_t imm);
/** Emit the access, if it is one to the window. */
bool window_load(struct compiler *c, const struct ir_op *op, int32_t i);
bool window_store(struct compiler *c, const struct ir_op *op, int32_t i);
/** What comes before the host instruction that is emitted next, an access to guest address @m,
 * which becomes the operand that it takes. A sum of registers has 32 bits. */
void window_prefixes(struct compiler *c, struct x86_mem *m);
/** Direct mode: is the address of the access that is emitted such a sum, and which? */
bool window_has_sum(const struct compiler *c);
struct x86_mem window_sum(struct compiler *c, const struct ir_op *op);
/** Leave the sum of two registers that op @i is to the access behind it that it is the address of,
 * if there is one. True: nothing else needs it. */
bool window_takes_sum(struct compiler *c, const struct ir_op *op, int32_t i);
/** Direct mode: the same for the sum of a register and a constant. */
bool direct_takes_sum(struct compiler *c, const struct ir_op *op, int32_t i);
/** May the current instruction access the window beside the tables (ir_block.window)? */
bool window_insn(const struct compiler *c);

/* ---- faults.c */

/** Direct mode: the next instruction accesses the window for the current guest instruction. */
void faults_mark(struct compiler *c);
/** Code that stores the flags that were pending at a place, and leaves. */
void faults_stub_emit(struct compiler *c, struct stub *s);
/** Forget the places of the block that is being compiled, or of the whole region @n. */
void faults_unmark(struct compiler *c);
void faults_clear(struct backend *be, uint32_t n);
void faults_free(struct backend *be);

/* ---- emit_call.c, emit_exit.c, thunks.c
 * ------------------------------------------------------------------ */

void pins_save(struct code *a, const struct backend *be, bool caller_saved_only);
void pins_load(struct code *a, const struct backend *be, bool caller_saved_only);
/** Are the returns of @be validated by the context's tag? If not, all of them are forgotten when
 * the context may have changed. */
static inline bool returns_tagged(const struct backend *be)
{
    return be->config.target->memory.return_tag && !be->config.direct;
}
/** Forget all predicted returns. */
void exit_forget_returns(struct code *a);
void callz_stub_emit(struct compiler *c, struct stub *s);
void exit_stub_emit(struct compiler *c, struct stub *s);
/** Does the branch at @i lead around a direct exit, and nothing else to its label? */
bool exit_is_side(const struct compiler *c, int32_t i);
/** Is the op at @i the label behind the side exit that was just emitted? */
bool exit_is_behind_side(const struct compiler *c, int32_t i);
/** Is the second copy of a loop being emitted, and has the op at @i been executed by the time that
 * it is entered? */
bool exit_has_run_before(const struct compiler *c, int32_t i);
/** Are there exits in the middle, or back to the block's start? */
bool exit_any_side(const struct compiler *c);
void exit_budget_check(struct compiler *c);
/** In direct mode, before code calls out: env.page_base is that of the block. Leaves registers and
 * EFLAGS alone. */
void exit_page_base(struct compiler *c);
/** Where the block asks for it: leave when the guest's code is no longer what it is made from. */
void exit_code_check(struct compiler *c);
/** Bytes of host code that this takes at most. */
size_t exit_check_bytes(const struct ir_block *b);
/** Jump to guest address eax in @lane through the exec table; but in direct mode, sets
 * env.page_base. */
void exit_indirect(struct code *a, const struct backend *be, unsigned lane);
/** Direct mode: rcx := exec table entry of the page of @address in @lane, or off to the lookup stub
 * with the guest address in eax. */
void exit_entry_fixed(struct code *a, const struct backend *be, unsigned lane, uint32_t address);
/** The exit @op to address eax, where that is in this page. False: it may not be; *@outside is the
 * jump that is taken then, or NULL when there is none. */
bool exit_by_table(struct compiler *c, const struct ir_op *op, uint8_t **outside);
void thunks_emit(struct backend *be);

struct stub *stub_new(struct compiler *c, enum stub_kind kind, uint8_t *from);

/* ---- slowpath.c
 * ------------------------------------------------------------------------------------------- */

/* Registers of generated code, as the slow thunk pushes them, and the place of the return address.
 */
struct slow_frame {
    uint64_t reg[16]; /* reg[RSP] is meaningless */
    uint64_t site;    /* in: address of the struct slow_site; out: address to return to */
};
/** Memory slow path. True: an exception was raised, leave the block. */
bool slowpath_access(struct slow_frame *frame, struct backend *be);

#endif
