#!/usr/bin/env python3
"""Runs ARM programs by armemu-user and by qemu-arm, and compares what they print and how they end;
and looks at armemu-user's own options and errors.

usage: test_process.py ARMEMU_USER DIRECTORY_OF_GUESTS QEMU_ARM_OR_DASH"""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import Cases, check # pylint: disable=wrong-import-position

USER = os.path.abspath(sys.argv[1])
GUESTS = os.path.abspath(sys.argv[2])
QEMU = sys.argv[3]
PREFIX = '/usr/arm-linux-gnueabihf'
BUSYBOX = os.path.expanduser('~/.cache/armemu/guests/busybox')
TIMEOUT = 120

test = Cases()


def guest(name, kind='static'):
    return os.path.join(GUESTS, '%s.%s' % (name, kind))


def run(args, options=(), env=None, **more):
    return subprocess.run([USER] + list(options) + list(args), capture_output=True, timeout=TIMEOUT,
                          env=env, **more)


def same_as_qemu(args, options=(), env=None):
    """Output and status are those of qemu-arm."""
    mine = run(args, options, env)
    if QEMU == '-':
        check(mine.returncode >= 0, 'ended by a signal', mine)
        return mine
    other = subprocess.run([QEMU] + list(options) + list(args), capture_output=True,
                           timeout=TIMEOUT, env=env)
    check(mine.returncode == other.returncode, 'qemu-arm: status %d' % other.returncode, mine)
    check(mine.stdout == other.stdout, 'qemu-arm prints %r' % other.stdout[-1500:], mine)
    return mine


def refused(args, pattern, status=1):
    r = run(args)
    err = r.stderr.decode(errors='replace')
    check(r.returncode == status, 'status is not %d' % status, r)
    check(r.stdout == b'', 'something on stdout', r)
    check(err.count('\n') == 1 and err.startswith('armemu-user: '), 'not one line', r)
    check(re.search(pattern, err), 'does not match /%s/' % pattern, r)


def add_guest(name, kind, accel=None):
    def body():
        options = ['-L', PREFIX] if kind == 'dynamic' else []
        if accel is None:
            r = same_as_qemu([guest(name, kind), 'one', 'two words', ''], options)
            check(b'FAIL' not in r.stdout, 'failure', r)
            return
        jit = run([guest(name, kind)], options)
        r = run([guest(name, kind)], options + ['-accel', accel])
        check(r.returncode != 127 and r.returncode == jit.returncode and r.stdout == jit.stdout,
              accel + ' differs', r)
        check(r.stderr == jit.stderr, accel + ' complains', r)
    test.add('%s_%s%s' % (name, kind, '_' + accel if accel else ''), body)


for name in ['hello', 'files', 'forks', 'signals', 'faultflags', 'unaligned', 'selfmod', 'rewrite',
             'opencode', 'newcode', 'pages', 'compute', 'floats', 'invalid']:
    for kind in ['static', 'dynamic']:
        add_guest(name, kind)
for name in ['hello', 'forks', 'compute', 'floats', 'invalid', 'selfmod', 'rewrite', 'opencode',
             'newcode', 'pages']:
    add_guest(name, 'static', 'interp')
    add_guest(name, 'static', 'lockstep')


# What qemu-arm of this day does otherwise than the kernel, or hangs in: what the kernel does.
EXPECTED = {
    'rseqs': '''size 32
registered: Device or resource busy
cpu 1
left 1, section 0, handler behind the abort
of the library: done
0 -1
again: Invalid argument
not aligned: Invalid argument
of 28 bytes: Invalid argument
flags: Invalid argument
far: Bad address
good: done
cpu 1
good again: Device or resource busy
signature: Operation not permitted
another: Invalid argument
to go by another: Operation not permitted
to go with flags: Invalid argument
to go: done
sum 240000 of 240000
getcpu 1
outside 1, section 0
left 1, section 0, handler behind the abort
barrier early: Operation not permitted
register: done
left 1, section 0, handler none
barrier: done
wrong processors 0
child: has it: Device or resource busy
sum 240001 of 240000
well: exit 0
no signature: signal 11
version: signal 11
abort inside: signal 11
nowhere: signal 11
high: signal 11
unmapped: signal 11
''',
    'oldcalls': '''ids 1 1 1 1
three 1
groups 1
fchown 0
owner 1
setreuid 0
still 1
ustat 1
of no device -1 Invalid argument
restart -1 Interrupted system call
dumpable 1
seccomp 0
timing 0
nonsense -1 Invalid argument
signal 10 code -1 from 1
pidfd 0
value 4242
signal 10 code 0 from 1
without info 0
uselib -1 Function not implemented
bdflush -1 Function not implemented
oabi time -1 Function not implemented
''',
    'barrier': '''commands 1, rseq 1
early Operation not permitted
register done
private done
global done
rseq Operation not permitted
nonsense Invalid argument
blind 0
cpu 1
''',
    'vforks': '''a child
spawn 1: exit 7
missing: No such file or directory
directory: Permission denied
no file: No such file or directory
shared 5
exit 1: exit 3
a child
exec 1: exit 7
errno 1
failed exec 1: exit 127
killed 1: signal 15
fault 1: signal 11
separate 1: exit 0
handled there 1
handled 1, still open 1
parent 1
clone 1: exit 9
nested 1: exit 0
inner 4
good 20
''',
    'memory': '''mapped 1
grown text, zero 0
shrunk text
munmap 0 again 0
bad munmap -1 Invalid argument
mprotect nothing -1 Cannot allocate memory
fixed 1
noreplace 1 File exists
empty 1 Invalid argument
bad fd 1 Bad file descriptor
shared sEcond page private Pecond page file sEcond page
msync 0
brk 0 1
brk back 0
malloc 1
dontneed sEcond
stack in maps 1
code 42
dontfork 0
child 700, code 42
''',
    'times64': '''clock_nanosleep 0
ppoll 0
pselect6 0
futex -1 Connection timed out
rt_sigtimedwait -1 Resource temporarily unavailable
epoll_pwait2 0
timerfd_settime 0
read 1
timer_create 0
timer_settime 0
futex_waitv -1 Connection timed out
utimensat 0
times 1000.5 2000.6
pwritev2 1
preadv2 1
read abcd
openat2 of no directory -1 Not a directory
openat2 1
F_GETOWNER_UIDS 0
vmsplice 1
piped 1
pipe abcd
filter 0
filtered 2
recvmmsg 1
message 2 xy
left 1
recvmmsg of three: 2
left 0
nonsense -1 Invalid argument
ptrace -1 Function not implemented
io_uring_setup -1 Function not implemented
''',
    'ipc': '''sem 3 7 4, 4
semop 0 -1 Resource temporarily unavailable
stat 0 3 600 1
set 0 640
removed 0 -1
send 0 0
queue 2 11 1
received 6 9 nine!
received 5 5 five
empty -1 No message of desired type
removed 0
shm from the child 10000 1 1
removed 0 0
mq 4 16 0
notify 0 send 0 0
notified 42
received 5 high 8
received 4 low 1
empty -1 Resource temporarily unavailable
closed 0 0
clone3 33 pidfd 1
refused -1 Invalid argument
''',
    'threads': ''.join('thread %d, own %d\n' % (i, i) for i in range(8)) +
               '160000 280 160000 2710000027100\nsignals 1\nrobust 130\nchild 5\nafter main\n',
}


