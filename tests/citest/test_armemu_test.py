#!/usr/bin/env python3
"""armemu-test: verdicts, exit statuses, reports and errors. usage: test_armemu_test.py ARMEMU_TEST
IMAGES"""
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
from harness import check, run_cases # pylint: disable=wrong-import-position

PROGRAM, IMAGES = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
BOARD = ["-M", "mps2-an385"]
PASSED, FAILED, FAULT, LOCKUP, VIRTUAL, WALL, IMAGE, INTERNAL, USAGE = range(9)


def image(name):
    return os.path.join(IMAGES, name + ".elf")


def run(*arguments, cwd=None):
    """Returns exit status, standard output and standard error output."""
    p = subprocess.run([PROGRAM, *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                       text=True, errors="replace", cwd=cwd, timeout=120, check=False)
    return p.returncode, p.stdout, p.stderr


def expect(status, *arguments, out=None, err=None, cwd=None):
    """Runs and checks exit status and output (regular expressions)."""
    got, stdout, stderr = run(*arguments, cwd=cwd)
    what = f"{arguments}: status {got}\n{stdout}\n{stderr}"
    check(got == status, f"status {status} expected; {what}")
    check(out is None or re.search(out, stdout, re.M), f"'{out}' expected; {what}")
    check(err is None or re.search(err, stderr, re.M), f"'{err}' expected; {what}")
    return stdout


def results(folder, *arguments):
    """The tests of the JSON report, by name."""
    path = os.path.join(folder, "result.json")
    run(*arguments, "--json", path)
    with open(path, encoding="utf-8") as file:
        return {t["name"] + "#" + str(t["repetition"]): t for t in json.load(file)["tests"]}


# ---- verdicts ------------------------------------------------------------------------------------

VERDICTS = [ # image, options, status, verdict and reason
    ("arguments", [], PASSED, r"^passed: .*arguments"),
    ("arguments", ["--args", "a 3"], FAILED, r"^failed: .*: exit status 3, not 0"),
    ("arguments", ["--args", "a 3", "--exit", "3"], PASSED, r"^passed"),
    ("fault", [], FAULT, r"^guest fault: .*PRECISERR.*0x60000000.*no end after"),
    ("lockup", [], LOCKUP, r"^lockup: "),
    ("spin", [], VIRTUAL, r"^timeout \(virtual\): .*no end after 0.05 s of guest time"),
    ("spin", ["--instructions", "1000"], VIRTUAL, r"within the instructions.*\(1000 instructions"),
    ("spin", ["--timeout", "1e6", "--wall-timeout", "0.2"], WALL,
     r"^timeout \(wall\): .*no end after 0.2 s"),
    ("flood", ["--output-limit", "4K", "--timeout", "9"], FAILED, r"^failed: .*--output-limit"),
]


def test_verdicts(_):
    for name, options, status, line in VERDICTS:
        expect(status, *BOARD, "--timeout", "0.05", image(name), *options, out=line)


def test_waiting_for_nothing(_):
    expect(VIRTUAL, *BOARD, "--timeout", "3", image("wait"),
           out=r"^timeout \(virtual\): .*(cannot come|no end)")


def test_the_highest_verdict_counts(_):
    out = expect(IMAGE, *BOARD, "--timeout", "0.05", image("arguments"), image("spin"),
                 "/nonexistent.elf", image("fault"), image("arguments"))
    check("5 tests: 2 passed, 1 guest fault, 1 timeout (virtual), 1 image error" in out, out)


def test_faults_are_explained(_):
    out = expect(FAULT, *BOARD, "--timeout", "0.05", image("fault"))
    for part in ["about to fault", "look", "fault.c:6", "main", "0x60000000"]:
        check(part in out, f"'{part}' expected in {out}")


def test_malformed_images(folder):
    with open(image("arguments"), "rb") as file:
        good = file.read()
    bad = {"empty": b"", "short": good[:40], "truncated": good[:0x1020],
           "class": good[:4] + b"\2" + good[5:], "machine": good[:18] + b"\x3e" + good[19:]}
    for name, data in bad.items():
        path = os.path.join(folder, name + ".elf")
        with open(path, "wb") as file:
            file.write(data)
        out = expect(IMAGE, *BOARD, path, image("arguments"), "-j1")
        check(out.count("\n") == 3 and "1 passed, 1 image error" in out, f"{name}: {out}")


def hex_record(address, kind, data):
    body = bytes([len(data), address >> 8, address & 0xff, kind]) + data
    return ":" + (body + bytes([-sum(body) & 0xff])).hex().upper() + "\n"


def srec_record(address, data):
    body = bytes([len(data) + 5]) + address.to_bytes(4, "big") + data
    return "S3" + (body + bytes([~sum(body) & 0xff])).hex().upper() + "\n"


def uf2_block(number, count, address=0x100, size=256, magic=0x0ab16f30):
    words = [0x0a324655, 0x9e5d5157, 0, address, size, number, count, 0]
    return b"".join(w.to_bytes(4, "little") for w in words) + bytes(476) + \
        magic.to_bytes(4, "little")


HEX_END = ":00000001FF\n"
MALFORMED = [ # name, contents, reason
    ("sum.hex", hex_record(0, 0, b"\1\2\3\4")[:-3] + "00\n" + HEX_END,
     r"line 1: bad checksum"),
    ("end.hex", hex_record(0, 0, b"\1\2\3\4"), r"truncated|end"),
    ("letters.hex", ":04zz\n" + HEX_END, r"line 1"),
    ("twice.hex", hex_record(0, 0, b"\1\2\3\4") + hex_record(2, 0, b"\1\2\3\4") + HEX_END,
     r"both|overlap|twice"),
    ("outside.hex", hex_record(0, 4, b"\x90\x00") + hex_record(0, 0, b"\1\2\3\4") + HEX_END,
     r"0x90000000 do not fit into memory; there is"),
    ("sum.srec", srec_record(0, b"\1\2\3\4")[:-3] + "00\nS70500000000FA\n",
     r"line 1: bad checksum"),
    ("outside.srec", srec_record(0x90000000, b"\1\2\3\4") + "S70500000000FA\n",
     r"0x90000000 do not fit into memory"),
    ("half.uf2", uf2_block(0, 2), r"truncated: 1 blocks of 2"),
    ("magic.uf2", uf2_block(0, 1, magic=0), r"magic|block"),
    ("outside.uf2", uf2_block(0, 1, address=0x90000000), r"0x90000000 do not fit into memory"),
]


def test_malformed_formats(folder):
    for name, contents, reason in MALFORMED:
        path = os.path.join(folder, name)
        with open(path, "wb") as file:
            file.write(contents if isinstance(contents, bytes) else contents.encode())
        out = expect(IMAGE, *BOARD, path, image("arguments"), "-j1",
                     out=rf"^image error: .*{re.escape(name)}.*{reason}")
        check(out.count("\n") == 3 and "1 passed, 1 image error" in out, f"{name}: {out}")


def test_images_that_overlap(folder):
    raw, suite = os.path.join(folder, "raw.bin"), os.path.join(folder, "s.yaml")
    with open(raw, "wb") as file:
        file.write(bytes(64))
    with open(suite, "w", encoding="utf-8") as file:
        file.write(f"machine: mps2-an385\ntests:\n"
                   f"  - {{image: {image('arguments')}, load: 'file={raw},addr=0x10'}}\n"
                   f"  - {{image: {image('arguments')}, load: 'file={raw},addr=0x100000'}}\n")
    out = expect(IMAGE, suite, "-j1", out=r"^image error: .*overlaps.*both have bytes for 0x0")
    check(out.count("\n") == 3 and "1 passed, 1 image error" in out, out)


# ---- limits and policies -------------------------------------------------------------------------

def test_memory_limit(_):
    out = expect(INTERNAL, *BOARD, "--memory-limit", "1M", "--timeout", "1000", image("spin"),
                 image("arguments"), out=r"^internal error: .*more than --memory-limit")
    check(out.endswith("s\n") and "2 tests: " in out, out)


def test_unmapped_policies(_):
    fault = [*BOARD, "--timeout", "0.05", image("fault"), "--exit", "1"]
    expect(FAULT, *fault, "--unmapped", "fault")
    expect(PASSED, *fault, "--unmapped", "zero")
    expect(PASSED, *fault, "--unmapped", "warn", "--verbose")
    out = expect(FAILED, *fault[:-2], "--unmapped", "warn",
                 out=r"read of 4 bytes at 0x60000000, where nothing is, by 0x\w+ look")
    check(out.count("where nothing is") == 1, out)


# ---- determinism ---------------------------------------------------------------------------------

def test_runs_are_equal(folder):
    tests = [*BOARD, image("ticks"), image("cover"), image("again"), "--repeat", "5"]
    jit = results(folder, *tests)
    check(len(jit) == 15, jit)
    for name, first in jit.items():
        other = jit[name.rsplit("#", 1)[0] + "#1"]
        for key in ["instructions", "state_hash", "virtual_seconds", "output"]:
            check(first[key] == other[key], f"{name}: {key}: {first[key]}, {other[key]}")
    for options in [["--accel", "interp"], ["--coverage", os.path.join(folder, "out.info")]]:
        others = results(folder, *tests, *options)
        for name, first in jit.items():
            for key in ["instructions", "state_hash", "virtual_seconds", "output", "verdict"]:
                check(first[key] == others[name][key],
                      f"{options}: {name}: {key}: {first[key]}, {others[name][key]}")


def test_lockstep(_):
    expect(PASSED, *BOARD, "--accel", "lockstep", image("ticks"), image("cover"))


# ---- suites --------------------------------------------------------------------------------------

def test_list_filter_shard(_):
    suite = os.path.join(IMAGES, "suite.yaml")
    names = expect(PASSED, "--list", suite).split("\n")[:-1]
    check("echo" in names and "arguments.elf" in names and "cover/cover.elf" in names, names)
    check(expect(PASSED, "--list", suite, "--filter", "arg")
          == "arguments.elf\narguments with status\n", "filter")
    expect(USAGE, "--list", suite, "--filter", "*t*o", err=r"--filter: no test .*'\*t\*o'")
    expect(USAGE, suite, "--filter", "ehco", err=r"--filter: no test .*'ehco'")
    shards = [expect(PASSED, "--list", suite, "--shard", f"{i}/3").split("\n")[:-1] for i in (1, 2,
                                                                                              3)]
    check(sorted(sum(shards, [])) == sorted(names), shards)


def test_fail_fast(_):
    out = expect(FAILED, *BOARD, "-j1", "--fail-fast", "--args", "1", image("arguments"),
                 image("ticks"), image("ticks"))
    check("3 tests: 0 passed, 1 failed, 2 not run" in out, out)


def test_progress_on_a_terminal(_):
    main, terminal = pty.openpty()
    with subprocess.Popen([PROGRAM, *BOARD, image("arguments"), image("ticks")],
                          stdin=subprocess.DEVNULL, stdout=terminal, stderr=terminal) as p:
        os.close(terminal)
        text = b""
        try:
            while piece := os.read(main, 4096):
                text += piece
        except OSError: # the other end is closed
            pass
    os.close(main)
    check(p.returncode == 0 and b"\033" in text and b"2 tests: 2 passed" in text, text)


def test_progress_needs_a_terminal(_):
    check("\033" not in expect(PASSED, *BOARD, image("arguments")), "escape sequence")


SUITES = [ # text, line:column, message
    ("tests: [\n", "2:1", r"flow"),
    ("a: b: c\n", "1:5", r"mapping"),
    ("", "1:1", r"empty"),
    ("machine: mps2-an385\n", "1:1", r"no list 'tests'"),
    ("machin: mps2-an385\ntests: []\n", "1:1", r"unknown key 'machin'; did you mean 'machine'"),
    ("tests:\n  - image: x.elf\n", "2:5", r"no machine"),
    ("machine: m\ntests:\n  - name: x\n", "3:5", r"no image"),
    ("machine: m\ntests:\n  - image: x\n    images: [y]\n", "3:5", r"either"),
    ("machine: m\ntests:\n  - image: x\n    timeout: soon\n", "4:14",
     r"'soon' is not a number of seconds"),
    ("machine: m\ntests:\n  - image: x\n    output-limit: 4000000000G\n", "4:19", r"at most 1024G"),
    ("machine: m\ntests:\n  - image: x\n    exit: 256\n", "4:11",
     r"'256' is not a number from 0 to 255"),
    ("machine: m\ntests:\n  - image: x\n    expect: {regex: '('}\n", "4:21",
     r"not a regular expression"),
    ("machine: m\ntests:\n  - images: ['*.nothing']\n", "3:14", r"no file matches"),
    ("machine: m\ntests:\n  - image: x\n    uart0: {inputs: x}\n", "4:13", r"did you mean 'input'"),
    ("machine: m\ntests:\n  - image: x\n    files: {../x: y}\n", "4:13", r"not a name below"),
    ("machine: m\ntests:\n  - {load: 'fil=x'}\n", "3:12", r"unknown option 'fil'.*'file'"),
    ("machine: m\ntests: []\n", "2:8", r"list of tests is empty"),
    ("machine: m\ntests: 5\n", "2:8", r"must be a list"),
    ("machine: m\nmachine: n\ntests: []\n", "2:1", r"'machine' is given twice"),
    ("machine: m\ntests:\n  - {image: x, exit: 1, exit: 2}\n", "3:25", r"'exit' is given twice"),
    ("machine: m\ntests: [x]\n---\nmachine: n\n", "4:1", r"one document"),
    ("machine: m\ntests: [x]\n---\n: [\n", "4:1", r"parsing"),
    ("machine: m\ntests:\n  - {image: x, name: \"a\\e[1m\"}\n", "3:22", r"control characters"),
    ("machine: m\ntests:\n\t- x\n", "3:1", r"cannot start"),
    ("machine: m\ntests: &t\n  - *t\n", "2:8", r"keys with values"),
]


def test_bad_suites(folder):
    path = os.path.join(folder, "bad.yaml")
    for text, place, message in SUITES:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        status, out, err = run(path, "--junit", os.path.join(folder, "no.xml"))
        what = f"{text!r}: {status} {out} {err}"
        check(status == USAGE and out == "" and err.count("\n") == 1, what)
        check(f"{path}:{place}: " in err and re.search(message, err), what)
        check(not os.path.exists(os.path.join(folder, "no.xml")), what)


def test_files_beside_the_suite(folder):
    """Names in a suite are relative to its folder, those of `load` as well."""
    suite = os.path.join(folder, "a,b", "s.yaml")
    os.mkdir(os.path.dirname(suite))
    for name in ["arguments", "file"]:
        shutil.copy(image(name), os.path.join(folder, "a,b", name + ".elf"))
    with open(suite, "w", encoding="utf-8") as file:
        file.write("machine: mps2-an385\nargs: 0\ntests:\n"
                   "  - {name: load, load: 'cpu-num=0,file=arguments.elf'}\n"
                   "  - {name: image, image: arguments.elf}\n"
                   "  - {name: none, image: file.elf, stdin: x, files: {nope: x}}\n")
    out = expect(FAILED, "a,b/s.yaml", cwd=folder, out=r"^failed: none: there is no file nope \(")
    check("2 passed, 1 failed" in out, out)


def test_unknown_machine_in_a_suite(folder):
    path = os.path.join(folder, "s.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"tests:\n  - "
                   f"{{image: {image('arguments')}, machine: mps2-an386, cpu: cortex-m4}}\n"
                   f"  - {{image: {image('arguments')}, machine: mps2-an38}}\n")
    expect(IMAGE, path, out=r"^image error: .*unknown machine 'mps2-an38'.*'mps2-an38")


def test_all_uarts(folder):
    path = os.path.join(folder, "s.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"machine: mps2-an385\ntests:\n"
                   f"  - {{image: {image('arguments')}, name: last, uart4: {{reject: x}}}}\n"
                   f"  - {{image: {image('arguments')}, name: behind, uart5: {{reject: x}}}}\n"
                   f"  - {{image: {image('arguments')}, name: input, uart7: {{input: x}}}}\n")
    out = expect(IMAGE, path)
    for line in [r"^passed: last", r"^image error: behind: there is no uart5: 'mps2-an385' has 5",
                 r"^image error: input: there is no uart7: 'mps2-an385' has 5 UARTs"]:
        check(re.search(line, out, re.M), f"{line}: {out}")


def test_a_folder_as_suite(folder):
    path = os.path.join(folder, "s.yaml")
    os.mkdir(path)
    expect(USAGE, path, err=r"s\.yaml: Is a directory")


USAGE_ERRORS = [
    ([], r"no image"), (["x.elf"], r"no machine"), (["-M", "mps2", "x"], r"unknown machine 'mps2'"),
    (["--shard", "4/3"], r"--shard"), (["--shard", "4294967297/3"], r"--shard"),
    (["--instructions", "18446744073709551616"], r"--instructions"),
    (["--timeout", "1e-12"], r"--timeout"), (["--jobs", "0"], r"-j"),
    (["--timeou", "3"], r"did you mean '--timeout'"),
    (["--json"], r"needs a value"), (["--list=1"], r"takes no value"),
    (["nothing.yaml"], r"No such file"),
    (["--seed", "x"], r"--seed"), (["--output-limit", "1025G"], r"--output-limit.*at most 1024G"),
    (["--timeout", "-1"], r"--timeout"), (["--unmapped", "x"], r"--unmapped"),
]


def test_usage_errors(_):
    for arguments, message in USAGE_ERRORS:
        expect(USAGE, *arguments, err=r"^armemu-test: .*" + message)


# ---- reports -------------------------------------------------------------------------------------

def test_junit_fits_the_schema(folder):
    path = os.path.join(folder, "result.xml")
    suite = os.path.join(IMAGES, "suite.yaml")
    for arguments in [[suite], [*BOARD, "--timeout", "0.05", "--args", "<&\">'3",
                                image("arguments"),
                                image("fault"), image("spin"), "/nonexistent", "-j1"],
                      [*BOARD, "--fail-fast", "-j1", image("spin"), image("ticks"), "--timeout",
                       "0.01"]]:
        run(*arguments, "--junit", path)
        p = subprocess.run(["xmllint", "--noout", "--schema", os.path.join(HERE, "junit.xsd"),
                            path],
                           capture_output=True, text=True, check=False)
        check(p.returncode == 0, p.stderr)
    check(os.listdir(folder) == ["result.xml"], os.listdir(folder))


def test_json(folder):
    tests = results(folder, *BOARD, "--timeout", "0.05", image("arguments"), image("fault"))
    good, bad = tests[image("arguments") + "#1"], tests[image("fault") + "#1"]
    check(good["verdict"] == "passed" and good["output"]["console"].startswith("arguments: "), good)
    check(good["instructions"] > 20 and 0 < good["virtual_seconds"] < 0.05, good)
    check(re.fullmatch("[0-9a-f]{16}", good["state_hash"]), good)
    check(bad["verdict"] == "guest fault" and "fault.c" in bad["explanation"], bad)


def test_zero_bytes(folder):
    zero = image("zero")
    check(results(folder, *BOARD, zero)[zero + "#1"]["output"]["uart0"] == "before?behind\r\n",
          "JSON")
    expect(FAILED, *BOARD, zero, "--exit", "1", out=r"\| before\?behind")


def test_control_characters(folder):
    """Those of C0 and C1 do not reach the terminal; others do."""
    suite = os.path.join(folder, "s.yaml")
    with open(suite, "w", encoding="utf-8") as file:
        file.write(f"machine: mps2-an385\ntests:\n  - image: {image('echo')}\n    uart0:\n"
                   "      input: [\"a\\e[1m\\u009b1mb \\u00e4\\n\", "
                   "{after: a, send: \"quit\\n\"}]\n"
                   "      reject: quit\n")
    expect(FAILED, suite, out=r"got a\?\[1m\?1mb \u00e4$")


def test_reports_cannot_be_written(folder):
    for option in ["--junit", "--json", "--coverage"]:
        out = expect(INTERNAL, *BOARD, image("cover"), option, os.path.join(folder, "none", "x"),
                     err=option)
        check(out == "", f"known before the tests have run: {out}")
    path = os.path.join(folder, "x")
    expect(USAGE, *BOARD, image("cover"), "--junit", path, "--json", path,
           err="--junit and --json are the same file")


def test_killed_at_any_time(folder):
    """What is left after SIGKILL is complete, or nothing. Where the reports are large and tests
    few, most of the time is spent on writing."""
    names = ["x.xml", "x.json", "x.info"]
    command = [PROGRAM, *BOARD, image("cover"), image("flood"), "--repeat", "3", "-q"]
    for option, name in zip(["--junit", "--json", "--coverage"], names):
        command += [option, os.path.join(folder, name)]
    started = time.monotonic()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
    whole = time.monotonic() - started
    sizes = {name: os.path.getsize(os.path.join(folder, name)) for name in names}
    for k in range(40):
        for name in os.listdir(folder):
            os.remove(os.path.join(folder, name))
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True) as p:
            time.sleep(whole * (0.5 + k / 60))
            try:
                os.killpg(p.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        for name in os.listdir(folder):
            path = os.path.join(folder, name)
            check(name in names or os.path.getsize(path) in sizes.values(), f"{name} is left")
            if name == "x.xml":
                check(subprocess.run(["xmllint", "--noout", path], check=False).returncode == 0,
                      "JUnit")
            elif name == "x.json":
                with open(path, encoding="utf-8") as file:
                    json.load(file)
            elif name == "x.info":
                with open(path, encoding="utf-8") as file:
                    check(file.read().endswith("end_of_record\n"), "LCOV")


def test_full_disk(folder):
    """On a file system of 16 KiB, in a name space of its own."""
    script = (f"mount -t tmpfs -o size=16k none {folder} && cd {folder} && "
              "\"$@\"; s=$?; ls -A; exit $s")
    small = ["unshare", "-rm", "sh", "-c", script, "sh"]
    if subprocess.run([*small, "true"], capture_output=True, check=False).returncode:
        return # not allowed here
    for option in ["--junit", "--json", "--coverage"]:
        p = subprocess.run([*small, PROGRAM, *BOARD, image("cover"), image("flood"), "--repeat",
                            "80", "-q", "--timeout", "0.01", option, "x"], capture_output=True,
                           text=True, check=False)
        fits = option == "--coverage" # merged over all tests
        check(p.returncode == (FAULT if fits else INTERNAL) or p.returncode in (FAILED, VIRTUAL)
              and fits, f"{option}: {p}")
        left = p.stdout.rstrip("\n").split("\n")[-1]
        check(left == "x" if fits else "tests: " in left and "No space left" in p.stderr,
              f"{option}: {p}")


def lcov_of(path, source):
    """Lines, functions and ways of branches of a source file in a tracefile."""
    lines, functions, branches, at = {}, {}, {}, None
    with open(path, encoding="utf-8") as file:
        for line in file.read().split("\n"):
            kind, _, rest = line.partition(":")
            fields = rest.split(",")
            if kind == "SF":
                at = os.path.basename(rest)
            elif at == source and kind == "DA":
                lines[int(fields[0])] = int(fields[1])
            elif at == source and kind == "FNDA":
                functions[fields[1]] = int(fields[0])
            elif at == source and kind == "BRDA":
                branches.setdefault(int(fields[0]), []).append(fields[3])
    return lines, functions, branches


def check_comments(info, name):
    """What the program's comments say of its lines and branches."""
    lines, functions, branches = lcov_of(info, name)
    with open(os.path.join(HERE, "firmware", name), encoding="utf-8") as file:
        source = file.read().split("\n")
    for number, text in enumerate(source, 1):
        comment = re.search(r"/\* (.*) \*/", text)
        if not comment or number == 1:
            continue
        ways = [w not in ("0", "-") for w in branches.get(number, [])]
        if comment[1] == "executed":
            check(lines.get(number, 0) > 0, f"line {number}: {lines}")
        elif comment[1] == "not executed" and number in lines:
            check(lines[number] == 0, f"line {number}: {lines}")
        elif comment[1] == "both":
            check(ways.count(True) >= 2, f"line {number}: {branches}")
        elif comment[1] == "only false":
            check(ways and ways.count(True) == 1, f"line {number}: {branches}")
    return functions


def test_coverage(folder):
    info = os.path.join(folder, "out.info")
    expect(PASSED, *BOARD, image("cover"), "--coverage", info)
    functions = check_comments(info, "cover.c")
    check(functions["sign"] == 1 and functions["main"] == 1, functions)
    check(functions.get("unused", 0) == 0, functions)


def test_coverage_of_hot_code(folder):
    info = os.path.join(folder, "out.info")
    expect(PASSED, *BOARD, image("hot"), "--coverage", info)
    check_comments(info, "hot.c")


def test_coverage_is_merged_and_read_by_genhtml(folder):
    info = os.path.join(folder, "out.info")
    expect(PASSED, *BOARD, image("cover"), image("ticks"), image("cover"), "--coverage", info)
    lines, _, _ = lcov_of(info, "cover.c")
    check(max(lines.values()) == 2, lines)
    check(max(lcov_of(info, "firmware.c")[0].values()) >= 2, "firmware.c")
    if not shutil.which("genhtml"):
        return
    p = subprocess.run(["genhtml", "--branch-coverage", "-o", os.path.join(folder, "html"), info],
                       capture_output=True, text=True, check=False)
    check(p.returncode == 0 and "lines......" in p.stdout, p.stdout + p.stderr)


COMMON = """int pick(int a);
int pick(int a)
{
    if (a > 3)
        return 1;
    return 2;
}
"""
USER = """int pick(int a);
%s
int main(void) { return pick(%d) == %d ? 0 : 1; }
"""


def test_coverage_of_code_in_several_images(folder):
    """The branches of a file that is in two images, at different addresses, are the same ones."""
    sources = os.path.join(HERE, "firmware")
    programs = {"common": COMMON, "a": USER % ("", 5, 1),
                "b": USER % ("int before(int x) { return x * 77; }", 2, 2)}
    for name, text in programs.items():
        with open(os.path.join(folder, name + ".c"), "w", encoding="utf-8") as file:
            file.write(text)
    for name in "ab":
        subprocess.run(["arm-none-eabi-gcc", "-g", "-O0", "-mthumb", "-mcpu=cortex-m3",
                        "-ffreestanding", "-nostdlib", "-static", "-I" + sources,
                        "-Wl,--build-id=none,-T," + os.path.join(sources, "firmware.ld"), "-o",
                        name + ".elf", os.path.join(sources, "firmware.c"), name + ".c",
                        "common.c"], check=True, cwd=folder, capture_output=True)
    expect(PASSED, *BOARD, "a.elf", "b.elf", "--coverage", "out.info", cwd=folder)
    lines, functions, branches = lcov_of(os.path.join(folder, "out.info"), "common.c")
    check(branches == {4: ["1", "1"]}, branches)
    check((lines[4], lines[5], lines[6], functions) == (2, 1, 1, {"pick": 2}), lines)


REMOVED = """static volatile int sink;
void removed(int a);
void removed(int a)
{
%s}
__attribute__((noinline)) int kept(int a);
int kept(int a)
{
    return a ? 1 : 2;
}
int main(void) { return kept(1) - 1; }
"""


def test_coverage_of_what_the_linker_has_removed(folder):
    """It has been put at address 0, over the vector table and the code behind it."""
    sources = os.path.join(HERE, "firmware")
    body = "".join(f"    if (a & {1 << (i % 30)}) sink = {i};\n" for i in range(100))
    text = REMOVED % body
    with open(os.path.join(folder, "r.c"), "w", encoding="utf-8") as file:
        file.write(text)
    subprocess.run(["arm-none-eabi-gcc", "-g", "-O1", "-mthumb", "-mcpu=cortex-m3",
                    "-ffunction-sections", "-ffreestanding", "-nostdlib", "-static",
                    "-I" + sources, "-Wl,--gc-sections,--build-id=none,-T," +
                    os.path.join(sources, "firmware.ld"), "-o", "r.elf",
                    "r.c", os.path.join(sources, "firmware.c")], check=True, cwd=folder,
                   capture_output=True)
    expect(PASSED, *BOARD, "r.elf", "--coverage", "out.info", cwd=folder)
    lines, functions, branches = lcov_of(os.path.join(folder, "out.info"), "r.c")
    first = 1 + text.split("\n").index("int kept(int a)")
    check(lines and min(lines) >= first, lines)
    check(set(functions) <= {"kept", "main"} and "kept" in functions, functions)
    check(len(branches) <= 1 and all(len(ways) == 2 for ways in branches.values()), branches)


def test_lines_where_the_linker_has_removed_code(folder):
    """The explanation of a fault names the line of the code that is there."""
    sources = os.path.join(HERE, "firmware")
    removed = "".join(f"    if (a & {1 << (i % 30)}) sink = {i};\n" for i in range(100))
    # the load is behind other instructions of its line
    loads = "".join('    __asm__ volatile ("nop; nop; nop; nop; ldr %0, [%0]" :: '
                    f'"r"(a == {i} ? 0x60000000 : 0x20000000));\n' for i in range(8))
    text = (REMOVED % removed).replace("    return a ? 1 : 2;\n", loads + "    return 0;\n")
    first = 1 + text[:text.index(loads)].count("\n")
    with open(os.path.join(folder, "r.c"), "w", encoding="utf-8") as file:
        file.write(text.replace("kept(1)", "kept(K)"))
    for k in range(8):
        subprocess.run(["arm-none-eabi-gcc", "-g", "-O0", "-mthumb", "-mcpu=cortex-m3", f"-DK={k}",
                        "-ffunction-sections", "-ffreestanding", "-nostdlib", "-static",
                        "-I" + sources, "-Wl,--gc-sections,--build-id=none,-T," +
                        os.path.join(sources, "firmware.ld"), "-o", "r.elf", "r.c",
                        os.path.join(sources, "firmware.c")], check=True, cwd=folder,
                       capture_output=True)
        out = expect(FAULT, *BOARD, "r.elf", "--timeout", "0.01", cwd=folder,
                     out=rf"at  0x\w+  kept\+0x\w+ \(.*r\.c:{first + k}\)$")
        check(out.count("  main+") == 1 and "  reset+" in out, f"the callers: {out}")


def test_coverage_of_one_file_by_several_names(folder):
    """Folders of builds differ, the source does not."""
    sources = os.path.join(HERE, "firmware")
    for name, text in {"common": COMMON, "a": USER % ("", 5, 1), "b": USER % ("", 2, 2)}.items():
        with open(os.path.join(folder, name + ".c"), "w", encoding="utf-8") as file:
            file.write(text)
    for name in "ab":
        build = os.path.join(folder, "build-" + name)
        os.mkdir(build)
        subprocess.run(["arm-none-eabi-gcc", "-g", "-O0", "-mthumb", "-mcpu=cortex-m3",
                        "-ffreestanding", "-nostdlib", "-static", "-I" + sources,
                        "-Wl,--build-id=none,-T," + os.path.join(sources, "firmware.ld"), "-o",
                        "x.elf", os.path.join(sources, "firmware.c"), f"../{name}.c",
                        "../common.c"], check=True, cwd=build, capture_output=True)
    expect(PASSED, *BOARD, "build-a/x.elf", "build-b/x.elf", "--coverage", "out.info", cwd=folder)
    with open(os.path.join(folder, "out.info"), encoding="utf-8") as file:
        check(file.read().count("common.c\n") == 1, "one file, one record")
    lines, _, branches = lcov_of(os.path.join(folder, "out.info"), "common.c")
    check(lines[4] == 2 and branches == {4: ["1", "1"]}, f"{lines} {branches}")


def test_coverage_of_interpreter_is_equal(folder):
    texts = []
    for accel in ["jit", "interp"]:
        info = os.path.join(folder, accel)
        expect(PASSED, *BOARD, image("cover"), image("ticks"), "--accel", accel, "--coverage", info)
        with open(info, encoding="utf-8") as file:
            texts.append(file.read())
    check(texts[0] == texts[1] and "BRDA" in texts[0], "coverage differs")


def test_manual_is_complete(_):
    with open(os.path.join(HERE, "..", "..", "docs", "man", "armemu-test.1"),
              encoding="utf-8") as file:
        manual = file.read()
    options = re.findall(r"^  (?:-\w, )?-+([\w-]+)", expect(PASSED, "--help"), re.M)
    check(len(options) > 20, options)
    for name in options:
        check(re.search(rf"Fl -?{name}\b", manual), f"the manual has no --{name}")


def test_as_a_program(_):
    script = os.path.join(HERE, "..", "..", "app", "armemu-run")
    environment = {**os.environ, "ARMEMU": os.path.join(os.path.dirname(PROGRAM), "armemu")}
    p = subprocess.run([script, "mps2-an385", image("arguments"), "a,b", "c d", "3"],
                       env=environment,
                       stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                       check=False)
    check(p.returncode == 3 and "arguments.elf a,b c d 3\n" in p.stdout + p.stderr, f"{p}")


def test_interrupted(folder):
    junit = os.path.join(folder, "x.xml")
    with subprocess.Popen([PROGRAM, *BOARD, image("spin"), "--timeout", "1e6", "--junit", junit],
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as p:
        time.sleep(0.5)
        p.send_signal(signal.SIGINT)
        _, err = p.communicate(timeout=60)
    check(p.returncode == 130 and b"interrupted" in err, f"{p.returncode} {err}")
    check(os.listdir(folder) == [], os.listdir(folder))


def test_folders_of_killed_tests(folder):
    """A test that has to be killed leaves no folder behind, either."""
    suite = os.path.join(folder, "s.yaml")
    with open(suite, "w", encoding="utf-8") as file:
        file.write("machine: mps2-an385\ntests:\n"
                   f"  - {{image: {image('spin')}, files: {{x: y}}, timeout: 1e6}}\n")
    scratch = os.path.join(folder, "tmp")
    os.mkdir(scratch)
    environment = {**os.environ, "TMPDIR": scratch}
    for options, status in [(["--memory-limit", "1M"], INTERNAL), ([], 130)]:
        with subprocess.Popen([PROGRAM, suite, *options], env=environment,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as p:
            if not options:
                time.sleep(0.5)
                p.send_signal(signal.SIGTERM)
            check(p.wait(timeout=60) == status, f"{options}: {p.returncode}")
        check(os.listdir(scratch) == [], f"{options}: {os.listdir(scratch)}")


def test_output_that_nobody_reads(folder):
    """As in `armemu-test ... | head`: reports are written, and nothing is left behind."""
    scratch = os.path.join(folder, "tmp")
    os.mkdir(scratch)
    junit = os.path.join(folder, "x.xml")
    reading, writing = os.pipe()
    os.close(reading)
    p = subprocess.run([PROGRAM, *BOARD, image("arguments"), image("ticks"), "--junit", junit],
                       stdin=subprocess.DEVNULL, stdout=writing, timeout=60, check=False,
                       env={**os.environ, "TMPDIR": scratch})
    os.close(writing)
    check(p.returncode == 0 and os.path.exists(junit), f"{p}")
    check(os.listdir(scratch) == [], os.listdir(scratch))


def in_folder(function):
    """A case in a folder of its own."""
    def body():
        with tempfile.TemporaryDirectory(prefix="armemu-test-") as folder:
            function(folder)
    return body


if __name__ == "__main__":
    sys.exit(run_cases([(name[5:], in_folder(value)) for name, value in list(globals().items())
                        if name.startswith("test_")], sys.argv[3:]))
