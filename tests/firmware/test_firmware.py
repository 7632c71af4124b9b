#!/usr/bin/env python3
"""Compiles programs for microcontrollers against newlib and picolibc, at several levels of
optimisation and for several processors, starts them with the command lines that projects use, and
checks what they print and how they end; then faults, and what is said about them.

usage: test_firmware.py ARMEMU"""
import os
import re
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import Cases, check # pylint: disable=wrong-import-position

ARMEMU = os.path.abspath(sys.argv[1])
GUEST = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'guest')
CC = 'arm-none-eabi-gcc'
OBJCOPY = 'arm-none-eabi-objcopy'
TIMEOUT = 20

# Name: compiler's options, machine, -cpu, sizes of flash and RAM.
CPUS = {
    'm0': (['-mcpu=cortex-m0'], 'microbit', 'cortex-m0', 256 << 10, 16 << 10),
    'm3': (['-mcpu=cortex-m3'], 'mps2-an385', 'cortex-m3', 4 << 20, 4 << 20),
    'm4f': (['-mcpu=cortex-m4', '-mfloat-abi=hard'], 'mps2-an386', 'cortex-m4', 4 << 20, 4 << 20),
    'm7': (['-mcpu=cortex-m7', '-mfloat-abi=hard', '-mfpu=fpv5-d16'], 'mps2-an500', 'cortex-m7',
           4 << 20, 4 << 20),
    'm0-mps2': (['-mcpu=cortex-m0'], 'mps2-an385', 'cortex-m0', 4 << 20, 4 << 20),
    'lm3s': (['-mcpu=cortex-m3'], 'lm3s6965evb', 'cortex-m3', 256 << 10, 64 << 10),
    'lm3s-m0': (['-mcpu=cortex-m0'], 'lm3s6965evb', 'cortex-m0', 256 << 10, 64 << 10),
}
test = Cases()
LEVELS = ['-O0', '-O1', '-O2', '-O3', '-Os', '-Og']

def compile_program(cpu, library, level, source='hello.c', name=None):
    flags, _, _, flash, ram = CPUS[cpu]
    out = name or '%s-%s%s.elf' % (cpu, library, level)
    command = [CC, '-mthumb', '-g', level, '-Wall', '-o', out] + flags
    if library == 'newlib':
        command += ['--specs=rdimon.specs', '-Wl,--defsym=FLASH_SIZE=%d,--defsym=RAM_SIZE=%d'
                    % (flash, ram),
                    '-T', os.path.join(GUEST, 'flash.ld'), os.path.join(GUEST, 'start.c')]
    else:
        command += ['--specs=picolibc.specs', '--oslib=semihost', '--crt0=semihost',
                    '-Wl,--defsym=__flash=0,--defsym=__flash_size=%d,--defsym=__ram=0x20000000,'
                    '--defsym=__ram_size=%d,--defsym=__stack_size=2k' % (flash, ram)]
    subprocess.run(command + [os.path.join(GUEST, source)], check=True, capture_output=True)
    return out


def run(args, stdin=b''):
    return subprocess.run([ARMEMU] + args, input=stdin, capture_output=True, timeout=TIMEOUT)


def check_hello(r, args, lines=(), file=False):
    expected = ['arg ' + a for a in args] + ['sum 338350', 'float 2.250 double 0.666667',
                                             'malloc 7']
    expected += ['line ' + line for line in lines]
    expected += ['file 123' if file else 'no file: 1', 'time 1']
    # SYS_WRITEC, which picolibc uses, is the debugger's channel: the standard error output
    out = (r.stdout + r.stderr).decode().replace('to stderr\n', '')
    check(out.split('\n') == expected + [''], 'output is not %r' % expected, r)
    check(b'to stderr\n' in r.stdout + r.stderr, 'nothing on stderr', r)
    check(r.returncode == 42, 'status is not 42', r)


# ---- libraries, levels, processors ---------------------------------------------------------------

