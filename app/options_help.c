/* --help and --version. */
#include <string.h>

#include "app/options_internal.h"
#include "app/version.h"

static const struct {
    const char *name, *title;
} topics[TOPIC_COUNT] = {
    [TOPIC_MACHINE] = {"machine", "The machine"},
    [TOPIC_BOOT] = {"boot", "What it starts"},
    [TOPIC_CONSOLE] = {"console", "Consoles and the monitor"},
    [TOPIC_RUN] = {"run", "Execution"},
    [TOPIC_DEBUG] = {"debug", "Logs and measurements"},
    [TOPIC_HELP] = {"help", "Help"},
};

static void print_option(const struct option_row *r)
{
    char left[64];
    const char *format = !r->value_name                  ? "%s%s%s%s%s"
                         : r->value == VALUE_OPTIONAL    ? "%s%s%s%s[=%s]"
                         : r->value == VALUE_WORD        ? "%s%s%s%s [%s]"
                                                         : "%s%s%s%s %s";
    const char *dashes = strlen(r->name) > 1 && (r->topic == TOPIC_DEBUG || r->topic == TOPIC_HELP) &&
                                 strcmp(r->name, "dfilter") ? "--" : "-";
    snprintf(left, sizeof(left), format, dashes, r->name, r->alias ? ", -" : "",
             r->alias ? r->alias : "", r->value_name ? r->value_name : "");
    printf("  %-30s %s%s\n", left, strlen(left) > 30 ? "\n                                 " : "",
           r->help);
}

static void print_topic(enum option_topic topic)
{
    printf("%s:\n", topics[topic].title);
    for (const struct option_row *r = option_rows; r->name; r++)
        if (r->topic == topic)
            print_option(r);
}

static void print_overview(void)
{
    printf("armemu runs ARM programs and operating systems.\n"
           "\n"
           "  armemu -M virt -kernel zImage -initrd initrd.gz -append console=ttyAMA0 -nographic\n"
           "  armemu -M virt -m 512 -smp 2 -bios firmware.bin\n"
           "  armemu -M virt -kernel program.elf -serial stdio\n"
           "\n"
           "Options may begin with one dash or two. --help TOPIC lists those of a topic:\n");
    for (unsigned i = 0; i < TOPIC_COUNT; i++)
        printf("  %-10s %s\n", topics[i].name, topics[i].title);
    printf("  %-10s everything\n"
           "\n"
           "Ctrl-A h in the terminal lists the keys: Ctrl-A c is the monitor, Ctrl-A x ends armemu.\n"
           "See also armemu(1), -M help, -cpu help, -device help, -chardev help, -d help.\n", "all");
}

enum option_status option_help(struct options *o, const char *value, struct error *e)
{
    const char *names[TOPIC_COUNT + 2] = {[TOPIC_COUNT] = "all"};
    char hint[64];
    for (unsigned i = 0; i < TOPIC_COUNT; i++)
        names[i] = topics[i].name;
    if (!value) {
        print_overview();
        return OPTION_DONE;
    }
    bool all = !strcmp(value, "all"), found = all;
    for (unsigned i = 0; i < TOPIC_COUNT; i++) {
        if (!all && strcmp(value, topics[i].name))
            continue;
        if (all && i)
            putchar('\n');
        print_topic(i);
        found = true;
    }
    if (!found)
        return option_error(e, "--help: unknown topic '%s'%s", value,
                            option_hint(value, names, hint, sizeof(hint)));
    return OPTION_DONE;
}

enum option_status option_version(struct options *o, const char *value, struct error *e)
{
    printf("armemu %s\n", ARMEMU_VERSION);
    return OPTION_DONE;
}
