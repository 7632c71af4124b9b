/*
 * The global exclusive monitor of a VM with several CPUs.
 *
 * Addresses are hashed (by host address of the RAM, so all aliases meet) onto versions that double
 * as locks: odd while a store-exclusive is in progress. LDREX remembers version and value, STREX
 * succeeds only when both are unchanged: a sequence of exclusive stores that ends in the old value
 * (ABA) is caught by the version, a plain store that changes the value by the compare-and-swap. A
 * plain store that writes the value that was there (or a pair of them that goes A-B-A) is not seen;
 * the architecture's users do not depend on that, since they publish through exclusive stores.
 */
#ifndef ARMEMU_ARM_EXCLUSIVE_H
#define ARMEMU_ARM_EXCLUSIVE_H

#include <stdatomic.h>
#include <stdint.h>

enum { ARM_EXCLUSIVE_SLOTS = 1024 };

struct arm_exclusives {
    _Atomic uint64_t version[ARM_EXCLUSIVE_SLOTS]; /* bit 0: locked */
    /* of host addresses: who meets whom is the same wherever the host has the RAM */
    uintptr_t origin;
};

#endif
