"""Debuggers that send anything and vanish at any time, on the built programs: the emulator goes on
answering, or ends in order. ARMEMU_HOSTILE_SESSIONS says how many, ARMEMU_FUZZ_SEED where to begin;
best with the sanitizers."""
import os
import random
import re
import signal
import socket
import subprocess
import tempfile
import time

from driver import HANG_SECONDS, check, linux_program
from test_cortexm import program as cortexm_program
from test_lldb import armemu_user
from test_semihosting import program as semihosting_program

SESSIONS = int(os.environ.get("ARMEMU_HOSTILE_SESSIONS", "15"))
SEED = int(os.environ.get("ARMEMU_FUZZ_SEED", "1"))

ADDRESSES = (0, 0x100, 0x10000, 0x12000, 0x77000, 0x08000000, 0x09000000, 0x20000000, 0x20001000,
             0x40010000, 0x40010228, 0x40080000, 0xbeffff00, 0xe000ed00, 0xffffff00, 0xffffffff,
             1 << 32, (1 << 64) - 1)
THREADS = ("0", "1", "2", "-1", "p1.1")
COMMANDS = ("info status", "info mtree", "info jit", "info registers -a", "system_reset",
            "reset halt", "reset run", "cont", "stop", "catch svc undef", "catch none", "log int",
            "log none", "x/4i $pc", "xp/4xw 0", "gva2gpa 0", "cpu 1", "system_powerdown")
FEATURES = "multiprocess+;swbreak+;hwbreak+;fork-events+;vfork-events+;exec-events+"
# In braces: what of RANDOM is put there.
PACKETS = """g|G{word}{word}|p{small}|P{small}={word}|m{at},{length}|M{at},4:{word}|X{at},4:abcd|
X{at},0:|Z{digit},{at},{length}{code}|Z{digit},{at},4{code}|z{digit},{at},4|vCont;{act}|
vCont;{act}:{thread};{act}|vCont;s:1|c|s|c{at}|C05|S05;{at}|?|Hg{thread}|Hc{thread}|T{thread}|qC|
qfThreadInfo|qXfer:threads:read::0,1000|qXfer:memory-map:read::{small},{length}|
qXfer:auxv:read::0,fff|qXfer:siginfo:read::0,fff|qXfer:siginfo:write::{small}:ab|
qXfer:features:read:target.xml:{small},{length}|qCRC:{at},{length}|qSearch:memory:{at};{length};ab|
vFlashErase:{at},1000|vFlashWrite:{at}:abcd|vFlashDone|qRcmd,{command}|QNonStop:0|QNonStop:1|
vStopped|vCtrlC|Qqemu.PhyMemMode:1|Qqemu.PhyMemMode:0|Qqemu.sstep={digit}|QPassSignals:{small};5|
D|vAttach;1|!|R00|F{small}|F-1,4,C|qSupported:{features}|qSupported:swbreak+|vKill;1|vRun;|
qHostInfo|qMemoryRegionInfo:{at}|
vFile:open:2f70726f632f73656c662f6d617073,0,0|vFile:pread:{digit},{length},0|vFile:close:{digit}|
vFile:readlink:2f70726f632f73656c662f657865|vFile:fstat:0|qGetTLSAddr:{thread},0,0|
qSymbol:{at}:5f|qThreadExtraInfo,{thread}""".replace("\n", "").split("|")
RAW = (b"\x03", b"\x03\x03", b"-", b"+", b"$m40", b"garbage", b"$g#00", b"%Stop:x#00")


