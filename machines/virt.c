/* `virt`: the board that exists only in emulators, with QEMU's addresses and interrupt numbers, so
 * that kernels and firmware made for that one run unchanged. */
#include <stdio.h>
#include <string.h>

#include "devices/gpio/pl061.h"
#include "devices/intc/gicv2.h"
#include "machines/internal.h"
#include "util/bits.h"

enum {
    SPI_UART = 1, SPI_RTC = 2, SPI_GPIO = 7, SPI_VIRTIO = 16, SPI_MSI = 48,
    VIRTIO_COUNT = 32, MSI_COUNT = 64, IRQ_COUNT = 288,
    POWER_PIN = 3,
    KEY_POWER = 116,
    EDGE = 1, LEVEL = 4,
};

#define FLASH 0x00000000ull
#define GIC_DIST 0x08000000ull
#define GIC_CPU 0x08010000ull
#define GIC_MSI 0x08020000ull
#define UART 0x09000000ull
#define RTC 0x09010000ull
#define FW_CFG 0x09020000ull
#define GPIO 0x09030000ull
#define VIRTIO 0x0a000000ull
#define RAM 0x40000000ull
#define MIB (1ull << 20)
#define GIB (1ull << 30)

/* ---- device tree ----------------------------------------------------------------------------- */

static void cpus_node(struct fdt_writer *w)
{
    const struct board_config *c = &w->board->config;
    int cpus = fdtw_node(w, "/", "cpus");
    fdtw_u32(w, cpus, "#address-cells", 1);
    fdtw_u32(w, cpus, "#size-cells", 0);
    for (uint32_t i = 0; i < c->cpu_count; i++) {
        char compatible[64];
        /* `max` is described as what it extends. */
        snprintf(compatible, sizeof(compatible), "arm,%s",
                 strncmp(c->cpu_model, "cortex-", 7) ? "cortex-a15" : c->cpu_model);
        int cpu = fdtw_node(w, "/cpus", "cpu@%u", i);
        fdtw_string(w, cpu, "device_type", "cpu");
        fdtw_string(w, cpu, "compatible", compatible);
        if (c->cpu_count > 1)
            fdtw_string(w, cpu, "enable-method", "psci");
        fdtw_u32(w, cpu, "reg", i);
    }
}

static void psci_node(struct fdt_writer *w)
{
    static const char compatible[] = "arm,psci-1.0\0arm,psci-0.2\0arm,psci";
    int n = fdtw_node(w, "/", "psci");
    fdtw_strings(w, n, "compatible", compatible, sizeof(compatible));
    fdtw_string(w, n, "method", "hvc");
    fdtw_u32(w, n, "cpu_suspend", 0x84000001);
    fdtw_u32(w, n, "cpu_off", 0x84000002);
    fdtw_u32(w, n, "cpu_on", 0x84000003);
}

static void timer_node(struct fdt_writer *w)
{
    uint32_t target = ((1u << w->board->config.cpu_count) - 1) << 8 | LEVEL;
    const uint32_t irqs[] = {1, 13, target, 1, 14, target, 1, 11, target, 1, 10, target};
    int n = fdtw_node(w, "/", "timer");
    fdtw_string(w, n, "compatible", "arm,armv7-timer");
    fdtw_empty(w, n, "always-on");
    fdtw_cells(w, n, "interrupts", irqs, ARRAY_SIZE(irqs));
}

static void clock_node(struct fdt_writer *w)
{
    int n = fdtw_node(w, "/", "apb-pclk");
    fdtw_string(w, n, "compatible", "fixed-clock");
    fdtw_u32(w, n, "#clock-cells", 0);
    fdtw_u32(w, n, "clock-frequency", 24000000);
    fdtw_string(w, n, "clock-output-names", "clk24mhz");
    fdtw_u32(w, n, "phandle", w->clock_phandle);
}

static void tree(struct fdt_writer *w)
{
    int root = fdtw_node(w, NULL, "/");
    fdtw_string(w, root, "compatible", "linux,dummy-virt");
    fdtw_string(w, root, "model", "linux,dummy-virt");
    fdtw_u32(w, root, "#address-cells", 2);
    fdtw_u32(w, root, "#size-cells", 2);
    fdtw_u32(w, root, "interrupt-parent", w->intc_phandle);
    cpus_node(w);
    psci_node(w);
    timer_node(w);
    clock_node(w);
    int chosen = fdtw_node(w, "/", "chosen");
    fdtw_string(w, chosen, "stdout-path", "/pl011@9000000");
}

