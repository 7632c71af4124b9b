/* Helpers of the media instructions and CRC32: pure functions of their arguments. */
#include <stdlib.h>

#include "frontend/arm/cpu/helpers.h"
#include "frontend/arm/decode_args.h"
#include "frontend/arm/translate/translate.h"

/* The sum of the absolute differences of the bytes of @a and @b. */
uint64_t arm_helper_usad8(struct ir_env *env, uint64_t a, uint64_t b, uint64_t unused2,
                          uint64_t unused3)
{
    uint32_t sum = 0;
    for (unsigned i = 0; i < 32; i += 8)
        sum += (uint32_t)abs((int)(a >> i & 0xff) - (int)(b >> i & 0xff));
    return sum;
}

/* One entry per value of 4 bits that are shifted out, of a polynomial with reversed bits. */
typedef const uint32_t crc_table[16];

static crc_table crc32_table = {
    0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
    0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
};

/* @crc continued with the low @bytes bytes of @v, without the customary inversions. */
static uint32_t crc_update(crc_table table, uint32_t crc, uint32_t v, uint32_t bytes)
{
    crc ^= bytes < 4 ? v & ((1u << 8 * bytes) - 1) : v;
    for (uint32_t i = 0; i < 2 * bytes; i++)
        crc = crc >> 4 ^ table[crc & 15];
    return crc;
}

uint64_t arm_helper_crc32(struct ir_env *env, uint64_t crc, uint64_t v, uint64_t bytes,
                          uint64_t unused3)
{
    return crc_update(crc32_table, (uint32_t)crc, (uint32_t)v, (uint32_t)bytes);
}

/* CRC32<sz> <Rd>, <Rn>, <Rm>; CRC32C<sz> <Rd>, <Rn>, <Rm> */
bool trans_CRC32(struct arm_translate *t, const struct arg_crc *a)
{
    if (arm_any_pc(a->rd, a->rn, a->rm) || a->sz > 2)
        return arm_unpredictable(t);
    int32_t acc = arm_reg_read(t, a->rn), v = arm_reg_read(t, a->rm);
    int32_t bytes = ir_i32(t->b, 1u << a->sz);
    if (a->c)
        v = ir_emit(t->b, IR_OP_crc32c, IR_I32, acc, v, IR_NONE, (uint64_t)a->sz);
    else
        v = ir_call(t->b, ARM_HELPER_crc32, acc, v, bytes, IR_NONE);
    arm_reg_write(t, a->rd, v);
    return true;
}
