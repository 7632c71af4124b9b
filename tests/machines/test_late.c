/* Timers of boards while the clock goes on between two looks at it, and the host's timers have not
 * run yet: a counter that has been at 0 is not seen reloaded before its interrupt. */
#include <criterion/criterion.h>

#include "tests/machines/bench.h"

static void never_goes_up(uint32_t counter, uint32_t reload)
{
    uint32_t last = reload;
    for (unsigned i = 0; i < 200; i++) {
        uint32_t value = bb_rd(counter);
        cr_assert(value <= last, "look %u: %u behind %u", i, value, last);
        last = value;
    }
    cr_assert_eq(last, 0);
}

Test(late, cmsdk_timer, .fini = bb_free)
{
    bb_build("mps2-an385");
    for (int64_t step = 13; step < 100; step++) {
        bb_step(0);
        bb_wr(0x40000000, 0);
        bb_wr(0x40000008, 20);
        bb_step(step);
        bb_wr(0x40000000, 9);
        never_goes_up(0x40000004, 20);
        bb_step(0);
        bb_advance(10000);
        bb_wr(0x4000000c, 1);
    }
}

Test(late, dual_timer, .fini = bb_free)
{
    bb_build("mps2-an385");
    for (int64_t step = 13; step < 100; step++) {
        bb_step(0);
        bb_wr(0x40002008, 0);
        bb_wr(0x40002000, 20);
        bb_step(step);
        bb_wr(0x40002008, 0xe2); /* enabled, periodic, with interrupt, 32 bits */
        never_goes_up(0x40002004, 20);
        bb_step(0);
        bb_advance(10000);
        bb_wr(0x4000200c, 1);
    }
}

Test(late, general_purpose_timer, .fini = bb_free)
{
    bb_build("lm3s6965evb");
    for (int64_t step = 13; step < 100; step++) {
        bb_step(0);
        bb_wr(0x4003000c, 0);
        bb_wr(0x40030004, 2);
        bb_wr(0x40030028, 20);
        bb_step(step);
        bb_wr(0x4003000c, 1);
        never_goes_up(0x40030048, 20);
        bb_step(0);
        bb_advance(10000);
        bb_wr(0x40030024, 1);
    }
}
