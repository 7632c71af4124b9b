#include "harness.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { TABLE_BYTES = 8 << 20, TABLES = 4 };

#define R(n, p)                                              \
    {                                                        \
        "r" #n, IR_I32, p, offsetof(struct state, r) + 4 * n \
    }
#define F(n)  [SLOT_F0 + n] = {"f" #n, IR_F32, 0, offsetof(struct state, f) + 4 * n}
#define V(n)  [SLOT_V0 + n] = {"v" #n, IR_V64, 0, offsetof(struct state, f) + 8 * n}
#define FD(n) [SLOT_FD0 + n] = {"fd" #n, IR_F64, 0, offsetof(struct state, f) + 8 * n}
static const struct ir_slot slots[SLOT_COUNT] = {
    R(0, 1),
    R(1, 2),
    R(2, 3),
    R(3, 4),
    R(4, 5),
    R(5, 6),
    R(6, 7),
    R(7, 8),
    R(8, 9),
    R(9, 10),
    R(10, 11),
    R(11, 12),
    R(12, 13),
    R(13, 14),
    [SLOT_Q0] = {"q0", IR_I64, 0, offsetof(struct state, q[0])},
    [SLOT_Q1] = {"q1", IR_I64, 0, offsetof(struct state, q[1])},
    [SLOT_B0] = {"b0", IR_I8, 0, offsetof(struct state, b0)},
    [SLOT_H0] = {"h0", IR_I16, 0, offsetof(struct state, h0)},
    [SLOT_D0] = {"d0", IR_I64, 0, offsetof(struct state, d0)},
    [SLOT_S0] = {"s0", IR_I32, 0, offsetof(struct state, d0)},
    [SLOT_S1] = {"s1", IR_I32, 0, offsetof(struct state, d0) + 4},
    F(0),
    F(1),
    F(2),
    F(3),
    FD(0),
    FD(1),
    FD(2),
    FD(3),
    V(0),
    V(1),
    V(2),
    V(3),
    [SLOT_X0] = {"x0", IR_V128, 0, offsetof(struct state, f)},
    [SLOT_X0 + 1] = {"x1", IR_V128, 0, offsetof(struct state, f) + 16},
    [SLOT_LANE] = {"lane", IR_I8, 0, offsetof(struct state, lane)},
};
#undef R

/* ---- log and helpers ---------------------------------------------------------------------------
 */

static void log_add(struct state *s, uint64_t v)
{
    if (s->log_count < 512)
        s->log[s->log_count++] = v;
}

static uint64_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * 0x9e3779b97f4a7c15ull;
    return h ^ h >> 29;
}

static uint64_t hash_bytes(uint64_t h, const void *p, size_t n)
{
    for (size_t k = 0; k < n; k++)
        h = mix(h, ((const uint8_t *)p)[k]);
    return h;
}

/* Helpers look at the arguments that their rows declare, and at no others. */
static uint64_t hash_args(uint64_t h, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3)
{
    return mix(mix(mix(mix(h, a0), a1), a2), a3);
}

/* Everything that a callback may look at. */
static uint64_t state_hash(const struct state *s)
{
    uint64_t h = hash_bytes(1, s->r, offsetof(struct state, lane) + 1 - offsetof(struct state, r));
    h = hash_bytes(h, s->env.nzcv, 4);
    h = mix(h, s->env.insn_word);
    h = mix(h, s->env.insn_left);
    h = mix(h, (uint32_t)s->env.budget);
    return mix(h, s->env.page_base);
}

