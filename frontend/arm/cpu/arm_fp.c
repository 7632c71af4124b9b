#include "frontend/arm/cpu/arm_fp.h"

#include "frontend/arm/cpu/cpu.h"
#include "frontend/arm/cpu/exceptions.h"
#include "frontend/arm/cpu/helpers.h"
#include "frontend/arm/cpu/m/m.h"
#include "frontend/arm/cpu/psr.h"
#include "frontend/arm/fp/fpscr.h"
#include "util/bits.h"

#define FPEXC_EX BIT(31)
#define FPEXC_EN BIT(30)

/* VMRS and VMSR register numbers. */
enum {
    REG_FPSID,
    REG_FPSCR,
    REG_MVFR2 = 5,
    REG_MVFR1,
    REG_MVFR0,
    REG_FPEXC,
    REG_FPINST,
    REG_FPINST2
};

static bool has_fp(const struct arm_state *s)
{
    return arm_state_has(s, ARM_FEATURE(VFP2));
}

/* May the current mode use coprocessors 10 and 11 (B1.11.3)? FPEXC.EN is another matter. */
static bool access_granted(const struct arm_state *s)
{
    unsigned cp10 = bits_get(s->cp15.cpacr, 20, 2);

    if (!has_fp(s))
        return false;
    if (arm_is_m(s))
        return s->fp_enabled;
    if (!arm_state_has(s, ARM_FEATURE(V6)))
        return true; /* no CPACR */
    if (arm_state_has(s, ARM_FEATURE(SEC)) && !s->secure && !(s->cp15.nsacr & BIT(10)))
        return false;
    if (arm_state_has(s, ARM_FEATURE(VIRT)) && !s->secure && (s->cp15.hcptr & BIT(10)))
        return false;
    if (s->mode == ARM_MODE_HYP)
        return true;
    return cp10 == 3 || (cp10 == 1 && arm_is_privileged(s));
}

void arm_fp_update(struct arm_state *s)
{
    s->fp_enabled = (s->fpexc & FPEXC_EN) && access_granted(s);
    s->env.fp_rounding = s->fpscr >> FPSCR_RMODE_SHIFT & 3;
}

/* Bits of FPSCR that exist: flags, modes, cumulative exceptions, and what the version adds. */
static uint32_t fpscr_mask(const struct arm_state *s)
{
    uint32_t mask = 0xf3c0009fu;

    if (arm_state_has(s, ARM_FEATURE(NEON)))
        mask |= BIT(27);
    if (arm_state_has(s, ARM_FEATURE(VFPH)))
        mask |= BIT(26);
    if (!arm_state_has(s, ARM_FEATURE(VFP3)))
        mask |= 0x00009f00u; /* trap enables */
    if (!arm_state_has(s, ARM_FEATURE(VFP3)) || bits_get(s->model->mvfr0, 24, 4))
        mask |= 0x00370000u; /* short vectors */
    return mask;
}

/* N, Z, C and V from bits 31..28 to a byte each, and back. */
static uint32_t flag_bytes(uint32_t fpscr)
{
    return fpscr >> 31 | (fpscr >> 30 & 1) << 8 | (fpscr >> 29 & 1) << 16 | (fpscr >> 28 & 1) << 24;
}

static uint32_t flag_bits(uint32_t bytes)
{
    return bytes << 31 | (bytes >> 8 & 1) << 30 | (bytes >> 16 & 1) << 29 | (bytes >> 24 & 1) << 28;
}

uint32_t arm_fpscr_read(const struct arm_state *s)
{
    uint32_t flags = s->env.fp_flags;

    return s->fpscr | flag_bits(s->fp_nzcv) | (flags & FP_FLAGS) | (flags & FP_QC ? FPSCR_QC : 0);
}

void arm_fpscr_write(struct arm_state *s, uint32_t value)
{
    uint32_t before = s->fpscr;

    s->fpscr = value & fpscr_mask(s) & ~ARM_PSR_NZCV;
    s->fp_nzcv = flag_bytes(value);
    s->env.fp_flags = 0;
    if ((before ^ s->fpscr) & (FPSCR_SPECIAL | FPSCR_FZ | FPSCR_DN | 3u << FPSCR_RMODE_SHIFT))
        arm_state_changed(s);
}

/* Is the register accessible now? FPSCR needs an enabled unit; the others only PL1. */
static bool register_permitted(const struct arm_state *s, unsigned reg)
{
    if (!access_granted(s))
        return false;
    if (reg == REG_FPSCR)
        return s->fp_enabled;
    if (reg == REG_MVFR2 && !arm_state_has(s, ARM_FEATURE(V8)))
        return false;
    if ((reg == REG_MVFR0 || reg == REG_MVFR1) && !s->model->mvfr0)
        return false;
    if (reg == REG_FPINST || reg == REG_FPINST2)
        return arm_is_privileged(s) && !arm_state_has(s, ARM_FEATURE(VFP3));
    return arm_is_privileged(s);
}

uint64_t arm_helper_vmrs(struct ir_env *env, uint64_t reg, uint64_t a1, uint64_t a2, uint64_t a3)
{
    struct arm_state *s = arm_state(env);

    if (register_permitted(s, (unsigned)reg)) {
        switch (reg) {
        case REG_FPSID: return s->fpsid;
        case REG_FPSCR: return arm_fpscr_read(s);
        case REG_MVFR2: return s->model->mvfr2;
        case REG_MVFR1: return s->model->mvfr1;
        case REG_MVFR0: return s->model->mvfr0;
        case REG_FPEXC: return s->fpexc;
        case REG_FPINST: return s->fpinst;
        case REG_FPINST2: return s->fpinst2;
        }
    }
    arm_raise_undefined(s);
    return 0;
}

uint64_t arm_helper_vmsr(struct ir_env *env, uint64_t reg, uint64_t value, uint64_t a2, uint64_t a3)
{
    struct arm_state *s = arm_state(env);
    uint32_t v = (uint32_t)value;

    if (!register_permitted(s, (unsigned)reg)) {
        arm_raise_undefined(s);
        return 0;
    }
    switch (reg) {
    case REG_FPSCR:
        arm_fpscr_write(s, v);
        break;
    case REG_FPEXC:
        s->fpexc = v & (arm_state_has(s, ARM_FEATURE(VFP3)) ? FPEXC_EN : FPEXC_EX | FPEXC_EN);
        arm_fp_update(s);
        break;
    case REG_FPINST:
        s->fpinst = v;
        break;
    case REG_FPINST2:
        s->fpinst2 = v;
        break;
    case REG_FPSID: case REG_MVFR0: case REG_MVFR1: case REG_MVFR2:
        break; /* read-only: ignored */
    default:
        arm_raise_undefined(s);
    }
    return 0;
}