class Hostile:
    """Makes packets."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def below(self, n):
        return self.random.randrange(n)

    def fill(self, match):
        pick = self.random.choice
        return {"at": lambda: f"{pick(ADDRESSES):x}", "word": lambda: f"{self.below(1 << 32):08x}",
                "small": lambda: f"{self.below(300):x}", "digit": lambda: f"{self.below(8)}",
                "length": lambda: pick(("0", "1", "4", "40", "1000", "ffff", "ffffffff")),
                "thread": lambda: pick(THREADS), "features": lambda: FEATURES,
                "act": lambda: pick(("c", "s", "t", "C05", "S05", "r0,ffffffff", "r100,200")),
                "command": lambda: pick(COMMANDS).encode().hex(),
                "code": lambda: pick(("", "", ";X3,220027", ";X3,220127", ";X5,3500000027",
                                      ";cmds:0,X4,22002227"))}[match[1]]()

    def damaged(self, data):
        for _ in range(1 + self.below(3)):
            at, how = self.below(len(data) + 1), self.below(3)
            if how == 0:
                data.insert(at, self.below(256))
            elif how == 1:
                del data[at:at + 1]
            else:
                data[at:at + 1] = [self.random.choice(b"0123456789abcdef,;:=-p.X#}")]
        return data

    def packet(self):
        if not self.below(12):
            return self.random.choice(RAW)
        text = re.sub(r"{(\w+)}", self.fill, self.random.choice(PACKETS))
        data = bytearray(text.encode("latin1"))
        if not self.below(8):
            data = self.damaged(data)
        data = re.sub(rb"[#$}*]", lambda m: b"}" + bytes([m[0][0] ^ 0x20]), bytes(data))
        return b"$" + data + b"#%02x" % (sum(data) & 255)


class Victim:
    """An emulator, started anew when it has ended."""

    def __init__(self, context, command):
        self.folder = tempfile.mkdtemp(dir=context.scratch)
        self.path = os.path.join(self.folder, "gdb.sock")
        self.log = os.path.join(self.folder, "log")
        self.process = None
        self.command = [self.path if c == "PATH" else c.replace("PATH", self.path)
                        for c in command]

    def start(self):
        if self.process and self.process.poll() is None:
            return
        if self.process:
            self.stop()
        self.look()
        if os.path.exists(self.path):
            os.unlink(self.path)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, start_new_session=True)

    def look(self):
        """Nothing has gone wrong so far."""
        if not os.path.exists(self.log):
            return
        with open(self.log, encoding="utf-8", errors="replace") as f:
            text = f.read()
        check(not re.search(r"Sanitizer|runtime error|Assertion|unexpected", text), text[-3000:])

    def connect(self):
        """None: it has ended instead."""
        end = time.monotonic() + HANG_SECONDS
        while self.process.poll() is None:
            client = socket.socket(socket.AF_UNIX)
            try:
                client.connect(self.path)
                return client
            except OSError:
                client.close()
            check(time.monotonic() < end, "nobody listens")
            time.sleep(0.02)
        return None

    def answers(self):
        end = time.monotonic() + HANG_SECONDS
        while time.monotonic() < end:
            client = self.connect()
            if not client:
                return True
            with client:
                client.settimeout(HANG_SECONDS)
                try:
                    client.sendall(b"+$qC#b4")
                    data = b"?"
                    while data and b"QC" not in data and b"E0" not in data:
                        data = client.recv(65536)
                    if data:
                        return True
                except OSError:
                    pass
            time.sleep(0.05)
        return False

    def stop(self):
        """Ends it, with its children."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()


def session(hostile, client):
    for _ in range(hostile.below(60)):
        try:
            client.sendall(hostile.packet())
            if hostile.below(4):
                client.settimeout(0.01)
                client.recv(65536)
        except TimeoutError:
            pass
        except OSError:
            return


def attack(context, command, number):
    hostile = Hostile(SEED + number)
    victim = Victim(context, command)
    try:
        for n in range(SESSIONS):
            victim.start()
            client = victim.connect()
            if client:
                with client:
                    session(hostile, client)
            if n % 4 == 3:
                check(victim.answers(), f"no answer after session {n} of seed {SEED}")
    finally:
        victim.stop()
    victim.look()


MACHINE = ["-nographic", "-monitor", "none", "-serial", "null", "-S", "-gdb", "unix:PATH"]


def test_machine(context):
    attack(context, [context.armemu, "-M", "virt", "-smp", "2", *MACHINE, "-kernel",
                     context.program("a32")], 0)


def test_cortex_m(context):
    attack(context, [context.armemu, "-M", "lm3s6965evb", *MACHINE, "-kernel",
                     cortexm_program(context)], 100)


def test_semihosting(context):
    for number, target in enumerate(("gdb", "auto")):
        attack(context, [context.armemu, "-M", "virt", *MACHINE, "-semihosting-config",
                         "target=" + target, "-kernel", semihosting_program(context, "a")],
               200 + number)


def test_program(context):
    for number, how in enumerate(("spin", "read", "deaf", "segv")):
        attack(context, [armemu_user(context), "-g", "PATH", linux_program(context, "arm"), how],
               300 + number)


def test_family(context):
    for number, how in enumerate((("fork", "wait"), ("vfork", "exec"))):
        attack(context, [armemu_user(context), "-g", "PATH", linux_program(context, "fork"), *how],
               400 + number)
