/* The command line of armemu-user, parsed into one struct. */
#ifndef ARMEMU_APP_USER_OPTIONS_H
#define ARMEMU_APP_USER_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/engine.h"
#include "frontend/arm/cpu/cpu.h"
#include "util/error.h"

/* Strings are borrowed from argv. */
struct user_options {
    const struct arm_cpu_model *cpu_model;
    const char *prefix, *argv0;
    const char *code_store; /* NULL: none */
    char *default_store;    /* allocated */
    char *absolute_prefix; /* allocated */
    uint32_t stack_size;
    enum engine_accel accel;
    /* features of the host (enum host_feature) that must not be used */
    uint32_t host_features_mask;
    uint64_t window;       /* -B */
    uint32_t space_top;    /* -R; 0: not given */
    bool strace, perfmap, one_insn;
    uint32_t log_mask;
    const char *gdb; /* where a debugger is awaited; NULL: nowhere */
    const char *log_path, *log_filter;
    char **envp;       /* allocated array: the program's environment */
    char **self;       /* allocated array: this program and the options that hold for programs it
                          starts, NULL-terminated */
    char *const *args; /* the program and its arguments */
    bool by_kernel;    /* binfmt_misc with flag P has made the command line */
    int program_fd;    /* the program, opened by the kernel; 0: it is not */
};

enum user_options_result { USER_OPTIONS_RUN, USER_OPTIONS_DONE, USER_OPTIONS_ERROR };

/** Parse @argv into @o. Errors are one line without prefix. */
enum user_options_result user_options_parse(struct user_options *o, int argc, char **argv,
                                            char **envp, struct error *e);
void user_options_free(struct user_options *o);

#endif
