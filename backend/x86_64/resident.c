/*
 * Loops with pins of their own. A block that branches back to its own start keeps the slots that it
 * uses in registers from round to round: those of the backend's pins that it uses least make room
 * for other slots, and XMM registers are pinned to floating-point and vector slots. Such a slot is
 * in its register between the block's entry and whatever leaves it, and its bytes in the state are
 * stale. Accesses that take the slow path find the block's pin_map at their site.
 */
#include "backend/x86_64/xmm.h"

enum { USED_MAX = 96, CARRIED = 8 };

/* The slots that the block uses, and how often. */
struct uses {
    uint32_t count;
    struct use {
        uint16_t slot;
        uint16_t gets, sets;
        bool taken;
    } list[USED_MAX];
};

/* Is the block a loop that makes no calls? */
static bool is_loop(const struct ir_block *b)
{
    for (uint32_t i = 0; i < b->count; i++)
        if (b->ops[i].opcode == IR_OP_call)
            return false;
    return ir_block_loops(b);
}

static bool collect(const struct ir_block *b, struct uses *u)
{
    u->count = 0;
    for (uint32_t i = 0; i < b->count; i++) {
        const struct ir_op *op = &b->ops[i];
        if (op->opcode != IR_OP_get && op->opcode != IR_OP_set)
            continue;
        uint32_t k = 0;
        while (k < u->count && u->list[k].slot != op->imm)
            k++;
        if (k == USED_MAX)
            return false;
        if (k == u->count)
            u->list[u->count++] = (struct use){.slot = (uint16_t)op->imm};
        u->list[k].gets += op->opcode == IR_OP_get;
        u->list[k].sets += op->opcode == IR_OP_set;
    }
    return true;
}

/* What is carried from round to round would wait for its way through memory. */
static unsigned weight(const struct use *use)
{
    return use->gets + use->sets + (use->gets && use->sets ? CARRIED : 0);
}

static unsigned weight_of_slot(const struct uses *u, unsigned slot)
{
    for (uint32_t k = 0; k < u->count; k++)
        if (u->list[k].slot == slot)
            return weight(&u->list[k]);
    return 0;
}

/* ---- general registers ----------------------------------------------------------------------- */

/* May the slot be in a general register, and is it not? */
static bool wants_register(const struct compiler *c, const struct use *use)
{
    const struct ir_target *t = c->b->target;
    const struct ir_slot *slot = &t->slots[use->slot];
    if (slot->type != IR_I32 || slot->pin == IR_SLOT_PIN_NEVER || use->taken ||
        c->pin_of_slot[use->slot] != NO_REG || use->slot == t->lane_slot)
        return false;
    for (unsigned k = 0; k < t->slot_count; k++)
        if (k != use->slot && ir_slots_overlap(t, k, use->slot))
            return false;
    return true;
}

/* The slot that is pinned and used least in the block, or -1. */
static int least_used_pin(const struct compiler *c, const struct uses *u)
{
    int least = -1;
    for (unsigned k = 0; k < c->b->target->slot_count; k++)
        if (c->own_pin_of_slot[k] != NO_REG && c->own_pin_of_slot[k] == c->be->pin_of_slot[k] &&
            (least < 0 || weight_of_slot(u, k) < weight_of_slot(u, (unsigned)least)))
            least = (int)k;
    return least;
}

static struct use *best_for_register(const struct compiler *c, struct uses *u)
{
    struct use *best = NULL;
    for (uint32_t k = 0; k < u->count; k++)
        if (wants_register(c, &u->list[k]) && (!best || weight(&u->list[k]) > weight(best)))
            best = &u->list[k];
    return best;
}

static void choose_general(struct compiler *c, struct uses *u)
{
    const struct ir_slot *slots = c->b->target->slots;
    int victim;
    struct use *use;
    while ((victim = least_used_pin(c, u)) >= 0 && (use = best_for_register(c, u))) {
        unsigned other = weight_of_slot(u, (unsigned)victim);
        if (other && weight(use) < other + CARRIED)
            break;
        int8_t reg = c->own_pin_of_slot[victim];
        use->taken = true;
        c->own_pin_of_slot[victim] = NO_REG;
        c->own_pin_of_slot[use->slot] = reg;
        c->residents[c->resident_count++] = (struct resident){
            .pin = {(uint8_t)reg, 4, slots[use->slot].offset},
            .other = slots[victim].offset,
            .written = use->sets > 0,
        };
    }
}

/* ---- XMM registers --------------------------------------------------------------------------- */

static bool same_bytes(const struct ir_slot *x, const struct ir_slot *y)
{
    return x->offset == y->offset && ir_type_bytes(x->type) == ir_type_bytes(y->type) &&
           xa_type(x->type) == xa_type(y->type);
}

/* May the slot be in an XMM register? Not if the block sees its bytes by another division as
 * well. */
