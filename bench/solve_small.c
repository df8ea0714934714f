/* Time of one max-margin solve at the paper's size, 10 x 50, in process: the median over distinct Gaussian data sets.
 */
#include "biascope.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { SAMPLES = 10, FEATURES = 50, SETS = 200, REPEATS = 5 };

static const struct {
  const char *name;
  biascope_norm_kind kind;
  double p;
} NORMS[] = {{"l2", BIASCOPE_L2, 0},     {"linf", BIASCOPE_LINF, 0}, {"l1", BIASCOPE_L1, 0},
             {"l1.5", BIASCOPE_LP, 1.5}, {"l3", BIASCOPE_LP, 3},     {"mahalanobis", BIASCOPE_MAHALANOBIS, 0}};

static int ascending(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int main(void) {
  static biascope_dataset *data[SETS];
  static double times[SETS * REPEATS], metric[FEATURES];
  for (size_t k = 0; k < FEATURES; k++) metric[k] = 0.5 + (double)k / FEATURES;
  for (uint64_t set = 0; set < SETS; set++) {
    const biascope_generate_options options = {.samples = SAMPLES, .features = FEATURES, .seed = set};
    biascope_error error;
    if (biascope_dataset_generate(BIASCOPE_GAUSSIAN, &options, &data[set], &error) != BIASCOPE_OK) {
      fprintf(stderr, "%s\n", error.message);
      return 1;
    }
  }
  printf("%-12s %12s %12s %12s\n", "10 x 50", "median us", "worst us", "worst gap");
  for (size_t i = 0; i < sizeof NORMS / sizeof NORMS[0]; i++) {
    double worst_gap = 0.0;
    const biascope_norm norm = {.kind = NORMS[i].kind, .p = NORMS[i].p, .metric = metric};
    for (size_t run = 0; run < SETS * REPEATS; run++) {
      biascope_margin solution;
      const double start = seconds();
      if (biascope_margin_solve(data[run % SETS], norm, NULL, &solution, NULL) != BIASCOPE_OK) return 1;
      times[run] = seconds() - start;
      if (solution.gap > worst_gap) worst_gap = solution.gap;
      biascope_margin_free(&solution);
    }
    qsort(times, SETS * REPEATS, sizeof times[0], ascending);
    printf("%-12s %12.1f %12.1f %12.1e\n", NORMS[i].name, 1e6 * times[SETS * REPEATS / 2],
           1e6 * times[SETS * REPEATS - 1], worst_gap);
  }
  for (size_t set = 0; set < SETS; set++) biascope_dataset_free(data[set]);
  return 0;
}
