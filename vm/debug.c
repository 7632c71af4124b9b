/*
 * Stops, breakpoints and watchpoints, and the debugger's view of registers and memory.
 *
 * A CPU that stops holds itself and posts the news to the event loop, which parks the others and
 * tells the listener. All stops are before the instruction (or, for a step, between two), so what
 * other CPUs had to report meanwhile can be forgotten: they meet it again.
 */
#include "vm/debug.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debug/gdb_registers.h"
#include "frontend/arm/cpu/exceptions.h"
#include "util/bits.h"
#include "vm/internal.h"

enum { PAGE = PHYS_PAGE_SIZE, POINTS_MAX = 4096 };

/* ---- watchpoints, on the CPU's thread ------------------------------------------------------------- */

static bool is_watch(const struct vm_point *p, bool write)
{
    return p->kind == GDB_POINT_ACCESS || p->kind == (write ? GDB_POINT_WRITE : GDB_POINT_READ);
}

static const struct vm_point *watch_find(const struct vm *vm, uint32_t va, uint32_t len, bool write)
{
    for (unsigned i = 0; i < vm->debug.point_count; i++) {
        const struct vm_point *p = &vm->debug.points[i];
        if (is_watch(p, write) && (uint64_t)va < (uint64_t)p->addr + p->len &&
            p->addr < (uint64_t)va + len)
            return p;
    }
    return NULL;
}

bool vm_debug_watches_page(const struct vm *vm, uint32_t va, bool write)
{
    return vm->debug.watch_count && watch_find(vm, (uint32_t)align_down(va, PAGE), PAGE, write);
}

bool vm_debug_watch(struct vm_cpu *c, uint32_t va, uint32_t len, bool write)
{
    const struct vm_point *p = watch_find(c->vm, va, len, write);
    if (!p)
        return false;
    c->watch_hit = true;
    c->stop = (struct gdb_stop){GDB_STOP_POINT, c->index, p->kind, p->addr > va ? p->addr : va};
    atomic_store(&c->attention, true);
    atomic_store(&c->state.env.exit_request, 1);
    return true;
}

/* ---- stops ------------------------------------------------------------------------------------------ */

/* On the event loop: the machine stops, and one of the CPUs that wanted it is named. */
static void announce(void *opaque)
{
    struct vm *vm = opaque;
    struct vm_debug *d = &vm->debug;
    struct gdb_stop stop = {.kind = GDB_STOP_NONE};
    d->announced = false;
    if (!d->running)
        return;
    d->running = false;
    vm_pause(vm);
    for (uint32_t i = 0; i < vm->cpu_count; i++)
        if (stop.kind == GDB_STOP_NONE)
            stop = vm->cpus[i]->stop;
    vm_debug_release(vm);
    if (d->stopped)
        d->stopped(d->opaque, &stop);
}

static void cpu_stopped(struct vm_cpu *c)
{
    struct vm *vm = c->vm;
    c->held = true;
    if (!vm->debug.announced)
        loop_post(vm->loop, announce, vm);
    vm->debug.announced = true;
}

static enum gdb_point breakpoint_kind(const struct vm *vm, uint64_t pc)
{
    for (unsigned i = 0; i < vm->debug.point_count; i++)
        if (vm->debug.points[i].kind <= GDB_POINT_HARDWARE && vm->debug.points[i].addr == pc)
            return vm->debug.points[i].kind;
    return GDB_POINT_SOFTWARE;
}

void vm_debug_cpu_left(struct vm_cpu *c, enum engine_stop why)
{
    if (c->watch_hit) {
        c->watch_hit = false;
    } else if (why == ENGINE_STOP_STEP) {
        c->state.halted = 0;
        c->stop = (struct gdb_stop){.kind = GDB_STOP_STEP, .cpu = c->index};
    } else if (why == ENGINE_STOP_BREAKPOINT) {
        c->stop = (struct gdb_stop){GDB_STOP_POINT, c->index,
                                    breakpoint_kind(c->vm, c->state.env.pc), c->state.env.pc};
    } else {
        return;
    }
    cpu_stopped(c);
}

void vm_debug_release(struct vm *vm)
{
    for (uint32_t i = 0; i < vm->cpu_count; i++) {
        vm->cpus[i]->held = false;
        vm->cpus[i]->stop.kind = GDB_STOP_NONE;
        engine_step(vm->cpus[i]->engine, ENGINE_STEP_OFF);
    }
}

void vm_debug_paused(struct vm *vm)
{
    const struct gdb_stop stop = {.kind = GDB_STOP_INTERRUPT};
    if (!vm->debug.running)
        return;
    vm->debug.running = false;
    vm_debug_release(vm);
    if (vm->debug.stopped)
        vm->debug.stopped(vm->debug.opaque, &stop);
}

void vm_debug_listen(struct vm *vm, void (*stopped)(void *opaque, const struct gdb_stop *stop),
                     void *opaque)
{
    vm->debug.stopped = stopped;
    vm->debug.opaque = opaque;
}

