#include "tests/decode/foreign.h"

#include <assert.h>
#include <capstone/capstone.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct foreign {
    csh v7, v8;
    bool thumb;
    cs_insn *insn;
    char text[256];
};

struct foreign *foreign_new(bool thumb)
{
    struct foreign *f = calloc(1, sizeof(*f));
    cs_mode mode = thumb ? CS_MODE_THUMB : CS_MODE_ARM;

    assert(f);
    f->thumb = thumb;
    if (cs_open(CS_ARCH_ARM, mode, &f->v7) || cs_open(CS_ARCH_ARM, mode | CS_MODE_V8, &f->v8))
        abort();
    f->insn = cs_malloc(f->v7);
    return f;
}

void foreign_free(struct foreign *f)
{
    cs_free(f->insn, 1);
    cs_close(&f->v7);
    cs_close(&f->v8);
    free(f);
}

static bool decodes_with(struct foreign *f, csh handle, uint32_t word, unsigned size)
{
    uint32_t code = f->thumb && size == 4 ? word >> 16 | word << 16 : word;
    const uint8_t *p = (const uint8_t *)&code;
    size_t length = size;
    uint64_t address = 0;

    return cs_disasm_iter(handle, &p, &length, &address, f->insn) && f->insn->size == size;
}

/* As ARMv7, or as ARMv8, but in T32 not what is of the extension registers: of those it decodes
 * A32's words, too. */
static bool decodes(struct foreign *f, uint32_t word, unsigned size)
{
    const char *name;

    if (decodes_with(f, f->v7, word, size))
        return true;
    if (!decodes_with(f, f->v8, word, size))
        return false;
    if (!f->thumb)
        return true;
    name = cs_insn_name(f->v8, f->insn->id);
    return name[0] != 'v' && strncmp(name, "sha", 3) && strncmp(name, "aes", 3);
}

bool foreign_decode(struct foreign *f, uint32_t word, unsigned size, const char **name,
                    const char **text)
{
    bool ok = decodes(f, word, size);

    *name = *text = "-";
    if (!ok)
        return false;
    snprintf(f->text, sizeof(f->text), "%s %s", f->insn->mnemonic, f->insn->op_str);
    *name = cs_insn_name(f->v7, f->insn->id);
    *text = f->text;
    return true;
}
