#!/usr/bin/env python3
"""What debuggers cost: how fast the GDB stubs step and answer, beside QEMU's, and what a debugger
takes from the speed of the guest.

Rates are packets per second of wall time by bench/gdb_step.c, medians of interleaved runs. Costs
are CPU time in user mode, the least of several runs, over that without a stub.

usage: bench/debug.py [-n RUNS] [--armemu FILE] [--armemu-user FILE] [--qemu FILE]
                      [--qemu-user FILE]
                      [rates] [costs]"""
import argparse
import os
import re
import socket
import statistics
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BENCH = os.path.join(ROOT, "bench")
HANG_SECONDS = 300
ROUNDS = {"system": 400, "process": 400}


def build(scratch):
    """The client and the guest programs, by name."""
    files = {name: os.path.join(scratch, name) for name in ("client", "system", "process")}
    guest = os.path.join(BENCH, "guest", "quiet.c")
    for command in (["gcc", "-O2", os.path.join(BENCH, "gdb_step.c"), "-o", files["client"]],
                    ["arm-none-eabi-gcc", "-O2", "-marm", "-mcpu=cortex-a15", "-ffreestanding",
                     "-nostdlib", "-DBARE",
                     f"-DROUNDS={ROUNDS['system']}", "-Wl,-Ttext=0x40010000", guest, "-lgcc", "-o",
                     files["system"]],
                    ["arm-linux-gnueabihf-gcc", "-O2", "-marm", "-mcpu=cortex-a15", "-static",
                     guest, "-o", files["process"]]):
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    return files


def symbols(path):
    """Addresses by name."""
    out = subprocess.run(["arm-none-eabi-nm", path], check=True, capture_output=True,
                         text=True).stdout
    return {m[2]: int(m[1], 16) for m in re.finditer(r"^([0-9a-f]+) \w (\w+)$", out, re.MULTILINE)}


def command_of(options, kind, emulator, files, path=None):
    """The command line of an emulator with the guest, with a stub at @path if one is given."""
    if kind == "system":
        stub = ["-S", "-gdb", f"unix:{path}" + (",server=on,wait=off" if emulator == "qemu"
                                                else "")] if path else []
        return [options.armemu if emulator == "armemu" else options.qemu, "-M", "virt", "-cpu",
                "cortex-a15",
                "-nographic", "-monitor", "none", "-serial", "null", "-kernel", files["system"],
                *stub]
    stub = ["-g", path] if path else []
    return [options.armemu_user if emulator == "armemu" else options.qemu_user, *stub,
            files["process"], str(ROUNDS["process"])]


