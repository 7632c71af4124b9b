/* A hash of 128 bits, to tell contents apart. Not for secrets. */
#ifndef ARMEMU_UTIL_HASH_H
#define ARMEMU_UTIL_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash128 {
    uint64_t low, high;
};

/** Hash of @size bytes at @data. The same on every host of the same byte order. */
struct hash128 hash128(const void *data, size_t size);

#endif
