/* UF2: blocks of 512 bytes, each with an address and up to 476 bytes (github.com/microsoft/uf2). */
#include <stdlib.h>
#include <string.h>

#include "machines/image.h"
#include "util/bits.h"

enum {
    BLOCK_SIZE = 512, PAYLOAD_MAX = 476, HEADER = 32,
    FLAG_NOT_MAIN_FLASH = 0x1, FLAG_FILE = 0x1000, FLAG_FAMILY = 0x2000,
};
#define MAGIC_START0 0x0a324655u
#define MAGIC_START1 0x9e5d5157u
#define MAGIC_END 0x0ab16f30u

static const struct {
    uint32_t id;
    bool arm;
    const char *name;
} families[] = {
    {0xe48bff56, true, "RP2040"},       {0xe48bff59, true, "RP2350 (Arm)"},
    {0xe48bff5a, false, "RP2350 (RISC-V)"}, {0x57755a57, true, "STM32F4"},
    {0x5ee21072, true, "STM32F1"},      {0x647824b6, true, "STM32F0"},
    {0x53b80f00, true, "STM32F7"},      {0x1b57745f, true, "nRF52"},
    {0xada52840, true, "nRF52840"},     {0x68ed2b88, true, "SAMD21"},
    {0x55114460, true, "SAMD51"},       {0x4fb2d5bd, true, "i.MX RT"},
    {0x1c5f21b0, false, "ESP32"},       {0xbfdd4eee, false, "ESP32-S2"},
    {0xc47e5767, false, "ESP32-S3"},    {0xd42ba06c, false, "ESP32-C3"},
};

static uint32_t word(const uint8_t *block, unsigned at)
{
    const uint8_t *p = block + at;
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static bool check_block(const uint8_t *b, unsigned n, struct error *e)
{
    if (word(b, 0) != MAGIC_START0 || word(b, 4) != MAGIC_START1 || word(b, 508) != MAGIC_END)
        return error_set(e, "block %u: no UF2 block: its magic numbers are wrong", n);
    if (word(b, 16) > PAYLOAD_MAX)
        return error_set(e, "block %u: %u bytes of data, at most %d fit", n, word(b, 16),
                         PAYLOAD_MAX);
    for (unsigned i = 0; i < ARRAY_SIZE(families) && word(b, 8) & FLAG_FAMILY; i++)
        if (families[i].id == word(b, 28) && !families[i].arm)
            return error_set(e, "block %u: for %s, which is no ARM processor", n, families[i].name);
    return true;
}

/* Blocks of one family are counted from 0; each must be there once. */
struct family {
    uint32_t id, total, seen;
    uint8_t *present;
};

static struct family *find_family(struct family **list, unsigned *count, const uint8_t *b)
{
    uint32_t id = word(b, 8) & FLAG_FAMILY ? word(b, 28) : 0;
    for (unsigned i = 0; i < *count; i++)
        if ((*list)[i].id == id)
            return &(*list)[i];
    *list = realloc(*list, (*count + 1) * sizeof(**list));
    if (!*list)
        abort();
    (*list)[*count] = (struct family){.id = id, .total = word(b, 24)};
    return &(*list)[(*count)++];
}

static bool count_block(struct family *f, const uint8_t *b, unsigned n, unsigned file_blocks,
                        struct error *e)
{
    uint32_t number = word(b, 20);
    if (word(b, 24) != f->total || number >= f->total)
        return error_set(e, "block %u: it is number %u of %u, others say that there are %u", n,
                         number, word(b, 24), f->total);
    if (f->total > file_blocks)
        return error_set(e, "truncated: %u blocks of %u are there", file_blocks, f->total);
    if (!f->present)
        f->present = calloc(f->total, 1);
    if (!f->present)
        abort();
    if (f->present[number])
        return error_set(e, "block %u: number %u is there twice", n, number);
    f->present[number] = 1;
    f->seen++;
    return true;
}

static bool add_block(const uint8_t *b, struct image_file *out)
{
    uint32_t size = word(b, 16), addr = word(b, 12);
    if (size)
        image_add(out, &(struct image_segment){addr, addr, b + HEADER, size, size});
    return true;
}

bool image_parse_uf2(const uint8_t *data, size_t size, struct image_file *out, struct error *e)
{
    struct family *list = NULL;
    unsigned count = 0, blocks = (unsigned)(size / BLOCK_SIZE);
    bool ok = size % BLOCK_SIZE == 0 ||
              error_set(e, "truncated: %zu bytes are no multiple of the block size %d", size,
                        BLOCK_SIZE);
    for (unsigned n = 0; ok && n < blocks; n++) {
        const uint8_t *b = data + (size_t)n * BLOCK_SIZE;
        ok = check_block(b, n, e);
        if (ok && !(word(b, 8) & (FLAG_NOT_MAIN_FLASH | FLAG_FILE)))
            ok = count_block(find_family(&list, &count, b), b, n, blocks, e) && add_block(b, out);
    }
    for (unsigned i = 0; i < count; i++) {
        if (ok && list[i].seen != list[i].total)
            ok = error_set(e, "truncated: %u blocks of %u are there", list[i].seen, list[i].total);
        free(list[i].present);
    }
    free(list);
    return ok;
}
