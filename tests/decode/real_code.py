"""All instructions of libraries that compilers made decode: with the features that the library was
built for, and to the mnemonic that objdump prints.

    real_code.py DECODE_LINES

Exit status 77 (skipped) when no library or no arm-none-eabi-objdump is there.
"""
import collections
import os
import re
import shutil
import subprocess
import sys

OBJDUMP = 'arm-none-eabi-objdump'
NEWLIB = '/usr/lib/arm-none-eabi/newlib/'
V4T = ['V4T']
V5TE = V4T + ['V5T', 'V5TE']
V6M = V4T + ['V5T', 'V6', 'M']
V7M = V6M + ['V5TE', 'V6K', 'T2', 'V7', 'DIVT']
FPV4 = ['VFP2', 'VFP3', 'VFPH', 'VFP4']
V7 = V5TE + ['V6', 'V6K', 'T2', 'DSP', 'V7']
V7VE = V7 + ['DIVT', 'DIVA', 'MP', 'SEC', 'VIRT', 'VFP2', 'VFP3', 'VFP4', 'FPDP', 'D32', 'NEON']
LIBRARIES = [
    (NEWLIB + 'libc.a', V4T),
    (NEWLIB + 'thumb/nofp/libc.a', V4T),
    (NEWLIB + 'arm/v5te/softfp/libc.a', V5TE + ['VFP2', 'FPDP']),
    (NEWLIB + 'arm/v5te/hard/libc.a', V5TE + ['VFP2', 'FPDP']),
    (NEWLIB + 'thumb/v6-m/nofp/libc.a', V6M),
    (NEWLIB + 'thumb/v7-m/nofp/libc.a', V7M),
    (NEWLIB + 'thumb/v7e-m/nofp/libc.a', V7M + ['DSP']),
    (NEWLIB + 'thumb/v7e-m+fp/hard/libc.a', V7M + ['DSP'] + FPV4),
    (NEWLIB + 'thumb/v7e-m+dp/hard/libc.a', V7M + ['DSP', 'FPDP', 'FPV5'] + FPV4),
    (NEWLIB + 'thumb/v7-a/nofp/libc.a', V7),
    (NEWLIB + 'thumb/v7ve+simd/hard/libc.a', V7VE),
    (NEWLIB + 'thumb/v8-a+simd/hard/libc.a', V7VE + ['V8', 'FPV5', 'CRC']),
    ('/usr/arm-linux-gnueabihf/lib/libc.a', V7VE),
]
LINE = re.compile(r'^ +[0-9a-f]+:\t([0-9a-f]{8}|[0-9a-f]{4} [0-9a-f]{4}|[0-9a-f]{4}) +\t(\S+)')

# objdump's name (a regular expression, without condition and width) to ours, up to the first '_',
# where it is not the same in upper case.
NAMES = [(re.compile(pattern + '$'), name) for pattern, name in (
    (r'(mov|lsl|lsr|asr|ror|rrx)s?', 'MOV'), (r'movw', 'MOVW'), (r'negs?|rsbs?', 'RSB'),
    (r'(and|eor|sub|add|adc|sbc|rsc|orr|bic|mvn|orn|mul|mla|[us]mull|[us]mlal)s', r'\1'),
    (r'ldfp', 'LDC'), (r'stfp', 'STC'), (r'addw', 'ADD'), (r'subw', 'SUB'),
    (r'push|stm\w*', 'STM'), (r'pop|ldm\w*', 'LDM'),
    (r'cbn?z', 'CBZ'), (r'it[te]*', 'IT'), (r'tb[bh]', 'TB'),
    (r'smla[bt][bt]', 'SMLAxy'), (r'smul[bt][bt]', 'SMULxy'), (r'smlal[bt][bt]', 'SMLALxy'),
    (r'smlaw[bt]', 'SMLAWy'), (r'smulw[bt]', 'SMULWy'), (r'pkh[bt][bt]', 'PKH'),
    (r'([su]xt)([bh]|b16)', r'\1A\2'), (r'vpush|vstm\w*', 'VSTM'), (r'vpop|vldm\w*', 'VLDM'),
    (r'vld[1-4]', 'VLD'), (r'vst[1-4]', 'VST'), (r'svc|swi', 'SVC'), (r'cpsi[de]', 'CPS'),
    (r'vcmpe', 'VCMP'), (r'vcvt[rbtanpm]', 'VCVT'), (r'vrint[rzxanpm]', 'VRINT'),
    (r'vsel..', 'VSEL'),
)]
CONDITIONS = 'eq|ne|cs|cc|mi|pl|vs|vc|hi|ls|ge|lt|gt|le|hs|lo|al'


