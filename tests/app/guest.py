"""Small guest programs as machine code, and files that are not what an option wants."""
import gzip
import struct

UART = 0x09000000
PSCI_SYSTEM_OFF = 0x84000008
PSCI_SYSTEM_RESET = 0x84000009

MOV_R1_UART = 0xE3A01409   # mov r1, #0x09000000
STR_R0_R1 = 0xE5810000     # str r0, [r1]        (UARTDR)
LDR_R0_R1 = 0xE5910000     # ldr r0, [r1]
LDR_R2_FR = 0xE5912018     # ldr r2, [r1, #0x18] (UARTFR)
TST_R2_RXFE = 0xE3120010   # tst r2, #0x10
CMP_R0_Q = 0xE3500071      # cmp r0, #'q'
HVC = 0xE1400070           # hvc #0
B_SELF = 0xEAFFFFFE        # b .


def mov_r0(value):
    return 0xE3A00000 | value


def branch(at, to, cond=0xE):
    """b<cond> from word @at to word @to."""
    return cond << 28 | 0x0A000000 | ((to - at - 2) & 0xFFFFFF)


def image(code, literal):
    """@code with every None replaced by `ldr r0, =literal`; padded to what a raw kernel needs."""
    words = list(code)
    pool = len(words)
    for i, word in enumerate(words):
        if word is None:
            words[i] = 0xE59F0000 | ((pool - i - 2) * 4)
    words.append(literal)
    words += [0xE1A00000] * max(0, 24 - len(words))
    return struct.pack('<%dI' % len(words), *words)


def program(text, call=PSCI_SYSTEM_OFF):
    """Print @text and make the firmware call."""
    code = [MOV_R1_UART]
    for c in text:
        code += [mov_r0(ord(c)), STR_R0_R1]
    return image(code + [None, HVC, B_SELF], call)


def echo():
    """Send back what the UART receives until it is a 'q', then power off."""
    code = [MOV_R1_UART, LDR_R2_FR, TST_R2_RXFE]
    code.append(branch(3, 1, cond=0x1))
    code += [LDR_R0_R1, STR_R0_R1, CMP_R0_Q]
    code.append(branch(7, 1, cond=0x1))
    return image(code + [None, HVC, B_SELF], PSCI_SYSTEM_OFF)


def loop(rounds_of_4096, length=16):
    """Rounds of @length instructions in two blocks: a condition at the head, which is met at the
    end; and all the rest, up to the jump back."""
    mov_r2 = 0xE3A02A00 | rounds_of_4096 # mov r2, #N << 12
    cmp_r2_0, add_r4, subs_r2 = 0xE3520000, 0xE2844001, 0xE2522001
    code = [mov_r2, cmp_r2_0, branch(2, 1 + length, cond=0x0)]
    code += [add_r4] * (length - 4) + [subs_r2, branch(length, 1)]
    return image(code + [None, HVC, B_SELF], PSCI_SYSTEM_OFF)


def idle():
    return image([B_SELF], 0)


def zimage(size=4096, claimed=None):
    data = bytearray(struct.pack('<I', 0xE1A00000) * (size // 4))
    struct.pack_into('<III', data, 0x24, 0x016F2818, 0, claimed or size)
    return bytes(data)


def elf64():
    header = b'\x7fELF\x02\x01\x01' + bytes(9)
    return header + struct.pack('<HHIQQQIHHHHHH', 2, 183, 1, 0, 0, 0, 0, 64, 56, 0, 64, 0, 0)


def elf32(code, load=0x40008000, machine=40, size=None):
    """An ELF program with one segment."""
    header = b'\x7fELF\x01\x01\x01' + bytes(9)
    header += struct.pack('<HHIIIIIHHHHHH', 2, machine, 1, load, 52, 0, 0x05000000, 52, 32, 1, 40,
                          0, 0)
    header += struct.pack('<IIIIIIII', 1, 84, load, load, size or len(code), size or len(code), 5,
                          4)
    return header + code


def arm64_image():
    data = bytearray(4096)
    data[0x38:0x3C] = b'ARM\x64'
    return bytes(data)


def gzipped():
    return gzip.compress(zimage())
