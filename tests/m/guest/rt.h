/* What the guest programs of the M profile share: checks that print TAP, and a log of
 * exceptions. */
#ifndef RT_H
#define RT_H

#include <stdbool.h>
#include <stdint.h>

#define REG(a) (*(volatile uint32_t *)(a))
#define REG8(a) (*(volatile uint8_t *)(a))
#define ICTR REG(0xe000e004)
#define SYST_CSR REG(0xe000e010)
#define SYST_RVR REG(0xe000e014)
#define SYST_CVR REG(0xe000e018)
#define SYST_CALIB REG(0xe000e01c)
#define NVIC_ISER REG(0xe000e100)
#define NVIC_ICER REG(0xe000e180)
#define NVIC_ISPR REG(0xe000e200)
#define NVIC_ICPR REG(0xe000e280)
#define NVIC_IABR REG(0xe000e300)
#define NVIC_IPR(n) REG8(0xe000e400 + (n))
#define CPUID REG(0xe000ed00)
#define ICSR REG(0xe000ed04)
#define VTOR REG(0xe000ed08)
#define AIRCR REG(0xe000ed0c)
#define SCR REG(0xe000ed10)
#define CCR REG(0xe000ed14)
#define SHPR(n) REG8(0xe000ed14 + (n)) /* by exception number */
#define SHPR2 REG(0xe000ed1c)
#define SHPR3 REG(0xe000ed20)
#define SHCSR REG(0xe000ed24)
#define CFSR REG(0xe000ed28)
#define HFSR REG(0xe000ed2c)
#define DFSR REG(0xe000ed30)
#define MMFAR REG(0xe000ed34)
#define BFAR REG(0xe000ed38)
#define CPACR REG(0xe000ed88)
#define MPU_TYPE REG(0xe000ed90)
#define MPU_CTRL REG(0xe000ed94)
#define MPU_RNR REG(0xe000ed98)
#define MPU_RBAR REG(0xe000ed9c)
#define MPU_RASR REG(0xe000eda0)
#define DEMCR REG(0xe000edfc)
#define STIR REG(0xe000ef00)
#define FPCCR REG(0xe000ef34)
#define FPCAR REG(0xe000ef38)
#define FPDSCR REG(0xe000ef3c)
#define DWT_CTRL REG(0xe0001000)
#define DWT_CYCCNT REG(0xe0001004)

#define PENDSVSET (1u << 28)
#define PENDSVCLR (1u << 27)
#define PENDSTSET (1u << 26)
#define PENDSTCLR (1u << 25)
#define NMIPENDSET (1u << 31)

enum {
    NMI = 2, HARD = 3, MEM = 4, BUS = 5, USAGE = 6, SVC = 11, DEBUGMON = 12, PENDSV = 14,
    SYSTICK = 15, IRQ0 = 16,
};

enum {
    F_IACCVIOL = 1, F_DACCVIOL = 2, F_MUNSTKERR = 8, F_MSTKERR = 16, F_MLSPERR = 32,
    F_MMARVALID = 128, F_IBUSERR = 1 << 8, F_PRECISERR = 1 << 9, F_UNSTKERR = 1 << 11,
    F_STKERR = 1 << 12, F_BFARVALID = 1 << 15, F_UNDEFINSTR = 1 << 16, F_INVSTATE = 1 << 17,
    F_INVPC = 1 << 18, F_NOCP = 1 << 19, F_UNALIGNED = 1 << 24, F_DIVBYZERO = 1 << 25,
    F_FORCED = 1 << 30,
};

/* One exception that was taken. */
struct event {
    unsigned exc;
    uint32_t exc_return, *frame;
    uint32_t pc, xpsr;              /* as stacked */
    uint32_t cfsr, hfsr, mmfar, bfar;
};
extern struct event events[64];
extern unsigned event_count;
/* What a handler does, by exception number; faults without an action go on at `resume`. */
extern void (*action[256])(struct event *e);
extern uint32_t resume;

void check(const char *name, uint32_t got, uint32_t want);
/** The exceptions since the last call, as letters: N H M B U S D P T, 0..9 interrupts. */
void check_order(const char *name, const char *want);
void events_clear(void);
void finish(void) __attribute__((noreturn));
uint32_t semihosting(uint32_t number, const void *argument);
void print(const char *text);
void print_hex(uint32_t v);

/** A fault was taken by @exc with CFSR @cfsr; HFSR is @hfsr; the registers are cleared. */
void check_fault(const char *name, unsigned exc, uint32_t cfsr, uint32_t hfsr);

#define MRS(name) ({ uint32_t v_; __asm__ volatile("mrs %0, " #name : "=r"(v_)); v_; })
#define MSR(name, v) __asm__ volatile("msr " #name ", %0" :: "r"((uint32_t)(v)) : "memory")
#define ISB() __asm__ volatile("dsb; isb" ::: "memory")
#define CPSID(x) __asm__ volatile("cpsid " #x ::: "memory")
#define CPSIE(x) __asm__ volatile("cpsie " #x ::: "memory")
#define SVC_CALL(n) __asm__ volatile("svc " #n ::: "memory")

/** Execute @code (asm inputs may follow), which faults; go on behind it. r4 and r5 are free. */
#define FAULTING(code, ...)                                                                        \
    __asm__ volatile("adr r4, 1f\n adds r4, #1\n str r4, [%[resume]]\n" code                       \
                     "\n .balign 4\n 1:\n nop\n"                                                   \
                     :: [resume] "r"(&resume), ##__VA_ARGS__ : "r4", "r5", "lr", "memory", "cc")

#endif
