#include "app/stats.h"

#include <inttypes.h>
#include <sys/resource.h>

#include "util/bits.h"

static uint64_t time_us(struct timeval t)
{
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_usec;
}

void stats_print(struct vm *vm, int64_t wall_ns, FILE *out)
{
    struct vm_stats s;
    struct rusage usage;
    vm_stats_get(vm, &s);
    getrusage(RUSAGE_SELF, &usage);
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {
        {"instructions", s.instructions},
        {"blocks_translated", s.engine.blocks_translated},
        {"instructions_translated", s.engine.guest_insns_translated},
        {"blocks_retranslated", s.engine.blocks_retranslated},
        {"blocks_invalidated", s.engine.blocks_invalidated},
        {"evictions", s.engine.regions_evicted},
        {"lookups", s.engine.lookups},
        {"chains", s.engine.chains},
        {"translate_us", s.engine.translate_ns / 1000},
        {"context_switches", s.mmu.context_switches},
        {"context_misses", s.mmu.context_misses},
        {"tlb_fills", s.mmu.fills},
        {"exec_fills", s.mmu.exec_fills},
        {"tlb_flushes", s.mmu.flushes},
        {"tlb_page_invalidations", s.mmu.page_invalidations},
        {"code_protects", s.mmu.code_protects},
        {"slow_loads", s.slow_loads},
        {"slow_stores", s.slow_stores},
        {"device_accesses", s.device_accesses},
        {"lockstep_differences", vm_lockstep_differences(vm)},
        {"peak_memory_kib", (uint64_t)usage.ru_maxrss},
        {"user_us", time_us(usage.ru_utime)},
        {"system_us", time_us(usage.ru_stime)},
        {"wall_us", (uint64_t)wall_ns / 1000},
    };
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
        fprintf(out, "%s: %" PRIu64 "\n", rows[i].name, rows[i].value);
}

void stats_print_icount(struct vm *vm, FILE *out)
{
    fprintf(out, "instructions: %" PRIu64 "\n", vm_instructions(vm));
    fprintf(out, "virtual_ns: %" PRId64 "\n", vm_now(vm));
    fprintf(out, "state_hash: %016" PRIx64 "\n", vm_state_hash(vm));
}
