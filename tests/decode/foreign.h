/* Capstone, apart from our own headers: it defines names that they also use (enum arm_sysreg). */
#ifndef ARMEMU_TESTS_DECODE_FOREIGN_H
#define ARMEMU_TESTS_DECODE_FOREIGN_H

#include <stdbool.h>
#include <stdint.h>

struct foreign;

/** A decoder of A32, or of Thumb. */
struct foreign *foreign_new(bool thumb);
void foreign_free(struct foreign *f);
/** Does @word decode as one instruction of @size bytes? T32 is first halfword : second halfword.
 * @name is the mnemonic without condition and data types, @text the disassembly; both stay valid
 * until the next call and are "-" when it does not decode. */
bool foreign_decode(struct foreign *f, uint32_t word, unsigned size, const char **name,
                    const char **text);

#endif
