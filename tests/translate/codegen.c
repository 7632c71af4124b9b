/*
 * The number of host instructions for typical guest code, compared with codegen.txt, so that a
 * change of code generation is a visible difference. With ARMEMU_CODEGEN=update in the environment
 * the test writes the file anew; with ARMEMU_CODEGEN=print it prints IR and host code of every
 * line.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/translate/jit.h"

TestSuite(codegen);

enum { LINE_MAX_CHARS = 256, TEXT_COLUMN = 52, OFFSET = 0x100 };

struct line {
    bool thumb;
    uint32_t insn[8];
    unsigned count;
    int host;         /* as the file has it; -1: nothing */
    const char *text; /* from the bar on */
};

/* "a32 e0810002 = 9 | add r0, r1, r2"; false: a comment. Changes @s. */
static bool parse(char *s, struct line *l)
{
    char *bar = strchr(s, '|');
    if (s[0] == '#' || !bar)
        return false;
    *l = (struct line){.thumb = s[0] == 't', .host = -1, .text = bar + 1};
    *bar = 0;
    strtok(s, " ");
    for (char *word = strtok(NULL, " "); word; word = strtok(NULL, " ")) {
        if (!strcmp(word, "=")) {
            word = strtok(NULL, " ");
            l->host = word ? atoi(word) : -1;
        } else if (l->count < 8) {
            l->insn[l->count++] = (uint32_t)strtoul(word, NULL, 16);
        }
    }
    return true;
}

static unsigned host_instructions(struct jit *j, const struct line *l, bool print)
{
    struct run *r = run_new();
    uint32_t at = OFFSET;
    for (unsigned i = 0; i < l->count; i++) {
        if (l->thumb)
            run_put_thumb(r, at, l->insn[i]);
        else
            run_put_arm(r, at, l->insn[i]);
        at += l->thumb && !(l->insn[i] >> 16) ? 2 : 4;
    }
    r->s.thumb = l->thumb;
    r->s.env.pc = RUN_CODE + OFFSET;
    r->optimise = r->fold_literals = true;
    run_translate(r, l->count);
    if (print) {
        printf("\n%s", l->text);
        ir_print(&r->block, stdout);
    }
    unsigned n = jit_disassemble(j, &r->block, print ? stdout : NULL);
    run_free(r);
    return n;
}

static void write_line(FILE *out, const struct line *l, unsigned n)
{
    int column = fprintf(out, l->thumb ? "thumb" : "a32");
    for (unsigned i = 0; i < l->count; i++)
        column += fprintf(out, l->thumb && !(l->insn[i] >> 16) ? " %04x" : " %08x", l->insn[i]);
    column += fprintf(out, " = %u ", n);
    fprintf(out, "%*s|%s", column < TEXT_COLUMN ? TEXT_COLUMN - column : 0, "", l->text);
}

static void one_line(struct jit *j, const char *text, FILE *out, const char *mode)
{
    char copy[LINE_MAX_CHARS];
    struct line l;
    snprintf(copy, sizeof(copy), "%s", text);
    if (!parse(copy, &l)) {
        fputs(text, out);
        return;
    }
    unsigned n = host_instructions(j, &l, !strcmp(mode, "print"));
    write_line(out, &l, n);
    cr_expect(!strcmp(mode, "update") || l.host == (int)n,
              "%u host instructions; codegen.txt has %d:%s", n, l.host, l.text);
}

Test(codegen, counts)
{
    const char *mode = getenv("ARMEMU_CODEGEN") ? getenv("ARMEMU_CODEGEN") : "";
    char text[LINE_MAX_CHARS], *written = NULL;
    size_t size = 0;
    struct jit *j = jit_new(JIT_BASELINE);
    FILE *in = fopen(CODEGEN_FILE, "r"), *out = open_memstream(&written, &size);
    cr_assert(in, "%s", CODEGEN_FILE);
    while (fgets(text, sizeof(text), in))
        one_line(j, text, out, mode);
    fclose(in);
    fclose(out);
    if (!strcmp(mode, "update")) {
        out = fopen(CODEGEN_FILE, "w");
        cr_assert(out && fwrite(written, 1, size, out) == size);
        fclose(out);
    }
    free(written);
    jit_free(j);
}
