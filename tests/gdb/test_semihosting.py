"""Semihosting that GDB serves (File-I/O), on both profiles."""
import os
import shutil
import subprocess
import tempfile
import time

from driver import (COMPILER, HERE, Emulator, Rsp, Skip, check, check_equal, check_match,
                    gdb_finish, gdb_start, show, values)

PROFILES = {"m": ("mps2-an385", ["-mcpu=cortex-m3", "-mthumb"], "0", "0x20001000"),
            "a": ("virt", ["-mcpu=cortex-a15", "-marm"], "0x40010000", "0x40080000")}


def program(context, profile):
    """Path of the guest program."""
    path = os.path.join(context.scratch, "semihosting-" + profile + ".elf")
    if not os.path.exists(path):
        if not shutil.which(COMPILER):
            raise Skip(f"there is no {COMPILER}")
        _, flags, text, data = PROFILES[profile]
        subprocess.run([COMPILER, "-g", "-O1", *flags, "-ffreestanding", "-nostdlib",
                        "-nostartfiles",
                        "-Wl,--section-start=.vectors=" + text,
                        f"-Wl,-Ttext={int(text, 0) + 0x100:#x}",
                        "-Wl,-Tdata=" + data, os.path.join(HERE, "guest", "semihosting.c"), "-lgcc",
                        "-o", path], check=True, stderr=subprocess.DEVNULL)
    return path


def symbol(context, profile, name):
    out = subprocess.run(["arm-none-eabi-nm", program(context, profile)], check=True,
                         capture_output=True, text=True).stdout
    return int(check_match(rf"^([0-9a-f]+) . {name}$", out)[1], 16)


def emulator(context, profile, target="gdb", *arguments):
    return Emulator(context, None, "-semihosting-config", "target=" + target, "-kernel",
                    program(context, profile), *arguments, machine=PROFILES[profile][0])


FIELDS = ("out written tty made wrote length seek left end refused closed again renamed missing "
          "missing_errno removed "
          "bad_seek system tmpnam time").split()


def session(context, profile, commands, target="gdb"):
    """GDB in a folder of its own: its output and the folder."""
    folder = tempfile.mkdtemp(dir=context.scratch)
    with open(os.path.join(folder, "gone.txt"), "w") as f:
        f.write("x")
    with emulator(context, profile, target) as e:
        out = gdb_finish(gdb_start(context, None, e.path, f"cd {folder}\n" + commands,
                                   program=program(context, profile)))
    return out, folder


def both(test):
    def run(context):
        for profile in PROFILES:
            test(context, profile)
    run.__name__ = test.__name__
    return run


@both
def test_files_and_consoles(context, profile):
    for target in ("gdb", "auto"):
        out, folder = session(context, profile, "break done\ncontinue\n"
                              + "".join(show(f, "result." + f, "/d") for f in FIELDS)
                              + show("text", "result.text")
                              + show("name", "result.name"), target)
        v = values(out)
        expected = dict(written="0", tty="1", wrote="0", length="10", seek="0", left="10", end="4",
                        refused="0", closed="0",
                        again="-1", renamed="0", missing="-1", missing_errno="2", removed="0",
                        bad_seek="-1", system="-1", tmpnam="0")
        check_equal({k: v[k] for k in expected}, expected, "results")
        check(int(v["made"]) > 0 and int(v["out"]) > 0 and v["made"] != v["out"], "handles")
        check(abs(int(v["time"]) - time.time()) < 3600, "SYS_TIME: " + v["time"])
        check(v["text"].startswith('"456789\\000'), v["text"])
        check(v["name"].startswith('"semihosting-07.tmp"'), v["name"])
        check_match(r"^to stdout$", out)
        check_match(r"^to the debugger$", out)
        check_equal(sorted(os.listdir(folder)), ["second.txt"], "files")
        with open(os.path.join(folder, "second.txt")) as f:
            check_equal(f.read(), "0123456789", "contents")


@both
def test_steps_over_calls(context, profile):
    """stepi over the trap is one step, a breakpoint on it stops before each call."""
    out, _ = session(context, profile, "break the_call\ncontinue\n" + show("op1", "$r0") + "stepi\n"
                     + show("behind", "$pc - (unsigned)&the_call", "/d") + show("handle", "$r0 > 0")
                     + "continue\n" + show("op2", "$r0") + "stepi\n" + show("left", "$r0"))
    v = values(out)
    size = "2" if profile == "m" else "4"
    check_equal((v["op1"], v["behind"], v["handle"], v["op2"], v["left"]),
                ("1", size, "1", "5", "0"), "stops")


def files_until(client, text):
    """Serves requests, all successfully with 5, until one that begins with @text."""
    request = client.ask("vCont;c")
    while not request.startswith(text):
        check_equal(request[0], "F", "a request")
        client.send("F5")
        request = client.receive()
    return request


