/* System V IPC, POSIX message queues, clone3. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <mqueue.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

union semun {
    int val;
    struct semid_ds *buf;
    unsigned short *array;
};

static void semaphores(void)
{
    unsigned short values[3] = {3, 1, 4};
    struct semid_ds ds;
    struct timespec soon = {0, 1000000};
    struct sembuf down = {0, -3, 0}, again = {0, -1, 0};
    int id = semget(IPC_PRIVATE, 3, 0600);
    semctl(id, 0, SETALL, (union semun){.array = values});
    semctl(id, 1, SETVAL, (union semun){.val = 7});
    memset(values, 0, sizeof(values));
    semctl(id, 0, GETALL, (union semun){.array = values});
    printf("sem %d %d %d, %d\n", values[0], values[1], values[2], semctl(id, 2, GETVAL));
    printf("semop %d", semop(id, &down, 1));
    printf(" %d", semtimedop(id, &again, 1, &soon));
    printf(" %s\n", strerror(errno));
    memset(&ds, 0, sizeof(ds));
    printf("stat %d", semctl(id, 0, IPC_STAT, (union semun){.buf = &ds}));
    printf(" %lu %o %d\n", ds.sem_nsems, ds.sem_perm.mode, ds.sem_otime != 0);
    ds.sem_perm.mode = 0640;
    printf("set %d", semctl(id, 0, IPC_SET, (union semun){.buf = &ds}));
    semctl(id, 0, IPC_STAT, (union semun){.buf = &ds});
    printf(" %o\n", ds.sem_perm.mode);
    printf("removed %d %d\n", semctl(id, 0, IPC_RMID), semctl(id, 0, GETVAL));
}

static void messages(void)
{
    struct {
        long type;
        char text[32];
    } m = {5, "five"};
    struct msqid_ds ds;
    int id = msgget(IPC_PRIVATE, 0600);
    printf("send %d", msgsnd(id, &m, 5, 0));
    m.type = 9;
    strcpy(m.text, "nine!");
    printf(" %d\n", msgsnd(id, &m, 6, 0));
    msgctl(id, IPC_STAT, &ds);
    printf("queue %lu %lu %d\n", ds.msg_qnum, ds.__msg_cbytes, ds.msg_lspid == getpid());
    memset(&m, 0, sizeof(m));
    int r = (int)msgrcv(id, &m, sizeof(m.text), 9, 0);
    printf("received %d %ld %s\n", r, m.type, m.text);
    r = (int)msgrcv(id, &m, sizeof(m.text), -7, IPC_NOWAIT);
    printf("received %d %ld %s\n", r, m.type, m.text);
    r = (int)msgrcv(id, &m, sizeof(m.text), 0, IPC_NOWAIT);
    printf("empty %d %s\n", r, strerror(errno));
    printf("removed %d\n", msgctl(id, IPC_RMID, NULL));
}

static void segments(void)
{
    struct shmid_ds ds;
    int id = shmget(IPC_PRIVATE, 10000, 0600);
    char *p = shmat(id, NULL, 0);
    if (!fork()) {
        strcpy(p + 9000, "from the child");
        _exit(0);
    }
    wait(NULL);
    shmctl(id, IPC_STAT, &ds);
    printf("shm %s %zu %lu %d\n", p + 9000, ds.shm_segsz, (unsigned long)ds.shm_nattch,
           ds.shm_cpid == getpid());
    printf("removed %d %d\n", shmdt(p), shmctl(id, IPC_RMID, NULL));
}

static volatile sig_atomic_t notified;

static void on_notify(int sig, siginfo_t *info, void *context)
{
    notified = info->si_value.sival_int;
}

static void queues(void)
{
    struct mq_attr attr = {.mq_maxmsg = 4, .mq_msgsize = 16}, got;
    struct timespec past = {1, 0};
    struct sigaction sa = {.sa_sigaction = on_notify, .sa_flags = SA_SIGINFO};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    char name[32], text[16] = "";
    unsigned priority = 0;
    snprintf(name, sizeof(name), "/armemu-%d", (int)getpid());
    mqd_t q = mq_open(name, O_CREAT | O_EXCL | O_RDWR | O_NONBLOCK, 0600, &attr);
    if (q == (mqd_t)-1) {
        printf("mq %s\n", strerror(errno));
        return;
    }
    mq_getattr(q, &got);
    printf("mq %ld %ld %ld\n", got.mq_maxmsg, got.mq_msgsize, got.mq_curmsgs);
    sigaction(SIGUSR1, &sa, NULL);
    event.sigev_value.sival_int = 42;
    printf("notify %d", mq_notify(q, &event));
    printf(" send %d %d\n", mq_send(q, "low", 4, 1), mq_send(q, "high", 5, 8));
    printf("notified %d\n", (int)notified);
    int r = (int)mq_receive(q, text, sizeof(text), &priority);
    printf("received %d %s %u\n", r, text, priority);
    r = (int)mq_timedreceive(q, text, sizeof(text), &priority, &past);
    printf("received %d %s %u\n", r, text, priority);
    r = (int)mq_timedreceive(q, text, sizeof(text), &priority, &past);
    printf("empty %d %s\n", r, strerror(errno));
    printf("closed %d %d\n", mq_close(q), mq_unlink(name));
}

static void clone_args(void)
{
    int pidfd = -1, status;
    struct clone_args args = {.flags = CLONE_PIDFD, .pidfd = (uintptr_t)&pidfd,
                              .exit_signal = SIGCHLD};
    long pid = syscall(SYS_clone3, &args, sizeof(args));
    if (!pid)
        _exit(33);
    if (pid < 0) {
        printf("clone3 %s\n", strerror(errno));
        return;
    }
    waitpid((pid_t)pid, &status, 0);
    printf("clone3 %d pidfd %d\n", WEXITSTATUS(status), pidfd > 2);
    args.set_tid_size = 1;
    pid = syscall(SYS_clone3, &args, sizeof(args));
    printf("refused %ld %s\n", pid, strerror(errno));
}

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    semaphores();
    messages();
    segments();
    queues();
    clone_args();
    return 0;
}
