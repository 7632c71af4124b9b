/* Files, directories, descriptors, positions, vectors. */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

static int compare(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void descriptors_over_socket(void)
{
    int sv[2], fd = open("data", O_RDONLY);
    char control[CMSG_SPACE(sizeof(int))] = {0}, byte = 'x';
    struct iovec iov = {&byte, 1};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
                       .msg_controllen = sizeof(control)};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &fd, sizeof(int));
    printf("sendmsg %d\n", (int)sendmsg(sv[0], &m, 0));
    memset(control, 0, sizeof(control));
    printf("recvmsg %d", (int)recvmsg(sv[1], &m, 0));
    c = CMSG_FIRSTHDR(&m);
    memcpy(&fd, CMSG_DATA(c), sizeof(int));
    char text[6] = "";
    printf(" len %d read %d", (int)c->cmsg_len, (int)pread(fd, text, 5, 0));
    printf(" %s\n", text);
    struct timeval tv = {0, 10000};
    printf("timeout %d", setsockopt(sv[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
    socklen_t len = sizeof(tv);
    memset(&tv, 0, sizeof(tv));
    getsockopt(sv[0], SOL_SOCKET, SO_RCVTIMEO, &tv, &len);
    int r = recv(sv[0], text, 1, 0), error = errno;
    printf(" %ld.%06ld: %d %s\n", (long)tv.tv_sec, (long)tv.tv_usec, r, strerror(error));
}

static void waiting(void)
{
    int ev = eventfd(0, 0), ep = epoll_create1(0);
    uint64_t one = 1;
    struct epoll_event e = {.events = EPOLLIN, .data.u64 = 0x123456789abcdefull};
    epoll_ctl(ep, EPOLL_CTL_ADD, ev, &e);
    memset(&e, 0, sizeof(e));
    printf("epoll %d", epoll_wait(ep, &e, 1, 1));
    write(ev, &one, 8);
    printf(" %d", epoll_wait(ep, &e, 1, 1000));
    printf(" %llx\n", (unsigned long long)e.data.u64);
    struct pollfd p = {ev, POLLIN, 0};
    printf("poll %d %d\n", poll(&p, 1, 100), p.revents);
    fd_set set;
    FD_ZERO(&set);
    FD_SET(ev, &set);
    struct timeval tv = {0, 1000};
    printf("select %d %d\n", select(ev + 1, &set, NULL, NULL, &tv), !!FD_ISSET(ev, &set));
    struct timespec ts = {0, 1000};
    printf("pselect %d\n", pselect(ep + 1, NULL, NULL, NULL, &ts, NULL));
}

int main(void)
{
    struct stat st;
    struct statfs fs;
    struct dirent **list;
    char dir[] = "/tmp/armemu-test-XXXXXX", buf[64] = "";
    if (!mkdtemp(dir) || chdir(dir))
        return 1;
    int fd = open("data", O_RDWR | O_CREAT | O_TRUNC, 0640);
    struct iovec v[3] = {{"one ", 4}, {"two ", 4}, {"three", 5}};
    printf("writev %d\n", (int)writev(fd, v, 3));
    printf("pwrite %d\n", (int)pwrite(fd, "END", 3, 0x123456789ll));
    printf("seek %llx\n", (long long)lseek(fd, 0, SEEK_END));
    fstat(fd, &st);
    printf("size %llx mode %o nlink %d blksize %d\n", (long long)st.st_size, st.st_mode,
           (int)st.st_nlink, st.st_blksize > 0);
    printf("pread %d", (int)pread(fd, buf, 3, 0x123456789ll));
    printf(" %s\n", buf);
    ftruncate(fd, 13);
    struct timespec times[2] = {{1000000000, 5}, {1234567890, 123456789}};
    futimens(fd, times);
    stat("data", &st);
    printf("size %lld mtime %lld.%09ld\n", (long long)st.st_size, (long long)st.st_mtime,
           st.st_mtim.tv_nsec);
    printf("append %x\n", fcntl(fd, F_GETFL) & O_ACCMODE);
    struct flock lock = {.l_type = F_WRLCK, .l_len = 5};
    printf("lock %d\n", fcntl(fd, F_SETLK, &lock));
    printf("dir as file %d %s\n", open("data", O_DIRECTORY), strerror(errno));
    symlink("data", "link");
    printf("nofollow %d %s\n", open("link", O_NOFOLLOW), strerror(errno));
    memset(buf, 0, sizeof(buf));
    printf("readlink %d", (int)readlink("link", buf, sizeof(buf)));
    printf(" %s\n", buf);
    mkdir("sub", 0755);
    rename("link", "sub/link");
    int n = scandir(".", &list, NULL, compare);
    for (int i = 0; i < n; i++)
        printf("entry %s %d\n", list[i]->d_name, list[i]->d_type);
    printf("statfs %d %d\n", statfs(".", &fs), fs.f_bsize > 0);
    printf("access %d %d\n", access("data", R_OK), access("none", F_OK));
    printf("efault %d %s\n", (int)pread(fd, (void *)0x1000, 4, 0), strerror(errno));
    int p[2];
    pipe2(p, O_NONBLOCK | O_CLOEXEC);
    printf("pipe %d %s\n", (int)read(p[0], buf, 1), strerror(errno));
    write(p[1], "12345", 5);
    int avail = 0;
    ioctl(p[0], FIONREAD, &avail);
    printf("fionread %d isatty %d\n", avail, isatty(p[0]));
    descriptors_over_socket();
    waiting();
    unlink("data");
    unlink("sub/link");
    rmdir("sub");
    chdir("/");
    printf("rmdir %d\n", rmdir(dir));
    printf("open %d %s\n", open("/nonexistent/file", O_RDONLY), strerror(errno));
    return 0;
}
