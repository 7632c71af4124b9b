"""Sessions of the real GDB."""
import glob
import os
import re
import time

from driver import (HANG_SECONDS, Emulator, Failure, check, check_equal, check_match, gdb,
                    gdb_finish, gdb_start, interrupt, show, values)

KINDS = ("a32", "t32")


def both(test):
    """Runs @test(context, kind) for the program in both instruction sets."""
    def run(context):
        for kind in KINDS:
            test(context, kind)
    run.__name__ = test.__name__
    return run


@both
def test_breakpoints(context, kind):
    out = gdb(context, kind, "break body if i == 7\nhbreak add if a == 20\ntbreak fibonacci\n"
              "continue\n" + show("i", "i") + show("counter", "counter")
              + "continue\n" + show("a", "a") + "continue\n" + show("n", "n")
              + show("where", "$pc == (unsigned)$pc && 1") + "info breakpoints\n")
    v = values(out)
    check_equal(v["i"], "7", "i at the conditional breakpoint")
    check_equal(v["counter"], str(sum(range(1, 8))), "counter after seven rounds")
    check_equal(v["a"], "20", "a at the hardware breakpoint")
    check_equal(v["n"], "7", "n at the temporary breakpoint")
    check_match(r"breakpoint already hit", out)


@both
def test_breakpoint_in_loop_hits_every_time(context, kind):
    out = gdb(context, kind, "break touch\nignore 1 37\ncontinue\n" + show("i", "i")
              + "continue\n" + show("j", "i") + "clear touch\nbreak idle\ncontinue\n"
              + show("end", "$pc == &idle"))
    v = values(out)
    check_equal((v["i"], v["j"], v["end"]), ("37", "38", "1"), "rounds, and the end")


@both
def test_finish_until_call(context, kind):
    out = gdb(context, kind, "break add\ncontinue\nfinish\n" + show("value", "$")
              + "delete\nbreak fibonacci if n == 3\ncontinue\nbacktrace\nfinish\n" + show("f", "$")
              + "delete\nadvance patching\nset $before = $pc\n"
              + show("call", "add(40, 2)") + show("again", "$pc == $before"))
    v = values(out)
    check_equal(v["value"], "1", "the value of add(0, 1)")
    check_equal(v["f"], "2", "fibonacci(3)")
    check_match(r"#5 .*main", out)
    check_equal((v["call"], v["again"]), ("42", "1"), "a call from GDB")


@both
def test_step_next(context, kind):
    out = gdb(context, kind, "break body\ncontinue\nnext\n" + show("after_next", "counter")
              + "step\n" + show("in_touch", "i") + "next\nnext\n" + show("written", "neighbours[1]")
              + "finish\nuntil\n" + show("real", "real"))
    v = values(out)
    check_equal(v["after_next"], "1", "counter after next over add")
    check_equal(v["in_touch"], "0", "step into touch")
    check_equal(v["written"], "100", "neighbours[1] after two lines")


@both
def test_watchpoints(context, kind):
    """Exact: the neighbours of the variable are written and read around it."""
    out = gdb(context, kind, "watch neighbours[1]\ncontinue\ncontinue\n"
              + show("w", "neighbours[1]")
              + "delete\nrwatch neighbours[1]\ncontinue\n" + show("line_r", "neighbours[2]")
              + "delete\nawatch neighbours[3]\ncontinue\ncontinue\n" + show("a", "neighbours[3]")
              + "delete\nwatch bytes[2]\ncontinue\n" + show("b", "bytes[2]", "/d")
              + "info watchpoints\n")
    v = values(out)
    changes = re.findall(r"^Old value = (\d+)\nNew value = (\d+)$", out, re.MULTILINE)
    check_equal(changes[:2], [("0", "100"), ("100", "101")], "writes of neighbours[1]")
    check_equal(v["w"], "101", "the value that was written")
    check_match(r"^Value = 101$", out)
    check_equal(v["line_r"], "101", "neighbours[2] when neighbours[1] is read")
    check_equal(v["b"], "4", "bytes[2] after its write")


