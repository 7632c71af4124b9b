/* Files of /proc/self that must tell about the guest instead of the host's program. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "process/debug.h"
#include "process/syscall.h"
#include "util/bits.h"

enum { PROC_LINE = 1024 };

/* The part of @path behind /proc/self/ or /proc/PID/; NULL when it is something else. */
static const char *own_file(const char *path)
{
    char prefix[32];
    int n = snprintf(prefix, sizeof(prefix), "/proc/%d/", (int)getpid());
    if (!strncmp(path, prefix, (size_t)n))
        return path + n;
    static const char *const names[] = {"/proc/self/", "/proc/thread-self/"};
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
        if (!strncmp(path, names[i], strlen(names[i])))
            return path + strlen(names[i]);
    return NULL;
}

bool procfs_is_exe(const char *path)
{
    const char *file = own_file(path);
    return file && !strcmp(file, "exe");
}

/* One line of the host's map, when it is of the window: with the guest's addresses and rights. A
 * line is divided where rights change, as the guest sees more of them than the host. */
static void map_line(const struct process *p, const char *line, FILE *out)
{
    enum { SEEN = SPACE_MAPPED | SPACE_READ | SPACE_WRITE | SPACE_EXEC };
    const struct space *s = &p->space;
    unsigned long long start, end, offset;
    char shared, device[16], rest[4200] = "";
    unsigned long inode;
    if (sscanf(line, "%llx-%llx %*c%*c%*c%c %llx %15s %lu %4199[^\n]", &start, &end, &shared,
               &offset, device, &inode, rest) < 6)
        return;
    uint64_t base = (uintptr_t)s->base;
    if (end <= base || start >= base + (1ull << 32))
        return;
    if (start < base)
        start = base;
    if (end > base + (1ull << 32))
        end = base + (1ull << 32);
    for (uint64_t from = start - base, to; from < end - base; from = to) {
        unsigned f = space_flags(s, (uint32_t)from) & SEEN;
        for (to = from + SPACE_PAGE; to < end - base; to += SPACE_PAGE)
            if ((space_flags(s, (uint32_t)to) & SEEN) != f)
                break;
        if (!(f & SPACE_MAPPED))
            continue;
        const char *name = rest;
        if (from >= p->stack_bottom && from < p->stack_top)
            name = "[stack]";
        else if (from >= p->space.brk_start && from < p->space.brk)
            name = "[heap]";
        else if (from == SPACE_KUSER)
            name = "[vectors]";
        int n = fprintf(out, "%08llx-%08llx %c%c%c%c %08llx %s %lu", (unsigned long long)from,
                        (unsigned long long)to, f & SPACE_READ ? 'r' : '-',
                        f & SPACE_WRITE ? 'w' : '-', f & SPACE_EXEC ? 'x' : '-', shared,
                        offset + (from - (start - base)), device, inode);
        fprintf(out, "%*s%s\n", *name && n < 73 ? 73 - n : 0, "", name);
    }
}

static void write_maps(const struct process *p, FILE *out)
{
    char *line = NULL;
    size_t size = 0;
    FILE *in = fopen("/proc/self/maps", "re");
    while (in && getline(&line, &size, in) > 0)
        map_line(p, line, out);
    free(line);
    if (in)
        fclose(in);
}

/* Bytes that the program has mapped. */
static uint32_t mapped_size(const struct process *p)
{
    uint32_t pages = 0;
    for (uint32_t i = 0; i < SPACE_PAGES; i++)
        pages += (space_flags(&p->space, i * SPACE_PAGE) & SPACE_MAPPED) != 0;
    return pages * SPACE_PAGE;
}

/* The first line of a host's file. */
static bool first_line(const char *path, char *line, int size)
{
    FILE *in = fopen(path, "re");
    bool ok = in && fgets(line, size, in);
    if (in)
        fclose(in);
    return ok;
}

/* proc(5): the numbers behind the name that are addresses or sizes of the program's memory. */
static void write_stat(const struct process *p, FILE *out)
{
    const struct {
        unsigned field;
        uint32_t value;
    } own[] = {
        {23, mapped_size(p)}, {25, UINT32_MAX},
        {26, p->image_start}, {27, p->space.brk_start}, {28, p->stack_start}, {29, 0}, {30, 0},
        {45, p->image_start}, {46, p->space.brk_start}, {47, p->space.brk_start},
        {48, p->args_start}, {49, p->args_end}, {50, p->args_end}, {51, p->env_end},
    };
    char line[PROC_LINE];
    if (!first_line("/proc/self/stat", line, sizeof(line)) || !strrchr(line, ')'))
        return;
    char *rest = strrchr(line, ')') + 1, *save;
    fprintf(out, "%.*s", (int)(rest - line), line);
    unsigned field = 3, k = 0;
    for (char *word = strtok_r(rest, " \n", &save); word; word = strtok_r(NULL, " \n", &save)) {
        if (k < ARRAY_SIZE(own) && own[k].field == field)
            fprintf(out, " %u", own[k++].value);
        else
            fprintf(out, " %s", word);
        field++;
    }
    fputc('\n', out);
}

