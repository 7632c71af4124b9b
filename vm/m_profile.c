/*
 * What a CPU of the M profile needs around it: the private peripheral bus and the bit-band aliases
 * in the physical map, its interrupt inputs, and what it calls upwards. There is one such CPU in a
 * VM.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/arm/cpu/m/m.h"
#include "util/bits.h"
#include "util/log.h"
#include "vm/internal.h"

static struct vm_cpu *self(struct arm_state *s)
{
    return vm_cpu_of(&s->env);
}

/* ---- what the CPU calls ---------------------------------------------------------------------- */

/* Memory as exception entry and return reach it: stacks and vector tables are in RAM or ROM. Called
 * on the CPU's thread, with or without the device lock. */
static bool bus(struct arm_state *s, uint32_t addr, unsigned size, bool write, uint64_t *value)
{
    struct vm_cpu *c = self(s);
    struct phys_region *r = physmap_find_cached(c->vm->map, addr, &c->last_region);

    if (!r || r->kind == PHYS_MMIO || addr - r->base + size > r->size ||
        (write && r->kind == PHYS_ROM)) {
        log_write(LOG_GUEST_ERRORS, "bus error: %s %u bytes at 0x%08x",
                  write ? "write of" : "read of", size, addr);
        return false;
    }
    uint8_t *p = r->host + (addr - r->base);
    if (!write) {
        *value = 0;
        memcpy(value, p, size);
        return true;
    }
    if (atomic_load(physmap_page_flags(r, addr)) & PHYS_PAGE_CODE)
        engine_code_write(c->vm->engine, NULL, physmap_canonical(r, addr), size);
    memcpy(p, value, size);
    return true;
}

static uint8_t *ram(struct arm_state *s, uint32_t addr, unsigned size, bool write)
{
    struct vm_cpu *c = self(s);
    struct phys_region *r = physmap_find_cached(c->vm->map, addr, &c->last_region);

    if (!r || r->kind == PHYS_MMIO || addr - r->base + size > r->size)
        return NULL;
    if (write && (r->kind != PHYS_RAM || ((atomic_load(physmap_page_flags(r, addr)) |
                                           atomic_load(physmap_page_flags(r, addr + size - 1))) &
                                          PHYS_PAGE_CODE)))
        return NULL;
    return r->host + (addr - r->base);
}

static int64_t now(const struct arm_state *s)
{
    const struct vm_cpu *c = s->env.owner;
    return clock_now(&c->vm->clock);
}

static void deadline(struct arm_state *s, int64_t ns)
{
    timer_set(&self(s)->systick, ns);
}

static void reset_request(struct arm_state *s)
{
    vm_request_reset(self(s)->vm);
}

/* A watchdog may let it happen again and again. */
static void lockup(struct arm_state *s, const char *why)
{
    enum { LINES_MAX = 20 };
    struct vm_cpu *c = self(s);
    if (c->lockups < LINES_MAX)
        fprintf(stderr, "armemu: CPU %u: %s%s\n", s->index, why,
                ++c->lockups == LINES_MAX ? " (and so on)" : "");
}

static void window_limit(struct arm_state *s, uint32_t start, uint32_t last, bool read)
{
    physmap_window_limit(self(s)->vm->map, start, last, read);
}

static void points_changed(struct arm_state *s)
{
    struct vm_cpu *c = self(s);
    c->points_changed = true;
    atomic_store(&c->attention, true);
    if (vm_cpu_current(c->vm) != c)
        return;
    engine_slice_end(&s->env);
    s->env.touched = 1;
}

void vm_m_step(struct vm_cpu *c)
{
    c->core_step = VM_CORE_STEP_ASKED;
    atomic_store(&c->attention, true);
    atomic_store(&c->state.env.exit_request, 1);
}

static void step(struct arm_state *s)
{
    vm_m_step(self(s));
}

/* printf by SWO: port 0 as a debugger shows it. The device lock is held. */
static void itm(struct arm_state *s, unsigned port, unsigned size, uint32_t value)
{
    struct chardev *out = self(s)->vm->config.itm;
    if (out && port == 0)
        chardev_write(out, &value, size);
}

const uint8_t *vm_m_patched_page(struct vm_cpu *c, uint32_t va, const uint8_t *host)
{
    if (!c->patched_page)
        c->patched_page = malloc(PHYS_PAGE_SIZE);
    if (!c->patched_page)
        return host;
    memcpy(c->patched_page, host, PHYS_PAGE_SIZE);
    arm_m_patch_page(&c->state, va, c->patched_page);
    return c->patched_page;
}

const struct arm_m_ops vm_m_ops = {
    .bus = bus,
    .ram = ram,
    .now = now,
    .deadline = deadline,
    .reset_request = reset_request,
    .lockup = lockup,
    .window_limit = window_limit,
    .points_changed = points_changed,
    .step = step,
    .itm = itm,
};

/* ---- inputs ---------------------------------------------------------------------------------- */

static void systick_due(void *opaque)
{
    struct vm_cpu *c = opaque;
    atomic_store(&c->m_inputs.systick_due, true);
    vm_cpu_kick(c);
}

