/* Data of the page: points that were drawn, files that were dropped, generated samples. */
#include "explorer.h"

#include "file.h"
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

/* The values with a last feature that is 1; to be freed. */
static double *add_intercept(size_t samples, size_t features, const double *values) {
  double *wider = calloc(samples * (features + 1) + 1, sizeof *wider);
  for (size_t i = 0; wider && i < samples; i++) {
    memcpy(wider + i * (features + 1), values + i * features, features * sizeof *values);
    wider[i * (features + 1) + features] = 1.0;
  }
  return wider;
}

static biascope_status take_points(explorer *e, size_t samples, size_t features, const double *values, bool intercept) {
  if (!intercept) return biascope_dataset_from_dense(samples, features, values, &e->data, &e->error);
  double *wider = add_intercept(samples, features, values);
  if (!wider) return explorer_fail(e, BIASCOPE_NO_MEMORY, "out of memory for the points");
  const biascope_status status = biascope_dataset_from_dense(samples, features + 1, wider, &e->data, &e->error);
  free(wider);
  return status;
}

/* samples x features values, and a label below `classes` for each sample; 1 class: labels are folded in. */
EXPORTED(explorer_set_points)
const char *explorer_set_points(explorer *e, size_t samples, size_t features, size_t classes, const double *values,
                                const uint32_t *labels, int intercept) {
  explorer_drop_data(e);
  biascope_status status = take_points(e, samples, features, values, intercept != 0);
  if (status == BIASCOPE_OK && classes > 1)
    status = biascope_dataset_set_classes(e->data, classes, labels, NULL, &e->error);
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
  if (!known) return answer(e, explorer_fail(e, BIASCOPE_USAGE, "there is no such generator"));
  return answer(e, biascope_dataset_generate((biascope_generator)number, &options, &e->data, &e->error));
}
