#include <stdio.h>
#include <stdlib.h>

#include "ir/opt/passes.h"
#include "util/bits.h"

static const struct {
    const char *name;
    void (*run)(struct ir_block *b);
} pipeline[] = {
    {"forward_slots", ir_opt_forward_slots},
    {"dead_flags", ir_opt_dead_flags},
    {"simplify", ir_opt_simplify},
    {"carry_apart", ir_opt_carry_apart},
    {"alignment", ir_opt_alignment},
    {"dead_slots", ir_opt_dead_slots},
    {"dead_code", ir_opt_dead_code},
};

#ifdef ARMEMU_CHECKED
/* A pass that breaks a rule is a bug: show the block and stop. */
static void check(const struct ir_block *b, const char *after)
{
    struct error e;
    if (ir_verify(b, &e))
        return;
    fprintf(stderr, "IR not valid after %s: %s\n", after, e.text);
    ir_print(b, stderr);
    abort();
}
#else
static void check(const struct ir_block *b, const char *after)
{
}
#endif

void ir_optimise(struct ir_block *b)
{
    check(b, "translation");
    for (unsigned i = 0; i < ARRAY_SIZE(pipeline); i++) {
        pipeline[i].run(b);
        check(b, pipeline[i].name);
    }
}
