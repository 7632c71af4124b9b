/* What Arm's Cortex-M System Design Kit puts at the end of each peripheral (DDI 0479). */
#ifndef ARMEMU_DEVICES_CORE_CMSDK_H
#define ARMEMU_DEVICES_CORE_CMSDK_H

/** Rows of a register table (struct reg): peripheral identification of part number 0x8 @part, and
 * component identification. */
#define CMSDK_ID_ROWS(part)                                                                        \
    {"PID4", 0xfd0, .reset = 0x04}, {"PID5", 0xfd4, 3, .reset = 0x00},                             \
    {"PID0", 0xfe0, .reset = (part)}, {"PID1", 0xfe4, .reset = 0xb8},                              \
    {"PID2", 0xfe8, .reset = 0x1b}, {"PID3", 0xfec, .reset = 0x00},                                \
    {"CID0", 0xff0, .reset = 0x0d}, {"CID1", 0xff4, .reset = 0xf0},                                \
    {"CID2", 0xff8, .reset = 0x05}, {"CID3", 0xffc, .reset = 0xb1}

#endif
