/*
 * The framing of the GDB remote serial protocol: a stream of bytes becomes packets,
 * acknowledgements and interrupt requests; and a reply is put into a frame. Pure: no input or
 * output.
 */
#ifndef ARMEMU_DEBUG_GDB_PACKET_H
#define ARMEMU_DEBUG_GDB_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    GDB_PACKET_MAX = 0x10000, /* bytes of a packet's contents, as sent; announced as PacketSize */
};

enum gdb_input {
    GDB_INPUT_NONE,         /* more bytes are needed */
    GDB_INPUT_PACKET,       /* a packet is in parser.data, unescaped and with a NUL behind it */
    GDB_INPUT_NOTIFICATION, /* the same of what began with '%' instead of '$': of stubs, debuggers
                               send none */
    GDB_INPUT_ACK,          /* '+' */
    GDB_INPUT_NAK,          /* '-': send the last packet again */
    GDB_INPUT_INTERRUPT,    /* byte 3, outside of a packet */
    GDB_INPUT_BAD,          /* a packet with a wrong checksum, or no hexadecimal digits there */
    GDB_INPUT_TOO_LONG,     /* a packet longer than GDB_PACKET_MAX, otherwise intact; dropped */
};

struct gdb_parser {
    uint8_t state;
    uint8_t sum, given_sum;
    bool escaped, too_long, notification;
    size_t raw_length; /* bytes received between $ and # */
    size_t length;     /* of data */
    char data[GDB_PACKET_MAX + 1];
};

/** Forget whatever is half received. */
void gdb_parser_reset(struct gdb_parser *p);

/** Is nothing half received? */
bool gdb_parser_idle(const struct gdb_parser *p);

/** Take one byte. Bytes between packets that mean nothing are skipped. */
enum gdb_input gdb_parser_feed(struct gdb_parser *p, uint8_t byte);

/** Value of a hexadecimal digit, -1 if @c is none. */
int gdb_hex_digit(char c);

/**
 * Frame @len bytes of @data as "$data#sum", with what the protocol reserves escaped. @out has room
 * for 2 * @len + 4 bytes. Returns the length.
 */
size_t gdb_packet_frame(char *out, const char *data, size_t len);

#endif
