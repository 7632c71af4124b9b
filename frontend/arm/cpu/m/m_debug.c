/*
 * Debug events of the core's own units for software: the comparators of the DWT (DDI 0403E C1.8)
 * and of the FPB (C1.11), MON_STEP. Nothing is compared while code runs: the owner asks here which
 * addresses to stop at and which pages to look at, executes the instruction that matches by itself,
 * and then lets its events become pending.
 */
#include "frontend/arm/cpu/m/m_ppb.h"
#include "util/log.h"

enum {
    FUNCTION_CYCMATCH = BIT(7), FUNCTION_DATAVMATCH = BIT(8), FUNCTION_LNK1ENA = BIT(9),
    FUNCTION_MATCHED = BIT(24),
};
enum { CYCLE_COMPARATOR = 0, VALUE_COMPARATOR = 1 };
enum { MASK_MAX = 15 };
enum { CODE_REGION_END = 0x20000000 };

/* What a value of FUNCTION compares, and whether a match is a debug event. Those that only emit
 * trace packets have no row: there is no trace port that they could be seen at. */
enum { ON_PC = 1, ON_READ = 2, ON_WRITE = 4, IS_EVENT = 8 };
static const uint8_t functions[16] = {
    [4] = ON_PC | IS_EVENT,
    [5] = ON_READ | IS_EVENT,
    [6] = ON_WRITE | IS_EVENT,
    [7] = ON_READ | ON_WRITE | IS_EVENT,
    [8] = ON_PC,
    [9] = ON_READ,
    [10] = ON_WRITE,
    [11] = ON_READ | ON_WRITE,
};

static unsigned comparators(const struct arm_state *s)
{
    return s->m.dwt_ctrl >> 28;
}

static bool by_cycles(const struct arm_state *s, unsigned n)
{
    return n == CYCLE_COMPARATOR && (s->m.dwt_function[n] & FUNCTION_CYCMATCH);
}

static bool by_value(const struct arm_state *s, unsigned n)
{
    return n == VALUE_COMPARATOR && (s->m.dwt_function[n] & FUNCTION_DATAVMATCH);
}

/* What comparator @n does (ON_... and IS_EVENT) when it looks at addresses; 0: nothing. */
static unsigned acts(const struct arm_state *s, unsigned n)
{
    bool on = arm_m_is_v7(s) && (s->m.demcr & M_DEMCR_TRCENA);

    return on && !by_cycles(s, n) ? functions[s->m.dwt_function[n] & 15] : 0;
}

/* ---- debug events ---------------------------------------------------------------------------- */

/* Asynchronous events: where DebugMonitor cannot be taken they are ignored (C1.4). */
static void event(struct arm_state *s, uint32_t dfsr)
{
    if (!(s->m.demcr & M_DEMCR_MON_EN) ||
        m_priority(s, ARM_M_EXC_DEBUG_MONITOR) >= m_execution_priority(s))
        return;
    s->m.dfsr |= dfsr;
    s->env.touched = 1;
    m_pend(s, ARM_M_EXC_DEBUG_MONITOR);
}

/* The function of comparator @n has happened; an event waits for the end of the instruction. */
static void matched(struct arm_state *s, unsigned n, unsigned what)
{
    s->m.dwt_function[n] |= FUNCTION_MATCHED;
    s->env.touched = 1;
    if (what & IS_EVENT)
        s->m.step_events |= M_DFSR_DWTTRAP;
}

void arm_m_step_done(struct arm_state *s)
{
    uint32_t events = s->m.step_events;

    s->m.step_events = 0;
    if (events)
        event(s, events);
}

void m_monitor_step(struct arm_state *s)
{
    const uint32_t wanted = M_DEMCR_MON_EN | M_DEMCR_MON_STEP;

    if ((s->m.demcr & wanted) != wanted ||
        m_priority(s, ARM_M_EXC_DEBUG_MONITOR) >= m_execution_priority(s))
        return;
    s->m.step_events |= M_DFSR_HALTED;
    s->ops->m->step(s);
}

/* ---- data addresses -------------------------------------------------------------------------- */

/* What instructions access is compared. Of the frames of exceptions the manual does not say whether
 * they are; here they are not, nor are the reads of vectors. */

