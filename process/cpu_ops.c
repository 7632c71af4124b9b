/* What the engine and the CPU ask of the process: code, contexts, faults. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "frontend/arm/cpu/exceptions.h"
#include "frontend/arm/cpu/psr.h"
#include "frontend/arm/translate/translate.h"
#include "process/internal.h"
#include "softmmu/mmu.h"
#include "util/access.h"
#include "util/bits.h"

/* ---- contexts: exec tables, shared by all threads -------------------------------------------- */

enum { CONTEXT_BYTES = MMU_EXEC_TABLE1 + MMU_TABLE_BYTES };

/* Most programs use one. All are reserved at once, so that the first use of another cannot fail. */
bool process_contexts_init(struct process *p, struct error *e)
{
    p->contexts = mmap(NULL, (size_t)CONTEXTS * CONTEXT_BYTES, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return p->contexts != MAP_FAILED || error_set_errno(e, "tables of translated code");
}

static void context_changed(struct arm_state *s)
{
    unsigned index = (s->block_flags & ARM_BF_BIG_ENDIAN ? 1 : 0) |
                     (s->block_flags & ARM_BF_SMP ? 2 : 0) |
                     (s->block_flags & ARM_BF_FP_SPECIAL ? 4 : 0) |
                     (s->block_flags & ARM_BF_FP_ROUNDING ? 8 : 0) |
                     (s->block_flags & ARM_BF_FP_FLUSH ? 16 : 0) |
                     (s->block_flags & ARM_BF_FP_DEFAULT_NAN ? 32 : 0);
    s->env.tables = task_of(s)->process->contexts + (size_t)index * CONTEXT_BYTES;
}

static void exec_fill(struct ir_env *env, unsigned lane, uint64_t va, uint32_t *entries)
{
    const struct ir_memory_layout *m = &arm_target.memory;
    uint32_t **table = (void *)(env->tables + m->exec_table[lane]);
    if (__atomic_load_n(&table[va >> m->page_bits], __ATOMIC_RELAXED) != entries)
        __atomic_store_n(&table[va >> m->page_bits], entries, __ATOMIC_RELEASE);
}

static void exec_flush(void *opaque)
{
    struct process *p = opaque;
    madvise(p->contexts, (size_t)CONTEXTS * CONTEXT_BYTES, MADV_DONTNEED);
    engine_sync(p->engine, NULL);
}

void process_go_parallel(struct process *p)
{
    if (atomic_exchange(&p->parallel, true))
        return;
    pthread_mutex_lock(&p->tasks_lock); /* there is one task, the caller */
    for (struct task *t = p->tasks; t; t = t->next) {
        t->state.cpu_count = 2;
        arm_state_changed(&t->state);
    }
    pthread_mutex_unlock(&p->tasks_lock);
}

/* ---- code ------------------------------------------------------------------------------------ */

/* Leave the engine with @sig for the instruction at env.pc. */
static void leave_with(struct task *t, int sig, int code, uint32_t addr)
{
    t->event = TASK_FAULT;
    memset(&t->fault, 0, sizeof(t->fault));
    t->fault.si_signo = sig;
    t->fault.si_code = code;
    t->fault.si_addr = (void *)(uintptr_t)addr;
    t->state.env.slow_dispatch = 1;
    atomic_store(&t->state.env.exit_request, 1);
}

static int segv_code(const struct task *t, uint32_t addr)
{
    return space_flags(&t->process->space, addr) & SPACE_MAPPED ? SEGV_ACCERR : SEGV_MAPERR;
}

static bool fetch(struct ir_env *env, uint64_t va, bool raise, struct engine_fetch *out)
{
    struct task *t = env->owner;
    if (space_flags(&t->process->space, (uint32_t)va) & SPACE_EXEC) {
        uint32_t page = (uint32_t)align_down(va, SPACE_PAGE);
        *out = (struct engine_fetch){guest_ptr(t, page), page};
        return true;
    }
    if (raise)
        leave_with(t, SIGSEGV, segv_code(t, (uint32_t)va), (uint32_t)va);
    return false;
}

static void code_protect(void *opaque, uint64_t phys)
{
    space_code_protect(&((struct process *)opaque)->space, (uint32_t)phys);
}

static enum engine_code_mode code_mode(void *opaque, uint64_t phys)
{
    unsigned flags = space_flags(&((struct process *)opaque)->space, (uint32_t)phys);
    return !(flags & SPACE_OPEN)     ? ENGINE_CODE_PROTECTED
           : (flags & SPACE_TRUSTED) ? ENGINE_CODE_TRUSTED
                                     : ENGINE_CODE_CHECKED;
}

/* A page that the program cannot write to, so what it had from the start it has still. */
static const uint8_t *stable_code(void *opaque, uint64_t phys)
{
    const struct space *s = &((struct process *)opaque)->space;
    uint8_t flags = space_flags(s, (uint32_t)phys);
    return (flags & SPACE_EXEC) && !(flags & SPACE_WRITE) ? space_host(s, (uint32_t)phys) : NULL;
}

static void code_unprotect(void *opaque, uint64_t phys)
{
    space_code_unprotect(&((struct process *)opaque)->space, (uint32_t)phys);
}

static bool service(struct ir_env *env)
{
    struct task *t = env->owner;
    return t->event == TASK_NOTHING && !atomic_load(&t->pending) && !atomic_load(&t->to_offer) &&
           !(t->process->debug && debug_wants(t)) &&
           !atomic_load(&t->rseq.leave);
}

static void sampled(struct ir_env *env)
{
    rseq_look(env->owner);
}

/* ---- memory that generated code does not access by itself ------------------------------------ */

static bool aligned(struct task *t, uint32_t addr, uint32_t memop, bool write)
{
    const struct arm_fault fault = {.kind = ARM_FAULT_ALIGNMENT, .level = 1};
    uint32_t align = 1u << ((memop & IR_MEM_ALIGN_MASK) >> IR_MEM_ALIGN_SHIFT);
    if (!(addr & (align - 1)))
        return true;
    arm_raise_data_abort(&t->state, &fault, addr, write);
    return false;
}

static bool accessible(struct arm_state *s, uint32_t addr, unsigned size, bool write)
{
    struct task *t = task_of(s);
    unsigned rights = write ? SPACE_WRITE : SPACE_READ;
    if (!space_has(&t->process->space, addr, size, rights)) {
        const struct arm_fault fault = {.kind = ARM_FAULT_TRANSLATION, .level = 2};
        arm_raise_data_abort(s, &fault, addr, write);
        return false;
    }
    if (debug_watched(t, addr, size, write))
        return false;
    if (write)
        space_will_write(&t->process->space, addr, size);
    return true;
}

static uint64_t load(struct ir_env *env, uint64_t addr, uint32_t memop)
{
    struct task *t = env->owner;
    unsigned size = 1u << (memop & IR_MEM_SIZE_MASK), bits = 8 * size;
    if (!aligned(t, (uint32_t)addr, memop, false) ||
        !accessible(&t->state, (uint32_t)addr, size, false))
        return 0;
    if (memop & IR_MEM_PROBE)
        return 0;
    uint64_t value = access_load(guest_ptr(t, (uint32_t)addr), memop & IR_MEM_SIZE_MASK);
    if ((memop & IR_MEM_SIGNED) && bits < 64)
        value = (uint64_t)((int64_t)(value << (64 - bits)) >> (64 - bits));
    return value;
}

static void store(struct ir_env *env, uint64_t addr, uint64_t value, uint32_t memop)
{
    struct task *t = env->owner;
    unsigned size = 1u << (memop & IR_MEM_SIZE_MASK);
    if (aligned(t, (uint32_t)addr, memop, true) &&
        accessible(&t->state, (uint32_t)addr, size, true) && !(memop & IR_MEM_PROBE))
        access_store(guest_ptr(t, (uint32_t)addr), memop & IR_MEM_SIZE_MASK, value);
}

static uint64_t cpu_load(struct arm_state *s, uint32_t addr, uint32_t memop)
{
    return load(&s->env, addr, memop);
}

static void cpu_store(struct arm_state *s, uint32_t addr, uint64_t value, uint32_t memop)
{
    store(&s->env, addr, value, memop);
}

static uint8_t *ram_pointer(struct arm_state *s, uint32_t addr, unsigned size, bool write)
{
    return accessible(s, addr, size, write) ? guest_ptr(task_of(s), addr) : NULL;
}

static struct arm_exclusives *exclusives(struct arm_state *s)
{
    return &task_of(s)->process->exclusives;
}

/* ---- exceptions ------------------------------------------------------------------------------ */

/* DFSR and IFSR status of alignment and debug faults, short descriptor format. */
enum { FSR_STATUS = 0x40f, FSR_ALIGNMENT = 1, FSR_DEBUG = 2 };

static void data_abort(struct task *t)
{
    const struct arm_cp15 *c = &t->state.cp15;
    if ((c->dfsr[0] & FSR_STATUS) == FSR_ALIGNMENT)
        leave_with(t, SIGBUS, BUS_ADRALN, c->dfar[0]);
    else
        leave_with(t, SIGSEGV, segv_code(t, c->dfar[0]), c->dfar[0]);
}

static void prefetch_abort(struct task *t, uint32_t pc)
{
    const struct arm_cp15 *c = &t->state.cp15;
    if ((c->ifsr[0] & FSR_STATUS) == FSR_DEBUG)
        leave_with(t, SIGTRAP, TRAP_BRKPT, pc);
    else
        leave_with(t, SIGSEGV, segv_code(t, c->ifar[0]), c->ifar[0]);
}

/* The instructions that ARM Linux takes as breakpoints. */
static bool is_breakpoint(const struct task *t, uint32_t pc)
{
    uint16_t half[2];
    memcpy(half, guest_ptr(t, pc), t->state.thumb ? 2 : 4);
    if (t->state.thumb)
        return half[0] == 0xde01;
    return half[0] == 0x01f0 && (half[1] & 0x0fff) == 0x07f0;
}

static void exception(struct arm_state *s, unsigned exc, uint32_t pc, unsigned size)
{
    struct task *t = task_of(s);
    arm_leave(s, exc == ARM_EXC_SVC ? pc + size : pc);
    switch (exc) {
    case ARM_EXC_SVC:
        t->event = TASK_SYSCALL;
        t->svc_pc = pc;
        s->env.slow_dispatch = 1;
        atomic_store_explicit(&s->env.exit_request, 1, memory_order_relaxed); /* to this thread */
        break;
    case ARM_EXC_DATA_ABORT:
        data_abort(t);
        break;
    case ARM_EXC_PREFETCH_ABORT:
        prefetch_abort(t, pc);
        break;
    default:
        if (is_breakpoint(t, pc))
            leave_with(t, SIGTRAP, TRAP_BRKPT, pc);
        else
            leave_with(t, SIGILL, ILL_ILLOPC, pc);
    }
}

static bool fetchable(struct arm_state *s, uint32_t va)
{
    return space_flags(&task_of(s)->process->space, va) & SPACE_EXEC;
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void tlb_invalidate(struct arm_state *s, enum arm_tlb_scope scope, uint32_t va,
                           uint32_t asid, bool broadcast)
{
}

static bool read_phys(void *state, uint64_t phys, unsigned size, uint64_t *value)
{
    return false;
}

enum { COUNTER_HZ = 62500000 };

static uint64_t counter(struct arm_state *s)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * COUNTER_HZ + (uint64_t)now.tv_nsec / (1000000000 / COUNTER_HZ);
}

static uint32_t counter_frequency(struct arm_state *s)
{
    return COUNTER_HZ;
}

static uint64_t timer_read(struct arm_state *s, enum arm_timer timer, enum arm_timer_reg reg)
{
    return 0;
}

static void timer_write(struct arm_state *s, enum arm_timer timer, enum arm_timer_reg reg,
                        uint64_t value)
{
}

static uint64_t cycles(struct arm_state *s)
{
    return engine_icount(&s->env);
}

static bool firmware_call(struct arm_state *s, bool smc, uint32_t imm)
{
    return false;
}

static void send_event(struct arm_state *s)
{
    s->event = 1;
}

static void end_slice(struct arm_state *s)
{
}

static const struct arm_process_ops process_ops = {
    .exception = exception,
    .fetchable = fetchable,
};

const struct arm_cpu_ops process_cpu_ops = {
    .context_changed = context_changed,
    .tlb_invalidate = tlb_invalidate,
    .read_phys = read_phys,
    .counter = counter,
    .counter_frequency = counter_frequency,
    .timer_read = timer_read,
    .timer_write = timer_write,
    .cycles = cycles,
    .firmware_call = firmware_call,
    .process = &process_ops,
    .send_event = send_event,
    .load = cpu_load,
    .store = cpu_store,
    .ram_pointer = ram_pointer,
    .exclusives = exclusives,
    .end_slice = end_slice,
};

const struct engine_ops process_engine_ops = {
    .fetch = fetch,
    .exec_fill = exec_fill,
    .code_protect = code_protect,
    .code_mode = code_mode,
    .code_unprotect = code_unprotect,
    .stable_code = stable_code,
    .exec_flush = exec_flush,
    .service = service,
    .sampled = sampled,
    .load = load,
    .store = store,
};