def test_watch_does_not_stop_for_others(context):
    out = gdb(context, "a32", "watch bytes[5]\nset $n = 0\ncontinue\n" + show("b", "bytes[5]")
              + "continue\n" + show("c", "bytes[5]") + "delete\nbreak exceptions\ncontinue\n")
    v = values(out)
    check_equal((v["b"][0], v["c"][0]), ("7", "8"), "bytes[5]")


def test_step_it_block(context):
    out = gdb(context, "a32", "break it_block if $r0 == 5\ncontinue\n"
              + "".join("stepi\n" + show(f"pc{i}", "$pc - (unsigned)&it_block", "/d")
                        + show(f"it{i}", "(($cpsr >> 8) & 0xfc) | (($cpsr >> 25) & 3)", "/x")
                        + show(f"r{i}", "$r1", "/d") for i in range(6)))
    v = values(out)
    offset = [int(v[f"pc{i}"]) & ~1 for i in range(6)]
    start = offset[0]
    check_equal([o - start for o in offset], [0, 2, 4, 6, 8, 10], "one instruction per step")
    its = [int(v[f"it{i}"], 16) for i in range(6)]
    check_equal(its[0], 0, "ITSTATE before")
    check(all(its[1:5]) and its[5] == 0, f"ITSTATE inside and behind: {its}")
    check_equal([v["r2"], v["r4"], v["r5"]], ["1", "11", "11"], "r1 after both halves")


def test_step_exceptions(context):
    def at(name):
        return f"(unsigned)&{name}"
    steps = ("stepi\n" + show("svc", "$pc - (unsigned)&vectors", "/d")
             + show("svcmode", "$cpsr & 31", "/d")
             + "stepi\nstepi\nstepi\n" + show("back", f"$pc - {at('the_udf')}", "/d")
             + show("r0", "$r0", "/d")
             + "stepi\n" + show("und", "$pc - (unsigned)&vectors", "/d")
             + "stepi\nstepi\n" + show("lit", f"$pc - {at('the_udf')}", "/d")
             + "stepi\nstepi\n" + show("abt", "$pc - (unsigned)&vectors", "/d")
             + show("abtmode", "$cpsr & 31", "/d") + show("dfar", "$DFAR", "/x")
             + "stepi\nstepi\nstepi\n" + show("pop", f"$pc - {at('the_pop')}", "/d")
             + "set $old = $sp\nstepi\n" + show("left", "$sp - $old", "/d") + "info symbol $pc\n")
    out = gdb(context, "a32", "break *the_svc\ncontinue\n" + steps)
    v = values(out)
    check_equal((v["svc"], v["svcmode"]), ("8", "19"), "the step into SVC")
    check_equal((v["back"], v["r0"]), ("0", "41"), "the return from SVC")
    check_equal(v["und"], "4", "the step into Undefined")
    check_equal((v["abt"], v["abtmode"], v["dfar"]), ("16", "23", "0xe0000000"), "the data abort")
    check_equal(v["pop"], "0", "the abort is handled")
    check_equal(v["left"], "8", "pop of two registers")
    check_match(r"^main \+ \d+ in section", out)


def test_dprintf(context):
    """Printed by the stub, while the program runs on."""
    out = gdb(context, "a32", "set dprintf-style agent\ndprintf body,\"i is %d\\n\", i\nbreak "
                              "idle\ncontinue\n"
              + show("end", "$pc == &idle"))
    check_equal(re.findall(r"^i is (\d+)$", out, re.MULTILINE), [str(i) for i in range(40)],
                "lines")
    check_equal(values(out)["end"], "1", "one stop")


def test_register_groups(context):
    out = gdb(context, "a32", "break body\ncontinue\ninfo registers system\necho ---\\n\ninfo "
                              "registers banked\n"
              "set $spsr_fiq = 0x1d1\nset $r8_fiq = 77\nset $cpsr = 0x1d1\n" + show("r8", "$r8")
              + show("usr", "$r8_usr")
              + "set $TTBR0 = 0x40004000\n" + show("ttbr", "$TTBR0", "/x"))
    system, banked = out.split("\n---\n")
    for name in ("SCTLR", "TTBR0", "DFSR", "VBAR"):
        check_match(rf"^{name} +0x", system)
    for name in ("r8_usr", "sp_irq", "lr_abt", "spsr_und"):
        check_match(rf"^{name} +", banked)
    v = values(out)
    check_equal((v["r8"], v["usr"] != "77", v["ttbr"]), ("77", True, "0x40004000"),
                "what is written")


