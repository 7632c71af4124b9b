#!/usr/bin/env python3
"""Generate the instruction decoder from the tables in frontend/arm/decode.

    decodegen.py --out DIR --args args.txt TABLE...

The name of a table says where its rows apply: a32, t16, t32, or vfp and neon, which are written in
A32 form and give rows of A32 and of T32. Any number of tables may be given.

Table syntax, line by line; '#' starts a comment:

    letters FIELD=LETTER ...      default letter of argument fields, for this table
    form NAME SET [ITEM ...]      a name for an argument set with assignments
    BITS MNEMONIC FORM [ITEM ...] FEATURES                   one encoding
    {   }                         on lines of their own: rows between them may overlap, earlier win

BITS are as many characters as the encoding has bits, blanks ignored: 0 and 1 are fixed; a letter is
a field, and the bits of one letter make one number, most significant first, wherever they stand;
'-' should be 0 and '+' should be 1 (anything else is UNPREDICTABLE and decodes as the instruction);
'.' is ignored. In A32, VFP and Advanced SIMD rows a leading "cccc" is the condition and not 1111.

FORM names a form or an argument set. An ITEM is one of
    FIELD=EXPR       value of an argument; a row's item replaces its form's
    LETTERS!=BITS    the row does not match when these fields have these bits (x: any bit)
Fields without an item take their default letter. In an EXPR a name is a letter or several letters,
which are concatenated; there are decimal, 0x and 0b numbers, + - * << | and parentheses, sx(v)
(sign extension), and the functions dec_NAME of frontend/arm/decode_extract.h, written NAME(v, ...).

FEATURES are joined by '+': F is needed, !F must be absent, and of F|G (at most one such term) one
is needed.

Rows that overlap outside of a group are an error, unless their features exclude each other; so are
fields without a value, unknown names, and letters that nothing uses (letters named in '!=' are
used). Output is deterministic.
"""
import argparse
import ast
import copy
import functools
import operator
import os
import re
import sys

ISAS = ('a32', 't16', 't32')
WIDTH = {'a32': 32, 't16': 16, 't32': 32, 'vfp': 32, 'neon': 32}
LEAF_ROWS = 3      # that many candidates are compared one after the other
MAX_SPLIT = 6      # bits that one switch looks at, at most


# What a feature brings with it; rows that cannot both apply to a CPU do not overlap.
IMPLIED = {'NEON': 'VFP3', 'VFP3': 'VFP2', 'VFP4': 'VFP2', 'VFPH': 'VFP2', 'FPV5': 'VFP2',
           'FPDP': 'VFP2', 'D32': 'VFP2'}


class TableError(Exception):
    """A mistake in a table or in the argument sets."""


class Features:
    """What a row demands of the CPU: @need all, @without none, and of @any one."""

    def __init__(self, text):
        self.need, self.without, self.any = [], [], []
        for term in text.split('+'):
            names = term.lstrip('!').split('|')
            if not all(re.fullmatch(r'[A-Z]\w*', name) for name in names):
                raise ValueError
            if '|' in term:
                if self.any or term.startswith('!'):
                    raise ValueError
                self.any = names
            else:
                (self.without if term.startswith('!') else self.need).append(names[0])

    def closure(self):
        """The needed features and what they imply."""
        found = set()
        for name in self.need:
            while name:
                found.add(name)
                name = IMPLIED.get(name)
        return found

    def excludes(self, other):
        """Is there no CPU that has both?"""
        for a, b in ((self, other), (other, self)):
            if a.closure() & set(b.without) or (a.any and set(a.any) <= set(b.without)):
                return True
        return False


