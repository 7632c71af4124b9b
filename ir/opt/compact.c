#include "ir/opt/compact.h"

#include <assert.h>

void ir_opt_compact(struct ir_block *b, const uint8_t *keep)
{
    uint32_t n = 0;
    while (n < b->count && keep[n])
        n++;
    if (n == b->count)
        return;
    int32_t *name = arena_alloc(b->arena, b->count * sizeof(*name));
    for (uint32_t i = 0; i < n; i++)
        name[i] = (int32_t)i;
    for (uint32_t i = n; i < b->count; i++) {
        name[i] = IR_NONE;
        if (!keep[i])
            continue;
        struct ir_op op = b->ops[i];
        unsigned nargs = ir_op_info[op.opcode].nargs;
        for (unsigned k = 0; k < nargs; k++) {
            if (op.arg[k] == IR_NONE)
                continue;
            op.arg[k] = name[op.arg[k]];
            assert(op.arg[k] != IR_NONE);
        }
        name[i] = (int32_t)n;
        b->ops[n++] = op;
    }
    b->count = n;
}
