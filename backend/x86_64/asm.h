/*
 * x86-64 assembler: the one place that knows REX, VEX, ModRM and SIB. Instructions are rows of
 * x86.def; everything is inline with constant rows, so that an emitter call folds to a few stores.
 *
 * The assembler also watches EFLAGS: `eflags` (which guest flags they currently hold, owned by the
 * emitters) is cleared by every instruction that writes EFLAGS.
 */
#ifndef ARMEMU_BACKEND_X86_64_ASM_H
#define ARMEMU_BACKEND_X86_64_ASM_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum x86_gpr { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15 };
enum x86_cc {
    CC_O,
    CC_NO,
    CC_B,
    CC_AE,
    CC_E,
    CC_NE,
    CC_BE,
    CC_A,
    CC_S,
    CC_NS,
    CC_P,
    CC_NP,
    CC_L,
    CC_GE,
    CC_LE,
    CC_G,
};
enum { NO_REG = -1 };

enum x86_attr {
    X86_WF = 1,
    X86_B8 = 2,
    X86_BS = 4,
    X86_I8 = 8,
    X86_I16 = 16,
    X86_I32 = 32,
    X86_V = 64,
    X86_XR = 0x100,
    X86_XM = 0x200,
    X86_X2 = 0x400,
    X86_M = 0x800,
    X86_W1 = 0x1000,
    X86_SH = 0x2000,
    X86_NV = 0x4000,
    X86_R = 0xff,
};

struct x86_row {
    uint8_t map, prefix, opcode, ext;
    uint16_t attr;
};

enum x86_form {
#define X(id, ...) X86_##id,
#include "backend/x86_64/x86.def"
#undef X
    X86_COUNT
};

/* The names of the attributes in x86.def stand for these. */
#define WF  X86_WF
#define B8  X86_B8
#define BS  X86_BS
#define I8  X86_I8
#define I16 X86_I16
#define I32 X86_I32
#define V   X86_V
#define XR  X86_XR
#define XM  X86_XM
#define X2  X86_X2
#define M   X86_M
#define W1  X86_W1
#define SH  X86_SH
#define NV  X86_NV
#define R   X86_R
static const struct x86_row x86_rows[X86_COUNT] = {
#define X(id, mnem, map, prefix, opcode, ext, attr) [X86_##id] = {map, prefix, opcode, ext, attr},
#include "backend/x86_64/x86.def"
#undef X
};
#undef WF
#undef B8
#undef BS
#undef I8
#undef I16
#undef I32
#undef V
#undef XR
#undef XM
#undef X2
#undef M
#undef W1
#undef SH
#undef NV
#undef R

/* A memory operand: [base + index * scale + disp]; base NO_REG is an absolute address. */
struct x86_mem {
    int8_t base, index;
    uint8_t scale; /* log2 */
    int32_t disp;
};

/* In `eflags` besides the guest flags: EFLAGS are of a comparison of floats, with the operands in
 * order or exchanged; pending: the guest's flags have not been set from it. */
enum {
    EFLAGS_FCMP = 0x10,
    EFLAGS_FCMP_EXCHANGED = 0x20,
    EFLAGS_FCMP_ANY = 0x30,
    EFLAGS_PENDING = 0x40,
};

struct code {
    uint8_t *p;        /* next byte, in the writable view */
    uint8_t *limit;    /* emitters stop before */
    intptr_t rx_delta; /* executable view minus writable view */
    uint8_t eflags;    /* guest flags that EFLAGS hold */
    bool cinv;         /* x86's carry is the inverse of the guest's */
};

static inline struct x86_mem x_mem(int base, int32_t disp)
{
    return (struct x86_mem){(int8_t)base, NO_REG, 0, disp};
}

static inline struct x86_mem x_memx(int base, int index, unsigned scale, int32_t disp)
{
    return (struct x86_mem){(int8_t)base, (int8_t)index, (uint8_t)scale, disp};
}

static inline void x_u8(struct code *a, unsigned v)
{
    *a->p++ = (uint8_t)v;
}

static inline void x_u16(struct code *a, uint16_t v)
{
    memcpy(a->p, &v, 2);
    a->p += 2;
}

static inline void x_u32(struct code *a, uint32_t v)
{
    memcpy(a->p, &v, 4);
    a->p += 4;
}

static inline void x_u64(struct code *a, uint64_t v)
{
    memcpy(a->p, &v, 8);
    a->p += 8;
}

