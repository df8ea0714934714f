/* What is known of the data without training: margins, parts, limits, and weights compared with them. */
#include "explorer.h"

/* The max margin of a reference, by its number. */
EXPORTED(explorer_margin) const char *explorer_margin(explorer *e, unsigned reference) {
  const biascope_margin *margin = NULL;
  biascope_status status = explorer_require_data(e);
  if (status == BIASCOPE_OK)
    status = biascope_problem_margin(e->problem, biascope_reference_norm(reference), &margin, &e->error);
  explorer_begin(e, status);
  if (margin) {
    json_number(&e->reply, "margin", margin->margin);
    json_number(&e->reply, "gap", margin->gap);
    json_number(&e->reply, "support", (double)margin->support);
    json_flag(&e->reply, "unique", margin->unique);
    json_numbers(&e->reply, "direction", explorer_weights(e), margin->direction);
  }
  return json_finish(&e->reply);
}

enum { MOST_STUCK = 1000 };

/* The samples that keep the data from being separable: those of the inseparable part or, of several classes, of the
 * certificate. At most MOST_STUCK are listed. */
static void put_stuck(explorer *e, const biascope_margin *certificate, const biascope_parts *parts) {
  const size_t samples = biascope_dataset_samples(e->data), rows = certificate->rows / samples;
  double stuck[MOST_STUCK];
  size_t count = 0;
  for (size_t i = 0; i < samples; i++) {
    bool inside = parts && !parts->separable[i];
    for (size_t j = 0; !parts && j < rows; j++) inside |= certificate->dual[i * rows + j] > 1e-9;
    if (inside && count < MOST_STUCK) stuck[count] = (double)i;
    count += inside;
  }
  json_number(&e->reply, "stuck_count", (double)count);
  json_numbers(&e->reply, "stuck", count < MOST_STUCK ? count : MOST_STUCK, stuck);
}

/* Whether the data are separable: status 0 or 3, with the samples that prove the latter. */
EXPORTED(explorer_separable) const char *explorer_separable(explorer *e) {
  const biascope_margin *certificate = NULL;
  const biascope_parts *parts = NULL;
  biascope_status status = explorer_require_data(e);
  if (status == BIASCOPE_OK) status = biascope_problem_separable(e->problem, &certificate, &e->error);
  if (status == BIASCOPE_NOT_SEPARABLE && biascope_dataset_outputs(e->data) == 1)
    biascope_problem_parts(e->problem, &parts, NULL);
  explorer_begin(e, status);
  if (certificate && status == BIASCOPE_NOT_SEPARABLE) put_stuck(e, certificate, parts);
  return json_finish(&e->reply);
}

/* The limit of training, with at most so many multiplications. */
EXPORTED(explorer_limit) const char *explorer_limit(explorer *e, double effort) {
  const biascope_prediction *limit = NULL;
  biascope_status status = explorer_require_data(e);
  if (status == BIASCOPE_OK) status = biascope_problem_limit(e->problem, e->options, effort, &limit, &e->error);
  e->limit = status == BIASCOPE_OK ? limit : NULL;
  explorer_begin(e, status);
  if (limit) {
    json_number(&e->reply, "kind", limit->kind);
    json_flag(&e->reply, "confirmed", limit->confirmed);
    json_text(&e->reply, "confirmed_by", limit->confirmed_by);
    json_text(&e->reply, "method", limit->method);
    json_number(&e->reply, "gap", limit->gap);
    json_number(&e->reply, "rate", limit->rate);
    json_number(&e->reply, "support", (double)limit->support);
    json_flag(&e->reply, "unique", limit->unique);
    json_number(&e->reply, "standard_error", limit->standard_error);
    json_number(&e->reply, "handover_step", limit->handover_step);
    if (limit->direction) json_numbers(&e->reply, "direction", explorer_weights(e), limit->direction);
  }
  return json_finish(&e->reply);
}

/* The measures of weights against the references (a set of biascope_reference_set), and against the limit if one is
 * known. Members are named as in traces. */
EXPORTED(explorer_measure) const char *explorer_measure(explorer *e, const double *weights, unsigned references) {
  biascope_measurement measured;
  biascope_status status = explorer_require_data(e);
  if (status == BIASCOPE_OK)
    status = biascope_problem_measure(e->problem, references, e->limit, weights, &measured, &e->error);
  explorer_begin(e, status);
  if (status != BIASCOPE_OK) return json_finish(&e->reply);
  for (size_t i = 0; i < biascope_measure_count(); i++) {
    const biascope_measure *measure = biascope_measure_at(i);
    json_number(&e->reply, measure->name, biascope_measure_of(measure, &measured));
  }
  return json_finish(&e->reply);
}