static bool running(void *opaque)
{
    return !vm_paused(opaque);
}

static void stop(void *opaque)
{
    struct vm *vm = opaque;
    vm->debug.running = false;
    vm_pause(vm);
    vm_debug_release(vm);
}

/* Breakpoints reach the engine when they are needed: a debugger takes them all out and puts them back
 * in at each stop. */
static void breakpoints_apply(struct vm *vm)
{
    struct vm_debug *d = &vm->debug;
    uint64_t *pcs = malloc((d->point_count + 1) * sizeof(*pcs));
    uint32_t count = 0;
    if (!pcs)
        abort();
    for (unsigned i = 0; i < d->point_count; i++)
        if (d->points[i].kind <= GDB_POINT_HARDWARE)
            pcs[count++] = d->points[i].addr;
    engine_breakpoints_set(vm->engine, pcs, count);
    free(pcs);
    d->changed = false;
}

static void resume(void *opaque, const enum gdb_action *actions)
{
    static const enum engine_step step[] = {
        [GDB_HOLD] = ENGINE_STEP_OFF, [GDB_CONTINUE] = ENGINE_STEP_OFF, [GDB_STEP] = ENGINE_STEP,
        [GDB_STEP_INTERRUPTS] = ENGINE_STEP_INTERRUPTS};
    struct vm *vm = opaque;
    vm_debug_release(vm);
    for (uint32_t i = 0; i < vm->cpu_count; i++) {
        struct vm_cpu *c = vm->cpus[i];
        c->held = actions[i] == GDB_HOLD;
        engine_step(c->engine, step[actions[i]]);
        if (vm->debug.changed && actions[i] == GDB_CONTINUE)
            breakpoints_apply(vm);
        if (step[actions[i]] && !c->powered) { /* there is nothing to wait for */
            c->stop = (struct gdb_stop){.kind = GDB_STOP_STEP, .cpu = i};
            cpu_stopped(c);
        }
    }
    vm->debug.running = true;
    vm_resume(vm);
}

/* ---- breakpoints and watchpoints, while stopped --------------------------------------------------- */

/* The tables of no CPU know the pages of the watchpoint any more, nor may they learn them. */
static void watch_flush(struct vm *vm, const struct vm_point *p)
{
    struct mmu_op op = {.kind = p->len > 64 * PAGE ? MMU_OP_INV_ALL : MMU_OP_INV_VA};
    for (uint64_t va = align_down(p->addr, PAGE); va < (uint64_t)p->addr + p->len; va += PAGE) {
        op.va = (uint32_t)va;
        vm_mmu_op(vm, NULL, &op);
        if (op.kind == MMU_OP_INV_ALL)
            break;
    }
}

static void point_changed(struct vm *vm, const struct vm_point *p, int delta)
{
    struct vm_debug *d = &vm->debug;
    bool reads = p->kind == GDB_POINT_READ || p->kind == GDB_POINT_ACCESS;
    if (p->kind <= GDB_POINT_HARDWARE) {
        d->changed = true;
        return;
    }
    d->watch_count += (unsigned)delta;
    if (reads) {
        unsigned before = d->read_watch_count;
        d->read_watch_count += (unsigned)delta;
        if (!before != !d->read_watch_count)
            engine_fold_literals(vm->engine, !d->read_watch_count);
    }
    if (delta > 0)
        watch_flush(vm, p);
}

static struct vm_point *point_find(struct vm_debug *d, const struct vm_point *key)
{
    for (unsigned i = 0; i < d->point_count; i++)
        if (d->points[i].kind == key->kind && d->points[i].addr == key->addr &&
            d->points[i].len == key->len)
            return &d->points[i];
    return NULL;
}

static bool insert(void *opaque, enum gdb_point kind, uint64_t addr, uint32_t len)
{
    struct vm *vm = opaque;
    struct vm_debug *d = &vm->debug;
    const struct vm_point point = {kind, (uint32_t)addr, len};
    if (addr > UINT32_MAX)
        return false;
    if (point_find(d, &point))
        return true;
    if (d->point_count == POINTS_MAX)
        return false;
    if (!d->points)
        d->points = calloc(POINTS_MAX, sizeof(*d->points));
    if (!d->points)
        abort();
    d->points[d->point_count++] = point;
    point_changed(vm, &point, 1);
    return true;
}

static void remove_point(struct vm *vm, struct vm_point *p)
{
    const struct vm_point gone = *p;
    *p = vm->debug.points[--vm->debug.point_count];
    point_changed(vm, &gone, -1);
}

static void remove_one(void *opaque, enum gdb_point kind, uint64_t addr, uint32_t len)
{
    struct vm *vm = opaque;
    const struct vm_point key = {kind, (uint32_t)addr, len};
    struct vm_point *p = point_find(&vm->debug, &key);
    if (p && addr <= UINT32_MAX)
        remove_point(vm, p);
}

static void remove_all(void *opaque)
{
    struct vm *vm = opaque;
    while (vm->debug.point_count)
        remove_point(vm, &vm->debug.points[0]);
    if (vm->debug.changed)
        breakpoints_apply(vm);
}

