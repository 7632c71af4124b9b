/*
 * CPU models: features and the values of identification registers, from the cores' Technical
 * Reference Manuals.
 */
#include <stddef.h>
#include <string.h>

#include "frontend/arm/cpu/cpu.h"
#include "frontend/arm/translate/translate.h"
#include "util/bits.h"

#define F(id) ARM_FEATURE(id)
#define V5 (F(V4T) | F(V5T) | F(V5TE))
#define V6 (V5 | F(V6))
#define V6K (V6 | F(V6K))
#define V7 (V6K | F(T2) | F(V7) | F(DSP) | F(SEC))
#define VFPV3 (F(VFP2) | F(FPDP) | F(VFP3) | F(D32) | F(NEON))
#define VFPV4 (VFPV3 | F(VFPH) | F(VFP4))
/* M profile */
#define V6M (F(V4T) | F(V5T) | ARM_FEATURE(V6) | F(M))
#define V7M (V6M | F(V5TE) | ARM_FEATURE(V6K) | F(T2) | ARM_FEATURE(V7) | F(DIVT))
#define V7EM (V7M | F(DSP))
#define FPV4_SP (F(VFP2) | F(VFP3) | F(VFPH) | F(VFP4))
#define M7_ID                                                                                      \
    .midr = 0x411fc272, .m_regions = 8, .m_vtor = true, .ctr = 0x8303c003, .clidr = 0x09000003,    \
    .ccsidr = {0xf01fe019, 0xf03fe009}, .id_pfr0 = 0x30, .id_pfr1 = 0x200, .id_dfr0 = 0x00100000,  \
    .id_mmfr = {0x00100030, 0, 0x01000000},                                                        \
    .id_isar = {0x01101110, 0x02112000, 0x20232231, 0x01111131, 0x01310132}
#define M4_ID                                                                                      \
    .midr = 0x410fc241, .m_regions = 8, .m_vtor = true, .id_pfr0 = 0x30, .id_pfr1 = 0x200,         \
    .id_dfr0 = 0x00100000, .id_mmfr = {0x30},                                                      \
    .id_isar = {0x01141110, 0x02112000, 0x21232231, 0x01111131, 0x01310102}
#define V7VE (V7 | F(MP) | F(DIVT) | F(DIVA) | F(VIRT) | F(LPAE) | F(GTIMER) | VFPV4)

