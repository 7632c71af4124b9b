#include "tests/translate/jit.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "backend/backend.h"
#include "backend/x86_64/hostfeat.h"
#include "tests/translate/jit_window.h"

enum { TABLES_BYTES = 4 * RUN_TABLE_BYTES };

struct jit {
    struct backend *be;
    uint8_t *tables;
    struct jit_window *window; /* NULL but for JIT_WINDOW */
};

const char *jit_variant_name(enum jit_variant variant)
{
    static const char *const names[JIT_VARIANTS] = {
        [JIT_PLAIN] = "JIT",
        [JIT_OLD_HOST] = "JIT for an old host",
        [JIT_SLOW] = "JIT with slow memory",
        [JIT_DIRECT] = "JIT with direct helpers",
        [JIT_WINDOW] = "JIT with a window",
    };
    return names[variant];
}

struct jit *jit_new(enum jit_variant variant)
{
    struct error e = {0};
    bool old_host = variant == JIT_OLD_HOST || variant == JIT_BASELINE;
    struct backend_config config = {
        .target = &run_target,
        .callbacks = run_callbacks,
        .cache_size = 1 << 20,
        .region_count = 2,
        .always_slow = variant == JIT_SLOW,
        .host_features_mask = old_host ? ~0u : 0,
    };
    if (variant == JIT_DIRECT || variant == JIT_BASELINE)
        config.callbacks.helper = NULL;
    struct jit *j = calloc(1, sizeof(*j));
    if (variant == JIT_WINDOW) {
        j->window = jit_window_new();
        config.window = jit_window_base(j->window);
        config.callbacks = jit_window_callbacks;
    }
    j->be = backend_new(&config, &e);
    cr_assert(j->be, "backend: %s", e.text);
    j->tables = mmap(NULL, TABLES_BYTES, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    cr_assert(j->tables != MAP_FAILED);
    return j;
}

void jit_free(struct jit *j)
{
    if (!j)
        return;
    munmap(j->tables, TABLES_BYTES);
    backend_free(j->be);
    if (j->window)
        jit_window_free(j->window);
    free(j);
}

/* Table entries for @size bytes of host memory @p at guest address @addr; @p NULL removes them. */
static void map(struct jit *j, uint32_t table, uint64_t addr, const uint8_t *p, uint32_t size)
{
    for (uint32_t at = 0; at < size; at += 4096) {
        uint64_t entry = p ? (uintptr_t)p - addr : 0;
        memcpy(j->tables + table + ((addr + at) >> 12) * 8, &entry, 8);
    }
}

static void map_run(struct jit *j, const struct run *r, bool present)
{
    const uint8_t *data = present ? r->data : NULL, *page = present ? r->page : NULL;
    map(j, run_target.memory.read_table, r->s.env.page_base, page, RUN_PAGE);
    map(j, run_target.memory.read_table, RUN_DATA, data, RUN_DATA_SIZE);
    map(j, run_target.memory.write_table, RUN_DATA, data, RUN_DATA_SIZE);
}

static struct backend_code compile(struct jit *j, const struct ir_block *of)
{
    struct backend_code code;
    struct ir_block b = *of;
    b.window = j->window;
    if (backend_compile(j->be, &b, &code))
        return code;
    backend_next_region(j->be);
    bool fits = backend_compile(j->be, &b, &code);
    if (!fits)
        cr_assert_fail("the block does not fit into a region");
    return code;
}

void jit_run(struct jit *j, struct run *r)
{
    struct backend_code code = compile(j, &r->block);
    run_start(r);
    map_run(j, r, true);
    r->s.env.tables = j->tables;
    if (j->window)
        jit_window_begin(j->window, j->be, r);
    r->exit = backend_run(j->be, &r->s.env, code.entry);
    if (j->window)
        jit_window_end(j->window);
    run_end(r);
    r->s.env.tables = NULL;
    map_run(j, r, false);
    if (r->exit == IR_EXIT_CHAIN)
        r->exit = IR_EXIT_LOOKUP;
}

unsigned jit_disassemble(struct jit *j, const struct ir_block *b, FILE *out)
{
    struct backend_code code = compile(j, b);
    char *text = NULL;
    size_t size = 0;
    unsigned lines = 0;
    FILE *f = open_memstream(&text, &size);
    backend_disassemble(j->be, &code, f);
    fclose(f);
    for (size_t i = 0; i < size; i++)
        lines += text[i] == '\n';
    /* What fills code up depends on where it lies. */
    for (const char *p = text; (p = strstr(p, ": ")) != NULL; p += 2)
        lines -= !strncmp(p + 2 + strspn(p + 2, " "), "int3", 4);
    if (out)
        fwrite(text, 1, size, out);
    free(text);
    return lines;
}
