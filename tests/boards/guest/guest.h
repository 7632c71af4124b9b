#ifndef GUEST_H
#define GUEST_H

#include <stdint.h>

#define REG(addr) (*(volatile uint32_t *)(addr))
#define NVIC_ENABLE(n) (REG(0xe000e100 + 4 * ((n) / 32)) = 1u << ((n) % 32))

/* Of the program; the handlers may be left out. */
int guest_main(void);
void put_char(char c);
void guest_nmi(void);
void guest_hard_fault(void);
void guest_systick(void);
void guest_irq(void);

void guest_exit(int status) __attribute__((noreturn));
void put_text(const char *text);
void put_hex(uint32_t value);
void put_value(const char *name, uint32_t value); /* a line */

/* Send @c by the UART at @uart, as soon as the bits @full of its register @flags are clear. */
static inline void uart_put(uint32_t uart, uint32_t flags, uint32_t full, char c)
{
    while (REG(uart + flags) & full)
        ;
    REG(uart) = (uint8_t)c;
}

static inline uint32_t exception_number(void)
{
    uint32_t ipsr;
    __asm__ volatile("mrs %0, ipsr" : "=r"(ipsr));
    return ipsr;
}

#endif
