#!/usr/bin/env python3
"""The manual pages have just the options that the programs list: test_manuals.py PROGRAM...

Output is TAP, a case for each program. An option is said by its name, with one dash or two."""
import os
import re
import subprocess
import sys

PAGES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/man")
HELP = {"armemu": ["--help", "all"]}
# Accepted for the sake of others' command lines, and so in no manual
SILENT = {"no-user-config"}


def listed(program):
    """The options of --help."""
    name = os.path.basename(program)
    text = subprocess.run([program, *HELP.get(name, ["--help"])], check=True, capture_output=True,
                          text=True).stdout
    found = re.findall(r"^ {2,6}(-{1,2}\w[\w-]*(?:, -{1,2}\w[\w-]*)*)", text, re.M)
    return {option.lstrip("-") for options in found for option in options.split(", ")} - SILENT


def described(name):
    """The options that are items of the page's lists."""
    with open(os.path.join(PAGES, name + ".1"), encoding="utf-8") as file:
        items = re.findall(r"^\.It (Fl .*)$", file.read(), re.M)
    return {option for item in items for option in re.findall(r"Fl -?(\w[\w-]*)", item)}


def main():
    failed = False
    print(f"1..{len(sys.argv) - 1}")
    for number, program in enumerate(sys.argv[1:], 1):
        name = os.path.basename(program)
        options, manual = listed(program), described(name)
        good = len(options) > 15 and options == manual
        failed |= not good
        print(f"{'ok' if good else 'not ok'} {number} {name}")
        if not good:
            print(f"# only in --help: {sorted(options - manual)}, only in the manual: "
                  f"{sorted(manual - options)}")
    return failed


sys.exit(main())
