"""What the tests of the GDB stub share: the emulator, GDB itself, and a bare client of the
protocol."""
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
from harness import Failure, Skip, check # pylint: disable=wrong-import-position

HANG_SECONDS = float(os.environ.get("ARMEMU_TEST_HANG", "120"))
GDB = "gdb-multiarch"
COMPILER = "arm-none-eabi-gcc"


def check_equal(got, expected, what):
    check(got == expected, f"{what}: {got!r} instead of {expected!r}")


def check_match(pattern, text):
    """The match of a regular expression in @text, line by line."""
    match = re.search(pattern, text, re.MULTILINE)
    check(match, f"no match for {pattern!r} in:\n{text}")
    return match


class Context:
    """What a test is given."""

    def __init__(self, armemu, scratch):
        self.armemu = armemu
        self.scratch = scratch
        self.programs = {}

    def program(self, kind):
        """Path of the guest program, built for "a32" or "t32"."""
        if kind not in self.programs:
            if not shutil.which(COMPILER):
                raise Skip(f"there is no {COMPILER}")
            path = os.path.join(self.scratch, kind + ".elf")
            sources = [os.path.join(HERE, "guest", n) for n in ("start.S", "program.c")]
            subprocess.run([COMPILER, "-g", "-O0", "-marm" if kind == "a32" else "-mthumb",
                            "-mcpu=cortex-a15", "-mfpu=neon-vfpv4", "-mfloat-abi=hard",
                            "-ffreestanding", "-nostdlib", "-nostartfiles", "-Wl,-Ttext=0x40010000",
                            "-Wl,-Tdata=0x40080000", *sources, "-lgcc", "-o", path],
                           check=True, stderr=subprocess.DEVNULL)
            self.programs[kind] = path
        return self.programs[kind]

    def symbol(self, kind, name):
        """Address of a symbol of the program."""
        out = subprocess.run(["arm-none-eabi-nm", self.program(kind)], check=True,
                             capture_output=True, text=True).stdout
        return int(check_match(rf"^([0-9a-f]+) . {name}$", out)[1], 16)


class Emulator:
    """armemu that waits for a debugger on a Unix socket (or where @gdb says)."""

    def __init__(self, context, kind="a32", *arguments, gdb=None, paused=True,
                 machine="virt"):
        self.folder = tempfile.mkdtemp(dir=context.scratch)
        self.path = os.path.join(self.folder, "gdb.sock")
        self.log = open(os.path.join(self.folder, "log"), "w+b")
        command = [context.armemu, "-M", machine, "-nographic", "-monitor", "none",
                   "-gdb", gdb or "unix:" + self.path]
        if "-serial" not in arguments:
            command += ["-serial", "null"]
        if paused:
            command.append("-S")
        if kind:
            command += ["-kernel", context.program(kind)]
        self.process = subprocess.Popen([*command, *arguments], stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log)
        end = time.monotonic() + HANG_SECONDS
        while not gdb and not os.path.exists(self.path):
            check(self.process.poll() is None, "armemu ended: " + self.output())
            check(time.monotonic() < end, "armemu does not listen")
            time.sleep(0.01)

    def output(self):
        self.log.seek(0)
        return self.log.read().decode("utf-8", "replace")

    def wait(self):
        """The exit status."""
        return self.process.wait(timeout=HANG_SECONDS)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if kind and not issubclass(kind, Skip):
            for line in self.output().splitlines()[-20:]:
                print("# armemu: " + line)
        self.log.close()


LINUX_COMPILER = "arm-linux-gnueabihf-gcc"
LINUX_FLAGS = {"arm": ["-marm", "-static"], "thumb": ["-mthumb", "-static"], "dynamic": ["-marm"],
               "fork": ["-marm", "-static"]}


def linux_program(context, kind):
    """Path of the program for ARM Linux: "arm", "thumb" (both static) or "dynamic"; "fork" is
    another one."""
    name = "user-" + kind
    if name not in context.programs:
        if not shutil.which(LINUX_COMPILER):
            raise Skip(f"there is no {LINUX_COMPILER}")
        path = os.path.join(context.scratch, name)
        subprocess.run([LINUX_COMPILER, "-g", "-O0", "-w", "-pthread", *LINUX_FLAGS[kind],
                        os.path.join(HERE, "guest", "fork.c" if kind == "fork" else "user.c"), "-o",
                        path], check=True)
        context.programs[name] = path
    return context.programs[name]


def gdb_start(context, kind, target, commands, mode="remote", program=None, before=""):
    """Starts GDB on @commands, one string with a line each; its output comes through the pipe.
    @before: what comes in front of the connection."""
    if not shutil.which(GDB):
        raise Skip(f"there is no {GDB}")
    fd, script = tempfile.mkstemp(suffix=".gdb", dir=context.scratch)
    with os.fdopen(fd, "w") as f:
        f.write("set pagination off\nset confirm off\nset width 0\nset style enabled off\n"
                "set debuginfod enabled off\n" + before + f"target {mode} {target}\n" + commands
                + "\n")
    program = [context.program(kind)] if kind else [program] if program else []
    return subprocess.Popen([GDB, "-nx", "-batch", *(["-iex", "set architecture arm"] if not kind
                                                     else []),
                             "-x", script, *program],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)


def gdb_finish(process):
    """The output of GDB when it has ended."""
    try:
        return process.communicate(timeout=HANG_SECONDS)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        raise Failure("GDB hangs after:\n" + process.communicate()[0])


