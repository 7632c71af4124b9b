"""Debian's kernels to a shell and what a user does there."""
import hashlib
import os
import re

from driver import Linux, check, check_match


# How far the slow engines go: a message of the kernel. Further: ARMEMU_TEST_SLOW_UNTIL='Run /init'
LATE_MESSAGE = os.environ.get("ARMEMU_TEST_SLOW_UNTIL", r"Memory: \d+K/\d+K available")


def zeros_md5(mib):
    return hashlib.md5(bytes(mib << 20)).hexdigest()


def test_shell_programs(context):
    with Linux(context) as guest:
        guest.boot()
        info = guest.shell("cat /proc/cpuinfo")
        check_match(r"^CPU part\s*: 0xc0f$", info)
        check_match(r"^Features\s*:.*\bneon\b.*\bvfpv4\b.*\bidiva\b", info)
        check("armv7l" in guest.shell("uname -m"), "uname")
        total = int(check_match(r"Mem:\s+(\d+)", guest.shell("free"))[1])
        check(480 << 10 < total <= 512 << 10, f"{total} KiB of memory with -m 512")
        check("busybox" in guest.shell("ls /bin").split(), "ls")
        check_match("lrwxrwxrwx .* /bin/ls -> busybox", guest.shell("ls -l /bin/ls"))
        guest.power_off()


def test_data_through_programs(context):
    with Linux(context) as guest:
        guest.boot()
        guest.shell("dd if=/dev/zero of=/tmp/zero bs=64k count=128 2>/dev/null")
        check(zeros_md5(8) in guest.shell("md5sum /tmp/zero"), "md5sum of 8 MiB of zeros")
        guest.shell("gzip -c /tmp/zero > /tmp/zero.gz")
        size = int(guest.shell("wc -c < /tmp/zero.gz"))
        check(1000 < size < 100000, f"8 MiB of zeros compressed to {size} bytes")
        check(zeros_md5(8) in guest.shell("zcat /tmp/zero.gz | md5sum"), "zcat of gzip")
        text = "armemu" * 1000 + "\n"
        sha = hashlib.sha256(text.encode()).hexdigest()
        guest.shell("i=0; while [ $i -lt 1000 ]; do printf armemu; i=$((i+1)); done > /tmp/t")
        check(sha in guest.shell("(cat /tmp/t; echo) | sha256sum"), "sha256sum of a pipe")
        check(guest.shell("seq 1 1000 | sort -r | head -n 3 | tr '\\n' ' '").strip()
              == "999 998 997", "a pipe of four programs")
        check(guest.shell("awk 'BEGIN { printf \"%.9f\", 22 / 7 / 3 }'").strip() == "1.047619048",
              "floating point")
        check(guest.shell("echo '2^200' | bc").strip() == str(2 ** 200), "bc")
        guest.power_off()


def test_jobs_and_signals(context):
    with Linux(context) as guest:
        guest.boot()
        # Keys count as signals only when the program has the terminal
        guest.send("sh -c 'echo started; exec sleep 1000'\n")
        guest.expect("^started")
        guest.send("\x03")
        guest.expect("@@")
        guest.shell("sleep 1 & wait $!")
        check("in the background" in guest.shell("(sleep 1; echo in the background) & wait"), "&")
        # Not at once: until it runs sleep, the new process ignores the signal as its shell does
        guest.shell("sleep 500 & sleep 1; kill $!; wait $! || true")
        guest.send("sh -c 'echo started; exec cat'\n")
        guest.expect("^started")
        guest.send("\x1a")
        guest.expect("Stopped")
        guest.expect("@@")
        check("Stopped" in guest.shell("jobs"), "jobs")
        guest.send("fg\n")
        guest.expect("exec cat")
        guest.send("a line\n")
        guest.expect("^a line\na line$")
        guest.send("\x04")
        guest.expect("@@")
        check(guest.shell("for i in 1 2 3; do echo $i & done; wait; true").split().count("3") >= 1,
              "three jobs")
        guest.power_off()


def test_time_goes_on(context):
    with Linux(context) as guest:
        guest.boot()
        first, second = guest.shell("cut -d. -f1 /proc/uptime; sleep 3; cut -d. -f1 /proc/uptime"
                                    ).split()
        check(int(second) - int(first) >= 2, "three seconds of sleep")
        check(int(guest.shell("date +%Y")) >= 2024, "the clock of the machine")
        guest.power_off()


def test_poweroff_of_a_script(context):
    with Linux(context) as guest:
        guest.boot()
        guest.send("sh -c poweroff\n")
        guest.expect("reboot: Power down")
        guest.expect_exit(0)


def test_reboot(context):
    with Linux(context) as guest: # -no-reboot
        guest.boot()
        guest.send("reboot -f\n")
        guest.expect("reboot: Restarting system")
        guest.expect_exit(0)


def smp(context, count, cpu="cortex-a15"):
    with Linux(context, "-smp", str(count), cpu=cpu) as guest:
        guest.boot()
        check(guest.shell("nproc").strip() == str(count), "nproc")
        check(len(re.findall(r"^processor", guest.shell("cat /proc/cpuinfo"), re.M)) == count,
              "/proc/cpuinfo")
        sums = guest.shell("for i in 1 2 3 4; do dd if=/dev/zero bs=64k count=64 2>/dev/null"
                           " | md5sum & done; wait")
        check(sums.count(zeros_md5(4)) == 4, "four sums at the same time")
        guest.power_off()


def test_two_cpus(context):
    smp(context, 2)


def test_four_cpus(context):
    smp(context, 4)


def test_cortex_a7(context):
    with Linux(context, cpu="cortex-a7") as guest:
        guest.boot()
        check_match(r"^CPU part\s*: 0xc07$", guest.shell("cat /proc/cpuinfo"))
        guest.power_off()


def test_lpae(context):
    with Linux(context, kernel="armmp-lpae") as guest:
        guest.boot()
        check("lpae" in guest.shell("uname -r"), "uname")
        check(zeros_md5(4) in guest.shell("dd if=/dev/zero bs=64k count=64 | md5sum"), "md5sum")
        guest.power_off()


def test_interpreted(context):
    with Linux(context, "-accel", "interp", image=context.unpacked_kernel(),
               append="earlycon=pl011,0x9000000") as guest:
        guest.expect(r"Linux version 6\.")
        guest.expect(LATE_MESSAGE)
        guest.send("\x01x")
        guest.expect_exit(0)


def test_lockstep(context):
    """The first part of the boot: translated code against the interpreter, block by block."""
    with Linux(context, "-accel", "lockstep", "--stats", image=context.unpacked_kernel(),
               append="earlycon=pl011,0x9000000") as guest:
        guest.expect(LATE_MESSAGE)
        guest.send("\x01x")
        guest.expect("lockstep_differences: 0$")
        guest.expect_exit(0)
