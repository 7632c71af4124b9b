#include <criterion/criterion.h>
#include <fcntl.h>
#include <unistd.h>

#include "tests/host/support.h"

static void quit_with_7(void *opaque)
{
    loop_quit(opaque, 7);
}

static void *post_quit(void *opaque)
{
    usleep(20000);
    loop_post(opaque, quit_with_7, opaque);
    return NULL;
}

Test(loop, post_from_another_thread_ends_run)
{
    struct loop *loop = loop_new(NULL, NULL);
    pthread_t t;
    cr_assert(thread_start(&t, "a name longer than fifteen", post_quit, loop, NULL));
    cr_assert_eq(loop_run(loop), 7);
    pthread_join(t, NULL);
    cr_assert(!loop_is_current(loop));
    loop_quit(loop, 3);
    loop_quit(loop, 4);
    cr_assert_eq(loop_run(loop), 3, "the first code counts, also before the loop runs");
    loop_free(loop);
}

struct pipe_user {
    struct loop *loop;
    struct loop_watch *watch;
    int fd;
    unsigned calls, hangups;
    char last;
};

static void on_pipe(void *opaque, uint32_t events)
{
    struct pipe_user *u = opaque;
    u->calls++;
    if (events & LOOP_READ)
        cr_assert_eq(read(u->fd, &u->last, 1), 1);
    else if (events & LOOP_HANGUP) {
        u->hangups++;
        loop_watch_remove(u->watch);
    }
}

static void count_post(void *opaque)
{
    ++*(unsigned *)opaque;
}

Test(loop, watch_reports_input_and_hangup)
{
    int p[2];
    cr_assert_eq(pipe(p), 0);
    struct loop *loop = loop_new(NULL, NULL);
    struct pipe_user u = {.loop = loop, .fd = p[0]};
    u.watch = loop_watch_add(loop, p[0], LOOP_READ, on_pipe, &u, NULL);
    cr_assert(!loop_run_once(loop, 0));
    cr_assert_eq(write(p[1], "xy", 2), 2);
    cr_assert(loop_run_once(loop, 100));
    cr_assert_eq(u.last, 'x');
    loop_watch_modify(u.watch, 0);
    cr_assert(!loop_run_once(loop, 0), "a silenced watch was called");
    close(p[1]);
    cr_assert(sleeps(loop, 20), "the hangup of a silenced watch keeps the loop busy");
    loop_watch_modify(u.watch, LOOP_READ);
    cr_assert(loop_run_once(loop, 100));
    cr_assert_eq(u.last, 'y');
    cr_assert(loop_run_once(loop, 100));
    cr_assert_eq(u.hangups, 1);
    cr_assert(!loop_run_once(loop, 0), "a removed watch was called");
    loop_free(loop);
}

Test(loop, prompt_watch_is_a_watch)
{
    int p[2];
    unsigned calls = 0;
    cr_assert_eq(pipe(p), 0);
    struct loop *loop = loop_new(NULL, NULL);
    struct pipe_user u = {.loop = loop, .fd = p[0]};
    u.watch = loop_watch_add(loop, p[0], LOOP_READ, on_pipe, &u, NULL);
    loop_watch_prompt(u.watch);
    cr_assert(sleeps(loop, 20));
    cr_assert_eq(write(p[1], "xy", 2), 2);
    loop_post(loop, count_post, &calls);
    cr_assert(loop_run_once(loop, 100));
    cr_assert_eq(u.last, 'x');
    cr_assert_eq(calls, 1, "a post waits while the watch has something");
    loop_watch_modify(u.watch, 0);
    cr_assert(!loop_run_once(loop, 0), "a silenced watch was called");
    loop_post(loop, count_post, &calls);
    cr_assert(loop_run_once(loop, 1000), "nothing but the watch is waited for");
    loop_watch_modify(u.watch, LOOP_READ);
    cr_assert(loop_run_once(loop, 100));
    cr_assert_eq(u.last, 'y');
    close(p[1]);
    cr_assert(loop_run_once(loop, 100));
    cr_assert_eq(u.hangups, 1);
    cr_assert(!loop_run_once(loop, 0), "a removed watch was called");
    loop_free(loop);
}

