"""Non-stop mode: CPUs stop one by one."""
import shutil
import subprocess
import threading
import time

from driver import GDB, HANG_SECONDS, Emulator, Rsp, Skip, check, check_equal, check_match

SMP = ("-smp", "2")


def read(context, client, name):
    return int.from_bytes(bytes.fromhex(client.ask(f"m{context.symbol('a32', name):x},4")),
                          "little")


def begin(context, client, stay=1):
    """Non-stop mode with both CPUs stopped at their start."""
    check("QNonStop+" in client.ask("qSupported:swbreak+;hwbreak+"), "QNonStop")
    check_equal(client.ask("QNonStop:1"), "OK", "QNonStop")
    check_match(r"^T00thread:1;", client.ask("?"))
    check_equal(client.ask("vStopped"), "OK", "the others follow")
    stopped(client, r"^Stop:T00thread:2;")
    client.ask(f"M{context.symbol('a32', 'stay'):x},4:{stay:02x}000000")


def counts(context, client):
    """Does the second CPU count?"""
    before = read(context, client, "second_count")
    time.sleep(0.1)
    return read(context, client, "second_count") != before


def stopped(client, pattern):
    check_match(pattern, client.notification())
    check_equal(client.ask("vStopped"), "OK", "acknowledged")


def test_one_by_one(context):
    with Emulator(context, "a32", *SMP) as emulator, Rsp(emulator.path) as client:
        begin(context, client)
        body = context.symbol("a32", "body")
        check_equal(client.ask(f"Z0,{body:x},4"), "OK", "breakpoint")
        check_equal(client.ask("vCont;c"), "OK", "both go on")
        stopped(client, r"^Stop:T05thread:1;swbreak:;")
        check_equal(client.registers()[15], body, "the PC of CPU 0")
        check(counts(context, client), "CPU 1 stands")
        for action in ("vCont;s:1", "vCont;s:1", f"vCont;r{body + 8:x},{body + 16:x}:1"):
            check_equal(client.ask(action), "OK", action)
            stopped(client, r"^Stop:T05thread:1;0d:")
        check_equal(client.registers()[15], body + 16, "the PC behind the steps")
        check(counts(context, client), "CPU 1 stands during steps")
        check_equal(client.ask("vCont;t:1"), "OK", "a thread that has stopped")
        check_equal(client.ask("vCont;t:2"), "OK", "a thread that runs")
        stopped(client, r"^Stop:T00thread:2;")
        check(not counts(context, client), "CPU 1 runs")
        check_equal(client.ask("vCont;c:2"), "OK", "it goes on")
        check(counts(context, client), "CPU 1 stands again")
        check_equal(client.ask("vCtrlC"), "OK", "Ctrl-C")
        stopped(client, r"^Stop:T02thread:2;")
        check_equal(client.ask("c"), "E16", "c in non-stop mode")


def test_points_while_running(context):
    """Breakpoints and watchpoints that are set while CPUs run; two stops at once."""
    with Emulator(context, "a32", *SMP) as emulator, Rsp(emulator.path) as client:
        begin(context, client)
        client.ask("vCont;c")
        end = time.monotonic() + 60
        while not counts(context, client):
            check(time.monotonic() < end, "CPU 1 does not start")
        at = context.symbol("a32", "second_count")
        check_equal(client.ask(f"Z2,{at:x},4"), "OK", "watchpoint")
        stopped(client, rf"^Stop:T05thread:2;watch:{at:x};")
        check(not counts(context, client), "CPU 1 runs")
        check_equal(client.ask(f"z2,{at:x},4"), "OK", "gone")
        client.ask("vCont;c:2")
        check(counts(context, client), "CPU 1 stands")
        check_equal(client.ask("vCont;t"), "OK", "both stop")
        check_match(r"^Stop:T00thread:1;", client.notification())
        check_match(r"^T00thread:2;", client.ask("vStopped"))
        check_equal(client.ask("vStopped"), "OK", "no more")
        check_equal(client.ask("QNonStop:0"), "OK", "all-stop")
        client.send("vCont;c")
        client.raw(b"\3")
        check_equal(client.receive()[:3], "T02", "Ctrl-C in all-stop mode")


def test_unacknowledged_stops(context):
    """A client that never asks for stops: each thread has one that waits."""
    with Emulator(context, "a32", *SMP) as emulator, Rsp(emulator.path) as client:
        begin(context, client)
        for _ in range(5000):
            client.ask("vCont;c:2")
            check_equal(client.ask("vCont;t:2"), "OK", "stop")
        check_match(r"^Stop:T00thread:2;", client.notification())
        check_match(r"^T00thread:2;", client.ask("vStopped"))
        check_equal(client.ask("vStopped"), "OK", "no more")
        check_equal(client.notifications, [], "one notification at a time")


def test_leaving(context):
    """A debugger that vanishes leaves CPUs that run running; the next one finds all-stop mode."""
    with Emulator(context, "a32", *SMP) as emulator:
        with Rsp(emulator.path) as client:
            begin(context, client)
            client.ask(f"Z0,{context.symbol('a32', 'body'):x},4")
            client.ask("vCont;c")
            stopped(client, r"^Stop:T05thread:1;")
        time.sleep(0.1)
        with Rsp(emulator.path) as client:
            before = read(context, client, "second_count")
            check_equal(client.ask("D"), "OK", "detach")
        time.sleep(0.1)
        with Rsp(emulator.path) as client:
            check(read(context, client, "second_count") != before, "CPU 1 stands")
            check(read(context, client, "counter") > 0, "CPU 0 stands")


