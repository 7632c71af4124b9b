/* Files: only those in the folder that is granted, and what errors look like. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/semihosting/support.h"

#define ERROR 0xffffffffu

static void make_file(struct guest *g, const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", g->dir, name);
    FILE *f = fopen(path, "w");
    cr_assert(f);
    fputs(text, f);
    fclose(f);
}

static void check_file(struct guest *g, const char *name, const char *expected)
{
    char path[128], text[256] = "";
    snprintf(path, sizeof(path), "%s/%s", g->dir, name);
    FILE *f = fopen(path, "r");
    cr_assert_eq(!f, !expected, "%s", name);
    if (!f)
        return;
    size_t n = fread(text, 1, sizeof(text) - 1, f);
    text[n] = 0;
    fclose(f);
    cr_expect_str_eq(text, expected);
}

Test(files, none_without_a_folder)
{
    struct guest *g = guest_new(false, false, NULL);
    make_file(g, "here", "text");
    char path[128];
    snprintf(path, sizeof(path), "%s/here", g->dir);
    cr_expect_eq(open_name(g, "here", 0), ERROR);
    cr_expect_eq(last_error(g), EACCES);
    cr_expect_eq(open_name(g, path, 0), ERROR);
    cr_expect_eq(open_name(g, "new", 4), ERROR);
    cr_expect_eq(CALL(g, SYS_REMOVE, TEXT, 3), ERROR);
    cr_expect_eq(CALL(g, SYS_TMPNAM, BUFFER, 1, 100), ERROR);
    guest_free(g);
}

Test(files, write_seek_read)
{
    struct guest *g = guest_new(true, false, NULL);
    uint32_t h = open_name(g, "data", 6); /* w+ */
    cr_assert_neq(h, ERROR);
    put_text(g, TEXT, "0123456789");
    cr_expect_eq(CALL(g, SYS_WRITE, h, TEXT, 10), 0);
    cr_expect_eq(CALL(g, SYS_FLEN, h), 10);
    cr_expect_eq(CALL(g, SYS_SEEK, h, 4), 0);
    cr_expect_eq(CALL(g, SYS_READ, h, BUFFER, 3), 0);
    cr_expect_arr_eq(g->mem + (BUFFER - MEM_BASE), "456", 3);
    cr_expect_eq(CALL(g, SYS_READ, h, BUFFER, 100), 97);
    cr_expect_eq(CALL(g, SYS_READ, h, BUFFER, 100), 100, "end of file");
    cr_expect_eq(CALL(g, SYS_ISTTY, h), 0);
    cr_expect_eq(CALL(g, SYS_CLOSE, h), 0);
    check_file(g, "data", "0123456789");
    h = open_name(g, "data", 8); /* a */
    put_text(g, TEXT, "0");
    cr_expect_eq(CALL(g, SYS_WRITE, h, TEXT, 1), 0);
    cr_expect_eq(CALL(g, SYS_READ, h, BUFFER, 1), ERROR);
    CALL(g, SYS_CLOSE, h);
    check_file(g, "data", "01234567890");
    h = open_name(g, "data", 0);
    cr_expect_eq(CALL(g, SYS_WRITE, h, TEXT, 1), 1, "read only");
    guest_free(g);
}

Test(files, more_than_one_chunk)
{
    struct guest *g = guest_new(true, false, NULL);
    uint32_t h = open_name(g, "big", 6);
    for (unsigned i = 0; i < 0x5000; i++)
        g->mem[0x2000 + i] = (uint8_t)(i * 7 + i / 256);
    cr_expect_eq(CALL(g, SYS_WRITE, h, MEM_BASE + 0x2000, 0x5000), 0);
    CALL(g, SYS_SEEK, h, 0);
    cr_expect_eq(CALL(g, SYS_READ, h, MEM_BASE + 0x8000, 0x5000), 0);
    cr_expect_arr_eq(g->mem + 0x8000, g->mem + 0x2000, 0x5000);
    guest_free(g);
}

