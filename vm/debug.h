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

#endif
