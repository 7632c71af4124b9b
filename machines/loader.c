/* The options of `-device loader`. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "machines/internal.h"
#include "util/bits.h"

static bool number(const char *key, const char *value, uint64_t *out, struct error *e)
{
    char *end;
    *out = strtoull(value, &end, 0);
    return (*value >= '0' && *value <= '9' && !*end) ||
           error_set(e, "-device loader: %s=%s is not a number", key, value);
}

static bool on_off(const char *key, const char *value, bool *out, struct error *e)
{
    static const char *const yes[] = {"on", "true", "yes", "y"};
    static const char *const no[] = {"off", "false", "no", "n"};
    for (unsigned i = 0; i < ARRAY_SIZE(yes); i++) {
        *out = !strcmp(value, yes[i]);
        if (*out || !strcmp(value, no[i]))
            return true;
    }
    return error_set(e, "-device loader: %s is on or off, not '%s'", key, value);
}

static bool set_option(struct loader_options *o, const char *key, const char *value,
                       struct error *e)
{
    static const char *const keys[] = {"file", "addr", "cpu-num", "force-raw", "data", "data-len",
                                       "data-be", NULL};
    uint64_t cpu;
    if (!strcmp(key, "file"))
        return (size_t)snprintf(o->file, sizeof(o->file), "%s", value) < sizeof(o->file) ||
               error_set(e, "-device loader: the name of the file is too long");
    if (!strcmp(key, "addr"))
        return o->has_addr = true, number(key, value, &o->addr, e);
    if (!strcmp(key, "data"))
        return o->has_data = true, number(key, value, &o->data, e);
    if (!strcmp(key, "data-len"))
        return number(key, value, &o->data_len, e);
    if (!strcmp(key, "data-be"))
        return on_off(key, value, &o->data_be, e);
    if (!strcmp(key, "force-raw"))
        return on_off(key, value, &o->force_raw, e);
    if (!strcmp(key, "cpu-num")) {
        o->has_cpu = true;
        return number(key, value, &cpu, e) &&
               (!cpu || error_set(e, "-device loader: only cpu-num=0 can be started"));
    }
    const char *near = error_nearest(key, keys);
    return error_set(e, "-device loader: unknown option '%s'%s%s%s; there are file, addr, cpu-num, "
                        "force-raw, data, data-len, data-be", key, near ? "; did you mean '" : "",
                     near ? near : "", near ? "'?" : "");
}

/* Cut the text up to the next single comma off *@rest, ",," being a comma; NULL at the end. */
static char *next_part(char **rest)
{
    char *start = *rest, *in = start, *out = start;
    if (!start)
        return NULL;
    for (; *in && !(*in == ',' && in[1] != ','); in++) {
        in += *in == ',';
        *out++ = *in;
    }
    *rest = *in ? in + 1 : NULL;
    *out = 0;
    return start;
}

static bool check(const struct loader_options *o, struct error *e)
{
    if (o->has_data && (*o->file || o->force_raw))
        return error_set(e, "-device loader: give either file= or data=");
    if (o->has_data && (!o->has_addr || !o->data_len || o->data_len > 8))
        return error_set(e, "-device loader: data= needs addr= and data-len= of 1 to 8");
    if (o->has_data && o->data_len < 8 && o->data >> (8 * o->data_len))
        return error_set(e, "-device loader: data=0x%" PRIx64 " does not fit into data-len=%u",
                         o->data, (unsigned)o->data_len);
    if (!o->has_data && !*o->file && (!o->has_addr || !o->has_cpu))
        return error_set(e, "-device loader: give file=, data=, or addr= with cpu-num=");
    return o->has_data || !o->data_be || error_set(e, "-device loader: data-be= needs data=");
}

bool loader_parse(const char *text, struct loader_options *o, struct error *e)
{
    char *copy = strdup(text), *rest = copy;
    bool ok = true;
    if (!copy)
        abort();
    *o = (struct loader_options){.data_len = 4};
    for (char *p; ok && (p = next_part(&rest));) {
        char *equals = strchr(p, '=');
        if (!equals) {
            ok = error_set(e, "-device loader: '%s' has no value", p);
            break;
        }
        *equals = 0;
        ok = set_option(o, p, equals + 1, e);
    }
    free(copy);
    return ok && check(o, e);
}

char *boot_loader_file(const char *options)
{
    struct loader_options o;
    struct error e = {0};
    char *copy = loader_parse(options, &o, &e) && *o.file ? strdup(o.file) : NULL;
    return copy;
}

/* The last "file=" of @options: commas that are doubled do not separate. */
static const char *find_file(const char *options)
{
    const char *found = NULL, *at = options;
    for (bool first = true; at; first = false) {
        at += !first;
        found = strncmp(at, "file=", 5) ? found : at + 5;
        while ((at = strchr(at, ',')) && at[1] == ',')
            at += 2;
    }
    return found;
}

char *boot_loader_in_folder(const char *options, const char *folder, struct error *e)
{
    struct loader_options o;
    if (!loader_parse(options, &o, e))
        return NULL;
    const char *name = *o.file && *o.file != '/' ? find_file(options) : NULL;
    char *text = malloc(strlen(options) + 2 * strlen(folder) + 1), *out = text;
    if (!text)
        abort();
    if (name) {
        memcpy(out, options, (size_t)(name - options));
        out += name - options;
        for (const char *in = folder; *in; in++) {
            *out++ = *in;
            if (*in == ',')
                *out++ = ',';
        }
    }
    strcpy(out, name ? name : options);
    return text;
}

void loader_data(const struct loader_options *o, uint8_t bytes[8])
{
    for (unsigned i = 0; i < 8; i++)
        bytes[i] = 0;
    for (unsigned i = 0; i < o->data_len; i++)
        bytes[o->data_be ? o->data_len - 1 - i : i] = (uint8_t)(o->data >> (8 * i));
}
