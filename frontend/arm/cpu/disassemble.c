#include "frontend/arm/cpu/disassemble.h"

#include "util/capstone.h"

static void print_bytes(const uint8_t *code, unsigned count, uint32_t va, FILE *out)
{
    fprintf(out, "0x%08x:  .byte", va);
    for (unsigned i = 0; i < count; i++)
        fprintf(out, " 0x%02x", code[i]);
    fputc('\n', out);
}

void arm_disassemble(const uint8_t *code, uint32_t size, uint32_t va, bool thumb, bool v8, bool m,
                     FILE *out)
{
    unsigned mode = (thumb ? CS_MODE_THUMB : CS_MODE_ARM) | (v8 ? CS_MODE_V8 : 0) |
                    (m ? CS_MODE_MCLASS : 0);
    uint32_t step = thumb ? 2 : 4;
    uint64_t address = va;
    size_t left = size;
    cs_insn *insn;
    struct capstone cs;
    csh handle;

    if (!capstone_load(&cs) || cs.open(CS_ARCH_ARM, (cs_mode)mode, &handle) != CS_ERR_OK)
        return;
    insn = cs.malloc(handle);
    while (insn && left >= step) {
        if (cs.disasm_iter(handle, &code, &left, &address, insn)) {
            fprintf(out, "0x%08x:  %s %s\n", (uint32_t)insn->address, insn->mnemonic, insn->op_str);
            continue;
        }
        print_bytes(code, step, (uint32_t)address, out);
        code += step;
        address += step;
        left -= step;
    }
    if (insn)
        cs.free(insn, 1);
    cs.close(&handle);
}
