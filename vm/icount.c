/*
 * Time that is counted in instructions. The CPU's slice ends at the next timer's deadline, the
 * timers run on the CPU's thread, and what happens in the middle of a slice sees the exact count;
 * so nothing of the guest depends on when the host's threads run.
 *
 * Several CPUs take turns of TURN instructions, in the order of their numbers; who sleeps is passed
 * over. Only who has the turn runs, the others are parked in cpu.c or sleep here. Time is what all
 * have executed.
 */
#include <time.h>

#include "frontend/arm/cpu/m/m.h"
#include "vm/internal.h"

/* A slice is also how long requests of other threads wait. And the host's stack may grow by
 * BACKEND_STACK_PER_INSN for each instruction of it. */
enum { SLICE_MAX = 1 << 16, TURN = 10000 };

static int64_t exact_now(const struct vm *vm)
{
    return (int64_t)(vm_instructions(vm) << vm->icount.shift) + vm->icount.skipped;
}

static bool has_turn(const struct vm_cpu *c)
{
    return c->index == c->vm->icount.turn;
}

/* The clock's source. Other threads than the CPU's see a time that it has passed. */
static int64_t source(void *opaque)
{
    struct vm *vm = opaque;
    const struct vm_cpu *c = vm_cpu_current(vm);
    return c && has_turn(c) ? exact_now(vm) : atomic_load(&vm->icount.published);
}

/* The time of the clock's source at which the next timer is due. */
static int64_t next_deadline(const struct vm *vm)
{
    int64_t deadline = timer_queue_deadline(&vm->timers);
    int64_t ahead = clock_now(&vm->clock) - exact_now(vm); /* not 0 after it has been set */
    return deadline == TIMER_NEVER ? TIMER_NEVER : deadline - ahead;
}

/* The earliest deadline changed: a slice that goes beyond it is too long. */
static void deadline_changed(void *opaque)
{
    struct vm *vm = opaque;
    struct vm_cpu *c = vm->cpu_count ? vm->cpus[vm->icount.turn] : NULL;
    if (!c || vm->icount.in_service)
        return;
    if (vm_cpu_current(vm) != c) {
        vm_cpu_kick(c);
    } else if (next_deadline(vm) < vm->icount.slice_end) {
        engine_slice_end(&c->state.env);
        c->state.env.touched = 1;
    }
}

void vm_icount_start(struct vm *vm)
{
    vm->icount.shift = vm->config.icount.shift;
    loop_detach_timers(vm->loop, &vm->timers);
    clock_init_virtual(&vm->clock, source, vm,
                       vm->config.utc_fixed ? vm->config.utc_base : VM_UTC_BASE);
    timer_queue_set_notify(&vm->timers, deadline_changed, vm);
}

/* Time goes on from where it is, and the slice, which was computed with the old shift, ends. */
void vm_icount_clock(struct vm_cpu *c, uint32_t hz)
{
    struct vm *vm = c->vm;
    if (!vm->config.icount.follows_clock)
        return;
    int64_t now = exact_now(vm);
    vm->icount.shift = (uint8_t)machine_hz_shift(hz);
    vm->icount.skipped += now - exact_now(vm);
    engine_slice_end(&c->state.env);
}

void vm_icount_publish(struct vm_cpu *c)
{
    atomic_store(&c->vm->icount.published, exact_now(c->vm));
}

/* How many instructions from @now on until something is to be done. */
static uint32_t slice_length(const struct vm *vm, uint64_t executed, int64_t now)
{
    const struct vm_icount *config = &vm->config.icount;
    int64_t deadline = next_deadline(vm);
    uint64_t count = SLICE_MAX;
    if (deadline <= now)
        return 1; /* more timers were due than may run at once */
    uint64_t shift = vm->icount.shift;
    uint64_t until = ((uint64_t)(deadline - now) + (1u << shift) - 1) >> shift;
    if (until < count)
        count = until;
    if (config->limit && config->limit > executed && config->limit - executed < count)
        count = config->limit - executed;
    return (uint32_t)count;
}

static void check_limit(struct vm *vm, uint64_t executed)
{
    const struct vm_icount *config = &vm->config.icount;
    if (config->limit && executed >= config->limit && !atomic_load(&vm->ending))
        config->limit_reached(config->opaque);
}

static void run_timers(struct vm *vm)
{
    vm->icount.in_service = true;
    if (!clock_paused(&vm->clock))
        timer_queue_run(&vm->timers, clock_now(&vm->clock));
    vm->icount.in_service = false;
}

/* What runs for long is not to be slowed by what has been recorded: look now and then. */
static void coverage_settle(struct vm *vm, uint64_t executed)
{
    enum { FIRST = 1 << 20, FACTOR = 8 };
    if (!vm->config.coverage || executed < vm->icount.settle_at)
        return;
    if (vm->icount.settle_at)
        engine_coverage_settle(vm->engine);
    vm->icount.settle_at = vm->icount.settle_at ? vm->icount.settle_at * FACTOR : FIRST;
}

/* ---- turns; the device lock is held ---------------------------------------------------------- */

