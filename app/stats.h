/* --stats. */
#ifndef ARMEMU_APP_STATS_H
#define ARMEMU_APP_STATS_H

#include <stdint.h>
#include <stdio.h>

#include "vm/vm.h"

/** Print what happened in @vm, which ran for @wall_ns, as lines `name: value`; the names are
 * stable, since bench/ reads them. Times are in microseconds, memory in KiB. */
void stats_print(struct vm *vm, int64_t wall_ns, FILE *out);

/** What a deterministic run comes to: instructions, guest time, a hash of the state. */
void stats_print_icount(struct vm *vm, FILE *out);

#endif
