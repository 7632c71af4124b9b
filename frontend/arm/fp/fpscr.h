/*
 * The FPSCR and the arithmetic of fp/: control bits, and the modes that they select. Exceptions and
 * rounding modes are numbered in fp/fp.h as the FPSCR has them.
 */
#ifndef ARMEMU_ARM_FPSCR_H
#define ARMEMU_ARM_FPSCR_H

#include "fp/fp.h"

/* Control bits of the FPSCR. */
#define FPSCR_QC 0x08000000u /* cumulative saturation */
#define FPSCR_AHP 0x04000000u
#define FPSCR_DN 0x02000000u
#define FPSCR_FZ 0x01000000u
#define FPSCR_RMODE_SHIFT 22
#define FPSCR_FZ16 0x00080000u

#define FPSCR_LEN 0x00070000u /* of short vectors, less one */
#define FPSCR_LEN_SHIFT 16
#define FPSCR_STRIDE 0x00300000u /* 3 means 2 */

/* With any of these set, some VFP instructions are not what the IR's floating-point ops do. */
#define FPSCR_SPECIAL (FPSCR_LEN | FPSCR_AHP)

/** The modes that @fpscr selects, with no flags set. */
static inline struct fp_status fp_status_of(uint32_t fpscr)
{
    return (struct fp_status){
        .rounding = (uint8_t)(fpscr >> FPSCR_RMODE_SHIFT & 3),
        .flush = (fpscr & FPSCR_FZ) != 0,
        .flush16 = (fpscr & FPSCR_FZ16) != 0,
        .default_nan = (fpscr & FPSCR_DN) != 0,
        .alternative = (fpscr & FPSCR_AHP) != 0,
    };
}

/** The modes of Advanced SIMD arithmetic (StandardFPSCRValue): round to nearest, FZ, DN. */
static inline struct fp_status fp_status_standard(uint32_t fpscr)
{
    return (struct fp_status){
        .rounding = FP_TIEEVEN,
        .flush = true,
        .flush16 = (fpscr & FPSCR_FZ16) != 0,
        .default_nan = true,
        .alternative = (fpscr & FPSCR_AHP) != 0,
    };
}

#endif