static void write_statm(const struct process *p, FILE *out)
{
    unsigned long long total, resident, shared;
    unsigned pages = mapped_size(p) / SPACE_PAGE;
    char line[PROC_LINE];
    if (first_line("/proc/self/statm", line, sizeof(line)) &&
        sscanf(line, "%llu %llu %llu", &total, &resident, &shared) == 3) {
        resident = resident < pages ? resident : pages;
        fprintf(out, "%u %llu %llu %u 0 %u 0\n", pages, resident,
                shared < resident ? shared : resident,
                (p->space.brk_start - p->image_start) / SPACE_PAGE, pages);
    }
}

/* Sizes in KiB, as the program's memory has them; the other lines are the host's. */
static void write_status(const struct process *p, FILE *out)
{
    char *line = NULL;
    size_t size = 0;
    unsigned kib = mapped_size(p) / 1024;
    FILE *in = fopen("/proc/self/status", "re");
    while (in && getline(&line, &size, in) > 0) {
        if (!strncmp(line, "VmPeak:", 7) || !strncmp(line, "VmSize:", 7))
            fprintf(out, "%.7s\t%8u kB\n", line, kib);
        else
            fputs(line, out);
    }
    free(line);
    if (in)
        fclose(in);
}

/* Memory of the program, if it still has it: nothing otherwise. */
static void write_memory(const struct process *p, uint32_t addr, uint32_t len, FILE *out)
{
    char *buf = malloc(len);
    if (buf && debug_read_memory(p, addr, buf, len))
        fwrite(buf, 1, len, out);
    free(buf);
}

static void write_auxv(const struct process *p, FILE *out)
{
    write_memory(p, p->auxv, p->auxv_size, out);
}

static void write_cmdline(const struct process *p, FILE *out)
{
    write_memory(p, p->args_start, p->args_end - p->args_start, out);
}

static void write_cpuinfo(const struct process *p, FILE *out)
{
    const struct arm_cpu_model *m = p->config.cpu_model;
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    for (long i = 0; i < count; i++) {
        fprintf(out, "processor\t: %ld\nmodel name\t: %s\nFeatures\t:", i, m->name);
        loader_write_capabilities(m->features, out);
        fprintf(out,
                "\nCPU implementer\t: 0x%02x\nCPU architecture: %d\nCPU variant\t: 0x%x\n"
                "CPU part\t: 0x%03x\nCPU revision\t: %u\n\n",
                m->midr >> 24,
                m->features & ARM_FEATURE(V8) ? 8 : m->features & ARM_FEATURE(V7) ? 7 : 6,
                m->midr >> 20 & 15, m->midr >> 4 & 0xfff, m->midr & 15);
    }
    fprintf(out, "Hardware\t: armemu\n");
}

static const struct {
    const char *name;
    void (*write)(const struct process *p, FILE *out);
} files[] = {
    {"maps", write_maps}, {"auxv", write_auxv}, {"cmdline", write_cmdline},
    {"stat", write_stat}, {"statm", write_statm}, {"status", write_status},
};

static int contents(const struct process *p, void (*write)(const struct process *p, FILE *out),
                    int flags)
{
    char *text = NULL;
    size_t size;
    int fd = memfd_create("armemu-proc", flags & O_CLOEXEC ? MFD_CLOEXEC : 0);
    if (fd < 0)
        return -errno;
    FILE *out = open_memstream(&text, &size);
    if (!out) {
        close(fd);
        return -ENOMEM;
    }
    write(p, out);
    fclose(out);
    for (size_t done = 0; done < size;) {
        ssize_t n = pwrite(fd, text + done, size - done, (off_t)done);
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    free(text);
    return fd;
}

bool procfs_make(const struct process *p, const char *path, int flags, int64_t *result)
{
    if (strncmp(path, "/proc/", 6))
        return false;
    if (!strcmp(path, "/proc/cpuinfo")) {
        *result = contents(p, write_cpuinfo, flags);
        return true;
    }
    const char *file = own_file(path);
    for (unsigned i = 0; file && i < ARRAY_SIZE(files); i++) {
        if (strcmp(file, files[i].name))
            continue;
        *result = contents(p, files[i].write, flags);
        return true;
    }
    return false;
}

bool procfs_is_hidden(const char *path)
{
    const char *file = own_file(path);
    return file && !strncmp(file, "smaps", 5);
}

bool procfs_open(struct task *t, const char *path, int flags, int64_t *result)
{
    if (!procfs_is_exe(path))
        return procfs_make(t->process, path, flags, result);
    *result = HOST4(t, SYS_openat, AT_FDCWD, t->process->exe, flags, 0);
    return true;
}
