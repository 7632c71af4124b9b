/* Advanced SIMD extraction, table lookup, duplication, transposition and reversal (DDI 0406C
 * A7.4). */
#include "frontend/arm/translate/neon.h"

bool trans_VEXT(struct arm_translate *t, const struct arg_n_ext *a)
{
    enum ir_type v = neon_vector(a->q);
    arm_vfp_check(t);
    int32_t n = neon_read(t, v, a->vn), m = a->vm == a->vn ? n : neon_read(t, v, a->vm);
    neon_write(t, v, a->vd, ir_vop(t->b, IR_OP_vext, v, 0, n, m, (uint64_t)a->imm));
    return true;
}

/* Bytes of the registers @d .. @d + @count - 1 (one or two) that @index chooses. */
static int32_t look_up(struct arm_translate *t, int d, int count, int32_t index)
{
    struct ir_block *b = t->b;
    int32_t hi = count > 1 ? neon_read(t, IR_V64, d + 1) : ir_const(b, IR_V64, 0);
    return ir_vop(b, IR_OP_vtbl, IR_V64, 0, neon_join(b, neon_read(t, IR_V64, d), hi), index, 0);
}

/* Ones where the bytes of @index are not below @limit. */
static int32_t outside(struct ir_block *b, int32_t index, unsigned limit)
{
    struct neon_type bytes = {.u = true};
    return neon_vcge(b, IR_V64, bytes, index, ir_const(b, IR_V64, neon_each(0, limit)));
}

/* Tables that go beyond the last register are UNPREDICTABLE. */
bool trans_VTBL(struct arm_translate *t, const struct arg_n_tbl *a)
{
    struct ir_block *b = t->b;
    struct neon_type bytes = {.u = true};
    if (a->vn + a->len > 32)
        return arm_unpredictable(t);
    arm_vfp_check(t);
    int32_t index = neon_read(t, IR_V64, a->vm);
    int32_t v = look_up(t, a->vn, a->len, index);
    if (a->len > 2) {
        int32_t sixteen = ir_const(b, IR_V64, neon_each(0, 16));
        int32_t beyond = neon_vsub(b, IR_V64, bytes, index, sixteen);
        v = ir_vop(b, IR_OP_vor, IR_V64, 0, v, look_up(t, a->vn + 2, a->len - 2, beyond), 0);
    }
    if (a->x) {
        int32_t kept = outside(b, index, 8 * (unsigned)a->len);
        kept = ir_vop(b, IR_OP_vand, IR_V64, 0, kept, neon_read(t, IR_V64, a->vd), 0);
        v = ir_vop(b, IR_OP_vor, IR_V64, 0, v, kept, 0);
    }
    neon_write(t, IR_V64, a->vd, v);
    return true;
}

bool trans_VDUP_scalar(struct arm_translate *t, const struct arg_n_dup *a)
{
    enum ir_type v = neon_vector(a->q);
    arm_vfp_check(t);
    neon_write(t, v, a->vd, neon_vector_lane(t, v, a->vm, a->size, a->index));
    return true;
}

/* ---- reversal -------------------------------------------------------------------------------- */

/* Elements reversed within groups of 8 << @group bits: by a table of where bytes come from. */
static bool reverse(struct arm_translate *t, const struct arg_n_rr *a, unsigned group)
{
    struct ir_block *b = t->b;
    uint64_t index = 0;
    unsigned turn = ((1u << group) - 1) & ~((1u << a->size) - 1u);
    arm_vfp_check(t);
    for (unsigned k = 0; k < 8; k++)
        index |= (uint64_t)(k ^ turn) << 8 * k;
    if (a->q) {
        int32_t m = neon_read(t, IR_V128, a->vm);
        int32_t lo = neon_bytes(b, m, index), hi = neon_bytes(b, m, index | neon_each(0, 8));
        neon_write(t, IR_V128, a->vd, neon_join(b, lo, hi));
        return true;
    }
    int32_t m = neon_read(t, IR_V64, a->vm);
    neon_write(t, IR_V64, a->vd, neon_bytes(b, neon_join(b, m, m), index));
    return true;
}

