/* A window that stands for something which is not implemented: reads as zero, ignores writes, and
 * logs both under `unimp` with its instance name. */
#ifndef ARMEMU_DEVICES_MISC_UNIMPLEMENTED_H
#define ARMEMU_DEVICES_MISC_UNIMPLEMENTED_H

#include "devices/core/device.h"

struct unimplemented_config {
    uint64_t size; /* of the window, in bytes */
};

extern const struct device_class unimplemented_class;

#endif
