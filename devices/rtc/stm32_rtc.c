#include "devices/rtc/stm32_rtc.h"

#include <time.h>

#include "devices/core/env.h"
#include "devices/core/ticks.h"
#include "devices/stm32/periph.h"
#include "util/bits.h"
#include "util/log.h"

enum {
    CR_FMT = BIT(6),
    CR_ALRAE = BIT(8), /* ALRBE is the next bit, WUTE the one after */
    CR_WUTE = BIT(10),
    ISR_INITS = BIT(4),
    ISR_RSF = BIT(5),
    ISR_INITF = BIT(6),
    ISR_INIT = BIT(7),
    ISR_ALRAF = BIT(8),
    ISR_WUTF = BIT(10),
    ISR_FLAGS = 0x3f00,
    BACKUPS = 20,
};
#define DAY 86400
/* Seconds from 1970 to 2000, the first year that the registers know. */
#define EPOCH_2000 946684800ll
#define CENTURY (36525ll * DAY)

struct stm32_rtc {
    struct stm32_periph p;
    const struct clock *clock;
    uint32_t tr, dr; /* written in initialisation mode, taken when it ends */
    uint32_t cr, isr, prer, wutr, calibr, alarm[2], calr, tafcr, subsecond[2], backup[BACKUPS];
    uint32_t unlock_step;
    uint64_t seconds; /* since 2000 at tick 0 of `ticks`, whose ticks are seconds */
    struct ticks ticks;
    uint64_t next;    /* second that `timer` stands for */
    int64_t wakeup_at; /* end of the period that `wakeup` stands for */
    struct timer timer, wakeup;
};

static struct stm32_rtc *rtc_of(struct device *dev)
{
    return (struct stm32_rtc *)dev;
}

static void update_irq(struct device *dev)
{
    const struct stm32_rtc *r = rtc_of(dev);
    uint32_t active = r->isr & r->cr >> 4; /* the enable bits stand 4 above the flags */
    irq_set(&dev->output[STM32_RTC_ALARM], (active & (ISR_ALRAF | ISR_ALRAF << 1)) != 0);
    irq_set(&dev->output[STM32_RTC_WAKEUP], (active & ISR_WUTF) != 0);
}

/* ---- calendar ---- */

static uint32_t bcd(unsigned n)
{
    return n / 10 << 4 | n % 10;
}

static unsigned from_bcd(uint32_t v)
{
    return 10 * (v >> 4) + (v & 15);
}

static uint64_t seconds_now(const struct stm32_rtc *r)
{
    return (r->seconds + ticks_at(&r->ticks, clock_now(r->clock))) % CENTURY;
}

static void calendar(uint64_t seconds, struct tm *out)
{
    time_t t = (time_t)(EPOCH_2000 + (int64_t)(seconds % CENTURY));
    gmtime_r(&t, out);
}

/** TR as it is at @seconds, 12-hour format where CR.FMT says so. */
static uint32_t time_register(const struct stm32_rtc *r, uint64_t seconds)
{
    unsigned s = seconds % 60, m = seconds / 60 % 60, h = seconds / 3600 % 24;
    uint32_t pm = 0;
    if (r->cr & CR_FMT) {
        pm = h >= 12 ? BIT(22) : 0;
        h = h % 12 ? h % 12 : 12;
    }
    return pm | bcd(h) << 16 | bcd(m) << 8 | bcd(s);
}

static uint32_t date_register(uint64_t seconds)
{
    struct tm tm;
    calendar(seconds, &tm);
    unsigned weekday = tm.tm_wday ? (unsigned)tm.tm_wday : 7; /* Monday is 1 */
    return bcd((unsigned)tm.tm_year % 100) << 16 | weekday << 13 |
           bcd((unsigned)tm.tm_mon + 1) << 8 | bcd((unsigned)tm.tm_mday);
}

static uint64_t to_seconds(const struct stm32_rtc *r, uint32_t tr, uint32_t dr)
{
    unsigned h = from_bcd(bits_get(tr, 16, 6));
    if (r->cr & CR_FMT)
        h = h % 12 + (tr & BIT(22) ? 12 : 0);
    struct tm tm = {
        .tm_year = 100 + (int)from_bcd(bits_get(dr, 16, 8)),
        .tm_mon = (int)from_bcd(bits_get(dr, 8, 5)) - 1,
        .tm_mday = (int)from_bcd(bits_get(dr, 0, 6)),
        .tm_hour = (int)h,
        .tm_min = (int)from_bcd(bits_get(tr, 8, 7)),
        .tm_sec = (int)from_bcd(bits_get(tr, 0, 7)),
    };
    int64_t t = (int64_t)timegm(&tm) - EPOCH_2000;
    return (uint64_t)(t < 0 ? 0 : t) % CENTURY;
}

