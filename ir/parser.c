#include <ctype.h>
#include <string.h>
#include <stdlib.h>

#include "ir/fold.h"
#include "ir/text.h"

enum { NAME_MAX_LENGTH = 63, VALUES_MAX = 1 << 16 };

struct parser {
    struct ir_block *b;
    const char *p; /* next character */
    unsigned line;
    int32_t *value; /* name in the text -> name in the block, IR_NONE where not defined */
    struct error *e;
};

static bool fail(struct parser *s, const char *what)
{
    return error_set(s->e, "line %u: %s", s->line, what);
}

/* ---- words ----------------------------------------------------------------------------------- */

static void skip_blanks(struct parser *s)
{
    while (*s->p == ' ' || *s->p == '\t' || *s->p == '\r')
        s->p++;
    if (*s->p == ';')
        while (*s->p && *s->p != '\n')
            s->p++;
}

static bool at_end(struct parser *s)
{
    skip_blanks(s);
    return *s->p == '\n' || !*s->p;
}

static bool accept(struct parser *s, char c)
{
    skip_blanks(s);
    if (*s->p != c)
        return false;
    s->p++;
    return true;
}

/* A name of letters, digits, `_` and `?`, cut where it is too long to be one of ours. */
static bool read_name(struct parser *s, char name[NAME_MAX_LENGTH + 1])
{
    unsigned n = 0;
    skip_blanks(s);
    for (; isalnum((unsigned char)*s->p) || *s->p == '_'; s->p++)
        if (n < NAME_MAX_LENGTH)
            name[n++] = *s->p;
    name[n] = 0;
    return n || fail(s, "a name is missing");
}

static bool accept_name(struct parser *s, const char *name)
{
    skip_blanks(s);
    size_t n = strlen(name);
    if (strncmp(s->p, name, n) || isalnum((unsigned char)s->p[n]) || s->p[n] == '_')
        return false;
    s->p += n;
    return true;
}

static bool read_number(struct parser *s, uint64_t *v)
{
    skip_blanks(s);
    bool negative = accept(s, '-');
    if (!isdigit((unsigned char)*s->p))
        return fail(s, "a number is missing");
    char *end;
    *v = strtoull(s->p, &end, 0);
    if (negative)
        *v = -*v;
    s->p = end;
    return true;
}

static bool read_number32(struct parser *s, uint32_t *v)
{
    uint64_t wide = 0;
    if (!read_number(s, &wide))
        return false;
    *v = (uint32_t)wide;
    return wide == *v || fail(s, "the number is too large");
}

/* A number of at most @max, with a prefix directly before it (`L3`, `b16`). */
static bool read_prefixed(struct parser *s, const char *prefix, uint64_t max, uint64_t *v)
{
    skip_blanks(s);
    size_t n = strlen(prefix);
    if (strncmp(s->p, prefix, n) || !isdigit((unsigned char)s->p[n]))
        return error_set(s->e, "line %u: %sNUMBER is missing", s->line, prefix);
    s->p += n;
    return read_number(s, v) && (*v <= max || fail(s, "the number is too large"));
}

static int find_name(const char *const *names, const char *name)
{
    for (int i = 0; names[i]; i++)
        if (!strcmp(names[i], name))
            return i;
    return -1;
}

static bool read_log2(struct parser *s, const char *prefix, unsigned unit, unsigned max,
                      uint64_t *log2)
{
    uint64_t v;
    if (!read_prefixed(s, prefix, unit << max, &v))
        return false;
    for (*log2 = 0; *log2 <= max; ++*log2)
        if (v == (uint64_t)unit << *log2)
            return true;
    return fail(s, "not a power of two in range");
}

/* ---- operands -------------------------------------------------------------------------------- */

typedef bool parse_fn(struct parser *s, struct ir_op *op);

static bool read_value(struct parser *s, int32_t *v)
{
    uint64_t name;
    if (!read_prefixed(s, "%", VALUES_MAX - 1, &name))
        return false;
    *v = s->value[name];
    return *v != IR_NONE ||
           error_set(s->e, "line %u: %%%u is not defined", s->line, (unsigned)name);
}

static bool parse_args(struct parser *s, struct ir_op *op)
{
    bool call = op->opcode == IR_OP_call;
    for (unsigned i = 0; i < ir_op_info[op->opcode].nargs; i++) {
        if (call && at_end(s))
            break;
        /* the comma before the first argument of a call was the caller's */
        if (i && !accept(s, ','))
            return fail(s, "an argument is missing");
        if (call && accept(s, '_'))
            continue;
        if (!read_value(s, &op->arg[i]))
            return false;
        if (call && at_end(s))
            break;
    }
    return true;
}

static bool parse_imm(struct parser *s, struct ir_op *op)
{
    return read_number(s, &op->imm);
}

