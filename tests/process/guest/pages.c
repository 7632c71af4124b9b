/* Hot code that jumps to other pages and to the other instruction set, and an instruction that lies
 * in two pages, while those pages come and go. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

enum { PAGE = 4096, ROUNDS = 100000 };
enum { LOOP, ARM, THUMB, FIRST, SECOND, PAGES };
#define ADD_R5(n) (0xe2855000u | (n))
#define BX_LR     0xe12fff1eu

static uint8_t *base;
static sigjmp_buf back;
static uintptr_t fault_pc, fault_address, fault_lr, fault_r4;

static uint32_t *page(unsigned n)
{
    return (uint32_t *)(base + n * PAGE);
}

/* B, BL and BLX (to Thumb) from @at to @to. */
static uint32_t branch(uint32_t opcode, const uint32_t *at, const void *to)
{
    intptr_t distance = (const uint8_t *)to - (const uint8_t *)at - 8;
    return opcode | ((uint32_t)(distance >> 2) & 0xffffff);
}

static void map(unsigned n, const uint32_t *code, size_t size)
{
    mmap(page(n), PAGE, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memcpy(page(n), code, size);
    mprotect(page(n), PAGE, PROT_READ | PROT_EXEC);
}

/* int loop(int rounds, int *p): r4 counts, r5 is the sum. Its first page calls the two others. */
static void map_loop(void)
{
    uint32_t *at = page(LOOP);
    const uint32_t code[] = {
        0xe92d4070, /* push {r4, r5, r6, lr} */
        0xe1a04000, /* mov r4, r0 */
        0xe1a06001, /* mov r6, r1 */
        0xe3a05000, /* mov r5, #0 */
        branch(0xeb000000, at + 4, page(ARM)),
        branch(0xfa000000, at + 5, page(THUMB)),
        0xe2544001, /* subs r4, r4, #1 */
        0x1afffffb, /* bne to the calls */
        0xe1a00005, /* mov r0, r5 */
        0xe8bd8070, /* pop {r4, r5, r6, pc} */
        BX_LR,      /* where the ARM page goes */
    };
    map(LOOP, code, sizeof(code));
}

static void map_arm(uint32_t insn)
{
    const uint32_t code[] = {insn, branch(0xea000000, page(ARM) + 1, page(LOOP) + 10)};
    map(ARM, code, sizeof(code));
}

static void map_thumb(unsigned n)
{
    const uint16_t code[] = {(uint16_t)(0x3500 | n) /* adds r5, #n */, 0x4770};
    map(THUMB, (const uint32_t *)code, sizeof(code));
}

static uint16_t *halfword(unsigned offset)
{
    return (uint16_t *)(base + FIRST * PAGE + offset);
}

/* int count(int rounds): the add.w lies in both pages. */
enum { COUNT = PAGE - 8, ADD_W = PAGE - 2 };

/* Code that is written has to be told where it may be written to all the time. */
static int always;

static void seal(void *at)
{
    void *start = (void *)((uintptr_t)at & -PAGE);
    if (always)
        __builtin___clear_cache(start, (char *)start + PAGE);
    else
        mprotect(start, PAGE, PROT_READ | PROT_EXEC);
}

static void map_halves(uint16_t *at, const uint16_t *code, size_t size)
{
    mmap((void *)((uintptr_t)at & -PAGE), PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
         MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memcpy(at, code, size);
    seal(at);
}

static void map_first(uint16_t add)
{
    const uint16_t code[] = {
        0x2300, /* movs r3, #0 */
        0x3801, /* subs r0, #1 */
        0xbf00, /* nop */
        add,    /* add.w r3, r3, #... */
    };
    map_halves(halfword(COUNT), code, sizeof(code));
}

static void map_second(uint16_t number)
{
    const uint16_t code[] = {
        number,
        0xd1fa, /* bne to the subs */
        0x4618, /* mov r0, r3 */
        0x4770, /* bx lr */
    };
    map_halves(halfword(PAGE), code, sizeof(code));
}

static void put(unsigned offset, uint16_t value)
{
    uint16_t *at = halfword(offset);
    if (!always)
        mprotect((void *)((uintptr_t)at & -PAGE), PAGE, PROT_READ | PROT_WRITE);
    *at = value;
    seal(at);
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
    const mcontext_t *m = &((ucontext_t *)context)->uc_mcontext;
    fault_pc = m->arm_pc;
    fault_lr = m->arm_lr;
    fault_r4 = m->arm_r4;
    fault_address = (uintptr_t)info->si_addr;
    siglongjmp(back, 1);
}

static void run(const char *what, int *loaded)
{
    if (!sigsetjmp(back, 1)) {
        printf("%s: %d\n", what, ((int (*)(int, int *))page(LOOP))(ROUNDS, loaded));
        return;
    }
    printf("%s: pc %+ld, address %+ld, lr %+ld, %lu rounds left\n", what,
           (long)(fault_pc - (uintptr_t)base), (long)(fault_address - (uintptr_t)base),
           (long)(fault_lr - (uintptr_t)base), (unsigned long)fault_r4);
}

static int count(int rounds)
{
    return ((int (*)(int))((uintptr_t)halfword(COUNT) | 1))(rounds);
}

static void run_count(const char *what)
{
    if (!sigsetjmp(back, 1))
        printf("two pages, %s: %d\n", what, count(ROUNDS));
    else
        printf("two pages, %s: pc %+ld, address %+ld\n", what, (long)(fault_pc - (uintptr_t)base),
               (long)(fault_address - (uintptr_t)base));
}

static void two_pages(void)
{
    enum { ADD = 0xf103, SUB = 0xf1a3 };
    map_first(ADD);
    map_second(0x0301);
    run_count("first");
    put(PAGE, 0x0302);
    run_count("second half written");
    put(ADD_W, SUB);
    run_count("first half written");
    put(PAGE + 8, 0);
    put(PAGE - 10, 0);
    run_count("others written");
    map_second(0x0303);
    run_count("second replaced");
    map_first(ADD);
    run_count("first replaced");
    mprotect(page(SECOND), PAGE, PROT_READ | PROT_WRITE);
    run_count("second not executable");
    mprotect(page(SECOND), PAGE, PROT_READ | PROT_EXEC);
    run_count("second executable");
    munmap(page(SECOND), PAGE);
    run_count("second gone");
    map_second(0x0304);
    run_count("second back");
    for (unsigned n = 0; n < 200; n++) {
        put(n & 1 ? PAGE : ADD_W, n & 1 ? 0x0300 | n : n & 2 ? ADD : SUB);
        if (n % 20 == 19)
            run_count("often");
        else
            count(3);
    }
}

int main(void)
{
    struct sigaction sa = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &sa, NULL);
    base = mmap(NULL, (PAGES + 1) * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    map_loop();
    map_arm(ADD_R5(1));
    map_thumb(2);
    run("first", NULL);
    map_arm(ADD_R5(10));
    run("ARM page replaced", NULL);
    map_thumb(20);
    run("Thumb page replaced", NULL);
    mprotect(page(ARM), PAGE, PROT_READ);
    run("not executable", NULL);
    mprotect(page(ARM), PAGE, PROT_READ | PROT_EXEC);
    run("executable again", NULL);
    munmap(page(THUMB), PAGE);
    run("gone", NULL);
    map_thumb(3);
    run("back", NULL);
    mprotect(page(ARM), PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
    page(ARM)[0] = ADD_R5(4);
    __builtin___clear_cache((char *)page(ARM), (char *)page(ARM) + PAGE);
    run("written to", NULL);
    map_arm(0xe5960000); /* ldr r0, [r6] */
    int zero = 0;
    run("loads", &zero);
    run("loads what is not there", (int *)(base + PAGES * PAGE));
    two_pages();
    always = 1;
    two_pages();
    return 0;
}
