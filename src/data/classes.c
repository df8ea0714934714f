/* Gives the samples of an array their classes. */
#include "data/dataset.h"

#include "base/memory.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static biascope_status check(const biascope_dataset *data, size_t classes, biascope_error *error) {
  if (data->class) return bs_fail(error, BIASCOPE_USAGE, "the samples have classes already; expected none");
  if (classes >= 2) return BIASCOPE_OK;
  return bs_fail(error, BIASCOPE_USAGE, "the number of classes is %zu; expected at least 2", classes);
}

static biascope_status count_samples(biascope_dataset *data, const uint32_t *label, biascope_error *error) {
  for (size_t i = 0; i < data->samples; i++) {
    if (label[i] >= data->classes)
      return bs_fail(error, BIASCOPE_USAGE, "sample %zu has the class %u; expected less than %zu", i, label[i],
                     data->classes);
    data->class_samples[label[i]]++;
  }
  for (size_t k = 0; k < data->classes; k++)
    if (data->class_samples[k] == 0)
      return bs_fail(error, BIASCOPE_USAGE, "class %zu has none of the %zu samples; expected more samples", k,
                     data->samples);
  return BIASCOPE_OK;
}

static biascope_status name_classes(biascope_dataset *data, const char *const *name, biascope_error *error) {
  for (size_t k = 0; k < data->classes; k++) {
    char number[32];
    snprintf(number, sizeof number, "%zu", k);
    data->class_name[k] = bs_copy_text(name ? name[k] : number);
    if (!data->class_name[k]) return bs_fail_memory(error, "the classes");
  }
  return BIASCOPE_OK;
}

static void negate_class(biascope_dataset *data, uint32_t class) {
  double *values = data->dense ? data->dense : data->value;
  for (size_t i = 0; i < data->samples; i++) {
    if (data->class[i] != class) continue;
    const size_t first = data->dense ? i * data->features : data->row_start[i];
    const size_t next = data->dense ? first + data->features : data->row_start[i + 1];
    for (size_t at = first; at < next; at++) values[at] = -values[at];
  }
}

static void forget_classes(biascope_dataset *data) {
  for (size_t k = 0; data->class_name && k < data->classes; k++) free(data->class_name[k]);
  free(data->class_name);
  free(data->class_samples);
  free(data->class);
  data->class_name = NULL;
  data->class_samples = NULL;
  data->class = NULL;
  data->classes = 0;
}

biascope_status biascope_dataset_set_classes(biascope_dataset *data, size_t classes, const uint32_t *label,
                                             const char *const *name, biascope_error *error) {
  biascope_status status = check(data, classes, error);
  if (status != BIASCOPE_OK) return status;
  data->classes = classes;
  data->class_name = BS_NEW(char *, classes);
  data->class_samples = BS_NEW(size_t, classes);
  data->class = BS_NEW(uint32_t, data->samples);
  if (!data->class_name || !data->class_samples || !data->class) status = bs_fail_memory(error, "the classes");
  if (status == BIASCOPE_OK) status = count_samples(data, label, error);
  if (status == BIASCOPE_OK) status = name_classes(data, name, error);
  if (status != BIASCOPE_OK) {
    forget_classes(data);
    return status;
  }
  memcpy(data->class, label, data->samples * sizeof *label);
  data->unfolded = classes > 2;
  data->positive = classes > 2 ? 0 : 1;
  if (!data->unfolded) negate_class(data, 0);
  return BIASCOPE_OK;
}
