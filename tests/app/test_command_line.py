#!/usr/bin/env python3
"""Runs armemu as a user would: every wrong command line or file is one line on stderr, status 1 and
nothing on stdout; small guests print, echo, reset and power off; the monitor answers.

usage: test_command_line.py ARMEMU"""
import os
import pty
import re
import select
import subprocess
import sys
import tempfile
import termios
import time

import guest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import Cases, check # pylint: disable=wrong-import-position

ARMEMU = os.path.abspath(sys.argv[1])
MANUAL = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../docs/man/armemu.1')
TIMEOUT = 20
VIRT = ['-M', 'virt']

test = Cases()


def run(args, stdin=b''):
    return subprocess.run([ARMEMU] + args, input=stdin, capture_output=True, timeout=TIMEOUT)


IMAGE_ERROR = 65


def refused(args, pattern, status=1):
    """The command line is refused with a line that matches."""
    r = run(args)
    err = r.stderr.decode(errors='replace')
    check(r.returncode == status, 'status is not %d' % status, r)
    check(r.stdout == b'', 'something on stdout', r)
    check(err.count('\n') == 1 and err.endswith('\n'), 'not one line on stderr', r)
    check(err.startswith('armemu: '), 'does not begin with the program', r)
    check(re.search(pattern, err), 'does not match /%s/' % pattern, r)


def file(name, data):
    with open(name, 'wb') as f:
        f.write(data)
    return name


# ---- what is refused ----------------------------------------------------------------------------

