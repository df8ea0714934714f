/* Prints the weights of runs to the last bit: what every compiler, processor and C library must agree on. The data are
 * dyadic fractions, which no function of the C library makes. */
#include <biascope.h>
#include <stdint.h>
#include <stdio.h>

enum { SAMPLES = 12, FEATURES = 30, STEPS = 3000 };

static const char *const OPTIMIZERS[] = {"gd",      "ngd",   "signgd", "signum", "adam",   "adamw",
                                         "rmsprop", "nadam", "adamax", "lion",   "adagrad"};
static const char *const BATCH_SIZES[] = {"1", "5", "full"};
static const char *const LOSSES[] = {"logistic", "exp", "squared-hinge"};

/* A linear congruential generator's values from -1/2 to 1/2. */
static void fill(double *values) {
  uint32_t state = 1;
  for (int i = 0; i < SAMPLES * FEATURES; i++) {
    state = state * UINT32_C(1664525) + UINT32_C(1013904223);
    values[i] = (double)(state >> 16) / 65536.0 - 0.5;
  }
}

static biascope_status print_run(const biascope_dataset *data, const char *const *text, biascope_error *error) {
  static const char *const NAMES[] = {"batch_size", "loss", "order"};
  biascope_options *options = NULL;
  biascope_trainer *trainer = NULL;
  biascope_status status = biascope_options_create(text[0], &options, error);
  for (int i = 0; i < 3 && status == BIASCOPE_OK; i++)
    status = biascope_options_set(options, NAMES[i], text[i + 1], error);
  if (status == BIASCOPE_OK) status = biascope_trainer_create(data, options, &trainer, error);
  if (status == BIASCOPE_OK) status = biascope_trainer_run(trainer, STEPS, error);
  if (status == BIASCOPE_OK) {
    printf("%s %s %s", text[0], text[1], text[2]);
    for (int k = 0; k < FEATURES; k++) printf(" %a", biascope_trainer_weights(trainer)[k]);
    putchar('\n');
  }
  biascope_trainer_free(trainer);
  biascope_options_free(options);
  return status;
}

int main(void) {
  double values[SAMPLES * FEATURES];
  biascope_dataset *data;
  biascope_error error;
  fill(values);
  biascope_status status = biascope_dataset_from_dense(SAMPLES, FEATURES, values, &data, &error);
  if (status != BIASCOPE_OK) return fprintf(stderr, "%s\n", error.message), 1;
  for (size_t o = 0; o < sizeof OPTIMIZERS / sizeof *OPTIMIZERS && status == BIASCOPE_OK; o++)
    for (size_t b = 0; b < 3 && status == BIASCOPE_OK; b++)
      for (size_t l = 0; l < 3 && status == BIASCOPE_OK; l++) {
        const char *const text[] = {OPTIMIZERS[o], BATCH_SIZES[b], LOSSES[l], b == 1 ? "shuffle" : "cyclic"};
        status = print_run(data, text, &error);
      }
  biascope_dataset_free(data);
  if (status != BIASCOPE_OK) return fprintf(stderr, "%s\n", error.message), 1;
  return 0;
}
