/* Boards as YAML files: the rows of machines/internal.h in text. Every key is a row of a table that
 * says where its value goes. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "machines/internal.h"
#include "util/bits.h"

enum { ITEMS_MAX = 512 };

struct reader {
    const char *path;
    yaml_document_t doc;
    struct arena arena;
    struct error *e;
};

struct key;
/* Read @node into the struct at @to. */
typedef bool key_fn(struct reader *r, const struct key *key, yaml_node_t *node, void *to);

struct key {
    const char *name;
    key_fn *read;
    size_t offset;
    uint8_t size;      /* of an integer */
    bool required;
    uint64_t max;      /* of an integer; 0: what fits */
};

/* ---- nodes ----------------------------------------------------------------------------------- */

static bool fail(struct reader *r, const yaml_node_t *node, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static bool fail(struct reader *r, const yaml_node_t *node, const char *fmt, ...)
{
    char text[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return error_set(r->e, "%s:%zu:%zu: %s", r->path, node->start_mark.line + 1,
                     node->start_mark.column + 1, text);
}

static void *clear_alloc(struct reader *r, size_t size)
{
    void *p = arena_alloc(&r->arena, size ? size : 1);
    memset(p, 0, size);
    return p;
}

static const char *copy(struct reader *r, const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(arena_alloc(&r->arena, size), text, size);
}

/* For errors that only building can find. */
static const char *where(struct reader *r, const yaml_node_t *node)
{
    char *text;
    if (asprintf(&text, "%s:%zu:%zu", r->path, node->start_mark.line + 1,
                 node->start_mark.column + 1) < 0)
        abort();
    const char *kept = copy(r, text);
    free(text);
    return kept;
}

static yaml_node_t *node_at(struct reader *r, int index)
{
    return yaml_document_get_node(&r->doc, index);
}

static const char *text_of(const yaml_node_t *node)
{
    return (const char *)node->data.scalar.value;
}

static bool is_scalar(struct reader *r, const struct key *key, const yaml_node_t *node)
{
    return node->type == YAML_SCALAR_NODE || fail(r, node, "'%s' is not a single value", key->name);
}

/* ---- values ---------------------------------------------------------------------------------- */

static bool read_string(struct reader *r, const struct key *key, yaml_node_t *node, void *to)
{
    if (!is_scalar(r, key, node))
        return false;
    *(const char **)((char *)to + key->offset) = copy(r, text_of(node));
    return true;
}

/* A device's name: it becomes part of struct device. */
static bool read_name(struct reader *r, const struct key *key, yaml_node_t *node, void *to)
{
    if (!is_scalar(r, key, node))
        return false;
    size_t len = strlen(text_of(node));
    if (!len || len > 24)
        return fail(r, node, "'%s' is a name of 1 to 24 characters", key->name);
    return read_string(r, key, node, to);
}

static bool read_number(struct reader *r, const struct key *key, yaml_node_t *node, void *to)
{
    uint64_t value, max = key->max         ? key->max
                          : key->size == 8 ? UINT64_MAX
                                           : BIT64(8 * key->size) - 1;
    if (!is_scalar(r, key, node))
        return false;
    if (!machine_parse_size(text_of(node), &value))
        return fail(r, node, "'%s' is a number, not '%s'", key->name, text_of(node));
    if (value > max)
        return fail(r, node, "'%s' is at most %llu, not %s", key->name, (unsigned long long)max,
                    text_of(node));
    memcpy((char *)to + key->offset, &value, key->size); /* little-endian, as the host is */
    return true;
}

static bool read_bool(struct reader *r, const struct key *key, yaml_node_t *node, void *to)
{
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};
    if (!is_scalar(r, key, node))
        return false;
    for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
        if (!strcmp(words[i], text_of(node))) {
            *(bool *)((char *)to + key->offset) = i & 1;
            return true;
        }
    }
    return fail(r, node, "'%s' is true or false, not '%s'", key->name, text_of(node));
}

#define STRING(type, key, member) {key, read_string, offsetof(type, member), 0, false, 0}
#define NAME(type, key, member) {key, read_name, offsetof(type, member), 0, true, 0}
#define NUMBER(type, key, member, needed, max)                                                     \
    {key, read_number, offsetof(type, member), sizeof(((type *)0)->member), needed, max}
#define BOOL(type, key, member) {key, read_bool, offsetof(type, member), 0, false, 0}
#define OTHER(key, function, needed) {key, function, 0, 0, needed, 0}