static void intc_node(struct fdt_writer *w, const struct machine_row *row)
{
    int n = fdtw_node(w, "/", "intc@%llx", (unsigned long long)GIC_DIST);
    fdtw_string(w, n, "compatible", "arm,cortex-a15-gic");
    fdtw_u32(w, n, "#interrupt-cells", 3);
    fdtw_u32(w, n, "#address-cells", 2);
    fdtw_u32(w, n, "#size-cells", 2);
    fdtw_empty(w, n, "interrupt-controller");
    fdtw_empty(w, n, "ranges");
    fdtw_reg(w, n, (const uint64_t[]){GIC_DIST, 0x10000, GIC_CPU, 0x10000}, 2);
    fdtw_u32(w, n, "phandle", w->intc_phandle);
}

static void msi_node(struct fdt_writer *w, const struct machine_row *row)
{
    char parent[32];
    snprintf(parent, sizeof(parent), "/intc@%llx", (unsigned long long)GIC_DIST);
    int n = fdtw_node(w, parent, "v2m@%llx", (unsigned long long)GIC_MSI);
    fdtw_string(w, n, "compatible", "arm,gic-v2m-frame");
    fdtw_empty(w, n, "msi-controller");
    fdtw_reg(w, n, (const uint64_t[]){GIC_MSI, 0x1000}, 1);
    fdtw_u32(w, n, "phandle", w->msi_phandle);
}

/* A PrimeCell: clocked peripheral with identification registers. */
static int primecell(struct fdt_writer *w, const struct machine_row *row, const char *compatible,
                     unsigned len)
{
    const uint64_t base = row->window[0].base;
    int n = fdtw_node(w, "/", "%s@%llx", row->class, (unsigned long long)base);
    fdtw_strings(w, n, "compatible", compatible, len);
    fdtw_reg(w, n, (const uint64_t[]){base, 0x1000}, 1);
    fdtw_spi(w, n, row->irq[0].line, LEVEL);
    return n;
}

static void uart_node(struct fdt_writer *w, const struct machine_row *row)
{
    static const char compatible[] = "arm,pl011\0arm,primecell", clocks[] = "uartclk\0apb_pclk";
    int n = primecell(w, row, compatible, sizeof(compatible));
    fdtw_cells(w, n, "clocks", (const uint32_t[]){w->clock_phandle, w->clock_phandle}, 2);
    fdtw_strings(w, n, "clock-names", clocks, sizeof(clocks));
}

static void rtc_node(struct fdt_writer *w, const struct machine_row *row)
{
    static const char compatible[] = "arm,pl031\0arm,primecell";
    int n = primecell(w, row, compatible, sizeof(compatible));
    fdtw_u32(w, n, "clocks", w->clock_phandle);
    fdtw_string(w, n, "clock-names", "apb_pclk");
}

static void gpio_node(struct fdt_writer *w, const struct machine_row *row)
{
    static const char compatible[] = "arm,pl061\0arm,primecell";
    int n = primecell(w, row, compatible, sizeof(compatible));
    fdtw_u32(w, n, "#gpio-cells", 2);
    fdtw_empty(w, n, "gpio-controller");
    fdtw_u32(w, n, "clocks", w->clock_phandle);
    fdtw_string(w, n, "clock-names", "apb_pclk");
    fdtw_u32(w, n, "phandle", w->gpio_phandle);
    int keys = fdtw_node(w, "/", "gpio-keys");
    fdtw_string(w, keys, "compatible", "gpio-keys");
    int power = fdtw_node(w, "/gpio-keys", "poweroff");
    fdtw_string(w, power, "label", "GPIO Key Poweroff");
    fdtw_u32(w, power, "linux,code", KEY_POWER);
    fdtw_cells(w, power, "gpios", (const uint32_t[]){w->gpio_phandle, row->power_pin, 0}, 3);
}

