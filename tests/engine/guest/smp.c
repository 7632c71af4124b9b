/* Several CPUs: exclusives, locks, ordering, TLB maintenance, code for others, interrupts,
 * power. */
#include "rt.h"

static void barrier(void)
{
    static uint32_t arrived;
    static volatile uint32_t generation;
    uint32_t mine = generation;
    if (__atomic_add_fetch(&arrived, 1, __ATOMIC_SEQ_CST) == rt_cpus()) {
        arrived = 0;
        __atomic_store_n(&generation, mine + 1, __ATOMIC_SEQ_CST);
    } else {
        while (__atomic_load_n(&generation, __ATOMIC_SEQ_CST) == mine)
            YIELD();
    }
}

/* ---- counters ---- */

static uint32_t counter32, rounds;
static uint64_t counter64 __attribute__((aligned(8)));
static uint8_t counters8[4];

static void count_all(void)
{
    barrier();
    for (uint32_t i = 0; i < rounds; i++) {
        __atomic_fetch_add(&counter32, 1, __ATOMIC_RELAXED);
        if ((i & 3) == 0)
            __atomic_fetch_add(&counter64, 0x100000001ull, __ATOMIC_RELAXED);
        if ((i & 7) == 0) {
            __atomic_fetch_add(&counters8[1], 1, __ATOMIC_RELAXED);
            __atomic_fetch_add(&counters8[2], 3, __ATOMIC_RELAXED);
        }
    }
}

static void exclusive_counters(void)
{
    rt_mmu_on();
    rounds = rt_rounds(1000000);
    rt_on_all(count_all);
    uint32_t quarter = (rounds + 3) / 4 * rt_cpus(), eighth = (rounds + 7) / 8 * rt_cpus();
    CHECK(counter32, rounds * rt_cpus());
    CHECK((uint32_t)counter64, quarter);
    CHECK((uint32_t)(counter64 >> 32), quarter);
    CHECK(counters8[1], eighth & 0xff);
    CHECK(counters8[2], eighth * 3 & 0xff);
    CHECK(counters8[0] | counters8[3], 0);
}

/* ---- spinlock: exclusive acquire, plain store and SEV to release, WFE to wait ---- */

static volatile uint32_t lock;
static volatile uint32_t guarded[2];

static void lock_take(void)
{
    uint32_t seen, failed;
    __asm__ volatile("1: ldrex %0, [%2]\n cmp %0, #0\n wfene\n bne 1b\n"
                     " strex %1, %3, [%2]\n cmp %1, #0\n bne 1b\n dmb"
                     : "=&r"(seen), "=&r"(failed) : "r"(&lock), "r"(1) : "cc", "memory");
}

static void lock_release(void)
{
    DMB();
    lock = 0;
    __asm__ volatile("dsb ishst\n sev" ::: "memory");
}

static void lock_all(void)
{
    barrier();
    for (uint32_t i = 0; i < rounds; i++) {
        lock_take();
        guarded[0]++;
        guarded[1] += 2;
        lock_release();
    }
}

static void spinlock(void)
{
    rt_mmu_on();
    rounds = rt_rounds(200000);
    rt_on_all(lock_all);
    CHECK(guarded[0], rounds * rt_cpus());
    CHECK(guarded[1], rounds * rt_cpus() * 2);
}

static uint32_t swap(volatile uint32_t *at, uint32_t value)
{
    register uint32_t old __asm__("r0");
    register volatile uint32_t *p __asm__("r1") = at;
    register uint32_t new __asm__("r2") = value;
    __asm__ volatile(".word 0xe1010092 /* swp r0, r2, [r1] */" : "=r"(old) : "r"(p), "r"(new)
                     : "memory");
    return old;
}

static void swp_lock_all(void)
{
    barrier();
    for (uint32_t i = 0; i < rounds; i++) {
        while (swap(&lock, 1))
            YIELD();
        DMB();
        guarded[0]++;
        DMB();
        lock = 0;
    }
}

static void swp_lock(void)
{
    rt_mmu_on();
    rounds = rt_rounds(100000);
    rt_on_all(swp_lock_all);
    CHECK(guarded[0], rounds * rt_cpus());
}

