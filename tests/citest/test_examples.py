#!/usr/bin/env python3
"""The examples of docs/CI.md, as they stand there: pipelines, and armemu-run as the runner of
meson, CMake and cargo.
usage: test_examples.py ARMEMU_TEST IMAGES"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.dirname(HERE))
from harness import Skip, check, run_cases # pylint: disable=wrong-import-position

PROGRAM, IMAGES = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
SOURCE = os.path.join(HERE, "firmware")
FLAGS = ["-O1", "-mthumb", "-mcpu=cortex-m3", "-ffreestanding",
         "-fno-tree-loop-distribute-patterns"]
with open(os.path.join(ROOT, "docs", "CI.md"), encoding="utf-8") as page:
    EXAMPLES = re.findall(r"^```(\w*)\n(.*?)^```", page.read(), re.M | re.S)


def example(part):
    """The example that has @part in it."""
    found = [text for _, text in EXAMPLES if part in text]
    check(len(found) == 1, f"{len(found)} examples with '{part}'")
    return found[0]


def environment(folder):
    """With the programs in PATH, as after an installation."""
    bin_folder = os.path.join(folder, "bin")
    os.makedirs(bin_folder)
    built = os.path.dirname(PROGRAM)
    for path in [PROGRAM, os.path.join(built, "armemu"), os.path.join(ROOT, "app", "armemu-run")]:
        os.symlink(path, os.path.join(bin_folder, os.path.basename(path)))
    return {**os.environ, "PATH": bin_folder + ":" + os.environ["PATH"], "CI_NODE_INDEX": "1",
            "CI_NODE_TOTAL": "2"}


def run(command, folder, env, status=0):
    result = subprocess.run(command, cwd=folder, env=env, stdin=subprocess.DEVNULL,
                            capture_output=True, timeout=120, check=False)
    check(result.returncode == status, f"status is not {status}", result)
    return result


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            raise Skip(f"there is no {program}")


def linker_script(folder, ram):
    """The images' own, for a board with so much RAM. Returns its path."""
    path = os.path.join(folder, "small.ld")
    with open(os.path.join(SOURCE, "firmware.ld"), encoding="utf-8") as file:
        text = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(re.sub(r"(ORIGIN = 0x20000000, LENGTH = )4M", r"\g<1>" + ram, text))
    return path


def write(folder, name, text):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


# ---- cases ---------------------------------------------------------------------------------------

def test_pipelines(folder):
    """All lines of the examples that start armemu-test, and what reads its reports."""
    need("genhtml")
    env = environment(folder)
    commands = []
    for _, text in EXAMPLES:
        for line in text.splitlines():
            line = re.sub(r"^\s*- (run: )?", "", line)
            line = line.split("   #")[0]
            if re.match(r"armemu-test|genhtml", line):
                commands.append(line)
    check(len(commands) >= 6, commands)
    shutil.copytree(IMAGES, os.path.join(folder, "work"),
                    ignore=lambda _, names: [n for n in names if not n.endswith((".elf", ".yaml"))])
    work = os.path.join(folder, "work")
    os.rename(os.path.join(work, "suite.yaml"), os.path.join(work, "tests.yaml"))
    os.mkdir(os.path.join(work, "build"))
    for name in ["arguments.elf", "ticks.elf"]:
        shutil.copy(os.path.join(work, name), os.path.join(work, "build"))
    for command in commands:
        run(["sh", "-c", command], work, env)
    for name in ["result.xml", "out.info", "coverage/index.html"]:
        check(os.path.getsize(os.path.join(work, name)) > 100, name)
    shard = re.search(r"`(--shard [^`]*)`", open(os.path.join(ROOT, "docs", "CI.md"),
                                                 encoding="utf-8").read())[1]
    run(["sh", "-c", "armemu-test tests.yaml " + shard.replace("${{ matrix.shard }}", "2")], work,
        env)


def test_pipelines_are_yaml(_):
    try:
        import yaml # pylint: disable=import-outside-toplevel
    except ImportError as error:
        raise Skip("there is no Python module yaml") from error
    jobs = [yaml.safe_load(text) for kind, text in EXAMPLES if kind == "yaml"]
    check(len(jobs) == 2, jobs)
    steps = jobs[0]["jobs"]["firmware"]["steps"]
    check(any("armemu-test" in step.get("run", "") for step in steps), steps)
    check(jobs[1]["firmware"]["artifacts"]["reports"]["junit"] == "result.xml", jobs[1])


