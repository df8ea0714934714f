/* Prints the result of a run. */
#include "cli/train.h"

#include <math.h>
#include <stdlib.h>

/* Training gives the same bits everywhere. So a comparison is as certain as its
 * reference. */
static void print_norm(const train_run *run, size_t n, int width) {
  const biascope_measurement *m = &run->last;
  const double gap = train_reference(run, n)->gap, known_to = biascope_angle_known_to(gap);
  biascope_text cosine = {"-"}, angle = cosine;
  if (isfinite(m->cosine[n])) {
    cosine = biascope_digits(m->cosine[n], biascope_cosine_known_to(m->cosine[n], known_to), 8);
    angle = biascope_small_digits(m->angle[n], biascope_angle_of_gap(gap), 4);
  }
  printf("%-*s %-11s %-11s %s\n", width, biascope_reference_name(n), cosine.text, angle.text,
         biascope_digits(m->ratio[n], gap * fabs(m->ratio[n]), 6).text);
}

static void print_limit(const train_run *run) {
  const double cosine = run->last.cosine_predicted;
  const double known_to = biascope_angle_known_to(run->prediction->gap) + run->prediction->standard_error;
  printf("limit %s\n", biascope_digits(cosine, biascope_cosine_known_to(cosine, known_to), 8).text);
}

static void print_text(const train_run *run) {
  const biascope_measurement *m = &run->last;
  printf("steps %llu, log loss %.6g, ", (unsigned long long)biascope_trainer_step(run->trainer),
         biascope_trainer_log_loss(run->trainer));
  if (m->weight_norm > 0.0)
    printf("log ||w||_2 %.6g\n\n", log(m->weight_norm));
  else
    puts("w = 0\n");
  const int width = biascope_dataset_outputs(run->data) > 1 ? 8 : 5;
  if (run->separable) printf("%*s cosine      angle       margin ratio\n", width, "");
  for (size_t n = 0; n < BIASCOPE_REFERENCE_NORMS; n++) {
    if (isfinite(m->ratio[n])) print_norm(run, n, width);
  }
  if (run->parts) train_print_parts(run);
  if (isfinite(m->cosine_predicted)) print_limit(run);
  train_give_warnings(run, NULL);
}

static json_t *by_norm(const biascope_dataset *data, const double *values) {
  json_t *object = json_object();
  for (size_t n = 0; n < BIASCOPE_REFERENCE_NORMS; n++)
    if (biascope_dataset_references(data) >> n & 1)
      json_object_set_new(object, biascope_reference_name(n), cli_json_number(values[n]));
  return object;
}

/* The singular values of the direction, and the margins of the classes by their names. */
static int add_matrix(json_t *result, const train_run *run) {
  const size_t classes = biascope_dataset_classes(run->data), d = biascope_dataset_features(run->data);
  const size_t count = classes < d ? classes : d;
  biascope_error error;
  double *values = calloc(classes, sizeof *values);
  const biascope_status status = values ? biascope_singular_values(classes, d, run->direction, values, &error)
                                        : cli_fail(&error, BIASCOPE_NO_MEMORY, "out of memory for the singular values");
  if (status == BIASCOPE_OK) {
    json_object_set_new(result, "singular_values", cli_json_array(count, values));
    biascope_class_margins(run->data, run->direction, values);
    json_object_set_new(result, "class_margins", cli_json_array(classes, values));
  }
  free(values);
  return cli_report(status, &error);
}

static int print_json(const train_run *run, const cli_result *test) {
  const biascope_measurement *m = &run->last;
  json_t *warnings = json_array();
  if (warnings) train_give_warnings(run, warnings);
  json_t *result =
      json_pack("{s:I, s:o, s:o, s:o, s:o, s:o}", "steps", (json_int_t)biascope_trainer_step(run->trainer), "direction",
                cli_json_weights(run->data, run->direction), "weight_norm_log", cli_json_number(log(m->weight_norm)),
                "loss_log", cli_json_number(m->log_loss), "angle", by_norm(run->data, m->angle), "warnings", warnings);
  cli_json_measures(result, run->problem, m);
  json_object_set_new(result, "margin_ratio", by_norm(run->data, m->ratio)); /* the earlier name of "ratio" */
  int code = 0;
  if (biascope_dataset_outputs(run->data) > 1) {
    cli_json_classes(result, run->data);
    code = add_matrix(result, run);
  }
  if (run->parts) json_object_set_new(result, "parts", train_json_parts(run));
  cli_json_test(result, test);
  cli_split_intercept(result, run->data);
  cli_json_notes(result, run->data);
  const int printed = cli_print_json(result);
  return code ? code : printed;
}

int train_print(const train_run *run, const cli_result *result, bool json) {
  if (json) return print_json(run, result);
  print_text(run);
  cli_print_test("test  ", result);
  return 0;
}
