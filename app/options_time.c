/* Options about time and chance: -icount, -rtc, -seed. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/options_internal.h"
#include "host/clock.h"

/* ---- -icount --------------------------------------------------------------------------------- */

static bool icount_shift(struct options *o, const char *value, struct error *e)
{
    char *end;
    o->icount_auto = !strcmp(value, "auto");
    if (o->icount_auto)
        return true;
    unsigned long shift = strtoul(value, &end, 10);
    if (*value < '0' || *value > '9' || *end || shift > VM_ICOUNT_SHIFT_MAX)
        return error_set(e, "-icount: shift=%s is not valid; it is auto or 0 to %d", value,
                         VM_ICOUNT_SHIFT_MAX);
    o->icount.shift = (uint8_t)shift;
    return true;
}

static bool icount_sleep(struct options *o, const char *value, struct error *e)
{
    o->icount.sleep = !strcmp(value, "on");
    return o->icount.sleep || !strcmp(value, "off") ||
           error_set(e, "-icount: sleep=%s is not valid; it is on or off", value);
}

static bool icount_align(struct options *o, const char *value, struct error *e)
{
    return !strcmp(value, "off") ||
           error_set(e, "-icount: align=%s is not supported, only align=off is", value);
}

static bool icount_replay(struct options *o, const char *value, struct error *e)
{
    return error_set(e,
                     "-icount: record and replay (rr, rrfile, rrsnapshot) are not supported yet");
}

static const struct {
    const char *key;
    bool (*set)(struct options *o, const char *value, struct error *e);
} icount_rows[] = {
    {"shift", icount_shift}, {"sleep", icount_sleep}, {"align", icount_align},
    {"rr", icount_replay}, {"rrfile", icount_replay}, {"rrsnapshot", icount_replay},
};

static bool icount_property(struct options *o, const char *key, const char *value, bool first,
                            struct error *e)
{
    static const char *const keys[] = {"shift", "sleep", "align", NULL};
    char hint[64];
    if (!value && first) {
        value = key;
        key = "shift";
    }
    for (unsigned i = 0; i < sizeof(icount_rows) / sizeof(icount_rows[0]); i++)
        if (!strcmp(icount_rows[i].key, key))
            return icount_rows[i].set(o, value ? value : "", e);
    return error_set(e, "-icount: unknown option '%s'%s", key,
                     option_hint(key, keys, hint, sizeof(hint)));
}

enum option_status option_icount(struct options *o, const char *value, struct error *e)
{
    char *copy = option_copy(value), *rest = copy, *inner;
    bool ok = true, first = true;
    o->icount = (struct vm_icount){.enabled = true, .sleep = true};
    o->icount_auto = true;
    for (char *key; ok && (key = option_next_pair(&rest, &inner)); first = false)
        ok = icount_property(o, key, inner, first, e);
    free(copy);
    return option_result(ok);
}

/* ---- -seed ----------------------------------------------------------------------------------- */

enum option_status option_seed(struct options *o, const char *value, struct error *e)
{
    char *end;
    o->seeded = true;
    o->seed = strtoull(value, &end, 0);
    if (*value < '0' || *value > '9' || *end)
        return option_error(e, "-seed: '%s' is not a number", value);
    return OPTION_OK;
}

/* ---- -rtc ------------------------------------------------------------------------------------ */

static bool rtc_base(struct options *o, const char *value, struct error *e)
{
    struct tm tm = {0};
    o->rtc_utc = !strcmp(value, "utc");
    if (o->rtc_utc)
        return true;
    const char *end = strptime(value, "%Y-%m-%d", &tm);
    if (end && *end == 'T')
        end = strptime(end + 1, "%H:%M:%S", &tm);
    if (!end || *end)
        return error_set(e, "-rtc: base=%s is not supported, only utc and a date are, such as "
                            "2024-06-17T16:01:21 or 2024-06-17", value);
    o->rtc_date = true;
    o->rtc_base = (int64_t)timegm(&tm) * CLOCK_NS_PER_SEC;
    return true;
}

static bool rtc_clock(struct options *o, const char *value, struct error *e)
{
    o->rtc_host = !strcmp(value, "host");
    o->rtc_vm = !strcmp(value, "vm");
    return o->rtc_host || o->rtc_vm ||
           error_set(e, "-rtc: clock=%s is not supported, only host and vm are", value);
}

static bool rtc_driftfix(struct options *o, const char *value, struct error *e)
{
    return !strcmp(value, "none") ||
           error_set(e, "-rtc: driftfix=%s is not supported, only driftfix=none is", value);
}

static bool rtc_property(struct options *o, const char *key, const char *value, struct error *e)
{
    static const struct {
        const char *key;
        bool (*set)(struct options *o, const char *value, struct error *e);
    } rows[] = {{"base", rtc_base}, {"clock", rtc_clock}, {"driftfix", rtc_driftfix}};
    static const char *const keys[] = {"base", "clock", "driftfix", NULL};
    char hint[64];
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (!strcmp(rows[i].key, key))
            return rows[i].set(o, value ? value : "", e);
    return error_set(e, "-rtc: unknown option '%s'%s", key,
                     option_hint(key, keys, hint, sizeof(hint)));
}

enum option_status option_rtc(struct options *o, const char *value, struct error *e)
{
    char *copy = option_copy(value), *rest = copy, *inner;
    bool ok = true;
    for (char *key; ok && (key = option_next_pair(&rest, &inner));)
        ok = rtc_property(o, key, inner, e);
    free(copy);
    return option_result(ok);
}

/* ---- together -------------------------------------------------------------------------------- */

bool options_check_time(struct options *o, struct error *e)
{
    if (o->icount_auto)
        o->icount.shift = (uint8_t)machine_cycle_shift(o->machine);
    o->icount.follows_clock = o->icount_auto;
    if (o->icount_report && !o->icount.enabled)
        return error_set(e, "--icount-report: needs -icount");
    return !o->icount.enabled || !o->rtc_host ||
           error_set(e, "-rtc: clock=host would make the run depend on the host; with -icount only "
                        "clock=vm is supported");
}