/* ---- a lock-free stack of few nodes: pops and pushes of the same nodes find every ABA ---- */

enum { NODES = 6 };
static struct node {
    struct node *volatile next;
    volatile uint32_t owner;
} nodes[NODES];
static struct node *volatile top;
static volatile uint32_t stolen;

static struct node *pop(void)
{
    struct node *n, *next;
    uint32_t failed;
    do {
        __asm__ volatile("ldrex %0, [%1]" : "=r"(n) : "r"(&top) : "memory");
        if (!n) {
            __asm__ volatile("clrex");
            return 0;
        }
        next = n->next;
        __asm__ volatile("strex %0, %2, [%1]" : "=&r"(failed) : "r"(&top), "r"(next) : "memory");
    } while (failed);
    DMB();
    return n;
}

static void push(struct node *n)
{
    struct node *old;
    uint32_t failed;
    do {
        __asm__ volatile("ldrex %0, [%1]" : "=r"(old) : "r"(&top) : "memory");
        n->next = old;
        DMB();
        __asm__ volatile("strex %0, %2, [%1]" : "=&r"(failed) : "r"(&top), "r"(n) : "memory");
    } while (failed);
}

static void stack_all(void)
{
    uint32_t me = cpu_index() + 1;
    barrier();
    for (uint32_t i = 0; i < rounds; i++) {
        struct node *a = pop(), *b = i & 1 ? pop() : 0;
        if (a && __atomic_exchange_n(&a->owner, me, __ATOMIC_SEQ_CST))
            stolen++;
        if (b && __atomic_exchange_n(&b->owner, me, __ATOMIC_SEQ_CST))
            stolen++;
        if (a) {
            if (a->owner != me)
                stolen++;
            a->owner = 0;
            push(a);
        }
        if (b) {
            b->owner = 0;
            push(b);
        }
    }
}

static void stack(void)
{
    rt_mmu_on();
    for (uint32_t i = 0; i < NODES; i++)
        push(&nodes[i]);
    rounds = rt_rounds(200000);
    rt_on_all(stack_all);
    uint32_t count = 0;
    for (struct node *n = top; n && count < 100; n = n->next)
        count++;
    CHECK(count, NODES);
    CHECK(stolen, 0);
}

/* ---- message passing ---- */

static volatile uint32_t message[64], message_flag __attribute__((aligned(64)));
static volatile uint32_t bad;

static void message_reader(void)
{
    for (uint32_t i = 1; i <= rounds; i++) {
        while (message_flag < i)
            YIELD();
        DMB();
        if (message[i & 63] < i)
            bad++;
    }
}

static void message_passing(void)
{
    rt_mmu_on();
    rounds = rt_rounds(1000000);
    rt_start_cpu(1, message_reader);
    for (uint32_t i = 1; i <= rounds; i++) {
        message[i & 63] = i;
        DMB();
        message_flag = i;
    }
    rt_wait_cpu_off(1);
    CHECK(bad, 0);
}

/* Store buffering with DMB: both reading the old value is forbidden. */
static volatile uint32_t sb_x __attribute__((aligned(64))), sb_y __attribute__((aligned(64)));
static volatile uint32_t sb_seen[2];

static void sb_all(void)
{
    uint32_t me = cpu_index();
    for (uint32_t i = 1; i <= rounds; i++) {
        barrier();
        if (me == 0) {
            sb_x = i;
            DMB();
            sb_seen[0] = sb_y;
        } else if (me == 1) {
            sb_y = i;
            DMB();
            sb_seen[1] = sb_x;
        }
        barrier();
        if (me == 0 && sb_seen[0] != i && sb_seen[1] != i)
            bad++;
    }
}

static void store_buffering(void)
{
    rt_mmu_on();
    rounds = rt_rounds(20000);
    rt_on_all(sb_all);
    CHECK(bad, 0);
}

/* ---- TLB maintenance for all: after it and the DSB nobody reads the page any more ---- */

static volatile uint32_t reader_stop, reads, reader_ready;

static void reader_abort(struct frame *f)
{
    if (f->kind != EXC_DATA)
        bad++;
    f->lr -= 4; /* behind the load; r0 says so */
    f->r[0] = 0xffffffff;
}

