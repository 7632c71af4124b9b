"""armemu-user under GDB: threads, signals, libraries, the end of the program."""
import os
import re
import signal
import socket
import subprocess
import time

from driver import (HANG_SECONDS, Rsp, check, check_equal, check_match, check_thumb_steps,
                    gdb_finish, gdb_start, linux_program, show, thumb_steps, values)
from test_lldb import free_port, wait_for


class UserEmulator:
    """armemu-user that waits for a debugger on a Unix socket."""

    def __init__(self, context, kind, *arguments, port=None, options=()):
        self.program = linux_program(context, kind)
        self.path = os.path.join(context.scratch, "user.sock")
        options = [*options, "-g", str(port) if port else self.path]
        if kind == "dynamic":
            options += ["-L", "/usr/arm-linux-gnueabihf"]
        self.process = subprocess.Popen([context.armemu, *options, self.program, *arguments],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, start_new_session=True)
        end = time.monotonic() + HANG_SECONDS
        while not port and not os.path.exists(self.path):
            check(self.process.poll() is None, "armemu-user ended")
            check(time.monotonic() < end, "armemu-user does not listen")
            time.sleep(0.01)

    def end(self):
        """Exit status and output."""
        out = self.process.communicate(timeout=HANG_SECONDS)[0]
        return self.process.returncode, out

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """Ends the program, with its children."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.communicate()
        if os.path.exists(self.path):
            os.unlink(self.path)


def start(context, emulator, commands):
    return gdb_start(context, None, emulator.path, commands, program=emulator.program)


def session(context, kind, commands, *arguments):
    """GDB's output, and the program's exit status and output."""
    with UserEmulator(context, kind, *arguments) as emulator:
        out = gdb_finish(start(context, emulator, commands))
        return (out, *emulator.end())


SUMMARY = "counter 15000 shared 3000 handled 1 tls 7\n"


def breakpoints(context, kind):
    out, status, text = session(
        context, kind, "break body if i == 7\ncontinue\n" + show("i", "i")
        + show("counter", "counter")
        + "backtrace\nstepi\nfinish\ndelete\ntbreak add\ncontinue\nup\n" + show("j", "i")
        + "set $q8.u16[7] = 0x1234\n"
        + show("q8", "$q8.u64[1] >> 48", "/x")
        + "down\nfinish\n" + show("sum", "$") + show("call", "add(40, 2)") + show("real", "real")
        + "continue\ncontinue\n")
    v = values(out)
    check_equal((v["i"], v["counter"], v["j"]), ("7", "21", "8"), "values at breakpoints")
    check_equal((v["call"], v["real"]), ("42", "2.25"), "a call, a double")
    check_equal(v["q8"], "0x1234", "a NEON register")
    check_match(r"^#1 .* main \(", out)
    check_match(r"exited with code 03", out)
    check_equal((status, text), (3, SUMMARY), "the program's end")


def test_breakpoints_arm(context):
    breakpoints(context, "arm")


def test_breakpoints_thumb(context):
    breakpoints(context, "thumb")


def test_condition_in_the_stub(context):
    """A condition that never holds costs no packets: 2000 rounds without a stop."""
    out, status, _ = session(
        context, "arm", "break body if i == 99\ndprintf add,\"sum %d %x\\n\", a, b\nset $n = 0\n"
        "set dprintf-style agent\ncontinue\ncontinue\n")
    check_equal(len(re.findall(r"^sum \d+ [0-9a-f]+$", out, re.MULTILINE)), 2000, "lines printed")
    check("hit Breakpoint" not in out and "hit Dprintf" not in out, "no stop")
    check_match(r"^sum 14985 f$", out)
    check_equal(status, 3, "the program's end")


def test_libraries(context):
    """A dynamic program without the file on GDB's side: what it needs comes through the stub."""
    with UserEmulator(context, "dynamic") as emulator:
        out = gdb_finish(gdb_start(context, None, emulator.path,
                                   "break threads_done\ncontinue\ninfo sharedlibrary\n"
                                   + show("tls", "$tpidruro != 0")
                                   + show("malloc", "(int)(long)&printf != 0")
                                   + "info auxv\nkill\n"))
    check_match(r"^From .* To .*", out)
    check_match(r"0x[0-9a-f]+ .* target:.*/libc\.so\.6$", out)
    check_match(r"threads_done", out)
    check_match(r"^9 +AT_ENTRY", out)
    check_equal(values(out)["tls"], "1", "the thread pointer")