/* Does [@va, @va + @size) have a byte of the range of comparator @n? */
static bool in_range(const struct arm_state *s, unsigned n, uint32_t va, uint32_t size)
{
    uint32_t length = 1u << s->m.dwt_mask[n], start = s->m.dwt_comp[n] & ~(length - 1);

    return va - start < length || start - va < size;
}

/* A value is compared at the addresses of the comparators that are linked; at all if the links lead
 * to itself. */
static bool value_in_range(const struct arm_state *s, uint32_t va, uint32_t size)
{
    unsigned links[2] = {s->m.dwt_function[VALUE_COMPARATOR] >> 12 & 15,
                         s->m.dwt_function[VALUE_COMPARATOR] >> 16 & 15};
    bool anywhere = true;

    for (unsigned i = 0; i < 2; i++) {
        if (links[i] == VALUE_COMPARATOR || links[i] >= comparators(s))
            continue;
        anywhere = false;
        if (in_range(s, links[i], va, size))
            return true;
    }
    return anywhere;
}

static bool looks_at(const struct arm_state *s, unsigned n, uint32_t va, uint32_t size, bool write)
{
    if (!(acts(s, n) & (write ? ON_WRITE : ON_READ)))
        return false;
    return by_value(s, n) ? value_in_range(s, va, size) : in_range(s, n, va, size);
}

bool arm_m_watches(const struct arm_state *s, uint32_t va, uint32_t size, bool write)
{
    for (unsigned n = 0; s->m.watches && n < comparators(s); n++)
        if (looks_at(s, n, va, size, write))
            return true;
    return false;
}

bool arm_m_watches_page(const struct arm_state *s, uint32_t va, bool write)
{
    va &= ~0xfffu;
    for (unsigned n = 0; !write && s->m.literals && n < ARM_M_FPB_COMPARATORS; n++)
        if (m_fpb_literal(s, n) && m_fpb_address(s, n) - va < 0x1000)
            return true;
    return s->m.watches && arm_m_watches(s, va, 0x1000, write);
}

static bool value_matches(const struct arm_state *s, unsigned n, unsigned size, uint64_t value)
{
    unsigned log2 = s->m.dwt_function[n] >> 10 & 3, bits = 8u << log2;

    if (log2 > 2 || size != 1u << log2)
        return false;
    return bits_get((uint32_t)value, 0, bits) == bits_get(s->m.dwt_comp[n], 0, bits);
}

void arm_m_watched_access(struct arm_state *s, uint32_t va, unsigned size, bool write,
                          uint64_t value)
{
    for (unsigned n = 0; n < comparators(s); n++)
        if (looks_at(s, n, va, size, write) &&
            (!by_value(s, n) || value_matches(s, n, size, value)))
            matched(s, n, acts(s, n));
}

/* ---- code addresses -------------------------------------------------------------------------- */

/* The halfwords of comparator @n of the FPB that are breakpoints: bit 0 the first one, bit 1 the
 * second. *@at: the first. */
static unsigned fpb_breakpoints(const struct arm_state *s, unsigned n, uint32_t *at)
{
    uint32_t comp = s->m.fpb_comp[n];

    if (!(s->m.fpb_ctrl & 1) || !(comp & 1) || !arm_m_is_v7(s) || n >= m_fpb_codes(s))
        return 0;
    *at = m_fpb_v2(s) ? comp & ~1u : comp & 0x1ffffffcu;
    return m_fpb_v2(s) ? 1 : comp >> 30;
}

unsigned arm_m_code_points(const struct arm_state *s, uint64_t *pcs, unsigned max)
{
    unsigned count = 0;
    uint32_t at;

    for (unsigned n = 0; n < ARM_M_FPB_COMPARATORS; n++)
        for (unsigned i = 0, halves = fpb_breakpoints(s, n, &at); halves >> i; i++)
            if ((halves >> i & 1) && count++ < max)
                pcs[count - 1] = at + 2 * i;
    for (unsigned n = 0; n < comparators(s); n++) {
        uint32_t length = 1u << s->m.dwt_mask[n], start = s->m.dwt_comp[n] & ~(length - 1) & ~1u;

        for (uint32_t i = 0; (acts(s, n) & ON_PC) && !by_value(s, n) && i < length; i += 2)
            if (count++ < max)
                pcs[count - 1] = start + i;
    }
    return count;
}

