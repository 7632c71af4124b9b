#include "devices/misc/stm32f4_syscfg.h"

#include "devices/stm32/periph.h"
#include "util/bits.h"
#include "util/log.h"

enum { LINES = STM32F4_SYSCFG_LINES, PORTS = STM32F4_SYSCFG_PORTS };
enum { CMPCR_CMP_PD = BIT(0), CMPCR_READY = BIT(8) };

struct stm32f4_syscfg {
    struct stm32_periph p;
    uint32_t memrmp, pmc, exticr[4], cmpcr;
    uint32_t pins[PORTS]; /* levels of the inputs */
};

static struct stm32f4_syscfg *syscfg_of(struct device *dev)
{
    return (struct stm32f4_syscfg *)dev;
}

static void drive(struct device *dev, unsigned line)
{
    const struct stm32f4_syscfg *s = syscfg_of(dev);
    unsigned port = bits_get(s->exticr[line / 4], 4 * (line % 4), 4);
    irq_set(&dev->output[line], port < PORTS ? (int)bit_get(s->pins[port], line) : 0);
}

static void drive_all(struct device *dev)
{
    for (unsigned line = 0; line < LINES; line++)
        drive(dev, line);
}

static void syscfg_input(struct device *dev, unsigned n, int level)
{
    uint32_t *pins = &syscfg_of(dev)->pins[n / LINES];
    *pins = level ? *pins | BIT(n % LINES) : *pins & ~BIT(n % LINES);
    drive(dev, n % LINES);
}

static void memrmp_written(struct device *dev)
{
    if (syscfg_of(dev)->memrmp)
        log_write(LOG_UNIMP, "%s: MEM_MODE %u: only the flash can be at address 0", dev->name,
                  syscfg_of(dev)->memrmp);
}

static uint32_t cmpcr_read(struct device *dev, const struct reg_access *a)
{
    uint32_t v = syscfg_of(dev)->cmpcr;
    return v & CMPCR_CMP_PD ? v | CMPCR_READY : v;
}

#define AT(member) REG_FIELD(struct stm32f4_syscfg, member)

static const struct reg rows[] = {
    {"MEMRMP", 0x00, .field = AT(memrmp), .writable = 3, .after = memrmp_written},
    {"PMC", 0x04, .field = AT(pmc), .writable = BIT(23)},
    {"EXTICR", 0x08, .count = 4, .field = AT(exticr), .writable = 0xffff, .after = drive_all},
    {"CMPCR", 0x20, .field = AT(cmpcr), .writable = CMPCR_CMP_PD, .read = cmpcr_read},
};

static const struct reg_table table = {rows, ARRAY_SIZE(rows), .narrow = true};

static void syscfg_reset(struct device *dev)
{
    regs_reset(dev, &table);
    drive_all(dev);
}

static const struct field fields[] = {
    FIELD(struct stm32f4_syscfg, memrmp),       FIELD(struct stm32f4_syscfg, pmc),
    FIELD_ARRAY(struct stm32f4_syscfg, exticr), FIELD(struct stm32f4_syscfg, cmpcr),
    FIELD_ARRAY(struct stm32f4_syscfg, pins),
};

static const struct field_list state = {"stm32f4-syscfg", sizeof(struct stm32f4_syscfg), fields,
                                        ARRAY_SIZE(fields)};
static const struct device_ops ops = {
    .reset = syscfg_reset, .input = syscfg_input, .loaded = drive_all};

static struct device *syscfg_create(const char *name, const void *config,
                                    const struct device_env *env, struct error *e)
{
    struct device *dev = stm32_alloc(sizeof(struct stm32f4_syscfg), name, &stm32f4_syscfg_class,
                                     &ops, &state, &table, STM32_WINDOW, PORTS * LINES, LINES);
    syscfg_reset(dev);
    return dev;
}

const struct device_class stm32f4_syscfg_class = {
    .name = "stm32f4-syscfg",
    .help = "system configuration of the STM32F405/407",
    .create = syscfg_create,
};
