/*
 * GDB's File-I/O: what a program asks of its host by semihosting, the debugger does. The target
 * stops, an F packet takes the place of the stop reply, GDB reads and writes memory for it, and the
 * target goes on with the answer.
 */
#include <string.h>

#include "debug/gdb_internal.h"
#include "semihosting/semihosting.h"

void gdb_file_io_ask(struct gdb_stub *g, const struct gdb_stop *stop)
{
    g->request = stop->request;
    g->request_thread = stop->thread;
    g->request_interrupt = false;
    gdb_reply(g, "F%s", g->request->text);
    gdb_reply_send(g);
}

/* The part of a request's scratch memory that the debugger means; NULL: it means the program's. */
static uint8_t *scratch(struct gdb_stub *g, uint64_t addr, uint32_t len)
{
    uint64_t offset = addr - SEMIHOSTING_SCRATCH;
    if (!g->request || addr < SEMIHOSTING_SCRATCH || offset > SEMIHOSTING_SCRATCH_SIZE ||
        len > SEMIHOSTING_SCRATCH_SIZE - offset)
        return NULL;
    return g->request->scratch + offset;
}

bool gdb_memory_read(struct gdb_stub *g, uint64_t addr, void *buf, uint32_t len)
{
    const uint8_t *from = scratch(g, addr, len);
    if (!from)
        return g->target->read_memory(g->opaque, g->request ? g->request_thread : g->general_thread,
                                      g->physical && !g->request, addr, buf, len);
    memcpy(buf, from, len);
    return true;
}

bool gdb_memory_write(struct gdb_stub *g, uint64_t addr, const void *buf, uint32_t len)
{
    uint8_t *to = scratch(g, addr, len);
    if (!to)
        return g->target->write_memory(g->opaque,
                                       g->request ? g->request_thread : g->general_thread,
                                       g->physical && !g->request, addr, buf, len);
    memcpy(to, buf, len);
    return true;
}

/* "RESULT[,ERROR[,C]]", RESULT with a sign. */
static bool take_answer(char *p, struct semihosting_request *r, bool *interrupt)
{
    uint64_t result, error = 0;
    bool negative = gdb_take_char(&p, '-');
    if (!gdb_take_hex(&p, &result) || result > INT64_MAX)
        return false;
    if (gdb_take_char(&p, ',')) {
        gdb_take_hex(&p, &error);
        *interrupt = gdb_take_char(&p, ',') && gdb_take_char(&p, 'C');
    }
    r->result = negative ? -(int64_t)result : (int64_t)result;
    r->error = (uint32_t)error;
    return !*p;
}

static void run_F(struct gdb_stub *g, char *args, size_t len)
{
    const struct gdb_stop stop = {.kind = GDB_STOP_INTERRUPT, .thread = g->request_thread};
    struct semihosting_request *r = g->request;
    bool interrupt = g->request_interrupt;
    if (!r || !take_answer(args, r, &interrupt)) {
        gdb_reply_error(g, GDB_EINVAL);
        return;
    }
    r->answered = true;
    g->silent = true;
    if (!interrupt) {
        gdb_go_on(g);
        return;
    }
    g->request = NULL; /* stopped before the call, which takes the answer when it goes on */
    g->running = true;
    gdb_stub_stopped(g, &stop);
}

const struct gdb_command gdb_file_io_commands[] = {
    {"F", true, run_F},
    {0},
};
