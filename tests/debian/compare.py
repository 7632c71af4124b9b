#!/usr/bin/env python3
"""Runs Debian's armhf programs by armemu-user and by qemu-arm and compares output and exit status.

Each case of cases/*.txt is a script for bash, and runs in a cell of its own (cell.py) in a tree
unpacked from Debian's packages (tree.py). A file of cases begins with "tree: short" or "tree:
long"; a case begins with "== NAME", which attributes may follow:
  seconds=N  it may take as long as this (60)
  fewer      output is a list of failures, of which armemu-user may have fewer than qemu-arm
  alone      qemu-arm cannot do it, or differs from run to run: status 0 is expected, and on
             standard output nothing but the lines that follow with "> " in front of the script
$SECONDS_EACH in scripts is what --seconds says, or 2: the duration of a stressor.

usage: tests/debian/compare.py [--armemu-user FILE] [--qemu FILE] [--long] [--seconds N] [-j N]
                               [-n RUNS] [--table FILE] [NAME...]
Names are FILE, or FILE/CASE. Prints TAP. --table writes the ratio of CPU times, medians of RUNS."""
import argparse
import concurrent.futures
import difflib
import glob
import math
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

import tree

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
CELL = os.path.join(HERE, "cell.py")
SKIP, CELL_FAILED, TOO_LATE = 77, 125, "none: too late"


class Case:
    """One script."""

    def __init__(self, group, kind, head):
        name, *attributes = head.split()
        self.name = f"{group}/{name}"
        self.kind = kind
        self.alone, self.fewer = "alone" in attributes, "fewer" in attributes
        self.seconds = next((int(a[8:]) for a in attributes if a.startswith("seconds=")), 60)
        self.expected = ""
        self.script = ""


class Result:
    """What came of a run, and CPU seconds."""

    def __init__(self, status, out, err, seconds, memory):
        self.status, self.out, self.err = status, out, err
        self.seconds, self.memory = seconds, memory

    def text(self):
        return (f"status {self.status}\n--- output\n{self.out}--- errors\n{self.err}").splitlines()


def read_cases(path):
    group = os.path.splitext(os.path.basename(path))[0]
    cases = []
    with open(path, encoding="utf-8") as file:
        kind = re.match(r"tree: (short|long)\n", file.readline())[1]
        for line in file:
            if line.startswith("== "):
                cases.append(Case(group, kind, line[3:]))
            elif cases and line.startswith("> ") and not cases[-1].script:
                cases[-1].expected += line[2:]
            elif cases:
                cases[-1].script += line
    return cases


def readable(data):
    """What was printed, but for process ids and what qemu-arm adds."""
    text = data.decode(errors="backslashreplace")
    text = re.sub(r"^qemu: .*\n", "", text, flags=re.MULTILINE)
    return re.sub(r"(: line \d+:) +\d+ ", r"\1 PID ", text)


def run(case, emulator, options, cache):
    usage_read, usage_write = os.pipe()
    command = [sys.executable, CELL, "--usage", str(usage_write), "--cache", cache, emulator,
               options.trees[case.kind], "/bin/bash", "-c",
               f"SECONDS_EACH={options.seconds}\n" + case.script]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                 pass_fds=[usage_write])
        os.close(usage_write)
        try:
            status = child.wait(case.seconds + 20 * options.seconds)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            status = TOO_LATE
        with os.fdopen(usage_read, "rb") as pipe:
            usage = pipe.read().split() if status != TOO_LATE else []
        out.seek(0)
        err.seek(0)
        seconds = float(usage[1]) + float(usage[2]) if len(usage) == 4 else 0.0
        return Result(status, readable(out.read()), readable(err.read()), seconds,
                      int(usage[3]) if len(usage) == 4 else 0)


