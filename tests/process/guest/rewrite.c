/* Loops whose code changes, while they run or between two runs: each has to go on with the new code
 * and with the registers of its caller. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

struct regs {
    uint32_t r[13];
    uint32_t unused;
    double d[2];
};

void enter(const uint32_t *code, struct regs *regs);
extern const uint32_t counted[], counted_end[], endless[], endless_end[], flagged[], flagged_end[],
    itself[], itself_end[];

__asm__("    .text\n"
        "    .arm\n"
        "    .fpu vfpv3-d16\n"
        "    .balign 4\n"
        "    .global enter\n"
        "enter:\n"
        "    push {r1, r4-r11, lr}\n"
        "    mov lr, r0\n"
        "    vldr d0, [r1, #56]\n"
        "    vldr d1, [r1, #64]\n"
        "    ldm r1, {r0-r12}\n"
        "    blx lr\n"
        "    push {r0}\n"
        "    ldr r0, [sp, #4]\n"
        "    add r0, r0, #4\n"
        "    stm r0, {r1-r12}\n"
        "    pop {r1}\n"
        "    str r1, [r0, #-4]!\n"
        "    vstr d0, [r0, #56]\n"
        "    vstr d1, [r0, #64]\n"
        "    pop {r1, r4-r11, pc}\n"
        /* r12 rounds; the first instruction changes. */
        "counted:\n"
        "    add r8, r8, #1\n"
        "    add r9, r9, r10\n"
        "    eor r11, r11, r9\n"
        "    vadd.f64 d0, d0, d1\n"
        "    subs r12, r12, #1\n"
        "    bne counted\n"
        "    bx lr\n"
        "counted_end:\n"
        /* No way out but that the branch changes. */
        "endless:\n"
        "    add r8, r8, #1\n"
        "    add r9, r9, #3\n"
        "    vadd.f64 d0, d0, d1\n"
        "    str r8, [r0]\n"
        "    b endless\n"
        "    bx lr\n"
        "endless_end:\n"
        "flagged:\n"
        "    add r8, r8, #1\n"
        "    add r9, r9, #3\n"
        "    vadd.f64 d0, d0, d1\n"
        "    str r8, [r0]\n"
        "    cmp r10, #0\n"
        "    bne flagged\n"
        "    bx lr\n"
        "flagged_end:\n"
        /* Writes the instruction behind the system call, and tells the kernel. */
        "itself:\n"
        "    str r10, [r9]\n"
        "    add r10, r10, #1\n"
        "    mov r0, r9\n"
        "    add r1, r9, #4\n"
        "    mov r2, #0\n"
        "    svc #0\n"
        "    add r8, r8, #0\n"
        "    subs r12, r12, #1\n"
        "    bne itself\n"
        "    bx lr\n"
        "itself_end:\n");

enum { NOP = 0xe320f000, ADD_R8_1 = 0xe2888001, ADD_R8_2 = 0xe2888002, CACHEFLUSH = 0x0f0002 };

static uint32_t *new_page(const uint32_t *code, const uint32_t *end)
{
    uint32_t *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memcpy(page, code, (size_t)((const char *)end - (const char *)code));
    return page;
}

static struct regs some_regs(void)
{
    struct regs r = {.d = {0, 0.5}};
    for (int i = 0; i < 13; i++)
        r.r[i] = 0x1000 + 0x111 * i;
    return r;
}

static void clear(uint32_t *p)
{
    __builtin___clear_cache((char *)p, (char *)(p + 1));
}

/* Is all but r8 to r12 and d0 what it was? */
static bool others_kept(const struct regs *before, const struct regs *now)
{
    return memcmp(before->r, now->r, 8 * sizeof(before->r[0])) == 0 && before->d[1] == now->d[1];
}

static bool run_counted(uint32_t *page, uint32_t step, uint32_t rounds)
{
    struct regs before = some_regs(), now = before;
    now.r[12] = before.r[12] = rounds;
    enter(page, &now);
    uint32_t r9 = before.r[9], r11 = before.r[11];
    for (uint32_t i = 0; i < rounds; i++)
        r11 ^= r9 += before.r[10];
    return others_kept(&before, &now) && now.r[8] == before.r[8] + step * rounds &&
           now.r[9] == r9 && now.r[10] == before.r[10] && now.r[11] == r11 && now.r[12] == 0 &&
           now.d[0] == 0.5 * rounds;
}

