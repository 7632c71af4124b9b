/* Structures in the other byte order. */
#include "process/byteorder_swap.h"

#include <string.h>
#include <sys/socket.h>

#include "util/bits.h"

static void reverse(uint8_t *p, unsigned size)
{
    for (unsigned i = 0; i < size / 2; i++) {
        uint8_t byte = p[i];
        p[i] = p[size - 1 - i];
        p[size - 1 - i] = byte;
    }
}

static void reverse_all(uint8_t *p, uint32_t len, unsigned size)
{
    for (uint32_t i = 0; i + size <= len; i += size)
        reverse(p + i, size);
}

void swap_bytes(uint8_t *p, uint32_t len, const struct conv *conv, bool to_host)
{
}

void swap_halves(uint8_t *p, uint32_t len, const struct conv *conv, bool to_host)
{
    reverse_all(p, len, 2);
}

void swap_words(uint8_t *p, uint32_t len, const struct conv *conv, bool to_host)
{
    reverse_all(p, len, 4);
}

void swap_longs(uint8_t *p, uint32_t len, const struct conv *conv, bool to_host)
{
    reverse_all(p, len, 8);
}

void swap_structs(uint8_t *p, uint32_t len, const struct conv *conv, bool to_host)
{
    for (uint32_t at = 0; at + conv->guest_size <= len; at += conv->guest_size) {
        for (unsigned i = 0; i < conv->count; i++) {
            const struct conv_field *f = &conv->fields[i];
            if (f->order == CONV_WORDS)
                reverse_all(p + at + f->guest, f->guest_size, 4);
            else
                reverse(p + at + f->guest, f->order ? f->order : f->guest_size);
        }
    }
}

/* Descriptor, and two sets of events. */
void swap_pollfds(uint8_t *p, uint32_t len, const struct conv *conv, bool to_host)
{
    for (uint32_t at = 0; at + 8 <= len; at += 8) {
        reverse(p + at, 4);
        reverse_all(p + at + 4, 4, 2);
    }
}

/* Only the family, and of netlink the rest, is in the program's order. */
void swap_sockaddr(uint8_t *p, uint32_t len, const struct conv *conv, bool to_host)
{
    uint16_t family;
    if (len < 2)
        return;
    if (to_host)
        reverse(p, 2);
    memcpy(&family, p, 2);
    if (!to_host)
        reverse(p, 2);
    if (family == AF_NETLINK && len >= 12)
        reverse_all(p + 4, 8, 4);
    else if (family == AF_INET6 && len >= 28)
        reverse(p + 24, 4);
}

/* The length of a file handle and its type; the rest is opaque. */
void swap_handle(uint8_t *p, uint32_t len, const struct conv *conv, bool to_host)
{
    reverse_all(p, len < 8 ? len : 8, 4);
}

/* Is ancillary data made of words? */
static bool control_of_words(uint32_t level, uint32_t len)
{
    return len % 4 == 0 && (level == SOL_SOCKET || len == 4);
}

void swap_control(uint8_t *p, uint32_t len, const struct conv *conv, bool to_host)
{
    enum { HEADER = 12 };
    for (uint32_t at = 0; at + HEADER <= len;) {
        uint32_t head[3];
        if (to_host)
            reverse_all(p + at, HEADER, 4);
        memcpy(head, p + at, HEADER);
        if (!to_host)
            reverse_all(p + at, HEADER, 4);
        if (head[0] < HEADER || head[0] > len - at)
            return;
        if (control_of_words(head[1], head[0] - HEADER))
            reverse_all(p + at + HEADER, head[0] - HEADER, 4);
        at += (uint32_t)align_up(head[0], 4);
    }
}

/* Of ioctl: a header of two longs and four words, and extents of five longs and four words. */
void swap_fiemap(uint8_t *p, uint32_t len, const struct conv *conv, bool to_host)
{
    enum { LONGS = 16, HEADER = 32, EXTENT_LONGS = 40, EXTENT = 56 };
    reverse_all(p, LONGS, 8);
    reverse_all(p + LONGS, HEADER - LONGS, 4);
    for (uint32_t at = HEADER; at + EXTENT <= len; at += EXTENT) {
        reverse_all(p + at, EXTENT_LONGS, 8);
        reverse_all(p + at + EXTENT_LONGS, EXTENT - EXTENT_LONGS, 4);
    }
}

/* Offset and length, a count of 16 bits; and for each of these descriptor, offset and length, and
 * a status of 32 bits. */
void swap_dedupe(uint8_t *p, uint32_t len, const struct conv *conv, bool to_host)
{
    enum { LONGS = 16, HEADER = 24, RANGE_LONGS = 24, RANGE = 32 };
    reverse_all(p, LONGS, 8);
    reverse(p + LONGS, 2);
    for (uint32_t at = HEADER; at + RANGE <= len; at += RANGE) {
        reverse_all(p + at, RANGE_LONGS, 8);
        reverse_all(p + at + RANGE_LONGS, RANGE - RANGE_LONGS, 4);
    }
}

/* Three addresses, flags behind the second, and a name. */
void swap_arp(uint8_t *p, uint32_t len, const struct conv *conv, bool to_host)
{
    enum { ADDRESS = 16, FLAGS = 32, MASK = 36, SIZE = 68 };
    if (len < SIZE)
        return;
    reverse(p, 2);
    reverse(p + ADDRESS, 2);
    reverse(p + FLAGS, 4);
    reverse(p + MASK, 2);
}

/* Watch, mask, cookie, length; name. */
void swap_inotify(uint8_t *p, uint32_t len)
{
    enum { HEADER = 16 };
    for (uint32_t at = 0, name; at + HEADER <= len; at += HEADER + name) {
        memcpy(&name, p + at + 12, 4);
        reverse_all(p + at, HEADER, 4);
        if (name > len)
            return;
    }
}

/* struct signalfd_siginfo: words, but for four longs and a half. */
void swap_signals(uint8_t *p, uint32_t len)
{
    enum { SIZE = 128, LONGS = 48, LONGS_END = 88, HALF = 88 };
    for (uint32_t at = 0; at + SIZE <= len; at += SIZE) {
        reverse_all(p + at, LONGS, 4);
        reverse_all(p + at + LONGS, LONGS_END - LONGS, 8);
        reverse(p + at + HALF, 2);
    }
}

/* Directory entries: inode, offset, length of the entry, and what needs no conversion. */
void swap_entries(uint8_t *p, uint32_t len, unsigned number)
{
    uint16_t size = 0;
    for (uint32_t at = 0; at + 2 * number + 2 <= len && (at == 0 || size); at += size) {
        memcpy(&size, p + at + 2 * number, 2);
        reverse_all(p + at, 2 * number, number);
        reverse(p + at + 2 * number, 2);
    }
}
