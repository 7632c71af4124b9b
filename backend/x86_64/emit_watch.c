/*
 * Direct mode: what a debugger watches. Accesses compare their address with the ranges in line, and
 * what meets one goes the slow way, which leaves the block if it is to stop. Ranges that lie
 * together are one comparison, and told apart out of line. What has been compared once in a
 * straight line of code, or can be told when it is translated, is not compared; of a group of
 * accesses (LDM, PUSH) all at once.
 */
#include <assert.h>

#include "backend/x86_64/compiler.h"
#include "backend/x86_64/xmm.h"

/* Ranges that are compared at once, and bytes from the first to the last. */
struct cluster {
    const struct backend_watch *first;
    uint32_t count; /* in the list, with such as are not for this kind of access */
    uint32_t start, size;
    bool exact; /* it is one range */
};

enum { CLUSTER_BYTES = 1 << 16, WORD = 4 };

static bool applies(const struct backend_watch *w, bool write)
{
    return write ? w->write : w->read;
}

static bool some_apply(const struct backend *be, bool write)
{
    for (uint32_t k = 0; k < be->watch_count; k++)
        if (applies(&be->watches[k], write))
            return true;
    return false;
}

/* Take the next cluster off the list, which is in ascending order; *@k is where it begins. */
static bool next_cluster(const struct backend *be, bool write, uint32_t *k, struct cluster *out)
{
    *out = (struct cluster){0};
    for (; *k < be->watch_count; ++*k) {
        const struct backend_watch *w = &be->watches[*k];
        if (!applies(w, write))
            continue;
        uint64_t end = (uint64_t)w->start + w->size, last = (uint64_t)out->start + out->size;
        if (!out->first) {
            *out = (struct cluster){w, 1, w->start, w->size, true};
        } else {
            end = end > last ? end : last;
            if (end - out->start > CLUSTER_BYTES)
                break;
            out->count = (uint32_t)(w - out->first) + 1;
            out->size = (uint32_t)(end - out->start);
            out->exact = false;
        }
    }
    return out->first;
}

/* Jump away if the access of @bytes at guest address @m meets the range. */
static uint8_t *range_jump(struct compiler *c, struct x86_mem m, uint32_t bytes, uint32_t start,
                           uint32_t size, unsigned temp)
{
    uint32_t low = start - (bytes - 1), span = size + bytes - 1;
    m.disp = (int32_t)((uint32_t)m.disp - low);
    x_rm(&c->a, X86_LEA, 0, temp, m);
    x_alu_ri(&c->a, ALU_CMP, 0, temp, (int32_t)span);
    return x_jcc(&c->a, CC_B);
}

/* The comparisons of an access of @bytes at guest address @m. Each has a stub, c->stubs[first] and
 * following; how many, is returned. */
static uint32_t compare(struct compiler *c, const struct slow_site *site, struct x86_mem m,
                        uint32_t bytes, bool write, uint32_t *first)
{
    struct cluster cl;
    *first = c->stub_count;
    for (uint32_t k = 0; next_cluster(c->be, write, &k, &cl);) {
        unsigned temp = ra_alloc(c);
        struct stub *s =
            stub_new(c, STUB_WATCH, range_jump(c, m, bytes, cl.start, cl.size, temp));
        ra_unlock(c, temp);
        s->site = *site;
        s->watch_mem = m;
        s->temp = (uint8_t)temp;
        s->watch_first = (uint8_t)(cl.first - c->be->watches);
        s->watch_count = (uint8_t)(cl.exact ? 0 : cl.count);
        s->watch_bytes = (uint16_t)bytes;
    }
    return c->stub_count - *first;
}

/* ---- what need not be compared ------------------------------------------------------------------
 */

void watch_forget(struct compiler *c)
{
    c->watch_seen_count = 0;
    c->watch_group = false;
}

static bool meets(const struct backend *be, bool write, uint32_t addr, uint32_t bytes)
{
    for (uint32_t k = 0; k < be->watch_count; k++) {
        const struct backend_watch *w = &be->watches[k];
        if (applies(w, write) && addr - (w->start - (bytes - 1)) < w->size + bytes - 1)
            return true;
    }
    return false;
}

/* Are all that matter for one kind of access compared by the other as well? */
static bool implies(const struct backend *be, bool write, bool other)
{
    for (uint32_t k = 0; k < be->watch_count; k++)
        if (applies(&be->watches[k], other) && !applies(&be->watches[k], write))
            return false;
    return true;
}

static bool seen(const struct compiler *c, int32_t root, int64_t disp, uint32_t bytes, bool write)
{
    uint32_t count = c->watch_seen_count < WATCH_SEEN_MAX ? c->watch_seen_count : WATCH_SEEN_MAX;
    for (uint32_t k = 0; k < count; k++) {
        const struct watch_seen *s = &c->watch_seen[k];
        if (s->root == root && disp >= s->disp && disp + bytes <= s->disp + s->bytes &&
            (s->write == write || implies(c->be, s->write, write)))
            return true;
    }
    return false;
}

