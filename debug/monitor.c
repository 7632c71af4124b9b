/* The monitor: one table of commands, read from a character device. */
#include "debug/monitor.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "debug/monitor_internal.h"
#include "util/bits.h"
#include "util/log.h"

struct command {
    const char *name, *alias, *arguments, *help; /* no alias, no arguments: NULL */
    /* @args is the rest of the line, without spaces around it; false with @e set on errors. */
    bool (*run)(struct monitor *m, char *args, FILE *out, struct error *e);
};

/* "; did you mean 'X'?", or nothing. */
static const char *hint(const char *word, const char *const *known, char *buf, size_t size)
{
    const char *near = error_nearest(word, known);
    buf[0] = 0;
    if (near)
        snprintf(buf, size, "; did you mean '%s'?", near);
    return buf;
}

/* ---- commands that control ------------------------------------------------------------------- */

static bool run_quit(struct monitor *m, char *args, FILE *out, struct error *e)
{
    m->editor.hidden = true;
    m->target->quit(m->opaque);
    return true;
}

static bool run_reset(struct monitor *m, char *args, FILE *out, struct error *e)
{
    m->target->reset(m->opaque);
    return true;
}

/* As the scripts for debug probes say it. */
static bool run_reset_how(struct monitor *m, char *args, FILE *out, struct error *e)
{
    bool halt = !strcmp(args, "halt");
    if (*args && !halt && strcmp(args, "run"))
        return error_set(e, "reset: '%s' is neither halt nor run", args);
    if (halt)
        m->target->pause(m->opaque);
    m->target->reset(m->opaque);
    if (!halt && *args)
        m->target->resume(m->opaque);
    return true;
}

static bool run_catch(struct monitor *m, char *args, FILE *out, struct error *e)
{
    return m->target->catch ? m->target->catch(m->opaque, args, out, e)
                            : error_set(e, "catch: exceptions cannot be caught here");
}

static bool run_powerdown(struct monitor *m, char *args, FILE *out, struct error *e)
{
    return m->target->powerdown(m->opaque) || error_set(e, "the machine has no power button");
}

static bool run_drive(struct monitor *m, char *args, FILE *out, struct error *e)
{
    char device[64];
    unsigned input, level;
    int end = 0;
    if (sscanf(args, "%63s %u %u %n", device, &input, &level, &end) != 3 || args[end] || level > 1)
        return error_set(e, "drive: give a device, the number of an input, and 0 or 1");
    if (!m->target->drive)
        return error_set(e, "drive: the machine has no devices");
    return m->target->drive(m->opaque, device, input, level, e);
}

static bool run_stop(struct monitor *m, char *args, FILE *out, struct error *e)
{
    m->target->pause(m->opaque);
    return true;
}

static bool run_cont(struct monitor *m, char *args, FILE *out, struct error *e)
{
    m->target->resume(m->opaque);
    return true;
}

static bool run_cpu(struct monitor *m, char *args, FILE *out, struct error *e)
{
    uint64_t cpu;
    if (!monitor_value(m, args, &cpu, e))
        return false;
    if (cpu >= m->target->cpu_count(m->opaque))
        return error_set(e, "there are CPUs 0 to %u", m->target->cpu_count(m->opaque) - 1);
    m->cpu = (uint32_t)cpu;
    return true;
}

static bool run_log(struct monitor *m, char *args, FILE *out, struct error *e)
{
    uint32_t mask = 0;
    if (!strcmp(args, "help") || !*args) {
        log_print_help(out);
        return true;
    }
    if (strcmp(args, "none") && !log_parse(args, &mask, e))
        return false;
    atomic_store(&log_mask, mask);
    return true;
}

/* ---- commands that look ---------------------------------------------------------------------- */

/* Cut the format of "/FMT ADDR" off @args; what is left is the address. */
static char *split_format(char *args, char **format)
{
    static char none[] = "";
    *format = none;
    if (*args != '/')
        return args;
    *format = args + 1;
    char *rest = args + strcspn(args, " ");
    if (*rest)
        *rest++ = 0;
    return rest + strspn(rest, " ");
}

