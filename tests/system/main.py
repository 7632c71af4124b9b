#!/usr/bin/env python3
"""Runs the system tests of one module: main.py ARMEMU MODULE [NAME...]

Output is TAP. NAME selects single tests (test_NAME in the module)."""
from driver import Context
from harness import run_module

if __name__ == "__main__":
    run_module(Context)