REFUSED = [
    # unknown spellings and bare words
    (['-kernl', 'x'], r"unknown option '-kernl'.*'-kernel'"),
    (['--serail', 'stdio'], r"unknown option '--serail'.*'-serial'"),
    (['--zzzzzzzz'], r"unknown option '--zzzzzzzz' "),
    (['zImage'], r"'zImage' is not an option.*-kernel 'zImage'"),
    (['-M', 'virt', 'zImage'], r"'zImage' is not an option"),
    (['-'], r'not an option'),
    (['--'], r'not an option'),
    ([''], r'not? .*option'),
    (['-kernel'], r"'-kernel' needs a value"),
    (['-nographic=on'], r"takes no value"),
    (['--help', 'machin'], r"unknown topic 'machin'.*'machine'"),
    # machine and CPU
    (['-M', 'vert'], r"unknown machine 'vert'.*'virt'"),
    (['-M', ''], r"unknown machine"),
    (['-M', 'virt,secur=off'], r"unknown option 'secur'.*'secure'"),
    (['-M', 'virt,secure=on'], r"secure"),
    (['-M', 'virt,gic-version=3'], r"gic-version"),
    (['-M', 'virt,accel=kvm'], r"'kvm' is not supported"),
    (['-M', 'virt,dumpdtb='], r"dumpdtb needs a file"),
    (['-M', 'virt,dumpdtb=/nonexistent/x.dtb'], r"/nonexistent/x.dtb|dumpdtb"),
    (['-cpu', 'cortex-a16'], r"cortex-a1[5-7]"),
    (['-cpu', 'nonsense'], r"nonsense"),
    (['-M', 'virt', '-cpu', 'arm926'], r"'virt' has .*cortex-a15"),
    (['-cpu', 'cortex-a15,neon=off'], r"neon=off"),
    # memory
    (['-m', '0'], r'needs some memory'),
    (['-m', 'lots'], r"'lots' is not a size"),
    (['-m', '-5'], r"'-5' is not a size"),
    (['-m', '1X'], r"unknown suffix 'X'"),
    (['-m', '12MB'], r"unknown suffix 'MB'"),
    (['-m', '3b'], r"page size"),
    (['-m', '5K'], r"page size"),
    (['-m', '99999999999999999999'], r"too large"),
    (['-m', '99999999999999G'], r"too large"),
    (['-m', '100000G'], r"at most 261120 MiB"),
    (['-m', 'sze=5'], r"unknown option 'sze'.*'size'"),
    (['-m', '512,maxmem=4G'], r"maxmem"),
    # CPUs
    (['-smp', '0'], r"out of range"),
    (['-smp', 'two'], r"not a number"),
    (['-smp', '-1'], r"not a number"),
    (['-smp', '9'], r"at most 8 CPUs"),
    (['-smp', '99999999999'], r"out of range"),
    (['-smp', 'cpu=2'], r"unknown option 'cpu'.*'cpus'"),
    (['-smp', '4,sockets=1,cores=1,threads=1'], r"do not agree"),
    (['-smp', '3,cores=2'], r"do not agree"),
    (['-smp', '2,maxcpus=4'], r"maxcpus=4"),
    # execution
    (['-accel', 'jot'], r"'jot' is not supported; did you mean 'jit'"),
    (['-accel', 'kvm'], r"'kvm' is not supported"),
    (['-accel', 'tcg,thread=many'], r"thread=many"),
    (['-accel', 'tcg,tread=single'], r"unknown option 'tread'.*'thread'"),
    (['-accel', 'tcg,thread=single', '-smp', '2'], r"thread=single"),
    (['-rtc', 'base=localtime'], r"base=localtime"),
    (['-rtc', 'bas=utc'], r"'bas'.*'base'"),
    (['-rtc', 'base=2024-13-01'], r"base=2024-13-01"),
    (['-rtc', 'clock=rt'], r"clock=rt .*host and vm"),
    (['-rtc', 'clock=host', '-icount', '3'], r"-icount only clock=vm"),
    (['-icount', 'shift=11'], r"shift=11 .*0 to 10"),
    (['-icount', 'shift='], r"shift= is not valid"),
    (['-icount', 'shfit=1'], r"'shfit'.*'shift'"),
    (['-icount', '3,align=on'], r"align=on is not supported"),
    (['-icount', '3,sleep=maybe'], r"sleep=maybe"),
    (['-icount', '3,rr=record,rrfile=x'], r"replay.*not supported"),
    (['-seed', 'x'], r"-seed: 'x'"),
    (['--icount-report'], r"--icount-report: needs -icount"),
    (['--host-features', 'no-bmi3'], r"'no-bmi3'.*'no-bmi"),
    # logs
    (['-d', 'in_asn'], r"'in_asn'.*'in_asm'"),
    (['-M', 'virt', '-kernel', 'good', '-pidfile', '/nonexistent/pid'], r"/nonexistent/pid"),
    (['-D', '/nonexistent/log', '-d', 'int'], r"/nonexistent/log.*No such file"),
    (['-dfilter', 'abc'], r"-dfilter"),
    (['-dfilter', '0x1000'], r"-dfilter"),
    (['--perfmap=/nonexistent/map'], r"/nonexistent/map.*No such file"),
    # devices
    (['-device', 'virtio-blk-device,drive=x'], r"virtio-blk-device.*loader"),
    (['-device', 'loader,fil=x'], r"'fil'"),
    (['-device', 'loader,data=5'], r"data= needs addr="),
    (['-device', 'loader,addr=0x40000000'], r"give file=, data=, or addr= with cpu-num="),
    (['-device', 'loader,file=good'], r"good is neither an ELF.*needs addr="),
    (['-unmapped', 'war'], r"'war'.*'warn'"),
    (['-display', 'gtk'], r"-display gtk.*none"),
    (['-vga', 'std'], r"-vga std"),
    (['-net', 'user'], r"-net user"),
    (['-nic', 'user'], r"-nic.*'virt' has no network interface"),
    # character devices
    (['-serial', 'stdoi'], r"'stdoi'.*'stdio'"),
    (['-serial', 'chardev:none'], r"-serial.*none"),
    (['-serial', 'stdio', '-monitor', 'stdio'], r"-monitor.*stdio"),
    (['-serial', 'mon:stdio', '-monitor', 'null'], r"only one monitor"),
    (['-serial', 'null', '-serial', 'stdio'], r"only 1 serial port"),
    (['-serial', 'file:/nonexistent/x'], r"/nonexistent/x"),
    (['-monitor', 'mon:null'], r"-monitor"),
    (['-gdb', 'tcp:nowhere', '-kernel', 'good'], r"-gdb: .*HOST:PORT"),
    (['-gdb', 'unix:/nonexistent/gdb', '-kernel', 'good'],
     r"-gdb: .*/nonexistent/gdb.*No such file"),
    (['-gdb', 'unix:/nonexistent/gdb,server=on,wait=off', '-kernel', 'good'],
     r"-gdb: .*/nonexistent/gdb.*No such file"),
    (['-gdb', 'udp::1234', '-kernel', 'good'], r"-gdb: "),
    (['-mon', 'chardev=none', '-kernel', 'good'], r"-monitor.*'none'"),
    (['-mon', 'c,mode=control'], r"mode=control is not supported"),
    (['-mon', 'mode=readline'], r"chardev=ID is missing"),
    (['-chardev', 'stdoi,id=x'], r"'stdoi'.*'stdio'"),
    (['-chardev', 'null,id=x,muxx=on'], r"'muxx'.*'mux'"),
    (['-semihosting-config', 'enabel=on'], r"'enabel'.*'enable'"),
    (['-semihosting-config', 'maybe'], r"enable.*'maybe'"),
    (['-semihosting-config', 'target=gdb', '-kernel', 'good'], r"target=gdb needs -gdb"),
    (['-semihosting-config', 'target=gdb,root=.', '-gdb', 'unix:gdb.sock', '-kernel', 'good'],
     r"root= .*target=gdb"),
    (['-semihosting-config', 'target=natve'], r"'natve'.*'native'"),
    (['-semihosting-config', 'chardev=none', '-kernel', 'good'], r"-semihosting-config.*'none'"),
    (['-semihosting-config', 'readonly=on', '-kernel', 'good'], r"readonly= needs root="),
    (['-semihosting-config', 'root=/nonexistent', '-kernel', 'good'],
     r"root=/nonexistent.*No such"),
    # the network
    (['-netdev', 'tap,id=n'], r"-netdev.*'tap' is not supported; only 'user'"),
    (['-netdev', 'user,id=n,hostfw=x', '-M', 'mps2-an385', '-kernel', 'good', '-net',
      'nic,netdev=n'],
     r"'hostfw'.*'hostfwd'"),
    (['-netdev', 'user,id=n', '-M', 'mps2-an385', '-kernel', 'good'],
     r"-netdev user,id=n: no interface uses it"),
    (['-net', 'nic,model=e1000', '-M', 'mps2-an385'],
     r"'mps2-an385' has no 'e1000'.*model=lan9118"),
    (['-net', 'nic,netdv=n'], r"'netdv'.*'netdev'"),
    (['-net', 'nic,netdev=n', '-M', 'mps2-an385', '-kernel', 'good'], r"no network 'n'"),
    (['-net', 'nic,mac=01:00:5e:00:00:01'], r"mac=01:00:5e:00:00:01 is not"),
    (['-net', 'nic', '-M', 'lm3s6965evb'], r"'lm3s6965evb' has no network interface"),
    (['-net', 'tap'], r"-net tap: not supported"),
    (['-net', 'user', '-M', 'mps2-an385'], r"-net user: there is no interface"),
    (['-nic', 'model=lan9118', '-M', 'mps2-an385'], r"-nic: the kind of network comes first"),
    (['-nic', 'user', '-nic', 'user', '-M', 'mps2-an385'], r"has only 1 network interface"),
    # combinations of images
    (['-initrd', 'x'], r"-initrd needs -kernel"),
    (['-append', 'x'], r"-append needs -kernel"),
    (['-kernel', 'good', '-bios', 'good'], r"-kernel and -bios"),
]

