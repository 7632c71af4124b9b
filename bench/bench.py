#!/usr/bin/env python3
"""Compares armemu with QEMU on the same guests and prints one Markdown table.

Runs of both are interleaved, so that changes of the machine's load meet both; the table gives
medians. The guests are those of tools/guest-fetch.sh, with the programs of bench/guest added.

bench/kernels.py, whose table follows when --armemu-user is given, compares programs.

usage: bench/bench.py [-n RUNS] [--armemu FILE] [--qemu FILE] [--update docs/PERFORMANCE.md]
                      [--armemu-user FILE]"""
import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

import kernels
import table

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BOARD = ["-M", "virt", "-cpu", "cortex-a15", "-m", "1024", "-nographic", "-no-reboot"]
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
HANG_SECONDS = 900
BOOT = "boot to power-off"
# Lines of --stats that belong into the table
STATISTICS = ["instructions", "blocks_translated", "blocks_retranslated", "translate_us",
              "tlb_fills", "tlb_flushes", "peak_memory_kib"]


class Run:
    """One run of an emulator: seconds of each section, nanoseconds of each micro-benchmark."""

    def __init__(self):
        self.seconds = {}
        self.nanoseconds = {}
        self.statistics = {}
        self.cpu_seconds = 0.0
        self.peak_kib = 0


def prepare_guest(scratch):
    """Builds the guest programs and an initramfs with them. Returns kernel and initramfs."""
    guests = subprocess.run([os.path.join(ROOT, "tools", "guest-fetch.sh")], check=True,
                            stdout=subprocess.PIPE).stdout.decode().strip()
    source = os.path.join(ROOT, "bench", "guest")
    micro, extra = os.path.join(scratch, "micro"), os.path.join(scratch, "extra.cpio.gz")
    subprocess.run(["arm-linux-gnueabihf-gcc", "-O2", "-static", "-o", micro,
                    os.path.join(source, "micro.c")], check=True)
    subprocess.run([sys.executable, os.path.join(ROOT, "tools", "guest-initramfs.py"), "-o", extra,
                    "--add", f"bin/micro={micro}", "--add", f"scripts/boot={source}/boot.sh",
                    "--add", f"scripts/work={source}/work.sh"], check=True)
    initramfs = os.path.join(scratch, "initramfs")
    with open(initramfs, "wb") as out:
        for part in (os.path.join(guests, "initramfs.cpio.gz"), extra):
            with open(part, "rb") as file:
                out.write(file.read())
    return os.path.join(guests, "vmlinuz-armmp"), initramfs


def take_line(line, now, run, open_section):
    """Handles one line of the console at time @now; returns the section that is open."""
    if match := re.match(r"@begin (.*)", line):
        return match[1], now
    if line.startswith("@end") and open_section:
        run.seconds[open_section[0]] = now - open_section[1]
        return None
    if match := re.match(r"micro (.*)\|(\d+)\|(\d+)", line):
        run.nanoseconds[match[1]] = int(match[2]) / int(match[3])
    elif match := re.match(r"(\w+): (\d+)$", line):
        run.statistics[match[1]] = int(match[2])
    elif "Kernel panic" in line:
        raise SystemExit("bench: the guest panicked: " + line)
    return open_section


