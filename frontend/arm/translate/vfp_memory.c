/* VLDR, VSTR, VLDM, VSTM (DDI 0406C A8.8.332, .333, .413, .412). */
#include "frontend/arm/decode_args.h"
#include "frontend/arm/translate/memory.h"
#include "frontend/arm/translate/vfp.h"

/* Words, or doublewords whose words lie in memory in the guest's byte order: in both byte orders a
 * doubleword is one number. It need only be aligned as a word. */
struct vfp_size {
    unsigned log2; /* of the bytes: 2, 3 */
    enum ir_type type, as_float;
    unsigned slot, float_slot; /* of register 0 */
};

static const struct vfp_size single = {ARM_SIZE_32, IR_I32, IR_F32, ARM_SLOT_S0, ARM_SLOT_FS0};
static const struct vfp_size doubled = {ARM_SIZE_64, IR_I64, IR_F64, ARM_SLOT_D0, ARM_SLOT_FD0};

/* Load to register @v: as a float, unless its bytes have to be swapped. */
static void v_load(struct arm_translate *t, const struct vfp_size *s, int v, int32_t addr,
                   unsigned memop)
{
    if (arm_mem_big_endian(t))
        ir_set(t->b, s->slot + (unsigned)v, arm_mem_load_raw(t, s->type, addr, memop));
    else
        ir_set(t->b, s->float_slot + (unsigned)v, ir_ld(t->b, s->as_float, addr, memop));
}

static void v_store(struct arm_translate *t, const struct vfp_size *s, int v, int32_t addr,
                    unsigned memop)
{
    if (arm_mem_big_endian(t))
        arm_mem_store_raw(t, addr, ir_get(t->b, s->slot + (unsigned)v), memop);
    else
        ir_st(t->b, addr, ir_get(t->b, s->float_slot + (unsigned)v), memop);
}

static bool registers_exist(const struct arm_translate *t, const struct vfp_size *s, int first,
                            int count)
{
    return s->type == IR_I64 ? arm_vfp_has_d(t, first, count) : first + count <= 32;
}

static unsigned v_memop(const struct arm_translate *t, const struct vfp_size *s)
{
    return s->log2 | arm_mem_align_demand(t, 2);
}

static int32_t v_address(struct arm_translate *t, int rn, int32_t delta)
{
    if (rn == 15)
        return arm_pc_aligned_plus(t, delta);
    int32_t base = arm_reg_read(t, rn);
    return delta ? ir_op2i(t->b, IR_OP_add, base, (uint32_t)delta) : base;
}

/* A literal in the block's page as a constant, IR_NONE when it must be loaded. */
static int32_t literal(struct arm_translate *t, const struct vfp_size *s, int32_t delta)
{
    int64_t offset = (arm_pc_offset(t) & ~(int64_t)3) + delta;
    uint32_t word[2] = {0, 0};
    if (arm_mem_big_endian(t) || offset < 0)
        return IR_NONE;
    for (unsigned i = 0; i < (1u << s->log2) / 4; i++)
        if (!arm_literal(t, (uint32_t)offset + 4 * i, 4, &word[i]))
            return IR_NONE;
    return ir_const(t->b, s->as_float, word[0] | (uint64_t)word[1] << 32);
}

static bool load(struct arm_translate *t, const struct arg_v_mem *a, const struct vfp_size *s)
{
    if (!registers_exist(t, s, a->vd, 1))
        return arm_undefined(t);
    arm_vfp_check(t);
    int32_t delta = a->u ? a->imm : -a->imm;
    int32_t v = a->rn == 15 ? literal(t, s, delta) : IR_NONE;
    if (v != IR_NONE)
        ir_set(t->b, s->float_slot + (unsigned)a->vd, v);
    else
        v_load(t, s, a->vd, arm_mem_address(t, v_address(t, a->rn, delta), 2), v_memop(t, s));
    return true;
}

static bool store(struct arm_translate *t, const struct arg_v_mem *a, const struct vfp_size *s)
{
    if (!registers_exist(t, s, a->vd, 1))
        return arm_undefined(t);
    if (a->rn == 15 && t->thumb)
        return arm_unpredictable(t);
    arm_vfp_check(t);
    int32_t addr = arm_mem_address(t, v_address(t, a->rn, a->u ? a->imm : -a->imm), 2);
    v_store(t, s, a->vd, addr, v_memop(t, s));
    return true;
}

/* Bytes by which the base moves. FLDMX and FSTMX, an odd number of words, count one word more. */
static int32_t multiple_bytes(const struct arg_v_memm *a, const struct vfp_size *s)
{
    return (a->imm << s->log2) + (a->x ? 4 : 0);
}

static bool multiple_unpredictable(const struct arm_translate *t, const struct arg_v_memm *a,
                                   const struct vfp_size *s)
{
    if (a->rn == 15 && (a->w || t->thumb))
        return true;
    return a->imm == 0 || (s->type == IR_I64 && a->imm > 16) ||
           !registers_exist(t, s, a->vd, a->imm);
}

static void multiple_transfer(struct arm_translate *t, const struct arg_v_memm *a,
                              const struct vfp_size *s, int32_t lowest, bool is_store)
{
    unsigned memop = v_memop(t, s) | IR_MEM_GROUP;
    ir_memgroup(t->b, lowest, (unsigned)a->imm << s->log2, is_store);
    for (int i = 0; i < a->imm; i++) {
        int32_t addr = i ? ir_op2i(t->b, IR_OP_add, lowest, (uint64_t)i << s->log2) : lowest;
        if (is_store)
            v_store(t, s, a->vd + i, addr, memop);
        else
            v_load(t, s, a->vd + i, addr, memop);
    }
    ir_memgroupend(t->b);
}

static bool multiple(struct arm_translate *t, const struct arg_v_memm *a, const struct vfp_size *s,
                     bool is_store)
{
    if (multiple_unpredictable(t, a, s))
        return arm_unpredictable(t);
    arm_vfp_check(t);
    int32_t bytes = multiple_bytes(a, s);
    int32_t lowest = arm_mem_address(t, v_address(t, a->rn, a->u ? 0 : -bytes), 2);
    multiple_transfer(t, a, s, lowest, is_store);
    if (a->w)
        arm_reg_move(t, a->rn, v_address(t, a->rn, a->u ? bytes : -bytes));
    return true;
}

bool trans_VLDR_s(struct arm_translate *t, const struct arg_v_mem *a)
{
    return load(t, a, &single);
}

bool trans_VLDR_d(struct arm_translate *t, const struct arg_v_mem *a)
{
    return load(t, a, &doubled);
}

bool trans_VSTR_s(struct arm_translate *t, const struct arg_v_mem *a)
{
    return store(t, a, &single);
}

bool trans_VSTR_d(struct arm_translate *t, const struct arg_v_mem *a)
{
    return store(t, a, &doubled);
}

bool trans_VLDM_s(struct arm_translate *t, const struct arg_v_memm *a)
{
    return multiple(t, a, &single, false);
}

bool trans_VLDM_d(struct arm_translate *t, const struct arg_v_memm *a)
{
    return multiple(t, a, &doubled, false);
}

bool trans_VSTM_s(struct arm_translate *t, const struct arg_v_memm *a)
{
    return multiple(t, a, &single, true);
}

bool trans_VSTM_d(struct arm_translate *t, const struct arg_v_memm *a)
{
    return multiple(t, a, &doubled, true);
}
