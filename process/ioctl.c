/* ioctl: requests whose argument has the same layout for guest and host, by number; and struct ifconf. */
#include <errno.h>
#include <linux/fs.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "process/syscall.h"
#include "util/bits.h"
#include "util/log.h"

enum argument { NUMBER, IN, OUT };

static const struct {
    uint32_t request;
    enum argument argument;
} requests[] = {
    /* terminals: struct termios, termio, winsize, ints */
    {TCGETS, OUT}, {TCSETS, IN}, {TCSETSW, IN}, {TCSETSF, IN}, {TCGETA, OUT}, {TCSETA, IN},
    {TCSETAW, IN}, {TCSETAF, IN}, {TCSBRK, NUMBER}, {TCXONC, NUMBER}, {TCFLSH, NUMBER},
    {TIOCEXCL, NUMBER}, {TIOCNXCL, NUMBER}, {TIOCSCTTY, NUMBER}, {TIOCGPGRP, OUT},
    {TIOCSPGRP, IN}, {TIOCOUTQ, OUT}, {TIOCSTI, IN}, {TIOCGWINSZ, OUT}, {TIOCSWINSZ, IN},
    {TIOCMGET, OUT}, {TIOCMBIS, IN}, {TIOCMBIC, IN}, {TIOCMSET, IN}, {FIONREAD, OUT},
    {TIOCPKT, IN}, {FIONBIO, IN}, {TIOCNOTTY, NUMBER}, {TIOCSETD, IN}, {TIOCGETD, OUT},
    {TCSBRKP, NUMBER}, {TIOCSBRK, NUMBER}, {TIOCCBRK, NUMBER}, {TIOCGSID, OUT},
    {TIOCGPTN, OUT}, {TIOCSPTLCK, IN}, {TIOCGPTPEER, NUMBER}, {FIONCLEX, NUMBER},
    {FIOCLEX, NUMBER}, {FIOASYNC, IN}, {FIOQSIZE, OUT},
    {0x802c542a, OUT}, {0x402c542b, IN}, {0x402c542c, IN}, {0x402c542d, IN}, /* TCGETS2 ... */
    /* files and block devices */
    {FIBMAP, OUT}, {FIGETBSZ, OUT}, {FICLONE, NUMBER}, {BLKROGET, OUT}, {BLKSSZGET, OUT},
    {BLKPBSZGET, OUT}, {0x80041272, OUT}, {0x80046601, OUT}, {0x40046602, IN},
    /* sockets */
    {SIOCATMARK, OUT}, {SIOCGPGRP, OUT}, {SIOCSPGRP, IN}, {SIOCGIFNAME, OUT},
    {SIOCGIFFLAGS, OUT}, {SIOCSIFFLAGS, IN}, {SIOCGIFADDR, OUT}, {SIOCSIFADDR, IN},
    {SIOCGIFDSTADDR, OUT}, {SIOCGIFBRDADDR, OUT}, {SIOCSIFBRDADDR, IN}, {SIOCGIFNETMASK, OUT},
    {SIOCSIFNETMASK, IN}, {SIOCGIFMETRIC, OUT}, {SIOCGIFMTU, OUT}, {SIOCSIFMTU, IN},
    {SIOCGIFHWADDR, OUT}, {SIOCGIFINDEX, OUT}, {SIOCGIFTXQLEN, OUT}, {TUNSETIFF, OUT},
};

/* struct ifreq has a union that is 8 bytes longer for the host. */
enum { GUEST_IFREQ = 32 };

static bool is_ifreq(uint32_t request)
{
    return (request >= SIOCGIFNAME && request <= SIOCGIFTXQLEN && request != SIOCGIFCONF) ||
           request == TUNSETIFF;
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

int64_t sys_ioctl(struct task *t, const uint32_t *a)
{
    enum { LARGEST = 256 };
    int fd = (int)a[0];
    if (a[1] == SIOCGIFCONF)
        return ifconf_call(t, fd, a[2]);
    if (is_ifreq(a[1]))
        return ifreq_call(t, fd, a[1], a[2]);
    for (unsigned i = 0; i < ARRAY_SIZE(requests); i++) {
        if (requests[i].request != a[1])
            continue;
        switch (requests[i].argument) {
        case NUMBER:
            return HOST3(t, SYS_ioctl, fd, a[1], (int32_t)a[2]);
        case IN:
            return HOST3(t, SYS_ioctl, fd, a[1], guest_ptr0(t, a[2]));
        case OUT:
            return HOST3(t, SYS_ioctl, fd, a[1], a[2] ? guest_out(t, a[2], LARGEST) : NULL);
        }
    }
    log_write(LOG_UNIMP, "ioctl 0x%08x", a[1]);
    return -ENOTTY;
}
