/* The program `armemu-user`: runs one ARM Linux program. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/gdb.h"
#include "app/user_options.h"
#include "debug/gdb_hub.h"
#include "process/process.h"
#include "util/log.h"

static int fail(const struct error *e, int status)
{
    error_print(e, "armemu-user", stderr);
    return status;
}

static bool open_logs(const struct user_options *o, struct error *e)
{
    if (o->log_filter && !log_filter_parse(o->log_filter, e))
        return false;
    if (o->log_path && !log_open(o->log_path, e))
        return false;
    atomic_store(&log_mask, o->log_mask);
    return true;
}

static bool open_perfmap(FILE **out, struct error *e)
{
    char path[64];
    snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
    *out = log_file_open(path);
    if (!*out)
        return error_set_errno(e, "-perfmap: cannot open '%s'", path);
    setlinebuf(*out);
    return true;
}

static int run(const struct user_options *o, struct error *e)
{
    FILE *perfmap = NULL;
    unsigned argc = 0;
    if (!open_logs(o, e) || (o->perfmap && !open_perfmap(&perfmap, e)))
        return EXIT_FAILURE;
    while (o->args[argc])
        argc++;
    char **argv = calloc(argc + 1, sizeof(*argv));
    if (!argv)
        abort();
    for (unsigned i = 0; i < argc; i++)
        argv[i] = o->args[i];
    if (o->argv0)
        argv[0] = (char *)o->argv0;
    struct gdb_user gdb = {.spec = o->gdb};
    const struct process_debugger debugger = gdb_user_debugger(&gdb);
    const struct process_config config = {
        .path = o->args[0],
        .program_fd = o->program_fd,
        .by_kernel = o->by_kernel,
        .argv = argv,
        .envp = o->envp,
        .prefix = o->prefix,
        .stack_size = o->stack_size,
        .window = o->window,
        .space_top = o->space_top,
        .one_insn = o->one_insn,
        .code_store = o->code_store,
        .cpu_model = o->cpu_model,
        .host_features_mask = o->host_features_mask,
        .accel = o->accel,
        .strace = o->strace,
        .perfmap = perfmap,
        .debugger = o->gdb ? &debugger : NULL,
        .self = o->self,
    };
    return process_run(&config, e);
}

/* The program as the hub of a debugger: started by itself, see app/gdb_user.c. */
static int run_hub(const char *descriptors)
{
    int fd[3], session;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (sscanf(descriptors, "%d,%d,%d,%d", &fd[0], &fd[1], &fd[2], &session) != 4)
        return EXIT_FAILURE;
    return gdb_hub_run(fd[0], fd[1], fd[2], (enum gdb_session)session);
}

int main(int argc, char **argv, char **envp)
{
    if (argc == 3 && !strcmp(argv[1], GDB_HUB_OPTION))
        return run_hub(argv[2]);
    struct user_options o;
    struct error e = {0};
    switch (user_options_parse(&o, argc, argv, envp, &e)) {
    case USER_OPTIONS_RUN: {
        int status = run(&o, &e);
        return fail(&e, status);
    }
    case USER_OPTIONS_DONE:
        user_options_free(&o);
        return fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
    default:
        user_options_free(&o);
        return fail(&e, EXIT_FAILURE);
    }
}
