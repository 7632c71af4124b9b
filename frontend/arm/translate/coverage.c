#include "frontend/arm/translate/coverage.h"

static bool is_set(const uint64_t *bits, uint32_t offset)
{
    return bits[offset / 2 / 64] >> (offset / 2 % 64) & 1;
}

/* A mark for the instructions at page offsets @start to @end; NULL when there is none left. */
static struct guest_mark *mark(struct arm_translate *t, uint32_t start, uint32_t end)
{
    struct guest_marks *marks = t->code->marks;
    if (marks->count == marks->max)
        return NULL;
    struct guest_mark *m = &marks->mark[marks->count];
    ir_mark(t->b, &marks->bytes[marks->count++]);
    *m = (struct guest_mark){.start = (uint16_t)start, .end = (uint16_t)end};
    return m;
}

static void mark_way(struct arm_translate *t, uint32_t branch, uint32_t start, uint32_t end,
                     bool taken)
{
    const struct guest_known *known = t->code->marks->known;
    if (known && is_set(taken ? known->taken : known->not_taken, branch))
        return;
    struct guest_mark *m = mark(t, start, end);
    if (!m)
        return;
    m->branch = (uint16_t)branch;
    m->taken = taken ? GUEST_BRANCH_TAKEN : GUEST_BRANCH_NOT_TAKEN;
}

/* Has all been said that the mark of the instruction at t->offset could say? */
static bool is_known(const struct arm_translate *t)
{
    const struct guest_known *known = t->code->marks->known;
    if (!known)
        return false;
    if (t->cond >= IR_CC_AL)
        return is_set(known->executed, t->offset);
    return is_set(known->conditional, t->offset) || is_set(known->taken, t->offset);
}

static bool may_leave(const struct ir_block *b, uint32_t first)
{
    for (uint32_t i = first; i < b->count; i++)
        if (ir_op_observes_state(b, &b->ops[i]))
            return true;
    return false;
}

/* It needs no mark of its own when it is executed whenever the one before is. */
void arm_cover_insn(struct arm_translate *t, bool ran_on)
{
    if (!t->code->marks)
        return;
    bool same = t->cover && ran_on && t->cover_cond == t->cond && !may_leave(t->b, t->cover_first);
    if (!same)
        t->cover = is_known(t) ? NULL : mark(t, t->offset, t->offset);
    if (t->cover)
        t->cover->conditional = t->cond < IR_CC_AL;
    t->cover_cond = t->cond;
    t->cover_first = t->b->count;
    t->cover_start = t->offset;
}

void arm_covered(struct arm_translate *t)
{
    t->cover_end = t->offset;
    if (!t->cover)
        return;
    t->cover->end = (uint16_t)t->cover_end;
    if (t->ended && t->cond < IR_CC_AL) {
        t->cover->branch = (uint16_t)t->cover_start;
        t->cover->taken = GUEST_BRANCH_TAKEN;
    }
    if (t->follow)
        t->cover = NULL; /* what is behind it may not be executed */
}

void arm_cover_way(struct arm_translate *t, bool taken)
{
    if (t->code->marks)
        mark_way(t, t->offset, t->offset, t->offset, taken);
}

void arm_cover_behind(struct arm_translate *t)
{
    if (t->code->marks)
        mark_way(t, t->cover_start, t->cover_start, t->cover_end, t->followed);
}

bool arm_cover_full(const struct arm_translate *t)
{
    enum { PER_INSN = 4 };
    const struct guest_marks *marks = t->code->marks;
    return marks && marks->count + PER_INSN > marks->max;
}
