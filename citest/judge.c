/* Does the output fit the expectations? */
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "citest/result.h"
#include "host/file.h"

enum { FILE_MAX = 64 << 20 };

static bool found_in(const struct citest_pattern *p, const char *data, size_t len)
{
    if (!p->is_regex)
        return memmem(data, len, p->text, strlen(p->text)) != NULL;
    regmatch_t range = {.rm_so = 0, .rm_eo = (regoff_t)len};
    regex_t regex;
    if (regcomp(&regex, p->text, REG_EXTENDED | REG_NEWLINE))
        return false;
    bool found = !regexec(&regex, data, 1, &range, REG_STARTEND);
    regfree(&regex);
    return found;
}

static bool found_in_output(const struct citest_pattern *p, struct citest_shared *s)
{
    for (int port = 0; port < CITEST_PORTS; port++) {
        if (p->port != CITEST_ANY && p->port != port)
            continue;
        if (found_in(p, (const char *)citest_output(s, port), s->result.output_len[port]))
            return true;
    }
    return false;
}

static const char *port_name(int port, char *buf, size_t size)
{
    if (port == CITEST_ANY)
        snprintf(buf, size, "the output");
    else if (port == CITEST_CONSOLE)
        snprintf(buf, size, "the console");
    else
        snprintf(buf, size, "uart%d", port - CITEST_UART0);
    return buf;
}

static void complain(const struct citest_pattern *p, bool found, char *reason)
{
    char place[64];
    snprintf(reason, CITEST_REASON_MAX, "%s %s %s'%s'",
             p->file ? p->file : port_name(p->port, place, sizeof(place)),
             found ? "contains" : "does not contain", p->is_regex ? "a match of " : "", p->text);
}

static bool read_below(const char *root, const char *name, uint8_t **data, size_t *size,
                       char *reason)
{
    struct error e = {0};
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", root, name);
    if (file_read(path, FILE_MAX, data, size, &e))
        return true;
    if (access(path, F_OK)) /* where it would be differs from run to run */
        snprintf(reason, CITEST_REASON_MAX, "there is no file %.400s", name);
    else
        snprintf(reason, CITEST_REASON_MAX, "file %s: %.400s", name, e.text);
    return false;
}

static bool judge_pattern(const struct citest_pattern *p, struct citest_shared *s, const char *root,
                          char *reason)
{
    bool found;
    if (p->file) {
        uint8_t *data;
        size_t size;
        if (!read_below(root, p->file, &data, &size, reason))
            return false;
        found = found_in(p, (const char *)data, size);
        free(data);
    } else {
        found = found_in_output(p, s);
    }
    if (found == p->reject)
        complain(p, found, reason);
    return found != p->reject;
}

static bool judge_file(const struct citest_file *f, const char *root, char *reason)
{
    uint8_t *data;
    size_t size;
    if (!read_below(root, f->name, &data, &size, reason))
        return false;
    bool same = !f->content || (size == f->len && !memcmp(data, f->content, size));
    free(data);
    if (!same)
        snprintf(reason, CITEST_REASON_MAX, "file %s has not the expected content", f->name);
    return same;
}

bool citest_judge(const struct citest_case *c, struct citest_shared *shared, const char *root,
                  char *reason)
{
    for (const struct citest_pattern *p = c->patterns; p; p = p->next)
        if (!judge_pattern(p, shared, root, reason))
            return false;
    for (const struct citest_file *f = c->files; f; f = f->next)
        if (!judge_file(f, root, reason))
            return false;
    return true;
}
