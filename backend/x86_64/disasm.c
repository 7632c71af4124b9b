#include <inttypes.h>

#include "backend/x86_64/compiler.h"
#include "util/capstone.h"

/* Bytes of data that the common code reads behind this instruction. */
static size_t data_behind(const struct backend *be, const cs_insn *insn)
{
    int32_t rel;
    if (insn->bytes[0] != 0xe8 || insn->size != 5)
        return 0;
    memcpy(&rel, insn->bytes + 1, sizeof(rel));
    uint32_t target = (uint32_t)(insn->address + 5 + (uint64_t)(int64_t)rel);
    if (target == be->thunk.slow || target == be->thunk.slow_xmm)
        return sizeof(struct slow_site);
    if (target == be->thunk.exact)
        return sizeof(struct exact_site);
    return target == be->thunk.chain ? sizeof(uint32_t) : 0;
}

/* Print the instructions in [start, end), without the data between them. */
void backend_disassemble(const struct backend *be, const struct backend_code *code, FILE *out)
{
    struct capstone cs;
    csh handle;
    if (!capstone_load(&cs) || cs.open(CS_ARCH_X86, CS_MODE_64, &handle) != CS_ERR_OK)
        return;
    cs.option(handle, CS_OPT_SKIPDATA, CS_OPT_ON);
    const uint8_t *p = (const uint8_t *)(uintptr_t)code->start;
    size_t size = code->end - code->start;
    uint64_t address = code->start;
    cs_insn *insn = cs.malloc(handle);
    while (size && cs.disasm_iter(handle, &p, &size, &address, insn)) {
        fprintf(out, "  0x%08" PRIx64 ":  %-8s %s\n", insn->address, insn->mnemonic, insn->op_str);
        size_t data = data_behind(be, insn);
        if (data && data <= size) { /* skip the data behind the call */
            p += data;
            size -= data;
            address += data;
        }
    }
    cs.free(insn, 1);
    cs.close(&handle);
}
