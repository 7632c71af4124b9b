/* Code that changes: by its own stores, through aliases, by DMA, by mapping. */
#include "rt.h"

typedef uint32_t fn0(void);
typedef uint32_t fn1(uint32_t);
typedef uint32_t fn2(uint32_t, uint32_t);

/* Instructions as words. */
static uint32_t mov_r0(uint32_t imm8)
{
    return 0xe3a00000 | imm8;
}
enum { BX_LR = 0xe12fff1e, NOP = 0xe320f000 };

static fn0 *put_function(void *at, uint32_t value)
{
    volatile uint32_t *p = at;
    p[0] = mov_r0(value);
    p[1] = BX_LR;
    return (fn0 *)at;
}

/* A store into another block, with maintenance and without (this CPU's own stores are seen at once:
 * QEMU and many old programs depend on it). */
static void other_block(void)
{
    fn0 *f = put_function(scratch(0), 1);
    CHECK(f(), 1);
    for (uint32_t i = 0; i < 100; i++) {
        put_function(scratch(0), i & 0xff);
        if (i & 1)
            rt_code_written(scratch(0), 8);
        CHECK(f(), i & 0xff);
    }
}

/* Later and earlier blocks of the same page, called from each other. */
__asm__(".pushsection .data\n .syntax unified\n .balign 4096\n .arm\n"
        "smc_page:\n"
        "earlier: mov r0, #1\n bx lr\n"
        /* r0: word to store, r1: 0 = into earlier, 1 = into later */
        ".global smc_entry\n"
        "smc_entry: push {r4, lr}\n"
        " adr r2, earlier\n cmp r1, #0\n beq 1f\n ldr r2, =later\n"
        "1: str r0, [r2]\n"
        " bl earlier\n mov r4, r0\n bl later\n add r0, r4, r0, lsl #8\n"
        " pop {r4, pc}\n"
        "later: mov r0, #2\n bx lr\n .ltorg\n"
        " .popsection");
static void same_page(void)
{
    extern uint32_t smc_entry(uint32_t word, uint32_t where);
    CHECK(smc_entry(mov_r0(1), 0), 0x201);
    CHECK(smc_entry(mov_r0(3), 0), 0x203);
    CHECK(smc_entry(mov_r0(4), 1), 0x403);
    for (uint32_t i = 5; i < 60; i++) {
        CHECK(smc_entry(mov_r0(i), 0), 0x403 + (i - 3) + (i - 5 ? (i - 1 - 4) * 0x100 : 0));
        CHECK(smc_entry(mov_r0(i), 1), i | i << 8);
    }
}

/* The store changes the next instruction of its own block; the store itself happens exactly
 * once. */
#define NEXT(name, setup, store, between)                                                          \
    __asm__(".pushsection .data\n .syntax unified\n .balign 64\n .arm\n .global " #name "\n" #name \
            ":\n push {r4-r7, lr}\n" setup " mov r6, #0\n" store between #name                     \
            "_target: mov r0, #1\n"                                                                \
            " orr r0, r0, r6, lsl #8\n pop {r4-r7, pc}\n .popsection");                            \
    extern uint32_t name(uint32_t word, uint32_t *aux)

NEXT(next_str, "adr r2, next_str_target\n mov r5, r2\n", "str r0, [r2], #4\n sub r6, r2, r5\n", "");
NEXT(next_str_isb, "adr r2, next_str_isb_target\n mov r5, r2\n",
     "str r0, [r2], #4\n sub r6, r2, r5\n", "mcr p15, 0, r5, c7, c5, 1\n dsb\n isb\n");
NEXT(next_str_pre, "adr r2, next_str_pre_target\n sub r2, r2, #8\n mov r5, r2\n",
     "str r0, [r2, #8]!\n sub r6, r2, r5\n", "");
NEXT(next_stm,
     "adr r2, next_stm_target\n sub r2, r2, #8\n mov r5, r2\n ldr r3, [r2]\n ldr r4, [r2, #4]\n"
     " mov r7, r0\n",
     "stmia r2!, {r3, r4, r7}\n sub r6, r2, r5\n", "nop\n nop\n");
