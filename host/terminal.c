/*
 * A terminal's mode and the signal handlers that restore it belong to the process, not to a VM, and
 * signal handlers can reach nothing but file scope: hence the project's exception to "no mutable
 * file-scope state". One terminal is held at a time; `active` is the word that handlers trust.
 */
#include "host/terminal.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "util/bits.h"

static const int fatal_signals[] = {SIGINT,  SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGSEGV,
                                    SIGABRT, SIGBUS,  SIGILL, SIGFPE,  SIGTSTP, SIGCONT};
enum { STOP_INDEX = 10 }; /* of SIGTSTP */

static struct {
    pthread_mutex_t mutex; /* begin against end; handlers do not take it */
    _Atomic bool active;   /* fd, owner and the modes are valid, raw mode is wanted */
    bool registered;       /* atexit knows us */
    int fd;
    pid_t owner; /* children of fork leave the terminal alone */
    struct termios cooked, raw;
    struct sigaction old[ARRAY_SIZE(fatal_signals)];
    bool installed[ARRAY_SIZE(fatal_signals)];
} terminal = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* Set a mode, from any context. A background job must not touch its shell's terminal; a terminal
 * that does not control us (ENOTTY from tcgetpgrp) has no such rule. */
static void apply(const struct termios *mode)
{
    int saved = errno;
    pid_t foreground = tcgetpgrp(terminal.fd);
    if (getpid() == terminal.owner && (foreground == -1 || foreground == getpgrp())) {
        sigset_t ttou, old;
        sigemptyset(&ttou);
        sigaddset(&ttou, SIGTTOU);
        pthread_sigmask(SIG_BLOCK, &ttou, &old);
        while (tcsetattr(terminal.fd, TCSANOW, mode) != 0 && errno == EINTR)
            ;
        pthread_sigmask(SIG_SETMASK, &old, NULL);
    }
    errno = saved;
}

void terminal_restore(void)
{
    if (atomic_load(&terminal.active))
        apply(&terminal.cooked);
}

static void on_signal(int signal);

static void install(int signal, void (*handler)(int), struct sigaction *old)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART | SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    sigaction(signal, &action, old);
}

/* Let the default action of @signal happen, now, on this thread; returns if it was a stop. */
static void take_default_action(int signal)
{
    sigset_t set, old;
    install(signal, SIG_DFL, NULL);
    sigemptyset(&set);
    sigaddset(&set, signal);
    pthread_sigmask(SIG_UNBLOCK, &set, &old);
    raise(signal);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static void on_signal(int signal)
{
    int saved = errno;
    if (signal == SIGCONT) {
        if (terminal.installed[STOP_INDEX]) /* again, before a mode that a stop has to end */
            install(SIGTSTP, on_signal, NULL);
        if (atomic_load(&terminal.active))
            apply(&terminal.raw);
    } else {
        terminal_restore();
        take_default_action(signal);
        install(signal, on_signal, NULL); /* after a stop: SIGCONT has brought raw mode back */
    }
    errno = saved;
}

static void install_handlers(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(fatal_signals); i++) {
        struct sigaction *old = &terminal.old[i];
        sigaction(fatal_signals[i], NULL, old);
        terminal.installed[i] = !(old->sa_flags & SA_SIGINFO) && old->sa_handler == SIG_DFL;
        if (terminal.installed[i])
            install(fatal_signals[i], on_signal, NULL);
    }
}

/* Take our handlers out again, unless someone has put theirs in front. */
static void remove_handlers(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(fatal_signals); i++) {
        struct sigaction now;
        if (!terminal.installed[i])
            continue;
        sigaction(fatal_signals[i], NULL, &now);
        if (!(now.sa_flags & SA_SIGINFO) && now.sa_handler == on_signal)
            sigaction(fatal_signals[i], &terminal.old[i], NULL);
        terminal.installed[i] = false;
    }
}

static struct termios raw_mode(struct termios mode, bool signals)
{
    mode.c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    mode.c_oflag |= OPOST;
    mode.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | IEXTEN);
    if (!signals)
        mode.c_lflag &= ~(tcflag_t)ISIG;
    mode.c_cflag = (mode.c_cflag & ~(tcflag_t)(CSIZE | PARENB)) | CS8;
    mode.c_cc[VMIN] = 1;
    mode.c_cc[VTIME] = 0;
    return mode;
}

static bool begin_locked(int fd, bool signals, struct error *e)
{
    if (atomic_load(&terminal.active))
        return error_set(e, "the terminal is in use already");
    if (tcgetattr(fd, &terminal.cooked) != 0)
        return error_set_errno(e, "cannot read the terminal's mode");
    if (!terminal.registered && atexit(terminal_restore) != 0)
        return error_set(e, "cannot register the terminal's restoration");
    terminal.registered = true;
    terminal.fd = fd;
    terminal.owner = getpid();
    terminal.raw = raw_mode(terminal.cooked, signals);
    /* Handlers first: there must be no moment in which a signal leaves raw mode behind. */
    atomic_store(&terminal.active, true);
    install_handlers();
    apply(&terminal.raw);
    return true;
}

bool terminal_raw_begin(int fd, bool signals, struct error *e)
{
    if (!isatty(fd))
        return true;
    pthread_mutex_lock(&terminal.mutex);
    bool ok = begin_locked(fd, signals, e);
    pthread_mutex_unlock(&terminal.mutex);
    return ok;
}

void terminal_raw_end(void)
{
    pthread_mutex_lock(&terminal.mutex);
    if (atomic_load(&terminal.active)) {
        terminal_restore();
        atomic_store(&terminal.active, false);
        remove_handlers();
    }
    pthread_mutex_unlock(&terminal.mutex);
}
