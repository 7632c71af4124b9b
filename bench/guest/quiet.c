/* Work for a debugger to watch: loads, stores, branches, calls. Built for Linux, or with BARE for a
 * machine without an operating system (code and data at 0x40010000). The argument of main, or
 * ROUNDS, says how much. */
#include <stdint.h>
#ifndef BARE
#include <stdio.h>
#include <stdlib.h>
#endif

enum { WORDS = 1 << 14, BYTES = 1 << 14 };

/* what nobody accesses, in pages of its own */
__attribute__((aligned(65536))) volatile uint32_t quiet[16384];
__attribute__((aligned(65536))) static uint32_t words[WORDS];
static uint8_t bytes[BYTES];

static uint32_t fill(uint32_t x)
{
    for (unsigned i = 0; i < WORDS; i++) {
        x = x * 1664525 + 1013904223;
        words[i] = x;
        bytes[i % BYTES] = (uint8_t)(x >> 24);
    }
    return x;
}

static void sort(uint32_t *a, int low, int high)
{
    while (low < high) {
        uint32_t pivot = a[(low + high) / 2];
        int i = low, j = high;
        while (i <= j) {
            while (a[i] < pivot)
                i++;
            while (a[j] > pivot)
                j--;
            if (i <= j) {
                uint32_t t = a[i];
                a[i++] = a[j];
                a[j--] = t;
            }
        }
        sort(a, low, j);
        low = i;
    }
}

static uint32_t hash(void)
{
    uint32_t h = 2166136261u;
    for (unsigned i = 0; i < BYTES; i++)
        h = (h ^ bytes[i]) * 16777619u;
    return h;
}

__attribute__((noinline)) uint32_t round_done(uint32_t x)
{
    return x;
}

static uint32_t work(unsigned rounds)
{
    uint32_t x = 1;
    for (unsigned i = 0; i < rounds; i++) {
        x = fill(x);
        sort(words, 0, WORDS - 1);
        x = round_done(x ^ hash() ^ words[WORDS / 3]);
    }
    return x;
}

#ifdef BARE
void start(void)
{
    work(ROUNDS);
    register uint32_t r0 __asm__("r0") = 0x84000008; /* PSCI SYSTEM_OFF */
    __asm__ volatile(".arch_extension virt\nhvc #0" : "+r"(r0));
    for (;;)
        ;
}

__asm__(".text\n.arm\n.global _start\n_start: ldr sp, =0x40400000\nb start\n.ltorg\n");
#else
int main(int argc, char **argv)
{
    printf("%08x\n", work(argc > 1 ? (unsigned)atoi(argv[1]) : 100));
    return 0;
}
#endif