NEXT(next_strd, "adr r2, next_strd_target\n ldr r7, [r2, #4]\n mov r4, r0\n mov r5, r7\n",
     "strd r4, r5, [r2]\n mov r6, #7\n", "");
NEXT(next_strex, "adr r2, next_strex_target\n mov r6, #0\n",
     "ldrex r3, [r2]\n strex r7, r0, [r2]\n add r6, r7, #9\n", "");
NEXT(next_swp, "adr r2, next_swp_target\n", ".word 0xe1023090 /* swp r3, r0, [r2] */\n"
                                            " and r6, r3, #0xff\n", "");
NEXT(next_strb, "adr r2, next_strb_target\n", "strb r0, [r2]\n mov r6, #3\n", "");
NEXT(next_unaligned,
     "adr r2, next_unaligned_target\n sub r2, r2, #1\n ldrb r3, [r2]\n orr r3, r3, r0, lsl #8\n",
     "str r3, [r2]\n mov r6, #5\n", "");
/* A counter in memory is incremented by the instruction's neighbour: nothing runs twice. */
NEXT(next_count, "adr r2, next_count_target\n",
     "ldr r3, [r1]\n add r3, r3, #1\n str r3, [r1]\n str r0, [r2]\n mov r6, r3\n", "");

static void next_instruction(void)
{
    uint32_t aux = 0;
    for (uint32_t i = 2; i < 40; i++) {
        CHECK(next_str(mov_r0(i), &aux), i | 4 << 8);
        CHECK(next_str_isb(mov_r0(i), &aux), i | 4 << 8);
        CHECK(next_str_pre(mov_r0(i), &aux), i | 8 << 8);
        CHECK(next_stm(mov_r0(i), &aux), i | 12 << 8);
        CHECK(next_strd(mov_r0(i), &aux), i | 7 << 8);
        CHECK(next_strex(mov_r0(i), &aux), i | 9 << 8);
        CHECK(next_swp(mov_r0(i), &aux), i | (i - 1) << 8);
        CHECK(next_strb(i, &aux), i | 3 << 8);
        CHECK(next_unaligned(mov_r0(i) & 0xffffff, &aux), i | 5 << 8);
        CHECK(next_count(mov_r0(i), &aux), i | (i - 1) << 8);
    }
    CHECK(aux, 38);
}

/* An instruction that overwrites itself: it completes, once, and is another one the next time. */
__asm__(".pushsection .data\n .syntax unified\n .balign 64\n .arm\n .global itself\n"
        "itself: adr r2, itself_store\n mov r3, #0\n"
        "itself_store: str r0, [r2, r3]!\n"
        " sub r0, r2, r1\n bx lr\n .popsection");
extern uint32_t itself(uint32_t word, uint32_t base);
extern uint32_t itself_store[];

static void overwrite_itself(void)
{
    uint32_t original = *(volatile uint32_t *)itself_store;
    for (uint32_t i = 0; i < 20; i++) {
        CHECK(itself(0xe2822000 | (i + 1), (uint32_t)itself_store), 0); /* add r2, r2, #i + 1 */
        CHECK(*(volatile uint32_t *)itself_store, 0xe2822000 | (i + 1));
        CHECK(itself(0, (uint32_t)itself_store), i + 1);
        *(volatile uint32_t *)itself_store = original;
        rt_code_written(itself_store, 4);
    }
}