/* Any thread, with the device lock. */
static void line_set(void *opaque, int n, int level)
{
    struct vm_cpu *c = opaque;
    uint32_t bit = BIT(n % 32);
    _Atomic uint32_t *word = &c->m_inputs.level[n / 32];

    if (!level) {
        if (atomic_fetch_and(word, ~bit) & bit)
            atomic_store(&c->m_inputs.changed, true); /* nobody waits for that */
        return;
    }
    if (atomic_fetch_or(word, bit) & bit)
        return;
    atomic_fetch_or(&c->m_inputs.rose[n / 32], bit);
    atomic_store(&c->m_inputs.changed, true);
    vm_cpu_kick(c);
}

static void nmi_set(void *opaque, int n, int level)
{
    struct vm_cpu *c = opaque;
    if (!level || atomic_exchange(&c->m_inputs.nmi, level)) {
        atomic_store(&c->m_inputs.nmi, level);
        return;
    }
    atomic_store(&c->m_inputs.nmi_rose, true);
    vm_cpu_kick(c);
}

struct irq_line vm_nvic_line(void *opaque, unsigned irq)
{
    struct vm *vm = opaque;
    if (irq == BOARD_NVIC_NMI)
        return (struct irq_line){nmi_set, vm->cpus[0], 0};
    assert(irq < ARM_M_IRQS_MAX);
    return (struct irq_line){line_set, vm->cpus[0], (int)irq};
}

void vm_m_sync(struct vm_cpu *c)
{
    struct vm_m_inputs *in = &c->m_inputs;

    if (atomic_exchange(&in->changed, false)) {
        c->state.env.touched = 1;
        for (unsigned i = 0; i < ARRAY_SIZE(in->level); i++) {
            uint32_t rose = atomic_exchange(&in->rose[i], 0), level = atomic_load(&in->level[i]);
            arm_m_nvic_input(&c->state, i, level, rose);
        }
    }
    if (atomic_exchange(&in->nmi_rose, false))
        arm_m_nmi(&c->state);
    uint32_t hz = atomic_exchange(&in->clock_hz, 0);
    if (hz) {
        c->state.env.touched = 1;
        vm_icount_clock(c, hz);
        arm_m_set_clock(&c->state, hz);
    }
    if (atomic_exchange(&in->systick_due, false)) {
        c->state.env.touched = 1;
        arm_m_systick_sync(&c->state);
    }
}

void vm_cpu_clock(void *opaque, uint32_t hz)
{
    struct vm *vm = opaque;
    struct vm_cpu *c = vm->cpus[0];
    atomic_store(&c->m_inputs.clock_hz, hz);
    vm_cpu_kick(c);
}

/* ---- regions --------------------------------------------------------------------------------- */

static bool ppb_read(void *opaque, unsigned cpu, uint64_t offset, unsigned size, uint64_t *value)
{
    const struct vm_ppb_piece *p = opaque;
    return arm_m_ppb_read(&p->cpu->state, p->start + (uint32_t)offset, size, cpu == PHYS_CPU_NONE,
                          value);
}

static bool ppb_write(void *opaque, unsigned cpu, uint64_t offset, unsigned size, uint64_t value)
{
    const struct vm_ppb_piece *p = opaque;
    return arm_m_ppb_write(&p->cpu->state, p->start + (uint32_t)offset, size, value);
}

static const struct phys_mmio_ops ppb_ops = {ppb_read, ppb_write, 1, 4};

/* Each word of an alias region is one bit of the megabyte at its base. */
struct target {
    uint64_t addr;
    unsigned bit;
};

static struct target bit_target(uint64_t base, uint64_t offset, unsigned size)
{
    uint64_t byte = offset >> 5;
    return (struct target){base + align_down(byte, size),
                           (unsigned)(8 * (byte & (size - 1)) + (offset >> 2 & 7))};
}

static bool band_access(struct vm_cpu *c, uint64_t base, uint64_t offset, unsigned size, bool write,
                        uint64_t *value)
{
    struct target t = bit_target(base, offset, size);
    struct phys_region *r = physmap_find(c->vm->map, t.addr);
    uint64_t word = 0;

    if (!physmap_cpu_read(c->vm->map, &r, c->index, t.addr, size, &word))
        return false;
    if (!write) {
        *value = word >> t.bit & 1;
        return true;
    }
    word = (word & ~BIT64(t.bit)) | (*value & 1) << t.bit;
    if (r && r->kind == PHYS_RAM && (atomic_load(physmap_page_flags(r, t.addr)) & PHYS_PAGE_CODE))
        engine_code_write(c->vm->engine, NULL, physmap_canonical(r, t.addr), size);
    return physmap_cpu_write(c->vm->map, &r, c->index, t.addr, size, word);
}

#define BAND(name, base)                                                                           \
    static bool name##_read(void *opaque, unsigned cpu, uint64_t offset, unsigned size,            \
                            uint64_t *value)                                                       \
    {                                                                                              \
        return band_access(opaque, base, offset, size, false, value);                              \
    }                                                                                              \
    static bool name##_write(void *opaque, unsigned cpu, uint64_t offset, unsigned size,           \
                             uint64_t value)                                                       \
    {                                                                                              \
        return band_access(opaque, base, offset, size, true, &value);                              \
    }                                                                                              \
    static const struct phys_mmio_ops name##_ops = {name##_read, name##_write, 1, 4}

