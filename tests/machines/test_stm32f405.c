/* The boards with an STM32F405 against RM0090. */
#include <criterion/criterion.h>

#include "tests/machines/bench.h"
#include "util/bits.h"

#define TIM2 0x40000000u
#define TIM3 0x40000400u
#define TIM6 0x40001000u
#define RTC 0x40002800u
#define WWDG 0x40002c00u
#define IWDG 0x40003000u
#define USART2 0x40004400u
#define I2C1 0x40005400u
#define PWR 0x40007000u
#define TIM1 0x40010000u
#define USART1 0x40011000u
#define ADC1 0x40012000u
#define SPI1 0x40013000u
#define SYSCFG 0x40013800u
#define EXTI 0x40013c00u
#define GPIOA 0x40020000u
#define GPIOB 0x40020400u
#define GPIOC 0x40020800u
#define CRC 0x40023000u
#define RCC 0x40023800u
#define FLASH 0x40023c00u
#define DMA1 0x40026000u
#define DMA2 0x40026400u
#define RNG 0x50060800u
#define RAM 0x20000000u

#define MS 1000000ll

static void setup(void)
{
    bb_build("olimex-stm32-h405");
}

TestSuite(stm32f405, .init = setup, .fini = bb_free);

/* Section "register map" of each chapter. */
Test(stm32f405, values_after_reset)
{
    static const struct {
        uint32_t addr, value;
    } rows[] = {
        {RCC + 0x00, 0x00000083},   {RCC + 0x04, 0x24003010},    {RCC + 0x08, 0},
        {RCC + 0x30, 0x00100000},   {RCC + 0x50, 0x7e6791ff},    {RCC + 0x60, 0x36fec9ff},
        {RCC + 0x64, 0x00075f33},   {RCC + 0x74, 0x0e000000},    {RCC + 0x84, 0x20003000},
        {GPIOA + 0x00, 0xa8000000}, {GPIOA + 0x0c, 0x64000000},  {GPIOB + 0x00, 0x280},
        {GPIOB + 0x08, 0xc0},       {GPIOB + 0x0c, 0x100},       {GPIOC + 0x00, 0},
        {USART1 + 0x00, 0xc0},      {SPI1 + 0x08, 2},            {SPI1 + 0x10, 7},
        {I2C1 + 0x20, 2},           {ADC1 + 0x24, 0xfff},        {TIM2 + 0x2c, 0xffffffff},
        {TIM6 + 0x2c, 0xffff},      {DMA1 + 0x24, 0x21},         {RTC + 0x00, 0},
        {RTC + 0x10, 0x007f00ff},   {RTC + 0x14, 0xffff},        {WWDG + 0x00, 0x7f},
        {WWDG + 0x04, 0x7f},        {IWDG + 0x08, 0xfff},        {FLASH + 0x10, 0x80000000},
        {FLASH + 0x14, 0x0fffaaed}, {CRC + 0x00, 0xffffffff},    {PWR + 0x00, 0x4000},
        {0xe0042000, 0x10076413},   {0x08000000, 0xffffffff},    {0x00000000, 0xffffffff},
    };
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
        cr_expect_eq(bb_rd(rows[i].addr), rows[i].value, "0x%08x is 0x%08x", rows[i].addr,
                     bb_rd(rows[i].addr));
    cr_expect_eq(bb_rd(0x1fff7a20) >> 16, 1024); /* flash size in KiB */
    cr_expect_eq(bb.cpu_hz, 16000000);
}

/** The way to 168 MHz that all vendor code takes, with @m as the crystal's divisor. */
static void clock_168(uint32_t m)
{
    bb_wr(RCC + 0x40, BIT(28)); /* PWR */
    bb_wr(PWR + 0x00, 0x4000);
    cr_assert(bb_rd(PWR + 0x04) & BIT(14), "VOSRDY");
    bb_wr(RCC + 0x00, bb_rd(RCC + 0x00) | BIT(16));
    cr_assert(bb_rd(RCC + 0x00) & BIT(17), "HSERDY");
    bb_wr(RCC + 0x04, 7 << 24 | BIT(22) | 336 << 6 | m);
    bb_wr(RCC + 0x00, bb_rd(RCC + 0x00) | BIT(24));
    cr_assert(bb_rd(RCC + 0x00) & BIT(25), "PLLRDY");
    bb_wr(FLASH + 0x00, 0x705);
    cr_assert_eq(bb_rd(FLASH + 0x00), 0x705);
    bb_wr(RCC + 0x08, 5 << 10 | 4 << 13 | 2); /* APB1 / 4, APB2 / 2, PLL */
    cr_assert_eq(bb_rd(RCC + 0x08) & 0xc, 8, "SWS");
}

