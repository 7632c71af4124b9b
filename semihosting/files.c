/* Handles: consoles, the file ":semihosting-features", and files of the host. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "semihosting/internal.h"
#include "util/bits.h"
#include "util/log.h"

/* What a handle can do. Counts are bytes, -1 (with errno set) an error. */
struct file_class {
    ssize_t (*read)(struct semihosting_op *op, struct semihosting_file *f, void *buf, size_t len);
    ssize_t (*write)(struct semihosting_op *op, struct semihosting_file *f, const void *buf,
                     size_t len);
    int64_t (*length)(struct semihosting_file *f);
    int (*seek)(struct semihosting_file *f, uint32_t position);
    bool tty;
};

/* ---- consoles -------------------------------------------------------------------------------- */

static ssize_t console_read(struct semihosting_op *op, struct semihosting_file *f, void *buf,
                            size_t len)
{
    int n = op->guest->read_console(op->guest->opaque, buf, len);
    if (n == SEMIHOSTING_AGAIN) {
        op->outcome = SEMIHOSTING_WAIT;
        return 0;
    }
    return n;
}

static ssize_t console_write(struct semihosting_op *op, struct semihosting_file *f, const void *buf,
                             size_t len)
{
    op->guest->write_console(op->guest->opaque, f->stream, buf, len);
    return (ssize_t)len;
}

static int64_t console_length(struct semihosting_file *f)
{
    errno = ESPIPE;
    return -1;
}

static int console_seek(struct semihosting_file *f, uint32_t position)
{
    errno = ESPIPE;
    return -1;
}

static const struct file_class console_class = {console_read, console_write, console_length,
                                                console_seek, true};

/* ---- :semihosting-features ------------------------------------------------------------------- */

/* "SHFB", then the feature bits: SH_EXT_EXIT_EXTENDED, SH_EXT_STDOUT_STDERR. */
static const uint8_t features[] = {'S', 'H', 'F', 'B', 1 << 0 | 1 << 1};

static ssize_t features_read(struct semihosting_op *op, struct semihosting_file *f, void *buf,
                             size_t len)
{
    size_t left = sizeof(features) - f->position;
    len = len < left ? len : left;
    memcpy(buf, features + f->position, len);
    f->position += (uint32_t)len;
    return (ssize_t)len;
}

static ssize_t features_write(struct semihosting_op *op, struct semihosting_file *f,
                              const void *buf, size_t len)
{
    errno = EBADF;
    return -1;
}

static int64_t features_length(struct semihosting_file *f)
{
    return sizeof(features);
}

static int features_seek(struct semihosting_file *f, uint32_t position)
{
    errno = EINVAL;
    if (position > sizeof(features))
        return -1;
    f->position = position;
    return 0;
}

static const struct file_class features_class = {features_read, features_write, features_length,
                                                 features_seek, false};

/* ---- files of the host ----------------------------------------------------------------------- */

static ssize_t host_read(struct semihosting_op *op, struct semihosting_file *f, void *buf,
                         size_t len)
{
    return read(f->fd, buf, len);
}

static ssize_t host_write(struct semihosting_op *op, struct semihosting_file *f, const void *buf,
                          size_t len)
{
    return write(f->fd, buf, len);
}

static int64_t host_length(struct semihosting_file *f)
{
    struct stat st;
    return fstat(f->fd, &st) ? -1 : st.st_size;
}

static int host_seek(struct semihosting_file *f, uint32_t position)
{
    return lseek(f->fd, position, SEEK_SET) < 0 ? -1 : 0;
}

static const struct file_class host_class = {host_read, host_write, host_length, host_seek, false};

/* ---- files of a debugger that has left ------------------------------------------------------- */

static ssize_t gone_read(struct semihosting_op *op, struct semihosting_file *f, void *buf,
                         size_t len)
{
    errno = EIO;
    return -1;
}

static ssize_t gone_write(struct semihosting_op *op, struct semihosting_file *f, const void *buf,
                          size_t len)
{
    errno = EIO;
    return -1;
}

static int64_t gone_length(struct semihosting_file *f)
{
    errno = EIO;
    return -1;
}

static int gone_seek(struct semihosting_file *f, uint32_t position)
{
    errno = EIO;
    return -1;
}

static const struct file_class remote_class = {gone_read, gone_write, gone_length, gone_seek,
                                               false};

/* ---- handles --------------------------------------------------------------------------------- */

static struct semihosting_file *find(struct semihosting *sh, uint32_t handle)
{
    if (handle && handle <= SEMIHOSTING_HANDLES && sh->files[handle - 1].class)
        return &sh->files[handle - 1];
    errno = EBADF;
    return NULL;
}

static uint32_t new_handle(struct semihosting *sh, const struct semihosting_file *file)
{
    for (uint32_t i = 0; i < SEMIHOSTING_HANDLES; i++) {
        if (!sh->files[i].class) {
            sh->files[i] = *file;
            return i + 1;
        }
    }
    errno = EMFILE;
    return 0;
}

