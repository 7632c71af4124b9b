/*
 * Semihosting on a VM: which instructions are calls, the guest's memory as a CPU sees it, and the
 * consoles. A call that needs input that is not there yet is left before its instruction when the
 * CPU has to park, and made again afterwards.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frontend/arm/cpu/exceptions.h"
#include "frontend/arm/cpu/m/m.h"
#include "softmmu/physmap.h"
#include "util/bits.h"
#include "util/log.h"
#include "vm/internal.h"

enum {
    IMM_SVC_A32 = 0x123456, IMM_SVC_T32 = 0xab, IMM_BKPT_T32 = 0xab,
    HLT_T16 = 0xbabc,         /* HLT #0x3c */
    INPUT_POLL_MS = 20,       /* how soon a CPU that waits for the terminal notices requests */
};
#define HLT_A32 0xe10f0070u   /* HLT #0xf000 */

/* ---- the guest's memory, on the CPU's thread ------------------------------------------------- */

/* A debugger's view: privileged, and only memory. */
static bool guest_page(struct vm_cpu *c, uint32_t va, enum arm_access access, uint64_t *phys)
{
    struct arm_translation t;
    struct arm_fault fault;
    if (!arm_translate_va(&c->state, va, access, true, &t, &fault))
        return false;
    *phys = t.phys;
    return true;
}

bool vm_guest_copy(struct vm_cpu *c, uint32_t va, void *buf, uint32_t len, bool write)
{
    uint8_t *p = buf;
    if (len > BIT64(32) - va)
        return false;
    while (len) {
        uint64_t phys;
        uint32_t n = PHYS_PAGE_SIZE - (va & (PHYS_PAGE_SIZE - 1));
        n = n < len ? n : len;
        if (!guest_page(c, va, write ? ARM_ACCESS_WRITE : ARM_ACCESS_READ, &phys) ||
            !(write ? physmap_write(c->vm->map, phys, p, n)
                    : physmap_read(c->vm->map, phys, p, n)))
            return false;
        va += n;
        p += n;
        len -= n;
    }
    return true;
}

static bool guest_read(void *opaque, uint32_t addr, void *buf, uint32_t len)
{
    return vm_guest_copy(opaque, addr, buf, len, false);
}

static bool guest_write(void *opaque, uint32_t addr, const void *buf, uint32_t len)
{
    return vm_guest_copy(opaque, addr, (void *)buf, len, true);
}

static int64_t guest_time(void *opaque)
{
    return clock_now(&((struct vm_cpu *)opaque)->vm->clock);
}

static int64_t guest_utc(void *opaque)
{
    return clock_utc(&((struct vm_cpu *)opaque)->vm->clock);
}

static void guest_heap(void *opaque, uint32_t block[4])
{
    const struct boot_entry *entry = &((struct vm_cpu *)opaque)->vm->entry;
    block[0] = block[3] = entry->heap_base;
    block[1] = block[2] = entry->heap_limit;
}

/* ---- output ---------------------------------------------------------------------------------- */

