/* Kernel images: what a file is. */
#include <string.h>

#include "machines/internal.h"
#include "util/bits.h"

#define ZIMAGE_MAGIC 0x016f2818u
#define UIMAGE_MAGIC 0x27051956u
enum { UIMAGE_HEADER = 64, UIMAGE_ARCH_ARM = 2, UIMAGE_KERNEL = 2 };

static uint32_t le32(const uint8_t *p)
{
    return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint32_t be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

/* Files that people pass by mistake, by their first bytes. */
static const struct {
    unsigned offset, len;
    const char *bytes;
    const char *what;
} foreign[] = {
    {0x38, 4, "ARM\x64", "an AArch64 (64-bit) kernel image; this is a 32-bit machine"},
    {0, 2, "\x1f\x8b", "compressed with gzip; decompress it first"},
    {0, 6, "\xfd" "7zXZ", "compressed with xz; decompress it first"},
    {0, 4, "\x28\xb5\x2f\xfd", "compressed with zstd; decompress it first"},
    {0, 2, "#!", "a script"},
    {0, 4, "\xd0\x0d\xfe\xed", "a device tree blob; it belongs to -dtb"},
    {0, 5, "07070", "a cpio archive; it belongs to -initrd"},
    {0, 8, "!<arch>\n", "a Debian package or library archive"},
    {0x1fe, 2, "\x55\xaa", "a disk image or an x86 boot sector"},
};

static bool reject_foreign(const char *path, const uint8_t *data, size_t size, struct error *e)
{
    for (unsigned i = 0; i < ARRAY_SIZE(foreign); i++)
        if (size >= foreign[i].offset + foreign[i].len &&
            !memcmp(data + foreign[i].offset, foreign[i].bytes, foreign[i].len))
            return error_set(e, "-kernel %s: this is %s", path, foreign[i].what);
    return true;
}

static bool identify_zimage(const char *path, const uint8_t *data, size_t size, struct image *out,
                            struct error *e)
{
    uint32_t start = le32(data + 0x28), end = le32(data + 0x2c);
    out->kind = IMAGE_ZIMAGE;
    out->data = data;
    out->size = size;
    if (end < start || end - start > size)
        return error_set(e,
                         "-kernel %s: truncated zImage: its header says %u bytes, the file has %zu",
                         path, end - start, size);
    return true;
}

static bool identify_uimage(const char *path, const uint8_t *data, size_t size, struct image *out,
                            struct error *e)
{
    uint32_t payload = be32(data + 12);
    if (payload > size - UIMAGE_HEADER)
        return error_set(e,
                         "-kernel %s: truncated uImage: its header says %u bytes, the file has %zu",
                         path, payload, size - UIMAGE_HEADER);
    if (data[29] != UIMAGE_ARCH_ARM || data[30] != UIMAGE_KERNEL)
        return error_set(e, "-kernel %s: this uImage is not a 32-bit ARM kernel", path);
    if (data[31] != 0)
        return error_set(e, "-kernel %s: compressed uImage payloads are not supported; "
                            "unpack it with dumpimage first", path);
    out->kind = IMAGE_UIMAGE;
    out->data = data + UIMAGE_HEADER;
    out->size = payload;
    out->load = be32(data + 16);
    out->entry = be32(data + 20);
    return true;
}

bool image_identify(const char *path, const uint8_t *data, size_t size, struct image *out,
                    struct error *e)
{
    *out = (struct image){0};
    if (image_format(data, size) != IMAGE_FORMAT_RAW) {
        out->kind = IMAGE_PROGRAM;
        return true;
    }
    if (!reject_foreign(path, data, size, e))
        return false;
    if (size >= 0x30 && le32(data + 0x24) == ZIMAGE_MAGIC)
        return identify_zimage(path, data, size, out, e);
    if (size > UIMAGE_HEADER && be32(data) == UIMAGE_MAGIC)
        return identify_uimage(path, data, size, out, e);
    /* A raw kernel has no magic, but it starts with ARM code that is always executed. */
    if (size < 64 || data[3] >> 4 != 0xe)
        return error_set(e,
                         "-kernel %s: not a kernel: no zImage, uImage or ELF header, and it does "
                         "not start with ARM code",
                         path);
    out->kind = IMAGE_RAW_KERNEL;
    out->data = data;
    out->size = size;
    return true;
}
