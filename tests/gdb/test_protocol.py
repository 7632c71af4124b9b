"""The protocol itself, by a bare client: bad input, peers that come and go, single steps."""
import glob
import os
import re
import socket
import subprocess
import time

from driver import Emulator, Failure, Rsp, check, check_equal, check_match

# Of the JIT's run in A32 state; of the others, which are for their own sake, a tenth.
STEPS = int(os.environ.get("ARMEMU_TEST_STEPS", "1000000"))


def test_bad_packets(context):
    with Emulator(context, "a32") as emulator, Rsp(emulator.path, ack=True) as client:
        client.raw(b"$g#00")
        check_equal(client.byte(), b"-", "a wrong checksum")
        client.raw(b"$g#zz")
        check_equal(client.byte(), b"-", "no checksum")
        client.raw(b"noise\x00\xff$qAttach$g#67")
        check_equal(client.byte(), b"+", "a packet behind a truncated one")
        registers = client.receive()
        check(len(registers) > 17 * 8, "registers")
        client.raw(b"-")
        check_equal(client.receive(), registers, "the packet again")
        client.raw(b"$" + b"x" * 200000 + b"#%02x" % (ord("x") * 200000 & 255))
        check_equal(client.byte(), b"+", "an oversized packet")
        check_match("^E", client.receive())
        for packet in ["", "vMustReplyEmpty", "qUnknown", "QUnknown:1", "y", "vCont", "Zzz"]:
            check(client.ask(packet) in ("", "E16"), packet)
        for packet in ["m", "m1", "m1,", "m,4", "mzz,4", "m0,ffffffff", "m11111111111111111,1",
                       "M40000000,4:00", "M40000000,4", "X40000000,4:ab", "p", "pffff", "P0",
                       "P0=12",
                       "Pffff=00000000", "G00", "Z0", "Z0,1,4", "Z0,40000000,9", "Z9,40000000,4",
                       "Z2,40000000,0", "z2", "vCont;x", "vCont;s:99", "vCont;t", "Hx1", "Hg99",
                       "T99", "qCRC:1", "qSearch:memory:0;1", "qXfer:features:read:target.xml:0",
                       "qThreadExtraInfo,99", "Qqemu.PhyMemMode:2", "Qqemu.sstep=9", "cxyz",
                       "qRcmd,1"]:
            check_match("^E", client.ask(packet) or "empty reply to " + packet)
        check_match("^E0e$", client.ask("me0000000,4"))
        check_equal(client.ask("g"), registers, "nothing has changed")


