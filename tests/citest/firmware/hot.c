/* Known coverage of code that is executed often before the last of its ways is taken. Line and way
 * of each branch are named in the comments that the test reads. */
#include "firmware.h"

enum { ROUNDS = 400000 };

/* The compiler knows nothing of the value from here on: each branch is there once. */
#define HIDE(x) __asm__ volatile("" : "+r"(x))

static volatile uint32_t last = ROUNDS - 1, never = ROUNDS;

/* Branches that lead on in nearly every round, and to what is seldom executed. */
__attribute__((noinline)) static uint32_t seldom(uint32_t n, uint32_t end, uint32_t beyond)
{
    if (__builtin_expect(n == end, 0))    /* both */
        print("the last\n");              /* executed */
    HIDE(n);
    if (__builtin_expect(n == beyond, 0)) /* only false */
        print("behind the last\n");       /* not executed */
    HIDE(n);
    if (__builtin_expect(n != end, 1))    /* both */
        return n;
    print("the last again\n");            /* executed */
    return 2 * n;
}

/* The same with zero, which has a branch of its own, and what is seldom right behind it. */
__attribute__((noinline)) static uint32_t zero(uint32_t left, uint32_t below)
{
    if (__builtin_expect(!left, 1))       /* both */
        print("none left\n");             /* executed */
    if (__builtin_expect(!below, 1))      /* only false */
        print("below none\n");            /* not executed */
    return left + below;
}

/* Without branches: instructions with conditions. */
__attribute__((noinline)) static uint32_t chosen(uint32_t n, uint32_t end, uint32_t beyond)
{
    uint32_t x = n;
    if (n == end)
        x += 3;                           /* executed */
    if (n == beyond)
        x *= 7;                           /* not executed */
    return x;
}

/* A way out of a loop, from its middle. */
__attribute__((noinline, optimize("no-tree-ch")))
static uint32_t loop(uint32_t end, uint32_t beyond)
{
    uint32_t sum = 0;
    for (uint32_t i = 0;; i++) {
        HIDE(i);
        sum ^= i;                         /* executed */
        if (i == beyond)                  /* only false */
            return 1;                     /* not executed */
        HIDE(i);
        if (i == end)                     /* both */
            return sum;
    }
}

int main(void)
{
    uint32_t sum = 0, end = last, beyond = never;
    for (uint32_t n = 0; n <= end; n++) { /* both */
        sum += seldom(n, end, beyond);
        sum += zero(end - n, beyond - n);
        sum += chosen(n, end, beyond);
    }
    sum += loop(4 * end, 4 * beyond);     /* executed */
    print_number(sum);                    /* executed */
    return 0;
}
