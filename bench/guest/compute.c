/* Two programs that only compute, for bench/programs.py: "bytecode", the interpreter of a small
 * stack machine, and "qsort", the C library's sort with a comparison of the program's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum op { PUSH, LOAD, STORE, ADD, SUB, AND, LESS, JUMP, JUMP_IF, HALT };

/* For all j < i < 2000: sum += i & j. */
static const int code[] = {
    PUSH, 1, STORE, 0,                                  /* i = 1 */
    LOAD, 0, PUSH, 2000, LESS, JUMP_IF, 12, HALT,       /* 4: while (i < 2000) */
    PUSH, 1, STORE, 1,                                  /* 12: j = 1 */
    LOAD, 1, LOAD, 0, LESS, JUMP_IF, 32,                /* 16: while (j < i) */
    LOAD, 0, PUSH, 1, ADD, STORE, 0, JUMP, 4,           /* 23: i++ */
    LOAD, 0, LOAD, 1, AND, LOAD, 2, ADD, STORE, 2,      /* 32: sum += i & j */
    LOAD, 1, PUSH, 1, ADD, STORE, 1, JUMP, 16,          /* 42: j++ */
};

static int interpret(void)
{
    int stack[16], *sp = stack, variable[4] = {0};
    for (const int *pc = code;;) {
        switch (*pc++) {
        case PUSH: *sp++ = *pc++; break;
        case LOAD: *sp++ = variable[*pc++]; break;
        case STORE: variable[*pc++] = *--sp; break;
        case ADD: sp--; sp[-1] += sp[0]; break;
        case SUB: sp--; sp[-1] -= sp[0]; break;
        case AND: sp--; sp[-1] &= sp[0]; break;
        case LESS: sp--; sp[-1] = sp[-1] < sp[0]; break;
        case JUMP: pc = code + *pc; break;
        case JUMP_IF: pc = *--sp ? code + *pc : pc + 1; break;
        default: return variable[2];
        }
    }
}

static int compare(const void *a, const void *b)
{
    unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;
    return (x > y) - (x < y);
}

static unsigned sort(void)
{
    enum { COUNT = 200000, ROUNDS = 8 };
    unsigned *v = malloc(COUNT * sizeof(*v)), x = 1, sum = 0;
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < COUNT; i++)
            v[i] = x = x * 1664525 + 1013904223;
        qsort(v, COUNT, sizeof(*v), compare);
        sum = sum * 31 + v[COUNT / 2];
    }
    free(v);
    return sum;
}

int main(int argc, char **argv)
{
    if (argc == 2 && !strcmp(argv[1], "bytecode"))
        printf("%d\n", interpret());
    else if (argc == 2 && !strcmp(argv[1], "qsort"))
        printf("%u\n", sort());
    else
        return 2;
    return 0;
}
