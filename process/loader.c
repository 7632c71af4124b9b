/*
 * Starting a program: its ELF file and its interpreter are mapped, and the first stack is made as
 * the kernel makes it. Everything in the files is bounded before it is used.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "frontend/arm/cpu/psr.h"
#include "host/thread.h"
#include "process/internal.h"
#include "util/bits.h"

enum {
    PROGRAM_HEADERS_MAX = 64,
    SCRIPT_DEPTH_MAX = 4,
    SCRIPT_LINE = 256,
    DEFAULT_STACK = 8 << 20,
    STACK_MAX = 512 << 20,
};
#define STACK_TOP 0xbf000000u
#define PIE_BASE 0x00400000u

/* An ELF file and where it is mapped. */
struct image {
    const char *path;
    int fd;
    Elf32_Ehdr header;
    Elf32_Phdr segments[PROGRAM_HEADERS_MAX];
    char interpreter[PATH_MAX]; /* empty: none */
    uint32_t bias, base, entry, end, headers; /* guest addresses; headers: of the program headers */
    bool executable_stack, unmarked; /* unmarked: the file does not say what its stack is */
};

/* ---- reading --------------------------------------------------------------------------------- */

static bool read_at(const struct image *im, void *buf, size_t size, off_t offset)
{
    return pread(im->fd, buf, size, offset) == (ssize_t)size;
}

/* Why the file is none for us; NULL: it is one. */
static const char *header_problem(const Elf32_Ehdr *h)
{
    if (memcmp(h->e_ident, ELFMAG, SELFMAG))
        return "not an ELF file";
    if (h->e_ident[EI_CLASS] != ELFCLASS32)
        return "a 64-bit ELF file";
    if (h->e_ident[EI_DATA] != ELFDATA2LSB && h->e_ident[EI_DATA] != ELFDATA2MSB)
        return "an ELF file of no byte order";
    if (h->e_machine != EM_ARM)
        return "an ELF file for another machine";
    if (h->e_type != ET_EXEC && h->e_type != ET_DYN)
        return "an ELF file that cannot be executed";
    if (h->e_ident[EI_DATA] == ELFDATA2MSB && !(h->e_flags & EF_ARM_BE8))
        return "one whose code is big-endian, too (BE-32)";
    return NULL;
}

static bool is_big_endian(const struct image *im)
{
    return im->header.e_ident[EI_DATA] == ELFDATA2MSB;
}

/* The header's numbers in the host's order. */
static void convert_header(struct image *im)
{
    Elf32_Ehdr *h = &im->header;
    uint16_t *const halves[] = {&h->e_type,  &h->e_machine,   &h->e_ehsize, &h->e_phentsize,
                                &h->e_phnum, &h->e_shentsize, &h->e_shnum,  &h->e_shstrndx};
    uint32_t *const words[] = {&h->e_version, &h->e_entry, &h->e_phoff, &h->e_shoff, &h->e_flags};
    if (!is_big_endian(im))
        return;
    for (unsigned i = 0; i < ARRAY_SIZE(halves); i++)
        *halves[i] = __builtin_bswap16(*halves[i]);
    for (unsigned i = 0; i < ARRAY_SIZE(words); i++)
        *words[i] = __builtin_bswap32(*words[i]);
}

/* Program headers are made of words. */
static bool read_segments(struct image *im)
{
    uint32_t words[PROGRAM_HEADERS_MAX * sizeof(Elf32_Phdr) / 4];
    size_t size = im->header.e_phnum * sizeof(Elf32_Phdr);
    if (!read_at(im, words, size, im->header.e_phoff))
        return false;
    for (size_t i = 0; is_big_endian(im) && i < size / 4; i++)
        words[i] = __builtin_bswap32(words[i]);
    memcpy(im->segments, words, size);
    return true;
}

