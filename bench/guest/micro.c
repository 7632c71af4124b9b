/* Micro-benchmarks that run in the guest. Prints one line each: "micro NAME NANOSECONDS COUNT", the
 * nanoseconds being those of all COUNT operations. Integers alone: floating point is not the matter
 * here. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void system_calls(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        syscall(SYS_getppid);
}

/* First touch of anonymous memory */
static void page_faults(unsigned count)
{
    const size_t pages = 256;
    for (unsigned done = 0; done < count; done += pages) {
        char *memory = mmap(NULL, pages * 4096, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED)
            fail("mmap");
        for (size_t page = 0; page < pages; page++)
            memory[page * 4096] = 1;
        munmap(memory, pages * 4096);
    }
}

/* One byte to another process and back */
static void pipe_round_trips(unsigned count)
{
    int there[2], back[2];
    char byte = 0;
    if (pipe(there) || pipe(back))
        fail("pipe");
    pid_t child = fork();
    if (child < 0)
        fail("fork");
    if (!child) {
        for (unsigned i = 0; i < count; i++)
            if (read(there[0], &byte, 1) != 1 || write(back[1], &byte, 1) != 1)
                _exit(1);
        _exit(0);
    }
    for (unsigned i = 0; i < count; i++)
        if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
            fail("pipe");
    waitpid(child, NULL, 0);
    close(there[0]), close(there[1]), close(back[0]), close(back[1]);
}

static void forks(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        pid_t child = fork();
        if (child < 0)
            fail("fork");
        if (!child)
            _exit(0);
        waitpid(child, NULL, 0);
    }
}

static void execs(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        pid_t child = fork();
        if (child < 0)
            fail("fork");
        if (!child) {
            execl("/bin/micro", "micro", "nothing", (char *)NULL);
            _exit(1);
        }
        waitpid(child, NULL, 0);
    }
}

static void nothing(int number)
{
    (void)number;
}

static void signals(unsigned count)
{
    signal(SIGUSR1, nothing);
    for (unsigned i = 0; i < count; i++)
        raise(SIGUSR1);
}

