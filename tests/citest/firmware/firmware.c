#include "firmware.h"

extern uint32_t stack_top;
void reset(void);
static void hang(void);

enum { UART = 0x40004000 };

__attribute__((section(".vectors"), used)) static void *const vectors[16] = {
    &stack_top, (void *)reset, (void *)hang, (void *)hang, (void *)hang, (void *)hang, (void *)hang,
    0, 0, 0, 0, (void *)hang, (void *)hang, 0, (void *)hang, (void *)systick,
};

void reset(void)
{
    const uint32_t exit_block[2] = {0x20026, (uint32_t)main()};
    semihost(SYS_EXIT_EXTENDED, exit_block);
    for (;;)
        ;
}

static void hang(void)
{
    for (;;)
        ;
}

__attribute__((weak)) void systick(void)
{
}

void print(const char *text)
{
    semihost(SYS_WRITE0, text);
}

void print_number(uint32_t value)
{
    char text[11], *p = text + sizeof(text) - 1;
    *p = 0;
    do {
        *--p = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    print(p);
}

void uart_start(void)
{
    REG(UART + 0x10) = 16;
    REG(UART + 8) = 3;
}

void uart_put(char c)
{
    while (REG(UART + 4) & 1)
        ;
    REG(UART) = (uint32_t)c;
}

void uart_print(const char *text)
{
    while (*text)
        uart_put(*text++);
}

char uart_get(void)
{
    while (!(REG(UART + 4) & 2))
        ;
    return (char)REG(UART);
}
