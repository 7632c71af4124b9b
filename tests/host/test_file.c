#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/file.h"
#include "host/thread.h"
#include "tests/host/support.h"

static void expect_error(const char *path, size_t max, const char *part)
{
    struct error e = {0};
    uint8_t *data;
    size_t size;
    cr_assert(!file_read(path, max, &data, &size, &e));
    cr_assert_null(data);
    cr_assert(strstr(e.text, part), "'%s' does not say '%s'", e.text, part);
    cr_assert(strstr(e.text, path), "'%s' does not name the file", e.text);
}

Test(file, read_errors_say_what_is_wrong)
{
    expect_error("/nonexistent/file", 100, "No such file");
    expect_error("/tmp", 100, "directory");
    expect_error("/dev/null", 100, "empty");
    expect_error("/proc/self/exe", 100, "too large");
}

Test(file, devices_and_pipes_are_not_replaced)
{
    struct error e = {0};
    struct stat st;
    char text[4] = "";
    const char *path = temp_path("fifo");
    cr_assert(mkfifo(path, 0600) == 0);
    int fd = open(path, O_RDWR);
    cr_assert(file_write_atomic(path, "new", 3, &e), "%s", e.text);
    cr_assert(read(fd, text, 3) == 3 && !strcmp(text, "new"));
    cr_assert(stat(path, &st) == 0 && S_ISFIFO(st.st_mode));
    close(fd);
    unlink(path);
}

Test(file, write_then_read_gives_the_same_bytes)
{
    enum { SIZE = 200000 };
    static uint8_t out[SIZE];
    uint8_t *in;
    size_t size;
    struct error e = {0};
    struct stat st;
    const char *path = temp_path("data");
    host_random(out, SIZE);
    cr_assert(file_write_atomic(path, "old", 3, &e), "%s", e.text);
    cr_assert_eq(chmod(path, 0640), 0);
    cr_assert(file_write_atomic(path, out, SIZE, &e), "%s", e.text);
    cr_assert(file_read(path, SIZE, &in, &size, &e), "%s", e.text);
    cr_assert_eq(size, SIZE);
    cr_assert_arr_eq(in, out, SIZE);
    cr_assert_eq(in[SIZE], 0);
    free(in);
    cr_assert(stat(path, &st) == 0 && (st.st_mode & 07777) == 0640);
    cr_assert(!file_read(path, SIZE - 1, &in, &size, &e));
    cr_assert(!file_write_atomic("/nonexistent/dir/file", out, 1, &e));
    e = (struct error){0};
    cr_assert(file_may_write(path, &e) && file_may_write("/tmp/armemu-none", &e) &&
              file_may_write("none", &e) && file_may_write("/dev/null", &e), "%s", e.text);
    cr_assert(!file_may_write("/nonexistent/dir/file", &e) && strstr(e.text, "No such file"));
    e = (struct error){0};
    cr_assert(!file_may_write("/tmp", &e) && strstr(e.text, "Is a directory"));
}

/* Pipes and links stay what they are. */
Test(file, write_to_what_is_no_plain_file)
{
    char dir[] = "/tmp/armemu-file-XXXXXX", pipe_path[64], link_path[64], file_path[64],
         got[16] = "";
    struct error e = {0};
    struct stat st;
    cr_assert(mkdtemp(dir));
    snprintf(pipe_path, sizeof(pipe_path), "%s/pipe", dir);
    snprintf(file_path, sizeof(file_path), "%s/file", dir);
    snprintf(link_path, sizeof(link_path), "%s/link", dir);
    cr_assert(mkfifo(pipe_path, 0600) == 0 && symlink("file", link_path) == 0);
    int fd = open(pipe_path, O_RDWR | O_NONBLOCK);
    cr_assert(file_write_atomic(pipe_path, "through", 7, &e), "%s", e.text);
    cr_assert(read(fd, got, sizeof(got)) == 7 && !memcmp(got, "through", 7));
    cr_assert(lstat(pipe_path, &st) == 0 && S_ISFIFO(st.st_mode));
    close(fd);
    cr_assert(file_write_atomic(file_path, "old", 3, &e) &&
              file_write_atomic(link_path, "new", 3, &e));
    cr_assert(lstat(link_path, &st) == 0 && S_ISLNK(st.st_mode));
    fd = open(file_path, O_RDONLY);
    cr_assert(read(fd, got, sizeof(got)) == 3 && !memcmp(got, "new", 3));
    close(fd);
    unlink(pipe_path);
    unlink(link_path);
    unlink(file_path);
    cr_assert_eq(rmdir(dir), 0); /* nothing was left beside them */
}

/* The first three outputs of splitmix64 for seed 1234567, as published with the algorithm. */
Test(random, seeded_sequence_is_splitmix64)
{
    static const uint64_t expected[3] = {6457827717110365317u, 3203168211198807973u,
                                         9817491932198370423u};
    uint64_t got[3];
    struct host_rng r;
    host_rng_seed(&r, 1234567);
    host_rng_fill(&r, got, sizeof(got));
    cr_assert_arr_eq(got, expected, sizeof(got));
}

Test(random, host_bytes_differ)
{
    uint8_t a[32], b[32] = {0};
    struct host_rng r;
    host_rng_init(&r);
    host_rng_fill(&r, a, sizeof(a));
    cr_assert_arr_neq(a, b, sizeof(a));
    host_random(b, sizeof(b));
    cr_assert_arr_neq(a, b, sizeof(a));
}
