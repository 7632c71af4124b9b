"""Cortex-M under GDB: registers, `load` into flash, exceptions."""
import os
import re
import shutil
import subprocess
import time

from driver import (COMPILER, HANG_SECONDS, HERE, Emulator, Rsp, Skip, check, check_equal,
                    check_match, check_thumb_steps, gdb_finish, gdb_start, interrupt, show,
                    thumb_steps, values)
from test_nonstop import Mi


def program(context, cpu="cortex-m3", flash=0):
    """Path of the program for a Cortex-M with flash there."""
    path = os.path.join(context.scratch, f"{cpu}-{flash:x}.elf")
    if not os.path.exists(path):
        if not shutil.which(COMPILER):
            raise Skip(f"there is no {COMPILER}")
        guest = os.path.join(HERE, "guest", "cortexm")
        subprocess.run([COMPILER, "-g", "-O0", "-mcpu=" + cpu, "-mthumb", "-ffreestanding",
                        "-nostdlib",
                        f"-Wl,--defsym=FLASH={flash:#x}", "-Wl,-T," + guest + ".ld", guest + ".S",
                        guest + ".c", "-o", path],
                       check=True, stderr=subprocess.DEVNULL)
    return path


LOAD = "load\ncompare-sections\nmonitor system_reset\nmaintenance flush register-cache\n"


def session(context, commands, *arguments, machine="lm3s6965evb"):
    with Emulator(context, None, *arguments, machine=machine) as emulator:
        return gdb_finish(gdb_start(context, None, emulator.path, commands,
                                    program=program(context)))


def test_load_into_flash(context):
    out = session(context, "info mem\n" + LOAD + show("pc", "$pc == (unsigned)&_start")
                  + show("sp", "$sp", "/x") + "break main\ncontinue\n" + show("value", "value")
                  + show("text", "text") + show("thread_sp", "$sp == $psp")
                  + show("msp", "$msp", "/x")
                  + show("control", "$control", "/x"))
    check_match(r"^0\s+y\s+0x00000000 0x00040000 flash", out)
    check_equal(out.count("matched."), 3, "sections in memory")
    v = values(out)
    check_equal((v["pc"], v["sp"]), ("1", "0x20004000"), "reset")
    check_equal((v["value"], v["text"]), ("41", '"in flash"'), "what was loaded")
    check_equal((v["thread_sp"], v["msp"], v["control"]), ("1", "0x20004000", "0x2"), "stacks")


def test_exceptions(context):
    """Backtraces through EXC_RETURN, on both stacks; steps in and out of handlers."""
    out = session(context, LOAD + "break svc_handler\ncontinue\nbacktrace\n"
                  + show("svc", "$xpsr & 511", "/d")
                  + "finish\n" + show("calls", "calls") + show("ipsr", "$xpsr & 511", "/d")
                  + "break systick_handler\ncontinue\nbacktrace\n"
                  + show("tick", "$xpsr & 511", "/d")
                  + "next\nnext\n" + show("ticks", "ticks") + "delete\nbreak 29\ncontinue\n"
                  + show("end", "value"))
    v = values(out)
    check_equal(out.count("<signal handler called>\n#2 "), 2, "frames of exceptions")
    check_match(r"^#2 .*call_supervisor \(\)", out)
    check_match(r"^#2 .*main \(\)", out)
    check_equal((v["svc"], v["ipsr"], v["tick"]), ("11", "0", "15"), "exception numbers")
    check_equal((v["calls"], v["ticks"], v["end"]), ("1", "1", "42"), "what the handlers did")


def test_step_into_exception(context):
    out = session(context, LOAD + "break call_supervisor\ncontinue\n"
                  + "while (*(unsigned short *)$pc & 0xff00) != 0xdf00\nstepi\nend\nstepi\n"
                  + show("in", "$pc == (unsigned)&svc_handler"))
    check_equal(values(out)["in"], "1", "the first instruction of the handler")