/* ---- mappings and lists ---------------------------------------------------------------------- */

static const struct key *find_key(struct reader *r, const struct key *keys, const yaml_node_t *name)
{
    const char *names[32] = {0};
    if (name->type != YAML_SCALAR_NODE) {
        fail(r, name, "a key is expected here");
        return NULL;
    }
    for (unsigned i = 0; keys[i].name; i++) {
        assert(i + 1 < ARRAY_SIZE(names));
        names[i] = keys[i].name;
        if (!strcmp(keys[i].name, text_of(name)))
            return &keys[i];
    }
    const char *near = error_nearest(text_of(name), names);
    fail(r, name, "unknown key '%s'%s%s%s", text_of(name), near ? "; did you mean '" : "",
         near ? near : "", near ? "'?" : "");
    return NULL;
}

/* Fill the struct at @to from a mapping whose keys are those of @keys (ended by a row without
 * name). */
static bool read_map(struct reader *r, yaml_node_t *node, const struct key *keys, void *to)
{
    uint32_t seen = 0;
    if (node->type != YAML_MAPPING_NODE)
        return fail(r, node, "a mapping of keys to values is expected here");
    for (yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top;
         p++) {
        yaml_node_t *name = node_at(r, p->key);
        const struct key *key = find_key(r, keys, name);
        if (!key)
            return false;
        if (seen & BIT(key - keys))
            return fail(r, name, "'%s' is given twice", key->name);
        seen |= BIT(key - keys);
        if (!key->read(r, key, node_at(r, p->value), to))
            return false;
    }
    for (unsigned i = 0; keys[i].name; i++)
        if (keys[i].required && !(seen & BIT(i)))
            return fail(r, node, "'%s' is missing", keys[i].name);
    return true;
}

/* The number of items of a list; below 0 with an error when it is none or has more than @max. */
static int list_length(struct reader *r, const struct key *key, const yaml_node_t *node,
                       unsigned max)
{
    if (node->type != YAML_SEQUENCE_NODE) {
        fail(r, node, "'%s' is a list", key->name);
        return -1;
    }
    long n = node->data.sequence.items.top - node->data.sequence.items.start;
    if (n > (long)max) {
        fail(r, node, "'%s' has more than %u items", key->name, max);
        return -1;
    }
    return (int)n;
}

static yaml_node_t *list_item(struct reader *r, const yaml_node_t *node, int i)
{
    return node_at(r, node->data.sequence.items.start[i]);
}

/* ---- devices --------------------------------------------------------------------------------- */

/* A row while it is read: values of properties need the class, which may come later. */
struct row_reading {
    struct machine_row row;
    yaml_node_t *properties;
    bool serial, network;
    uint64_t base;
    int64_t irq;
};

struct window_reading {
    uint64_t base;
    uint8_t region;
};

static bool read_windows(struct reader *r, const struct key *key, yaml_node_t *node, void *to)
{
    static const struct key keys[] = {
        NUMBER(struct window_reading, "base", base, true, UINT32_MAX),
        NUMBER(struct window_reading, "region", region, false, DEVICE_MAX_REGIONS - 1), {0}};
    struct machine_row *row = &((struct row_reading *)to)->row;
    int n = list_length(r, key, node, ROW_WINDOWS);
    for (int i = 0; i < n; i++) {
        struct window_reading w = {0};
        if (!read_map(r, list_item(r, node, i), keys, &w))
            return false;
        row->window[i].base = w.base;
        row->window[i].region = w.region;
    }
    row->windows = (uint8_t)(n < 0 ? 0 : n);
    return n >= 0;
}

static bool read_base(struct reader *r, const struct key *key, yaml_node_t *node, void *to)
{
    static const struct key base = NUMBER(struct row_reading, "base", base, true, UINT32_MAX);
    struct row_reading *reading = to;
    if (!read_number(r, &base, node, to))
        return false;
    reading->row.windows = 1;
    reading->row.window[0].base = reading->base;
    return true;
}

static bool read_irq(struct reader *r, const struct key *key, yaml_node_t *node, void *to)
{
    static const struct key line = NUMBER(struct row_irq, "irq", line, true, 239);
    struct machine_row *row = &((struct row_reading *)to)->row;
    row->irqs = 1;
    return read_number(r, &line, node, &row->irq[0]);
}

