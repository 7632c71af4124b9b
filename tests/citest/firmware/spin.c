#include "firmware.h"

int main(void)
{
    for (;;)
        ;
}
