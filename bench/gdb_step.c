/*
 * How fast a GDB stub steps and answers: a bare client of the protocol.
 * usage: gdb_step SOCKET [step|read|range] [COUNT]
 * Prints packets per second of wall time. The stub (ours or another's) waits on a Unix socket.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static int fd;

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void send_packet(const char *text)
{
    char out[256];
    unsigned char sum = 0;
    for (const char *p = text; *p; p++)
        sum = (unsigned char)(sum + *p);
    int n = snprintf(out, sizeof(out), "$%s#%02x", text, sum);
    if (write(fd, out, (size_t)n) != n)
        fail("write");
}

/* One packet, acknowledgements skipped. */
static void receive(char *buf, size_t size)
{
    size_t n = 0;
    for (;;) {
        ssize_t r = read(fd, buf + n, size - 1 - n);
        if (r <= 0)
            fail("read");
        n += (size_t)r;
        buf[n] = 0;
        char *end = strchr(buf, '#');
        if (end && end + 2 < buf + n)
            return;
    }
}

static void ask(const char *text)
{
    char buf[65536];
    send_packet(text);
    receive(buf, sizeof(buf));
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

int main(int argc, char **argv)
{
    const char *what = argc > 2 ? argv[2] : "step";
    long count = argc > 3 ? atol(argv[3]) : 50000;
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    if (argc < 2)
        return 1;
    snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", argv[1]);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
        fail("connect");
    ask("qSupported:swbreak+;hwbreak+;vContSupported+");
    ask("QStartNoAckMode");
    if (write(fd, "+", 1) != 1)
        fail("write");
    ask("?");
    const char *packet = !strcmp(what, "read") ? "g" : "vCont;s:1";
    double begin = now();
    for (long i = 0; i < count; i++)
        ask(packet);
    printf("%s %.0f per second\n", what, (double)count / (now() - begin));
    return 0;
}