def test_steps_and_interrupts(context):
    """A pending interrupt waits for the steps, or is one, as the debugger wants."""
    gic = "".join(f"set *(unsigned *){address:#x} = {value:#x}\n" for address, value in (
        (0x08000000, 1), (0x08010004, 0xff), (0x08010000, 1), (0x08000f00, 0x00010001)))
    out = gdb(context, "a32", "break body\ncontinue\ndelete\nset $cpsr = $cpsr & ~0x80\n" + gic
              + "stepi\n"
              + show("waits", "$cpsr & 31", "/x")
              + "maintenance packet Qqemu.sstep=1\nset $next = $pc\nstepi\n"
              + show("irq", "$pc - (unsigned)&vectors", "/d") + show("mode", "$cpsr & 31", "/x")
              + show("lr", "$lr - (unsigned)$next", "/d"))
    v = values(out)
    check_equal((v["waits"], v["irq"], v["mode"], v["lr"]), ("0x13", "24", "0x12", "4"),
                "the interrupt")


def test_catch_exceptions(context):
    out = gdb(context, "a32", "monitor catch\nmonitor catch dabt,undef\nmonitor catch nonsense\n"
                              "continue\n"
              + show("und", "$pc - (unsigned)&vectors", "/d") + show("mode", "$cpsr & 31", "/d")
              + "continue\n"
              + show("abt", "$pc - (unsigned)&vectors", "/d")
              + "monitor catch none\nbreak idle\ncontinue\n"
              + show("end", "$pc == &idle"))
    v = values(out)
    check_match(r"^dabt +-$", out)
    check_match(r"no exception 'nonsense'", out)
    check_match(r"SIGTRAP", out)
    check_equal((v["und"], v["mode"], v["abt"], v["end"]), ("4", "27", "16", "1"), "vectors")


def test_catch_more_exceptions(context):
    """A fetch from nowhere, and an interrupt that GDB's writes to the GIC raise."""
    gic = "".join(f"set *(unsigned *){address:#x} = {value:#x}\n" for address, value in (
        (0x08000000, 1), (0x08010004, 0xff), (0x08010000, 1), (0x08000f00, 0x00010001)))
    out = gdb(context, "a32", "break body\ncontinue\ndelete\nmonitor catch pabt irq\nset $home = "
                              "$pc\nset $pc = 0xe0000000\n"
              "continue\n" + show("pabt", "$pc - (unsigned)&vectors", "/d")
              + show("mode", "$cpsr & 31", "/x")
              + show("ifar", "$IFAR", "/x") + "set $cpsr = $cpsr & ~0x9f | 0x13\nset $pc = $home\n"
              + gic + "continue\n"
              + show("irq", "$pc - (unsigned)&vectors", "/d") + show("irqmode", "$cpsr & 31", "/x")
              + show("lr", "$lr_irq - (unsigned)$home", "/d"))
    v = values(out)
    check_equal((v["pabt"], v["mode"], v["ifar"]), ("12", "0x17", "0xe0000000"),
                "the prefetch abort")
    check_equal((v["irq"], v["irqmode"], v["lr"]), ("24", "0x12", "4"), "the interrupt")


