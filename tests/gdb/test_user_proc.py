"""armemu-user under GDB: what the host's kernel tells of a process is told of the program."""
import os
import subprocess

from driver import GDB, HANG_SECONDS, check, check_match, show, values
from test_user import session


def test_info_proc(context):
    """The program's command line, file and map, none of the emulator's."""
    out, _, _ = session(context, "arm", "info proc all\n" + show("sp", "$sp", "/x") + "kill\n",
                        "first", "second word")
    program = context.programs["user-arm"]
    check_match(rf"^cmdline = '{program} first second word'$", out)
    check_match(rf"^exe = '{program}'$", out)
    check_match(rf"^cwd = '{os.getcwd()}'$", out)
    check_match(rf"^\s+0x10000 .* r-xp +{program}$", out)
    stack = check_match(r"^\s+0x(\w+) +0x(\w+) .* rw-p +\[stack\]$", out)
    check(int(stack[1], 16) <= int(values(out)["sp"], 16) < int(stack[2], 16), "the stack")
    check_match(r"^Start of text: 0x10000$", out)
    for name in ("armemu-user", "libc.so", "x86_64"):
        check(name not in out, name)


def core(context, kind, commands):
    """What GDB finds in a core file that it has written of the program."""
    path = os.path.join(context.scratch, "user.core")
    out, _, _ = session(context, kind, commands + f"generate-core-file {path}\nkill\n")
    check_match(r"^Saved corefile ", out)
    check("Memory read failed" not in out, out)
    check(os.stat(path).st_size < 256 << 20, "size of the core file")
    done = subprocess.run([GDB, "-nx", "-batch", "-iex", "set debuginfod enabled off", "-iex",
                           "set sysroot /usr/arm-linux-gnueabihf",
                           context.programs["user-" + kind], path,
                           "-ex", "info threads", "-ex", "backtrace", "-ex", "print counter",
                           "-ex", "info auxv", "-ex", "info registers pc cpsr", "-ex",
                           "print $_siginfo.si_signo"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=HANG_SECONDS, check=False)
    os.unlink(path)
    return done.stdout


def test_core_file(context):
    for kind in ("arm", "thumb", "dynamic"):
        out = core(context, kind, "break body if i == 7\ncontinue\n")
        check_match(r"^#0 .*body \(i=7\)", out)
        check_match(r"^#1 .*main \(", out)
        check_match(r"^\$1 = 21$", out)
        check_match(r"AT_PHDR ", out)
        check_match(r"^cpsr +0x\w+", out)


def test_core_file_with_threads(context):
    out = core(context, "arm", "break worker\ncontinue\n")
    check(len([line for line in out.splitlines() if "Thread 0x" in line or "LWP" in line]) >= 2,
          out)
    check_match(r"^#0 +worker \(", out)
