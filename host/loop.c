#include "host/loop.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "host/pace.h"

#define EVENTS_PER_WAIT 32
#define QUIT_NONE INT64_MIN

struct loop_watch {
    struct loop *loop;
    struct loop_watch *next;
    int fd;
    uint32_t events;
    bool registered;   /* epoll knows it */
    bool unpollable;   /* epoll refuses it: always ready */
    bool prompt;       /* waited for by itself, unknown to epoll */
    _Atomic bool dead; /* removed; freed by the loop between two rounds of callbacks */
    void (*callback)(void *opaque, uint32_t events);
    void *opaque;
};

struct loop_post {
    struct loop_post *next;
    void (*callback)(void *opaque);
    void *opaque;
};

struct loop_queue {
    struct loop *loop;
    struct timer_queue *timers;
    _Atomic int64_t awaited; /* the loop looks at the queue again at this time at the latest */
};

struct loop {
    int epoll_fd, wake_fd, timer_fd;
    struct host_lock lock;
    /* Guards watches (whose links only the loop's thread cuts) and posts. */
    pthread_mutex_t mutex;
    struct loop_watch *watches;
    _Atomic(struct loop_watch *) prompt; /* see loop_watch_prompt; NULL: none */
    bool served;                         /* its callback has just run */
    struct pace pace;
    int64_t armed;                       /* ns that the timer was set to; INT64_MAX: to nothing */
    struct loop_post *posts, **posts_end;
    struct loop_queue queues[LOOP_QUEUES_MAX];
    _Atomic unsigned unpollable; /* live watches of that kind that want events */
    _Atomic bool reap;           /* some watch is dead */
    _Atomic int64_t quit;        /* exit code, or QUIT_NONE */
    _Atomic bool running;
    pthread_t thread; /* valid while running */
};

static bool add_internal_fd(struct loop *loop, int fd)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = NULL};
    return fd >= 0 && epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &ev) == 0;
}

struct loop *loop_new(const struct host_lock *lock, struct error *e)
{
    struct loop *loop = calloc(1, sizeof(*loop));
    if (!loop)
        abort();
    if (lock)
        loop->lock = *lock;
    pthread_mutex_init(&loop->mutex, NULL);
    loop->posts_end = &loop->posts;
    loop->armed = INT64_MAX;
    atomic_store(&loop->quit, QUIT_NONE);
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    loop->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (loop->epoll_fd < 0 || !add_internal_fd(loop, loop->wake_fd) ||
        !add_internal_fd(loop, loop->timer_fd)) {
        error_set_errno(e, "cannot set up the event loop");
        loop_free(loop);
        return NULL;
    }
    return loop;
}

static void close_if_open(int fd)
{
    if (fd >= 0)
        close(fd);
}

void loop_free(struct loop *loop)
{
    if (!loop)
        return;
    assert(!atomic_load(&loop->running));
    for (unsigned i = 0; i < LOOP_QUEUES_MAX; i++)
        if (loop->queues[i].timers)
            loop_detach_timers(loop, loop->queues[i].timers);
    while (loop->watches) {
        struct loop_watch *w = loop->watches;
        loop->watches = w->next;
        free(w);
    }
    while (loop->posts) {
        struct loop_post *p = loop->posts;
        loop->posts = p->next;
        free(p);
    }
    close_if_open(loop->epoll_fd);
    close_if_open(loop->wake_fd);
    close_if_open(loop->timer_fd);
    pthread_mutex_destroy(&loop->mutex);
    free(loop);
}

bool loop_is_current(const struct loop *loop)
{
    return atomic_load(&loop->running) && pthread_equal(loop->thread, pthread_self());
}

void loop_wake(struct loop *loop)
{
    int saved = errno;
    uint64_t one = 1;
    ssize_t n = write(loop->wake_fd, &one, sizeof(one));
    (void)n; /* fails only when the counter is full, and then the loop is awake */
    errno = saved;
}

/* Watches. */

/* Tell epoll about the events of @w. A watch without events is taken out, because epoll would go on
 * reporting a hangup. */
