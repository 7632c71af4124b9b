"""armemu-user under GDB: following fork, vfork and execve."""
import os
import re
import signal
import time

from driver import (HANG_SECONDS, Rsp, check, check_equal, check_match, gdb_finish, show, values)
from test_user import UserEmulator, start
from test_user_nonstop import symbol

SUPPORTED = "qSupported:multiprocess+;swbreak+;hwbreak+;fork-events+;vfork-events+;exec-events+"


def session(context, commands, *arguments):
    """GDB's output, and the program's exit status and output."""
    with UserEmulator(context, "fork", *arguments) as emulator:
        out = gdb_finish(start(context, emulator, commands))
        return (out, *emulator.end())


def test_parent(context):
    """The default: the child is let go, breakpoints or not."""
    for how in ("fork", "vfork"):
        out, status, text = session(context, "break in_child\nbreak in_parent\ncontinue\n"
                                    + show("stage", "stage") + "continue\n", how)
        check_match(r"^\[Detaching after v?fork from child process \d+\]$", out)
        check_match(r"hit Breakpoint 2, in_parent|^Breakpoint 2, in_parent", out)
        check("in_child (" not in out, out)
        check_match(r"\[Inferior 1 \(process \d+\) exited with code 03\]", out)
        check_equal((status, text), (3, "child 5\n"), how)


def test_child(context):
    out, status, text = session(context, "set follow-fork-mode child\nbreak in_child\nbreak "
                                         "in_parent\ncontinue\n"
                                "backtrace\nnext\nnext\n" + show("stage", "stage") + "continue\n",
                                "fork")
    check_match(r"^\[Attaching after Thread .* fork to child Thread", out)
    check_match(r"^\[Detaching after fork from parent process \d+\]$", out)
    check_match(r"^#1 .* main \(", out)
    check_equal(values(out)["stage"], "1", "a variable of the child")
    check_match(r"\[Inferior 2 \(process \d+\) exited with code 05\]", out)
    check_equal((status, text), (3, "child 5\n"), "the parent goes on without the debugger")


def test_catch(context):
    out, status, text = session(context, "catch fork\ncatch vfork\ncatch exec\ncontinue\n"
                                         "backtrace\ncontinue\n", "vfork")
    check_match(r"^Catchpoint 2 \(vforked process \d+\)", out)
    check_equal((status, text), (3, "child 5\n"), "vfork")
    out, status, text = session(context, "catch fork\ncatch vfork\ncontinue\ncontinue\n", "fork",
                                "exec")
    check_match(r"^Catchpoint 1 \(forked process \d+\)", out)
    check_equal((status, text), (3, "again x\nchild 9\n"), "fork")


def test_exec(context):
    """The program executes itself: its memory is new, and the debugger is still there."""
    out, status, text = session(context, "catch exec\ncontinue\ninfo breakpoints\nbreak main\n"
                                         "continue\n"
                                + show("argc", "argc") + show("how", "argv[1]") + "continue\n",
                                "self")
    check_match(r"^process \d+ is executing new program: .*user-fork$", out)
    check_match(r"hit Catchpoint 1 \(exec'd|^Catchpoint 1 \(exec'd", out)
    v = values(out)
    check_equal(v["argc"], "3", "arguments")
    check_match(r'"again"', v["how"])
    check_match(r"exited with code 011", out)
    check_equal((status, text), (9, "again x\n"), "the program's end")


def test_exec_in_child(context):
    for how in ("fork", "vfork"):
        out, status, text = session(context, "set follow-fork-mode child\ncatch exec\ncontinue\n"
                                    "tbreak main\ncontinue\n" + show("argc", "argc") + "continue\n",
                                    how, "exec")
        check_match(r"is executing new program", out)
        check_equal(values(out)["argc"], "3", "arguments")
        check_match(r"\[Inferior 2 \(process \d+\) exited with code 011\]", out)
        check_equal((status, text), (3, "again x\nchild 9\n"), how)


