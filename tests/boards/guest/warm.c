/* What a reset keeps, on LM3S6965: a variable that is not initialised, and a word that was
 * programmed into the image's own flash; and what it does not keep. */
#include "guest.h"

#define UART0 0x4000c000u
#define FLASH_CONTROL 0x400fd000u
#define RESC REG(0x400fe05c)

static volatile uint32_t count __attribute__((section(".noinit")));
static volatile uint32_t cleared;
static volatile uint32_t initialised = 5;
static const volatile uint32_t page[256]
    __attribute__((section(".rodata.page"), aligned(1024))) = {0xffffffff};

void put_char(char c)
{
    REG(UART0) = (uint8_t)c;
}

int guest_main(void)
{
    REG(UART0 + 0x30) = 0x301;
    if (RESC & 2) { /* power on */
        RESC = 0;
        count = 0;
    }
    count++;
    put_value("count", count);
    put_value("cleared", cleared++);
    put_value("initialised", initialised++);
    put_value("flash", page[0]);
    put_value("cause", RESC);
    if (count == 3)
        return 0;
    REG(FLASH_CONTROL) = (uint32_t)(uintptr_t)page;
    REG(FLASH_CONTROL + 4) = count == 1 ? 0xffff1234 : 0x5678ffff;
    REG(FLASH_CONTROL + 8) = 0xa4420001;
    RESC = 0;
    REG(0xe000ed0c) = 0x05fa0004; /* SYSRESETREQ */
    for (;;)
        ;
}
