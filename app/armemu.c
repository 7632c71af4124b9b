/* The program `armemu`: a command line, and the parts that it wires together. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/exit_status.h"
#include "app/gdb.h"
#include "app/monitor_vm.h"
#include "app/network.h"
#include "app/options.h"
#include "app/pidfile.h"
#include "app/stats.h"
#include "debug/gdb_stub.h"
#include "debug/monitor.h"
#include "host/clock.h"
#include "host/file.h"
#include "host/thread.h"
#include "util/log.h"
#include "vm/debug.h"
#include "vm/vm.h"
#ifdef ARMEMU_HAVE_ROM
#include "roms/rom.h"
#endif

enum { END_WAIT_NS = 2000000000 }; /* for a debugger to hear of the end */

/* A UART of the board that no -serial option is for. */
struct unheard {
    unsigned number;
    bool *told; /* once for all of them */
};

struct app {
    struct options options;
    struct vm *vm;
    struct monitor *monitor;
    FILE *perfmap;
    int pidfile;
    struct chardev *serial[BOARD_SERIALS_MAX];
    struct chardev *itm;
    unsigned serial_count;
    struct unheard unheard[BOARD_SERIALS_MAX];
    bool unheard_told;
    struct chardev *monitor_chardev; /* NULL: no monitor */
    struct chardev *gdb_chardev;     /* NULL: no GDB */
    struct gdb_stub *gdb;
    struct monitor *gdb_monitor;     /* GDB's `monitor` command */
    struct vm_semihosting_config semihosting;
    char *command_line; /* for semihosting */
};

/* ---- consoles -------------------------------------------------------------------------------- */

static bool is_stdio(const char *spec)
{
    spec += strncmp(spec, "mon:", 4) ? 0 : 4;
    size_t len = strcspn(spec, ",");
    return len == 5 && !memcmp(spec, "stdio", len);
}

static bool uses_stdio(const struct options *o)
{
    for (unsigned i = 0; i < o->serial_count; i++)
        if (is_stdio(o->serial[i]))
            return true;
    for (unsigned i = 0; i < o->chardev_count; i++)
        if (is_stdio(o->chardev[i]))
            return true;
    return (o->monitor && is_stdio(o->monitor)) || (o->gdb && is_stdio(o->gdb));
}

/* As QEMU with -nographic: what is not given shares the terminal, unless something else uses it. */
static void default_consoles(struct options *o)
{
    if (o->nodefaults)
        return;
    if (!o->serial_count && machine_serial_count(o->machine)) {
        o->serial[0] = uses_stdio(o) ? "null" : o->monitor ? "stdio" : "mon:stdio";
        o->serial_count = 1;
    } else if (o->nographic && !o->monitor && !uses_stdio(o)) {
        o->monitor = "stdio";
    }
}

static bool set_monitor(struct app *app, struct chardev *cd, struct error *e)
{
    if (app->monitor_chardev && cd)
        return error_set(e, "there can be only one monitor: -monitor or mon:");
    if (cd)
        app->monitor_chardev = cd;
    return true;
}

static bool open_serial(struct app *app, unsigned index, struct error *e)
{
    char label[24];
    struct chardev *monitor = NULL;
    const char *spec = app->options.serial[index];
    snprintf(label, sizeof(label), "serial%u", index);
    app->serial_count = index + 1;
    if (!strcmp(spec, "none"))
        return true;
    app->serial[index] = chardev_open(vm_chardevs(app->vm), spec, label, &monitor, e);
    return app->serial[index] ? set_monitor(app, monitor, e) : error_prefix(e, "-serial");
}

/* The wrong UART would give silence. */
static void unheard_output(void *opaque, const uint8_t *buf, size_t len)
{
    const struct unheard *u = opaque;
    if (*u->told)
        return;
    *u->told = true;
    fprintf(stderr, "armemu: serial port %u (counted from 0) sends, and leads nowhere: see it with "
                    "'", u->number);
    for (unsigned i = 0; i < u->number; i++)
        fprintf(stderr, "-serial null ");
    fprintf(stderr, "-serial mon:stdio'\n");
}

