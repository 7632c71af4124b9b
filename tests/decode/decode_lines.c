/* decode_lines FEATURE...: for each line "a32|t16|t32 HEX" of standard input print the mnemonic of
 * the row that decodes it on a CPU with these features, or "-". */
#include <stdio.h>
#include <string.h>

#include "frontend/arm/cpu/features.h"
#include "frontend/arm/decode_rows.h"

static const struct {
    const char *name;
    uint64_t mask;
} features[] = {
#define X(id, doc) { #id, ARM_FEATURE(id) },
    ARM_FEATURES(X)
#undef X
};

static uint64_t feature_named(const char *name)
{
    for (unsigned i = 0; i < ARM_FEATURE_COUNT; i++)
        if (!strcmp(features[i].name, name))
            return features[i].mask;
    fprintf(stderr, "decode_lines: unknown feature %s\n", name);
    return 0;
}

int main(int argc, char **argv)
{
    static const char *const names[] = { "a32", "t16", "t32" };
    uint64_t mask = 0;
    char isa[8];
    unsigned word;

    for (int i = 1; i < argc; i++)
        mask |= feature_named(argv[i]);
    while (scanf("%7s %x", isa, &word) == 2) {
        int row = -1;

        for (unsigned i = 0; i < 3; i++)
            if (!strcmp(isa, names[i]))
                row = arm_decode_row((enum arm_isa)i, word, mask);
        puts(row < 0 ? "-" : arm_decode_rows[row].mnemonic);
    }
    return 0;
}
