#include <criterion/criterion.h>
#include <stdlib.h>
#include <time.h>

#include "host/clock.h"

struct fake {
    int64_t now;
    struct clock clock;
    struct timer_queue queue;
    int notified;
};

static int64_t fake_source(void *opaque)
{
    return *(int64_t *)opaque;
}

static void fake_notify(void *opaque)
{
    ++*(int *)opaque;
}

static void fake_init(struct fake *f)
{
    f->now = 0;
    f->notified = 0;
    clock_init_virtual(&f->clock, fake_source, &f->now, 1000);
    timer_queue_init(&f->queue, &f->clock);
    timer_queue_set_notify(&f->queue, fake_notify, &f->notified);
}

struct shot {
    struct timer timer;
    int *order, id, seen_at;
};

static void fire(void *opaque)
{
    struct shot *s = opaque;
    s->seen_at = ++*s->order;
}

Test(clock, virtual_follows_its_source)
{
    struct fake f;
    fake_init(&f);
    cr_assert_eq(clock_now(&f.clock), 0);
    f.now = 77;
    cr_assert_eq(clock_now(&f.clock), 77);
    cr_assert_eq(clock_utc(&f.clock), 1077);
    clock_set_utc(&f.clock, 5000);
    f.now = 80;
    cr_assert_eq(clock_utc(&f.clock), 5003);
}

Test(clock, pause_stops_time_and_resume_continues_it)
{
    struct fake f;
    fake_init(&f);
    f.now = 100;
    clock_pause(&f.clock);
    f.now = 500;
    cr_assert_eq(clock_now(&f.clock), 100);
    clock_pause(&f.clock);
    clock_resume(&f.clock);
    clock_resume(&f.clock);
    cr_assert_eq(clock_now(&f.clock), 100);
    f.now = 510;
    cr_assert_eq(clock_now(&f.clock), 110);
    clock_set_now(&f.clock, 7);
    f.now = 515;
    cr_assert_eq(clock_now(&f.clock), 12);
    clock_pause(&f.clock);
    clock_set_now(&f.clock, 1);
    cr_assert_eq(clock_now(&f.clock), 1);
}

Test(clock, host_clock_starts_at_zero_and_advances)
{
    struct clock c;
    clock_init_host(&c);
    int64_t a = clock_now(&c);
    cr_assert_geq(a, 0);
    cr_assert_lt(a, CLOCK_NS_PER_SEC);
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    int64_t b = clock_now(&c);
    cr_assert_geq(b - a, 2000000);
    cr_assert_lt(b - a, CLOCK_NS_PER_SEC);
    cr_assert_lt(llabs(clock_utc(&c) / CLOCK_NS_PER_SEC - (long long)time(NULL)), 3);
}

Test(timer, run_in_order_of_deadline_then_of_initialisation)
{
    struct fake f;
    int order = 0;
    struct shot s[4] = {0};
    static const int64_t deadline[4] = {30, 10, 20, 10};
    static const int expected[4] = {4, 1, 3, 2};
    fake_init(&f);
    for (int i = 0; i < 4; i++) {
        s[i].order = &order;
        timer_init(&s[i].timer, &f.queue, fire, &s[i]);
    }
    for (int i = 3; i >= 0; i--)
        timer_set(&s[i].timer, deadline[i]);
    cr_assert_eq(timer_queue_deadline(&f.queue), 10);
    cr_assert_eq(timer_queue_run(&f.queue, 9), 0);
    cr_assert_eq(timer_queue_run(&f.queue, 30), 4);
    for (int i = 0; i < 4; i++) {
        cr_assert_eq(s[i].seen_at, expected[i], "timer %d", i);
        cr_assert(!timer_armed(&s[i].timer));
    }
    cr_assert_eq(timer_queue_deadline(&f.queue), TIMER_NEVER);
    timer_queue_free(&f.queue);
}

