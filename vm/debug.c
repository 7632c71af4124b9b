/*
 * Stops, breakpoints and watchpoints, and the debugger's view of registers.
 *
 * A CPU that stops holds itself and posts the news to the event loop, which parks the others and
 * tells the listener. All stops are before the instruction (or, for a step, between two), so what
 * other CPUs had to report meanwhile can be forgotten: they meet it again. But an exception that
 * was caught has been taken: that is told when its CPU is to go on.
 */
#include "vm/debug.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debug/gdb_registers.h"
#include "frontend/arm/cpu/exceptions.h"
#include "frontend/arm/cpu/m/m.h"
#include "util/bits.h"
#include "vm/internal.h"

enum { PAGE = PHYS_PAGE_SIZE };

static uint32_t thread_of(const struct vm_cpu *c)
{
    return c->index + 1;
}

static struct vm_cpu *cpu_of(struct vm *vm, uint32_t thread)
{
    return vm->cpus[thread - 1];
}

/* ---- registers ------------------------------------------------------------------------------- */

static const struct gdb_registers *registers(void *opaque)
{
    struct vm *vm = opaque;
    if (!vm->debug.registers)
        vm->debug.registers = gdb_registers_new(&vm->cpus[0]->state);
    return vm->debug.registers;
}

/* Registers of devices (timers) take the device lock themselves. All CPUs are parked. */
static uint64_t read_register(void *opaque, uint32_t thread, const struct gdb_register *reg)
{
    struct vm *vm = opaque;
    pthread_mutex_unlock(&vm->device_lock);
    uint64_t value = gdb_register_read(&cpu_of(vm, thread)->state, reg);
    pthread_mutex_lock(&vm->device_lock);
    return value;
}

static bool write_register(void *opaque, uint32_t thread, const struct gdb_register *reg,
                           uint64_t value)
{
    struct vm *vm = opaque;
    pthread_mutex_unlock(&vm->device_lock);
    bool ok = gdb_register_write(&cpu_of(vm, thread)->state, reg, value);
    pthread_mutex_lock(&vm->device_lock);
    return ok;
}

/* ---- watchpoints, on the CPU's thread -------------------------------------------------------- */

bool vm_debug_watches_page(const struct vm_cpu *c, uint32_t va, bool write)
{
    const struct gdb_points *p = &c->vm->debug.points;
    if ((c->state.m.watches | c->state.m.literals) && arm_m_watches_page(&c->state, va, write))
        return true;
    return p->watch_count && gdb_points_watch(p, (uint32_t)align_down(va, PAGE), PAGE, write);
}

bool vm_debug_watch(struct vm_cpu *c, uint32_t va, uint32_t len, bool write)
{
    if (!gdb_thread_watched(&c->vm->debug.points, va, len, write, &c->stop))
        return false;
    c->stop_noted = true;
    c->stop.thread = thread_of(c);
    atomic_store(&c->attention, true);
    atomic_store(&c->state.env.exit_request, 1);
    return true;
}

/* ---- requests of the program, on the CPU's thread -------------------------------------------- */

bool vm_debug_serves(struct vm_cpu *c)
{
    struct vm *vm = c->vm;
    pthread_mutex_lock(&vm->device_lock);
    bool serves = vm->debug.attached && !vm->debug.non_stop && (vm->debug.running || vm->paused);
    pthread_mutex_unlock(&vm->device_lock);
    return serves;
}

/* Like all stops this one may be forgotten for another: the call is then made again, with its
 * request. */
void vm_debug_ask(struct vm_cpu *c)
{
    c->stop_noted = true;
    c->stop = (struct gdb_stop){
        .kind = GDB_STOP_FILE_IO, .thread = thread_of(c), .request = &c->request};
    atomic_store(&c->attention, true);
    atomic_store(&c->state.env.exit_request, 1);
    vm_restart_instruction(c);
}

/* ---- stops ----------------------------------------------------------------------------------- */

