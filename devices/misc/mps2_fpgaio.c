#include "devices/misc/mps2_fpgaio.h"

#include "devices/core/env.h"
#include "devices/core/regs.h"
#include "host/clock.h"
#include "util/bits.h"

/* The counters are never interrupted by anything, so they are computed from the time when they are
 * looked at. */
struct mps2_fpgaio {
    struct device base;
    const struct clock *clock;
    uint32_t freq;
    uint32_t leds, buttons, misc, prescale;
    int64_t zero_1hz, zero_100hz; /* when the counters were (or would have been) 0 */
    uint32_t counter, pscntr;     /* at time @since */
    int64_t since;
};

static struct mps2_fpgaio *io_of(struct device *dev)
{
    return (struct mps2_fpgaio *)dev;
}

static void drive_leds(struct device *dev)
{
    for (unsigned n = 0; n < MPS2_FPGAIO_LEDS; n++)
        irq_set(&dev->output[n], (int)bit_get(io_of(dev)->leds, n));
}

static void button_input(struct device *dev, unsigned n, int level)
{
    struct mps2_fpgaio *s = io_of(dev);
    s->buttons = level ? s->buttons | BIT(n) : s->buttons & ~BIT(n);
}

/* ---- counters ---- */

static uint32_t slow_read(const struct mps2_fpgaio *s, int64_t zero, int64_t period)
{
    return (uint32_t)((clock_now(s->clock) - zero) / period);
}

static int64_t slow_zero(const struct mps2_fpgaio *s, uint32_t value, int64_t period)
{
    return clock_now(s->clock) - (int64_t)value * period;
}

static uint32_t hz1_read(struct device *dev, const struct reg_access *a)
{
    return slow_read(io_of(dev), io_of(dev)->zero_1hz, CLOCK_NS_PER_SEC);
}

static void hz1_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    io_of(dev)->zero_1hz = slow_zero(io_of(dev), value, CLOCK_NS_PER_SEC);
}

static uint32_t hz100_read(struct device *dev, const struct reg_access *a)
{
    return slow_read(io_of(dev), io_of(dev)->zero_100hz, CLOCK_NS_PER_SEC / 100);
}

static void hz100_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    io_of(dev)->zero_100hz = slow_zero(io_of(dev), value, CLOCK_NS_PER_SEC / 100);
}

/** Bring COUNTER and PSCNTR to now: PSCNTR counts from PRESCALE down to 0, then COUNTER goes on. */
static void bring_up(struct mps2_fpgaio *s)
{
    int64_t now = clock_now(s->clock);
    uint64_t ticks = (uint64_t)((unsigned __int128)(now - s->since) * s->freq / CLOCK_NS_PER_SEC);
    if (!ticks)
        return;
    s->since += (int64_t)(((unsigned __int128)ticks * CLOCK_NS_PER_SEC + s->freq - 1) / s->freq);
    if (ticks <= s->pscntr) {
        s->pscntr -= (uint32_t)ticks;
        return;
    }
    uint64_t beyond = ticks - s->pscntr - 1, period = (uint64_t)s->prescale + 1;
    s->counter += (uint32_t)(1 + beyond / period);
    s->pscntr = s->prescale - (uint32_t)(beyond % period);
}

static uint32_t counter_read(struct device *dev, const struct reg_access *a)
{
    bring_up(io_of(dev));
    return io_of(dev)->counter;
}

static void counter_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    bring_up(io_of(dev));
    io_of(dev)->counter = value;
}

static void prescale_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    bring_up(io_of(dev)); /* takes effect when PSCNTR is reloaded */
    io_of(dev)->prescale = value;
}

static uint32_t pscntr_read(struct device *dev, const struct reg_access *a)
{
    bring_up(io_of(dev));
    return io_of(dev)->pscntr;
}

static void pscntr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    bring_up(io_of(dev));
    io_of(dev)->pscntr = value;
}

#define AT(member) REG_FIELD(struct mps2_fpgaio, member)

static const struct reg rows[] = {
    {"LED0", 0x000, .field = AT(leds), .writable = 0x3, .after = drive_leds},
    {"BUTTON", 0x008, .field = AT(buttons)},
    {"CLK1HZ", 0x010, .read = hz1_read, .write = hz1_write},
    {"CLK100HZ", 0x014, .read = hz100_read, .write = hz100_write},
    {"COUNTER", 0x018, .read = counter_read, .write = counter_write},
    {"PRESCALE", 0x01c, .field = AT(prescale), .write = prescale_write},
    {"PSCNTR", 0x020, .read = pscntr_read, .write = pscntr_write},
    {"MISC", 0x04c, .field = AT(misc), .writable = 0x3ff},
};

static const struct reg_table table = {rows, ARRAY_SIZE(rows), .narrow = true};

static const struct region_ops region = {.table = &table, .min_size = 1, .max_size = 4};

static void io_reset(struct device *dev)
{
    struct mps2_fpgaio *s = io_of(dev);
    uint32_t buttons = s->buttons;
    regs_reset(dev, &table);
    s->buttons = buttons;
    s->counter = s->pscntr = 0;
    s->since = s->zero_1hz = s->zero_100hz = clock_now(s->clock);
    drive_leds(dev);
}

static const struct field fields[] = {
    FIELD(struct mps2_fpgaio, leds),     FIELD(struct mps2_fpgaio, buttons),
    FIELD(struct mps2_fpgaio, misc),     FIELD(struct mps2_fpgaio, prescale),
    FIELD(struct mps2_fpgaio, zero_1hz), FIELD(struct mps2_fpgaio, zero_100hz),
    FIELD(struct mps2_fpgaio, counter),  FIELD(struct mps2_fpgaio, pscntr),
    FIELD(struct mps2_fpgaio, since),
};

static const struct field_list state = {"mps2-fpgaio", sizeof(struct mps2_fpgaio), fields,
                                        ARRAY_SIZE(fields)};

static const struct device_ops ops = {.reset = io_reset,
                                      .input = button_input,
                                      .loaded = drive_leds};

static struct device *io_create(const char *name, const void *config, const struct device_env *env,
                                struct error *e)
{
    const struct mps2_fpgaio_config *c = config;
    if (!c->freq) {
        error_set(e, "%s: freq must not be 0", name);
        return NULL;
    }
    struct mps2_fpgaio *s = device_alloc(sizeof(*s), name, &mps2_fpgaio_class, &ops, &state,
                                         MPS2_FPGAIO_BUTTONS, MPS2_FPGAIO_LEDS);
    s->clock = env->timers->clock;
    s->freq = c->freq;
    device_add_region(&s->base, "registers", 0x1000, &region);
    io_reset(&s->base);
    return &s->base;
}

static const struct property properties[] = {
    PROPERTY(U32, struct mps2_fpgaio_config, freq, 25000000, 1000000000,
             "clock of the prescaler in Hz"),
};

const struct device_class mps2_fpgaio_class = {
    .name = "mps2-fpgaio",
    .help = "MPS2 FPGA I/O: LEDs, buttons, counters",
    .properties = properties,
    .property_count = ARRAY_SIZE(properties),
    .config_size = sizeof(struct mps2_fpgaio_config),
    .create = io_create,
};
