/* From rows to a board: memory, devices, windows, and their wires. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "devices/firmware/fw_cfg.h"
#include "devices/intc/gicv2.h"
#include "devices/timer/arch_timer.h"
#include "host/clock.h"
#include "machines/internal.h"
#include "util/bits.h"

/* ---- windows --------------------------------------------------------------------------------- */

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

static struct window *window_new(struct board_private *p, struct device *dev, unsigned region)
{
    assert(p->window_count < BOARD_WINDOWS_MAX);
    struct window *w = &p->window[p->window_count++];
    *w = (struct window){dev, region};
    return w;
}

static bool window_add(struct board *b, struct device *dev, unsigned region, uint64_t base,
                       struct error *e)
{
    struct board_private *p = b->private_data;
    if (region >= dev->region_count)
        return error_set(e, "%s: device %s has no window %u", b->machine->name, dev->name, region);
    if (p->window_count == BOARD_WINDOWS_MAX)
        return error_set(e, "%s: more than %d windows", b->machine->name, BOARD_WINDOWS_MAX);
    return physmap_add_mmio(b->config.map, dev->name, base, dev->region[region].size, &window_ops,
                            window_new(p, dev, region), e);
}

/* ---- roles ----------------------------------------------------------------------------------- */

static void connect_intc(struct board *b, struct device *gic)
{
    b->intc = gic;
    for (unsigned cpu = 0; cpu < b->config.cpu_count; cpu++) {
        gicv2_connect_cpu(gic, cpu, GICV2_IRQ,
                          b->config.cpu_line(b->config.opaque, cpu, BOARD_CPU_IRQ));
        gicv2_connect_cpu(gic, cpu, GICV2_FIQ,
                          b->config.cpu_line(b->config.opaque, cpu, BOARD_CPU_FIQ));
    }
}

static void connect_timer(struct board *b, struct device *timer)
{
    static const unsigned ppi[ARCH_TIMER_KINDS] = {
        [ARCH_TIMER_PHYS] = 30,
        [ARCH_TIMER_PHYS_S] = 29,
        [ARCH_TIMER_VIRT] = 27,
        [ARCH_TIMER_HYP] = 26,
    };
    b->timer = timer;
    for (unsigned cpu = 0; cpu < b->config.cpu_count; cpu++)
        for (unsigned kind = 0; kind < ARCH_TIMER_KINDS; kind++)
            arch_timer_connect(timer, cpu, kind, gicv2_ppi(b->intc, cpu, ppi[kind]));
}

static void take_role(struct board *b, const struct machine_row *row, struct device *dev)
{
    struct board_private *p = b->private_data;
    switch (row->role) {
    case ROLE_INTC:
        connect_intc(b, dev);
        break;
    case ROLE_TIMER:
        connect_timer(b, dev);
        break;
    case ROLE_GPIO_KEYS:
        b->power_gpio = dev;
        b->power_input = row->power_pin;
        break;
    case ROLE_FW_CFG:
        p->fw_cfg = dev;
        break;
    case ROLE_SERIAL:
    case ROLE_NETWORK:
    case ROLE_NONE:
        break;
    }
}

/* Say where in a file the row stands that is wrong. Always false. */
static bool error_at(const char *where, struct error *e)
{
    return where ? error_prefix(e, "%s", where) : false;
}

/* ---- building -------------------------------------------------------------------------------- */

struct build {
    struct board *board;
    struct wire_set *wires;
    unsigned serials, nics;
};

static bool add_irqs(struct build *build, const struct machine_row *row, unsigned instance,
                     struct device *dev, struct error *e)
{
    for (unsigned i = 0; i < row->irqs; i++) {
        const struct row_irq *r = &row->irq[i];
        for (unsigned k = 0; k < (r->count ? r->count : 1u); k++)
            if (!wires_add_irq(build->wires, build->board, dev, r->output + k,
                               r->line + (int)(instance + k), e))
                return false;
    }
    return true;
}

static unsigned board_properties(struct build *build, const struct machine_row *row,
                                 struct property_value *values)
{
    const struct board_config *c = &build->board->config;
    unsigned count = 0;
    if (row->role == ROLE_INTC || row->role == ROLE_TIMER)
        values[count++] = (struct property_value){"num_cpus", c->cpu_count, NULL};
    if (row->role == ROLE_SERIAL) {
        unsigned n = build->serials++;
        values[count++] = (struct property_value){
            "chardev", 0, n < BOARD_SERIALS_MAX ? c->serial[n] : NULL};
    }
    if (row->role == ROLE_NETWORK && build->nics < BOARD_NICS_MAX) {
        const struct board_nic *nic = &c->nic[build->nics++];
        values[count++] = (struct property_value){"netdev", 0, nic->net};
        if (nic->has_mac)
            values[count++] = (struct property_value){"mac", nic->mac, NULL};
    }
    return count;
}

