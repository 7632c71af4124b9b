#include <capstone/capstone.h>
#include <inttypes.h>

#include "backend/x86_64/compiler.h"

/* Print the instructions in [start, end); data between them appears as bytes. */
void backend_disassemble(const struct backend *be, const struct backend_code *code, FILE *out)
{
    csh handle;
    if (cs_open(CS_ARCH_X86, CS_MODE_64, &handle) != CS_ERR_OK)
        return;
    cs_option(handle, CS_OPT_SKIPDATA, CS_OPT_ON);
    const uint8_t *p = (const uint8_t *)(uintptr_t)code->start;
    size_t size = code->end - code->start;
    uint64_t address = code->start;
    cs_insn *insn = cs_malloc(handle);
    while (size && cs_disasm_iter(handle, &p, &size, &address, insn)) {
        fprintf(out, "  0x%08" PRIx64 ":  %-8s %s\n", insn->address, insn->mnemonic, insn->op_str);
        bool slow_call = insn->bytes[0] == 0xe8 &&
                         insn->address + 5 + (uint64_t)(int64_t)*(const int32_t *)(insn->bytes + 1) ==
                             be->thunk.slow;
        size_t data = slow_call ? sizeof(struct slow_site) : 0;
        if (data && data <= size) { /* skip the data behind the call */
            p += data;
            size -= data;
            address += data;
        }
    }
    cs_free(insn, 1);
    cs_close(&handle);
}
