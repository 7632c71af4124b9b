"""Debian's kernel under the debugger, after it has switched the MMU on."""
import os
import re
import shutil
import subprocess

from driver import (COMPILER, HANG_SECONDS, Emulator, Rsp, Skip, check, check_equal, check_match,
                    gdb_finish, gdb_start, show, values)

IRQ_VECTOR = 0xffff0018
SVC_VECTOR = 0xffff0008


def kernel(context):
    """Arguments that boot the kernel; its console goes to a file."""
    guests = os.environ.get("ARMEMU_GUESTS", os.path.expanduser("~/.cache/armemu/guests"))
    image = os.path.join(guests, "vmlinuz-armmp")
    if not os.path.exists(image):
        raise Skip("no kernel here; tools/guest-fetch.sh brings one")
    console = os.path.join(context.scratch, "console")
    return console, ["-cpu", "cortex-a15", "-m", "512", "-kernel", image, "-initrd",
                     os.path.join(guests, "initramfs.cpio.gz"), "-append", "console=ttyAMA0",
                     "-serial", "file:" + console]


def test_kernel_with_gdb(context):
    _, arguments = kernel(context)
    commands = (f"hbreak *{IRQ_VECTOR:#x}\ncontinue\n" + show("sctlr", "$SCTLR & 1", "/d")
                + show("mode", "$cpsr & 31", "/x") + show("pc", "$pc", "/x") + "x/i $pc\n"
                + show("lr", "$lr_irq >> 30", "/d") + "stepi\n"
                + show("moved", f"$pc != {IRQ_VECTOR:#x}")
                + "continue\n" + show("again", "$pc", "/x")
                + f"delete\nhbreak *{SVC_VECTOR:#x}\ncontinue\n" + show("svc", "$pc", "/x")
                + show("user", "$spsr_svc & 31", "/x") + show("call", "$r7 < 1000", "/d")
                # the program that made the call, at an address of its own
                + "x/i $lr_svc - 4\n")
    with Emulator(context, None, *arguments) as emulator:
        out = gdb_finish(gdb_start(context, None, emulator.path, commands))
    v = values(out)
    check_equal((v["sctlr"], v["mode"], v["pc"]), ("1", "0x12", hex(IRQ_VECTOR)), "at the vector")
    check_equal(v["lr"], "3", "a kernel address was interrupted")
    check_equal((v["moved"], v["again"]), ("1", hex(IRQ_VECTOR)), "a step, and the next interrupt")
    check_equal((v["svc"], v["user"], v["call"]), (hex(SVC_VECTOR), "0x10", "1"), "a system call")


ENTRIES = (0x40008000, 0x40208000) # where the kernel may have been decompressed to


def test_from_the_first_instruction_past_the_mmu_switch(context):
    """From the entry of the decompressed kernel the stub steps until the PC is the kernel's virtual
    one."""
    _, arguments = kernel(context)
    with Emulator(context, None, *arguments) as emulator, Rsp(emulator.path) as client:
        xml = client.ask("qXfer:features:read:target.xml:0,7fff")
        sctlr = int(check_match(r'name="SCTLR" bitsize="32" regnum="(\d+)"', xml)[1])
        for entry in ENTRIES:
            check_equal(client.ask(f"Z1,{entry:x},4"), "OK", "breakpoint")
        check_match("^T05", client.ask("c"))
        entry = client.registers()[15]
        check(entry in ENTRIES, hex(entry))
        check_equal(int(client.ask(f"p{sctlr:x}")[:2], 16) & 1, 0, "the MMU is off")
        check_match("^T05", client.ask("vCont;r0,7fffffff:1"))
        pc = client.registers()[15]
        check(pc >= 0x80000000, hex(pc))
        check_equal(int(client.ask(f"p{sctlr:x}")[:2], 16) & 1, 1, "the MMU is on")
        # The same memory by the virtual and the physical address.
        code = client.ask(f"m{pc:x},40")
        client.ask("Qqemu.PhyMemMode:1")
        physical = [client.ask(f"m{(pc & 0x3fffffff) | 0x40000000:x},40"),
                    client.ask(f"m{pc:x},40")]
        client.ask("Qqemu.PhyMemMode:0")
        check_equal((physical[0], physical[1]), (code, "E0e"), "physical memory")
        check(client.registers()[16] & 31 == 0x13, "Supervisor mode")
    # The same with GDB, which goes on from there: steps, a breakpoint at a virtual address.
    with_gdb = "stepi\nstepi\n" + show("pc", "$pc >= 0x80000000") + "x/4i $pc\n" \
        + f"hbreak *{IRQ_VECTOR:#x}\ncontinue\n" + show("lr", "$lr_irq >= 0x80000000") \
        + "monitor gva2gpa 0xffff0000\n" + show("vector", "*(unsigned *)0xffff0000 != 0")
    with Emulator(context, None, *arguments) as emulator:
        out = gdb_finish(gdb_start(context, None, emulator.path,
                                   "".join(f"hbreak *{e:#x}\n" for e in ENTRIES)
                                   + "continue\ndelete\n"
                                   + "maintenance packet vCont;r0,7fffffff:1\nmaintenance flush "
                                     "register-cache\n" + with_gdb))
    v = values(out)
    check_equal((v["pc"], v["lr"], v["vector"]), ("1", "1", "1"), "behind the switch")


