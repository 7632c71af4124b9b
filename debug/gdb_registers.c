#include "debug/gdb_registers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/arm/cpu/arm_fp.h"
#include "frontend/arm/cpu/cpu.h"
#include "frontend/arm/cpu/m/m.h"
#include "frontend/arm/cpu/psr.h"
#include "frontend/arm/cpu/sysregs.h"
#include "util/bits.h"

enum kind { KIND_R, KIND_PC, KIND_CPSR, KIND_D, KIND_FPSCR, KIND_BANKED, KIND_SPSR, KIND_SYSREG,
            KIND_TLS, KIND_XPSR, KIND_SPECIAL, KIND_Q };

/* GDB's fixed numbers: r0 to pc are 0 to 15, cpsr is 25 behind the FPA registers of old. */
enum { NUMBER_PC = 15, NUMBER_CPSR = 25 };

/* ---- the list -------------------------------------------------------------------------------- */

static struct gdb_register *add(struct gdb_registers *r, enum gdb_feature feature, enum kind kind,
                                unsigned bytes, const char *name)
{
    if (r->count % 64 == 0) {
        r->list = realloc(r->list, (r->count + 64) * sizeof(*r->list));
        if (!r->list)
            abort();
    }
    struct gdb_register *reg = &r->list[r->count];
    uint16_t number = r->count ? r->list[r->count - 1].number + 1 : 0;
    *reg = (struct gdb_register){
        .number = number == NUMBER_PC + 1 ? NUMBER_CPSR : number,
        .feature = (uint8_t)feature,
        .kind = (uint8_t)kind,
        .bytes = (uint8_t)bytes,
    };
    snprintf(reg->name, sizeof(reg->name), "%s", name);
    r->count++;
    return reg;
}

static void add_core(struct gdb_registers *r, bool m)
{
    enum gdb_feature feature = m ? GDB_FEATURE_M_CORE : GDB_FEATURE_CORE;
    static const char *const names[] = {"r0", "r1", "r2",  "r3",  "r4",  "r5", "r6", "r7",
                                        "r8", "r9", "r10", "r11", "r12", "sp", "lr"};
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
        add(r, feature, KIND_R, 4, names[i])->index = (uint8_t)i;
    add(r, feature, KIND_PC, 4, "pc");
    add(r, feature, m ? KIND_XPSR : KIND_CPSR, 4, m ? "xpsr" : "cpsr");
}

/* The special registers of the M profile, by the number in MRS. */
static void add_special(struct gdb_registers *r, const struct arm_state *s)
{
    static const struct {
        const char *name;
        uint8_t number;
        bool v7;
    } rows[] = {{"msp", 8, false},       {"psp", 9, false},       {"primask", 16, false},
                {"basepri", 17, true}, {"faultmask", 19, true}, {"control", 20, false}};
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
        if (!rows[i].v7 || arm_m_is_v7(s))
            add(r, GDB_FEATURE_M_SYSTEM, KIND_SPECIAL, 4, rows[i].name)->index = rows[i].number;
}

static void add_vfp(struct gdb_registers *r, const struct arm_state *s)
{
    if (!arm_state_has(s, ARM_FEATURE(VFP2)))
        return;
    for (unsigned i = 0; i < (arm_state_has(s, ARM_FEATURE(D32)) ? 32u : 16u); i++) {
        char name[8];
        snprintf(name, sizeof(name), "d%u", i);
        add(r, GDB_FEATURE_VFP, KIND_D, 8, name)->index = (uint8_t)i;
    }
    add(r, GDB_FEATURE_VFP, KIND_FPSCR, 4, "fpscr");
}

/* Behind all that is in a `g` packet. */
static void add_neon(struct gdb_registers *r, const struct arm_state *s)
{
    char name[8];
    if (!arm_state_has(s, ARM_FEATURE(NEON)) || !arm_state_has(s, ARM_FEATURE(D32)))
        return;
    unsigned first = 0;
    for (unsigned i = 0; i < r->count; i++)
        if (r->list[i].kind == KIND_D && !r->list[i].index)
            first = r->list[i].number;
    for (unsigned i = 0; i < 16; i++) {
        snprintf(name, sizeof(name), "q%u", i);
        struct gdb_register *reg = add(r, GDB_FEATURE_NEON, KIND_Q, 16, name);
        reg->index = (uint8_t)i;
        reg->key = first + 2 * i;
    }
}

