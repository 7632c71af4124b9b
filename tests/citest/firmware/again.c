/* Resets the board twice, counting in memory that nobody clears, with a timer running meanwhile. */
#include "firmware.h"

enum { COUNT = 0x20200000, MAGIC = 0x600d0000 };

int main(void)
{
    uint32_t count = REG(COUNT);
    if (count >> 16 != MAGIC >> 16)
        count = MAGIC;
    REG(COUNT) = count + 1;
    REG(0xe000e014) = 500 - 1;
    REG(0xe000e010) = 7;
    __asm__ volatile("wfi");
    print("start ");
    print_number(count & 0xffff);
    print("\n");
    if ((count & 0xffff) < 2) {
        REG(0xe000ed0c) = 0x05fa0004;
        for (;;)
            ;
    }
    return 0;
}
