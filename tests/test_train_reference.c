/* The trainer against the update rules written out in 160-bit arithmetic whose exponents never run out (MPFR). */
#include "exact_loss.h"
#include "margin_cases.h"
#include "rule/optimizer.h"
#include "rule/option.h"
#include "seeds.h"
#include "train/sampler.h"
#include <mpfr.h>
#include <stdio.h>
#include <string.h>

enum { BITS = 160, MOST_FEATURES = 8, MOST_SAMPLES = 8, LOSSES = 5 };

typedef struct {
  mpfr_t w[MOST_FEATURES], m[MOST_FEATURES], v[MOST_FEATURES], g[MOST_FEATURES], squares[MOST_FEATURES];
  mpfr_t noted[MOST_FEATURES]; /* w at the start of the epoch */
  mpfr_t slope, a, b;
} exact;

static void each(exact *state, void (*apply)(mpfr_ptr)) {
  for (int k = 0; k < MOST_FEATURES; k++) {
    apply(state->w[k]);
    apply(state->m[k]);
    apply(state->v[k]);
    apply(state->g[k]);
    apply(state->squares[k]);
    apply(state->noted[k]);
  }
  apply(state->slope);
  apply(state->a);
  apply(state->b);
}
static void start(mpfr_ptr x) {
  mpfr_init2(x, BITS);
  mpfr_set_zero(x, 1);
}

/* slope = |l'(x.w)| / count */
static void weigh(exact *s, mpfr_t *w, const double *x, size_t d, biascope_loss loss, size_t count) {
  mpfr_set_zero(s->slope, 1);
  for (size_t k = 0; k < d; k++) {
    mpfr_mul_d(s->a, w[k], x[k], MPFR_RNDN);
    mpfr_add(s->slope, s->slope, s->a, MPFR_RNDN);
  }
  exact_slope(loss, s->a, s->slope, s->b);
  mpfr_div_ui(s->slope, s->a, count, MPFR_RNDN);
}

/* average = beta average + (1 - beta) value */
static void average(mpfr_ptr average_, double beta, mpfr_ptr value, mpfr_ptr scratch) {
  mpfr_mul_d(average_, average_, beta, MPFR_RNDN);
  mpfr_set_d(scratch, beta, MPFR_RNDN);
  mpfr_ui_sub(scratch, 1, scratch, MPFR_RNDN);
  mpfr_mul(scratch, scratch, value, MPFR_RNDN);
  mpfr_add(average_, average_, scratch, MPFR_RNDN);
}

/* b = the update of coordinate k, by the rules of the public header. */
static void direct(exact *s, const biascope_options *o, size_t d, size_t k) {
  switch (o->optimizer) {
  case BIASCOPE_GD:
  case BIASCOPE_POLARGRAD: /* of one row */
    mpfr_set(s->b, s->m[k], MPFR_RNDN);
    return;
  case BIASCOPE_NGD:
  case BIASCOPE_MUON:
  case BIASCOPE_SPECTRAL_DESCENT:
  case BIASCOPE_NUCLEAR_DESCENT:
    mpfr_set_zero(s->a, 1);
    for (size_t j = 0; j < d; j++) mpfr_fma(s->a, s->m[j], s->m[j], s->a, MPFR_RNDN);
    mpfr_sqrt(s->a, s->a, MPFR_RNDN);
    mpfr_div(s->b, s->m[k], s->a, MPFR_RNDN);
    return;
  case BIASCOPE_SIGNGD:
  case BIASCOPE_SIGNUM:
    mpfr_set_si(s->b, mpfr_sgn(s->m[k]), MPFR_RNDN);
    return;
  case BIASCOPE_LION:
    mpfr_set_si(s->b, mpfr_sgn(s->v[k]), MPFR_RNDN);
    return;
  case BIASCOPE_ADAMAX: /* v is the maximum itself */
    if (mpfr_zero_p(s->v[k]))
      mpfr_set_zero(s->b, 1);
    else
      mpfr_div(s->b, s->m[k], s->v[k], MPFR_RNDN);
    return;
  default:
    mpfr_sqrt(s->a, o->optimizer == BIASCOPE_ADAMPROXY ? s->squares[k] : s->v[k], MPFR_RNDN);
    mpfr_add_d(s->a, s->a, o->eps, MPFR_RNDN);
    if (mpfr_zero_p(s->a))
      mpfr_set_zero(s->b, 1);
    else
      mpfr_div(s->b, o->optimizer == BIASCOPE_NADAM ? s->squares[k] : s->m[k], s->a, MPFR_RNDN);
  }
}