static void reader(void)
{
    register uint32_t value __asm__("r0");
    uint32_t n = 0;
    while (!reader_stop) {
        __asm__ volatile("ldr r0, [%1]" : "=r"(value) : "r"(window(0)) : "memory");
        if (value != 0xffffffff)
            reads = ++n;
        else if (n && value == 0)
            bad++;
        reader_ready = 1;
        if (value != 0xffffffff && value != 0x11111111 && value != 0x22222222)
            bad++;
        message[cpu_index()] = value;
    }
}

/* The page alternates between two physical pages and nothing. Right after the maintenance the other
 * page's contents are "freed": changed, which no reader may see. */
static void tlb_broadcast(void)
{
    rt_mmu_on();
    volatile uint32_t *page[2] = {(volatile uint32_t *)scratch(0), (volatile uint32_t *)scratch(1)};
    page[0][0] = 0x11111111;
    page[1][0] = 0x22222222;
    rt_handler = reader_abort;
    rt_map(0, (uint32_t)page[0], MAP_RW);
    rt_tlbi_all_cpus(window(0));
    for (uint32_t i = 1; i < rt_cpus(); i++)
        rt_start_cpu(i, reader);
    while (!reader_ready)
        YIELD();
    uint32_t n = rt_rounds(600);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t which = i & 1;
        if (i % 3 == 0) {
            rt_map(0, 0, MAP_NONE);
        } else {
            page[!which][0] = which ? 0x11111111 : 0x22222222;
            rt_map(0, (uint32_t)page[!which], MAP_RW);
        }
        rt_tlbi_all_cpus(window(0));
        page[which][0] = 0xdeadbeef; /* freed */
        if (i % 3 == 0) {
            uint32_t before = reads;
            for (volatile uint32_t k = 0; k < 200; k++) {
            }
            (void)before;
        }
        page[which][0] = which ? 0x22222222 : 0x11111111;
    }
    reader_stop = 1;
    for (uint32_t i = 1; i < rt_cpus(); i++)
        rt_wait_cpu_off(i);
    CHECK(bad, 0);
    CHECK(reads > 0, 1);
}

/* The same for stores: after the maintenance the page does not change any more. */
static void writer(void)
{
    uint32_t n = 0;
    while (!reader_stop) {
        __asm__ volatile("str %0, [%1]" ::"r"(n), "r"(window(0)) : "memory", "r0");
        n++;
        reader_ready = 1;
    }
}

static void tlb_broadcast_writes(void)
{
    rt_mmu_on();
    volatile uint32_t *page = (volatile uint32_t *)scratch(0);
    rt_handler = reader_abort;
    rt_map(0, (uint32_t)page, MAP_RW);
    for (uint32_t i = 1; i < rt_cpus(); i++)
        rt_start_cpu(i, writer);
    while (!reader_ready)
        YIELD();
    for (uint32_t i = 0; i < rt_rounds(400); i++) {
        rt_map(0, (uint32_t)page, i & 1 ? MAP_RO : MAP_NONE);
        rt_tlbi_all_cpus(window(0));
        uint32_t value = page[0];
        for (volatile uint32_t k = 0; k < 100; k++) {
        }
        if (page[0] != value)
            bad++;
        rt_map(0, (uint32_t)page, MAP_RW);
        rt_tlbi_all_cpus(window(0));
    }
    reader_stop = 1;
    for (uint32_t i = 1; i < rt_cpus(); i++)
        rt_wait_cpu_off(i);
    CHECK(bad, 0);
}

/* ---- code for others ---- */

enum { BX_LR = 0xe12fff1e };
typedef uint32_t fn0(void);

static uint32_t movw_r0(uint32_t imm16)
{
    return 0xe3000000 | (imm16 >> 12) << 16 | (imm16 & 0xfff);
}

static volatile uint32_t code_ready, code_done[8], spin_stop;