def test_catch_fiq(context):
    """An interrupt of group 0 that the GIC is to signal as FIQ; the handler's return goes on behind
    it."""
    gic = "".join(f"set *(unsigned *){address:#x} = {value:#x}\n" for address, value in (
        (0x08000000, 1), (0x08010004, 0xff), (0x08010000, 9), (0x08000f00, 0x00010001)))
    out = gdb(context, "a32", "break body\ncontinue\ndelete\nmonitor catch fiq\nset $home = $pc\n"
              "set $cpsr = $cpsr & ~0x40\n" + gic + "continue\n"
              + show("fiq", "$pc - (unsigned)&vectors", "/d")
              + show("mode", "$cpsr & 31", "/x") + show("masked", "$cpsr & 0xc0", "/x")
              + show("lr", "$lr_fiq - (unsigned)$home", "/d")
              + "monitor catch none\nset *(unsigned *)0x08010000 = 0\n"
              "set $pc = $lr - 4\nset $cpsr = $spsr_fiq\nbreak idle\ncontinue\n"
              + show("end", "$pc == &idle"))
    v = values(out)
    check_equal((v["fiq"], v["mode"], v["masked"], v["lr"], v["end"]),
                ("28", "0x11", "0xc0", "4", "1"), "the interrupt")


def test_catch_what_cannot_be(context):
    """The machine serves HVC and SMC itself: nothing of the program is entered by them, and the
    monitor says so."""
    out = gdb(context, "a32", "monitor catch\nmonitor catch hvc\nmonitor catch svc,smc\nmonitor "
                              "catch n\nmonitor catch\n")
    check("hvc  " not in out and "smc  " not in out, out)
    for name in ("hvc", "smc"):
        check_match(rf"this machine's CPU does not take '{name}'", out)
    check_match(r"no exception 'n'", out)
    check_equal(len(re.findall(r"^(?:svc|fiq) +-$", out, re.MULTILINE)), 4, "what is caught")


@both
def test_load_into_ram(context, kind):
    """A machine with nothing to start: GDB brings the program and its entry point."""
    with Emulator(context, None) as emulator:
        out = gdb_finish(gdb_start(context, kind, emulator.path,
                                   "load\ncompare-sections\nbreak body if i == 2\ncontinue\n"
                                   + show("i", "i") + show("counter", "counter")))
    v = values(out)
    check("MIS-MATCHED" not in out and out.count("matched.") >= 2, "sections")
    check_equal((v["i"], v["counter"]), ("2", "3"), "the program runs")


def test_catch_exceptions_of_two_cpus(context):
    """Both are taken, whichever is told first."""
    vector = "$pc - (unsigned)&vectors"
    out = gdb(context, "a32", "set var stay = 1\nbreak second_main\ncontinue\ndelete\nmonitor "
                              "catch svc\n"
              "thread 1\nset $pc = &the_svc\nthread 2\nset $pc = &the_svc\nset $VBAR = "
              "(unsigned)&vectors\n"
              "continue\n" + show("first", vector, "/d") + show("one", "$_thread")
              + "continue\n" + show("second", vector, "/d") + show("other", "$_thread"), "-smp",
              "2")
    v = values(out)
    check_equal((v["first"], v["second"]), ("8", "8"), "at the vector")
    check_equal(sorted((v["one"], v["other"])), ["1", "2"], "each CPU")


def test_step_wfi(context):
    out = gdb(context, "a32", "break idle\ncontinue\nstepi\n"
              + show("behind", "$pc - (unsigned)&idle", "/d")
              + "stepi\n" + show("back", "$pc - (unsigned)&idle", "/d"))
    v = values(out)
    check_equal((v["behind"], v["back"]), ("4", "0"), "WFI does not wait")


@both
def test_step_over_changed_code(context, kind):
    out = gdb(context, kind, "break patching\ncontinue\nstepi\nstepi\nstepi\n"
              + show("at", "$pc == (unsigned)&patched") + "stepi\n" + show("r0", "$r0", "/d"))
    v = values(out)
    check_equal((v["at"], v["r0"]), ("1", "2"), "the new instruction")


