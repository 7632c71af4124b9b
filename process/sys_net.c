/* Sockets: messages and options. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <linux/filter.h>

#include "process/syscall.h"
#include "util/bits.h"

int64_t sys_send(struct task *t, const uint32_t *a)
{
    return HOST6(t, SYS_sendto, (int32_t)a[0], guest_ptr(t, a[1]), a[2], a[3], 0, 0);
}

int64_t sys_recv(struct task *t, const uint32_t *a)
{
    return HOST6(t, SYS_recvfrom, (int32_t)a[0], guest_out(t, a[1], a[2]), a[2], a[3], 0, 0);
}

/* ---- messages -------------------------------------------------------------------------------- */

/* struct msghdr of the guest: all words of 32 bits. */
struct guest_msghdr {
    uint32_t name, namelen, iov, iovlen, control, controllen, flags;
};
struct guest_cmsghdr {
    uint32_t len, level, type;
};
enum { CONTROL_MAX = 8192, MESSAGES_MAX = 1024 };

struct message {
    struct msghdr hdr;
    struct iovec iov[IOV_LIMIT];
    uint8_t control[CONTROL_MAX] __attribute__((aligned(8)));
};

/* Ancillary data: the same but for the size of headers. */
static int control_in(struct task *t, struct message *m, const struct guest_msghdr *g)
{
    const uint8_t *in = guest_ptr(t, g->control);
    size_t used = 0;
    for (uint32_t at = 0; at + sizeof(struct guest_cmsghdr) <= g->controllen;) {
        struct guest_cmsghdr gc;
        memcpy(&gc, in + at, sizeof(gc));
        if (gc.len < sizeof(gc) || gc.len > g->controllen - at)
            return -EINVAL;
        size_t len = gc.len - sizeof(gc);
        if (used + CMSG_SPACE(len) > CONTROL_MAX)
            return -ENOBUFS;
        struct cmsghdr *h = (void *)(m->control + used);
        h->cmsg_len = CMSG_LEN(len);
        h->cmsg_level = (int)gc.level;
        h->cmsg_type = (int)gc.type;
        memcpy(CMSG_DATA(h), in + at + sizeof(gc), len);
        used += CMSG_SPACE(len);
        at += (uint32_t)align_up(gc.len, 4);
    }
    m->hdr.msg_controllen = used;
    return 0;
}

static void control_out(struct task *t, struct message *m, struct guest_msghdr *g)
{
    uint8_t *out = guest_ptr(t, g->control);
    uint32_t used = 0;
    for (struct cmsghdr *h = CMSG_FIRSTHDR(&m->hdr); h; h = CMSG_NXTHDR(&m->hdr, h)) {
        size_t len = h->cmsg_len - CMSG_LEN(0);
        struct guest_cmsghdr gc = {(uint32_t)(sizeof(gc) + len), (uint32_t)h->cmsg_level,
                                   (uint32_t)h->cmsg_type};
        const void *data = CMSG_DATA(h);
        uint32_t time[2];
        if (h->cmsg_level == SOL_SOCKET &&
            (h->cmsg_type == SCM_TIMESTAMP || h->cmsg_type == SCM_TIMESTAMPNS)) {
            uint64_t wide[2];
            memcpy(wide, data, sizeof(wide));
            time[0] = (uint32_t)wide[0];
            time[1] = (uint32_t)wide[1];
            data = time;
            len = sizeof(time);
            gc.len = sizeof(gc) + sizeof(time);
        }
        if (used + gc.len > g->controllen) {
            g->flags |= MSG_CTRUNC;
            break;
        }
        memcpy(out + used, &gc, sizeof(gc));
        memcpy(out + used + sizeof(gc), data, len);
        used += (uint32_t)align_up(gc.len, 4);
    }
    g->controllen = used;
}

static int message_in(struct task *t, struct message *m, const struct guest_msghdr *g, bool receive)
{
    memset(&m->hdr, 0, sizeof(m->hdr));
    int r = iov_in(t, g->iov, g->iovlen, m->iov, receive);
    if (r)
        return r == -EINVAL && g->iovlen > IOV_LIMIT ? -EMSGSIZE : r;
    m->hdr.msg_name = guest_ptr0(t, g->name);
    m->hdr.msg_namelen = g->name ? g->namelen : 0;
    m->hdr.msg_iov = m->iov;
    m->hdr.msg_iovlen = g->iovlen;
    if (!g->control || !g->controllen)
        return 0;
    m->hdr.msg_control = m->control;
    m->hdr.msg_controllen = CONTROL_MAX;
    return receive ? 0 : control_in(t, m, g);
}

static int64_t send_message(struct task *t, uint32_t fd, const struct guest_msghdr *g,
                            uint32_t flags)
{
    struct message m;
    int r = message_in(t, &m, g, false);
    return r ? r : HOST3(t, SYS_sendmsg, (int32_t)fd, &m.hdr, flags);
}

static int64_t receive_message(struct task *t, uint32_t fd, struct guest_msghdr *g, uint32_t flags)
{
    struct message m;
    int64_t r = message_in(t, &m, g, true);
    if (!r)
        r = HOST3(t, SYS_recvmsg, (int32_t)fd, &m.hdr, flags);
    if (r < 0)
        return r;
    g->namelen = m.hdr.msg_namelen;
    g->flags = (uint32_t)m.hdr.msg_flags;
    if (g->control && g->controllen)
        control_out(t, &m, g);
    else
        g->controllen = 0;
    return r;
}

int64_t sys_sendmsg(struct task *t, const uint32_t *a)
{
    const struct guest_msghdr g = *(const struct guest_msghdr *)guest_ptr(t, a[1]);
    return send_message(t, a[0], &g, a[2]);
}

