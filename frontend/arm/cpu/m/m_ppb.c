/*
 * The private peripheral bus: one table of registers, which are words; what a narrower access does
 * is a property of the row. Most rows are fields of the state with a mask of their writable bits,
 * the others have functions (m_scs.c).
 */
#include "frontend/arm/cpu/m/m_ppb.h"

#include <stddef.h>

#include "util/log.h"

#define M(member) offsetof(struct arm_state, m.member)
#define MODEL(member) offsetof(struct arm_cpu_model, member)

#define FIELD_RW(at, text, needs, member, bits)                                                    \
    {.offset = at, .count = 1, .name = text, .need = needs, .field = M(member), .mask = bits,      \
     .plain = true}
#define FUNC(at, n, text, needs, r, w)                                                             \
    {.offset = at, .count = n, .name = text, .need = needs, .read = r, .write = w}
#define MODEL_RO(at, n, text, needs, member)                                                       \
    {.offset = at, .count = n, .name = text, .need = needs, .model = MODEL(member),                \
     .from_model = true}
#define CONST_RO(at, n, text, needs, v)                                                            \
    {.offset = at, .count = n, .name = text, .need = needs, .constant = v}

static const struct m_register scs[] = {
    FUNC(0x004, 1, "ICTR", M_NEED_V7, m_ictr_read, NULL),
    FIELD_RW(0x008, "ACTLR", 0, actlr, 0xffffffff),
    FUNC(0x010, 4, "SYST", 0, m_syst_read, m_syst_write),
    FUNC(0x100, 8, "NVIC_ISER", 0, m_iser_read, m_iser_write),
    FUNC(0x180, 8, "NVIC_ICER", 0, m_iser_read, m_icer_write),
    FUNC(0x200, 8, "NVIC_ISPR", 0, m_ispr_read, m_ispr_write),
    FUNC(0x280, 8, "NVIC_ICPR", 0, m_ispr_read, m_icpr_write),
    FUNC(0x300, 8, "NVIC_IABR", M_NEED_V7, m_iabr_read, NULL),
    {.offset = 0x400, .count = 60, .name = "NVIC_IPR", .read = m_ipr_read, .write = m_ipr_write,
     .narrow = M_NARROW_MERGE},
    MODEL_RO(0xd00, 1, "CPUID", 0, midr),
    FUNC(0xd04, 1, "ICSR", 0, m_icsr_read, m_icsr_write),
    FUNC(0xd08, 1, "VTOR", 0, m_vtor_read, m_vtor_write),
    FUNC(0xd0c, 1, "AIRCR", 0, m_aircr_read, m_aircr_write),
    FIELD_RW(0xd10, "SCR", 0, scr, 0x16),
    FUNC(0xd14, 1, "CCR", 0, m_ccr_read, m_ccr_write),
    {.offset = 0xd18, .count = 3, .name = "SHPR", .read = m_shpr_read, .write = m_shpr_write,
     .narrow = M_NARROW_MERGE},
    FUNC(0xd24, 1, "SHCSR", 0, m_shcsr_read, m_shcsr_write),
    {.offset = 0xd28, .count = 1, .name = "CFSR", .need = M_NEED_V7, .field = M(cfsr),
     .plain = true,
     .clear = true, .mask = 0x030fbfbb, .narrow = M_NARROW_ZERO},
    {.offset = 0xd2c, .count = 1, .name = "HFSR", .need = M_NEED_V7, .field = M(hfsr),
     .plain = true,
     .clear = true, .mask = 0xc0000002},
    {.offset = 0xd30, .count = 1, .name = "DFSR", .field = M(dfsr), .plain = true, .clear = true,
     .mask = 0x1f},
    FIELD_RW(0xd34, "MMFAR", M_NEED_V7, mmfar, 0xffffffff),
    FIELD_RW(0xd38, "BFAR", M_NEED_V7, bfar, 0xffffffff),
    FIELD_RW(0xd3c, "AFSR", M_NEED_V7, afsr, 0),
    MODEL_RO(0xd40, 1, "ID_PFR0", M_NEED_V7, id_pfr0),
    MODEL_RO(0xd44, 1, "ID_PFR1", M_NEED_V7, id_pfr1),
    MODEL_RO(0xd48, 1, "ID_DFR0", M_NEED_V7, id_dfr0),
    MODEL_RO(0xd4c, 1, "ID_AFR0", M_NEED_V7, id_afr0),
    MODEL_RO(0xd50, 4, "ID_MMFR", M_NEED_V7, id_mmfr),
    MODEL_RO(0xd60, 5, "ID_ISAR", M_NEED_V7, id_isar),
    MODEL_RO(0xd78, 1, "CLIDR", M_NEED_V7, clidr),
    MODEL_RO(0xd7c, 1, "CTR", M_NEED_V7, ctr),
    FUNC(0xd80, 1, "CCSIDR", M_NEED_CACHE, m_ccsidr_read, NULL),
    FIELD_RW(0xd84, "CSSELR", M_NEED_CACHE, csselr, 0xf),
    FUNC(0xd88, 1, "CPACR", M_NEED_V7, m_cpacr_read, m_cpacr_write),
    FUNC(0xd90, 12, "MPU", 0, m_mpu_read, m_mpu_write),
    FUNC(0xdf0, 1, "DHCSR", 0, m_dhcsr_read, m_dhcsr_write),
    FIELD_RW(0xdf8, "DCRDR", 0, dcrdr, 0xffffffff),
    FUNC(0xdfc, 1, "DEMCR", 0, m_demcr_read, m_demcr_write),
    FUNC(0xf00, 1, "STIR", M_NEED_V7 | M_USER_STIR, NULL, m_stir_write),
    FUNC(0xf34, 1, "FPCCR", M_NEED_FP, m_fpccr_read, m_fpccr_write),
    FIELD_RW(0xf38, "FPCAR", M_NEED_FP, fpcar, 0xfffffff8),
    FIELD_RW(0xf3c, "FPDSCR", M_NEED_FP, fpdscr, 0x07c00000),
    MODEL_RO(0xf40, 1, "MVFR0", M_NEED_FP, mvfr0),
    MODEL_RO(0xf44, 1, "MVFR1", M_NEED_FP, mvfr1),
    MODEL_RO(0xf48, 1, "MVFR2", M_NEED_FP, mvfr2),
    /* Cache maintenance: there is nothing to maintain. */
    FUNC(0xf50, 11, "cache maintenance", M_NEED_CACHE, NULL, m_write_nothing),
    CONST_RO(0xf90, 7, "ITCMCR", M_NEED_CACHE, 0),
    CONST_RO(0xfd0, 1, "PID4", 0, 0x04), CONST_RO(0xfe0, 1, "PID0", 0, 0x0c),
    CONST_RO(0xfe4, 1, "PID1", 0, 0xb0), CONST_RO(0xfe8, 1, "PID2", 0, 0x0b),
    CONST_RO(0xfec, 1, "PID3", 0, 0),
    CONST_RO(0xff0, 1, "CID0", 0, 0x0d), CONST_RO(0xff4, 1, "CID1", 0, 0xe0),
    CONST_RO(0xff8, 1, "CID2", 0, 0x05), CONST_RO(0xffc, 1, "CID3", 0, 0xb1),
};

