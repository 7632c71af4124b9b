#include "tests/translate/jit_window.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

enum { GUARD = 64 << 10, SET_GS = 0x1001, SIGNAL_STACK = 64 << 10 };
#define WINDOW_BYTES (1ull << 32)

struct jit_window {
    uint8_t *base;
    uint64_t code; /* address of the code page that is mapped; UINT64_MAX: none */
    struct backend *be;
    struct run *run; /* that runs; or NULL */
    void *stack;
};

static struct jit_window *current; /* for the signal handler and the callbacks */

/* The instruction is left before its access, as the harness's memory does it. */
static void on_signal(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    struct jit_window *w = current;
    struct backend_fault fault;
    uint64_t at = (uint64_t)((uint8_t *)info->si_addr - w->base);
    if (!w->run || at + GUARD >= WINDOW_BYTES + 2 * GUARD ||
        !backend_fault_find(w->be, (uint64_t)uc->uc_mcontext.gregs[REG_RIP], &fault)) {
        signal(sig, SIG_DFL);
        return;
    }
    struct run *r = w->run;
    r->s.env.insn_word = fault.insn_word;
    r->s.env.insn_left = fault.insn_left;
    r->s.env.pc = arm_insn_pc(&r->s);
    r->faulted = r->fault_anywhere = true;
    uc->uc_mcontext.gregs[REG_RIP] = (greg_t)fault.resume;
}

struct jit_window *jit_window_new(void)
{
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    struct jit_window *w = calloc(1, sizeof(*w));
    uint8_t *p = mmap(NULL, WINDOW_BYTES + 2 * GUARD, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    cr_assert(p != MAP_FAILED);
    w->base = p + GUARD;
    w->code = UINT64_MAX;
    w->stack = malloc(SIGNAL_STACK);
    sigemptyset(&action.sa_mask);
    cr_assert(!sigaction(SIGSEGV, &action, NULL) && !sigaction(SIGBUS, &action, NULL));
    cr_assert(!sigaltstack(&(stack_t){.ss_sp = w->stack, .ss_size = SIGNAL_STACK}, NULL));
    cr_assert(!syscall(SYS_arch_prctl, SET_GS, w->base));
    cr_assert(!mprotect(w->base + RUN_DATA, RUN_DATA_SIZE, PROT_READ | PROT_WRITE));
    current = w;
    return w;
}

void jit_window_free(struct jit_window *w)
{
    signal(SIGSEGV, SIG_DFL);
    signal(SIGBUS, SIG_DFL);
    sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, NULL);
    munmap(w->base - GUARD, WINDOW_BYTES + 2 * GUARD);
    free(w->stack);
    free(w);
    current = NULL;
}

uint64_t jit_window_base(const struct jit_window *w)
{
    return (uintptr_t)w->base;
}

static void data_to_window(const struct jit_window *w)
{
    memcpy(w->base + RUN_DATA, w->run->data, RUN_DATA_SIZE);
}

static void data_from_window(const struct jit_window *w)
{
    memcpy(w->run->data, w->base + RUN_DATA, RUN_DATA_SIZE);
}

static uint64_t load(struct ir_env *env, uint64_t addr, uint32_t memop)
{
    data_from_window(current);
    return run_callbacks.load(env, addr, memop);
}

static void store(struct ir_env *env, uint64_t addr, uint64_t value, uint32_t memop)
{
    data_from_window(current);
    run_callbacks.store(env, addr, value, memop);
    data_to_window(current);
}

static uint64_t helper(struct ir_env *env, uint32_t id, uint64_t a0, uint64_t a1, uint64_t a2,
                       uint64_t a3)
{
    return run_callbacks.helper(env, id, a0, a1, a2, a3);
}

const struct ir_callbacks jit_window_callbacks = {.load = load, .store = store, .helper = helper};

/* The code page, which can be read. */
static void place_code(struct jit_window *w, uint64_t at, const uint8_t *page)
{
    if (w->code != at && w->code != UINT64_MAX)
        mprotect(w->base + w->code, RUN_PAGE, PROT_NONE);
    w->code = at;
    mprotect(w->base + at, RUN_PAGE, PROT_READ | PROT_WRITE);
    memcpy(w->base + at, page, RUN_PAGE);
    mprotect(w->base + at, RUN_PAGE, PROT_READ);
}

void jit_window_begin(struct jit_window *w, struct backend *be, struct run *r)
{
    w->be = be;
    w->run = r;
    data_to_window(w);
    if (w->code != r->s.env.page_base || memcmp(w->base + w->code, r->page, RUN_PAGE))
        place_code(w, r->s.env.page_base, r->page);
}

void jit_window_end(struct jit_window *w)
{
    data_from_window(w);
    w->run = NULL;
}