static void write_all(int fd, const uint8_t *buf, size_t len)
{
    while (len) {
        ssize_t n = write(fd, buf, len);
        if (n < 0 && errno == EAGAIN) {
            struct pollfd p = {.fd = fd, .events = POLLOUT};
            poll(&p, 1, -1);
        } else if (n < 0 && errno != EINTR) {
            return; /* nobody is listening */
        }
        buf += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
}

static void console_write(void *opaque, enum semihosting_stream stream, const void *buf, size_t len)
{
    struct vm *vm = ((struct vm_cpu *)opaque)->vm;
    if (!vm->semihosting.config.output) {
        write_all(stream == SEMIHOSTING_STDOUT ? STDOUT_FILENO : STDERR_FILENO, buf, len);
        return;
    }
    pthread_mutex_lock(&vm->device_lock);
    chardev_write(vm->semihosting.config.output, buf, len);
    pthread_mutex_unlock(&vm->device_lock);
}

/* ---- input ----------------------------------------------------------------------------------- */

static size_t input_room(void *opaque)
{
    const struct vm_semihosting *h = &((struct vm *)opaque)->semihosting;
    return sizeof(h->input) - h->input_count;
}

/* From the loop, with the device lock held. */
static void input_receive(void *opaque, const uint8_t *buf, size_t len)
{
    struct vm *vm = opaque;
    struct vm_semihosting *h = &vm->semihosting;
    for (size_t i = 0; i < len && h->input_count < sizeof(h->input); i++)
        h->input[(h->input_head + h->input_count++) % sizeof(h->input)] =
            h->config.lines && buf[i] == '\r' ? '\n' : buf[i];
    for (uint32_t i = 0; i < vm->cpu_count; i++)
        pthread_cond_broadcast(&vm->cpus[i]->wake);
}

static void input_event(void *opaque, enum chardev_event event)
{
    struct vm *vm = opaque;
    if (event != CHARDEV_INPUT_END)
        return;
    vm->semihosting.input_ended = true;
    for (uint32_t i = 0; i < vm->cpu_count; i++)
        pthread_cond_broadcast(&vm->cpus[i]->wake);
}

static const struct chardev_frontend input_frontend = {input_room, input_receive, input_event};

static int input_take(struct vm_semihosting *h, uint8_t *buf, size_t len)
{
    size_t n = 0;
    if (!h->input_count)
        chardev_take_focus(h->config.input);
    for (; n < len && h->input_count; n++) {
        buf[n] = h->input[h->input_head];
        h->input_head = (h->input_head + 1) % sizeof(h->input);
        h->input_count--;
    }
    if (n)
        chardev_accept_input(h->config.input);
    return n || h->input_ended ? (int)n : SEMIHOSTING_AGAIN;
}

static int console_read(void *opaque, void *buf, size_t len)
{
    struct vm *vm = ((struct vm_cpu *)opaque)->vm;
    struct vm_semihosting *h = &vm->semihosting;
    if (h->config.input) {
        pthread_mutex_lock(&vm->device_lock);
        int n = input_take(h, buf, len);
        pthread_mutex_unlock(&vm->device_lock);
        return n;
    }
    if (!h->config.host_input)
        return 0;
    struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
    if (poll(&p, 1, 0) <= 0)
        return SEMIHOSTING_AGAIN;
    ssize_t n = read(STDIN_FILENO, buf, len);
    return n < 0 && (errno == EAGAIN || errno == EINTR) ? SEMIHOSTING_AGAIN : n < 0 ? 0 : (int)n;
}

static bool is_wanted(struct vm_cpu *c)
{
    return atomic_load(&c->attention) || mmu_has_pending(c->mmu);
}

/* Wait for input; false when the CPU's thread is wanted elsewhere. */
static bool wait_for_input(struct vm_cpu *c)
{
    struct vm *vm = c->vm;
    struct vm_semihosting *h = &vm->semihosting;
    if (!h->config.input) {
        struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
        while (!is_wanted(c) && poll(&p, 1, INPUT_POLL_MS) == 0)
            ;
        return !is_wanted(c);
    }
    pthread_mutex_lock(&vm->device_lock);
    while (!h->input_count && !h->input_ended && !is_wanted(c)) {
        const struct timespec until = clock_host_after(INPUT_POLL_MS * CLOCK_NS_PER_MS);
        pthread_cond_clockwait(&c->wake, &vm->device_lock, CLOCK_MONOTONIC, &until);
    }
    pthread_mutex_unlock(&vm->device_lock);
    return !is_wanted(c);
}

/* ---- the trap -------------------------------------------------------------------------------- */

/* HLT is an undefined instruction but for these two, on every architecture version. */
static bool is_hlt(struct vm_cpu *c)
{
    uint32_t word = 0;
    uint32_t pc = arm_insn_pc(&c->state);
    if (!vm_guest_copy(c, pc, &word, c->state.thumb ? 2 : 4, false))
        return false;
    return word == (c->state.thumb ? HLT_T16 : HLT_A32);
}

static bool is_call(struct vm_cpu *c, enum arm_semihosting_trap trap, uint32_t imm)
{
    if (arm_is_m(&c->state))
        return trap == ARM_SEMIHOSTING_BKPT && imm == IMM_BKPT_T32;
    switch (trap) {
    case ARM_SEMIHOSTING_SVC: return imm == (c->state.thumb ? IMM_SVC_T32 : IMM_SVC_A32);
    case ARM_SEMIHOSTING_BKPT: return c->state.thumb && imm == IMM_BKPT_T32;
    case ARM_SEMIHOSTING_UNDEFINED: return is_hlt(c);
    }
    return false;
}

/* The program is over: this CPU executes nothing any more, and the VM ends. */
static void program_ended(struct vm_cpu *c, const struct semihosting_exit *end)
{
    struct vm *vm = c->vm;
    if (end->extended)
        log_write(LOG_INT, "semihosting: %s, code %u", end->name ? end->name : "exit", end->code);
    pthread_mutex_lock(&vm->device_lock);
    vm->semihosting.end = *end;
    vm->semihosting.ended = true;
    c->powered = false;
    atomic_store(&c->attention, true);
    atomic_store(&c->state.env.exit_request, 1);
    pthread_mutex_unlock(&vm->device_lock);
    vm_quit(vm, end->status);
}

/* The request of this call, if a debugger is to serve it. An answer that another call did not wait
 * for (the debugger has moved the PC) is dropped. */
static struct semihosting_request *request_of(struct vm_cpu *c)
{
    const struct arm_state *s = &c->state;
    const uint32_t key[3] = {arm_insn_pc(s), s->r[0], s->r[1]};
    if (c->vm->semihosting.config.target == VM_SEMIHOSTING_NATIVE || !vm_debug_serves(c))
        return NULL;
    if (memcmp(key, c->request_key, sizeof(key)))
        c->request.answered = false;
    memcpy(c->request_key, key, sizeof(key));
    return &c->request;
}

bool vm_semihosting_trap(struct arm_state *s, enum arm_semihosting_trap trap, uint32_t imm)
{
    struct vm_cpu *c = vm_cpu_of(&s->env);
    struct vm_semihosting *h = &c->vm->semihosting;
    struct semihosting_exit end;
    uint32_t result;
    if (!h->calls || !is_call(c, trap, imm) || (!h->config.userspace && !arm_is_privileged(s)))
        return false;
    struct semihosting_request *request = request_of(c);
    const struct semihosting_guest guest = {
        .opaque = c, .big_endian = s->big_endian, .read = guest_read, .write = guest_write,
        .time = guest_time, .utc = guest_utc, .write_console = console_write,
        .read_console = console_read, .heap = guest_heap, .debugger = request,
        .debugger_missing = !request && h->config.target == VM_SEMIHOSTING_GDB,
    };
    for (;;) {
        switch (semihosting_call(h->calls, &guest, s->r[0], s->r[1], &result, &end)) {
        case SEMIHOSTING_RETURN:
            s->r[0] = result;
            return true;
        case SEMIHOSTING_EXIT:
            program_ended(c, &end);
            return true;
        case SEMIHOSTING_ASK:
            vm_debug_ask(c);
            return true;
        case SEMIHOSTING_WAIT:
            if (wait_for_input(c))
                break;
            vm_restart_instruction(c);
            return true;
        }
    }
}

/* ---- life ------------------------------------------------------------------------------------ */

bool vm_semihosting_init(struct vm *vm, struct error *e)
{
    struct vm_semihosting *h = &vm->semihosting;
    h->config = vm->config.semihosting;
    if (!h->config.enabled)
        return true;
    h->calls = semihosting_new(&h->config.files, e);
    if (h->calls && h->config.input)
        chardev_attach(h->config.input, &input_frontend, vm);
    return h->calls != NULL;
}

void vm_semihosting_free(struct vm *vm)
{
    struct vm_semihosting *h = &vm->semihosting;
    if (h->calls && h->config.input)
        chardev_attach(h->config.input, NULL, NULL);
    semihosting_free(h->calls);
}

const struct semihosting_exit *vm_semihosting_end(const struct vm *vm)
{
    return vm->semihosting.ended ? &vm->semihosting.end : NULL;
}
