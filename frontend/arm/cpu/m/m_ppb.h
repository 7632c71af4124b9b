/* Rows of the register table of the private peripheral bus, and their functions (m_scs.c). */
#ifndef ARMEMU_ARM_M_PPB_H
#define ARMEMU_ARM_M_PPB_H

#include "frontend/arm/cpu/m/m_internal.h"

/* What a row needs of the core, and properties. */
enum {
    M_NEED_V7 = 1, M_NEED_FP = 2, M_NEED_CACHE = 4,
    M_USER_STIR = 16,     /* CCR.USERSETMPEND opens it to unprivileged code */
    M_USER_ITM = 64,      /* unprivileged code reaches it */
    M_IGNORE_WRITES = 32, /* without a word in the log */
};

/* How a byte or halfword is written: together with zeros (what a word register gets; right for bits
 * that are cleared by ones), or with the rest of the word as it was. */
enum m_narrow { M_NARROW_NO, M_NARROW_ZERO, M_NARROW_MERGE };

struct m_register {
    uint16_t offset, count; /* in its block; words */
    uint8_t need;
    uint8_t narrow;
    bool plain;      /* the words at @field of the state; @mask is writable */
    bool clear;      /* ... is cleared by writing ones */
    bool from_model; /* words at @model of struct arm_cpu_model */
    const char *name;
    uint32_t (*read)(struct arm_state *s, unsigned index, bool debug);
    void (*write)(struct arm_state *s, unsigned index, uint32_t value);
    size_t field, model;
    uint32_t mask, constant;
};

#define READER(name) uint32_t name(struct arm_state *s, unsigned index, bool debug)
#define WRITER(name) void name(struct arm_state *s, unsigned index, uint32_t v)
READER(m_ictr_read);
READER(m_syst_read);
READER(m_iser_read);
READER(m_ispr_read);
READER(m_iabr_read);
READER(m_ipr_read);
READER(m_icsr_read);
READER(m_vtor_read);
READER(m_aircr_read);
READER(m_ccr_read);
READER(m_shpr_read);
READER(m_shcsr_read);
READER(m_ccsidr_read);
READER(m_cpacr_read);
READER(m_mpu_read);
READER(m_dhcsr_read);
READER(m_demcr_read);
READER(m_fpccr_read);
READER(m_dwt_ctrl_read);
READER(m_dwt_cyccnt_read);
READER(m_dwt_comp_read);
READER(m_fpb_ctrl_read);
READER(m_fpb_remap_read);
READER(m_fpb_comp_read);
READER(m_itm_stim_read);
/** Is what is written to stimulus port @port by the code that runs accepted? */
bool m_itm_port_enabled(const struct arm_state *s, unsigned port);
WRITER(m_syst_write);
WRITER(m_iser_write);
WRITER(m_icer_write);
WRITER(m_ispr_write);
WRITER(m_icpr_write);
WRITER(m_ipr_write);
WRITER(m_icsr_write);
WRITER(m_vtor_write);
WRITER(m_aircr_write);
WRITER(m_ccr_write);
WRITER(m_shpr_write);
WRITER(m_shcsr_write);
WRITER(m_cpacr_write);
WRITER(m_mpu_write);
WRITER(m_dhcsr_write);
WRITER(m_demcr_write);
WRITER(m_stir_write);
WRITER(m_fpccr_write);
WRITER(m_dwt_ctrl_write);
WRITER(m_dwt_cyccnt_write);
WRITER(m_dwt_comp_write);
WRITER(m_fpb_ctrl_write);
WRITER(m_fpb_remap_write);
WRITER(m_fpb_comp_write);
WRITER(m_write_nothing);

#endif