/* 1 + S sqrt(N) (xi_i - mean xi) */
static double sample_factor(const biascope_options *o, uint64_t step, size_t n, size_t i) {
  double sum = 0.0;
  for (size_t j = 0; j < n; j++) sum += bs_random_normal(o->seed, BS_STREAM_GRADIENT, step * n + j);
  const double own = bs_random_normal(o->seed, BS_STREAM_GRADIENT, step * n + i);
  return 1.0 + o->noise * sqrt((double)n) * (own - sum / (double)n);
}

/* g += S ||g|| / sqrt(d) xi */
static void add_isotropic(exact *s, const biascope_options *o, size_t d, uint64_t step) {
  mpfr_set_zero(s->a, 1);
  for (size_t k = 0; k < d; k++) mpfr_fma(s->a, s->g[k], s->g[k], s->a, MPFR_RNDN);
  mpfr_sqrt(s->a, s->a, MPFR_RNDN);
  for (size_t k = 0; k < d; k++) {
    const double xi = bs_random_normal(o->seed, BS_STREAM_GRADIENT, step * d + k);
    mpfr_mul_d(s->b, s->a, o->noise / sqrt((double)d) * xi, MPFR_RNDN);
    mpfr_add(s->g[k], s->g[k], s->b, MPFR_RNDN);
  }
}

/* g, and with it every sample's own part, scaled to the norm C where it is longer. */
static void clip(exact *s, const biascope_options *o, size_t d) {
  mpfr_set_zero(s->a, 1);
  for (size_t k = 0; k < d; k++) mpfr_fma(s->a, s->g[k], s->g[k], s->a, MPFR_RNDN);
  mpfr_sqrt(s->a, s->a, MPFR_RNDN);
  if (o->clip == 0.0 || mpfr_cmp_d(s->a, o->clip) <= 0) return;
  mpfr_d_div(s->a, o->clip, s->a, MPFR_RNDN);
  for (size_t k = 0; k < d; k++) {
    mpfr_mul(s->g[k], s->g[k], s->a, MPFR_RNDN);
    mpfr_mul(s->squares[k], s->squares[k], s->a, MPFR_RNDN);
    mpfr_mul(s->squares[k], s->squares[k], s->a, MPFR_RNDN);
  }
}

/* g += sign times the mean gradient of those samples, or of the first ones, at the weights noted. */
static void add_noted(exact *s, const biascope_options *o, size_t d, const double *x, const uint32_t *batch,
                      size_t count, double sign) {
  for (size_t b = 0; b < count; b++) {
    const double *row = x + (batch ? batch[b] : b) * d;
    weigh(s, s->noted, row, d, o->loss, count);
    for (size_t k = 0; k < d; k++) {
      mpfr_mul_d(s->a, s->slope, -sign * row[k], MPFR_RNDN);
      mpfr_add(s->g[k], s->g[k], s->a, MPFR_RNDN);
    }
  }
}

/* g + grad L(w~) - grad L_B(w~) */
static void reduce_variance(exact *s, const biascope_options *o, size_t d, const double *x, size_t samples,
                            const uint32_t *batch, size_t count, bool starts) {
  for (size_t k = 0; k < d && starts; k++) mpfr_set(s->noted[k], s->w[k], MPFR_RNDN);
  add_noted(s, o, d, x, batch, count, -1.0);
  add_noted(s, o, d, x, NULL, samples, 1.0);
}

