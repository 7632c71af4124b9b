"""Non-stop mode of armemu-user: threads stop one by one."""
import re
import subprocess
import time

from driver import HANG_SECONDS, Rsp, check, check_equal, check_match
from test_nonstop import Mi, stopped
from test_user import SUMMARY, UserEmulator


def symbol(program, name):

    out = subprocess.run(["arm-linux-gnueabihf-nm", program], check=True, capture_output=True,
                         text=True).stdout
    return int(check_match(rf"^([0-9a-f]+) . {name}$", out)[1], 16)


class Session:
    """A bare client in non-stop mode on the program that spins in two threads."""

    def __init__(self, emulator, client):
        self.emulator, self.client = emulator, client
        check("QNonStop+" in client.ask("qSupported:swbreak+;hwbreak+"), "QNonStop")
        check_equal(client.ask("QNonStop:1"), "OK", "QNonStop")
        self.main = int(check_match(r"^T00thread:([0-9a-f]+);", client.ask("?"))[1], 16)
        check_equal(client.ask("vStopped"), "OK", "no more")
        client.ask("QPassSignals:1e")

    def at(self, name):
        return symbol(self.emulator.program, name)

    def word(self, addr):
        return int.from_bytes(bytes.fromhex(self.client.ask(f"m{addr:x},4")), "little")

    def spins(self, n):
        """Does the thread run?"""
        before = self.word(self.at("spins") + 4 * n)
        time.sleep(0.1)
        return self.word(self.at("spins") + 4 * n) != before

    def threads(self):
        return [int(t, 16) for t in self.client.ask("qfThreadInfo")[1:].split(",")]

    def begin(self):
        """Runs until both threads spin; their numbers."""
        check_equal(self.client.ask("vCont;c"), "OK", "all go on")
        end = time.monotonic() + HANG_SECONDS
        while not (self.word(self.at("spins")) and self.word(self.at("spins") + 4)):
            check(time.monotonic() < end, "the threads do not spin")
        threads = self.threads()
        check_equal(len(threads), 3, "threads")
        return sorted(t for t in threads if t != self.main)


def test_one_by_one(context):
    with UserEmulator(context, "arm", "spin") as emulator, Rsp(emulator.path) as client:
        s = Session(emulator, client)
        one, two = s.begin()
        check_equal(client.ask(f"vCont;t:{one:x}"), "OK", "a thread stops")
        stopped(client, rf"^Stop:T00thread:{one:x};")
        check(not s.spins(0) and s.spins(1), "the one stands, the other runs")
        for _ in range(20):
            check_equal(client.ask(f"vCont;s:{one:x}"), "OK", "a step")
            stopped(client, rf"^Stop:T05thread:{one:x};")
        check(s.spins(1), "the other runs")
        check_equal(client.ask(f"vCont;c:{one:x}"), "OK", "it goes on")
        check(s.spins(0), "it runs")
        at = s.at("spins")
        check_equal(client.ask(f"Z2,{at + 4:x},4"), "OK", "a watchpoint while they run")
        stopped(client, rf"^Stop:T05watch:{at + 4:x};|^Stop:T05thread:{two:x};watch:{at + 4:x};")
        check(s.spins(0) and not s.spins(1), "the writer stands, the other runs")
        check_equal(client.ask(f"z2,{at + 4:x},4"), "OK", "gone")
        check_equal(client.ask(f"vCont;c:{two:x}"), "OK", "it goes on")
        # The first thread waits in a system call.
        check_equal(client.ask(f"vCont;t:{s.main:x}"), "OK", "stop in a system call")
        stopped(client, rf"^Stop:T00thread:{s.main:x};")
        check_equal(client.ask(f"vCont;c:{s.main:x}"), "OK", "it goes on")
        check_equal(client.ask(f"M{s.at('stay'):x},4:00000000"), "OK", "the end of the loops")
        check_match(r"^Stop:W03", client.notification())
        client.ask("vStopped")
        check_equal(emulator.end(), (3, SUMMARY + "spun 1\n"), "the program's end")


