/* Ids of the state slots, ARM_SLOT_R0 and so on; derived from slots.def. */
#ifndef ARMEMU_ARM_SLOTS_H
#define ARMEMU_ARM_SLOTS_H

enum arm_slot {
#define SLOT(id, name, type, pin, field) ARM_SLOT_##id,
#define SLOT_S(n) ARM_SLOT_S##n,
#define SLOT_D(n) ARM_SLOT_D##n,
#define SLOT_FS(n) ARM_SLOT_FS##n,
#define SLOT_FD(n) ARM_SLOT_FD##n,
#define SLOT_V(n) ARM_SLOT_V##n,
#define SLOT_Q(n) ARM_SLOT_Q##n,
#include "frontend/arm/cpu/slots.def"
#undef SLOT
#undef SLOT_S
#undef SLOT_D
#undef SLOT_FS
#undef SLOT_FD
#undef SLOT_V
#undef SLOT_Q
    ARM_SLOT_COUNT
};

#endif
