/* Agent expressions: what GDB's manual says of each operation, and code that nobody sane would
 * send. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debug/gdb_agent.h"

static const uint8_t memory[] = {0x78, 0x56, 0x34, 0x92, 'g', 'd', 'b', 0};
enum { BASE = 0x1000 };

struct printed {
    char text[GDB_AGENT_TEXT + 1];
    size_t length;
};

static bool read_register(void *opaque, unsigned number, uint64_t *value)
{
    *value = number * 100;
    return number < 16;
}

static bool read_memory(void *opaque, uint64_t addr, void *buf, uint32_t len)
{
    if (addr < BASE || addr - BASE + len > sizeof(memory))
        return false;
    memcpy(buf, memory + (addr - BASE), len);
    return true;
}

static void print(void *opaque, const char *text, size_t len)
{
    struct printed *p = opaque;
    cr_assert_leq(p->length + len, sizeof(p->text));
    memcpy(p->text + p->length, text, len);
    p->length += len;
}

static const struct gdb_agent_ops ops = {read_register, read_memory, print};

static enum gdb_agent_result run(const char *hex, uint64_t *value, struct printed *out)
{
    uint8_t code[256];
    size_t n = 0;
    for (const char *p = hex; *p; p++) {
        unsigned byte;
        if (*p == ' ')
            continue;
        cr_assert_eq(sscanf(p, "%2x", &byte), 1);
        code[n++] = (uint8_t)byte;
        p++;
    }
    /* Exactly as long as it is, so that reads behind it are found. */
    uint8_t *copy = malloc(n ? n : 1);
    memcpy(copy, code, n);
    enum gdb_agent_result r = gdb_agent_run(copy, n, &ops, out, value);
    free(copy);
    return r;
}