static bool wants_xmm(const struct compiler *c, const struct uses *u, const struct use *use)
{
    const struct ir_target *t = c->b->target;
    const struct ir_slot *slot = &t->slots[use->slot];
    if (!xa_type(slot->type) || use->taken)
        return false;
    for (uint32_t k = 0; k < u->count; k++)
        if (ir_slots_overlap(t, u->list[k].slot, use->slot) &&
            !same_bytes(slot, &t->slots[u->list[k].slot]))
            return false;
    return true;
}

static struct use *best_for_xmm(const struct compiler *c, struct uses *u)
{
    struct use *best = NULL;
    for (uint32_t k = 0; k < u->count; k++)
        if (wants_xmm(c, u, &u->list[k]) && (!best || weight(&u->list[k]) > weight(best)))
            best = &u->list[k];
    return best;
}

/* All views of the same bytes have the same register. */
static bool pin_views(struct compiler *c, struct uses *u, const struct ir_slot *slot, int8_t reg)
{
    bool written = false;
    for (uint32_t k = 0; k < u->count; k++) {
        struct use *use = &u->list[k];
        if (!same_bytes(slot, &c->b->target->slots[use->slot]))
            continue;
        use->taken = true;
        written |= use->sets > 0;
        c->own_pin_of_slot[use->slot] = reg;
    }
    return written;
}

static void choose_xmm(struct compiler *c, struct uses *u)
{
    const struct use *use;
    while (c->xpin_count < XPINS_MAX && (use = best_for_xmm(c, u))) {
        const struct ir_slot *slot = &c->b->target->slots[use->slot];
        int8_t reg = (int8_t)(PIN_XMM + XMM_COUNT - ++c->xpin_count);
        bool written = pin_views(c, u, slot, reg);
        c->residents[c->resident_count++] = (struct resident){
            .pin = {(uint8_t)reg, (uint8_t)ir_type_bytes(slot->type), slot->offset},
            .written = written,
        };
    }
}

/* ---- the list -------------------------------------------------------------------------------- */

static void put_map(struct compiler *c)
{
    struct pin_map map = c->be->map;
    for (uint32_t k = 0; k < c->resident_count; k++) {
        const struct resident *r = &c->residents[k];
        if (r->pin.reg >= PIN_XMM) {
            map.pins[map.count++] = r->pin;
            continue;
        }
        for (uint32_t j = 0; j < map.count; j++)
            if (map.pins[j].reg == r->pin.reg)
                map.pins[j] = r->pin;
    }
    c->pins = x_rx(&c->a, c->a.p);
    memcpy(c->a.p, &map, sizeof(map));
    c->a.p += align_up(sizeof(map), 16);
}

void resident_choose(struct compiler *c)
{
    struct uses uses;
    c->pin_of_slot = c->be->pin_of_slot;
    c->resident_count = c->xpin_count = 0;
    c->pins = c->leave = 0;
    if (!is_loop(c->b) || !collect(c->b, &uses))
        return;
    memcpy(c->own_pin_of_slot, c->be->pin_of_slot, c->b->target->slot_count);
    choose_general(c, &uses);
    choose_xmm(c, &uses);
    if (!c->resident_count)
        return;
    c->pin_of_slot = c->own_pin_of_slot;
    put_map(c);
}

/* ---- the change ------------------------------------------------------------------------------ */

static void xmm_move(struct compiler *c, const struct pin *p, bool store)
{
    static const uint8_t type_of[] = {[2] = IR_F32, [3] = IR_V64, [4] = IR_V128};
    unsigned type = type_of[__builtin_ctz(p->bytes)];
    x_op2(c, store ? xa_store_form(type) : xa_load_form(type), 0, p->reg - PIN_XMM,
          (struct opnd){.kind = OPND_MEM, .reg = NO_REG, .mem = env_mem(p->offset)});
}

void resident_enter(struct compiler *c)
{
    for (uint32_t k = 0; k < c->resident_count; k++) {
        const struct resident *r = &c->residents[k];
        if (r->pin.reg >= PIN_XMM) {
            xmm_move(c, &r->pin, false);
            continue;
        }
        x_mov_mr(&c->a, 0, env_mem(r->other), r->pin.reg);
        x_mov_rm(&c->a, 0, r->pin.reg, env_mem(r->pin.offset));
    }
}

void resident_leave(struct compiler *c)
{
    for (uint32_t k = 0; k < c->resident_count; k++) {
        const struct resident *r = &c->residents[k];
        if (r->pin.reg >= PIN_XMM) {
            if (r->written)
                xmm_move(c, &r->pin, true);
            continue;
        }
        if (r->written)
            x_mov_mr(&c->a, 0, env_mem(r->pin.offset), r->pin.reg);
        x_mov_rm(&c->a, 0, r->pin.reg, env_mem(r->other));
    }
}
