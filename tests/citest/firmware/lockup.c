/* A fault where no handler may run: HardFault's priority is held. */
#include "firmware.h"

int main(void)
{
    __asm__ volatile("cpsid f\n\tudf #0");
    return 0;
}
