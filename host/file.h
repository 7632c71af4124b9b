/* Whole files: reading with a limit, writing so that a reader never sees half of it. */
#ifndef ARMEMU_HOST_FILE_H
#define ARMEMU_HOST_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

/**
 * Read the file at @path into a new buffer that the caller frees; a zero byte that @size does not
 * count follows the data. Errors, each with the path: missing or unreadable, a directory, empty,
 * larger than @max bytes.
 */
bool file_read(const char *path, size_t max, uint8_t **data, size_t *size, struct error *e);

/**
 * Replace the file at @path by @size bytes of @data: written to a temporary file in the same
 * folder, synchronised, then renamed. On error the old file is untouched. An existing file keeps
 * its permission bits, a new one gets 0666 less the umask; a link goes on leading to it. What is no
 * regular file, such as a device or a pipe, and what is in /dev, is written to as it is.
 */
bool file_write_atomic(const char *path, const void *data, size_t size, struct error *e);

/** Could file_write_atomic write to @path, as far as can be told without doing it? Errors: there is
 * no such folder, it is a folder itself, or permission is missing. */
bool file_may_write(const char *path, struct error *e);

#endif
