/* The values of the measures: margins, and comparisons with the references. */
#include "base/error.h"
#include "base/memory.h"
#include "base/vector.h"
#include "data/dataset.h"
#include <math.h>
#include <stdlib.h>

/* A reference that is not certified gives no comparison. Lack of memory and cancellation are errors. */
static bool is_failure(biascope_status status) {
  return status == BIASCOPE_NO_MEMORY || status == BIASCOPE_CANCELLED;
}

static biascope_status compare_with_norm(biascope_problem *problem, size_t n, const double *w,
                                         biascope_measurement *out, biascope_error *error) {
  const biascope_norm norm = {.kind = biascope_reference_norm(n)};
  const biascope_margin *solution;
  biascope_status status = biascope_problem_margin(problem, norm.kind, &solution, error);
  if (status != BIASCOPE_OK) return is_failure(status) ? status : BIASCOPE_OK;
  out->known_to[n] = biascope_angle_known_to(solution->gap);
  out->ratio[n] = out->margin[n] / solution->margin;
  status = biascope_margin_cosine(biascope_problem_data(problem), norm, solution, w, &out->cosine[n], &out->angle[n],
                                  NULL, error);
  return is_failure(status) ? status : BIASCOPE_OK; /* the set of optimal directions is too large: NaN */
}

static biascope_status compare_with_proxy(biascope_problem *problem, const double *w, biascope_measurement *out,
                                          biascope_error *error) {
  const biascope_prediction *proxy;
  const biascope_status status = biascope_problem_proxy(problem, &proxy, error);
  if (status != BIASCOPE_OK) return is_failure(status) ? status : BIASCOPE_OK;
  out->known_to[BIASCOPE_PROXY] = biascope_angle_known_to(proxy->gap);
  const size_t d = proxy->outputs * proxy->features;
  out->cosine[BIASCOPE_PROXY] = bs_cosine(d, proxy->direction, w);
  out->angle[BIASCOPE_PROXY] = bs_angle(d, proxy->direction, w);
  return BIASCOPE_OK;
}

biascope_status biascope_problem_test_reference(biascope_problem *problem, size_t reference, double *accuracy,
                                                biascope_error *error) {
  const biascope_dataset *test = biascope_problem_test(problem);
  const biascope_margin *solution = NULL;
  const biascope_prediction *proxy = NULL;
  const biascope_status status =
      reference == BIASCOPE_PROXY
          ? biascope_problem_proxy(problem, &proxy, error)
          : biascope_problem_margin(problem, biascope_reference_norm(reference), &solution, error);
  *accuracy = NAN;
  if (status != BIASCOPE_OK) return is_failure(status) ? status : BIASCOPE_OK;
  const double *direction = proxy ? proxy->direction : solution ? solution->direction : NULL;
  if (test && direction) *accuracy = biascope_accuracy(test, direction);
  return BIASCOPE_OK;
}

/* What the singular values of weights of several classes say. */
static biascope_status measure_matrix(const biascope_dataset *data, const double *w, biascope_measurement *out,
                                      biascope_error *error) {
  const size_t rows = bs_outputs(data), d = data->features, count = rows < d ? rows : d;
  out->spectral_norm = out->nuclear_norm = out->effective_rank = NAN;
  if (rows == 1) return BIASCOPE_OK;
  double *singular = BS_NEW(double, count), entropy = 0.0;
  biascope_status status =
      singular ? biascope_singular_values(rows, d, w, singular, error) : bs_fail_memory(error, "the singular values");
  if (status == BIASCOPE_OK) {
    out->spectral_norm = singular[0];
    out->nuclear_norm = 0.0;
    for (size_t i = 0; i < count; i++) out->nuclear_norm += singular[i];
    for (size_t i = 0; i < count && singular[i] > 0.0; i++) {
      const double part = singular[i] / out->nuclear_norm;
      entropy -= part * log(part);
    }
    if (out->nuclear_norm > 0.0) out->effective_rank = exp(entropy);
  }
  free(singular);
  return status;
}

/* NaN if the norm is no reference. */
static double cosine_with_face(const biascope_prediction *limit, const biascope_measurement *measured) {
  for (size_t n = 0; n < BIASCOPE_REFERENCE_NORMS; n++)
    if (biascope_reference_norm(n) == limit->face) return measured->cosine[n];
  return NAN;
}

biascope_status biascope_problem_measure(biascope_problem *problem, biascope_reference_set references,
                                         const biascope_prediction *limit, const double *w, biascope_measurement *out,
                                         biascope_error *error) {
  const biascope_dataset *data = biascope_problem_data(problem);
  const size_t d = bs_outputs(data) * data->features;
  biascope_status status = BIASCOPE_OK;
  out->log_loss = NAN;
  out->weight_norm = bs_norm2(d, w);
  out->accuracy = biascope_accuracy(data, w);
  out->test_accuracy = biascope_problem_test(problem) ? biascope_accuracy(biascope_problem_test(problem), w) : NAN;
  for (int r = 0; r < BIASCOPE_REFERENCES; r++) out->cosine[r] = out->angle[r] = out->known_to[r] = NAN;
  references &= biascope_dataset_references(data);
  for (size_t n = 0; n < BIASCOPE_REFERENCE_NORMS; n++) {
    const bool applies = biascope_dataset_references(data) >> n & 1;
    out->margin[n] = applies ? biascope_margin_of(data, (biascope_norm){.kind = biascope_reference_norm(n)}, w) : NAN;
    out->ratio[n] = NAN;
    if (status == BIASCOPE_OK && references >> n & 1) status = compare_with_norm(problem, n, w, out, error);
  }
  if (status == BIASCOPE_OK) status = measure_matrix(data, w, out, error);
  if (status == BIASCOPE_OK && references >> BIASCOPE_PROXY & 1) status = compare_with_proxy(problem, w, out, error);
  /* if several limits are predicted, they are the optimal directions for a norm: the nearest counts */
  out->cosine_predicted = !limit          ? NAN
                          : limit->unique ? bs_cosine(d, limit->direction, w)
                                          : cosine_with_face(limit, out);
  return status;
}

biascope_status biascope_parts_measure(const biascope_parts *parts, const double *minimiser, const double *w,
                                       biascope_parts_measurement *out, biascope_error *error) {
  const size_t d = parts->features;
  double *inside = BS_NEW(double, d), *outside = BS_NEW(double, d);
  *out = (biascope_parts_measurement){NAN, NAN, NAN};
  const biascope_status status = inside && outside ? BIASCOPE_OK : bs_fail_memory(error, "the weights in two parts");
  if (status == BIASCOPE_OK) {
    biascope_parts_project(parts, w, inside);
    for (size_t k = 0; k < d; k++) outside[k] = w[k] - inside[k];
    if (parts->separable_count > 0) out->cosine = bs_cosine(d, outside, parts->direction);
    if (minimiser) {
      out->length = bs_norm2(d, minimiser);
      bs_axpy(d, -1.0, minimiser, inside);
      out->distance = bs_norm2(d, inside);
    }
  }
  free(inside);
  free(outside);
  return status;
}
