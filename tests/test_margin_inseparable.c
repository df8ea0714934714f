/* The separable and inseparable parts of data: against GLPK, against parts that were planted, by their certificates,
 * and against where gradient descent goes. */
#include "training_cases.h"
#include <float.h>
#include <glpk.h>
#include <string.h>

enum { LOSSES = 5 };

static biascope_parts parts_of(const biascope_dataset *data) {
  biascope_parts parts;
  biascope_error error;
  if (biascope_parts_find(data, &parts, &error) != BIASCOPE_OK) fail_msg("%s", error.message);
  return parts;
}

static double dot(size_t d, const double *a, const double *b) {
  long double sum = 0.0L;
  for (size_t k = 0; k < d; k++) sum += (long double)a[k] * b[k];
  return (double)sum;
}

/* Both certificates, from the values and nothing else: c > 0 exactly on the inseparable part and X'c = 0; x_i.w = 0
 * there and x_i.w > 0 on the rest. Together they prove the parts (Tucker). */
static void assert_certified(size_t n, size_t d, const double *values, const biascope_parts *parts) {
  size_t separable = 0;
  double sum = 0.0;
  for (size_t i = 0; i < n; i++) {
    const double *x = values + i * d;
    const double length = sqrt(dot(d, x, x)), z = dot(d, x, parts->direction);
    separable += parts->separable[i];
    sum += parts->dual[i];
    if (parts->separable[i]) {
      assert_true(parts->dual[i] == 0.0 && z >= parts->margin - 1e-14 * length && z > 0.9e-10 * length);
    } else {
      assert_true(parts->dual[i] > 0.0 && fabs(z) <= 1e-12 * length);
    }
  }
  assert_int_equal(separable, parts->separable_count);
  if (separable == n) return;
  assert_true(fabs(sum - 1.0) < 1e-12);
  double worst = 0.0, largest = 0.0;
  for (size_t k = 0; k < d; k++) {
    long double total = 0.0L, size = 0.0L;
    for (size_t i = 0; i < n; i++) {
      total += (long double)parts->dual[i] * values[i * d + k];
      size += (long double)parts->dual[i] * fabs(values[i * d + k]);
    }
    worst = fmax(worst, fabs((double)total));
    largest = fmax(largest, (double)size);
  }
  assert_true(worst <= 1e-12 * largest);
  for (size_t i = 0; i < n; i++) { /* a part in X'c that is no more than what is left of it would prove nothing */
    const double length = sqrt(dot(d, values + i * d, values + i * d));
    assert_true(parts->separable[i] || length == 0.0 || parts->dual[i] * length > 10.0 * worst);
  }
}

/* Sample i is separable where some w with X w >= 0 has x_i.w > 0: a linear program each. */
static bool separable_by_glpk(size_t n, size_t d, const double *values, size_t sample) {
  glp_prob *lp = glp_create_prob();
  int columns[64];
  double row[64];
  glp_set_obj_dir(lp, GLP_MAX);
  glp_add_cols(lp, (int)d);
  glp_add_rows(lp, (int)n);
  for (size_t k = 0; k < d; k++) {
    glp_set_col_bnds(lp, (int)k + 1, GLP_DB, -1.0, 1.0);
    glp_set_obj_coef(lp, (int)k + 1, values[sample * d + k]);
    columns[k + 1] = (int)k + 1;
  }
  for (size_t i = 0; i < n; i++) {
    glp_set_row_bnds(lp, (int)i + 1, GLP_LO, 0.0, 0.0);
    for (size_t k = 0; k < d; k++) row[k + 1] = values[i * d + k];
    glp_set_mat_row(lp, (int)i + 1, (int)d, columns, row);
  }
  glp_smcp parameters;
  glp_init_smcp(&parameters);
  parameters.msg_lev = GLP_MSG_OFF;
  assert_int_equal(glp_simplex(lp, &parameters), 0);
  const bool separable = glp_get_obj_val(lp) > 1e-7;
  glp_delete_prob(lp);
  return separable;
}

