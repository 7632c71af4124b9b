/* Texas Instruments' (Luminary Micro's) LM3S6965 evaluation board: Cortex-M3, 256 KiB of flash, 64
 * KiB of SRAM. The OLED display and the SD card on the SPI port are not there, nor is anything on
 * the I2C buses. */
#include "devices/gpio/pl061.h"
#include "devices/misc/lm3s_sysctl.h"
#include "devices/timer/cmsdk_watchdog.h"
#include "devices/timer/lm3s_gptm.h"
#include "machines/internal.h"
#include "util/bits.h"

enum { IRQ_COUNT = 64, RESET_HZ = 12000000 };

#define KIB (1ull << 10)
#define FLASH 0x00000000ull
#define FLASH_SIZE (256 * KIB)

#define DEVICE(kind, instance, at, number)                                                         \
    {.class = kind, .name = instance, .windows = 1, .window = {{at, 0}}, .irqs = 1,                \
     .irq = {{0, 1, number}}}

#define UART(n, at, number)                                                                        \
    {.class = "pl011-luminary", .name = "uart" #n, .role = ROLE_SERIAL, .windows = 1,              \
     .window = {{at, 0}}, .irqs = 1, .irq = {{0, 1, number}}}

#define GPIO(n, at, number, jtag_pins)                                                             \
    {.class = "pl061-luminary", .name = "gpio" #n, .windows = 1, .window = {{at, 0}},              \
     .irqs = 1, .irq = {{PL061_IRQ, 1, number}},                                                   \
     .properties = 1, .property = {{"jtag", jtag_pins, NULL}}}

#define TIMER(n, at, number)                                                                       \
    {.class = "lm3s-gptm", .name = "timer" #n, .windows = 1, .window = {{at, 0}},                  \
     .irqs = 1, .irq = {{LM3S_GPTM_A, 2, number}},                                                 \
     .properties = 1, .property = {{"freq", RESET_HZ, NULL}}}

#define UNIMPLEMENTED(what, at)                                                                    \
    {.class = "unimplemented", .name = what, .windows = 1, .window = {{at, 0}},                    \
     .properties = 1, .property = {{"size", 0x1000, NULL}}}

static const struct machine_row rows[] = {
    {.class = "luminary-watchdog",
     .name = "watchdog",
     .windows = 1,
     .window = {{0x40000000, 0}},
     .irqs = 1,
     .irq = {{WATCHDOG_INT, 1, 18}},
     .properties = 1,
     .property = {{"freq", RESET_HZ, NULL}}},
    GPIO(0, 0x40004000, 0, 0),
    GPIO(1, 0x40005000, 1, 0x80),
    GPIO(2, 0x40006000, 2, 0x0f),
    GPIO(3, 0x40007000, 3, 0),
    DEVICE("pl022-luminary", "ssi", 0x40008000, 7),
    UART(0, 0x4000c000, 5),
    UART(1, 0x4000d000, 6),
    UART(2, 0x4000e000, 33),
    DEVICE("lm3s-i2c", "i2c0", 0x40020000, 8),
    DEVICE("lm3s-i2c", "i2c1", 0x40021000, 37),
    GPIO(4, 0x40024000, 4, 0),
    GPIO(5, 0x40025000, 30, 0),
    GPIO(6, 0x40026000, 31, 0),
    UNIMPLEMENTED("pwm", 0x40028000),
    UNIMPLEMENTED("qei0", 0x4002c000),
    UNIMPLEMENTED("qei1", 0x4002d000),
    TIMER(0, 0x40030000, 19),
    TIMER(1, 0x40031000, 21),
    TIMER(2, 0x40032000, 23),
    TIMER(3, 0x40033000, 35),
    {.class = "lm3s-adc",
     .name = "adc",
     .windows = 1,
     .window = {{0x40038000, 0}},
     .irqs = 1,
     .irq = {{0, 4, 14}}},
    UNIMPLEMENTED("comparators", 0x4003c000),
    UNIMPLEMENTED("ethernet", 0x40048000),
    UNIMPLEMENTED("hibernation", 0x400fc000),
    {.class = "lm3s-flash",
     .name = "flash-control",
     .windows = 1,
     .window = {{0x400fd000, 0}},
     .irqs = 1,
     .irq = {{0, 1, 29}},
     .properties = 2,
     .property = {{"base", FLASH, NULL}, {"size", FLASH_SIZE, NULL}}},
    {.class = "lm3s-sysctl",
     .name = "sysctl",
     .windows = 1,
     .window = {{0x400fe000, 0}},
     .irqs = 1,
     .irq = {{LM3S_SYSCTL_IRQ, 1, 28}}},
};