/* Does a loadable segment lie on another one? */
static bool segments_overlap(const struct image *im)
{
    for (unsigned i = 0; i < im->header.e_phnum; i++) {
        const Elf32_Phdr *a = &im->segments[i];
        for (unsigned k = 0; k < i; k++) {
            const Elf32_Phdr *b = &im->segments[k];
            if (a->p_type == PT_LOAD && b->p_type == PT_LOAD && a->p_memsz && b->p_memsz &&
                a->p_vaddr < (uint64_t)b->p_vaddr + b->p_memsz &&
                b->p_vaddr < (uint64_t)a->p_vaddr + a->p_memsz)
                return true;
        }
    }
    return false;
}

static bool read_interpreter(struct image *im, const Elf32_Phdr *s, struct error *e)
{
    if (s->p_filesz < 2 || s->p_filesz > sizeof(im->interpreter) ||
        !read_at(im, im->interpreter, s->p_filesz, s->p_offset) ||
        im->interpreter[s->p_filesz - 1])
        return error_set(e, "%s: bad name of the interpreter", im->path);
    return true;
}

/* Bytes that loadable segments span, from @*low. */
static bool image_extent(const struct image *im, uint32_t *low, uint32_t *high)
{
    uint64_t first = UINT64_MAX, last = 0;
    for (unsigned i = 0; i < im->header.e_phnum; i++) {
        const Elf32_Phdr *s = &im->segments[i];
        if (s->p_type != PT_LOAD)
            continue;
        uint64_t end = (uint64_t)s->p_vaddr + s->p_memsz;
        if (s->p_filesz > s->p_memsz || end > SPACE_TOP ||
            (s->p_vaddr - s->p_offset) % SPACE_PAGE)
            return false;
        first = s->p_vaddr < first ? s->p_vaddr : first;
        last = end > last ? end : last;
    }
    if (first >= last)
        return false;
    *low = (uint32_t)align_down(first, SPACE_PAGE);
    *high = (uint32_t)align_up(last, SPACE_PAGE);
    return true;
}

/* Does the file hold all that its segments say? A page beyond its end cannot be touched. */
static bool image_complete(const struct image *im, struct error *e)
{
    struct stat st;
    if (fstat(im->fd, &st))
        return error_set_errno(e, "%s", im->path);
    for (unsigned i = 0; i < im->header.e_phnum; i++) {
        const Elf32_Phdr *s = &im->segments[i];
        uint64_t end = (uint64_t)s->p_offset + s->p_filesz;
        if (s->p_type == PT_LOAD && end > (uint64_t)st.st_size)
            return error_set(e, "%s: truncated: a segment ends at byte %llu of %llu", im->path,
                             (unsigned long long)end, (unsigned long long)st.st_size);
    }
    return true;
}

static bool image_read(struct image *im, struct error *e)
{
    uint32_t low, high;
    bool there = read_at(im, &im->header, sizeof(im->header), 0);
    convert_header(im);
    const char *problem = there ? header_problem(&im->header) : "not an ELF file";
    if (problem)
        return error_set(e, "%s: not an ARM program (32-bit ELF) but %s", im->path, problem);
    if (im->header.e_phentsize != sizeof(Elf32_Phdr) || !im->header.e_phnum ||
        im->header.e_phnum > PROGRAM_HEADERS_MAX ||
        !read_segments(im))
        return error_set(e, "%s: bad program headers", im->path);
    im->executable_stack = im->unmarked = true;
    for (unsigned i = 0; i < im->header.e_phnum; i++) {
        const Elf32_Phdr *s = &im->segments[i];
        if (s->p_type == PT_GNU_STACK) {
            im->executable_stack = s->p_flags & PF_X;
            im->unmarked = false;
        }
        if (s->p_type == PT_INTERP && !read_interpreter(im, s, e))
            return false;
    }
    if (segments_overlap(im))
        return error_set(e, "%s: segments overlap", im->path);
    if (!image_extent(im, &low, &high))
        return error_set(e, "%s: bad segments", im->path);
    return image_complete(im, e);
}

/* ---- mapping --------------------------------------------------------------------------------- */

static int segment_prot(const Elf32_Phdr *s)
{
    return (s->p_flags & PF_R ? PROT_READ : 0) | (s->p_flags & PF_W ? PROT_WRITE : 0) |
           (s->p_flags & PF_X ? PROT_EXEC : 0);
}

