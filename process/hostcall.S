/*
 * System calls that no signal is lost for: a signal that arrives before the kernel is entered makes
 * the handler move the thread from between `begin` and `insn` to `not_begun`. When the kernel wants
 * to make the call once more, the thread is at `insn` as well, but the kernel's entry has left the
 * address behind it in rcx: the handler moves it to `interrupted`.
 */
    .text
    .globl host_call, host_call_begin, host_call_insn, host_call_not_begun
    .globl host_call_interrupted, host_signal_return
    .type host_call, @function
host_call:
    mov %rdi, %r11
    mov %rsi, %rax
    mov %rdx, %rdi
    mov %rcx, %rsi
    mov %r8, %rdx
    mov %r9, %r10
    mov 8(%rsp), %r8
    mov 16(%rsp), %r9
    xor %ecx, %ecx
host_call_begin:
    cmpl $0, (%r11)
    jne host_call_not_begun
host_call_insn:
    syscall
    ret
host_call_interrupted:
    mov $-512, %rax
    ret
host_call_not_begun:
    mov $-514, %rax
    ret
    .size host_call, . - host_call

    .type host_signal_return, @function
host_signal_return:
    mov $15, %eax
    syscall
    .size host_signal_return, . - host_signal_return
    .section .note.GNU-stack, "", @progbits