static bool watch_register(struct loop_watch *w)
{
    struct epoll_event ev = {.data.ptr = w};
    if (w->events & LOOP_READ)
        ev.events |= EPOLLIN;
    if (w->events & LOOP_WRITE)
        ev.events |= EPOLLOUT;
    if (w->prompt)
        ev.events = 0;
    if (!ev.events && !w->registered)
        return true;
    int op = !ev.events ? EPOLL_CTL_DEL : w->registered ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    if (epoll_ctl(w->loop->epoll_fd, op, w->fd, &ev) != 0)
        return false;
    w->registered = ev.events != 0;
    return true;
}

struct loop_watch *loop_watch_add(struct loop *loop, int fd, uint32_t events,
                                  void (*callback)(void *opaque, uint32_t events), void *opaque,
                                  struct error *e)
{
    struct loop_watch *w = calloc(1, sizeof(*w));
    if (!w)
        abort();
    w->loop = loop;
    w->fd = fd;
    w->events = events ? events : LOOP_READ; /* so that epoll judges the descriptor */
    w->callback = callback;
    w->opaque = opaque;
    if (!watch_register(w)) {
        if (errno != EPERM) {
            error_set_errno(e, "cannot watch file descriptor %d", fd);
            free(w);
            return NULL;
        }
        w->unpollable = true;
        atomic_fetch_add(&loop->unpollable, 1);
    }
    if (!events)
        loop_watch_modify(w, 0);
    pthread_mutex_lock(&loop->mutex);
    w->next = loop->watches;
    loop->watches = w;
    pthread_mutex_unlock(&loop->mutex);
    if (w->unpollable)
        loop_wake(loop);
    return w;
}

void loop_watch_modify(struct loop_watch *w, uint32_t events)
{
    if (w->events == events)
        return;
    if (w->unpollable) {
        if (!w->events)
            atomic_fetch_add(&w->loop->unpollable, 1);
        else if (!events)
            atomic_fetch_sub(&w->loop->unpollable, 1);
        w->events = events;
        loop_wake(w->loop);
        return;
    }
    w->events = events;
    bool ok = watch_register(w);
    assert(ok);
    (void)ok;
    if (w->prompt && !loop_is_current(w->loop))
        loop_wake(w->loop);
}

void loop_watch_prompt(struct loop_watch *w)
{
    if (w->unpollable)
        return;
    struct loop_watch *last = atomic_exchange(&w->loop->prompt, w);
    if (last == w)
        return;
    w->prompt = true;
    bool ok = watch_register(w);
    if (last) {
        last->prompt = false;
        ok = watch_register(last) && ok;
    }
    assert(ok);
    (void)ok;
}

void loop_watch_remove(struct loop_watch *w)
{
    if (!w)
        return;
    loop_watch_modify(w, 0);
    if (w->prompt)
        atomic_store(&w->loop->prompt, NULL);
    atomic_store(&w->dead, true);
    atomic_store(&w->loop->reap, true);
}

/* Free the dead watches. On the loop's thread, between rounds: no event that epoll has returned
 * refers to them any more. */
static void reap_watches(struct loop *loop)
{
    if (!atomic_exchange(&loop->reap, false))
        return;
    pthread_mutex_lock(&loop->mutex);
    struct loop_watch **link = &loop->watches;
    while (*link) {
        struct loop_watch *w = *link;
        if (atomic_load(&w->dead)) {
            *link = w->next;
            free(w);
        } else {
            link = &w->next;
        }
    }
    pthread_mutex_unlock(&loop->mutex);
}

static bool watch_run(struct loop_watch *w, uint32_t ready)
{
    ready &= w->events | LOOP_HANGUP;
    if (!w->events || !ready) /* a removed watch waits for nothing either */
        return false;
    w->callback(w->opaque, ready);
    return true;
}

static unsigned run_polled(struct loop *loop, const struct epoll_event *events, int count)
{
    unsigned ran = 0;
    for (int i = 0; i < count; i++) {
        struct loop_watch *w = events[i].data.ptr;
        if (!w)
            continue;
        uint32_t ready = 0;
        if (events[i].events & EPOLLIN)
            ready |= LOOP_READ;
        if (events[i].events & EPOLLOUT)
            ready |= LOOP_WRITE;
        if (events[i].events & (EPOLLHUP | EPOLLERR))
            ready |= LOOP_HANGUP;
        ran += watch_run(w, ready);
    }
    return ran;
}

