/* -mon: where the monitor is, by the id of a character device. */
#include <stdlib.h>
#include <string.h>

#include "app/options_internal.h"

static bool mon_property(struct options *o, const char *key, const char *value, struct error *e)
{
    static const char *const keys[] = {"chardev", "mode", "pretty", NULL};
    char hint[64];
    if (!strcmp(key, "mode"))
        return (value && !strcmp(value, "readline")) ||
               error_set(e,
                         "-mon: mode=%s is not supported, only mode=readline is (there is no QMP)",
                         value ? value : "");
    if (strcmp(key, "chardev"))
        return error_set(e, "-mon: unknown option '%s'%s", key,
                         option_hint(key, keys, hint, sizeof(hint)));
    free(o->mon);
    if (asprintf(&o->mon, "chardev:%s", value ? value : "") < 0)
        abort();
    return (value && *value) || error_set(e, "-mon: chardev needs the id of a -chardev");
}

enum option_status option_mon(struct options *o, const char *value, struct error *e)
{
    char *copy = option_copy(value), *rest = copy, *inner;
    bool ok = true;
    for (bool first = true; ok && rest; first = false) {
        char *key = option_next_pair(&rest, &inner);
        bool bare = first && !inner;
        ok = bare ? mon_property(o, "chardev", key, e) : mon_property(o, key, inner, e);
    }
    free(copy);
    if (ok && !o->mon)
        ok = error_set(e, "-mon: chardev=ID is missing");
    if (ok)
        o->monitor = o->mon;
    return option_result(ok);
}
