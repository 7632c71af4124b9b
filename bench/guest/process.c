/* What a program asks of its system, and code that it makes itself: process NAME ROUNDS [EMULATOR].
 * The program runs itself again through EMULATOR, if it cannot do so directly. */
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, A32_RETURN = (int)0xe12fff1e };

static char *command[] = {NULL, NULL, "start", "0", NULL}, **start = command;
static volatile unsigned sink;

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void *map(size_t size, int prot)
{
    void *p = mmap(NULL, size, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        fail("mmap");
    return p;
}

/* ---- system calls ---------------------------------------------------------------------------- */

static void bench_syscall(long rounds)
{
    while (rounds--)
        sink += (unsigned)syscall(SYS_getppid);
}

static void ping(int in, int out, long rounds)
{
    char c = 0;
    while (rounds--)
        if (write(out, &c, 1) != 1 || read(in, &c, 1) != 1)
            fail("ping");
}

static void pong(int in, int out, long rounds)
{
    char c;
    while (rounds--)
        if (read(in, &c, 1) != 1 || write(out, &c, 1) != 1)
            fail("pong");
}

static void bench_pipe(long rounds)
{
    int there[2], back[2];
    if (pipe(there) || pipe(back))
        fail("pipe");
    pid_t pid = fork();
    if (pid == 0) {
        pong(there[0], back[1], rounds);
        _exit(0);
    }
    ping(back[0], there[1], rounds);
    waitpid(pid, NULL, 0);
}

/* ---- memory ---------------------------------------------------------------------------------- */

static void bench_fault(long rounds)
{
    enum { PAGES = 16 };
    while (rounds--) {
        char *p = map(PAGES * PAGE, PROT_READ | PROT_WRITE);
        for (int i = 0; i < PAGES; i++)
            p[i * PAGE] = 1;
        munmap(p, PAGES * PAGE);
    }
}

static char *guarded;

static void unguard(int sig, siginfo_t *info, void *context)
{
    mprotect(guarded, PAGE, PROT_READ | PROT_WRITE);
}

/* As collectors of garbage do: a store to a page without rights, which the handler gives. */
static void bench_segv(long rounds)
{
    struct sigaction action = {.sa_sigaction = unguard, .sa_flags = SA_SIGINFO};
    guarded = map(PAGE, PROT_READ);
    sigaction(SIGSEGV, &action, NULL);
    while (rounds--) {
        mprotect(guarded, PAGE, PROT_READ);
        *(volatile char *)guarded = 1;
    }
}

/* ---- signals --------------------------------------------------------------------------------- */

static volatile long handled;

static void count_signal(int sig)
{
    handled++;
}

static void bench_signal(long rounds)
{
    signal(SIGUSR1, count_signal);
    pid_t pid = getpid();
    for (long i = 0; i < rounds; i++)
        kill(pid, SIGUSR1);
    if (handled != rounds)
        fail("signals");
}

/* ---- processes and threads ------------------------------------------------------------------- */

static void *nothing(void *arg)
{
    return arg;
}

static void bench_thread(long rounds)
{
    while (rounds--) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, nothing, NULL))
            fail("pthread_create");
        pthread_join(thread, NULL);
    }
}

static void bench_fork(long rounds)
{
    while (rounds--) {
        pid_t pid = fork();
        if (pid == 0)
            _exit(0);
        waitpid(pid, NULL, 0);
    }
}

static void wait_for(pid_t pid)
{
    int status;
    if (waitpid(pid, &status, 0) != pid || status)
        fail("child");
}

static void bench_exec(long rounds)
{
    while (rounds--) {
        pid_t pid = fork();
        if (pid == 0) {
            execv(start[0], start);
            _exit(127);
        }
        wait_for(pid);
    }
}

static void bench_spawn(long rounds)
{
    while (rounds--) {
        pid_t pid;
        if (posix_spawn(&pid, start[0], NULL, NULL, start, environ))
            fail("posix_spawn");
        wait_for(pid);
    }
}

/* ---- code ------------------------------------------------------------------------------------ */

static void clear(void *p, size_t n)
{
    __builtin___clear_cache(p, (char *)p + n);
}

enum { FUNCTIONS = 4096, FUNCTION_WORDS = 16 };

/* movw r0, #value; some additions; bx lr */
static void make_function(uint32_t *code, unsigned value)
{
    code[0] = 0xe3000000u | (value & 0xfff) | (value >> 12 & 15) << 16;
    for (unsigned i = 1; i < FUNCTION_WORDS - 1; i++)
        code[i] = 0xe2800000u | (value + i) % 200; /* add r0, r0, #n */
    code[FUNCTION_WORDS - 1] = (uint32_t)A32_RETURN;
}

/* All functions are made and called, one after the other, and made anew. */
static void bench_jit(long rounds)
{
    uint32_t *code = map(FUNCTIONS * FUNCTION_WORDS * 4, PROT_READ | PROT_WRITE | PROT_EXEC);
    for (long n = 0; n < rounds; n++) {
        for (unsigned i = 0; i < FUNCTIONS; i++) {
            uint32_t *f = code + i * FUNCTION_WORDS;
            make_function(f, i + (unsigned)n);
            clear(f, FUNCTION_WORDS * 4);
            sink += (unsigned)((int (*)(void))f)();
        }
    }
}

/* First all are made, then all are called: what a compiler of methods does. */
static void bench_jit_batch(long rounds)
{
    uint32_t *code = map(FUNCTIONS * FUNCTION_WORDS * 4, PROT_READ | PROT_WRITE | PROT_EXEC);
    for (long n = 0; n < rounds; n++) {
        for (unsigned i = 0; i < FUNCTIONS; i++)
            make_function(code + i * FUNCTION_WORDS, i + (unsigned)n);
        clear(code, FUNCTIONS * FUNCTION_WORDS * 4);
        for (unsigned i = 0; i < FUNCTIONS; i++)
            sink += (unsigned)((int (*)(void))(code + i * FUNCTION_WORDS))();
    }
}

