/* From a guest address to a block: frontend, passes, backend, and the logs of each step. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/internal.h"
#include "util/bits.h"
#include "util/log.h"

static uint64_t now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void log_guest_code(struct engine *en, const struct ir_block *ir,
                           const struct guest_code *code, uint64_t pc)
{
    uint8_t bytes[PAGE_BYTES + 4];
    uint32_t in_page = PAGE_BYTES - code->offset;
    uint32_t size = ir->guest_size;
    memcpy(bytes, code->page + code->offset, size < in_page ? size : in_page);
    if (size > in_page && code->next_page)
        memcpy(bytes + in_page, code->next_page, size - in_page);
    fprintf(log_stream(), "----------------\nIN:\n");
    en->frontend->disassemble(bytes, size, pc, code->flags, log_stream());
}

static void log_ir(const struct ir_block *ir, uint32_t category, uint64_t pc)
{
    fprintf(log_stream(), "%s: pc 0x%llx\n", category == LOG_OP ? "OP" : "OP after optimisation",
            (unsigned long long)pc);
    ir_print(ir, log_stream());
}

bool engine_make_ir(struct engine *en, struct ir_block *ir, struct guest_code *code,
                    struct arena *arena, uint64_t pc, bool checked, bool optimise)
{
    bool logged = log_enabled(LOG_IN_ASM | LOG_OP | LOG_OP_OPT | LOG_OUT_ASM) &&
                  log_filter_match(pc);
    arena_reset(arena);
    ir_block_init(ir, en->target, arena);
    ir->fixed = en->direct;
    ir->base = (uint32_t)align_down(pc, PAGE_BYTES);
    ir->far = en->direct && (code->hot || code->offset == PAGE_BYTES - 2);
    ir->check = checked ? code->page : NULL;
    code->memo = en->reluctance ? NULL : en->memo; /* its pages would be copied */
    bool straddles = en->frontend->translate(ir, code);
    if (logged) {
        log_lock();
        if (log_enabled(LOG_IN_ASM))
            log_guest_code(en, ir, code, pc);
        if (log_enabled(LOG_OP))
            log_ir(ir, LOG_OP, pc);
    }
    if (optimise)
        ir_optimise(ir);
    if (logged) {
        if (log_enabled(LOG_OP_OPT) && optimise)
            log_ir(ir, LOG_OP_OPT, pc);
        log_unlock();
    }
    return straddles;
}

static void log_host_code(struct engine *en, const struct block *b, uint64_t pc)
{
    if (!log_enabled(LOG_OUT_ASM) || !log_filter_match(pc))
        return;
    log_lock();
    fprintf(log_stream(), "OUT: pc 0x%llx [size=%u]\n", (unsigned long long)pc,
            b->code_end - b->entry);
    const struct backend_code code = {.entry = b->entry, .start = b->entry, .end = b->code_end};
    backend_disassemble(en->backend, &code, log_stream());
    log_unlock();
}

static void perfmap_line(struct engine *en, const struct block *b, uint64_t pc)
{
    if (!en->perfmap)
        return;
    fprintf(en->perfmap, "%x %x guest_0x%08llx\n", b->entry, b->code_end - b->entry,
            (unsigned long long)pc);
    fflush(en->perfmap);
}

static struct ir_block *ir_copy(const struct ir_block *ir)
{
    struct ir_block *copy = malloc(sizeof(*copy));
    struct ir_op *ops = malloc(ir->count * sizeof(*ops));
    if (!copy || !ops) {
        fprintf(stderr, "armemu: out of memory\n");
        abort();
    }
    memcpy(ops, ir->ops, ir->count * sizeof(*ops));
    *copy = *ir;
    copy->ops = ops;
    copy->capacity = ir->count;
    copy->arena = NULL;
    return copy;
}

/* The interpreter's entry value is the block's number; there is a bounded supply, as of code. */
enum { INTERP_BLOCKS_PER_REGION = 32768 };