static bool parse_slot(struct parser *s, struct ir_op *op)
{
    char name[NAME_MAX_LENGTH + 1];
    const struct ir_target *t = s->b->target;
    if (!read_name(s, name))
        return false;
    for (op->imm = 0; op->imm < t->slot_count; op->imm++) {
        if (!strcmp(t->slots[op->imm].name, name)) {
            op->type = (uint8_t)ir_slot_value_type(&t->slots[op->imm]);
            return true;
        }
    }
    return error_set(s->e, "line %u: no slot is called %s", s->line, name);
}

static bool parse_field(struct parser *s, struct ir_op *op)
{
    uint32_t lsb, width;
    if (!read_number32(s, &lsb))
        return false;
    if (!accept(s, ',') || !read_number32(s, &width))
        return fail(s, "the width is missing");
    op->imm = (lsb & 0xff) | (width & 0xff) << 8;
    return (lsb < 32 && width <= 32) || fail(s, "no such bit field");
}

static bool parse_memop(struct parser *s, struct ir_op *op)
{
    uint64_t log2, align;
    if (!read_log2(s, "b", 8, 4, &log2))
        return false;
    op->imm = log2;
    for (; !at_end(s);) {
        if (accept_name(s, "signed"))
            op->imm |= IR_MEM_SIGNED;
        else if (accept_name(s, "user"))
            op->imm |= IR_MEM_USER;
        else if (accept_name(s, "group"))
            op->imm |= IR_MEM_GROUP;
        else if (read_log2(s, "align", 1, 7, &align))
            op->imm |= IR_MEM_ALIGN(align);
        else
            return false;
    }
    return true;
}

static bool parse_group(struct parser *s, struct ir_op *op)
{
    if (!read_number(s, &op->imm))
        return false;
    op->aux = accept_name(s, "store");
    return op->aux || accept_name(s, "load") || fail(s, "load or store is missing");
}

static bool parse_helper(struct parser *s, struct ir_op *op)
{
    char name[NAME_MAX_LENGTH + 1];
    const struct ir_target *t = s->b->target;
    if (!read_name(s, name))
        return false;
    for (op->imm = 0; op->imm < t->helper_count; op->imm++)
        if (!strcmp(t->helpers[op->imm].name, name))
            return true;
    return error_set(s->e, "line %u: no helper is called %s", s->line, name);
}

static bool parse_label(struct parser *s, struct ir_op *op)
{
    if (!read_prefixed(s, "L", VALUES_MAX - 1, &op->imm))
        return false;
    if (op->imm >= s->b->label_count)
        s->b->label_count = (uint32_t)op->imm + 1;
    return true;
}

static bool parse_aux(struct parser *s, struct ir_op *op)
{
    uint64_t v = 0;
    if (!read_number(s, &v))
        return false;
    op->aux = (uint8_t)v;
    return v <= UINT8_MAX || fail(s, "the number is too large");
}

static bool parse_lane(struct parser *s, struct ir_op *op)
{
    if (accept_name(s, "same"))
        op->aux = IR_LANE_SAME;
    else if (accept_name(s, "bit0"))
        op->aux = IR_LANE_BIT0;
    else if (!parse_aux(s, op))
        return false;
    if (op->aux > IR_LANE_MASK)
        return fail(s, "no such lane");
    if (accept_name(s, "return"))
        op->aux |= IR_HINT_RETURN;
    return true;
}

static bool parse_reason(struct parser *s, struct ir_op *op)
{
    char name[NAME_MAX_LENGTH + 1];
    if (!read_name(s, name))
        return false;
    int i = find_name(ir_text_exits, name);
    op->aux = (uint8_t)i;
    return i >= 0 || fail(s, "no such exit reason");
}

static parse_fn *const parse_operand[128] = {
    ['a'] = parse_args,  ['i'] = parse_imm,   ['o'] = parse_imm,   ['s'] = parse_slot,
    ['f'] = parse_field, ['m'] = parse_memop, ['g'] = parse_group, ['h'] = parse_helper,
    ['l'] = parse_label, ['n'] = parse_aux,   ['x'] = parse_lane,  ['r'] = parse_reason,
};

/* ---- lines ----------------------------------------------------------------------------------- */

/* Flags after `!`. */
static bool parse_flags(struct parser *s, struct ir_op *op)
{
    char name[NAME_MAX_LENGTH + 1];
    if (!accept(s, '!'))
        return true;
    if (!read_name(s, name))
        return false;
    for (const char *p = name; *p; p++) {
        const char *flag = strchr("nzcv", *p);
        if (!flag)
            return fail(s, "no such flag");
        op->fw |= 8 >> (flag - "nzcv");
    }
    return true;
}

static bool parse_opcode(struct parser *s, struct ir_op *op)
{
    char name[NAME_MAX_LENGTH + 1];
    if (!read_name(s, name))
        return false;
    for (unsigned i = 0; i < IR_OP_COUNT; i++) {
        if (!strcmp(ir_op_info[i].name, name)) {
            op->opcode = (uint8_t)i;
            op->type = (uint8_t)ir_op_result_type(op);
            return true;
        }
    }
    return error_set(s->e, "line %u: no op is called %s", s->line, name);
}