static const struct chardev_hook unheard_hook = {unheard_output, NULL};

static void listen_to_others(struct app *app)
{
    if (app->options.nodefaults)
        return;
    unsigned count = machine_serial_count(app->options.machine);
    for (unsigned i = 0; i < app->serial_count; i++)
        if (!strcmp(app->options.serial[i], "none")) /* nobody wants to hear anything */
            return;
    for (unsigned i = app->serial_count; i && i < count && i < BOARD_SERIALS_MAX; i++) {
        char label[24];
        snprintf(label, sizeof(label), "serial%u", i);
        app->unheard[i] = (struct unheard){i, &app->unheard_told};
        app->serial[i] = chardev_hook_new(vm_chardevs(app->vm), label, &unheard_hook,
                                          &app->unheard[i]);
        app->serial_count = i + 1;
    }
}

static bool open_itm(struct app *app, struct error *e)
{
    struct chardev *monitor = NULL;
    const char *spec = app->options.itm;
    if (!spec || !strcmp(spec, "none"))
        return true;
    app->itm = chardev_open(vm_chardevs(app->vm), spec, "itm", &monitor, e);
    return app->itm ? set_monitor(app, monitor, e) : error_prefix(e, "-itm");
}

static bool open_monitor(struct app *app, struct error *e)
{
    const char *spec = app->options.monitor;
    if (!spec || !strcmp(spec, "none"))
        return true;
    struct chardev *cd = chardev_open(vm_chardevs(app->vm), spec, "monitor", NULL, e);
    return cd ? set_monitor(app, cd, e) : error_prefix(e, "-monitor");
}

/* A terminal that others share is shared with semihosting too; one that nobody uses is its own. */
static void find_terminal(struct chardev *cd, void *opaque)
{
    struct app *app = opaque;
    if (strcmp(chardev_description(cd), "stdio"))
        return;
    app->semihosting.host_input = false;
    if (chardev_is_shared(cd) && !app->semihosting.input)
        app->semihosting.input = chardev_claim(cd, NULL);
}

static bool open_semihosting(struct app *app, struct error *e)
{
    const struct options *o = &app->options;
    struct chardev_set *set = vm_chardevs(app->vm);
    struct vm_semihosting_config *c = &app->semihosting;
    if (!o->semihosting.enabled)
        return true;
    if (o->semihosting.readonly && !o->semihosting.root)
        return error_set(e, "-semihosting-config: readonly= needs root=DIR");
    if (o->semihosting.target == VM_SEMIHOSTING_GDB && !o->gdb)
        return error_set(e, "-semihosting-config: target=gdb needs -gdb or -s");
    if (o->semihosting.target == VM_SEMIHOSTING_GDB &&
        (o->semihosting.root || o->semihosting.chardev))
        return error_set(
            e, "-semihosting-config: root= and chardev= are for target=native and auto; with "
               "target=gdb consoles and files are GDB's");
    app->command_line = options_command_line(o);
    *c = (struct vm_semihosting_config){
        .enabled = true,
        .target = o->semihosting.target,
        .userspace = o->semihosting.userspace,
        .files = {o->semihosting.root, o->semihosting.readonly, app->command_line},
        .host_input = true,
        .lines = isatty(STDIN_FILENO) == 1,
    };
    if (!o->semihosting.chardev) {
        chardev_for_each(set, find_terminal, app);
        return true;
    }
    struct chardev *cd = chardev_find(set, o->semihosting.chardev);
    if (!cd)
        return error_set(e, "-semihosting-config: there is no character device '%s' (-chardev "
                            "KIND,id=%s)", o->semihosting.chardev, o->semihosting.chardev);
    c->input = c->output = chardev_claim(cd, e);
    c->lines = c->lines && !strcmp(chardev_description(cd), "stdio");
    return c->input || error_prefix(e, "-semihosting-config");
}

