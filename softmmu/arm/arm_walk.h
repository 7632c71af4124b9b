/*
 * ARM address translation as pure functions: a view of the registers and a way to read physical
 * memory go in, a translation or a fault comes out (DDI 0406C chapter B3; ARMv5/v6: DDI 0100I B4).
 */
#ifndef ARMEMU_SOFTMMU_ARM_WALK_H
#define ARMEMU_SOFTMMU_ARM_WALK_H

#include <stdbool.h>
#include <stdint.h>

/* What of the architecture matters here. */
enum {
    ARM_WALK_V6 = 1,    /* ARMv6 descriptors exist (selected by SCTLR.XP; always in ARMv7) */
    ARM_WALK_V7 = 2,    /* no subpages, no fine or coarse v5 formats; AFE and TRE */
    ARM_WALK_PXN = 4,   /* short descriptors have PXN */
    ARM_WALK_LPAE = 8,  /* TTBCR.EAE selects long descriptors */
    ARM_WALK_SUPERSECTION = 16,
    ARM_WALK_FCSE = 32,
    ARM_WALK_VIRT = 64, /* WXN and UWXN */
};

struct arm_walk_regs {
    uint64_t ttbr0, ttbr1;
    uint32_t ttbcr, sctlr, dacr;
    uint32_t prrr, nmrr, mair0, mair1;
    uint32_t fcseidr;
    uint32_t arch;   /* ARM_WALK_* */
    bool secure;     /* Secure state: NS bits of descriptors count */
    bool hyp;        /* PL2 regime: ttbr0 is HTTBR, ttbcr HTCR, sctlr HSCTLR, mair* HMAIR* */
    bool past_rights; /* of a debugger: domains, permissions and access flags refuse nothing */
    bool sif;        /* SCR.SIF: no Secure fetches from Non-secure memory */
    /* Stage 2, when stage2 is set (HCR.VM in Non-secure PL1&0). */
    bool stage2;
    bool ptw;        /* HCR.PTW: table walks into Device memory are faults */
    uint64_t vttbr;
    uint32_t vtcr;
};

enum arm_access { ARM_ACCESS_READ, ARM_ACCESS_WRITE, ARM_ACCESS_FETCH };

enum arm_memory { ARM_MEMORY_STRONGLY_ORDERED, ARM_MEMORY_DEVICE, ARM_MEMORY_NORMAL };

/* Shareability as in PAR and LPAE descriptors. */
enum { ARM_SHARE_NONE = 0, ARM_SHARE_OUTER = 2, ARM_SHARE_INNER = 3 };

struct arm_translation {
    uint64_t phys;     /* of the address that was asked for */
    uint8_t page_bits; /* log2 size of the mapping. Below 12 (ARMv5 tiny pages, subpages with rights
                          of their own): must not be entered into a table of 4 KiB pages */
    bool read, write, exec; /* what this privilege level may do there */
    bool global;       /* not tied to the ASID */
    bool nonsecure;    /* output address space */
    uint8_t memory;    /* enum arm_memory */
    uint8_t
        attributes; /* Normal memory: outer attributes in bits 7..4, inner 3..0, coded as in MAIR */
    uint8_t share;     /* ARM_SHARE_* */
    uint8_t domain;    /* short descriptors */
};

enum arm_fault_kind {
    ARM_FAULT_NONE,
    ARM_FAULT_ALIGNMENT,
    ARM_FAULT_TRANSLATION,
    ARM_FAULT_ACCESS_FLAG,
    ARM_FAULT_DOMAIN,
    ARM_FAULT_PERMISSION,
    ARM_FAULT_WALK_EXTERNAL, /* external abort while reading a table */
    ARM_FAULT_EXTERNAL,      /* external abort of the access itself (synchronous) */
    ARM_FAULT_DEBUG,         /* BKPT, watchpoint */
    ARM_FAULT_ADDRESS_SIZE,
    ARM_FAULT_ASYNC_EXTERNAL,
};

struct arm_fault {
    enum arm_fault_kind kind;
    uint8_t level;   /* 1..3 (sections are level 1, pages level 2 with short descriptors) */
    uint8_t domain;
    bool domain_valid;
    bool stage2;     /* goes to Hyp mode; ipa is valid */
    bool s1ptw;      /* stage 2 fault of a stage 1 table read */
    uint64_t ipa;
};

/** Reads @size (4 or 8) aligned bytes of physical memory as a little-endian number. False: external
 * abort. */
struct arm_walk_memory {
    bool (*read)(void *opaque, uint64_t phys, unsigned size, uint64_t *value);
    void *opaque;
};

/**
 * Translate @va for @access. True: @out is filled, for all kinds of access by this privilege level,
 * and the access is permitted. False: @fault says why not. Alignment is not checked here. With the
 * MMU off the mapping is flat.
 */
bool arm_walk(const struct arm_walk_regs *regs, const struct arm_walk_memory *memory, uint32_t va,
              enum arm_access access, bool privileged, struct arm_translation *out,
              struct arm_fault *fault);

/** FCSE: the modified virtual address of @va. */
uint32_t arm_walk_mva(const struct arm_walk_regs *regs, uint32_t va);

/** Do long descriptors (and their fault status codes) apply? */
bool arm_walk_uses_lpae(const struct arm_walk_regs *regs);

/**
 * DFSR or IFSR value of @fault without WnR and ExT: status code, domain, and the LPAE bit, in the
 * long (@lpae) or short format.
 */
uint32_t arm_fault_status(const struct arm_fault *fault, bool lpae);
/** The 6-bit status code of the long format (HSR.ISS, PAR). */
uint32_t arm_fault_status_long(const struct arm_fault *fault);

/** A word for logs: "translation", "permission". */
const char *arm_fault_name(enum arm_fault_kind kind);

#endif
