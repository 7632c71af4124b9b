/*
 * The slow path of guest memory: translate, fill the context's tables, reach RAM or a device, or
 * raise the abort. And instruction fetch and code tracking for the engine.
 */
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "frontend/arm/cpu/exceptions.h"
#include "frontend/arm/cpu/m/m.h"
#include "util/bits.h"
#include "util/log.h"
#include "vm/internal.h"

enum { PAGE = PHYS_PAGE_SIZE };

/* One access within a page, translated. */
struct access {
    struct vm_cpu *c;
    uint32_t va;
    unsigned size;
    bool write;
    uint64_t phys;
    struct phys_region *region; /* NULL: nothing there */
    uint8_t alike; /* log2 of the bytes around, in a page, that are translated alike */
};

static bool raise_abort(struct vm_cpu *c, const struct arm_fault *fault, uint32_t va, bool write)
{
    log_write(LOG_MMU, "mmu: %s fault level %u at 0x%08x (%s, pc 0x%08x)",
              arm_fault_name(fault->kind), fault->level, va, write ? "write" : "read",
              arm_insn_pc(&c->state));
    arm_raise_data_abort(&c->state, fault, va, write);
    return false;
}

/* Fill in a->phys and a->region; false with the abort raised. */
static bool translate(struct access *a, bool user)
{
    struct vm_cpu *c = a->c;
    struct arm_translation t;
    struct arm_fault fault;
    bool privileged = !user && arm_is_privileged(&c->state);
    if (!arm_translate_va(&c->state, a->va, a->write ? ARM_ACCESS_WRITE : ARM_ACCESS_READ,
                          privileged, &t, &fault))
        return raise_abort(c, &fault, a->va, a->write);
    a->phys = t.phys;
    a->alike = t.page_bits < PHYS_PAGE_BITS ? t.page_bits : PHYS_PAGE_BITS;
    a->region = physmap_find_cached(c->vm->map, t.phys, &c->last_region);
    if (!a->region || a->region->kind == PHYS_MMIO || user)
        return true;
    uint64_t page_phys = align_down(t.phys, PAGE);
    bool code = atomic_load(physmap_page_flags(a->region, page_phys)) & PHYS_PAGE_CODE;
    bool write = t.write && !code && a->region->kind == PHYS_RAM;
    bool read = t.read && !vm_debug_watches_page(c, a->va, false);
    write = write && !vm_debug_watches_page(c, a->va, true);
    mmu_fill(c->mmu, a->va, a->region->host + (page_phys - a->region->base), t.page_bits, read,
             write);
    /* Code may have been translated from the page between the look and the fill. */
    if (write && (atomic_load(physmap_page_flags(a->region, page_phys)) & PHYS_PAGE_CODE))
        mmu_protect_page(c->mmu, a->region->host + (page_phys - a->region->base));
    return true;
}

static bool external_abort(struct access *a)
{
    struct arm_fault fault = {.kind = ARM_FAULT_EXTERNAL};
    return raise_abort(a->c, &fault, a->va, a->write);
}

/* There is nothing, and the user has said that it is not to be a fault: a line for each
 * instruction that gets there. */
static void unmapped(struct access *a)
{
    struct vm_cpu *c = a->c;
    uint32_t pc = arm_insn_pc(&c->state);
    char place[300];
    if (c->vm->config.unmapped != VM_UNMAPPED_WARN || c->unmapped_count == VM_UNMAPPED_PLACES)
        return;
    for (unsigned i = 0; i < c->unmapped_count; i++)
        if (c->unmapped_places[i] == pc)
            return;
    c->unmapped_places[c->unmapped_count++] = pc;
    vm_symbol(c->vm, pc, place, sizeof(place));
    fprintf(stderr, "armemu: %s of %u byte%s at 0x%08llx, where nothing is, by 0x%08x %s%s\n",
            a->write ? "write" : "read", a->size, a->size == 1 ? "" : "s",
            (unsigned long long)a->phys, pc, place,
            c->unmapped_count == VM_UNMAPPED_PLACES ? " (others are not told)" : "");
}

void vm_restart_instruction(struct vm_cpu *c)
{
    c->state.itstate = arm_insn_it(&c->state);
    arm_leave(&c->state, arm_insn_pc(&c->state));
    c->state.env.slow_dispatch = 1;
}

