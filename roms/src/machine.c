/* What the machine is, its interrupt controller, timer and power. */
#include "rom.h"

#define REG32(address) (*(volatile uint32_t *)(address))
#define FW_CFG 0x09020000u
#define GIC_DIST 0x08000000u
#define GIC_CPU 0x08010000u

enum { FW_CFG_RAM_SIZE = 3, FW_CFG_NB_CPUS = 5 };

/* A little-endian number of the firmware configuration device. */
static uint64_t fw_cfg_number(uint16_t key, unsigned bytes)
{
    uint64_t value = 0;
    *(volatile uint16_t *)(FW_CFG + 8) = (uint16_t)(key << 8 | key >> 8);
    for (unsigned i = 0; i < bytes; i++)
        value |= (uint64_t)*(volatile uint8_t *)FW_CFG << 8 * i;
    return value;
}

uint32_t machine_cpu_count(void)
{
    return (uint32_t)fw_cfg_number(FW_CFG_NB_CPUS, 2);
}

uint64_t machine_memory_size(void)
{
    return fw_cfg_number(FW_CFG_RAM_SIZE, 8);
}

uint32_t machine_midr(void)
{
    uint32_t midr;
    __asm__("mrc p15, 0, %0, c0, c0, 0" : "=r"(midr));
    return midr;
}

const char *machine_cpu_name(void)
{
    static const struct {
        uint16_t part;
        const char *name;
    } parts[] = {{0xc05, "Cortex-A5"},  {0xc07, "Cortex-A7"},  {0xc08, "Cortex-A8"},
                 {0xc09, "Cortex-A9"},  {0xc0d, "Cortex-A12"}, {0xc0e, "Cortex-A17"},
                 {0xc0f, "Cortex-A15"}, {0xd03, "Cortex-A53"}};
    uint32_t midr = machine_midr();
    if (midr >> 24 == 'A')
        for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
            if ((midr >> 4 & 0xfff) == parts[i].part)
                return parts[i].name;
    return "an ARM CPU";
}

void irq_enable(unsigned number)
{
    REG32(GIC_DIST) = 1;
    REG32(GIC_DIST + 0x100 + number / 32 * 4) = 1u << number % 32;
    *(volatile uint8_t *)(GIC_DIST + 0x400 + number) = 0x80;
    if (number >= 32) /* shared interrupts go to the first CPU */
        *(volatile uint8_t *)(GIC_DIST + 0x800 + number) = 1;
    REG32(GIC_CPU + 4) = 0xf0;
    REG32(GIC_CPU) = 1;
}

uint32_t irq_acknowledge(void)
{
    return REG32(GIC_CPU + 0xc);
}

void irq_end(uint32_t acknowledged)
{
    REG32(GIC_CPU + 0x10) = acknowledged;
}

uint64_t timer_count(void)
{
    uint32_t low, high;
    __asm__ volatile("isb\n\tmrrc p15, 1, %0, %1, c14" : "=r"(low), "=r"(high));
    return (uint64_t)high << 32 | low;
}

uint32_t timer_frequency(void)
{
    uint32_t hz;
    __asm__("mrc p15, 0, %0, c14, c0, 0" : "=r"(hz));
    return hz;
}

void timer_arm(uint32_t counts)
{
    __asm__ volatile("mcr p15, 0, %0, c14, c3, 0" ::"r"(counts));
    __asm__ volatile("mcr p15, 0, %0, c14, c3, 1\n\tisb" ::"r"(counts ? 1 : 0));
}

uint32_t psci_call(uint32_t function, uint32_t a, uint32_t b, uint32_t c)
{
    register uint32_t r0 __asm__("r0") = function;
    register uint32_t r1 __asm__("r1") = a;
    register uint32_t r2 __asm__("r2") = b;
    register uint32_t r3 __asm__("r3") = c;
    __asm__ volatile(".arch_extension virt\n\thvc #0"
                     : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3)
                     :
                     : "r12", "lr", "memory");
    return r0;
}
