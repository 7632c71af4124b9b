/* Advanced SIMD: see kernel.h. */
#include <arm_neon.h>

#include "kernel.h"

static float samples[4096 + 64] __attribute__((aligned(16)));
static int16_t samples16[4096 + 64] __attribute__((aligned(16)));
static uint8_t x[4096 * 3] __attribute__((aligned(16))), y[4096 * 3] __attribute__((aligned(16)));

static void fill_bytes(void)
{
    for (unsigned i = 0; i < sizeof(x); i++) {
        x[i] = (uint8_t)(i * 7 + i / 256);
        y[i] = (uint8_t)(i * 13);
    }
}

static double sum_bytes_of(const uint8_t *p, unsigned n)
{
    double total = 0;
    for (unsigned i = 0; i < n; i++)
        total += p[i];
    return total;
}

static double fir_f32(unsigned runs)
{
    float taps[32], total = 0;
    for (unsigned i = 0; i < 32; i++)
        taps[i] = 1.0f / (float)(i + 3);
    for (unsigned i = 0; i < 4096 + 64; i++)
        samples[i] = (float)(i % 100) * 0.01f;
    for (; runs--; repeat(samples))
        for (unsigned i = 0; i < 4096; i += 4) {
            float32x4_t acc = vdupq_n_f32(0);
            for (unsigned k = 0; k < 32; k += 4) {
                acc = vmlaq_n_f32(acc, vld1q_f32(samples + i + k), taps[k]);
                acc = vmlaq_n_f32(acc, vld1q_f32(samples + i + k + 1), taps[k + 1]);
                acc = vmlaq_n_f32(acc, vld1q_f32(samples + i + k + 2), taps[k + 2]);
                acc = vmlaq_n_f32(acc, vld1q_f32(samples + i + k + 3), taps[k + 3]);
            }
            total += vgetq_lane_f32(acc, 0);
        }
    return total;
}

static double fir_s16(unsigned runs)
{
    int total = 0;
    for (unsigned i = 0; i < 4096 + 64; i++)
        samples16[i] = (int16_t)(i * 37);
    for (; runs--; repeat(samples16))
        for (unsigned i = 0; i < 4096; i += 8) {
            int32x4_t lo = vdupq_n_s32(0), hi = lo;
            for (unsigned k = 0; k < 32; k += 8) {
                int16x8_t v = vld1q_s16(samples16 + i + k);
                lo = vmlal_n_s16(lo, vget_low_s16(v), (int16_t)(k + 1));
                hi = vmlal_n_s16(hi, vget_high_s16(v), (int16_t)(k + 3));
            }
            int16x8_t r = vcombine_s16(vqshrn_n_s32(lo, 8), vqshrn_n_s32(hi, 8));
            total += vgetq_lane_s16(r, 1) + vgetq_lane_s16(r, 6);
        }
    return total;
}

/* Two pictures of bytes: widening, multiplication, narrowing, saturation. */
static double blend(unsigned runs)
{
    fill_bytes();
    for (; runs--; repeat(x))
        for (unsigned i = 0; i < 4096; i += 16) {
            uint8x16_t a = vld1q_u8(x + i), b = vld1q_u8(y + i);
            uint16x8_t lo = vmull_u8(vget_low_u8(a), vdup_n_u8(77));
            uint16x8_t hi = vmull_u8(vget_high_u8(a), vdup_n_u8(77));
            lo = vmlal_u8(lo, vget_low_u8(b), vdup_n_u8(179));
            hi = vmlal_u8(hi, vget_high_u8(b), vdup_n_u8(179));
            uint8x16_t r = vcombine_u8(vrshrn_n_u16(lo, 8), vrshrn_n_u16(hi, 8));
            r = vmaxq_u8(r, vqaddq_u8(a, vdupq_n_u8(16)));
            r = veorq_u8(r, vshrq_n_u8(b, 3));
            vst1q_u8(x + i, r);
        }
    return sum_bytes_of(x, 4096);
}