class Row:
    """One encoding in one instruction set."""

    def __init__(self, isa, bits, mnemonic, form, features, where, group):
        self.isa, self.bits, self.mnemonic = isa, bits, mnemonic
        self.set, self.assign, self.excluded = form
        self.features, self.where, self.group = features, where, group
        self.width = len(bits)
        self.mask = self.pick('01')
        self.value = self.pick('1')
        self.should_mask = self.pick('-+')
        self.should_value = self.pick('+')
        self.excepts = []
        self.id = -1

    def pick(self, chars):
        """The mask of the positions whose character is in @chars."""
        n = 0
        for c in self.bits:
            n = n << 1 | (c in chars)
        return n

    def positions(self, letters):
        """Bit numbers of the concatenated @letters, most significant first."""
        found = []
        if len(set(letters)) != len(letters):
            raise TableError(f'{self.where}: {letters} repeats a field')
        for letter in letters:
            own = [self.width - 1 - i for i, c in enumerate(self.bits) if c == letter]
            if not own:
                raise TableError(f'{self.where}: no field {letter!r} in {self.bits}')
            found += own
        return found

    def add_except(self, letters, bits):
        """The row does not match where @letters are @bits."""
        at = self.positions(letters)
        if len(at) != len(bits) or set(bits) - set('01x'):
            raise TableError(f'{self.where}: {letters}!={bits} does not fit {len(at)} bits')
        mask = value = 0
        for pos, bit in zip(at, bits):
            if bit != 'x':
                mask |= 1 << pos
                value |= int(bit) << pos
        self.excepts.append((mask, value))

    def without_condition(self):
        """The row for a place where the condition is known not to be 1111."""
        row = copy.copy(self)
        row.excepts = [e for e in self.excepts if e != (0xf << 28, 0xf << 28)]
        return row

    def overlaps(self, other):
        """Can one instruction match both rows? (Exclusions count when they cover all of it.)"""
        if (self.value ^ other.value) & self.mask & other.mask:
            return False
        if self.features.excludes(other.features):
            return False
        mask, value = self.mask | other.mask, self.value | other.value
        for em, ev in self.excepts + other.excepts:
            if not em & ~mask and value & em == ev:
                return False
        return True


# ---- reading --------------------------------------------------------------------------------

def read_args(path):
    """{set: [field]} in file order."""
    sets = {}
    with open(path, encoding='utf-8') as f:
        for number, line in enumerate(f, 1):
            line = line.split('#')[0].strip()
            if not line:
                continue
            name, colon, fields = line.partition(':')
            if not colon or not re.fullmatch(r'[a-z]\w*', name) or name in sets:
                raise TableError(f'{path}:{number}: bad or repeated argument set')
            sets[name] = fields.split()
            if len(set(sets[name])) != len(sets[name]):
                raise TableError(f'{path}:{number}: repeated field')
    return sets


def t32_bits(bits, where):
    """The T32 pattern of a row that is written in A32 form."""
    if bits.startswith('cccc'):
        return '1110' + bits[4:]
    if bits.startswith('1111001'):
        return '111' + bits[7] + '1111' + bits[8:]
    if bits.startswith('11110100'):
        return '11111001' + bits[8:]
    if bits.startswith('11111'):
        return bits
    raise TableError(f'{where}: no T32 form is known for {bits}')