static const struct {
    const char *suffix;
    uint8_t mode, first; /* r[first] to r14 are banked */
    bool spsr;
    uint64_t feature;
} banks[] = {
    {"usr", ARM_MODE_USR, 8, false, 0},
    {"fiq", ARM_MODE_FIQ, 8, true, 0},
    {"irq", ARM_MODE_IRQ, 13, true, 0},
    {"svc", ARM_MODE_SVC, 13, true, 0},
    {"abt", ARM_MODE_ABT, 13, true, 0},
    {"und", ARM_MODE_UND, 13, true, 0},
    {"mon", ARM_MODE_MON, 13, true, ARM_FEATURE(SEC)},
    {"hyp", ARM_MODE_HYP, 13, true, ARM_FEATURE(VIRT)},
};

static void add_banked(struct gdb_registers *r, const struct arm_state *s)
{
    for (unsigned b = 0; b < ARRAY_SIZE(banks); b++) {
        char name[16];
        if (banks[b].feature && !arm_state_has(s, banks[b].feature))
            continue;
        for (unsigned n = banks[b].first; n <= 14; n++) {
            if (n == 14 && banks[b].mode == ARM_MODE_HYP)
                continue; /* it is User mode's */
            if (n < 13)
                snprintf(name, sizeof(name), "r%u_%s", n, banks[b].suffix);
            else
                snprintf(name, sizeof(name), "%s_%s", n == 13 ? "sp" : "lr", banks[b].suffix);
            struct gdb_register *reg = add(r, GDB_FEATURE_BANKED, KIND_BANKED, 4, name);
            reg->mode = banks[b].mode;
            reg->index = (uint8_t)n;
        }
        if (!banks[b].spsr)
            continue;
        snprintf(name, sizeof(name), "spsr_%s", banks[b].suffix);
        add(r, GDB_FEATURE_BANKED, KIND_SPSR, 4, name)->mode = banks[b].mode;
    }
}

static struct gdb_register *find_name(const struct gdb_registers *r, const char *name)
{
    for (unsigned i = 0; i < r->count; i++)
        if (!strcmp(r->list[i].name, name))
            return &r->list[i];
    return NULL;
}

/* A register that has a 32-bit and a 64-bit row is shown once, with all its bits. */
static void add_sysreg(struct gdb_registers *r, const struct arm_sysreg *row)
{
    char name[16];
    snprintf(name, sizeof(name), "%s", row->name);
    for (char *p = name; *p; p++)
        *p = *p == '/' ? '_' : *p;
    bool wide = row->key & BIT(24);
    struct gdb_register *reg = find_name(r, name);
    if (!reg)
        reg = add(r, GDB_FEATURE_SYSTEM, KIND_SYSREG, wide ? 8 : 4, name);
    else if (!wide)
        return;
    reg->bytes = wide ? 8 : 4;
    reg->key = row->key;
}

/* The registers that can be read, under the names of the table. */
static void add_system(struct gdb_registers *r, const struct arm_state *s)
{
    unsigned count;
    const struct arm_sysreg *rows = arm_sysreg_table(&count);
    for (unsigned i = 0; i < count; i++)
        if ((rows[i].flags & ARM_CP_R1) && rows[i].mask == ARM_SYSREG_EXACT &&
            arm_sysreg_find(s, rows[i].key) == &rows[i])
            add_sysreg(r, &rows[i]);
}

struct gdb_registers *gdb_registers_new(const struct arm_state *s)
{
    struct gdb_registers *r = calloc(1, sizeof(*r));
    if (!r)
        abort();
    add_core(r, arm_is_m(s));
    add_vfp(r, s);
    r->in_g = r->count;
    if (arm_is_m(s)) {
        add_special(r, s);
        return r;
    }
    add_neon(r, s);
    add_banked(r, s);
    add_system(r, s);
    return r;
}

struct gdb_registers *gdb_registers_new_user(const struct arm_state *s)
{
    struct gdb_registers *r = calloc(1, sizeof(*r));
    if (!r)
        abort();
    add_core(r, false);
    add_vfp(r, s);
    r->in_g = r->count;
    add(r, GDB_FEATURE_TLS, KIND_TLS, 4, "tpidruro");
    add_neon(r, s);
    return r;
}

