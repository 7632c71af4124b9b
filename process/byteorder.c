#include "process/byteorder.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "process/byteorder_swap.h"
#include "process/syscall.h"
#include "process/trace.h"
#include "util/bits.h"

enum { COPIES = 1 << 20, PIECES_STEP = 64, STRINGS_LIMIT = 1 << 17 };

struct byteorder_piece {
    uint32_t guest, copy, len;
    uint32_t len_at; /* where the copies say how many bytes were written; 0: all */
    uint32_t words;  /* which are written back, a bit each; 0: all bytes */
    swap_fn *swap;
    const struct conv *conv;
    bool written;
};

/* ---- pieces ---------------------------------------------------------------------------------- */

static uint32_t load(const struct byteorder_call *c, uint32_t addr)
{
    uint32_t v;
    memcpy(&v, guest_ptr(c->t, addr), sizeof(v));
    return __builtin_bswap32(v);
}

static uint32_t copy_load(const struct byteorder_call *c, uint32_t addr)
{
    uint32_t v;
    memcpy(&v, guest_ptr(c->t, addr), sizeof(v));
    return v;
}

static void copy_store(const struct byteorder_call *c, uint32_t addr, uint32_t v)
{
    memcpy(guest_ptr(c->t, addr), &v, sizeof(v));
}

static uint32_t fail(struct byteorder_call *c, int error)
{
    c->error = c->error ? c->error : error;
    return 0;
}

static struct byteorder_piece *new_piece(struct byteorder_call *c)
{
    if (c->count % PIECES_STEP == 0) {
        void *more = realloc(c->pieces, (c->count + PIECES_STEP) * sizeof(*c->pieces));
        if (!more)
            abort();
        c->pieces = more;
    }
    return &c->pieces[c->count++];
}

/* A copy of @len bytes at @addr in the host's order; its address. 0 with c->error: it cannot be
 * made. */
