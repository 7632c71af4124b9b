/* Signal frames as ARM Linux has them, and siginfo. */
#include <errno.h>
#include <string.h>

#include "frontend/arm/cpu/arm_fp.h"
#include "frontend/arm/cpu/cpu.h"
#include "frontend/arm/cpu/psr.h"
#include "process/internal.h"
#include "util/bits.h"

#define GUEST_SA_SIGINFO 4u
#define GUEST_SA_RESTORER 0x04000000u
#define GUEST_SA_ONSTACK 0x08000000u
#define VFP_MAGIC 0x56465001u
#define OLD_FRAME_MAGIC 0x5ac3c35au

struct guest_sigcontext {
    uint32_t trap_no, error_code, oldmask, r[16], cpsr, fault_address;
};

struct guest_vfp {
    uint32_t magic, size;
    uint64_t d[32];
    uint32_t fpscr, pad, fpexc, fpinst, fpinst2, pad2;
};

struct guest_ucontext {
    uint32_t flags, link, stack_sp, stack_flags, stack_size;
    struct guest_sigcontext context;
    uint64_t mask __attribute__((packed));
    uint8_t unused[120];
    union {
        struct {
            struct guest_vfp vfp;
            uint32_t end[2];
        };
        uint32_t regspace[128];
    } __attribute__((aligned(8)));
};
_Static_assert(offsetof(struct guest_ucontext, mask) == 104, "as in the kernel's header");
_Static_assert(offsetof(struct guest_ucontext, regspace) == 232, "as in the kernel's header");

struct guest_frame {
    struct guest_ucontext uc;
    uint32_t retcode[4];
};

struct guest_rt_frame {
    uint8_t info[128];
    struct guest_frame frame;
};

/* ---- siginfo --------------------------------------------------------------------------------- */

/* What the fields behind si_code are. */
enum info_layout { INFO_KILL, INFO_CHILD, INFO_FAULT, INFO_POLL, INFO_TIMER, INFO_SYS };

static enum info_layout info_layout(const siginfo_t *info)
{
    if (info->si_code == SI_TIMER)
        return INFO_TIMER;
    if (info->si_code <= 0 || info->si_code == SI_KERNEL)
        return INFO_KILL;
    switch (info->si_signo) {
    case SIGCHLD:
        return INFO_CHILD;
    case SIGSEGV:
    case SIGBUS:
    case SIGILL:
    case SIGFPE:
    case SIGTRAP:
        return INFO_FAULT;
    case SIGSYS:
        return INFO_SYS;
    default: /* F_SETSIG chooses any signal for what SIGPOLL tells */
        return info->si_signo == SIGPOLL || info->si_code <= POLL_HUP ? INFO_POLL : INFO_KILL;
    }
}

void siginfo_to_guest(void *guest, const siginfo_t *info)
{
    uint32_t w[32] = {(uint32_t)info->si_signo, (uint32_t)info->si_errno, (uint32_t)info->si_code};
    switch (info_layout(info)) {
    case INFO_CHILD:
        w[3] = (uint32_t)info->si_pid;
        w[4] = info->si_uid;
        w[5] = (uint32_t)info->si_status;
        w[6] = (uint32_t)info->si_utime;
        w[7] = (uint32_t)info->si_stime;
        break;
    case INFO_FAULT:
    case INFO_SYS:
        w[3] = (uint32_t)(uintptr_t)info->si_addr;
        break;
    case INFO_POLL:
        w[3] = (uint32_t)info->si_band;
        w[4] = (uint32_t)info->si_fd;
        break;
    case INFO_TIMER:
        w[3] = (uint32_t)info->si_timerid;
        w[4] = (uint32_t)info->si_overrun;
        w[5] = (uint32_t)info->si_value.sival_int;
        break;
    case INFO_KILL:
        w[3] = (uint32_t)info->si_pid;
        w[4] = info->si_uid;
        w[5] = (uint32_t)(uintptr_t)info->si_value.sival_ptr;
        break;
    }
    memcpy(guest, w, sizeof(w));
}

