/* The table of armemu-user's options and the parser that it drives. */
#include "app/user_options.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "app/version.h"
#include "backend/x86_64/hostfeat.h"
#include "process/space.h"
#include "util/bits.h"
#include "util/log.h"

enum status { OK, DONE, FAILED };

struct row {
    const char *name;       /* without dash */
    const char *value_name; /* NULL: no value */
    bool inherited;         /* programs that the program starts get it, too */
    const char *help;
    enum status (*apply)(struct user_options *o, char *value, struct error *e);
};

static enum status result(bool ok)
{
    return ok ? OK : FAILED;
}

static enum status set_prefix(struct user_options *o, char *value, struct error *e)
{
    o->prefix = value;
    return OK;
}

/* Let @text ("NAME=VALUE" or, to remove, "NAME") be in the environment. */
static void change_environment(struct user_options *o, char *text, bool remove)
{
    size_t len = strcspn(text, "="), n = 0;
    for (size_t i = 0; o->envp[i]; i++)
        if (strncmp(o->envp[i], text, len) || o->envp[i][len] != '=')
            o->envp[n++] = o->envp[i];
    if (!remove)
        o->envp[n++] = text;
    o->envp[n] = NULL;
}

static enum status set_variable(struct user_options *o, char *value, struct error *e)
{
    if (value[0] == '=' || !strchr(value, '='))
        return result(error_set(e, "-E needs NAME=VALUE, not '%s'", value));
    change_environment(o, value, false);
    return OK;
}

static enum status unset_variable(struct user_options *o, char *value, struct error *e)
{
    if (!*value || strchr(value, '='))
        return result(error_set(e, "-U needs the name of a variable, not '%s'", value));
    change_environment(o, value, true);
    return OK;
}

static enum status set_argv0(struct user_options *o, char *value, struct error *e)
{
    o->argv0 = value;
    return OK;
}

/* A number, with k, M or G behind it; false: it is none. */
static bool parse_size(const char *value, uint64_t *size)
{
    static const char suffixes[] = "kmg";
    char *end;
    errno = 0;
    *size = strtoull(value, &end, 0);
    const char *suffix = *end ? strchr(suffixes, *end | 0x20) : NULL;
    if (suffix && *size >> 32)
        return false;
    if (suffix) {
        *size <<= 10 * (suffix - suffixes + 1);
        end++;
    }
    return end != value && !*end && *value != '-' && !errno;
}

static enum status set_stack(struct user_options *o, char *value, struct error *e)
{
    uint64_t size;
    if (!parse_size(value, &size) || !size || size > 512u << 20)
        return result(error_set(e, "-s: '%s' is not a size of at most 512M", value));
    o->stack_size = (uint32_t)size;
    return OK;
}

static enum status set_reserved(struct user_options *o, char *value, struct error *e)
{
    uint64_t size;
    if (!parse_size(value, &size) || size % SPACE_PAGE || size < 1u << 20 || size > 1ull << 32)
        return result(error_set(e, "-R: '%s' is not a multiple of 4k from 1M to 4G", value));
    o->space_top = size < SPACE_TOP ? (uint32_t)size : SPACE_TOP;
    return OK;
}

static enum status set_window(struct user_options *o, char *value, struct error *e)
{
    if (!parse_size(value, &o->window) || o->window % SPACE_PAGE || o->window < 4ull << 30 ||
        o->window >> 47) /* the code cache is below */
        return result(
            error_set(e, "-B: '%s' is not a host address from 4G on, a multiple of 4k", value));
    return OK;
}

static enum status set_page_size(struct user_options *o, char *value, struct error *e)
{
    uint64_t size;
    if (!parse_size(value, &size) || size != SPACE_PAGE)
        return result(error_set(e, "-p: pages have 4096 bytes, not '%s'", value));
    return OK;
}

static enum status set_one_insn(struct user_options *o, char *value, struct error *e)
{
    o->one_insn = true;
    return OK;
}

static enum status set_cpu(struct user_options *o, char *value, struct error *e)
{
    if (!strcmp(value, "help") || !strcmp(value, "?")) {
        for (unsigned i = 0; i < arm_cpu_model_count; i++)
            if (!(arm_cpu_models[i].features & ARM_FEATURE(M)))
                printf("%-14s %s\n", arm_cpu_models[i].name, arm_cpu_models[i].help);
        return DONE;
    }
    o->cpu_model = arm_cpu_model_find(value, e);
    if (o->cpu_model && o->cpu_model->features & ARM_FEATURE(M))
        return result(
            error_set(e, "-cpu %s: no Linux program runs on a processor of the M profile", value));
    return result(o->cpu_model);
}

static enum status set_code_store(struct user_options *o, char *value, struct error *e)
{
    if (!*value)
        return result(error_set(e, "-code-cache needs a directory, or 'off'"));
    o->code_store = strcmp(value, "off") ? value : NULL;
    return OK;
}

