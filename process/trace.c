/* -strace: arguments as text, by their kinds and what syscalls.def has in braces behind these. */
#include "process/trace.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "process/syscall.h"
#include "util/bits.h"

enum { TEXT_MAX = 256, DATA_MAX = 32, ARRAY_MAX = 8 };

/* One argument: its registers, and how many bytes at it count (the length behind a buffer). */
struct argument {
    FILE *out;
    const struct task *t;
    const uint32_t *a;
    int64_t result; /* before the call: the register behind this one */
    uint32_t first; /* the call's first argument */
};

static bool readable(const struct task *t, uint32_t addr, uint32_t len)
{
    return space_has(&t->process->space, addr, len, SPACE_READ);
}

static void print_address(FILE *out, uint32_t addr)
{
    if (addr)
        fprintf(out, "0x%08x", addr);
    else
        fputs("NULL", out);
}

static void print_char(FILE *out, unsigned char c)
{
    if (c == '"' || c == '\\')
        fprintf(out, "\\%c", c);
    else if (c == '\n')
        fputs("\\n", out);
    else if (isprint(c))
        fputc(c, out);
    else
        fprintf(out, "\\%03o", c);
}

/* Up to @max bytes; a string ends before. */
static void print_bytes(const struct argument *g, uint32_t addr, uint32_t max, bool string)
{
    uint32_t limit = string ? TEXT_MAX : DATA_MAX, i = 0;
    if (!addr || !readable(g->t, addr, 1)) {
        print_address(g->out, addr);
        return;
    }
    fputc('"', g->out);
    for (; i < max && i < limit && readable(g->t, addr + i, 1); i++) {
        unsigned char c = *(const unsigned char *)guest_ptr(g->t, addr + i);
        if (string && !c)
            break;
        print_char(g->out, c);
    }
    fputs(i == limit && i < max ? "\"..." : "\"", g->out);
}

/* ---- by function ----------------------------------------------------------------------------- */

static void print_data(const struct argument *g)
{
    print_bytes(g, g->a[0], g->result > 0 ? (uint32_t)g->result : 0, false);
}

static void print_ints(const struct argument *g, unsigned count, unsigned size)
{
    if (!g->a[0] || !readable(g->t, g->a[0], count * size)) {
        print_address(g->out, g->a[0]);
        return;
    }
    for (unsigned i = 0; i < count; i++)
        fprintf(g->out, i ? ", %lld" : "[%lld",
                (long long)conv_get(guest_ptr(g->t, g->a[0] + i * size), size));
    fputc(']', g->out);
}

static void print_int(const struct argument *g)
{
    print_ints(g, 1, 4);
}

static void print_two_ints(const struct argument *g)
{
    print_ints(g, 2, 4);
}

static void print_long(const struct argument *g)
{
    print_ints(g, 1, 8);
}

/* An array of strings that ends with NULL. */
static void print_strings(const struct argument *g)
{
    uint32_t at = g->a[0];
    for (unsigned i = 0; at && readable(g->t, at, 4); i++, at += 4) {
        uint32_t string = *(const uint32_t *)guest_ptr(g->t, at);
        if (!string || i == ARRAY_MAX) {
            fputs(i == 0 ? "[]" : string ? ", ...]" : "]", g->out);
            return;
        }
        fputs(i ? ", " : "[", g->out);
        print_bytes(g, string, UINT32_MAX, true);
    }
    print_address(g->out, g->a[0]);
}

static void print_signals(const struct argument *g, unsigned size)
{
    if (!g->a[0] || !readable(g->t, g->a[0], size)) {
        print_address(g->out, g->a[0]);
        return;
    }
    uint64_t mask = 0;
    memcpy(&mask, guest_ptr(g->t, g->a[0]), size);
    const char *before = "[";
    for (int sig = 1; sig <= SIGNALS; sig++, mask >>= 1) {
        if (!(mask & 1))
            continue;
        const char *name = sigabbrev_np(sig);
        if (name)
            fprintf(g->out, "%s%s", before, name);
        else
            fprintf(g->out, "%s%d", before, sig);
        before = " ";
    }
    fputs(*before == '[' ? "[]" : "]", g->out);
}

static void print_sigset(const struct argument *g)
{
    print_signals(g, 8);
}

static void print_sigset32(const struct argument *g)
{
    print_signals(g, 4);
}

static void print_wait_status(const struct argument *g)
{
    if (!g->a[0] || g->result <= 0 || !readable(g->t, g->a[0], 4)) {
        print_address(g->out, g->a[0]);
        return;
    }
    int status = *(const int *)guest_ptr(g->t, g->a[0]);
    if (WIFEXITED(status))
        fprintf(g->out, "[exited %d]", WEXITSTATUS(status));
    else if (WIFSIGNALED(status))
        fprintf(g->out, "[killed by SIG%s]", sigabbrev_np(WTERMSIG(status)) ?: "?");
    else
        fprintf(g->out, "[0x%x]", (unsigned)status);
}

