"""The launch configurations of docs/DEBUGGING.md, used as editors use them."""
import json
import os
import re
import shutil
import subprocess
import threading

from test_cortexm import program as cortexm_program
from test_lldb import free_port, lldb, wait_for
from test_nonstop import Mi
from driver import GDB, HANG_SECONDS, HERE, Emulator, Failure, Skip, check_equal, check_match


class Dap:
    """A client of the protocol that VS Code speaks with LLDB's adapter."""

    def __init__(self):
        names = [n for n in ("lldb-vscode", "lldb-dap", "lldb-vscode-14") if shutil.which(n)]
        if not names:
            raise Skip("there is no lldb-vscode")
        self.number = 0
        self.events = []
        self.answers = {}
        self.process = subprocess.Popen([names[0]], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL)
        self.timer = threading.Timer(HANG_SECONDS, self.process.kill)
        self.timer.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.timer.cancel()
        self.process.kill()
        self.process.communicate()

    def message(self):
        length = 0
        while True:
            line = self.process.stdout.readline()
            if not line:
                raise Failure(f"the adapter has ended after {self.events}")
            if line == b"\r\n":
                return json.loads(self.process.stdout.read(length))
            if line.startswith(b"Content-Length:"):
                length = int(line.split(b":")[1])

    def send(self, command, **arguments):
        self.number += 1
        text = json.dumps({"seq": self.number, "type": "request", "command": command,
                           "arguments": arguments}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(text), text))
        self.process.stdin.flush()
        return self.number

    def take(self):
        """One more message, kept for whoever waits for it."""
        m = self.message()
        if m["type"] == "event":
            self.events.append(m)
        elif m["type"] == "response":
            self.answers[m["request_seq"]] = m

    def answer(self, number):
        while number not in self.answers:
            self.take()
        m = self.answers.pop(number)
        if not m["success"]:
            raise Failure(f"{m}")
        return m.get("body", {})

    def ask(self, command, **arguments):
        return self.answer(self.send(command, **arguments))

    def event(self, name):
        while True:
            for e in self.events:
                if e["event"] == name:
                    self.events.remove(e)
                    return e.get("body", {})
            self.take()


def launch_configuration(kind, program, port):
    """What docs/DEBUGGING.md shows for VS Code's debuggers of that type."""
    with open(os.path.join(HERE, "../../docs/DEBUGGING.md"), encoding="utf-8") as f:
        blocks = re.findall(r"```json\n(.*?)```", f.read(), re.DOTALL)
    found = [json.loads(b) for b in blocks]
    config = next(c for c in found if c["type"] == kind)
    text = json.dumps(config).replace(":1234", f":{port}").replace("${workspaceFolder}/program.elf",
                                                                   program)
    return json.loads(text.replace("${workspaceFolder}",
                                   os.path.dirname(program)).replace("firmware.elf", program))


def test_vscode(context):
    """As the editor uses the launch configuration of docs/DEBUGGING.md for LLDB's own extension."""
    port = free_port()
    config = launch_configuration("lldb-dap", context.program("a32"), port)
    with Emulator(context, "a32", gdb=f"tcp::{port}") as emulator, Dap() as dap:
        wait_for(port)
        dap.ask("initialize", adapterID="lldb-dap", linesStartAt1=True, columnsStartAt1=True)
        attach = dap.send(config["request"], **config)
        dap.event("initialized")
        check_equal(dap.ask("setFunctionBreakpoints",
                            breakpoints=[{"name": "body"}])["breakpoints"][0]["verified"], True,
                    "a breakpoint")
        dap.ask("configurationDone")
        dap.answer(attach)
        thread = dap.event("stopped")["threadId"]
        dap.ask("continue", threadId=thread)
        while dap.event("stopped")["reason"] == "exception": # the first may be told twice
            pass
        frames = dap.ask("stackTrace", threadId=thread, startFrame=0, levels=3)["stackFrames"]
        check_match("^body", frames[0]["name"])
        scopes = dap.ask("scopes", frameId=frames[0]["id"])["scopes"]
        local = dap.ask("variables",
                        variablesReference=scopes[0]["variablesReference"])["variables"]
        check_equal([v["value"] for v in local if v["name"] == "i"], ["0"], "a variable")
        dap.ask("next", threadId=thread)
        check_equal(dap.event("stopped")["reason"], "step", "a step")
        dap.ask("disconnect", terminateDebuggee=True)
        emulator.process.wait(timeout=HANG_SECONDS)