LATER = ['-drive file=x', '-hda x',
         '-pflash x', '-snapshot', '-loadvm x',
         '-enable-kvm', '-virtfs x', '-object x', '-usb', '-vnc :0', '-qmp stdio', '-no-shutdown',
         '-daemonize']

BAD_FILES = [
    (['-device', 'loader,addr=0xf0000000,data=1'], r"no memory"),
    (['-device', 'loader,file=/nonexistent'], r"/nonexistent.*No such file"),
]

IMAGES = [
    ('-kernel', 'hex-sum', b':0300300002337A1F\n:00000001FF\n', r'hex-sum: line 1: bad checksum'),
    ('-kernel', 'hex-cut', b':0300300002337A1E\n', r'hex-cut: truncated: no end record'),
    ('-kernel', 'hex-nowhere', b':02000004F0000A\n:0300300002337A1E\n:00000001FF\n',
     r'hex-nowhere: its 3 bytes at 0xf0000030 do not fit.*there is 0x'),
    ('-kernel', 'srec-sum', b'S108003868656C6C6FAC\nS9030000FC\n',
     r'srec-sum: line 1: bad checksum'),
    ('-kernel', 'uf2-cut', b'UF2\nWQ\x5d\x9e' + bytes(100), r'uf2-cut: truncated'),
    ('-kernel', 'missing', None, r'missing.*No such file'),
    ('-kernel', 'empty', b'', r'empty'),
    ('-kernel', 'short', b'\0' * 10, r'short'),
    ('-kernel', 'text', b'This is not a kernel at all, but a text file of some length.\n' * 9,
     r'not a kernel'),
    ('-kernel', 'script', b'#!/bin/sh\necho hello\n' + b' ' * 100, r'script'),
    ('-kernel', 'zeros', bytes(8192), r'not a kernel'),
    ('-kernel', 'truncated', guest.zimage(4096, claimed=1 << 20), r'truncated'),
    ('-kernel', 'elf64', guest.elf64(), r'64'),
    ('-kernel', 'elf32-x86', guest.elf32(guest.idle(), machine=3), r'elf32-x86'),
    ('-kernel', 'elf32-cut', guest.elf32(guest.idle(), size=1 << 20), r'elf32-cut'),
    ('-kernel', 'elf32-nowhere', guest.elf32(guest.idle(), load=0xF0000000), r'elf32-nowhere'),
    ('-kernel', 'elf-header-only', b'\x7fELF\x01\x01\x01', r'elf-header-only'),
    ('-kernel', 'arm64', guest.arm64_image(), r'64-bit'),
    ('-kernel', 'gzip', guest.gzipped(), r'gzip'),
    ('-kernel', 'dtb-as-kernel', b'\xd0\x0d\xfe\xed' + bytes(200), r'-dtb'),
    ('-kernel', 'cpio', b'070701' + b'0' * 200, r'-initrd'),
    ('-kernel', 'too-large', guest.zimage(9 << 20), r'do(es)? not fit|-m'),
    ('-bios', 'missing', None, r'-bios.*missing.*No such file'),
    ('-bios', 'empty', b'', r'-bios.*empty'),
    ('-bios', 'bios-large', bytes((64 << 20) + 1), r'-bios.*bios-large'),
]

