/*
 * The lockstep checker: every block runs twice, in the interpreter and in the JIT, and the states
 * are compared. This is the isomorphism of guest and host state put to the test.
 *
 * The interpreter's run is the real one: its memory accesses and helpers are executed and recorded.
 * The JIT's run starts from the same state and gets the recorded outcomes; that it asks for the
 * same things in the same order with the same arguments is part of the comparison.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/internal.h"
#include "util/bits.h"
#include "util/log.h"

enum event_kind { EVENT_LOAD, EVENT_STORE, EVENT_HELPER };
static const char *const event_name[] = {"load", "store", "helper"};

struct event {
    enum event_kind kind;
    uint32_t id;          /* helper, or memop */
    uint64_t arg[4];      /* address, value; or the helper's arguments */
    uint64_t result;
    int32_t state_after;  /* index of the recorded state, -1: unchanged */
};

struct lockstep {
    struct engine *engine;
    uint32_t state_size;
    uint8_t *tables;      /* the real env.tables while the interpreter runs without */
    struct event *events;
    uint32_t count, capacity, replayed;
    uint8_t *states;      /* recorded states, state_size each */
    uint32_t state_count, state_capacity;
    uint8_t *before, *after;
    char mismatch[256];   /* first difference seen during the replay; empty: none */
};

static void *resize(void *p, size_t size)
{
    p = realloc(p, size);
    if (!p) {
        fprintf(stderr, "armemu: out of memory\n");
        abort();
    }
    return p;
}

struct lockstep *engine_lockstep_new(struct engine *en)
{
    struct lockstep *ls = resize(NULL, sizeof(*ls));
    *ls = (struct lockstep){.engine = en, .state_size = en->target->state_size};
    ls->before = resize(NULL, ls->state_size);
    ls->after = resize(NULL, ls->state_size);
    return ls;
}

void engine_lockstep_free(struct lockstep *ls)
{
    if (!ls)
        return;
    free(ls->events);
    free(ls->states);
    free(ls->before);
    free(ls->after);
    free(ls);
}

static struct lockstep *lockstep_of(const struct ir_env *env)
{
    return ((struct engine_cpu *)env->engine_cpu)->lockstep;
}

/* ---- copying states: exit_request belongs to other threads ----------------------------------- */

#define COMPARED    offsetof(struct ir_env, budget) /* behind what is the backend's */
#define ASYNC_START offsetof(struct ir_env, exit_request)
#define ASYNC_END (ASYNC_START + sizeof(uint32_t))

static void state_copy(const struct lockstep *ls, void *to, const void *from)
{
    const size_t start = COMPARED;
    memcpy((uint8_t *)to + start, (const uint8_t *)from + start, ASYNC_START - start);
    memcpy((uint8_t *)to + ASYNC_END, (const uint8_t *)from + ASYNC_END,
           ls->state_size - ASYNC_END);
}

/* As state_copy, but what the backend keeps in the state during a run stays. */
static void state_replace(const struct lockstep *ls, struct ir_env *env, const void *from)
{
    struct ir_env kept = {.backend_private = env->backend_private, .exit_site = env->exit_site};
    state_copy(ls, env, from);
    env->backend_private = kept.backend_private;
    env->exit_site = kept.exit_site;
}

static int32_t state_record(struct lockstep *ls, const struct ir_env *env)
{
    if (ls->state_count == ls->state_capacity) {
        ls->state_capacity = ls->state_capacity ? ls->state_capacity * 2 : 8;
        ls->states = resize(ls->states, (size_t)ls->state_capacity * ls->state_size);
    }
    memset(ls->states + (size_t)ls->state_count * ls->state_size, 0, ls->state_size);
    state_copy(ls, ls->states + (size_t)ls->state_count * ls->state_size, env);
    return (int32_t)ls->state_count++;
}

/* ---- recording (interpreter) ----------------------------------------------------------------- */

/* What of a memory descriptor the two must agree on. */
static uint32_t memop_key(uint32_t memop)
{
    return memop & ~(uint32_t)(IR_MEM_WRITE | IR_MEM_GROUP);
}

