#include "devices/misc/mps2_scc.h"

#include "devices/core/regs.h"
#include "util/bits.h"
#include "util/log.h"

enum { OSCILLATORS = 3, FUNCTION_OSC = 1 };
/* Bits of SYS_CFGCTRL and SYS_CFGSTAT. */
enum { CTRL_WRITE = 30, CTRL_START = 31, STAT_COMPLETE = BIT(0), STAT_ERROR = BIT(1) };

struct mps2_scc {
    struct device base;
    struct mps2_scc_config config;
    uint32_t cfg0, cfg1, cfg2, switches, data_rtn, data_out, ctrl, stat, dll;
    uint32_t osc[OSCILLATORS]; /* Hz */
};

static struct mps2_scc *scc_of(struct device *dev)
{
    return (struct mps2_scc *)dev;
}

static void drive_outputs(struct device *dev)
{
    for (unsigned n = 0; n < MPS2_SCC_LEDS; n++)
        irq_set(&dev->output[n], (int)bit_get(scc_of(dev)->cfg1, n));
    irq_set(&dev->output[MPS2_SCC_REMAP], (int)(scc_of(dev)->cfg0 & 1));
}

static void switch_input(struct device *dev, unsigned n, int level)
{
    struct mps2_scc *s = scc_of(dev);
    s->switches = level ? s->switches | BIT(n) : s->switches & ~BIT(n);
}

static uint32_t cfg4_read(struct device *dev, const struct reg_access *a)
{
    return scc_of(dev)->config.cfg4;
}

static uint32_t aid_read(struct device *dev, const struct reg_access *a)
{
    return scc_of(dev)->config.aid;
}

static uint32_t id_read(struct device *dev, const struct reg_access *a)
{
    return scc_of(dev)->config.id;
}

/* A request of SYS_CFGCTRL: function and device number; true if the controller can do it. */
static bool request(struct mps2_scc *s, unsigned function, unsigned device, bool write)
{
    if (function != FUNCTION_OSC || device >= OSCILLATORS) {
        log_write(LOG_UNIMP, "%s: request %u for device %u is not implemented", s->base.name,
                  function, device);
        return false;
    }
    if (write)
        s->osc[device] = s->data_out;
    else
        s->data_rtn = s->osc[device];
    return true;
}

static void ctrl_write(struct device *dev, const struct reg_access *a, uint32_t value)
{
    struct mps2_scc *s = scc_of(dev);
    s->ctrl = value & 0x7fffffff;
    if (!bit_get(value, CTRL_START))
        return;
    bool done = request(s, bits_get(value, 20, 6), bits_get(value, 0, 12),
                        bit_get(value, CTRL_WRITE));
    s->stat = done ? STAT_COMPLETE : STAT_COMPLETE | STAT_ERROR;
}

#define AT(member) REG_FIELD(struct mps2_scc, member)

static const struct reg rows[] = {
    {"CFG0", 0x000, .field = AT(cfg0), .writable = 0xffffffff, .after = drive_outputs},
    {"CFG1", 0x004, .field = AT(cfg1), .writable = 0xff, .after = drive_outputs},
    {"CFG2", 0x008, .field = AT(cfg2), .writable = 0xffffffff},
    {"CFG3", 0x00c, .field = AT(switches)},
    {"CFG4", 0x010, .read = cfg4_read},
    {"CFGDATA_RTN", 0x0a0, .field = AT(data_rtn)},
    {"CFGDATA_OUT", 0x0a4, .field = AT(data_out), .writable = 0xffffffff},
    {"CFGCTRL", 0x0a8, .field = AT(ctrl), .write = ctrl_write},
    {"CFGSTAT", 0x0ac, .field = AT(stat), .writable = STAT_COMPLETE | STAT_ERROR},
    {"DLL", 0x100, .field = AT(dll), .reset = 0xffff0001, .writable = 0x0000ffff},
    {"AID", 0xff8, .read = aid_read},
    {"ID", 0xffc, .read = id_read},
};

static const struct reg_table table = {rows, ARRAY_SIZE(rows), .narrow = true};

static const struct region_ops region = {.table = &table, .min_size = 1, .max_size = 4};

static void scc_reset(struct device *dev)
{
    static const uint32_t osc[OSCILLATORS] = {50000000, 24576000, 25000000};
    struct mps2_scc *s = scc_of(dev);
    uint32_t switches = s->switches; /* nobody moved them */
    regs_reset(dev, &table);
    s->switches = switches;
    for (unsigned n = 0; n < OSCILLATORS; n++)
        s->osc[n] = osc[n];
    drive_outputs(dev);
}

static const struct field fields[] = {
    FIELD(struct mps2_scc, cfg0),     FIELD(struct mps2_scc, cfg1),
    FIELD(struct mps2_scc, cfg2),     FIELD(struct mps2_scc, switches),
    FIELD(struct mps2_scc, data_rtn), FIELD(struct mps2_scc, data_out),
    FIELD(struct mps2_scc, ctrl),     FIELD(struct mps2_scc, stat),
    FIELD(struct mps2_scc, dll),      FIELD_ARRAY(struct mps2_scc, osc),
};

static const struct field_list state = {"mps2-scc", sizeof(struct mps2_scc), fields,
                                        ARRAY_SIZE(fields)};

static const struct device_ops ops = {.reset = scc_reset,
                                      .input = switch_input,
                                      .loaded = drive_outputs};

static struct device *scc_create(const char *name, const void *config, const struct device_env *env,
                                 struct error *e)
{
    struct mps2_scc *s = device_alloc(sizeof(*s), name, &mps2_scc_class, &ops, &state,
                                      MPS2_SCC_SWITCHES, MPS2_SCC_OUTPUTS);
    s->config = *(const struct mps2_scc_config *)config;
    device_add_region(&s->base, "registers", 0x1000, &region);
    scc_reset(&s->base);
    return &s->base;
}

static const struct property properties[] = {
    PROPERTY(U32, struct mps2_scc_config, cfg4, 2, 0, "CFG4: revision of the board"),
    PROPERTY(U32, struct mps2_scc_config, aid, 0x00200008, 0, "AID: revision of the FPGA image"),
    PROPERTY(U32, struct mps2_scc_config, id, 0, 0, "ID: application note"),
};

const struct device_class mps2_scc_class = {
    .name = "mps2-scc",
    .help = "MPS2 serial communication controller",
    .properties = properties,
    .property_count = ARRAY_SIZE(properties),
    .config_size = sizeof(struct mps2_scc_config),
    .create = scc_create,
};