/* The suffixes of an op's name: condition, type. */
static bool parse_suffixes(struct parser *s, struct ir_op *op)
{
    char name[NAME_MAX_LENGTH + 1];
    bool typed = false, conditional = false;
    while (*s->p == '.') {
        s->p++;
        if (!read_name(s, name))
            return false;
        int type = find_name(ir_text_types, name), cc = find_name(ir_text_ccs, name);
        if (type >= 0 && ir_text_has_type(op->opcode)) {
            op->type = (uint8_t)type;
            typed = true;
        } else if (cc >= 0 && ir_text_has_cc(op->opcode)) {
            op->aux = (uint8_t)cc;
            conditional = true;
        } else {
            return error_set(s->e, "line %u: .%s does not fit the op", s->line, name);
        }
    }
    if (ir_text_has_type(op->opcode) && !typed && op->opcode != IR_OP_call)
        return fail(s, "the op's type is missing");
    return conditional || !ir_text_has_cc(op->opcode) || fail(s, "the condition is missing");
}

static bool parse_operands(struct parser *s, struct ir_op *op)
{
    bool first = true;
    for (const char *p = ir_text_pattern(op->opcode); *p; p++) {
        if (*p == 'a' && (!ir_op_info[op->opcode].nargs || (op->opcode == IR_OP_call && at_end(s))))
            continue;
        if (!first && !accept(s, ','))
            return fail(s, "an operand is missing");
        if (!parse_operand[(unsigned char)*p](s, op))
            return false;
        first = false;
    }
    return true;
}

static bool parse_op(struct parser *s)
{
    uint64_t name = 0;
    bool named = *s->p == '%';
    struct ir_op op = {.arg = {IR_NONE, IR_NONE, IR_NONE, IR_NONE}};
    if (named) {
        if (!read_prefixed(s, "%", VALUES_MAX - 1, &name))
            return false;
        if (!accept(s, '='))
            return fail(s, "= is missing");
    }
    if (!parse_opcode(s, &op) || !parse_suffixes(s, &op) || !parse_operands(s, &op) ||
        !parse_flags(s, &op))
        return false;
    if ((op.opcode == IR_OP_const || op.opcode == IR_OP_call) && op.type == IR_I32)
        op.imm = (uint32_t)op.imm;
    if (op.opcode == IR_OP_insn)
        s->b->insn_count++;
    int32_t v = ir_emit_op(s->b, &op);
    if (!named)
        return ir_op_result_type(&op) == IR_VOID || fail(s, "the value has no name");
    if (ir_op_result_type(&op) == IR_VOID)
        return fail(s, "the op has no value");
    if (s->value[name] != IR_NONE)
        return fail(s, "the value is defined twice");
    s->value[name] = v;
    return true;
}

/* `L3:`, told from an op by the colon. */
static bool is_label_line(const char *p)
{
    if (*p != 'L')
        return false;
    for (p++; isdigit((unsigned char)*p); p++)
        ;
    return *p == ':';
}

static bool parse_label_line(struct parser *s)
{
    struct ir_op op = {.opcode = IR_OP_label, .arg = {IR_NONE, IR_NONE, IR_NONE, IR_NONE}};
    if (!parse_label(s, &op))
        return false;
    s->p++; /* the colon */
    ir_emit_op(s->b, &op);
    return true;
}

static bool parse_header(struct parser *s)
{
    struct ir_block *b = s->b;
    while (!at_end(s)) {
        char name[NAME_MAX_LENGTH + 1];
        if (!read_name(s, name) || !accept(s, '='))
            return fail(s, "the header is NAME=VALUE ...");
        uint32_t *field = !strcmp(name, "page_offset") ? &b->page_offset
                          : !strcmp(name, "lane")      ? &b->lane
                          : !strcmp(name, "size")      ? &b->guest_size
                          : !strcmp(name, "literals")  ? &b->literal_start
                                                       : NULL;
        if (!field)
            return error_set(s->e, "line %u: no header field is called %s", s->line, name);
        if (!read_number32(s, field))
            return false;
        if (field == &b->literal_start && (!accept(s, ',') || !read_number32(s, &b->literal_end)))
            return fail(s, "the end of the literals is missing");
    }
    return true;
}

static bool parse_line(struct parser *s)
{
    if (at_end(s))
        return true;
    bool ok;
    if (is_label_line(s->p))
        ok = parse_label_line(s);
    else if (accept_name(s, "block"))
        ok = parse_header(s);
    else
        ok = parse_op(s);
    return ok && (at_end(s) || fail(s, "more on the line than the op takes"));
}

bool ir_parse(struct ir_block *b, const char *text, struct error *e)
{
    struct parser s = {.b = b, .p = text, .line = 1, .e = e};
    s.value = arena_alloc(b->arena, VALUES_MAX * sizeof(*s.value));
    memset(s.value, 0xff, VALUES_MAX * sizeof(*s.value));
    for (; *s.p; s.line++) {
        if (!parse_line(&s))
            return false;
        if (*s.p == '\n')
            s.p++;
    }
    return true;
}
