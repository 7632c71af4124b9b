/* Faults explained (explain.h). */
#include "debug/explain.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/arm/cpu/disassemble.h"
#include "util/bits.h"

enum { FRAMES = 16, CODE_BEFORE = 12, CODE_AFTER = 12, FUNCTION_MAX = 0x4000 };

struct printing {
    const struct explain_config *c;
    const struct explain_fault *f;
    FILE *out;
};

static uint32_t pc_of(const struct explain_fault *f)
{
    return f->regs[15] & ~(f->thumb || f->m_profile ? 1u : 3u);
}

/* ---- where ----------------------------------------------------------------------------------- */

static void print_stack(const struct printing *p)
{
    struct symbols_frame frames[FRAMES];
    char text[300];
    unsigned n = symbols_unwind(p->c->symbols, p->f->regs, p->f->m_profile, p->f->psp,
                                &p->c->memory, frames, FRAMES);
    for (unsigned i = 0; i < n; i++) {
        if (i && p->f->m_profile && (frames[i].pc | 1) == 0xffffffff)
            break; /* LR at reset */
        if (frames[i].exception)
            fprintf(p->out, "     ---  exception\n");
        bool known = symbols_text(p->c->symbols, frames[i].pc, text, sizeof(text));
        fprintf(p->out, "  %s 0x%08x  %s%s\n", i ? "   " : "at ", frames[i].pc & ~1u,
                known ? text : "?", frames[i].exact ? "" : "   (by LR)");
    }
    if (n == FRAMES)
        fprintf(p->out, "     ...\n");
}

static bool is_thumb(const struct explain_fault *f)
{
    return f->thumb || f->m_profile;
}

static bool read_code(const struct printing *p, uint32_t from, uint8_t *buf, uint32_t *len)
{
    while (*len && !p->c->memory.read(p->c->memory.opaque, from, buf, *len))
        *len /= 2;
    return *len != 0;
}

/* Print the lines of @text around the one for @pc: three before, two behind. */
static void print_around(const struct printing *p, const char *text, uint32_t pc)
{
    char key[16];
    snprintf(key, sizeof(key), "0x%08x:", pc);
    const char *at = strstr(text, key), *from = at;
    if (!at)
        return;
    for (unsigned lines = 0; from > text && lines < 3; lines++)
        for (from--; from > text && from[-1] != '\n';)
            from--;
    for (unsigned after = 0; *from && after < 3;) {
        const char *end = strchrnul(from, '\n');
        after += from >= at;
        fprintf(p->out, "  %s %.*s\n", from == at ? "=> " : "   ", (int)(end - from), from);
        from = *end ? end + 1 : end;
    }
}

/* Instructions before PC can only be told apart from the start of the function. */
static void print_code(const struct printing *p)
{
    struct symbols_place place;
    uint32_t pc = pc_of(p->f), from = pc;
    if (symbols_find(p->c->symbols, pc, &place) && *place.function && place.offset < FUNCTION_MAX)
        from = pc - place.offset;
    else if (!is_thumb(p->f) && pc >= CODE_BEFORE)
        from = pc - CODE_BEFORE;
    uint32_t len = pc - from + CODE_AFTER;
    uint8_t *code = malloc(len);
    char *text = NULL;
    size_t size;
    FILE *f = code ? open_memstream(&text, &size) : NULL;
    if (!f)
        abort();
    if (read_code(p, from, code, &len))
        arm_disassemble(code, len, from, is_thumb(p->f), p->f->v8, p->f->m_profile, f);
    fclose(f);
    print_around(p, text, pc);
    free(text);
    free(code);
}

static void print_registers(const struct printing *p)
{
    static const char *const names[] = {"r0", "r1", "r2",  "r3",  "r4",  "r5", "r6", "r7",
                                        "r8", "r9", "r10", "r11", "r12", "sp", "lr", "pc"};
    for (unsigned i = 0; i < 16; i++)
        fprintf(p->out, "%s%4s %08x%s", i % 8 ? "" : "  ", names[i], p->f->regs[i],
                i % 8 == 7 ? "\n" : "");
}

/* ---- the fault registers --------------------------------------------------------------------- */

