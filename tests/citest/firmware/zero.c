/* A zero byte in the midst of the output. */
#include "firmware.h"

int main(void)
{
    uart_start();
    uart_print("before");
    uart_put(0);
    uart_print("behind\r\n");
    return 0;
}
