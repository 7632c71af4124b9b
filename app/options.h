/* The command line of armemu, parsed into one struct. */
#ifndef ARMEMU_APP_OPTIONS_H
#define ARMEMU_APP_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/engine.h"
#include "machines/machine.h"
#include "util/error.h"
#include "vm/vm.h"

enum { OPTIONS_CHARDEVS_MAX = 32, OPTIONS_NETDEVS_MAX = 8 };

/* One of the board's network interfaces. Strings are allocated; NULL: not given. */
struct option_nic {
    const char *option; /* "-net nic" or "-nic" */
    char *model;
    char *netdev;       /* -net nic,netdev=ID */
    char *user;         /* -nic: the network, as -netdev takes it */
    uint64_t mac;
    bool has_mac;
};

/* Everything the command line says; strings are borrowed from argv where not noted. */
struct options {
    const struct machine *machine;
    char *machine_options; /* "virt,secure=off": without what armemu handles itself; allocated */
    char *dump_dtb;        /* -M ...,dumpdtb=FILE; allocated */
    const char *cpu_model;
    uint64_t ram_size;
    uint32_t cpu_count;
    enum engine_accel accel;
    bool single_thread;    /* -accel ...,thread=single */
    struct vm_icount icount;
    bool icount_auto;      /* the machine's clock decides about the shift */
    bool icount_report;
    bool seeded;           /* -seed */
    uint64_t seed;
    bool rtc_host;         /* -rtc clock=host */
    bool rtc_vm;           /* -rtc clock=vm */
    bool rtc_utc;          /* -rtc base=utc */
    bool rtc_date;         /* -rtc base=DATE: rtc_base, ns since 1970 */
    int64_t rtc_base;
    struct boot_options boot;
    const char *serial[BOARD_SERIALS_MAX];
    unsigned serial_count;
    const char *monitor;   /* NULL: not given */
    const char *itm;       /* where the ITM's port 0 leads; NULL: nowhere */
    char *mon;             /* what -mon made of it; allocated */
    const char *gdb;       /* where GDB connects; NULL: nowhere */
    const char *chardev[OPTIONS_CHARDEVS_MAX];
    unsigned chardev_count;
    struct {
        const char *netdev[OPTIONS_NETDEVS_MAX];
        unsigned netdev_count;
        const char *user; /* -net user,...: for the interfaces without netdev= */
        struct option_nic nic[BOARD_NICS_MAX];
        unsigned nic_count;
    } net;
    const char *name;
    const char *pidfile;   /* NULL: none */
    bool nographic, nodefaults, no_reboot, start_paused, stats, one_insn;
    bool perfmap;
    const char *perfmap_path; /* NULL: the default */
    struct {
        bool enabled, userspace, readonly;
        uint8_t target;                /* enum vm_semihosting_target */
        char *chardev, *root, *args; /* allocated; NULL: not given */
    } semihosting;
    uint8_t unmapped; /* enum vm_unmapped */
    uint32_t log_mask;
    const char *log_path, *log_filter;
    /* features of the host (enum host_feature) that must not be used */
    uint32_t host_features_mask;
};

enum options_result {
    OPTIONS_RUN,   /* start the machine */
    OPTIONS_DONE,  /* help or version was printed */
    OPTIONS_ERROR,
};

/**
 * Parse @argv into @o (which needs no initialisation; options_free frees it in any case). Nothing
 * outside is touched but stdout, by the options that print help. Defaults of the machine are filled
 * in, and the values are checked against its limits. Errors are one line without prefix.
 */
enum options_result options_parse(struct options *o, int argc, char *const *argv, struct error *e);
void options_free(struct options *o);

/** What the program is told by semihosting as its command line: the arg= words, else the kernel's
 * name and -append. The caller frees it. */
char *options_command_line(const struct options *o);

#endif
