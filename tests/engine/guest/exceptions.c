/* Exceptions are precise: what was done, what was not, and that the restart is right. */
#include "rt.h"

static volatile uint32_t taken, kind, lr, spsr, dfar, dfsr, ifar, ifsr;
static volatile uint32_t regs[15];
static uint32_t map_page; /* of the window: mapped by the handler */

static void note(struct frame *f)
{
    taken++;
    kind = f->kind;
    lr = f->lr;
    spsr = f->spsr;
    dfar = MRC(0, c6, c0, 0);
    dfsr = MRC(0, c5, c0, 0);
    ifar = MRC(0, c6, c0, 2);
    ifsr = MRC(0, c5, c0, 1);
    for (uint32_t i = 0; i < 15; i++)
        regs[i] = f->r[i];
}

/* Map the page and let the instruction run again. */
static void map_and_restart(struct frame *f)
{
    note(f);
    rt_map(map_page, (uint32_t)scratch(map_page), MAP_RW);
    rt_tlbi(window(map_page));
    f->lr -= f->kind == EXC_DATA ? 8 : 4;
}

static void skip_arm(struct frame *f)
{
    note(f);
    if (f->kind == EXC_DATA)
        f->lr -= 4;
}

static void unmap(uint32_t n)
{
    rt_map(n, 0, MAP_NONE);
    rt_tlbi(window(n));
}

static void start(void)
{
    rt_mmu_on();
    for (uint32_t n = 0; n < 8; n++) {
        rt_map(n, (uint32_t)scratch(n), MAP_RW);
        rt_tlbi(window(n));
        for (uint32_t i = 0; i < 1024; i++)
            ((volatile uint32_t *)window(n))[i] = n << 16 | i;
    }
    rt_handler = map_and_restart;
    map_page = 1;
}

/* A function whose marked instruction faults: r0 is the address; r0 afterwards and the sum of what
 * was loaded come back. */
#define FAULTING(name, isa, body)                                                                  \
    __asm__(".pushsection .text\n .syntax unified\n ." #isa "\n .balign 4\n .global " #name        \
            ", " #name "_at\n .type " #name ", %function\n" #name ":\n push {r4-r11, lr}\n"        \
            " mov r10, r1\n movs r4, #1\n movs r5, #2\n movs r6, #3\n movs r7, #4\n"               \
            " cmp r4, r4\n" body                                                                   \
            " str r0, [r10]\n add r0, r4, r5\n add r0, r6\n add r0, r7\n pop {r4-r11, pc}\n .arm\n"\
            " .popsection");                                                                       \
    extern uint32_t name(uint32_t at, volatile uint32_t *base);                                    \
    extern const uint8_t name##_at[]

FAULTING(f_ldm, arm, "f_ldm_at: ldmia r0!, {r4-r7}\n");
FAULTING(f_ldmdb, arm, "f_ldmdb_at: ldmdb r0!, {r4-r7}\n");
FAULTING(f_stm, arm, "f_stm_at: stmia r0!, {r4-r7}\n");
FAULTING(f_stmdb, arm, "f_stmdb_at: stmdb r0!, {r4-r7}\n");
FAULTING(f_ldrd, arm, "f_ldrd_at: ldrd r4, r5, [r0], #8\n");
FAULTING(f_strd, arm, "f_strd_at: strd r4, r5, [r0, #8]!\n");
FAULTING(f_ldr, arm, "f_ldr_at: ldr r4, [r0], #4\n");
FAULTING(f_ldr_self, arm, "mov r4, r0\nf_ldr_self_at: ldr r4, [r4]\n");
FAULTING(f_str_thumb, thumb, " itt eq\n addeq r5, #1\n.thumb\nf_str_thumb_at: streq r4, [r0]\n");
FAULTING(
    f_ldm_thumb, thumb,
    " ittet eq\n addeq r8, #1\nf_ldm_thumb_at: ldmeq r0!, {r4-r7}\n addne r4, #1\n addeq r4, #0\n");

