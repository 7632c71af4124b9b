/* Pages that are written to and executed in turn, with and without a word to the kernel. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, ROUNDS = 50 };
#define RETURN 0xe12fff1eu
#define MOV_R0(n) (0xe3a00000u | (n)) /* mov r0, #n */

static sigjmp_buf back;

static void *map(size_t size)
{
    return mmap(NULL, size, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static int call(const void *code)
{
    return ((int (*)(void))code)();
}

static void on_segv(int sig)
{
    siglongjmp(back, 1);
}

/* Returns -1 for code that is not there. */
static int try_call(const void *code)
{
    signal(SIGSEGV, on_segv);
    return sigsetjmp(back, 1) ? -1 : call(code);
}

/* Code is changed, with data beside it, and nobody is told. The host's caches are coherent. */
static void silent_changes(void)
{
    volatile uint32_t *code = map(PAGE);
    int sum = 0, wrong = 0;
    code[1] = RETURN;
    for (int i = 0; i < ROUNDS; i++) {
        code[512] = (uint32_t)i;
        code[0] = MOV_R0(i);
        sum += call((void *)code);
        wrong += call((void *)code) != i;
    }
    printf("silent %d wrong %d\n", sum, wrong);
    for (int i = 0; i < ROUNDS; i++) /* the second word alone */
        code[1] = i % 2 ? RETURN : 0xe2800001, code[2] = RETURN, sum += call((void *)code);
    printf("second %d\n", sum);
    volatile uint16_t *thumb = (volatile uint16_t *)(code + 100) + 1; /* not a multiple of 4 */
    for (int i = 0; i < ROUNDS; i++) {
        thumb[0] = (uint16_t)(0x2000 | i); /* movs r0, #i */
        thumb[1] = 0x4770;
        thumb[-1] = (uint16_t)i;
        wrong += call((void *)((uintptr_t)thumb | 1)) != i;
    }
    printf("thumb wrong %d\n", wrong);
}

/* A loop that changes an instruction behind itself. */
static void changes_ahead(void)
{
    static const uint32_t body[] = {
        0xe3a01000, /* mov r1, #0 */
        0xe59f3018, /* ldr r3, [pc, #24]: at 0x24 */
        0xe58f3004, /* str r3, [pc, #4]: at 0x14 */
        0xe320f000, /* nop */
        0xea000000, /* b 0x18 - over nothing */
        0xe2811000, /* 0x14: add r1, r1, #0 */
        0xe2811001, /* 0x18: add r1, r1, #1 */
        0xe1a00001, /* mov r0, r1 */
        RETURN, 0xe2811007, /* 0x24: add r1, r1, #7 */
    };
    uint32_t *code = map(PAGE);
    int sum = 0;
    for (int i = 0; i < ROUNDS; i++) {
        memcpy(code, body, sizeof(body));
        sum += call(code);
        code[4] = 0xe320f000;
        sum += call(code + 4);
    }
    printf("ahead %d\n", sum);
}

/* The kernel is told about code; constants beside it change without. */
static void told(void)
{
    uint32_t *code = map(2 * PAGE);
    int sum = 0, wrong = 0;
    code[0] = 0xe59f0004; /* ldr r0, [pc, #4] */
    code[1] = RETURN;
    __builtin___clear_cache(code, code + 2);
    for (int i = 0; i < ROUNDS; i++) {
        code[3] = (uint32_t)i;
        wrong += call(code) != i;
    }
    printf("constants wrong %d\n", wrong);
    for (int i = 0; i < ROUNDS; i++) {
        uint32_t *f = code + PAGE / 4 - 4 + i % 8; /* on both sides of the pages' border */
        f[0] = MOV_R0(i);
        f[1] = RETURN;
        __builtin___clear_cache(f, f + 2);
        sum += call(f);
        __builtin___clear_cache(f, f + 2); /* nothing has changed */
        sum += call(f);
    }
    printf("told %d\n", sum);
}

/* What was known about a page is not true of the next one there. */
static void mapped_anew(void)
{
    uint32_t *code = map(PAGE);
    for (int i = 0; i < ROUNDS; i++) {
        code[0] = MOV_R0(i);
        code[1] = RETURN;
        code[512] = (uint32_t)i;
        if (i >= ROUNDS / 2)
            __builtin___clear_cache(code, code + 2);
        call(code);
    }
    mprotect(code, PAGE, PROT_READ | PROT_WRITE);
    printf("no rights %d\n", try_call(code));
    code[0] = MOV_R0(77);
    mprotect(code, PAGE, PROT_READ | PROT_EXEC);
    printf("rights %d\n", try_call(code));
    munmap(code, PAGE);
    printf("nothing %d\n", try_call(code));
    mmap(code, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
         -1, 0);
    code[0] = MOV_R0(78);
    code[1] = RETURN;
    printf("other %d\n", try_call(code));
    code[0] = MOV_R0(79);
    printf("changed %d\n", try_call(code));
    uint32_t *moved = mremap(code, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, map(PAGE));
    printf("moved %d, from %d\n", try_call(moved), try_call(code));
}

/* The kernel writes to a page with code. */
static void read_into(void)
{
    uint32_t *code = map(PAGE), text[2] = {0, RETURN};
    int fd[2], wrong = 0;
    pipe(fd);
    for (int i = 0; i < ROUNDS; i++) {
        text[0] = MOV_R0(i);
        write(fd[1], text, sizeof(text));
        read(fd[0], code, sizeof(text));
        code[512] = (uint32_t)i;
        wrong += call(code) != i;
    }
    printf("read wrong %d\n", wrong);
}

/* Functions that use their parents' variables are called through code on the stack. */
static __attribute__((noinline)) int trampoline(int x, int (*volatile *keep)(int))
{
    int add(int y) { return x + y; }
    int (*volatile f)(int) = add;
    *keep = f;
    return f(1) + (*keep)(2);
}

int main(void)
{
    int (*volatile keep)(int);
    int sum = 0;
    silent_changes();
    changes_ahead();
    told();
    mapped_anew();
    read_into();
    for (int i = 0; i < ROUNDS; i++)
        sum += trampoline(i, &keep);
    printf("trampolines %d\n", sum);
    return 0;
}
