/* The machines by name, and what the command line wants to know about one. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "machines/internal.h"
#include "util/bits.h"

/* ---- the list of machines -------------------------------------------------------------------- */

/* In alphabetical order of the names. */
static const struct machine *const machines[] = {
    &machine_cortex_m,
    &machine_lm3s6965evb,
    &machine_microbit,
    &machine_mps2_an385,
    &machine_mps2_an386,
    &machine_mps2_an500,
    &machine_netduinoplus2,
    &machine_olimex_stm32_h405,
    &machine_virt,
};

static size_t name_length(const char *name)
{
    return strcspn(name, ",");
}

const struct machine *machine_find(const char *name, struct error *e)
{
    size_t len = name_length(name);
    const char *names[ARRAY_SIZE(machines) + 1] = {0};
    for (unsigned i = 0; i < ARRAY_SIZE(machines); i++) {
        names[i] = machines[i]->name;
        if (strlen(names[i]) == len && !memcmp(names[i], name, len))
            return machines[i];
    }
    char word[64];
    snprintf(word, sizeof(word), "%.*s", (int)len, name);
    const char *near = error_nearest(word, names);
    error_set(e, "-M: unknown machine '%s'; %s%s%s", word, near ? "did you mean '" : "",
              near ? near : "'armemu -M help' lists them", near ? "'?" : "");
    return NULL;
}

void machine_print_help(FILE *out)
{
    fprintf(out, "Machines (-M name):\n");
    for (unsigned i = 0; i < ARRAY_SIZE(machines); i++)
        fprintf(out, "  %-20s %s\n", machines[i]->name, machines[i]->help);
    fprintf(out, "  %-20s %s\n", "file:PATH", "a board that a file describes (docs/BOARDS.md)");
}

const char *machine_name(const struct machine *m)
{
    return m->name;
}

const char *machine_default_cpu(const struct machine *m)
{
    return m->default_cpu;
}

bool machine_cpu_allowed(const struct machine *m, const char *cpu_model, struct error *e)
{
    for (const char *const *c = m->cpus; *c; c++)
        if (!strcmp(*c, cpu_model))
            return true;
    char list[256] = "";
    for (const char *const *c = m->cpus; *c; c++)
        snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s", c == m->cpus ? "" : ", ",
                 *c);
    return error_set(e, "-cpu %s: machine '%s' has %s", cpu_model, m->name, list);
}

uint32_t machine_max_cpus(const struct machine *m)
{
    return m->max_cpus;
}

uint64_t machine_default_ram(const struct machine *m)
{
    return m->ram_default;
}

/* "16 MiB", "64 KiB" */
static const char *size_text(uint64_t size, char *buf, size_t buf_size)
{
    bool mib = !(size & ((1u << 20) - 1));
    snprintf(buf, buf_size, "%" PRIu64 " %s", size >> (mib ? 20 : 10), mib ? "MiB" : "KiB");
    return buf;
}

bool machine_check_ram(const struct machine *m, uint64_t size, struct error *e)
{
    char wanted[40], limit[40];
    if (size >= m->ram_min && size <= m->ram_max)
        return true;
    size_text(size, wanted, sizeof(wanted));
    size_text(size > m->ram_max ? m->ram_max : m->ram_min, limit, sizeof(limit));
    if (m->ram_min == m->ram_max)
        return error_set(e, "-m: machine '%s' has %s of memory, which cannot be changed to %s",
                         m->name, limit, wanted);
    return error_set(e, "-m: machine '%s' has at %s %s of memory, not %s", m->name,
                     size > m->ram_max ? "most" : "least", limit, wanted);
}

unsigned machine_serial_count(const struct machine *m)
{
    unsigned n = 0;
    for (unsigned i = 0; i < m->row_count; i++)
        if (m->rows[i].role == ROLE_SERIAL)
            n += m->rows[i].count ? m->rows[i].count : 1;
    return n;
}

const char *machine_nic_model(const struct machine *m, unsigned index)
{
    for (unsigned i = 0; i < m->row_count; i++) {
        if (m->rows[i].role != ROLE_NETWORK)
            continue;
        unsigned count = m->rows[i].count ? m->rows[i].count : 1;
        if (index < count)
            return m->rows[i].class;
        index -= count;
    }
    return NULL;
}

uint32_t machine_cbar(const struct machine *m)
{
    return m->cbar;
}

const struct machine_m_profile *machine_m_profile(const struct machine *m)
{
    return m->m_profile;
}

unsigned machine_hz_shift(uint32_t hz)
{
    enum { MAX = 10 };
    unsigned shift = 0;
    /* 1.5 * 2^shift <= period */
    while (shift < MAX && 3u << shift <= 2 * (CLOCK_NS_PER_SEC / hz))
        shift++;
    return shift;
}

unsigned machine_cycle_shift(const struct machine *m)
{
    enum { UNKNOWN = 3 };
    return m->m_profile && m->m_profile->cpu_hz ? machine_hz_shift(m->m_profile->cpu_hz) : UNKNOWN;
}

/* Options whose other values ask for what is not there. */
static const struct {
    const char *name;
    const char *values; /* accepted ones, between spaces */
} machine_options[] = {
    {"accel", " tcg jit interp lockstep "},
    {"secure", " off no false "},
    {"virtualization", " off no false "},
    /* nothing lies in high memory but RAM beyond 3 GiB */
    {"highmem", " on off yes no true false "},
    {"gic-version", " 2 "},
    {"usb", " off no false "},
};

static bool option_check(const char *option, size_t len, struct error *e)
{
    char text[128], value[72];
    snprintf(text, sizeof(text), "%.*s", (int)len, option);
    char *equals = strchr(text, '=');
    if (equals)
        *equals = 0;
    snprintf(value, sizeof(value), " %s ", equals ? equals + 1 : "on");
    const char *names[ARRAY_SIZE(machine_options) + 1] = {0};
    for (unsigned i = 0; i < ARRAY_SIZE(machine_options); i++) {
        names[i] = machine_options[i].name;
        if (strcmp(names[i], text))
            continue;
        if (strstr(machine_options[i].values, value))
            return true;
        return error_set(e, "-M: option %s supports only%s(not%s)", text, machine_options[i].values,
                         value);
    }
    const char *near = error_nearest(text, names);
    return error_set(e, "-M: unknown option '%s'%s%s%s", text, near ? "; did you mean '" : "",
                     near ? near : "", near ? "'?" : "");
}

bool machine_check_options(const struct machine *m, const char *options, struct error *e)
{
    const char *p = options + name_length(options);
    while (*p == ',') {
        size_t len = name_length(++p);
        if (!option_check(p, len, e))
            return false;
        p += len;
    }
    return true;
}

const struct machine *machine_open(const char *spec, struct error *e)
{
    if (!strncmp(spec, "file:", 5))
        return machine_file_open(spec, e);
    const struct machine *m = machine_find(spec, e);
    if (m == &machine_cortex_m)
        return machine_cortex_m_open(spec, e);
    return m && machine_check_options(m, spec, e) ? m : NULL;
}

void machine_close(const struct machine *m)
{
    if (!m || !m->arena)
        return;
    struct arena arena = *m->arena; /* it holds itself */
    arena_free(&arena);
}
