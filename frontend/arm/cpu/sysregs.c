/* Lookup of, access rights to, and access to system registers; the helpers of MCR and MRC. */
#include "frontend/arm/cpu/sysregs.h"

#include "frontend/arm/cpu/cpu.h"
#include "frontend/arm/cpu/exceptions.h"
#include "frontend/arm/cpu/psr.h"
#include "frontend/arm/cpu/sysregs_internal.h"
#include "util/bits.h"
#include "util/log.h"

#define KEY_WIDE BIT(24)

const struct arm_sysreg *arm_sysreg_table(unsigned *count)
{
    *count = arm_sysreg_count;
    return arm_sysregs;
}

static bool row_matches(const struct arm_sysreg *r, uint32_t key)
{
    return (key & r->mask) == r->key;
}

static bool row_exists(const struct arm_state *s, const struct arm_sysreg *r)
{
    return (s->features & r->features) == r->features && !(s->features & r->absent);
}

const struct arm_sysreg *arm_sysreg_find(const struct arm_state *s, uint32_t key)
{
    for (unsigned i = 0; i < arm_sysreg_count; i++)
        if (row_matches(&arm_sysregs[i], key) && row_exists(s, &arm_sysregs[i]))
            return &arm_sysregs[i];
    return NULL;
}

/* As arm_sysreg_find, through the CPU's cache. A cached row is the right one only for the very key
 * that put it there, unless it has no wildcard; so only such rows are cached. */
static const struct arm_sysreg *find_cached(struct arm_state *s, uint32_t key)
{
    const struct arm_sysreg **slot =
        &s->sysreg_cache[(key * 0x9e3779b1u >> 16) % ARRAY_SIZE(s->sysreg_cache)];

    if (!*slot || (*slot)->key != key) {
        const struct arm_sysreg *r = arm_sysreg_find(s, key);

        if (!r || r->key != key || r->mask != ARM_SYSREG_EXACT)
            return r;
        *slot = r;
    }
    return *slot;
}

bool arm_sysreg_permitted(const struct arm_state *s, const struct arm_sysreg *r, bool write)
{
    bool user = !arm_is_privileged(s);
    unsigned right = write ? (user ? ARM_CP_W0 : ARM_CP_W1) : (user ? ARM_CP_R0 : ARM_CP_R1);

    if (!(r->flags & right))
        return false;
    if ((r->flags & ARM_CP_SECURE) && arm_state_has(s, ARM_FEATURE(SEC)) && !s->secure)
        return false;
    if ((r->flags & ARM_CP_HYP) && s->mode != ARM_MODE_HYP &&
        !(s->mode == ARM_MODE_MON && (s->cp15.scr & 1)))
        return false;
    return !r->permitted || r->permitted(s, r, write);
}

/* ---- access --------------------------------------------------------------------------------- */

static void *row_field(struct arm_state *s, const struct arm_sysreg *r, unsigned bank)
{
    unsigned size = r->flags & ARM_CP_FIELD64 ? 8 : 4;

    return (uint8_t *)&s->cp15 + r->field + (r->flags & ARM_CP_BANKED ? bank * size : 0);
}

uint64_t arm_sysreg_read(struct arm_state *s, const struct arm_sysreg *r)
{
    const void *field;

    if (r->read)
        return r->read(s, r);
    if (r->flags & ARM_CP_MODEL)
        return *(const uint32_t *)((const uint8_t *)s->model + r->field);
    if (!(r->flags & ARM_CP_FIELD))
        return r->reset;
    field = row_field(s, r, arm_sysreg_bank(s));
    return r->flags & ARM_CP_FIELD64 ? *(const uint64_t *)field : *(const uint32_t *)field;
}

/* Store to the row's field; true when the value changed. A 32-bit write of a 64-bit field clears
 * the upper half, as for the registers that LPAE widened. */
static bool field_write(struct arm_state *s, const struct arm_sysreg *r, uint64_t value)
{
    void *field = row_field(s, r, arm_sysreg_bank(s));
    uint64_t old;

    if (r->flags & ARM_CP_FIELD64) {
        old = *(uint64_t *)field;
        *(uint64_t *)field = value;
        return old != value;
    }
    old = *(uint32_t *)field;
    *(uint32_t *)field = (uint32_t)value;
    return old != (uint32_t)value;
}

