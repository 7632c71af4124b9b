#!/usr/bin/env python3
"""Instructions of the extension registers by armemu-user and QEMU: which ones exist, what they do.

usage: test_insns.py ARMEMU_USER QEMU_ARM DECODE_LINES PROGRAM [COUNT [SEED]]

PROGRAM is insns.c. Each row of the decode tables gets COUNT random instances with random operands,
per CPU model and instruction set; random words of the encoding spaces that no row decodes must be
undefined. Every operation on data is executed on all tuples of special values, in all modes of the
FPSCR. The host's features are masked in turns. ARMEMU_FP_LONG=N multiplies COUNT and takes every
variant of every row.
"""
import collections
import os
import random
import re
import struct
import subprocess
import sys

THUMB, D32, MEMORY, MATRIX, INTEGER = 1, 2, 4, 8, 16
OPERANDS_SHIFT, LOG2_SHIFT = 8, 12
VD, VN, VM = 1, 2, 4
AHP, DN, FZ = 1 << 26, 1 << 25, 1 << 24
ROUNDING = [n << 22 for n in range(4)]
FLAGS = 0x9f
QC = 1 << 27
SIGILL, SIGBUS = 4, 7

# CPU models: D16 to D31, half precision (FPSCR.AHP), T32.
MODELS = {'arm926': (0, 0, 0), 'arm1176': (0, 0, 0),
          'cortex-a8': (D32, 0, 1), 'cortex-a9': (D32, AHP, 1),
          'cortex-a15': (D32, AHP, 1), 'max': (D32, AHP, 1)}
# What the options of armemu-user say about the host.
HOSTS = [[], ['-host-features', 'no-avx,no-aes,no-pclmul,no-sha,no-bmi1,no-bmi2,no-lzcnt'],
         ['-host-features', 'no-traps'], ['-host-features', 'no-avx2'],
         ['-host-features', 'no-fma,no-f16c'], ['-accel', 'interp']]

Row = collections.namedtuple('Row', 'isa mnemonic set bits where')
Record = collections.namedtuple('Record', 'insn flags fpscr last seed what')


def pack(record):
    return struct.pack('<IIIIQ', *record[:5])


class Runner:
    def __init__(self, argv):
        self.armemu, self.qemu, self.decoder, self.program = argv[:4]
        self.bad = 0

    def run(self, command, records, *args):
        data = b''.join(map(pack, records))
        out = subprocess.run(command + [self.program, *args], input=data, capture_output=True,
                             check=True, timeout=3000)
        size = 16 + (328 if args else 0)
        assert len(out.stdout) == size * len(records), (command, out.stderr[-500:])
        return [out.stdout[i:i + size] for i in range(0, len(out.stdout), size)]

    def both(self, model, records, host, *args):
        return (self.run([self.qemu, '-cpu', model], records, *args),
                self.run([self.armemu, '-code-cache', 'off', '-cpu', model] + host, records, *args))

    def decode(self, words):
        """[(mnemonic, fields)] of [(isa, word)]."""
        text = '\n'.join(f'{isa} {word:x}' for isa, word in words)
        out = subprocess.run([self.decoder, '-fields'], input=text, capture_output=True, text=True,
                             check=True)
        decoded = []
        for line in out.stdout.splitlines():
            name, *fields = line.split()
            decoded.append((name, {k: int(v, 0) for k, v in (f.split('=') for f in fields)}))
        return decoded

    def compare(self, model, host, records, theirs, ours):
        for record, their, our in zip(records, theirs, ours, strict=True):
            signal, my_signal = (struct.unpack('<IIQ', x)[0] for x in (their, our))
            if their == our or excused(model, record, signal, my_signal):
                continue
            self.bad += 1
            if self.bad <= 20:
                print(f'{model} {" ".join(host)}: {record.what} {record.insn:08x} '
                      f'flags {record.flags:x} fpscr {record.fpscr:08x}: '
                      f'signal {my_signal}, QEMU {signal}')
                if signal == my_signal:
                    self.explain(model, host, record)

    def explain(self, model, host, record):
        """The states after the instruction; of a matrix, after the first tuple that differs."""
        low, high = 0, 1 << 14
        while record.flags & MATRIX and low + 1 < high:
            middle = (low + high) // 2
            a, b = self.both(model, [record._replace(last=middle)], host)
            low, high = (middle, high) if a == b else (low, middle)
        a, b = self.both(model, [record._replace(last=high)], host, 'v')
        before = self.both(model, [record._replace(insn=0xee100a10, last=high)], host, 'v')[0]
        for who, state in ('before', before[0]), ('QEMU', a[0]), ('armemu', b[0]):
            words = struct.unpack_from('<32Q2I', state, 16)
            shown = words[:6] if record.flags & MATRIX else words[:32]
            print(f'  {who:7}', ' '.join(f'{d:016x}' for d in shown), f'fpscr {words[32]:08x}')

    def check(self, model, host, records):
        self.compare(model, host, records, *self.both(model, records, host))


