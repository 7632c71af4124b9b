/* LDM, STM and their User mode and exception return forms (DDI 0406C A8.8.57 onwards, B9.3.5). */
#include "frontend/arm/decode_args.h"
#include "frontend/arm/translate/memory.h"

/* The words that one instruction transfers: ascending from `lowest`. */
struct multiple {
    uint32_t list;
    int32_t lowest;          /* address of the lowest word */
    struct arm_address base; /* .write_back, .rn as for single accesses */
    unsigned align;
};

static unsigned word_count(uint32_t list)
{
    return (unsigned)__builtin_popcount(list);
}

static bool list_has(uint32_t list, int r)
{
    return (list >> r & 1) != 0;
}

/* @v + @delta bytes, nothing when that is 0. */
static int32_t add_bytes(struct arm_translate *t, int32_t v, int32_t delta)
{
    return delta ? ir_op2i(t->b, IR_OP_add, v, (uint32_t)delta) : v;
}

static struct multiple multiple_make(struct arm_translate *t, const struct arg_ldm *a)
{
    int32_t bytes = 4 * (int32_t)word_count((uint32_t)a->list);
    int32_t base = arm_reg_read(t, a->rn);
    int32_t low = a->u ? 0 : -bytes;
    if (a->p == a->u) /* IB and DA are one word higher than IA and DB */
        low += 4;
    return (struct multiple){
        .list = (uint32_t)a->list,
        .lowest = arm_mem_address(t, add_bytes(t, base, low), 2),
        .base = {.rn = a->rn,
                 .aligned = true,
                 .write_back = a->w ? add_bytes(t, base, a->u ? bytes : -bytes) : IR_NONE},
        .align = arm_mem_align_demand(t, 2),
    };
}

/* Load the words of @m and set the registers one by one, except for the base and PC: these come
 * last, so that a fault leaves an instruction that can be restarted. Their values are returned in
 * @base and @pc where they are in the list. */
static void load_words(struct arm_translate *t, const struct multiple *m, int32_t *base,
                       int32_t *pc)
{
    unsigned memop = ARM_SIZE_32 | IR_MEM_GROUP | m->align;
    int32_t offset = 0;
    ir_memgroup(t->b, m->lowest, 4 * word_count(m->list), false);
    for (int r = 0; r < 16; r++) {
        if (!list_has(m->list, r))
            continue;
        int32_t v = arm_mem_load_raw(t, IR_I32, add_bytes(t, m->lowest, offset), memop);
        offset += 4;
        if (r == 15)
            *pc = v;
        else if (r == m->base.rn)
            *base = v;
        else
            arm_reg_write(t, r, v);
    }
    ir_memgroupend(t->b);
}

/* Base after a load: what was loaded wins over the write-back (the manual leaves it open). */
static void finish_base(struct arm_translate *t, const struct multiple *m, int32_t loaded)
{
    if (loaded != IR_NONE)
        arm_reg_write(t, m->base.rn, loaded);
    else
        arm_address_finish(t, &m->base);
}

static bool list_unpredictable(const struct arm_translate *t, const struct arg_ldm *a)
{
    bool sp = t->thumb && t->insn_size == 4 && list_has((uint32_t)a->list, 13);
    return a->rn == 15 || !a->list || sp;
}

/* The base is both loaded and written back; before ARMv7 that gives it some value. */
static bool base_conflict(const struct arm_translate *t, const struct arg_ldm *a)
{
    return a->w && list_has((uint32_t)a->list, a->rn) && arm_has(t, ARM_FEATURE(V7));
}

bool trans_LDM(struct arm_translate *t, const struct arg_ldm *a)
{
    int32_t base = IR_NONE, pc = IR_NONE;
    if (list_unpredictable(t, a) || base_conflict(t, a))
        return arm_unpredictable(t);
    struct multiple m = multiple_make(t, a);
    load_words(t, &m, &base, &pc);
    finish_base(t, &m, base);
    if (pc != IR_NONE)
        arm_mem_write_loaded(t, 15, a->rn, pc);
    return true;
}

