/* Random instruction words, in User mode and in System mode. Whatever they do, the emulator lives,
 * and in lockstep both engines agree. Every exception starts the next piece; a timer ends endless
 * loops. */
#include "rt.h"

enum { CODE_PAGES = 8, PIECE_WORDS = 64, STEP_CYCLES = 3000 };

static uint64_t state;
static uint32_t pieces, pieces_max, privileged;

static uint32_t random32(void)
{
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(state >> 32) ^ (uint32_t)(state >> 11);
}

static uint32_t random_word(bool thumb)
{
    uint32_t w = random32(), how = random32() & 7;
    if (thumb) /* 32-bit instructions about as often as the others */
        return how < 4 ? w | 0xe800 | (random32() & 0x1000) : w;
    if (how < 5) /* always executed */
        w = (w & 0x0fffffff) | 0xe0000000;
    if (how == 0) /* Advanced SIMD */
        w = (w & 0x01ffffff) | 0xf2000000;
    if (how == 1) /* VFP data processing and transfers */
        w = (w & 0xf0fff1ff) | 0x0c000a00 | (random32() & 0x02000100);
    return w;
}

static uint32_t random_value(void)
{
    uint32_t w = random32();
    switch (random32() & 7) {
    case 0: return w & 31;
    case 1: return w | 0x7fffff00;
    case 2: return w;
    default: return WINDOW + (w & (CODE_PAGES * PAGE - 1) & (w & 0x80000000 ? ~3u : ~0u));
    }
}

/* Set up the next piece of code, and the state that the exception returns to. */
static void next_piece(struct frame *f)
{
    uint32_t at = random32() & (CODE_PAGES * PAGE / 4 - 1);
    bool thumb = random32() & 1;
    if (at > CODE_PAGES * PAGE / 4 - PIECE_WORDS)
        at -= PIECE_WORDS;
    for (uint32_t i = 0; i < PIECE_WORDS; i++)
        ((volatile uint32_t *)scratch(0))[at + i] = random_word(thumb);
    rt_code_written((void *)window(0), 64);
    for (uint32_t i = 0; i < 15; i++)
        f->r[i] = random_value();
    f->lr = window(0) + at * 4;
    f->spsr = (random32() & 0xf80f0000) | (thumb ? 0x20 : 0) | (privileged ? 0x1f : 0x10);
    MCR(STEP_CYCLES, 0, c14, c3, 0);
    MCR(1, 0, c14, c3, 1);
}

/* Where code of the window (or of its pages, without MMU) lies; 0 for anything else. */
static const volatile uint16_t *code_at(uint32_t at)
{
    uint32_t base = at >= WINDOW ? WINDOW : (uint32_t)scratch(0);
    return at - base < CODE_PAGES * PAGE - 4 ? (const volatile uint16_t *)(scratch(0) + (at - base))
                                             : 0;
}

/* Go on behind the instruction that failed, with some other registers. */
static bool skip(struct frame *f)
{
    bool thumb = f->spsr & 0x20;
    uint32_t at = f->lr - (f->kind == EXC_DATA ? 8 : thumb ? 2 : 4);
    const volatile uint16_t *code = code_at(at);
    if (!code || (f->kind != EXC_UNDEFINED && f->kind != EXC_SVC && f->kind != EXC_DATA))
        return false;
    f->lr = at + (thumb && code[0] < 0xe800 ? 2 : 4);
    f->spsr &= ~0x0600fc00u; /* ITSTATE */
    for (uint32_t i = 0; i < 4; i++)
        f->r[random32() % 15] = random_value();
    return true;
}

static void handler(struct frame *f)
{
    static uint32_t skipped;
    if (f->kind == EXC_IRQ)
        rt_irq_end(rt_irq_ack());
    else if (skipped++ % PIECE_WORDS && skip(f))
        return;
    if (++pieces == pieces_max) {
        CHECK(pieces, pieces_max);
        rt_finish();
    }
    next_piece(f);
}

static void run(uint32_t count)
{
    rt_mmu_on();
    for (uint32_t n = 0; n < CODE_PAGES; n++)
        rt_map(n, (uint32_t)scratch(n), MAP_RW | MAP_USER);
    MCR(MRC(0, c1, c0, 2) | 0xf << 20, 0, c1, c0, 2); /* CPACR: VFP and Advanced SIMD */
    ISB();
    __asm__ volatile(".fpu neon-vfpv4\n vmsr fpexc, %0" ::"r"(1 << 30));
    state = rt_seed() * 0x9e3779b97f4a7c15ull + 1;
    pieces_max = count;
    rt_gic_init();
    rt_handler = handler;
    irq_enable();
    __asm__ volatile("svc #0");
}

static void user_mode(void)
{
    run(3000);
}

/* Anything may happen to the guest here, also that it never ends. */
static void system_mode(void)
{
    privileged = 1;
    rt_may_hang();
    run(3000);
}

/* The same without the MMU: stores go wherever there is memory. */
static void mmu_off_handler(struct frame *f)
{
    handler(f);
    if (f->lr >= WINDOW)
        f->lr = (uint32_t)scratch(0) + (f->lr - window(0));
}

static void mmu_off(void)
{
    privileged = 1;
    rt_may_hang();
    state = rt_seed() * 0x9e3779b97f4a7c15ull + 77;
    pieces_max = 3000;
    rt_gic_init();
    rt_handler = mmu_off_handler;
    irq_enable();
    __asm__ volatile("svc #0");
}

const struct test tests[] = {
    {"random words in User mode", user_mode, 1},
    {"random words in System mode", system_mode, 1},
    {"random words without MMU", mmu_off, 1},
    {0},
};
