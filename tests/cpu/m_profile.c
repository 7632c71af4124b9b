/* The M profile's parts by table: which exception is taken (against a model that looks at all of
 * them anew), SysTick against a counter that is stepped, the MPU. */
#include <string.h>

#include "frontend/arm/cpu/m/m.h"
#include "frontend/arm/cpu/m/mpu.h"
#include "tests/cpu/fixture.h"
#include "util/bits.h"

TestSuite(m_profile);

static const struct arm_m_config config = {
    .irqs = 240, .priority_bits = 4, .cpu_hz = 1000000, .systick_ref_hz = 0,
};

static struct machine *self(const struct arm_state *s)
{
    return s->ops_opaque;
}

static bool bus(struct arm_state *s, uint32_t addr, unsigned size, bool write, uint64_t *value)
{
    struct machine *m = self(s);

    if (addr > sizeof(m->ram) - size)
        return false;
    if (write)
        memcpy(m->ram + addr, value, size);
    else
        memcpy(value, m->ram + addr, size);
    return true;
}

static uint8_t *ram(struct arm_state *s, uint32_t addr, unsigned size, bool write)
{
    return NULL;
}

static int64_t now(const struct arm_state *s)
{
    return (int64_t)self(s)->now;
}

static int64_t deadline_ns;
static void deadline(struct arm_state *s, int64_t ns)
{
    deadline_ns = ns;
}

static void nothing(struct arm_state *s)
{
}

static void nothing_said(struct arm_state *s, const char *why)
{
}

static void nothing_limited(struct arm_state *s, uint32_t start, uint32_t last, bool read)
{
}

static const struct arm_m_ops m_ops = {
    .bus = bus, .ram = ram, .now = now, .deadline = deadline, .reset_request = nothing,
    .lockup = nothing_said, .window_limit = nothing_limited,
    .points_changed = nothing, .step = nothing,
};

static struct machine *m_new(const char *model)
{
    static struct arm_cpu_ops ops;
    struct machine *m = machine_new("cortex-a15", 0); /* for the fixture's calls */
    struct arm_cpu_config c = {
        .model = arm_cpu_model_find(model, NULL), .count = 1, .ops_opaque = m, .m = &config};

    ops = *m->s.ops;
    ops.m = &m_ops;
    c.ops = &ops;
    cr_assert(c.model);
    arm_cpu_init(&m->s, &c);
    for (uint32_t i = 1; i < 256; i++) { /* vectors: distinct handlers */
        uint32_t v = 0x1000 + 16 * i + 1;

        memcpy(m->ram + 4 * i, &v, 4);
    }
    memcpy(m->ram, &(uint32_t){0x8000}, 4);
    arm_m_start(&m->s);
    return m;
}

static uint32_t get(struct machine *m, uint32_t addr)
{
    uint64_t v = 0;

    cr_assert(arm_m_ppb_read(&m->s, addr - ARM_M_PPB_BASE, 4, false, &v));
    return (uint32_t)v;
}

static void put(struct machine *m, uint32_t addr, uint32_t v)
{
    cr_assert(arm_m_ppb_write(&m->s, addr - ARM_M_PPB_BASE, 4, v));
    arm_m_safe_point(&m->s);
}

static uint32_t rng(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return (uint32_t)(*seed >> 16);
}

Test(m_profile, start)
{
    struct machine *m = m_new("cortex-m3");

    cr_assert_eq(m->s.r[13], 0x8000);
    cr_assert_eq(m->s.env.pc, 0x1010);
    cr_assert_eq(m->s.thumb, 1);
    free(m);
}

/* The exception that a model of the manual's words takes now, 0: none. */
static unsigned model_takes(const uint8_t *pending, const uint8_t *enabled, const uint8_t *active,
                            const uint8_t *priority, unsigned prigroup, unsigned basepri,
                            bool primask)
{
    int group = 2 << prigroup, running = 256, best = 0, best_priority = 256;

    for (int i = 0; i < 240; i++)
        if (active[i] && priority[i] / group * group < running)
            running = priority[i] / group * group;
    if (basepri && (int)basepri / group * group < running)
        running = (int)basepri / group * group;
    if (primask && running > 0)
        running = 0;
    for (int i = 239; i >= 0; i--) /* of equal ones the lowest number */
        if (pending[i] && enabled[i] && priority[i] <= best_priority) {
            best = 16 + i;
            best_priority = priority[i];
        }
    return best && best_priority / group * group < running ? (unsigned)best : 0;
}

