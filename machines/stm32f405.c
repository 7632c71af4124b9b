/* Boards with an STM32F405RG (Cortex-M4F): Netduino Plus 2 and Olimex STM32-H405. Numbers: RM0090,
 * data sheet of the STM32F405xx. */
#include "devices/dma/stm32_dma.h"
#include "devices/i2c/stm32_i2c.h"
#include "devices/misc/stm32_exti.h"
#include "devices/misc/stm32f4_adc.h"
#include "devices/misc/stm32f4_flash.h"
#include "devices/misc/stm32f4_ids.h"
#include "devices/misc/stm32f4_rcc.h"
#include "devices/misc/stm32f4_syscfg.h"
#include "devices/rtc/stm32_rtc.h"
#include "devices/ssi/stm32_spi.h"
#include "devices/timer/stm32_tim.h"
#include "devices/timer/stm32_wdg.h"
#include "devices/uart/stm32_usart.h"
#include "machines/internal.h"
#include "util/bits.h"

enum { IRQ_COUNT = 82, HSI_HZ = 16000000 };

#define KIB (1ull << 10)
#define MIB (1ull << 20)

/* ---- devices --------------------------------------------------------------------------------- */

#define AT(address) .windows = 1, .window = {{address, 0}}
#define IRQ(line) .irqs = 1, .irq = {{0, 1, line}}
#define DEVICE(kind, label, address, ...) {.class = kind, .name = label, AT(address), ##__VA_ARGS__}

#define UNIMPLEMENTED(what, at, bytes)                                                             \
    {.class = "unimplemented", .name = what, .windows = 1, .window = {{at, 0}},                    \
     .properties = 1, .property = {{"size", bytes, NULL}}}

#define GPIO(label, address) DEVICE("stm32-gpio", label, address)
#define USART(label, address, line)                                                                \
    DEVICE("stm32-usart", label, address, .role = ROLE_SERIAL, IRQ(line))
#define SPI(label, address, line) DEVICE("stm32-spi", label, address, IRQ(line))
#define I2C(label, address, line)                                                                  \
    DEVICE("stm32-i2c", label, address, .irqs = 1, .irq = {{STM32_I2C_EVENT, 2, line}})
#define ADC(label, address) DEVICE("stm32f4-adc", label, address, IRQ(18))

/* Timers with four interrupts of their own, and those whose interrupts are one. */
#define ADVANCED(label, address, brk, up, trg, cc)                                                 \
    DEVICE("stm32-tim", label, address, .irqs = 4,                                                 \
           .irq = {{STM32_TIM_BRK, 1, brk}, {STM32_TIM_UP, 1, up}, {STM32_TIM_TRG_COM, 1, trg},    \
                   {STM32_TIM_CC, 1, cc}},                                                         \
           .properties = 1, .property = {{"advanced", 1, NULL}})
#define TIMER(label, address, line, bits, n)                                                       \
    DEVICE("stm32-tim", label, address, .irqs = 3,                                                 \
           .irq = {{STM32_TIM_UP, 1, line}, {STM32_TIM_CC, 1, line}, \
           {STM32_TIM_TRG_COM, 1, line}}, \
           .properties = 2, .property = {{"width", bits, NULL}, {"channels", n, NULL}})

