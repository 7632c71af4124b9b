/*
 * Translation of ARM instructions into IR: the context that trans_ functions work on, and the
 * helpers they share. Internal to frontend/arm.
 */
#ifndef ARMEMU_ARM_TRANSLATE_H
#define ARMEMU_ARM_TRANSLATE_H

#include <stdbool.h>
#include <stdint.h>

#include "frontend/arm/cpu/features.h"
#include "frontend/arm/cpu/helpers.h"
#include "frontend/arm/cpu/slots.h"
#include "frontend/arm/cpu/state.h"
#include "frontend/arm/fp/fpscr.h"
#include "frontend/guest.h"
#include "ir/ir.h"

/* Block flags (guest_code.flags): all that translation depends on besides the code bytes. */
#define ARM_BF_THUMB 0x1u        /* the lane */
#define ARM_BF_BIG_ENDIAN 0x4u   /* PSR.E: data accesses are byte-swapped */
/* SCTLR.A, or no unaligned support (SCTLR.U = 0): ordinary accesses fault when unaligned */
#define ARM_BF_ALIGN_STRICT 0x8u
/* ARMv5 and SCTLR.U = 0: unaligned LDR rotates, halfwords force alignment */
#define ARM_BF_ROTATE 0x10u
#define ARM_BF_SMP 0x20u         /* several CPUs: exclusives go through helpers */
#define ARM_BF_USER 0x40u        /* unprivileged (User mode) */
#define ARM_BF_HYP 0x80u         /* Hyp mode */
/* ITSTATE of the first instruction; nonzero comes with LOOKUP_ONLY */
#define ARM_BF_IT_SHIFT 16
#define ARM_BF_FP_SPECIAL 0x01000000u /* FPSCR has bits of FPSCR_SPECIAL set */
#define ARM_BF_FP_FLUSH 0x10000000u /* FPSCR.FZ */
#define ARM_BF_FP_DEFAULT_NAN 0x20000000u /* FPSCR.DN */
#define ARM_BF_FP_ROUNDING 0x02000000u /* FPSCR.RMode is not to nearest */
#define ARM_BF_DIV_TRAP 0x04000000u /* M profile, CCR.DIV_0_TRP: division by zero faults */
#define ARM_BF_FP_ON 0x04000000u    /* others: floating point is enabled for good, in a process */
/* M profile without MPU, or privileged code with it: ir_block.window */
#define ARM_BF_WINDOW 0x08000000u
/* small number of the CPU model's feature set, see arm_features_of */
#define ARM_BF_FEATURES_SHIFT 8

/** The block flags of the modes in @fpscr. */
static inline uint32_t arm_fp_block_flags(uint32_t fpscr)
{
    return (fpscr & FPSCR_SPECIAL ? ARM_BF_FP_SPECIAL : 0) |
           (fpscr >> FPSCR_RMODE_SHIFT & 3 ? ARM_BF_FP_ROUNDING : 0) |
           (fpscr & FPSCR_FZ ? ARM_BF_FP_FLUSH : 0) |
           (fpscr & FPSCR_DN ? ARM_BF_FP_DEFAULT_NAN : 0);
}

enum { ARM_PAGE_BYTES = 4096 };