def test_end(context):
    """The machine ends: the debugger hears it, behind other news, and only then is the connection
    closed."""
    for first_stop in (False, True):
        with Emulator(context, "a32", *SMP) as emulator, Rsp(emulator.path) as client:
            begin(context, client, 4)
            if first_stop: # CPU 1 is off, so it stops at once; that is not acknowledged
                client.ask("vCont;c:2")
                check_equal(client.ask("vCont;t:2"), "OK", "stop")
                check_match(r"^Stop:T00thread:2;", client.notification())
            check_equal(client.ask("vCont;c:1"), "OK", "to the end")
            end = time.monotonic() + HANG_SECONDS
            while client.ask("g") != "E03": # until nothing is left to look at
                check(time.monotonic() < end, "the machine does not end")
            if first_stop:
                check_equal(client.ask("vStopped"), "W00", "the news behind the first")
            else:
                check_equal(client.notification(), "Stop:W00", "the end")
            check_equal(client.ask("vStopped"), "OK", "acknowledged")
            check_equal(client.byte(), b"", "closed")
            check_equal(emulator.wait(), 0, "exit status")


def test_end_unacknowledged(context):
    """A client that does not care does not keep the machine."""
    for leaves in (False, True):
        with Emulator(context, "a32", *SMP) as emulator, Rsp(emulator.path) as client:
            begin(context, client, 4)
            client.ask("vCont;c:1")
            check_equal(client.notification(), "Stop:W00", "the end")
            if leaves:
                client.socket.close()
            check_equal(emulator.wait(), 0, "exit status")


class Mi:
    """GDB with its machine interface, where stops are events."""

    def __init__(self, program):
        if not shutil.which(GDB):
            raise Skip(f"there is no {GDB}")
        self.number = 0
        self.stops = []
        self.lines = []
        self.process = subprocess.Popen([GDB, "-nx", "-q", "-i=mi3", program],
                                        stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.timer = threading.Timer(HANG_SECONDS, self.process.kill)
        self.timer.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.timer.cancel()
        self.process.kill()
        self.process.wait()

    def line(self):
        text = self.process.stdout.readline()
        check(text, "GDB has ended:\n" + "".join(self.lines))
        self.lines.append(text)
        if text.startswith("*stopped"):
            self.stops.append(text)
        return text

    def ask(self, command):
        self.number += 1
        self.process.stdin.write(f"{self.number}{command}\n")
        self.process.stdin.flush()
        while True:
            text = self.line()
            if text.startswith(f"{self.number}^"):
                check(not text.startswith(f"{self.number}^error"), "".join(self.lines))
                return text

    def value(self, expression, thread=1):
        return int(check_match(r'value="(-?[0-9]+)',
                               self.ask(
                                   f"-data-evaluate-expression --thread {thread} {expression}"))[1])

    def stop(self, thread):
        """What GDB says when the thread stops."""
        while True:
            for text in self.stops:
                if f'thread-id="{thread}"' in text:
                    self.stops.remove(text)
                    return text
            self.line()


def test_gdb(context):
    with Emulator(context, "a32", *SMP) as emulator, Mi(context.program("a32")) as gdb:
        for setting in ("mi-async on", "non-stop on", "confirm off", "debuginfod enabled off"):
            gdb.ask("-gdb-set " + setting)
        gdb.ask("-target-select remote " + emulator.path)
        gdb.stop(1)
        gdb.stop(2)
        gdb.ask("-gdb-set var stay=1")
        gdb.ask("-break-insert body")
        gdb.ask("-exec-continue --thread 2")
        gdb.ask("-exec-continue --thread 1")
        check_match(r'reason="breakpoint-hit".*func="body"', gdb.stop(1))
        check_match(r'id="1".*state="stopped".*id="2".*state="running"', gdb.ask("-thread-info"))
        count = gdb.value("second_count")
        end = time.monotonic() + HANG_SECONDS
        while gdb.value("second_count") == count:
            check(time.monotonic() < end, "CPU 1 stands")
        gdb.ask("-exec-next --thread 1")
        check_match(r'reason="end-stepping-range"', gdb.stop(1))
        gdb.ask("-exec-interrupt --thread 2")
        check_match(r'func="second_main"', gdb.stop(2))
        count = gdb.value("second_count")
        gdb.ask("-exec-next --thread 1")
        check_match(r'reason="end-stepping-range"', gdb.stop(1))
        check_equal((gdb.value("second_count"), gdb.value("neighbours[2]")), (count, 101),
                    "the CPU that is stopped, and the other")
        gdb.ask("-exec-continue --thread 2")
        gdb.ask("-break-watch second_count")
        check_match(r'reason="watchpoint-trigger"', gdb.stop(2))


def test_gdb_end(context):
    with Emulator(context, "a32") as emulator, Mi(context.program("a32")) as gdb:
        for setting in ("mi-async on", "non-stop on", "confirm off", "debuginfod enabled off"):
            gdb.ask("-gdb-set " + setting)
        gdb.ask("-target-select remote " + emulator.path)
        gdb.stop(1)
        gdb.ask("-gdb-set var stay=4")
        gdb.ask("-exec-continue --thread 1")
        while not any("exit-code" in line or "exited-normally" in line for line in gdb.lines):
            gdb.line()
        check_equal(emulator.wait(), 0, "exit status")
        gdb.ask("-data-evaluate-expression 1+1")
        text = "".join(gdb.lines)
        check_match(r'reason="exited-normally"', text)
        check("closed" not in text and "rror" not in text, text)
