/* Ids and prototypes of the helpers; derived from helpers.def. */
#ifndef ARMEMU_ARM_HELPERS_H
#define ARMEMU_ARM_HELPERS_H

#include "ir/target.h"

enum arm_helper_id {
#define HELPER(id, nargs, result, effects) ARM_HELPER_##id,
#include "frontend/arm/cpu/helpers.def"
#undef HELPER
    ARM_HELPER_COUNT
};

#define HELPER(id, nargs, result, effects) ir_helper_fn arm_helper_##id;
#include "frontend/arm/cpu/helpers.def"
#undef HELPER

/* System register keys: what cp_read32 and its kin take. */
#define ARM_CP_KEY32(cp, opc1, crn, crm, opc2)                                                     \
    ((uint32_t)(cp) << 16 | (uint32_t)(crn) << 11 | (uint32_t)(opc1) << 7 | (uint32_t)(crm) << 3 | \
     (uint32_t)(opc2))
#define ARM_CP_KEY64(cp, opc1, crm)                                                                \
    (1u << 24 | (uint32_t)(cp) << 16 | (uint32_t)(opc1) << 7 | (uint32_t)(crm) << 3)

#endif
