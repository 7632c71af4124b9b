/* The spellings of -chardev and -serial, parsed into a kind and a list of named options. */
#include <stdlib.h>
#include <string.h>

#include "host/chardev_internal.h"
#include "util/bits.h"

const struct chardev_kind *const chardev_kinds[] = {
    &chardev_kind_null, &chardev_kind_stdio, &chardev_kind_file,   &chardev_kind_pipe,
    &chardev_kind_pty,  &chardev_kind_socket, NULL,
};

/* Options that every kind has. */
static const struct chardev_option_spec common_options[] = {
    {"id", CHARDEV_STRING, "name of the device"},
    {"mux", CHARDEV_BOOL, "several front ends share the device; Ctrl-A h lists the keys"},
    {"logfile", CHARDEV_STRING, "file that gets a copy of the output"},
    {"logappend", CHARDEV_BOOL, "append to the log file"},
    {0},
};

/* How -serial spells kinds. The text after the prefix is the value of `positional`; where rest is
 * set it goes to the end of the argument, commas and all, else options follow. */
struct short_form {
    const char *prefix, *kind, *positional;
    bool rest;
};

static const struct short_form short_forms[] = {
    {"none", "null", NULL, false},        {"null", "null", NULL, false},
    {"stdio", "stdio", NULL, false},      {"pty", "pty", NULL, false},
    {"file:", "file", "path", true},      {"pipe:", "pipe", "path", true},
    {"unix:", "socket", "path", false},   {"tcp:", "socket", "address", false},
    {"chardev:", NULL, "id", true},
};

#define SHORT_FORM_NAMES                                                                           \
    "none", "null", "stdio", "pty", "file:", "pipe:", "unix:", "tcp:", "chardev:", "mon:"

static const char *nearest_suffix(const char *word, const char *const *known, char *buf,
                                  size_t size)
{
    const char *near = error_nearest(word, known);
    if (near)
        snprintf(buf, size, " (did you mean '%s'?)", near);
    else
        buf[0] = 0;
    return buf;
}

static bool error_unknown_kind(const char *name, struct error *e)
{
    const char *names[ARRAY_SIZE(short_forms) + 1] = {0};
    char hint[80], list[160] = "";
    for (unsigned i = 0; chardev_kinds[i]; i++) {
        names[i] = chardev_kinds[i]->name;
        snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s", i ? ", " : "", names[i]);
    }
    nearest_suffix(name, names, hint, sizeof(hint));
    return error_set(e, "unknown character device kind '%s'%s; there are: %s", name, hint, list);
}

static const struct chardev_kind *find_kind(const char *name)
{
    for (unsigned i = 0; chardev_kinds[i]; i++)
        if (strcmp(chardev_kinds[i]->name, name) == 0)
            return chardev_kinds[i];
    return NULL;
}

static const struct chardev_option_spec *find_in(const struct chardev_option_spec *list,
                                                 const char *name)
{
    for (; list && list->name; list++)
        if (strcmp(list->name, name) == 0)
            return list;
    return NULL;
}

static const struct chardev_option_spec *find_option(const struct chardev_kind *kind,
                                                     const char *name)
{
    const struct chardev_option_spec *spec = find_in(common_options, name);
    return spec ? spec : find_in(kind->options, name);
}

static bool error_unknown_option(const struct chardev_kind *kind, const char *name, struct error *e)
{
    const char *names[2 * CHARDEV_OPTIONS_MAX + 1] = {0};
    char hint[80];
    unsigned n = 0;
    for (const struct chardev_option_spec *s = common_options; s->name; s++)
        names[n++] = s->name;
    for (const struct chardev_option_spec *s = kind->options; s && s->name; s++)
        names[n++] = s->name;
    nearest_suffix(name, names, hint, sizeof(hint));
    return error_set(e, "character device kind '%s' has no option '%s'%s", kind->name, name, hint);
}

const char *chardev_option(const struct chardev_options *o, const char *name)
{
    for (unsigned i = o->count; i-- > 0;)
        if (strcmp(o->items[i].name, name) == 0)
            return o->items[i].value;
    return NULL;
}