Test(stm32f405, clock_tree)
{
    clock_168(8);
    cr_assert_eq(bb.cpu_hz, 168000000);
    bb_wr(RCC + 0x08, 5 << 10 | 4 << 13 | 8 << 4 | 2); /* AHB / 2 */
    cr_assert_eq(bb.cpu_hz, 84000000);
    bb_wr(RCC + 0x00, bb_rd(RCC + 0x00) & ~BIT(24)); /* a PLL in use cannot be stopped */
    cr_assert(bb_rd(RCC + 0x00) & BIT(25));
    bb_wr(RCC + 0x08, 1); /* HSE */
    cr_assert_eq(bb_rd(RCC + 0x08) & 0xc, 4);
    cr_assert_eq(bb.cpu_hz, 8000000);
    bb_wr(RCC + 0x00, bb_rd(RCC + 0x00) & ~BIT(24));
    cr_assert_eq(bb_rd(RCC + 0x00) & (BIT(24) | BIT(25)), 0);
    bb_wr(RCC + 0x08, 3 | 2); /* nothing that runs */
    cr_assert_eq(bb.cpu_hz, 8000000);
}

Test(stm32f405_netduino, clock_tree)
{
    bb_build("netduinoplus2");
    clock_168(25);
    cr_assert_eq(bb.cpu_hz, 168000000);
    bb_free();
}

Test(stm32f405, oscillators_for_slow_clocks)
{
    bb_wr(RCC + 0x74, 1);
    cr_assert_eq(bb_rd(RCC + 0x74) & 3, 3); /* LSIRDY */
    bb_wr(RCC + 0x74, 1 | BIT(24));
    cr_assert_eq(bb_rd(RCC + 0x74), 3); /* RMVF: reset flags are gone */
    bb_wr(RCC + 0x70, 1);
    cr_assert_eq(bb_rd(RCC + 0x70), 3); /* LSERDY */
}

Test(stm32f405, reset_by_rcc)
{
    bb_wr(GPIOC + 0x00, 0x55555555);
    bb_wr(GPIOB + 0x14, 0xffff);
    bb_wr(RCC + 0x10, BIT(2));
    bb_wr(RCC + 0x10, 0);
    cr_assert_eq(bb_rd(GPIOC + 0x00), 0);
    cr_assert_eq(bb_rd(GPIOB + 0x14), 0xffff);
    bb_wr(TIM2 + 0x28, 5);
    bb_wr(RCC + 0x20, BIT(0));
    cr_assert_eq(bb_rd(TIM2 + 0x28), 0);
}

Test(stm32f405, gpio)
{
    bb_wr(GPIOC + 0x00, 1 << 24); /* PC12 output */
    bb_wr(GPIOC + 0x18, BIT(12) | BIT(28)); /* set wins */
    cr_assert_eq(bb_rd(GPIOC + 0x10), BIT(12));
    bb_wr_size(GPIOC + 0x1a, 2, BIT(12)); /* BSRRH as old libraries write it */
    cr_assert_eq(bb_rd(GPIOC + 0x10), 0);
    bb_wr_size(GPIOC + 0x14, 1, 0x21); /* low byte of ODR */
    bb_wr_size(GPIOC + 0x15, 1, 0x10);
    cr_assert_eq(bb_rd(GPIOC + 0x14), 0x1021);
    bb_wr(GPIOC + 0x0c, 1 << 2 | 2 << 4); /* pull PC1 up, PC2 down */
    cr_assert_eq(bb_rd(GPIOC + 0x10), BIT(12) | BIT(1));
    bb_wr(GPIOC + 0x04, BIT(12)); /* open drain, high: the outside decides */
    cr_assert_eq(bb_rd(GPIOC + 0x10), BIT(1));
    bb_drive("gpioc", 12, 1);
    cr_assert_eq(bb_rd(GPIOC + 0x10), BIT(12) | BIT(1));
    bb_drive("gpioc", 1, 0);
    cr_assert_eq(bb_rd(GPIOC + 0x10), BIT(12));
}

Test(stm32f405, gpio_lock)
{
    bb_wr(GPIOB + 0x1c, BIT(16) | 1);
    bb_wr(GPIOB + 0x1c, 2); /* other pins: starts again */
    bb_wr(GPIOB + 0x1c, BIT(16) | 1);
    cr_assert_eq(bb_rd(GPIOB + 0x1c) & BIT(16), 0);
    bb_wr(GPIOB + 0x1c, 1);
    bb_wr(GPIOB + 0x1c, BIT(16) | 1);
    cr_assert_eq(bb_rd(GPIOB + 0x1c), BIT(16) | 1);
    bb_wr(GPIOB + 0x00, 0x5);
    cr_assert_eq(bb_rd(GPIOB + 0x00), 0x4);
    bb_wr(GPIOB + 0x20, 0x77);
    cr_assert_eq(bb_rd(GPIOB + 0x20), 0x70);
    bb_wr(GPIOB + 0x14, 1); /* the level is not locked */
    cr_assert_eq(bb_rd(GPIOB + 0x14), 1);
}

Test(stm32f405, exti)
{
    static const struct {
        unsigned pin;
        int irq;
    } rows[] = {{0, 6}, {1, 7}, {4, 10}, {5, 23}, {9, 23}, {10, 40}, {15, 40}};
    for (unsigned n = 0; n < 4; n++)
        bb_wr(SYSCFG + 0x08 + 4 * n, 0x2222); /* port C */
    bb_wr(EXTI + 0x00, 0xffff);
    bb_wr(EXTI + 0x08, 0xffff); /* rising */
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        unsigned pin = rows[i].pin;
        bb_drive("gpioa", pin, 1); /* another port */
        cr_assert_eq(bb_irq(), -1);
        bb_drive("gpioc", pin, 1);
        cr_assert_eq(bb_irq(), rows[i].irq, "pin %u: %d", pin, bb_irq());
        cr_assert_eq(bb_rd(EXTI + 0x14), BIT(pin));
        bb_wr(EXTI + 0x14, BIT(pin));
        cr_assert_eq(bb_irq(), -1);
        bb_drive("gpioc", pin, 0); /* falling: not selected */
        cr_assert_eq(bb_irq(), -1);
    }
    bb_wr(EXTI + 0x10, BIT(3)); /* by software */
    cr_assert_eq(bb_irq(), 9);
}