/* Thumb: the next halfword, and one inside of an IT block. */
__asm__(".pushsection .data\n .syntax unified\n .balign 64\n .thumb\n"
        " .global thumb_next, thumb_it\n .thumb_func\n .type thumb_next, %function\n"
        "thumb_next: adr r2, 1f\n strh r0, [r2]\n .balign 4\n"
        "1: movs r0, #1\n bx lr\n .balign 4\n .thumb_func\n .type thumb_it, %function\n"
        "thumb_it: adr r2, 1f\n cmp r2, r2\n movs r3, #0\n"
        " itttt eq\n strheq r0, [r2]\n addeq r3, #1\n addeq r3, #1\n moveq r0, r3\n"
        " bx lr\n"
        " .balign 4\n1: nop\n nop\n"
        " .global thumb_in_it\n .balign 4\n .thumb_func\n .type thumb_in_it, %function\n"
        "thumb_in_it: mov r2, pc\n cmp r2, r2\n itttt eq\n strheq r0, [r2, #6]\n nopeq\n"
        " moveq r0, #1\n moveq r3, #0\n bx lr\n"
        " .arm\n .popsection");
extern uint32_t thumb_next(uint32_t half), thumb_it(uint32_t half), thumb_in_it(uint32_t half);

static void thumb(void)
{
    for (uint32_t i = 2; i < 40; i++) {
        CHECK(thumb_next(0x2000 | i), i);
        CHECK(thumb_it(0xbf00), 2);
    }
    /* mov r2, pc is at +0, so r2 = +4: [r2, #6] = +10 is the moveq. */
    for (uint32_t i = 2; i < 40; i++)
        CHECK(thumb_in_it(0x2000 | i), i);
}

/* A literal that a store changes: translated code must not keep the old value. */
__asm__(".pushsection .data\n .syntax unified\n .balign 64\n .arm\n"
        " .global literal_read, literal_write_read\n"
        "literal_read: ldr r0, literal\n bx lr\n"
        "literal_write_read: str r0, literal\n ldr r0, literal\n bx lr\n"
        ".global literal\nliteral: .word 5\n"
        ".global literal_double\nliteral_double: ldrd r0, r1, literal2\n eor r0, r0, r1\n bx lr\n"
        " .balign 8\n.global literal2\nliteral2: .word 1, 2\n"
        " .thumb\n .global literal_thumb\n .thumb_func\n .type literal_thumb, %function\n"
        "literal_thumb: ldr r0, literal3\n bx lr\n .balign 4\n"
        ".global literal3\nliteral3: .word 9\n .arm\n .popsection");
extern uint32_t literal_read(void), literal_write_read(uint32_t), literal_double(void),
    literal_thumb(void);
extern volatile uint32_t literal[], literal2[], literal3[];

static void literals(void)
{
    CHECK(literal_read(), 5);
    CHECK(literal_double(), 3);
    CHECK(literal_thumb(), 9);
    for (uint32_t i = 0; i < 100; i++) {
        literal[0] = i * 0x01010101;
        CHECK(literal_read(), i * 0x01010101);
        CHECK(literal_write_read(~i), ~i);
        CHECK(literal_read(), ~i);
        literal2[i & 1] = i;
        CHECK(literal_double(), i ? i ^ (i - 1) : 2);
        ((volatile uint8_t *)literal3)[1] = (uint8_t)i;
        CHECK(literal_thumb(), 9 | i << 8);
    }
}

/* Code and data in one page, many data writes: the code stays right, and is not translated
 * again. */
static void code_and_data(void)
{
    volatile uint32_t *page = (volatile uint32_t *)scratch(4);
    fn0 *f = put_function((void *)&page[512], 7);
    uint32_t sum = 0;
    CHECK(f(), 7);
    for (uint32_t i = 0; i < rt_rounds(100000); i++) {
        page[i & 511] = i;
        page[514 + (i & 255)] = i;
        if ((i & 15) == 0)
            sum += f() - 7;
    }
    CHECK(sum, 0);
    CHECK(page[3] & 511, 3);
}

/* ---- DMA by fw_cfg: writes the word "QEMU" over code ---- */

