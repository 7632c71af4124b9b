/* `cortex-m`: no board of anybody, but any CPU of the M profile with memory and a UART where the
 * command line wants them. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "devices/uart/cmsdk_uart.h"
#include "machines/internal.h"
#include "util/bits.h"

enum { BANKS_MAX = 8, IRQS_MAX = 240 };

#define KIB (1ull << 10)
#define MIB (1ull << 20)
#define FLASH 0x00000000ull
#define FLASH_SIZE (16 * MIB)
#define RAM 0x20000000ull
#define RAM_SIZE (16 * MIB)
#define RAM_MAX (512 * MIB) /* up to the peripherals */
#define UART_BASE 0x40004000ull

static const char *const cpus[] = {
    "cortex-m3", "cortex-m0", "cortex-m0plus", "cortex-m1", "cortex-m4", "cortex-m7", NULL};

static const struct machine_m_profile profile = {
    .irqs = 32,
    .priority_bits = 8,
    .bit_band = true,
    .cpu_hz = 25000000,
    .systick_ref_hz = 1000000,
};

static const struct machine_memory memory[] = {
    {.name = "flash", .base = FLASH, .size = FLASH_SIZE, .kind = MEMORY_ROM, .erased = true},
};

#define CMSDK_UART(at, number)                                                                     \
    {.class = "cmsdk-uart", .name = "uart0", .role = ROLE_SERIAL, .windows = 1, \
     .window = {{at, 0}}, \
     .irqs = 2, .irq = {{CMSDK_UART_RX, 1, number}, {CMSDK_UART_TX, 1, number + 1}}}
#define PL011_UART(at, number)                                                                     \
    {.class = "pl011", .name = "uart0", .role = ROLE_SERIAL, .windows = 1, .window = {{at, 0}},    \
     .irqs = 1, .irq = {{0, 1, number}}}

static const struct machine_row rows[] = {CMSDK_UART(UART_BASE, 0)};

/* The machine without options; `-m` gives the size of its RAM. */
const struct machine machine_cortex_m = {
    .name = "cortex-m",
    .help = "any CPU of the M profile; flash=BASE:SIZE, ram=BASE:SIZE, uart=... (docs/BOARDS.md)",
    .default_cpu = "cortex-m3",
    .cpus = cpus,
    .max_cpus = 1,
    .ram_base = RAM,
    .ram_default = RAM_SIZE,
    .ram_min = 4 * KIB,
    .ram_max = RAM_MAX,
    .m_profile = &profile,
    .flash_base = FLASH,
    .memory = memory,
    .memory_count = ARRAY_SIZE(memory),
    .rows = rows,
    .row_count = ARRAY_SIZE(rows),
};

/* ---- options --------------------------------------------------------------------------------- */

enum uart_kind { UART_CMSDK, UART_PL011, UART_NONE };

struct settings {
    struct machine machine;
    struct machine_m_profile profile;
    struct machine_memory banks[BANKS_MAX]; /* all but the main RAM */
    unsigned bank_count, flashes, rams;
    uint64_t uart, uart_base, uart_irq;
    uint64_t vtor; /* UINT64_MAX: the start of the flash */
    struct machine_row row;
    char names[BANKS_MAX][16];
};

bool machine_parse_size(const char *text, uint64_t *size)
{
    static const char suffixes[] = "kmg";
    char *end;
    *size = strtoull(text, &end, 0);
    if (end == text || *text == '-')
        return false;
    const char *suffix = *end ? strchr(suffixes, *end | 0x20) : NULL;
    if (suffix) {
        unsigned shift = 10 * (unsigned)(suffix - suffixes + 1);
        if (*size > UINT64_MAX >> shift)
            return false;
        *size <<= shift;
        end++;
    }
    return !*end;
}

static bool parse_bank(const char *key, const char *value, uint64_t *base, uint64_t *size,
                       struct error *e)
{
    char text[64];
    snprintf(text, sizeof(text), "%s", value);
    char *colon = strchr(text, ':');
    if (colon)
        *colon = 0;
    if (!colon || !machine_parse_size(text, base) || !machine_parse_size(colon + 1, size))
        return error_set(e, "-M cortex-m: %s=%s is not BASE:SIZE, as in 0x20000000:64K", key,
                         value);
    return (*size && *base < 1ull << 32 && *size <= (1ull << 32) - *base) ||
           error_set(e, "-M cortex-m: %s=%s is not within 4 GiB", key, value);
}

static bool add_bank(struct settings *s, const char *kind, unsigned n, struct machine_memory bank,
                     struct error *e)
{
    if (s->bank_count == BANKS_MAX)
        return error_set(e, "-M cortex-m: more than %d pieces of memory", BANKS_MAX);
    char *name = s->names[s->bank_count];
    snprintf(name, sizeof(s->names[0]), n ? "%s%u" : "%s", kind, n);
    bank.name = name;
    s->banks[s->bank_count++] = bank;
    return true;
}

static bool set_flash(struct settings *s, const char *key, const char *value, struct error *e)
{
    uint64_t base, size;
    if (!parse_bank(key, value, &base, &size, e))
        return false;
    if (!s->flashes)
        s->machine.flash_base = base;
    struct machine_memory bank = {.base = base, .size = size, .kind = MEMORY_ROM, .erased = true};
    return add_bank(s, "flash", s->flashes++, bank, e);
}