Test(files, bad_pointers)
{
    struct guest *g = guest_new(true, false, NULL);
    uint32_t h = open_name(g, "f", 6);
    cr_expect_eq(CALL(g, SYS_WRITE, h, NOWHERE, 10), 10);
    cr_expect_eq(CALL(g, SYS_WRITE, h, MEM_BASE + MEM_SIZE - 4, 0xffffffff), 0xffffffff);
    cr_expect_eq(last_error(g), EFAULT);
    put_text(g, TEXT, "abc");
    CALL(g, SYS_WRITE, h, TEXT, 3);
    CALL(g, SYS_SEEK, h, 0);
    cr_expect_eq(CALL(g, SYS_READ, h, NOWHERE, 3), ERROR);
    cr_expect_eq(CALL(g, SYS_READ, h, ROM_BASE, 3), ERROR);
    cr_expect_eq(CALL(g, SYS_READ, h, BUFFER, 3), 0, "nothing was lost");
    cr_expect_eq(CALL(g, SYS_OPEN, NOWHERE, 0, 3), ERROR);
    cr_expect_eq(CALL(g, SYS_OPEN, TEXT, 0, 0xffffffff), ERROR);
    cr_expect_eq(last_error(g), 91, "ENAMETOOLONG of newlib");
    cr_expect_eq(CALL(g, SYS_OPEN, TEXT, 99, 3), ERROR);
    cr_expect_eq(CALL(g, SYS_RENAME, TEXT, 3, NOWHERE, 3), ERROR);
    guest_free(g);
}

Test(files, names_that_lead_out)
{
    struct guest *g = guest_new(true, false, NULL);
    char path[128], target[80];
    static const char *const links[] = {"out", "up", "abs"};
    snprintf(target, sizeof(target), "%s.outside", g->dir);
    FILE *f = fopen(target, "w");
    fputs("secret", f);
    fclose(f);
    const char *base = strrchr(target, '/') + 1;
    char relative[128];
    snprintf(relative, sizeof(relative), "../%s", base);
    snprintf(path, sizeof(path), "%s/out", g->dir);
    cr_assert_eq(symlink(relative, path), 0);
    snprintf(path, sizeof(path), "%s/up", g->dir);
    cr_assert_eq(symlink("..", path), 0);
    snprintf(path, sizeof(path), "%s/abs", g->dir);
    cr_assert_eq(symlink(target, path), 0);
    for (uint32_t mode = 0; mode < 12; mode += 2) {
        cr_expect_eq(open_name(g, relative, mode), ERROR);
        cr_expect_eq(last_error(g), EACCES);
        cr_expect_eq(open_name(g, target, mode), ERROR);
        cr_expect_eq(open_name(g, "/etc/passwd", mode), ERROR);
        for (unsigned i = 0; i < 3; i++)
            cr_expect_eq(open_name(g, links[i], mode), ERROR, "%s", links[i]);
    }
    snprintf(path, sizeof(path), "up/%s", base);
    cr_expect_eq(open_name(g, path, 0), ERROR);
    put_text(g, TEXT, path);
    cr_expect_eq(CALL(g, SYS_REMOVE, TEXT, (uint32_t)strlen(path)), ERROR);
    put_text(g, TEXT2, "mine");
    cr_expect_eq(CALL(g, SYS_RENAME, TEXT, (uint32_t)strlen(path), TEXT2, 4), ERROR);
    cr_expect_eq(access(target, R_OK), 0);
    unlink(target);
    guest_free(g);
}

Test(files, names_that_stay)
{
    struct guest *g = guest_new(true, false, NULL);
    char path[128];
    make_file(g, "f", "text");
    snprintf(path, sizeof(path), "%s/d", g->dir);
    mkdir(path, 0777);
    snprintf(path, sizeof(path), "%s/d/link", g->dir);
    cr_assert_eq(symlink("../f", path), 0);
    cr_expect_neq(open_name(g, "./d/../f", 0), ERROR);
    cr_expect_neq(open_name(g, "d/link", 0), ERROR, "a link within the folder");
    snprintf(path, sizeof(path), "%s/f", g->dir);
    cr_expect_neq(open_name(g, path, 0), ERROR, "the folder's own absolute name");
    guest_free(g);
}

Test(files, not_regular)
{
    struct guest *g = guest_new(true, false, NULL);
    char path[128];
    snprintf(path, sizeof(path), "%s/fifo", g->dir);
    cr_assert_eq(mkfifo(path, 0666), 0);
    snprintf(path, sizeof(path), "%s/dir", g->dir);
    mkdir(path, 0777);
    cr_expect_eq(open_name(g, "fifo", 0), ERROR, "and does not wait for a writer");
    cr_expect_eq(open_name(g, "dir", 0), ERROR);
    cr_expect_eq(last_error(g), EISDIR);
    cr_expect_eq(open_name(g, "dir", 4), ERROR);
    cr_expect_eq(open_name(g, "", 0), ERROR);
    cr_expect_eq(open_name(g, "missing", 0), ERROR);
    cr_expect_eq(last_error(g), ENOENT);
    guest_free(g);
}

