#include "rt.h"

struct event events[64];
unsigned event_count;
void (*action[256])(struct event *e);
uint32_t resume;
static unsigned number, failures;

/* To the host's standard output. */
void print(const char *text)
{
    static uint32_t handle;
    if (!handle) {
        const uint32_t open[3] = {(uint32_t)":tt", 4, 3};
        handle = semihosting(1, open);
    }
    uint32_t block[3] = {handle, (uint32_t)text, 0};
    while (text[block[2]])
        block[2]++;
    semihosting(5, block);
}

void print_hex(uint32_t v)
{
    char text[11];
    text[0] = '0';
    text[1] = 'x';
    for (int i = 0; i < 8; i++)
        text[2 + i] = "0123456789abcdef"[v >> (28 - 4 * i) & 15];
    text[10] = 0;
    print(text);
}

static void print_number(unsigned v)
{
    char text[12], *p = text + 11;
    *p = 0;
    do
        *--p = (char)('0' + v % 10);
    while (v /= 10);
    print(p);
}

static void result(const char *name, bool ok)
{
    print(ok ? "ok " : "not ok ");
    print_number(++number);
    print(" - ");
    print(name);
    print("\n");
    failures += !ok;
}

void check(const char *name, uint32_t got, uint32_t want)
{
    result(name, got == want);
    if (got == want)
        return;
    print("# got ");
    print_hex(got);
    print(", expected ");
    print_hex(want);
    print("\n");
}

static bool same(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

void check_order(const char *name, const char *want)
{
    static const char letters[17] = "?RNHMBU????SD?PT";
    static char got[65];
    unsigned i;
    for (i = 0; i < event_count; i++)
        got[i] = events[i].exc < IRQ0 ? letters[events[i].exc] : (char)('0' + events[i].exc - IRQ0);
    got[i] = 0;
    result(name, same(got, want));
    if (!same(got, want)) {
        print("# got ");
        print(got);
        print(", expected ");
        print(want);
        print("\n");
    }
    event_count = 0;
}

void events_clear(void)
{
    event_count = 0;
    for (unsigned i = 0; i < 256; i++)
        action[i] = 0;
}

void finish(void)
{
    uint32_t block[2] = {0x20026, failures != 0};
    print("1..");
    print_number(number);
    print("\n");
    semihosting(0x20, block);
    for (;;)
        ;
}

void exception_c(uint32_t *frame, uint32_t exc_return, uint32_t exc)
{
    struct event *e = &events[event_count < 63 ? event_count++ : 63];
    e->exc = exc;
    e->exc_return = exc_return;
    e->frame = frame;
    e->pc = frame[6];
    e->xpsr = frame[7];
#if !__ARM_ARCH_6M__
    e->cfsr = CFSR;
    e->hfsr = HFSR;
    e->mmfar = MMFAR;
    e->bfar = BFAR;
    if (exc >= HARD && exc <= USAGE) {
        CFSR = e->cfsr;
        HFSR = e->hfsr;
    }
#endif
    if (action[exc]) {
        action[exc](e);
    } else if (exc >= HARD && exc <= USAGE) {
        frame[6] = resume & ~1u;
        frame[7] = (frame[7] & ~0x0600fc00u) | 1u << 24;
    }
}

void check_fault(const char *name, unsigned exc, uint32_t cfsr, uint32_t hfsr)
{
    struct event *e = &events[0];
    bool ok = event_count == 1 && e->exc == exc && e->cfsr == cfsr && e->hfsr == hfsr;
    result(name, ok);
    if (!ok) {
        print("# exceptions ");
        print_number(event_count);
        print(", number ");
        print_number(e->exc);
        print(" CFSR ");
        print_hex(e->cfsr);
        print(" HFSR ");
        print_hex(e->hfsr);
        print(" PC ");
        print_hex(e->pc);
        print("\n");
    }
    event_count = 0;
}