def add_expected(name, kind):
    def body():
        r = run([guest(name, kind)], ['-L', PREFIX] if kind == 'dynamic' else [])
        check(r.returncode == 0, 'status', r)
        check(r.stdout.decode() == EXPECTED[name], 'not as expected', r)
    test.add('%s_%s' % (name, kind), body)


for name in EXPECTED:
    for kind in ['static', 'dynamic']:
        add_expected(name, kind)


def add_native(name, kind):
    def body():
        native = subprocess.run([guest(name, 'native')], capture_output=True, timeout=TIMEOUT,
                                stdin=subprocess.DEVNULL)
        check(native.returncode == 0 and native.stdout, 'the host itself', native)
        r = run([guest(name, kind)], ['-L', PREFIX] if kind == 'dynamic' else [],
                stdin=subprocess.DEVNULL)
        check(r.returncode == 0, 'status', r)
        check(r.stdout == native.stdout, 'the host: %r' % native.stdout, r)
    test.add('%s_%s' % (name, kind), body)


for name in ['sockets', 'events', 'futexes', 'attributes', 'queues', 'clones', 'limits', 'held']:
    for kind in ['static', 'dynamic']:
        add_native(name, kind)


@test
def start():
    env = {'TEST_A': 'a', 'TEST_B': 'b c', 'PATH': '/bin'}
    for kind, options in (('static', []), ('dynamic', ['-L', PREFIX])):
        same_as_qemu([guest('start', kind), 'x'], options, env)
    r = run([guest('start')], ['-E', 'TEST_C=c', '-U', 'TEST_A', '-E', 'TEST_B=new', '-0', 'zero'],
            env)
    check(b'argv[0] zero\n' in r.stdout, '-0', r)
    check(b'TEST_A=(null) TEST_B=new TEST_C=c\n' in r.stdout, '-E, -U', r)


@test
def armv5():
    """Soft-float for the old ABI, with helpers of the kernel instead of LDREX: several threads
    count, and one faults."""
    for cpu in ('arm926', 'arm1176', 'max'):
        r = run([guest('armv5', 'soft')], ['-cpu', cpu])
        check(r.returncode == -signal.SIGSEGV and r.stdout.decode() ==
              'counter 00013880\nwide 80013780\nhigh 00000000\nwrong 00000000\nrefused 00000001\n'
              'version 00000001\n', cpu, r)


@test
def thumb():
    """Dynamic programs at fixed addresses, in Thumb."""
    r = run([guest('threads', 'thumb')], ['-L', PREFIX])
    check(r.returncode == 0 and r.stdout.decode() == EXPECTED['threads'], 'threads', r)
    same_as_qemu([guest('signals', 'thumb')], ['-L', PREFIX])
    same_as_qemu([guest('start', 'thumb'), 'x'], ['-L', PREFIX], {'PATH': '/bin'})


