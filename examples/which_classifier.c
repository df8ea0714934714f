/* Which classifier does Adam find on this data set, with full batches and one sample at a time?
 *
 *   cc which_classifier.c $(pkg-config --cflags --libs biascope) -o which_classifier
 *   ./which_classifier gaussian-10x50.csv
 *
 * Trains both ways, and compares where each ends with the l2- and linf-max-margin directions and with the
 * direction predicted without training. */
#include <biascope.h>
#include <math.h>
#include <stdio.h>

typedef struct {
  biascope_dataset *data;
  biascope_margin l2, linf;
} problem;

static const biascope_norm L2 = {.kind = BIASCOPE_L2}, LINF = {.kind = BIASCOPE_LINF};

static double cosine(size_t n, const double *a, const double *b) {
  double ab = 0, aa = 0, bb = 0;
  for (size_t k = 0; k < n; k++) {
    ab += a[k] * b[k];
    aa += a[k] * a[k];
    bb += b[k] * b[k];
  }
  return ab / sqrt(aa * bb);
}

static biascope_status solve(const char *path, problem *p, biascope_error *error) {
  biascope_status status = biascope_dataset_read(path, NULL, &p->data, error);
  if (status == BIASCOPE_OK) status = biascope_margin_solve(p->data, L2, NULL, &p->l2, error);
  if (status == BIASCOPE_OK) status = biascope_margin_solve(p->data, LINF, NULL, &p->linf, error);
  return status;
}

static biascope_status compare(const problem *p, const char *batch_size, biascope_error *error) {
  biascope_options *options = NULL;
  biascope_prediction prediction = {0};
  biascope_trainer *trainer = NULL;
  double l2 = 0, linf = 0;
  biascope_status status = biascope_options_create("adam", &options, error);
  if (status == BIASCOPE_OK) status = biascope_options_set(options, "beta2", "0.95", error);
  if (status == BIASCOPE_OK) status = biascope_options_set(options, "batch_size", batch_size, error);
  if (status == BIASCOPE_OK) status = biascope_predict(p->data, options, NULL, &prediction, error);
  if (status == BIASCOPE_OK) status = biascope_trainer_create(p->data, options, &trainer, error);
  if (status == BIASCOPE_OK) status = biascope_trainer_run(trainer, 1000000, error);
  if (status == BIASCOPE_OK) {
    const double *w = biascope_trainer_weights(trainer);
    status = biascope_margin_cosine(p->data, L2, &p->l2, w, &l2, NULL, error);
    if (status == BIASCOPE_OK) status = biascope_margin_cosine(p->data, LINF, &p->linf, w, &linf, NULL, error);
    if (status == BIASCOPE_OK)
      printf("batch size %-4s cosine with l2 %.4f, with linf %.4f, with the prediction %.6f\n", batch_size, l2, linf,
             cosine(biascope_dataset_features(p->data), w, prediction.direction));
  }
  biascope_trainer_free(trainer);
  biascope_prediction_free(&prediction);
  biascope_options_free(options);
  return status;
}

int main(int argc, char **argv) {
  problem p = {0};
  biascope_error error;
  if (argc != 2) {
    fprintf(stderr, "usage: %s DATA\n", argv[0]);
    return BIASCOPE_USAGE;
  }
  biascope_status status = solve(argv[1], &p, &error);
  if (status == BIASCOPE_OK) status = compare(&p, "full", &error);
  if (status == BIASCOPE_OK) status = compare(&p, "1", &error);
  if (status != BIASCOPE_OK) fprintf(stderr, "%s\n", error.message);
  biascope_margin_free(&p.linf);
  biascope_margin_free(&p.l2);
  biascope_dataset_free(p.data);
  return (int)status;
}
