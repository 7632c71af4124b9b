/* The start of all guest programs of this folder: vectors, memory, and Arm's semihosting to end. */
#include "guest.h"

extern uint32_t stack_top[], data_start[], data_end[], data_load[], bss_start[], bss_end[];

static void unexpected(void)
{
    uint32_t ipsr;
    __asm__ volatile("mrs %0, ipsr" : "=r"(ipsr));
    put_text("unexpected exception ");
    put_hex(ipsr);
    put_text("\n");
    guest_exit(1);
}

static void reset(void)
{
    for (uint32_t *to = data_start, *from = data_load; to != data_end;)
        *to++ = *from++;
    for (uint32_t *p = bss_start; p != bss_end;)
        *p++ = 0;
    guest_exit(guest_main());
}

void *vectors[16 + 96] __attribute__((section(".vectors"), aligned(512)));
void *vectors[16 + 96] = {
    stack_top,
    reset,
    guest_nmi,
    guest_hard_fault,
    unexpected,
    unexpected,
    unexpected,
    unexpected,
    unexpected,
    unexpected,
    unexpected,
    unexpected,
    unexpected,
    unexpected,
    unexpected,
    guest_systick,
    [16 ... 16 + 95] = guest_irq,
};

void guest_nmi(void) __attribute__((weak));
void guest_nmi(void) { unexpected(); }
void guest_hard_fault(void) __attribute__((weak));
void guest_hard_fault(void) { unexpected(); }
void guest_systick(void) __attribute__((weak));
void guest_systick(void) { unexpected(); }
void guest_irq(void) __attribute__((weak));
void guest_irq(void) { unexpected(); }

void guest_exit(int status)
{
    /* SYS_EXIT_EXTENDED: application exit with a status */
    uint32_t block[2] = {0x20026, (uint32_t)status};
    register uint32_t op __asm__("r0") = 0x20;
    register void *arg __asm__("r1") = block;
    __asm__ volatile("bkpt 0xab" : : "r"(op), "r"(arg) : "memory");
    for (;;)
        ;
}

void put_text(const char *text)
{
    while (*text)
        put_char(*text++);
}

void put_hex(uint32_t value)
{
    for (int shift = 28; shift >= 0; shift -= 4)
        put_char("0123456789abcdef"[value >> shift & 15]);
}

void put_value(const char *name, uint32_t value)
{
    put_text(name);
    put_text(" ");
    put_hex(value);
    put_text("\n");
}
