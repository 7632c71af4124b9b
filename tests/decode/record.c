#include "tests/decode/record.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

bool decode_record_call(struct arm_translate *t, const char *mnemonic, const char *const *fields,
                        const int *values)
{
    struct decode_record *r = (struct decode_record *)t;

    r->calls++;
    r->mnemonic = mnemonic;
    r->fields = fields;
    for (unsigned i = 0; fields[i]; i++) {
        assert(i < DECODE_MAX_FIELDS);
        r->values[i] = values[i];
    }
    return true;
}

bool decode_record(struct decode_record *r, enum arm_isa isa, uint32_t insn, uint64_t features)
{
    *r = (struct decode_record){ .t = { .features = features,
                                        .insn = insn,
                                        .thumb = isa != ARM_ISA_A32,
                                        .insn_size = isa == ARM_ISA_T16 ? 2 : 4 } };
    switch (isa) {
    case ARM_ISA_A32:
        return arm_decode_a32(&r->t, insn);
    case ARM_ISA_T16:
        return arm_decode_t16(&r->t, insn);
    case ARM_ISA_T32:
        return arm_decode_t32(&r->t, insn);
    }
    return false;
}

void decode_record_print(const struct decode_record *r, char *buf, size_t size)
{
    size_t n = (size_t)snprintf(buf, size, "%s", r->mnemonic ? r->mnemonic : "-");

    for (unsigned i = 0; r->fields && r->fields[i] && n < size; i++) {
        int v = r->values[i];
        const char *format = v >= 1024 ? " %s=%#x" : " %s=%d";

        n += (size_t)snprintf(buf + n, size - n, format, r->fields[i], v);
    }
}
