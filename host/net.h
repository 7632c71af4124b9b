/*
 * Network back ends: what a network interface of the guest is connected to. A back end and one
 * front end, the interface, exchange Ethernet frames without their check sequence.
 *
 * All functions are called with the device lock held, or before the loop runs; callbacks that do
 * not come from within a call come from the loop, under that lock.
 */
#ifndef ARMEMU_HOST_NET_H
#define ARMEMU_HOST_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "host/loop.h"
#include "util/error.h"

struct net;     /* a back end */
struct net_set; /* those of one VM */

/* The longest frame, with a VLAN tag; a front end may send shorter ones only, and gets no
 * others. */
enum { NET_FRAME_MAX = 1518 };
/* Frames that wait for a front end; more are dropped. */
enum { NET_QUEUE_MAX = 128 };

/** A front end. Without can_receive it takes everything. */
struct net_frontend {
    bool (*can_receive)(void *opaque); /* is there room for a frame? */
    void (*receive)(void *opaque, const uint8_t *frame, size_t len);
};

/** What makes a back end: frames of the front end, and its end. `free` may be NULL. */
struct net_backend {
    void (*send)(void *opaque, const uint8_t *frame, size_t len);
    void (*free)(void *opaque);
};

/** A back end that leads to @ops (which must stay) with @opaque; of no set. */
struct net *net_new(const struct net_backend *ops, void *opaque);
/** End @net (NULL is allowed); frames that wait are dropped. */
void net_free(struct net *net);

/** Connect a front end; @ops must stay. NULL disconnects. */
void net_attach(struct net *net, const struct net_frontend *ops, void *opaque);
/** The front end sends a frame; too long ones are dropped. */
void net_send(struct net *net, const uint8_t *frame, size_t len);
/** The front end has room again: gives it frames that wait, within this call. */
void net_accept_input(struct net *net);

/** For back ends: a frame for the front end. It waits where there is no room. */
void net_deliver(struct net *net, const uint8_t *frame, size_t len);

/* ---- the command line's back ends (net_options.c) -------------------------------------------- */

/** An empty set whose back ends use @loop. */
struct net_set *net_set_new(struct loop *loop);
/** End all back ends; after their front ends, before loop_free. */
void net_set_free(struct net_set *set);
/**
 * `-netdev @spec`: user,id=ID[,option=value...], as net_print_help prints the options; ",," is a
 * comma inside a value. @option names the option in errors ("-netdev"). Without @need_id the id may
 * be left out (`-nic`, `-net`). Returns NULL on errors.
 */
struct net *net_add(struct net_set *set, const char *spec, const char *option, bool need_id,
                    struct error *e);
/** The back end of `-netdev ...,id=@id`, for one front end: an error where there is none, or where
 * it was claimed before. */
struct net *net_claim(struct net_set *set, const char *id, struct error *e);
/** Was the back end that net_add made as number @index claimed? */
bool net_is_claimed(const struct net_set *set, unsigned index);
/** Print kinds and their options, for `-netdev help`. */
void net_print_help(FILE *out);

/** Parse "52:54:00:12:34:56" (or with dashes) into a number with the first byte on top. An address
 * of a group is no address of an interface. */
bool net_parse_mac(const char *text, uint64_t *mac);

#endif
