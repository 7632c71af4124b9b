"""What the tests in Python share: checks, and running cases with TAP on standard output.

A case is a function that returns when all is well. Why one fails is said on standard error, which
meson shows in full."""
import concurrent.futures
import importlib
import subprocess
import sys
import tempfile
import traceback


class Failure(AssertionError):
    """What a test expected did not happen."""


class Skip(Exception):
    """A test cannot be run here."""


def _text(output):
    """The end of what a program printed; all of a sanitizer's report."""
    text = output.decode(errors="replace") if isinstance(output, bytes) else output or ""
    report = text.find("ERROR: AddressSanitizer")
    return text[report:report + 3000] if report >= 0 else text[-1500:]


def check(condition, message, result=None):
    """@result: a subprocess.CompletedProcess that the message is about."""
    if condition:
        return
    if result is not None:
        message += (f"\n  {' '.join(map(str, result.args))}\n  status {result.returncode}"
                    f"\n  stdout {_text(result.stdout)!r}\n  stderr {_text(result.stderr)}")
    raise Failure(message)


def diagnose(text):
    """Says why a case failed."""
    for line in text.splitlines():
        print("# " + line, file=sys.stderr, flush=True)


def _run_case(case):
    """(name, None), (name, why it failed), or (name, Skip)."""
    name, function = case
    try:
        function()
        return name, None
    except Skip as skip:
        return name, skip
    except Failure as failure:
        return name, str(failure)
    except subprocess.CalledProcessError as error:
        return name, f"{error}\n{_text(error.stderr)}"
    except Exception: # pylint: disable=broad-except
        return name, traceback.format_exc()


def run_cases(cases, names=(), jobs=1):
    """Runs (name, function) pairs, or those in @names, @jobs at a time. Returns the exit status."""
    chosen = [case for case in cases if not names or case[0] in names]
    failed = 0
    print(f"1..{len(chosen)}", flush=True)
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        results = pool.map(_run_case, chosen) if jobs > 1 else map(_run_case, chosen)
        for number, (name, why) in enumerate(results, 1):
            if why is None or isinstance(why, Skip):
                print(f"ok {number} - {name}" + (f" # SKIP {why}" if why else ""), flush=True)
                continue
            failed += 1
            diagnose(f"{name}: {why}")
            print(f"not ok {number} - {name}", flush=True)
    return 1 if failed or not chosen else 0


class Cases:
    """Cases in the order in which they are made."""

    def __init__(self):
        self.cases = []

    def add(self, name, function):
        self.cases.append((name, function))

    def __call__(self, function):
        """As a decorator."""
        self.add(function.__name__, function)
        return function

    def run(self, names=(), jobs=1):
        return run_cases(self.cases, names, jobs)


def run_module(make_context):
    """The command line MAIN ARMEMU MODULE [NAME...]: the functions test_NAME of the module
    test_MODULE, each with what @make_context makes of the program and a folder for files."""
    if len(sys.argv) < 3 or sys.argv[1].startswith("-"):
        sys.exit(f"usage: {sys.argv[0]} ARMEMU MODULE [NAME...]")
    armemu, module, *names = sys.argv[1:]
    functions = vars(importlib.import_module("test_" + module))
    with tempfile.TemporaryDirectory(prefix="armemu-test-") as scratch:
        context = make_context(armemu, scratch)
        cases = [(name[5:], lambda function=value: function(context))
                 for name, value in functions.items() if name.startswith("test_")]
        sys.exit(run_cases(cases, names))
