/* What tells builds of a program apart. */
#ifndef ARMEMU_UTIL_BUILDID_H
#define ARMEMU_UTIL_BUILDID_H

#include <stdint.h>

/** The running program's GNU build id, and its size in bytes in *@size; NULL: it has none. */
const uint8_t *build_id(uint32_t *size);

#endif
