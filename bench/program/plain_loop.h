/* What a user would write: Adam's step with one sample, in plain C. CMake builds it for this machine with -O3
 * -march=native -ffast-math, once for each instruction set that BIASCOPE_VECTORS can choose. */
#ifndef BIASCOPE_BENCH_PLAIN_LOOP_H
#define BIASCOPE_BENCH_PLAIN_LOOP_H

#include <stddef.h>
#include <stdint.h>

/* Steps of logistic regression over the samples in turn, of size lr / sqrt(t + 2); x: samples x features. */
typedef void plain_loop(size_t samples, size_t features, const double *restrict x, double *restrict w,
                        double *restrict m, double *restrict v, double lr, uint64_t steps);

plain_loop plain_loop_baseline, plain_loop_avx2, plain_loop_avx512;

#endif
