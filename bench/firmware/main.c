#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels.h"

uint32_t next_random(void)
{
    static uint32_t x = 2463534242u;
    x ^= x << 13;
    x ^= x >> 17;
    return x ^= x << 5;
}

static int run_one(const struct kernel *list, const char *name, uint32_t rounds)
{
    char text[64];
    for (; list->name; list++) {
        if (strcmp(list->name, name))
            continue;
        snprintf(text, sizeof(text), "%s %08lx\n", name,
                 (unsigned long)list->run(rounds ? rounds : list->rounds));
        say(text);
        return 1;
    }
    return 0;
}

static void list(const struct kernel *k)
{
    for (; k->name; k++) {
        say(k->name);
        say("\n");
    }
}

int run(char *line)
{
    char *name = strtok(line, " "), *count = strtok(NULL, " ");
    uint32_t rounds = count ? strtoul(count, NULL, 0) : 0;
    if (!name || !strcmp(name, "list")) {
        list(integer_kernels);
        list(float_kernels);
        return 0;
    }
    return !run_one(integer_kernels, name, rounds) && !run_one(float_kernels, name, rounds);
}