void gdb_registers_free(struct gdb_registers *r)
{
    if (!r)
        return;
    free(r->list);
    free(r);
}

const struct gdb_register *gdb_register_find(const struct gdb_registers *r, uint64_t number)
{
    for (unsigned i = 0; i < r->count; i++)
        if (r->list[i].number == number)
            return &r->list[i];
    return NULL;
}

const struct gdb_register *gdb_register_half(const struct gdb_registers *r,
                                             const struct gdb_register *reg, unsigned half)
{
    return gdb_register_find(r, reg->key + half);
}

/* ---- values ---------------------------------------------------------------------------------- */

static uint32_t *spsr_of(struct arm_state *s, unsigned mode)
{
    return &s->bank[arm_mode_bank(mode)].spsr;
}

uint64_t gdb_register_read(struct arm_state *s, const struct gdb_register *reg)
{
    switch ((enum kind)reg->kind) {
    case KIND_R: return s->r[reg->index];
    case KIND_PC: return (uint32_t)s->env.pc;
    case KIND_CPSR: return arm_cpsr_read(s);
    case KIND_D: return s->d[reg->index];
    case KIND_FPSCR: return arm_fpscr_read(s);
    case KIND_BANKED: return *arm_banked_reg(s, reg->mode, reg->index);
    case KIND_SPSR: return *spsr_of(s, reg->mode);
    case KIND_SYSREG: return arm_sysreg_read(s, arm_sysreg_find(s, reg->key));
    case KIND_TLS: return s->cp15.tpidruro[0];
    case KIND_XPSR: return arm_m_xpsr_read(s);
    case KIND_SPECIAL: return arm_m_special_read(s, reg->index);
    case KIND_Q: return s->d[2 * reg->index];
    }
    return 0;
}

static bool write_cpsr(struct arm_state *s, uint32_t value)
{
    if (!arm_mode_valid(s, value & ARM_PSR_M) || (value & ARM_PSR_J))
        return false;
    if ((value & ARM_PSR_T) && !arm_state_has(s, ARM_FEATURE(V4T)))
        return false;
    if (!(value & ARM_PSR_T))
        value &= ~0x0600fc00u; /* no IT state outside of Thumb */
    arm_cpsr_write(s, value);
    s->env.pc &= value & ARM_PSR_T ? ~1ull : ~3ull;
    arm_state_changed(s);
    return true;
}

/* Somewhere else no IT block goes on. */
static bool write_pc(struct arm_state *s, uint32_t value)
{
    uint32_t pc = value & (s->thumb ? ~1u : ~3u);
    if (pc != (uint32_t)s->env.pc)
        s->itstate = 0;
    s->m.locked_up = 0;
    s->env.pc = pc;
    return true;
}

static bool write_sysreg(struct arm_state *s, uint32_t key, uint64_t value)
{
    const struct arm_sysreg *row = arm_sysreg_find(s, key);
    if (!(row->flags & ARM_CP_W1))
        return false;
    arm_sysreg_write(s, row, value);
    return true;
}

bool gdb_register_write(struct arm_state *s, const struct gdb_register *reg, uint64_t value)
{
    switch ((enum kind)reg->kind) {
    case KIND_R: s->r[reg->index] = (uint32_t)value; return true;
    case KIND_PC: return write_pc(s, (uint32_t)value);
    case KIND_CPSR: return write_cpsr(s, (uint32_t)value);
    case KIND_D: s->d[reg->index] = value; return true;
    case KIND_FPSCR: arm_fpscr_write(s, (uint32_t)value); return true;
    case KIND_BANKED: *arm_banked_reg(s, reg->mode, reg->index) = (uint32_t)value; return true;
    case KIND_SPSR: *spsr_of(s, reg->mode) = (uint32_t)value; return true;
    case KIND_SYSREG: return write_sysreg(s, reg->key, value);
    case KIND_TLS: s->cp15.tpidruro[0] = (uint32_t)value; return true;
    case KIND_XPSR: arm_m_xpsr_write(s, (uint32_t)value); return true;
    case KIND_SPECIAL: arm_m_special_write(s, reg->index, (uint32_t)value); return true;
    case KIND_Q: break; /* by its halves */
    }
    return false;
}
