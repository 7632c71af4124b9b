/* Attributes of files, handles, copying between files, what descriptors refer to, limits and names
 * of processes. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <linux/fs.h>
#include <termios.h>
#include <unistd.h>

static void show(const char *what, long r)
{
    printf("%s %ld%s%s\n", what, r, r < 0 ? " " : "", r < 0 ? strerror(errno) : "");
}

static void xattrs(const char *path, int fd)
{
    char value[32] = "", list[256];
    show("set", setxattr(path, "user.one", "first", 5, XATTR_CREATE));
    show("exists", setxattr(path, "user.one", "first", 5, XATTR_CREATE));
    show("fset", fsetxattr(fd, "user.two", "2", 1, 0));
    show("get", getxattr(path, "user.one", value, sizeof(value)));
    printf("%s\n", value);
    show("size", fgetxattr(fd, "user.two", NULL, 0));
    show("small", getxattr(path, "user.one", value, 2));
    show("list", listxattr(path, list, sizeof(list)) > 0);
    show("remove", lremovexattr(path, "user.one"));
    show("none", lgetxattr(path, "user.one", value, sizeof(value)));
    show("trusted", setxattr(path, "nonsense", "x", 1, 0));
}

static void copies(int fd)
{
    char buf[64] = "";
    int to = memfd_create("to", MFD_ALLOW_SEALING), p[2], q[2];
    loff_t in = 2, out = 1;
    off_t at = 1;
    off64_t wide = 3;
    pwrite(fd, "0123456789", 10, 0);
    pipe(p), pipe(q);
    show("sendfile", sendfile(to, fd, &at, 4));
    printf("at %ld\n", (long)at);
    show("sendfile64", sendfile64(to, fd, &wide, 2));
    printf("at %lld\n", (long long)wide);
    show("splice", splice(fd, &in, p[1], NULL, 5, SPLICE_F_MOVE));
    printf("in %lld\n", (long long)in);
    show("tee", tee(p[0], q[1], 3, 0));
    show("read", read(q[0], buf, sizeof(buf)));
    show("splice out", splice(p[0], NULL, to, &out, 5, 0));
    memset(buf, 0, sizeof(buf));
    show("pread", pread(to, buf, sizeof(buf), 0));
    printf("%s\n", buf);
    show("seal", fcntl(to, F_ADD_SEALS, F_SEAL_WRITE));
    show("sealed", write(to, "x", 1));
    printf("seals %d\n", fcntl(to, F_GET_SEALS));
    show("dup3", dup3(to, to, 0));
    show("pipe size", fcntl(p[0], F_SETPIPE_SZ, 4096));
}

/* Going back in a directory finds the same entries. */
static void positions(void)
{
    enum { ENTRIES_MAX = 4096 };
    static long at[ENTRIES_MAX];
    int n = 0, different = 0;
    DIR *d = opendir("/proc/../usr/bin");
    errno = 0;
    while (n < ENTRIES_MAX && readdir(d))
        at[n++] = telldir(d);
    printf("errno %d\n", errno);
    for (int i = 0, rest = 0; i < n; i += 1 + n / 10, rest = 0) {
        seekdir(d, at[i]);
        while (readdir(d))
            rest++;
        different += n < ENTRIES_MAX && rest != n - i - 1;
    }
    rewinddir(d);
    int again = 0;
    while (readdir(d))
        again++;
    printf("different %d, again %d\n", different, again == n || n == ENTRIES_MAX);
    closedir(d);
}

