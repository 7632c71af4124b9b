/* The VFP enable check, and moves of core and VFP registers (DDI 0406C A7.8, A8.8.339 onwards). */
#include "frontend/arm/decode_args.h"
#include "frontend/arm/translate/vfp.h"

void arm_vfp_check(struct arm_translate *t)
{
    bool m = arm_has(t, ARM_FEATURE(M));
    if (t->fp_checked || (!m && t->flags & ARM_BF_FP_ON))
        return;
    ir_callz(t->b, ir_get(t->b, ARM_SLOT_FP_ENABLED), m ? ARM_HELPER_m_fp : ARM_HELPER_undefined);
    t->fp_checked = !t->skip_open;
}

bool arm_vfp_has_d(const struct arm_translate *t, int first, int count)
{
    return first + count <= (arm_has(t, ARM_FEATURE(D32)) ? 32 : 16);
}

int32_t arm_neon_replicate(struct arm_translate *t, int32_t v, unsigned size)
{
    struct ir_block *b = t->b;
    if (size == 0)
        v = ir_bfi(b, v, v, 8, 8);
    if (size <= 1)
        v = ir_bfi(b, v, v, 16, 16);
    return ir_op2(b, IR_OP_pair, v, v);
}

/* ---- whole registers ------------------------------------------------------------------------- */

bool trans_VMOV_to_core_s(struct arm_translate *t, const struct arg_v_core *a)
{
    if (a->rt == 15)
        return arm_unpredictable(t);
    arm_vfp_check(t);
    arm_reg_write(t, a->rt, arm_s_read(t, a->vn));
    return true;
}

bool trans_VMOV_from_core_s(struct arm_translate *t, const struct arg_v_core *a)
{
    if (a->rt == 15)
        return arm_unpredictable(t);
    arm_vfp_check(t);
    arm_s_write(t, a->vn, arm_reg_read(t, a->rt));
    return true;
}

static bool two_bad(const struct arg_v_core2 *a, bool to_core)
{
    return a->rt == 15 || a->rt2 == 15 || (to_core && a->rt == a->rt2);
}

bool trans_VMOV_to_core_2s(struct arm_translate *t, const struct arg_v_core2 *a)
{
    if (two_bad(a, true) || a->vm == 31)
        return arm_unpredictable(t);
    arm_vfp_check(t);
    arm_reg_write(t, a->rt, arm_s_read(t, a->vm));
    arm_reg_write(t, a->rt2, arm_s_read(t, a->vm + 1));
    return true;
}

bool trans_VMOV_from_core_2s(struct arm_translate *t, const struct arg_v_core2 *a)
{
    if (two_bad(a, false) || a->vm == 31)
        return arm_unpredictable(t);
    arm_vfp_check(t);
    arm_s_write(t, a->vm, arm_reg_read(t, a->rt));
    arm_s_write(t, a->vm + 1, arm_reg_read(t, a->rt2));
    return true;
}

bool trans_VMOV_to_core_d(struct arm_translate *t, const struct arg_v_core2 *a)
{
    if (!arm_vfp_has_d(t, a->vm, 1))
        return arm_undefined(t);
    if (two_bad(a, true))
        return arm_unpredictable(t);
    arm_vfp_check(t);
    int32_t v = arm_d_read(t, a->vm);
    arm_reg_write(t, a->rt, ir_op1(t->b, IR_OP_lo32, v));
    arm_reg_write(t, a->rt2, ir_op1(t->b, IR_OP_hi32, v));
    return true;
}

bool trans_VMOV_from_core_d(struct arm_translate *t, const struct arg_v_core2 *a)
{
    if (!arm_vfp_has_d(t, a->vm, 1))
        return arm_undefined(t);
    if (two_bad(a, false))
        return arm_unpredictable(t);
    arm_vfp_check(t);
    int32_t lo = arm_reg_read(t, a->rt), hi = arm_reg_read(t, a->rt2);
    arm_d_write(t, a->vm, ir_op2(t->b, IR_OP_pair, lo, hi));
    return true;
}

/* ---- scalars --------------------------------------------------------------------------------- */

/* Where a lane lies: in word half @half of its D register, from bit @lsb on. */
struct lane {
    unsigned half, lsb, width;
};

static struct lane lane_of(int index, int size)
{
    unsigned width = 8u << size, bit = (unsigned)index * width;
    return (struct lane){.half = bit / 32, .lsb = bit % 32, .width = width};
}

static int32_t word_read(struct arm_translate *t, int d, unsigned half)
{
    if (d < 16)
        return arm_s_read(t, 2 * d + (int)half);
    return ir_op1(t->b, half ? IR_OP_hi32 : IR_OP_lo32, arm_d_read(t, d));
}

static void word_write(struct arm_translate *t, int d, unsigned half, int32_t v)
{
    if (d < 16) {
        arm_s_write(t, 2 * d + (int)half, v);
        return;
    }
    int32_t other = word_read(t, d, !half);
    int32_t lo = half ? other : v, hi = half ? v : other;
    arm_d_write(t, d, ir_op2(t->b, IR_OP_pair, lo, hi));
}

bool trans_VMOV_to_core_scalar(struct arm_translate *t, const struct arg_v_scalar *a)
{
    if (!arm_vfp_has_d(t, a->vn, 1))
        return arm_undefined(t);
    if (a->rt == 15)
        return arm_unpredictable(t);
    arm_vfp_check(t);
    struct lane l = lane_of(a->index, a->size);
    int32_t v = word_read(t, a->vn, l.half);
    if (l.width < 32)
        v = ir_bits(t->b, a->u ? IR_OP_ubfx : IR_OP_sbfx, v, l.lsb, l.width);
    arm_reg_write(t, a->rt, v);
    return true;
}

bool trans_VMOV_from_core_scalar(struct arm_translate *t, const struct arg_v_scalar *a)
{
    if (!arm_vfp_has_d(t, a->vn, 1))
        return arm_undefined(t);
    if (a->rt == 15)
        return arm_unpredictable(t);
    arm_vfp_check(t);
    struct lane l = lane_of(a->index, a->size);
    int32_t v = arm_reg_read(t, a->rt);
    if (l.width < 32)
        v = ir_bfi(t->b, word_read(t, a->vn, l.half), v, l.lsb, l.width);
    word_write(t, a->vn, l.half, v);
    return true;
}

bool trans_VDUP_core(struct arm_translate *t, const struct arg_v_dup *a)
{
    if ((a->q && (a->vd & 1)) || !arm_vfp_has_d(t, a->vd, 1 + a->q))
        return arm_undefined(t);
    if (a->rt == 15)
        return arm_unpredictable(t);
    arm_vfp_check(t);
    enum ir_type type = a->q ? IR_V128 : IR_V64;
    int32_t v = ir_vop(t->b, IR_OP_vdup, type, (unsigned)a->size, arm_reg_read(t, a->rt), IR_NONE,
                       0);
    ir_set(t->b, a->q ? ARM_SLOT_Q0 + (unsigned)a->vd / 2 : ARM_SLOT_V0 + (unsigned)a->vd, v);
    return true;
}
