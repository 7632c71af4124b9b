/* Parents and children that execute code for the first time behind a fork, again and again, while a
 * thread of the parent runs. Each prints nothing but what went wrong. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Functions of their own blocks: f(x) = (x ^ n) * 5 + n, some with a loop, n up to 511. */
#define F(n)                                                                                       \
    static __attribute__((noinline)) uint32_t f##n(uint32_t x)                                     \
    {                                                                                              \
        uint32_t v = (x ^ 0x##n) * 5 + 0x##n;                                                      \
        for (volatile uint32_t i = 0; i < (0x##n & 3); i++)                                        \
            v += i;                                                                                \
        return v;                                                                                  \
    }
#define F8(n) F(n##0) F(n##1) F(n##2) F(n##3) F(n##4) F(n##5) F(n##6) F(n##7)
#define F16(n) F8(n) F(n##8) F(n##9) F(n##a) F(n##b) F(n##c) F(n##d) F(n##e) F(n##f)
#define F256(n) F16(n##0) F16(n##1) F16(n##2) F16(n##3) F16(n##4) F16(n##5) F16(n##6) F16(n##7)    \
    F16(n##8) F16(n##9) F16(n##a) F16(n##b) F16(n##c) F16(n##d) F16(n##e) F16(n##f)
F256(0)
F256(1)

#define P(n) f##n,
#define P8(n) P(n##0) P(n##1) P(n##2) P(n##3) P(n##4) P(n##5) P(n##6) P(n##7)
#define P16(n) P8(n) P(n##8) P(n##9) P(n##a) P(n##b) P(n##c) P(n##d) P(n##e) P(n##f)
#define P256(n) P16(n##0) P16(n##1) P16(n##2) P16(n##3) P16(n##4) P16(n##5) P16(n##6) P16(n##7)    \
    P16(n##8) P16(n##9) P16(n##a) P16(n##b) P16(n##c) P16(n##d) P16(n##e) P16(n##f)
static uint32_t (*const functions[])(uint32_t) = {P256(0) P256(1)};
enum { FUNCTIONS = sizeof(functions) / sizeof(functions[0]) };

static atomic_bool stop;
static atomic_uint rounds;

static uint32_t expected(uint32_t n, uint32_t x)
{
    uint32_t loop = n & 3, v = (x ^ n) * 5 + n;
    return v + (loop ? loop * (loop - 1) / 2 : 0);
}

/* @count functions from @first on; the number of wrong results. */
static int call(unsigned first, unsigned count)
{
    int wrong = 0;
    for (unsigned i = first; i < first + count; i++)
        for (unsigned k = 0; k < 3; k++)
            wrong += functions[i % FUNCTIONS](k * 77) != expected(i % FUNCTIONS, k * 77);
    return wrong;
}

/* What the other process has written meanwhile is not to be seen. */
static int twice(unsigned first, unsigned count)
{
    int wrong = call(first, count);
    usleep(1000);
    return wrong + call(first, count);
}

static void *run(void *arg)
{
    int *wrong = arg;
    for (unsigned i = 0; !atomic_load(&stop); i++) {
        *wrong += call(i * 13, 1);
        atomic_fetch_add(&rounds, 1);
    }
    return NULL;
}

static void wait_for(const char *what, pid_t pid)
{
    int status = -1;
    if (waitpid(pid, &status, 0) != pid || status)
        printf("%s: status %x\n", what, status);
}

/* Code that the process writes itself: mov r0, #value; bx lr. */
static int written(uint32_t *code, unsigned value)
{
    code[0] = 0xe3a00000 | (value & 255);
    code[1] = 0xe12fff1e;
    __builtin___clear_cache((char *)code, (char *)(code + 2));
    return ((int (*)(void))code)() != (int)(value & 255);
}

/* Children of children, each with new code before and behind. */
static int generations(uint32_t *code, unsigned depth)
{
    int wrong = call(depth * 90, 60) + written(code, depth);
    if (!depth)
        return wrong;
    pid_t pid = fork();
    if (pid == 0)
        _exit(generations(code, depth - 1));
    wrong += call(depth * 90 + 60, 40) + written(code, depth + 100);
    wait_for("generation", pid);
    return wrong;
}

/* Nothing is left to be opened. */
static void without_descriptors(void)
{
    const struct rlimit few = {16, 16};
    setrlimit(RLIMIT_NOFILE, &few);
    while (open("/dev/null", O_RDONLY) >= 0)
        ;
    pid_t pid = fork();
    if (pid == 0)
        _exit(call(0, FUNCTIONS));
    wait_for("no descriptors", pid);
}

int main(void)
{
    int wrong = 0, wrong_there = 0;
    pthread_t thread;
    uint32_t *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pthread_create(&thread, NULL, run, &wrong_there);
    for (unsigned i = 0; i < 24; i++) {
        pid_t pid = fork();
        if (pid == 0)
            _exit(twice(i * 16, i % 3 == 0 ? 8 : i % 3 == 1 ? 120 : FUNCTIONS));
        wrong += twice(i * 16 + 256, i % 4 == 3 ? 200 : 8);
        wait_for("child", pid);
    }
    wrong += generations(code, 4);
    unsigned before = atomic_load(&rounds);
    while (atomic_load(&rounds) < before + 1000)
        usleep(100);
    atomic_store(&stop, 1);
    pthread_join(thread, NULL);
    without_descriptors();
    wrong += call(0, FUNCTIONS);
    printf("wrong: %d %d\n", wrong, wrong_there);
}