static void fw_cfg_node(struct fdt_writer *w, const struct machine_row *row)
{
    int n = fdtw_node(w, "/", "fw-cfg@%llx", (unsigned long long)FW_CFG);
    fdtw_string(w, n, "compatible", "qemu,fw-cfg-mmio");
    fdtw_reg(w, n, (const uint64_t[]){FW_CFG, 0x18}, 1);
    fdtw_empty(w, n, "dma-coherent");
}

static void virtio_node(struct fdt_writer *w, const struct machine_row *row)
{
    /* Kernels number the transports in reverse order of the nodes they find, so the first one comes
     * last. */
    for (unsigned i = row->count; i-- > 0;) {
        uint64_t base = row->window[0].base + i * row->stride;
        int n = fdtw_node(w, "/", "virtio_mmio@%llx", (unsigned long long)base);
        fdtw_string(w, n, "compatible", "virtio,mmio");
        fdtw_reg(w, n, (const uint64_t[]){base, row->stride}, 1);
        fdtw_spi(w, n, row->irq[0].line + (int)i, EDGE);
        fdtw_empty(w, n, "dma-coherent");
    }
}

/* ---- the board ------------------------------------------------------------------------------- */

static const struct machine_row rows[] = {
    {.class = "gicv2", .name = "gic", .role = ROLE_INTC, .node = intc_node,
     .windows = 2, .window = {{GIC_DIST, GICV2_DISTRIBUTOR}, {GIC_CPU, GICV2_CPU}},
     .properties = 1, .property = {{"num_irqs", IRQ_COUNT, NULL}}},
    {.class = "gicv2m", .name = "gic-msi", .node = msi_node,
     .windows = 1, .window = {{GIC_MSI, 0}},
     .irqs = 1, .irq = {{0, MSI_COUNT, SPI_MSI}},
     .properties = 2, .property = {{"base_spi", SPI_MSI + 32, NULL}, {"num_spi", MSI_COUNT, NULL}}},
    {.class = "arch-timer", .name = "timer", .role = ROLE_TIMER},
    {.class = "pl011", .name = "uart0", .role = ROLE_SERIAL, .node = uart_node,
     .windows = 1, .window = {{UART, 0}}, .irqs = 1, .irq = {{0, 1, SPI_UART}}},
    {.class = "pl031", .name = "rtc", .node = rtc_node,
     .windows = 1, .window = {{RTC, 0}}, .irqs = 1, .irq = {{0, 1, SPI_RTC}}},
    {.class = "pl061", .name = "gpio", .role = ROLE_GPIO_KEYS, .power_pin = POWER_PIN,
     .node = gpio_node,
     .windows = 1, .window = {{GPIO, 0}}, .irqs = 1, .irq = {{PL061_IRQ, 1, SPI_GPIO}}},
    {.class = "fw_cfg", .name = "fw_cfg", .role = ROLE_FW_CFG, .node = fw_cfg_node,
     .windows = 1, .window = {{FW_CFG, 0}}},
    {.class = "virtio-mmio", .name = "virtio", .count = VIRTIO_COUNT, .stride = 0x200,
     .node = virtio_node,
     .windows = 1, .window = {{VIRTIO, 0}}, .irqs = 1, .irq = {{0, 1, SPI_VIRTIO}},
     .properties = 1, .property = {{"legacy", 1, NULL}}},
};

static const struct machine_memory memory[] = {
    {.name = "flash0", .base = FLASH, .size = 64 * MIB, .kind = MEMORY_ROM},
};

static const char *const cpus[] = {"cortex-a15", "cortex-a7", "max", NULL};

const struct machine machine_virt = {
    .name = "virt",
    .help = "generic board for kernels: GICv2, architected timers, PL011, fw_cfg",
    .default_cpu = "cortex-a15",
    .cpus = cpus,
    .max_cpus = 8,
    .ram_base = RAM,
    .ram_default = 128 * MIB,
    .ram_min = 1,
    .ram_max = 255 * GIB,
    .bios_base = FLASH,
    .bios_size = 64 * MIB,
    .memory = memory,
    .memory_count = ARRAY_SIZE(memory),
    .rows = rows,
    .row_count = ARRAY_SIZE(rows),
    .tree = tree,
};