static bool open_consoles(struct app *app, struct error *e)
{
    for (unsigned i = 0; i < app->options.chardev_count; i++)
        if (!chardev_add(vm_chardevs(app->vm), app->options.chardev[i], e))
            return false;
    default_consoles(&app->options);
    /* -serial stdio: semihosting, which has no terminal of its own then, shares it */
    chardev_share_stdio(vm_chardevs(app->vm),
                        app->options.semihosting.enabled && !app->options.semihosting.chardev);
    for (unsigned i = 0; i < app->options.serial_count; i++)
        if (!open_serial(app, i, e))
            return false;
    chardev_share_stdio(vm_chardevs(app->vm), false);
    listen_to_others(app);
    if (app->options.gdb)
        app->gdb_chardev = gdb_chardev_open(vm_chardevs(app->vm), app->options.gdb, e);
    return (!app->options.gdb || app->gdb_chardev) && open_itm(app, e) && open_monitor(app, e) &&
           open_semihosting(app, e);
}

/* ---- starting -------------------------------------------------------------------------------- */

static bool open_logs(struct app *app, struct error *e)
{
    const struct options *o = &app->options;
    char path[64];
    if (o->log_filter && !log_filter_parse(o->log_filter, e))
        return false;
    if (o->log_path && !log_open(o->log_path, e))
        return false;
    atomic_store(&log_mask, o->log_mask);
    if (!o->perfmap)
        return true;
    snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
    const char *name = o->perfmap_path ? o->perfmap_path : path;
    app->perfmap = fopen(name, "w");
    if (!app->perfmap)
        return error_set_errno(e, "--perfmap: cannot open '%s'", name);
    setlinebuf(app->perfmap); /* complete even if the program is killed */
    return true;
}

static void fill_boot(struct boot_options *boot)
{
#ifdef ARMEMU_HAVE_ROM
    boot->rom = armemu_rom;
    boot->rom_size = (uint32_t)armemu_rom_size;
#endif
}

/* What the guest is to take for random: with -icount and -seed the same in every run. */
static void fill_entropy(struct options *o)
{
    struct host_rng rng;
    host_rng_init(&rng);
    if (o->seeded || o->icount.enabled)
        host_rng_seed(&rng, o->seed);
    host_rng_fill(&rng, o->boot.entropy, sizeof(o->boot.entropy));
}

static void fill_rtc(const struct options *o, struct vm_config *config)
{
    struct timespec now;
    if (o->rtc_date || o->rtc_vm || (o->icount.enabled && o->rtc_utc)) {
        clock_gettime(CLOCK_REALTIME, &now);
        config->utc_fixed = o->rtc_date || o->rtc_utc || !o->icount.enabled;
        config->utc_base = o->rtc_date ? o->rtc_base : now.tv_sec * CLOCK_NS_PER_SEC + now.tv_nsec;
    }
}

static bool build(struct app *app, struct error *e)
{
    struct options *o = &app->options;
    fill_boot(&o->boot);
    fill_entropy(o);
    o->boot.bare = o->semihosting.enabled;
    o->boot.loads_later = o->gdb && o->start_paused;
    if (o->boot.append && machine_m_profile(o->machine) && !o->semihosting.enabled)
        return error_set(e,
                         "-append: machine '%s' starts firmware, which can be given a command line "
                         "only with -semihosting",
                         machine_name(o->machine));
    if (!o->boot.rom_size && !o->boot.kernel && !o->boot.bios && !o->boot.loader_count &&
        !o->dump_dtb)
        return error_set(e, "nothing to start: give -kernel, -bios or -device loader");
    struct vm_config config = {
        .machine = o->machine,
        .cpu_model = o->cpu_model,
        .cpu_count = o->cpu_count,
        .ram_size = o->ram_size,
        .accel = o->accel,
        .boot = o->boot,
        .semihosting = app->semihosting,
        .unmapped = o->unmapped,
        .no_reboot = o->no_reboot,
        .start_paused = o->start_paused,
        .one_insn = o->one_insn,
        .host_features_mask = o->host_features_mask,
        .perfmap = app->perfmap,
        .icount = o->icount,
        .itm = app->itm,
    };
    fill_rtc(o, &config);
    if (!o->dump_dtb && !network_open(vm_nets(app->vm), o, config.nic, e))
        return false;
    return vm_build(app->vm, &config, app->serial, app->serial_count, e);
}

