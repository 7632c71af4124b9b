/*
 * A small scheduler: three threads on stacks of their own, switched by PendSV, unprivileged, each
 * with an MPU region for its stack alone and floating-point values that must survive. Counts are
 * exact.
 */
#include "rt.h"

enum { THREADS = 3, ROUNDS = 500, STACK = 1024 };

struct thread {
    uint32_t *sp;
    uint32_t exc_return;
    uint32_t rounds, faults, wrong;
};

static uint32_t stacks[THREADS][STACK / 4] __attribute__((aligned(STACK)));
static struct thread threads[THREADS];
struct thread *current;
static uint32_t switches, yields, nested;
static uint32_t ram_vectors[64] __attribute__((aligned(256)));

static void protect(const struct thread *t)
{
    MPU_RBAR = (uint32_t)stacks[t - threads] | 1 << 4 | 7;
    MPU_RASR = 1u << 28 | 3u << 24 | 9 << 1 | 1; /* all may read and write, none execute */
}

uint32_t *switch_thread(uint32_t *sp)
{
    current->sp = sp;
    for (int tries = 0; tries < THREADS; tries++) {
        current = current == &threads[THREADS - 1] ? threads : current + 1;
        if (current->rounds < ROUNDS)
            break;
    }
    switches++;
    protect(current);
    return current->sp;
}

__attribute__((naked)) static void pendsv(void)
{
    __asm__("mrs r0, psp\n"
            "tst lr, #16\n"
            "it eq\n"
            "vstmdbeq r0!, {s16-s31}\n"
            "stmdb r0!, {r4-r11, lr}\n"
            "bl switch_thread\n"
            "ldmia r0!, {r4-r11, lr}\n"
            "tst lr, #16\n"
            "it eq\n"
            "vldmiaeq r0!, {s16-s31}\n"
            "msr psp, r0\n"
            "bx lr\n");
}

static void report(void)
{
    for (int n = 0; n < THREADS; n++) {
        check("floating-point values that got lost", threads[n].wrong, 0);
        check("MPU faults", threads[n].faults, ROUNDS / 10);
    }
    /* Each thread calls once more when it is through; the last of these calls ends here. */
    check("yields", yields, THREADS * (ROUNDS + 1));
    check("switches", switches, yields - 1);
    check("interrupts of SVC with floating point", nested, yields - 1);
    finish();
}

/* Yield. It uses floating point, and is interrupted before PendSV comes. */
static void on_svc(struct event *e)
{
    yields++;
    if (threads[0].rounds + threads[1].rounds + threads[2].rounds == THREADS * ROUNDS)
        report();
    event_count = 0;
    __asm__ volatile("vmov s0, %0\n vmov s15, %0\n vadd.f32 s0, s0, s15" :: "r"(0x3f800000));
    ICSR = PENDSVSET;
    NVIC_ISPR = 1;
}

static void on_irq(struct event *e)
{
    nested += e->exc_return == 0xffffffe1; /* of SVC, which uses floating point */
    event_count = 0;
}

static void on_fault(struct event *e)
{
    current->faults += e->cfsr == (F_DACCVIOL | F_MMARVALID) &&
                       e->mmfar == (uint32_t)&stacks[(current - threads + 1) % THREADS];
    e->frame[6] += 4; /* the store is a 32-bit instruction */
    event_count = 0;
}

static void thread_main(uint32_t n)
{
    uint32_t *other = stacks[(n + 1) % THREADS];
    uint32_t low, high, one = 0x3f800000 + (n << 16), two = 0x40000000 + (n << 16);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        __asm__ volatile("vmov s1, %0\n vmov s31, %1" :: "r"(one + round), "r"(two + round));
        SVC_CALL(1);
        __asm__ volatile("vmov %0, s1\n vmov %1, s31" : "=r"(low), "=r"(high));
        if (low != one + round || high != two + round)
            threads[n].wrong++;
        if (round % 10 == 0)
            __asm__ volatile("str.w %0, [%1]" :: "r"(n), "r"(other) : "memory");
        threads[n].rounds = round + 1;
    }
    for (;;)
        SVC_CALL(2);
}

static void start_thread(unsigned n)
{
    uint32_t *sp = stacks[n] + STACK / 4 - 8;
    sp[0] = n;
    sp[6] = (uint32_t)thread_main & ~1u;
    sp[7] = 1u << 24;
    sp -= 9;
    sp[8] = 0xfffffffd;
    threads[n].sp = sp;
}

int main(void)
{
    extern uint32_t vectors[];
    for (int i = 0; i < 64; i++)
        ram_vectors[i] = vectors[i];
    ram_vectors[PENDSV] = (uint32_t)pendsv;
    VTOR = (uint32_t)ram_vectors;
    CPACR = 0x00f00000;
    SHCSR = 0x70000;
    SHPR(SVC) = 0x80;
    SHPR(PENDSV) = 0xff;
    NVIC_IPR(0) = 0x40;
    NVIC_ISER = 1;
    action[SVC] = on_svc;
    action[IRQ0] = on_irq;
    action[MEM] = on_fault;
    for (unsigned n = 0; n < THREADS; n++)
        start_thread(n);
    /* Code and data for all, but not the stacks. */
    MPU_RBAR = 0 | 1 << 4 | 0;
    MPU_RASR = 6u << 24 | 17 << 1 | 1;
    MPU_RBAR = 0x20000000 | 1 << 4 | 1;
    MPU_RASR = 1u << 28 | 3u << 24 | 16 << 1 | 1;
    for (unsigned n = 0; n < THREADS; n++) {
        MPU_RBAR = (uint32_t)stacks[n] | 1 << 4 | (2 + n);
        MPU_RASR = 1u << 28 | 1u << 24 | 9 << 1 | 1; /* privileged code only */
    }
    current = threads;
    protect(current);
    MPU_CTRL = 5;
    ISB();
    /* This becomes the first thread. */
    uint32_t *sp = current->sp + 9;
    MSR(psp, (uint32_t)(sp + 8));
    __asm__ volatile("movs r0, #3\n msr control, r0\n isb\n movs r0, #0\n bx %0"
                     :: "r"((uint32_t)thread_main | 1) : "r0");
    __builtin_unreachable();
}
