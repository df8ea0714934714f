/* Gaussian noise on the full gradient: its mean and covariance, that a run is a function of its seed, where it ends. */
#include "temporary_folder.h"
#include "training_cases.h"
#include <string.h>

enum { N = 5, D = 3 };

/* The steps of gradient descent from w = 0, divided by -lr, are g plus noise: one a seed. */
static void noise_has_the_mean_and_covariance_it_should(void **state) {
  (void)state;
  enum { DRAWS = 40000 };
  double *x = gaussian_values(N, D, 0.3, 3), g[D] = {0}, covariance[D][D] = {{0}}, length = 0.0;
  biascope_dataset *data = dense(N, D, x);
  for (size_t i = 0; i < N; i++) /* g_i = -x_i / 2 at w = 0 */
    for (size_t k = 0; k < D; k++) g[k] -= 0.5 * x[i * D + k] / N;
  for (size_t i = 0; i < N; i++)
    for (size_t k = 0; k < D; k++)
      for (size_t l = 0; l < D; l++)
        covariance[k][l] += (-0.5 * x[i * D + k] - g[k]) * (-0.5 * x[i * D + l] - g[l]) / N;
  for (size_t k = 0; k < D; k++) length += g[k] * g[k];
  for (biascope_noise shape = BIASCOPE_NOISE_SAMPLES; shape <= BIASCOPE_NOISE_ISOTROPIC; shape++) {
    biascope_options options = bs_options_of(BIASCOPE_GD);
    options.noise = 0.7;
    options.noise_shape = shape;
    options.lr_decay = 0.0;
    double mean[D] = {0}, second[D][D] = {{0}}, largest = 0.0;
    for (options.seed = 0; options.seed < DRAWS; options.seed++) {
      biascope_trainer *trainer = trainer_of(data, &options);
      advance(trainer, 1);
      const double *w = biascope_trainer_weights(trainer);
      for (size_t k = 0; k < D; k++) {
        mean[k] += -w[k] / options.lr / DRAWS;
        for (size_t l = 0; l < D; l++)
          second[k][l] += (-w[k] / options.lr - g[k]) * (-w[l] / options.lr - g[l]) / DRAWS;
      }
      biascope_trainer_free(trainer);
    }
    double expected[D][D];
    for (size_t k = 0; k < D; k++) {
      for (size_t l = 0; l < D; l++) {
        const double unit = shape == BIASCOPE_NOISE_SAMPLES ? covariance[k][l] : k == l ? length / D : 0.0;
        expected[k][l] = options.noise * options.noise * unit;
      }
      largest = fmax(largest, expected[k][k]);
    }
    for (size_t k = 0; k < D; k++) { /* six standard errors */
      assert_true(fabs(mean[k] - g[k]) < 6.0 * sqrt(largest / DRAWS));
      for (size_t l = 0; l < D; l++)
        assert_true(fabs(second[k][l] - expected[k][l]) < 6.0 * largest * sqrt(2.0 / DRAWS));
    }
  }
  biascope_dataset_free(data);
  free(x);
}

static biascope_options noisy_adam(biascope_noise shape, double noise) {
  biascope_options options = bs_options_of(BIASCOPE_ADAM);
  options.beta2 = 0.95;
  options.noise = noise;
  options.noise_shape = shape;
  options.seed = 5;
  return options;
}

/* A run that is saved and resumed goes on bit for bit; another seed, shape or scale of noise makes another run, whose
 * checkpoint is refused. */