BAND(sram_band, 0x20000000u);
BAND(peripheral_band, 0x40000000u);
#undef BAND

enum { BAND_ALIAS_SIZE = 32 << 20 };

static bool ppb_piece_add(struct vm *vm, uint64_t from, uint64_t to, struct error *e)
{
    if (from >= to)
        return true;
    if (vm->ppb_count == ARRAY_SIZE(vm->ppb))
        return error_set(e, "too many devices on the private peripheral bus");
    struct vm_ppb_piece *p = &vm->ppb[vm->ppb_count++];
    *p = (struct vm_ppb_piece){vm->cpus[0], (uint32_t)(from - ARM_M_PPB_BASE)};
    return physmap_add_mmio(vm->map, "private peripheral bus", from, to - from, &ppb_ops, p, e) !=
           NULL;
}

/* The bus is the core's but for what the board has there, such as the vendor's debug registers. */
static bool ppb_map(struct vm *vm, struct error *e)
{
    const uint64_t end = (uint64_t)ARM_M_PPB_BASE + ARM_M_PPB_SIZE;
    uint64_t at = ARM_M_PPB_BASE;
    for (unsigned i = 0; i < physmap_count(vm->map); i++) {
        const struct phys_region *r = physmap_region(vm->map, i);
        if (r->base < at || r->base >= end)
            continue;
        uint64_t from = at;
        at = r->base + r->size; /* adding a piece moves the regions behind it by one */
        i += from != r->base;
        if (!ppb_piece_add(vm, from, r->base, e))
            return false;
    }
    return ppb_piece_add(vm, at, end, e);
}

bool vm_m_map(struct vm *vm, struct error *e)
{
    const struct machine_m_profile *m = machine_m_profile(vm->config.machine);
    struct vm_cpu *c = vm->cpus[0];

    if (!m)
        return true;
    if (!ppb_map(vm, e))
        return false;
    /* The Cortex-M7 has no bit-banding, whatever board it is put on. */
    if (!m->bit_band || c->state.model->clidr)
        return true;
    return physmap_add_mmio(vm->map, "bit-band SRAM", 0x22000000, BAND_ALIAS_SIZE, &sram_band_ops,
                            c, e) &&
           physmap_add_mmio(vm->map, "bit-band peripherals", 0x42000000, BAND_ALIAS_SIZE,
                            &peripheral_band_ops, c, e);
}

bool vm_m_config(const struct vm *vm, const struct arm_cpu_model *model, struct arm_m_config *out,
                 struct error *e)
{
    const struct machine_m_profile *m = machine_m_profile(vm->config.machine);
    bool is_m = model->features & ARM_FEATURE(M);

    if (is_m != (m != NULL))
        return error_set(e, "-cpu %s: machine '%s' is for %s-profile CPUs", model->name,
                         machine_name(vm->config.machine), m ? "M" : "A");
    if (vm->config.itm && !(m && (model->features & ARM_FEATURE(V7))))
        return error_set(e, "-itm: -cpu %s has no ITM", model->name);
    if (!m)
        return true;
    bool v7 = model->features & ARM_FEATURE(V7); /* ARMv6-M: 32 interrupts, 4 priorities */
    assert(m->irqs <= ARM_M_IRQS_MAX && m->priority_bits >= 2 && m->priority_bits <= 8 &&
           m->cpu_hz);
    *out = (struct arm_m_config){
        .irqs = v7 || m->irqs < 32 ? m->irqs : 32,
        .priority_bits = v7 ? m->priority_bits : 2,
        .vtor = m->vtor,
        .cpu_hz = m->cpu_hz,
        .systick_ref_hz = m->systick_ref_hz,
        .systick_ref_div = m->systick_ref_div,
        .itm = vm->config.itm,
    };
    return true;
}

void vm_m_init(struct vm_cpu *c)
{
    timer_init(&c->systick, &c->vm->timers, systick_due, c);
}

bool vm_print_nvic(struct vm *vm, FILE *out)
{
    enum { FIRST_INTERRUPT = 16 };
    const struct arm_state *s = &vm->cpus[0]->state;
    const struct arm_m *m = &s->m;
    if (!arm_is_m(s))
        return false;
    fprintf(out, "NVIC\n");
    for (unsigned n = 1; n < ARM_M_EXCEPTIONS; n++) {
        uint32_t bit = BIT(n % 32);
        bool enabled = m->enabled[n / 32] & bit, pending = m->pending[n / 32] & bit;
        bool active = m->active[n / 32] & bit, high = m->level[n / 32] & bit;
        if (!pending && !active && !high && (n < FIRST_INTERRUPT || !enabled))
            continue;
        fprintf(out, "  %4u priority %02x%s%s%s%s\n", n, m->priority[n], enabled ? " enabled" : "",
                pending ? " pending" : "", active ? " active" : "", high ? " high" : "");
    }
    return true;
}