static void print_address_of(const struct argument *g, uint32_t len)
{
    union {
        struct sockaddr any;
        struct sockaddr_un un;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    } s = {0};
    char text[INET6_ADDRSTRLEN];
    if (len < 2 || !g->a[0] || !readable(g->t, g->a[0], len)) {
        print_address(g->out, g->a[0]);
        return;
    }
    memcpy(&s, guest_ptr(g->t, g->a[0]), len < sizeof(s) ? len : sizeof(s));
    switch (s.any.sa_family) {
    case AF_UNIX:
        fputs("{AF_UNIX, \"", g->out);
        for (uint32_t i = 2; i < len && i < sizeof(s.un) && (s.un.sun_path[i - 2] || i == 2); i++)
            print_char(g->out, (unsigned char)s.un.sun_path[i - 2]);
        fputs("\"}", g->out);
        break;
    case AF_INET:
        fprintf(g->out, "{AF_INET, %s:%u}", inet_ntop(AF_INET, &s.in.sin_addr, text, sizeof(text)),
                ntohs(s.in.sin_port));
        break;
    case AF_INET6:
        fprintf(g->out, "{AF_INET6, [%s]:%u}",
                inet_ntop(AF_INET6, &s.in6.sin6_addr, text, sizeof(text)), ntohs(s.in6.sin6_port));
        break;
    default:
        fprintf(g->out, "{family %u}", s.any.sa_family);
    }
}

static void print_sockaddr(const struct argument *g)
{
    print_address_of(g, g->a[1]);
}

/* The length is pointed to by the next argument. */
static void print_sockaddr_out(const struct argument *g)
{
    bool known = g->result >= 0 && g->a[1] && readable(g->t, g->a[1], 4);
    print_address_of(g, known ? *(const uint32_t *)guest_ptr(g->t, g->a[1]) : 0);
}

static void print_vectors(const struct argument *g, uint32_t addr, uint32_t count)
{
    if (!addr || count > UINT16_MAX || !readable(g->t, addr, count * 8)) {
        print_address(g->out, addr);
        return;
    }
    const uint32_t *v = guest_ptr(g->t, addr);
    fputc('[', g->out);
    for (uint32_t i = 0; i < count && i < ARRAY_MAX; i++) {
        fprintf(g->out, i ? ", {" : "{");
        print_bytes(g, v[2 * i], v[2 * i + 1], false);
        fprintf(g->out, ", %u}", v[2 * i + 1]);
    }
    fputs(count > ARRAY_MAX ? ", ...]" : "]", g->out);
}

static void print_iovec(const struct argument *g)
{
    print_vectors(g, g->a[0], g->a[1]);
}

static void print_msghdr(const struct argument *g)
{
    enum { NAME, NAME_LENGTH, VECTORS, COUNT, CONTROL, CONTROL_LENGTH, FLAGS, WORDS };
    if (!readable(g->t, g->a[0], 4 * WORDS)) {
        print_address(g->out, g->a[0]);
        return;
    }
    const uint32_t *m = guest_ptr(g->t, g->a[0]);
    fputs("{name=", g->out);
    const struct argument name = {g->out, g->t, &m[NAME], 0, 0};
    print_address_of(&name, m[NAME_LENGTH]);
    fputs(", iov=", g->out);
    print_vectors(g, m[VECTORS], m[COUNT]);
    fprintf(g->out, ", controllen=%u, flags=0x%x}", m[CONTROL_LENGTH], m[FLAGS]);
}

static void print_pollfd(const struct argument *g)
{
    if (!g->a[0] || g->a[1] > UINT16_MAX || !readable(g->t, g->a[0], g->a[1] * 8)) {
        print_address(g->out, g->a[0]);
        return;
    }
    fputc('[', g->out);
    for (uint32_t i = 0; i < g->a[1] && i < ARRAY_MAX; i++) {
        const uint16_t *p = guest_ptr(g->t, g->a[0] + i * 8);
        fprintf(g->out, "%s{fd=%d, events=0x%x, revents=0x%x}", i ? ", " : "", p[0] | p[1] << 16,
                p[2], p[3]);
    }
    fputc(']', g->out);
}

