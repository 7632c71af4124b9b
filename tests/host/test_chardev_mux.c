/* The multiplexer and its keys, over a socket pair of devices: what a user types and sees. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/host/support.h"

struct fixture {
    struct loop *loop;
    struct chardev_set *set;
    struct chardev *serial, *monitor;
    struct recorder serial_in, monitor_in;
    int user, screen; /* what the user types into, and what is shown */
    unsigned quits;
};

static void count_quit(void *opaque)
{
    ++*(unsigned *)opaque;
}

static void fixture_init(struct fixture *f)
{
    int in[2], out[2];
    struct error e = {0};
    memset(f, 0, sizeof(*f));
    f->serial_in.room = f->monitor_in.room = SIZE_MAX;
    cr_assert_eq(pipe(in) | pipe(out), 0);
    dup2(in[0], 0);
    dup2(out[1], 1);
    f->user = in[1];
    f->screen = out[0];
    f->loop = loop_new(NULL, &e);
    f->set = chardev_set_new(f->loop);
    chardev_set_on_quit(f->set, count_quit, &f->quits);
    f->serial = chardev_open(f->set, "mon:stdio", "serial0", &f->monitor, &e);
    cr_assert(f->serial && f->monitor, "%s", e.text);
    chardev_attach(f->serial, &recorder_ops, &f->serial_in);
    chardev_attach(f->monitor, &recorder_ops, &f->monitor_in);
}

static void fixture_free(struct fixture *f)
{
    chardev_set_free(f->set);
    loop_free(f->loop);
}

static void type(struct fixture *f, const char *keys)
{
    size_t n = strlen(keys);
    cr_assert_eq(write(f->user, keys, n), (ssize_t)n);
}

/* Everything that was shown so far. */
static const char *screen(struct fixture *f)
{
    static char text[4096];
    text[run_reading(f->loop, f->screen, text, sizeof(text) - 1)] = 0;
    return text;
}

Test(mux, plain_input_goes_to_the_serial_port_first)
{
    struct fixture f;
    fixture_init(&f);
    cr_assert_eq(f.serial_in.events[CHARDEV_FOCUS_IN], 1);
    cr_assert_eq(f.monitor_in.events[CHARDEV_FOCUS_IN], 0);
    type(&f, "ls\x03\r");
    cr_assert(run_until_text(f.loop, &f.serial_in, "ls\x03\r"));
    cr_assert_eq(f.monitor_in.len, 0);
    fixture_free(&f);
}

Test(mux, ctrl_a_c_switches_and_output_of_both_is_shown)
{
    struct fixture f;
    char buf[8];
    fixture_init(&f);
    type(&f, "a\x01" "cb");
    cr_assert(run_until_text(f.loop, &f.monitor_in, "b"));
    cr_assert_str_eq(f.serial_in.text, "a");
    cr_assert_eq(f.serial_in.events[CHARDEV_FOCUS_OUT], 1);
    cr_assert_eq(f.monitor_in.events[CHARDEV_FOCUS_IN], 1);
    chardev_write(f.serial, "S", 1);
    chardev_write(f.monitor, "M", 1);
    cr_assert_eq(run_reading(f.loop, f.screen, buf, 2), 2);
    cr_assert_arr_eq(buf, "SM", 2);
    type(&f, "\x01" "cz");
    cr_assert(run_until_text(f.loop, &f.serial_in, "az"));
    fixture_free(&f);
}

Test(mux, ctrl_a_x_quits_even_when_the_guest_takes_no_input)
{
    struct fixture f;
    fixture_init(&f);
    f.serial_in.room = 0;
    type(&f, "ignored");
    run_for(f.loop, 10);
    type(&f, "\x01x");
    run_for(f.loop, 10);
    cr_assert_eq(f.quits, 1);
    cr_assert_eq(f.serial_in.len, 0);
    fixture_free(&f);
}

Test(mux, other_keys)
{
    struct fixture f;
    fixture_init(&f);
    type(&f, "\x01\x01");
    cr_assert(run_until_text(f.loop, &f.serial_in, "\x01"));
    type(&f, "\x01" "b");
    cr_assert(run_until_event(f.loop, &f.serial_in, CHARDEV_BREAK, 1));
    type(&f, "\x01sx\x01qy");
    cr_assert(run_until_text(f.loop, &f.serial_in, "\x01xy"), "unknown keys are swallowed");
    type(&f, "\x01h");
    run_for(f.loop, 10);
    const char *help = screen(&f);
    for (const char *key = "hxcbst"; *key; key++) {
        char line[16];
        snprintf(line, sizeof(line), "Ctrl-A %c ", *key);
        cr_assert(strstr(help, line), "'%s' is missing in the help:\n%s", line, help);
    }
    cr_assert_eq(f.quits, 0);
    fixture_free(&f);
}

