/* The hub with two stubs that do what a test wants, each a process of its own. */
#include <criterion/criterion.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "debug/gdb_hub.h"
#include "debug/gdb_packet.h"

enum { ANSWER_MS = 10000 };

static void put_text(int fd, const char *text)
{
    char frame[512];
    size_t n = gdb_packet_frame(frame, text, strlen(text));
    cr_assert(strlen(text) < sizeof(frame) / 2 && send(fd, frame, n, MSG_NOSIGNAL) == (ssize_t)n);
}

/* The next packet, "" when none comes. */
static const char *get_text(int fd, struct gdb_parser *p)
{
    struct pollfd f = {.fd = fd, .events = POLLIN};
    uint8_t byte;
    while (poll(&f, 1, ANSWER_MS) > 0 && read(fd, &byte, 1) == 1)
        if (gdb_parser_feed(p, byte) == GDB_INPUT_PACKET)
            return p->data;
    return "";
}

/* ---- stubs ----------------------------------------------------------------------------------- */

static void put_stop(int fd, const char *reason)
{
    char text[64];
    snprintf(text, sizeof(text), "%sthread:p%x.1;", reason, (unsigned)getpid());
    put_text(fd, text);
}

/* One that goes on stops at once; one that is paused has something to print before it stands. */
static void stub_main(const struct sockaddr_un *address, socklen_t size, bool stops)
{
    static struct gdb_parser parser;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    uint8_t byte;
    if (connect(fd, (const struct sockaddr *)address, size))
        _exit(1);
    if (stops)
        put_stop(fd, "T05");
    while (read(fd, &byte, 1) == 1) {
        enum gdb_input input = gdb_parser_feed(&parser, byte);
        bool goes_on = input == GDB_INPUT_PACKET && !strncmp(parser.data, "vCont", 5);
        if (goes_on && stops) {
            put_stop(fd, "T05");
        } else if (input == GDB_INPUT_PACKET && !strcmp(parser.data, "qfThreadInfo")) {
            put_stop(fd, "m"); /* enough to count */
        } else if (input == GDB_INPUT_PACKET && !goes_on) {
            put_text(fd, "OK");
        } else if (input == GDB_INPUT_INTERRUPT) {
            put_text(fd, "O6869");
            put_stop(fd, "T02");
        }
    }
    _exit(0);
}

static int listen_somewhere(struct sockaddr_un *address, socklen_t *size)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    *size = sizeof(*address);
    cr_assert(bind(fd, (struct sockaddr *)address, sizeof(sa_family_t)) == 0 && listen(fd, 4) == 0);
    cr_assert(getsockname(fd, (struct sockaddr *)address, size) == 0);
    return fd;
}

/* What a process prints while it is paused for another's stop is told before that, and is no
 * stop. */
Test(hub, output_while_the_others_are_paused, .timeout = 60)
{
    static struct gdb_parser parser;
    struct sockaddr_un address;
    socklen_t size;
    int pair[2], listener = listen_somewhere(&address, &size);
    pid_t stub[2], hub;
    cr_assert(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    if ((stub[0] = fork()) == 0) {
        close(pair[0]); /* the hub is to see it closed in the end */
        stub_main(&address, size, true);
    }
    int first = accept(listener, NULL, NULL);
    if ((hub = fork()) == 0) {
        close(pair[0]);
        _exit(gdb_hub_run(pair[1], first, listener, GDB_SESSION_ALL_STOP));
    }
    close(pair[1]);
    close(first);
    close(listener);
    cr_assert_eq(strncmp(get_text(pair[0], &parser), "T05", 3), 0);
    if ((stub[1] = fork()) == 0) {
        close(pair[0]);
        stub_main(&address, size, false);
    }
    do
        put_text(pair[0], "qfThreadInfo");
    while (!strchr(get_text(pair[0], &parser), ','));
    for (unsigned turn = 0; turn < 3; turn++) {
        put_text(pair[0], "vCont;c");
        cr_assert_str_eq(get_text(pair[0], &parser), "O6869");
        cr_assert_eq(strncmp(get_text(pair[0], &parser), "T05", 3), 0, "%s", parser.data);
    }
    close(pair[0]);
    int status;
    cr_assert(waitpid(hub, &status, 0) == hub && status == 0);
    for (unsigned i = 0; i < 2; i++)
        kill(stub[i], SIGKILL);
}
