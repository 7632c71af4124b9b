/* The table of options and the parser that it drives. */
#include "app/options.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "app/options_internal.h"
#include "backend/x86_64/hostfeat.h"
#include "host/chardev.h"
#include "util/bits.h"
#include "util/log.h"

/* ---- tools ----------------------------------------------------------------------------------- */

enum option_status option_error(struct error *e, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(e->text, sizeof(e->text), fmt, ap);
    va_end(ap);
    return OPTION_ERROR;
}

enum option_status option_result(bool ok)
{
    return ok ? OPTION_OK : OPTION_ERROR;
}

const char *option_hint(const char *word, const char *const *known, char *buf, size_t size)
{
    const char *near = error_nearest(word, known);
    buf[0] = 0;
    if (near)
        snprintf(buf, size, "; did you mean '%s'?", near);
    return buf;
}

char *option_copy(const char *text)
{
    char *copy = strdup(text);
    if (!copy)
        abort();
    return copy;
}

char *option_next_pair(char **rest, char **value)
{
    char *start = *rest, *in = start, *out = start;
    if (!start)
        return NULL;
    for (; *in; in++) {
        if (*in == ',' && in[1] != ',')
            break;
        in += *in == ',';
        *out++ = *in;
    }
    *rest = *in ? in + 1 : NULL;
    *out = 0;
    *value = strchr(start, '=');
    if (*value)
        *(*value)++ = 0;
    return start;
}

/* ---- handlers of options without inner structure --------------------------------------------- */

/* Options that store their value, or set a flag, in a member of struct options. */
#define STORE(function, member)                                                                    \
    static enum option_status function(struct options *o, const char *value, struct error *e)      \
    {                                                                                              \
        o->member = value;                                                                         \
        return OPTION_OK;                                                                          \
    }
#define FLAG(function, member)                                                                     \
    static enum option_status function(struct options *o, const char *value, struct error *e)      \
    {                                                                                              \
        o->member = true;                                                                          \
        return OPTION_OK;                                                                          \
    }

STORE(set_kernel, boot.kernel)
STORE(set_initrd, boot.initrd)
STORE(set_append, boot.append)
STORE(set_dtb, boot.dtb)
STORE(set_bios, boot.bios)
STORE(set_monitor, monitor)
STORE(set_itm, itm)
STORE(set_log_path, log_path)
STORE(set_log_filter, log_filter)
STORE(set_name, name)
STORE(set_pidfile, pidfile)
FLAG(set_nographic, nographic)
FLAG(set_nodefaults, nodefaults)
FLAG(set_no_reboot, no_reboot)
FLAG(set_start_paused, start_paused)
FLAG(set_stats, stats)
FLAG(set_one_insn, one_insn)
FLAG(set_icount_report, icount_report)

static enum option_status set_nothing(struct options *o, const char *value, struct error *e)
{
    return OPTION_OK;
}

static enum option_status set_gdb(struct options *o, const char *value, struct error *e)
{
    o->gdb = strcmp(value, "none") ? value : NULL;
    return OPTION_OK;
}

static enum option_status set_gdb_default(struct options *o, const char *value, struct error *e)
{
    o->gdb = "tcp::1234";
    return OPTION_OK;
}

static enum option_status set_perfmap(struct options *o, const char *value, struct error *e)
{
    o->perfmap = true;
    o->perfmap_path = value;
    return OPTION_OK;
}

static enum option_status add_serial(struct options *o, const char *value, struct error *e)
{
    if (o->serial_count == BOARD_SERIALS_MAX)
        return option_error(e, "-serial: more than %d serial ports", BOARD_SERIALS_MAX);
    o->serial[o->serial_count++] = value;
    return OPTION_OK;
}

static enum option_status add_chardev(struct options *o, const char *value, struct error *e)
{
    if (!strcmp(value, "help")) {
        chardev_print_help(stdout);
        return OPTION_DONE;
    }
    if (o->chardev_count == OPTIONS_CHARDEVS_MAX)
        return option_error(e, "-chardev: more than %d character devices", OPTIONS_CHARDEVS_MAX);
    o->chardev[o->chardev_count++] = value;
    return OPTION_OK;
}

