/* Code that has just been made is executed once, twice, and often, and must do the same each time.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

enum { PAGE = 4096, AREA = 2 * PAGE };
#define RETURN 0xe12fff1eu
#define ADD_R0(n) (0xe2800000u | (n)) /* add r0, r0, #n */

/* All that a function may use: copies cannot refer to anything by distance. */
struct world {
    uint32_t words[16];
    double numbers[8];
    int (*other)(int);
    volatile uint32_t *nowhere;
    uint32_t seed;
};

#define MADE __attribute__((section("made"), noinline, noclone))
#define MADE_THUMB __attribute__((section("made"), noinline, noclone, target("thumb")))

MADE static uint32_t arithmetic(struct world *w)
{
    uint32_t a = w->seed, b = w->words[1];
    int64_t wide = (int64_t)(int32_t)a * (int32_t)b;
    a += (uint32_t)(wide >> 32) ^ (b >> 3) ^ (a << 5);
    b = a > b ? a - b : b - a;
    b ^= (uint32_t)__builtin_clz(a | 1) + ((a & 0xff) ? (b >> 7) : ~b);
    return a ^ __builtin_bswap32(b) ^ (uint32_t)wide;
}

MADE static uint32_t loop(struct world *w)
{
    uint32_t sum = w->seed;
    for (unsigned i = 0; i < 16; i++) {
        w->words[i] = w->words[i] * 3 + i;
        sum = (sum << 1 | sum >> 31) ^ w->words[i];
    }
    return sum;
}

MADE static uint32_t narrow(struct world *w)
{
    uint8_t *bytes = (uint8_t *)w->words;
    int16_t *halves = (int16_t *)w->words;
    bytes[5] = (uint8_t)w->seed;
    halves[7] = (int16_t)(halves[3] - (int8_t)bytes[9]);
    *(uint64_t *)&w->words[4] += 0x100000001ull * bytes[2];
    return (uint32_t)halves[7] + bytes[5] + w->words[5];
}

MADE static uint32_t floating(struct world *w)
{
    double sum = w->seed;
    for (unsigned i = 0; i < 8; i++) {
        w->numbers[i] = w->numbers[i] / 3 + i;
        sum += w->numbers[i] * (float)sum;
    }
    return (uint32_t)(int32_t)sum;
}

MADE static uint32_t calls(struct world *w)
{
    return (uint32_t)w->other(3) + (uint32_t)w->other((int)w->seed) * 2;
}

MADE static uint32_t system_call(struct world *w)
{
    register uint32_t r0 __asm__("r0") = w->seed;
    register uint32_t r7 __asm__("r7") = 0xf0000; /* no such call */
    __asm__ volatile("svc #0" : "+r"(r0) : "r"(r7) : "memory");
    return r0 + w->words[2];
}

MADE static uint32_t atomic(struct world *w)
{
    __atomic_fetch_add(&w->words[3], w->seed, __ATOMIC_SEQ_CST);
    return __atomic_exchange_n(&w->words[4], w->seed, __ATOMIC_SEQ_CST) + w->words[3];
}

MADE_THUMB static uint32_t thumb(struct world *w)
{
    uint32_t n = w->seed, steps = 0;
    for (; n > 1 && steps < 40; steps++)
        n = n & 1 ? 3 * n + 1 : n / 2;
    w->words[steps % 16] ^= n;
    return w->words[0] > n ? steps : n + steps;
}

MADE static uint32_t fault(struct world *w)
{
    w->words[6] += 5;
    *w->nowhere = w->seed;
    return w->words[6] * 2;
}

MADE_THUMB static uint32_t undefined(struct world *w)
{
    w->words[7] -= w->seed;
    __asm__ volatile("udf #7");
    return w->words[7];
}

extern uint8_t __start_made[], __stop_made[];

static const struct {
    const char *name;
    uint32_t (*original)(struct world *w);
} functions[] = {
    {"arithmetic", arithmetic}, {"loop", loop},   {"narrow", narrow},
    {"floating", floating},     {"calls", calls}, {"system call", system_call},
    {"atomic", atomic},         {"thumb", thumb}, {"fault", fault},
    {"undefined", undefined},
};

/* ---- faults: where, as a distance from the code's beginning ------------------------------------
 */

static uintptr_t code_base, fault_at;

static void on_fault(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    fault_at = uc->uc_mcontext.arm_pc - code_base + (sig == SIGILL);
    uc->uc_mcontext.arm_pc += sig == SIGILL ? 2 : 4;
}

static int triple(int x)
{
    return 3 * x;
}

static void world_init(struct world *w, unsigned round)
{
    memset(w, 0, sizeof(*w));
    w->seed = 27 + 1234567 * round;
    w->other = triple;
    w->nowhere = (void *)16;
    for (unsigned i = 0; i < 16; i++)
        w->words[i] = 0x9e3779b9u * (i + round);
    for (unsigned i = 0; i < 8; i++)
        w->numbers[i] = 1.0 / (i + 3) + round;
}

/* The same call of the original at @base and of a copy. */
static int agree(uint32_t (*f)(struct world *), const uint8_t *base, struct world *w)
{
    struct world mine = *w;
    uintptr_t distance = (uintptr_t)f - (uintptr_t)__start_made;
    code_base = (uintptr_t)__start_made, fault_at = 0;
    uint32_t expected = f(&mine);
    uintptr_t expected_at = fault_at;
    code_base = (uintptr_t)base, fault_at = 0;
    uint32_t r = ((uint32_t (*)(struct world *))(base + distance))(w);
    return r == expected && fault_at == expected_at && !memcmp(&mine, w, sizeof(mine));
}

static void copies(uint8_t *area)
{
    size_t size = (size_t)(__stop_made - __start_made);
    for (unsigned i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        int wrong = 0;
        for (unsigned round = 0; round < 24; round++) {
            struct world w;
            uint8_t *at = area + round % 8 * 200 / 4 * 4;
            world_init(&w, round);
            memcpy(at, __start_made, size);
            __builtin___clear_cache((char *)at, (char *)at + size);
            for (unsigned calls = 0; calls < (round < 8 ? 1 : round - 6); calls++)
                wrong += !agree(functions[i].original, at, &w);
        }
        printf("%s: wrong %d\n", functions[i].name, wrong);
    }
}

/* One instruction of a long run is changed, then it is called once; now and then more often. */
static void patches(uint32_t *code)
{
    enum { COUNT = 90 };
    unsigned sum = 0, wrong = 0;
    for (unsigned i = 0; i < COUNT; i++)
        code[i] = ADD_R0(1);
    code[COUNT] = RETURN;
    __builtin___clear_cache(code, code + COUNT + 1);
    sum = COUNT;
    for (unsigned i = 0; i < 500; i++) {
        unsigned k = i * 37 % COUNT;
        sum += i % 100 - (code[k] & 0xff);
        code[k] = ADD_R0(i % 100);
        __builtin___clear_cache(code + k, code + k + 1);
        for (unsigned calls = 0; calls <= (i % 7 == 0) * 3; calls++)
            wrong += ((unsigned (*)(unsigned))code)(5) != sum + 5;
    }
    printf("patches: wrong %u\n", wrong);
}

int main(void)
{
    const struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    uint8_t *area = mmap(NULL, AREA, PROT_READ | PROT_WRITE | PROT_EXEC,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (__stop_made - __start_made > PAGE)
        return 1;
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGILL, &action, NULL);
    copies(area);
    patches((uint32_t *)(area + PAGE / 2));
    return 0;
}
