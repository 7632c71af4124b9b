/* Boards with an STM32F405: the set-up sequences of vendors' libraries as RM0090 describes them,
 * each from reset state of RCC: CMSIS' SystemInit, a high-level library's oscillator and clock
 * configuration with time-outs by SysTick, and the short form of open libraries. Then pins, USART,
 * timers, EXTI, ADC, DMA, flash, and a watchdog that resets. HSE_MHZ: the crystal. */
#include "guest.h"

#define TIM2 0x40000000u
#define IWDG 0x40003000u
#define USART2 0x40004400u
#define PWR 0x40007000u
#define USART1 0x40011000u
#define ADC1 0x40012000u
#define SPI1 0x40013000u
#define SYSCFG 0x40013800u
#define EXTI 0x40013c00u
#define GPIOA 0x40020000u
#define GPIOC 0x40020800u
#define RCC 0x40023800u
#define FLASH 0x40023c00u
#define DMA2 0x40026400u
#define SYSTICK 0xe000e010u
#define BIT(n) (1u << (n))

static volatile uint32_t ms, updates, edges, transfers;
static char message[] = "sent by DMA\n";

void put_char(char c)
{
    while (!(REG(USART1) & BIT(7)))
        ;
    REG(USART1 + 4) = (uint8_t)c;
}

void guest_systick(void)
{
    ms++;
}

void guest_irq(void)
{
    switch (exception_number() - 16) {
    case 6:
        edges++;
        REG(EXTI + 0x14) = BIT(0);
        break;
    case 28:
        updates++;
        REG(TIM2 + 0x10) = ~BIT(0);
        break;
    case 70:
        transfers++;
        REG(DMA2 + 0x0c) = 0x3fu << 22;
        break;
    default:
        put_text("strange interrupt\n");
        guest_exit(1);
    }
}

static void require(int ok, const char *what)
{
    if (ok)
        return;
    put_text("time-out: ");
    put_text(what);
    put_text("\n");
    guest_exit(1);
}

/* Wait for bits of a register to have a value, for at most 100 ms of SysTick. */
static void wait_for(uint32_t addr, uint32_t mask, uint32_t value, const char *what)
{
    uint32_t start = ms;
    while ((REG(addr) & mask) != value)
        require(ms - start < 100, what);
}

static void systick_start(uint32_t hz)
{
    REG(SYSTICK + 4) = hz / 1000 - 1;
    REG(SYSTICK + 8) = 0;
    REG(SYSTICK) = 7;
}

/* As SystemInit of CMSIS leaves RCC. */
static void system_init(void)
{
    REG(0xe000ed88) |= 0xf << 20; /* FPU */
    REG(RCC) |= 1;
    REG(RCC + 8) = 0;
    REG(RCC) &= 0xfef6ffff;
    REG(RCC + 4) = 0x24003010;
    REG(RCC) &= 0xfffbffff;
    REG(RCC + 12) = 0;
    REG(0xe000ed08) = FLASH_BASE;
}

/* Oscillators, then clocks, with all the checks that a high-level library makes. */
static void clocks_high_level(void)
{
    REG(RCC + 0x40) |= BIT(28);
    (void)REG(RCC + 0x40);
    REG(PWR) |= BIT(14);
    REG(RCC) |= BIT(16);
    wait_for(RCC, BIT(17), BIT(17), "HSE");
    REG(RCC) &= ~BIT(24);
    wait_for(RCC, BIT(25), 0, "PLL off");
    REG(RCC + 4) = HSE_MHZ | 336 << 6 | 0 << 16 | BIT(22) | 7 << 24;
    REG(RCC) |= BIT(24);
    wait_for(RCC, BIT(25), BIT(25), "PLL");
    REG(FLASH) = 5;
    require((REG(FLASH) & 7) == 5, "flash latency");
    REG(RCC + 8) = (REG(RCC + 8) & ~(7u << 10 | 7u << 13)) | 7 << 10 | 7 << 13;
    REG(RCC + 8) = REG(RCC + 8) & ~0xf0u;
    REG(RCC + 8) = (REG(RCC + 8) & ~3u) | 2;
    wait_for(RCC + 8, 0xc, 8, "SWS");
    REG(RCC + 8) = (REG(RCC + 8) & ~(7u << 10 | 7u << 13)) | 5 << 10 | 4 << 13;
}

