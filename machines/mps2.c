/* Arm's MPS2 FPGA board with the images of the application notes AN385 (Cortex-M3), AN386
 * (Cortex-M4) and AN500 (Cortex-M7). The three differ in the CPU, the ids, and where PSRAM, block
 * RAM and Ethernet are. */
#include "devices/gpio/cmsdk_gpio.h"
#include "devices/misc/mps2_scc.h"
#include "devices/timer/cmsdk_watchdog.h"
#include "devices/timer/sp804.h"
#include "devices/uart/cmsdk_uart.h"
#include "machines/internal.h"
#include "util/bits.h"

enum { IRQ_COUNT = 32, CLOCK_HZ = 25000000, SYSTICK_REF_HZ = 1000000 };

#define KIB (1ull << 10)
#define MIB (1ull << 20)

/* A CMSDK UART with its receive and transmit interrupts; all overruns share one. */
#define UART(n, at, rx_irq, tx_irq)                                                                \
    {.class = "cmsdk-uart", .name = "uart" #n, .role = ROLE_SERIAL, .windows = 1, \
     .window = {{at, 0}}, \
     .irqs = 4, .irq = {{CMSDK_UART_RX, 1, rx_irq}, {CMSDK_UART_TX, 1, tx_irq},                    \
                        {CMSDK_UART_RX_OVERRUN, 1, 12}, {CMSDK_UART_TX_OVERRUN, 1, 12}}}

/* A device with a clock. */
#define CLOCKED(what, instance, at, ...)                                                           \
    {.class = what, .name = instance, .windows = 1, .window = {{at, 0}}, __VA_ARGS__,              \
     .properties = 1, .property = {{"freq", CLOCK_HZ, NULL}}}

#define SPI(n, at, number)                                                                         \
    {.class = "pl022", .name = "spi" #n, .windows = 1, .window = {{at, 0}}, .irqs = 1,             \
     .irq = {{0, 1, number}}}

#define I2C(instance, at) {.class = "sbcon", .name = instance, .windows = 1, .window = {{at, 0}}}

#define UNIMPLEMENTED(what, at, bytes)                                                             \
    {.class = "unimplemented", .name = what, .windows = 1, .window = {{at, 0}},                    \
     .properties = 1, .property = {{"size", bytes, NULL}}}

#define GPIO(n, at, number)                                                                        \
    {.class = "cmsdk-gpio", .name = "gpio" #n, .windows = 1, .window = {{at, 0}},                  \
     .irqs = 1, .irq = {{CMSDK_GPIO_COMBINED, 1, number}}}

/* The pins 0 to 7 of the first GPIO have interrupts of their own as well. */
#define COMMON_ROWS                                                                                \
    CLOCKED("cmsdk-timer", "timer0", 0x40000000, .irqs = 1, .irq = {{0, 1, 8}}),                   \
    CLOCKED("cmsdk-timer", "timer1", 0x40001000, .irqs = 1, .irq = {{0, 1, 9}}),                   \
    {.class = "cmsdk-dualtimer", .name = "dualtimer", .windows = 1, .window = {{0x40002000, 0}},   \
     .irqs = 1, .irq = {{SP804_TIMINTC, 1, 10}},                                                   \
     .properties = 2, .property = {{"freq0", CLOCK_HZ, NULL}, {"freq1", CLOCK_HZ, NULL}}},         \
    UART(0, 0x40004000, 0, 1), UART(1, 0x40005000, 2, 3), UART(2, 0x40006000, 4, 5),               \
    UART(3, 0x40007000, 18, 19), UART(4, 0x40009000, 20, 21),                                      \
    CLOCKED("cmsdk-watchdog", "watchdog", 0x40008000, .irqs = 0),                                  \
    {.class = "cmsdk-gpio", .name = "gpio0", .windows = 1, .window = {{0x40010000, 0}},            \
     .irqs = 2, .irq = {{CMSDK_GPIO_COMBINED, 1, 6}, {CMSDK_GPIO_PIN_IRQ, 8, 24}}},                \
    GPIO(1, 0x40011000, 7), GPIO(2, 0x40012000, 16), GPIO(3, 0x40013000, 17),                      \
    SPI(0, 0x40020000, 11), SPI(1, 0x40021000, 11), SPI(2, 0x40025000, 22),                        \
    SPI(3, 0x40026000, 23), SPI(4, 0x40027000, 23),                                                \
    I2C("i2c-touch", 0x40022000), I2C("i2c-audio", 0x40023000), I2C("i2c-shield0", 0x40029000),    \
    I2C("i2c-shield1", 0x4002a000),                                                                \
    UNIMPLEMENTED("i2s", 0x40024000, 0x400),                                                       \
    CLOCKED("mps2-fpgaio", "fpgaio", 0x40028000, .irqs = 0),                                       \
    UNIMPLEMENTED("vga", 0x41000000, 2 * MIB)

