/* Calls without files: consoles, time, command line, the end. Expectations are the
 * specification's. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "tests/semihosting/support.h"

#define ERROR 0xffffffffu
#define APPLICATION_EXIT 0x20026u

Test(calls, debug_channel)
{
    struct guest *g = guest_new(false, false, NULL);
    put_text(g, TEXT, "hello");
    call(g, SYS_WRITEC, TEXT + 1);
    cr_expect_str_eq(g->out[SEMIHOSTING_DEBUG], "e");
    call(g, SYS_WRITE0, TEXT);
    cr_expect_str_eq(g->out[SEMIHOSTING_DEBUG], "ehello");
    call(g, SYS_WRITEC, NOWHERE);
    call(g, SYS_WRITE0, NOWHERE);
    cr_expect_str_eq(g->out[SEMIHOSTING_DEBUG], "ehello");
    /* A string that runs into the end of memory ends there. */
    memset(g->mem + MEM_SIZE - 3, 'x', 3);
    call(g, SYS_WRITE0, MEM_BASE + MEM_SIZE - 3);
    cr_expect_eq(last_error(g), EFAULT);
    guest_free(g);
}

Test(calls, readc)
{
    struct guest *g = guest_new(false, false, NULL);
    g->input = "a\xff";
    cr_expect_eq(call(g, SYS_READC, 0), 'a');
    cr_expect_eq(call(g, SYS_READC, 0), 0xff);
    cr_expect_eq(call(g, SYS_READC, 0), ERROR);
    g->input_waits = true;
    call(g, SYS_READC, 0);
    cr_expect_eq(g->outcome, SEMIHOSTING_WAIT);
    guest_free(g);
}

Test(calls, consoles_by_mode)
{
    struct guest *g = guest_new(false, false, NULL);
    put_text(g, TEXT2, "12345");
    for (uint32_t mode = 0; mode < 12; mode++) {
        uint32_t h = open_name(g, ":tt", mode);
        cr_assert_neq(h, ERROR);
        cr_assert_neq(h, 0);
        cr_expect_eq(CALL(g, SYS_ISTTY, h), 1);
        cr_expect_eq(CALL(g, SYS_WRITE, h, TEXT2, 5), mode < 4 ? 5 : 0);
        cr_expect_eq(CALL(g, SYS_SEEK, h, 0), ERROR);
        cr_expect_eq(CALL(g, SYS_FLEN, h), ERROR);
        cr_expect_eq(CALL(g, SYS_CLOSE, h), 0);
        cr_expect_eq(CALL(g, SYS_CLOSE, h), ERROR);
    }
    cr_expect_str_eq(g->out[SEMIHOSTING_STDOUT], "12345123451234512345");
    cr_expect_str_eq(g->out[SEMIHOSTING_STDERR], "12345123451234512345");
    cr_expect_eq(open_name(g, ":tt", 12), ERROR);
    guest_free(g);
}

Test(calls, read_console)
{
    struct guest *g = guest_new(false, false, NULL);
    uint32_t h = open_name(g, ":tt", 0);
    g->input = "abc";
    g->input_waits = true;
    cr_expect_eq(CALL(g, SYS_READ, h, BUFFER, 10), 7, "what is there is returned at once");
    cr_expect_arr_eq(g->mem + (BUFFER - MEM_BASE), "abc", 3);
    CALL(g, SYS_READ, h, BUFFER, 10);
    cr_expect_eq(g->outcome, SEMIHOSTING_WAIT);
    g->input_waits = false;
    cr_expect_eq(CALL(g, SYS_READ, h, BUFFER, 10), 10, "end of file: nothing was read");
    cr_expect_eq(g->outcome, SEMIHOSTING_RETURN);
    g->input = "xyz"; /* a bad buffer must not lose input */
    cr_expect_eq(CALL(g, SYS_READ, h, ROM_BASE, 3), ERROR);
    cr_expect_str_eq(g->input, "xyz");
    guest_free(g);
}

Test(calls, features)
{
    struct guest *g = guest_new(false, false, NULL);
    uint32_t h = open_name(g, ":semihosting-features", 0);
    cr_assert_neq(h, ERROR);
    cr_expect_eq(CALL(g, SYS_FLEN, h), 5);
    cr_expect_eq(CALL(g, SYS_ISTTY, h), 0);
    cr_expect_eq(CALL(g, SYS_READ, h, BUFFER, 8), 3);
    cr_expect_arr_eq(g->mem + (BUFFER - MEM_BASE), "SHFB\3", 5);
    cr_expect_eq(CALL(g, SYS_SEEK, h, 4), 0);
    cr_expect_eq(CALL(g, SYS_READ, h, BUFFER + 8, 1), 0);
    cr_expect_eq(g->mem[BUFFER - MEM_BASE + 8], 3);
    cr_expect_eq(CALL(g, SYS_SEEK, h, 6), ERROR);
    cr_expect_eq(CALL(g, SYS_WRITE, h, BUFFER, 1), 1);
    cr_expect_eq(open_name(g, ":semihosting-features", 4), ERROR);
    guest_free(g);
}

Test(calls, time)
{
    struct guest *g = guest_new(false, false, NULL);
    g->now = 12345678901234;
    g->utc = 1700000000500000000;
    cr_expect_eq(call(g, SYS_CLOCK, 0), 1234567);
    cr_expect_eq(call(g, SYS_TIME, 0), 1700000000);
    cr_expect_eq(call(g, SYS_ELAPSED, BUFFER), 0);
    cr_expect_eq(get_word(g, BUFFER), 12345678901234 & 0xffffffff);
    cr_expect_eq(get_word(g, BUFFER + 4), 12345678901234 >> 32);
    cr_expect_eq(call(g, SYS_TICKFREQ, 0), 1000000000);
    cr_expect_eq(call(g, SYS_ELAPSED, ROM_BASE), ERROR);
    guest_free(g);
}