static struct event *record(struct lockstep *ls, enum event_kind kind, uint32_t id, uint64_t a0,
                            uint64_t a1, uint64_t a2, uint64_t a3)
{
    if (ls->count == ls->capacity) {
        ls->capacity = ls->capacity ? ls->capacity * 2 : 64;
        ls->events = resize(ls->events, ls->capacity * sizeof(*ls->events));
    }
    struct event *ev = &ls->events[ls->count++];
    *ev = (struct event){kind, id, {a0, a1, a2, a3}, 0, -1};
    return ev;
}

static void callout_begin(struct lockstep *ls, struct ir_env *env)
{
    env->tables = ls->tables;
}

static void callout_end(struct lockstep *ls, struct ir_env *env, bool state_changes)
{
    struct event *ev = &ls->events[ls->count - 1];
    if (state_changes || env->raised || env->touched) {
        env->touched = 0;
        ev->state_after = state_record(ls, env);
    }
    ls->tables = env->tables;
    env->tables = NULL;
}

/* Host address of a data access that the tables know, NULL: slow path. They are asked here since
 * the interpreter runs without them, so that it shows all its accesses. */
static uint8_t *host_address(const struct lockstep *ls, uint64_t addr, uint32_t memop, bool write)
{
    const struct ir_memory_layout *m = &ls->engine->target->memory;
    uint64_t mask = (1u << (memop & IR_MEM_SIZE_MASK)) - 1;
    uint64_t align = (1u << ((memop & IR_MEM_ALIGN_MASK) >> IR_MEM_ALIGN_SHIFT)) - 1;
    if ((addr & (mask | align)) || (memop & IR_MEM_USER))
        return NULL;
    bool fine = ls->engine->fine;
    const uint64_t *table = (const void *)(ls->tables + ir_data_table(m, fine, write));
    uint64_t entry = table[addr >> ir_data_bits(m, fine)];
    return entry ? (uint8_t *)(uintptr_t)(entry + addr) : NULL;
}

static uint64_t record_load(struct ir_env *env, uint64_t addr, uint32_t memop)
{
    struct lockstep *ls = lockstep_of(env);
    struct event *ev = record(ls, EVENT_LOAD, memop_key(memop), addr, 0, 0, 0);
    const uint8_t *host = host_address(ls, addr, memop, false);
    if (host) {
        memcpy(&ev->result, host, 1u << (memop & IR_MEM_SIZE_MASK));
        return ev->result;
    }
    callout_begin(ls, env);
    uint64_t value = ls->engine->ops.load(env, addr, memop);
    ls->events[ls->count - 1].result = value;
    callout_end(ls, env, false);
    return value;
}

static void record_store(struct ir_env *env, uint64_t addr, uint64_t value, uint32_t memop)
{
    struct lockstep *ls = lockstep_of(env);
    unsigned bytes = 1u << (memop & IR_MEM_SIZE_MASK);
    record(ls, EVENT_STORE, memop_key(memop), addr,
           bytes < 8 ? value & (BIT64(bytes * 8) - 1) : value, 0, 0);
    uint8_t *host = host_address(ls, addr, memop, true);
    if (host) {
        memcpy(host, &value, bytes);
        return;
    }
    callout_begin(ls, env);
    ls->engine->ops.store(env, addr, value, memop);
    callout_end(ls, env, false);
}

static uint64_t record_helper(struct ir_env *env, uint32_t id, uint64_t a0, uint64_t a1,
                              uint64_t a2, uint64_t a3)
{
    struct lockstep *ls = lockstep_of(env);
    const struct ir_helper *h = &ls->engine->target->helpers[id];
    record(ls, EVENT_HELPER, id, a0, a1, a2, a3);
    callout_begin(ls, env);
    uint64_t value = h->fn(env, a0, a1, a2, a3);
    ls->events[ls->count - 1].result = value;
    callout_end(ls, env, h->effects & (IR_HELPER_WRITES | IR_HELPER_RAISES | IR_HELPER_CONTEXT));
    return value;
}

/* ---- replaying (JIT) ------------------------------------------------------------------------- */

