/* Boards of the M profile against the documents: addresses, interrupt numbers, ids, clocks, resets;
 * and boards made at run time. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/clock.h"
#include "machines/internal.h"

static struct physmap *map;
static int64_t now;
static struct clock test_clock;
static struct timer_queue timers;
static struct device_env env;
static struct board board;
static const struct machine *machine;
static struct error e;
static int level[256];
static int nmi;
static unsigned resets;
static uint32_t cpu_hz;

static int64_t time_source(void *opaque)
{
    return now;
}

static bool dma_read(void *opaque, uint64_t addr, void *buf, size_t len)
{
    return physmap_read(map, addr, buf, len);
}

static bool dma_write(void *opaque, uint64_t addr, const void *buf, size_t len)
{
    return physmap_write(map, addr, buf, len);
}

static bool dma_program(void *opaque, uint64_t addr, const void *buf, size_t len)
{
    return physmap_load(map, addr, buf, len);
}

static void set_level(void *opaque, int n, int value)
{
    *(n == BOARD_NVIC_NMI ? &nmi : &level[n]) = value;
}

static struct irq_line nvic_line(void *opaque, unsigned irq)
{
    cr_assert(irq == BOARD_NVIC_NMI || irq < 240);
    return (struct irq_line){set_level, NULL, (int)irq};
}

static void cpu_clock(void *opaque, uint32_t hz)
{
    cpu_hz = hz;
}

static void reset(void *opaque)
{
    resets++;
}

static void build(const char *spec)
{
    machine = machine_open(spec, &e);
    cr_assert(machine, "%s", e.text);
    map = physmap_new();
    clock_init_virtual(&test_clock, time_source, NULL, 0);
    timer_queue_init(&timers, &test_clock);
    env = (struct device_env){.timers = &timers, .dma = {dma_read, dma_write, dma_program, NULL}};
    const struct board_config c = {
        .map = map, .env = &env, .cpu_count = 1, .ram_size = machine_default_ram(machine),
        .cpu_model = machine_default_cpu(machine), .nvic_line = nvic_line, .cpu_clock = cpu_clock,
        .reset = reset,
    };
    cr_assert(board_build(&board, machine, &c, &e), "%s: %s", spec, e.text);
    memset(level, 0, sizeof(level));
    board_reset(&board);
}

static void teardown(void)
{
    board_free(&board);
    timer_queue_free(&timers);
    physmap_free(map);
    machine_close(machine);
}

static uint32_t rd(uint32_t addr)
{
    struct phys_region *last = NULL;
    uint64_t value;
    cr_assert(physmap_cpu_read(map, &last, 0, addr, 4, &value), "read of 0x%08x", addr);
    return (uint32_t)value;
}

static bool try_write(uint32_t addr, uint32_t value)
{
    struct phys_region *last = NULL;
    return physmap_cpu_write(map, &last, 0, addr, 4, value);
}

static void wr(uint32_t addr, uint32_t value)
{
    cr_assert(try_write(addr, value), "write of 0x%08x", addr);
}

static void advance(int64_t ns)
{
    int64_t end = now + ns;
    while (timer_queue_deadline(&timers) <= end) {
        if (timer_queue_deadline(&timers) > now)
            now = timer_queue_deadline(&timers);
        timer_queue_run(&timers, now);
    }
    now = end;
}

/* The one interrupt that is high; -1 if there is none, -2 if there are several. */
static int active(void)
{
    int found = -1;
    for (int n = 0; n < 240; n++)
        if (level[n])
            found = found == -1 ? n : -2;
    return found;
}

