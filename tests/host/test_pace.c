#include <criterion/criterion.h>

#include "host/pace.h"

enum { REQUESTS = 50000 };

/* A peer asks @thinking ns after each answer, and the host wakes within @waking. With @same_cpu it
 * cannot run while somebody spins. How many requests were waited for by spinning, in vain, and how
 * long all took. */
static void ask(int64_t thinking, int64_t waking, bool same_cpu, unsigned *spun, unsigned *vain,
                int64_t *took)
{
    struct pace p = {0};
    int64_t now = 1000000000, begin = now;
    *spun = *vain = 0;
    for (unsigned i = 0; i < REQUESTS; i++) {
        bool spins = pace_spins(&p), found = spins && !same_cpu && thinking < PACE_SPIN_NS;
        if (spins) {
            pace_spun(&p, found);
            ++*spun;
            *vain += !found;
        }
        now += found ? thinking : thinking + waking + (spins && same_cpu ? PACE_SPIN_NS : 0);
        pace_served(&p, now);
    }
    *took = now - begin;
}

Test(pace, spins_for_a_peer_that_asks_again_at_once)
{
    unsigned spun, vain;
    int64_t took;
    ask(5000, 30000, false, &spun, &vain, &took);
    cr_assert_gt(spun, REQUESTS * 9 / 10);
    cr_assert_eq(vain, 0);
    cr_assert_lt(took, REQUESTS * (int64_t)7000);
}

Test(pace, does_not_spin_in_vain)
{
    unsigned spun, vain;
    int64_t took;
    ask(5000, 2000, true, &spun, &vain, &took); /* the peer waits for this CPU */
    cr_assert_lt(vain, REQUESTS / 500);
    ask(200000, 30000, false, &spun, &vain, &took); /* the peer thinks */
    cr_assert_lt(vain, REQUESTS / 500);
}

Test(pace, does_not_spin_for_nothing)
{
    unsigned spun, vain;
    int64_t took;
    ask(20000, 0, false, &spun, &vain, &took); /* it is as fast without */
    cr_assert_lt(spun, REQUESTS / 20);
}

Test(pace, finds_out_that_things_have_changed)
{
    struct pace p = {0};
    int64_t now = 0;
    unsigned late = 0;
    for (unsigned i = 0; i < REQUESTS; i++) {
        bool spins = pace_spins(&p), pays = i >= REQUESTS / 2;
        if (spins)
            pace_spun(&p, pays);
        now += spins && !pays ? 60000 : spins ? 5000 : 30000;
        pace_served(&p, now);
        late += spins && i >= REQUESTS * 3 / 4;
    }
    cr_assert_gt(late, REQUESTS / 5);
}
