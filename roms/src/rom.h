/* The embedded ROM: what runs when nothing else was given to boot. */
#ifndef ROM_H
#define ROM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an exception handler saved; pc and cpsr are where it returns to. */
struct frame {
    uint32_t r[13], lr, pc, cpsr;
};

enum exception_kind { EXC_UNDEFINED, EXC_SVC, EXC_PREFETCH_ABORT, EXC_DATA_ABORT, EXC_IRQ };

enum { IRQ_VIRTUAL_TIMER = 27, IRQ_UART = 33 };

/* console.c */
void console_init(void);
void print(const char *format, ...); /* %s %c %u %x (8 digits) %l (uint64_t, decimal) */
void console_read_line(char *line, size_t size);

/* machine.c */
uint32_t machine_cpu_count(void);
uint64_t machine_memory_size(void);
const char *machine_cpu_name(void);
uint32_t machine_midr(void);
void irq_enable(unsigned number);
uint32_t irq_acknowledge(void);
void irq_end(uint32_t acknowledged);
uint64_t timer_count(void);
uint32_t timer_frequency(void);
void timer_arm(uint32_t counts); /* 0: off */
uint32_t psci_call(uint32_t function, uint32_t a, uint32_t b, uint32_t c);

enum { PSCI_CPU_OFF = 0x84000002, PSCI_CPU_ON = 0x84000003, PSCI_SYSTEM_OFF = 0x84000008,
       PSCI_SYSTEM_RESET = 0x84000009 };

/* exceptions.c */
void exception_entry(struct frame *frame, enum exception_kind kind);
uint32_t exception_ticks(void);

/* demos.c */
struct command {
    const char *name, *help;
    void (*run)(void);
};
extern const struct command demo_commands[];
extern const unsigned demo_command_count;

#endif
