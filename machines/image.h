/*
 * Program images: ELF, Intel HEX, Motorola S-records, UF2 and raw bytes, taken apart into segments,
 * and put into memory. Nothing in a file is trusted; errors are one line with the file's name (and
 * the line or block), what is wrong, and what would fit.
 */
#ifndef ARMEMU_MACHINES_IMAGE_H
#define ARMEMU_MACHINES_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "softmmu/physmap.h"
#include "util/error.h"

enum image_format { IMAGE_FORMAT_RAW, IMAGE_FORMAT_ELF, IMAGE_FORMAT_HEX, IMAGE_FORMAT_SREC,
                    IMAGE_FORMAT_UF2 };

/* Bytes that belong together. */
struct image_segment {
    uint64_t addr;       /* where they are loaded */
    /* where the program sees them (ELF: p_vaddr), for data that start-up code copies */
    uint64_t run;
    const uint8_t *data;
    uint64_t size;
    uint64_t memory;     /* size with what is to be zero behind them */
};

struct image_file {
    const char *path;
    enum image_format format;
    struct image_segment *segments; /* in order of addr, without overlaps */
    unsigned count;
    uint64_t entry;
    bool has_entry;
    uint8_t *storage;     /* of text formats: what data points into */
};

/** The format of a file by its first bytes; RAW when it has none of the others. */
enum image_format image_format(const uint8_t *data, size_t size);
/** The same; where the bytes tell nothing, the one that the name ends with: what is wrong is said
 * when it is parsed. */
enum image_format image_format_of(const char *path, const uint8_t *data, size_t size);
const char *image_format_name(enum image_format format);

/**
 * Take the @size bytes at @data apart; they must stay, as must @path, as long as @out. RAW gives
 * one segment at @raw_addr. image_file_free in any case but on errors.
 */
bool image_parse(const char *path, const uint8_t *data, size_t size, enum image_format format,
                 uint64_t raw_addr, struct image_file *out, struct error *e);
void image_file_free(struct image_file *f);

/* What has been loaded so far, to find images that overlap, and the memory that is free. */
struct image_loaded {
    struct image_span {
        uint64_t start, end; /* loaded */
        /* as the program sees it, zeros included; 0: the format does not tell */
        uint64_t run_end;
        char path[64];       /* the end of the file's name */
    } *spans;
    unsigned count, capacity;
    bool warm; /* a reset: flash keeps what it holds, RAM what no file has bytes for */
};

/** Put all of @f into @map. Errors: no memory there (the line lists where there is), or something
 * that was loaded before. @loaded may be NULL. */
bool image_load(const struct image_file *f, struct physmap *map, struct image_loaded *loaded,
                struct error *e);
void image_loaded_free(struct image_loaded *loaded);

/** The RAM that the programs leave free: from the end of the highest part of an ELF file in RAM to
 * the end of that region. False if there is no such part: only the programs know. */
bool image_free_memory(const struct image_loaded *loaded, const struct physmap *map, uint32_t *base,
                       uint32_t *limit);

/* The parsers, which image_parse calls: image_elf.c, image_text.c, image_uf2.c. */
bool image_parse_elf(const uint8_t *data, size_t size, struct image_file *out, struct error *e);
bool image_parse_hex(const uint8_t *data, size_t size, struct image_file *out, struct error *e);
bool image_parse_srec(const uint8_t *data, size_t size, struct image_file *out, struct error *e);
bool image_parse_uf2(const uint8_t *data, size_t size, struct image_file *out, struct error *e);
/** Append a segment. */
void image_add(struct image_file *f, const struct image_segment *segment);

#endif
