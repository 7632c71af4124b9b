"""LLDB on the stub."""
import os
import re
import shutil
import socket
import subprocess
import time

from test_cortexm import program as cortexm_program
from driver import (HANG_SECONDS, Emulator, Failure, Skip, check, check_equal, check_match,
                    interrupt, linux_program)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(port):
    """Until somebody listens: looked up, since a connection would be the debugger's."""
    end = time.monotonic() + HANG_SECONDS
    pattern = f"0100007F:{port:04X} 00000000:0000 0A"
    while time.monotonic() < end:
        with open("/proc/net/tcp", encoding="ascii") as f:
            if pattern in f.read():
                return
        time.sleep(0.02)
    raise Failure("nobody listens")


def lldb(program, where, commands, before=(), fds=()):
    """LLDB's output. @where: a port, the path of a socket, or what "process connect" takes.
    @before: commands in front of the connection. @fds: descriptors that LLDB inherits."""
    if not shutil.which("lldb"):
        raise Skip("there is no lldb")
    url = where if "://" in str(where) else f"unix-connect://{where}"
    connect = f"process connect --plugin gdb-remote {url}"
    if isinstance(where, int):
        connect = f"gdb-remote {where}"
    arguments = ["lldb", "-b"]
    for command in (*before, connect, *commands):
        arguments += ["-o", command]
    done = subprocess.run([*arguments, program], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=HANG_SECONDS, check=False,
                          pass_fds=fds)
    return done.stdout


def machine(context, kind):
    port = free_port()
    with Emulator(context, kind, gdb=f"tcp::{port}") as emulator:
        wait_for(port)
        out = lldb(context.program(kind), port,
                   ["breakpoint set -n body", "continue", "register read r0 pc cpsr d0 sp_irq",
                    "bt",
                    "frame variable", "stepi", "finish", "breakpoint delete -f",
                    "memory read -f x -s 4 -c 2 $sp", "process kill"])
        emulator.process.wait(timeout=HANG_SECONDS)
    check_match(r"stop reason = breakpoint 1\.1", out)
    check_match(r"^ *sp_irq = 0x", out)
    check_match(r"frame #1: .*`main", out)
    check_match(r"^\(int\) i = 0$", out)
    check_match(r"stop reason = instruction step into", out)
    check_match(r"stop reason = step out", out)
    check_match(r"^0x[0-9a-f]+: 0x[0-9a-f]{8} 0x[0-9a-f]{8}$", out)


def test_arm(context):
    machine(context, "a32")


def test_thumb(context):
    machine(context, "t32")


def test_unix_socket(context):
    with Emulator(context, "a32") as emulator:
        out = lldb(context.program("a32"), emulator.path,
                   ["breakpoint set -n body -c 'i == 6'", "continue", "frame variable",
                    "watchpoint set variable counter",
                    "continue", "thread step-over", "frame variable i", "process kill"])
        emulator.process.wait(timeout=HANG_SECONDS)
    check_match(r"^\(int\) i = 6$", out)
    check_match(r"stop reason = watchpoint 1", out)


def test_cortex_m(context):
    with Emulator(context, None, "-kernel", cortexm_program(context),
                  machine="lm3s6965evb") as emulator:
        out = lldb(cortexm_program(context), emulator.path,
                   ["breakpoint set -n svc_handler", "continue",
                    "register read pc xpsr msp control", "bt",
                    "breakpoint delete -f", "stepi", "finish", "process kill"])
        emulator.process.wait(timeout=HANG_SECONDS)
    check_match(r"stop reason = breakpoint 1\.1", out)
    check_match(r"^ *msp = 0x2000", out)
    check_match(r"frame #0: .*`svc_handler", out)
    check_match(r"stop reason = instruction step into", out)


def armemu_user(context):
    user = os.path.join(os.path.dirname(context.armemu), "armemu-user")
    if not os.path.exists(user):
        raise Skip("there is no armemu-user")
    return user


def test_user(context):
    user = armemu_user(context)
    program, port = linux_program(context, "arm"), free_port()
    with subprocess.Popen([user, "-g", str(port), program], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, text=True) as process:
        wait_for(port)
        out = lldb(program, port, ["breakpoint set -n threads_done", "continue", "thread list",
                                   "process handle SIGUSR1 -s false -p true", "continue"])
        text = process.communicate(timeout=HANG_SECONDS)[0]
    check_match(r"stop reason = breakpoint 1\.1", out)
    check_match(r"exited with status = 3", out)
    check_equal((process.returncode, text), (3, "counter 15000 shared 3000 handled 1 tls 7\n"),
                "the end")