def libraries(cpu, library):
    flags, machine, model, _, _ = CPUS[cpu]
    for level in LEVELS:
        elf = compile_program(cpu, library, level)
        r = run(['-chardev', 'stdio,mux=on,id=stdio0', '-semihosting-config',
                 'enable=on,chardev=stdio0,arg=program-name,arg=a b,arg=c,,d', '-monitor', 'none',
                 '-serial', 'none', '-machine', machine + ',accel=tcg', '-cpu', model, '-device',
                 'loader,file=%s,cpu-num=0' % elf, '-nographic'], b'one\ntwo\nend\n')
        # picolibc puts a name of its own before the command line
        words = ['program-name', 'a', 'b', 'c,d']
        check_hello(r, words if library == 'newlib' else ['program-name'] + words, ['one', 'two'])


def add_libraries():
    for family in ['m0', 'm3', 'm4f', 'm7']:
        for library in ['newlib', 'picolibc']:
            cpu = family
            if cpu == 'm0' and library == 'newlib':
                cpu = 'm0-mps2' # with its buffers it does not fit into microbit's 16 KiB of RAM
            test.add('%s_%s' % (library, cpu),
                     lambda cpu=cpu, library=library: libraries(cpu, library))


# ---- the command lines of projects ---------------------------------------------------------------

@test
def itm():
    subprocess.run([CC, '-O1', '-mcpu=cortex-m3', '-mthumb', '-nostdlib',
                    '-Wl,--section-start=.vectors=0,-Ttext=0x40',
                    '-Wl,--build-id=none,--entry=reset', '-o', 'itm.elf',
                    os.path.join(GUEST, 'itm.c')], check=True)
    args = ['-M', 'mps2-an385', '-display', 'none', '-serial', 'null', '-monitor', 'none',
            '-semihosting', '-kernel', 'itm.elf']
    r = run(args + ['-itm', 'stdio'])
    check(r.returncode == 0 and r.stdout == b'hello by SWO\nemb\n', 'not what was sent', r)
    r = run(args)
    check(r.returncode == 0 and r.stdout == b'', 'trace is on', r)
    r = run(['-M', 'microbit', '-nographic', '-kernel', 'itm.elf', '-itm', 'stdio'])
    check(r.returncode != 0 and r.stderr.count(b'\n') == 1 and b'-itm' in r.stderr, 'no error', r)


@test
def embedded_rust():
    elf = compile_program('lm3s', 'newlib', '-O1')
    for cpu in ['cortex-m3', 'cortex-m4']:
        r = run(['-cpu', cpu, '-machine', 'lm3s6965evb', '-nographic', '-semihosting-config',
                 'enable=on,target=native', '-kernel', elf], b'one\ntwo\nend\n')
        check_hello(r, [elf], ['one', 'two'])
    for family, machine in [('lm3s-m0', 'lm3s6965evb'), ('m0', 'microbit')]:
        elf = compile_program(family, 'picolibc', '-Os')
        r = run(['-cpu', 'cortex-m0', '-machine', machine, '-nographic', '-semihosting-config',
                 'enable=on,target=native', '-kernel', elf], b'one\ntwo\nend\n')
        check_hello(r, ['program-name', elf], ['one', 'two'])


@test
def defmt():
    for family, library, cpu, machine in [('lm3s', 'newlib', 'cortex-m3', 'lm3s6965evb'),
                                          ('m0', 'picolibc', 'cortex-m0', 'microbit')]:
        elf = compile_program(family, library, '-O2')
        r = run(['-cpu', cpu, '-machine', machine, '-nographic', '-chardev',
                 'socket,id=sock0,path=sock-%s,server=on,wait=off' % machine, '-serial',
                 'chardev:sock0', '-monitor', 'none', '-semihosting-config',
                 'enable=on,target=native', '-kernel', elf], b'one\nend\n')
        check_hello(r, ([] if library == 'newlib' else ['program-name']) + [elf], ['one'])


