/* Clocks and timers with 32-bit times. */
#include <errno.h>
#include <string.h>
#include <sys/timex.h>

#include "process/syscall.h"

static int64_t get_clock(struct task *t, long nr, const uint32_t *a)
{
    struct timespec ts = {0};
    return conv_result(t, &conv_timespec, a[1], &ts, HOST2(t, nr, (int32_t)a[0], &ts));
}

int64_t sys_clock_gettime(struct task *t, const uint32_t *a)
{
    struct timespec ts;
    return conv_result(t, &conv_timespec, a[1], &ts, clock_gettime((int)a[0], &ts) ? -errno : 0);
}

int64_t sys_clock_getres(struct task *t, const uint32_t *a)
{
    return get_clock(t, SYS_clock_getres, a);
}

int64_t sys_clock_settime(struct task *t, const uint32_t *a)
{
    struct timespec ts;
    conv_in(t, &conv_timespec, a[1], &ts);
    return HOST2(t, SYS_clock_settime, (int32_t)a[0], &ts);
}

int64_t sys_sched_rr_get_interval(struct task *t, const uint32_t *a)
{
    return get_clock(t, SYS_sched_rr_get_interval, a);
}

int64_t sys_gettimeofday(struct task *t, const uint32_t *a)
{
    struct timeval tv;
    struct timezone tz;
    gettimeofday(&tv, &tz);
    if (a[1])
        memcpy(guest_ptr(t, a[1]), &tz, sizeof(tz));
    return conv_result(t, &conv_timeval, a[0], &tv, 0);
}

int64_t sys_settimeofday(struct task *t, const uint32_t *a)
{
    struct timeval tv;
    return HOST2(t, SYS_settimeofday, conv_in0(t, &conv_timeval, a[0], &tv), guest_ptr0(t, a[1]));
}

int64_t sys_adjtimex(struct task *t, const uint32_t *a)
{
    struct timex tx = {0};
    conv_in(t, &conv_timex, a[0], &tx);
    return conv_result(t, &conv_timex, a[0], &tx, HOST1(t, SYS_adjtimex, &tx));
}

int64_t sys_clock_adjtime(struct task *t, const uint32_t *a)
{
    struct timex tx = {0};
    conv_in(t, &conv_timex, a[1], &tx);
    return conv_result(t, &conv_timex, a[1], &tx, HOST2(t, SYS_clock_adjtime, (int32_t)a[0], &tx));
}

static int64_t sleep_on(struct task *t, uint32_t clock, uint32_t flags, uint32_t want,
                        uint32_t rest)
{
    struct timespec ts, remain;
    conv_in(t, &conv_timespec, want, &ts);
    int64_t r = HOST4(t, SYS_clock_nanosleep, (int32_t)clock, flags, &ts, &remain);
    if (r == -EINTR && rest && !(flags & TIMER_ABSTIME))
        conv_out(t, &conv_timespec, rest, &remain);
    return r;
}

int64_t sys_nanosleep(struct task *t, const uint32_t *a)
{
    return sleep_on(t, CLOCK_MONOTONIC, 0, a[0], a[1]);
}

int64_t sys_clock_nanosleep(struct task *t, const uint32_t *a)
{
    return sleep_on(t, a[0], a[1], a[2], a[3]);
}

int64_t sys_setitimer(struct task *t, const uint32_t *a)
{
    struct itimerval value, old;
    int64_t r = HOST3(t, SYS_setitimer, (int32_t)a[0], conv_in0(t, &conv_itimerval, a[1], &value),
                      a[2] ? &old : NULL);
    return conv_result(t, &conv_itimerval, a[2], &old, r);
}

int64_t sys_getitimer(struct task *t, const uint32_t *a)
{
    struct itimerval value;
    return conv_result(t, &conv_itimerval, a[1], &value,
                       HOST2(t, SYS_getitimer, (int32_t)a[0], &value));
}

void sigevent_in(struct task *t, uint32_t addr, struct sigevent *out)
{
    uint32_t w[4]; /* value, signo, notify, thread */
    memcpy(w, guest_ptr(t, addr), sizeof(w));
    memset(out, 0, sizeof(*out));
    out->sigev_value.sival_ptr = (void *)(uintptr_t)w[0];
    out->sigev_signo = (int)w[1];
    out->sigev_notify = (int)w[2];
    out->_sigev_un._tid = (int)w[3];
}

int64_t sys_timer_create(struct task *t, const uint32_t *a)
{
    struct sigevent ev;
    int id;
    if (a[1])
        sigevent_in(t, a[1], &ev);
    int64_t r = HOST3(t, SYS_timer_create, (int32_t)a[0], a[1] ? &ev : NULL, &id);
    if (r >= 0)
        memcpy(guest_ptr(t, a[2]), &id, sizeof(id));
    return r;
}

static int64_t set_timer(struct task *t, long nr, const uint32_t *a)
{
    struct itimerspec value, old;
    int64_t r = HOST4(t, nr, (int32_t)a[0], a[1], conv_in0(t, &conv_itimerspec, a[2], &value),
                      a[3] ? &old : NULL);
    return conv_result(t, &conv_itimerspec, a[3], &old, r);
}

static int64_t get_timer(struct task *t, long nr, const uint32_t *a)
{
    struct itimerspec value;
    return conv_result(t, &conv_itimerspec, a[1], &value, HOST2(t, nr, (int32_t)a[0], &value));
}

int64_t sys_timer_settime(struct task *t, const uint32_t *a)
{
    return set_timer(t, SYS_timer_settime, a);
}

int64_t sys_timer_gettime(struct task *t, const uint32_t *a)
{
    return get_timer(t, SYS_timer_gettime, a);
}

int64_t sys_timerfd_settime(struct task *t, const uint32_t *a)
{
    return set_timer(t, SYS_timerfd_settime, a);
}

int64_t sys_timerfd_gettime(struct task *t, const uint32_t *a)
{
    return get_timer(t, SYS_timerfd_gettime, a);
}
