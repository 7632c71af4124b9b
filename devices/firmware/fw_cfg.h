/* fw_cfg, the firmware configuration device (QEMU documentation "fw_cfg"), memory-mapped as on Arm
 * boards: data at 0, selector at 8 (16 bits, big-endian), DMA address at 16 (64 bits, big-endian).
 * The board adds items before the guest runs. Window: FW_CFG_SIZE bytes. */
#ifndef ARMEMU_DEVICES_FIRMWARE_FW_CFG_H
#define ARMEMU_DEVICES_FIRMWARE_FW_CFG_H

#include "devices/core/device.h"

#define FW_CFG_SIZE 0x18
#define FW_CFG_NAME_MAX 55   /* characters of a file's name */
#define FW_CFG_FILES_MAX 128

/* Keys with a fixed meaning; 0, 1 and 0x19 are made by the device. */
enum fw_cfg_key {
    FW_CFG_SIGNATURE = 0x00,
    FW_CFG_ID = 0x01,
    FW_CFG_RAM_SIZE = 0x03,  /* 64 bits */
    FW_CFG_NB_CPUS = 0x05,   /* 16 bits */
    FW_CFG_KERNEL_ADDR = 0x07,
    FW_CFG_KERNEL_SIZE = 0x08,
    FW_CFG_KERNEL_CMDLINE = 0x09,
    FW_CFG_INITRD_ADDR = 0x0a,
    FW_CFG_INITRD_SIZE = 0x0b,
    FW_CFG_BOOT_MENU = 0x0e,
    FW_CFG_KERNEL_DATA = 0x11,
    FW_CFG_INITRD_DATA = 0x12,
    FW_CFG_CMDLINE_ADDR = 0x13,
    FW_CFG_CMDLINE_SIZE = 0x14,
    FW_CFG_CMDLINE_DATA = 0x15,
    FW_CFG_FILE_DIR = 0x19,
    FW_CFG_FILE_FIRST = 0x20,
};

extern const struct device_class fw_cfg_class;

/** Set item @key (below FW_CFG_FILE_FIRST) to a copy of @len bytes, replacing an earlier value. */
void fw_cfg_add_bytes(struct device *dev, uint16_t key, const void *data, size_t len);

/** The same for a little-endian number of @size (2, 4 or 8) bytes. */
void fw_cfg_add_number(struct device *dev, uint16_t key, uint64_t value, unsigned size);

/** Add file @name with a copy of @len bytes; replaces a file of the same name. Fails when the name
 * is too long, the data exceed 4 GiB or the directory is full. */
bool fw_cfg_add_file(struct device *dev, const char *name, const void *data, size_t len,
                     struct error *e);

/**
 * Add a file of @len zero bytes that the guest can write through DMA. @written is called after each
 * write with the whole contents, which stay valid as long as the device.
 */
bool fw_cfg_add_writable_file(struct device *dev, const char *name, size_t len,
                              void (*written)(void *opaque, const uint8_t *data, size_t len),
                              void *opaque, struct error *e);

#endif
