/* Each kind of character device against a peer made with plain system calls. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "host/file.h"
#include "tests/host/support.h"

struct fixture {
    struct loop *loop;
    struct chardev_set *set;
    struct chardev *cd;
    struct recorder r;
    struct error e;
};

static void fixture_init(struct fixture *f)
{
    memset(f, 0, sizeof(*f));
    f->r.room = SIZE_MAX;
    f->loop = loop_new(NULL, &f->e);
    f->set = chardev_set_new(f->loop);
}

static void fixture_open(struct fixture *f, const char *spec)
{
    fixture_init(f);
    f->cd = chardev_open(f->set, spec, "serial0", NULL, &f->e);
    cr_assert(f->cd, "%s", f->e.text);
    chardev_attach(f->cd, &recorder_ops, &f->r);
}

static void fixture_free(struct fixture *f)
{
    chardev_set_free(f->set);
    loop_free(f->loop);
}

Test(chardev, null_swallows_output)
{
    struct fixture f;
    fixture_open(&f, "null");
    cr_assert_eq(chardev_write(f.cd, "abc", 3), 3);
    cr_assert_eq(f.r.events[CHARDEV_OPENED], 1);
    run_for(f.loop, 5);
    cr_assert_eq(f.r.len, 0);
    fixture_free(&f);
}

static void expect_content(const char *path, const char *text)
{
    struct error e;
    uint8_t *data;
    size_t size;
    cr_assert(file_read(path, 1 << 20, &data, &size, &e), "%s", e.text);
    cr_assert_str_eq((char *)data, text);
    free(data);
}

Test(chardev, file_takes_all_output_and_append_keeps_the_old)
{
    struct fixture f;
    char spec[256], path[200];
    strcpy(path, temp_path("out,put"));
    snprintf(spec, sizeof(spec), "file:%s", path);
    fixture_open(&f, spec);
    chardev_printf(f.cd, "line %d\n", 1);
    fixture_free(&f);
    expect_content(path, "line 1\n");

    strcpy(path, temp_path("second"));
    for (int i = 0; i < 2; i++) {
        fixture_init(&f);
        snprintf(spec, sizeof(spec), "file,id=f,path=%s,append=on", path);
        f.cd = chardev_add(f.set, spec, &f.e);
        cr_assert(f.cd, "%s", f.e.text);
        chardev_write(chardev_claim(f.cd, &f.e), "x", 1);
        fixture_free(&f);
    }
    expect_content(path, "xx");
}

Test(chardev, logfile_gets_a_copy)
{
    struct fixture f;
    char spec[256];
    snprintf(spec, sizeof(spec), "null,logfile=%s", temp_path("log"));
    fixture_open(&f, spec);
    chardev_write(f.cd, "copy", 4);
    fixture_free(&f);
    expect_content(temp_path("log"), "copy");
}

Test(chardev, pty_moves_bytes_both_ways_unchanged)
{
    struct fixture f;
    char buf[8] = "";
    fixture_open(&f, "pty");
    const char *name = chardev_description(f.cd);
    cr_assert_eq(strncmp(name, "pty:/dev/", 9), 0, "%s", name);
    chardev_write(f.cd, "\nhi\r", 4); /* before anyone is there: it is kept */
    int fd = open(name + 4, O_RDWR | O_NOCTTY);
    cr_assert_geq(fd, 0);
    cr_assert_eq(run_reading(f.loop, fd, buf, 4), 4);
    cr_assert_arr_eq(buf, "\nhi\r", 4);
    cr_assert_eq(write(fd, "\x03ok\r\n", 5), 5);
    cr_assert(run_until_text(f.loop, &f.r, "\x03ok\r\n"));
    close(fd);
    run_for(f.loop, 5);
    fd = open(name + 4, O_RDWR | O_NOCTTY);
    cr_assert_eq(write(fd, "!", 1), 1);
    cr_assert(run_until_text(f.loop, &f.r, "\x03ok\r\n!"), "the second user was not heard");
    close(fd);
    fixture_free(&f);
}