# These come with a good kernel.
COMPANIONS = [
    ('-initrd', 'missing', None, r'-initrd.*missing.*No such file'),
    ('-initrd', 'empty', b'', r'-initrd.*empty'),
    ('-initrd', 'initrd-large', bytes(8 << 20), r'-initrd initrd-large.*-m'),
    ('-dtb', 'missing', None, r'-dtb.*missing.*No such file'),
    ('-dtb', 'empty', b'', r'-dtb.*empty'),
    ('-dtb', 'dtb-text', b'/dts-v1/; / { };' * 9, r'-dtb dtb-text: broken device tree'),
    ('-dtb', 'dtb-cut', b'\xd0\x0d\xfe\xed\0\0\x10\0' + bytes(60), r'-dtb dtb-cut: broken'),
]


def add_refusals():
    def add(name, args, pattern, status=1):
        test.add('refused: ' + name, lambda: refused(args, pattern, status))

    for args, pattern in REFUSED:
        add(' '.join(args), args, pattern)
    for args, pattern in BAD_FILES:
        add(' '.join(args), args, pattern, IMAGE_ERROR)
    for text in LATER:
        add(text, text.split(), r"'%s' is not supported yet" % text.split()[0])
    for option, name, data, pattern in IMAGES:
        if data is not None:
            file(name, data)
        add('%s %s' % (option, name), VIRT + ['-m', '8', option, name], pattern,
            IMAGE_ERROR)
    for option, name, data, pattern in COMPANIONS:
        if data is not None:
            file(name, data)
        add('%s %s' % (option, name), VIRT + ['-m', '8', '-kernel', 'good', option, name], pattern,
            IMAGE_ERROR)
    os.mkdir('directory')
    for option in ['-kernel', '-bios']:
        add(option + ' directory', VIRT + [option, 'directory'], r'directory.*[Dd]irectory',
            IMAGE_ERROR)
    for option in ['-initrd', '-dtb']:
        add(option + ' directory', VIRT + ['-kernel', 'good', option, 'directory'],
            r'directory.*[Dd]irectory',
            IMAGE_ERROR)
    add('file name with newline', VIRT + ['-kernel', 'a\nb'], r'a.b.*No such file', IMAGE_ERROR)


# ---- help ----------------------------------------------------------------------------------------

def printed(args, *patterns):
    r = run(args)
    text = r.stdout.decode()
    check(r.returncode == 0 and r.stderr == b'', 'help failed', r)
    for line in text.splitlines():
        check(len(line) <= 80, 'more than 80 columns: ' + line)
    for pattern in patterns:
        check(re.search(pattern, text), 'no /%s/' % pattern, r)
    return text


@test
def help_fits_the_screen():
    text = printed(['--help'], r'-kernel', r'armemu\(1\)')
    check(len(text.splitlines()) <= 24, 'the overview has more than 24 lines')
    check(printed(['-h']) == text, '-h differs')
    topics = re.findall(r'^  ([a-z]+) {3,}', text, re.M)
    check(len(topics) == 8 and topics[-1] == 'all', 'topics: %r' % topics)
    for topic in topics[:-1]:
        topic_text = printed(['--help', topic])
        check(len(topic_text.splitlines()) <= 24, topic + ' has more than 24 lines')
        check(topic_text.strip() in printed(['--help', 'all']), topic + ' is not part of all')


@test
def lists():
    for args in [['-M', 'help'], ['-machine', '?']]:
        r = run(args)
        check(r.returncode == 0 and re.search(rb'^ *virt ', r.stdout, re.M), 'machines', r)
    printed(['-cpu', 'help'], r'cortex-a15', r'cortex-a7')
    printed(['-accel', 'help'], r'jit', r'lockstep')
    printed(['-device', 'help'], r'loader')
    r = run(['-d', 'help'])
    check(r.returncode == 0 and b'in_asm' in r.stdout, '-d help', r)
    r = run(['-chardev', 'help'])
    check(r.returncode == 0 and b'socket' in r.stdout, '-chardev help', r)
    check(re.fullmatch(r'armemu \d+\.\d+\.\d+\n', printed(['--version'])), 'version')