def run_once(command, kernel, initramfs, script):
    """Runs one script in the guest of one emulator."""
    run, section = Run(), None
    start = time.monotonic()
    process = subprocess.Popen(
        [*command, *BOARD, "-kernel", kernel, "-initrd", initramfs, "-append",
         f"console=ttyAMA0 quiet panic=-1 armemu.script={script}"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    for raw in process.stdout:
        section = take_line(raw.decode("utf-8", "replace").strip(), time.monotonic(), run, section)
        if time.monotonic() - start > HANG_SECONDS:
            process.kill()
            raise SystemExit("bench: hangs: " + " ".join(command))
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"bench: {command[0]} ended with status {process.returncode}")
    run.peak_kib = usage.ru_maxrss
    run.cpu_seconds = usage.ru_utime + usage.ru_stime
    if script == "boot":
        run.seconds[BOOT] = time.monotonic() - start
    return run


def median_of(runs, field):
    """Median per name of one dictionary of the runs."""
    names = list(dict.fromkeys(name for run in runs for name in getattr(run, field)))
    return {name: statistics.median(getattr(run, field)[name] for run in runs
                                    if name in getattr(run, field)) for name in names}


def summarize(runs):
    """Medians of all runs of one emulator, for the table and for --json."""
    boot = [run for run in runs if BOOT in run.seconds]
    work = [run for run in runs if BOOT not in run.seconds]
    return {"seconds": median_of(runs, "seconds"), "nanoseconds": median_of(runs, "nanoseconds"),
            "statistics": median_of(work, "statistics"),
            "boot_statistics": median_of(boot, "statistics"),
            "cpu": {"CPU time of the boot": statistics.median(run.cpu_seconds for run in boot),
                    "CPU time of boot and all work":
                        statistics.median(run.cpu_seconds for run in work)},
            "peak_kib": statistics.median(run.peak_kib for run in work)}


def result_table(ours, theirs, count, version):
    """The Markdown text."""
    lines = [f"Medians of {count} interleaved runs; {version}.", "",
             *table.head("armemu", "QEMU")]
    for field, unit in (("seconds", "s"), ("nanoseconds", "µs"), ("cpu", "s")):
        for name, mine in ours[field].items():
            lines.append(table.row(name, mine, theirs[field].get(name, float("nan")), unit))
    lines.append(table.row("peak memory", ours["peak_kib"], theirs["peak_kib"], "MiB"))
    lines += ["", "armemu's statistics:", "", "| | boot | boot and all work |", "|---|---:|---:|"]
    for name in STATISTICS:
        if name in ours["statistics"]:
            boot, work = ours["boot_statistics"].get(name, 0), ours["statistics"][name]
            lines.append(f"| {name} | {int(boot):,} | {int(work):,} |")
    return "\n".join(lines) + "\n"


def update(path, text):
    """Puts @text between the markers of a file, which is made when there is none."""
    if not os.path.exists(path):
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"# Performance\n\n{BEGIN}\n{END}\n")
    with open(path, encoding="utf-8") as file:
        old = file.read()
    if BEGIN not in old or END not in old:
        raise SystemExit(f"bench: {path} has no lines {BEGIN} and {END}")
    head, rest = old.split(BEGIN, 1)
    with open(path, "w", encoding="utf-8") as file:
        file.write(head + BEGIN + "\n" + text + END + rest.split(END, 1)[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", type=int, default=5, metavar="RUNS", help="default: 5")
    parser.add_argument("--armemu", default=os.path.join(ROOT, "build", "app", "armemu"))
    parser.add_argument("--qemu", default="qemu-system-arm")
    parser.add_argument("--armemu-user", metavar="FILE", help="measure bench/float, too")
    parser.add_argument("--update", metavar="FILE", help="write the table between its markers")
    parser.add_argument("--json", metavar="FILE", help="write the medians as JSON, too")
    options = parser.parse_args()
    commands = {"armemu": [options.armemu, "--stats"], "qemu": [options.qemu, "-net", "none"]}
    runs = {name: [] for name in commands}
    with tempfile.TemporaryDirectory(prefix="armemu-bench-") as scratch:
        kernel, initramfs = prepare_guest(scratch)
        for number in range(options.n):
            for name, command in commands.items():
                for script in ("boot", "work"):
                    print(f"run {number + 1} of {options.n}: {name} {script}", file=sys.stderr)
                    runs[name].append(run_once(command, kernel, initramfs, script))
    result = {name: summarize(list_of_runs) for name, list_of_runs in runs.items()}
    version = subprocess.run([options.qemu, "--version"], check=True, stdout=subprocess.PIPE
                             ).stdout.decode().splitlines()[0]
    text = result_table(result["armemu"], result["qemu"], options.n, version)
    if options.armemu_user:
        text += "\nFloating point and vectors (bench/float), CPU time:\n\n"
        text += kernels.compare(options.armemu_user, "qemu-arm", options.n)
    print(text, end="")
    if options.update:
        update(options.update, text)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(result, file, indent=1)


if __name__ == "__main__":
    main()