static enum option_status add_device(struct options *o, const char *value, struct error *e)
{
    if (!strcmp(value, "help")) {
        printf("-device loader,file=FILE[,addr=ADDR][,cpu-num=0][,force-raw=on]\n"
               "-device loader,addr=ADDR,data=VALUE[,data-len=1..8][,data-be=on]\n"
               "-device loader,addr=ADDR,cpu-num=0\n");
        return OPTION_DONE;
    }
    value += strncmp(value, "driver=", 7) ? 0 : 7;
    if (!strcmp(value, "loader"))
        return option_error(e, "-device loader: give file=, data=, or addr= with cpu-num=");
    if (strncmp(value, "loader,", 7))
        return option_error(e, "-device %.*s: not supported; the only device that can be added is "
                               "'loader' (-device loader,file=FILE or loader,addr=A,data=D)",
                            (int)strcspn(value, ","), value);
    if (o->boot.loader_count == BOOT_LOADERS_MAX)
        return option_error(e, "-device loader: more than %d of them", BOOT_LOADERS_MAX);
    o->boot.loader[o->boot.loader_count++] = value + 7;
    return OPTION_OK;
}

static enum option_status set_unmapped(struct options *o, const char *value, struct error *e)
{
    static const char *const policies[] = {"fault", "warn", "zero", NULL}; /* as enum vm_unmapped */
    char hint[64];
    for (uint8_t i = 0; policies[i]; i++) {
        if (!strcmp(policies[i], value)) {
            o->unmapped = i;
            return OPTION_OK;
        }
    }
    return option_error(e, "-unmapped: unknown policy '%s'%s (fault, warn, zero)", value,
                        option_hint(value, policies, hint, sizeof(hint)));
}

static enum option_status set_log(struct options *o, const char *value, struct error *e)
{
    uint32_t mask;
    if (!strcmp(value, "help")) {
        log_print_help(stdout);
        return OPTION_DONE;
    }
    if (!log_parse(value, &mask, e))
        return OPTION_ERROR;
    o->log_mask |= mask;
    return OPTION_OK;
}

/* Options of which only `none` exists so far. */
static enum option_status only_none(const char *name, const char *what, const char *value,
                                    struct error *e)
{
    if (!strcmp(value, "none"))
        return OPTION_OK;
    return option_error(e, "%s %s: not supported: %s; only '%s none' is", name, value, what, name);
}

static enum option_status set_display(struct options *o, const char *value, struct error *e)
{
    return only_none("-display", "there is no display yet", value, e);
}

static enum option_status set_vga(struct options *o, const char *value, struct error *e)
{
    return only_none("-vga", "there are no graphics cards", value, e);
}

static enum option_status set_parallel(struct options *o, const char *value, struct error *e)
{
    return only_none("-parallel", "there are no parallel ports", value, e);
}

static enum option_status set_host_features(struct options *o, const char *value, struct error *e)
{
    return host_features_parse(value, &o->host_features_mask, e) ? OPTION_OK : OPTION_ERROR;
}

/* ---- the table ------------------------------------------------------------------------------- */

#define NONE VALUE_NONE, NULL
#define LATER(name, value, what) {name, NULL, value, NULL, TOPIC_LATER, what, NULL}

