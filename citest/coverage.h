/* Which lines, branches and functions of the images were executed, from their DWARF to LCOV. */
#ifndef ARMEMU_CITEST_COVERAGE_H
#define ARMEMU_CITEST_COVERAGE_H

#include "util/error.h"

#include <stdint.h>

/* What a test's process writes: instructions from start to end were executed, and when taken is not
 * GUEST_BRANCH_NONE the conditional branch there went that way. */
struct coverage_entry {
    uint32_t start, end, branch, taken;
};

struct coverage;

struct coverage *coverage_new(void);
void coverage_free(struct coverage *cov);

/** Add what a run of @image executed, which the file @fd has as entries. */
void coverage_add(struct coverage *cov, const char *image, int fd);

/** Write all as LCOV's tracefile; it appears complete or not at all. Images without line tables are
 * named in @e, and so are other errors. */
bool coverage_write(struct coverage *cov, const char *path, struct error *e);

#endif
