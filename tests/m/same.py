"""A program does and says the same, by counted time, whatever runs it: same.py ARMEMU PROGRAM"""
import subprocess
import sys

ENGINES = ("jit", "interp", "lockstep")


def main(argv):
    outputs = {}
    for engine in ENGINES:
        command = [argv[1], "-M", "mps2-an385", "-nographic", "-semihosting", "-icount", "shift=3",
                   "-accel", engine, "-kernel", argv[2]]
        run = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True, timeout=280)
        outputs[engine] = (run.returncode, run.stdout)
        print(f"{engine}: status {run.returncode}\n{run.stdout}", end="")
    return 0 if len(set(outputs.values())) == 1 and outputs["jit"][0] == 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv))
