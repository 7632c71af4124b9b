#!/usr/bin/env python3
"""Firmware on the boards of the M profile: built here, run by armemu in three ways, and by QEMU
where the board is QEMU's too. What is printed must be the same, and what the documents say. Output:
TAP.

usage: test_boards.py ARMEMU"""
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
GUEST = os.path.join(HERE, 'guest')
EXAMPLE = os.path.join(HERE, '..', '..', 'docs', 'board-example.yaml')
COMPILER = 'arm-none-eabi-gcc'
QEMU = 'qemu-system-arm'
HANG = 60

MPS2 = """hello from mps2
scc id {scc}
scc aid 00200008
uart id 00000021
timer id 00000022
dualtimer id 00000023
watchdog id 00000024
spi id 00000022
ethernet id 01180001
ethernet test 87654321
leds 00000003
watchdog load ffffffff
mirror 00001234
bit-band 00000001
timer0 00000005
dualtimer 00000003
systick 00000004
nmi of the watchdog
back after the watchdog's reset
watchdog control 00000000
"""

LM3S = """hello from lm3s6965
did0 10010002
did1 1073402e
dc1 001133ff
dc4 5000007f
rcgc2 0000003f
uart id 00000011
gpio id 00000061
led 00000001
inputs 00000000
bit-band 00000001
locked
timer0 00000005
systick 00000004
watchdog barks
back after the watchdog's reset
watchdog control 00000000
"""

LIBC = """hello from heap, one
1.414213562 1.285714 285714
21c3677c82b40000 511524
-3 0 2 5 7 9 
"""
# For programs of a C library: board, core, more flags of the compiler, flash, RAM, end of RAM, is
# the board QEMU's?
LIBC_BOARDS = [
    ('lm3s6965evb', 'cortex-m3', [], 0, 0x20000000, 0x20010000, True),
    ('lm3s6965evb', 'cortex-m0', [], 0, 0x20000000, 0x20010000, True),
    ('microbit', 'cortex-m0', [], 0, 0x20000000, 0x20004000, True),
    ('mps2-an385', 'cortex-m3', [], 0, 0x20000000, 0x20400000, True),
    ('mps2-an386', 'cortex-m4', ['-mfloat-abi=hard', '-mfpu=fpv4-sp-d16'], 0, 0x20000000,
     0x20400000, True),
    ('mps2-an500', 'cortex-m7', ['-mfloat-abi=hard', '-mfpu=fpv5-d16'], 0, 0x20000000, 0x20400000,
     True),
    ('olimex-stm32-h405', 'cortex-m4', ['-mfloat-abi=hard', '-mfpu=fpv4-sp-d16'], 0x08000000,
     0x20000000, 0x20020000, False),
    ('cortex-m', 'cortex-m0plus', [], 0, 0x20000000, 0x21000000, False),
]
LEVELS = ('-O0', '-O1', '-O2', '-O3', '-Os')

MICROBIT = """hello from the micro:bit
page size 00000400
pages 00000100
ticks 00000005
counted 00000002
random 00000001
out 0000c000
dir 0000fff0
pin 00000001
erased ffffffff
written 0ff00000
"""

STM32F4_START = """hello from stm32f405
idcode 00000413
timer and SysTick agree
timer and SysTick agree
updates
led 00000001
led 00000000
edges 00000003
bit-band 00000020
1.21 V 000005de
sent by DMA
transfers 00000001
erased ffffffff
flash feedbeef
"""
STM32F4 = STM32F4_START + STM32F4_START + "back after the watchdog's reset\n"

# The MAC address as MAC_ADDRL and MAC_ADDRH have it; the gateway's is libslirp's.
NET = """id 01180001
address {low}
address {high}
phy 0007c0d1
link 00000004
room 00001200
the gateway is there
at 52550a00
pong 00000038
pong 00000001
pong 00000578
ready
datagram 00000005
datagram 000005c0
datagram 00000003
left 00000000
"""
# As FreeRTOS's CI has it, with a port that leads to the guest; the other spellings.
NETDEV = ['-netdev', 'user,id=mynet0,hostfwd=udp:127.0.0.1:{port}-:7,', '-net',
          'nic,model=lan9118,netdev=mynet0']
