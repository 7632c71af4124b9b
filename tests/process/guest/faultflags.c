/* Flags that a signal handler sees where an access is refused between what writes them and what
 * writes them again. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>

static volatile unsigned seen, where;

static void on_fault(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    seen = (unsigned)uc->uc_mcontext.arm_cpsr >> 28;
    where = where * 3 + (unsigned)info->si_addr;
    uc->uc_mcontext.arm_pc += 4;
}

/* @write has r8 and r9 to write flags from; they are loaded anew behind it, r9 from @maybe, which
 * may be refused. */
#define PROBE(name, write)                                                                         \
    static unsigned name(unsigned x, unsigned y, const void *good, const void *maybe)              \
    {                                                                                              \
        unsigned z;                                                                                \
        __asm__ volatile("mov r8, %1\n mov r9, %2\n mov r10, %1\n" write "\n ldr r8, [%3, #4]\n"   \
                         " ldr r9, [%4, #4]\n"                                                     \
                         " subs r8, r8, r10\n ldr r9, [%3]\n adds r8, r8, r9\n mov %0, r8"         \
                         : "=r"(z) : "r"(x), "r"(y), "r"(good), "r"(maybe)                         \
                         : "r8", "r9", "r10", "cc", "memory");                                     \
        return z;                                                                                  \
    }

PROBE(compare, "cmp r8, r9")
PROBE(compare_twice, "cmp r9, r8\n ldr r8, [%3]\n cmp r8, r9")
PROBE(test, "tst r8, r9")
PROBE(add, "adds r8, r8, r9")
PROBE(add_other, "adds r9, r8, r9")
PROBE(add_third, "adds r10, r8, r9")
PROBE(subtract, "subs r8, r8, r9")
PROBE(reverse, "rsbs r8, r8, r9")
PROBE(carry, "adds r8, r8, r9\n adc r10, r10, #0")
PROBE(borrow, "subs r8, r8, r9\n sbc r10, r10, #0")
PROBE(carries, "adds r8, r8, r9\n adcs r10, r10, r8")
PROBE(shift, "lsls r8, r8, #3")
PROBE(shift_right, "cmp r8, r9\n lsrs r9, r8, #5")
PROBE(step, "subs r8, r8, #1")

/* What is known of flags behind a branch: the access is refused where it was not taken, or behind
 * where both ways meet. */
#define BRANCH(name, write, cond)                                                                  \
    PROBE(name, write "\n b" cond " 9f\n ldr r9, [%4, #4]\n ldr r8, [%3, #4]\n9:")
BRANCH(equal, "cmp r8, r9", "ne")
BRANCH(unequal, "cmp r8, r9", "eq")
BRANCH(tested, "tst r8, r9", "ne")
BRANCH(added, "adds r8, r8, r9", "ne")
BRANCH(subtracted, "subs r8, r8, r9", "ne")
BRANCH(negated, "cmn r8, r9", "ne")
BRANCH(some, "cmp r8, r9\n lsls r10, r9, #1\n movs r10, r10", "ne")
PROBE(equal_carry, "cmp r8, r9\n bne 9f\n adc r10, r10, #0\n ldr r9, [%4, #4]\n9:")
PROBE(equal_select, "cmp r8, r9\n bne 9f\n add r10, r8, #1\n movcs r8, r10\n9:")
PROBE(unequal_out, "cmp r8, r9\n beq 9f\n add r10, r10, #1\n9:")

/* Addresses that are sums. */
PROBE(indexed, "cmp r8, r9\n and r10, r10, #1\n ldrb r8, [%4, r10]\n ldr r9, [%4, r10, lsl #2]")
PROBE(indexed_back, "cmp r8, r9\n and r10, r10, #1\n mov r8, #-4\n add r9, %4, #4\n"
                    " ldr r10, [r9, r8]!\n and r10, r10, #1\n add r8, r8, r10\n ldrh r8, [r9, -r8]")

static const struct {
    const char *name;
    unsigned (*probe)(unsigned, unsigned, const void *, const void *);
} probes[] = {
    {"cmp", compare}, {"cmp, cmp", compare_twice}, {"tst", test}, {"adds", add},
    {"adds to the second", add_other}, {"adds to another", add_third}, {"subs", subtract},
    {"rsbs", reverse}, {"adds, adc", carry}, {"subs, sbc", borrow}, {"adds, adcs", carries},
    {"lsls", shift}, {"cmp, lsrs", shift_right}, {"subs of a constant", step},
    {"cmp, bne", equal}, {"cmp, beq", unequal}, {"tst, bne", tested}, {"adds, bne", added},
    {"subs, bne", subtracted}, {"cmn, bne", negated}, {"cmp, lsls, movs, bne", some},
    {"cmp, bne, adc", equal_carry}, {"cmp, bne, movcs", equal_select},
    {"cmp, beq, add", unequal_out}, {"ldrb, ldr of sums", indexed},
    {"ldr, ldrh of sums", indexed_back},
};

int main(void)
{
    static const unsigned values[] = {0,          1,          2,          0x7fffffff,
                                      0x80000000, 0x80000001, 0xffffffff, 0x12345678};
    static const unsigned data[2] = {3, 0x40000000};
    struct sigaction sa = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &sa, NULL);
    for (unsigned k = 0; k < sizeof(probes) / sizeof(probes[0]); k++) {
        unsigned sum = where = 0;
        for (unsigned n = 0; n < 300000; n++) {
            unsigned x = values[n & 7], y = values[n >> 3 & 7];
            const void *maybe = n % 3001 ? (const void *)data : NULL;
            seen = 16;
            sum = sum * 31 + probes[k].probe(x, y, data, maybe) + (maybe ? 0 : seen * 0x10001);
        }
        printf("%s: %08x %08x\n", probes[k].name, sum, where);
    }
    return 0;
}
