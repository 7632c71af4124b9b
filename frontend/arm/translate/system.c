/* Exceptions, program status registers, SRS and RFE (DDI 0406C A8.8, B9.3). */
#include "frontend/arm/decode_args.h"
#include "frontend/arm/translate/memory.h"
#include "util/bits.h"

static bool is_hyp(const struct arm_translate *t)
{
    return (t->flags & ARM_BF_HYP) != 0;
}

static int32_t constant(struct arm_translate *t, uint32_t v)
{
    return ir_i32(t->b, v);
}

/* ---- calls and traps ------------------------------------------------------------------------- */

static bool raise_imm(struct arm_translate *t, unsigned helper, int imm)
{
    arm_raise(t, helper, constant(t, (uint32_t)imm), IR_NONE);
    return true;
}

bool trans_SVC(struct arm_translate *t, const struct arg_imm *a)
{
    return raise_imm(t, ARM_HELPER_svc, a->imm);
}

/* The helpers of HVC and SMC always leave the block through env.pc, also when the call is served
 * at once (PSCI) and the guest continues at the next instruction. */
bool trans_HVC(struct arm_translate *t, const struct arg_imm *a)
{
    return arm_is_user(t) ? arm_undefined(t) : raise_imm(t, ARM_HELPER_hvc, a->imm);
}

bool trans_SMC(struct arm_translate *t, const struct arg_imm *a)
{
    return arm_is_user(t) ? arm_undefined(t) : raise_imm(t, ARM_HELPER_smc, a->imm);
}

bool trans_BKPT(struct arm_translate *t, const struct arg_imm *a)
{
    return raise_imm(t, ARM_HELPER_bkpt, a->imm);
}

bool trans_UDF(struct arm_translate *t, const struct arg_imm *a)
{
    return arm_undefined(t);
}

/* Halting debug is never enabled. */
bool trans_HLT(struct arm_translate *t, const struct arg_imm *a)
{
    return arm_undefined(t);
}

/* ---- CPS and SETEND -------------------------------------------------------------------------- */

enum { CPS_F = 1, CPS_I = 2, CPS_A = 4 };
enum { CPS_ENABLE = 2, CPS_DISABLE = 3 };

/* PSR.A and PSR.F are not Non-secure's to change where SCR.AW and SCR.FW say so (Security
 * Extensions without Virtualization Extensions). */
static bool cps_inline(const struct arm_translate *t, const struct arg_cps *a)
{
    bool guarded = arm_has(t, ARM_FEATURE(SEC)) && !arm_has(t, ARM_FEATURE(VIRT));
    return !a->m && !(guarded && (a->aif & (CPS_A | CPS_F)));
}

bool trans_CPS(struct arm_translate *t, const struct arg_cps *a)
{
    struct ir_block *b = t->b;
    if (arm_is_user(t))
        return true;
    if (t->in_it || (!a->m && a->imod < CPS_ENABLE))
        return arm_unpredictable(t);
    if (!cps_inline(t, a)) {
        uint32_t mode = a->m ? (uint32_t)a->mode | 0x20 : 0;
        uint32_t masks = (uint32_t)a->imod << 3 | (uint32_t)a->aif;
        ir_call(b, ARM_HELPER_cps, constant(t, masks), constant(t, mode), IR_NONE, IR_NONE);
        arm_end_after(t, true);
        return true;
    }
    int32_t masked = constant(t, a->imod == CPS_DISABLE);
    if (a->aif & CPS_A)
        ir_set(b, ARM_SLOT_MASK_A, masked);
    if (a->aif & CPS_I)
        ir_set(b, ARM_SLOT_MASK_I, masked);
    if (a->aif & CPS_F)
        ir_set(b, ARM_SLOT_MASK_F, masked);
    if (a->imod == CPS_ENABLE)
        arm_end_unmasked(t);
    return true;
}

bool trans_SETEND(struct arm_translate *t, const struct arg_setend *a)
{
    if (t->in_it)
        return arm_unpredictable(t);
    if (arm_mem_big_endian(t) == (a->e != 0))
        return true;
    ir_call(t->b, ARM_HELPER_setend, constant(t, a->e != 0), IR_NONE, IR_NONE, IR_NONE);
    arm_end_after(t, true);
    return true;
}