/* ---- alarms ---- */

/** Does alarm @n go off at @seconds? Masked fields match everything. */
static bool alarm_matches(const struct stm32_rtc *r, unsigned n, uint64_t seconds)
{
    uint32_t alarm = r->alarm[n], t = time_register(r, seconds), d = date_register(seconds);
    bool second = (alarm & BIT(7)) || (alarm & 0x7f) == (t & 0x7f);
    bool minute = (alarm & BIT(15)) || (alarm & 0x7f00) == (t & 0x7f00);
    bool hour = (alarm & BIT(23)) || (alarm & 0x7f0000) == (t & 0x7f0000);
    uint32_t day = alarm & BIT(30) ? bits_get(d, 13, 3) : d & 0x3f;
    return second && minute && hour && ((alarm & BIT(31)) || bits_get(alarm, 24, 6) == day);
}

static bool any_alarm(const struct stm32_rtc *r)
{
    return r->cr & (CR_ALRAE | CR_ALRAE << 1);
}

/** While an alarm is enabled somebody looks every second, from the first on that nobody has looked
 * at. When that begins, or the time has changed, these are the seconds that begin from now on. */
static void arm(struct stm32_rtc *r)
{
    if (!any_alarm(r) || !r->ticks.hz || (r->isr & ISR_INIT)) {
        timer_cancel(&r->timer);
        return;
    }
    if (!timer_armed(&r->timer))
        r->next = ticks_at(&r->ticks, clock_now(r->clock)) + 1;
    timer_set(&r->timer, ticks_time(&r->ticks, r->next));
}

/** The seconds that have begun since somebody looked, which are several where the host is late; at
 * most the last day. */
static void look_at_alarms(struct stm32_rtc *r)
{
    uint64_t now = ticks_at(&r->ticks, clock_now(r->clock));
    if (now > r->next + DAY)
        r->next = now - DAY;
    for (; r->next <= now; r->next++)
        for (unsigned n = 0; n < 2; n++)
            if ((r->cr & (uint32_t)CR_ALRAE << n) &&
                alarm_matches(r, n, (r->seconds + r->next) % CENTURY))
                r->isr |= (uint32_t)ISR_ALRAF << n;
}

/** Alarms that are due come before what changes them or the time: the host's timer may be later
 * than the guest. */
static void catch_up(struct stm32_rtc *r)
{
    if (timer_armed(&r->timer))
        look_at_alarms(r);
}

static void second_passed(void *opaque)
{
    struct stm32_rtc *r = opaque;
    look_at_alarms(r);
    timer_set(&r->timer, ticks_time(&r->ticks, r->next));
    update_irq(&r->p.base);
}

/* The next period from @start on that is not over yet. WUCKSEL: RTCCLK / 16, 8, 4, 2, or seconds,
 * the latter also with 2^16 added. */
static void arm_wakeup(struct stm32_rtc *r, int64_t start)
{
    unsigned select = r->cr & 7;
    struct ticks t = {start, r->ticks.hz, select < 4 ? 16u >> select : r->ticks.div};
    uint64_t count = (uint64_t)r->wutr + 1 + (select >= 6 ? 0x10000 : 0);
    uint64_t over = ticks_at(&t, clock_now(r->clock)) / count;
    r->wakeup_at = (r->cr & CR_WUTE) && t.hz ? ticks_time(&t, (over + 1) * count) : TIMER_NEVER;
    timer_set(&r->wakeup, r->wakeup_at);
}

static void wakeup_passed(void *opaque)
{
    struct stm32_rtc *r = opaque;
    r->isr |= ISR_WUTF;
    arm_wakeup(r, r->wakeup_at);
    update_irq(&r->p.base);
}

/* ---- registers ---- */

/** Protected registers are written after the keys 0xca and 0x53. */
static bool writable(struct stm32_rtc *r, const struct reg_access *a)
{
    if (r->unlock_step == 2)
        return true;
    log_write(LOG_GUEST_ERRORS, "%s: %s written while write-protected: ignored", r->p.base.name,
              a->reg->name);
    return false;
}

static void wpr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct stm32_rtc *r = rtc_of(dev);
    value &= 0xff;
    r->unlock_step = value == 0xca ? 1 : value == 0x53 && r->unlock_step == 1 ? 2 : 0;
}