Test(stm32f405, timers_follow_the_clock_tree)
{
    bb_wr(TIM2 + 0x28, 15999);  /* 16 MHz / 16000 = 1 kHz */
    bb_wr(TIM2 + 0x2c, 9);      /* 10 ms */
    bb_wr(TIM2 + 0x14, 1);      /* load the prescaler */
    bb_wr(TIM2 + 0x10, 0);
    bb_wr(TIM2 + 0x0c, 1);
    bb_wr(TIM2 + 0x00, 1);
    bb_advance(10 * MS - 1);
    cr_assert_eq(bb_irq(), -1);
    cr_assert_eq(bb_rd(TIM2 + 0x24), 9);
    bb_advance(1);
    cr_assert_eq(bb_irq(), 28);
    cr_assert_eq(bb_rd(TIM2 + 0x24), 0);
    bb_wr(TIM2 + 0x10, 0);
    clock_168(8); /* now 84 MHz */
    bb_wr(TIM2 + 0x14, 1);
    bb_wr(TIM2 + 0x10, 0);
    bb_advance(1904761); /* 160000 / 84 MHz = 1.904762 ms */
    cr_assert_eq(bb_irq(), -1);
    bb_advance(2);
    cr_assert_eq(bb_irq(), 28);
}

Test(stm32f405, timer_modes)
{
    /* One pulse: stops at the update. */
    bb_wr(TIM6 + 0x2c, 1599); /* 100 us at 16 MHz */
    bb_wr(TIM6 + 0x0c, 1);
    bb_wr(TIM6 + 0x00, 1 | 8);
    bb_advance(100000);
    cr_assert_eq(bb_irq(), 54);
    cr_assert_eq(bb_rd(TIM6 + 0x00), 8);
    bb_wr(TIM6 + 0x10, 0);
    bb_advance(MS);
    cr_assert_eq(bb_irq(), -1);
    /* Preload: a new ARR counts from the next update on. */
    bb_wr(TIM6 + 0x00, 0x80 | 1);
    bb_wr(TIM6 + 0x2c, 3199);
    bb_advance(100000);
    cr_assert_eq(bb_irq(), 54);
    bb_wr(TIM6 + 0x10, 0);
    bb_advance(199999);
    cr_assert_eq(bb_irq(), -1);
    bb_advance(1);
    cr_assert_eq(bb_irq(), 54);
    bb_wr(TIM6 + 0x00, 0);
    bb_wr(TIM6 + 0x10, 0);
    /* Down, with a compare channel and a repetition counter. */
    bb_wr(TIM1 + 0x2c, 99);
    bb_wr(TIM1 + 0x30, 1);
    bb_wr(TIM1 + 0x34, 50);
    bb_wr(TIM1 + 0x14, 1);
    bb_wr(TIM1 + 0x10, 0);
    bb_wr(TIM1 + 0x0c, 3);
    bb_wr(TIM1 + 0x00, 0x10); /* DIR */
    bb_wr(TIM1 + 0x14, 1);    /* reloads with ARR */
    bb_wr(TIM1 + 0x10, 0);
    cr_assert_eq(bb_rd(TIM1 + 0x24), 99);
    bb_wr(TIM1 + 0x00, 0x11);
    bb_advance(49 * 125 / 2);
    cr_assert_eq(bb_rd(TIM1 + 0x10), 0);
    bb_advance(63);
    cr_assert_eq(bb_rd(TIM1 + 0x10), 2); /* CC1IF at 50 */
    cr_assert_eq(bb_irq(), 27);
    bb_wr(TIM1 + 0x10, 0);
    bb_advance(6250); /* one round: the repetition counter takes it */
    cr_assert_eq(bb_rd(TIM1 + 0x10) & 1, 0);
    bb_advance(6250);
    cr_assert_eq(bb_rd(TIM1 + 0x10) & 1, 1);
}

/* What is due when a register is accessed comes before, and time goes on at the same rate. */
Test(stm32f405, timer_while_the_host_is_late)
{
    bb_wr(TIM3 + 0x28, 15); /* microseconds */
    bb_wr(TIM3 + 0x2c, 999);
    bb_wr(TIM3 + 0x34, 300);
    for (unsigned n = 1; n < 4; n++)
        bb_wr(TIM3 + 0x34 + 4 * n, 5000); /* never */
    bb_wr(TIM3 + 0x14, 1);
    bb_wr(TIM3 + 0x10, 0);
    bb_wr(TIM3 + 0x00, 1);
    bb_stall(3 * MS / 2);
    cr_assert_eq(bb_rd(TIM3 + 0x10), 3); /* UIF, CC1IF */
    cr_assert_eq(bb_rd(TIM3 + 0x24), 500);
    bb_wr(TIM3 + 0x10, 0);
    bb_stall(3 * MS / 4);
    bb_wr(TIM3 + 0x38, 700); /* at 2.25 ms */
    cr_assert_eq(bb_rd(TIM3 + 0x10), 1);
    cr_assert_eq(bb_rd(TIM3 + 0x24), 250);
    bb_advance(450 * 1000);
    cr_assert_eq(bb_rd(TIM3 + 0x24), 700);
    cr_assert_eq(bb_rd(TIM3 + 0x10), 7);
}

