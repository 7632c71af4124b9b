/* Call stacks: libdw follows the unwind tables, and exception frames of the M profile are followed
 * here. */
#include <string.h>

#include "debug/symbols_internal.h"
#include "util/bits.h"

enum {
    REG_SP = 13, REG_LR = 14, REG_PC = 15,
    FRAME_WORDS = 8, FRAME_FP_BYTES = 0x68, FRAME_BYTES = 0x20,
};
#define EXC_RETURN_PSP BIT(2)
#define EXC_RETURN_NO_FP BIT(4)
#define XPSR_ALIGNED BIT(9)

/* B1.5.8 of DDI 0403E. */
static bool is_exception_return(uint32_t pc)
{
    unsigned to = (pc | 1) & 0xf; /* libdw clears the Thumb bit */
    return (pc & 0xffffffe0u) == 0xffffffe0u && (to == 1 || to == 9 || to == 0xd);
}

struct symbols_unwinding {
    uint32_t regs[16];    /* where it begins; afterwards those of the last frame, as far as known */
    const struct symbols_memory *memory;
    struct symbols_frame *frames;
    unsigned count, max;
    bool guess, exception; /* of the first frame that comes */
    unsigned steps;        /* frames of this run */
};

static pid_t next_thread(Dwfl *dwfl, void *arg, void **thread_arg)
{
    if (*thread_arg)
        return 0;
    *thread_arg = arg;
    return 1;
}

static bool memory_read(Dwfl *dwfl, Dwarf_Addr addr, Dwarf_Word *result, void *arg)
{
    const struct symbols_file *f = arg;
    const struct symbols_memory *m = f->unwinding->memory;
    uint32_t word;
    if (addr > UINT32_MAX || !m->read(m->opaque, (uint32_t)addr, &word, 4))
        return false;
    *result = word;
    return true;
}

static bool set_initial_registers(Dwfl_Thread *thread, void *arg)
{
    const struct symbols_file *f = arg;
    Dwarf_Word regs[16];
    for (unsigned i = 0; i < 16; i++)
        regs[i] = f->unwinding->regs[i];
    regs[REG_PC] &= ~(Dwarf_Word)1;
    return dwfl_thread_state_registers(thread, 0, 16, regs);
}

static const Dwfl_Thread_Callbacks thread_callbacks = {
    .next_thread = next_thread,
    .memory_read = memory_read,
    .set_initial_registers = set_initial_registers,
};

static int one_frame(Dwfl_Frame *frame, void *arg)
{
    struct symbols_unwinding *u = arg;
    Dwarf_Addr pc;
    Dwarf_Word value;
    if (!dwfl_frame_pc(frame, &pc, NULL))
        return DWARF_CB_ABORT;
    for (unsigned i = 4; i < 15 && u->steps; i++) /* r12 and below r4: lost by calls */
        if (dwfl_frame_reg(frame, i, &value) == 0)
            u->regs[i] = (uint32_t)value;
    u->regs[REG_PC] = (uint32_t)pc;
    if (u->steps++ && is_exception_return((uint32_t)pc))
        return DWARF_CB_ABORT;
    struct symbols_frame *out = &u->frames[u->count];
    if (u->count && u->steps > 1 && out[-1].pc == (uint32_t)pc && out[-1].sp == u->regs[REG_SP])
        return DWARF_CB_ABORT; /* it does not get on */
    *out = (struct symbols_frame){(uint32_t)pc, u->regs[REG_SP], !(u->steps == 1 && u->guess),
                                  u->steps == 1 && u->exception};
    return ++u->count < u->max ? DWARF_CB_OK : DWARF_CB_ABORT;
}

/* Follow the tables of @f from u->regs as far as they go. */
static void follow(struct symbols_file *f, struct symbols_unwinding *u)
{
    f->unwinding = u;
    if (!f->attached)
        f->attached = dwfl_attach_state(f->dwfl, NULL, 1, &thread_callbacks, f);
    if (f->attached)
        dwfl_getthread_frames(f->dwfl, 1, one_frame, u);
    f->unwinding = NULL;
}

static struct symbols_file *file_of(struct symbols *s, uint32_t addr)
{
    struct symbols_place place;
    for (unsigned i = 0; i < s->count; i++) {
        struct symbols one = {.count = 1};
        if (!symbols_file_open(&s->files[i]))
            continue;
        one.files[0] = s->files[i];
        bool found = symbols_find(&one, addr, &place);
        s->files[i] = one.files[0]; /* it may have read more of the file */
        if (found)
            return &s->files[i];
    }
    return NULL;
}

/* The registers before the exception that u->regs[REG_PC], an EXC_RETURN, returns from. */
static bool leave_exception(struct symbols_unwinding *u, uint32_t psp)
{
    static const uint8_t order[FRAME_WORDS] = {0, 1, 2, 3, 12, REG_LR, REG_PC, 16};
    uint32_t how = u->regs[REG_PC], words[FRAME_WORDS];
    uint32_t sp = how & EXC_RETURN_PSP ? psp : u->regs[REG_SP];
    if (!u->memory->read(u->memory->opaque, sp, words, sizeof(words)))
        return false;
    for (unsigned i = 0; i + 1 < FRAME_WORDS; i++)
        u->regs[order[i]] = words[i];
    sp += how & EXC_RETURN_NO_FP ? FRAME_BYTES : FRAME_FP_BYTES;
    u->regs[REG_SP] = sp + (words[7] & XPSR_ALIGNED ? 4 : 0);
    return true;
}

/* A first frame without tables: its caller is where LR leads, unless that was overwritten. */
static bool guess_caller(struct symbols *s, struct symbols_unwinding *u, bool m_profile)
{
    uint32_t lr = u->regs[REG_LR];
    if ((lr & ~1u) == (u->regs[REG_PC] & ~1u) ||
        (!(m_profile && is_exception_return(lr)) && !file_of(s, lr & ~1u)))
        return false;
    u->regs[REG_PC] = lr;
    return true;
}

unsigned symbols_unwind(struct symbols *s, const uint32_t regs[16], bool m_profile, uint32_t psp,
                        const struct symbols_memory *memory, struct symbols_frame *frames,
                        unsigned max)
{
    struct symbols_unwinding u = {.memory = memory, .frames = frames, .max = max};
    memcpy(u.regs, regs, sizeof(u.regs));
    for (unsigned rounds = 0; u.count < max && rounds < max; rounds++) {
        struct symbols_file *f = file_of(s, u.regs[REG_PC]);
        unsigned before = u.count;
        bool guessed = u.guess;
        u.steps = 0;
        if (f)
            follow(f, &u);
        if (u.count == before)
            frames[u.count++] = (struct symbols_frame){u.regs[REG_PC], u.regs[REG_SP], !u.guess,
                                                       u.exception};
        u.guess = u.exception = false;
        if (!(m_profile && is_exception_return(u.regs[REG_PC]))) {
            if (u.steps > 1 || guessed || !guess_caller(s, &u, m_profile))
                break;
            u.guess = true;
        }
        if (m_profile && is_exception_return(u.regs[REG_PC])) {
            if (!leave_exception(&u, psp))
                break;
            u.guess = false;
            u.exception = true;
        }
    }
    return u.count;
}
