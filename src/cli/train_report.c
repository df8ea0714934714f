/* What train measures along a run, and how it tells. */
#include "cli/train.h"

#include "base/digits.h"
#include "base/vector.h"
#include "rule/optimizer.h"
#include <math.h>
#include <stdarg.h>

biascope_status train_measure(train_run *run, biascope_error *error) {
  const uint64_t step = biascope_trainer_step(run->trainer);
  const biascope_staleness stale = biascope_trainer_staleness(run->trainer);
  if (stale.momentum_stale) {
    run->momentum_stale_until = step;
    run->momentum_excess = stale.momentum_excess;
  }
  if (stale.second_moment_stale) {
    run->second_stale_until = step;
    run->second_excess = stale.second_moment_excess;
  }
  const double *w = biascope_trainer_weights(run->trainer);
  if (run->reference) return bs_reference_measure(run->reference, run->prediction, w, &run->last, error);
  run->last.cosine_predicted = NAN;
  for (int n = 0; n < BS_REFERENCE_NORMS; n++) {
    run->last.margin[n] = biascope_margin_of(run->data, (biascope_norm){.kind = (biascope_norm_kind)n}, w);
    run->last.ratio[n] = run->last.cosine[n] = NAN;
  }
  return BIASCOPE_OK;
}

static double log_weight_norm(const train_run *run) {
  return log(bs_norm2(biascope_dataset_features(run->data), biascope_trainer_weights(run->trainer)));
}

/* ---- The trace ---------------------------------------------------------------------------------- */

void train_trace_head(FILE *trace) {
  fputs("step,epoch,lr,log_loss,log_weight_norm,margin_l2,margin_linf,margin_l1,ratio_l2,ratio_linf,ratio_l1,cos_l2,"
        "cos_linf,cos_l1,cos_predicted,momentum_excess,second_moment_excess,misalignment,guaranteed_linf\n",
        trace);
}

/* A field that is not a number stays empty. */
static void put(FILE *trace, double value) {
  if (isfinite(value))
    fprintf(trace, ",%.17g", value);
  else
    fputc(',', trace);
}

/* The misalignment, and for sign updates the fraction of the best linf margin that it leaves. */
static biascope_status put_alignment(const train_run *run, FILE *trace, biascope_error *error) {
  biascope_alignment alignment;
  const biascope_status status = biascope_trainer_alignment(run->trainer, NULL, &alignment, error);
  const double misalignment = alignment.misalignment;
  const bool sign = bs_optimizer_rule_of(run->options->optimizer)->direction == BS_SIGN;
  double guaranteed = NAN;
  if (sign && run->reference && isfinite(misalignment))
    guaranteed = fmax(0.0, 1.0 - 2.0 * misalignment / bs_reference_margin(run->reference, BIASCOPE_LINF)->upper_bound);
  put(trace, misalignment);
  put(trace, guaranteed);
  return status;
}

biascope_status train_trace_row(const train_run *run, FILE *trace, biascope_error *error) {
  const uint64_t step = biascope_trainer_step(run->trainer);
  const biascope_staleness stale = biascope_trainer_staleness(run->trainer);
  const size_t batches = bs_batches_per_epoch(run->options, biascope_dataset_samples(run->data));
  fprintf(trace, "%llu", (unsigned long long)step);
  put(trace, (double)step / (double)batches);
  put(trace, bs_learning_rate(run->options, step));
  put(trace, biascope_trainer_log_loss(run->trainer));
  put(trace, log_weight_norm(run));
  for (int n = 0; n < BS_REFERENCE_NORMS; n++) put(trace, run->last.margin[n]);
  for (int n = 0; n < BS_REFERENCE_NORMS; n++) put(trace, run->last.ratio[n]);
  for (int n = 0; n < BS_REFERENCE_NORMS; n++) put(trace, run->last.cosine[n]);
  put(trace, run->last.cosine_predicted);
  put(trace, stale.momentum_excess);
  put(trace, stale.second_moment_excess);
  const biascope_status status = put_alignment(run, trace, error);
  fputc('\n', trace);
  return status;
}

/* ---- Warnings ----------------------------------------------------------------------------------- */

