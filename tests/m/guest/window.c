/* One instruction reaches RAM, its alias, devices, code and nothing in turn; all is as if each were
 * alone. */
#include "rt.h"

#define SCC_CFG0 REG(0x4002f000)

/* mps2: RAM and its alias end there */
enum { BLOCK_RAM = 0x01000000, RAM_END = 0x20800000, ALIAS = 0x400000, ROUNDS = 300 };

uint32_t load(uint32_t at);
void store(uint32_t at, uint32_t v);
void push_four(uint32_t at, uint32_t v);
uint32_t pull_four(uint32_t at);
uint32_t patched(void);
uint32_t load_behind(const uint32_t *p, uint32_t i);
uint32_t store_next(uint32_t *p, uint32_t i);
uint32_t load_over(uint32_t at);
void store_over(uint32_t at, uint32_t v);
extern uint32_t patch_word[], code_data[];

__asm__(".syntax unified\n .thumb\n .align 2\n"
        ".thumb_func\n load:\n ldr r0, [r0]\n bx lr\n"
        ".thumb_func\n store:\n str r1, [r0]\n bx lr\n"
        ".thumb_func\n push_four:\n mov r2, r1\n mov r3, r1\n mov r12, r1\n"
        " stm r0, {r1, r2, r3, r12}\n"
        " bx lr\n"
        ".thumb_func\n pull_four:\n ldm r0, {r1, r2, r3, r12}\n adds r0, r1, r2\n adds r0, r0, r3\n"
        " add r0, r0, r12\n bx lr\n"
        /* a sum that is an address, and the same sum plus a constant that is something else */
        ".thumb_func\n load_behind:\n add r2, r0, r1, lsl #2\n ldr r3, [r2], #4\n b 1f\n nop\n"
        " 1: subs r0, r2, r0\n add r0, r0, r3\n bx lr\n"
        ".thumb_func\n store_next:\n add r2, r0, r1, lsl #2\n add r3, r2, #4\n str r3, [r2]\n"
        " b 1f\n nop\n"
        " 1: ldr r0, [r0, r1, lsl #2]\n bx lr\n"
        ".align 2\n .global patch_word\n .thumb_func\n patched:\n patch_word: movs r0, #1\n bx lr\n"
        ".align 2\n code_data: .word 0, 0, 0, 0\n"
        /* the first instruction lies in two pages */
        ".balign 4096\n .space 4094\n .thumb_func\n load_over:\n ldr.w r0, [r0]\n bx lr\n"
        ".balign 4096\n .space 4094\n .thumb_func\n store_over:\n str.w r1, [r0]\n bx lr\n"
        ".align 2\n");

static uint32_t ram[8] __attribute__((aligned(32)));

static void test_places(void)
{
    uint32_t sum = 0, systick = 0;
    for (int i = 0; i < ROUNDS; i++) {
        store((uint32_t)&ram[i & 7], (uint32_t)i);
        sum += load((uint32_t)&ram[i & 7]);
        if (i % 50 == 49) {
            store((uint32_t)&SYST_RVR, (uint32_t)i);
            systick += load((uint32_t)&SYST_RVR);
        }
        if (i % 60 == 59) {
            store((uint32_t)&ram[1] + ALIAS, 1000);
            sum += load((uint32_t)&ram[1]) + load((uint32_t)&ram[1] + ALIAS);
        }
    }
    check("RAM and alias", sum, ROUNDS * (ROUNDS - 1) / 2 + ROUNDS / 60 * 2000);
    check("a device", systick, 49 + 99 + 149 + 199 + 249 + 299);
    check("an unaligned load", (ram[0] = 0x44332211, ram[1] = 0x88776655, load((uint32_t)ram + 3)),
          0x77665544);
}

static void test_two_pages(void)
{
    for (uint32_t i = 0; i < ROUNDS; i++) {
        store_over((uint32_t)&ram[i & 7], i);
        store_over((uint32_t)&SYST_RVR, load_over((uint32_t)&ram[i & 7]));
    }
    check("instructions in two pages", load_over((uint32_t)&SYST_RVR), ROUNDS - 1);
    store_over((uint32_t)&MPU_RNR, 3);
    check("... the MPU", load_over((uint32_t)&MPU_RNR), 3);
    MPU_RNR = 0;
}

static void test_sums(void)
{
    uint32_t sum = 0, next = 0;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        ram[i & 7] = i;
        sum += load_behind(ram, i & 7);
        next += store_next(ram, i & 7) - (uint32_t)&ram[(i & 7) + 1];
    }
    check("a sum and one that is behind it", sum,
          ROUNDS * (ROUNDS - 1) / 2 + (ROUNDS / 8 * 36 + 1 + 2 + 3 + 4) * 4);
    check("a sum, and the next one stored there", next, 0);
}

