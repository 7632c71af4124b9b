/* Instructions exist from an architecture on. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/decode/record.h"

#define V4T ARM_FEATURE(V4T)
#define V5TE (V4T | ARM_FEATURE(V5T) | ARM_FEATURE(V5TE))
#define V6 (V5TE | ARM_FEATURE(V6))
#define V6K (V6 | ARM_FEATURE(V6K))
#define V6T2 (V6 | ARM_FEATURE(T2) | ARM_FEATURE(DSP))
#define V7 (V6K | ARM_FEATURE(T2) | ARM_FEATURE(DSP) | ARM_FEATURE(V7))

static const struct {
    enum arm_isa isa;
    uint32_t word;
    uint64_t without, with; /* does not decode, decodes; without = 0: decodes from the start */
    const char *mnemonic;
} cases[] = {
    { ARM_ISA_A32, 0xe0810002, 0, V4T, "ADD_reg" },
    { ARM_ISA_A32, 0xe16f1f12, V4T, V5TE, "CLZ" },
    { ARM_ISA_A32, 0xe12fff33, V4T, V5TE, "BLX_reg" },
    { ARM_ISA_A32, 0xfa000000, V4T, V5TE, "BLX_imm" },
    { ARM_ISA_A32, 0xe1c020d0, V4T, V5TE, "LDRD_imm" },
    { ARM_ISA_A32, 0xf5d1f000, V4T, V5TE, "PLD_imm" },
    { ARM_ISA_A32, 0xe1910f9f, V5TE, V6, "LDREX" },
    { ARM_ISA_A32, 0xe1d10f9f, V6, V6K, "LDREXB" },
    { ARM_ISA_A32, 0xf57ff01f, V6, V6K, "CLREX" },
    { ARM_ISA_A32, 0xe3001000, V6K, V6T2, "MOVW" },
    { ARM_ISA_A32, 0xf57ff05f, V6T2, V7, "DMB" },
    { ARM_ISA_A32, 0xe711f312, V7, V7 | ARM_FEATURE(DIVA), "SDIV" },
    { ARM_ISA_A32, 0xe1600070, V7, V7 | ARM_FEATURE(SEC), "SMC" },
    { ARM_ISA_A32, 0xe1400070, V7, V7 | ARM_FEATURE(VIRT), "HVC" },
    { ARM_ISA_A32, 0xe320f003, V4T, V6K, "WFI" },
    { ARM_ISA_A32, 0xee300a01, V4T, 0, NULL }, /* VFP's coprocessors are no other's */
    { ARM_ISA_A32, 0xee100b10, V4T, V4T | ARM_FEATURE(VFP2), "VMOV_to_core_scalar" },
    { ARM_ISA_A32, 0xf2000110, V7, V7 | ARM_FEATURE(NEON), "VAND" },
    { ARM_ISA_T16, 0x4708, 0, V4T, "BX" },
    { ARM_ISA_T16, 0x4788, V4T, V5TE, "BLX_reg" },
    { ARM_ISA_T16, 0xbe00, V4T, V5TE, "BKPT" },
    { ARM_ISA_T16, 0xb650, V5TE, V6, "SETEND" },
    { ARM_ISA_T16, 0xb662, V5TE, V6, "CPS" },
    { ARM_ISA_T16, 0xba00, V5TE, V6, "REV" },
    { ARM_ISA_T16, 0xb240, V5TE, V6, "SXTAB" },
    { ARM_ISA_T16, 0xb100, V6, V6T2, "CBZ" },
    { ARM_ISA_T16, 0xbf08, V6, V6T2, "IT" },
    { ARM_ISA_T16, 0xba80, V7, V7 | ARM_FEATURE(V8), "HLT" },
    { ARM_ISA_T32, 0xf000f800, 0, V4T, "BL" },
    { ARM_ISA_T32, 0xf000e800, V4T, V5TE, "BLX_imm" },
    { ARM_ISA_T32, 0xf000d000, V6, V6T2, "BL" },
    { ARM_ISA_T32, 0xeb010002, V6, V6T2, "ADD_reg" },
    { ARM_ISA_T32, 0xe8d10f4f, V6T2, V7, "LDREXB" },
    { ARM_ISA_T32, 0xfb91f0f2, V7, V7 | ARM_FEATURE(DIVT), "SDIV" },
};

Test(decode, features)
{
    for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct decode_record r;

        if (cases[i].without && decode_record(&r, cases[i].isa, cases[i].word, cases[i].without))
            cr_expect(cases[i].mnemonic && strcmp(r.mnemonic, cases[i].mnemonic),
                      "%08x is %s too early", cases[i].word, r.mnemonic);
        if (!cases[i].mnemonic)
            continue;
        cr_expect(decode_record(&r, cases[i].isa, cases[i].word, cases[i].with) &&
                      !strcmp(r.mnemonic, cases[i].mnemonic),
                  "%08x is not %s", cases[i].word, cases[i].mnemonic);
    }
}

/* Hints that an old CPU does not know do nothing there. */
Test(decode, hints_fall_back)
{
    struct decode_record r;

    cr_assert(decode_record(&r, ARM_ISA_A32, 0xe320f003, V5TE));
    cr_expect_str_eq(r.mnemonic, "NOP");
    cr_assert(decode_record(&r, ARM_ISA_T32, 0xf3af8005, V7));
    cr_expect_str_eq(r.mnemonic, "NOP");
    cr_assert(decode_record(&r, ARM_ISA_T16, 0xbf30, V6T2));
    cr_expect_str_eq(r.mnemonic, "NOP");
}
