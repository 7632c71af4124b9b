/* What can be typed at the prompt. */
#include "rom.h"

extern void secondary_start(void);
void secondary_main(uint32_t cpu);

enum { CPUS_MAX = 8 };

static volatile uint32_t secondary_midr[CPUS_MAX];

static void demo_primes(void)
{
    static uint8_t composite[1000];
    unsigned count = 0;
    for (unsigned i = 2; i < sizeof(composite); i++) {
        if (composite[i])
            continue;
        count++;
        if (i < 100)
            print("%u ", i);
        for (unsigned j = i * i; j < sizeof(composite); j += i)
            composite[j] = 1;
    }
    for (unsigned i = 0; i < sizeof(composite); i++)
        composite[i] = 0;
    print("...\n%u primes below 1000\n", count);
}

static void demo_fibonacci(void)
{
    uint64_t a = 0, b = 1;
    for (unsigned n = 0; n <= 90; n++) {
        if (n % 10 == 0)
            print("F(%u) = %l\n", n, a);
        uint64_t next = a + b;
        a = b;
        b = next;
    }
}

/* Steps until the point leaves the circle; numbers have 12 binary places. */
static unsigned mandelbrot_steps(int32_t cx, int32_t cy)
{
    int32_t x = 0, y = 0;
    for (unsigned n = 0; n < 48; n++) {
        int32_t xx = x * x >> 12, yy = y * y >> 12;
        if (xx + yy > 4 << 12)
            return n;
        y = (x * y >> 11) + cy;
        x = xx - yy + cx;
    }
    return 48;
}

static void demo_mandelbrot(void)
{
    static const char shades[] = " .,:;-=+*oxOX#";
    for (int32_t row = -11; row <= 11; row++) {
        for (int32_t column = -52; column <= 20; column++) {
            unsigned steps = mandelbrot_steps(column * 164, row * 400);
            print("%c", steps == 48 ? '@' : shades[steps * 13 / 48]);
        }
        print("\n");
    }
}

static void demo_timer(void)
{
    uint32_t seen = exception_ticks(), first = seen;
    print("The timer counts at %u Hz; ten interrupts per second for one second:\n",
          timer_frequency());
    irq_enable(IRQ_VIRTUAL_TIMER);
    timer_arm(timer_frequency() / 10);
    while (seen - first < 10) {
        /* Unmask only here: asleep with interrupts masked, the CPU still wakes up. */
        __asm__ volatile("wfi\n\tcpsie i\n\tisb\n\tcpsid i" ::: "memory");
        if (exception_ticks() == seen)
            continue;
        seen = exception_ticks();
        print("tick %u at %l\n", seen - first, timer_count());
    }
    timer_arm(0);
}

static void demo_undefined(void)
{
    __asm__ volatile("udf #42" ::: "memory");
    print("and the program goes on.\n");
}

static void demo_svc(void)
{
    register uint32_t r0 __asm__("r0") = 0;
    uint32_t answer;
    __asm__ volatile("push {r7}\n\tmov r7, #21\n\tsvc #0\n\tpop {r7}\n\tmov %0, r0"
                     : "=r"(answer), "+r"(r0)
                     :
                     : "lr", "memory");
    print("The answer is %u.\n", answer);
}

static void demo_abort(void)
{
    uint32_t value = 0x1234;
    __asm__ volatile("ldr %0, [%1]" : "+r"(value) : "r"(0x0f000000) : "memory");
    print("The load did not happen: the register still holds %x.\n", value);
}

void secondary_main(uint32_t cpu)
{
    if (cpu < CPUS_MAX)
        secondary_midr[cpu] = machine_midr();
    __asm__ volatile("dsb" ::: "memory");
    psci_call(PSCI_CPU_OFF, 0, 0, 0);
}

static void demo_cpus(void)
{
    uint32_t count = machine_cpu_count();
    print("CPU 0 is running this (%s).\n", machine_cpu_name());
    for (uint32_t cpu = 1; cpu < count && cpu < CPUS_MAX; cpu++) {
        secondary_midr[cpu] = 0;
        __asm__ volatile("dsb" ::: "memory");
        uint32_t error = psci_call(PSCI_CPU_ON, cpu, (uint32_t)secondary_start & ~1u, cpu);
        if (error) {
            print("CPU %u cannot be started: PSCI error %x\n", cpu, error);
            continue;
        }
        while (!secondary_midr[cpu])
            ;
        print("CPU %u woke up, reported MIDR %x and switched itself off.\n", cpu,
              secondary_midr[cpu]);
    }
    if (count == 1)
        print("There are no others; start armemu with -smp 4 to have more.\n");
}

static void lesson(void)
{
    print("Emulation and virtualization both let a guest believe that it has a machine.\n"
          "\n"
          "  Emulation: the guest's instructions are not the host's. Software does what they\n"
          "    mean: one at a time (an interpreter), or translated in blocks that are kept\n"
          "    and run again (what armemu does: ARM in, x86-64 out). Works on any host.\n"
          "  Virtualization: the guest's instructions are the host's and run on the real CPU.\n"
          "    Only those that touch the machine itself trap to a monitor, which stands in.\n"
          "    Nearly full speed, but the same instruction set is needed.\n"
          "\n"
          "  Try 'undefined', 'svc' and 'abort': exceptions are where a monitor, or an\n"
          "  operating system, takes over from the program.\n");
}

static void power_off(void)
{
    psci_call(PSCI_SYSTEM_OFF, 0, 0, 0);
}

static void reset(void)
{
    psci_call(PSCI_SYSTEM_RESET, 0, 0, 0);
}

const struct command demo_commands[] = {
    {"lesson", "emulation and virtualization in a few lines", lesson},
    {"primes", "a sieve", demo_primes},
    {"fibonacci", "64-bit additions", demo_fibonacci},
    {"mandelbrot", "a picture from fixed-point numbers", demo_mandelbrot},
    {"timer", "ten timer interrupts", demo_timer},
    {"cpus", "start the other CPUs", demo_cpus},
    {"undefined", "an instruction that does not exist", demo_undefined},
    {"svc", "a supervisor call", demo_svc},
    {"abort", "a load from where nothing is", demo_abort},
    {"reset", "start again", reset},
    {"poweroff", "switch the machine off", power_off},
};
const unsigned demo_command_count = sizeof(demo_commands) / sizeof(demo_commands[0]);