/* The short form: HSI first, then everything, without any time-out. */
static void clocks_short(void)
{
    REG(RCC) |= 1;
    while (!(REG(RCC) & 2))
        ;
    REG(RCC + 8) &= ~3u;
    while (REG(RCC + 8) & 0xc)
        ;
    REG(RCC) |= BIT(16);
    while (!(REG(RCC) & BIT(17)))
        ;
    REG(RCC + 0x40) |= BIT(28);
    REG(PWR) |= BIT(14);
    REG(RCC + 8) = (REG(RCC + 8) & 0xffff000f) | 5 << 10 | 4 << 13;
    REG(RCC) &= ~BIT(24);
    REG(RCC + 4) = HSE_MHZ | 336 << 6 | BIT(22) | 7 << 24;
    REG(RCC) |= BIT(24);
    while (!(REG(RCC) & BIT(25)))
        ;
    REG(FLASH) = BIT(10) | BIT(9) | 5;
    REG(RCC + 8) = (REG(RCC + 8) & ~3u) | 2;
    while ((REG(RCC + 8) & 0xc) != 8)
        ;
    REG(RCC) &= ~1u;
}

/* PA9, PA10 as USART1 at 115200 baud from PCLK2. */
static void usart_set_up(uint32_t pclk)
{
    REG(RCC + 0x30) |= BIT(0);
    REG(RCC + 0x44) |= BIT(4);
    REG(GPIOA) = (REG(GPIOA) & ~(0xfu << 18)) | 0xa << 18;
    REG(GPIOA + 0x24) = (REG(GPIOA + 0x24) & ~0xff0u) | 0x770;
    REG(USART1 + 8) = pclk / 115200;
    REG(USART1 + 12) = BIT(13) | BIT(3) | BIT(2);
}

/* TIM2 at 1 MHz against SysTick, which makes @ticks in a microsecond, over some 10 ms. A host that
 * is busy may come between the two readings, so there are some tries. */
static void timer_against_systick(uint32_t timer_hz, uint32_t control, uint32_t ticks)
{
    uint32_t microseconds = 0, count = 1;
    REG(RCC + 0x40) |= BIT(0);
    REG(TIM2 + 0x28) = timer_hz / 1000000 - 1;
    REG(TIM2 + 0x2c) = 0xffffffff;
    REG(TIM2 + 0x14) = 1;
    REG(TIM2) = 1;
    REG(SYSTICK) = 0;
    REG(SYSTICK + 4) = 0xffffff;
    REG(SYSTICK + 8) = 0;
    REG(SYSTICK) = control;
    for (int tries = 0; tries < 50 && (microseconds + 100 < count || microseconds > count + 100);
         tries++) {
        uint32_t timer = REG(TIM2 + 0x24), systick = REG(SYSTICK + 8);
        while (REG(TIM2 + 0x24) - timer < 10000)
            ;
        count = REG(TIM2 + 0x24) - timer;
        microseconds = ((systick - REG(SYSTICK + 8)) & 0xffffff) / ticks;
    }
    REG(TIM2) = 0;
    if (microseconds + 100 < count || microseconds > count + 100)
        put_value("they differ", microseconds);
    else
        put_text("timer and SysTick agree\n");
}

/* Updates with interrupt, each awaited before the next. */
static void timer_updates(void)
{
    REG(TIM2 + 0x2c) = 999;
    REG(TIM2 + 0x14) = 1;
    REG(TIM2 + 0x10) = 0;
    REG(TIM2 + 0x0c) = 1;
    NVIC_ENABLE(28);
    REG(TIM2) = 1;
    while (updates < 5)
        __asm__ volatile("wfi");
    REG(TIM2) = 0;
    put_text("updates\n");
}

