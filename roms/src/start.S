@ Reset, exceptions and the entry of further CPUs.
    .syntax unified
    .arch armv7ve
    .arm

    .section .vectors, "ax"
    .global vectors
vectors:
    b reset
    b undefined
    b supervisor_call
    b prefetch_abort
    b data_abort
    b .
    b irq
    b .

    .text
reset:
    cpsid aif, #0x13
    ldr sp, =stack_top
    ldr r0, =bss_start
    ldr r1, =bss_end
    mov r2, #0
1:  cmp r0, r1
    strlo r2, [r0], #4
    blo 1b
    ldr r0, =rom_main
    blx r0
    b .

@ Every handler runs in Supervisor mode on its stack, with the frame of struct frame (rom.h).
    .macro handler name, kind, adjust
\name:
    .if \adjust
    sub lr, lr, #\adjust
    .endif
    srsdb sp!, #0x13
    cps #0x13
    push {r0-r12, lr}
    mov r0, sp
    mov r1, #\kind
    ldr r2, =exception_entry
    blx r2
    pop {r0-r12, lr}
    rfeia sp!
    .endm

    handler undefined, 0, 0
    handler supervisor_call, 1, 0
    handler prefetch_abort, 2, 4
    handler data_abort, 3, 8
    handler irq, 4, 4

@ Where PSCI CPU_ON starts a CPU; r0 is its number.
    .global secondary_start
secondary_start:
    cpsid aif, #0x13
    ldr sp, =stack_top
    add r1, r0, #1
    add sp, sp, r1, lsl #12
    ldr r1, =secondary_main
    blx r1
    b .
    .ltorg