/* 1, 0, or -1 if @value is no switch. */
static int parse_bool(const char *value)
{
    static const char *const yes[] = {"on", "yes", "true", "y"};
    static const char *const no[] = {"off", "no", "false", "n"};
    for (unsigned i = 0; i < ARRAY_SIZE(yes); i++) {
        if (strcmp(value, yes[i]) == 0)
            return 1;
        if (strcmp(value, no[i]) == 0)
            return 0;
    }
    return -1;
}

bool chardev_option_bool(const struct chardev_options *o, const char *name, bool fallback)
{
    const char *value = chardev_option(o, name);
    return value ? parse_bool(value) == 1 : fallback;
}

static bool add_item(struct chardev_options *o, const char *name, const char *value,
                     struct error *e)
{
    if (o->count == CHARDEV_OPTIONS_MAX)
        return error_set(e, "too many options for a character device");
    o->items[o->count].name = name;
    o->items[o->count++].value = value;
    return true;
}

/* Cut the text up to the next single comma off *@rest, turning ",," into ","; NULL at the end. */
static char *next_token(char **rest)
{
    char *start = *rest, *in = start, *out = start;
    if (!start)
        return NULL;
    while (*in) {
        if (*in == ',' && in[1] != ',')
            break;
        if (*in == ',')
            in++;
        *out++ = *in++;
    }
    *rest = *in ? in + 1 : NULL;
    *out = 0;
    return start;
}

/* "server" means server=on, "nowait" wait=off. */
static bool add_bare_word(struct chardev_options *o, const char *word, struct error *e)
{
    const struct chardev_option_spec *spec = find_option(o->kind, word);
    if (spec && spec->type == CHARDEV_BOOL)
        return add_item(o, spec->name, "on", e);
    if (spec)
        return error_set(e, "option '%s' needs a value: %s=...", word, word);
    spec = strncmp(word, "no", 2) == 0 ? find_option(o->kind, word + 2) : NULL;
    if (spec && spec->type == CHARDEV_BOOL)
        return add_item(o, spec->name, "off", e);
    return error_unknown_option(o->kind, word, e);
}

static bool add_option(struct chardev_options *o, char *token, struct error *e)
{
    char *equals = strchr(token, '=');
    if (!equals)
        return add_bare_word(o, token, e);
    *equals = 0;
    const struct chardev_option_spec *spec = find_option(o->kind, token);
    if (!spec)
        return error_unknown_option(o->kind, token, e);
    if (spec->type == CHARDEV_BOOL && parse_bool(equals + 1) < 0)
        return error_set(e, "option '%s' is on or off, not '%s'", token, equals + 1);
    if (chardev_option(o, spec->name))
        return error_set(e, "option '%s' is given twice", token);
    if (strcmp(spec->name, "id") == 0)
        o->id = equals + 1;
    return add_item(o, spec->name, equals + 1, e);
}

static bool add_options(struct chardev_options *o, char *rest, struct error *e)
{
    for (char *token; (token = next_token(&rest));)
        if (!add_option(o, token, e))
            return false;
    return true;
}

static void options_init(struct chardev_options *o, const char *spec)
{
    *o = (struct chardev_options){.storage = strdup(spec)};
    if (!o->storage)
        abort();
}

void chardev_options_free(struct chardev_options *o)
{
    free(o->storage);
    *o = (struct chardev_options){0};
}

static bool parse_long(struct chardev_options *o, struct error *e)
{
    char *rest = o->storage;
    const char *name = next_token(&rest);
    if (strncmp(name, "backend=", 8) == 0)
        name += 8;
    o->kind = find_kind(name);
    if (!o->kind)
        return error_unknown_kind(name, e);
    return add_options(o, rest, e);
}

bool chardev_options_parse(struct chardev_options *o, const char *spec, struct error *e)
{
    options_init(o, spec);
    if (parse_long(o, e))
        return true;
    chardev_options_free(o);
    return error_prefix(e, "-chardev %s", spec);
}

