/*
 * vFile: files of the target, as GDB reads programs and libraries through its sysroot "target:".
 * Files are opened for reading only, and by the target, which says what its paths mean.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "debug/gdb_internal.h"

enum { READ_MAX = GDB_PACKET_MAX / 4 };

void gdb_files_init(struct gdb_stub *g)
{
    for (unsigned i = 0; i < GDB_FILES_MAX; i++)
        g->files[i] = -1;
}

void gdb_files_close(struct gdb_stub *g)
{
    for (unsigned i = 0; i < GDB_FILES_MAX; i++)
        if (g->files[i] >= 0)
            close(g->files[i]);
    gdb_files_init(g);
}

/* ---- errors and arguments -------------------------------------------------------------------- */

/* The protocol's numbers are those of old Unix; what it has no number for is 9999. */
static unsigned protocol_errno(int error)
{
    enum { UNKNOWN = 9999 };
    return error > 0 && error <= EROFS ? (unsigned)error : error == ENAMETOOLONG ? 91 : UNKNOWN;
}

static void fail(struct gdb_stub *g, int error)
{
    g->reply_length = 0;
    gdb_reply(g, "F-1,%x", protocol_errno(error));
}

/* A path in hexadecimal digits, ended by a comma or the end; in the target's terms. */
static bool take_path(char **p, char *path)
{
    size_t n = 0;
    while (**p && **p != ',') {
        if (n >= PATH_MAX - 1 || !gdb_take_bytes(p, &path[n], 1))
            return false;
        n++;
    }
    path[n] = 0;
    return n && strlen(path) == n;
}

static bool take_fd(struct gdb_stub *g, char **p, unsigned *slot)
{
    uint64_t n;
    if (!gdb_take_hex(p, &n) || n >= GDB_FILES_MAX || g->files[n] < 0)
        return false;
    *slot = (unsigned)n;
    return true;
}

/* ---- the calls ------------------------------------------------------------------------------- */

static void file_open(struct gdb_stub *g, char *args)
{
    char path[PATH_MAX];
    uint64_t flags, mode;
    unsigned slot = 0;
    if (!take_path(&args, path) || !gdb_take_char(&args, ',') || !gdb_take_hex(&args, &flags) ||
        !gdb_take_char(&args, ',') || !gdb_take_hex(&args, &mode) || *args) {
        fail(g, EINVAL);
        return;
    }
    while (slot < GDB_FILES_MAX && g->files[slot] >= 0)
        slot++;
    if (flags) { /* O_RDONLY is 0 */
        fail(g, EROFS);
    } else if (slot == GDB_FILES_MAX) {
        fail(g, EMFILE);
    } else {
        int fd = g->target->open_file(g->opaque, path);
        g->files[slot] = fd < 0 ? -1 : fd;
        if (fd < 0)
            fail(g, -fd);
        else
            gdb_reply(g, "F%x", slot);
    }
}

static void file_close(struct gdb_stub *g, char *args)
{
    unsigned slot;
    if (!take_fd(g, &args, &slot) || *args) {
        fail(g, EBADF);
        return;
    }
    close(g->files[slot]);
    g->files[slot] = -1;
    gdb_reply(g, "F0");
}

static void file_pread(struct gdb_stub *g, char *args)
{
    uint8_t buf[READ_MAX];
    uint64_t count, offset;
    unsigned slot;
    if (!take_fd(g, &args, &slot) || !gdb_take_char(&args, ',') || !gdb_take_hex(&args, &count) ||
        !gdb_take_char(&args, ',') || !gdb_take_hex(&args, &offset) || *args) {
        fail(g, EBADF);
        return;
    }
    ssize_t n = pread(g->files[slot], buf, count < READ_MAX ? (size_t)count : READ_MAX,
                      (off_t)offset);
    if (n < 0) {
        fail(g, errno);
        return;
    }
    gdb_reply(g, "F%zx;", (size_t)n);
    gdb_reply_bytes(g, buf, (size_t)n);
}

static void put(uint8_t **to, uint64_t value, unsigned bytes)
{
    for (unsigned i = bytes; i--;) /* big-endian */
        *(*to)++ = (uint8_t)(value >> (8 * i));
}

/* The protocol's struct stat. */
static void file_fstat(struct gdb_stub *g, char *args)
{
    struct stat st;
    uint8_t buf[64], *to = buf;
    unsigned slot;
    if (!take_fd(g, &args, &slot) || *args || fstat(g->files[slot], &st)) {
        fail(g, EBADF);
        return;
    }
    const uint32_t head[] = {(uint32_t)st.st_dev, (uint32_t)st.st_ino, st.st_mode,
                             (uint32_t)st.st_nlink, st.st_uid, st.st_gid, (uint32_t)st.st_rdev};
    for (unsigned i = 0; i < sizeof(head) / sizeof(head[0]); i++)
        put(&to, head[i], 4);
    put(&to, (uint64_t)st.st_size, 8);
    put(&to, (uint64_t)st.st_blksize, 8);
    put(&to, (uint64_t)st.st_blocks, 8);
    put(&to, (uint64_t)st.st_atime, 4);
    put(&to, (uint64_t)st.st_mtime, 4);
    put(&to, (uint64_t)st.st_ctime, 4);
    gdb_reply(g, "F%zx;", (size_t)(to - buf));
    gdb_reply_bytes(g, buf, (size_t)(to - buf));
}

static void file_readlink(struct gdb_stub *g, char *args)
{
    char path[PATH_MAX], link[PATH_MAX];
    if (!take_path(&args, path) || *args) {
        fail(g, EINVAL);
        return;
    }
    ssize_t n = g->target->read_link(g->opaque, path, link, sizeof(link));
    if (n < 0) {
        fail(g, (int)-n);
        return;
    }
    gdb_reply(g, "F%zx;", (size_t)n);
    gdb_reply_bytes(g, link, (size_t)n);
}

/* Whose file system is meant: there is one. */
static void file_setfs(struct gdb_stub *g, char *args)
{
    gdb_reply(g, "F0");
}

static const struct {
    const char *name;
    void (*run)(struct gdb_stub *g, char *args);
} calls[] = {
    {"setfs:", file_setfs}, {"open:", file_open},   {"close:", file_close},
    {"pread:", file_pread}, {"fstat:", file_fstat}, {"readlink:", file_readlink},
};

static void run_file(struct gdb_stub *g, char *args, size_t len)
{
    if (!g->target->open_file)
        return;
    for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        size_t n = strlen(calls[i].name);
        if (strncmp(args, calls[i].name, n))
            continue;
        calls[i].run(g, args + n);
        return;
    }
}

const struct gdb_command gdb_file_commands[] = {
    {"vFile", false, run_file},
    {0},
};