class Table:
    """The rows of one file."""

    def __init__(self, path, sets):
        self.kind = os.path.splitext(os.path.basename(path))[0]
        if self.kind not in WIDTH:
            raise TableError(f'{path}: the name of a table is one of {" ".join(WIDTH)}')
        self.path, self.sets = path, sets
        self.letters, self.forms, self.rows = {}, {}, []
        self.group, self.groups = None, 0
        with open(path, encoding='utf-8') as f:
            for number, line in enumerate(f, 1):
                self.where = f'{os.path.basename(path)}:{number}'
                words = line.split('#')[0].split()
                if words:
                    self.read_line(words)
        if self.group is not None:
            raise TableError(f'{path}: a group is not closed')

    def fail(self, text):
        raise TableError(f'{self.where}: {text}')

    def read_line(self, words):
        if words[0] == 'letters':
            self.letters.update(w.split('=') for w in words[1:])
        elif words[0] == 'form':
            if len(words) < 3 or words[1] in self.forms or words[1] in self.sets:
                self.fail('a form has a new name and an argument set')
            self.forms[words[1]] = self.make_form(words[2], words[3:])
        elif words == ['{'] and self.group is None:
            self.groups += 1
            self.group = f'{self.path}{self.groups}'
        elif words == ['}'] and self.group is not None:
            self.group = None
        else:
            self.read_row(words)

    def make_form(self, base, items):
        """(set, {field: expression}, [(letters, bits)]) of form or set @base with more @items."""
        if base in self.forms:
            name, assign, excluded = self.forms[base]
        elif base in self.sets:
            name, assign, excluded = base, {}, []
        else:
            self.fail(f'unknown form or argument set {base}')
        assign, excluded = dict(assign), list(excluded)
        for item in items:
            left, op, right = re.fullmatch(r'(\w+)(!=|=)(.+)|.*', item).groups() or (None,) * 3
            if op == '!=':
                excluded.append((left, right))
            elif op == '=' and left in self.sets[name]:
                assign[left] = right
            else:
                self.fail(f'{item!r} is neither a field of {name} with its value nor an exclusion')
        return name, assign, excluded

    def read_row(self, words):
        width, bits = WIDTH[self.kind], ''
        while words and len(bits) < width:
            bits += words.pop(0)
        if len(bits) != width or not re.fullmatch(r'[01a-zA-Z.+-]*', bits):
            self.fail(f'{bits}: not {width} bits')
        if len(words) < 3 or not re.fullmatch(r'[A-Z]\w*', words[0]):
            self.fail('a row is: bits, mnemonic, form, items, feature')
        try:
            features = Features(words[-1])
        except ValueError:
            self.fail(f'{words[-1]!r} is not a feature')
        form = self.make_form(words[1], words[2:-1])
        isas = (self.kind,) if self.kind in ISAS else ('a32', 't32')
        for isa in isas:
            self.add_row(isa, bits, words[0], form, features)

    def add_row(self, isa, bits, mnemonic, form, features):
        conditional = self.kind != 't32' and len(bits) == 32 and bits.startswith('cccc')
        if self.kind in ('a32', 'vfp', 'neon') and not conditional and bits[:4] != '1111':
            self.fail('A32 encodings begin with cccc or 1111')
        if isa == 't32' and self.kind != 't32':
            bits = t32_bits(bits, self.where)
        row = Row(isa, bits, mnemonic, form, features, self.where, self.group)
        if conditional and isa == 'a32':
            row.add_except('c', '1111')
        for letters, value in row.excluded:
            row.add_except(letters, value)
        self.resolve(row, conditional)
        self.rows.append(row)

    def resolve(self, row, conditional):
        """Parse the value of every field of the row; check that every letter is used."""
        used = set('c') if conditional else set()
        for letters, _ in row.excluded:
            used |= set(letters)
        values = {}
        for field in self.sets[row.set]:
            text = row.assign.get(field) or self.letters.get(field)
            if text is None:
                self.fail(f'field {field} of {row.set} has no value')
            try:
                tree = ast.parse(text, mode='eval').body
            except SyntaxError:
                self.fail(f'{text!r} is not an expression')
            values[field] = c_expression(tree, row, used)[0]
        row.values = values
        idle = set(re.sub(r'[01.+-]', '', row.bits)) - used
        if idle:
            self.fail(f'fields {" ".join(sorted(idle))} are not used')


OPERATORS = {ast.Add: '+', ast.Sub: '-', ast.Mult: '*', ast.LShift: '<<', ast.BitOr: '|'}


