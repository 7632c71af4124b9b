/* The lines on the terminal. */
#include <inttypes.h>
#include <string.h>

#include "citest/report.h"

enum { BAR_WIDTH = 30, TAIL_LINES = 20 };

static const char *const verdict_names[] = {
    "passed", "failed", "guest fault", "lockup", "timeout (virtual)", "timeout (wall)",
    "image error",
    "internal error", "not run",
};

const char *citest_verdict_name(enum citest_verdict v)
{
    return verdict_names[v == CITEST_NOT_RUN ? CITEST_VERDICTS : v];
}

void citest_run_count(struct citest_run *run)
{
    memset(run->by_verdict, 0, sizeof(run->by_verdict));
    for (unsigned i = 0; i < run->suite->count; i++)
        run->by_verdict[run->outcomes[i].result.verdict]++;
}

/* A line of the guest's: control characters, in UTF-8 those of C1 as well, do not reach the
 * terminal. */
static void print_line(FILE *out, const char *text, size_t len)
{
    fprintf(out, "    | ");
    for (size_t i = 0; i < len; i++) {
        unsigned char ch = (unsigned char)text[i];
        if (ch == '\r' && i + 1 == len)
            break;
        unsigned char next = i + 1 < len ? (unsigned char)text[i + 1] : 0;
        bool c1 = ch == 0xc2 && next >= 0x80 && next < 0xa0;
        fputc((ch < ' ' && ch != '\t') || ch == 127 || c1 ? '?' : ch, out);
        i += c1;
    }
    fputc('\n', out);
}

static void print_lines(FILE *out, const char *start, const char *end)
{
    while (start < end) {
        const char *newline = memchr(start, '\n', (size_t)(end - start));
        size_t n = newline ? (size_t)(newline - start) : (size_t)(end - start);
        print_line(out, start, n);
        start += n + 1;
    }
}

/* The last lines of @text. */
static void print_tail(FILE *out, const char *title, const char *text)
{
    size_t len = strlen(text);
    while (len && (text[len - 1] == '\n' || text[len - 1] == '\r'))
        len--;
    if (!len)
        return;
    const char *start = text + len;
    unsigned lines = 0;
    while (start > text && (start[-1] != '\n' || ++lines < TAIL_LINES))
        start--;
    fprintf(out, "    %s%s:\n", title, start > text ? " (its end)" : "");
    print_lines(out, start, text + len);
}

static void print_details(FILE *out, const struct citest_outcome *o)
{
    char title[32] = "console";
    if (o->explanation) {
        fprintf(out, "    the emulator says:\n");
        print_lines(out, o->explanation, o->explanation + strlen(o->explanation));
    }
    for (int i = 0; i < CITEST_PORTS; i++) {
        if (i >= CITEST_UART0)
            snprintf(title, sizeof(title), "uart%d", i - CITEST_UART0);
        if (o->output[i])
            print_tail(out, title, o->output[i]);
    }
}

static void clear_bar(struct citest_progress *p)
{
    if (p->bar)
        fprintf(p->out, "\r\033[K");
}

static void draw_bar(struct citest_progress *p)
{
    if (!p->bar)
        return;
    char bar[BAR_WIDTH + 1];
    unsigned full = p->total ? p->done * BAR_WIDTH / p->total : BAR_WIDTH;
    memset(bar, ' ', BAR_WIDTH);
    memset(bar, '=', full);
    bar[BAR_WIDTH] = 0;
    fprintf(p->out, "[%s] %u/%u", bar, p->done, p->total);
    if (p->bad)
        fprintf(p->out, ", %u not passed", p->bad);
    fflush(p->out);
}

void citest_progress_test(struct citest_progress *p, const struct citest_case *c,
                          const struct citest_outcome *o)
{
    const struct citest_result *r = &o->result;
    bool passed = r->verdict == CITEST_PASSED;
    char again[24] = "";
    p->done++;
    p->bad += !passed;
    clear_bar(p);
    if (c->repetition > 1)
        snprintf(again, sizeof(again), " #%u", c->repetition);
    if (!passed || !p->quiet) {
        fprintf(p->out, "%s: %s%s", citest_verdict_name(r->verdict), c->name, again);
        if (r->reason[0])
            fprintf(p->out, ": %s", r->reason);
        fprintf(p->out, " (%" PRIu64 " instructions, %.6f s virtual, %.3f s)\n", r->instructions,
                (double)r->virtual_ns / 1e9, (double)r->wall_ns / 1e9);
    }
    if (!passed || (p->verbose && !p->quiet))
        print_details(p->out, o);
    draw_bar(p);
    fflush(p->out);
}

void citest_progress_end(struct citest_progress *p, const struct citest_run *run)
{
    clear_bar(p);
    fprintf(p->out, "%u test%s: %u passed", run->suite->count, run->suite->count == 1 ? "" : "s",
            run->by_verdict[CITEST_PASSED]);
    for (unsigned v = CITEST_FAILED; v <= CITEST_NOT_RUN; v++)
        if (run->by_verdict[v])
            fprintf(p->out, ", %u %s", run->by_verdict[v], citest_verdict_name(v));
    fprintf(p->out, "; %.2f s\n", (double)run->wall_ns / 1e9);
    fflush(p->out);
}
