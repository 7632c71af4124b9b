#!/usr/bin/env python3
"""Runs an ARM program by the kernel (binfmt_misc, flags POCF) in a user namespace.

usage: by_kernel.py EMULATOR PROGRAM NAME [ARGUMENT...]
NAME is what the program gets as argv[0]. Exit status: the program's; 77 when this kernel does not
let us."""
import ctypes
import os
import sys

NEWNS, NEWUSER = 0x20000, 0x10000000
MAGIC = (rb":armemu-test:M::\x7fELF\x01\x01\x01"
         rb"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x28\x00:"
         rb"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff"
         rb":%s:POCF")
MAGIC_BE8 = (rb":armemu-test-be8:M::\x7fELF\x01\x02\x01"
             rb"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x28:"
             rb"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff"
             rb":%s:POCF")
BINFMT = "/proc/sys/fs/binfmt_misc"


def main():
    libc = ctypes.CDLL(None)
    uid, gid = os.geteuid(), os.getegid()
    if libc.unshare(NEWUSER | NEWNS) != 0:
        sys.exit(77)
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(text)
    if libc.mount(b"binfmt_misc", BINFMT.encode(), b"binfmt_misc", 0, None) != 0:
        sys.exit(77)
    for magic in (MAGIC, MAGIC_BE8):
        with open(BINFMT + "/register", "wb", buffering=0) as file:
            file.write(magic % os.path.abspath(sys.argv[1]).encode())
    os.execv(sys.argv[2], sys.argv[3:])


if __name__ == "__main__":
    main()
