/*
 * The faults of a CPU, explained with the symbols of the images that were loaded: at once, on the
 * CPU's thread, before anything of its state is lost. The first ones in full, then a line each,
 * then none.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "debug/explain.h"
#include "frontend/arm/cpu/m/m.h"
#include "util/bits.h"
#include "util/log.h"
#include "vm/internal.h"

enum { FULL_MAX = 8, LINES_MAX = 100 };

/* Both `-device loader,file=...` and -kernel: what is no ELF file has no symbols. */
static struct symbols *symbols_of(const struct boot_options *boot)
{
    struct symbols *s = symbols_new();
    const char *const files[] = {boot->kernel, boot->bios};
    for (unsigned i = 0; i < ARRAY_SIZE(files); i++)
        if (files[i])
            symbols_add(s, files[i]);
    for (unsigned i = 0; i < boot->loader_count; i++) {
        char *file = boot_loader_file(boot->loader[i]);
        if (file)
            symbols_add(s, file);
        free(file);
    }
    return s;
}

static bool read_memory(void *opaque, uint32_t addr, void *buf, uint32_t len)
{
    return vm_guest_copy(opaque, addr, buf, len, false);
}

static bool machine_exists(const char *name)
{
    struct error e;
    return machine_find(name, &e) != NULL;
}

bool vm_explains(const struct vm *vm)
{
    return vm->config.fault || log_enabled(LOG_GUEST_ERRORS);
}

/* Under explain.lock. */
static void print(struct vm_cpu *c, const struct explain_fault *f, FILE *out)
{
    struct vm *vm = c->vm;
    const struct explain_config config = {
        .map = vm->map,
        .symbols = vm->explain.symbols,
        .memory = {c, read_memory},
        .machine = machine_name(vm->config.machine),
        .machine_exists = machine_exists,
    };
    char place[300];
    if (vm->explain.count <= FULL_MAX) {
        explain_print(&config, f, out);
        return;
    }
    symbols_text(config.symbols, f->regs[15], place, sizeof(place));
    fprintf(out, "guest fault: %s at 0x%08x  %s\n", f->title, f->regs[15], place);
    if (vm->explain.count == LINES_MAX)
        fprintf(out, "guest fault: and so on: no more of them are explained\n");
}

static void deliver(struct vm *vm, const struct explain_fault *f, const char *text, size_t len)
{
    if (vm->config.fault)
        vm->config.fault(vm->config.fault_opaque, f, text);
    if (!log_enabled(LOG_GUEST_ERRORS))
        return;
    log_lock();
    fwrite(text, 1, len, log_stream());
    fflush(log_stream());
    log_unlock();
}

static void fill_time(struct vm_cpu *c, struct explain_fault *f)
{
    f->instructions = engine_icount(&c->state.env);
    f->time_ns = clock_now(&c->vm->clock);
}

void vm_explain(struct vm_cpu *c, struct explain_fault *f)
{
    struct vm *vm = c->vm;
    char *text = NULL;
    size_t len = 0;
    if (!vm_explains(vm))
        return;
    fill_time(c, f);
    pthread_mutex_lock(&vm->explain.lock);
    if (++vm->explain.count <= LINES_MAX) {
        if (!vm->explain.symbols)
            vm->explain.symbols = symbols_of(&vm->config.boot);
        FILE *out = open_memstream(&text, &len);
        if (!out)
            abort();
        print(c, f, out);
        fclose(out);
        deliver(vm, f, text, len);
        free(text);
    }
    pthread_mutex_unlock(&vm->explain.lock);
}

bool vm_symbol(struct vm *vm, uint32_t addr, char *buf, size_t size)
{
    pthread_mutex_lock(&vm->explain.lock);
    if (!vm->explain.symbols)
        vm->explain.symbols = symbols_of(&vm->config.boot);
    bool ok = symbols_text(vm->explain.symbols, addr, buf, size);
    pthread_mutex_unlock(&vm->explain.lock);
    return ok;
}

/* ---- what the CPU reports -------------------------------------------------------------------- */