struct arm_translate {
    struct ir_block *b;
    const struct guest_code *code;
    uint64_t features;
    uint32_t flags;      /* ARM_BF_* of the block */
    bool thumb;
    uint32_t insn;       /* encoding: 16-bit T16 in the low half, T32 as first:second halfword */
    uint32_t offset;     /* of this instruction from the page base */
    unsigned insn_size;  /* 2 or 4 */
    /* condition of this instruction (from A32, IT or B<c>); IR_CC_AL if none */
    unsigned cond;
    uint8_t itstate;     /* before this instruction; advanced by the loop */
    bool in_it;          /* this instruction is in an IT block */
    bool ended;          /* the block has ended: an exit was emitted for the unconditional path */
    bool flags_changed;  /* this instruction wrote NZCV: a pending conditional run must close */
    bool exit_after;     /* end the block after this instruction (state that translation depends on
                            may have changed); the loop emits the exit */
    bool exit_dynamic;   /* ... and by exitdyn, since context or lane may have changed */
    bool skip_open;      /* a conditional run is open: code up to skip_label is executed when */
    unsigned skip_label; /* skip_cond holds */
    unsigned skip_cond;
    int32_t skip_branch; /* op that skips, or -1: the run is an else part */
    bool uses_next_page; /* the block depends on code->next_page */
    /* coverage: of the instruction before, and those with it; NULL: none */
    struct guest_mark *cover;
    unsigned cover_cond;      /* the condition under which that is reached */
    uint32_t cover_first;     /* first op behind the mark of the instruction before */
    uint32_t cover_start, cover_end; /* offsets of the last instruction, and behind it */
    bool goes_back;      /* the branch that ended the block leads back into it */
    unsigned side_exits; /* conditional exits that the block goes on behind */
    /* offset at which the last short block would begin that is part of this one */
    uint32_t segment;
    uint32_t segment_insns; /* instructions in front of it, where short blocks' ends count */
    /* something may be due at the end of the short block: no hot one goes on behind it */
    bool events;
    /* offset at which the block goes on behind this instruction; 0: the next one */
    uint32_t follow;
    bool followed;       /* it is a branch: the way out of the block is where it is not taken */
    bool fp_checked;     /* the block has checked FP_ENABLED on every path to here */
    bool reads_pc;       /* what this instruction becomes depends on where it is */
};

/**
 * Translate one block as struct guest_frontend.translate says: fills in page_offset, lane,
 * guest_size and the literal range of @b. Returns true when the block depends on the next page too.
 */
bool arm_translate_block(struct ir_block *b, const struct guest_code *code);

/** Does the CPU have one of @feature (ARM_FEATURE)? */
static inline bool arm_has(const struct arm_translate *t, uint64_t feature)
{
    return (t->features & feature) != 0;
}

/** Is the code unprivileged? */
static inline bool arm_is_user(const struct arm_translate *t)
{
    return (t->flags & ARM_BF_USER) != 0;
}

/** Register @r as an operand: r15 reads as PC + 8 (A32) or PC + 4 (T32), not aligned. */
int32_t arm_reg_read(struct arm_translate *t, int r);
/** Address of the current instruction's PC as read, aligned to 4, plus @imm (literal addresses). */
int32_t arm_pc_aligned_plus(struct arm_translate *t, int32_t imm);
/** Write register @r, r != 15. SP of the M profile is a multiple of 4 whatever is written; */
void arm_reg_write(struct arm_translate *t, int r, int32_t v);
/** ... here @v is the register's value, moved by a multiple of 4, so that nothing needs to be
 * done. */
void arm_reg_move(struct arm_translate *t, int r, int32_t v);
/** ALUWritePC / result of data processing: r15 branches (interworking from ARMv7 on in A32). */
void arm_reg_write_alu(struct arm_translate *t, int r, int32_t v);
/** ALUWritePC: as arm_reg_write_alu of r15, with IR_HINT_RETURN or 0 as @hint. Ends the block. */
void arm_branch_alu(struct arm_translate *t, int32_t v, unsigned hint);
/** LoadWritePC: r15 branches with interworking (from ARMv5T on). @v may have bit 0 set. */
void arm_reg_write_load(struct arm_translate *t, int r, int32_t v);
/** BXWritePC; @hint is 0 or IR_HINT_RETURN. Ends the block. */
void arm_branch_exchange(struct arm_translate *t, int32_t v, unsigned hint);
/** BLXWritePC: as BXWritePC, but no exception return. Ends the block. */
void arm_branch_call(struct arm_translate *t, int32_t v);
/** Branch to @offset from the page base in lane @lane (sets the T slot when it changes). Ends the
 * block. */
void arm_branch_direct(struct arm_translate *t, int64_t offset, unsigned lane);
/** Offset from the page base of the PC as read by the current instruction. */
int64_t arm_pc_offset(struct arm_translate *t);
/** The next instruction's address as value (return addresses; no Thumb bit). */
int32_t arm_next_pc(struct arm_translate *t);
/** Generate the Undefined Instruction exception for the current instruction. Returns true. */
bool arm_undefined(struct arm_translate *t);
/** UNPREDICTABLE encodings: treated as UNDEFINED (the manual allows it), with a guest_errors line
 * at translation. Returns true. */