Test(files, readonly)
{
    struct guest *g = guest_new(true, true, NULL);
    make_file(g, "f", "text");
    cr_expect_neq(open_name(g, "f", 0), ERROR);
    for (uint32_t mode = 2; mode < 12; mode += 2) {
        cr_expect_eq(open_name(g, "f", mode), ERROR);
        cr_expect_eq(last_error(g), EROFS);
    }
    put_text(g, TEXT, "f");
    put_text(g, TEXT2, "g");
    cr_expect_eq(CALL(g, SYS_REMOVE, TEXT, 1), ERROR);
    cr_expect_eq(CALL(g, SYS_RENAME, TEXT, 1, TEXT2, 1), ERROR);
    check_file(g, "f", "text");
    guest_free(g);
}

Test(files, remove_rename_tmpnam)
{
    struct guest *g = guest_new(true, false, NULL);
    make_file(g, "a", "one");
    put_text(g, TEXT, "a");
    put_text(g, TEXT2, "b");
    cr_expect_eq(CALL(g, SYS_RENAME, TEXT, 1, TEXT2, 1), 0);
    check_file(g, "b", "one");
    check_file(g, "a", NULL);
    cr_expect_eq(CALL(g, SYS_RENAME, TEXT, 1, TEXT2, 1), ERROR);
    cr_expect_eq(last_error(g), ENOENT);
    cr_expect_eq(CALL(g, SYS_REMOVE, TEXT2, 1), 0);
    check_file(g, "b", NULL);
    put_text(g, TEXT, ".");
    cr_expect_eq(CALL(g, SYS_REMOVE, TEXT, 1), ERROR);
    char first[64];
    cr_expect_eq(CALL(g, SYS_TMPNAM, BUFFER, 255, 64), 0);
    strcpy(first, (char *)g->mem + (BUFFER - MEM_BASE));
    cr_expect_eq(CALL(g, SYS_TMPNAM, BUFFER, 254, 64), 0);
    cr_expect_str_neq(first, (char *)g->mem + (BUFFER - MEM_BASE));
    cr_expect_neq(open_name(g, first, 4), ERROR);
    cr_expect_eq(CALL(g, SYS_TMPNAM, BUFFER, 256, 64), ERROR);
    cr_expect_eq(CALL(g, SYS_TMPNAM, BUFFER, 1, 4), ERROR);
    guest_free(g);
}

Test(files, handles_run_out)
{
    struct guest *g = guest_new(true, false, NULL);
    make_file(g, "f", "text");
    unsigned count = 0;
    while (open_name(g, "f", 0) != ERROR && count < 10000)
        count++;
    cr_expect_geq(count, 20);
    cr_expect_lt(count, 10000);
    cr_expect_eq(last_error(g), EMFILE);
    semihosting_reset(g->sh);
    cr_expect_neq(open_name(g, "f", 0), ERROR);
    guest_free(g);
}

/* Whatever a guest passes, nothing crashes and nothing outside changes. */
Test(files, random_calls)
{
    struct guest *g = guest_new(true, false, "line");
    uint32_t seed = 12345;
    make_file(g, "f", "text");
    for (unsigned i = 0; i < 200000; i++) {
        static const uint32_t interesting[] = {0, 1, 2, 3, 4, TEXT, BUFFER, ROM_BASE, NOWHERE,
                                               0xffffffff, 0x80000000, MEM_BASE + MEM_SIZE - 1};
        uint32_t words[5];
        for (unsigned k = 0; k < 5; k++) {
            seed = seed * 1664525 + 1013904223;
            words[k] = interesting[(seed >> 16) % 12];
        }
        put_text(g, TEXT, (seed >> 8) % 3 ? ":tt" : "f");
        memset(g->out, 0, sizeof(g->out));
        uint32_t op = (seed >> 24) % 0x34;
        if (op == SYS_WRITE || op == SYS_WRITE0) /* the test's buffers are small */
            words[2] = 3;
        if (op != SYS_WRITE0)
            call_block(g, op, 4, words);
    }
    guest_free(g);
}