void siginfo_to_host(siginfo_t *info, const void *guest)
{
    uint32_t w[32];
    memcpy(w, guest, sizeof(w));
    memset(info, 0, sizeof(*info));
    info->si_signo = (int)w[0];
    info->si_errno = (int)w[1];
    info->si_code = (int)w[2];
    info->si_pid = (pid_t)w[3];
    info->si_uid = w[4];
    info->si_value.sival_ptr = (void *)(uintptr_t)w[5];
    switch (info_layout(info)) {
    case INFO_CHILD:
        info->si_utime = (int32_t)w[6];
        info->si_stime = (int32_t)w[7];
        break;
    case INFO_POLL:
        info->si_band = (int32_t)w[3];
        info->si_fd = (int)w[4];
        break;
    default: break; /* the same words */
    }
}

/* Words in the program's byte order, or from there. */
static void convert_words(const struct task *t, void *p, size_t size)
{
    uint32_t v;
    for (size_t i = 0; t->process->big_endian && i < size; i += sizeof(v)) {
        memcpy(&v, (uint8_t *)p + i, sizeof(v));
        v = __builtin_bswap32(v);
        memcpy((uint8_t *)p + i, &v, sizeof(v));
    }
}

/* All is words, but for the floating-point registers. */
static void convert_context(const struct task *t, struct guest_ucontext *uc)
{
    convert_words(t, uc, sizeof(*uc));
    for (unsigned i = 0; t->process->big_endian && i < ARRAY_SIZE(uc->vfp.d); i++)
        uc->vfp.d[i] = uc->vfp.d[i] << 32 | uc->vfp.d[i] >> 32;
}

/* ---- making ---------------------------------------------------------------------------------- */

bool frame_on_altstack(const struct task *t, uint32_t sp)
{
    return t->altstack_size && !(t->altstack_flags & GUEST_SS_AUTODISARM) &&
           sp - t->altstack <= t->altstack_size;
}

static uint32_t stack_for(const struct task *t, const struct guest_action *action)
{
    uint32_t sp = t->state.r[13];
    bool usable = t->altstack_size && !(t->altstack_flags & SS_DISABLE);
    if ((action->flags & GUEST_SA_ONSTACK) && usable && !frame_on_altstack(t, sp))
        sp = t->altstack + t->altstack_size;
    return sp;
}

static void fill_context(const struct task *t, struct guest_ucontext *uc, const siginfo_t *info,
                         uint64_t old_mask)
{
    const struct arm_state *s = &t->state;
    struct guest_sigcontext *c = &uc->context;
    memset(uc, 0, sizeof(*uc));
    uc->stack_sp = t->altstack;
    uc->stack_size = t->altstack_size;
    uc->stack_flags = frame_on_altstack(t, s->r[13]) ? SS_ONSTACK : t->altstack_flags;
    memcpy(c->r, s->r, sizeof(c->r));
    c->r[15] = (uint32_t)s->env.pc;
    c->cpsr = arm_cpsr_read(s);
    c->oldmask = (uint32_t)old_mask;
    if (info->si_code > 0 && (info->si_signo == SIGSEGV || info->si_signo == SIGBUS))
        c->fault_address = (uint32_t)(uintptr_t)info->si_addr;
    uc->mask = old_mask;
    if (!arm_state_has(s, ARM_FEATURE(VFP2)))
        return;
    uc->vfp.magic = VFP_MAGIC;
    uc->vfp.size = sizeof(uc->vfp);
    memcpy(uc->vfp.d, s->d, sizeof(uc->vfp.d));
    uc->vfp.fpscr = arm_fpscr_read(s);
    uc->vfp.fpexc = s->fpexc;
}

/* Where the handler returns to when the action does not say. */
static uint32_t return_code(bool rt, bool thumb)
{
    uint32_t addr = KUSER_SIGRETURN + (thumb ? 16 + (rt ? 4 : 0) + 1 : rt ? 8 : 0);
    return addr;
}