const struct option_row option_rows[] = {
    {"machine", "M", VALUE_NEEDED, "NAME[,option=value...]", TOPIC_MACHINE,
     "the board (-M help lists them); accel=, dumpdtb=FILE", option_machine},
    {"cpu", NULL, VALUE_NEEDED, "MODEL", TOPIC_MACHINE,
     "the CPU (-cpu help lists them)", option_cpu},
    {"m", NULL, VALUE_NEEDED, "[size=]SIZE", TOPIC_MACHINE,
     "memory in MiB, or with suffix K, M or G", option_memory},
    {"smp", NULL, VALUE_NEEDED, "[cpus=]N", TOPIC_MACHINE,
     "number of CPUs; sockets=, cores=, threads= must agree", option_smp},
    {"device", NULL, VALUE_NEEDED, "loader,...", TOPIC_BOOT,
     "load a file or a value into memory (-device help)", add_device},
    {"nodefaults", NULL, NONE, TOPIC_MACHINE, "no default console and monitor", set_nodefaults},
    {"rtc", NULL, VALUE_NEEDED, "[base=utc|DATE][,clock=host|vm]", TOPIC_MACHINE,
     "start of the real-time clock, and what it follows", option_rtc},
    {"name", NULL, VALUE_NEEDED, "NAME", TOPIC_MACHINE, "a name, for the monitor", set_name},
    {"vga", NULL, VALUE_NEEDED, "none", TOPIC_MACHINE, "no graphics card", set_vga},
    {"parallel", NULL, VALUE_NEEDED, "none", TOPIC_MACHINE, "no parallel port", set_parallel},

    {"kernel", NULL, VALUE_NEEDED, "FILE", TOPIC_BOOT,
     "a zImage, uImage, raw kernel; ELF, HEX, S-record, UF2 program", set_kernel},
    {"initrd", NULL, VALUE_NEEDED, "FILE", TOPIC_BOOT,
     "initial RAM disk of the kernel", set_initrd},
    {"append", NULL, VALUE_NEEDED, "TEXT", TOPIC_BOOT, "command line of the kernel", set_append},
    {"dtb", NULL, VALUE_NEEDED, "FILE", TOPIC_BOOT,
     "device tree instead of the generated one", set_dtb},
    {"bios", NULL, VALUE_NEEDED, "FILE", TOPIC_BOOT,
     "firmware for the flash, started at reset", set_bios},

    {"nographic", NULL, NONE, TOPIC_CONSOLE,
     "console and monitor share the terminal (the default)", set_nographic},
    {"serial", NULL, VALUE_NEEDED, "DEV", TOPIC_CONSOLE,
     "where the next serial port leads: stdio, mon:stdio, file:, pty, tcp:, ...", add_serial},
    {"monitor", NULL, VALUE_NEEDED, "DEV", TOPIC_CONSOLE, "where the monitor is", set_monitor},
    {"itm", NULL, VALUE_NEEDED, "DEV", TOPIC_CONSOLE,
     "where a Cortex-M's ITM port 0 (SWO printf) leads, as -serial", set_itm},
    {"mon", NULL, VALUE_NEEDED, "[chardev=]ID", TOPIC_CONSOLE,
     "the monitor is at -chardev ...,id=ID", option_mon},
    {"chardev", NULL, VALUE_NEEDED, "KIND,id=ID[,...]", TOPIC_CONSOLE,
     "a character device (-chardev help)", add_chardev},
    {"display", NULL, VALUE_NEEDED, "none", TOPIC_CONSOLE, "no window", set_display},

    {"netdev", NULL, VALUE_NEEDED, "user,id=ID[,...]", TOPIC_NETWORK,
     "a network behind the host's sockets (-netdev help)", option_netdev},
    {"net", NULL, VALUE_NEEDED, "nic[,netdev=ID][,...]", TOPIC_NETWORK,
     "connect the board's interface (model=, mac=); user[,...]: a network; none", option_net},
    {"nic", NULL, VALUE_NEEDED, "user[,...]", TOPIC_NETWORK,
     "both at once: -nic user,model=lan9118,hostfwd=tcp::2222-:22; none", option_nic},

    {"accel", NULL, VALUE_NEEDED, "jit|interp|lockstep", TOPIC_RUN,
     "how code is executed (tcg means jit)", option_accel},
    {"icount", NULL, VALUE_NEEDED, "[shift=]N|auto[,sleep=off]", TOPIC_RUN,
     "deterministic time: an instruction takes 2^N ns", option_icount},
    {"icount-report", NULL, NONE, TOPIC_RUN,
     "print instructions, time and a hash of the state to stderr at the end", set_icount_report},
    {"seed", NULL, VALUE_NEEDED, "NUMBER", TOPIC_RUN,
     "random numbers for the guest that depend on this alone", option_seed},
    {"S", NULL, NONE, TOPIC_RUN,
     "do not start the CPUs until GDB or the monitor says so", set_start_paused},
    {"no-reboot", NULL, NONE, TOPIC_RUN, "end instead of resetting the machine", set_no_reboot},
    {"semihosting", NULL, NONE, TOPIC_RUN,
     "serve the program's semihosting calls: console, exit status", option_semihosting},
    {"semihosting-config", NULL, VALUE_NEEDED, "[enable=]on|off[,...]", TOPIC_RUN,
     "the same with target=, chardev=ID, arg=TEXT, userspace=, root=DIR, readonly=",
     option_semihosting_config},
    {"pidfile", NULL, VALUE_NEEDED, "FILE", TOPIC_RUN,
     "a file with the process id, as long as the process is there", set_pidfile},
    {"no-user-config", NULL, NONE, TOPIC_RUN,
     "accepted: there are no configuration files", set_nothing},

    {"gdb", NULL, VALUE_NEEDED, "DEV", TOPIC_DEBUG,
     "wait for GDB at tcp:HOST:PORT (no HOST: this one only), unix:PATH, stdio", set_gdb},
    {"s", NULL, NONE, TOPIC_DEBUG, "the same as -gdb tcp::1234", set_gdb_default},
    {"d", NULL, VALUE_NEEDED, "LIST", TOPIC_DEBUG,
     "log these categories (-d help lists them)", set_log},
    {"D", NULL, VALUE_NEEDED, "FILE", TOPIC_DEBUG, "write the log to FILE; %d is the process id",
     set_log_path},
    {"dfilter", NULL, VALUE_NEEDED, "RANGES", TOPIC_DEBUG,
     "log only code in start..end, start+size or start-size", set_log_filter},
    {"unmapped", NULL, VALUE_NEEDED, "fault|warn|zero", TOPIC_DEBUG,
     "what accesses to addresses with nothing there do (fault: as the hardware)", set_unmapped},
    {"stats", NULL, NONE, TOPIC_DEBUG, "print statistics to stderr at the end", set_stats},
    {"perfmap", NULL, VALUE_OPTIONAL, "FILE", TOPIC_DEBUG,
     "names of translated blocks for perf (default /tmp/perf-PID.map)", set_perfmap},
    {"one-insn-per-tb", "singlestep", NONE, TOPIC_DEBUG,
     "translate each instruction by itself (for -d exec)", set_one_insn},
    {"host-features", NULL, VALUE_NEEDED, "no-bmi2,...", TOPIC_DEBUG,
     "do without these features of the host's CPU", set_host_features},

    {"help", "h", VALUE_WORD, "TOPIC", TOPIC_HELP, "options by topic", option_help},
    {"version", NULL, NONE, TOPIC_HELP, "the version", option_version},

    LATER("no-shutdown", VALUE_NONE, "staying after power-off"),
    LATER("drive", VALUE_NEEDED, "disks"),
    LATER("blockdev", VALUE_NEEDED, "disks"),
    LATER("hda", VALUE_NEEDED, "disks"),
    LATER("cdrom", VALUE_NEEDED, "disks"),
    LATER("sd", VALUE_NEEDED, "disks"),
    LATER("pflash", VALUE_NEEDED, "writable flash"),
    LATER("mtdblock", VALUE_NEEDED, "writable flash"),
    LATER("snapshot", VALUE_NONE, "snapshots"),
    LATER("loadvm", VALUE_NEEDED, "snapshots"),
    LATER("incoming", VALUE_NEEDED, "migration"),
    LATER("enable-kvm", VALUE_NONE, "KVM"),
    LATER("fsdev", VALUE_NEEDED, "shared folders"),
    LATER("virtfs", VALUE_NEEDED, "shared folders"),
    LATER("fw_cfg", VALUE_NEEDED, "own fw_cfg files"),
    LATER("object", VALUE_NEEDED, "objects"),
    LATER("global", VALUE_NEEDED, "global properties"),
    LATER("usb", VALUE_NONE, "USB"),
    LATER("audiodev", VALUE_NEEDED, "sound"),
    LATER("vnc", VALUE_NEEDED, "VNC"),
    LATER("qmp", VALUE_NEEDED, "QMP"),
    LATER("trace", VALUE_NEEDED, "trace events"),
    LATER("plugin", VALUE_NEEDED, "plugins"),
    LATER("boot", VALUE_NEEDED, "boot order"),
    LATER("uuid", VALUE_NEEDED, "a machine UUID"),
    LATER("sandbox", VALUE_NEEDED, "the sandbox"),
    LATER("daemonize", VALUE_NONE, "running in the background"),
    LATER("readconfig", VALUE_NEEDED, "configuration files"),
    {0},
};

