#include "devices/i2c/motion.h"

#include "devices/core/env.h"
#include "devices/i2c/i2c.h"
#include "host/clock.h"
#include "util/bits.h"
#include "util/log.h"

enum { REGISTERS = 0x32, AXES = 3, STATUS = 0x00, DATA = 0x01, DATA_END = 0x07 };
enum { READY_XYZ = 0x0f, OVERWRITTEN_XYZ = 0xf0 }; /* STATUS */

/* MMA8653FC, data sheet section 6. */
enum {
    MMA_WHO_AM_I = 0x0d,
    MMA_XYZ_DATA_CFG = 0x0e, /* bits [1:0]: 2, 4 or 8 g */
    MMA_CTRL1 = 0x2a,
    MMA_CTRL2 = 0x2b,
    MMA_CTRL3 = 0x2c,
    MMA_CTRL4 = 0x2d,
    MMA_CTRL5 = 0x2e,
    MMA_ACTIVE = BIT(0),
    MMA_F_READ = BIT(1), /* 8 bits per axis are read */
    MMA_IPOL = BIT(1),
    MMA_DRDY = BIT(0),
    MMA_RST = BIT(6),
};
/* MAG3110, data sheet section 5. */
enum {
    MAG_WHO_AM_I = 0x07,
    MAG_OFFSETS = 0x09,
    MAG_OFFSETS_END = 0x0f,
    MAG_TEMP = 0x0f,
    MAG_CTRL1 = 0x10,
    MAG_CTRL2 = 0x11,
    MAG_ACTIVE = BIT(0),
    MAG_TRIGGER = BIT(1),
    MAG_RST = BIT(4), /* of the sensor, by a pulse; the registers stay */
};

struct motion;

/* What differs between the two. */
struct motion_kind {
    const struct device_class *class;
    uint8_t who_reg, who, ctrl1, registers;
    uint8_t trigger; /* bit of ctrl1 that asks for one measurement */
    uint64_t writable; /* registers that the guest may write, as bits */
    bool (*active)(const struct motion *m);
    int64_t (*period)(const struct motion *m); /* ns */
    int (*sample)(const struct motion *m, unsigned axis); /* 16 bits, as in the data registers */
    int (*pin)(const struct motion *m);
    uint8_t (*next)(const struct motion *m, uint8_t reg); /* after a byte was read */
};

struct motion {
    struct device base;
    const struct motion_kind *kind;
    const struct clock *clock;
    uint32_t axis[AXES]; /* configuration */
    uint8_t reg[REGISTERS];
    uint8_t pointer, have_pointer;
    struct timer timer;
};

static struct motion *motion_of(struct device *dev)
{
    return (struct motion *)dev;
}

static void update_pin(struct motion *m)
{
    irq_set(&m->base.output[0], m->kind->pin(m));
}

/* ---- measuring ---- */

static void arm(struct motion *m)
{
    if (m->kind->active(m))
        timer_set(&m->timer, clock_now(m->clock) + m->kind->period(m));
    else
        timer_cancel(&m->timer);
}

static void measured(void *opaque)
{
    struct motion *m = opaque;
    m->reg[STATUS] = m->reg[STATUS] & READY_XYZ ? READY_XYZ | OVERWRITTEN_XYZ : READY_XYZ;
    for (unsigned i = 0; i < AXES; i++) {
        int value = m->kind->sample(m, i);
        m->reg[DATA + 2 * i] = (uint8_t)(value >> 8);
        m->reg[DATA + 2 * i + 1] = (uint8_t)value;
    }
    m->reg[m->kind->ctrl1] &= (uint8_t)~m->kind->trigger;
    arm(m);
    update_pin(m);
}

static int clamp(int64_t v, int limit)
{
    return v < -limit ? -limit : v >= limit ? limit - 1 : (int)v;
}

/* ---- MMA8653 ---- */

static bool mma_active(const struct motion *m)
{
    return m->reg[MMA_CTRL1] & MMA_ACTIVE;
}

static int64_t mma_period(const struct motion *m)
{
    static const int64_t us[8] = {1250, 2500, 5000, 10000, 20000, 80000, 160000, 640000};
    return us[bits_get(m->reg[MMA_CTRL1], 3, 3)] * CLOCK_NS_PER_US;
}

