/* One test, in the process that was made for it: build the machine, run it, judge. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "citest/coverage.h"
#include "citest/result.h"
#include "debug/explain.h"
#include "host/clock.h"
#include "host/thread.h"
#include "vm/vm.h"

/* How fast UART input comes: a byte in the time that it takes at 115200 baud. */
enum { BYTE_NS = 86806 };

/* Exit statuses of vm_run besides the guest's own, which is in 0 .. 255. */
enum { STATUS_CUT = 1000 };

/* Semihosting's ADP_Stopped_ApplicationExit. */
enum { EXIT_APPLICATION = 0x20026 };

struct guest;

/* One port: what the guest wrote, and what it is to get. */
struct port {
    struct guest *guest;
    int number;
    struct chardev *chardev;
    const struct citest_input *input; /* the step under way; NULL: no more */
    size_t sent;                      /* of it */
    bool ready;                       /* its text has appeared */
    uint64_t seen;                    /* output before this has been looked at */
    struct timer timer;               /* for the next byte */
};

struct guest {
    const struct citest_case *c;
    struct citest_shared *shared;
    struct citest_result *result;
    struct vm *vm;
    struct port ports[CITEST_PORTS];
    size_t stdin_sent;
    struct timer virtual_limit, wall_limit;
    struct clock host_clock;
    struct timer_queue host_timers;
    const char *root;
    const char *scratch; /* what such a folder may be called */
    bool stopped;       /* stop_at appeared */
    char fault[256];    /* the last fault of an M-profile CPU; empty: none */
};