/* What differs: the id of the image, and where Ethernet is. */
#define OWN_ROWS(scc_id, ethernet)                                                                 \
    {.class = "mps2-scc", .name = "scc", .windows = 1, .window = {{0x4002f000, 0}},                \
     .properties = 1, .property = {{"id", scc_id, NULL}}},                                         \
    {.class = "lan9118", .name = "ethernet", .role = ROLE_NETWORK, .windows = 1, \
     .window = {{ethernet, 0}}, \
     .irqs = 1, .irq = {{0, 1, 13}}}

static const struct machine_row rows_an385[] = {COMMON_ROWS, OWN_ROWS(0x41043850, 0x40200000)};
static const struct machine_row rows_an386[] = {COMMON_ROWS, OWN_ROWS(0x41043860, 0x40200000)};
static const struct machine_row rows_an500[] = {COMMON_ROWS, OWN_ROWS(0x41045000, 0xa0000000)};

static const struct machine_wire wires[] = {
    {.from = "scc", .output = MPS2_SCC_REMAP, .target = WIRE_REMAP, .to = "blockram"},
    {.from = "watchdog", .output = WATCHDOG_INT, .target = WIRE_NMI},
    {.from = "watchdog", .output = WATCHDOG_RESET, .target = WIRE_RESET},
};

/* ---- memory ---------------------------------------------------------------------------------- */

#define COMMON_MEMORY                                                                              \
    {.name = "ssram1", .base = 0x00000000, .size = 4 * MIB},                                       \
    {.name = "ssram1-alias", .base = 0x00400000, .kind = MEMORY_ALIAS, .of = "ssram1"},            \
    {.name = "ssram23", .base = 0x20000000, .size = 4 * MIB},                                      \
    {.name = "ssram23-alias", .base = 0x20400000, .kind = MEMORY_ALIAS, .of = "ssram23"}

static const struct machine_memory memory_cmsdk[] = {
    COMMON_MEMORY,
    {.name = "blockram", .base = 0x01000000, .size = 16 * KIB},
    {.name = "blockram-alias1", .base = 0x01004000, .kind = MEMORY_ALIAS, .of = "blockram"},
    {.name = "blockram-alias2", .base = 0x01008000, .kind = MEMORY_ALIAS, .of = "blockram"},
    {.name = "blockram-alias3", .base = 0x0100c000, .kind = MEMORY_ALIAS, .of = "blockram"},
};

static const struct machine_memory memory_an500[] = {COMMON_MEMORY};

/* ---- the boards ------------------------------------------------------------------------------ */

static const char *const cpus[] = {"cortex-m3",     "cortex-m4", "cortex-m7", "cortex-m0",
                                   "cortex-m0plus", "cortex-m1", NULL};

static const struct machine_m_profile profile = {
    .irqs = IRQ_COUNT,
    /* the FPGA has 3; but the images of the projects that test on this board count on all */
    .priority_bits = 8,
    .bit_band = true,
    .cpu_hz = CLOCK_HZ,
    .systick_ref_hz = SYSTICK_REF_HZ,
};

#define MPS2(note, title, cpu, psram, memory_rows, wires_from)                                     \
    {                                                                                              \
        .name = "mps2-" #note,                                                                     \
        .help = "Arm MPS2 with the FPGA image of " title,                                          \
        .default_cpu = cpu,                                                                        \
        .cpus = cpus,                                                                              \
        .max_cpus = 1,                                                                             \
        .ram_base = psram,                                                                         \
        .ram_default = 16 * MIB,                                                                   \
        .ram_min = 16 * MIB,                                                                       \
        .ram_max = 16 * MIB,                                                                       \
        .m_profile = &profile,                                                                     \
        .memory = memory_rows,                                                                     \
        .memory_count = ARRAY_SIZE(memory_rows),                                                   \
        .rows = rows_##note,                                                                       \
        .row_count = ARRAY_SIZE(rows_##note),                                                      \
        .wires = wires + wires_from,                                                               \
        .wire_count = ARRAY_SIZE(wires) - wires_from,                                              \
    }

const struct machine machine_mps2_an385 = MPS2(an385, "AN385 (Cortex-M3)", "cortex-m3", 0x21000000,
                                               memory_cmsdk, 0);
const struct machine machine_mps2_an386 = MPS2(an386, "AN386 (Cortex-M4)", "cortex-m4", 0x21000000,
                                               memory_cmsdk, 0);
const struct machine machine_mps2_an500 = MPS2(an500, "AN500 (Cortex-M7)", "cortex-m7", 0x60000000,
                                               memory_an500, 1);
