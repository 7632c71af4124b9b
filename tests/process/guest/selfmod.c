/* Code that is written while the program runs, and the kernel's helpers. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

static void clear(void *p, size_t n)
{
    __builtin___clear_cache(p, (char *)p + n);
}

int main(void)
{
    uint32_t *code = mmap(NULL, 8192, PROT_READ | PROT_WRITE | PROT_EXEC,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int (*f)(void) = (int (*)(void))code;
    int sum = 0;
    for (int i = 0; i < 2000; i++) {
        code[0] = 0xe3000000 | (i & 0xfff) | (i >> 12) << 16; /* movw r0, #i */
        code[1] = 0xe12fff1e;                                 /* bx lr */
        clear(code, 8);
        sum += f();
    }
    printf("sum %d\n", sum);
    code[1] = 0xe2800001; /* add r0, r0, #1; then data in the same page changes */
    code[2] = 0xe12fff1e;
    clear(code, 12);
    for (int i = 0; i < 1000; i++) {
        code[512] = (uint32_t)i;
        sum += f() + (int)code[512];
    }
    printf("sum %d\n", sum);
    mprotect(code, 4096, PROT_READ | PROT_EXEC);
    printf("f %d\n", f());
    mprotect(code, 4096, PROT_READ | PROT_WRITE);
    code[0] = 0xe3a00005; /* mov r0, #5 */
    mprotect(code, 4096, PROT_READ | PROT_EXEC);
    clear(code, 4);
    printf("f %d\n", f());
    munmap(code, 8192);
    uint32_t *again = mmap(code, 8192, PROT_READ | PROT_WRITE | PROT_EXEC,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    again[0] = 0xe3a00009;
    again[1] = 0xe12fff1e;
    clear(again, 8);
    printf("f %d\n", f());
    uint16_t *thumb = (uint16_t *)(again + 100);
    thumb[0] = 0x2007; /* movs r0, #7 */
    thumb[1] = 0x4770; /* bx lr */
    clear(thumb, 4);
    printf("thumb %d\n", ((int (*)(void))((uintptr_t)thumb | 1))());

    int (*cmpxchg)(int, int, volatile int *) = (void *)0xffff0fc0;
    int (*cmpxchg64)(const int64_t *, const int64_t *, volatile int64_t *) = (void *)0xffff0f60;
    void (*barrier)(void) = (void *)0xffff0fa0;
    void *(*tls)(void) = (void *)0xffff0fe0;
    volatile int v = 3;
    volatile int64_t w = 0x100000002ll;
    const int64_t old = 0x100000002ll, new = 0x500000006ll, wrong = 1;
    printf("version %d\n", *(const int *)0xffff0ffc >= 5);
    printf("cmpxchg %d", cmpxchg(4, 9, &v) != 0);
    printf(" %d %d\n", cmpxchg(3, 9, &v), v);
    printf("cmpxchg64 %d", cmpxchg64(&wrong, &new, &w) != 0);
    printf(" %d %llx\n", cmpxchg64(&old, &new, &w), (long long)w);
    barrier();
    printf("tls %d\n", tls() == __builtin_thread_pointer());
    return 0;
}
