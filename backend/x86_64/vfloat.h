/* What the emitters of vectors of floats share. */
#ifndef ARMEMU_BACKEND_X86_64_VFLOAT_H
#define ARMEMU_BACKEND_X86_64_VFLOAT_H

#include "backend/x86_64/xmm.h"

/* Powers of 2 in thunk.powers, vectors of f32. */
enum { VF_POWER_LEAST = -32, VF_POWER_MOST = 32 };

/** By the reference alone. */
void vf_by_reference(struct compiler *c, const struct ir_op *op, int32_t i);
/** Does the op round to nearest whatever MXCSR says? Then it has been emitted, by the reference. */
bool vf_to_nearest(struct compiler *c, const struct ir_op *op, int32_t i);
/** The register of argument @v, of which a v64's upper half is 0: it must not take part. */
unsigned vf_argument(struct compiler *c, int32_t v);
/** dst := ones where @a and @b compare so, else zeros; VF_LT and VF_LE take quiet NaNs as
 * invalid. */
enum vf_predicate { VF_EQ, VF_LT, VF_LE, VF_UNORDERED };
void vf_compare(struct compiler *c, enum vf_predicate predicate, unsigned dst, unsigned a,
                unsigned b);
/** The default NaN for all NaNs of @dst; @t and @u are changed. */
void vf_default_nans(struct compiler *c, unsigned dst, unsigned t, unsigned u);

/* An op of one or two arguments being emitted: these and registers. */
struct floats {
    struct opnd args[3];
    unsigned a, b, dst, t, u;
    struct stub *stub; /* whose `back` the emitter sets */
};
/** Begin it: to the reference unless the arguments are 0 or have magnitudes above *@least. */
struct floats vf_begin(struct compiler *c, const struct ir_op *op, int32_t i, struct x86_mem least);

#endif
