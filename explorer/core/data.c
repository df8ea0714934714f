/* Data of the page: points that were drawn, files that were dropped, generated samples. */
#include "data/dataset.h"

#include "explorer.h"
#include "file.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void describe(explorer *e) {
  json *reply = &e->reply;
  const biascope_dataset *data = e->data;
  json_number(reply, "samples", (double)biascope_dataset_samples(data));
  json_number(reply, "features", (double)biascope_dataset_features(data));
  json_number(reply, "outputs", (double)biascope_dataset_outputs(data));
  json_begin_list(reply, "classes");
  for (size_t k = 0; k < biascope_dataset_classes(data); k++) json_item(reply, biascope_dataset_class_name(data, k));
  json_end_list(reply);
  json_begin_list(reply, "notes");
  for (size_t i = 0; i < biascope_dataset_notes(data); i++) json_item(reply, biascope_dataset_note(data, i));
  json_end_list(reply);
}

static const char *answer(explorer *e, biascope_status status) {
  if (status == BIASCOPE_OK) status = biascope_problem_create(e->data, &e->problem, &e->error);
  if (status != BIASCOPE_OK) explorer_drop_data(e);
  explorer_begin(e, status);
  if (status == BIASCOPE_OK) describe(e);
  return json_finish(&e->reply);
}

/* ---- Points -------------------------------------------------------------------------------------- */

typedef struct {
  size_t samples, features, classes;
  const double *values;   /* samples x features */
  const uint32_t *labels; /* below classes; of two classes, 1 is the positive one */
  bool intercept;         /* adds a last feature that is 1 */
} points;

static biascope_status fold(const points *from, biascope_dataset **out, biascope_error *error) {
  const size_t features = from->features + from->intercept;
  double *values = calloc(from->samples * features, sizeof *values);
  for (size_t i = 0; values && i < from->samples; i++) {
    const double sign = from->classes == 2 && from->labels[i] == 0 ? -1.0 : 1.0;
    for (size_t k = 0; k < from->features; k++) values[i * features + k] = sign * from->values[i * from->features + k];
    if (from->intercept) values[i * features + from->features] = sign;
  }
  if (!values) return bs_fail(error, BIASCOPE_NO_MEMORY, "out of memory for the points");
  const biascope_status status = bs_dataset_adopt_dense(from->samples, features, values, out, error);
  if (status != BIASCOPE_OK) free(values);
  return status;
}

static biascope_status adopt_labels(const points *from, biascope_dataset *data, biascope_error *error) {
  if (from->classes == 2) return BIASCOPE_OK;
  return biascope_dataset_set_classes(data, from->classes, from->labels, NULL, error);
}

/* samples x features values and a label for each sample, which is below `classes`; each class has a sample. */
EXPORTED(explorer_set_points)
const char *explorer_set_points(explorer *e, size_t samples, size_t features, size_t classes, const double *values,
                                const uint32_t *labels, int intercept) {
  explorer_drop_data(e);
  const points from = {samples, features, classes, values, labels, intercept != 0};
  biascope_status status = fold(&from, &e->data, &e->error);
  if (status == BIASCOPE_OK) status = adopt_labels(&from, e->data, &e->error);
  return answer(e, status);
}

/* ---- Files and generators ------------------------------------------------------------------------ */

/* The bytes of a file in a format that its name tells. label: a column, or "" if labels are folded in. */
EXPORTED(explorer_read)
const char *explorer_read(explorer *e, const char *name, const char *bytes, size_t size, const char *label,
                          int standardize, int intercept) {
  explorer_drop_data(e);
  const biascope_read_options options = {.label_column = *label ? label : NULL,
                                         .several_classes = true,
                                         .scaling = standardize ? BIASCOPE_STANDARDIZE : BIASCOPE_UNSCALED,
                                         .intercept = intercept != 0};
  file_offer(bytes, size);
  return answer(e, biascope_dataset_read(name, &options, &e->data, &e->error));
}

/* kind: the name of a generator. */
EXPORTED(explorer_generate)
const char *explorer_generate(explorer *e, const char *kind, size_t samples, size_t features, double seed,
                              size_t classes, double distance) {
  explorer_drop_data(e);
  const biascope_generate_options options = {.samples = samples,
                                             .features = features,
                                             .seed = (uint64_t)seed,
                                             .margin = 0.5,
                                             .delta = 0.5,
                                             .classes = classes,
                                             .distance = distance};
  int number = 0;
  const char *known = biascope_generator_name((biascope_generator)number);
  while (known && strcmp(known, kind) != 0) known = biascope_generator_name((biascope_generator)++number);
  if (!known) return answer(e, bs_fail(&e->error, BIASCOPE_USAGE, "no generator is called '%s'", kind));
  return answer(e, biascope_dataset_generate((biascope_generator)number, &options, &e->data, &e->error));
}
