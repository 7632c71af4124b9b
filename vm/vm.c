/* A VM's life: build, run, reset, quit. */
#include "vm/vm.h"

#include <stdlib.h>
#include <string.h>

#include "frontend/arm/cpu/exceptions.h"
#include "util/bits.h"
#include "util/log.h"
#include "vm/internal.h"

static bool dma_read(void *opaque, uint64_t addr, void *buf, size_t len)
{
    return physmap_read(((struct vm *)opaque)->map, addr, buf, len);
}

static bool dma_write(void *opaque, uint64_t addr, const void *buf, size_t len)
{
    return physmap_write(((struct vm *)opaque)->map, addr, buf, len);
}

static bool dma_program(void *opaque, uint64_t addr, const void *buf, size_t len)
{
    return physmap_load(((struct vm *)opaque)->map, addr, buf, len);
}

static bool dma_load(void *opaque, uint64_t addr, unsigned size, uint64_t *value)
{
    struct phys_region *last = NULL;
    return physmap_cpu_read(((struct vm *)opaque)->map, &last, PHYS_CPU_NONE, addr, size, value);
}

static bool dma_store(void *opaque, uint64_t addr, unsigned size, uint64_t value)
{
    struct physmap *map = ((struct vm *)opaque)->map;
    struct phys_region *last = NULL;
    return physmap_write(map, addr, &value, size) ||
           physmap_cpu_write(map, &last, PHYS_CPU_NONE, addr, size, value);
}

/* SplitMix64 over a seed that is given from outside: the guest's random numbers are a function of
 * it and of how often the guest asks. */