NIC = ['-nic', 'user,model=lan9118,hostfwd=udp:127.0.0.1:{port}-10.0.2.15:7,mac=02:11:22:33:44:55']
NET_USER = ['-net', 'nic,model=lan9118', '-net', 'user,hostfwd=udp:127.0.0.1:{port}-:7']

CMSDK_MEMORY = {'FLASH': 0, 'RAM': 0x20000000}
# Board, core, source, memory, macros, what it prints.
PROGRAMS = [
    ('mps2-an385', 'cortex-m3', 'mps2.c', {'KEPT': 0x21000000, 'ETHERNET': 0x40200000},
     MPS2.format(scc='41043850')),
    ('mps2-an386', 'cortex-m4', 'mps2.c', {'KEPT': 0x21000000, 'ETHERNET': 0x40200000},
     MPS2.format(scc='41043860')),
    ('mps2-an500', 'cortex-m7', 'mps2.c', {'KEPT': 0x60000000, 'ETHERNET': 0xa0000000},
     MPS2.format(scc='41045000')),
    ('lm3s6965evb', 'cortex-m3', 'lm3s.c', {'KEPT': 0x2000ff00}, LM3S),
    ('microbit', 'cortex-m0', 'microbit.c', {}, MICROBIT),
]
# Board and its crystal in MHz. QEMU's have neither RCC nor GPIO.
STM32F4_PROGRAMS = [('netduinoplus2', 25), ('olimex-stm32-h405', 8)]
# With counted time a watchdog that is to be late is late on a busy machine as well.
COUNTED = ['-icount', 'shift=4,sleep=off']
ENGINES = [['-accel', 'jit'], ['-accel', 'interp'], ['-accel', 'lockstep']]


class Failed(Exception):
    pass




class Suite:
    def __init__(self, armemu, folder):
        self.armemu, self.folder = armemu, folder

    def compile(self, command, out):
        done = subprocess.run([COMPILER, '-mthumb', '-o', out, *command], capture_output=True,
                              text=True)
        if done.returncode:
            raise Failed('%s: %s' % (' '.join(command), done.stderr))
        return out

    def newlib(self, core, flags, level, flash, ram, end):
        sources = [os.path.join(GUEST, name) for name in ('vectors.c', 'libc.c')]
        return self.compile(['--specs=rdimon.specs', '-mcpu=' + core, *flags, level, '-T',
                             os.path.join(GUEST, 'libc.ld'),
                             '-Wl,--no-warn-rwx-segments,--defsym=FLASH=%#x,--defsym=RAM=%#x,'
                             '--defsym=RAM_END=%#x' % (flash, ram, end), *sources, '-lm'],
                            os.path.join(self.folder, 'newlib.elf'))

    def picolibc(self, core, flags, level, flash, ram, end):
        memory = ','.join('--defsym=__%s=%#x' % item for item in (
            ('flash', flash), ('flash_size', 0x40000), ('ram', ram), ('ram_size', end - ram)))
        return self.compile(['--specs=picolibc.specs', '--oslib=semihost', '--crt0=semihost',
                             '-mcpu=' + core, *flags, level,
                             '-Tpicolibc.ld', '-Wl,' + memory, os.path.join(GUEST, 'libc.c'),
                             '-lm'],
                            os.path.join(self.folder, 'picolibc.elf'))

    def build(self, source, core, memory, macros, level='-O2'):
        out = os.path.join(self.folder, '%s-%s.elf' % (source, core))
        command = ['-mcpu=' + core, level, '-ffreestanding', '-nostdlib', '-nostartfiles', '-Wall',
                   '-Werror', '-T', os.path.join(GUEST, 'guest.ld'), '-Wl,--no-warn-rwx-segments']
        command += ['-Wl,--defsym=%s=%#x' % item for item in memory.items()]
        command += ['-D%s=%#xu' % item for item in macros.items()]
        command += [os.path.join(GUEST, name) for name in ('start.c', source)]
        return self.compile(command, out)

    def run(self, program, machine, image, options, kernel='-kernel'):
        """Exit status and what the first UART sent."""
        command = [program, '-M', machine, '-display', 'none', '-monitor', 'none']
        if kernel == '-kernel':
            command += ['-kernel', image, '-semihosting', '-serial', 'stdio', *options]
        else: # as the CI of picolibc does: its characters go to the console of semihosting
            command += ['-device', 'loader,file=%s,cpu-num=0' % image, '-serial', 'none',
                        '-chardev',
                        'stdio,mux=on,id=stdio0',
                        *(o.replace('target=native', 'chardev=stdio0') for o in options)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=HANG)
        return (done.returncode, done.stdout.decode(errors='replace'),
                done.stderr.decode(errors='replace'))

    def expect(self, machine, image, options, status, text, **more):
        got = self.run(self.armemu, machine, image, options, **more)
        if got[:2] != (status, text):
            raise Failed('%s %s: status %d, not %d, and:\n%s%s' % (machine, options, got[0], status,
                                                                   got[1], got[2]))

    def qemu(self, machine, image, options, text, **more):
        if not shutil.which(QEMU):
            return
        got = self.run(QEMU, machine, image, options, **more)
        if got[1] != text:
            raise Failed('QEMU prints otherwise:\n' + got[1])


