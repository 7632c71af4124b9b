#include "rt.h"

static volatile struct result *const result = (volatile struct result *)PROTOCOL_RESULT;
static volatile struct params *const params = (volatile struct params *)PROTOCOL_PARAMS;

void (*volatile rt_handler)(struct frame *f);

static uint32_t level1[4096] __attribute__((aligned(16384)));
static uint32_t level2[WINDOW_PAGES] __attribute__((aligned(1024)));
static volatile bool mmu_used;

void *memset(void *to, int value, unsigned n);
void *memcpy(void *to, const void *from, unsigned n);

void *memset(void *to, int value, unsigned n)
{
    for (volatile uint8_t *p = to; n; n--)
        *p++ = (uint8_t)value;
    return to;
}

void *memcpy(void *to, const void *from, unsigned n)
{
    const uint8_t *q = from;
    for (volatile uint8_t *p = to; n; n--)
        *p++ = *q++;
    return to;
}

/* ---- results ---- */

void rt_check(uint32_t line, bool ok, uint32_t got, uint32_t want)
{
    static volatile uint32_t lock;
    while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE)) {
    }
    result->checks++;
    if (!ok) {
        uint32_t n = result->failures++;
        if (n < PROTOCOL_FAILURES) {
            result->failure[n].line = line;
            result->failure[n].got = got;
            result->failure[n].want = want;
        }
    }
    __atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
}

uint32_t rt_cpus(void)
{
    return params->cpus;
}

uint32_t rt_rounds(uint32_t jit_rounds)
{
    uint32_t rounds = jit_rounds / params->slowness;
    return rounds ? rounds : 1;
}

int32_t rt_psci(uint32_t function, uint32_t a, uint32_t b, uint32_t c)
{
    register uint32_t r0 __asm__("r0") = function;
    register uint32_t r1 __asm__("r1") = a;
    register uint32_t r2 __asm__("r2") = b;
    register uint32_t r3 __asm__("r3") = c;
    __asm__ volatile(".arch_extension virt\n\thvc #0" : "+r"(r0) : "r"(r1), "r"(r2), "r"(r3)
                     : "memory");
    return (int32_t)r0;
}

void rt_power_off(void)
{
    DSB();
    for (;;)
        rt_psci(PSCI_SYSTEM_OFF, 0, 0, 0);
}

uint32_t rt_seed(void)
{
    return params->seed;
}

void rt_may_hang(void)
{
    result->may_hang = 1;
}

void rt_finish(void)
{
    result->finished = PROTOCOL_MAGIC;
    rt_power_off();
}

void rt_main(void);
void rt_main(void)
{
    uint32_t n = 0;
    while (tests[n].name)
        n++;
    result->count = n;
    const struct test *t = &tests[params->test];
    for (unsigned i = 0; i < sizeof(result->name) - 1 && t->name[i]; i++)
        result->name[i] = t->name[i];
    result->magic = PROTOCOL_MAGIC;
    if (t->min_cpus > params->cpus)
        result->skipped = 1;
    else
        t->run();
    rt_finish();
}

/* ---- exceptions ---- */

void rt_exception(struct frame *f);
void rt_exception(struct frame *f)
{
    if (rt_handler) {
        rt_handler(f);
        return;
    }
    rt_check(0, false, f->kind, f->lr);
    rt_check(0, false, f->kind == EXC_PREFETCH ? MRC(0, c5, c0, 1) : MRC(0, c5, c0, 0),
             MRC(0, c6, c0, 0));
    rt_power_off();
}

/* ---- memory ---- */

void rt_code_written(const volatile void *at, uint32_t len)
{
    uint32_t start = (uint32_t)at & ~31u, end = (uint32_t)at + len;
    for (uint32_t a = start; a < end; a += 32)
        MCR(a, 0, c7, c11, 1); /* DCCMVAU */
    DSB();
    for (uint32_t a = start; a < end; a += 32)
        MCR(a, 0, c7, c5, 1); /* ICIMVAU */
    MCR(0, 0, c7, c1, 6);     /* BPIALLIS */
    DSB();
    ISB();
}