static uint64_t entropy_get(void *opaque)
{
    struct vm *vm = opaque;
    uint64_t z = vm->entropy += 0x9e3779b97f4a7c15ull;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

static void code_written(void *opaque, uint64_t phys, uint64_t len)
{
    struct vm *vm = opaque;
    if (vm->engine)
        engine_code_write(vm->engine, NULL, physmap_canonical(physmap_find(vm->map, phys), phys),
                          (uint32_t)len);
}

static void quit_key(void *opaque)
{
    vm_quit(opaque, 0);
}

struct vm *vm_new(struct error *e)
{
    struct vm *vm = calloc(1, sizeof(*vm));
    if (!vm) {
        error_set(e, "out of memory");
        return NULL;
    }
    pthread_mutex_init(&vm->device_lock, NULL);
    pthread_cond_init(&vm->parked, NULL);
    vm_explain_init(vm);
    clock_init_host(&vm->clock);
    timer_queue_init(&vm->timers, &vm->clock);
    struct host_lock lock = host_lock_of_mutex(&vm->device_lock);
    vm->loop = loop_new(&lock, e);
    if (!vm->loop) {
        vm_free(vm);
        return NULL;
    }
    loop_attach_timers(vm->loop, &vm->timers);
    vm->chardevs = chardev_set_new(vm->loop);
    vm->nets = net_set_new(vm->loop);
    chardev_set_on_quit(vm->chardevs, quit_key, vm);
    vm->map = physmap_new();
    physmap_set_write_notify(vm->map, code_written, vm);
    vm->env = (struct device_env){
        &vm->timers,
        {dma_read, dma_write, dma_program, vm, dma_load, dma_store},
        {entropy_get, vm},
    };
    return vm;
}

struct loop *vm_loop(struct vm *vm)
{
    return vm->loop;
}

struct chardev_set *vm_chardevs(struct vm *vm)
{
    return vm->chardevs;
}

struct net_set *vm_nets(struct vm *vm)
{
    return vm->nets;
}

/* ---- building -------------------------------------------------------------------------------- */

static bool build_cpus(struct vm *vm, struct error *e)
{
    const struct arm_cpu_model *model = arm_cpu_model_find(vm->config.cpu_model, e);
    if (!model)
        return false;
    for (uint32_t i = 0; i < vm->config.cpu_count; i++) {
        vm->cpus[i] = vm_cpu_new(vm, i, model, e);
        if (!vm->cpus[i])
            return false;
        vm->cpu_count++;
    }
    return true;
}

/* On the CPU's thread, or while none runs: other memory is about to be at some addresses. */
static void memory_changes(void *opaque)
{
    struct vm *vm = opaque;
    struct mmu_op op = {.kind = MMU_OP_INV_ALL};
    engine_flush(vm->engine);
    vm_mmu_op(vm, NULL, &op);
    for (uint32_t i = 0; i < vm->cpu_count; i++) {
        vm->cpus[i]->last_region = vm->cpus[i]->last_code = NULL;
        vm->cpus[i]->fetch_valid = false;
    }
    struct vm_cpu *c = vm_cpu_current(vm);
    if (!c)
        return;
    engine_slice_end(&c->state.env);
    c->state.env.touched = 1;
}

static void board_power_off(void *opaque)
{
    vm_request_power_off(opaque);
}

static void board_wants_reset(void *opaque)
{
    vm_request_reset(opaque);
}

static bool build_board(struct vm *vm, struct chardev *const *serial, unsigned serial_count,
                        struct error *e)
{
    struct board_config bc = {
        .map = vm->map,
        .env = &vm->env,
        .cpu_count = vm->cpu_count,
        .ram_size = vm->config.ram_size,
        .cpu_model = vm->config.cpu_model,
        .cpu_line = vm_cpu_line,
        .nvic_line = vm_nvic_line,
        .cpu_clock = vm_cpu_clock,
        .memory_changes = memory_changes,
        .power_off = board_power_off,
        .reset = board_wants_reset,
        .opaque = vm,
    };
    for (unsigned i = 0; i < serial_count && i < BOARD_SERIALS_MAX; i++)
        bc.serial[i] = serial[i];
    memcpy(bc.nic, vm->config.nic, sizeof(bc.nic));
    vm->board_built = board_build(&vm->board, vm->config.machine, &bc, e);
    if (!vm->board_built || !vm_m_map(vm, e))
        return false;
    vm->exclusives.origin = vm->board.ram ? (uintptr_t)vm->board.ram->host : 0;
    return true;
}

bool vm_build(struct vm *vm, const struct vm_config *config, struct chardev *const *serial,
              unsigned serial_count, struct error *e)
{
    vm->config = *config;
    for (unsigned i = 0; i < 4; i++)
        vm->entropy = (vm->entropy << 1 | vm->entropy >> 63) ^ config->boot.entropy[i];
    if (config->coverage && config->cpu_count > 1)
        return error_set(e, "coverage needs a single CPU, not %u", config->cpu_count);
    if (config->icount.enabled)
        vm_icount_start(vm);
    else if (config->utc_fixed)
        clock_set_utc(&vm->clock, config->utc_base);
    if (machine_m_profile(config->machine) && config->accel == ENGINE_JIT)
        vm_window_reserve(vm);
    const struct engine_config ec = {
        .frontend = &arm_frontend,
        .ops = &vm_engine_ops,
        .opaque = vm,
        .accel = config->accel,
        .window = (uintptr_t)vm->window,
        .fine = machine_m_profile(config->machine),
        .slice = config->slice,
        .exact = config->icount.enabled,
        .coverage = config->coverage,
        .cache_size = config->cache_size,
        .host_features_mask = config->host_features_mask,
        .one_insn = config->one_insn,
        .perfmap = config->perfmap,
    };
    vm->engine = engine_new(&ec, e);
    if (!vm->engine || !build_cpus(vm, e) || !build_board(vm, serial, serial_count, e) ||
        !vm_semihosting_init(vm, e))
        return false;
    board_reset(&vm->board);
    if (!boot_load(&vm->board, &vm->config.boot, &vm->entry, e))
        return false;
    for (uint32_t i = 0; i < vm->cpu_count; i++)
        vm_cpu_reset(vm->cpus[i]);
    vm->paused = config->start_paused;
    if (vm->paused)
        clock_pause(&vm->clock);
    return true;
}

/* ---- running --------------------------------------------------------------------------------- */

static void stop_cpus(struct vm *vm)
{
    pthread_mutex_lock(&vm->device_lock);
    atomic_store(&vm->quitting, true);
    for (uint32_t i = 0; i < vm->cpu_count; i++) {
        atomic_store(&vm->cpus[i]->attention, true);
        vm_cpu_kick(vm->cpus[i]);
    }
    pthread_mutex_unlock(&vm->device_lock);
    for (uint32_t i = 0; i < vm->cpu_count; i++) {
        if (vm->cpus[i]->thread_started)
            pthread_join(vm->cpus[i]->thread, NULL);
        vm->cpus[i]->thread_started = false;
    }
}

/* The CPUs of a machine that starts paused are looked at as soon as the event loop runs: let them
 * have come out of reset before. */
static void settle_paused(struct vm *vm)
{
    pthread_mutex_lock(&vm->device_lock);
    if (vm->paused)
        vm_cpus_park(vm);
    pthread_mutex_unlock(&vm->device_lock);
}

int vm_run(struct vm *vm)
{
    struct error e = {0};
    int status = 1;
    bool started = true;
    for (uint32_t i = 0; started && i < vm->cpu_count; i++)
        started = vm_cpu_start_thread(vm->cpus[i], &e);
    if (started) {
        settle_paused(vm);
        status = loop_run(vm->loop);
    } else {
        fprintf(stderr, "armemu: %s\n", e.text);
    }
    stop_cpus(vm);
    return status;
}

void vm_free(struct vm *vm)
{
    if (!vm)
        return;
    stop_cpus(vm);
    if (vm->board_built)
        board_free(&vm->board);
    engine_free(vm->engine);
    for (uint32_t i = 0; i < vm->cpu_count; i++)
        vm_cpu_free(vm->cpus[i]);
    vm_debug_free(vm);
    vm_semihosting_free(vm);
    vm_explain_free(vm);
    if (vm->chardevs)
        chardev_set_free(vm->chardevs);
    net_set_free(vm->nets);
    if (vm->loop) {
        loop_detach_timers(vm->loop, &vm->timers);
        loop_free(vm->loop);
    }
    timer_queue_free(&vm->timers);
    if (vm->map)
        physmap_free(vm->map);
    vm_window_free(vm);
    pthread_mutex_destroy(&vm->device_lock);
    pthread_cond_destroy(&vm->parked);
    free(vm);
}

/* ---- requests -------------------------------------------------------------------------------- */

/* Called on a CPU's thread, it does not go on behind the block that is running. */
static void leave_guest(struct vm *vm)
{
    struct vm_cpu *c = vm_cpu_current(vm);
    if (!c)
        return;
    atomic_store(&c->attention, true);
    engine_slice_end(&c->state.env);
    c->state.env.touched = 1;
}

void vm_quit(struct vm *vm, int status)
{
    atomic_store(&vm->ending, true);
    loop_quit(vm->loop, status);
    leave_guest(vm);
}

void vm_request_power_off(struct vm *vm)
{
    vm_quit(vm, 0);
}

/* On the event loop: park the CPUs, bring devices and memory back to their start. */
void vm_reset(struct vm *vm)
{
    struct error e = {0};
    bool was_paused = vm->paused;
    vm_cpus_park(vm);
    board_reset(&vm->board);
    if (vm->semihosting.calls)
        semihosting_reset(vm->semihosting.calls);
    if (!boot_load(&vm->board, &vm->config.boot, &vm->entry, &e)) {
        fprintf(stderr, "armemu: reset: %s\n", e.text);
        vm_quit(vm, 1);
        return;
    }
    for (uint32_t i = 0; i < vm->cpu_count; i++)
        vm_cpu_reset(vm->cpus[i]);
    vm->icount.turn = 0;
    atomic_store(&vm->reset_posted, false);
    if (!was_paused)
        vm_cpus_unpark(vm);
    for (uint32_t i = 0; was_paused && i < vm->cpu_count; i++)
        while (vm->cpus[i]->start_pending && vm->cpus[i]->thread_started)
            pthread_cond_wait(&vm->parked, &vm->device_lock);
}

static void reset_now(void *opaque)
{
    vm_reset(opaque);
}

void vm_request_reset(struct vm *vm)
{
    if (vm->config.no_reboot) {
        vm_quit(vm, 0);
    } else if (!atomic_exchange(&vm->reset_posted, true)) {
        loop_post(vm->loop, reset_now, vm);
        leave_guest(vm);
    }
}

bool vm_powerdown(struct vm *vm)
{
    return board_power_button(&vm->board);
}

void vm_pause(struct vm *vm)
{
    if (!vm->paused) {
        vm_cpus_park(vm);
        clock_pause(&vm->clock);
    }
    vm_debug_paused(vm);
}

void vm_resume(struct vm *vm)
{
    if (vm->paused) {
        clock_resume(&vm->clock);
        loop_wake(vm->loop);
        vm_cpus_unpark(vm);
    }
}

bool vm_paused(const struct vm *vm)
{
    return vm->paused;
}

/* ---- looking inside -------------------------------------------------------------------------- */

uint32_t vm_cpu_count(const struct vm *vm)
{
    return vm->cpu_count;
}

/* Run @look with the CPUs parked, whether or not they were. */
#define WITH_PARKED_CPUS(vm, statement)                                                            \
    do {                                                                                           \
        bool was_paused_ = (vm)->paused;                                                           \
        vm_cpus_park(vm);                                                                          \
        statement;                                                                                 \
        if (!was_paused_)                                                                          \
            vm_cpus_unpark(vm);                                                                    \
    } while (0)

void vm_print_cpu(struct vm *vm, uint32_t index, FILE *out)
{
    WITH_PARKED_CPUS(vm, arm_frontend.print_state(&vm->cpus[index]->state.env, out));
}

bool vm_register(struct vm *vm, uint32_t index, const char *name, uint64_t *value)
{
    static const char *const aliases[][2] = {{"r13", "sp"}, {"r14", "lr"}, {"r15", "pc"}};
    const struct ir_target *t = arm_frontend.target;
    for (unsigned i = 0; i < ARRAY_SIZE(aliases); i++)
        if (!strcmp(name, aliases[i][0]))
            name = aliases[i][1];
    for (unsigned i = 0; i < t->slot_count; i++) {
        const uint8_t type = t->slots[i].type;
        size_t size = type == IR_I8                      ? 1
                      : type == IR_I16                   ? 2
                      : type == IR_I32 || type == IR_F32 ? 4
                                                         : 8;
        if (strcmp(t->slots[i].name, name) || type == IR_V128)
            continue;
        *value = 0;
        WITH_PARKED_CPUS(
            vm, memcpy(value, (const uint8_t *)&vm->cpus[index]->state + t->slots[i].offset, size));
        return true;
    }
    return false;
}

bool vm_read_phys(struct vm *vm, uint64_t addr, void *buf, uint32_t len)
{
    return physmap_read(vm->map, addr, buf, len);
}

bool vm_translate(struct vm *vm, uint32_t index, uint64_t addr, uint64_t *phys)
{
    bool ok;
    WITH_PARKED_CPUS(vm, ok = arm_translate_debug(&vm->cpus[index]->state, (uint32_t)addr, phys));
    return ok;
}

bool vm_read_virt(struct vm *vm, uint32_t index, uint64_t addr, void *buf, uint32_t len)
{
    uint8_t *to = buf;
    while (len) {
        uint64_t phys;
        uint32_t n = PHYS_PAGE_SIZE - (uint32_t)(addr & (PHYS_PAGE_SIZE - 1));
        n = n < len ? n : len;
        if (!vm_translate(vm, index, addr, &phys) || !physmap_read(vm->map, phys, to, n))
            return false;
        addr += n;
        to += n;
        len -= n;
    }
    return true;
}

struct board *vm_board(struct vm *vm)
{
    return &vm->board;
}

struct physmap *vm_physmap(struct vm *vm)
{
    return vm->map;
}

const char *vm_cpu_model(const struct vm *vm)
{
    return vm->config.cpu_model;
}

static void mmu_stats_add(struct mmu_stats *sum, const struct mmu_stats *one)
{
    sum->context_switches += one->context_switches;
    sum->context_misses += one->context_misses;
    sum->fills += one->fills;
    sum->exec_fills += one->exec_fills;
    sum->flushes += one->flushes;
    sum->page_invalidations += one->page_invalidations;
    sum->code_protects += one->code_protects;
}

void vm_stats_get(struct vm *vm, struct vm_stats *out)
{
    *out = (struct vm_stats){.instructions = vm_instructions(vm)};
    engine_stats_get(vm->engine, &out->engine);
    for (uint32_t i = 0; i < vm->cpu_count; i++) {
        struct mmu_stats one;
        mmu_get_stats(vm->cpus[i]->mmu, &one);
        mmu_stats_add(&out->mmu, &one);
        out->slow_loads += vm->cpus[i]->slow_loads;
        out->slow_stores += vm->cpus[i]->slow_stores;
        out->device_accesses += vm->cpus[i]->device_accesses;
    }
}

struct timer_queue *vm_timers(struct vm *vm)
{
    return &vm->timers;
}

int64_t vm_now(const struct vm *vm)
{
    return clock_now(&vm->clock);
}

uint64_t vm_instructions(const struct vm *vm)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < vm->cpu_count; i++)
        sum += engine_icount(&vm->cpus[i]->state.env);
    return sum;
}

bool vm_coverage(const struct vm *vm, void (*visit)(void *opaque, const struct engine_covered *c),
                 void *opaque)
{
    return engine_coverage(vm->engine, visit, opaque);
}

uint64_t vm_lockstep_differences(const struct vm *vm)
{
    return engine_lockstep_differences(vm->engine);
}
