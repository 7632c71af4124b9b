/* What the test programs share: start-up, semihosting, the UART of MPS2 boards. There is no
 * initialised data. */
#ifndef FIRMWARE_H
#define FIRMWARE_H

#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(address))

enum {
    SYS_OPEN = 1, SYS_CLOSE = 2, SYS_WRITE0 = 4, SYS_WRITE = 5, SYS_READC = 7,
    SYS_GET_CMDLINE = 0x15, SYS_EXIT = 0x18, SYS_EXIT_EXTENDED = 0x20,
};

static inline uint32_t semihost(uint32_t op, const void *arg)
{
    register uint32_t r0 __asm__("r0") = op;
    register const void *r1 __asm__("r1") = arg;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

void print(const char *text);
void print_number(uint32_t value);
void uart_start(void);
void uart_put(char c);
void uart_print(const char *text);
char uart_get(void);
int main(void);
void systick(void);

#endif
