/* Device trees: generated from a board's rows, or a user's blob completed for the boot. */
#include <libfdt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "machines/internal.h"
#include "util/bits.h"

enum { TREE_SIZE = 256 * 1024, REG_MAX = 8, PHANDLE_FIRST = 0x8001 };

static void note(struct fdt_writer *w, int result)
{
    if (result < 0 && !w->error)
        w->error = result;
}

int fdtw_node(struct fdt_writer *w, const char *parent, const char *fmt, ...)
{
    char name[64];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(name, sizeof(name), fmt, ap);
    va_end(ap);
    if (!parent)
        return fdt_path_offset(w->blob, "/");
    int at = fdt_path_offset(w->blob, parent);
    note(w, at);
    int node = at < 0 ? at : fdt_add_subnode(w->blob, at, name);
    note(w, node);
    return node;
}

void fdtw_u32(struct fdt_writer *w, int node, const char *name, uint32_t value)
{
    note(w, fdt_setprop_u32(w->blob, node, name, value));
}

void fdtw_cells(struct fdt_writer *w, int node, const char *name, const uint32_t *cells,
                unsigned count)
{
    fdt32_t be[32];
    for (unsigned i = 0; i < count; i++)
        be[i] = cpu_to_fdt32(cells[i]);
    note(w, fdt_setprop(w->blob, node, name, be, (int)(count * sizeof(be[0]))));
}

void fdtw_string(struct fdt_writer *w, int node, const char *name, const char *text)
{
    note(w, fdt_setprop_string(w->blob, node, name, text));
}

void fdtw_strings(struct fdt_writer *w, int node, const char *name, const char *text, unsigned len)
{
    note(w, fdt_setprop(w->blob, node, name, text, (int)len));
}

void fdtw_empty(struct fdt_writer *w, int node, const char *name)
{
    note(w, fdt_setprop_empty(w->blob, node, name));
}

void fdtw_reg(struct fdt_writer *w, int node, const uint64_t *pairs, unsigned count)
{
    uint32_t cells[4 * REG_MAX];
    for (unsigned i = 0; i < 2 * count; i++) {
        cells[2 * i] = (uint32_t)(pairs[i] >> 32);
        cells[2 * i + 1] = (uint32_t)pairs[i];
    }
    fdtw_cells(w, node, "reg", cells, 4 * count);
}

void fdtw_spi(struct fdt_writer *w, int node, int spi, uint32_t flags)
{
    fdtw_cells(w, node, "interrupts", (const uint32_t[]){0, (uint32_t)spi, flags}, 3);
}

void *fdt_generate(const struct board *b, struct error *e)
{
    struct fdt_writer w = {
        .board = b,
        .blob = calloc(1, TREE_SIZE),
        .intc_phandle = PHANDLE_FIRST,
        .clock_phandle = PHANDLE_FIRST + 1,
        .gpio_phandle = PHANDLE_FIRST + 2,
        .msi_phandle = PHANDLE_FIRST + 3,
    };
    if (!w.blob) {
        error_set(e, "out of memory");
        return NULL;
    }
    note(&w, fdt_create_empty_tree(w.blob, TREE_SIZE));
    b->machine->tree(&w);
    for (unsigned i = 0; i < b->machine->row_count; i++)
        if (b->machine->rows[i].node)
            b->machine->rows[i].node(&w, &b->machine->rows[i]);
    if (w.error) {
        error_set(e, "generating the device tree: %s", fdt_strerror(w.error));
        free(w.blob);
        return NULL;
    }
    return w.blob;
}

/* The node at @path, made when missing. */
static int node_get(void *blob, const char *parent, const char *name)
{
    int at = fdt_path_offset(blob, parent);
    if (at < 0)
        return at;
    int node = fdt_subnode_offset(blob, at, name);
    return node >= 0 ? node : fdt_add_subnode(blob, at, name);
}

static uint32_t root_cells(const void *blob, const char *name, uint32_t otherwise)
{
    int len;
    const fdt32_t *p = fdt_getprop(blob, 0, name, &len);
    return p && len == 4 ? fdt32_to_cpu(*p) : otherwise;
}

static unsigned put_cells(fdt32_t *to, uint64_t value, uint32_t cells)
{
    unsigned n = 0;
    if (cells == 2)
        to[n++] = cpu_to_fdt32((uint32_t)(value >> 32));
    to[n++] = cpu_to_fdt32((uint32_t)value);
    return n;
}

static int set_memory(void *blob, const struct board *b)
{
    fdt32_t reg[4];
    char name[32];
    uint64_t base = b->machine->ram_base;
    unsigned n = put_cells(reg, base, root_cells(blob, "#address-cells", 2));
    n += put_cells(reg + n, b->config.ram_size, root_cells(blob, "#size-cells", 1));
    snprintf(name, sizeof(name), "memory@%llx", (unsigned long long)base);
    /* A user's tree may call it "memory": it is replaced, not doubled. */
    int old = fdt_path_offset(blob, "/memory");
    int node = old >= 0 ? old : node_get(blob, "/", name);
    if (node < 0)
        return node;
    int result = fdt_setprop_string(blob, node, "device_type", "memory");
    return result < 0 ? result : fdt_setprop(blob, node, "reg", reg, (int)(n * sizeof(reg[0])));
}

static int set_chosen(void *blob, const struct boot_options *o, uint64_t initrd,
                      uint64_t initrd_size)
{
    int node = node_get(blob, "/", "chosen");
    if (node < 0)
        return node;
    int r = 0;
    if (o->append)
        r = fdt_setprop_string(blob, node, "bootargs", o->append);
    if (r >= 0 && initrd_size) {
        r = fdt_setprop_u64(blob, node, "linux,initrd-start", initrd);
        r = r < 0 ? r : fdt_setprop_u64(blob, node, "linux,initrd-end", initrd + initrd_size);
    }
    if (r >= 0)
        r = fdt_setprop(blob, node, "rng-seed", o->entropy, 24);
    return r < 0 ? r : fdt_setprop_u64(blob, node, "kaslr-seed", o->entropy[3]);
}

bool fdt_set_boot(void *blob, const struct board *b, const struct boot_options *o, uint64_t initrd,
                  uint64_t initrd_size, struct error *e)
{
    int r = set_memory(blob, b);
    if (r >= 0)
        r = set_chosen(blob, o, initrd, initrd_size);
    return r >= 0 || error_set(e, "device tree: %s", fdt_strerror(r));
}

bool board_device_tree(const struct board *b, const struct boot_options *o, void **blob,
                       uint32_t *size, struct error *e)
{
    if (!b->machine->tree)
        return error_set(e, "machine '%s' has no device tree", b->machine->name);
    *blob = fdt_generate(b, e);
    if (!*blob || !fdt_set_boot(*blob, b, o, 0, 0, e))
        return false;
    fdt_pack(*blob);
    *size = fdt_totalsize(*blob);
    return true;
}
