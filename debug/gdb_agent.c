#include "debug/gdb_agent.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct machine {
    const uint8_t *code;
    size_t length, pc;
    const struct gdb_agent_ops *ops;
    void *opaque;
    uint64_t stack[GDB_AGENT_STACK];
    unsigned depth;
    uint64_t operand; /* that follows the operation in the code */
    bool ended;
};

typedef enum gdb_agent_result op_fn(struct machine *m, unsigned argument);

/* ---- helpers --------------------------------------------------------------------------------- */

static enum gdb_agent_result push(struct machine *m, uint64_t value)
{
    if (m->depth == GDB_AGENT_STACK)
        return GDB_AGENT_STACK_ERROR;
    m->stack[m->depth++] = value;
    return GDB_AGENT_OK;
}

/* The rows say how many values an operation takes: these are there. */
static uint64_t pop(struct machine *m)
{
    return m->stack[--m->depth];
}

static uint64_t extend(uint64_t value, unsigned bits, bool sign)
{
    if (!bits || bits >= 64)
        return value;
    uint64_t low = value & ((UINT64_C(1) << bits) - 1);
    return sign && low >> (bits - 1) ? low | ~UINT64_C(0) << bits : low;
}

/* ---- operations ------------------------------------------------------------------------------ */

enum binary { ADD, SUB, MUL, LSH, RSH_SIGNED, RSH_UNSIGNED, AND, OR, XOR, EQUAL, LESS_SIGNED,
              LESS_UNSIGNED };

static uint64_t shift_right(uint64_t a, uint64_t b, bool sign)
{
    bool negative = sign && (int64_t)a < 0;
    if (b >= 64)
        return negative ? ~UINT64_C(0) : 0;
    return a >> b | (negative && b ? ~UINT64_C(0) << (64 - b) : 0);
}

static enum gdb_agent_result op_binary(struct machine *m, unsigned which)
{
    uint64_t b = pop(m), a = pop(m), r = 0;
    switch ((enum binary)which) {
    case ADD: r = a + b; break;
    case SUB: r = a - b; break;
    case MUL: r = a * b; break;
    case LSH: r = b < 64 ? a << b : 0; break;
    case RSH_SIGNED: r = shift_right(a, b, true); break;
    case RSH_UNSIGNED: r = shift_right(a, b, false); break;
    case AND: r = a & b; break;
    case OR: r = a | b; break;
    case XOR: r = a ^ b; break;
    case EQUAL: r = a == b; break;
    case LESS_SIGNED: r = (int64_t)a < (int64_t)b; break;
    case LESS_UNSIGNED: r = a < b; break;
    }
    return push(m, r);
}

enum { DIV_SIGNED, DIV_UNSIGNED, REM_SIGNED, REM_UNSIGNED };

static enum gdb_agent_result op_divide(struct machine *m, unsigned which)
{
    uint64_t b = pop(m), a = pop(m);
    bool rest = which >= REM_SIGNED;
    if (!b)
        return GDB_AGENT_DIVISION;
    if (which == DIV_UNSIGNED || which == REM_UNSIGNED)
        return push(m, rest ? a % b : a / b);
    if (b == UINT64_MAX) /* the quotient of the smallest number does not exist */
        return push(m, rest ? 0 : 0 - a);
    return push(m, (uint64_t)(rest ? (int64_t)a % (int64_t)b : (int64_t)a / (int64_t)b));
}

static enum gdb_agent_result op_log_not(struct machine *m, unsigned argument)
{
    return push(m, !pop(m));
}

static enum gdb_agent_result op_bit_not(struct machine *m, unsigned argument)
{
    return push(m, ~pop(m));
}

static enum gdb_agent_result op_extend(struct machine *m, unsigned sign)
{
    return push(m, extend(pop(m), (unsigned)m->operand, sign));
}

static enum gdb_agent_result op_ref(struct machine *m, unsigned bytes)
{
    uint64_t value = 0;
    if (!m->ops->read_memory(m->opaque, (uint32_t)pop(m), &value, bytes))
        return GDB_AGENT_ACCESS;
    return push(m, value); /* little-endian, as the host */
}

static enum gdb_agent_result op_const(struct machine *m, unsigned argument)
{
    return push(m, m->operand);
}

static enum gdb_agent_result op_reg(struct machine *m, unsigned argument)
{
    uint64_t value;
    if (!m->ops->read_register(m->opaque, (unsigned)m->operand, &value))
        return GDB_AGENT_ACCESS;
    return push(m, value);
}

static enum gdb_agent_result op_goto(struct machine *m, unsigned conditional)
{
    if (conditional && !pop(m))
        return GDB_AGENT_OK;
    m->pc = (size_t)m->operand; /* looked at before the next operation */
    return GDB_AGENT_OK;
}