/* Data in the page that is written to and executed in turn, until it is no longer protected. */
static void write_beside(uint32_t *page, bool flagged_loop)
{
    for (uint32_t i = 0; i < 12; i++) {
        page[800 + i] = i;
        struct regs r = some_regs();
        if (flagged_loop) { /* one round */
            uint32_t progress;
            r.r[0] = (uint32_t)&progress;
            r.r[10] = 0;
            enter(page, &r);
        } else {
            run_counted(page, 1, 3);
        }
    }
}

/* Between two runs, with no word to the kernel: the loop has pins of its own when it sees the
 * change. */
static void between_runs(void)
{
    uint32_t *page = new_page(counted, counted_end);
    bool ok = run_counted(page, 1, 100);
    write_beside(page, false);
    ok = ok && run_counted(page, 1, 100000);
    for (int i = 0; i < 6; i++) {
        page[0] = i % 2 ? ADD_R8_1 : ADD_R8_2;
        ok = ok && run_counted(page, i % 2 ? 1 : 2, 10 + 50000 * (uint32_t)(i / 2));
    }
    printf("between runs: %s\n", ok ? "good" : "FAIL");
}

struct endless_run {
    uint32_t *page;
    struct regs regs;
    volatile uint32_t progress;
};

static void *run_endless(void *arg)
{
    struct endless_run *e = arg;
    enter(e->page, &e->regs);
    return NULL;
}

/* How a page came to be what it is, and whether the kernel is told of the change. */
enum { PLAIN, WRITTEN_BESIDE, TOLD };

static bool from_outside(const uint32_t *code, const uint32_t *end, int kind)
{
    uint32_t *page = new_page(code, end);
    uint32_t branch = (uint32_t)(end - code) - 2, old = page[branch];
    if (kind != PLAIN) {
        page[branch] = NOP; /* one round each */
        if (kind == TOLD)
            clear(page + branch);
        write_beside(page, true);
        page[branch] = old;
        if (kind == TOLD)
            clear(page + branch);
        else
            page[800] = 1;
    }
    struct endless_run e = {.page = page, .regs = some_regs()};
    struct regs before;
    pthread_t thread;
    e.regs.r[0] = (uint32_t)&e.progress;
    e.progress = e.regs.r[8];
    before = e.regs;
    pthread_create(&thread, NULL, run_endless, &e);
    while (e.progress - before.r[8] < 100000)
        ;
    __atomic_store_n(&page[branch], NOP, __ATOMIC_SEQ_CST);
    if (kind == TOLD)
        clear(page + branch);
    pthread_join(thread, NULL);
    uint32_t rounds = e.regs.r[8] - before.r[8];
    return others_kept(&before, &e.regs) && rounds >= 100000 && e.progress == e.regs.r[8] &&
           e.regs.r[9] == before.r[9] + 3 * rounds && e.regs.d[0] == 0.5 * rounds &&
           memcmp(before.r + 10, e.regs.r + 10, 3 * sizeof(before.r[0])) == 0;
}

static void rewrites_itself(void)
{
    enum { TARGET = 6, ROUNDS = 200 };
    uint32_t *page = new_page(itself, itself_end), sum = 0;
    struct regs before = some_regs(), now = before;
    now.r[7] = before.r[7] = CACHEFLUSH;
    now.r[8] = 0;
    now.r[9] = (uint32_t)(page + TARGET);
    now.r[10] = page[TARGET];
    now.r[12] = ROUNDS;
    enter(page, &now);
    for (uint32_t i = 0; i < ROUNDS; i++)
        sum += i;
    bool ok = now.r[0] == 0 && now.r[8] == sum && memcmp(before.r + 3, now.r + 3, 20) == 0;
    printf("itself: %s\n", ok ? "good" : "FAIL");
}

int main(void)
{
    static const char *const kinds[] = {"plain", "written beside", "told"};
    between_runs();
    for (int kind = PLAIN; kind <= TOLD; kind++) {
        printf("endless, %s: %s\n", kinds[kind],
               from_outside(endless, endless_end, kind) ? "good" : "FAIL");
        printf("flagged, %s: %s\n", kinds[kind],
               from_outside(flagged, flagged_end, kind) ? "good" : "FAIL");
        fflush(stdout);
    }
    rewrites_itself();
    return 0;
}
