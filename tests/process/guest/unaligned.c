/* Loops whose accesses demand alignment: addresses that stay aligned, and such that stop to be. */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <ucontext.h>

static sigjmp_buf out;
static const char *volatile where;
static volatile unsigned base; /* r0 where it was */

static void on_fault(int sig, siginfo_t *info, void *context)
{
    where = info->si_addr;
    base = (unsigned)((ucontext_t *)context)->uc_mcontext.arm_r0;
    siglongjmp(out, 1);
}

static _Alignas(8) char bytes[1 << 16];

/* Load words by @load from r0 on, r0 stepping by r2, r1 times. Returns the rounds that are left. */
#define LOOP(name, load)                                                                           \
    static unsigned name(const char *p, unsigned rounds, unsigned step)                            \
    {                                                                                              \
        register const char *r0 __asm__("r0") = p;                                                 \
        register unsigned r1 __asm__("r1") = rounds;                                               \
        register unsigned r2 __asm__("r2") = step;                                                 \
        __asm__ volatile("1: " load "\n subs r1, r1, #1\n bne 1b"                                  \
                         : "+r"(r0), "+r"(r1), "+r"(r2) : : "r4", "r5", "d6", "cc", "memory");     \
        return r1;                                                                                 \
    }

LOOP(by_four, "ldmia r0, {r4, r5}\n add r0, r0, #4")
LOOP(by_two, "ldmia r0, {r4, r5}\n add r0, r0, #2")
LOOP(by_register, "ldmia r0, {r4, r5}\n add r0, r0, r2")
LOOP(by_four_and_two, "vldr d6, [r0]\n add r0, r0, #4\n add r0, r0, #2")
LOOP(aligned_hint, ".fpu neon\n vld1.8 {d6}, [r0 :64]\n add r0, r0, #8")
LOOP(half_of_hint, ".fpu neon\n vld1.8 {d6}, [r0 :64]\n add r0, r0, #4")
LOOP(sometimes,
     "tst r1, #512\n it ne\n vldrne d6, [r0]\n it eq\n addeq r0, r0, #3\n add r0, r0, #1")

LOOP(pairs_by_two, "ldrd r4, r5, [r0], #2")
LOOP(pairs_stored, "strd r4, r5, [r0, #8]\n add r0, r0, #2")
LOOP(pairs_along, "ldrd r4, r5, [r0], #4")
LOOP(pairs_stored_along, "strd r4, r5, [r0, #4]!")

/* Registers that pairs are loaded to and stored from, by all kinds of addresses. */
static unsigned pairs(const unsigned *from, unsigned *to, unsigned rounds)
{
    register unsigned r0 __asm__("r0"), r1 __asm__("r1"), r4 __asm__("r4"), r5 __asm__("r5");
    unsigned sum = 0;
    while (rounds--) {
        const unsigned *p = from + rounds % 16;
        unsigned *q = to + rounds % 8;
        __asm__ volatile("ldrd r4, r5, [%4, #4]!\n ldrd r0, r1, [%4], #-8\n strd r4, r5, [%5]\n"
                         "strd r0, r1, [%5, #12]!\n str r4, [%5]\n ldrd r0, r1, [%5, #-4]\n"
                         "mov r4, %5\n ldrd r4, r5, [r4]"
                         : "=&r"(r0), "=&r"(r1), "=&r"(r4), "=&r"(r5), "+&r"(p), "+&r"(q)
                         : : "memory");
        sum = sum * 31 + r0 + 3 * r1 + 5 * r4 + 7 * r5 + (unsigned)(p - from) + (unsigned)(q - to);
    }
    return sum;
}

/* Pairs of which the second word is not there. */
static void pair_ends(const char *name, unsigned (*loop)(const char *, unsigned, unsigned))
{
    char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(page + 4096, 4096, PROT_NONE);
    if (!sigsetjmp(out, 1))
        loop(page, 4000, 0);
    printf("%s: in the second page %d, base %d\n", name, where >= page + 4092,
           (int)(base - (unsigned)page));
    munmap(page, 8192);
}

static void show(const char *name, unsigned (*loop)(const char *, unsigned, unsigned),
                 unsigned start, unsigned step)
{
    where = NULL;
    if (sigsetjmp(out, 1))
        printf("%s, from %u by %u: refused at %d\n", name, start, step, (int)(where - bytes));
    else
        printf("%s, from %u by %u: %u left\n", name, start, step, loop(bytes + start, 4000, step));
}

int main(void)
{
    struct sigaction sa = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    sigaction(SIGBUS, &sa, NULL);
    for (int round = 0; round < 300; round++)
        by_four(bytes, 8000, 0), by_register(bytes, 8000, 4), aligned_hint(bytes, 8000, 0);
    /* the first round of loops whose second is refused */
    for (int round = 0; round < 2000000; round++)
        by_two(bytes, 1, 0), by_four_and_two(bytes, 1, 0), half_of_hint(bytes, 1, 0),
            sometimes(bytes, 1, 0);
    show("by four", by_four, 0, 0);
    show("by four", by_four, 6, 0);
    show("by two", by_two, 0, 0);
    show("by a register", by_register, 0, 8);
    show("by a register", by_register, 4, 6);
    show("by four and two", by_four_and_two, 0, 0);
    show("aligned hint", aligned_hint, 8, 0);
    show("aligned hint", aligned_hint, 4, 0);
    show("half of the hint", half_of_hint, 0, 0);
    show("sometimes", sometimes, 0, 0);
    show("pairs", pairs_by_two, 0, 0);
    show("pairs", pairs_stored, 8, 0);
    unsigned from[24], to[24] = {0};
    for (unsigned k = 0; k < 24; k++)
        from[k] = k * 0x9e3779b9u;
    sigaction(SIGSEGV, &sa, NULL);
    pair_ends("ldrd", pairs_along);
    pair_ends("strd", pairs_stored_along);
    printf("pairs %08x", pairs(from, to, 1000000));
    for (unsigned k = 0; k < 24; k++)
        printf(" %x", to[k]);
    puts("");
    return 0;
}