def gdb(context, kind, commands, *arguments, mode="remote"):
    """Runs the program under GDB, with the machine stopped at its start. Returns the output."""
    with Emulator(context, kind, *arguments) as emulator:
        return gdb_finish(gdb_start(context, kind, emulator.path, commands, mode))


def values(output):
    """What `echo @NAME` and the following `output` say, by name: "@NAME=value"."""
    return dict(re.findall(r"^@(\w+)=(.*)$", output, re.MULTILINE))


def show(name, expression, format=""):
    """Commands that print a value for values()."""
    return f"echo @{name}=\noutput{format} {expression}\necho \\n\n"


def thumb_steps(base, first, how):
    """GDB's commands that step, by @how, through Thumb code at @base (an expression; writable)
    whose first instruction is @first: an IT block, a store to the next instruction, pop {pc} back
    to the start. See check_thumb_steps."""
    # cmp r5; ite eq; movs r1; movs r1; strh; movs r6; pop
    code = [first, 0x2d05, 0xbf0c, 0x2101, 0x2102, 0x801c, 0x2601, 0xbd00]
    commands = f"set $base = (unsigned)({base})\n"
    commands += "".join(
        f"set *(unsigned short *)($base + {2 * i}) = {word:#x}\n" for i, word in enumerate(code))
    commands += ("set $pc = $base\nset $r5 = 5\nset $r3 = $base + 12\nset $r4 = 0x2663\nset $sp = "
                 "$sp - 64\n"
                 "set *(unsigned *)$sp = $base + 1\n")
    for i in range(len(code)):
        commands += how + "\n" + show(f"at{i}", "(unsigned)$pc - $base",
                                      "/d") + show(f"r1_{i}", "$r1", "/d") \
            + show(f"r6_{i}", "$r6", "/d")
    return commands


def check_thumb_steps(output):
    """Every instruction was one step, and did what it does."""
    v = values(output)
    check_equal([v[f"at{i}"] for i in range(8)], [str(n) for n in (2, 4, 6, 8, 10, 12, 14, 0)],
                "the PC behind each step")
    check_equal((v["r1_3"], v["r1_4"], v["r6_6"]), ("1", "1", "99"),
                "the IT block, the changed instruction")


class Rsp:
    """A bare client of GDB's protocol."""

    def __init__(self, address, ack=False):
        end = time.monotonic() + HANG_SECONDS
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        while True:
            self.socket = socket.socket(family)
            try:
                self.socket.connect(address)
                break
            except OSError:
                self.socket.close()
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)
        if family == socket.AF_INET:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(HANG_SECONDS)
        self.buffer = b""
        self.notifications = []
        self.ack = True
        if not ack:
            check_equal(self.ask("QStartNoAckMode"), "OK", "QStartNoAckMode")
            self.ack = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def raw(self, data):
        self.socket.sendall(data)

    def byte(self):
        """One byte; b"" when the stub has closed the connection."""
        if not self.buffer:
            try:
                self.buffer = self.socket.recv(65536)
            except ConnectionResetError:
                return b""
        first, self.buffer = self.buffer[:1], self.buffer[1:]
        return first

    def send(self, packet):
        if isinstance(packet, str):
            packet = packet.encode("latin1")
        self.raw(b"$" + packet + b"#%02x" % (sum(packet) & 255))
        if self.ack:
            check_equal(self.byte(), b"+", "acknowledgement")

    def receive(self):
        """The next packet, unescaped. Notifications that come before it go to
        self.notifications."""
        while True:
            kind, text = self.receive_any()
            if kind == b"$":
                return text
            self.notifications.append(text)

    def notification(self):
        """The next notification."""
        if not self.notifications:
            kind, text = self.receive_any()
            check_equal(kind, b"%", "start of a notification")
            self.notifications.append(text)
        return self.notifications.pop(0)

    def receive_any(self):
        """How the next packet or notification starts, and its text."""
        while True:
            end = self.buffer.find(b"#")
            if end >= 0 and len(self.buffer) >= end + 3:
                break
            data = self.socket.recv(65536)
            check(data, "the stub closed the connection")
            self.buffer += data
        packet, given = self.buffer[:end], self.buffer[end + 1:end + 3]
        self.buffer = self.buffer[end + 3:]
        check(packet[:1] in (b"$", b"%"), f"start of a packet: {packet}")
        check_equal(int(given, 16), sum(packet[1:]) & 255, "checksum")
        if self.ack and packet[:1] == b"$":
            self.raw(b"+")
        text = re.sub(rb"(?s)}(.)", lambda m: bytes([m[1][0] ^ 0x20]), packet[1:])
        return packet[:1], text.decode("latin1")

    def ask(self, packet):
        self.send(packet)
        return self.receive()

    def registers(self):
        """r0 to pc and cpsr."""
        data = bytes.fromhex(self.ask("g")[:17 * 8])
        return [int.from_bytes(data[i:i + 4], "little") for i in range(0, 68, 4)]

    def step_fast(self):
        """One step; the PC, from the stop reply."""
        reply = self.ask("vCont;s:1")
        at = reply.index("0f:") + 3
        return int.from_bytes(bytes.fromhex(reply[at:at + 8]), "little")


def interrupt(process):
    """Ctrl-C to GDB."""
    process.send_signal(signal.SIGINT)
