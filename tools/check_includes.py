#!/usr/bin/env python3
"""Checks the layers: which folder includes headers of which (docs/ARCHITECTURE.md).

A name in the table is a folder with everything below it; the longest name that fits counts. What
is not in a folder's list is an error, as is a folder that the table does not know. A name with a
file stands for that file alone."""
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
INCLUDE = re.compile(r'\s*#\s*include\s+"([^"]+)"')
EVERYTHING = None
NOT_OURS = {"tests", "bench", "docs", "tools"}

LAYERS = {
    "util": [],
    "fp": ["util"],
    "ir": ["fp", "util"],
    "ir/opt": ["ir", "util"],
    "ir/interp": ["ir", "util"],
    "backend": ["ir", "util"],
    "backend/x86_64": ["backend", "fp", "ir", "util"],
    "softmmu": ["util"],
    "frontend": ["ir", "util"],
    "frontend/arm": ["fp", "frontend", "ir", "softmmu", "util"],
    "engine": ["backend/backend.h", "frontend/guest.h", "ir", "ir/interp", "ir/opt", "softmmu",
               "util"],
    "host": ["util"],
    "semihosting": ["util"],
    "devices": ["host", "util"],
    "machines": ["devices", "host", "softmmu", "util"],
    "roms": [],
    "roms/src": [],
    "debug": ["backend/backend.h", "devices", "engine", "frontend", "frontend/arm", "host", "ir",
              "softmmu", "util", "semihosting/semihosting.h"],
    "ui": ["devices", "host", "util"],
    "process": ["debug", "engine", "frontend", "frontend/arm", "host", "ir", "softmmu", "util"],
    "vm": ["backend", "backend/x86_64", "debug", "devices", "engine", "frontend", "frontend/arm",
           "host", "ir", "ir/interp", "ir/opt", "machines", "semihosting", "softmmu", "util"],
    "citest": ["debug", "engine", "frontend/guest.h", "host", "machines", "semihosting", "util",
               "vm"],
    "app": EVERYTHING,
}


def layer_of(path):
    """The longest name in the table that @path lies below, or None."""
    folder = os.path.dirname(path)
    while folder and folder not in LAYERS:
        folder = os.path.dirname(folder)
    return folder or None


def allowed(layer, path):
    """Whether a file of @layer may include @path."""
    permitted = LAYERS[layer]
    target = layer_of(path)
    return permitted is EVERYTHING or target == layer or target in permitted or path in permitted


def sources():
    """All C files and headers of the layers, relative to the root."""
    for top in sorted(os.listdir(ROOT)):
        if top.startswith((".", "build")) or top in NOT_OURS:
            continue
        for folder, _, files in os.walk(os.path.join(ROOT, top)):
            for name in sorted(files):
                if name.endswith((".c", ".h", ".def", ".S")):
                    yield os.path.relpath(os.path.join(folder, name), ROOT)


def check_file(path):
    """Returns the messages about one file, as file:line: text."""
    layer = layer_of(path)
    if layer is None:
        return [f"{path}:1: a folder that tools/check_includes.py does not know"]
    messages = []
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            match = INCLUDE.match(line)
            if not match or "/" not in match[1] or not layer_of(match[1]):
                continue # a generated or a neighbouring file
            if not allowed(layer, match[1]):
                messages.append(f"{path}:{number}: {layer} must not include {match[1]}")
    return messages


def main():
    files = list(sources())
    messages = [message for path in files for message in check_file(path)]
    for message in messages:
        print(message)
    print(f"{len(files)} files, {len(messages)} includes against the layers")
    sys.exit(1 if messages or not files else 0)


if __name__ == "__main__":
    main()