/* Where users have what can be made again. */
static void choose_code_store(struct user_options *o)
{
    const char *own = getenv("ARMEMU_CODE_CACHE"), *cache = getenv("XDG_CACHE_HOME"),
               *home = getenv("HOME");
    if (own && *own) {
        o->code_store = strcmp(own, "off") ? own : NULL;
        return;
    }
    if (!(cache && *cache) && !(home && *home))
        return;
    bool ok = cache && *cache ? asprintf(&o->default_store, "%s/armemu/code", cache) >= 0
                              : asprintf(&o->default_store, "%s/.cache/armemu/code", home) >= 0;
    o->code_store = ok ? o->default_store : NULL;
}

static enum status set_accel(struct user_options *o, char *value, struct error *e)
{
    static const char *const names[] = {"jit", "interp", "lockstep", NULL};
    for (unsigned i = 0; names[i]; i++) {
        if (!strcmp(value, names[i])) {
            o->accel = (enum engine_accel)i;
            return OK;
        }
    }
    return result(error_set(e, "-accel: '%s' is none of jit, interp, lockstep", value));
}

static enum status set_host_features(struct user_options *o, char *value, struct error *e)
{
    return result(host_features_parse(value, &o->host_features_mask, e));
}

static enum status set_strace(struct user_options *o, char *value, struct error *e)
{
    o->strace = true;
    return OK;
}

static enum status set_gdb(struct user_options *o, char *value, struct error *e)
{
    o->gdb = value;
    return *value ? OK : result(error_set(e, "-g needs a port or the path of a socket"));
}

static enum status set_log(struct user_options *o, char *value, struct error *e)
{
    if (!strcmp(value, "help")) {
        log_print_help(stdout);
        return DONE;
    }
    return result(log_parse(value, &o->log_mask, e));
}

static enum status set_log_path(struct user_options *o, char *value, struct error *e)
{
    o->log_path = value;
    return OK;
}

static enum status set_log_filter(struct user_options *o, char *value, struct error *e)
{
    o->log_filter = value;
    return OK;
}

static enum status set_perfmap(struct user_options *o, char *value, struct error *e)
{
    o->perfmap = true;
    return OK;
}

static enum status version(struct user_options *o, char *value, struct error *e)
{
    printf("armemu-user %s\n", ARMEMU_VERSION);
    return DONE;
}

static enum status refuse(struct user_options *o, char *value, struct error *e)
{
    return result(error_set(e, "the option is not supported"));
}

static enum status help(struct user_options *o, char *value, struct error *e);

static const struct row rows[] = {
    {"L", "DIR", false, "look for files under DIR first: the program interpreter, libraries",
     set_prefix},
    {"E", "NAME=VALUE", false, "set a variable of the program's environment", set_variable},
    {"U", "NAME", false, "remove a variable from the program's environment", unset_variable},
    {"0", "NAME", false, "what the program gets as its own name (argv[0])", set_argv0},
    {"s", "SIZE", true, "size of the stack, with k, M or G", set_stack},
    {"R", "SIZE", true, "the program's addresses are below SIZE (default: 4G)", set_reserved},
    {"B", "ADDRESS", true, "host address of the program's address 0", set_window},
    {"p", "SIZE", false, "size of a page: 4096, no other", set_page_size},
    {"cpu", "MODEL", true, "CPU model; 'help' lists them (default: max)", set_cpu},
    {"accel", "NAME", true, "jit, interp, or lockstep (both, compared)", set_accel},
    {"code-cache", "DIR", true, "keep translated code there for the next run, or 'off'",
     set_code_store},
    {"strace", NULL, true, "print system calls and signals on stderr", set_strace},
    {"g", "PORT", false, "wait for GDB at a port of this machine, a Unix socket's path, or stdio",
     set_gdb},
    {"d", "ITEMS", true, "log what ITEMS say; 'help' lists them", set_log},
    {"D", "FILE", true, "write the log to FILE; %d becomes the process id", set_log_path},
    {"dfilter", "RANGES", true, "log blocks of these addresses only", set_log_filter},
    {"one-insn-per-tb", NULL, true, "translate each instruction by itself (for -d exec)",
     set_one_insn},
    {"singlestep", NULL, true, "the same", set_one_insn},
    {"host-features", "no-X,...", true, "do without these features of the host's CPU",
     set_host_features},
    {"perfmap", NULL, false, "write /tmp/perf-PID.map for perf", set_perfmap},
    {"h", NULL, false, "print this help", help},
    {"help", NULL, false, "the same", help},
    {"version", NULL, false, "print the version", version},
    {"plugin", "FILE", false, NULL, refuse},
    {"seed", "SEED", false, NULL, refuse},
    {"trace", "ITEMS", false, NULL, refuse},
};

