"""The embedded ROM: no foreign guest is needed."""
from driver import Emulator, check

VIRT = ["-M", "virt", "-cpu", "cortex-a15", "-nographic"]


def start(context, *arguments):
    return Emulator(context.armemu, [*VIRT, *arguments])


def command(guest, text, *patterns):
    """Types a command at the ROM's prompt and waits for its output."""
    guest.expect("rom> ")
    guest.send(text + "\r")
    for pattern in patterns:
        guest.expect(pattern)


def test_rom_tells_its_machine(context):
    with start(context, "-m", "300", "-smp", "2") as guest:
        guest.expect(r"virt, 2 x Cortex-A15 \(MIDR 41[0-9a-f]fc0f[0-9a-f]\), 300 MiB")
        command(guest, "poweroff")
        guest.expect_exit(0)


def test_rom_tells_its_cpu(context):
    with start(context, "-cpu", "cortex-a7") as guest:
        guest.expect(r"Cortex-A7 \(MIDR 410fc07")
        command(guest, "poweroff")
        guest.expect_exit(0)


def test_rom_computes(context):
    with start(context) as guest:
        command(guest, "primes", "83 89 97 ", "168 primes below 1000")
        command(guest, "fibonacci", r"F\(90\) = 2880067194370816120")
        command(guest, "mandelbrot", r"^ {3}@{56};,,\.{8} {3}$")
        command(guest, "poweroff")
        guest.expect_exit(0)


def test_rom_timer_interrupts(context):
    with start(context) as guest:
        command(guest, "timer", "tick 1 at", "tick 10 at")
        command(guest, "poweroff")
        guest.expect_exit(0)


def test_rom_exceptions(context):
    with start(context) as guest:
        command(guest, "undefined", "instruction 0000de2a", "and the program goes on")
        command(guest, "svc", "r7 = 21", "The answer is 42")
        command(guest, "abort", "at address 0f000000 .fault status 00000008",
                "still holds 00001234")
        command(guest, "poweroff")
        guest.expect_exit(0)


def test_rom_starts_cpus(context):
    with start(context, "-smp", "4") as guest:
        for _ in range(2): # the second time, they come back from CPU_OFF
            command(guest, "cpus", "CPU 1 woke up", "CPU 2 woke up", "CPU 3 woke up")
        command(guest, "poweroff")
        guest.expect_exit(0)


def test_rom_reset(context):
    with start(context) as guest:
        for _ in range(3):
            guest.expect("armemu ROM")
            command(guest, "reset")
        guest.expect("armemu ROM")
        command(guest, "poweroff")
        guest.expect_exit(0)


def test_no_reboot_ends_at_reset(context):
    with start(context, "-no-reboot") as guest:
        command(guest, "reset")
        guest.expect_exit(0)


def test_rom_interpreted(context):
    with start(context, "-accel", "interp") as guest:
        command(guest, "primes", "168 primes below 1000")
        command(guest, "svc", "The answer is 42")
        command(guest, "poweroff")
        guest.expect_exit(0)


def test_rom_in_lockstep(context):
    with start(context, "-accel", "lockstep", "--stats") as guest:
        command(guest, "mandelbrot", r"@{56}")
        command(guest, "undefined", "and the program goes on")
        command(guest, "poweroff")
        guest.expect(r"lockstep_differences: 0$")
        guest.expect_exit(0)


def test_keys_end_the_emulator(context):
    with start(context) as guest:
        guest.expect("rom> ")
        guest.send("\x01x")
        guest.expect_exit(0)


def test_monitor(context):
    with start(context) as guest:
        guest.expect("rom> ")
        guest.send("\x01c")
        guest.expect(r"\(armemu\) |\(qemu\) ")
        guest.send("info registers\r")
        check(guest.expect(r"(?i)r15 *= *([0-9a-f]{8})"), "the program counter")
        guest.send("\x01c\r") # back to the guest, which has gone on
        guest.expect("rom> ")
        guest.send("primes\r")
        guest.expect("168 primes")
        guest.send("\x01c")
        guest.send("quit\r")
        guest.expect_exit(0)


def test_monitor_resets_and_stops(context):
    with start(context) as guest:
        guest.expect("rom> ")
        guest.send("\x01cstop\rsystem_reset\rcont\r\x01c")
        guest.expect("armemu ROM")
        guest.expect("rom> ")
        guest.send("\x01x")
        guest.expect_exit(0)