bool trans_STM(struct arm_translate *t, const struct arg_ldm *a)
{
    if (list_unpredictable(t, a) || (t->thumb && list_has((uint32_t)a->list, 15)))
        return arm_unpredictable(t);
    struct multiple m = multiple_make(t, a);
    unsigned memop = ARM_SIZE_32 | IR_MEM_GROUP | m.align;
    int32_t offset = 0;
    ir_memgroup(t->b, m.lowest, 4 * word_count(m.list), true);
    for (int r = 0; r < 16; r++) {
        if (!list_has(m.list, r))
            continue;
        arm_mem_store_raw(t, add_bytes(t, m.lowest, offset), arm_reg_read(t, r), memop);
        offset += 4;
    }
    ir_memgroupend(t->b);
    arm_address_finish(t, &m.base);
    return true;
}

/* ---- User mode registers --------------------------------------------------------------------- */

static bool is_banked(int r)
{
    return r >= 8 && r <= 14;
}

static void user_reg_write(struct arm_translate *t, int r, int32_t v)
{
    if (is_banked(r))
        ir_call(t->b, ARM_HELPER_user_reg_write, ir_i32(t->b, (uint32_t)r), v, IR_NONE, IR_NONE);
    else
        arm_reg_write(t, r, v);
}

static int32_t user_reg_read(struct arm_translate *t, int r)
{
    if (is_banked(r))
        return ir_call(t->b, ARM_HELPER_user_reg_read, ir_i32(t->b, (uint32_t)r), IR_NONE, IR_NONE,
                       IR_NONE);
    return arm_reg_read(t, r);
}

/* The forms with ^ are UNDEFINED in Hyp mode and UNPREDICTABLE in User and System mode. Returns
 * false when the instruction has been dealt with. */
static bool privileged_form_ok(struct arm_translate *t, const struct arg_ldm *a)
{
    if (t->flags & ARM_BF_HYP)
        arm_undefined(t);
    else if ((t->flags & ARM_BF_USER) || a->rn == 15 || !a->list)
        arm_unpredictable(t);
    else
        return true;
    return false;
}

bool trans_LDM_user(struct arm_translate *t, const struct arg_ldm *a)
{
    int32_t base = IR_NONE, offset = 0;
    if (!privileged_form_ok(t, a))
        return true;
    struct multiple m = multiple_make(t, a);
    for (int r = 0; r < 15; r++) {
        if (!list_has(m.list, r))
            continue;
        int32_t v =
            arm_mem_load_raw(t, IR_I32, add_bytes(t, m.lowest, offset), ARM_SIZE_32 | m.align);
        offset += 4;
        if (r == a->rn)
            base = v;
        else
            user_reg_write(t, r, v);
    }
    if (base != IR_NONE)
        user_reg_write(t, a->rn, base);
    return true;
}

bool trans_STM_user(struct arm_translate *t, const struct arg_ldm *a)
{
    int32_t offset = 0;
    if (!privileged_form_ok(t, a))
        return true;
    struct multiple m = multiple_make(t, a);
    for (int r = 0; r < 16; r++) {
        if (!list_has(m.list, r))
            continue;
        int32_t v = user_reg_read(t, r);
        arm_mem_store_raw(t, add_bytes(t, m.lowest, offset), v, ARM_SIZE_32 | m.align);
        offset += 4;
    }
    return true;
}

bool trans_LDM_eret(struct arm_translate *t, const struct arg_ldm *a)
{
    int32_t base = IR_NONE, pc = IR_NONE;
    if (!privileged_form_ok(t, a))
        return true;
    if (base_conflict(t, a))
        return arm_unpredictable(t);
    struct multiple m = multiple_make(t, a);
    load_words(t, &m, &base, &pc);
    finish_base(t, &m, base);
    arm_raise(t, ARM_HELPER_exception_return, pc, IR_NONE);
    return true;
}