static enum status help(struct user_options *o, char *value, struct error *e)
{
    printf("armemu-user runs ARM Linux programs.\n\n"
           "  armemu-user [options] program [arguments]\n"
           "  armemu-user -L /usr/arm-linux-gnueabihf ./hello\n\n"
           "Options may begin with one dash or two:\n");
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        char left[40];
        if (!rows[i].help)
            continue;
        snprintf(left, sizeof(left), "-%s %s", rows[i].name,
                 rows[i].value_name ? rows[i].value_name : "");
        printf("  %-23s %s\n", left, rows[i].help);
    }
    printf(
        "\nVariables: ARMEMU_LD_PREFIX is -L where that is not given, ARMEMU_CODE_CACHE "
        "-code-cache\n"
        "(default: ~/.cache/armemu/code).\n"
        "The exit status is the program's; 126 or 127 when it cannot be started.\n");
    return DONE;
}

static const struct row *row_find(const char *name, struct error *e)
{
    const char *known[ARRAY_SIZE(rows) + 1] = {NULL};
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        known[i] = rows[i].name;
        if (!strcmp(rows[i].name, name))
            return &rows[i];
    }
    const char *near = error_nearest(name, known);
    if (near && strlen(near) > 1)
        error_set(e, "unknown option '-%s'; did you mean '-%s'?", name, near);
    else
        error_set(e, "unknown option '-%s' (-help lists them)", name);
    return NULL;
}

/* One option at argv[*i]. */
static enum status parse_one(struct user_options *o, int argc, char **argv, int *i, struct error *e)
{
    const char *name = argv[*i] + 1 + (argv[*i][1] == '-');
    const struct row *row = row_find(name, e);
    char *value = NULL;
    unsigned n = 0;
    if (!row)
        return FAILED;
    while (o->self[n])
        n++;
    if (row->inherited)
        o->self[n++] = argv[*i];
    if (row->value_name) {
        if (*i + 1 >= argc)
            return result(error_set(e, "'-%s' needs a value", row->name));
        value = argv[++*i];
        if (row->inherited)
            o->self[n++] = value;
    }
    ++*i;
    enum status s = row->apply(o, value, e);
    if (s == FAILED && row->apply == refuse)
        error_prefix(e, "-%s", row->name);
    return s;
}

static void begin(struct user_options *o, int argc, char **argv, char **envp)
{
    size_t n = 0;
    memset(o, 0, sizeof(*o));
    while (envp[n])
        n++;
    o->envp = calloc(n + (size_t)argc + 1, sizeof(*o->envp));
    o->self = calloc((size_t)argc + 4, sizeof(*o->self));
    if (!o->envp || !o->self)
        abort();
    memcpy(o->envp, envp, n * sizeof(*envp));
    o->self[0] = argv[0];
    o->cpu_model = arm_cpu_model_find("max", NULL);
    /* a program with other rights than its caller's: the caller decides nothing */
    if (getauxval(AT_SECURE))
        return;
    o->prefix = getenv("ARMEMU_LD_PREFIX");
    choose_code_store(o);
}

/* The prefix must mean the same in other directories, and to programs with another environment. */
static void resolve_prefix(struct user_options *o)
{
    size_t n = 0;
    if (!o->prefix)
        return;
    o->absolute_prefix = realpath(o->prefix, NULL);
    if (o->absolute_prefix)
        o->prefix = o->absolute_prefix;
    while (o->self[n])
        n++;
    o->self[n++] = (char *)"-L";
    o->self[n] = (char *)o->prefix;
}

/* What binfmt_misc's flags O and P give: the program's open file, and its own name behind its path.
 * As the kernel makes such a command line, there are no options in it. False: there is no flag
 * P. */
static bool take_from_kernel(struct user_options *o, int argc, char **argv)
{
    enum { PRESERVE_ARGV0 = 1 }; /* in AT_FLAGS */
    errno = 0;
    int fd = (int)getauxval(AT_EXECFD);
    if (!errno) {
        o->program_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        close(fd);
        if (o->program_fd < 0)
            o->program_fd = 0;
    }
    if (!(getauxval(AT_FLAGS) & PRESERVE_ARGV0) || argc < 3)
        return false;
    o->by_kernel = true;
    o->argv0 = argv[2];
    argv[2] = argv[1];
    o->args = argv + 2;
    return true;
}

enum user_options_result user_options_parse(struct user_options *o, int argc, char **argv,
                                            char **envp, struct error *e)
{
    int i = 1;
    begin(o, argc, argv, envp);
    if (take_from_kernel(o, argc, argv)) {
        resolve_prefix(o);
        return USER_OPTIONS_RUN;
    }
    while (i < argc && argv[i][0] == '-' && argv[i][1]) {
        if (!strcmp(argv[i], "--")) {
            i++;
            break;
        }
        switch (parse_one(o, argc, argv, &i, e)) {
        case OK:
            break;
        case DONE:
            return USER_OPTIONS_DONE;
        case FAILED:
            return USER_OPTIONS_ERROR;
        }
    }
    if (i >= argc) {
        error_set(e, "no program given (-help tells how to use armemu-user)");
        return USER_OPTIONS_ERROR;
    }
    o->args = argv + i;
    resolve_prefix(o);
    return USER_OPTIONS_RUN;
}

void user_options_free(struct user_options *o)
{
    free(o->envp);
    free(o->self);
    free(o->absolute_prefix);
    free(o->default_store);
}