def test_catch_exceptions(context):
    out = session(context, LOAD + "monitor catch svc systick\ncontinue\n"
                  + show("svc", "$pc == (unsigned)&svc_handler")
                  + "continue\n" + show("tick", "$pc == (unsigned)&systick_handler")
                  + show("ipsr", "$xpsr & 511", "/d"))
    v = values(out)
    check_equal((v["svc"], v["tick"], v["ipsr"]), ("1", "1", "15"), "handlers")


def test_special_registers(context):
    out = session(context, LOAD + "break main\ncontinue\nset $primask = 1\nset $basepri = 0x40\n"
                                  "set $faultmask = 0\n"
                  + show("primask", "$primask") + show("basepri", "$basepri", "/x")
                  + "set $psp = 0x20001000\n" + show("sp", "$sp", "/x") + "set $xpsr = 0x61000000\n"
                  + show("xpsr", "$xpsr", "/x"))
    v = values(out)
    check_equal((v["primask"], v["basepri"], v["sp"], v["xpsr"]),
                ("1", "0x40", "0x20001000", "0x61000000"), "what was written")


def test_descriptions(context):
    """What each CPU has: BASEPRI from ARMv7-M on, d0 to d15 with the FPU."""
    for machine, there, absent in (("microbit", ("msp", "psp", "primask", "control"),
                                    ("basepri", "faultmask", "d0")),
                                   ("mps2-an385", ("basepri", "faultmask", "xpsr"),
                                    ("d0", "fpscr", "cpsr")),
                                   ("mps2-an386", ("d0", "d15", "fpscr", "basepri"),
                                    ("d16", "SCTLR", "sp_irq"))):
        with Emulator(context, None, machine=machine) as emulator, Rsp(emulator.path) as client:
            xml = client.ask("qXfer:features:read:target.xml:0,7fff")
            check("org.gnu.gdb.arm.m-profile" in xml and "org.gnu.gdb.arm.m-system" in xml, xml)
            for name in there:
                check(f'name="{name}"' in xml, f"{machine}: {name} is missing")
            for name in absent:
                check(f'name="{name}"' not in xml, f"{machine}: {name} is not there")


def test_watchpoints(context):
    out = session(context, LOAD + "break main\ncontinue\ndelete\nwatch value\ncontinue\n"
                  + show("value", "value") + "delete\n"
                  "awatch calls\ncontinue\ncontinue\n" + show("calls", "calls")
                  + show("ipsr", "$xpsr & 511", "/d") + "delete\n"
                  "rwatch ticks\ncontinue\n" + show("ticks", "ticks"))
    v = values(out)
    check_match(r"^Old value = 41\nNew value = 42$", out)
    check_equal((v["value"], v["calls"], v["ipsr"], v["ticks"]), ("42", "1", "11", "0"),
                "what was watched")


def test_interrupt(context):
    with Emulator(context, None, machine="lm3s6965evb") as emulator:
        process = gdb_start(context, None, emulator.path,
                            LOAD + "break systick_handler\ncontinue\ndelete\necho ready\\n\n"
                            "continue\n" + show("value", "value > 42") + "info symbol $pc\n",
                            program=program(context))
        for line in process.stdout:
            if line.startswith("ready"):
                break
        time.sleep(0.5)
        interrupt(process)
        out = gdb_finish(process)
    check_match(r"SIGINT", out)
    check_match(r"^main \+", out)
    check_equal(values(out)["value"], "1", "it ran")


def test_floating_point(context):
    out = session(context, "set $d3 = 2.5\n" + show("s6", "$s6") + show("d3", "$d3")
                  + "set $fpscr = 0x01000000\n"
                  + show("fpscr", "$fpscr", "/x")
                  + "set $faultmask = 1\nset $control = 2\nset $msp = 0x20000800\n"
                  + show("faultmask", "$faultmask") + show("control", "$control & 3", "/x")
                  + show("msp", "$msp", "/x"), machine="mps2-an386")
    v = values(out)
    check_equal((v["s6"], v["d3"], v["fpscr"]), ("0", "2.5", "0x1000000"),
                "the floating-point unit")
    check_equal((v["faultmask"], v["control"], v["msp"]), ("1", "0x2", "0x20000800"),
                "special registers")


