#include "devices/intc/gicv2m.h"

#include "devices/core/regs.h"
#include "util/bits.h"
#include "util/log.h"

struct gicv2m {
    struct device base;
    uint32_t base_spi, num_spi; /* configuration */
};

static uint32_t typer_read(struct device *dev, const struct reg_access *a)
{
    const struct gicv2m *m = (const struct gicv2m *)dev;
    return m->base_spi << 16 | m->num_spi;
}

static void setspi_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    const struct gicv2m *m = (const struct gicv2m *)dev;
    uint32_t n = bits_get(value, 0, 10) - m->base_spi;
    if (n < m->num_spi)
        irq_pulse(&dev->output[n]);
    else
        log_write(LOG_GUEST_ERRORS, "%s: MSI for interrupt %u, which is outside the frame",
                  dev->name, bits_get(value, 0, 10));
}

static const struct reg rows[] = {
    {"MSI_TYPER", 0x008, .read = typer_read},
    {"MSI_SETSPI", 0x040, .flags = REG_WRITE_ONLY, .write = setspi_write},
    {"MSI_IIDR", 0xfcc, .reset = 0x53u << 20 | 0x43b},
};

static const struct reg_table table = {rows, ARRAY_SIZE(rows), .narrow = true};

static const struct region_ops frame_ops = {.table = &table, .min_size = 2, .max_size = 4};
static const struct field_list state = {"gicv2m", sizeof(struct gicv2m), NULL, 0};
static const struct device_ops ops = {0};

static struct device *gicv2m_create(const char *name, const void *config,
                                    const struct device_env *env, struct error *e)
{
    const struct gicv2m_config *c = config;
    if (c->base_spi < 32 || !c->num_spi || c->base_spi + (uint64_t)c->num_spi > 1020) {
        error_set(e, "%s: base_spi and num_spi must lie within 32 to 1019", name);
        return NULL;
    }
    struct gicv2m *m = device_alloc(sizeof(*m), name, &gicv2m_class, &ops, &state, 0, c->num_spi);
    m->base_spi = c->base_spi;
    m->num_spi = c->num_spi;
    device_add_region(&m->base, "frame", 0x1000, &frame_ops);
    return &m->base;
}

static const struct property properties[] = {
    PROPERTY(U32, struct gicv2m_config, base_spi, 80, 1019, "first interrupt ID"),
    PROPERTY(U32, struct gicv2m_config, num_spi, 64, 987, "interrupts"),
};

const struct device_class gicv2m_class = {
    .name = "gicv2m",
    .help = "GICv2m frame: message-signalled interrupts for a GICv2",
    .properties = properties,
    .property_count = ARRAY_SIZE(properties),
    .config_size = sizeof(struct gicv2m_config),
    .create = gicv2m_create,
};
