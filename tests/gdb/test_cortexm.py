"""Cortex-M under GDB: registers, `load` into flash, exceptions."""
import os
import shutil
import subprocess
import time

from driver import (COMPILER, HERE, Emulator, Rsp, Skip, check, check_equal, check_match, gdb_finish, gdb_start,
                    interrupt, show, values)
from test_nonstop import Mi


def program(context):
    """Path of the program for a Cortex-M3 with flash at 0."""
    path = os.path.join(context.scratch, "cortexm.elf")
    if not os.path.exists(path):
        if not shutil.which(COMPILER):
            raise Skip(f"there is no {COMPILER}")
        guest = os.path.join(HERE, "guest", "cortexm")
        subprocess.run([COMPILER, "-g", "-O0", "-mcpu=cortex-m3", "-mthumb", "-ffreestanding", "-nostdlib",
                        "-Wl,-T," + guest + ".ld", guest + ".S", guest + ".c", "-o", path],
                       check=True, stderr=subprocess.DEVNULL)
    return path


LOAD = "load\ncompare-sections\nmonitor system_reset\nmaintenance flush register-cache\n"


def session(context, commands, *arguments, machine="lm3s6965evb"):
    with Emulator(context, None, *arguments, machine=machine) as emulator:
        return gdb_finish(gdb_start(context, None, emulator.path, commands, program=program(context)))


def test_load_into_flash(context):
    out = session(context, "info mem\n" + LOAD + show("pc", "$pc == (unsigned)&_start")
                  + show("sp", "$sp", "/x") + "break main\ncontinue\n" + show("value", "value")
                  + show("text", "text") + show("thread_sp", "$sp == $psp") + show("msp", "$msp", "/x")
                  + show("control", "$control", "/x"))
    check_match(r"^0\s+y\s+0x00000000 0x00040000 flash", out)
    check_equal(out.count("matched."), 3, "sections in memory")
    v = values(out)
    check_equal((v["pc"], v["sp"]), ("1", "0x20004000"), "reset")
    check_equal((v["value"], v["text"]), ("41", '"in flash"'), "what was loaded")
    check_equal((v["thread_sp"], v["msp"], v["control"]), ("1", "0x20004000", "0x2"), "stacks")


def test_exceptions(context):
    """Backtraces through EXC_RETURN, on both stacks; steps in and out of handlers."""
    out = session(context, LOAD + "break svc_handler\ncontinue\nbacktrace\n" + show("svc", "$xpsr & 511", "/d")
                  + "finish\n" + show("calls", "calls") + show("ipsr", "$xpsr & 511", "/d")
                  + "break systick_handler\ncontinue\nbacktrace\n" + show("tick", "$xpsr & 511", "/d")
                  + "next\nnext\n" + show("ticks", "ticks") + "delete\nbreak 29\ncontinue\n" + show("end", "value"))
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
    out = session(context, LOAD + "monitor catch svc systick\ncontinue\n" + show("svc", "$pc == (unsigned)&svc_handler")
                  + "continue\n" + show("tick", "$pc == (unsigned)&systick_handler") + show("ipsr", "$xpsr & 511", "/d"))
    v = values(out)
    check_equal((v["svc"], v["tick"], v["ipsr"]), ("1", "1", "15"), "handlers")


def test_special_registers(context):
    out = session(context, LOAD + "break main\ncontinue\nset $primask = 1\nset $basepri = 0x40\nset $faultmask = 0\n"
                  + show("primask", "$primask") + show("basepri", "$basepri", "/x")
                  + "set $psp = 0x20001000\n" + show("sp", "$sp", "/x") + "set $xpsr = 0x61000000\n"
                  + show("xpsr", "$xpsr", "/x"))
    v = values(out)
    check_equal((v["primask"], v["basepri"], v["sp"], v["xpsr"]), ("1", "0x40", "0x20001000", "0x61000000"),
                "what was written")


def test_descriptions(context):
    """What each CPU has: BASEPRI from ARMv7-M on, d0 to d15 with the FPU."""
    for machine, there, absent in (("microbit", ("msp", "psp", "primask", "control"), ("basepri", "faultmask", "d0")),
                                   ("mps2-an385", ("basepri", "faultmask", "xpsr"), ("d0", "fpscr", "cpsr")),
                                   ("mps2-an386", ("d0", "d15", "fpscr", "basepri"), ("d16", "SCTLR", "sp_irq"))):
        with Emulator(context, None, machine=machine) as emulator, Rsp(emulator.path) as client:
            xml = client.ask("qXfer:features:read:target.xml:0,7fff")
            check("org.gnu.gdb.arm.m-profile" in xml and "org.gnu.gdb.arm.m-system" in xml, xml)
            for name in there:
                check(f'name="{name}"' in xml, f"{machine}: {name} is missing")
            for name in absent:
                check(f'name="{name}"' not in xml, f"{machine}: {name} is not there")


def test_watchpoints(context):
    out = session(context, LOAD + "break main\ncontinue\ndelete\nwatch value\ncontinue\n" + show("value", "value") + "delete\n"
                  "awatch calls\ncontinue\ncontinue\n" + show("calls", "calls") + show("ipsr", "$xpsr & 511", "/d") + "delete\n"
                  "rwatch ticks\ncontinue\n" + show("ticks", "ticks"))
    v = values(out)
    check_match(r"^Old value = 41\nNew value = 42$", out)
    check_equal((v["value"], v["calls"], v["ipsr"], v["ticks"]), ("42", "1", "11", "0"), "what was watched")


def test_interrupt(context):
    with Emulator(context, None, machine="lm3s6965evb") as emulator:
        process = gdb_start(context, None, emulator.path, LOAD + "break systick_handler\ncontinue\ndelete\necho ready\\n\n"
                            "continue\n" + show("value", "value > 42") + "info symbol $pc\n", program=program(context))
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
    out = session(context, "set $d3 = 2.5\n" + show("s6", "$s6") + show("d3", "$d3") + "set $fpscr = 0x01000000\n"
                  + show("fpscr", "$fpscr", "/x") + "set $faultmask = 1\nset $control = 2\nset $msp = 0x20000800\n"
                  + show("faultmask", "$faultmask") + show("control", "$control & 3", "/x") + show("msp", "$msp", "/x"),
                  machine="mps2-an386")
    v = values(out)
    check_equal((v["s6"], v["d3"], v["fpscr"]), ("0", "2.5", "0x1000000"), "the floating-point unit")
    check_equal((v["faultmask"], v["control"], v["msp"]), ("1", "0x2", "0x20000800"), "special registers")


def test_machine_interface(context):
    with Emulator(context, None, machine="lm3s6965evb") as emulator, Mi(program(context)) as gdb:
        for command in ("-gdb-set confirm off", "-gdb-set debuginfod enabled off",
                        "-target-select remote " + emulator.path, "-target-download",
                        '-interpreter-exec console "monitor reset halt"',
                        '-interpreter-exec console "maintenance flush register-cache"', "-break-insert systick_handler",
                        "-exec-continue"):
            gdb.ask(command)
        gdb.stop(1) # when it connected
        check_match(r'reason="breakpoint-hit".*func="systick_handler"', gdb.stop(1))
        check_match(r'func="systick_handler".*func="main"', gdb.ask("-stack-list-frames"))
        gdb.ask("-exec-next")
        check_match(r'reason="end-stepping-range"', gdb.stop(1))
        check_equal(gdb.value("ticks"), 1, "a variable")