static enum gdb_agent_result op_end(struct machine *m, unsigned argument)
{
    m->ended = true;
    return GDB_AGENT_OK;
}

static enum gdb_agent_result op_dup(struct machine *m, unsigned argument)
{
    return push(m, m->stack[m->depth - 1]);
}

static enum gdb_agent_result op_pop(struct machine *m, unsigned argument)
{
    pop(m);
    return GDB_AGENT_OK;
}

static enum gdb_agent_result op_swap(struct machine *m, unsigned argument)
{
    uint64_t b = pop(m), a = pop(m);
    push(m, b);
    return push(m, a);
}

/* a b c => c a b: the manual's order, top last. */
static enum gdb_agent_result op_rot(struct machine *m, unsigned argument)
{
    uint64_t c = pop(m), b = pop(m), a = pop(m);
    push(m, c);
    push(m, a);
    return push(m, b);
}

static enum gdb_agent_result op_pick(struct machine *m, unsigned argument)
{
    if (m->operand >= m->depth)
        return GDB_AGENT_STACK_ERROR;
    return push(m, m->stack[m->depth - 1 - m->operand]);
}

/* ---- printf ---------------------------------------------------------------------------------- */

struct text {
    char bytes[GDB_AGENT_TEXT];
    size_t length;
};

static void text_add(struct text *t, const char *bytes, size_t n)
{
    size_t room = sizeof(t->bytes) - t->length;
    n = n < room ? n : room;
    memcpy(t->bytes + t->length, bytes, n);
    t->length += n;
}

static bool add_string(struct machine *m, struct text *t, uint64_t addr)
{
    enum { LONGEST = 256 };
    for (unsigned i = 0; i < LONGEST; i++) {
        char c;
        if (!m->ops->read_memory(m->opaque, (uint32_t)(addr + i), &c, 1))
            return false;
        if (!c)
            break;
        text_add(t, &c, 1);
    }
    return true;
}

/* One conversion: flags, width and precision as they are (without '*'), lengths dropped. Returns
 * what follows it; NULL when it is none that is known. */
static const char *add_conversion(struct machine *m, struct text *t, const char *p, const char *end,
                                  uint64_t value)
{
    char spec[24] = "%", out[128];
    size_t n = 1;
    bool wide = false;
    while (p < end && strchr("-+ #0123456789.", *p) && *p && n < 12)
        spec[n++] = *p++;
    for (; p < end && *p && strchr("hlLqjzt", *p); p++)
        wide = wide || (*p == 'l' && p + 1 < end && p[1] == 'l') || *p == 'j' || *p == 'q';
    if (p == end)
        return NULL;
    char kind = *p++;
    bool sign = kind == 'd' || kind == 'i';
    if (kind == 's')
        return add_string(m, t, value) ? p : NULL;
    if (kind == 'c') {
        char c = (char)value;
        text_add(t, &c, 1);
        return p;
    }
    if (kind == 'p') {
        snprintf(out, sizeof(out), "0x%" PRIx32, (uint32_t)value);
    } else if (kind && strchr("diouxX", kind)) {
        snprintf(spec + n, sizeof(spec) - n, "ll%c", kind);
        value = extend(value, wide ? 64 : 32, sign);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(out, sizeof(out), spec, (unsigned long long)value);
#pragma GCC diagnostic pop
    } else {
        return NULL;
    }
    text_add(t, out, strlen(out));
    return p;
}

/* "\\n" and the like, which GDB leaves in the format. Returns what follows. */
static const char *add_escape(struct text *t, const char *p, const char *end)
{
    static const char from[] = "abefnrtv", to[] = "\a\b\033\f\n\r\t\v";
    const char *known = p < end ? strchr(from, *p) : NULL;
    unsigned value = 0, digits = 0;
    char c;
    if (p == end)
        return p;
    for (; digits < 3 && p + digits < end && p[digits] >= '0' && p[digits] <= '7'; digits++)
        value = value * 8 + (unsigned)(p[digits] - '0');
    c = digits ? (char)value : known ? to[known - from] : *p;
    text_add(t, &c, 1);
    return p + (digits ? digits : 1);
}

/* Operands in the code: the number of arguments, two bytes of length, the format. On the stack,
 * from the top: function, channel (both of no meaning here), arguments from the first on. */