static bool run_dump(struct monitor *m, bool physical, char *args, FILE *out, struct error *e)
{
    char *format;
    char *address = split_format(args, &format);
    if (!*address)
        return error_set(e, "an address is needed: x/4xw 0x40000000");
    return monitor_dump(m, physical, format, address, out, e);
}

static bool run_x(struct monitor *m, char *args, FILE *out, struct error *e)
{
    return run_dump(m, false, args, out, e);
}

static bool run_xp(struct monitor *m, char *args, FILE *out, struct error *e)
{
    return run_dump(m, true, args, out, e);
}

static bool run_print(struct monitor *m, char *args, FILE *out, struct error *e)
{
    char *format;
    uint64_t value;
    char *text = split_format(args, &format);
    if (!monitor_value(m, text, &value, e))
        return false;
    fprintf(out, "0x%" PRIx64 " = %" PRId64 "\n", value, (int64_t)value);
    return true;
}

static bool run_translate(struct monitor *m, char *args, FILE *out, struct error *e)
{
    uint64_t addr, phys;
    if (!monitor_value(m, args, &addr, e))
        return false;
    if (!m->target->translate(m->opaque, m->cpu, addr, &phys))
        return error_set(e, "0x%08" PRIx64 " is not mapped", addr);
    fprintf(out, "gpa: 0x%" PRIx64 "\n", phys);
    return true;
}

/* ---- info ------------------------------------------------------------------------------------ */

static void info_status(struct monitor *m, const char *args, FILE *out)
{
    fprintf(out, "VM status: %s\n", m->target->paused(m->opaque) ? "paused" : "running");
}

static void info_name(struct monitor *m, const char *args, FILE *out)
{
    fprintf(out, "%s\n", m->name ? m->name : "(no name; give one with -name)");
}

static void info_cpus(struct monitor *m, const char *args, FILE *out)
{
    for (uint32_t i = 0; i < m->target->cpu_count(m->opaque); i++) {
        uint64_t pc = 0;
        bool known = m->target->read_register && m->target->read_register(m->opaque, i, "pc", &pc);
        fprintf(out, "%c CPU #%u:", i == m->cpu ? '*' : ' ', i);
        if (known)
            fprintf(out, " pc=0x%08" PRIx64, pc);
        fputc('\n', out);
    }
}

static void info_registers(struct monitor *m, const char *args, FILE *out)
{
    bool all = !strcmp(args, "-a");
    for (uint32_t i = 0; i < m->target->cpu_count(m->opaque); i++) {
        if (!all && i != m->cpu)
            continue;
        fprintf(out, "CPU #%u\n", i);
        m->target->print_cpu(m->opaque, i, out);
    }
}

static const struct {
    const char *name, *help;
    void (*print)(struct monitor *m, const char *args, FILE *out);
} own_infos[] = {
    {"status", "does the machine run or is it paused", info_status},
    {"name", "the machine's name", info_name},
    {"cpus", "all CPUs; * marks the one that commands look at", info_cpus},
    {"registers", "registers of the current CPU, -a: of all", info_registers},
};

/* Name and help of topic @index, own ones first; NULL at the end. */
static const char *info_topic(struct monitor *m, unsigned index, const char **help)
{
    const unsigned own = ARRAY_SIZE(own_infos);
    const struct monitor_info *more = m->target->info;
    if (index < own) {
        *help = own_infos[index].help;
        return own_infos[index].name;
    }
    for (unsigned i = own; i < index && more->name; i++)
        more++;
    *help = more->help;
    return more->name;
}

static bool info_unknown(struct monitor *m, const char *topic, struct error *e)
{
    const char *names[64] = {0}, *help;
    char text[80];
    for (unsigned i = 0; i + 1 < ARRAY_SIZE(names) && (names[i] = info_topic(m, i, &help)); i++)
        ;
    return error_set(e, "info: unknown topic '%s'%s", topic,
                     hint(topic, names, text, sizeof(text)));
}

