#include "devices/rtc/pl031.h"

#include "devices/core/env.h"
#include "devices/core/regs.h"
#include "host/clock.h"
#include "util/bits.h"

struct pl031 {
    struct device base;
    uint32_t offset; /* counter minus seconds of UTC, modulo 2^32 */
    uint32_t mr, lr, imsc, ris;
    struct timer alarm;
};

static struct pl031 *rtc_of(struct device *dev)
{
    return (struct pl031 *)dev;
}

static uint32_t counter(const struct pl031 *r)
{
    return (uint32_t)(clock_utc(r->alarm.queue->clock) / CLOCK_NS_PER_SEC) + r->offset;
}

static void update_irq(struct device *dev)
{
    const struct pl031 *r = rtc_of(dev);
    irq_set(&dev->output[0], (r->ris & r->imsc) != 0);
}

/** Arm the timer for the moment when the counter becomes equal to the match register; it matches at
 * once where they are equal already. */
static void alarm_arm(struct device *dev)
{
    struct pl031 *r = rtc_of(dev);
    const struct clock *clock = r->alarm.queue->clock;
    uint32_t seconds = r->mr - counter(r);
    if (!seconds) {
        timer_cancel(&r->alarm);
        r->ris = 1;
        update_irq(dev);
        return;
    }
    int64_t part = clock_utc(clock) % CLOCK_NS_PER_SEC;
    timer_set(&r->alarm, clock_now(clock) + seconds * CLOCK_NS_PER_SEC - part);
}

static void alarm_expired(void *opaque)
{
    struct pl031 *r = opaque;
    /* UTC may have been set back on the host since the timer was armed. */
    if ((int32_t)(counter(r) - r->mr) < 0) {
        alarm_arm(&r->base);
        return;
    }
    r->ris = 1;
    update_irq(&r->base);
}

static uint32_t dr_read(struct device *dev, const struct reg_access *a)
{
    return counter(rtc_of(dev));
}

static void lr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct pl031 *r = rtc_of(dev);
    r->lr = value;
    r->offset += value - counter(r);
    alarm_arm(dev);
}

static uint32_t mis_read(struct device *dev, const struct reg_access *a)
{
    const struct pl031 *r = rtc_of(dev);
    return r->ris & r->imsc;
}

static void icr_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    rtc_of(dev)->ris &= ~(value & 1);
    update_irq(dev);
}

#define AT(member) REG_FIELD(struct pl031, member)

static const struct reg rows[] = {
    {"RTCDR", 0x000, .read = dr_read},
    {"RTCMR", 0x004, .field = AT(mr), .writable = UINT32_MAX, .after = alarm_arm},
    {"RTCLR", 0x008, .field = AT(lr), .write = lr_write},
    {"RTCCR", 0x00c, .reset = 1, .flags = REG_IGNORE}, /* once started it cannot be stopped */
    {"RTCIMSC", 0x010, .field = AT(imsc), .writable = 1, .after = update_irq},
    {"RTCRIS", 0x014, .field = AT(ris)},
    {"RTCMIS", 0x018, .read = mis_read},
    {"RTCICR", 0x01c, .flags = REG_WRITE_ONLY, .write = icr_write},
    {"RTCPeriphID0", 0xfe0, .reset = 0x31},
    {"RTCPeriphID1", 0xfe4, .reset = 0x10},
    {"RTCPeriphID2", 0xfe8, .reset = 0x04},
    {"RTCPeriphID3", 0xfec, .reset = 0x00},
    {"RTCPCellID0", 0xff0, .reset = 0x0d},
    {"RTCPCellID1", 0xff4, .reset = 0xf0},
    {"RTCPCellID2", 0xff8, .reset = 0x05},
    {"RTCPCellID3", 0xffc, .reset = 0xb1},
};

static const struct reg_table table = {rows, ARRAY_SIZE(rows), .narrow = true};

static const struct region_ops region = {.table = &table, .min_size = 1, .max_size = 4};

/* The time that the guest set survives a reset, as the chip's counter does in its own reset domain;
 * the alarm is armed by the next write to RTCMR or RTCLR. */
static void rtc_reset(struct device *dev)
{
    regs_reset(dev, &table);
    timer_cancel(&rtc_of(dev)->alarm);
    update_irq(dev);
}

static void rtc_free(struct device *dev)
{
    timer_cancel(&rtc_of(dev)->alarm);
}

static void rtc_loaded(struct device *dev)
{
    timer_restore(&rtc_of(dev)->alarm);
    update_irq(dev);
}

static const struct field fields[] = {
    FIELD(struct pl031, offset), FIELD(struct pl031, mr),  FIELD(struct pl031, lr),
    FIELD(struct pl031, imsc),   FIELD(struct pl031, ris), FIELD(struct pl031, alarm.deadline),
};

static const struct field_list state = {"pl031", sizeof(struct pl031), fields, ARRAY_SIZE(fields)};

static const struct device_ops ops = {
    .reset = rtc_reset,
    .free = rtc_free,
    .loaded = rtc_loaded,
};

static struct device *rtc_create(const char *name, const void *config,
                                 const struct device_env *env, struct error *e)
{
    struct pl031 *r = device_alloc(sizeof(*r), name, &pl031_class, &ops, &state, 0, 1);
    device_add_region(&r->base, "registers", 0x1000, &region);
    timer_init(&r->alarm, env->timers, alarm_expired, r);
    rtc_reset(&r->base);
    return &r->base;
}

const struct device_class pl031_class = {
    .name = "pl031",
    .help = "PrimeCell real-time clock PL031",
    .create = rtc_create,
};
