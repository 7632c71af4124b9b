/* What the files of semihosting/ share. */
#ifndef ARMEMU_SEMIHOSTING_INTERNAL_H
#define ARMEMU_SEMIHOSTING_INTERNAL_H

#include <pthread.h>

#include "semihosting/semihosting.h"

#define SEMIHOSTING_ERROR 0xffffffffu

enum { SEMIHOSTING_HANDLES = 256, SEMIHOSTING_NAME_MAX = 4095, SEMIHOSTING_CHUNK = 4096 };

struct file_class;

/* An open handle. */
struct semihosting_file {
    const struct file_class *class; /* NULL: free */
    enum semihosting_stream stream; /* consoles */
    int fd;                         /* files of the host; the debugger's number for its files */
    uint32_t position;              /* ":semihosting-features" */
    bool readable, writable;
};

struct semihosting {
    pthread_mutex_t lock;
    int root;              /* descriptor of the granted folder, or -1 */
    char *root_path;       /* its absolute name, for guests that use such names; may be NULL */
    bool readonly;
    char *command_line;
    int32_t error;         /* for SYS_ERRNO: the guest's number */
    struct semihosting_file files[SEMIHOSTING_HANDLES]; /* handle - 1 */
};

/* A call that is being carried out. */
struct semihosting_op {
    struct semihosting *sh;
    const struct semihosting_guest *guest;
    uint32_t arg;     /* R1 */
    uint32_t word[4]; /* of the block that R1 points at */
    enum semihosting_outcome outcome;
    struct semihosting_exit *end;
};

/** Note the host's @error for SYS_ERRNO, as the number that newlib and picolibc know it by; returns
 * SEMIHOSTING_ERROR. */
uint32_t semihosting_fail(struct semihosting *sh, int error);

/** Read or write @count words at @addr in the guest's order of bytes. */
bool semihosting_read_words(const struct semihosting_guest *g, uint32_t addr, uint32_t *words,
                            unsigned count);
bool semihosting_write_words(const struct semihosting_guest *g, uint32_t addr,
                             const uint32_t *words, unsigned count);

/** Read the name of @len bytes at @addr into @name; false with the error noted. */
bool semihosting_read_name(struct semihosting_op *op, uint32_t addr, uint32_t len,
                           char name[SEMIHOSTING_NAME_MAX + 1]);

/* files.c: calls on handles and names */
uint32_t semihosting_open(struct semihosting_op *op);
uint32_t semihosting_close(struct semihosting_op *op);
uint32_t semihosting_write(struct semihosting_op *op);
uint32_t semihosting_read(struct semihosting_op *op);
uint32_t semihosting_is_tty(struct semihosting_op *op);
uint32_t semihosting_seek(struct semihosting_op *op);
uint32_t semihosting_flen(struct semihosting_op *op);
uint32_t semihosting_tmpnam(struct semihosting_op *op);
uint32_t semihosting_remove(struct semihosting_op *op);
uint32_t semihosting_rename(struct semihosting_op *op);
void semihosting_close_all(struct semihosting *sh);

/** Who serves a handle. */
enum semihosting_side { SEMIHOSTING_HERE, SEMIHOSTING_DEBUGGER };

/** The file of @handle with its side, given that there is a debugger; *@fd is the debugger's
 * number. SEMIHOSTING_HERE also for handles that are none. */
enum semihosting_side semihosting_file_side(struct semihosting *sh, uint32_t handle,
                                            struct semihosting_file **f, int *fd);
/** Can one more handle be made? errno is set if not. */
bool semihosting_has_handle(const struct semihosting *sh);
/** A handle for the debugger's file @fd. */
uint32_t semihosting_remote_handle(struct semihosting *sh, int fd, bool readable, bool writable);
/** Is @name served by us, even when there is a debugger? */
bool semihosting_name_is_ours(const char *name);

/* remote.c: the same calls for the debugger; those that are not about its files are passed on. */
uint32_t semihosting_remote_open(struct semihosting_op *op);
uint32_t semihosting_remote_close(struct semihosting_op *op);
uint32_t semihosting_remote_writec(struct semihosting_op *op);
uint32_t semihosting_remote_write0(struct semihosting_op *op);
uint32_t semihosting_remote_write(struct semihosting_op *op);
uint32_t semihosting_remote_read(struct semihosting_op *op);
uint32_t semihosting_remote_readc(struct semihosting_op *op);
uint32_t semihosting_remote_is_tty(struct semihosting_op *op);
uint32_t semihosting_remote_seek(struct semihosting_op *op);
uint32_t semihosting_remote_flen(struct semihosting_op *op);
uint32_t semihosting_remote_tmpnam(struct semihosting_op *op);
uint32_t semihosting_remote_remove(struct semihosting_op *op);
uint32_t semihosting_remote_rename(struct semihosting_op *op);
uint32_t semihosting_remote_time(struct semihosting_op *op);

/* root.c: names within the granted folder. All return -1 with errno set on errors, EACCES for names
 * that lead out of it. */
int semihosting_root_open(const struct semihosting *sh, const char *name, int flags);
int semihosting_root_remove(const struct semihosting *sh, const char *name);
int semihosting_root_rename(const struct semihosting *sh, const char *from, const char *to);

#endif