static bool run_info(struct monitor *m, char *args, FILE *out, struct error *e)
{
    const char *name, *help;
    char *rest = args + strcspn(args, " ");
    if (*rest)
        *rest++ = 0;
    if (!*args) {
        for (unsigned i = 0; (name = info_topic(m, i, &help)); i++)
            fprintf(out, "info %-12s %s\n", name, help);
        return true;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(own_infos); i++) {
        if (!strcmp(own_infos[i].name, args)) {
            own_infos[i].print(m, rest, out);
            return true;
        }
    }
    for (const struct monitor_info *i = m->target->info; i->name; i++) {
        if (!strcmp(i->name, args)) {
            i->print(m->opaque, out);
            return true;
        }
    }
    return info_unknown(m, args, e);
}

/* ---- the table ------------------------------------------------------------------------------- */

static bool run_help(struct monitor *m, char *args, FILE *out, struct error *e);

static const struct command commands[] = {
    {"help", "?", "[COMMAND]", "this list", run_help},
    {"info", NULL, "[TOPIC]", "show something; without a topic: the list of topics", run_info},
    {"x", NULL, "/FMT ADDR", "virtual memory; FMT: count, x d u o c i s, size b h w g", run_x},
    {"xp", NULL, "/FMT ADDR", "physical memory", run_xp},
    {"print", "p", "VALUE", "a value: numbers and registers with + and - ($sp+8)", run_print},
    {"gva2gpa", NULL, "ADDR", "the physical address of a virtual one", run_translate},
    {"cpu", NULL, "N", "the CPU that other commands look at", run_cpu},
    {"stop", "s", NULL, "pause the machine", run_stop},
    {"cont", "c", NULL, "let it go on", run_cont},
    {"system_reset", NULL, NULL, "reset the machine", run_reset},
    {"reset", NULL, "[halt|run]", "the same, and pause it or let it run", run_reset_how},
    {"system_powerdown", NULL, NULL, "press the power button", run_powerdown},
    {"drive", NULL, "DEVICE N 0|1", "drive input N of a device: a pin, a button", run_drive},
    {"catch", NULL, "[LIST|none]", "stop for the debugger at handlers of these exceptions",
     run_catch},
    {"log", NULL, "LIST|none", "log these categories, as of -d", run_log},
    {"quit", "q", NULL, "end armemu", run_quit},
};

static bool is_command(const struct command *c, const char *name, size_t len)
{
    return (strlen(c->name) == len && !memcmp(c->name, name, len)) ||
           (c->alias && strlen(c->alias) == len && !memcmp(c->alias, name, len));
}

static const struct command *find_command(const char *name, size_t len, struct error *e)
{
    const char *names[ARRAY_SIZE(commands) + 1] = {0};
    char word[64], text[80];
    for (unsigned i = 0; i < ARRAY_SIZE(commands); i++) {
        if (is_command(&commands[i], name, len))
            return &commands[i];
        names[i] = commands[i].name;
    }
    snprintf(word, sizeof(word), "%.*s", (int)len, name);
    error_set(e, "unknown command: '%s'%s", word, hint(word, names, text, sizeof(text)));
    return NULL;
}

static void print_command(const struct command *c, FILE *out)
{
    char left[48];
    const char *arguments = c->arguments ? c->arguments : "";
    snprintf(left, sizeof(left), "%s%s%s%s%s", c->name, c->alias ? "|" : "",
             c->alias ? c->alias : "", *arguments && *arguments != '/' ? " " : "", arguments);
    fprintf(out, "%-22s %s\n", left, c->help);
}

static bool run_help(struct monitor *m, char *args, FILE *out, struct error *e)
{
    if (*args) {
        const struct command *c = find_command(args, strlen(args), e);
        if (c)
            print_command(c, out);
        return c != NULL;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(commands); i++)
        print_command(&commands[i], out);
    return true;
}