def follow(context, mode, commands, *arguments):
    """LLDB's output on the program that makes processes, and the program's exit status and
    output."""
    user, program = armemu_user(context), linux_program(context, "fork")
    path = os.path.join(context.scratch, "follow.sock")
    with subprocess.Popen([user, "-g", path, program, *arguments], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, text=True) as process:
        end = time.monotonic() + HANG_SECONDS
        while not os.path.exists(path) and time.monotonic() < end:
            time.sleep(0.02)
        out = lldb(program, path, commands, before=["settings set target.process.follow-fork-mode "
                                                    + mode])
        text = process.communicate(timeout=HANG_SECONDS)[0]
    if os.path.exists(path):
        os.unlink(path)
    return out, process.returncode, text


def test_follow_parent(context):
    """The child is let go, breakpoints or not."""
    for how in ("fork", "vfork"):
        out, status, text = follow(context, "parent", ["breakpoint set -n in_child",
                                                       "breakpoint set -n in_parent", "continue",
                                                       "frame variable", "target variable stage",
                                                       "continue"], how)
        check_match(r"stop reason = breakpoint 2\.1", out)
        check_match(r"^\(volatile int\) stage = 0$", out)
        check_match(r"exited with status = 3", out)
        check_equal((status, text), (3, "child 5\n"), how)


def test_follow_child(context):
    for how in ("fork", "vfork"):
        out, status, text = follow(context, "child", ["breakpoint set -n in_child",
                                                      "breakpoint set -n in_parent", "continue",
                                                      "bt", "thread step-over",
                                                      "target variable stage", "continue"], how)
        check_match(r"stop reason = breakpoint 1\.1", out)
        check_match(r"frame #1: .*`main\(argc=2", out)
        check_match(r"^\(volatile int\) stage = 1$", out)
        check_match(r"exited with status = 5", out)
        check_equal((status, text), (3, "child 5\n"), how)


# LLDB forgets the program when another one is executed, and does not ask for its name.
EXECUTED = ["target modules add PROGRAM", "target modules load --file PROGRAM --slide 0",
            "breakpoint set -n main", "continue", "frame variable argc", "continue"]


def executed(context):
    return [command.replace("PROGRAM", linux_program(context, "fork")) for command in EXECUTED]


def test_follow_exec(context):
    out, status, text = follow(context, "parent", ["continue", *executed(context)], "self")
    check_match(r"stop reason = exec", out)
    check_match(r"^\(int\) argc = 3$", out)
    check_match(r"exited with status = 9", out)
    check_equal((status, text), (9, "again x\n"), "the program's end")


def test_follow_exec_in_child(context):
    for how in ("fork", "vfork"):
        out, status, text = follow(context, "child", ["continue", *executed(context)], how, "exec")
        check_match(r"stop reason = exec", out)
        check_match(r"^\(int\) argc = 3$", out)
        check_match(r"exited with status = 9", out)
        check_equal((status, text), (3, "again x\nchild 9\n"), how)


def test_steps_of_a_family(context):
    """Steps with the hub between."""
    out, status, text = follow(context, "parent", ["breakpoint set -n in_parent", "continue",
                                                   "stepi", "stepi", "thread step-out",
                                                   "breakpoint delete -f", "continue"], "fork")
    check_match(r"stop reason = instruction step into", out)
    check_match(r"stop reason = step out", out)
    check_equal((status, text), (3, "child 5\n"), "the program's end")


def test_stdio(context):
    """LLDB starts nothing by itself, but it talks through a descriptor that it inherits: the
    machine's standard input and output are the other end (docs/DEBUGGING.md)."""
    ours, theirs = socket.socketpair()
    with subprocess.Popen([context.armemu, "-M", "virt", "-S", "-gdb", "stdio", "-serial", "null",
                           "-monitor", "none",
                           "-kernel", context.program("t32")], stdin=theirs,
                          stdout=theirs) as process:
        theirs.close()
        out = lldb(context.program("t32"), f"fd://{ours.fileno()}",
                   ["breakpoint set -n body -c 'i == 6'", "continue", "frame variable", "stepi",
                    "process kill"],
                   fds=[ours.fileno()])
        ours.close()
        check_equal(process.wait(timeout=HANG_SECONDS), 0, "the end")
    check_match(r"^\(int\) i = 6$", out)
    check_match(r"stop reason = instruction step into", out)