/* Where the instruction at @pc, which is under way, lies; false: it cannot be fetched. */
static bool insn_phys(struct vm_cpu *c, uint32_t pc, uint64_t *phys)
{
    struct engine_fetch fetch;
    if (arm_is_m(&c->state)) { /* no translation, and it may be executed, as it is */
        const struct phys_region *r = physmap_find_cached(c->vm->map, pc, &c->last_code);
        *phys = r ? physmap_canonical(r, pc) : 0;
        return r && r->kind != PHYS_MMIO;
    }
    if (!vm_fetch(&c->state.env, pc, false, &fetch))
        return false;
    *phys = fetch.phys + (pc & (PAGE - 1));
    return true;
}

void vm_outside_service(struct vm_cpu *c)
{
    uint64_t phys;
    bool found = (c->outside_found || c->window_missed || c->end_found) &&
                 insn_phys(c, c->outside_pc, &phys);
    if (found && c->outside_found)
        engine_outside_found(c->vm->engine, phys);
    if (found && c->window_missed)
        engine_window_missed(c->vm->engine, phys);
    if (found && c->end_found)
        engine_end_found(c->vm->engine, phys);
    c->outside_found = c->window_missed = c->end_found = false;
}

/* Something has been found of the instruction at @pc, which is under way: it restarts. */
static void found_at(struct vm_cpu *c, uint32_t pc)
{
    c->outside_pc = pc;
    atomic_store(&c->state.env.exit_request, 1);
    vm_restart_instruction(c);
}

/* With counted time, does the engine know that the instruction under way reaches devices? If not it
 * restarts. */
static bool outside_known(struct vm_cpu *c)
{
    uint64_t phys;
    uint32_t pc = arm_insn_pc(&c->state);
    if (!c->vm->config.icount.enabled || !insn_phys(c, pc, &phys) ||
        engine_outside_known(c->vm->engine, &c->state.env, phys))
        return true;
    c->outside_found = true;
    found_at(c, pc);
    return false;
}

/* A store to the MPU takes effect for what follows. Does the engine know that the block has to end
 * there? If not the instruction restarts. */
static bool end_known(const struct access *a)
{
    struct vm_cpu *c = a->c;
    uint64_t phys;
    uint32_t pc = arm_insn_pc(&c->state);
    if (!a->write || !arm_is_m(&c->state) || !arm_m_is_mpu(a->va) || !insn_phys(c, pc, &phys) ||
        engine_end_known(c->vm->engine, &c->state.env, phys))
        return true;
    c->end_found = true;
    found_at(c, pc);
    return false;
}

static bool device_access(struct access *a, uint64_t *value)
{
    struct vm_cpu *c = a->c;
    struct vm *vm = c->vm;
    if (!outside_known(c) || !end_known(a))
        return false;
    c->device_accesses++;
    if (!a->region && vm->config.unmapped != VM_UNMAPPED_FAULT) {
        unmapped(a);
        *value = a->write ? *value : 0;
        return true;
    }
    pthread_mutex_lock(&vm->device_lock);
    bool ok = a->write
                  ? physmap_cpu_write(vm->map, &c->last_region, c->index, a->phys, a->size, *value)
                  : physmap_cpu_read(vm->map, &c->last_region, c->index, a->phys, a->size, value);
    pthread_mutex_unlock(&vm->device_lock);
    vm_cpu_sync_lines(c);
    return ok || external_abort(a);
}

static uint64_t host_load(const uint8_t *p, unsigned size)
{
    switch (size) {
    case 1: return __atomic_load_n(p, __ATOMIC_RELAXED);
    case 2: return __atomic_load_n((const uint16_t *)p, __ATOMIC_RELAXED);
    case 4: return __atomic_load_n((const uint32_t *)p, __ATOMIC_RELAXED);
    default: return __atomic_load_n((const uint64_t *)p, __ATOMIC_RELAXED);
    }
}

static void host_store(uint8_t *p, unsigned size, uint64_t v)
{
    switch (size) {
    case 1: __atomic_store_n(p, (uint8_t)v, __ATOMIC_RELAXED); break;
    case 2: __atomic_store_n((uint16_t *)p, (uint16_t)v, __ATOMIC_RELAXED); break;
    case 4: __atomic_store_n((uint32_t *)p, (uint32_t)v, __ATOMIC_RELAXED); break;
    default: __atomic_store_n((uint64_t *)p, v, __ATOMIC_RELAXED); break;
    }
}

static bool access_load(struct access *a, uint64_t *value)
{
    if (!a->region || a->region->kind == PHYS_MMIO)
        return device_access(a, value);
    *value = host_load(a->region->host + (a->phys - a->region->base), a->size);
    return true;
}

/* RAM at a->phys is about to be written: code made from it goes. False: the instruction
 * restarts. */
