/* A program that makes a process. Its arguments say how: "fork" or "vfork", then "exec" to execute
 * itself there, or "self" to execute itself at once; "wait": both count until they are told to go
 * on. */
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

int main(int argc, char **argv)
{
    int status;
    char *again[] = {argv[0], "again", "x", NULL};
    if (!strcmp(argv[1], "again")) {
        printf("again %s\n", argv[2]);
        return 9;
    }
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