def test_both(context):
    """detach-on-fork off: two inferiors, each with memory and breakpoints of its own, one after the
    other and at once."""
    out, status, text = session(
        context, "set detach-on-fork off\nbreak in_parent\nbreak in_child\ncontinue\ninfo "
                 "inferiors\n"
        + "info threads\ninferior 2\n" + "continue\n" + show("child", "stage") + "next\nnext\n"
        + show("child1", "stage")
        + "inferior 1\n" + show("parent", "stage") + "next\nnext\n" + show("parent2", "stage")
        + "inferior 2\ncontinue\ninferior 1\ncontinue\n", "fork")
    v = values(out)
    check_match(r"^\* 1 +process \d+ ", out)
    check_match(r"^  2 +process \d+ ", out)
    check_match(r"^  2\.1 +Thread ", out)
    check_match(r"hit Breakpoint 2\.\d, in_child", out)
    check_equal((v["child"], v["child1"], v["parent"], v["parent2"]), ("0", "1", "0", "2"),
                "a variable in both")
    check_match(r"\[Inferior 2 \(process \d+\) exited with code 05\]", out)
    check_match(r"\[Inferior 1 \(process \d+\) exited with code 03\]", out)
    check_equal((status, text), (3, "child 5\n"), "the program's end")


class Family:
    """A bare client, a parent and its child, both stopped behind the fork."""

    def __init__(self, emulator, client):
        self.emulator, self.client = emulator, client
        for feature in ("multiprocess+", "fork-events+", "vfork-events+", "exec-events+"):
            check(feature in client.ask(SUPPORTED), feature)
        self.parent = emulator.process.pid
        check_match(rf"^T05thread:p{self.parent:x}\.{self.parent:x};", client.ask("?"))
        client.send("vCont;c")
        reply = client.receive()
        self.child = int(check_match(rf"^T05thread:p{self.parent:x}\.[0-9a-f]+;fork:p([0-9a-f]+)\.",
                                     reply)[1], 16)

    def word(self, pid, name):
        check_equal(self.client.ask(f"Hgp{pid:x}.0"), "OK", "Hg")
        value = self.client.ask(f"m{symbol(self.emulator.program, name):x},4")
        return int.from_bytes(bytes.fromhex(value), "little")

    def end_loop(self, pid):
        check_equal(self.client.ask(f"Hgp{pid:x}.0"), "OK", "Hg")
        check_equal(self.client.ask(f"M{symbol(self.emulator.program, 'stay'):x},4:00000000"), "OK",
                    "the end of a loop")


def test_packets(context):
    with UserEmulator(context, "fork", "fork", "wait") as emulator, Rsp(emulator.path) as client:
        f = Family(emulator, client)
        parent, child = f"p{f.parent:x}.{f.parent:x}", f"p{f.child:x}.{f.child:x}"
        check_equal(sorted(client.ask("qfThreadInfo")[1:].split(",")), sorted([parent, child]),
                    "threads")
        xml = client.ask("qXfer:threads:read::0,1000")
        check_equal(sorted(re.findall(r'thread id="([^"]*)"', xml)), sorted([parent, child]),
                    "the document")
        check_equal(client.ask("qXfer:threads:read::0,10")[0], "m", "a part")
        for thread in (parent, child):
            check_equal((client.ask("T" + thread), client.ask("Hg" + thread)), ("OK", "OK"), thread)
            check_equal(client.ask("qC"), "QC" + thread, "the current thread")
        # Each runs alone, and both together; Ctrl-C stops both.
        for action, runs in ((f"vCont;c:p{f.child:x}.-1", (False, True)),
                             (f"vCont;c:{parent}", (True, False)),
                             ("vCont;c", (True, True))):
            before = [f.word(pid, "turns") for pid in (f.parent, f.child)]
            client.send(action)
            time.sleep(0.3)
            client.raw(b"\3")
            check_match(r"^T02", client.receive())
            after = [f.word(pid, "turns") for pid in (f.parent, f.child)]
            check_equal(tuple(a != b for a, b in zip(after, before)), runs, action)
        for bad in ("T", "Tp1.1", "Hgp1.1", "Hgx", "D;1", "vKill;1", "vCont;c:p1.1",
                    "qGetTLSAddr:p1.1,0,0", "QNonStop:1",
                    "vRun;", "c1000", "C1", "S05;1000", "qXfer:exec-file:read:1:0,10", "mzz,1"):
            check_match("^E", client.ask(bad) or "empty reply to " + bad)
        check_equal(client.ask("qUnknown"), "", "what is not known")
        f.end_loop(f.child)
        client.send("vCont;c")
        check_equal(client.receive(), f"W05;process:{f.child:x}", "the child's end")
        f.end_loop(f.parent)
        client.send("vCont;c")
        check_equal(client.receive(), f"W03;process:{f.parent:x}", "the parent's end")
        check_equal(client.byte(), b"", "nobody is left")
        check_equal(emulator.end(), (3, "child 5\n"), "the program's end")