static unsigned run_unpollable(struct loop *loop)
{
    if (!atomic_load(&loop->unpollable))
        return 0;
    pthread_mutex_lock(&loop->mutex);
    struct loop_watch *w = loop->watches;
    pthread_mutex_unlock(&loop->mutex);
    unsigned ran = 0;
    for (; w; w = w->next)
        if (w->unpollable)
            ran += watch_run(w, w->events);
    return ran;
}

/* Posts. */

void loop_post(struct loop *loop, void (*callback)(void *opaque), void *opaque)
{
    struct loop_post *p = calloc(1, sizeof(*p));
    if (!p)
        abort();
    p->callback = callback;
    p->opaque = opaque;
    pthread_mutex_lock(&loop->mutex);
    *loop->posts_end = p;
    loop->posts_end = &p->next;
    pthread_mutex_unlock(&loop->mutex);
    loop_wake(loop);
}

static unsigned run_posts(struct loop *loop)
{
    pthread_mutex_lock(&loop->mutex);
    struct loop_post *p = loop->posts;
    loop->posts = NULL;
    loop->posts_end = &loop->posts;
    pthread_mutex_unlock(&loop->mutex);
    unsigned ran = 0;
    while (p) {
        struct loop_post *next = p->next;
        p->callback(p->opaque);
        free(p);
        p = next;
        ran++;
    }
    return ran;
}

/* Timers. */

/* The queue's notify: wake the loop, but only if it would come too late otherwise; guests that
 * push their timers back all the time cost nothing here. */
static void queue_changed(void *opaque)
{
    struct loop_queue *lq = opaque;
    if (timer_queue_deadline(lq->timers) < atomic_load(&lq->awaited))
        loop_wake(lq->loop);
}

void loop_attach_timers(struct loop *loop, struct timer_queue *q)
{
    for (unsigned i = 0; i < LOOP_QUEUES_MAX; i++) {
        struct loop_queue *lq = &loop->queues[i];
        if (lq->timers)
            continue;
        lq->loop = loop;
        lq->timers = q;
        atomic_store(&lq->awaited, TIMER_NEVER);
        timer_queue_set_notify(q, queue_changed, lq);
        loop_wake(loop);
        return;
    }
    assert(!"too many timer queues on one loop");
}

void loop_detach_timers(struct loop *loop, struct timer_queue *q)
{
    for (unsigned i = 0; i < LOOP_QUEUES_MAX; i++) {
        if (loop->queues[i].timers == q) {
            timer_queue_set_notify(q, NULL, NULL);
            loop->queues[i].timers = NULL;
        }
    }
}

/* ns until the queue wants to run (0: now), and note what the loop awaits. The deadline is read
 * again after `awaited` is visible: queue_changed does the reverse, so one of the two sees the
 * other's change. */
static int64_t queue_delay(struct loop_queue *lq)
{
    const struct clock *c = lq->timers->clock;
    int64_t deadline;
    if (clock_paused(c)) {
        atomic_store(&lq->awaited, INT64_MIN);
        return clock_paused(c) ? INT64_MAX : 0;
    }
    do {
        deadline = timer_queue_deadline(lq->timers);
        atomic_store(&lq->awaited, deadline);
    } while (timer_queue_deadline(lq->timers) < deadline);
    if (deadline == TIMER_NEVER)
        return INT64_MAX;
    int64_t now = clock_now(c);
    return deadline <= now ? 0 : deadline - now;
}

/* Set the timer for the earliest deadline; returns false if something is due already. */
static bool arm_timer(struct loop *loop)
{
    int64_t delay = INT64_MAX;
    for (unsigned i = 0; i < LOOP_QUEUES_MAX; i++) {
        int64_t d = loop->queues[i].timers ? queue_delay(&loop->queues[i]) : INT64_MAX;
        if (d < delay)
            delay = d;
    }
    if (delay == 0)
        return false;
    if (delay == INT64_MAX && loop->armed == INT64_MAX)
        return true;
    loop->armed = delay;
    struct itimerspec spec = {0}; /* all zero disarms */
    if (delay != INT64_MAX) {
        spec.it_value.tv_sec = delay / CLOCK_NS_PER_SEC;
        spec.it_value.tv_nsec = delay % CLOCK_NS_PER_SEC;
    }
    timerfd_settime(loop->timer_fd, 0, &spec, NULL);
    return true;
}