/* Into the array, or as a line of text where it is NULL. */
static void warn(json_t *warnings, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void warn(json_t *warnings, const char *format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  if (warnings)
    json_array_append_new(warnings, json_string(text));
  else
    printf("warning: %s\n", text);
}

/* At the start every buffer is stale for a moment; it matters where it lasted. */
static void warn_of_staleness(json_t *warnings, const train_run *run, const char *buffer, const char *beta,
                              uint64_t until, double excess) {
  if (until <= biascope_trainer_step(run->trainer) / 100) return;
  warn(warnings,
       "stale %s until step %llu at least: it was %.3g times the largest gradient of any sample there, so made of old "
       "ones, and the steps followed those; a smaller %s or --lr lets it keep up",
       buffer, (unsigned long long)until, excess, beta);
}

static void give_warnings(const train_run *run, json_t *warnings) {
  for (int n = 0; n < BS_REFERENCE_NORMS && run->reference; n++) {
    const biascope_margin *solution = bs_reference_margin(run->reference, n);
    if (!bs_reference_certified(run->reference, n))
      warn(warnings, "no %s reference: its margin is known to a relative gap of %.1e only", BS_REFERENCE_NORM_NAMES[n],
           solution->gap);
    else if (isnan(run->last.cosine[n]))
      warn(warnings, "no %s cosine: of several max-margin directions, too many to find the nearest",
           BS_REFERENCE_NORM_NAMES[n]);
  }
  if (!run->reference) {
    warn(warnings,
         "the data are not separable: the loss falls without end along the separable part alone, if there is one, and "
         "has a finite minimiser on the rest");
    if (!run->minimiser) warn(warnings, "the minimiser was not found");
  } else if (!run->prediction)
    warn(warnings, "no prediction to compare with: %s", bs_reference_why_not(run->reference, run->options));
  if (biascope_trainer_log_loss(run->trainer) == -INFINITY)
    warn(warnings, "the loss is zero and has no gradient: only what momentum is left still moves the weights");
  warn_of_staleness(warnings, run, "momentum", "--beta1", run->momentum_stale_until, run->momentum_excess);
  warn_of_staleness(warnings, run, "second moment", "--beta2", run->second_stale_until, run->second_excess);
}

/* ---- The result --------------------------------------------------------------------------------- */

/* Training itself gives the same bits everywhere: what its references are compared with is as well known as they are.
 */
static void print_norm(const train_run *run, int n) {
  const bs_measurement *m = &run->last;
  const double gap = bs_reference_margin(run->reference, n)->gap, known_to = bs_angle_known_to(gap);
  bs_text cosine = {"-"}, angle = cosine;
  if (isfinite(m->cosine[n])) {
    cosine = bs_digits(m->cosine[n], bs_cosine_known_to(m->cosine[n], known_to), 8);
    angle = bs_small_digits(acos(m->cosine[n]), known_to, 4);
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
  give_warnings(run, NULL);
}

static json_t *by_norm(const double *values) {
  json_t *object = json_object();
  for (int n = 0; n < BS_REFERENCE_NORMS; n++)
    json_object_set_new(object, BS_REFERENCE_NORM_NAMES[n], cli_json_number(values[n]));
  return object;
}

static int print_json(const train_run *run) {
  const bs_measurement *m = &run->last;
  const size_t d = biascope_dataset_features(run->data);
  const double *w = biascope_trainer_weights(run->trainer), norm = bs_norm2(d, w);
  json_t *direction = json_array(), *cosine = by_norm(m->cosine), *warnings = json_array();
  if (warnings) give_warnings(run, warnings);
  for (size_t k = 0; k < d; k++) json_array_append_new(direction, json_real(norm > 0.0 ? w[k] / norm : 0.0));
  json_object_set_new(cosine, "predicted", cli_json_number(m->cosine_predicted));
  double angle[BS_REFERENCE_NORMS];
  for (int n = 0; n < BS_REFERENCE_NORMS; n++) angle[n] = acos(m->cosine[n]);
  json_t *result = json_pack(
      "{s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "steps", (json_int_t)biascope_trainer_step(run->trainer),
      "direction", direction, "weight_norm_log", cli_json_number(log_weight_norm(run)), "loss_log",
      cli_json_number(biascope_trainer_log_loss(run->trainer)), "margin", by_norm(m->margin), "margin_ratio",
      by_norm(m->ratio), "cosine", cosine, "angle", by_norm(angle), "warnings", warnings);
  if (!run->reference) json_object_set_new(result, "parts", train_json_parts(run));
  return cli_print_json(result);
}

int train_print(const train_run *run, bool json) {
  if (json) return print_json(run);
  print_text(run);
  return 0;
}