static void dma(void)
{
    volatile uint32_t *code = (volatile uint32_t *)scratch(6);
    volatile uint32_t *request = (volatile uint32_t *)scratch(7);
    code[0] = 0xe59f0000; /* ldr r0, [pc, #0] */
    code[1] = BX_LR;
    code[2] = 0x12345678; /* the literal */
    rt_code_written(code, 12);
    fn0 *f = (fn0 *)(uint32_t)code;
    CHECK(f(), 0x12345678);
    request[0] = __builtin_bswap32(0 << 16 | 8 | 2); /* select item 0 (signature), read */
    request[1] = __builtin_bswap32(4);
    request[2] = 0;
    request[3] = __builtin_bswap32((uint32_t)&code[2]);
    DSB();
    *(volatile uint32_t *)(0x09020000 + 16) = 0;
    *(volatile uint32_t *)(0x09020000 + 20) = __builtin_bswap32((uint32_t)request);
    CHECK(request[0], 0);
    CHECK(code[2], 0x554d4551);
    CHECK(f(), 0x554d4551);
}

/* ---- mapping ---- */

static fn0 *at_window(uint32_t n)
{
    return (fn0 *)window(n);
}

/* One physical page at two addresses. */
static void aliases(void)
{
    rt_mmu_on();
    rt_map(0, (uint32_t)scratch(10), MAP_RW);
    rt_map(1, (uint32_t)scratch(10), MAP_RW);
    rt_tlbi(window(0));
    rt_tlbi(window(1));
    volatile uint32_t *low = (volatile uint32_t *)window(0), *high = (volatile uint32_t *)window(1);
    low[0] = 0xe1a0000f; /* mov r0, pc */
    low[1] = BX_LR;
    low[2] = mov_r0(1);
    low[3] = BX_LR;
    rt_code_written(low, 16);
    fn0 *low_fn = (fn0 *)(window(0) + 8), *high_fn = (fn0 *)(window(1) + 8);
    for (uint32_t i = 0; i < 50; i++) {
        CHECK(at_window(0)(), window(0) + 8);
        CHECK(at_window(1)(), window(1) + 8);
        low[2] = mov_r0(i);
        CHECK(high_fn(), i);
        CHECK(low_fn(), i);
        high[2] = mov_r0(i + 100);
        CHECK(high_fn(), i + 100);
        CHECK(low_fn(), i + 100);
        *(volatile uint32_t *)(scratch(10) + 8) = mov_r0(i + 50);
        CHECK(high_fn(), i + 50);
    }
    /* The running code changes its next instruction through the other alias. */
    low[8] = 0xe5801000; /* str r1, [r0] */
    low[9] = NOP;
    low[10] = mov_r0(1);
    low[11] = BX_LR;
    rt_code_written(low, 64);
    fn2 *store = (fn2 *)(window(0) + 32);
    for (uint32_t i = 2; i < 50; i++) {
        CHECK(store(window(1) + 40, mov_r0(i)), i);
        CHECK(store((uint32_t)scratch(10) + 40, mov_r0(i + 64)), i + 64);
    }
}

/* The mapping of a code page changes to another physical page and back. */
static void remap(void)
{
    rt_mmu_on();
    put_function(scratch(12), 12);
    put_function(scratch(13), 13);
    for (uint32_t i = 0; i < 200; i++) {
        uint32_t which = i & 1;
        rt_map(2, (uint32_t)scratch(12 + which), MAP_RW);
        rt_tlbi(window(2));
        CHECK(at_window(2)(), 12 + which);
        CHECK(*(volatile uint32_t *)window(2), mov_r0(12 + which));
    }
}

/* Jumps from page to page, of which one is exchanged: A calls B. */
static void remap_target(void)
{
    rt_mmu_on();
    rt_map(4, (uint32_t)scratch(14), MAP_RW);
    put_function(scratch(15), 15);
    put_function(scratch(16), 16);
    rt_map(5, (uint32_t)scratch(15), MAP_RW);
    rt_tlbi(window(4));
    rt_tlbi(window(5));
    *(volatile uint32_t *)window(4) = 0xea000000 | ((0x1000 - 8) >> 2); /* b to the next page */
    for (uint32_t i = 0; i < 200; i++) {
        rt_map(5, (uint32_t)scratch(15 + (i & 1)), MAP_RW);
        rt_tlbi(window(5));
        CHECK(at_window(4)(), 15 + (i & 1));
    }
}

