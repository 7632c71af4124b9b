/* A program that makes a process. Its arguments say how: "fork" or "vfork", then "exec" to execute
 * itself there, or "self" to execute itself at once; "wait": both count until they are told to go
 * on. "threads": it makes 20, while another thread calls a function again and again. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

volatile int stage, stay = 1, turns;

void in_child(void)
{
    stage = 1;
}

void in_parent(void)
{
    stage = 2;
}

static void turn(void)
{
    while (stay)
        turns++;
}

__attribute__((noinline)) void called(void)
{
    turns++;
}

static void *calls(void *p)
{
    while (stay) {
        for (volatile int i = 0; i < 20000; i++) /* the others' turn */
            ;
        called();
    }
    return p;
}

static int make_many(void)
{
    pthread_t thread;
    int status, sum = 0;
    pthread_create(&thread, NULL, calls, NULL);
    for (int i = 0; i < 20; i++) {
        pid_t child = fork();
        if (!child)
            _exit(1);
        waitpid(child, &status, 0);
        sum += WEXITSTATUS(status);
    }
    stay = 0;
    pthread_join(thread, NULL);
    printf("children %d\n", sum);
    return 3;
}

int main(int argc, char **argv)
{
    int status;
    char *again[] = {argv[0], "again", "x", NULL};
    if (!strcmp(argv[1], "again")) {
        printf("again %s\n", argv[2]);
        return 9;
    }
    if (!strcmp(argv[1], "threads"))
        return make_many();
    if (!strcmp(argv[1], "self"))
        execv(argv[0], again);
    pid_t child = strcmp(argv[1], "vfork") ? fork() : vfork();
    if (!child) {
        in_child();
        if (argc > 2 && !strcmp(argv[2], "exec"))
            execv(argv[0], again);
        if (argc > 2 && !strcmp(argv[2], "wait"))
            turn();
        _exit(5);
    }
    in_parent();
    if (argc > 2 && !strcmp(argv[2], "wait"))
        turn();
    waitpid(child, &status, 0);
    printf("child %d\n", WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status));
    return 3;
}
