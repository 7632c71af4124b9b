/* Arithmetic of all widths, printing of doubles, setjmp, sorting. */
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static jmp_buf jump;

static void deep(int n)
{
    if (!n)
        longjmp(jump, 17);
    deep(n - 1);
}

int main(void)
{
    uint64_t a = 0x123456789abcdef0, b = 0xfedcba9876543;
    int64_t c = -1234567890123456789;
    printf("%" PRIx64 " %" PRIx64 " %" PRIx64 "\n", a * b, a / b, a % b);
    printf("%" PRId64 " %" PRId64 " %" PRIx64 "\n", c / 987654321, c % 987654321, a << 13 | b >> 5);
    printf("%.17g %.3e %a %g\n", 0.1, 12345678.9, 3.5, 1e300 * 1e10);
    printf("%.10f %.10f %.10f\n", sqrt(2), sin(1), exp(1));
    printf("%.10f %.10f %d\n", pow(2.5, 3.5), fmod(10, 3), (int)-2.7);
    printf("%f %g\n", (double)(float)0.1f, strtod("1.7976931348623157e308", NULL));
    static int v[1000];
    uint32_t x = 1;
    for (int i = 0; i < 1000; i++)
        v[i] = (int)((x = x * 1103515245 + 12345) >> 16 & 0x7fff);
    qsort(v, 1000, sizeof(int), compare);
    printf("%d %d %d\n", v[0], v[500], v[999]);
    int r = setjmp(jump);
    if (!r)
        deep(20);
    printf("jump %d\n", r);
    char text[100];
    memset(text, 'x', sizeof(text));
    strcpy(text, "abc");
    strcat(text, "defghijklmnopqrstuvwxyz");
    printf("%zu %s %d\n", strlen(text), strchr(text, 'q'), memcmp(text, "abd", 3) < 0);
    return 0;
}
