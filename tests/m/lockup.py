"""A CPU of the M profile that locks up says so, once and with the reason, and stops; with STATUS
it goes on by an NMI and exits with it: lockup.py ARMEMU MACHINE PROGRAM TEXT [STATUS]"""
import subprocess
import sys

SECONDS = 20
WAIT = 0.3 # for what might follow and must not


def main(argv):
    armemu, machine, program, wanted = argv[1:5]
    command = [armemu, "-M", machine, "-nographic", "-semihosting", "-icount", "shift=3", "-kernel",
               program]
    seen = []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True) as run:
        for line in run.stdout:
            seen.append(line)
            if wanted in line:
                break
        if len(argv) > 5:
            seen += run.communicate(timeout=SECONDS)[0].splitlines(True)
            ended = run.returncode == int(argv[5])
        else:
            try:
                run.wait(WAIT)
                ended = False
            except subprocess.TimeoutExpired:
                ended = True
            run.kill()
            seen += run.stdout.readlines()
    print("".join(seen), end="")
    ok = ended and sum("lockup" in line for line in seen) == 1 and \
        any(wanted in line for line in seen) and not any("not reached" in line for line in seen)
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv))