# What qemu-armeb prints for the program that does not ask it for sigreturn, in which it fails.
BIG_ENDIAN = '''one two
arguments 03
page 010000
first byte 01
last byte 010
first of 1.5 077
second of 3 010
exclusive 0100401405
kernel helpers 05
action 01
signal 012
signo 012
code 00
big in the handler 01
big outside 01
pending 04000
pending high 00
signal 014
signo 014
code 00
big in the handler 01
big outside 01
signal 013
signo 013
code 01
big in the handler 01
big outside 01
address 040
behind the fault 077
setend le 00
written 06
fstat64 00
size 06
size high 00
mode 0100777
inode 01
statx 00
size of statx 06
mode of statx 0100777
pread64 04
cdef
llseek 00
position 01
readv 05
bcd efef
ftruncate64 00
high 01
low 05
lock 00
pipe 00
descriptors 01
poll 01
in 00
out 04
select 01
bit 01
event 010
counter 04321263612
counter high 01
socketpair 00
sendmsg 04
recvmsg 04
mail
control 020
level 01
passed 01
by the copy
getsockopt 00
type 02
bind 00
getsockname 00
family 01
length 016
armv7b
clock 00
sensible 01
wait for another value 037777777765
wait for this one 0156
wait4 01
status 03400
limit 0100
lock 00
mine 01
twice 043
unlock 00
nobody's 00
not mine 01
try 00
again 043
no such thread 03
wake 00
sum 0405
cleared 05
no such operation 046
not yet 00
handed over 00
child 01400
counted 01
free 00
other value 013
too late 0156
to itself 026
changed 013
two at once 026
nobody 00
moved 02
not yet 00
child 01400
child 01400
counted 02
free 00
interfaces 00
whole ones 01
family 02
how many 00
few 01
unknown neighbour 06
no such thing 0137
extents 01
'''


@test
def big_endian():
    """A BE-8 program: loads and stores, system calls, signals, tracing."""
    for name in ('bigend', 'bigend-thumb'):
        for options in ([], ['-accel', 'lockstep'], ['-cpu', 'cortex-a9']):
            r = run([guest(name, 'be8'), 'one', 'two'], options)
            check(r.returncode == 9 and r.stdout.decode() == BIG_ENDIAN, name, r)
    r = run([guest('bigend', 'be8'), 'one', 'two'], ['-strace'])
    for pattern in (r'rt_sigaction\(SIGSEGV, \{sa_handler=0x[0-9a-f]+, sa_flags=0x4000004, '
                    r'.*sa_mask.flags=0x2\}',
                    r'writev\(3, \[\{"ab", 2\}, \{"cdef", 4\}\], 2\) = 6',
                    r'poll\(\[\{fd=\d+, events=0x1, revents=0x0\}, \{fd=\d+, events=0x4, '
                    r'revents=0x4\}\], 2, 0\) = 1',
                    r'fstat64\(3, \{.*st_mode=0100777, .*st_size=6'):
        check(re.search(pattern, r.stderr.decode()), pattern, r)
    with open(guest('bigend', 'be8'), 'rb') as f, tempfile.TemporaryDirectory() as d:
        be32 = bytearray(f.read())
        be32[37] &= 0x7f # EF_ARM_BE8
        path = os.path.join(d, 'be32')
        with open(path, 'wb') as out:
            out.write(be32)
        os.chmod(path, 0o755)
        refused([path], 'BE-32', 126)
        r = run([BUSYBOX, 'sh', '-c', guest('bigend', 'be8')
                 + ' x | tail -n 1; echo $?']) # by exec of another program
        check(r.stdout == b'extents 01\n0\n', 'exec', r)


@test
def own_proc():
    for kind, options in (('static', []), ('dynamic', ['-L', PREFIX])):
        r = run([guest('proc', kind), 'first'], options)
        names = ('size', 'code', 'stack', 'strings', 'break', 'pages', 'status')
        rest = ''.join(name + ' 1\n' for name in names)
        rest += 'maps 1\nauxv 1 1\ncmdline 1\ntasks 2\nsecure 0\n'
        expected = ''.join('%s: name proc.%s\n%s' % (word, kind, rest)
                           for word in ('first', 'again'))
        check(r.returncode == 0 and r.stdout.decode() == expected, 'not as expected', r)


@test
def binfmt_misc():
    """What the kernel gives with flags O and P, given by hand."""
    r = subprocess.run([sys.executable, os.path.join(os.path.dirname(__file__), 'by_kernel.py'),
                        USER,
                        guest('start'), 'own name', '-h'], capture_output=True, timeout=TIMEOUT)
    if r.returncode == 77:
        print('# skipped: no binfmt_misc in a user namespace')
        return
    check(r.stdout.startswith(b'argv[0] own name\n') and r.returncode == 2, 'arguments', r)
    r = subprocess.run([sys.executable, os.path.join(os.path.dirname(__file__), 'by_kernel.py'),
                        USER,
                        guest('bigend', 'be8'), 'name', 'kernel'], capture_output=True,
                       timeout=TIMEOUT)
    check(r.stdout.startswith(b'kernel\narguments 02\n') and r.returncode == 9, 'big-endian', r)


def documented(head, tail):
    """A line of the man page's lines for build systems."""
    path = os.path.join(os.path.dirname(__file__), '..', '..', 'docs', 'man', 'armemu-user.1')
    with open(path, encoding='utf-8') as f:
        lines = [line.rstrip() for line in f if line.startswith(head)
                 and line.rstrip().endswith(tail)]
    check(len(lines) == 1, 'not in the man page: ' + head)
    return lines[0]


def in_path(directory):
    os.symlink(USER, os.path.join(directory, 'armemu-user'))
    return dict(os.environ, PATH=directory + ':' + os.environ['PATH'])


def write(path, text):
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text)


