/* Timer queues: a binary heap whose timers know their place in it, so that setting and cancelling
 * cost O(log n). */
#include "host/clock.h"

#include <assert.h>
#include <stdlib.h>

void timer_queue_init(struct timer_queue *q, const struct clock *c)
{
    *q = (struct timer_queue){.clock = c, .earliest = TIMER_NEVER};
    pthread_mutex_init(&q->mutex, NULL);
}

void timer_queue_free(struct timer_queue *q)
{
    for (size_t i = 0; i < q->count; i++) {
        q->heap[i].timer->position = 0;
        q->heap[i].timer->deadline = TIMER_NEVER;
    }
    free(q->heap);
    pthread_mutex_destroy(&q->mutex);
    *q = (struct timer_queue){.earliest = TIMER_NEVER};
}

void timer_queue_set_notify(struct timer_queue *q, void (*notify)(void *opaque), void *opaque)
{
    q->notify = notify;
    q->notify_opaque = opaque;
}

int64_t timer_queue_deadline(const struct timer_queue *q)
{
    return atomic_load(&q->earliest);
}

static bool entry_before(const struct timer_entry *a, const struct timer_entry *b)
{
    if (a->deadline != b->deadline)
        return a->deadline < b->deadline;
    return a->timer->id < b->timer->id;
}

static void heap_put(struct timer_queue *q, size_t i, struct timer_entry entry)
{
    q->heap[i] = entry;
    entry.timer->position = i + 1;
}

/* Put @entry where it belongs on the way from the hole at @i to the root. */
static void heap_sift_up(struct timer_queue *q, size_t i, struct timer_entry entry)
{
    while (i > 0 && entry_before(&entry, &q->heap[(i - 1) / 2])) {
        heap_put(q, i, q->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    heap_put(q, i, entry);
}

/* Fill the hole at @i with @entry, which may belong further up or further down. */
static void heap_place(struct timer_queue *q, size_t i, struct timer_entry entry)
{
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= q->count)
            break;
        if (child + 1 < q->count && entry_before(&q->heap[child + 1], &q->heap[child]))
            child++;
        if (!entry_before(&q->heap[child], &entry))
            break;
        heap_put(q, i, q->heap[child]);
        i = child;
    }
    heap_sift_up(q, i, entry);
}

static void heap_remove(struct timer_queue *q, struct timer *t)
{
    if (!t->position)
        return;
    size_t hole = t->position - 1;
    t->position = 0;
    struct timer_entry last = q->heap[--q->count];
    if (hole < q->count)
        heap_place(q, hole, last);
}

static void heap_insert(struct timer_queue *q, struct timer *t, int64_t deadline)
{
    if (q->count == q->capacity) {
        size_t capacity = q->capacity ? 2 * q->capacity : 16;
        struct timer_entry *heap = realloc(q->heap, capacity * sizeof(*heap));
        if (!heap)
            abort();
        q->heap = heap;
        q->capacity = capacity;
    }
    heap_sift_up(q, q->count++, (struct timer_entry){deadline, t});
}

/* With the mutex held: publish the earliest deadline; did it change? */
static bool earliest_update(struct timer_queue *q)
{
    int64_t earliest = q->count ? q->heap[0].deadline : TIMER_NEVER;
    return atomic_exchange(&q->earliest, earliest) != earliest;
}

void timer_init(struct timer *t, struct timer_queue *q, void (*callback)(void *opaque),
                void *opaque)
{
    pthread_mutex_lock(&q->mutex);
    *t = (struct timer){
        .deadline = TIMER_NEVER,
        .id = q->next_id++,
        .queue = q,
        .callback = callback,
        .opaque = opaque,
    };
    pthread_mutex_unlock(&q->mutex);
}

void timer_set(struct timer *t, int64_t deadline_ns)
{
    struct timer_queue *q = t->queue;
    assert(q);
    pthread_mutex_lock(&q->mutex);
    heap_remove(q, t);
    t->deadline = deadline_ns;
    if (deadline_ns != TIMER_NEVER)
        heap_insert(q, t, deadline_ns);
    bool changed = earliest_update(q);
    pthread_mutex_unlock(&q->mutex);
    if (changed && q->notify)
        q->notify(q->notify_opaque);
}

void timer_cancel(struct timer *t)
{
    timer_set(t, TIMER_NEVER);
}

bool timer_armed(const struct timer *t)
{
    pthread_mutex_lock(&t->queue->mutex);
    bool armed = t->position != 0;
    pthread_mutex_unlock(&t->queue->mutex);
    return armed;
}

void timer_restore(struct timer *t)
{
    timer_set(t, t->deadline);
}

/* Take the first timer that is due out of the queue; NULL if none is. */
static struct timer *queue_pop_due(struct timer_queue *q, int64_t now, bool *changed)
{
    struct timer *t = NULL;
    pthread_mutex_lock(&q->mutex);
    if (q->count && q->heap[0].deadline <= now) {
        t = q->heap[0].timer;
        heap_remove(q, t);
        t->deadline = TIMER_NEVER;
        *changed |= earliest_update(q);
    }
    pthread_mutex_unlock(&q->mutex);
    return t;
}

unsigned timer_queue_run(struct timer_queue *q, int64_t now)
{
    unsigned ran = 0;
    bool changed = false;
    while (ran < TIMER_RUN_MAX) {
        struct timer *t = queue_pop_due(q, now, &changed);
        if (!t)
            break;
        t->callback(t->opaque);
        ran++;
    }
    if (changed && q->notify)
        q->notify(q->notify_opaque);
    return ran;
}