/* ---- a 32-bit Thumb instruction at the end of a page ---- */

static uint32_t aborts;
static uint32_t abort_address;
static void map_on_abort(struct frame *f)
{
    CHECK(f->kind, EXC_PREFETCH);
    aborts++;
    abort_address = MRC(0, c6, c0, 2);
    CHECK(f->lr, window(8) + 4094 + 4);
    CHECK(MRC(0, c5, c0, 1) & 0x40f, 7); /* translation fault, second level */
    rt_map(9, (uint32_t)scratch(21), MAP_RW);
    rt_tlbi(window(9));
    f->lr -= 4;
}

static void straddling(void)
{
    volatile uint16_t *last = (volatile uint16_t *)(scratch(20) + 4094);
    volatile uint16_t *first[2] = {(volatile uint16_t *)scratch(21),
                                   (volatile uint16_t *)scratch(22)};
    rt_mmu_on();
    last[0] = 0xf240; /* movw r0, #imm8 */
    for (unsigned i = 0; i < 2; i++) {
        first[i][0] = (uint16_t)(0x0020 + i);
        first[i][1] = 0x4770; /* bx lr */
    }
    rt_map(8, (uint32_t)scratch(20), MAP_RW);
    fn0 *f = (fn0 *)(window(8) + 4094 + 1);
    for (uint32_t i = 0; i < 100; i++) { /* other page behind it */
        rt_map(9, (uint32_t)scratch(21 + (i & 1)), MAP_RW);
        rt_tlbi(window(9));
        CHECK(f(), 0x20 + (i & 1));
    }
    for (uint32_t i = 0; i < 100; i++) { /* rewritten second half, then first half */
        first[1][0] = (uint16_t)(i & 0x7f);
        CHECK(f(), (i & 0x7f) | (i && !((i - 1) & 1) ? 0x1000 : 0));
        last[0] = i & 1 ? 0xf240 : 0xf241; /* imm4 = 1: bit 12 */
        CHECK(f(), (i & 0x7f) | (i & 1 ? 0 : 0x1000));
    }
    last[0] = 0xf240;
    /* The second half is not there at first; when it comes its halfword may be anything, also 0. */
    rt_handler = map_on_abort;
    for (uint32_t i = 0; i < 20; i++) {
        first[0][0] = (uint16_t)(i & 3);
        rt_map(9, 0, MAP_NONE);
        rt_tlbi(window(9));
        CHECK(f(), i & 3);
        CHECK(aborts, i + 1);
        CHECK(abort_address, window(9));
        CHECK(f(), i & 3);
    }
    rt_handler = 0;
}

/* Many functions generated, run and generated anew at the same place, in different order. */
static void generated(void)
{
    volatile uint32_t *p = (volatile uint32_t *)scratch(30);
    uint32_t seed = 12345, rounds = rt_rounds(3000);
    for (uint32_t i = 0; i < rounds; i++) {
        seed = seed * 1664525 + 1013904223;
        uint32_t at = seed >> 16 & 0x7fe, len = 1 + (seed >> 28), want = 0;
        p[at] = mov_r0(0);
        for (uint32_t k = 1; k <= len; k++) {
            uint32_t imm = seed >> k & 0xff;
            p[at + k] = 0xe2800000 | imm; /* add r0, r0, #imm */
            want += imm;
        }
        p[at + len + 1] = BX_LR;
        if (i & 1)
            rt_code_written((void *)&p[at], (len + 2) * 4);
        CHECK(((fn0 *)(uint32_t)&p[at])(), want);
    }
}

/* ---- returns: what was predicted at the call may not be right any more at the return ---- */

enum { PUSH_R4_LR = 0xe92d4010, POP_R4_PC = 0xe8bd8010, BLX_R0 = 0xe12fff30 };

static fn1 *put_caller(void *at, uint32_t value)
{
    volatile uint32_t *p = at;
    p[0] = PUSH_R4_LR;
    p[1] = BLX_R0;
    p[2] = mov_r0(value);
    p[3] = POP_R4_PC;
    rt_code_written(at, 16);
    return (fn1 *)at;
}