Test(m_profile, priorities_like_a_model)
{
    struct machine *m = m_new("cortex-m3");
    uint8_t pending[240] = {0}, enabled[240] = {0}, active[240] = {0}, priority[240] = {0};
    unsigned prigroup = 0, basepri = 0, taken = 0;
    uint64_t seed = 0x123456789abcdef;

    for (unsigned n = 0; n < 20000; n++) {
        unsigned i = rng(&seed) % 240, word = i / 32 * 4;
        uint32_t bit = BIT(i % 32);

        switch (rng(&seed) % 8) {
        case 0: pending[i] = 1; put(m, 0xe000e200 + word, bit); break;
        case 1: pending[i] = 0; put(m, 0xe000e280 + word, bit); break;
        case 2: enabled[i] = 1; put(m, 0xe000e100 + word, bit); break;
        case 3:
            enabled[i] = rng(&seed) % 2;
            put(m, (enabled[i] ? 0xe000e100 : 0xe000e180) + word, bit);
            break;
        case 4:
            priority[i] = rng(&seed) & 0xf0;
            cr_assert(arm_m_ppb_write(&m->s, 0xe400 + i, 1, priority[i]));
            break;
        case 5:
            prigroup = rng(&seed) % 8;
            put(m, 0xe000ed0c, 0x05fa0000 | prigroup << 8);
            break;
        case 6:
            basepri = rng(&seed) % 3 ? 0 : rng(&seed) & 0xf0;
            arm_m_special_write(&m->s, 17, basepri);
            break;
        case 7:
            arm_m_special_write(&m->s, 16, rng(&seed) % 4 == 0);
            break;
        }
        unsigned expected = model_takes(pending, enabled, active, priority, prigroup, basepri,
                                        m->s.mask_i);
        cr_assert_eq(arm_m_interrupt_pending(&m->s), expected != 0, "step %u", n);
        if (!expected) {
            if (rng(&seed) % 16 || !m->s.m.handler) /* now and then a handler returns */
                continue;
            active[m->s.m.ipsr - 16] = 0;
            m->s.env.pc = m->s.r[14] & ~1u;
            cr_assert(arm_m_fetch_magic(&m->s, (uint32_t)m->s.env.pc));
            if (m->s.m.handler && m->s.env.pc >= 0x1000 && pending[m->s.m.ipsr - 16] &&
                !active[m->s.m.ipsr - 16]) {
                pending[m->s.m.ipsr - 16] = 0; /* tail-chained */
                active[m->s.m.ipsr - 16] = 1;
            }
            continue;
        }
        m->s.r[13] = m->s.r[13] < 0x4000 ? 0x8000 : m->s.r[13]; /* nesting without an end */
        arm_m_take_interrupt(&m->s);
        taken++;
        cr_assert_eq(m->s.m.ipsr, expected, "step %u: %u instead of %u", n, m->s.m.ipsr, expected);
        cr_assert_eq(m->s.env.pc, 0x1000 + 16 * expected);
        pending[expected - 16] = 0;
        active[expected - 16] = 1;
        if (m->s.r[13] < 0x4000 || taken % 8 == 0) { /* all at once back to Thread mode */
            put(m, 0xe000ed0c, 0x05fa0002 | prigroup << 8);
            memset(active, 0, sizeof(active));
            m->s.m.handler = 0;
            m->s.r[13] = 0x8000;
            arm_m_state_changed(&m->s);
        }
    }
    cr_assert_gt(taken, 200);
    free(m);
}

/* SysTick at 1 MHz against a counter that is stepped. */
Test(m_profile, systick_like_a_counter)
{
    struct machine *m = m_new("cortex-m3");
    uint32_t value = 0, reload = 0, flag = 0, enabled = 0;
    uint64_t seed = 99;

    for (unsigned n = 0; n < 20000; n++) {
        switch (rng(&seed) % 12) {
        case 0:
            enabled = rng(&seed) % 4 != 0;
            put(m, 0xe000e010, 4 | enabled);
            break;
        case 1:
            if (enabled && value)
                break; /* what a change does then is seen at the next reload: the same */
            reload = rng(&seed) % 20;
            put(m, 0xe000e014, reload);
            break;
        case 2:
            value = flag = 0;
            put(m, 0xe000e018, rng(&seed));
            break;
        case 3:
            cr_assert_eq(get(m, 0xe000e010) >> 16 & 1, flag, "step %u: COUNTFLAG", n);
            flag = 0;
            break;
        }
        for (unsigned ticks = rng(&seed) % 5; ticks; ticks--) {
            m->now += 1000;
            if (enabled && value == 0) {
                value = reload;
            } else if (enabled && --value == 0) {
                flag = 1;
            }
        }
        cr_assert_eq(get(m, 0xe000e018), value, "step %u: %u instead of %u", n, get(m, 0xe000e018),
                     value);
    }
    free(m);
}

