/* Synthetic data of the literature; every one is linearly separable, or almost surely so (gaussian, N <= d). */
#include "data/dataset.h"

#include "base/memory.h"
#include "base/rng.h"
#include "base/vector.h"
#include <math.h>
#include <stdlib.h>

typedef struct {
  size_t samples, features;
  const biascope_generate_options *options;
  double *values;
} plan;

static void gaussian(const plan *p) {
  for (size_t i = 0; i < p->samples * p->features; i++)
    p->values[i] = bs_random_normal(p->options->seed, BS_STREAM_DATA, i);
}

/* Generalised Rademacher: row i is (i+1) times signs; the first feature is always positive, so e_1 separates. */
static void rademacher(const plan *p) {
  for (size_t i = 0; i < p->samples; i++) {
    for (size_t k = 0; k < p->features; k++) {
      const size_t at = i * p->features + k;
      const bool positive = k == 0 || bs_random_u64(p->options->seed, BS_STREAM_DATA, at) >> 63;
      p->values[at] = positive ? (double)(i + 1) : -(double)(i + 1);
    }
  }
}

/* x_i = a_i e_i + delta sum_{j != i} e_j with a_i = 1 + i. */
static void shifted_diagonal(const plan *p) {
  for (size_t i = 0; i < p->samples; i++) {
    for (size_t k = 0; k < p->features; k++)
      p->values[i * p->features + k] = i == k ? 1.0 + (double)i : p->options->delta;
  }
}

/* Standard normal rows, folded to the positive side of a random hyperplane and pushed out to its margin. */
static biascope_status teacher(const plan *p, biascope_error *error) {
  double *normal = BS_NEW(double, p->features);
  if (!normal) return bs_fail_memory(error, "the teacher");
  for (size_t k = 0; k < p->features; k++) normal[k] = bs_random_normal(p->options->seed, BS_STREAM_LABELS, k);
  bs_scale(p->features, 1.0 / bs_norm2(p->features, normal), normal);
  gaussian(p);
  for (size_t i = 0; i < p->samples; i++) {
    double *row = p->values + i * p->features;
    const double distance = bs_dot(p->features, row, normal);
    if (distance < 0) bs_scale(p->features, -1.0, row);
    bs_axpy(p->features, p->options->margin, normal, row);
  }
  free(normal);
  return BIASCOPE_OK;
}

static biascope_status check(biascope_generator kind, const biascope_generate_options *options, biascope_error *error) {
  if (options->samples == 0 || options->features == 0)
    return bs_fail(error, BIASCOPE_USAGE, "%zu samples and %zu features; expected at least one of each",
                   options->samples, options->features);
  if (kind == BIASCOPE_SHIFTED_DIAGONAL && options->samples != options->features)
    return bs_fail(error, BIASCOPE_USAGE, "shifted-diagonal: %zu samples and %zu features; expected as many of each",
                   options->samples, options->features);
  if (!(options->delta >= 0.0 && isfinite(options->delta)) || !(options->margin >= 0.0 && isfinite(options->margin)))
    return bs_fail(error, BIASCOPE_USAGE, "delta %g, margin %g; expected finite numbers from 0", options->delta,
                   options->margin);
  return BIASCOPE_OK;
}

biascope_status biascope_dataset_generate(biascope_generator kind, const biascope_generate_options *options,
                                          biascope_dataset **out, biascope_error *error) {
  *out = NULL;
  biascope_status status = check(kind, options, error);
  if (status != BIASCOPE_OK) return status;
  size_t count;
  plan p = {options->samples, options->features, options, NULL};
  if (!__builtin_mul_overflow(p.samples, p.features, &count)) p.values = BS_NEW(double, count);
  if (!p.values) return bs_fail_memory(error, "the dataset");
  switch (kind) {
  case BIASCOPE_GAUSSIAN:
    gaussian(&p);
    break;
  case BIASCOPE_RADEMACHER:
    rademacher(&p);
    break;
  case BIASCOPE_SHIFTED_DIAGONAL:
    shifted_diagonal(&p);
    break;
  case BIASCOPE_TEACHER:
    status = teacher(&p, error);
    break;
  default:
    status = bs_fail(error, BIASCOPE_USAGE, "generator %d is unknown", (int)kind);
  }
  if (status == BIASCOPE_OK) status = bs_dataset_adopt_dense(p.samples, p.features, p.values, out, error);
  if (status != BIASCOPE_OK) free(p.values);
  return status;
}