static void places(const char *dir)
{
    char path[128], other[128], link[128], buf[128] = "";
    struct statx sx;
    struct stat st;
    snprintf(path, sizeof(path), "%s/a", dir);
    snprintf(other, sizeof(other), "%s/b", dir);
    int d = open(dir, O_DIRECTORY | O_PATH);
    int fd = openat(d, "a", O_CREAT | O_RDWR | O_EXCL | O_NOFOLLOW, 0640);
    show("again", openat(d, "a", O_CREAT | O_EXCL, 0600));
    show("no directory", open(path, O_DIRECTORY));
    show("link", linkat(d, "a", d, "b", 0));
    show("noreplace", renameat2(d, "a", d, "b", RENAME_NOREPLACE));
    show("symlink", symlinkat("a", d, "s"));
    show("readlink", readlinkat(d, "s", buf, sizeof(buf)));
    show("loop", openat(d, "s", O_NOFOLLOW));
    show("exchange", renameat2(d, "s", d, "b", RENAME_EXCHANGE));
    show("statx", statx(d, "b", AT_SYMLINK_NOFOLLOW, STATX_ALL, &sx));
    printf("mode %o, links %u, size %llu\n", sx.stx_mode, sx.stx_nlink,
           (unsigned long long)sx.stx_size);
    show("fstatat", fstatat(d, "a", &st, 0));
    printf("mode %o, links %u\n", st.st_mode, (unsigned)st.st_nlink);
    show("mode", fchmodat(d, "a", 01777, 0));
    fstat(fd, &st);
    printf("mode %o\n", st.st_mode);
    show("access", faccessat(d, "a", R_OK, 0));
    show("access", faccessat(d, "nothing", F_OK, 0));
    show("fifo", mkfifoat(d, "f", 0600));
    show("directory", mkdirat(d, "d", 0700));
    show("temporary", openat(d, ".", O_TMPFILE | O_RDWR, 0600) >= 0);
    const struct timespec ts[2] = {{1000, 5}, {0, UTIME_OMIT}};
    show("times", utimensat(d, "a", ts, 0));
    fstat(fd, &st);
    printf("%ld.%ld\n", (long)st.st_atim.tv_sec, st.st_atim.tv_nsec);
    const struct timeval tv[2] = {{2000, 7}, {3000, 8}};
    show("utimes", utimes(path, tv));
    fstat(fd, &st);
    printf("%ld.%ld %ld.%ld\n", (long)st.st_atim.tv_sec, st.st_atim.tv_nsec,
           (long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
    show("flock", flock(fd, LOCK_EX | LOCK_NB));
    show("other's", flock(open(path, O_RDONLY), LOCK_SH | LOCK_NB));
    show("allocate", fallocate(fd, 0, 100, 5000));
    show("punch", fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096));
    show("hole", lseek(fd, 0, SEEK_DATA));
    show("far", ftruncate64(fd, 5ll << 32));
    printf("%lld\n", (long long)lseek64(fd, -1, SEEK_END));
    show("advise", posix_fadvise64(fd, 1ll << 32, 4096, POSIX_FADV_DONTNEED));
    show("sync", sync_file_range(fd, 1ll << 32, 4096, SYNC_FILE_RANGE_WRITE));
    xattrs(path, fd);
    copies(fd);
    /* entries, by the library and by the old call */
    DIR *entries = fdopendir(dup(open(dir, O_RDONLY)));
    int n = 0, types = 0;
    for (struct dirent *e; (e = readdir(entries)); n++)
        types += e->d_type == DT_DIR    ? 1
                 : e->d_type == DT_FIFO ? 10
                 : e->d_type == DT_LNK  ? 100
                                        : 1000;
    printf("entries %d types %d\n", n, types);
    positions();
    show("not empty", unlinkat(d, "d/..", AT_REMOVEDIR) < 0);
    show("chdir", fchdir(open(dir, O_RDONLY)));
    show("getcwd", syscall(SYS_getcwd, buf, sizeof(buf)) > 0);
    show("small", syscall(SYS_getcwd, buf, 3));
}

static void processes(void)
{
    struct rlimit limit = {100, 200};
    struct rusage usage;
    char name[16] = "";
    cpu_set_t cpus;
    int status;
    show("limit", setrlimit(RLIMIT_NOFILE, &limit));
    limit.rlim_cur = 300;
    show("too much", setrlimit(RLIMIT_NOFILE, &limit));
    prlimit(0, RLIMIT_NOFILE, NULL, &limit);
    printf("%d %d\n", (int)limit.rlim_cur, (int)limit.rlim_max);
    getrlimit(RLIMIT_CORE, &limit);
    show("usage", getrusage(RUSAGE_SELF, &usage));
    printf("%d\n", usage.ru_maxrss > 0 && usage.ru_utime.tv_sec < 60);
    prctl(PR_SET_NAME, "a name that is cut");
    prctl(PR_GET_NAME, name);
    printf("%s\n", name);
    show("subreaper", prctl(PR_SET_CHILD_SUBREAPER, 1));
    prctl(PR_GET_CHILD_SUBREAPER, &status);
    printf("%d\n", status);
    show("affinity", sched_getaffinity(0, sizeof(cpus), &cpus));
    printf("same count %d\n", CPU_COUNT(&cpus) > 0);
    show("priority", setpriority(PRIO_PROCESS, 0, 5));
    show("priority", getpriority(PRIO_PROCESS, 0));
    show("session", getsid(0) == getsid(getpid()));
    show("group", setpgid(0, 0));
    printf("%d\n", getpgrp() == getpid());
    show("random", getrandom(name, 16, GRND_NONBLOCK));
    show("close range", syscall(SYS_close_range, 50, 1000, 0));
    pid_t pid = fork();
    if (pid == 0) {
        usleep(1000);
        _exit(33);
    }
    siginfo_t info;
    show("waitid", waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
    printf("%d %d %d\n", info.si_status, info.si_code, info.si_pid == pid);
    show("nothing new", waitpid(pid, &status, WNOHANG) == pid);
    show("no child", waitpid(pid, &status, 0));
}

static void terminals(void)
{
    struct termios t;
    struct winsize w = {10, 20, 30, 40};
    char name[64], buf[16] = "";
    int m = posix_openpt(O_RDWR | O_NOCTTY), n;
    grantpt(m), unlockpt(m);
    show("name", ptsname_r(m, name, sizeof(name)));
    int s = open(name, O_RDWR | O_NOCTTY);
    show("get", tcgetattr(s, &t));
    printf("%x %d\n", t.c_lflag & (ICANON | ECHO | ISIG), t.c_cc[VINTR]);
    cfmakeraw(&t);
    cfsetspeed(&t, B38400);
    show("set", tcsetattr(s, TCSANOW, &t));
    tcgetattr(s, &t);
    printf("%x %d\n", t.c_lflag & (ICANON | ECHO | ISIG), cfgetospeed(&t) == B38400);
    show("size", ioctl(s, TIOCSWINSZ, &w));
    memset(&w, 0, sizeof(w));
    ioctl(m, TIOCGWINSZ, &w);
    printf("%d %d %d %d\n", w.ws_row, w.ws_col, w.ws_xpixel, w.ws_ypixel);
    write(s, "out", 3);
    poll(&(struct pollfd){m, POLLIN, 0}, 1, 5000);
    show("there", ioctl(m, FIONREAD, &n));
    show("read", read(m, buf, sizeof(buf)));
    printf("%d %s\n", n, buf);
    show("no terminal", tcgetattr(0, &t) < 0 || isatty(0));
    show("flush", tcflush(s, TCIOFLUSH));
}

int main(void)
{
    char dir[] = "/tmp/armemu-attributes-XXXXXX", command[64];
    setvbuf(stdout, NULL, _IOLBF, 0);
    umask(022);
    mkdtemp(dir);
    places(dir);
    chdir("/");
    snprintf(command, sizeof(command), "rm -r %s", dir);
    show("clean", system(command));
    processes();
    terminals();
    return 0;
}
