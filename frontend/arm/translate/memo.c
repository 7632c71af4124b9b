/* Instructions that have been translated, with the IR that they have become: the same ones come
 * again and again, and copying some ops is a fraction of the work. It holds what depends on the
 * instruction alone. */
#include "frontend/arm/translate/memo.h"

#include <stdlib.h>
#include <string.h>

#include "ir/fold.h"

enum {
    ENTRIES = 1024, /* memory that is not used costs nothing */
    OPS = 5,        /* most instructions have no more, with as many */
    ARGS = 2,       /* arguments */
};

/* One line of the host's caches: what a program uses is to stay there. */
struct entry {
    uint32_t insn, flags;
    uint8_t size;       /* of the instruction; 0: a free place */
    uint8_t fp_checked; /* before, and after it */
    uint8_t count;
    int8_t arg[OPS][ARGS]; /* counted from the instruction's first op on */
    uint32_t head[OPS], imm[OPS];
};
_Static_assert(sizeof(struct entry) == 64, "one line");

struct guest_memo {
    struct entry entry[ENTRIES];
};

struct guest_memo *arm_memo_new(void)
{
    return calloc(1, sizeof(struct guest_memo));
}

static struct entry *place_of(const struct arm_translate *t)
{
    uint32_t hash = (t->insn ^ t->flags << 7) * 0x9e3779b1u;
    return &t->code->memo->entry[hash >> 16 & (ENTRIES - 1)];
}

/* Is all that matters in the instruction and in the block's flags? */
static bool is_plain(const struct arm_translate *t)
{
    return t->code->memo && !t->skip_open && !t->in_it && t->cond >= IR_CC_AL && !t->code->marks &&
           !t->code->outside;
}

static inline int32_t moved(int32_t arg, int32_t first)
{
    return arg + (first & ~(arg >> 31));
}

/* Op @i of the instruction, whose first op is at @first in its block. */
static inline void unpack(struct ir_op *to, const struct entry *e, unsigned i, int32_t first)
{
    to->head = e->head[i];
    to->arg[0] = moved(e->arg[i][0], first);
    to->arg[1] = moved(e->arg[i][1], first);
    to->arg[2] = to->arg[3] = IR_NONE;
    to->imm = e->imm[i];
}

static bool pack(struct entry *e, unsigned i, const struct ir_op *from, int32_t first)
{
    e->head[i] = from->head;
    e->imm[i] = (uint32_t)from->imm;
    for (unsigned k = 0; k < ARGS; k++)
        e->arg[i][k] = (int8_t)(from->arg[k] < 0 ? from->arg[k] : from->arg[k] - first);
    return e->imm[i] == from->imm && from->arg[2] == IR_NONE && from->arg[3] == IR_NONE;
}

bool arm_memo_recall(struct arm_translate *t)
{
    if (!is_plain(t))
        return false;
    const struct entry *e = place_of(t);
    if (e->insn != t->insn || e->flags != t->flags || e->size != t->insn_size ||
        e->fp_checked != t->fp_checked)
        return false;
    struct ir_block *b = t->b;
    while (b->capacity - b->count < OPS)
        ir_block_grow(b);
    const uint32_t first = b->count, count = e->count;
    struct ir_op *to = &b->ops[first];
    for (unsigned i = 0; i < count; i++)
        unpack(&to[i], e, i, (int32_t)first);
    b->count = first + count;
    return true;
}

void arm_memo_begin(struct arm_translate *t, struct arm_memo_point *p)
{
    *p = (struct arm_memo_point){
        .first = t->b->count, .labels = t->b->label_count, .fp_checked = t->fp_checked};
    t->reads_pc = false;
}

void arm_memo_note(struct arm_translate *t, const struct arm_memo_point *p)
{
    struct ir_block *b = t->b;
    uint32_t count = b->count - p->first;
    if (!is_plain(t) || count > OPS || t->reads_pc || t->ended || t->exit_after || t->follow ||
        t->itstate || b->label_count != p->labels || t->fp_checked != p->fp_checked)
        return;
    struct entry *e = place_of(t);
    *e = (struct entry){.insn = t->insn, .flags = t->flags, .size = (uint8_t)t->insn_size,
                        .fp_checked = p->fp_checked, .count = (uint8_t)count};
    for (unsigned i = 0; i < count; i++)
        if (!pack(e, i, &b->ops[p->first + i], (int32_t)p->first))
            e->size = 0;
}