@test
def zephyr():
    elf = compile_program('m3', 'newlib', '-O1')
    semihosting = ['-semihosting-config', 'enable=on']
    base = ['-cpu', 'cortex-m3', '-machine', 'mps2-an385', '-nographic', '-vga', 'none', '-net',
            'none']
    check_hello(run(base + semihosting + ['-kernel', elf, '-m', '16']), [elf])
    check_hello(run(base + semihosting + ['-icount', 'shift=7,align=off,sleep=off', '-rtc',
                                          'clock=vm', '-kernel', elf]), [elf])
    check_hello(run(base + semihosting + ['-chardev', 'stdio,id=con,mux=on', '-serial',
                                          'chardev:con', '-mon',
                                          'chardev=con,mode=readline', '-kernel', elf]), [elf])
    subprocess.run([OBJCOPY, '-O', 'ihex', elf, 'zephyr.hex'], check=True)
    check_hello(run(base + ['-semihosting-config', 'arg=x', '-device', 'loader,file=zephyr.hex']),
                ['x'])


@test
def zephyr_on_all_boards():
    for family, cpu, machine in [('lm3s', 'cortex-m3', 'lm3s6965evb'),
                                 ('m0', 'cortex-m0', 'microbit'),
                                 ('m4f', 'cortex-m4', 'mps2-an386'),
                                 ('m7', 'cortex-m7', 'mps2-an500')]:
        elf = compile_program(family, 'picolibc', '-Og')
        base = ['-cpu', cpu, '-machine', machine, '-nographic', '-vga', 'none',
                '-semihosting-config', 'enable=on']
        for options in [[], ['-icount', 'shift=7,align=off,sleep=off', '-rtc', 'clock=vm']]:
            check_hello(run(base + options + ['-kernel', elf], b'one\nend\n'),
                        ['program-name', elf], ['one'])


@test
def freertos():
    elf = compile_program('m3', 'newlib', '-O2')
    r = run(['-machine', 'mps2-an385', '-monitor', 'null', '-semihosting', '--semihosting-config',
             'enable=on,target=native', '-serial', 'stdio', '-nographic', '-kernel', elf],
            b'one\ntwo\nend\n')
    check_hello(r, [elf], ['one', 'two'])
    picolibc = compile_program('m3', 'picolibc', '-O2') # reads by SYS_READC
    r = run(['-machine', 'mps2-an385', '-monitor', 'null', '-semihosting-config', 'arg=x',
             '-serial', 'stdio', '-nographic', '-kernel', picolibc], b'\1a\nend\n')
    check_hello(r, ['program-name', 'x'], ['\1a'])
    r = run(['-cpu', 'cortex-m3', '-machine', 'mps2-an385', '-kernel', elf, '-monitor', 'null',
             '-semihosting', '--semihosting-config', 'enable=on,target=native', '-serial', 'stdio',
             '-nographic', '-netdev', 'user,id=mynet0,', '-net',
             'nic,model=lan9118,netdev=mynet0'])
    check_hello(r, [elf])


@test
def riot():
    elf = compile_program('m0', 'picolibc', '-Os')
    r = run(['-machine', 'microbit', '-device', 'loader,file=' + elf, '-serial',
             'unix:S,server=on,wait=off', '-monitor', 'unix:M,server=on,wait=off', '-nographic',
             '-semihosting-config', 'arg=riot'], b'line\nend\n')
    check_hello(r, ['program-name', 'riot'], ['line'])


@test
def micropython_and_nuttx():
    elf = compile_program('m7', 'newlib', '-O2')
    check_hello(run(['-machine', 'mps2-an500', '-nographic', '-monitor', 'null', '-semihosting',
                     '-kernel', elf], b'text\n'), [elf], ['text'])
    for family, machine in [('m3', 'mps2-an385'), ('m0', 'microbit')]:
        small = compile_program(family, 'picolibc', '-O1')
        check_hello(run(['-machine', machine, '-nographic', '-monitor', 'null', '-semihosting',
                         '-kernel', small], b'one\nend\n'), ['program-name', small], ['one'])
    check_hello(run(['-semihosting', '-M', 'mps2-an500', '-nographic', '-kernel', './' + elf]),
                ['./' + elf])


