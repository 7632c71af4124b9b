/*
 * Coprocessor instructions: the system registers of CP14 and CP15 (DDI 0406C A8.8.98, B3.17). The
 * helpers know the registers; here are the few that are worth a short way, and those that steer
 * translation itself.
 */
#include "frontend/arm/decode_args.h"
#include "frontend/arm/translate/hints.h"
#include "util/bits.h"

/* System registers have no "2" forms (MCR2 and so on), which have 1111 in bits 31..28. */
static bool is_system(const struct arm_translate *t, int cp)
{
    return (cp == 14 || cp == 15) && t->insn >> 28 != 0xf;
}

static uint32_t key_of(const struct arg_cp *a)
{
    return ARM_CP_KEY32(a->cp, a->opc1, a->crn, a->crm, a->opc2);
}

#define CP15(opc1, crn, crm, opc2) ARM_CP_KEY32(15, opc1, crn, crm, opc2)

/* ---- thread ID registers --------------------------------------------------------------------- */

static const struct thread_register {
    uint32_t key;
    uint16_t slot;
    bool user_read, user_write;
} thread_registers[] = {
    {CP15(0, 13, 0, 2), ARM_SLOT_TPIDRURW, true, true},
    {CP15(0, 13, 0, 3), ARM_SLOT_TPIDRURO, true, false},
    {CP15(0, 13, 0, 4), ARM_SLOT_TPIDRPRW, false, false},
};

/* The thread ID register that @key names, when this code may access it. */
static const struct thread_register *thread_register(const struct arm_translate *t, uint32_t key,
                                                     bool write)
{
    if (!arm_has(t, ARM_FEATURE(V6K)))
        return NULL;
    for (unsigned i = 0; i < ARRAY_SIZE(thread_registers); i++) {
        const struct thread_register *r = &thread_registers[i];
        if (r->key == key && (!arm_is_user(t) || (write ? r->user_write : r->user_read)))
            return r;
    }
    return NULL;
}

/* ---- operations that are CP15 writes --------------------------------------------------------- */

static bool op_dsb(struct arm_translate *t)
{
    return arm_dsb(t);
}

static bool op_barrier(struct arm_translate *t)
{
    return arm_barrier(t);
}

static bool op_isb(struct arm_translate *t)
{
    arm_end_after(t, false);
    return true;
}

static bool op_wfi(struct arm_translate *t)
{
    return arm_wait(t, ARM_HELPER_wfi);
}

static const struct cp15_operation {
    uint32_t key;
    bool (*emit)(struct arm_translate *t);
    bool user;      /* open to unprivileged code, from ARMv6 on */
    bool before_v7; /* no operation from ARMv7 on */
} operations[] = {
    {CP15(0, 7, 10, 4), op_dsb, true, false}, /* DSB, drain write buffer */
    {CP15(0, 7, 10, 5), op_barrier, true, false}, /* DMB */
    {CP15(0, 7, 5, 4), op_isb, true, false},      /* ISB, flush prefetch buffer */
    {CP15(0, 7, 0, 4), op_wfi, false, true},      /* wait for interrupt */
};

static const struct cp15_operation *operation(const struct arm_translate *t, uint32_t key)
{
    for (unsigned i = 0; i < ARRAY_SIZE(operations); i++) {
        const struct cp15_operation *op = &operations[i];
        if (op->key != key || (op->before_v7 && arm_has(t, ARM_FEATURE(V7))))
            continue;
        return arm_is_user(t) && !(op->user && arm_has(t, ARM_FEATURE(V6))) ? NULL : op;
    }
    return NULL;
}

/* ---- MCR, MRC and their 64-bit forms --------------------------------------------------------- */

bool trans_MCR(struct arm_translate *t, const struct arg_cp *a)
{
    if (!is_system(t, a->cp))
        return arm_undefined(t);
    if (a->rt == 15 || (t->thumb && a->rt == 13))
        return arm_unpredictable(t);
    uint32_t key = key_of(a);
    const struct thread_register *thread = thread_register(t, key, true);
    const struct cp15_operation *op = operation(t, key);
    if (op)
        return op->emit(t);
    if (thread) {
        ir_set(t->b, thread->slot, arm_reg_read(t, a->rt));
        return true;
    }
    ir_call(t->b, ARM_HELPER_cp_write32, ir_i32(t->b, key), arm_reg_read(t, a->rt), IR_NONE,
            IR_NONE);
    arm_end_after(t, true);
    return true;
}

bool trans_MRC(struct arm_translate *t, const struct arg_cp *a)
{
    if (!is_system(t, a->cp))
        return arm_undefined(t);
    uint32_t key = key_of(a);
    const struct thread_register *thread = thread_register(t, key, false);
    int32_t v =
        thread ? ir_get(t->b, thread->slot)
               : ir_call(t->b, ARM_HELPER_cp_read32, ir_i32(t->b, key), IR_NONE, IR_NONE, IR_NONE);
    if (a->rt != 15) {
        arm_reg_write(t, a->rt, v);
        return true;
    }
    ir_setnzcv(t->b, v);
    t->flags_changed = true;
    return true;
}

bool trans_MCRR(struct arm_translate *t, const struct arg_cp64 *a)
{
    struct ir_block *b = t->b;
    if (!is_system(t, a->cp))
        return arm_undefined(t);
    if (a->rt == 15 || a->rt2 == 15)
        return arm_unpredictable(t);
    int32_t v = ir_op2(b, IR_OP_pair, arm_reg_read(t, a->rt), arm_reg_read(t, a->rt2));
    uint32_t key = ARM_CP_KEY64(a->cp, a->opc1, a->crm);
    ir_call(b, ARM_HELPER_cp_write64, ir_i32(b, key), v, IR_NONE, IR_NONE);
    arm_end_after(t, true);
    return true;
}

bool trans_MRRC(struct arm_translate *t, const struct arg_cp64 *a)
{
    struct ir_block *b = t->b;
    if (!is_system(t, a->cp))
        return arm_undefined(t);
    if (a->rt == 15 || a->rt2 == 15 || a->rt == a->rt2)
        return arm_unpredictable(t);
    uint32_t key = ARM_CP_KEY64(a->cp, a->opc1, a->crm);
    int32_t v = ir_call(b, ARM_HELPER_cp_read64, ir_i32(b, key), IR_NONE, IR_NONE, IR_NONE);
    arm_reg_write(t, a->rt, ir_op1(b, IR_OP_lo32, v));
    arm_reg_write(t, a->rt2, ir_op1(b, IR_OP_hi32, v));
    return true;
}

/* CP14 and CP15 have no data operations, and the only registers that LDC and STC reach are those of
 * the debug communications channel, which needs a debugger that is not there. */
bool trans_CDP(struct arm_translate *t, const struct arg_cdp *a)
{
    return arm_undefined(t);
}

bool trans_LDC(struct arm_translate *t, const struct arg_ldc *a)
{
    return arm_undefined(t);
}

bool trans_STC(struct arm_translate *t, const struct arg_ldc *a)
{
    return arm_undefined(t);
}
