/* What a hosted program does with its C library; the results are printed, and checked outside. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static unsigned sum_of_squares(unsigned n)
{
    unsigned sum = 0;
    for (unsigned i = 1; i <= n; i++)
        sum += i * i;
    return sum;
}

static void use_file(void)
{
    char text[32] = "";
    FILE *f = fopen("data.txt", "w");
    if (!f) {
        printf("no file: %d\n", errno == EACCES);
        return;
    }
    fprintf(f, "%s %d", "written", 123);
    fclose(f);
    f = fopen("data.txt", "r");
    fseek(f, 8, SEEK_SET);
    printf("file %s\n", fgets(text, sizeof(text), f));
    fclose(f);
}

int main(int argc, char **argv)
{
    char line[64];
    volatile float f = 1.5f;
    volatile double d = 2.0;
    for (int i = 0; i < argc; i++)
        printf("arg %s\n", argv[i]);
    printf("sum %u\n", sum_of_squares(100));
    printf("float %.3f double %.6f\n", (double)(f * f), d / 3.0);
    char *p = malloc(1000);
    memset(p, 7, 1000);
    printf("malloc %d\n", p[999]);
    free(p);
    /* picolibc reads characters by SYS_READC, which has no end of the input. */
    while (fgets(line, sizeof(line), stdin) && strcmp(line, "end\n"))
        printf("line %s", line);
    use_file();
    printf("time %d\n", time(NULL) > 900000000);
    fprintf(stderr, "to stderr\n");
    return 42;
}