def test_write_registers_and_memory(context):
    out = gdb(context, "a32", "break add\ncontinue\nset var a = 1000\nset var b = 34\nfinish\n"
              + show("sum", "$", "/d")
              + "set $r7 = 0x12345678\n" + show("r7", "$r7", "/x")
              + "set $d3 = 2.5\n" + show("d3", "$d3") + show("s6", "$s6")
              + show("q1", "$q1.u64[1]", "/x") + "set $q15.u32[3] = 0xabcd1234\n"
              + "set $q2.f32[1] = 1.5\n" + show("s9", "$s9")
              + show("q15", "$q15.u8[15]", "/x")
              + show("sp0", "$sp", "/x") + "set $sp_irq = 0x40300000\nset $cpsr = 0x1d2\n"
              + show("sp1", "$sp", "/x") + show("svc", "$sp_svc", "/x")
              + "set $cpsr = 0x1d3\n" + show("sp2", "$sp", "/x")
              + "set $TPIDRURW = 0xabcd\n" + show("tpidr", "$TPIDRURW", "/x")
              # another instruction where the program goes next, more than once
              + "break *&patched\ncontinue\nset *(unsigned *)$pc = 0xe3a00063\nstepi\n"
              + show("patched", "$r0", "/d")
              + "set $pc = $pc - 4\nset *(unsigned *)$pc = 0xe3a00064\nstepi\n"
              + show("repatched", "$r0", "/d"))
    v = values(out)
    check_equal(v["sum"], "1034", "changed arguments")
    check_equal((v["r7"], v["d3"], v["s6"]), ("0x12345678", "2.5", "0"), "registers")
    check_equal((v["q1"], v["s9"], v["q15"]), ("0x4004000000000000", "1.5", "0xab"),
                "views of NEON registers")
    check_equal(v["sp1"], "0x40300000", "sp of IRQ mode")
    check_equal((v["svc"], v["sp2"]), (v["sp0"], v["sp0"]), "sp of Supervisor mode")
    check_equal(v["tpidr"], "0xabcd", "a system register")
    check_equal((v["patched"], v["repatched"]), ("99", "100"), "written code")


def test_write_thumb_state(context):
    out = gdb(context, "a32", "break main\ncontinue\nset $cpsr = $cpsr | 0x20\n"
              "set $pc = (unsigned)&it_block & ~1\nset $r0 = 4\nset $lr = (unsigned)&idle\n"
              "break idle\ncontinue\n" + show("r1", "$r1", "/d")
              + show("t", "($cpsr >> 5) & 1", "/d"))
    v = values(out)
    check_equal((v["r1"], v["t"]), ("22", "0"), "a Thumb routine from ARM state")


def interrupted(context, stay, expect):
    """Ctrl-C while the program does @stay."""
    commands = (f"set var stay = {stay}\nbreak add if a == 39\n"
                + ("" if stay == 2 else "continue\n")
                + "delete\necho ready\\n\ncontinue\n" + expect)
    with Emulator(context, "a32") as emulator:
        process = gdb_start(context, "a32", emulator.path, commands)
        for line in process.stdout:
            if line.startswith("ready"):
                break
        time.sleep(1)
        interrupt(process)
        return gdb_finish(process)


def test_interrupt_busy(context):
    out = interrupted(context, 2, "backtrace\nset var stay = 0\nbreak idle\ncontinue\n"
                      + show("end", "$pc == &idle"))
    check_match(r"SIGINT", out)
    check_match(r"#\d .*main", out)
    check_equal(values(out)["end"], "1", "the program goes on")


def test_interrupt_asleep(context):
    out = interrupted(context, 0, "info symbol $pc\nset $pc = (unsigned)&patching\n"
                      "set $lr = (unsigned)&idle\nbreak idle\ncontinue\n" + show("r0", "$r0", "/d"))
    check_match(r"SIGINT", out)
    check_match(r"^idle", out)
    check_equal(values(out)["r0"], "2", "the program goes on")


