/* AES, SHA-1 and SHA-256 instructions: helpers that work on the registers. */
#include "frontend/arm/translate/neon.h"

static bool two(struct arm_translate *t, const struct arg_n_rr *a, unsigned helper)
{
    struct ir_block *b = t->b;
    arm_vfp_check(t);
    ir_call(b, helper, ir_i32(b, (uint32_t)a->vd), ir_i32(b, (uint32_t)a->vm), IR_NONE, IR_NONE);
    return true;
}

static bool three(struct arm_translate *t, const struct arg_n_rrr *a, unsigned helper)
{
    struct ir_block *b = t->b;
    arm_vfp_check(t);
    ir_call(b, helper, ir_i32(b, (uint32_t)a->vd), ir_i32(b, (uint32_t)a->vn),
            ir_i32(b, (uint32_t)a->vm), IR_NONE);
    return true;
}

#define TWO(mnemonic, name)                                                  \
    bool trans_##mnemonic(struct arm_translate *t, const struct arg_n_rr *a) \
    {                                                                        \
        return two(t, a, ARM_HELPER_neon_##name);                            \
    }
#define THREE(mnemonic, name)                                                 \
    bool trans_##mnemonic(struct arm_translate *t, const struct arg_n_rrr *a) \
    {                                                                         \
        return three(t, a, ARM_HELPER_neon_##name);                           \
    }

TWO(AESE, aese)
TWO(AESD, aesd)
TWO(AESMC, aesmc)
TWO(AESIMC, aesimc)
TWO(SHA1H, sha1h)
TWO(SHA1SU1, sha1su1)
TWO(SHA256SU0, sha256su0)
THREE(SHA1C, sha1c)
THREE(SHA1P, sha1p)
THREE(SHA1M, sha1m)
THREE(SHA1SU0, sha1su0)
THREE(SHA256H, sha256h)
THREE(SHA256H2, sha256h2)
THREE(SHA256SU1, sha256su1)
