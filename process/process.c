#include "process/process.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "process/internal.h"

static void memory_shared(void *opaque)
{
    process_go_parallel(opaque);
}

static bool start_engine(struct process *p, struct error *e)
{
    char *store = code_store_path(&p->config);
    const struct engine_config config = {
        .frontend = &arm_frontend,
        .ops = &process_engine_ops,
        .opaque = p,
        .accel = p->config.accel,
        .host_features_mask = p->config.host_features_mask,
        .one_insn = p->config.one_insn,
        .direct = true,
        .segment = space_set_segment(&p->space), /* what the host allows one thread, it does all */
        .window = (uintptr_t)p->space.base,
        .store = store,
        .perfmap = p->config.perfmap,
        .fp_traps = true,
    };
    p->engine = engine_new(&config, e);
    free(store);
    p->space.engine = p->engine;
    return p->engine;
}

int process_run(const struct process_config *config, struct error *e)
{
    struct process *p = mmap(NULL, sizeof(*p), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                             -1, 0);
    if (p == MAP_FAILED)
        abort();
    p->config = *config;
    pthread_mutex_init(&p->tasks_lock, NULL);
    pthread_mutex_init(&p->actions_lock, NULL);
    rseq_init(p);
    limits_from_environment(p, p->config.envp);
    p->space.shared = memory_shared;
    p->space.opaque = p;
    uint32_t top = config->space_top ? config->space_top : SPACE_TOP;
    if (!space_init(&p->space, config->window, top, e) || !start_engine(p, e) ||
        !process_contexts_init(p, e) || !kuser_map(p, e))
        return PROCESS_NOT_EXECUTABLE;
    struct task *t = task_new(p, e);
    if (!t)
        return PROCESS_NOT_EXECUTABLE;
    int status = process_load(t, e);
    if (status)
        return status;
    if (config->debugger) {
        p->debug = process_debug_new(p);
        bool started = config->debugger->start(config->debugger->opaque, p->debug, e);
        if (!started && !config->debugger->optional)
            return EXIT_FAILURE;
        if (!started)
            p->debug = NULL;
    }
    signals_init(p);
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    for (int sig = 1; sig <= SIGNALS; sig++)
        if (sigismember(&mask, sig) == 1)
            t->mask |= 1ull << (sig - 1);
    task_enter_thread(t);
    signals_apply_mask(t);
    task_run(t);
    task_end(t);
    syscall(SYS_exit, 0); /* this thread; the others go on */
    abort();
}