static void exact_step(exact *s, const biascope_options *o, size_t d, const double *x, size_t samples,
                       const uint32_t *batch, size_t count, uint64_t step) {
  const bool momentum = o->optimizer == BIASCOPE_GD || o->optimizer == BIASCOPE_NGD ||
                        o->optimizer == BIASCOPE_SIGNUM || o->optimizer == BIASCOPE_ADAM ||
                        o->optimizer == BIASCOPE_ADAMW || o->optimizer == BIASCOPE_NADAM ||
                        o->optimizer == BIASCOPE_ADAMAX || o->optimizer == BIASCOPE_MUON ||
                        o->optimizer == BIASCOPE_NUCLEAR_DESCENT || o->optimizer == BIASCOPE_POLARGRAD;
  for (size_t k = 0; k < d; k++) {
    mpfr_set_zero(s->g[k], 1);
    mpfr_set_zero(s->squares[k], 1);
  }
  for (size_t b = 0; b < count; b++) {
    const double *row = x + batch[b] * d;
    weigh(s, s->w, row, d, o->loss, count);
    if (o->noise > 0.0 && o->noise_shape == BIASCOPE_NOISE_SAMPLES)
      mpfr_mul_d(s->slope, s->slope, sample_factor(o, step, count, b), MPFR_RNDN);
    for (size_t k = 0; k < d; k++) {
      mpfr_mul_d(s->a, s->slope, -row[k], MPFR_RNDN);
      mpfr_add(s->g[k], s->g[k], s->a, MPFR_RNDN);
      mpfr_fma(s->squares[k], s->a, s->a, s->squares[k], MPFR_RNDN);
    }
  }
  clip(s, o, d);
  if (o->variance_reduction)
    reduce_variance(s, o, d, x, samples, batch, count, step % bs_batches_per_epoch(o, samples) == 0);
  if (o->noise > 0.0 && o->noise_shape == BIASCOPE_NOISE_ISOTROPIC) add_isotropic(s, o, d, step);
  for (size_t k = 0; k < d; k++) {
    if (o->optimizer == BIASCOPE_LION) { /* the mean that decides the sign, in the place of v */
      mpfr_set(s->v[k], s->m[k], MPFR_RNDN);
      average(s->v[k], o->beta1, s->g[k], s->a);
      average(s->m[k], o->beta2, s->g[k], s->a);
      continue;
    }
    average(s->m[k], momentum ? o->beta1 : 0.0, s->g[k], s->a);
    if (o->optimizer == BIASCOPE_NADAM) { /* the numerator, in the place of the samples' own squares */
      mpfr_set(s->squares[k], s->g[k], MPFR_RNDN);
      average(s->squares[k], 1.0 - o->beta1, s->m[k], s->a);
    }
    if (o->optimizer == BIASCOPE_ADAMAX) {
      mpfr_mul_d(s->v[k], s->v[k], o->beta2, MPFR_RNDN);
      mpfr_abs(s->b, s->g[k], MPFR_RNDN);
      mpfr_add_d(s->b, s->b, o->eps, MPFR_RNDN);
      mpfr_max(s->v[k], s->v[k], s->b, MPFR_RNDN);
      continue;
    }
    mpfr_sqr(s->b, s->g[k], MPFR_RNDN);
    if (o->optimizer == BIASCOPE_ADAGRAD)
      mpfr_add(s->v[k], s->v[k], s->b, MPFR_RNDN);
    else
      average(s->v[k], o->beta2, s->b, s->a);
  }
  const double eta = o->lr * pow((double)step + 2.0, -o->lr_decay);
  for (size_t k = 0; k < d; k++) {
    direct(s, o, d, k);
    if (o->optimizer == BIASCOPE_ADAMW || o->optimizer == BIASCOPE_LION || o->optimizer == BIASCOPE_MUON) {
      mpfr_mul_d(s->a, s->w[k], o->weight_decay, MPFR_RNDN);
      mpfr_add(s->b, s->b, s->a, MPFR_RNDN);
    }
    mpfr_mul_d(s->b, s->b, eta, MPFR_RNDN);
    mpfr_sub(s->w[k], s->w[k], s->b, MPFR_RNDN);
  }
}