/* ---- registers --------------------------------------------------------------------------------------- */

static const struct gdb_registers *registers(void *opaque)
{
    struct vm *vm = opaque;
    if (!vm->debug.registers)
        vm->debug.registers = gdb_registers_new(&vm->cpus[0]->state);
    return vm->debug.registers;
}

/* Registers of devices (timers) take the device lock themselves. All CPUs are parked. */
static uint64_t read_register(void *opaque, uint32_t cpu, const struct gdb_register *reg)
{
    struct vm *vm = opaque;
    pthread_mutex_unlock(&vm->device_lock);
    uint64_t value = gdb_register_read(&vm->cpus[cpu]->state, reg);
    pthread_mutex_lock(&vm->device_lock);
    return value;
}

static bool write_register(void *opaque, uint32_t cpu, const struct gdb_register *reg,
                           uint64_t value)
{
    struct vm *vm = opaque;
    pthread_mutex_unlock(&vm->device_lock);
    bool ok = gdb_register_write(&vm->cpus[cpu]->state, reg, value);
    pthread_mutex_lock(&vm->device_lock);
    return ok;
}

/* ---- memory ------------------------------------------------------------------------------------------ */

/* Devices are accessed in words where the range allows, as software would. */
static bool device_access(struct vm *vm, uint64_t phys, uint8_t *buf, uint32_t len, bool write)
{
    struct phys_region *last = NULL;
    for (uint32_t n; len; phys += n, buf += n, len -= n) {
        uint64_t value = 0;
        n = !(phys & 3) && len >= 4 ? 4 : !(phys & 1) && len >= 2 ? 2 : 1;
        if (write)
            memcpy(&value, buf, n);
        if (!(write ? physmap_cpu_write(vm->map, &last, PHYS_CPU_NONE, phys, n, value)
                    : physmap_cpu_read(vm->map, &last, PHYS_CPU_NONE, phys, n, &value)))
            return false;
        if (!write)
            memcpy(buf, &value, n);
    }
    return true;
}

static bool phys_access(struct vm *vm, uint64_t phys, uint8_t *buf, uint32_t len, bool write)
{
    while (len) {
        const struct phys_region *r = physmap_find(vm->map, phys);
        if (!r)
            return false;
        uint64_t left = r->base + r->size - phys;
        uint32_t n = left < len ? (uint32_t)left : len;
        bool ok = r->kind == PHYS_MMIO ? device_access(vm, phys, buf, n, write)
                  : write              ? physmap_load(vm->map, phys, buf, n)
                                       : physmap_read(vm->map, phys, buf, n);
        if (!ok)
            return false;
        phys += n;
        buf += n;
        len -= n;
    }
    return true;
}

static bool memory_access(struct vm *vm, uint32_t cpu, bool physical, uint64_t addr, uint8_t *buf,
                          uint32_t len, bool write)
{
    if (physical)
        return phys_access(vm, addr, buf, len, write);
    if (addr > UINT32_MAX || len > BIT64(32) - addr)
        return false;
    while (len) {
        uint64_t phys;
        uint32_t n = PAGE - (uint32_t)(addr & (PAGE - 1));
        n = n < len ? n : len;
        if (!vm_translate(vm, cpu, addr, &phys) || !phys_access(vm, phys, buf, n, write))
            return false;
        addr += n;
        buf += n;
        len -= n;
    }
    return true;
}

static bool read_memory(void *opaque, uint32_t cpu, bool physical, uint64_t addr, void *buf,
                        uint32_t len)
{
    return memory_access(opaque, cpu, physical, addr, buf, len, false);
}

static bool write_memory(void *opaque, uint32_t cpu, bool physical, uint64_t addr, const void *buf,
                         uint32_t len)
{
    return memory_access(opaque, cpu, physical, addr, (uint8_t *)buf, len, true);
}

/* ---- the rest ------------------------------------------------------------------------------------------ */

static uint32_t cpu_count(void *opaque)
{
    return vm_cpu_count(opaque);
}

static void describe_cpu(void *opaque, uint32_t cpu, char *buf, size_t size)
{
    const struct vm_cpu *c = ((struct vm *)opaque)->cpus[cpu];
    snprintf(buf, size, "%s", c->powered ? "on" : "off");
}

static void reset(void *opaque)
{
    vm_reset(opaque);
}

static void quit(void *opaque)
{
    vm_quit(opaque, 0);
}

const struct gdb_target vm_gdb_target = {
    .cpu_count = cpu_count,
    .describe_cpu = describe_cpu,
    .running = running,
    .stop = stop,
    .resume = resume,
    .registers = registers,
    .read_register = read_register,
    .write_register = write_register,
    .read_memory = read_memory,
    .write_memory = write_memory,
    .insert = insert,
    .remove = remove_one,
    .remove_all = remove_all,
    .reset = reset,
    .quit = quit,
};

void vm_debug_free(struct vm *vm)
{
    free(vm->debug.points);
    gdb_registers_free(vm->debug.registers);
}