def boards(suite, board, core, source, macros, text):
    image = suite.build(source, core, CMSDK_MEMORY, macros)
    for engine in ENGINES:
        suite.expect(board, image, engine + COUNTED, 0, text)
    suite.qemu(board, image, COUNTED, text)


def talk(program, image, board, options):
    """Run the guest and, when it is ready, send it datagrams, which come back reversed. Returns its
    output."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(('127.0.0.1', 0))
        port = s.getsockname()[1]
    command = [program, '-M', board, '-nographic', '-monitor', 'null', '-semihosting',
               '--semihosting-config',
               'enable=on,target=native', '-serial', 'stdio', '-kernel', image,
               *(o.format(port=port) for o in options)]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True) as process, \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        timer = threading.Timer(HANG, process.kill)
        timer.start()
        s.settimeout(HANG)
        text = ''
        for line in process.stdout:
            text += line
            if line == 'ready\n':
                for message in (b'hello', bytes(range(184)) * 8, b'end'):
                    s.sendto(message, ('127.0.0.1', port))
                    if s.recv(2000) != message[::-1]:
                        text += 'another answer\n'
        timer.cancel()
    return text + ('' if process.returncode == 0 else 'status %d\n' % process.returncode)


def network(suite, board, core, ethernet):
    image = suite.build('net.c', core, CMSDK_MEMORY, {'ETHERNET': ethernet})
    usual = NET.format(low='12005452', high='00005634')
    other = NET.format(low='33221102', high='00005544')
    runs = [(engine + NETDEV, usual) for engine in ENGINES + [COUNTED]]
    for options, text in runs + [(NIC, other), (NET_USER, usual)]:
        got = talk(suite.armemu, image, board, options)
        if got != text:
            raise Failed('%s:\n%s' % (options, got))
    if shutil.which(QEMU):
        for options, text in ((NETDEV, usual), (NIC, other)):
            got = talk(QEMU, image, board, options)
            if got != text:
                raise Failed('QEMU prints otherwise:\n' + got)


NETWORK_BOARD = """name: net
help: a UART and a LAN9118
cpu: cortex-m3
m_profile: {irqs: 16, priority_bits: 3, cpu_hz: 25000000}
ram: {base: 0x20000000, size: 1M}
memory: [{name: code, base: 0, size: 1M, kind: rom}]
devices:
  - class: cmsdk-uart
    name: uart0
    serial: true
    base: 0x40004000
    irq: 0
  - class: lan9118
    name: ethernet
    network: true
    base: 0x40200000
    irq: 13
