#!/usr/bin/env python3
"""Unpacks Debian's armhf packages of packages.txt into a directory in which their programs run.

Nothing of the machine's own apt or dpkg state changes: lists and downloads live in a private
directory; only the configured sources and keys are shared. No maintainer script is run: what
programs need of these is made here.

usage: tests/debian/tree.py short|long
Prints the directory: $ARMEMU_DEBIAN, by default ${XDG_CACHE_HOME:-$HOME/.cache}/armemu/debian, and
in it "short" or "long". Exit status: 0 it is there, 3 packages cannot be fetched here."""
import fcntl
import glob
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
MERGED = ["bin", "lib", "sbin"]
PASSWD = ("root:x:0:0:root:/root:/bin/bash\n"
          "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n")
GROUP = "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n"
LINKS = {"usr/bin/awk": "mawk", "usr/bin/java": "../lib/jvm/java-17-openjdk-armhf/bin/java"}


class Unavailable(Exception):
    """Why packages cannot be had."""


def place():
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.environ.get("ARMEMU_DEBIAN") or os.path.join(cache, "armemu", "debian")


def packages(kind):
    with open(os.path.join(HERE, "packages.txt"), encoding="ascii") as file:
        rows = [line.split() for line in file if line.strip() and not line.startswith("#")]
    return [name for row, name in rows if row == "short" or row == kind]


def apt(base, *arguments, check=True):
    """apt-get with a state of its own, seeing armhf packages alone; its standard output."""
    state = os.path.join(base, "apt")
    for name in ("state/lists/partial", "cache/archives/partial", "log"):
        os.makedirs(os.path.join(state, name), exist_ok=True)
    status = os.path.join(state, "status")
    with open(status, "w", encoding="ascii"):
        pass
    options = {"Dir::State": f"{state}/state", "Dir::State::status": status,
               "Dir::Cache": f"{state}/cache",
               "Dir::Log": f"{state}/log", "APT::Architecture": "armhf",
               "APT::Architectures": "armhf",
               "APT::Sandbox::User": "", "APT::Install-Recommends": "false",
               "Acquire::Languages": "none", "Acquire::Retries": "3", "Debug::NoLocking": "true"}
    command = ["apt-get", "-qq",
               *[part for name, value in options.items() for part in ("-o", f"{name}={value}")]]
    done = subprocess.run([*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False)
    if check and done.returncode != 0:
        raise Unavailable(done.stderr.decode(errors="replace").strip() or "apt-get failed")
    return done.stdout.decode()


def download(base, names):
    """Paths of the packages and of what these depend on."""
    for tool in ("apt-get", "dpkg-deb"):
        if not shutil.which(tool):
            raise Unavailable(f"needs {tool} (a Debian system)")
    # A source without armhf makes the update fail as a whole; what counts is what was found.
    apt(base, "update", check=False)
    apt(base, "install", "-y", "--download-only", *names)
    simulated = apt(base, "install", "-y", "--simulate", *names)
    wanted = {line.split()[1] for line in simulated.splitlines() if line.startswith("Inst ")}
    archives = os.path.join(base, "apt", "cache", "archives")
    found = {os.path.basename(path).split("_")[0]: path for path in sorted(glob.glob(archives
                                                                                     + "/*.deb"))}
    missing = sorted(wanted - set(found))
    if missing or not wanted:
        raise Unavailable("not downloaded: " + " ".join(missing or names))
    return [found[name] for name in sorted(wanted)]


def unpack(path, tree):
    """In a tree in which /bin is usr/bin and so on."""
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", path], stdout=subprocess.PIPE) as data:
        subprocess.run(["tar", "-x", "--keep-directory-symlink", "--no-same-owner", "-f", "-", "-C",
                        tree],
                       stdin=data.stdout, check=True)
    if data.returncode:
        raise Unavailable(f"dpkg-deb fails on {path}")


def complete(tree):
    """What maintainer scripts would make."""
    for name, text in {"etc/passwd": PASSWD, "etc/group": GROUP,
                       "etc/hosts": "127.0.0.1 localhost\n"}.items():
        with open(os.path.join(tree, name), "w", encoding="ascii") as file:
            file.write(text)
    for name, target in LINKS.items():
        path = os.path.join(tree, name)
        found = os.path.exists(os.path.join(os.path.dirname(path), target))
        if found and not os.path.lexists(path):
            os.symlink(target, path)
    for name in ("lib64", "usr/lib/x86_64-linux-gnu", "proc", "sys", "dev", "tmp", "root", "mnt"):
        os.makedirs(os.path.join(tree, name), exist_ok=True)


def make(base, kind):
    names = packages(kind)
    tree, work = os.path.join(base, kind), os.path.join(base, f".{kind}.work")
    stamp = os.path.join(base, f"{kind}.packages")
    text = "\n".join(names)
    if os.path.isdir(tree) and os.path.exists(stamp):
        with open(stamp, encoding="ascii") as file:
            if file.read() == text:
                return tree
    print(f"debian: fetching the {kind} tree", file=sys.stderr)
    files = download(base, names)
    shutil.rmtree(work, ignore_errors=True)
    for name in MERGED:
        os.makedirs(os.path.join(work, "usr", name))
        os.symlink("usr/" + name, os.path.join(work, name))
    for path in files:
        unpack(path, work)
    complete(work)
    shutil.rmtree(tree, ignore_errors=True)
    os.rename(work, tree)
    with open(stamp, "w", encoding="ascii") as file:
        file.write(text)
    return tree


def debian_tree(kind):
    """The directory of a tree, made if it is not there; Unavailable."""
    base = place()
    os.makedirs(base, exist_ok=True)
    with open(os.path.join(base, ".lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return make(base, kind)


def main():
    if len(sys.argv) != 2 or sys.argv[1] not in ("short", "long"):
        sys.exit(__doc__)
    try:
        print(debian_tree(sys.argv[1]))
    except Unavailable as reason:
        print(f"debian: {reason}", file=sys.stderr)
        sys.exit(3)


if __name__ == "__main__":
    main()