static int connect_unix(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    strcpy(a.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    return fd;
}

Test(chardev, unix_server_takes_one_peer_after_another)
{
    struct fixture f;
    char spec[256], path[200], buf[8];
    strcpy(path, temp_path("socket"));
    snprintf(spec, sizeof(spec), "unix:%s,server,nowait", path);
    fixture_open(&f, spec);
    cr_assert(!chardev_connected(f.cd));
    cr_assert_eq(f.r.events[CHARDEV_OPENED], 0);
    cr_assert_eq(chardev_write(f.cd, "lost", 4), 0);
    for (unsigned i = 1; i <= 2; i++) {
        int fd = connect_unix(path);
        cr_assert(run_until_event(f.loop, &f.r, CHARDEV_OPENED, i));
        cr_assert(chardev_connected(f.cd));
        cr_assert_eq(write(fd, "in", 2), 2);
        cr_assert(run_until_text(f.loop, &f.r, "in"));
        cr_assert_eq(chardev_write(f.cd, "out", 3), 3);
        cr_assert_eq(run_reading(f.loop, fd, buf, 3), 3);
        cr_assert_arr_eq(buf, "out", 3);
        close(fd);
        cr_assert(run_until_event(f.loop, &f.r, CHARDEV_CLOSED, i));
        f.r.len = f.r.text[0] = 0;
    }
    fixture_free(&f);
    cr_assert_neq(access(path, F_OK), 0, "the socket was left behind");
}

Test(chardev, unix_server_replaces_only_stale_sockets)
{
    struct fixture f;
    char spec[256], path[200];
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    strcpy(path, temp_path("stale"));
    strcpy(a.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    cr_assert_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    close(fd);
    snprintf(spec, sizeof(spec), "unix:%s,server=on,wait=off", path);
    fixture_open(&f, spec);
    fixture_free(&f);

    cr_assert(file_write_atomic(path, "precious", 8, &f.e));
    fixture_init(&f);
    cr_assert_null(chardev_open(f.set, spec, "serial0", NULL, &f.e));
    cr_assert(strstr(f.e.text, "Address already in use"), "%s", f.e.text);
    expect_content(path, "precious");
    fixture_free(&f);
}

static int connect_tcp(struct chardev *cd)
{
    unsigned port;
    cr_assert_eq(sscanf(chardev_description(cd), "tcp:127.0.0.1:%u,server=on", &port), 1, "%s",
                 chardev_description(cd));
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    return fd;
}

Test(chardev, tcp_server_and_client_talk)
{
    struct fixture f;
    struct recorder r2 = {.room = SIZE_MAX};
    char spec[256];
    unsigned port;
    fixture_open(&f, "tcp:127.0.0.1:0,server=on,wait=off");
    sscanf(chardev_description(f.cd), "tcp:127.0.0.1:%u", &port);
    snprintf(spec, sizeof(spec), "socket,id=c,host=127.0.0.1,port=%u", port);
    struct chardev *client = chardev_add(f.set, spec, &f.e);
    cr_assert(client, "%s", f.e.text);
    client = chardev_open(f.set, "chardev:c", "serial1", NULL, &f.e);
    cr_assert(client, "%s", f.e.text);
    chardev_attach(client, &recorder_ops, &r2);
    cr_assert_eq(r2.events[CHARDEV_OPENED], 1, "a client is connected from the start");
    chardev_write(client, "to server", 9);
    cr_assert(run_until_text(f.loop, &f.r, "to server"));
    chardev_write(f.cd, "to client", 9);
    cr_assert(run_until_text(f.loop, &r2, "to client"));
    fixture_free(&f);
}

Test(chardev, inherited_socket_talks)
{
    struct fixture f;
    char spec[64], text[4] = "";
    int pair[2];
    fixture_init(&f);
    cr_assert(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    snprintf(spec, sizeof(spec), "socket,id=c,fd=%d", pair[0]);
    cr_assert(chardev_add(f.set, spec, &f.e), "%s", f.e.text);
    close(pair[0]);
    f.cd = chardev_open(f.set, "chardev:c", "serial1", NULL, &f.e);
    chardev_attach(f.cd, &recorder_ops, &f.r);
    cr_assert_eq(f.r.events[CHARDEV_OPENED], 1, "connected from the start");
    cr_assert(write(pair[1], "in", 2) == 2 && run_until_text(f.loop, &f.r, "in"));
    chardev_write(f.cd, "out", 3);
    cr_assert(read(pair[1], text, 3) == 3 && !strcmp(text, "out"));
    fixture_free(&f);
    close(pair[1]);
}

Test(chardev, tcp_addresses_may_lack_the_host_or_be_ipv6)
{
    struct fixture f;
    unsigned port = 0;
    fixture_open(&f, "tcp::0,server,nowait");
    const char *where = chardev_description(f.cd), *colon = strrchr(where, ':');
    cr_assert(colon && sscanf(colon, ":%u,server=on", &port) == 1 && port, "%s", where);
    fixture_free(&f);
    if (access("/proc/net/if_inet6", R_OK) != 0)
        return;
    fixture_init(&f);
    f.cd = chardev_open(f.set, "tcp:[::1]:0,server=on,wait=off", "s", NULL, &f.e);
    if (f.cd) /* the host may have IPv6 without a loopback address */
        cr_assert_eq(strncmp(chardev_description(f.cd), "tcp:[::1]:", 10), 0);
    else
        cr_assert(strstr(f.e.text, "Cannot assign requested address"), "%s", f.e.text);
    fixture_free(&f);
}

static void *connect_late(void *opaque)
{
    usleep(30000);
    int fd = connect_unix(opaque);
    cr_assert_eq(write(fd, "first", 5), 5);
    return NULL;
}

Test(chardev, waiting_server_opens_with_its_peer, .init = cr_redirect_stderr, .timeout = 10)
{
    struct fixture f;
    pthread_t peer;
    char spec[200], path[160];
    strcpy(path, temp_path("s"));
    snprintf(spec, sizeof(spec), "unix:%s,server=on", path);
    /* The name exists only once the server is there, which this thread then waits in. */
    cr_assert(thread_start(&peer, "peer", connect_late, path, NULL));
    fixture_open(&f, spec);
    cr_assert(chardev_connected(f.cd));
    cr_assert_eq(f.r.events[CHARDEV_OPENED], 1);
    cr_assert(run_until_text(f.loop, &f.r, "first"));
    pthread_join(peer, NULL);
    fixture_free(&f);
}

Test(chardev, output_to_a_slow_peer_is_bounded_and_in_order, .init = cr_redirect_stderr)
{
    enum { TOTAL = 8 * CHARDEV_BUFFER_MAX };
    struct fixture f;
    static char data[TOTAL], got[TOTAL];
    char spec[200];
    snprintf(spec, sizeof(spec), "unix:%s,server=on,wait=off", temp_path("s"));
    fixture_open(&f, spec);
    int fd = connect_unix(temp_path("s"));
    cr_assert(run_until_event(f.loop, &f.r, CHARDEV_OPENED, 1));
    for (size_t i = 0; i < TOTAL; i++)
        data[i] = (char)(i * 7 + i / 251);
    size_t taken = 0;
    for (size_t n = 1; taken < TOTAL && n;) /* nobody reads: this must end, not block */
        taken += n = chardev_write(f.cd, data + taken, TOTAL - taken < 1000 ? TOTAL - taken : 1000);
    cr_assert_geq(taken, CHARDEV_BUFFER_MAX);
    cr_assert_lt(taken, TOTAL);
    cr_assert_eq(chardev_write(f.cd, "x", 1), 0);
    cr_assert_eq(run_reading(f.loop, fd, got, taken), taken);
    cr_assert_arr_eq(got, data, taken);
    cr_assert_eq(chardev_write(f.cd, "again", 5), 5);
    cr_assert_eq(run_reading(f.loop, fd, got, 5), 5);
    cr_assert_arr_eq(got, "again", 5);
    fflush(stderr);
    char warning[200];
    snprintf(warning, sizeof(warning), "armemu: warning: serial0 (unix:%s,server=on) is read too "
             "slowly: output is dropped\n", temp_path("s"));
    cr_assert_stderr_eq_str(warning);
    close(fd);
    fixture_free(&f);
}

Test(chardev, input_waits_for_room)
{
    struct fixture f;
    fixture_open(&f, "tcp:127.0.0.1:0,server=on,wait=off");
    f.r.room = 3;
    int fd = connect_tcp(f.cd);
    cr_assert_eq(write(fd, "abcdefgh", 8), 8);
    cr_assert(run_until_text(f.loop, &f.r, "abc"));
    run_for(f.loop, 10);
    cr_assert_str_eq(f.r.text, "abc");
    cr_assert(sleeps(f.loop, 20), "input that is held back keeps the loop busy");
    f.r.room = 100;
    chardev_accept_input(f.cd);
    cr_assert_str_eq(f.r.text, "abc", "input came inside chardev_accept_input");
    cr_assert(run_until_text(f.loop, &f.r, "abcdefgh"));
    close(fd);
    fixture_free(&f);
}

Test(chardev, input_waits_for_a_front_end)
{
    struct fixture f;
    fixture_init(&f);
    f.cd = chardev_open(f.set, "tcp:127.0.0.1:0,server=on,wait=off", "s", NULL, &f.e);
    int fd = connect_tcp(f.cd);
    cr_assert_eq(write(fd, "early", 5), 5);
    run_for(f.loop, 20);
    chardev_attach(f.cd, &recorder_ops, &f.r);
    cr_assert(run_until_text(f.loop, &f.r, "early"));
    close(fd);
    fixture_free(&f);
}

static void *read_to_end(void *opaque)
{
    int fd = *(int *)opaque;
    char buf[65536];
    size_t got = 0;
    usleep(20000); /* so that the closing begins first */
    for (ssize_t n; (n = read(fd, buf, sizeof(buf))) > 0;)
        got += (size_t)n;
    return (void *)got;
}

Test(chardev, pending_output_leaves_on_closing, .timeout = 10)
{
    struct fixture f;
    char spec[200], *out = calloc(1, CHARDEV_BUFFER_MAX);
    pthread_t reader;
    void *got;
    snprintf(spec, sizeof(spec), "unix:%s,server=on,wait=off", temp_path("s"));
    fixture_open(&f, spec);
    int fd = connect_unix(temp_path("s"));
    cr_assert(run_until_event(f.loop, &f.r, CHARDEV_OPENED, 1));
    cr_assert_eq(chardev_write(f.cd, out, CHARDEV_BUFFER_MAX), CHARDEV_BUFFER_MAX);
    cr_assert(thread_start(&reader, "reader", read_to_end, &fd, NULL));
    fixture_free(&f);
    pthread_join(reader, &got);
    cr_assert_eq((size_t)got, CHARDEV_BUFFER_MAX);
    close(fd);
    free(out);
}

Test(chardev, pipe_uses_two_fifos)
{
    struct fixture f;
    char spec[256], base[200], name[220], buf[8];
    strcpy(base, temp_path("fifo"));
    snprintf(spec, sizeof(spec), "pipe:%s", base);
    fixture_init(&f);
    cr_assert_null(chardev_open(f.set, spec, "serial0", NULL, &f.e));
    cr_assert(strstr(f.e.text, "fifo.in"), "%s", f.e.text);
    fixture_free(&f);
    snprintf(name, sizeof(name), "%s.in", base);
    cr_assert_eq(mkfifo(name, 0600), 0);
    int in = open(name, O_RDWR);
    snprintf(name, sizeof(name), "%s.out", base);
    cr_assert_eq(mkfifo(name, 0600), 0);
    int out = open(name, O_RDWR);
    fixture_open(&f, spec);
    cr_assert_eq(write(in, "hello", 5), 5);
    cr_assert(run_until_text(f.loop, &f.r, "hello"));
    chardev_write(f.cd, "bye", 3);
    cr_assert_eq(run_reading(f.loop, out, buf, 3), 3);
    cr_assert_arr_eq(buf, "bye", 3);
    fixture_free(&f);
}

static void stdio_through_pipes(int *to_stdin, int *from_stdout)
{
    int in[2], out[2];
    cr_assert_eq(pipe(in) | pipe(out), 0);
    dup2(in[0], 0);
    dup2(out[1], 1);
    *to_stdin = in[1];
    *from_stdout = out[0];
}

Test(chardev, stdio_reads_and_writes_and_has_one_user)
{
    struct fixture f;
    int to, from;
    char buf[8];
    stdio_through_pipes(&to, &from);
    fixture_open(&f, "stdio");
    cr_assert_eq(write(to, "key", 3), 3);
    cr_assert(run_until_text(f.loop, &f.r, "key"));
    cr_assert_eq(chardev_write(f.cd, "out", 3), 3);
    cr_assert_eq(run_reading(f.loop, from, buf, 3), 3);
    cr_assert_arr_eq(buf, "out", 3);
    cr_assert_null(chardev_open(f.set, "stdio", "serial1", NULL, &f.e));
    cr_assert(strstr(f.e.text, "cannot use stdio by multiple character devices"), "%s", f.e.text);
    cr_assert(strstr(f.e.text, "mux=on"), "%s", f.e.text);
    close(to);
    run_for(f.loop, 20);
    cr_assert_eq(chardev_write(f.cd, "still", 5), 5, "output ended with input");
    cr_assert(sleeps(f.loop, 20), "the end of input keeps the loop busy");
    fixture_free(&f);
}
