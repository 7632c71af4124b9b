/* The target description that GDB reads: registers, by feature, as XML. */
#ifndef ARMEMU_DEBUG_TARGET_XML_H
#define ARMEMU_DEBUG_TARGET_XML_H

#include "debug/gdb_registers.h"

/** The description of @r; to be freed. */
char *target_xml_new(const struct gdb_registers *r);

#endif