static bool all_held(const struct vm *vm)
{
    for (uint32_t i = 0; i < vm->cpu_count; i++)
        if (!vm->cpus[i]->held)
            return false;
    return true;
}

/* Non-stop: each CPU that has stopped is reported. Time stands when all have. */
static void announce_each(struct vm *vm)
{
    for (uint32_t i = 0; i < vm->cpu_count; i++) {
        struct vm_cpu *c = vm->cpus[i];
        const struct gdb_stop stop = c->stop;
        if (!c->held || stop.kind == GDB_STOP_NONE)
            continue;
        c->stop.kind = GDB_STOP_NONE;
        c->caught = false;
        if (vm->debug.listener.stopped)
            vm->debug.listener.stopped(vm->debug.listener.opaque, &stop);
    }
    if (all_held(vm))
        vm_pause(vm);
}

/* On the event loop: the machine stops, and one of the CPUs that wanted it is named. */
static void announce(void *opaque)
{
    struct vm *vm = opaque;
    struct vm_debug *d = &vm->debug;
    struct gdb_stop stop = {.kind = GDB_STOP_NONE};
    d->announced = false;
    if (d->non_stop)
        announce_each(vm);
    if (!d->running)
        return;
    d->running = false;
    vm_pause(vm);
    for (uint32_t i = 0; i < vm->cpu_count; i++)
        if (stop.kind == GDB_STOP_NONE)
            stop = vm->cpus[i]->stop;
    if (stop.kind != GDB_STOP_NONE)
        cpu_of(vm, stop.thread)->caught = false;
    vm_debug_release(vm);
    if (d->listener.stopped)
        d->listener.stopped(d->listener.opaque, &stop);
}

static void cpu_stopped(struct vm_cpu *c)
{
    struct vm *vm = c->vm;
    c->held = true;
    if (!vm->debug.announced)
        loop_post(vm->loop, announce, vm);
    vm->debug.announced = true;
}

/* ---- conditions and commands of breakpoints, on the CPU's thread ----------------------------- */

static bool agent_register(void *opaque, unsigned number, uint64_t *value)
{
    struct vm_cpu *c = opaque;
    const struct gdb_register *reg = gdb_register_find(c->vm->debug.registers, number);
    if (!reg)
        return false;
    *value = read_register(c->vm, thread_of(c), reg);
    return true;
}

static bool agent_memory(void *opaque, uint64_t addr, void *buf, uint32_t len)
{
    struct vm_cpu *c = opaque;
    return vm_debug_read_memory(c->vm, thread_of(c), false, addr, buf, len);
}

static void agent_print(void *opaque, const char *text, size_t len)
{
    const struct gdb_listener *l = &((struct vm_cpu *)opaque)->vm->debug.listener;
    if (l->output)
        l->output(l->opaque, text, len);
}

static const struct gdb_agent_ops agent_ops = {agent_register, agent_memory, agent_print};

/* Does the breakpoint at the PC stop the CPU? */
static bool breakpoint_stops(struct vm_cpu *c)
{
    const struct gdb_points *points = &c->vm->debug.points;
    uint32_t pc = (uint32_t)c->state.env.pc;
    if (arm_is_m(&c->state) && !gdb_points_at(points, pc))
        return false; /* one of the core's own, or gone */
    if (!gdb_thread_at_breakpoint(points, pc, &agent_ops, c, &c->stop))
        return false;
    c->stop.thread = thread_of(c);
    return true;
}

/* Breakpoints reach the engine when they are needed: a debugger takes them all out and puts them
 * back in at each stop. Those of the core itself (M profile) are among them. */
static void breakpoints_apply(struct vm *vm)
{
    uint32_t count;
    uint64_t *pcs = gdb_points_addresses(&vm->debug.points, &count);
    const struct arm_state *core = &vm->cpus[0]->state;
    uint32_t own = arm_is_m(core) ? arm_m_code_points(core, NULL, 0) : 0;
    if (own) {
        pcs = realloc(pcs, (count + own) * sizeof(*pcs));
        if (!pcs)
            abort();
        arm_m_code_points(core, pcs + count, own);
    }
    engine_breakpoints_set(vm->engine, pcs, count + own);
    free(pcs);
    vm->debug.changed = false;
}