/* The rest of a segment's last file page is 0, also behind the segment's end. */
static void clear_tail(struct space *sp, uint32_t from, uint32_t to, int prot)
{
    if (from == to || !(prot & PROT_WRITE))
        return;
    memset(space_host(sp, from), 0, to - from);
}

static bool map_segment(struct space *sp, struct image *im, const Elf32_Phdr *s, struct error *e)
{
    int prot = segment_prot(s);
    uint32_t start = im->bias + s->p_vaddr, page = start & ~(SPACE_PAGE - 1u);
    uint32_t file_end = start + s->p_filesz, end = start + s->p_memsz;
    uint32_t file_pages = (uint32_t)align_up(file_end, SPACE_PAGE);
    int64_t r = 0;
    if (s->p_filesz)
        r = space_map(sp, page, file_pages - page, prot, MAP_PRIVATE | MAP_FIXED, im->fd,
                      s->p_offset - (start - page));
    else
        file_pages = page;
    if (r >= 0 && end > file_pages)
        r = space_map(sp, file_pages, end - file_pages, prot,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (r < 0) {
        errno = (int)-r;
        return error_set_errno(e, "%s: segment at 0x%08x", im->path, start);
    }
    if (s->p_filesz && s->p_memsz > s->p_filesz)
        clear_tail(sp, file_end, file_pages, prot);
    return true;
}

/* Where a position-independent image goes. */
static bool choose_bias(struct space *sp, struct image *im, bool main_program, struct error *e)
{
    uint32_t low = 0, high = 0;
    image_extent(im, &low, &high);
    im->bias = 0;
    if (im->header.e_type == ET_EXEC && low < SPACE_FIRST)
        return error_set(e, "%s: begins below 0x%x", im->path, SPACE_FIRST);
    if (im->header.e_type == ET_EXEC)
        return space_is_free(sp, low, high - low) ||
               error_set(e, "%s: 0x%08x to 0x%08x is not free for it", im->path, low, high);
    int64_t at = space_map(sp, main_program ? PIE_BASE : 0, high - low, PROT_NONE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at < 0)
        return error_set(e, "%s: no room for %u bytes", im->path, high - low);
    im->bias = (uint32_t)at - low;
    return true;
}

static bool image_map(struct space *sp, struct image *im, bool main_program, struct error *e)
{
    uint32_t low = 0, high = 0;
    if (!choose_bias(sp, im, main_program, e))
        return false;
    for (unsigned i = 0; i < im->header.e_phnum; i++) {
        const Elf32_Phdr *s = &im->segments[i];
        if (s->p_type != PT_LOAD)
            continue;
        if (!map_segment(sp, im, s, e))
            return false;
        if (im->header.e_phoff >= s->p_offset && im->header.e_phoff < s->p_offset + s->p_filesz)
            im->headers = im->bias + s->p_vaddr + im->header.e_phoff - s->p_offset;
    }
    image_extent(im, &low, &high);
    im->base = im->bias + low;
    im->end = im->bias + high;
    im->entry = im->bias + im->header.e_entry;
    return true;
}

/* ---- the stack ------------------------------------------------------------------------------- */

struct stack {
    struct process *p;
    uint32_t sp;
    bool full;
};

static uint32_t push_bytes(struct stack *st, const void *data, size_t size)
{
    if (size > st->sp - st->p->stack_bottom) {
        st->full = true;
        return st->sp;
    }
    st->sp -= (uint32_t)size;
    memcpy(space_host(&st->p->space, st->sp), data, size);
    return st->sp;
}

static uint32_t push_words(struct stack *st, uint32_t *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        words[i] = guest_order32(st->p, words[i]);
    return push_bytes(st, words, 4 * count);
}

static uint32_t push_string(struct stack *st, const char *s)
{
    return push_bytes(st, s, strlen(s) + 1);
}

/* Strings of @v, first one lowest; their addresses in @out, which ends with 0. */
static unsigned push_strings(struct stack *st, char *const *v, uint32_t **out)
{
    unsigned n = 0;
    while (v[n])
        n++;
    *out = calloc(n + 1, sizeof(**out));
    if (!*out)
        abort();
    for (unsigned i = n; i-- > 0;)
        (*out)[i] = push_string(st, v[i]);
    return n;
}

/* AT_HWCAP and AT_HWCAP2: the kernel's bits and names, by what the CPU has. */
static const struct {
    uint64_t feature;
    uint32_t hwcap, hwcap2;
    const char *names;
} capabilities[] = {
    {ARM_FEATURE(V4T), 1 << 1 | 1 << 2, 0, "half thumb"},
    {ARM_FEATURE(V5T), 1 << 4, 0, "fastmult"},
    {ARM_FEATURE(VFP2), 1 << 6, 0, "vfp"},
    {ARM_FEATURE(V5TE), 1 << 7, 0, "edsp"},
    {ARM_FEATURE(NEON), 1 << 12, 0, "neon"},
    {ARM_FEATURE(VFP3), 1 << 13, 0, "vfpv3"},
    {ARM_FEATURE(V6K), 1 << 15, 0, "tls"},
    {ARM_FEATURE(VFP4), 1 << 16, 0, "vfpv4"},
    {ARM_FEATURE(DIVA), 1 << 17, 0, "idiva"},
    {ARM_FEATURE(DIVT), 1 << 18, 0, "idivt"},
    {ARM_FEATURE(D32), 1 << 19, 0, "vfpd32"},
    {ARM_FEATURE(LPAE), 1 << 20, 0, "lpae"}, /* 64-bit single-copy atomicity */
    {ARM_FEATURE(CRYPTO), 0, 0xf, "aes pmull sha1 sha2"},
    {ARM_FEATURE(CRC), 0, 1 << 4, "crc32"},
};

void loader_write_capabilities(uint64_t features, FILE *out)
{
    for (unsigned i = 0; i < ARRAY_SIZE(capabilities); i++)
        if (features & capabilities[i].feature)
            fprintf(out, " %s", capabilities[i].names);
}

static const char *platform(uint64_t features, bool big)
{
    static const char *const names[][2] = {{"v5l", "v5b"}, {"v6l", "v6b"}, {"v7l", "v7b"}};
    return names[features & ARM_FEATURE(V7) ? 2 : features & ARM_FEATURE(V6) ? 1 : 0][big];
}

static void push_auxv(struct stack *st, const struct image *main, const struct image *interpreter,
                      uint32_t execfn, unsigned words_below)
{
    struct process *p = st->p;
    uint64_t features = p->config.cpu_model->features;
    uint32_t hwcap = 0, hwcap2 = 0;
    uint8_t entropy[16];
    for (unsigned i = 0; i < ARRAY_SIZE(capabilities); i++) {
        if (features & capabilities[i].feature) {
            hwcap |= capabilities[i].hwcap;
            hwcap2 |= capabilities[i].hwcap2;
        }
    }
    host_random(entropy, sizeof(entropy));
    uint32_t random = push_bytes(st, entropy, sizeof(entropy));
    uint32_t name = push_string(st, platform(features, p->big_endian));
    st->sp = (st->sp & ~7u) - words_below % 2 * 4; /* the stack pointer is to be a multiple of 8 */
    uint32_t auxv[][2] = {
        {AT_PHDR, main->headers}, {AT_PHENT, sizeof(Elf32_Phdr)},
        {AT_PHNUM, main->header.e_phnum}, {AT_PAGESZ, SPACE_PAGE},
        {AT_BASE, interpreter ? interpreter->base : 0}, {AT_FLAGS, 0}, {AT_ENTRY, main->entry},
        {AT_UID, getuid()}, {AT_EUID, geteuid()}, {AT_GID, getgid()}, {AT_EGID, getegid()},
        {AT_HWCAP, hwcap}, {AT_HWCAP2, hwcap2}, {AT_PLATFORM, name},
        {AT_CLKTCK, (uint32_t)sysconf(_SC_CLK_TCK)}, {AT_RANDOM, random},
        {AT_SECURE, getauxval(AT_SECURE) != 0},
        {AT_EXECFN, execfn}, {AT_NULL, 0},
    };
    p->auxv_size = sizeof(auxv);
    p->auxv = push_words(st, auxv[0], sizeof(auxv) / 4);
}

static bool map_stack(struct process *p, bool executable, struct error *e)
{
    struct rlimit limit;
    uint64_t size = p->config.stack_size;
    if (!size && getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        size = limit.rlim_cur;
    if (!size)
        size = DEFAULT_STACK;
    size = align_up(size < STACK_MAX ? size : STACK_MAX, SPACE_PAGE);
    if (size < 16 * SPACE_PAGE)
        size = 16 * SPACE_PAGE;
    p->stack_top = p->space.top < STACK_TOP ? p->space.top : STACK_TOP;
    if (size + SPACE_LOW > p->stack_top)
        return error_set(e, "the stack of %llu KiB does not fit below 0x%x",
                         (unsigned long long)size / 1024, p->stack_top);
    p->stack_bottom = p->stack_top - (uint32_t)size;
    int prot = PROT_READ | PROT_WRITE | (executable ? PROT_EXEC : 0);
    return space_map_fixed(&p->space, p->stack_bottom, (uint32_t)size, prot, e);
}

/* The stack as the program finds it: argc, argv, 0, envp, 0, auxv. */
static bool make_stack(struct process *p, char *const *argv, const struct image *main,
                       const struct image *interpreter, uint32_t *sp, struct error *e)
{
    struct stack st = {p, p->stack_top - 16, false};
    uint32_t *arg, *env;
    uint32_t execfn = push_string(&st, p->config.path);
    p->env_end = st.sp;
    unsigned envc = push_strings(&st, p->config.envp, &env);
    p->args_end = st.sp;
    unsigned argc = push_strings(&st, argv, &arg);
    p->args_start = st.sp;
    push_auxv(&st, main, interpreter, execfn, argc + envc + 3);
    push_words(&st, env, envc + 1);
    push_words(&st, arg, argc + 1);
    push_words(&st, &argc, 1);
    free(arg);
    free(env);
    *sp = p->stack_start = st.sp;
    return !st.full || error_set(e, "arguments and environment do not fit on the stack");
}

/* ---- the program ----------------------------------------------------------------------------- */

/* "#!interpreter argument": split in place. */
static bool parse_script(char *line, char **interpreter, char **argument)
{
    line[strcspn(line, "\n")] = 0;
    char *p = line + 2 + strspn(line + 2, " \t");
    char *end = p + strcspn(p, " \t");
    *interpreter = p;
    *argument = NULL;
    if (*end) {
        *end++ = 0;
        end += strspn(end, " \t");
        size_t len = strlen(end);
        while (len && (end[len - 1] == ' ' || end[len - 1] == '\t'))
            end[--len] = 0;
        *argument = *end ? end : NULL;
    }
    return *p != 0;
}

/* @fd: the file, if it is open already; 0 otherwise. */
static int open_program(const char *path, int fd, struct error *e)
{
    struct stat st;
    if (!fd)
        fd = open(path,
                  O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* no waiting for whom a pipe is read from */
    if (fd < 0) {
        int status = errno == ENOENT || errno == ENOTDIR ? PROCESS_NOT_FOUND
                                                         : PROCESS_NOT_EXECUTABLE;
        error_set_errno(e, "%s", path);
        return -status;
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || !(st.st_mode & 0111)) {
        error_set(e, "%s: %s", path, S_ISDIR(st.st_mode) ? "is a directory" : "not executable");
        close(fd);
        return -PROCESS_NOT_EXECUTABLE;
    }
    return fd;
}

/* Replace a script by its interpreter, as often as that is a script. Returns the open file; @argv
 * is allocated anew. */
static int resolve_scripts(struct process *p, char *path, char ***argv, struct error *e)
{
    for (unsigned depth = 0;; depth++) {
        char line[SCRIPT_LINE] = "", found[PATH_MAX], *interpreter, *argument;
        int fd = open_program(path, depth ? 0 : p->config.program_fd, e);
        if (fd < 0 || pread(fd, line, sizeof(line) - 1, 0) < 2 || memcmp(line, "#!", 2))
            return fd;
        close(fd);
        if (depth == SCRIPT_DEPTH_MAX || !parse_script(line, &interpreter, &argument)) {
            error_set(e, "%s: bad interpreter line", path);
            return -PROCESS_NOT_EXECUTABLE;
        }
        unsigned n = 0, k = 0;
        while ((*argv)[n])
            n++;
        char **v = calloc(n + 4, sizeof(*v));
        if (!v)
            abort();
        v[k++] = strdup(interpreter);
        if (argument)
            v[k++] = strdup(argument);
        v[k++] = strdup(path);
        for (unsigned i = 1; i < n; i++)
            v[k++] = (*argv)[i];
        free(*argv);
        *argv = v;
        snprintf(path, PATH_MAX, "%s", path_find(p, interpreter, found));
    }
}

/* *@status: for a shell when that fails. */
static bool load_interpreter(struct process *p, struct image *im, const char *name, int *status,
                             struct error *e)
{
    char found[PATH_MAX];
    im->path = name;
    im->fd = open(path_find(p, name, found), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (im->fd < 0 && errno == ENOENT)
        *status = PROCESS_NOT_FOUND;
    if (im->fd < 0)
        return error_set_errno(
            e, "program interpreter %s (-L names the directory that it is under)", name);
    bool ok = image_read(im, e) && image_map(&p->space, im, false, e);
    if (ok && is_big_endian(im) != p->big_endian)
        ok = error_set(e, "%s: the interpreter has another byte order than the program", name);
    close(im->fd);
    return ok;
}

static void start_state(struct task *t, uint32_t entry, uint32_t sp)
{
    struct arm_state *s = &t->state;
    s->r[13] = sp;
    s->env.pc = entry & ~1u;
    s->thumb = entry & 1;
    s->big_endian = t->process->big_endian;
    arm_cpu_loaded(s);
}

static bool load_images(struct task *t, struct image *main, struct image *interpreter,
                        char *const *argv, int *status, struct error *e)
{
    struct process *p = t->process;
    uint32_t sp;
    if (!image_read(main, e))
        return false;
    p->big_endian = is_big_endian(main);
    if (p->big_endian)
        kuser_set_order(p);
    p->space.read_implies_exec = main->unmarked;
    if (!map_stack(p, main->executable_stack, e) || !image_map(&p->space, main, true, e))
        return false;
    p->image_start = main->base;
    p->space.brk_start = p->space.brk = main->end;
    bool has_interpreter = main->interpreter[0];
    if (has_interpreter && !load_interpreter(p, interpreter, main->interpreter, status, e))
        return false;
    if (!make_stack(p, argv, main, has_interpreter ? interpreter : NULL, &sp, e))
        return false;
    p->entry = has_interpreter ? interpreter->entry : main->entry;
    start_state(t, p->entry, sp);
    return true;
}

int process_load(struct task *t, struct error *e)
{
    struct process *p = t->process;
    char path[PATH_MAX];
    struct image *images = calloc(2, sizeof(*images));
    unsigned argc = 0;
    while (p->config.argv[argc])
        argc++;
    char **argv = calloc(argc + 1, sizeof(*argv));
    if (!images || !argv)
        abort();
    memcpy(argv, p->config.argv, argc * sizeof(*argv));
    snprintf(path, sizeof(path), "%s", p->config.path);
    if (!p->config.by_kernel) /* the kernel has named it */
        prctl(PR_SET_NAME, strrchr(path, '/') ? strrchr(path, '/') + 1 : path);
    int fd = resolve_scripts(p, path, &argv, e);
    if (fd < 0)
        return -fd;
    images[0].fd = fd;
    images[0].path = path;
    if (!realpath(path, p->exe))
        snprintf(p->exe, sizeof(p->exe), "%s", path);
    int status = PROCESS_NOT_EXECUTABLE;
    bool ok = load_images(t, &images[0], &images[1], argv, &status, e);
    close(fd);
    free(images);
    free(argv);
    return ok ? 0 : status;
}