@test
def the_manual_has_the_monitor():
    with open(MANUAL) as f:
        manual = f.read()
    text, topics = monitor(['help', 'info'])
    for name in re.findall(r'^(\w+)', text, re.M) + re.findall(r'^info (\w+)', topics, re.M):
        check(re.search(r'(Cm|,) %s\b' % name, manual), 'the manual has no monitor command ' + name)


@test
def output_that_cannot_be_written():
    with open('/dev/full', 'w') as full:
        r = subprocess.run([ARMEMU, '--help'], stdout=full, stderr=subprocess.PIPE, timeout=TIMEOUT)
    check(r.returncode == 1 and r.stderr.startswith(b'armemu: '), 'status %d' % r.returncode)


# ---- guests --------------------------------------------------------------------------------------

def prints(args, text, stdin=b'', status=0):
    r = run(args, stdin)
    check(r.returncode == status, 'status is not %d' % status, r)
    check(r.stdout == text, 'stdout is not %r' % text, r)
    return r


@test
def runs_a_raw_kernel_and_powers_off():
    for console in [[], ['-nographic'], ['-serial', 'stdio'], ['-serial', 'mon:stdio'],
                    ['-display', 'none', '-serial', 'stdio', '-vga', 'none', '-net', 'none'],
                    ['-nodefaults', '-serial', 'stdio', '-monitor', 'none'],
                    ['-chardev', 'stdio,id=c', '-serial', 'chardev:c'],
                    ['-nographic', '-rtc', 'base=utc', '-no-user-config', '-name', 'x']]:
        r = prints(VIRT + ['-kernel', 'good'] + console, b'Hi\n')
        check(r.stderr == b'', 'something on stderr', r)


@test
def long_options_and_equals():
    prints(['--machine=virt', '--m=64', '--kernel=good', '--nographic'], b'Hi\n')
    prints(['-kernel', 'good'], b'Hi\n')


@test
def accelerators_agree():
    for accel in ['jit', 'tcg', 'interp', 'lockstep', 'tcg,thread=multi', 'tcg,thread=single']:
        prints(VIRT + ['-kernel', 'good', '-accel', accel], b'Hi\n')
    prints(['-M', 'virt,accel=kvm:tcg', '-kernel', 'good'], b'Hi\n')


@test
def boots_elf_bios_and_loader():
    prints(VIRT + ['-kernel', file('elf32', guest.elf32(guest.program('elf\n')))], b'elf\n')
    prints(VIRT + ['-bios', file('bios', guest.program('bios\n'))], b'bios\n')
    prints(VIRT + ['-device', 'loader,file=elf32'], b'elf\n')
    prints(VIRT + ['-device', 'loader,file=good,addr=0x40100000,cpu-num=0'], b'Hi\n')


@test
def default_monitor():
    """As with QEMU: -nographic alone puts the monitor where nothing else is."""
    serial = ['-nographic', '-serial', 'file:stdio.out']
    r = run(VIRT + ['-kernel', 'idle'] + serial, b'info status\nquit\n')
    check(r.returncode == 0 and b'VM status: running' in r.stdout, 'no monitor', r)
    prints(VIRT + ['-kernel', 'good', '-monitor', 'none'] + serial, b'')
    prints(VIRT + ['-kernel', 'good', '-nodefaults'] + serial, b'')
    prints(VIRT + ['-kernel', 'echo', '-monitor', 'none'], b'\x01cq', stdin=b'\x01cq')
    prints(VIRT + ['-kernel', 'good', '-monitor', 'null'], b'Hi\n')


@test
def without_console():
    prints(VIRT + ['-kernel', 'good', '-serial', 'none'], b'')
    prints(VIRT + ['-kernel', 'good', '-serial', 'null'], b'')
    prints(VIRT + ['-kernel', 'good', '-nodefaults'], b'')
    prints(VIRT + ['-kernel', 'good', '-serial', 'file:serial.out'], b'')
    with open('serial.out', 'rb') as f:
        check(f.read() == b'Hi\n', 'the file has something else')


@test
def reads_a_pipe():
    prints(VIRT + ['-kernel', 'echo', '-nographic'], b'hello\nq', stdin=b'hello\nqX')
    prints(VIRT + ['-kernel', 'echo', '-serial', 'stdio'], b'\x01a\x03q', stdin=b'\x01a\x03q')


