/* The core's debug units as software uses them: DWT comparators, FPB, MON_STEP, ITM (DDI 0403E
 * C1). */
#include "rt.h"

#define DWT_COMP(n) REG(0xe0001020 + 16 * (n))
#define DWT_MASK(n) REG(0xe0001024 + 16 * (n))
#define DWT_FUNCTION(n) REG(0xe0001028 + 16 * (n))
#define FP_CTRL REG(0xe0002000)
#define FP_REMAP REG(0xe0002004)
#define FP_COMP(n) REG(0xe0002008 + 4 * (n))
#define ITM_STIM(n) REG(0xe0000000 + 4 * (n))
#define ITM_TER REG(0xe0000e00)
#define ITM_TCR REG(0xe0000e80)

enum { MON_EN = 1 << 16, MON_STEP = 1 << 18, TRCENA = 1 << 24 };
enum { D_HALTED = 1, D_BKPT = 2, D_DWTTRAP = 4, D_ANY = 0x1f };
enum { ON_PC = 4, ON_READ = 5, ON_WRITE = 6, ON_ACCESS = 7, CYCMATCH = 1 << 7, DATAVMATCH = 1 << 8,
    MATCHED = 1 << 24 };

static volatile uint32_t watched[16] __attribute__((aligned(64)));
static uint32_t dfsr_seen, steps, step_pcs[8];

/* What is watched and stopped at. Each has its labels behind the instruction that counts. */
void store_word(volatile void *at, uint32_t v);
void store_byte(volatile void *at, uint32_t v);
uint32_t load_word(volatile void *at);
uint32_t literal(void);
uint32_t one(void);
uint32_t swap_exclusive(volatile void *at, uint32_t v);
extern char store_word_after[], store_byte_after[], load_word_after[], one_first[], one_after[],
    literal_word[], literal_after[], swap_after[];

__asm__(".thumb\n .syntax unified\n .align 2\n"
        ".thumb_func\n store_word:\n str r1, [r0]\n store_word_after: nop\n movs r0, #0\n bx lr\n"
        ".thumb_func\n store_byte:\n strb r1, [r0]\n store_byte_after: nop\n bx lr\n"
        ".thumb_func\n load_word:\n ldr r0, [r0]\n load_word_after: nop\n bx lr\n"
        ".thumb_func\n swap_exclusive:\n ldrex r2, [r0]\n strex r3, r1, [r0]\n"
        " swap_after: mov r0, r2\n bx lr\n"
        ".align 2\n .thumb_func\n one:\n nop\n one_first: movs r0, #1\n one_after: nop\n bx lr\n"
        ".align 2\n .thumb_func\n literal:\n ldr r0, literal_word\n literal_after: bx lr\n"
        ".align 2\n literal_word: .word 0x11223344\n .align 2\n");

static uint32_t address(const void *p)
{
    return (uint32_t)p & ~1u;
}

static void on_monitor(struct event *e)
{
    dfsr_seen = DFSR;
    DFSR = D_ANY;
    if (dfsr_seen & D_BKPT)
        FP_CTRL = 2; /* else it would come again */
}

static void expect(const char *name, const char *order, const void *pc, uint32_t want)
{
    check(name, event_count ? events[0].pc : 0, address(pc));
    check("... DFSR", dfsr_seen, want);
    check_order("... once", order);
    action[DEBUGMON] = on_monitor;
    dfsr_seen = 0;
}

static void watch(unsigned n, uint32_t at, uint32_t mask, uint32_t function)
{
    DWT_COMP(n) = at;
    DWT_MASK(n) = mask;
    DWT_FUNCTION(n) = function;
    ISB();
}

static void unwatch(void)
{
    for (unsigned n = 0; n < 4; n++)
        watch(n, 0, 0, 0);
    (void)DWT_FUNCTION(0);
}

static void silent(const char *name)
{
    check_order(name, "");
    check("... nothing in DFSR", DFSR, 0);
}