def interrupted(program, where, stop):
    """LLDB's output when Ctrl-C comes while the program runs; then it is killed. @stop: called with
    LLDB before."""
    if not shutil.which("lldb"):
        raise Skip("there is no lldb")
    process = subprocess.Popen(["lldb", "-o", f"process connect unix-connect://{where}", program],
                               stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    out = ""
    process.stdin.write("process handle SIGUSR1 -s false -p true\ncontinue\n")
    process.stdin.flush()
    while "resuming" not in out:
        line = process.stdout.readline()
        if not line:
            raise Failure("LLDB has ended:\n" + out)
        out += line
    stop(process)
    process.stdin.write("process status\nregister read pc\nprocess kill\nquit\n")
    return out + process.communicate(timeout=HANG_SECONDS)[0]


def interrupt_lldb(process):
    time.sleep(1)
    interrupt(process)


def test_interrupt(context):
    with Emulator(context, "a32") as emulator: # its program sleeps soon
        out = interrupted(context.program("a32"), emulator.path, interrupt_lldb)
        emulator.process.wait(timeout=HANG_SECONDS)
    check_match(r"stop reason = signal SIGINT", out)
    check_match(r"^ *pc = 0x4001", out)
    user, program, path = armemu_user(context), linux_program(context, "arm"), os.path.join(
        context.scratch, "read.sock")
    with subprocess.Popen([user, "-g", path, program, "read"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as process:
        while not os.path.exists(path):
            time.sleep(0.02)

        def stop(debugger):
            check_match("^counter", process.stdout.readline())
            interrupt_lldb(debugger)
        out = interrupted(program, path, stop)
        process.stdin.close()
        process.wait(timeout=HANG_SECONDS)
    check_match(r"stop reason = signal SIGINT", out)


def test_monitor(context):
    with Emulator(context, "a32") as emulator:
        out = lldb(context.program("a32"), emulator.path,
                   ["process plugin packet monitor info status",
                    "process plugin packet monitor nonsense", "process kill"])
        emulator.process.wait(timeout=HANG_SECONDS)
    check_match(r"VM status: paused", out)
    check_match(r"unknown command: 'nonsense'", out)


def test_load_into_flash(context):
    elf = cortexm_program(context)
    with Emulator(context, None, machine="lm3s6965evb") as emulator:
        out = lldb(elf, emulator.path,
                   [f"target modules load --file {elf} --slide 0 --load",
                    "process plugin packet monitor reset halt",
                    "breakpoint set -n main", "continue", "target variable value", "process kill"])
        emulator.process.wait(timeout=HANG_SECONDS)
    check_match(r"stop reason = breakpoint 1\.1", out)
    check_match(r"^\(volatile unsigned int\) value = 41$", out)
    check("failed to send the k packet" not in out, out)


def test_registers_memory_and_coming_back(context):
    """Banked registers, a mode that is changed; detached the program goes on, and another session
    finds it."""
    with Emulator(context, "a32") as emulator:
        out = lldb(context.program("a32"), emulator.path,
                   ["breakpoint set -n body", "continue", "memory write -s 4 $sp-64 0x11223344",
                    "memory read -f x -s 4 -c 1 $sp-64", "register write sp_irq 0x40300000",
                    "register write cpsr 0x600001d2",
                    "register read sp", "register write cpsr 0x600001d3", "register write d3 2.5",
                    "register read d3", "register write q1 '{1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 "
                                        "16}'",
                    "register read q1 d2",
                    "memory find -s needle 0x40010000 0x40012000", "process detach"])
        check_match(r"^0x[0-9a-f]+: 0x11223344$", out)
        check_match(r"^ *sp = 0x40300000$", out)
        check_match(r"^ *d3 = 2.5", out)
        check_match(r"^ *q1 = \{0x01 0x02 .* 0x10\}$", out)
        check_match(r"needle in a hays", out)
        time.sleep(0.3)
        out = lldb(context.program("a32"), emulator.path,
                   ["register read pc", "target variable counter", "process kill"])
        emulator.process.wait(timeout=HANG_SECONDS)
        check_match(r"^ *pc = 0x[0-9a-f]+  a32.elf`idle", out)
        check_match(r"counter = 13", out) # fibonacci(7)


def test_calls_in_a_program(context):
    """LLDB gets memory for its code by calling the program's mmap. On machines it cannot."""
    user, program, path = armemu_user(context), linux_program(context, "arm"), os.path.join(
        context.scratch, "call.sock")
    with subprocess.Popen([user, "-g", path, program], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, text=True) as process:
        while not os.path.exists(path):
            time.sleep(0.02)
        out = lldb(program, path, ["breakpoint set -n body", "continue",
                                   "expression (int)add(40,2)", "process detach"])
        text = process.communicate(timeout=HANG_SECONDS)[0]
    check_match(r"^\(int\) \$0 = 42$", out)
    check_equal((process.returncode, text), (3, "counter 15000 shared 3000 handled 1 tls 7\n"),
                "the end")


def test_dynamic_program(context):
    """LLDB's dynamic loader: it changes its mind about what is Thumb code at the program's
    entry."""
    user, program, port = armemu_user(context), linux_program(context, "dynamic"), free_port()
    with subprocess.Popen([user, "-L", "/usr/arm-linux-gnueabihf", "-g", str(port), program],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as process:
        wait_for(port)
        out = lldb(program, port, ["process handle SIGUSR1 -s false -p true",
                                   "breakpoint set -n threads_done", "continue", "bt", "continue"])
        text = process.communicate(timeout=HANG_SECONDS)[0]
    check_match(r"frame #1: .*`main", out)
    check_match(r"exited with status = 3", out)
    check_equal((process.returncode, text), (3, "counter 15000 shared 3000 handled 1 tls 7\n"),
                "the end")


WATCH = ["watchpoint set variable VARIABLE", "continue", "continue",
         "watchpoint modify -c 'VARIABLE > LIMIT'", "continue", "stepi", "continue"]


def watches(out, values):
    """Each access is passed behind its stop: what was there, and what was written."""
    seen = re.findall(r"^old value: (\w+)\nnew value: (\w+)$", out, re.MULTILINE)
    check_equal([(int(a, 0), int(b, 0)) for a, b in seen], values, "old and new values")


def watch_commands(variable, limit):
    return [c.replace("VARIABLE", variable).replace("LIMIT", str(limit)) for c in WATCH]


def test_watchpoints(context):
    """Of a machine: what is written, stop for stop; a condition; reads."""
    sums = [sum(range(i + 1)) for i in range(12)]
    for kind in ("a32", "t32"):
        with Emulator(context, kind) as emulator:
            out = lldb(context.program(kind), emulator.path,
                       [*watch_commands("counter", 30), "watchpoint delete -f",
                        "watchpoint set expression -w read -- &neighbours[1]", "continue",
                        "continue", "target variable neighbours", "process kill"])
            emulator.process.wait(timeout=HANG_SECONDS)
        watches(out, [(sums[0], sums[1]), (sums[1], sums[2]), (sums[2], sums[8]),
                      (sums[8], sums[9]), (107, 108), (108, 109)])
        check_match(r"\[1\] = 109, \[2\] = 109", out) # the read is done, not what is behind it


def test_watchpoints_cortex_m(context):
    with Emulator(context, None, "-kernel", cortexm_program(context),
                  machine="lm3s6965evb") as emulator:
        out = lldb(cortexm_program(context), emulator.path,
                   [*watch_commands("value", 100), "process kill"])
        emulator.process.wait(timeout=HANG_SECONDS)
    watches(out, [(0, 41), (41, 42), (42, 102), (102, 104)]) # .data is copied first


def test_watchpoints_in_a_program(context):
    user, program, path = armemu_user(context), linux_program(context, "thumb"), os.path.join(
        context.scratch, "watch.sock")
    sums = [sum(range(i + 1)) for i in range(12)]
    with subprocess.Popen([user, "-g", path, program], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL) as process:
        while not os.path.exists(path):
            time.sleep(0.02)
        out = lldb(program, path, [*watch_commands("counter", 30), "process kill"])
        process.wait(timeout=HANG_SECONDS)
    watches(out, [(sums[0], sums[0]), (sums[0], sums[1]), (sums[1], sums[8]), (sums[8], sums[9])])
