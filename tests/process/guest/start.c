/* What a program finds when it starts: arguments, environment, auxiliary vector. */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/utsname.h>
#include <unistd.h>

int main(int argc, char **argv, char **envp)
{
    struct utsname name;
    char exe[4096];
    printf("argv[0] %s\n", argv[0]);
    printf("TEST_A=%s TEST_B=%s TEST_C=%s\n", getenv("TEST_A"), getenv("TEST_B"),
           getenv("TEST_C"));
    printf("page %lu clk %lu\n", getauxval(AT_PAGESZ), getauxval(AT_CLKTCK));
    printf("phent %lu phnum ok %d\n", getauxval(AT_PHENT), getauxval(AT_PHNUM) > 0);
    printf("entry ok %d phdr ok %d\n", getauxval(AT_ENTRY) != 0, getauxval(AT_PHDR) != 0);
    printf("uid %d gid %d\n", getauxval(AT_UID) == getuid(), getauxval(AT_EGID) == getegid());
    printf("random %d execfn %s\n", getauxval(AT_RANDOM) != 0,
           (const char *)getauxval(AT_EXECFN));
    printf("platform %.1s secure %lu\n", (const char *)getauxval(AT_PLATFORM),
           getauxval(AT_SECURE));
    printf("neon %d vfp %d idiv %d\n", !!(getauxval(AT_HWCAP) & 0x1000),
           !!(getauxval(AT_HWCAP) & 0x40), !!(getauxval(AT_HWCAP) & 0x20000));
    uname(&name);
    printf("machine %.4s\n", name.machine);
    ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
    exe[n > 0 ? n : 0] = 0;
    char *slash = strrchr(exe, '/');
    printf("exe %s\n", slash ? slash + 1 : "?");
    printf("stack aligned %d\n", ((unsigned)__builtin_frame_address(0) & 3) == 0);
    return argc;
}