typedef struct {
  size_t samples, features;
  const double *values;
  uint64_t steps;
  double tolerance; /* of the weights, relative to the largest */
} trial;

static void compare(const trial *t, const biascope_dataset *data, const biascope_options *options) {
  biascope_trainer *trainer;
  biascope_error error = {0};
  assert_int_equal(biascope_trainer_create(data, options, &trainer, &error), BIASCOPE_OK);
  bs_sampler sampler;
  assert_int_equal(bs_sampler_create(&sampler, options, t->samples, &error), BIASCOPE_OK);
  exact state;
  each(&state, start);
  for (uint64_t step = 0; step < t->steps; step++) {
    size_t count;
    const uint32_t *batch = bs_sampler_batch(&sampler, step, &count);
    exact_step(&state, options, t->features, t->values, t->samples, batch, count, step);
  }
  if (biascope_trainer_run(trainer, t->steps, &error) != BIASCOPE_OK) fail_msg("%s", error.message);
  const double *w = biascope_trainer_weights(trainer);
  double largest = 0.0, worst = 0.0;
  for (size_t k = 0; k < t->features; k++) largest = fmax(largest, fabs(mpfr_get_d(state.w[k], MPFR_RNDN)));
  for (size_t k = 0; k < t->features; k++) {
    mpfr_sub_d(state.a, state.w[k], w[k], MPFR_RNDN);
    worst = fmax(worst, fabs(mpfr_get_d(state.a, MPFR_RNDN)) / largest);
  }
  if (!(worst <= t->tolerance))
    fail_msg("optimizer %d, loss %d, batch %zu, order %d, betas %g %g, eps %g, %zu x %zu, %s: off by %.3g",
             (int)options->optimizer, (int)options->loss, options->batch_size, (int)options->order, options->beta1,
             options->beta2, options->eps, t->samples, t->features,
             biascope_dataset_is_sparse(data) ? "sparse" : "dense", worst);
  bs_sampler_free(&sampler);
  biascope_trainer_free(trainer);
  each(&state, mpfr_clear);
}

/* The rule that takes the same steps where the weights are one row. */
static biascope_optimizer as_one_row(biascope_optimizer optimizer) {
  const bs_direction direction = bs_optimizer_rule_of(optimizer)->direction;
  return direction == BS_SPECTRAL ? BIASCOPE_NGD : direction == BS_SPECTRAL_SIZED ? BIASCOPE_GD : optimizer;
}

/* Every rule but shampoo (whose judge is NumPy: cli/test_classes.py), with every loss, dense and sparse. */
static void compare_rules(const trial *t, const biascope_options *base) {
  biascope_dataset *full = dense(t->samples, t->features, t->values);
  biascope_dataset *sparse = compressed(t->samples, t->features, t->values);
  for (biascope_optimizer optimizer = BIASCOPE_GD; bs_optimizer_rule_of(optimizer); optimizer++) {
    biascope_options options = *base;
    options.optimizer = optimizer;
    if (optimizer == BIASCOPE_SHAMPOO) continue;
    /* Lion's mean may slide about zero, where any rounding decides its sign; adamproxy has the full batch */
    if (base->variance_reduction && (optimizer == BIASCOPE_ADAMPROXY || optimizer == BIASCOPE_LION)) continue;
    if (optimizer == BIASCOPE_ADAMPROXY) {
      options.batch_size = 0;
      options.order = BIASCOPE_CYCLIC;
    }
    options.loss = (biascope_loss)((options.seed + as_one_row(optimizer)) % LOSSES);
    /* at its flat end corrected gradients cancel */
    if (base->variance_reduction && options.loss == BIASCOPE_SQUARED_HINGE) options.loss = BIASCOPE_EXPONENTIAL;
    /* weights fade by e^(-z eta) a step: where z eta is large, so is what any rounding turns into */
    if (options.loss == BIASCOPE_PROBIT) options.lr = 0.03;
    if (!biascope_options_reads(&options, "eps")) options.eps = 0.0;
    if (optimizer == BIASCOPE_GD || optimizer == BIASCOPE_POLARGRAD)
      options.lr = 0.05; /* their steps grow with the loss, here exponentially */
    compare(t, full, &options);
    compare(t, sparse, &options);
  }
  biascope_dataset_free(full);
  biascope_dataset_free(sparse);
}

