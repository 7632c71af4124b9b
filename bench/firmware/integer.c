/* What integer code of firmware is made of. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels.h"

/* ---- lists: find, reverse, merge sort -------------------------------------------------------- */

struct node {
    struct node *next;
    int16_t key, value;
};

static struct node *merge(struct node *a, struct node *b)
{
    struct node head, *end = &head;
    while (a && b) {
        struct node **less = a->key <= b->key ? &a : &b;
        end = end->next = *less;
        *less = (*less)->next;
    }
    end->next = a ? a : b;
    return head.next;
}

static struct node *list_sort(struct node *l)
{
    struct node *slow = l, *fast = l ? l->next : NULL, *half;
    if (!fast)
        return l;
    while (fast && fast->next) {
        slow = slow->next;
        fast = fast->next->next;
    }
    half = slow->next;
    slow->next = NULL;
    return merge(list_sort(l), list_sort(half));
}

static struct node *list_reverse(struct node *l)
{
    struct node *done = NULL;
    while (l) {
        struct node *next = l->next;
        l->next = done;
        done = l;
        l = next;
    }
    return done;
}

static const struct node *list_find(const struct node *l, int16_t value)
{
    while (l && l->value != value)
        l = l->next;
    return l;
}

static uint32_t lists(uint32_t rounds)
{
    enum { NODES = 200 };
    static struct node nodes[NODES];
    uint32_t sum = 0;
    struct node *l = NULL;
    for (int i = 0; i < NODES; i++) {
        nodes[i] = (struct node){l, (int16_t)next_random(), (int16_t)i};
        l = &nodes[i];
    }
    while (rounds--) {
        for (int16_t v = 0; v < NODES; v += 7) {
            const struct node *n = list_find(l, v);
            sum = sum * 31 + (uint32_t)(n ? n->key : 1);
        }
        l = list_reverse(l);
        for (struct node *n = l; n; n = n->next)
            n->key = (int16_t)(n->key * 5 + n->value);
        l = list_sort(l);
    }
    return sum + (uint32_t)l->key;
}

/* ---- matrices of halfwords ------------------------------------------------------------------- */

static uint32_t matrix(uint32_t rounds)
{
    enum { N = 24 };
    static int16_t a[N][N], b[N][N];
    static int32_t c[N][N];
    uint32_t sum = 0;
    for (int i = 0; i < N * N; i++) {
        a[i / N][i % N] = (int16_t)next_random();
        b[i / N][i % N] = (int16_t)next_random();
    }
    while (rounds--) {
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++) {
                int32_t x = 0;
                for (int k = 0; k < N; k++)
                    x += a[i][k] * b[k][j];
                c[i][j] = x;
            }
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++) {
                a[i][j] = (int16_t)(a[i][j] + (c[i][j] >> 9 & 0x7f));
                sum += (uint32_t)c[i][j];
            }
    }
    return sum;
}

/* ---- a state machine over text --------------------------------------------------------------- */

enum state { START, SIGN, INTEGER, POINT, FRACTION, EXPONENT, POWER, INVALID, STATES };

static enum state next_state(enum state s, char c)
{
    bool digit = c >= '0' && c <= '9';
    switch (s) {
    case START:
        return digit ? INTEGER : c == '+' || c == '-' ? SIGN : c == '.' ? POINT : INVALID;
    case SIGN:
        return digit ? INTEGER : c == '.' ? POINT : INVALID;
    case INTEGER:
        return digit ? INTEGER : c == '.' ? FRACTION : c == 'e' ? EXPONENT : INVALID;
    case POINT:
    case FRACTION:
        return digit ? FRACTION : c == 'e' && s == FRACTION ? EXPONENT : INVALID;
    case EXPONENT:
        return digit || c == '-' || c == '+' ? POWER : INVALID;
    case POWER:
        return digit ? POWER : INVALID;
    default:
        return INVALID;
    }
}

static uint32_t states(uint32_t rounds)
{
    static const char text[] =
        "5012,1234,-874,+122,35.54400,.1234500,-110.700,+0.64400,5.500e+3,-.123e-2,"
        "-87e+832,+0.6e-12,T0.3e-1F,-T.T++Tq,1T3.4e4z,34.0e-T^,";
    uint32_t count[STATES] = {0}, sum = 0;
    while (rounds--) {
        enum state s = START;
        for (const char *p = text; *p; p++) {
            if (*p == ',') {
                count[s]++;
                s = START;
            } else {
                s = next_state(s, *p);
            }
        }
    }
    for (int i = 0; i < STATES; i++)
        sum = sum * 7 + count[i];
    return sum;
}

/* ---- CRC-32 and SHA-256 ---------------------------------------------------------------------- */

static uint32_t crc32(uint32_t rounds)
{
    static uint32_t row[256];
    static uint8_t data[1024];
    uint32_t crc = 0xffffffff;
    for (uint32_t i = 0; i < 256; i++) {
        row[i] = i;
        for (int k = 0; k < 8; k++)
            row[i] = row[i] >> 1 ^ (row[i] & 1 ? 0xedb88320 : 0);
    }
    for (unsigned i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)next_random();
    while (rounds--)
        for (unsigned i = 0; i < sizeof(data); i++)
            crc = crc >> 8 ^ row[(crc ^ data[i]) & 255];
    return ~crc;
}

static uint32_t crc16_bits(uint32_t rounds)
{
    uint16_t crc = 0xffff;
    for (uint32_t i = 0; i < 64 * rounds; i++) {
        uint8_t byte = (uint8_t)(i * 37);
        for (int k = 0; k < 8; k++) {
            bool carry = (crc ^ byte) & 1;
            byte >>= 1;
            crc >>= 1;
            if (carry)
                crc ^= 0xa001;
        }
    }
    return crc;
}

