/* Data structures shared by the files of vm/. */
#ifndef ARMEMU_VM_INTERNAL_H
#define ARMEMU_VM_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "devices/timer/arch_timer.h"
#include "frontend/arm/cpu/cpu.h"
#include "frontend/arm/cpu/exclusive.h"
#include "debug/explain.h"
#include "debug/gdb_thread.h"
#include "host/clock.h"
#include "vm/debug.h"
#include "vm/vm.h"

enum { VM_CPU_MAX = 8 };
enum { VM_UNMAPPED_PLACES = 100 };

/* An event wakes WFE regularly, as the event stream of the generic timer does; that is not modelled
 * edge by edge. */
enum { VM_WFE_MAX_NS = 500 * 1000 };

/* How a CPU starts: at reset, or by PSCI CPU_ON. */
struct vm_cpu_start {
    uint32_t pc; /* bit 0: Thumb */
    uint32_t r[3];
    bool registers; /* r is meaningful */
    bool vector_pc; /* M profile: PC comes from the vector table */
};

/* M profile: inputs as the devices drive them; the CPU's thread copies them at safe points. */
struct vm_m_inputs {
    /* interrupts: levels, and what was high since the last look */
    _Atomic uint32_t level[8], rose[8];
    atomic_bool changed;                /* one of these */
    atomic_bool nmi, nmi_rose;
    atomic_bool systick_due;            /* SysTick's deadline has passed */
    _Atomic uint32_t clock_hz;          /* the processor's new clock, 0: as it was */
};

/* M profile: an instruction is executed by itself. */
enum vm_core_step { VM_CORE_STEP_OFF, VM_CORE_STEP_ASKED, VM_CORE_STEP_RUNS };

struct vm_cpu {
    struct arm_state state __attribute__((aligned(64)));
    struct vm *vm;
    uint32_t index;
    struct mmu *mmu;
    struct engine_cpu *engine;
    pthread_t thread;
    atomic_bool thread_started; /* then `thread` is set */

    _Atomic uint32_t lines; /* interrupt inputs as the devices drive them; the CPU's thread copies
                               them into state.irq_lines at safe points */
    struct vm_m_inputs m_inputs;
    struct timer systick;
    atomic_bool event;      /* SEV arrived */
    atomic_bool sleeping;   /* in WFI or WFE */
    atomic_bool attention;  /* the thread must come out of engine_run (below changed) */

    /* Under the device lock: */
    pthread_cond_t wake;
    /* Instructions whose accesses to nothing have been told; its own thread's. */
    uint32_t unmapped_places[VM_UNMAPPED_PLACES];
    unsigned unmapped_count;
    unsigned lockups;        /* that have been told; likewise */
    uint64_t turn_end;      /* icount: its instructions at the end of its turn, */
    int64_t sleep_end;      /* and the time at which WFE ends by itself */
    bool powered;           /* runs; else off until PSCI CPU_ON */
    bool start_pending;     /* start is to be applied by the thread */
    struct vm_cpu_start start;
    bool parked;            /* the thread is waiting here, its state may be touched */
    bool held;              /* the debugger does not let it go on, also when not paused */
    struct gdb_stop stop;   /* what it has to tell the debugger */
    bool caught;            /* ... is of an exception, which has been taken: not to be forgotten */
    struct gdb_thread order; /* what the debugger wants it to do */

    /* Only the CPU's thread: */
    struct phys_region *last_region, *last_code; /* that data and instructions were in */
    enum vm_core_step core_step; /* M profile: what the core's own watchpoints and MON_STEP want */
    bool points_changed;         /* ... its breakpoints, which the engine has not been told of */
    bool outside_found;          /* ... an instruction at outside_pc that reaches more than RAM */
    bool window_missed;          /* ... that cannot access it by the window */
    bool end_found;              /* ... that is to end its block */
    uint32_t outside_pc;
    uint8_t *patched_page;       /* ... a page of code with the words that the FPB replaces */
    bool stop_noted;        /* leaving the guest for the debugger: see stop */
    /* to the debugger (its answer: while all CPUs are parked), by the call with these PC, R0, R1 */
    struct semihosting_request request;
    uint32_t request_key[3];
    bool fetch_valid;       /* nothing has been invalidated since the last fetch: */
    uint32_t fetch_va;      /* for the following exec_fill */
    uint8_t fetch_page_bits;
    uint64_t slow_loads, slow_stores, device_accesses;
};