"""


def network_of_board_file(suite):
    path = os.path.join(suite.folder, 'net.yaml')
    with open(path, 'w') as file:
        file.write(NETWORK_BOARD)
    image = suite.build('net.c', 'cortex-m3', CMSDK_MEMORY, {'ETHERNET': 0x40200000})
    got = talk(suite.armemu, image, 'file:' + path, NETDEV)
    if got != NET.format(low='12005452', high='00005634'):
        raise Failed(got)


def libc(suite, library, board, core, flags, flash, ram, end, is_qemus):
    """Every level of the compiler; QEMU once."""
    kernel = '-kernel' if library == 'newlib' else '-device'
    arguments = ['-cpu', core, '-semihosting-config', 'enable=on,target=native,arg=prog,arg=one']
    for level in LEVELS:
        image = getattr(suite, library)(core, flags, level, flash, ram, end)
        suite.expect(board, image, arguments, 3, LIBC, kernel=kernel)
    if is_qemus:
        suite.qemu(board, image, arguments, LIBC, kernel=kernel)


def stm32f4(suite, board, hse):
    macros = {'KEPT': 0x2001ff00, 'HSE_MHZ': hse, 'FLASH_BASE': 0x08000000}
    image = suite.build('stm32f4.c', 'cortex-m4', {'FLASH': 0x08000000, 'RAM': 0x20000000}, macros)
    for options in [[]] + [engine + COUNTED for engine in ENGINES]:
        suite.expect(board, image, options, 0, STM32F4)


def counted_cycles(suite):
    """shift=auto: an instruction takes about a cycle of the clock that the program has chosen."""
    pace = '%s: about a cycle each, SysTick on time\n'
    memory, macros = {'FLASH': 0x08000000, 'RAM': 0x20000000}, {'HSE_MHZ': 8}
    image = suite.build('pace.c', 'cortex-m4', memory, macros)
    for engine in ENGINES:
        suite.expect('olimex-stm32-h405', image, engine + ['-icount', 'shift=auto,sleep=off'], 0,
                     pace % '16 MHz' + pace % '168 MHz' + pace % '16 MHz')


def cores_of_lm3s6965evb(suite):
    """-cpu as Embedded Rust's CI gives it, and what the core itself does."""
    for core in ('cortex-m0', 'cortex-m3', 'cortex-m4', 'cortex-m7'):
        image = suite.build('hello.c', core, CMSDK_MEMORY, {'UART': 0x4000c000, 'PL011': 1})
        suite.expect('lm3s6965evb', image, ['-cpu', core], 7, 'hello\nticks\nhard fault\n')


def generic(suite):
    for core in ('cortex-m0', 'cortex-m0plus', 'cortex-m1', 'cortex-m3', 'cortex-m4', 'cortex-m7'):
        memory = {'FLASH': 0x08000000, 'RAM': 0x10000000}
        machine = 'cortex-m,flash=0x08000000:64K,ram=0x10000000:64K'
        image = suite.build('hello.c', core, memory, {'UART': 0x40004000})
        suite.expect(machine, image, ['-cpu', core], 7, 'hello\nticks\nhard fault\n')
        image = suite.build('hello.c', core, memory, {'UART': 0x40011000, 'PL011': 1})
        suite.expect(machine + ',uart=pl011,uart-base=0x40011000', image, ['-cpu', core], 7,
                     'hello\nticks\nhard fault\n')


def board_file(suite):
    image = suite.build('hello.c', 'cortex-m4', {'FLASH': 0x08000000, 'RAM': 0x20000000},
                        {'UART': 0x40004000})
    suite.expect('file:' + EXAMPLE, image, [], 7, 'hello\nticks\nhard fault\n')
    raw = image + '.bin'
    subprocess.run(['arm-none-eabi-objcopy', '-O', 'binary', image, raw], check=True)
    suite.expect('file:' + EXAMPLE, raw, [], 7, 'hello\nticks\nhard fault\n')


# Command lines that cannot be, and a part of the one line that says why.
WRONG = [
    (['-M', 'mps2-an385', '-m', '8'], "machine 'mps2-an385' has 16 MiB of memory"),
    (['-M', 'lm3s6965evb', '-m', '128'], "machine 'lm3s6965evb' has 64 KiB of memory"),
    (['-M', 'lm3s6965evb', '-cpu', 'cortex-a15'], "machine 'lm3s6965evb' has cortex-m3"),
    (['-M', 'lm3s6965evb', '-smp', '2'], 'at most 1 CPUs'),
    (['-M', 'lm3s6965evb', '-bios', '/dev/null'], 'starts firmware'),
    (['-M', 'lm3s6965evb,dumpdtb=/dev/null'], 'no device tree'),
    (['-M', 'lm3s6965evb'], 'nothing to start'),
    (['-M', 'lm3s6965'], "did you mean 'lm3s6965evb'?"),
    (['-M', 'cortex-m,ram=64K'], 'ram=64K is not BASE:SIZE'),
    (['-M', 'cortex-m,flash=0:64K,ram=0x1000:64K'], 'overlaps'),
    (['-M', 'cortex-m,uart-base=0x20000000'], 'overlaps'),
    (['-M', 'cortex-m,irqs=4,uart-irq=4'], 'there is no interrupt 4'),
    (['-M', 'file:/nonexistent.yaml'], 'No such file'),
    (['-M', 'file:' + os.path.join(HERE, 'meson.build')], 'meson.build:'),
]