static bool read_irqs(struct reader *r, const struct key *key, yaml_node_t *node, void *to)
{
    static const struct key keys[] = {NUMBER(struct row_irq, "output", output, true, 0),
                                      NUMBER(struct row_irq, "count", count, false, 0),
                                      NUMBER(struct row_irq, "line", line, true, 239),
                                      {0}};
    struct machine_row *row = &((struct row_reading *)to)->row;
    int n = list_length(r, key, node, ROW_IRQS);
    for (int i = 0; i < n; i++)
        if (!read_map(r, list_item(r, node, i), keys, &row->irq[i]))
            return false;
    row->irqs = (uint8_t)(n < 0 ? 0 : n);
    return n >= 0;
}

static bool read_properties_later(struct reader *r, const struct key *key, yaml_node_t *node,
                                  void *to)
{
    ((struct row_reading *)to)->properties = node;
    return node->type == YAML_MAPPING_NODE ||
           fail(r, node, "'properties' is a mapping of names to values");
}

static bool read_properties(struct reader *r, const struct device_class *class,
                            struct machine_row *row, const yaml_node_t *node)
{
    for (yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top;
         p++) {
        yaml_node_t *name = node_at(r, p->key), *value = node_at(r, p->value);
        struct error e = {0};
        if (name->type != YAML_SCALAR_NODE || value->type != YAML_SCALAR_NODE)
            return fail(r, name, "a property is a name and a value");
        if (row->properties == ROW_PROPERTIES)
            return fail(r, name, "more than %d properties", ROW_PROPERTIES);
        if (!device_property_parse(class, text_of(name), copy(r, text_of(value)),
                                   &row->property[row->properties++], &e))
            return fail(r, name, "%s", e.text);
    }
    return true;
}

static bool read_device(struct reader *r, yaml_node_t *node, struct machine_row *row)
{
    static const struct key keys[] = {
        NAME(struct row_reading, "class", row.class),
        NAME(struct row_reading, "name", row.name),
        BOOL(struct row_reading, "serial", serial),
        BOOL(struct row_reading, "network", network),
        OTHER("base", read_base, false),
        OTHER("windows", read_windows, false),
        OTHER("irq", read_irq, false),
        OTHER("irqs", read_irqs, false),
        NUMBER(struct row_reading, "count", row.count, false, 64),
        NUMBER(struct row_reading, "stride", row.stride, false, UINT32_MAX),
        NUMBER(struct row_reading, "clock", row.clock_hz, false, 0),
        OTHER("properties", read_properties_later, false),
        {0},
    };
    struct row_reading reading = {0};
    struct error e = {0};
    if (!read_map(r, node, keys, &reading))
        return false;
    const struct device_class *class = device_class_find(reading.row.class, &e);
    if (!class)
        return fail(r, node, "%s", e.text);
    if (reading.properties && !read_properties(r, class, &reading.row, reading.properties))
        return false;
    reading.row.role = reading.serial ? ROLE_SERIAL : reading.network ? ROLE_NETWORK : ROLE_NONE;
    *row = reading.row;
    row->where = where(r, node);
    return true;
}

static bool read_devices(struct reader *r, const struct key *key, yaml_node_t *node, void *to)
{
    struct machine *m = to;
    int n = list_length(r, key, node, BOARD_DEVICES_MAX);
    if (n < 0)
        return false;
    struct machine_row *rows = clear_alloc(r, (size_t)n * sizeof(*rows));
    for (int i = 0; i < n; i++) {
        if (!read_device(r, list_item(r, node, i), &rows[i]))
            return false;
        for (int k = 0; k < i; k++)
            if (!strcmp(rows[k].name, rows[i].name))
                return fail(r, list_item(r, node, i), "there is another device '%s'", rows[i].name);
    }
    m->rows = rows;
    m->row_count = (unsigned)n;
    return true;
}

/* ---- wires ----------------------------------------------------------------------------------- */

struct wire_reading {
    struct machine_wire wire;
    bool clock, attach;
};

/* Ends of wires that are no devices. */
static const struct {
    const char *name;
    enum wire_target target;
} board_ends[] = {
    {"irq", WIRE_IRQ}, {"nmi", WIRE_NMI}, {"reset", WIRE_RESET}, {"cpu-clock", WIRE_CPU_CLOCK}};

