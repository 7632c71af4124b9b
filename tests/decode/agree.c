#include "tests/decode/agree.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

/* Names that Capstone has for our mnemonics (up to the first '_', or whole), as shell patterns;
 * elsewhere the name is the mnemonic in lower case. */
static const struct {
    const char *ours, *theirs[6];
} names[] = {
    { "MOV", { "mov", "lsl", "lsr", "asr", "ror", "rrx" } },
    { "ADD", { "add", "addw" } },
    { "SUB", { "sub", "subw" } },
    { "ADR", { "adr", "addw", "subw" } },
    { "PKH", { "pkh[bt][bt]" } },
    { "SMLAxy", { "smla[bt][bt]" } },
    { "SMULxy", { "smul[bt][bt]" } },
    { "SMLALxy", { "smlal[bt][bt]" } },
    { "SMLAWy", { "smlaw[bt]" } },
    { "SMULWy", { "smulw[bt]" } },
    { "SMLAD", { "smlad", "smladx" } },
    { "SMUAD", { "smuad", "smuadx" } },
    { "SMLSD", { "smlsd", "smlsdx" } },
    { "SMUSD", { "smusd", "smusdx" } },
    { "SMLALD", { "smlald", "smlaldx" } },
    { "SMLSLD", { "smlsld", "smlsldx" } },
    { "SMMLA", { "smmla", "smmlar" } },
    { "SMMUL", { "smmul", "smmulr" } },
    { "SMMLS", { "smmls", "smmlsr" } },
    { "SXTAB", { "sxtab", "sxtb" } },
    { "SXTAH", { "sxtah", "sxth" } },
    { "SXTAB16", { "sxtab16", "sxtb16" } },
    { "UXTAB", { "uxtab", "uxtb" } },
    { "UXTAH", { "uxtah", "uxth" } },
    { "UXTAB16", { "uxtab16", "uxtb16" } },
    { "LDM", { "ldm", "ldmda", "ldmdb", "ldmib", "pop" } },
    { "STM", { "stm", "stmda", "stmdb", "stmib", "push" } },
    { "RFE", { "rfe[di][ab]" } },
    { "SRS", { "srs[di][ab]" } },
    { "CRC32", { "crc32*" } },
    { "TB", { "tbb", "tbh" } },
    { "CBZ", { "cbz", "cbnz" } },
    { "UDF", { "udf", "trap" } },
    { "NOP", { "nop", "hint", "pld" } }, /* unallocated hints; PLD for PLDW of a literal */
    { "SEVL", { "hint", "sevl" } },
    { "MCR", { "mcr", "mcr2" } },
    { "MRC", { "mrc", "mrc2" } },
    { "MCRR", { "mcrr", "mcrr2" } },
    { "MRRC", { "mrrc", "mrrc2" } },
    { "CDP", { "cdp", "cdp2" } },
    { "LDC", { "ldc", "ldcl", "ldc2", "ldc2l" } },
    { "STC", { "stc", "stcl", "stc2", "stc2l" } },
    { "VCMP", { "vcmp", "vcmpe" } },
    { "VCVT", { "vcvt", "vcvt[rbtanpm]" } },
    { "VRINT", { "vrint[rzxanpm]" } },
    { "VSEL", { "vsel*" } },
    { "VLDM", { "vldmia", "vldmdb", "vpop", "fldm*x" } },
    { "VSTM", { "vstmia", "vstmdb", "vpush", "fstm*x" } },
    { "VLDST_multiple_load", { "vld[1-4]" } },
    { "VLDST_multiple_store", { "vst[1-4]" } },
    { "VLD", { "vld[1-4]" } },
    { "VST", { "vst[1-4]" } },
    { "VTBL", { "vtb[lx]" } },
    { "VSHLL", { "vshll", "vmovl" } },
};

static int field(const struct decode_record *r, const char *name)
{
    for (unsigned i = 0; r->fields[i]; i++)
        if (!strcmp(r->fields[i], name))
            return r->values[i];
    return -1;
}

