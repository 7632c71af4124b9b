/* CPUs: their threads, sleeping and waking, interrupt inputs, reset and power. */
#include <assert.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "frontend/arm/cpu/exceptions.h"
#include "frontend/arm/cpu/m/m.h"
#include "host/thread.h"
#include "util/log.h"
#include "vm/internal.h"

struct vm_cpu *vm_cpu_new(struct vm *vm, uint32_t index, const struct arm_cpu_model *model,
                          struct error *e)
{
    struct vm_cpu *c = aligned_alloc(64, (sizeof(*c) + 63) & ~(size_t)63);
    if (!c) {
        error_set(e, "out of memory");
        return NULL;
    }
    *c = (struct vm_cpu){.vm = vm, .index = index};
    pthread_cond_init(&c->wake, NULL);
    const struct mmu_config mmu = {.fine = model->features & ARM_FEATURE(M)};
    c->mmu = mmu_new(&mmu, e);
    if (!c->mmu) {
        vm_cpu_free(c);
        return NULL;
    }
    struct arm_m_config m;
    vm_m_init(c);
    if (!vm_m_config(vm, model, &m, e)) {
        vm_cpu_free(c);
        return NULL;
    }
    const struct arm_cpu_config config = {
        .model = model,
        .index = index,
        .count = vm->config.cpu_count,
        .cbar = machine_cbar(vm->config.machine),
        .m = model->features & ARM_FEATURE(M) ? &m : NULL,
        .ops = &vm_cpu_ops,
        .ops_opaque = c,
    };
    arm_cpu_init(&c->state, &config);
    c->state.env.owner = c;
    c->engine = engine_cpu_add(vm->engine, &c->state.env);
    assert(c->engine);
    return c;
}

void vm_cpu_free(struct vm_cpu *c)
{
    if (!c)
        return;
    if (c->systick.queue)
        timer_cancel(&c->systick);
    mmu_free(c->mmu);
    free(c->patched_page);
    pthread_cond_destroy(&c->wake);
    free(c);
}

/* ---- interrupts ------------------------------------------------------------------------------ */

/* The device lock is held wherever the CPU may sleep. */
void vm_cpu_kick(struct vm_cpu *c)
{
    const struct vm *vm = c->vm;
    atomic_store(&c->state.env.exit_request, 1);
    pthread_cond_broadcast(&c->wake);
    if (vm->config.icount.enabled && vm->icount.turn != c->index) /* it may wait for all */
        pthread_cond_broadcast(&vm->cpus[vm->icount.turn]->wake);
}

static void line_set(void *opaque, int n, int level)
{
    static const uint32_t bit[] = {[BOARD_CPU_IRQ] = ARM_LINE_IRQ, [BOARD_CPU_FIQ] = ARM_LINE_FIQ};
    struct vm_cpu *c = opaque;
    uint32_t old = level ? atomic_fetch_or(&c->lines, bit[n])
                         : atomic_fetch_and(&c->lines, ~bit[n]);
    if (!(old & bit[n]) != !level)
        vm_cpu_kick(c);
}

struct irq_line vm_cpu_line(void *opaque, unsigned cpu, enum board_cpu_line which)
{
    struct vm *vm = opaque;
    assert(cpu < vm->cpu_count);
    return (struct irq_line){line_set, vm->cpus[cpu], which};
}

void vm_cpu_sync_lines(struct vm_cpu *c)
{
    uint32_t lines = atomic_load(&c->lines);
    if (arm_is_m(&c->state)) {
        vm_m_sync(c);
        return;
    }
    if (lines == c->state.irq_lines)
        return;
    c->state.irq_lines = lines;
    c->state.env.touched = 1;
    /* the interrupt is taken behind this block, however it is run */
    if (c->vm->config.icount.enabled)
        engine_slice_end(&c->state.env);
}

/* ---- the thread ------------------------------------------------------------------------------ */

static void start_apply(struct vm_cpu *c)
{
    struct arm_state *s = &c->state;
    const struct vm_cpu_start *start = &c->start;
    arm_cpu_reset(s);
    if (arm_is_m(s))
        arm_m_start(s);
    if (!start->vector_pc) {
        s->env.pc = start->pc & ~(start->pc & 1 ? 1u : 3u);
        s->thumb = start->pc & 1;
    }
    for (unsigned i = 0; start->registers && i < 3; i++)
        s->r[i] = start->r[i];
    mmu_inv_all(c->mmu);
    arm_cpu_loaded(s);
    c->start_pending = false;
}

static bool is_stopped(struct vm *vm)
{
    return vm->paused || atomic_load(&vm->ending) || atomic_load(&vm->reset_posted);
}

/* Wait, with the device lock held, until the CPU has something to run. False: the VM ends. */
static bool wait_until_runnable(struct vm_cpu *c)
{
    struct vm *vm = c->vm;
    for (;;) {
        if (atomic_load(&vm->quitting))
            return false;
        bool icount = vm->config.icount.enabled, stopped = is_stopped(vm),
             able = !c->held && c->powered;
        bool turn = !icount || stopped || (able && vm_icount_turn(c));
        /* also while paused, so that the registers can be looked at */
        if (c->start_pending && turn)
            start_apply(c);
        if (!stopped && able && turn) {
            atomic_store(&c->attention, false);
            return true;
        }
        if (icount && !stopped && !able)
            vm_icount_stopped(c);
        if (icount)
            vm_icount_publish(c);
        c->parked = true;
        pthread_cond_broadcast(&vm->parked);
        pthread_cond_wait(&c->wake, &vm->device_lock);
        c->parked = false;
    }
}

