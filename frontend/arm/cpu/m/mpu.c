/* Address translation of the M profile: there is none, but the default memory map and the MPU say
 * who may do what (PMSAv6, PMSAv7: DDI 0403E B3.1, B3.5). */
#include "frontend/arm/cpu/m/mpu.h"

#include <stdlib.h>
#include <string.h>

#include "frontend/arm/cpu/m/m_internal.h"
#include "softmmu/mmu.h"

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

/* May the 1 << @size bytes around @va not be of one kind? */
static bool is_mixed(const struct arm_state *s, uint32_t va, unsigned size)
{
    for (unsigned n = 0; n < s->model->m_regions; n++) {
        unsigned bits;

        if (!region_valid(s, n))
            continue;
        bits = region_bits(&s->m, n);
        if (bits < size && !((va ^ s->m.mpu_rbar[n]) >> size))
            return true;
        if (bits >= size && bits < size + 3 && (s->m.mpu_rasr[n] >> 8 & 0xff) &&
            !((va ^ s->m.mpu_rbar[n]) & region_mask(bits)))
            return true;
    }
    return false;
}

/* log2 of the bytes around @va that are alike, as far as the tables care. 0: these are for rights
 * that are about to change, and what is said now is not for them. */
static unsigned uniform_bits(const struct arm_state *s, uint32_t va)
{
    if (s->m.changed)
        return 0;
    if (!s->m.mpu_applies || (va >= SYSTEM_START && va < PPB_END) || !is_mixed(s, va, 12))
        return 12;
    return is_mixed(s, va, MMU_FINE_BITS) ? 5 : MMU_FINE_BITS;
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

/* With the MPU in use. */
static struct rights look_up_regions(const struct arm_state *s, uint32_t va, bool privileged)
{
    struct rights r;

    if (va >= SYSTEM_START && va < PPB_END)
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

static struct rights look_up(const struct arm_state *s, uint32_t va, bool privileged)
{
    return s->m.mpu_applies ? look_up_regions(s, va, privileged) : default_map(va);
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
        .page_bits = (uint8_t)uniform_bits(s, va),
        .read = r.read,
        .write = r.write,
        .exec = r.exec,
        .global = true,
        .memory = (uint8_t)r.memory,
    };
    return true;
}

/* Regions and subregions begin and end at multiples of 32. */
bool m_allows(const struct arm_state *s, uint32_t addr, unsigned size, bool write, bool privileged)
{
    struct rights first, last;

    if (!s->m.mpu_applies)
        return true;
    first = look_up_regions(s, addr, privileged);
    last = look_up_regions(s, addr + size - 1, privileged);
    return write ? first.write && last.write : first.read && last.read;
}

static bool view_is_current(const struct arm_m_view *v, const struct arm_m *m)
{
    return v->number && v->ctrl == m->mpu_ctrl && !memcmp(v->rbar, m->mpu_rbar, sizeof(v->rbar)) &&
           !memcmp(v->rasr, m->mpu_rasr, sizeof(v->rasr));
}

/* ---- what privileged code may access, for the window ----------------------------------------- */

enum { STARTS_MAX = 1 + ARM_M_MPU_REGIONS_MAX * 9 };

static int start_order(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

/* The addresses at which rights may change, in order. */
static unsigned rights_starts(const struct arm_state *s, uint32_t *starts)
{
    unsigned count = 0;

    starts[count++] = 0;
    for (unsigned n = 0; n < s->model->m_regions; n++) {
        unsigned bits = region_bits(&s->m, n), parts = bits < 8 ? 1 : 8;
        uint32_t base = s->m.mpu_rbar[n] & region_mask(bits) & ~31u;

        for (unsigned i = 0; region_valid(s, n) && i <= parts; i++)
            starts[count++] = base + (uint32_t)((1ull << bits) / parts * i); /* 0 behind the end */
    }
    qsort(starts, count, sizeof(*starts), start_order);
    return count;
}

static void window_limit(struct arm_state *s)
{
    uint32_t starts[STARTS_MAX];
    unsigned count = s->m.mpu_ctrl & M_MPU_ENABLE ? rights_starts(s, starts) : 0;

    for (unsigned i = 0; i < count; i++) {
        uint32_t last = i + 1 < count ? starts[i + 1] - 1 : UINT32_MAX;
        struct rights r;

        if (last < starts[i] || (i + 1 < count && starts[i + 1] == starts[i]))
            continue;
        r = look_up_regions(s, starts[i], true);
        if (!r.read || !r.write)
            s->ops->m->window_limit(s, starts[i], last, r.read);
    }
}

/* ---- settings -------------------------------------------------------------------------------- */

/* In place of the one that was used least recently. */
static struct arm_m_view *view_new(struct arm_state *s)
{
    struct arm_m_views *views = &s->m_views;
    struct arm_m_view *v = views->view;

    for (unsigned i = 1; i < ARM_M_VIEWS; i++)
        if (views->view[i].used < v->used)
            v = &views->view[i];
    if (views->last == INT32_MAX) {
        s->ops->tlb_invalidate(s, ARM_TLB_ALL, 0, 0, false);
        memset(views, 0, sizeof(*views));
    }
    v->number = ++views->last;
    v->ctrl = s->m.mpu_ctrl;
    memcpy(v->rbar, s->m.mpu_rbar, sizeof(v->rbar));
    memcpy(v->rasr, s->m.mpu_rasr, sizeof(v->rasr));
    window_limit(s);
    return v;
}

void m_view_update(struct arm_state *s)
{
    struct arm_m_views *views = &s->m_views;
    struct arm_m_view *v = NULL;

    if (!s->m.mpu_changed)
        return;
    s->m.mpu_changed = 0;
    for (unsigned i = 0; i < ARM_M_VIEWS && !v; i++)
        if (view_is_current(&views->view[i], &s->m))
            v = &views->view[i];
    if (!v)
        v = view_new(s);
    v->used = ++views->clock;
    views->current = v->number;
}

void m_context_key(const struct arm_state *s, uint64_t *key, uint32_t *asid)
{
    uint32_t view = s->m.mpu_applies ? s->m_views.current + 1 : 0;

    *key = s->block_flags | (uint64_t)view << 32;
    *asid = 0;
}
