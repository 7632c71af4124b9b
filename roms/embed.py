#!/usr/bin/env python3
"""Writes a binary file as a C array: embed.py INPUT OUTPUT.c"""
import sys


def main():
    with open(sys.argv[1], "rb") as file:
        data = file.read()
    with open(sys.argv[2], "w", encoding="ascii") as out:
        out.write('#include "roms/rom.h"\n\nconst uint8_t armemu_rom[] = {\n')
        for at in range(0, len(data), 20):
            out.write("    " + "".join("%d," % byte for byte in data[at:at + 20]) + "\n")
        out.write("};\nconst uint32_t armemu_rom_size = sizeof(armemu_rom);\n")


if __name__ == "__main__":
    main()
