#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/arena.h"
#include "util/bits.h"
#include "util/error.h"
#include "util/log.h"

Test(bits, fields)
{
    cr_assert_eq(bits_get(0xdeadbeef, 8, 8), 0xbe);
    cr_assert_eq(bits_get(0xdeadbeef, 0, 32), 0xdeadbeef);
    cr_assert_eq(bits_put(0xffffffff, 4, 8, 0), 0xfffff00f);
    cr_assert_eq(bits_put(0, 0, 32, 0x12345678), 0x12345678);
    cr_assert_eq(bits_sext(0x80, 8), -128);
    cr_assert_eq(bits_sext(0x17f, 8), 127);
    cr_assert_eq(bits_ror(0x80000001, 1), 0xc0000000);
    cr_assert_eq(bits_ror(0x12345678, 32), 0x12345678);
}

Test(bits, alignment)
{
    cr_assert_eq(align_up(0x1001, 0x1000), 0x2000);
    cr_assert_eq(align_up(0x1000, 0x1000), 0x1000);
    cr_assert_eq(align_down(0x1fff, 0x1000), 0x1000);
    cr_assert(is_pow2(64) && !is_pow2(0) && !is_pow2(65));
}

Test(error, context_is_put_in_front)
{
    struct error e;
    cr_assert_not(error_set(&e, "value %d", 7));
    cr_assert_not(error_prefix(&e, "-m"));
    cr_assert_str_eq(e.text, "-m: value 7");
    errno = ENOENT;
    cr_assert_not(error_set_errno(&e, "cannot open '%s'", "x"));
    cr_assert_str_eq(e.text, "cannot open 'x': No such file or directory");
}

Test(error, is_printed_as_one_line)
{
    struct error e;
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    error_set(&e, "cannot open 'a\nb\x1b[1m\x7f\xc3\xa4'");
    error_print(&e, "armemu", out);
    fclose(out);
    cr_assert_str_eq(text, "armemu: cannot open 'a?b?[1m?\xc3\xa4'\n");
    free(text);
}

Test(error, long_lines_are_cut)
{
    struct error e;
    char text[1000];
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    error_set(&e, "%s", text);
    error_prefix(&e, "file");
    cr_assert_eq(strlen(e.text), sizeof(e.text) - 1);
    cr_assert_eq(strncmp(e.text, "file: aaa", 9), 0);
    error_prefix(&e, "%s", text);
    cr_assert_eq(strlen(e.text), sizeof(e.text) - 1);
}

Test(error, null_is_allowed)
{
    cr_assert_not(error_set(NULL, "x"));
    cr_assert_not(error_prefix(NULL, "x"));
    cr_assert_not(error_set_errno(NULL, "x"));
}

Test(error, nearest_word)
{
    static const char *const words[] = {"cortex-a7", "cortex-a15", "max", NULL};
    cr_assert_str_eq(error_nearest("cortex-a14", words), "cortex-a15");
    cr_assert_str_eq(error_nearest("cortexa7", words), "cortex-a7");
    cr_assert_null(error_nearest("zzzzzzzz", words));
}

Test(log, categories)
{
    struct error e;
    uint32_t mask;
    cr_assert(log_parse("in_asm,int", &mask, &e));
    cr_assert_eq(mask, (uint32_t)(LOG_IN_ASM | LOG_INT));
    cr_assert_not(log_parse("in_asn", &mask, &e));
    cr_assert_not_null(strstr(e.text, "in_asm"));
    cr_assert_not_null(strstr(e.text, "in_asn"));
}

Test(log, address_filter)
{
    struct error e;
    cr_assert(log_filter_match(0x1234));
    cr_assert(log_filter_parse("0x1000+0x10,0x2000..0x20ff,0x3008-8", &e));
    cr_assert(log_filter_match(0x1000) && log_filter_match(0x100f) && !log_filter_match(0x1010));
    cr_assert(log_filter_match(0x20ff) && !log_filter_match(0x2100));
    cr_assert(log_filter_match(0x3000) && log_filter_match(0x3008) && !log_filter_match(0x3009));
    cr_assert_not(log_filter_parse("0x1000", &e));
    cr_assert_not(log_filter_parse("zzz+1", &e));
    cr_assert_not(log_filter_parse("0x1000+0x10junk", &e));
}

Test(arena, memory_is_aligned_and_distinct)
{
    struct arena a = {0};
    uint8_t *first = arena_alloc(&a, 1), *second = arena_alloc(&a, 100000),
            *third = arena_alloc(&a, 5);
    cr_assert_eq((uintptr_t)first % 16, 0);
    cr_assert_eq((uintptr_t)second % 16, 0);
    memset(second, 0xaa, 100000);
    *first = 1;
    *third = 3;
    cr_assert(*first == 1 && *third == 3 && second[0] == 0xaa && second[99999] == 0xaa);
    arena_reset(&a);
    cr_assert_eq(arena_alloc(&a, 1), first, "memory is used again after a reset");
    arena_free(&a);
}