def compare(case, options):
    """Case, differences (nothing: none), CPU seconds of both."""
    mine = run(case, options.armemu_user, options, options.caches[0])
    times, memory = ([mine.seconds], []), (mine.memory, 0)
    if case.alone:
        same = (mine.status, mine.out) == (0, case.expected)
        expected = ["status 0", "--- output", *case.expected.splitlines()]
    else:
        other = run(case, options.qemu, options, options.caches[1])
        same = (mine.status, mine.out, mine.err) == (other.status, other.out, other.err)
        if case.fewer:
            lines = set(mine.out.splitlines())
            same = mine.status in (0, other.status) and lines <= set(other.out.splitlines())
        same = same and mine.status != TOO_LATE
        expected = other.text()
        times[1].append(other.seconds)
        memory = (mine.memory, other.memory)
        for _ in range(options.runs):
            times[0].append(run(case, options.armemu_user, options, options.caches[0]).seconds)
            times[1].append(run(case, options.qemu, options, options.caches[1]).seconds)
    difference = [] if same else list(difflib.unified_diff(
        expected, mine.text(), "expected" if case.alone else "qemu-arm", "armemu-user",
        lineterm=""))
    medians = [statistics.median(column[1:] or column or [0]) for column in times]
    return case, difference, medians, memory


def usable(options):
    """Can cells be made here?"""
    with tempfile.TemporaryDirectory() as cache:
        done = subprocess.run([sys.executable, CELL, "--cache", cache, options.armemu_user,
                               options.trees["short"], "/bin/bash", "-c", "exit 42"], check=False,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    if done.returncode == CELL_FAILED:
        print("1..0 # SKIP " + done.stderr.decode(errors="replace").strip())
    return done.returncode != CELL_FAILED


def select(options):
    cases = [case for path in sorted(glob.glob(os.path.join(HERE, "cases", "*.txt")))
             for case in read_cases(path)]
    if options.names:
        return [c for c in cases if c.name in options.names
                or c.name.split("/")[0] in options.names]
    return [case for case in cases if options.long or case.kind == "short"]


def write_table(path, rows):
    ratios = [rows_seconds[1] / rows_seconds[0] for _, _, rows_seconds, _ in rows
              if min(rows_seconds) > 0]
    with open(path, "w", encoding="utf-8") as file:
        file.write("| | same | armemu | QEMU | QEMU ÷ armemu | memory ÷ QEMU's |\n|---|---|---:|"
                   "---:|---:|---:|\n")
        for case, difference, (mine, other), (mine_kib, other_kib) in rows:
            ratio = f"{other / mine:.2f}" if mine and other else "-"
            memory = f"{mine_kib / other_kib:.2f}" if other_kib else "-"
            file.write(f"| {case.name} | {'no' if difference else 'yes'} | {mine:.2f} s | "
                       f"{other:.2f} s "
                       f"| {ratio} | {memory} |\n")
        if ratios:
            mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
            file.write(f"| geometric mean | | | | {mean:.2f} | |\n")


def run_all(cases, options):
    rows = []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for number, row in enumerate(pool.map(lambda case: compare(case, options), cases), 1):
            print(f"{'not ok' if row[1] else 'ok'} {number} - {row[0].name}")
            for line in row[1]:
                print("# " + line)
            sys.stdout.flush()
            rows.append(row)
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--armemu-user", default=os.path.join(ROOT, "build", "app", "armemu-user"))
    parser.add_argument("--qemu", default=shutil.which("qemu-arm"))
    parser.add_argument("--long", action="store_true", help="all cases")
    parser.add_argument("--seconds", type=int, default=2, metavar="N")
    parser.add_argument("-j", dest="jobs", type=int, default=1, metavar="N")
    parser.add_argument("-n", dest="runs", type=int, default=0, metavar="RUNS")
    parser.add_argument("--table", metavar="FILE")
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    cases = select(options)
    if not cases:
        parser.error("there is no such case")
    if not options.qemu:
        print("1..0 # SKIP there is no qemu-arm")
        sys.exit(SKIP)
    try:
        options.trees = {kind: tree.debian_tree(kind) for kind in {"short",
                                                                   *(case.kind for case in cases)}}
    except tree.Unavailable as reason:
        print(f"1..0 # SKIP {reason}")
        sys.exit(SKIP)
    if not usable(options):
        sys.exit(SKIP)
    print(f"1..{len(cases)}")
    with tempfile.TemporaryDirectory() as scratch:
        options.caches = [os.path.join(scratch, name) for name in ("armemu", "qemu")]
        for path in options.caches:
            os.mkdir(path, 0o700)
        rows = run_all(cases, options)
    if options.table:
        write_table(options.table, rows)
    sys.exit(any(row[1] for row in rows))


if __name__ == "__main__":
    main()
