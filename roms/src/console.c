/* The console: a PL011 UART, formatted output, and lines of input. */
#include <stdarg.h>

#include "rom.h"

#define UART(offset) (*(volatile uint32_t *)(0x09000000u + (offset)))
enum { DR = 0x00, FR = 0x18, CR = 0x30, IMSC = 0x38, ICR = 0x44 };
enum { FR_RXFE = 1 << 4, FR_TXFF = 1 << 5, CR_ENABLE = 0x301, INT_RX = 1 << 4 };

void console_init(void)
{
    UART(CR) = CR_ENABLE;
    UART(IMSC) = INT_RX;
    irq_enable(IRQ_UART);
}

static void put(char c)
{
    if (c == '\n')
        put('\r');
    while (UART(FR) & FR_TXFF)
        ;
    UART(DR) = (uint8_t)c;
}

/* Interrupts are masked, so the waiting CPU wakes up without taking the exception. */
static char get(void)
{
    while (UART(FR) & FR_RXFE)
        __asm__ volatile("wfi");
    return (char)UART(DR);
}

static void put_string(const char *s)
{
    while (*s)
        put(*s++);
}

static void put_hex(uint32_t value)
{
    for (int shift = 28; shift >= 0; shift -= 4)
        put("0123456789abcdef"[value >> shift & 15]);
}

/* 64-bit division by ten in steps of 16 bits: there is no library below us. */
static uint32_t divide_by_ten(uint64_t *value)
{
    uint64_t quotient = 0;
    uint32_t rest = 0;
    for (int shift = 48; shift >= 0; shift -= 16) {
        uint32_t part = rest << 16 | (uint16_t)(*value >> shift);
        quotient |= (uint64_t)(part / 10) << shift;
        rest = part % 10;
    }
    *value = quotient;
    return rest;
}

static void put_decimal(uint64_t value)
{
    char digits[21];
    unsigned n = 0;
    do
        digits[n++] = (char)('0' + divide_by_ten(&value));
    while (value);
    while (n)
        put(digits[--n]);
}

void print(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    for (; *format; format++) {
        if (*format != '%') {
            put(*format);
            continue;
        }
        switch (*++format) {
        case 's': put_string(va_arg(args, const char *)); break;
        case 'c': put((char)va_arg(args, int)); break;
        case 'u': put_decimal(va_arg(args, uint32_t)); break;
        case 'x': put_hex(va_arg(args, uint32_t)); break;
        case 'l': put_decimal(va_arg(args, uint64_t)); break;
        default: put(*format); break;
        }
    }
    va_end(args);
}

void console_read_line(char *line, size_t size)
{
    size_t n = 0;
    for (;;) {
        char c = get();
        if (c == '\r' || c == '\n') {
            put('\n');
            line[n] = '\0';
            return;
        }
        if ((c == '\b' || c == 0x7f) && n > 0) {
            n--;
            put_string("\b \b");
        } else if (c >= ' ' && c < 0x7f && n + 1 < size) {
            line[n++] = c;
            put(c);
        }
    }
}