def excused(model, record, signal, my_signal):
    """Where the manual is on our side."""
    if record.what == '-':      # extensions of ARMv8.2 and later, which QEMU's max has
        return model == 'max' and signal == 0 and my_signal == SIGILL
    if record.what.startswith('VLDST_multiple'):    # QEMU checks fewer bits than :256 says
        return signal == 0 and my_signal == SIGBUS
    # Fused operations on vectors came with VFPv4.
    return (record.what in ('VFMA_v', 'VFMS_v') and model in ('cortex-a8', 'cortex-a9') and
            my_signal == SIGILL)


# ---- instances -----------------------------------------------------------------------------------

def rows_of(runner):
    out = subprocess.run([runner.decoder, '-rows'], capture_output=True, text=True, check=True)
    rows = [Row(*line.split()) for line in out.stdout.splitlines()]
    return [row for row in rows if row.where.startswith(('vfp', 'neon')) and row.isa != 't16']


def instance(row, rng):
    word = 0
    for bit in row.bits:
        word = word << 1 | (int(bit) if bit in '01' else 0 if bit == '-' else rng.getrandbits(1))
    return word & 0x0fffffff | 0xe0000000 if row.bits.startswith('cccc') else word


def is_predictable(name, f):
    """Fields @f of row @name: neither UNPREDICTABLE nor with registers that the program needs."""
    if f.get('rn', 0) >= 13 or f.get('rt', 0) >= 13 or f.get('rt2', 0) >= 13:
        return False
    if name.startswith(('VLDM', 'VSTM')):
        many = f['imm'] == 0 or f['imm'] > (32 if name.endswith('_s') else 16)
        return not many and f['vd'] + f['imm'] <= (16 if f['x'] else 32)
    if name.startswith('VMOV') and 'rt2' in f:
        return not (name.endswith('_2s') and f['vm'] == 31) and f['rt'] != f['rt2']
    if name == 'VMSR':      # reserved bits are not kept by all
        return False
    if name == 'VMRS':
        return f['reg'] == 1
    if name in ('VTRN', 'VUZP', 'VZIP', 'VSWP'):
        return f['vd'] != f['vm']
    if name == 'VTBL':
        return f['vn'] + f['len'] <= 32
    if '_fixed_' in name and not name.endswith('_v'):
        return f['imm'] <= (32 if f['size'] else 16)
    if name.startswith('VLDST_multiple'):
        return f['vd'] + (f['n'] - 1) * f['inc'] + f['regs'] <= 32
    if name in ('VLD_lane', 'VST_lane'):
        return f['vd'] + (f['n'] - 1) * f['inc'] < 32
    if name == 'VLD_all':
        return f['vd'] + (f['n'] - 1) * (f['t'] + 1) + (f['t'] if f['n'] == 1 else 0) < 32
    return True


def is_memory(row):
    return row.set in ('v_mem', 'v_memm', 'n_ldst', 'n_ldst1', 'n_ldall')


def space_word(isa, rng):
    """A random word of the encodings of the extension registers."""
    word, kind = rng.getrandbits(32), rng.randrange(4)
    if kind < 2:
        return word & 0x01ffffff | 0xf2000000 if isa == 'a32' else word & 0x10ffffff | 0xef000000
    if kind == 2:
        return word & 0x00efffff | (0xf4000000 if isa == 'a32' else 0xf9000000)
    top = rng.choice((0xec, 0xed, 0xee, 0xfc, 0xfd, 0xfe))
    return top << 24 | word & 0x00fff1ff | 0xa00


def random_records(runner, rows, isa, count, rng):
    words = [(row, instance(row, rng)) for row in rows if row.isa == isa for _ in range(count)]
    words += [(None, space_word(isa, rng)) for _ in range(count * 40)]
    records = []
    decoded = runner.decode([(isa, word) for _, word in words])
    for (row, word), (name, fields) in zip(words, decoded, strict=True):
        if row is None and name != '-':
            continue    # rows are covered by instances, which are without wrong should-be bits
        if row is not None and (name == '-' or not is_predictable(name, fields)):
            continue
        flags = (THUMB if isa == 't32' else 0) | (MEMORY if row and is_memory(row) else 0)
        mode, nzcv = rng.getrandbits(5) << 22, rng.getrandbits(4) << 28
        fpscr = rng.choice((0, mode, mode | nzcv | rng.choice((0, FLAGS, QC | FLAGS))))
        records.append(Record(word, flags, fpscr, 0, rng.getrandbits(64), name))
    return records


def for_model(model, records):
    d32, ahp, _ = MODELS[model]
    return [r._replace(flags=r.flags | d32, fpscr=r.fpscr & ~(AHP ^ ahp)) for r in records]


# ---- matrices ------------------------------------------------------------------------------------

ACCUMULATES = re.compile(r'VN?ML[AS]|VFN?M[AS]|VQDML|VABA|VB(SL|IT|IF)|'
                         r'SHA1[CPM]|SHA1SU0|SHA256(H|H2|SU1)$')
