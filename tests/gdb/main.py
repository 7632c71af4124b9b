#!/usr/bin/env python3
"""Runs the tests of one module on armemu: main.py ARMEMU MODULE [NAME...]

Output is TAP. NAME selects single tests (test_NAME in the module)."""
from driver import Context
from harness import run_module

if __name__ == "__main__":
    run_module(Context)
