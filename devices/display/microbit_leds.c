#include "devices/display/microbit_leds.h"

#include <string.h>

#include "devices/core/env.h"
#include "host/clock.h"
#include "util/bits.h"
#include "util/log.h"

enum { SIDE = MICROBIT_LED_SIDE, COLUMNS = MICROBIT_LED_COLUMNS, ROWS = MICROBIT_LED_ROWS,
       LEDS = SIDE * SIDE, PERIOD_NS = 36000000, NOTHING = 0xff };

#define LED(x, y) (5 * (y) + (x))

/* Which LED is at a row and column (schematic of the micro:bit V1). */
static const uint8_t wiring[ROWS][COLUMNS] = {
    {LED(0, 0), LED(2, 0), LED(4, 0), LED(4, 3), LED(3, 3), LED(2, 3), LED(1, 3), LED(0, 3),
     LED(1, 2)},
    {LED(4, 2), LED(0, 2), LED(2, 2), LED(1, 0), LED(3, 0), LED(3, 4), LED(1, 4), NOTHING, NOTHING},
    {LED(2, 4), LED(4, 4), LED(0, 4), LED(0, 1), LED(1, 1), LED(2, 1), LED(3, 1), LED(4, 1),
     LED(3, 2)},
};

struct microbit_leds {
    struct device base;
    const struct clock *clock;
    uint32_t pins;              /* levels of the inputs */
    int64_t since;              /* ns: up to here `on` is right */
    uint32_t on[LEDS];          /* ns lit in the current period */
    uint8_t picture[LEDS];      /* as of the last whole period */
    struct timer timer;         /* the end of the period; not armed while nothing changes */
};

static struct microbit_leds *leds_of(struct device *dev)
{
    return (struct microbit_leds *)dev;
}

/** The LEDs that are lit with the present levels: row high, column low. */
static uint32_t lit(const struct microbit_leds *m)
{
    uint32_t leds = 0;
    for (unsigned row = 0; row < ROWS; row++)
        for (unsigned col = 0; col < COLUMNS; col++)
            if ((m->pins & BIT(COLUMNS + row)) && !(m->pins & BIT(col)) &&
                wiring[row][col] != NOTHING)
                leds |= BIT(wiring[row][col]);
    return leds;
}

/** Account for the time since the last change. */
static void account(struct microbit_leds *m, int64_t now)
{
    uint32_t leds = lit(m);
    int64_t ns = now - m->since;
    uint32_t add = ns < 0 ? 0 : ns > PERIOD_NS ? PERIOD_NS : (uint32_t)ns;
    for (unsigned i = 0; i < LEDS; i++)
        if (leds & BIT(i))
            m->on[i] = m->on[i] + add > PERIOD_NS ? PERIOD_NS : m->on[i] + add;
    m->since = now;
}

/* The eye's response is about logarithmic, and so are the times that software chooses for its
 * brightness levels: limits in permille of a third of the period. */
static uint8_t brightness(uint32_t on)
{
    static const uint16_t limit[9] = {4, 15, 30, 55, 90, 150, 260, 450, 800};
    uint64_t permille = (uint64_t)on * 3 * 1000 / PERIOD_NS;
    uint8_t level = 0;
    while (level < 9 && permille >= limit[level])
        level++;
    return level;
}

static void log_picture(const struct microbit_leds *m)
{
    char text[LEDS + SIDE] = "";
    for (unsigned i = 0; i < LEDS; i++)
        text[i + i / SIDE] = (char)('0' + m->picture[i]);
    for (unsigned y = 1; y < SIDE; y++)
        text[(SIDE + 1) * y - 1] = ':';
    log_write(LOG_LEDS, "%s %s", m->base.name, text);
}

/** The end of a period in which something has changed. When nothing has since, this picture is the
 * last one until the next change. */
static void period_ends(void *opaque)
{
    struct microbit_leds *m = opaque;
    uint8_t picture[LEDS];
    bool steady = true;
    int64_t now = clock_now(m->clock);
    account(m, now);
    for (unsigned i = 0; i < LEDS; i++) {
        picture[i] = brightness(m->on[i]);
        steady &= !m->on[i] || m->on[i] >= PERIOD_NS;
        m->on[i] = 0;
    }
    bool changed = memcmp(picture, m->picture, LEDS) != 0;
    memcpy(m->picture, picture, LEDS);
    if (changed && log_enabled(LOG_LEDS))
        log_picture(m);
    if (!steady)
        timer_set(&m->timer, now + PERIOD_NS);
}

void microbit_leds_picture(struct device *dev,
                           uint8_t picture[MICROBIT_LED_SIDE][MICROBIT_LED_SIDE])
{
    memcpy(picture, leds_of(dev)->picture, LEDS);
}

static void leds_input(struct device *dev, unsigned n, int level)
{
    struct microbit_leds *m = leds_of(dev);
    uint32_t pins = level ? m->pins | BIT(n) : m->pins & ~BIT(n);
    if (pins == m->pins)
        return;
    int64_t now = clock_now(m->clock);
    if (!timer_armed(&m->timer)) {
        memset(m->on, 0, sizeof(m->on));
        m->since = now;
        timer_set(&m->timer, now + PERIOD_NS);
    }
    account(m, now);
    m->pins = pins;
}

static void leds_print(struct device *dev, FILE *out)
{
    const struct microbit_leds *m = leds_of(dev);
    for (unsigned i = 0; i < LEDS; i++)
        fprintf(out, "%c%c", m->picture[i] ? '0' + m->picture[i] : '.',
                i % SIDE < SIDE - 1 ? ' ' : '\n');
}

static void leds_reset(struct device *dev)
{
    struct microbit_leds *m = leds_of(dev);
    timer_cancel(&m->timer);
    memset(m->on, 0, sizeof(m->on));
    memset(m->picture, 0, sizeof(m->picture));
    m->since = 0;
}

static void leds_free(struct device *dev)
{
    timer_cancel(&leds_of(dev)->timer);
}

static void leds_loaded(struct device *dev)
{
    timer_restore(&leds_of(dev)->timer);
}

static const struct field fields[] = {
    FIELD(struct microbit_leds, pins),          FIELD(struct microbit_leds, since),
    FIELD_ARRAY(struct microbit_leds, on),      FIELD_ARRAY(struct microbit_leds, picture),
    FIELD(struct microbit_leds, timer.deadline),
};

static const struct field_list state = {"microbit-leds", sizeof(struct microbit_leds), fields,
                                        ARRAY_SIZE(fields)};
static const struct device_ops ops = {.reset = leds_reset, .free = leds_free, .input = leds_input,
                                      .loaded = leds_loaded, .print = leds_print};

static struct device *leds_create(const char *name, const void *config,
                                  const struct device_env *env, struct error *e)
{
    struct microbit_leds *m = device_alloc(sizeof(*m), name, &microbit_leds_class, &ops, &state,
                                           COLUMNS + ROWS, 0);
    m->clock = env->timers->clock;
    timer_init(&m->timer, env->timers, period_ends, m);
    leds_reset(&m->base);
    return &m->base;
}

const struct device_class microbit_leds_class = {
    .name = "microbit-leds",
    .help = "LED matrix of the micro:bit",
    .create = leds_create,
};