struct fault_case {
    uint32_t (*run)(uint32_t at, volatile uint32_t *base);
    const uint8_t *insn;
    int32_t offset, step, far; /* first address and FAR from the start of page 1; change of base */
    bool write, thumb;
    uint8_t it;                /* ITSTATE of the instruction */
    uint32_t loads;            /* words that are loaded into r4.. from the address */
    int32_t load_from;
};

static void check_fault(const struct fault_case *c)
{
    volatile uint32_t base = 0;
    uint32_t at = window(1) + c->offset, before = taken, sum = 0;
    unmap(1);
    uint32_t got = c->run(at, &base);
    CHECK(taken, before + 1);
    CHECK(kind, EXC_DATA);
    CHECK(lr, (uint32_t)c->insn + 8);
    CHECK(dfar, window(1) + c->far);
    CHECK(dfsr & 0x40f, 7);
    CHECK(dfsr >> 11 & 1, c->write);
    CHECK(regs[0], at); /* the base is what it was */
    CHECK(spsr >> 5 & 1, c->thumb);
    CHECK((spsr >> 25 & 3) | (spsr >> 8 & 0xfc), c->it);
    CHECK(spsr >> 30 & 1, 1);
    CHECK(base, at + c->step);
    uint32_t value[4] = {1, 2, 3, 4};
    for (uint32_t i = 0; i < c->loads; i++)
        value[i] = *(volatile uint32_t *)(at + c->load_from + 4 * i);
    for (uint32_t i = 0; i < 4; i++)
        sum += value[i];
    if (c->run == f_str_thumb)
        sum++; /* the first of the IT block */
    CHECK(got, sum);
}

static void data_aborts(void)
{
    /* ITSTATE: itt eq, second: 0000 1000; ittet eq, second of four: cond 0000, mask after one
     * step. */
    static const struct fault_case cases[] = {
        {f_ldm, f_ldm_at, -8, 16, 0, false, false, 0, 4, 0},
        {f_ldm, f_ldm_at, 0, 16, 0, false, false, 0, 4, 0},
        {f_ldmdb, f_ldmdb_at, 8, -16, 0, false, false, 0, 4, -16},
        {f_stm, f_stm_at, -12, 16, 0, true, false, 0, 0, 0},
        {f_stmdb, f_stmdb_at, 12, -16, 0, true, false, 0, 0, 0},
        {f_ldrd, f_ldrd_at, -4, 8, 0, false, false, 0, 2, 0},
        {f_strd, f_strd_at, -12, 8, 0, true, false, 0, 0, 0},
        {f_ldr, f_ldr_at, 16, 4, 16, false, false, 0, 1, 0},
        {f_ldr_self, f_ldr_self_at, 32, 0, 32, false, false, 0, 1, 0},
        {f_str_thumb, f_str_thumb_at, 64, 0, 64, true, true, 0x08, 0, 0},
        {f_ldm_thumb, f_ldm_thumb_at, -8, 16, 0, false, true, 0x0a, 4, 0},
    };
    start();
    for (uint32_t round = 0; round < 20; round++)
        for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            if (cases[i].run == f_ldmdb || cases[i].run == f_stmdb)
                continue;
            check_fault(&cases[i]);
        }
    /* Downwards the lower page is missing; its lowest address is accessed first. */
    map_page = 0;
    for (uint32_t i = 0; i < 20; i++) {
        volatile uint32_t base = 0;
        unmap(0);
        CHECK((f_ldmdb(window(1) + 8, &base), base), window(1) - 8);
        CHECK(dfar, window(1) - 8);
        CHECK(lr, (uint32_t)f_ldmdb_at + 8);
        CHECK(regs[4], 1);
        unmap(0);
        CHECK((f_stmdb(window(1) + 12, &base), base), window(1) - 4);
        CHECK(dfar, window(1) - 4);
        CHECK(*(volatile uint32_t *)(window(1) + 8), 4);
        CHECK(*(volatile uint32_t *)(window(1) - 4), 1);
    }
}

