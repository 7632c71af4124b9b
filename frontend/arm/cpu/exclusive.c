#include "frontend/arm/cpu/exclusive.h"

#include "frontend/arm/cpu/cpu.h"
#include "frontend/arm/cpu/exceptions.h"
#include "frontend/arm/cpu/helpers.h"
#include "ir/ir.h"

enum { LOCKED = 1 };

static _Atomic uint64_t *version_of(struct arm_state *s, const uint8_t *host)
{
    struct arm_exclusives *x = s->ops->exclusives(s);
    uint64_t granule = ((uint64_t)(uintptr_t)host - x->origin) >> 3;

    return &x->version[(granule * 0x9e3779b97f4a7c15ull >> 40) % ARM_EXCLUSIVE_SLOTS];
}

/* Take the slot's lock; returns the version before. Held for a few host instructions only. */
static uint64_t version_lock(_Atomic uint64_t *v)
{
    for (;;) {
        uint64_t old = atomic_load_explicit(v, memory_order_relaxed) & ~(uint64_t)LOCKED;

        if (atomic_compare_exchange_weak_explicit(v, &old, old | LOCKED, memory_order_acquire,
                                                  memory_order_relaxed))
            return old;
        __builtin_ia32_pause();
    }
}

static void version_unlock(_Atomic uint64_t *v, uint64_t value)
{
    atomic_store_explicit(v, value, memory_order_release);
}

/* An unlocked version. */
static uint64_t version_read(_Atomic uint64_t *v)
{
    uint64_t now;

    while ((now = atomic_load_explicit(v, memory_order_acquire)) & LOCKED)
        __builtin_ia32_pause();
    return now;
}

static uint64_t atomic_load_sized(const uint8_t *p, unsigned log2)
{
    switch (log2) {
    case 0: return __atomic_load_n(p, __ATOMIC_SEQ_CST);
    case 1: return __atomic_load_n((const uint16_t *)p, __ATOMIC_SEQ_CST);
    case 2: return __atomic_load_n((const uint32_t *)p, __ATOMIC_SEQ_CST);
    default: return __atomic_load_n((const uint64_t *)p, __ATOMIC_SEQ_CST);
    }
}

#define CAS(type)                                                                  \
    __atomic_compare_exchange_n((type *)p, &(type){(type)old}, (type)value, false, \
                                __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)

static bool compare_and_swap_sized(uint8_t *p, unsigned log2, uint64_t old, uint64_t value)
{
    switch (log2) {
    case 0: return CAS(uint8_t);
    case 1: return CAS(uint16_t);
    case 2: return CAS(uint32_t);
    default: return CAS(uint64_t);
    }
}

static bool misaligned(struct arm_state *s, uint32_t addr, unsigned log2, bool write)
{
    const struct arm_fault fault = {.kind = ARM_FAULT_ALIGNMENT, .level = 1};

    if (!(addr & ((1u << log2) - 1)))
        return false;
    arm_raise_data_abort(s, &fault, addr, write);
    return true;
}

uint64_t arm_helper_ldrex(struct ir_env *env, uint64_t addr, uint64_t log2, uint64_t a2,
                          uint64_t a3)
{
    struct arm_state *s = arm_state(env);
    unsigned size = 1u << (log2 & 3);
    uint64_t value, version = 0;
    uint8_t *host;

    log2 &= 3;
    if (misaligned(s, (uint32_t)addr, (unsigned)log2, false))
        return 0;
    host = s->ops->ram_pointer(s, (uint32_t)addr, size, false);
    if (env->raised)
        return 0;
    if (host) {
        version = version_read(version_of(s, host));
        value = atomic_load_sized(host, (unsigned)log2);
    } else {
        value = s->ops->load(s, (uint32_t)addr, (uint32_t)log2);
        if (env->raised)
            return 0;
    }
    s->exclusive_addr = (uint32_t)addr;
    s->exclusive_size = size;
    s->exclusive_value = value;
    s->exclusive_version = version;
    return value;
}

static void written(struct arm_state *s, uint32_t addr, const uint8_t *host, unsigned size)
{
    if (s->ops->ram_written)
        s->ops->ram_written(s, addr, host, size);
}

/* Store when neither version nor value changed since the load. */
static bool store_if_unchanged(struct arm_state *s, uint8_t *host, unsigned log2, uint64_t value)
{
    _Atomic uint64_t *slot = version_of(s, host);
    uint64_t version = version_lock(slot);
    bool stored = version == s->exclusive_version &&
                  compare_and_swap_sized(host, log2, s->exclusive_value, value);

    version_unlock(slot, stored ? version + 2 : version);
    return stored;
}

uint64_t arm_helper_strex(struct ir_env *env, uint64_t addr, uint64_t value, uint64_t log2,
                          uint64_t a3)
{
    struct arm_state *s = arm_state(env);
    unsigned size = 1u << (log2 & 3);
    bool open, stored = false;
    uint8_t *host;

    log2 &= 3;
    if (misaligned(s, (uint32_t)addr, (unsigned)log2, true))
        return 1;
    open = s->exclusive_size != size || s->exclusive_addr != (uint32_t)addr;
    /* Also without a reservation the access must be translated: aborts come first. */
    host = s->ops->ram_pointer(s, (uint32_t)addr, size, true);
    if (env->raised)
        return 1;
    if (!open && host) {
        stored = store_if_unchanged(s, host, (unsigned)log2, value);
        written(s, (uint32_t)addr, host, size);
    } else if (!open) {
        s->ops->store(s, (uint32_t)addr, value, (uint32_t)log2);
        if (env->raised)
            return 1;
        stored = true;
    }
    s->exclusive_size = 0;
    return !stored;
}

uint64_t arm_helper_clrex(struct ir_env *env, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3)
{
    arm_state(env)->exclusive_size = 0;
    return 0;
}

uint64_t arm_helper_swp(struct ir_env *env, uint64_t addr, uint64_t value, uint64_t log2,
                        uint64_t a3)
{
    struct arm_state *s = arm_state(env);
    _Atomic uint64_t *slot;
    uint64_t old, version;
    uint8_t *host;

    log2 &= 3;
    if (misaligned(s, (uint32_t)addr, (unsigned)log2, true))
        return 0;
    host = s->ops->ram_pointer(s, (uint32_t)addr, 1u << log2, true);
    if (env->raised)
        return 0;
    if (!host) {
        old = s->ops->load(s, (uint32_t)addr, (uint32_t)log2);
        if (!env->raised)
            s->ops->store(s, (uint32_t)addr, value, (uint32_t)log2);
        return old;
    }
    slot = version_of(s, host);
    version = version_lock(slot);
    do
        old = atomic_load_sized(host, (unsigned)log2);
    while (!compare_and_swap_sized(host, (unsigned)log2, old, value));
    version_unlock(slot, version + 2);
    written(s, (uint32_t)addr, host, 1u << log2);
    return old;
}
