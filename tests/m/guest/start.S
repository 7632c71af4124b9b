/* Vectors and the common way into handlers: exception_c(frame, EXC_RETURN, exception number). */
    .syntax unified
    .thumb

    .section .vectors, "a"
    .global vectors
vectors:
    .word 0x20004000, reset
    .rept 62
    .word handler
    .endr

    .text
    .thumb_func
    .global reset
reset:
    bl main
    b .

    .thumb_func
    .global handler
handler:
    mov r1, lr
    movs r0, #4
    tst r0, r1
    beq 1f
    mrs r0, psp
    b 2f
1:  mrs r0, msp
2:  mrs r2, ipsr
    push {r4, lr}
    bl exception_c
    pop {r4, pc}

    /* semihosting call r0 = number, r1 = argument */
    .thumb_func
    .global semihosting
semihosting:
    bkpt 0xab
    bx lr
