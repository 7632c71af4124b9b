/* What became of a test. */
#ifndef ARMEMU_CITEST_RESULT_H
#define ARMEMU_CITEST_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "citest/case.h"

/* In the order of their weight: the highest of a run decides about the program's exit status, which
 * is the number. */
enum citest_verdict {
    CITEST_PASSED,
    CITEST_FAILED,          /* the guest ran, and something was not as expected */
    CITEST_GUEST_FAULT,     /* it took a fault and did not come to its end */
    CITEST_LOCKUP,          /* its CPU gave up (M profile) */
    CITEST_TIMEOUT_VIRTUAL, /* guest time or instructions */
    CITEST_TIMEOUT_WALL,
    CITEST_IMAGE_ERROR,     /* image or machine cannot be had */
    CITEST_INTERNAL_ERROR,  /* the emulator's own fault */
    CITEST_VERDICTS,
    CITEST_USAGE = CITEST_VERDICTS, /* only as exit status: command line or suite file */
    CITEST_NOT_RUN,         /* after --fail-fast */
};

/** "passed", "guest fault". */
const char *citest_verdict_name(enum citest_verdict v);

enum { CITEST_REASON_MAX = 512, CITEST_EXPLANATION_MAX = 16384 };

struct citest_result {
    enum citest_verdict verdict;
    char reason[CITEST_REASON_MAX]; /* one line; empty when passed */
    bool finished;                  /* the process came to its end by itself */
    int exit_status;                /* the guest's */
    uint64_t instructions, state_hash;
    int64_t virtual_ns, wall_ns;
    uint64_t output_len[CITEST_PORTS];
};

/* Memory that the process of a test shares with the program. */
struct citest_shared {
    struct citest_result result;
    uint64_t output_limit;
    uint8_t output[]; /* output_limit bytes for each port */
};

static inline uint8_t *citest_output(struct citest_shared *s, int port)
{
    return s->output + (uint64_t)port * s->output_limit;
}

/* What is kept of a test that has run. */
struct citest_outcome {
    struct citest_result result;
    char *output[CITEST_PORTS]; /* allocated, zero terminated; NULL: none */
    char *explanation;          /* what the emulator had to say about the guest; NULL: nothing */
};

/** Run the test in this process, which has been made for it alone, and fill @shared. @scratch: the
 * path of a folder that is made if the test needs one, and left. @coverage: where to write the
 * executed code, or -1. (guest.c) */
void citest_guest_run(const struct citest_case *c, struct citest_shared *shared,
                      const char *scratch, int coverage);

/** Compare what came out with what is expected; false with the reason in @r. (judge.c) */
bool citest_judge(const struct citest_case *c, struct citest_shared *shared, const char *root,
                  char *reason);

#endif
