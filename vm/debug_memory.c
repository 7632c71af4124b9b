/* The debugger's view of memory: the GDB stub's functions of the machine that read and write it. */
#include <string.h>

#include "frontend/arm/cpu/m/m.h"
#include "util/bits.h"
#include "vm/debug.h"
#include "vm/internal.h"

enum { PAGE = PHYS_PAGE_SIZE };

/* Devices are accessed in words where the range allows, as software would. */
static bool device_access(struct vm *vm, uint64_t phys, uint8_t *buf, uint32_t len, bool write)
{
    struct phys_region *last = NULL;
    for (uint32_t n; len; phys += n, buf += n, len -= n) {
        uint64_t value = 0;
        n = !(phys & 3) && len >= 4 ? 4 : !(phys & 1) && len >= 2 ? 2 : 1;
        if (write)
            memcpy(&value, buf, n);
        if (!(write ? physmap_cpu_write(vm->map, &last, PHYS_CPU_NONE, phys, n, value)
                    : physmap_cpu_read(vm->map, &last, PHYS_CPU_NONE, phys, n, &value)))
            return false;
        if (!write)
            memcpy(buf, &value, n);
    }
    return true;
}

static bool phys_access(struct vm *vm, uint64_t phys, uint8_t *buf, uint32_t len, bool write)
{
    while (len) {
        const struct phys_region *r = physmap_find(vm->map, phys);
        if (!r)
            return false;
        uint64_t left = r->base + r->size - phys;
        uint32_t n = left < len ? (uint32_t)left : len;
        bool ok = r->kind == PHYS_MMIO ? device_access(vm, phys, buf, n, write)
                  : write              ? physmap_load(vm->map, phys, buf, n)
                                       : physmap_read(vm->map, phys, buf, n);
        if (!ok)
            return false;
        phys += n;
        buf += n;
        len -= n;
    }
    return true;
}

/* The CPU is parked, or it is its thread that asks. */
static bool memory_access(struct vm *vm, uint32_t thread, bool physical, uint64_t addr,
                          uint8_t *buf, uint32_t len, bool write)
{
    if (physical)
        return phys_access(vm, addr, buf, len, write);
    if (addr > UINT32_MAX || len > BIT64(32) - addr)
        return false;
    while (len) {
        uint64_t phys;
        uint32_t n = PAGE - (uint32_t)(addr & (PAGE - 1));
        n = n < len ? n : len;
        if (!arm_translate_debug(&vm->cpus[thread - 1]->state, (uint32_t)addr, &phys) ||
            !phys_access(vm, phys, buf, n, write))
            return false;
        addr += n;
        buf += n;
        len -= n;
    }
    return true;
}

bool vm_debug_read_memory(void *opaque, uint32_t thread, bool physical, uint64_t addr, void *buf,
                          uint32_t len)
{
    return memory_access(opaque, thread, physical, addr, buf, len, false);
}

bool vm_debug_write_memory(void *opaque, uint32_t thread, bool physical, uint64_t addr,
                           const void *buf, uint32_t len)
{
    return memory_access(opaque, thread, physical, addr, (uint8_t *)buf, len, true);
}

/* GDB's addresses are virtual: what is behind one is the guest's choice, at any time. Only while
 * there is no translation is it known what is flash. */
void vm_debug_memory_map(void *opaque, FILE *out)
{
    enum { SECTOR = 0x1000 };
    struct vm *vm = opaque;
    uint64_t next = 0, end = BIT64(32);
    const struct arm_state *c = &vm->cpus[0]->state;
    bool physical = arm_is_m(c) || !(c->cp15.sctlr[c->secure] & 1); /* M */
    for (unsigned i = 0; physical && i < physmap_count(vm->map); i++) {
        const struct phys_region *r = physmap_region(vm->map, i);
        if (r->kind != PHYS_ROM || r->base < next || r->base + r->size > end)
            continue;
        if (r->base > next)
            fprintf(out, "<memory type=\"ram\" start=\"0x%llx\" length=\"0x%llx\"/>\n",
                    (unsigned long long)next, (unsigned long long)(r->base - next));
        fprintf(out, "<memory type=\"flash\" start=\"0x%llx\" length=\"0x%llx\">"
                     "<property name=\"blocksize\">0x%x</property></memory>\n",
                (unsigned long long)r->base, (unsigned long long)r->size, SECTOR);
        next = r->base + r->size;
    }
    if (next < end)
        fprintf(out, "<memory type=\"ram\" start=\"0x%llx\" length=\"0x%llx\"/>\n",
                (unsigned long long)next, (unsigned long long)(end - next));
}

static bool is_flash(const struct vm *vm, uint64_t addr, uint64_t len)
{
    const struct phys_region *r = physmap_find(vm->map, addr);
    return r && r->kind == PHYS_ROM && len <= r->base + r->size - addr;
}

bool vm_debug_write_flash(void *opaque, uint64_t addr, const void *buf, uint32_t len)
{
    static const uint8_t erased[PAGE] = {[0 ... PAGE - 1] = 0xff};
    struct vm *vm = opaque;
    if (!is_flash(vm, addr, len))
        return false;
    if (buf)
        return physmap_load(vm->map, addr, buf, len);
    for (uint32_t n; len; addr += n, len -= n) {
        n = len < PAGE ? len : PAGE;
        if (!physmap_load(vm->map, addr, erased, n))
            return false;
    }
    return true;
}
