#!/bin/sh
# Builds the embedded ROM from roms/src, reproducibly.
# usage: roms/build.sh           writes roms/armemu-rom.bin
#        roms/build.sh --check   builds into a temporary place and compares with the committed file
# The same bytes are promised for the same compiler alone, so roms/armemu-rom.compiler names it.
set -eu
cd "$(dirname "$0")"
cc=arm-none-eabi-gcc
compiler=$($cc -dumpfullversion)
if [ "${1-}" = --check ] && [ "$compiler" != "$(cat armemu-rom.compiler)" ]; then
    echo "roms: not compared: $cc is $compiler, the ROM was built by $(cat armemu-rom.compiler)"
    exit 77
fi
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
$cc -std=gnu17 -Os -mthumb -mcpu=cortex-a15 -mfloat-abi=soft -mno-unaligned-access -ffreestanding \
    -fno-builtin -fno-tree-loop-distribute-patterns -nostdlib -static -Wall -Wextra \
    -Wl,--build-id=none,-T,src/rom.ld -o "$out/rom.elf" \
    src/start.S src/main.c src/console.c src/machine.c src/exceptions.c src/demos.c
arm-none-eabi-objcopy -O binary -j .text "$out/rom.elf" "$out/rom.bin"
if [ "${1-}" = --check ]; then
    cmp "$out/rom.bin" armemu-rom.bin
    echo "roms: armemu-rom.bin is what roms/src builds"
else
    cp "$out/rom.bin" armemu-rom.bin
    echo "$compiler" >armemu-rom.compiler
    ls -l armemu-rom.bin
fi