Test(loop, another_watch_becomes_prompt)
{
    int p[2], q[2];
    cr_assert_eq(pipe(p) | pipe(q), 0);
    struct loop *loop = loop_new(NULL, NULL);
    struct pipe_user u = {.loop = loop, .fd = p[0]}, v = {.loop = loop, .fd = q[0]};
    u.watch = loop_watch_add(loop, p[0], LOOP_READ, on_pipe, &u, NULL);
    v.watch = loop_watch_add(loop, q[0], LOOP_READ, on_pipe, &v, NULL);
    for (int i = 0; i < 4; i++) { /* none, the first, the second, then that is removed */
        cr_assert_eq(write(p[1], "x", 1) + write(q[1], "x", 1), 2);
        loop_run_once(loop, 100);
        loop_run_once(loop, 0);
        cr_assert_eq(u.calls, (unsigned)i + 1);
        cr_assert_eq(v.calls, (unsigned)(i < 3 ? i + 1 : 3));
        if (i == 2)
            loop_watch_remove(v.watch);
        else if (i < 2)
            loop_watch_prompt(i ? v.watch : u.watch);
    }
    loop_free(loop);
}

static void *watch_late(void *opaque)
{
    usleep(20000);
    loop_watch_modify(opaque, LOOP_READ);
    return NULL;
}

Test(loop, prompt_watch_changed_by_another_thread, .timeout = 10)
{
    int p[2];
    pthread_t t;
    cr_assert_eq(pipe(p), 0);
    struct loop *loop = loop_new(NULL, NULL);
    struct pipe_user u = {.loop = loop, .fd = p[0]};
    u.watch = loop_watch_add(loop, p[0], LOOP_READ, on_pipe, &u, NULL);
    loop_watch_prompt(u.watch);
    loop_watch_modify(u.watch, 0);
    cr_assert_eq(write(p[1], "x", 1), 1);
    cr_assert(thread_start(&t, "changer", watch_late, u.watch, NULL));
    for (int i = 0; i < 100 && !u.calls; i++)
        loop_run_once(loop, 5000);
    pthread_join(t, NULL);
    cr_assert_eq(u.last, 'x');
    loop_free(loop);
}

struct pair {
    struct pair *other;
    struct loop_watch *watch;
    unsigned calls;
};

static void remove_other(void *opaque, uint32_t events)
{
    struct pair *p = opaque;
    p->calls++;
    loop_watch_remove(p->other->watch);
    p->other->watch = NULL;
}

Test(loop, watch_removed_in_the_same_round_is_not_called)
{
    struct pair a = {0}, b = {.other = &a};
    int p[2], q[2];
    a.other = &b;
    cr_assert_eq(pipe(p) | pipe(q), 0);
    struct loop *loop = loop_new(NULL, NULL);
    a.watch = loop_watch_add(loop, p[0], LOOP_READ, remove_other, &a, NULL);
    b.watch = loop_watch_add(loop, q[0], LOOP_READ, remove_other, &b, NULL);
    cr_assert_eq(write(p[1], "x", 1) + write(q[1], "x", 1), 2);
    close(p[1]);
    close(q[1]); /* hangups are always reported, so only the removal can silence them */
    loop_run_once(loop, 100);
    cr_assert_eq(a.calls + b.calls, 1);
    loop_free(loop);
}

static void count_call(void *opaque, uint32_t events)
{
    ++*(unsigned *)opaque;
}

Test(loop, dev_null_and_files_count_as_ready)
{
    unsigned calls = 0;
    struct loop *loop = loop_new(NULL, NULL);
    int fd = open("/proc/self/exe", O_RDONLY);
    struct loop_watch *w = loop_watch_add(loop, fd, LOOP_READ, count_call, &calls, NULL);
    cr_assert(w);
    cr_assert(loop_run_once(loop, -1));
    cr_assert(loop_run_once(loop, -1));
    cr_assert_eq(calls, 2);
    loop_watch_modify(w, 0);
    cr_assert(!loop_run_once(loop, 0));
    loop_watch_modify(w, LOOP_READ);
    cr_assert(loop_run_once(loop, -1));
    loop_watch_remove(w);
    cr_assert(!loop_run_once(loop, 0));
    loop_free(loop);
}

Test(loop, bad_descriptor_is_an_error)
{
    struct error e = {0};
    struct loop *loop = loop_new(NULL, NULL);
    cr_assert_null(loop_watch_add(loop, 999, LOOP_READ, count_call, NULL, &e));
    cr_assert_str_not_empty(e.text);
    loop_free(loop);
}

struct timed {
    struct loop *loop;
    struct clock clock;
    struct timer_queue queue;
    struct timer timer;
    int64_t fired_at;
};

static void on_time(void *opaque)
{
    struct timed *t = opaque;
    t->fired_at = clock_now(&t->clock);
    loop_quit(t->loop, 0);
}

static void timed_init(struct timed *t)
{
    *t = (struct timed){.loop = loop_new(NULL, NULL)};
    clock_init_host(&t->clock);
    timer_queue_init(&t->queue, &t->clock);
    timer_init(&t->timer, &t->queue, on_time, t);
    loop_attach_timers(t->loop, &t->queue);
}

