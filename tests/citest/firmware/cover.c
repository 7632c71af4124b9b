/* Known coverage: line and way of each branch are named in the comments that the test reads. */
#include "firmware.h"

__attribute__((noinline)) static int sign(int n)
{
    if (n < 0)     /* both */
        return -1; /* executed */
    if (n > 1000)  /* only false */
        return 7;  /* not executed */
    return n != 0; /* executed */
}

__attribute__((noinline, used)) static int unused(int n)
{
    if (n > 3)     /* not executed */
        return 7;  /* not executed */
    return 9;      /* not executed */
}

int main(void)
{
    volatile int sum = 0;
    for (int i = -3; i < 6; i++) /* both */
        sum += sign(i);          /* executed */
    print_number((uint32_t)sum); /* executed */
    return sum == 2 ? 0 : unused(sum);
}
