#include "firmware.h"

int main(void)
{
    for (;;)
        print("more and more and more\n");
}
