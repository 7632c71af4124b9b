/*
 * An ARM program without a C library, for every CPU from the ARM926 on: it reads records (struct
 * insn_record) from its standard input, executes each one's instruction on a random state of the
 * extension registers, FPSCR, core registers and memory, and writes what became of it (struct
 * insn_result). With an argument of "v" results are followed by the state (struct insn_state).
 */
#include <stddef.h>

#include "tests/fp/insns.h"

enum {
    SYS_exit = 1,
    SYS_read = 3,
    SYS_write = 4,
    SYS_rt_sigaction = 174,
    SYS_mmap2 = 192,
    SYS_cacheflush = 0xf0002
};
enum { SIGILL = 4, SIGBUS = 7, SIGSEGV = 11, SA_SIGINFO_NODEFER = 0x40000004 };
enum { UC_PC = 92 / 4, UC_CPSR = 96 / 4 }; /* words of struct ucontext */

static long call(long n, long a, long b, long c, long d, long e, long f)
{
    register long r0 __asm__("r0") = a, r1 __asm__("r1") = b, r2 __asm__("r2") = c;
    register long r3 __asm__("r3") = d, r4 __asm__("r4") = e, r5 __asm__("r5") = f;
    register long r7 __asm__("r7") = n;
    __asm__ volatile("svc #0"
                     : "+r"(r0)
                     : "r"(r1), "r"(r2), "r"(r3), "r"(r4), "r"(r5), "r"(r7)
                     : "memory");
    return r0;
}

/* ---- execution ------------------------------------------------------------------------------- */

void run_insn(struct insn_state *s, uint32_t code);
void run_resume(void);

/* Stack: the state, the code's address. LR is not the instruction's to use. */
__asm__(".arch armv7-a\n.fpu neon-vfpv4\n.arm\n.text\n.global run_insn, run_resume\n"
        "run_insn:\n"
        "push {r4-r12, lr}\n push {r0, r1}\n"
        "vldmia r0!, {d0-d15}\n"
        "ldr r1, [r0, #196]\n tst r1, #2\n beq 1f\n"
        "vldmia r0, {d16-d31}\n"
        "1: add r0, r0, #128\n"
        "ldr r1, [r0, #64]\n msr cpsr_f, r1\n"
        "ldr r1, [r0]\n vmsr fpscr, r1\n"
        "add lr, r0, #8\n ldm lr, {r0-r12}\n"
        "ldr pc, [sp, #4]\n"
        "run_resume:\n"
        "ldr lr, [sp]\n add lr, lr, #264\n stm lr, {r0-r12}\n"
        "mrs r1, cpsr\n and r1, r1, #0xf8000000\n vmrs r2, fpscr\n str r2, [lr, #-8]\n"
        "str r1, [lr, #56]\n mov r2, #0\n vmsr fpscr, r2\n"
        "sub r0, lr, #264\n vstmia r0!, {d0-d15}\n"
        "ldr r1, [r0, #196]\n tst r1, #2\n beq 2f\n"
        "vstmia r0, {d16-d31}\n"
        "2: pop {r0, r1}\n pop {r4-r12, pc}\n");

static volatile int caught;

static void handler(int sig, void *info, uint32_t *context)
{
    caught = sig;
    context[UC_PC] = (uint32_t)(uintptr_t)run_resume;
    context[UC_CPSR] &= ~0x0600fc20u; /* ARM state, no IT block */
}

static void catch (int sig)
{
    struct {
        void (*fn)(int, void *, uint32_t *);
        unsigned long flags;
        void *restorer;
        uint32_t mask[2];
    } action = {handler, SA_SIGINFO_NODEFER, NULL, {0, 0}};
    call(SYS_rt_sigaction, sig, (long)(uintptr_t)&action, 0, 8, 0, 0);
}

/* ---- states ---------------------------------------------------------------------------------- */

