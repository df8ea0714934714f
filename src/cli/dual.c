/* The certificates of margins and limits, whose entries are of rows, as JSON and as text. */
#include "cli/cli.h"

#include <stdio.h>

static size_t rows_of_each(const biascope_dataset *data) {
  const size_t outputs = biascope_dataset_outputs(data);
  return outputs > 1 ? outputs - 1 : 1;
}

static size_t positive_rows(const biascope_dataset *data, const double *dual, size_t sample) {
  const size_t each = rows_of_each(data);
  size_t count = 0;
  for (size_t at = 0; at < each; at++) count += dual[sample * each + at] > 0.0;
  return count;
}

json_t *cli_json_support(const biascope_dataset *data, const double *dual) {
  json_t *array = json_array();
  for (size_t i = 0; i < biascope_dataset_samples(data); i++)
    if (positive_rows(data, dual, i) > 0) json_array_append_new(array, json_integer((json_int_t)i));
  return array;
}

size_t cli_supporting_samples(const biascope_dataset *data, const double *dual) {
  size_t count = 0;
  for (size_t i = 0; i < biascope_dataset_samples(data); i++) count += positive_rows(data, dual, i) > 0;
  return count;
}

void cli_print_support(const char *name, const biascope_dataset *data, const double *dual) {
  const size_t samples = biascope_dataset_samples(data);
  size_t positive = 0;
  for (size_t i = 0; i < samples; i++) positive += positive_rows(data, dual, i);
  printf("%s%zu of %zu samples", name, cli_supporting_samples(data, dual), samples);
  if (biascope_dataset_outputs(data) > 1)
    printf(", in %zu of %zu rows (w_y - w_j).x", positive, samples * rows_of_each(data));
  putchar('\n');
}

json_t *cli_json_dual(const biascope_dataset *data, const double *dual) {
  const size_t samples = biascope_dataset_samples(data), outputs = biascope_dataset_outputs(data);
  if (outputs == 1) return cli_json_array(samples, dual);
  const uint32_t *class_of = biascope_dataset_labels(data);
  json_t *rows = json_array();
  for (size_t i = 0; i < samples; i++) {
    json_t *row = json_array();
    for (size_t j = 0; j < outputs; j++) json_array_append_new(row, json_real(j == class_of[i] ? 0.0 : *dual++));
    json_array_append_new(rows, row);
  }
  return rows;
}
