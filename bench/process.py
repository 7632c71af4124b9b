#!/usr/bin/env python3
"""Compares armemu-user with qemu-arm where programs start, ask the system for something, or make
code.

Times are CPU time of the program and its children, user and system, less what the program takes to
start and do nothing. Runs are interleaved; the table gives medians. Each program runs once before
it is measured, which fills the code cache. Memory is the proportional share when the program ends.
With --root, a directory into which armhf packages have been unpacked (python3, perl, gcc, sqlite3
and what they depend on), also start-up and memory of those.

usage: bench/process.py [-n RUNS] [--root DIR] [--armemu-user FILE] [--qemu-user FILE] [NAME ...]"""
import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# Name in the table, the guest's name for it, rounds, the most that the ratio of times may be.
BENCHES = [
    ("system call", "syscall", 1000000, 1),
    ("pipe round trip", "pipe", 20000, 1),
    ("mmap, 16 page faults, munmap", "fault", 5000, 1),
    ("SIGSEGV handler, mprotect", "segv", 20000, 1),
    ("signal to itself", "signal", 50000, 1),
    ("thread created and joined", "thread", 1000, 1 / 3),
    ("fork, exit", "fork", 300, 1 / 3),
    ("fork, exec", "exec", 100, 1 / 3),
    ("posix_spawn", "spawn", 100, 1 / 3),
    ("JIT: 4096 functions made, each called once", "jit", 4, 0.1),
    ("JIT: 4096 functions made, then called", "jit_batch", 8, 0.1),
    ("JIT: 4096 functions, one changed, 32 called", "jit_mix", 3000, 0.1),
    ("JIT: 64 in a page, one changed, all called", "jit_page", 1000, 0.1),
    ("JIT: one instruction changed, called", "jit_patch", 20000, 0.1),
    ("data beside code", "code_data", 20000, 1),
    ("code that writes beside itself", "code_self", 20000, 1),
    ("code on the stack", "trampoline", 20000, 1),
]
C_SOURCE = ("#include <stdio.h>\n"
            "int main(void) { for (int i = 0; i < 9; i++) printf(\"%d\\n\", i * i); }\n")


def build(scratch):
    """Compiles the programs. Returns their files: hello, what measures the rest, what measures
    memory."""
    hello, process, memory = (os.path.join(scratch, name) for name in ("hello", "process",
                                                                       "memory"))
    subprocess.run(["gcc", "-O1", os.path.join(ROOT, "bench", "memory.c"), "-o", memory],
                   check=True)
    compiler = ["arm-linux-gnueabihf-gcc", "-O2", "-static", "-marm"]
    subprocess.run([*compiler, os.path.join(ROOT, "tests", "process", "guest", "hello.c"), "-o",
                    hello],
                   check=True)
    subprocess.run([*compiler, "-Wl,--no-warn-execstack", "-pthread",
                    os.path.join(ROOT, "bench", "guest", "process.c"), "-o", process], check=True)
    return hello, process, memory


def debian(root, scratch):
    """Name, command, the most that the ratio of times may be."""
    source = os.path.join(scratch, "source.i")
    with open(source, "wb") as file:
        file.write(subprocess.run(["arm-linux-gnueabihf-gcc", "-E", "-x", "c", "-"], check=True,
                                  input=C_SOURCE.encode(), stdout=subprocess.PIPE).stdout)
    programs = [
        ("python3 -c pass", ["usr/bin/python3", "-c", "pass"], 0.4),
        ("perl -e 1", ["usr/bin/perl", "-e", "1"], 1),
        ("sqlite3 :memory: 'select 1'", ["usr/bin/sqlite3", ":memory:", "select 1"], 1),
        ("cc1 -O2", ["usr/lib/gcc/arm-linux-gnueabihf/12/cc1", "-quiet", "-O2", source, "-o",
                     "/dev/null"], 0.4),
    ]
    return [(name, [os.path.join(root, command[0]), *command[1:]], limit)
            for name, command, limit in programs]