def test_thread_local_variables(context):
    with UserEmulator(context, "dynamic") as emulator:
        out = gdb_finish(start(context, emulator, "break worker\ncontinue\ndelete\nnext\nnext\n"
                               + show("n", "n") + show("own", "tls_value")
                               + "set var tls_value = 55\n"
                               + "thread 1\n" + show("first", "tls_value")
                               + "break threads_done\nset scheduler-locking off\ncontinue\nset var "
                                 "tls_value = 8\n"
                               + "handle SIGUSR1 nostop pass\ncontinue\n"))
        status, text = emulator.end()
    v = values(out)
    check_equal((int(v["own"]) - int(v["n"]), v["first"]), (100, "7"),
                "the variable in two threads")
    check_equal((status, text), (3, SUMMARY.replace("tls 7", "tls 8")), "what was written")


def test_threads(context):
    out, status, text = session(
        context, "arm", "break worker\ncontinue\ninfo threads\n" + show("n1", "*(int *)p")
        + "next\n" + show("tls", "$tpidruro != 0")
        + "set scheduler-locking on\n" + "".join("stepi\n" for _ in range(20))
        + "set scheduler-locking off\ndelete\nbreak threads_done\ncontinue\ninfo threads\n"
        + show("shared", "shared[0] + shared[1] + shared[2]")
        + "thread apply all backtrace 1\ncontinue\ncontinue\n")
    check_match(r"^  1 +Thread [\d.]+ .*\(in (a system call|the program)\)", out)
    check_match(r"^\* \d+ +Thread [\d.]+ .* worker", out)
    check_equal(values(out)["tls"], "1", "thread-local storage")
    check_equal(values(out)["shared"], "3000", "what the threads did")
    check_equal((status, text), (3, SUMMARY), "the program's end")


def test_signals(context):
    out, status, text = session(
        context, "arm", "continue\n" + show("signo", "$_siginfo.si_signo")
        + show("from", "$_siginfo._sifields._kill.si_pid > 0") + show("before", "handled")
        + "break on_signal\ncontinue\n" + show("sig", "sig") + "finish\n"
        + show("after", "handled") + "continue\n")
    v = values(out)
    check_match(r"received signal SIGUSR1", out)
    check_equal((v["signo"], v["from"], v["before"], v["sig"], v["after"]),
                ("10", "1", "0", "10", "1"), "the signal")
    check_equal((status, text), (3, SUMMARY), "the program's end")


def test_signal_information_is_written(context):
    """What GDB writes to $_siginfo the handler is given; without a signal nothing is written."""
    field = "_sifields._rt.si_sigval.sival_int"
    out, status, text = session(
        context, "arm", "break threads_done\ncontinue\npython\ntry:\n"
        f"    gdb.execute('set $_siginfo.{field} = 1')\nexcept gdb.error as e:\n"
        "    print('refused:', e)\nend\ndelete\ncontinue\n"
        f"set $_siginfo.{field} = 77\n" + show("now", "$_siginfo." + field)
        + "break on_signal\ncontinue\n" + show("given", "info->" + field) + show("sig", "sig")
        + show("signo", "info->si_signo") + "delete\ncontinue\n")
    v = values(out)
    check_match(r"^refused: Unable to write siginfo", out)
    check_equal((v["now"], v["given"], v["sig"], v["signo"]), ("77", "77", "10", "10"), "values")
    check_equal((status, text), (3, SUMMARY), "the program's end")


def test_signal_dropped_passed_changed(context):
    _, status, text = session(context, "arm", "continue\nsignal 0\n")
    check_equal((status, text), (3, SUMMARY.replace("handled 1", "handled 0")), "a dropped signal")
    out, status, text = session(context, "arm", "handle SIGUSR1 nostop noprint pass\ncontinue\n")
    check("SIGUSR1" not in out.split("continue")[-1].replace("SIGUSR1       No", ""), out)
    check_equal((status, text), (3, SUMMARY), "a signal without a stop")
    out, status, _ = session(context, "arm", "continue\nsignal SIGTERM\n")
    check_match(r"terminated with signal SIGTERM", out)
    check_equal(status, -signal.SIGTERM, "another signal")


def test_step_into_handler(context):
    out, _, _ = session(context, "arm", "continue\nqueue-signal SIGUSR1\nstepi\n"
                        + show("in", "$pc == (unsigned)&on_signal") + "kill\n")
    check_equal(values(out)["in"], "1", "the first instruction of the handler")


