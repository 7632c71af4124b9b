/*
 * How fast a GDB stub steps and answers: a bare client of the protocol.
 * usage: gdb_step SOCKET [step|read] [COUNT]
 * Prints packets per second of wall time. The stub (ours or another's) waits on a Unix socket.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static int fd;
static bool acknowledge; /* the stub wants that: with the next packet */

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
    int n = snprintf(out, sizeof(out), "%s$%s#%02x", acknowledge ? "+" : "", text, sum);
    if (write(fd, out, (size_t)n) != n)
        fail("write");
}

/* The contents of one packet, in @buf; acknowledgements are skipped. */
static const char *receive(char *buf, size_t size)
{
    size_t n = 0;
    for (;;) {
        ssize_t r = read(fd, buf + n, size - 1 - n);
        if (r <= 0)
            fail("read");
        n += (size_t)r;
        buf[n] = 0;
        char *end = strchr(buf, '#'), *begin = strchr(buf, '$');
        if (!end || end + 2 >= buf + n)
            continue;
        *end = 0;
        return begin ? begin + 1 : buf;
    }
}

/* The answer must begin with @answer, unless that is NULL. */
static const char *ask(const char *text, const char *answer)
{
    static char buf[65536];
    send_packet(text);
    const char *reply = receive(buf, sizeof(buf));
    if (answer && strncmp(reply, answer, strlen(answer))) {
        fprintf(stderr, "gdb_step: %s was answered by '%s'\n", text, reply);
        exit(1);
    }
    return reply;
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
    for (int tries = 0; connect(fd, (struct sockaddr *)&addr, sizeof(addr)); tries++) {
        if (tries == 1000)
            fail("connect");
        usleep(10000); /* the path is there, and nobody listens yet */
    }
    ask("qSupported:swbreak+;hwbreak+;vContSupported+", NULL);
    acknowledge = true;
    bool no_ack = !strcmp(ask("QStartNoAckMode", NULL), "OK");
    if (no_ack && write(fd, "+", 1) != 1)
        fail("write");
    acknowledge = !no_ack;
    ask("?", "T");
    char step[64];
    snprintf(step, sizeof(step), "vCont;s:%s", ask("qC", "QC") + 2);
    bool reads = !strcmp(what, "read");
    double begin = now();
    for (long i = 0; i < count; i++)
        ask(reads ? "g" : step, reads ? NULL : "T");
    printf("%s %.0f per second\n", what, (double)count / (now() - begin));
    return 0;
}