#define COMMON_ROWS                                                                                \
    TIMER("tim2", 0x40000000, 28, 32, 4), TIMER("tim3", 0x40000400, 29, 16, 4),                    \
    TIMER("tim4", 0x40000800, 30, 16, 4), TIMER("tim5", 0x40000c00, 50, 32, 4),                    \
    TIMER("tim6", 0x40001000, 54, 16, 0), TIMER("tim7", 0x40001400, 55, 16, 0),                    \
    TIMER("tim12", 0x40001800, 43, 16, 2), TIMER("tim13", 0x40001c00, 44, 16, 1),                  \
    TIMER("tim14", 0x40002000, 45, 16, 1),                                                         \
    DEVICE("stm32-rtc", "rtc", 0x40002800),                                                        \
    DEVICE("stm32-wwdg", "wwdg", 0x40002c00, .irqs = 1, .irq = {{STM32_WWDG_IRQ, 1, 0}}),          \
    DEVICE("stm32-iwdg", "iwdg", 0x40003000),                                                      \
    UNIMPLEMENTED("i2s2ext", 0x40003400, 0x400),                                                   \
    SPI("spi2", 0x40003800, 36), SPI("spi3", 0x40003c00, 51),                                      \
    UNIMPLEMENTED("i2s3ext", 0x40004000, 0x400),                                                   \
    USART("usart1", 0x40011000, 37), USART("usart2", 0x40004400, 38),                              \
    USART("usart3", 0x40004800, 39), USART("uart4", 0x40004c00, 52),                               \
    USART("uart5", 0x40005000, 53), USART("usart6", 0x40011400, 71),                               \
    I2C("i2c1", 0x40005400, 31), I2C("i2c2", 0x40005800, 33), I2C("i2c3", 0x40005c00, 72),         \
    UNIMPLEMENTED("can1", 0x40006400, 0x400), UNIMPLEMENTED("can2", 0x40006800, 0x400),            \
    DEVICE("stm32f4-pwr", "pwr", 0x40007000),                                                      \
    UNIMPLEMENTED("dac", 0x40007400, 0x400),                                                       \
    ADVANCED("tim1", 0x40010000, 24, 25, 26, 27), ADVANCED("tim8", 0x40010400, 43, 44, 45, 46),    \
    ADC("adc1", 0x40012000), ADC("adc2", 0x40012100), ADC("adc3", 0x40012200),                     \
    DEVICE("stm32f4-adc-common", "adc-common", 0x40012300),                                        \
    UNIMPLEMENTED("sdio", 0x40012c00, 0x400),                                                      \
    SPI("spi1", 0x40013000, 35),                                                                   \
    DEVICE("stm32f4-syscfg", "syscfg", 0x40013800),                                                \
    DEVICE("stm32-exti", "exti", 0x40013c00, .irqs = 6,                                            \
           .irq = {{STM32_EXTI_LINE0, 5, 6}, {STM32_EXTI_LINES9_5, 1, 23},                         \
                   {STM32_EXTI_LINES15_10, 1, 40}, {STM32_EXTI_LINE16, 1, 1},                      \
                   {STM32_EXTI_LINE16 + 1, 1, 41}, {STM32_EXTI_LINE16 + 5, 2, 2}}),                \
    TIMER("tim9", 0x40014000, 24, 16, 2), TIMER("tim10", 0x40014400, 25, 16, 1),                   \
    TIMER("tim11", 0x40014800, 26, 16, 1),                                                         \
    DEVICE("stm32-gpio", "gpioa", 0x40020000, .properties = 2,                                     \
           .property = {{"moder", 0xa8000000, NULL}, {"pupdr", 0x64000000, NULL}}),                \
    DEVICE("stm32-gpio", "gpiob", 0x40020400, .properties = 3,                                     \
           .property = {{"moder", 0x280, NULL}, {"ospeedr", 0xc0, NULL}, {"pupdr", 0x100, NULL}}), \
    GPIO("gpioc", 0x40020800), GPIO("gpiod", 0x40020c00), GPIO("gpioe", 0x40021000),               \
    GPIO("gpiof", 0x40021400), GPIO("gpiog", 0x40021800), GPIO("gpioh", 0x40021c00),               \
    GPIO("gpioi", 0x40022000),                                                                     \
    DEVICE("stm32-crc", "crc", 0x40023000),                                                        \
    DEVICE("stm32f4-flash", "flash-interface", 0x40023c00, IRQ(4)),                                \
    DEVICE("stm32-dma", "dma1", 0x40026000, .irqs = 2, .irq = {{0, 7, 11}, {7, 1, 47}}),           \
    DEVICE("stm32-dma", "dma2", 0x40026400, .irqs = 2, .irq = {{0, 5, 56}, {5, 3, 68}}),           \
    UNIMPLEMENTED("ethernet", 0x40028000, 0x1400),                                                 \
    DEVICE("stm32-otg", "usb-otg-hs", 0x40040000, IRQ(77)),                                        \
    DEVICE("stm32-otg", "usb-otg-fs", 0x50000000, IRQ(67)),                                        \
    UNIMPLEMENTED("dcmi", 0x50050000, 0x400),                                                      \
    DEVICE("stm32-rng", "rng", 0x50060800, IRQ(80)),                                               \
    UNIMPLEMENTED("fsmc", 0xa0000000, 0x1000),                                                     \
    {.class = "stm32f4-ids", .name = "ids", .windows = 2,                                          \
     .window = {{0x1fff7a00, STM32F4_IDS_SIGNATURE}, {0xe0042000, STM32F4_IDS_DBGMCU}}}

