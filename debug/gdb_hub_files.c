/*
 * vFile with several processes: what /proc says of one of them its own stub knows, all other files
 * are the same for all. To the debugger a descriptor is the stub's with the process's serial number
 * in front, so that it stays that file whoever comes and goes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debug/gdb_hub_internal.h"

enum { STUB_BITS = 8, STUB_MASK = (1 << STUB_BITS) - 1 };
enum { PATH_HEAD = 64 }; /* enough of a path to see "/proc/NUMBER/" */

/* The beginning of a path in hexadecimal digits. */
static void path_head(const char *hex, char *path)
{
    size_t n = 0;
    for (int high, low; n < PATH_HEAD - 1; hex += 2) {
        high = gdb_hex_digit(hex[0]);
        low = high < 0 ? -1 : gdb_hex_digit(hex[1]);
        if (low < 0)
            break;
        path[n++] = (char)(high << 4 | low);
    }
    path[n] = 0;
}

static bool answers(const struct hub_process *p)
{
    return p->fd >= 0 && !p->running;
}

/* Whose stub is to look for a file. */
static struct hub_process *owner_of(const struct hub *h, const char *hex)
{
    char path[PATH_HEAD];
    int pid = 0;
    path_head(hex, path);
    struct hub_process *p = sscanf(path, "/proc/%d/", &pid) == 1 ? hub_find(h, pid) : NULL;
    for (unsigned i = 0; !p && i < h->count; i++)
        if (answers(h->process[i]))
            p = h->process[i];
    return p;
}

static struct hub_process *find_serial(const struct hub *h, unsigned serial)
{
    for (unsigned i = 0; i < h->count; i++)
        if (h->process[i]->serial == serial)
            return h->process[i];
    return NULL;
}

static void on_path(struct hub *h, const char *data, size_t len, const char *hex)
{
    unsigned fd;
    char reply[32];
    struct hub_process *p = owner_of(h, hex);
    if (!p || !hub_ask(p, data, len)) {
        hub_tell_text(h, "F-1,5");
    } else if (!strncmp(data, "vFile:open:", 11) && p->parser.data[0] == 'F' &&
               sscanf(p->parser.data, "F%x", &fd) == 1 && fd <= STUB_MASK) {
        snprintf(reply, sizeof(reply), "F%x", p->serial << STUB_BITS | fd);
        hub_tell_text(h, reply);
    } else {
        hub_tell(h, p->parser.data, p->parser.length);
    }
}

/* "NAME:FD" and what follows. */
static void on_descriptor(struct hub *h, const char *data, size_t name)
{
    char *rest, *packet = malloc(strlen(data) + 16);
    unsigned long fd = strtoul(data + name, &rest, 16);
    struct hub_process *p = find_serial(h, (unsigned)(fd >> STUB_BITS));
    if (!packet)
        abort();
    sprintf(packet, "%.*s%lx%s", (int)name, data, fd & STUB_MASK, rest);
    if (rest == data + name || !p || !hub_ask_text(p, packet))
        hub_tell_text(h, "F-1,9");
    else
        hub_tell(h, p->parser.data, p->parser.length);
    free(packet);
}

void hub_on_file(struct hub *h, const char *data, size_t len)
{
    static const struct {
        const char *name;
        bool path;
    } calls[] = {{"vFile:open:", true}, {"vFile:readlink:", true}, {"vFile:close:", false},
                 {"vFile:pread:", false}, {"vFile:fstat:", false}};
    for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        size_t n = strlen(calls[i].name);
        if (strncmp(data, calls[i].name, n))
            continue;
        if (calls[i].path)
            on_path(h, data, len, data + n);
        else
            on_descriptor(h, data, n);
        return;
    }
    hub_tell_text(h, strncmp(data, "vFile:setfs:", 12) ? "" : "F0");
}
