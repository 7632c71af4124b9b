/* Field lists: each device and CPU declares its state once, beside its struct. Reset checks,
 * snapshots, replay and `info` walk the list. */
#ifndef ARMEMU_UTIL_FIELDS_H
#define ARMEMU_UTIL_FIELDS_H

#include <stddef.h>
#include <stdint.h>

struct field {
    const char *name;
    uint32_t offset;
    uint16_t size;  /* bytes per element: 1, 2, 4 or 8 */
    uint16_t count; /* elements; 1 for a scalar */
};

struct field_list {
    const char *name; /* "pl011", "arm-cpu" */
    uint32_t struct_size;
    const struct field *fields;
    uint32_t count;
};

#define FIELD(type, member)                                                                        \
    {#member, offsetof(type, member), sizeof(((type *)0)->member), 1}
#define FIELD_ARRAY(type, member)                                                                  \
    {#member, offsetof(type, member), sizeof(((type *)0)->member[0]),                              \
     sizeof(((type *)0)->member) / sizeof(((type *)0)->member[0])}

#endif
