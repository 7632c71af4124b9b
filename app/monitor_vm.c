#include "app/monitor_vm.h"

#include <inttypes.h>
#include <string.h>

#include "app/version.h"
#include "devices/display/microbit_leds.h"
#include "devices/intc/gicv2.h"
#include "softmmu/physmap.h"

static bool is_paused(void *vm)
{
    return vm_paused(vm);
}

static void pause_vm(void *vm)
{
    vm_pause(vm);
}

static void resume_vm(void *vm)
{
    vm_resume(vm);
}

static void reset(void *vm)
{
    vm_request_reset(vm);
}

static bool power_down(void *vm)
{
    return vm_powerdown(vm);
}

static void quit(void *vm)
{
    vm_quit(vm, 0);
}

static bool catch_exceptions(void *vm, const char *list, FILE *out, struct error *e)
{
    if (*list)
        return vm_catch(vm, list, e);
    vm_catch_print(vm, out);
    return true;
}

static uint32_t cpu_count(void *vm)
{
    return vm_cpu_count(vm);
}

static void print_cpu(void *vm, uint32_t cpu, FILE *out)
{
    vm_print_cpu(vm, cpu, out);
}

static bool drive(void *vm, const char *device, unsigned input, bool level, struct error *e)
{
    const struct board *b = vm_board(vm);
    for (unsigned i = 0; i < b->device_count; i++) {
        struct device *dev = b->devices[i];
        if (strcmp(dev->name, device))
            continue;
        if (input >= dev->input_count)
            return error_set(e, "drive: %s has %u inputs", device, dev->input_count);
        struct irq_line line = device_input(dev, input);
        irq_set(&line, level);
        return true;
    }
    return error_set(e, "drive: there is no device '%s'; 'info devices' lists them", device);
}

static bool read_phys(void *vm, uint64_t addr, void *buf, uint32_t len)
{
    return vm_read_phys(vm, addr, buf, len);
}

static bool read_virt(void *vm, uint32_t cpu, uint64_t addr, void *buf, uint32_t len)
{
    return vm_read_virt(vm, cpu, addr, buf, len);
}

static bool translate(void *vm, uint32_t cpu, uint64_t addr, uint64_t *phys)
{
    return vm_translate(vm, cpu, addr, phys);
}

static bool read_register(void *vm, uint32_t cpu, const char *name, uint64_t *value)
{
    return vm_register(vm, cpu, name, value);
}

static void info_version(void *vm, FILE *out)
{
    fprintf(out, "armemu %s\n", ARMEMU_VERSION);
}

static void info_cpu_model(void *vm, FILE *out)
{
    fprintf(out, "machine %s, %u x %s\n", machine_name(vm_board(vm)->machine), vm_cpu_count(vm),
            vm_cpu_model(vm));
}

static void info_mtree(void *vm, FILE *out)
{
    physmap_print(vm_physmap(vm), out);
}

/* Under the device lock, as everything that the monitor does. */
static void info_devices(void *vm, FILE *out)
{
    const struct board *b = vm_board(vm);
    for (unsigned i = 0; i < b->device_count; i++) {
        struct device *dev = b->devices[i];
        fprintf(out, "%-16s %s\n", dev->name, dev->class->help);
        if (dev->ops->print)
            dev->ops->print(dev, out);
    }
}

/* The interrupt controller: a device, or the CPU's own. */
static void info_irq(void *vm, FILE *out)
{
    const struct board *b = vm_board(vm);
    bool any = vm_print_nvic(vm, out);
    for (unsigned i = 0; i < b->device_count; i++) {
        if (b->devices[i]->class != &gicv2_class)
            continue;
        fprintf(out, "%s\n", b->devices[i]->name);
        b->devices[i]->ops->print(b->devices[i], out);
        any = true;
    }
    if (!any)
        fprintf(out, "this board has no interrupt controller that can be shown\n");
}

static void info_leds(void *vm, FILE *out)
{
    const struct board *b = vm_board(vm);
    bool any = false;
    for (unsigned i = 0; i < b->device_count; i++) {
        if (b->devices[i]->class != &microbit_leds_class)
            continue;
        b->devices[i]->ops->print(b->devices[i], out);
        any = true;
    }
    if (!any)
        fprintf(out, "this board has no LED matrix\n");
}

static void print_chardev(struct chardev *cd, void *out)
{
    fprintf(out, "%s: %s\n", chardev_id(cd), chardev_description(cd));
}

static void info_chardev(void *vm, FILE *out)
{
    chardev_for_each(vm_chardevs(vm), print_chardev, out);
}

static void info_jit(void *vm, FILE *out)
{
    struct vm_stats s;
    vm_stats_get(vm, &s);
    fprintf(out,
            "blocks translated   %" PRIu64 "\nof these again      %" PRIu64
            "\nblocks invalidated  %" PRIu64 "\nregions evicted     %" PRIu64
            "\njumps chained       %" PRIu64 "\nlookups             %" PRIu64
            "\ntranslation time    %" PRIu64 " us\ninstructions        %" PRIu64 "\n",
            s.engine.blocks_translated, s.engine.blocks_retranslated, s.engine.blocks_invalidated,
            s.engine.regions_evicted, s.engine.chains, s.engine.lookups,
            s.engine.translate_ns / 1000, s.instructions);
}

static void info_tlb(void *vm, FILE *out)
{
    struct vm_stats s;
    vm_stats_get(vm, &s);
    fprintf(out,
            "context switches    %" PRIu64 "\nof these to new ones %" PRIu64
            "\nentries filled      %" PRIu64 "\ncode pages entered  %" PRIu64
            "\ncontexts flushed    %" PRIu64 "\npages invalidated   %" PRIu64
            "\nslow loads, stores  %" PRIu64 ", %" PRIu64 "\n",
            s.mmu.context_switches, s.mmu.context_misses, s.mmu.fills, s.mmu.exec_fills,
            s.mmu.flushes, s.mmu.page_invalidations, s.slow_loads, s.slow_stores);
}

static const struct monitor_info infos[] = {
    {"version", "the program's version", info_version},
    {"machine", "board and CPU model", info_cpu_model},
    {"mtree", "the physical address map", info_mtree},
    {"devices", "the board's devices", info_devices},
    {"irq", "interrupts that are enabled, pending or active", info_irq},
    {"leds", "what the board's LED matrix shows", info_leds},
    {"chardev", "character devices", info_chardev},
    {"jit", "translated code", info_jit},
    {"tlb", "translation contexts", info_tlb},
    {0},
};

static const struct monitor_target target = {
    .paused = is_paused,
    .pause = pause_vm,
    .resume = resume_vm,
    .reset = reset,
    .powerdown = power_down,
    .drive = drive,
    .catch = catch_exceptions,
    .quit = quit,
    .cpu_count = cpu_count,
    .print_cpu = print_cpu,
    .read_phys = read_phys,
    .read_virt = read_virt,
    .translate = translate,
    .read_register = read_register,
    .info = infos,
};

struct monitor *monitor_vm_new(struct chardev *cd, struct vm *vm, const char *name)
{
    return monitor_new(cd, &target, vm, name);
}
