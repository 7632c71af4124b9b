"""armemu-user under GDB: watchpoints."""
import re

from driver import Rsp, check_equal, check_match, show, values
from test_user import SUMMARY, UserEmulator, session, start


def test_watchpoints(context):
    """Writes, reads and both, exact: the neighbours are written and read as well; atomic accesses
    count."""
    out, status, text = session(
        context, "arm", "break main\ncontinue\ndelete\nwatch counter\ncontinue\n"
        + show("w1", "counter")
        + "continue\n" + show("w2", "counter") + "delete\n"
        "rwatch shared[1]\ncontinue\n" + show("r", "shared[1]") + "info symbol $pc\ndelete\n"
        "awatch shared[2]\ncontinue\ncontinue\n" + show("a", "shared[2]") + "delete\n"
        "handle SIGUSR1 nostop noprint pass\n"
        "watch handled\ncontinue\n" + show("h", "handled") + "backtrace 1\ndelete\ncontinue\n")
    v = values(out)
    check_equal(len(set(re.findall(r"^Hardware .*watchpoint (\d+): ", out, re.MULTILINE))), 4,
                "watchpoints of the stub")
    check_equal((v["w1"], v["w2"]), ("1", "3"), "the values after two writes of counter")
    check_match(r"^Old value = 0\nNew value = 1$", out)
    check_match(r"^worker \+", out)
    check_equal((v["r"], v["a"], v["h"]), ("0", "1", "1"), "values at the others")
    check_match(r"^#0 +on_signal", out)
    check_equal((status, text), (3, SUMMARY), "the program's end")


# Instructions that access memory at r0: words, size of the access, write?
ACCESSES = {
    "str r1, [r0]": (0xe5801000, 4, True),
    "ldrb r1, [r0]": (0xe5d01000, 1, False),
    "ldr r1, [r0, #-4]": (0xe5101004, -4, False),
    "stmia r0!, {r1-r4}": (0xe8a0001e, 16, True),
    "ldrd r2, [r0]": (0xe1c020d0, 8, False),
    "ldrex r1, [r0]": (0xe1901f9f, 4, False),
    "vst1.32 {d0-d1}, [r0]": (0xf4000a8f, 16, True),
    "vldmia r0, {d0-d3}": (0xec900b08, 32, False),
    "vstr d0, [r0]": (0xed800b00, 8, True),
}


