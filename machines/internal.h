/* Rows that describe a machine, and what the files of machines/ share. */
#ifndef ARMEMU_MACHINES_INTERNAL_H
#define ARMEMU_MACHINES_INTERNAL_H

#include "host/clock.h"
#include "machines/image.h"
#include "machines/machine.h"
#include "util/arena.h"

enum { ROW_WINDOWS = 4, ROW_PROPERTIES = 8, ROW_IRQS = 8 };

/* What a device is to the board, besides being a device. */
enum row_role {
    ROLE_NONE,
    ROLE_INTC,      /* the GIC: "num_cpus" is set, CPU inputs are connected */
    ROLE_TIMER,     /* the architected timers: likewise, outputs go to PPIs */
    ROLE_SERIAL,    /* gets the next serial back end as "chardev" */
    ROLE_NETWORK,   /* gets the next network back end as "netdev", and its address as "mac" */
    ROLE_GPIO_KEYS, /* has the power button at input power_pin */
    ROLE_FW_CFG,
};

struct fdt_writer;

/* `count` outputs of a device (0: one) to as many interrupts. The interrupt is a number of the
 * board's controller: an SPI (interrupt ID - 32) of its GIC, else an external interrupt (exception
 * number - 16) of the CPU's NVIC. Several outputs may go to one interrupt: they are ORed. */
struct row_irq {
    uint8_t output, count;
    int16_t line;
};

struct machine_row {
    const char *class, *name;
    enum row_role role;
    struct {
        uint64_t base;
        uint8_t region; /* of the device */
    } window[ROW_WINDOWS];
    uint8_t windows;
    struct row_irq irq[ROW_IRQS];
    uint8_t irqs;
    unsigned count;      /* instances, called name0, name1, ...; 0 means 1 */
    uint64_t stride;     /* distance of their addresses; their interrupts are consecutive */
    struct property_value property[ROW_PROPERTIES];
    uint8_t properties;
    uint8_t power_pin;
    uint32_t clock_hz;   /* of clock input 0 of all instances, where no wire gives it; 0: none */
    const char *where;   /* in the file that the board was read from; NULL: it was not */
    /* Describe the device (all instances) in the device tree. */
    void (*node)(struct fdt_writer *w, const struct machine_row *row);
};

/* What a wire that does not end at an interrupt number is connected to. */
enum wire_target {
    WIRE_DEVICE,    /* interrupt input @input of device @to */
    WIRE_ATTACH,    /* no wire: device @from itself is attached to @to as number @input */
    WIRE_CLOCK,     /* clock input @input of device @to; the output gives a frequency in Hz */
    WIRE_IRQ,       /* interrupt number @input, as row_irq.line */
    WIRE_NMI,       /* the CPU's non-maskable interrupt (M profile) */
    WIRE_RESET,     /* a rising edge resets the board */
    WIRE_REMAP,     /* memory @to is found at address 0, too, while the output is high */
    WIRE_CPU_CLOCK, /* the output gives the processor clock in Hz (SysTick counts it) */
};

/* `count` outputs (0: one) of the device called @from, to as many inputs. Any number of wires may
 * start at one output and, clocks apart, end at one input (ORed). */
struct machine_wire {
    const char *from;
    uint8_t output, count;
    enum wire_target target;
    const char *to;
    uint8_t input;
    const char *where; /* as a row's */
};

enum memory_kind { MEMORY_RAM, MEMORY_ROM, MEMORY_ALIAS };

/* Memory of fixed size. ROM is written by image loaders and through device_env.dma.program; a CPU's
 * stores go to window @store_region of device @of, if named, with offsets from the start of the
 * ROM, else they are ignored (A profile) or a bus fault (M profile). */
struct machine_memory {
    const char *name;
    uint64_t base, size; /* size: not of an alias */
    enum memory_kind kind;
    /* alias: the memory that it shows (an earlier row, or "ram"); ROM: a device */
    const char *of;
    uint8_t store_region;
    bool erased;         /* all ones at first, as flash */
    const char *where;   /* as a row's */
};

struct machine {
    const char *name, *help;
    const char *default_cpu;
    const char *const *cpus;      /* NULL-terminated */
    uint32_t max_cpus;
    /* Main memory, called "ram". Where min and max are the same, -m can only say that. */
    uint64_t ram_base, ram_default, ram_min, ram_max;
    uint64_t bios_base, bios_size; /* where -bios goes; size 0: not supported */
    uint32_t cbar;
    const struct machine_m_profile *m_profile; /* NULL: A profile */
    uint64_t flash_base;          /* M profile: where a raw -kernel goes */
    const struct machine_memory *memory;
    unsigned memory_count;
    const struct machine_row *rows;
    unsigned row_count;
    const struct machine_wire *wires;
    unsigned wire_count;
    /* The nodes that belong to no device; NULL: the board has no device tree. */
    void (*tree)(struct fdt_writer *w);
    struct arena *arena;          /* of a machine made at run time: its strings, rows, itself */
};

