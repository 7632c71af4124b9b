#include "citest/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "citest/coverage.h"
#include "host/clock.h"

/* How long a process gets to end by itself behind its wall timeout. */
#define GRACE_NS (2 * CLOCK_NS_PER_SEC)
/* How often memory is looked at. */
enum { LOOK_MS = 200 };
#define LOOK_NS (LOOK_MS * (CLOCK_NS_PER_SEC / 1000))

struct slot {
    pid_t pid;            /* 0: free */
    int pidfd;
    unsigned index;
    int64_t begin, kill_at;
    enum citest_verdict killed_for; /* CITEST_PASSED: it was not */
    struct citest_shared *shared;
    size_t shared_size;
    int messages;         /* memfd: what the process writes to its standard error output */
    int coverage;         /* memfd, or -1 */
};

struct pool {
    const struct citest_suite *suite;
    struct citest_outcome *outcomes;
    const struct citest_pool_config *config;
    struct slot *slots;
    unsigned running, next;
    int64_t look_at; /* host's time */
    int signals;
    sigset_t old_mask;
    bool stopping, interrupted;
    char *scratch; /* a folder for those of the tests */
};

/* ---- folders of tests ------------------------------------------------------------------------ */

/* The program makes and removes them: a process that is killed could not. */
static bool scratch_make(struct pool *p, struct error *e)
{
    const char *folder = getenv("TMPDIR");
    bool needed = false;
    for (size_t i = 0; i < p->suite->count; i++)
        needed = needed || citest_case_needs_folder(&p->suite->cases[i]);
    if (!needed)
        return true;
    if (asprintf(&p->scratch, "%s/armemu-test-XXXXXX", folder && *folder ? folder : "/tmp") < 0)
        abort();
    if (mkdtemp(p->scratch))
        return true;
    error_set_errno(e, "cannot make a folder %s", p->scratch);
    free(p->scratch);
    p->scratch = NULL;
    return false;
}

/* NULL: no test has one. */
static char *scratch_of(const struct pool *p, unsigned index)
{
    char *path = NULL;
    if (p->scratch && asprintf(&path, "%s/%u", p->scratch, index) < 0)
        abort();
    return path;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    return remove(path);
}

static void scratch_remove(const char *path)
{
    if (path)
        nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- the process of a test ------------------------------------------------------------------- */

static void child_redirect(const struct slot *s)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    dup2(s->messages, STDERR_FILENO);
}

static void child(struct pool *p, struct slot *s)
{
    const struct citest_case *c = &p->suite->cases[s->index];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGINT, SIG_IGN); /* the program ends its processes itself */
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_SETMASK, &p->old_mask, NULL);
    child_redirect(s);
    citest_guest_run(c, s->shared, scratch_of(p, s->index), s->coverage);
    _exit(0);
}

