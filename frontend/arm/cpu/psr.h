/* Program status registers and mode changes (DDI 0406C B1.3). */
#ifndef ARMEMU_ARM_PSR_H
#define ARMEMU_ARM_PSR_H

#include <stdbool.h>
#include <stdint.h>

#include "frontend/arm/cpu/state.h"

/** The CPSR, joined from its pieces. ITSTATE is the slot's (0 in helpers: use arm_insn_it). */
uint32_t arm_cpsr_read(const struct arm_state *s);
/** Set all of the CPSR, changing mode and banks as needed; no checks, ops are not called. */
void arm_cpsr_write(struct arm_state *s, uint32_t value);

/** Is @mode (5 bits) a mode that this CPU has and that is allowed in the present security state? */
bool arm_mode_valid(const struct arm_state *s, unsigned mode);
/** The bank of @mode's SP, LR and SPSR; ARM_BANK_USR for unknown modes. */
enum arm_bank arm_mode_bank(unsigned mode);
/** Change mode: swaps the banked registers. @mode must be one of enum arm_mode. */
void arm_switch_mode(struct arm_state *s, unsigned mode);

/** Has the current mode an SPSR? (USR and SYS have none.) */
bool arm_has_spsr(const struct arm_state *s);
uint32_t arm_spsr_read(const struct arm_state *s);
void arm_spsr_write(struct arm_state *s, uint32_t value);

/** Register @n (0..14) as @mode sees it, whatever the current mode is. */
uint32_t *arm_banked_reg(struct arm_state *s, unsigned mode, unsigned n);

/** Recompute fp_enabled and select the translation context: after mode, security state, or any
 * register that these depend on has changed. */
void arm_state_changed(struct arm_state *s);

/** Execution returns to PC @pc with PSR @psr (exception return, RFE): validity checks included. */
void arm_return_to(struct arm_state *s, uint32_t pc, uint32_t psr);

#endif