static const struct {
    uint32_t bit;
    const char *name, *meaning;
} cfsr_bits[] = {
    {BIT(0), "IACCVIOL", "execution is forbidden there"},
    {BIT(1), "DACCVIOL", "the access is forbidden there"},
    {BIT(3), "MUNSTKERR", "exception return could not read the stack"},
    {BIT(4), "MSTKERR", "exception entry was not allowed to write the stack"},
    {BIT(5), "MLSPERR", "lazy saving of FP registers was forbidden"},
    {BIT(7), "MMARVALID", NULL},
    {BIT(8), "IBUSERR", "nothing could be fetched"},
    {BIT(9), "PRECISERR", "the bus refused the access"},
    {BIT(10), "IMPRECISERR", "the bus refused an earlier store"},
    {BIT(11), "UNSTKERR", "exception return could not read the stack"},
    {BIT(12), "STKERR", "exception entry could not write the stack"},
    {BIT(13), "LSPERR", "lazy saving of FP registers failed"},
    {BIT(15), "BFARVALID", NULL},
    {BIT(16), "UNDEFINSTR", "undefined instruction"},
    {BIT(17), "INVSTATE", "the T bit is clear"},
    {BIT(18), "INVPC", "bad EXC_RETURN"},
    {BIT(19), "NOCP", "no coprocessor, or it is switched off"},
    {BIT(24), "UNALIGNED", "unaligned access"},
    {BIT(25), "DIVBYZERO", "division by zero"},
};

static void print_status(const struct printing *p)
{
    const struct explain_fault *f = p->f;
    if (!f->m_profile || !(f->cfsr | f->hfsr))
        return;
    fprintf(p->out, "  CFSR 0x%08x", f->cfsr);
    for (unsigned i = 0; i < ARRAY_SIZE(cfsr_bits); i++)
        if (f->cfsr & cfsr_bits[i].bit)
            fprintf(p->out, " %s", cfsr_bits[i].name);
    if (f->hfsr)
        fprintf(p->out, ", HFSR 0x%08x%s%s", f->hfsr, f->hfsr & BIT(30) ? " FORCED" : "",
                f->hfsr & BIT(1) ? " VECTTBL" : f->hfsr & BIT(31) ? " DEBUGEVT" : "");
    fputc('\n', p->out);
}

/* ---- what is near, and what to try ----------------------------------------------------------- */

static uint64_t distance(const struct phys_region *r, uint64_t addr)
{
    uint64_t last = r->base + r->size - 1;
    return addr < r->base ? r->base - addr : addr > last ? addr - last : 0;
}

/* The region that is nearest, aliases apart. */
static const struct phys_region *nearest(const struct physmap *map, uint32_t addr)
{
    const struct phys_region *best = NULL;
    for (unsigned i = 0; map && i < physmap_count(map); i++) {
        const struct phys_region *r = physmap_region(map, i);
        bool alias = !strncmp(r->name, "bit-band", 8) && distance(r, addr);
        if (!alias && (!best || distance(r, addr) < distance(best, addr)))
            best = r;
    }
    return best;
}

static void print_nearest(const struct printing *p, uint32_t addr)
{
    const struct phys_region *r = nearest(p->c->map, addr);
    if (!r)
        return;
    uint64_t last = r->base + r->size - 1;
    uint64_t far = addr < r->base ? r->base - addr : addr - last - 1;
    unsigned shift = far >> 24 ? 20 : far >> 16 ? 10 : 0;
    if (addr >= r->base && addr <= last)
        fprintf(p->out, "  0x%08x is in '%s', 0x%08" PRIx64 " to 0x%08" PRIx64 "\n", addr, r->name,
                r->base, last);
    else
        fprintf(p->out,
                "  0x%08x is %" PRIu64 " %s %s '%s', 0x%08" PRIx64 " to 0x%08" PRIx64 "\n", addr,
                far >> shift, shift == 20 ? "MiB" : shift ? "KiB" : "bytes",
                addr < r->base ? "before" : "behind", r->name, r->base, last);
}