def test_signals_one_by_one(context):
    """A signal is reported by the thread that has it, while others run."""
    with UserEmulator(context, "arm", "spin") as emulator, Rsp(emulator.path) as client:
        s = Session(emulator, client)
        one, _ = s.begin()
        client.ask("QPassSignals:")
        check_equal(client.ask(f"vCont;t:{one:x}"), "OK", "stop")
        stopped(client, rf"^Stop:T00thread:{one:x};")
        check_equal(client.ask(f"vCont;C1e:{one:x}"), "OK", "with SIGUSR1")
        end = time.monotonic() + HANG_SECONDS
        while s.word(s.at("handled")) != 2:
            check(time.monotonic() < end, "no signal")
        emulator.process.send_signal(10)
        text = client.notification()
        check_match(r"^Stop:T1ethread:", text)
        check_equal(client.ask("vStopped"), "OK", "acknowledged")
        thread = int(re.search(r"thread:([0-9a-f]+)", text)[1], 16)
        check(s.spins(0) + s.spins(1) >= 1, "others run")
        check_equal(client.ask(f"vCont;C1e:{thread:x}"), "OK", "delivered")
        end = time.monotonic() + HANG_SECONDS
        while s.word(s.at("handled")) != 3:
            check(time.monotonic() < end, "the signal is not delivered")
        check(s.spins(0) and s.spins(1), "all run")


def test_leaving(context):
    """Who leaves leaves the program running; the next debugger finds all-stop mode."""
    with UserEmulator(context, "arm", "spin") as emulator:
        with Rsp(emulator.path) as client:
            s = Session(emulator, client)
            one, _ = s.begin()
            client.ask(f"vCont;t:{one:x}")
            stopped(client, r"^Stop:T00")
        with Rsp(emulator.path) as client:
            check_match(r"^T", client.ask("?"))
            at = symbol(emulator.program, "stay")
            client.ask("QPassSignals:1e")
            check_equal(client.ask(f"M{at:x},4:00000000"), "OK", "the end of the loops")
            client.send("vCont;c")
            check_equal(client.receive(), "W03", "the end")


def test_written_at_the_end(context):
    """The program ends and the debugger has not acknowledged it: registers cannot be written, and
    nobody waits for the other."""
    with UserEmulator(context, "arm") as emulator, Rsp(emulator.path) as client:
        s = Session(emulator, client)
        check_equal(client.ask("vCont;c"), "OK", "it goes on")
        check_equal(client.notification(), "Stop:W03", "the end")
        check_match("^(E16|OK)$", client.ask(f"Hg{s.main:x}"))
        check_match("^E", client.ask("P0=00000000"))
        check_equal(client.ask("vStopped"), "OK", "acknowledged")
        check_equal(emulator.end(), (3, SUMMARY), "the program's end")


def test_gdb(context):
    with UserEmulator(context, "arm", "spin") as emulator, Mi(emulator.program) as gdb:
        for setting in ("mi-async on", "non-stop on", "confirm off", "debuginfod enabled off"):
            gdb.ask("-gdb-set " + setting)
        gdb.ask("-target-select remote " + emulator.path)
        gdb.stop(1)
        gdb.ask('-interpreter-exec console "handle SIGUSR1 nostop noprint pass"')
        gdb.ask("-break-insert spinner")
        gdb.ask("-exec-continue --thread 1")
        stops = []
        while len(stops) < 2: # thread numbers are GDB's: the workers of before have ended
            if not gdb.stops:
                gdb.line()
                continue
            text = gdb.stops.pop(0)
            check_match(r'reason="breakpoint-hit".*func="spinner"', text)
            stops.append(int(re.search(r'thread-id="(\d+)"', text)[1]))
        one, two = stops
        gdb.ask(f"-exec-continue --thread {two}")
        gdb.ask(f"-exec-next --thread {one}")
        check_match(r'reason="end-stepping-range"', gdb.stop(one))
        info = gdb.ask("-thread-info")
        check_equal(sorted(re.findall(r'state="(\w+)"', info)), ["running", "running", "stopped"],
                    "threads")
        gdb.ask(f"-exec-interrupt --thread {two}")
        check_match(r'func="spinner"', gdb.stop(two))
        gdb.ask("-gdb-set var stay=0")
        gdb.ask("-break-delete 1")
        gdb.ask(f"-exec-continue --thread {two}")
        gdb.ask(f"-exec-continue --thread {one}")
        while not any("exit-code" in line for line in gdb.lines):
            gdb.line()
        check_match(r'exit-code="03"', "".join(gdb.lines))