def test_meson(folder):
    need("meson", "ninja")
    env = environment(folder)
    write(folder, "cross.ini", example("exe_wrapper").replace(
        "[binaries]\n", "[binaries]\nc = 'arm-none-eabi-gcc'\n")
          + "[host_machine]\nsystem = 'none'\ncpu_family = 'arm'\ncpu = 'cortex-m3'\n"
          "endian = 'little'\n")
    write(folder, "meson.build", f"""project('firmware', 'c')
e = executable('arguments', '{SOURCE}/firmware.c', '{SOURCE}/arguments.c', c_args: {FLAGS},
  link_args: {FLAGS} + ['-nostdlib', '-static', '-Wl,--build-id=none,-T,{SOURCE}/firmware.ld'])
test('good', e)
test('status', e, args: ['3'], should_fail: true)
""")
    run(["meson", "setup", "--cross-file", "cross.ini", "b"], folder, env)
    result = run(["meson", "test", "-C", "b", "-v"], folder, env)
    check(b"good" in result.stdout and b"arguments: " in result.stdout, "the output", result)


def test_cmake(folder):
    need("cmake", "ctest", "ninja")
    env = environment(folder)
    write(folder, "toolchain.cmake", example("CMAKE_CROSSCOMPILING_EMULATOR") +
          "set(CMAKE_SYSTEM_NAME Generic)\nset(CMAKE_C_COMPILER arm-none-eabi-gcc)\n"
          "set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)\n")
    write(folder, "CMakeLists.txt", f"""cmake_minimum_required(VERSION 3.20)
project(firmware C)
enable_testing()
add_executable(arguments {SOURCE}/firmware.c {SOURCE}/arguments.c)
target_compile_options(arguments PRIVATE {' '.join(FLAGS)})
target_link_options(arguments PRIVATE {' '.join(FLAGS)} -nostdlib -static -Wl,--build-id=none
  -T {SOURCE}/firmware.ld)
add_test(NAME good COMMAND arguments)
add_test(NAME status COMMAND arguments 3)
set_tests_properties(status PROPERTIES WILL_FAIL TRUE)
""")
    run(["cmake", "-G", "Ninja", "-B", "b", "--toolchain", "toolchain.cmake"], folder, env)
    run(["cmake", "--build", "b"], folder, env)
    result = run(["ctest", "--test-dir", "b", "-V"], folder, env)
    check(b"arguments: " in result.stdout, "the output", result)


def test_cargo(folder):
    """Cargo starts the runner; a linker of our own puts an image for the board in the program's
    place."""
    need("cargo", "rustc")
    env = environment(folder)
    image = os.path.join(folder, "image.elf")
    subprocess.run(["arm-none-eabi-gcc", *FLAGS, "-nostdlib", "-static", "-T",
                    linker_script(folder, "64K"), "-o", image, os.path.join(SOURCE, "firmware.c"),
                    os.path.join(SOURCE, "arguments.c")], check=True, capture_output=True)
    linker = write(folder, "linker", f"#!/bin/sh\nwhile [ \"$1\" != -o ]; do shift; done\n"
                   f"cp {image} \"$2\"\n")
    os.chmod(linker, 0o755)
    version = subprocess.run(["rustc", "-vV"], capture_output=True, text=True, check=True).stdout
    host = re.search(r"^host: (.*)$", version, re.M)[1]
    config = example("runner = ").replace("thumbv7m-none-eabi", host)
    write(folder, ".cargo/config.toml", config + f"linker = \"{linker}\"\n")
    write(folder, "Cargo.toml", "[package]\nname = \"firmware\"\nversion = \"0.1.0\"\n")
    write(folder, "src/main.rs", "fn main() {}\n")
    result = run(["cargo", "run", "--offline", "--", "words", "3"], folder, env, status=3)
    check(b"firmware words 3\n" in result.stdout + result.stderr, "the output", result)


def in_folder(function):
    """A case in a folder of its own."""
    def body():
        with tempfile.TemporaryDirectory(prefix="armemu-examples-") as folder:
            function(folder)
    return body


if __name__ == "__main__":
    sys.exit(run_cases([(name[5:], in_folder(value)) for name, value in list(globals().items())
                        if name.startswith("test_")], sys.argv[3:]))