static unsigned run_timers(struct loop *loop)
{
    unsigned ran = 0;
    for (unsigned i = 0; i < LOOP_QUEUES_MAX; i++) {
        struct timer_queue *q = loop->queues[i].timers;
        if (q && !clock_paused(q->clock))
            ran += timer_queue_run(q, clock_now(q->clock));
    }
    return ran;
}

/* The loop itself. */

static void clear_internal_fds(struct loop *loop)
{
    uint64_t value;
    ssize_t n = read(loop->wake_fd, &value, sizeof(value));
    n = read(loop->timer_fd, &value, sizeof(value));
    (void)n; /* they do not block; nothing there is fine */
}

/* Look for the next request of the prompt peer before sleeping, where that pays. */
static int spin(struct loop *loop, struct pollfd *p, nfds_t count)
{
    int ready = 0;
    if (!loop->served || !pace_spins(&loop->pace))
        return 0;
    int64_t end = clock_host_monotonic() + PACE_SPIN_NS;
    while (!ready && clock_host_monotonic() < end)
        ready = poll(p, count, 0);
    if (!ready || p[0].revents)
        pace_spun(&loop->pace, ready > 0);
    return ready;
}

/* Wait, for the prompt watch by itself (*@ready: what it is ready for), and for all others. */
static int wait_for_events(struct loop *loop, const struct loop_watch *prompt, int timeout_ms,
                           struct epoll_event *events, uint32_t *ready)
{
    *ready = 0;
    if (prompt && prompt->events) {
        struct pollfd p[] = {{.fd = prompt->fd}, {.fd = loop->epoll_fd, .events = POLLIN}};
        if (prompt->events & LOOP_READ)
            p[0].events |= POLLIN;
        if (prompt->events & LOOP_WRITE)
            p[0].events |= POLLOUT;
        if ((!timeout_ms || spin(loop, p, 2) <= 0) && poll(p, 2, timeout_ms) <= 0)
            return 0;
        if (p[0].revents & POLLIN)
            *ready |= LOOP_READ;
        if (p[0].revents & POLLOUT)
            *ready |= LOOP_WRITE;
        if (p[0].revents & (POLLHUP | POLLERR))
            *ready |= LOOP_HANGUP;
        if (!p[1].revents)
            return 0;
        timeout_ms = 0;
    }
    return epoll_wait(loop->epoll_fd, events, EVENTS_PER_WAIT, timeout_ms);
}

/* One round: wait, then run everything that is ready under the device lock, taken once. */
static unsigned run_round(struct loop *loop, int timeout_ms)
{
    struct epoll_event events[EVENTS_PER_WAIT];
    uint32_t ready;
    reap_watches(loop);
    struct loop_watch *prompt = atomic_load(&loop->prompt);
    if (!arm_timer(loop) || atomic_load(&loop->unpollable) || atomic_load(&loop->quit) != QUIT_NONE)
        timeout_ms = 0;
    int count = wait_for_events(loop, prompt, timeout_ms, events, &ready);
    for (int i = 0; i < count; i++)
        if (!events[i].data.ptr) {
            clear_internal_fds(loop);
            break;
        }
    host_lock_take(&loop->lock);
    unsigned ran = run_posts(loop);
    ran += run_timers(loop);
    loop->served = ready && watch_run(prompt, ready);
    if (loop->served)
        pace_served(&loop->pace, clock_host_monotonic());
    ran += loop->served;
    ran += run_polled(loop, events, count);
    ran += run_unpollable(loop);
    host_lock_release(&loop->lock);
    return ran;
}

static void loop_enter(struct loop *loop)
{
    assert(!atomic_load(&loop->running));
    loop->thread = pthread_self();
    atomic_store(&loop->running, true);
}

bool loop_run_once(struct loop *loop, int timeout_ms)
{
    loop_enter(loop);
    unsigned ran = run_round(loop, timeout_ms);
    atomic_store(&loop->running, false);
    return ran != 0;
}

int loop_run(struct loop *loop)
{
    loop_enter(loop);
    while (atomic_load(&loop->quit) == QUIT_NONE)
        run_round(loop, -1);
    atomic_store(&loop->running, false);
    return (int)atomic_exchange(&loop->quit, QUIT_NONE);
}

void loop_quit(struct loop *loop, int code)
{
    int64_t none = QUIT_NONE;
    atomic_compare_exchange_strong(&loop->quit, &none, code);
    loop_wake(loop);
}
