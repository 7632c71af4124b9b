/* The multiplexer: several front ends on one back end. Output of all of them goes out; input goes
 * to the one that has the focus. Ctrl-A is the escape, looked for even while the guest is stuck,
 * so each endpoint has a buffer of its own for input. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "host/chardev_internal.h"
#include "util/bits.h"

#define PORTS_MAX 8
#define INPUT_SIZE 4096
#define ESCAPE 0x01 /* Ctrl-A */

struct mux_port {
    struct chardev cd; /* what the front end holds */
    struct chardev_mux *mux;
    uint8_t input[INPUT_SIZE];
    unsigned head, count;
    bool ending; /* the end of the input is to be told when all of it is delivered */
    struct timer deliver; /* delivery from the loop, after chardev_accept_input */
};

struct chardev_mux {
    struct chardev *back;
    struct mux_port *ports[PORTS_MAX];
    unsigned port_count, focus;
    bool keys;       /* Ctrl-A is the escape */
    bool escaped;    /* the last byte was Ctrl-A */
    bool timestamps; /* each line of output begins with the time */
    bool line_start;
    int64_t timestamps_base;
};

static const struct chardev_kind port_kind;

static struct mux_port *focused(struct chardev_mux *m)
{
    return m->port_count ? m->ports[m->focus] : NULL;
}

/* Output. */

static void write_timestamp(struct chardev_mux *m)
{
    int64_t ms = (clock_now(&m->back->set->clock) - m->timestamps_base) / CLOCK_NS_PER_MS;
    chardev_printf(m->back, "[%02d:%02d:%02d.%03d] ", (int)(ms / 3600000), (int)(ms / 60000 % 60),
                   (int)(ms / 1000 % 60), (int)(ms % 1000));
}

static size_t port_write(struct chardev *cd, const uint8_t *buf, size_t len)
{
    struct chardev_mux *m = ((struct mux_port *)cd->state)->mux;
    if (!m->timestamps)
        return chardev_write(m->back, buf, len);
    size_t done = 0;
    while (done < len) {
        if (m->line_start)
            write_timestamp(m);
        const uint8_t *newline = memchr(buf + done, '\n', len - done);
        size_t part = newline ? (size_t)(newline - (buf + done)) + 1 : len - done;
        m->line_start = newline != NULL;
        size_t n = chardev_write(m->back, buf + done, part);
        done += n;
        if (n < part)
            break;
    }
    return done;
}

/* Input. */

/* Give the front end what it has room for, and let the back end go on if that made room here. */
static void port_pump(struct mux_port *p)
{
    unsigned before = p->count;
    while (p->count) {
        size_t n = chardev_room(&p->cd);
        if (n > p->count)
            n = p->count;
        if (n > INPUT_SIZE - p->head)
            n = INPUT_SIZE - p->head;
        if (n == 0)
            break;
        uint8_t *data = p->input + p->head;
        p->head = (p->head + (unsigned)n) % INPUT_SIZE;
        p->count -= (unsigned)n;
        chardev_deliver(&p->cd, data, n);
    }
    if (p->count != before)
        chardev_accept_input(p->mux->back);
    if (p->ending && !p->count) {
        p->ending = false;
        chardev_send_event(&p->cd, CHARDEV_INPUT_END);
    }
}

static void port_deliver_due(void *opaque)
{
    port_pump(opaque);
}

static void port_accept_input(struct chardev *cd)
{
    struct mux_port *p = cd->state;
    if (p->count)
        timer_set(&p->deliver, 0);
}

static void port_attached(struct chardev *cd)
{
    struct mux_port *p = cd->state;
    if (p == focused(p->mux))
        chardev_send_event(cd, CHARDEV_FOCUS_IN);
}

/* Queue a byte for the port that has the focus. A port that nobody uses has no reader: dropped. */
static void put_byte(struct chardev_mux *m, uint8_t byte)
{
    struct mux_port *p = focused(m);
    if (!p || !p->cd.front || p->count == INPUT_SIZE)
        return;
    p->input[(p->head + p->count++) % INPUT_SIZE] = byte;
}

/* The keys after Ctrl-A. */

static void key_help(struct chardev_mux *m);

static void key_quit(struct chardev_mux *m)
{
    struct chardev_set *set = m->back->set;
    chardev_printf(m->back, "\r\narmemu: ended by Ctrl-A x\r\n");
    if (set->quit)
        set->quit(set->quit_opaque);
}

static void set_focus(struct chardev_mux *m, unsigned focus)
{
    struct mux_port *old = focused(m);
    m->focus = focus;
    chardev_send_event(&old->cd, CHARDEV_FOCUS_OUT);
    chardev_send_event(&focused(m)->cd, CHARDEV_FOCUS_IN);
}

static void key_switch(struct chardev_mux *m)
{
    if (m->port_count > 1)
        set_focus(m, (m->focus + 1) % m->port_count);
}

/* What the other one had no room for was not meant for it. */
static void move_input(struct mux_port *from, struct mux_port *to)
{
    while (from->count && to->count < INPUT_SIZE) {
        to->input[(to->head + to->count++) % INPUT_SIZE] = from->input[from->head];
        from->head = (from->head + 1) % INPUT_SIZE;
        from->count--;
    }
}

