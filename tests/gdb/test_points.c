/* The table of breakpoints and watchpoints. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "debug/gdb_agent.h"
#include "debug/gdb_points.h"

Test(points, add_find_remove)
{
    struct gdb_points p = {0};
    struct gdb_point_row gone;
    bool added;
    cr_assert(gdb_points_add(&p, GDB_POINT_SOFTWARE, 0x1000, 4, NULL, &added) && added);
    cr_assert(gdb_points_add(&p, GDB_POINT_SOFTWARE, 0x1000, 4, NULL, &added) && !added);
    cr_assert(gdb_points_add(&p, GDB_POINT_WRITE, 0x2002, 4, NULL, &added) && added);
    cr_assert(gdb_points_add(&p, GDB_POINT_ACCESS, 0xfffffffe, 2, NULL, &added) && added);
    cr_assert(!gdb_points_add(&p, GDB_POINT_SOFTWARE, 0x100000000, 4, NULL, &added));
    cr_assert_eq(p.watch_count, 2);
    cr_assert_eq(p.read_watch_count, 1);
    cr_assert(gdb_points_at(&p, 0x1000) && !gdb_points_at(&p, 0x2002));
    cr_assert(!gdb_points_watch(&p, 0x2001, 1, true));
    cr_assert(gdb_points_watch(&p, 0x2001, 2, true));
    cr_assert(gdb_points_watch(&p, 0x2005, 1, true));
    cr_assert(!gdb_points_watch(&p, 0x2006, 1, true));
    cr_assert(!gdb_points_watch(&p, 0x2002, 4, false));
    cr_assert(gdb_points_watch(&p, 0xffffffff, 1, false));
    cr_assert(!gdb_points_remove(&p, GDB_POINT_HARDWARE, 0x1000, 4, &gone));
    /* A breakpoint is one by its address, a watchpoint by its range. */
    cr_assert(gdb_points_add(&p, GDB_POINT_HARDWARE, 0x3000, 2, NULL, &added) && added);
    cr_assert(gdb_points_add(&p, GDB_POINT_HARDWARE, 0x3000, 4, NULL, &added) && !added);
    cr_assert(gdb_points_remove(&p, GDB_POINT_HARDWARE, 0x3000, 4, &gone) &&
              !gdb_points_at(&p, 0x3000));
    cr_assert(!gdb_points_remove(&p, GDB_POINT_ACCESS, 0xfffffffe, 1, &gone));
    cr_assert(gdb_points_remove(&p, GDB_POINT_ACCESS, 0xfffffffe, 2, &gone));
    cr_assert_eq(gone.kind, GDB_POINT_ACCESS);
    cr_assert_eq(p.read_watch_count, 0);
    gdb_points_free(&p);
    cr_assert_eq(p.count, 0);
}

Test(points, limit)
{
    struct gdb_points p = {0};
    bool added;
    for (unsigned i = 0; i < GDB_POINTS_MAX; i++)
        cr_assert(gdb_points_add(&p, GDB_POINT_SOFTWARE, 4 * i, 4, NULL, &added));
    cr_assert(!gdb_points_add(&p, GDB_POINT_SOFTWARE, 0x80000000, 4,
                              calloc(1, sizeof(struct gdb_point_code)), &added));
    cr_assert(gdb_points_add(&p, GDB_POINT_SOFTWARE, 0, 4, NULL, &added), "it is there already");
    gdb_points_free(&p);
}

static bool no_register(void *opaque, unsigned number, uint64_t *value)
{
    return false;
}

static void note(void *opaque, const char *text, size_t len)
{
    *(unsigned *)opaque += 1;
}