/* Small whole numbers: repeated, opposite and zero samples, faces of every dimension. */
static void parts_agree_with_linear_programs(void **state) {
  (void)state;
  size_t mixed = 0;
  for (uint64_t seed = 0; seed < 400; seed++) {
    const size_t n = 1 + bs_random_below(seed, BS_STREAM_NOISE, 0, 12),
                 d = 1 + bs_random_below(seed, BS_STREAM_NOISE, 1, 6);
    double values[12 * 6];
    for (size_t i = 0; i < n * d; i++)
      values[i] =
          (double)bs_random_below(seed, BS_STREAM_NOISE, 2 + i, 4) - (seed % 2 ? 1.0 : 1.0 + (double)(i % 3 == 0));
    biascope_dataset *data = seed % 3 ? dense(n, d, values) : compressed(n, d, values);
    biascope_parts parts = parts_of(data);
    for (size_t i = 0; i < n; i++) {
      if (parts.separable[i] != separable_by_glpk(n, d, values, i))
        fail_msg("seed %d, sample %d: %s", (int)seed, (int)i, parts.separable[i] ? "separable" : "inseparable");
    }
    assert_certified(n, d, values, &parts);
    mixed += parts.separable_count > 0 && parts.separable_count < n;
    biascope_parts_free(&parts);
    biascope_dataset_free(data);
  }
  assert_true(mixed > 40); /* both parts, often enough */
}

/* `inside` samples that combine to zero in a random subspace of dimension r, and `outside` ones that a hyperplane
 * orthogonal to it separates; in turn. */
static double *planted(size_t inside, size_t outside, size_t r, size_t d, uint64_t seed) {
  const size_t n = inside + outside;
  double *values = calloc(n * d, sizeof *values), *frame = gaussian_values(r + 1, d, 0.0, seed + 1000), z;
  assert_non_null(values);
  for (size_t a = 0; a <= r; a++) { /* an orthogonal frame; its last vector separates */
    for (size_t b = 0; b < 2 * a; b++) {
      z = dot(d, frame + a * d, frame + b % a * d) / dot(d, frame + b % a * d, frame + b % a * d);
      for (size_t k = 0; k < d; k++) frame[a * d + k] -= z * frame[b % a * d + k];
    }
  }
  for (size_t i = 0; i < inside; i++) {
    for (size_t a = 0; a < r; a++) {
      z = i + 1 < inside ? bs_random_normal(seed, BS_STREAM_NOISE, i * r + a) : 0.0;
      for (size_t k = 0; k < d; k++) values[i * d + k] += z * frame[a * d + k];
    }
    for (size_t k = 0; k < d && i + 1 < inside; k++)
      values[(inside - 1) * d + k] -= (1.0 + (double)i) * values[i * d + k];
  }
  for (size_t i = inside; i < n; i++) {
    double *x = values + i * d;
    for (size_t k = 0; k < d; k++) x[k] = bs_random_normal(seed, BS_STREAM_DATA, i * d + k);
    const double *last = frame + r * d;
    z = dot(d, x, last) / dot(d, last, last);
    for (size_t k = 0; k < d; k++) x[k] += ((z < 0.0 ? -2.0 * z : 0.0) + 0.5 / sqrt(dot(d, last, last))) * last[k];
  }
  free(frame);
  return values;
}

/* Never wrong, and refused only now and then: the planted combinations hold to rounding alone, which may separate as
 * few samples as dimensions, and which hides samples 10^20 times shorter than others. */
