/* MPS2: characters, timer interrupts, the dual timer, GPIO, ids, and a watchdog that resets. */
#include "guest.h"

#define UART0 0x40004000u
#define TIMER0 0x40000000u
#define DUALTIMER 0x40002000u
#define WATCHDOG 0x40008000u
#define SCC 0x4002f000u
#define FPGAIO 0x40028000u
#define MARK REG(KEPT)

static volatile uint32_t ticks, dual_ticks, systicks, nmis;

void put_char(char c)
{
    uart_put(UART0, 4, 1, c);
}

void guest_irq(void)
{
    switch (exception_number() - 16) {
    case 8:
        REG(TIMER0 + 0xc) = 1;
        ticks++;
        break;
    case 10:
        REG(DUALTIMER + 0xc) = 1;
        dual_ticks++;
        break;
    default:
        put_text("strange interrupt\n");
        guest_exit(1);
    }
}

void guest_systick(void)
{
    systicks++;
}

void guest_nmi(void)
{
    if (!nmis++)
        put_text("nmi of the watchdog\n");
}

static void timers(void)
{
    REG(TIMER0 + 8) = 99999; /* 4 ms */
    REG(TIMER0) = 9;
    NVIC_ENABLE(8);
    while (ticks < 5)
        __asm__ volatile("wfi");
    REG(TIMER0) = 0;
    put_value("timer0", ticks);
    REG(DUALTIMER) = 100000; /* 4 ms */
    REG(DUALTIMER + 8) = 0xe2; /* periodic, 32 bits */
    NVIC_ENABLE(10);
    while (dual_ticks < 3)
        __asm__ volatile("wfi");
    REG(DUALTIMER + 8) = 0;
    put_value("dualtimer", dual_ticks);
    REG(0xe000e014) = 99999;
    REG(0xe000e018) = 0;
    REG(0xe000e010) = 7;
    while (systicks < 4)
        __asm__ volatile("wfi");
    REG(0xe000e010) = 0;
    put_value("systick", systicks);
}

static void ids(void)
{
    put_value("scc id", REG(SCC + 0xffc));
    put_value("scc aid", REG(SCC + 0xff8));
    put_value("uart id", REG(UART0 + 0xfe0));
    put_value("timer id", REG(TIMER0 + 0xfe0));
    put_value("dualtimer id", REG(DUALTIMER + 0xfe0));
    put_value("watchdog id", REG(WATCHDOG + 0xfe0));
    put_value("spi id", REG(0x40020fe0));
    put_value("ethernet id", REG(ETHERNET + 0x50));
    put_value("ethernet test", REG(ETHERNET + 0x64));
    REG(FPGAIO) = 3;
    put_value("leds", REG(FPGAIO));
    put_value("watchdog load", REG(WATCHDOG));
    REG(0x20000100) = 0x1234;
    put_value("mirror", REG(0x20400100));
    int m7 = (REG(0xe000ed00) & 0xfff0) == 0xc270; /* has no bit-banding */
    put_value("bit-band", m7 ? REG(0x20000100) >> 2 & 1 : REG(0x22000000 + 0x100 * 32 + 4 * 2));
}

int guest_main(void)
{
    REG(UART0 + 0x10) = 16;
    REG(UART0 + 8) = 1;
    if (MARK == 0x600d600d) {
        put_text("back after the watchdog's reset\n");
        put_value("watchdog control", REG(WATCHDOG + 8));
        return 0;
    }
    put_text("hello from mps2\n");
    ids();
    timers();
    MARK = 0x600d600d;
    REG(WATCHDOG) = 100000;
    REG(WATCHDOG + 8) = 3;
    for (;;)
        ;
}
