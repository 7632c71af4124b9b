#!/usr/bin/env python3
"""Builds armemu in several ways and runs all tests. Called by ./test.

Each step adds test cases to the count. The last line is "N passed, M failed"; the exit status is
non-zero when a case failed or none ran."""
import argparse
import json
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RELEASE = os.path.join(ROOT, "build-test")
SANITIZED = os.path.join(ROOT, "build-asan")
THREADS = os.path.join(ROOT, "build-tsan")
CRITERION = re.compile(r"Synthesis: Tested: (\d+) \| Passing: (\d+) \| Failing: (\d+)")
COLOR = re.compile(r"\x1b\[[0-9;]*m")
TAP = re.compile(r"^(not )?ok\b(?:.*?# (SKIP))?", re.MULTILINE)
# What a log says of a failed case: TAP's diagnostics stand in front of it
FAILURE = re.compile(r"^(?:(?:#.*\n){0,8}not ok\b"
                     r"|.*\[FAIL\]|.*(?:ERROR: \w+Sanitizer|runtime error:)).*", re.MULTILINE)
SANITIZER_OPTIONS = {"ASAN_OPTIONS": "detect_leaks=0:abort_on_error=1",
                     "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1"}
THREAD_TESTS = ["smp-jit-2", "smp-jit-4", "smp-interp-2", "evict-jit-2"]
# Times are longer with the sanitizers
TIMEOUT_FACTOR = "4"


class Count:
    """Test cases so far."""

    def __init__(self):
        self.passed = 0
        self.failed = 0
        self.skipped = 0
        self.failures = []  # texts for the end of the run

    def add(self, passed, failed, skipped=0):
        self.passed += passed
        self.failed += failed
        self.skipped += skipped


def say(text):
    print(text, flush=True)


def run(command, environment=None):
    """Runs a command with its output visible; true when it succeeded."""
    say("+ " + " ".join(command))
    return subprocess.run(command, cwd=ROOT, check=False,
                          env=dict(os.environ, **(environment or {}))).returncode == 0


def count_cases(record):
    """(passed, failed, skipped) of one test program from its record in meson's log."""
    output = COLOR.sub("", record.get("stdout", "") + "\n" + record.get("stderr", ""))
    succeeded = record["result"] in ("OK", "EXPECTEDFAIL")
    criterion = [tuple(map(int, found)) for found in CRITERION.findall(output)]
    plan = list(TAP.finditer(output))
    if record["result"] == "SKIP":
        return 0, 0, 1
    if criterion:
        passed = sum(row[1] for row in criterion)
        failed = sum(row[0] - row[1] for row in criterion)
    elif plan:
        skipped = sum(1 for match in plan if match[2])
        failed = sum(1 for match in plan if match[1] and not match[2])
        return len(plan) - failed - skipped, max(failed, 0 if succeeded else 1), skipped
    else:
        passed, failed = (1, 0) if succeeded else (0, 1)
    return passed, max(failed, 0 if succeeded else 1), 0


def describe_failure(directory, record):
    """A few lines that say which cases of a test program failed, and why."""
    output = COLOR.sub("", record.get("stdout", "") + "\n" + record.get("stderr", ""))
    found = [match[0] for match in FAILURE.finditer(output)][:5]
    lines = "\n".join(found or output.splitlines()[-5:]).splitlines()
    return "\n".join([f"{os.path.basename(directory)}: {record['name']}: {record['result']}"]
                     + ["    " + line[:300] for line in lines])


