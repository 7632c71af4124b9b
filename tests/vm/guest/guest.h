/* What the guests for `virt` of this folder print, and with what. */
#ifndef GUEST_H
#define GUEST_H

#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(address))

enum { UART = 0x09000000 };

static inline void put(char c)
{
    REG(UART) = (uint32_t)c;
}

/* A line of @text and @value in hexadecimal. */
static inline void print(const char *text, uint32_t value)
{
    while (*text)
        put(*text++);
    for (int i = 28; i >= 0; i -= 4)
        put("0123456789abcdef"[value >> i & 15]);
    put('\n');
}

#endif
