/* Capstone, loaded when it is first used: its tables make up most of the time that a short run
 * would spend in the dynamic linker. */
#ifndef ARMEMU_UTIL_CAPSTONE_H
#define ARMEMU_UTIL_CAPSTONE_H

#include <capstone/capstone.h>
#include <stdbool.h>

/* The library's functions, by their own names. */
struct capstone {
    cs_err (*open)(cs_arch arch, cs_mode mode, csh *handle);
    cs_err (*option)(csh handle, cs_opt_type type, size_t value);
    cs_insn *(*malloc)(csh handle);
    bool (*disasm_iter)(csh handle, const uint8_t **code, size_t *size, uint64_t *address,
                        cs_insn *insn);
    void (*free)(cs_insn *insn, size_t count);
    cs_err (*close)(csh *handle);
};

/** Fill in @c. False when the library cannot be loaded. It stays loaded, so that this is quick from
 * then on. */
bool capstone_load(struct capstone *c);

#endif
