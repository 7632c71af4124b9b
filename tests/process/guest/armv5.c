/* For ARMv5 without floating point, without a library: threads that have nothing but the kernel's
 * helpers. */
#include <asm/unistd.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <stddef.h>
#include <stdint.h>

static long call(long nr, long a, long b, long c, long d, long e, long f)
{
    register long r0 __asm__("r0") = a, r1 __asm__("r1") = b, r2 __asm__("r2") = c,
                     r3 __asm__("r3") = d;
    register long r4 __asm__("r4") = e, r5 __asm__("r5") = f, r7 __asm__("r7") = nr;
    __asm__ volatile("svc #0"
                     : "+r"(r0)
                     : "r"(r1), "r"(r2), "r"(r3), "r"(r4), "r"(r5), "r"(r7)
                     : "memory");
    return r0;
}

static void put(const char *s)
{
    size_t n = 0;
    while (s[n])
        n++;
    call(__NR_write, 1, (long)s, n, 0, 0, 0);
}

static void number(const char *what, uint32_t v)
{
    char text[10] = "";
    for (int i = 8; i-- > 0; v >>= 4)
        text[i] = "0123456789abcdef"[v & 15];
    put(what), put(" "), put(text), put("\n");
}

static int (*const cmpxchg)(int, int, volatile int *) = (void *)0xffff0fc0;
static int (*const cmpxchg64)(const int64_t *, const int64_t *,
                              volatile int64_t *) = (void *)0xffff0f60;
static void *(*const tls)(void) = (void *)0xffff0fe0;

enum { THREADS = 4, ROUNDS = 20000, STACK = 16384 };
static volatile int counter, wrong;
static volatile int64_t wide = 0x7fffff00, more;
static volatile int done[THREADS];
static char stacks[THREADS][STACK] __attribute__((aligned(8)));

static void add(volatile int *p, int n)
{
    int old;
    do
        old = *p;
    while (cmpxchg(old, old + n, p));
}

static void __attribute__((used)) thread(int i)
{
    for (int k = 0; k < ROUNDS; k++) {
        int64_t old, new;
        add(&counter, 1);
        do {
            old = wide;
            new = old + 1;
        } while (cmpxchg64(&old, &new, &wide));
        if (tls() != (void *)&done[i])
            wrong = 1;
    }
    call(__NR_exit, 0, 0, 0, 0, 0, 0);
}

/* The child begins with its number on the stack. */
static long start(int i)
{
    uint32_t *sp = (uint32_t *)(stacks[i] + STACK) - 2;
    *sp = i;
    register long r0 __asm__("r0") = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
                                     CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS |
                                     CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID;
    register long r1 __asm__("r1") = (long)sp, r2 __asm__("r2") = 0,
                     r3 __asm__("r3") = (long)&done[i];
    register long r4 __asm__("r4") = (long)&done[i], r7 __asm__("r7") = __NR_clone;
    __asm__ volatile("svc #0\n    cmp r0, #0\n    ldreq r0, [sp]\n    beq thread"
                     : "+r"(r0)
                     : "r"(r1), "r"(r2), "r"(r3), "r"(r4), "r"(r7)
                     : "memory", "cc");
    return r0;
}

static void __attribute__((used)) begin(void)
{
    for (int i = 0; i < THREADS; i++)
        done[i] = -1;
    for (int i = 0; i < THREADS; i++)
        if (start(i) < 0)
            put("no thread\n");
    for (int i = 0; i < THREADS; i++)
        for (int v; (v = done[i]); )
            call(__NR_futex, (long)&done[i], FUTEX_WAIT, v, 0, 0, 0);
    number("counter", counter);
    number("wide", (uint32_t)wide);
    number("high", (uint32_t)(wide >> 32));
    number("wrong", wrong);
    number("refused", cmpxchg(counter + 1, 0, &counter) != 0);
    number("version", *(const volatile uint32_t *)0xffff0ffc >= 2);
    call(__NR_exit_group, cmpxchg(0, 1, (volatile int *)16) + 100, 0, 0, 0, 0, 0); /* faults */
}

__asm__("    .globl _start\n_start:\n    bic sp, sp, #7\n    bl begin\n");