/* A match is not lost between two looks at the clock. */
Test(stm32f405, timer_matches_while_time_goes_on)
{
    bb_wr(TIM2 + 0x28, 15);
    bb_wr(TIM2 + 0x14, 1);
    bb_wr(TIM2 + 0x00, 1);
    for (uint32_t k = 0; k < 300; k++) {
        bb_step(0);
        bb_wr(TIM2 + 0x24, 0);
        bb_wr(TIM2 + 0x34, 20);
        bb_wr(TIM2 + 0x10, 0);
        bb_step(100 + 7 * k);
        for (int i = 0; i < 400 && !(bb_rd(TIM2 + 0x10) & 2); i++)
            bb_wr(TIM2 + 0x38, 1000000); /* another channel */
        bb_step(0);
        cr_assert(bb_rd(TIM2 + 0x10) & 2, "step %u", k);
    }
}

static void flash_unlock(void)
{
    bb_wr(FLASH + 0x04, 0x45670123);
    bb_wr(FLASH + 0x04, 0xcdef89ab);
    cr_assert_eq(bb_rd(FLASH + 0x10), 0);
}

Test(stm32f405, flash)
{
    bb_wr(0x08004000, 1);
    cr_assert_eq(bb_rd(0x08004000), 0xffffffff);
    cr_assert_eq(bb_rd(FLASH + 0x0c), 0x80); /* PGSERR */
    bb_wr(FLASH + 0x0c, 0xf2);
    flash_unlock();
    bb_wr(FLASH + 0x10, 1 | 2 << 8); /* PG, words */
    bb_wr(0x08004000, 0x12345678);
    bb_wr(0x08003ffc, 0xabcd);
    bb_wr(0x08008000, 0xef01);
    cr_assert_eq(bb_rd(0x08004000), 0x12345678);
    cr_assert_eq(bb_rd(0x00004000), 0x12345678);
    bb_wr_size(0x08004004, 2, 0); /* halfwords are not what PSIZE says */
    cr_assert_eq(bb_rd(FLASH + 0x0c), 0x40); /* PGPERR */
    bb_wr(FLASH + 0x0c, 0xf2);
    cr_assert_eq(bb_rd(FLASH + 0x0c), 0);
    bb_wr(FLASH + 0x10, 2 | 1 << 3 | BIT(24) | BIT(16)); /* sector 1, with interrupt */
    cr_assert_eq(bb_rd(0x08004000), 0xffffffff);
    cr_assert_eq(bb_rd(0x08003ffc), 0xabcd);
    cr_assert_eq(bb_rd(0x08008000), 0xef01);
    cr_assert_eq(bb_rd(FLASH + 0x0c), 1); /* EOP */
    cr_assert_eq(bb_irq(), 4);
    bb_wr(FLASH + 0x0c, 1);
    bb_wr(FLASH + 0x10, 0x80000000); /* lock */
    bb_wr(FLASH + 0x10, 1);
    cr_assert_eq(bb_rd(FLASH + 0x10), 0x80000000);
    bb_wr(FLASH + 0x04, 0x1234); /* a wrong key locks until reset */
    bb_wr(FLASH + 0x04, 0x45670123);
    bb_wr(FLASH + 0x04, 0xcdef89ab);
    cr_assert_eq(bb_rd(FLASH + 0x10), 0x80000000);
}

Test(stm32f405, dma_between_memories_and_to_a_usart)
{
    for (unsigned n = 0; n < 8; n++)
        bb_wr(RAM + 4 * n, 0x11111111 * n);
    bb_wr(DMA2 + 0x18, RAM);         /* stream 0: PAR */
    bb_wr(DMA2 + 0x1c, RAM + 0x100); /* M0AR */
    bb_wr(DMA2 + 0x14, 8);           /* NDTR */
    bb_wr(DMA2 + 0x10, 2 << 6 | BIT(9) | BIT(10) | 2 << 11 | 2 << 13 | BIT(4) | 1);
    for (unsigned n = 0; n < 8; n++)
        cr_assert_eq(bb_rd(RAM + 0x100 + 4 * n), 0x11111111 * n);
    cr_assert_eq(bb_rd(DMA2 + 0x00) & 0x3f, 0x30); /* TCIF0, HTIF0 */
    cr_assert_eq(bb_irq(), 56);
    cr_assert_eq(bb_rd(DMA2 + 0x10) & 1, 0);
    bb_wr(DMA2 + 0x08, 0x3f);
    cr_assert_eq(bb_irq(), -1);
    /* Stream 7 of DMA2, channel 4: USART1 transmit. */
    bb_wr(USART1 + 0x0c, BIT(13) | BIT(3));
    bb_wr(DMA2 + 0xc0, USART1 + 4);
    bb_wr(DMA2 + 0xc4, RAM);
    bb_wr(DMA2 + 0xbc, 5);
    bb_wr(DMA2 + 0xb8, 4 << 25 | BIT(10) | 1 << 6 | 1);
    cr_assert_eq(bb_rd(DMA2 + 0xbc), 5);
    bb_wr(USART1 + 0x14, BIT(7)); /* DMAT */
    cr_assert_eq(bb_rd(DMA2 + 0xbc), 0);
    cr_assert_eq(bb_rd(DMA2 + 0x04) >> 22 & 0x20, 0x20); /* TCIF7 */
}