static const struct m_register itm[] = {
    /* written: itm_write */
    FUNC(0x000, 32, "ITM_STIM", M_NEED_V7 | M_USER_ITM, m_itm_stim_read, NULL),
    FIELD_RW(0xe00, "ITM_TER", M_NEED_V7, itm_ter, 0xffffffff),
    FIELD_RW(0xe40, "ITM_TPR", M_NEED_V7, itm_tpr, 0xf),
    FIELD_RW(0xe80, "ITM_TCR", M_NEED_V7, itm_tcr, 0x007f0f1f),
    CONST_RO(0xfb0, 1, "ITM_LAR", M_NEED_V7 | M_IGNORE_WRITES, 0),
    CONST_RO(0xfb4, 1, "ITM_LSR", M_NEED_V7, 0),
};

static const struct m_register dwt[] = {
    FUNC(0x000, 1, "DWT_CTRL", 0, m_dwt_ctrl_read, m_dwt_ctrl_write),
    FUNC(0x004, 1, "DWT_CYCCNT", M_NEED_V7, m_dwt_cyccnt_read, m_dwt_cyccnt_write),
    CONST_RO(0x008, 5, "DWT counters", M_NEED_V7 | M_IGNORE_WRITES, 0), /* DWT_CTRL.NOPRFCNT */
    CONST_RO(0x01c, 1, "DWT_PCSR", 0, 0),
    FUNC(0x020, 16, "DWT comparators", 0, m_dwt_comp_read, m_dwt_comp_write),
    CONST_RO(0xfb0, 1, "DWT_LAR", M_NEED_V7 | M_IGNORE_WRITES, 0),
    CONST_RO(0xfb4, 1, "DWT_LSR", M_NEED_V7, 0),
};