class Run:
    """One run: CPU seconds, and what came of it."""

    def __init__(self, command):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.result = process.returncode, output
        self.seconds = usage.ru_utime + usage.ru_stime


def commands_of(options, command, again=False):
    """The command by armemu and by QEMU. @again: the program runs itself, which it cannot do under
    QEMU without being told how."""
    prefix = ["-L", options.root] if options.root else []
    return ([options.armemu_user, *prefix, *command],
            [options.qemu_user, *prefix, *command] + ([options.qemu_user] if again else []))


def compare(commands, runs):
    """Medians of seconds, of armemu and of QEMU."""
    results = [Run(command).result for command in commands]
    if results[0] != results[1]:
        sys.exit(f"{' '.join(commands[0])}: {results[0]}, but QEMU {results[1]}")
    pairs = [[Run(command).seconds for command in commands] for _ in range(runs)]
    return [statistics.median(column) for column in zip(*pairs)]


def memory_of(commands, launcher, scratch):
    """KiB at the end, of armemu and of QEMU."""
    result = os.path.join(scratch, "kib")
    kib = []
    for command in commands:
        subprocess.run([launcher, result, *command], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        with open(result, encoding="ascii") as file:
            kib.append(int(file.read()))
    return kib


def amount(seconds):
    """A time as text."""
    return f"{seconds * 1e3:.1f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.2f} µs"


class Table:
    """Rows of times, and of memory beneath."""

    def __init__(self):
        self.memory, self.missed = [], []
        print("| | armemu-user | QEMU | armemu ÷ QEMU | goal |\n|---|---:|---:|---:|---:|")

    def time(self, name, mine, other, limit):
        """A row of times."""
        ratio = mine / other if other > 0 else float("nan")
        print(f"| {name} | {amount(mine)} | {amount(other)} | {ratio:.2f} | {limit:.2f} |",
              flush=True)
        if not ratio <= limit:
            self.missed.append(name)

    def finish(self):
        """The rows of memory, and what goals were missed."""
        for name, mine, other in self.memory:
            print(f"| memory: {name} | {mine / 1024:.1f} MiB | {other / 1024:.1f} MiB | "
                  f"{mine / other:.2f} | 1.00 |")
            if mine > other:
                self.missed.append(f"memory: {name}")
        if self.missed:
            print("\nGoals missed: " + ", ".join(self.missed) + ".")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", type=int, default=5, metavar="RUNS")
    parser.add_argument("--root", metavar="DIR")
    parser.add_argument("--armemu-user", default=os.path.join(ROOT, "build", "app", "armemu-user"))
    parser.add_argument("--qemu-user", default=shutil.which("qemu-arm"))
    parser.add_argument("names", nargs="*", metavar="NAME", help="of the guest's, or start")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        hello, process, launcher = build(scratch)
        programs = debian(options.root, scratch) if options.root else []
        table = Table()
        for name, command, limit in [("static hello", [hello], 0.2), *programs]:
            if not options.names or "start" in options.names:
                commands = commands_of(options, command)
                table.time("start: " + name, *compare(commands, 2 * options.n), limit)
                table.memory.append((name, *memory_of(commands, launcher, scratch)))
        idle = compare(commands_of(options, [process, "start", "0"]), 2 * options.n)
        for name, bench, rounds, limit in BENCHES:
            if options.names and bench not in options.names:
                continue
            commands = commands_of(options, [process, bench, str(rounds)],
                                   bench in ("exec", "spawn"))
            seconds = compare(commands, options.n)
            table.time(name, *[max(s - i, 0) / rounds for s, i in zip(seconds, idle)], limit)
            if bench in ("jit", "jit_batch", "jit_patch"):
                table.memory.append((name, *memory_of(commands, launcher, scratch)))
        table.finish()


if __name__ == "__main__":
    main()