def our_name(mnemonic):
    """Candidates for our mnemonic: objdump's suffixes are ambiguous (bls, teq ...)."""
    bare = mnemonic.split('.')[0]
    stems = {bare, re.sub(f'({CONDITIONS})$', '', bare)}
    stems |= {re.sub(f'({CONDITIONS})s$', 's', bare)}
    for stem in sorted(stems):
        yield stem.upper()
        for pattern, name in NAMES:
            if pattern.match(stem):
                yield pattern.sub(name, stem).upper()


def agrees(mnemonic, row):
    """@row is our mnemonic, @mnemonic objdump's."""
    ours = row.split('_')[0].upper()
    candidates = set(our_name(mnemonic))
    if ours == 'VLDST':
        return bool(candidates & {'VLD', 'VST'})
    # One register: push is STR, pop is LDR. nop was MOV r0, r0.
    if candidates & {'PUSH', 'POP', 'NOP'}:
        return ours in {'STM', 'STR'} if 'PUSH' in candidates else ours in {'LDM', 'LDR', 'NOP',
                                                                            'MOV'}
    # ADD and SUB with the PC are written adr, or add; ORR (register) of one register is vmov.
    same = {'ADR': {'ADD', 'SUB', 'ADR'}, 'ADD': {'ADR', 'ADD'}, 'SUB': {'ADR', 'SUB'},
            'VORR': {'VMOV', 'VORR'},}.get(ours, {ours})
    return bool(candidates & same)


def instructions(path):
    """[(isa, word, mnemonic)] of a library."""
    dump = subprocess.run([OBJDUMP, '-d', path], capture_output=True, text=True,
                          check=True).stdout
    found = set()
    for line in dump.splitlines():
        match = LINE.match(line)
        if match and not match[2].startswith(('.', '<UND')):
            code = match[1]
            isa = 't32' if ' ' in code else 'a32' if len(code) == 8 else 't16'
            found.add((isa, code.replace(' ', ''), match[2].rstrip(',')))
    return sorted(found)


def check(path, features, tool):
    """Number of mistakes in a library."""
    insns = instructions(path)
    text = '\n'.join(f'{isa} {word}' for isa, word, _ in insns)
    rows = subprocess.run([tool] + features, input=text, capture_output=True, text=True,
                          check=True).stdout.split()
    bad, missing = [], collections.Counter()
    for (isa, word, mnemonic), row in zip(insns, rows, strict=True):
        if row == '-' and re.match(r'v(?!ld|st|mrs|msr|push|pop)', mnemonic):
            missing[mnemonic.split('.')[0]] += 1     # arithmetic without rows
        elif row == '-' or not agrees(mnemonic, row):
            bad.append(f'  {isa} {word} {mnemonic}: {row}')
    print(f'{path}: {len(insns)} different instructions, {len(bad)} bad, '
          f'{sum(missing.values())} of arithmetic without rows')
    print('\n'.join(bad[:20]))
    return len(bad)


def main(argv):
    libraries = [entry for entry in LIBRARIES if os.path.exists(entry[0])]
    if not libraries or not shutil.which(OBJDUMP):
        return 77
    return 1 if sum(check(path, features, argv[1]) for path, features in libraries) else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv))