void rt_map(uint32_t n, uint32_t phys, uint32_t how)
{
    uint32_t entry = 0;
    if (how) {
        uint32_t ap = how & MAP_USER ? (how & MAP_RO ? 2 : 3) : 1;
        entry = phys | 2 | ap << 4 | 0xc | 1 << 10 | !!(how & MAP_XN);
        if ((how & MAP_RO) && !(how & MAP_USER))
            entry |= 1 << 9; /* AP[2:0] = 101: read-only for PL1 */
    }
    ((volatile uint32_t *)level2)[n] = entry;
    DSB();
}

void rt_tlbi(uint32_t va)
{
    MCR(va & ~0xfffu, 0, c8, c7, 1);
    DSB();
    ISB();
}

void rt_tlbi_all_cpus(uint32_t va)
{
    MCR(va & ~0xfffu, 0, c8, c3, 1); /* TLBIMVAIS */
    DSB();
    ISB();
}

static void mmu_registers(void)
{
    MCR((uint32_t)level1 | 0x4a, 0, c2, c0, 0); /* TTBR0: inner shareable, cached walks */
    MCR(0, 0, c2, c0, 2);
    MCR(1, 0, c3, c0, 0); /* DACR: domain 0 is a client */
    MCR(0, 0, c13, c0, 1);
    MCR(0, 0, c8, c7, 0);
    DSB();
    ISB();
    uint32_t sctlr = MRC(0, c1, c0, 0);
    MCR(sctlr | 1 | 1 << 2 | 1 << 12 | 1 << 10, 0, c1, c0, 0); /* M, C, I, SW */
    ISB();
}

void rt_mmu_on(void)
{
    for (uint32_t i = 0; i < 4096; i++) {
        if (i < 0x400)
            level1[i] = i << 20 | 0x412 | 0x4;            /* device */
        else if (i < 0x480)
            level1[i] = i << 20 | 0x10402 | 0xc | 1 << 12; /* normal, shareable, not for PL0 */
    }
    level1[WINDOW >> 20] = (uint32_t)level2 | 1;
    mmu_used = true;
    DSB();
    mmu_registers();
}

/* ---- CPUs ---- */

extern void secondary_start(uint32_t fn);

static void (*volatile cpu_function[8])(void);

static void secondary_main(void)
{
    if (mmu_used)
        mmu_registers();
    cpu_function[cpu_index()]();
}

void rt_start_cpu(uint32_t cpu, void (*fn)(void))
{
    cpu_function[cpu] = fn;
    DSB();
    CHECK(rt_psci(PSCI_CPU_ON, cpu, (uint32_t)secondary_start, (uint32_t)secondary_main), 0);
}

void rt_wait_cpu_off(uint32_t cpu)
{
    while (rt_psci(PSCI_AFFINITY_INFO, cpu, 0, 0) != 1)
        YIELD();
}

void rt_on_all(void (*fn)(void))
{
    for (uint32_t i = 1; i < rt_cpus(); i++)
        rt_start_cpu(i, fn);
    fn();
    for (uint32_t i = 1; i < rt_cpus(); i++)
        rt_wait_cpu_off(i);
}

/* ---- GICv2 of the board ---- */

#define GICD(offset) (*(volatile uint32_t *)(0x08000000 + (offset)))
#define GICC(offset) (*(volatile uint32_t *)(0x08010000 + (offset)))

void rt_gic_init(void)
{
    GICD(0) = 1;
    GICD(0x100) = 0xffffffff;
    GICC(4) = 0xff;
    GICC(0) = 1;
}

void rt_sgi(uint32_t cpu, uint32_t number)
{
    DSB();
    GICD(0xf00) = 1u << (16 + cpu) | number;
}

uint32_t rt_irq_ack(void)
{
    return GICC(0xc);
}

void rt_irq_end(uint32_t ack)
{
    GICC(0x10) = ack;
}