/* The debugger. Points are changed only while all CPUs are parked. */
struct vm_debug {
    struct gdb_listener listener;
    struct gdb_registers *registers;
    struct gdb_points points;
    uint32_t catches; /* exceptions: see catch.c */
    struct vm_cpu *here; /* the CPU that runs on the loop's thread for a step; all are parked */
    bool changed;   /* breakpoints that the engine has not been told of */
    bool no_literals; /* the engine makes loads of constants as loads */
    bool non_stop;  /* CPUs are held one by one (vm_cpu.held); `running` is false */
    bool attached;  /* there is a debugger */
    bool running;   /* the debugger let the machine go on and waits for a stop */
    bool announced; /* the event loop has been told that a CPU stopped */
};

/* Semihosting (semihosting.c). */
struct vm_semihosting {
    struct vm_semihosting_config config;
    struct semihosting *calls; /* NULL: switched off */
    /* Under the device lock: what came from config.input. */
    uint8_t input[4096];
    size_t input_head, input_count;
    bool input_ended;
    struct semihosting_exit end; /* with `ended` */
    bool ended;
};

/* Time counted in instructions; the CPU's thread owns it. */
struct vm_icount_state {
    uint8_t shift;             /* an instruction takes 1 << shift ns now */
    int64_t skipped;           /* ns that no instruction took: the CPU waited, shift was another */
    int64_t slice_end;         /* guest time at which the slice ends */
    uint64_t settle_at;        /* instructions: then coverage settles */
    _Atomic uint32_t turn;     /* several CPUs: whose turn it is; changed under the device lock */
    bool in_service;           /* slice_end is about to be computed */
    _Atomic int64_t published; /* a recent time, for other threads */
};

/* Explained faults (explain.c). */
struct vm_explain {
    pthread_mutex_t lock;
    struct symbols *symbols; /* of the images; NULL: not needed yet */
    unsigned count;
};

/* M profile: a part of the private peripheral bus, from @start of it on, that the core answers. */
struct vm_ppb_piece {
    struct vm_cpu *cpu;
    uint32_t start;
};

struct vm {
    struct vm_config config;
    struct loop *loop;
    struct chardev_set *chardevs;
    struct net_set *nets;
    struct clock clock;
    struct timer_queue timers;
    struct device_env env;
    uint64_t entropy; /* state of the random numbers that devices give */
    pthread_mutex_t device_lock;
    pthread_cond_t parked;  /* some CPU parked */
    struct physmap *map;
    struct vm_ppb_piece ppb[8];
    unsigned ppb_count;
    uint8_t *window; /* M profile: see window.c; or NULL */
    struct board board;
    bool board_built;
    struct engine *engine;
    struct arm_exclusives exclusives;
    struct boot_entry entry;
    struct vm_debug debug;
    struct vm_semihosting semihosting;
    struct vm_explain explain;
    struct vm_cpu *cpus[VM_CPU_MAX];
    uint32_t cpu_count;
    atomic_bool quitting;
    bool paused;
    atomic_bool ending;        /* vm_quit: the CPUs park where they are */
    atomic_bool reset_posted;  /* they wait for the event loop's vm_reset */
    struct vm_icount_state icount;
};

/** The CPU whose state begins with @env. */
static inline struct vm_cpu *vm_cpu_of(struct ir_env *env)
{
    return env->owner;
}

/* cpu.c */
/** CPU @index of @vm, with its contexts and its place in the engine; NULL and @e set on errors. */
struct vm_cpu *vm_cpu_new(struct vm *vm, uint32_t index, const struct arm_cpu_model *model,
                          struct error *e);
