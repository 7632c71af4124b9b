/* Files, consoles and time by semihosting; what came of it is in `result`. */
#ifdef __ARM_ARCH_7M__
#define CALL "bkpt 0xab"
extern int main(void);
__attribute__((section(".vectors"), used)) static const void *const vectors[] = {(void *)0x20004000,
                                                                                 (void *)main};
#else
#define CALL "svc 0x123456"
extern int main(void);
__attribute__((naked, section(".vectors"))) void _start(void)
{
    __asm__("ldr sp, =0x40200000\n b main");
}
#endif

enum {
    OPEN = 1, CLOSE, WRITEC, WRITE0, WRITE, READ, READC, ISTTY = 9, SEEK, FLEN = 12, TMPNAM, REMOVE,
    RENAME, TIME = 17, SYSTEM, ERRNO,
};

__attribute__((noinline)) int call(int op, const void *arg)
{
    register int r0 __asm__("r0") = op;
    register const void *r1 __asm__("r1") = arg;
    __asm__ volatile(".globl the_call\nthe_call:\n" CALL : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

#define BLOCK(...) (const unsigned[]){__VA_ARGS__}
#define TEXT(s) (unsigned)(s), sizeof(s) - 1

struct {
    int out, written, tty, made, wrote, length, seek, left, again, end, closed, renamed, missing,
        missing_errno, removed, bad_seek, refused, time, typed, system, tmpnam;
    char text[16], name[32];
} result;

volatile int loops;

__attribute__((noinline)) void done(void)
{
    __asm__ volatile("" ::: "memory");
}

static void files(void)
{
    static const char a[] = "first.txt", b[] = "second.txt";
    result.made = call(OPEN, BLOCK((unsigned)a, 6, sizeof(a) - 1)); /* w+ */
    result.wrote = call(WRITE, BLOCK(result.made, TEXT("0123456789")));
    result.length = call(FLEN, BLOCK(result.made));
    result.seek = call(SEEK, BLOCK(result.made, 4));
    result.left = call(READ, BLOCK(result.made, (unsigned)result.text, sizeof(result.text)));
    result.end = call(READ, BLOCK(result.made, (unsigned)result.text + 8, 4));
    result.refused = call(ISTTY, BLOCK(result.made));
    result.closed = call(CLOSE, BLOCK(result.made));
    result.again = call(CLOSE, BLOCK(result.made));
    result.renamed = call(RENAME, BLOCK(TEXT(a), TEXT(b)));
    result.missing = call(OPEN, BLOCK((unsigned)a, 0, sizeof(a) - 1));
    result.missing_errno = call(ERRNO, 0);
    result.removed = call(REMOVE, BLOCK(TEXT("gone.txt")));
    result.tmpnam = call(TMPNAM, BLOCK((unsigned)result.name, 7, sizeof(result.name)));
}

int main(void)
{
    int out = call(OPEN, BLOCK((unsigned)":tt", 4, 3));
    result.out = out;
    result.written = call(WRITE, BLOCK(out, TEXT("to stdout\n")));
    result.tty = call(ISTTY, BLOCK(out));
    call(WRITE0, "to the debugger\n");
    call(WRITEC, "!");
    files();
    result.bad_seek = call(SEEK, BLOCK(77, 0));
    result.time = call(TIME, 0);
    result.system = call(SYSTEM, BLOCK(TEXT("true")));
    done();
    result.typed = call(READC, 0);
    done();
    for (;;)
        loops++;
}