static bool slot_prepare(struct slot *s, const struct citest_case *c, bool coverage,
                         struct error *e)
{
    size_t size = sizeof(*s->shared) + c->output_limit * CITEST_PORTS;
    if (s->shared && s->shared_size < size) {
        munmap(s->shared, s->shared_size);
        s->shared = NULL;
    }
    if (!s->shared) {
        s->shared_size = size;
        s->shared = mmap(NULL, size, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (s->shared == MAP_FAILED) {
            s->shared = NULL;
            return error_set_errno(e, "no memory for the output of a test");
        }
    }
    s->shared->result = (struct citest_result){0};
    s->shared->output_limit = c->output_limit;
    if (!s->messages)
        s->messages = memfd_create("messages", MFD_CLOEXEC);
    if (!s->coverage)
        s->coverage = coverage ? memfd_create("coverage", MFD_CLOEXEC) : -1;
    if (s->messages < 0 || (coverage && s->coverage < 0))
        return error_set_errno(e, "cannot make a temporary file");
    if (ftruncate(s->messages, 0) || lseek(s->messages, 0, SEEK_SET) ||
        (coverage && (ftruncate(s->coverage, 0) || lseek(s->coverage, 0, SEEK_SET))))
        return error_set_errno(e, "cannot empty a temporary file");
    return true;
}

/* Returns the status of the process. */
static int wait_for_end(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

static bool slot_start(struct pool *p, struct slot *s, unsigned index, struct error *e)
{
    const struct citest_case *c = &p->suite->cases[index];
    if (!slot_prepare(s, c, p->config->coverage != NULL, e))
        return false;
    s->index = index;
    s->killed_for = CITEST_PASSED;
    s->begin = clock_host_monotonic();
    s->kill_at = s->begin + c->wall_timeout_ns + GRACE_NS;
    s->pid = fork();
    if (s->pid < 0) {
        s->pid = 0;
        return error_set_errno(e, "cannot start a process");
    }
    if (s->pid == 0)
        child(p, s);
    s->pidfd = (int)syscall(SYS_pidfd_open, s->pid, 0);
    if (s->pidfd < 0) {
        error_set_errno(e, "cannot watch a process");
        kill(s->pid, SIGKILL);
        wait_for_end(s->pid);
        s->pid = 0;
        return false;
    }
    p->running++;
    return true;
}

/* ---- its end --------------------------------------------------------------------------------- */

/* A guest may write anything, a text has no zero bytes: they become '?'. */
static char *text_of(const void *data, size_t len)
{
    char *copy = malloc(len + 1);
    if (!copy)
        abort();
    memcpy(copy, data, len);
    copy[len] = 0;
    for (char *zero = copy; (zero = memchr(zero, 0, (size_t)(copy + len - zero)));)
        *zero = '?';
    return copy;
}

static char *read_messages(int fd)
{
    off_t size = lseek(fd, 0, SEEK_END);
    size_t len = size > CITEST_EXPLANATION_MAX ? CITEST_EXPLANATION_MAX
                                               : (size_t)(size < 0 ? 0 : size);
    char *text = malloc(len + 1);
    if (!text)
        abort();
    ssize_t n = pread(fd, text, len, 0);
    text[n > 0 ? n : 0] = 0;
    if (n > 0)
        return text;
    free(text);
    return NULL;
}

static void explain_death(const struct slot *s, int status, const struct citest_case *c,
                          struct citest_result *r)
{
    static const char *const why[CITEST_VERDICTS] = {
        [CITEST_INTERNAL_ERROR] = "the emulator took more than --memory-limit",
    };
    if (s->killed_for != CITEST_PASSED)
        r->verdict = s->killed_for;
    else
        r->verdict = CITEST_INTERNAL_ERROR;
    if (s->killed_for == CITEST_TIMEOUT_WALL)
        snprintf(r->reason, sizeof(r->reason), "no end after %g s, and had to be killed",
                 (double)c->wall_timeout_ns / 1e9);
    else if (why[s->killed_for])
        snprintf(r->reason, sizeof(r->reason), "%s", why[s->killed_for]);
    else if (WIFSIGNALED(status))
        snprintf(r->reason, sizeof(r->reason), "the emulator died: %s",
                 strsignal(WTERMSIG(status)));
    else
        snprintf(r->reason, sizeof(r->reason), "the emulator ended with status %d",
                 WEXITSTATUS(status));
}

static void slot_ended(struct pool *p, struct slot *s)
{
    struct citest_outcome *o = &p->outcomes[s->index];
    const struct citest_case *c = &p->suite->cases[s->index];
    int status = wait_for_end(s->pid);
    char *scratch = scratch_of(p, s->index);
    close(s->pidfd);
    s->pid = 0;
    p->running--;
    scratch_remove(scratch);
    free(scratch);
    o->result = s->shared->result;
    if (!o->result.finished) {
        if (s->killed_for == CITEST_NOT_RUN)
            o->result.verdict = CITEST_NOT_RUN;
        else
            explain_death(s, status, c, &o->result);
    }
    o->result.reason[CITEST_REASON_MAX - 1] = 0;
    o->result.wall_ns = clock_host_monotonic() - s->begin;
    for (int i = 0; i < CITEST_PORTS; i++) {
        uint64_t len = s->shared->result.output_len[i];
        if (len && len <= c->output_limit)
            o->output[i] = text_of(citest_output(s->shared, i), len);
    }
    o->explanation = read_messages(s->messages);
    if (p->config->coverage)
        coverage_add(p->config->coverage, c->image, s->coverage);
    if (p->config->fail_fast && o->result.verdict != CITEST_PASSED)
        p->stopping = true;
    if (o->result.verdict != CITEST_NOT_RUN)
        p->config->ended(p->config->opaque, s->index);
}

static void slot_kill(struct slot *s, enum citest_verdict why)
{
    if (!s->pid || s->killed_for != CITEST_PASSED)
        return;
    s->killed_for = why;
    kill(s->pid, SIGKILL);
}

static uint64_t memory_of(pid_t pid)
{
    char path[32];
    unsigned long long pages[2] = {0};
    snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
    FILE *f = fopen(path, "re");
    if (!f)
        return 0;
    if (fscanf(f, "%llu %llu", &pages[0], &pages[1]) != 2)
        pages[1] = 0;
    fclose(f);
    return pages[1] * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Now and then, also while others end all the time. */
static void look_at_limits(struct pool *p)
{
    int64_t now = clock_host_monotonic();
    if (now < p->look_at)
        return;
    p->look_at = now + LOOK_NS;
    for (unsigned i = 0; i < p->config->jobs; i++) {
        struct slot *s = &p->slots[i];
        if (!s->pid)
            continue;
        if (now >= s->kill_at)
            slot_kill(s, CITEST_TIMEOUT_WALL);
        else if (memory_of(s->pid) > p->suite->cases[s->index].memory_limit)
            slot_kill(s, CITEST_INTERNAL_ERROR);
    }
}

/* ---- all of them ----------------------------------------------------------------------------- */

static bool start_more(struct pool *p, struct error *e)
{
    for (unsigned i = 0; i < p->config->jobs && p->next < p->suite->count && !p->stopping; i++)
        if (!p->slots[i].pid && !slot_start(p, &p->slots[i], p->next++, e))
            return false;
    return true;
}

static void stop_all(struct pool *p)
{
    p->stopping = true;
    for (unsigned i = 0; i < p->config->jobs; i++)
        slot_kill(&p->slots[i], CITEST_NOT_RUN);
}

static void wait_for_some(struct pool *p, struct pollfd *fds, unsigned *slot_of)
{
    unsigned n = 0;
    fds[n++] = (struct pollfd){.fd = p->signals, .events = POLLIN};
    for (unsigned i = 0; i < p->config->jobs; i++)
        if (p->slots[i].pid) {
            slot_of[n] = i;
            fds[n++] = (struct pollfd){.fd = p->slots[i].pidfd, .events = POLLIN};
        }
    if (poll(fds, n, LOOK_MS) < 0) /* interrupted: nothing is known of the descriptors */
        return;
    look_at_limits(p);
    if (fds[0].revents) {
        struct signalfd_siginfo info; /* taken, so that it is not delivered later */
        while (read(p->signals, &info, sizeof(info)) == sizeof(info))
            ;
        p->interrupted = true;
        stop_all(p);
    }
    for (unsigned i = 1; i < n; i++)
        if (fds[i].revents)
            slot_ended(p, &p->slots[slot_of[i]]);
    if (p->stopping)
        stop_all(p);
}

static void slots_free(struct pool *p)
{
    for (unsigned i = 0; i < p->config->jobs; i++) {
        struct slot *s = &p->slots[i];
        if (s->shared)
            munmap(s->shared, s->shared_size);
        if (s->messages > 0)
            close(s->messages);
        if (s->coverage > 0)
            close(s->coverage);
    }
    free(p->slots);
}

static void run_all(struct pool *p, struct error *e)
{
    struct pollfd *fds = calloc(p->config->jobs + 1, sizeof(*fds));
    unsigned *slot_of = calloc(p->config->jobs + 1, sizeof(*slot_of));
    if (!fds || !slot_of)
        abort();
    do {
        if (!start_more(p, e))
            stop_all(p);
        if (p->running)
            wait_for_some(p, fds, slot_of);
    } while (p->running || (p->next < p->suite->count && !p->stopping));
    free(fds);
    free(slot_of);
}

bool citest_pool_run(const struct citest_suite *s, struct citest_outcome *outcomes,
                     const struct citest_pool_config *config, struct error *e)
{
    struct pool p = {.suite = s, .outcomes = outcomes, .config = config};
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGINT);
    sigaddset(&mask, SIGTERM);
    sigaddset(&mask, SIGHUP);
    p.slots = calloc(config->jobs, sizeof(*p.slots));
    if (!p.slots)
        abort();
    for (unsigned i = 0; i < s->count; i++)
        outcomes[i].result.verdict = CITEST_NOT_RUN;
    sigprocmask(SIG_BLOCK, &mask, &p.old_mask);
    p.signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
    if (scratch_make(&p, e)) {
        run_all(&p, e);
        scratch_remove(p.scratch);
        free(p.scratch);
    }
    close(p.signals);
    slots_free(&p);
    sigprocmask(SIG_SETMASK, &p.old_mask, NULL);
    if (p.interrupted)
        return error_set(e, "interrupted");
    return !e->text[0];
}

void citest_outcome_free(struct citest_outcome *o)
{
    for (int i = 0; i < CITEST_PORTS; i++)
        free(o->output[i]);
    free(o->explanation);
    *o = (struct citest_outcome){0};
}