static enum gdb_agent_result op_printf(struct machine *m, unsigned argument)
{
    struct text t = {.length = 0};
    if (m->length - m->pc < 3)
        return GDB_AGENT_BAD_CODE;
    unsigned count = m->code[m->pc], used = 0;
    size_t length = (size_t)m->code[m->pc + 1] << 8 | m->code[m->pc + 2];
    m->pc += 3;
    if (m->length - m->pc < length || !m->ops->print)
        return GDB_AGENT_BAD_CODE;
    if (m->depth < count + 2)
        return GDB_AGENT_STACK_ERROR;
    const char *p = (const char *)m->code + m->pc, *end = p + strnlen(p, length);
    m->pc += length;
    m->depth -= 2;
    while (p && p < end) {
        if (*p == '\\') {
            p = add_escape(&t, p + 1, end);
        } else if (*p != '%') {
            text_add(&t, p++, 1);
        } else if (p + 1 < end && p[1] == '%') {
            text_add(&t, "%", 1);
            p += 2;
        } else {
            p = used < count ? add_conversion(m, &t, p + 1, end, m->stack[m->depth - 1 - used])
                             : NULL;
            used++;
        }
    }
    m->depth -= count;
    if (!p)
        return GDB_AGENT_BAD_CODE;
    m->ops->print(m->opaque, t.bytes, t.length);
    return GDB_AGENT_OK;
}

/* ---- the table ------------------------------------------------------------------------------- */

static const struct op {
    op_fn *run; /* NULL: there is no such operation, or floats and tracing, which are not done */
    uint8_t argument; /* of run */
    uint8_t operand;  /* bytes behind it in the code */
    uint8_t takes;    /* values on the stack */
} table[256] = {
    [0x02] = {op_binary, ADD, 0, 2},
    [0x03] = {op_binary, SUB, 0, 2},
    [0x04] = {op_binary, MUL, 0, 2},
    [0x05] = {op_divide, DIV_SIGNED, 0, 2},
    [0x06] = {op_divide, DIV_UNSIGNED, 0, 2},
    [0x07] = {op_divide, REM_SIGNED, 0, 2},
    [0x08] = {op_divide, REM_UNSIGNED, 0, 2},
    [0x09] = {op_binary, LSH, 0, 2},
    [0x0a] = {op_binary, RSH_SIGNED, 0, 2},
    [0x0b] = {op_binary, RSH_UNSIGNED, 0, 2},
    [0x0e] = {op_log_not, 0, 0, 1},
    [0x0f] = {op_binary, AND, 0, 2},
    [0x10] = {op_binary, OR, 0, 2},
    [0x11] = {op_binary, XOR, 0, 2},
    [0x12] = {op_bit_not, 0, 0, 1},
    [0x13] = {op_binary, EQUAL, 0, 2},
    [0x14] = {op_binary, LESS_SIGNED, 0, 2},
    [0x15] = {op_binary, LESS_UNSIGNED, 0, 2},
    [0x16] = {op_extend, true, 1, 1},
    [0x17] = {op_ref, 1, 0, 1},
    [0x18] = {op_ref, 2, 0, 1},
    [0x19] = {op_ref, 4, 0, 1},
    [0x1a] = {op_ref, 8, 0, 1},
    [0x20] = {op_goto, true, 2, 1},
    [0x21] = {op_goto, false, 2, 0},
    [0x22] = {op_const, 0, 1, 0},
    [0x23] = {op_const, 0, 2, 0},
    [0x24] = {op_const, 0, 4, 0},
    [0x25] = {op_const, 0, 8, 0},
    [0x26] = {op_reg, 0, 2, 0},
    [0x27] = {op_end, 0, 0, 0},
    [0x28] = {op_dup, 0, 0, 1},
    [0x29] = {op_pop, 0, 0, 1},
    [0x2a] = {op_extend, false, 1, 1},
    [0x2b] = {op_swap, 0, 0, 2},
    [0x32] = {op_pick, 0, 1, 0},
    [0x33] = {op_rot, 0, 0, 3},
    [0x34] = {op_printf, 0, 0, 2},
};

static enum gdb_agent_result step(struct machine *m)
{
    if (m->pc >= m->length)
        return GDB_AGENT_BAD_CODE;
    const struct op *op = &table[m->code[m->pc++]];
    if (!op->run || m->length - m->pc < op->operand)
        return GDB_AGENT_BAD_CODE;
    m->operand = 0;
    for (unsigned i = 0; i < op->operand; i++)
        m->operand = m->operand << 8 | m->code[m->pc++];
    if (m->depth < op->takes)
        return GDB_AGENT_STACK_ERROR;
    return op->run(m, op->argument);
}

enum gdb_agent_result gdb_agent_run(const uint8_t *code, size_t len,
                                    const struct gdb_agent_ops *ops, void *opaque, uint64_t *value)
{
    struct machine m = {.code = code, .length = len, .ops = ops, .opaque = opaque};
    *value = 0;
    for (unsigned n = 0; !m.ended; n++) {
        enum gdb_agent_result r = n < GDB_AGENT_STEPS ? step(&m) : GDB_AGENT_TOO_LONG;
        if (r != GDB_AGENT_OK)
            return r;
    }
    *value = m.depth ? m.stack[m.depth - 1] : 0;
    return GDB_AGENT_OK;
}