def c_expression(node, row, used):
    """(C text, width in bits or 0) of a parsed expression."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return str(node.value), 0
    if isinstance(node, ast.Name):
        used |= set(node.id)
        at = row.positions(node.id)
        return c_field(at), len(at)
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        left, right = (c_expression(n, row, used)[0] for n in (node.left, node.right))
        return f'({left} {OPERATORS[type(node.op)]} {right})', 0
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        parts = [c_expression(n, row, used) for n in node.args]
        if node.func.id == 'sx':
            if len(parts) != 1 or not parts[0][1]:
                raise TableError(f'{row.where}: sx takes letters')
            return f'dec_sign_extend({parts[0][0]}, {parts[0][1]})', 0
        return f'dec_{node.func.id}({", ".join(p[0] for p in parts)})', 0
    raise TableError(f'{row.where}: expression {ast.unparse(node)!r} is not supported')


def c_field(at):
    """C text of the number whose bits stand at positions @at, most significant first."""
    pieces, i = [], 0
    while i < len(at):
        j = i
        while j + 1 < len(at) and at[j + 1] == at[j] - 1:
            j += 1
        text = f'insn >> {at[j]} & {hex((1 << (j - i + 1)) - 1)}'
        low = len(at) - 1 - j
        pieces.append(f'({text}) << {low}' if low else f'({text})')
        i = j + 1
    return f'(int)({" | ".join(pieces)})' if len(pieces) > 1 else f'(int){pieces[0]}'


def load(args_path, table_paths):
    """(sets, rows): all rows with their ids, checked."""
    sets = read_args(args_path)
    rows = [row for path in table_paths for row in Table(path, sets).rows]
    rows.sort(key=lambda r: ISAS.index(r.isa))     # stable: file order within each set
    set_of = {}
    for number, row in enumerate(rows):
        row.id = number
        first = set_of.setdefault(row.mnemonic, row)
        if first.set != row.set:
            raise TableError(f'{row.where}: {row.mnemonic} has arguments {row.set}, '
                             f'but {first.set} in {first.where}')
    check_overlaps(rows)
    return sets, rows


def check_overlaps(rows):
    for i, a in enumerate(rows):
        for b in rows[i + 1:]:
            if a.isa != b.isa:
                break
            if a.overlaps(b) and (a.group is None or a.group != b.group):
                raise TableError(f'{a.where} ({a.mnemonic}) overlaps {b.where} ({b.mnemonic}) '
                                 f'in {a.isa}')


# ---- the decision tree ----------------------------------------------------------------------

def row_indices(row, low, length):
    """Values of the bits [low, low + length) with which the row can match."""
    full = (1 << length) - 1
    mask, value = row.mask >> low & full, row.value >> low & full
    free, n = full & ~mask, 0
    while True:
        yield value | n
        n = (n - free) & free
        if not n:
            return


def best_split(rows, known, width):
    """(low, length) of the bits to switch on, or None when no switch helps."""
    best, best_cost = None, len(rows) * 0.95
    for low in range(width):
        for length in range(1, min(MAX_SPLIT, width - low) + 1):
            span = ((1 << length) - 1) << low
            if known & span:
                break
            fixed = sum(bin(r.mask & span).count('1') for r in rows)
            if fixed * 3 < length * len(rows):      # mostly don't care: would copy rows
                continue
            total = sum(1 << (length - bin(r.mask & span).count('1')) for r in rows)
            cost = total / (1 << length) + 0.25 * length + 0.3 * total / len(rows)
            if cost < best_cost:
                best, best_cost = (low, length), cost
    return best


def emit_tree(out, rows, known, width, depth):
    """Write C that returns the id of the first matching row of @rows; @known is the (mask, value)
    of the bits that were looked at on the way."""
    pad = '    ' * depth
    split = best_split(rows, known[0], width) if len(rows) > LEAF_ROWS else None
    if split is None:
        for row in rows:
            condition = match_condition(row, known)
            if not condition:
                out.append(f'{pad}return {row.id};')
                return
            out.append(f'{pad}if ({condition})')
            out.append(f'{pad}    return {row.id};')
        out.append(f'{pad}return -1;')
        return
    low, length = split
    buckets = {}
    for row in rows:
        for index in row_indices(row, low, length):
            buckets.setdefault(index, []).append(row)
    merged = {}
    for index, members in sorted(buckets.items()):
        merged.setdefault(tuple(r.id for r in members), (members, []))[1].append(index)
    out.append(f'{pad}switch (insn >> {low} & {hex((1 << length) - 1)}) {{')
    for members, indices in merged.values():
        out.append(pad + ' '.join(f'case {hex(i)}:' for i in indices))
        differ = functools.reduce(operator.or_, (i ^ indices[0] for i in indices))
        same = ((1 << length) - 1) & ~differ
        known_here = known[0] | same << low, known[1] | (indices[0] & same) << low
        emit_tree(out, members, known_here, width, depth + 1)
    out.append(f'{pad}}}')
    out.append(f'{pad}return -1;')


def emit_isa(out, isa, rows, width):
    """The body of the function that finds the row."""
    if isa == 'a32':
        out.append('    if (insn >> 28 == 0xf) {')
        emit_tree(out, [r for r in rows if r.bits.startswith('1111')], (0xf << 28, 0xf << 28),
                  width, 2)
        out.append('    }')
        rows = [r.without_condition() for r in rows if r.bits.startswith('cccc')]
    emit_tree(out, rows, (0, 0), width, 1)


def match_condition(row, known):
    """C text, empty if always true; @known (mask, value) was compared on the way."""
    parts = []
    mask = row.mask & ~known[0]
    if mask:
        parts.append(f'(insn & {hex(mask)}) == {hex(row.value & mask)}')
    sure_mask, sure = row.mask | known[0], row.value | known[1]
    for em, ev in row.excepts:
        if not (sure ^ ev) & em & sure_mask:        # may still hit
            em &= ~sure_mask
            parts.append(f'(insn & {hex(em)}) != {hex(ev & em)}')
    features = row.features
    if features.need not in ([], ['V4T']):
        parts.append(f'has(features, {c_features(features.need)})')
    if features.without:
        parts.append(f'!(features & ({c_features(features.without)}))')
    if features.any:
        parts.append(f'(features & ({c_features(features.any)}))')
    return ' && '.join(parts)


def c_features(names):
    return ' | '.join(f'ARM_FEATURE({f})' for f in names) or '0'


# ---- writing --------------------------------------------------------------------------------

HEADER = '/* Generated by tools/decodegen.py from frontend/arm/decode. */\n'


def write_args(sets, rows):
    out = [HEADER + '#ifndef ARMEMU_ARM_DECODE_ARGS_H\n#define ARMEMU_ARM_DECODE_ARGS_H\n',
           '#include <stdbool.h>\n', 'struct arm_translate;\n']
    for name, fields in sets.items():
        body = '\n'.join(f'    int {f};' for f in fields) or '    int unused;'
        out.append(f'struct arg_{name} {{\n{body}\n}};\n')
    for mnemonic, name in sorted({(r.mnemonic, r.set) for r in rows}):
        out.append(f'bool trans_{mnemonic}(struct arm_translate *t, const struct arg_{name} *a);')
    out.append('\n#endif')
    return '\n'.join(out) + '\n'


def write_isa(isa, rows):
    rows = [r for r in rows if r.isa == isa]
    width = WIDTH[isa]
    out = [HEADER, '#include "frontend/arm/decode_args.h"',
           '#include "frontend/arm/decode_extract.h"', '#include "frontend/arm/decode_rows.h"',
           '#include "frontend/arm/translate/translate.h"', '',
           'static inline bool has(uint64_t features, uint64_t need)\n{',
           '    return (features & need) == need;\n}\n',
           f'int arm_decode_row_{isa}(uint32_t insn, uint64_t features)\n{{']
    emit_isa(out, isa, rows, width)
    out.append('}\n')
    for row in rows:
        out.append(f'/* {row.where} */')
        out.append(f'static bool row_{row.id}(struct arm_translate *t, uint32_t insn)\n{{')
        out.append(f'    const struct arg_{row.set} a = {{')
        out += [f'        .{field} = {value},' for field, value in row.values.items()] \
            or ['        0']
        out.append(f'    }};\n    return trans_{row.mnemonic}(t, &a);\n}}\n')
    base = rows[0].id if rows else 0
    out.append('static bool (*const row_calls[])(struct arm_translate *, uint32_t) = {')
    out += [f'    row_{row.id},' for row in rows] or ['    0,']
    out.append(f'}};\n\nbool arm_decode_{isa}(struct arm_translate *t, uint32_t insn)\n{{')
    out.append(f'    int row = arm_decode_row_{isa}(insn, t->features);\n')
    out.append(f'    return row >= 0 && row_calls[row - {base}](t, insn);\n}}')
    return '\n'.join(out) + '\n'


def write_rows_header(rows):
    return HEADER + f'''#ifndef ARMEMU_ARM_DECODE_ROWS_H
#define ARMEMU_ARM_DECODE_ROWS_H

#include <stdint.h>

enum arm_isa {{ ARM_ISA_A32, ARM_ISA_T16, ARM_ISA_T32 }};

struct arm_decode_except {{
    uint32_t mask, value;
}};

/* One encoding. It matches insn when (insn & mask) == value, no except matches, and the CPU has all
 * features, none of `without`, and one of `any` unless that is 0; of several, the one with the
 * lowest id decides. */
struct arm_decode_row_info {{
    enum arm_isa isa;
    unsigned id;
    uint32_t mask, value;
    uint32_t should_mask, should_value; /* should-be bits: others are UNPREDICTABLE */
    unsigned except_count;
    struct arm_decode_except except[{max([len(r.excepts) for r in rows] + [1])}];
    uint64_t features, without, any;
    const char *mnemonic;
    const char *set;   /* argument set */
    const char *bits;  /* the pattern as in the table, most significant bit first */
    const char *where; /* table:line */
}};

#define ARM_DECODE_ROW_COUNT {len(rows)}

/** All encodings, in the order of their ids. */
extern const struct arm_decode_row_info arm_decode_rows[ARM_DECODE_ROW_COUNT];

/** Id of the row that decodes @insn on a CPU with @features, or -1. T16 stands in the low half;
 * T32 is first halfword : second halfword. Nothing is executed: for coverage and tests. */
int arm_decode_row(enum arm_isa isa, uint32_t insn, uint64_t features);

/** The same for one instruction set each. */
int arm_decode_row_a32(uint32_t insn, uint64_t features);
int arm_decode_row_t16(uint32_t insn, uint64_t features);
int arm_decode_row_t32(uint32_t insn, uint64_t features);

#endif
'''


def write_rows(rows):
    out = [HEADER, '#include "frontend/arm/decode_rows.h"\n',
           '#include "frontend/arm/cpu/features.h"\n',
           'const struct arm_decode_row_info arm_decode_rows[ARM_DECODE_ROW_COUNT] = {']
    for r in rows:
        excepts = ', '.join(f'{{ {hex(m)}, {hex(v)} }}' for m, v in r.excepts) or '{ 0, 0 }'
        out.append(f'    {{ ARM_ISA_{r.isa.upper()}, {r.id}, {hex(r.mask)}, {hex(r.value)}, '
                   f'{hex(r.should_mask)}, {hex(r.should_value)}, {len(r.excepts)}, '
                   f'{{ {excepts} }},\n      {c_features(r.features.need)}, '
                   f'{c_features(r.features.without)}, {c_features(r.features.any)}, '
                   f'"{r.mnemonic}", "{r.set}", "{r.bits}", "{r.where}" }},')
    out.append('};\n\nint arm_decode_row(enum arm_isa isa, uint32_t insn, uint64_t features)\n{')
    out.append('    static int (*const by_isa[])(uint32_t, uint64_t) = {')
    out += [f'        [ARM_ISA_{isa.upper()}] = arm_decode_row_{isa},' for isa in ISAS]
    out.append('    };\n\n    return by_isa[isa](insn, features);\n}')
    return '\n'.join(out) + '\n'


def write_stubs(sets, rows):
    """trans_ functions that record their call, for tests of the decoder alone."""
    out = [HEADER, '#include <stddef.h>\n', '#include "frontend/arm/decode_args.h"',
           '#include "tests/decode/record.h"\n']
    for name in sorted({r.set for r in rows}):
        names = ''.join(f'"{f}", ' for f in sets[name])
        out.append(f'static const char *const fields_{name}[] = {{ {names}NULL }};')
    out.append('')
    for mnemonic, name in sorted({(r.mnemonic, r.set) for r in rows}):
        out.append(f'bool trans_{mnemonic}(struct arm_translate *t, '
                   f'const struct arg_{name} '
                   f'*a)\n{{\n    return decode_record_call(t, "{mnemonic}", fields_{name}, '
                   f'(const int *)a);\n}}\n')
    return '\n'.join(out) + '\n'


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--out', required=True)
    parser.add_argument('--args', required=True)
    parser.add_argument('--check', action='store_true', help='check the tables, write nothing')
    parser.add_argument('tables', nargs='+')
    options = parser.parse_args(argv)
    try:
        sets, rows = load(options.args, options.tables)
    except TableError as error:
        print(f'decodegen: {error}', file=sys.stderr)
        return 1
    if options.check:
        return 0
    files = {f'decode_{isa}.c': write_isa(isa, rows) for isa in ISAS}
    files['decode_args.h'] = write_args(sets, rows)
    files['decode_rows.h'] = write_rows_header(rows)
    files['decode_rows.c'] = write_rows(rows)
    files['decode_stubs.c'] = write_stubs(sets, rows)
    for name, text in files.items():
        with open(os.path.join(options.out, name), 'w', encoding='utf-8') as f:
            f.write(text)
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