/* The callee exchanges its caller's page. */
static uint32_t other_page;
static void map_other_page(void)
{
    rt_map(40, (uint32_t)scratch(other_page), MAP_RW);
    rt_tlbi(window(40));
}

static void return_to_remapped(void)
{
    rt_mmu_on();
    put_caller(scratch(50), 50);
    put_caller(scratch(51), 51);
    other_page = 50;
    map_other_page();
    for (uint32_t i = 0; i < 200; i++) {
        other_page = 50 + (i * 7 >> 1 & 1);
        CHECK(((fn1 *)window(40))((uint32_t)map_other_page), other_page);
    }
}

/* The callee rewrites what it returns to, and the call itself before that. */
static uint32_t new_value;
static void rewrite_caller(void)
{
    volatile uint32_t *p = (volatile uint32_t *)scratch(52);
    if (new_value & 1)
        p[1] = BLX_R0;
    if (new_value & 2)
        p[2] = mov_r0(new_value);
}

static void return_to_rewritten(void)
{
    fn1 *f = put_caller(scratch(52), 0);
    uint32_t want = 0;
    for (new_value = 0; new_value < 256; new_value++) {
        if (new_value & 2)
            want = new_value;
        CHECK(f((uint32_t)rewrite_caller), want);
    }
}

__asm__(".pushsection .text\n .syntax unified\n .arm\n"
        /* r0 calls that never return */
        ".global calls_only\ncalls_only: mov r1, lr\n1: bl 2f\n2: subs r0, r0, #1\n bne 1b\n"
        " mov r0, #1\n bx r1\n"
        /* r0 calls deep, and back at once */
        ".global leap\nleap: push {r4, lr}\n mov r4, sp\n mov r1, #5\n bl 1f\n"
        "1: push {r4, lr}\n subs r0, r0, #1\n blne 1b\n mov r0, r1\n mov sp, r4\n pop {r4, pc}\n"
        /* a call that returns in the other instruction set, as the callee's callee */
        ".global mixed\nmixed: push {r4, lr}\n bl 1f\n blx 2f\n bl 1f\n blx 3f\n pop {r4, pc}\n"
        "1: add r0, r0, #1\n bx lr\n"
        ".thumb\n.thumb_func\n2: adds r0, #10\n bx lr\n"
        ".thumb_func\n3: push {r4, lr}\n bl 2b\n blx 1b\n pop {r4, pc}\n .balign 4\n .arm\n"
        " .popsection");
extern uint32_t calls_only(uint32_t), leap(uint32_t), mixed(uint32_t);

static __attribute__((noinline)) uint32_t deep(uint32_t n)
{
    return n ? n ^ deep(n - 1) : 0;
}

static void unpaired(void)
{
    uint32_t want = 0, n = rt_rounds(1000000);
    CHECK(calls_only(n ? n : 1), 1);
    for (uint32_t i = 1; i < 300; i++) {
        CHECK(leap(i), 5);
        CHECK(mixed(i), i + 23);
    }
    for (uint32_t i = 1; i <= 5000; i++)
        want ^= i;
    CHECK(deep(5000), want);
}

const struct test tests[] = {
    {"store into another block", other_block, 1},
    {"store into earlier and later blocks of the page", same_page, 1},
    {"store into the next instruction", next_instruction, 1},
    {"instruction that overwrites itself", overwrite_itself, 1},
    {"Thumb and IT blocks", thumb, 1},
    {"literals that change", literals, 1},
    {"code and data in one page", code_and_data, 1},
    {"DMA over code", dma, 1},
    {"one page at two addresses", aliases, 1},
    {"code page remapped", remap, 1},
    {"target of a jump remapped", remap_target, 1},
    {"Thumb instruction in two pages", straddling, 1},
    {"generated code", generated, 1},
    {"return into a remapped page", return_to_remapped, 1},
    {"return into rewritten code", return_to_rewritten, 1},
    {"calls and returns that are not pairs", unpaired, 1},
    {0},
};