/* Random options and data, some of it zero; margins from a few to many thousands, where every gradient underflows. */
static void every_rule_is_the_rule_of_the_header(void **state) {
  (void)state;
  static const double lrs[] = {0.1, 3.0}, decays[] = {0.0, 0.5, 1.0}, betas[] = {0.0, 0.5, 0.9, 0.99};
  for (uint64_t seed = 0; seed < seeds(36, 12); seed++) {
    const size_t n = 1 + bs_random_below(seed, BS_STREAM_NOISE, 0, MOST_SAMPLES);
    const size_t d = 1 + bs_random_below(seed, BS_STREAM_NOISE, 1, MOST_FEATURES);
    double *values = gaussian_values(n, d, 0.3, seed);
    for (size_t i = 0; i < n * d; i++)
      if (bs_random_below(seed, BS_STREAM_NOISE, 10 + i, 4) == 0) values[i] = 0.0;
    const biascope_options options = {.batch_size = bs_random_below(seed, BS_STREAM_NOISE, 2, n + 1),
                                      .order = (biascope_order)(seed % 3),
                                      .beta1 = betas[seed / 3 % 3],
                                      .beta2 = betas[seed / 3 % 3 + bs_random_below(seed, BS_STREAM_NOISE, 3, 2)],
                                      .eps = seed % 5 == 4 ? 1e-8 : 0.0,
                                      .weight_decay = 0.01,
                                      .lr = lrs[seed % 2],
                                      .lr_decay = decays[seed / 2 % 3],
                                      .seed = seed};
    const trial t = {n, d, values, 120, 1e-6};
    compare_rules(&t, &options);
    free(values);
  }
}

/* Clipped for some steps, for all of them, and to a norm whose square leaves double's range. */
static void clipping_scales_the_gradient(void **state) {
  (void)state;
  static const double norms[] = {0.05, 1e-4, 1e-250};
  for (uint64_t seed = 0; seed < 9; seed++) {
    double *values = gaussian_values(6, 5, 0.3, seed);
    const biascope_options options = {.batch_size = seed % 3,
                                      .order = (biascope_order)(seed / 3),
                                      .beta1 = 0.5,
                                      .beta2 = 0.9,
                                      .clip = norms[seed % 3],
                                      .lr = 0.5,
                                      .lr_decay = 0.25,
                                      .seed = seed};
    const trial t = {6, 5, values, 120, 1e-6};
    compare_rules(&t, &options);
    free(values);
  }
}

/* Over epochs of some steps, the last of them shorter, in every order, to margins at which every gradient underflows.
 */
static void variance_reduction_corrects_the_gradient(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 6; seed++) {
    double *values = gaussian_values(7, 6, 0.3, seed);
    for (size_t i = seed % 3; i < 42; i += 5) values[i] = 0.0;
    const biascope_options options = {.batch_size = 1 + seed % 4,
                                      .order = (biascope_order)(seed % 3),
                                      .variance_reduction = true,
                                      .beta1 = 0.5,
                                      .beta2 = 0.9,
                                      .weight_decay = 0.01,
                                      .eps = seed % 5 == 4 ? 1e-8 : 0.0,
                                      .lr = seed % 2 ? 0.1 : 1.0,
                                      .lr_decay = 0.25,
                                      .seed = seed};
    const trial t = {7, 6, values, 120, 1e-6};
    compare_rules(&t, &options);
    free(values);
  }
}

/* Samples fade at rates as different as their sizes, and each has a feature that no other has: its moments fade with
 * it, thousands of powers of two below the others'. */