static void timed_free(struct timed *t)
{
    loop_free(t->loop);
    timer_queue_free(&t->queue);
}

Test(loop, timer_fires_at_its_time, .timeout = 10)
{
    struct timed t;
    timed_init(&t);
    int64_t deadline = clock_now(&t.clock) + 20 * CLOCK_NS_PER_MS;
    timer_set(&t.timer, deadline);
    loop_run(t.loop);
    cr_assert_geq(t.fired_at, deadline);
    cr_assert_lt(t.fired_at, deadline + CLOCK_NS_PER_SEC);
    timed_free(&t);
}

static void *set_timer_late(void *opaque)
{
    struct timed *t = opaque;
    usleep(20000);
    timer_set(&t->timer, clock_now(&t->clock) + CLOCK_NS_PER_MS);
    return NULL;
}

Test(loop, timer_set_by_another_thread_wakes_the_loop, .timeout = 10)
{
    struct timed t;
    pthread_t thread;
    timed_init(&t);
    timer_set(&t.timer, clock_now(&t.clock) + 1000 * CLOCK_NS_PER_SEC);
    thread_start(&thread, "setter", set_timer_late, &t, NULL);
    loop_run(t.loop);
    pthread_join(thread, NULL);
    cr_assert_lt(t.fired_at, 5 * CLOCK_NS_PER_SEC);
    timed_free(&t);
}

Test(loop, paused_clock_holds_its_timers, .timeout = 10)
{
    struct timed t;
    timed_init(&t);
    clock_pause(&t.clock);
    timer_set(&t.timer, 0);
    run_for(t.loop, 20);
    cr_assert_eq(t.fired_at, 0);
    clock_resume(&t.clock);
    loop_wake(t.loop);
    loop_run(t.loop);
    cr_assert_gt(t.fired_at, 0);
    timed_free(&t);
}

struct locked {
    int depth, seen;
};

static void take(void *opaque)
{
    ((struct locked *)opaque)->depth++;
}

static void release(void *opaque)
{
    ((struct locked *)opaque)->depth--;
}

static void look(void *opaque)
{
    struct locked *l = opaque;
    l->seen = l->depth;
}

Test(loop, callbacks_hold_the_lock)
{
    struct locked l = {0};
    struct host_lock lock = {take, release, &l};
    struct loop *loop = loop_new(&lock, NULL);
    loop_post(loop, look, &l);
    cr_assert(loop_run_once(loop, 0));
    cr_assert_eq(l.seen, 1);
    cr_assert_eq(l.depth, 0);
    loop_free(loop);
}

/* Many threads set timers and post while the loop runs: nothing is lost. */

enum { THREADS = 4, ROUNDS = 500 };

struct storm {
    struct loop *loop;
    struct clock clock;
    struct timer_queue queue;
    struct timer timers[THREADS];
    unsigned posts;
    _Atomic unsigned fired[THREADS];
    struct {
        struct storm *storm;
        unsigned index;
    } args[THREADS];
};

static void storm_post(void *opaque)
{
    struct storm *s = opaque;
    if (++s->posts == THREADS * ROUNDS)
        loop_quit(s->loop, 0);
}

static void storm_fire(void *opaque)
{
    atomic_fetch_add((_Atomic unsigned *)opaque, 1);
}

static void *storm_thread(void *opaque)
{
    struct storm *s = *(struct storm **)opaque;
    unsigned i = *(unsigned *)((struct storm **)opaque + 1);
    for (unsigned n = 1; n <= ROUNDS; n++) {
        timer_set(&s->timers[i], clock_now(&s->clock) + n % 7 * 1000);
        while (atomic_load(&s->fired[i]) < n)
            sched_yield();
        loop_post(s->loop, storm_post, s);
    }
    return NULL;
}

Test(loop, storm_of_timers_and_posts_loses_nothing, .timeout = 60)
{
    static struct storm s;
    pthread_t threads[THREADS];
    s.loop = loop_new(NULL, NULL);
    clock_init_host(&s.clock);
    timer_queue_init(&s.queue, &s.clock);
    loop_attach_timers(s.loop, &s.queue);
    for (unsigned i = 0; i < THREADS; i++) {
        timer_init(&s.timers[i], &s.queue, storm_fire, &s.fired[i]);
        s.args[i].storm = &s;
        s.args[i].index = i;
        thread_start(&threads[i], "storm", storm_thread, &s.args[i], NULL);
    }
    loop_run(s.loop);
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        cr_assert_eq(s.fired[i], ROUNDS);
    }
    loop_free(s.loop);
    timer_queue_free(&s.queue);
}