/* ---- other exceptions ---- */

__asm__(".arm\n.global do_undefined, do_undefined_at, do_svc, do_svc_at\n"
        "do_undefined: mov r0, #1\ndo_undefined_at: .word 0xe7f000f0\n add r0, r0, #1\n bx lr\n"
        "do_svc: mov r0, #1\ndo_svc_at: svc #0x123\n add r0, r0, #1\n bx lr\n"
        ".thumb\n.global thumb_svc, thumb_svc_at\n.type thumb_svc, %function\n.syntax unified\n"
        "thumb_svc: movs r0, #1\n cmp r0, r0\n itett eq\n addeq r0, #1\n addne r0, #8\n"
        "thumb_svc_at: svceq #7\n addeq r0, #1\n bx lr\n .arm\n");
extern uint32_t do_undefined(void), do_svc(void), thumb_svc(void);
extern const uint8_t do_undefined_at[], do_svc_at[], thumb_svc_at[];

static void others(void)
{
    start();
    rt_handler = skip_arm;
    for (uint32_t i = 0; i < 20; i++) {
        CHECK(do_undefined(), 2);
        CHECK(kind, EXC_UNDEFINED);
        CHECK(lr, (uint32_t)do_undefined_at + 4);
        CHECK(regs[0], 1);
        CHECK(do_svc(), 2);
        CHECK(kind, EXC_SVC);
        CHECK(lr, (uint32_t)do_svc_at + 4);
        CHECK(thumb_svc(), 3);
        CHECK(kind, EXC_SVC);
        CHECK(lr, (uint32_t)thumb_svc_at + 2);
        CHECK((spsr >> 25 & 3) | (spsr >> 8 & 0xfc), 0x08);
    }
}

/* Code runs over the end of its page into one that is not there. */
static void page_end(void)
{
    start();
    volatile uint32_t *end = (volatile uint32_t *)(window(1) - 8);
    end[0] = 0xe3a00005; /* mov r0, #5 */
    end[1] = 0xe2800001; /* add r0, r0, #1 */
    ((volatile uint32_t *)scratch(1))[0] = 0xe2800002; /* add r0, r0, #2 */
    ((volatile uint32_t *)scratch(1))[1] = 0xe12fff1e;
    rt_code_written(end, 16);
    for (uint32_t i = 0; i < 30; i++) {
        unmap(1);
        CHECK(((uint32_t(*)(void))end)(), 8);
        CHECK(kind, EXC_PREFETCH);
        CHECK(lr, window(1) + 4);
        CHECK(ifar, window(1));
        CHECK(ifsr & 0x40f, 7);
        CHECK(regs[0], 6);
        CHECK(taken, i + 1);
    }
}

static void skip_noted(struct frame *f)
{
    note(f);
    f->lr -= 4;
}

static void alignment(void)
{
    volatile uint32_t base;
    start();
    rt_handler = skip_noted;
    for (uint32_t i = 0; i < 20; i++) {
        f_ldm(window(2) + 2, &base); /* LDM and LDRD must be aligned */
        CHECK(base, window(2) + 2);
        CHECK(dfsr & 0x40f, 1);
        CHECK(dfar, window(2) + 2);
        f_ldrd(window(2) + 1, &base);
        CHECK(base, window(2) + 1);
        CHECK(taken, 2 * i + 2);
    }
    f_ldr(window(2) + 1, &base); /* LDR need not */
    CHECK(base, window(2) + 5);
    MCR(MRC(0, c1, c0, 0) | 2, 0, c1, c0, 0); /* SCTLR.A */
    ISB();
    f_ldr(window(2) + 1, &base);
    CHECK(dfar, window(2) + 1);
    CHECK(base, window(2) + 1);
    MCR(MRC(0, c1, c0, 0) & ~2u, 0, c1, c0, 0);
    ISB();
    f_ldr(window(3) - 2, &base); /* over the end of a page */
    CHECK(base, window(3) + 2);
    CHECK(taken, 41);
}

