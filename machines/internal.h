/* Rows that describe a machine, and what the files of machines/ share. */
#ifndef ARMEMU_MACHINES_INTERNAL_H
#define ARMEMU_MACHINES_INTERNAL_H

#include "host/clock.h"
#include "machines/machine.h"

enum { ROW_WINDOWS = 4, ROW_PROPERTIES = 4, NO_SPI = -1 };

/* What a device is to the board, besides being a device. */
enum row_role {
    ROLE_NONE,
    ROLE_INTC,      /* the interrupt controller: "num_cpus" is set, CPU inputs are connected */
    ROLE_TIMER,     /* the architected timers: likewise, outputs go to PPIs */
    ROLE_MSI,       /* every output is connected, to consecutive SPIs */
    ROLE_SERIAL,    /* gets the next serial back end */
    ROLE_GPIO_KEYS, /* has the power button at input power_pin */
    ROLE_FW_CFG,
};

struct fdt_writer;

struct machine_row {
    const char *class, *name;
    enum row_role role;
    struct {
        uint64_t base;
        uint8_t region; /* of the device */
    } window[ROW_WINDOWS];
    uint8_t windows;
    int spi;             /* output 0, as SPI number (interrupt ID - 32) */
    unsigned count;      /* instances; 0 means 1 */
    uint64_t stride;     /* distance of their addresses; SPIs are consecutive */
    struct property_value property[ROW_PROPERTIES];
    uint8_t properties;
    uint8_t power_pin;
    /* Describe the device (all instances) in the device tree. */
    void (*node)(struct fdt_writer *w, const struct machine_row *row);
};

struct machine_memory {
    const char *name;
    uint64_t base, size;
    bool rom;
};

struct machine {
    const char *name, *help;
    const char *default_cpu;
    const char *const *cpus;      /* NULL-terminated */
    uint32_t max_cpus;
    uint64_t ram_base, ram_default, ram_max;
    uint64_t bios_base, bios_size; /* where -bios goes; size 0: not supported */
    uint32_t cbar;
    const struct machine_m_profile *m_profile; /* NULL: A profile */
    const struct machine_memory *memory;
    unsigned memory_count;
    const struct machine_row *rows;
    unsigned row_count;
    /* The nodes that belong to no device. */
    void (*tree)(struct fdt_writer *w);
};

extern const struct machine machine_virt;

/* The private data of a built board. */
struct board_private {
    struct timer power_release; /* the power button goes back */
    struct {
        struct device *dev;
        unsigned region;
    } window[BOARD_DEVICES_MAX * ROW_WINDOWS];
    unsigned window_count;
    struct device *fw_cfg;
};

/** The device made from @row, instance @index; NULL if there is none. */
struct device *board_device(const struct board *b, const char *name, unsigned index);

/* ---- fdt.c ------------------------------------------------------------------------------------------ */

struct fdt_writer {
    const struct board *board;
    void *blob;
    int error;                          /* first libfdt error */
    uint32_t intc_phandle, clock_phandle, gpio_phandle, msi_phandle;
};

/** Create a node below @parent ("/" or a path) and return its offset. */
int fdtw_node(struct fdt_writer *w, const char *parent, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void fdtw_u32(struct fdt_writer *w, int node, const char *name, uint32_t value);
void fdtw_cells(struct fdt_writer *w, int node, const char *name, const uint32_t *cells, unsigned count);
void fdtw_string(struct fdt_writer *w, int node, const char *name, const char *text);
/** @text with embedded zero bytes, @len bytes including the last one. */
void fdtw_strings(struct fdt_writer *w, int node, const char *name, const char *text, unsigned len);
void fdtw_empty(struct fdt_writer *w, int node, const char *name);
/** `reg` with two address and two size cells for each pair. */
void fdtw_reg(struct fdt_writer *w, int node, const uint64_t *pairs, unsigned count);
/** `interrupts` of one SPI. @flags: 1 rising edge, 4 level high. */
void fdtw_spi(struct fdt_writer *w, int node, int spi, uint32_t flags);

/** Put /chosen (arguments, initrd, seeds) and /memory of a kernel boot into @blob, which has room. */
bool fdt_set_boot(void *blob, const struct board *b, const struct boot_options *o, uint64_t initrd,
                  uint64_t initrd_size, struct error *e);
/** Generate the board's tree with room for fdt_set_boot; the caller frees it. */
void *fdt_generate(const struct board *b, struct error *e);

enum { FDT_ROOM = 64 * 1024 };

/* ---- image.c ------------------------------------------------------------------------------------------ */

enum image_kind { IMAGE_ZIMAGE, IMAGE_RAW_KERNEL, IMAGE_UIMAGE, IMAGE_ELF };

struct image {
    enum image_kind kind;
    const uint8_t *data;  /* the part to be loaded (not ELF) */
    size_t size;
    uint64_t load, entry; /* uImage and ELF */
    uint64_t low, high;   /* ELF: range loaded */
};

/** What is @data? Errors tell why it is no kernel. @path for messages. */
bool image_identify(const char *path, const uint8_t *data, size_t size, struct image *out,
                    struct error *e);
/** Load the segments of an ELF file into @map; fills entry, low, high. */
bool image_load_elf(const char *path, const uint8_t *data, size_t size, struct physmap *map,
                    struct image *out, struct error *e);

#endif