/* Six strings of 65 bytes: those at 0, 2 and 4 say most. */
static void print_utsname(const struct argument *g)
{
    enum { FIELD = 65, FIELDS = 6 };
    if (!readable(g->t, g->a[0], FIELDS * FIELD)) {
        print_address(g->out, g->a[0]);
        return;
    }
    for (unsigned i = 0; i < 5; i += 2) {
        fputs(i ? ", " : "{", g->out);
        print_bytes(g, g->a[0] + i * FIELD, FIELD, true);
    }
    fputc('}', g->out);
}

static void print_ioctl(const struct argument *g)
{
    const char *name = ioctl_name(g->a[0]);
    if (name)
        fputs(name, g->out);
    else
        fprintf(g->out, "0x%08x", g->a[0]);
}

/* What the request's argument points to; a number, or what no table knows, is as it is. */
static bool print_known(const struct argument *g, const char *name, unsigned len);

static void print_ioctl_argument(const struct argument *g)
{
    bool written;
    const char *type = ioctl_type(g->a[-1], &written);
    if (!type || (written && g->result < 0) || !print_known(g, type, (unsigned)strlen(type)))
        fprintf(g->out, "0x%x", g->a[0]);
}

/* Where the command of fcntl has a lock. */
static void print_lock(const struct argument *g)
{
    enum {
        LOCK_FIRST = 5,
        LOCK_LAST = 7,
        LOCK64_FIRST = 12,
        LOCK64_LAST = 14,
        OFD_FIRST = 36,
        OFD_LAST = 38
    };
    uint32_t command = g->a[-1];
    bool wide = (command >= LOCK64_FIRST && command <= LOCK64_LAST) ||
                (command >= OFD_FIRST && command <= OFD_LAST);
    bool narrow = command >= LOCK_FIRST && command <= LOCK_LAST;
    if (wide)
        print_known(g, "flock64", 7);
    else if (narrow)
        print_known(g, "flock", 5);
    else
        fprintf(g->out, "0x%x", g->a[0]);
}

/* A set of descriptors; the call's first argument is their number. */
static void print_descriptors(const struct argument *g)
{
    uint32_t limit = g->first < 1024 ? g->first : 1024;
    const char *before = "";
    if (!g->a[0] || !readable(g->t, g->a[0], (uint32_t)align_up(limit, 32) / 8)) {
        print_address(g->out, g->a[0]);
        return;
    }
    const uint32_t *words = guest_ptr(g->t, g->a[0]);
    fputc('[', g->out);
    for (uint32_t i = 0; i < limit; i++) {
        if (words[i / 32] >> i % 32 & 1) {
            fprintf(g->out, "%s%u", before, i);
            before = " ";
        }
    }
    fputc(']', g->out);
}

static const struct {
    const char *name;
    void (*print)(const struct argument *g);
} functions[] = {
    {"data", print_data}, {"int1", print_int}, {"int2", print_two_ints}, {"long", print_long},
    {"strings", print_strings}, {"sigset", print_sigset}, {"sigset32", print_sigset32},
    {"status", print_wait_status}, {"sockaddr", print_sockaddr}, {"sockaddr*", print_sockaddr_out},
    {"iovec", print_iovec}, {"msghdr", print_msghdr}, {"pollfd", print_pollfd},
    {"ioctl", print_ioctl},
    {"utsname", print_utsname}, {"ioctl*", print_ioctl_argument}, {"fcntl*", print_lock},
    {"fdset", print_descriptors},
};

/* ---- by table -------------------------------------------------------------------------------- */

static void print_name(FILE *out, const struct trace_names *names, uint32_t value)
{
    const char *before = "";
    for (unsigned i = 0; i < names->count; i++) {
        const struct trace_name *n = &names->rows[i];
        uint32_t mask = !names->flags ? UINT32_MAX : n->mask ? n->mask : n->value;
        if ((value & mask) != n->value)
            continue;
        fprintf(out, "%s%s", before, n->name);
        before = "|";
        value &= ~mask;
        if (!names->flags)
            return;
    }
    if (value || !*before)
        fprintf(out, names->flags && value ? "%s0x%x" : "%s%d", before, value);
}

static void print_struct(const struct argument *g, const struct conv *c)
{
    if (!g->a[0] || !readable(g->t, g->a[0], c->guest_size)) {
        print_address(g->out, g->a[0]);
        return;
    }
    for (unsigned i = 0; i < c->count; i++) {
        const struct conv_field *f = &c->fields[i];
        long long v = conv_get(guest_ptr(g->t, g->a[0] + f->guest), f->guest_size);
        if (strstr(f->name, "mode"))
            v &= UINT32_MAX >> (f->guest_size < 4 ? 16 : 0);
        fprintf(g->out, strstr(f->name, "mode") ? "%s%s=0%llo" : strstr(f->name, "handler") ||
                strstr(f->name, "flags") ? "%s%s=0x%llx" : "%s%s=%lld", i ? ", " : "{", f->name, v);
    }
    fputc('}', g->out);
}

