/* What an ARM CPU calls upwards: contexts, TLB maintenance, timers, events. */
#include <stdlib.h>

#include "frontend/arm/cpu/exceptions.h"
#include "frontend/arm/cpu/m/m.h"
#include "util/log.h"
#include "vm/internal.h"

static struct vm_cpu *self(struct arm_state *s)
{
    return vm_cpu_of(&s->env);
}

static void context_changed(struct arm_state *s)
{
    uint64_t key;
    uint32_t asid;
    arm_context_key(s, &key, &asid);
    s->env.tables = mmu_set_context(self(s)->mmu, key, asid);
}

static void tlb_invalidate(struct arm_state *s, enum arm_tlb_scope scope, uint32_t va,
                           uint32_t asid, bool broadcast)
{
    /* A page of one address space may be global, so a single address goes everywhere. */
    static const enum mmu_op_kind kind[] = {
        [ARM_TLB_ALL] = MMU_OP_INV_ALL,
        [ARM_TLB_ASID] = MMU_OP_INV_ASID,
        [ARM_TLB_VA] = MMU_OP_INV_VA,
        [ARM_TLB_VA_ALL] = MMU_OP_INV_VA,
    };
    struct vm_cpu *c = self(s);
    struct mmu_op op = {.kind = kind[scope], .va = va, .asid = asid};
    log_write(LOG_MMU, "mmu: TLB invalidate, scope %u va 0x%08x asid %u%s", scope, va, asid,
              broadcast ? ", all CPUs" : "");
    vm_mmu_op(c->vm, broadcast ? NULL : c, &op);
    if (broadcast)
        s->tlb_sync = 1;
}

static void tlb_wait(struct arm_state *s)
{
    vm_mmu_wait(self(s)->vm);
}

static bool read_phys(void *state, uint64_t phys, unsigned size, uint64_t *value)
{
    struct vm_cpu *c = self(state);
    const uint8_t *p = physmap_host(c->vm->map, phys, size);
    if (!p)
        return false;
    *value = size == 8 ? __atomic_load_n((const uint64_t *)p, __ATOMIC_RELAXED)
                       : __atomic_load_n((const uint32_t *)p, __ATOMIC_RELAXED);
    return true;
}

/* ---- timers: the board's device, under the device lock --------------------------------------- */

static const enum arch_timer_kind timer_kind[ARM_TIMER_COUNT] = {
    [ARM_TIMER_PHYS] = ARCH_TIMER_PHYS,
    [ARM_TIMER_VIRT] = ARCH_TIMER_VIRT,
    [ARM_TIMER_HYP] = ARCH_TIMER_HYP,
    [ARM_TIMER_PHYS_SECURE] = ARCH_TIMER_PHYS_S,
};

static uint64_t counter(struct arm_state *s)
{
    const struct device *timer = self(s)->vm->board.timer;
    return timer ? arch_timer_count(timer) : 0;
}

static uint32_t counter_frequency(struct arm_state *s)
{
    const struct device *timer = self(s)->vm->board.timer;
    return timer ? arch_timer_frequency(timer) : 0;
}

static uint64_t timer_read(struct arm_state *s, enum arm_timer timer, enum arm_timer_reg reg)
{
    struct vm_cpu *c = self(s);
    const struct device *dev = c->vm->board.timer;
    enum arch_timer_kind kind = timer_kind[timer];
    uint64_t value = 0;
    if (!dev)
        return 0;
    pthread_mutex_lock(&c->vm->device_lock);
    switch (reg) {
    case ARM_TIMER_CTL: value = arch_timer_ctl(dev, c->index, kind); break;
    case ARM_TIMER_CVAL: value = arch_timer_cval(dev, c->index, kind); break;
    case ARM_TIMER_TVAL: value = arch_timer_tval(dev, c->index, kind); break;
    }
    pthread_mutex_unlock(&c->vm->device_lock);
    return value;
}

static void timer_write(struct arm_state *s, enum arm_timer timer, enum arm_timer_reg reg,
                        uint64_t value)
{
    struct vm_cpu *c = self(s);
    struct device *dev = c->vm->board.timer;
    enum arch_timer_kind kind = timer_kind[timer];
    if (!dev)
        return;
    pthread_mutex_lock(&c->vm->device_lock);
    switch (reg) {
    case ARM_TIMER_CTL: arch_timer_set_ctl(dev, c->index, kind, (uint32_t)value); break;
    case ARM_TIMER_CVAL: arch_timer_set_cval(dev, c->index, kind, value); break;
    case ARM_TIMER_TVAL: arch_timer_set_tval(dev, c->index, kind, (uint32_t)value); break;
    }
    pthread_mutex_unlock(&c->vm->device_lock);
    vm_cpu_sync_lines(c);
}

static uint64_t cycles(struct arm_state *s)
{
    return engine_icount(&s->env);
}

/* ---- events and interrupts ------------------------------------------------------------------- */

static void send_event(struct arm_state *s)
{
    struct vm *vm = self(s)->vm;
    s->event = 1;
    for (uint32_t i = 0; i < vm->cpu_count; i++) {
        struct vm_cpu *c = vm->cpus[i];
        if (c == self(s))
            continue;
        atomic_store(&c->event, true);
        if (!atomic_load(&c->sleeping)) /* it looks at the event before it goes to sleep */
            continue;
        pthread_mutex_lock(&vm->device_lock);
        pthread_cond_broadcast(&c->wake);
        pthread_mutex_unlock(&vm->device_lock);
    }
}

static void end_slice(struct arm_state *s)
{
    engine_slice_end(&s->env);
    s->env.touched = 1;
}

bool vm_service(struct ir_env *env)
{
    struct vm_cpu *c = vm_cpu_of(env);
    if (mmu_has_pending(c->mmu))
        mmu_run_pending(c->mmu);
    vm_outside_service(c);
    bool turn = !c->vm->config.icount.enabled || vm_icount_service(c);
    vm_cpu_sync_lines(c);
    if (arm_is_m(&c->state))
        arm_m_safe_point(&c->state);
    if (atomic_exchange(&c->event, false))
        c->state.event = 1;
    return turn && !atomic_load(&c->attention) && !c->state.halted;
}

static uint64_t cpu_load(struct arm_state *s, uint32_t addr, uint32_t memop)
{
    return vm_load(&s->env, addr, memop);
}

static void cpu_store(struct arm_state *s, uint32_t addr, uint64_t value, uint32_t memop)
{
    vm_store(&s->env, addr, value, memop);
}

static struct arm_exclusives *exclusives(struct arm_state *s)
{
    return &self(s)->vm->exclusives;
}

const struct arm_cpu_ops vm_cpu_ops = {
    .context_changed = context_changed,
    .tlb_invalidate = tlb_invalidate,
    .tlb_wait = tlb_wait,
    .read_phys = read_phys,
    .counter = counter,
    .counter_frequency = counter_frequency,
    .timer_read = timer_read,
    .timer_write = timer_write,
    .cycles = cycles,
    .firmware_call = vm_firmware_call,
    .semihosting = vm_semihosting_trap,
    .report = vm_report,
    .entered = vm_exception_entered,
    .send_event = send_event,
    .load = cpu_load,
    .store = cpu_store,
    .ram_pointer = vm_ram_pointer,
    .ram_written = vm_ram_written,
    .exclusives = exclusives,
    .end_slice = end_slice,
    .m = &vm_m_ops,
};
