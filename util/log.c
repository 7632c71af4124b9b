#include "util/log.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The log sink is the one thing that is shared by all VMs of a process. */
_Atomic uint32_t log_mask;
static FILE *log_file;
static pthread_mutex_t log_mutex = PTHREAD_MUTEX_INITIALIZER;

#define FILTER_MAX 64
static struct {
    uint64_t first, last;
} log_filter[FILTER_MAX];
static unsigned log_filter_count;

static const struct {
    const char *name, *help;
    uint32_t mask;
} categories[] = {
#define X(id, name, help) {name, help, LOG_##id},
    LOG_CATEGORIES(X)
#undef X
};

FILE *log_stream(void)
{
    return log_file ? log_file : stderr;
}

void log_lock(void)
{
    pthread_mutex_lock(&log_mutex);
}

void log_flush(void)
{
    if (log_file) /* stderr has no buffer */
        fflush(log_file);
}

void log_unlock(void)
{
    log_flush();
    pthread_mutex_unlock(&log_mutex);
}

void log_write(uint32_t mask, const char *fmt, ...)
{
    if (!log_enabled(mask))
        return;
    log_lock();
    va_list ap;
    va_start(ap, fmt);
    vfprintf(log_stream(), fmt, ap);
    va_end(ap);
    fputc('\n', log_stream());
    log_unlock();
}

static bool category_find(const char *name, size_t len, uint32_t *mask)
{
    for (unsigned i = 0; i < LOG_CATEGORY_COUNT; i++) {
        if (strlen(categories[i].name) == len && !memcmp(categories[i].name, name, len)) {
            *mask |= categories[i].mask;
            return true;
        }
    }
    return false;
}

bool log_parse(const char *list, uint32_t *mask, struct error *e)
{
    *mask = 0;
    while (*list) {
        size_t len = strcspn(list, ",");
        if (!category_find(list, len, mask)) {
            char word[64];
            snprintf(word, sizeof(word), "%.*s", (int)len, list);
            const char *names[LOG_CATEGORY_COUNT + 1] = {0};
            for (unsigned i = 0; i < LOG_CATEGORY_COUNT; i++)
                names[i] = categories[i].name;
            const char *near = error_nearest(word, names);
            return error_set(e, "-d: unknown log category '%s'%s%s%s (see -d help)", word,
                             near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
        }
        list += len;
        list += *list == ',';
    }
    return true;
}

void log_print_help(FILE *out)
{
    fprintf(out, "Log categories (-d name[,name...]):\n");
    for (unsigned i = 0; i < LOG_CATEGORY_COUNT; i++)
        fprintf(out, "  %-14s %s\n", categories[i].name, categories[i].help);
}

FILE *log_file_open(const char *path)
{
    enum { ASIDE = 1000 };
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    int aside = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, ASIDE);
    if (aside >= 0) { /* else there are no descriptors as high as that */
        close(fd);
        fd = aside;
    }
    FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
    if (!f && fd >= 0)
        close(fd);
    return f;
}

bool log_open(const char *path, struct error *e)
{
    char name[4096];
    const char *percent = strstr(path, "%d");
    if (percent)
        snprintf(name, sizeof(name), "%.*s%d%s", (int)(percent - path), path, (int)getpid(),
                 percent + 2);
    else
        snprintf(name, sizeof(name), "%s", path);
    FILE *f = log_file_open(name);
    if (!f)
        return error_set_errno(e, "-D: cannot open log file '%s'", name);
    log_file = f;
    return true;
}

bool log_filter_parse(const char *list, struct error *e)
{
    log_filter_count = 0;
    while (*list) {
        char *end;
        if (log_filter_count == FILTER_MAX)
            return error_set(e, "-dfilter: more than %d ranges", FILTER_MAX);
        uint64_t start = strtoull(list, &end, 0), arg = 0;
        if (end == list)
            return error_set(e, "-dfilter: no address at '%s'", list);
        const char *p = end;
        bool range = !strncmp(p, "..", 2), plus = *p == '+', minus = *p == '-';
        if (!range && !plus && !minus)
            return error_set(e, "-dfilter: expected start+size, start-size or start..end at '%s'",
                             list);
        p += range ? 2 : 1;
        arg = strtoull(p, &end, 0);
        if (end == p || (*end && *end != ','))
            return error_set(e, "-dfilter: malformed range at '%s'", list);
        log_filter[log_filter_count].first = minus ? start - arg : start;
        log_filter[log_filter_count].last = range ? arg : plus ? start + arg - 1 : start;
        log_filter_count++;
        list = end + (*end == ',');
    }
    return true;
}

bool log_filter_match(uint64_t addr)
{
    if (!log_filter_count)
        return true;
    for (unsigned i = 0; i < log_filter_count; i++)
        if (addr >= log_filter[i].first && addr <= log_filter[i].last)
            return true;
    return false;
}