/* Ruin what the C calling convention lets a function ruin. */
static void clobber(void)
{
    __asm__ volatile("pcmpeqd %%xmm0, %%xmm0; movaps %%xmm0, %%xmm1; movaps %%xmm0, %%xmm2;"
                     "movaps %%xmm0, %%xmm3; movaps %%xmm0, %%xmm4; movaps %%xmm0, %%xmm5" ::
                         : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5");
    __asm__ volatile("mov $-1, %%rsi; mov $-1, %%rdi; mov $-1, %%r8; mov $-1, %%r9; mov $-1, %%r10;"
                     "mov $-1, %%r11; mov $-1, %%rcx; mov $-1, %%rdx" ::
                         : "rsi", "rdi", "r8", "r9", "r10", "r11", "rcx", "rdx", "memory");
}

static uint64_t help_pure(struct ir_env *env, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3)
{
    clobber();
    return hash_args(2, a0, a1, a2, a3);
}

static uint64_t help_reads(struct ir_env *env, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3)
{
    uint64_t h = hash_args(state_hash((struct state *)env), a0, 0, 0, 0);
    clobber();
    return h;
}

static void scramble(struct state *s, uint64_t h)
{
    s->r[h & 7] = (uint32_t)(h >> 8);
    s->r[8 + (h >> 3 & 3)] = (uint32_t)(h >> 16);
    s->q[1] ^= h;
    s->f[h >> 5 & 3] ^= h >> 7;
    s->d0 += h;
    for (unsigned k = 0; k < 4; k++)
        s->env.nzcv[k] = h >> (40 + k) & 1;
}

static uint64_t help_writes(struct ir_env *env, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3)
{
    uint64_t h = hash_args(3, a0, a1, 0, 0);
    scramble((struct state *)env, h);
    clobber();
    return h;
}

static uint64_t help_raises(struct ir_env *env, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3)
{
    struct state *s = (struct state *)env;
    uint64_t h = hash_args(state_hash(s), a0, 0, 0, 0);
    log_add(s, h);
    if (a0 & 1) {
        scramble(s, h);
        env->raised = 1;
        env->pc = RAISE_PC;
    }
    clobber();
    return h;
}

/* For callz. */
static uint64_t help_always_raises(struct ir_env *env, uint64_t a0, uint64_t a1, uint64_t a2,
                                   uint64_t a3)
{
    return help_raises(env, a0 | 1, 0, 0, 0);
}

static uint64_t help_context(struct ir_env *env, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3)
{
    struct state *s = (struct state *)env;
    s->env.tables = s->tables[a0 & 1];
    clobber();
    return 7;
}

static uint64_t help_external(struct ir_env *env, uint64_t a0, uint64_t a1, uint64_t a2,
                              uint64_t a3)
{
    log_add((struct state *)env, hash_args(4, a0, a1, 0, 0));
    clobber();
    return a0;
}

/* The exceptions so far are the result; some are forgotten, and the rounding changes. */
static uint64_t help_fp(struct ir_env *env, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3)
{
    uint64_t h = hash_args(5, a0, env->fp_flags, env->fp_rounding, 0);
    log_add((struct state *)env, h);
    env->fp_flags &= (uint32_t)(a0 >> 2);
    env->fp_rounding = a0 & 3;
    clobber();
    return h;
}

static const struct ir_helper helpers[HELPER_COUNT] = {
    [HELPER_PURE] = {"pure", help_pure, 4, IR_I32, IR_HELPER_PURE},
    [HELPER_PURE64] = {"pure64", help_pure, 4, IR_I64, IR_HELPER_PURE},
    [HELPER_READS] = {"reads", help_reads, 1, IR_I32, IR_HELPER_READS},
    [HELPER_WRITES] = {"writes", help_writes, 2, IR_I32, IR_HELPER_WRITES},
    [HELPER_RAISES] = {"raises", help_raises, 1, IR_I32,
                       IR_HELPER_READS | IR_HELPER_WRITES | IR_HELPER_RAISES},
    [HELPER_CONTEXT] = {"context", help_context, 1, IR_I32, IR_HELPER_CONTEXT | IR_HELPER_WRITES},
    [HELPER_EXTERNAL] = {"external", help_external, 2, IR_I32, IR_HELPER_EXTERNAL},
    [HELPER_FP] = {"fp", help_fp, 1, IR_I32, IR_HELPER_EXTERNAL | IR_HELPER_FP},
    [HELPER_ALWAYS_RAISES] = {"always_raises", help_always_raises, 1, IR_I32,
                              IR_HELPER_READS | IR_HELPER_WRITES | IR_HELPER_RAISES},
    [HELPER_VOID] = {"void", help_writes, 2, IR_VOID, IR_HELPER_WRITES},
};

/* ---- memory
 * ---------------------------------------------------------------------------------------- */

/* Would the fast path do? Then it is left to the executor which way it takes (memgroups). */
static bool is_fast(const struct state *s, uint64_t addr, uint32_t memop)
{
    uint64_t size = 1ull << (memop & IR_MEM_SIZE_MASK), entry;
    uint32_t table = memop & IR_MEM_WRITE ? test_target.memory.write_table : 0;
    memcpy(&entry, s->env.tables + table + (addr >> 12) * 8, 8);
    return entry && (addr & 0xfff) + size <= 0x1000 && !(memop & IR_MEM_USER);
}

/* Does the access raise? */
static bool faults(struct state *s, uint64_t addr, uint32_t memop, uint64_t value)
{
    uint64_t size = 1ull << (memop & IR_MEM_SIZE_MASK);
    uint64_t align = 1ull << ((memop & IR_MEM_ALIGN_MASK) >> IR_MEM_ALIGN_SHIFT);
    if (s->log_all || (addr & (align - 1)) || !is_fast(s, addr, memop))
        log_add(s, mix(mix(mix(state_hash(s), addr), memop), value));
    if (!(addr & (align - 1)) && (addr + size <= PAGE_FAULT || addr >= PAGE_FAULT + 0x1000))
        return false;
    s->env.raised = 1;
    s->env.pc = FAULT_PC;
    return true;
}

static uint8_t *byte_at(struct state *s, uint64_t addr)
{
    return addr - MEM_BASE < sizeof(s->memory) ? &s->memory[addr - MEM_BASE] : NULL;
}

static uint64_t slow_load(struct ir_env *env, uint64_t addr, uint32_t memop)
{
    struct state *s = (struct state *)env;
    uint64_t v = 0;
    assert(!(memop & IR_MEM_WRITE));
    if (faults(s, addr, memop, 0))
        return 0xdeadbeefdeadbeefull;
    for (unsigned k = 0; k < 1u << (memop & IR_MEM_SIZE_MASK); k++) {
        const uint8_t *p = byte_at(s, (uint32_t)(addr + k));
        v |= (uint64_t)(p ? *p : (uint8_t)(addr + k)) << 8 * k;
    }
    clobber();
    return v;
}

static void slow_store(struct ir_env *env, uint64_t addr, uint64_t value, uint32_t memop)
{
    struct state *s = (struct state *)env;
    assert(memop & IR_MEM_WRITE);
    if (faults(s, addr, memop, value))
        return;
    for (unsigned k = 0; k < 1u << (memop & IR_MEM_SIZE_MASK); k++) {
        uint8_t *p = byte_at(s, (uint32_t)(addr + k));
        if (p)
            *p = (uint8_t)(value >> 8 * k);
    }
    clobber();
}

const struct ir_callbacks test_callbacks = {.load = slow_load, .store = slow_store};

const struct ir_target test_target = {
    .name = "test",
    .state_size = sizeof(struct state),
    .slots = slots,
    .slot_count = SLOT_COUNT,
    .helpers = helpers,
    .helper_count = HELPER_COUNT,
    .address_type = IR_I32,
    .lane_slot = SLOT_LANE,
    .granule = {2, 1},
    .memory = {.address_bits = 32,
               .page_bits = 12,
               .read_table = 0,
               .write_table = TABLE_BYTES,
               .exec_table = {2 * TABLE_BYTES, 3 * TABLE_BYTES}},
};

/* ---- states
 * ------------------------------------------------------------------------------------------ */

static void map_page(struct state *s, unsigned context, uint32_t page, bool write)
{
    uint64_t entry = (uintptr_t)&s->memory[page - MEM_BASE] - (uint64_t)page;
    memcpy(s->tables[context] + (page >> 12) * 8, &entry, 8);
    if (write)
        memcpy(s->tables[context] + TABLE_BYTES + (page >> 12) * 8, &entry, 8);
}

struct state *state_new(uint64_t seed)
{
    struct state *s =
        mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert(s != MAP_FAILED);
    for (unsigned k = 0; k < 2; k++) {
        s->tables[k] = mmap(NULL, TABLES * TABLE_BYTES, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        assert(s->tables[k] != MAP_FAILED);
    }
    map_page(s, 0, MEM_BASE, true);
    map_page(s, 0, MEM_BASE + 0x1000, true);
    map_page(s, 0, PAGE_RO, false);
    map_page(s, 1, MEM_BASE + 0x1000, true);
    s->env.tables = s->tables[0];
    for (size_t k = offsetof(struct state, r); k < offsetof(struct state, lane); k++)
        ((uint8_t *)s)[k] = (uint8_t)rng_next(&seed);
    for (unsigned k = 0; k < 4; k++)
        s->env.nzcv[k] = rng_next(&seed) & 1;
    s->env.fp_rounding = rng_next(&seed) & 3;
    for (size_t k = 0; k < sizeof(s->memory); k++)
        s->memory[k] = (uint8_t)rng_next(&seed);
    s->env.page_base = 0x8000;
    s->env.budget = s->env.slice = 1000;
    return s;
}

void state_unmap(struct state *s)
{
    for (unsigned k = 0; k < 2; k++) {
        memset(s->tables[k] + (MEM_BASE >> 12) * 8, 0, MEM_PAGES * 8);
        memset(s->tables[k] + TABLE_BYTES + (MEM_BASE >> 12) * 8, 0, MEM_PAGES * 8);
    }
}

void state_free(struct state *s)
{
    munmap(s->tables[0], TABLES * TABLE_BYTES);
    munmap(s->tables[1], TABLES * TABLE_BYTES);
    munmap(s, sizeof(*s));
}

void state_copy(struct state *to, const struct state *from)
{
    uint8_t *tables[2] = {to->tables[0], to->tables[1]};
    unsigned context = from->env.tables == from->tables[1];
    memcpy(to, from, sizeof(*to));
    to->tables[0] = tables[0];
    to->tables[1] = tables[1];
    to->env.tables = tables[context];
}

#define DIFFERS(field)                                            \
    (memcmp(&a->field, &b->field, sizeof(a->field)) != 0 &&       \
     (snprintf(text, size, "%s differs: %#llx, %#llx", #field,    \
               sizeof(a->field) < 4 ? *(const uint8_t *)&a->field : \
               (unsigned long long)*(const uint32_t *)&a->field,  \
               sizeof(a->field) < 4 ? *(const uint8_t *)&b->field : \
               (unsigned long long)*(const uint32_t *)&b->field), \
      true))

bool state_equal(const struct state *a, const struct state *b, char *text, size_t size)
{
    for (unsigned k = 0; k < 14; k++)
        if (a->r[k] != b->r[k]) {
            snprintf(text, size, "r%u differs: %#x, %#x", k, a->r[k], b->r[k]);
            return false;
        }
    if ((a->env.tables == a->tables[0]) != (b->env.tables == b->tables[0])) {
        snprintf(text, size, "env.tables differs");
        return false;
    }
    for (unsigned k = 0; k < 4; k++)
        if (a->f[k] != b->f[k]) {
            snprintf(text, size, "f[%u] differs: %#llx, %#llx", k, (unsigned long long)a->f[k],
                     (unsigned long long)b->f[k]);
            return false;
        }
    return !(DIFFERS(env.fp_flags) || DIFFERS(env.fp_rounding) || DIFFERS(q[0]) || DIFFERS(q[1]) ||
             DIFFERS(d0) || DIFFERS(h0) || DIFFERS(b0) || DIFFERS(lane) || DIFFERS(env.nzcv) ||
             DIFFERS(env.budget) || DIFFERS(env.slice) || DIFFERS(env.icount) ||
             DIFFERS(env.raised) || DIFFERS(env.pc) || DIFFERS(env.page_base) ||
             DIFFERS(log_count) || DIFFERS(log) || DIFFERS(memory));
}

/* ---- backend
 * ------------------------------------------------------------------------------------------ */

static struct backend *make(bool no_chain, bool always_slow, uint32_t features_mask, bool fp_traps)
{
    struct backend_config config = {.target = &test_target,
                                    .callbacks = test_callbacks,
                                    .cache_size = 4 << 20,
                                    .region_count = 4,
                                    .no_chain = no_chain,
                                    .always_slow = always_slow,
                                    .host_features_mask = features_mask,
                                    .fp_traps = fp_traps};
    struct error e;
    struct backend *be = backend_new(&config, &e);
    assert(be);
    return be;
}

struct backend *test_backend(bool no_chain, bool always_slow, uint32_t features_mask)
{
    return make(no_chain, always_slow, features_mask, false);
}

struct backend *test_backend_with_traps(uint32_t features_mask)
{
    return make(true, false, features_mask, true);
}

struct backend_code test_compile(struct backend *be, const struct ir_block *b)
{
    struct backend_code code;
    if (!backend_compile(be, b, &code)) {
        backend_next_region(be);
        bool ok = backend_compile(be, b, &code);
        assert(ok);
    }
    return code;
}

void exec_map(struct backend *be, struct state *s, uint32_t addr, unsigned lane, uint32_t code)
{
    uint8_t *slot = s->tables[0] + test_target.memory.exec_table[lane] + (addr >> 12) * 8;
    uint32_t *array;
    memcpy(&array, slot, 8);
    if (!array) {
        unsigned n = 4096u >> test_target.granule[lane];
        array = malloc(n * sizeof(*array)); /* lives as long as the test */
        for (unsigned k = 0; k < n; k++)
            array[k] = backend_lookup_stub(be);
        memcpy(slot, &array, 8);
    }
    array[(addr & 0xfff) >> test_target.granule[lane]] = code;
}
