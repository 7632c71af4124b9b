/* Scalar floating point: see kernel.h. */
#include <math.h>

#include "kernel.h"

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
    for (; steps--; repeat(b)) {
        for (unsigned i = 0; i < 5; i++)
            for (unsigned j = i + 1; j < 5; j++) {
                double d[3], r2 = 0.01;
                for (unsigned k = 0; k < 3; k++) {
                    d[k] = b[i].x[k] - b[j].x[k];
                    r2 += d[k] * d[k];
                }
                double f = 0.001 / (r2 * sqrt(r2));
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

/* Gaussian elimination with column sweeps, as LINPACK's dgefa. */
enum { LU = 64 };
static double lu[LU][LU];

static void axpy(unsigned n, double f, const double *x, double *y)
{
    for (unsigned i = 0; i < n; i++)
        y[i] += f * x[i];
}

static double linpack(unsigned runs)
{
    double sum = 0;
    for (; runs--; repeat(lu)) {
        for (unsigned i = 0; i < LU; i++)
            for (unsigned j = 0; j < LU; j++)
                lu[i][j] = (double)((i * 31 + j * 17 + i * j) % 97) / 97 - 0.5 + (i == j ? 8 : 0);
        for (unsigned k = 0; k + 1 < LU; k++)
            for (unsigned i = k + 1; i < LU; i++) {
                double f = -lu[i][k] / lu[k][k];
                axpy(LU - k, f, &lu[k][k], &lu[i][k]);
            }
        sum += lu[LU - 1][LU - 1];
    }
    return sum;
}

static double mandelbrot(unsigned lines)
{
    const unsigned size = 256;
    unsigned total = 0;
    for (unsigned py = 0; py < lines; py++)
        for (unsigned px = 0; px < size; px++) {
            double cx = -2.0 + 3.0 * px / size, cy = -1.5 + 3.0 * (py % size) / size, x = 0, y = 0;
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

enum { FFT = 1024 };

static double fft(unsigned runs)
{
    static double re[FFT], im[FFT], c[FFT / 2], s[FFT / 2];
    double sum = 0;
    for (unsigned i = 0; i < FFT / 2; i++) {
        c[i] = cos(6.283185307179586 * i / FFT);
        s[i] = sin(6.283185307179586 * i / FFT);
    }
    for (; runs--; repeat(re)) {
        for (unsigned i = 0; i < FFT; i++) {
            re[i] = (double)(i * 7 % 64);
            im[i] = 0;
        }
        for (unsigned half = FFT / 2, step = 1; half; half /= 2, step *= 2)
            for (unsigned at = 0; at < FFT; at += 2 * half)
                for (unsigned k = 0; k < half; k++) {
                    unsigned p = at + k, q = p + half;
                    double dr = re[p] - re[q], di = im[p] - im[q];
                    re[p] += re[q];
                    im[p] += im[q];
                    re[q] = dr * c[k * step] + di * s[k * step];
                    im[q] = di * c[k * step] - dr * s[k * step];
                }
        sum += re[5] + im[9];
    }
    return sum;
}

/* The C library's functions. Their last bits differ between machines. */
static double functions(unsigned count)
{
    double sum = 0, x = 0.1;
    for (unsigned i = 0; i < count; i++) {
        sum += sin(x) + exp(-x) + log(x + 1) + pow(x, 0.7);
        x += 0.01;
        if (x > 10)
            x -= 9.9;
    }
    return floor(sum * 1e3 / count);
}

/* A table look-up with interpolation. */
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

/* Samples as integers to single precision and back, with a gain in double precision. */
static double convert(unsigned runs)
{
    static int16_t in[1024], out[1024];
    double sum = 0;
    for (int i = 0; i < 1024; i++)
        in[i] = (int16_t)(i * 61);
    for (; runs--; repeat(out)) {
        for (unsigned i = 0; i < 1024; i++) {
            float f = (float)in[i] * 0.0078125f;
            double d = (double)f * 1.0001 + 0.5;
            unsigned u = (unsigned)(d < 0 ? -d : d);
            out[i] = (int16_t)((float)u * 0.5f);
        }
        sum += out[77] + out[600];
    }
    return sum;
}

enum { N = 32 };

static double matrix_f32(unsigned runs)
{
    static float a[N][N], b[N][N], c[N][N];
    for (unsigned i = 0; i < N * N; i++) {
        (&a[0][0])[i] = (float)(i % 17) * 0.25f;
        (&b[0][0])[i] = (float)(i % 13) * 0.5f;
    }
    for (; runs--; repeat(c))
        for (unsigned i = 0; i < N; i++)
            for (unsigned j = 0; j < N; j++) {
                float s = 0;
                for (unsigned k = 0; k < N; k++)
                    s += a[i][k] * b[k][j];
                c[i][j] = s;
            }
    return c[5][7];
}

/* With denormals flushed to zero and default NaNs, as programs built with -ffast-math have it. */
static double flushed(unsigned count)
{
    float x = 1.1f, y = 0.3f, z = 0.7f;
    double s = 0, t = 0.25;
#ifdef __arm__
    uint32_t fpscr;
    __asm__ volatile("vmrs %0, fpscr\n orr %0, %0, #0x03000000\n vmsr fpscr, %0" : "=r"(fpscr));
#endif
    for (unsigned i = 0; i < count; i++) {
        float d = x * y + z, r = 1.0f / (d * d + 0.5f);
        t = t * 0.999 + (double)(r * x - y);
        s += t > 1 ? t : -t;
        x = x * 0.7f + r * 0.1f;
        y = y * 0.5f + 0.2f;
        z = z * 0.3f + r * 0.1f;
    }
    return s;
}

static const struct kernel kernels[] = {
    {"nbody", nbody, 300000}, {"linpack", linpack, 700}, {"mandelbrot", mandelbrot, 1000},
    {"fft", fft, 1500}, {"functions", functions, 600000}, {"interpolate", interpolate, 9000000},
    {"convert", convert, 9000}, {"matrix-f32", matrix_f32, 900}, {"flushed", flushed, 7000000},
};

int main(int argc, char **argv)
{
    return kernel_main(argc, argv, kernels, sizeof(kernels) / sizeof(kernels[0]));
}