/* Read-only pages: stores abort with a permission fault, loads go on. */
static void read_only(void)
{
    volatile uint32_t base;
    start();
    rt_handler = skip_noted;
    volatile uint32_t *p = (volatile uint32_t *)scratch(3);
    for (uint32_t i = 0; i < 20; i++) {
        rt_map(3, (uint32_t)p, MAP_RW);
        rt_tlbi(window(3));
        *(volatile uint32_t *)window(3) = i;
        rt_map(3, (uint32_t)p, MAP_RO);
        rt_tlbi(window(3));
        f_stm(window(3), &base);
        CHECK(taken, i + 1);
        CHECK(dfsr & 0xc0f, 0x80f);
        CHECK(dfar, window(3));
        CHECK(*(volatile uint32_t *)window(3), i);
    }
}

/* ---- interrupts in tight loops ---- */

static volatile uint32_t ticks, outside;
extern const uint8_t spin_start[], spin_end[];
extern uint32_t spin(volatile uint32_t *flag);
__asm__(".arm\n.global spin, spin_start, spin_end\n"
        "spin: mov r1, #0\n mov r2, #0\n"
        "spin_start: add r1, r1, #1\n add r2, r2, #1\n ldr r3, [r0]\n cmp r3, #0\n beq spin_start\n"
        "spin_end: sub r0, r1, r2\n bx lr\n");

static void timer_set(uint32_t cycles)
{
    MCR(cycles, 0, c14, c3, 0); /* CNTV_TVAL */
    MCR(1, 0, c14, c3, 1);
}

static volatile uint32_t stop_flag;

static void tick(struct frame *f)
{
    uint32_t ack = rt_irq_ack();
    f->lr -= 4;
    if (f->kind != EXC_IRQ || (ack & 0x3ff) != 27)
        outside++;
    /* Between the two additions they differ by one: the instructions before LR were executed. */
    uint32_t at = f->lr - (uint32_t)spin_start;
    if (f->lr >= (uint32_t)spin_start && f->lr < (uint32_t)spin_end &&
        f->r[1] - f->r[2] != (at == 4))
        outside++;
    if (++ticks == 50)
        stop_flag = 1;
    timer_set(stop_flag ? 0x7fffffff : 20000);
    rt_irq_end(ack);
}

static void timer_interrupts(void)
{
    rt_handler = tick;
    rt_gic_init();
    timer_set(20000);
    irq_enable();
    CHECK(spin(&stop_flag), 0);
    irq_disable();
    CHECK(ticks, 50);
    CHECK(outside, 0);
}

/* A loop without memory accesses and one that branches to itself can be interrupted too. */
/* Interrupts are permitted by the instruction before the loop only, however slow the host is. */
__asm__(".arm\n.global spin_forever, spin_here\nspin_forever: cpsie i\nspin_here: b spin_here\n");
extern void spin_forever(void), spin_here(void);

static void leave_loop(struct frame *f)
{
    uint32_t ack = rt_irq_ack();
    MCR(0, 0, c14, c3, 1);
    rt_irq_end(ack);
    CHECK(f->lr - 4, (uint32_t)spin_here);
    f->lr = f->r[14];
    ticks++;
}

static void empty_loop(void)
{
    rt_handler = leave_loop;
    rt_gic_init();
    for (uint32_t i = 0; i < 10; i++) {
        timer_set(100000);
        spin_forever();
        irq_disable();
    }
    CHECK(ticks, 10);
}

const struct test tests[] = {
    {"data aborts within multiple accesses", data_aborts, 1},
    {"undefined instruction, SVC", others, 1},
    {"prefetch abort at the end of a page", page_end, 1},
    {"alignment faults", alignment, 1},
    {"permission faults", read_only, 1},
    {"timer interrupts in a loop", timer_interrupts, 1},
    {"interrupt in an empty loop", empty_loop, 1},
    {0},
};
