"""Modules of Debian's kernel that use Advanced SIMD, which test themselves when they are loaded."""
import glob
import os
import re
import subprocess
import sys

from driver import Linux, ROOT, Skip, check, check_match

# In the order of their dependencies
MODULES = ["crypto/cryptd", "crypto/crypto_simd", "arch/arm/crypto/aes-arm-bs",
           "arch/arm/crypto/sha256-arm", "lib/crypto/libchacha", "crypto/chacha_generic",
           "arch/arm/crypto/chacha-neon", "arch/arm/lib/xor-neon", "crypto/xor",
           "lib/raid6/raid6_pq"]
ALGORITHMS = ["cbc-aes-neonbs", "ctr-aes-neonbs", "xts-aes-neonbs", "sha256-neon", "sha224-neon",
              "chacha20-neon", "xchacha20-neon"]


class Modules(Linux):
    """The kernel with its modules in /modules."""

    def __init__(self, context):
        guests = context.guests()
        found = glob.glob(f"{guests}/root-armmp/lib/modules/*/kernel")
        if not found:
            raise Skip("the kernel's package is not unpacked here")
        extra = os.path.join(context.scratch, "modules.cpio.gz")
        command = [sys.executable, os.path.join(ROOT, "tools", "guest-initramfs.py"), "-o", extra]
        for name in MODULES:
            command += ["--add", f"modules/{os.path.basename(name)}.ko={found[0]}/{name}.ko"]
        subprocess.run(command, check=True)
        joined = os.path.join(context.scratch, "initramfs-modules")
        with open(joined, "wb") as out:
            for part in (f"{guests}/initramfs.cpio.gz", extra):
                with open(part, "rb") as file:
                    out.write(file.read())
        super().__init__(context, "-initrd", joined)


def test_vector_modules(context):
    with Modules(context) as guest:
        guest.boot()
        for name in MODULES:
            guest.shell(f"insmod /modules/{os.path.basename(name)}.ko")
        # Algorithms are tested in the background
        guest.shell("n=0; while grep -q 'selftest *: unknown' /proc/crypto && [ $n -lt 100 ]; "
                    "do sleep 0.1; n=$((n+1)); done")
        crypto = guest.shell("cat /proc/crypto")
        for name in ALGORITHMS:
            check_match(rf"^driver\s*: {name}\n(?:.*\S.*\n)*?selftest\s*: passed$", crypto)
        log = guest.shell("dmesg")
        check_match(r"raid6: using algorithm neonx\d", log)
        check_match(r"xor: using function: \S+", log)
        check(not re.search(r"alg: .*fail|BUG|WARNING", log), "a self-test failed: " + log[-2000:])
        guest.power_off()