/* Ten bits, left-justified; 256 counts per g in the range of 2 g. */
static int mma_sample(const struct motion *m, unsigned axis)
{
    unsigned shift = m->reg[MMA_XYZ_DATA_CFG] & 3;
    int64_t counts = (int64_t)(int32_t)m->axis[axis] * 256 / 1000 / (1 << (shift > 2 ? 2 : shift));
    return clamp(counts, 512) * 64;
}

static int mma_pin(const struct motion *m)
{
    bool wanted = (m->reg[MMA_CTRL4] & MMA_DRDY) && (m->reg[MMA_CTRL5] & MMA_DRDY);
    bool active = wanted && (m->reg[STATUS] & READY_XYZ);
    return active == ((m->reg[MMA_CTRL3] & MMA_IPOL) != 0);
}

static uint8_t mma_next(const struct motion *m, uint8_t reg)
{
    bool fast = m->reg[MMA_CTRL1] & MMA_F_READ;
    if (fast && (reg == DATA || reg == DATA + 2))
        return reg + 2;
    if (reg == (fast ? DATA + 4 : DATA_END - 1))
        return STATUS;
    return (uint8_t)((reg + 1) % REGISTERS);
}

static const struct motion_kind mma8653 = {
    .class = &mma8653_class,
    .who_reg = MMA_WHO_AM_I,
    .who = 0x5a,
    .ctrl1 = MMA_CTRL1,
    .registers = REGISTERS,
    .writable = BIT64(0x0e) | BIT64(0x11) | BIT64(0x12) | BIT64(0x13) | BIT64(0x14) | BIT64(0x15) |
                BIT64(0x17) | BIT64(0x18) | 0x1ffull << 0x29,
    .active = mma_active,
    .period = mma_period,
    .sample = mma_sample,
    .pin = mma_pin,
    .next = mma_next,
};

/* ---- MAG3110 ---- */

static bool mag_active(const struct motion *m)
{
    return m->reg[MAG_CTRL1] & (MAG_ACTIVE | MAG_TRIGGER);
}

/* 80 Hz, halved by each step of DR and of OS together. */
static int64_t mag_period(const struct motion *m)
{
    uint8_t ctrl = m->reg[MAG_CTRL1];
    return 12500 * CLOCK_NS_PER_US << (bits_get(ctrl, 5, 3) + bits_get(ctrl, 3, 2));
}

static int mag_sample(const struct motion *m, unsigned axis)
{
    uint8_t high = m->reg[MAG_OFFSETS + 2 * axis], low = m->reg[MAG_OFFSETS + 2 * axis + 1];
    int offset = (int16_t)(high << 8 | low) / 2; /* bits [15:1] count */
    bool raw = m->reg[MAG_CTRL2] & BIT(5);
    return clamp((int64_t)(int32_t)m->axis[axis] - (raw ? 0 : offset), 30000);
}

static int mag_pin(const struct motion *m)
{
    return (m->reg[STATUS] & READY_XYZ) != 0;
}

static uint8_t mag_next(const struct motion *m, uint8_t reg)
{
    bool fast = m->reg[MAG_CTRL1] & BIT(2);
    if (fast && (reg == DATA || reg == DATA + 2))
        return reg + 2;
    return (uint8_t)((reg + 1) % (MAG_CTRL2 + 1));
}

static const struct motion_kind mag3110 = {
    .class = &mag3110_class,
    .who_reg = MAG_WHO_AM_I,
    .who = 0xc4,
    .ctrl1 = MAG_CTRL1,
    .trigger = MAG_TRIGGER,
    .registers = MAG_CTRL2 + 1,
    .writable = 0x3full << MAG_OFFSETS | BIT64(MAG_CTRL1) | BIT64(MAG_CTRL2),
    .active = mag_active,
    .period = mag_period,
    .sample = mag_sample,
    .pin = mag_pin,
    .next = mag_next,
};

/* ---- the bus ---- */

static bool slave_start(struct device *dev, bool read)
{
    if (!read)
        motion_of(dev)->have_pointer = 0;
    return true;
}

static void motion_reset(struct device *dev);

static void register_write(struct motion *m, uint8_t reg, uint8_t value)
{
    if (reg >= m->kind->registers || !(m->kind->writable & BIT64(reg))) {
        log_write(LOG_GUEST_ERRORS, "%s: write of 0x%02x to register 0x%02x ignored", m->base.name,
                  value, reg);
        return;
    }
    m->reg[reg] = value;
    if (m->kind == &mma8653 && reg == MMA_CTRL2 && value & MMA_RST) {
        motion_reset(&m->base);
        return;
    }
    if (m->kind == &mag3110 && reg == MAG_CTRL2)
        m->reg[reg] &= (uint8_t)~MAG_RST;
    if (reg == m->kind->ctrl1)
        arm(m);
    update_pin(m);
}