Test(timer, notify_tells_changes_of_the_earliest_only)
{
    struct fake f;
    int order = 0;
    struct shot a = {.order = &order}, b = {.order = &order};
    fake_init(&f);
    timer_init(&a.timer, &f.queue, fire, &a);
    timer_init(&b.timer, &f.queue, fire, &b);
    timer_set(&a.timer, 10);
    cr_assert_eq(f.notified, 1);
    timer_set(&b.timer, 20);
    cr_assert_eq(f.notified, 1);
    timer_cancel(&a.timer);
    cr_assert_eq(f.notified, 2);
    cr_assert_eq(timer_queue_deadline(&f.queue), 20);
    cr_assert_eq(timer_queue_run(&f.queue, 15), 0);
    timer_set(&b.timer, 5);
    cr_assert_eq(f.notified, 3);
    cr_assert_eq(timer_queue_run(&f.queue, 15), 1);
    cr_assert_eq(f.notified, 4);
    cr_assert_eq(a.seen_at, 0, "a cancelled timer ran");
    timer_queue_free(&f.queue);
}

struct periodic {
    struct timer timer;
    int64_t next, period;
    unsigned count;
};

static void tick(void *opaque)
{
    struct periodic *p = opaque;
    p->count++;
    p->next += p->period;
    timer_set(&p->timer, p->next);
}

Test(timer, periodic_catches_up_within_a_bound)
{
    struct fake f;
    struct periodic p = {.next = 10, .period = 10};
    fake_init(&f);
    timer_init(&p.timer, &f.queue, tick, &p);
    timer_set(&p.timer, p.next);
    cr_assert_eq(timer_queue_run(&f.queue, 55), 5);
    cr_assert_eq(p.count, 5);
    cr_assert_eq(timer_queue_deadline(&f.queue), 60);
    p.period = 0; /* never gets ahead of the time */
    cr_assert_eq(timer_queue_run(&f.queue, 100), TIMER_RUN_MAX);
    timer_queue_free(&f.queue);
}

Test(timer, restore_queues_what_the_deadline_field_says)
{
    struct fake f;
    int order = 0;
    struct shot a = {.order = &order}, b = {.order = &order};
    fake_init(&f);
    timer_init(&a.timer, &f.queue, fire, &a);
    timer_init(&b.timer, &f.queue, fire, &b);
    timer_set(&a.timer, 10);
    a.timer.deadline = TIMER_NEVER;
    b.timer.deadline = 40;
    timer_restore(&a.timer);
    timer_restore(&b.timer);
    cr_assert_eq(timer_queue_deadline(&f.queue), 40);
    cr_assert(!timer_armed(&a.timer));
    cr_assert(timer_armed(&b.timer));
    timer_queue_free(&f.queue);
}

struct many {
    struct timer timer;
    int64_t *last, deadline;
    unsigned *ran;
};

static void check_order(void *opaque)
{
    struct many *m = opaque;
    cr_assert_geq(m->deadline, *m->last);
    *m->last = m->deadline;
    ++*m->ran;
}

Test(timer, random_sets_and_cancels_keep_the_order)
{
    enum { COUNT = 300 };
    static struct many m[COUNT];
    struct fake f;
    int64_t last = 0;
    unsigned ran = 0, armed = 0;
    fake_init(&f);
    srand(1);
    for (int i = 0; i < COUNT; i++) {
        m[i] = (struct many){.last = &last, .ran = &ran, .deadline = TIMER_NEVER};
        timer_init(&m[i].timer, &f.queue, check_order, &m[i]);
    }
    for (int step = 0; step < 20000; step++) {
        struct many *x = &m[rand() % COUNT];
        x->deadline = rand() % 3 ? rand() % 1000 : TIMER_NEVER;
        timer_set(&x->timer, x->deadline);
        int64_t least = TIMER_NEVER;
        for (int i = 0; i < COUNT && step % 64 == 0; i++)
            least = m[i].deadline < least ? m[i].deadline : least;
        if (step % 64 == 0)
            cr_assert_eq(timer_queue_deadline(&f.queue), least);
    }
    for (int i = 0; i < COUNT; i++)
        armed += m[i].deadline != TIMER_NEVER;
    cr_assert_gt(armed, 0);
    timer_queue_run(&f.queue, 1000);
    cr_assert_eq(ran, armed);
    timer_queue_free(&f.queue);
}