static bool breakpoint_at(const struct arm_state *s, uint32_t pc)
{
    uint32_t at;

    for (unsigned n = 0; n < ARM_M_FPB_COMPARATORS; n++)
        for (unsigned i = 0, halves = fpb_breakpoints(s, n, &at); halves >> i; i++)
            if ((halves >> i & 1) && at + 2 * i == pc)
                return true;
    return false;
}

enum arm_m_code_point arm_m_code_point(struct arm_state *s)
{
    uint32_t pc = (uint32_t)s->env.pc;
    bool found = false;

    if (breakpoint_at(s, pc)) {
        m_breakpoint(s, pc, s->itstate);
        s->env.raised = 0;
        return ARM_M_POINT_TAKEN;
    }
    for (unsigned n = 0; n < comparators(s); n++) {
        uint32_t length = 1u << s->m.dwt_mask[n], start = s->m.dwt_comp[n] & ~(length - 1) & ~1u;

        if (!(acts(s, n) & ON_PC) || by_value(s, n) || pc - start >= length)
            continue;
        matched(s, n, acts(s, n));
        found = true;
    }
    return found ? ARM_M_POINT_STEP : ARM_M_POINT_NONE;
}

/* ---- remapping ------------------------------------------------------------------------------- */

/* The word that stands in for that of comparator @n. */
static bool remapped(struct arm_state *s, unsigned n, uint32_t *word)
{
    uint64_t v = 0;
    bool ok = s->ops->m->bus(s, (s->m.fpb_remap & 0x1fffffe0u) + CODE_REGION_END + 4 * n, 4, false,
                             &v);

    *word = (uint32_t)v;
    return ok;
}

bool arm_m_patches_page(const struct arm_state *s, uint32_t va)
{
    for (unsigned n = 0; n < ARM_M_FPB_COMPARATORS; n++)
        if (m_fpb_patch(s, n) && (m_fpb_address(s, n) ^ va) >> 12 == 0)
            return true;
    return false;
}

void arm_m_patch_page(struct arm_state *s, uint32_t va, uint8_t *page)
{
    uint32_t word;

    for (unsigned n = 0; n < ARM_M_FPB_COMPARATORS; n++)
        if (m_fpb_patch(s, n) && (m_fpb_address(s, n) ^ va) >> 12 == 0 && remapped(s, n, &word))
            for (unsigned i = 0; i < 4; i++)
                page[(m_fpb_address(s, n) & 0xffc) + i] = (uint8_t)(word >> 8 * i);
}

uint64_t arm_m_patch_literal(struct arm_state *s, uint32_t va, unsigned size, uint64_t value)
{
    uint32_t word;

    for (unsigned n = 0; n < ARM_M_FPB_COMPARATORS; n++) {
        if (!m_fpb_literal(s, n) || !remapped(s, n, &word))
            continue;
        for (unsigned i = 0; i < size; i++) {
            uint32_t offset = va + i - m_fpb_address(s, n);

            if (offset < 4)
                value = (value & ~(0xffull << 8 * i)) | (uint64_t)(word >> 8 * offset & 0xff)
                                                            << 8 * i;
        }
    }
    return value;
}

/* ---- registers ------------------------------------------------------------------------------- */

void m_points_derive(struct arm_state *s)
{
    struct arm_m *m = &s->m;

    m->watches = m->patches = m->literals = 0;
    for (unsigned n = 0; n < comparators(s); n++)
        m->watches |= (acts(s, n) & (ON_READ | ON_WRITE)) != 0;
    for (unsigned n = 0; n < ARM_M_FPB_COMPARATORS; n++) {
        m->patches |= m_fpb_patch(s, n) || m_fpb_literal(s, n);
        m->literals |= m_fpb_literal(s, n);
    }
}

/* What matches may have changed: the owner asks again, before the code behind the next
 * synchronisation. */
static void points_changed(struct arm_state *s)
{
    m_points_derive(s);
    s->ops->tlb_invalidate(s, ARM_TLB_ALL, 0, 0, false);
    s->ops->m->points_changed(s);
    s->env.touched = 1;
}

