/* JUnit XML, in the form that Jenkins, GitLab and GitHub's actions read. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "citest/report.h"
#include "host/file.h"

/* Length of the UTF-8 sequence at @p, or 0: none that XML allows. */
static unsigned utf8_length(const unsigned char *p)
{
    unsigned n = *p < 0x80 ? 1 : *p >= 0xc2 && *p < 0xe0 ? 2 : (*p & 0xf0) == 0xe0 ? 3
                                                 : *p >= 0xf0 && *p < 0xf5 ? 4 : 0;
    for (unsigned i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    bool overlong = (*p == 0xe0 && p[1] < 0xa0) || (*p == 0xf0 && p[1] < 0x90);
    bool refused = (*p == 0xed && p[1] >= 0xa0) || (*p == 0xf4 && p[1] >= 0x90) ||
                   (*p == 0xef && p[1] == 0xbf && p[2] >= 0xbe);
    return n > 1 && (overlong || refused) ? 0 : n;
}

/* Text as content or in an attribute. What XML cannot hold becomes '?'. */
static void xml_text(FILE *f, const char *text, bool attribute)
{
    for (const unsigned char *p = (const unsigned char *)text; *p;) {
        unsigned n = utf8_length(p);
        if (*p == '<')
            fputs("&lt;", f);
        else if (*p == '>')
            fputs("&gt;", f);
        else if (*p == '&')
            fputs("&amp;", f);
        else if (*p == '"')
            fputs("&quot;", f);
        else if (*p == '\r' || (attribute && (*p == '\n' || *p == '\t')))
            fprintf(f, "&#%u;", *p);
        else if (!n || (*p < ' ' && *p != '\n' && *p != '\t') || *p == 127)
            fputc('?', f);
        else
            fwrite(p, n, 1, f);
        p += n ? n : 1;
    }
}

static void attribute(FILE *f, const char *name, const char *text)
{
    fprintf(f, " %s=\"", name);
    xml_text(f, text, true);
    fputc('"', f);
}

static void port_output(FILE *f, const struct citest_outcome *o, const char *element)
{
    bool any = false;
    for (int i = 0; i < CITEST_PORTS; i++)
        any = any || o->output[i];
    if (!any)
        return;
    fprintf(f, "      <%s>", element);
    for (int i = 0; i < CITEST_PORTS; i++)
        if (o->output[i])
            xml_text(f, o->output[i], false);
    fprintf(f, "</%s>\n", element);
}

static void test_case(FILE *f, const struct citest_case *c, const struct citest_outcome *o)
{
    const struct citest_result *r = &o->result;
    bool error = r->verdict == CITEST_IMAGE_ERROR || r->verdict == CITEST_INTERNAL_ERROR;
    fprintf(f, "    <testcase");
    attribute(f, "name", c->name);
    attribute(f, "classname", c->machine);
    if (c->file)
        attribute(f, "file", c->file);
    fprintf(f, " time=\"%.6f\">\n", (double)r->wall_ns / 1e9);
    if (r->verdict == CITEST_NOT_RUN) {
        fprintf(f, "      <skipped message=\"not run\"/>\n");
    } else if (r->verdict != CITEST_PASSED) {
        const char *element = error ? "error" : "failure";
        fprintf(f, "      <%s", element);
        attribute(f, "message", r->reason);
        attribute(f, "type", citest_verdict_name(r->verdict));
        fputc('>', f);
        if (o->explanation)
            xml_text(f, o->explanation, false);
        fprintf(f, "</%s>\n", element);
    }
    port_output(f, o, "system-out");
    fprintf(f, "    </testcase>\n");
}

static void counts(FILE *f, const struct citest_run *run)
{
    const unsigned *n = run->by_verdict;
    unsigned errors = n[CITEST_IMAGE_ERROR] + n[CITEST_INTERNAL_ERROR];
    unsigned bad = run->suite->count - n[CITEST_PASSED] - n[CITEST_NOT_RUN];
    fprintf(f, " tests=\"%u\" failures=\"%u\" errors=\"%u\"", run->suite->count, bad - errors,
            errors);
}

static void document(FILE *f, const struct citest_run *run)
{
    char stamp[32];
    time_t now = time(NULL);
    struct tm tm;
    strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", gmtime_r(&now, &tm));
    fprintf(f, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
    counts(f, run);
    fprintf(f, " time=\"%.6f\">\n  <testsuite", (double)run->wall_ns / 1e9);
    attribute(f, "name", run->suite->name);
    counts(f, run);
    fprintf(f, " skipped=\"%u\" time=\"%.6f\" timestamp=\"%s\">\n", run->by_verdict[CITEST_NOT_RUN],
            (double)run->wall_ns / 1e9, stamp);
    for (unsigned i = 0; i < run->suite->count; i++)
        test_case(f, &run->suite->cases[i], &run->outcomes[i]);
    fprintf(f, "  </testsuite>\n</testsuites>\n");
}

bool citest_junit_write(const struct citest_run *run, const char *path, struct error *e)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    if (!f)
        return error_set_errno(e, "--junit");
    document(f, run);
    if (fclose(f)) {
        free(text);
        return error_set_errno(e, "--junit");
    }
    bool ok = file_write_atomic(path, text, size, e);
    free(text);
    return ok || error_prefix(e, "--junit");
}
