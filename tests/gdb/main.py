#!/usr/bin/env python3
"""Runs the tests of one module on armemu: main.py ARMEMU MODULE [NAME...]

Output is TAP. NAME selects single tests (test_NAME in the module)."""
import importlib
import sys
import tempfile

from driver import Context, run_tests


def main():
    armemu, module, *names = sys.argv[1:]
    functions = vars(importlib.import_module("test_" + module))
    tests = [value for name, value in functions.items()
             if name.startswith("test_") and (not names or name[5:] in names)]
    with tempfile.TemporaryDirectory(prefix="armemu-gdb-") as scratch:
        failures = run_tests(Context(armemu, scratch), tests)
    sys.exit(1 if failures or not tests else 0)


if __name__ == "__main__":
    main()