const struct arm_cpu_model arm_cpu_models[] = {
    {
        .name = "arm926",
        .help = "ARM926EJ-S (ARMv5TEJ)",
        .features = V5 | F(VFP2) | F(FPDP),
        .midr = 0x41069265,
        .fpsid = 0x41011090,
        .ctr = 0x01dd20d2,
        .sctlr_reset = 0x00090078,
    },
    {
        .name = "arm1136",
        .help = "ARM1136JF-S r1 (ARMv6K)",
        .features = V6K | F(VFP2) | F(FPDP),
        .midr = 0x4117b363,
        .fpsid = 0x410120b4,
        .mvfr0 = 0x11111111,
        .ctr = 0x01dd20d2,
        .id_pfr0 = 0x111,
        .id_pfr1 = 0x1,
        .id_dfr0 = 0x2,
        .id_afr0 = 0x3,
        .id_mmfr = {0x01130003, 0x10030302, 0x01222110},
        .id_isar = {0x00140011, 0x12002111, 0x11231111, 0x01102131, 0x141},
        .sctlr_reset = 0x00050078,
        .actlr_reset = 7,
    },
    {
        .name = "arm1176",
        .help = "ARM1176JZF-S (ARMv6K, Security Extensions)",
        .features = V6K | F(SEC) | F(VFP2) | F(FPDP),
        .midr = 0x410fb767,
        .fpsid = 0x410120b5,
        .mvfr0 = 0x11111111,
        .ctr = 0x01dd20d2,
        .id_pfr0 = 0x111,
        .id_pfr1 = 0x11,
        .id_dfr0 = 0x33,
        .id_mmfr = {0x01130003, 0x10030302, 0x01222100},
        .id_isar = {0x00140011, 0x12002111, 0x11231121, 0x01102131, 0x01141},
        .sctlr_reset = 0x00050078,
        .actlr_reset = 7,
    },
    {
        .name = "cortex-a5",
        .help = "Cortex-A5 (ARMv7-A)",
        .features = V7 | F(MP) | VFPV4,
        .midr = 0x410fc051,
        .fpsid = 0x41023051,
        .mvfr0 = 0x10110222,
        .mvfr1 = 0x11111111,
        .ctr = 0x83338003,
        .id_pfr0 = 0x1231,
        .id_pfr1 = 0x11,
        .id_dfr0 = 0x02010444,
        .id_mmfr = {0x00100103, 0x40000000, 0x01230000, 0x00102211},
        .id_isar = {0x00101111, 0x13112111, 0x21232041, 0x11112131, 0x00011142},
        .clidr = 0x09200003,
        .ccsidr = {0x700fe01a, 0x203fe00a},
        .sctlr_reset = 0x00c50078,
        .dbgdidr = 0x1203f001,
        .pmcr_reset = 0x41051000,
        .cbar = 0x2c000000,
    },
    {
        .name = "cortex-a7",
        .help = "Cortex-A7 (ARMv7-A, LPAE, virtualization)",
        .features = V7VE,
        .midr = 0x410fc075,
        .fpsid = 0x41023075,
        .mvfr0 = 0x10110222,
        .mvfr1 = 0x11111111,
        .ctr = 0x84448003,
        .id_pfr0 = 0x1131,
        .id_pfr1 = 0x11011,
        .id_dfr0 = 0x02010555,
        .id_mmfr = {0x10101105, 0x40000000, 0x01240000, 0x02102211},
        .id_isar = {0x02101110, 0x13112111, 0x21232041, 0x11112131, 0x10011142},
        .clidr = 0x0a200023,
        .ccsidr = {0x701fe00a, 0x201fe00a, 0x711fe07a},
        .sctlr_reset = 0x00c50078,
        .dbgdidr = 0x3515f005,
        .pmcr_reset = 0x41072000,
        .cbar = 0x2c000000,
    },
    {
        .name = "cortex-a8",
        .help = "Cortex-A8 (ARMv7-A)",
        .features = V7 | VFPV3,
        .midr = 0x410fc080,
        .fpsid = 0x410330c0,
        .mvfr0 = 0x11110222,
        .mvfr1 = 0x00011111,
        .ctr = 0x82048004,
        .id_pfr0 = 0x1031,
        .id_pfr1 = 0x11,
        .id_dfr0 = 0x400,
        .id_mmfr = {0x31100003, 0x20000000, 0x01202000, 0x11},
        .id_isar = {0x00101111, 0x12112111, 0x21232031, 0x11112131, 0x00111142},
        .clidr = 0x0a000023,
        .ccsidr = {0xe007e01a, 0x2007e01a, 0xf03fe03a},
        .sctlr_reset = 0x00c50078,
        .actlr_reset = 2,
        .dbgdidr = 0x15141000,
        .pmcr_reset = 0x41002000,
    },
    {
        .name = "cortex-a9",
        .help = "Cortex-A9 (ARMv7-A, multiprocessing)",
        .features = V7 | F(MP) | VFPV3 | F(VFPH),
        .midr = 0x410fc090,
        .fpsid = 0x41033090,
        .mvfr0 = 0x10110222,
        .mvfr1 = 0x01111111,
        .ctr = 0x80038003,
        .id_pfr0 = 0x1031,
        .id_pfr1 = 0x11,
        .id_dfr0 = 0,
        .id_mmfr = {0x00100103, 0x20000000, 0x01230000, 0x00002111},
        .id_isar = {0x00101111, 0x13112111, 0x21232041, 0x11112131, 0x00111142},
        .clidr = 0x09000003,
        .ccsidr = {0xe00fe019, 0x200fe019},
        .sctlr_reset = 0x00c50078,
        .dbgdidr = 0x35141000,
        .pmcr_reset = 0x41093000,
        .cbar = 0x1e000000,
    },
    {
        .name = "cortex-a15",
        .help = "Cortex-A15 (ARMv7-A, LPAE, virtualization)",
        .features = V7VE,
        .midr = 0x412fc0f1,
        .fpsid = 0x410430f0,
        .mvfr0 = 0x10110222,
        .mvfr1 = 0x11111111,
        .ctr = 0x8444c004,
        .id_pfr0 = 0x1131,
        .id_pfr1 = 0x11011,
        .id_dfr0 = 0x02010555,
        .id_mmfr = {0x10201105, 0x20000000, 0x01240000, 0x02102211},
        .id_isar = {0x02101110, 0x13112111, 0x21232041, 0x11112131, 0x10011142},
        .clidr = 0x0a200023,
        .ccsidr = {0x701fe00a, 0x201fe00a, 0x711fe07a},
        .sctlr_reset = 0x00c50078,
        .dbgdidr = 0x3515f021,
        .pmcr_reset = 0x410f3000,
        .cbar = 0x2c000000,
    },
    {
        .name = "max",
        .help = "everything that is implemented (ARMv8 AArch32 additions)",
        .features = V7VE | F(V8) | F(FPV5) | F(CRC) | F(CRYPTO),
        .midr = 0x000f0000,
        .fpsid = 0x41034070,
        .mvfr0 = 0x10110222,
        .mvfr1 = 0x12111111,
        .mvfr2 = 0x43,
        .ctr = 0x8444c004,
        .id_pfr0 = 0x0131,
        .id_pfr1 = 0x11011,
        .id_dfr0 = 0x02010555,
        .id_mmfr = {0x10201105, 0x40000000, 0x01260000, 0x02102211},
        .id_isar = {0x02101110, 0x13112111, 0x21232042, 0x01112131, 0x10011142, 0x00011121},
        .clidr = 0x0a200023,
        .ccsidr = {0x701fe00a, 0x201fe00a, 0x711fe07a},
        .sctlr_reset = 0x00c50078,
        .dbgdidr = 0x3515f021,
        .pmcr_reset = 0x410f3000,
        .cbar = 0x2c000000,
    },
    {
        .name = "cortex-m0",
        .help = "Cortex-M0 (ARMv6-M)",
        .features = V6M,
        .midr = 0x410cc200,
    },
    {
        .name = "cortex-m0plus",
        .help = "Cortex-M0+ (ARMv6-M, MPU, VTOR)",
        .features = V6M,
        .midr = 0x410cc601,
        .m_regions = 8,
        .m_vtor = true,
    },
    {
        .name = "cortex-m1",
        .help = "Cortex-M1 (ARMv6-M)",
        .features = V6M,
        .midr = 0x411cc210,
    },
    {
        .name = "cortex-m3",
        .help = "Cortex-M3 (ARMv7-M)",
        .features = V7M,
        .midr = 0x412fc231,
        .m_regions = 8,
        .m_vtor = true,
        .id_pfr0 = 0x30,
        .id_pfr1 = 0x200,
        .id_dfr0 = 0x00100000,
        .id_mmfr = {0x30},
        .id_isar = {0x01141110, 0x02111000, 0x21112231, 0x01111110, 0x01310102},
    },
    {
        .name = "cortex-m4",
        .help = "Cortex-M4 with FPU (ARMv7E-M, FPv4-SP)",
        .features = V7EM | FPV4_SP,
        M4_ID,
        .mvfr0 = 0x10110021,
        .mvfr1 = 0x11000011,
    },
    {
        .name = "cortex-m4-nofp",
        .help = "Cortex-M4 without FPU (ARMv7E-M)",
        .features = V7EM,
        M4_ID,
    },
    {
        .name = "cortex-m7",
        .help = "Cortex-M7 (ARMv7E-M, FPv5, double precision)",
        .features = V7EM | FPV4_SP | F(FPV5) | F(FPDP),
        M7_ID,
        .mvfr0 = 0x10110221,
        .mvfr1 = 0x12000011,
        .mvfr2 = 0x40,
    },
    {
        .name = "cortex-m7-sp",
        .help = "Cortex-M7 (ARMv7E-M, FPv5, single precision)",
        .features = V7EM | FPV4_SP | F(FPV5),
        M7_ID,
        .mvfr0 = 0x10110021,
        .mvfr1 = 0x11000011,
        .mvfr2 = 0x40,
    },
    {
        .name = "cortex-m7-nofp",
        .help = "Cortex-M7 without FPU (ARMv7E-M)",
        .features = V7EM,
        M7_ID,
    },
};

