"""Tests of tools/decodegen.py: that it refuses mistakes, and what it makes of good tables."""
import os
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')
GENERATOR = os.path.join(ROOT, 'tools', 'decodegen.py')
ARGS = '# sets\nnone:\nrr: rd rm\nimm: imm\nneon: vd q\n'
NOP = 'cccc 0011 0010 0000 ++++ ---- 0000 0000  NOP none V6K\n'


def generate(tables, check=True):
    """(exit status, messages, {file: text}) for {table name: text}."""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for name, text in {'args.txt': ARGS, **tables}.items():
            paths.append(os.path.join(folder, name))
            with open(paths[-1], 'w', encoding='utf-8') as f:
                f.write(text)
        out = os.path.join(folder, 'out')
        os.mkdir(out)
        run = subprocess.run([sys.executable, GENERATOR, '--out', out, '--args', paths[0]]
                             + (['--check'] if check else []) + paths[1:],
                             capture_output=True, text=True, check=False)
        files = {}
        for name in os.listdir(out):
            with open(os.path.join(out, name), encoding='utf-8') as f:
                files[name] = f.read()
        return run.returncode, run.stderr, files


class Mistakes(unittest.TestCase):
    """Each table is refused, with a message that says where and what."""

    def refused(self, text, message, name='a32.table'):
        status, errors, _ = generate({name: text})
        self.assertEqual(status, 1, text)
        self.assertRegex(errors, message)
        self.assertRegex(errors, r'table:\d+')

    def test_good_table_is_accepted(self):
        self.assertEqual(generate({'a32.table': NOP})[:2], (0, ''))

    def test_overlap(self):
        self.refused(NOP + 'cccc 0011 0010 0000 ++++ .... .... ....  YIELD none V6K\n',
                     r'a32.table:1 \(NOP\) overlaps a32.table:2 \(YIELD\)')

    def test_overlap_of_group_with_outside(self):
        self.refused('{\n' + NOP + '}\ncccc 0011 0010 0000 ++++ .... .... ....  YIELD none V6K\n',
                     'overlaps')

    def test_overlap_between_tables(self):
        status, errors, _ = generate({'a32.table': NOP, 'vfp.table': NOP.replace('NOP', 'WFI')})
        self.assertEqual(status, 1)
        self.assertIn('overlaps', errors)

    def test_unknown_field_in_item(self):
        self.refused('cccc 0001 0110 ++++ dddd ++++ 0001 mmmm  CLZ rr rd=d rm=m rx=0 V5T\n',
                     "'rx=0' is neither a field of rr")

    def test_unknown_letter(self):
        self.refused('cccc 0001 0110 ++++ dddd ++++ 0001 mmmm  CLZ rr rd=d rm=n V5T\n',
                     "no field 'n'")

    def test_field_without_value(self):
        self.refused('cccc 0001 0110 ++++ dddd ++++ 0001 ....  CLZ rr rd=d V5T\n',
                     'field rm of rr has no value')

    def test_unused_letter(self):
        self.refused('cccc 0001 0110 nnnn dddd ++++ 0001 mmmm  CLZ rr rd=d rm=m V5T\n',
                     'fields n are not used')

    def test_unknown_set(self):
        self.refused(NOP.replace('none', 'nothing'), 'unknown form or argument set nothing')

    def test_wrong_length(self):
        self.refused(NOP[1:], 'not 32 bits')

    def test_exclusion_of_wrong_width(self):
        self.refused('cccc 0001 0110 ++++ dddd ++++ 0001 mmmm  CLZ rr rd=d rm=m m!=11 V5T\n',
                     'm!=11 does not fit 4 bits')

    def test_two_sets_for_one_mnemonic(self):
        self.refused(NOP + 'cccc 1111 iiii iiii iiii iiii iiii iiii  NOP imm imm=i V4T\n',
                     'NOP has arguments imm, but none')

    def test_missing_feature(self):
        self.refused(NOP.replace('V6K', ''), 'a row is')

    def test_open_group(self):
        status, errors, _ = generate({'a32.table': '{\n' + NOP})
        self.assertEqual(status, 1)
        self.assertIn('not closed', errors)


class Output(unittest.TestCase):
    """What good tables become."""

    def test_exclusion_resolves_overlap(self):
        rows = ('cccc 0110 1000 dddd ++++ ++++ 0000 mmmm  A rr rd=d rm=m m!=1111 V4T\n'
                'cccc 0110 1000 dddd ++++ ++++ 0000 1111  B rr rd=d rm=15 V4T\n')
        self.assertEqual(generate({'a32.table': rows})[0], 0)
        self.assertEqual(generate({'a32.table': rows.replace('m!=1111', '')})[0], 1)

    def test_group_permits_overlap(self):
        text = '{\n' + NOP + 'cccc 0011 0010 0000 ++++ .... .... ....  YIELD none V6K\n}\n'
        self.assertEqual(generate({'a32.table': text})[0], 0)

    def test_neon_in_t32(self):
        row = '1111 001u 0Dzz .... dddd 0000 .q.0 ....  VX neon vd=Dd q=q z!=11 u!=0 NEON\n'
        _, _, files = generate({'neon.table': row}, check=False)
        self.assertIn('"1111001u0Dzz....dddd0000.q.0...."', files['decode_rows.c'])
        self.assertIn('"111u11110Dzz....dddd0000.q.0...."', files['decode_rows.c'])

    def test_split_field(self):
        row = '1111 0i10 0100 kkkk 0iii dddd iiii iiii  MOVW imm imm=ki d!=1111 T2\n'
        _, _, files = generate({'t32.table': row}, check=False)
        value = re.search(r'\.imm = (.*),', files['decode_t32.c'])[1].replace('(int)', '')
        insn = 0b1111_0_1_10_0100_1010_0_011_0101_1100_1111  # imm4 1010, i 1, imm3 011, imm8 cf
        self.assertEqual(eval(value, {'insn': insn}), 0xabcf)  # pylint: disable=eval-used

    def test_deterministic(self):
        with open(os.path.join(ROOT, 'frontend/arm/decode/t16.table'), encoding='utf-8') as f:
            table = f.read()
        with open(os.path.join(ROOT, 'frontend/arm/decode/args.txt'), encoding='utf-8') as f:
            args = f.read()
        self.assertEqual(*(generate({'args.txt': args, 't16.table': table}, check=False)
                           for _ in range(2)))


if __name__ == '__main__':
    unittest.main()