def test_segv(context):
    out, status, _ = session(context, "arm", "handle SIGUSR1 nostop pass\ncontinue\n"
                             + show("addr", "$_siginfo._sifields._sigfault.si_addr", "/x")
                             + "continue\n", "segv")
    check_match(r"received signal SIGSEGV", out)
    check_equal(values(out)["addr"], "0x4", "the address")
    check_match(r"terminated with signal SIGSEGV", out)
    check_equal(status, -signal.SIGSEGV, "the program's end")


def test_fork(context):
    """The child runs without the debugger, breakpoints or not."""
    _, status, text = session(context, "arm",
                              "handle SIGUSR1 nostop pass\nbreak threads_done\ncontinue\n"
                              "break body\ncontinue\n", "fork")
    check_equal((status, text), (3, SUMMARY + "child 5\n"), "the program's end")


def test_guest_closes_all_files(context):
    out, status, text = session(context, "arm", "handle SIGUSR1 nostop pass\ncontinue\n", "close")
    check_match(r"exited with code 03", out)
    check_equal((status, text), (3, SUMMARY + "file 3\n"), "file numbers are the program's own")


def test_detach_and_attach_again(context):
    with UserEmulator(context, "arm", "read") as emulator:
        with Rsp(emulator.path) as client:
            check_equal(client.ask("qAttached"), "0", "the program was started for the debugger")
            check_equal(client.ask("D"), "OK", "detached")
        check_equal(emulator.process.stdout.readline(), SUMMARY, "output")
        with Rsp(emulator.path) as client:
            check_match("^T", client.ask("?"))
            client.send("vCont;c")
            emulator.process.stdin.write("x")
            emulator.process.stdin.flush()
            check_equal(client.receive(), "W03", "the end")
        check_equal(emulator.end(), (3, "read 1\n"), "the program's end")


def word_at(client, address):
    return int.from_bytes(bytes.fromhex(client.ask(f"m{address:x},4")), "little")


def breakpoint_in_hot_code(context, which):
    with UserEmulator(context, "arm", "hot") as emulator, Rsp(emulator.path) as client:
        client.ask("QPassSignals:e")
        client.ask("QPassSignals:1e")
        client.send("vCont;c")
        check_equal(emulator.process.stdout.readline(), SUMMARY, "output")
        count, *places = (int(word, 16) for word in emulator.process.stdout.readline().split())
        time.sleep(0.3) # when it is not hot by then, nothing is lost
        client.raw(b"\x03")
        check_match("^T02", client.receive())
        before = word_at(client, count)
        check_equal(client.ask(f"Z0,{places[which]:x},4"), "OK", "breakpoint")
        client.send("vCont;c")
        check_match("^T05", client.receive())
        check_equal(client.registers()[15], places[which], "PC")
        check(word_at(client, count) - before <= 3, "more than a round until the breakpoint")


def test_breakpoint_in_hot_code(context):
    """Code that has been chained over pages stops where a breakpoint comes later, be it in the page
    where it was interrupted or in another one."""
    breakpoint_in_hot_code(context, 0)
    breakpoint_in_hot_code(context, 1)


def test_packets(context):
    with UserEmulator(context, "arm") as emulator, Rsp(emulator.path) as client:
        supported = client.ask("qSupported:swbreak+;hwbreak+;xmlRegisters=arm")
        for feature in ("qXfer:auxv:read+", "qXfer:exec-file:read+", "qXfer:siginfo:read+",
                        "QPassSignals+"):
            check(feature in supported, feature)
        check("memory-map" not in supported, supported)
        check_equal(client.ask("qXfer:exec-file:read::0,fff"),
                    "l" + os.path.realpath(emulator.program), "exec-file")
        check_equal(client.ask("vFile:setfs:0"), "F0", "setfs")
        name = os.path.realpath(emulator.program).encode().hex()
        check_equal(client.ask(f"vFile:open:{name},0,0"), "F0", "open")
        check_match(r"^F4;\x7fELF$", client.ask("vFile:pread:0,4,0"))
        size = os.path.getsize(emulator.program)
        stat = client.ask("vFile:fstat:0")
        check_equal(int.from_bytes(stat[4:][28:36].encode("latin1"), "big"), size, "the size")
        check_equal(client.ask("vFile:close:0"), "F0", "close")
        check_match("^F-1,9", client.ask("vFile:close:0"))
        check_match("^F-1,1e", client.ask(f"vFile:open:{name},1,0"))
        for bad in ("vFile:open:", "vFile:open:zz,0,0", "vFile:open:00,0,0", "vFile:pread:99,1,0",
                    "vFile:readlink:", "vFile:fstat:-1"):
            check_match("^F-1", client.ask(bad))
        check_equal(client.ask("vFile:unknown:1"), "", "an unknown call")
        check_match("^E", client.ask("m0,4"))
        for bad in ("Z2,10000,0", "Z2,10000,80000000", "Z3,ffffffff,2"):
            check_match("^E", client.ask(bad))
        cpsr = client.ask("p19")
        check_equal(client.ask("P19=d3000000"), "OK", "writing CPSR")
        check_equal((int(client.ask("p19")[:2], 16) & 0x1f, int(cpsr[:2], 16) & 0x1f), (0x10, 0x10),
                    "the mode stays")


