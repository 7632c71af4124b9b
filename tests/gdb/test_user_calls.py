"""armemu-user under GDB: threads that are in system calls."""
import time

from driver import check, check_equal, check_match, gdb_finish, interrupt, show, values
from test_user import SUMMARY, UserEmulator, start


def interrupted(context, how, commands):
    """Ctrl-C while the program waits in a system call; then @commands."""
    with UserEmulator(context, "arm", how) as emulator:
        process = start(context, emulator, "handle SIGUSR1 nostop pass\ncontinue\n"
                        + show("counter", "counter") + commands)
        line = emulator.process.stdout.readline()
        check_equal(line, SUMMARY, "output")
        time.sleep(0.3)
        interrupt(process)
        if how in ("read", "deaf"):
            time.sleep(0.5)
            emulator.process.stdin.write("x")
            emulator.process.stdin.flush()
        out = gdb_finish(process)
        status, text = emulator.end()
    check_match(r"received signal SIGINT", out)
    check_equal(values(out)["counter"], "15000", "memory while it waits")
    return out, status, text


def test_interrupt_in_call(context):
    out, status, text = interrupted(context, "read", show("call", "add(1, 2)")
                                    + "backtrace\ncontinue\n")
    check_equal(values(out)["call"], "3", "a call while the program waits for input")
    check_match(r"^#\d+ .* main \(", out)
    check_equal((status, text), (3, "read 1\n"), "the system call goes on")


def test_interrupt_signal_to_sleeper(context):
    out, status, text = interrupted(context, "sleep", "signal SIGUSR1\n" + show("handled", "1"))
    check_equal((status, text), (3, "sleep -1 1\n"), "the signal interrupts the call")
    check(out, "output")


def test_deaf(context):
    """A thread that blocks all signals cannot be brought out of its call: GDB is told so."""
    out, status, text = interrupted(
        context, "deaf", "python\ntry:\n    gdb.execute('set $r5 = 77')\nexcept gdb.error as e:\n"
        "    print('refused', e)\nend\nbacktrace\ncontinue\n")
    check_match(r"^refused .*write reg", out)
    check_match(r"^#\d+ .* main \(", out)
    check_equal((status, text), (3, "read 1\n"), "the system call goes on")