static bool interp_id(struct engine *en, struct backend_code *code)
{
    uint32_t first = 1 + en->region * INTERP_BLOCKS_PER_REGION;
    if (!en->ids) {
        en->ids = calloc(1 + (size_t)REGION_MAX * INTERP_BLOCKS_PER_REGION, sizeof(*en->ids));
        if (!en->ids)
            return false;
    }
    if (en->ids_used == INTERP_BLOCKS_PER_REGION)
        return false;
    *code = (struct backend_code){.entry = first + en->ids_used++};
    return true;
}

static void count(struct engine *en, const struct block *b)
{
    uint64_t page = (b->frame ^ (uint64_t)b->flags << 40) * 0x9e3779b97f4a7c15ull;
    uint32_t bit = (uint32_t)((page >> (64 - SEEN_BITS)) + b->start / 2) % (1u << SEEN_BITS);
    if (en->seen[bit / 64] & BIT64(bit % 64))
        en->stats.blocks_retranslated++;
    en->seen[bit / 64] |= BIT64(bit % 64);
    en->stats.blocks_translated++;
}

static void keep_straddle_bytes(struct block *b, const struct guest_code *code)
{
    b->straddles = b->apart = true;
    b->transient = !code->next_page;
    uint8_t *bytes = engine_block_extra(b)->straddle_bytes;
    memcpy(bytes, code->page + PAGE_BYTES - 2, 2);
    if (code->next_page)
        memcpy(bytes + 2, code->next_page, 2);
}

static struct block *block_new(struct engine *en, const struct ir_block *ir,
                               const struct guest_code *code, const struct backend_code *host)
{
    struct block *b = engine_block_new(en, en->region, host->exit_count);
    if (!b)
        return NULL;
    b->flags = code->flags;
    b->start = (uint16_t)code->offset;
    b->end = (uint16_t)(code->offset + ir->guest_size);
    b->literal_start = (uint16_t)ir->literal_start;
    b->literal_end = (uint16_t)ir->literal_end;
    b->entry = host->entry;
    b->code_end = host->end;
    for (unsigned i = 0; i < host->exit_count; i++)
        b->links[i].site = (uint32_t)(uintptr_t)host->exits[i].site;
    if (en->accel != ENGINE_JIT)
        engine_block_extra(b)->ir = ir_copy(ir);
    return b;
}

static void keep_code(struct block *b, const struct guest_code *code)
{
    size_t size = (size_t)(b->end - b->start);
    uint8_t *copy = engine_block_extra(b)->code = malloc(size);
    if (!copy) {
        fprintf(stderr, "armemu: out of memory\n");
        abort();
    }
    memcpy(copy, code->page + b->start, size);
}

/* Of a block whose code is compared each time that it is entered. */
enum { CHECKED_INSNS_MAX = 64 };

/* Pages share the elements of env.entered, each in its own order. */
static uint32_t entered_key(uint64_t phys, uint32_t flags)
{
    uint64_t page = (phys >> PAGE_BITS ^ (uint64_t)flags << 40) * 0x9e3779b97f4a7c15ull;
    return (uint32_t)(page >> 32);
}

static const uint64_t *stops_of(struct engine *en, uint64_t phys)
{
    const struct code_page *page = en->debug.pages ? engine_page_find(en, phys) : NULL;
    return page ? page->stops : NULL;
}

/* Of a page of which nothing is known. */
static const uint64_t no_bits[PAGE_BYTES / 2 / 64];

/* Where the block jumps back to, in front of its start: it is part of a loop that begins there. 0:
 * nowhere, or it is a loop itself. */
static uint32_t loop_head(const struct ir_block *b)
{
    enum { FAR = 512 };
    uint32_t head = 0;
    for (uint32_t i = 0; i < b->count; i++) {
        const struct ir_op *op = &b->ops[i];
        if (op->opcode != IR_OP_exitd || op->aux != b->lane)
            continue;
        if (op->imm == b->page_offset)
            return 0;
        if (op->imm > head && op->imm < b->page_offset && op->imm + FAR > b->page_offset)
            head = (uint32_t)op->imm;
    }
    return head;
}

/* Is something in the page watched, so that its constants have to be loaded? Where that matters
 * guest addresses are physical ones. */
