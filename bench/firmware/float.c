/* Single-precision kernels, and with the DSP extension ones of halfwords: Cortex-M4F. */
#include <math.h>
#include <string.h>

#include "kernels.h"

#if __ARM_FP

static uint32_t bits(float f)
{
    uint32_t v;
    memcpy(&v, &f, sizeof(v));
    return v;
}

static float unit(void)
{
    return (float)(int32_t)next_random() * (1.0f / 2147483648.0f);
}

static uint32_t fir(uint32_t rounds)
{
    enum { TAPS = 32, N = 256 };
    static float taps[TAPS], in[N + TAPS], out[N];
    for (int i = 0; i < TAPS; i++)
        taps[i] = unit() / TAPS;
    for (int i = 0; i < N + TAPS; i++)
        in[i] = unit();
    while (rounds--) {
        for (int i = 0; i < N; i++) {
            float sum = 0;
            for (int k = 0; k < TAPS; k++)
                sum += taps[k] * in[i + k];
            out[i] = sum;
        }
        in[rounds & (N - 1)] += out[5];
    }
    return bits(out[N - 1]) ^ bits(in[7]);
}

static uint32_t matrix_float(uint32_t rounds)
{
    enum { N = 20 };
    static float a[N][N], b[N][N], c[N][N];
    for (int i = 0; i < N * N; i++) {
        a[i / N][i % N] = unit();
        b[i / N][i % N] = unit();
    }
    while (rounds--) {
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++) {
                float x = 0;
                for (int k = 0; k < N; k++)
                    x += a[i][k] * b[k][j];
                c[i][j] = x;
            }
        a[rounds % N][3] = c[3][rounds % N] * 0.1f;
    }
    return bits(c[1][2]) ^ bits(c[N - 1][N - 1]);
}

static uint32_t biquad(uint32_t rounds)
{
    enum { N = 256 };
    static float in[N];
    float s[4] = {0}, y = 0;
    for (int i = 0; i < N; i++)
        in[i] = unit();
    while (rounds--)
        for (int i = 0; i < N; i++) {
            float x = in[i], m = 0.067f * x + s[0];
            s[0] = 0.135f * x + 1.143f * m + s[1];
            s[1] = 0.067f * x - 0.413f * m;
            y = 0.2f * m + s[2];
            s[2] = 0.4f * m + 0.9f * y + s[3];
            s[3] = 0.2f * m - 0.3f * y;
        }
    return bits(y);
}

static uint32_t fft(uint32_t rounds)
{
    enum { N = 128 };
    static float re[N], im[N], wr[N / 2], wi[N / 2];
    float c = 1, s = 0;
    /* by rotation: the library's functions are not what is measured */
    for (int i = 0; i < N / 2; i++) {
        wr[i] = c;
        wi[i] = s;
        float t = c * 0.998795456f + s * 0.0490676743f;
        s = s * 0.998795456f - c * 0.0490676743f;
        c = t;
    }
    for (int i = 0; i < N; i++)
        re[i] = unit();
    while (rounds--) {
        for (int i = 1, j = 0; i < N; i++) {
            int bit = N >> 1;
            for (; j & bit; bit >>= 1)
                j ^= bit;
            j |= bit;
            if (i < j) {
                float t = re[i];
                re[i] = re[j];
                re[j] = t;
                t = im[i];
                im[i] = im[j];
                im[j] = t;
            }
        }
        for (int size = 2; size <= N; size *= 2)
            for (int start = 0; start < N; start += size)
                for (int k = 0; k < size / 2; k++) {
                    int a = start + k, b = a + size / 2, w = k * (N / size);
                    float tr = re[b] * wr[w] - im[b] * wi[w], ti = re[b] * wi[w] + im[b] * wr[w];
                    re[b] = (re[a] - tr) * 0.7071f;
                    im[b] = (im[a] - ti) * 0.7071f;
                    re[a] = (re[a] + tr) * 0.7071f;
                    im[a] = (im[a] + ti) * 0.7071f;
                }
    }
    return bits(re[3]) ^ bits(im[100]);
}

static uint32_t mandelbrot(uint32_t rounds)
{
    uint32_t sum = 0;
    while (rounds--)
        for (int y = 0; y < 24; y++)
            for (int x = 0; x < 32; x++) {
                float cr = -2.0f + 0.09f * (float)x, ci = -1.2f + 0.1f * (float)y, zr = 0, zi = 0;
                int n = 0;
                while (n < 50 && zr * zr + zi * zi < 4.0f) {
                    float t = zr * zr - zi * zi + cr;
                    zi = 2 * zr * zi + ci;
                    zr = t;
                    n++;
                }
                sum = sum * 3 + (uint32_t)n;
            }
    return sum;
}

/* Control code: comparisons, conversions, divisions, roots. */
static uint32_t control(uint32_t rounds)
{
    float integral = 0, last = 0, position = 0, speed = 0;
    int32_t output = 0;
    uint32_t sum = 0;
    for (uint32_t i = 0; i < rounds * 64; i++) {
        float target = (float)((int)(i >> 8 & 31) - 16), error = target - position;
        integral += error * 0.01f;
        if (integral > 10.0f)
            integral = 10.0f;
        else if (integral < -10.0f)
            integral = -10.0f;
        float u = 2.0f * error + 0.5f * integral + 0.1f * (error - last);
        last = error;
        output = (int32_t)(u * 100.0f);
        if (output > 2000)
            output = 2000;
        if (output < -2000)
            output = -2000;
        speed += ((float)output * 0.01f - speed / 4.0f) * 0.01f;
        position += speed * 0.01f;
        sum += (uint32_t)(sqrtf(fabsf(position) + 1.0f) * 16.0f);
    }
    return sum + (uint32_t)output;
}

#if __ARM_FEATURE_DSP
static uint32_t fir_q15(uint32_t rounds)
{
    enum { TAPS = 32, N = 256 };
    static int16_t taps[TAPS] __attribute__((aligned(4))), in[N + TAPS] __attribute__((aligned(4))),
        out[N];
    uint32_t sum = 0;
    for (int i = 0; i < TAPS; i++)
        taps[i] = (int16_t)(next_random() >> 20);
    for (int i = 0; i < N + TAPS; i++)
        in[i] = (int16_t)next_random();
    while (rounds--) {
        for (int i = 0; i < N; i += 2) {
            const uint32_t *t = (const uint32_t *)taps, *x = (const uint32_t *)(in + i);
            int32_t acc = 0;
            for (int k = 0; k < TAPS / 2; k++)
                __asm__("smlad %0, %1, %2, %0" : "+r"(acc) : "r"(t[k]), "r"(x[k]));
            __asm__("ssat %0, #16, %1, asr #15" : "=r"(acc) : "r"(acc));
            out[i] = (int16_t)acc;
            sum += (uint32_t)out[i];
        }
        in[rounds & (N - 1)] ^= (int16_t)sum;
    }
    return sum;
}
#endif

#endif

const struct kernel float_kernels[] = {
#if __ARM_FP
    {"fir-float", fir, 45000},
    {"matrix-float", matrix_float, 45000},
    {"biquad", biquad, 200000},
    {"fft", fft, 30000},
    {"mandelbrot", mandelbrot, 2500},
    {"control", control, 200000},
#if __ARM_FEATURE_DSP
    {"fir-q15", fir_q15, 150000},
#endif
#endif
    {0},
};
