#include <stdio.h>

int main(int argc, char **argv)
{
    printf("hello, %d arguments\n", argc - 1);
    for (int i = 1; i < argc; i++)
        printf("%d: %s\n", i, argv[i]);
    return 3;
}