# ---- images --------------------------------------------------------------------------------------

@test
def formats():
    elf = compile_program('m3', 'newlib', '-Os')
    for kind, name in [('ihex', 'f.hex'), ('srec', 'f.srec'), ('binary', 'f.bin')]:
        subprocess.run([OBJCOPY, '-O', kind, elf, name], check=True)
        check_hello(run(['-M', 'mps2-an385', '-semihosting', '-nographic', '-kernel', name]),
                    [name])
    check_hello(run(['-M', 'mps2-an385', '-semihosting-config', 'arg=raw', '-nographic', '-device',
                     'loader,file=f.bin,addr=0']), ['raw'])
    with open('f.bin', 'rb') as f:
        data = f.read()
    count = (len(data) + 255) // 256
    with open('f.uf2', 'wb') as f:
        for i in range(count):
            payload = data[256 * i:256 * i + 256].ljust(256, b'\0')
            words = [0x0a324655, 0x9e5d5157, 0, 256 * i, 256, i, count, 0]
            f.write(b''.join(w.to_bytes(4, 'little') for w in words) + payload.ljust(476, b'\0') +
                    (0x0ab16f30).to_bytes(4, 'little'))
    check_hello(run(['-M', 'mps2-an385', '-semihosting', '-nographic', '-kernel', 'f.uf2']),
                ['f.uf2'])
    with open('f.hex') as f:
        lines = f.readlines()
    lines[4] = lines[4][:-3] + ('00\n' if lines[4][-3:-1] != '00' else '11\n')
    with open('broken.hex', 'w') as f:
        f.writelines(lines)
    r = run(['-M', 'mps2-an385', '-semihosting', '-nographic', '-kernel', 'broken.hex'])
    check(r.returncode == 65 and b'broken.hex: line 5: bad checksum' in r.stderr, 'broken file', r)


# A program that is not where the processor looks for the vector table.
@test
def elsewhere():
    elf = compile_program('m3', 'newlib', '-O2')
    subprocess.run([OBJCOPY, '-O', 'ihex', '--change-addresses', '0x21000000', elf, 'moved.hex'],
                   check=True)
    base = ['-M', 'mps2-an385', '-semihosting', '-nographic']
    r = run(base + ['-kernel', 'moved.hex'])
    check(r.returncode == 65 and b'moved.hex: no vector table at 0x00000000' in r.stderr and
          b'cpu-num=0' in r.stderr, 'a program elsewhere', r)
    subprocess.run([OBJCOPY, '-O', 'binary', elf, 'start.bin'], check=True)
    with open('start.bin', 'rb') as f:
        reset = int.from_bytes(f.read()[4:8], 'little') & ~1
    # bit 0 of where it starts does not matter
    check_hello(run(['-M', 'mps2-an385', '-semihosting-config', 'arg=raw', '-nographic', '-device',
                     'loader,file=start.bin,addr=0', '-device',
                     'loader,addr=%d,cpu-num=0' % reset]), ['raw'])


@test
def files():
    elf = compile_program('m3', 'newlib', '-O3')
    os.mkdir('granted')
    base = ['-M', 'mps2-an385', '-nographic', '-kernel', elf]
    check_hello(run(base + ['-semihosting-config', 'root=granted', '-append', 'more words']),
                [elf, 'more', 'words'], file=True)
    with open('granted/data.txt') as f:
        check(f.read() == 'written 123', 'the file')
    os.remove('granted/data.txt')
    r = run(base + ['-semihosting-config', 'root=granted,readonly=on'])
    check(r.returncode == 42 and b'no file: 0' in r.stdout and not os.listdir('granted'),
          'readonly', r)
    r = run(base + ['-append', 'x'])
    check(r.returncode == 1 and b'-semihosting' in r.stderr, '-append without semihosting', r)


