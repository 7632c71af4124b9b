#include "citest/case.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "host/clock.h"
#include "util/bits.h"

void citest_suite_init(struct citest_suite *s, const char *name)
{
    *s = (struct citest_suite){0};
    s->name = citest_copy(s, name, strlen(name));
}

void citest_suite_free(struct citest_suite *s)
{
    free(s->cases);
    arena_free(&s->arena);
}

char *citest_copy(struct citest_suite *s, const char *text, size_t len)
{
    char *copy = arena_alloc(&s->arena, len + 1);
    memcpy(copy, text, len);
    copy[len] = 0;
    return copy;
}

void citest_case_defaults(struct citest_case *c)
{
    *c = (struct citest_case){
        .timeout_ns = 60 * CLOCK_NS_PER_SEC,
        .wall_timeout_ns = 120 * CLOCK_NS_PER_SEC,
        .output_limit = 1 << 20,
        .memory_limit = 1ull << 30,
        .repetition = 1,
    };
}

bool citest_unmapped_find(const char *name, enum vm_unmapped *value)
{
    static const char *const names[] = {
        [VM_UNMAPPED_FAULT] = "fault", [VM_UNMAPPED_WARN] = "warn", [VM_UNMAPPED_ZERO] = "zero"};
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
        if (!strcmp(name, names[i])) {
            *value = (enum vm_unmapped)i;
            return true;
        }
    return false;
}

bool citest_parse_size(const char *text, uint64_t *value)
{
    char *end;
    errno = 0;
    *value = strtoull(text, &end, 0);
    unsigned shift = *end == 'K' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 0;
    if (*text < '0' || *text > '9' || (*end && (!shift || end[1])) || errno || !*value ||
        *value > CITEST_SIZE_MAX >> shift)
        return false;
    *value <<= shift;
    return true;
}

bool citest_case_needs_folder(const struct citest_case *c)
{
    bool files = c->files;
    for (const struct citest_pattern *p = c->patterns; p; p = p->next)
        files = files || p->file;
    return files && !c->root;
}

bool citest_parse_seconds(const char *text, int64_t *ns)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end || !(value * 1e9 >= 1) || value > 1e9)
        return false;
    *ns = (int64_t)(value * 1e9);
    return true;
}

static struct citest_case *case_new(struct citest_suite *s)
{
    if (s->count == s->capacity) {
        s->capacity = s->capacity ? 2 * s->capacity : 64;
        s->cases = realloc(s->cases, s->capacity * sizeof(*s->cases));
        if (!s->cases)
            abort();
    }
    return &s->cases[s->count++];
}

void citest_suite_add(struct citest_suite *s, const struct citest_case *c, const char *name,
                      const char *image)
{
    struct citest_case *new = case_new(s);
    *new = *c;
    new->name = citest_copy(s, name, strlen(name));
    new->image = image ? citest_copy(s, image, strlen(image)) : NULL;
}

/* Keep the tests that @keep wants. */
static void keep_if(struct citest_suite *s, bool (*keep)(const struct citest_case *c, unsigned i,
                                                         const void *opaque), const void *opaque)
{
    unsigned n = 0;
    for (unsigned i = 0; i < s->count; i++)
        if (keep(&s->cases[i], i, opaque))
            s->cases[n++] = s->cases[i];
    s->count = n;
}

static bool name_fits(const struct citest_case *c, unsigned i, const void *filter)
{
    return strstr(c->name, filter) || !fnmatch(filter, c->name, 0);
}

void citest_suite_filter(struct citest_suite *s, const char *filter)
{
    keep_if(s, name_fits, filter);
}

static bool in_shard(const struct citest_case *c, unsigned i, const void *opaque)
{
    const unsigned *shard = opaque;
    return i % shard[1] == shard[0];
}

void citest_suite_shard(struct citest_suite *s, unsigned index, unsigned of)
{
    const unsigned shard[2] = {index - 1, of};
    keep_if(s, in_shard, shard);
}

void citest_suite_repeat(struct citest_suite *s, unsigned times)
{
    unsigned count = s->count;
    for (unsigned n = 2; n <= times; n++)
        for (unsigned i = 0; i < count; i++) {
            struct citest_case *new = case_new(s);
            *new = s->cases[i];
            new->repetition = n;
        }
}
