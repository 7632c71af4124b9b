/* Reads where nothing is; the handler hangs. */
#include "firmware.h"

__attribute__((noinline)) static uint32_t look(uint32_t address)
{
    return REG(address);
}

int main(void)
{
    print("about to fault\n");
    return (int)look(0x60000000) + 1;
}
