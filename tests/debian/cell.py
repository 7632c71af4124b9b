#!/usr/bin/env python3
"""A command in a root directory of its own whose ARM programs an emulator runs.

The command sees an unpacked tree as its root, with a writable layer that goes with it, its own
processes, network (loopback alone) and System V objects; the kernel runs ARM programs by the
emulator (binfmt_misc, flags POCF). All by user namespaces, without privileges; Linux 6.7 is needed.

usage: tests/debian/cell.py [--cache DIR] [--usage FD] EMULATOR TREE COMMAND [ARGUMENT...]
What is written to descriptor FD at the end is "STATUS USER_SECONDS SYSTEM_SECONDS MAX_KIB"."""
import argparse
import ctypes
import fcntl
import os
import signal
import socket
import struct
import sys
import tempfile

LIBC = ctypes.CDLL(None, use_errno=True)
NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = (0x20000, 0x4000000, 0x8000000, 0x10000000,
                                                  0x20000000, 0x40000000)
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
MNT_DETACH = 2
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
MAGIC = (rb":armemu-cell:M::\x7fELF\x01\x01\x01"
         rb"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x28\x00:"
         rb"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff"
         rb":%s:POCF")
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
               "HOME": "/root", "LANG": "C.UTF-8", "TERM": "xterm", "TZ": "UTC", "USER": "root"}
# Where the emulator's own libraries are
LIBRARIES = ["/lib64", "/lib/x86_64-linux-gnu"]


def checked(result):
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def mount(source, target, kind=None, flags=0, data=None):
    encoded = [part.encode() if part is not None else None for part in (source, target, kind, data)]
    checked(LIBC.mount(encoded[0], encoded[1], encoded[2], ctypes.c_ulong(flags), encoded[3]))


def write(path, data):
    with open(path, "wb", buffering=0) as file:
        file.write(data)


def enter():
    """New namespaces, of which this user is root."""
    uid, gid = os.geteuid(), os.getegid()
    checked(LIBC.unshare(NEWUSER | NEWNS | NEWUTS | NEWIPC | NEWPID | NEWNET))
    write("/proc/self/setgroups", b"deny")
    write("/proc/self/uid_map", b"0 %d 1" % uid)
    write("/proc/self/gid_map", b"0 %d 1" % gid)


def loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(link, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(link, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


def furnish(scratch, tree, emulator, cache):
    """The new root directory."""
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    mount("tmpfs", scratch, "tmpfs")
    upper, work, root = (os.path.join(scratch, name) for name in ("upper", "work", "root"))
    for path in (upper, work, root):
        os.mkdir(path)
    mount("overlay", root, "overlay", 0,
          f"lowerdir={tree},upperdir={upper},workdir={work},userxattr")
    mount("proc", root + "/proc", "proc")
    mount("sysfs", root + "/sys", "sysfs")
    mount("/dev", root + "/dev", None, MS_BIND | MS_REC)
    mount("tmpfs", root + "/tmp", "tmpfs")
    mount("tmpfs", root + "/dev/shm", "tmpfs")
    for path in LIBRARIES:
        mount(os.path.realpath(path), root + path, None, MS_BIND)
    if cache:
        code = root + "/root/.cache/armemu/code"
        os.makedirs(code)
        mount(cache, code, None, MS_BIND)
    binfmt = root + "/proc/sys/fs/binfmt_misc"
    mount("binfmt_misc", binfmt, "binfmt_misc")
    write(binfmt + "/register", MAGIC % emulator.encode())
    write("/proc/sys/kernel/hostname", b"cell")
    return root


def inside(options, scratch):
    """First process of the cell: runs the command, and what it leaves behind ends with the cell."""
    LIBC.prctl(1, signal.SIGKILL, 0, 0, 0)
    loopback_up()
    root = furnish(scratch, options.tree, os.path.realpath(options.emulator), options.cache)
    child = os.fork()
    if child == 0:
        os.chroot(root)
        os.chdir("/root")
        os.closerange(3, 4096)
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGQUIT,
                       signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        try:
            os.execve(options.command[0], options.command, ENVIRONMENT)
        except OSError as error:
            os.write(2, f"cell: {options.command[0]}: {error.strerror}\n".encode())
            os._exit(126)
    done = 0
    while done != child:
        done, status, usage = os.wait3(0)
    return os.waitstatus_to_exitcode(status), usage


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", metavar="DIR", help="of translated code, which is kept")
    parser.add_argument("--usage", metavar="FD", type=int,
                        help="where to tell what the command took")
    parser.add_argument("emulator")
    parser.add_argument("tree")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    # Nothing of the host's environment decides anything inside; the directory is only a mount
    # point.
    scratch = tempfile.mkdtemp(prefix="armemu-cell-")
    try:
        enter()
        first = os.fork()
        if first == 0:
            try:
                status, usage = inside(options, scratch)
            except OSError as error:
                os.write(2, f"cell: {error}\n".encode())
                os._exit(125)
            if options.usage is not None:
                text = f"{status} {usage.ru_utime} {usage.ru_stime} {usage.ru_maxrss}\n"
                os.write(options.usage, text.encode())
            os._exit(status if status >= 0 else 128 - status)
        status = os.waitstatus_to_exitcode(os.waitpid(first, 0)[1])
    except OSError as error:
        print(f"cell: {error}", file=sys.stderr)
        status = 125
    finally:
        LIBC.umount2(scratch.encode(), MNT_DETACH)
        os.rmdir(scratch)
    sys.exit(status if status >= 0 else 128 - status)


if __name__ == "__main__":
    main()
