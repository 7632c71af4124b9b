/* Exceptions that a debugger wants to see: the CPU stops at the first instruction of the
 * handler. */
#include <string.h>

#include "frontend/arm/cpu/exceptions.h"
#include "frontend/arm/cpu/m/m.h"
#include "util/bits.h"
#include "vm/internal.h"

enum { M_FIRST_INTERRUPT = 16 };

struct catch_name {
    const char *name;
    /* bits by enum arm_exception; M profile: by number, M_FIRST_INTERRUPT for all from there */
    uint32_t mask;
    uint64_t feature; /* that the CPU must have; 0: none */
};

static const struct catch_name names_a[] = {
    {"undef", BIT(ARM_EXC_UNDEFINED), 0},
    {"svc", BIT(ARM_EXC_SVC), 0},
    {"pabt", BIT(ARM_EXC_PREFETCH_ABORT), 0},
    {"dabt", BIT(ARM_EXC_DATA_ABORT), 0},
    {"irq", BIT(ARM_EXC_IRQ) | BIT(ARM_EXC_VIRQ), 0},
    {"fiq", BIT(ARM_EXC_FIQ) | BIT(ARM_EXC_VFIQ), 0},
    {"hvc", BIT(ARM_EXC_HVC) | BIT(ARM_EXC_HYP_TRAP), ARM_FEATURE(VIRT)},
    {"smc", BIT(ARM_EXC_SMC), ARM_FEATURE(SEC)},
    {NULL, 0, 0},
};

static const struct catch_name names_m[] = {
    {"nmi", BIT(2), 0},
    {"hard", BIT(3), 0},
    {"mem", BIT(4), ARM_FEATURE(V7)},
    {"bus", BIT(5), ARM_FEATURE(V7)},
    {"usage", BIT(6), ARM_FEATURE(V7)},
    {"svc", BIT(11), 0},
    {"pendsv", BIT(14), 0},
    {"systick", BIT(15), 0},
    {"irq", BIT(M_FIRST_INTERRUPT), 0},
    {NULL, 0, 0},
};

static const struct catch_name *names_of(const struct vm *vm)
{
    return arm_is_m(&vm->cpus[0]->state) ? names_m : names_a;
}

static bool is_there(const struct vm *vm, const struct catch_name *n)
{
    return !n->feature || arm_state_has(&vm->cpus[0]->state, n->feature);
}

void vm_catch_print(const struct vm *vm, FILE *out)
{
    for (const struct catch_name *n = names_of(vm); n->name; n++)
        if (is_there(vm, n))
            fprintf(out, "%-8s %s\n", n->name, vm->debug.catches & n->mask ? "caught" : "-");
}

bool vm_catch(struct vm *vm, const char *list, struct error *e)
{
    uint32_t mask = 0;
    for (const char *p = list; *p;) {
        size_t len = strcspn(p, " ,");
        const struct catch_name *n = names_of(vm);
        while (n->name && (strlen(n->name) != len || memcmp(n->name, p, len)))
            n++;
        if (len && !n->name && (len != 4 || memcmp(p, "none", len)))
            return error_set(e, "catch: no exception '%.*s'", (int)len, p);
        if (n->name && !is_there(vm, n))
            return error_set(e, "catch: this machine's CPU does not take '%s'", n->name);
        mask |= len && n->name ? n->mask : 0;
        p += len + (p[len] != 0);
    }
    if (mask && !vm->debug.attached)
        return error_set(e, "catch: there is no debugger");
    vm->debug.catches = mask;
    return true;
}

/* On the CPU's thread. */
void vm_exception_entered(struct arm_state *s, unsigned exc)
{
    struct vm_cpu *c = vm_cpu_of(&s->env);
    unsigned bit = arm_is_m(s) && exc > M_FIRST_INTERRUPT ? M_FIRST_INTERRUPT : exc;
    if (!(c->vm->debug.catches >> bit & 1))
        return;
    c->stop_noted = c->caught = true;
    c->stop = (struct gdb_stop){.kind = GDB_STOP_STEP, .thread = c->index + 1};
    atomic_store(&c->attention, true);
    atomic_store(&s->env.exit_request, 1);
    s->env.slow_dispatch = 1; /* before the handler's first block */
}