static bool code_written(struct access *a)
{
    if (!(atomic_load(physmap_page_flags(a->region, a->phys)) & PHYS_PAGE_CODE))
        return true;
    if (engine_code_write(a->c->vm->engine, &a->c->state.env, physmap_canonical(a->region, a->phys),
                          a->size))
        return true;
    vm_restart_instruction(a->c);
    return false;
}

/* The bytes have changed. Another CPU may have translated the old ones since they were dropped. */
static void code_changed(struct vm *vm, uint64_t phys, unsigned size)
{
    atomic_thread_fence(memory_order_seq_cst);
    engine_code_write(vm->engine, NULL, phys, size);
}

static bool access_store(struct access *a, uint64_t value)
{
    if (!a->region || a->region->kind != PHYS_RAM)
        return device_access(a, &value);
    bool code = atomic_load(physmap_page_flags(a->region, a->phys)) & PHYS_PAGE_CODE;
    if (!code_written(a))
        return false;
    host_store(a->region->host + (a->phys - a->region->base), a->size, value);
    /* When the page held no code at all, protecting it waits for this CPU. */
    if (code && a->c->vm->cpu_count > 1)
        code_changed(a->c->vm, physmap_canonical(a->region, a->phys), a->size);
    return true;
}

/* The debugger or the core's own watchpoint unit wants to know of the access, which would be
 * possible: it is not made. The latter lets it be made when the instruction is executed by
 * itself. */
static bool watched(struct vm_cpu *c, uint32_t va, unsigned size, bool write)
{
    if (c->vm->debug.points.watch_count && vm_debug_watch(c, va, size, write)) {
        vm_restart_instruction(c);
        return true;
    }
    if (!c->state.m.watches || c->core_step == VM_CORE_STEP_RUNS ||
        !arm_m_watches(&c->state, va, size, write))
        return false;
    vm_m_step(c);
    vm_restart_instruction(c);
    return true;
}

/* The access has been made. Returns the value that a load gets. */
static uint64_t accessed(struct vm_cpu *c, uint32_t va, unsigned size, bool write, uint64_t value)
{
    if (c->state.m.literals && !write)
        value = arm_m_patch_literal(&c->state, va, size, value);
    if (c->core_step == VM_CORE_STEP_RUNS && c->state.m.watches)
        arm_m_watched_access(&c->state, va, size, write, value);
    return value;
}

static bool aligned_enough(struct vm_cpu *c, uint32_t va, uint32_t memop)
{
    uint32_t align = 1u << ((memop & IR_MEM_ALIGN_MASK) >> IR_MEM_ALIGN_SHIFT);
    if (!(va & (align - 1)))
        return true;
    struct arm_fault fault = {.kind = ARM_FAULT_ALIGNMENT, .level = 1};
    return raise_abort(c, &fault, va, memop & IR_MEM_WRITE);
}

/* An unaligned access, byte by byte; all of it is translated before anything is written. */
static bool access_bytes(struct vm_cpu *c, uint32_t va, unsigned size, bool write, bool user,
                         uint64_t *value)
{
    struct access byte[8];
    uint64_t result = 0;
    for (unsigned i = 0; i < size; i++) {
        byte[i] = (struct access){c, va + i, 1, write, 0, NULL, 0};
        bool alike = i && ((va + i) & (BIT(byte[i - 1].alike) - 1));
        if (alike) {
            byte[i].phys = byte[i - 1].phys + 1;
            byte[i].region = byte[i - 1].region;
            byte[i].alike = byte[i - 1].alike;
        } else if (!translate(&byte[i], user)) {
            return false;
        }
    }
    if (watched(c, va, size, write))
        return false;
    for (unsigned i = 0; i < size; i++) {
        uint64_t b = 0;
        if (write ? !access_store(&byte[i], *value >> (8 * i) & 0xff) : !access_load(&byte[i], &b))
            return false;
        result |= b << (8 * i);
    }
    if (!write)
        *value = result;
    return true;
}

static uint64_t extend(uint64_t value, uint32_t memop)
{
    unsigned bits = 8u << (memop & IR_MEM_SIZE_MASK);
    if (!(memop & IR_MEM_SIGNED) || bits >= 64)
        return value;
    return (uint64_t)((int64_t)(value << (64 - bits)) >> (64 - bits));
}

