/* The debugger's packets: from the hub to the stubs, or answered here. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debug/gdb_hub_internal.h"
#include "util/bits.h"

/* ---- packets of the debugger ----------------------------------------------------------------- */

static void forward(struct hub *h, struct hub_process *p, const char *data, size_t len)
{
    if (p && hub_ask(p, data, len))
        hub_tell(h, p->parser.data, p->parser.length);
    else
        hub_tell_text(h, "E01");
}

/* The process in "p1.2" or "p1"; 0 for any or all, or none. */
static int process_in(const char *text)
{
    return *text == 'p' && text[1] != '-' ? (int)strtoul(text + 1, NULL, 16) : 0;
}

/* "Hg" says for which process the following packets are. */
static void on_H(struct hub *h, const char *data, size_t len)
{
    int pid = process_in(data + 2);
    if (data[1] == 'c') {
        h->resume = hub_find(h, pid) ? pid : 0;
        hub_tell_text(h, "OK");
        return;
    }
    if (pid && hub_find(h, pid))
        h->general = pid;
    forward(h, pid ? hub_find(h, pid) : hub_general(h), data, len);
}

/* Packets with a thread or a process behind the name, each for that one. */
static const struct {
    const char *name;
    bool number; /* a process without "p" */
    bool leaves; /* it is not the debugger's any more */
} addressed[] = {
    {"T", false, false},
    {"qThreadExtraInfo,", false, false},
    {"qGetTLSAddr:", false, false},
    {"qAttached:", true, false},
    {"qXfer:exec-file:read:", true, false},
    {"D;", true, true},
    {"vKill;", true, true},
};

static bool on_addressed(struct hub *h, const char *data, size_t len)
{
    for (unsigned i = 0; i < ARRAY_SIZE(addressed); i++) {
        size_t n = strlen(addressed[i].name);
        if (strncmp(data, addressed[i].name, n))
            continue;
        int pid = addressed[i].number ? (int)strtoul(data + n, NULL, 16) : process_in(data + n);
        struct hub_process *p = pid ? hub_find(h, pid) : hub_general(h);
        forward(h, p, data, len);
        if (addressed[i].leaves && p) {
            hub_forget_news(h, p->pid);
            hub_drop(h, p);
        }
        return true;
    }
    return false;
}

/* The actions of vCont that may be for the process, in @out; false if there is none. */
static bool actions_for(const struct hub_process *p, const char *list, char *out)
{
    bool some = false;
    size_t n = (size_t)sprintf(out, "vCont");
    while (*list == ';') {
        size_t len = strcspn(list + 1, ";") + 1;
        const char *thread = memchr(list, ':', len);
        int pid = thread ? process_in(thread + 1) : 0;
        if (!pid || pid == p->pid) {
            memcpy(out + n, list, len);
            n += len;
            some = true;
        }
        list += len;
    }
    out[n] = 0;
    return some;
}

static void on_vcont(struct hub *h, const char *list)
{
    bool pending = false, some = false;
    char *out = malloc(strlen(list) + 16);
    if (!out)
        abort();
    for (unsigned i = 0; i < h->count; i++)
        pending = pending || (h->process[i]->pending && actions_for(h->process[i], list, out));
    for (unsigned i = 0; i < h->count; i++) {
        struct hub_process *p = h->process[i];
        p->resumed = actions_for(p, list, out);
        if (!p->resumed)
            continue;
        some = true;
        if (!pending && p->fd >= 0 && !p->running)
            p->running = hub_send_packet(p->fd, out, strlen(out));
    }
    free(out);
    h->waiting = some;
    if (!some)
        hub_tell_text(h, "E01");
}

/* Non-stop: each stub answers, and goes on answering. What names nobody concerns threads that have
 * ended. */
static void on_vcont_non_stop(struct hub *h, const char *list)
{
    bool ok = true;
    char *out = malloc(strlen(list) + 16);
    if (!out)
        abort();
    for (unsigned i = 0; i < h->count; i++) {
        struct hub_process *p = h->process[i];
        if (actions_for(p, list, out) && p->fd >= 0)
            ok = hub_ask_text(p, out) && hub_answered(p, "OK") && ok;
    }
    free(out);
    hub_tell_text(h, ok ? "OK" : "E01");
}

/* "c", "s", "C05", "S05" as LLDB means them: all threads of a process, or a step of the one that is
 * looked at. */
static void on_legacy(struct hub *h, const char *data)
{
    char list[96], action[4] = {data[0]};
    bool signal = data[0] == 'C' || data[0] == 'S', step = data[0] == 's' || data[0] == 'S';
    struct hub_process *p = hub_find(h, h->resume);
    p = p ? p : hub_general(h);
    if (signal && strlen(data) == 3)
        memcpy(action, data, 3);
    else if (signal || data[1]) /* from another address: nobody asks for that here */
        p = NULL;
    if (!p || !hub_ask_text(p, "qC") || strncmp(p->parser.data, "QCp", 3) ||
        p->parser.length > 32) {
        hub_tell_text(h, "E16");
        return;
    }
    int n = signal || step ? sprintf(list, ";%s:%s", action, p->parser.data + 2) : 0;
    if (!step)
        sprintf(list + n, ";c:p%x.-1", (unsigned)p->pid);
    on_vcont(h, list);
}

