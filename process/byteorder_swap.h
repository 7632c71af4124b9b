/* Structures in the other byte order: numbers are reversed where they are, by the layout. */
#ifndef ARMEMU_PROCESS_BYTEORDER_SWAP_H
#define ARMEMU_PROCESS_BYTEORDER_SWAP_H

#include "process/syscall.h"

/** Reverse what @p holds of @len bytes; @conv: the struct's fields, for swap_structs. @to_host: it
 * is in the program's order now. */
typedef void swap_fn(uint8_t *p, uint32_t len, const struct conv *conv, bool to_host);

swap_fn swap_bytes, swap_halves, swap_words, swap_longs, swap_structs, swap_pollfds, swap_sockaddr,
    swap_handle, swap_control, swap_fiemap, swap_dedupe, swap_arp;

/** What read has got of an inotify descriptor, of a signalfd; entries of a directory whose inode
 * and offset have @number bytes: to the program's order. */
void swap_inotify(uint8_t *p, uint32_t len);
void swap_signals(uint8_t *p, uint32_t len);
void swap_entries(uint8_t *p, uint32_t len, unsigned number);

#endif