/* The user LED of PC12 and an edge on PC0, which is an output here and so seen by EXTI itself. */
static void pins(void)
{
    REG(RCC + 0x30) |= BIT(2);
    REG(RCC + 0x44) |= BIT(14);
    REG(GPIOC) = 1 << 24 | 1;
    REG(GPIOC + 0x18) = BIT(12);
    put_value("led", REG(GPIOC + 0x10) >> 12);
    REG(GPIOC + 0x18) = BIT(28);
    put_value("led", REG(GPIOC + 0x10) >> 12);
    REG(SYSCFG + 8) = 2;
    REG(EXTI) = 1;
    REG(EXTI + 8) = 1;
    NVIC_ENABLE(6);
    for (int i = 0; i < 3; i++) {
        REG(GPIOC + 0x18) = 1;
        REG(GPIOC + 0x18) = BIT(16);
        __asm__ volatile("dsb\n\tisb");
    }
    put_value("edges", edges);
    /* GPIOC_ODR bit 5 through its bit-band alias */
    REG(0x42000000 + (GPIOC + 0x14 - 0x40000000) * 32 + 5 * 4) = 1;
    put_value("bit-band", REG(GPIOC + 0x14));
}

static void converter(void)
{
    REG(RCC + 0x44) |= BIT(8);
    REG(ADC1 + 0x34) = 17;
    REG(ADC1 + 0x304) = BIT(23);
    REG(ADC1 + 8) = 1;
    REG(ADC1 + 8) = 1 | BIT(30);
    wait_for(ADC1, 2, 2, "EOC");
    put_value("1.21 V", REG(ADC1 + 0x4c));
}

static void dma_to_usart(void)
{
    REG(RCC + 0x30) |= BIT(22);
    REG(DMA2 + 0xc0) = USART1 + 4;
    REG(DMA2 + 0xc4) = (uint32_t)message;
    REG(DMA2 + 0xbc) = sizeof(message) - 1;
    NVIC_ENABLE(70);
    REG(DMA2 + 0xb8) = 4 << 25 | BIT(10) | 1 << 6 | BIT(4) | 1;
    REG(USART1 + 0x14) = BIT(7);
    while (!transfers)
        ;
    put_value("transfers", transfers);
}

/* Sector 5, far from the program. */
static void flash(void)
{
    uint32_t addr = FLASH_BASE + 0x20000;
    REG(FLASH + 4) = 0x45670123;
    REG(FLASH + 4) = 0xcdef89ab;
    REG(FLASH + 0x10) = 2 << 8 | 5 << 3 | 2;
    REG(FLASH + 0x10) |= BIT(16);
    wait_for(FLASH + 0xc, BIT(16), 0, "BSY");
    put_value("erased", REG(addr));
    REG(FLASH + 0x10) = 2 << 8 | 1;
    REG(addr) = 0xfeedbeef;
    wait_for(FLASH + 0xc, BIT(16), 0, "BSY");
    REG(FLASH + 0x10) = BIT(31);
    put_value("flash", REG(addr));
}

int guest_main(void)
{
    system_init();
    systick_start(16000000);
    clocks_high_level();
    systick_start(168000000);
    usart_set_up(84000000);
    put_text("hello from stm32f405\n");
    put_value("idcode", REG(0xe0042000) & 0xfff);
    timer_against_systick(84000000, 5, 168);
    clocks_short();
    timer_against_systick(84000000, 1, 168 / 8); /* SysTick's own divided clock */
    systick_start(168000000);
    timer_updates();
    pins();
    converter();
    dma_to_usart();
    flash();
    if (REG(KEPT) != 0x600df00d) {
        REG(KEPT) = 0x600df00d;
        REG(IWDG) = 0x5555;
        REG(IWDG + 8) = 10;
        REG(IWDG) = 0xcccc;
        for (;;)
            __asm__ volatile("wfi");
    }
    put_text("back after the watchdog's reset\n");
    return 0;
}