/* ---- MPS2 ------------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    uint32_t scc_id, psram, ethernet;
} mps2[] = {
    {"mps2-an385", 0x41043850, 0x21000000, 0x40200000},
    {"mps2-an386", 0x41043860, 0x21000000, 0x40200000},
    {"mps2-an500", 0x41045000, 0x60000000, 0xa0000000},
};

Test(mprofile, mps2_map)
{
    /* The first peripheral id register, 0xfe0, of each. */
    static const struct {
        uint32_t base, id;
    } ids[] = {
        {0x40000000, 0x22}, {0x40001000, 0x22}, {0x40002000, 0x23}, {0x40004000, 0x21},
        {0x40005000, 0x21}, {0x40006000, 0x21}, {0x40007000, 0x21}, {0x40008000, 0x24},
        {0x40009000, 0x21}, {0x40010000, 0x20}, {0x40011000, 0x20}, {0x40012000, 0x20},
        {0x40013000, 0x20}, {0x40020000, 0x22}, {0x40021000, 0x22}, {0x40025000, 0x22},
        {0x40026000, 0x22}, {0x40027000, 0x22},
    };
    for (unsigned i = 0; i < 3; i++) {
        build(mps2[i].name);
        for (unsigned k = 0; k < sizeof(ids) / sizeof(ids[0]); k++)
            cr_assert_eq(rd(ids[k].base + 0xfe0), ids[k].id, "0x%08x", ids[k].base);
        cr_assert_eq(rd(0x4002fffc), mps2[i].scc_id);
        cr_assert_eq(rd(0x4002fff8), 0x00200008);
        cr_assert_eq(rd(mps2[i].ethernet + 0x50), 0x01180001);
        cr_assert_eq(rd(mps2[i].ethernet + 0x64), 0x87654321);
        wr(mps2[i].psram + 0xfffffc, 0x1234);
        cr_assert_eq(rd(mps2[i].psram + 0xfffffc), 0x1234);
        wr(0x00000010, 0xabcd); /* SSRAM 1 at two addresses */
        cr_assert_eq(rd(0x00400010), 0xabcd);
        wr(0x20400020, 0x5678);
        cr_assert_eq(rd(0x20000020), 0x5678);
        cr_assert_not(try_write(0x00800000, 0));
        cr_assert_eq(machine_m_profile(machine)->cpu_hz, 25000000);
        teardown();
    }
}

Test(mprofile, mps2_interrupts)
{
    static const struct {
        uint32_t uart;
        int tx;
    } uarts[] = {
        {0x40004000, 1}, {0x40005000, 3}, {0x40006000, 5}, {0x40007000, 19}, {0x40009000, 21}};
    static const struct {
        uint32_t base;
        int irq;
    } timer[] = {{0x40000000, 8}, {0x40001000, 9}};
    static const struct {
        uint32_t base;
        int irq;
    } ports[] = {{0x40011000, 7}, {0x40012000, 16}, {0x40013000, 17}};
    static const struct {
        uint32_t base;
        int irq;
    } spis[] = {
        {0x40020000, 11}, {0x40021000, 11}, {0x40025000, 22}, {0x40026000, 23}, {0x40027000, 23}};

    build("mps2-an385");
    wr(0x40200054, 0x11); /* LAN9118's pin is active low until told otherwise: interrupt 13 */
    cr_assert_eq(active(), -1);
    for (unsigned i = 0; i < 5; i++) {
        wr(uarts[i].uart + 0x10, 16);
        wr(uarts[i].uart + 8, 0x5); /* transmitter and its interrupt */
        wr(uarts[i].uart, 'x');
        cr_assert_eq(active(), uarts[i].tx);
        wr(uarts[i].uart + 0xc, 1);
        wr(uarts[i].uart + 8, 0x10); /* off: the second character overruns; overrun interrupt */
        wr(uarts[i].uart, 'x');
        cr_assert_eq(active(), -1);
        wr(uarts[i].uart, 'x');
        cr_assert_eq(active(), 12);
        wr(uarts[i].uart + 4, 4);
        cr_assert_eq(active(), -1);
    }
    for (unsigned i = 0; i < 2; i++) {
        wr(timer[i].base + 8, 24); /* 25 ticks of 40 ns */
        wr(timer[i].base, 9);
        advance(24 * 40 - 1);
        cr_assert_eq(active(), -1);
        advance(1);
        cr_assert_eq(active(), timer[i].irq);
        wr(timer[i].base, 0);
        wr(timer[i].base + 0xc, 1);
    }
    wr(0x40002000, 10); /* dual timer, 32 bits, one-shot, with interrupt */
    wr(0x40002008, 0xa3);
    advance(1000);
    cr_assert_eq(active(), 10);
    wr(0x4000200c, 0);
    for (unsigned i = 0; i < 3; i++) {
        wr(ports[i].base + 0x20, 1); /* low level of pin 0 */
        cr_assert_eq(active(), ports[i].irq);
        wr(ports[i].base + 0x24, 1);
        wr(ports[i].base + 0x38, 1);
    }
    wr(0x40010020, 0x8); /* port 0: pin 3 has interrupt 27 besides the common 6 */
    cr_assert(level[6] && level[27]);
    wr(0x40010024, 0x8);
    wr(0x40010038, 0x8);
    cr_assert_eq(active(), -1);
    for (unsigned i = 0; i < 5; i++) {
        wr(spis[i].base + 0x14, 8);
        cr_assert_eq(active(), spis[i].irq);
        wr(spis[i].base + 0x14, 0);
    }
    wr(0x4020005c, 0x80000000); /* software interrupt of the LAN9118 */
    wr(0x40200054, 0x111);
    cr_assert_eq(active(), 13);
    teardown();
}

