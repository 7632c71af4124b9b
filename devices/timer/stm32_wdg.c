#include "devices/timer/stm32_wdg.h"

#include "devices/core/env.h"
#include "devices/core/ticks.h"
#include "devices/stm32/periph.h"
#include "util/bits.h"
#include "util/log.h"

/* ---- IWDG ---- */

enum { LSI_HZ = 32000, KEY_RELOAD = 0xaaaa, KEY_ACCESS = 0x5555, KEY_START = 0xcccc };

struct iwdg {
    struct stm32_periph p;
    const struct clock *clock;
    uint32_t pr, rlr, unlocked, running;
    struct timer timer;
};

static struct iwdg *iwdg_of(struct device *dev)
{
    return (struct iwdg *)dev;
}

static void iwdg_reload(struct iwdg *w)
{
    unsigned pr = w->pr > 6 ? 6 : w->pr;
    const struct ticks t = {clock_now(w->clock), LSI_HZ, 4u << pr};
    if (w->running)
        timer_set(&w->timer, ticks_time(&t, (uint64_t)w->rlr + 1));
}

static void iwdg_expired(void *opaque)
{
    struct iwdg *w = opaque;
    log_write(LOG_GUEST_ERRORS, "%s: not reloaded in time: reset", w->p.base.name);
    irq_pulse(&w->p.base.output[STM32_WDG_RESET]);
}

static void kr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct iwdg *w = iwdg_of(dev);
    w->unlocked = (value & 0xffff) == KEY_ACCESS;
    w->running |= (value & 0xffff) == KEY_START;
    if ((value & 0xffff) == KEY_START || (value & 0xffff) == KEY_RELOAD)
        iwdg_reload(w);
}

static void iwdg_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct iwdg *w = iwdg_of(dev);
    if (w->unlocked)
        *(uint32_t *)((char *)dev + a->reg->field) = value & a->reg->writable;
    else
        log_write(LOG_GUEST_ERRORS, "%s: %s written without the key 0x5555: ignored", dev->name,
                  a->reg->name);
}

#define AT(member) REG_FIELD(struct iwdg, member)

static const struct reg iwdg_rows[] = {
    {"KR", 0x00, .flags = REG_WRITE_ONLY, .write = kr_write},
    {"PR", 0x04, .field = AT(pr), .writable = 7, .write = iwdg_write},
    {"RLR", 0x08, .field = AT(rlr), .reset = 0xfff, .writable = 0xfff, .write = iwdg_write},
    {"SR", 0x0c, .reset = 0},
};
#undef AT

static const struct reg_table iwdg_table = {iwdg_rows, ARRAY_SIZE(iwdg_rows), .narrow = true};

static void iwdg_reset(struct device *dev)
{
    struct iwdg *w = iwdg_of(dev);
    regs_reset(dev, &iwdg_table);
    w->unlocked = w->running = 0;
    timer_cancel(&w->timer);
}

static void iwdg_free(struct device *dev)
{
    timer_cancel(&iwdg_of(dev)->timer);
}

static void iwdg_loaded(struct device *dev)
{
    timer_restore(&iwdg_of(dev)->timer);
}

static const struct field iwdg_fields[] = {
    FIELD(struct iwdg, pr), FIELD(struct iwdg, rlr), FIELD(struct iwdg, unlocked),
    FIELD(struct iwdg, running), FIELD(struct iwdg, timer.deadline),
};

static const struct field_list iwdg_state = {"stm32-iwdg", sizeof(struct iwdg), iwdg_fields,
                                             ARRAY_SIZE(iwdg_fields)};
static const struct device_ops iwdg_ops = {
    .reset = iwdg_reset, .free = iwdg_free, .loaded = iwdg_loaded};

static struct device *iwdg_create(const char *name, const void *config,
                                  const struct device_env *env, struct error *e)
{
    struct iwdg *w = stm32_alloc(sizeof(*w), name, &stm32_iwdg_class, &iwdg_ops, &iwdg_state,
                                 &iwdg_table, STM32_WINDOW, 0, 1);
    w->clock = env->timers->clock;
    timer_init(&w->timer, env->timers, iwdg_expired, w);
    iwdg_reset(&w->p.base);
    return &w->p.base;
}

const struct device_class stm32_iwdg_class = {
    .name = "stm32-iwdg",
    .help = "independent watchdog of the STM32",
    .create = iwdg_create,
};

/* ---- WWDG ---- */

enum { CR_WDGA = BIT(7), CFR_EWI = BIT(9), SR_EWIF = BIT(0), LAST = 0x40, CYCLE = 4096 };

/* The counter goes down from `start` (bits [6:0] of CR), which it had at tick 0 of `ticks`. */
struct wwdg {
    struct stm32_periph p;
    const struct clock *clock;
    uint32_t start, active, cfr, sr;
    struct ticks ticks;
    struct timer timer;
};

static struct wwdg *wwdg_of(struct device *dev)
{
    return (struct wwdg *)dev;
}

static void wwdg_update_irq(struct device *dev)
{
    const struct wwdg *w = wwdg_of(dev);
    irq_set(&dev->output[STM32_WWDG_IRQ], (w->cfr & CFR_EWI) && (w->sr & SR_EWIF));
}

