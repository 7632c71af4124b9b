/*
 * The system register table: CP15 and CP14 of ARMv5 to ARMv8 AArch32, as far as software meets them
 * (DDI 0406C B3.17, B4, C11, C12; the cores' Technical Reference Manuals).
 */
#include <stddef.h>

#include "frontend/arm/cpu/sysregs_internal.h"
#include "util/bits.h"

/* A part of the encoding that may have any value. */
#define X 0xff
#define PART(v) ((v) == X ? 0u : (uint32_t)(v))
#define BITS_OF(v, all) ((v) == X ? 0u : (uint32_t)(all))

#define ROW(cp, reg_name, o1, n, m, o2, rights, ...)                                               \
    {.name = reg_name, .key = ARM_CP_KEY32(cp, PART(o1), PART(n), PART(m), PART(o2)),              \
     .mask = BIT(24) | ARM_CP_KEY32(15, BITS_OF(o1, 15), BITS_OF(n, 15), BITS_OF(m, 15),           \
                                    BITS_OF(o2, 7)),                                               \
     .flags = (rights), ##__VA_ARGS__}
#define C15(...) ROW(15, __VA_ARGS__)
#define C14(...) ROW(14, __VA_ARGS__)
#define W15(reg_name, o1, m, rights, ...)                                           \
    {                                                                               \
        .name = reg_name, .key = ARM_CP_KEY64(15, o1, m), .mask = ARM_SYSREG_EXACT, \
        .flags = (rights), ##__VA_ARGS__                                            \
    }
#define W14(reg_name, o1, m, rights, ...)                                           \
    {                                                                               \
        .name = reg_name, .key = ARM_CP_KEY64(14, o1, m), .mask = ARM_SYSREG_EXACT, \
        .flags = (rights), ##__VA_ARGS__                                            \
    }

#define FIELD_OF(member) .field = offsetof(struct arm_cp15, member)
#define MODEL_OF(member) .field = offsetof(struct arm_cpu_model, member)
#define NEEDS(f) .features = ARM_FEATURE(f)
#define NOT(f) .absent = ARM_FEATURE(f)
#define CONST(v) .reset = (v)

#define RO1 ARM_CP_RO1
#define WO1 ARM_CP_WO1
#define RW1 ARM_CP_RW1
#define RO0 ARM_CP_RO0
#define RW0 ARM_CP_RW0
#define F ARM_CP_FIELD
#define FB (ARM_CP_FIELD | ARM_CP_BANKED)
#define F64 (ARM_CP_FIELD | ARM_CP_FIELD64)
#define FB64 (FB | ARM_CP_FIELD64)
#define MODEL (RO1 | ARM_CP_MODEL)
#define HYP ARM_CP_HYP
#define SECURE ARM_CP_SECURE
#define CTX ARM_CP_CONTEXT
#define FLUSH ARM_CP_FLUSH

#define BROADCAST 16
#define TIMER_REG(t, reg)                                                                          \
    .features = ARM_FEATURE(GTIMER) | (ARM_TIMER_##t == ARM_TIMER_HYP ? ARM_FEATURE(VIRT) : 0),    \
    CONST(ARM_TIMER_##t << 4 | ARM_TIMER_##reg), .read = arm_sr_timer_read,                        \
    .write = arm_sr_timer_write, .permitted = arm_sr_timer_permitted
#define PMU(...) .permitted = arm_sr_pmu_permitted, NEEDS(V7), __VA_ARGS__

const struct arm_sysreg arm_sysregs[] = {
    /* ---- c0: identification -------------------------------------------------------------- */
    C15("MIDR", 0, 0, 0, 0, RO1, .read = arm_sr_midr_read),
    C15("CTR", 0, 0, 0, 1, MODEL, MODEL_OF(ctr)),
    C15("TCMTR", 0, 0, 0, 2, MODEL, MODEL_OF(tcmtr)),
    C15("TLBTR", 0, 0, 0, 3, MODEL, MODEL_OF(tlbtr)),
    C15("MPIDR", 0, 0, 0, 5, RO1, NEEDS(V6), .read = arm_sr_mpidr_read),
    C15("REVIDR", 0, 0, 0, 6, RO1, NEEDS(V7), CONST(0)),
    C15("MIDR", 0, 0, 0, X, RO1,
        .read = arm_sr_midr_read), /* 4, 7: aliases; all where not allocated */
    C15("ID_PFR0", 0, 0, 1, 0, MODEL, NEEDS(V6), MODEL_OF(id_pfr0)),
    C15("ID_PFR1", 0, 0, 1, 1, RO1, NEEDS(V6), .read = arm_sr_id_pfr1_read),
    C15("ID_DFR0", 0, 0, 1, 2, MODEL, NEEDS(V6), MODEL_OF(id_dfr0)),
    C15("ID_AFR0", 0, 0, 1, 3, MODEL, NEEDS(V6), MODEL_OF(id_afr0)),
    C15("ID_MMFR0", 0, 0, 1, 4, MODEL, NEEDS(V6), MODEL_OF(id_mmfr[0])),
    C15("ID_MMFR1", 0, 0, 1, 5, MODEL, NEEDS(V6), MODEL_OF(id_mmfr[1])),
    C15("ID_MMFR2", 0, 0, 1, 6, MODEL, NEEDS(V6), MODEL_OF(id_mmfr[2])),
    C15("ID_MMFR3", 0, 0, 1, 7, MODEL, NEEDS(V6), MODEL_OF(id_mmfr[3])),
    C15("ID_ISAR0", 0, 0, 2, 0, MODEL, NEEDS(V6), MODEL_OF(id_isar[0])),
    C15("ID_ISAR1", 0, 0, 2, 1, MODEL, NEEDS(V6), MODEL_OF(id_isar[1])),
    C15("ID_ISAR2", 0, 0, 2, 2, MODEL, NEEDS(V6), MODEL_OF(id_isar[2])),
    C15("ID_ISAR3", 0, 0, 2, 3, MODEL, NEEDS(V6), MODEL_OF(id_isar[3])),
    C15("ID_ISAR4", 0, 0, 2, 4, MODEL, NEEDS(V6), MODEL_OF(id_isar[4])),
    C15("ID_ISAR5", 0, 0, 2, 5, MODEL, NEEDS(V6), MODEL_OF(id_isar[5])),
    C15("ID_ISAR6", 0, 0, 2, 7, MODEL, NEEDS(V6), MODEL_OF(id_isar[6])),
    C15("ID_RESERVED", 0, 0, X, X, RO1, NEEDS(V6), CONST(0)),
    C15("CCSIDR", 1, 0, 0, 0, RO1, NEEDS(V7), .read = arm_sr_ccsidr_read),
    C15("CLIDR", 1, 0, 0, 1, MODEL, NEEDS(V7), MODEL_OF(clidr)),
    C15("AIDR", 1, 0, 0, 7, RO1, NEEDS(V7), CONST(0)),
    C15("CSSELR", 2, 0, 0, 0, RW1 | FB, NEEDS(V7), FIELD_OF(csselr), .write = arm_sr_csselr_write),
    C15("VPIDR", 4, 0, 0, 0, RW1 | F | HYP, NEEDS(VIRT), FIELD_OF(vpidr)),
    C15("VMPIDR", 4, 0, 0, 5, RW1 | F | HYP, NEEDS(VIRT), FIELD_OF(vmpidr)),

    /* ---- c1: system control -------------------------------------------------------------- */
    C15("SCTLR", 0, 1, 0, 0, RW1 | FB, FIELD_OF(sctlr), .write = arm_sr_sctlr_write),
    C15("ACTLR", 0, 1, 0, 1, RW1 | FB, NEEDS(V6), FIELD_OF(actlr)),
    C15("CPACR", 0, 1, 0, 2, RW1 | F, NEEDS(V6), FIELD_OF(cpacr), .write = arm_sr_cpacr_write),
    C15("ACTLR2", 0, 1, 0, 3, RW1, NEEDS(V8), CONST(0)),
    C15("SCR", 0, 1, 1, 0, RW1 | F | SECURE, NEEDS(SEC), FIELD_OF(scr), .write = arm_sr_scr_write),
    C15("SDER", 0, 1, 1, 1, RW1 | F | SECURE, NEEDS(SEC), FIELD_OF(sder)),
    C15("NSACR", 0, 1, 1, 2, RW1 | F | SECURE | CTX, NEEDS(SEC), FIELD_OF(nsacr)),
    /* Without Security Extensions Non-secure software still finds everything permitted. */
    C15("NSACR", 0, 1, 1, 2, RO1, NEEDS(V7), NOT(SEC), CONST(0xc00)),
    C15("HSCTLR", 4, 1, 0, 0, RW1 | F | HYP | CTX | FLUSH, NEEDS(VIRT), FIELD_OF(hsctlr)),
    C15("HACTLR", 4, 1, 0, 1, RW1 | F | HYP, NEEDS(VIRT), FIELD_OF(hactlr)),
    C15("HCR", 4, 1, 1, 0, RW1 | F | HYP | CTX | FLUSH, NEEDS(VIRT), FIELD_OF(hcr)),
    C15("HDCR", 4, 1, 1, 1, RW1 | F | HYP, NEEDS(VIRT), FIELD_OF(hdcr)),
    C15("HCPTR", 4, 1, 1, 2, RW1 | F | HYP | CTX, NEEDS(VIRT), FIELD_OF(hcptr)),
    C15("HSTR", 4, 1, 1, 3, RW1 | F | HYP, NEEDS(VIRT), FIELD_OF(hstr)),
    C15("HACR", 4, 1, 1, 7, RW1 | HYP, NEEDS(VIRT), CONST(0)),

    /* ---- c2, c3: translation ------------------------------------------------------------- */
    C15("TTBR0", 0, 2, 0, 0, RW1 | FB64, FIELD_OF(ttbr0), .write = arm_sr_ttbr_write),
    C15("TTBR1", 0, 2, 0, 1, RW1 | FB64, NEEDS(V6), FIELD_OF(ttbr1), .write = arm_sr_ttbr_write),
    C15("TTBCR", 0, 2, 0, 2, RW1 | FB, NEEDS(V6), FIELD_OF(ttbcr), .write = arm_sr_ttbcr_write),
    C15("HTCR", 4, 2, 0, 2, RW1 | F | HYP | FLUSH, NEEDS(VIRT), FIELD_OF(htcr)),
    C15("VTCR", 4, 2, 1, 2, RW1 | F | HYP | FLUSH, NEEDS(VIRT), FIELD_OF(vtcr)),
    W15("TTBR0", 0, 2, RW1 | FB64, NEEDS(LPAE), FIELD_OF(ttbr0), .write = arm_sr_ttbr_write),
    W15("TTBR1", 1, 2, RW1 | FB64, NEEDS(LPAE), FIELD_OF(ttbr1), .write = arm_sr_ttbr_write),
    W15("HTTBR", 4, 2, RW1 | F64 | HYP | FLUSH, NEEDS(VIRT), FIELD_OF(httbr)),
    W15("VTTBR", 6, 2, RW1 | F64 | HYP | FLUSH | CTX, NEEDS(VIRT), FIELD_OF(vttbr)),
    C15("DACR", 0, 3, 0, 0, RW1 | FB | CTX, FIELD_OF(dacr)),

    /* ---- c5, c6: faults ------------------------------------------------------------------ */
    C15("DFSR", 0, 5, 0, 0, RW1 | FB, FIELD_OF(dfsr)),
    C15("IFSR", 0, 5, 0, 1, RW1 | FB, FIELD_OF(ifsr)),
    C15("ADFSR", 0, 5, 1, 0, RW1 | FB, NEEDS(V7), FIELD_OF(adfsr)),
    C15("AIFSR", 0, 5, 1, 1, RW1 | FB, NEEDS(V7), FIELD_OF(aifsr)),
    C15("HADFSR", 4, 5, 1, 0, RW1 | F | HYP, NEEDS(VIRT), FIELD_OF(hadfsr)),
    C15("HAIFSR", 4, 5, 1, 1, RW1 | F | HYP, NEEDS(VIRT), FIELD_OF(haifsr)),
    C15("HSR", 4, 5, 2, 0, RW1 | F | HYP, NEEDS(VIRT), FIELD_OF(hsr)),
    C15("DFAR", 0, 6, 0, 0, RW1 | FB, FIELD_OF(dfar)),
    C15("WFAR", 0, 6, 0, 1, RW1, NEEDS(V6), NOT(V7), CONST(0)),
    C15("IFAR", 0, 6, 0, 2, RW1 | FB, NEEDS(V6), FIELD_OF(ifar)),
    C15("HDFAR", 4, 6, 0, 0, RW1 | F | HYP, NEEDS(VIRT), FIELD_OF(hdfar)),
    C15("HIFAR", 4, 6, 0, 2, RW1 | F | HYP, NEEDS(VIRT), FIELD_OF(hifar)),
    C15("HPFAR", 4, 6, 0, 4, RW1 | F | HYP, NEEDS(VIRT), FIELD_OF(hpfar)),

    /* ---- c7: caches, barriers, address translation ------------------------------------------ */
    /* Caches are not modelled, and stores to code are noticed without maintenance. */
    C15("PAR", 0, 7, 4, 0, RW1 | FB64, NEEDS(V6K), FIELD_OF(par)),
    W15("PAR", 0, 7, RW1 | FB64, NEEDS(LPAE), FIELD_OF(par)),
    C15("ATS1CPR", 0, 7, 8, 0, WO1, NEEDS(V6K), .write = arm_sr_ats_write, CONST(0)),
    C15("ATS1CPW", 0, 7, 8, 1, WO1, NEEDS(V6K), .write = arm_sr_ats_write, CONST(1)),
    C15("ATS1CUR", 0, 7, 8, 2, WO1, NEEDS(V6K), .write = arm_sr_ats_write, CONST(2)),
    C15("ATS1CUW", 0, 7, 8, 3, WO1, NEEDS(V6K), .write = arm_sr_ats_write, CONST(3)),
    C15("ATS12NSOPR", 0, 7, 8, 4, WO1 | SECURE, NEEDS(SEC), .write = arm_sr_ats_write, CONST(4)),
    C15("ATS12NSOPW", 0, 7, 8, 5, WO1 | SECURE, NEEDS(SEC), .write = arm_sr_ats_write, CONST(5)),
    C15("ATS12NSOUR", 0, 7, 8, 6, WO1 | SECURE, NEEDS(SEC), .write = arm_sr_ats_write, CONST(6)),
    C15("ATS12NSOUW", 0, 7, 8, 7, WO1 | SECURE, NEEDS(SEC), .write = arm_sr_ats_write, CONST(7)),
    C15("ATS1HR", 4, 7, 8, 0, WO1 | HYP, NEEDS(VIRT), .write = arm_sr_ats_write, CONST(8)),
    C15("ATS1HW", 4, 7, 8, 1, WO1 | HYP, NEEDS(VIRT), .write = arm_sr_ats_write, CONST(9)),
    C15("CP15ISB", 0, 7, 5, 4, ARM_CP_W0 | WO1),
    C15("CP15DSB", 0, 7, 10, 4, ARM_CP_W0 | WO1),
    C15("CP15DMB", 0, 7, 10, 5, ARM_CP_W0 | WO1),
    /* ARMv5 test and clean: Z (bit 30) says that the cache is clean. */
    C15("DCTEST", 0, 7, 10, 3, RW1, NOT(V7), CONST(BIT(30))),
    C15("DCTESTINV", 0, 7, 14, 3, RW1, NOT(V7), CONST(BIT(30))),
    C15("CACHEOP", 0, 7, X, X, WO1, NEEDS(V7)),
    C15("CACHEOP", 0, 7, X, X, RW1, NOT(V7), CONST(0)),

/* ---- c8: TLB ----------------------------------------------------------------------------- */
#define TLB(name, o1, m, o2, rights, scope, ...)                                                   \
    C15(name, o1, 8, m, o2, WO1 | (rights), .write = arm_sr_tlb_write, CONST(scope), ##__VA_ARGS__)
    TLB("TLBIALLIS", 0, 3, 0, 0, ARM_TLB_ALL | BROADCAST, NEEDS(MP)),
    TLB("TLBIMVAIS", 0, 3, 1, 0, ARM_TLB_VA | BROADCAST, NEEDS(MP)),
    TLB("TLBIASIDIS", 0, 3, 2, 0, ARM_TLB_ASID | BROADCAST, NEEDS(MP)),
    TLB("TLBIMVAAIS", 0, 3, 3, 0, ARM_TLB_VA_ALL | BROADCAST, NEEDS(MP)),
    TLB("TLBIMVALIS", 0, 3, 5, 0, ARM_TLB_VA | BROADCAST, NEEDS(V8)),
    TLB("TLBIMVAALIS", 0, 3, 7, 0, ARM_TLB_VA_ALL | BROADCAST, NEEDS(V8)),
    TLB("ITLBIALL", 0, 5, 0, 0, ARM_TLB_ALL),
    TLB("ITLBIMVA", 0, 5, 1, 0, ARM_TLB_VA),
    TLB("ITLBIASID", 0, 5, 2, 0, ARM_TLB_ASID, NEEDS(V6)),
    TLB("DTLBIALL", 0, 6, 0, 0, ARM_TLB_ALL),
    TLB("DTLBIMVA", 0, 6, 1, 0, ARM_TLB_VA),
    TLB("DTLBIASID", 0, 6, 2, 0, ARM_TLB_ASID, NEEDS(V6)),
    TLB("TLBIALL", 0, 7, 0, 0, ARM_TLB_ALL),
    TLB("TLBIMVA", 0, 7, 1, 0, ARM_TLB_VA),
    TLB("TLBIASID", 0, 7, 2, 0, ARM_TLB_ASID, NEEDS(V6)),
    TLB("TLBIMVAA", 0, 7, 3, 0, ARM_TLB_VA_ALL, NEEDS(V6)),
    TLB("TLBIMVAL", 0, 7, 5, 0, ARM_TLB_VA, NEEDS(V8)),
    TLB("TLBIMVAAL", 0, 7, 7, 0, ARM_TLB_VA_ALL, NEEDS(V8)),
    TLB("TLBIIPAS2IS", 4, 0, 1, HYP, ARM_TLB_ALL | BROADCAST, NEEDS(V8)),
    TLB("TLBIIPAS2", 4, 4, 1, HYP, ARM_TLB_ALL, NEEDS(V8)),
    TLB("TLBIALLHIS", 4, 3, 0, HYP, ARM_TLB_ALL | BROADCAST, NEEDS(VIRT)),
    TLB("TLBIMVAHIS", 4, 3, 1, HYP, ARM_TLB_VA_ALL | BROADCAST, NEEDS(VIRT)),
    TLB("TLBIALLNSNHIS", 4, 3, 4, HYP, ARM_TLB_ALL | BROADCAST, NEEDS(VIRT)),
    TLB("TLBIALLH", 4, 7, 0, HYP, ARM_TLB_ALL, NEEDS(VIRT)),
    TLB("TLBIMVAH", 4, 7, 1, HYP, ARM_TLB_VA_ALL, NEEDS(VIRT)),
    TLB("TLBIALLNSNH", 4, 7, 4, HYP, ARM_TLB_ALL, NEEDS(VIRT)),

    /* ---- c9: performance monitor; lockdown and L2 control -------------------------------- */
    C15("PMCR", 0, 9, 12, 0, RW0, PMU(.read = arm_sr_pmcr_read, .write = arm_sr_pmcr_write)),
    C15("PMCNTENSET", 0, 9, 12, 1, RW0 | F, PMU(FIELD_OF(pmcntenset), .write = arm_sr_pmcnten_set)),
    C15("PMCNTENCLR", 0, 9, 12, 2, RW0 | F,
        PMU(FIELD_OF(pmcntenset), .write = arm_sr_pmcnten_clear)),
    C15("PMOVSR", 0, 9, 12, 3, RW0 | F, PMU(FIELD_OF(pmovsr), .write = arm_sr_pmclear_write)),
    C15("PMSWINC", 0, 9, 12, 4, ARM_CP_W0 | WO1, PMU(.write = arm_sr_pmswinc_write)),
    C15("PMSELR", 0, 9, 12, 5, RW0 | F, PMU(FIELD_OF(pmselr), .write = arm_sr_pmselr_write)),
    C15("PMCEID0", 0, 9, 12, 6, RO0, PMU(.read = arm_sr_pmceid0_read)),
    C15("PMCEID1", 0, 9, 12, 7, RO0, PMU(CONST(0))),
    C15("PMCCNTR", 0, 9, 13, 0, RW0,
        PMU(.read = arm_sr_pmccntr_read, .write = arm_sr_pmccntr_write)),
    C15("PMXEVTYPER", 0, 9, 13, 1, RW0,
        PMU(.read = arm_sr_pmxevtyper_read, .write = arm_sr_pmxevtyper_write)),
    C15("PMXEVCNTR", 0, 9, 13, 2, RW0,
        PMU(.read = arm_sr_pmxevcntr_read, .write = arm_sr_pmxevcntr_write)),
    C15("PMUSERENR", 0, 9, 14, 0, RW0 | F, NEEDS(V7), FIELD_OF(pmuserenr),
        .permitted = arm_sr_pmuserenr_permitted),
    C15("PMINTENSET", 0, 9, 14, 1, RW1 | F, NEEDS(V7), FIELD_OF(pmintenset),
        .write = arm_sr_pmset_write),
    C15("PMINTENCLR", 0, 9, 14, 2, RW1 | F, NEEDS(V7), FIELD_OF(pmintenset),
        .write = arm_sr_pmclear_write),
    C15("PMOVSSET", 0, 9, 14, 3, RW0 | F, .permitted = arm_sr_pmu_permitted, NEEDS(VIRT),
        FIELD_OF(pmovsr), .write = arm_sr_pmset_write),
    C15("L2CTLR", 1, 9, 0, 2, RW1, NEEDS(LPAE), .read = arm_sr_l2ctlr_read),
    C15("L2ECTLR", 1, 9, 0, 3, RW1 | F, NEEDS(LPAE), FIELD_OF(scratch[1])),
    C15("L2AUXCR", 1, 9, 0, 2, RW1 | F, NEEDS(V7), NOT(LPAE), FIELD_OF(scratch[2])),
    C15("LOCKDOWN", 0, 9, X, X, RW1, NOT(V7), CONST(0)),
    C15("L2LOCKDOWN", 1, 9, X, X, RW1, NEEDS(V7), NOT(LPAE), CONST(0)),

    /* ---- c10: memory attributes; c11: DMA and preload engines ---------------------------- */
    C15("PRRR", 0, 10, 2, 0, RW1 | FB | FLUSH, NEEDS(V6K), FIELD_OF(prrr), NOT(LPAE),
        .reset = 0x00098aa4),
    C15("NMRR", 0, 10, 2, 1, RW1 | FB | FLUSH, NEEDS(V6K), FIELD_OF(nmrr), NOT(LPAE),
        .reset = 0x44e048e0),
    C15("PRRR/MAIR0", 0, 10, 2, 0, RW1 | FB | FLUSH, NEEDS(LPAE), FIELD_OF(prrr),
        .read = arm_sr_mair_read, .write = arm_sr_mair_write, .reset = 0x00098aa4),
    C15("NMRR/MAIR1", 0, 10, 2, 1, RW1 | FB | FLUSH, NEEDS(LPAE), FIELD_OF(nmrr),
        .read = arm_sr_mair_read, .write = arm_sr_mair_write, .reset = 0x44e048e0),
    C15("AMAIR0", 0, 10, 3, 0, RW1 | FB, NEEDS(LPAE), FIELD_OF(amair0)),
    C15("AMAIR1", 0, 10, 3, 1, RW1 | FB, NEEDS(LPAE), FIELD_OF(amair1)),
    C15("HMAIR0", 4, 10, 2, 0, RW1 | F | HYP | FLUSH, NEEDS(VIRT), FIELD_OF(hmair0)),
    C15("HMAIR1", 4, 10, 2, 1, RW1 | F | HYP | FLUSH, NEEDS(VIRT), FIELD_OF(hmair1)),
    C15("HAMAIR0", 4, 10, 3, 0, RW1 | F | HYP, NEEDS(VIRT), FIELD_OF(hamair0)),
    C15("HAMAIR1", 4, 10, 3, 1, RW1 | F | HYP, NEEDS(VIRT), FIELD_OF(hamair1)),
    C15("TLBLOCKDOWN", 0, 10, 0, X, RW1, CONST(0)),
    C15("TLBLOCKDOWN", X, 10, X, X, RW1, NOT(V7), CONST(0)),
    C15("PLE", 0, 11, X, X, RW1, NOT(LPAE), CONST(0)),

    /* ---- c12: vectors; c13: processes ------------------------------------------------------- */
    /* VBAR stays when the Security Extensions are switched off by option: the cores have it. */
    C15("VBAR", 0, 12, 0, 0, RW1 | FB, NEEDS(V7), FIELD_OF(vbar), .write = arm_sr_vbar_write),
    C15("VBAR", 0, 12, 0, 0, RW1 | FB, NEEDS(SEC), FIELD_OF(vbar), .write = arm_sr_vbar_write),
    C15("MVBAR", 0, 12, 0, 1, RW1 | F | SECURE, NEEDS(SEC), FIELD_OF(mvbar),
        .write = arm_sr_vbar_write),
    C15("ISR", 0, 12, 1, 0, RO1, NEEDS(V6K), .read = arm_sr_isr_read),
    C15("HVBAR", 4, 12, 0, 0, RW1 | F | HYP, NEEDS(VIRT), FIELD_OF(hvbar),
        .write = arm_sr_vbar_write),
    C15("FCSEIDR", 0, 13, 0, 0, RW1 | FB | CTX | FLUSH, NOT(V7), FIELD_OF(fcseidr)),
    C15("FCSEIDR", 0, 13, 0, 0, RW1, NEEDS(V7), CONST(0)),
    C15("CONTEXTIDR", 0, 13, 0, 1, RW1 | FB, FIELD_OF(contextidr),
        .write = arm_sr_contextidr_write),
    C15("TPIDRURW", 0, 13, 0, 2, RW0 | FB, NEEDS(V6K), FIELD_OF(tpidrurw)),
    C15("TPIDRURO", 0, 13, 0, 3, RO0 | RW1 | FB, NEEDS(V6K), FIELD_OF(tpidruro)),
    C15("TPIDRPRW", 0, 13, 0, 4, RW1 | FB, NEEDS(V6K), FIELD_OF(tpidrprw)),
    C15("HTPIDR", 4, 13, 0, 2, RW1 | F | HYP, NEEDS(VIRT), FIELD_OF(htpidr)),

    /* ---- c14: generic timer -------------------------------------------------------------- */
    C15("CNTFRQ", 0, 14, 0, 0, RO0 | RW1 | F, NEEDS(GTIMER), FIELD_OF(cntfrq),
        .read = arm_sr_cntfrq_read, .permitted = arm_sr_cntfrq_permitted),
    C15("CNTKCTL", 0, 14, 1, 0, RW1 | F, NEEDS(GTIMER), FIELD_OF(cntkctl)),
    C15("CNTP_TVAL", 0, 14, 2, 0, RW0, TIMER_REG(PHYS, TVAL)),
    C15("CNTP_CTL", 0, 14, 2, 1, RW0, TIMER_REG(PHYS, CTL)),
    C15("CNTV_TVAL", 0, 14, 3, 0, RW0, TIMER_REG(VIRT, TVAL)),
    C15("CNTV_CTL", 0, 14, 3, 1, RW0, TIMER_REG(VIRT, CTL)),
    C15("CNTHCTL", 4, 14, 1, 0, RW1 | F | HYP, NEEDS(VIRT), FIELD_OF(cnthctl), .reset = 3),
    C15("CNTHP_TVAL", 4, 14, 2, 0, RW1 | HYP, TIMER_REG(HYP, TVAL)),
    C15("CNTHP_CTL", 4, 14, 2, 1, RW1 | HYP, TIMER_REG(HYP, CTL)),
    W15("CNTPCT", 0, 14, RO0, NEEDS(GTIMER), .read = arm_sr_cntpct_read, CONST(0),
        .permitted = arm_sr_counter_permitted),
    W15("CNTVCT", 1, 14, RO0, NEEDS(GTIMER), .read = arm_sr_cntvct_read, CONST(1),
        .permitted = arm_sr_counter_permitted),
    W15("CNTP_CVAL", 2, 14, RW0, TIMER_REG(PHYS, CVAL)),
    W15("CNTV_CVAL", 3, 14, RW0, TIMER_REG(VIRT, CVAL)),
    W15("CNTVOFF", 4, 14, RW1 | F64 | HYP, NEEDS(VIRT), FIELD_OF(cntvoff),
        .write = arm_sr_cntvoff_write),
    W15("CNTHP_CVAL", 6, 14, RW1 | HYP, TIMER_REG(HYP, CVAL)),

    /* ---- c15: implementation defined ----------------------------------------------------- */
    C15("CBAR", 4, 15, 0, 0, RO1, NEEDS(MP), .read = arm_sr_cbar_read),
    C15("POWERCTL", 0, 15, 0, 0, RW1 | F, NEEDS(V7), FIELD_OF(scratch[3])),
    C15("DIAGNOSTIC", 0, 15, 0, 1, RW1 | F, NEEDS(V7), FIELD_OF(scratch[4])),
    C15("L2ACTLR", 1, 15, 0, 0, RW1 | F, NEEDS(LPAE), FIELD_OF(scratch[5])),
    C15("IMPDEF", X, 15, X, X, RW1, CONST(0)),
    W15("CPUMERRSR", 0, 15, RW1, NEEDS(LPAE), CONST(0)),
    W15("L2MERRSR", 1, 15, RW1, NEEDS(LPAE), CONST(0)),

    /* ---- CP14: debug, with nothing behind it but what identification and the OS lock show - */
    C14("DBGDIDR", 0, 0, 0, 0, RO0 | ARM_CP_MODEL, NEEDS(V6), MODEL_OF(dbgdidr)),
    C14("DBGDSCRint", 0, 0, 1, 0, RO0 | F, NEEDS(V6), FIELD_OF(dbgdscr)),
    C14("DBGDTRint", 0, 0, 5, 0, RW0, NEEDS(V6), CONST(0)),
    C14("DBGWFAR", 0, 0, 6, 0, RW1, NEEDS(V6), CONST(0)),
    C14("DBGVCR", 0, 0, 7, 0, RW1, NEEDS(V6), CONST(0)),
    C14("DBGDSCRext", 0, 0, 2, 2, RW1 | F, NEEDS(V7), FIELD_OF(dbgdscr)),
    C14("DBGBVR", 0, 0, X, 4, RW1, NEEDS(V6), CONST(0)),
    C14("DBGBCR", 0, 0, X, 5, RW1, NEEDS(V6), CONST(0)),
    C14("DBGWVR", 0, 0, X, 6, RW1, NEEDS(V6), CONST(0)),
    C14("DBGWCR", 0, 0, X, 7, RW1, NEEDS(V6), CONST(0)),
    C14("DBGDRAR", 0, 1, 0, 0, RO0, NEEDS(V7), CONST(0)),
    C14("DBGOSLAR", 0, 1, 0, 4, WO1, NEEDS(V7), .write = arm_sr_dbgoslar_write),
    C14("DBGOSLSR", 0, 1, 1, 4, RO1, NEEDS(V7), .read = arm_sr_dbgoslsr_read),
    C14("DBGOSDLR", 0, 1, 3, 4, RW1 | F, NEEDS(V7), FIELD_OF(dbgosdlr)),
    C14("DBGPRCR", 0, 1, 4, 4, RW1, NEEDS(V7), CONST(0)),
    C14("DBGPRSR", 0, 1, 5, 4, RO1, NEEDS(V7), CONST(1)), /* powered up */
    C14("DBGBXVR", 0, 1, X, 1, RW1, NEEDS(V7), CONST(0)),
    C14("DBGDSAR", 0, 2, 0, 0, RO0, NEEDS(V7), CONST(0)),
    C14("DBGDEVID", 0, 7, X, 7, RO1, NEEDS(V7), CONST(0)),
    C14("DBGCLAIM", 0, 7, 8, 6, RW1, NEEDS(V7), CONST(0xff)),
    C14("DBGCLAIM", 0, 7, 9, 6, RW1, NEEDS(V7), CONST(0)),
    C14("DBGAUTHSTATUS", 0, 7, 14, 6, RO1, NEEDS(V7), CONST(0)),
    W14("DBGDRAR", 0, 1, RO0, NEEDS(LPAE), CONST(0)),
    W14("DBGDSAR", 0, 2, RO0, NEEDS(LPAE), CONST(0)),
    C14("TEECR", 6, 0, 0, 0, RW1 | F, NEEDS(V7), FIELD_OF(teecr)),
    C14("TEEHBR", 6, 1, 0, 0, RW0 | F, NEEDS(V7), FIELD_OF(teehbr)),
    C14("JIDR", 7, 0, 0, 0, RO0, NEEDS(V5TE), CONST(0)),
    C14("JOSCR", 7, 1, 0, 0, RW1, NEEDS(V5TE), CONST(0)),
    C14("JMCR", 7, 2, 0, 0, RW1, NEEDS(V5TE), CONST(0)),
};

const unsigned arm_sysreg_count = ARRAY_SIZE(arm_sysregs);
