#include "app/gdb.h"

#include <string.h>

struct chardev *gdb_chardev_open(struct chardev_set *set, const char *spec, struct error *e)
{
    char text[512];
    bool tcp = !strncmp(spec, "tcp:", 4), local = tcp && spec[4] == ':';
    bool server = tcp || !strncmp(spec, "unix:", 5);
    bool hub = !strncmp(spec, GDB_HUB, strlen(GDB_HUB));
    int len = hub ? snprintf(text, sizeof(text), "unix:%s,abstract=on", spec + strlen(GDB_HUB))
                  : snprintf(text, sizeof(text), "%s%s%s%s%s", local ? "tcp:127.0.0.1" : "",
                             local ? spec + 4 : spec, server ? ",refuse=on" : "",
                             server && !strstr(spec, ",server") ? ",server=on" : "",
                             server && !strstr(spec, "wait") ? ",wait=off" : "");
    if (len >= (int)sizeof(text)) {
        error_set(e, "-gdb: '%.20s...' is too long", spec);
        return NULL;
    }
    struct chardev *cd = chardev_open(set, text, "gdb", NULL, e);
    if (!cd)
        error_prefix(e, "-gdb");
    return cd;
}