static bool read_wire(struct reader *r, yaml_node_t *node, struct machine_wire *wire)
{
    static const struct key keys[] = {
        NAME(struct wire_reading, "from", wire.from),
        NUMBER(struct wire_reading, "output", wire.output, false, 0),
        NUMBER(struct wire_reading, "count", wire.count, false, 0),
        NAME(struct wire_reading, "to", wire.to),
        NUMBER(struct wire_reading, "input", wire.input, false, 0),
        BOOL(struct wire_reading, "clock", clock),
        BOOL(struct wire_reading, "attach", attach),
        {0},
    };
    struct wire_reading reading = {0};
    if (!read_map(r, node, keys, &reading))
        return false;
    *wire = reading.wire;
    wire->where = where(r, node);
    wire->target = reading.attach ? WIRE_ATTACH : reading.clock ? WIRE_CLOCK : WIRE_DEVICE;
    for (unsigned i = 0; i < ARRAY_SIZE(board_ends); i++)
        if (wire->target == WIRE_DEVICE && !strcmp(wire->to, board_ends[i].name))
            wire->target = board_ends[i].target;
    return true;
}

static bool read_wires(struct reader *r, const struct key *key, yaml_node_t *node, void *to)
{
    struct machine *m = to;
    int n = list_length(r, key, node, ITEMS_MAX);
    if (n < 0)
        return false;
    struct machine_wire *wires = clear_alloc(r, (size_t)n * sizeof(*wires));
    for (int i = 0; i < n; i++)
        if (!read_wire(r, list_item(r, node, i), &wires[i]))
            return false;
    m->wires = wires;
    m->wire_count = (unsigned)n;
    return true;
}

/* ---- memory ---------------------------------------------------------------------------------- */

static bool read_memory_kind(struct reader *r, const struct key *key, yaml_node_t *node, void *to)
{
    static const char *const words[] = {
        [MEMORY_RAM] = "ram", [MEMORY_ROM] = "rom", [MEMORY_ALIAS] = "alias"};
    if (!is_scalar(r, key, node))
        return false;
    for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
        if (!strcmp(words[i], text_of(node))) {
            ((struct machine_memory *)to)->kind = (enum memory_kind)i;
            return true;
        }
    }
    return fail(r, node, "'kind' is ram, rom or alias, not '%s'", text_of(node));
}

static bool read_bank(struct reader *r, yaml_node_t *node, struct machine_memory *bank)
{
    static const struct key keys[] = {
        NAME(struct machine_memory, "name", name),
        NUMBER(struct machine_memory, "base", base, true, UINT32_MAX),
        NUMBER(struct machine_memory, "size", size, false, 1ull << 32),
        OTHER("kind", read_memory_kind, false),
        STRING(struct machine_memory, "of", of),
        STRING(struct machine_memory, "stores", of),
        NUMBER(struct machine_memory, "store_region", store_region, false, DEVICE_MAX_REGIONS - 1),
        BOOL(struct machine_memory, "erased", erased),
        {0},
    };
    if (!read_map(r, node, keys, bank))
        return false;
    bank->where = where(r, node);
    if (bank->kind == MEMORY_ALIAS ? !bank->of : !bank->size)
        return fail(r, node, "'%s' is missing", bank->kind == MEMORY_ALIAS ? "of" : "size");
    return true;
}

static bool read_memory(struct reader *r, const struct key *key, yaml_node_t *node, void *to)
{
    struct machine *m = to;
    int n = list_length(r, key, node, ITEMS_MAX);
    if (n < 0)
        return false;
    struct machine_memory *banks = clear_alloc(r, (size_t)n * sizeof(*banks));
    for (int i = 0; i < n; i++)
        if (!read_bank(r, list_item(r, node, i), &banks[i]))
            return false;
    m->memory = banks;
    m->memory_count = (unsigned)n;
    return true;
}

static bool read_ram(struct reader *r, const struct key *key, yaml_node_t *node, void *to)
{
    static const struct key keys[] = {
        NUMBER(struct machine, "base", ram_base, true, UINT32_MAX),
        NUMBER(struct machine, "size", ram_default, true, 1ull << 32), {0}};
    struct machine *m = to;
    if (!read_map(r, node, keys, m))
        return false;
    m->ram_min = m->ram_max = m->ram_default;
    if ((m->ram_base | m->ram_default) & 0xfff)
        return fail(r, node, "address and size of 'ram' must be multiples of 4 KiB");
    return m->ram_default || fail(r, node, "the size of 'ram' is 0");
}

/* ---- the whole ------------------------------------------------------------------------------- */