static void dma2_stream0(uint32_t from, uint32_t channel, uint32_t count, uint32_t circular)
{
    bb_wr(DMA2 + 0x18, from);
    bb_wr(DMA2 + 0x1c, RAM);
    bb_wr(DMA2 + 0x14, count);
    bb_wr(DMA2 + 0x10, channel << 25 | 1 << 13 | 1 << 11 | BIT(10) | circular << 8 | 1);
}

/* Each result of a sequence has a request of its own. */
Test(stm32f405, dma_of_a_sequence_of_conversions)
{
    dma2_stream0(ADC1 + 0x4c, 0, 3, 1);
    bb_wr(ADC1 + 0x304, BIT(23));
    bb_wr(ADC1 + 0x04, BIT(8));                  /* SCAN */
    bb_wr(ADC1 + 0x2c, 2 << 20);                 /* three */
    bb_wr(ADC1 + 0x34, 16 | 17 << 5 | 1 << 10);  /* temperature, reference, a pin */
    bb_wr(ADC1 + 0x08, BIT(30) | BIT(9) | BIT(8) | 1); /* SWSTART, DDS, DMA, ADON */
    bb_advance(MS);
    cr_assert_eq(bb_rd(RAM), 943 | 1502 << 16);
    cr_assert_eq(bb_rd(RAM + 4) & 0xffff, 2048);
    cr_assert_eq(bb_rd(RAM + 4) >> 16, 0);
    cr_assert_eq(bb_rd(DMA2 + 0x14), 3); /* one round */
    cr_assert_eq(bb_rd(DMA2 + 0x00) & 0x20, 0x20);
    cr_assert_eq(bb_rd(ADC1 + 0x00) & 0x22, 0); /* EOC is what DMA reads away; no OVR */
}

/* The stream ends before the conversions do. */
Test(stm32f405, dma_ends_before_conversions)
{
    dma2_stream0(ADC1 + 0x4c, 0, 2, 0);
    bb_wr(ADC1 + 0x34, 17);
    bb_wr(ADC1 + 0x304, BIT(23));
    bb_wr(ADC1 + 0x08, BIT(30) | BIT(8) | 2 | 1); /* CONT */
    bb_advance(MS);
    cr_assert_eq(bb_rd(RAM), 1502 | 1502 << 16);
    cr_assert_eq(bb_rd(DMA2 + 0x10) & 1, 0);
    cr_assert_eq(bb_rd(ADC1 + 0x00) & 0x20, 0, "an overrun without DDS");
    bb_wr(ADC1 + 0x08, BIT(9) | BIT(8) | 2 | 1); /* DDS */
    bb_advance(MS);
    cr_assert_eq(bb_rd(ADC1 + 0x00) & 0x20, 0x20, "none with DDS");
}

Test(stm32f405, dma_of_a_timer)
{
    bb_wr(RAM + 0x100, 0x11112222);
    bb_wr(TIM1 + 0x2c, 15); /* 1 us */
    bb_wr(TIM1 + 0x14, 1);
    bb_wr(TIM1 + 0x0c, BIT(8)); /* UDE */
    bb_wr(DMA2 + 0x90, RAM + 0x100); /* stream 5, channel 6 */
    bb_wr(DMA2 + 0x94, RAM);
    bb_wr(DMA2 + 0x8c, 10);
    bb_wr(DMA2 + 0x88, 6 << 25 | BIT(10) | 1 << 11 | 1 << 13 | 1);
    bb_wr(TIM1 + 0x00, 1);
    bb_advance(1000);
    cr_assert_eq(bb_rd(DMA2 + 0x8c), 9);
    bb_advance(3000);
    cr_assert_eq(bb_rd(DMA2 + 0x8c), 6);
    bb_advance(MS);
    cr_assert_eq(bb_rd(DMA2 + 0x8c), 0);
    cr_assert_eq(bb_rd(RAM + 16), 0x22222222);
}

