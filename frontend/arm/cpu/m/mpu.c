/* Address translation of the M profile: there is none, but the default memory map and the MPU say
 * who may do what (PMSAv6, PMSAv7: DDI 0403E B3.1, B3.5). */
#include "frontend/arm/cpu/m/m_internal.h"
#include "frontend/arm/cpu/m/mpu.h"

#define RASR_ENABLE BIT(0)
#define RASR_XN BIT(28)
#define SYSTEM_START 0xe0000000u
#define PPB_END 0xe0100000u

struct rights {
    bool read, write, exec;
    enum arm_memory memory;
};

/* The default memory map, by address bits 31..29. */
static struct rights default_map(uint32_t va)
{
    static const struct {
        bool exec;
        enum arm_memory memory;
    } map[8] = {
        {true, ARM_MEMORY_NORMAL}, {true, ARM_MEMORY_NORMAL}, {false, ARM_MEMORY_DEVICE},
        {true, ARM_MEMORY_NORMAL}, {true, ARM_MEMORY_NORMAL}, {false, ARM_MEMORY_DEVICE},
        {false, ARM_MEMORY_DEVICE}, {false, ARM_MEMORY_STRONGLY_ORDERED},
    };

    return (struct rights){true, true, map[va >> 29].exec, map[va >> 29].memory};
}

static unsigned region_bits(const struct arm_m *m, unsigned n)
{
    return (m->mpu_rasr[n] >> 1 & 31) + 1;
}

static bool region_valid(const struct arm_state *s, unsigned n)
{
    return (s->m.mpu_rasr[n] & RASR_ENABLE) && region_bits(&s->m, n) >= (arm_m_is_v7(s) ? 5u : 8u);
}

static uint32_t region_mask(unsigned bits)
{
    return bits >= 32 ? 0 : ~0u << bits;
}

static bool subregion_disabled(const struct arm_m *m, unsigned n, uint32_t va)
{
    unsigned bits = region_bits(m, n);

    return bits >= 8 && (m->mpu_rasr[n] >> (8 + (va >> (bits - 3) & 7)) & 1);
}

static bool region_hit(const struct arm_state *s, unsigned n, uint32_t va)
{
    return region_valid(s, n) &&
           !((va ^ s->m.mpu_rbar[n]) & region_mask(region_bits(&s->m, n)) & ~31u) &&
           !subregion_disabled(&s->m, n, va);
}

/* May the page of @va not be of one kind? */
static bool page_is_mixed(const struct arm_state *s, uint32_t va)
{
    for (unsigned n = 0; n < s->model->m_regions; n++) {
        unsigned bits;

        if (!region_valid(s, n))
            continue;
        bits = region_bits(&s->m, n);
        if (bits < 12 && !((va ^ s->m.mpu_rbar[n]) >> 12))
            return true;
        if (bits >= 12 && bits < 15 && (s->m.mpu_rasr[n] >> 8 & 0xff) &&
            !((va ^ s->m.mpu_rbar[n]) & region_mask(bits)))
            return true;
    }
    return false;
}

static struct rights region_rights(const struct arm_m *m, unsigned n, bool privileged)
{
    /* bits: 0 privileged read, 1 privileged write, 2 unprivileged read, 3 unprivileged write */
    static const uint8_t ap[8] = {0, 3, 7, 15, 0, 1, 5, 5};
    uint32_t rasr = m->mpu_rasr[n];
    unsigned bits = ap[rasr >> 24 & 7] >> (privileged ? 0 : 2);
    unsigned tex = rasr >> 19 & 7, cb = rasr >> 16 & 3;

    return (struct rights){
        .read = bits & 1,
        .write = bits & 2,
        .exec = (bits & 1) && !(rasr & RASR_XN),
        .memory = tex == 0 && cb == 0                              ? ARM_MEMORY_STRONGLY_ORDERED
                  : (tex == 0 && cb == 1) || (tex == 2 && cb == 0) ? ARM_MEMORY_DEVICE
                                                                   : ARM_MEMORY_NORMAL,
    };
}

static struct rights look_up(const struct arm_state *s, uint32_t va, bool privileged)
{
    struct rights r;

    if (!s->m.mpu_applies || (va >= SYSTEM_START && va < PPB_END))
        return default_map(va);
    for (int n = s->model->m_regions - 1; n >= 0; n--) {
        if (!region_hit(s, (unsigned)n, va))
            continue;
        r = region_rights(&s->m, (unsigned)n, privileged);
        r.exec &= va < SYSTEM_START;
        return r;
    }
    if (privileged && (s->m.mpu_ctrl & M_MPU_PRIVDEFENA))
        return default_map(va);
    return (struct rights){false, false, false, ARM_MEMORY_NORMAL};
}

bool m_translate(const struct arm_state *s, uint32_t va, enum arm_access access, bool privileged,
                 struct arm_translation *out, struct arm_fault *fault)
{
    struct rights r = look_up(s, va, privileged);
    bool ok = access == ARM_ACCESS_READ ? r.read : access == ARM_ACCESS_WRITE ? r.write : r.exec;

    if (!ok) {
        *fault = (struct arm_fault){.kind = ARM_FAULT_PERMISSION, .level = 1};
        return false;
    }
    *out = (struct arm_translation){
        .phys = va,
        .page_bits = s->m.mpu_applies && page_is_mixed(s, va) ? 5 : 12,
        .read = r.read,
        .write = r.write,
        .exec = r.exec,
        .global = true,
        .memory = (uint8_t)r.memory,
    };
    return true;
}

void m_context_key(const struct arm_state *s, uint64_t *key, uint32_t *asid)
{
    *key = s->block_flags | (uint64_t)s->m.mpu_applies << 32;
    *asid = 0;
}
