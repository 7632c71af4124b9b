/* The loop over the instructions of a block: fetch, condition, decode, block end. */
#include "frontend/arm/translate/condition.h"

#include <string.h>

#include "frontend/arm/cpu/m/m.h"
#include "frontend/arm/translate/coverage.h"
#include "frontend/arm/translate/memo.h"
#include "frontend/arm/translate/vfp.h"
#include "util/log.h"

enum {
    PAGE_SIZE = 4096,
    BLOCK_INSNS = 64, /* longer blocks gain little, and what is invalidated grows */
};

/* ---- conditions ------------------------------------------------------------------------------ */

/* BKPT and HLT are executed whatever the IT block says. */
static bool ignores_condition(const struct arm_translate *t)
{
    return t->insn_size == 2 && ((t->insn & 0xff00) == 0xbe00 || (t->insn & 0xffc0) == 0xba80);
}

static unsigned insn_condition(const struct arm_translate *t)
{
    unsigned cond = IR_CC_AL;
    if (!t->thumb)
        cond = t->insn >> 28;
    else if (t->in_it && !ignores_condition(t))
        cond = t->itstate >> 4;
    return cond > IR_CC_AL ? IR_CC_AL : cond;
}

static uint8_t it_advance(uint8_t it)
{
    return it & 7 ? (it & 0xe0) | (it << 1 & 0x1f) : 0;
}

/* ---- fetch ----------------------------------------------------------------------------------- */

enum fetch { FETCH_OK, FETCH_END_BEFORE, FETCH_ABORT };

/* Another CPU may be changing the code: each unit is read as a whole. */
static uint32_t halfword_at(const uint8_t *p)
{
    return __atomic_load_n((const uint16_t *)p, __ATOMIC_RELAXED);
}

static enum fetch fetch_straddling(struct arm_translate *t)
{
    if (t->b->insn_count)
        return FETCH_END_BEFORE;
    t->uses_next_page = true;
    if (!t->code->next_page)
        return FETCH_ABORT;
    t->insn = t->insn << 16 | halfword_at(t->code->next_page);
    return FETCH_OK;
}

static enum fetch fetch_thumb(struct arm_translate *t)
{
    const uint8_t *p = t->code->page + t->offset;
    t->insn = halfword_at(p);
    t->insn_size = t->insn >= 0xe800 ? 4 : 2;
    if (t->insn_size == 2)
        return FETCH_OK;
    if (t->offset + 4 > PAGE_SIZE)
        return fetch_straddling(t);
    t->insn = t->insn << 16 | halfword_at(p + 2);
    return FETCH_OK;
}

static enum fetch fetch(struct arm_translate *t)
{
    if (t->thumb)
        return fetch_thumb(t);
    const uint8_t *p = t->code->page + (t->offset & ~3u);
    t->insn = __atomic_load_n((const uint32_t *)p, __ATOMIC_RELAXED);
    t->insn_size = 4;
    return FETCH_OK;
}

/* ---- one instruction ------------------------------------------------------------------------- */

static void insn_decode(struct arm_translate *t)
{
    bool known;
    if (!t->thumb)
        known = arm_decode_a32(t, t->insn);
    else if (t->insn_size == 4)
        known = arm_decode_t32(t, t->insn);
    else
        known = arm_decode_t16(t, t->insn);
    if (known)
        return;
    /* Without the floating-point unit's consent its whole encoding space is NOCP. */
    if (arm_has(t, ARM_FEATURE(M)) && (t->insn & 0xec000e00) == 0xec000a00 && t->insn_size == 4)
        arm_vfp_check(t);
    log_write(LOG_UNIMP, "undefined %s instruction %0*x at page offset 0x%x",
              t->thumb ? "Thumb" : "ARM", (int)t->insn_size * 2, t->insn, t->offset);
    arm_undefined(t);
}

static void decode_and_note(struct arm_translate *t)
{
    struct arm_memo_point p;
    arm_memo_begin(t, &p);
    insn_decode(t);
    arm_memo_note(t, &p);
}

static void insn_mark(struct arm_translate *t)
{
    ir_insn(t->b, ARM_INSN_WORD(t->offset, t->itstate, t->thumb && t->insn_size == 4));
}

/* Here a short block would begin. */
static void segment_begin(struct arm_translate *t)
{
    t->segment = t->offset;
    t->segment_insns = t->code->outside ? t->b->insn_count : 0;
}

/* Does it reach a device, by what has been seen? */
static bool is_outside(const struct arm_translate *t)
{
    unsigned halfword = t->offset / 2;
    return t->code->outside && t->code->outside[halfword / 64] >> (halfword % 64) & 1;
}

/* Has it changed what may be accessed, so that nothing of the block may follow? */
static bool is_end(const struct arm_translate *t)
{
    unsigned halfword = t->offset / 2;
    return t->code->ends && t->code->ends[halfword / 64] >> (halfword % 64) & 1;
}

/* Is something of the instruction, from op @first on, a helper that may make an event due and
 * return? */
static bool calls_outside(const struct arm_translate *t, uint32_t first)
{
    for (uint32_t i = first; t->code->outside && i < t->b->count; i++) {
        const struct ir_op *op = &t->b->ops[i];
        if (op->opcode != IR_OP_call)
            continue;
        unsigned effects = t->b->target->helpers[op->imm].effects;
        if (effects & IR_HELPER_EXTERNAL &&
            (effects & IR_HELPER_WRITES || !(effects & IR_HELPER_RAISES)))
            return true;
    }
    return false;
}

