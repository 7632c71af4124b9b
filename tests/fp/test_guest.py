#!/usr/bin/env python3
"""The program guest.c, whose functions set FPSCR, compute and read it again, by armemu-user and by
QEMU: the results of all operations of ops.def on all cases, in all modes, must be the same bytes.

usage: test_guest.py ARMEMU_USER QEMU_ARM PROGRAM
"""
import subprocess
import sys

HOSTS = [[], ['-host-features', 'no-traps'], ['-host-features', 'no-avx'],
         ['-host-features', 'no-fma,no-f16c']]
RESULT = 16     # bytes of struct case_result


def output(command):
    return subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=600).stdout


def main(argv):
    armemu, qemu, program = argv[1:]
    theirs = output([qemu, '-cpu', 'max', program])
    bad = 0
    for host in HOSTS:
        ours = output([armemu, '-code-cache', 'off', *host, program])
        if ours != theirs:
            first = next((i for i in range(0, len(theirs), RESULT)
                          if ours[i:i + RESULT] != theirs[i:i + RESULT]), len(theirs))
            print(f'{" ".join(host)}: result {first // RESULT} of {len(theirs) // RESULT} differs: '
                  f'{ours[first:first + RESULT].hex()}, QEMU {theirs[first:first + RESULT].hex()}')
            bad += 1
    return 1 if bad or not theirs else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv))
