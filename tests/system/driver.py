"""Drives a guest through its console: starts armemu on a terminal of its own, sends keys, waits for
text. Nothing here asserts a time; the limits only end runs that hang."""
import lzma
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests"))
from harness import Failure, Skip, check, diagnose # pylint: disable=wrong-import-position

HANG_SECONDS = float(os.environ.get("ARMEMU_TEST_HANG", "240"))
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
PROMPT = r"armemu:\S*# "


class Emulator:
    """One run of armemu, with its terminal."""

    def __init__(self, program, arguments):
        self.command = [program, *arguments]
        self.seen = ""   # everything so far, without escape sequences
        self.position = 0  # up to where expect() has consumed it
        self.status = None
        master, slave = pty.openpty()
        settings = termios.tcgetattr(slave)
        settings[3] &= ~termios.ECHO # what is seen is what the guest sent
        termios.tcsetattr(slave, termios.TCSANOW, settings)
        self.terminal = master
        self.process = subprocess.Popen(self.command, stdin=slave, stdout=slave, stderr=slave,
                                        start_new_session=True)
        os.close(slave)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        os.close(self.terminal)
        if kind and not issubclass(kind, Skip):
            diagnose(" ".join(self.command))
            for line in self.seen.splitlines()[-40:]:
                diagnose("| " + line)

    def read(self, seconds):
        """Takes what the emulator has written; false when it has ended."""
        ready, _, _ = select.select([self.terminal], [], [], seconds)
        if not ready:
            return True
        try:
            data = os.read(self.terminal, 65536)
        except OSError: # the other side is closed
            return False
        text = data.decode("utf-8", "replace").replace("\r", "")
        self.seen = self.seen[:self.position] + ESCAPES.sub("", self.seen[self.position:] + text)
        return bool(data)

    def expect(self, pattern, seconds=HANG_SECONDS):
        """Waits for a regular expression behind what was consumed before; returns the match."""
        end = time.monotonic() + seconds
        expression = re.compile(pattern, re.MULTILINE)
        while True:
            match = expression.search(self.seen, self.position)
            if match:
                self.position = match.end()
                return match
            if time.monotonic() > end:
                raise Failure(f"no '{pattern}' within {seconds:.0f} s")
            if not self.read(1):
                match = expression.search(self.seen, self.position)
                if match:
                    self.position = match.end()
                    return match
                raise Failure(f"ended before '{pattern}'")

    def send(self, text):
        """Types @text."""
        os.write(self.terminal, text.encode())

    def wait(self, seconds=HANG_SECONDS):
        """Waits until the emulator has ended; returns its exit status."""
        end = time.monotonic() + seconds
        while self.read(0.2):
            if self.process.poll() is not None and not select.select([self.terminal], [], [], 0)[0]:
                break
            if time.monotonic() > end:
                raise Failure(f"still running after {seconds:.0f} s")
        self.status = self.process.wait(timeout=seconds)
        return self.status

    def expect_exit(self, status=0):
        """Waits for the end, with this exit status."""
        if self.wait() != status:
            raise Failure(f"exit status {self.status}, expected {status}")


class Linux(Emulator):
    """A Debian kernel with busybox."""

    def __init__(self, context, *arguments, kernel="armmp", image=None, cpu="cortex-a15",
                 append=""):
        guests = context.guests()
        image = image or f"{guests}/vmlinuz-{kernel}"
        super().__init__(context.armemu, [
            "-M", "virt", "-cpu", cpu, "-m", "512", "-nographic", "-no-reboot",
            "-kernel", image, "-initrd", f"{guests}/initramfs.cpio.gz",
            "-append", f"console=ttyAMA0 panic=-1 {append}", *arguments])

    def boot(self, seconds=HANG_SECONDS):
        """Waits for the shell; a panic ends the wait early."""
        if "panic" in self.expect(PROMPT + "|Kernel panic.*", seconds)[0]:
            raise Failure("the kernel panicked")
        # Long lines would be wrapped by the shell, and the shell asks the terminal for its size
        self.send("stty cols 200; PS1='@@'\n")
        self.expect(r"^@@")

    def shell(self, command, seconds=HANG_SECONDS):
        """Runs a command in the guest's shell; returns its output. Its status must be 0."""
        self.send(command + "; echo \"<$?>\"\n")
        self.expect(re.escape(command) + r'; echo "<\$\?>"\n', seconds)
        start = self.position
        match = self.expect(r"<(\d+)>\n(?:\[\d+\].*\n)*@@", seconds) # [1]+ Done ...
        if match[1] != "0":
            raise Failure(f"'{command}' in the guest: status {match[1]}")
        return self.seen[start:match.start()]

    def power_off(self):
        """Switches the guest off; armemu must end with status 0."""
        self.send("poweroff -f\n")
        self.expect("reboot: Power down")
        self.expect_exit(0)


class Context:
    """What tests are given."""

    def __init__(self, armemu, scratch):
        self.armemu = armemu
        self.scratch = scratch # a directory for files
        self.guest_directory = None

    def guests(self):
        """The directory with kernels and initramfs; tests are skipped where it cannot be had."""
        if self.guest_directory is None:
            result = subprocess.run([os.path.join(ROOT, "tools", "guest-fetch.sh")],
                                    stdout=subprocess.PIPE, check=False)
            if result.returncode == 3:
                raise Skip("the guests cannot be fetched here")
            if result.returncode:
                raise Failure("tools/guest-fetch.sh failed")
            self.guest_directory = result.stdout.decode().strip()
        return self.guest_directory


    def unpacked_kernel(self):
        """The kernel without its decompressor, which takes long where code is interpreted."""
        path = os.path.join(self.scratch, "Image")
        if not os.path.exists(path):
            with open(os.path.join(self.guests(), "vmlinuz-armmp"), "rb") as file:
                packed = file.read()
            # The last one: the decompressor has the magic number among its constants
            data = lzma.LZMADecompressor().decompress(packed[packed.rindex(b"\xfd7zXZ\0"):])
            with open(path, "wb") as file:
                file.write(data)
        return path


def check_match(pattern, text):
    """Fails the test unless @pattern is found in @text; returns the match."""
    match = re.search(pattern, text, re.MULTILINE)
    check(match, f"no '{pattern}' in: {text!r}")
    return match
