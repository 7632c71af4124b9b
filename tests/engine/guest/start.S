/* Start, exception vectors and the pieces of the test runtime that C cannot say. Tests run in
 * System mode, so that every exception mode has LR and SPSR of its own. */
    .syntax unified
    .arm
    .section .start, "ax"
    .global _start, secondary_start
_start:
    bl      stacks
    ldr     r0, =rt_main
    blx     r0
1:  b       1b

/* PSCI CPU_ON comes here; r0: the function to run. */
secondary_start:
    mov     r8, r0
    bl      stacks
    blx     r8
    ldr     r0, =0x84000002     @ CPU_OFF
    hvc     #0
1:  b       1b

/* Stacks of 4 KiB per mode and CPU, 32 KiB for System mode. */
stacks:
    mov     r3, lr              @ banked
    mrc     p15, 0, r1, c0, c0, 5
    and     r1, r1, #7
    ldr     r2, =0x47000000
    add     r2, r2, r1, lsl #16
    add     r2, r2, #0x1000
    cps     #0x12
    mov     sp, r2
    add     r2, r2, #0x1000
    cps     #0x17
    mov     sp, r2
    add     r2, r2, #0x1000
    cps     #0x1b
    mov     sp, r2
    add     r2, r2, #0x1000
    cps     #0x13
    mov     sp, r2
    add     r2, r2, #0x1000
    cps     #0x11
    mov     sp, r2
    add     r2, r2, #0x8000
    cps     #0x1f
    mov     sp, r2
    ldr     r1, =vectors
    mcr     p15, 0, r1, c12, c0, 0
    isb
    bx      r3

    .balign 32
vectors:
    b       .
    b       undefined
    b       svc
    b       prefetch
    b       data
    b       .
    b       irq
    b       fiq

    .macro  entry name, kind
\name:
    sub     sp, sp, #72
    stmia   sp, {r0-r14}^
    str     lr, [sp, #60]
    mrs     r0, spsr
    str     r0, [sp, #64]
    mov     r0, #\kind
    b       common
    .endm

    entry   undefined, 1
    entry   svc, 2
    entry   prefetch, 3
    entry   data, 4
    entry   irq, 6
    entry   fiq, 7

common:
    str     r0, [sp, #68]
    mov     r0, sp
    ldr     r1, =rt_exception
    blx     r1
    clrex
    ldr     r0, [sp, #64]
    msr     spsr_cxsf, r0
    ldr     lr, [sp, #60]
    ldmia   sp, {r0-r14}^
    nop
    add     sp, sp, #72
    movs    pc, lr
