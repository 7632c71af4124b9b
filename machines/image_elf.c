/* ELF files: the segments that are to be loaded, at their physical addresses. */
#include <gelf.h>
#include <inttypes.h>
#include <libelf.h>

#include "machines/image.h"

static const char *architecture(unsigned machine)
{
    static const struct {
        unsigned machine;
        const char *name;
    } known[] = {{EM_386, "x86"},   {EM_X86_64, "x86-64"}, {EM_AARCH64, "AArch64"},
                 {EM_AVR, "AVR"},   {EM_MIPS, "MIPS"},     {EM_PPC, "PowerPC"},
                 {EM_RISCV, "RISC-V"}, {EM_XTENSA, "Xtensa"}};
    for (unsigned i = 0; i < sizeof(known) / sizeof(*known); i++)
        if (known[i].machine == machine)
            return known[i].name;
    return "";
}

static bool check_header(const uint8_t *data, size_t size, Elf *elf, GElf_Ehdr *eh, struct error *e)
{
    if (size < sizeof(Elf32_Ehdr))
        return error_set(e, "truncated ELF file: its %zu bytes are not even a header", size);
    if (!elf || elf_kind(elf) != ELF_K_ELF)
        return error_set(e, "no ELF file");
    if (!gelf_getehdr(elf, eh))
        return error_set(e, "broken ELF file: %s", elf_errmsg(-1));
    if (data[EI_CLASS] != ELFCLASS32)
        return error_set(e, "64-bit ELF file%s; this is a 32-bit ARM machine",
                         eh->e_machine == EM_AARCH64 ? " for AArch64" : "");
    if (eh->e_machine != EM_ARM)
        return error_set(e, "ELF file for another architecture (%s%smachine %u), not ARM",
                         architecture(eh->e_machine), *architecture(eh->e_machine) ? ", " : "",
                         eh->e_machine);
    if (data[EI_DATA] != ELFDATA2LSB)
        return error_set(e, "big-endian ELF file; programs for this machine are little-endian");
    if (eh->e_type != ET_EXEC && eh->e_type != ET_DYN)
        return error_set(e, "ELF file is not executable (type %u%s)", eh->e_type,
                         eh->e_type == ET_REL ? ": an object file, which is to be linked first"
                                              : "");
    return true;
}

/* libelf would only say that there are none, or that something is wrong. */
static bool check_program_headers(size_t size, const GElf_Ehdr *eh, struct error *e)
{
    uint64_t end = eh->e_phoff + (uint64_t)eh->e_phnum * sizeof(Elf32_Phdr);
    return !eh->e_phnum || end <= size ||
           error_set(e, "truncated ELF file: its program headers end at byte %" PRIu64 " of %zu",
                     end, size);
}

static bool add_segment(const uint8_t *data, size_t size, const GElf_Phdr *ph,
                        struct image_file *out, struct error *e)
{
    if (ph->p_offset > size || ph->p_filesz > size - ph->p_offset)
        return error_set(e, "truncated ELF file: a segment ends at byte %" PRIu64 " of %zu",
                         ph->p_offset + ph->p_filesz, size);
    if (ph->p_filesz > ph->p_memsz)
        return error_set(e, "broken ELF file: a segment has %" PRIu64 " bytes for %" PRIu64
                            " of memory", ph->p_filesz, ph->p_memsz);
    image_add(out, &(struct image_segment){ph->p_paddr, ph->p_vaddr, data + ph->p_offset,
                                           ph->p_filesz, ph->p_memsz});
    return true;
}

bool image_parse_elf(const uint8_t *data, size_t size, struct image_file *out, struct error *e)
{
    GElf_Ehdr eh;
    size_t count = 0;
    elf_version(EV_CURRENT);
    Elf *elf = elf_memory((char *)data, size);
    bool ok = check_header(data, size, elf, &eh, e) && check_program_headers(size, &eh, e);
    if (ok && elf_getphdrnum(elf, &count))
        ok = error_set(e, "truncated ELF file: %s", elf_errmsg(-1));
    if (ok && !count)
        ok = error_set(e, "ELF file without program headers");
    for (size_t i = 0; ok && i < count; i++) {
        GElf_Phdr ph;
        if (!gelf_getphdr(elf, (int)i, &ph))
            ok = error_set(e, "truncated ELF program headers");
        else if (ph.p_type == PT_LOAD && ph.p_memsz)
            ok = add_segment(data, size, &ph, out, e);
    }
    out->has_entry = ok;
    out->entry = ok ? eh.e_entry : 0;
    if (elf)
        elf_end(elf);
    return ok;
}