/* Add HOST:PORT as host and port. The host may be empty, or an IPv6 address in brackets. */
static bool add_address(struct chardev_options *o, char *address, struct error *e)
{
    char *colon = strrchr(address, ':');
    if (!colon || !colon[1])
        return error_set(e, "'%s' is no address: HOST:PORT is needed", address);
    *colon = 0;
    size_t n = strlen(address);
    if (n >= 2 && address[0] == '[' && address[n - 1] == ']') {
        address[n - 1] = 0;
        address++;
    }
    return add_item(o, "host", address, e) && add_item(o, "port", colon + 1, e);
}

static const struct short_form *find_short_form(const char *text)
{
    for (unsigned i = 0; i < ARRAY_SIZE(short_forms); i++) {
        const char *prefix = short_forms[i].prefix;
        size_t n = strlen(prefix);
        if (strncmp(text, prefix, n) == 0 &&
            (prefix[n - 1] == ':' || text[n] == 0 || text[n] == ','))
            return &short_forms[i];
    }
    return NULL;
}

static bool error_unknown_short_form(const char *text, struct error *e)
{
    static const char *const names[] = {SHORT_FORM_NAMES, NULL};
    char hint[80], word[32];
    size_t n = strcspn(text, ":,");
    snprintf(word, sizeof(word), "%.*s", (int)(n + (text[n] == ':')), text);
    nearest_suffix(word, names, hint, sizeof(hint));
    return error_set(e,
                     "unknown character device '%s'%s; there are: null, none, stdio, pty, "
                     "file:PATH, pipe:PATH, unix:PATH, tcp:HOST:PORT, chardev:ID, mon:...",
                     word, hint);
}

/* Add the part after the prefix; *@rest is left at the options. */
static bool add_positional(struct chardev_options *o, const struct short_form *form, char **rest,
                           struct error *e)
{
    char *value = *rest;
    if (form->rest)
        *rest = NULL;
    else
        next_token(rest);
    if (!form->positional)
        return !*value || error_set(e, "'%s' is followed by '%s'", form->prefix, value);
    if (!*value)
        return error_set(e, "'%s' needs a %s", form->prefix, form->positional);
    if (form->kind && strcmp(form->positional, "address") == 0)
        return add_address(o, value, e);
    if (!form->kind) {
        o->id = value;
        o->reference = true;
        return true;
    }
    return add_item(o, form->positional, value, e);
}

static bool parse_short(struct chardev_options *o, struct error *e)
{
    char *text = o->storage;
    if (strncmp(text, "mon:", 4) == 0) {
        o->monitor = true;
        text += 4;
    }
    const struct short_form *form = find_short_form(text);
    if (!form)
        return error_unknown_short_form(text, e);
    if (form->kind)
        o->kind = find_kind(form->kind);
    char *rest = text + strlen(form->prefix);
    return add_positional(o, form, &rest, e) && add_options(o, rest, e);
}

bool chardev_options_parse_short(struct chardev_options *o, const char *spec, struct error *e)
{
    options_init(o, spec);
    if (parse_short(o, e))
        return true;
    chardev_options_free(o);
    return error_prefix(e, "'%s'", spec);
}

static void print_options(FILE *out, const struct chardev_option_spec *s)
{
    for (; s && s->name; s++)
        fprintf(out, "    %s=%-*s %s\n", s->name, (int)(16 - strlen(s->name)),
                s->type == CHARDEV_BOOL ? "on|off" : "...", s->help);
}

void chardev_print_help(FILE *out)
{
    fprintf(out, "-chardev KIND,id=ID[,option=value...]\n");
    for (unsigned i = 0; chardev_kinds[i]; i++) {
        fprintf(out, "  %-8s %s\n", chardev_kinds[i]->name, chardev_kinds[i]->help);
        print_options(out, chardev_kinds[i]->options);
    }
    fprintf(out, "  every kind\n");
    print_options(out, common_options);
}
