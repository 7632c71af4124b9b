#!/usr/bin/env python3
"""Compares armemu with qemu-system-arm on the kernels of bench/firmware, which need nothing but the
CPU.

The same image runs in both, on Arm's MPS2 boards with Cortex-M3 and Cortex-M4F. Runs are
interleaved; the table gives the least CPU time (user and system mode) of whole runs, start
included: what disturbs these short runs only adds to it.

usage: bench/firmware.py [-n RUNS] [--armemu FILE] [--qemu FILE] [--keep DIR] [KERNEL ...]"""
import argparse
import os
import subprocess
import sys
import tempfile

import table

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SOURCE = os.path.join(ROOT, "bench", "firmware")
GCC = ["arm-none-eabi-gcc", "-std=gnu17", "-O2", "-mthumb", "-ffp-contract=off", "-nostartfiles",
       "--specs=nano.specs", "--specs=nosys.specs", "-Wl,--no-warn-rwx-segments"]
CORES = {"m3": ("Cortex-M3 (mps2-an385)", "mps2-an385", ["-mcpu=cortex-m3"]),
         "m4f": ("Cortex-M4F (mps2-an386)", "mps2-an386",
                 ["-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"])}


def build(scratch):
    """Compiles the programs. Returns their files."""
    files = {}
    sources = [os.path.join(SOURCE, f) for f in ("start.c", "main.c", "integer.c", "float.c")]
    for core, (_, _, flags) in CORES.items():
        files[core] = os.path.join(scratch, f"kernels-{core}.elf")
        subprocess.run([*GCC, *flags, "-T", os.path.join(SOURCE, "mps2.ld"), *sources, "-lm",
                        "-o", files[core]], check=True, stderr=subprocess.DEVNULL)
    return files


def run(command):
    """Seconds of CPU time, and the output, of one run."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE)
    output = process.stderr.read().decode().strip()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"firmware: {' '.join(command)} ended with status {process.returncode}")
    return usage.ru_utime + usage.ru_stime, output


def command_of(emulator, machine, image, kernel):
    return [emulator, "-M", machine, "-display", "none", "-serial", "none", "-monitor", "none",
            "-semihosting-config", f"enable=on,target=native,arg={kernel}", "-kernel", image]


def measure(commands, runs):
    """The least seconds of each command; all must print the same."""
    seconds, outputs = {name: [] for name in commands}, set()
    for _ in range(runs):
        for name, command in commands.items():
            time, output = run(command)
            seconds[name].append(time)
            outputs.add(output)
    if len(outputs) > 1:
        raise SystemExit(f"firmware: results differ: {outputs}")
    return {name: min(times) for name, times in seconds.items()}


def compare(options):
    """The Markdown text."""
    lines = table.head("armemu", "QEMU")
    with tempfile.TemporaryDirectory(prefix="armemu-firmware-") as scratch:
        files = build(options.keep or scratch)
        for core, (title, machine, _) in CORES.items():
            ratios = []
            names = run(command_of(options.qemu, machine, files[core], "list"))[1].split()
            lines.append(table.title(title))
            for name in names:
                if options.kernels and name not in options.kernels:
                    continue
                print(f"{core} {name}", file=sys.stderr)
                t = measure({"armemu": command_of(options.armemu, machine, files[core], name),
                             "qemu": command_of(options.qemu, machine, files[core], name)},
                            options.n)
                ratios.append(t["qemu"] / t["armemu"])
                lines.append(table.row(name, t["armemu"], t["qemu"], "ms"))
            lines.append(table.mean(ratios))
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", type=int, default=5, metavar="RUNS", help="default: 5")
    parser.add_argument("--armemu", default=os.path.join(ROOT, "build", "app", "armemu"))
    parser.add_argument("--qemu", default="qemu-system-arm")
    parser.add_argument("--keep", metavar="DIR", help="where the images are left")
    parser.add_argument("kernels", nargs="*", metavar="KERNEL", help="default: all")
    print(compare(parser.parse_args()), end="")


if __name__ == "__main__":
    main()