def test_vscode_codelldb(context):
    if not shutil.which("lldb"):
        raise Skip("there is no lldb")
    port = free_port()
    config = launch_configuration("lldb", context.program("a32"), port)
    with Emulator(context, "a32", gdb=f"tcp::{port}") as emulator:
        wait_for(port)
        arguments = [x for command in (*config["targetCreateCommands"],
                                       *config["processCreateCommands"], "breakpoint set -n body",
                                       "continue", "bt", "process kill") for x in ("-o", command)]
        out = subprocess.run(["lldb", "-b", *arguments], stdin=subprocess.DEVNULL,
                             capture_output=True, text=True,
                             timeout=HANG_SECONDS, check=False).stdout
        emulator.process.wait(timeout=HANG_SECONDS)
    check_match(r"frame #1: .*`main", out)


def test_vscode_gdb(context):
    """The C/C++ extension: GDB's machine interface."""
    port = free_port()
    config = launch_configuration("cppdbg", context.program("t32"), port)
    with Emulator(context, "t32", gdb=f"tcp::{port}") as emulator, Mi(config["program"]) as gdb:
        wait_for(port)
        check_equal((config["MIMode"], config["miDebuggerPath"]), ("gdb", GDB), "the debugger")
        for command in ("-gdb-set mi-async on", "-gdb-set debuginfod enabled off",
                        "-gdb-set confirm off",
                        "-target-select remote " + config["miDebuggerServerAddress"],
                        "-break-insert -f body", "-exec-continue"):
            gdb.ask(command)
        gdb.stop(1)
        check_match(r'reason="breakpoint-hit".*func="body"', gdb.stop(1))
        check_match(r'name="i",.*value="0"', gdb.ask("-stack-list-variables --simple-values"))
        gdb.ask("-exec-step")
        check_match(r'reason="end-stepping-range"', gdb.stop(1))
        gdb.ask('-interpreter-exec console "kill"')
        emulator.process.wait(timeout=HANG_SECONDS)


def test_vscode_cortex_debug(context):
    """cortex-debug: the same, with commands of its own around starting and resetting."""
    port = free_port()
    config = launch_configuration("cortex-debug", cortexm_program(context), port)
    with Emulator(context, None, gdb=f"tcp::{port}",
                  machine="lm3s6965evb") as emulator, Mi(config["executable"]) as gdb:
        wait_for(port)
        for command in ("-gdb-set mi-async on", "-gdb-set debuginfod enabled off",
                        "-gdb-set confirm off",
                        "-target-select extended-remote " + config["gdbTarget"]):
            gdb.ask(command)
        for commands in (config["overrideLaunchCommands"], config["overrideResetCommands"]):
            for command in commands:
                gdb.ask(f'-interpreter-exec console "{command}"')
            gdb.ask("-interpreter-exec console \"maintenance flush register-cache\"")
            gdb.ask("-break-insert -t main")
            gdb.ask("-exec-continue")
            while 'func="main"' not in gdb.stop(1):
                pass
            check_equal(gdb.value("value"), 41, "a variable")
            gdb.ask("-exec-next")
            gdb.stop(1)
            check_equal(gdb.value("value"), 42, "a line")
        gdb.ask('-interpreter-exec console "kill"')
        gdb.process.stdin.close() # with extended-remote the machine ends when GDB leaves
        emulator.process.wait(timeout=HANG_SECONDS)


def test_clion(context):
    """As CLion uses what docs/DEBUGGING.md names: GDB's machine interface on localhost, LLDB with a
    URL."""
    with open(os.path.join(HERE, "../../docs/DEBUGGING.md"), encoding="utf-8") as f:
        text = check_match(r"^CLion: (?:.+\n)+", f.read())[0]
    places = re.findall(r"`((?:connect://)?localhost:1234)`", text)
    check_equal(places, ["localhost:1234", "connect://localhost:1234"], "what the page names")
    port = free_port()
    with Emulator(context, "a32",
                  gdb=f"tcp::{port}") as emulator, Mi(context.program("a32")) as gdb:
        wait_for(port)
        for command in ("-gdb-set mi-async on", "-gdb-set debuginfod enabled off",
                        "-gdb-set confirm off", "-break-insert -f body",
                        "-target-select remote " + places[0].replace("1234", str(port)),
                        "-exec-continue"):
            gdb.ask(command)
        while 'reason="breakpoint-hit"' not in gdb.stop(1):
            pass
        check_match(r'func="main"', gdb.ask("-stack-list-frames"))
        check_match(r'value="1"', gdb.ask('-data-evaluate-expression "i + 1"'))
        gdb.ask('-interpreter-exec console "kill"')
        emulator.process.wait(timeout=HANG_SECONDS)
    port = free_port()
    with Emulator(context, "t32", gdb=f"tcp::{port}") as emulator:
        wait_for(port)
        out = lldb(context.program("t32"), places[1].replace("1234", str(port)),
                   ["breakpoint set -n body", "continue", "bt", "process kill"])
        emulator.process.wait(timeout=HANG_SECONDS)
    check_match(r"frame #1: .*`main", out)
