/* Guest memory as code that accesses the window (ir_block.window) sees it: at its addresses from GS
 * on. */
#ifndef ARMEMU_TESTS_TRANSLATE_JIT_WINDOW_H
#define ARMEMU_TESTS_TRANSLATE_JIT_WINDOW_H

#include "backend/backend.h"
#include "tests/translate/harness.h"

struct jit_window;

/** The window of the process's only thread; one at a time. */
struct jit_window *jit_window_new(void);
void jit_window_free(struct jit_window *w);

/** Where it begins in the host's memory, and what slow paths call. */
uint64_t jit_window_base(const struct jit_window *w);
extern const struct ir_callbacks jit_window_callbacks;

/** Before and after code of @be runs on @r: its memory is copied there and back. An access
 * elsewhere is a fault, as with the harness's own memory. */
void jit_window_begin(struct jit_window *w, struct backend *be, struct run *r);
void jit_window_end(struct jit_window *w);

#endif