static bool watches_reads(const struct engine *en, uint64_t phys)
{
    uint64_t page = align_down(phys, PAGE_BYTES);
    for (uint32_t k = 0; k < en->debug.watching; k++) {
        const struct engine_watch *w = &en->debug.watches[k];
        if (w->read && w->start < page + PAGE_BYTES && (uint64_t)w->start + w->size > page)
            return true;
    }
    return false;
}

struct block *engine_translate(struct engine_cpu *ec, const struct engine_fetch *fetch, uint64_t pc,
                               uint32_t flags, enum engine_code_mode mode, uint32_t max_insns,
                               bool hot)
{
    struct engine *en = ec->engine;
    uint64_t start_ns = now_ns();
    struct engine_fetch next = {0};
    bool checked = mode == ENGINE_CODE_CHECKED;
    if (checked)
        atomic_store(&en->checks, true);
    if (checked && max_insns > CHECKED_INSNS_MAX)
        max_insns = CHECKED_INSNS_MAX;
    struct guest_code code = {
        .page = fetch->host,
        .offset = (uint32_t)(pc & (PAGE_BYTES - 1)),
        .flags = flags & ~(BLOCK_STEP | BLOCK_SHORT),
        .max_insns = en->one_insn || (flags & BLOCK_STEP) ? 1 : max_insns,
        .fold_literals = !en->debug.no_literals && !watches_reads(en, fetch->phys) &&
                         mode == ENGINE_CODE_PROTECTED,
        .hot = hot && !checked,
        .marks = en->coverage ? engine_coverage_begin(en->coverage, align_down(pc, PAGE_BYTES))
                              : NULL,
        .entered = en->tiers == TIERS_BY_SAMPLES ? ec->env->entered : NULL,
        .entered_key = entered_key(fetch->phys, flags),
        .stops = stops_of(en, fetch->phys),
    };
    if (code.offset > PAGE_BYTES - 4 &&
        en->ops.fetch(ec->env, align_down(pc, PAGE_BYTES) + PAGE_BYTES, false, &next))
        code.next_page = next.host;

    const struct code_page *page = engine_page_find(en, align_down(fetch->phys, PAGE_BYTES));
    if (en->exact)
        code.outside = page && page->outside ? page->outside : no_bits;

    code.ends = page ? page->ends : NULL;

    struct ir_block ir;
    struct backend_code host;
    bool straddles = engine_make_ir(en, &ir, &code, &en->arena, pc, checked, true);
    ir.fine = en->fine;
    ir.no_window = page ? page->no_window : NULL;
    /* A straddler belongs to no page: what is noted of its instruction does not drop it. */
    ir.window = ir.window && !en->debug.no_window && !(flags & BLOCK_STEP) && !straddles;
    if (!straddles && !(flags & (BLOCK_STEP | BLOCK_SHORT | GUEST_FLAGS_LOOKUP_ONLY)))
        ir.entries = engine_entries(en, engine_page_get(en, align_down(fetch->phys, PAGE_BYTES)),
                                    flags)
                         ->entry;
    if (code.entered && !hot)
        ir.entered = 1 + guest_entered(code.entered_key, code.offset);
    if (!(en->backend ? backend_compile(en->backend, &ir, &host) : interp_id(en, &host)))
        return NULL;
    struct block *b = block_new(en, &ir, &code, &host);
    if (!b)
        return NULL;
    if (code.marks)
        engine_coverage_keep(en->coverage, align_down(pc, PAGE_BYTES), b);
    b->frame = (uint32_t)(fetch->phys >> PAGE_BITS);
    b->flags = flags; /* with those that only the engine knows */
    b->hot = hot;
    ec->loop_head = hot ? loop_head(&ir) : 0;
    if (straddles)
        keep_straddle_bytes(b, &code);
    else if (mode != ENGINE_CODE_PROTECTED)
        keep_code(b, &code);
    b->checked = checked && !straddles;
    if (en->backend) {
        log_host_code(en, b, pc);
        perfmap_line(en, b, pc);
    } else {
        en->ids[host.entry] = b;
    }
    count(en, b);
    en->stats.guest_insns_translated += ir.insn_count;
    en->stats.translate_ns += now_ns() - start_ns;
    return b;
}
