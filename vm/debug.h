/* The machine as a debugger sees it: what the GDB stub acts on. */
#ifndef ARMEMU_VM_DEBUG_H
#define ARMEMU_VM_DEBUG_H

#include "debug/gdb_target.h"
#include "vm/vm.h"

/** A struct vm as the target of a stub; the functions' opaque is the VM, which is built. */
extern const struct gdb_target vm_gdb_target;

/** Tell @listener (copied) when the machine stops by itself (or by vm_pause) after the debugger let
 * it go on, and what breakpoints print. */
void vm_debug_listen(struct vm *vm, const struct gdb_listener *listener);

/* debug_memory.c: functions of vm_gdb_target, as gdb_target.h says */
bool vm_debug_read_memory(void *opaque, uint32_t thread, bool physical, uint64_t addr, void *buf,
                          uint32_t len);
bool vm_debug_write_memory(void *opaque, uint32_t thread, bool physical, uint64_t addr,
                           const void *buf, uint32_t len);
void vm_debug_memory_map(void *opaque, FILE *out);
bool vm_debug_write_flash(void *opaque, uint64_t addr, const void *buf, uint32_t len);

#endif