static bool can_run(struct vm_cpu *c)
{
    if (!c->powered || c->held)
        return false;
    if (!atomic_load(&c->sleeping))
        return true;
    if (exact_now(c->vm) >= c->sleep_end)
        atomic_store(&c->event, true);
    return vm_cpu_has_reason(c);
}

/* Give the turn of @from to the next CPU that can run. False: there is no other. */
static bool pass_turn(struct vm *vm, const struct vm_cpu *from)
{
    for (uint32_t i = 1; i < vm->cpu_count; i++) {
        struct vm_cpu *c = vm->cpus[(from->index + i) % vm->cpu_count];
        if (!can_run(c))
            continue;
        c->turn_end = engine_icount(&c->state.env) + TURN;
        vm->icount.turn = c->index;
        pthread_cond_broadcast(&c->wake);
        return true;
    }
    return false;
}

bool vm_icount_turn(struct vm_cpu *c)
{
    struct vm *vm = c->vm;
    struct vm_cpu *holder = vm->cpus[vm->icount.turn];
    if (!has_turn(c) && (!holder->powered || holder->held))
        pass_turn(vm, holder); /* to this one, or one before it */
    return has_turn(c);
}

void vm_icount_stopped(struct vm_cpu *c)
{
    if (has_turn(c))
        pass_turn(c->vm, c);
}

/* The CPU's turn is over, and another one can run. */
static bool turn_ends(struct vm_cpu *c, uint64_t executed)
{
    if (c->vm->cpu_count == 1 || executed < c->turn_end)
        return false;
    if (pass_turn(c->vm, c))
        return true;
    c->turn_end = executed + TURN;
    return false;
}

bool vm_icount_service(struct vm_cpu *c)
{
    struct vm *vm = c->vm;
    pthread_mutex_lock(&vm->device_lock);
    run_timers(vm);
    uint64_t executed = vm_instructions(vm), own = engine_icount(&c->state.env);
    coverage_settle(vm, executed);
    check_limit(vm, executed);
    int64_t now = exact_now(vm);
    bool goes_on = !turn_ends(c, own);
    uint32_t count = goes_on ? slice_length(vm, executed, now) : 1;
    if (vm->cpu_count > 1 && goes_on && count > c->turn_end - own)
        count = (uint32_t)(c->turn_end - own);
    engine_slice_begin(&c->state.env, count);
    vm->icount.slice_end = now + ((int64_t)count << vm->icount.shift);
    atomic_store(&vm->icount.published, now);
    pthread_mutex_unlock(&vm->device_lock);
    return goes_on;
}

/* ---- waiting --------------------------------------------------------------------------------- */

/* With sleep=on: @ns pass on the host, or as many as did when somebody wakes the CPU. */
static int64_t pass_on_host(struct vm_cpu *c, int64_t ns)
{
    const struct timespec until = clock_host_after(ns);
    int64_t begin = clock_host_monotonic();
    if (pthread_cond_clockwait(&c->wake, &c->vm->device_lock, CLOCK_MONOTONIC, &until))
        return ns;
    int64_t passed = clock_host_monotonic() - begin;
    return passed < ns ? passed : ns;
}

static void wait_for_outside(struct vm_cpu *c)
{
    const struct vm_icount *config = &c->vm->config.icount;
    if (config->stuck && !atomic_load(&c->vm->ending))
        config->stuck(config->opaque);
    else
        pthread_cond_wait(&c->wake, &c->vm->device_lock);
}

/* When something happens by itself: a timer, or the end of some CPU's WFE. */
static int64_t next_event(const struct vm *vm)
{
    int64_t next = next_deadline(vm);
    for (uint32_t i = 0; i < vm->cpu_count; i++) {
        const struct vm_cpu *c = vm->cpus[i];
        if (c->powered && atomic_load(&c->sleeping) && c->sleep_end < next)
            next = c->sleep_end;
    }
    return next;
}

/* All CPUs sleep: time passes until the next event. */
static void pass_time(struct vm_cpu *c)
{
    struct vm *vm = c->vm;
    int64_t now = exact_now(vm), next = next_event(vm);
    if (next == TIMER_NEVER) {
        wait_for_outside(c);
        return;
    }
    if (next > now)
        vm->icount.skipped += vm->config.icount.sleep ? pass_on_host(c, next - now) : next - now;
    if (exact_now(vm) >= c->sleep_end)
        atomic_store(&c->event, true);
    vm_icount_publish(c);
    run_timers(vm);
}

void vm_icount_sleep(struct vm_cpu *c)
{
    struct vm *vm = c->vm;
    bool wfe = c->state.halted == ARM_HALTED_WFE && !arm_is_m(&c->state);
    c->sleep_end = wfe ? exact_now(vm) + VM_WFE_MAX_NS : TIMER_NEVER;
    atomic_store(&c->sleeping, true);
    while (!atomic_load(&c->attention)) {
        if (!has_turn(c))
            pthread_cond_wait(&c->wake, &vm->device_lock);
        else if (vm_cpu_has_reason(c))
            break;
        else if (!pass_turn(vm, c))
            pass_time(c);
    }
    atomic_store(&c->sleeping, false);
}
