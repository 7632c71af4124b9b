/* The assembler's encodings against Capstone: every row, with many registers and addresses. */
#include <capstone/capstone.h>
#include <criterion/criterion.h>

#include "backend/x86_64/asm.h"
#include "harness.h"

#define WF  1
#define B8  2
#define BS  4
#define I8  8
#define I16 16
#define I32 32
#define V   64
#define XR  0x100
#define XM  0x200
#define X2  0x400
#define M   0x800
#define W1  0x1000
#define SH  0x2000
#define NV  0x4000
#define R   0xff
struct named {
    const char *name;
    unsigned ext, attr, prefix;
};
static const struct named rows[] = {
#define X(id, mnem, map, prefix, opcode, ext, attr) [X86_##id] = {mnem, ext, attr, prefix},
#include "backend/x86_64/x86.def"
#undef X
};
#undef WF
#undef B8
#undef BS
#undef I8
#undef I16
#undef I32
#undef V
#undef XR
#undef XM
#undef X2
#undef M
#undef W1
#undef SH
#undef NV
#undef R

static const char *const names[4][16] = {
    {"al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil", "r8b", "r9b", "r10b", "r11b", "r12b",
     "r13b", "r14b", "r15b"},
    {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di", "r8w", "r9w", "r10w", "r11w", "r12w", "r13w",
     "r14w", "r15w"},
    {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "r8d", "r9d", "r10d", "r11d", "r12d",
     "r13d", "r14d", "r15d"},
    {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13",
     "r14", "r15"},
};

static csh handle;
static cs_insn *decoded;

static void begin(void)
{
    cr_assert_eq(cs_open(CS_ARCH_X86, CS_MODE_64, &handle), CS_ERR_OK);
    cs_option(handle, CS_OPT_DETAIL, CS_OPT_ON);
    decoded = cs_malloc(handle);
}

static void end(void)
{
    cs_free(decoded, 1);
    cs_close(&handle);
}

TestSuite(assembler, .init = begin, .fini = end);

/* Decode what was assembled into @buf; it has to be one instruction of exactly that length. */
static const cs_x86 *decode(const uint8_t *buf, const struct code *a, const char *name)
{
    const uint8_t *p = buf;
    size_t size = (size_t)(a->p - buf);
    uint64_t address = 0;
    cr_assert(cs_disasm_iter(handle, &p, &size, &address, decoded), "%s does not decode", name);
    cr_assert_eq(size, 0, "%s: %zu bytes too many after %s %s", name, size, decoded->mnemonic,
                 decoded->op_str);
    cr_assert_str_eq(decoded->mnemonic, name);
    return &decoded->detail->x86;
}

static void immediate(struct code *a, const struct named *row)
{
    unsigned attr = row->attr;
    if (attr & X86_I8) /* of cmpps it is part of the name */
        x_u8(a, strcmp(row->name, "cmpunordps") ? 0x11 : 3);
    if (attr & X86_I16)
        x_u16(a, 0x1122);
    if (attr & X86_I32)
        x_u32(a, 0x11223344);
}

static bool is_sse(const struct named *row)
{
    return row->attr & (X86_XR | X86_XM);
}

/* An SSE row in VEX form: the mnemonic begins with v. */
static const char *vex_name(const struct named *row)
{
    static char name[16];
    snprintf(name, sizeof(name), "v%s", row->name);
    return row->attr & X86_V ? row->name : name;
}

static bool has_xmm(const cs_x86 *x, unsigned n)
{
    char name[8];
    snprintf(name, sizeof(name), "xmm%u", n);
    for (unsigned k = 0; k < x->op_count; k++)
        if (x->operands[k].type == X86_OP_REG &&
            !strcmp(cs_reg_name(handle, x->operands[k].reg), name))
            return true;
    return false;
}

static bool has_register(const cs_x86 *x, const char *name);

static void check_sse(const cs_x86 *x, const struct named *row, unsigned reg, unsigned rm)
{
    cr_assert(row->attr & X86_XR ? has_xmm(x, reg) : has_register(x, names[2][reg]), "%s %s",
              decoded->mnemonic, decoded->op_str);
    cr_assert(row->attr & X86_XM ? has_xmm(x, rm) : has_register(x, names[2][rm]), "%s %s",
              decoded->mnemonic, decoded->op_str);
}

static const cs_x86 *decode(const uint8_t *buf, const struct code *a, const char *name);
static void immediate(struct code *a, const struct named *row);