PROGRAM = ('#include <stdio.h>\n'
           'int main(int c, char **v) { printf("arm %d\\n", c); return c != 2; }\n')


@test
def exe_wrapper():
    """The documented line makes meson run its tests by armemu-user."""
    with tempfile.TemporaryDirectory() as d:
        env = in_path(d)
        write(d + '/program.c', PROGRAM)
        write(d + '/meson.build', "project('p', 'c')\ntest('t', executable('program', "
                                  "'program.c'), args: 'x')\n")
        write(d + '/cross', "[binaries]\nc = 'arm-linux-gnueabihf-gcc'\n"
              + documented('exe_wrapper', ']') +
              "\n[host_machine]\nsystem = 'linux'\ncpu_family = 'arm'\ncpu = 'armv7'\nendian = "
              "'little'\n")
        for command in (['meson', 'setup', '--cross-file', 'cross', 'build'],
                        ['meson', 'test', '-C', 'build']):
            r = subprocess.run(command, cwd=d, env=env, capture_output=True, timeout=TIMEOUT)
            check(r.returncode == 0, command[1], r)


@test
def crosscompiling_emulator():
    """The same for CMake."""
    if not shutil.which('cmake'):
        print('# skipped: no CMake')
        return
    with tempfile.TemporaryDirectory() as d:
        env = in_path(d)
        write(d + '/program.c', PROGRAM)
        write(d + '/CMakeLists.txt', 'cmake_minimum_required(VERSION 3.13)\nproject(p C)\n'
                                     'enable_testing()\n'
              'add_executable(program program.c)\nadd_test(NAME t COMMAND program x)\n')
        write(d + '/toolchain', 'set(CMAKE_SYSTEM_NAME Linux)\nset(CMAKE_C_COMPILER '
                                'arm-linux-gnueabihf-gcc)\n' +
              documented('set(CMAKE_CROSSCOMPILING_EMULATOR', ')') + '\n')
        for command in (['cmake', '-DCMAKE_TOOLCHAIN_FILE=toolchain', '-B', 'build'],
                        ['cmake', '--build', 'build'],
                        ['ctest', '--test-dir', 'build']):
            r = subprocess.run(command, cwd=d, env=env, capture_output=True, timeout=TIMEOUT)
            check(r.returncode == 0, command[0], r)


@test
def cargo_runner():
    """The value of cargo's variable is a command that a program's path and arguments are put
    behind."""
    line = documented('CARGO_TARGET_ARMV7_UNKNOWN_LINUX_GNUEABIHF_RUNNER=', '"')
    command = line.split('"')[1].split()
    check(command[0] == 'armemu-user', line)
    r = run([guest('hello', 'dynamic'), 'a'], command[1:])
    check(r.returncode == 3 and r.stdout.startswith(b'hello, 1 arguments'), 'runner', r)


@test
def processes():
    for kind, options in (('static', []), ('dynamic', ['-L', PREFIX])):
        r = run([guest('processes', kind)], options)
        check(r.returncode == 0, 'status', r)
        lines = r.stdout.decode().splitlines()
        expected = [
            'child one of renamed, variable', 'exit 42',
            'child two of %s, variable' % guest('processes', kind), 'exit 42', 'exit 99',
            None, 'exit 42',
            'waitid 1 code 1 status 7',
            'child spawned of %s, variable' % guest('processes', kind), 'exit 42',
            'system 9', 'stopped 19', 'exit 4', 'signal 6', 'signal 9',
            'no child -1 No child processes', 'limit 0 64', 'name tester']
        check(len(lines) == len(expected), 'number of lines', r)
        for have, want in zip(lines, expected):
            check(want is None or have == want, 'not %r but %r' % (want, have), r)
        check(re.match(r'read \d+: child in cpu 1$', lines[5]), 'pipe', r)


@test
def death_by_signal():
    r = subprocess.run([USER, guest('hello')], stdout=open('/dev/full', 'wb'))
    check(r.returncode == 3, 'exit status of a full disk')
    with tempfile.TemporaryDirectory() as d:
        source, program = os.path.join(d, 'x.c'), os.path.join(d, 'x')
        with open(source, 'w') as f:
            f.write('int main(void) { *(volatile int *)16 = 1; }')
        subprocess.run(['arm-linux-gnueabihf-gcc', '-static', '-o', program, source], check=True)
        r = run([program])
        check(r.returncode == -signal.SIGSEGV, 'not killed by SIGSEGV', r)
        check(r.stderr == b'', 'unasked for output', r)
        r = run([program], ['-d', 'guest_errors'])
        check(r.returncode == -signal.SIGSEGV, 'not killed by SIGSEGV', r)
        lines = r.stderr.decode().splitlines()
        check(re.fullmatch(r'uncaught signal 11 \(SIGSEGV\) at pc 0x[0-9a-f]{8} main\+0x[0-9a-f]+ '
                           r'in ' +
                           re.escape(program) + ', address 0x00000010', lines[0]), 'first line', r)
        check(re.match(r'0x[0-9a-f]{8}:  str', lines[1]), 'no disassembly', r)
        with open(source, 'w') as f:
            f.write('#include <stdlib.h>\nint main(void) { abort(); }')
        subprocess.run(['arm-linux-gnueabihf-gcc', '-o', program, source], check=True)
        r = run([program], ['-L', PREFIX, '-d', 'guest_errors'])
        check(r.returncode == -signal.SIGABRT, 'not killed by SIGABRT', r)
        check(r.stderr.startswith(b'uncaught signal 6 (SIGABRT)') and b'libc.so.6' in r.stderr,
              'report', r)


