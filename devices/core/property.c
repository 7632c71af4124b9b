/* Properties: config structs filled from tables, board rows and command lines. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "devices/core/device.h"

static const struct property *property_find(const struct device_class *class, const char *name,
                                            struct error *e)
{
    const char **known = calloc(class->property_count + 1, sizeof(*known));
    if (!known)
        abort();
    for (unsigned i = 0; i < class->property_count; i++) {
        known[i] = class->properties[i].name;
        if (!strcmp(known[i], name)) {
            free(known);
            return &class->properties[i];
        }
    }
    const char *near = error_nearest(name, known);
    if (near)
        error_set(e, "%s: no property '%s'; did you mean '%s'?", class->name, name, near);
    else
        error_set(e, "%s: no property '%s'", class->name, name);
    free(known);
    return NULL;
}

static void property_store(void *config, const struct property *p, uint64_t number,
                           const void *pointer)
{
    char *at = (char *)config + p->offset;
    switch (p->type) {
    case PROPERTY_BOOL:
        *(bool *)at = number != 0;
        break;
    case PROPERTY_U32:
        *(uint32_t *)at = (uint32_t)number;
        break;
    case PROPERTY_U64:
        *(uint64_t *)at = number;
        break;
    case PROPERTY_STRING:
    case PROPERTY_CHARDEV:
    case PROPERTY_NETDEV:
        *(const void **)at = pointer;
        break;
    }
}

static bool property_in_range(const struct device_class *class, const struct property *p,
                              uint64_t number, struct error *e)
{
    uint64_t max = p->max;
    if (p->type == PROPERTY_U32 && (!max || max > UINT32_MAX))
        max = UINT32_MAX;
    else if (!max)
        max = UINT64_MAX;
    if ((p->type == PROPERTY_U32 || p->type == PROPERTY_U64) && number > max)
        return error_set(e, "%s: property '%s': %llu is above the largest value %llu", class->name,
                         p->name, (unsigned long long)number, (unsigned long long)max);
    return true;
}

struct device *device_create(const struct device_class *class, const char *name,
                             const struct device_env *env, const struct property_value *values,
                             unsigned count, struct error *e)
{
    struct device *dev = NULL;
    void *config = calloc(1, class->config_size ? class->config_size : 1);
    if (!config)
        abort();
    for (unsigned i = 0; i < class->property_count; i++)
        property_store(config, &class->properties[i], class->properties[i].initial, NULL);
    for (unsigned i = 0; i < count; i++) {
        const struct property *p = property_find(class, values[i].name, e);
        if (!p || !property_in_range(class, p, values[i].number, e))
            goto out;
        property_store(config, p, values[i].number, values[i].pointer);
    }
    dev = class->create(name, config, env, e);
out:
    free(config);
    return dev;
}

static bool parse_bool(const char *text, uint64_t *number)
{
    static const char *const words[][2] = {{"off", "on"}, {"no", "yes"}, {"false", "true"}};
    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        for (unsigned v = 0; v < 2; v++) {
            if (!strcmp(text, words[i][v])) {
                *number = v;
                return true;
            }
        }
    }
    return false;
}

bool device_property_parse(const struct device_class *class, const char *name, const char *text,
                           struct property_value *value, struct error *e)
{
    const struct property *p = property_find(class, name, e);
    char *end = NULL;
    if (!p)
        return false;
    *value = (struct property_value){.name = p->name};
    switch (p->type) {
    case PROPERTY_BOOL:
        if (!parse_bool(text, &value->number))
            return error_set(e, "%s: property '%s' is 'on' or 'off', not '%s'", class->name, name,
                             text);
        return true;
    case PROPERTY_U32:
    case PROPERTY_U64:
        value->number = strtoull(text, &end, 0);
        if (end == text || *end || *text == '-')
            return error_set(e, "%s: property '%s' is a number, not '%s'", class->name, name, text);
        return property_in_range(class, p, value->number, e);
    case PROPERTY_STRING:
        value->pointer = text;
        return true;
    case PROPERTY_CHARDEV:
    case PROPERTY_NETDEV:
        break;
    }
    return error_set(e, "%s: property '%s' cannot be given as text", class->name, name);
}
