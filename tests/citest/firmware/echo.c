/* Asks for lines on the UART until one of them is "quit". */
#include "firmware.h"

int main(void)
{
    char line[32];
    uart_start();
    for (;;) {
        unsigned n = 0;
        uart_print("> ");
        while (n < sizeof(line) - 1 && (line[n] = uart_get()) != '\n')
            n++;
        line[n] = 0;
        uart_print("got ");
        uart_print(line);
        uart_print("\r\n");
        if (n == 4 && line[0] == 'q')
            return 0;
    }
}
