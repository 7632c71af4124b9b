#include "util/buildid.h"

#include <elf.h>
#include <link.h>
#include <stddef.h>
#include <string.h>

struct found {
    const uint8_t *id;
    uint32_t size;
};

static void look_in(const uint8_t *p, const uint8_t *end, struct found *out)
{
    while (end - p >= (ptrdiff_t)sizeof(ElfW(Nhdr))) {
        const ElfW(Nhdr) *note = (const void *)p;
        const uint8_t *name = p + sizeof(*note);
        const uint8_t *value = name + ((note->n_namesz + 3) & ~3u);
        if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && !memcmp(name, "GNU", 4)) {
            *out = (struct found){value, note->n_descsz};
            return;
        }
        p = value + ((note->n_descsz + 3) & ~3u);
    }
}

/* The first object is the program. */
static int visit(struct dl_phdr_info *info, size_t size, void *opaque)
{
    struct found *out = opaque;
    for (unsigned i = 0; i < info->dlpi_phnum && !out->id; i++) {
        const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
        const uint8_t *start = (const uint8_t *)(info->dlpi_addr + ph->p_vaddr);
        if (ph->p_type == PT_NOTE)
            look_in(start, start + ph->p_memsz, out);
    }
    return 1;
}

const uint8_t *build_id(uint32_t *size)
{
    struct found found = {NULL, 0};
    dl_iterate_phdr(visit, &found);
    *size = found.size;
    return found.id;
}
