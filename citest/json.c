/* The result of a run as JSON. */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "citest/report.h"
#include "host/file.h"

/* Guests may print anything: bytes that are not UTF-8 become '?'. */
static json_t *text_or_null(const char *text)
{
    if (!text)
        return json_null();
    json_t *s = json_string(text);
    if (s)
        return s;
    char *copy = strdup(text);
    if (!copy)
        abort();
    for (char *p = copy; *p; p++)
        if ((unsigned char)*p >= 0x80)
            *p = '?';
    s = json_string(copy);
    free(copy);
    return s;
}

static json_t *outputs(const struct citest_outcome *o)
{
    json_t *object = json_object();
    char name[16] = "console";
    for (int i = 0; i < CITEST_PORTS; i++) {
        if (i >= CITEST_UART0)
            snprintf(name, sizeof(name), "uart%d", i - CITEST_UART0);
        if (o->output[i])
            json_object_set_new(object, name, text_or_null(o->output[i]));
    }
    return object;
}

static json_t *test_case(const struct citest_case *c, const struct citest_outcome *o)
{
    const struct citest_result *r = &o->result;
    char hash[20];
    json_t *t = json_object();
    snprintf(hash, sizeof(hash), "%016" PRIx64, r->state_hash);
    json_object_set_new(t, "name", text_or_null(c->name));
    json_object_set_new(t, "repetition", json_integer(c->repetition));
    json_object_set_new(t, "machine", text_or_null(c->machine));
    json_object_set_new(t, "image", text_or_null(c->image));
    json_object_set_new(t, "verdict", json_string(citest_verdict_name(r->verdict)));
    json_object_set_new(t, "reason", text_or_null(r->reason));
    json_object_set_new(t, "exit_status", json_integer(r->exit_status));
    json_object_set_new(t, "instructions", json_integer((json_int_t)r->instructions));
    json_object_set_new(t, "virtual_seconds", json_real((double)r->virtual_ns / 1e9));
    json_object_set_new(t, "wall_seconds", json_real((double)r->wall_ns / 1e9));
    json_object_set_new(t, "state_hash", json_string(hash));
    json_object_set_new(t, "output", outputs(o));
    json_object_set_new(t, "explanation", text_or_null(o->explanation));
    return t;
}

static json_t *document(const struct citest_run *run)
{
    json_t *root = json_object(), *tests = json_array(), *counts = json_object();
    for (unsigned v = 0; v <= CITEST_NOT_RUN; v++)
        if (v != CITEST_USAGE)
            json_object_set_new(counts, citest_verdict_name(v), json_integer(run->by_verdict[v]));
    for (unsigned i = 0; i < run->suite->count; i++)
        json_array_append_new(tests, test_case(&run->suite->cases[i], &run->outcomes[i]));
    json_object_set_new(root, "suite", text_or_null(run->suite->name));
    json_object_set_new(root, "wall_seconds", json_real((double)run->wall_ns / 1e9));
    json_object_set_new(root, "verdicts", counts);
    json_object_set_new(root, "tests", tests);
    return root;
}

bool citest_json_write(const struct citest_run *run, const char *path, struct error *e)
{
    json_t *root = document(run);
    char *text = json_dumps(root, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(12));
    json_decref(root);
    if (!text)
        return error_set(e, "--json: the result cannot be represented");
    size_t len = strlen(text);
    text[len++] = '\n'; /* in the place of its zero byte */
    bool ok = file_write_atomic(path, text, len, e);
    free(text);
    return ok || error_prefix(e, "--json");
}