static const enum explain_kind kinds[] = {
    [ARM_REPORT_EXTERNAL] = EXPLAIN_UNMAPPED, [ARM_REPORT_PERMISSION] = EXPLAIN_FORBIDDEN,
    [ARM_REPORT_ALIGNMENT] = EXPLAIN_ALIGNMENT, [ARM_REPORT_FETCH] = EXPLAIN_FETCH,
    [ARM_REPORT_UNDEFINED] = EXPLAIN_UNDEFINED, [ARM_REPORT_NOCP] = EXPLAIN_NO_COPROCESSOR,
    [ARM_REPORT_STATE] = EXPLAIN_STATE, [ARM_REPORT_DIVIDE] = EXPLAIN_DIVIDE,
    [ARM_REPORT_STACKING] = EXPLAIN_STACKING, [ARM_REPORT_BREAKPOINT] = EXPLAIN_BREAKPOINT,
    [ARM_REPORT_OTHER] = EXPLAIN_OTHER,
};

/* On the A profile a system makes use of faults: only a program whose symbols are known is
 * explained. */
static bool is_of_interest(struct vm_cpu *c, const struct arm_report *r)
{
    char place[8];
    return machine_m_profile(c->vm->config.machine) ||
           vm_symbol(c->vm, r->pc, place, sizeof(place)) ||
           (r->kind == ARM_REPORT_FETCH && vm_symbol(c->vm, c->state.r[14], place, sizeof(place)));
}

/* Which region of the MPU decided about @addr: the highest one that holds it. */
static void describe_mpu(const struct arm_state *s, uint32_t addr, char *buf, size_t size)
{
    static const char *const rights[] = {"no access",
                                         "privileged access only",
                                         "no unprivileged writes",
                                         "full access",
                                         "reserved rights",
                                         "privileged reads only",
                                         "reads only",
                                         "reads only"};
    for (unsigned i = ARM_M_MPU_REGIONS_MAX; i-- > 0;) {
        uint32_t rasr = s->m.mpu_rasr[i];
        uint64_t bytes = 2ull << (rasr >> 1 & 31), base = s->m.mpu_rbar[i] & ~(bytes - 1) & ~31u;
        bool disabled = rasr >> 8 >> (((addr - base) / (bytes / 8 ? bytes / 8 : 1)) & 7) & 1;
        if (!(rasr & 1) || addr - base >= bytes || (bytes >= 256 && disabled))
            continue;
        snprintf(buf, size, "region %u of the MPU, 0x%08x to 0x%08x: %s%s", i, (uint32_t)base,
                 (uint32_t)(base + bytes - 1), rights[rasr >> 24 & 7],
                 rasr >> 28 & 1 ? ", no execution" : "");
        return;
    }
    snprintf(buf, size, "no region of the MPU holds 0x%08x%s", addr,
             s->m.mpu_ctrl & 4 ? ", and the default map is for privileged code" : "");
}

void vm_report(struct arm_state *s, const struct arm_report *r)
{
    struct vm_cpu *c = vm_cpu_of(&s->env);
    char detail[120];
    if (!vm_explains(c->vm) || !is_of_interest(c, r))
        return;
    struct explain_fault f = {
        .kind = kinds[r->kind], .title = r->title, .thumb = s->thumb, .lockup = r->lockup,
        .m_profile = machine_m_profile(c->vm->config.machine) != NULL,
        .v8 = arm_state_has(s, ARM_FEATURE(V8)), .has_addr = r->has_addr, .addr = r->addr,
    };
    memcpy(f.regs, s->r, sizeof(f.regs));
    f.regs[15] = r->pc;
    if (f.m_profile) {
        f.cfsr = s->m.cfsr;
        f.hfsr = s->m.hfsr;
        f.msp = arm_m_sp_read(s, false);
        f.psp = arm_m_sp_read(s, true);
        f.xpsr = arm_m_xpsr_read(s);
        if (r->kind == ARM_REPORT_PERMISSION ||
            (r->kind == ARM_REPORT_FETCH && s->m.cfsr & ARM_M_IACCVIOL)) {
            describe_mpu(s, r->has_addr ? r->addr : r->pc, detail, sizeof(detail));
            f.detail = s->m.mpu_ctrl & 1 ? detail : "the default memory map forbids it";
        }
    }
    vm_explain(c, &f);
}

void vm_explain_init(struct vm *vm)
{
    pthread_mutex_init(&vm->explain.lock, NULL);
}

void vm_explain_free(struct vm *vm)
{
    symbols_free(vm->explain.symbols);
    pthread_mutex_destroy(&vm->explain.lock);
}
