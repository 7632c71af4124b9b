/* Conditional branches and IT in an ELF file's code, also those that were never executed. */
#ifndef ARMEMU_CITEST_CODE_SCAN_H
#define ARMEMU_CITEST_CODE_SCAN_H

#include <libelf.h>
#include <stdbool.h>
#include <stdint.h>

struct code_scan;

/** Scan @elf; never NULL. Data between the code is told apart by the mapping symbols ($a, $t,
 * $d). */
struct code_scan *code_scan_new(Elf *elf);
void code_scan_free(struct code_scan *s);

/** Is there code at @address? Where a file has no mapping symbols all of a section with code is. */
bool code_scan_contains(const struct code_scan *s, uint32_t address);
/** Is the instruction at @address a conditional branch? */
bool code_scan_is_branch(const struct code_scan *s, uint32_t address);
/** Is it IT, which makes those behind it conditional? */
bool code_scan_is_it(const struct code_scan *s, uint32_t address);

#endif
