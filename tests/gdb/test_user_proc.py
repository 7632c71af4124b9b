"""armemu-user under GDB: what the host's kernel tells of a process is told of the program."""
import os
import re
import subprocess

from driver import GDB, HANG_SECONDS, Rsp, check, check_equal, check_match, show, values
from test_lldb import lldb
from test_user import UserEmulator, session
from test_user_follow import Family
from test_user_follow import session as fork_session


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


def test_several_processes(context):
    """Each is told of by its own stub, files besides by any."""
    out, _, _ = fork_session(
        context, "set detach-on-fork off\nbreak in_parent\ncontinue\ninfo proc all\n"
        "inferior 2\ninfo proc all\nkill inferiors 1 2\n", "fork")
    program = context.programs["user-fork"]
    numbers = re.findall(r"^process (\d+)$", out, re.MULTILINE)
    check(len(numbers) == 2 and numbers[0] != numbers[1], f"two processes: {numbers}")
    check_equal(out.count(f"\nexe = '{program}'"), 2, "files")
    check_equal(out.count("[stack]"), 2, "stacks")
    check("armemu-user" not in out, out)


def test_files_stay(context):
    """A file that one stub has opened is not another one's when its process has ended."""
    with UserEmulator(context, "fork", "fork", "wait") as emulator, Rsp(emulator.path) as client:
        f = Family(emulator, client)
        names = [f"/proc/{pid}/maps".encode().hex() for pid in (f.parent, f.child)]
        files = [check_match("^F([0-9a-f]+)$", client.ask(f"vFile:open:{n},0,0"))[1] for n in names]
        check(files[0] != files[1], f"descriptors: {files}")
        for file in files:
            check_match(r"^F[0-9a-f]+;00010000-", client.ask(f"vFile:pread:{file},20,0"))
        check_equal(client.ask(f"vKill;{f.parent:x}"), "OK", "the parent's end")
        check_equal(client.ask(f"vFile:pread:{files[0]},20,0"), "F-1,9", "a file of the parent")
        check_match(r"^F[0-9a-f]+;00010000-", client.ask(f"vFile:pread:{files[1]},20,0"))
        check_equal(client.ask(f"vFile:close:{files[1]}"), "F0", "closed")
        check_equal(client.ask(f"vFile:close:{files[1]}"), "F-1,9", "closed already")


def test_memory_regions(context):
    """As LLDB asks for them: where each begins and ends, from any address in it."""
    with UserEmulator(context, "arm") as emulator, Rsp(emulator.path) as client:
        def region(at):
            return client.ask(f"qMemoryRegionInfo:{at:x}")
        sp, pc = client.registers()[13], client.registers()[15]
        text = re.match(r"start:10000;size:([0-9a-f]+);permissions:rx;$", region(pc))
        check(text, region(pc))
        end = 0x10000 + int(text[1], 16)
        check_equal((region(0x10000), region(end - 1)), (text[0], text[0]), "the text's ends")
        check_match(rf"^start:{end:x};size:[0-9a-f]+;permissions:rw?;$", region(end))
        check_match(r"^start:be800000;size:800000;permissions:rw;$", region(sp))
        check_equal(region(0), "start:0;size:10000;", "nothing")
        check_match(r"^start:ffff1000;size:f000;$", region(0xffffffff))
        check_match("^E", region(1 << 32))
    with UserEmulator(context, "arm") as emulator:
        out = lldb(emulator.program, emulator.path, ["memory region $sp", "process kill"])
        emulator.process.wait(timeout=HANG_SECONDS)
    check_match(r"^\[0x0*be800000-0x0*bf000000\) rw-", out)