Test(m_profile, systick_interrupt)
{
    struct machine *m = m_new("cortex-m3");

    put(m, 0xe000e014, 99);
    put(m, 0xe000e018, 0);
    put(m, 0xe000e010, 7);
    cr_assert_eq(deadline_ns, 100 * 1000);
    m->now = 99999;
    arm_m_systick_sync(&m->s);
    cr_assert(!arm_m_interrupt_pending(&m->s));
    m->now = 100000;
    arm_m_systick_sync(&m->s);
    cr_assert(arm_m_interrupt_pending(&m->s));
    cr_assert_eq(deadline_ns, 200 * 1000);
    m->now = 1234567; /* late: no storm of interrupts */
    arm_m_systick_sync(&m->s);
    cr_assert_eq(deadline_ns, 1300 * 1000);
    put(m, 0xe000e010, 5);
    cr_assert_eq(deadline_ns, INT64_MAX);
    free(m);
}

/* A level that stays asserted asks again after the return; an edge does not. */
Test(m_profile, levels)
{
    struct machine *m = m_new("cortex-m3");

    put(m, 0xe000e100, 0x30);
    arm_m_nvic_input(&m->s, 0, 0x10, 0x30); /* 4 stays, 5 was a pulse */
    cr_assert_eq(get(m, 0xe000e200), 0x30);
    put(m, 0xe000e280, 0x30);
    cr_assert_eq(get(m, 0xe000e200), 0x10, "an asserted level cannot be cleared");
    m->s.env.pc = 0x1010;
    arm_m_take_interrupt(&m->s);
    cr_assert_eq(m->s.m.ipsr, 20);
    cr_assert_eq(get(m, 0xe000e200), 0);
    cr_assert_eq(get(m, 0xe000e300), 0x10);
    m->s.env.pc = m->s.r[14] & ~1u;
    cr_assert(arm_m_fetch_magic(&m->s, (uint32_t)m->s.env.pc));
    cr_assert_eq(m->s.m.ipsr, 20, "tail-chained to itself");
    arm_m_nvic_input(&m->s, 0, 0, 0);
    m->s.env.pc = m->s.r[14] & ~1u;
    cr_assert(arm_m_fetch_magic(&m->s, (uint32_t)m->s.env.pc));
    cr_assert_eq(m->s.m.ipsr, 0);
    cr_assert_eq(m->s.env.pc, 0x1010);
    cr_assert_eq(m->s.r[13], 0x8000);
    free(m);
}

/* Rights by AP, for reads and writes of privileged and other code. */
Test(m_profile, mpu_rights)
{
    static const struct {
        unsigned ap;
        const char *rights; /* privileged r, w, unprivileged r, w */
    } rows[] = {{0, "----"}, {1, "rw--"}, {2, "rwr-"}, {3, "rwrw"},
                {5, "r---"}, {6, "r-r-"}, {7, "r-r-"}};
    struct machine *m = m_new("cortex-m4");
    struct arm_translation t;
    struct arm_fault fault;

    put(m, 0xe000ed98, 3);
    put(m, 0xe000ed9c, 0x20000000);
    put(m, 0xe000ed94, 1);
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        put(m, 0xe000eda0, rows[i].ap << 24 | 11 << 1 | 1);
        for (unsigned k = 0; k < 4; k++)
            cr_expect_eq(arm_translate_va(&m->s, 0x20000ffc,
                                          k & 1 ? ARM_ACCESS_WRITE : ARM_ACCESS_READ, k < 2, &t,
                                          &fault),
                         rows[i].rights[k] != '-', "AP %u, %u", rows[i].ap, k);
    }
    cr_expect(!arm_translate_va(&m->s, 0x20001000, ARM_ACCESS_READ, true, &t, &fault));
    cr_expect(arm_translate_va(&m->s, 0xe000e100, ARM_ACCESS_WRITE, true, &t, &fault),
              "the PPB has no regions");
    /* 64 bytes: the page must not be entered into tables */
    put(m, 0xe000eda0, 3 << 24 | 5 << 1 | 1);
    cr_assert(arm_translate_va(&m->s, 0x2000003c, ARM_ACCESS_READ, true, &t, &fault));
    cr_assert_lt(t.page_bits, 12);
    cr_expect(!arm_translate_va(&m->s, 0x20000040, ARM_ACCESS_READ, true, &t, &fault));
    free(m);
}

