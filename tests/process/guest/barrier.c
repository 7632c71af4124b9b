/* membarrier. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int barrier(int command)
{
    return syscall(__NR_membarrier, command, 0, 0);
}

static void show(const char *what, int r)
{
    printf("%s %s\n", what, r ? strerror(errno) : "done");
}

enum { ROUNDS = 200 };
static volatile int x, y;
static int seen;

/* The quick side has no barrier but in the compiler: it is the other side that makes both see. */
static void *quick(void *arg)
{
    x = 1;
    __asm__ volatile("" ::: "memory");
    seen = y;
    return arg;
}

/* Both sides store, then load: at least one of them sees the other's. */
static int both_blind(void)
{
    int blind = 0;
    for (int i = 0; i < ROUNDS; i++) {
        pthread_t thread;
        x = y = 0;
        pthread_create(&thread, NULL, quick, NULL);
        y = 1;
        barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
        int mine = x;
        pthread_join(thread, NULL);
        blind += !mine && !seen;
    }
    return blind;
}

int main(void)
{
    int commands = barrier(MEMBARRIER_CMD_QUERY);
    const int wanted = MEMBARRIER_CMD_GLOBAL | MEMBARRIER_CMD_PRIVATE_EXPEDITED |
                       MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED;
    const int rseq = MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ |
                     MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ;
    printf("commands %d, rseq %d\n", (commands & wanted) == wanted, (commands & rseq) != 0);
    show("early", barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED));
    show("register", barrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED));
    show("private", barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED));
    show("global", barrier(MEMBARRIER_CMD_GLOBAL));
    show("rseq", barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ));
    show("nonsense", barrier(1 << 30));
    printf("blind %d\n", both_blind());
    printf("cpu %d\n", sched_getcpu() >= 0);
    return 0;
}
