/* Waits for an interrupt that nobody sends. */
#include "firmware.h"

int main(void)
{
    for (;;)
        __asm__ volatile("wfi");
}
