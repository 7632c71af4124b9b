/*
 * Consoles and files that a debugger serves, by the requests of GDB's File-I/O: one per call. The
 * debugger reads and writes the program's memory itself.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "semihosting/internal.h"
#include "util/bits.h"
#include "util/log.h"

/* File-I/O's numbers. Those of errors are newlib's, but for the one that says nothing. */
enum {
    FIO_WRONLY = 1, FIO_RDWR = 2, FIO_APPEND = 8, FIO_CREAT = 0x200, FIO_TRUNC = 0x400,
    FIO_MODE = 0644, FIO_UNKNOWN = 9999,
    FIO_STDIN = 0, FIO_STDERR = 2,
    FIO_STAT_SIZE = 28, /* st_size in its struct stat: 8 bytes, big-endian as all of it */
};

enum { STRING_MAX = 16 << 20, STRING_PART = 64, REQUEST_MAX = INT32_MAX };

/* The answer to a request, -1 with the error noted. False: there is none yet, and the result of the
 * call does not matter. */
__attribute__((format(printf, 3, 4)))
static bool ask(struct semihosting_op *op, int64_t *result, const char *fmt, ...)
{
    struct semihosting_request *r = op->guest->debugger;
    *result = -1;
    if (!r) {
        log_write(LOG_GUEST_ERRORS,
                  "semihosting: a call fails, since no debugger is there to serve it");
        semihosting_fail(op->sh, EIO);
        return true;
    }
    if (r->answered) {
        r->answered = false;
        *result = r->result;
        if (r->result < 0)
            op->sh->error = r->error && r->error != FIO_UNKNOWN ? (int32_t)r->error : EIO;
        return true;
    }
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(r->text, sizeof(r->text), fmt, ap);
    va_end(ap);
    memset(r->scratch, 0, sizeof(r->scratch));
    op->outcome = SEMIHOSTING_ASK;
    return false;
}

static uint64_t scratch_number(const struct semihosting_op *op, unsigned at, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value = value << 8 | op->guest->debugger->scratch[at + i];
    return value;
}

/* File-I/O's names end with a 0, which is in the program's memory. */
static bool name_ends(struct semihosting_op *op, uint32_t addr, uint32_t len,
                      char name[SEMIHOSTING_NAME_MAX + 1])
{
    char end = 1;
    if (!semihosting_read_name(op, addr, len, name))
        return false;
    if (op->guest->read(op->guest->opaque, addr + len, &end, 1) && !end)
        return true;
    semihosting_fail(op->sh, EINVAL);
    return false;
}

/* 0, or the error. */
static uint32_t ask_status(struct semihosting_op *op, int64_t result)
{
    return result < 0 ? SEMIHOSTING_ERROR : 0;
}

uint32_t semihosting_remote_open(struct semihosting_op *op)
{
    static const int flags[] = {
        0, FIO_RDWR, FIO_WRONLY | FIO_CREAT | FIO_TRUNC, FIO_RDWR | FIO_CREAT | FIO_TRUNC,
        FIO_WRONLY | FIO_CREAT | FIO_APPEND, FIO_RDWR | FIO_CREAT | FIO_APPEND,
    };
    char name[SEMIHOSTING_NAME_MAX + 1];
    uint32_t mode = op->word[1] / 2, addr = op->word[0], len = op->word[2];
    int64_t fd;
    if (mode >= ARRAY_SIZE(flags))
        return semihosting_fail(op->sh, EINVAL);
    if (!semihosting_read_name(op, addr, len, name))
        return SEMIHOSTING_ERROR;
    if (semihosting_name_is_ours(name))
        return semihosting_open(op);
    if (!name_ends(op, addr, len, name))
        return SEMIHOSTING_ERROR;
    if (!semihosting_has_handle(op->sh))
        return semihosting_fail(op->sh, errno);
    if (!ask(op, &fd, "open,%x/%x,%x,%x", addr, len + 1, flags[mode], FIO_MODE) || fd < 0)
        return SEMIHOSTING_ERROR;
    return semihosting_remote_handle(op->sh, (int)fd, (flags[mode] & 3) != FIO_WRONLY,
                                     (flags[mode] & 3) != 0);
}

uint32_t semihosting_remote_close(struct semihosting_op *op)
{
    struct semihosting_file *f;
    int64_t result;
    int fd;
    if (semihosting_file_side(op->sh, op->word[0], &f, &fd) == SEMIHOSTING_HERE || fd <= FIO_STDERR)
        return semihosting_close(op); /* GDB's consoles stay open */
    if (!ask(op, &result, "close,%x", fd))
        return 0;
    f->class = NULL;
    return ask_status(op, result);
}

/* Of @len bytes, those that were not transferred. */
static uint32_t rest(uint32_t len, int64_t done)
{
    return done <= 0 ? len : done >= len ? 0 : len - (uint32_t)done;
}

static uint32_t transfer_length(uint32_t len)
{
    return len < REQUEST_MAX ? len : REQUEST_MAX;
}

uint32_t semihosting_remote_write(struct semihosting_op *op)
{
    struct semihosting_file *f;
    uint32_t len = op->word[2];
    int64_t n;
    int fd;
    if (semihosting_file_side(op->sh, op->word[0], &f, &fd) == SEMIHOSTING_HERE || !f->writable ||
        !len)
        return semihosting_write(op);
    ask(op, &n, "write,%x,%x,%x", fd, op->word[1], transfer_length(len));
    return rest(len, n);
}

