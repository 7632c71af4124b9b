#include "debug/gdb_hub.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "debug/gdb_hub_internal.h"

static void debugger_speaks(struct hub *h)
{
    uint8_t buf[4096];
    ssize_t n = read(h->debugger, buf, sizeof(buf));
    if (n < 0 && errno == EINTR)
        return;
    if (n <= 0)
        h->over = true;
    for (ssize_t i = 0; i < n && !h->over; i++) {
        switch (gdb_parser_feed(&h->parser, buf[i])) {
        case GDB_INPUT_PACKET: hub_on_packet(h, h->parser.data, h->parser.length); break;
        case GDB_INPUT_TOO_LONG: hub_tell_text(h, "E1c"); break;
        case GDB_INPUT_INTERRUPT: hub_on_interrupt(h); break;
        default: break;
        }
    }
}

/* ---- the loop -------------------------------------------------------------------------------- */

static void serve(struct hub *h)
{
    struct pollfd f[HUB_PROCESSES_MAX + 2] = {{.fd = h->debugger, .events = POLLIN},
                                          {.fd = h->listener, .events = POLLIN}};
    struct hub_process *who[HUB_PROCESSES_MAX];
    unsigned n = h->count;
    bool executing = false;
    for (unsigned i = 0; i < n; i++) {
        who[i] = h->process[i];
        f[i + 2] = (struct pollfd){.fd = who[i]->fd, .events = POLLIN};
        executing = executing || who[i]->executing;
    }
    if (poll(f, n + 2, executing ? 100 : -1) < 0 && errno != EINTR)
        h->over = true;
    for (unsigned i = 0; i < n; i++)
        if (f[i + 2].fd >= 0 && f[i + 2].revents)
            hub_stub_speaks(h, who[i]);
    if (f[1].revents)
        hub_stub_appears(h);
    hub_report(h);
    if (f[0].revents)
        debugger_speaks(h);
    hub_report(h);
}

static void blocking(int fd)
{
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
}

int gdb_hub_run(int debugger, int first, int listener, enum gdb_session session)
{
    struct hub *h = calloc(1, sizeof(*h));
    struct ucred peer;
    socklen_t size = sizeof(peer);
    if (!h || getsockopt(first, SOL_SOCKET, SO_PEERCRED, &peer, &size))
        return 1;
    signal(SIGPIPE, SIG_IGN);
    blocking(debugger);
    blocking(first);
    h->debugger = debugger;
    h->listener = listener;
    struct hub_process *p = hub_add(h, peer.pid, first);
    if (!p)
        return 1;
    h->non_stop = session != GDB_SESSION_ALL_STOP;
    p->running = p->resumed = h->waiting = !h->non_stop;
    if (session == GDB_SESSION_NON_STOP_TOLD)
        hub_taken_over(h, p);
    h->general = p->pid;
    while (!h->over && (h->count || h->news_count))
        serve(h);
    while (h->count)
        hub_drop(h, h->process[0]);
    while (h->news_count)
        free(h->news[--h->news_count]);
    free(h->news);
    free(h->threads);
    free(h);
    return 0;
}