void chardev_mux_focus(struct chardev *cd)
{
    struct mux_port *p = cd->state, *old = focused(p->mux);
    unsigned index = 0;
    if (p == old)
        return;
    while (p->mux->ports[index] != p)
        index++;
    set_focus(p->mux, index);
    move_input(old, p);
    port_pump(p);
    port_pump(old); /* its end may be due now */
}

static void key_break(struct chardev_mux *m)
{
    if (!m->port_count)
        return;
    port_pump(focused(m)); /* the break comes after what was typed before it */
    chardev_send_event(&focused(m)->cd, CHARDEV_BREAK);
}

static void key_sync(struct chardev_mux *m)
{
    /* Known from QEMU, where it flushes disks; accepted, so that it does not reach the guest. */
}

static void key_timestamps(struct chardev_mux *m)
{
    m->timestamps = !m->timestamps;
    m->line_start = true;
    m->timestamps_base = clock_now(&m->back->set->clock);
}

static void key_escape(struct chardev_mux *m)
{
    put_byte(m, ESCAPE);
}

static const struct mux_key {
    uint8_t key;
    void (*act)(struct chardev_mux *m);
    const char *name, *help; /* no name: an alias, not listed */
} mux_keys[] = {
    {'h', key_help, "h", "show this list"},
    {'?', key_help, NULL, NULL},
    {'x', key_quit, "x", "end armemu"},
    {'c', key_switch, "c", "switch between console and monitor"},
    {'b', key_break, "b", "send a break (magic SysRq)"},
    {'s', key_sync, "s", "accepted, without effect"},
    {'t', key_timestamps, "t", "switch time stamps on or off"},
    {ESCAPE, key_escape, "Ctrl-A", "send Ctrl-A"},
};

static void key_help(struct chardev_mux *m)
{
    chardev_printf(m->back, "\r\n");
    for (unsigned i = 0; i < ARRAY_SIZE(mux_keys); i++)
        if (mux_keys[i].name)
            chardev_printf(m->back, "Ctrl-A %-8s%s\r\n", mux_keys[i].name, mux_keys[i].help);
}

static void input_byte(struct chardev_mux *m, uint8_t byte)
{
    if (m->keys && !m->escaped && byte == ESCAPE) {
        m->escaped = true;
    } else if (!m->escaped) {
        put_byte(m, byte);
    } else {
        m->escaped = false;
        for (unsigned i = 0; i < ARRAY_SIZE(mux_keys); i++)
            if (mux_keys[i].key == byte)
                mux_keys[i].act(m);
    }
}

/* The multiplexer as the front end of its back end. */

static size_t mux_can_receive(void *opaque)
{
    struct chardev_mux *m = opaque;
    struct mux_port *p = focused(m);
    return p && p->cd.front ? INPUT_SIZE - p->count : INPUT_SIZE;
}

static void mux_receive(void *opaque, const uint8_t *buf, size_t len)
{
    struct chardev_mux *m = opaque;
    for (size_t i = 0; i < len; i++)
        input_byte(m, buf[i]);
    for (unsigned i = 0; i < m->port_count; i++)
        port_pump(m->ports[i]);
}

static void mux_event(void *opaque, enum chardev_event event)
{
    struct chardev_mux *m = opaque;
    for (unsigned i = 0; i < m->port_count; i++) {
        m->ports[i]->ending = event == CHARDEV_INPUT_END;
        if (m->ports[i]->ending)
            port_pump(m->ports[i]);
        else
            chardev_send_event(&m->ports[i]->cd, event);
    }
}

static const struct chardev_frontend mux_frontend = {mux_can_receive, mux_receive, mux_event};

static const struct chardev_kind port_kind = {
    .name = "mux",
    .write = port_write,
    .accept_input = port_accept_input,
    .attached = port_attached,
};

struct chardev_mux *chardev_mux_new(struct chardev *back, bool keys)
{
    struct chardev_mux *m = calloc(1, sizeof(*m));
    if (!m)
        abort();
    m->back = back;
    m->keys = keys;
    m->line_start = true;
    chardev_attach(back, &mux_frontend, m);
    return m;
}

void chardev_mux_free(struct chardev_mux *m)
{
    chardev_attach(m->back, NULL, NULL);
    for (unsigned i = 0; i < m->port_count; i++) {
        timer_cancel(&m->ports[i]->deliver);
        free(m->ports[i]);
    }
    free(m);
}

struct chardev *chardev_mux_claim(struct chardev_mux *m, struct error *e)
{
    if (m->port_count == PORTS_MAX) {
        error_set(e, "character device '%s' has %d users already, the most it can have",
                  m->back->id, PORTS_MAX);
        return NULL;
    }
    struct mux_port *p = calloc(1, sizeof(*p));
    if (!p)
        abort();
    p->mux = m;
    p->cd = (struct chardev){
        .set = m->back->set,
        .kind = &port_kind,
        .id = m->back->id,                   /* both belong to the back end, */
        .description = m->back->description, /* which lives longer */
        .state = p,
        .mux = m,
        .claimed = true,
        .connected = m->back->connected,
        .log_fd = -1,
    };
    timer_init(&p->deliver, &m->back->set->timers, port_deliver_due, p);
    m->ports[m->port_count++] = p;
    return &p->cd;
}