static void test_data(void)
{
    uint32_t at = (uint32_t)&watched[4];
    watch(0, at, 0, ON_WRITE);
    store_word(&watched[4], 1);
    silent("without TRCENA nothing matches");
    check("... nor is marked", DWT_FUNCTION(0), ON_WRITE);
    DEMCR = TRCENA;
    ISB();
    store_word(&watched[4], 2);
    silent("without MON_EN the event is ignored");
    check("... but marked", DWT_FUNCTION(0), ON_WRITE | MATCHED);
    check("... until it is read", DWT_FUNCTION(0), ON_WRITE);
    DEMCR = TRCENA | MON_EN;
    ISB();
    store_word(&watched[4], 3);
    check("the store is made", watched[4], 3);
    expect("write", "D", store_word_after, D_DWTTRAP);
    load_word(&watched[4]);
    store_word(&watched[3], 4);
    store_word(&watched[5], 5);
    silent("no read, no neighbour");
    store_byte((volatile char *)&watched[4] + 3, 6);
    check("a store of another byte", watched[4], 3 | 6 << 24);
    silent("... does not match the address"); /* MASK = 0: one byte */
    store_word((volatile char *)&watched[4] - 2, 7);
    expect("an unaligned store across it", "D", store_word_after, D_DWTTRAP);
    swap_exclusive(&watched[4], 8);
    check("STREX", watched[4], 8);
    expect("STREX", "D", swap_after, D_DWTTRAP);
    watch(0, at, 4, ON_READ);
    store_word(&watched[4], 9);
    silent("watching reads, a write");
    check("a read", load_word(&watched[7]), 0);
    expect("a read in the range of MASK", "D", load_word_after, D_DWTTRAP);
    load_word(&watched[8]);
    silent("behind the range");
    watch(3, at, 2, ON_ACCESS);
    DWT_FUNCTION(0) = 0;
    store_byte((volatile char *)&watched[4] + 3, 6);
    expect("comparator 3, an access", "D", store_byte_after, D_DWTTRAP);
    MSR(basepri, 0x40);
    SHPR(12) = 0x40;
    store_word(&watched[4], 10);
    check("a store while DebugMonitor is masked", watched[4], 10);
    silent("... is not remembered");
    MSR(basepri, 0);
    ISB();
    silent("... later either");
    SHPR(12) = 0;
    unwatch();
    store_word(&watched[4], 11);
    silent("switched off");
}

static void test_value(void)
{
    watch(0, (uint32_t)&watched[2], 2, 0);
    watch(1, 0x1234, 0, DATAVMATCH | 2 << 10 | 0 << 12 | 0 << 16 | ON_WRITE);
    check("LNK1ENA", DWT_FUNCTION(1) >> 9 & 1, 1);
    check("comparator 0 compares no values", (DWT_FUNCTION(0) = DATAVMATCH, DWT_FUNCTION(0)), 0);
    store_word(&watched[2], 0x1235);
    silent("another value");
    store_word(&watched[3], 0x1234);
    silent("the value elsewhere");
    store_word(&watched[2], 0x1234);
    expect("the value", "D", store_word_after, D_DWTTRAP);
    unwatch();
}

static void test_code(void)
{
    watch(2, address(one_first), 0, ON_PC);
    check("the instruction that PC matches", one(), 1);
    expect("PC", "D", one_after, D_DWTTRAP);
    check("again", one(), 1);
    expect("PC again", "D", one_after, D_DWTTRAP);
    watch(2, address(literal_word), 0, ON_READ);
    check("a literal", literal(), 0x11223344);
    expect("a read of a literal", "D", literal_after, D_DWTTRAP);
    unwatch();
    one();
    literal();
    silent("switched off");
}

/* Time may be the host's, which may be busy: the match is far enough away for the comparator to be
 * set. */
static void test_cycles(void)
{
    const uint32_t distance = 500000;
    uint32_t start;
    DWT_CTRL |= 1;
    start = DWT_CYCCNT;
    watch(0, start + distance, 0, CYCMATCH | 4);
    while (!event_count && DWT_CYCCNT - start < 1u << 30)
        __asm__ volatile("" ::: "memory");
    check("CYCCNT has passed COMP0", DWT_CYCCNT - start >= distance, 1);
    check("... DFSR", dfsr_seen, D_DWTTRAP);
    check_order("... once", "D");
    check("... marked", DWT_FUNCTION(0) >> 24, 1);
    unwatch();
    DWT_CTRL &= ~1u;
    dfsr_seen = 0;
}