static uint32_t tr_read(struct device *dev, const struct reg_access *a)
{
    struct stm32_rtc *r = rtc_of(dev);
    return r->isr & ISR_INIT ? r->tr : time_register(r, seconds_now(r));
}

static uint32_t dr_read(struct device *dev, const struct reg_access *a)
{
    struct stm32_rtc *r = rtc_of(dev);
    return r->isr & ISR_INIT ? r->dr : date_register(seconds_now(r));
}

/* TR and DR */
static void calendar_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct stm32_rtc *r = rtc_of(dev);
    if (!writable(r, a))
        return;
    if (r->isr & ISR_INIT)
        *(uint32_t *)((char *)dev + a->reg->field) = value & a->reg->writable;
    else
        log_write(LOG_GUEST_ERRORS, "%s: %s written outside of initialisation mode: ignored",
                  dev->name, a->reg->name);
}

static uint64_t prescaler(const struct stm32_rtc *r)
{
    return (uint64_t)(bits_get(r->prer, 16, 7) + 1) * (bits_get(r->prer, 0, 15) + 1);
}

static void enter_init(struct stm32_rtc *r)
{
    uint64_t now = seconds_now(r);
    r->tr = time_register(r, now);
    r->dr = date_register(now);
    r->isr |= ISR_INIT | ISR_INITF;
}

static void leave_init(struct stm32_rtc *r)
{
    r->isr &= ~(uint32_t)(ISR_INIT | ISR_INITF);
    r->isr |= ISR_INITS | ISR_RSF;
    r->seconds = to_seconds(r, r->tr, r->dr);
    r->ticks.origin = clock_now(r->clock);
    r->ticks.div = prescaler(r);
}

static void isr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct stm32_rtc *r = rtc_of(dev);
    catch_up(r);
    r->isr &= value | ~(uint32_t)ISR_FLAGS;
    if (r->unlock_step == 2) {
        if ((value & ISR_INIT) && !(r->isr & ISR_INIT))
            enter_init(r);
        else if (!(value & ISR_INIT) && (r->isr & ISR_INIT))
            leave_init(r);
        r->isr |= ISR_RSF; /* the shadow registers follow at once */
    }
    arm(r);
    update_irq(dev);
}

static void cr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct stm32_rtc *r = rtc_of(dev);
    if (!writable(r, a))
        return;
    uint32_t changed = r->cr ^ value;
    catch_up(r);
    r->cr = value & 0xfcff7f;
    if (changed & (CR_WUTE | 7))
        arm_wakeup(r, clock_now(r->clock));
    arm(r);
    update_irq(dev);
}

static uint32_t isr_read(struct device *dev, const struct reg_access *a)
{
    const struct stm32_rtc *r = rtc_of(dev);
    return r->isr | (~(r->cr >> 8) & 7); /* ALRAWF, ALRBWF, WUTWF while they are off */
}

static void protected_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    uint32_t *field = (uint32_t *)((char *)dev + a->reg->field) + a->index;
    if (writable(rtc_of(dev), a))
        *field = value & a->reg->writable;
}

static uint32_t ssr_read(struct device *dev, const struct reg_access *a)
{
    const struct stm32_rtc *r = rtc_of(dev);
    uint32_t prediv_s = bits_get(r->prer, 0, 15);
    struct ticks fine = r->ticks;
    fine.div = bits_get(r->prer, 16, 7) + 1;
    return prediv_s - (uint32_t)(ticks_at(&fine, clock_now(r->clock)) % (prediv_s + 1));
}

#define AT(member) REG_FIELD(struct stm32_rtc, member)

static const struct reg rows[] = {
    {"TR", 0x00, .field = AT(tr), .writable = 0x7f7f7f, .read = tr_read, .write = calendar_write},
    {"DR", 0x04, .field = AT(dr), .reset = 0x2101, .writable = 0xffff3f, .read = dr_read,
     .write = calendar_write},
    {"CR", 0x08, .field = AT(cr), .write = cr_write},
    {"ISR", 0x0c, .field = AT(isr), .reset = ISR_RSF, .read = isr_read, .write = isr_write},
    {"PRER", 0x10, .field = AT(prer), .reset = 0x007f00ff, .writable = 0x7f7fff,
     .write = protected_write},
    {"WUTR", 0x14, .field = AT(wutr), .reset = 0xffff, .writable = 0xffff,
     .write = protected_write},
    {"CALIBR", 0x18, .field = AT(calibr), .writable = 0x9f, .write = protected_write},
    {"ALRMR", 0x1c, .count = 2, .field = AT(alarm), .writable = UINT32_MAX,
     .write = protected_write},
    {"WPR", 0x24, .flags = REG_WRITE_ONLY, .write = wpr_write},
    {"SSR", 0x28, .read = ssr_read},
    {"SHIFTR", 0x2c, .flags = REG_UNIMP},
    {"TSTR", 0x30, .count = 3}, /* no time stamp has been taken */
    {"CALR", 0x3c, .field = AT(calr), .writable = 0xe1ff, .write = protected_write},
    {"TAFCR", 0x40, .field = AT(tafcr), .writable = 0x7ffff},
    {"ALRMSSR", 0x44, .count = 2, .field = AT(subsecond), .writable = 0xf007fff,
     .write = protected_write},
    {"BKPR", 0x50, .count = BACKUPS, .field = AT(backup), .writable = UINT32_MAX},
};