static void mismatch(struct lockstep *ls, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static void mismatch(struct lockstep *ls, const char *fmt, ...)
{
    if (ls->mismatch[0])
        return;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(ls->mismatch, sizeof(ls->mismatch), fmt, ap);
    va_end(ap);
}

static const struct event *replay(struct ir_env *env, enum event_kind kind, uint32_t id,
                                  uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3)
{
    static const struct event nothing = {.state_after = -1};
    struct lockstep *ls = lockstep_of(env);
    const uint64_t args[4] = {a0, a1, a2, a3};
    if (ls->replayed == ls->count) {
        mismatch(ls, "the JIT makes a %s (0x%x, 0x%llx) more than the interpreter",
                 event_name[kind], id, (unsigned long long)a0);
        return &nothing;
    }
    const struct event *ev = &ls->events[ls->replayed++];
    unsigned nargs = kind == EVENT_LOAD ? 1 : kind == EVENT_STORE ? 2
                                            : ls->engine->target->helpers[id].nargs;
    bool same = ev->kind == kind && ev->id == id;
    for (unsigned i = 0; same && i < nargs; i++)
        same = ev->arg[i] == args[i];
    if (!same)
        mismatch(ls, "event %u: interpreter %s 0x%x (0x%llx, 0x%llx), JIT %s 0x%x (0x%llx, 0x%llx)",
                 ls->replayed - 1, event_name[ev->kind], ev->id, (unsigned long long)ev->arg[0],
                 (unsigned long long)ev->arg[1], event_name[kind], id, (unsigned long long)a0,
                 (unsigned long long)a1);
    if (ev->state_after >= 0)
        state_replace(ls, env, ls->states + (size_t)ev->state_after * ls->state_size);
    return ev;
}

static uint64_t replay_load(struct ir_env *env, uint64_t addr, uint32_t memop)
{
    return replay(env, EVENT_LOAD, memop_key(memop), addr, 0, 0, 0)->result;
}

static void replay_store(struct ir_env *env, uint64_t addr, uint64_t value, uint32_t memop)
{
    unsigned bytes = 1u << (memop & IR_MEM_SIZE_MASK);
    replay(env, EVENT_STORE, memop_key(memop), addr,
           bytes < 8 ? value & (BIT64(bytes * 8) - 1) : value, 0, 0);
}

static uint64_t replay_helper(struct ir_env *env, uint32_t id, uint64_t a0, uint64_t a1,
                              uint64_t a2, uint64_t a3)
{
    return replay(env, EVENT_HELPER, id, a0, a1, a2, a3)->result;
}

void engine_lockstep_callbacks(struct ir_callbacks *cb)
{
    *cb = (struct ir_callbacks){
        .load = replay_load, .store = replay_store, .helper = replay_helper};
}

/* ---- comparing ------------------------------------------------------------------------------- */

/* Fields of struct ir_env that the two may leave differently. */
static const struct {
    size_t start, end;
} incomparable[] = {
#define RANGE(member)                                                                              \
    {offsetof(struct ir_env, member),                                                              \
     offsetof(struct ir_env, member) + sizeof(((struct ir_env *)0)->member)}
    RANGE(exit_request), RANGE(page_base), RANGE(insn_word), RANGE(insn_left),
    RANGE(exit_site), RANGE(backend_private),
#undef RANGE
};

/* Compare the interpreter's state with the JIT's, @jit; what may differ is taken over first. */
static bool states_equal(const struct lockstep *ls, uint8_t *interp, const uint8_t *jit)
{
    for (unsigned i = 0; i < ARRAY_SIZE(incomparable); i++)
        memcpy(interp + incomparable[i].start, jit + incomparable[i].start,
               incomparable[i].end - incomparable[i].start);
    /* the request may come just now */
    return !memcmp(interp + COMPARED, jit + COMPARED, ASYNC_START - COMPARED) &&
           !memcmp(interp + ASYNC_END, jit + ASYNC_END, ls->state_size - ASYNC_END);
}

static void print_differences(const struct lockstep *ls, const uint8_t *interp, const uint8_t *jit,
                              FILE *out)
{
    const struct ir_target *t = ls->engine->target;
    for (size_t i = COMPARED; i < ls->state_size; i++) {
        if (interp[i] == jit[i])
            continue;
        const char *name = "?";
        for (uint32_t s = 0; s < t->slot_count; s++)
            if (i >= t->slots[s].offset && i < t->slots[s].offset + 8u &&
                t->slots[s].offset + 4u > i)
                name = t->slots[s].name;
        fprintf(out, "  state byte 0x%zx (near %s): interpreter %02x, JIT %02x\n", i, name,
                interp[i], jit[i]);
    }
}

static void report(struct engine_cpu *ec, struct block *b, uint64_t pc, enum ir_exit interp_exit,
                   enum ir_exit jit_exit)
{
    struct lockstep *ls = ec->lockstep;
    struct engine *en = ec->engine;
    log_lock();
    FILE *out = log_stream();
    fprintf(out, "LOCKSTEP: the JIT differs from the interpreter in the block at 0x%llx\n",
            (unsigned long long)pc);
    if (ls->mismatch[0])
        fprintf(out, "  %s\n", ls->mismatch);
    if (interp_exit != jit_exit)
        fprintf(out, "  exit: interpreter %d, JIT %d\n", interp_exit, jit_exit);
    print_differences(ls, ls->after, (const uint8_t *)ec->env, out);
    fprintf(out, "State before:\n");
    en->frontend->print_state((const struct ir_env *)ls->before, out);
    fprintf(out, "State after (interpreter):\n");
    en->frontend->print_state((const struct ir_env *)ls->after, out);
    fprintf(out, "State after (JIT):\n");
    en->frontend->print_state(ec->env, out);
    struct engine_fetch fetch;
    if (!b->straddles && en->ops.fetch(ec->env, pc, false, &fetch))
        en->frontend->disassemble(fetch.host + b->start, b->end - b->start, pc, b->flags, out);
    ir_print(b->extra->ir, out);
    const struct backend_code code = {.entry = b->entry, .start = b->entry, .end = b->code_end};
    backend_disassemble(en->backend, &code, out);
    log_unlock();
}

/* env.exit_request stays 0 for the comparison's sake: the budget is topped up here, and the flag is
 * looked at between blocks. */
static void budget_refill(struct ir_env *env, uint32_t slice)
{
    if (env->budget >= (int32_t)slice / 2)
        return;
    env->icount += (uint64_t)(int64_t)(env->slice - env->budget);
    env->slice = env->budget = (int32_t)slice;
}

enum ir_exit engine_lockstep_run(struct engine_cpu *ec, struct block *b)
{
    static const struct ir_callbacks recorder = {
        .load = record_load, .store = record_store, .helper = record_helper};
    struct lockstep *ls = ec->lockstep;
    struct ir_env *env = ec->env;
    uint64_t pc = env->pc;
    if (!ec->engine->exact) /* there every end of a slice comes back anyway */
        budget_refill(env, ec->engine->slice);
    ls->count = ls->replayed = ls->state_count = 0;
    ls->mismatch[0] = 0;
    state_copy(ls, ls->before, env);

    ls->tables = env->tables;
    env->tables = NULL;
    enum ir_exit interp_exit = ir_interp_run(b->extra->ir, env, &recorder);
    env->tables = ls->tables;
    state_copy(ls, ls->after, env);

    state_copy(ls, env, ls->before);
    enum ir_exit jit_exit = backend_run(ec->engine->backend, env, b->entry);
    if (ls->replayed != ls->count)
        mismatch(ls, "the interpreter made %u events, the JIT %u", ls->count, ls->replayed);
    bool same = !ls->mismatch[0] && interp_exit == jit_exit &&
                states_equal(ls, ls->after, (const uint8_t *)env);
    if (!same) {
        atomic_fetch_add(&ec->engine->lockstep_differences, 1);
        report(ec, b, pc, interp_exit, jit_exit);
        return IR_EXIT_DEBUG;
    }
    return interp_exit;
}
