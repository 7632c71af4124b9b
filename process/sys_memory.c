/* Memory: mappings, rights, the break; shared memory segments. */
#include <errno.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <string.h>

#include "process/syscall.h"
#include "util/bits.h"

int64_t sys_brk(struct task *t, const uint32_t *a)
{
    return space_set_brk(&t->process->space, a[0]);
}

int64_t sys_mmap2(struct task *t, const uint32_t *a)
{
    return space_map(&t->process->space, a[0], a[1], (int)a[2], (int)a[3], (int)a[4],
                     (int64_t)a[5] * SPACE_PAGE);
}

int64_t sys_munmap(struct task *t, const uint32_t *a)
{
    return space_unmap(&t->process->space, a[0], a[1]);
}

int64_t sys_mprotect(struct task *t, const uint32_t *a)
{
    return space_protect(&t->process->space, a[0], a[1], (int)a[2]);
}

int64_t sys_mremap(struct task *t, const uint32_t *a)
{
    return space_remap(&t->process->space, a[0], a[1], a[2], (int)a[3], a[4]);
}

/* Locking all would lock the whole window. */
int64_t sys_mlockall(struct task *t, const uint32_t *a)
{
    return 0;
}

int64_t sys_munlockall(struct task *t, const uint32_t *a)
{
    return 0;
}

int64_t sys_madvise(struct task *t, const uint32_t *a)
{
    struct space *s = &t->process->space;
    if (a[0] % SPACE_PAGE || (uint64_t)a[0] + a[1] > SPACE_TOP)
        return -EINVAL;
    if (!space_has(s, a[0], a[1], 0))
        return -ENOMEM;
    space_drop_code(s, a[0], a[1]);
    return HOST3(t, SYS_madvise, guest_ptr(t, a[0]), align_up(a[1], SPACE_PAGE), (int32_t)a[2]);
}

/* A segment goes to a place that was mapped for it. */
int64_t sys_shmat(struct task *t, const uint32_t *a)
{
    struct space *s = &t->process->space;
    struct shmid_ds ds;
    if (shmctl((int)a[0], IPC_STAT, &ds) != 0)
        return -errno;
    if (ds.shm_segsz > SPACE_TOP)
        return -ENOMEM;
    uint32_t want = a[2] & SHM_RND ? a[1] & ~(SPACE_PAGE - 1u) : a[1];
    int flags = MAP_PRIVATE | MAP_ANONYMOUS;
    if (want)
        flags |= a[2] & SHM_REMAP ? MAP_FIXED : MAP_FIXED_NOREPLACE;
    int prot = PROT_READ | (a[2] & SHM_RDONLY ? 0 : PROT_WRITE);
    int64_t at = space_map(s, want, (uint32_t)ds.shm_segsz, prot, flags, -1, 0);
    if (at < 0)
        return at == -EEXIST ? -EINVAL : at;
    int64_t r = HOST3(t, SYS_shmat, a[0], guest_ptr(t, (uint32_t)at),
                      (a[2] & (SHM_RDONLY | SHM_EXEC)) | SHM_REMAP);
    if (r < 0 && r > -4096) {
        space_unmap(s, (uint32_t)at, (uint32_t)ds.shm_segsz);
        return r;
    }
    process_go_parallel(t->process);
    return at;
}

int64_t sys_shmdt(struct task *t, const uint32_t *a)
{
    struct space *s = &t->process->space;
    uint32_t len = 0;
    int64_t r = HOST1(t, SYS_shmdt, guest_ptr(t, a[0]));
    if (r < 0)
        return r;
    /* The kernel has unmapped it: what is missing now becomes reserved memory again. */
    unsigned char in_core;
    while (a[0] + len < SPACE_TOP && (space_flags(s, a[0] + len) & SPACE_MAPPED) &&
           mincore(guest_ptr(t, a[0] + len), SPACE_PAGE, &in_core) != 0 && errno == ENOMEM)
        len += SPACE_PAGE;
    return len ? space_unmap(s, a[0], len) : 0;
}

int64_t sys_shmctl(struct task *t, const uint32_t *a)
{
    uint32_t cmd = a[1] & ~0x100u; /* IPC_64 */
    struct shmid_ds ds;
    if (cmd == IPC_RMID)
        return HOST3(t, SYS_shmctl, a[0], cmd, 0);
    if (cmd != IPC_STAT)
        return -EINVAL;
    if (shmctl((int)a[0], IPC_STAT, &ds) != 0)
        return -errno;
    /* struct shmid64_ds: ipc64_perm of 9 words, size, times, pids, count */
    uint32_t out[21] = {(uint32_t)ds.shm_perm.__key, ds.shm_perm.uid, ds.shm_perm.gid,
                        ds.shm_perm.cuid, ds.shm_perm.cgid, ds.shm_perm.mode,
                        ds.shm_perm.__seq};
    out[9] = (uint32_t)ds.shm_segsz;
    out[10] = (uint32_t)ds.shm_atime;
    out[12] = (uint32_t)ds.shm_dtime;
    out[14] = (uint32_t)ds.shm_ctime;
    out[16] = (uint32_t)ds.shm_cpid;
    out[17] = (uint32_t)ds.shm_lpid;
    out[18] = (uint32_t)ds.shm_nattch;
    memcpy(guest_ptr(t, a[2]), out, sizeof(out));
    return 0;
}

/* ---- ARM's own ------------------------------------------------------------------------------- */

int64_t sys_arm_cacheflush(struct task *t, const uint32_t *a)
{
    if (a[1] < a[0])
        return -EINVAL;
    space_drop_code(&t->process->space, a[0], a[1] - a[0]);
    return 0;
}

int64_t sys_arm_set_tls(struct task *t, const uint32_t *a)
{
    t->state.cp15.tpidruro[0] = a[0];
    return 0;
}

int64_t sys_arm_get_tls(struct task *t, const uint32_t *a)
{
    return t->state.cp15.tpidruro[0];
}

int64_t sys_arm_breakpoint(struct task *t, const uint32_t *a)
{
    siginfo_t info = {.si_signo = SIGTRAP, .si_code = TRAP_BRKPT};
    info.si_addr = (void *)(uintptr_t)t->svc_pc;
    signals_force(t, &info);
    return SYSCALL_NO_RESULT;
}
