"""What can be logged, in files."""
import os
import re

from driver import Emulator, check, check_match


def run_rom(context, *arguments):
    """Runs a command in the ROM and powers off; returns what it sent."""
    with Emulator(context.armemu, ["-M", "virt", "-nographic", *arguments]) as guest:
        guest.expect("rom> ")
        guest.send("fibonacci\r")
        guest.expect(r"F\(90\)")
        guest.expect("rom> ")
        guest.send("poweroff\r")
        guest.expect_exit(0)
        return guest.seen


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def test_log_of_translation(context):
    path = os.path.join(context.scratch, "translation.log")
    seen = run_rom(context, "-d", "in_asm,op,out_asm", "-D", path)
    log = read(path)
    check_match(r"(?i)IN:|in_asm|guest", log)
    check_match(r"(?i)\bcpsid\b", log)     # an instruction of the ROM's start
    check_match(r"(?i)\b(mov|lea) ", log)  # host code
    check("cpsid" not in seen, "the log is in the file alone")


def test_log_of_execution_filtered(context):
    path = os.path.join(context.scratch, "filtered.log")
    run_rom(context, "-d", "in_asm", "-dfilter", "0x0+0x20", "-D", path)
    log = read(path)
    check(log, "the log is empty")
    check("cpsid" not in log, "the reset code lies behind the filtered range")


def test_log_of_each_instruction(context):
    """Each block is one instruction: those executed one after the other lie side by side."""
    path = os.path.join(context.scratch, "exec.log")
    for option in ("-singlestep", "-one-insn-per-tb", None):
        with Emulator(context.armemu, ["-M", "virt", "-nographic", "-d", "in_asm", "-D", path,
                                       *([option] if option else [])]) as guest:
            guest.expect("rom> ")
            guest.send("poweroff\r")
            guest.expect_exit(0)
        blocks = re.split(r"(?m)^IN:.*$", read(path))[1:]
        lengths = [len(re.findall(r"(?m)^ *0x[0-9a-f]+:", block)) for block in blocks]
        check(len(lengths) > 50 and min(lengths) > 0, f"{option}: {len(lengths)} blocks")
        check((max(lengths) == 1) == bool(option),
              f"{option}: a block of {max(lengths)} instructions")


def test_log_of_exceptions(context):
    path = os.path.join(context.scratch, "int.log")
    with Emulator(context.armemu, ["-M", "virt", "-nographic", "-d", "int", "-D", path]) as guest:
        guest.expect("rom> ")
        guest.send("svc\r")
        guest.expect("The answer is 42")
        guest.send("\x01x")
        guest.expect_exit(0)
    check_match(r"(?i)svc|supervisor", read(path))


def test_statistics(context):
    seen = run_rom(context, "--stats")
    for name in ("instructions", "blocks_translated", "tlb_fills", "peak_memory_kib", "wall_us"):
        check(int(check_match(rf"^{name}: (\d+)$", seen)[1]) >= 0, name)
    check(int(check_match(r"^blocks_translated: (\d+)$", seen)[1]) > 50, "blocks were translated")


def test_unknown_options_are_errors(context):
    for arguments in (["-M", "virtt"], ["-frobnicate"], ["-cpu", "cortex-b15"]):
        with Emulator(context.armemu, arguments) as run:
            check(run.wait() not in (0, None), f"{arguments} was accepted")
            check_match(r"virt|frobnicate|cortex-a15", run.seen)
