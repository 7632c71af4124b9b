#include "debug/target_xml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/bits.h"

static const char *const feature_names[GDB_FEATURE_COUNT] = {
    [GDB_FEATURE_CORE] = "org.gnu.gdb.arm.core",
    [GDB_FEATURE_M_CORE] = "org.gnu.gdb.arm.m-profile",
    [GDB_FEATURE_M_SYSTEM] = "org.gnu.gdb.arm.m-system",
    [GDB_FEATURE_VFP] = "org.gnu.gdb.arm.vfp",
    [GDB_FEATURE_TLS] = "org.gnu.gdb.arm.tls",
    [GDB_FEATURE_NEON] = "org.gnu.gdb.arm.neon",
    [GDB_FEATURE_BANKED] = "org.armemu.arm.banked",
    [GDB_FEATURE_SYSTEM] = "org.armemu.arm.system",
};

static const char *type_of(const struct gdb_register *reg)
{
    if (!strcmp(reg->name, "pc"))
        return "code_ptr";
    if (reg->feature == GDB_FEATURE_NEON)
        return "neon_q";
    if (reg->feature == GDB_FEATURE_VFP)
        return reg->bytes == 8 ? "ieee_double" : "int";
    if (reg->feature == GDB_FEATURE_TLS)
        return "data_ptr";
    if ((!strncmp(reg->name, "sp", 2) && reg->name[2] != 's') || !strcmp(reg->name + 1, "sp"))
        return "data_ptr";
    return reg->bytes == 8 ? "uint64" : "uint32";
}

/* What is not part of a program's own state is not saved around calls that GDB makes. LLDB does
 * not know GDB's types, but has attributes of its own, which GDB ignores. */
static const char *extra_of(const struct gdb_register *reg)
{
    switch (reg->feature) {
    case GDB_FEATURE_VFP:
        return reg->bytes == 8 ? " encoding=\"ieee754\" format=\"float\"" : " group=\"float\"";
    case GDB_FEATURE_NEON:
        return " group=\"vector\" save-restore=\"no\" encoding=\"vector\" format=\"vector-uint8\"";
    case GDB_FEATURE_BANKED: return " group=\"banked\" save-restore=\"no\"";
    case GDB_FEATURE_M_SYSTEM:
    case GDB_FEATURE_SYSTEM: return " group=\"system\" save-restore=\"no\"";
    default: return "";
    }
}

/* The views of a q register, as GDB knows them from elsewhere. */
static void print_neon_types(FILE *out)
{
    static const struct {
        const char *field, *element;
        unsigned count;
    } views[] = {{"u8", "uint8", 16},  {"u16", "uint16", 8},      {"u32", "uint32", 4},
                 {"u64", "uint64", 2}, {"f32", "ieee_single", 4}, {"f64", "ieee_double", 2}};
    for (unsigned i = 0; i < ARRAY_SIZE(views); i++)
        fprintf(out, "<vector id=\"neon_q_%s\" type=\"%s\" count=\"%u\"/>\n", views[i].field,
                views[i].element, views[i].count);
    fprintf(out, "<union id=\"neon_q\">\n");
    for (unsigned i = 0; i < ARRAY_SIZE(views); i++)
        fprintf(out, "<field name=\"%s\" type=\"neon_q_%s\"/>\n", views[i].field, views[i].field);
    fprintf(out, "</union>\n");
}

static void print_feature(const struct gdb_registers *r, enum gdb_feature feature, FILE *out)
{
    bool open = false;
    for (unsigned i = 0; i < r->count; i++) {
        const struct gdb_register *reg = &r->list[i];
        if (reg->feature != feature)
            continue;
        if (!open)
            fprintf(out, "<feature name=\"%s\">\n", feature_names[feature]);
        if (!open && feature == GDB_FEATURE_NEON)
            print_neon_types(out);
        open = true;
        fprintf(out, "<reg name=\"%s\" bitsize=\"%u\" regnum=\"%u\" type=\"%s\"%s/>\n", reg->name,
                reg->bytes * 8, reg->number, type_of(reg), extra_of(reg));
    }
    if (open)
        fprintf(out, "</feature>\n");
}

char *target_xml_new(const struct gdb_registers *r)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        abort();
    fprintf(out, "<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n"
                 "<target version=\"1.0\">\n<architecture>arm</architecture>\n");
    for (unsigned f = 0; f < GDB_FEATURE_COUNT; f++)
        print_feature(r, (enum gdb_feature)f, out);
    fprintf(out, "</target>\n");
    fclose(out);
    return text;
}