/* Does a general register field name the PC, or for register pairs an odd register? */
static bool bad_core_register(const struct decode_record *r)
{
    static const char *const registers[] = { "rd", "rn", "rm", "rs", "ra", "rt", "rt2" };

    for (unsigned i = 0; i < sizeof(registers) / sizeof(*registers); i++)
        if (field(r, registers[i]) >= 15)
            return true;
    return field(r, "rt2") >= 0 && field(r, "rt") % 2 != 0;
}

static bool any(const struct decode_record *r)
{
    return true;
}

static bool conditional(const struct decode_record *r)
{
    return r->t.insn >> 28 != 14;
}

static bool bad_list(const struct decode_record *r)
{
    int list = field(r, "list"), rn = field(r, "rn");

    if (!(list & (list - 1))) /* T32: one register; A32 and T16: none */
        return !list || r->t.insn_size == 4;
    return r->t.thumb && r->t.insn_size == 4 &&
           ((list & 0xc000) == 0xc000 || (field(r, "w") && list >> rn & 1) || rn == 15);
}

static bool status_overlap(const struct decode_record *r)
{
    int rd = field(r, "rd");

    return bad_core_register(r) || rd == field(r, "rn") || rd == field(r, "rt") ||
           rd == field(r, "rt2");
}

static bool base_overlap(const struct decode_record *r)
{
    int rn = field(r, "rn");

    return bad_core_register(r) ||
           (field(r, "w") == 1 && (rn == field(r, "rt") || rn == field(r, "rt2") ||
                                   rn == field(r, "rm")));
}

static bool long_list(const struct decode_record *r)
{
    int last = field(r, "x") == 1 ? 16 : 32; /* FLDMX knows D0 to D15 */

    return field(r, "imm") == 0 || field(r, "imm") > 16 || field(r, "vd") + field(r, "imm") > last;
}

static bool past_last_register(const struct decode_record *r)
{
    int n = field(r, "n"), inc = field(r, "inc") > 0 ? field(r, "inc") : field(r, "t") + 1;
    int regs = field(r, "regs") > 0 ? field(r, "regs") : n == 1 ? inc : 1;

    return field(r, "vd") + (n - 1) * inc + regs > 32 || field(r, "rn") == 15;
}

static bool last_single(const struct decode_record *r)
{
    return field(r, "vm") == 31 || bad_core_register(r);
}

/* MVFR0 to MVFR2 (5 to 7) are read-only. */
static bool reserved_system_register(const struct decode_record *r)
{
    static const unsigned writable = 0x703, readable = 0x7e3;
    unsigned known = strcmp(r->mnemonic, "VMSR") ? readable : writable;

    return !(known >> field(r, "reg") & 1) || bad_core_register(r);
}

/* VTBL, VTBX. */
static bool long_table(const struct decode_record *r)
{
    return field(r, "vn") + field(r, "len") > 32;
}

static bool is_t32(const struct decode_record *r)
{
    return r->t.thumb;
}

static bool no_mask(const struct decode_record *r)
{
    return field(r, "mask") == 0;
}

static bool negative_fraction(const struct decode_record *r)
{
    return field(r, "imm") > (field(r, "size") ? 32 : 16);
}

static bool not_lr(const struct decode_record *r)
{
    return field(r, "rd") == 15 && field(r, "rn") != 14;
}

/* Why Capstone (4.0.2) rejects what we decode. Most is UNPREDICTABLE; it also rejects all that has
 * wrong should-be bits. */