static void sleep_once(struct vm_cpu *c)
{
    if (c->state.halted != ARM_HALTED_WFE || arm_is_m(&c->state)) {
        pthread_cond_wait(&c->wake, &c->vm->device_lock);
        return;
    }
    const struct timespec until = clock_host_after(VM_WFE_MAX_NS);
    if (pthread_cond_clockwait(&c->wake, &c->vm->device_lock, CLOCK_MONOTONIC, &until))
        atomic_store(&c->event, true);
}

bool vm_cpu_has_reason(struct vm_cpu *c)
{
    bool event = c->state.halted == ARM_HALTED_WFE && atomic_load(&c->event); /* WFI leaves it */
    if (arm_is_m(&c->state)) {
        vm_cpu_sync_lines(c);
        event |= c->state.halted == ARM_HALTED_WFE && c->state.event;
        return arm_m_wakes(&c->state) || event || atomic_load(&c->attention);
    }
    return atomic_load(&c->lines) || event || atomic_load(&c->attention);
}

/* Who waits in WFE waits for a lock that is mostly free again before the host could put a thread to
 * sleep and wake it: look a little first. Returns whether there is a reason to go on. */
static bool spin_for_event(struct vm_cpu *c)
{
    enum { ROUNDS = 20, PAUSES = 50 };
    for (unsigned i = 0; i < ROUNDS && c->state.halted == ARM_HALTED_WFE; i++) {
        for (unsigned k = 0; k < PAUSES && !vm_cpu_has_reason(c); k++)
            __builtin_ia32_pause();
        if (vm_cpu_has_reason(c))
            return true;
        sched_yield();
    }
    return false;
}

/* WFI or WFE: sleep until an interrupt, an event or somebody's request. */
static void sleep_halted(struct vm_cpu *c)
{
    if (c->vm->config.icount.enabled) {
        pthread_mutex_lock(&c->vm->device_lock);
        vm_icount_sleep(c);
        pthread_mutex_unlock(&c->vm->device_lock);
    } else if (!spin_for_event(c)) {
        pthread_mutex_lock(&c->vm->device_lock);
        atomic_store(&c->sleeping, true);
        while (!vm_cpu_has_reason(c))
            sleep_once(c);
        atomic_store(&c->sleeping, false);
        pthread_mutex_unlock(&c->vm->device_lock);
    }
    if (c->state.halted == ARM_HALTED_WFE) {
        atomic_store(&c->event, false);
        c->state.event = 0;
    }
    c->state.halted = 0;
}

static void *cpu_main(void *opaque)
{
    struct vm_cpu *c = opaque;
    struct vm *vm = c->vm;
    void *window = vm_window_thread_begin(c);
    pthread_mutex_lock(&vm->device_lock);
    while (wait_until_runnable(c)) {
        pthread_mutex_unlock(&vm->device_lock);
        enum engine_stop stop = engine_run(c->engine);
        bool halts = stop == ENGINE_STOP_HALT || c->state.halted;
        if (halts && stop != ENGINE_STOP_STEP) /* a step over WFI does not wait */
            sleep_halted(c);
        else if (stop == ENGINE_STOP_DEBUG)
            vm_quit(vm, 3);
        pthread_mutex_lock(&vm->device_lock);
        vm_debug_cpu_left(c, stop);
    }
    if (vm->config.icount.enabled)
        vm_icount_publish(c);
    c->parked = true;
    pthread_cond_broadcast(&vm->parked);
    pthread_mutex_unlock(&vm->device_lock);
    vm_window_thread_end(window);
    return NULL;
}

bool vm_cpu_start_thread(struct vm_cpu *c, struct error *e)
{
    char name[16];
    snprintf(name, sizeof(name), "cpu%u", c->index);
    pthread_mutex_lock(&c->vm->device_lock); /* c->thread is set before the thread looks at it */
    c->thread_started = thread_start(&c->thread, name, cpu_main, c, e);
    pthread_mutex_unlock(&c->vm->device_lock);
    return c->thread_started;
}

/* ---- reset, power, parking; the device lock is held ------------------------------------------ */

void vm_cpu_reset(struct vm_cpu *c)
{
    const struct boot_entry *entry = &c->vm->entry;
    c->powered = c->index == 0;
    c->request.answered = false;
    c->start = (struct vm_cpu_start){
        .pc = entry->pc,
        .vector_pc = entry->vector_pc,
        .r = {entry->r0, entry->r1, entry->r2},
        .registers = entry->linux_boot,
    };
    c->start_pending = c->powered;
    pthread_cond_broadcast(&c->wake); /* applied while parked as well, so that debuggers see it */
}

void vm_cpu_power_on(struct vm_cpu *c, const struct vm_cpu_start *start)
{
    c->start = *start;
    c->start_pending = true;
    c->powered = true;
    vm_cpu_kick(c);
}

static bool all_parked(const struct vm *vm)
{
    for (uint32_t i = 0; i < vm->cpu_count; i++)
        if (vm->cpus[i]->thread_started && !vm->cpus[i]->parked)
            return false;
    return true;
}

void vm_cpus_park(struct vm *vm)
{
    vm->paused = true;
    for (uint32_t i = 0; i < vm->cpu_count; i++) {
        atomic_store(&vm->cpus[i]->attention, true);
        vm_cpu_kick(vm->cpus[i]);
    }
    while (!all_parked(vm))
        pthread_cond_wait(&vm->parked, &vm->device_lock);
}

void vm_cpus_unpark(struct vm *vm)
{
    vm->paused = false;
    for (uint32_t i = 0; i < vm->cpu_count; i++)
        pthread_cond_broadcast(&vm->cpus[i]->wake);
}
