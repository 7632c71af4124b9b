/* The table of operations, and those that are not about files. */
#include "semihosting/semihosting.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "semihosting/internal.h"
#include "util/bits.h"
#include "util/log.h"

#define NS_PER_SEC 1000000000ll
#define NS_PER_CS 10000000ll /* SYS_CLOCK counts hundredths of seconds */
#define APPLICATION_EXIT 0x20026u
enum { STRING_MAX = 16 << 20, STRING_PART = 64 };

struct semihosting *semihosting_new(const struct semihosting_config *config, struct error *e)
{
    struct semihosting *sh = calloc(1, sizeof(*sh));
    if (!sh)
        abort();
    pthread_mutex_init(&sh->lock, NULL);
    sh->root = -1;
    sh->readonly = config->readonly;
    sh->command_line = strdup(config->command_line ? config->command_line : "");
    if (!sh->command_line)
        abort();
    if (!config->root)
        return sh;
    sh->root = open(config->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (sh->root >= 0) {
        sh->root_path = realpath(config->root, NULL);
        return sh;
    }
    error_set_errno(e, "-semihosting-config root=%s", config->root);
    semihosting_free(sh);
    return NULL;
}

void semihosting_free(struct semihosting *sh)
{
    if (!sh)
        return;
    semihosting_close_all(sh);
    if (sh->root >= 0)
        close(sh->root);
    free(sh->root_path);
    free(sh->command_line);
    pthread_mutex_destroy(&sh->lock);
    free(sh);
}

void semihosting_reset(struct semihosting *sh)
{
    pthread_mutex_lock(&sh->lock);
    semihosting_close_all(sh);
    sh->error = 0;
    pthread_mutex_unlock(&sh->lock);
}

/* ---- errors and words ------------------------------------------------------------------------ */

/* Small numbers are the same everywhere; these are not the same in newlib and picolibc. */
static const struct {
    int host;
    int32_t guest;
} errors[] = {
    {ENOSYS, 88}, {ENOTEMPTY, 90}, {ENAMETOOLONG, 91}, {ELOOP, 92}, {EOVERFLOW, 139},
    {EDQUOT, 132}, {ESTALE, 133}, {EOPNOTSUPP, 95}, {ETIMEDOUT, 116},
};

uint32_t semihosting_fail(struct semihosting *sh, int error)
{
    sh->error = error <= ERANGE ? error : EIO;
    for (unsigned i = 0; i < ARRAY_SIZE(errors); i++)
        if (errors[i].host == error)
            sh->error = errors[i].guest;
    return SEMIHOSTING_ERROR;
}

bool semihosting_read_words(const struct semihosting_guest *g, uint32_t addr, uint32_t *words,
                            unsigned count)
{
    if (!g->read(g->opaque, addr, words, count * 4))
        return false;
    for (unsigned i = 0; g->big_endian && i < count; i++)
        words[i] = __builtin_bswap32(words[i]);
    return true;
}

bool semihosting_write_words(const struct semihosting_guest *g, uint32_t addr,
                             const uint32_t *words, unsigned count)
{
    uint32_t copy[4];
    for (unsigned i = 0; i < count; i++)
        copy[i] = g->big_endian ? __builtin_bswap32(words[i]) : words[i];
    return g->write(g->opaque, addr, copy, count * 4);
}

/* ---- the debugger's channel ------------------------------------------------------------------ */

/* No result is defined for these two. */
static uint32_t op_writec(struct semihosting_op *op)
{
    uint8_t c;
    if (op->guest->read(op->guest->opaque, op->arg, &c, 1))
        op->guest->write_console(op->guest->opaque, SEMIHOSTING_DEBUG, &c, 1);
    else
        semihosting_fail(op->sh, EFAULT);
    return op->arg;
}

static uint32_t op_write0(struct semihosting_op *op)
{
    uint8_t part[STRING_PART];
    uint32_t addr = op->arg;
    for (uint32_t done = 0; done < STRING_MAX;) {
        uint32_t len = STRING_PART - addr % STRING_PART; /* the string may end before a page does */
        if (!op->guest->read(op->guest->opaque, addr, part, len)) {
            semihosting_fail(op->sh, EFAULT);
            break;
        }
        uint32_t used = (uint32_t)strnlen((const char *)part, len);
        op->guest->write_console(op->guest->opaque, SEMIHOSTING_DEBUG, part, used);
        if (used < len)
            break;
        done += len;
        addr += len;
    }
    return op->arg;
}

static uint32_t op_readc(struct semihosting_op *op)
{
    uint8_t c;
    int n = op->guest->read_console(op->guest->opaque, &c, 1);
    if (n == SEMIHOSTING_AGAIN)
        op->outcome = SEMIHOSTING_WAIT;
    return n == 1 ? c : SEMIHOSTING_ERROR;
}

/* ---- time ------------------------------------------------------------------------------------ */

static uint32_t op_clock(struct semihosting_op *op)
{
    return (uint32_t)(op->guest->time(op->guest->opaque) / NS_PER_CS);
}

static uint32_t op_time(struct semihosting_op *op)
{
    return (uint32_t)(op->guest->utc(op->guest->opaque) / NS_PER_SEC);
}

static uint32_t op_elapsed(struct semihosting_op *op)
{
    uint64_t ticks = (uint64_t)op->guest->time(op->guest->opaque);
    const uint32_t words[2] = {(uint32_t)ticks, (uint32_t)(ticks >> 32)};
    if (!semihosting_write_words(op->guest, op->arg, words, 2))
        return semihosting_fail(op->sh, EFAULT);
    return 0;
}

static uint32_t op_tickfreq(struct semihosting_op *op)
{
    return NS_PER_SEC;
}

/* ---- the program and its surroundings -------------------------------------------------------- */

static uint32_t op_iserror(struct semihosting_op *op)
{
    return op->word[0] >> 31;
}

static uint32_t op_errno(struct semihosting_op *op)
{
    return (uint32_t)op->sh->error;
}

static uint32_t op_system(struct semihosting_op *op)
{
    log_write(LOG_GUEST_ERRORS, "semihosting: SYS_SYSTEM is refused: commands are never run on the "
                                "host");
    return semihosting_fail(op->sh, ENOSYS);
}

static uint32_t op_get_cmdline(struct semihosting_op *op)
{
    const char *text = op->sh->command_line;
    size_t len = strlen(text);
    const uint32_t length = (uint32_t)len;
    if (len >= op->word[1])
        return semihosting_fail(op->sh, ERANGE);
    if (!op->guest->write(op->guest->opaque, op->word[0], text, length + 1) ||
        !semihosting_write_words(op->guest, op->arg + 4, &length, 1))
        return semihosting_fail(op->sh, EFAULT);
    return 0;
}

static uint32_t op_heapinfo(struct semihosting_op *op)
{
    uint32_t block[4] = {0};
    op->guest->heap(op->guest->opaque, block);
    if (!semihosting_write_words(op->guest, op->word[0], block, 4))
        return semihosting_fail(op->sh, EFAULT);
    return 0;
}

/* ---- the end --------------------------------------------------------------------------------- */

static const struct {
    uint32_t reason;
    const char *name;
} reasons[] = {
    {0x20000, "ADP_Stopped_BranchThroughZero"}, {0x20001, "ADP_Stopped_UndefinedInstr"},
    {0x20002, "ADP_Stopped_SoftwareInterrupt"}, {0x20003, "ADP_Stopped_PrefetchAbort"},
    {0x20004, "ADP_Stopped_DataAbort"},         {0x20005, "ADP_Stopped_AddressException"},
    {0x20006, "ADP_Stopped_IRQ"},               {0x20007, "ADP_Stopped_FIQ"},
    {0x20020, "ADP_Stopped_BreakPoint"},        {0x20021, "ADP_Stopped_WatchPoint"},
    {0x20022, "ADP_Stopped_StepComplete"},      {0x20023, "ADP_Stopped_RunTimeErrorUnknown"},
    {0x20024, "ADP_Stopped_InternalError"},     {0x20025, "ADP_Stopped_UserInterruption"},
    {APPLICATION_EXIT, "ADP_Stopped_ApplicationExit"},
    {0x20027, "ADP_Stopped_StackOverflow"},     {0x20028, "ADP_Stopped_DivisionByZero"},
    {0x20029, "ADP_Stopped_OSSpecific"},
};

/* The shell sees eight bits; a failure must not become a success by that. */
static int exit_status(uint32_t reason, uint32_t code)
{
    if (reason != APPLICATION_EXIT)
        return 1;
    return code && !(code & 0xff) ? 255 : (int)(code & 0xff);
}

static uint32_t program_ends(struct semihosting_op *op, uint32_t reason, uint32_t code,
                             bool extended)
{
    *op->end = (struct semihosting_exit){
        .reason = reason, .code = code, .extended = extended, .status = exit_status(reason, code)};
    for (unsigned i = 0; i < ARRAY_SIZE(reasons); i++)
        if (reasons[i].reason == reason)
            op->end->name = reasons[i].name;
    op->outcome = SEMIHOSTING_EXIT;
    return 0;
}

static uint32_t op_exit(struct semihosting_op *op)
{
    return program_ends(op, op->arg, 0, false);
}

static uint32_t op_exit_extended(struct semihosting_op *op)
{
    return program_ends(op, op->word[0], op->word[1], true);
}

/* ---- the table ------------------------------------------------------------------------------- */

static const struct operation {
    const char *name;
    uint8_t words; /* of the block at R1 */
    uint32_t (*call)(struct semihosting_op *op);
    uint32_t (*remote)(struct semihosting_op *op); /* when there is a debugger for it */
} operations[] = {
    [0x01] = {"SYS_OPEN", 3, semihosting_open, semihosting_remote_open},
    [0x02] = {"SYS_CLOSE", 1, semihosting_close, semihosting_remote_close},
    [0x03] = {"SYS_WRITEC", 0, op_writec, semihosting_remote_writec},
    [0x04] = {"SYS_WRITE0", 0, op_write0, semihosting_remote_write0},
    [0x05] = {"SYS_WRITE", 3, semihosting_write, semihosting_remote_write},
    [0x06] = {"SYS_READ", 3, semihosting_read, semihosting_remote_read},
    [0x07] = {"SYS_READC", 0, op_readc, semihosting_remote_readc},
    [0x08] = {"SYS_ISERROR", 1, op_iserror},
    [0x09] = {"SYS_ISTTY", 1, semihosting_is_tty, semihosting_remote_is_tty},
    [0x0a] = {"SYS_SEEK", 2, semihosting_seek, semihosting_remote_seek},
    [0x0c] = {"SYS_FLEN", 1, semihosting_flen, semihosting_remote_flen},
    [0x0d] = {"SYS_TMPNAM", 3, semihosting_tmpnam, semihosting_remote_tmpnam},
    [0x0e] = {"SYS_REMOVE", 2, semihosting_remove, semihosting_remote_remove},
    [0x0f] = {"SYS_RENAME", 4, semihosting_rename, semihosting_remote_rename},
    [0x10] = {"SYS_CLOCK", 0, op_clock},
    [0x11] = {"SYS_TIME", 0, op_time, semihosting_remote_time},
    [0x12] = {"SYS_SYSTEM", 2, op_system},
    [0x13] = {"SYS_ERRNO", 0, op_errno},
    [0x15] = {"SYS_GET_CMDLINE", 2, op_get_cmdline},
    [0x16] = {"SYS_HEAPINFO", 1, op_heapinfo},
    [0x18] = {"SYS_EXIT", 0, op_exit},
    [0x20] = {"SYS_EXIT_EXTENDED", 2, op_exit_extended},
    [0x30] = {"SYS_ELAPSED", 0, op_elapsed},
    [0x31] = {"SYS_TICKFREQ", 0, op_tickfreq},
};

const char *semihosting_name(uint32_t op)
{
    return op < ARRAY_SIZE(operations) ? operations[op].name : NULL;
}

enum semihosting_outcome semihosting_call(struct semihosting *sh,
                                          const struct semihosting_guest *guest, uint32_t op,
                                          uint32_t arg, uint32_t *result,
                                          struct semihosting_exit *end)
{
    struct semihosting_op o = {.sh = sh, .guest = guest, .arg = arg, .end = end};
    const struct operation *row = op < ARRAY_SIZE(operations) ? &operations[op] : NULL;
    pthread_mutex_lock(&sh->lock);
    if (!row || !row->call) {
        log_write(LOG_GUEST_ERRORS, "semihosting: there is no operation 0x%x", op);
        *result = semihosting_fail(sh, ENOSYS);
    } else if (row->words && !semihosting_read_words(guest, arg, o.word, row->words)) {
        log_write(LOG_GUEST_ERRORS, "semihosting: %s with a block at 0x%08x, where nothing can be "
                                    "read", row->name, arg);
        *result = semihosting_fail(sh, EFAULT);
    } else {
        bool remote = row->remote && (guest->debugger || guest->debugger_missing);
        *result = remote ? row->remote(&o) : row->call(&o);
    }
    pthread_mutex_unlock(&sh->lock);
    return o.outcome;
}
