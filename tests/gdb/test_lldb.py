"""LLDB on the stub."""
import os
import shutil
import socket
import subprocess
import time

from test_cortexm import program as cortexm_program
from driver import (HANG_SECONDS, Emulator, Failure, Skip, check_equal, check_match, linux_program)


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


def lldb(program, where, commands):
    """LLDB's output. @where: a port, or the path of a socket."""
    if not shutil.which("lldb"):
        raise Skip("there is no lldb")
    connect = f"gdb-remote {where}" if isinstance(where, int) else f"process connect unix-connect://{where}"
    arguments = ["lldb", "-b", "-o", connect]
    for command in commands:
        arguments += ["-o", command]
    done = subprocess.run([*arguments, program], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=HANG_SECONDS, check=False)
    return done.stdout


def machine(context, kind):
    port = free_port()
    with Emulator(context, kind, gdb=f"tcp::{port}") as emulator:
        wait_for(port)
        out = lldb(context.program(kind), port,
                   ["breakpoint set -n body", "continue", "register read r0 pc cpsr d0 sp_irq", "bt",
                    "frame variable", "stepi", "finish", "breakpoint delete -f", "memory read -f x -s 4 -c 2 $sp",
                    "process kill"])
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
                   ["breakpoint set -n body -c 'i == 6'", "continue", "frame variable", "watchpoint set variable counter",
                    "continue", "thread step-over", "frame variable i", "process kill"])
        emulator.process.wait(timeout=HANG_SECONDS)
    check_match(r"^\(int\) i = 6$", out)
    check_match(r"stop reason = watchpoint 1", out)


def test_cortex_m(context):
    with Emulator(context, None, "-kernel", cortexm_program(context), machine="lm3s6965evb") as emulator:
        out = lldb(cortexm_program(context), emulator.path,
                   ["breakpoint set -n svc_handler", "continue", "register read pc xpsr msp control", "bt",
                    "breakpoint delete -f", "stepi", "finish", "process kill"])
        emulator.process.wait(timeout=HANG_SECONDS)
    check_match(r"stop reason = breakpoint 1\.1", out)
    check_match(r"^ *msp = 0x2000", out)
    check_match(r"frame #0: .*`svc_handler", out)
    check_match(r"stop reason = instruction step into", out)


def test_user(context):
    user = os.path.join(os.path.dirname(context.armemu), "armemu-user")
    if not os.path.exists(user):
        raise Skip("there is no armemu-user")
    program, port = linux_program(context, "arm"), free_port()
    with subprocess.Popen([user, "-g", str(port), program], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, text=True) as process:
        wait_for(port)
        out = lldb(program, port, ["breakpoint set -n threads_done", "continue", "thread list",
                                   "process handle SIGUSR1 -s false -p true", "continue"])
        text = process.communicate(timeout=HANG_SECONDS)[0]
    check_match(r"stop reason = breakpoint 1\.1", out)
    check_match(r"exited with status = 3", out)
    check_equal((process.returncode, text), (3, "counter 15000 shared 3000 handled 1 tls 7\n"), "the end")