static const uint32_t sha_k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t ror(uint32_t x, int n)
{
    return x >> n | x << (32 - n);
}

static void sha_block(uint32_t h[8], const uint8_t *p)
{
    uint32_t w[64], a[8];
    for (int i = 0; i < 16; i++, p += 4)
        w[i] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    for (int i = 16; i < 64; i++)
        w[i] = w[i - 16] + (ror(w[i - 15], 7) ^ ror(w[i - 15], 18) ^ w[i - 15] >> 3) + w[i - 7] +
               (ror(w[i - 2], 17) ^ ror(w[i - 2], 19) ^ w[i - 2] >> 10);
    memcpy(a, h, sizeof(a));
    for (int i = 0; i < 64; i++) {
        uint32_t t1 = a[7] + (ror(a[4], 6) ^ ror(a[4], 11) ^ ror(a[4], 25)) +
                      ((a[4] & a[5]) ^ (~a[4] & a[6])) + sha_k[i] + w[i];
        uint32_t t2 = (ror(a[0], 2) ^ ror(a[0], 13) ^ ror(a[0], 22)) +
                      ((a[0] & a[1]) ^ (a[0] & a[2]) ^ (a[1] & a[2]));
        memmove(a + 1, a, 7 * sizeof(a[0]));
        a[4] += t1;
        a[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++)
        h[i] += a[i];
}

static uint32_t sha256(uint32_t rounds)
{
    uint32_t h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                     0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    static uint8_t data[64];
    for (unsigned i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)i;
    while (rounds--)
        sha_block(h, data);
    return h[0] ^ h[7];
}

/* ---- sorting --------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

static void heap_sift(int *a, int i, int n)
{
    for (int child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && a[child + 1] > a[child])
            child++;
        if (a[i] >= a[child])
            break;
        int t = a[i];
        a[i] = a[child];
        a[child] = t;
    }
}

static uint32_t sort(uint32_t rounds)
{
    enum { N = 256 };
    static int a[N];
    uint32_t sum = 0;
    while (rounds--) {
        for (int i = 0; i < N; i++)
            a[i] = (int)next_random();
        if (rounds & 1) {
            qsort(a, N, sizeof(a[0]), compare);
        } else {
            for (int i = N / 2 - 1; i >= 0; i--)
                heap_sift(a, i, N);
            for (int n = N - 1; n > 0; n--) {
                int t = a[0];
                a[0] = a[n];
                a[n] = t;
                heap_sift(a, 0, n);
            }
        }
        for (int i = 0; i < N; i++)
            sum = sum * 3 + (uint32_t)a[i];
    }
    return sum;
}

/* ---- strings and records --------------------------------------------------------------------- */

struct record {
    struct record *other;
    int kind, number;
    char name[31];
};

static int __attribute__((noinline)) same_letter(char a, char b)
{
    return a == b;
}

static uint32_t strings(uint32_t rounds)
{
    static struct record one, two;
    char text[64];
    uint32_t sum = 0;
    one = (struct record){&two, 1, 40, "ANY PROGRAM, SOME STRING"};
    for (uint32_t i = 0; i < rounds; i++) {
        strcpy(text, "ANY PROGRAM, 2'ND STRING");
        if (strcmp(one.name, text) > 0)
            one.number++;
        two = one;
        two.number += (int)i;
        strcat(text, two.name);
        for (char *p = text; *p; p++)
            sum += (uint32_t)same_letter(*p, 'A' + (char)(i & 15));
        sum += strlen(text) + (strchr(text, '2') - text) + (uint32_t)two.number;
        memmove(text + 3, text, 40);
        sum += (uint32_t)(unsigned char)text[i & 31];
    }
    return sum;
}

static uint32_t formats(uint32_t rounds)
{
    char text[96];
    uint32_t sum = 0;
    for (uint32_t i = 0; i < rounds; i++) {
        snprintf(text, sizeof(text), "%d: %s=%08lx %5u|%-6d|%c", (int)i, "value",
                 (unsigned long)(i * 2654435761u), (unsigned)(i % 1000), -(int)i,
                 'a' + (char)(i % 26));
        for (const char *p = text; *p; p++)
            sum = sum * 33 + (unsigned char)*p;
    }
    return sum;
}

/* ---- an interpreter of bytes ----------------------------------------------------------------- */

static uint32_t bytecode(uint32_t rounds)
{
    /* acc = 0; r0 = 50; do { acc = acc * 3 + r0 ^ 5; } while (--r0) */
    static const uint8_t program[] = {0, 0, 1, 50, 2, 3, 3, 0, 4, 5, 5, 4, 6};
    uint32_t acc = 0, r0 = 0, sum = 0;
    for (uint32_t i = 0; i < rounds; i++) {
        for (const uint8_t *p = program; *p != 6;) {
            switch (*p++) {
            case 0: acc = *p++; break;
            case 1: r0 = *p++; break;
            case 2: acc *= *p++; break;
            case 3: acc += r0 + *p++; break;
            case 4: acc ^= *p++; break;
            case 5: p = --r0 ? program + *p : p + 1; break;
            }
        }
        sum += acc;
    }
    return sum;
}

const struct kernel integer_kernels[] = {
    {"lists", lists, 24000},       {"matrix", matrix, 40000},   {"state", states, 1200000},
    {"crc32", crc32, 200000},     {"crc16", crc16_bits, 450000}, {"sha256", sha256, 300000},
    {"sort", sort, 30000},        {"strings", strings, 600000}, {"printf", formats, 300000},
    {"bytecode", bytecode, 250000}, {0},
};
