/* Faults of several kinds, by the first letter of the argument. */
#include <stdlib.h>
#include <string.h>

#define CCR (*(volatile unsigned *)0xe000ed14)

#define MPU_CTRL (*(volatile unsigned *)0xe000ed94)
#define MPU_RBAR (*(volatile unsigned *)0xe000ed9c)
#define MPU_RASR (*(volatile unsigned *)0xe000eda0)

volatile int sink, zero;

__attribute__((noinline)) void touch(volatile unsigned *p)
{
    sink = (int)*p; /* the access */
    sink += 1;
}

__attribute__((noinline)) void through(unsigned addr)
{
    touch((volatile unsigned *)addr);
    sink += 2;
}

__attribute__((noinline)) void call(unsigned addr)
{
    ((void (*)(void))addr)();
    sink += 3;
}

void on_svc(void)
{
    through(0x50000500);
}

/* With the argument "l", a fault within the handler of the fault. */
volatile int lock;

void on_hard_fault(void)
{
    if (lock)
        touch((volatile unsigned *)0x60000000);
    __asm__ volatile("ldr r1, =0x20024\n movs r0, #0x18\n bkpt 0xab\n b ." : : : "r0", "r1");
}

int main(int argc, char **argv)
{
    char kind = argc > 1 ? argv[1][0] : 0;
    unsigned addr = argc > 2 ? strtoul(argv[2], NULL, 0) : 0;
    switch (kind) {
    case 'r': through(addr); break;
    case 'c': call(addr); break;
    case 'u': __asm__ volatile("udf #1"); break;
    case 'd':
        CCR |= 1 << 4;
        __asm__ volatile("dsb\n isb" : : : "memory");
        sink = 100 / zero;
        break;
    case 'i': __asm__ volatile("svc 0" : : : "memory"); break;
    case 'm':
        MPU_RBAR = addr;
        MPU_RASR = 4 << 1 | 1; /* 32 bytes, no access */
        MPU_CTRL = 5;
        __asm__ volatile("dsb\n isb" : : : "memory");
        through(addr);
        break;
#if __ARM_ARCH >= 7
    case 'a': __asm__ volatile("ldrd r2, r3, [%0]" : : "r"(addr) : "r2", "r3"); break;
#endif
    case 'w': *(volatile unsigned *)addr = 1; break;
    case 'l':
        lock = 1;
        through(addr);
        break;
    case 'n':
        for (int i = 0; i < 3; i++)
            through(addr);
        break;
    case 'b': __asm__ volatile("bkpt 7"); break;
    case 'p': __asm__ volatile("cpsid i\n svc 0" : : : "memory"); break;
    case 'x': /* the frame of the SVC cannot be stored */
        __asm__ volatile("mov sp, %0\n svc 0" : : "r"(addr) : "memory");
        break;
    case 's': __asm__ volatile("mov sp, %0\n push {r0}" : : "r"(addr) : "memory"); break;
    }
    return 5;
}
