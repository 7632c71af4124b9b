/* Raw mode on a pseudo terminal that controls a child, and its restoration on each way out. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utmp.h>

#include "host/terminal.h"

struct session {
    int master, slave;
    pid_t child;
    struct termios before;
    int ready; /* a byte comes when the child is in raw mode */
};

/* Start @run in a child whose controlling terminal is a new pseudo terminal. */
static void session_start(struct session *s, void (*run)(int ready))
{
    int ready[2];
    cr_assert_eq(pipe(ready), 0);
    cr_assert_eq(openpty(&s->master, &s->slave, NULL, NULL, NULL), 0);
    cr_assert_eq(tcgetattr(s->slave, &s->before), 0);
    s->child = fork();
    if (s->child == 0) {
        for (int i = 1; i < 32; i++) /* the test runner's own handlers are not for the child */
            signal(i, SIG_DFL);
        close(s->master);
        login_tty(s->slave);
        run(ready[1]);
        _exit(99);
    }
    close(ready[1]);
    s->ready = ready[0];
}

static void wait_ready(struct session *s)
{
    char c;
    cr_assert_eq(read(s->ready, &c, 1), 1, "the child failed");
}

static void expect_mode(struct session *s, bool raw)
{
    struct termios now;
    cr_assert_eq(tcgetattr(s->slave, &now), 0);
    if (raw) {
        cr_assert(!(now.c_lflag & (ICANON | ECHO)), "not raw");
        cr_assert(!(now.c_iflag & ICRNL), "carriage return is translated");
        cr_assert(now.c_oflag & OPOST);
    } else {
        cr_assert_eq(now.c_lflag, s->before.c_lflag, "not restored");
        cr_assert_eq(now.c_iflag, s->before.c_iflag);
        cr_assert_eq(now.c_oflag, s->before.c_oflag);
    }
}

static void begin(int ready, bool signals)
{
    struct error e = {0};
    if (!terminal_raw_begin(0, signals, &e) || terminal_raw_begin(0, signals, NULL))
        _exit(98);
    if (write(ready, "r", 1) != 1)
        _exit(97);
}

static void raw_then_wait(int ready)
{
    begin(ready, true);
    for (;;)
        pause();
}

static void raw_then_exit(int ready)
{
    char c;
    begin(ready, false);
    if (read(0, &c, 1) == 1)
        exit(c);
}

static void raw_then_end(int ready)
{
    char c;
    begin(ready, true);
    if (read(0, &c, 1) != 1)
        _exit(96);
    terminal_raw_end();
    struct sigaction now;
    sigaction(SIGTERM, NULL, &now);
    _exit(now.sa_handler == SIG_DFL ? 0 : 95);
}

ParameterizedTestParameters(terminal, restored_by_signal)
{
    static int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGSEGV, SIGABRT};
    return cr_make_param_array(int, signals, sizeof(signals) / sizeof(signals[0]));
}

ParameterizedTest(int *sig, terminal, restored_by_signal, .timeout = 10)
{
    struct session s;
    int status;
    session_start(&s, raw_then_wait);
    wait_ready(&s);
    expect_mode(&s, true);
    kill(s.child, *sig);
    cr_assert_eq(waitpid(s.child, &status, 0), s.child);
    cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == *sig, "status %x", status);
    expect_mode(&s, false);
}

Test(terminal, ctrl_c_ends_the_program_where_signals_are_on, .timeout = 10)
{
    struct session s;
    int status;
    session_start(&s, raw_then_wait);
    wait_ready(&s);
    cr_assert_eq(write(s.master, "\x03", 1), 1);
    cr_assert_eq(waitpid(s.child, &status, 0), s.child);
    cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
    expect_mode(&s, false);
}

Test(terminal, ctrl_c_is_a_byte_where_signals_are_off_and_exit_restores, .timeout = 10)
{
    struct session s;
    int status;
    session_start(&s, raw_then_exit);
    wait_ready(&s);
    cr_assert_eq(write(s.master, "\x03", 1), 1);
    cr_assert_eq(waitpid(s.child, &status, 0), s.child);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 3, "status %x", status);
    expect_mode(&s, false);
}

Test(terminal, end_restores_mode_and_handlers, .timeout = 10)
{
    struct session s;
    int status;
    session_start(&s, raw_then_end);
    wait_ready(&s);
    cr_assert_eq(write(s.master, "x", 1), 1);
    cr_assert_eq(waitpid(s.child, &status, 0), s.child);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", status);
    expect_mode(&s, false);
}

static bool is_raw(struct session *s)
{
    struct termios now;
    return tcgetattr(s->slave, &now) == 0 && !(now.c_lflag & ICANON);
}

/* Stopped by SIGTSTP the terminal is the user's, continued it is raw again, and a second stop works
 * too. The child leads its session, whose group is orphaned, so the kernel drops the stop itself;
 * an intermediate child gives it a parent in another group. */
static void raw_under_a_shell(int ready)
{
    pid_t job = fork();
    if (job == 0) {
        setpgid(0, 0);
        signal(SIGTTOU, SIG_IGN);
        tcsetpgrp(0, getpgrp());
        signal(SIGTTOU, SIG_DFL);
        raw_then_wait(ready);
    }
    for (int i = 0; i < 2; i++) {
        int status;
        if (waitpid(job, &status, WUNTRACED) != job || !WIFSTOPPED(status))
            _exit(94);
        if (write(ready, "s", 1) != 1)
            _exit(93);
        raise(SIGSTOP); /* until the test has looked */
        kill(job, SIGCONT);
    }
    kill(job, SIGKILL);
    _exit(0);
}

Test(terminal, stop_restores_and_continue_takes_again, .timeout = 10)
{
    struct session s;
    int status;
    session_start(&s, raw_under_a_shell);
    wait_ready(&s);
    for (int i = 0; i < 2; i++) {
        for (int n = 0; !is_raw(&s) && n < 1000; n++)
            usleep(1000);
        expect_mode(&s, true);
        cr_assert_eq(write(s.master, "\x1a", 1), 1); /* Ctrl-Z */
        wait_ready(&s);
        cr_assert_eq(waitpid(s.child, &status, WUNTRACED), s.child);
        cr_assert(WIFSTOPPED(status), "status %x", status);
        expect_mode(&s, false);
        kill(s.child, SIGCONT);
    }
    cr_assert_eq(waitpid(s.child, &status, 0), s.child);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", status);
}

Test(terminal, no_terminal_is_fine)
{
    int p[2];
    cr_assert_eq(pipe(p), 0);
    cr_assert(terminal_raw_begin(p[0], true, NULL));
    terminal_raw_end();
    terminal_restore();
}
