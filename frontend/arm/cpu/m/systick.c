/*
 * SysTick and the cycle counter. Neither is stepped: their values are computed from the clock, and
 * SysTick asks its owner to be called when it reaches 0 and this makes an interrupt.
 */
#include "frontend/arm/cpu/m/m_internal.h"

enum { CSR_ENABLE = BIT(0), CSR_TICKINT = BIT(1), CSR_CLKSOURCE = BIT(2), CSR_COUNTFLAG = BIT(16) };
enum { SYST_CSR = 0, SYST_RVR = 4, SYST_CVR = 8, SYST_CALIB = 12 };

#define NS_PER_SEC 1000000000ull

static uint64_t ticks_at(int64_t ns, uint32_t hz)
{
    return (uint64_t)((unsigned __int128)(uint64_t)ns * hz / NS_PER_SEC);
}

/* The first time at which @ticks have passed. */
static int64_t time_of(uint64_t ticks, uint32_t hz)
{
    unsigned __int128 ns = ((unsigned __int128)ticks * NS_PER_SEC + hz - 1) / hz;

    return ns > INT64_MAX ? INT64_MAX : (int64_t)ns;
}

static uint32_t systick_hz(const struct arm_state *s)
{
    bool cpu = (s->m.syst_csr & CSR_CLKSOURCE) || !s->m_config.systick_ref_hz;

    return cpu ? s->m_config.cpu_hz : s->m_config.systick_ref_hz;
}

static uint64_t systick_now(const struct arm_state *s)
{
    return ticks_at(s->ops->m->now(s), systick_hz(s));
}

/* ---- SysTick --------------------------------------------------------------------------------- */

static void set_deadline(struct arm_state *s)
{
    bool counts = (s->m.syst_csr & CSR_ENABLE) && s->m.syst_zero;
    int64_t zero = counts && (s->m.syst_csr & CSR_TICKINT) ? time_of(s->m.syst_zero, systick_hz(s))
                                                           : INT64_MAX;
    int64_t match = s->m.cycle_match ? time_of(s->m.cycle_match, s->m_config.cpu_hz) : INT64_MAX;

    s->ops->m->deadline(s, zero < match ? zero : match);
}

/* The counter has passed 0 once or several times. */
static bool catch_up(struct arm_state *s, uint64_t now)
{
    struct arm_m *m = &s->m;
    uint64_t period = (uint64_t)m->syst_rvr + 1;

    if (!(m->syst_csr & CSR_ENABLE) || !m->syst_zero || now < m->syst_zero)
        return false;
    m->syst_csr |= CSR_COUNTFLAG;
    s->env.touched = 1;
    m->syst_load = 0;
    if (m->syst_rvr) {
        m->syst_zero += ((now - m->syst_zero) / period + 1) * period;
        m->syst_load = m->syst_zero - m->syst_rvr;
    } else {
        m->syst_zero = 0; /* it stays at 0 */
    }
    if (m->syst_csr & CSR_TICKINT)
        m_pend(s, ARM_M_EXC_SYSTICK);
    return true;
}

static uint64_t cycles_now(const struct arm_state *s)
{
    return ticks_at(s->ops->m->now(s), s->m_config.cpu_hz);
}

/* CYCCNT has reached DWT_COMP0: it does so again when it has gone round. */
static bool match_cycles(struct arm_state *s)
{
    if (!s->m.cycle_match || cycles_now(s) < s->m.cycle_match)
        return false;
    s->m.cycle_match += BIT64(32);
    m_cycle_matched(s);
    return true;
}

static void sync_at(struct arm_state *s, uint64_t now)
{
    bool zero = catch_up(s, now), match = match_cycles(s);

    if (zero || match)
        set_deadline(s);
}

void arm_m_systick_sync(struct arm_state *s)
{
    sync_at(s, systick_now(s));
}

/* CVR at @now; catch_up has been called. */
static uint32_t current_value(const struct arm_m *m, uint64_t now)
{
    if (!(m->syst_csr & CSR_ENABLE))
        return m->syst_stopped;
    if (!m->syst_zero || now < m->syst_load)
        return 0;
    return (uint32_t)(m->syst_zero - now) & 0xffffff;
}

/* Go on counting from @value; from 0 the reload value is loaded with the next tick. */
static void count_from(struct arm_m *m, uint32_t value, uint64_t now)
{
    m->syst_load = value ? 0 : now + 1;
    m->syst_zero = value ? now + value : m->syst_rvr ? now + 1 + m->syst_rvr : 0;
}

