/* What is printed of a run. */
#include "cli/train.h"

#include "base/digits.h"
#include "base/vector.h"
#include <math.h>

static double log_weight_norm(const train_run *run) {
  return log(bs_norm2(biascope_dataset_features(run->data), biascope_trainer_weights(run->trainer)));
}

/* Training itself gives the same bits everywhere: what its references are compared with is as well known as they are.
 */
static void print_norm(const train_run *run, int n) {
  const bs_measurement *m = &run->last;
  const double gap = bs_reference_margin(run->reference, n)->gap, known_to = bs_angle_known_to(gap);
  bs_text cosine = {"-"}, angle = cosine;
  if (isfinite(m->cosine[n])) {
    cosine = bs_digits(m->cosine[n], bs_cosine_known_to(m->cosine[n], known_to), 8);
    angle = bs_small_digits(m->angle[n], bs_angle_of_gap(gap), 4);
  }
  printf("%-5s %-11s %-11s %s\n", BS_REFERENCE_NORM_NAMES[n], cosine.text, angle.text,
         bs_digits(m->ratio[n], gap * fabs(m->ratio[n]), 6).text);
}

static void print_limit(const train_run *run) {
  const double cosine = run->last.cosine_predicted;
  const double known_to = bs_angle_known_to(run->prediction->gap) + run->prediction->standard_error;
  printf("limit %s\n", bs_digits(cosine, bs_cosine_known_to(cosine, known_to), 8).text);
}

static void print_text(const train_run *run) {
  const bs_measurement *m = &run->last;
  printf("steps %llu, log loss %.6g, log ||w||_2 %.6g\n\n", (unsigned long long)biascope_trainer_step(run->trainer),
         biascope_trainer_log_loss(run->trainer), log_weight_norm(run));
  if (run->reference) puts("      cosine      angle       margin ratio");
  for (int n = 0; n < BS_REFERENCE_NORMS; n++) {
    if (isfinite(m->ratio[n])) print_norm(run, n);
  }
  if (!run->reference) train_print_parts(run);
  if (isfinite(m->cosine_predicted)) print_limit(run);
  train_give_warnings(run, NULL);
}

static json_t *by_norm(const double *values) {
  json_t *object = json_object();
  for (int n = 0; n < BS_REFERENCE_NORMS; n++)
    json_object_set_new(object, BS_REFERENCE_NORM_NAMES[n], cli_json_number(values[n]));
  return object;
}

static int print_json(const train_run *run, const cli_result *test) {
  const bs_measurement *m = &run->last;
  const size_t d = biascope_dataset_features(run->data);
  const double *w = biascope_trainer_weights(run->trainer), norm = bs_norm2(d, w);
  json_t *direction = json_array(), *warnings = json_array();
  if (warnings) train_give_warnings(run, warnings);
  for (size_t k = 0; k < d; k++) json_array_append_new(direction, json_real(norm > 0.0 ? w[k] / norm : 0.0));
  json_t *result =
      json_pack("{s:I, s:o, s:o, s:o, s:o, s:o}", "steps", (json_int_t)biascope_trainer_step(run->trainer), "direction",
                direction, "weight_norm_log", cli_json_number(log_weight_norm(run)), "loss_log",
                cli_json_number(m->log_loss), "angle", by_norm(m->angle), "warnings", warnings);
  cli_json_measures(result, m);
  json_object_set_new(result, "margin_ratio", by_norm(m->ratio)); /* as "ratio" was called */
  if (!run->reference) json_object_set_new(result, "parts", train_json_parts(run));
  cli_json_data(result, run->data, test);
  return cli_print_json(result);
}

int train_print(const train_run *run, const cli_result *result, bool json) {
  if (json) return print_json(run, result);
  print_text(run);
  cli_print_test("test  ", result);
  return 0;
}
