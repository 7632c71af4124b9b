/* A board without a CPU: the test makes the accesses, moves the clock, and sees the lines that
 * would lead to the CPU. */
#ifndef ARMEMU_TESTS_MACHINES_BENCH_H
#define ARMEMU_TESTS_MACHINES_BENCH_H

#include <stdint.h>

#include "machines/internal.h"

struct board_bench {
    struct physmap *map;
    int64_t now, step;
    struct clock clock;
    struct timer_queue timers;
    struct device_env env;
    struct board board;
    int level[256];  /* of the NVIC's inputs; from 240 on of the CPUs' IRQ and FIQ */
    unsigned resets; /* asked for by the board */
    uint32_t cpu_hz; /* as the board's clock controller said last; 0: never */
};

extern struct board_bench bb;

void bb_build(const char *machine);
/** A board with all its CPUs, and what its serial ports and network interfaces lead to. */
void bb_build_connected(const struct machine *m, struct chardev *const *serial,
                        const struct board_nic *nic);
void bb_free(void);
/* Accesses of 32 bits, which must be possible. */
uint32_t bb_rd(uint32_t addr);
void bb_wr(uint32_t addr, uint32_t value);
void bb_wr_size(uint32_t addr, unsigned size, uint64_t value);
/** Move the clock on by @ns, running timers at their deadlines. */
void bb_advance(int64_t ns);
/** Move the clock on by @ns whenever anything looks at it, as it goes on on a host. */
void bb_step(int64_t ns);
/** Move the clock on by @ns without running timers, as when the host is late. */
void bb_stall(int64_t ns);
/** The one interrupt that is high; -1 if there is none, -2 if there are several. */
int bb_irq(void);
/** Drive input @n of the device called @name. */
void bb_drive(const char *name, unsigned n, int level);

#endif
