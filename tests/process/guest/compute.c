/* Arithmetic of all widths, printing of doubles, setjmp, sorting, tables of jumps. */
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

/* Jumps by tables of bytes and of halfwords at offset @at of a page: the last tables' jumps lead
 * into the next one. */
#define TABLE(name, at, insn, size)                                                                \
    __asm__(".balign 4096\n.space " #at "\n.thumb\n.syntax unified\n.thumb_func\n" #name ":\n"     \
            "and r0, r0, #3\n" insn "\n1: ." size " (2f-1b)/2, (3f-1b)/2, (4f-1b)/2, (5f-1b)/2\n" \
            "2: adds r0, #10\n bx lr\n3: adds r0, #200\n bx lr\n4: adds r0, #77\n bx lr\n"        \
            ".space 40\n5: rsbs r0, #0\n bx lr\n.arm\n.balign 4\n");                              \
    unsigned name(unsigned n);
TABLE(bytes_within, 1024, "tbb [pc, r0]", "byte")
TABLE(bytes_near, 3540, "tbb [pc, r0]", "byte")
TABLE(bytes_across, 4060, "tbb [pc, r0]", "byte")
TABLE(halfwords_within, 2048, "tbh [pc, r0, lsl #1]", "short")
TABLE(halfwords_across, 4060, "tbh [pc, r0, lsl #1]", "short")

static void tables(void)
{
    unsigned sum = 0, x = 1;
    for (int i = 0; i < 300000; i++) {
        x = x * 1103515245 + 12345;
        sum = sum * 31 + bytes_within(x >> 16) + 3 * bytes_near(x >> 18);
        sum = sum * 31 + bytes_across(x >> 20);
        sum = sum * 31 + halfwords_within(x >> 22) + 3 * halfwords_across(x >> 24);
    }
    printf("tables %08x\n", sum);
}

int main(void)
{
    tables();
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