def test_tls_packets(context):
    with UserEmulator(context, "arm") as emulator, Rsp(emulator.path) as client:
        name = "_thread_db_link_map_l_tls_modid".encode().hex()
        check_equal(client.ask("qSymbol::"), "qSymbol:" + name, "the symbol that is wanted")
        check_equal(client.ask("qSymbol::" + name), "OK", "there is none")
        for bad in ("qSymbol:", "qSymbol:x:" + name, "qGetTLSAddr:", "qGetTLSAddr:1,2",
                    "qGetTLSAddr:1,2,3", "qGetTLSAddr:-1,0,0", "qGetTLSAddr:0,0,10000"):
            check_match("^E", client.ask(bad))


def test_port(context):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    with UserEmulator(context, "arm", port=port) as emulator, Rsp(("127.0.0.1", port)) as client:
        check_match("^T05", client.ask("?"))
        client.send("vCont;c")
        check_match("^T1e", client.receive()) # SIGUSR1 by GDB's number
        client.send("vCont;C1e")
        check_equal(client.receive(), "W03", "the end")
        check_equal(emulator.end()[0], 3, "exit status")


def test_ended_while_it_waits(context):
    """Nobody has connected: signals end the program, as if it ran."""
    with UserEmulator(context, "arm") as emulator:
        time.sleep(0.3)
        emulator.process.terminate()
        check_equal(emulator.end(), (-signal.SIGTERM, ""), "the end")


def test_socket_in_use(context):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        done = subprocess.run([context.armemu, "-g", str(taken.getsockname()[1]),
                               linux_program(context, "arm")], capture_output=True, text=True,
                              timeout=30, stdin=subprocess.DEVNULL, check=False)
    check_equal(done.returncode, 1, "exit status")
    check_match(r"^armemu-user: .*in use", done.stderr)
    with UserEmulator(context, "arm") as emulator: # a path that somebody listens at
        done = subprocess.run([context.armemu, "-g", emulator.path, emulator.program],
                              capture_output=True, text=True,
                              timeout=30, stdin=subprocess.DEVNULL, check=False)
        check_equal(done.returncode, 1, "exit status")
        check_match(r"^armemu-user: .*in use", done.stderr)
        with Rsp(emulator.path) as client:
            check_match("^T05", client.ask("?"))


def test_steps(context):
    """In memory that the program gets for it: a system call (getpid), an IT block, changed code,
    pop {pc}."""
    for kind in ("arm", "thumb"):
        out, _, _ = session(context, kind, "break body\ncontinue\ndelete\n"
                            "set $memory = ((unsigned (*)(unsigned, unsigned, int, int, int, "
                            "int))mmap)(0, 4096, 7, 0x22, -1, 0)\n"
                            + "set $cpsr = $cpsr | 0x20\nset $r7 = 20\n"
                            + thumb_steps("$memory", 0xdf00, "stepi")
                            + show("pid", "$r0 > 1") + "kill\n")
        check_thumb_steps(out)
        check_equal(values(out)["pid"], "1", "the system call")


