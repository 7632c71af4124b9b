/* A fault in the handler of HardFault: the CPU locks up. */
#include "rt.h"

int main(void)
{
    action[HARD] = ({ void again(struct event *e) { __asm__ volatile("udf #7"); } again; });
    print("before\n");
    __asm__ volatile("udf #6");
    print("not reached\n");
    finish();
}