static void note_seen(struct compiler *c, int32_t root, int64_t disp, uint32_t bytes, bool write)
{
    c->watch_seen[c->watch_seen_count++ % WATCH_SEEN_MAX] = (struct watch_seen){root, bytes, disp,
                                                                                write};
}

/* @disp as the guest adds it, modulo 2^32. */
static int32_t root_of(const struct compiler *c, int32_t v, int64_t *disp)
{
    int32_t root = ir_address_root(c->b, v, disp);
    *disp = (int32_t)*disp;
    return root;
}

/* ---- one access
 * ----------------------------------------------------------------------------------- */

bool watch_needed(const struct compiler *c, const struct ir_op *op)
{
    bool write = op->opcode == IR_OP_st;
    uint32_t bytes = 1u << (op->imm & IR_MEM_SIZE_MASK);
    int64_t disp;
    if (!some_apply(c->be, write) || (c->watch_group && (op->imm & IR_MEM_GROUP)))
        return false;
    if (op_is_const(c, op->arg[0]))
        return meets(c->be, write, (uint32_t)op_of(c, op->arg[0])->imm, bytes);
    int32_t root = root_of(c, op->arg[0], &disp);
    return !seen(c, root, disp, bytes, write);
}

uint32_t watch_check(struct compiler *c, const struct ir_op *op, const struct slow_site *site,
                     struct x86_mem m, uint32_t *first)
{
    bool write = op->opcode == IR_OP_st;
    uint32_t bytes = 1u << (op->imm & IR_MEM_SIZE_MASK);
    int64_t disp;
    int32_t root = root_of(c, op->arg[0], &disp);
    uint32_t count = compare(c, site, m, bytes, write, first);
    for (uint32_t k = *first; k < *first + count; k++)
        c->stubs[k].access = c->a.p;
    note_seen(c, root, disp, bytes, write);
    return count;
}

void watch_back(struct compiler *c, uint32_t first, uint32_t count)
{
    for (uint32_t k = first; k < first + count; k++)
        c->stubs[k].back = c->a.p;
}

/* ---- groups
 * --------------------------------------------------------------------------------------- */

/* Out of line the slow path looks at each word, without an access. That comes before all accesses,
 * so that what is watched stops the whole instruction, as it would later. */
void watch_group(struct compiler *c, const struct ir_op *op)
{
    enum { BYTES_MAX = 256 };
    bool write = op->aux;
    uint32_t first, bytes = (uint32_t)op->imm;
    if (!some_apply(c->be, write) || op_is_const(c, op->arg[0]) || op->imm > BYTES_MAX ||
        op->imm % WORD)
        return;
    struct slow_site site = {
        .memop = (uint16_t)(2 | IR_MEM_PROBE | (write ? IR_MEM_WRITE : 0)),
        .addr_reg = (uint8_t)ra_reg(c, op->arg[0]),
        .data_reg = SLOW_NO_REG,
        .insn_word = c->insn_word,
        .insn_left = c->insn_left,
        .pins = c->pins,
        .xmm = c->pins || xa_any_live(c),
    };
    uint32_t count = compare(c, &site, x_mem(site.addr_reg, 0), bytes, write, &first);
    for (uint32_t k = first; k < first + count; k++) {
        c->stubs[k].index = bytes / WORD;
        c->stubs[k].access = c->stubs[k].back = c->a.p;
    }
    c->watch_group = true;
}

void watch_stub_emit(struct compiler *c, struct stub *s)
{
    uint8_t *hit[BACKEND_WATCHES_MAX];
    uint32_t hits = 0;
    bool write = s->site.memop & IR_MEM_WRITE;
    x_patch_here(&c->a, s->from);
    for (uint32_t k = 0; k < s->watch_count; k++) {
        const struct backend_watch *w = &c->be->watches[s->watch_first + k];
        if (applies(w, write))
            hit[hits++] = range_jump(c, s->watch_mem, s->watch_bytes, w->start, w->size, s->temp);
    }
    if (hits)
        x_patch(x_jmp(&c->a), s->access);
    while (hits)
        x_patch_here(&c->a, hit[--hits]);
    if (s->watch_mem.index != NO_REG) {
        x_rm(&c->a, X86_LEA, 0, s->temp, s->watch_mem);
        s->site.addr_reg = s->temp;
    }
    pending_store_cold(&c->a, &s->pending);
    for (uint32_t k = 1; k < s->index; k++) {
        mem_site_call(c, &s->site);
        s->site.disp += WORD;
    }
    s->site.back = x_rx(&c->a, s->back);
    mem_site_call(c, &s->site);
}
