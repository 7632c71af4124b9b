/* Settings of the MPU with regions and subregions of any size that take turns, for privileged and
 * unprivileged code: which accesses are refused, and where. ARMv7-M. */
#include "rt.h"

enum {
    AREA_BYTES = 0x4000, FIRST = 2, REGIONS = 8, SETTINGS = 5, TURNS = 40, ACCESSES = 150,
};

/* A region, its size as log2. Those from FIRST on are in the area. */
struct region {
    uint32_t base;
    uint8_t log2, ap, srd;
    bool on;
};

static struct region settings[SETTINGS][REGIONS];
static uint32_t area[AREA_BYTES / 4] __attribute__((aligned(AREA_BYTES)));

static uint32_t draw(uint32_t n)
{
    static uint32_t x = 2463534242u;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return (x >> 3) % n;
}

/* ---- accesses: one instruction each ---------------------------------------------------------- */

__asm__(".syntax unified\n .thumb\n .align 2\n"
        ".thumb_func\n load8:\n ldrb r0, [r0]\n bx lr\n"
        ".thumb_func\n load16:\n ldrh r0, [r0]\n bx lr\n"
        ".thumb_func\n load32:\n ldr r0, [r0]\n bx lr\n"
        ".thumb_func\n load64:\n ldrd r2, r3, [r0]\n bx lr\n"
        ".thumb_func\n load_four:\n ldm r0, {r1, r2, r3, r12}\n bx lr\n"
        ".thumb_func\n load_six:\n ldm r0, {r0, r1, r2, r3, r4, r12}\n bx lr\n"
        ".thumb_func\n store8:\n strb r0, [r0]\n bx lr\n"
        ".thumb_func\n store16:\n strh r0, [r0]\n bx lr\n"
        ".thumb_func\n store32:\n str r0, [r0]\n bx lr\n"
        ".thumb_func\n store64:\n strd r2, r3, [r0]\n bx lr\n"
        ".thumb_func\n store_four:\n stm r0, {r1, r2, r3, r12}\n bx lr\n"
        ".thumb_func\n store_six:\n stm r0, {r0, r1, r2, r3, r4, r12}\n bx lr\n");
void load8(void), load16(void), load32(void), load64(void), load_four(void), load_six(void);
void store8(void), store16(void), store32(void), store64(void), store_four(void), store_six(void);

static const struct kind {
    void (*insn)(void);
    uint8_t size, bytes; /* of each access of all */
    bool write;
} kinds[] = {
    {load8, 1, 1, false}, {load16, 2, 2, false}, {load32, 4, 4, false}, {load64, 4, 8, false},
    {load_four, 4, 16, false}, {load_six, 4, 24, false},
    {store8, 1, 1, true}, {store16, 2, 2, true}, {store32, 4, 4, true}, {store64, 4, 8, true},
    {store_four, 4, 16, true}, {store_six, 4, 24, true},
};

/* ---- what the manual says -------------------------------------------------------------------- */

static bool holds(const struct region *r, uint32_t at)
{
    uint32_t offset = at - r->base;
    if (!r->on || (r->log2 < 32 && offset >> r->log2))
        return false;
    return r->log2 < 8 || !(r->srd >> (offset >> (r->log2 - 3)) & 1);
}

static bool allowed(const struct region *setting, uint32_t at, bool write, bool privileged)
{
    for (int n = REGIONS - 1; n >= 0; n--) {
        const struct region *r = &setting[n];
        if (!holds(r, at))
            continue;
        switch (r->ap) {
        case 0: return false;
        case 1: return privileged;
        case 2: return privileged || !write;
        case 3: return true;
        case 5: return privileged && !write;
        default: return !write; /* 6 */
        }
    }
    return false;
}

/* The address that is refused first, or 0. */
static uint32_t refused(const struct region *setting, const struct kind *k, uint32_t at,
                        bool privileged)
{
    for (uint32_t done = 0; done < k->bytes; done++)
        if (!allowed(setting, at + done, k->write, privileged))
            return at + done;
    return 0;
}

/* ---- the test -------------------------------------------------------------------------------- */

static void setting_make(struct region *setting)
{
    static const uint8_t aps[] = {0, 1, 2, 3, 5, 6};
    setting[0] = (struct region){0, 29, 6, 0, true};         /* code */
    setting[1] = (struct region){0x20000000, 29, 3, 0, true}; /* data */
    for (unsigned n = FIRST; n < REGIONS; n++) {
        struct region *r = &setting[n];
        r->log2 = (uint8_t)(5 + draw(10));
        r->base = (uint32_t)area + (draw(AREA_BYTES) & ~((1u << r->log2) - 1));
        r->ap = aps[draw(sizeof(aps))];
        r->srd = r->log2 >= 8 && draw(2) ? (uint8_t)draw(256) : 0;
        r->on = draw(4);
    }
}