/* TIM3's update by TRGO for the regular, channel 4 of TIM1 for the injected conversions. */
Test(stm32f405, conversions_that_timers_start)
{
    bb_wr(ADC1 + 0x304, BIT(23));
    bb_wr(ADC1 + 0x34, 17);
    bb_wr(ADC1 + 0x38, 16 << 15);
    bb_wr(ADC1 + 0x08, 1 << 28 | 8 << 24 | 1 << 20 | 0 << 16 | 1);
    bb_wr(TIM3 + 0x2c, 15999); /* 1 ms */
    bb_wr(TIM3 + 0x04, 2 << 4);
    bb_wr(TIM3 + 0x00, 1);
    bb_advance(MS - 1000);
    cr_assert_eq(bb_rd(ADC1 + 0x00), 0);
    bb_advance(MS / 2);
    cr_assert_eq(bb_rd(ADC1 + 0x00), 0x12); /* STRT, EOC */
    cr_assert_eq(bb_rd(ADC1 + 0x4c), 1502);
    bb_wr(ADC1 + 0x00, 0);
    bb_advance(MS);
    cr_assert_eq(bb_rd(ADC1 + 0x00), 0x12);
    bb_wr(TIM3 + 0x00, 0);
    bb_wr(ADC1 + 0x00, 0);
    bb_wr(TIM1 + 0x40, 100); /* CCR4 */
    bb_wr(TIM1 + 0x00, 1);
    bb_advance(6000);
    cr_assert_eq(bb_rd(ADC1 + 0x00), 0);
    bb_advance(1000);
    cr_assert_eq(bb_rd(ADC1 + 0x00), 0x0c); /* JSTRT, JEOC */
    cr_assert_eq(bb_rd(ADC1 + 0x3c), 943);
    bb_wr(ADC1 + 0x08, 0); /* off: triggers do nothing */
    bb_wr(ADC1 + 0x00, 0);
    bb_advance(10 * MS);
    cr_assert_eq(bb_rd(ADC1 + 0x00), 0);
}

Test(stm32f405, conversions_that_pins_start)
{
    bb_wr(ADC1 + 0x304, BIT(23));
    bb_wr(ADC1 + 0x34, 17);
    bb_wr(ADC1 + 0x38, 16 << 15);
    bb_wr(ADC1 + 0x08, 1 << 28 | 15 << 24 | 1 << 20 | 15 << 16 | 1);
    bb_wr(EXTI + 0x08, BIT(11)); /* rising */
    bb_wr(EXTI + 0x0c, BIT(15)); /* falling */
    bb_drive("gpioa", 11, 1);
    bb_advance(MS);
    cr_assert_eq(bb_rd(ADC1 + 0x00), 0); /* masked */
    bb_drive("gpioa", 11, 0);
    bb_wr(EXTI + 0x04, BIT(11) | BIT(15));
    bb_drive("gpioa", 11, 1);
    bb_advance(MS);
    cr_assert_eq(bb_rd(ADC1 + 0x00), 0x12); /* STRT, EOC */
    cr_assert_eq(bb_rd(ADC1 + 0x4c), 1502);
    bb_wr(ADC1 + 0x00, 0);
    bb_drive("gpioa", 15, 1);
    bb_advance(MS);
    cr_assert_eq(bb_rd(ADC1 + 0x00), 0);
    bb_drive("gpioa", 15, 0);
    bb_advance(MS);
    cr_assert_eq(bb_rd(ADC1 + 0x00), 0x0c); /* JSTRT, JEOC */
    bb_wr(ADC1 + 0x00, 0);
    bb_wr(EXTI + 0x10, BIT(11)); /* by software */
    bb_advance(MS);
    cr_assert_eq(bb_rd(ADC1 + 0x00), 0x12);
}

Test(stm32f405, crc_control_reads_as_zero)
{
    bb_wr(CRC + 0x00, 1);
    bb_wr(CRC + 0x08, bb_rd(CRC + 0x08) | 1);
    cr_assert_eq(bb_rd(CRC + 0x08), 0);
    cr_assert_eq(bb_rd(CRC + 0x00), 0xffffffff);
}

Test(stm32f405, usart_interrupts)
{
    bb_wr(USART2 + 0x0c, BIT(13) | BIT(3) | BIT(6)); /* TCIE */
    cr_assert_eq(bb_irq(), 38);
    bb_wr(USART2 + 0x00, ~(uint32_t)BIT(6));
    cr_assert_eq(bb_irq(), -1);
    bb_wr(USART2 + 0x04, 'x');
    cr_assert_eq(bb_irq(), 38);
    bb_wr(USART2 + 0x0c, BIT(3) | BIT(6)); /* UE off */
    cr_assert_eq(bb_irq(), -1);
}

Test(stm32f405, adc)
{
    bb_wr(ADC1 + 0x304, BIT(23));      /* temperature sensor and reference */
    bb_wr(ADC1 + 0x04, BIT(8) | BIT(5)); /* SCAN, EOCIE */
    bb_wr(ADC1 + 0x2c, 1 << 20);       /* two conversions */
    bb_wr(ADC1 + 0x34, 3 | 17 << 5);   /* channel 3, the reference */
    bb_wr(ADC1 + 0x08, 1 | BIT(10));   /* ADON, EOC after each */
    bb_wr(ADC1 + 0x08, 1 | BIT(10) | BIT(30));
    cr_assert_eq(bb_rd(ADC1 + 0x00), BIT(4));
    bb_advance(1875); /* 15 cycles of 8 MHz */
    bb_advance(1);
    cr_assert_eq(bb_irq(), 18);
    cr_assert_eq(bb_rd(ADC1 + 0x300) & 2, 2);
    cr_assert_eq(bb_rd(ADC1 + 0x4c), 2048);
    cr_assert_eq(bb_irq(), -1);
    bb_advance(2000);
    cr_assert_eq(bb_rd(ADC1 + 0x4c), 1502); /* 1.21 V of 3.3 V */
    bb_advance(MS);
    cr_assert_eq(bb_rd(ADC1 + 0x00) & 2, 0); /* no more */
}

