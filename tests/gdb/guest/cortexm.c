/* The C part of the program for Cortex-M. */
volatile unsigned value = 41, ticks, calls;
const char text[] = "in flash";

void svc_handler(void)
{
    calls++;
}

void systick_handler(void)
{
    ticks++;
    *(volatile unsigned *)0xe000e010 = 0;
}

void call_supervisor(void)
{
    __asm__ volatile("svc #7" ::: "memory");
}

int main(void)
{
    value++;
    call_supervisor();
    *(volatile unsigned *)0xe000e014 = 100;
    *(volatile unsigned *)0xe000e018 = 0;
    *(volatile unsigned *)0xe000e010 = 7;
    while (!ticks)
        ;
    for (;;)
        value += 2;
}