/* ---- MRS and MSR ----------------------------------------------------------------------------- */

/* Slots that make up what MRS reads of CPSR besides NZCV and E; IT, J and T read as 0. */
static const struct {
    uint16_t slot;
    uint8_t shift;
} psr_fields[] = {
    {ARM_SLOT_Q, 27},     {ARM_SLOT_GE, 16},    {ARM_SLOT_MASK_A, 8},
    {ARM_SLOT_MASK_I, 7}, {ARM_SLOT_MASK_F, 6}, {ARM_SLOT_MODE, 0},
};

static int32_t cpsr_value(struct arm_translate *t)
{
    struct ir_block *b = t->b;
    int32_t v = ir_getnzcv(b);
    for (unsigned i = 0; i < ARRAY_SIZE(psr_fields); i++) {
        int32_t field = ir_get(b, psr_fields[i].slot);
        if (psr_fields[i].shift)
            field = ir_op2i(b, IR_OP_shl, field, psr_fields[i].shift);
        v = ir_op2(b, IR_OP_or, v, field);
    }
    return arm_mem_big_endian(t) ? ir_op2i(b, IR_OP_or, v, ARM_PSR_E) : v;
}

bool trans_MRS(struct arm_translate *t, const struct arg_mrs *a)
{
    if (a->rd == 15 || (a->r && arm_is_user(t)))
        return arm_unpredictable(t);
    int32_t v = a->r ? ir_call(t->b, ARM_HELPER_spsr_read, IR_NONE, IR_NONE, IR_NONE, IR_NONE)
                     : cpsr_value(t);
    arm_reg_write(t, a->rd, v);
    return true;
}

enum { MSR_C = 1, MSR_X = 2, MSR_S = 4, MSR_F = 8 };

/* The flag fields, which any code may write: NZCV and Q (f), GE (s). */
static void write_apsr(struct arm_translate *t, int32_t v, int mask)
{
    struct ir_block *b = t->b;
    if (mask & MSR_F) {
        ir_setnzcv(b, v);
        t->flags_changed = true;
        if (arm_has(t, ARM_FEATURE(V5TE)))
            ir_set(b, ARM_SLOT_Q, ir_bits(b, IR_OP_ubfx, v, 27, 1));
    }
    if ((mask & MSR_S) && arm_has(t, ARM_FEATURE(V6)))
        ir_set(b, ARM_SLOT_GE, ir_bits(b, IR_OP_ubfx, v, 16, 4));
}

static uint32_t mask_bits(int mask)
{
    uint32_t bits = 0;
    for (unsigned i = 0; i < 4; i++)
        if (mask >> i & 1)
            bits |= 0xffu << 8 * i;
    return bits;
}

static bool msr(struct arm_translate *t, int32_t v, int mask, int r)
{
    struct ir_block *b = t->b;
    if (r) {
        ir_call(b, ARM_HELPER_spsr_write, v, constant(t, mask_bits(mask)), IR_NONE, IR_NONE);
        return true;
    }
    if (arm_is_user(t))
        mask &= ~MSR_C; /* writes of privileged bits are ignored */
    if (mask & (MSR_C | MSR_X)) {
        ir_call(b, ARM_HELPER_cpsr_write, v, constant(t, mask_bits(mask)), IR_NONE, IR_NONE);
        t->flags_changed = true;
        arm_end_after(t, true);
        return true;
    }
    write_apsr(t, v, mask);
    return true;
}

bool trans_MSR_reg(struct arm_translate *t, const struct arg_msr_reg *a)
{
    if (a->rn == 15 || !a->mask || (a->r && arm_is_user(t)))
        return arm_unpredictable(t);
    return msr(t, arm_reg_read(t, a->rn), a->mask, a->r);
}

bool trans_MSR_imm(struct arm_translate *t, const struct arg_msr_imm *a)
{
    if (!a->mask || (a->r && arm_is_user(t)))
        return arm_unpredictable(t);
    return msr(t, constant(t, (uint32_t)a->imm), a->mask, a->r);
}

