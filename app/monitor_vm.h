/* The monitor's view of a VM. */
#ifndef ARMEMU_APP_MONITOR_VM_H
#define ARMEMU_APP_MONITOR_VM_H

#include "debug/monitor.h"
#include "vm/vm.h"

/** A monitor on @cd (may be NULL, see monitor_new) that controls @vm, called @name (NULL:
 * nameless). */
struct monitor *monitor_vm_new(struct chardev *cd, struct vm *vm, const char *name);

#endif
