/*
 * Floating-point and Advanced SIMD kernels, bare-metal, for boards with a PL011 at 0x09000000 and PSCI
 * by HVC (-M virt, of armemu and of QEMU). Prints one line each, "float NAME MICROSECONDS CHECKSUM",
 * by the generic timer, and powers off.
 */
#include <arm_neon.h>
#include <stdint.h>

__asm__(".section .start, \"ax\"\n"
        ".global _start\n"
        "_start:\n"
        "    mrc p15, 0, r0, c1, c0, 2\n"
        "    orr r0, r0, #0xf00000\n"
        "    mcr p15, 0, r0, c1, c0, 2\n"
        "    isb\n"
        "    mov r0, #0x40000000\n"
        "    vmsr fpexc, r0\n"
        "    ldr sp, =0x44000000\n"
        "    bl run\n"
        "    ldr r0, =0x84000008\n"
        "    hvc #0\n"
        "1:  b 1b\n"
        ".text\n");

static void put(char c)
{
    *(volatile uint32_t *)0x09000000 = (uint8_t)c;
}

static void puts_(const char *s)
{
    while (*s)
        put(*s++);
}

static void put_number(uint64_t v)
{
    char text[24];
    unsigned n = 0;
    do {
        text[n++] = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    while (n)
        put(text[--n]);
}

static uint64_t now(void)
{
    uint64_t t;
    __asm__ volatile("isb; mrrc p15, 1, %Q0, %R0, c14" : "=r"(t));
    return t;
}

static uint32_t frequency(void)
{
    uint32_t f;
    __asm__ volatile("mrc p15, 0, %0, c14, c0, 0" : "=r"(f));
    return f;
}

void *memset(void *p, int c, unsigned n);
void *memset(void *p, int c, unsigned n)
{
    for (uint8_t *b = p; n--; b++)
        *b = (uint8_t)c;
    return p;
}

void *memcpy(void *to, const void *from, unsigned n);
void *memcpy(void *to, const void *from, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        ((uint8_t *)to)[i] = ((const uint8_t *)from)[i];
    return to;
}

/* What libgcc calls on division by zero. */
int raise(int signal);
int raise(int signal)
{
    return signal;
}

static double root(double x)
{
    __asm__("vsqrt.f64 %P0, %P1" : "=w"(x) : "w"(x));
    return x;
}

/* ---- scalars --------------------------------------------------------------------------------- */

struct body {
    double x[3], v[3], mass;
};

static double nbody(unsigned steps)
{
    static struct body b[5];
    for (unsigned i = 0; i < 5; i++)
        for (unsigned k = 0; k < 3; k++) {
            b[i].x[k] = 1.5 * i - 0.7 * k + 0.1 * i * k;
            b[i].v[k] = 0.3 * k - 0.2 * i;
            b[i].mass = 1.0 / (1 + i);
        }
    while (steps--) {
        for (unsigned i = 0; i < 5; i++)
            for (unsigned j = i + 1; j < 5; j++) {
                double d[3], r2 = 0.01;
                for (unsigned k = 0; k < 3; k++) {
                    d[k] = b[i].x[k] - b[j].x[k];
                    r2 += d[k] * d[k];
                }
                double f = 0.001 / (r2 * root(r2));
                for (unsigned k = 0; k < 3; k++) {
                    b[i].v[k] -= d[k] * b[j].mass * f;
                    b[j].v[k] += d[k] * b[i].mass * f;
                }
            }
        for (unsigned i = 0; i < 5; i++)
            for (unsigned k = 0; k < 3; k++)
                b[i].x[k] += 0.001 * b[i].v[k];
    }
    return b[0].x[0];
}

static double mandelbrot(unsigned size)
{
    unsigned total = 0;
    for (unsigned py = 0; py < size; py++)
        for (unsigned px = 0; px < size; px++) {
            double cx = -2.0 + 3.0 * px / size, cy = -1.5 + 3.0 * py / size, x = 0, y = 0;
            unsigned n = 0;
            for (; n < 200 && x * x + y * y < 4.0; n++) {
                double t = x * x - y * y + cx;
                y = 2 * x * y + cy;
                x = t;
            }
            total += n;
        }
    return total;
}

enum { N = 64 };
static float af[N][N], bf[N][N], cf[N][N] __attribute__((aligned(16)));

static double matrix_f32(unsigned runs)
{
    for (unsigned i = 0; i < N * N; i++) {
        (&af[0][0])[i] = (float)(i % 17) * 0.25f;
        (&bf[0][0])[i] = (float)(i % 13) * 0.5f;
    }
    while (runs--)
        for (unsigned i = 0; i < N; i++)
            for (unsigned j = 0; j < N; j++) {
                float s = 0;
                for (unsigned k = 0; k < N; k++)
                    s += af[i][k] * bf[k][j];
                cf[i][j] = s;
            }
    return cf[5][7];
}

/* Conversions and comparisons: a table look-up with interpolation. */
static double interpolate(unsigned count)
{
    static double table[65];
    for (int i = 0; i < 65; i++)
        table[i] = i * i * 0.01;
    double x = 0.1, sum = 0;
    for (unsigned n = 0; n < count; n++) {
        int i = (int)x;
        double f = x - i;
        sum += table[i] + f * (table[i + 1] - table[i]);
        x += 0.37;
        if (x >= 64.0)
            x -= 64.0;
    }
    return sum;
}

/* ---- Advanced SIMD --------------------------------------------------------------------------- */

static float samples[4096 + 64] __attribute__((aligned(16)));
static int16_t samples16[4096 + 64] __attribute__((aligned(16)));

static double fir_f32(unsigned runs)
{
    float taps[32], total = 0;
    for (unsigned i = 0; i < 32; i++)
        taps[i] = 1.0f / (float)(i + 3);
    for (unsigned i = 0; i < 4096 + 64; i++)
        samples[i] = (float)(i % 100) * 0.01f;
    while (runs--)
        for (unsigned i = 0; i < 4096; i += 4) {
            float32x4_t acc = vdupq_n_f32(0);
            for (unsigned k = 0; k < 32; k += 4) {
                acc = vmlaq_n_f32(acc, vld1q_f32(samples + i + k), taps[k]);
                acc = vmlaq_n_f32(acc, vld1q_f32(samples + i + k + 4), taps[k + 1]);
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
    while (runs--)
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
    return total < 0 ? -total : total;
}

/* Blend of two pictures of bytes: widening, multiplication, narrowing, saturation. */
static double blend(unsigned runs)
{
    static uint8_t x[4096] __attribute__((aligned(16))), y[4096] __attribute__((aligned(16)));
    unsigned total = 0;
    for (unsigned i = 0; i < 4096; i++) {
        x[i] = (uint8_t)(i * 7);
        y[i] = (uint8_t)(i * 13);
    }
    while (runs--)
        for (unsigned i = 0; i < 4096; i += 16) {
            uint8x16_t a = vld1q_u8(x + i), b = vld1q_u8(y + i);
            uint16x8_t lo = vmull_u8(vget_low_u8(a), vdup_n_u8(77));
            uint16x8_t hi = vmull_u8(vget_high_u8(a), vdup_n_u8(77));
            lo = vmlal_u8(lo, vget_low_u8(b), vdup_n_u8(179));
            hi = vmlal_u8(hi, vget_high_u8(b), vdup_n_u8(179));
            uint8x16_t r = vcombine_u8(vshrn_n_u16(lo, 8), vshrn_n_u16(hi, 8));
            r = vmaxq_u8(r, vqaddq_u8(a, vdupq_n_u8(16)));
            r = veorq_u8(r, vshrq_n_u8(b, 3));
            vst1q_u8(x + i, r);
        }
    for (unsigned i = 0; i < 4096; i++)
        total += x[i];
    return total;
}

static const struct {
    const char *name;
    double (*fn)(unsigned count);
    unsigned count;
} kernels[] = {
    {"nbody", nbody, 60000},          {"mandelbrot", mandelbrot, 160}, {"matrix-f32", matrix_f32, 30},
    {"interpolate", interpolate, 1500000}, {"fir-f32", fir_f32, 300}, {"fir-s16", fir_s16, 800},
    {"blend", blend, 1500},
};

void run(void);
void run(void)
{
    uint32_t f = frequency();
    for (unsigned i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++) {
        uint64_t start = now();
        double sum = kernels[i].fn(kernels[i].count);
        uint64_t us = (now() - start) * 1000000 / f;
        puts_("float ");
        puts_(kernels[i].name);
        put(' ');
        put_number(us);
        put(' ');
        put_number((uint64_t)(sum < 0 ? -sum * 1000 : sum * 1000));
        put('\n');
    }
}
