/* -semihosting, -semihosting-config, and the command line that a program gets by semihosting. */
#include <stdlib.h>
#include <string.h>

#include "app/options_internal.h"
#include "util/bits.h"
#include "vm/vm.h"

static bool parse_switch(const char *key, const char *value, bool *on, struct error *e)
{
    static const char *const yes[] = {"on", "yes", "true", "y"};
    static const char *const no[] = {"off", "no", "false", "n"};
    *on = !value;
    for (unsigned i = 0; value && i < ARRAY_SIZE(yes); i++) {
        if (!strcmp(value, yes[i]) || !strcmp(value, no[i])) {
            *on = !strcmp(value, yes[i]);
            return true;
        }
    }
    return !value ||
           error_set(e, "-semihosting-config: %s is on or off, not '%s'", key, value);
}

static bool set_enable(struct options *o, const char *value, struct error *e)
{
    return parse_switch("enable", value, &o->semihosting.enabled, e);
}

static bool set_userspace(struct options *o, const char *value, struct error *e)
{
    return parse_switch("userspace", value, &o->semihosting.userspace, e);
}

static bool set_readonly(struct options *o, const char *value, struct error *e)
{
    return parse_switch("readonly", value, &o->semihosting.readonly, e);
}

static bool set_target(struct options *o, const char *value, struct error *e)
{
    static const char *const known[] = {[VM_SEMIHOSTING_NATIVE] = "native",
                                        [VM_SEMIHOSTING_AUTO] = "auto",
                                        [VM_SEMIHOSTING_GDB] = "gdb", NULL};
    char hint[64];
    for (unsigned i = 0; value && known[i]; i++) {
        if (!strcmp(value, known[i])) {
            o->semihosting.target = (uint8_t)i;
            return true;
        }
    }
    return error_set(e, "-semihosting-config: unknown target '%s'%s (native, auto, gdb)",
                     value ? value : "",
                     option_hint(value ? value : "", known, hint, sizeof(hint)));
}

static bool set_text(char **to, const char *key, const char *value, struct error *e)
{
    if (!value || !*value)
        return error_set(e, "-semihosting-config: %s needs a value", key);
    free(*to);
    *to = option_copy(value);
    return true;
}

static bool set_chardev(struct options *o, const char *value, struct error *e)
{
    return set_text(&o->semihosting.chardev, "chardev", value, e);
}

static bool set_root(struct options *o, const char *value, struct error *e)
{
    return set_text(&o->semihosting.root, "root", value, e);
}

static bool add_arg(struct options *o, const char *value, struct error *e)
{
    char *old = o->semihosting.args, *joined;
    if (!value)
        return error_set(e, "-semihosting-config: arg needs a value");
    if (asprintf(&joined, "%s%s%s", old ? old : "", old ? " " : "", value) < 0)
        abort();
    free(old);
    o->semihosting.args = joined;
    return true;
}

static const struct {
    const char *key;
    bool (*set)(struct options *o, const char *value, struct error *e);
} keys[] = {
    {"enable", set_enable},       {"target", set_target}, {"chardev", set_chardev},
    {"arg", add_arg},             {"userspace", set_userspace},
    {"root", set_root},           {"readonly", set_readonly},
};

static bool apply(struct options *o, const char *key, const char *value, struct error *e)
{
    static const char *const names[] = {"enable", "target", "chardev", "arg", "userspace", "root",
                                        "readonly", NULL};
    char hint[64];
    for (unsigned i = 0; i < ARRAY_SIZE(keys); i++)
        if (!strcmp(keys[i].key, key))
            return keys[i].set(o, value, e);
    return error_set(e, "-semihosting-config: unknown option '%s'%s", key,
                     option_hint(key, names, hint, sizeof(hint)));
}

enum option_status option_semihosting(struct options *o, const char *value, struct error *e)
{
    o->semihosting.enabled = true;
    return OPTION_OK;
}

enum option_status option_semihosting_config(struct options *o, const char *value, struct error *e)
{
    if (!strcmp(value, "help")) {
        printf(
            "-semihosting-config [enable=]on|off[,target=native|auto|gdb][,chardev=ID][,"
            "arg=TEXT...]\n"
            "                    [,userspace=on|off][,root=DIR[,readonly=on|off]]\n"
            "target=gdb   GDB serves consoles and files; auto: while one is attached\n"
            "chardev=ID   consoles lead to -chardev ...,id=ID instead of the terminal\n"
            "arg=TEXT     a word of the program's command line; may be repeated; ',,' is a comma\n"
            "userspace=on unprivileged code may call, too\n"
            "root=DIR     the program may open files in DIR and below; without it, none\n"
            "readonly=on  and may not change them\n");
        return OPTION_DONE;
    }
    char *copy = option_copy(value), *rest = copy, *inner;
    bool ok = true;
    o->semihosting.enabled = true;
    for (bool first = true; ok && rest; first = false) {
        char *key = option_next_pair(&rest, &inner);
        bool bare = first && !inner && strcmp(key, "enable"); /* "on": enable=on */
        ok = bare ? set_enable(o, key, e) : apply(o, key, inner, e);
    }
    free(copy);
    return option_result(ok);
}

char *options_command_line(const struct options *o)
{
    char *line;
    if (o->semihosting.args)
        return option_copy(o->semihosting.args);
    const char *kernel = o->boot.kernel, *append = o->boot.append;
    if (asprintf(&line, "%s%s%s", kernel ? kernel : "", append ? " " : "", append ? append : "") <
        0)
        abort();
    return line;
}
