/*
 * M profile: addresses are physical, and generated code accesses RAM and ROM through a window of
 * the host's address space in which they lie at their addresses, beside the tables. What is not
 * there (devices, stores to ROM or to pages with code, nothing) makes the host raise a
 * signal; the instruction is then executed by itself, and its code translated anew to take the
 * tables and the slow path.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "vm/internal.h"

enum { GUARD = 64 << 10, SET_GS = 0x1001, SIGNAL_STACK = 64 << 10, LOW = 0x60000000 };
#define WINDOW_SIZE (1ull << 32)

/* At the lower end of a CPU thread's signal stack. */
struct signal_area {
    struct signal_area *self; /* tells it from the stacks of others */
    struct vm_cpu *cpu;
};

static void not_ours(int sig)
{
    signal(sig, SIG_DFL); /* the instruction is executed again, and ends the process */
}

/* @address: of the guest, or about there. */
static void missed(struct vm_cpu *c, ucontext_t *uc, int sig, uint64_t address)
{
    struct arm_state *s = &c->state;
    const struct phys_region *r = physmap_find(c->vm->map, address);
    uint64_t resume;
    if (!engine_fault(c->vm->engine, &s->env, (uint64_t)uc->uc_mcontext.gregs[REG_RIP], &resume)) {
        not_ours(sig);
        return;
    }
    s->itstate = arm_insn_it(s);
    s->env.pc = arm_insn_pc(s);
    s->env.slow_dispatch = 1;
    c->window_missed = r && r->kind == PHYS_RAM;
    c->outside_found = !c->window_missed;
    c->outside_pc = (uint32_t)s->env.pc;
    atomic_store(&s->env.exit_request, 1);
    uc->uc_mcontext.gregs[REG_RIP] = (greg_t)resume;
}

static void on_signal(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    const struct signal_area *area = uc->uc_stack.ss_flags & SS_DISABLE ? NULL : uc->uc_stack.ss_sp;
    int error = errno;
    const uint8_t *at = info->si_addr,
                  *base = area && area->self == area ? area->cpu->vm->window : NULL;
    if (!base || at < base - GUARD || at >= base + WINDOW_SIZE + GUARD)
        not_ours(sig);
    else
        missed(area->cpu, uc, sig, (uint64_t)(at - base));
    errno = error;
}

/* At @address, or anywhere: at a low one accesses have it as displacement, which is quicker. */
static uint8_t *reserve(uintptr_t address)
{
    return mmap((void *)address, WINDOW_SIZE + 2 * GUARD, PROT_NONE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (address ? MAP_FIXED_NOREPLACE : 0),
                -1, 0);
}

void vm_window_reserve(struct vm *vm)
{
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    uint8_t *p = reserve(LOW - GUARD);
    if (p == MAP_FAILED)
        p = reserve(0);
    if (p == MAP_FAILED)
        return; /* the tables serve all accesses */
    sigemptyset(&action.sa_mask);
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    vm->window = p + GUARD;
    physmap_set_window(vm->map, vm->window);
}

void vm_window_free(struct vm *vm)
{
    if (vm->window)
        munmap(vm->window - GUARD, WINDOW_SIZE + 2 * GUARD);
    vm->window = NULL;
}

void *vm_window_thread_begin(struct vm_cpu *c)
{
    if (!c->vm->window)
        return NULL;
    struct signal_area *area = aligned_alloc(64, SIGNAL_STACK);
    if (!area) {
        engine_window_use(c->vm->engine, false);
        return NULL;
    }
    *area = (struct signal_area){area, c};
    const stack_t stack = {.ss_sp = area, .ss_size = SIGNAL_STACK};
    if (sigaltstack(&stack, NULL) || syscall(SYS_arch_prctl, SET_GS, c->vm->window))
        engine_window_use(c->vm->engine, false);
    return area;
}

void vm_window_thread_end(void *area)
{
    const stack_t none = {.ss_flags = SS_DISABLE};
    if (!area)
        return;
    sigaltstack(&none, NULL);
    free(area);
}

