/* Jumps by tables of bytes and halfwords: within a page, out of it, by tables and to code that
 * change. */
#include "rt.h"

enum { ROUNDS = 4000, ALIAS = 0x400000 };

uint32_t by_bytes(uint32_t i);
uint32_t by_halfwords(uint32_t i);
uint32_t by_table(uint32_t i, const uint8_t *table);
uint32_t across(uint32_t i);
extern uint32_t changed_word[];

/* Each case returns a number of its own. A page begins with by_bytes; `across` has cases in two
 * pages. */
__asm__(".syntax unified\n .thumb\n .balign 4096\n"
        ".thumb_func\n by_bytes:\n tbb [pc, r0]\n"
        "0: .byte (1f - 0b) / 2, (2f - 0b) / 2, (3f - 0b) / 2, (4f - 0b) / 2\n"
        "1: movs r0, #1\n bx lr\n"
        "2: movs r0, #10\n bx lr\n"
        ".balign 4\n .global changed_word\n changed_word:\n"
        "3: movs r0, #100\n bx lr\n"
        "4: mov r0, #1000\n bx lr\n"
        ".thumb_func\n by_halfwords:\n tbh [pc, r0, lsl #1]\n"
        "0: .hword (1f - 0b) / 2, (2f - 0b) / 2, (3f - 0b) / 2, (4f - 0b) / 2\n"
        "1: movs r0, #1\n bx lr\n"
        "2: movs r0, #10\n bx lr\n"
        ".thumb_func\n by_table:\n tbb [r1, r0]\n"
        " movs r0, #1\n bx lr\n" /* 0 */
        " movs r0, #10\n bx lr\n" /* 2 */
        " movs r0, #100\n bx lr\n" /* 4 */
        ".space 496\n"
        " movs r0, #7\n bx lr\n" /* 255 - 1 = 254 */
        ".balign 4096\n .space 4096 - 24\n"
        ".thumb_func\n across:\n cmp r0, #4\n it hs\n bxhs lr\n tbb [pc, r0]\n"
        "0: .byte (5f - 0b) / 2, (6f - 0b) / 2, (7f - 0b) / 2, (8f - 0b) / 2\n"
        "5: movs r0, #1\n bx lr\n"
        "6: movs r0, #10\n bx lr\n"
        "7: movs r0, #100\n bx lr\n"
        "8: mov r0, #1000\n bx lr\n"
        ".balign 4096\n"
        "3: movs r0, #100\n bx lr\n"
        "4: mov r0, #1000\n bx lr\n");

static void test_cases(void)
{
    uint32_t bytes = 0, halfwords = 0, pages = 0;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        bytes += by_bytes(i & 3);
        halfwords += by_halfwords(i & 3);
        pages += across(i & 3) + across(4 + (i & 1));
    }
    check("bytes", bytes, ROUNDS / 4 * 1111);
    check("halfwords, in two pages", halfwords, ROUNDS / 4 * 1111);
    check("bytes, across the end of a page", pages, ROUNDS / 4 * 1111 + ROUNDS / 2 * 9);
}

static void test_table(void)
{
    static uint8_t table[4] = {0, 2, 4, 255 - 1};
    uint32_t sum = 0;
    for (uint32_t i = 0; i < ROUNDS; i++)
        sum += by_table(i & 3, table);
    check("a table in RAM", sum, ROUNDS / 4 * 118);
    for (uint32_t i = sum = 0; i < ROUNDS; i++) {
        table[0] = i & 1 ? 2 : 4;
        sum += by_table(0, table);
    }
    check("a table that changes", sum, ROUNDS / 2 * 110);
}

static void test_code(void)
{
    uint32_t sum = 0;
    volatile uint32_t *alias = (uint32_t *)((uint32_t)changed_word + ALIAS);
    for (uint32_t i = 0; i < ROUNDS / 10; i++) {
        *(volatile uint32_t *)changed_word = 0x47702000 | (i & 0x7f); /* movs r0, #i; bx lr */
        ISB();
        sum += by_bytes(2) - (i & 0x7f);
        sum += by_bytes(i & 1) - (i & 1 ? 10 : 1);
    }
    check("code that changes", sum, 0);
    *alias = 0x47702005;
    ISB();
    check("code changed by its alias", by_bytes(2), 5);
}

int main(void)
{
    test_cases();
    test_table();
    test_code();
    finish();
}