static void test_breakpoints(bool v2)
{
    uint32_t at = address(one_first);
    uint32_t comp = v2 ? at | 1 : (at & 0x1ffffffc) | (at & 2 ? 2u << 30 : 1u << 30) | 1;
    FP_COMP(3) = comp;
    check("FP_COMP", FP_COMP(3), comp);
    FP_CTRL = 1;
    check("FP_CTRL without its key", FP_CTRL & 3, 0);
    one();
    silent("the unit is off");
    FP_CTRL = 3;
    ISB();
    check("a function with a breakpoint", one(), 1);
    expect("before the instruction", "D", one_first, D_BKPT);
    one();
    silent("switched off by the handler");
    DEMCR = TRCENA;
    FP_CTRL = 3;
    ISB();
    FAULTING("bl one");
    check("without MON_EN: PC", events[0].pc, at);
    check("... DFSR", DFSR, D_BKPT);
    check_fault("... HardFault", HARD, 0, 1u << 31);
    DFSR = D_ANY;
    DEMCR = TRCENA | MON_EN;
    FP_COMP(3) = 0;
    FP_CTRL = 2;
    ISB();
}

static void test_remap(void)
{
    static uint32_t words[8] __attribute__((aligned(32)));
    uint32_t at = address(one) & ~3u;
    words[0] = 0x2002bf00; /* nop; movs r0, #2 */
    words[6] = 0x55667788;
    FP_REMAP = (uint32_t)words;
    check("FP_REMAP", FP_REMAP, ((uint32_t)words & 0x1fffffe0) | 1 << 29);
    FP_COMP(0) = at | 1;
    FP_COMP(6) = address(literal_word) | 1;
    check("before", one() + literal(), 1 + 0x11223344);
    FP_CTRL = 3;
    ISB();
    check("remapped code", one(), 2);
    check("... reads as it was", *(volatile uint32_t *)at, 0x2001bf00);
    check("a remapped literal", literal(), 0x55667788);
    check("... as data", load_word((void *)literal_word), 0x55667788);
    check("... a byte of it", ((volatile uint8_t *)literal_word)[1], 0x77);
    FP_CTRL = 2;
    ISB();
    check("switched off", one() + literal(), 1 + 0x11223344);
    silent("no events");
}

static void on_step(struct event *e)
{
    dfsr_seen |= DFSR;
    DFSR = D_ANY;
    FP_CTRL = 2;
    if (steps < 8)
        step_pcs[steps] = e->pc;
    DEMCR = ++steps < 4 ? DEMCR | MON_STEP : DEMCR & ~(uint32_t)MON_STEP;
}

static void test_steps(bool v2)
{
    uint32_t at = address(one);
    action[DEBUGMON] = on_step;
    FP_COMP(0) = v2 ? at | 1 : at | 1u << 30 | 1;
    FP_CTRL = 3;
    ISB();
    check("stepped through", one(), 1);
    check("steps", steps, 4);
    check("first", step_pcs[0], at);
    check("second", step_pcs[1], address(one_first));
    check("third", step_pcs[2], address(one_after));
    check("fourth", step_pcs[3], address(one_after) + 2);
    check("DFSR", dfsr_seen, D_BKPT | D_HALTED);
    check_order("DebugMonitor each time", "DDDD");
    FP_COMP(0) = 0;
}

static void test_itm(void)
{
    check("ITM: not enabled, not ready", ITM_STIM(0), 0);
    ITM_TCR = 1;
    ITM_TER = 2;
    check("port 0 is not enabled", ITM_STIM(0), 0);
    check("port 1 is ready", ITM_STIM(1), 1);
    ITM_STIM(1) = 'x';
    check("and again", ITM_STIM(1), 1);
    ITM_TCR = 0;
}

int main(void)
{
    bool v2 = FP_CTRL >> 28;
    action[DEBUGMON] = on_monitor;
    check("DWT: four comparators", DWT_CTRL >> 28, 4);
    DWT_MASK(0) = 31;
    check("MASK: 32 KiB at most", DWT_MASK(0), 15);
    check("FP_CTRL", FP_CTRL, v2 ? 0x10000080 : 0x260);
    test_data();
    test_value();
    test_code();
    test_cycles();
    test_breakpoints(v2);
    if (!v2)
        test_remap();
    test_itm();
    test_steps(v2);
    finish();
}
