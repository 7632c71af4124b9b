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
    [TOPIC_NETWORK] = {"network", "The network"},
    [TOPIC_RUN] = {"run", "Execution"},
    [TOPIC_DEBUG] = {"debug", "Logs and measurements"},
    [TOPIC_HELP] = {"help", "Help"},
};

enum { HELP_COLUMN = 28, HELP_WIDTH = 79 };

/* Print @text with the cursor at HELP_COLUMN, in lines of at most HELP_WIDTH columns. */
static void print_wrapped(const char *text)
{
    size_t column = HELP_COLUMN;
    while (*text) {
        size_t len = strcspn(text, " ");
        if (column > HELP_COLUMN && column + 1 + len > HELP_WIDTH) {
            printf("\n%*s", HELP_COLUMN, "");
            column = HELP_COLUMN;
        }
        column += (size_t)printf("%s%.*s", column > HELP_COLUMN ? " " : "", (int)len, text);
        text += len + (text[len] == ' ');
    }
    putchar('\n');
}

static void print_option(const struct option_row *r)
{
    static const char *const forms[] = {
        [VALUE_NONE] = "",
        [VALUE_NEEDED] = " %s",
        [VALUE_OPTIONAL] = "[=%s]",
        [VALUE_WORD] = " [%s]",
    };
    char left[64];
    int n = snprintf(left, sizeof(left), "  -%s%s%s", r->name, r->alias ? ", -" : "",
                     r->alias ? r->alias : "");
    if (r->value != VALUE_NONE)
        snprintf(left + n, sizeof(left) - (size_t)n, forms[r->value], r->value_name);
    printf("%-*s", HELP_COLUMN, left);
    if (strlen(left) >= HELP_COLUMN)
        printf("\n%*s", HELP_COLUMN, "");
    print_wrapped(r->help);
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
           "  armemu -M virt -kernel zImage -initrd rootfs.gz -append console=ttyAMA0\n"
           "  armemu -M virt -m 512 -smp 2 -bios firmware.bin\n"
           "  armemu -M virt -kernel program.elf -serial stdio\n"
           "\n"
           "Options may begin with one dash or two. --help TOPIC lists those of a topic:\n");
    for (unsigned i = 0; i < TOPIC_COUNT; i++)
        printf("  %-10s %s\n", topics[i].name, topics[i].title);
    printf("  %-10s everything\n"
           "\n"
           "Ctrl-A h in the terminal lists keys: Ctrl-A c: monitor, Ctrl-A x: end.\n"
           "See also armemu(1), -M help, -cpu help, -device help, -chardev help,\n"
           "-netdev help, -d help.\n",
           "all");
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