static const struct m_register fpb[] = {
    FUNC(0x000, 1, "FP_CTRL", 0, m_fpb_ctrl_read, m_fpb_ctrl_write),
    FUNC(0x004, 1, "FP_REMAP", M_NEED_V7, m_fpb_remap_read, m_fpb_remap_write),
    FUNC(0x008, ARM_M_FPB_COMPARATORS, "FP_COMP", 0, m_fpb_comp_read, m_fpb_comp_write),
};

static const struct m_register tpiu[] = {
    CONST_RO(0x000, 1, "TPIU_SSPSR", M_NEED_V7, 0xf),
    FIELD_RW(0x004, "TPIU_CSPSR", M_NEED_V7, tpiu_cspsr, 0xffffffff),
    FIELD_RW(0x010, "TPIU_ACPR", M_NEED_V7, tpiu_acpr, 0x1fff),
    FIELD_RW(0x0f0, "TPIU_SPPR", M_NEED_V7, tpiu_sppr, 3),
    CONST_RO(0x300, 1, "TPIU_FFSR", M_NEED_V7, 8),
    FIELD_RW(0x304, "TPIU_FFCR", M_NEED_V7, tpiu_ffcr, 0x102),
};

/* Distances of the components from the ROM table, and which are there. */
static const struct m_register rom_table[] = {
    CONST_RO(0x000, 1, "ROM SCS", 0, 0xfff0f003), CONST_RO(0x004, 1, "ROM DWT", 0, 0xfff02003),
    CONST_RO(0x008, 1, "ROM FPB", 0, 0xfff03003),
    CONST_RO(0x00c, 1, "ROM ITM", M_NEED_V7, 0xfff01003),
    CONST_RO(0x010, 1, "ROM TPIU", M_NEED_V7, 0xfff41003), CONST_RO(0x014, 1, "ROM end", 0, 0),
    CONST_RO(0xfcc, 1, "ROM MEMTYPE", 0, 1),
    CONST_RO(0xff0, 1, "ROM CID0", 0, 0x0d), CONST_RO(0xff4, 1, "ROM CID1", 0, 0x10),
    CONST_RO(0xff8, 1, "ROM CID2", 0, 0x05), CONST_RO(0xffc, 1, "ROM CID3", 0, 0xb1),
};

static const struct {
    uint32_t base; /* of 4 KiB */
    const char *name;
    const struct m_register *rows;
    unsigned count;
    bool narrow_ok; /* any width is welcome */
} blocks[] = {
    {0x0e000, "System Control Space", scs, ARRAY_SIZE(scs), false},
    {0x00000, "ITM", itm, ARRAY_SIZE(itm), true},
    {0x01000, "DWT", dwt, ARRAY_SIZE(dwt), false},
    {0x02000, "FPB", fpb, ARRAY_SIZE(fpb), false},
    {0x40000, "TPIU", tpiu, ARRAY_SIZE(tpiu), false},
    {0xff000, "ROM table", rom_table, ARRAY_SIZE(rom_table), false},
};

static bool available(const struct arm_state *s, const struct m_register *r)
{
    if ((r->need & M_NEED_V7) && !arm_m_is_v7(s))
        return false;
    if ((r->need & M_NEED_FP) && !m_has_fp(s))
        return false;
    return !(r->need & M_NEED_CACHE) || s->model->clidr;
}

/* The row and the block of @offset; NULL: no register is there. *@block: -1 outside of all. */
static const struct m_register *find(const struct arm_state *s, uint32_t offset, int *block)
{
    *block = -1;
    for (unsigned b = 0; b < ARRAY_SIZE(blocks); b++) {
        if (offset >> 12 != blocks[b].base >> 12)
            continue;
        *block = (int)b;
        for (unsigned i = 0; i < blocks[b].count; i++) {
            const struct m_register *r = &blocks[b].rows[i];

            if ((offset & 0xffc) - r->offset < 4u * r->count && available(s, r))
                return r;
        }
    }
    return NULL;
}