@both
def test_protocol(context, profile):
    """What a bare client sees: the packets, memory, Ctrl-C, other packets meanwhile."""
    with emulator(context, profile) as e, Rsp(e.path) as client:
        check_equal(client.ask("F0"), "E16", "an answer without a request")
        request = client.ask("vCont;c")
        address = check_match(r"^Fwrite,1,([0-9a-f]+),a$", request)[1]
        check_equal(bytes.fromhex(client.ask(f"m{address},a")), b"to stdout\n",
                    "memory of the program")
        check_equal(client.ask("Fx"), "E16", "an answer that is none")
        pc = client.registers()[15]
        check_equal(pc, symbol(context, profile, "the_call"), "the PC before the call")
        client.send("F4")
        check_equal(client.receive(), "Fisatty,1", "the next request")
        client.send("F-1,4,C")
        check_equal(client.receive()[:3], "T02", "Ctrl-C")
        check_equal(client.registers()[15], pc, "the PC before the call, again")
        check_match(r"^Fwrite,2,", client.ask("vCont;c"))
        data = client.ask(f"m{symbol(context, profile, 'result'):x},c")
        words = [int.from_bytes(bytes.fromhex(data)[i:i + 4], "little",
                                signed=True) for i in (4, 8)]
        check_equal(words, [6, -1], "what was not written, and the failed call")
        # without an answer the call is made again
        check_match(r"^Fwrite,2,", client.ask("vCont;c"))
        name = check_match(r"^Fopen,([0-9a-f]+)/a,602,1a4$", files_until(client, "Fopen"))[1]
        check_equal(bytes.fromhex(client.ask(f"m{name},a")), b"first.txt\0", "a name")


@both
def test_scratch(context, profile):
    """Results that the program has no memory for: fstat, gettimeofday, one character."""
    with emulator(context, profile) as e, Rsp(e.path) as client:
        files_until(client, "Ffstat,5,ffffff00")
        stat = bytes(28) + (0x1234).to_bytes(8, "big") + bytes(28)
        check_equal(client.ask(f"Mffffff00,40:{stat.hex()}"), "OK", "fstat")
        check_equal(client.ask("Mffffff00,41:" + "00" * 0x41)[0], "E", "past its end")
        client.send("F0")
        client.receive()
        at = symbol(context, profile, "result")
        check_equal(int.from_bytes(bytes.fromhex(client.ask(f"m{at + 20:x},4")), "little"), 0x1234,
                    "the length")
        files_until(client, "Fgettimeofday,ffffff00,0")
        check_equal(client.ask("Mffffff00,c:" + (1234567890).to_bytes(4, "big").hex() + "00" * 8),
                    "OK", "time")
        client.send("F0")
        check_equal(client.receive(), "Fread,0,ffffff00,1", "SYS_READC")
        check_equal(client.ask("Mffffff00,1:41"), "OK", "a character")
        client.send("F1")
        client.socket.settimeout(0.3)
        try:
            check(False, "unexpected " + client.receive())
        except TimeoutError:
            pass
        client.socket.settimeout(60)
        client.raw(b"\3")
        check_equal(client.receive()[:3], "T02", "Ctrl-C")
        check_equal(int.from_bytes(bytes.fromhex(client.ask(f"m{at + 72:x},4")), "little"), 0x41,
                    "what was typed")
        check_equal(int.from_bytes(bytes.fromhex(client.ask(f"m{at + 68:x},4")), "little"),
                    1234567890, "the time")


@both
def test_the_debugger_leaves(context, profile):
    """In the midst of a request: with auto the emulator goes on with it, else the call fails."""
    for target in ("auto", "gdb"):
        with emulator(context, profile, target) as e:
            with Rsp(e.path) as client:
                check_match(r"^Fwrite,1,", client.ask("vCont;c"))
            end = time.monotonic() + 60
            at = symbol(context, profile, "result") + 4 # written
            left = None
            while "to stdout\n" not in e.output() if target == "auto" else left != 10:
                check(time.monotonic() < end, f"bytes that were not written: {left}")
                with Rsp(e.path) as client:
                    left = int.from_bytes(bytes.fromhex(client.ask(f"m{at:x},4")), "little")
                    check_equal(client.ask("D"), "OK", "detach")
                time.sleep(0.05)
            check_equal("to stdout\n" in e.output(), target == "auto", "output of the emulator: "
                        + e.output())


@both
def test_forgotten_request(context, profile):
    """Detached from, attached to again and started anew: an answer that comes late is none, and
    memory is the program's."""
    with emulator(context, profile) as e, Rsp(e.path) as client:
        check_equal(client.ask("!"), "OK", "extended")
        check_match(r"^Fwrite,1,", client.ask("vCont;c"))
        check_equal(client.ask("Mffffff00,1:41"), "OK", "scratch memory")
        client.send("R00")
        check_equal(client.ask("F5"), "E16", "an answer after the restart")
        check_match("^E", client.ask("Mffffff00,1:41"))
        check_match(r"^Fwrite,1,", client.ask("vCont;c"))
        check_equal(client.ask("D"), "OK", "detached")
        check_match("^E", client.ask("F5"))
        check_match("^T05", client.ask("vAttach;1"))
        check_equal(client.ask("F5"), "E16", "an answer to nothing")
        check_match("^E", client.ask("Mffffff00,1:41"))