def test_machine_interface(context):
    with Emulator(context, None, machine="lm3s6965evb") as emulator, Mi(program(context)) as gdb:
        for command in ("-gdb-set confirm off", "-gdb-set debuginfod enabled off",
                        "-target-select remote " + emulator.path, "-target-download",
                        '-interpreter-exec console "monitor reset halt"',
                        '-interpreter-exec console "maintenance flush register-cache"',
                        "-break-insert systick_handler", "-exec-continue"):
            gdb.ask(command)
        gdb.stop(1) # when it connected
        check_match(r'reason="breakpoint-hit".*func="systick_handler"', gdb.stop(1))
        check_match(r'func="systick_handler".*func="main"', gdb.ask("-stack-list-frames"))
        gdb.ask("-exec-next")
        check_match(r'reason="end-stepping-range"', gdb.stop(1))
        check_equal(gdb.value("ticks"), 1, "a variable")


def test_non_stop(context):
    """Looked at and watched while it runs."""
    with Emulator(context, None, "-kernel", program(context),
                  machine="lm3s6965evb") as emulator, Mi(program(context)) as gdb:
        for setting in ("mi-async on", "non-stop on", "confirm off", "debuginfod enabled off"):
            gdb.ask("-gdb-set " + setting)
        gdb.ask("-target-select remote " + emulator.path)
        gdb.stop(1)
        gdb.ask("-break-insert -t systick_handler")
        gdb.ask("-exec-continue --thread 1")
        check_match(r'reason="breakpoint-hit".*func="systick_handler"', gdb.stop(1))
        gdb.ask("-exec-step --thread 1")
        check_match(r'reason="end-stepping-range"', gdb.stop(1))
        gdb.ask("-exec-continue --thread 1")
        value = gdb.value("value")
        end = time.monotonic() + HANG_SECONDS
        while gdb.value("value") == value:
            check(time.monotonic() < end, "it does not run")
        check_match(r'state="running"', gdb.ask("-thread-info"))
        gdb.ask("-exec-interrupt --thread 1")
        check_match(r'func="main"', gdb.stop(1))
        gdb.ask("-break-watch value")
        gdb.ask("-exec-continue --thread 1")
        check_match(r'reason="watchpoint-trigger"', gdb.stop(1))


def test_extended_remote(context):
    """run starts again, detach and attach; lines are printed by the stub; then another session."""
    with Emulator(context, None, "-kernel", program(context), machine="lm3s6965evb") as emulator:
        out = gdb_finish(gdb_start(
            context, None, emulator.path, "set dprintf-style agent\n"
            'dprintf svc_handler,"calls %d of %x\\n", calls, value\n'
            "break cortexm.c:31 if value == 60\ncontinue\n" + show("first", "value") + "run\n"
            + show("again", "value") + "delete\ndetach\nattach 1\n" + show("on", "value > 60")
            + "disconnect\n", "extended-remote", program=program(context)))
        lines = re.findall(r"^calls \d of 2a$", out, re.MULTILINE)
        check_equal(len(lines), 2, "lines that the stub prints")
        v = values(out)
        check_equal((v["first"], v["again"], v["on"]), ("60", "60", "1"), "values")
        out = gdb_finish(gdb_start(context, None, emulator.path,
                                   show("value", "value > 60") + "kill\n",
                                   program=program(context)))
        check_equal(values(out)["value"], "1", "the next session")
        check_equal(emulator.wait(), 0, "exit status")