/* Loads of constants are made as loads where somebody looks at them, or changes what they give. */
static void literals_apply(struct vm *vm)
{
    const struct arm_m *core = &vm->cpus[0]->state.m;
    bool fold = !vm->debug.points.read_watch_count && !core->watches && !core->patches;
    if (fold == vm->debug.no_literals)
        engine_fold_literals(vm->engine, fold);
    vm->debug.no_literals = !fold;
    if (vm->window)
        engine_window_use(vm->engine,
                          !vm->debug.points.watch_count && !core->watches && !core->literals);
}

/* ---- coming out of the guest ----------------------------------------------------------------- */

/* M profile: the core wants the next instruction to be executed by itself. */
static void core_step(struct vm_cpu *c)
{
    c->core_step = VM_CORE_STEP_RUNS;
    gdb_thread_step_over(&c->order, c->engine);
}

static void core_step_done(struct vm_cpu *c)
{
    if (c->core_step == VM_CORE_STEP_RUNS)
        arm_m_step_done(&c->state);
    c->core_step = VM_CORE_STEP_OFF;
}

/* What the CPU came out with is noted in c->stop; false if it goes on. */
static bool has_stopped(struct vm_cpu *c, enum engine_stop why)
{
    if (c->stop_noted) {
        c->stop_noted = false;
        return true;
    }
    if (c->core_step == VM_CORE_STEP_ASKED) {
        core_step(c);
        return false;
    }
    if (why == ENGINE_STOP_STEP) {
        c->state.halted = 0;
        core_step_done(c);
        if (!gdb_thread_stepped(&c->order, c->engine, &c->vm->debug.points,
                                (uint32_t)c->state.env.pc, atomic_load(&c->attention), &agent_ops,
                                c))
            return false;
        c->stop = (struct gdb_stop){.kind = GDB_STOP_STEP, .thread = thread_of(c)};
        return true;
    }
    if (why != ENGINE_STOP_BREAKPOINT)
        return false;
    if (breakpoint_stops(c))
        return true;
    enum arm_m_code_point point = arm_is_m(&c->state) ? arm_m_code_point(&c->state)
                                                      : ARM_M_POINT_NONE;
    if (point == ARM_M_POINT_TAKEN)
        return false;
    if (point == ARM_M_POINT_STEP)
        c->core_step = VM_CORE_STEP_RUNS;
    gdb_thread_step_over(&c->order, c->engine);
    return false;
}

void vm_debug_cpu_left(struct vm_cpu *c, enum engine_stop why)
{
    if (c->points_changed) {
        c->points_changed = false;
        breakpoints_apply(c->vm);
        literals_apply(c->vm);
        if (c->state.m.patches || c->patched_page)
            engine_flush(c->vm->engine);
    }
    if (has_stopped(c, why))
        cpu_stopped(c);
}

void vm_debug_release(struct vm *vm)
{
    for (uint32_t i = 0; i < vm->cpu_count; i++) {
        vm->cpus[i]->held = false;
        vm->cpus[i]->stop.kind = GDB_STOP_NONE;
        gdb_thread_forget(&vm->cpus[i]->order, vm->cpus[i]->engine);
    }
}

void vm_debug_paused(struct vm *vm)
{
    const struct gdb_stop stop = {.kind = GDB_STOP_INTERRUPT};
    if (!vm->debug.running)
        return;
    vm->debug.running = false;
    vm_debug_release(vm);
    if (vm->debug.listener.stopped)
        vm->debug.listener.stopped(vm->debug.listener.opaque, &stop);
}

