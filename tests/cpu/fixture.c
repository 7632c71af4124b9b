#include "tests/cpu/fixture.h"

#include <stdlib.h>
#include <string.h>

static struct machine *self(struct arm_state *s)
{
    return s->ops_opaque;
}

static void context_changed(struct arm_state *s)
{
    self(s)->context_changes++;
}

static void tlb_wait(struct arm_state *s)
{
}

static void tlb_invalidate(struct arm_state *s, enum arm_tlb_scope scope, uint32_t va,
                           uint32_t asid, bool broadcast)
{
    struct machine *m = self(s);

    m->tlb_calls++;
    m->tlb_scope = scope;
    m->tlb_va = va;
    m->tlb_asid = asid;
    m->tlb_broadcast = broadcast;
}

static bool read_phys(void *state, uint64_t phys, unsigned size, uint64_t *value)
{
    struct machine *m = self(state);

    if (phys + size > sizeof(m->ram))
        return false;
    *value = 0;
    memcpy(value, m->ram + phys, size);
    return true;
}

static uint64_t counter(struct arm_state *s)
{
    return self(s)->now;
}

static uint32_t counter_frequency(struct arm_state *s)
{
    return 62500000;
}

static uint64_t timer_read(struct arm_state *s, enum arm_timer timer, enum arm_timer_reg reg)
{
    return self(s)->timer[timer][reg];
}

static void timer_write(struct arm_state *s, enum arm_timer timer, enum arm_timer_reg reg,
                        uint64_t v)
{
    self(s)->timer[timer][reg] = v;
}

static bool firmware_call(struct arm_state *s, bool smc, uint32_t imm)
{
    return self(s)->firmware;
}

static uint64_t load(struct arm_state *s, uint32_t addr, uint32_t memop)
{
    return 0xd0d0;
}

static void store(struct arm_state *s, uint32_t addr, uint64_t value, uint32_t memop)
{
}

/* RAM is flat; the top half of the address space faults. */
static uint8_t *ram_pointer(struct arm_state *s, uint32_t addr, unsigned size, bool write)
{
    const struct arm_fault fault = {.kind = ARM_FAULT_TRANSLATION, .level = 1};

    if (addr >> 31)
        arm_raise_data_abort(s, &fault, addr, write);
    return addr < sizeof(self(s)->ram) ? self(s)->ram + addr : NULL;
}

static struct arm_exclusives *exclusives(struct arm_state *s)
{
    return &self(s)->exclusives;
}

static void end_slice(struct arm_state *s)
{
    self(s)->slice_ends++;
}

static const struct arm_cpu_ops ops = {
    .context_changed = context_changed,
    .tlb_invalidate = tlb_invalidate,
    .tlb_wait = tlb_wait,
    .read_phys = read_phys,
    .counter = counter,
    .counter_frequency = counter_frequency,
    .timer_read = timer_read,
    .timer_write = timer_write,
    .cycles = counter,
    .firmware_call = firmware_call,
    .send_event = context_changed,
    .load = load,
    .store = store,
    .ram_pointer = ram_pointer,
    .exclusives = exclusives,
    .end_slice = end_slice,
};

struct machine *machine_new(const char *model, unsigned options)
{
    struct machine *m = aligned_alloc(4096, (sizeof(*m) + 4095) / 4096 * 4096);
    struct arm_cpu_config config = {
        .model = arm_cpu_model_find(model, NULL), .count = 1, .secure = options & SECURE,
        .virtualization = options & VIRTUAL, .ops = &ops,
    };

    cr_assert(m && config.model);
    memset(m, 0, sizeof(*m));
    config.ops_opaque = m;
    arm_cpu_init(&m->s, &config);
    return m;
}

void machine_at(struct machine *m, uint32_t pc, uint8_t it, unsigned size)
{
    m->s.env.page_base = pc & ~0xfffu;
    m->s.env.insn_word = ARM_INSN_WORD(pc & 0xfff, it, size == 4 && m->s.thumb);
}

uint32_t mrc(struct machine *m, unsigned opc1, unsigned crn, unsigned crm, unsigned opc2)
{
    return (uint32_t)arm_helper_cp_read32(&m->s.env, ARM_CP_KEY32(15, opc1, crn, crm, opc2), 0, 0,
                                          0);
}

void mcr(struct machine *m, unsigned opc1, unsigned crn, unsigned crm, unsigned opc2,
         uint32_t value)
{
    arm_helper_cp_write32(&m->s.env, ARM_CP_KEY32(15, opc1, crn, crm, opc2), value, 0, 0);
}

bool machine_raised(struct machine *m)
{
    bool raised = m->s.env.raised;

    m->s.env.raised = 0;
    return raised;
}