def test_threads(context):
    out = gdb(context, "a32", "set var stay = 1\ninfo threads\nbreak second_main\ncontinue\n"
              + show("thread", "$_thread") + "thread apply all info symbol $pc\n"
              + "delete\nset scheduler-locking on\nset $before = second_count\nthread 1\nstepi\n"
                "stepi\n"
              + show("held", "second_count == $before")
              + "thread 2\nwatch second_count\ncontinue\ncontinue\n"
              + show("count", "second_count") + show("on", "$_thread")
              + "set scheduler-locking off\ndelete\nbreak idle\ncontinue\n"
              + show("last", "$_thread")
              + "info threads\n", "-smp", "2")
    v = values(out)
    check_match(r"Thread 2 .*off", out)
    check_equal(v["thread"], "2", "the CPU that hits the breakpoint")
    check_equal((v["held"], v["on"]), ("1", "2"), "scheduler locking")
    check_equal(v["count"], "2", "two writes by the second CPU")
    check_equal(v["last"], "1", "the first CPU reaches its end")
    check_match(r"Thread 2 .*second_main", out)


def test_monitor_and_reset(context):
    out = gdb(context, "a32", "break body\ncontinue\nmonitor info status\nmonitor help\nmonitor "
                              "nonsense\n"
              "monitor info mtree\nmonitor info irq\nmonitor info tlb\nmonitor info jit\nmonitor "
              "info registers\n"
              "monitor x/4xb &text\nmonitor xp/1xw 0x40010000\nmonitor log int\nmonitor log none\n"
              "monitor system_reset\nmaintenance flush register-cache\n"
              + show("pc", "$pc == &_start")
              + "continue\n" + show("i", "i")
              + "monitor reset halt\nmaintenance flush register-cache\n"
              + show("again", "$pc == &_start") + "continue\n" + show("j", "i"))
    v = values(out)
    check_match(r"^VM status: paused", out)
    check_match(r"^unknown command: 'nonsense'", out)
    check_match(r"^system_reset", out)
    check_match(r"^0*40000000.* ram", out)
    check_match(r"^contexts flushed", out)
    check_match(r"^blocks translated", out)
    check_match(r"^gic", out)
    check_match(r"(?i)^r0+ ?=|R00=", out)
    check_match(r"^0*40010000: ", out)
    check_equal((v["pc"], v["i"]), ("1", "0"), "after the reset")
    check_equal((v["again"], v["j"]), ("1", "0"), "after the other")


def test_extended_remote(context):
    with Emulator(context, "a32") as emulator:
        out = gdb_finish(gdb_start(context, "a32", emulator.path,
                                   "break body\ncontinue\n" + show("i", "i") + "kill\n",
                                   "extended-remote"))
        check_equal(values(out)["i"], "0", "the breakpoint")
        check_equal(emulator.wait(), 0, "exit status after kill")


def test_extended_remote_again(context):
    """run starts again, detach and attach keep the connection."""
    with Emulator(context, "a32") as emulator:
        out = gdb_finish(gdb_start(context, "a32", emulator.path,
                                   "break body if i == 3\ncontinue\n" + show("i", "i") + "run\n"
                                   + show("again", "i")
                                   + "detach\nattach 1\n" + show("counter", "counter >= 6")
                                   + "kill\n", "extended-remote"))
        v = values(out)
        check_equal((v["i"], v["again"], v["counter"]), ("3", "3", "1"), "values")
        check_equal(emulator.wait(), 0, "exit status after kill")


def test_two_machines(context):
    """Two machines are two inferiors of one GDB, with a connection each: alone, at once, ended one
    by one."""
    with Emulator(context, "a32", "-smp", "2") as one, Emulator(context, "t32") as two:
        out = gdb_finish(gdb_start(
            context, "a32", one.path,
            f"add-inferior -no-connection -exec {context.program('t32')}\ninferior 2\n"
            f"target extended-remote {two.path}\ninfo inferiors\ninfo threads\nbreak body if i == "
            f"5\n"
            + "continue\n" + show("b", "counter") + "inferior 1\n" + show("a", "$pc == &_start")
            + "continue\n"
            + show("a5", "counter") + "delete\nbreak add if a == 20\nset schedule-multiple on\n"
                                      "continue\n"
            + show("first", "a") + "continue\n" + show("second", "a") + "info threads\n"
            + "kill inferiors 1\ninfo inferiors\ninferior 2\n" + show("left", "$pc != 0")
            + "kill\n", "extended-remote", before="maintenance set target-non-stop on\n"))
        v = values(out)
        check_match(r"^  1 +Remote target +1 \(extended-remote ", out)
        check_match(r"^\* 2 +Remote target +2 \(extended-remote ", out)
        check_match(r"^  1\.2 +Thread 2 \"CPU 1\" \(off\)", out)
        check_equal((v["b"], v["a"], v["a5"]), ("15", "1", "15"), "each by itself")
        check_equal((v["first"], v["second"]), ("20", "20"), "both at once")
        check_match(r"^[ *] 1 +<null>", out)
        check_equal(v["left"], "1", "the other one")
        check_equal((one.wait(), two.wait()), (0, 0), "exit status")


