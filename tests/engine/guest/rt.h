/* Runtime of the bare-metal test programs: checks whose results the host reads, memory mapping,
 * exceptions, CPUs. One program holds several tests; the host starts one of them per VM. */
#ifndef ARMEMU_TESTS_ENGINE_RT_H
#define ARMEMU_TESTS_ENGINE_RT_H

#include <stdbool.h>
#include <stdint.h>

#include "../protocol.h"

struct test {
    const char *name;
    void (*run)(void);
    uint32_t min_cpus;
};
/* Each program defines its tests; the last has no name. */
extern const struct test tests[];

/** Record a check; the first failures are kept with their line. */
void rt_check(uint32_t line, bool ok, uint32_t got, uint32_t want);
#define CHECK(got, want)                                       \
    do {                                                       \
        uint32_t got_ = (uint32_t)(got), want_ = (uint32_t)(want); \
        rt_check(__LINE__, got_ == want_, got_, want_);        \
    } while (0)

uint32_t rt_cpus(void);
/** How much slower this engine is than the JIT: rounds are to be divided by it. */
uint32_t rt_rounds(uint32_t jit_rounds);
uint32_t rt_seed(void);
/** The test is not expected to come to its end: what counts is that the emulator survives it. */
void rt_may_hang(void);
/** End the test from wherever it is. */
__attribute__((noreturn)) void rt_finish(void);
__attribute__((noreturn)) void rt_power_off(void);

/* ---- registers ---- */
#define MCR(value, op1, crn, crm, op2) \
    __asm__ volatile("mcr p15, " #op1 ", %0, " #crn ", " #crm ", " #op2 ::"r"(value) : "memory")
#define MRC(op1, crn, crm, op2)                                                                    \
    ({                                                                                             \
        uint32_t v_;                                                                               \
        __asm__ volatile("mrc p15, " #op1 ", %0, " #crn ", " #crm ", " #op2 : "=r"(v_)::"memory"); \
        v_;                                                                                        \
    })
#define DSB() __asm__ volatile("dsb" ::: "memory")
#define DMB() __asm__ volatile("dmb" ::: "memory")
#define ISB() __asm__ volatile("isb" ::: "memory")
#define YIELD() __asm__ volatile("yield" ::: "memory")
#define SEV() __asm__ volatile("sev" ::: "memory")
#define WFE() __asm__ volatile("wfe" ::: "memory")
#define WFI() __asm__ volatile("wfi" ::: "memory")
static inline uint32_t cpu_index(void)
{
    return MRC(0, c0, c0, 5) & 7;
}

/** The architectural sequence after writing code at @at (A3.5.4), for all CPUs. */
void rt_code_written(const volatile void *at, uint32_t len);

/* ---- memory: identity map of RAM and devices; a window of small pages at WINDOW ---- */
enum { WINDOW = 0x60000000, WINDOW_PAGES = 256, PAGE = 4096 };
enum { MAP_NONE = 0, MAP_RW = 1, MAP_RO = 2, MAP_USER = 4, MAP_XN = 8 };
void rt_mmu_on(void);
/** Map page @n of the window; TLB maintenance is the caller's (rt_tlbi). */
void rt_map(uint32_t n, uint32_t phys, uint32_t how);
void rt_tlbi(uint32_t va);     /* this CPU */
void rt_tlbi_all_cpus(uint32_t va);
static inline uint32_t window(uint32_t n)
{
    return WINDOW + n * PAGE;
}
/** @count pages of RAM that nothing else uses, from number @n on. */
static inline uint8_t *scratch(uint32_t n)
{
    return (uint8_t *)0x44000000 + n * PAGE;
}

/* ---- exceptions ---- */
enum { EXC_UNDEFINED = 1, EXC_SVC, EXC_PREFETCH, EXC_DATA, EXC_IRQ = 6, EXC_FIQ };
struct frame {
    uint32_t r[15]; /* of System and User mode */
    uint32_t lr;    /* of the exception's mode; where it returns to */
    uint32_t spsr, kind;
};
/** What an exception does; unset: the test fails. */
extern void (*volatile rt_handler)(struct frame *f);

/* ---- CPUs ---- */
int32_t rt_psci(uint32_t function, uint32_t a, uint32_t b, uint32_t c);
enum { PSCI_CPU_OFF = 0x84000002, PSCI_CPU_ON, PSCI_AFFINITY_INFO, PSCI_SYSTEM_OFF = 0x84000008 };
/** Run @fn on CPU @cpu, with the MMU as here; it goes off when @fn returns. */
void rt_start_cpu(uint32_t cpu, void (*fn)(void));
void rt_wait_cpu_off(uint32_t cpu);
/** Run @fn on all CPUs, this one included, and wait for all. */
void rt_on_all(void (*fn)(void));

/* ---- interrupts ---- */
void rt_gic_init(void); /* each CPU for itself */
void rt_sgi(uint32_t cpu, uint32_t number);
uint32_t rt_irq_ack(void);
void rt_irq_end(uint32_t ack);
static inline void irq_enable(void)
{
    __asm__ volatile("cpsie i" ::: "memory");
}
static inline void irq_disable(void)
{
    __asm__ volatile("cpsid i" ::: "memory");
}

#endif
