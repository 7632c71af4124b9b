/* printf by SWO, as CMSIS's ITM_SendChar does it: nothing where trace is off. */
#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(address))
#define ITM_PORT0 0xe0000000
#define ITM_TER REG(0xe0000e00)
#define ITM_TCR REG(0xe0000e80)

static void send(char c)
{
    if (!(ITM_TCR & 1) || !(ITM_TER & 1))
        return;
    while (!REG(ITM_PORT0))
        ;
    *(volatile uint8_t *)ITM_PORT0 = (uint8_t)c;
}

void reset(void)
{
    static const uint32_t block[2] = {0x20026, 0};
    register uint32_t r0 __asm__("r0") = 0x20;
    register const void *r1 __asm__("r1") = block;
    for (const char *text = "hello by SWO\n"; *text; text++)
        send(*text);
    REG(ITM_PORT0 + 4) = 'x'; /* port 1 */
    REG(ITM_PORT0) = 0x0a626d65; /* a word */
    __asm__ volatile("bkpt 0xab" :: "r"(r0), "r"(r1));
    for (;;)
        ;
}

__attribute__((section(".vectors"), used))
const void *const vectors[] = {(void *)0x20001000, reset};
