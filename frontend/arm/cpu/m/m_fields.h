/* The M profile's part of the field list of the CPU (reset.c, which defines S and SA). */
#ifndef ARMEMU_ARM_M_FIELDS_H
#define ARMEMU_ARM_M_FIELDS_H

/* clang-format off */
#define ARM_M_FIELDS(S, SA)                                                                        \
    S(m.msp), S(m.psp), S(m.sp_is_psp), S(m.npriv), S(m.spsel), S(m.fpca), S(m.basepri),           \
    S(m.handler), S(m.ipsr), S(m.locked_up), S(m.plain_branch), S(m.changed), S(m.vtor),           \
    S(m.scr), S(m.ccr), S(m.shcsr_enable), S(m.prigroup), S(m.cfsr), S(m.hfsr), S(m.dfsr),         \
    S(m.mmfar), S(m.bfar), S(m.afsr), S(m.actlr), S(m.cpacr), S(m.csselr), S(m.demcr),             \
    S(m.dhcsr), S(m.dcrdr), S(m.fpccr), S(m.fpcar), S(m.fpdscr), SA(m.enabled), SA(m.pending),     \
    SA(m.active), SA(m.level), SA(m.priority), S(m.syst_csr), S(m.syst_rvr), S(m.syst_stopped),    \
    S(m.syst_zero), S(m.syst_load), S(m.mpu_ctrl), S(m.mpu_rnr), SA(m.mpu_rbar), SA(m.mpu_rasr),   \
    S(m.dwt_ctrl), S(m.dwt_cyccnt), SA(m.dwt_comp), SA(m.dwt_mask), SA(m.dwt_function),            \
    S(m.fpb_ctrl), S(m.fpb_remap), SA(m.fpb_comp), S(m.itm_ter),                                   \
    S(m.itm_tpr), S(m.itm_tcr), S(m.tpiu_acpr), S(m.tpiu_sppr), S(m.tpiu_ffcr), S(m.tpiu_cspsr),   \
    S(m.step_events), S(m_config.cpu_hz)
/* clang-format on */

#endif