/* Code for a row: conditions that push a byte each, and one command that prints. */
static struct gdb_point_code *code(const char *conditions, unsigned commands)
{
    static const uint8_t command[] = {0x22, 0, 0x22, 0, 0x34, 0, 0, 2, 'x', 0, 0x27};
    struct gdb_point_code *c = calloc(1, sizeof(*c));
    for (; *conditions; conditions++) {
        struct gdb_bytecode *b = &c->list[c->condition_count++];
        const uint8_t bytes[] = {0x22, *conditions == '1', 0x27};
        const uint8_t bad[] = {0x26, 0, 1, 0x27}; /* a register that is not there */
        b->length = *conditions == 'e' ? sizeof(bad) : sizeof(bytes);
        b->bytes = malloc(b->length);
        memcpy(b->bytes, *conditions == 'e' ? bad : bytes, b->length);
    }
    for (unsigned i = 0; i < commands; i++) {
        struct gdb_bytecode *b = &c->list[c->condition_count + c->command_count++];
        b->bytes = malloc(sizeof(command));
        memcpy(b->bytes, command, sizeof(command));
        b->length = sizeof(command);
    }
    return c;
}

Test(points, conditions_and_commands)
{
    static const struct gdb_agent_ops ops = {no_register, NULL, note};
    static const struct {
        const char *conditions;
        unsigned commands;
        bool stops;
        unsigned printed;
    } cases[] = {
        {"", 0, true, 0},  {"0", 0, false, 0},  {"1", 0, true, 0},  {"00", 0, false, 0},
        {"01", 0, true, 0}, {"e", 0, true, 0}, {"", 1, false, 1}, {"0", 1, false, 0},
        {"1", 2, false, 2},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct gdb_points p = {0};
        bool added;
        unsigned printed = 0;
        gdb_points_add(&p, GDB_POINT_SOFTWARE, 0x1000, 4,
                       code(cases[i].conditions, cases[i].commands), &added);
        cr_expect_eq(gdb_point_stops(gdb_points_at(&p, 0x1000), &ops, &printed), cases[i].stops,
                     "%zu", i);
        cr_expect_eq(printed, cases[i].printed, "%zu", i);
        gdb_points_free(&p);
    }
}

Test(points, ranges_that_are_watched)
{
    struct gdb_points p = {0};
    struct gdb_watch_range r[4];
    bool added;
    static const struct {
        enum gdb_point kind;
        uint32_t addr, len;
    } rows[] = {{GDB_POINT_READ, 0x9000, 4},
                {GDB_POINT_SOFTWARE, 0x1000, 4},
                {GDB_POINT_WRITE, 0x100, 8},
                {GDB_POINT_ACCESS, 0x5000, 1},
                {GDB_POINT_WRITE, 0xfffffffc, 4}};
    for (unsigned i = 0; i < 5; i++)
        cr_assert(gdb_points_add(&p, rows[i].kind, rows[i].addr, rows[i].len, NULL, &added));
    cr_assert_eq(gdb_points_watched(&p, r, 4), 4);
    cr_assert(r[0].start == 0x100 && r[0].end == 0x108 && !r[0].read && r[0].write);
    cr_assert(r[1].start == 0x5000 && r[1].end == 0x5001 && r[1].read && r[1].write);
    cr_assert(r[2].start == 0x9000 && r[2].end == 0x9004 && r[2].read && !r[2].write);
    cr_assert(r[3].end == 0x100000000);
    /* One too many: the nearest, 0x100 and 0x200, with what is between them. One inside of another.
     */
    cr_assert(gdb_points_add(&p, GDB_POINT_READ, 0x200, 4, NULL, &added));
    cr_assert_eq(gdb_points_watched(&p, r, 4), 4);
    cr_assert(r[0].start == 0x100 && r[0].end == 0x204 && r[0].read && r[0].write);
    cr_assert_eq(r[1].start, 0x5000);
    cr_assert(gdb_points_add(&p, GDB_POINT_WRITE, 0x4000, 0x2000, NULL, &added));
    cr_assert_eq(gdb_points_watched(&p, r, 4), 4);
    cr_assert(r[1].start == 0x4000 && r[1].end == 0x6000);
    cr_assert_eq(gdb_points_watched(&p, r, 1), 1);
    cr_assert(r[0].start == 0x100 && r[0].end == 0x100000000 && r[0].read && r[0].write);
    gdb_points_free(&p);
    cr_assert_eq(gdb_points_watched(&p, r, 4), 0);
}
