/* The BBC micro:bit V1: a Nordic nRF51822 (Cortex-M0), 25 LEDs, two buttons, an accelerometer and a
 * magnetometer. Numbers: nRF51 Series Reference Manual, nRF51822 Product Specification, schematic
 * of the micro:bit V1.3. */
#include "devices/misc/nrf51_nvmc.h"
#include "devices/timer/nrf51_wdt.h"
#include "machines/internal.h"
#include "util/bits.h"

enum { IRQ_COUNT = 32, CLOCK_HZ = 16000000 };

/* Pins of port 0. */
enum {
    PIN_COLUMN1 = 4,
    PIN_ROW1 = 13,
    PIN_BUTTON_A = 17,
    PIN_BUTTON_B = 26,
    PIN_ACCELEROMETER_INT1 = 28,
    PIN_MAGNETOMETER_INT1 = 29,
    COLUMNS = 9,
    ROWS = 3,
};

#define KIB (1ull << 10)
#define FLASH_SIZE (256 * KIB)
#define RAM_SIZE (16 * KIB)

/* A peripheral's number gives its address and its interrupt. */
#define PERIPHERAL(id) .windows = 1, .window = {{0x40000000 + (id) * 0x1000, 0}}
#define IRQ(id) .irqs = 1, .irq = {{0, 1, id}}

#define UNIMPLEMENTED(what, at, bytes)                                                             \
    {.class = "unimplemented", .name = what, .windows = 1, .window = {{at, 0}},                    \
     .properties = 1, .property = {{"size", bytes, NULL}}}

static const struct machine_row rows[] = {
    {.class = "nrf51-clock", .name = "clock", PERIPHERAL(0), IRQ(0)},
    {.class = "nrf51-radio", .name = "radio", PERIPHERAL(1), IRQ(1)},
    {.class = "nrf51-uart", .name = "uart", .role = ROLE_SERIAL, PERIPHERAL(2), IRQ(2)},
    {.class = "nrf51-twi", .name = "twi0", PERIPHERAL(3), IRQ(3)},
    {.class = "nrf51-twi", .name = "twi1", PERIPHERAL(4), IRQ(4)},
    {.class = "nrf51-gpiote", .name = "gpiote", PERIPHERAL(6), IRQ(6)},
    {.class = "nrf51-adc", .name = "adc", PERIPHERAL(7), IRQ(7)},
    {.class = "nrf51-timer", .name = "timer0", PERIPHERAL(8), IRQ(8),
     .properties = 1, .property = {{"width", 32, NULL}}},
    {.class = "nrf51-timer", .name = "timer1", PERIPHERAL(9), IRQ(9)},
    {.class = "nrf51-timer", .name = "timer2", PERIPHERAL(10), IRQ(10)},
    {.class = "nrf51-rtc", .name = "rtc0", PERIPHERAL(11), IRQ(11),
     .properties = 1, .property = {{"channels", 3, NULL}}},
    {.class = "nrf51-temp", .name = "temp", PERIPHERAL(12), IRQ(12)},
    {.class = "nrf51-rng", .name = "rng", PERIPHERAL(13), IRQ(13)},
    UNIMPLEMENTED("ecb", 0x4000e000, 0x1000),
    UNIMPLEMENTED("aar-ccm", 0x4000f000, 0x1000),
    {.class = "nrf51-wdt", .name = "wdt", PERIPHERAL(16), IRQ(16)},
    {.class = "nrf51-rtc", .name = "rtc1", PERIPHERAL(17), IRQ(17)},
    UNIMPLEMENTED("qdec", 0x40012000, 0x1000),
    UNIMPLEMENTED("lpcomp", 0x40013000, 0x1000),
    UNIMPLEMENTED("swi", 0x40014000, 0x6000), /* software interrupts have no registers */
    {.class = "nrf51-nvmc", .name = "nvmc", PERIPHERAL(30),
     .properties = 1, .property = {{"code_size", FLASH_SIZE, NULL}}},
    {.class = "nrf51-ppi", .name = "ppi", PERIPHERAL(31)},
    {.class = "nrf51-ficr", .name = "ficr", .windows = 1, .window = {{0x10000000, 0}},
     .properties = 2, .property = {{"pages", FLASH_SIZE / KIB, NULL},
                                   {"ram_blocks", RAM_SIZE / (8 * KIB), NULL}}},
    {.class = "nrf51-gpio", .name = "gpio", .windows = 1, .window = {{0x50000000, 0}},
     .properties = 1, .property = {{"idle", BIT(PIN_BUTTON_A) | BIT(PIN_BUTTON_B), NULL}}},
    UNIMPLEMENTED("private", 0xf0000000, 0x1000), /* read by start-up code to know the revision */
    /* The accelerometer lies on the back: with the LEDs up it feels -1 g. */
    {.class = "mma8653", .name = "accelerometer",
     .properties = 1, .property = {{"z", (uint32_t)-1000, NULL}}},
    {.class = "mag3110", .name = "magnetometer"},
    {.class = "microbit-leds", .name = "leds"},
};