@test
def same_under_every_engine():
    elf = compile_program('m4f', 'newlib', '-O1')
    for accel in ['interp', 'lockstep']:
        check_hello(run(['-M', 'mps2-an386', '-accel', accel, '-semihosting', '-monitor', 'none',
                         '-serial', 'null', '-kernel', elf], b'text\n'), [elf], ['text'])


# ---- the A profile -------------------------------------------------------------------------------

@test
def traps_of_the_a_profile():
    for isa in ['-marm', '-mthumb']:
        for trap in range(3):
            for user in [False, True]:
                elf = 'traps%s%d%d.elf' % (isa, trap, user)
                subprocess.run([CC, isa, '-mcpu=cortex-a15', '-DTRAP=%d' % trap, '-nostdlib',
                                '-Wl,-Ttext=0x40100000', '-o', elf] + (['-DUSER'] if user else []) +
                               [os.path.join(GUEST, 'traps.S')], check=True, capture_output=True)
                args = ['-M', 'virt', '-serial', 'stdio', '-monitor', 'none', '-kernel', elf]
                for config, called in [('on', not user), ('on,userspace=on', True), ('off', False)]:
                    r = run(args + ['-semihosting-config', config])
                    # BKPT 0xab is no call in A32 code
                    called = called and not (trap == 2 and isa == '-marm')
                    got = r.returncode, r.stdout
                    good = got == (9, b'') and r.stderr == b'ok\n' if called else got == (0, b'n')
                    check(good, 'called is not %s' % called, r)


@test
def hosted_program_on_the_a_profile():
    for isa in ['-marm', '-mthumb']:
        elf = 'a%s.elf' % isa
        subprocess.run([CC, isa, '-mcpu=cortex-a15', '-O2', '--specs=rdimon.specs',
                        '-Wl,-Ttext-segment=0x40100000', '-o', elf, os.path.join(GUEST, 'hello.c')],
                       check=True, capture_output=True)
        check_hello(run(['-M', 'virt', '-semihosting', '-serial', 'none', '-monitor', 'none',
                         '-kernel', elf, '-append', 'x y'], b'text\n'), [elf, 'x', 'y'], ['text'])


# ---- faults --------------------------------------------------------------------------------------

def explained(arguments, *patterns, options=(), hangs=False, cpu='m3', text=False):
    elf = compile_program(cpu, 'newlib', '-Og', 'faults.c', 'faults-%d.elf' % threading.get_ident())
    command = [ARMEMU, '-M', CPUS[cpu][1], '-cpu', CPUS[cpu][2], '-nographic', '-monitor',
               'none', '-serial', 'null', '-semihosting', '-d', 'guest_errors', '-kernel', elf,
               '-append', arguments] + list(options)
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE) as p:
        try:
            err = p.communicate(timeout=3 if hangs else TIMEOUT)[1]
        except subprocess.TimeoutExpired:
            p.terminate()
            err = p.communicate()[1]
    said = err.decode()
    for pattern in patterns:
        check(re.search(pattern, said, re.M), 'does not match /%s/:\n%s' % (pattern, said))
    return said if text else p.returncode


@test
def read_of_nothing():
    source = open(os.path.join(GUEST, 'faults.c')).read().split('\n')
    line = 1 + next(i for i, text in enumerate(source) if 'the access' in text)
    explained('r 0x50000500', r'guest fault: BusFault \(PRECISERR, read of 0x50000500\), taken as '
                              r'HardFault',
              r'^  at  0x\w+  touch(\+0x\w+)? \(.*faults\.c:%d\)$' % line, r'^ +0x\w+  through\+',
              r'^ +0x\w+  main\+',
              r'^  => .*ldr', r'CFSR 0x00008200 PRECISERR BFARVALID',
              r'is GPIO of nRF51: did you mean -M microbit\?')
    explained('r 0x40023800', r'0x40023800|i2c') # there is something on this board
    explained('r 0xdeadbeec', r'never initialised')
    explained('r 0x40013800', r'0x40013800 is \d+ (bytes|KiB|MiB) (behind|before)',
              r'0x40013800 is SYSCFG of STM32F4: did you mean -M olimex-stm32-h405\?',
              r'0x40013800 is USART1 of STM32F1; there is no such machine', cpu='lm3s')


