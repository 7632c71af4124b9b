/* A CPU with 64 KiB of RAM at address 0 and recorded calls to the layer above. */
#ifndef ARMEMU_TESTS_CPU_FIXTURE_H
#define ARMEMU_TESTS_CPU_FIXTURE_H

#include <criterion/criterion.h>

#include "frontend/arm/cpu/cpu.h"
#include "frontend/arm/cpu/exceptions.h"
#include "frontend/arm/cpu/exclusive.h"
#include "frontend/arm/cpu/helpers.h"
#include "frontend/arm/cpu/psr.h"
#include "frontend/arm/cpu/sysregs.h"

struct machine {
    struct arm_state s;
    uint8_t ram[0x10000] __attribute__((aligned(4096)));
    struct arm_exclusives exclusives;
    unsigned context_changes, tlb_calls, slice_ends;
    enum arm_tlb_scope tlb_scope;
    uint32_t tlb_va, tlb_asid;
    bool tlb_broadcast, firmware;
    uint64_t now, timer[ARM_TIMER_COUNT][3];
};

enum { SECURE = 1, VIRTUAL = 2 };

/** A CPU of the model, reset; @options SECURE, VIRTUAL. Free it with free(). */
struct machine *machine_new(const char *model, unsigned options);
/** Say that the instruction at @pc with ITSTATE @it and @size bytes is calling out. */
void machine_at(struct machine *m, uint32_t pc, uint8_t it, unsigned size);
/** Read and write a CP15 register as an instruction of the present mode; the read's result. */
uint32_t mrc(struct machine *m, unsigned opc1, unsigned crn, unsigned crm, unsigned opc2);
void mcr(struct machine *m, unsigned opc1, unsigned crn, unsigned crm, unsigned opc2,
         uint32_t value);
/** Did the last instruction raise an exception? Clears the mark. */
bool machine_raised(struct machine *m);

#endif