int64_t sys_recvmsg(struct task *t, const uint32_t *a)
{
    struct guest_msghdr *g = guest_ptr(t, a[1]), copy = *g;
    int64_t r = receive_message(t, a[0], &copy, a[2]);
    if (r >= 0)
        *g = copy;
    return r;
}

struct guest_mmsghdr {
    struct guest_msghdr hdr;
    uint32_t len;
};

int64_t sys_sendmmsg(struct task *t, const uint32_t *a)
{
    struct guest_mmsghdr *g = guest_ptr(t, a[1]);
    uint32_t count = a[2] < MESSAGES_MAX ? a[2] : MESSAGES_MAX;
    for (uint32_t i = 0; i < count; i++) {
        int64_t r = send_message(t, a[0], &g[i].hdr, a[3]);
        if (r < 0)
            return i ? i : r;
        g[i].len = (uint32_t)r;
    }
    return count;
}

/* What is left of @timeout at @end, on CLOCK_MONOTONIC; false: nothing. */
static bool time_left(const struct timespec *end, struct timespec *timeout)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    timeout->tv_sec = end->tv_sec - now.tv_sec;
    timeout->tv_nsec = end->tv_nsec - now.tv_nsec;
    if (timeout->tv_nsec < 0) {
        timeout->tv_nsec += 1000000000;
        timeout->tv_sec--;
    }
    if (timeout->tv_sec < 0)
        *timeout = (struct timespec){0, 0};
    return timeout->tv_sec || timeout->tv_nsec;
}

/* The timeout is looked at behind each message, as the kernel does it: the call waits for one
 * however long that takes. */
static int64_t receive_messages(struct task *t, const uint32_t *a, struct timespec *timeout)
{
    struct guest_mmsghdr *g = guest_ptr(t, a[1]);
    uint32_t count = a[2] < MESSAGES_MAX ? a[2] : MESSAGES_MAX, flags = a[3] & ~MSG_WAITFORONE;
    struct timespec end = {0};
    if (timeout) {
        if (timeout->tv_sec < 0 || timeout->tv_nsec < 0 || timeout->tv_nsec >= 1000000000)
            return -EINVAL;
        clock_gettime(CLOCK_MONOTONIC, &end);
        end.tv_sec += timeout->tv_sec + (end.tv_nsec + timeout->tv_nsec) / 1000000000;
        end.tv_nsec = (end.tv_nsec + timeout->tv_nsec) % 1000000000;
    }
    for (uint32_t i = 0; i < count; i++) {
        int64_t r = receive_message(t, a[0], &g[i].hdr, flags);
        if (r < 0)
            return i ? i : r;
        g[i].len = (uint32_t)r;
        if ((timeout && !time_left(&end, timeout)) || (g[i].hdr.flags & MSG_OOB))
            return i + 1;
        if (a[3] & MSG_WAITFORONE)
            flags |= MSG_DONTWAIT;
    }
    return count;
}

static int64_t recvmmsg_call(struct task *t, const uint32_t *a, const struct conv *time)
{
    struct timespec ts;
    void *timeout = conv_in0(t, time, a[4], &ts);
    int64_t r = receive_messages(t, a, timeout);
    return timeout && r > 0 ? conv_result(t, time, a[4], &ts, r) : r;
}

int64_t sys_recvmmsg(struct task *t, const uint32_t *a)
{
    return recvmmsg_call(t, a, &conv_timespec);
}

int64_t sys_recvmmsg_time64(struct task *t, const uint32_t *a)
{
    return recvmmsg_call(t, a, &conv_timespec64);
}

/* ---- options --------------------------------------------------------------------------------- */

/* Options whose value is a time of 32 bits for the guest. */
static bool is_time(uint32_t level, uint32_t option)
{
    return level == SOL_SOCKET && (option == SO_RCVTIMEO || option == SO_SNDTIMEO);
}

/* struct sock_fprog: a length, and a pointer to instructions. */
static int64_t attach_filter(struct task *t, const uint32_t *a)
{
    const uint32_t *guest = guest_ptr(t, a[3]);
    if (a[4] != 2 * sizeof(*guest))
        return -EINVAL;
    struct sock_fprog program = {(uint16_t)guest[0], guest_ptr(t, guest[1])};
    return HOST5(t, SYS_setsockopt, (int32_t)a[0], a[1], a[2], &program, sizeof(program));
}

int64_t sys_setsockopt(struct task *t, const uint32_t *a)
{
    struct timeval tv;
    if (a[1] == SOL_SOCKET && (a[2] == SO_ATTACH_FILTER || a[2] == SO_ATTACH_REUSEPORT_CBPF))
        return attach_filter(t, a);
    if (!is_time(a[1], a[2]) || a[4] < 8)
        return HOST5(t, SYS_setsockopt, (int32_t)a[0], a[1], a[2], guest_ptr0(t, a[3]), a[4]);
    conv_in(t, &conv_timeval, a[3], &tv);
    return HOST5(t, SYS_setsockopt, (int32_t)a[0], a[1], a[2], &tv, sizeof(tv));
}

int64_t sys_getsockopt(struct task *t, const uint32_t *a)
{
    struct timeval tv;
    socklen_t len = sizeof(tv);
    uint32_t *guest_len = guest_ptr(t, a[4]);
    if (!is_time(a[1], a[2]) || *guest_len < 8)
        return HOST5(t, SYS_getsockopt, (int32_t)a[0], a[1], a[2], guest_ptr0(t, a[3]), guest_len);
    int64_t r = HOST5(t, SYS_getsockopt, (int32_t)a[0], a[1], a[2], &tv, &len);
    if (r >= 0)
        *guest_len = 8;
    return conv_result(t, &conv_timeval, a[3], &tv, r);
}