READS_VD = re.compile(r'V(R?SRA|SRI|SLI|PADAL|TRN|UZP|ZIP|SWP)|AES[ED]$|SHA|VCVT_to_half_[sd]')
FLOAT_ROW = re.compile(r'VFM[AS]_v|VACG[ET]|V.*NM_v|VRECPS|VRSQRTS|VCVT|VRINT|V.*_[vsz]f$')
INTEGER_ROW = re.compile(r'VCVT_from_(int|fixed)')
DATA_SETS = {'v_rrr': VN | VM, 'v_rr': VM, 'v_cmp': VD | VM, 'v_cvt': VM, 'v_rint': VM,
             'v_fixed': VD, 'v_half': VM, 'v_sel': VN | VM,
             'n_rr': VM, 'n_rrr': VN | VM, 'n_rrs': VN | VM, 'n_shift': VM,
             'n_ext': VN | VM, 'n_dup': VM, 'n_imm': VD}


def operands_of(row):
    operands = DATA_SETS[row.set]
    if ACCUMULATES.match(row.mnemonic):
        return VD | VN | VM
    return operands | (VD if READS_VD.match(row.mnemonic) else 0)


def variants(row):
    """Words with Vd = 0, Vn = 2, Vm = 4 and all values of the other fields."""
    free = [31 - i for i, letter in enumerate(row.bits) if letter not in '01-cdnmDNM']
    base = 0
    for i, letter in enumerate(row.bits):
        base |= 1 << (31 - i) if letter == '1' else 0
    if row.bits.startswith('cccc'):
        base |= 0xe0000000
    base |= (2 << 16 if 'nnnn' in row.bits else 0) | (4 if 'mmmm' in row.bits else 0)
    for n in range(1 << len(free)):
        yield base | sum((n >> k & 1) << bit for k, bit in enumerate(free))


def formats(row, fields):
    """[(log2 of the bytes of an element, INTEGER or 0)] that the row's matrix is made of."""
    name, size = row.mnemonic, fields.get('size', 2)
    if row.set.startswith('v_'):
        if INTEGER_ROW.match(name):
            return [(1 + size if row.set == 'v_fixed' else 2, INTEGER)]
        if name.startswith('VCVT_from_half'):
            return [(1, 0)]
        return [(3 if name.endswith('_d') or name == 'VCVT_to_single' else 2, 0)]
    if FLOAT_ROW.match(name):
        return [(2, INTEGER)] if INTEGER_ROW.match(name) else [(1 if 'from_half' in name else 2, 0)]
    wide = row.set == 'n_shift' or re.search(r'N$|W|[ML]L|ADAL', name)
    return [(size, INTEGER)] + ([(size + 1, INTEGER)] if wide and size < 3 else [])


def modes(row):
    if not row.set.startswith('v_'):
        ignored = [ROUNDING[3] | QC, DN | FZ | FLAGS, AHP | DN | FZ | ROUNDING[1]]
        return [0] + (ignored if FLOAT_ROW.match(row.mnemonic) else [QC])
    half = [0, AHP] if 'half' in row.mnemonic else [0]
    return [r | fz | dn | ahp for r in ROUNDING for fz in (0, FZ) for dn in (0, DN) for ahp in half]


def matrix_records(runner, rows, isa, most, rng):
    """Of each row @most variants (0: all)."""
    chosen = []
    for row in rows:
        if row.isa == isa and row.set in DATA_SETS:
            words = list(variants(row))
            decoded = runner.decode([(isa, w) for w in words])
            words = [(w, f) for w, (name, f) in zip(words, decoded, strict=True)
                     if name == row.mnemonic and is_predictable(name, f)]
            chosen += [(row, *pair) for pair in
                       (rng.sample(words, most) if most and len(words) > most else words)]
    records = []
    for row, word, fields in chosen:
        for log2, integer in formats(row, fields):
            flags = (THUMB if isa == 't32' else 0) | MATRIX | integer
            flags |= operands_of(row) << OPERANDS_SHIFT | log2 << LOG2_SHIFT
            records += [Record(word, flags, mode, 0, 0, row.mnemonic) for mode in modes(row)]
    return records


def main(argv):
    runner = Runner(argv[1:])
    factor = int(os.environ.get('ARMEMU_FP_LONG', '0'))
    count = (int(argv[5]) if len(argv) > 5 else 30) * max(factor, 1)
    rng = random.Random(int(argv[6]) if len(argv) > 6 else 1)
    rows = rows_of(runner)
    done = cases = 0
    for model, (_, _, t32) in MODELS.items():
        for isa in ('a32', 't32') if t32 else ('a32',):
            records = for_model(model, random_records(runner, rows, isa, count, rng))
            runner.check(model, HOSTS[done % len(HOSTS)], records)
            done += 1
            cases += len(records)
    print(f'{cases} random instructions')
    for isa in 'a32', 't32':
        records = matrix_records(runner, rows, isa, 0 if factor else 3 if isa == 'a32' else 1, rng)
        theirs = runner.run([runner.qemu, '-cpu', 'max'], records)
        for host in HOSTS[:-1] if isa == 'a32' else HOSTS[:1]:
            ours = runner.run([runner.armemu, '-code-cache', 'off'] + host, records)
            runner.compare('max', host, records, theirs, ours)
        print(f'{len(records)} matrices of {isa}')
    print(f'{runner.bad} differ')
    return 1 if runner.bad else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv))
