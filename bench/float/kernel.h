/* What the kernels of bench/float share: a program has a table of kernels, and runs the one that
 * its first argument names as often as the second says. It prints a checksum, which depends on
 * every result and is the same everywhere. */
#ifndef BENCH_FLOAT_KERNEL_H
#define BENCH_FLOAT_KERNEL_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct kernel {
    const char *name;
    double (*run)(unsigned count);
    unsigned count; /* for about a second under QEMU */
};

/* Before a repetition: the compiler must neither take anything from the one before, nor leave out
 * what it has written to @memory. */
static inline void repeat(const void *memory)
{
    __asm__ volatile("" ::"r"(memory) : "memory");
}

static int kernel_main(int argc, char **argv, const struct kernel *k, unsigned n)
{
    for (; argc > 1 && n--; k++)
        if (!strcmp(argv[1], k->name)) {
            printf("%.17g\n", k->run(argc > 2 ? (unsigned)atoi(argv[2]) : k->count));
            return 0;
        }
    if (argc > 1)
        return 1;
    while (n--)
        printf("%s %u\n", k->name, k->count), k++;
    return 0;
}

#endif
