/* Which lines, branches and functions of the images were executed, from their DWARF to LCOV. */
#ifndef ARMEMU_CITEST_COVERAGE_H
#define ARMEMU_CITEST_COVERAGE_H

#include "util/error.h"

struct coverage;

struct coverage *coverage_new(void);
void coverage_free(struct coverage *cov);

/** Add what a run of @image executed, as vm_coverage_write wrote it to the file @fd. */
void coverage_add(struct coverage *cov, const char *image, int fd);

/** Write all as LCOV's tracefile; it appears complete or not at all. Images without line tables are
 * named in @e, and so are other errors. */
bool coverage_write(struct coverage *cov, const char *path, struct error *e);

#endif