@test
def wild_calls():
    explained('c 0x60000001', r'guest fault: BusFault \(IBUSERR',
              r'^ +0x\w+  call\+0x\w+ .*\(by LR\)', r'^ +0x\w+  main\+', r'wild function pointer')
    explained('c 0x100', r'INVSTATE', r'bit 0 of a branch target')
    explained('c 0', r'INVSTATE', r'a call through a null function pointer\?')
    text = explained('c 0xffffffff', r'IACCVIOL', r'never initialised', r'^ +0x\w+  main\+',
                     text=True)
    check('0xfffffffe  ?' not in text.split('  at  0xfffffffe  ?')[1], 'LR at reset is a caller: ' +
          text)


@test
def other_faults():
    explained('u', r'UNDEFINSTR', r'UDF is undefined on purpose', r'^  => .*udf')
    explained('d', r'DIVBYZERO', r'DIV_0_TRP is set')
    explained('b', r'guest fault: HardFault \(a breakpoint without a debugger\)',
              r'^  => .*bkpt #7', r'HFSR 0x80000000 DEBUGEVT', r'a failed assertion')
    explained('r 0x50000500', r'guest fault: HardFault \(PRECISERR, read of 0x50000500\)$',
              cpu='m0-mps2')
    explained('p', r'guest fault: HardFault \(SVC while PRIMASK is set\)', r'^  => .*svc')
    explained('x 0x60000000', r"guest fault: BusFault \(STKERR, an exception's frame cannot be "
                              r'stored at 0x5fffffe0\), taken as HardFault',
              r'the stack has overflowed')
    explained('s 0x1ffffff0', r'[Ll]ockup|STKERR|stack', r'0x1ffffff0|0x1fffffec')


@test
def handlers_mpu_and_lockup():
    explained('i', r'BusFault \(PRECISERR', r'^ +0x\w+  on_svc\+', r'^ +---  exception$',
              r'^ +0x\w+  main\+')
    explained('m 0x20000100', r'MemManage \(DACCVIOL, read of 0x20000100\)',
              r'region 0 of the MPU, 0x20000100 to 0x2000011f: no access', r'^ +0x\w+  main\+')
    explained('w 0x100', r'write to 0x00000100', r"0x00000100 is in 'flash'",
              r'cannot be written like RAM', cpu='lm3s')
    explained('a 0x20000002', r'UsageFault \(UNALIGNED', r'^  => .*ldrd',
              r'0x20000002 is not aligned')
    explained('l 0x50000500', r'lockup: PRECISERR, read of 0x60000000',
              r'^ +0x\w+  on_hard_fault\+',
                  r'^ +---  exception$', r'^ +0x\w+  main\+', r'has no handler', hangs=True)


@test
def unmapped_policies():
    check(explained('r 0x50000500', r'^armemu: read of 4 bytes at 0x50000500, where nothing is, by '
                                    r'0x\w+ touch',
                    options=['-unmapped', 'warn']) == 5, 'it goes on')
    check(explained('r 0x50000500', options=['-unmapped', 'zero']) == 5, 'it goes on')
    text = explained('n 0x50000500', options=['-unmapped', 'warn'], text=True)
    check(text.count('where nothing is') == 1, 'a line for each instruction: ' + text)


def main():
    add_libraries()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        status = test.run(sys.argv[2:], os.cpu_count())
        os.chdir('/')
    sys.exit(status)


if __name__ == '__main__':
    main()