static bool dump_device_tree(struct app *app, struct error *e)
{
    void *blob;
    uint32_t size;
    if (!board_device_tree(vm_board(app->vm), &app->options.boot, &blob, &size, e))
        return false;
    bool ok = file_write_atomic(app->options.dump_dtb, blob, size, e);
    free(blob);
    return ok || error_prefix(e, "-M dumpdtb");
}

static void start_gdb(struct app *app)
{
    if (!app->gdb_chardev)
        return;
    app->gdb_monitor = monitor_vm_new(NULL, app->vm, app->options.name);
    app->gdb = gdb_stub_new(app->gdb_chardev, &vm_gdb_target, app->vm, app->gdb_monitor);
    if (is_stdio(app->options.gdb))
        gdb_stub_once(app->gdb);
    const struct gdb_listener listener = gdb_stub_listener(app->gdb);
    vm_debug_listen(app->vm, &listener);
}

static bool start(struct app *app, struct error *e)
{
    app->vm = vm_new(e);
    if (!app->vm || !open_logs(app, e))
        return false;
    if (app->options.dump_dtb)
        return build(app, e) && dump_device_tree(app, e);
    if (app->options.pidfile && (app->pidfile = pidfile_open(app->options.pidfile, e)) < 0)
        return false;
    if (!open_consoles(app, e) || !build(app, e))
        return false;
    if (app->monitor_chardev)
        app->monitor = monitor_vm_new(app->monitor_chardev, app->vm, app->options.name);
    start_gdb(app);
    return true;
}

static int run(struct app *app)
{
    if (app->options.dump_dtb)
        return 0;
    int64_t begin = clock_host_monotonic();
    int status = vm_run(app->vm);
    if (app->options.stats)
        stats_print(app->vm, clock_host_monotonic() - begin, stderr);
    if (app->options.icount_report)
        stats_print_icount(app->vm, stderr);
    return !status && vm_lockstep_differences(app->vm) ? ARMEMU_EXIT_LOCKSTEP : status;
}

/* A debugger in non-stop mode asks for the news of the end. */
static void end_gdb(struct app *app, int status)
{
    vm_debug_listen(app->vm, &(struct gdb_listener){0});
    gdb_stub_end(app->gdb, status);
    int64_t end = clock_host_monotonic() + END_WAIT_NS;
    while (!gdb_stub_end_known(app->gdb) && clock_host_monotonic() < end)
        loop_run_once(vm_loop(app->vm), 100);
}

static void finish(struct app *app, int status)
{
    if (app->gdb)
        end_gdb(app, status);
    gdb_stub_free(app->gdb);
    monitor_free(app->gdb_monitor);
    monitor_free(app->monitor);
    vm_free(app->vm);
    if (app->perfmap)
        fclose(app->perfmap);
    pidfile_close(app->options.pidfile, app->pidfile);
    options_free(&app->options);
    free(app->command_line);
}

static int fail(const struct error *e)
{
    error_print(e, "armemu", stderr);
    return e->kind == ERROR_IMAGE ? ARMEMU_EXIT_IMAGE : ARMEMU_EXIT_USAGE;
}

int main(int argc, char **argv)
{
    struct app app = {.pidfile = -1};
    struct error e = {0};
    int status = 0;
    enum options_result result = options_parse(&app.options, argc, argv, &e);
    if (result == OPTIONS_DONE) {
        if (fflush(stdout) != 0)
            status = fail(&(struct error){.text = "cannot write to standard output"});
    } else if (result == OPTIONS_RUN && start(&app, &e)) {
        status = run(&app);
        e.text[0] = 0;
    } else {
        status = ARMEMU_EXIT_USAGE;
    }
    finish(&app, status); /* first: it restores the terminal */
    return *e.text ? fail(&e) : status;
}