static void enter_handler(struct task *t, const struct guest_action *action, bool rt)
{
    struct arm_state *s = &t->state;
    bool thumb = action->handler & 1;
    s->itstate = 0;
    s->thumb = thumb;
    s->big_endian = t->process->big_endian;
    s->env.pc = action->handler & ~(thumb ? 1u : 3u);
    s->env.slow_dispatch = 1;
    s->r[14] = action->flags & GUEST_SA_RESTORER ? action->restorer : return_code(rt, thumb);
    arm_cpu_loaded(s);
}

bool frame_push(struct task *t, const struct guest_action *action, int sig, const siginfo_t *info,
                uint64_t old_mask)
{
    struct arm_state *s = &t->state;
    bool rt = action->flags & GUEST_SA_SIGINFO;
    uint32_t size = rt ? sizeof(struct guest_rt_frame) : sizeof(struct guest_frame);
    uint32_t sp = (stack_for(t, action) - size) & ~7u;
    struct guest_rt_frame f;
    if (!space_has(&t->process->space, sp, size, SPACE_WRITE))
        return false;
    fill_context(t, &f.frame.uc, info, old_mask);
    memset(f.frame.retcode, 0, sizeof(f.frame.retcode));
    space_will_write(&t->process->space, sp, size);
    if (!rt)
        f.frame.uc.flags = OLD_FRAME_MAGIC;
    convert_context(t, &f.frame.uc);
    if (rt) {
        siginfo_to_guest(f.info, info);
        convert_words(t, f.info, sizeof(f.info));
        memcpy(guest_ptr(t, sp), &f, size);
        s->r[1] = sp;
        s->r[2] = sp + (uint32_t)offsetof(struct guest_rt_frame, frame);
    } else {
        memcpy(guest_ptr(t, sp), &f.frame, size);
    }
    s->r[0] = (uint32_t)sig;
    s->r[13] = sp;
    if (t->altstack_flags & GUEST_SS_AUTODISARM) {
        t->altstack = t->altstack_size = 0;
        t->altstack_flags = SS_DISABLE;
    }
    enter_handler(t, action, rt);
    return true;
}

/* ---- return ---------------------------------------------------------------------------------- */

/* Bits of CPSR that User mode can change: flags, Q, GE, E, T, IT. */
#define USER_PSR (ARM_PSR_NZCV | ARM_PSR_Q | ARM_PSR_GE | ARM_PSR_E | ARM_PSR_T | 0x0600fc00u)

static void restore_vfp(struct arm_state *s, const struct guest_vfp *v)
{
    if (v->magic != VFP_MAGIC || v->size != sizeof(*v))
        return;
    memcpy(s->d, v->d, sizeof(v->d));
    arm_fpscr_write(s, v->fpscr);
}

bool frame_pop(struct task *t, bool rt, uint64_t *mask)
{
    struct arm_state *s = &t->state;
    uint32_t sp = s->r[13] + (rt ? (uint32_t)offsetof(struct guest_rt_frame, frame) : 0);
    struct guest_ucontext uc;
    if (sp % 8 || !space_has(&t->process->space, sp, sizeof(uc), SPACE_READ))
        return false;
    memcpy(&uc, guest_ptr(t, sp), sizeof(uc));
    convert_context(t, &uc);
    memcpy(s->r, uc.context.r, 15 * sizeof(s->r[0]));
    arm_cpsr_write(s, (uc.context.cpsr & USER_PSR) | ARM_MODE_USR);
    s->env.pc = uc.context.r[15] & ~(s->thumb ? 1u : 3u);
    s->env.slow_dispatch = 1;
    s->exclusive_size = 0;
    restore_vfp(s, &uc.vfp);
    arm_cpu_loaded(s);
    if (rt && !frame_on_altstack(t, s->r[13])) {
        t->altstack = uc.stack_sp;
        t->altstack_size = uc.stack_flags & SS_DISABLE ? 0 : uc.stack_size;
        t->altstack_flags = uc.stack_flags & (SS_DISABLE | GUEST_SS_AUTODISARM);
    }
    *mask = uc.mask;
    return true;
}
