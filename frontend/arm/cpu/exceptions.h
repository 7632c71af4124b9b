/*
 * Exception entry of the A profile (DDI 0406C B1.8, B1.9), and aborts as the memory slow path
 * raises them.
 */
#ifndef ARMEMU_ARM_EXCEPTIONS_H
#define ARMEMU_ARM_EXCEPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "frontend/arm/cpu/state.h"
#include "softmmu/arm/arm_walk.h"

enum arm_exception {
    ARM_EXC_RESET, ARM_EXC_UNDEFINED, ARM_EXC_SVC, ARM_EXC_PREFETCH_ABORT, ARM_EXC_DATA_ABORT,
    ARM_EXC_HYP_TRAP, ARM_EXC_IRQ, ARM_EXC_FIQ, ARM_EXC_HVC, ARM_EXC_SMC,
    ARM_EXC_VIRQ, ARM_EXC_VFIQ,
    ARM_EXC_COUNT,
};

/**
 * Enter the handler of @exc. @pc: address of the instruction that the exception belongs to, or
 * (IRQ, FIQ) that would run next; @it: ITSTATE there. Afterwards env.pc is the vector, env.raised
 * is set and the context is selected. Fault registers are the caller's.
 */
void arm_take_exception(struct arm_state *s, enum arm_exception exc, uint32_t pc, uint8_t it);

/** Undefined Instruction exception for the instruction that is calling out. */
void arm_raise_undefined(struct arm_state *s);

/**
 * Data Abort of the instruction that is calling out (slow path or helper): sets DFSR and DFAR (or
 * the Hyp registers for a stage 2 fault). @va: the address of the access, @write: it is a store (or
 * cache maintenance).
 */
void arm_raise_data_abort(struct arm_state *s, const struct arm_fault *fault, uint32_t va,
                          bool write);

/** Prefetch Abort for the instruction at @pc, when its fetch failed at address @va (@pc itself, or
 * the second half in the next page). Called by the dispatcher: ITSTATE is the slot's. */
void arm_raise_prefetch_abort(struct arm_state *s, const struct arm_fault *fault, uint32_t va,
                              uint32_t pc);

/** Leave the running block: continue at @pc in the state's instruction set and ITSTATE. */
void arm_leave(struct arm_state *s, uint32_t pc);

/** Is an interrupt pending that the state does not mask? */
bool arm_interrupt_pending(const struct ir_env *env);
/** Is any interrupt pending, masked or not (what ends WFI)? */
bool arm_interrupt_wakes(const struct arm_state *s);
/** Take the most urgent pending, unmasked interrupt between blocks. */
void arm_take_interrupt(struct ir_env *env);

/** Name for logs. */
const char *arm_exception_name(enum arm_exception exc);

#endif