static bool set_reason(struct guest *g, enum citest_verdict v, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The first reason counts. Always false. */
static bool set_reason(struct guest *g, enum citest_verdict v, const char *fmt, ...)
{
    va_list ap;
    if (g->result->verdict != CITEST_PASSED)
        return false;
    va_start(ap, fmt);
    vsnprintf(g->result->reason, sizeof(g->result->reason), fmt, ap);
    va_end(ap);
    g->result->verdict = v;
    return false;
}

static void cut(struct guest *g, enum citest_verdict v, const char *reason)
{
    set_reason(g, v, "%s", reason);
    vm_quit(g->vm, STATUS_CUT);
}

/* ---- output and input ------------------------------------------------------------------------ */

/* Has @text appeared at or behind *@from? It is moved behind the text, or as far as needs not be
 * looked at again. */
static bool appeared(struct port *p, const char *text, uint64_t *from)
{
    const uint8_t *output = citest_output(p->guest->shared, p->number);
    uint64_t len = p->guest->result->output_len[p->number], n = strlen(text);
    const uint8_t *at = *from < len ? memmem(output + *from, len - *from, text, n) : NULL;
    if (at)
        *from = (uint64_t)(at - output) + n;
    else if (len >= n)
        *from = *from > len - n + 1 ? *from : len - n + 1;
    return at != NULL;
}

static void input_check(struct port *p)
{
    if (!p->input || p->ready || (p->input->after && !appeared(p, p->input->after, &p->seen)))
        return;
    p->ready = true;
    p->sent = 0;
    timer_set(&p->timer, vm_now(p->guest->vm) + BYTE_NS);
}

/* The time of a byte has passed. */
static void input_next(void *opaque)
{
    struct port *p = opaque;
    const struct citest_input *in = p->input;
    if (p->sent < in->len)
        p->sent += chardev_hook_send(p->chardev, in->send + p->sent, 1);
    if (p->sent < in->len) {
        timer_set(&p->timer, vm_now(p->guest->vm) + BYTE_NS);
        return;
    }
    p->input = in->next;
    p->ready = false;
    input_check(p);
}

static void port_output(void *opaque, const uint8_t *buf, size_t len)
{
    struct port *p = opaque;
    struct guest *g = p->guest;
    uint64_t *have = &g->result->output_len[p->number];
    uint64_t before = *have, room = g->c->output_limit - before;
    memcpy(citest_output(g->shared, p->number) + before, buf, len < room ? len : room);
    *have += len < room ? len : room;
    if (len > room)
        cut(g, CITEST_FAILED, "more output than --output-limit allows");
    input_check(p);
    if (!g->c->stop_at || g->stopped)
        return;
    uint64_t overlap = strlen(g->c->stop_at) - 1;
    uint64_t from = before > overlap ? before - overlap : 0;
    if (appeared(p, g->c->stop_at, &from)) {
        g->stopped = true;
        vm_quit(g->vm, STATUS_CUT);
    }
}

/* Semihosting's input is there at once. */
static void console_room(void *opaque)
{
    struct port *p = opaque;
    struct guest *g = p->guest;
    size_t left = g->c->stdin_len - g->stdin_sent;
    g->stdin_sent += chardev_hook_send(p->chardev, g->c->stdin_text + g->stdin_sent, left);
    if (g->stdin_sent == g->c->stdin_len)
        chardev_hook_end(p->chardev);
}

static const struct chardev_hook console_hook = {port_output, console_room};
static const struct chardev_hook uart_hook = {port_output, NULL};

static void ports_open(struct guest *g)
{
    for (int i = 0; i < CITEST_PORTS; i++) {
        struct port *p = &g->ports[i];
        char label[16] = "console";
        if (i >= CITEST_UART0)
            snprintf(label, sizeof(label), "serial%d", i - CITEST_UART0);
        *p = (struct port){.guest = g, .number = i, .input = g->c->input[i]};
        p->chardev = chardev_hook_new(vm_chardevs(g->vm), label,
                                      i == CITEST_CONSOLE ? &console_hook : &uart_hook, p);
    }
}

static void inputs_start(struct guest *g)
{
    for (int i = CITEST_UART0; i < CITEST_PORTS; i++) {
        timer_init(&g->ports[i].timer, vm_timers(g->vm), input_next, &g->ports[i]);
        input_check(&g->ports[i]);
    }
}

/* ---- limits ---------------------------------------------------------------------------------- */

static void virtual_timeout(void *opaque)
{
    struct guest *g = opaque;
    char text[64];
    snprintf(text, sizeof(text), "no end after %g s of guest time", (double)g->c->timeout_ns / 1e9);
    cut(g, CITEST_TIMEOUT_VIRTUAL, text);
}

static void instruction_limit(void *opaque)
{
    cut(opaque, CITEST_TIMEOUT_VIRTUAL, "no end within the instructions that are allowed");
}

/* The explanation goes to the program by the standard error output, which it reads. */
static void fault(void *opaque, const struct explain_fault *f, const char *text)
{
    struct guest *g = opaque;
    fputs(text, stderr);
    if (f->m_profile) /* others take them for paging */
        snprintf(g->fault, sizeof(g->fault), "%s", f->title);
    if (f->lockup)
        cut(g, CITEST_LOCKUP, f->title);
}

static void stuck(void *opaque)
{
    cut(opaque, CITEST_TIMEOUT_VIRTUAL,
        "waits for an interrupt that cannot come: no timer runs, and there is no more input");
}

static void wall_timeout(void *opaque)
{
    struct guest *g = opaque;
    char text[64];
    snprintf(text, sizeof(text), "no end after %g s", (double)g->c->wall_timeout_ns / 1e9);
    cut(g, CITEST_TIMEOUT_WALL, text);
}

static void limits_start(struct guest *g)
{
    timer_init(&g->virtual_limit, vm_timers(g->vm), virtual_timeout, g);
    timer_set(&g->virtual_limit, g->c->timeout_ns);
    clock_init_host(&g->host_clock);
    timer_queue_init(&g->host_timers, &g->host_clock);
    loop_attach_timers(vm_loop(g->vm), &g->host_timers);
    timer_init(&g->wall_limit, &g->host_timers, wall_timeout, g);
    timer_set(&g->wall_limit, g->c->wall_timeout_ns);
}

/* ---- the machine ----------------------------------------------------------------------------- */

static bool grant_folder(struct guest *g)
{
    g->root = g->c->root;
    if (!citest_case_needs_folder(g->c))
        return true;
    g->root = g->scratch;
    return !mkdir(g->root, 0700) ||
           set_reason(g, CITEST_INTERNAL_ERROR, "cannot make the folder %s: %s", g->root,
                      strerror(errno));
}

static char *command_line(const struct citest_case *c)
{
    char *line;
    if (asprintf(&line, "%s%s%s", c->image ? c->image : "", c->arguments ? " " : "",
                 c->arguments ? c->arguments : "") < 0)
        abort();
    return line;
}

static bool fill_config(struct guest *g, struct vm_config *config)
{
    const struct citest_case *c = g->c;
    struct error e = {0};
    const struct machine *m = machine_open(c->machine, &e);
    if (!m)
        return set_reason(g, CITEST_IMAGE_ERROR, "%s", e.text);
    const char *cpu = c->cpu ? c->cpu : machine_default_cpu(m);
    uint64_t ram = c->ram_size ? c->ram_size : machine_default_ram(m);
    if (!machine_cpu_allowed(m, cpu, &e) || !machine_check_ram(m, ram, &e))
        return set_reason(g, CITEST_IMAGE_ERROR, "%s", e.text);
    *config = (struct vm_config){
        .machine = m,
        .cpu_model = cpu,
        .cpu_count = 1,
        .ram_size = ram,
        .accel = c->accel,
        .boot = {.kernel = c->image, .bios = c->bios, .loader_count = c->load_count},
        .semihosting = {
            .enabled = true,
            .files = {.root = g->root, .command_line = command_line(c)},
            .input = g->ports[CITEST_CONSOLE].chardev,
            .output = g->ports[CITEST_CONSOLE].chardev,
        },
        .host_features_mask = ~0u,
        .unmapped = c->unmapped,
        .fault = fault,
        .fault_opaque = g,
        .coverage = c->coverage,
        .icount = {
            .enabled = true,
            .follows_clock = !c->shift_given,
            .shift = (uint8_t)(c->shift_given ? c->shift : machine_cycle_shift(m)),
            .limit = c->max_instructions,
            .limit_reached = instruction_limit,
            .stuck = stuck,
            .opaque = g,
        },
    };
    memcpy(config->boot.loader, c->load, sizeof(c->load));
    struct host_rng rng;
    host_rng_seed(&rng, c->seed);
    host_rng_fill(&rng, config->boot.entropy, sizeof(config->boot.entropy));
    return true;
}

/* What is expected of a UART that the board has not would never hold, or always. */
static bool check_ports(struct guest *g, unsigned serials)
{
    int last = -1;
    for (int i = CITEST_UART0; i < CITEST_PORTS; i++)
        last = g->c->input[i] ? i : last;
    for (const struct citest_pattern *p = g->c->patterns; p; p = p->next)
        last = p->port > last ? p->port : last;
    return last < CITEST_UART0 + (int)serials ||
           set_reason(g, CITEST_IMAGE_ERROR, "there is no uart%d: '%s' has %u UART%s",
                      last - CITEST_UART0, g->c->machine, serials, serials == 1 ? "" : "s");
}

static bool build(struct guest *g)
{
    struct vm_config config;
    struct chardev *serial[BOARD_SERIALS_MAX];
    struct error e = {0};
    g->vm = vm_new(&e);
    if (!g->vm)
        return set_reason(g, CITEST_INTERNAL_ERROR, "%s", e.text);
    ports_open(g);
    if (!fill_config(g, &config))
        return false;
    unsigned count = machine_serial_count(config.machine);
    if (!check_ports(g, count))
        return false;
    for (unsigned i = 0; i < BOARD_SERIALS_MAX; i++)
        serial[i] = g->ports[CITEST_UART0 + i].chardev;
    if (!vm_build(g->vm, &config, serial, count, &e))
        return set_reason(g, CITEST_IMAGE_ERROR, "%s", e.text);
    return true;
}

/* ---- the end --------------------------------------------------------------------------------- */

static void judge_exit(struct guest *g, int status)
{
    const struct semihosting_exit *end = vm_semihosting_end(g->vm);
    g->result->exit_status = status;
    if (status == g->c->exit_status)
        return;
    bool error = end && end->reason != EXIT_APPLICATION; /* such as a fault handler's */
    if (error && end->name)
        set_reason(g, g->fault[0] ? CITEST_GUEST_FAULT : CITEST_FAILED,
                   "exit status %d (%s), not %d%s%s", status, end->name, g->c->exit_status,
                   g->fault[0] ? ", behind: " : "", g->fault);
    else
        set_reason(g, CITEST_FAILED, "exit status %d, not %d", status, g->c->exit_status);
}

/* A program that hangs behind a fault hangs because of it. */
static void blame_fault(struct guest *g)
{
    struct citest_result *r = g->result;
    char before[CITEST_REASON_MAX];
    if (!g->fault[0] || (r->verdict != CITEST_TIMEOUT_VIRTUAL && r->verdict != CITEST_TIMEOUT_WALL))
        return;
    memcpy(before, r->reason, sizeof(before));
    snprintf(r->reason, sizeof(r->reason), "%.200s; then %.200s", g->fault, before);
    r->verdict = CITEST_GUEST_FAULT;
}

static void judge(struct guest *g, int status)
{
    char reason[CITEST_REASON_MAX];
    if (status != STATUS_CUT)
        judge_exit(g, status);
    else if (!g->stopped && g->result->verdict == CITEST_PASSED)
        set_reason(g, CITEST_INTERNAL_ERROR, "ended without a reason");
    if (g->c->stop_at && !g->stopped && status != STATUS_CUT)
        set_reason(g, CITEST_FAILED, "ended before '%s' appeared", g->c->stop_at);
    if (g->result->verdict == CITEST_PASSED && !citest_judge(g->c, g->shared, g->root, reason))
        set_reason(g, CITEST_FAILED, "%s", reason);
    blame_fault(g);
}

static void write_covered(void *opaque, const struct engine_covered *c)
{
    const struct coverage_entry entry = {(uint32_t)c->start, (uint32_t)c->end, (uint32_t)c->branch,
                                         c->taken};
    fwrite(&entry, sizeof(entry), 1, opaque);
}

static void write_coverage(struct guest *g, int fd)
{
    FILE *f = fdopen(fd, "wb");
    if (!f)
        abort();
    if (!vm_coverage(g->vm, write_covered, f))
        fprintf(stderr, "coverage is incomplete: the program made too much new code\n");
    if (fflush(f))
        fprintf(stderr, "coverage is incomplete: no memory\n");
}

/* While the guest runs its files are limited as its output is. */
static int run_limited(struct guest *g)
{
    const struct rlimit no_core = {0, 0};
    struct rlimit before, limited;
    signal(SIGXFSZ, SIG_IGN); /* writing more is an error that the guest sees */
    setrlimit(RLIMIT_CORE, &no_core);
    getrlimit(RLIMIT_FSIZE, &before);
    limited = before;
    limited.rlim_cur = g->c->output_limit;
    setrlimit(RLIMIT_FSIZE, &limited);
    int status = vm_run(g->vm);
    setrlimit(RLIMIT_FSIZE, &before);
    return status;
}

void citest_guest_run(const struct citest_case *c, struct citest_shared *shared,
                      const char *scratch, int coverage)
{
    static struct guest g; /* the process has no other */
    int64_t begin = clock_host_monotonic();
    g = (struct guest){.c = c, .shared = shared, .result = &shared->result, .scratch = scratch};
    if (grant_folder(&g) && build(&g)) {
        limits_start(&g);
        inputs_start(&g);
        int status = run_limited(&g);
        g.result->instructions = vm_instructions(g.vm);
        g.result->virtual_ns = vm_now(g.vm);
        g.result->state_hash = vm_state_hash(g.vm);
        judge(&g, status);
        if (coverage >= 0)
            write_coverage(&g, coverage);
    }
    g.result->wall_ns = clock_host_monotonic() - begin;
    g.result->finished = true;
}