@test
def scripts():
    with tempfile.TemporaryDirectory() as d:
        script = os.path.join(d, 'script')
        with open(script, 'w') as f:
            f.write('#! %s  an argument \nrest\n' % guest('hello'))
        os.chmod(script, 0o755)
        r = run([script, 'more'])
        check(r.returncode == 3, 'status', r)
        check(r.stdout.decode() == 'hello, 3 arguments\n1: an argument\n2: %s\n3: more\n' % script,
              'arguments', r)


@test
def busybox():
    if not os.path.exists(BUSYBOX):
        return
    sh = [BUSYBOX, 'sh', '-c']
    for command in [
            'for i in 1 2 3; do echo $i; done | sort -r | tr "\\n" " "; echo $((7 * 6))',
            'ls /nonexistent; echo $?', 'echo abc | md5sum; seq 1 1000 | sha256sum',
            'find /etc/passwd -maxdepth 0; wc -c < /etc/passwd; date -u -d @0',
            'x=$(echo sub | sed s/s/S/); echo $x; trap "echo trapped" USR1; kill -USR1 $$; exit 5',
            'seq 1 200000 | gzip | gunzip | tail -n 1', 'awk "BEGIN { print 2^0.5, sin(1) }"']:
        same_as_qemu(sh + [command])


@test
def own_descriptors():
    """The log is at no descriptor that a program takes: neither gets what is the other's."""
    if not os.path.exists(BUSYBOX):
        return
    with tempfile.TemporaryDirectory() as d:
        log, out = os.path.join(d, 'log'), os.path.join(d, 'out')
        r = run([BUSYBOX, 'sh', '-c', 'exec 3>%s; seq 3 >&3; echo 4 >&3' % out],
                ['-d', 'exec', '-D', log])
        check(r.returncode == 0, 'status', r)
        with open(out, 'rb') as f:
            check(f.read() == b'1\n2\n3\n4\n', 'the log is in the program\'s file', r)
        with open(log, 'rb') as f:
            lines = f.read().splitlines()
        check(len(lines) > 500 and all(line.startswith(b'EXEC: ') for line in lines),
              'log: %s' % lines[:3], r)


@test
def processor():
    """Programs look for Advanced SIMD among the features."""
    if not os.path.exists(BUSYBOX):
        return
    expected = {'cortex-a9': 'half thumb fastmult vfp edsp neon vfpv3 tls vfpd32',
                'cortex-a15': 'half thumb fastmult vfp edsp neon vfpv3 tls vfpv4 idiva idivt '
                              'vfpd32 lpae'}
    for cpu, features in expected.items():
        r = run([BUSYBOX, 'grep', '-m1', '^Features', '/proc/cpuinfo'], ['-cpu', cpu])
        check(r.stdout.decode() == f'Features\t: {features}\n', cpu, r)


@test
def traces():
    r = run([guest('hello')], ['-strace'])
    err = r.stderr.decode()
    check(re.search(r'^\d+ write\(1, "hello, 0 arguments[^"]*"(\.\.\.)?, \d+\) = \d+$', err, re.M),
          'write', r)
    check(re.search(r'^\d+ exit_group\(3\)$', err, re.M), 'exit_group', r)
    check(r.stdout.startswith(b'hello, 0 arguments'), 'output', r)
    with tempfile.TemporaryDirectory() as d:
        log = os.path.join(d, 'log')
        r = run([guest('hello')], ['-d', 'in_asm', '-D', log])
        check(r.returncode == 3 and os.path.getsize(log) > 1000, '-d -D', r)


