/* A program that is larger than the code cache: thousands of generated functions, called in
 * changing order, which check themselves. */
#include "rt.h"

typedef uint32_t fn1(uint32_t);
enum { FUNCTIONS = 8192, WORDS = 32 };

static uint32_t *function(uint32_t n)
{
    return (uint32_t *)scratch(0x100) + n * WORDS;
}

/* Twenty additions and subtractions of small numbers, a loop, a call to the neighbour. */
static uint32_t generate(uint32_t n)
{
    uint32_t *p = function(n), sum = 0, seed = n * 2654435761u + 1;
    for (uint32_t i = 0; i < 20; i++) {
        seed = seed * 1664525 + 1013904223;
        uint32_t imm = seed >> 24;
        bool add = seed & 0x10000;
        p[i] = (add ? 0xe2800000 : 0xe2400000) | imm;
        sum += add ? imm : -imm;
    }
    p[20] = 0xe3a01003;                  /* mov r1, #3 */
    p[21] = 0xe2800001;                  /* add r0, r0, #1 */
    p[22] = 0xe2511001;                  /* subs r1, r1, #1 */
    p[23] = 0x1afffffc;                  /* bne 21 */
    p[24] = 0xe12fff1e;                  /* bx lr */
    return sum + 3;
}

static uint32_t want[FUNCTIONS];

static void run_all(void)
{
    uint32_t seed = cpu_index() + 7, rounds = 3;
    for (uint32_t round = 0; round < rounds; round++)
        for (uint32_t i = 0; i < FUNCTIONS; i++) {
            seed = seed * 1664525 + 1013904223;
            uint32_t n = round & 1 ? seed >> 19 : i;
            uint32_t got = ((fn1 *)function(n))(i);
            if (got != want[n] + i)
                CHECK(got, want[n] + i);
        }
}

static void larger_than_cache(void)
{
    rt_mmu_on();
    for (uint32_t n = 0; n < FUNCTIONS; n++)
        want[n] = generate(n);
    rt_code_written(function(0), 32);
    rt_on_all(run_all);
    CHECK(generate(0), want[0]);
}

/* The same, with a function changed now and then. */
static void changed_meanwhile(void)
{
    rt_mmu_on();
    for (uint32_t n = 0; n < FUNCTIONS; n++)
        want[n] = generate(n);
    for (uint32_t i = 0; i < 3 * FUNCTIONS; i++) {
        uint32_t n = i * 31 & (FUNCTIONS - 1);
        CHECK(((fn1 *)function(n))(i), want[n] + i);
        uint32_t other = i * 17 & (FUNCTIONS - 1), loops = 1 + (i & 7);
        want[other] += loops - (function(other)[20] & 0xff);
        function(other)[20] = 0xe3a01000 | loops;
    }
}

const struct test tests[] = {
    {"program larger than the code cache", larger_than_cache, 1},
    {"program larger than the code cache that changes", changed_meanwhile, 1},
    {0},
};