Test(assembler, sse_register_forms)
{
    for (unsigned id = 0; id < X86_COUNT; id++) {
        const struct named *row = &rows[id];
        if (!is_sse(row) || (row->attr & X86_M))
            continue;
        for (unsigned n = 0; n < 512; n++) {
            unsigned reg = n & 15, rm = n >> 4 & 15;
            bool vex = (n >> 8 && !(row->attr & X86_NV)) || (row->attr & X86_V);
            uint8_t buf[32];
            struct code a = {.p = buf};
            unsigned vvvv = row->attr & X86_X2 ? 0 : (rm + 5) & 15;
            if (vex)
                x_vrr(&a, id, 0, row->ext == X86_R ? reg : row->ext, vvvv, rm);
            else if (row->ext == X86_R)
                x_rr(&a, id, 0, reg, rm);
            else
                x_r(&a, id, 0, rm);
            immediate(&a, row);
            const cs_x86 *x = decode(buf, &a, vex ? vex_name(row) : row->name);
            check_sse(x, row, row->ext == X86_R ? reg : rm, rm);
            if (vex && vvvv)
                cr_assert(has_xmm(x, vvvv));
        }
    }
}

/* log2 of the operand size that the row has with @w. */
static unsigned row_size(const struct named *row, unsigned w)
{
    if (row->attr & X86_B8)
        return 0;
    return row->prefix == 0x66 && !(row->attr & X86_V) ? 1 : 2 + w;
}

static bool has_register(const cs_x86 *x, const char *name)
{
    for (unsigned k = 0; k < x->op_count; k++)
        if (x->operands[k].type == X86_OP_REG &&
            !strcmp(cs_reg_name(handle, x->operands[k].reg), name))
            return true;
    return false;
}

/* Rows whose operand size is not the plain one. */
static bool is_odd(unsigned id)
{
    return id == X86_MOVSXD || id == X86_MOVZX8 || id == X86_MOVZX16 || id == X86_MOVSX8 ||
           id == X86_MOVSX16 || id == X86_CRC32_8 || id == X86_JMP_M || id == X86_CALL_M ||
           id == X86_LEA;
}

Test(assembler, register_forms)
{
    for (unsigned id = 0; id < X86_COUNT; id++) {
        const struct named *row = &rows[id];
        if (id == X86_LEA || id == X86_JMP_M || id == X86_CALL_M || is_sse(row) ||
            (row->attr & X86_M))
            continue;
        for (unsigned n = 0; n < 512; n++) {
            unsigned reg = n & 15, rm = n >> 4 & 15, w = n >> 8;
            if (w && (row->attr & (X86_B8) || row->prefix == 0x66))
                continue;
            if (id == X86_MOVSXD && !w)
                continue;
            uint8_t buf[32];
            struct code a = {.p = buf};
            if (row->attr & X86_V)
                x_vrr(&a, id, w, reg, id == X86_RORX || (row->attr & X86_X2) ? 0 : rm,
                      (rm + 5) & 15);
            else if (row->ext == X86_R)
                x_rr(&a, id, w, reg, rm);
            else
                x_r(&a, id, w, rm);
            immediate(&a, row);
            if (id == X86_XCHG && reg == rm)
                continue;
            const cs_x86 *x = decode(buf, &a, row->name);
            if (row->ext == X86_R)
                cr_assert(has_register(x, names[is_odd(id) ? 2 + w : row_size(row, w)][reg]),
                          "%s %s", decoded->mnemonic, decoded->op_str);
            unsigned other = row->attr & X86_V ? (rm + 5) & 15 : rm;
            if (!is_odd(id))
                cr_assert(has_register(x, names[row_size(row, w)][other]), "%s %s",
                          decoded->mnemonic, decoded->op_str);
        }
    }
}

static void check_memory(const cs_x86 *x, struct x86_mem m)
{
    for (unsigned k = 0; k < x->op_count; k++) {
        if (x->operands[k].type != X86_OP_MEM)
            continue;
        const x86_op_mem *op = &x->operands[k].mem;
        const char *base = op->base ? cs_reg_name(handle, op->base) : "";
        const char *index = op->index ? cs_reg_name(handle, op->index) : "";
        cr_assert_str_eq(base, m.base == NO_REG ? "" : names[3][m.base]);
        cr_assert_str_eq(index, m.index == NO_REG ? "" : names[3][m.index]);
        cr_assert_eq(op->disp, m.disp);
        if (m.index != NO_REG)
            cr_assert_eq(op->scale, 1 << m.scale);
        return;
    }
    cr_assert_fail("%s %s has no memory operand", decoded->mnemonic, decoded->op_str);
}