def accesses(context, *options):
    """Every byte of every access, and none beside it; the instruction has not been executed."""
    with UserEmulator(context, "arm", options=options) as emulator, Rsp(emulator.path) as client:
        sp = client.registers()[13]
        check_equal(client.ask("P19=10000000"), "OK", "ARM state")
        # some accesses cross a page
        code, data = client.registers()[15], (sp & ~0xfff) - 0x3000 - 16
        for name, (word, size, write) in ACCESSES.items():
            start, size = (data + size, -size) if size < 0 else (data, size)
            check_equal(client.ask(f"M{code:x},8:" + word.to_bytes(4, "little").hex() + "feffffea"),
                        "OK", "code")
            for offset in sorted({-1, 0, size // 2, size - 1, size}):
                point = f"{2 if write else 3},{start + offset:x},1"
                others = [f"4,{data + 0x1000 * k:x},4" for k in (1, -1, 2, -2,
                                                                 # more than are checked one by one
                                                                 -3)]
                for register, value in ((0, data), (15, code)):
                    client.ask("P%x=%s" % (register, value.to_bytes(4, "little").hex()))
                before = client.ask("g")
                for p in (point, *others):
                    check_equal(client.ask("Z" + p), "OK", name)
                reply = client.ask("vCont;c" if 0 <= offset < size else "vCont;s")
                hit = re.search(r"watch:([0-9a-f]+);", reply)
                check_equal(bool(hit), 0 <= offset < size,
                            f"{name}, watching byte {offset}: {reply}")
                if hit:
                    check_equal(int(hit[1], 16), start + offset, "address of " + name)
                    check_equal(client.ask("g"), before, "registers before " + name)
                for p in (point, *others):
                    check_equal(client.ask("z" + p), "OK", name)
                if hit:
                    client.ask("vCont;s")
                check_equal(client.registers()[15], code + 4, "the instruction is done: " + name)


# Instructions in a row, r0 is the address of the data: which one is stopped at, by kind of
# watchpoint and byte (from, to).
ROWS = {
    "load, then store": ((0xe5901000, 0xe5801000), {("2", 0, 4): 1, ("3", 0, 4): 0,
                                                    ("4", 3, 4): 0}),
    "store, then load": ((0xe5801000, 0xe5901000), {("2", 0, 4): 0, ("3", 0, 4): 1,
                                                    ("4", 0, 1): 0}),
    "a part of what is loaded before": ((0xe5901000, 0xe5d02002, 0xe5903004),
                                        {("3", 2, 3): 0, ("3", 4, 5): 2}),
    "more than is loaded before": ((0xe5d02002, 0xe5901000),
                                   {("3", 2, 3): 0, ("3", 0, 1): 1, ("3", 3, 4): 1}),
    "a load that is skipped": ((0xe1500000, 0x15901000, 0xe5902000),
                               {("3", 0, 4): 2, ("4", 0, 4): 2}), # cmp r0, r0; ldrne
    "a base that changes": ((0xe5901000, 0xe2800004, 0xe5902000), {("3", 0, 4): 0, ("3", 4, 8): 2}),
    "a store of several, then a load": ((0xe880001e, 0xe590100c),
                                        {("2", 12, 16): 0, ("3", 12, 16): 1, ("3", 8, 12): None}),
    "a constant address": ((0xe3a01a20, 0xe5912000, 0xe5901000),
                           {("3", 0, 4): 2}), # mov r1, #0x20000: what is there is read
}


def test_watched_in_a_row(context):
    """What has been looked at once is not looked at again, and yet each access stops where it is
    watched."""
    for options in ((), ("-accel", "interp")):
        with UserEmulator(context, "arm",
                          options=options) as emulator, Rsp(emulator.path) as client:
            sp = client.registers()[13]
            check_equal(client.ask("P19=10000000"), "OK", "ARM state")
            code, data = client.registers()[15] & ~3, (sp & ~0xfff) - 0x2000
            for name, (words, stops) in ROWS.items():
                for (kind, start, end), where in stops.items():
                    text = b"".join(w.to_bytes(4, "little") for w in (*words, 0xe1a00000,
                                                                      0xeafffffe))
                    check_equal(client.ask(f"M{code:x},{len(text):x}:" + text.hex()), "OK", "code")
                    for register, value in ((0, data), (15, code)):
                        client.ask("P%x=%s" % (register, value.to_bytes(4, "little").hex()))
                    others = [f"4,{data + 0x100000 * k:x},4" for k in range(1, 3)]
                    last = code + 4 * len(words)
                    points = [f"{kind},{data + start:x},{end - start:x}", *others]
                    for p in points:
                        check_equal(client.ask("Z" + p), "OK", name)
                    check_equal(client.ask(f"Z0,{last:x},4"), "OK", name)
                    client.ask("vCont;c")
                    at = (client.registers()[15] - code) // 4
                    check_equal(at, len(words) if where is None else where,
                                f"{name}, kind {kind}, from {start}")
                    for p in (*points, f"0,{last:x},4"):
                        check_equal(client.ask("z" + p), "OK", name)


def test_watched_accesses(context):
    accesses(context)


# Instructions that access memory from r0 on, whose first words are in the page before.
BESIDE = {
    "ldmia r0, {r0-r4}": 0xe890001f,
    "ldmia r0!, {r1-r6}": 0xe8b0007e,
    "stmia r0!, {r1-r6}": 0xe8a0007e,
    "ldrd r2, [r0, #12]!": 0xe1e020dc,
    "strd r2, [r0, #8]!": 0xe1e020f8,
    "str r1, [r0, #8]!": 0xe5a01008,
    "ldr r0, [r0, #14]": 0xe590000e,
    "vldmia r0!, {d0-d3}": 0xecb00b08,
    "vstmia r0!, {d0-d3}": 0xeca00b08,
    "vld4.8 {d0-d3}, [r0]!": 0xf420000d,
    "vst2.32 {d0-d1}, [r0]": 0xf400088f,
}


def test_beside_watched(context):
    """What accesses the page of something that is watched, but not that, does as without."""
    with UserEmulator(context, "arm") as emulator, Rsp(emulator.path) as client:
        sp = client.registers()[13]
        check_equal(client.ask("P19=10000000"), "OK", "ARM state")
        code, pages = client.registers()[15], (sp & ~0xfff) - 0x20000
        for n, (name, word) in enumerate(BESIDE.items()):
            data = pages + 0x2000 * n - 8
            contents = bytes(range(n, n + 64)).hex()
            seen = []
            for point in (None, f"4,{data + 0x100:x},4"):
                client.ask(f"M{code:x},8:" + word.to_bytes(4, "little").hex() + "feffffea")
                client.ask(f"M{data:x},40:" + contents)
                values = [data, *(0x01010101 * k for k in range(1, 13))]
                for register, value in (*enumerate(values), (15, code)):
                    client.ask("P%x=%s" % (register, value.to_bytes(4, "little").hex()))
                points = [p for p in (point, f"0,{code + 4:x},4") if p]
                for p in points:
                    check_equal(client.ask("Z" + p), "OK", name)
                check_match("^T05", client.ask("vCont;c"))
                check_equal(client.registers()[15], code + 4, "the instruction is done: " + name)
                seen.append((client.ask("g"), client.ask(f"m{data:x},40")))
                for p in points:
                    check_equal(client.ask("z" + p), "OK", name)
            check_equal(seen[1], seen[0], name)


def test_watched_in_one_page(context):
    """Watchpoints of reads and of writes in one page, in either order."""
    for kinds in ("32", "23"):
        with UserEmulator(context, "arm") as emulator, Rsp(emulator.path) as client:
            sp = client.registers()[13]
            check_equal(client.ask("P19=10000000"), "OK", "ARM state")
            code, data = client.registers()[15] & ~3, (sp & ~0xfff) - 0x8000
            reads = data + 0x100 * kinds.index("3")
            client.ask(f"M{code:x},8:" + (0xe5901000).to_bytes(4, "little").hex() + "feffffea")
            for register, value in ((0, reads), (15, code)): # ldr r1, [r0]
                client.ask("P%x=%s" % (register, value.to_bytes(4, "little").hex()))
            for n, kind in enumerate(kinds):
                check_equal(client.ask(f"Z{kind},{data + 0x100 * n:x},4"), "OK", kinds)
            check_equal(client.ask(f"Z0,{code + 4:x},4"), "OK", kinds)
            check_match(f"^T05.*rwatch:0*{reads:x};", client.ask("vCont;c"))


def test_watched_accesses_interpreter(context):
    accesses(context, "-accel", "interp")


def test_watched_accesses_in_lockstep(context):
    accesses(context, "-accel", "lockstep")


def test_watched_memory_in_system_calls(context):
    """The kernel's accesses are not the program's, and not disturbed."""
    with UserEmulator(context, "arm", "read") as emulator, Rsp(emulator.path) as client:
        sp = client.registers()[13]
        client.ask("QPassSignals:1e")
        check_equal(client.ask(f"Z4,{(sp & ~0xfff) - 0x8000:x},{0x2000:x}"), "OK",
                    "a range that is not used")
        client.send("vCont;c")
        check_equal(emulator.process.stdout.readline(), SUMMARY, "output")
        emulator.process.stdin.write("x")
        emulator.process.stdin.flush()
        check_equal(client.receive(), "W03", "the end")
        check_equal(emulator.end(), (3, "read 1\n"), "the program's end")