/* Translate the instruction that was fetched, and step over it. */
static void insn_translate(struct arm_translate *t)
{
    t->in_it = t->itstate != 0;
    if (!t->thumb && arm_has(t, ARM_FEATURE(M))) { /* there is no ARM state */
        insn_mark(t);
        arm_m_raise(t, ARM_M_INVSTATE);
        t->offset += t->insn_size;
        return;
    }
    t->cond = insn_condition(t);
    if (t->skip_open)
        arm_run_continue(t, t->cond);
    insn_mark(t);
    t->flags_changed = t->goes_back = false;
    bool end = is_end(t);
    if (!end && arm_memo_recall(t)) {
        t->offset += t->insn_size;
        return;
    }
    bool open = t->skip_open || t->cond >= IR_CC_AL;
    if (!open)
        arm_skip_unless(t, t->cond);
    t->follow = 0;
    t->followed = false;
    arm_cover_insn(t, open);
    uint32_t first = t->b->count;
    unsigned exits = t->side_exits;
    t->events = t->events || is_outside(t);
    decode_and_note(t);
    if (end && !t->ended)
        arm_end_after(t, true);
    t->events = t->events || calls_outside(t, first);
    if (t->in_it)
        t->itstate = it_advance(t->itstate);
    t->offset += t->insn_size;
    arm_covered(t);
    if (t->follow)
        t->offset = t->follow;
    if (t->ended && t->skip_open && !t->exit_after && !t->itstate && arm_goes_on(t)) {
        t->ended = false;
        arm_run_close(t);
        arm_cover_behind(t);
    }
    if (t->follow || t->side_exits != exits)
        segment_begin(t);
    if (t->ended || t->exit_after)
        return; /* the end of the block closes the run */
    if (t->skip_open && (t->flags_changed || arm_flags_written(t->b, first)))
        arm_run_close(t);
}

/* ---- the block ------------------------------------------------------------------------------- */

/* Does the debugger want the block to end before the instruction at t->offset? */
static bool stops_here(const struct arm_translate *t)
{
    unsigned halfword = t->offset / 2;
    return t->code->stops && t->code->stops[halfword / 64] >> (halfword % 64) & 1;
}

static bool block_full(const struct arm_translate *t)
{
    uint32_t count = t->b->insn_count;
    if (t->ended || t->exit_after || t->offset >= PAGE_SIZE ||
        (count && count >= t->code->max_insns))
        return true;
    if (count && (stops_here(t) || arm_cover_full(t)))
        return true;
    return count - t->segment_insns >= BLOCK_INSNS && !t->itstate;
}

/* Leave for the instruction at t->offset. A block in the middle of an IT block is only found by a
 * lookup, with ITSTATE in its slot. */
static void exit_to_next(struct arm_translate *t)
{
    if (t->itstate) {
        ir_set(t->b, ARM_SLOT_IT, ir_i32(t->b, t->itstate));
        ir_exitengine(t->b, ir_pcrel(t->b, t->offset), IR_EXIT_LOOKUP);
    } else if (t->exit_dynamic) {
        ir_exitdyn(t->b, ir_pcrel(t->b, t->offset));
    } else {
        ir_exitd(t->b, t->offset, t->b->lane);
    }
}

static void block_start(struct arm_translate *t)
{
    const struct guest_code *code = t->code;
    t->flags = code->flags;
    t->features = arm_features_of(code->flags);
    t->thumb = code->flags & ARM_BF_THUMB;
    t->offset = t->thumb ? code->offset & ~1u : code->offset & ~3u;
    t->itstate = code->flags >> ARM_BF_IT_SHIFT & 0xff;
    t->segment = t->b->page_offset = code->offset;
    t->b->lane = t->thumb;
    t->b->window = code->flags & ARM_BF_WINDOW;
    if (t->itstate)
        ir_set(t->b, ARM_SLOT_IT, ir_i32(t->b, 0));
}

bool arm_translate_block(struct ir_block *b, const struct guest_code *code)
{
    struct arm_translate t = {.b = b, .code = code};
    block_start(&t);
    uint32_t start = t.offset;
    while (!block_full(&t)) {
        enum fetch f = fetch(&t);
        if (f == FETCH_END_BEFORE)
            break;
        if (f == FETCH_ABORT) {
            insn_mark(&t);
            arm_raise(&t, ARM_HELPER_fetch_abort_next_page, IR_NONE, IR_NONE);
            t.offset += 2;
            break;
        }
        insn_translate(&t);
    }
    b->guest_size = t.offset - start;
    if (!t.ended || t.skip_open) {
        arm_run_close(&t);
        if (t.ended)
            arm_cover_behind(&t);
        exit_to_next(&t);
    }
    return t.uses_next_page;
}

bool arm_literal(struct arm_translate *t, uint32_t page_offset, unsigned size, uint32_t *value)
{
    struct ir_block *b = t->b;
    if (!t->code->fold_literals || page_offset >= PAGE_SIZE || page_offset + size > PAGE_SIZE)
        return false;
    *value = 0;
    memcpy(value, t->code->page + page_offset, size);
    if (!b->literal_end || page_offset < b->literal_start)
        b->literal_start = page_offset;
    if (page_offset + size > b->literal_end)
        b->literal_end = page_offset + size;
    return true;
}