def test_program_end(context):
    out = gdb(context, "a32", "set var stay = 4\ncontinue\n")
    check_match(r"exited normally", out)


def test_memory_packets(context):
    out = gdb(context, "a32", "compare-sections .text\ncompare-sections .rodata\n"
              "find /b 0x40010000, +0x10000, 'n', 'e', 'e', 'd', 'l', 'e'\n" + show("text", "&text")
              + "x/s text\nx/4xb bytes\nx/xw 0x09000018\n"
              "maintenance packet qqemu.PhyMemMode\nmaintenance packet Qqemu.PhyMemMode:1\n"
              "dump binary memory /dev/null 0x40000000 0x40100000\nx/2xb bytes\nx/xw 0xe0000000\n")
    check_match(r'Section \.text.*: matched', out)
    check_match(r'Section \.rodata.*: matched', out)
    check_match(r"1 pattern found|<text>", out)
    check_match(r'"needle in a haystack"', out)
    check_match(r"Cannot access memory at address 0xe0000000", out)
    check_match(r"0x9000018:\s+0x0000009[0-9a-f]$",
                out) # flags of the UART: nothing to send or receive
    check_match(r'received: "0"', out)
    check_match(r'received: "OK"', out)


def test_detach_and_attach_again(context):
    with Emulator(context, "a32") as emulator:
        gdb_finish(gdb_start(context, "a32", emulator.path,
                             "set var stay = 3\nbreak body\ncontinue\ndetach\n"))
        out = gdb_finish(gdb_start(context, "a32", emulator.path,
                                   show("counter", "counter > 0") + "break touch\ncontinue\n"
                                   + show("in",
                                          "$pc >= (unsigned)&touch && $pc < (unsigned)&body")))
        check_equal(values(out)["in"], "1", "the second debugger")


def test_stdio(context):
    """GDB starts the emulator itself, and talks through its standard input and output."""
    program = context.program("t32")
    command = f"{context.armemu} -M virt -S -gdb stdio -serial null -monitor none -kernel {program}"
    out = gdb_finish(gdb_start(context, "t32", "| " + command, "break body if i == 2\ncontinue\n"
                               + show("i", "i")
                               + "watch counter\ncontinue\n" + show("counter", "counter")
                               + "kill\n"))
    v = values(out)
    check_equal((v["i"], v["counter"]), ("2", "6"), "values")


def test_tcp(context):
    with Emulator(context, "a32", gdb="tcp::0") as emulator:
        port = tcp_port(emulator.process.pid)
        out = gdb_finish(gdb_start(context, "a32", f"127.0.0.1:{port}", "break body\ncontinue\n"
                                   + show("i", "i")))
        check_equal(values(out)["i"], "0", "the breakpoint")


def tcp_port(pid):
    """The port that the process listens on, from /proc: -gdb tcp::0 takes any free one."""
    end = time.monotonic() + HANG_SECONDS
    while time.monotonic() < end:
        inodes = set()
        for fd in glob.glob(f"/proc/{pid}/fd/*"):
            match = re.match(r"socket:\[(\d+)\]", os.readlink(fd))
            if match:
                inodes.add(match[1])
        with open(f"/proc/{pid}/net/tcp", encoding="ascii") as table:
            for fields in map(str.split, table):
                if fields[3] == "0A" and fields[9] in inodes:
                    return int(fields[1].split(":")[1], 16)
        time.sleep(0.05)
    raise Failure("armemu does not listen")
