/* Options with inner structure (-M, -cpu, -m, -smp, -accel), and the board's limits. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "app/options_internal.h"
#include "frontend/arm/cpu/cpu.h"
#include "util/bits.h"

enum { PAGE_SIZE = 4096 };

/* ---- -accel ---------------------------------------------------------------------------------- */

static const struct {
    const char *name, *help;
    enum engine_accel accel;
} accels[] = {
    {"jit", "translate to host code (the default)", ENGINE_JIT},
    {"tcg", "the same, by QEMU's name", ENGINE_JIT},
    {"interp", "interpret the intermediate representation: slow, the reference", ENGINE_INTERP},
    {"lockstep", "both, compared after each block", ENGINE_LOCKSTEP},
};
static const char *const accel_names[] = {"jit", "tcg", "interp", "lockstep", NULL};

static bool accel_find(const char *name, size_t len, enum engine_accel *accel)
{
    for (unsigned i = 0; i < ARRAY_SIZE(accels); i++) {
        if (strlen(accels[i].name) == len && !memcmp(accels[i].name, name, len)) {
            *accel = accels[i].accel;
            return true;
        }
    }
    return false;
}

/* @list: names separated by colons, of which the first that exists is taken. */
static bool accel_choose(struct options *o, const char *list, struct error *e)
{
    char hint[64];
    for (const char *p = list; *p;) {
        size_t len = strcspn(p, ":");
        if (accel_find(p, len, &o->accel))
            return true;
        p += len + (p[len] == ':');
    }
    return error_set(e, "-accel: '%s' is not supported%s (jit, interp, lockstep)", list,
                     option_hint(list, accel_names, hint, sizeof(hint)));
}

static bool accel_property(struct options *o, const char *key, const char *value, struct error *e)
{
    static const char *const keys[] = {"thread", NULL};
    char hint[64];
    if (strcmp(key, "thread"))
        return error_set(e, "-accel: unknown option '%s'%s", key,
                         option_hint(key, keys, hint, sizeof(hint)));
    o->single_thread = value && !strcmp(value, "single");
    if (!o->single_thread && (!value || strcmp(value, "multi")))
        return error_set(e, "-accel: thread=%s is not valid; it is single or multi",
                         value ? value : "");
    return true;
}

enum option_status option_accel(struct options *o, const char *value, struct error *e)
{
    if (!strcmp(value, "help")) {
        for (unsigned i = 0; i < ARRAY_SIZE(accels); i++)
            printf("%-10s %s\n", accels[i].name, accels[i].help);
        return OPTION_DONE;
    }
    char *copy = option_copy(value), *rest = copy, *inner;
    char *name = option_next_pair(&rest, &inner);
    if (inner && !strcmp(name, "accel")) /* -accel accel=tcg */
        name = inner;
    bool ok = accel_choose(o, name, e);
    while (ok && (name = option_next_pair(&rest, &inner)))
        ok = accel_property(o, name, inner, e);
    free(copy);
    return option_result(ok);
}

/* ---- -M, -cpu -------------------------------------------------------------------------------- */

static void append_option(char *to, const char *key, const char *value)
{
    sprintf(to + strlen(to), "%s%s%s%s", *to ? "," : "", key, value ? "=" : "", value ? value : "");
}

/* accel= and dumpdtb= are ours, the rest is the board's. */
static bool machine_property(struct options *o, const char *key, char *value, struct error *e)
{
    if (!strcmp(key, "accel") && value)
        return accel_choose(o, value, e);
    if (!strcmp(key, "dumpdtb")) {
        if (!value || !*value)
            return error_set(e, "-M: dumpdtb needs a file: dumpdtb=FILE");
        free(o->dump_dtb);
        o->dump_dtb = option_copy(value);
        return true;
    }
    append_option(o->machine_options, key, value);
    return true;
}