uint64_t vm_load(struct ir_env *env, uint64_t addr, uint32_t memop)
{
    struct vm_cpu *c = vm_cpu_of(env);
    struct access a = {c, (uint32_t)addr, 1u << (memop & IR_MEM_SIZE_MASK), false, 0, NULL, 0};
    uint64_t value = 0;
    bool user = memop & IR_MEM_USER;
    c->slow_loads++;
    if (!aligned_enough(c, a.va, memop & ~(uint32_t)IR_MEM_WRITE))
        return 0;
    bool done = false;
    if (a.va & (a.size - 1))
        done = access_bytes(c, a.va, a.size, false, user, &value);
    else if (translate(&a, user) && !watched(c, a.va, a.size, false))
        done = access_load(&a, &value);
    return extend(done ? accessed(c, a.va, a.size, false, value) : value, memop);
}

void vm_store(struct ir_env *env, uint64_t addr, uint64_t value, uint32_t memop)
{
    struct vm_cpu *c = vm_cpu_of(env);
    struct access a = {c, (uint32_t)addr, 1u << (memop & IR_MEM_SIZE_MASK), true, 0, NULL, 0};
    bool user = memop & IR_MEM_USER;
    c->slow_stores++;
    if (!aligned_enough(c, a.va, memop | IR_MEM_WRITE))
        return;
    bool done = false;
    if (a.va & (a.size - 1))
        done = access_bytes(c, a.va, a.size, true, user, &value);
    else if (translate(&a, user) && !watched(c, a.va, a.size, true))
        done = access_store(&a, value);
    if (done)
        accessed(c, a.va, a.size, true, value);
}

uint8_t *vm_ram_pointer(struct arm_state *s, uint32_t addr, unsigned size, bool write)
{
    struct access a = {vm_cpu_of(&s->env), addr, size, write, 0, NULL, 0};
    uint8_t *known = mmu_lookup(a.c->mmu, addr, write);
    if (known)
        return known;
    if (!translate(&a, false) || !a.region || a.region->kind == PHYS_MMIO ||
        watched(a.c, addr, size, write))
        return NULL;
    if (write && (a.region->kind != PHYS_RAM || !code_written(&a)))
        return NULL;
    accessed(a.c, addr, size, write, 0);
    return a.region->host + (a.phys - a.region->base);
}

void vm_ram_written(struct arm_state *s, uint32_t addr, const uint8_t *host, unsigned size)
{
    struct vm_cpu *c = vm_cpu_of(&s->env);
    /* A page that the write table knows held no code when its pointer was asked for, and protecting
     * it waits for this CPU. */
    if (c->vm->cpu_count == 1 || mmu_lookup(c->mmu, addr, true))
        return;
    struct phys_region *r = physmap_find_host(c->vm->map, host);
    uint64_t phys = r->base + (uint64_t)(host - r->host);
    if (atomic_load(physmap_page_flags(r, phys)) & PHYS_PAGE_CODE)
        code_changed(c->vm, phys, size);
}

/* ---- instruction fetch ----------------------------------------------------------------------- */

bool vm_fetch(struct ir_env *env, uint64_t va, bool raise, struct engine_fetch *out)
{
    struct vm_cpu *c = vm_cpu_of(env);
    struct arm_translation t;
    struct arm_fault fault;
    if (raise && va >= ARM_M_MAGIC_START && arm_is_m(&c->state) &&
        arm_m_fetch_magic(&c->state, (uint32_t)va)) {
        if (c->state.halted)
            atomic_store(&env->exit_request, 1); /* vm_service lets the CPU sleep */
        return false;
    }
    bool ok = arm_translate_va(&c->state, (uint32_t)va, ARM_ACCESS_FETCH,
                               arm_is_privileged(&c->state), &t, &fault);
    struct phys_region *r = ok ? physmap_find_cached(c->vm->map, t.phys, &c->last_code) : NULL;
    if (ok && (!r || r->kind == PHYS_MMIO)) {
        fault = (struct arm_fault){.kind = ARM_FAULT_EXTERNAL};
        ok = false;
        if (raise) {
            const struct phys_region *near = physmap_nearest(c->vm->map, t.phys);
            log_write(LOG_GUEST_ERRORS,
                      "guest executes at 0x%08x (physical 0x%llx), where there is no memory; the "
                      "nearest region is %s; lr 0x%08x",
                      (uint32_t)va, (unsigned long long)t.phys, near ? near->name : "none",
                      c->state.r[14]);
        }
    }
    if (!ok) {
        if (raise) {
            arm_raise_prefetch_abort(&c->state, &fault, (uint32_t)va, (uint32_t)env->pc);
            env->raised = 0;
        }
        return false;
    }
    uint64_t page = align_down(t.phys, PAGE); /* code is the same under all its addresses */
    *out = (struct engine_fetch){r->host + (page - r->base), physmap_canonical(r, page)};
    if (c->state.m.patches && arm_m_patches_page(&c->state, (uint32_t)va))
        out->host = vm_m_patched_page(c, (uint32_t)va, out->host);
    if (raise) {
        c->fetch_valid = true;
        c->fetch_va = (uint32_t)va;
        c->fetch_page_bits = t.page_bits;
    }
    return true;
}