bool arm_unpredictable(struct arm_translate *t);
/** The calls above that leave by a helper which never returns: emit `call id(a0..)` and end the
 * block. */
void arm_raise(struct arm_translate *t, unsigned helper, int32_t a0, int32_t a1);
/** M profile: a UsageFault with @cause (enum arm_m_fault). */
void arm_m_raise(struct arm_translate *t, unsigned cause);
/** Make the rest of this instruction conditional on @cond (of B<c>); for use before any output. */
void arm_skip_unless(struct arm_translate *t, unsigned cond);
/**
 * The constant that a load of @size bytes (1, 2, 4) at @page_offset finds, when literals may be
 * folded and it lies in the block's page; the block then depends on these bytes. The value is
 * little-endian and zero extended.
 */
bool arm_literal(struct arm_translate *t, uint32_t page_offset, unsigned size, uint32_t *value);
/** After a flow-changing helper (exception return): emit exitdyn to env.pc and end the block. */
void arm_exit_to_env_pc(struct arm_translate *t);
/** May a hot block go on behind the conditional exit of this instruction? */
bool arm_goes_on(struct arm_translate *t);
/** Let a hot block go on at @offset, where this instruction jumps to. False: it has to end. */
bool arm_follow(struct arm_translate *t, int64_t offset);
/** The same for a conditional branch to @offset, if it is known to be taken most often. The exit is
 * then for the other way. */
bool arm_follow_taken(struct arm_translate *t, int64_t offset);
/** Was the open run opened by this instruction, which has emitted nothing else? */
bool arm_skip_is_fresh(const struct arm_translate *t);
/** Let a fresh run be executed when its condition does not hold. */
void arm_skip_invert(struct arm_translate *t);
/** End the block after this instruction and continue at the next one; @dynamic: context or lane may
 * have changed. */
void arm_end_after(struct arm_translate *t, bool dynamic);
/** The same where interrupts may be unmasked: a pending one is taken there. */
void arm_end_unmasked(struct arm_translate *t);

/* Operand 2 (shifter.c). */

/** The value of rm shifted by an immediate as DecodeImmShift says; when @set_c the carry-out goes
 * to C. */
int32_t arm_shift_imm(struct arm_translate *t, int rm, unsigned shty, unsigned shim, bool set_c);
/** The value of rm shifted by the low byte of rs; when @set_c the carry-out goes to C. */
int32_t arm_shift_reg(struct arm_translate *t, int rm, unsigned shty, int rs, bool set_c);
/** @v (a value, not a register) shifted by an immediate. @fw, a subset of NZC, are set from the
 * result and the carry-out. */
int32_t arm_shift_value(struct arm_translate *t, int32_t v, unsigned shty, unsigned shim,
                        unsigned fw);

/** Does a set-flags field (0, 1, 2 = outside of IT blocks) ask for flags? */
static inline bool arm_sets_flags(const struct arm_translate *t, int s)
{
    return s == 1 || (s == 2 && !t->in_it);
}
/** Is any of the register numbers the PC? Most encodings are UNPREDICTABLE then. */
static inline bool arm_any_pc(int a, int b, int c)
{
    return a == 15 || b == 15 || c == 15;
}
/** Set PSR.Q when @saturated, an i32 of 0 or 1, is 1. */
void arm_q_set_if(struct arm_translate *t, int32_t saturated);

/** Feature set number for ARM_BF_FEATURES_SHIFT <-> features mask: index of the CPU model. */
uint64_t arm_features_of(uint32_t block_flags);

/** Generated: decode and call the trans_ function. False: no row matches or the function
 * refused. */
bool arm_decode_a32(struct arm_translate *t, uint32_t insn);
bool arm_decode_t16(struct arm_translate *t, uint32_t insn);
bool arm_decode_t32(struct arm_translate *t, uint32_t insn);

#endif
