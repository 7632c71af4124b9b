/* PSCI, the Power State Coordination Interface (ARM DEN 0022D), as a board without secure firmware
 * offers it by HVC or SMC. */
#include "util/bits.h"
#include "util/log.h"
#include "vm/internal.h"

enum psci_result {
    PSCI_SUCCESS = 0, PSCI_NOT_SUPPORTED = -1, PSCI_INVALID_PARAMETERS = -2, PSCI_ALREADY_ON = -4,
    PSCI_ON_PENDING = -5,
};

enum { PSCI_AFFINITY_ON = 0, PSCI_AFFINITY_OFF = 1, PSCI_AFFINITY_ON_PENDING = 2 };

static struct vm_cpu *cpu_by_affinity(struct vm *vm, uint32_t mpidr)
{
    /* Affinity level 0 numbers the CPUs; the levels above are 0. */
    uint32_t index = mpidr & 0xffffff;
    return index < vm->cpu_count ? vm->cpus[index] : NULL;
}

static int32_t psci_version(struct vm_cpu *c, const uint32_t *arg)
{
    return 0x10000; /* 1.0 */
}

/* A shallow suspend is a WFI; a power-down state would lose state that nobody asks to be lost. */
static int32_t cpu_suspend(struct vm_cpu *c, const uint32_t *arg)
{
    return PSCI_SUCCESS;
}

static int32_t cpu_off(struct vm_cpu *c, const uint32_t *arg)
{
    c->powered = false;
    atomic_store(&c->attention, true);
    atomic_store(&c->state.env.exit_request, 1);
    return PSCI_SUCCESS;
}

static int32_t cpu_on(struct vm_cpu *c, const uint32_t *arg)
{
    struct vm_cpu *target = cpu_by_affinity(c->vm, arg[0]);
    if (!target)
        return PSCI_INVALID_PARAMETERS;
    if (target->powered)
        return target->start_pending ? PSCI_ON_PENDING : PSCI_ALREADY_ON;
    struct vm_cpu_start start = {.pc = arg[1], .r = {arg[2]}, .registers = true};
    vm_cpu_power_on(target, &start);
    return PSCI_SUCCESS;
}

static int32_t affinity_info(struct vm_cpu *c, const uint32_t *arg)
{
    const struct vm_cpu *target = cpu_by_affinity(c->vm, arg[0]);
    if (!target)
        return PSCI_INVALID_PARAMETERS;
    if (target->start_pending)
        return PSCI_AFFINITY_ON_PENDING;
    return target->powered ? PSCI_AFFINITY_ON : PSCI_AFFINITY_OFF;
}

static int32_t migrate_info_type(struct vm_cpu *c, const uint32_t *arg)
{
    return 2; /* no trusted OS that would have to migrate */
}

static int32_t system_off(struct vm_cpu *c, const uint32_t *arg)
{
    vm_request_power_off(c->vm);
    return cpu_off(c, arg);
}

static int32_t system_reset(struct vm_cpu *c, const uint32_t *arg)
{
    vm_request_reset(c->vm);
    return cpu_off(c, arg);
}

static int32_t psci_features(struct vm_cpu *c, const uint32_t *arg);

static const struct psci_function {
    uint32_t id;
    const char *name;
    int32_t (*call)(struct vm_cpu *c, const uint32_t *arg);
} functions[] = {
    {0x84000000, "PSCI_VERSION", psci_version},
    {0x84000001, "CPU_SUSPEND", cpu_suspend},
    {0x84000002, "CPU_OFF", cpu_off},
    {0x84000003, "CPU_ON", cpu_on},
    {0x84000004, "AFFINITY_INFO", affinity_info},
    {0x84000006, "MIGRATE_INFO_TYPE", migrate_info_type},
    {0x84000008, "SYSTEM_OFF", system_off},
    {0x84000009, "SYSTEM_RESET", system_reset},
    {0x8400000a, "PSCI_FEATURES", psci_features},
    /* PSCI 0.1 had no fixed numbers; these are what the device tree's psci node announces. */
    {0x95c1ba5e, "CPU_SUSPEND (0.1)", cpu_suspend},
    {0x95c1ba5f, "CPU_OFF (0.1)", cpu_off},
    {0x95c1ba60, "CPU_ON (0.1)", cpu_on},
};

static const struct psci_function *function_find(uint32_t id)
{
    for (unsigned i = 0; i < ARRAY_SIZE(functions); i++)
        if (functions[i].id == id)
            return &functions[i];
    return NULL;
}

static int32_t psci_features(struct vm_cpu *c, const uint32_t *arg)
{
    return function_find(arg[0]) ? 0 : PSCI_NOT_SUPPORTED;
}

bool vm_firmware_call(struct arm_state *s, bool smc, uint32_t imm)
{
    struct vm_cpu *c = vm_cpu_of(&s->env);
    const struct psci_function *f = function_find(s->r[0]);
    if (imm != 0)
        return false;
    if (!f) {
        log_write(LOG_UNIMP, "psci: %s of unknown function 0x%08x", smc ? "SMC" : "HVC", s->r[0]);
        s->r[0] = (uint32_t)PSCI_NOT_SUPPORTED;
        return true;
    }
    pthread_mutex_lock(&c->vm->device_lock);
    s->r[0] = (uint32_t)f->call(c, &s->r[1]);
    pthread_mutex_unlock(&c->vm->device_lock);
    return true;
}
