/* Page tables in a buffer that stands for physical memory from address 0 on. */
#ifndef ARMEMU_TESTS_SOFTMMU_WALK_FIXTURE_H
#define ARMEMU_TESTS_SOFTMMU_WALK_FIXTURE_H

#include <criterion/criterion.h>
#include <string.h>

#include "softmmu/arm/arm_walk.h"

enum { WALK_MEMORY = 0x20000 };

struct walk_fixture {
    uint8_t bytes[WALK_MEMORY];
    struct arm_walk_regs regs;
    struct arm_translation t;
    struct arm_fault fault;
};

static inline bool walk_read(void *opaque, uint64_t phys, unsigned size, uint64_t *value)
{
    struct walk_fixture *f = opaque;

    if (phys + size > WALK_MEMORY)
        return false;
    *value = 0;
    memcpy(value, f->bytes + phys, size);
    return true;
}

static inline void put32(struct walk_fixture *f, uint32_t phys, uint32_t v)
{
    memcpy(f->bytes + phys, &v, 4);
}

static inline void put64(struct walk_fixture *f, uint32_t phys, uint64_t v)
{
    memcpy(f->bytes + phys, &v, 8);
}

static inline bool walk(struct walk_fixture *f, uint32_t va, enum arm_access access,
                        bool privileged)
{
    const struct arm_walk_memory memory = {.read = walk_read, .opaque = f};

    return arm_walk(&f->regs, &memory, va, access, privileged, &f->t, &f->fault);
}

/* The rights as a string: "rwx" with - for what is missing. */
static inline const char *rights(struct walk_fixture *f, uint32_t va, bool privileged)
{
    static const char *const names[] = {"---", "--x", "-w-", "-wx", "r--", "r-x", "rw-", "rwx"};
    bool r = walk(f, va, ARM_ACCESS_READ, privileged);
    bool w = walk(f, va, ARM_ACCESS_WRITE, privileged);
    bool x = walk(f, va, ARM_ACCESS_FETCH, privileged);

    return names[r << 2 | w << 1 | x];
}

#endif
