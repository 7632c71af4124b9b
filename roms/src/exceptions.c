/* Exceptions explained as they happen, and the timer interrupt. */
#include "rom.h"

enum { CPSR_THUMB = 1 << 5 };

static volatile uint32_t ticks;

uint32_t exception_ticks(void)
{
    return ticks;
}

static void interrupt(void)
{
    uint32_t acknowledged = irq_acknowledge();
    if ((acknowledged & 0x3ff) == IRQ_VIRTUAL_TIMER) {
        ticks++;
        timer_arm(timer_frequency() / 10);
    }
    irq_end(acknowledged);
}

/* Bytes of the instruction at @pc. */
static unsigned instruction_size(const struct frame *frame, uint32_t pc)
{
    if (!(frame->cpsr & CPSR_THUMB))
        return 4;
    return *(const uint16_t *)pc >> 11 >= 0x1d ? 4 : 2;
}

static void print_instruction(uint32_t pc, unsigned size)
{
    const uint16_t *code = (const uint16_t *)pc;
    uint32_t word = size == 2 ? code[0] : (uint32_t)code[1] << 16 | code[0];
    print("  at %x, instruction %x\n", pc, word);
}

static void undefined(struct frame *frame)
{
    uint32_t pc = frame->pc - (frame->cpsr & CPSR_THUMB ? 2 : 4);
    unsigned size = instruction_size(frame, pc);
    print("Undefined instruction\n");
    print_instruction(pc, size);
    print("  The CPU has no meaning for this encoding, so it saved the program counter in lr\n"
          "  and its status in spsr, changed to Undefined mode and jumped to address 4.\n"
          "  This handler now returns behind the instruction.\n");
    frame->pc = pc + size;
}

static void supervisor_call(struct frame *frame)
{
    print("Supervisor call\n  returns to %x. This is how a program asks an operating system\n"
          "  for a service: r7 = %u was chosen by the caller, r0 carries the answer back.\n",
          frame->pc, frame->r[7]);
    frame->r[0] = frame->r[7] * 2;
}

static void data_abort(struct frame *frame)
{
    uint32_t status, address;
    unsigned size = instruction_size(frame, frame->pc);
    __asm__("mrc p15, 0, %0, c5, c0, 0" : "=r"(status));
    __asm__("mrc p15, 0, %0, c6, c0, 0" : "=r"(address));
    print("Data abort\n");
    print_instruction(frame->pc, size);
    print("  Nothing answers at address %x (fault status %x).\n"
          "  An operating system would now map a page there, or stop the program.\n",
          address, status);
    frame->pc += size;
}

static void prefetch_abort(struct frame *frame)
{
    print("Prefetch abort: no code at %x\n", frame->pc);
    for (;;)
        __asm__ volatile("wfi");
}

void exception_entry(struct frame *frame, enum exception_kind kind)
{
    switch (kind) {
    case EXC_UNDEFINED: undefined(frame); break;
    case EXC_SVC: supervisor_call(frame); break;
    case EXC_PREFETCH_ABORT: prefetch_abort(frame); break;
    case EXC_DATA_ABORT: data_abort(frame); break;
    case EXC_IRQ: interrupt(); break;
    }
}
