#include "tests/semihosting/support.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool inside(uint32_t addr, uint32_t len, uint32_t end)
{
    return addr >= MEM_BASE && addr <= end && len <= end - addr;
}

static bool guest_read(void *opaque, uint32_t addr, void *buf, uint32_t len)
{
    struct guest *g = opaque;
    if (!inside(addr, len, MEM_BASE + MEM_SIZE))
        return false;
    memcpy(buf, g->mem + (addr - MEM_BASE), len);
    return true;
}

static bool guest_write(void *opaque, uint32_t addr, const void *buf, uint32_t len)
{
    struct guest *g = opaque;
    if (!inside(addr, len, ROM_BASE))
        return false;
    memcpy(g->mem + (addr - MEM_BASE), buf, len);
    return true;
}

static int64_t guest_time(void *opaque)
{
    return ((struct guest *)opaque)->now;
}

static int64_t guest_utc(void *opaque)
{
    return ((struct guest *)opaque)->utc;
}

static void guest_out(void *opaque, enum semihosting_stream stream, const void *buf, size_t len)
{
    char *out = ((struct guest *)opaque)->out[stream];
    size_t used = strlen(out);
    cr_assert_lt(used + len, sizeof(((struct guest *)opaque)->out[0]));
    memcpy(out + used, buf, len);
}

static int guest_in(void *opaque, void *buf, size_t len)
{
    struct guest *g = opaque;
    size_t n = g->input ? strlen(g->input) : 0;
    cr_assert_gt(len, 0);
    if (!n && g->input_waits)
        return SEMIHOSTING_AGAIN;
    n = n < len ? n : len;
    memcpy(buf, g->input ? g->input : "", n);
    g->input = g->input ? g->input + n : NULL;
    return (int)n;
}

static void guest_heap(void *opaque, uint32_t block[4])
{
    const uint32_t words[4] = {1, 2, 3, 4};
    memcpy(block, words, sizeof(words));
}

struct guest *guest_new(bool root, bool readonly, const char *command_line)
{
    struct guest *g = calloc(1, sizeof(*g));
    struct error e = {0};
    strcpy(g->dir, "/tmp/semihosting.XXXXXX");
    cr_assert(mkdtemp(g->dir));
    g->ops = (struct semihosting_guest){
        .opaque = g, .read = guest_read, .write = guest_write, .time = guest_time, .utc = guest_utc,
        .write_console = guest_out, .read_console = guest_in, .heap = guest_heap};
    const struct semihosting_config config = {root ? g->dir : NULL, readonly, command_line};
    g->sh = semihosting_new(&config, &e);
    cr_assert(g->sh, "%s", e.text);
    return g;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    return remove(path);
}

void guest_free(struct guest *g)
{
    semihosting_free(g->sh);
    nftw(g->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(g);
}

uint32_t call(struct guest *g, uint32_t op, uint32_t arg)
{
    uint32_t result = 0xdeadbeef;
    g->outcome = semihosting_call(g->sh, &g->ops, op, arg, &result, &g->end);
    return result;
}

uint32_t call_block(struct guest *g, uint32_t op, unsigned count, const uint32_t *words)
{
    for (unsigned i = 0; i < count; i++) {
        uint32_t word = g->ops.big_endian ? __builtin_bswap32(words[i]) : words[i];
        memcpy(g->mem + (BLOCK - MEM_BASE) + 4 * i, &word, 4);
    }
    return call(g, op, BLOCK);
}

void put_text(struct guest *g, uint32_t addr, const char *text)
{
    memcpy(g->mem + (addr - MEM_BASE), text, strlen(text) + 1);
}

uint32_t get_word(struct guest *g, uint32_t addr)
{
    uint32_t word;
    memcpy(&word, g->mem + (addr - MEM_BASE), 4);
    return word;
}

uint32_t open_name(struct guest *g, const char *name, uint32_t mode)
{
    put_text(g, TEXT, name);
    return CALL(g, SYS_OPEN, TEXT, mode, (uint32_t)strlen(name));
}

uint32_t last_error(struct guest *g)
{
    return call(g, SYS_ERRNO, 0);
}