@test
def trace_words():
    """Arguments by name: flags, structs, data, addresses, requests."""
    r = run([guest('trace')], ['-strace'])
    lines = [re.sub(r'^\d+ ', '', line) for line in r.stderr.decode().splitlines()]
    for pattern in [
            r'openat\(AT_FDCWD, "/etc/hosts", O_RDONLY\|O_CLOEXEC, 00\) = (\d+)',
            r'mmap2\(NULL|mmap2\(0x0, 4096, PROT_READ\|PROT_WRITE, MAP_PRIVATE\|MAP_ANONYMOUS, -1, '
            r'0\) = 0x[0-9a-f]{8}',
            r'pipe2\(\[\d+, \d+\], O_RDONLY\|O_NONBLOCK\) = 0',
            r'writev\(\d+, \[\{"ab", 2\}, \{"c\\n", 2\}\], 2\) = 4',
            r'read\(\d+, "abc\\n", 64\) = 4',
            r'read\(\d+, 0x[0-9a-f]+, 64\) = -1 errno=11 \(Resource temporarily unavailable\)',
            r'rt_sigaction\(SIGUSR1, \{sa_handler=0x1, .*\}, \{sa_handler=0x0, .*\}, 8\) = 0',
            r'rt_sigprocmask\(SIG_BLOCK, \[HUP INT\], \[\], 8\) = 0',
            r'kill\(\d+, SIGUSR1\) = 0',
            r'socket\(AF_INET, SOCK_DGRAM\|SOCK_CLOEXEC, 0\) = \d+',
            r'bind\(\d+, \{AF_INET, 127\.0\.0\.1:0\}, 16\) = 0',
            r'connect\(\d+, \{AF_UNIX, "/nonexistent"\}, \d+\) = -1 errno=.*',
            r'ioctl\(\d+, FIONREAD, \[4\]\) = 0', r'ioctl\(\d+, FIONBIO, \[1\]\) = 0',
            r'ioctl\(\d+, TIOCSWINSZ, \{ws_row=24, ws_col=80, ws_xpixel=1, ws_ypixel=2\}\) = 0',
            r'ioctl\(\d+, TIOCGWINSZ, \{ws_row=24, ws_col=80, ws_xpixel=1, ws_ypixel=2\}\) = 0',
            r'ioctl\(\d+, TIOCGWINSZ, 0x[0-9a-f]+\) = -1 errno=25 .*',
            r'ioctl\(\d+, TCFLSH, 0x2\) = 0',
            r'ioctl\(\d+, TCGETS, \{c_iflag.flags=0x[0-9a-f]+, .*\}\) = 0',
            r'fcntl64\(\d+, F_SETLK64, \{l_type=1, l_whence=0, l_start=3, l_len=5, l_pid=0\}\) = '
            r'.*',
            r'pselect6(_time64)?\(\d+, \[\], \[\d+\], NULL, \{.*\}, (0x[0-9a-f]+|NULL)\) = 1',
            r'ioctl\(\d+, 0x12345678, 0x[0-9a-f]+\) = -1 errno=25 .*',
            r'fcntl64\(\d+, F_GETFL, 0x[0-9a-f]+\) = 2048',
            r'fstatat64\(AT_FDCWD, "/", \{.*st_mode=040755, .*\}, AT_SYMLINK_NOFOLLOW\) = 0',
            r'ugetrlimit\(RLIMIT_NOFILE, \{rlim_cur=\d+, rlim_max=\d+\}\) = 0',
            r'clock_gettime64\(CLOCK_MONOTONIC, \{tv_sec=\d+, tv_nsec=\d+\}\) = 0',
            r'futex\(0x[0-9a-f]+, FUTEX_WAKE\|FUTEX_PRIVATE_FLAG, 1, .*\) = 0',
            r'wait4\(\d+, \[exited 9\], 0, NULL\) = \d+',
            r'uname\(\{"Linux", ".*", "armv.*"\}\) = 0', r'syscall_999\(\) = -1 errno=38']:
        check(any(re.fullmatch(pattern, line) for line in lines), 'no line like ' + pattern, r)


@test
def unknown_calls():
    """A line in the log for each."""
    r = run([guest('oldcalls')], ['-d', 'unimp'])
    lines = r.stderr.decode().splitlines()
    check(len(lines) == 4 and all(line.endswith('is not implemented') for line in lines[1:]),
          'lines', r)
    for line, name in zip(lines, ('prctl option 12345', 'system call uselib at ',
                                  'system call bdflush at ', 'system call 13 at ')):
        check(line.startswith(name), name, r)


@test
def prefix_variable():
    r = run([guest('hello', 'dynamic')], env={'ARMEMU_LD_PREFIX': PREFIX})
    check(r.returncode == 3, 'ARMEMU_LD_PREFIX', r)
    r = run([guest('hello', 'dynamic')], ['-L', os.path.relpath(PREFIX, '/')], cwd='/')
    check(r.returncode == 3, 'relative -L', r)


@test
def places():
    """-R and -B: where the program's memory is."""
    r = run([guest('threads')], ['-R', '512M', '-s', '1M'])
    check(r.stdout.decode() == EXPECTED['threads'], '-R', r)
    r = run([guest('hello')], ['-R', '1M', '-s', '2M'])
    check(r.returncode == 126 and b'does not fit' in r.stderr, 'a stack that does not fit', r)
    r = run([guest('hello')], ['-B', '0x300000000000'])
    check(r.returncode == 3, '-B', r)
    r = run([guest('hello')], ['-one-insn-per-tb', '-d', 'in_asm'])
    blocks = re.split(rb'^IN:', r.stderr, flags=re.M)[1:]
    check(r.returncode == 3 and len(blocks) > 1000, '-one-insn-per-tb', r)
    check(all(len(re.findall(rb'^0x', b, re.M)) == 1 for b in blocks), 'longer blocks', r)


@test
def observed():
    """-dfilter, -perfmap, -host-features."""
    program = guest('hello')
    with open(program, 'rb') as f:
        entry = int.from_bytes(f.read(28)[24:], 'little')
    r = run([program], ['-d', 'exec', '-dfilter', '0x%x+0x100' % (entry & ~0xff)])
    places = [int(m, 16) for m in re.findall(rb'^EXEC: pc 0x([0-9a-f]+)', r.stderr, re.M)]
    check(r.returncode == 3 and places and
          all(entry & ~0xff <= place <= entry | 0xff for place in places), '-dfilter', r)
    refused(['-dfilter', 'nowhere', program], 'nowhere')
    with subprocess.Popen([USER, '-perfmap', program], stdout=subprocess.DEVNULL) as p:
        p.wait(TIMEOUT)
    path = '/tmp/perf-%d.map' % p.pid
    try:
        with open(path, encoding='ascii') as f:
            lines = f.read().splitlines()
    finally:
        if os.path.exists(path):
            os.unlink(path)
    check(p.returncode == 3 and lines and
          all(re.fullmatch(r'[0-9a-f]+ [0-9a-f]+ guest_0x[0-9a-f]{8}', line) for line in lines),
          '-perfmap: %s' % lines[:3])
    plain = run([guest('floats')])
    r = run([guest('floats')], ['-host-features', 'no-avx2,no-fma,no-lzcnt'])
    check((r.returncode, r.stdout) == (plain.returncode, plain.stdout), '-host-features', r)
    refused(['-host-features', 'no-wings', program], 'wings')