static void setting_apply(const struct region *setting)
{
    for (unsigned n = 0; n < REGIONS; n++) {
        const struct region *r = &setting[n];
        MPU_RBAR = r->base | 1 << 4 | n;
        MPU_RASR = (uint32_t)r->ap << 24 | (uint32_t)r->srd << 8 | (uint32_t)(r->log2 - 1) << 1 |
                   r->on;
    }
    MPU_CTRL = 1;
    ISB();
}

static uint32_t place(const struct region *setting)
{
    if (draw(3) == 0)
        return (uint32_t)area + draw(AREA_BYTES - 32);
    const struct region *r = &setting[FIRST + draw(REGIONS - FIRST)];
    uint32_t edge = r->base + (draw(9) << r->log2 >> 3) + draw(48) - 24;
    return edge - (uint32_t)area < AREA_BYTES - 32 ? edge : (uint32_t)area + draw(AREA_BYTES - 32);
}

__attribute__((noinline)) static void access(const struct kind *k, uint32_t at)
{
    __asm__ volatile("adr r4, 1f\n adds r4, #1\n str r4, [%[resume]]\n mov r0, %[at]\n"
                     " blx %[insn]\n .balign 4\n 1:\n nop\n"
                     :: [resume] "r"(&resume), [at] "r"(at), [insn] "r"(k->insn)
                     : "r0", "r1", "r2", "r3", "r4", "r12", "lr", "memory", "cc");
}

static void one_access(const struct region *setting, bool privileged, uint32_t *wrong)
{
    const struct kind *k = &kinds[draw(sizeof(kinds) / sizeof(kinds[0]))];
    bool aligned = k->bytes > 4 || draw(4);
    uint32_t at = place(setting) & (aligned ? ~(k->size - 1u) : ~0u);
    uint32_t want = refused(setting, k, at, privileged);
    event_count = 0;
    access(k, at);
    if ((event_count != 0) != (want != 0))
        ++*wrong;
    else if (want && aligned && events[0].mmfar != want)
        ++*wrong;
    else if (want && (events[0].cfsr & 0xff) != (F_DACCVIOL | F_MMARVALID))
        ++*wrong;
}

static void privileged_again(struct event *e)
{
    (void)e;
    MSR(control, MRS(control) & ~1u);
}

/* Without barriers the manual leaves open when a change takes effect; here it is at once, by every
 * engine. */
static void test_at_once(void)
{
    enum { ROUNDS = 200, NUMBER = 7, SIZE = 9 << 1, NONE = 0 << 24, ALL = 3 << 24 };
    uint32_t refused_at_once = 0, allowed_at_once = 0;
    MPU_RBAR = (uint32_t)area | 1 << 4 | NUMBER;
    MPU_RASR = ALL | SIZE | 1;
    MPU_CTRL = 5;
    ISB();
    for (int i = 0; i < ROUNDS; i++) {
        event_count = 0;
        FAULTING("str %[rasr], [%[mpu]]\n ldr r5, [%[at]]",
                 [rasr] "r"(NONE | SIZE | 1), [mpu] "r"(&MPU_RASR), [at] "r"(area + 4));
        refused_at_once += event_count == 1 && events[0].mmfar == (uint32_t)(area + 4);
        event_count = 0;
        FAULTING("str %[rasr], [%[mpu]]\n ldr r5, [%[at]]\n str r5, [%[at]]",
                 [rasr] "r"(ALL | SIZE | 1), [mpu] "r"(&MPU_RASR), [at] "r"(area + 4));
        allowed_at_once += event_count == 0;
    }
    MPU_CTRL = 0;
    ISB();
    check("what is refused is so at once", refused_at_once, ROUNDS);
    check("what is allowed as well", allowed_at_once, ROUNDS);
}

int main(void)
{
    uint32_t wrong[2] = {0, 0}, refusals[2] = {0, 0};
    action[SVC] = privileged_again;
    for (unsigned i = 0; i < SETTINGS; i++)
        setting_make(settings[i]);
    for (unsigned turn = 0; turn < TURNS; turn++) {
        struct region *setting = settings[draw(SETTINGS)];
        bool privileged = draw(2);
        if (draw(8) == 0)
            setting_make(setting);
        setting_apply(setting);
        if (!privileged)
            MSR(control, MRS(control) | 1);
        ISB();
        for (unsigned n = 0; n < ACCESSES; n++) {
            one_access(setting, privileged, &wrong[privileged]);
            refusals[privileged] += event_count;
        }
        if (!privileged)
            SVC_CALL(0);
        ISB();
    }
    MPU_CTRL = 0;
    ISB();
    check("unprivileged accesses are as the manual says", wrong[0], 0);
    check("privileged ones as well", wrong[1], 0);
    check("many are refused", refusals[0] > ACCESSES && refusals[1] > ACCESSES, 1);
    test_at_once();
    finish();
}