/* A register: integers or floats of some width, those of a register mostly alike. */
static uint64_t random_register(uint64_t *seed)
{
    uint64_t r = insn_random(seed), v = 0;
    unsigned log2 = r & 3, width = 8u << log2;
    if (log2 == 0)
        log2 = 2, width = 32;
    for (unsigned at = 0; at < 64; at += width)
        v |= insn_value(seed, log2) << at;
    return v;
}

static uint8_t memory[INSN_MEMORY] __attribute__((aligned(64)));

static void random_state(struct insn_state *s, const struct insn_record *record)
{
    uint64_t seed = record->seed;
    for (unsigned i = 0; i < 32; i++)
        s->d[i] = i && (insn_random(&seed) & 7) == 0 ? s->d[i - 1] ^ (insn_random(&seed) & 1) << 63
                                                     : random_register(&seed);
    s->fpscr = record->fpscr;
    s->cpsr = (uint32_t)insn_random(&seed) & 0xf0000000;
    for (unsigned i = 0; i < 13; i++)
        s->r[i] = (uint32_t)(uintptr_t)memory + INSN_MEMORY / 2 + (insn_random(&seed) & 0x78);
    if (record->flags & INSN_MEMORY_USED)
        for (unsigned i = 0; i < INSN_MEMORY; i += 8)
            *(uint64_t *)(void *)(memory + i) = insn_random(&seed);
    else /* values that are no addresses */
        for (unsigned i = 0; i < 13; i++)
            s->r[i] = (uint32_t)insn_random(&seed);
    s->double32 = record->flags & INSN_D32;
}

/* An operand in two doublewords: lanes differ, so that each has every value at some time. */
static void special_operand(uint64_t *d, unsigned i, unsigned step, unsigned count,
                            const struct insn_record *record)
{
    unsigned log2 = record->flags >> INSN_LOG2_SHIFT & 3, width = 8u << log2;
    for (unsigned k = 0; k < 2; k++) {
        d[k] = 0;
        for (unsigned at = 0; at < 64; at += width) {
            d[k] |= insn_special(i, log2, record->flags & INSN_INTEGER) << at;
            i = i + step >= count ? i + step - count : i + step;
        }
    }
}

static uint64_t hash(uint64_t h, const void *data, unsigned bytes)
{
    const uint32_t *w = data;
    for (unsigned i = 0; i < bytes / 4; i++)
        h = (h ^ w[i]) * 0x100000001b3ull, h ^= h >> 29;
    return h;
}

/* Addresses may differ from one emulator to the next. */
static uint64_t hash_state(struct insn_state *s, const struct insn_record *record)
{
    bool uses_memory = record->flags & INSN_MEMORY_USED;
    for (unsigned i = 0; uses_memory && i < 13; i++)
        s->r[i] -= (uint32_t)(uintptr_t)memory;
    uint64_t h = hash(0xcbf29ce484222325ull, s, sizeof(*s));
    return uses_memory ? hash(h, memory, INSN_MEMORY) : h;
}

static void place(uint32_t *code, const struct insn_record *record)
{
    bool thumb = record->flags & INSN_THUMB;
    code[0] = thumb ? record->insn << 16 | record->insn >> 16 : record->insn;
    code[1] = thumb ? 0xf000f8df : 0xe51ff004; /* ldr pc, [pc] to the word behind it */
    code[2] = (uint32_t)(uintptr_t)run_resume;
    call(SYS_cacheflush, (long)(uintptr_t)code, (long)(uintptr_t)(code + 3), 0, 0, 0, 0);
}

static struct insn_result execute(const struct insn_record *record, uint32_t *code,
                                  struct insn_state *s)
{
    place(code, record);
    random_state(s, record);
    caught = 0;
    run_insn(s, (uint32_t)(uintptr_t)code | (record->flags & INSN_THUMB ? 1 : 0));
    struct insn_result result = {.signal = (uint32_t)caught};
    if (!caught)
        result.hash = hash_state(s, record);
    return result;
}

static struct insn_state matrix_state;