static uint32_t add(struct byteorder_call *c, uint32_t addr, uint32_t len, swap_fn *swap,
                    const struct conv *conv, bool written)
{
    struct task *t = c->t;
    uint32_t room = (uint32_t)align_up(len, 8);
    if (c->error || len > COPIES || room > COPIES - c->used)
        return fail(c, -ENOMEM);
    if (!t->copies) {
        int64_t at = space_map(&t->process->space, 0, COPIES, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (at < 0)
            return fail(c, -ENOMEM);
        t->copies = (uint32_t)at;
    }
    if (!space_has(&t->process->space, addr, len, written ? SPACE_WRITE : SPACE_READ))
        return fail(c, -EFAULT);
    uint32_t copy = t->copies + c->used;
    c->used += room;
    memcpy(guest_ptr(t, copy), guest_ptr(t, addr), len);
    swap(guest_ptr(t, copy), len, conv, true);
    *new_piece(c) = (struct byteorder_piece){
        .guest = addr, .copy = copy, .len = len, .swap = swap, .conv = conv, .written = written};
    return copy;
}

/* ---- by function: what points further, or depends on other arguments --------------------------
 */

/* A message: name, its length, vectors, their number, ancillary data, its length, flags. */
enum {
    MSG_NAME,
    MSG_NAME_LENGTH,
    MSG_VECTORS,
    MSG_COUNT,
    MSG_CONTROL,
    MSG_CONTROL_LENGTH,
    MSG_FLAGS,
    MSG_WORDS
};
enum {
    MSG_WRITTEN = 1 << MSG_NAME_LENGTH | 1 << MSG_CONTROL_LENGTH | 1 << MSG_FLAGS | 1 << MSG_WORDS
};

/* What the message at @copy points to. */
static void add_message_parts(struct byteorder_call *c, uint32_t copy, bool written)
{
    uint32_t w[MSG_WORDS];
    memcpy(w, guest_ptr(c->t, copy), sizeof(w));
    if (w[MSG_NAME] && w[MSG_NAME_LENGTH])
        copy_store(c, copy + 4 * MSG_NAME,
                   add(c, w[MSG_NAME], w[MSG_NAME_LENGTH], swap_sockaddr, NULL, written));
    if (w[MSG_VECTORS] && w[MSG_COUNT] && w[MSG_COUNT] <= IOV_LIMIT)
        copy_store(c, copy + 4 * MSG_VECTORS,
                   add(c, w[MSG_VECTORS], 8 * w[MSG_COUNT], swap_words, NULL, false));
    if (!w[MSG_CONTROL] || !w[MSG_CONTROL_LENGTH])
        return;
    uint32_t control = add(c, w[MSG_CONTROL], w[MSG_CONTROL_LENGTH], swap_control, NULL, written);
    copy_store(c, copy + 4 * MSG_CONTROL, control);
    if (!c->error)
        c->pieces[c->count - 1].len_at = copy + 4 * MSG_CONTROL_LENGTH;
}

static uint32_t add_messages(struct byteorder_call *c, uint32_t addr, uint32_t count, uint32_t size,
                             bool written)
{
    uint32_t copies = 0;
    for (uint32_t i = 0; i < count && !c->error; i++) {
        uint32_t copy = add(c, addr + i * size, size, swap_words, NULL, true);
        copies = i ? copies : copy;
        if (c->error)
            return 0;
        c->pieces[c->count - 1].words = MSG_WRITTEN;
        assert(copy == copies + i * size || i == 0);
    }
    for (uint32_t i = 0; i < count && !c->error; i++)
        add_message_parts(c, copies + i * size, written);
    return copies;
}

static bool receives(const struct byteorder_call *c)
{
    return !strncmp(c->name, "recv", 4);
}

static uint32_t add_msghdr(struct byteorder_call *c, unsigned k, bool written)
{
    return add_messages(c, c->a[k], 1, 4 * MSG_WORDS, receives(c));
}

static uint32_t add_mmsghdr(struct byteorder_call *c, unsigned k, bool written)
{
    uint32_t count = c->a[k + 1] < IOV_LIMIT ? c->a[k + 1] : IOV_LIMIT;
    return add_messages(c, c->a[k], count, 4 * (MSG_WORDS + 1), receives(c));
}

static uint32_t add_strings(struct byteorder_call *c, unsigned k, bool written)
{
    uint32_t n = 0;
    while (n < STRINGS_LIMIT && load(c, c->a[k] + 4 * n))
        n++;
    return add(c, c->a[k], 4 * (n + 1), swap_words, NULL, false);
}

/* The address and the size of a mask. */
static uint32_t add_masked(struct byteorder_call *c, unsigned k, bool written)
{
    uint32_t copy = add(c, c->a[k], 8, swap_words, NULL, false);
    if (!c->error && copy_load(c, copy))
        copy_store(c, copy, add(c, copy_load(c, copy), 8, swap_words, NULL, false));
    return copy;
}

/* Options whose values are not made of words in the program's order. */
static const struct {
    uint32_t level, option;
} raw_options[] = {
    {SOL_SOCKET, SO_BINDTODEVICE}, {SOL_SOCKET, SO_ATTACH_FILTER}, {IPPROTO_TCP, 11 /* TCP_INFO */},
    {IPPROTO_TCP, 13 /* TCP_CONGESTION */}, {IPPROTO_IP, IP_MULTICAST_IF},
    {IPPROTO_IP, IP_ADD_MEMBERSHIP},
    {IPPROTO_IP, IP_DROP_MEMBERSHIP},
};

static uint32_t add_option(struct byteorder_call *c, unsigned k, bool written)
{
    uint32_t len = written ? load(c, c->a[k + 1]) : c->a[k + 1];
    bool words = len % 4 == 0;
    for (unsigned i = 0; i < ARRAY_SIZE(raw_options); i++)
        words = words && (raw_options[i].level != c->a[1] || raw_options[i].option != c->a[2]);
    return add(c, c->a[k], len, words ? swap_words : swap_bytes, NULL, written);
}

static uint32_t add_handle(struct byteorder_call *c, unsigned k, bool written)
{
    enum { HANDLE_MAX = 128 };
    uint32_t bytes = load(c, c->a[k]);
    return add(c, c->a[k], 8 + (bytes < HANDLE_MAX ? bytes : HANDLE_MAX), swap_handle, NULL,
               written);
}

/* A header of @header bytes, and @count elements of @size bytes behind it. */
static uint32_t add_counted(struct byteorder_call *c, uint32_t addr, uint32_t header,
                            uint32_t count, uint32_t size, swap_fn *swap)
{
    uint64_t len = header + (uint64_t)count * size;
    return add(c, addr, len > COPIES ? COPIES + 1 : (uint32_t)len, swap, NULL, true);
}

static uint32_t add_fiemap(struct byteorder_call *c, unsigned k, bool written)
{
    enum { COUNT = 24, HEADER = 32, EXTENT = 56 };
    return add_counted(c, c->a[k], HEADER, load(c, c->a[k] + COUNT), EXTENT, swap_fiemap);
}

static uint32_t add_dedupe(struct byteorder_call *c, unsigned k, bool written)
{
    enum { COUNT = 16, HEADER = 24, RANGE = 32 };
    return add_counted(c, c->a[k], HEADER, load(c, c->a[k] + COUNT) >> 16, RANGE, swap_dedupe);
}

/* A length, and where so many bytes of requests are (or nowhere, to ask for the length). */
static uint32_t add_ifconf(struct byteorder_call *c, unsigned k, bool written)
{
    uint32_t copy = add(c, c->a[k], 8, swap_words, NULL, true);
    if (c->error)
        return 0;
    c->pieces[c->count - 1].words = 1;
    uint32_t len = copy_load(c, copy), at = copy_load(c, copy + 4);
    if (!at)
        return copy;
    const struct conv *request = trace_struct_find("ifreq_addr", strlen("ifreq_addr"));
    copy_store(c, copy + 4, add(c, at, len, swap_structs, request, true));
    if (!c->error)
        c->pieces[c->count - 1].len_at = copy;
    return copy;
}

static uint32_t add_named(struct byteorder_call *c, unsigned k, const char *name, unsigned len,
                          bool written);

/* A command of a call, and what its argument points to. */
static const struct {
    const char *call;
    uint32_t first, last;
    const char *type;
} commands[] = {
    {"fcntl", F_GETLK, F_SETLKW, "flock"}, {"fcntl", 12, 14, "flock64"},
    {"fcntl", 36, 38, "flock64"},
    {"fcntl", F_SETOWN_EX, 17 /* F_GETOWNER_UIDS */, "int2"},
    {"fcntl", 1035, 1038 /* hints */, "long"},
    {"prctl", PR_GET_PDEATHSIG, PR_GET_PDEATHSIG, "int1"},
    {"prctl", PR_GET_CHILD_SUBREAPER, PR_GET_CHILD_SUBREAPER, "int1"},
    {"semctl", 1 /* IPC_SET */, 2, "semid"}, {"semctl", 18 /* SEM_STAT */, 18, "semid"},
    {"msgctl", 1, 2, "msqid"}, {"msgctl", 11 /* MSG_STAT */, 11, "msqid"},
    {"shmctl", 1, 2, "shmid"}, {"shmctl", 13 /* SHM_STAT */, 13, "shmid"},
    {"shmctl", 3 /* IPC_INFO */, 3, "shminfo"}, {"shmctl", 14 /* SHM_INFO */, 14, "shm_info"},
};

static uint32_t add_by_command(struct byteorder_call *c, unsigned k, bool written)
{
    enum { WITH_IPC_64 = 0x100 };
    bool ipc = strstr(c->name, "ctl") && *c->name != 'p';
    uint32_t command = ipc ? c->a[k - 1] & ~(uint32_t)WITH_IPC_64 : c->a[k - 1];
    for (unsigned i = 0; i < ARRAY_SIZE(commands); i++)
        if (!strncmp(c->name, commands[i].call, strlen(commands[i].call)) &&
            command >= commands[i].first && command <= commands[i].last)
            return add_named(c, k, commands[i].type, (unsigned)strlen(commands[i].type), true);
    return c->a[k];
}

static uint32_t add_ioctl(struct byteorder_call *c, unsigned k, bool written)
{
    const char *type = ioctl_type(c->a[k - 1], &written);
    return type ? add_named(c, k, type, (unsigned)strlen(type), written) : c->a[k];
}

/* ---- by table -------------------------------------------------------------------------------- */

/* How long what an argument points to is: as much as the rule's number, times what the next or the
 * previous argument says, or is pointed to by the next; or as many bits as the first argument says.
 */
enum length { ONE, TIMES_NEXT, TIMES_PREVIOUS, TIMES_AT_NEXT, BITS_OF_FIRST };

static const struct {
    const char *name;
    enum length length;
    uint32_t size;
    swap_fn *swap;                                                               /* NULL: */
    uint32_t (*add)(struct byteorder_call *c, unsigned k, bool written);
} types[] = {
    {"int1", ONE, 4, swap_words, NULL}, {"int2", ONE, 8, swap_words, NULL},
    {"long", ONE, 8, swap_longs, NULL},
    {"longs2", ONE, 16, swap_longs, NULL}, {"short1", ONE, 2, swap_halves, NULL},
    {"sigset", ONE, 8, swap_words, NULL}, {"sigset32", ONE, 4, swap_words, NULL},
    {"status", ONE, 4, swap_words, NULL}, {"caps", ONE, 24, swap_words, NULL},
    {"id16", ONE, 2, swap_halves, NULL}, {"ids", TIMES_PREVIOUS, 4, swap_words, NULL},
    {"ids16", TIMES_PREVIOUS, 2, swap_halves, NULL},
    {"cpus", TIMES_PREVIOUS, 1, swap_words, NULL}, {"fdset", BITS_OF_FIRST, 0, swap_words, NULL},
    {"iovec", TIMES_NEXT, 8, swap_words, NULL}, {"pollfd", TIMES_NEXT, 8, swap_pollfds, NULL},
    {"sembuf", TIMES_NEXT, 6, swap_halves, NULL}, {"sockaddr", TIMES_NEXT, 1, swap_sockaddr, NULL},
    {"sockaddr*", TIMES_AT_NEXT, 1, swap_sockaddr, NULL},
    {"strings", ONE, 0, NULL, add_strings}, {"masked", ONE, 0, NULL, add_masked},
    {"msghdr", ONE, 0, NULL, add_msghdr}, {"mmsghdr", ONE, 0, NULL, add_mmsghdr},
    {"sockopt", ONE, 0, NULL, add_option}, {"handle", ONE, 0, NULL, add_handle},
    {"ioctl*", ONE, 0, NULL, add_ioctl}, {"fcntl*", ONE, 0, NULL, add_by_command},
    {"fiemap", ONE, 0, NULL, add_fiemap}, {"dedupe", ONE, 0, NULL, add_dedupe},
    {"ifconf", ONE, 0, NULL, add_ifconf}, {"arpreq", ONE, 68, swap_arp, NULL},
    {"prctl*", ONE, 0, NULL, add_by_command}, {"semctl", ONE, 0, NULL, add_by_command},
    {"msgctl", ONE, 0, NULL, add_by_command}, {"shmctl", ONE, 0, NULL, add_by_command},
};

/* Structs that there are several of, by the next argument. */
static const char *const arrays[] = {"epoll_events", "waitv"};

static uint32_t length_of(const struct byteorder_call *c, unsigned k, enum length length,
                          uint32_t size)
{
    uint64_t n = size;
    switch (length) {
    case TIMES_NEXT:
        n *= c->a[k + 1];
        break;
    case TIMES_PREVIOUS:
        n *= c->a[k - 1];
        break;
    case TIMES_AT_NEXT:
        n *= c->a[k + 1] ? load(c, c->a[k + 1]) : 0;
        break;
    case BITS_OF_FIRST:
        n = align_up((uint64_t)c->a[0], 32) / 8;
        break;
    case ONE:
        break;
    }
    return n > COPIES ? COPIES + 1 : (uint32_t)n;
}

/* The register for an argument that points to @name (of @len characters). */
static uint32_t add_named(struct byteorder_call *c, unsigned k, const char *name, unsigned len,
                          bool written)
{
    for (unsigned i = 0; i < ARRAY_SIZE(types); i++) {
        if (strlen(types[i].name) != len || memcmp(types[i].name, name, len))
            continue;
        if (types[i].add)
            return types[i].add(c, k, written);
        if (types[i].swap)
            return add(c, c->a[k], length_of(c, k, types[i].length, types[i].size), types[i].swap,
                       NULL, written);
    }
    const struct conv *conv = trace_struct_find(name, len);
    if (!conv)
        return c->a[k];
    bool several = false;
    for (unsigned i = 0; i < ARRAY_SIZE(arrays); i++)
        several = several || (strlen(arrays[i]) == len && !memcmp(arrays[i], name, len));
    uint32_t size = conv->guest_size;
    if (!strncmp(name, "clone_args", len) && c->a[k + 1] > size) /* the rest must be 0 */
        size = c->a[k + 1];
    return add(c, c->a[k], length_of(c, k, several ? TIMES_NEXT : ONE, size), swap_structs, conv,
               written);
}

/* ---- data of special files ------------------------------------------------------------------- */

static bool is_file(uint32_t fd, const char *name)
{
    char path[32], target[64];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", (int)fd);
    ssize_t n = readlink(path, target, sizeof(target) - 1);
    target[n < 0 ? 0 : n] = 0;
    return !strcmp(target, name);
}

static bool is_counter(uint32_t fd)
{
    return is_file(fd, "anon_inode:[eventfd]") || is_file(fd, "anon_inode:[timerfd]");
}

static void swap_data_read(const struct byteorder_call *c, uint32_t len)
{
    uint8_t *data = guest_ptr(c->t, c->a[1]);
    if (len == 8 && is_counter(c->a[0]))
        swap_longs(data, 8, NULL, false);
    else if (len >= 16 && is_file(c->a[0], "anon_inode:inotify"))
        swap_inotify(data, len);
    else if (len >= 128 && is_file(c->a[0], "anon_inode:[signalfd]"))
        swap_signals(data, len);
}

/* ---- a call ---------------------------------------------------------------------------------- */

static bool is_futex(const struct byteorder_call *c)
{
    return !strcmp(c->name, "futex") || !strcmp(c->name, "futex_time64");
}

static void convert_arguments(struct byteorder_call *c)
{
    unsigned k = 0;
    for (const char *kind = c->args; *kind && *kind != '#' && k < ARGUMENTS;
         kind = trace_next_kind(kind), k++) {
        const char *next = trace_next_kind(kind);
        if (*kind == 'L') {
            c->registers[k] = c->a[k + 1];
            c->registers[k + 1] = c->a[k];
            k++;
        } else if (k == 3 && is_futex(c) && !futex_waits(c->a[1])) {
            continue;
        } else if (kind[1] == '{' && c->a[k] && strchr("pwbtix", *kind)) {
            c->registers[k] = add_named(c, k, kind + 2, (unsigned)(next - kind) - 3, *kind == 'w');
        }
    }
    if (!strcmp(c->name, "write") && c->a[2] == 8 && is_counter(c->a[0]))
        c->registers[1] = add(c, c->a[1], 8, swap_longs, NULL, false);
}

int byteorder_begin(struct byteorder_call *c, struct task *t, const char *name, const char *args,
                    const uint32_t *a, uint32_t *registers)
{
    *c = (struct byteorder_call){
        .t = t, .name = name, .args = args, .a = a, .registers = registers};
    if (sigsetjmp(t->recover, 0) == 0) {
        t->recovery = RECOVER_SYSCALL;
        convert_arguments(c);
    } else {
        c->error = -EFAULT;
    }
    t->recovery = RECOVER_NOT;
    return c->error;
}

static void write_back(struct byteorder_call *c, const struct byteorder_piece *p)
{
    uint8_t *copy = guest_ptr(c->t, p->copy);
    uint32_t len = p->len;
    if (p->len_at && copy_load(c, p->len_at) < len)
        len = copy_load(c, p->len_at);
    p->swap(copy, len, p->conv, false);
    space_will_write(&c->t->process->space, p->guest, p->len);
    if (!p->words)
        memcpy(guest_ptr(c->t, p->guest), copy, len);
    for (unsigned i = 0; p->words >> i && 4 * i < len; i++)
        if (p->words >> i & 1)
            memcpy(guest_ptr(c->t, p->guest + 4 * i), copy + 4 * i, 4);
}

/* Last ones first: what a piece's length is in is still in the host's order then. */
static void convert_results(struct byteorder_call *c, int64_t result)
{
    for (unsigned i = c->count; i-- > 0;)
        if (c->pieces[i].written)
            write_back(c, &c->pieces[i]);
    if (result > 0 && !strcmp(c->name, "read"))
        swap_data_read(c, (uint32_t)result);
    else if (result > 0 && !strncmp(c->name, "getdents", 8))
        swap_entries(guest_ptr(c->t, c->a[1]), (uint32_t)result, c->name[8] ? 8 : 4);
}

/* False: the program's memory is not there. */
static bool try_results(struct byteorder_call *c, int64_t result)
{
    struct task *t = c->t;
    bool there = sigsetjmp(t->recover, 0) == 0;
    t->recovery = there ? RECOVER_SYSCALL : RECOVER_NOT;
    if (there)
        convert_results(c, result);
    t->recovery = RECOVER_NOT;
    return there;
}

int64_t byteorder_end(struct byteorder_call *c, int64_t result)
{
    bool results = !c->error && (result >= 0 || result == -EINTR);
    if (results && !try_results(c, result))
        result = -EFAULT;
    free(c->pieces);
    c->pieces = NULL;
    return result;
}

void byteorder_task_ends(struct task *t)
{
    space_unmap(&t->process->space, t->copies, COPIES);
    t->copies = 0;
}