#define RCC(hse_hz)                                                                                \
    {.class = "stm32f4-rcc", .name = "rcc", AT(0x40023800), .irqs = 1,                             \
     .irq = {{STM32F4_RCC_IRQ, 1, 5}}, .properties = 1, .property = {{"hse", hse_hz, NULL}}}

static const struct machine_row rows_netduinoplus2[] = {COMMON_ROWS, RCC(25000000)};
static const struct machine_row rows_olimex[] = {COMMON_ROWS, RCC(8000000)};

/* ---- wires ----------------------------------------------------------------------------------- */

/* RCC resets and clocks a peripheral by a bit of its bus. */
#define GATE(name, bus, bit)                                                                       \
    {.from = name, .target = WIRE_ATTACH, .to = "rcc", .input = STM32F4_GATE(bus, bit)}
#define CLOCK(out, name)                                                                           \
    {.from = "rcc", .output = STM32F4_RCC_##out, .target = WIRE_CLOCK, .to = name}
/* All pins of a port, for SYSCFG to choose from. */
#define PINS(name, port)                                                                           \
    {.from = name, .count = 16, .target = WIRE_DEVICE, .to = "syscfg", .input = 16 * (port)}
#define REQUEST(name, out, dma, stream, channel)                                                   \
    {.from = name, .output = out, .target = WIRE_DEVICE, .to = dma,                                \
     .input = STM32_DMA_CHANNELS * (stream) + (channel)}

#define PULSES(name, out, dma, stream, channel)                                                    \
    {.from = name, .output = STM32_TIM_DMA_##out, .target = WIRE_DEVICE, .to = dma,                \
     .input = STM32_DMA_PULSES + STM32_DMA_CHANNELS * (stream) + (channel)}
/* What starts conversions: number @n of EXTSEL, or of JEXTSEL (tables 69 and 70). */
#define TRIGGER(n, name, out)                                                                      \
    {.from = name, .output = STM32_TIM_##out, .target = WIRE_DEVICE, .to = "adc-common", .input = n}
#define INJECTED(n, name, out) TRIGGER(STM32F4_ADC_INJECTED + (n), name, out)

static const struct machine_wire wires[] = {
    GATE("gpioa", AHB1, 0),
    GATE("gpiob", AHB1, 1),
    GATE("gpioc", AHB1, 2),
    GATE("gpiod", AHB1, 3),
    GATE("gpioe", AHB1, 4),
    GATE("gpiof", AHB1, 5),
    GATE("gpiog", AHB1, 6),
    GATE("gpioh", AHB1, 7),
    GATE("gpioi", AHB1, 8),
    GATE("crc", AHB1, 12),
    GATE("dma1", AHB1, 21),
    GATE("dma2", AHB1, 22),
    GATE("rng", AHB2, 6),
    GATE("tim2", APB1, 0),
    GATE("tim3", APB1, 1),
    GATE("tim4", APB1, 2),
    GATE("tim5", APB1, 3),
    GATE("tim6", APB1, 4),
    GATE("tim7", APB1, 5),
    GATE("tim12", APB1, 6),
    GATE("tim13", APB1, 7),
    GATE("tim14", APB1, 8),
    GATE("wwdg", APB1, 11),
    GATE("spi2", APB1, 14),
    GATE("spi3", APB1, 15),
    GATE("usart2", APB1, 17),
    GATE("usart3", APB1, 18),
    GATE("uart4", APB1, 19),
    GATE("uart5", APB1, 20),
    GATE("i2c1", APB1, 21),
    GATE("i2c2", APB1, 22),
    GATE("i2c3", APB1, 23),
    GATE("pwr", APB1, 28),
    GATE("tim1", APB2, 0),
    GATE("tim8", APB2, 1),
    GATE("usart1", APB2, 4),
    GATE("usart6", APB2, 5),
    GATE("adc1", APB2, 8),
    GATE("adc2", APB2, 9),
    GATE("adc3", APB2, 10),
    GATE("spi1", APB2, 12),
    GATE("syscfg", APB2, 14),
    GATE("tim9", APB2, 16),
    GATE("tim10", APB2, 17),
    GATE("tim11", APB2, 18),

    {.from = "rcc", .output = STM32F4_RCC_HCLK, .target = WIRE_CPU_CLOCK},
    CLOCK(TIM1CLK, "tim2"),
    CLOCK(TIM1CLK, "tim3"),
    CLOCK(TIM1CLK, "tim4"),
    CLOCK(TIM1CLK, "tim5"),
    CLOCK(TIM1CLK, "tim6"),
    CLOCK(TIM1CLK, "tim7"),
    CLOCK(TIM1CLK, "tim12"),
    CLOCK(TIM1CLK, "tim13"),
    CLOCK(TIM1CLK, "tim14"),
    CLOCK(TIM2CLK, "tim1"),
    CLOCK(TIM2CLK, "tim8"),
    CLOCK(TIM2CLK, "tim9"),
    CLOCK(TIM2CLK, "tim10"),
    CLOCK(TIM2CLK, "tim11"),
    CLOCK(PCLK1, "usart2"),
    CLOCK(PCLK1, "usart3"),
    CLOCK(PCLK1, "uart4"),
    CLOCK(PCLK1, "uart5"),
    CLOCK(PCLK2, "usart1"),
    CLOCK(PCLK2, "usart6"),
    CLOCK(PCLK2, "adc1"),
    CLOCK(PCLK2, "adc2"),
    CLOCK(PCLK2, "adc3"),
    CLOCK(PCLK1, "wwdg"),
    CLOCK(RTCCLK, "rtc"),

    PINS("gpioa", 0),
    PINS("gpiob", 1),
    PINS("gpioc", 2),
    PINS("gpiod", 3),
    PINS("gpioe", 4),
    PINS("gpiof", 5),
    PINS("gpiog", 6),
    PINS("gpioh", 7),
    PINS("gpioi", 8),
    {.from = "syscfg", .count = 16, .target = WIRE_DEVICE, .to = "exti"},
    {.from = "rtc", .output = STM32_RTC_ALARM, .target = WIRE_DEVICE, .to = "exti", .input = 17},
    {.from = "rtc", .output = STM32_RTC_WAKEUP, .target = WIRE_DEVICE, .to = "exti", .input = 22},

    {.from = "adc1", .target = WIRE_ATTACH, .to = "adc-common", .input = 0},
    {.from = "adc2", .target = WIRE_ATTACH, .to = "adc-common", .input = 1},
    {.from = "adc3", .target = WIRE_ATTACH, .to = "adc-common", .input = 2},
    TRIGGER(0, "tim1", CC1_EVENT),
    TRIGGER(1, "tim1", CC1_EVENT + 1),
    TRIGGER(2, "tim1", CC1_EVENT + 2),
    TRIGGER(3, "tim2", CC1_EVENT + 1),
    TRIGGER(4, "tim2", CC1_EVENT + 2),
    TRIGGER(5, "tim2", CC1_EVENT + 3),
    TRIGGER(6, "tim2", TRGO),
    TRIGGER(7, "tim3", CC1_EVENT),
    TRIGGER(8, "tim3", TRGO),
    TRIGGER(9, "tim4", CC1_EVENT + 3),
    TRIGGER(10, "tim5", CC1_EVENT),
    TRIGGER(11, "tim5", CC1_EVENT + 1),
    TRIGGER(12, "tim5", CC1_EVENT + 2),
    TRIGGER(13, "tim8", CC1_EVENT),
    TRIGGER(14, "tim8", TRGO),
    INJECTED(0, "tim1", CC1_EVENT + 3),
    INJECTED(1, "tim1", TRGO),
    INJECTED(2, "tim2", CC1_EVENT),
    INJECTED(3, "tim2", TRGO),
    INJECTED(4, "tim3", CC1_EVENT + 1),
    INJECTED(5, "tim3", CC1_EVENT + 3),
    INJECTED(6, "tim4", CC1_EVENT),
    INJECTED(7, "tim4", CC1_EVENT + 1),
    INJECTED(8, "tim4", CC1_EVENT + 2),
    INJECTED(9, "tim4", TRGO),
    INJECTED(10, "tim5", CC1_EVENT + 3),
    INJECTED(11, "tim5", TRGO),
    INJECTED(12, "tim8", CC1_EVENT + 1),
    INJECTED(13, "tim8", CC1_EVENT + 2),
    INJECTED(14, "tim8", CC1_EVENT + 3),
    {.from = "exti", .output = STM32_EXTI_EDGE11, .target = WIRE_DEVICE, .to = "adc-common",
     .input = 15},
    {.from = "exti", .output = STM32_EXTI_EDGE15, .target = WIRE_DEVICE, .to = "adc-common",
     .input = STM32F4_ADC_INJECTED + 15},
    /* RCC hears of it first, so that it knows the cause. */
    {.from = "iwdg",
     .output = STM32_WDG_RESET,
     .target = WIRE_DEVICE,
     .to = "rcc",
     .input = STM32F4_RCC_IWDG},
    {.from = "wwdg",
     .output = STM32_WDG_RESET,
     .target = WIRE_DEVICE,
     .to = "rcc",
     .input = STM32F4_RCC_WWDG},
    {.from = "iwdg", .output = STM32_WDG_RESET, .target = WIRE_RESET},
    {.from = "wwdg", .output = STM32_WDG_RESET, .target = WIRE_RESET},

    /* DMA requests (tables 42 and 43); those of the timers are connected for updates. */
    REQUEST("spi3", STM32_SPI_DMA_RX, "dma1", 0, 0),
    REQUEST("spi3", STM32_SPI_DMA_RX, "dma1", 2, 0),
    REQUEST("spi2", STM32_SPI_DMA_RX, "dma1", 3, 0),
    REQUEST("spi2", STM32_SPI_DMA_TX, "dma1", 4, 0),
    REQUEST("spi3", STM32_SPI_DMA_TX, "dma1", 5, 0),
    REQUEST("spi3", STM32_SPI_DMA_TX, "dma1", 7, 0),
    PULSES("tim7", UP, "dma1", 2, 1),
    PULSES("tim7", UP, "dma1", 4, 1),
    PULSES("tim4", UP, "dma1", 6, 2),
    PULSES("tim2", UP, "dma1", 1, 3),
    PULSES("tim2", UP, "dma1", 7, 3),
    REQUEST("uart5", STM32_USART_DMA_RX, "dma1", 0, 4),
    REQUEST("usart3", STM32_USART_DMA_RX, "dma1", 1, 4),
    REQUEST("uart4", STM32_USART_DMA_RX, "dma1", 2, 4),
    REQUEST("usart3", STM32_USART_DMA_TX, "dma1", 3, 4),
    REQUEST("uart4", STM32_USART_DMA_TX, "dma1", 4, 4),
    REQUEST("usart2", STM32_USART_DMA_RX, "dma1", 5, 4),
    REQUEST("usart2", STM32_USART_DMA_TX, "dma1", 6, 4),
    REQUEST("uart5", STM32_USART_DMA_TX, "dma1", 7, 4),
    PULSES("tim3", UP, "dma1", 2, 5),
    PULSES("tim5", UP, "dma1", 0, 6),
    PULSES("tim5", UP, "dma1", 6, 6),
    PULSES("tim6", UP, "dma1", 1, 7),
    REQUEST("adc1", STM32F4_ADC_DMA, "dma2", 0, 0),
    REQUEST("adc1", STM32F4_ADC_DMA, "dma2", 4, 0),
    REQUEST("adc2", STM32F4_ADC_DMA, "dma2", 2, 1),
    REQUEST("adc2", STM32F4_ADC_DMA, "dma2", 3, 1),
    REQUEST("adc3", STM32F4_ADC_DMA, "dma2", 0, 2),
    REQUEST("adc3", STM32F4_ADC_DMA, "dma2", 1, 2),
    REQUEST("spi1", STM32_SPI_DMA_RX, "dma2", 0, 3),
    REQUEST("spi1", STM32_SPI_DMA_RX, "dma2", 2, 3),
    REQUEST("spi1", STM32_SPI_DMA_TX, "dma2", 3, 3),
    REQUEST("spi1", STM32_SPI_DMA_TX, "dma2", 5, 3),
    REQUEST("usart1", STM32_USART_DMA_RX, "dma2", 2, 4),
    REQUEST("usart1", STM32_USART_DMA_RX, "dma2", 5, 4),
    REQUEST("usart1", STM32_USART_DMA_TX, "dma2", 7, 4),
    REQUEST("usart6", STM32_USART_DMA_RX, "dma2", 1, 5),
    REQUEST("usart6", STM32_USART_DMA_RX, "dma2", 2, 5),
    REQUEST("usart6", STM32_USART_DMA_TX, "dma2", 6, 5),
    REQUEST("usart6", STM32_USART_DMA_TX, "dma2", 7, 5),
    PULSES("tim1", UP, "dma2", 5, 6),
    PULSES("tim8", UP, "dma2", 1, 7),
};

/* ---- memory and boards ----------------------------------------------------------------------- */

static const struct machine_memory memory[] = {
    {.name = "flash", .base = 0x08000000, .size = MIB, .kind = MEMORY_ROM, .erased = true,
     .of = "flash-interface", .store_region = STM32F4_FLASH_MEMORY},
    {.name = "flash-alias", .base = 0, .kind = MEMORY_ALIAS, .of = "flash"},
    {.name = "ccm", .base = 0x10000000, .size = 64 * KIB},
    {.name = "bkpsram", .base = 0x40024000, .size = 4 * KIB},
};

static const char *const cpus[] = {"cortex-m4", NULL};

static const struct machine_m_profile profile = {
    .irqs = IRQ_COUNT,
    .priority_bits = 4,
    .bit_band = true,
    .cpu_hz = HSI_HZ,
    .systick_ref_hz = HSI_HZ / 8,
    .systick_ref_div = 8,
};

#define STM32F405(id, label, title, board_rows)                                                    \
    const struct machine machine_##id = {                                                          \
        .name = label,                                                                             \
        .help = title,                                                                             \
        .default_cpu = "cortex-m4",                                                                \
        .cpus = cpus,                                                                              \
        .max_cpus = 1,                                                                             \
        .ram_base = 0x20000000,                                                                    \
        .ram_default = 128 * KIB,                                                                  \
        .ram_min = 128 * KIB,                                                                      \
        .ram_max = 128 * KIB,                                                                      \
        .m_profile = &profile,                                                                     \
        .flash_base = 0x08000000,                                                                  \
        .memory = memory,                                                                          \
        .memory_count = ARRAY_SIZE(memory),                                                        \
        .rows = board_rows,                                                                        \
        .row_count = ARRAY_SIZE(board_rows),                                                       \
        .wires = wires,                                                                            \
        .wire_count = ARRAY_SIZE(wires),                                                           \
    }

STM32F405(netduinoplus2, "netduinoplus2", "Netduino Plus 2 (STM32F405RG, Cortex-M4F)",
          rows_netduinoplus2);
STM32F405(olimex_stm32_h405, "olimex-stm32-h405", "Olimex STM32-H405 (STM32F405RG, Cortex-M4F)",
          rows_olimex);