#define PPI(name, id) {.from = name, .target = WIRE_ATTACH, .to = "ppi", .input = id}

static const struct machine_wire wires[] = {
    PPI("clock", 0),
    PPI("uart", 2),
    PPI("twi0", 3),
    PPI("twi1", 4),
    PPI("gpiote", 6),
    PPI("adc", 7),
    PPI("timer0", 8),
    PPI("timer1", 9),
    PPI("timer2", 10),
    PPI("rtc0", 11),
    PPI("temp", 12),
    PPI("rng", 13),
    PPI("wdt", 16),
    PPI("rtc1", 17),
    PPI("ppi", 31),
    {.from = "gpio", .target = WIRE_ATTACH, .to = "gpiote"},
    /* POWER hears of it first, so that it knows the reason. */
    {.from = "wdt", .output = NRF51_WDT_RESET, .target = WIRE_DEVICE, .to = "clock"},
    {.from = "wdt", .output = NRF51_WDT_RESET, .target = WIRE_RESET},
    {.from = "accelerometer", .target = WIRE_ATTACH, .to = "twi0", .input = 0x1d},
    {.from = "magnetometer", .target = WIRE_ATTACH, .to = "twi0", .input = 0x0e},
    {.from = "accelerometer", .target = WIRE_DEVICE, .to = "gpio", .input = PIN_ACCELEROMETER_INT1},
    {.from = "magnetometer", .target = WIRE_DEVICE, .to = "gpio", .input = PIN_MAGNETOMETER_INT1},
    {.from = "gpio", .output = PIN_COLUMN1, .count = COLUMNS, .target = WIRE_DEVICE, .to = "leds"},
    {.from = "gpio",
     .output = PIN_ROW1,
     .count = ROWS,
     .target = WIRE_DEVICE,
     .to = "leds",
     .input = COLUMNS},
};

static const struct machine_memory memory[] = {
    {.name = "flash", .base = 0, .size = FLASH_SIZE, .kind = MEMORY_ROM, .erased = true,
     .of = "nvmc",
     .store_region = NRF51_NVMC_CODE},
    {.name = "uicr", .base = 0x10001000, .size = 4 * KIB, .kind = MEMORY_ROM, .erased = true,
     .of = "nvmc", .store_region = NRF51_NVMC_UICR},
};

static const char *const cpus[] = {"cortex-m0", NULL};

static const struct machine_m_profile profile = {
    .irqs = IRQ_COUNT,
    .priority_bits = 2,
    .cpu_hz = CLOCK_HZ,
};

const struct machine machine_microbit = {
    .name = "microbit",
    .help = "BBC micro:bit V1 (Nordic nRF51822, Cortex-M0)",
    .default_cpu = "cortex-m0",
    .cpus = cpus,
    .max_cpus = 1,
    .ram_base = 0x20000000,
    .ram_default = RAM_SIZE,
    .ram_min = RAM_SIZE,
    .ram_max = RAM_SIZE,
    .m_profile = &profile,
    .memory = memory,
    .memory_count = ARRAY_SIZE(memory),
    .rows = rows,
    .row_count = ARRAY_SIZE(rows),
    .wires = wires,
    .wire_count = ARRAY_SIZE(wires),
};