Test(agent, operations)
{
    static const struct {
        const char *code;
        uint64_t value;
    } cases[] = {
        {"22 05 22 03 02 27", 8},
        {"22 05 22 03 03 27", 2},
        {"22 03 22 05 03 27", (uint64_t)-2},
        {"22 05 22 03 04 27", 15},
        {"22 f9 16 08 22 02 05 27", (uint64_t)-3},           /* -7 / 2, signed */
        {"22 07 22 02 06 27", 3},
        {"22 f9 16 08 22 02 07 27", (uint64_t)-1},           /* -7 % 2 */
        {"22 07 22 04 08 27", 3},
        {"25 80 00 00 00 00 00 00 00 22 ff 16 08 05 27", 0x8000000000000000}, /* min / -1 */
        {"25 80 00 00 00 00 00 00 00 22 ff 16 08 07 27", 0},
        {"22 01 22 04 09 27", 16},
        {"22 01 22 40 09 27", 0},                            /* shift by 64 */
        {"22 80 16 08 22 04 0a 27", (uint64_t)-8},
        {"22 80 16 08 22 c8 0a 27", (uint64_t)-1},
        {"22 80 22 04 0b 27", 8},
        {"22 00 0e 27", 1},
        {"22 07 0e 27", 0},
        {"22 0c 22 0a 0f 27", 8},
        {"22 0c 22 0a 10 27", 14},
        {"22 0c 22 0a 11 27", 6},
        {"22 00 12 27", UINT64_MAX},
        {"22 05 22 05 13 27", 1},
        {"22 ff 16 08 22 01 14 27", 1},
        {"22 ff 16 08 22 01 15 27", 0},
        {"23 10 00 17 27", 0x78},
        {"23 10 00 18 27", 0x5678},
        {"23 10 00 19 27", 0x92345678},
        {"23 10 00 19 16 20 27", 0xffffffff92345678},
        {"23 10 00 1a 27", 0x0062646792345678},
        {"24 12 34 56 78 27", 0x12345678},
        {"25 01 02 03 04 05 06 07 08 27", 0x0102030405060708},
        {"26 00 03 27", 300},
        {"22 01 22 02 2b 27", 1},                            /* swap */
        {"22 01 22 02 29 27", 1},                            /* pop */
        {"22 07 28 04 27", 49},                              /* dup */
        {"23 12 34 2a 08 27", 0x34},
        {"22 01 22 02 22 03 32 02 27", 1},                   /* pick */
        {"22 01 22 02 22 03 33 27", 2},                      /* rot: c a b */
        {"22 01 22 02 22 03 33 29 27", 1},
        {"22 01 22 02 22 03 33 29 29 27", 3},
        {"22 01 20 00 08 22 63 27 22 2a 27", 42},            /* if_goto taken: code from offset 8 */
        {"22 00 20 00 08 22 63 27 22 2a 27", 0x63},
        {"21 00 05 22 63 22 2a 27", 42},                     /* goto */
        {"27", 0},
        /* What GDB 13 makes of "i == 7" with i at fp - 12. */
        {"26 00 0b 22 04 02 22 f4 16 08 02 29 22 07 22 07 13 27", 1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t value = 0xdead;
        struct printed out = {.length = 0};
        cr_expect_eq(run(cases[i].code, &value, &out), GDB_AGENT_OK, "%s", cases[i].code);
        cr_expect_eq(value, cases[i].value, "%s: %llx", cases[i].code, (unsigned long long)value);
    }
}

Test(agent, errors)
{
    static const struct {
        const char *code;
        enum gdb_agent_result result;
    } cases[] = {
        {"", GDB_AGENT_BAD_CODE},
        {"22", GDB_AGENT_BAD_CODE},
        {"22 01", GDB_AGENT_BAD_CODE}, /* no end */
        {"25 01 02 03", GDB_AGENT_BAD_CODE},
        {"ff", GDB_AGENT_BAD_CODE},
        {"01 27", GDB_AGENT_BAD_CODE}, /* float */
        {"0c 27", GDB_AGENT_BAD_CODE}, /* trace */
        {"21 ff ff", GDB_AGENT_BAD_CODE},
        {"21 00 00", GDB_AGENT_TOO_LONG},
        {"22 01 21 00 00", GDB_AGENT_STACK_ERROR}, /* fills it */
        {"02 27", GDB_AGENT_STACK_ERROR},
        {"22 01 02 27", GDB_AGENT_STACK_ERROR},
        {"28 27", GDB_AGENT_STACK_ERROR},
        {"29 27", GDB_AGENT_STACK_ERROR},
        {"22 01 32 01 27", GDB_AGENT_STACK_ERROR},
        {"22 01 22 02 33 27", GDB_AGENT_STACK_ERROR},
        {"22 01 22 00 05 27", GDB_AGENT_DIVISION},
        {"22 01 22 00 08 27", GDB_AGENT_DIVISION},
        {"22 00 19 27", GDB_AGENT_ACCESS},
        {"26 00 10 27", GDB_AGENT_ACCESS},
        {"34 27", GDB_AGENT_STACK_ERROR},
        {"22 00 22 00 34", GDB_AGENT_BAD_CODE},
        {"22 00 22 00 34 00 ff ff 61 27", GDB_AGENT_BAD_CODE},
        {"22 00 22 00 34 01 00 02 25 00 27", GDB_AGENT_STACK_ERROR},
        {"22 00 22 00 34 00 00 03 25 64 00 27", GDB_AGENT_BAD_CODE}, /* "%d" without argument */
        {"22 00 22 00 22 00 34 01 00 03 25 6e 00 27", GDB_AGENT_BAD_CODE}, /* "%n" */
        {"22 00 22 00 22 00 34 01 00 03 25 73 00 27", GDB_AGENT_BAD_CODE}, /* "%s" of nothing */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t value;
        struct printed out = {.length = 0};
        cr_expect_eq(run(cases[i].code, &value, &out), cases[i].result, "%s", cases[i].code);
    }
}

/* The code of a printf of @format with the arguments -2, 0x1004 (memory: "gdb") and 65. */
static struct printed printed_by(const char *format)
{
    uint8_t code[256] = {0x22, 65,   0x23, 0x10, 0x04, 0x22, 0xfe, 0x16,
                         8,    0x22, 0,    0x22, 0,    0x34, 3,    0};
    size_t length = strlen(format) + 1, n = 16;
    struct printed out = {.length = 0};
    uint64_t value;
    code[n++] = (uint8_t)length;
    memcpy(code + n, format, length);
    code[n + length] = 0x27;
    cr_assert_eq(gdb_agent_run(code, n + length + 1, &ops, &out, &value), GDB_AGENT_OK, "%s",
                 format);
    return out;
}

Test(agent, printf)
{
    static const char *const cases[][2] = {
        {"%d %s %c", "-2 gdb A"},
        {"%u", "4294967294"},
        {"%lld", "-2"},
        {"%08x|%s|%5d", "fffffffe|gdb|   65"},
        {"%hx %s %#o", "fffffffe gdb 0101"},
        {"100%% \\n\\t\\101\\\\", "100% \n\tA\\"},
        {"%p", "0xfffffffe"},
        {"\\", ""},
        {"plain", "plain"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct printed out = printed_by(cases[i][0]);
        cr_expect_eq(out.length, strlen(cases[i][1]), "%s", cases[i][0]);
        cr_expect_arr_eq(out.text, cases[i][1], strlen(cases[i][1]));
    }
}

/* Random code: the sanitizers look on; each run ends. */
Test(agent, random_code)
{
    uint64_t seed = 0x9e3779b97f4a7c15;
    for (unsigned round = 0; round < 200000; round++) {
        uint8_t code[48];
        struct printed out = {.length = 0};
        uint64_t value;
        size_t n = 1 + round % sizeof(code);
        for (size_t i = 0; i < n; i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            code[i] = (uint8_t)(seed >> 56);
            if (seed >> 55 & 1) /* mostly operations that exist */
                code[i] %= 0x35;
        }
        uint8_t *copy = malloc(n);
        memcpy(copy, code, n);
        const struct gdb_agent_ops quiet = {read_register, read_memory, NULL};
        enum gdb_agent_result r = gdb_agent_run(copy, n, &quiet, &out, &value);
        cr_assert_leq(r, GDB_AGENT_TOO_LONG);
        free(copy);
    }
}
