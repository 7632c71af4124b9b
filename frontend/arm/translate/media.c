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

/* CRC32 of a byte that so many bytes follow, of which each bit has its share: those of the bits,
 * and what 256 values make of them. The polynomial is 0x04c11db7, bits reversed. */
#define CRC_BITS_0 0x77073096, 0xee0e612c, 0x076dc419, 0x0edb8832, \
                   0x1db71064, 0x3b6e20c8, 0x76dc4190, 0xedb88320
#define CRC_BITS_1 0x191b3141, 0x32366282, 0x646cc504, 0xc8d98a08, \
                   0x4ac21251, 0x958424a2, 0xf0794f05, 0x3b83984b
#define CRC_BITS_2 0x01c26a37, 0x0384d46e, 0x0709a8dc, 0x0e1351b8, \
                   0x1c26a370, 0x384d46e0, 0x709a8dc0, 0xe1351b80
#define CRC_BITS_3 0xb8bc6765, 0xaa09c88b, 0x8f629757, 0xc5b428ef, \
                   0x5019579f, 0xa032af3e, 0x9b14583d, 0xed59b63b
#define CRC_BIT(v, n, share) ((v) >> (n) & 1 ? (share) : 0)
#define CRC_BYTE(v, a, b, c, d, e, f, g, h)                                                        \
    (CRC_BIT(v, 0, a) ^ CRC_BIT(v, 1, b) ^ CRC_BIT(v, 2, c) ^ CRC_BIT(v, 3, d) ^                   \
     CRC_BIT(v, 4, e) ^ CRC_BIT(v, 5, f) ^ CRC_BIT(v, 6, g) ^ CRC_BIT(v, 7, h))
#define CRC_1(v, ...) CRC_BYTE(v, __VA_ARGS__)
#define CRC_4(v, ...)                                                                              \
    CRC_1(v, __VA_ARGS__), CRC_1(v + 1, __VA_ARGS__), CRC_1(v + 2, __VA_ARGS__),                   \
    CRC_1(v + 3, __VA_ARGS__)
#define CRC_16(v, ...)                                                                             \
    CRC_4(v, __VA_ARGS__), CRC_4(v + 4, __VA_ARGS__), CRC_4(v + 8, __VA_ARGS__),                   \
    CRC_4(v + 12, __VA_ARGS__)
#define CRC_64(v, ...)                                                                             \
    CRC_16(v, __VA_ARGS__), CRC_16(v + 16, __VA_ARGS__), CRC_16(v + 32, __VA_ARGS__),              \
    CRC_16(v + 48, __VA_ARGS__)
#define CRC_256(...)                                                                               \
    {CRC_64(0, __VA_ARGS__), CRC_64(64, __VA_ARGS__), CRC_64(128, __VA_ARGS__),                    \
     CRC_64(192, __VA_ARGS__)}

static const uint32_t crc32_table[4][256] = {CRC_256(CRC_BITS_0), CRC_256(CRC_BITS_1),
                                             CRC_256(CRC_BITS_2), CRC_256(CRC_BITS_3)};

/* Without the customary inversions. */
static uint32_t crc32_word(uint32_t x)
{
    return crc32_table[3][x & 0xff] ^ crc32_table[2][x >> 8 & 0xff] ^
           crc32_table[1][x >> 16 & 0xff] ^ crc32_table[0][x >> 24];
}

/* @crc continued with the low @bytes bytes of @v. */
uint64_t arm_helper_crc32(struct ir_env *env, uint64_t crc, uint64_t v, uint64_t bytes,
                          uint64_t unused3)
{
    uint32_t x = (uint32_t)(crc ^ v), rest = bytes < 4 ? (uint32_t)crc >> 8 * bytes : 0;
    return rest ^ crc32_word(x << (32 - 8 * bytes));
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
