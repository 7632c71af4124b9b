#include <string.h>

#include "ir/opt/compact.h"
#include "ir/opt/passes.h"

void ir_opt_dead_code(struct ir_block *b)
{
    uint8_t *used = arena_alloc(b->arena, b->count);
    memset(used, 0, b->count);
    for (uint32_t i = b->count; i-- > 0;) {
        const struct ir_op *op = &b->ops[i];
        if (!used[i] && !op->fw && !ir_op_has_effect(b, op))
            continue;
        used[i] = 1;
        for (unsigned k = 0; k < ir_op_info[op->opcode].nargs; k++)
            if (op->arg[k] != IR_NONE)
                used[op->arg[k]] = 1;
    }
    ir_opt_compact(b, used);
}
