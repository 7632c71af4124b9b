/* What /proc/self says is about this program. */
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

static char *line_of(const char *path, char *line, int size)
{
    FILE *f = fopen(path, "r");
    if (!f || !fgets(line, size, f))
        line[0] = 0;
    if (f)
        fclose(f);
    return line;
}

static unsigned long status_kib(const char *name)
{
    char line[256];
    unsigned long value = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof(line), f))
        if (!strncmp(line, name, strlen(name)))
            sscanf(line + strlen(name), "%lu", &value);
    fclose(f);
    return value;
}

static int ends_with(const char *s, const char *tail)
{
    return strlen(s) >= strlen(tail) && !strcmp(s + strlen(s) - strlen(tail), tail);
}

static void *count_tasks(void *arg)
{
    int n = 0;
    DIR *d = opendir("/proc/self/task");
    for (struct dirent *e; d && (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    *(int *)arg = n;
    return NULL;
}

static void about_files(int argc, char **argv)
{
    char exe[512] = "", line[1024], all[1024] = "";
    const char *name = strrchr(argv[0], '/');
    unsigned long start, end, pairs[2], seen = 0, good = 0;
    char rights[8];
    int found = 0, offset = 0, tasks = 0;
    pthread_t thread;
    readlink("/proc/self/exe", exe, sizeof(exe) - 1);
    FILE *f = fopen("/proc/self/maps", "r");
    while (fgets(line, sizeof(line), f)) {
        line[strcspn(line, "\n")] = 0;
        if (sscanf(line, "%lx-%lx %7s", &start, &end, rights) == 3 &&
            start <= (unsigned long)about_files && (unsigned long)about_files < end)
            found = !strcmp(rights, "r-xp") && ends_with(line, exe);
    }
    fclose(f);
    printf("maps %d\n", found && exe[0] == '/');
    f = fopen("/proc/self/auxv", "r");
    while (fread(pairs, sizeof(pairs), 1, f) == 1 && pairs[0]) {
        seen++;
        good += getauxval(pairs[0]) == pairs[1];
    }
    fclose(f);
    printf("auxv %d %d\n", seen > 12 && good == seen, pairs[0] == 0);
    f = fopen("/proc/self/cmdline", "r");
    int length = fread(all, 1, sizeof(all), f), same = 1;
    fclose(f);
    for (int i = 0; i < argc; offset += strlen(argv[i]) + 1, i++)
        same &= !strcmp(all + offset, argv[i]);
    printf("cmdline %d\n", same && offset == length);
    pthread_create(&thread, NULL, count_tasks, &tasks);
    pthread_join(thread, NULL);
    printf("tasks %d\n", tasks);
}

int main(int argc, char **argv)
{
    char line[1024], *rest;
    unsigned long long field[60] = {0}, on_stack = (unsigned long)&line, total, resident;
    printf("%s: name %s", argv[1], line_of("/proc/self/comm", line, sizeof(line)));
    rest = strrchr(line_of("/proc/self/stat", line, sizeof(line)), ')');
    int n = 0, at = 0, used;
    for (at = 3; rest && sscanf(rest + 3 + n, "%llu%n", &field[at + 1], &used) == 1 && at < 54;
         at++)
        n += used;
    printf("size %d\n", field[23] > 0 && field[23] < 1ull << 32);
    printf("code %d\n", field[26] <= (unsigned long)main && (unsigned long)main < field[27]);
    printf("stack %d\n", field[28] > on_stack && field[28] - on_stack < 1 << 20);
    printf("strings %d\n", field[48] == (unsigned long)argv[0] &&
                               field[49] > (unsigned long)argv[1] && field[50] == field[49] &&
                               field[51] > field[50]);
    printf("break %d\n", field[47] <= (unsigned long)sbrk(0));
    line_of("/proc/self/statm", line, sizeof(line));
    printf("pages %d\n", sscanf(line, "%llu %llu", &total, &resident) == 2 && resident <= total &&
           total < 1 << 20);
    printf("status %d\n", status_kib("VmSize:") > 0 && status_kib("VmSize:") < 4 << 20);
    about_files(argc, argv);
    printf("secure %lu\n", getauxval(AT_SECURE));
    fflush(stdout);
    if (argc < 3)
        execl(argv[0], "another", "again", "last", NULL);
    return 0;
}