/** Address in the executable view of the writable address @p. */
static inline uint32_t x_rx(const struct code *a, const uint8_t *p)
{
    return (uint32_t)((uintptr_t)p + (uintptr_t)a->rx_delta);
}

static inline void x_opcode(struct code *a, unsigned map, unsigned opcode)
{
    if (map) {
        x_u8(a, 0x0f);
        if (map > 1)
            x_u8(a, map == 2 ? 0x38 : 0x3a);
    }
    x_u8(a, opcode);
}

static inline void x_legacy(struct code *a, unsigned map, unsigned prefix, unsigned opcode,
                            unsigned w, unsigned reg, unsigned index, unsigned base, bool force_rex)
{
    unsigned rex = 0x40 | w << 3 | (reg >> 3) << 2 | (index >> 3) << 1 | base >> 3;
    if (prefix)
        x_u8(a, prefix);
    if (rex != 0x40 || force_rex)
        x_u8(a, rex);
    x_opcode(a, map, opcode);
}

static inline void x_vex(struct code *a, const struct x86_row *row, unsigned w, unsigned reg,
                         unsigned vvvv, unsigned index, unsigned base)
{
    unsigned pp = row->prefix == 0x66 ? 1 : row->prefix == 0xf3 ? 2 : row->prefix == 0xf2 ? 3 : 0;
    x_u8(a, 0xc4);
    x_u8(a, (~reg & 8) << 4 | (~index & 8) << 3 | (~base & 8) << 2 | row->map);
    x_u8(a, (w || (row->attr & X86_W1)) << 7 | (~vvvv & 15) << 3 | pp);
    x_u8(a, row->opcode);
}

static inline void x_modrm_mem(struct code *a, unsigned reg, struct x86_mem m)
{
    unsigned r = (reg & 7) << 3;
    if (m.base == NO_REG) { /* absolute: SIB without base and index */
        x_u8(a, r | 4);
        x_u8(a, 0x25);
        x_u32(a, (uint32_t)m.disp);
        return;
    }
    unsigned base = (unsigned)m.base & 7;
    bool sib = m.index != NO_REG || base == 4;
    unsigned mod = m.disp == 0 && base != 5 ? 0 : m.disp == (int8_t)m.disp ? 0x40 : 0x80;
    x_u8(a, mod | r | (sib ? 4 : base));
    if (sib)
        x_u8(a,
             (unsigned)m.scale << 6 | (m.index == NO_REG ? 4u : (unsigned)m.index & 7) << 3 | base);
    if (mod == 0x40)
        x_u8(a, (unsigned)m.disp);
    else if (mod == 0x80)
        x_u32(a, (uint32_t)m.disp);
}

static inline void x_flags(struct code *a, const struct x86_row *row)
{
    if (row->attr & X86_WF)
        a->eflags = 0;
}

/** Form with two registers; @w selects 64 bits. */
static inline void x_rr(struct code *a, enum x86_form insn, unsigned w, unsigned reg, unsigned rm)
{
    const struct x86_row *row = &x86_rows[insn];
    bool rex = ((row->attr & X86_B8) && (reg >= 4 || rm >= 4)) || ((row->attr & X86_BS) && rm >= 4);
    x_legacy(a, row->map, row->prefix, row->opcode, w, reg, 0, rm, rex);
    x_u8(a, 0xc0 | (reg & 7) << 3 | (rm & 7));
    x_flags(a, row);
}

/** Form with a register and a memory operand. */
static inline void x_rm(struct code *a, enum x86_form insn, unsigned w, unsigned reg,
                        struct x86_mem m)
{
    const struct x86_row *row = &x86_rows[insn];
    bool rex = (row->attr & X86_B8) && reg >= 4 && row->ext == X86_R;
    x_legacy(a, row->map, row->prefix, row->opcode, w, reg,
             m.index == NO_REG ? 0 : (unsigned)m.index, m.base == NO_REG ? 0 : (unsigned)m.base,
             rex);
    x_modrm_mem(a, reg, m);
    x_flags(a, row);
}

/** Form with one register operand (the row has a /digit). An immediate is the caller's to append.
 */
static inline void x_r(struct code *a, enum x86_form insn, unsigned w, unsigned rm)
{
    const struct x86_row *row = &x86_rows[insn];
    x_legacy(a, row->map, row->prefix, row->opcode, w, 0, 0, rm, (row->attr & X86_B8) && rm >= 4);
    x_u8(a, 0xc0u | (unsigned)row->ext << 3 | (rm & 7));
    x_flags(a, row);
}