/* Sum of absolute differences of blocks of 16 rows, as video encoders have it. */
static double sad(unsigned runs)
{
    unsigned total = 0;
    fill_bytes();
    for (; runs--; repeat(x))
        for (unsigned at = 0; at < 64; at++) {
            const uint8_t *p = x + at, *q = y + 2 * at;
            uint16x8_t acc = vdupq_n_u16(0);
            for (unsigned row = 0; row < 16; row++, p += 64, q += 64) {
                uint8x16_t a = vld1q_u8(p), b = vld1q_u8(q);
                acc = vabal_u8(acc, vget_low_u8(a), vget_low_u8(b));
                acc = vabal_u8(acc, vget_high_u8(a), vget_high_u8(b));
            }
            uint64x2_t s = vpaddlq_u32(vpaddlq_u16(acc));
            total += (unsigned)(vgetq_lane_u64(s, 0) + vgetq_lane_u64(s, 1));
        }
    return total;
}

/* 4x4 matrices. */
static double matrix4(unsigned runs)
{
    static float a[16 * 16], b[16], c[16 * 16];
    for (unsigned i = 0; i < 256; i++)
        a[i] = (float)(i % 31) * 0.125f + 0.5f;
    for (unsigned i = 0; i < 16; i++)
        b[i] = (float)(i % 5) - 1.5f;
    for (; runs--; repeat(c))
        for (unsigned m = 0; m < 256; m += 16) {
            float32x4_t r0 = vld1q_f32(b), r1 = vld1q_f32(b + 4), r2 = vld1q_f32(b + 8),
                        r3 = vld1q_f32(b + 12);
            for (unsigned k = 0; k < 16; k += 4) {
                float32x4_t v = vld1q_f32(a + m + k);
                float32x4_t s = vmulq_lane_f32(r0, vget_low_f32(v), 0);
                s = vmlaq_lane_f32(s, r1, vget_low_f32(v), 1);
                s = vmlaq_lane_f32(s, r2, vget_high_f32(v), 0);
                s = vmlaq_lane_f32(s, r3, vget_high_f32(v), 1);
                vst1q_f32(c + m + k, s);
            }
        }
    double sum = 0;
    for (unsigned i = 0; i < 256; i++)
        sum += c[i];
    return sum;
}

static double saxpy(unsigned runs)
{
    static float out[4096];
    for (unsigned i = 0; i < 4096; i++) {
        samples[i] = (float)(i % 100) * 0.01f;
        out[i] = (float)(i % 7);
    }
    for (; runs--; repeat(out))
        for (unsigned i = 0; i < 4096; i += 8) {
            vst1q_f32(out + i, vmlaq_n_f32(vld1q_f32(out + i), vld1q_f32(samples + i), 0.001f));
            vst1q_f32(out + i + 4,
                      vmlaq_n_f32(vld1q_f32(out + i + 4), vld1q_f32(samples + i + 4), 0.001f));
        }
    double sum = 0;
    for (unsigned i = 0; i < 4096; i++)
        sum += out[i];
    return sum;
}

static double sum_bytes(unsigned runs)
{
    double total = 0;
    fill_bytes();
    for (; runs--; repeat(x)) {
        uint32x4_t sum = vdupq_n_u32(0);
        for (unsigned i = 0; i < 4096; i += 16)
            sum = vpadalq_u16(sum, vpaddlq_u8(vld1q_u8(x + i)));
        uint32x2_t s = vadd_u32(vget_low_u32(sum), vget_high_u32(sum));
        total += vget_lane_u32(vpadd_u32(s, s), 0);
    }
    return total;
}