# Every board with flash: where programs for it are linked, and the CPU.
FLASH_BOARDS = {"cortex-m": (0, "cortex-m3"), "lm3s6965evb": (0, "cortex-m3"),
                "microbit": (0, "cortex-m0"),
                "netduinoplus2": (0x08000000, "cortex-m3"),
                "olimex-stm32-h405": (0x08000000, "cortex-m3"),
                "file:" + os.path.join(HERE, "../../docs/board-example.yaml"): (0x08000000,
                                                                                "cortex-m3")}


def test_load_into_flash_of_every_board(context):
    for machine, (flash, cpu) in FLASH_BOARDS.items():
        elf = program(context, cpu, flash)
        with Emulator(context, None, machine=machine) as emulator:
            out = gdb_finish(gdb_start(context, None, emulator.path, LOAD + "break main\ncontinue\n"
                                       + show("value", "value")
                                       + show("text", "text"), program=elf))
        check_equal(out.count("matched."), 3, f"{machine}: sections in memory")
        v = values(out)
        check_equal((v["value"], v["text"]), ("41", '"in flash"'), f"{machine}: what was loaded")


def flash_regions(client):
    text = client.ask("qXfer:memory-map:read::0,1000")
    return [(int(start, 16), int(size, 16)) for start, size in
            re.findall(r'<memory type="flash" start="(\w+)" length="(\w+)">', text)]


def test_flash_packets_of_every_board(context):
    """Both ends of each region, and behind them; a board without flash says so."""
    for machine in (*FLASH_BOARDS, "mps2-an385"):
        with Emulator(context, None, machine=machine) as emulator, Rsp(emulator.path) as client:
            regions = flash_regions(client)
            check_equal(bool(regions), machine in FLASH_BOARDS, f"{machine}: flash")
            for start, size in regions:
                for at in (start, start + size - 0x1000):
                    check_equal(client.ask(f"vFlashErase:{at:x},1000"), "OK",
                                f"{machine}: erase {at:#x}")
                    check_equal(client.ask(f"m{at + 0xffc:x},4"), "ffffffff", "erased")
                    check_equal(client.ask(f"vFlashWrite:{at + 0xffe:x}:ab"), "OK", "program")
                    check_equal(client.ask("vFlashDone"), "OK", "done")
                    check_equal(client.ask(f"m{at + 0xffc:x},4"), "ffff6162", "programmed")
                check_match("^E", client.ask(f"vFlashWrite:{start + size - 1:x}:ab"))
            check_equal(client.ask("vFlashErase:20000000,1000"), "E.memtype", f"{machine}: RAM")


def test_steps(context):
    """WFI does not wait; IT blocks, changed code, pop {pc}."""
    for how in ("stepi", "maintenance packet vCont;s:1\nmaintenance flush register-cache"):
        check_thumb_steps(session(context, LOAD + "break main\ncontinue\ndelete\n"
                                  + thumb_steps("0x20000800", 0xbf30, how)))


def test_step_out_of_an_exception(context):
    """The return from a handler is a step, to the instruction that was interrupted."""
    out = session(context, LOAD + "break call_supervisor\ncontinue\nwhile (*(unsigned short *)$pc "
                                  "& 0xff00) != 0xdf00\nstepi\nend\n"
                  "set $behind = $pc + 2\nstepi\n" + show("in", "$xpsr & 511", "/d")
                  + "while ($xpsr & 511) == 11\nset $last = $pc\nstepi\nend\n"
                  + show("back", "$pc == $behind")
                  + show("thread", "$sp == $psp"))
    v = values(out)
    check_equal((v["in"], v["back"], v["thread"]), ("11", "1", "1"),
                "into the handler and out of it")


def test_conditions_in_the_stub(context):
    """A condition on a hot line that holds after 30000 rounds costs no packets; lines are stepped
    through in the stub."""
    out = session(context, LOAD + "set debug remote 1\nbreak 29 if value == 60042\ncontinue\nset "
                                  "debug remote 0\n"
                  + show("value", "value") + "delete\nset debug remote 1\nbreak svc_handler\nset "
                                             "var ticks = 0\nset $pc = &main\n"
                  "next\nnext\nset debug remote 0\n" + show("handler",
                                                            "$pc == (unsigned)&svc_handler + 4"))
    v = values(out)
    check_equal(v["value"], "60042", "the line")
    check(out.count("vCont;c") <= 4, "continued once")
    check_match(r"vCont;r", out)