Test(assembler, memory_forms)
{
    static const int32_t disps[] = {0, 1, -1, 127, 128, -128, -129, 0x12345678};
    uint64_t rng = 5;
    for (unsigned id = 0; id < X86_COUNT; id++) {
        const struct named *row = &rows[id];
        for (unsigned n = 0; n < 400 && !(row->attr & X86_SH); n++) {
            uint64_t r = rng_next(&rng);
            struct x86_mem m = {.base = r & 15,
                                .index = r >> 4 & 15,
                                .scale = r >> 8 & 3,
                                .disp = disps[r >> 10 & 7]};
            if (m.index == RSP || (r >> 14 & 1))
                m.index = NO_REG;
            if (m.index == NO_REG)
                m.scale = 0;
            if (!(r >> 15 & 7) && !(row->attr & X86_V)) {
                m = x_mem(NO_REG, 0x12345678);
            }
            unsigned reg = r >> 20 & 15, w = id == X86_MOVSXD;
            uint8_t buf[32];
            struct code a = {.p = buf};
            if (row->attr & X86_V)
                x_vrm(&a, id, w, reg, id == X86_RORX || (row->attr & X86_X2) ? 0 : 3, m);
            else if (row->ext == X86_R)
                x_rm(&a, id, w, reg, m);
            else
                x_m(&a, id, w, m);
            immediate(&a, row);
            check_memory(decode(buf, &a, row->name), m);
            if (!is_sse(row) || (row->attr & (X86_V | X86_NV)))
                continue;
            a.p = buf;
            x_vrm(&a, id, w, row->ext == X86_R ? reg : row->ext, row->attr & X86_X2 ? 0 : 3, m);
            immediate(&a, row);
            check_memory(decode(buf, &a, vex_name(row)), m);
        }
    }
}

Test(assembler, rows_know_whether_they_write_eflags)
{
    for (unsigned id = 0; id < X86_COUNT; id++) {
        const struct named *row = &rows[id];
        if (id == X86_CALL_M)
            continue; /* the callee does */
        uint8_t buf[32];
        struct code a = {.p = buf, .eflags = 15};
        if (row->attr & X86_V)
            x_vrm(&a, id, 0, 1, id == X86_RORX || (row->attr & X86_X2) ? 0 : 3, x_mem(RBX, 0));
        else if (row->attr & X86_SH)
            x_r(&a, id, 0, 1);
        else if (row->ext == X86_R)
            x_rm(&a, id, id == X86_MOVSXD, 1, x_mem(RBX, 0));
        else
            x_m(&a, id, 0, x_mem(RBX, 0));
        bool kept = a.eflags == 15;
        immediate(&a, row);
        decode(buf, &a, row->name);
        bool writes = false;
        for (unsigned k = 0; k < decoded->detail->regs_write_count; k++)
            writes |= decoded->detail->regs_write[k] == X86_REG_EFLAGS;
        cr_assert_eq(kept, !writes, "%s", row->name);
    }
}

Test(assembler, moves_of_constants)
{
    static const uint64_t values[] = {0,
                                      1,
                                      0x7fffffff,
                                      0x80000000,
                                      0xffffffff,
                                      0x100000000,
                                      0xffffffff80000000,
                                      0xffffffffffffffff,
                                      0x123456789abcdef0};
    for (unsigned k = 0; k < 9; k++)
        for (unsigned reg = 0; reg < 16; reg++) {
            uint8_t buf[32];
            struct code a = {.p = buf};
            x_mov_ri(&a, reg, values[k]);
            const uint8_t *p = buf;
            size_t size = (size_t)(a.p - buf);
            uint64_t address = 0;
            cr_assert(cs_disasm_iter(handle, &p, &size, &address, decoded));
            const cs_x86_op *op = decoded->detail->x86.operands;
            bool narrow = !strcmp(cs_reg_name(handle, op[0].reg), names[2][reg]);
            cr_assert(narrow || !strcmp(cs_reg_name(handle, op[0].reg), names[3][reg]));
            uint64_t got = narrow ? (uint32_t)op[1].imm : (uint64_t)op[1].imm;
            cr_assert_eq(got, values[k], "%#lx in %s", (unsigned long)values[k], decoded->op_str);
        }
}
