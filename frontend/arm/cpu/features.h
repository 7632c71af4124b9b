/* Architecture features of a CPU model; the decode tables name them in their last column. */
#ifndef ARMEMU_ARM_FEATURES_H
#define ARMEMU_ARM_FEATURES_H

/* X(id, meaning). A feature implies what its architecture demands: models list all of theirs. */
#define ARM_FEATURES(X)                                                                            \
    X(V4T, "ARMv4T: the base; always present")                                                     \
    X(V5T, "ARMv5T: BLX, CLZ, BKPT")                                                               \
    X(V5TE, "ARMv5TE: saturating and halfword multiplies, LDRD/STRD, PLD")                         \
    X(V6, "ARMv6: media, REV, exclusives, CPS, SRS, RFE, unaligned data")                          \
    X(V6K, "ARMv6K: CLREX, LDREXB/H/D, hints, TPIDR")                                              \
    X(T2, "Thumb-2 (ARMv6T2): T32, MOVW/MOVT, bit fields, MLS, IT")                                \
    X(V7, "ARMv7: barriers, DBG, PLI")                                                             \
    X(DIVT, "UDIV/SDIV in T32")                                                                    \
    X(DIVA, "UDIV/SDIV in A32")                                                                    \
    X(MP, "Multiprocessing Extensions: PLDW, broadcast maintenance")                               \
    X(SEC, "Security Extensions: SMC, Monitor mode, VBAR")                                         \
    X(VIRT, "Virtualization Extensions: HVC, Hyp mode, banked MRS/MSR, ERET")                      \
    X(LPAE, "Large Physical Address Extension")                                                    \
    X(GTIMER, "Generic Timer registers")                                                           \
    X(VFP2, "VFPv2")                                                                               \
    X(VFP3, "VFPv3")                                                                               \
    X(VFPH, "half-precision conversions")                                                          \
    X(VFP4, "VFPv4: fused multiply-accumulate")                                                    \
    X(D32, "32 doubleword registers")                                                              \
    X(NEON, "Advanced SIMD")                                                                       \
    X(V8, "ARMv8 AArch32 additions: LDA/STL, SEVL, HLT, VSEL, VRINT ...")                          \
    X(CRC, "CRC32")                                                                                \
    X(CRYPTO, "AES, SHA-1, SHA-256, PMULL")                                                        \
    X(PMSA, "PMSA instead of VMSA (R profile)")                                                    \
    X(M, "M profile: ARMv6-M; with V7 ARMv7-M")                                                    \
    X(DSP, "DSP instructions of T32: parallel, saturating, halfword multiplies")                   \
    X(FPDP, "double-precision arithmetic")                                                         \
    X(FPV5, "FPv5 and ARMv8 floating point: VSEL, VRINT, VMAXNM, VCVTA ...")

enum arm_feature_index {
#define X(id, doc) ARM_FEATURE_INDEX_##id,
    ARM_FEATURES(X)
#undef X
        ARM_FEATURE_COUNT
};

#define ARM_FEATURE(id) (1ull << ARM_FEATURE_INDEX_##id)

#endif
