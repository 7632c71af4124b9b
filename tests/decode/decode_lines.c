/* decode_lines [-fields] FEATURE...: for each line "a32|t16|t32 HEX" of standard input print the
 * mnemonic of the row that decodes it on a CPU with these features, or "-"; with -fields, on a CPU
 * with all, what the row's function gets as well. decode_lines -rows: print all rows: instruction
 * set, mnemonic, argument set, pattern, table:line. */
#include <stdio.h>
#include <string.h>

#include "frontend/arm/cpu/features.h"
#include "frontend/arm/decode_rows.h"
#include "tests/decode/record.h"

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

static const char *const names[] = { "a32", "t16", "t32" };

static int print_rows(void)
{
    for (unsigned i = 0; i < ARM_DECODE_ROW_COUNT; i++) {
        const struct arm_decode_row_info *row = &arm_decode_rows[i];
        printf("%s %s %s %s %s\n", names[row->isa], row->mnemonic, row->set, row->bits, row->where);
    }
    return 0;
}

static void print_fields(enum arm_isa isa, uint32_t word)
{
    struct decode_record r;
    char text[256] = "-";
    if (decode_record(&r, isa, word, DECODE_ALL_FEATURES))
        decode_record_print(&r, text, sizeof(text));
    puts(text);
}

int main(int argc, char **argv)
{
    uint64_t mask = 0;
    char isa[8];
    unsigned word;

    bool fields = argc > 1 && !strcmp(argv[1], "-fields");
    if (argc > 1 && !strcmp(argv[1], "-rows"))
        return print_rows();
    for (int i = 1 + fields; i < argc; i++)
        mask |= feature_named(argv[i]);
    while (scanf("%7s %x", isa, &word) == 2) {
        int row = -1;

        for (unsigned i = 0; i < 3; i++)
            if (!strcmp(isa, names[i]) && fields)
                print_fields((enum arm_isa)i, word);
            else if (!strcmp(isa, names[i]))
                row = arm_decode_row((enum arm_isa)i, word, mask);
        if (!fields)
            puts(row < 0 ? "-" : arm_decode_rows[row].mnemonic);
    }
    return 0;
}
