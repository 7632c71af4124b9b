/* Entry, vectors, and what is easier to single-step in assembly. Loaded at 0x40010000. */
    .syntax unified
    .arch armv7-a
    .arch_extension virt
    .fpu neon

    .text
    .arm
    .global _start
_start:
    ldr     sp, =0x40200000
    ldr     r0, =vectors
    mcr     p15, 0, r0, c12, c0, 0
    mov     r0, #0xf00000
    mcr     p15, 0, r0, c1, c0, 2
    isb
    mov     r0, #0x40000000
    vmsr    fpexc, r0
    mov     r0, #1                  /* the cycle counter counts instructions */
    mcr     p15, 0, r0, c9, c12, 0
    mov     r0, #0x80000000
    mcr     p15, 0, r0, c9, c12, 1
    bl      main
    .global idle
idle:
    wfi
    b       idle

    .balign 32
    .global vectors
vectors:
    b       .
    b       on_undefined
    b       on_svc
    b       .
    b       on_data_abort
    b       .
    b       .
    b       .

    .global on_undefined, on_svc, on_data_abort
on_undefined:
    movs    pc, lr
on_svc:
    add     r0, r0, #1
    movs    pc, lr
on_data_abort:
    mov     r1, #77
    subs    pc, lr, #4

/* r0 = 5 on entry: one half of the IT block runs. */
    .thumb
    .thumb_func
    .global it_block
    .type it_block, %function
it_block:
    cmp     r0, #5
    itete   eq
    moveq   r1, #1
    movne   r1, #2
    addeq   r1, #10
    addne   r1, #20
    bx      lr

    .arm
    .global exceptions
    .type exceptions, %function
exceptions:
    push    {r4, lr}
    mov     r0, #40
    .global the_svc
the_svc:
    svc     #0
    .global the_udf
the_udf:
    udf     #1
    ldr     r2, =0xe0000000
    .global the_abort
the_abort:
    ldr     r3, [r2]
    .global the_pop
the_pop:
    pop     {r4, pc}

/* Changes the instruction at `patched` (mov r0, #1) to mov r0, #2. */
    .global patching, patched
    .type patching, %function
patching:
    ldr     r1, =0xe3a00002
    adr     r2, patched
    str     r1, [r2]
patched:
    mov     r0, #1
    bx      lr

/* int cpu_on(unsigned cpu, void (*entry)(void)) */
    .global cpu_on
    .type cpu_on, %function
cpu_on:
    mov     r2, r1
    mov     r1, r0
    ldr     r0, =0x84000003
    mov     r3, #0
    hvc     #0
    bx      lr

    .global second
second:
    ldr     sp, =0x40300000
    b       second_main

    .global power_off
    .type power_off, %function
power_off:
    ldr     r0, =0x84000008
    hvc     #0
    b       .