/** Begin its thread. The device lock is taken. */
bool vm_cpu_start_thread(struct vm_cpu *c, struct error *e);
/** Its thread has ended, or was not started. NULL is allowed. */
void vm_cpu_free(struct vm_cpu *c);
/** Make the CPU's thread look at `lines` and `attention` soon. Any thread, device lock held. */
void vm_cpu_kick(struct vm_cpu *c);
/** Is there anything that ends the WFI or WFE of the CPU? */
bool vm_cpu_has_reason(struct vm_cpu *c);
/** The interrupt input of CPU @cpu, for board_config. */
struct irq_line vm_cpu_line(void *vm, unsigned cpu, enum board_cpu_line which);
/** Reset the CPU while it is parked; CPU 0 starts as the boot entry says, the others stay off. */
void vm_cpu_reset(struct vm_cpu *c);
/** Park all CPUs; the device lock is held (and released while waiting). */
void vm_cpus_park(struct vm *vm);
/** The machine is not paused any more. Device lock held. */
void vm_cpus_unpark(struct vm *vm);
/** PSCI CPU_ON for a CPU that is off. Device lock held. */
void vm_cpu_power_on(struct vm_cpu *c, const struct vm_cpu_start *start);

/** The CPU whose thread this is, or NULL. */
struct vm_cpu *vm_cpu_current(struct vm *vm);

/* icount.c */
/** Let the VM's clock count instructions. Before CPUs and devices exist. */
void vm_icount_start(struct vm *vm);
/** At a safe point: run the timers that are due and begin a slice. CPU's thread, without the lock.
 * False: it is another CPU's turn. */
bool vm_icount_service(struct vm_cpu *c);
/** Is it the turn of @c, which can run? Device lock held. */
bool vm_icount_turn(struct vm_cpu *c);
/** @c cannot go on: it is another one's turn. Device lock held. */
void vm_icount_stopped(struct vm_cpu *c);
/** WFI or WFE: let time pass until there is a reason to go on. Device lock held. */
void vm_icount_sleep(struct vm_cpu *c);
/** The CPU's clock is @hz from now on. On its thread. */
void vm_icount_clock(struct vm_cpu *c, uint32_t hz);
/** Let other threads see the CPU's time. On its thread. */
void vm_icount_publish(struct vm_cpu *c);

/* memory.c: what the engine and the CPU call for memory */
extern const struct engine_ops vm_engine_ops;
uint64_t vm_load(struct ir_env *env, uint64_t addr, uint32_t memop);
void vm_store(struct ir_env *env, uint64_t addr, uint64_t value, uint32_t memop);
uint8_t *vm_ram_pointer(struct arm_state *s, uint32_t addr, unsigned size, bool write);
void vm_ram_written(struct arm_state *s, uint32_t addr, const uint8_t *host, unsigned size);
bool vm_fetch(struct ir_env *env, uint64_t va, bool raise, struct engine_fetch *out);
void vm_exec_fill(struct ir_env *env, unsigned lane, uint64_t va, uint32_t *entries);
void vm_code_protect(void *opaque, uint64_t phys);
void vm_code_unprotect(void *opaque, uint64_t phys);
void vm_exec_flush(void *opaque);
/** Carry a TLB operation out on CPU @only (the calling thread's), or on all: on the others soon. */
void vm_mmu_op(struct vm *vm, struct vm_cpu *only, const struct mmu_op *op);
/** Wait until the other CPUs have carried out what they were asked for. */
void vm_mmu_wait(struct vm *vm);
/** Leave the block before the instruction that is calling out; the engine runs it again by
 * itself. */
void vm_restart_instruction(struct vm_cpu *c);
/** After a device access on the CPU's own thread: interrupt lines may have changed. */
void vm_cpu_sync_lines(struct vm_cpu *c);

/* m_profile.c */
extern const struct arm_m_ops vm_m_ops;
/** The interrupt input @irq of the NVIC, for board_config. */
struct irq_line vm_nvic_line(void *vm, unsigned irq);
/** The processor clock has changed, for board_config. */
void vm_cpu_clock(void *vm, uint32_t hz);
/** Copy the inputs into the state. The CPU's thread. */
void vm_m_sync(struct vm_cpu *c);
/** Add the regions that belong to the core to the map, after the board has made its own. */
bool vm_m_map(struct vm *vm, struct error *e);
/** What the board says about the core; do machine and CPU model fit each other? */
bool vm_m_config(const struct vm *vm, const struct arm_cpu_model *model, struct arm_m_config *out,
                 struct error *e);