void m_trace_enabled(struct arm_state *s)
{
    bool used = false;

    for (unsigned n = 0; n < comparators(s); n++)
        used |= (s->m.dwt_function[n] & 15) != 0;
    if (used)
        points_changed(s);
}

/* COMP, MASK, FUNCTION and an empty word for each comparator. */
static uint32_t *dwt_field(struct arm_state *s, unsigned index)
{
    unsigned n = index / 4;

    if (n >= comparators(s))
        return NULL;
    switch (index % 4) {
    case 0: return &s->m.dwt_comp[n];
    case 1: return &s->m.dwt_mask[n];
    case 2: return &s->m.dwt_function[n];
    default: return NULL;
    }
}

READER(m_dwt_comp_read)
{
    uint32_t *field = dwt_field(s, index), value = field ? *field : 0;

    if (field && index % 4 == 2) {
        value |= index / 4 == VALUE_COMPARATOR && arm_m_is_v7(s) ? FUNCTION_LNK1ENA : 0;
        if (!debug && (value & FUNCTION_MATCHED)) {
            *field &= ~(uint32_t)FUNCTION_MATCHED;
            s->env.touched = 1;
        }
    }
    return value;
}

/* Comparator 0 can compare cycles, comparator 1 data. */
static uint32_t function_mask(unsigned n)
{
    return 0x2f | (n == CYCLE_COMPARATOR ? (uint32_t)FUNCTION_CYCMATCH : 0) |
           (n == VALUE_COMPARATOR ? FUNCTION_DATAVMATCH | 0xffc00u : 0);
}

WRITER(m_dwt_comp_write)
{
    uint32_t *field = dwt_field(s, index);
    unsigned n = index / 4;

    if (!field)
        return;
    if (index % 4 == 1)
        v = (v & 31) < MASK_MAX ? v & 31 : MASK_MAX;
    if (index % 4 == 2) {
        v &= function_mask(n);
        if ((v & 15) && !functions[v & 15] && !(v & FUNCTION_CYCMATCH))
            log_write(LOG_UNIMP, "DWT comparator %u: function %u only emits trace packets", n,
                      v & 15);
    }
    *field = v;
    m_cycle_deadline(s);
    if (index % 4 == 2 || (s->m.dwt_function[n] & 15) || s->m.watches)
        points_changed(s);
}

READER(m_fpb_ctrl_read)
{
    return s->m.fpb_ctrl;
}

WRITER(m_fpb_ctrl_write)
{
    if (!(v & BIT(1)) || (v & 1) == (s->m.fpb_ctrl & 1))
        return; /* KEY */
    s->m.fpb_ctrl = (s->m.fpb_ctrl & ~1u) | (v & 1);
    points_changed(s);
}

READER(m_fpb_remap_read)
{
    return m_fpb_v2(s) ? 0 : s->m.fpb_remap | BIT(29);
}

WRITER(m_fpb_remap_write)
{
    if (m_fpb_v2(s))
        return;
    s->m.fpb_remap = v & 0x1fffffe0u;
    points_changed(s);
}

READER(m_fpb_comp_read)
{
    return s->m.fpb_comp[index];
}

WRITER(m_fpb_comp_write)
{
    uint32_t mask = m_fpb_v2(s) ? 0xffffffffu : index < m_fpb_codes(s) ? 0xdffffffdu : 0x1ffffffdu;

    if (index >= m_fpb_codes(s) + m_fpb_literals(s))
        return;
    s->m.fpb_comp[index] = v & mask;
    points_changed(s);
}

/* ---- the cycle counter's match --------------------------------------------------------------- */

/* A watchpoint event, or (CMPMATCH, which nobody listens to) only a mark. */
bool m_cycle_match_wanted(const struct arm_state *s)
{
    unsigned function = s->m.dwt_function[CYCLE_COMPARATOR] & 15;

    return m_cyccnt_counts(s) && by_cycles(s, CYCLE_COMPARATOR) && (function == 4 || function == 8);
}

void m_cycle_matched(struct arm_state *s)
{
    s->m.dwt_function[CYCLE_COMPARATOR] |= FUNCTION_MATCHED;
    s->env.touched = 1;
    if ((s->m.dwt_function[CYCLE_COMPARATOR] & 15) == 4)
        event(s, M_DFSR_DWTTRAP);
}