static void hint(const struct printing *p, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static void hint(const struct printing *p, const char *fmt, ...)
{
    va_list ap;
    fprintf(p->out, "  hint: ");
    va_start(ap, fmt);
    vfprintf(p->out, fmt, ap);
    va_end(ap);
    fputc('\n', p->out);
}

static bool hint_pattern(const struct printing *p, uint32_t addr)
{
    static const uint32_t patterns[] = {0xdeadbeef, 0xdeaddead, 0xcccccccc, 0xa5a5a5a5, 0xaaaaaaaa,
                                        0xbaadf00d, 0xfeedface, 0xcafebabe, 0xffffffff, 0x5a5a5a5a};
    for (unsigned i = 0; i < ARRAY_SIZE(patterns); i++)
        if (addr - patterns[i] + 0x100 < 0x200) {
            hint(p, "0x%08x looks like memory that was never initialised, or freed", addr);
            return true;
        }
    return false;
}

static void hint_peripheral(const struct printing *p, uint32_t addr)
{
    struct explain_place places[3];
    unsigned n = explain_peripherals(p->c->machine, addr, places, ARRAY_SIZE(places));
    for (unsigned i = 0; i < n; i++) {
        bool offer = places[i].like && !places[i].own && p->c->machine_exists &&
                     p->c->machine_exists(places[i].like);
        if (places[i].own)
            hint(p, "0x%08x is %s of %s, which -M %s does not have yet", addr, places[i].name,
                 places[i].chip, p->c->machine);
        else
            hint(p, "0x%08x is %s of %s%s%s%s", addr, places[i].name, places[i].chip,
                 offer ? ": did you mean -M " : "; there is no such machine",
                 offer ? places[i].like : "", offer ? "?" : "");
    }
    if (!n && p->f->m_profile && addr < 0xe0000000)
        hint(p, "-unmapped warn or -unmapped zero let the program go on");
}

static bool is_memory(const struct printing *p, uint32_t addr)
{
    const struct phys_region *r = p->c->map ? physmap_find(p->c->map, addr) : NULL;
    return r && r->kind != PHYS_MMIO;
}

/* Something is there, but it refused. */
static void hint_refused(const struct printing *p, const struct phys_region *r)
{
    if (r->kind != PHYS_MMIO)
        hint(p, "it cannot be written like RAM: a pointer to constant data, or flash without its "
                "controller?");
    else if (p->f->m_profile && p->f->addr >> 20 == 0xe00)
        hint(p, "the private peripheral bus refuses unprivileged code, and accesses of the wrong "
                "size");
    else if (!strncmp(r->name, "bit-band", 8))
        hint(p, "bit %u of the byte at 0x%08x, where the same access fails",
             p->f->addr >> 2 & 7, (uint32_t)(r->base - 0x2000000 + ((p->f->addr - r->base) >> 5)));
    else
        hint(p, "the device has no register there, or not one of this size");
}

static void hint_address(const struct printing *p)
{
    const struct phys_region *there = p->c->map ? physmap_find(p->c->map, p->f->addr) : NULL;
    uint32_t addr = p->f->addr, sp = p->f->regs[13];
    print_nearest(p, addr);
    if (addr < 0x1000 && !there)
        hint(p, "a null pointer with offset 0x%x?", addr);
    else if (!hint_pattern(p, addr) && addr - sp + 0x400 < 0x800 && !is_memory(p, sp))
        hint(p, "SP is 0x%08x, where there is no memory: the stack has overflowed?", sp);
    else if (p->f->kind == EXPLAIN_UNMAPPED && there)
        hint_refused(p, there);
    else if (p->f->kind == EXPLAIN_UNMAPPED)
        hint_peripheral(p, addr);
}

static void hint_null_call(const struct printing *p)
{
    hint(p, "a call through a null function pointer? LR is 0x%08x", p->f->regs[14]);
}

static void hint_fetch(const struct printing *p)
{
    uint32_t pc = p->f->regs[15];
    print_nearest(p, pc);
    if (pc < 4)
        hint_null_call(p);
    else if (p->f->m_profile && pc >= 0xffffffe0 && pc < 0xfffffffe)
        hint(p, "an EXC_RETURN value, but no exception return: these are BX, POP and loads of PC "
                "in Handler mode");
    else if (!hint_pattern(p, pc))
        hint(p, "a wild function pointer, or a return address that was overwritten on the stack?");
}

static void hint_undefined(const struct printing *p)
{
    uint8_t b[4] = {0};
    uint32_t pc = pc_of(p->f);
    if (!p->c->memory.read(p->c->memory.opaque, pc, b, p->f->thumb ? 2 : 4))
        return;
    unsigned half = b[0] | b[1] << 8;
    if (!p->f->thumb && (b[3] & 0xf0) == 0xe0 && (b[3] & 0xf) == 7 && (b[2] & 0xf0) == 0xf0)
        hint(p, "UDF is undefined on purpose: a trap of the compiler (__builtin_trap), or an "
                "assertion");
    else if (p->f->thumb && half >> 8 == 0xde)
        hint(p, "UDF is undefined on purpose: a trap of the compiler (__builtin_trap), or an "
                "assertion");
    else if (half == 0xffff || half == 0)
        hint(p, "the bytes there are %s: there is no code, the PC went astray",
             half ? "ff ff" : "00 00");
    else if (p->f->thumb && half >> 11 >= 0x1d)
        hint(p, "this CPU may not have the instruction: is the program compiled for it (-mcpu)?");
}

static void hint_stacking(const struct printing *p)
{
    uint32_t sp = p->f->regs[13];
    print_nearest(p, sp);
    hint(p, "the stack pointer is 0x%08x: %s", sp,
         is_memory(p, sp) ? "the MPU does not allow stacking there"
                          : "the stack has overflowed, or the vector table's first word is wrong");
}

static void hint_breakpoint(const struct printing *p)
{
    const uint8_t semihosting[2] = {0xab, 0xbe};
    uint8_t b[2] = {0};
    if (p->c->memory.read(p->c->memory.opaque, pc_of(p->f), b, 2) && !memcmp(b, semihosting, 2))
        hint(p, "a semihosting call: is -semihosting missing? Unprivileged code needs "
                "-semihosting-config userspace=on");
    else
        hint(p, "a breakpoint of the program itself: a failed assertion, or code for a debugger "
                "(-gdb)");
}

static void print_hints(const struct printing *p)
{
    switch (p->f->kind) {
    case EXPLAIN_UNMAPPED:
    case EXPLAIN_FORBIDDEN:
        if (p->f->has_addr)
            hint_address(p);
        break;
    case EXPLAIN_ALIGNMENT:
        if (p->f->has_addr)
            hint(p, "0x%08x is not aligned; LDM, STM, LDRD, exclusive and, where UNALIGN_TRP is "
                    "set or on "
                    "ARMv6-M, all accesses must be: a packed structure or a cast pointer?",
                    p->f->addr);
        break;
    case EXPLAIN_FETCH: hint_fetch(p); break;
    case EXPLAIN_UNDEFINED: hint_undefined(p); break;
    case EXPLAIN_NO_COPROCESSOR:
        hint(p, "switch the FPU on first (CPACR at 0xe000ed88, bits 20 to 23), choose a CPU that "
                "has one "
                "(-cpu cortex-m4), or compile with -mfloat-abi=soft");
        break;
    case EXPLAIN_STATE:
        if (pc_of(p->f) < 4)
            hint_null_call(p);
        else
            hint(p, "bit 0 of a branch target or vector was 0: function pointers and vectors of "
                    "the M profile have it set (.thumb_func), and there is no A32 code");
        break;
    case EXPLAIN_DIVIDE:
        hint(p, "DIV_0_TRP is set in CCR, so that a division by zero is a fault");
        break;
    case EXPLAIN_STACKING: hint_stacking(p); break;
    case EXPLAIN_BREAKPOINT: hint_breakpoint(p); break;
    case EXPLAIN_OTHER: break;
    }
}

void explain_print(const struct explain_config *c, const struct explain_fault *f, FILE *out)
{
    const struct printing p = {c, f, out};
    fprintf(out, "guest fault: %s\n", f->title);
    print_stack(&p);
    print_code(&p);
    print_registers(&p);
    print_status(&p);
    if (f->detail)
        fprintf(out, "  %s\n", f->detail);
    print_hints(&p);
    if (f->lockup)
        hint(&p, "%s",
             f->hfsr & BIT(1) /* VECTTBL */
                 ? "VTOR does not lead to a table of vectors: the CPU stands still until a reset"
                 : "a fault within HardFault, NMI or with FAULTMASK set has no handler: the CPU "
                   "stands still until a reset; the explanation of the fault before tells why the "
                   "handler ran");
    fprintf(out, "  after %" PRIu64 " instructions, at %" PRId64 ".%09" PRId64 " s\n",
            f->instructions, f->time_ns / 1000000000, f->time_ns % 1000000000);
}
