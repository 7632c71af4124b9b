"""A CPU of the M profile that locks up says so, with the reason, and stops: lockup.py ARMEMU
PROGRAM"""
import subprocess
import sys

WANTED = "lockup: UNDEFINSTR"


def main(argv):
    command = [argv[1], "-M", "mps2-an385", "-nographic", "-semihosting", "-kernel", argv[2]]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True) as armemu:
        seen = []
        for line in armemu.stdout:
            seen.append(line)
            if WANTED in line:
                break
        stopped = armemu.poll() is None
        armemu.kill()
    print("".join(seen), end="")
    ok = stopped and any(WANTED in line and "HardFault" in line for line in seen) and \
        not any("not reached" in line for line in seen)
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv))
