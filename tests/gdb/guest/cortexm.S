/* A program for Cortex-M in flash at 0: Thread mode on the process stack, SVC, SysTick, without
 * FPU. */
    .syntax unified
    .thumb
    .section .vectors, "a"
    .word 0x20004000
    .word _start
    .word hang, hang, hang, hang, hang, 0, 0, 0, 0
    .word svc_handler
    .word hang, 0, hang
    .word systick_handler

    .text
    .thumb_func
    .globl _start
_start:
    ldr r0, =__data_load
    ldr r1, =__data_start
    ldr r2, [r0]
    str r2, [r1]
    ldr r0, =0x20002000
    msr psp, r0
    movs r0, #2
    msr control, r0
    isb
    bl main
    b hang

    .thumb_func
    .globl hang
hang:
    b hang
    .size hang, . - hang
