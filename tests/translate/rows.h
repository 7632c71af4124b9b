/*
 * Which rows of the decode tables were executed by tests: bytes in a file that all test processes
 * share, named by the environment variable ARMEMU_ROWS. tools/row_coverage.py makes and reads it.
 */
#ifndef ARMEMU_TESTS_TRANSLATE_ROWS_H
#define ARMEMU_TESTS_TRANSLATE_ROWS_H

#include <stdint.h>

/* By whom the outcome was judged: another emulator, or the expectations of a test. */
enum rows_judge { ROWS_ORACLE, ROWS_DIRECTED, ROWS_JUDGES };

/** The marks, or NULL when nobody wants them. rows_close accepts NULL. */
uint8_t *rows_open(void);
void rows_close(uint8_t *rows);

/** Row @id (-1: none) was executed. @rows may be NULL. */
void rows_mark(uint8_t *rows, enum rows_judge judge, int id);

#endif