Test(mux, timestamps_begin_each_line)
{
    struct fixture f;
    int h, m, s, ms, end = 0;
    fixture_init(&f);
    type(&f, "\x01t");
    run_for(f.loop, 10);
    chardev_write(f.serial, "one\ntw", 6);
    chardev_write(f.serial, "o\n", 2);
    type(&f, "\x01t");
    run_for(f.loop, 10);
    chardev_write(f.serial, "three\n", 6);
    const char *text = screen(&f);
    cr_assert_eq(sscanf(text, "[%2d:%2d:%2d.%3d] one\n[%*d:%*d:%*d.%*d] two\nthree\n%n", &h, &m, &s,
                        &ms, &end), 4, "%s", text);
    cr_assert_eq((size_t)end, strlen(text), "%s", text);
    fixture_free(&f);
}

Test(mux, held_back_input_comes_when_there_is_room)
{
    struct fixture f;
    fixture_init(&f);
    f.serial_in.room = 2;
    type(&f, "abcde");
    cr_assert(run_until_text(f.loop, &f.serial_in, "ab"));
    f.serial_in.room = 2;
    chardev_accept_input(f.serial);
    cr_assert_str_eq(f.serial_in.text, "ab", "input came inside chardev_accept_input");
    cr_assert(run_until_text(f.loop, &f.serial_in, "abcd"));
    f.serial_in.room = SIZE_MAX;
    chardev_accept_input(f.serial);
    cr_assert(run_until_text(f.loop, &f.serial_in, "abcde"));
    fixture_free(&f);
}

Test(mux, a_long_paste_into_a_slow_guest_loses_nothing)
{
    struct fixture f;
    char paste[6001];
    for (int i = 0; i < 6000; i++)
        paste[i] = (char)('a' + i % 26);
    paste[6000] = 0;
    fixture_init(&f);
    f.serial_in.room = 0;
    type(&f, paste);
    run_for(f.loop, 10);
    for (int i = 0; i < 2000 && f.serial_in.len < 6000; i++) {
        f.serial_in.room = 16;
        chardev_accept_input(f.serial);
        loop_run_once(f.loop, 10);
    }
    cr_assert_str_eq(f.serial_in.text, paste);
    fixture_free(&f);
}

Test(mux, chardev_option_shares_one_device)
{
    struct error e = {0};
    struct loop *loop = loop_new(NULL, &e);
    struct chardev_set *set = chardev_set_new(loop);
    cr_assert(chardev_add(set, "stdio,mux=on,id=c", &e), "%s", e.text);
    struct chardev *a = chardev_open(set, "chardev:c", "serial0", NULL, &e);
    struct chardev *b = chardev_open(set, "chardev:c", "serial1", NULL, &e);
    cr_assert(a && b && a != b, "%s", e.text);
    cr_assert_null(chardev_open(set, "mon:stdio", "serial2", &a, &e));
    chardev_set_free(set);
    loop_free(loop);
}

Test(mux, focus_taken_with_the_input_that_the_other_had_no_room_for)
{
    struct fixture f;
    fixture_init(&f);
    f.serial_in.room = 0;
    type(&f, "typed ahead");
    run_for(f.loop, 50);
    cr_assert_eq(f.serial_in.len, 0);
    chardev_take_focus(f.monitor);
    cr_assert_str_eq(f.monitor_in.text, "typed ahead");
    cr_assert_eq(f.serial_in.events[CHARDEV_FOCUS_OUT], 1);
    chardev_take_focus(f.monitor); /* it has it */
    cr_assert_eq(f.monitor_in.events[CHARDEV_FOCUS_IN], 1);
    type(&f, "x");
    cr_assert(run_until_text(f.loop, &f.monitor_in, "typed aheadx"));
    fixture_free(&f);
}

Test(mux, the_end_of_the_input_comes_after_all_of_it)
{
    struct fixture f;
    fixture_init(&f);
    f.serial_in.room = 0;
    type(&f, "last words");
    close(f.user);
    cr_assert(run_until_event(f.loop, &f.monitor_in, CHARDEV_INPUT_END, 1));
    cr_assert_eq(f.serial_in.events[CHARDEV_INPUT_END], 0, "it has not taken the input yet");
    f.serial_in.room = SIZE_MAX;
    chardev_accept_input(f.serial);
    cr_assert(run_until_event(f.loop, &f.serial_in, CHARDEV_INPUT_END, 1));
    cr_assert_str_eq(f.serial_in.text, "last words");
    fixture_free(&f);
}
