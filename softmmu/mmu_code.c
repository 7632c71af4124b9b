/*
 * Two things that keep tables right while code is translated and other CPUs run: the reverse map
 * from RAM pages to the write entries that map them, and the queue of other threads' requests.
 */
#include <assert.h>
#include <string.h>

#include "softmmu/mmu.h"
#include "softmmu/mmu_internal.h"

static int32_t *ref_head(struct mmu *mmu, uint64_t host_page)
{
    return &mmu->ref_heads[(host_page * 0x9e3779b97f4a7c15ull >> 40) % MMU_REF_HEADS];
}

void mmu_refs_reset(struct mmu *mmu)
{
    if (mmu->ref_count)
        memset(mmu->ref_heads, 0, sizeof(mmu->ref_heads));
    mmu->ref_count = 0;
}

/* Does a write entry still map the page? */
static bool ref_is_live(const struct mmu *mmu, const struct mmu_write_ref *ref)
{
    uint32_t offset = mmu_data_offset(mmu, mmu->write_table, ref->vpn);

    for (unsigned i = 0; i < mmu_data_count(mmu); i++) {
        uint64_t addend = mmu_entry_get(&mmu->contexts[ref->context], offset + i * 8);

        if (addend && addend + ((uint64_t)ref->vpn << MMU_PAGE_BITS) == ref->host_page << 12)
            return true;
    }
    return false;
}

static void ref_link(struct mmu *mmu, int32_t index)
{
    int32_t *head = ref_head(mmu, mmu->refs[index].host_page);

    mmu->refs[index].next = *head;
    *head = index + 1;
}

/* The array is full: keep what is live; when that is nearly everything, drop all write entries. */
static void refs_compact(struct mmu *mmu)
{
    uint32_t kept = 0, count = mmu->ref_count;

    mmu_refs_reset(mmu);
    for (uint32_t i = 0; i < count; i++)
        if (ref_is_live(mmu, &mmu->refs[i]))
            mmu->refs[kept++] = mmu->refs[i];
    if (kept > MMU_REFS / 4 * 3) {
        mmu_inv_write_all(mmu);
        return;
    }
    mmu->ref_count = kept;
    for (uint32_t i = 0; i < kept; i++)
        ref_link(mmu, (int32_t)i);
}

void mmu_ref_add(struct mmu *mmu, struct mmu_context *c, uint32_t vpn, const uint8_t *host)
{
    uint64_t host_page = (uint64_t)(uintptr_t)host >> 12;
    uint16_t context = (uint16_t)(c - mmu->contexts);
    struct mmu_write_ref *ref;

    for (int32_t i = *ref_head(mmu, host_page); i; i = mmu->refs[i - 1].next) {
        ref = &mmu->refs[i - 1];
        if (ref->host_page == host_page && ref->vpn == vpn && ref->context == context)
            return;
    }
    assert(mmu->ref_count < MMU_REFS);
    ref = &mmu->refs[mmu->ref_count];
    *ref = (struct mmu_write_ref){.host_page = host_page, .vpn = vpn, .context = context};
    ref_link(mmu, (int32_t)mmu->ref_count++);
    if (mmu->ref_count == MMU_REFS)
        refs_compact(mmu);
}

void mmu_protect_page(struct mmu *mmu, const uint8_t *host)
{
    uint64_t host_page = (uint64_t)(uintptr_t)host >> 12;
    int32_t *link = ref_head(mmu, host_page);

    while (*link) {
        struct mmu_write_ref *ref = &mmu->refs[*link - 1];

        if (ref->host_page != host_page) {
            link = &ref->next;
            continue;
        }
        if (ref_is_live(mmu, ref)) {
            for (unsigned i = 0; i < mmu_data_count(mmu); i++)
                mmu_entry_clear(&mmu->contexts[ref->context],
                                mmu_data_offset(mmu, mmu->write_table, ref->vpn) + i * 8);
            mmu->stats.code_protects++;
        }
        *link = ref->next;
        ref->host_page = 0; /* dead; it goes when the array is compacted */
    }
}

void mmu_post(struct mmu *mmu, const struct mmu_op *op)
{
    pthread_mutex_lock(&mmu->lock);
    if (mmu->queue_count < MMU_QUEUE)
        mmu->queue[mmu->queue_count++] = *op;
    else
        mmu->overflow = true;
    atomic_store_explicit(&mmu->pending, true, memory_order_release);
    pthread_mutex_unlock(&mmu->lock);
}

bool mmu_has_pending(const struct mmu *mmu)
{
    return atomic_load_explicit(&mmu->pending, memory_order_acquire);
}

static void op_run(struct mmu *mmu, const struct mmu_op *op)
{
    switch (op->kind) {
    case MMU_OP_INV_ALL: mmu_inv_all(mmu); break;
    case MMU_OP_INV_ASID: mmu_inv_asid(mmu, op->asid); break;
    case MMU_OP_INV_VA: mmu_inv_va(mmu, op->va); break;
    case MMU_OP_INV_VA_ASID: mmu_inv_va_asid(mmu, op->va, op->asid); break;
    case MMU_OP_INV_EXEC_ALL: mmu_inv_exec_all(mmu); break;
    case MMU_OP_PROTECT_PAGE: mmu_protect_page(mmu, op->host); break;
    }
}

/* The operations run under the queue's lock, and `pending` falls after them: who waits for it to
 * fall knows that they are done. */
/* Take what is queued; returns the number of requests. The queue counts as pending until the next
 * call finds it empty, so that those who wait for it see the requests carried out. */
static unsigned queue_take(struct mmu *mmu, struct mmu_op *ops)
{
    unsigned count;

    pthread_mutex_lock(&mmu->lock);
    count = mmu->queue_count;
    memcpy(ops, mmu->queue, count * sizeof(*ops));
    if (mmu->overflow)
        ops[0] = (struct mmu_op){.kind = MMU_OP_INV_ALL};
    mmu->queue_count = 0;
    mmu->overflow = false;
    if (!count)
        atomic_store_explicit(&mmu->pending, false, memory_order_release);
    pthread_mutex_unlock(&mmu->lock);
    return count;
}

void mmu_run_pending(struct mmu *mmu)
{
    struct mmu_op ops[MMU_QUEUE];
    unsigned count;

    if (!mmu_has_pending(mmu))
        return;
    while ((count = queue_take(mmu, ops)) != 0)
        for (unsigned i = 0; i < count; i++)
            op_run(mmu, &ops[i]);
}
