#include "tests/ir/fixture.h"

#include <criterion/criterion.h>
#include <string.h>

#define SLOT(name_, type_, field)                                                                  \
    {.name = name_, .type = type_, .offset = offsetof(struct guest, field)}
#define HALF(name_, n)                                                                             \
    {.name = name_, .type = IR_I32, .offset = offsetof(struct guest, d) + 4 * (n)}

static const struct ir_slot slots[] = {
    SLOT("r0", IR_I32, r[0]), SLOT("r1", IR_I32, r[1]), SLOT("r2", IR_I32, r[2]),
    SLOT("r3", IR_I32, r[3]), SLOT("r4", IR_I32, r[4]), SLOT("r5", IR_I32, r[5]),
    SLOT("r6", IR_I32, r[6]), SLOT("r7", IR_I32, r[7]), SLOT("d0", IR_I64, d[0]),
    SLOT("d1", IR_I64, d[1]), HALF("s0", 0),            HALF("s1", 1),
    HALF("s2", 2),            HALF("s3", 3),            SLOT("lane", IR_I8, lane),
    SLOT("byte", IR_I8, byte), SLOT("half", IR_I16, half),
    SLOT("early", IR_I32, env.carried[0]), SLOT("late", IR_I32, env.carried[1]),
};

static void note(struct guest *g, uint64_t v)
{
    g->log = (g->log ^ v) * 0x9e3779b97f4a7c15u;
    g->log ^= g->log >> 29;
}

static void note_state(struct guest *g)
{
    uint32_t nzcv;
    memcpy(&nzcv, g->env.nzcv, 4);
    note(g, nzcv);
    for (unsigned i = 0; i < 8; i++)
        note(g, g->r[i]);
    note(g, g->d[0]);
    note(g, g->d[1]);
    note(g, g->byte);
    note(g, g->half);
    note(g, g->env.insn_word);
    note(g, g->env.insn_left);
}

static void raise_at(struct guest *g, uint64_t pc)
{
    note_state(g);
    g->env.raised = 1;
    g->env.pc = pc;
}

static uint64_t helper_mix(struct ir_env *env, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3)
{
    return a0 * 3 + a1 * 5 + a2 * 7 + a3 * 11;
}

static uint64_t helper_peek(struct ir_env *env, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3)
{
    struct guest *g = (struct guest *)env;
    note_state(g);
    note(g, a0);
    return g->log;
}

static uint64_t helper_poke(struct ir_env *env, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3)
{
    struct guest *g = (struct guest *)env;
    g->r[0] = (uint32_t)a0;
    env->nzcv[1] = a0 & 1;
    return 0;
}

static uint64_t helper_trap(struct ir_env *env, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3)
{
    struct guest *g = (struct guest *)env;
    if ((a0 & 3) == 3)
        raise_at(g, 0x20);
    return 0;
}

static const struct ir_helper helpers[] = {
    {"mix", helper_mix, 4, IR_I32, IR_HELPER_PURE},
    {"wide", helper_mix, 2, IR_I64, IR_HELPER_PURE},
    {"peek", helper_peek, 1, IR_I64, IR_HELPER_READS | IR_HELPER_EXTERNAL},
    {"poke", helper_poke, 1, IR_VOID, IR_HELPER_WRITES},
    {"trap", helper_trap, 1, IR_VOID, IR_HELPER_READS | IR_HELPER_RAISES},
};

const struct ir_target guest_target = {
    .name = "test",
    .state_size = sizeof(struct guest),
    .slots = slots,
    .slot_count = sizeof(slots) / sizeof(slots[0]),
    .helpers = helpers,
    .helper_count = sizeof(helpers) / sizeof(helpers[0]),
    .address_type = IR_I32,
    .lane_slot = 14,
    .carried = 17,
    .granule = {2, 1},
    .memory = {.address_bits = 32, .page_bits = 12, .read_table = 64, .write_table = 512},
};

static bool faults(const struct guest *g, uint64_t addr)
{
    return g->fault_value && (addr & g->fault_mask) == g->fault_value;
}

static uint64_t guest_load(struct ir_env *env, uint64_t addr, uint32_t memop)
{
    struct guest *g = (struct guest *)env;
    uint64_t v = 0;
    g->slow_loads++;
    g->last_memop = memop;
    if (faults(g, addr)) {
        raise_at(g, 0x10);
        return 0xdead;
    }
    for (unsigned i = 0; i < 1u << (memop & IR_MEM_SIZE_MASK); i++)
        v |= (uint64_t)g->ram[(addr + i) % GUEST_RAM] << 8 * i;
    note(g, addr);
    return v;
}

static void guest_store(struct ir_env *env, uint64_t addr, uint64_t value, uint32_t memop)
{
    struct guest *g = (struct guest *)env;
    g->slow_stores++;
    g->last_memop = memop;
    if (faults(g, addr)) {
        raise_at(g, 0x10);
        return;
    }
    for (unsigned i = 0; i < 1u << (memop & IR_MEM_SIZE_MASK); i++)
        g->ram[(addr + i) % GUEST_RAM] = (uint8_t)(value >> 8 * i);
    note(g, addr ^ value << 32);
}

const struct ir_callbacks guest_callbacks = {.load = guest_load, .store = guest_store};

void guest_init(struct guest *g, int32_t budget)
{
    memset(g, 0, sizeof(*g));
    g->env.budget = g->env.slice = budget;
    g->env.page_base = 0x7000;
    for (unsigned i = 0; i < 8; i++)
        g->r[i] = 0x11111111u * (i + 1);
    g->d[0] = 0x0123456789abcdef;
    g->d[1] = 0xfedcba9876543210;
    g->byte = 0xb1;
    g->half = 0xf00d;
    for (unsigned i = 0; i < GUEST_RAM; i++)
        g->ram[i] = (uint8_t)(i * 7 + (i >> 8));
}

void guest_set_flags(struct guest *g, const char *flags)
{
    for (unsigned i = 0; i < 4; i++)
        g->env.nzcv[i] = flags[i] == "NZCV"[i];
}

bool guest_flags_are(const struct guest *g, const char *flags)
{
    for (unsigned i = 0; i < 4; i++)
        if (g->env.nzcv[i] != (flags[i] == "NZCV"[i]))
            return false;
    return true;
}

void block_parse(struct ir_block *b, struct arena *arena, const char *text)
{
    struct error e = {0};
    ir_block_init(b, &guest_target, arena);
    cr_assert(ir_parse(b, text, &e), "%s\n%s", e.text, text);
    cr_assert(ir_verify(b, &e), "%s\n%s", e.text, text);
}

char *block_text(const struct ir_block *b)
{
    char *text;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    ir_print(b, f);
    fclose(f);
    char *body = strchr(text, '\n') + 1;
    memmove(text, body, strlen(body) + 1);
    return text;
}

enum ir_exit guest_run(struct guest *g, const char *text)
{
    struct arena arena = {0};
    struct ir_block b;
    block_parse(&b, &arena, text);
    enum ir_exit reason = ir_interp_run(&b, &g->env, &guest_callbacks);
    arena_free(&arena);
    return reason;
}
