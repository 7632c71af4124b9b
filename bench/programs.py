#!/usr/bin/env python3
"""Compares armemu-user with qemu-arm on Debian's own armhf programs.

Programs come from a directory into which armhf packages have been unpacked: coreutils gzip xz-utils
bzip2 sqlite3 mawk perl lua5.4 python3 openssl gcc x264 libjpeg-turbo-progs, and what they depend
on. The last two use Advanced SIMD. djpeg looks for it in /proc/cpuinfo, which under QEMU is the
host's, so it is told to. Runs are interleaved; the table gives medians of the CPU time. Each
program runs once before it is measured, which fills the code cache. `openssl prime` tests 2^2203 -
1, with the arithmetic that RSA is made of; the bytecode interpreter and qsort are
bench/guest/compute.c. Start-up, work and vectors have a mean each.

usage: bench/programs.py --root DIR [-n RUNS] [--armemu-user FILE] [NAME ...]"""
import argparse
import math
import os
import resource
import statistics
import subprocess
import sys
import tempfile

import table

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SQL = ("create table t(a,b); with recursive c(x) as (select 1 union all select x+1 from c where "
       "x<100000) "
       "insert into t select x, x*7919%10007 from c; create index i on t(b); "
       "select count(*),sum(a) from t where b between 100 and 5000;")
AWK = "BEGIN{for(i=0;i<1500000;i++){s+=i%7;a[i%1000]=s} print s; for(k in a)t+=a[k]; print t}"
PERL = ('my %h; for my $i (1..400000){$h{$i%1000}.=chr(65+$i%26) if length($h{$i%1000}//"")<50; '
        '$s+=$i*3} print "$s\\n"')
LUA = ("local t={} for i=1,3000000 do t[i%1000+1]=(t[i%1000+1] or 0)+i*2 end "
       "local function f(n) if n<2 then return n end return f(n-1)+f(n-2) end print(t[7],f(25))")
PYTHON = "d={}\nfor i in range(400000): d[i%1000]=d.get(i%1000,0)+i*i\nprint(sum(d.values()))"
C_SOURCE = ("#include <stdio.h>\n"
            "int main(void) { for (int i = 0; i < 9; i++) printf(\"%d\\n\", i * i); }\n")

KINDS = {"start-up": ("true", "python3 -c pass", "cc1 -O2"),
         "vectors": ("djpeg", "x264")} # others: work


def picture(width, height, shift):
    """Bytes of a smooth and noisy grey picture."""
    waves = [128 + 60 * math.sin(x / 17) for x in range(width + height + shift)]
    return bytes(int(waves[x + y // 2 + shift] + (x * y * 7919 >> 5) % 31) for y in range(height)
                 for x in range(width))


def pictures(root, scratch):
    """Files: a clip of raw pictures, and a JPEG."""
    clip, image = os.path.join(scratch, "clip.y4m"), os.path.join(scratch, "image.jpg")
    with open(clip, "wb") as file:
        file.write(b"YUV4MPEG2 W320 H240 F25:1 C420jpeg\n")
        for n in range(20):
            file.write(b"FRAME\n" + picture(320, 240, 3 * n) + picture(160, 120, n)
                       + picture(160, 120, 2 * n))
    colours = bytes(v for x in picture(1024, 256, 0) for v in (x, x * 3 & 255, 255 - x)) * 12
    subprocess.run(["qemu-arm", "-L", root, os.path.join(root, "usr/bin/cjpeg"), "-outfile", image],
                   input=b"P6\n1024 3072\n255\n" + colours, check=True)
    return clip, image


def programs(root, scratch):
    """Name, command."""
    clip, image = pictures(root, scratch)
    data = os.path.join(root, "usr/bin/perl") # some megabytes to work on
    source = os.path.join(scratch, "source.i")
    preprocessed = subprocess.run(["arm-linux-gnueabihf-gcc", "-E", "-x", "c", "-"], check=True,
                                  input=C_SOURCE.encode(), stdout=subprocess.PIPE).stdout
    with open(source, "wb") as file:
        file.write(preprocessed)
    compiler = "usr/lib/gcc/arm-linux-gnueabihf/12/cc1"
    compute = os.path.join(scratch, "compute")
    subprocess.run(["arm-linux-gnueabihf-gcc", "-O2",
                    os.path.join(ROOT, "bench", "guest", "compute.c"), "-o", compute],
                   check=True)
    return {name: [os.path.join(root, command[0]), *command[1:]] for name, command in {
        "true": ["bin/true"],
        "python3 -c pass": ["usr/bin/python3", "-c", "pass"],
        "cc1 -O2": [compiler, "-quiet", "-O2", source, "-o", "/dev/null"],
        "gzip": ["bin/gzip", "-kc", data],
        "xz": ["usr/bin/xz", "-1", "-kc", data],
        "bzip2": ["bin/bzip2", "-kc", data],
        "sha256sum": ["usr/bin/sha256sum", *[data] * 8],
        "sqlite3": ["usr/bin/sqlite3", ":memory:", SQL],
        "mawk": ["usr/bin/mawk", AWK],
        "perl": ["usr/bin/perl", "-e", PERL],
        "lua5.4": ["usr/bin/lua5.4", "-e", LUA],
        "python3": ["usr/bin/python3", "-c", PYTHON],
        "openssl prime": ["usr/bin/openssl", "prime", "-hex", "-checks", "64", f"{2**2203 - 1:X}"],
        "bytecode interpreter": [compute, "bytecode"],
        "qsort": [compute, "qsort"],
        "djpeg": ["usr/bin/djpeg", image],
        "x264": ["usr/bin/x264", "--quiet", "--threads", "1", "--muxer", "raw", "-o", "/dev/stdout",
                 clip],
    }.items()}


def run(command):
    """CPU seconds, and what came of it."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return seconds, (done.returncode, done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", required=True, metavar="DIR")
    parser.add_argument("-n", type=int, default=5, metavar="RUNS")
    parser.add_argument("--armemu-user", default=os.path.join(ROOT, "build", "app", "armemu-user"))
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    ratios = {"start-up": [], "work": [], "vectors": []}
    print("\n".join(table.head("armemu", "QEMU")))
    with tempfile.TemporaryDirectory() as scratch:
        for name, command in programs(options.root, scratch).items():
            if options.names and name not in options.names:
                continue
            mine = [options.armemu_user, "-E", "JSIMD_FORCENEON=1", "-L", options.root, *command]
            other = ["qemu-arm", "-E", "JSIMD_FORCENEON=1", "-L", options.root, *command]
            if run(mine)[1] != run(other)[1]:
                sys.exit(f"{name}: not the same output")
            times = [(run(mine)[0], run(other)[0]) for _ in range(options.n)]
            armemu, qemu = (statistics.median(column) for column in zip(*times))
            kind = next((kind for kind, names in KINDS.items() if name in names), "work")
            ratios[kind].append(qemu / armemu)
            print(table.row(name, armemu, qemu, "ms"), flush=True)
    for kind, values in ratios.items():
        if values:
            print(table.mean(values, name=f"geometric mean, {kind}"))


if __name__ == "__main__":
    main()