enum option_status option_machine(struct options *o, const char *value, struct error *e)
{
    if (!strcmp(value, "help") || !strcmp(value, "?")) {
        machine_print_help(stdout);
        return OPTION_DONE;
    }
    char *copy = option_copy(value), *rest = copy, *inner;
    bool ok = true;
    free(o->machine_options);
    o->machine_options = calloc(1, strlen(value) + 2);
    if (!o->machine_options)
        abort();
    char *key = option_next_pair(&rest, &inner);
    if (inner && !strcmp(key, "type"))
        append_option(o->machine_options, inner, NULL);
    else
        append_option(o->machine_options, key, inner);
    while (ok && (key = option_next_pair(&rest, &inner)))
        ok = machine_property(o, key, inner, e);
    free(copy);
    return option_result(ok);
}

static void print_cpus(void)
{
    for (unsigned i = 0; i < arm_cpu_model_count; i++)
        printf("%-14s %s\n", arm_cpu_models[i].name, arm_cpu_models[i].help);
}

enum option_status option_cpu(struct options *o, const char *value, struct error *e)
{
    if (!strcmp(value, "help") || !strcmp(value, "?")) {
        print_cpus();
        return OPTION_DONE;
    }
    if (strchr(value, ','))
        return option_error(e, "-cpu %s: options of the CPU ('%s') are not supported", value,
                            strchr(value, ',') + 1);
    const struct arm_cpu_model *model = arm_cpu_model_find(value, e);
    if (!model) {
        error_prefix(e, "-cpu");
        return OPTION_ERROR;
    }
    o->cpu_model = model->name;
    return OPTION_OK;
}

/* ---- -m, -smp -------------------------------------------------------------------------------- */

/* "512", "512M", "1G": bytes; plain numbers count @unit bytes. */
static bool parse_size(const char *text, uint64_t unit, uint64_t *size, struct error *e)
{
    static const char suffixes[] = "bkmgt";
    char *end;
    errno = 0;
    uint64_t n = strtoull(text, &end, 0);
    if (*text < '0' || *text > '9' || end == text)
        return error_set(e, "-m: '%s' is not a size: a number of MiB, or one with suffix K, M or G",
                         text);
    if (*end) {
        const char *suffix = strchr(suffixes, *end | 0x20);
        if (!suffix || end[1])
            return error_set(e, "-m: '%s' is not a size: unknown suffix '%s'; there are K, M and G",
                             text, end);
        unit = 1ull << (10 * (suffix - suffixes));
    }
    if (errno || n > UINT64_MAX / unit)
        return error_set(e, "-m: '%s' is too large", text);
    *size = n * unit;
    return true;
}

static bool memory_property(struct options *o, const char *key, const char *value, struct error *e)
{
    static const char *const keys[] = {"size", NULL};
    char hint[64];
    const char *size = value ? value : key;
    if (value && (!strcmp(key, "slots") || !strcmp(key, "maxmem")))
        return error_set(e, "-m: %s= is not supported: memory cannot be added later", key);
    if (value && strcmp(key, "size"))
        return error_set(e, "-m: unknown option '%s'%s", key,
                         option_hint(key, keys, hint, sizeof(hint)));
    if (!parse_size(size, 1 << 20, &o->ram_size, e))
        return false;
    if (!o->ram_size)
        return error_set(e, "-m: a machine needs some memory, not '%s'", size);
    if (o->ram_size % PAGE_SIZE)
        return error_set(e, "-m: '%s' is not a multiple of the page size, %d bytes", size,
                         PAGE_SIZE);
    return true;
}

enum option_status option_memory(struct options *o, const char *value, struct error *e)
{
    char *copy = option_copy(value), *rest = copy, *inner;
    bool ok = true;
    for (char *key; ok && (key = option_next_pair(&rest, &inner));)
        ok = memory_property(o, key, inner, e);
    free(copy);
    return option_result(ok);
}

enum {
    SMP_CPUS, SMP_MAXCPUS, SMP_SOCKETS, SMP_DIES, SMP_CLUSTERS, SMP_CORES, SMP_THREADS, SMP_KEYS
};
static const char *const smp_keys[] = {"cpus",     "maxcpus", "sockets", "dies",
                                       "clusters", "cores",   "threads", NULL};