static bool add_device(struct build *build, const struct machine_row *row, unsigned instance,
                       struct error *e)
{
    struct board *b = build->board;
    struct property_value values[ROW_PROPERTIES + 2];
    unsigned count = row->properties;
    char name[32];
    memcpy(values, row->property, sizeof(row->property));
    count += board_properties(build, row, values + count);
    snprintf(name, sizeof(name), row->count > 1 ? "%s%u" : "%s", row->name, instance);
    const struct device_class *class = device_class_find(row->class, e);
    if (class && b->device_count == BOARD_DEVICES_MAX)
        return error_set(e, "%s: more than %d devices", b->machine->name, BOARD_DEVICES_MAX);
    struct device *dev = class ? device_create(class, name, b->config.env, values, count, e) : NULL;
    if (!dev)
        return error_prefix(e, "%s: device %s", b->machine->name, name);
    b->devices[b->device_count++] = dev;
    for (unsigned i = 0; i < row->windows; i++)
        if (!window_add(b, dev, row->window[i].region, row->window[i].base + instance * row->stride,
                        e))
            return false;
    if (row->clock_hz && !dev->ops->clock)
        return error_set(e, "%s: device %s has no clock input", b->machine->name, name);
    if (row->clock_hz)
        dev->ops->clock(dev, 0, row->clock_hz);
    take_role(b, row, dev);
    return add_irqs(build, row, instance, dev, e);
}

static bool add_devices(struct build *build, struct error *e)
{
    const struct machine *m = build->board->machine;
    bool ok = true;
    for (unsigned i = 0; ok && i < m->row_count; i++) {
        unsigned count = m->rows[i].count ? m->rows[i].count : 1;
        for (unsigned k = 0; ok && k < count; k++)
            ok = add_device(build, &m->rows[i], k, e) || error_at(m->rows[i].where, e);
    }
    for (unsigned i = 0; ok && i < m->wire_count; i++)
        ok = wires_add(build->wires, build->board, &m->wires[i], e) ||
             error_at(m->wires[i].where, e);
    if (ok)
        wires_connect(build->wires, build->board);
    return ok;
}

/* ---- memory ---------------------------------------------------------------------------------- */

static bool add_memory_row(struct board *b, const struct machine_memory *r, struct error *e)
{
    struct physmap *map = b->config.map;
    struct phys_region *of;
    switch (r->kind) {
    case MEMORY_RAM:
        return physmap_add_ram(map, r->name, r->base, r->size, false, e) != NULL;
    case MEMORY_ROM:
        of = physmap_add_rom(map, r->name, r->base, r->size, e);
        if (of && r->erased)
            memset(of->host, 0xff, r->size);
        return of != NULL;
    case MEMORY_ALIAS:
        of = physmap_by_name(map, r->of);
        if (!of || !of->host)
            return error_set(e, "%s: memory %s: there is no memory '%s' to show", b->machine->name,
                             r->name, r->of);
        return physmap_add_alias(map, r->name, r->base, of, e) != NULL;
    }
    return false;
}

static bool add_memory(struct board *b, struct error *e)
{
    const struct machine *m = b->machine;
    b->ram = physmap_add_ram(b->config.map, "ram", m->ram_base, b->config.ram_size, false, e);
    bool ok = b->ram != NULL;
    for (unsigned i = 0; ok && i < m->memory_count; i++)
        ok = add_memory_row(b, &m->memory[i], e) || error_at(m->memory[i].where, e);
    return ok;
}

/* A store to the ROM of an M-profile board that no device takes is a bus fault. */
static bool store_refuse(void *opaque, unsigned cpu, uint64_t offset, unsigned size, uint64_t value)
{
    return false;
}

static const struct phys_mmio_ops rom_ops = {.write = store_refuse, .min_size = 1, .max_size = 8};

/* The devices that take stores to ROM exist only after the memory. */
static bool connect_rom(struct board *b, const struct machine_memory *r, struct error *e)
{
    struct board_private *p = b->private_data;
    struct phys_region *rom = physmap_by_name(b->config.map, r->name);
    if (!r->of) {
        if (b->machine->m_profile)
            physmap_set_rom_store(rom, &rom_ops, NULL);
        return true;
    }
    struct device *dev = board_device(b, r->of, 0);
    if (!dev || r->store_region >= dev->region_count)
        return error_set(e, "%s: memory %s: there is no device '%s' that takes stores",
                         b->machine->name, r->name, r->of);
    struct window *w = window_new(p, dev, r->store_region);
    physmap_set_rom_store(rom, &window_ops, w);
    return true;
}

static bool connect_roms(struct board *b, struct error *e)
{
    const struct machine *m = b->machine;
    for (unsigned i = 0; i < m->memory_count; i++)
        if (m->memory[i].kind == MEMORY_ROM && !connect_rom(b, &m->memory[i], e))
            return error_at(m->memory[i].where, e);
    return true;
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
    struct build build = {.board = b, .wires = wires_new()};
    bool ok = add_memory(b, e) && add_devices(&build, e) && connect_roms(b, e);
    wires_free(build.wires);
    if (!ok) {
        board_free(b);
        return false;
    }
    describe_to_firmware(b);
    return true;
}

struct device *board_device(const struct board *b, const char *name, unsigned index)
{
    char numbered[40];
    snprintf(numbered, sizeof(numbered), "%s%u", name, index);
    for (unsigned i = 0; i < b->device_count; i++)
        if (!strcmp(b->devices[i]->name, numbered) ||
            (!index && !strcmp(b->devices[i]->name, name)))
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
    if (p)
        arena_free(&p->gates);
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