/* Runs the new code each time that it is announced, after an ISB as the architecture wants it. */
static void executor(void)
{
    fn0 *f = (fn0 *)scratch(4);
    for (uint32_t i = 1; i <= rounds; i++) {
        while (code_ready < i)
            YIELD();
        DMB();
        ISB();
        if (f() != (i & 0xff))
            bad++;
        DMB();
        code_done[cpu_index()] = i;
    }
}

static void code_by_other(void)
{
    rt_mmu_on();
    rounds = rt_rounds(5000);
    volatile uint32_t *code = (volatile uint32_t *)scratch(4);
    code[1] = BX_LR;
    for (uint32_t i = 1; i < rt_cpus(); i++)
        rt_start_cpu(i, executor);
    for (uint32_t n = 1; n <= rounds; n++) {
        code[0] = 0xe3a00000 | (n & 0xff);
        rt_code_written(code, 8);
        code_ready = n;
        for (uint32_t i = 1; i < rt_cpus(); i++)
            while (code_done[i] < n)
                YIELD();
    }
    for (uint32_t i = 1; i < rt_cpus(); i++)
        rt_wait_cpu_off(i);
    CHECK(bad, 0);
}

/* The others run code all the time, of many functions, while it is changed. What they see is the
 * old or the new instruction; once all was maintained and announced, the new. */
static void spinner(void)
{
    uint32_t n = 0;
    while (!spin_stop) {
        uint32_t at = n++ & 31, low = code_done[0];
        DMB();
        ISB();
        uint32_t got = ((fn0 *)(scratch(4) + at * 64))();
        DMB();
        uint32_t high = code_ready;
        /* Versions low (complete) to high (begun) may be seen. */
        if (got < low || got > high)
            bad++;
    }
}

/* By a plain store, or an exclusive one, which reaches memory another way. */
static void code_store(volatile uint32_t *at, uint32_t word, bool exclusive)
{
    uint32_t old, failed = 1;
    if (!exclusive)
        *at = word;
    else
        while (failed)
            __asm__ volatile("ldrex %0, [%2]\n strex %1, %3, [%2]"
                             : "=&r"(old), "=&r"(failed) : "r"(at), "r"(word) : "memory");
}

static void code_while_running(void)
{
    rt_mmu_on();
    rounds = rt_rounds(3000);
    for (uint32_t at = 0; at < 32; at++) {
        volatile uint32_t *code = (volatile uint32_t *)(scratch(4) + at * 64);
        code[0] = movw_r0(0);
        code[1] = BX_LR;
    }
    rt_code_written(scratch(4), 4096);
    for (uint32_t i = 1; i < rt_cpus(); i++)
        rt_start_cpu(i, spinner);
    for (uint32_t n = 1; n <= rounds; n++) {
        code_ready = n;
        DMB();
        for (uint32_t at = 0; at < 32; at++)
            code_store((volatile uint32_t *)(scratch(4) + at * 64), movw_r0(n), at & 1);
        rt_code_written(scratch(4), 4096);
        code_done[0] = n;
    }
    spin_stop = 1;
    for (uint32_t i = 1; i < rt_cpus(); i++)
        rt_wait_cpu_off(i);
    CHECK(bad, 0);
}

/* ---- interrupts ---- */

static volatile uint32_t ping[8];

static void sgi_handler(struct frame *f)
{
    uint32_t ack = rt_irq_ack();
    if (f->kind != EXC_IRQ)
        bad++;
    f->lr -= 4;
    if ((ack & 0x3ff) == 3)
        ping[cpu_index()]++;
    rt_irq_end(ack);
}

static void ponger(void)
{
    rt_gic_init();
    irq_enable();
    code_done[cpu_index()] = 1;
    for (uint32_t seen = 0; seen < rounds; seen++) {
        /* Masked, so that none arrives between the look and the WFI, which a masked one ends,
         * too. */
        irq_disable();
        while (ping[cpu_index()] <= seen) {
            WFI();
            irq_enable();
            ISB();
            irq_disable();
        }
        irq_enable();
        rt_sgi(0, 3);
    }
    irq_disable();
}

