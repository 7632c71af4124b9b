#include "devices/net/ether.h"

/* The polynomial's lowest power first, four bits of data at a time. */
static uint32_t crc_of(const uint8_t *data, size_t len)
{
    uint32_t crc = 0xffffffffu, step[16];
    for (uint32_t i = 0; i < 16; i++) {
        step[i] = i;
        for (unsigned k = 0; k < 4; k++)
            step[i] = step[i] >> 1 ^ (step[i] & 1 ? 0xedb88320u : 0);
    }
    for (size_t i = 0; i < len; i++) {
        crc ^= data[i];
        crc = crc >> 4 ^ step[crc & 15];
        crc = crc >> 4 ^ step[crc & 15];
    }
    return crc;
}

uint32_t ether_fcs(const uint8_t *data, size_t len)
{
    return ~crc_of(data, len);
}

/* The register of the manuals has the highest power on top. */
unsigned ether_hash(const uint8_t address[6])
{
    uint32_t crc = crc_of(address, 6);
    unsigned hash = 0;
    for (unsigned i = 0; i < 6; i++)
        hash = hash << 1 | (crc >> i & 1);
    return hash;
}