/* One tuple of the matrix; the scalar form is the lowest lane. */
static uint64_t matrix_case(uint64_t h, const struct insn_record *record, uint32_t code,
                            const unsigned i[3], unsigned count)
{
    struct insn_state *s = &matrix_state;
    static const uint8_t steps[3] = {1, 3, 7};
    for (unsigned k = 0; k < 3; k++)
        special_operand(s->d + 2 * k, i[k], steps[k], count, record);
    s->fpscr = record->fpscr;
    s->cpsr = 0;
    run_insn(s, code);
    h = hash(h, s->d, 6 * sizeof(s->d[0]));
    return hash(h, &s->fpscr, 4);
}

static struct insn_result matrix(const struct insn_record *record, uint32_t *code)
{
    unsigned operands = record->flags >> INSN_OPERANDS_SHIFT & 7, i[3] = {0}, limit[3];
    unsigned count = operands == 7 ? INSN_SPECIAL_FEW : INSN_SPECIAL;
    for (unsigned k = 0; k < 3; k++)
        limit[k] = operands >> k & 1 ? count : 1;
    uint32_t entry = (uint32_t)(uintptr_t)code | (record->flags & INSN_THUMB ? 1 : 0);
    uint64_t h = record->seed;
    uint32_t done = 0;
    place(code, record);
    matrix_state.double32 = 0;
    caught = 0;
    for (i[0] = 0; i[0] < limit[0]; i[0]++)
        for (i[1] = 0; i[1] < limit[1]; i[1]++)
            for (i[2] = 0; i[2] < limit[2] && !caught; i[2]++) {
                h = matrix_case(h, record, entry, i, count);
                if (++done == record->last)
                    return (struct insn_result){.hash = h};
            }
    return (struct insn_result){.signal = (uint32_t)caught, .hash = h};
}

/* ---- the program ----------------------------------------------------------------------------- */

static bool read_record(struct insn_record *record)
{
    static struct insn_record buffer[256];
    static unsigned at, bytes;
    if (at * sizeof(*record) >= bytes) {
        at = 0;
        bytes = 0;
        for (;;) {
            long n = call(SYS_read, 0, (long)(uintptr_t)((char *)buffer + bytes),
                          (long)(sizeof(buffer) - bytes), 0, 0, 0);
            if (n <= 0)
                break;
            bytes += (unsigned)n;
            if (bytes == sizeof(buffer))
                break;
        }
        if (bytes < sizeof(*record))
            return false;
    }
    *record = buffer[at++];
    return true;
}

static void put(const void *data, unsigned bytes)
{
    static char buffer[8192];
    static unsigned used;
    const char *p = data;
    if (used + bytes > sizeof(buffer) || !bytes) {
        call(SYS_write, 1, (long)(uintptr_t)buffer, (long)used, 0, 0, 0);
        used = 0;
    }
    for (unsigned i = 0; i < bytes; i++)
        buffer[used + i] = p[i];
    used += bytes;
}

__attribute__((used)) static void start(uint32_t *stack)
{
    bool verbose = stack[0] > 1 && *(const char *)(uintptr_t)stack[2] == 'v';
    uint32_t *code = (uint32_t *)call(SYS_mmap2, 0, 4096, 7, 0x22, -1, 0);
    struct insn_record record;
    static struct insn_state s;
    catch (SIGILL);
    catch (SIGSEGV);
    catch (SIGBUS);
    /* A place of its own for each of many, so that code is not translated anew for every one. */
    for (unsigned i = 0; read_record(&record); i++) {
        bool is_matrix = record.flags & INSN_MATRIX;
        uint32_t *place = code + i % 64 * 16;
        struct insn_result result = is_matrix ? matrix(&record, place)
                                              : execute(&record, place, &s);
        put(&result, sizeof(result));
        if (verbose)
            put(is_matrix ? &matrix_state : &s, sizeof(s));
    }
    put(NULL, 0);
    call(SYS_exit, 0, 0, 0, 0, 0, 0);
}

__asm__(".text\n.arm\n.global _start\n_start: mov r0, sp\n bl start\n");