static bool read_m_profile(struct reader *r, const struct key *key, yaml_node_t *node, void *to)
{
    static const struct key keys[] = {
        NUMBER(struct machine_m_profile, "irqs", irqs, true, 240),
        NUMBER(struct machine_m_profile, "priority_bits", priority_bits, true, 8),
        BOOL(struct machine_m_profile, "bit_band", bit_band),
        NUMBER(struct machine_m_profile, "vtor", vtor, false, 0),
        NUMBER(struct machine_m_profile, "cpu_hz", cpu_hz, true, 1000000000),
        NUMBER(struct machine_m_profile, "systick_ref_hz", systick_ref_hz, false, 1000000000),
        NUMBER(struct machine_m_profile, "systick_ref_div", systick_ref_div, false, 1000000000),
        {0},
    };
    struct machine_m_profile *p = clear_alloc(r, sizeof(*p));
    if (!read_map(r, node, keys, p))
        return false;
    if (!p->irqs || p->priority_bits < 2 || !p->cpu_hz)
        return fail(r, node, "'m_profile' needs at least 1 interrupt, 2 priority bits and a clock");
    ((struct machine *)to)->m_profile = p;
    return true;
}

static bool read_cpus(struct reader *r, const struct key *key, yaml_node_t *node, void *to)
{
    int n = list_length(r, key, node, 32);
    if (n < 0)
        return false;
    const char **cpus = clear_alloc(r, (size_t)(n + 1) * sizeof(*cpus));
    for (int i = 0; i < n; i++) {
        yaml_node_t *item = list_item(r, node, i);
        if (!is_scalar(r, key, item))
            return false;
        cpus[i] = copy(r, text_of(item));
    }
    ((struct machine *)to)->cpus = cpus;
    return true;
}

static bool read_machine(struct reader *r, yaml_node_t *node, struct machine *m)
{
    static const struct key keys[] = {
        NAME(struct machine, "name", name),
        STRING(struct machine, "help", help),
        NAME(struct machine, "cpu", default_cpu),
        OTHER("cpus", read_cpus, false),
        OTHER("m_profile", read_m_profile, true),
        OTHER("ram", read_ram, true),
        NUMBER(struct machine, "flash_base", flash_base, false, UINT32_MAX),
        OTHER("memory", read_memory, false),
        OTHER("devices", read_devices, false),
        OTHER("wires", read_wires, false),
        {0},
    };
    if (!node)
        return error_set(r->e, "%s: the file is empty", r->path);
    if (!read_map(r, node, keys, m))
        return false;
    if (!m->cpus) {
        const char **cpus = clear_alloc(r, 2 * sizeof(*cpus));
        cpus[0] = m->default_cpu;
        m->cpus = cpus;
    }
    m->max_cpus = 1;
    return true;
}

static const struct machine *read_document(struct reader *r)
{
    struct machine *m = clear_alloc(r, sizeof(*m));
    if (!read_machine(r, yaml_document_get_root_node(&r->doc), m)) {
        arena_free(&r->arena);
        return NULL;
    }
    m->arena = clear_alloc(r, sizeof(r->arena));
    *m->arena = r->arena;
    return m;
}

static const struct machine *read_file(struct reader *r, FILE *f)
{
    yaml_parser_t parser;
    const struct machine *m = NULL;
    if (!yaml_parser_initialize(&parser)) {
        error_set(r->e, "out of memory");
        return NULL;
    }
    yaml_parser_set_input_file(&parser, f);
    if (yaml_parser_load(&parser, &r->doc)) {
        m = read_document(r);
        yaml_document_delete(&r->doc);
    } else {
        error_set(r->e, "%s:%zu:%zu: %s", r->path, parser.problem_mark.line + 1,
                  parser.problem_mark.column + 1, parser.problem ? parser.problem : "broken YAML");
    }
    yaml_parser_delete(&parser);
    return m;
}

const struct machine *machine_file_open(const char *spec, struct error *e)
{
    char path[4096];
    spec += strlen("file:");
    size_t len = strcspn(spec, ",");
    if (!len || len >= sizeof(path)) {
        error_set(e, "-M file: needs a path: -M file:board.yaml");
        return NULL;
    }
    memcpy(path, spec, len);
    path[len] = 0;
    FILE *f = fopen(path, "r");
    if (!f) {
        error_set_errno(e, "-M file:%s", path);
        return NULL;
    }
    struct reader r = {.path = path, .e = e};
    const struct machine *m = read_file(&r, f);
    fclose(f);
    if (m && !machine_check_options(m, spec, e)) {
        machine_close(m);
        return NULL;
    }
    return m;
}
