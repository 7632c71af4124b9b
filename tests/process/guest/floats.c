/* Floating-point numbers printed and read in many formats; the numbers come from the C library's
 * functions and from bit patterns, special ones among them. */
#include <fenv.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state = 0x9e3779b97f4a7c15;

static uint64_t next(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static double number(unsigned n)
{
    static const uint64_t special[] = {
        0, 1, 0x8000000000000000, 0x8000000000000001, 0x000fffffffffffff, 0x0010000000000000,
        0x7fefffffffffffff, 0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000000,
        0x3ff0000000000000, 0x3fefffffffffffff, 0x4340000000000000, 0x41dfffffffc00000};
    uint64_t bits = n < sizeof(special) / sizeof(special[0]) ? special[n] : next();
    double v;
    memcpy(&v, &bits, sizeof(v));
    if (n % 3 == 2 && isfinite(v)) /* of usual size */
        v = ldexp(frexp(v, &(int){0}), (int)(next() % 60) - 30);
    return v;
}

static void print(double v)
{
    static const char *const formats[] = {"%.17g",   "%a",       "%e",    "%.3f", "%+.10g",
                                          "%012.5e", "%-20.8g|", "%#.0f", "%G"};
    char text[400];
    for (unsigned k = 0; k < sizeof(formats) / sizeof(formats[0]); k++) {
        snprintf(text, sizeof(text), formats[k], v);
        double back = strtod(text, NULL);
        printf("%s %d ", text, memcmp(&back, &v, sizeof(v)) == 0);
    }
    printf("%.9g %ld %d\n", (float)v, fabs(v) < 2e9 ? lrint(v) : 0, fpclassify(v));
}

static void functions(double v)
{
    printf("%.17g %.17g %.17g %.17g %.17g %.17g %.17g %.17g\n", sin(v), exp(v / 1e3), log(fabs(v)),
           pow(fabs(v), 0.3), tan(v), atan2(v, 2), cbrt(v), fmod(v, 3.7));
    printf("%.9g %.9g %.9g %.17g %.17g %.17g %lld\n", sinf((float)v), expf((float)v),
           sqrtf(fabsf((float)v)), floor(v), rint(v), trunc(v), fabs(v) < 1e18 ? llround(v) : 0);
}

int main(void)
{
    static const int rounding[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
    for (unsigned n = 0; n < 300; n++) {
        double v = number(n);
        print(v);
        functions(v);
    }
    for (unsigned k = 0; k < 4; k++) {
        fesetround(rounding[k]);
        for (unsigned n = 0; n < 40; n++) {
            volatile double a = number(n + 20), b = number(n + 21);
            feclearexcept(FE_ALL_EXCEPT);
            volatile double sum = a + b, product = a * b, quotient = a / b;
            volatile float narrow = (float)a;
            int raised = fetestexcept(FE_ALL_EXCEPT);
            printf("%d %a %a %a %a %#x %.5f %ld\n", k, sum, product, quotient, narrow, raised,
                   fabs(a) < 1e30 ? a : 0, fabs(a) < 2e9 ? lrint(a) : 0);
        }
    }
    return 0;
}
