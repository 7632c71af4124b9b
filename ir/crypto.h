/* The values of the ops of cryptography and of products of polynomials. */
#ifndef ARMEMU_IR_CRYPTO_H
#define ARMEMU_IR_CRYPTO_H

#include "ir/vector.h"

static inline bool ir_op_is_crypto(unsigned opcode)
{
    return opcode >= IR_OP_vpmull && opcode <= IR_OP_vsha256su1;
}

/** The value of op @op, one of those, for the arguments @v. */
struct ir_vector ir_crypto_eval(const struct ir_op *op, const struct ir_vector v[3]);

#endif