static void write_csr(struct arm_state *s, uint32_t value, uint64_t now)
{
    struct arm_m *m = &s->m;
    uint32_t cvr = current_value(m, now);
    uint32_t writable = CSR_ENABLE | CSR_TICKINT | CSR_CLKSOURCE;

    m->syst_csr = (m->syst_csr & CSR_COUNTFLAG) | (value & writable);
    if (!s->m_config.systick_ref_hz)
        m->syst_csr |= CSR_CLKSOURCE;
    m->syst_stopped = cvr;
    if (m->syst_csr & CSR_ENABLE)
        count_from(m, cvr, systick_now(s)); /* the clock may be another one now */
}

static uint32_t calibration(const struct arm_state *s)
{
    uint32_t ref = s->m_config.systick_ref_hz;
    uint32_t ten_ms = (ref ? ref : s->m_config.cpu_hz) / 100 - 1;

    return (ref ? 0 : BIT(31)) | (ten_ms <= 0xffffff ? ten_ms : 0);
}

uint32_t m_systick_read(struct arm_state *s, unsigned offset, bool debug)
{
    uint64_t now = systick_now(s);
    uint32_t value;

    if (!debug)
        sync_at(s, now); /* a later look might be behind another zero */
    switch (offset) {
    case SYST_CSR:
        value = s->m.syst_csr;
        if (!debug && (value & CSR_COUNTFLAG)) {
            s->m.syst_csr &= ~(uint32_t)CSR_COUNTFLAG;
            s->env.touched = 1;
        }
        return value;
    case SYST_RVR: return s->m.syst_rvr;
    case SYST_CVR: return current_value(&s->m, now);
    default: return calibration(s);
    }
}

void m_systick_write(struct arm_state *s, unsigned offset, uint32_t value)
{
    struct arm_m *m = &s->m;
    uint64_t now = systick_now(s);

    catch_up(s, now);
    s->env.touched = 1;
    switch (offset) {
    case SYST_CSR:
        write_csr(s, value, now);
        break;
    case SYST_RVR:
        m->syst_rvr = value & 0xffffff;
        if ((m->syst_csr & CSR_ENABLE) && (!m->syst_zero || now < m->syst_load))
            count_from(m, 0, now); /* it is at 0, and loads the new value next */
        break;
    case SYST_CVR:
        m->syst_csr &= ~(uint32_t)CSR_COUNTFLAG;
        m->syst_stopped = 0;
        if (m->syst_csr & CSR_ENABLE)
            count_from(m, 0, now);
        break;
    }
    set_deadline(s);
}

void m_systick_loaded(struct arm_state *s)
{
    m_cycle_deadline(s);
    set_deadline(s);
}

void arm_m_set_clock(struct arm_state *s, uint32_t cpu_hz)
{
    uint32_t cvr, cycles = m_cyccnt_read(s);

    if (!cpu_hz || cpu_hz == s->m_config.cpu_hz)
        return;
    arm_m_systick_sync(s);
    cvr = current_value(&s->m, systick_now(s));
    s->m_config.cpu_hz = cpu_hz;
    if (s->m_config.systick_ref_div)
        s->m_config.systick_ref_hz = cpu_hz / s->m_config.systick_ref_div;
    if (s->m.syst_csr & CSR_ENABLE)
        count_from(&s->m, cvr, systick_now(s));
    m_cyccnt_set(s, cycles, m_cyccnt_counts(s));
    set_deadline(s);
}

/* ---- the cycle counter ----------------------------------------------------------------------- */

bool m_cyccnt_counts(const struct arm_state *s)
{
    return (s->m.dwt_ctrl & 1) && (s->m.demcr & M_DEMCR_TRCENA);
}

uint32_t m_cyccnt_read(const struct arm_state *s)
{
    return m_cyccnt_counts(s) ? (uint32_t)cycles_now(s) + s->m.dwt_cyccnt : s->m.dwt_cyccnt;
}

void m_cyccnt_set(struct arm_state *s, uint32_t value, bool counts)
{
    s->m.dwt_cyccnt = counts ? value - (uint32_t)cycles_now(s) : value;
    s->env.touched = 1;
    m_cycle_deadline(s);
}

void m_cycle_deadline(struct arm_state *s)
{
    uint64_t before = s->m.cycle_match, now;

    s->m.cycle_match = 0;
    if (m_cycle_match_wanted(s)) {
        now = cycles_now(s);
        s->m.cycle_match = now + (uint32_t)(s->m.dwt_comp[0] - m_cyccnt_read(s));
        s->m.cycle_match += s->m.cycle_match == now ? BIT64(32) : 0;
    }
    if (before != s->m.cycle_match)
        set_deadline(s);
}
