#!/usr/bin/env python3
"""Compares armemu-user with qemu-arm, and with native code, on the kernels of bench/float.

Runs are interleaved; the table gives medians of the CPU time in user mode, which other work on the
machine disturbs least. Native runs are of ten times the size, since they are short. Native code is
scalar, too: for the guest the compiler may not use vectors, as Advanced SIMD flushes denormals to
zero.

usage: bench/kernels.py [-n RUNS] [--armemu-user FILE] [--qemu-user FILE] [KERNEL ...]"""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile

import table

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SOURCE = os.path.join(ROOT, "bench", "float")
COMMON = ["-static", "-Wall", "-Wextra", "-ffp-contract=off"]
ARM = ["arm-linux-gnueabihf-gcc", *COMMON, "-mcpu=cortex-a15", "-marm"]
NATIVE_FACTOR = 10


def build(scratch):
    """Compiles the programs. Returns their files."""
    files = {name: os.path.join(scratch, name) for name in ("scalar", "neon", "native")}
    scalar, neon = (os.path.join(SOURCE, name + ".c") for name in ("scalar", "neon"))
    for command in ([*ARM, "-O2", "-mfpu=vfpv4-d16", scalar, "-o", files["scalar"], "-lm"],
                    [*ARM, "-O3", "-mfpu=neon-vfpv4", neon, "-o", files["neon"], "-lm"],
                    ["gcc", *COMMON, "-O2", "-fno-tree-vectorize", scalar, "-o", files["native"],
                     "-lm"]):
        subprocess.run(command, check=True)
    return files


def run(command):
    """Seconds in user mode, and the output, of one run."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    output = process.stdout.read().decode().strip()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"kernels: {command[0]} ended with status {process.returncode}")
    return usage.ru_utime, output


def kernels_of(command):
    """Names and sizes of a program's kernels, whose list it prints when it has no argument."""
    lines = run(command)[1].splitlines()
    return [(name, int(count)) for name, count in (line.split() for line in lines)]


def measure(commands, runs):
    """Medians of the seconds of each command; all must print the same."""
    seconds, outputs = {name: [] for name in commands}, {}
    for _ in range(runs):
        for name, (command, factor) in commands.items():
            time, output = run(command)
            seconds[name].append(max(time, 0.001) / factor)
            if factor == 1:
                outputs[name] = output
    if len(set(outputs.values())) > 1:
        raise SystemExit(f"kernels: results differ: {outputs}")
    return {name: statistics.median(times) for name, times in seconds.items()}


def part(title, rows):
    """Lines of the table for one program, with the geometric means."""
    lines = [table.title(title, 4)]
    for name, t in rows.items():
        over = f"{t['armemu'] / t['native']:.2f}" if "native" in t else ""
        lines.append(table.row(name, t["armemu"], t["qemu"], "ms", over))
    over = [t["armemu"] / t["native"] for t in rows.values() if "native" in t]
    return [*lines, table.mean([t["qemu"] / t["armemu"] for t in rows.values()], over)]


def compare(armemu, qemu, runs, only=()):
    """The Markdown text."""
    lines = table.head("armemu-user", "qemu-arm", "armemu ÷ native")
    with tempfile.TemporaryDirectory(prefix="armemu-kernels-") as scratch:
        files = build(scratch)
        for program, title in (("scalar", "Scalar floating point"), ("neon", "Advanced SIMD")):
            rows = {}
            for name, count in kernels_of([qemu, files[program]]):
                if only and name not in only:
                    continue
                print(f"{program} {name}", file=sys.stderr)
                commands = {"armemu": ([armemu, files[program], name], 1),
                            "qemu": ([qemu, files[program], name], 1)}
                if program == "scalar":
                    commands["native"] = ([files["native"], name, str(count * NATIVE_FACTOR)],
                                          NATIVE_FACTOR)
                rows[name] = measure(commands, runs)
            if rows:
                lines += part(title, rows)
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", type=int, default=5, metavar="RUNS", help="default: 5")
    parser.add_argument("--armemu-user", default=os.path.join(ROOT, "build", "app", "armemu-user"))
    parser.add_argument("--qemu-user", default="qemu-arm")
    parser.add_argument("kernels", nargs="*", metavar="KERNEL", help="default: all")
    options = parser.parse_args()
    print(compare(options.armemu_user, options.qemu_user, options.n, options.kernels), end="")


if __name__ == "__main__":
    main()
