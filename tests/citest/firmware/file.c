/* Writes a file, and reads semihosting's input. */
#include "firmware.h"

int main(void)
{
    static const char name[] = "out.txt", text[] = "written by the guest\n";
    const uint32_t open[3] = {(uint32_t)name, 4, sizeof(name) - 1};
    uint32_t handle = semihost(SYS_OPEN, open);
    if (handle == ~0u)
        return 1;
    const uint32_t write[3] = {handle, (uint32_t)text, sizeof(text) - 1};
    if (semihost(SYS_WRITE, write))
        return 2;
    semihost(SYS_CLOSE, &handle);
    char got[2] = {(char)semihost(SYS_READC, 0), 0};
    print("input ");
    print(got);
    print("\n");
    return 0;
}