static bool slave_write(struct device *dev, uint8_t byte)
{
    struct motion *m = motion_of(dev);
    if (!m->have_pointer) {
        m->pointer = byte % REGISTERS;
        m->have_pointer = 1;
        return true;
    }
    register_write(m, m->pointer, byte);
    m->pointer = (uint8_t)((m->pointer + 1) % REGISTERS);
    return true;
}

/* Reading the data clears the flags, from the most significant byte on. */
static uint8_t slave_read(struct device *dev)
{
    struct motion *m = motion_of(dev);
    uint8_t reg = m->pointer % REGISTERS, value = m->reg[reg];
    m->pointer = m->kind->next(m, reg) % REGISTERS;
    if (reg >= DATA && reg < DATA_END) {
        m->reg[STATUS] = 0;
        update_pin(m);
    }
    return value;
}

static const struct i2c_slave_ops slave_ops = {slave_start, slave_write, slave_read, NULL};

/* ---- life ---- */

static void motion_reset(struct device *dev)
{
    struct motion *m = motion_of(dev);
    timer_cancel(&m->timer);
    for (unsigned i = 0; i < REGISTERS; i++)
        m->reg[i] = 0;
    m->reg[m->kind->who_reg] = m->kind->who;
    if (m->kind == &mag3110)
        m->reg[MAG_TEMP] = 21;
    m->pointer = m->have_pointer = 0;
    update_pin(m);
}

static void motion_free(struct device *dev)
{
    timer_cancel(&motion_of(dev)->timer);
}

static void motion_loaded(struct device *dev)
{
    timer_restore(&motion_of(dev)->timer);
    update_pin(motion_of(dev));
}

static const struct field fields[] = {
    FIELD_ARRAY(struct motion, reg), FIELD(struct motion, pointer),
    FIELD(struct motion, have_pointer), FIELD(struct motion, timer.deadline),
};

static const struct field_list state = {"motion", sizeof(struct motion), fields,
                                        ARRAY_SIZE(fields)};
static const struct device_ops ops = {
    .reset = motion_reset, .free = motion_free, .i2c = &slave_ops, .loaded = motion_loaded};

static struct device *create(const struct motion_kind *kind, const char *name,
                             const struct motion_config *c, const struct device_env *env)
{
    struct motion *m = device_alloc(sizeof(*m), name, kind->class, &ops, &state, 0, 1);
    m->kind = kind;
    m->clock = env->timers->clock;
    m->axis[0] = c->x;
    m->axis[1] = c->y;
    m->axis[2] = c->z;
    timer_init(&m->timer, env->timers, measured, m);
    motion_reset(&m->base);
    return &m->base;
}

static struct device *mma_create(const char *name, const void *config, const struct device_env *env,
                                 struct error *e)
{
    return create(&mma8653, name, config, env);
}

static struct device *mag_create(const char *name, const void *config, const struct device_env *env,
                                 struct error *e)
{
    return create(&mag3110, name, config, env);
}

static const struct property mma_properties[] = {
    PROPERTY(U32, struct motion_config, x, 0, 0, "acceleration in mg, two's complement"),
    PROPERTY(U32, struct motion_config, y, 0, 0, "likewise"),
    PROPERTY(U32, struct motion_config, z, 1000, 0, "likewise"),
};

const struct device_class mma8653_class = {
    .name = "mma8653",
    .help = "accelerometer MMA8653FC on I2C",
    .properties = mma_properties,
    .property_count = ARRAY_SIZE(mma_properties),
    .config_size = sizeof(struct motion_config),
    .create = mma_create,
};

/* By default a field of the northern middle latitudes: 20 uT north, 43 uT down. */
static const struct property mag_properties[] = {
    PROPERTY(U32, struct motion_config, x, 200, 0, "magnetic field in 0.1 uT, two's complement"),
    PROPERTY(U32, struct motion_config, y, 0, 0, "likewise"),
    PROPERTY(U32, struct motion_config, z, 430, 0, "likewise"),
};

const struct device_class mag3110_class = {
    .name = "mag3110",
    .help = "magnetometer MAG3110 on I2C",
    .properties = mag_properties,
    .property_count = ARRAY_SIZE(mag_properties),
    .config_size = sizeof(struct motion_config),
    .create = mag_create,
};