void arm_sysreg_write(struct arm_state *s, const struct arm_sysreg *r, uint64_t value)
{
    bool changed = true;

    if (r->write)
        r->write(s, r, value);
    else if (r->flags & ARM_CP_FIELD)
        changed = field_write(s, r, value);
    if (changed && (r->flags & ARM_CP_FLUSH))
        s->ops->tlb_invalidate(s, ARM_TLB_ALL, 0, 0, false);
    if (changed && (r->flags & ARM_CP_CONTEXT))
        arm_state_changed(s);
}

void arm_sysregs_reset(struct arm_state *s)
{
    for (unsigned i = 0; i < arm_sysreg_count; i++) {
        const struct arm_sysreg *r = &arm_sysregs[i];

        if (!(r->flags & ARM_CP_FIELD) || !r->reset)
            continue;
        for (unsigned bank = 0; bank < (r->flags & ARM_CP_BANKED ? 2u : 1u); bank++)
            *(uint32_t *)row_field(s, r, bank) = r->reset;
    }
    for (unsigned bank = 0; bank < 2; bank++) {
        s->cp15.sctlr[bank] = s->model->sctlr_reset;
        s->cp15.actlr[bank] = s->model->actlr_reset;
    }
    s->cp15.hsctlr = 0x30c50830;
    s->cp15.vpidr = s->model->midr;
}

/* ---- helpers -------------------------------------------------------------------------------- */

static void log_unknown(const struct arm_state *s, uint32_t key, bool write)
{
    const char *verb = write ? "write" : "read";

    if (key & KEY_WIDE)
        log_write(LOG_UNIMP, "%s of unknown 64-bit system register p%u, %u, c%u at 0x%08x", verb,
                  key >> 16 & 15, key >> 7 & 15, key >> 3 & 15, arm_insn_pc(s));
    else
        log_write(LOG_UNIMP, "%s of unknown system register p%u, %u, c%u, c%u, %u at 0x%08x", verb,
                  key >> 16 & 15, key >> 7 & 7, key >> 11 & 15, key >> 3 & 15, key & 7,
                  arm_insn_pc(s));
}

/* The row for an access by the instruction that is calling out; NULL after raising Undefined. */
static const struct arm_sysreg *row_for_access(struct arm_state *s, uint32_t key, bool write)
{
    const struct arm_sysreg *r = find_cached(s, key);

    if (!r)
        log_unknown(s, key, write);
    else if (arm_sysreg_permitted(s, r, write))
        return r;
    arm_raise_undefined(s);
    return NULL;
}

static uint64_t cp_read(struct ir_env *env, uint64_t key)
{
    struct arm_state *s = arm_state(env);
    const struct arm_sysreg *r = row_for_access(s, (uint32_t)key, false);

    return r ? arm_sysreg_read(s, r) : 0;
}

static uint64_t cp_write(struct ir_env *env, uint64_t key, uint64_t value)
{
    struct arm_state *s = arm_state(env);
    const struct arm_sysreg *r = row_for_access(s, (uint32_t)key, true);

    if (r)
        arm_sysreg_write(s, r, value);
    return 0;
}

uint64_t arm_helper_cp_read32(struct ir_env *env, uint64_t key, uint64_t a1, uint64_t a2,
                              uint64_t a3)
{
    return (uint32_t)cp_read(env, key);
}

uint64_t arm_helper_cp_write32(struct ir_env *env, uint64_t key, uint64_t value, uint64_t a2,
                               uint64_t a3)
{
    return cp_write(env, key, (uint32_t)value);
}

uint64_t arm_helper_cp_read64(struct ir_env *env, uint64_t key, uint64_t a1, uint64_t a2,
                              uint64_t a3)
{
    return cp_read(env, key);
}

uint64_t arm_helper_cp_write64(struct ir_env *env, uint64_t key, uint64_t value, uint64_t a2,
                               uint64_t a3)
{
    return cp_write(env, key, value);
}