static double maximum(unsigned runs)
{
    int total = 0;
    for (unsigned i = 0; i < 4096; i++)
        samples16[i] = (int16_t)(i * 31);
    for (; runs--; repeat(samples16)) {
        int16x8_t m = vdupq_n_s16(-32768), n = m;
        for (unsigned i = 0; i < 4096; i += 16) {
            m = vmaxq_s16(m, vabsq_s16(vld1q_s16(samples16 + i)));
            n = vmaxq_s16(n, vabsq_s16(vld1q_s16(samples16 + i + 8)));
        }
        m = vmaxq_s16(m, n);
        int16x4_t h = vpmax_s16(vget_low_s16(m), vget_high_s16(m));
        h = vpmax_s16(h, h);
        h = vpmax_s16(h, h);
        total += vget_lane_s16(h, 0);
    }
    return total;
}

/* Pixels of three bytes to grey, and grey to four bytes: interleaved loads and stores. */
static double grey(unsigned runs)
{
    static uint8_t out[4096 * 4];
    fill_bytes();
    for (; runs--; repeat(out))
        for (unsigned i = 0; i < 4096; i += 8) {
            uint8x8x3_t p = vld3_u8(x + 3 * i);
            uint16x8_t v = vmull_u8(p.val[0], vdup_n_u8(77));
            v = vmlal_u8(v, p.val[1], vdup_n_u8(151));
            v = vmlal_u8(v, p.val[2], vdup_n_u8(28));
            uint8x8_t g = vrshrn_n_u16(v, 8);
            uint8x8x4_t o = {{g, g, g, vdup_n_u8(255)}};
            vst4_u8(out + 4 * i, o);
        }
    return sum_bytes_of(out, sizeof(out));
}

/* The butterflies and transposition of a cosine transform of 8x8, as JPEG has it. */
static double transform(unsigned runs)
{
    int total = 0;
    for (unsigned i = 0; i < 64; i++)
        samples16[i] = (int16_t)(i * 53 % 256 - 128);
    for (; runs--; repeat(samples16)) {
        int16x8_t r[8];
        for (unsigned i = 0; i < 8; i++)
            r[i] = vld1q_s16(samples16 + 8 * i);
        for (unsigned pass = 0; pass < 2; pass++) {
            for (unsigned i = 0; i < 4; i++) {
                int16x8_t s = vaddq_s16(r[i], r[7 - i]), d = vsubq_s16(r[i], r[7 - i]);
                r[i] = vhaddq_s16(s, vqrdmulhq_n_s16(d, 12345));
                r[7 - i] = vhsubq_s16(d, vqdmulhq_n_s16(s, 23170));
            }
            for (unsigned i = 0; i < 8; i += 2) {
                int16x8x2_t t = vtrnq_s16(r[i], r[i + 1]);
                r[i] = t.val[0];
                r[i + 1] = t.val[1];
            }
            for (unsigned i = 0; i < 4; i++) {
                int32x4x2_t t = vtrnq_s32(vreinterpretq_s32_s16(r[i]),
                                          vreinterpretq_s32_s16(r[i + 4]));
                int16x8x2_t z = vzipq_s16(vreinterpretq_s16_s32(t.val[0]),
                                          vreinterpretq_s16_s32(t.val[1]));
                r[i] = z.val[0];
                r[i + 4] = vextq_s16(z.val[1], z.val[0], 3);
            }
        }
        for (unsigned i = 0; i < 8; i++)
            vst1q_s16(samples16 + 64 + 8 * i, r[i]);
        total += samples16[64 + runs % 64];
    }
    return total;
}

static const struct kernel kernels[] = {
    {"blend", blend, 25000},      {"sad", sad, 24000},          {"fir-f32", fir_f32, 450},
    {"fir-s16", fir_s16, 10000},  {"matrix4", matrix4, 30000},  {"saxpy", saxpy, 12000},
    {"sum-bytes", sum_bytes, 80000}, {"maximum", maximum, 130000},  {"grey", grey, 9000},
    {"transform", transform, 700000},
};

int main(int argc, char **argv)
{
    return kernel_main(argc, argv, kernels, sizeof(kernels) / sizeof(kernels[0]));
}