def test_monitor_commands(context):
    out = session(context, LOAD + "monitor info mtree\nmonitor info irq\nmonitor info registers\n"
                                  "monitor info jit\n"
                  "monitor info tlb\nmonitor x/1xw 0\nmonitor xp/1xw 4\nmonitor log int\nmonitor "
                  "log none\nmonitor reset halt\n"
                  "maintenance flush register-cache\n" + show("pc", "$pc == (unsigned)&_start"))
    check_match(r"^0*0000000.* (rom|flash)", out)
    check_match(r"^blocks translated", out)
    check_match(r"20004000", out)
    check_match(r"^XPSR=01000000 ---- T thread\nMSP=20004000 PSP=0{8} PRIMASK=00 BASEPRI=00 "
                r"FAULTMASK=00 CONTROL=00$", out)
    check("unknown command" not in out, out)
    check_equal(values(out)["pc"], "1", "after the reset")


def test_steps_equal_free_run(context):
    """Steps against runs from breakpoint to breakpoint, over exceptions: the same registers at each
    arrival."""
    def run(stepping):
        seen = []
        with Emulator(context, None, "-icount", "shift=0", "-kernel", program(context),
                      machine="lm3s6965evb") as emulator, \
                Rsp(emulator.path) as client:
            text = subprocess.run(["arm-none-eabi-nm", program(context)], check=True,
                                  capture_output=True, text=True).stdout
            at = int(check_match(r"^([0-9a-f]+) . svc_handler$", text)[1], 16) & ~1
            loop = int(check_match(r"^([0-9a-f]+) . main$", text)[1], 16) & ~1
            check_equal(client.ask("Qqemu.sstep=1"), "OK", "steps take interrupts")
            steps = 0
            while stepping and steps < 20000:
                steps += 1
                if client.step_fast() in (at, loop):
                    seen.append(client.ask("g"))
            if stepping:
                return seen, client.ask("g")
            for point in (loop, at):
                client.ask(f"Z1,{point:x},2")
                check_match("^T05", client.ask("vCont;c"))
                seen.append(client.ask("g"))
                client.ask(f"z1,{point:x},2")
                client.step_fast()
            return seen, None
    stepped, end = run(True)
    free, _ = run(False)
    check_equal(stepped, free, "registers")
    check(end not in stepped, "it went on")


def test_interrupt_asleep(context):
    """Ctrl-C while the CPU waits for an interrupt that never comes; then it goes on."""
    with Emulator(context, None, machine="lm3s6965evb") as emulator:
        process = gdb_start(context, None, emulator.path, LOAD + "break main\ncontinue\ndelete\n"
                            "set *(unsigned *)0x20000800 = 0x2001bf30\nset *(unsigned short "
                            "*)0x20000804 = 0xe7fe\n"
                            "set $pc = 0x20000800\nset $r0 = 0\necho ready\\n\ncontinue\n"
                            + show("at", "$pc", "/x")
                            + "stepi\nstepi\n" + show("r0", "$r0"), program=program(context))
        for line in process.stdout:
            if line.startswith("ready"):
                break
        time.sleep(0.5)
        interrupt(process)
        out = gdb_finish(process)
    check_match(r"SIGINT", out)
    v = values(out)
    check(v["at"] in ("0x20000800", "0x20000802") and v["r0"] == "1", f"asleep: {v}")


