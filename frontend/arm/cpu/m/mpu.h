/* The MPU as frontend/arm/cpu/translation.c uses it. */
#ifndef ARMEMU_ARM_M_MPU_H
#define ARMEMU_ARM_M_MPU_H

#include "frontend/arm/cpu/cpu.h"

/** arm_translate_va of the M profile: an identity with rights. */
bool m_translate(const struct arm_state *s, uint32_t va, enum arm_access access, bool privileged,
                 struct arm_translation *out, struct arm_fault *fault);
/** May the @size bytes at @addr be accessed, at most 32? */
bool m_allows(const struct arm_state *s, uint32_t addr, unsigned size, bool write, bool privileged);
/** Find the number of the MPU's setting, where it may have changed. */
void m_view_update(struct arm_state *s);
/** arm_context_key of the M profile. */
void m_context_key(const struct arm_state *s, uint64_t *key, uint32_t *asid);

#endif