@test
def code_cache():
    """What was translated is found again, and only then; a damaged file is as none."""
    with tempfile.TemporaryDirectory() as d:
        cache = os.path.join(d, 'below', 'cache')
        options = ['-L', PREFIX, '-code-cache', cache]
        for name in ['hello', 'forks', 'compute', 'selfmod', 'threads', 'files']:
            for kind in ['static', 'dynamic']:
                args = [guest(name, kind), 'one']
                plain = run(args, ['-L', PREFIX, '-code-cache', 'off'])
                for turn in range(3):
                    r = run(args, options)
                    check((r.returncode, r.stdout) == (plain.returncode, plain.stdout),
                          '%s.%s, run %d' % (name, kind, turn), r)
        files = os.listdir(cache)
        check(len(files) >= 8, 'files: %s' % files)
        hello = [os.path.join(cache, f) for f in files if f.startswith('hello.static-')]
        check(len(hello) == 1, 'files: %s' % files)
        old = os.stat(hello[0])
        check(old.st_mode & 0o777 == 0o600, 'mode %o' % old.st_mode)
        run([guest('hello')], options)
        check(os.stat(hello[0]).st_ino == old.st_ino, 'translated again')
        with open(hello[0], 'rb') as f:
            good = f.read()
        for offset in [0, 8, 45, 60, 75, 80, 90, 1000, len(good) // 2, len(good) - 1, None]:
            bad = bytearray(good[:-1] if offset is None else good)
            if offset is not None:
                bad[offset] ^= 0x40
            with open(hello[0], 'wb') as f:
                f.write(bad)
            damaged = os.stat(hello[0]).st_ino
            r = run([guest('hello')], options)
            check(r.returncode == 3 and r.stderr == b'', 'damage at %s' % offset, r)
            check(os.stat(hello[0]).st_ino != damaged, 'damage at %s is not noticed' % offset)
        os.chmod(hello[0], 0o622)
        writable = os.stat(hello[0]).st_ino
        run([guest('hello')], options)
        check(os.stat(hello[0]).st_ino != writable, "others' file is used")
        r = run([guest('hello')], ['-code-cache', '/proc/nowhere'])
        check(r.returncode == 3 and r.stderr == b'', 'no directory', r)


@test
def help():
    for option in ['-h', '--help', '-help']:
        r = run([option])
        check(r.returncode == 0 and b'-strace' in r.stdout and r.stderr == b'', option, r)
    check(b'cortex-a15' in run(['-cpu', 'help']).stdout, '-cpu help')
    check(b'in_asm' in run(['-d', 'help']).stdout, '-d help')


@test
def wrong_command_lines():
    refused([], 'no program')
    refused(['-L'], "'-L' needs a value")
    refused(['-strac', 'x'], "unknown option '-strac'; did you mean '-strace'")
    refused(['-cpu', 'cortex-a99', 'x'], 'cortex-a')
    refused(['-cpu', 'cortex-m4', 'x'], 'M profile')
    refused(['-s', 'lots', 'x'], 'not a size')
    refused(['-E', 'novalue', 'x'], 'NAME=VALUE')
    refused(['-g', '', 'x'], '-g needs a port')
    refused(['-R', '5G', 'x'], '-R: .*from 1M to 4G')
    refused(['-B', '0x10000', 'x'], '-B: .*from 4G on')
    refused(['-p', '8192', 'x'], '-p: .*4096')
    refused(['-d', 'nothing', 'x'], 'nothing')
    refused(['/nonexistent/program'], 'No such file', 127)
    refused(['/etc/passwd'], 'not executable', 126)
    refused(['/'], 'directory', 126)
    refused(['/bin/true'], 'not an ARM program.*64-bit', 126)
    refused([guest('hello', 'dynamic')], 'ld-linux-armhf.*-L', 127)


# Offsets in the header of an ELF file, and in a program header.
EI_CLASS, EI_DATA, E_TYPE, E_MACHINE, E_PHOFF, E_PHENTSIZE, E_PHNUM = 4, 5, 16, 18, 28, 42, 44
P_TYPE, P_OFFSET, P_VADDR, P_FILESZ, P_MEMSZ = 0, 4, 8, 16, 20


def with_segments(good, change):
    """The program with its loadable segments, as numbers by offset, changed in place by @change."""
    bad = bytearray(good)
    start, count = int.from_bytes(good[E_PHOFF:E_PHOFF + 4], 'little'), good[E_PHNUM]
    places = [p for p in range(start, start + 32 * count, 32) if good[p:p + 4] == b'\1\0\0\0']
    segments = [{f: int.from_bytes(good[p + f:p + f + 4],
                                   'little') for f in range(0, 32, 4)} for p in places]
    change(segments)
    for p, segment in zip(places, segments):
        for f, value in segment.items():
            bad[p + f:p + f + 4] = (value & 0xffffffff).to_bytes(4, 'little')
    return bad


@test
def bad_programs():
    """One line that says what is wrong."""
    with open(guest('hello'), 'rb') as f:
        good = f.read()

    def patched(offset, value):
        return good[:offset] + bytes([value]) + good[offset + 1:]

    def segments(index, field, value):
        def change(all_segments):
            old = all_segments[index][field]
            all_segments[index][field] = value(old) if callable(value) else value
        return with_segments(good, change)

    def overlap(all_segments):
        all_segments[1][P_VADDR] = all_segments[0][P_VADDR] + 0x1000 + all_segments[1][
            P_OFFSET] % 0x1000

    def on_stack(all_segments):
        for segment in all_segments:
            segment[P_VADDR] += 0xbe900000
    cases = [
        (b'', 'not an ELF'), (b'MZ' + bytes(100), 'not an ELF'), (good[:51], 'not an ELF'),
        (good[:60], 'program headers'), (good[:5000], 'truncated'),
        (patched(EI_CLASS, 2), '64-bit'), (patched(EI_DATA, 2), 'another machine'),
        (patched(EI_DATA, 3), 'no byte order'),
        (patched(E_MACHINE, 3), 'another machine'), (patched(E_TYPE, 1), 'cannot be executed'),
        (patched(E_PHENTSIZE, 31), 'program headers'), (patched(E_PHNUM, 0), 'program headers'),
        (patched(E_PHNUM, 200), 'program headers'), (patched(E_PHOFF + 3, 0x70), 'program headers'),
        (with_segments(good, overlap), 'segments overlap'),
        (with_segments(good, on_stack), 'is not free|bad segments'),
        (segments(1, P_MEMSZ, 0xfffe0000), 'bad segments'),
        (segments(1, P_MEMSZ, 0xd0000000), 'is not free'),
        (segments(0, P_VADDR, 0), 'begins below'),
        (segments(1, P_FILESZ, lambda old: old + 0x8000), 'bad segments'),
        (segments(1, P_VADDR, lambda old: old + 4), 'bad segments'),
        (segments(0, P_OFFSET, 0x10000000), 'truncated'),
    ]
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, 'program')
        for contents, pattern in cases:
            with open(path, 'wb') as f:
                f.write(contents)
            os.chmod(path, 0o755)
            refused([path], pattern, 126)
        os.chmod(path, 0o644)
        refused([path], 'not executable', 126)
        script = os.path.join(d, 'script')
        for line, pattern, status in (('#!', 'bad interpreter', 126),
                                      ('#!/nowhere/sh', 'No such file', 127),
                                      ('#!' + script, 'bad interpreter', 126)):
            with open(script, 'w') as f:
                f.write(line + '\n')
            os.chmod(script, 0o755)
            refused([script], pattern, status)
    refused(['-R', '8M', guest('hello')], 'stack', 126)
    r = subprocess.run(['sh', '-c', 'ulimit -v 1000000; exec "$@"', 'sh', USER, guest('hello')],
                       capture_output=True, timeout=TIMEOUT)
    if b'AddressSanitizer' not in r.stderr: # which needs more by itself
        check(r.returncode == 126 and
              re.fullmatch(r'armemu-user: 4 GiB of address space.*\n', r.stderr.decode()),
              'limit of address space', r)


