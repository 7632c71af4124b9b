/* The banner and the prompt. */
#include "rom.h"

void rom_main(void);

static bool equal(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

static void banner(void)
{
    uint32_t mib = (uint32_t)(machine_memory_size() >> 20);
    print("\narmemu ROM\n");
    print("This machine: virt, %u x %s (MIDR %x)", machine_cpu_count(), machine_cpu_name(),
          machine_midr());
    if (mib) /* not every emulator tells */
        print(", %u MiB of memory", mib);
    print("\n");
    print("No kernel was given (-kernel FILE). Type 'help' for what can be done here.\n");
}

static void help(void)
{
    for (unsigned i = 0; i < demo_command_count; i++) {
        const char *name = demo_commands[i].name;
        unsigned length = 0;
        while (name[length])
            length++;
        print("  %s", name);
        for (; length < 12; length++)
            print(" ");
        print("%s\n", demo_commands[i].help);
    }
    print("Ctrl-A x ends the emulator, Ctrl-A c shows its monitor.\n");
}

static void run(const char *line)
{
    if (!*line)
        return;
    if (equal(line, "help") || equal(line, "?")) {
        help();
        return;
    }
    for (unsigned i = 0; i < demo_command_count; i++) {
        if (equal(line, demo_commands[i].name)) {
            demo_commands[i].run();
            return;
        }
    }
    print("'%s' is not known here; 'help' lists what is.\n", line);
}

void rom_main(void)
{
    char line[64];
    console_init();
    banner();
    for (;;) {
        print("rom> ");
        console_read_line(line, sizeof(line));
        run(line);
    }
}