#define CLOCK_OF(device)                                                                           \
    {.from = "sysctl", .output = LM3S_SYSCTL_CLOCK, .target = WIRE_CLOCK, .to = device}
/* Bit @bit of SRCR@reg resets the device. */
#define RESET_OF(device, reg, bit)                                                                 \
    {.from = device, .target = WIRE_ATTACH, .to = "sysctl", .input = 32 * reg + bit}
#define ADC_TRIGGER(device)                                                                        \
    {.from = device, .output = LM3S_GPTM_TRIGGER, .target = WIRE_DEVICE, .to = "adc", .input = 0}

static const struct machine_wire wires[] = {
    {.from = "sysctl", .output = LM3S_SYSCTL_CLOCK, .target = WIRE_CPU_CLOCK},
    CLOCK_OF("watchdog"),
    CLOCK_OF("timer0"),
    CLOCK_OF("timer1"),
    CLOCK_OF("timer2"),
    CLOCK_OF("timer3"),
    ADC_TRIGGER("timer0"),
    ADC_TRIGGER("timer1"),
    ADC_TRIGGER("timer2"),
    ADC_TRIGGER("timer3"),
    /* sysctl hears of it first, so that it knows the cause. */
    {.from = "watchdog",
     .output = WATCHDOG_RESET,
     .target = WIRE_DEVICE,
     .to = "sysctl",
     .input = LM3S_SYSCTL_WATCHDOG},
    {.from = "watchdog", .output = WATCHDOG_RESET, .target = WIRE_RESET},
    RESET_OF("watchdog", 0, 3),
    RESET_OF("adc", 0, 16),
    RESET_OF("uart0", 1, 0),
    RESET_OF("uart1", 1, 1),
    RESET_OF("uart2", 1, 2),
    RESET_OF("ssi", 1, 4),
    RESET_OF("i2c0", 1, 12),
    RESET_OF("i2c1", 1, 14),
    RESET_OF("timer0", 1, 16),
    RESET_OF("timer1", 1, 17),
    RESET_OF("timer2", 1, 18),
    RESET_OF("timer3", 1, 19),
    RESET_OF("gpio0", 2, 0),
    RESET_OF("gpio1", 2, 1),
    RESET_OF("gpio2", 2, 2),
    RESET_OF("gpio3", 2, 3),
    RESET_OF("gpio4", 2, 4),
    RESET_OF("gpio5", 2, 5),
    RESET_OF("gpio6", 2, 6),
};

static const struct machine_memory memory[] = {
    {.name = "flash", .base = FLASH, .size = FLASH_SIZE, .kind = MEMORY_ROM, .erased = true},
};

/* The board has a Cortex-M3; others run with its peripherals, for tests of their instructions. */
static const char *const cpus[] = {
    "cortex-m3", "cortex-m0", "cortex-m0plus", "cortex-m1", "cortex-m4", "cortex-m7", NULL};

static const struct machine_m_profile profile = {
    .irqs = IRQ_COUNT,
    .priority_bits = 3,
    .bit_band = true,
    .cpu_hz = RESET_HZ,
};

const struct machine machine_lm3s6965evb = {
    .name = "lm3s6965evb",
    .help = "Stellaris LM3S6965 evaluation board (Cortex-M3)",
    .default_cpu = "cortex-m3",
    .cpus = cpus,
    .max_cpus = 1,
    .ram_base = 0x20000000,
    .ram_default = 64 * KIB,
    .ram_min = 64 * KIB,
    .ram_max = 64 * KIB,
    .m_profile = &profile,
    .flash_base = FLASH,
    .memory = memory,
    .memory_count = ARRAY_SIZE(memory),
    .rows = rows,
    .row_count = ARRAY_SIZE(rows),
    .wires = wires,
    .wire_count = ARRAY_SIZE(wires),
};