def test_killed(context):
    """What ends without a word is told of; and what the debugger kills."""
    with UserEmulator(context, "fork", "fork", "wait") as emulator, Rsp(emulator.path) as client:
        f = Family(emulator, client)
        client.send("vCont;c")
        time.sleep(0.1)
        os.kill(f.child, signal.SIGKILL)
        check_equal(client.receive(), f"X09;process:{f.child:x}", "the child's end")
        check_equal(client.ask(f"vKill;{f.parent:x}"), "OK", "kill")
        check_equal(emulator.end()[0], -signal.SIGKILL, "the parent's end")


def test_leaving(context):
    """A debugger that vanishes: both go on as they were, and another one can have the first."""
    with UserEmulator(context, "fork", "fork", "wait") as emulator:
        with Rsp(emulator.path) as client:
            f = Family(emulator, client)
            client.send("vCont;c")
            time.sleep(0.1)
        time.sleep(0.1)
        with Rsp(emulator.path) as client:
            client.ask(SUPPORTED)
            check_match(rf"^T05thread:p{f.parent:x}\.", client.ask("?"))
            f.client = client
            check(f.word(f.parent, "turns") > 0, "the parent stood")
            f.end_loop(f.parent)
            client.send("vCont;c")
            time.sleep(0.2)
            os.kill(f.child, signal.SIGTERM)
            check_equal(client.receive(), f"W03;process:{f.parent:x}", "the end")
        check_equal(emulator.end(), (3, "child -15\n"), "the program's end")


def test_detach_both(context):
    with UserEmulator(context, "fork", "fork") as emulator, Rsp(emulator.path) as client:
        f = Family(emulator, client)
        check_equal(client.ask(f"D;{f.parent:x}"), "OK", "the parent")
        check_equal(client.ask(f"D;{f.child:x}"), "OK", "the child")
        check_equal(emulator.end(), (3, "child 5\n"), "the program's end")


def test_breakpoints_and_forks_at_once(context):
    """One thread makes processes while another is at a breakpoint all the time: each is told of."""
    with UserEmulator(context, "fork", "threads") as emulator, Rsp(emulator.path) as client:
        client.ask(SUPPORTED)
        parent = f"p{emulator.process.pid:x}"
        at = f"0,{symbol(emulator.program, 'called') & ~1:x},4"
        check_equal(client.ask("Z" + at), "OK", "breakpoint")
        forks = 0
        reply = client.ask(f"vCont;c:{parent}.-1")
        end = time.monotonic() + HANG_SECONDS
        while reply[0] == "T":
            check(time.monotonic() < end, f"told of {forks} processes so far")
            child = re.search(r";fork:p([0-9a-f]+)\.", reply)
            thread = check_match(r"thread:(p[0-9a-f]+\.[0-9a-f]+);", reply)[1]
            if child:
                forks += 1
                check_equal(client.ask("D;" + child[1]), "OK", "a child is let go")
            elif "swbreak" in reply:
                check_equal(client.ask(f"Hg{thread}"), "OK", "Hg")
                check_equal(client.ask("z" + at), "OK", "breakpoint")
                step = client.ask(f"vCont;s:{thread}")
                if "fork:" in step: # the other one has told of it instead
                    reply = step
                    check_equal(client.ask("Z" + at), "OK", "breakpoint")
                    continue
                check_match("^T05", step)
                check_equal(client.ask("Z" + at), "OK", "breakpoint")
            reply = client.ask(f"vCont;c:{parent}.-1")
        check_equal((reply[:3], forks), ("W03", 20), "the end")
        check_equal(emulator.end(), (3, "children 20\n"), "the program's end")


def test_no_processes_for_others(context):
    """A debugger that does not know of processes sees one, and the child is not its own."""
    with UserEmulator(context, "fork", "fork") as emulator, Rsp(emulator.path) as client:
        reply = client.ask("qSupported:swbreak+;fork-events+")
        check("multiprocess" not in reply and "fork-events" not in reply, reply)
        check_match(r"^T05thread:[0-9a-f]+;", client.ask("?"))
        client.send("vCont;c")
        check_equal(client.receive(), "W03", "the end")
        check_equal(emulator.end(), (3, "child 5\n"), "the program's end")