static int file_close(struct semihosting_file *f)
{
    int result = f->class == &host_class ? close(f->fd) : 0;
    f->class = NULL;
    return result;
}

enum semihosting_side semihosting_file_side(struct semihosting *sh, uint32_t handle,
                                            struct semihosting_file **f, int *fd)
{
    static const int console[] = {[SEMIHOSTING_STDIN] = 0, [SEMIHOSTING_STDOUT] = 1,
                                  [SEMIHOSTING_STDERR] = 2, [SEMIHOSTING_DEBUG] = 2};
    *f = find(sh, handle);
    if (!*f || ((*f)->class != &remote_class && (*f)->class != &console_class))
        return SEMIHOSTING_HERE;
    *fd = (*f)->class == &console_class ? console[(*f)->stream] : (*f)->fd;
    return SEMIHOSTING_DEBUGGER;
}

bool semihosting_has_handle(const struct semihosting *sh)
{
    for (uint32_t i = 0; i < SEMIHOSTING_HANDLES; i++)
        if (!sh->files[i].class)
            return true;
    errno = EMFILE;
    return false;
}

uint32_t semihosting_remote_handle(struct semihosting *sh, int fd, bool readable, bool writable)
{
    const struct semihosting_file f = {
        .class = &remote_class, .fd = fd, .readable = readable, .writable = writable};
    return new_handle(sh, &f);
}

bool semihosting_name_is_ours(const char *name)
{
    return !strcmp(name, ":tt") || !strcmp(name, ":semihosting-features");
}

void semihosting_close_all(struct semihosting *sh)
{
    for (unsigned i = 0; i < SEMIHOSTING_HANDLES; i++)
        if (sh->files[i].class)
            file_close(&sh->files[i]);
}

/* ---- open ------------------------------------------------------------------------------------ */

/* fopen's modes: r, rb, r+, r+b, w, wb, w+, w+b, a, ab, a+, a+b. Bit 0 (binary) means nothing
 * here. */
static const int open_flags[] = {
    O_RDONLY, O_RDWR, O_WRONLY | O_CREAT | O_TRUNC, O_RDWR | O_CREAT | O_TRUNC,
    O_WRONLY | O_CREAT | O_APPEND, O_RDWR | O_CREAT | O_APPEND,
};
enum { OPEN_MODES = 12, MODE_WRITE = 4, MODE_APPEND = 8 };

static bool open_console(uint32_t mode, struct semihosting_file *f)
{
    f->class = &console_class;
    f->stream = mode < MODE_WRITE    ? SEMIHOSTING_STDIN
                : mode < MODE_APPEND ? SEMIHOSTING_STDOUT
                                     : SEMIHOSTING_STDERR;
    f->readable = mode < MODE_WRITE;
    f->writable = !f->readable;
    return true;
}

static bool open_features(uint32_t mode, struct semihosting_file *f)
{
    f->class = &features_class;
    f->readable = true;
    errno = EACCES;
    return mode <= 1;
}

static bool open_host(struct semihosting *sh, const char *name, uint32_t mode,
                      struct semihosting_file *f)
{
    int flags = open_flags[mode / 2];
    f->class = &host_class;
    f->readable = (flags & O_ACCMODE) != O_WRONLY;
    f->writable = (flags & O_ACCMODE) != O_RDONLY;
    f->fd = semihosting_root_open(sh, name, flags);
    if (f->fd < 0 && sh->root < 0)
        log_write(LOG_GUEST_ERRORS, "semihosting: '%s' is not opened: no folder is granted "
                                    "(-semihosting-config root=DIR)", name);
    return f->fd >= 0;
}

bool semihosting_read_name(struct semihosting_op *op, uint32_t addr, uint32_t len,
                           char name[SEMIHOSTING_NAME_MAX + 1])
{
    if (len > SEMIHOSTING_NAME_MAX) {
        semihosting_fail(op->sh, ENAMETOOLONG);
        return false;
    }
    if (!op->guest->read(op->guest->opaque, addr, name, len)) {
        semihosting_fail(op->sh, EFAULT);
        return false;
    }
    name[len] = 0;
    return true;
}

uint32_t semihosting_open(struct semihosting_op *op)
{
    struct semihosting *sh = op->sh;
    struct semihosting_file f = {.fd = -1};
    char name[SEMIHOSTING_NAME_MAX + 1];
    uint32_t mode = op->word[1];
    if (mode >= OPEN_MODES)
        return semihosting_fail(sh, EINVAL);
    if (!semihosting_read_name(op, op->word[0], op->word[2], name))
        return SEMIHOSTING_ERROR;
    bool ok = !strcmp(name, ":tt")                       ? open_console(mode, &f)
              : !strcmp(name, ":semihosting-features") ? open_features(mode, &f)
                                                         : open_host(sh, name, mode, &f);
    uint32_t handle = ok ? new_handle(sh, &f) : 0;
    if (!handle) {
        int error = errno;
        if (ok)
            file_close(&f);
        return semihosting_fail(sh, error);
    }
    return handle;
}