Test(stm32f405, spi_without_a_slave)
{
    bb_wr(SPI1 + 0x00, BIT(9) | BIT(8) | BIT(2) | BIT(6)); /* SSM, SSI, MSTR, SPE */
    bb_wr(SPI1 + 0x0c, 0x5a);
    cr_assert_eq(bb_rd(SPI1 + 0x08), 3); /* TXE, RXNE, not BSY */
    cr_assert_eq(bb_rd(SPI1 + 0x0c), 0xff);
    cr_assert_eq(bb_rd(SPI1 + 0x08), 2);
    bb_wr(SPI1 + 0x0c, 1);
    bb_wr(SPI1 + 0x0c, 2);
    cr_assert_eq(bb_rd(SPI1 + 0x08), 0x43); /* OVR */
    bb_rd(SPI1 + 0x0c);
    bb_rd(SPI1 + 0x08);
    cr_assert_eq(bb_rd(SPI1 + 0x08), 2);
    bb_wr(SPI1 + 0x00, BIT(9) | BIT(2) | BIT(6)); /* without SSI: mode fault */
    cr_assert_eq(bb_rd(SPI1 + 0x08) & BIT(5), BIT(5));
    cr_assert_eq(bb_rd(SPI1 + 0x00) & (BIT(2) | BIT(6)), 0);
}

Test(stm32f405, i2c_without_a_slave)
{
    bb_wr(I2C1 + 0x04, 16 | BIT(8));
    bb_wr(I2C1 + 0x00, 1);
    bb_wr(I2C1 + 0x00, 1 | BIT(8));
    cr_assert_eq(bb_rd(I2C1 + 0x14), 1); /* SB */
    cr_assert_eq(bb_rd(I2C1 + 0x18), 3); /* MSL, BUSY */
    bb_wr(I2C1 + 0x10, 0xa0);
    cr_assert_eq(bb_rd(I2C1 + 0x14), BIT(10)); /* AF */
    cr_assert_eq(bb_irq(), 32);
    bb_wr(I2C1 + 0x14, 0);
    cr_assert_eq(bb_irq(), -1);
    bb_wr(I2C1 + 0x00, 1 | BIT(9));
    cr_assert_eq(bb_rd(I2C1 + 0x18), 0);
}

Test(stm32f405, crc_and_random)
{
    bb_wr(CRC + 0x08, 1);
    bb_wr(CRC + 0x00, 0);
    cr_assert_eq(bb_rd(CRC + 0x00), 0xc704dd7b); /* CRC-32/MPEG-2 of four zero bytes */
    bb_wr(RNG + 0x00, 4);
    cr_assert_eq(bb_rd(RNG + 0x04), 0);
    bb_advance(1000);
    cr_assert_eq(bb_rd(RNG + 0x04), 1);
    cr_assert_eq(bb_rd(RNG + 0x08), 0x9abcdef5);
    cr_assert_eq(bb_rd(RNG + 0x04), 0);
}

Test(stm32f405, independent_watchdog)
{
    bb_wr(IWDG + 0x08, 99); /* locked */
    cr_assert_eq(bb_rd(IWDG + 0x08), 0xfff);
    bb_wr(IWDG + 0x00, 0xcccc);
    bb_wr(IWDG + 0x00, 0x5555);
    bb_wr(IWDG + 0x04, 3); /* 32 kHz / 32 */
    bb_wr(IWDG + 0x08, 99);
    bb_wr(IWDG + 0x00, 0xaaaa);
    bb_advance(99 * MS);
    bb_wr(IWDG + 0x00, 0xaaaa);
    bb_advance(99 * MS);
    cr_assert_eq(bb.resets, 0);
    bb_wr(RCC + 0x74, BIT(24)); /* RMVF */
    bb_advance(2 * MS);
    cr_assert_eq(bb.resets, 1);
    board_reset(&bb.board);
    cr_assert_eq(bb_rd(RCC + 0x74), BIT(29) | BIT(26)); /* IWDGRSTF, PINRSTF */
    bb_wr(RCC + 0x74, BIT(24));
    board_reset(&bb.board); /* by software */
    cr_assert_eq(bb_rd(RCC + 0x74), BIT(28) | BIT(26));
}

Test(stm32f405, window_watchdog)
{
    bb_wr(WWDG + 0x04, 0x200 | 0x60); /* EWI, window 0x60, 16 MHz / 4096: 256 us */
    bb_wr(WWDG + 0x00, 0x80 | 0x70);
    bb_advance(256000ll * 0x12);
    cr_assert_eq(bb_rd(WWDG + 0x00), 0x80 | 0x5e);
    bb_wr(WWDG + 0x00, 0x80 | 0x70); /* within the window */
    cr_assert_eq(bb.resets, 0);
    bb_advance(256000ll * 0x30);
    cr_assert_eq(bb_irq(), 0);
    bb_advance(256000);
    cr_assert_eq(bb.resets, 1);
    bb_wr(WWDG + 0x00, 0x80 | 0x7f);
    bb_wr(WWDG + 0x00, 0x80 | 0x7f); /* too early */
    cr_assert_geq(bb.resets, 2);
}