static const struct reg_table table = {rows, ARRAY_SIZE(rows), .narrow = true};

/* ---- life ---- */

static void rtc_clock(struct device *dev, unsigned n, uint32_t hz)
{
    struct stm32_rtc *r = rtc_of(dev);
    if (hz == r->ticks.hz)
        return;
    catch_up(r);
    r->seconds = seconds_now(r);
    r->ticks = (struct ticks){clock_now(r->clock), hz, prescaler(r)};
    timer_cancel(&r->timer);
    arm(r);
    arm_wakeup(r, r->ticks.origin);
}

static void rtc_reset(struct device *dev)
{
    struct stm32_rtc *r = rtc_of(dev);
    regs_reset(dev, &table);
    r->unlock_step = 0;
    r->seconds = r->next = 0;
    r->wakeup_at = 0;
    r->ticks.origin = clock_now(r->clock);
    r->ticks.div = prescaler(r);
    timer_cancel(&r->timer);
    timer_cancel(&r->wakeup);
    update_irq(dev);
}

static void rtc_free(struct device *dev)
{
    timer_cancel(&rtc_of(dev)->timer);
    timer_cancel(&rtc_of(dev)->wakeup);
}

static void rtc_loaded(struct device *dev)
{
    timer_restore(&rtc_of(dev)->timer);
    timer_restore(&rtc_of(dev)->wakeup);
    update_irq(dev);
}

static const struct field fields[] = {
    FIELD(struct stm32_rtc, tr),            FIELD(struct stm32_rtc, dr),
    FIELD(struct stm32_rtc, cr),            FIELD(struct stm32_rtc, isr),
    FIELD(struct stm32_rtc, prer),          FIELD(struct stm32_rtc, wutr),
    FIELD(struct stm32_rtc, calibr),        FIELD_ARRAY(struct stm32_rtc, alarm),
    FIELD(struct stm32_rtc, calr),          FIELD(struct stm32_rtc, tafcr),
    FIELD_ARRAY(struct stm32_rtc, subsecond), FIELD_ARRAY(struct stm32_rtc, backup),
    FIELD(struct stm32_rtc, unlock_step),   FIELD(struct stm32_rtc, seconds),
    FIELD(struct stm32_rtc, ticks.origin),  FIELD(struct stm32_rtc, ticks.hz),
    FIELD(struct stm32_rtc, ticks.div),     FIELD(struct stm32_rtc, next),
    FIELD(struct stm32_rtc, timer.deadline), FIELD(struct stm32_rtc, wakeup.deadline),
    FIELD(struct stm32_rtc, wakeup_at),
};

static const struct field_list state = {"stm32-rtc", sizeof(struct stm32_rtc), fields,
                                        ARRAY_SIZE(fields)};
static const struct device_ops ops = {
    .reset = rtc_reset, .free = rtc_free, .clock = rtc_clock, .loaded = rtc_loaded};

static struct device *rtc_create(const char *name, const void *config,
                                 const struct device_env *env, struct error *e)
{
    struct stm32_rtc *r = stm32_alloc(sizeof(*r), name, &stm32_rtc_class, &ops, &state, &table,
                                      STM32_WINDOW, 0, STM32_RTC_OUTPUTS);
    r->clock = env->timers->clock;
    timer_init(&r->timer, env->timers, second_passed, r);
    timer_init(&r->wakeup, env->timers, wakeup_passed, r);
    rtc_reset(&r->p.base);
    return &r->p.base;
}

const struct device_class stm32_rtc_class = {
    .name = "stm32-rtc",
    .help = "real-time clock of the STM32F4",
    .create = rtc_create,
};
