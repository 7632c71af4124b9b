"""Cortex-M under GDB: registers, `load` into flash, exceptions."""
import os
import shutil
import subprocess

from driver import (COMPILER, HERE, Emulator, Rsp, Skip, check, check_equal, check_match, gdb_finish, gdb_start, show,
                    values)


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
