/* Mappings: files, rights, growing and moving, the break. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096 };

/* Memory that children do not have, with code that has been executed. */
static void alone(void)
{
    uint32_t *code = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    code[0] = 0xe3a0002au; /* mov r0, #42 */
    code[1] = 0xe12fff1eu; /* bx lr */
    __builtin___clear_cache((char *)code, (char *)(code + 2));
    printf("code %d\n", ((int (*)(void))code)());
    printf("dontfork %d\n", madvise(code, PAGE, MADV_DONTFORK));
    mprotect(code, PAGE, PROT_READ | PROT_EXEC);
    fflush(stdout);
    pid_t pid = fork();
    if (!pid) {
        int gone = msync(code, PAGE, MS_ASYNC) == -1 && errno == ENOMEM,
            there = msync(code + PAGE / 4, PAGE, MS_ASYNC) == 0;
        int free = mmap(code, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
                        -1, 0) == code;
        exit(gone | there << 1 | free << 2);
    }
    int status;
    waitpid(pid, &status, 0);
    printf("child %x, code %d\n", status, ((int (*)(void))code)());
}

int main(void)
{
    char *p = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    strcpy(p + PAGE, "text");
    printf("mapped %d\n", p != MAP_FAILED);
    char *q = mremap(p, 3 * PAGE, 100 * PAGE, MREMAP_MAYMOVE);
    printf("grown %s, zero %d\n", q + PAGE, q[99 * PAGE]);
    q = mremap(q, 100 * PAGE, 2 * PAGE, 0);
    printf("shrunk %s\n", q + PAGE);
    printf("munmap %d again %d\n", munmap(q, 2 * PAGE), munmap(q, 2 * PAGE));
    printf("bad munmap %d %s\n", munmap((void *)1, PAGE), strerror(errno));
    printf("mprotect nothing %d %s\n", mprotect(q, PAGE, PROT_READ), strerror(errno));
    char *fixed = (void *)0x20000000;
    q = mmap(fixed, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    printf("fixed %d\n", q == fixed);
    q = mmap(fixed, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    printf("noreplace %d %s\n", q == MAP_FAILED, strerror(errno));
    q = mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    printf("empty %d %s\n", q == MAP_FAILED, strerror(errno));
    q = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 99, 0);
    printf("bad fd %d %s\n", q == MAP_FAILED, strerror(errno));
    char name[] = "/tmp/armemu-test-XXXXXX";
    int fd = mkstemp(name);
    unlink(name);
    ftruncate(fd, 2 * PAGE);
    pwrite(fd, "second page", 12, PAGE);
    char *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, PAGE);
    char *private = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, PAGE);
    private[0] = 'P';
    shared[1] = 'E';
    char buf[12];
    pread(fd, buf, 12, PAGE);
    printf("shared %s private %s file %s\n", shared, private, buf);
    printf("msync %d\n", msync(shared, PAGE, MS_SYNC));
    char *old = sbrk(0);
    printf("brk %d %d\n", brk(old + 10 * PAGE), sbrk(0) == old + 10 * PAGE);
    old[10 * PAGE - 1] = 1;
    printf("brk back %d\n", brk(old));
    for (int i = 0; i < 200; i++) {
        char *m = malloc(i * 5000 + 1);
        memset(m, i, i * 5000 + 1);
        if (i % 3)
            free(m);
    }
    char *big = malloc(600u << 20);
    printf("malloc %d\n", big != NULL);
    big[600u * (1 << 20) - 1] = 1;
    free(big);
    madvise(private, PAGE, MADV_DONTNEED);
    printf("dontneed %.6s\n", private);
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512];
    int stack = 0;
    unsigned local = (unsigned)__builtin_frame_address(0);
    while (fgets(line, sizeof(line), maps)) {
        unsigned from, to;
        if (sscanf(line, "%x-%x", &from, &to) == 2 && local >= from && local < to)
            stack = strstr(line, "rw") && strstr(line, "[stack]");
    }
    printf("stack in maps %d\n", stack);
    alone();
    return 0;
}
