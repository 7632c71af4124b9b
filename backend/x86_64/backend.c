#include "backend/backend.h"

#include <stdlib.h>

#include "backend/x86_64/compiler.h"
#include "backend/x86_64/xmm.h"

emit_fn *const emit_table[IR_OP_COUNT] = {
#define OP(name, ...) [IR_OP_##name] = emit_##name,
#include "ir/ops.def"
#undef OP
};

/* Registers for pinned slots, hottest first: those that C preserves cost nothing at pure calls. */
static const uint8_t pin_order[PINS_MAX] = {RBX, R12, R14, R13, RSI, RDI, R8, R9, R10};

/* Bytes that one op, and one stub, need at most. */
enum { OP_BYTES_MAX = 1024, STUB_BYTES_MAX = 768 };

/* ---- creation
 * ------------------------------------------------------------------------------------- */

static bool slot_overlapped(const struct ir_target *t, unsigned slot)
{
    for (unsigned k = 0; k < t->slot_count; k++)
        if (k != slot && ir_slots_overlap(t, k, slot))
            return true;
    return false;
}

/* The unpinned slot that wants a register most, or -1. */
static int next_pin(const struct backend *be)
{
    const struct ir_target *t = be->config.target;
    int best = -1;
    for (unsigned k = 0; k < t->slot_count; k++) {
        const struct ir_slot *s = &t->slots[k];
        if (s->pin == IR_SLOT_PIN_NEVER || s->type != IR_I32 || be->pin_of_slot[k] != NO_REG ||
            k == t->lane_slot || (best >= 0 && s->pin >= t->slots[best].pin))
            continue;
        if (!slot_overlapped(t, k))
            best = (int)k;
    }
    return best;
}

static void choose_pins(struct backend *be)
{
    const struct ir_target *t = be->config.target;
    memset(be->pin_of_slot, NO_REG, t->slot_count);
    while (be->map.count < PINS_MAX) {
        int slot = next_pin(be);
        if (slot < 0)
            break;
        uint8_t reg = pin_order[be->map.count];
        be->pin_of_slot[slot] = (int8_t)reg;
        be->map.pins[be->map.count++] = (struct pin){reg, 4, t->slots[slot].offset};
    }
    be->map.pins[be->map.count++] = (struct pin){BUDGET, 4, offsetof(struct ir_env, budget)};
}

static void compiler_free(struct compiler *c)
{
    if (!c)
        return;
    free(c->own_pin_of_slot);
    free(c->val);
    free(c->stubs);
    free(c->label_pos);
    free(c->label_live);
    free(c->label_uses);
    free(c->label_refs);
    for (unsigned k = 0; k < GROUPS_MAX; k++)
        free(c->groups[k].values);
}

static void *resize(void *old, size_t count, size_t size)
{
    void *p = realloc(old, count * size);
    if (!p)
        abort();
    return p;
}

/* Room for blocks of @ops ops. Grows when a larger block than ever comes; keeps what it has. */
static void compiler_reserve(struct compiler *c, uint32_t ops)
{
    if (ops <= c->capacity)
        return;
    c->capacity = ops;
    c->val = resize(c->val, ops, sizeof(*c->val));
    c->stubs = resize(c->stubs, 12 * (size_t)ops + 8, sizeof(*c->stubs));
    c->label_pos = resize(c->label_pos, ops, sizeof(*c->label_pos));
    c->label_live = resize(c->label_live, ops, sizeof(*c->label_live));
    c->label_uses = resize(c->label_uses, ops, sizeof(*c->label_uses));
    c->label_refs = resize(c->label_refs, ops, sizeof(*c->label_refs));
    for (unsigned k = 0; k < GROUPS_MAX; k++)
        c->groups[k].values = resize(c->groups[k].values, ops, sizeof(struct value));
}

static bool target_supported(const struct ir_target *t, struct error *e)
{
    if (t->address_type != IR_I32 || t->memory.page_bits != 12)
        return error_set(e, "the x86-64 backend needs 32-bit addresses and 4 KiB pages");
    if (t->granule[0] > 2 || t->granule[1] > 2)
        return error_set(e, "the x86-64 backend needs instruction granules of 1, 2 or 4 bytes");
    const struct ir_memory_layout *m = &t->memory;
    if ((m->read_table | m->write_table | m->exec_table[0] | m->exec_table[1]) > INT32_MAX)
        return error_set(e, "the x86-64 backend needs memory tables within 2 GiB of each other");
    if (t->slots[t->lane_slot].type != IR_I8 && t->slots[t->lane_slot].type != IR_I32)
        return error_set(e, "the x86-64 backend needs a lane slot of 8 or 32 bits");
    if (t->helper_count * 8 > CODECACHE_COMMON - 16384)
        return error_set(e, "too many helpers (%u)", t->helper_count);
    return true;
}

