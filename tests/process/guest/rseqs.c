/* Restartable sequences: registration, per-CPU counters, what aborts a critical section, what is
 * fatal. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

enum { SIGNATURE = 0xe7f5def3 }; /* what the C library registers with */

static struct rseq *mine(void)
{
    return (struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset);
}

static long call(void *area, unsigned size, int flags, unsigned signature)
{
    return syscall(__NR_rseq, area, size, flags, signature);
}

static void show(const char *what, long r)
{
    printf("%s: %s\n", what, r ? strerror(errno) : "done");
}

/* ---- counters of processors ------------------------------------------------------------------ */

struct counter {
    uint32_t value, pad[15];
};
static struct counter counters[1024];

/* A descriptor, a critical section, and what is run when it is aborted. */
#define SECTION(body)                                                                              \
    "    .pushsection __rseq_cs, \"aw\"\n    .balign 32\n"                                         \
    "3:  .word 0, 0, 1f, 0, 2f - 1f, 0, 4f, 0\n"                                                   \
    "    .popsection\n    ldr r12, =3b\n    str r12, [%[area], #8]\n1:\n" body "2:\n"              \
    "    b 5f\n    .ltorg\n    .word 0xe7f5def3\n4:\n    mov %[done], #0\n5:\n"

/* It takes its time, so that other threads come in between. */
static int add_one(struct rseq *r)
{
    int done = 1;
    uint32_t value, cpu = *(volatile uint32_t *)&r->cpu_id_start;
    uint32_t *word = &counters[cpu].value;
    __asm__ volatile(SECTION("    ldr r12, [%[area], #4]\n    cmp r12, %[cpu]\n    bne 4f\n"
                             "    ldr %[value], [%[word]]\n    mov r12, #200\n"
                             "6:  subs r12, r12, #1\n    bne 6b\n"
                             "    add %[value], %[value], #1\n    str %[value], [%[word]]\n")
                     : [done] "+&r"(done), [value] "=&r"(value)
                     : [area] "r"(r), [cpu] "r"(cpu), [word] "r"(word)
                     : "r12", "cc", "memory");
    return done;
}

enum { THREADS = 12, ROUNDS = 20000 };

static void *count(void *arg)
{
    for (int i = 0; i < ROUNDS; i++)
        while (!add_one(mine()))
            ;
    return arg;
}

static void count_all(void)
{
    pthread_t threads[THREADS];
    uint64_t sum = 0;
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, count, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < 1024; i++)
        sum += counters[i].value;
    printf("sum %llu of %d\n", (unsigned long long)sum, THREADS * ROUNDS);
}

/* ---- aborts ---------------------------------------------------------------------------------- */

static volatile uint32_t handled_at;
static volatile int in_section;

static void handler(int sig, siginfo_t *info, void *context)
{
    const ucontext_t *uc = context;
    handled_at = uc->uc_mcontext.arm_pc;
}

/* It ends only by being aborted. */
static void loop(struct rseq *r)
{
    int done = 1;
    uint32_t aborted;
    __asm__ volatile("    mov r12, #1\n    str r12, [%[flag]]\n    ldr %[aborted], =4f\n"
                     SECTION("6:  b 6b\n")
                     : [done] "+&r"(done), [aborted] "=&r"(aborted)
                     : [area] "r"(r), [flag] "r"(&in_section)
                     : "r12", "memory");
    printf("left %d, section %u, handler %s\n", !done, (uint32_t)r->rseq_cs,
           !handled_at ? "none" : handled_at == aborted ? "behind the abort" : "elsewhere");
}

static void by_signal(void)
{
    const struct sigaction act = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    const struct itimerval soon = {.it_value = {0, 20000}};
    sigaction(SIGALRM, &act, NULL);
    setitimer(ITIMER_REAL, &soon, NULL);
    loop(mine());
    handled_at = 0;
}

static void *loop_thread(void *arg)
{
    loop(mine());
    return arg;
}

static void by_barrier(void)
{
    pthread_t thread;
    show("barrier early", syscall(__NR_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 0, 0));
    show("register",
         syscall(__NR_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ, 0, 0));
    in_section = 0;
    pthread_create(&thread, NULL, loop_thread, NULL);
    while (!in_section)
        sched_yield();
    usleep(1000); /* it is set a few instructions before the section */
    long r = syscall(__NR_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 0, 0);
    pthread_join(thread, NULL);
    show("barrier", r);
}

/* A signal that comes elsewhere takes the descriptor away, and nothing else. */
static void outside(void)
{
    struct rseq *r = mine();
    add_one(r);
    int there = r->rseq_cs != 0;
    raise(SIGALRM);
    printf("outside %d, section %u\n", there, (uint32_t)r->rseq_cs);
}

/* ---- registration ---------------------------------------------------------------------------- */

static struct rseq own __attribute__((aligned(32)));

