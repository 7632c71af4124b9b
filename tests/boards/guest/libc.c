/* A program of a C library: output, heap, arithmetic of all widths, arguments, exit status. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

int main(int argc, char **argv)
{
    volatile double x = 2.0;
    volatile float f = 3.0f;
    long long product = 1;
    int numbers[] = {5, -3, 9, 0, 7, 2};
    char *heap = malloc(500);
    if (!heap)
        return 1;
    strcpy(heap, "heap");
    printf("hello from %s, %s\n", heap, argc > 1 ? argv[argc - 1] : "no arguments");
    printf("%.9f %.6f %d\n", sqrt(x), (double)(f * f / 7), (int)(x * 1e6 / 7));
    for (int i = 1; i <= 20; i++)
        product *= i;
    printf("%llx %u\n", (unsigned long long)product, (unsigned)(product % 1000003));
    qsort(numbers, 6, sizeof(numbers[0]), compare);
    for (int i = 0; i < 6; i++)
        printf("%d ", numbers[i]);
    printf("\n");
    free(heap);
    return 3;
}