static void features_that_fade_are_followed(void **state) {
  (void)state;
  enum { SHARED = 4, SAMPLES = 4 };
  for (uint64_t seed = 0; seed < seeds(7, 3); seed++) {
    double *shared = gaussian_values(SAMPLES, SHARED, 0.5, seed), values[SAMPLES * (SHARED + SAMPLES)] = {0};
    for (size_t i = 0; i < SAMPLES; i++) {
      double *row = values + i * (SHARED + SAMPLES);
      for (size_t k = 0; k < SHARED; k++) row[k] = shared[i * SHARED + k] * pow(3.0, (double)i);
      row[SHARED + i] = 0.5;
    }
    const biascope_options options = {.batch_size = 1 + seed % 2,
                                      .order = (biascope_order)(seed % 3),
                                      .variance_reduction = seed >= 6,
                                      .beta1 = 0.9,
                                      .beta2 = 0.99,
                                      .lr = 0.5,
                                      .lr_decay = 0.25,
                                      .seed = seed};
    const trial t = {SAMPLES, SHARED + SAMPLES, values, 1500, 1e-6};
    compare_rules(&t, &options);
    free(shared);
  }
}

/* Features of scales from 1 down to 1e-250: a step of the sign-like rules is as long along the least of them. */
static void features_of_every_scale_are_followed(void **state) {
  (void)state;
  enum { N = 4, D = 5 };
  for (uint64_t seed = 0; seed < seeds(9, 3); seed++) {
    double *values = gaussian_values(N, D, 0.3, seed);
    for (size_t i = 0; i < N; i++)
      for (size_t k = 1; k < D; k++) values[i * D + k] = ldexp(values[i * D + k], -(int)(205 * k));
    for (size_t i = 0; i < N; i++) values[i * D] = fabs(values[i * D]); /* separable */
    const biascope_options options = {.batch_size = seed % 3,
                                      .order = (biascope_order)(seed % 3),
                                      .beta1 = 0.5,
                                      .beta2 = 0.9,
                                      .lr = 0.5,
                                      .lr_decay = 0.25,
                                      .seed = seed};
    const trial t = {N, D, values, 1500, 1e-6};
    compare_rules(&t, &options);
    free(values);
  }
}

/* Noise of both kinds on the full gradient, until margins are in the hundreds and every gradient underflows. */
static void noise_is_the_noise_of_the_header(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 6; seed++) {
    const size_t n = 2 + seed % 5, d = 1 + seed % MOST_FEATURES;
    double *values = gaussian_values(n, d, 0.3, seed);
    const biascope_options base = {.noise = seed % 3 ? 0.5 : 4.0,
                                   .noise_shape = (biascope_noise)(seed % 2),
                                   .beta1 = 0.5,
                                   .beta2 = 0.9,
                                   .lr = 0.5,
                                   .lr_decay = 0.25,
                                   .weight_decay = 0.0,
                                   .seed = seed};
    const trial t = {n, d, values, 1500, 1e-6};
    static const biascope_optimizer rules[] = {BIASCOPE_NGD, BIASCOPE_SIGNUM, BIASCOPE_ADAM, BIASCOPE_ADAGRAD};
    biascope_dataset *full = dense(n, d, values), *sparse = compressed(n, d, values);
    for (size_t r = 0; r < 4; r++) {
      biascope_options options = base;
      options.optimizer = rules[r];
      compare(&t, full, &options);
      compare(&t, sparse, &options);
    }
    biascope_dataset_free(full);
    biascope_dataset_free(sparse);
    free(values);
  }
}

int main(void) {
  mpfr_set_emin(mpfr_get_emin_min());
  mpfr_set_emax(mpfr_get_emax_max());
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_rule_is_the_rule_of_the_header),
      cmocka_unit_test(noise_is_the_noise_of_the_header),
      cmocka_unit_test(features_that_fade_are_followed),
      cmocka_unit_test(clipping_scales_the_gradient),
      cmocka_unit_test(features_of_every_scale_are_followed),
      cmocka_unit_test(variance_reduction_corrects_the_gradient),
  };
  const int failed = cmocka_run_group_tests_name("train against the exact rules", tests, NULL, NULL);
  mpfr_free_cache();
  return failed;
}
