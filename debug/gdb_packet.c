#include "debug/gdb_packet.h"

enum { BETWEEN, CONTENTS, SUM_HIGH, SUM_LOW };
enum { ESCAPE = '}', ESCAPE_XOR = 0x20, INTERRUPT = 3 };

void gdb_parser_reset(struct gdb_parser *p)
{
    p->state = BETWEEN;
    p->length = 0;
}

bool gdb_parser_idle(const struct gdb_parser *p)
{
    return p->state == BETWEEN;
}

int gdb_hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static void begin(struct gdb_parser *p, bool notification)
{
    p->state = CONTENTS;
    p->notification = notification;
    p->sum = 0;
    p->escaped = p->too_long = false;
    p->raw_length = p->length = 0;
}

static enum gdb_input feed_between(struct gdb_parser *p, uint8_t byte)
{
    switch (byte) {
    case '$':
    case '%': begin(p, byte == '%'); return GDB_INPUT_NONE;
    case '+': return GDB_INPUT_ACK;
    case '-': return GDB_INPUT_NAK;
    case INTERRUPT: return GDB_INPUT_INTERRUPT;
    default: return GDB_INPUT_NONE;
    }
}

static void store(struct gdb_parser *p, uint8_t byte)
{
    if (p->raw_length++ >= GDB_PACKET_MAX) {
        p->too_long = true;
        return;
    }
    if (byte == ESCAPE && !p->escaped) {
        p->escaped = true;
        return;
    }
    p->data[p->length++] = (char)(p->escaped ? byte ^ ESCAPE_XOR : byte);
    p->escaped = false;
}

static enum gdb_input feed_contents(struct gdb_parser *p, uint8_t byte)
{
    if (byte == '$') { /* never inside of a packet: the rest of the one before was lost */
        begin(p, false);
        return GDB_INPUT_NONE;
    }
    if (byte == '#') {
        p->state = SUM_HIGH;
        return GDB_INPUT_NONE;
    }
    p->sum = (uint8_t)(p->sum + byte);
    store(p, byte);
    return GDB_INPUT_NONE;
}

static enum gdb_input feed_sum(struct gdb_parser *p, uint8_t byte)
{
    int digit = gdb_hex_digit((char)byte);
    if (digit < 0) {
        gdb_parser_reset(p);
        if (byte == '$')
            begin(p, false);
        return GDB_INPUT_BAD;
    }
    if (p->state == SUM_HIGH) {
        p->given_sum = (uint8_t)(digit << 4);
        p->state = SUM_LOW;
        return GDB_INPUT_NONE;
    }
    p->state = BETWEEN;
    if ((p->given_sum | digit) != p->sum || p->escaped)
        return GDB_INPUT_BAD;
    if (p->too_long)
        return GDB_INPUT_TOO_LONG;
    p->data[p->length] = 0;
    return p->notification ? GDB_INPUT_NOTIFICATION : GDB_INPUT_PACKET;
}

enum gdb_input gdb_parser_feed(struct gdb_parser *p, uint8_t byte)
{
    switch (p->state) {
    case BETWEEN: return feed_between(p, byte);
    case CONTENTS: return feed_contents(p, byte);
    default: return feed_sum(p, byte);
    }
}

size_t gdb_packet_frame(char *out, const char *data, size_t len)
{
    static const char hex[] = "0123456789abcdef";
    char *to = out;
    uint8_t sum = 0;
    *to++ = '$';
    for (size_t i = 0; i < len; i++) {
        uint8_t c = (uint8_t)data[i];
        if (c == '$' || c == '#' || c == '*' || c == ESCAPE) {
            *to++ = ESCAPE;
            sum += ESCAPE;
            c ^= ESCAPE_XOR;
        }
        *to++ = (char)c;
        sum += c;
    }
    *to++ = '#';
    *to++ = hex[sum >> 4];
    *to++ = hex[sum & 15];
    return (size_t)(to - out);
}