/* ---- the parser ------------------------------------------------------------------------------ */

static const struct option_row *find_row(const char *name, size_t len)
{
    for (const struct option_row *r = option_rows; r->name; r++) {
        if (strlen(r->name) == len && !memcmp(r->name, name, len))
            return r;
        if (r->alias && strlen(r->alias) == len && !memcmp(r->alias, name, len))
            return r;
    }
    return NULL;
}

static enum option_status error_unknown(const char *arg, const char *name, size_t len,
                                        struct error *e)
{
    const char *names[128] = {0};
    unsigned count = 0;
    char word[64], hint[80] = "";
    for (const struct option_row *r = option_rows; r->name; r++)
        if (r->topic != TOPIC_LATER && count + 1 < ARRAY_SIZE(names))
            names[count++] = r->name;
    snprintf(word, sizeof(word), "%.*s", (int)len, name);
    const char *near = error_nearest(word, names);
    if (near)
        snprintf(hint, sizeof(hint), "; did you mean '-%s'?", near);
    return option_error(e, "unknown option '%s'%s (see --help)", arg, hint);
}

static enum option_status error_bare(const char *arg, struct error *e)
{
    if (!*arg)
        return option_error(e, "an empty argument is no option (see --help)");
    return option_error(e, "'%s' is not an option; to boot a kernel or program use -kernel '%s'",
                        arg, arg);
}