/* A page of functions: one is made anew, all are called. */
static void bench_jit_page(long rounds)
{
    enum { COUNT = PAGE / 4 / FUNCTION_WORDS };
    uint32_t *code = map(PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
    for (unsigned i = 0; i < COUNT; i++)
        make_function(code + i * FUNCTION_WORDS, i);
    clear(code, PAGE);
    for (long n = 0; n < rounds; n++) {
        uint32_t *f = code + n * 7 % COUNT * FUNCTION_WORDS;
        make_function(f, (unsigned)n);
        clear(f, FUNCTION_WORDS * 4);
        for (unsigned i = 0; i < COUNT; i++)
            sink += (unsigned)((int (*)(void))(code + i * FUNCTION_WORDS))();
    }
}

/* Thousands of functions: one is made anew, some are called. */
static void bench_jit_mix(long rounds)
{
    enum { CALLS = 32 };
    uint32_t *code = map(FUNCTIONS * FUNCTION_WORDS * 4, PROT_READ | PROT_WRITE | PROT_EXEC);
    unsigned seed = 1;
    for (unsigned i = 0; i < FUNCTIONS; i++)
        make_function(code + i * FUNCTION_WORDS, i);
    clear(code, FUNCTIONS * FUNCTION_WORDS * 4);
    for (long n = 0; n < rounds; n++) {
        for (unsigned i = 0; i < CALLS; i++) {
            seed = seed * 1664525 + 1013904223;
            uint32_t *f = code + (seed >> 16) % FUNCTIONS * FUNCTION_WORDS;
            if (i == 0) {
                make_function(f, (unsigned)n);
                clear(f, FUNCTION_WORDS * 4);
            }
            sink += (unsigned)((int (*)(void))f)();
        }
    }
}

/* One instruction of a function is changed, as inline caches are. */
static void bench_jit_patch(long rounds)
{
    uint32_t *code = map(PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
    for (unsigned i = 0; i < PAGE / 4 / FUNCTION_WORDS; i++)
        make_function(code + i * FUNCTION_WORDS, i);
    for (long n = 0; n < rounds; n++) {
        uint32_t *f = code + n % (PAGE / 4 / FUNCTION_WORDS) * FUNCTION_WORDS;
        f[3] = 0xe2800000u | (n & 0xff);
        clear(f + 3, 4);
        sink += (unsigned)((int (*)(void))f)();
    }
}

/* Code with its data beside it, in one page. */
static void bench_code_data(long rounds)
{
    uint32_t *code = map(PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
    volatile uint32_t *data = code + 512;
    make_function(code, 7);
    clear(code, FUNCTION_WORDS * 4);
    for (long n = 0; n < rounds; n++) {
        *data += 1;
        sink += (unsigned)((int (*)(void))code)();
    }
}

/* Code that writes to its own page: ldr r1, [pc, #n]; add r1, r1, #1; str r1, [pc, #n]; ... */
static void bench_code_self(long rounds)
{
    static const uint32_t counter[] = {
        0xe59f10f8, /* ldr r1, [pc, #0xf8]: 0x100 */
        0xe2811001, /* add r1, r1, #1 */
        0xe58f10f0, /* str r1, [pc, #0xf0]: 0x100 */
        0xe2500001, /* subs r0, r0, #1 */
        0x1afffffa, /* bne 0 */
        (uint32_t)A32_RETURN,
    };
    uint32_t *code = map(PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
    memcpy(code, counter, sizeof(counter));
    clear(code, sizeof(counter));
    if (rounds)
        ((void (*)(long))code)(rounds);
    if (code[64] != (uint32_t)rounds)
        fail("counter");
}

static int apply(int (*f)(int), int x)
{
    return f(x);
}

/* A nested function that uses its parent's variables is reached through code on the stack. */
static __attribute__((noinline)) int with_trampoline(int x)
{
    int add(int y) { return x + y; }
    int (*volatile call)(int (*)(int), int) = (int (*)(int (*)(int), int))apply;
    return call(add, 1);
}

static void bench_trampoline(long rounds)
{
    while (rounds--)
        sink += (unsigned)with_trampoline((int)rounds);
}

/* ---- start ----------------------------------------------------------------------------------- */

static void bench_start(long rounds)
{
}

static const struct {
    const char *name;
    void (*run)(long rounds);
} benches[] = {
    {"start", bench_start}, {"syscall", bench_syscall}, {"pipe", bench_pipe},
    {"fault", bench_fault}, {"segv", bench_segv}, {"signal", bench_signal},
    {"thread", bench_thread}, {"fork", bench_fork}, {"exec", bench_exec}, {"spawn", bench_spawn},
    {"jit", bench_jit}, {"jit_batch", bench_jit_batch}, {"jit_mix", bench_jit_mix},
    {"jit_page", bench_jit_page}, {"jit_patch", bench_jit_patch}, {"code_data", bench_code_data},
    {"code_self", bench_code_self}, {"trampoline", bench_trampoline},
};

int main(int argc, char **argv)
{
    command[0] = argc == 4 ? argv[3] : NULL;
    command[1] = argv[0];
    start = argc == 4 ? command : command + 1;
    for (unsigned i = 0; argc >= 3 && i < sizeof(benches) / sizeof(benches[0]); i++) {
        if (!strcmp(argv[1], benches[i].name)) {
            benches[i].run(atol(argv[2]));
            return 0;
        }
    }
    fprintf(stderr, "usage: process NAME ROUNDS [EMULATOR]\n");
    return 2;
}
