"""armemu-user in non-stop mode: following fork, vfork and execve."""
import re
import time

from driver import HANG_SECONDS, Rsp, check, check_equal, check_match
from test_nonstop import Mi
from test_user import UserEmulator
from test_user_follow import SUPPORTED
from test_user_nonstop import symbol


class Session:
    """GDB's machine interface on the program."""

    def __init__(self, context, *arguments):
        self.emulator = UserEmulator(context, "fork", *arguments)
        self.mi = Mi(self.emulator.program)

    def __enter__(self):
        for setting in ("mi-async on", "non-stop on", "confirm off", "debuginfod enabled off",
                        "print thread-events off"):
            self.mi.ask("-gdb-set " + setting)
        return self

    def __exit__(self, *_):
        self.mi.__exit__()
        self.emulator.__exit__()

    def connect(self, *commands):
        for command in commands:
            self.mi.ask(command)
        self.mi.ask("-target-select remote " + self.emulator.path)
        self.mi.stop(1)

    def wait_for(self, pattern):
        """Until GDB has said that."""
        while not any(re.search(pattern, line) for line in self.mi.lines):
            self.mi.line()

    def end(self):
        return self.emulator.end()


def test_parent(context):
    """The child is let go, breakpoints or not."""
    for how in ("fork", "vfork"):
        with Session(context, how) as s:
            s.connect("-break-insert in_child", "-break-insert in_parent")
            s.mi.ask("-exec-continue --thread 1")
            check_match(r'reason="breakpoint-hit".*func="in_parent"', s.mi.stop(1))
            check_equal(s.mi.value("stage"), 0, how)
            s.mi.ask("-exec-continue --thread 1")
            s.wait_for(r'exit-code="03"')
            check_equal(s.end(), (3, "child 5\n"), how)


def test_child(context):
    for how in ("fork", "vfork"):
        with Session(context, how) as s:
            s.connect("-gdb-set follow-fork-mode child", "-break-insert in_child",
                      "-break-insert in_parent")
            s.mi.ask("-exec-continue --thread 1")
            check_match(r'reason="breakpoint-hit".*func="in_child"', s.mi.stop(2))
            s.mi.ask("-exec-next --thread 2")
            s.mi.stop(2)
            check_equal(s.mi.value("stage", 2), 1, how)
            s.mi.ask("-exec-continue --thread 2")
            s.wait_for(r'exit-code="05"')
            check_equal(s.end(), (3, "child 5\n"), how)


def test_both(context):
    """Each goes its way: one stands while the other runs."""
    with Session(context, "fork", "wait") as s:
        s.connect("-gdb-set detach-on-fork off", "-break-insert in_child",
                  "-break-insert in_parent")
        s.mi.ask("-exec-continue --thread 1")
        check_match(r'func="in_parent"', s.mi.stop(1)) # GDB lets both go on
        check_match(r'func="in_child"', s.mi.stop(2))
        info = s.mi.ask("-thread-info")
        check_equal(re.findall(r'state="(\w+)"', info), ["stopped", "stopped"], info)
        s.mi.ask("-break-delete")
        s.mi.ask("-exec-continue --thread 2")
        time.sleep(0.2)
        s.mi.ask("-exec-interrupt --thread 2")
        check_match(r'func="(turn|main)"', s.mi.stop(2))
        check(s.mi.value("turns", 2) > 0, "the child ran")
        check_equal((s.mi.value("turns", 1), s.mi.value("stage", 1), s.mi.value("stage", 2)),
                    (0, 0, 1), "the parent stood")
        s.mi.ask("-exec-continue --thread 1")
        time.sleep(0.2)
        turns = s.mi.value("turns", 2)
        s.mi.ask("-exec-interrupt --thread 1")
        s.mi.stop(1)
        check(s.mi.value("turns", 1) > 0, "the parent ran")
        check_equal(s.mi.value("turns", 2), turns, "the child stood")
        for thread, code in ((2, "05"), (1, "03")):
            s.mi.ask(f"-thread-select {thread}")
            s.mi.ask("-gdb-set var stay=0")
            s.mi.ask(f"-exec-continue --thread {thread}")
            s.wait_for(f'exit-code="{code}"')
        check_equal(s.end(), (3, "child 5\n"), "the program's end")


def test_exec(context):
    with Session(context, "self") as s:
        s.connect('-interpreter-exec console "catch exec"')
        s.mi.ask("-exec-continue --thread 1")
        check_match(r'reason="exec"', s.mi.stop(1))
        s.mi.ask("-break-insert main")
        s.mi.ask("-exec-continue --thread 1")
        check_match(r'reason="breakpoint-hit".*func="main"', s.mi.stop(1))
        check_equal(s.mi.value("argc"), 3, "arguments")
        s.mi.ask("-exec-continue --thread 1")
        s.wait_for(r'exit-code="011"')
        check_equal(s.end(), (9, "again x\n"), "the program's end")


def test_exec_in_child(context):
    for how in ("fork", "vfork"):
        with Session(context, how, "exec") as s:
            s.connect("-gdb-set follow-fork-mode child", '-interpreter-exec console "catch exec"')
            s.mi.ask("-exec-continue --thread 1")
            check_match(r'reason="exec"', s.mi.stop(2))
            s.mi.ask("-exec-continue --thread 2")
            s.wait_for(r'exit-code="011"')
            check_equal(s.end(), (3, "again x\nchild 9\n"), how)