Test(calls, command_line)
{
    struct guest *g = guest_new(false, false, "prog a,b");
    cr_expect_eq(CALL(g, SYS_GET_CMDLINE, BUFFER, 9), 0);
    cr_expect_str_eq((char *)g->mem + (BUFFER - MEM_BASE), "prog a,b");
    cr_expect_eq(get_word(g, BLOCK + 4), 8);
    cr_expect_eq(CALL(g, SYS_GET_CMDLINE, BUFFER, 8), ERROR, "no room for the zero");
    cr_expect_eq(CALL(g, SYS_GET_CMDLINE, NOWHERE, 100), ERROR);
    guest_free(g);
}

Test(calls, heap)
{
    struct guest *g = guest_new(false, false, NULL);
    cr_expect_eq(CALL(g, SYS_HEAPINFO, BUFFER), 0);
    for (uint32_t i = 0; i < 4; i++)
        cr_expect_eq(get_word(g, BUFFER + 4 * i), i + 1);
    cr_expect_eq(CALL(g, SYS_HEAPINFO, ROM_BASE), ERROR);
    guest_free(g);
}

Test(calls, small_ones)
{
    struct guest *g = guest_new(false, false, NULL);
    cr_expect_eq(CALL(g, SYS_ISERROR, 5), 0);
    cr_expect_neq(CALL(g, SYS_ISERROR, (uint32_t)-5), 0);
    put_text(g, TEXT, "touch /tmp/x");
    cr_expect_eq(CALL(g, SYS_SYSTEM, TEXT, 12), ERROR);
    cr_expect_eq(last_error(g), 88, "ENOSYS of newlib");
    cr_expect_eq(call(g, 0x14, 0), ERROR);
    cr_expect_eq(call(g, 0x12345, 0), ERROR);
    cr_expect_eq(CALL(g, SYS_ISTTY, 0), ERROR);
    cr_expect_eq(CALL(g, SYS_ISTTY, 0x80000000), ERROR);
    cr_expect_eq(last_error(g), EBADF);
    cr_expect_str_eq(semihosting_name(0x20), "SYS_EXIT_EXTENDED");
    cr_expect_null(semihosting_name(0x17));
    guest_free(g);
}

Test(calls, blocks_at_bad_addresses)
{
    static const uint32_t with_block[] = {SYS_OPEN, SYS_CLOSE, SYS_WRITE, SYS_READ, SYS_ISERROR,
        SYS_ISTTY, SYS_SEEK, SYS_FLEN, SYS_TMPNAM, SYS_REMOVE, SYS_RENAME, SYS_SYSTEM,
        SYS_GET_CMDLINE, SYS_HEAPINFO, SYS_EXIT_EXTENDED, SYS_ELAPSED};
    static const uint32_t bad[] = {0, 0xfffffffc, 0xffffffff, NOWHERE, MEM_BASE + MEM_SIZE - 2};
    struct guest *g = guest_new(true, false, NULL);
    for (unsigned i = 0; i < sizeof(with_block) / 4; i++)
        for (unsigned k = 0; k < sizeof(bad) / 4; k++) {
            cr_expect_eq(call(g, with_block[i], bad[k]), ERROR, "%x at %x", with_block[i], bad[k]);
            cr_expect_eq(g->outcome, SEMIHOSTING_RETURN);
        }
    guest_free(g);
}

Test(calls, exit)
{
    struct guest *g = guest_new(false, false, NULL);
    call(g, SYS_EXIT, APPLICATION_EXIT);
    cr_expect_eq(g->outcome, SEMIHOSTING_EXIT);
    cr_expect_eq(g->end.status, 0);
    cr_expect_str_eq(g->end.name, "ADP_Stopped_ApplicationExit");
    call(g, SYS_EXIT, 0x20023);
    cr_expect_eq(g->end.status, 1);
    cr_expect_str_eq(g->end.name, "ADP_Stopped_RunTimeErrorUnknown");
    call(g, SYS_EXIT, 0);
    cr_expect_eq(g->end.status, 1);
    cr_expect_null(g->end.name);
    static const struct {
        uint32_t code;
        int status;
    } codes[] = {{0, 0}, {1, 1}, {42, 42}, {255, 255}, {256, 255}, {(uint32_t)-1, 255}, {257, 1}};
    for (unsigned i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        CALL(g, SYS_EXIT_EXTENDED, APPLICATION_EXIT, codes[i].code);
        cr_expect_eq(g->outcome, SEMIHOSTING_EXIT);
        cr_expect_eq(g->end.status, codes[i].status, "%u", codes[i].code);
        cr_expect_eq(g->end.code, codes[i].code);
    }
    CALL(g, SYS_EXIT_EXTENDED, 0x20024, 0);
    cr_expect_eq(g->end.status, 1);
    guest_free(g);
}

Test(calls, big_endian)
{
    struct guest *g = guest_new(false, false, "x");
    g->ops.big_endian = true;
    CALL(g, SYS_EXIT_EXTENDED, APPLICATION_EXIT, 7);
    cr_expect_eq(g->end.status, 7);
    cr_expect_eq(CALL(g, SYS_HEAPINFO, BUFFER), 0);
    cr_expect_eq(get_word(g, BUFFER), 0x01000000);
    guest_free(g);
}
