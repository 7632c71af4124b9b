#!/usr/bin/env python3
"""Debian's MicroPython for the micro:bit (package firmware-microbit-micropython) at its prompt:
what it computes, what its LEDs show, its sensors, its file system in flash. Output: TAP.

usage: test_micropython.py ARMEMU"""
import os
import select
import subprocess
import sys
import tempfile
import time

FIRMWARE = '/usr/share/firmware-microbit-micropython/firmware.hex'
PROMPT = '>>> '
HANG = 60

# What is typed, and what must be printed before the next prompt.
SESSION = [
    ('print(sum(range(100)))', '4950'),
    ('print(1/3, 2.5*4, 1e10)', '0.333333 10.0 1e+10'),
    ('from microbit import *', ''),
    ('display.show(Image.HAPPY)', ''),
    ('sleep(300)', ''),
    ('display.show("F")', ''),
    ('sleep(300)', ''),
    ('display.scroll("Hi", delay=150)', ''),
    ('temperature()', '21'),
    ('accelerometer.get_z() < -900, abs(accelerometer.get_x()) < 100', '(True, True)'),
    ('(button_a.is_pressed(), button_b.is_pressed())', '(False, False)'),
    ('import random', ''),
    ('0 <= random.random() < 1', 'True'),
    ('pin0.read_analog() // 100', '5'),
    ('t = running_time(); sleep(100); print(running_time() - t >= 100)', 'True'),
    ('f = open("a.txt", "w")', ''),
    ('f.write("kept in flash")', '13'),
    ('f.close()', ''),
    ('print(open("a.txt").read())', 'kept in flash'),
]

# Pictures as the font and Image.HAPPY of MicroPython have them, in this order. A picture that is
# seen in the middle of a change is not listed.
PICTURES = [
    '00000:09090:00000:90009:09990',  # Image.HAPPY
    '99990:90000:99900:90000:90000',  # F
    '90090:90090:99990:90090:90090',  # H, while scrolling
    '09000:00000:09000:09000:09000',  # i
]

# The log has brightnesses from 0 to 9.
LIT = str.maketrans('12345678', '00000999')
CORNERS = '9 . . . .\n. . . . .\n. . . . .\n. . . . .\n. . . . 9'
SWITCH = b'\x01c'
MONITOR = '(armemu) '


class Failed(Exception):
    pass


class Board:
    def __init__(self, armemu, log, options):
        self.process = subprocess.Popen(
            [armemu, '-M', 'microbit', '-device', 'loader,file=' + FIRMWARE, '-serial', 'mon:stdio',
             '-display', 'none', '-d', 'leds,guest_errors', '-D', log, *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.text = ''

    def until(self, end):
        """What is printed up to and without @end."""
        deadline = time.monotonic() + HANG
        while end not in self.text:
            if not select.select([self.process.stdout], [], [],
                                 max(0, deadline - time.monotonic()))[0]:
                raise Failed('no %r after %r' % (end, self.text))
            data = os.read(self.process.stdout.fileno(), 4096)
            if not data:
                raise Failed('armemu ended after %r' % self.text)
            self.text += data.decode(errors='replace')
        before, self.text = self.text.split(end, 1)
        return before

    def type(self, line):
        self.process.stdin.write(line.encode() + b'\r')
        self.process.stdin.flush()

    def ask(self, line, expected):
        self.type(line)
        echo, _, printed = self.until(PROMPT).partition('\r\n')
        if echo != line or printed.strip() != expected:
            raise Failed('%s: printed %r, not %r' % (line, printed, expected))

    def monitor(self, command):
        """What the monitor answers."""
        self.process.stdin.write(SWITCH + command.encode() + b'\n')
        self.process.stdin.flush()
        self.until(command)
        answer = self.until(MONITOR)
        self.process.stdin.write(SWITCH)
        self.type('')
        self.until(PROMPT)
        return answer.replace('\r', '').strip()

    def end(self):
        self.process.kill()
        self.process.wait()


def session(armemu, options):
    with tempfile.TemporaryDirectory() as folder:
        log = os.path.join(folder, 'log')
        board = Board(armemu, log, options)
        try:
            board.until(PROMPT)
            for line, expected in SESSION:
                board.ask(line, expected)
            board.monitor('drive gpio 17 0')
            board.ask('sleep(100); print(button_a.is_pressed(), button_b.is_pressed())',
                      'True False')
            board.monitor('drive gpio 17 1')
            board.ask('sleep(100); print(button_a.is_pressed())', 'False')
            board.ask('display.show(Image("90000:00000:00000:00000:00009")); sleep(300)', '')
            leds = board.monitor('info leds')
            if leds.translate(LIT) != CORNERS:
                raise Failed('info leds: ' + leds)
        finally:
            board.end()
        with open(log) as lines:
            seen = [line.split()[1].translate(LIT) for line in lines if line.startswith('leds ')]
    for picture in PICTURES:
        if picture not in seen:
            raise Failed('the LEDs do not show %s, but %s' % (picture, ' '.join(seen)))
        seen = seen[seen.index(picture) + 1:]


def problem_of(armemu, options, attempts):
    """What is wrong at each of so many attempts; None when one went well."""
    problem = None
    for _ in range(attempts):
        try:
            session(armemu, options)
            return None
        except Failed as failed:
            problem = failed
    return problem


def main():
    if not os.path.exists(FIRMWARE):
        print('1..0 # SKIP no ' + FIRMWARE)
        return 0
    # With the host's time, a host that is busy may let LEDs be lit and put out unseen.
    cases = [('counted instructions', ['-icount', 'shift=6'], 1), ('the host\'s time', [], 3)]
    bad = 0
    print('1..%d' % len(cases))
    for number, (name, options, attempts) in enumerate(cases, 1):
        problem = problem_of(sys.argv[1], options, attempts)
        if not problem:
            print('ok %d - %s' % (number, name), flush=True)
            continue
        bad += 1
        print('not ok %d - %s\n# %s' % (number, name, problem), flush=True)
    return bad != 0


if __name__ == '__main__':
    sys.exit(main())
