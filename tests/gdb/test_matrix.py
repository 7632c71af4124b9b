"""The same session with GDB (its Python) and LLDB, over TCP, a Unix socket and stdio, for A32, T32,
Cortex-M and programs."""
import os
import shutil
import signal
import socket
import subprocess
import time

from driver import GDB, HANG_SECONDS, Failure, Skip, check_equal, check_match, linux_program
from test_cortexm import program as cortexm_program
from test_lldb import armemu_user, free_port, lldb, wait_for

# Kind: (machine; none: a program), where to stop, a variable that is written behind.
KINDS = {"a32": ("virt", "body", "counter"), "t32": ("virt", "body", "counter"),
         "m": ("lm3s6965evb", "main", "calls"),
         "arm": (None, "body", "counter"), "thumb": (None, "body", "counter")}
TRANSPORTS = ("tcp", "unix", "stdio")


def program(context, kind):
    if kind == "m":
        return cortexm_program(context)
    return context.program(kind) if KINDS[kind][0] else linux_program(context, kind)


def command(context, kind, spec):
    """The emulator's command line. @spec: a port, a path, or "stdio"."""
    if not KINDS[kind][0]:
        return [armemu_user(context), "-g", str(spec), program(context, kind)]
    where = f"tcp::{spec}" if isinstance(spec, int) else spec if spec == "stdio" else "unix:" + spec
    return [context.armemu, "-M", KINDS[kind][0], "-S", "-gdb", where, "-serial", "null",
            "-monitor", "none", "-kernel", program(context, kind)]


class Waiting:
    """An emulator that waits at a socket."""

    def __init__(self, context, kind, transport):
        self.where = free_port() if transport == "tcp" else os.path.join(context.scratch,
                                                                         "matrix.sock")
        self.process = subprocess.Popen(command(context, kind, self.where),
                                        stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, start_new_session=True)
        end = time.monotonic() + HANG_SECONDS
        if transport == "tcp":
            wait_for(self.where)
        while transport == "unix" and not os.path.exists(self.where):
            if self.process.poll() is not None or time.monotonic() > end:
                raise Failure("nobody listens")
            time.sleep(0.01)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if isinstance(self.where, str) and os.path.exists(self.where):
            os.unlink(self.where)


GDB_SESSION = '''
import gdb

stops = []
gdb.events.stop.connect(stops.append)
inferior = gdb.selected_inferior()


def number(expression):
    return int(gdb.parse_and_eval(expression)) & 0xffffffff


gdb.execute("break FUNCTION CONDITION")
gdb.execute("continue")
assert isinstance(stops[-1], gdb.BreakpointEvent), stops
assert gdb.selected_frame().name() == "FUNCTION", stops
for name in ("r0", "r3", "r7", "r12", "lr"):
    old = number("$" + name)
    gdb.execute(f"set ${name} = 0x12345678")
    assert number("$" + name) == 0x12345678, name
    gdb.execute(f"set ${name} = {old:#x}")
pc = number("$pc")
gdb.execute("stepi")
assert number("$pc") - pc in (2, 4), "a step"
below = number("$sp") - 256
inferior.write_memory(below, b"0123456789abcdef")
assert bytes(inferior.read_memory(below, 16)) == b"0123456789abcdef", "memory"
assert inferior.search_memory(below - 64, 128, b"789a") == below + 7, "qSearch"
watchpoint = gdb.Breakpoint("VARIABLE", gdb.BP_WATCHPOINT, gdb.WP_WRITE)
before = number("VARIABLE")
gdb.execute("continue")
assert isinstance(stops[-1], gdb.BreakpointEvent), "a watchpoint"
assert watchpoint in stops[-1].breakpoints, "a watchpoint"
assert number("VARIABLE") > before, "what was written"
watchpoint.delete()
never = gdb.Breakpoint("FUNCTION")
never.condition = "$sp == 1"
assert len(inferior.threads()) >= 1 and inferior.threads()[0].is_stopped(), "threads"
print("session done")
gdb.execute("kill")
'''