/* A frame as a whole is allowed where each of its words is. */
Test(m_profile, mpu_frames)
{
    struct machine *m = m_new("cortex-m4");
    struct arm_translation t;
    struct arm_fault fault;
    uint64_t seed = 7;
    unsigned refused = 0;

    put(m, 0xe000ed94, 5);
    for (unsigned i = 0; i < 20000; i++) {
        uint32_t at = 0x20000000 + rng(&seed) % 1024 * 4;
        bool write = rng(&seed) % 2, privileged = rng(&seed) % 2, each = true;

        if (i % 16 == 0) {
            put(m, 0xe000ed9c, (0x20000000 + rng(&seed) % 0x1000) | 0x10 | rng(&seed) % 8);
            put(m, 0xe000eda0, rng(&seed) % 8 << 24 | rng(&seed) % 256 << 8 |
                                   (4 + rng(&seed) % 8) << 1 | 1);
        }
        for (unsigned k = 0; k < 8; k++)
            each &= arm_translate_va(&m->s, at + 4 * k, write ? ARM_ACCESS_WRITE : ARM_ACCESS_READ,
                                     privileged, &t, &fault);
        cr_assert_eq(m_allows(&m->s, at, 32, write, privileged), each, "%u: 0x%08x", i, at);
        refused += !each;
    }
    cr_assert_gt(refused, 1000);
    cr_assert_lt(refused, 19000);
    free(m);
}

/* ---- anything at all ------------------------------------------------------------------------- */

static uint32_t some_value(uint64_t *seed)
{
    switch (rng(seed) % 5) {
    case 0: return rng(seed) % 256;
    case 1: return BIT(rng(seed) % 32);
    case 2: return ~BIT(rng(seed) % 32);
    case 3: return rng(seed) % 0x4000 * 4;
    default: return rng(seed);
    }
}

/* Mostly in the System Control Space and the debug components. */
static void access_ppb(struct machine *m, uint64_t *seed)
{
    static const uint32_t blocks[] = {0xe000, 0xe000, 0xe000, 0x0000, 0x1000, 0x2000, 0x40000};
    uint32_t offset = blocks[rng(seed) % ARRAY_SIZE(blocks)] + rng(seed) % 0x1000;
    unsigned size = rng(seed) % 4 ? 4 : 1u << rng(seed) % 4;
    uint64_t value = some_value(seed);

    offset = rng(seed) % 64 ? offset : rng(seed) % ARM_M_PPB_SIZE;
    offset &= rng(seed) % 16 ? ~3u : ~0u;
    if (rng(seed) % 2)
        arm_m_ppb_read(&m->s, offset, size, rng(seed) % 4 == 0, &value);
    else
        arm_m_ppb_write(&m->s, offset, size, value);
}

static void anything(struct machine *m, uint64_t *seed)
{
    struct arm_translation t;
    struct arm_fault fault;

    switch (rng(seed) % 20) {
    case 0:
        m->now += rng(seed) % 100000 + (rng(seed) % 50 ? 0 : (uint64_t)rng(seed) << 20);
        arm_m_systick_sync(&m->s);
        break;
    case 1:
        arm_m_nvic_input(&m->s, rng(seed) % 8, rng(seed) & rng(seed), rng(seed) & rng(seed));
        break;
    case 2:
        if (rng(seed) % 8 == 0)
            arm_m_nmi(&m->s);
        break;
    case 3:
        arm_m_special_write(&m->s, rng(seed) % 256, some_value(seed));
        break;
    case 4:
        arm_m_special_read(&m->s, rng(seed) % 256);
        break;
    case 5:
        arm_translate_va(&m->s, some_value(seed), (enum arm_access)(rng(seed) % 3), rng(seed) % 2,
                         &t, &fault);
        arm_m_watches(&m->s, some_value(seed), 1u << rng(seed) % 4, rng(seed) % 2);
        break;
    case 6: /* an exception returns */
        m->s.env.pc = 0xfffffff1u + rng(seed) % 4 * 4 - rng(seed) % 2 * 0x10;
        if (arm_m_fetch_magic(&m->s, m->s.env.pc))
            m->s.halted = 0;
        break;
    case 7:
        arm_m_set_clock(&m->s, rng(seed) % 4 ? 1000000 : rng(seed) % 100000000);
        break;
    default:
        access_ppb(m, seed);
        break;
    }
    arm_m_safe_point(&m->s);
    if (arm_m_interrupt_pending(&m->s))
        arm_m_take_interrupt(&m->s);
    if (m->s.m.locked_up) {
        arm_m_reset(&m->s);
        arm_m_start(&m->s);
    }
}

Test(m_profile, anything_goes)
{
    static const char *const models[] = {"cortex-m0", "cortex-m1", "cortex-m3", "cortex-m4",
                                         "cortex-m7"};

    for (unsigned i = 0; i < ARRAY_SIZE(models); i++) {
        struct machine *m = m_new(models[i]);
        uint64_t seed = 0x1234567 + i;

        for (unsigned n = 0; n < 100000; n++)
            anything(m, &seed);
        free(m);
    }
}
