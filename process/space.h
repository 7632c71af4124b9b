/*
 * The guest's address space: a 4 GiB window of the host's, with reserved memory on both sides. The
 * host's page tables are the guest's; what is kept here are the guest's rights, as pages that
 * translated code was made from are not writable for the host.
 */
#ifndef ARMEMU_PROCESS_SPACE_H
#define ARMEMU_PROCESS_SPACE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/error.h"

struct engine;

enum {
    SPACE_PAGE = 4096,
    SPACE_PAGES = 1 << 20,
    SPACE_GUARD = 1 << 16,
};
#define SPACE_FIRST 0x00001000u /* lowest address that can be mapped */
#define SPACE_LOW 0x00010000u   /* lowest address that is chosen */
#define SPACE_TOP 0xffff0000u   /* end of what programs can map at most */

/* Of a page. A page without flags is free. */
enum space_flag {
    SPACE_READ = 1,
    SPACE_WRITE = 2,
    SPACE_EXEC = 4,
    SPACE_MAPPED = 8,
    SPACE_CODE = 16, /* translated code was made from it: the host cannot write, but where it is */
    SPACE_OPEN = 32, /* one that programs write to all the time, */
    SPACE_TRUSTED = 64, /* and say when what they write is code */
    SPACE_ALONE = 128,  /* children do not have it (MADV_DONTFORK) */
};

struct space {
    uint8_t *base; /* host address of guest address 0 */
    bool holes;    /* what is not mapped need not be reserved, once it has been */
    uint32_t top;  /* end of what programs can map */
    struct engine *engine;
    pthread_mutex_t map_lock;  /* held while mappings change; before engine.lock */
    pthread_mutex_t page_lock; /* flags agree with the host's rights; innermost */
    _Atomic uint8_t *flags;    /* by page */
    _Atomic uint8_t *writes;   /* by page: how often it was written to while it held code */
    uint32_t brk_start, brk;
    uint32_t
        full_from; /* all pages between this and where addresses are chosen at first are mapped */
    bool read_implies_exec;
    bool alone; /* there may be pages with SPACE_ALONE */
    void (*shared)(void *opaque); /* a writable shared mapping was made */
    void *opaque;
};

/** Reserve the window, with guest address 0 at host address @base (0: anywhere), for programs that
 * map memory below @top. */
bool space_init(struct space *s, uint64_t base, uint32_t top, struct error *e);

/** Let the host's segment GS of this thread start at the window, for translated code. False: the
 * host refuses. */
bool space_set_segment(const struct space *s);

static inline void *space_host(const struct space *s, uint32_t addr)
{
    return s->base + addr;
}

static inline uint8_t space_flags(const struct space *s, uint32_t addr)
{
    return atomic_load_explicit(&s->flags[addr / SPACE_PAGE], memory_order_relaxed);
}

/* These take and return what the system calls of the same name do, -errno for errors. */
int64_t space_map(struct space *s, uint32_t addr, uint32_t len, int prot, int flags, int fd,
                  int64_t offset);
int space_unmap(struct space *s, uint32_t addr, uint32_t len);
int space_protect(struct space *s, uint32_t addr, uint32_t len, int prot);
int64_t space_remap(struct space *s, uint32_t addr, uint32_t old_len, uint32_t new_len, int flags,
                    uint32_t new_addr);
uint32_t space_set_brk(struct space *s, uint32_t brk);
/** MADV_DONTFORK (@alone) or MADV_DOFORK of mapped memory. */
void space_set_alone(struct space *s, uint32_t addr, uint32_t len, bool alone);
/** In the child of a fork: what it does not have is free. */
void space_forked(struct space *s);
/** As space_map of anonymous memory at @addr, without regard to its top. */
bool space_map_fixed(struct space *s, uint32_t addr, uint32_t len, int prot, struct error *e);

/** Is nothing mapped in the range, whose ends are those of pages? */
bool space_is_free(const struct space *s, uint32_t addr, uint64_t len);
/** Are all pages of the range mapped with the rights @flags? */
bool space_has(const struct space *s, uint32_t addr, uint32_t len, unsigned flags);

/** The host's kernel, or the caller, is going to write to the range: pages of it that hold code
 * lose that. */
void space_will_write(struct space *s, uint32_t addr, uint32_t len);
/** Code of the range was changed by means that the host does not notice, or it goes away. */
void space_drop_code(struct space *s, uint32_t addr, uint32_t len);

/** The program says that the range holds new code. */
void space_flush_code(struct space *s, uint32_t addr, uint32_t len);

/** The page at @addr holds translated code from now on, or no longer. */
void space_code_protect(struct space *s, uint32_t addr);
void space_code_unprotect(struct space *s, uint32_t addr);

/** While a thread runs translated code and the others wait: let the host refuse writes to the page
 * at @addr, and @reads. */
void space_refuse(struct space *s, uint32_t addr, bool reads);
void space_refuse_end(struct space *s, uint32_t addr);

/** A write of the guest to @addr was refused by the host. True: it may be tried again. */
bool space_write_fault(struct space *s, uint32_t addr);

#endif