def test_kernel_goes_on_after_detaching(context):
    console, arguments = kernel(context)
    with Emulator(context, None, *arguments) as emulator:
        with Rsp(emulator.path) as client:
            client.ask(f"Z1,{IRQ_VECTOR:x},4")
            check_match("^T05", client.ask("c"))
            # A word that the kernel writes to all the time: where the interrupted code's stack is.
            registers = client.registers()
            check(registers[16] & 31 == 0x12, "IRQ mode")
            for _ in range(1000):
                client.step_fast()
            check_equal(client.ask("D"), "OK", "detached")
        while "~ #" not in open(console, encoding="utf-8", errors="replace").read():
            check(emulator.process.poll() is None, "armemu ended")
            if "Kernel panic" in open(console, encoding="utf-8", errors="replace").read():
                raise AssertionError("the kernel panics")
            if "Run /init" in open(console, encoding="utf-8", errors="replace").read():
                break


def kernel_symbols(context):
    """Path of an ELF file with the kernel's symbols, as /proc/kallsyms of a run tells them: Debian
    has them with its package of debugging information only."""
    path = os.path.join(context.scratch, "kernel-symbols.elf")
    if os.path.exists(path):
        return path
    if not shutil.which(COMPILER):
        raise Skip(f"there is no {COMPILER}")
    console, arguments = kernel(context)
    at = arguments.index("-append") + 1
    arguments[at] += (' quiet rdinit=/bin/sh -- -c "busybox mount -t proc proc /proc; '
                      'busybox cat /proc/kallsyms; busybox poweroff -f"')
    subprocess.run([context.armemu, "-M", "virt", "-nographic", "-monitor", "none", *arguments],
                   stdin=subprocess.DEVNULL, timeout=HANG_SECONDS, check=True)
    with open(console, encoding="utf-8", errors="replace") as f:
        rows = re.findall(r"^([0-9a-f]{8}) [tT] ([\w.]+)\s*$", f.read(), re.MULTILINE)
    os.unlink(console)
    symbols = sorted((int(address, 16), name) for address, name in rows)
    check(len(symbols) > 10000, f"{len(symbols)} symbols")
    first = symbols[0][0]
    source = os.path.join(context.scratch, "kernel-symbols.S")
    with open(source, "w", encoding="ascii") as f:
        f.write('.section .kernel, "ax", %nobits\n')
        seen = set()
        for address, name in symbols: # several may share an address, or a name
            if address in seen or name in seen:
                continue
            seen |= {address, name}
            f.write(f'.org {address - first}\n.globl "{name}"\n.type "{name}", %function\n'
                    f'"{name}":\n')
    subprocess.run([COMPILER, "-marm", "-nostdlib", f"-Wl,--section-start=.kernel={first:#x}",
                    "-Wl,-e,0", source, "-o", path], check=True)
    return path


def test_kernel_by_names(context):
    """With symbols: the first instruction behind the MMU switch, start_kernel, and a system call
    with what its program has given it."""
    symbols = kernel_symbols(context)
    _, arguments = kernel(context)
    with Emulator(context, None, *arguments) as emulator:
        out = gdb_finish(gdb_start(
            context, None, emulator.path,
            "tbreak *__mmap_switched\ncontinue\n" + show("mmu", "$SCTLR & 1")
            + "info symbol $pc\nstepi\nstepi\ntbreak *start_kernel\ncontinue\nbacktrace 1\n"
            + show("mode", "$cpsr & 31", "/x")
            + "tbreak *do_sys_openat2 if (int)$r0 == -100\ncontinue\nbacktrace 1\n"
            # the name may be in a page that the kernel has yet to bring
            "set $name = (char *)$r1\nfinish\noutput $name\necho \\n\n"
            + show("fd", "(int)$r0 < 1024"), program=symbols))
    v = values(out)
    check_match(r"^__mmap_switched in section \.kernel", out)
    check_match(r"^#0 +0x\w+ in start_kernel \(\)", out)
    check_match(r"^#0 +0x\w+ in do_sys_openat2 \(\)", out)
    check_match(r'^0x[0-9a-f]+ "/\S*"$', out)
    check_equal((v["mmu"], v["mode"], v["fd"]), ("1", "0x13", "1"), "the MMU, the mode, the call")