def test_steps_of_all_kinds(context):
    """What a step meets: a system call, a fault (again and again, until it is mended), a half of an
    LDM that is not there, a watched access, a signal to be delivered, code that is changed."""
    with UserEmulator(context, "arm") as emulator, Rsp(emulator.path) as client:
        check_match("^T05", client.ask("?"))
        entry, sp = client.registers()[15] & ~3, client.registers()[13]

        def run(words, stops, **registers):
            """Writes instructions, and steps to where each step leads: words behind the first, and
            the signal."""
            code = b"".join(w.to_bytes(4, "little") for w in words)
            check_equal(client.ask(f"M{entry:x},{len(code):x}:{code.hex()}"), "OK", "code")
            for name, value in {**registers, "19": 0x10, "f": entry}.items():
                check_equal(client.ask(f"P{name}={value.to_bytes(4, 'little').hex()}"), "OK",
                            "a register")
            for word, stop in stops:
                reply = client.ask("vCont;s:" + client.ask("qC")[2:])
                check_match(f"^T{stop:02x}", reply)
                check_equal((client.registers()[15] - entry) // 4, word, f"where {reply} is")
            return client.registers()

        check_equal(run([0xe3a07014, 0xef000000, 0xe1a06000], [(1, 5), (2, 5), (3, 5)])[6],
                    emulator.process.pid, "getpid")
        regs = run([0xe5910000, 0xe2822001],
                   [(0, 0xb), (0, 0xb)], **{"1": 4}) # ldr r0, [r1]: nothing is there
        check_equal(client.ask(f"P1={sp.to_bytes(4, 'little').hex()}"), "OK", "mended")
        check_match("^T05", client.ask("vCont;s:" + client.ask("qC")[2:]))
        check_equal(client.registers()[2], regs[2], "one instruction")
        first = int.from_bytes(bytes.fromhex(client.ask(f"m{sp:x},4")), "little")
        check_equal(client.registers()[0], first, "the load")
        # ldmia r1!, {r3, r4}: the second word is behind the end of memory; the base stays
        end = sp
        while not client.ask(f"m{end:x},4").startswith("E"):
            end = (end & ~0xfff) + 0x1000
        regs = run([0xe8b10018], [(0, 0xb)], **{"1": end - 4, "4": 77})
        check_equal((regs[1], regs[4]), (end - 4, 77), "nothing is done")
        run([0xe5810004], [(0, 0xb)], **{"1": entry & ~0xfff}) # a store to the program's text
        check_equal(client.ask(f"Z2,{sp - 16:x},4"), "OK", "a watchpoint") # str r0, [r1, #-16]
        run([0xe5010010, 0xe3a02063], [(0, 5)], **{"0": 5, "1": sp})
        check_equal(client.ask(f"z2,{sp - 16:x},4"), "OK", "a watchpoint")
        regs = run([0xe5010010, 0xe3a02063], [(1, 5), (2, 5)], **{"0": 0x1234, "1": sp})
        check_equal((client.ask(f"m{sp - 16:x},4"), regs[2]), ("34120000", 0x63),
                    "the store, and the next")
        # mov r0, #0; vmov s0, r0; vdiv.f32 s1, s0, s0; vmov r1, s1; vmrs r2, fpscr: invalid
        regs = run([0xe3a00000, 0xee000a10, 0xeec00a00, 0xee101a90, 0xeef12a10],
                   [(i, 5) for i in range(1, 6)])
        check_equal((regs[1], regs[2] & 1), (0x7fc00000, 1), "a NaN, and that it was invalid")
        run([0xe3a02001, 0xe3a02002], [(1, 5)])
        check_match("^X0f", client.ask("vCont;S0f:" + client.ask("qC")[2:])) # SIGTERM


def test_conditions_and_ranges(context):
    """Steps through a range go on over breakpoints whose conditions do not hold."""
    with UserEmulator(context, "arm") as emulator, Rsp(emulator.path) as client:
        out = subprocess.run(["arm-linux-gnueabihf-nm", emulator.program], check=True,
                             capture_output=True, text=True).stdout
        body, add = (int(check_match(rf"^([0-9a-f]+) . {name}$", out)[1],
                         16) for name in ("body", "add"))
        check_equal(client.ask(f"Z0,{body:x},4"), "OK", "breakpoint")
        check_match("^T05", client.ask("vCont;c"))
        check_equal(client.ask(f"Z0,{body + 8:x},4;X3,220027"), "OK",
                    "a condition that never holds")
        check_match("^T05", client.ask(f"vCont;r{body:x},{body + 0x100:x}"))
        check_equal(client.registers()[15], add, "past the condition")
        check_match("^T05", client.ask("vCont;c"))
        check_equal(client.ask(f"Z0,{body + 8:x},4;X3,220127"), "OK", "one that holds")
        check_match("^T05", client.ask(f"vCont;r{body:x},{body + 0x100:x}"))
        check_equal(client.registers()[15], body + 8, "at the breakpoint")


def without_ge(registers):
    """Of the answer to "g", all but CPSR.GE, which shows what is behind a string in memory: the
    bytes of AT_RANDOM, at times."""
    ge = 8 * 16 + 5
    return registers[:ge] + "0" + registers[ge + 1:]


def test_steps_equal_free_run(context):
    """Steps against runs from breakpoint to breakpoint: the same registers at each arrival."""
    arrivals = 30
    out = subprocess.run(["arm-linux-gnueabihf-nm", linux_program(context, "arm")], check=True,
                         capture_output=True, text=True).stdout
    body = int(check_match(r"^([0-9a-f]+) . body$", out)[1], 16)

    def arrive(stepping):
        seen = []
        with UserEmulator(context, "arm") as emulator, Rsp(emulator.path) as client:
            pid = emulator.process.pid
            client.ask(f"Z0,{body:x},4")
            check_match("^T05", client.ask("vCont;c"))
            for _ in range(arrivals):
                seen.append(without_ge(client.ask("g")))
                if not stepping:
                    client.ask(f"z0,{body:x},4")
                    client.ask(f"vCont;s:{pid:x}")
                    client.ask(f"Z0,{body:x},4")
                    check_match("^T05", client.ask("vCont;c"))
                    continue
                while f"0f:{body.to_bytes(4, 'little').hex()}" not in client.ask(
                    f"vCont;s:{pid:x}"):
                    pass
        return seen
    check_equal(arrive(True), arrive(False), "registers")


def test_debuggers_that_come_and_go(context):
    """A second one is refused; one that vanishes in the midst of a packet takes its breakpoints
    along; bad packets harm nothing."""
    with UserEmulator(context, "arm") as emulator:
        out = subprocess.run(["arm-linux-gnueabihf-nm", emulator.program], check=True,
                             capture_output=True, text=True).stdout
        body, done = (int(check_match(rf"^([0-9a-f]+) . {name}$", out)[1],
                          16) for name in ("body", "threads_done"))
        with Rsp(emulator.path, ack=True) as client:
            check_equal(client.ask(f"Z0,{body:x},4"), "OK", "breakpoint")
            check_match("^T05", client.ask("vCont;c"))
            with socket.socket(socket.AF_UNIX) as second:
                second.settimeout(30)
                second.connect(emulator.path)
                check_equal(second.recv(1), b"", "the second connection is closed")
            client.raw(b"$g#00")
            check_equal(client.byte(), b"-", "a wrong checksum")
            client.raw(b"$" + b"x" * 100000 + b"#%02x" % (ord("x") * 100000 & 255))
            check_equal(client.byte(), b"+", "an oversized packet")
            check_match("^E", client.receive())
            client.raw(b"$m4001")
        with Rsp(emulator.path) as client:
            check_equal(client.registers()[15], body, "the program still stands")
            text = bytes.fromhex(client.ask(f"m{body:x},40"))
            crc = 0xffffffff
            for byte in text:
                crc ^= byte << 24
                for _ in range(8):
                    crc = (crc << 1 ^ (0x04c11db7 if crc & 0x80000000 else 0)) & 0xffffffff
            check_equal(client.ask(f"qCRC:{body:x},40"), f"C{crc:x}", "qCRC")
            check_equal(client.ask(f"Z0,{done:x},4"), "OK", "breakpoint")
            check_match("^T05", client.ask("vCont;c"))
            check_equal(client.registers()[15], done, "the breakpoint of the first is gone")


def test_several_programs(context):
    """Two programs are two inferiors of one GDB."""
    with UserEmulator(context, "arm") as one:
        path = os.path.join(context.scratch, "second.sock")
        os.rename(one.path, path) # the other one takes the place
        with UserEmulator(context, "thumb") as two:
            out = gdb_finish(start(context, two,
                                   f"break body if i == 2\nadd-inferior -no-connection -exec "
                                   f"{one.program}\n"
                                   f"inferior 2\ntarget extended-remote {path}\ncontinue\n"
                                   + show("b", "counter")
                                   + "inferior 1\ncontinue\n" + show("a", "counter")
                                   + "info inferiors\nkill inferiors 1 2\n"))
    v = values(out)
    check_equal((v["a"], v["b"]), ("1", "1"), "both")


def run_again(context, kind):
    """`run` starts the program anew: while it lives, and when it has ended."""
    with UserEmulator(context, kind) as emulator:
        out = gdb_finish(gdb_start(context, None, emulator.path,
                                   "handle all nostop noprint pass\nbreak body if i == 7\n"
                                   "continue\n" + show("first", "counter") + "run\n"
                                   + show("second", "counter")
                                   + "delete\ncontinue\nbreak body if i == 8\nrun\n"
                                   + show("third", "counter") + "delete\ncontinue\n",
                                   "extended-remote", program=emulator.program))
        v = values(out)
        check_equal((v["first"], v["second"], v["third"]), ("21", "21", "28"), "values")
        check_equal(len(re.findall(r"exited with code 03", out)), 2, "ends")
        check_equal(emulator.end(), (3, 2 * SUMMARY), "the program's end")
        check(not os.path.exists(emulator.path), "the socket's path has gone")


def test_run_again_arm(context):
    run_again(context, "arm")


def test_run_again_thumb(context):
    run_again(context, "thumb")


def test_run_again_dynamic(context):
    run_again(context, "dynamic")


def test_another_debugger_after_run(context):
    """Who leaves a program that he has started again leaves it to the next; two at once cannot
    be."""
    with UserEmulator(context, "arm") as emulator:
        out = gdb_finish(gdb_start(context, None, emulator.path,
                                   "break body if i == 7\ncontinue\nrun\n"
                                   + show("counter", "counter") + "disconnect\n",
                                   "extended-remote", program=emulator.program))
        check_equal(values(out)["counter"], "21", "the second run")
        with Rsp(emulator.path) as client:
            check_equal(client.ask("!"), "OK", "extended")
            check_match("^T05", client.ask("vRun;"))
            with socket.socket(socket.AF_UNIX) as second:
                second.settimeout(30)
                second.connect(emulator.path)
                check_equal(second.recv(1), b"", "the second connection is closed")
            client.ask("vCont;s:" + client.ask("qC")[2:])
            registers = client.registers()
        with Rsp(emulator.path) as client: # the third run
            check_equal(client.registers(), registers, "as it was left")
            check_equal(client.ask("D"), "OK", "detached")
        status, text = emulator.end()
        check_equal((status, text.splitlines()[-1] + "\n"), (3, SUMMARY), "the program's end")
        check(not os.path.exists(emulator.path), "the socket's path has gone")
    with UserEmulator(context, "arm", "read", port=(port := free_port())) as emulator:
        wait_for(port)
        with Rsp(("127.0.0.1", port)) as client:
            check_equal(client.ask("!"), "OK", "extended")
            check_match("^T05", client.ask("vRun;"))
            check_equal(client.ask("D"), "OK", "detached")
        with Rsp(("127.0.0.1", port)) as client:
            check_match("^T", client.ask("?"))
            client.ask("QPassSignals:1e")
            client.send("vCont;c")
            emulator.process.stdin.write("x")
            emulator.process.stdin.flush()
            check_equal(client.receive(), "W03", "the end")
        check_equal(emulator.end(), (3, SUMMARY + "read 1\n"), "the program's end")


def test_restarted_and_killed(context):
    """Bare packets: what has been killed ends with the connection, or starts again."""
    with UserEmulator(context, "arm") as emulator:
        with Rsp(emulator.path) as client:
            first = client.registers()
            check_equal(client.ask("!"), "OK", "extended")
            check_equal(client.ask("vRun;2f78")[:2], "E.", "another program")
            check_equal(client.ask("vKill;1"), "OK", "killed")
            check_match("^T05", client.ask("vRun;"))
            check_equal(client.registers(), first, "at the start again")
            check_match("^T05", client.ask("vRun;"))
            check_equal(client.registers(), first, "and again")
            check_equal(client.ask("vKill;1"), "OK", "killed")
        check_equal(emulator.end()[0], -signal.SIGKILL, "the end")


def test_run_in_non_stop_mode(context):
    with UserEmulator(context, "arm") as emulator, Rsp(emulator.path) as client:
        check_equal(client.ask("!"), "OK", "extended")
        check_equal(client.ask("QNonStop:1"), "OK", "non-stop")
        check_match(r"^E\..*non-stop", client.ask("vRun;"))