static uint32_t wwdg_counter(const struct wwdg *w)
{
    uint64_t passed = w->active ? ticks_at(&w->ticks, clock_now(w->clock)) : 0;
    uint32_t left = w->start >= LAST ? w->start - LAST + 1 : 0;
    return w->start - (uint32_t)(passed < left ? passed : left);
}

/** The next thing that happens: the counter reaches 0x40, then 0x3f. */
static void wwdg_arm(struct wwdg *w, uint32_t value)
{
    uint64_t d = w->start - (value > LAST ? LAST : LAST - 1);
    timer_set(&w->timer, w->active ? ticks_time(&w->ticks, d) : TIMER_NEVER);
}

static void wwdg_restart(struct wwdg *w, uint32_t value)
{
    w->start = value;
    w->ticks.origin = clock_now(w->clock);
    w->ticks.div = (uint64_t)CYCLE << bits_get(w->cfr, 7, 2);
    wwdg_arm(w, value);
}

static void wwdg_bite(struct wwdg *w, const char *why)
{
    log_write(LOG_GUEST_ERRORS, "%s: %s: reset", w->p.base.name, why);
    timer_cancel(&w->timer);
    irq_pulse(&w->p.base.output[STM32_WDG_RESET]);
}

static void wwdg_expired(void *opaque)
{
    struct wwdg *w = opaque;
    if (wwdg_counter(w) < LAST) {
        wwdg_bite(w, "not reloaded in time");
        return;
    }
    w->sr |= SR_EWIF;
    wwdg_arm(w, LAST);
    wwdg_update_irq(&w->p.base);
}

static void wwdg_cr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct wwdg *w = wwdg_of(dev);
    bool early = w->active && wwdg_counter(w) > (w->cfr & 0x7f);
    w->active |= value & CR_WDGA;
    wwdg_restart(w, value & 0x7f);
    if (early)
        wwdg_bite(w, "reloaded before its window");
    else if (w->active && !(value & LAST))
        wwdg_bite(w, "T6 cleared");
}

static uint32_t wwdg_cr_read(struct device *dev, const struct reg_access *a)
{
    return wwdg_of(dev)->active | wwdg_counter(wwdg_of(dev));
}

/* EWI can only be set. */
static void cfr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct wwdg *w = wwdg_of(dev);
    uint32_t now = wwdg_counter(w);
    w->cfr = (value & 0x3ff) | (w->cfr & CFR_EWI);
    wwdg_restart(w, now);
    wwdg_update_irq(dev);
}

static void wwdg_sr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    wwdg_of(dev)->sr &= value;
    wwdg_update_irq(dev);
}

static const struct reg wwdg_rows[] = {
    {"CR", 0x00, .read = wwdg_cr_read, .write = wwdg_cr_write},
    {"CFR", 0x04, .field = REG_FIELD(struct wwdg, cfr), .reset = 0x7f, .write = cfr_write},
    {"SR", 0x08, .field = REG_FIELD(struct wwdg, sr), .write = wwdg_sr_write},
};

static const struct reg_table wwdg_table = {wwdg_rows, ARRAY_SIZE(wwdg_rows), .narrow = true};

static void wwdg_clock(struct device *dev, unsigned n, uint32_t hz)
{
    struct wwdg *w = wwdg_of(dev);
    uint32_t now = wwdg_counter(w);
    w->ticks.hz = hz;
    wwdg_restart(w, now);
}

static void wwdg_reset(struct device *dev)
{
    struct wwdg *w = wwdg_of(dev);
    regs_reset(dev, &wwdg_table);
    w->start = 0x7f;
    w->active = 0;
    w->ticks.origin = 0;
    w->ticks.div = CYCLE;
    timer_cancel(&w->timer);
    wwdg_update_irq(dev);
}

static void wwdg_free(struct device *dev)
{
    timer_cancel(&wwdg_of(dev)->timer);
}

static void wwdg_loaded(struct device *dev)
{
    timer_restore(&wwdg_of(dev)->timer);
    wwdg_update_irq(dev);
}

static const struct field wwdg_fields[] = {
    FIELD(struct wwdg, start),        FIELD(struct wwdg, active),
    FIELD(struct wwdg, cfr),          FIELD(struct wwdg, sr),
    FIELD(struct wwdg, ticks.origin), FIELD(struct wwdg, ticks.hz),
    FIELD(struct wwdg, ticks.div),    FIELD(struct wwdg, timer.deadline),
};

static const struct field_list wwdg_state = {"stm32-wwdg", sizeof(struct wwdg), wwdg_fields,
                                             ARRAY_SIZE(wwdg_fields)};
static const struct device_ops wwdg_ops = {
    .reset = wwdg_reset, .free = wwdg_free, .clock = wwdg_clock, .loaded = wwdg_loaded};

static struct device *wwdg_create(const char *name, const void *config,
                                  const struct device_env *env, struct error *e)
{
    struct wwdg *w = stm32_alloc(sizeof(*w), name, &stm32_wwdg_class, &wwdg_ops, &wwdg_state,
                                 &wwdg_table, STM32_WINDOW, 0, 2);
    w->clock = env->timers->clock;
    timer_init(&w->timer, env->timers, wwdg_expired, w);
    wwdg_reset(&w->p.base);
    return &w->p.base;
}

const struct device_class stm32_wwdg_class = {
    .name = "stm32-wwdg",
    .help = "window watchdog of the STM32",
    .create = wwdg_create,
};