void vm_exec_fill(struct ir_env *env, unsigned lane, uint64_t va, uint32_t *entries)
{
    struct vm_cpu *c = vm_cpu_of(env);
    if (c->fetch_valid && align_down(va, PAGE) == align_down(c->fetch_va, PAGE))
        mmu_fill_exec(c->mmu, lane, (uint32_t)va, c->fetch_page_bits, entries);
}

/* ---- code tracking --------------------------------------------------------------------------- */

struct vm_cpu *vm_cpu_current(struct vm *vm)
{
    if (vm->debug.here && loop_is_current(vm->loop))
        return vm->debug.here;
    for (uint32_t i = 0; i < vm->cpu_count; i++)
        if (vm->cpus[i]->thread_started && pthread_equal(vm->cpus[i]->thread, pthread_self()))
            return vm->cpus[i];
    return NULL;
}

/* Carry out what was asked of CPU @c, on its thread. The mapping of the last fetch may be among
 * it. */
static void serve(struct vm_cpu *c)
{
    if (!mmu_has_pending(c->mmu))
        return;
    c->fetch_valid = false;
    mmu_run_pending(c->mmu);
}

/* A CPU that waits inside of a helper keeps serving its own queue, so two that wait for each other
 * both get on. */
static void wait_for(struct vm_cpu *c, struct vm_cpu *self)
{
    for (unsigned spins = 0; mmu_has_pending(c->mmu) && engine_cpu_in_guest(c->engine); spins++) {
        if (self)
            serve(self);
        if (spins > 50)
            sched_yield();
    }
}

void vm_mmu_op(struct vm *vm, struct vm_cpu *only, const struct mmu_op *op)
{
    struct vm_cpu *self = vm_cpu_current(vm);
    for (uint32_t i = 0; i < vm->cpu_count; i++) {
        struct vm_cpu *c = vm->cpus[i];
        if (only && c != only)
            continue;
        mmu_post(c->mmu, op);
        if (c == self)
            serve(c);
        else
            atomic_store(&c->state.env.exit_request, 1);
    }
}

void vm_mmu_wait(struct vm *vm)
{
    struct vm_cpu *self = vm_cpu_current(vm);
    for (uint32_t i = 0; i < vm->cpu_count; i++)
        if (vm->cpus[i] != self)
            wait_for(vm->cpus[i], self);
}

void vm_code_protect(void *opaque, uint64_t phys)
{
    struct vm *vm = opaque;
    struct phys_region *r = physmap_find_memory(vm->map, phys);
    _Atomic uint8_t *flags = &r->page_flags[(phys - r->memory_base) >> PHYS_PAGE_BITS];
    /* Also when the flag is set already: who set it may still be waiting for the other CPUs. */
    atomic_fetch_or(flags, PHYS_PAGE_CODE);
    struct mmu_op op = {.kind = MMU_OP_PROTECT_PAGE, .host = r->host + (phys - r->memory_base)};
    if (vm->window && r->kind == PHYS_RAM)
        physmap_window_protect(vm->map, phys);
    vm_mmu_op(vm, NULL, &op);
    vm_mmu_wait(vm);
}

void vm_code_unprotect(void *opaque, uint64_t phys)
{
    struct vm *vm = opaque;
    struct phys_region *r = physmap_find_memory(vm->map, phys);
    atomic_fetch_and(&r->page_flags[(phys - r->memory_base) >> PHYS_PAGE_BITS],
                     (uint8_t)~PHYS_PAGE_CODE);
    if (vm->window && r->kind == PHYS_RAM)
        physmap_window_protect(vm->map, phys);
}

void vm_exec_flush(void *opaque)
{
    struct mmu_op op = {.kind = MMU_OP_INV_EXEC_ALL};
    vm_mmu_op(opaque, NULL, &op);
    vm_mmu_wait(opaque);
}

const struct engine_ops vm_engine_ops = {
    .fetch = vm_fetch,
    .exec_fill = vm_exec_fill,
    .code_protect = vm_code_protect,
    .code_unprotect = vm_code_unprotect,
    .exec_flush = vm_exec_flush,
    .service = vm_service,
    .load = vm_load,
    .store = vm_store,
};
