/* What the files of the command line share. */
#ifndef ARMEMU_APP_OPTIONS_INTERNAL_H
#define ARMEMU_APP_OPTIONS_INTERNAL_H

#include <stdio.h>

#include "app/options.h"

/* What follows an option. */
enum option_value {
    VALUE_NONE,
    VALUE_NEEDED,   /* the next argument, or after "=" */
    VALUE_OPTIONAL, /* after "=" only */
    VALUE_WORD,     /* the next argument if it is none of the options (for --help TOPIC) */
};

enum option_topic {
    TOPIC_MACHINE,
    TOPIC_BOOT,
    TOPIC_CONSOLE,
    TOPIC_NETWORK,
    TOPIC_RUN,
    TOPIC_DEBUG,
    TOPIC_HELP,
    TOPIC_COUNT,
    TOPIC_LATER = TOPIC_COUNT, /* known to be meant, but not supported */
};

enum option_status { OPTION_OK, OPTION_DONE, OPTION_ERROR };

struct option_row {
    const char *name, *alias; /* without dashes; no alias: NULL */
    enum option_value value;
    const char *value_name;
    enum option_topic topic;
    const char *help;
    /* NULL for TOPIC_LATER. @value is NULL where none was given. */
    enum option_status (*apply)(struct options *o, const char *value, struct error *e);
};

/** All options, ended by a row without name. */
extern const struct option_row option_rows[];

/** As error_set, as the result of an option. */
enum option_status option_error(struct error *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/** OPTION_OK or OPTION_ERROR. */
enum option_status option_result(bool ok);

/** "; did you mean 'X'?" for the entry of @known nearest to @word, or "". @buf holds the text. */
const char *option_hint(const char *word, const char *const *known, char *buf, size_t size);

/**
 * Take the next "key=value" (or "key": *@value is NULL) off *@rest, which is changed; ",," is a
 * comma inside a value. Returns the key, NULL at the end.
 */
char *option_next_pair(char **rest, char **value);

/** strdup that cannot fail. */
char *option_copy(const char *text);

/* Handlers of the options of these names, as struct option_row.apply says. */

/* options_help.c */
enum option_status option_help(struct options *o, const char *value, struct error *e);
enum option_status option_version(struct options *o, const char *value, struct error *e);

/* options_console.c */
enum option_status option_mon(struct options *o, const char *value, struct error *e);

/* options_net.c */
enum option_status option_netdev(struct options *o, const char *value, struct error *e);
enum option_status option_net(struct options *o, const char *value, struct error *e);
enum option_status option_nic(struct options *o, const char *value, struct error *e);
/** Does the machine have the interfaces? */
bool options_check_net(const struct options *o, struct error *e);
void options_free_net(struct options *o);

/* options_semihosting.c */
enum option_status option_semihosting(struct options *o, const char *value, struct error *e);
enum option_status option_semihosting_config(struct options *o, const char *value, struct error *e);

/* options_machine.c */
enum option_status option_machine(struct options *o, const char *value, struct error *e);
enum option_status option_cpu(struct options *o, const char *value, struct error *e);
enum option_status option_memory(struct options *o, const char *value, struct error *e);
enum option_status option_smp(struct options *o, const char *value, struct error *e);
enum option_status option_accel(struct options *o, const char *value, struct error *e);
/** Fill in the machine's defaults and check the values against its limits. */
bool options_check_machine(struct options *o, struct error *e);

/* options_time.c */
enum option_status option_rtc(struct options *o, const char *value, struct error *e);
enum option_status option_icount(struct options *o, const char *value, struct error *e);
enum option_status option_seed(struct options *o, const char *value, struct error *e);
/** Fill in what depends on the machine, and check what does not fit together. */
bool options_check_time(struct options *o, struct error *e);

#endif