@test
def escape_keys_in_a_pipe():
    prints(VIRT + ['-kernel', 'echo', '-nographic'], b'a\x01q', stdin=b'a\x01\x01q')
    r = run(VIRT + ['-kernel', 'echo', '-nographic'], b'ab\x01x')
    check(r.returncode == 0 and b'Ctrl-A x' in r.stdout, 'Ctrl-A x', r)


@test
def serial_and_monitor_share_a_device():
    mux = ['-chardev', 'stdio,id=c,mux=on', '-serial', 'chardev:c', '-monitor', 'chardev:c']
    r = run(VIRT + ['-kernel', 'echo'] + mux, b'ab\x01cinfo name\n\x01cq')
    check(r.returncode == 0 and b'(no name' in r.stdout and r.stdout.endswith(b'q'), 'mux', r)
    check(r.stdout.count(b'armemu monitor') == 1 and r.stdout.count(b'(armemu) ') == 2, 'mux', r)
    prints(VIRT + ['-kernel', 'echo'] + mux, b'abq', stdin=b'abq')  # it is silent without focus


@test
def resets():
    file('reset', guest.program('R', guest.PSCI_SYSTEM_RESET))
    prints(VIRT + ['-kernel', 'reset', '-no-reboot', '-nographic'], b'R')
    p = subprocess.Popen([ARMEMU] + VIRT + ['-kernel', 'reset', '-nographic'],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    check(p.stdout.read(5) == b'RRRRR', 'it does not start again')
    p.kill()
    p.communicate()


@test
def statistics():
    r = prints(VIRT + ['-kernel', 'good', '--stats'], b'Hi\n')
    values = dict(re.findall(r'^(\w+): (\d+)$', r.stderr.decode(), re.M))
    check(len(values) == len(r.stderr.splitlines()), 'a line is not name: value', r)
    for name in ['instructions', 'blocks_translated', 'blocks_retranslated', 'tlb_fills',
                 'tlb_flushes', 'slow_loads', 'slow_stores', 'evictions', 'peak_memory_kib',
                 'wall_us', 'lockstep_differences']:
        check(name in values, 'no ' + name, r)
    # mov; 3 x (mov, str); ldr; and hvc, which is left through the firmware call
    check(8 <= int(values['instructions']) <= 9, 'instructions: ' + values['instructions'])
    check(int(values['device_accesses']) == 3, 'device accesses: ' + values['device_accesses'])
    check(int(values['peak_memory_kib']) > 1000, 'peak memory')


@test
def hot_loops():
    """The head of a loop whose body was found hot becomes hot with it: with time that is counted in
    instructions all samples of this loop fall on its body."""
    file('loop', guest.loop(7))
    file('cold', guest.loop(5))
    where = {}
    for name in ['cold', 'loop']:
        prints(VIRT + ['-kernel', name, '-icount', '0', '-nographic', '--perfmap=' + name + '.map'],
               b'')
        with open(name + '.map') as f:
            where[name] = [int(line.split()[2][len('guest_'):], 16) for line in f]
    start, head, body, end = 0x40008000, 0x40008004, 0x4000800c, 0x40008044
    check(where['cold'] == [start, body, head, end], 'cold: %r' % where['cold'])
    check(where['loop'] == [start, body, head, body, head, end], 'hot: %r' % where['loop'])


@test
def logs_and_perfmap():
    prints(VIRT + ['-kernel', 'good', '-d', 'in_asm', '-D', 'log'], b'Hi\n')
    with open('log') as f:
        text = f.read()
    check('hvc' in text and '0x40008000' in text, 'the log has no disassembly: %r' % text[:300])
    prints(VIRT + ['-kernel', 'good', '--perfmap=map'], b'Hi\n')
    with open('map') as f:
        lines = f.read().splitlines()
    check(lines and all(re.fullmatch(r'[0-9a-f]+ [0-9a-f]+ .+', x) for x in lines),
          'perf map: %r' % lines[:3])
    prints(VIRT + ['-kernel', 'good', '--host-features', 'no-bmi2,no-lzcnt'], b'Hi\n')


@test
def process_id_in_a_file():
    """The file is there while the process is; a second is refused, one that was killed replaced."""
    first = subprocess.Popen([ARMEMU] + VIRT + ['-kernel', 'idle', '-nographic', '-pidfile', 'pid'],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        while not os.path.exists('pid') or not os.path.getsize('pid'):
            check(first.poll() is None, 'the machine ended')
            time.sleep(0.01)
        with open('pid') as f:
            check(f.read() == '%d\n' % first.pid, 'another number')
        refused(VIRT + ['-kernel', 'good', '-pidfile', 'pid'], r"-pidfile: 'pid' .*still runs")
    finally:
        first.kill()
        first.communicate()
    check(os.path.exists('pid'), 'gone')
    prints(VIRT + ['-kernel', 'good', '-pidfile', 'pid'], b'Hi\n')
    check(not os.path.exists('pid'), 'left behind')


@test
def dumps_the_device_tree():
    prints(['-M', 'virt,dumpdtb=tree', '-m', '256', '-smp', '2'], b'')
    with open('tree', 'rb') as f:
        tree = f.read()
    check(tree[:4] == b'\xd0\x0d\xfe\xed', 'no device tree')
    check(int.from_bytes(tree[4:8], 'big') <= len(tree), 'cut')
    check(b'arm,cortex-a15-gic\0' in tree and b'cpu@1\0' in tree and b'cpu@2\0' not in tree,
          'nodes')
    prints(VIRT + ['-kernel', 'good', '-dtb', 'tree'], b'Hi\n')


@test
def starts_quickly():
    best = min(timed(VIRT + ['-kernel', 'good', '-serial', 'null']) for _ in range(10))
    check(best < 0.1, 'start and end take %.1f ms' % (best * 1000))


def timed(args):
    begin = time.monotonic()
    run(args)
    return time.monotonic() - begin


# ---- the monitor ---------------------------------------------------------------------------------

def monitor(commands, args=(), kernel='idle'):
    """The monitor's answers; the machine stays paused at its first instruction."""
    text = ''.join(c + '\n' for c in commands) + 'quit\n'
    r = run(VIRT + ['-kernel', kernel, '-S', '-serial', 'none', '-monitor', 'stdio', *args],
            text.encode())
    check(r.returncode == 0 and r.stderr == b'', 'the monitor failed', r)
    answers = re.split(r'\(armemu\) ', r.stdout.decode().replace('\r\n', '\n'))[1:]
    check(len(answers) == len(commands) + 1, '%d answers' % len(answers), r)
    for command, answer in zip(commands, answers):
        check(answer.startswith(command + '\n'), 'no echo of ' + command, r)
    return [a[len(c) + 1:] for c, a in zip(commands, answers)]


def answers(command, pattern, **more):
    text, = monitor([command], **more)
    check(re.search(pattern, text), '%s: %r' % (command, text))


@test
def monitor_status():
    first, second, third = monitor(['info status', 'cont', 'info status'])
    check('paused' in first and second == '' and 'running' in third, 'info status')
    answers('info version', r'^armemu \d')
    answers('info name', r'^box$', args=['-name', 'box'])
    answers('info cpus', r'\* CPU #0: pc=0x40008000\n  CPU #1', args=['-smp', '2'])
    answers('info chardev', r'monitor: ')
    answers('info mtree', r'40000000.*ram')
    answers('info jit', r'blocks translated')
    answers('info tlb', r'contexts')
    answers('info irq', r'^gic\S*\n')
    first, second, third = monitor(['cont', 'reset halt', 'info status'])
    check(second == '' and 'paused' in third, 'reset halt')
    first, second = monitor(['reset run', 'info status'])
    check('running' in second, 'reset run')
    answers('catch', r'^undef +-\nsvc ')
    answers('catch svc', r'there is no debugger')
    answers('reset now', r"'now' is neither halt nor run")


@test
def monitor_errors():
    answers('inf', r"unknown command: 'inf'; did you mean 'info'")
    answers('info statu', r"'statu'; did you mean 'status'")
    answers('stop now', r'takes no arguments')
    answers('x', r'an address is needed')
    answers('x/3q 0', r"unknown format 'q'")
    answers('x/0x 0', r'count')
    answers('x/9999999999x 0', r'count')
    answers('x 0xffffff0000', r'cannot read|^$|:')
    answers('xp 0x09000000', r'cannot read memory at 0x0000000009000000')
    answers('x $nothing', r"no register '\$nothing'")
    answers('x 12+', r'not a number')
    answers('cpu 1', r'CPUs 0 to 0')
    answers('log in_asn', r'in_asm')


@test
def monitor_memory():
    code = guest.program('Hi\n')
    words = [int.from_bytes(code[i:i + 4], 'little') for i in range(0, 20, 4)]
    answers('x/5xw 0x40008000', '^40008000: ' + ' '.join('0x%08x' % w for w in words[:4]) +
            '\n40008010: 0x%08x\n$' % words[4], kernel='good')
    answers('xp /2gx 0x40008000', '^0000000040008000: 0x%08x%08x 0x%08x%08x\n$' %
            (words[1], words[0], words[3], words[2]), kernel='good')
    answers('x/2dh $pc', r'^40008000: +%d +%d\n$' % (words[0] & 0xFFFF, (words[0] >> 16) - 65536),
            kernel='good')
    answers('x/2ub $pc', r'^40008000: +%d +%d\n$' % (code[0], code[1]), kernel='good')
    answers('x/2i $pc', r'0x40008000: +mov\s+r1, #0x9000000\n0x40008004: +mov\s+r0, #0x48\n',
            kernel='good')
    answers('x/i 0x40008001', r'0x40008000: ', kernel='good')
    answers('x/s 0x40300000', r'"AB"', args=['-device', 'loader,addr=0x40300000,data=0x4241'])
    answers('x/3c 0x40300000', r"'A' 'B' '\\x00'", args=['-device',
                                                        'loader,addr=0x40300000,data=0x4241'])
    answers('p $pc+4-1', r'0x40008003')
    answers('gva2gpa 0x40000000', r'gpa: 0x40000000')


@test
def monitor_registers():
    text, = monitor(['info registers'])
    check(re.search(r'R15=40008000', text) and re.search(r'R01=ffffffff', text), text)


@test
def monitor_editing():
    keys = (b'infx\x7fo sta\tfoo\x17\r' b'zzz\r' b'\x1b[A\x1b[A\r' b'us\x01info stat\x05\r'
            b'zzz\x03' b'quit\r')
    r = run(VIRT + ['-kernel', 'idle', '-S', '-serial', 'none', '-monitor', 'stdio'], keys)
    check(r.returncode == 0, 'the monitor failed', r)
    check(r.stdout.count(b'VM status: paused') == 3, 'editing', r)


@test
def monitor_resets_and_powers_down():
    r = run(VIRT + ['-kernel', 'echo', '-nographic'],
            b'ab\x01csystem_reset\nsystem_powerdown\nstop\ncont\n\x01cq')
    check(r.returncode == 0 and b'(armemu) ' in r.stdout, 'reset', r)


# ---- a terminal ----------------------------------------------------------------------------------

class Terminal:
    def __init__(self, args):
        self.parent, child = pty.openpty()
        self.before = termios.tcgetattr(child)
        self.child = child
        self.output = b''
        self.process = subprocess.Popen([ARMEMU] + args, stdin=child, stdout=child, stderr=child,
                                        start_new_session=True)

    def expect(self, text):
        end = time.monotonic() + TIMEOUT
        while text not in self.output:
            ready, _, _ = select.select([self.parent], [], [], max(0, end - time.monotonic()))
            check(ready, 'no %r after %r' % (text, self.output[-300:]))
            self.output += os.read(self.parent, 4096)
        self.output = self.output[self.output.index(text) + len(text):]

    def wait_raw(self):
        """Until then the terminal itself echoes and makes signals."""
        end = time.monotonic() + TIMEOUT
        while termios.tcgetattr(self.child)[3] & termios.ICANON:
            check(time.monotonic() < end, 'the terminal does not become raw')
            time.sleep(0.005)

    def send(self, data):
        os.write(self.parent, data)

    def finish(self):
        try:
            status = self.process.wait(TIMEOUT)
            after = termios.tcgetattr(self.child)
        finally:
            if self.process.poll() is None:
                self.process.kill()
            os.close(self.parent)
            os.close(self.child)
        check(after == self.before, 'the terminal is not as it was')
        return status


@test
def terminal_raw_and_restored():
    t = Terminal(VIRT + ['-kernel', 'echo', '-nographic'])
    t.wait_raw()
    t.send(b'ab')
    t.expect(b'ab')
    t.send(b'\x03\x1a')  # no signals: the guest gets Ctrl-C and Ctrl-Z
    t.expect(b'\x03\x1a')
    t.send(b'\x01c')
    t.expect(b'(armemu) ')
    t.send(b'info sta\t\r')
    t.expect(b'VM status: running')
    t.send(b'\x01cxyz')
    t.expect(b'xyz')
    t.send(b'\x01x')
    check(t.finish() == 0, 'status')


@test
def terminal_restored_after_an_error():
    t = Terminal(VIRT + ['-kernel', 'missing', '-nographic'])
    t.expect(b'armemu: ')
    check(t.finish() == IMAGE_ERROR, 'status')


@test
def terminal_signals():
    t = Terminal(VIRT + ['-kernel', 'echo', '-serial', 'stdio'])
    t.wait_raw()
    t.send(b'ab')
    t.expect(b'ab')
    t.process.terminate()
    check(t.finish() != 0, 'status')


def main():
    with tempfile.TemporaryDirectory(prefix='armemu-test-') as folder:
        os.chdir(folder)
        file('good', guest.program('Hi\n'))
        file('echo', guest.echo())
        file('idle', guest.idle())
        add_refusals()
        status = test.run(sys.argv[2:])
        os.chdir('/')
    return status


if __name__ == '__main__':
    sys.exit(main())