def run_meson_tests(build, arguments, count, environment=None):
    """Runs tests of a build and counts their cases."""
    log = os.path.join(build, "meson-logs", "testlog.json")
    if os.path.exists(log):
        os.remove(log)
    succeeded = run(["meson", "test", "-C", build, "--no-rebuild", "--print-errorlogs", *arguments],
                    environment)
    records = []
    if os.path.exists(log):
        with open(log, encoding="utf-8", errors="replace") as file:
            records = [json.loads(line) for line in file if line.strip()]
    before = count.failed
    for record in records:
        passed, failed, skipped = count_cases(record)
        say(f"  {record['name']}: {passed} passed, {failed} failed, {skipped} skipped")
        count.add(passed, failed, skipped)
        if failed:
            count.failures.append(describe_failure(build, record))
    if not records or (not succeeded and count.failed == before):
        count.failures.append(f"{os.path.basename(build)}: the tests could not be run")
        count.add(0, 1)


def build(directory, options, count, targets=()):
    """Configures and builds all, or the targets; counts as one test case."""
    options = options + ["-Dwerror=" + ("true" if os.environ.get("CI") == "true" else "false")]
    configured = os.path.exists(os.path.join(directory, "build.ninja"))
    setup = ["meson", "configure", directory] if configured else ["meson", "setup", directory, ROOT]
    built = run(setup + options) and run(["ninja", "-C", directory, *targets])
    count.add(*((1, 0) if built else (0, 1)))
    if not built:
        count.failures.append(f"{os.path.basename(directory)}: could not be built")
    return built


def step_checks(count):
    """the layers, the length of lines, and the embedded ROM against its source"""
    for check in ("tools/check_includes.py", "tools/check_lines.py"):
        passed = run([sys.executable, check])
        count.add(*((1, 0) if passed else (0, 1)))
        if not passed:
            count.failures.append(check)
    status = subprocess.run(["roms/build.sh", "--check"], cwd=ROOT, check=False).returncode
    count.add(*{0: (1, 0, 0), 77: (0, 0, 1)}.get(status, (0, 1, 0)))
    if status not in (0, 77):
        count.failures.append("roms/build.sh --check")


def step_unit(count):
    """release build with its unit tests"""
    if build(RELEASE, ["--buildtype=release"], count):
        run_meson_tests(RELEASE, ["--no-suite", "system"], count)


def step_sanitized(count):
    """unit tests with the address and undefined-behaviour sanitizers"""
    options = ["--buildtype=debugoptimized", "-Db_sanitize=address,undefined", "-Db_lundef=false"]
    if build(SANITIZED, options, count):
        run_meson_tests(SANITIZED, ["--no-suite", "system", "-t", TIMEOUT_FACTOR], count,
                        SANITIZER_OPTIONS)


def step_threads(count):
    """guests with several CPUs under the thread sanitizer"""
    options = ["--buildtype=debugoptimized", "-Db_sanitize=thread", "-Db_lundef=false"]
    if build(THREADS, options, count, ["engine-guests"]):
        run_meson_tests(THREADS, [*THREAD_TESTS, "-t", TIMEOUT_FACTOR], count)


def step_system(count):
    """whole guests in the release build"""
    if build(RELEASE, ["--buildtype=release"], count):
        run_meson_tests(RELEASE, ["--suite", "system", "--verbose"], count)


STEPS = {"checks": step_checks, "unit": step_unit, "sanitized": step_sanitized,
         "threads": step_threads, "system": step_system}


def main():
    parser = argparse.ArgumentParser(
        prog="./test", formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="steps:\n" + "\n".join(f"  {name:10} {f.__doc__}" for name, f in STEPS.items()))
    parser.add_argument("steps", nargs="*", metavar="step", help="default: all, in this order")
    names = parser.parse_args().steps or list(STEPS)
    for name in names:
        if name not in STEPS:
            parser.error(f"there is no step '{name}', only " + ", ".join(STEPS))
    count = Count()
    for name in names:
        say(f"== {name}: {STEPS[name].__doc__}")
        STEPS[name](count)
    if count.failures:
        say("== failed")
    for text in count.failures:
        say(text)
    if count.skipped:
        say(f"{count.skipped} skipped")
    say(f"{count.passed} passed, {count.failed} failed")
    sys.exit(1 if count.failed or not count.passed else 0)


if __name__ == "__main__":
    main()