void vm_m_init(struct vm_cpu *c);
/** Execute one instruction by itself, then arm_m_step_done: come out of the guest for that. */
void vm_m_step(struct vm_cpu *c);
/** The page at @host, which code is fetched from at @va, as the FPB lets it look. */
const uint8_t *vm_m_patched_page(struct vm_cpu *c, uint32_t va, const uint8_t *host);

/* window.c */
/** Reserve the window, before the map has memory; without it nothing changes but speed. */
void vm_window_reserve(struct vm *vm);
void vm_window_free(struct vm *vm);
/** On the thread of @c, before it runs code and when it ends, with what the first returned. */
void *vm_window_thread_begin(struct vm_cpu *c);
void vm_window_thread_end(void *area);

/* cpu_ops.c: what the CPU calls upwards */
extern const struct arm_cpu_ops vm_cpu_ops;
bool vm_service(struct ir_env *env);
/** At a safe point: an instruction has turned out to reach more than RAM. */
void vm_outside_service(struct vm_cpu *c);

/* debug.c */
/** CPU @c came out of engine_run: hold it if the debugger is to know. Its thread, device lock
 * held. */
void vm_debug_cpu_left(struct vm_cpu *c, enum engine_stop why);
/** No CPU is held, steps, or has anything to tell any more; all are parked. */
void vm_debug_release(struct vm *vm);
/** The machine has been paused by somebody else: the debugger is told if it waits. */
void vm_debug_paused(struct vm *vm);
/** Is part of the page of @va watched for writes, or for reads: by the debugger or the core
 * itself? */
bool vm_debug_watches_page(const struct vm_cpu *c, uint32_t va, bool write);
/** An access is about to be made. If it is watched the CPU will stop: true, and the access must not
 * be made but its instruction be left. Only while there are watchpoints. */
bool vm_debug_watch(struct vm_cpu *c, uint32_t va, uint32_t len, bool write);
/** Does a debugger wait for CPU @c, or will it when the stop that is on its way is over? Its
 * thread. */
bool vm_debug_serves(struct vm_cpu *c);
/** Stop for the debugger to answer c->request; the instruction is left, and executed again. */
void vm_debug_ask(struct vm_cpu *c);
void vm_debug_free(struct vm *vm);

/* catch.c */
/** arm_cpu_ops.entered: stop there if exception @exc is one to be caught (vm_catch). */
void vm_exception_entered(struct arm_state *s, unsigned exc);

/* vm.c */
/** Reset the machine now; on the event loop. When this returns, the new state of the CPUs shows. */
void vm_reset(struct vm *vm);

/* semihosting.c */
/** Copy memory as a debugger sees it: with privilege, and no devices. The CPU's thread. */
bool vm_guest_copy(struct vm_cpu *c, uint32_t va, void *buf, uint32_t len, bool write);
/** As vm.config says; nothing where it is off. */
bool vm_semihosting_init(struct vm *vm, struct error *e);
void vm_semihosting_free(struct vm *vm);
/** arm_cpu_ops.semihosting. */
bool vm_semihosting_trap(struct arm_state *s, enum arm_semihosting_trap trap, uint32_t imm);

/* explain.c */
/** Nothing is read before somebody wants an explanation. */
void vm_explain_init(struct vm *vm);
void vm_explain_free(struct vm *vm);
/** Does anybody want to know? */
bool vm_explains(const struct vm *vm);
/** Explain @f (time and count are filled in here) to those who do. The CPU's thread. */
void vm_explain(struct vm_cpu *c, struct explain_fault *f);
/** arm_cpu_ops.report. */
void vm_report(struct arm_state *s, const struct arm_report *r);

/* psci.c */
/** arm_cpu_ops.firmware_call. */
bool vm_firmware_call(struct arm_state *s, bool smc, uint32_t imm);

#endif