static bool set_ram(struct settings *s, const char *key, const char *value, struct error *e)
{
    uint64_t base, size;
    if (!parse_bank(key, value, &base, &size, e))
        return false;
    if (s->rams++)
        return add_bank(s, "ram", s->rams - 1, (struct machine_memory){.base = base, .size = size},
                        e);
    s->machine.ram_base = base;
    s->machine.ram_default = s->machine.ram_min = s->machine.ram_max = size;
    return true;
}

/* An option whose value is a number, or the number of a word, and where that goes. */
struct number_option {
    const char *name;
    size_t offset, size;
    uint64_t min, max;
    const char *const *words; /* NULL: a number */
};

static bool read_number(const struct number_option *o, const char *value, uint64_t *out,
                        struct error *e)
{
    char *end;
    *out = strtoull(value, &end, 0);
    return (end != value && !*end && *value != '-' && *out >= o->min && *out <= o->max) ||
           error_set(e, "-M cortex-m: %s=%s is not a number from %llu to %llu", o->name, value,
                     (unsigned long long)o->min, (unsigned long long)o->max);
}

static bool read_word(const struct number_option *o, const char *value, uint64_t *out,
                      struct error *e)
{
    const char *const *words = o->words;
    for (*out = 0; words[*out]; ++*out)
        if (!strcmp(words[*out], value))
            return true;
    return error_set(e, "-M cortex-m: %s=%s is not known; there are %s, %s%s%s", o->name, value,
                     words[0], words[1], words[2] ? ", " : "", words[2] ? words[2] : "");
}

static bool set_number(struct settings *s, const struct number_option *o, const char *value,
                       struct error *e)
{
    uint64_t n;
    if (!(o->words ? read_word : read_number)(o, value, &n, e))
        return false;
    memcpy((char *)s + o->offset, &n, o->size); /* little-endian, as the host is */
    return true;
}

static const char *const uarts[] = {"cmsdk", "pl011", "none", NULL};
static const char *const switches[] = {"off", "on", NULL};

#define NUMBER(name, member, min, max)                                                             \
    {name, offsetof(struct settings, member), sizeof(((struct settings *)0)->member), min, max,    \
     NULL}
#define WORD(name, member, words)                                                                  \
    {name, offsetof(struct settings, member), sizeof(((struct settings *)0)->member), 0, 0, words}

static const struct number_option numbers[] = {
    NUMBER("irqs", profile.irqs, 1, IRQS_MAX),
    NUMBER("priority-bits", profile.priority_bits, 2, 8),
    WORD("bit-band", profile.bit_band, switches),
    NUMBER("vtor", vtor, 0, UINT32_MAX),
    NUMBER("clock", profile.cpu_hz, 1, 1000000000),
    NUMBER("systick-ref", profile.systick_ref_hz, 0, 1000000000),
    WORD("uart", uart, uarts),
    NUMBER("uart-base", uart_base, 0, UINT32_MAX),
    NUMBER("uart-irq", uart_irq, 0, IRQS_MAX - 2),
};

static bool set_option(struct settings *s, const char *key, const char *value, struct error *e)
{
    const char *names[ARRAY_SIZE(numbers) + 3] = {"flash", "ram"};
    if (!strcmp(key, "flash"))
        return set_flash(s, key, value, e);
    if (!strcmp(key, "ram"))
        return set_ram(s, key, value, e);
    for (unsigned i = 0; i < ARRAY_SIZE(numbers); i++) {
        if (!strcmp(key, numbers[i].name))
            return set_number(s, &numbers[i], value, e);
        names[2 + i] = numbers[i].name;
    }
    const char *near = error_nearest(key, names);
    return error_set(e, "-M cortex-m: unknown option '%s'%s%s%s", key,
                     near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static bool parse(struct settings *s, const char *spec, struct error *e)
{
    char text[512], *save = NULL;
    if (snprintf(text, sizeof(text), "%s", spec) >= (int)sizeof(text))
        return error_set(e, "-M cortex-m: the options are too long");
    strtok_r(text, ",", &save); /* the name */
    for (char *p; (p = strtok_r(NULL, ",", &save));) {
        char *equals = strchr(p, '=');
        if (!equals)
            return error_set(e, "-M cortex-m: option '%s' has no value", p);
        *equals = 0;
        if (!set_option(s, p, equals + 1, e))
            return false;
    }
    return true;
}

const struct machine *machine_cortex_m_open(const char *spec, struct error *e)
{
    struct arena arena = {0};
    struct settings *s = arena_alloc(&arena, sizeof(*s));
    *s = (struct settings){.machine = machine_cortex_m,
                           .profile = profile,
                           .uart_base = UART_BASE,
                           .vtor = UINT64_MAX};
    if (!parse(s, spec, e) || (!s->flashes && !add_bank(s, "flash", 0, memory[0], e))) {
        arena_free(&arena);
        return NULL;
    }
    s->profile.vtor = (uint32_t)(s->vtor == UINT64_MAX ? s->machine.flash_base : s->vtor);
    if (s->uart == UART_PL011)
        s->row = (struct machine_row)PL011_UART(s->uart_base, (int16_t)s->uart_irq);
    else
        s->row = (struct machine_row)CMSDK_UART(s->uart_base, (int16_t)s->uart_irq);
    s->machine.m_profile = &s->profile;
    s->machine.memory = s->banks;
    s->machine.memory_count = s->bank_count;
    s->machine.rows = &s->row;
    s->machine.row_count = s->uart == UART_NONE ? 0 : 1;
    s->machine.arena = arena_alloc(&arena, sizeof(arena));
    *s->machine.arena = arena;
    return &s->machine;
}