/* Data in the page that executes, and code that is changed there. */
static void test_code(void)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        store((uint32_t)code_data, i);
        push_four((uint32_t)code_data, i);
        sum += pull_four((uint32_t)code_data);
        store((uint32_t)patch_word, 0x47702000 | (i & 0xff)); /* movs r0, #i; bx lr */
        ISB();
        sum += patched();
    }
    check("stores to the page of the code", sum,
          4 * ROUNDS * (ROUNDS - 1) / 2 + 255 * 256 / 2 + (ROUNDS - 256) * (ROUNDS - 257) / 2);
    store((uint32_t)patch_word + ALIAS, 0x47702007);
    ISB();
    check("code changed by its alias", patched(), 7);
}

static void test_ends(void)
{
    FAULTING("mov r0, %[a]\n bl load", [a] "r"(RAM_END));
    check("behind the RAM: BFAR", events[0].bfar, RAM_END);
    check_fault("... the fault", HARD, F_PRECISERR | F_BFARVALID, F_FORCED);
    store(RAM_END - 4, 5);
    check("the last word", load(RAM_END - 4), 5);
    FAULTING("mov r0, %[a]\n bl pull_four", [a] "r"(RAM_END - 8));
    check("LDM across the end: BFAR", events[0].bfar, RAM_END);
    check_fault("... the fault", HARD, F_PRECISERR | F_BFARVALID, F_FORCED);
    FAULTING("mov r0, %[a]\n movs r1, #9\n bl push_four", [a] "r"(RAM_END - 8));
    check_fault("STM across the end", HARD, F_PRECISERR | F_BFARVALID, F_FORCED);
    check("... stores what it can", load(RAM_END - 8), 9);
    FAULTING("mov r0, %[a]\n bl load", [a] "r"(0xfffffffeu));
    check_fault("across the end of all", HARD, F_PRECISERR | F_BFARVALID, F_FORCED);
    FAULTING("mov r0, %[a]\n bl pull_four", [a] "r"((uint32_t)ram + 2));
    check_fault("LDM that is not aligned", HARD, F_UNALIGNED, F_FORCED);
    check("the store goes on working", (store((uint32_t)ram, 77), load((uint32_t)ram)), 77);
}

/* The block RAM at 0, where this code is: a copy of it with another number in it goes on. */
static void test_remap(void)
{
    enum { SIZE = 0x4000 };
    uint32_t *const code = (uint32_t *)0x400000, *const block = (uint32_t *)BLOCK_RAM;
    const uint32_t at = (uint32_t)patch_word / 4;
    for (uint32_t i = 0; i < SIZE / 4; i++)
        block[i] = code[i];
    store((uint32_t)&block[at], 0x47702055); /* movs r0, #0x55; bx lr */
    check("before", patched(), 7);
    SCC_CFG0 = 1;
    ISB();
    check("block RAM at 0", patched(), 0x55);
    check("... its word", load(at * 4), 0x47702055);
    store((uint32_t)code_data, 0x12345678);
    check("a store there is one to the block RAM", load(BLOCK_RAM + (uint32_t)code_data),
          0x12345678);
    check("... not to what is hidden", load((uint32_t)code + (uint32_t)code_data) != 0x12345678, 1);
    check("what is hidden is at its other address", load((uint32_t)&code[at]), 0x47702007);
    block[at] = 0x47702066;
    ISB();
    check("code changed at its own address", patched(), 0x66);
    check("behind the block RAM all is as it was", load(SIZE), load(SIZE + ALIAS));
    SCC_CFG0 = 0;
    ISB();
    check("switched off", patched(), 7);
    check("... the data", load((uint32_t)code_data) != 0x12345678, 1);
    SCC_CFG0 = 1; /* and again, which the end of the run finds */
    ISB();
    check("again", patched(), 0x66);
}

static void test_mpu(void)
{
    MPU_RBAR = (uint32_t)ram & ~31u;
    MPU_RASR = 1u << 28 | 6u << 24 | 4 << 1 | 1; /* 32 bytes, read-only */
    MPU_RBAR |= 0;
    MPU_CTRL = 5; /* with the background region */
    ISB();
    check("MPU: a load", load((uint32_t)ram & ~31u), load((uint32_t)ram & ~31u));
    FAULTING("mov r0, %[a]\n movs r1, #1\n bl store", [a] "r"((uint32_t)ram & ~31u));
    check("MPU: a store: MMFAR", events[0].mmfar, (uint32_t)ram & ~31u);
    check_fault("... the fault", HARD, F_DACCVIOL | F_MMARVALID, F_FORCED);
    MPU_CTRL = 0;
    ISB();
    store((uint32_t)ram & ~31u, 3);
    check("MPU off", load((uint32_t)ram & ~31u), 3);
}

int main(void)
{
    test_places();
    test_two_pages();
    test_sums();
    test_code();
    test_ends();
    test_mpu();
    test_remap();
    finish();
}