const unsigned arm_cpu_model_count = ARRAY_SIZE(arm_cpu_models);

/* Second names, with which other emulators and users call the same cores. */
static const struct {
    const char *alias, *name;
} aliases[] = {
    {"arm926ej-s", "arm926"}, {"arm1136j-s", "arm1136"}, {"arm1136jf-s", "arm1136"},
    {"arm1176jz-s", "arm1176"}, {"arm1176jzf-s", "arm1176"}, {"any", "max"},
    {"cortex-m0+", "cortex-m0plus"}, {"m0+", "cortex-m0plus"}, {"cortex-m4f", "cortex-m4"},
};

const struct arm_cpu_model *arm_cpu_model_find(const char *name, struct error *e)
{
    const char *known[ARRAY_SIZE(arm_cpu_models) + 1] = {NULL};
    const char *wanted = name;

    for (unsigned i = 0; i < ARRAY_SIZE(aliases); i++)
        if (!strcmp(name, aliases[i].alias))
            wanted = aliases[i].name;
    for (unsigned i = 0; i < arm_cpu_model_count; i++) {
        if (!strcmp(wanted, arm_cpu_models[i].name))
            return &arm_cpu_models[i];
        known[i] = arm_cpu_models[i].name;
    }
    wanted = error_nearest(name, known);
    if (wanted)
        error_set(e, "unknown CPU model '%s'; did you mean '%s'?", name, wanted);
    else
        error_set(e, "unknown CPU model '%s'", name);
    return NULL;
}

unsigned arm_cpu_model_index(const struct arm_cpu_model *model)
{
    return (unsigned)(model - arm_cpu_models);
}

uint64_t arm_features_of(uint32_t block_flags)
{
    unsigned index = block_flags >> ARM_BF_FEATURES_SHIFT & 0xff;

    return index < arm_cpu_model_count ? arm_cpu_models[index].features : 0;
}