def start(command, path):
    """Starts an emulator; when its stub listens it is returned."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    end = time.monotonic() + HANG_SECONDS
    while path and not os.path.exists(path):
        if process.poll() is not None or time.monotonic() > end:
            raise SystemExit("debug: no stub: " + " ".join(command))
        time.sleep(0.01)
    return process


def rates(options, files, scratch):
    """Lines of the table."""
    seen = {}
    for n in range(options.n):
        for kind in ("system", "process"):
            for what in ("step", "read"):
                for emulator in ("armemu", "qemu"):
                    path = os.path.join(scratch, f"{kind}-{what}-{emulator}-{n}")
                    process = start(command_of(options, kind, emulator, files, path), path)
                    out = subprocess.run([files["client"], path, what, str(options.count)],
                                         check=True, text=True,
                                         capture_output=True, timeout=HANG_SECONDS).stdout
                    process.kill()
                    process.wait()
                    seen.setdefault((kind, what),
                                    {}).setdefault(emulator, []).append(int(out.split()[1]))
    lines = ["| per second | armemu | QEMU | ratio |", "|---|---:|---:|---:|"]
    for (kind, what), by in seen.items():
        ours, theirs = (statistics.median(by[e]) for e in ("armemu", "qemu"))
        name = {"step": "steps", "read": "register reads (`g`)"}[what]
        lines.append(f"| {kind}: {name} | {ours:.0f} | {theirs:.0f} | {ours / theirs:.1f} |")
    return lines


class Client:
    """A debugger that sets its points and lets the guest run to its end."""

    def __init__(self, path):
        end = time.monotonic() + HANG_SECONDS
        while True:
            self.socket = socket.socket(socket.AF_UNIX)
            try:
                self.socket.connect(path)
                break
            except ConnectionRefusedError: # the path is there, and nobody listens yet
                self.socket.close()
                if time.monotonic() > end:
                    raise
                time.sleep(0.01)
        self.socket.settimeout(HANG_SECONDS)
        self.buffer = b""

    def ask(self, packet):
        self.socket.sendall(b"$" + packet.encode() + b"#%02x" % (sum(packet.encode()) & 255))
        while not (match := re.search(rb"\$([^#]*)#..", self.buffer)):
            data = self.socket.recv(65536)
            if not data:
                return ""
            self.buffer += data
        self.buffer = self.buffer[match.end():]
        if match[1][:1] != b"W": # then nobody is there any more
            self.socket.sendall(b"+")
        return match[1].decode()


def cost_of_run(command, path, points):
    """Seconds in user mode."""
    process = start(command, path)
    if points is not None:
        client = Client(path)
        for point in points:
            if client.ask(point) != "OK":
                raise SystemExit(f"debug: {point} was refused")
        reply = client.ask("vCont;c")
        if reply[:1] not in ("W", ""):
            raise SystemExit(f"debug: the guest stopped: {reply}")
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime


def costs(options, files, scratch):
    """Lines of the table."""
    lines = ["| over a run without a stub | system | process |", "|---|---:|---:|"]
    modes = {"no stub": None, "attached": [], "10 breakpoints elsewhere": "breakpoints",
             "one write watchpoint": "Z2",
             "one access watchpoint": "Z4", "four access watchpoints": "Z4Z4Z4Z4"}
    least = {}
    for n in range(options.n):
        for kind in ("system", "process"):
            names = symbols(files[kind])
            for mode, what in modes.items():
                points = what
                if what == "breakpoints":
                    points = [f"Z0,{names['quiet'] + 0x1024 * i:x},4" for i in range(10)]
                elif what:
                    points = [f"{p},{names['quiet'] + 0x1000 * i:x},4"
                              for i, p in enumerate(re.findall("Z.", what))]
                path = None
                if what is not None:
                    path = os.path.join(scratch, f"{kind}-{n}-{len(least)}-{mode[:3]}{what}")[:100]
                command = command_of(options, kind, "armemu", files, path)
                seconds = cost_of_run(command, path, points)
                least[kind, mode] = min(seconds, least.get((kind, mode), seconds))
    for mode in modes:
        row = [least[kind, mode] / least[kind, "no stub"] for kind in ("system", "process")]
        lines.append(f"| {mode} | {row[0]:.3f} | {row[1]:.3f} |")
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", type=int, default=5, metavar="RUNS", help="default: 5")
    parser.add_argument("--count", type=int, default=20000, metavar="PACKETS",
                        help="of a rate; default: 20000")
    parser.add_argument("--armemu", default=os.path.join(ROOT, "build", "app", "armemu"))
    parser.add_argument("--armemu-user", default=os.path.join(ROOT, "build", "app", "armemu-user"))
    parser.add_argument("--qemu", default="qemu-system-arm")
    parser.add_argument("--qemu-user", default="qemu-arm")
    parser.add_argument("what", nargs="*", choices=[[], "rates", "costs"], help="default: both")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="armemu-debug-") as scratch:
        files = build(scratch)
        for name, function in (("rates", rates), ("costs", costs)):
            if name in (options.what or ("rates", "costs")):
                print("\n".join(function(options, files, scratch)) + "\n", flush=True)


if __name__ == "__main__":
    main()
