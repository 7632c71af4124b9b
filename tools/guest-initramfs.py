#!/usr/bin/env python3
"""Builds an initramfs for the guests: a gzip-compressed cpio archive (newc), every entry owned by
root, without needing root. The result depends on the inputs alone (no times, no host names).

The whole system:   guest-initramfs.py --busybox FILE -o initramfs.cpio.gz [--add ...]
Only what is added: guest-initramfs.py -o extra.cpio.gz --add scripts/bench=FILE ...

The kernel unpacks archives that follow one another in one file, so an archive of additions can be
appended to the first (cat a.cpio.gz b.cpio.gz)."""
import argparse
import gzip
import os
import stat
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PROFILE = b"PS1='armemu:\\w# '\nalias poweroff='poweroff -f'\nalias reboot='reboot -f'\n"
DIRECTORIES = ["bin", "dev", "etc", "proc", "root", "scripts", "sys", "tmp", "usr"]
LINKS = {"sbin": "bin", "usr/bin": "../bin", "usr/sbin": "../bin"}


class Archive:
    """A cpio archive in the "newc" format, in memory."""

    def __init__(self):
        self.data = bytearray()
        self.inode = 0
        self.known = set()

    def entry(self, name, mode, content=b"", device=(0, 0)):
        """Appends one entry. mode is st_mode, with the type."""
        self.inode += 1
        path = name.encode() + b"\0"
        links = 2 if stat.S_ISDIR(mode) else 1
        fields = [self.inode, mode, 0, 0, links, 0, len(content), 0, 0, *device, len(path), 0]
        self.data += b"070701" + b"".join(b"%08X" % field for field in fields) + path
        self.pad()
        self.data += content
        self.pad()
        self.known.add(name)

    def pad(self):
        self.data += bytes(-len(self.data) % 4)

    def directory(self, name):
        """Appends a directory with its parents, where they are not there yet."""
        parent = os.path.dirname(name)
        if parent:
            self.directory(parent)
        if name not in self.known:
            self.entry(name, stat.S_IFDIR | 0o755)

    def file(self, name, content, mode):
        if os.path.dirname(name):
            self.directory(os.path.dirname(name))
        self.entry(name, stat.S_IFREG | mode, content)

    def link(self, name, target):
        self.entry(name, stat.S_IFLNK | 0o777, target.encode())

    def finish(self):
        self.inode = -1
        self.entry("TRAILER!!!", 0)
        self.data += bytes(-len(self.data) % 512)
        return bytes(self.data)


def applet_names(busybox):
    """The names of busybox's applets, from the sorted table of strings inside the binary."""
    start = busybox.find(b"[\0[[\0")
    if start < 0:
        sys.exit("guest-initramfs: no table of applets in busybox")
    end = busybox.index(b"\0\0", start)
    return busybox[start:end].decode("ascii").split("\0")


def read(path):
    with open(path, "rb") as file:
        return file.read()


def add_system(archive, busybox_path):
    """The directories, devices, busybox with its links, and /init."""
    busybox = read(busybox_path)
    for name in DIRECTORIES:
        archive.directory(name)
    for name, target in LINKS.items():
        archive.link(name, target)
    archive.entry("dev/console", stat.S_IFCHR | 0o600, device=(5, 1))
    archive.entry("dev/null", stat.S_IFCHR | 0o666, device=(1, 3))
    archive.file("bin/busybox", busybox, 0o755)
    for name in applet_names(busybox):
        if name != "busybox":
            archive.link("bin/" + name, "busybox")
    archive.file("etc/profile", PROFILE, 0o644)
    archive.file("etc/passwd", b"root::0:0:root:/root:/bin/sh\n", 0o644)
    archive.file("etc/group", b"root:x:0:\n", 0o644)
    archive.file("etc/inittab", b"::once:/etc/session\n::ctrlaltdel:/sbin/reboot\n", 0o644)
    archive.file("etc/session", read(os.path.join(HERE, "guest-session.sh")), 0o755)
    archive.file("init", read(os.path.join(HERE, "guest-init.sh")), 0o755)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--busybox", help="a static ARM busybox: build the whole system around it")
    parser.add_argument("--add", action="append", default=[], metavar="NAME=FILE",
                        help="add FILE as NAME (no leading slash)")
    options = parser.parse_args()
    archive = Archive()
    if options.busybox:
        add_system(archive, options.busybox)
    for pair in options.add:
        name, path = pair.split("=", 1)
        archive.file(name, read(path), os.stat(path).st_mode & 0o777)
    part = "%s.part%d" % (options.output, os.getpid())
    with open(part, "wb") as file:
        file.write(gzip.compress(archive.finish(), 6, mtime=0))
    os.replace(part, options.output)


if __name__ == "__main__":
    main()