void vm_debug_listen(struct vm *vm, const struct gdb_listener *listener)
{
    vm->debug.listener = *listener;
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

static void cpu_resume(struct vm_cpu *c, const struct gdb_resume *r)
{
    c->held = r->action == GDB_HOLD;
    gdb_thread_order(&c->order, c->engine, r);
    if (c->vm->debug.changed && (r->action == GDB_CONTINUE || r->range_end))
        breakpoints_apply(c->vm);
    if (r->action != GDB_HOLD &&
        (c->caught || (c->order.step && !c->powered))) { /* nothing to wait for */
        c->stop = (struct gdb_stop){.kind = GDB_STOP_STEP, .thread = thread_of(c)};
        cpu_stopped(c);
    }
}

/* Can the step of the one CPU that is to do something be done on the loop's thread? Not where it
 * may wait for input, or where time hangs on it. */
static struct vm_cpu *steps_alone(struct vm *vm, const struct gdb_resume *actions, uint32_t count)
{
    struct vm_cpu *c = NULL;
    for (uint32_t i = 0; i < count; i++) {
        if (actions[i].action == GDB_HOLD)
            continue;
        if (c || actions[i].action != GDB_STEP)
            return NULL;
        c = cpu_of(vm, actions[i].thread);
    }
    bool able = vm->paused && !vm->config.icount.enabled && !vm->semihosting.calls &&
                loop_is_current(vm->loop);
    return c && able && c->powered && c->parked && !c->start_pending && !c->caught ? c : NULL;
}

/* Do the step while all CPUs stay parked, which saves changing to the CPU's thread and back. False:
 * it is not done, the order stands. */
static bool step_here(struct vm *vm, struct vm_cpu *c)
{
    enum { MOST = 4096 }; /* of a range, before the loop has a look at other things */
    bool done = false;
    clock_resume(&vm->clock);
    vm->debug.here = c;
    atomic_store(&c->attention, false);
    for (unsigned n = 0; n < MOST && !done; n++) {
        pthread_mutex_unlock(&vm->device_lock);
        enum engine_stop why = engine_run(c->engine);
        pthread_mutex_lock(&vm->device_lock);
        done = has_stopped(c, why);
        if (!done && why != ENGINE_STOP_STEP)
            break;
    }
    vm->debug.here = NULL;
    atomic_store(&c->attention, true);
    clock_pause(&vm->clock);
    return done;
}

static void resume(void *opaque, const struct gdb_resume *actions, uint32_t count,
                   enum gdb_action others)
{
    struct vm *vm = opaque;
    struct vm_cpu *alone = steps_alone(vm, actions, count);
    vm_debug_release(vm);
    for (uint32_t i = 0; i < count; i++)
        cpu_resume(cpu_of(vm, actions[i].thread), &actions[i]);
    if (alone && step_here(vm, alone)) {
        const struct gdb_stop stop = alone->stop;
        vm_debug_release(vm);
        vm->debug.listener.stopped(vm->debug.listener.opaque, &stop);
        return;
    }
    vm->debug.running = true;
    vm_resume(vm);
}

/* ---- non-stop mode --------------------------------------------------------------------------- */

static void non_stop(void *opaque, bool on)
{
    struct vm *vm = opaque;
    vm->debug.running = false;
    vm->debug.non_stop = on;
    vm_debug_release(vm);
    for (uint32_t i = 0; i < vm->cpu_count; i++)
        vm->cpus[i]->held = on;
}

static void quiet(void *opaque, bool yes)
{
    struct vm *vm = opaque;
    if (yes) {
        vm_pause(vm);
    } else if (!all_held(vm)) {
        if (vm->debug.changed)
            breakpoints_apply(vm);
        vm_resume(vm);
    }
}

static bool held(void *opaque, uint32_t thread)
{
    return cpu_of(opaque, thread)->held;
}

static void act(void *opaque, const struct gdb_resume *r)
{
    struct vm_cpu *c = cpu_of(opaque, r->thread);
    const struct gdb_stop stop = {.kind = GDB_STOP_ASKED, .thread = r->thread};
    if (c->held == (r->action == GDB_HOLD) ||
        c->stop.kind != GDB_STOP_NONE) /* its stop is on its way */
        return;
    if (r->action != GDB_HOLD) {
        cpu_resume(c, r);
        return;
    }
    c->held = true;
    gdb_thread_forget(&c->order, c->engine);
    c->vm->debug.listener.stopped(c->vm->debug.listener.opaque, &stop);
}

/* ---- breakpoints and watchpoints, while stopped ---------------------------------------------- */

/* The tables of no CPU know the pages of the watchpoint any more, nor may they learn them. */
static void watch_flush(struct vm *vm, const struct gdb_point_row *p)
{
    struct mmu_op op = {.kind = p->len > 64 * PAGE ? MMU_OP_INV_ALL : MMU_OP_INV_VA};
    for (uint64_t va = align_down(p->addr, PAGE); va < (uint64_t)p->addr + p->len; va += PAGE) {
        op.va = (uint32_t)va;
        vm_mmu_op(vm, NULL, &op);
        if (op.kind == MMU_OP_INV_ALL)
            break;
    }
}

/* @row was added or removed. */
static void point_changed(struct vm *vm, const struct gdb_point_row *row)
{
    if (gdb_point_is_breakpoint(row->kind))
        vm->debug.changed = true;
    literals_apply(vm);
}

static bool insert(void *opaque, enum gdb_point kind, uint64_t addr, uint32_t len,
                   struct gdb_point_code *code)
{
    struct vm *vm = opaque;
    const struct gdb_point_row row = {.kind = kind, .addr = (uint32_t)addr, .len = len};
    bool added;
    if (!gdb_points_add(&vm->debug.points, kind, addr, len, code, &added))
        return false;
    if (!added)
        return true;
    point_changed(vm, &row);
    if (!gdb_point_is_breakpoint(kind))
        watch_flush(vm, &row);
    return true;
}

static void remove_one(void *opaque, enum gdb_point kind, uint64_t addr, uint32_t len)
{
    struct vm *vm = opaque;
    struct gdb_point_row gone;
    if (gdb_points_remove(&vm->debug.points, kind, addr, len, &gone))
        point_changed(vm, &gone);
}

static void remove_all(void *opaque)
{
    struct vm *vm = opaque;
    while (vm->debug.points.count) {
        const struct gdb_point_row *row = &vm->debug.points.rows[0];
        remove_one(vm, row->kind, row->addr, row->len);
    }
    if (vm->debug.changed)
        breakpoints_apply(vm);
}

/* ---- the rest -------------------------------------------------------------------------------- */

static uint32_t threads(void *opaque, uint32_t *ids, uint32_t max)
{
    uint32_t count = vm_cpu_count(opaque);
    for (uint32_t i = 0; i < count && i < max; i++)
        ids[i] = i + 1;
    return count;
}

static void describe(void *opaque, uint32_t thread, char *name, size_t name_size, char *about,
                     size_t about_size)
{
    const struct vm_cpu *c = cpu_of(opaque, thread);
    snprintf(name, name_size, "CPU %u", c->index);
    snprintf(about, about_size, "%s", c->powered ? "on" : "off");
}

static void attached(void *opaque, bool yes)
{
    struct vm *vm = opaque;
    vm->debug.attached = yes;
    vm->debug.catches = 0;
    for (uint32_t i = 0; i < vm->cpu_count; i++)
        vm->cpus[i]->caught = false;
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
    .threads = threads,
    .describe = describe,
    .running = running,
    .stop = stop,
    .resume = resume,
    .non_stop = non_stop,
    .quiet = quiet,
    .held = held,
    .act = act,
    .registers = registers,
    .read_register = read_register,
    .write_register = write_register,
    .read_memory = vm_debug_read_memory,
    .write_memory = vm_debug_write_memory,
    .memory_map = vm_debug_memory_map,
    .write_flash = vm_debug_write_flash,
    .insert = insert,
    .remove = remove_one,
    .remove_all = remove_all,
    .attached = attached,
    .reset = reset,
    .quit = quit,
};

void vm_debug_free(struct vm *vm)
{
    gdb_points_free(&vm->debug.points);
    gdb_registers_free(vm->debug.registers);
}
