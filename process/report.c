/* What is logged of a signal that ends the program (-d guest_errors): where, in which function of
 * which file, and the instructions there. */
#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process/internal.h"
#include "util/bits.h"
#include "util/log.h"

/* The file that is mapped at an address, and the guest address that its addresses are relative to.
 */
struct mapped_file {
    char path[PATH_MAX];
    uint32_t bias;
};

/* The image of the file begins at guest address @base: are its addresses relative to that? */
static uint32_t bias_of(const struct process *p, uint32_t base)
{
    Elf32_Ehdr h;
    if (!space_has(&p->space, base, sizeof(h), SPACE_READ))
        return 0;
    memcpy(&h, space_host(&p->space, base), sizeof(h));
    return !memcmp(h.e_ident, ELFMAG, SELFMAG) && h.e_type == ET_DYN ? base : 0;
}

/* By the host's list of mappings. The first one of a file holds its header. */
static bool find_file(const struct process *p, uint32_t addr, struct mapped_file *out)
{
    uint64_t host = (uintptr_t)space_host(&p->space, addr), start, end;
    char line[PATH_MAX + 128], path[PATH_MAX], last[PATH_MAX] = "";
    uint64_t base = 0;
    bool found = false;
    FILE *maps = fopen("/proc/self/maps", "re");
    while (maps && !found && fgets(line, sizeof(line), maps)) {
        path[0] = 0;
        if (sscanf(line, "%lx-%lx %*s %*s %*s %*s %4095[^\n]", &start, &end, path) < 2)
            continue;
        if (*path == '/' && strcmp(path, last)) {
            strcpy(last, path);
            base = start;
        }
        found = host >= start && host < end;
    }
    if (maps)
        fclose(maps);
    if (!found || *path != '/')
        return false;
    strcpy(out->path, path);
    out->bias = bias_of(p, (uint32_t)(base - (uintptr_t)p->space.base));
    return true;
}

/* ---- names of functions ------------------------------------------------------------------------
 */

/* A file that may hold anything. */
struct file_view {
    const uint8_t *data;
    size_t size;
};

static bool copy_from(const struct file_view *f, void *out, size_t size, uint64_t offset)
{
    if (offset > f->size || size > f->size - offset)
        return false;
    memcpy(out, f->data + offset, size);
    return true;
}

/* Is there a section of such a type? */
static bool find_section(const struct file_view *f, uint32_t type, Elf32_Shdr *out)
{
    Elf32_Ehdr h;
    if (!copy_from(f, &h, sizeof(h), 0) || h.e_shentsize != sizeof(*out))
        return false;
    for (unsigned i = 0; i < h.e_shnum; i++)
        if (copy_from(f, out, sizeof(*out), h.e_shoff + (uint64_t)i * sizeof(*out)) &&
            out->sh_type == type)
            return true;
    return false;
}

/* The function that @addr is in, and its distance from the start; NULL: none is known. */
static const char *find_function(const struct file_view *f, const Elf32_Shdr *table, uint32_t addr,
                                 uint32_t *distance)
{
    Elf32_Ehdr h;
    Elf32_Shdr strings;
    Elf32_Sym symbol;
    const char *name = NULL;
    if (!copy_from(f, &h, sizeof(h), 0) ||
        !copy_from(f, &strings, sizeof(strings),
                   h.e_shoff + (uint64_t)table->sh_link * sizeof(strings)))
        return NULL;
    for (uint32_t at = 0; at < table->sh_size; at += sizeof(symbol)) {
        if (!copy_from(f, &symbol, sizeof(symbol), (uint64_t)table->sh_offset + at))
            break;
        uint32_t from = addr - (symbol.st_value & ~1u);
        uint64_t place = (uint64_t)strings.sh_offset + symbol.st_name;
        if (ELF32_ST_TYPE(symbol.st_info) != STT_FUNC || !symbol.st_shndx ||
            from >= (symbol.st_size ? symbol.st_size : 1) || place >= f->size ||
            !memchr(f->data + place, 0, f->size - place))
            continue;
        name = (const char *)f->data + place;
        *distance = from;
    }
    return name;
}

static void print_function(const char *path, uint32_t addr, FILE *out)
{
    struct stat st;
    Elf32_Shdr table;
    uint32_t distance;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || !st.st_size)
        st.st_size = 0;
    struct file_view f = {NULL, (size_t)st.st_size};
    void *map = f.size ? mmap(NULL, f.size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    if (fd >= 0)
        close(fd);
    if (map == MAP_FAILED)
        return;
    f.data = map;
    const char *name = NULL;
    if (find_section(&f, SHT_SYMTAB, &table))
        name = find_function(&f, &table, addr, &distance);
    if (!name && find_section(&f, SHT_DYNSYM, &table))
        name = find_function(&f, &table, addr, &distance);
    if (name)
        fprintf(out, " %s+0x%x", name, distance);
    munmap(map, f.size);
}

/* ---- the report --------------------------------------------------------------------------------
 */

/* " main+0x12 in /bin/program", as far as it is known. */
static void print_place(const struct process *p, uint32_t addr, FILE *out)
{
    struct mapped_file file;
    if (!find_file(p, addr, &file))
        return;
    print_function(file.path, addr - file.bias, out);
    fprintf(out, " in %s", file.path);
}

static void print_code(const struct task *t, FILE *out)
{
    enum { BYTES = 12 };
    uint32_t pc = (uint32_t)t->state.env.pc, room = SPACE_PAGE - pc % SPACE_PAGE;
    uint32_t size = room < BYTES ? room : BYTES;
    if (space_has(&t->process->space, pc, size, SPACE_EXEC))
        arm_frontend.disassemble(guest_ptr(t, pc), size, pc,
                                 arm_frontend.block_flags(&t->state.env), out);
}

void report_fatal(const struct task *t, const siginfo_t *info)
{
    const struct process *p = t->process;
    uint32_t pc = (uint32_t)t->state.env.pc, lr = t->state.r[14];
    const char *name = sigabbrev_np(info->si_signo);
    char *text = NULL;
    size_t size;
    FILE *out = log_enabled(LOG_GUEST_ERRORS) ? open_memstream(&text, &size) : NULL;
    if (!out)
        return;
    fprintf(out, "uncaught signal %d (SIG%s) at pc 0x%08x", info->si_signo, name ? name : "?", pc);
    print_place(p, pc, out);
    fprintf(out, ", address 0x%08x\n", (uint32_t)(uintptr_t)info->si_addr);
    print_code(t, out);
    fprintf(out, "called from 0x%08x", lr & ~1u);
    print_place(p, lr & ~1u, out);
    fclose(out);
    log_write(LOG_GUEST_ERRORS, "%s", text);
    free(text);
}