#define REVERSE(mnemonic, group)                                             \
    bool trans_##mnemonic(struct arm_translate *t, const struct arg_n_rr *a) \
    {                                                                        \
        return reverse(t, a, group);                                         \
    }

REVERSE(VREV16, 1)
REVERSE(VREV32, 2)
REVERSE(VREV64, 3)

/* ---- two registers that exchange elements. When they are the same one, it is UNKNOWN. -------- */

/* Elements with even numbers from @even, others from @odd, whose sizes are half of @wide's. */
static int32_t merge(struct ir_block *b, enum ir_type v, struct neon_type wide, int32_t even,
                     int32_t odd)
{
    int32_t low = ir_const(b, v, neon_each(wide.size, ~0ull >> (64 - (4u << wide.size))));
    even = ir_vop(b, IR_OP_vand, v, 0, even, low, 0);
    odd = ir_vop(b, IR_OP_vandn, v, 0, odd, low, 0);
    return ir_vop(b, IR_OP_vor, v, 0, even, odd, 0);
}

bool trans_VTRN(struct arm_translate *t, const struct arg_n_rr *a)
{
    struct ir_block *b = t->b;
    struct neon_type wide = {(uint8_t)(a->size + 1), true, false};
    enum ir_type v = neon_vector(a->q);
    unsigned bits = 8u << a->size;
    arm_vfp_check(t);
    int32_t d = neon_read(t, v, a->vd), m = neon_read(t, v, a->vm);
    int32_t up = neon_vector_shift_left(b, v, wide, m, bits);
    int32_t down = neon_vector_shift_right(b, v, wide, d, bits);
    neon_write(t, v, a->vd, merge(b, v, wide, d, up));
    neon_write(t, v, a->vm, merge(b, v, wide, down, m));
    return true;
}

bool trans_VUZP(struct arm_translate *t, const struct arg_n_rr *a)
{
    struct ir_block *b = t->b;
    unsigned size = (unsigned)a->size;
    arm_vfp_check(t);
    if (!a->q) {
        int32_t both = neon_join(b, neon_read(t, IR_V64, a->vd), neon_read(t, IR_V64, a->vm));
        neon_write(t, IR_V64, a->vd, neon_every_other(b, size, both, false));
        neon_write(t, IR_V64, a->vm, neon_every_other(b, size, both, true));
        return true;
    }
    int32_t d = neon_read(t, IR_V128, a->vd), m = neon_read(t, IR_V128, a->vm), v[2];
    for (unsigned odd = 0; odd < 2; odd++)
        v[odd] = neon_join(b, neon_every_other(b, size, d, odd), neon_every_other(b, size, m, odd));
    neon_write(t, IR_V128, a->vd, v[0]);
    neon_write(t, IR_V128, a->vm, v[1]);
    return true;
}

bool trans_VZIP(struct arm_translate *t, const struct arg_n_rr *a)
{
    struct ir_block *b = t->b;
    unsigned size = (unsigned)a->size;
    arm_vfp_check(t);
    if (!a->q) {
        int32_t v = neon_zip(b, size, neon_read(t, IR_V64, a->vd), neon_read(t, IR_V64, a->vm));
        neon_write(t, IR_V64, a->vd, neon_half(b, v, 0));
        neon_write(t, IR_V64, a->vm, neon_half(b, v, 1));
        return true;
    }
    int32_t d = neon_read(t, IR_V128, a->vd), m = neon_read(t, IR_V128, a->vm), v[2];
    for (unsigned high = 0; high < 2; high++)
        v[high] = neon_zip(b, size, neon_half(b, d, high), neon_half(b, m, high));
    neon_write(t, IR_V128, a->vd, v[0]);
    neon_write(t, IR_V128, a->vm, v[1]);
    return true;
}
