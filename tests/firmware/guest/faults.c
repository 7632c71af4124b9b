/* Faults of several kinds, by the first letter of the argument. */
#include <stdlib.h>
#include <string.h>

#define CCR (*(volatile unsigned *)0xe000ed14)

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
    case 's': __asm__ volatile("mov sp, %0\n push {r0}" : : "r"(addr) : "memory"); break;
    }
    return 5;
}
