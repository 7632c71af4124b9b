/* Accesses of the guest's memory, which others may be accessing too: one host access each, so that
 * they see all of it or nothing. */
#ifndef ARMEMU_UTIL_ACCESS_H
#define ARMEMU_UTIL_ACCESS_H

#include <stdint.h>

typedef uint16_t access_u16 __attribute__((aligned(1), may_alias));
typedef uint32_t access_u32 __attribute__((aligned(1), may_alias));
typedef uint64_t access_u64 __attribute__((aligned(1), may_alias));

/** The 1 << @log2 bytes at @p, zero extended. */
static inline uint64_t access_load(const void *p, unsigned log2)
{
    switch (log2) {
    case 0: return __atomic_load_n((const uint8_t *)p, __ATOMIC_RELAXED);
    case 1: return __atomic_load_n((const access_u16 *)p, __ATOMIC_RELAXED);
    case 2: return __atomic_load_n((const access_u32 *)p, __ATOMIC_RELAXED);
    default: return __atomic_load_n((const access_u64 *)p, __ATOMIC_RELAXED);
    }
}

/** Store the low 1 << @log2 bytes of @v at @p. */
static inline void access_store(void *p, unsigned log2, uint64_t v)
{
    switch (log2) {
    case 0: __atomic_store_n((uint8_t *)p, (uint8_t)v, __ATOMIC_RELAXED); break;
    case 1: __atomic_store_n((access_u16 *)p, (uint16_t)v, __ATOMIC_RELAXED); break;
    case 2: __atomic_store_n((access_u32 *)p, (uint32_t)v, __ATOMIC_RELAXED); break;
    default: __atomic_store_n((access_u64 *)p, v, __ATOMIC_RELAXED); break;
    }
}

#endif