static const struct {
    const char *mnemonic; /* shell pattern */
    bool (*when)(const struct decode_record *r);
} rejected[] = {
    { "HLT", any },             /* ARMv8; unknown to it */
    { "BKPT", conditional },    /* UNPREDICTABLE */
    { "UDF", conditional },     /* UNDEFINED all the same */
    { "NOP", any },             /* hints and memory hints that are not allocated */
    { "CRC32", bad_core_register },
    { "CRC32", conditional },
    { "LD[AR]*", base_overlap },
    { "ST[LR]", base_overlap },
    { "ST[LR]?", base_overlap },
    { "STRD_*", base_overlap },
    { "ST[LR]EX*", status_overlap },
    { "[LS][DT]M", bad_list },
    { "LDM_user", bad_list },
    { "SUB_imm", not_lr },      /* SUBS PC, Rn: UNPREDICTABLE unless Rn is LR */
    { "CPS", any },             /* imod and M that do not fit */
    { "MSR_*", no_mask },
    { "V[LS][DT]M_*", long_list },
    { "VLD*", past_last_register },
    { "VST*", past_last_register },
    { "VTBL", long_table },
    { "V*NM_v", is_t32 },       /* ARMv8 Advanced SIMD: see foreign.c */
    { "VRINT?_v", is_t32 },
    { "VCVT[ANPM]_v", is_t32 },
    { "VMULL_p64", is_t32 },
    { "AES*", is_t32 },
    { "SHA*", is_t32 },
    { "VMOV_*_core_2s", last_single },
    { "VCVT_*_fixed_[sd]", negative_fraction },
    { "VMSR", reserved_system_register },
    { "VMRS", reserved_system_register },
};

static bool names_agree(const char *ours, const char *theirs)
{
    char base[32], lower[32];
    size_t n = strcspn(ours, "_");

    snprintf(base, sizeof(base), "%.*s", (int)n, ours);
    for (size_t i = 0; i <= n; i++)
        lower[i] = (char)tolower(base[i]);
    for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++) {
        if (strcmp(names[i].ours, base) && strcmp(names[i].ours, ours))
            continue;
        for (unsigned j = 0; j < 6 && names[i].theirs[j]; j++)
            if (!fnmatch(names[i].theirs[j], theirs, 0))
                return true;
        return false;
    }
    return !strcmp(lower, theirs);
}

static bool may_be_rejected(const struct decode_record *r, const struct arm_decode_row_info *row)
{
    if ((r->t.insn & row->should_mask) != row->should_value)
        return true;
    for (unsigned i = 0; i < sizeof(rejected) / sizeof(*rejected); i++)
        if (!fnmatch(rejected[i].mnemonic, r->mnemonic, 0) && rejected[i].when(r))
            return true;
    return false;
}

/* What Capstone decodes and we do not: arithmetic whose rows do not exist, and LDC2/STC2 of the
 * coprocessors 10 and 11, which are UNDEFINED. */
static bool may_be_missing(uint32_t word, const char *theirs)
{
    if (!strncmp(theirs, "ldc2", 4) || !strncmp(theirs, "stc2", 4))
        return (word >> 8 & 0xe) == 0xa;
    if (theirs[0] != 'v')
        return false;
    for (unsigned i = 0; i < ARM_DECODE_ROW_COUNT; i++)
        if (names_agree(arm_decode_rows[i].mnemonic, theirs) &&
            strcmp(arm_decode_rows[i].mnemonic, "VDUP_core"))
            return false;
    return true;
}

bool agree_check(struct foreign *f, enum arm_isa isa, uint32_t word, char *text, size_t size)
{
    struct decode_record r;
    const char *name, *foreign_text;
    int row = arm_decode_row(isa, word, DECODE_ALL_FEATURES);
    bool ours = decode_record(&r, isa, word, DECODE_ALL_FEATURES);
    bool theirs = foreign_decode(f, word, isa == ARM_ISA_T16 ? 2 : 4, &name, &foreign_text);

    snprintf(text, size, "%08x: %s (%s) here, %s: %s there", word, ours ? r.mnemonic : "-",
             row >= 0 ? arm_decode_rows[row].where : "", name, foreign_text);
    if (ours != (row >= 0))
        return false;
    if (ours && theirs)
        return names_agree(r.mnemonic, name);
    if (ours)
        return may_be_rejected(&r, &arm_decode_rows[row]);
    return !theirs || may_be_missing(word, name);
}