/* What the braces say; false: nothing is known about that. */
static bool print_known(const struct argument *g, const char *name, unsigned len)
{
    for (unsigned i = 0; i < ARRAY_SIZE(functions); i++) {
        if (strlen(functions[i].name) == len && !memcmp(functions[i].name, name, len)) {
            functions[i].print(g);
            return true;
        }
    }
    const struct trace_names *names = trace_names_find(name, len);
    const struct conv *c = names ? NULL : trace_struct_find(name, len);
    if (names)
        print_name(g->out, names, g->a[0]);
    else if (c)
        print_struct(g, c);
    return names || c;
}

static void print_plain(const struct argument *g, char kind)
{
    switch (kind) {
    case 'd':
        fprintf(g->out, "%d", (int32_t)g->a[0]);
        break;
    case 'h':
        fprintf(g->out, "%d", (int16_t)g->a[0] == -1 ? -1 : (uint16_t)g->a[0]);
        break;
    case 'u':
        fprintf(g->out, "%u", g->a[0]);
        break;
    case 'o':
        fprintf(g->out, "0%o", g->a[0]);
        break;
    case 'f':
    case 's':
        print_bytes(g, g->a[0], UINT32_MAX, true);
        break;
    case 'L':
        fprintf(g->out, "%lld", (long long)pair64(g->a[0], g->a[1]));
        break;
    case 'x':
        fprintf(g->out, "0x%x", g->a[0]);
        break;
    default:
        print_address(g->out, g->a[0]);
    }
}

static void print_argument(const struct argument *g, const char *kind)
{
    const char *next = trace_next_kind(kind);
    if (kind[1] != '{' || !print_known(g, kind + 2, (unsigned)(next - kind) - 3))
        print_plain(g, *kind);
}

/* ---- the call -------------------------------------------------------------------------------- */

/* Does an argument's meaning follow from the one before, and is it written to? */
static bool is_written(const struct trace_call *c)
{
    bool written = false;
    if (!strncmp(c->rest, "x{ioctl*}", 9))
        ioctl_type(c->a[c->reg - 1], &written);
    return written;
}

/* Arguments from c->rest on; before the call up to the first that the call writes. */
static void print_arguments(struct trace_call *c, const struct task *t, FILE *out, bool before,
                            int64_t result)
{
    for (; *c->rest && *c->rest != '#'; c->rest = trace_next_kind(c->rest)) {
        bool written = *c->rest == 'w' || *c->rest == 'b' || is_written(c);
        if (before && written)
            return;
        if (*c->rest != '_') {
            bool last = c->reg + 1 >= ARGUMENTS;
            struct argument g = {out, t, &c->a[c->reg],
                                 written ? result
                                 : last  ? 0
                                         : c->a[c->reg + 1],
                                 c->a[0]};
            fputs(c->number++ ? ", " : "", out);
            if (written && result < 0)
                print_address(out, c->a[c->reg]);
            else
                print_argument(&g, c->rest);
        }
        c->reg += *c->rest == 'L' ? 2 : 1;
    }
}

void trace_begin(struct trace_call *c, const struct task *t)
{
    size_t size;
    FILE *out = open_memstream(&c->text, &size);
    if (!out)
        return;
    c->rest = c->args;
    fprintf(out, "%d %s(", t->tid, c->name);
    print_arguments(c, t, out, true, 0);
    fclose(out);
}

void trace_early(const struct trace_call *c)
{
    if (c->text)
        fprintf(stderr, "%s)\n", c->text);
}

static void print_result(FILE *out, int64_t r, bool address)
{
    if (r == SYSCALL_RESTART || r == SYSCALL_NOT_BEGUN)
        fputs("? (to be restarted)", out);
    else if (r == SYSCALL_NO_RESULT)
        fputs("?", out);
    else if (r < 0 && r >= -4095)
        fprintf(out, "-1 errno=%d (%s)", (int)-r, strerror((int)-r));
    else
        fprintf(out, address ? "0x%08x" : "%d", (uint32_t)r);
}

void trace_end(struct trace_call *c, const struct task *t, int64_t result)
{
    char *line = NULL;
    size_t size;
    FILE *out = c->text ? open_memstream(&line, &size) : NULL;
    if (out) {
        fputs(c->text, out);
        print_arguments(c, t, out, false, result);
        fputs(") = ", out);
        print_result(out, result, *c->rest == '#');
        fclose(out);
        fprintf(stderr, "%s\n", line);
        free(line);
    }
    free(c->text);
    c->text = NULL;
}