/* ---- calls on handles ------------------------------------------------------------------------ */

uint32_t semihosting_close(struct semihosting_op *op)
{
    struct semihosting_file *f = find(op->sh, op->word[0]);
    return f && !file_close(f) ? 0 : semihosting_fail(op->sh, errno);
}

/* Results are the numbers of bytes that were not written, or not read. */
uint32_t semihosting_write(struct semihosting_op *op)
{
    uint8_t buf[SEMIHOSTING_CHUNK];
    struct semihosting_file *f = find(op->sh, op->word[0]);
    uint32_t addr = op->word[1], left = op->word[2];
    if (f && !f->writable) {
        errno = EBADF;
        f = NULL;
    }
    if (!f)
        semihosting_fail(op->sh, errno);
    while (f && left) {
        uint32_t len = left < sizeof(buf) ? left : (uint32_t)sizeof(buf);
        if (!op->guest->read(op->guest->opaque, addr, buf, len)) {
            semihosting_fail(op->sh, EFAULT);
            break;
        }
        ssize_t n = f->class->write(op, f, buf, len);
        if (n < 0)
            semihosting_fail(op->sh, errno);
        if (n <= 0)
            break;
        addr += (uint32_t)n;
        left -= (uint32_t)n;
    }
    return left;
}

uint32_t semihosting_read(struct semihosting_op *op)
{
    uint8_t buf[SEMIHOSTING_CHUNK];
    struct semihosting_file *f = find(op->sh, op->word[0]);
    uint32_t addr = op->word[1], left = op->word[2];
    if (!f || !f->readable)
        return semihosting_fail(op->sh, EBADF);
    while (left) {
        uint32_t len = left < sizeof(buf) ? left : (uint32_t)sizeof(buf);
        /* What was read cannot be given back: look whether there is somewhere to put it. */
        if (!op->guest->read(op->guest->opaque, addr, buf, len) ||
            !op->guest->write(op->guest->opaque, addr, buf, len))
            return semihosting_fail(op->sh, EFAULT);
        ssize_t n = f->class->read(op, f, buf, len);
        if (n < 0)
            return semihosting_fail(op->sh, errno);
        if (n == 0)
            break;
        if (!op->guest->write(op->guest->opaque, addr, buf, (uint32_t)n))
            return semihosting_fail(op->sh, EFAULT);
        addr += (uint32_t)n;
        left -= (uint32_t)n;
        if (f->class->tty) /* what has been typed */
            break;
    }
    return left;
}

uint32_t semihosting_is_tty(struct semihosting_op *op)
{
    struct semihosting_file *f = find(op->sh, op->word[0]);
    return f ? f->class->tty : semihosting_fail(op->sh, errno);
}

uint32_t semihosting_seek(struct semihosting_op *op)
{
    struct semihosting_file *f = find(op->sh, op->word[0]);
    return f && !f->class->seek(f, op->word[1]) ? 0 : semihosting_fail(op->sh, errno);
}

uint32_t semihosting_flen(struct semihosting_op *op)
{
    struct semihosting_file *f = find(op->sh, op->word[0]);
    int64_t length = f ? f->class->length(f) : -1;
    if (length > INT32_MAX) {
        length = -1;
        errno = EOVERFLOW;
    }
    return length < 0 ? semihosting_fail(op->sh, errno) : (uint32_t)length;
}

/* ---- calls on names -------------------------------------------------------------------------- */

uint32_t semihosting_tmpnam(struct semihosting_op *op)
{
    char name[32];
    if (op->word[1] > 255)
        return semihosting_fail(op->sh, EINVAL);
    if (op->sh->root < 0 || op->sh->readonly) /* no file could be made with it */
        return semihosting_fail(op->sh, op->sh->root < 0 ? EACCES : EROFS);
    uint32_t len = (uint32_t)snprintf(name, sizeof(name), "semihosting-%02x.tmp", op->word[1]) + 1;
    if (op->word[2] < len)
        return semihosting_fail(op->sh, ENAMETOOLONG);
    if (!op->guest->write(op->guest->opaque, op->word[0], name, len))
        return semihosting_fail(op->sh, EFAULT);
    return 0;
}

uint32_t semihosting_remove(struct semihosting_op *op)
{
    char name[SEMIHOSTING_NAME_MAX + 1];
    if (!semihosting_read_name(op, op->word[0], op->word[1], name))
        return SEMIHOSTING_ERROR;
    return semihosting_root_remove(op->sh, name) ? semihosting_fail(op->sh, errno) : 0;
}

uint32_t semihosting_rename(struct semihosting_op *op)
{
    char from[SEMIHOSTING_NAME_MAX + 1], to[SEMIHOSTING_NAME_MAX + 1];
    if (!semihosting_read_name(op, op->word[0], op->word[1], from) ||
        !semihosting_read_name(op, op->word[2], op->word[3], to))
        return SEMIHOSTING_ERROR;
    return semihosting_root_rename(op->sh, from, to) ? semihosting_fail(op->sh, errno) : 0;
}