static bool smp_property(uint32_t *values, const char *key, const char *value, bool first,
                         struct error *e)
{
    enum { CPUS_MAX = 1024 }; /* of any machine; the machine's own limit comes later */
    char hint[64], *end;
    unsigned i = 0;
    if (!value && first) {
        value = key;
        key = smp_keys[0];
    }
    while (i < SMP_KEYS && strcmp(smp_keys[i], key))
        i++;
    if (i == SMP_KEYS)
        return error_set(e, "-smp: unknown option '%s'%s", key,
                         option_hint(key, smp_keys, hint, sizeof(hint)));
    unsigned long n = value ? strtoul(value, &end, 10) : 0;
    if (!value || *value < '0' || *value > '9' || *end)
        return error_set(e, "-smp: %s=%s is not a number", key, value ? value : "");
    if (n == 0 || n > CPUS_MAX)
        return error_set(e, "-smp: %s=%s is out of range", key, value);
    values[i] = (uint32_t)n;
    return true;
}

/* The product of the topology must be the number of CPUs; one part that is left out fills up. */
static bool smp_check(const uint32_t *v, uint32_t *cpus, struct error *e)
{
    uint64_t product = 1;
    for (unsigned i = SMP_SOCKETS; i < SMP_KEYS; i++)
        product *= v[i] ? v[i] : 1;
    bool complete = v[SMP_SOCKETS] && v[SMP_CORES] && v[SMP_THREADS];
    uint64_t n = v[SMP_CPUS] ? v[SMP_CPUS] : v[SMP_MAXCPUS] ? v[SMP_MAXCPUS] : product;
    if (complete ? n != product : n % product != 0)
        return error_set(e, "-smp: %" PRIu64 " CPUs do not agree with a topology of %" PRIu64
                            " (sockets x cores x threads)", n, product);
    if (v[SMP_MAXCPUS] && v[SMP_MAXCPUS] != n)
        return error_set(e, "-smp: maxcpus=%u differs from %" PRIu64 " CPUs: CPUs cannot be added "
                            "later", v[SMP_MAXCPUS], n);
    *cpus = n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
    return true;
}

enum option_status option_smp(struct options *o, const char *value, struct error *e)
{
    uint32_t values[SMP_KEYS] = {0};
    char *copy = option_copy(value), *rest = copy, *inner;
    bool ok = true, first = true;
    for (char *key; ok && (key = option_next_pair(&rest, &inner)); first = false)
        ok = smp_property(values, key, inner, first, e);
    free(copy);
    return option_result(ok && smp_check(values, &o->cpu_count, e));
}

/* ---- the machine's limits -------------------------------------------------------------------- */

static bool check_memory(struct options *o, struct error *e)
{
    if (!o->ram_size)
        o->ram_size = machine_default_ram(o->machine);
    return machine_check_ram(o->machine, o->ram_size, e);
}

static bool check_cpus(struct options *o, struct error *e)
{
    uint32_t max = machine_max_cpus(o->machine);
    if (!o->cpu_model)
        o->cpu_model = machine_default_cpu(o->machine);
    if (!machine_cpu_allowed(o->machine, o->cpu_model, e))
        return false;
    if (!o->cpu_count)
        o->cpu_count = 1;
    if (o->cpu_count > max)
        return error_set(e, "-smp: machine '%s' has at most %u CPUs, not %u",
                         machine_name(o->machine), max, o->cpu_count);
    return !o->single_thread || o->cpu_count == 1 ||
           error_set(e, "-accel: thread=single is not supported with %u CPUs", o->cpu_count);
}

/* Ports beyond the board's may only lead nowhere. */
static bool check_serials(struct options *o, struct error *e)
{
    unsigned ports = machine_serial_count(o->machine);
    for (unsigned i = ports; i < o->serial_count; i++)
        if (strcmp(o->serial[i], "none") && strcmp(o->serial[i], "null"))
            return error_set(e, "-serial %s: machine '%s' has only %u serial port%s", o->serial[i],
                             machine_name(o->machine), ports, ports == 1 ? "" : "s");
    if (o->serial_count > ports)
        o->serial_count = ports;
    return true;
}

bool options_check_machine(struct options *o, struct error *e)
{
    if (!o->machine_options)
        o->machine_options = option_copy("virt");
    o->machine = machine_open(o->machine_options, e);
    return o->machine && check_memory(o, e) && check_cpus(o, e) && check_serials(o, e) &&
           options_check_net(o, e) && options_check_time(o, e);
}