def test_honest_features(context):
    with Emulator(context, "a32") as emulator, Rsp(emulator.path) as client:
        supported = client.ask("qSupported:swbreak+;hwbreak+;xmlRegisters=arm")
        size = int(check_match(r"PacketSize=([0-9a-f]+)", supported)[1], 16)
        check("multiprocess" not in supported and "QNonStop+" in supported, supported)
        data = bytes(range(256)) * ((size - 64) // 512)
        escaped = re.sub(rb"[#$}*]", lambda m: b"}" + bytes([m[0][0] ^ 0x20]), data)
        check_equal(client.ask(b"X40001000,%x:" % len(data) + escaped), "OK",
                    "a large binary write")
        check_equal(bytes.fromhex(client.ask("m40001000,%x" % len(data))), data, "a large read")
        xml, part = "", "m"
        while part[0] == "m":
            part = client.ask("qXfer:features:read:target.xml:%x,200" % len(xml))
            xml += part[1:]
        numbers = [int(n) for n in re.findall(r'regnum="(\d+)"', xml)]
        check_equal(len(numbers), len(set(numbers)), "register numbers are unique")
        names = re.findall(r'reg name="([^"]+)"', xml)
        check_equal(len(names), len(set(names)), "register names are unique")
        for number, bits in re.findall(r'bitsize="(\d+)" regnum="(\d+)"', xml):
            check_equal(len(client.ask("p%x" % int(bits))), int(number) // 4, "size of register "
                        + bits)
        check("SCTLR" in names and "spsr_irq" in names and "d31" in names, "names")


def test_peer_vanishes(context):
    with Emulator(context, "a32") as emulator:
        body = context.symbol("a32", "body")
        client = Rsp(emulator.path)
        check_equal(client.ask("Z0,%x,4" % body), "OK", "breakpoint")
        check_match("^T05", client.ask("c"))
        client.raw(b"$m4001") # in the middle of a packet
        client.socket.close()
        with Rsp(emulator.path) as client:
            check_equal(client.registers()[15], body, "the machine is still stopped")
            check_equal(client.ask("Z0,%x,4" % context.symbol("a32", "idle")), "OK", "breakpoint")
            client.send("c")
            reply = client.receive()
            check_match("^T05", reply)
            check_equal(client.registers()[15], context.symbol("a32", "idle"),
                        "the breakpoints of the first debugger are gone")


def test_vanishes_in_the_midst(context):
    """Of vFlash: what was erased is, and the next one goes on; of vCont: the machine runs."""
    with Emulator(context, "a32") as emulator:
        start = None
        for part in (b"$vFlashWrite:1000:ab", b"$vFlashWrite:1000:abcd#", b"$vFlashDone"):
            with Rsp(emulator.path) as client:
                start = start or client.registers()
                check_equal(client.ask("vFlashErase:1000,2000"), "OK", "erase")
                check_equal(client.ask("vFlashWrite:1ffe:xy"), "OK", "program")
                client.raw(part)
        with Rsp(emulator.path) as client:
            check_equal(client.registers(), start, "the machine stands")
            check_equal(client.ask("m1000,2"), "ffff", "nothing of half a packet")
            check_equal(client.ask("m1ffe,3"), "7879ff", "what was whole")
            check_equal(client.ask("vFlashWrite:1000:ab"), "OK", "program")
            check_equal(client.ask("vFlashDone"), "OK", "done")
            check_equal(client.ask(f"M{context.symbol('a32', 'stay'):x},4:02000000"), "OK", "busy")
            check_equal(client.ask(f"Z0,{context.symbol('a32', 'idle'):x},4"), "OK", "breakpoint")
            client.raw(b"$vCont;c#a8")
        counter = f"m{context.symbol('a32', 'counter'):x},4"
        last = None
        for _ in range(2): # each finds it running, stops it and leaves it
            with Rsp(emulator.path) as client:
                check_equal(client.ask("m1000,2"), "6162", "flash")
                check(client.ask(counter) != last, "it ran")
                last = client.ask(counter)
                client.send("vCont;c")
            time.sleep(0.1)


def test_second_client_refused(context):
    with Emulator(context, "a32") as emulator, Rsp(emulator.path) as client:
        second = socket.socket(socket.AF_UNIX)
        second.settimeout(30)
        second.connect(emulator.path)
        check_equal(second.recv(1), b"", "the second connection is closed")
        second.close()
        check_equal(client.ask("qC"), "QC1", "the first one goes on")
        check("refused" in emulator.output(), "a message")


def test_port_in_use(context):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        port = taken.getsockname()[1]
        done = subprocess.run([context.armemu, "-M", "virt", "-gdb", f"tcp::{port}", "-kernel",
                               context.program("a32")], capture_output=True, text=True, timeout=30,
                              stdin=subprocess.DEVNULL, check=False)
        check_equal(done.returncode, 1, "exit status")
        check_match(r"^armemu: -gdb: .*in use", done.stderr)
    with Emulator(context, "a32") as emulator: # a path that somebody listens at
        done = subprocess.run([context.armemu, "-M", "virt", "-gdb", "unix:" + emulator.path,
                               "-kernel",
                               context.program("a32")], capture_output=True, text=True, timeout=30,
                              stdin=subprocess.DEVNULL, check=False)
        check_equal(done.returncode, 1, "exit status")
        check_match(r"^armemu: -gdb: .*in use", done.stderr)
        with Rsp(emulator.path) as client:
            check_equal(client.ask("qC"), "QC1", "the first one is there")


def test_interrupt_and_running(context):
    with Emulator(context, "a32", paused=False) as emulator, Rsp(emulator.path) as client:
        check_match("^T05", client.ask("?"))
        client.send("c")
        time.sleep(0.3)
        client.raw(b"\x03")
        check_match("^T02", client.receive())
        client.raw(b"\x03") # while stopped: nothing
        check_equal(client.ask("qC"), "QC1", "no further reply")


def test_interrupt_endless_exceptions(context):
    """Handlers that are what they handle: no instruction is ever completed, and Ctrl-C stops it."""
    code = 0x40001000
    for accel in ("jit", "interp", "lockstep"):
        for word, vector in ((0xe7f000f0, 4), (0xef000000, 8), (0xe5900000, 16)):
            with Emulator(context, "a32", "-accel", accel) as emulator, \
                    Rsp(emulator.path) as client:
                xml = client.ask("qXfer:features:read:target.xml:0,7fff")
                vbar = int(check_match(r'name="VBAR" bitsize="32" regnum="(\d+)"', xml)[1])
                words = word.to_bytes(4, "little").hex() * 8
                for packet in (f"M{code:x},20:{words}", f"P{vbar:x}=00100040", "P0=000000e0",
                               "Pf=00100040"):
                    check_equal(client.ask(packet), "OK", packet)
                client.send("vCont;c")
                time.sleep(0.1)
                client.raw(b"\x03")
                check_match("^T02", client.receive())
                check(client.registers()[15] in (code + vector, code + vector + 4, code),
                      f"{accel}, {word:#x}: {client.registers()[15]:#x}")


def test_stdio(context):
    with subprocess.Popen([context.armemu, "-M", "virt", "-S", "-gdb", "stdio", "-kernel",
                           context.program("a32")], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as process:
        process.stdin.write(b"+$qC#b4")
        process.stdin.flush()
        check_equal(process.stdout.read(8), b"+$QC1#c5", "the reply")
        process.stdin.write(b"+$k#6b")
        process.stdin.flush()
        check_equal(process.wait(timeout=60), 0, "exit status")


def test_restart(context):
    with Emulator(context, "a32") as emulator, Rsp(emulator.path) as client:
        start = client.registers()
        for _ in range(30):
            client.step_fast()
        check(client.registers() != start, "the program has run")
        client.send("R00")
        check_match("^T05", client.ask("?"))
        check_equal(client.registers(), start, "registers after R")


def test_monitor_packets(context):
    with Emulator(context, "a32") as emulator, Rsp(emulator.path) as client:
        reply = client.ask("qRcmd," + b"info status".hex())
        check_equal(bytes.fromhex(reply[1:]), b"VM status: paused\n", "output")
        check_equal(client.receive(), "OK", "the end of the output")


def cycle_counter(client, xml):
    number = int(check_match(r'name="PMCCNTR" bitsize="32" regnum="(\d+)"', xml)[1])
    return int.from_bytes(bytes.fromhex(client.ask("p%x" % number)), "little")


def stepped_run(context, kind, body, accel, steps):
    """Single steps; where and when the program was at @body: registers, steps, cycle counter."""
    seen = []
    with Emulator(context, kind, "-accel", accel) as emulator, Rsp(emulator.path) as client:
        xml = client.ask("qXfer:features:read:target.xml:0,7fff")
        begin = time.monotonic()
        for step in range(1, steps + 1):
            if client.step_fast() == body:
                seen.append((client.ask("g"), step, cycle_counter(client, xml)))
        rate = steps / (time.monotonic() - begin)
        end = (client.ask("g"), cycle_counter(client, xml))
    print(f"# {kind}, {accel}: {rate:.0f} steps per second")
    return seen, end


def free_run(context, kind, body, count):
    seen = []
    with Emulator(context, kind) as emulator, Rsp(emulator.path) as client:
        xml = client.ask("qXfer:features:read:target.xml:0,7fff")
        for _ in range(count):
            check_equal(client.ask("Z1,%x,%d" % (body, 4 if kind == "a32" else 2)), "OK", "Z1")
            check_match("^T05", client.ask("c"))
            seen.append((client.ask("g"), cycle_counter(client, xml)))
            client.ask("z1,%x,%d" % (body, 4 if kind == "a32" else 2))
            client.step_fast()
    return seen


def compare_runs(context, kind, accel, steps=STEPS // 10):
    body = context.symbol(kind, "body") & ~1
    stepped, _ = stepped_run(context, kind, body, accel, steps)
    check(len(stepped) >= 40, f"{len(stepped)} rounds in {steps} steps")
    free = free_run(context, kind, body, len(stepped))
    for number, ((regs, step, cycles), (free_regs, free_cycles)) in enumerate(zip(stepped, free)):
        if regs != free_regs:
            raise Failure(f"round {number}: stepped {regs}, free {free_regs}")
        check_equal(cycles, free_cycles, f"round {number}: instructions")
        if number:
            check_equal(step - stepped[0][1], cycles - stepped[0][2],
                        f"round {number}: steps are instructions")


def test_steps_equal_free_run_a32(context):
    compare_runs(context, "a32", "jit", STEPS)


def test_steps_equal_free_run_t32(context):
    compare_runs(context, "t32", "jit")


def test_steps_equal_free_run_interpreter(context):
    compare_runs(context, "a32", "interp")


def test_steps_in_lockstep(context):
    compare_runs(context, "t32", "lockstep")


# Instructions (A32) that access memory at r0 in their own ways: word, size of the access, write?
ACCESSES = {
    "stmia r0!, {r1-r4}": (0xe8a0001e, 16, True),
    "ldmia r0, {r1-r4}": (0xe890001e, 16, False),
    "strd r2, [r0]": (0xe1c020f0, 8, True),
    "ldrd r2, [r0]": (0xe1c020d0, 8, False),
    "strb r1, [r0]": (0xe5c01000, 1, True),
    "ldrh r1, [r0]": (0xe1d010b0, 2, False),
    "ldrex r1, [r0]": (0xe1901f9f, 4, False),
    "swp r1, r2, [r0]": (0xe1001092, 4, True),
    "vst1.32 {d0-d1}, [r0]": (0xf4000a8f, 16, True),
    "vldmia r0, {d0-d3}": (0xec900b08, 32, False),
    "strt r1, [r0]": (0xe4a01000, 4, True),
}


def accesses(context, *arguments):
    """Every byte of every access is watched, and no byte beside it; the instruction starts
    again."""
    code, data = 0x40001000, 0x40003ff0 # some accesses cross a page
    with Emulator(context, "a32", *arguments) as emulator, Rsp(emulator.path) as client:
        stop = context.symbol("a32", "idle")
        check_equal(client.ask(f"Z1,{stop:x},4"), "OK", "breakpoint behind the start")
        check_match("^T05", client.ask("c"))
        for name, (word, size, write) in ACCESSES.items():
            swap = name.startswith("swp")
            client.ask("X%x,8:" % code + ("".join(
                "}" + chr(b ^ 0x20) if b in b"#$}*" else chr(b)
                for b in word.to_bytes(4, "little") + (0xeafffffe).to_bytes(4, "little"))))
            for offset in sorted({-1, 0, size // 2, size - 1, size}):
                point = f"{2 if write else 3},{data + offset:x},1"
                for register, value in ((0, data), (15, code)):
                    client.ask("P%x=%s" % (register, value.to_bytes(4, "little").hex()))
                before = client.ask("g")
                check_equal(client.ask("Z" + point), "OK", name)
                reply = client.ask("vCont;s:1")
                hit = re.search(r"r?watch:([0-9a-f]+);", reply)
                if swap and client.registers()[15] != code + 4 and not hit:
                    break # the CPU has no SWP
                check_equal(bool(hit), 0 <= offset < size, f"{name}, watching byte {offset}")
                if hit:
                    check_equal(int(hit[1], 16), data + offset, "address of " + name)
                    check_equal(client.ask("g"), before, "registers before " + name)
                check_equal(client.ask("z" + point), "OK", name)
                if hit:
                    client.step_fast()
                check_equal(client.registers()[15], code + 4, "the instruction is done: " + name)


def test_watched_accesses(context):
    accesses(context)


def test_watched_accesses_two_cpus(context):
    accesses(context, "-smp", "2")


def test_watched_accesses_interpreter(context):
    accesses(context, "-accel", "interp")


def test_watched_accesses_in_lockstep(context):
    accesses(context, "-accel", "lockstep")


def test_flash(context):
    """vFlash on the flash of virt, at 0; RAM is none."""
    with Emulator(context, "a32") as emulator, Rsp(emulator.path) as client:
        check("qXfer:memory-map:read+" in client.ask("qSupported"), "memory map")
        memory = client.ask("qXfer:memory-map:read::0,1000")
        check_match(r'type="flash" start="0x0" length="0x4000000"', memory)
        check_match(r'type="ram" start="0x4000000"', memory)
        check_equal(client.ask("vFlashErase:1000,2000"), "OK", "erase")
        check_equal(client.ask("m1ffe,4"), "ffffffff", "erased")
        check_equal(client.ask(b"vFlashWrite:1ffe:ab}\x03d"), "OK", "program")
        check_equal(client.ask("vFlashDone"), "OK", "done")
        check_equal(client.ask("m1ffd,6"), "ff616223" + "64ff", "programmed")
        for bad in ("vFlashErase:40000000,1000", "vFlashErase:3fff000,2000",
                    b"vFlashWrite:40000000:a"):
            check_equal(client.ask(bad), "E.memtype", "RAM")
        for bad in ("vFlashErase:", "vFlashErase:0", "vFlashWrite:0", "vFlashErase:0,1,2"):
            check_match("^E16", client.ask(bad))


def lookups(client):
    text = ""
    reply = client.ask("qRcmd," + b"info jit".hex())
    while reply != "OK":
        text += bytes.fromhex(reply[1:]).decode()
        reply = client.receive()
    return int(check_match(r"^lookups +(\d+)$", text)[1])


def test_breakpoints_in_other_pages(context):
    """A breakpoint at the offset of a hot loop, in another page, costs it nothing; and in its own
    it stops."""
    code = 0x40001000
    with Emulator(context, "a32") as emulator, Rsp(emulator.path) as client:
        check_equal(client.ask(f"Z1,{context.symbol('a32', 'main'):x},4"), "OK",
                    "breakpoint behind the start")
        check_match("^T05", client.ask("c"))
        check_equal(client.ask(f"M{code:x},c:" + "".join(w.to_bytes(4, "little").hex() for w in (
            0xe2500001, 0x1afffffd, 0xeafffffe))), "OK", "subs r0, r0, #1; bne; b .")
        for at in (code + 0x2000, code + 0x2004, code + 0x5000, code + 8):
            check_equal(client.ask(f"Z0,{at:x},4"), "OK", "breakpoint")
        for register, value in ((0, 1000000), (15, code)):
            client.ask("P%x=%s" % (register, value.to_bytes(4, "little").hex()))
        before = lookups(client)
        check_match("^T05", client.ask("vCont;c"))
        check_equal((client.registers()[0], client.registers()[15]), (0, code + 8),
                    "the end of the loop")
        check(lookups(client) - before < 1000, "lookups")
        check_equal(client.ask(f"Z0,{code + 4:x},4"), "OK", "breakpoint in the loop")
        for register, value in ((0, 3), (15, code)):
            client.ask("P%x=%s" % (register, value.to_bytes(4, "little").hex()))
        for left in (2, 1, 0):
            check_match("^T05", client.ask("vCont;c"))
            check_equal((client.registers()[0], client.registers()[15]), (left, code + 4),
                        "the loop")
            client.ask("vCont;s:1")


def test_conditions_as_packets(context):
    with Emulator(context, "a32") as emulator, Rsp(emulator.path) as client:
        body = context.symbol("a32", "body")
        # r0 == 3, then never; a condition that cannot be evaluated stops.
        check_equal(client.ask(f"Z0,{body:x},4;X7,26000022031327"), "OK", "a condition")
        check_match("^T05", client.ask("vCont;c"))
        check_equal(client.registers()[0], 3, "r0")
        check_equal(client.ask(f"Z0,{body:x},4;X3,220027X3,220027"), "OK", "other conditions")
        check_equal(client.ask(f"Z1,{context.symbol('a32', 'idle'):x},4;X2,1927"), "OK",
                    "a bad one")
        check_match("^T05", client.ask("vCont;c"))
        check_equal(client.registers()[15], context.symbol("a32", "idle"), "the end")
        for bad in (";", ";X", ";X2", ";X2,22", ";X5,2227", ";Xffffffff,00", ";cmds:", ";cmds:1",
                    ";cmds:1,X2,2", ";Y", ";X2,2227;cmds:1,X1,27;X1,27", ";" + "X1,27" * 33):
            check_match("^E16", client.ask(f"Z0,{body:x},4{bad}"))
        check_match("^E16", client.ask("Z2,40000000,4;X1,27"))


def test_range_steps(context):
    with Emulator(context, "a32") as emulator, Rsp(emulator.path) as client:
        body, add = context.symbol("a32", "body"), context.symbol("a32", "add")
        check_equal(client.ask(f"Z0,{body:x},4"), "OK", "breakpoint")
        check_match("^T05", client.ask("vCont;c"))
        check_match("^T05", client.ask(f"vCont;r{body:x},{body + 0x100:x}:1"))
        check_equal(client.registers()[15], add, "the first instruction out of the range")
        # A breakpoint within the range stops, and so does Ctrl-C.
        check_match("^T05", client.ask("vCont;c"))
        check_equal(client.ask(f"Z0,{body + 8:x},4"), "OK", "breakpoint")
        check_match("^T05", client.ask(f"vCont;r{body:x},{body + 0x100:x}:1"))
        check_equal(client.registers()[15], body + 8, "the breakpoint in the range")
        # One whose condition does not hold is none.
        for point in (body, body + 8):
            client.ask(f"z0,{point:x},4")
        check_match("^T05", client.ask(f"vCont;r{body:x},{body + 0x100:x}:1"))
        check_equal(client.ask(f"Z0,{body:x},4"), "OK", "breakpoint")
        check_match("^T05", client.ask("vCont;c"))
        check_equal(client.ask(f"Z0,{body + 8:x},4;X3,220027"), "OK",
                    "a condition that never holds")
        check_match("^T05", client.ask(f"vCont;r{body:x},{body + 0x100:x}:1"))
        check_equal(client.registers()[15], add, "past the condition")
        for point in (body, body + 8):
            client.ask(f"z0,{point:x},4")
        client.send("vCont;r0,ffffffff:1")
        time.sleep(0.3)
        client.raw(b"\x03")
        check_match("^T02", client.receive())


def test_detached_and_attached(context):
    """With `target extended-remote` the connection outlives detaching."""
    with Emulator(context, "a32") as emulator, Rsp(emulator.path) as client:
        check_equal(client.ask("!"), "OK", "extended")
        check_equal(client.ask("D;1"), "OK", "detached")
        check_equal(client.ask("?"), "W00", "no process")
        check_match("^E", client.ask("g"))
        check_match("^E", client.ask("m0,4"))
        check_match("^T05", client.ask("vAttach;1"))
        check_equal(len(client.registers()), 17, "registers")
        check_match(r"^E\.", client.ask("vRun;2f78"))
        check_match(r"^E\.", client.ask("vRun;;61"))
        check_match("^T05", client.ask("vRun;"))
        check_equal(client.registers()[15], context.symbol("a32", "_start"), "started again")


def test_output_of_commands(context):
    """A breakpoint that prints: "O" packets while the machine runs."""
    code = "22002200340000" + "03" + "686900" + "27" # "hi"
    with Emulator(context, "a32") as emulator, Rsp(emulator.path) as client:
        body = context.symbol("a32", "body")
        check_equal(client.ask(f"Z0,{body:x},4;cmds:0,X{len(code) // 2:x},{code}"), "OK",
                    "commands")
        check_equal(client.ask(f"Z0,{context.symbol('a32', 'idle'):x},4"), "OK", "the end")
        client.send("vCont;c")
        reply, count = client.receive(), 0
        while reply[0] == "O":
            check_equal(reply, "O6869", "output")
            reply, count = client.receive(), count + 1
        check_match("^T05", reply)
        check_equal(count, 40, "lines")


def test_default_port(context):
    """-s: port 1234 of this machine; when somebody has that, a message says so."""
    with subprocess.Popen(
            [context.armemu, "-M", "virt", "-S", "-s", "-nographic", "-monitor", "none", "-serial",
             "null", "-kernel",
             context.program("a32")], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
             text=True) as process:
        inode = None
        end = time.monotonic() + 60
        while process.poll() is None and not inode and time.monotonic() < end:
            with open("/proc/net/tcp", encoding="ascii") as f:
                rows = [line.split() for line in f.read().splitlines()[1:]]
            mine = {os.readlink(p) for p in glob.glob(f"/proc/{process.pid}/fd/*")
                    if os.path.islink(p)}
            inode = next((r[9] for r in rows if r[1] == "0100007F:04D2" and r[3] == "0A"
                          and f"socket:[{r[9]}]" in mine), None)
            time.sleep(0.02)
        if process.poll() is not None:
            check_match(r"^armemu: .*1234.*in use", process.stderr.read())
            raise Skip("port 1234 is in use")
        check(inode, "nobody listens at port 1234")
        with Rsp(("127.0.0.1", 1234)) as client:
            check_equal(client.ask("qC"), "QC1", "an answer")
            client.send("k")
        check_equal(process.wait(timeout=60), 0, "exit status")


def test_actions_per_thread(context):
    """vCont: the first action that names a thread counts, those that none names stay as they
    are."""
    with Emulator(context, "a32", "-smp", "2") as emulator, Rsp(emulator.path) as client:
        second, stay, count = (context.symbol("a32", n) for n in ("second_main", "stay",
                                                                  "second_count"))
        check_equal(client.ask(f"M{stay:x},4:01000000"), "OK", "the second CPU is wanted")
        check_equal(client.ask(f"Z1,{second:x},4"), "OK", "a breakpoint")
        check_match("^T05thread:2;", client.ask("vCont;c"))
        check_equal(client.ask(f"z1,{second:x},4"), "OK", "a breakpoint")

        def state():
            pcs = []
            for thread in (1, 2):
                check_equal(client.ask(f"Hg{thread}"), "OK", "a thread")
                pcs.append(client.ask("pf"))
            return (*pcs, client.ask(f"m{count:x},4"))
        before = state()
        check_match("^T05thread:2;", client.ask("vCont;s:2"))
        after = state()
        check_equal((after[0], after[1] != before[1]), (before[0], True),
                    "a step of the second alone")
        check_match("^T05thread:1;", client.ask("vCont;s:1"))
        last = state()
        check_equal((last[1:], last[0] != after[0]), (after[1:], True), "a step of the first alone")
        at = int.from_bytes(bytes.fromhex(last[1]), "little")
        check_match("^T05thread:2;", client.ask(f"vCont;r{at & ~3:x},{(at & ~3) + 4:x}:2;t:1"))
        check_equal(state()[0], last[0], "the first stays")
        idle = context.symbol("a32", "idle")
        # the second runs meanwhile; the first is at a WFI, which a step does not wait for (it may
        # have been in Thumb code until now)
        for _ in range(100):
            check_equal([client.ask(p) for p in ("Hg1", "P19=d3010000",
                                                 "Pf=" + idle.to_bytes(4, "little").hex())],
                        ["OK"] * 3, "the first's PC and CPSR")
            check_match("^T05thread:1;", client.ask("vCont;s:1;c"))
            check_equal(client.registers()[15], idle + 4, "behind the WFI")
            if state()[2] != last[2]:
                break
        check(state()[2] != last[2], "the second has counted")


def test_no_tracepoints(context):
    """What the stub does not have it does not say that it has."""
    with Emulator(context, "a32") as emulator, Rsp(emulator.path) as client:
        supported = client.ask("qSupported:swbreak+;hwbreak+;xmlRegisters=arm")
        for feature in ("Trace", "Reverse", "racepoint", "qXfer:auxv", "QPassSignals",
                        "fork-events"):
            check(feature not in supported, feature)
        for packet in ("QTinit", "QTStart", "qTStatus", "qTfP", "bs", "bc",
                       "qXfer:auxv:read::0,100", "QPassSignals:1"):
            check_equal(client.ask(packet), "", packet)
