#include "util/hash.h"

#include <string.h>

/* Four lanes, so that multiplications overlap. Odd constants with bits spread evenly. */
static const uint64_t odd[4] = {0x9e3779b97f4a7c15, 0xc2b2ae3d27d4eb4f, 0xd6e8feb86659fd93,
                                0xa0761d6478bd642f};

static uint64_t mix(uint64_t v)
{
    v = (v ^ v >> 32) * odd[0];
    v = (v ^ v >> 29) * odd[1];
    return v ^ v >> 32;
}

/* The low half of a product depends on the low bits alone: fold the high ones in. */
static uint64_t step(uint64_t lane, uint64_t word, uint64_t factor)
{
    __uint128_t product = (__uint128_t)(lane ^ word) * factor;
    return (uint64_t)product ^ (uint64_t)(product >> 64) ^ word;
}

struct hash128 hash128(const void *data, size_t size)
{
    uint64_t lane[4] = {odd[0] ^ size, odd[1], odd[2], odd[3]}, word[4];
    const uint8_t *p = data;
    size_t left = size;
    for (; left >= sizeof(word); left -= sizeof(word), p += sizeof(word)) {
        memcpy(word, p, sizeof(word));
        for (unsigned i = 0; i < 4; i++)
            lane[i] = step(lane[i], word[i], odd[i]);
    }
    memset(word, 0, sizeof(word));
    if (left) /* of nothing, @data may be NULL */
        memcpy(word, p, left);
    for (unsigned i = 0; i < 4; i++)
        lane[i] = mix(step(lane[i], word[i], odd[i]));
    return (struct hash128){mix(lane[0] + 3 * lane[1] + 5 * lane[2] + 7 * lane[3]),
                            mix(lane[3] + 3 * lane[2] + 5 * lane[1] + 7 * lane[0])};
}
