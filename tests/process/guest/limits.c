/* Limits of memory, and locking it. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
static void show(const char *what, long r)
{
    printf("%s %ld%s%s\n", what, r, r < 0 ? " " : "", r < 0 ? strerror(errno) : "");
}
static unsigned long locked(void)
{
    char l[256];
    unsigned long v = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (fgets(l, 256, f))
        sscanf(l, "VmLck: %lu", &v);
    fclose(f);
    return v;
}
int main(int argc, char **argv)
{
    if (argc > 1) { /* limits go from program to program, and nothing else does */
        struct rlimit now;
        getrlimit(RLIMIT_AS, &now);
        printf("again %lu, variable %d\n", (unsigned long)now.rlim_cur >> 20,
               getenv("ARMEMU_LIMITS") != NULL);
        show("much", mmap(0, 100 << 20, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
        return 0;
    }

    struct rlimit l = {64 << 20, 128 << 20}, o;
    show("flags", mlockall(0));
    show("flags", mlockall(77));
    show("all", mlockall(MCL_CURRENT));
    printf("%d\n", locked() > 100);
    show("none", munlockall());
    printf("%lu\n", locked());
    show("future", mlockall(MCL_FUTURE));
    mmap(0, 1 << 20, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    printf("%d\n", locked() >= 1024);
    show("none", munlockall());
    show("set", setrlimit(RLIMIT_AS, &l));
    getrlimit(RLIMIT_AS, &o);
    printf("%lu %lu\n", (long)o.rlim_cur >> 20, (long)o.rlim_max >> 20);
    show("much", mmap(0, 100 << 20, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
    show("malloc", malloc(100 << 20) == 0);
    show("little", mmap(0, 1 << 20, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
    l.rlim_cur = 200 << 20;
    show("soft above hard", setrlimit(RLIMIT_AS, &l));
    l.rlim_cur = 100 << 20;
    show("up", prlimit(0, RLIMIT_AS, &l, &o));
    printf("%lu\n", (long)o.rlim_cur >> 20);
    l = (struct rlimit){2 << 20, o.rlim_max};
    show("stack", setrlimit(RLIMIT_STACK, &l));
    getrlimit(RLIMIT_STACK, &o);
    printf("%lu\n", (long)o.rlim_cur >> 20);
    fflush(stdout);
    execl("/proc/self/exe", argv[0], "again", NULL);
    return 0;
}
