/* The program that the tests debug; built for A32 and for T32. */
volatile int counter;
volatile int neighbours[4];
volatile unsigned char bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};
volatile int second_count;
volatile int stay; /* set by the debugger: where main goes */
volatile double real;
const char text[] = "needle in a haystack";

int it_block(int x);
void exceptions(void);
int patching(void);
int cpu_on(unsigned cpu, void (*entry)(void));
void second(void);
void idle(void);
void power_off(void);
void svc_heavy(void);

__attribute__((noinline)) int add(int a, int b)
{
    int sum = a + b;
    return sum;
}

__attribute__((noinline)) int fibonacci(int n)
{
    if (n < 2)
        return n;
    return fibonacci(n - 1) + fibonacci(n - 2);
}

__attribute__((noinline)) void touch(int i)
{
    neighbours[0] = i;
    neighbours[1] = 100 + i;
    neighbours[2] = neighbours[1] + 1;
    neighbours[3] = neighbours[0];
}

__attribute__((noinline)) void body(int i)
{
    counter = counter + add(i, 1);
    touch(i);
    real = real * 1.5 + i;
    bytes[i & 7] += 1;
    it_block(i);
}

void second_main(void)
{
    for (;;)
        second_count = second_count + 1;
}

__attribute__((noinline)) void busy(void)
{
    while (stay == 2)
        counter = counter + 1;
}

int main(void)
{
    if (stay == 1)
        cpu_on(1, second);
    if (stay == 2)
        busy();
    for (int i = 0; i < 40; i++)
        body(i);
    it_block(5);
    exceptions();
    patching();
    counter = fibonacci(7);
    while (stay == 3)
        body(counter & 15);
    if (stay == 4)
        power_off();
    return 0;
}
