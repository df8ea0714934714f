/* Time and memory that reading a data file takes: read_file FILE [LABEL_COLUMN [OPTION]], with a flag among the
 * options of reading. Processor time, best of three. */
#include "biascope.h"
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

static double processor_seconds(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

int main(int argc, char **argv) {
  struct stat properties;
  if (argc < 2 || stat(argv[1], &properties) != 0) return 1;
  biascope_read_options options = {.label_column = argc > 2 ? argv[2] : NULL, .several_classes = true};
  if (argc > 3 && biascope_read_options_set(&options, argv[3], "true", NULL) != BIASCOPE_OK) return 1;
  if (argc > 2 && !*argv[2]) options.label_column = NULL;
  double best = 1e300;
  size_t bytes = 0;
  for (int repeat = 0; repeat < 3; repeat++) {
    biascope_dataset *data;
    biascope_error error;
    const double start = processor_seconds();
    if (biascope_dataset_read(argv[1], &options, &data, &error) != BIASCOPE_OK) {
      fprintf(stderr, "%s\n", error.message);
      return 2;
    }
    const double seconds = processor_seconds() - start;
    if (seconds < best) best = seconds;
    const size_t samples = biascope_dataset_samples(data);
    bytes = biascope_dataset_is_sparse(data) ? 12 * biascope_dataset_nonzeros(data) + 8 * samples
                                             : 8 * samples * biascope_dataset_features(data);
    biascope_dataset_free(data);
  }
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const double mebibyte = 1024.0 * 1024.0;
  printf("%s: %.0f MB, %.3f s, %.0f MB/s; array %.0f MiB, at most %.0f MiB held\n", argv[1],
         1e-6 * (double)properties.st_size, best, 1e-6 * (double)properties.st_size / best, (double)bytes / mebibyte,
         (double)usage.ru_maxrss / 1024.0);
  return 0;
}
