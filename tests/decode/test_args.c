/* Directed examples: an assembler's encoding of an instruction, and what the decoder must call. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/decode/record.h"

static const struct example {
    enum arm_isa isa;
    uint32_t word;
    const char *source, *expected;
} examples[] = {
#define X(isa, word, source, expected) { ARM_ISA_##isa, word, source, expected },
#include "tests/decode/examples.def"
#undef X
};

/* The value of field @name, -1 with *@found false when there is none. */
static int field(const struct decode_record *r, const char *name, bool *found)
{
    for (unsigned i = 0; r->fields[i]; i++) {
        if (!strcmp(r->fields[i], name)) {
            *found = true;
            return r->values[i];
        }
    }
    *found = false;
    return -1;
}

/* Is the record what "MNEMONIC field=value ..." says? */
static bool matches(const struct decode_record *r, const char *expected)
{
    char text[256], *word, *rest;

    snprintf(text, sizeof(text), "%s", expected);
    word = strtok_r(text, " ", &rest);
    if (strcmp(word, r->mnemonic))
        return false;
    while ((word = strtok_r(NULL, " ", &rest))) {
        char *value = strchr(word, '=');
        bool found;

        cr_assert(value, "%s", expected);
        *value++ = '\0';
        if (field(r, word, &found) != atoi(value) || !found)
            return false;
    }
    return true;
}

Test(decode, arguments)
{
    for (unsigned i = 0; i < sizeof(examples) / sizeof(*examples); i++) {
        const struct example *e = &examples[i];
        struct decode_record r;
        char text[256];

        if (!decode_record(&r, e->isa, e->word, DECODE_ALL_FEATURES)) {
            cr_expect_fail("%s (%08x) does not decode", e->source, e->word);
            continue;
        }
        decode_record_print(&r, text, sizeof(text));
        cr_expect(matches(&r, e->expected), "%s (%08x)\n  is       %s\n  expected %s", e->source,
                  e->word, text, e->expected);
        cr_expect_eq(r.calls, 1);
    }
}