uint32_t semihosting_remote_read(struct semihosting_op *op)
{
    struct semihosting_file *f;
    uint32_t len = op->word[2];
    int64_t n;
    int fd;
    if (semihosting_file_side(op->sh, op->word[0], &f, &fd) == SEMIHOSTING_HERE || !f->readable ||
        !len)
        return semihosting_read(op);
    ask(op, &n, "read,%x,%x,%x", fd, op->word[1], transfer_length(len));
    return n < 0 ? SEMIHOSTING_ERROR : rest(len, n);
}

uint32_t semihosting_remote_writec(struct semihosting_op *op)
{
    int64_t n;
    ask(op, &n, "write,%x,%x,1", FIO_STDERR, op->arg);
    return op->arg;
}

uint32_t semihosting_remote_write0(struct semihosting_op *op)
{
    uint8_t part[STRING_PART];
    uint32_t len = 0, n, used;
    int64_t result;
    do {
        n = STRING_PART - (op->arg + len) % STRING_PART;
        if (!op->guest->read(op->guest->opaque, op->arg + len, part, n)) {
            semihosting_fail(op->sh, EFAULT);
            break;
        }
        used = (uint32_t)strnlen((const char *)part, n);
        len += used;
    } while (used == n && len < STRING_MAX);
    if (len)
        ask(op, &result, "write,%x,%x,%x", FIO_STDERR, op->arg, len);
    return op->arg;
}

uint32_t semihosting_remote_readc(struct semihosting_op *op)
{
    int64_t n;
    if (!ask(op, &n, "read,%x,%x,1", FIO_STDIN, SEMIHOSTING_SCRATCH) || n != 1)
        return SEMIHOSTING_ERROR;
    return op->guest->debugger->scratch[0];
}

uint32_t semihosting_remote_is_tty(struct semihosting_op *op)
{
    struct semihosting_file *f;
    int64_t result;
    int fd;
    if (semihosting_file_side(op->sh, op->word[0], &f, &fd) == SEMIHOSTING_HERE)
        return semihosting_is_tty(op);
    ask(op, &result, "isatty,%x", fd);
    return result < 0 ? SEMIHOSTING_ERROR : result != 0;
}

uint32_t semihosting_remote_seek(struct semihosting_op *op)
{
    struct semihosting_file *f;
    int64_t result;
    int fd;
    if (semihosting_file_side(op->sh, op->word[0], &f, &fd) == SEMIHOSTING_HERE)
        return semihosting_seek(op);
    ask(op, &result, "lseek,%x,%x,0", fd, op->word[1]);
    return ask_status(op, result);
}

uint32_t semihosting_remote_flen(struct semihosting_op *op)
{
    struct semihosting_file *f;
    int64_t result;
    int fd;
    if (semihosting_file_side(op->sh, op->word[0], &f, &fd) == SEMIHOSTING_HERE || fd <= FIO_STDERR)
        return semihosting_flen(op);
    if (!ask(op, &result, "fstat,%x,%x", fd, SEMIHOSTING_SCRATCH) || result < 0)
        return SEMIHOSTING_ERROR;
    uint64_t size = scratch_number(op, FIO_STAT_SIZE, 8);
    return size > INT32_MAX ? semihosting_fail(op->sh, EOVERFLOW) : (uint32_t)size;
}

/* A name in the debugger's folder. */
uint32_t semihosting_remote_tmpnam(struct semihosting_op *op)
{
    char name[32];
    if (op->word[1] > 255)
        return semihosting_fail(op->sh, EINVAL);
    uint32_t len = (uint32_t)snprintf(name, sizeof(name), "semihosting-%02x.tmp", op->word[1]) + 1;
    if (op->word[2] < len)
        return semihosting_fail(op->sh, ENAMETOOLONG);
    return op->guest->write(op->guest->opaque, op->word[0], name, len)
               ? 0 : semihosting_fail(op->sh, EFAULT);
}

uint32_t semihosting_remote_remove(struct semihosting_op *op)
{
    char name[SEMIHOSTING_NAME_MAX + 1];
    int64_t result;
    if (!name_ends(op, op->word[0], op->word[1], name))
        return SEMIHOSTING_ERROR;
    ask(op, &result, "unlink,%x/%x", op->word[0], op->word[1] + 1);
    return ask_status(op, result);
}

uint32_t semihosting_remote_rename(struct semihosting_op *op)
{
    char name[SEMIHOSTING_NAME_MAX + 1];
    int64_t result;
    if (!name_ends(op, op->word[0], op->word[1], name) ||
        !name_ends(op, op->word[2], op->word[3], name))
        return SEMIHOSTING_ERROR;
    ask(op, &result, "rename,%x/%x,%x/%x", op->word[0], op->word[1] + 1, op->word[2],
        op->word[3] + 1);
    return ask_status(op, result);
}

uint32_t semihosting_remote_time(struct semihosting_op *op)
{
    int64_t result;
    if (!ask(op, &result, "gettimeofday,%x,0", SEMIHOSTING_SCRATCH) || result < 0)
        return SEMIHOSTING_ERROR;
    return (uint32_t)scratch_number(op, 0, 4);
}