struct backend *backend_new(const struct backend_config *config, struct error *e)
{
    if (!target_supported(config->target, e))
        return NULL;
    struct backend *be = calloc(1, sizeof(*be));
    if (!be)
        abort();
    be->config = *config;
    if (!codecache_open(&be->cache, config->cache_size, config->region_count, e)) {
        free(be);
        return NULL;
    }
    be->features = host_features_detect() & ~config->host_features_mask;
    be->fp_traps = config->fp_traps && be->features & HOST_TRAPS;
    be->pin_of_slot = resize(NULL, config->target->slot_count, 1);
    be->compiler = calloc(1, sizeof(*be->compiler));
    if (!be->compiler)
        abort();
    compiler_reserve(be->compiler, 2048);
    be->compiler->be = be;
    be->compiler->own_pin_of_slot = resize(NULL, config->target->slot_count, 1);
    choose_pins(be);
    thunks_emit(be);
    return be;
}

void backend_free(struct backend *be)
{
    if (!be)
        return;
    compiler_free(be->compiler);
    free(be->compiler);
    free(be->pin_of_slot);
    faults_free(be);
    free(be->image_head);
    codecache_close(&be->cache);
    free(be);
}

void backend_watch(struct backend *be, const struct backend_watch *list, uint32_t count)
{
    assert(count <= BACKEND_WATCHES_MAX);
    be->watch_count = count;
    for (uint32_t k = 0; k < count; k++) { /* in ascending order */
        uint32_t at = k;
        for (; at && be->watches[at - 1].start > list[k].start; at--)
            be->watches[at] = be->watches[at - 1];
        be->watches[at] = list[k];
    }
}

/* ---- compilation
 * ------------------------------------------------------------------------------------ */

struct stub *stub_new(struct compiler *c, enum stub_kind kind, uint8_t *from)
{
    struct stub *s = &c->stubs[c->stub_count++];
    *s = (struct stub){.kind = (uint8_t)kind, .from = from, .pending = c->pending};
    return s;
}

/* Before the block's code is emitted, for the first or the second time. */
static void copy_begin(struct compiler *c)
{
    memset(c->label_live, 0, c->b->label_count);
    memset(c->label_uses, 0, c->b->label_count);
    c->label_ref_count = 0;
    c->fault_mark = UINT32_MAX;
    c->fused_cc = -1;
    c->overflow_of = NO_VALUE;
    c->insn_word = 0;
    c->insn_left = c->b->insn_count;
    c->insns_begun = 0;
    c->call_open = false;
    c->group_open = -1;
    c->group_slow = false;
    c->side_label = -1;
    c->join_label = c->join_compare = NO_VALUE;
    watch_forget(c);
    ra_reset(c);
}

static void compiler_begin(struct compiler *c, const struct ir_block *b, struct backend_code *out)
{
    struct codecache *cc = &c->be->cache;
    uint8_t *region = codecache_region(cc, cc->region);
    codecache_own(cc);
    compiler_reserve(c, b->count > b->label_count ? b->count : b->label_count);
    c->b = b;
    c->out = out;
    c->a = (struct code){
        .p = region + cc->used, .limit = region + cc->region_size, .rx_delta = cc->rx - cc->rw};
    c->start = c->entry = c->a.p;
    c->stub_count = c->group_count = 0;
    c->pending.count = 0;
    c->looping = c->has_loop = false;
    c->loop_entry = NULL;
    copy_begin(c);
    c->keep_pending = exit_any_side(c);
}

static bool emit_ops(struct compiler *c, int32_t from, int32_t to)
{
    for (int32_t i = from; i < to; i++) {
        const struct ir_op *op = op_of(c, i);
        if (c->val[i].dead)
            continue;
        if (c->a.limit - c->a.p < OP_BYTES_MAX)
            return false;
        c->i = i;
        if (c->pending.count)
            pending_before(c, op, i);
        emit_table[op->opcode](c, op, i);
        ra_end_op(c, i);
    }
    return true;
}

static bool emit_stubs(struct compiler *c)
{
    for (uint32_t k = 0; k < c->stub_count; k++) {
        struct stub *s = &c->stubs[k];
        int64_t need = 0;
        if (s->kind == STUB_GROUP)
            need = 64 * (int64_t)(c->groups[s->index].end - c->groups[s->index].start + 2);
        if (s->kind == STUB_WATCH)
            need = 64 * (int64_t)(s->index + s->watch_count);
        if (c->a.limit - c->a.p < STUB_BYTES_MAX + need)
            return false;
        if (s->kind == STUB_MEM)
            mem_stub_emit(c, s);
        else if (s->kind == STUB_WATCH)
            watch_stub_emit(c, s);
        else if (s->kind == STUB_GROUP)
            group_stub_emit(c, s);
        else if (s->kind == STUB_CALLZ)
            callz_stub_emit(c, s);
        else if (s->kind == STUB_EXACT)
            exact_stub_emit(c, s);
        else if (s->kind == STUB_DOT)
            dot_stub_emit(c, s);
        else if (s->kind == STUB_FAULT)
            faults_stub_emit(c, s);
        else
            exit_stub_emit(c, s);
    }
    return true;
}

static void resolve_labels(struct compiler *c)
{
    for (uint32_t k = 0; k < c->label_ref_count; k++)
        x_patch(c->label_refs[k].site, c->label_pos[c->label_refs[k].label]);
}

