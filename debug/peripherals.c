/* Where well-known chips have their peripherals, for messages about accesses to nothing. From the
 * chips' reference manuals; the first row that fits counts. */
#include <string.h>

#include "debug/explain.h"
#include "util/bits.h"

struct chip {
    const char *name;
    const char *like[3]; /* machines with this chip or one of its family */
};

enum { NRF51, LM3S, MPS2, STM32F4, STM32F1, NRF52, RP2040, SAMD21, VIRT, RASPI2, VEXPRESS };

static const struct chip chips[] = {
    [NRF51] = {"nRF51", {"microbit"}},
    [LM3S] = {"LM3S6965", {"lm3s6965evb"}},
    [MPS2] = {"MPS2", {"mps2-an385", "mps2-an386", "mps2-an500"}},
    [STM32F4] = {"STM32F4", {"olimex-stm32-h405", "netduinoplus2"}},
    [STM32F1] = {"STM32F1", {NULL}},
    [NRF52] = {"nRF52", {NULL}},
    [RP2040] = {"RP2040", {NULL}},
    [SAMD21] = {"SAMD21", {NULL}},
    [VIRT] = {"the virt board", {"virt"}},
    [RASPI2] = {"Raspberry Pi 2", {"raspi2b"}},
    [VEXPRESS] = {"Versatile Express", {"vexpress-a9"}},
};

static const struct {
    uint8_t chip;
    uint32_t base, size;
    const char *name;
} ranges[] = {
    {STM32F4, 0x40023800, 0x400, "RCC"},      {STM32F4, 0x40023c00, 0x400, "the flash interface"},
    {STM32F4, 0x40020000, 0x2400, "GPIOA to GPIOI"}, {STM32F4, 0x40011000, 0x400, "USART1"},
    {STM32F4, 0x40011400, 0x400, "USART6"},   {STM32F4, 0x40004400, 0x400, "USART2"},
    {STM32F4, 0x40004800, 0x400, "USART3"},   {STM32F4, 0x40007000, 0x400, "PWR"},
    {STM32F4, 0x40013800, 0x400, "SYSCFG"},   {STM32F4, 0x40013c00, 0x400, "EXTI"},
    {STM32F4, 0x40000000, 0x400, "TIM2"},     {STM32F4, 0x40013000, 0x400, "SPI1"},
    {STM32F4, 0x40026000, 0x800, "DMA1 and DMA2"}, {STM32F4, 0x40012000, 0x400, "ADC1 to ADC3"},
    {STM32F4, 0x08000000, 0x100000, "the flash"}, {STM32F4, 0x10000000, 0x10000, "CCM RAM"},
    {STM32F4, 0xe0042000, 0x10, "DBGMCU"},
    {STM32F1, 0x40021000, 0x400, "RCC"},      {STM32F1, 0x40022000, 0x400, "the flash interface"},
    {STM32F1, 0x40010800, 0x1800, "GPIOA to GPIOF"}, {STM32F1, 0x40013800, 0x400, "USART1"},
    {STM32F1, 0x40004400, 0x400, "USART2"},   {STM32F1, 0x40010000, 0x400, "AFIO"},
    {STM32F1, 0x40012400, 0x400, "ADC1"},
    {LM3S, 0x4000c000, 0x3000, "UART0 to UART2"}, {LM3S, 0x400fe000, 0x1000, "system control"},
    {LM3S, 0x40030000, 0x4000, "the timers"}, {LM3S, 0x40004000, 0x4000, "GPIO ports A to D"},
    {LM3S, 0x40024000, 0x4000, "GPIO ports E to H"}, {LM3S, 0x40048000, 0x1000, "Ethernet"},
    {LM3S, 0x40020000, 0x2000, "I2C"},        {LM3S, 0x40008000, 0x1000, "SSI0"},
    {NRF51, 0x40002000, 0x1000, "UART0"},     {NRF51, 0x50000000, 0x1000, "GPIO"},
    {NRF51, 0x40000000, 0x1000, "CLOCK and POWER"}, {NRF51, 0x40001000, 0x1000, "RADIO"},
    {NRF51, 0x40008000, 0x3000, "TIMER0 to TIMER2"}, {NRF51, 0x4000b000, 0x1000, "RTC0"},
    {NRF51, 0x4000d000, 0x1000, "RNG"},       {NRF51, 0x4001e000, 0x1000, "NVMC"},
    {NRF51, 0x10000000, 0x1000, "FICR"},      {NRF51, 0x10001000, 0x1000, "UICR"},
    {NRF52, 0x40028000, 0x1000, "UARTE1"},    {NRF52, 0x4002a000, 0x1000, "CRYPTOCELL"},
    {MPS2, 0x40004000, 0x1000, "UART0"},      {MPS2, 0x40005000, 0x1000, "UART1"},
    {MPS2, 0x40006000, 0x1000, "UART2"},      {MPS2, 0x40000000, 0x2000, "the timers"},
    {MPS2, 0x40008000, 0x1000, "the watchdog"}, {MPS2, 0x40010000, 0x4000, "GPIO"},
    {MPS2, 0x40028000, 0x1000, "FPGA I/O"},   {MPS2, 0x4002f000, 0x1000, "SCC"},
    {MPS2, 0x40200000, 0x1000, "Ethernet"},   {MPS2, 0x21000000, 0x1000000, "PSRAM"},
    {RP2040, 0x40034000, 0x1000, "UART0"},    {RP2040, 0x40038000, 0x1000, "UART1"},
    {RP2040, 0xd0000000, 0x1000, "SIO"},      {RP2040, 0x4000c000, 0x1000, "RESETS"},
    {RP2040, 0x40014000, 0x1000, "IO_BANK0"}, {RP2040, 0x18000000, 0x1000, "the flash controller"},
    {RP2040, 0x10000000, 0x1000000, "the flash (XIP)"},
    {SAMD21, 0x41004400, 0x400, "PORT"},      {SAMD21, 0x42000800, 0x1800, "SERCOM0 to SERCOM5"},
    {VIRT, 0x09000000, 0x1000, "the UART"},   {VIRT, 0x08000000, 0x20000, "the GIC"},
    {VEXPRESS, 0x10009000, 0x1000, "UART0"},  {VEXPRESS, 0x10000000, 0x1000, "system registers"},
    {RASPI2, 0x3f201000, 0x1000, "UART0"},    {RASPI2, 0x3f200000, 0x1000, "GPIO"},
};

static bool is_like(const struct chip *chip, const char *machine)
{
    for (unsigned i = 0; i < ARRAY_SIZE(chip->like); i++)
        if (chip->like[i] && machine && !strcmp(chip->like[i], machine))
            return true;
    return false;
}

unsigned explain_peripherals(const char *machine, uint32_t addr, struct explain_place *out,
                             unsigned max)
{
    unsigned count = 0;
    for (unsigned own = 2; own-- > 0;) /* the machine's own chip comes first */
        for (unsigned i = 0; i < ARRAY_SIZE(ranges) && count < max; i++) {
            const struct chip *chip = &chips[ranges[i].chip];
            if (addr - ranges[i].base < ranges[i].size && is_like(chip, machine) == (own == 1))
                out[count++] = (struct explain_place){ranges[i].name, chip->name, chip->like[0],
                                                      own == 1};
        }
    return count;
}
