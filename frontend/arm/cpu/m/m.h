/*
 * The M profile (DDI 0403E ARMv7-M, DDI 0419E ARMv6-M): exception model, NVIC, System Control
 * Space, MPU.
 */
#ifndef ARMEMU_ARM_M_H
#define ARMEMU_ARM_M_H

#include <stdbool.h>
#include <stdint.h>

#include "frontend/arm/cpu/cpu.h"
#include "frontend/arm/cpu/m/m_state.h"
#include "softmmu/arm/arm_walk.h"

/** Is it a CPU of the M profile? */
static inline bool arm_is_m(const struct arm_state *s)
{
    return arm_state_has(s, ARM_FEATURE(M));
}

/** ARMv7-M or later: configurable faults, priority grouping, BASEPRI. */
static inline bool arm_m_is_v7(const struct arm_state *s)
{
    return arm_state_has(s, ARM_FEATURE(V7));
}

/** Name of an exception number, for logs: "SysTick", "IRQ 3" (written to @buf). */
const char *arm_m_exception_name(unsigned exc, char *buf, unsigned size);

/* ---- life (m_reset.c) ------------------------------------------------------------------------ */

/** Reset all M profile state; the inputs' levels stay. SP and PC are loaded by arm_m_start. */
void arm_m_reset(struct arm_state *s);
/** Load SP and PC from the vector table, as reset does, after memory holds the image. Without a
 * readable table the CPU locks up. */
void arm_m_start(struct arm_state *s);
/** Recompute what derives from the registers, after a snapshot was loaded. */
void arm_m_loaded(struct arm_state *s);

/* ---- interrupt inputs and waiting: between instructions (nvic.c, systick.c) ------------------ */

/** Interrupts 32 * @word .. + 31 now have levels @level; those of @rose were high at some time
 * since the last call. */
void arm_m_nvic_input(struct arm_state *s, unsigned word, uint32_t level, uint32_t rose);
/** The NMI input rose. */
void arm_m_nmi(struct arm_state *s);
/** The clock has passed a deadline that was set by ops->m->deadline. */
void arm_m_systick_sync(struct arm_state *s);
/** Between instructions: do what an access to the System Control Space has left to be done. */
void arm_m_safe_point(struct arm_state *s);
/** Does anything end WFI, and does WFE find its event? */
bool arm_m_wakes(const struct arm_state *s);

/** The CPU's clock is now @cpu_hz (the board's clock tree was programmed). */
void arm_m_set_clock(struct arm_state *s, uint32_t cpu_hz);

/* ---- exceptions (m_exceptions.c) ------------------------------------------------------------- */

/** Take the pending exception that interrupts the code at env.pc, if there is one. */
bool arm_m_interrupt_pending(const struct arm_state *s);
void arm_m_take_interrupt(struct arm_state *s);

/** Fetches from here on may be exception returns. */
#define ARM_M_MAGIC_START 0xf0000000u

/** A fetch at @va, ARM_M_MAGIC_START or above, is about to be made: if it is an exception return or
 * the CPU is locked up it has been dealt with, and true is returned; env.pc may have changed, the
 * CPU may have to sleep (s->halted). */
bool arm_m_fetch_magic(struct arm_state *s, uint32_t va);

/* Causes of faults, in CFSR. */
enum arm_m_fault {
    ARM_M_IACCVIOL = 1 << 0, ARM_M_DACCVIOL = 1 << 1, ARM_M_MUNSTKERR = 1 << 3,
    ARM_M_MSTKERR = 1 << 4, ARM_M_MLSPERR = 1 << 5, ARM_M_MMARVALID = 1 << 7,
    ARM_M_IBUSERR = 1 << 8, ARM_M_PRECISERR = 1 << 9, ARM_M_IMPRECISERR = 1 << 10,
    ARM_M_UNSTKERR = 1 << 11, ARM_M_STKERR = 1 << 12, ARM_M_LSPERR = 1 << 13,
    ARM_M_BFARVALID = 1 << 15, ARM_M_UNDEFINSTR = 1 << 16, ARM_M_INVSTATE = 1 << 17,
    ARM_M_INVPC = 1 << 18, ARM_M_NOCP = 1 << 19, ARM_M_UNALIGNED = 1 << 24,
    ARM_M_DIVBYZERO = 1 << 25,
};