void hub_on_interrupt(struct hub *h)
{
    for (unsigned i = 0; h->waiting && i < h->count; i++)
        if (h->process[i]->running && h->process[i]->fd >= 0 &&
            hub_write_all(h->process[i]->fd, "\3", 1))
            return;
}

/* All threads: the answers of all stubs. */
static void on_thread_list(struct hub *h)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        abort();
    for (unsigned i = 0, n = 0; i < h->count; i++)
        if (hub_ask_text(h->process[i], "qfThreadInfo") && h->process[i]->parser.data[0] == 'm')
            fprintf(out, "%c%s", n++ ? ',' : 'm', h->process[i]->parser.data + 1);
    fclose(out);
    hub_tell(h, text, size);
    free(text);
}

/* What is between the tags of a process's document. */
static void gather_threads(struct hub_process *p, FILE *out)
{
    char *text = NULL, packet[64];
    size_t size, offset = 0;
    FILE *all = open_memstream(&text, &size);
    if (!all)
        abort();
    do {
        snprintf(packet, sizeof(packet), "qXfer:threads:read::%zx,8000", offset);
        if (!hub_ask_text(p, packet) || p->parser.length < 2 || !strchr("ml", p->parser.data[0]))
            break;
        offset += p->parser.length - 1;
        fwrite(p->parser.data + 1, 1, p->parser.length - 1, all);
    } while (p->parser.data[0] == 'm');
    fclose(all);
    char *begin = strstr(text, "<threads>"), *end = strstr(text, "</threads>");
    if (begin && end)
        fwrite(begin + 9, 1, (size_t)(end - begin) - 9, out);
    free(text);
}

static void on_thread_document(struct hub *h, const char *range)
{
    size_t offset = strtoul(range, NULL, 16), size;
    const char *comma = strchr(range, ',');
    size_t len = comma ? strtoul(comma + 1, NULL, 16) : 0;
    if (!offset || !h->threads) {
        free(h->threads);
        FILE *out = open_memstream(&h->threads, &size);
        if (!out)
            abort();
        fprintf(out, "<?xml version=\"1.0\"?>\n<threads>");
        for (unsigned i = 0; i < h->count; i++)
            gather_threads(h->process[i], out);
        fprintf(out, "</threads>\n");
        fclose(out);
    }
    size = strlen(h->threads);
    size_t left = offset < size ? size - offset : 0,
           most = len < GDB_PACKET_MAX / 2 ? len : GDB_PACKET_MAX / 2;
    size_t n = left < most ? left : most;
    char *reply = malloc(n + 2);
    if (!reply)
        abort();
    sprintf(reply, "%c", n < left ? 'm' : 'l');
    memcpy(reply + 1, h->threads + size - left, n);
    hub_tell(h, reply, n + 1);
    free(reply);
}

static void on_kill(struct hub *h)
{
    hub_tell_text(h, "X09"); /* for LLDB; GDB awaits no answer */
    while (h->count) {
        if (h->process[0]->fd >= 0)
            hub_send_packet(h->process[0]->fd, "k", 1);
        kill(h->process[0]->pid, SIGKILL);
        hub_drop(h, h->process[0]);
    }
}

static void on_pass_signals(struct hub *h, const char *data, size_t len)
{
    for (unsigned i = 0; i < h->count; i++)
        if (h->process[i] != hub_general(h))
            hub_ask(h->process[i], data, len);
    forward(h, hub_general(h), data, len);
}

/* What is done otherwise in non-stop mode. */
static bool on_non_stop(struct hub *h, const char *data)
{
    if (!h->non_stop)
        return false;
    if (!strncmp(data, "vCont;", 6))
        on_vcont_non_stop(h, data + 5);
    else if (!strcmp(data, "vStopped"))
        hub_next_news(h);
    else if (!strcmp(data, "?"))
        hub_why(h);
    else if (!strcmp(data, "QNonStop:1"))
        hub_tell_text(h, "OK");
    else if (data[0] && strchr("cCsS", data[0]))
        hub_tell_text(h, "E16");
    else
        return false;
    return true;
}

void hub_on_packet(struct hub *h, const char *data, size_t len)
{
    static const char threads[] = "qXfer:threads:read::";
    if (on_non_stop(h, data))
        return;
    if (!strncmp(data, "vCont;", 6))
        on_vcont(h, data + 5);
    else if (data[0] == 'H')
        on_H(h, data, len);
    else if (!strcmp(data, "qfThreadInfo"))
        on_thread_list(h);
    else if (!strncmp(data, threads, sizeof(threads) - 1))
        on_thread_document(h, data + sizeof(threads) - 1);
    else if (!strcmp(data, "k"))
        on_kill(h);
    else if (!strncmp(data, "QPassSignals:", 13))
        on_pass_signals(h, data, len);
    else if (!strncmp(data, "vFile:", 6))
        hub_on_file(h, data, len);
    else if (data[0] && strchr("cCsS", data[0]))
        on_legacy(h, data);
    else if (!strncmp(data, "QNonStop", 8) || data[0] == 'R' || !strncmp(data, "vRun", 4))
        hub_tell_text(h, "E16"); /* for one process alone */
    else if (!on_addressed(h, data, len))
        forward(h, hub_general(h), data, len);
}
