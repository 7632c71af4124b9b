/*
 * A test: an image, the machine that it runs on, what it gets as input and what must come of it.
 * And the list of tests of a run.
 */
#ifndef ARMEMU_CITEST_CASE_H
#define ARMEMU_CITEST_CASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/engine.h"
#include "machines/machine.h"
#include "util/arena.h"
#include "util/error.h"
#include "vm/vm.h"

/* What a guest talks through: semihosting's console, and the UARTs. */
enum {
    CITEST_CONSOLE, CITEST_UART0, CITEST_PORTS = CITEST_UART0 + BOARD_SERIALS_MAX, CITEST_ANY = -1,
};

/* A text that must, or must not, appear. */
struct citest_pattern {
    struct citest_pattern *next;
    const char *text;
    bool is_regex;         /* POSIX extended; has been checked */
    bool reject;
    int port;              /* CITEST_ANY: on whichever */
    const char *file;      /* in the content of this file instead; NULL: output */
};

/* Input of a port: @send, when @after has appeared there behind where the step before found its
 * text. */
struct citest_input {
    struct citest_input *next;
    const char *after;     /* NULL: at once */
    const char *send;
    size_t len;
};

/* A file that must exist afterwards below the test's folder. */
struct citest_file {
    struct citest_file *next;
    const char *name;
    const char *content;   /* exactly; NULL: any */
    size_t len;
};

struct citest_case {
    const char *name;
    const char *machine, *cpu;        /* as -M and -cpu; cpu NULL: the machine's */
    uint64_t ram_size;                /* 0: the machine's */
    const char *image;                /* as -kernel */
    const char *bios;
    const char *load[BOOT_LOADERS_MAX]; /* as -device loader, without "loader," */
    unsigned load_count;
    const char *arguments;            /* of the program, behind its name; NULL: none */
    const char *stdin_text;           /* semihosting's input; NULL: none */
    size_t stdin_len;
    struct citest_input *input[CITEST_PORTS]; /* of UARTs */
    struct citest_pattern *patterns;
    struct citest_file *files;
    /* folder granted to the guest; NULL: a temporary one where @files asks */
    const char *root;
    /* the run ends, well, when this appears; NULL: the guest ends it */
    const char *stop_at;
    int exit_status;                  /* expected */
    int64_t timeout_ns, wall_timeout_ns;
    uint64_t max_instructions;        /* 0: no limit */
    uint64_t output_limit, memory_limit; /* bytes; of each port, and of the emulator */
    bool shift_given;
    unsigned shift;                   /* an instruction takes 2^shift ns */
    uint64_t seed;
    enum engine_accel accel;
    bool coverage;
    enum vm_unmapped unmapped;
    unsigned repetition;              /* 1 ..; equal names are repetitions of one test */
    const char *file;                 /* where the test was written; NULL: command line */
    unsigned line;
};

struct citest_suite {
    struct arena arena; /* all strings and lists */
    struct citest_case *cases;
    unsigned count, capacity;
    const char *name;
};

void citest_suite_init(struct citest_suite *s, const char *name);
void citest_suite_free(struct citest_suite *s);

/** A copy in the suite's arena. */
char *citest_copy(struct citest_suite *s, const char *text, size_t len);

/** Values that hold where nothing else is said. */
void citest_case_defaults(struct citest_case *c);

/** "fault", "warn" or "zero" as -unmapped has it; false for others. */
bool citest_unmapped_find(const char *name, enum vm_unmapped *value);

/** A size in bytes, or with suffix K, M or G: 1 .. CITEST_SIZE_MAX, so that sums of sizes do not
 * overflow. False for others, which CITEST_NO_SIZE tells of. */
bool citest_parse_size(const char *text, uint64_t *value);
#define CITEST_SIZE_MAX (1ull << 40)
#define CITEST_NO_SIZE "'%.40s' is not a size, such as 65536, 64K or 1M, at most 1024G"

/** Does the test deal with files, so that it wants a folder, without naming one? */
bool citest_case_needs_folder(const struct citest_case *c);

/** Seconds above 0, such as 2 or 0.5, in ns. False for others, which CITEST_NO_SECONDS tells of. */
bool citest_parse_seconds(const char *text, int64_t *ns);
#define CITEST_NO_SECONDS "'%.40s' is not a number of seconds"

/** Add a copy of @c for @image, called @name (copied). */
void citest_suite_add(struct citest_suite *s, const struct citest_case *c, const char *name,
                      const char *image);

/** Add the tests of the YAML file @path, with @base for what it does not say. Errors begin with
 * "file:line:column:". (suite.c) */
bool citest_suite_read(struct citest_suite *s, const char *path, const struct citest_case *base,
                       struct error *e);

/** Keep the tests whose names contain @filter or match it as a glob. */
void citest_suite_filter(struct citest_suite *s, const char *filter);
/** Keep every @of th test, beginning with number @index (1 ..). */
void citest_suite_shard(struct citest_suite *s, unsigned index, unsigned of);
/** Let each test run @times. */
void citest_suite_repeat(struct citest_suite *s, unsigned times);

#endif
