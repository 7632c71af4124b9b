/* The framing of the GDB protocol: what packets are, and any bytes at all. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "debug/gdb_packet.h"

static struct gdb_parser *parser_new(void)
{
    struct gdb_parser *p = malloc(sizeof(*p));
    cr_assert_not_null(p);
    memset(p, 0xa5, sizeof(*p));
    gdb_parser_reset(p);
    return p;
}

/* What the last byte of @text makes of it; all others must give nothing. */
static enum gdb_input feed(struct gdb_parser *p, const char *text, size_t len)
{
    enum gdb_input last = GDB_INPUT_NONE;
    for (size_t i = 0; i < len; i++) {
        cr_assert_eq(last, GDB_INPUT_NONE, "an event before byte %zu of %s", i, text);
        last = gdb_parser_feed(p, (uint8_t)text[i]);
    }
    return last;
}

static void expect_packet(const char *text, size_t len, const char *data, size_t data_len)
{
    struct gdb_parser *p = parser_new();
    cr_assert_eq(feed(p, text, len), GDB_INPUT_PACKET, "%s", text);
    cr_assert_eq(p->length, data_len);
    cr_assert_arr_eq(p->data, data, data_len);
    cr_assert_eq(p->data[data_len], 0);
    free(p);
}

Test(packet, well_formed)
{
    expect_packet("$#00", 4, "", 0);
    expect_packet("$g#67", 5, "g", 1);
    expect_packet("noise$OK#9a", 11, "OK", 2);
    expect_packet("$OK#9A", 6, "OK", 2);
    /* 0x7d + (0x23 ^ 0x20) = 0x80 */
    expect_packet("$}\x03#80", 6, "#", 1);
    expect_packet("$x\0y#f1", 7, "x\0y", 3);
    /* the rest of a packet that lost its end */
    expect_packet("$lost$g#67", 10, "g", 1);
}

/* What stubs tell unasked; whoever loses its end finds the next packet. */
Test(packet, notifications)
{
    struct gdb_parser *p = parser_new();
    cr_expect_eq(feed(p, "%Stop:W00#97", 12), GDB_INPUT_NOTIFICATION);
    cr_expect_str_eq(p->data, "Stop:W00");
    cr_expect_eq(feed(p, "%Stop:W00#98", 12), GDB_INPUT_BAD);
    cr_expect_eq(feed(p, "%Sto$OK#9a", 10), GDB_INPUT_PACKET);
    cr_expect_eq(feed(p, "$%#25", 5), GDB_INPUT_PACKET);
    free(p);
}

Test(packet, signs_between_packets)
{
    struct gdb_parser *p = parser_new();
    cr_expect_eq(feed(p, "+", 1), GDB_INPUT_ACK);
    cr_expect_eq(feed(p, "-", 1), GDB_INPUT_NAK);
    cr_expect_eq(feed(p, "\x03", 1), GDB_INPUT_INTERRUPT);
    cr_expect_eq(feed(p, "$+-\x03#5b", 7), GDB_INPUT_PACKET); /* inside they are contents */
    cr_expect_eq(p->length, 3);
    free(p);
}

Test(packet, malformed)
{
    static const char *const bad[] = {"$g#68", "$g#6x", "$g#x", "$}#7d", "$g#6$"};
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct gdb_parser *p = parser_new();
        cr_expect_eq(feed(p, bad[i], strlen(bad[i])), GDB_INPUT_BAD, "%s", bad[i]);
        if (i + 1 < sizeof(bad) / sizeof(bad[0]))
            cr_expect_eq(feed(p, "$g#67", 5), GDB_INPUT_PACKET, "behind %s", bad[i]);
        else /* the $ began a packet */
            cr_expect_eq(feed(p, "g#67", 4), GDB_INPUT_PACKET, "behind %s", bad[i]);
        free(p);
    }
}

Test(packet, longest)
{
    struct gdb_parser *p = parser_new();
    for (size_t extra = 0; extra < 2; extra++) {
        uint8_t sum = 0;
        cr_assert_eq(gdb_parser_feed(p, '$'), GDB_INPUT_NONE);
        for (size_t i = 0; i < GDB_PACKET_MAX + extra; i++, sum = (uint8_t)(sum + 'a'))
            cr_assert_eq(gdb_parser_feed(p, 'a'), GDB_INPUT_NONE);
        char end[4];
        snprintf(end, sizeof(end), "#%02x", sum);
        cr_expect_eq(feed(p, end, 3), extra ? GDB_INPUT_TOO_LONG : GDB_INPUT_PACKET);
        cr_expect(extra || p->length == GDB_PACKET_MAX);
    }
    free(p);
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* What is framed comes back, whatever it is. */
Test(packet, frames_round_trip)
{
    struct gdb_parser *p = parser_new();
    uint64_t random = 88172645463325252ull;
    for (unsigned round = 0; round < 3000; round++) {
        char data[300], frame[2 * sizeof(data) + 4];
        size_t len = next_random(&random) % sizeof(data);
        bool reserved = next_random(&random) & 1;
        for (size_t i = 0; i < len; i++)
            data[i] = reserved ? "$#}*+-\x03\0"[next_random(&random) % 8]
                               : (char)next_random(&random);
        size_t n = gdb_packet_frame(frame, data, len);
        cr_assert(n <= sizeof(frame));
        cr_assert_eq(feed(p, frame, n), GDB_INPUT_PACKET);
        cr_assert_eq(p->length, len);
        cr_assert_arr_eq(p->data, data, len);
    }
    free(p);
}

/* Any bytes: the parser keeps within its buffer, reports packets only with a right checksum
 * (checked by a second, naive reading), and finds a good packet behind anything. */
Test(packet, fuzz)
{
    static const char likely[] = "$#$#}}0123456789abcdef\x03+-gGmX";
    struct gdb_parser *p = parser_new();
    uint64_t random = 0x9e3779b97f4a7c15ull;
    uint8_t history[64 * 1024];
    size_t length = 0;
    for (unsigned i = 0; i < 4000000; i++) {
        uint64_t r = next_random(&random);
        uint8_t byte = r & 0x700 ? (uint8_t)likely[(r >> 16) % (sizeof(likely) - 1)] : (uint8_t)r;
        if (length == sizeof(history))
            length = 0, gdb_parser_reset(p);
        history[length++] = byte;
        enum gdb_input event = gdb_parser_feed(p, byte);
        cr_assert(p->length <= GDB_PACKET_MAX);
        if (event != GDB_INPUT_PACKET)
            continue;
        cr_assert_eq(history[length - 3], '#');
        uint8_t sum = 0;
        for (size_t k = length - 3; history[k - 1] != '$'; k--)
            sum = (uint8_t)(sum + history[k - 1]);
        char text[3];
        snprintf(text, sizeof(text), "%02x", sum);
        cr_assert(gdb_hex_digit((char)history[length - 2]) == gdb_hex_digit(text[0]) &&
                  gdb_hex_digit((char)history[length - 1]) == gdb_hex_digit(text[1]));
        cr_assert(p->length <= length);
        cr_assert_eq(p->data[p->length], 0);
    }
    gdb_parser_feed(p, '#'); /* ends whatever is open, in one of two ways */
    gdb_parser_feed(p, 'z');
    cr_assert_eq(feed(p, "$g#67", 5), GDB_INPUT_PACKET);
    free(p);
}