/** Form with one memory operand. */
static inline void x_m(struct code *a, enum x86_form insn, unsigned w, struct x86_mem m)
{
    x_rm(a, insn, w, x86_rows[insn].ext, m);
}

/** VEX form reg, vvvv, rm; @vvvv 0 where the instruction has none. */
static inline void x_vrr(struct code *a, enum x86_form insn, unsigned w, unsigned reg,
                         unsigned vvvv, unsigned rm)
{
    const struct x86_row *row = &x86_rows[insn];
    x_vex(a, row, w, reg, vvvv, 0, rm);
    x_u8(a, 0xc0 | (reg & 7) << 3 | (rm & 7));
    x_flags(a, row);
}

static inline void x_vrm(struct code *a, enum x86_form insn, unsigned w, unsigned reg,
                         unsigned vvvv, struct x86_mem m)
{
    const struct x86_row *row = &x86_rows[insn];
    x_vex(a, row, w, reg, vvvv, m.index == NO_REG ? 0 : (unsigned)m.index,
          m.base == NO_REG ? 0 : (unsigned)m.base);
    x_modrm_mem(a, reg, m);
    x_flags(a, row);
}

/* The regular two-operand group, in encoding order; a row's id is X86_ADD_RM + 4 * k and so on. */
enum x86_alu { ALU_ADD, ALU_OR, ALU_ADC, ALU_SBB, ALU_AND, ALU_SUB, ALU_XOR, ALU_CMP };

static inline void x_alu_rr(struct code *a, enum x86_alu k, unsigned w, unsigned dst, unsigned src)
{
    x_rr(a, X86_ADD_RM + 4 * k, w, dst, src);
}

static inline void x_alu_rm(struct code *a, enum x86_alu k, unsigned w, unsigned dst,
                            struct x86_mem m)
{
    x_rm(a, X86_ADD_RM + 4 * k, w, dst, m);
}

static inline void x_alu_mr(struct code *a, enum x86_alu k, unsigned w, struct x86_mem m,
                            unsigned src)
{
    x_rm(a, X86_ADD_MR + 4 * k, w, src, m);
}

static inline void x_alu_imm(struct code *a, int32_t imm)
{
    if (imm == (int8_t)imm)
        x_u8(a, (unsigned)imm);
    else
        x_u32(a, (uint32_t)imm);
}

static inline void x_alu_ri(struct code *a, enum x86_alu k, unsigned w, unsigned dst, int32_t imm)
{
    x_r(a, (imm == (int8_t)imm ? X86_ADD_I8 : X86_ADD_I32) + 4 * k, w, dst);
    x_alu_imm(a, imm);
}

static inline void x_alu_mi(struct code *a, enum x86_alu k, unsigned w, struct x86_mem m,
                            int32_t imm)
{
    x_m(a, (imm == (int8_t)imm ? X86_ADD_I8 : X86_ADD_I32) + 4 * k, w, m);
    x_alu_imm(a, imm);
}

static inline void x_mov_rr(struct code *a, unsigned w, unsigned dst, unsigned src)
{
    x_rr(a, X86_MOV_RM, w, dst, src);
}

static inline void x_mov_rm(struct code *a, unsigned w, unsigned dst, struct x86_mem m)
{
    x_rm(a, X86_MOV_RM, w, dst, m);
}

static inline void x_mov_mr(struct code *a, unsigned w, struct x86_mem m, unsigned src)
{
    x_rm(a, X86_MOV_MR, w, src, m);
}

/** Register := constant, shortest form that leaves EFLAGS alone. */
static inline void x_mov_ri(struct code *a, unsigned dst, uint64_t imm)
{
    if (imm <= UINT32_MAX) {
        x_legacy(a, 0, 0, 0xb8 + (dst & 7), 0, 0, 0, dst, false);
        x_u32(a, (uint32_t)imm);
    } else if ((int64_t)imm == (int32_t)imm) {
        x_r(a, X86_MOV_MI, 1, dst);
        x_u32(a, (uint32_t)imm);
    } else {
        x_legacy(a, 0, 0, 0xb8 + (dst & 7), 1, 0, 0, dst, false);
        x_u64(a, imm);
    }
}

static inline void x_shift_i(struct code *a, enum x86_form insn, unsigned w, unsigned dst,
                             unsigned n)
{
    x_r(a, insn, w, dst);
    x_u8(a, n);
}