Test(stm32f405, rtc)
{
    bb_wr(RCC + 0x74, 1);
    bb_wr(RCC + 0x70, 1 | 1 << 8 | BIT(15)); /* LSE, RTC on */
    bb_wr(RTC + 0x00, 0x235958);
    cr_assert_eq(bb_rd(RTC + 0x0c) & BIT(6), 0);
    bb_wr(RTC + 0x24, 0xca);
    bb_wr(RTC + 0x24, 0x53);
    bb_wr(RTC + 0x0c, 0xffffffff); /* INIT */
    cr_assert_eq(bb_rd(RTC + 0x0c) & BIT(6), BIT(6));
    bb_wr(RTC + 0x00, 0x235958);
    bb_wr(RTC + 0x04, 0x24 << 16 | 3 << 13 | 0x02 << 8 | 0x28); /* Wednesday, 28 February 2024 */
    bb_wr(RTC + 0x0c, ~(uint32_t)BIT(7));
    bb_wr(RTC + 0x1c, 0x00000001 | BIT(31)); /* alarm A at 00:00:01, any day */
    bb_wr(RTC + 0x08, BIT(8) | BIT(12));
    bb_wr(EXTI + 0x00, BIT(17));
    bb_wr(EXTI + 0x08, BIT(17));
    bb_advance(2000 * MS);
    cr_assert_eq(bb_rd(RTC + 0x00), 0x000000);
    cr_assert_eq(bb_rd(RTC + 0x04), 0x24 << 16 | 4 << 13 | 0x02 << 8 | 0x29);
    cr_assert_eq(bb_irq(), -1);
    bb_advance(1000 * MS);
    cr_assert_eq(bb_rd(RTC + 0x0c) & BIT(8), BIT(8));
    cr_assert_eq(bb_irq(), 41);
    bb_wr(RTC + 0x08, BIT(6)); /* 12 hours, alarm off */
    cr_assert_eq(bb_rd(RTC + 0x00), 0x120001);
    bb_wr(RTC + 0x50, 0xcafe); /* backup registers need no key */
    cr_assert_eq(bb_rd(RTC + 0x50), 0xcafe);
}

/* Alarms in seconds that have begun before the host could look are not lost, whatever is written
 * meanwhile. */
Test(stm32f405, rtc_alarm_while_the_host_is_late)
{
    bb_wr(RCC + 0x74, 1);
    bb_wr(RCC + 0x70, 1 | 1 << 8 | BIT(15));
    bb_wr(RTC + 0x24, 0xca);
    bb_wr(RTC + 0x24, 0x53);
    bb_wr(RTC + 0x1c, 0x00000005 | BIT(31)); /* alarm A at 00:00:05 */
    bb_wr(RTC + 0x20, 0x00000007 | BIT(31)); /* alarm B at 00:00:07 */
    bb_wr(RTC + 0x08, BIT(8) | BIT(9));
    bb_advance(4500 * MS);
    cr_assert_eq(bb_rd(RTC + 0x0c) & 0x300, 0);
    bb_stall(1000 * MS);
    bb_wr(RTC + 0x0c, ~(BIT(10) | BIT(7))); /* clears WUTF alone */
    bb_advance(0);
    cr_assert_eq(bb_rd(RTC + 0x0c) & 0x300, BIT(8));
    bb_stall(3000 * MS);
    bb_advance(0);
    cr_assert_eq(bb_rd(RTC + 0x0c) & 0x300, BIT(8) | BIT(9));
}

static void rtc_start(void)
{
    bb_wr(RCC + 0x74, 1);
    bb_wr(RCC + 0x70, 1 | 1 << 8 | BIT(15));
    bb_wr(RTC + 0x24, 0xca);
    bb_wr(RTC + 0x24, 0x53);
}

/* An alarm of every second, while the clock goes on between two looks at it. */
Test(stm32f405, rtc_alarms_between_two_looks)
{
    unsigned seen = 0;
    rtc_start();
    bb_wr(RTC + 0x1c, BIT(31) | BIT(23) | BIT(15) | BIT(7));
    bb_wr(RTC + 0x08, BIT(8));
    for (unsigned i = 0; i < 100; i++) {
        bb_step(200 * MS);
        bb_wr(RTC + 0x08, BIT(8));
        bb_step(0);
        seen += (bb_rd(RTC + 0x0c) & BIT(8)) != 0;
        bb_wr(RTC + 0x0c, ~(BIT(8) | BIT(7)));
    }
    cr_assert_geq(seen, bb.now / (1000 * MS) - 1, "%u of %lld s", seen,
                  (long long)(bb.now / (1000 * MS)));
}

/* Periods of the wakeup timer follow one another, however late the host is. */
Test(stm32f405, rtc_wakeup_while_the_host_is_late)
{
    rtc_start();
    bb_wr(RTC + 0x14, 0);
    bb_wr(RTC + 0x08, BIT(10) | 4);
    bb_stall(1400 * MS);
    bb_advance(0);
    cr_assert_eq(bb_rd(RTC + 0x0c) & BIT(10), BIT(10));
    bb_wr(RTC + 0x0c, ~(BIT(10) | BIT(7)));
    bb_advance(700 * MS);
    cr_assert_eq(bb_rd(RTC + 0x0c) & BIT(10), BIT(10));
}
