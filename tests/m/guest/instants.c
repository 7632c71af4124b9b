/* Where interrupts hit a loop, and what a timer says there: everything that depends on the exact
 * instruction at which an event takes effect goes into one number, which must be the same whatever
 * runs the code. */
#include "rt.h"

enum { ROUNDS = 250000, TIMER = 0x40000000 /* CMSDK timer 0, interrupt 8 */ };
#define TIMER_CTRL REG(TIMER)
#define TIMER_VALUE REG(TIMER + 4)
#define TIMER_RELOAD REG(TIMER + 8)
#define TIMER_INTCLEAR REG(TIMER + 12)

static uint32_t seen, taken;
static volatile uint32_t words[64];

static void mix(uint32_t v)
{
    seen = (seen << 5 | seen >> 27) ^ v * 0x9e3779b1;
}

static void note(struct event *e)
{
    TIMER_INTCLEAR = 1;
    mix(e->pc);
    mix(e->exc);
    mix(SYST_CVR);
    taken++;
    event_count = 0;
}

/* Branches both ways, seldom a device, and interrupts that the loop itself asks for. */
static uint32_t loop(uint32_t x)
{
    for (uint32_t i = 0; i < ROUNDS; i++) {
        x = x * 1664525 + 1013904223;
        if (x >> 30 == 0)
            words[x & 63] += x;
        else if (x >> 29 == 7)
            words[x >> 5 & 63] ^= i;
        NVIC_ISPR = (x >> 20 & 0x1ff) == 5; /* each time; seldom to an effect */
        if (x & 1 << 19)
            words[i & 63]++;
        if ((x >> 12 & 0x3ff) == 9)
            mix(TIMER_VALUE);
        if ((x >> 9 & 0x3ff) == 3) {
            CPSID(i);
            NVIC_ISPR = 2;
            x += words[x >> 7 & 63];
            CPSIE(i);
        }
        if ((x >> 3 & 0xfff) == 77)
            TIMER_RELOAD = 900 + (x >> 25);
    }
    return x;
}

static void begin(void)
{
    action[SYSTICK] = action[IRQ0] = action[IRQ0 + 1] = action[IRQ0 + 8] = note;
    NVIC_ISER = 0x103;
    NVIC_IPR(0) = 0x40;
    NVIC_IPR(8) = 0x80;
    TIMER_RELOAD = 1201;
    TIMER_VALUE = 1201;
    TIMER_CTRL = 9;
    SYST_RVR = 1012;
    SYST_CVR = 0;
    SYST_CSR = 7;
}

int main(void)
{
    begin();
    uint32_t x = loop(1);
    MPU_CTRL = 5; /* on, with nothing but the default map */
    ISB();
    mix(loop(x));
    SYST_CSR = TIMER_CTRL = 0;
    check("the timers have interrupted the loop", taken > 5000, 1);
    print("# ");
    print_hex(seen);
    print(" ");
    print_hex(taken);
    print("\n");
    finish();
}
