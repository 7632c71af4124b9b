#!/bin/sh
# Builds the kernels for -M virt: build.sh OUTPUT
set -e
cd "$(dirname "$0")"
${CROSS:-arm-linux-gnueabihf-}gcc -O2 -marm -mcpu=cortex-a15 -mfpu=neon-vfpv4 -mfloat-abi=hard \
    -ffreestanding -fno-builtin-printf -fno-tree-loop-distribute-patterns -fno-pic -no-pie \
    -ffp-contract=off -nostdlib -static -Wl,-Ttext=0x40200000 -Wl,--section-start=.start=0x40100000 \
    -Wl,-e,_start -Wl,--build-id=none -Wall -Wextra kernels.c -lgcc -o "$1"
