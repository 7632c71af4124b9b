/* ioctl: requests whose argument has the same layout for guest and host, by number; and struct
 * ifconf. */
#include <asm/termbits.h>
#include <errno.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/if_tun.h>
#include <linux/kd.h>
#include <linux/loop.h>
#include <linux/nsfs.h>
#include <linux/random.h>
#include <linux/sockios.h>
#include <linux/vt.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "process/syscall.h"
#include "util/bits.h"
#include "util/log.h"

/* What the third argument is: a number, or a pointer to what is read, or to what is (read and)
 * written and looks the same to the host, or to a long that is written. */
enum argument { NUMBER, IN, OUT, LONG };

#define SAME(request, argument)                                                                    \
    {(uint32_t)(request), (uint32_t)(request), argument, #request, "int1"}
/* With something else than an int */
#define TYPED(request, argument, type)                                                             \
    {(uint32_t)(request), (uint32_t)(request), argument, #request, #type}
/* Numbers that contain the size of a long */
#define OWN(guest, request, argument) {guest, (uint32_t)(request), argument, #request, "int1"}

static const struct ioctl_row {
    uint32_t request, host;
    enum argument argument;
    const char *name, *type; /* type: of what is pointed to, as in syscalls.def */
} requests[] = {
    /* terminals: struct termios, termio, winsize, ints */
    TYPED(TCGETS, OUT, termios), TYPED(TCSETS, IN, termios), TYPED(TCSETSW, IN, termios),
    TYPED(TCSETSF, IN, termios), TYPED(TCGETA, OUT, termio),
    TYPED(TCSETA, IN, termio), TYPED(TCSETAW, IN, termio), TYPED(TCSETAF, IN, termio),
    SAME(TCSBRK, NUMBER),
    SAME(TCXONC, NUMBER), SAME(TCFLSH, NUMBER), SAME(TIOCEXCL, NUMBER), SAME(TIOCNXCL, NUMBER),
    SAME(TIOCGEXCL, OUT), SAME(TIOCSCTTY, NUMBER), SAME(TIOCGPGRP, OUT), SAME(TIOCSPGRP, IN),
    SAME(TIOCOUTQ, OUT), TYPED(TIOCSTI, IN, bytes), TYPED(TIOCGWINSZ, OUT, winsize),
    TYPED(TIOCSWINSZ, IN, winsize),
    SAME(TIOCMGET, OUT), SAME(TIOCMBIS, IN), SAME(TIOCMBIC, IN), SAME(TIOCMSET, IN),
    SAME(TIOCGSOFTCAR, OUT), SAME(TIOCSSOFTCAR, IN), SAME(FIONREAD, OUT), SAME(TIOCPKT, IN),
    SAME(FIONBIO, IN), SAME(TIOCNOTTY, NUMBER), SAME(TIOCSETD, IN), SAME(TIOCGETD, OUT),
    SAME(TCSBRKP, NUMBER), SAME(TIOCSBRK, NUMBER), SAME(TIOCCBRK, NUMBER), SAME(TIOCGSID, OUT),
    SAME(TIOCGPTN, OUT), SAME(TIOCSPTLCK, IN), SAME(TIOCGPTLCK, OUT), SAME(TIOCGPKT, OUT),
    SAME(TIOCGPTPEER, NUMBER), SAME(TIOCVHANGUP, NUMBER), SAME(TIOCGDEV, OUT),
    SAME(TIOCSIG, NUMBER),
    SAME(TIOCCONS, NUMBER), TYPED(TIOCLINUX, OUT, bytes), SAME(TIOCMIWAIT, NUMBER),
    SAME(FIONCLEX, NUMBER), SAME(FIOCLEX, NUMBER), SAME(FIOASYNC, IN), TYPED(FIOQSIZE, OUT, long),
    TYPED(TCGETS2, OUT, termios2), TYPED(TCSETS2, IN, termios2), TYPED(TCSETSW2, IN, termios2),
    TYPED(TCSETSF2, IN, termios2),
    /* consoles */
    TYPED(KDGKBTYPE, OUT, bytes), SAME(KDGETMODE, OUT), SAME(KDSETMODE, NUMBER),
    SAME(KDGKBMODE, OUT),
    SAME(KDSKBMODE, NUMBER), TYPED(KDGETLED, OUT, bytes), SAME(KDSETLED, NUMBER),
    TYPED(KDGKBLED, OUT, bytes),
    SAME(KDSKBLED, NUMBER), SAME(KIOCSOUND, NUMBER), SAME(KDMKTONE, NUMBER), SAME(VT_OPENQRY, OUT),
    TYPED(VT_GETMODE, OUT, vt_mode), TYPED(VT_SETMODE, IN, vt_mode),
    TYPED(VT_GETSTATE, OUT, vt_stat), SAME(VT_ACTIVATE, NUMBER),
    SAME(VT_WAITACTIVE, NUMBER), SAME(VT_RELDISP, NUMBER), SAME(VT_DISALLOCATE, NUMBER),
    /* files */
    SAME(FIBMAP, OUT), SAME(FIGETBSZ, OUT), SAME(FICLONE, NUMBER),
    TYPED(FICLONERANGE, IN, file_range),
    TYPED(FIDEDUPERANGE, OUT, dedupe), SAME(FIFREEZE, OUT), SAME(FITHAW, OUT),
    TYPED(FITRIM, OUT, fstrim),
    TYPED(FS_IOC_FIEMAP, OUT, fiemap), TYPED(FS_IOC_FSGETXATTR, OUT, fsxattr),
    TYPED(FS_IOC_FSSETXATTR, IN, fsxattr),
    OWN(0x80046601, FS_IOC_GETFLAGS, OUT), OWN(0x40046602, FS_IOC_SETFLAGS, IN),
    OWN(0x80047601, FS_IOC_GETVERSION, OUT), OWN(0x40047602, FS_IOC_SETVERSION, IN),
    TYPED(FS_IOC_GETFSLABEL, OUT, bytes), TYPED(FS_IOC_SETFSLABEL, IN, bytes),
    /* block and loop devices */
    SAME(BLKROGET, OUT), SAME(BLKROSET, IN), SAME(BLKRRPART, NUMBER), SAME(BLKFLSBUF, NUMBER),
    SAME(BLKRASET, NUMBER), SAME(BLKRAGET, LONG), SAME(BLKFRASET, NUMBER), SAME(BLKFRAGET, LONG),
    SAME(BLKGETSIZE, LONG), SAME(BLKSSZGET, OUT), SAME(BLKPBSZGET, OUT), SAME(BLKIOMIN, OUT),
    SAME(BLKIOOPT, OUT), SAME(BLKALIGNOFF, OUT), TYPED(BLKSECTGET, OUT, short1),
    TYPED(BLKROTATIONAL, OUT, short1),
    TYPED(BLKDISCARD, IN, longs2), TYPED(BLKSECDISCARD, IN, longs2), TYPED(BLKZEROOUT, IN, longs2),
    SAME(BLKDISCARDZEROES, OUT),
    OWN(0x80041270, BLKBSZGET, OUT), OWN(0x40041271, BLKBSZSET, IN),
    {0x80041272, (uint32_t)BLKGETSIZE64, OUT, "BLKGETSIZE64", "long"},
    SAME(LOOP_SET_FD, NUMBER), SAME(LOOP_CLR_FD, NUMBER), SAME(LOOP_CHANGE_FD, NUMBER),
    TYPED(LOOP_SET_STATUS64, IN, loop_info64), TYPED(LOOP_GET_STATUS64, OUT, loop_info64),
    SAME(LOOP_SET_CAPACITY, NUMBER),
    SAME(LOOP_SET_DIRECT_IO, NUMBER), SAME(LOOP_SET_BLOCK_SIZE, NUMBER),
    TYPED(LOOP_CONFIGURE, IN, loop_config),
    SAME(LOOP_CTL_ADD, NUMBER), SAME(LOOP_CTL_REMOVE, NUMBER), SAME(LOOP_CTL_GET_FREE, NUMBER),
    /* sockets; struct ifconf is ifconf_call's */
    TYPED(SIOCGIFCONF, OUT, ifconf),
    SAME(SIOCATMARK, OUT), SAME(SIOCGPGRP, OUT), SAME(SIOCSPGRP, IN), SAME(FIOSETOWN, IN),
    SAME(FIOGETOWN, OUT), TYPED(SIOCGIFNAME, OUT, ifreq_int),
    TYPED(SIOCGIFFLAGS, OUT, ifreq_flags), TYPED(SIOCSIFFLAGS, IN, ifreq_flags),
    TYPED(SIOCGIFADDR, OUT, ifreq_addr), TYPED(SIOCSIFADDR, IN, ifreq_addr),
    TYPED(SIOCGIFDSTADDR, OUT, ifreq_addr),
    TYPED(SIOCSIFDSTADDR, IN, ifreq_addr), TYPED(SIOCGIFBRDADDR, OUT, ifreq_addr),
    TYPED(SIOCSIFBRDADDR, IN, ifreq_addr),
    TYPED(SIOCGIFNETMASK, OUT, ifreq_addr), TYPED(SIOCSIFNETMASK, IN, ifreq_addr),
    TYPED(SIOCGIFMETRIC, OUT, ifreq_int),
    TYPED(SIOCSIFMETRIC, IN, ifreq_int), TYPED(SIOCGIFMTU, OUT, ifreq_int),
    TYPED(SIOCSIFMTU, IN, ifreq_int), TYPED(SIOCSIFNAME, IN, bytes),
    TYPED(SIOCGIFHWADDR, OUT, ifreq_addr), TYPED(SIOCSIFHWADDR, IN, ifreq_addr),
    TYPED(SIOCGIFINDEX, OUT, ifreq_int),
    TYPED(SIOCGIFPFLAGS, OUT, ifreq_flags), TYPED(SIOCSIFPFLAGS, IN, ifreq_flags),
    TYPED(SIOCGIFTXQLEN, OUT, ifreq_int),
    TYPED(SIOCSIFTXQLEN, IN, ifreq_int), TYPED(SIOCADDMULTI, IN, ifreq_addr),
    TYPED(SIOCDELMULTI, IN, ifreq_addr), TYPED(SIOCGARP, OUT, arpreq),
    TYPED(SIOCSARP, IN, arpreq), TYPED(SIOCDARP, IN, arpreq), TYPED(SIOCBRADDBR, IN, bytes),
    TYPED(SIOCBRDELBR, IN, bytes),
    TYPED(SIOCBRADDIF, IN, ifreq_int), TYPED(SIOCBRDELIF, IN, ifreq_int),
    TYPED(TUNSETIFF, OUT, ifreq_flags), TYPED(TUNGETIFF, OUT, ifreq_flags),
    SAME(TUNSETPERSIST, NUMBER), SAME(TUNSETOWNER, NUMBER), SAME(TUNSETGROUP, NUMBER),
    SAME(TUNGETFEATURES, OUT), SAME(TUNSETOFFLOAD, NUMBER),
    /* others */
    SAME(NS_GET_USERNS, NUMBER), SAME(NS_GET_PARENT, NUMBER), SAME(NS_GET_NSTYPE, NUMBER),
    SAME(NS_GET_OWNER_UID, OUT), SAME(RNDGETENTCNT, OUT), SAME(RNDADDTOENTCNT, IN),
};

static const struct ioctl_row *row_find(uint32_t request)
{
    for (unsigned i = 0; i < ARRAY_SIZE(requests); i++)
        if (requests[i].request == request)
            return &requests[i];
    return NULL;
}

const char *ioctl_name(uint32_t request)
{
    const struct ioctl_row *row = row_find(request);
    return row ? row->name : NULL;
}

const char *ioctl_type(uint32_t request, bool *written)
{
    const struct ioctl_row *row = row_find(request);
    if (!row || row->argument == NUMBER)
        return NULL;
    *written = row->argument != IN;
    return row->type;
}

/* struct ifreq has a union that is 8 bytes longer for the host. */
enum { GUEST_IFREQ = 32 };

static bool is_ifreq(uint32_t request)
{
    bool of_interfaces = request >= SIOCGIFNAME && request <= SIOCSIFTXQLEN;
    return (of_interfaces && row_find(request)) || request == SIOCBRADDIF ||
           request == SIOCBRDELIF || request == TUNSETIFF || request == TUNGETIFF;
}

static int64_t ifreq_call(struct task *t, int fd, uint32_t request, uint32_t addr)
{
    struct ifreq req = {0};
    memcpy(&req, guest_ptr(t, addr), GUEST_IFREQ);
    int64_t r = HOST3(t, SYS_ioctl, fd, request, &req);
    if (r >= 0)
        memcpy(guest_ptr(t, addr), &req, GUEST_IFREQ);
    return r;
}

/* struct ifconf: length, pointer to an array of struct ifreq. */
static int64_t ifconf_call(struct task *t, int fd, uint32_t addr)
{
    enum { INTERFACES_MAX = 256 };
    uint32_t *guest = guest_ptr(t, addr);
    struct ifreq reqs[INTERFACES_MAX];
    uint32_t room = guest[1] ? guest[0] / GUEST_IFREQ : INTERFACES_MAX;
    room = room < INTERFACES_MAX ? room : INTERFACES_MAX;
    struct ifconf conf = {.ifc_len = (int)(room * sizeof(struct ifreq)), .ifc_req = reqs};
    int64_t r = HOST3(t, SYS_ioctl, fd, SIOCGIFCONF, &conf);
    if (r < 0)
        return r;
    uint32_t count = (uint32_t)conf.ifc_len / sizeof(struct ifreq);
    for (uint32_t i = 0; guest[1] && i < count; i++)
        memcpy(guest_ptr(t, guest[1] + i * GUEST_IFREQ), &reqs[i], GUEST_IFREQ);
    guest[0] = count * GUEST_IFREQ;
    return 0;
}

static int64_t long_call(struct task *t, int fd, uint32_t request, uint32_t addr)
{
    long value = 0;
    int64_t r = HOST3(t, SYS_ioctl, fd, request, &value);
    if (r >= 0)
        *(uint32_t *)guest_ptr(t, addr) = (uint32_t)value;
    return r;
}

int64_t sys_ioctl(struct task *t, const uint32_t *a)
{
    enum { LARGEST = 4096 };
    int fd = (int)a[0];
    if (a[1] == SIOCGIFCONF)
        return ifconf_call(t, fd, a[2]);
    if (is_ifreq(a[1]))
        return ifreq_call(t, fd, a[1], a[2]);
    const struct ioctl_row *row = row_find(a[1]);
    if (!row) {
        log_write(LOG_UNIMP, "ioctl 0x%08x", a[1]);
        return -ENOTTY;
    }
    switch (row->argument) {
    case IN:
        return HOST3(t, SYS_ioctl, fd, row->host, guest_ptr0(t, a[2]));
    case OUT:
        return HOST3(t, SYS_ioctl, fd, row->host, a[2] ? guest_out(t, a[2], LARGEST) : NULL);
    case LONG:
        return long_call(t, fd, row->host, a[2]);
    default:
        return HOST3(t, SYS_ioctl, fd, row->host, (int32_t)a[2]);
    }
}