extern const struct machine machine_microbit;
extern const struct machine machine_netduinoplus2, machine_olimex_stm32_h405;
extern const struct machine machine_cortex_m;
extern const struct machine machine_lm3s6965evb;
extern const struct machine machine_mps2_an385, machine_mps2_an386, machine_mps2_an500;
extern const struct machine machine_virt;

/** `cortex-m` with the options in @spec. */
const struct machine *machine_cortex_m_open(const char *spec, struct error *e);
/** The board that the file of @spec, "file:PATH", describes. Errors begin with file, line and
 * column. */
const struct machine *machine_file_open(const char *spec, struct error *e);
/** A number with an optional suffix K, M or G. */
bool machine_parse_size(const char *text, uint64_t *size);

struct window {
    struct device *dev;
    unsigned region;
};

enum { BOARD_WINDOWS_MAX = 2 * BOARD_DEVICES_MAX };

/* The private data of a built board. */
struct board_private {
    struct timer power_release; /* the power button goes back */
    struct window window[BOARD_WINDOWS_MAX];
    unsigned window_count;
    struct device *fw_cfg;
    struct arena gates;         /* ORs and splitters */
    bool reset_level;           /* of the reset line */
    struct phys_region *remap;  /* WIRE_REMAP's memory */
};

/** The device called @name, instance @index (rows with a count: "name" or "nameN"); NULL if there
 * is none. */
struct device *board_device(const struct board *b, const char *name, unsigned index);

/* ---- wires.c --------------------------------------------------------------------------------- */

struct wire_set;

struct wire_set *wires_new(void);
void wires_free(struct wire_set *set);
/** One wire from output @output of @dev to interrupt @line of the board's controller. */
bool wires_add_irq(struct wire_set *set, const struct board *b, struct device *dev, unsigned output,
                   int line, struct error *e);
/** What @w says. */
bool wires_add(struct wire_set *set, struct board *b, const struct machine_wire *w,
               struct error *e);
/** Connect all, with gates where wires share an end. */
void wires_connect(struct wire_set *set, struct board *b);

/* ---- fdt.c ----------------------------------------------------------------------------------- */

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
void fdtw_cells(struct fdt_writer *w, int node, const char *name, const uint32_t *cells,
                unsigned count);
void fdtw_string(struct fdt_writer *w, int node, const char *name, const char *text);
/** @text with embedded zero bytes, @len bytes including the last one. */
void fdtw_strings(struct fdt_writer *w, int node, const char *name, const char *text, unsigned len);
void fdtw_empty(struct fdt_writer *w, int node, const char *name);
/** `reg` with two address and two size cells for each pair. */
void fdtw_reg(struct fdt_writer *w, int node, const uint64_t *pairs, unsigned count);
/** `interrupts` of one SPI. @flags: 1 rising edge, 4 level high. */
void fdtw_spi(struct fdt_writer *w, int node, int spi, uint32_t flags);

/** Put /chosen (arguments, initrd, seeds) and /memory of a kernel boot into @blob, which has
 * room. */
bool fdt_set_boot(void *blob, const struct board *b, const struct boot_options *o, uint64_t initrd,
                  uint64_t initrd_size, struct error *e);
/** Generate the board's tree with room for fdt_set_boot; the caller frees it. */
void *fdt_generate(const struct board *b, struct error *e);

enum { FDT_ROOM = 64 * 1024 };

/* ---- image.c --------------------------------------------------------------------------------- */

/* PROGRAM: an ELF, HEX, S-record or UF2 file (image.h), for the bare machine or a vmlinux. */
enum image_kind { IMAGE_ZIMAGE, IMAGE_RAW_KERNEL, IMAGE_UIMAGE, IMAGE_PROGRAM };

struct image {
    enum image_kind kind;
    const uint8_t *data;  /* the part to be loaded (not PROGRAM) */
    size_t size;
    uint64_t load, entry; /* uImage */
};

/** What is @data? Errors tell why it is no kernel. @path for messages. */
bool image_identify(const char *path, const uint8_t *data, size_t size, struct image *out,
                    struct error *e);

/* ---- loader.c -------------------------------------------------------------------------------- */

/* `-device loader,...` */
struct loader_options {
    char file[4096];      /* empty: data, or only a CPU's start */
    uint64_t addr, data, data_len;
    bool has_addr, has_data, data_be, force_raw, has_cpu;
};

/** Parse @text (",," is a comma inside a value) and check that it makes sense. */
bool loader_parse(const char *text, struct loader_options *o, struct error *e);
/** The bytes of data= in the order of memory. */
void loader_data(const struct loader_options *o, uint8_t bytes[8]);

#endif
