/* Waiting for descriptors: select, poll, epoll. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>

#include "process/syscall.h"

/* ---- select ---------------------------------------------------------------------------------- */

enum { SELECT_MAX = 1 << 16 }; /* descriptors */

/* Bytes of a set of @n descriptors, for the guest and the host. */
static size_t set_bytes(uint32_t n, unsigned word)
{
    return (n + word - 1) / word * (word / 8);
}

struct sets {
    uint64_t host[3][SELECT_MAX / 64];
    uint64_t *arg[3];
};

static void sets_in(struct task *t, struct sets *s, uint32_t n, const uint32_t *addr)
{
    for (unsigned i = 0; i < 3; i++) {
        s->arg[i] = NULL;
        if (!addr[i])
            continue;
        s->arg[i] = s->host[i];
        memset(s->host[i], 0, set_bytes(n, 64));
        memcpy(s->host[i], guest_ptr(t, addr[i]), set_bytes(n, 32));
    }
}

static void sets_out(struct task *t, const struct sets *s, uint32_t n, const uint32_t *addr)
{
    for (unsigned i = 0; i < 3; i++)
        if (addr[i])
            memcpy(guest_ptr(t, addr[i]), s->host[i], set_bytes(n, 32));
}

/* As the kernel's pselect6 takes it. */
struct mask_argument {
    const uint64_t *mask;
    size_t size;
};

static int64_t select_call(struct task *t, const uint32_t *a, struct timespec *timeout,
                           const uint64_t *mask)
{
    struct sets s;
    const struct mask_argument arg = {mask, sizeof(*mask)};
    if (a[0] > SELECT_MAX)
        return -EINVAL;
    sets_in(t, &s, a[0], &a[1]);
    if (mask)
        mask_replace(t, *mask);
    int64_t r = HOST6(t, SYS_pselect6, a[0], s.arg[0], s.arg[1], s.arg[2], timeout, &arg);
    if (r >= 0)
        sets_out(t, &s, a[0], &a[1]);
    return r;
}

int64_t sys__newselect(struct task *t, const uint32_t *a)
{
    struct timespec ts;
    struct timeval tv;
    if (a[4]) {
        conv_in(t, &conv_timeval, a[4], &tv);
        ts = (struct timespec){tv.tv_sec + tv.tv_usec / 1000000, tv.tv_usec % 1000000 * 1000};
    }
    int64_t r = select_call(t, a, a[4] ? &ts : NULL, NULL);
    if (a[4] && r != -EINVAL) {
        tv = (struct timeval){ts.tv_sec, ts.tv_nsec / 1000};
        conv_out(t, &conv_timeval, a[4], &tv);
    }
    return r;
}

/* The last argument points at the address and the size of a mask. */
static const uint64_t *select_mask(struct task *t, uint32_t addr, uint64_t *mask)
{
    uint32_t w[2] = {0};
    if (addr)
        memcpy(w, guest_ptr(t, addr), sizeof(w));
    if (!w[0])
        return NULL;
    mask_in(t, w[0], mask);
    return mask;
}

static int64_t pselect6(struct task *t, const uint32_t *a, const struct conv *time)
{
    struct timespec ts;
    uint64_t mask;
    void *timeout = conv_in0(t, time, a[4], &ts);
    int64_t r = select_call(t, a, timeout, select_mask(t, a[5], &mask));
    if (timeout)
        conv_out(t, time, a[4], &ts);
    return r;
}

int64_t sys_pselect6(struct task *t, const uint32_t *a)
{
    return pselect6(t, a, &conv_timespec);
}

int64_t sys_pselect6_time64(struct task *t, const uint32_t *a)
{
    return pselect6(t, a, &conv_timespec64);
}

/* ---- poll ------------------------------------------------------------------------------------ */

static int64_t poll_call(struct task *t, const uint32_t *a, struct timespec *timeout)
{
    uint64_t mask;
    struct pollfd *fds = guest_out(t, a[0], a[1] * (uint32_t)sizeof(*fds));
    if (a[3]) {
        mask_in(t, a[3], &mask);
        mask_replace(t, mask);
    }
    return HOST5(t, SYS_ppoll, fds, a[1], timeout, a[3] ? &mask : NULL, sizeof(mask));
}

static int64_t ppoll_call(struct task *t, const uint32_t *a, const struct conv *time)
{
    struct timespec ts;
    void *timeout = conv_in0(t, time, a[2], &ts);
    int64_t r = poll_call(t, a, timeout);
    if (timeout && r >= 0)
        conv_out(t, time, a[2], &ts);
    return r;
}

int64_t sys_ppoll(struct task *t, const uint32_t *a)
{
    return ppoll_call(t, a, &conv_timespec);
}

int64_t sys_ppoll_time64(struct task *t, const uint32_t *a)
{
    return ppoll_call(t, a, &conv_timespec64);
}

/* ---- epoll ----------------------------------------------------------------------------------- */

/* The data of an event is aligned for the guest, and not for the host. */
struct guest_epoll_event {
    uint32_t events, pad;
    uint64_t data;
};
enum { EPOLL_EVENTS_MAX = 1024 };

int64_t sys_epoll_ctl(struct task *t, const uint32_t *a)
{
    struct epoll_event ev;
    if (a[3]) {
        const struct guest_epoll_event *guest = guest_ptr(t, a[3]);
        ev.events = guest->events;
        ev.data.u64 = guest->data;
    }
    return HOST4(t, SYS_epoll_ctl, (int32_t)a[0], (int32_t)a[1], (int32_t)a[2], a[3] ? &ev : NULL);
}

/* @timeout: NULL for a[3], milliseconds. */
static int64_t epoll_call(struct task *t, const uint32_t *a, const uint64_t *mask,
                          const struct timespec *timeout)
{
    struct epoll_event ev[EPOLL_EVENTS_MAX];
    uint32_t max = a[2] < EPOLL_EVENTS_MAX ? a[2] : EPOLL_EVENTS_MAX;
    if ((int32_t)a[2] <= 0)
        return -EINVAL;
    if (mask)
        mask_replace(t, *mask);
    int64_t r = timeout ? HOST6(t, SYS_epoll_pwait2, (int32_t)a[0], ev, max, timeout, mask,
                                sizeof(*mask))
                        : HOST6(t, SYS_epoll_pwait, (int32_t)a[0], ev, max, (int32_t)a[3], mask,
                                sizeof(*mask));
    struct guest_epoll_event *out = guest_ptr(t, a[1]);
    for (int64_t i = 0; i < r; i++)
        out[i] = (struct guest_epoll_event){ev[i].events, 0, ev[i].data.u64};
    return r;
}

int64_t sys_epoll_wait(struct task *t, const uint32_t *a)
{
    return epoll_call(t, a, NULL, NULL);
}

int64_t sys_epoll_pwait(struct task *t, const uint32_t *a)
{
    uint64_t mask;
    if (a[4])
        mask_in(t, a[4], &mask);
    return epoll_call(t, a, a[4] ? &mask : NULL, NULL);
}

int64_t sys_epoll_pwait2(struct task *t, const uint32_t *a)
{
    struct timespec ts;
    uint64_t mask;
    const uint32_t forever[] = {a[0], a[1], a[2], UINT32_MAX};
    if (a[4])
        mask_in(t, a[4], &mask);
    return epoll_call(t, forever, a[4] ? &mask : NULL,
                      conv_in0(t, &conv_timespec64, a[3], &ts));
}
