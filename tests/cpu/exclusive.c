/* The exclusive monitor with several CPUs. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "tests/cpu/fixture.h"

static uint64_t ldrex(struct arm_state *s, uint32_t addr, unsigned log2)
{
    return arm_helper_ldrex(&s->env, addr, log2, 0, 0);
}

static uint64_t strex(struct arm_state *s, uint32_t addr, uint64_t v, unsigned log2)
{
    return arm_helper_strex(&s->env, addr, v, log2, 0);
}

Test(exclusive, pair)
{
    struct machine *m = machine_new("cortex-a15", 0);
    uint32_t word = 5;

    memcpy(m->ram + 0x100, &word, 4);
    cr_assert_eq(ldrex(&m->s, 0x100, 2), 5);
    cr_assert_eq(strex(&m->s, 0x100, 6, 2), 0);
    cr_assert_eq(m->ram[0x100], 6);
    cr_assert_eq(strex(&m->s, 0x100, 7, 2), 1, "the monitor is open");
    ldrex(&m->s, 0x100, 2);
    cr_assert_eq(strex(&m->s, 0x104, 7, 2), 1, "another address");
    ldrex(&m->s, 0x100, 2);
    arm_helper_clrex(&m->s.env, 0, 0, 0, 0);
    cr_assert_eq(strex(&m->s, 0x100, 7, 2), 1);
    ldrex(&m->s, 0x100, 2);
    m->ram[0x100] = 9; /* a plain store in between */
    cr_assert_eq(strex(&m->s, 0x100, 7, 2), 1);
    cr_assert_eq(m->ram[0x100], 9);
    free(m);
}

/* Another CPU writes another value and the old one again, by exclusives: this must be noticed. */
Test(exclusive, aba_is_caught)
{
    struct machine *m = machine_new("cortex-a15", 0);
    static struct arm_state other;

    other = m->s;
    ldrex(&m->s, 0x200, 3);
    ldrex(&other, 0x200, 3);
    cr_assert_eq(strex(&other, 0x200, 1, 3), 0);
    ldrex(&other, 0x200, 3);
    cr_assert_eq(strex(&other, 0x200, 0, 3), 0);
    cr_assert_eq(strex(&m->s, 0x200, 2, 3), 1);
    free(m);
}

Test(exclusive, faults)
{
    struct machine *m = machine_new("cortex-a15", 0);

    machine_at(m, 0x8000, 0, 4);
    ldrex(&m->s, 0x102, 2);
    cr_assert(machine_raised(m));
    cr_assert_eq(m->s.cp15.dfsr[0], 1, "alignment");
    strex(&m->s, 0x80000000, 1, 2);
    cr_assert(machine_raised(m));
    cr_assert_eq(m->s.cp15.dfsr[0], 0x805, "translation fault of a write, monitor open or not");
    free(m);
}

Test(exclusive, swp)
{
    struct machine *m = machine_new("arm926", 0);

    m->ram[0x10] = 3;
    cr_assert_eq(arm_helper_swp(&m->s.env, 0x10, 4, 0, 0), 3);
    cr_assert_eq(m->ram[0x10], 4);
    free(m);
}

enum { ROUNDS = 100000 };

static void *increment(void *opaque)
{
    struct arm_state *s = opaque;

    for (unsigned i = 0; i < ROUNDS; i++)
        while (strex(s, 0x300, ldrex(s, 0x300, 2) + 1, 2))
            continue;
    return NULL;
}

Test(exclusive, threads_lose_no_increment)
{
    struct machine *m = machine_new("cortex-a15", 0);
    static struct arm_state cpu[2];
    pthread_t thread[2];
    uint32_t sum;

    for (unsigned i = 0; i < 2; i++) {
        cpu[i] = m->s;
        pthread_create(&thread[i], NULL, increment, &cpu[i]);
    }
    for (unsigned i = 0; i < 2; i++)
        pthread_join(thread[i], NULL);
    memcpy(&sum, m->ram + 0x300, 4);
    cr_assert_eq(sum, 2 * ROUNDS);
    free(m);
}