def wrong_command_lines(suite):
    image = suite.build('warm.c', 'cortex-m3', CMSDK_MEMORY, {})
    for options, message in WRONG:
        command = [suite.armemu, '-display', 'none', '-serial', 'none', '-monitor', 'none',
                   *options]
        if 'nothing' not in message:
            command += ['-kernel', image]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=HANG)
        one_line = done.stderr.count('\n') == 1 and message in done.stderr
        if done.returncode == 0 or done.stdout or not one_line:
            raise Failed('%s: status %d: %s%s' % (options, done.returncode, done.stdout,
                                                  done.stderr))


def wrong_uart(suite):
    """What a UART sends that no option is for is told of once, unless none is wanted."""
    image = suite.build('hello.c', 'cortex-m3', CMSDK_MEMORY, {'UART': 0x40005000})
    base = [sys.argv[1], '-M', 'mps2-an385', '-display', 'none', '-monitor', 'none', '-semihosting',
            '-kernel', image]
    for options, told, out in ((['-serial', 'stdio'], 1, False),
                               (['-serial', 'null', '-serial', 'stdio'], 0, True),
                               (['-serial', 'none'], 0, False),
                               (['-nodefaults'], 0, False)):
        done = subprocess.run(base + options, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=HANG)
        lines = done.stderr.count("with '-serial null -serial mon:stdio'")
        if lines != told or bool(done.stdout) != out:
            raise Failed('%s: %s%s' % (options, done.stdout, done.stderr))


def reset_keeps(suite):
    """Not compared with QEMU, which loads and clears all memory again."""
    image = suite.build('warm.c', 'cortex-m3', CMSDK_MEMORY, {})
    text = ''
    for count, flash, cause in ((1, 'ffffffff', 0), (2, 'ffff1234', 0x10), (3, '56781234', 0x10)):
        text += ('count %08x\ncleared 00000000\ninitialised 00000005\nflash %s\ncause %08x\n' %
                 (count, flash, cause))
    for engine in ENGINES:
        suite.expect('lm3s6965evb', image, engine + COUNTED, 0, text)


def cases():
    for program in PROGRAMS:
        yield program[0], lambda s, p=program: boards(s, *p)
    yield 'network', lambda s: network(s, 'mps2-an385', 'cortex-m3', 0x40200000)
    yield 'network on mps2-an500', lambda s: network(s, 'mps2-an500', 'cortex-m7', 0xa0000000)
    for library in ('newlib', 'picolibc'):
        for board in LIBC_BOARDS:
            yield ('%s on %s, %s' % (library, *board[:2]),
                   lambda s, l=library, b=board: libc(s, l, *b))
    for board in STM32F4_PROGRAMS:
        yield board[0], lambda s, b=board: stm32f4(s, *b)
    for case in (counted_cycles, cores_of_lm3s6965evb, generic, board_file, network_of_board_file,
                 reset_keeps, wrong_uart, wrong_command_lines):
        yield case.__name__, case


def main():
    if not shutil.which(COMPILER):
        print('1..0 # SKIP no ' + COMPILER)
        return 0
    bad = 0
    todo = list(cases())
    print('1..%d' % len(todo))
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, case) in enumerate(todo, 1):
            try:
                case(Suite(sys.argv[1], folder))
                print('ok %d - %s' % (number, name), flush=True)
            except (Failed, subprocess.TimeoutExpired) as problem:
                bad += 1
                print('not ok %d - %s' % (number, name))
                print('\n'.join('# ' + line for line in str(problem).splitlines()), flush=True)
    return bad != 0


if __name__ == '__main__':
    sys.exit(main())
