/*
 * The page of helpers that ARM Linux gives every program at 0xffff0000: entry points at fixed
 * addresses, here as guest code. Behind them are the instructions that signal handlers return to.
 */
#include <string.h>
#include <sys/mman.h>

#include "process/internal.h"
#include "util/bits.h"

enum { KUSER_HELPER_VERSION = 5, KUSER_VERSION = 0xffc };

struct piece {
    uint16_t offset;
    uint64_t feature, without; /* what the CPU must have, and must not have; 0: no matter */
    uint8_t count;
    uint32_t code[13];
};

#define WITH(f) ARM_FEATURE(f), 0
#define WITHOUT(f) 0, ARM_FEATURE(f)

static const struct piece pieces[] = {
    /* sigreturn and rt_sigreturn in A32, then both in Thumb */
    {0x500, 0, 0, 6,
     {0xe3a07077, 0xef000000, /* mov r7, #119; svc #0 */
      0xe3a070ad, 0xef000000, /* mov r7, #173; svc #0 */
      0xdf002777, 0xdf0027ad}},
    /* cmpxchg64(old *r0, new *r1, ptr r2) */
    {0xf60, WITH(V6K), 12,
     {0xe92d00f0, /* push {r4-r7} */
      0xe1c040d0, /* ldrd r4, r5, [r0] */
      0xe1c160d0, /* ldrd r6, r7, [r1] */
      0xe1b20f9f, /* 1: ldrexd r0, r1, [r2] */
      0xe0303004, /* eors r3, r0, r4 */
      0x00313005, /* eorseq r3, r1, r5 */
      0x01a23f96, /* strexdeq r3, r6, r7, [r2] */
      0x03330001, /* teqeq r3, #1 */
      0x0afffff9, /* beq 1b */
      0xe2730000, /* rsbs r0, r3, #0 */
      0xe8bd00f0, /* pop {r4-r7} */
      0xe12fff1e}},
    {0xf60, WITHOUT(V6K), 8, /* as below, with arm_cmpxchg64 */
     {0xe52d7004, 0xe3a0780f, 0xe3877cff, 0xe38770f1, 0xef000000, 0xe49d7004, 0xe2700000,
      0xe12fff1e}},
    /* memory barrier */
    {0xfa0, WITH(V7), 2, {0xf57ff05b, 0xe12fff1e}},   /* dmb ish */
    {0xfa0, WITHOUT(V7), 1, {0xe12fff1e}},
    /* cmpxchg(old r0, new r1, ptr r2): r0 is 0 and C is set when it was done */
    {0xfc0, WITH(V6), 7,
     {0xe1923f9f, /* 1: ldrex r3, [r2] */
      0xe0533000, /* subs r3, r3, r0 */
      0x01823f91, /* strexeq r3, r1, [r2] */
      0x03330001, /* teqeq r3, #1 */
      0x0afffffa, /* beq 1b */
      0xe2730000, /* rsbs r0, r3, #0 */
      0xe12fff1e}},
    {0xfc0, WITHOUT(V6), 8, /* nothing that these processors have is atomic for several threads */
     {0xe52d7004, /* push {r7} */
      0xe3a0780f, /* mov r7, #0xf0000 */
      0xe3877cff, /* orr r7, r7, #0xff00 */
      0xe38770f0, /* orr r7, r7, #0xf0: arm_cmpxchg */
      0xef000000, 0xe49d7004, 0xe2700000, /* rsbs r0, r0, #0 */
      0xe12fff1e}},
    /* thread pointer */
    {0xfe0, WITH(V6K), 2, {0xee1d0f70, 0xe12fff1e}},  /* mrc p15, 0, r0, c13, c0, 3 */
    {0xfe0, WITHOUT(V6K), 6,
     {0xe52d7004, /* push {r7}: the kernel's is a word in this page, which all threads would have */
      0xe3a0780f, /* mov r7, #0xf0000 */
      0xe3877006, /* orr r7, r7, #6: arm_get_tls */
      0xef000000, 0xe49d7004, 0xe12fff1e}},
    {KUSER_VERSION, 0, 0, 1, {KUSER_HELPER_VERSION}},
};

void kuser_set_order(struct process *p)
{
    uint32_t version = guest_order32(p, KUSER_HELPER_VERSION);
    mprotect(space_host(&p->space, SPACE_KUSER), SPACE_PAGE, PROT_READ | PROT_WRITE);
    memcpy(space_host(&p->space, SPACE_KUSER + KUSER_VERSION), &version, sizeof(version));
    mprotect(space_host(&p->space, SPACE_KUSER), SPACE_PAGE, PROT_READ);
}

bool kuser_map(struct process *p, struct error *e)
{
    uint64_t features = p->config.cpu_model->features;
    if (!space_map_fixed(&p->space, SPACE_KUSER, SPACE_PAGE, PROT_READ | PROT_WRITE, e))
        return false;
    for (unsigned i = 0; i < ARRAY_SIZE(pieces); i++) {
        const struct piece *k = &pieces[i];
        if ((features & k->feature) == k->feature && !(features & k->without))
            memcpy(space_host(&p->space, SPACE_KUSER + k->offset), k->code, 4 * k->count);
    }
    pthread_mutex_lock(&p->space.page_lock);
    atomic_store(&p->space.flags[SPACE_KUSER / SPACE_PAGE], SPACE_MAPPED | SPACE_READ | SPACE_EXEC);
    mprotect(space_host(&p->space, SPACE_KUSER), SPACE_PAGE, PROT_READ);
    pthread_mutex_unlock(&p->space.page_lock);
    return true;
}
