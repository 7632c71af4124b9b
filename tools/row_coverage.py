#!/usr/bin/env python3
"""Run the translation tests and tell which rows of the decode tables they execute.

A row counts when its instruction was executed and judged by another emulator, or when
tests/translate/directed_rows.txt names it, with a reason, and a test with expectations of its own
executed it. Any other row is a failure."""

import argparse
import fnmatch
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, 'tools'))
import decodegen  # noqa: E402

DECODE = os.path.join(ROOT, 'frontend', 'arm', 'decode')
TABLES = ['a32.table', 't16.table', 't32.table', 'vfp.table', 'neon.table']  # as meson.build has it


def read_directed(path):
    """[(isa, mnemonic pattern, reason, line number)]"""
    found = []
    with open(path, encoding='utf-8') as f:
        for number, line in enumerate(f, 1):
            line = line.split('#')[0].strip()
            if not line:
                continue
            words = line.split(None, 2)
            if len(words) != 3 or words[0] not in ('a32', 't16', 't32', 'any'):
                sys.exit(f'{path}:{number}: not "isa mnemonic reason"')
            found.append((*words, number))
    return found


def names(entry, row):
    isa, pattern, _, _ = entry
    return isa in ('any', row.isa) and fnmatch.fnmatchcase(row.mnemonic, pattern)


def evaluate(rows, marks, directed, verbose):
    """Print the report; the number of rows that nothing covers plus list entries without a row."""
    oracle, own = marks[:len(rows)], marks[len(rows):]
    classes = {'oracle': [], 'directed': [], 'uncovered': []}
    used = set()
    for row in rows:
        entry = next((e for e in directed if names(e, row)), None)
        if oracle[row.id]:
            classes['oracle'].append(row)
        elif entry and own[row.id]:
            classes['directed'].append(row)
            used.add(entry)
        else:
            classes['uncovered'].append(row)
            used.add(entry)
    print(f'decode rows: {len(rows)}; ' + ', '.join(f'{len(v)} {k}' for k, v in classes.items()))
    for row in classes['uncovered'] + (classes['directed'] if verbose else []):
        kind = 'directed' if row in classes['directed'] else \
            'executed by a directed test but not listed' if own[row.id] else 'never executed'
        print(f'  {row.isa} {row.mnemonic} ({os.path.basename(row.where)}): {kind}')
    stale = [e for e in directed if e not in used]
    for isa, pattern, _, number in stale:
        print(f'  directed_rows.txt:{number}: no row needs {isa} {pattern}')
    return len(classes['uncovered']) + len(stale)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--directed', default=os.path.join(ROOT, 'tests', 'translate',
                                                           'directed_rows.txt'))
    parser.add_argument('--verbose', action='store_true', help='list the directed rows too')
    parser.add_argument('command', nargs=argparse.REMAINDER, help='the test program')
    options = parser.parse_args()
    _, rows = decodegen.load(os.path.join(DECODE, 'args.txt'),
                             [os.path.join(DECODE, t) for t in TABLES])
    with tempfile.NamedTemporaryFile(prefix='armemu-rows-') as f:
        f.truncate(2 * len(rows))
        status = subprocess.run(options.command, env={**os.environ, 'ARMEMU_ROWS': f.name},
                                check=False).returncode
        marks = f.read()
    if len(marks) != 2 * len(rows):
        sys.exit('row_coverage: the test program was built from other tables')
    wrong = evaluate(rows, marks, read_directed(options.directed), options.verbose)
    return status or (1 if wrong else 0)


if __name__ == '__main__':
    sys.exit(main())