@test
def unusable_files():
    """What is no file to execute, or not for this user."""
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, 'x')
        os.mkfifo(path, 0o777)
        refused([path], 'not executable', 126)
        os.symlink('loop', os.path.join(d, 'loop'))
        refused([os.path.join(d, 'loop')], 'symbolic links', 126)
        refused([os.path.join(path, 'below')], 'Not a directory', 127)
        refused([''], 'No such file', 127)
        if os.geteuid() != 0:
            return
        nobody = {'user': 65534, 'group': 65534, 'extra_groups': []}
        shutil.copy(guest('hello'), os.path.join(d, 'secret'))
        os.chmod(d, 0o755)
        os.chmod(os.path.join(d, 'secret'), 0o700)
        try:
            r = run([os.path.join(d, 'secret')], **nobody)
        except PermissionError: # this program is where others cannot start it
            return
        check(r.returncode == 126 and r.stderr.count(b'\n') == 1
              and b'Permission denied' in r.stderr, 'rights', r)


@test
def damaged_programs():
    """Whatever the headers say: one line, or the program ends somehow, but never by our fault."""
    with open(guest('hello'), 'rb') as f:
        good = f.read()
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, 'program')
        for offset in list(range(16, 52)) + list(range(52, 52 + 32 * 3, 2)):
            for value in (0x00, 0x7f, 0xff):
                bad = bytearray(good)
                bad[offset] = value
                with open(path, 'wb') as f:
                    f.write(bad)
                os.chmod(path, 0o755)
                try: # a program with another entry point may loop
                    r = subprocess.run([USER, path], capture_output=True, timeout=2)
                except subprocess.TimeoutExpired:
                    continue
                fine = (r.returncode in (3, 126, -signal.SIGSEGV, -signal.SIGILL, -signal.SIGBUS,
                                         -signal.SIGABRT, 127, 1))
                check(fine and b'Assertion' not in r.stderr, 'offset %d: 0x%x' % (offset, value), r)
        for size in (0, 1, 4, 30, 51, 52, 60, 200, 5000):
            with open(path, 'wb') as f:
                f.write(good[:size])
            r = run([path])
            check(r.returncode in (126, -signal.SIGBUS, -signal.SIGSEGV), 'size %d' % size, r)


sys.exit(test.run(sys.argv[4:]))
