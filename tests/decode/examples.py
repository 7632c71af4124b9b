"""Assemble the sources of examples.def again: the encodings there are GNU as's, not ours.

Exit status 77 (skipped) without arm-none-eabi-as.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
AS = 'arm-none-eabi-as'
PROLOGUE = '''.syntax unified
.arch {arch}
{extensions}.arch_extension virt
.arch_extension sec
.fpu crypto-neon-fp-armv8
.{state}
'''


def assemble(isa, source):
    """The bytes of @source."""
    old = source.startswith('swp')      # ARMv8 has none
    text = PROLOGUE.format(arch='armv7-a' if old else 'armv8-a',
                           state='arm' if isa == 'A32' else 'thumb',
                           extensions='' if old else '.arch_extension crc\n') + source + '\n'
    with tempfile.TemporaryDirectory() as folder:
        obj, raw = os.path.join(folder, 'x.o'), os.path.join(folder, 'x.bin')
        subprocess.run([AS, '-mimplicit-it=never', '-o', obj], input=text, text=True, check=True,
                       capture_output=True)
        subprocess.run(['arm-none-eabi-objcopy', '-O', 'binary', '-j', '.text', obj, raw],
                       check=True)
        with open(raw, 'rb') as f:
            return f.read()


def word_of(isa, code):
    """The encoding as the decoder takes it."""
    halves = [int.from_bytes(code[i:i + 2], 'little') for i in (0, 2) if i + 2 <= len(code)]
    if isa == 'T16':
        return halves[0]
    return halves[1] << 16 | halves[0] if isa == 'A32' else halves[0] << 16 | halves[1]


def main():
    if not shutil.which(AS):
        return 77
    with open(os.path.join(HERE, 'examples.def'), encoding='utf-8') as f:
        examples = re.findall(r'^X\((\w+), (0x\w+), "(.*?)"', f.read(), re.M)
    bad = 0
    for isa, word, source in examples:
        found = word_of(isa, assemble(isa, source))
        if found != int(word, 16):
            print(f'{isa} {source}: {found:#x} assembled, {word} in examples.def')
            bad += 1
    print(f'{len(examples)} examples, {bad} differ')
    return 1 if bad or len(examples) < 200 else 0


if __name__ == '__main__':
    sys.exit(main())
