/* The least that a step of per-sample Adam can cost: its loads, multiply-adds, square roots and divisions, with neither
 * exponents nor batches nor orders. What the step loop is measured against; it computes nothing that is used. */
#ifndef BIASCOPE_BENCH_LEAST_STEP_H
#define BIASCOPE_BENCH_LEAST_STEP_H

#include <stddef.h>
#include <stdint.h>

/* x: N x padded, w, m, v: padded, aligned to 64 bytes; padded a multiple of 8. Returns the last margin. */
double least_steps(size_t samples, size_t padded, const double *x, double *w, double *m, double *v, double eta,
                   uint64_t steps);

/* STREAM's triad, a = b + 3 c: what memory delivers to one thread. */
void least_triad(size_t n, double *a, const double *b, const double *c);

#endif