static uint32_t __attribute__((noinline)) fibonacci(uint32_t n)
{
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

/* Recursive calls: 1 operation is fibonacci(20) */
static void calls(unsigned count)
{
    volatile uint32_t sum = 0;
    for (unsigned i = 0; i < count; i++)
        sum += fibonacci(20);
}

/* Bytes copied, 64 KiB at a time */
static void copies(unsigned count)
{
    static char from[65536], to[65536];
    for (unsigned i = 0; i < count; i++) {
        memcpy(to, from, sizeof(to));
        __asm__ volatile("" ::"r"(to) : "memory");
    }
}

/* A chain of dependent loads through 256 KiB */
static void chases(unsigned count)
{
    enum { N = 65536 };
    static uint32_t next[N];
    for (uint32_t i = 0; i < N; i++)
        next[i] = (i * 40501u + 12345u) % N; /* one cycle through all */
    volatile uint32_t at = 0;
    for (unsigned i = 0; i < count; i++) {
        uint32_t p = at;
        for (unsigned k = 0; k < 1000; k++)
            p = next[p];
        at = p;
    }
}

/* Integer work in registers: 1 operation is 1000 steps of a xorshift generator */
static void integers(unsigned count)
{
    volatile uint32_t state = 2463534242u;
    for (unsigned i = 0; i < count; i++) {
        uint32_t x = state;
        for (unsigned k = 0; k < 1000; k++) {
            x ^= x << 13;
            x ^= x >> 17;
            x ^= x << 5;
        }
        state = x;
    }
}

/* Calls with many callers: 1 operation is a walk of two functions that call each other */
static uint32_t __attribute__((noinline)) odd_calls(uint32_t n);
static uint32_t __attribute__((noinline)) even_calls(uint32_t n)
{
    return n < 2 ? n : odd_calls(n - 1) + odd_calls(n - 2) + odd_calls(n - 2);
}
static uint32_t __attribute__((noinline)) odd_calls(uint32_t n)
{
    uint32_t sum = n;
    if (n & 1)
        sum += even_calls(n - 1);
    if (n > 2)
        sum ^= even_calls(n - 2);
    if (n > 4 && (sum & 1))
        sum += even_calls(n - 3);
    return sum;
}

static void many_callers(unsigned count)
{
    volatile uint32_t sum = 0, n = 17;
    for (unsigned i = 0; i < count; i++)
        sum += even_calls(n);
}

static uint8_t text[4096];

static void text_fill(const char *alphabet, unsigned letters)
{
    uint32_t seed = 1;
    for (unsigned i = 0; i < sizeof(text); i++) {
        seed = seed * 1664525u + 1013904223u;
        text[i] = (uint8_t)alphabet[(seed >> 16) % letters];
    }
}

/* An interpreter: 1 operation is 4096 of its instructions */
static void interpreter(unsigned count)
{
    static void *const go[] = {&&add, &&exclusive, &&rotate, &&subtract, &&scale};
    volatile uint32_t result = 0;
    text_fill("\0\1\2\3\4", 5);
    for (unsigned i = 0; i < count; i++) {
        uint32_t a = result, b = i, at = 0;
    next:
        if (at < sizeof(text))
            goto *go[text[at++]];
        result = a + b;
        continue;
    add:
        a += b;
        goto next;
    exclusive:
        b ^= a;
        goto next;
    rotate:
        a = a << 3 | a >> 29;
        goto next;
    subtract:
        b -= a;
        goto next;
    scale:
        a *= 5;
        goto next;
    }
}

/* Branches: 1 operation finds the words, digits and signs of 4096 characters */
static void tokens(unsigned count)
{
    volatile uint32_t result = 0;
    text_fill("aeioxyz 019\n.;qw", 16);
    for (unsigned i = 0; i < count; i++) {
        uint32_t words = 0, digits = 0, signs = 0, inside = 0;
        for (unsigned k = 0; k < sizeof(text); k++) {
            uint8_t c = text[k];
            if (c >= 'a' && c <= 'z') {
                words += !inside;
                inside = 1;
                continue;
            }
            inside = 0;
            if (c >= '0' && c <= '9')
                digits++;
            else if (c != ' ' && c != '\n')
                signs++;
        }
        result += words + 3 * digits + 5 * signs;
    }
}

/* A loop of bytes: 1 operation copies 4096 of them, one by one */
static void byte_loop(unsigned count)
{
    static uint8_t to[sizeof(text)];
    for (unsigned i = 0; i < count; i++)
        for (unsigned k = 0; k < sizeof(text); k++) {
            to[k] = text[k];
            __asm__ volatile("" ::"r"(to) : "memory");
        }
}

/* Loops in loops: 1 operation multiplies matrices of 32 x 32 */
static void matrices(unsigned count)
{
    enum { N = 32 };
    static uint32_t a[N][N], b[N][N], c[N][N];
    for (unsigned i = 0; i < count; i++)
        for (unsigned y = 0; y < N; y++)
            for (unsigned x = 0; x < N; x++) {
                uint32_t sum = i;
                for (unsigned k = 0; k < N; k++)
                    sum += a[y][k] * b[k][x];
                c[y][x] = sum;
                __asm__ volatile("" ::"r"(c) : "memory");
            }
}

/* Double-precision multiply and add: 1 operation is 1000 of them, dependent */
static void doubles(unsigned count)
{
    volatile double state = 0.5;
    for (unsigned i = 0; i < count; i++) {
        double x = state;
        for (unsigned k = 0; k < 1000; k++)
            x = x * 0.999 + 0.0001;
        state = x;
    }
}

static const struct {
    const char *name;
    void (*run)(unsigned count);
    unsigned count;
} benchmarks[] = {
    {"system call", system_calls, 300000},
    {"page fault", page_faults, 25600},
    {"pipe round trip", pipe_round_trips, 10000},
    {"signal", signals, 30000},
    {"fork + exit", forks, 400},
    {"fork + exec", execs, 200},
    {"fibonacci(20)", calls, 300},
    {"copy of 64 KiB", copies, 4000},
    {"1000 loads, chain", chases, 30000},
    {"1000 xorshifts", integers, 60000},
    {"1000 multiply-adds", doubles, 6000},
    {"calls with many callers", many_callers, 20000},
    {"interpreter, 4096 steps", interpreter, 2000},
    {"tokens of 4096 characters", tokens, 4000},
    {"loop of 4096 bytes", byte_loop, 10000},
    {"product of matrices", matrices, 1500},
};

static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int main(int argc, char **argv __attribute__((unused)))
{
    if (argc > 1)
        return 0;
    for (unsigned i = 0; i < sizeof(benchmarks) / sizeof(benchmarks[0]); i++) {
        benchmarks[i].run(benchmarks[i].count / 20);
        uint64_t start = now();
        benchmarks[i].run(benchmarks[i].count);
        printf("micro %s|%llu|%u\n", benchmarks[i].name, (unsigned long long)(now() - start),
               benchmarks[i].count);
        fflush(stdout);
    }
    return 0;
}