bool trans_MRS_bank(struct arm_translate *t, const struct arg_mrs_bank *a)
{
    if (a->rd == 15 || arm_is_user(t))
        return arm_unpredictable(t);
    arm_reg_write(t, a->rd,
                  ir_call(t->b, ARM_HELPER_mrs_banked, constant(t, (uint32_t)a->sysm),
                          constant(t, (uint32_t)a->r), IR_NONE, IR_NONE));
    return true;
}

bool trans_MSR_bank(struct arm_translate *t, const struct arg_msr_bank *a)
{
    if (a->rn == 15 || arm_is_user(t))
        return arm_unpredictable(t);
    ir_call(t->b, ARM_HELPER_msr_banked, constant(t, (uint32_t)a->sysm),
            constant(t, (uint32_t)a->r), arm_reg_read(t, a->rn), IR_NONE);
    return true;
}

/* ---- exception return and entry state -------------------------------------------------------- */

enum { SYSM_ELR_HYP = 0x1e };

bool trans_ERET(struct arm_translate *t, const struct arg_none *a)
{
    if (arm_is_user(t))
        return arm_unpredictable(t);
    int32_t pc = is_hyp(t) ? ir_call(t->b, ARM_HELPER_mrs_banked, constant(t, SYSM_ELR_HYP),
                                     constant(t, 0), IR_NONE, IR_NONE)
                           : arm_reg_read(t, 14);
    arm_raise(t, ARM_HELPER_exception_return, pc, IR_NONE);
    return true;
}

/* Distance from the base to the lower of the two words that SRS and RFE transfer. */
static uint32_t two_words_offset(int p, int u)
{
    uint32_t offset = u ? 0 : (uint32_t)-8;
    return p == u ? offset + 4 : offset;
}

static int32_t add_offset(struct arm_translate *t, int32_t v, uint32_t offset)
{
    return offset ? ir_op2i(t->b, IR_OP_add, v, offset) : v;
}

bool trans_RFE(struct arm_translate *t, const struct arg_rfe *a)
{
    if (is_hyp(t))
        return arm_undefined(t);
    if (arm_is_user(t) || a->rn == 15)
        return arm_unpredictable(t);
    unsigned memop = ARM_SIZE_32 | arm_mem_align_demand(t, 2);
    int32_t base = arm_reg_read(t, a->rn);
    int32_t addr = arm_mem_address(t, add_offset(t, base, two_words_offset(a->p, a->u)), 2);
    int32_t pc = arm_mem_load_raw(t, IR_I32, addr, memop);
    int32_t psr = arm_mem_load_raw(t, IR_I32, add_offset(t, addr, 4), memop);
    if (a->w)
        arm_reg_write(t, a->rn, add_offset(t, base, a->u ? 8 : (uint32_t)-8));
    arm_raise(t, ARM_HELPER_rfe, pc, psr);
    return true;
}

bool trans_SRS(struct arm_translate *t, const struct arg_srs *a)
{
    struct ir_block *b = t->b;
    if (is_hyp(t))
        return arm_undefined(t);
    if (arm_is_user(t))
        return arm_unpredictable(t);
    unsigned memop = ARM_SIZE_32 | arm_mem_align_demand(t, 2);
    int32_t mode = constant(t, (uint32_t)a->mode);
    int32_t base = ir_call(b, ARM_HELPER_srs_sp_read, mode, IR_NONE, IR_NONE, IR_NONE);
    int32_t spsr = ir_call(b, ARM_HELPER_spsr_read, IR_NONE, IR_NONE, IR_NONE, IR_NONE);
    int32_t addr = arm_mem_address(t, add_offset(t, base, two_words_offset(a->p, a->u)), 2);
    arm_mem_store_raw(t, addr, arm_reg_read(t, 14), memop);
    arm_mem_store_raw(t, add_offset(t, addr, 4), spsr, memop);
    if (a->w)
        ir_call(b, ARM_HELPER_srs_sp_write, mode, add_offset(t, base, a->u ? 8 : (uint32_t)-8),
                IR_NONE, IR_NONE);
    return true;
}
