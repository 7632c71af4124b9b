/* From rows to a board: devices, windows, interrupt wires. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "devices/firmware/fw_cfg.h"
#include "devices/intc/gicv2.h"
#include "devices/timer/arch_timer.h"
#include "host/clock.h"
#include "machines/internal.h"
#include "util/bits.h"

/* ---- the list of machines ------------------------------------------------------------------------------ */

static const struct machine *const machines[] = {&machine_virt};

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
    error_set(e, "-M: unknown machine '%s'; %s '%s'", word, near ? "did you mean" : "there is",
              near ? near : names[0]);
    return NULL;
}

void machine_print_help(FILE *out)
{
    fprintf(out, "Machines (-M name):\n");
    for (unsigned i = 0; i < ARRAY_SIZE(machines); i++)
        fprintf(out, "  %-14s %s\n", machines[i]->name, machines[i]->help);
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
        snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s", c == m->cpus ? "" : ", ", *c);
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

uint64_t machine_max_ram(const struct machine *m)
{
    return m->ram_max;
}

unsigned machine_serial_count(const struct machine *m)
{
    unsigned n = 0;
    for (unsigned i = 0; i < m->row_count; i++)
        n += m->rows[i].role == ROLE_SERIAL;
    return n;
}

uint32_t machine_cbar(const struct machine *m)
{
    return m->cbar;
}

const struct machine_m_profile *machine_m_profile(const struct machine *m)
{
    return m->m_profile;
}

/* Options whose other values ask for what is not there. */
static const struct {
    const char *name;
    const char *values; /* accepted ones, between spaces */
} machine_options[] = {
    {"accel", " tcg jit interp lockstep "},
    {"secure", " off no false "},
    {"virtualization", " off no false "},
    {"highmem", " on off yes no true false "}, /* nothing lies in high memory but RAM beyond 3 GiB */
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

/* ---- windows ---------------------------------------------------------------------------------------------- */

struct window {
    struct device *dev;
    unsigned region;
};

static bool window_read(void *opaque, unsigned cpu, uint64_t offset, unsigned size, uint64_t *value)
{
    const struct window *w = opaque;
    *value = device_read(w->dev, w->region, cpu == PHYS_CPU_NONE ? 0 : cpu, offset, size);
    return true;
}

static bool window_write(void *opaque, unsigned cpu, uint64_t offset, unsigned size, uint64_t value)
{
    const struct window *w = opaque;
    device_write(w->dev, w->region, cpu == PHYS_CPU_NONE ? 0 : cpu, offset, size, value);
    return true;
}

static const struct phys_mmio_ops window_ops = {window_read, window_write, 1, 8};

static bool window_add(struct board *b, struct device *dev, unsigned region, uint64_t base,
                       struct error *e)
{
    struct board_private *p = b->private_data;
    assert(p->window_count < ARRAY_SIZE(p->window));
    p->window[p->window_count].dev = dev;
    p->window[p->window_count].region = region;
    return physmap_add_mmio(b->config.map, dev->name, base, dev->region[region].size, &window_ops,
                            &p->window[p->window_count++], e);
}

/* ---- roles ------------------------------------------------------------------------------------------------- */

static void connect_intc(struct board *b, struct device *gic)
{
    b->intc = gic;
    for (unsigned cpu = 0; cpu < b->config.cpu_count; cpu++) {
        gicv2_connect_cpu(gic, cpu, GICV2_IRQ, b->config.cpu_line(b->config.opaque, cpu, BOARD_CPU_IRQ));
        gicv2_connect_cpu(gic, cpu, GICV2_FIQ, b->config.cpu_line(b->config.opaque, cpu, BOARD_CPU_FIQ));
    }
}

static void connect_timer(struct board *b, struct device *timer)
{
    static const unsigned ppi[ARCH_TIMER_KINDS] = {
        [ARCH_TIMER_PHYS] = 30, [ARCH_TIMER_PHYS_S] = 29, [ARCH_TIMER_VIRT] = 27, [ARCH_TIMER_HYP] = 26,
    };
    b->timer = timer;
    for (unsigned cpu = 0; cpu < b->config.cpu_count; cpu++)
        for (unsigned kind = 0; kind < ARCH_TIMER_KINDS; kind++)
            arch_timer_connect(timer, cpu, kind, gicv2_ppi(b->intc, cpu, ppi[kind]));
}

static void connect_spis(struct board *b, struct device *dev, int spi, unsigned outputs)
{
    for (unsigned i = 0; i < outputs; i++)
        device_connect(dev, i, gicv2_spi(b->intc, (unsigned)spi + i));
}

static void connect(struct board *b, const struct machine_row *row, struct device *dev, unsigned instance)
{
    struct board_private *p = b->private_data;
    switch (row->role) {
    case ROLE_INTC:
        connect_intc(b, dev);
        break;
    case ROLE_TIMER:
        connect_timer(b, dev);
        break;
    case ROLE_MSI:
        connect_spis(b, dev, row->spi, dev->output_count);
        break;
    case ROLE_GPIO_KEYS:
        b->power_gpio = dev;
        b->power_input = row->power_pin;
        device_connect(dev, dev->output_count - 1, gicv2_spi(b->intc, (unsigned)row->spi));
        break;
    case ROLE_FW_CFG:
        p->fw_cfg = dev;
        break;
    case ROLE_SERIAL:
    case ROLE_NONE:
        if (row->spi != NO_SPI)
            connect_spis(b, dev, row->spi + (int)instance, 1);
        break;
    }
}

/* ---- building ------------------------------------------------------------------------------------------------ */

struct build {
    struct board *board;
    unsigned serials;
};

static bool add_device(struct build *build, const struct machine_row *row, unsigned instance,
                       struct error *e)
{
    struct board *b = build->board;
    struct property_value values[ROW_PROPERTIES + 2];
    unsigned count = row->properties;
    char name[32];
    memcpy(values, row->property, sizeof(row->property));
    if (row->role == ROLE_INTC || row->role == ROLE_TIMER)
        values[count++] = (struct property_value){"num_cpus", b->config.cpu_count, NULL};
    if (row->role == ROLE_SERIAL)
        values[count++] = (struct property_value){"chardev", 0, b->config.serial[build->serials++]};
    snprintf(name, sizeof(name), row->count > 1 ? "%s%u" : "%s", row->name, instance);
    const struct device_class *class = device_class_find(row->class, e);
    struct device *dev = class ? device_create(class, name, b->config.env, values, count, e) : NULL;
    if (!dev)
        return error_prefix(e, "%s: device %s", b->machine->name, name);
    assert(b->device_count < BOARD_DEVICES_MAX);
    b->devices[b->device_count++] = dev;
    for (unsigned i = 0; i < row->windows; i++)
        if (!window_add(b, dev, row->window[i].region, row->window[i].base + instance * row->stride, e))
            return false;
    connect(b, row, dev, instance);
    return true;
}

static bool add_memory(struct board *b, struct error *e)
{
    const struct machine *m = b->machine;
    for (unsigned i = 0; i < m->memory_count; i++) {
        const struct machine_memory *r = &m->memory[i];
        if (!(r->rom ? physmap_add_rom(b->config.map, r->name, r->base, r->size, e)
                     : physmap_add_ram(b->config.map, r->name, r->base, r->size, false, e)))
            return false;
    }
    b->ram = physmap_add_ram(b->config.map, "ram", m->ram_base, b->config.ram_size, false, e);
    return b->ram != NULL;
}

static void power_release(void *opaque)
{
    struct board *b = opaque;
    struct irq_line pin = device_input(b->power_gpio, b->power_input);
    irq_lower(&pin);
}

static void describe_to_firmware(struct board *b)
{
    struct board_private *p = b->private_data;
    if (!p->fw_cfg)
        return;
    fw_cfg_add_number(p->fw_cfg, FW_CFG_NB_CPUS, b->config.cpu_count, 2);
    fw_cfg_add_number(p->fw_cfg, FW_CFG_RAM_SIZE, b->config.ram_size, 8);
}

bool board_build(struct board *b, const struct machine *m, const struct board_config *config,
                 struct error *e)
{
    *b = (struct board){.machine = m, .config = *config};
    struct board_private *p = calloc(1, sizeof(*p));
    if (!p)
        return error_set(e, "out of memory");
    b->private_data = p;
    timer_init(&p->power_release, config->env->timers, power_release, b);
    struct build build = {b, 0};
    bool ok = add_memory(b, e);
    for (unsigned i = 0; ok && i < m->row_count; i++) {
        const struct machine_row *row = &m->rows[i];
        unsigned count = row->count ? row->count : 1;
        for (unsigned k = 0; ok && k < count; k++)
            ok = add_device(&build, row, k, e);
    }
    if (!ok) {
        board_free(b);
        return false;
    }
    describe_to_firmware(b);
    return true;
}

struct device *board_device(const struct board *b, const char *name, unsigned index)
{
    for (unsigned i = 0; i < b->device_count; i++)
        if (!strcmp(b->devices[i]->name, name) && !index--)
            return b->devices[i];
    return NULL;
}

void board_reset(struct board *b)
{
    for (unsigned i = 0; i < b->device_count; i++)
        device_reset(b->devices[i]);
}

void board_free(struct board *b)
{
    struct board_private *p = b->private_data;
    if (p && b->power_gpio)
        timer_cancel(&p->power_release);
    for (unsigned i = 0; i < b->device_count; i++)
        device_free(b->devices[i]);
    b->device_count = 0;
    free(p);
    b->private_data = NULL;
}

bool board_power_button(struct board *b)
{
    struct board_private *p = b->private_data;
    if (!b->power_gpio)
        return false;
    struct irq_line pin = device_input(b->power_gpio, b->power_input);
    irq_raise(&pin);
    timer_set(&p->power_release, clock_now(b->config.env->timers->clock) + 100 * CLOCK_NS_PER_MS);
    return true;
}