static void *register_own(void *arg)
{
    struct rseq *r = mine();
    show("of the library", call(r, 32, RSEQ_FLAG_UNREGISTER, SIGNATURE));
    printf("%u %d\n", r->cpu_id_start, (int)r->cpu_id);
    show("again", call(r, 32, RSEQ_FLAG_UNREGISTER, SIGNATURE));
    show("not aligned", call((char *)&own + 4, 32, 0, 1));
    show("of 28 bytes", call(&own, 28, 0, 1));
    show("flags", call(&own, 32, 2, 1));
    show("far", call((void *)0xffffffe0, 32, 0, 1));
    show("good", call(&own, 32, 0, 1));
    printf("cpu %d\n", (int)own.cpu_id >= 0);
    show("good again", call(&own, 32, 0, 1));
    show("signature", call(&own, 32, 0, 2));
    show("another", call(r, 32, 0, 1));
    show("to go by another", call(&own, 32, RSEQ_FLAG_UNREGISTER, 2));
    show("to go with flags", call(&own, 32, RSEQ_FLAG_UNREGISTER | 2, 1));
    show("to go", call(&own, 32, RSEQ_FLAG_UNREGISTER, 1));
    return arg;
}

static void *with_affinity(void *arg)
{
    cpu_set_t set, old;
    int wrong = 0;
    sched_getaffinity(0, sizeof(old), &old);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &old))
            continue;
        CPU_ZERO(&set);
        CPU_SET(cpu, &set);
        sched_setaffinity(0, sizeof(set), &set);
        unsigned asked = -1;
        syscall(__NR_getcpu, &asked, NULL, NULL);
        wrong += (int)mine()->cpu_id != cpu || asked != (unsigned)cpu;
    }
    sched_setaffinity(0, sizeof(old), &old);
    printf("wrong processors %d\n", wrong);
    return arg;
}

static void in_thread(void *(*f)(void *))
{
    pthread_t thread;
    pthread_create(&thread, NULL, f, NULL);
    pthread_join(thread, NULL);
}

static void children(void)
{
    fflush(stdout);
    if (fork() == 0) {
        printf("child: "), show("has it", call(mine(), 32, 0, SIGNATURE));
        while (!add_one(mine()))
            ;
        count_all();
        exit(0);
    }
    wait(NULL);
}

/* ---- what is fatal --------------------------------------------------------------------------- */

struct descriptor {
    uint32_t version, flags;
    uint64_t start, size, abort;
} __attribute__((aligned(32)));
static struct descriptor bad;
static const uint32_t signed_code[] = {SIGNATURE, 0xe12fff1e}; /* bx lr */

static void die_by(const char *what, void (*prepare)(struct rseq *))
{
    int status;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGSEGV, SIG_DFL);
        bad = (struct descriptor){.start = 0x1000, .size = 4, .abort = (uintptr_t)&signed_code[1]};
        prepare(mine());
        raise(SIGALRM);
        _exit(0);
    }
    waitpid(pid, &status, 0);
    printf("%s: %s %d\n", what, WIFSIGNALED(status) ? "signal" : "exit",
           WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

static void set_descriptor(struct rseq *r)
{
    *(volatile uint64_t *)&r->rseq_cs = (uintptr_t)&bad;
}

static void well(struct rseq *r)
{
    set_descriptor(r);
}

static void unsigned_code(struct rseq *r)
{
    bad.abort = (uintptr_t)signed_code;
    set_descriptor(r);
}

static void version(struct rseq *r)
{
    bad.version = 1;
    set_descriptor(r);
}

static void inside(struct rseq *r)
{
    bad.start = (uintptr_t)signed_code;
    bad.size = 8;
    set_descriptor(r);
}

static void nowhere(struct rseq *r)
{
    *(volatile uint64_t *)&r->rseq_cs = 0x20;
}

static void high(struct rseq *r)
{
    *(volatile uint64_t *)&r->rseq_cs = 1ull << 32 | (uintptr_t)&bad;
}

static void unmapped(struct rseq *r)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    call(r, 32, RSEQ_FLAG_UNREGISTER, SIGNATURE);
    call(page, 32, 0, SIGNATURE);
    munmap(page, 4096);
}

int main(void)
{
    printf("size %u\n", __rseq_size);
    show("registered", call(mine(), 32, 0, SIGNATURE));
    printf("cpu %d\n", (int)mine()->cpu_id >= 0 && mine()->cpu_id == mine()->cpu_id_start);
    by_signal();
    in_thread(register_own);
    count_all();
    printf("getcpu %d\n", sched_getcpu() >= 0);
    outside();
    by_signal();
    by_barrier();
    in_thread(with_affinity);
    memset(counters, 0, sizeof(counters));
    children();
    die_by("well", well);
    die_by("no signature", unsigned_code);
    die_by("version", version);
    die_by("abort inside", inside);
    die_by("nowhere", nowhere);
    die_by("high", high);
    die_by("unmapped", unmapped);
    return 0;
}