static void planted_parts_are_found(void **state) {
  (void)state;
  static const double decades[] = {0.0, 8.0, 20.0};
  size_t refused[3] = {0};
  for (uint64_t seed = 0; seed < 240; seed++) {
    const bool large = seed >= 210;
    const size_t r = large ? 17 : 1 + seed % 5, inside = r + (large ? 3 : 1 + seed % 7),
                 outside = large ? 41 : seed % 9, d = r + (large ? 6 : 1 + seed % 11), n = inside + outside;
    double *values = planted(inside, outside, r, d, seed);
    for (size_t i = 0; i < n; i++) {
      const double length = pow(10.0, decades[seed % 3] * (bs_random_uniform(seed, BS_STREAM_LABELS, i) - 0.5));
      for (size_t k = 0; k < d; k++) values[i * d + k] *= length;
    }
    biascope_dataset *data = dense(n, d, values);
    biascope_parts parts;
    biascope_error error;
    const biascope_status status = biascope_parts_find(data, &parts, &error);
    if (status == BIASCOPE_OK) {
      for (size_t i = 0; i < n; i++) assert_int_equal(parts.separable[i], i >= inside);
      assert_int_equal(parts.rank, r);
      assert_certified(n, d, values, &parts);
      biascope_parts_free(&parts);
    } else {
      if (status != BIASCOPE_NOT_CONVERGED) fail_msg("seed %d: %s", (int)seed, error.message);
      refused[seed % 3]++;
    }
    biascope_dataset_free(data);
    free(values);
  }
  if (refused[0] + refused[1] > 4 || refused[2] > 40)
    fail_msg("refused %d, %d and %d of 80", (int)refused[0], (int)refused[1], (int)refused[2]);
}

static void separable_data_are_one_part_with_the_max_margin(void **state) {
  (void)state;
  double *values = gaussian_values(8, 12, 0.3, 1);
  biascope_dataset *data = dense(8, 12, values);
  biascope_parts parts = parts_of(data);
  biascope_margin solution;
  assert_int_equal(biascope_margin_solve(data, (biascope_norm){.kind = BIASCOPE_L2}, NULL, &solution, NULL),
                   BIASCOPE_OK);
  assert_true(parts.separable_count == 8 && parts.rank == 0 && fabs(parts.margin - solution.margin) < 1e-12);
  double minimiser[12], residual;
  assert_int_equal(biascope_parts_minimise(data, &parts, "logistic", minimiser, &residual, NULL), BIASCOPE_OK);
  for (size_t k = 0; k < 12; k++) assert_true(minimiser[k] == 0.0);
  biascope_margin_free(&solution);
  biascope_parts_free(&parts);
  biascope_dataset_free(data);
  free(values);
}

/* |l'(z)| by the formulas of the public header. */
static double slope(biascope_loss loss, double z) {
  switch (loss) {
  case BIASCOPE_LOGISTIC:
    return 1.0 / (1.0 + exp(z));
  case BIASCOPE_EXPONENTIAL:
    return exp(-z);
  case BIASCOPE_POLYNOMIAL:
    return z > 0.0 ? 1.0 / ((1.0 + z) * (1.0 + z)) : 1.0;
  case BIASCOPE_PROBIT:
    return exp(-0.5 * z * z) / sqrt(2.0 * acos(-1.0)) / (0.5 * erfc(-z / sqrt(2.0)));
  default:
    return 2.0 * fmax(0.0, 1.0 - z);
  }
}