# What each exception is taken for: halfwords at 0x20000800, the name that `monitor catch` has, its
# number.
FAULTS = (("usage", 6, (0xde00,)), ("bus", 5, (0x4900, 0x6808, 0xfff0, 0x5fff)),
          ("hard", 3, (0xde00,)),
          ("nmi", 2, (0x4901, 0x4a02, 0x600a, 0xe7fe, 0xed04, 0xe000, 0x0000, 0x8000)),
          ("mem", 4, (0x4900, 0x4708, 0x0001, 0x4000)), # bx to a peripheral's address
          ("pendsv", 14, (0x4901, 0x4a02, 0x600a, 0xe7fe, 0xed04, 0xe000, 0x0000, 0x1000)))


def test_catch_faults(context):
    """Of each kind, at the first instruction of the handler."""
    for name, number, code in FAULTS:
        enable = "0x70000" if name != "hard" else "0" # SHCSR: without it faults become HardFault
        write = "".join(f"set *(unsigned short *){0x20000800 + 2 * i:#x} = {word:#x}\n"
                        for i, word in enumerate(code))
        out = session(context, LOAD + "break main\ncontinue\ndelete\n" + write
                      + f"set *(unsigned *)0xe000ed24 = {enable}\nset $r1 = 0x5ffffff0\nmonitor "
                        f"catch {name}\nset $pc = 0x20000800\n"
                      "continue\n" + show("ipsr", "$xpsr & 511", "/d")
                      + show("at", "$pc == (unsigned)&hang"))
        v = values(out)
        check_equal((v["ipsr"], v["at"]), (str(number), "1"), name)


def test_catch_in_armv6m(context):
    """There faults of other kinds than HardFault do not exist."""
    with Emulator(context, None, machine="microbit") as emulator:
        out = gdb_finish(gdb_start(context, None, emulator.path,
                                   "monitor catch\nmonitor catch usage\nmonitor catch hard\n"))
    check_match(r"^hard +-$", out)
    check_match(r"does not take 'usage'", out)
    check("mem  " not in out and "bus  " not in out, out)


# Thumb instructions that access memory at r0: halfwords, size of the access, write?
ACCESSES = {"str r1, [r0]": ((0x6001, 0xbf00), 4, True),
            "ldrb r1, [r0]": ((0x7801, 0xbf00), 1, False),
            "stmia r0!, {r1-r4}": ((0xc01e, 0xbf00), 16, True),
            "ldrd r2, r3, [r0]": ((0xe9d0, 0x2300), 8, False),
            "strh r1, [r0]": ((0x8001, 0xbf00), 2, True),
            "ldrex r1, [r0]": ((0xe850, 0x1f00), 4, False)}


def test_watched_accesses(context):
    """Every byte of every access, and none beside it; the instruction has not been executed."""
    code, data = 0x20000800, 0x20001000
    with Emulator(context, None, "-kernel", program(context),
                  machine="lm3s6965evb") as emulator, Rsp(emulator.path) as client:
        for name, (words, size, write) in ACCESSES.items():
            text = b"".join(w.to_bytes(2, "little") for w in (*words, 0xbf00)).hex()
            check_equal(client.ask(f"M{code:x},6:{text}"), "OK", "code")
            behind = code + (4 if words[1] != 0xbf00 else 2)
            for offset in sorted({-1, 0, size // 2, size - 1, size}):
                point = f"{2 if write else 3},{data + offset:x},1"
                for register, value in ((0, data), (15, code)):
                    client.ask("P%x=%s" % (register, value.to_bytes(4, "little").hex()))
                before = client.ask("g")
                check_equal(client.ask("Z" + point), "OK", name)
                hit = re.search(r"watch:([0-9a-f]+);", client.ask("vCont;s:1"))
                check_equal(bool(hit), 0 <= offset < size, f"{name}, watching byte {offset}")
                if hit:
                    check_equal(int(hit[1], 16), data + offset, "address of " + name)
                    check_equal(client.ask("g"), before, "registers before " + name)
                client.ask("z" + point)
                if hit:
                    client.step_fast()
                check_equal(client.registers()[15], behind, "the instruction is done: " + name)
