/* Command-line spellings that are wrong, and what the user is told. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

#include "tests/host/support.h"

struct bad {
    char spec[64], part[64]; /* the argument, and what the message must contain */
};

static void expect_error(bool is_long, const struct bad *b)
{
    struct error e = {0};
    struct loop *loop = loop_new(NULL, NULL);
    struct chardev_set *set = chardev_set_new(loop);
    struct chardev *monitor,
        *cd = is_long ? chardev_add(set, b->spec, &e)
                      : chardev_open(set, b->spec, "serial0", &monitor, &e);
    cr_assert_null(cd, "'%s' was accepted", b->spec);
    cr_assert(strstr(e.text, b->part), "'%s': '%s' does not say '%s'", b->spec, e.text, b->part);
    cr_assert(strstr(e.text, b->spec), "'%s' does not repeat '%s'", e.text, b->spec);
    chardev_set_free(set);
    loop_free(loop);
}

ParameterizedTestParameters(options, short_forms)
{
    static struct bad list[] = {
        {"stdoi", "'stdio'"},
        {"", "there are"},
        {"fiel:/tmp/x", "'file:'"},
        {"tpc:localhost:1", "'tcp:'"},
        {"stdiox", "'stdio'"},
        {"mon:", "there are"},
        {"file:", "path"},
        {"unix:", "path"},
        {"tcp:localhost", "HOST:PORT"},
        {"tcp:localhost:", "HOST:PORT"},
        {"unix:/tmp/x,sever=on", "'server'"},
        {"unix:/tmp/x,server=perhaps", "on or off"},
        {"unix:/tmp/x,server=on,server=off", "twice"},
        {"unix:/tmp/x,wait=off", "server=on"},
        {"unix:/nonexistent/x,server=on,wait=off", "No such file"},
        {"unix:/nonexistent/x", "connect"},
        {"tcp:127.0.0.1:1", "Connection refused"},
        {"null,muxx=on", "'mux'"},
        {"null,path=x", "no option 'path'"},
        {"null,,mux", "followed by"},
        {"file:/nonexistent/x", "No such file"},
        {"chardev:nobody", "no character device 'nobody'"},
        {"chardev:", "id"},
    };
    return cr_make_param_array(struct bad, list, sizeof(list) / sizeof(list[0]));
}

ParameterizedTest(struct bad *b, options, short_forms)
{
    expect_error(false, b);
}

ParameterizedTestParameters(options, long_forms)
{
    static struct bad list[] = {
        {"null", "id="},
        {"null,id=", "id="},
        {"nul,id=a", "'null'"},
        {"sokcet,id=a", "'socket'"},
        {"socket,id=a", "path="},
        {"socket,id=a,path=x,port=1,host=y", "either"},
        {"socket,id=a,host=127.0.0.1", "port="},
        {"socket,id=a,path", "needs a value"},
        {"socket,id=a,fd=0,path=x", "either"},
        {"socket,id=a,fd=900", "'900'"},
        {"socket,id=a,fd=-1", "'-1'"},
        {"socket,id=a,fd=x", "'x'"},
        {"socket,id=a,fd=0,server=on", "clients"},
        {"file,id=a", "path="},
        {"file,id=a,patch=x", "'path'"},
        {"stdio,id=a,signals=off", "'signal'"},
        {"pty,id=a,mux=maybe", "on or off"},
        {"null,id=a,id=b", "twice"},
    };
    return cr_make_param_array(struct bad, list, sizeof(list) / sizeof(list[0]));
}

ParameterizedTest(struct bad *b, options, long_forms)
{
    expect_error(true, b);
}

Test(options, ids_are_unique_and_devices_have_one_user)
{
    struct error e = {0};
    struct chardev *monitor;
    struct loop *loop = loop_new(NULL, NULL);
    struct chardev_set *set = chardev_set_new(loop);
    struct chardev *cd = chardev_add(set, "null,id=a", &e);
    cr_assert(cd && chardev_find(set, "a") == cd);
    cr_assert_null(chardev_add(set, "pty,id=a", &e));
    cr_assert(strstr(e.text, "already"), "%s", e.text);
    cr_assert_null(chardev_open(set, "mon:chardev:a", "serial0", &monitor, &e));
    cr_assert(strstr(e.text, "mux=on"), "%s", e.text);
    cr_assert_eq(chardev_open(set, "chardev:a", "serial0", NULL, &e), cd);
    cr_assert_null(chardev_open(set, "chardev:a", "serial1", NULL, &e));
    cr_assert(strstr(e.text, "in use"), "%s", e.text);
    cr_assert_null(chardev_open(set, "mon:null", "serial2", NULL, &e));
    cr_assert_null(chardev_find(set, "b"));
    chardev_set_free(set);
    loop_free(loop);
}

Test(options, doubled_comma_is_a_comma)
{
    struct error e = {0};
    char spec[256];
    struct loop *loop = loop_new(NULL, NULL);
    struct chardev_set *set = chardev_set_new(loop);
    snprintf(spec, sizeof(spec), "file,path=%s,id=a", temp_path("x,,y"));
    struct chardev *cd = chardev_add(set, spec, &e);
    cr_assert(cd, "%s", e.text);
    cr_assert_str_eq(chardev_description(cd) + 5, temp_path("x,y"));
    chardev_set_free(set);
    loop_free(loop);
}

Test(options, help_lists_every_kind)
{
    char text[8192] = "";
    FILE *out = fmemopen(text, sizeof(text), "w");
    chardev_print_help(out);
    fclose(out);
    static const char *const kinds[] = {"null", "stdio", "file", "pipe", "pty", "socket", "mux"};
    for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        cr_assert(strstr(text, kinds[i]), "%s is missing", kinds[i]);
}
