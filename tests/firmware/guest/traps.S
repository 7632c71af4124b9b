@ Each way to make a semihosting call on the A profile; TRAP chooses: 0 SVC, 1 HLT, 2 BKPT. Built as
@ A32 or T32. Prints "ok", then ends with code 9; with USER, in User mode.
    .syntax unified
    .global _start
#ifdef __thumb__
    .thumb_func
#endif
_start:
    ldr sp, =0x40400000
    ldr r0, =vectors
    mcr p15, 0, r0, c12, c0, 0
#ifdef USER
    cps #16
    ldr sp, =0x40300000
#endif
    mov r0, #4
    ldr r1, =text
    bl call
    mov r0, #0x20
    ldr r1, =end
    bl call
1:  b 1b

#ifdef __thumb__
    .thumb_func
#endif
call:
#if TRAP == 0 && defined(__thumb__)
    svc 0xab
#elif TRAP == 0
    svc 0x123456
#elif TRAP == 1 && defined(__thumb__)
    .inst.n 0xbabc
#elif TRAP == 1
    .inst 0xe10f0070
#else
    bkpt 0xab
#endif
    bx lr

    .arm
    .balign 32
vectors:                @ an exception instead of a call: "no" on the UART
    b .
    b exception
    b exception
    b exception
    b exception
    b .
    b .
    b .
exception:
    ldr r0, =0x09000000
    mov r1, #'n'
    str r1, [r0]
    ldr r0, =0x84000008 @ SYSTEM_OFF
    .inst 0xe1400070    @ HVC #0
    b .

    .data
text: .asciz "ok\n"
    .balign 4
end: .word 0x20026, 9