Test(mprofile, mps2_watchdog)
{
    build("mps2-an386");
    resets = 0;
    wr(0x40008000, 250); /* 10 us */
    wr(0x40008008, 3);
    advance(10000);
    cr_assert(nmi == 1 && resets == 0);
    wr(0x4000800c, 0);
    cr_assert_eq(nmi, 0);
    advance(10000);
    cr_assert(nmi == 1 && resets == 0);
    advance(11000);
    cr_assert_eq(resets, 1);
    board_reset(&board);
    cr_assert(nmi == 0 && resets == 1);
    teardown();
}

/* ---- LM3S6965 -------------------------------------------------------------------------------- */

Test(mprofile, lm3s_map)
{
    static const struct {
        uint32_t addr, value;
    } facts[] = {
        {0x40000fe0, 0x05}, {0x40004fe0, 0x61}, {0x40005fe0, 0x61}, {0x40006fe0, 0x61},
        {0x40007fe0, 0x61}, {0x40024fe0, 0x61}, {0x40025fe0, 0x61}, {0x40026fe0, 0x61},
        {0x40008fe0, 0x22}, {0x4000cfe0, 0x11}, {0x4000dfe0, 0x11}, {0x4000efe8, 0x18},
        {0x40030028, 0xffffffff}, {0x40038020, 0x3210}, {0x4002000c, 1}, {0x400fe000, 0x10010002},
        {0x400fe004, 0x1073402e}, {0x400fe008, 0x00ff007f}, {0x400fe010, 0x001133ff},
        {0x400fe014, 0x030f5317}, {0x400fe018, 0x0f0f87ff}, {0x400fe01c, 0x5000007f},
        {0x400fe060, 0x078e3ad1}, {0x400fe05c, 2}, {0x0003fffc, 0xffffffff},
    };
    build("lm3s6965evb");
    for (unsigned i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
        cr_assert_eq(rd(facts[i].addr), facts[i].value, "0x%08x: 0x%x", facts[i].addr,
                     rd(facts[i].addr));
    wr(0x2000fffc, 0x1234);
    cr_assert_eq(rd(0x2000fffc), 0x1234);
    cr_assert_not(try_write(0x100, 0)); /* flash */
    cr_assert_not(try_write(0x20010000, 0));
    teardown();
}

Test(mprofile, lm3s_clocks)
{
    build("lm3s6965evb");
    cr_assert_eq(cpu_hz, 12000000);
    /* The driver library's way to 50 MHz: main oscillator of 8 MHz, PLL, a quarter of 200 MHz. */
    wr(0x400fe060, 0x078e3ac0 & ~0x3fu & ~(0xfu << 6)); /* still bypassed, main oscillator */
    wr(0x400fe060, (3u << 23) | (1u << 22) | (14u << 6) | (1u << 11)); /* PLL on */
    cr_assert_eq(cpu_hz, 2000000); /* 8 MHz / 4 while it is bypassed */
    cr_assert_eq(rd(0x400fe050) & 0x40, 0);
    advance(500000);
    cr_assert_eq(rd(0x400fe050) & 0x40, 0x40);
    wr(0x400fe060, (3u << 23) | (1u << 22) | (14u << 6));
    cr_assert_eq(cpu_hz, 50000000);
    /* A timer counts the new clock: 50 ticks are 1 us. */
    wr(0x40030004, 1);
    wr(0x40030028, 50);
    wr(0x40030018, 1);
    wr(0x4003000c, 1);
    advance(999);
    cr_assert_eq(active(), -1);
    advance(1);
    cr_assert_eq(active(), 19);
    uint32_t pll = rd(0x400fe064); /* 8 MHz * F / (R + 1) */
    cr_assert_eq(8 * (pll >> 5) / ((pll & 31) + 1), 400);
    board_reset(&board);
    cr_assert_eq(cpu_hz, 12000000);
    teardown();
}

Test(mprofile, lm3s_interrupts)
{
    static const struct {
        uint32_t base;
        int irq;
    } uarts[] = {{0x4000c000, 5}, {0x4000d000, 6}, {0x4000e000, 33}},
      ports[] = {{0x40004000, 0},  {0x40005000, 1},  {0x40006000, 2}, {0x40007000, 3},
                 {0x40024000, 4},  {0x40025000, 30}, {0x40026000, 31}},
      gptm[] = {{0x40030000, 19}, {0x40031000, 21}, {0x40032000, 23}, {0x40033000, 35}},
      i2c[] = {{0x40020000, 8}, {0x40021000, 37}};
    build("lm3s6965evb");
    for (unsigned i = 0; i < 3; i++) {
        wr(uarts[i].base + 0x38, 0x20);
        wr(uarts[i].base, 'x');
        cr_assert_eq(active(), uarts[i].irq);
        wr(uarts[i].base + 0x44, 0x20);
    }
    for (unsigned i = 0; i < 7; i++) { /* high level of pin 2 */
        wr(ports[i].base + 0x510, 4);
        wr(ports[i].base + 0x404, 4);
        wr(ports[i].base + 0x40c, 4);
        wr(ports[i].base + 0x410, 4);
        cr_assert_eq(active(), ports[i].irq);
        wr(ports[i].base + 0x410, 0);
    }
    for (unsigned i = 0; i < 4; i++) { /* both halves of 16 bits: two interrupts */
        wr(gptm[i].base, 4);
        wr(gptm[i].base + 0x04, 2);
        wr(gptm[i].base + 0x08, 1);
        wr(gptm[i].base + 0x28, 11); /* 12 ticks: 1 us */
        wr(gptm[i].base + 0x2c, 23);
        wr(gptm[i].base + 0x18, 0x101);
        wr(gptm[i].base + 0x0c, 0x101);
        advance(1000);
        cr_assert_eq(active(), gptm[i].irq);
        wr(gptm[i].base + 0x0c, 0x100);
        wr(gptm[i].base + 0x24, 1);
        advance(1000);
        cr_assert_eq(active(), gptm[i].irq + 1);
        cr_assert_eq(rd(gptm[i].base + 0x0c), 0); /* the one-shot ended */
        wr(gptm[i].base + 0x24, 0x100);
    }
    for (unsigned i = 0; i < 2; i++) {
        wr(i2c[i].base + 0x20, 0x10);
        wr(i2c[i].base + 0x10, 1);
        wr(i2c[i].base + 0x04, 7);
        cr_assert_eq(active(), i2c[i].irq);
        cr_assert_eq(rd(i2c[i].base + 0x04) & 0x06, 0x06); /* nobody answers */
        wr(i2c[i].base + 0x1c, 1);
    }
    wr(0x40008014, 8);
    cr_assert_eq(active(), 7);
    wr(0x40008014, 0);
    for (unsigned n = 0; n < 4; n++) { /* ADC: one sample by software */
        wr(0x40038000, 1u << n);
        wr(0x40038044 + 0x20 * n, 6);
        wr(0x40038008, 1u << n);
        wr(0x40038028, 1u << n);
        cr_assert_eq(active(), 14 + (int)n);
        cr_assert_eq(rd(0x40038048 + 0x20 * n), 512);
        wr(0x4003800c, 1u << n);
    }
    wr(0x400fd010, 2);
    wr(0x400fd008, 0xa4420002); /* erase a page of flash */
    cr_assert_eq(active(), 29);
    wr(0x400fd014, 2);
    wr(0x40000000, 100);
    wr(0x40000008, 1);
    advance(100 * 1000);
    cr_assert_eq(active(), 18);
    teardown();
}

Test(mprofile, lm3s_timer_triggers_adc)
{
    build("lm3s6965evb");
    wr(0x40038000, 1);
    wr(0x40038014, 5);
    wr(0x40038044, 0x6);
    wr(0x40030004, 1);
    wr(0x40030028, 119);
    wr(0x4003000c, 0x21);
    advance(9000);
    cr_assert_eq(rd(0x40038004), 0);
    advance(1100);
    cr_assert_eq(rd(0x40038004), 1);
    teardown();
}

Test(mprofile, lm3s_flash_programming)
{
    build("lm3s6965evb");
    wr(0x400fd000, 0x1000);
    wr(0x400fd004, 0x12345678);
    wr(0x400fd008, 0xa4420001);
    cr_assert_eq(rd(0x1000), 0x12345678);
    wr(0x400fd004, 0xff00ff00); /* bits are only cleared */
    wr(0x400fd008, 0xa4420001);
    cr_assert_eq(rd(0x1000), 0x12345678 & 0xff00ff00);
    wr(0x400fd004, 0);
    wr(0x400fd008, 0x11110001); /* not the key */
    cr_assert_eq(rd(0x1000), 0x12345678 & 0xff00ff00);
    wr(0x400fd000, 0x13fc);
    wr(0x400fd008, 0xa4420002);
    cr_assert_eq(rd(0x1000), 0xffffffff);
    teardown();
}

Test(mprofile, lm3s_resets)
{
    build("lm3s6965evb");
    resets = 0;
    wr(0x4000d038, 0x20);
    wr(0x400fe044, 2); /* SRCR1: UART 1 */
    cr_assert_eq(rd(0x4000d038), 0);
    wr(0x40000000, 100);
    wr(0x40000008, 3);
    advance(30000);
    cr_assert_eq(resets, 1);
    board_reset(&board);
    cr_assert_eq(rd(0x400fe05c), 0x0a); /* power on, not yet cleared, and watchdog */
    wr(0x400fe05c, 0);
    board_reset(&board);
    cr_assert_eq(rd(0x400fe05c), 0x10); /* software */
    teardown();
}

/* ---- boards made at run time ----------------------------------------------------------------- */

Test(mprofile, generic)
{
    build(
        "cortex-m,flash=0x08000000:256K,ram=0x20000000:64K,ram=0x10000000:8K,irqs=80,"
        "priority-bits=4,bit-band=off,"
        "clock=168000000,systick-ref=0,uart=pl011,uart-base=0x40011000,uart-irq=37");
    const struct machine_m_profile *p = machine_m_profile(machine);
    cr_assert(p->irqs == 80 && p->priority_bits == 4 && !p->bit_band && p->cpu_hz == 168000000 &&
              p->systick_ref_hz == 0 && p->vtor == 0x08000000);
    cr_assert_eq(rd(0x0803fffc), 0xffffffff);
    cr_assert_not(try_write(0x08000000, 0));
    wr(0x2000fffc, 1);
    wr(0x10001ffc, 1);
    cr_assert_not(try_write(0x20010000, 0));
    wr(0x40011038, 0x20);
    wr(0x40011000, 'x');
    cr_assert_eq(active(), 37);
    teardown();
    build("cortex-m,vtor=0x08004000,flash=0x08000000:256K"); /* in any order */
    cr_assert_eq(machine_m_profile(machine)->vtor, 0x08004000);
    teardown();
    build("cortex-m");
    wr(0x20fffffc, 1);
    cr_assert_eq(rd(0x40004fe0), 0x21);
    cr_assert(machine_check_ram(machine, 64 << 20, &e) &&
              !machine_check_ram(machine, 1ull << 30, &e));
    teardown();
    static const char *const wrong[] = {
        "cortex-m,flash=1", "cortex-m,flash=0:0", "cortex-m,ram=0x20000000:8G", "cortex-m,irqs=0",
        "cortex-m,irqs=241",
        "cortex-m,uart=16550", "cortex-m,bit-band=maybe", "cortex-m,clock", "cortex-m,colour=red",
        "cortex-m,ram=0x20000000:64X", "cortex-m,vtor=-1",
        "cortex-m,ram=0x10000000:4K,ram=0x11000000:4K,ram=0x12000000:4K,ram=0x13000000:4K,"
        "ram=0x14000000:4K,"
        /* no room for the flash */
        "ram=0x15000000:4K,ram=0x16000000:4K,ram=0x17000000:4K,ram=0x18000000:4K",
    };
    for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        cr_assert_null(machine_open(wrong[i], &e), "%s", wrong[i]);
}

Test(mprofile, example_file)
{
    build("file:" EXAMPLE_BOARD);
    cr_assert_str_eq(machine_name(machine), "example");
    cr_assert_str_eq(machine_default_cpu(machine), "cortex-m4");
    cr_assert(machine_cpu_allowed(machine, "cortex-m3", &e) &&
              !machine_cpu_allowed(machine, "cortex-m7", &e));
    cr_assert_eq(machine_m_profile(machine)->irqs, 16);
    cr_assert_eq(machine_m_profile(machine)->vtor, 0x08000000);
    cr_assert_eq(rd(0x0007fffc), 0xffffffff);
    wr(0x1000fffc, 7);
    wr(0x40004008, 5);
    wr(0x40004000, 'x');
    cr_assert_eq(active(), 1);
    wr(0x4000400c, 1);
    wr(0x40011030, 0x20); /* the second GPIO: rising edge of pin 5 */
    wr(0x40011028, 0x20);
    wr(0x40011020, 0x20);
    wr(0x40010010, 0x10); /* the first: pin 4 is an output and goes high */
    wr(0x40010000, 0x10);
    cr_assert_eq(active(), 7);
    teardown();
}

/* Two pins that drive each other, and one that drives itself: levels settle. */
Test(mprofile, wires_in_a_circle)
{
    char path[64], spec[80];
    snprintf(path, sizeof(path), "/tmp/armemu-board-%d.yaml", (int)getpid());
    snprintf(spec, sizeof(spec), "file:%s", path);
    FILE *f = fopen(path, "w");
    fputs("name: x\ncpu: cortex-m3\nm_profile: {irqs: 4, priority_bits: 3, cpu_hz: 1000000}\n"
          "ram: {base: 0, size: 4K}\n"
          "devices:\n"
          "  - {class: cmsdk-gpio, name: g, count: 2, stride: 0x1000, base: 0x40010000}\n"
          "wires:\n"
          "  - {from: g0, output: 0, to: g1, input: 0}\n"
          "  - {from: g1, output: 0, to: g0, input: 0}\n"
          "  - {from: g0, output: 1, to: g0, input: 1}\n", f);
    fclose(f);
    build(spec);
    unlink(path);
    wr(0x40010010, 3); /* outputs of the first */
    wr(0x40010000, 3);
    cr_assert_eq(rd(0x40011000), 1);
    wr(0x40010014, 2); /* pin 1 is an input again, and nobody drives it */
    cr_assert_eq(rd(0x40010000), 1);
    wr(0x40010000, 0);
    cr_assert_eq(rd(0x40011000), 0);
    wr(0x40010014, 1);
    wr(0x40011010, 1); /* the other way round */
    wr(0x40011000, 1);
    cr_assert_eq(rd(0x40010000), 1);
    wr(0x40011000, 0);
    cr_assert_eq(rd(0x40010000), 0);
    teardown();
}

/* What is wrong, and where; the text before the error's own position. */
Test(mprofile, broken_files)
{
    static const char good[] =
        "name: x\ncpu: cortex-m3\nm_profile: {irqs: 4, priority_bits: 3, cpu_hz: 1000000}\n"
        "ram: {base: 0, size: 4K}\n";
    static const struct {
        const char *more, *message;
    } cases[] = {
        {"devices: [{class: pl011, name: u, bsae: 0}]\n",
         ":5:35: unknown key 'bsae'; did you mean 'base'?"},
        {"devices: [{class: pl012, name: u}]\n", ":5:11: no device 'pl012'; did you mean 'pl011'?"},
        {"devices: [{class: pl011}]\n", ":5:11: 'name' is missing"},
        {"devices: [{class: sp804, name: t,\n  properties: {freq9: 1}}]\n", ":6:16: "},
        {"devices: [{class: pl011, name: u, base: hello}]\n",
         ":5:41: 'base' is a number, not 'hello'"},
        {"devices: [{class: pl011, name: u},\n{class: pl011, name: u}]\n",
         ":6:1: there is another device 'u'"},
        {"devices: 3\n", ":5:10: 'devices' is a list"},
        {"memory: [{name: m, base: 0x1000, kind: ram}]\n", ":5:10: 'size' is missing"},
        {"memory: [{name: m, base: 0x1000, kind: rum}]\n",
         ":5:40: 'kind' is ram, rom or alias, not 'rum'"},
        {"name: y\n", ":5:1: 'name' is given twice"},
        {"wires: [{from: a, to: b, output: 256}]\n", ":5:34: 'output' is at most 255, not 256"},
        {"wires: [\n", ":6:1: "},
        {"? [a]\n: 1\n", ":5:3: a key is expected here"},
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char path[64], spec[80];
        snprintf(path, sizeof(path), "/tmp/armemu-board-%d.yaml", (int)getpid());
        snprintf(spec, sizeof(spec), "file:%s", path);
        FILE *f = fopen(path, "w");
        fprintf(f, "%s%s", good, cases[i].more);
        fclose(f);
        e.text[0] = 0;
        cr_assert_null(machine_open(spec, &e), "%s", cases[i].more);
        cr_assert(strstr(e.text, cases[i].message), "%s%s", cases[i].more, e.text);
        unlink(path);
    }
}

/* What only building can find. */
Test(mprofile, files_that_do_not_fit_together)
{
    static const char good[] =
        "name: x\ncpu: cortex-m3\nm_profile: {irqs: 4, priority_bits: 3, cpu_hz: 1000000}\n"
        "ram: {base: 0, size: 4K}\n";
    static const struct {
        const char *more, *message;
    } cases[] = {
        {"devices: [{class: pl011, name: u, irq: 4}]\n", "there is no interrupt 4"},
        {"devices: [{class: pl011, name: u, base: 0x800}]\n", "u"},
        {"devices: [{class: pl011, name: u, clock: 1000}]\n", "device u has no clock input"},
        {"devices: [{class: stm32-tim, name: t, properties: {width: 17}}]\n", "16 or 32"},
        {"devices: [{class: pl011, name: u, irqs: [{output: 9, line: 1}]}]\n",
         "device u has no output 9"},
        {"wires: [{from: a, to: reset}]\n", "a wire starts at 'a', which is no device"},
        {"devices: [{class: pl011, name: u}]\nwires: [{from: u, to: v}]\n",
         "leads to 'v', which is no device"},
        {"devices: [{class: pl011, name: u}]\nwires: [{from: u, to: u}]\n",
         "device u has no input 0"},
        {"devices: [{class: pl011, name: u}]\nwires: [{from: u, to: u, attach: true}]\n",
         "nothing can be attached to it"},
        {"memory: [{name: m, base: 0x1000, kind: alias, of: z}]\n", "there is no memory 'z'"},
        {"memory: [{name: m, base: 0x1000, size: 1000}]\n", "multiples of 4 KiB"},
        {"memory: [{name: m, base: 0x1000, size: 4K, kind: rom, stores: z}]\n", "no device 'z'"},
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char path[64], spec[80];
        snprintf(path, sizeof(path), "/tmp/armemu-board-%d.yaml", (int)getpid());
        snprintf(spec, sizeof(spec), "file:%s", path);
        FILE *f = fopen(path, "w");
        fprintf(f, "%s%s", good, cases[i].more);
        fclose(f);
        machine = machine_open(spec, &e);
        cr_assert(machine, "%s", e.text);
        map = physmap_new();
        timer_queue_init(&timers, &test_clock);
        env = (struct device_env){.timers = &timers};
        const struct board_config c = {.map = map, .env = &env, .cpu_count = 1, .ram_size = 4096,
                                       .cpu_model = "cortex-m3", .nvic_line = nvic_line};
        cr_assert_not(board_build(&board, machine, &c, &e), "%s", cases[i].more);
        cr_assert(strstr(e.text, cases[i].message), "%s%s", cases[i].more, e.text);
        char place[80]; /* of the item that is wrong, which is the last one */
        const char *item = strrchr(cases[i].more, '[');
        bool inner = strstr(cases[i].more, "irqs: [");
        snprintf(place, sizeof(place), "%s:%d:%d: ", path, strstr(cases[i].more, "\nw") ? 6 : 5,
                 inner ? 11 : (int)(item - (strstr(cases[i].more, "\nw")
                                                ? strstr(cases[i].more, "\nw") + 1
                                                : cases[i].more)) + 2);
        cr_assert(!strncmp(e.text, place, strlen(place)), "%s is not %s", e.text, place);
        timer_queue_free(&timers);
        physmap_free(map);
        machine_close(machine);
        unlink(path);
    }
}

/* Damaged copies of the example: an error or a board, never a crash. */
Test(mprofile, damaged_files)
{
    char good[8192], text[8192], path[64], spec[80];
    FILE *f = fopen(EXAMPLE_BOARD, "r");
    size_t size = fread(good, 1, sizeof(good), f);
    unsigned seed = 1, accepted = 0;
    clock_init_virtual(&test_clock, time_source, NULL, 0);
    fclose(f);
    cr_assert(size && size < sizeof(good));
    snprintf(path, sizeof(path), "/tmp/armemu-board-%d.yaml", (int)getpid());
    snprintf(spec, sizeof(spec), "file:%s", path);
    for (unsigned round = 0; round < 600; round++) {
        size_t length = size;
        memcpy(text, good, size);
        for (unsigned k = 0; k < 1 + round % 3; k++) {
            size_t at = (size_t)rand_r(&seed) % length, n = (size_t)rand_r(&seed) % 20;
            if (rand_r(&seed) % 2)
                text[at] = "0123456789-:,{}[]x #&*\n\377"[rand_r(&seed) % 24];
            else if (at + n < length) /* a piece is missing */
                memmove(text + at, text + at + n, (length -= n) - at);
        }
        f = fopen(path, "w");
        fwrite(text, 1, length, f);
        fclose(f);
        e.text[0] = 0;
        machine = machine_open(spec, &e);
        if (!machine) {
            cr_assert(e.text[0] && !strchr(e.text, '\n'));
            continue;
        }
        accepted++;
        map = physmap_new();
        timer_queue_init(&timers, &test_clock);
        env = (struct device_env){.timers = &timers};
        const struct board_config c = {.map = map,
                                       .env = &env,
                                       .cpu_count = 1,
                                       .cpu_model = "cortex-m3",
                                       .ram_size = machine_default_ram(machine),
                                       .nvic_line = nvic_line};
        if (board_build(&board, machine, &c, &e)) {
            board_reset(&board);
            board_free(&board);
        }
        timer_queue_free(&timers);
        physmap_free(map);
        machine_close(machine);
    }
    unlink(path);
    cr_assert_gt(accepted, 50); /* comments and names */
}