/* ---- the line that was typed ----------------------------------------------------------------- */

static bool run_line(struct monitor *m, char *line, FILE *out, struct error *e)
{
    line += strspn(line, " \t");
    for (size_t n = strlen(line); n && (line[n - 1] == ' ' || line[n - 1] == '\t'); n--)
        line[n - 1] = 0;
    if (!*line)
        return true;
    size_t len = strcspn(line, " \t/");
    const struct command *c = find_command(line, len, e);
    if (!c)
        return false;
    char *args = line + len + strspn(line + len, " \t");
    if (!c->arguments && *args)
        return error_set(e, "%s takes no arguments", c->name);
    return c->run(m, args, out, e);
}

static void write_text(void *opaque, const char *text, size_t len)
{
    struct monitor *m = opaque;
    chardev_write(m->chardev, text, len);
}

/* A terminal in raw mode wants a carriage return as well. */
static void write_lines(struct monitor *m, const char *text)
{
    while (*text) {
        size_t len = strcspn(text, "\n");
        write_text(m, text, len);
        text += len;
        if (*text) {
            write_text(m, "\r\n", 2);
            text++;
        }
    }
}

char *monitor_execute(struct monitor *m, char *line)
{
    struct error e = {0};
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        abort();
    bool ok = run_line(m, line, out, &e);
    if (!ok)
        fprintf(out, "%s\n", e.text);
    fclose(out);
    return text;
}

static void submit(void *opaque, char *line)
{
    char *text = monitor_execute(opaque, line);
    write_lines(opaque, text);
    free(text);
}

/* Candidate @index among commands, or topics after "info ". */
static const char *complete(void *opaque, const char *line, unsigned index)
{
    struct monitor *m = opaque;
    const char *help, *name;
    bool info = !strncmp(line, "info ", 5);
    const char *word = info ? line + 5 : line;
    if (strchr(word, ' '))
        return NULL;
    for (unsigned i = 0; info || i < ARRAY_SIZE(commands); i++) {
        name = info ? info_topic(m, i, &help) : commands[i].name;
        if (!name)
            return NULL;
        if (!strncmp(name, word, strlen(word)) && index-- == 0)
            return name;
    }
    return NULL;
}

static const struct line_editor_ops editor_ops = {write_text, submit, complete};

/* ---- the character device -------------------------------------------------------------------- */

static void greet(struct monitor *m)
{
    if (!m->greeted)
        chardev_printf(m->chardev, "armemu monitor: 'help' lists the commands\r\n");
    m->greeted = true;
    line_editor_show(&m->editor);
}

static void receive(void *opaque, const uint8_t *buf, size_t len)
{
    struct monitor *m = opaque;
    line_editor_input(&m->editor, buf, len);
}

static void on_event(void *opaque, enum chardev_event event)
{
    struct monitor *m = opaque;
    if (event == CHARDEV_FOCUS_IN || event == CHARDEV_FOCUS_OUT)
        chardev_printf(m->chardev, "\r\n");
    if (event == CHARDEV_FOCUS_IN || (event == CHARDEV_OPENED && !chardev_is_shared(m->chardev)))
        greet(m);
}

static const struct chardev_frontend frontend = {.receive = receive, .event = on_event};

struct monitor *monitor_new(struct chardev *cd, const struct monitor_target *target, void *opaque,
                            const char *name)
{
    struct monitor *m = calloc(1, sizeof(*m));
    if (!m)
        abort();
    m->chardev = cd;
    m->target = target;
    m->opaque = opaque;
    m->name = name;
    line_editor_init(&m->editor, &editor_ops, m, "(armemu) ");
    if (cd)
        chardev_attach(cd, &frontend, m);
    return m;
}

void monitor_free(struct monitor *m)
{
    if (!m)
        return;
    if (m->chardev)
        chardev_attach(m->chardev, NULL, NULL);
    line_editor_free(&m->editor);
    free(m);
}