static enum option_status apply(const struct option_row *row, const char *arg, const char *value,
                                struct options *o, struct error *e)
{
    if (row->topic == TOPIC_LATER)
        return option_error(e, "option '%s' is not supported yet (%s)", arg, row->help);
    return row->apply(o, value, e);
}

static enum option_status parse_one(struct options *o, int argc, char *const *argv, int *index,
                                    struct error *e)
{
    const char *arg = argv[*index];
    const char *name = arg + (arg[0] == '-') + (arg[0] == '-' && arg[1] == '-');
    if (name == arg || !*name)
        return error_bare(arg, e);
    size_t len = strcspn(name, "=");
    const struct option_row *row = find_row(name, len);
    if (!row)
        return error_unknown(arg, name, len, e);
    const char *value = name[len] ? name + len + 1 : NULL;
    if (row->topic == TOPIC_LATER)
        return apply(row, arg, NULL, o, e);
    if (value && row->value == VALUE_NONE)
        return option_error(e, "option '%.*s' takes no value", (int)(name - arg + (int)len), arg);
    const char *next = *index + 1 < argc ? argv[*index + 1] : NULL;
    if (!value && row->value == VALUE_NEEDED && !next)
        return option_error(e, "option '%s' needs a value: %s %s", arg, arg, row->value_name);
    if (!value && next &&
        (row->value == VALUE_NEEDED || (row->value == VALUE_WORD && next[0] != '-'))) {
        value = next;
        ++*index;
    }
    return apply(row, arg, value, o, e);
}

enum options_result options_parse(struct options *o, int argc, char *const *argv, struct error *e)
{
    *o = (struct options){0};
    for (int i = 1; i < argc; i++) {
        enum option_status status = parse_one(o, argc, argv, &i, e);
        if (status != OPTION_OK)
            return status == OPTION_DONE ? OPTIONS_DONE : OPTIONS_ERROR;
    }
    return options_check_machine(o, e) ? OPTIONS_RUN : OPTIONS_ERROR;
}

void options_free(struct options *o)
{
    machine_close(o->machine);
    free(o->machine_options);
    free(o->dump_dtb);
    free(o->mon);
    free(o->semihosting.chardev);
    free(o->semihosting.root);
    free(o->semihosting.args);
    options_free_net(o);
}