static void sgi_ping_pong(void)
{
    rt_mmu_on();
    rounds = rt_rounds(5000);
    rt_handler = sgi_handler;
    rt_gic_init();
    irq_enable();
    uint32_t last = rt_cpus() - 1;
    rt_start_cpu(last, ponger);
    while (!code_done[last])
        YIELD();
    for (uint32_t i = 0; i < rounds; i++) {
        rt_sgi(last, 3);
        while (ping[0] <= i) { /* interrupts arrive in a tight loop */
        }
    }
    irq_disable();
    rt_wait_cpu_off(last);
    CHECK(ping[0], rounds);
    CHECK(ping[last], rounds);
    CHECK(bad, 0);
}

/* ---- power ---- */

static volatile uint32_t starts, after_off;

extern void power_off_then_store(volatile uint32_t *at);
__asm__(".arch_extension virt\n.global power_off_then_store\n"
        "power_off_then_store: mov r4, r0\n ldr r0, =0x84000002\n hvc #0\n"
        " mov r1, #1\n str r1, [r4]\n b .\n .ltorg\n");

static volatile uint32_t may_go_off;

static void started(void)
{
    while (!may_go_off)
        YIELD();
    __atomic_add_fetch(&starts, 1, __ATOMIC_SEQ_CST);
    power_off_then_store(&after_off);
}

static void power(void)
{
    rt_mmu_on();
    CHECK(rt_psci(PSCI_AFFINITY_INFO, 0, 0, 0), 0);
    CHECK(rt_psci(PSCI_AFFINITY_INFO, 1, 0, 0), 1);
    CHECK(rt_psci(PSCI_AFFINITY_INFO, 77, 0, 0), -2);
    CHECK(rt_psci(PSCI_CPU_ON, 77, 0x40000000, 0), -2);
    CHECK(rt_psci(PSCI_CPU_ON, 0, 0x40000000, 0), -4);
    CHECK(rt_psci(0x84001234, 0, 0, 0), -1);
    uint32_t n = rt_rounds(500);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t cpu = 1 + i % (rt_cpus() - 1);
        may_go_off = 0;
        rt_start_cpu(cpu, started);
        int32_t again = rt_psci(PSCI_CPU_ON, cpu, 0x40000000, 0);
        CHECK(again == -4 || again == -5, 1);
        CHECK(rt_psci(PSCI_AFFINITY_INFO, cpu, 0, 0) != 1, 1);
        may_go_off = 1;
        rt_wait_cpu_off(cpu);
        CHECK(starts, i + 1);
    }
    CHECK(after_off, 0);
}

/* ---- sleeping CPUs cost nothing ---- */

static void sleep_until_event(void)
{
    rt_gic_init();
    while (!spin_stop)
        WFI();
}

/* The virtual timer wakes CPU 0 after about a second; all the others are in WFI. */
static void idle(void)
{
    rt_gic_init();
    for (uint32_t i = 1; i < rt_cpus(); i++)
        rt_start_cpu(i, sleep_until_event);
    MCR(62500000, 0, c14, c3, 0); /* CNTV_TVAL */
    MCR(1, 0, c14, c3, 1);
    uint32_t wakes = 0;
    while (!(MRC(0, c14, c3, 1) & 4)) {
        WFI();
        wakes++;
    }
    CHECK(wakes < 100, 1);
    MCR(0, 0, c14, c3, 1);
    spin_stop = 1;
    for (uint32_t i = 1; i < rt_cpus(); i++) {
        rt_sgi(i, 1);
        rt_wait_cpu_off(i);
    }
}

const struct test tests[] = {
    {"exclusive counters", exclusive_counters, 1},
    {"spinlock with WFE and SEV", spinlock, 1},
    {"SWP lock", swp_lock, 1},
    {"lock-free stack", stack, 1},
    {"message passing", message_passing, 2},
    {"store buffering", store_buffering, 2},
    {"TLB maintenance for all CPUs, loads", tlb_broadcast, 2},
    {"TLB maintenance for all CPUs, stores", tlb_broadcast_writes, 2},
    {"code written for other CPUs", code_by_other, 2},
    {"code that runs is changed by another CPU", code_while_running, 2},
    {"SGI ping-pong", sgi_ping_pong, 2},
    {"CPU_ON, CPU_OFF, AFFINITY_INFO", power, 2},
    {"all CPUs idle", idle, 1},
    {0},
};