/** The instruction that is calling out faults with the UsageFault @cause. */
void arm_m_usage_fault(struct arm_state *s, enum arm_m_fault cause);
/** It makes a data access at @va that @fault refuses. */
void arm_m_data_fault(struct arm_state *s, const struct arm_fault *fault, uint32_t va, bool write);
/** The instruction at @pc cannot be fetched; @it: ITSTATE there. */
void arm_m_fetch_fault(struct arm_state *s, const struct arm_fault *fault, uint32_t pc, uint8_t it);
/** SVC and BKPT of the instruction that is calling out; @next_it: ITSTATE behind it. */
void arm_m_svc(struct arm_state *s, uint8_t next_it);
void arm_m_bkpt(struct arm_state *s);

/* ---- breakpoints and watchpoints of the core (m_debug.c) ------------------------------------- */

/** The addresses that FPB and DWT look for. Writes at most @max to @pcs, returns how many there
 * are. */
unsigned arm_m_code_points(const struct arm_state *s, uint64_t *pcs, unsigned max);

/* Such an address has been reached: nothing is there (any more), the exception of a breakpoint has
 * been taken, or the instruction is to be executed by itself and then arm_m_step_done called. */
enum arm_m_code_point { ARM_M_POINT_NONE, ARM_M_POINT_TAKEN, ARM_M_POINT_STEP };
/** env.pc is such an address. Between instructions. */
enum arm_m_code_point arm_m_code_point(struct arm_state *s);
/** The one instruction has been executed (or has faulted): its events become pending. */
void arm_m_step_done(struct arm_state *s);

/** Are there accesses to bytes [@va, @va + @size) that the DWT looks at? Their instruction is to be
 * executed by itself. Cheap checks before: s->m.watches, s->m.literals. */
bool arm_m_watches(const struct arm_state *s, uint32_t va, uint32_t size, bool write);
/** ... to the page of @va, or literals of it that are replaced? Then all are to take the slow
 * path. */
bool arm_m_watches_page(const struct arm_state *s, uint32_t va, bool write);
/** Such an access has been made, of @value. */
void arm_m_watched_access(struct arm_state *s, uint32_t va, unsigned size, bool write,
                          uint64_t value);

/** Does the FPB replace words of code in the page of @va? Replace them in the copy @page of it. */
bool arm_m_patches_page(const struct arm_state *s, uint32_t va);
void arm_m_patch_page(struct arm_state *s, uint32_t va, uint8_t *page);
/** @value, loaded from @va, with the bytes that the FPB replaces (s->m.literals). */
uint64_t arm_m_patch_literal(struct arm_state *s, uint32_t va, unsigned size, uint64_t value);

/* ---- special registers (m_special.c) --------------------------------------------------------- */

/** Is the register at @va the MPU's? */
static inline bool arm_m_is_mpu(uint32_t va)
{
    return va - 0xe000ed90u < 0x2c;
}
/** s->mode, block flags and context, after CONTROL, mode, masks, CCR or the MPU changed. */
void arm_m_state_changed(struct arm_state *s);
/** xPSR, joined from its pieces; ITSTATE is the slot's. Writing it changes the flags, the exception
 * number and ITSTATE (for debuggers). */
uint32_t arm_m_xpsr_read(const struct arm_state *s);
void arm_m_xpsr_write(struct arm_state *s, uint32_t value);
uint32_t arm_m_control_read(const struct arm_state *s);
void arm_m_control_write(struct arm_state *s, uint32_t value);
/** MSP and PSP, whichever is current. */
uint32_t arm_m_sp_read(const struct arm_state *s, bool psp);
void arm_m_sp_write(struct arm_state *s, bool psp, uint32_t value);
/** A special register as MRS and MSR number it; without checks of privilege (for debuggers). */
uint32_t arm_m_special_read(const struct arm_state *s, unsigned sysm);
void arm_m_special_write(struct arm_state *s, unsigned sysm, uint32_t value);

/* ---- the private peripheral bus (m_ppb.c): System Control Space, DWT, ITM, FPB, ... ---------- */

enum {
    ARM_M_PPB_SIZE = 0x100000, /* from 0xe0000000 */
};
#define ARM_M_PPB_BASE 0xe0000000u

/** An access of @size bytes at PPB offset @offset; false: bus error. Called on the CPU's thread by
 * the owner's memory slow path, or while the CPU is parked (@debug: without effects of reading). */
bool arm_m_ppb_read(struct arm_state *s, uint32_t offset, unsigned size, bool debug,
                    uint64_t *value);
bool arm_m_ppb_write(struct arm_state *s, uint32_t offset, unsigned size, uint64_t value);

#endif
