/* Between start.c and the kernels. */
#ifndef KERNELS_H
#define KERNELS_H

#include <stdint.h>

/** A kernel: @rounds of it, and a number that depends on all results. */
struct kernel {
    const char *name;
    uint32_t (*run)(uint32_t rounds);
    uint32_t rounds; /* by default */
};
extern const struct kernel integer_kernels[], float_kernels[];

/** Do what the command line says: "KERNEL [ROUNDS]", or list them. The exit status. */
int run(char *line);
void say(const char *text);

/** The next of a row of numbers that look random. */
uint32_t next_random(void);

#endif