/* Where the gradient vanishes within the span: convex, so it is the minimum. At every scale of the data. */
static void the_minimisers_gradient_is_zero(void **state) {
  (void)state;
  static const double scales[] = {1.0, 1e-120, 1e120};
  for (uint64_t seed = 0; seed < 30 * LOSSES; seed++) {
    const biascope_loss loss = (biascope_loss)(seed % LOSSES);
    const size_t r = 1 + seed % 4, inside = 3 * r + 2, outside = 3, d = r + 4, n = inside + outside;
    const double scale = scales[seed / 7 % 3];
    double *values = planted(inside, outside, r, d, seed), v[16], within[16], gradient[16] = {0}, residual, size = 0.0;
    for (size_t i = 0; i < n * d; i++) values[i] *= scale;
    biascope_dataset *data = dense(n, d, values);
    biascope_parts parts = parts_of(data);
    biascope_error error;
    if (biascope_parts_minimise(data, &parts, bs_loss_of(loss)->name, v, &residual, &error) != BIASCOPE_OK)
      fail_msg("seed %d, loss %d: %s", (int)seed, (int)loss, error.message);
    for (size_t i = 0; i < inside; i++) {
      const double weight = slope(loss, dot(d, values + i * d, v));
      for (size_t k = 0; k < d; k++) {
        gradient[k] += weight * values[i * d + k] / scale;
        size += weight * fabs(values[i * d + k]) / scale;
      }
    }
    for (size_t k = 0; k < d; k++)
      if (!(fabs(gradient[k]) <= 1e-10 * size))
        fail_msg("seed %d, loss %d: gradient %g", (int)seed, (int)loss, gradient[k]);
    biascope_parts_project(&parts, v, within);
    for (size_t k = 0; k < d; k++) assert_true(fabs(within[k] - v[k]) * scale <= 1e-12 * (1.0 + fabs(v[k] * scale)));
    biascope_parts_free(&parts);
    biascope_dataset_free(data);
    free(values);
  }
}

typedef struct {
  double away;   /* ||inside - v|| / ||v|| */
  double cosine; /* of the outside with the direction */
} progress;

static progress progress_of(const biascope_parts *parts, const double *w, const double *v) {
  double inside[16], outside[16], away = 0.0;
  biascope_parts_project(parts, w, inside);
  for (size_t k = 0; k < parts->features; k++) {
    outside[k] = w[k] - inside[k];
    away += (inside[k] - v[k]) * (inside[k] - v[k]);
  }
  return (progress){sqrt(away / dot(parts->features, v, v)),
                    dot(parts->features, outside, parts->direction) / sqrt(dot(parts->features, outside, outside))};
}

/* Ji and Telgarsky: inside the span gradient descent converges to the minimiser, like 1/t; outside it turns to the
 * direction, like 1/log t. */
static void gradient_descent_goes_to_both(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 6; seed++) {
    enum { D = 8, INSIDE = 8, OUTSIDE = 3, R = 3 };
    double *values = planted(INSIDE, OUTSIDE, R, D, seed), v[D], residual, longest = 0.0;
    biascope_dataset *data = dense(INSIDE + OUTSIDE, D, values);
    biascope_parts parts = parts_of(data);
    assert_int_equal(biascope_parts_minimise(data, &parts, "logistic", v, &residual, NULL), BIASCOPE_OK);
    biascope_options options = bs_options_of(BIASCOPE_GD);
    for (size_t i = 0; i < INSIDE + OUTSIDE; i++) longest = fmax(longest, dot(D, values + i * D, values + i * D));
    options.lr = 4.0 / longest;
    options.lr_decay = 0.0;
    biascope_trainer *trainer = trainer_of(data, &options);
    advance(trainer, 20000);
    const progress early = progress_of(&parts, biascope_trainer_weights(trainer), v);
    advance(trainer, 980000);
    const progress late = progress_of(&parts, biascope_trainer_weights(trainer), v);
    if (!(late.away < 0.1 * early.away && late.away < 0.03))
      fail_msg("seed %d: from the minimiser %g, then %g", (int)seed, early.away, late.away);
    if (!(1.0 - late.cosine < 0.7 * (1.0 - early.cosine) && late.cosine > 0.98))
      fail_msg("seed %d: cosine %g, then %g", (int)seed, early.cosine, late.cosine);
    biascope_trainer_free(trainer);
    biascope_parts_free(&parts);
    biascope_dataset_free(data);
    free(values);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(parts_agree_with_linear_programs),
      cmocka_unit_test(planted_parts_are_found),
      cmocka_unit_test(separable_data_are_one_part_with_the_max_margin),
      cmocka_unit_test(the_minimisers_gradient_is_zero),
      cmocka_unit_test(gradient_descent_goes_to_both),
  };
  return cmocka_run_group_tests_name("inseparable data", tests, NULL, NULL);
}