class Family:
    """A bare client in non-stop mode, a parent that has told of its child, and this."""

    def __init__(self, emulator, client):
        self.emulator, self.client = emulator, client
        client.ask(SUPPORTED)
        check_equal(client.ask("QNonStop:1"), "OK", "non-stop mode")
        self.parent = emulator.process.pid
        check_match(rf"^T00thread:p{self.parent:x}\.{self.parent:x};", client.ask("?"))
        check_equal(client.ask("vStopped"), "OK", "no more")
        check_equal(client.ask("vCont;c"), "OK", "it goes on")
        text = client.notification()
        self.child = int(check_match(
            rf"^Stop:T05thread:p{self.parent:x}\.[0-9a-f]+;fork:p([0-9a-f]+)\.", text)[1], 16)

    def acknowledged(self):
        check_equal(self.client.ask("vStopped"), "OK", "acknowledged")
        return self

    def spins(self, pid):
        def turns():
            check_equal(self.client.ask(f"Hgp{pid:x}.0"), "OK", "Hg")
            return self.client.ask(f"m{symbol(self.emulator.program, 'turns'):x},4")
        before = turns()
        time.sleep(0.1)
        return turns() != before

    def end_loop(self, pid):
        check_equal(self.client.ask(f"Hgp{pid:x}.0"), "OK", "Hg")
        check_equal(self.client.ask(f"M{symbol(self.emulator.program, 'stay'):x},4:00000000"), "OK",
                    "the end of a loop")


def test_packets(context):
    with UserEmulator(context, "fork", "fork", "wait") as emulator, Rsp(emulator.path) as client:
        f = Family(emulator, client).acknowledged()
        parent, child = f"p{f.parent:x}.{f.parent:x}", f"p{f.child:x}.{f.child:x}"
        check_equal(sorted(client.ask("qfThreadInfo")[1:].split(",")), sorted([parent, child]),
                    "threads")
        check_equal(client.ask(f"vCont;c:p{f.child:x}.-1"), "OK", "the child goes on")
        check(f.spins(f.child) and not f.spins(f.parent), "the child alone runs")
        check_equal(client.ask("vCont;c"), "OK", "all go on")
        check(f.spins(f.child) and f.spins(f.parent), "both run")
        check_equal(client.ask(f"vCont;t:{child}"), "OK", "the child stops")
        check_match(rf"^Stop:T00thread:{child};", client.notification())
        check_equal(client.ask(f"vCont;t:{parent}"), "OK", "so does the parent")
        check_match(rf"^T00thread:{parent};", client.ask("vStopped"))
        check_equal(client.ask("vStopped"), "OK", "no more")
        check(not f.spins(f.child) and not f.spins(f.parent), "both stand")
        # "?" names all that stand; one is the answer, the other one follows.
        first = client.ask("?")
        check_equal(client.ask("vStopped"), "OK", "the other follows")
        both = sorted(re.search(r"thread:([^;]*)", t)[1] for t in (first, client.notification()))
        check_equal(both, sorted([parent, child]), "all that stand")
        check_equal(client.ask("vStopped"), "OK", "no more")
        check_equal(client.ask("QNonStop:1"), "OK", "as it is")
        for bad in ("QNonStop:0", "c", "s", "C05", "R00", "vRun;", "Hgp1.1", "D;1"):
            check_match("^E", client.ask(bad) or "empty reply to " + bad)
        check_equal(client.ask("vCont;c:p1.1"), "OK", "a thread that has gone")
        f.end_loop(f.child)
        check_equal(client.ask(f"vCont;c:{child}"), "OK", "to its end")
        check_equal(client.notification(), f"Stop:W05;process:{f.child:x}", "the child's end")
        f.end_loop(f.parent)
        check_equal(client.ask("vCont;c"), "OK", "to its end")
        end = time.monotonic() + HANG_SECONDS
        while client.ask(f"Tp{f.parent:x}.{f.parent:x}") == "OK":
            check(time.monotonic() < end, "the parent does not end")
        check_equal(client.ask("vStopped"), f"W03;process:{f.parent:x}", "the parent's end")
        check_equal(client.ask("vStopped"), "OK", "no more")
        check_equal(client.byte(), b"", "nobody is left")
        check_equal(emulator.end(), (3, "child 5\n"), "the program's end")


def test_taken_over_in_the_midst(context):
    """The fork happens while an older stop is not acknowledged: nothing is lost, nothing told
    twice."""
    with UserEmulator(context, "fork", "fork") as emulator, Rsp(emulator.path) as client:
        client.ask(SUPPORTED)
        client.ask("QNonStop:1")
        client.ask("?")
        client.ask("vStopped")
        pid = emulator.process.pid
        check_equal(client.ask(f"vCont;s:p{pid:x}.-1"), "OK", "a step")
        check_match(rf"^Stop:T05thread:p{pid:x}\.{pid:x};", client.notification())
        check_equal(client.ask("vCont;c"), "OK", "it goes on, and forks")
        end = time.monotonic() + HANG_SECONDS
        while "," not in client.ask("qfThreadInfo"):
            check(time.monotonic() < end, "there is no child")
        child = int(check_match(r";fork:p([0-9a-f]+)\.", client.ask("vStopped"))[1], 16)
        check_equal(client.ask("vStopped"), "OK", "no more")
        check_equal(client.ask(f"D;{child:x}"), "OK", "the child is let go")
        check_equal(client.ask(f"vKill;{pid:x}"), "OK", "and the parent ended")


def test_vanishing(context):
    """Who leaves leaves both running."""
    with UserEmulator(context, "fork", "fork") as emulator:
        with Rsp(emulator.path) as client:
            Family(emulator, client)
        check_equal(emulator.end(), (3, "child 5\n"), "the program's end")
