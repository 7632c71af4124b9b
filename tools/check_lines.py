#!/usr/bin/env python3
"""Finds lines of C and Python that go beyond column 100. usage: check_lines.py

Looks at the files that git knows, in the working tree. Exit status 1 if there is such a line."""
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
COLUMNS = 100
KINDS = ["*.c", "*.h", "*.def", "*.S", "*.py"]


def main():
    listed = subprocess.run(["git", "ls-files", "-z", *KINDS], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout
    found = 0
    files = [name for name in listed.split("\0") if name]
    for name in files:
        with open(os.path.join(ROOT, name), encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if len(line.rstrip("\n")) > COLUMNS:
                    print(f"{name}:{number}: longer than {COLUMNS} columns")
                    found += 1
    print(f"{len(files)} files, {found} lines beyond column {COLUMNS}")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