/* The op that back edges lead to: behind the loophead, if there is one. */
static int32_t find_head(const struct ir_block *b)
{
    for (uint32_t i = 0; i < b->count && b->ops[i].opcode != IR_OP_insn; i++)
        if (b->ops[i].opcode == IR_OP_loophead)
            return (int32_t)i + 1;
    return 0;
}

static bool emit_copy(struct compiler *c)
{
    int32_t head = find_head(c->b);
    liveness_analyse(c);
    if (!c->looping) {
        if (!emit_ops(c, 0, head))
            return false;
        c->head = c->a.p;
    }
    exit_budget_check(c);
    if (!c->looping)
        exit_code_check(c);
    bool ok = emit_ops(c, head, (int32_t)c->b->count);
    c->pending.count = 0;
    if (ok)
        resolve_labels(c);
    return ok;
}

/* The second copy, where the back edges lead. */
static bool emit_loop(struct compiler *c)
{
    copy_begin(c);
    while ((uintptr_t)c->a.p & 63)
        x_u8(&c->a, 0xcc);
    c->looping = true;
    c->loop_entry = c->a.p;
    c->pending = c->loop_pending;
    for (unsigned k = 0; k < c->pending.count; k++)
        c->pending.list[k].until = 0;
    c->pending_version++;
    return emit_copy(c);
}

bool backend_compile(struct backend *be, const struct ir_block *b, struct backend_code *out)
{
    struct compiler *c = be->compiler;
    assert(b->target == be->config.target);
    memset(out, 0, sizeof(*out));
    compiler_begin(c, b, out);
    if (c->a.limit - c->a.p < OP_BYTES_MAX + (ptrdiff_t)exit_check_bytes(b))
        return false;
    resident_choose(c);
    c->entry = c->a.p;
    resident_enter(c);
    if (!emit_copy(c) || (c->has_loop && !emit_loop(c)) || !emit_stubs(c)) {
        faults_unmark(c);
        return false;
    }
    out->entry = out->start = x_rx(&c->a, c->entry);
    out->end = x_rx(&c->a, c->a.p);
    out->region = be->cache.region;
    uint32_t size = (uint32_t)(c->a.p - c->start);
    be->cache.used += (uint32_t)align_up(size, 16);
    if (be->cache.used > be->cache.region_size)
        be->cache.used = be->cache.region_size;
    return true;
}

/* ---- the rest of the interface
 * ------------------------------------------------------------------------ */

uint32_t backend_region(const struct backend *be)
{
    return be->cache.region;
}

uint32_t backend_peek_region(const struct backend *be)
{
    return (be->cache.region + 1) % be->cache.region_count;
}

uint32_t backend_next_region(struct backend *be)
{
    be->cache.filled[be->cache.region] = be->cache.used;
    be->cache.region = backend_peek_region(be);
    be->cache.used = 0;
    faults_clear(be, be->cache.region);
    return be->cache.region;
}

/* What is behind the call of a chain stub. */
struct chain_site {
    uint32_t jump; /* executable address of its rel32; bit 0: the others follow */
    uint32_t entry, loop_entry; /* of the block, and of the loop in it */
    uint32_t stub;
};

/* Point the jump of exit @site at executable address @target. */
static void patch_exit(struct backend *be, const struct chain_site *site, uint32_t target)
{
    uint32_t jump = site->jump & ~1u;
    codecache_own(&be->cache);
    uint32_t *rel = (uint32_t *)(be->cache.rw + (jump - (uint32_t)(uintptr_t)be->cache.rx));
    __atomic_store_n(rel, target - (jump + 4), __ATOMIC_RELEASE);
}

void backend_chain(struct backend *be, void *site, uint32_t entry)
{
    struct chain_site s = {0};
    memcpy(&s, site, sizeof(s.jump));
    if (s.jump & 1) {
        memcpy(&s, site, sizeof(s));
        if (entry != s.entry) /* flags are pending, pins are others */
            return;
        entry = s.loop_entry;
    }
    patch_exit(be, &s, entry);
}

/* To the stub in front of the handle: mov eax, imm32; call rel32. */
void backend_unchain(struct backend *be, void *site)
{
    struct chain_site s = {.stub = (uint32_t)(uintptr_t)site - 10};
    memcpy(&s, site, sizeof(s.jump));
    if (s.jump & 1)
        memcpy(&s, site, sizeof(s));
    patch_exit(be, &s, s.stub);
}

uint32_t backend_lookup_stub(const struct backend *be)
{
    return be->thunk.lookup;
}

enum ir_exit backend_run(struct backend *be, struct ir_env *env, uint32_t entry)
{
    unsigned (*enter)(struct ir_env *, uint64_t) =
        (unsigned (*)(struct ir_env *, uint64_t))(uintptr_t)be->thunk.enter;
    return (enum ir_exit)enter(env, entry);
}

void backend_usage(const struct backend *be, uint32_t *region_used, uint32_t *cache_size)
{
    *region_used = be->cache.used;
    *cache_size = be->cache.size;
}
