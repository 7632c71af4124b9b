/* The line table of a compilation unit, sequence by sequence as the compiler wrote it. (libdw sorts
 * it by address; then what the linker has removed, and put at address 0, lies between real code.)
 */
#ifndef ARMEMU_DEBUG_LINE_ROWS_H
#define ARMEMU_DEBUG_LINE_ROWS_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The code from @start up to @end came from @line of the file with this number (dwarf_filesrc). */
struct line_row {
    uint32_t start, end, line, file;
};

struct line_rows {
    struct line_row *rows;
    size_t count, capacity;
};

/** Read the rows of the unit @die. Sequences at address 0 count only where @code_at_zero. False,
 * with what could be read, for a table that is damaged or of another kind than versions 2 to 5. */
bool line_rows_read(Dwarf_Die *die, bool code_at_zero, struct line_rows *out);
void line_rows_free(struct line_rows *rows);

#endif