static inline void x_setcc_r(struct code *a, enum x86_cc cc, unsigned reg)
{
    x_legacy(a, 1, 0, 0x90 + cc, 0, 0, 0, reg, reg >= 4);
    x_u8(a, 0xc0 | (reg & 7));
}

/* Two conditions into the low and the next byte of rax, rcx, rdx or rbx. */
static inline void x_setcc_pair(struct code *a, enum x86_cc low, enum x86_cc high, unsigned reg)
{
    assert(reg < 4);
    x_setcc_r(a, low, reg);
    x_legacy(a, 1, 0, 0x90 + high, 0, 0, 0, reg, false);
    x_u8(a, 0xc0 | (reg + 4));
}

static inline void x_setcc_m(struct code *a, enum x86_cc cc, struct x86_mem m)
{
    x_legacy(a, 1, 0, 0x90 + cc, 0, 0, 0, (unsigned)m.base, false);
    x_modrm_mem(a, 0, m);
}

static inline void x_cmov_rr(struct code *a, enum x86_cc cc, unsigned w, unsigned dst, unsigned src)
{
    x_legacy(a, 1, 0, 0x40 + cc, w, dst, 0, src, false);
    x_u8(a, 0xc0 | (dst & 7) << 3 | (src & 7));
}

static inline void x_cmov_rm(struct code *a, enum x86_cc cc, unsigned w, unsigned dst,
                             struct x86_mem m)
{
    x_legacy(a, 1, 0, 0x40 + cc, w, dst, m.index == NO_REG ? 0 : (unsigned)m.index,
             m.base == NO_REG ? 0 : (unsigned)m.base, false);
    x_modrm_mem(a, dst, m);
}

static inline void x_bswap(struct code *a, unsigned w, unsigned reg)
{
    x_legacy(a, 1, 0, 0xc8 + (reg & 7), w, 0, 0, reg, false);
}

static inline void x_push(struct code *a, unsigned reg)
{
    x_legacy(a, 0, 0, 0x50 + (reg & 7), 0, 0, 0, reg, false);
}

static inline void x_pop(struct code *a, unsigned reg)
{
    x_legacy(a, 0, 0, 0x58 + (reg & 7), 0, 0, 0, reg, false);
}

static inline void x_ret(struct code *a)
{
    x_u8(a, 0xc3);
}

static inline void x_cmc(struct code *a)
{
    x_u8(a, 0xf5);
    a->cinv = !a->cinv;
}

/** Full barrier: a locked no-op on the stack is quicker than mfence. */
static inline void x_fence(struct code *a)
{
    x_u8(a, 0xf0);
    x_alu_mi(a, ALU_ADD, 0, x_mem(RSP, 0), 0);
}

/* Jumps return the place of their rel32, for x_patch. */
static inline uint8_t *x_jcc(struct code *a, enum x86_cc cc)
{
    x_u8(a, 0x0f);
    x_u8(a, 0x80 + cc);
    x_u32(a, 0);
    return a->p - 4;
}

static inline uint8_t *x_jmp(struct code *a)
{
    x_u8(a, 0xe9);
    x_u32(a, 0);
    return a->p - 4;
}

static inline uint8_t *x_call(struct code *a)
{
    x_u8(a, 0xe8);
    x_u32(a, 0);
    return a->p - 4;
}

/** Make the rel32 at @site (writable view) point at @target (writable view). */
static inline void x_patch(uint8_t *site, const uint8_t *target)
{
    int32_t rel = (int32_t)(target - (site + 4));
    memcpy(site, &rel, 4);
}

static inline void x_patch_here(struct code *a, uint8_t *site)
{
    x_patch(site, a->p);
}

/** rel32 to the executable address @target, for the displacement that is emitted next. */
static inline void x_rel32(struct code *a, uint32_t target)
{
    x_u32(a, target - (x_rx(a, a->p) + 4));
}

static inline void x_jmp_to(struct code *a, uint32_t target)
{
    x_u8(a, 0xe9);
    x_rel32(a, target);
}

static inline void x_jcc_to(struct code *a, enum x86_cc cc, uint32_t target)
{
    x_u8(a, 0x0f);
    x_u8(a, 0x80 + cc);
    x_rel32(a, target);
}

static inline void x_call_to(struct code *a, uint32_t target)
{
    x_u8(a, 0xe8);
    x_rel32(a, target);
    a->eflags = 0;
}

#endif
