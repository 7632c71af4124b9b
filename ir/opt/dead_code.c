#include <string.h>

#include "ir/opt/passes.h"
#include "ir/opt/rename.h"

/* Keep the ops i with keep[i] != 0 and rename the arguments. */
static void compact(struct ir_block *b, const uint8_t *keep)
{
    int32_t *name = ir_names_new(b);
    uint32_t n = 0;
    for (uint32_t i = 0; i < b->count; i++) {
        if (!keep[i])
            continue;
        name[i] = (int32_t)n;
        b->ops[n] = b->ops[i];
        ir_names_apply(name, &b->ops[n]);
        n++;
    }
    b->count = n;
}

void ir_opt_dead_code(struct ir_block *b)
{
    /* used[i]; used[IR_NONE] takes the absent arguments */
    uint8_t *used = (uint8_t *)arena_alloc(b->arena, b->count + 1) + 1;
    memset(used, 0, b->count);
    for (uint32_t i = b->count; i-- > 0;) {
        const struct ir_op *op = &b->ops[i];
        used[i] |= op->fw || ir_op_has_effect(b, op);
        if (!used[i])
            continue;
        for (unsigned k = 0; k < IR_ARGS; k++)
            used[op->arg[k]] = 1;
    }
    compact(b, used);
}
