/* What the files of the monitor share. */
#ifndef ARMEMU_DEBUG_MONITOR_INTERNAL_H
#define ARMEMU_DEBUG_MONITOR_INTERNAL_H

#include "debug/line_editor.h"
#include "debug/monitor.h"
#include "util/error.h"

struct monitor {
    struct chardev *chardev;
    const struct monitor_target *target;
    void *opaque;
    const char *name;
    struct line_editor editor;
    bool greeted;
    uint32_t cpu; /* that x and info registers look at */
};

/**
 * The value of @text: numbers and registers ($pc, $r0) joined by + and -. Sets @e and returns false
 * when it is none.
 */
bool monitor_value(struct monitor *m, const char *text, uint64_t *value, struct error *e);

/** `x/FMT ADDR` and `xp/FMT ADDR`: @format is the text after the slash (may be empty). */
bool monitor_dump(struct monitor *m, bool physical, const char *format, const char *address,
                  FILE *out, struct error *e);

#endif
