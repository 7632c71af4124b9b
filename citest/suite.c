/* Suites of tests as YAML files. */
#include <errno.h>
#include <glob.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "citest/case.h"
#include "host/clock.h"
#include "util/bits.h"

/* The file under way. */
struct reader {
    struct citest_suite *suite;
    const char *path;
    yaml_document_t doc;
    struct error *e;
};

static bool fail(const struct reader *r, const yaml_node_t *n, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static bool fail(const struct reader *r, const yaml_node_t *n, const char *fmt, ...)
{
    va_list ap;
    char text[400];
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return error_set(r->e, "%s:%zu:%zu: %s", r->path, n->start_mark.line + 1,
                     n->start_mark.column + 1, text);
}

static const yaml_node_t *node(const struct reader *r, int index)
{
    return yaml_document_get_node((yaml_document_t *)&r->doc, index);
}

/* ---- scalars --------------------------------------------------------------------------------- */

static bool text_of(const struct reader *r, const yaml_node_t *n, const char **text, size_t *len)
{
    *text = "";
    *len = 0;
    if (n->type != YAML_SCALAR_NODE)
        return fail(r, n, "a text is expected here");
    *text = citest_copy(r->suite, (const char *)n->data.scalar.value, n->data.scalar.length);
    *len = n->data.scalar.length;
    return true;
}

static bool string_of(const struct reader *r, const yaml_node_t *n, const char **text)
{
    size_t len = 0;
    if (!text_of(r, n, text, &len))
        return false;
    return strlen(*text) == len || fail(r, n, "a zero byte is not allowed here");
}

static bool number_of(const struct reader *r, const yaml_node_t *n, uint64_t max, uint64_t *value)
{
    const char *text = "";
    char *end;
    if (!string_of(r, n, &text))
        return false;
    errno = 0;
    *value = strtoull(text, &end, 0);
    if (*text < '0' || *text > '9' || *end || errno || *value > max)
        return fail(r, n, "'%.40s' is not a number from 0 to %llu", text, (unsigned long long)max);
    return true;
}

static bool size_of(const struct reader *r, const yaml_node_t *n, uint64_t *value)
{
    const char *text = "";
    return string_of(r, n, &text) &&
           (citest_parse_size(text, value) || fail(r, n, CITEST_NO_SIZE, text));
}

static bool seconds_of(const struct reader *r, const yaml_node_t *n, int64_t *ns)
{
    const char *text = "";
    return string_of(r, n, &text) &&
           (citest_parse_seconds(text, ns) || fail(r, n, CITEST_NO_SECONDS, text));
}

/* ---- tables of keys -------------------------------------------------------------------------- */

struct key {
    const char *name;
    bool (*set)(struct reader *r, const yaml_node_t *n, void *to);
};

/* Go through the mapping @n, with @to for each key's function. */
static bool each_key(struct reader *r, const yaml_node_t *n, const struct key *keys, void *to)
{
    const char *names[40] = {0};
    uint64_t seen = 0;
    if (n->type != YAML_MAPPING_NODE)
        return fail(r, n, "keys with values are expected here");
    for (unsigned i = 0; keys[i].name; i++)
        names[i] = keys[i].name;
    for (yaml_node_pair_t *p = n->data.mapping.pairs.start; p < n->data.mapping.pairs.top; p++) {
        const yaml_node_t *key = node(r, p->key);
        const char *name = "";
        if (!string_of(r, key, &name))
            return false;
        const struct key *k = keys;
        while (k->name && strcmp(k->name, name))
            k++;
        if (!k->name) {
            const char *near = error_nearest(name, names);
            return fail(r, key, "unknown key '%.40s'%s%s%s", name, near ? "; did you mean '" : "",
                        near ? near : "", near ? "'?" : "");
        }
        if (seen & BIT64(k - keys))
            return fail(r, key, "'%s' is given twice", name);
        seen |= BIT64(k - keys);
        if (!k->set(r, node(r, p->value), to))
            return false;
    }
    return true;
}

/* One item, or a list of them. */
static bool each_item(struct reader *r, const yaml_node_t *n,
                      bool (*item)(struct reader *r, const yaml_node_t *n, void *to), void *to)
{
    if (n->type != YAML_SEQUENCE_NODE)
        return item(r, n, to);
    for (yaml_node_item_t *i = n->data.sequence.items.start; i < n->data.sequence.items.top; i++)
        if (!item(r, node(r, *i), to))
            return false;
    return true;
}

/* ---- patterns -------------------------------------------------------------------------------- */

struct pattern_target {
    struct citest_case *c;
    int port;
    bool reject;
    const char *file;
    bool is_regex;
};

static void append_pattern(struct citest_case *c, struct citest_pattern *p)
{
    struct citest_pattern **end = &c->patterns;
    while (*end)
        end = &(*end)->next;
    *end = p;
}

static bool add_pattern(struct reader *r, const yaml_node_t *n, void *opaque)
{
    struct pattern_target *t = opaque;
    struct citest_pattern *p = arena_alloc(&r->suite->arena, sizeof(*p));
    char why[200];
    *p = (struct citest_pattern){.is_regex = t->is_regex, .reject = t->reject, .port = t->port,
                                 .file = t->file};
    if (!string_of(r, n, &p->text))
        return false;
    if (!*p->text)
        return fail(r, n, "an empty text is everywhere");
    regex_t regex;
    int rc = p->is_regex ? regcomp(&regex, p->text, REG_EXTENDED | REG_NEWLINE) : 0;
    if (rc) {
        regerror(rc, &regex, why, sizeof(why));
        return fail(r, n, "'%.80s' is not a regular expression: %s", p->text, why);
    }
    if (p->is_regex)
        regfree(&regex);
    append_pattern(t->c, p);
    return true;
}

static bool set_regex(struct reader *r, const yaml_node_t *n, void *opaque)
{
    struct pattern_target t = *(struct pattern_target *)opaque;
    t.is_regex = true;
    return each_item(r, n, add_pattern, &t);
}

static bool set_text(struct reader *r, const yaml_node_t *n, void *opaque)
{
    return each_item(r, n, add_pattern, opaque);
}

/* "text", or {regex: "..."}. */
static bool pattern_item(struct reader *r, const yaml_node_t *n, void *opaque)
{
    static const struct key keys[] = {{"regex", set_regex}, {"text", set_text}, {0}};
    return n->type == YAML_MAPPING_NODE ? each_key(r, n, keys, opaque) : add_pattern(r, n, opaque);
}

static bool patterns(struct reader *r, const yaml_node_t *n, struct citest_case *c, int port,
                     bool reject, const char *file)
{
    struct pattern_target t = {c, port, reject, file, false};
    return each_item(r, n, pattern_item, &t);
}

static bool set_expect(struct reader *r, const yaml_node_t *n, void *c)
{
    return patterns(r, n, c, CITEST_ANY, false, NULL);
}

static bool set_reject(struct reader *r, const yaml_node_t *n, void *c)
{
    return patterns(r, n, c, CITEST_ANY, true, NULL);
}

/* ---- ports ----------------------------------------------------------------------------------- */

struct port_target {
    struct citest_case *c;
    int port;
};

static bool port_expect(struct reader *r, const yaml_node_t *n, void *opaque)
{
    struct port_target *t = opaque;
    return patterns(r, n, t->c, t->port, false, NULL);
}

static bool port_reject(struct reader *r, const yaml_node_t *n, void *opaque)
{
    struct port_target *t = opaque;
    return patterns(r, n, t->c, t->port, true, NULL);
}

static bool input_after(struct reader *r, const yaml_node_t *n, void *opaque)
{
    return string_of(r, n, &((struct citest_input *)opaque)->after);
}

static bool input_send(struct reader *r, const yaml_node_t *n, void *opaque)
{
    struct citest_input *in = opaque;
    return text_of(r, n, &in->send, &in->len);
}

static bool input_item(struct reader *r, const yaml_node_t *n, void *opaque)
{
    static const struct key keys[] = {{"after", input_after}, {"send", input_send}, {0}};
    struct port_target *t = opaque;
    struct citest_input *in = arena_alloc(&r->suite->arena, sizeof(*in));
    struct citest_input **end = &t->c->input[t->port];
    *in = (struct citest_input){0};
    if (n->type == YAML_MAPPING_NODE ? !each_key(r, n, keys, in) : !input_send(r, n, in))
        return false;
    if (!in->send)
        return fail(r, n, "input needs 'send'");
    if (in->after && !*in->after)
        in->after = NULL;
    while (*end)
        end = &(*end)->next;
    *end = in;
    return true;
}

static bool port_input(struct reader *r, const yaml_node_t *n, void *opaque)
{
    return each_item(r, n, input_item, opaque);
}

static bool port(struct reader *r, const yaml_node_t *n, struct citest_case *c, int number)
{
    static const struct key keys[] = {
        {"expect", port_expect}, {"reject", port_reject}, {"input", port_input}, {0}};
    struct port_target t = {c, number};
    return each_key(r, n, keys, &t);
}

static bool set_console(struct reader *r, const yaml_node_t *n, void *c)
{
    static const struct key keys[] = {{"expect", port_expect}, {"reject", port_reject}, {0}};
    struct port_target t = {c, CITEST_CONSOLE};
    return each_key(r, n, keys, &t);
}

#define UART(n)                                                                                    \
    static bool set_uart##n(struct reader *r, const yaml_node_t *node, void *c)                    \
    {                                                                                              \
        return port(r, node, c, CITEST_UART0 + n);                                                 \
    }
UART(0)
UART(1)
UART(2)
UART(3)
UART(4)
UART(5)
UART(6)
UART(7)
_Static_assert(BOARD_SERIALS_MAX == 8, "a key for each");

/* ---- files ----------------------------------------------------------------------------------- */

struct file_target {
    struct citest_case *c;
    struct citest_file *file;
};

static bool file_content(struct reader *r, const yaml_node_t *n, void *opaque)
{
    struct file_target *t = opaque;
    return text_of(r, n, &t->file->content, &t->file->len);
}

static bool file_expect(struct reader *r, const yaml_node_t *n, void *opaque)
{
    struct file_target *t = opaque;
    return patterns(r, n, t->c, CITEST_ANY, false, t->file->name);
}

static bool file_reject(struct reader *r, const yaml_node_t *n, void *opaque)
{
    struct file_target *t = opaque;
    return patterns(r, n, t->c, CITEST_ANY, true, t->file->name);
}

static bool one_file(struct reader *r, const yaml_node_t *name, const yaml_node_t *n,
                     struct citest_case *c)
{
    static const struct key keys[] = {
        {"content", file_content}, {"expect", file_expect}, {"reject", file_reject}, {0}};
    struct citest_file *f = arena_alloc(&r->suite->arena, sizeof(*f));
    struct file_target t = {c, f};
    *f = (struct citest_file){.next = c->files};
    if (!string_of(r, name, &f->name))
        return false;
    if (*f->name == '/' || strstr(f->name, ".."))
        return fail(r, name, "'%.80s' is not a name below the test's folder", f->name);
    c->files = f;
    return n->type == YAML_MAPPING_NODE ? each_key(r, n, keys, &t) : file_content(r, n, &t);
}

static bool set_files(struct reader *r, const yaml_node_t *n, void *c)
{
    if (n->type != YAML_MAPPING_NODE)
        return fail(r, n, "names of files with their content are expected here");
    for (yaml_node_pair_t *p = n->data.mapping.pairs.start; p < n->data.mapping.pairs.top; p++)
        if (!one_file(r, node(r, p->key), node(r, p->value), c))
            return false;
    return true;
}

/* ---- a test ---------------------------------------------------------------------------------- */

/* A name of a file, relative to the suite's folder. */
static bool path_of(struct reader *r, const yaml_node_t *n, const char **path)
{
    const char *name, *slash = strrchr(r->path, '/');
    char *joined;
    if (!string_of(r, n, &name))
        return false;
    if (!*name)
        return fail(r, n, "a name is missing");
    if (*name == '/' || !slash) {
        *path = name;
        return true;
    }
    if (asprintf(&joined, "%.*s/%s", (int)(slash - r->path), r->path, name) < 0)
        abort();
    *path = citest_copy(r->suite, joined, strlen(joined));
    free(joined);
    return true;
}

#define STRING(function, member)                                                                   \
    static bool function(struct reader *r, const yaml_node_t *n, void *c)                          \
    {                                                                                              \
        return string_of(r, n, &((struct citest_case *)c)->member);                                \
    }
#define PATH(function, member)                                                                     \
    static bool function(struct reader *r, const yaml_node_t *n, void *c)                          \
    {                                                                                              \
        return path_of(r, n, &((struct citest_case *)c)->member);                                  \
    }
#define SIZE(function, member)                                                                     \
    static bool function(struct reader *r, const yaml_node_t *n, void *c)                          \
    {                                                                                              \
        return size_of(r, n, &((struct citest_case *)c)->member);                                  \
    }
#define SECONDS(function, member)                                                                  \
    static bool function(struct reader *r, const yaml_node_t *n, void *c)                          \
    {                                                                                              \
        return seconds_of(r, n, &((struct citest_case *)c)->member);                               \
    }
#define NUMBER(function, member)                                                                   \
    static bool function(struct reader *r, const yaml_node_t *n, void *c)                          \
    {                                                                                              \
        return number_of(r, n, UINT64_MAX, &((struct citest_case *)c)->member);                    \
    }

STRING(set_machine, machine)
STRING(set_cpu, cpu)
/* It stands in lines of text and reports. */
static bool set_name(struct reader *r, const yaml_node_t *n, void *to)
{
    struct citest_case *c = to;
    if (!string_of(r, n, &c->name))
        return false;
    for (const char *p = c->name; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            return fail(r, n, "a name has no control characters");
    return *c->name || fail(r, n, "the name is empty");
}

STRING(set_stop_at, stop_at)
PATH(set_bios, bios)
PATH(set_root, root)
SIZE(set_memory, ram_size)
SIZE(set_output_limit, output_limit)
SIZE(set_memory_limit, memory_limit)
SECONDS(set_timeout, timeout_ns)
SECONDS(set_wall_timeout, wall_timeout_ns)
NUMBER(set_instructions, max_instructions)
NUMBER(set_seed, seed)

static bool set_shift(struct reader *r, const yaml_node_t *n, void *opaque)
{
    struct citest_case *c = opaque;
    uint64_t value;
    if (!number_of(r, n, 10, &value))
        return false;
    c->shift_given = true;
    c->shift = (unsigned)value;
    return true;
}

static bool set_unmapped(struct reader *r, const yaml_node_t *n, void *c)
{
    const char *text = "";
    return string_of(r, n, &text) &&
           (citest_unmapped_find(text, &((struct citest_case *)c)->unmapped) ||
            fail(r, n, "unmapped is fault, warn or zero, not '%.40s'", text));
}

static bool set_exit(struct reader *r, const yaml_node_t *n, void *c)
{
    uint64_t value;
    if (!number_of(r, n, 255, &value))
        return false;
    ((struct citest_case *)c)->exit_status = (int)value;
    return true;
}

static bool set_stdin(struct reader *r, const yaml_node_t *n, void *opaque)
{
    struct citest_case *c = opaque;
    return text_of(r, n, &c->stdin_text, &c->stdin_len);
}

static bool add_argument(struct reader *r, const yaml_node_t *n, void *opaque)
{
    struct citest_case *c = opaque;
    const char *text;
    char *joined;
    if (!string_of(r, n, &text))
        return false;
    if (asprintf(&joined, "%s%s%s", c->arguments ? c->arguments : "", c->arguments ? " " : "",
                 text) < 0)
        abort();
    c->arguments = citest_copy(r->suite, joined, strlen(joined));
    free(joined);
    return true;
}

static bool set_args(struct reader *r, const yaml_node_t *n, void *opaque)
{
    ((struct citest_case *)opaque)->arguments = NULL;
    return each_item(r, n, add_argument, opaque);
}

static bool add_load(struct reader *r, const yaml_node_t *n, void *opaque)
{
    struct citest_case *c = opaque;
    if (c->load_count == BOOT_LOADERS_MAX)
        return fail(r, n, "more than %d files to load", BOOT_LOADERS_MAX);
    const char *text, *slash = strrchr(r->path, '/');
    struct error e = {0};
    if (!string_of(r, n, &text))
        return false;
    char *folder = strndup(r->path, slash ? (size_t)(slash - r->path) + 1 : 0);
    char *options = folder ? boot_loader_in_folder(text, folder, &e) : NULL;
    free(folder);
    if (!options)
        return fail(r, n, "%s", e.text);
    c->load[c->load_count++] = citest_copy(r->suite, options, strlen(options));
    free(options);
    return true;
}

static bool set_load(struct reader *r, const yaml_node_t *n, void *opaque)
{
    return each_item(r, n, add_load, opaque);
}

/* Read before, since they multiply the test. */
static bool set_images(struct reader *r, const yaml_node_t *n, void *opaque)
{
    return true;
}

/* The first row is for a test alone, the others are allowed for the whole suite as well. */
#define TEST_KEYS                                                                                  \
    {"machine", set_machine}, {"cpu", set_cpu}, {"memory", set_memory}, {"bios", set_bios},        \
        {"load", set_load}, {"args", set_args}, {"stdin", set_stdin}, {"exit", set_exit},          \
        {"expect", set_expect}, {"reject", set_reject}, {"console", set_console},                  \
        {"uart0", set_uart0}, {"uart1", set_uart1}, {"uart2", set_uart2}, {"uart3", set_uart3},    \
        {"uart4", set_uart4}, {"uart5", set_uart5}, {"uart6", set_uart6}, {"uart7", set_uart7},    \
        {"files", set_files}, {"root", set_root}, {"stop-at", set_stop_at},                        \
        {"timeout", set_timeout}, {"wall-timeout", set_wall_timeout},                              \
        {"instructions", set_instructions}, {"output-limit", set_output_limit},                    \
        {"memory-limit", set_memory_limit}, {"shift", set_shift}, {"seed", set_seed},              \
        {"unmapped", set_unmapped}

static const struct key test_keys[] = {
    {"name", set_name}, {"image", set_images}, {"images", set_images}, TEST_KEYS, {0}};

/* Lists are inherited by copying, so that what a test adds does not show in others. */
static void copy_lists(struct reader *r, struct citest_case *c)
{
    struct citest_pattern *p = c->patterns;
    c->patterns = NULL;
    for (; p; p = p->next) {
        struct citest_pattern *copy = arena_alloc(&r->suite->arena, sizeof(*copy));
        *copy = *p;
        copy->next = NULL;
        append_pattern(c, copy);
    }
    for (int i = 0; i < CITEST_PORTS; i++) {
        struct citest_input *in = c->input[i], **end = &c->input[i];
        for (; in; in = in->next) {
            struct citest_input *copy = arena_alloc(&r->suite->arena, sizeof(*copy));
            *copy = *in;
            copy->next = NULL;
            *end = copy;
            end = &copy->next;
        }
    }
}

struct image_target {
    struct citest_case *c;
    bool many;     /* the name gets the image's */
    unsigned added;
};

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void add_image(struct reader *r, struct image_target *t, const char *path)
{
    struct citest_case c = *t->c;
    char name[600];
    if (!c.name)
        snprintf(name, sizeof(name), "%s", base_name(path));
    else
        snprintf(name, sizeof(name), t->many ? "%s/%s" : "%s", c.name, base_name(path));
    copy_lists(r, &c);
    citest_suite_add(r->suite, &c, name, path);
    t->added++;
}

static bool image_item(struct reader *r, const yaml_node_t *n, void *opaque)
{
    struct image_target *t = opaque;
    const char *path = "";
    glob_t found;
    if (!path_of(r, n, &path))
        return false;
    if (!strpbrk(path, "*?[")) {
        add_image(r, t, path);
        return true;
    }
    int rc = glob(path, 0, NULL, &found);
    if (rc)
        return fail(r, n, "no file matches '%.200s'", path);
    t->many = true;
    for (size_t i = 0; i < found.gl_pathc; i++)
        add_image(r, t, found.gl_pathv[i]);
    globfree(&found);
    return true;
}

static const yaml_node_t *value_of(const struct reader *r, const yaml_node_t *map, const char *name)
{
    if (map->type != YAML_MAPPING_NODE)
        return NULL;
    for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top;
         p++) {
        const yaml_node_t *key = node(r, p->key);
        if (key->type == YAML_SCALAR_NODE && !strcmp((const char *)key->data.scalar.value, name))
            return node(r, p->value);
    }
    return NULL;
}

static bool add_test(struct reader *r, const yaml_node_t *n, void *base)
{
    struct citest_case c = *(const struct citest_case *)base;
    c.file = r->suite->arena.first ? citest_copy(r->suite, r->path, strlen(r->path)) : r->path;
    c.line = (unsigned)n->start_mark.line + 1;
    c.name = NULL;
    copy_lists(r, &c);
    if (n->type == YAML_SCALAR_NODE) { /* just an image */
        struct image_target t = {.c = &c};
        return (c.machine || fail(r, n, "no machine is given")) && image_item(r, n, &t);
    }
    if (!each_key(r, n, test_keys, &c))
        return false;
    const yaml_node_t *image = value_of(r, n, "image"), *images = value_of(r, n, "images");
    struct image_target t = {.c = &c, .many = images && images->type == YAML_SEQUENCE_NODE};
    if (!c.machine)
        return fail(r, n, "no machine is given");
    if (image && images)
        return fail(r, n, "either image or images");
    if (!image && !images && !c.bios && !c.load_count)
        return fail(r, n, "no image is given");
    if (image || images)
        return each_item(r, image ? image : images, image_item, &t);
    if (!c.name)
        return fail(r, n, "a test without image needs a name");
    citest_suite_add(r->suite, &c, c.name, NULL);
    return true;
}

static bool set_suite_name(struct reader *r, const yaml_node_t *n, void *base)
{
    return string_of(r, n, &r->suite->name);
}

static bool set_tests(struct reader *r, const yaml_node_t *n, void *base)
{
    return true; /* when all other keys are known */
}

static bool document(struct reader *r, const struct citest_case *base)
{
    static const struct key keys[] = {
        {"suite", set_suite_name}, {"tests", set_tests}, TEST_KEYS, {0}};
    struct citest_case defaults = *base;
    const yaml_node_t *root = yaml_document_get_root_node(&r->doc);
    if (!root)
        return error_set(r->e, "%s:1:1: the file is empty", r->path);
    copy_lists(r, &defaults);
    if (!each_key(r, root, keys, &defaults))
        return false;
    const yaml_node_t *tests = value_of(r, root, "tests");
    if (!tests)
        return fail(r, root, "there is no list 'tests'");
    if (tests->type != YAML_SEQUENCE_NODE)
        return fail(r, tests, "'tests' must be a list");
    if (tests->data.sequence.items.start == tests->data.sequence.items.top)
        return fail(r, tests, "the list of tests is empty");
    return each_item(r, tests, add_test, &defaults);
}

static bool parse_error(struct reader *r, const yaml_parser_t *parser)
{
    return error_set(r->e, "%s:%zu:%zu: %s%s%s", r->path, parser->problem_mark.line + 1,
                     parser->problem_mark.column + 1, parser->problem ? parser->problem : "no YAML",
                     parser->context ? ", " : "", parser->context ? parser->context : "");
}

bool citest_suite_read(struct citest_suite *s, const char *path, const struct citest_case *base,
                       struct error *e)
{
    struct reader r = {.suite = s, .path = path, .e = e};
    yaml_parser_t parser;
    FILE *f = fopen(path, "re");
    if (!f)
        return error_set_errno(e, "%s", path);
    if (ungetc(fgetc(f), f) == EOF && ferror(f)) { /* a folder, for instance */
        error_set_errno(e, "%s", path);
        fclose(f);
        return false;
    }
    if (!yaml_parser_initialize(&parser))
        abort();
    yaml_parser_set_input_file(&parser, f);
    bool ok = yaml_parser_load(&parser, &r.doc);
    if (!ok)
        parse_error(&r, &parser);
    if (ok) {
        ok = document(&r, base);
        yaml_document_delete(&r.doc);
    }
    if (ok && yaml_parser_load(&parser, &r.doc)) {
        const yaml_node_t *other = yaml_document_get_root_node(&r.doc);
        ok = !other || fail(&r, other, "a file is one document");
        yaml_document_delete(&r.doc);
    } else if (ok) {
        ok = parse_error(&r, &parser);
    }
    yaml_parser_delete(&parser);
    fclose(f);
    return ok;
}