static uint32_t *field_of(struct arm_state *s, const struct m_register *r, unsigned index)
{
    return (uint32_t *)((uint8_t *)s + r->field) + index;
}

static uint32_t word_read(struct arm_state *s, const struct m_register *r, unsigned index,
                          bool debug)
{
    if (r->read)
        return r->read(s, index, debug);
    if (r->plain)
        return *field_of(s, r, index);
    if (r->from_model)
        return ((const uint32_t *)((const uint8_t *)s->model + r->model))[index];
    return r->constant;
}

static void word_write(struct arm_state *s, const struct m_register *r, unsigned index, uint32_t v)
{
    uint32_t *field;

    if (r->write) {
        r->write(s, index, v);
    } else if (r->plain) {
        field = field_of(s, r, index);
        *field = r->clear ? *field & ~(v & r->mask) : (*field & ~r->mask) | (v & r->mask);
    } else if (!(r->need & M_IGNORE_WRITES)) {
        log_write(LOG_GUEST_ERRORS, "write of 0x%08x to the read-only register %s", v, r->name);
    }
    s->env.touched = 1;
}

/* Only privileged code reaches the PPB, but for STIR where CCR lets all code use it. */
static bool permitted(const struct arm_state *s, const struct m_register *r, bool write)
{
    if (arm_is_privileged(s))
        return true;
    if (r && (r->need & M_USER_ITM))
        return true; /* ITM_TPR decides what becomes of writes */
    return r && write && (r->need & M_USER_STIR) && (s->m.ccr & M_CCR_USERSETMPEND);
}

/* What the stimulus ports are given goes on with its size. */
static bool itm_write(struct arm_state *s, const struct m_register *r, unsigned port, unsigned size,
                      uint32_t value)
{
    if (r->read != m_itm_stim_read)
        return false;
    if (m_itm_port_enabled(s, port) && s->ops->m->itm)
        s->ops->m->itm(s, port, size, value);
    return true;
}

static const struct m_register *look_up(struct arm_state *s, uint32_t offset, unsigned size,
                                        bool write, bool debug, bool *fault)
{
    int block;
    const struct m_register *r = find(s, offset, &block);
    const char *what = write ? "write to" : "read of";

    *fault = block < 0 || size > 4 || (offset & (size - 1)) || (!debug && !permitted(s, r, write));
    if (*fault) {
        if (!debug)
            log_write(LOG_GUEST_ERRORS, "%s 0x%08x (%u bytes) refused: %s", what,
                      ARM_M_PPB_BASE + offset, size,
                      block < 0              ? "the core has nothing there"
                      : arm_is_privileged(s) ? "misaligned"
                                             : "unprivileged code");
        return NULL;
    }
    if (debug)
        return r;
    if (!r)
        log_write(LOG_GUEST_ERRORS, "%s 0x%08x: no register of the %s", what,
                  ARM_M_PPB_BASE + offset, blocks[block].name);
    else if (size < 4 && !r->narrow && !blocks[block].narrow_ok)
        log_write(LOG_GUEST_ERRORS, "%s %s in %u bytes: it is a word register", what, r->name,
                  size);
    return r;
}

bool arm_m_ppb_read(struct arm_state *s, uint32_t offset, unsigned size, bool debug,
                    uint64_t *value)
{
    bool fault;
    const struct m_register *r = look_up(s, offset, size, false, debug, &fault);
    uint32_t word = r ? word_read(s, r, ((offset & 0xffc) - r->offset) / 4, debug) : 0;

    *value = bits_get(word, 8 * (offset & 3), 8 * size > 32 ? 32 : 8 * size);
    return !fault;
}

bool arm_m_ppb_write(struct arm_state *s, uint32_t offset, unsigned size, uint64_t value)
{
    bool fault;
    const struct m_register *r = look_up(s, offset, size, true, false, &fault);
    unsigned index, lsb = 8 * (offset & 3);
    uint32_t word;

    if (fault || !r)
        return !fault;
    index = ((offset & 0xffc) - r->offset) / 4;
    if (itm_write(s, r, index, size, (uint32_t)value))
        return true;
    if (size == 4)
        word = (uint32_t)value;
    else
        word = bits_put(r->narrow == M_NARROW_MERGE ? word_read(s, r, index, true) : 0, lsb,
                        8 * size, (uint32_t)value);
    word_write(s, r, index, word);
    return true;
}