def gdb_session(context, kind, transport):
    if not shutil.which(GDB):
        raise Skip(f"there is no {GDB}")
    script = os.path.join(context.scratch, f"session-{kind}.py")
    with open(script, "w", encoding="ascii") as f:
        f.write(GDB_SESSION.replace("FUNCTION", KINDS[kind][1]).replace("VARIABLE", KINDS[kind][2])
                .replace("CONDITION", "" if kind == "m" else "if i == 3"))

    def run(target):
        done = subprocess.run([GDB, "-nx", "-batch", "-iex", "set debuginfod enabled off", "-ex",
                               "set confirm off",
                               "-ex", "target remote " + target, "-x", script,
                               program(context, kind)],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True,
                              timeout=HANG_SECONDS, check=False)
        check_match(r"^session done$", done.stdout)

    if transport == "stdio":
        run("| " + " ".join(command(context, kind, "stdio")))
        return
    with Waiting(context, kind, transport) as emulator:
        run(f":{emulator.where}" if transport == "tcp" else emulator.where)
        emulator.process.wait(timeout=HANG_SECONDS)


def lldb_session(context, kind, transport):
    _, function, variable = KINDS[kind]
    commands = [f"breakpoint set -n {function}", "continue", "register read pc",
                "register write r3 0x12345678", "register read r3",
                "stepi", "expression -- *(int *)($sp - 256) = 0x7a6b5c4d",
                "memory read -f x -s 4 -c 1 '$sp - 256'",
                f"watchpoint set variable {variable}", "continue", "thread list", "process kill"]
    if transport == "stdio":
        ours, theirs = socket.socketpair()
        with subprocess.Popen(command(context, kind, "stdio"), stdin=theirs, stdout=theirs,
                              stderr=subprocess.DEVNULL) as process:
            theirs.close()
            out = lldb(program(context, kind), f"fd://{ours.fileno()}", commands,
                       fds=[ours.fileno()])
            ours.close()
            process.wait(timeout=HANG_SECONDS)
    else:
        with Waiting(context, kind, transport) as emulator:
            out = lldb(program(context, kind), emulator.where, commands)
            emulator.process.wait(timeout=HANG_SECONDS)
    check_match(r"stop reason = breakpoint 1\.1", out)
    check_match(r"^ *r3 = 0x12345678$", out)
    check_match(r"stop reason = instruction step into", out)
    check_match(r"^0x[0-9a-f]+: 0x7a6b5c4d$", out)
    check_match(r"stop reason = watchpoint 1", out)


def make_test(session, name, kind, transport):
    def test(context):
        session(context, kind, transport)
    test.__name__ = f"test_{name}_{kind}_{transport}"
    return test


for _name, _session in (("gdb", gdb_session), ("lldb", lldb_session)):
    for _kind in KINDS:
        for _transport in TRANSPORTS:
            _test = make_test(_session, _name, _kind, _transport)
            globals()[_test.__name__] = _test
del _test


def test_the_debugger_vanishes_from_stdio(context):
    """Nobody can come again: the machine or program ends, unless the debugger has detached."""
    for kind in ("a32", "arm"):
        for detach in (False, True):
            ours, theirs = socket.socketpair()
            with subprocess.Popen(command(context, kind, "stdio"), stdin=theirs, stdout=theirs,
                                  stderr=subprocess.PIPE) as process:
                theirs.close()
                if detach:
                    ours.sendall(b"+$D#44")
                    check_equal(ours.recv(7, socket.MSG_WAITALL), b"+$OK#9a", "detached")
                ours.close()
                if detach and kind == "a32": # its program idles
                    time.sleep(0.3)
                    check_equal(process.poll(), None, "the machine goes on")
                    process.kill()
                status = process.wait(timeout=HANG_SECONDS)
                expected = {("a32", False): 0, ("a32", True): -signal.SIGKILL,
                            ("arm", False): -signal.SIGKILL, ("arm", True): 3}
                check_equal(status, expected[kind, detach], f"{kind}, detached: {detach}")


def test_stdio_of_a_program(context):
    """What it writes goes to standard error, and it reads nothing; pipes instead of a socket do as
    well."""
    with subprocess.Popen([armemu_user(context), "-g", "stdio", linux_program(context, "arm"),
                           "read"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdin.write(b"+$QPassSignals:1e#89+$vCont;c#a8")
        process.stdin.flush()
        check_equal(process.stdout.read(13), b"+$OK#9a+$W03#", "replies")
        out = process.communicate(timeout=HANG_SECONDS)[1].decode()
        check_match(r"^counter 15000 shared 3000 handled 1 tls 7\nread 0\n", out)
        check_equal(process.returncode, 3, "the end")