static void a_noisy_run_is_a_function_of_its_options(void **state) {
  (void)state;
  double *x = gaussian_values(N, D, 0.3, 3);
  biascope_dataset *data = dense(N, D, x);
  const char *path = path_of("noise.json");
  for (biascope_noise shape = BIASCOPE_NOISE_SAMPLES; shape <= BIASCOPE_NOISE_ISOTROPIC; shape++) {
    biascope_options options = noisy_adam(shape, 1.0);
    biascope_trainer *whole = trainer_of(data, &options), *first = trainer_of(data, &options),
                     *second = trainer_of(data, &options);
    biascope_error error;
    advance(whole, 5000);
    advance(first, 1234);
    assert_int_equal(biascope_trainer_save(first, path, &error), BIASCOPE_OK);
    assert_int_equal(biascope_trainer_resume(second, path, &error), BIASCOPE_OK);
    advance(second, 5000 - 1234);
    assert_memory_equal(biascope_trainer_weights(whole), biascope_trainer_weights(second), D * sizeof(double));
    for (int change = 0; change < 3; change++) {
      biascope_options changed = options;
      if (change == 0) changed.seed++;
      if (change == 1) changed.noise_shape = (biascope_noise)(1 - (int)shape);
      if (change == 2) changed.noise *= 0.5;
      biascope_trainer *other = trainer_of(data, &changed);
      assert_int_equal(biascope_trainer_resume(other, path, &error), BIASCOPE_BAD_INPUT);
      advance(other, 5000);
      assert_memory_not_equal(biascope_trainer_weights(whole), biascope_trainer_weights(other), D * sizeof(double));
      biascope_trainer_free(other);
    }
    biascope_trainer_free(whole);
    biascope_trainer_free(first);
    biascope_trainer_free(second);
  }
  remove(path);
  biascope_dataset_free(data);
  free(x);
}

static double margin_ratio(const biascope_dataset *data, biascope_norm_kind kind, const double *w) {
  biascope_margin best;
  const biascope_norm norm = {.kind = kind};
  assert_int_equal(biascope_margin_solve(data, norm, NULL, &best, NULL), BIASCOPE_OK);
  const double ratio = biascope_margin_of(data, norm, w) / best.margin;
  biascope_margin_free(&best);
  return ratio;
}

/* Under large isotropic noise sqrt(v) is that of the noise, the same everywhere, and Adam is gradient descent: the best
 * l2 margin; under little, the full batch's best linf margin. */
static void isotropic_noise_takes_adam_from_linf_to_l2(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 3; seed++) {
    double *x = gaussian_values(6, 12, 0.3, seed);
    biascope_dataset *data = dense(6, 12, x);
    static const double scales[] = {0.003, 8.0};
    for (int s = 0; s < 2; s++) {
      const biascope_options options = noisy_adam(BIASCOPE_NOISE_ISOTROPIC, scales[s]);
      biascope_trainer *trainer = trainer_of(data, &options);
      advance(trainer, 300000);
      const double *w = biascope_trainer_weights(trainer);
      const double l2 = margin_ratio(data, BIASCOPE_L2, w), linf = margin_ratio(data, BIASCOPE_LINF, w);
      if (!(s == 0 ? linf > 0.97 && l2 < 0.97 : l2 > 0.97 && linf < 0.97))
        fail_msg("seed %d, noise %g: %g of the best l2 and %g of the best linf margin", (int)seed, scales[s], l2, linf);
      biascope_trainer_free(trainer);
    }
    biascope_dataset_free(data);
    free(x);
  }
}

static void noise_is_for_full_batches_and_has_no_prediction(void **state) {
  (void)state;
  double *x = gaussian_values(N, D, 0.3, 3);
  biascope_dataset *data = dense(N, D, x);
  const biascope_options good = noisy_adam(BIASCOPE_NOISE_SAMPLES, 1.0);
  biascope_options bad[5] = {good, good, good, good, good};
  bad[0].batch_size = 2;
  bad[1].optimizer = BIASCOPE_ADAMPROXY;
  bad[2].noise = -1.0;
  bad[3].noise = NAN;
  bad[4].noise_shape = (biascope_noise)2;
  biascope_trainer *trainer;
  biascope_prediction prediction;
  biascope_error error;
  for (int i = 0; i < 5; i++) {
    assert_int_equal(biascope_trainer_create(data, &bad[i], &trainer, &error), BIASCOPE_USAGE);
    assert_non_null(strstr(error.message, "noise"));
  }
  assert_int_equal(biascope_predict(data, &good, NULL, &prediction, &error), BIASCOPE_USAGE);
  biascope_dataset_free(data);
  free(x);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(noise_has_the_mean_and_covariance_it_should),
      cmocka_unit_test(a_noisy_run_is_a_function_of_its_options),
      cmocka_unit_test(isotropic_noise_takes_adam_from_linf_to_l2),
      cmocka_unit_test(noise_is_for_full_batches_and_has_no_prediction),
  };
  return cmocka_run_group_tests_name("gradient noise", tests, create_folder, remove_folder);
}
