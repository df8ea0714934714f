/* Warnings about a run. */
#include "cli/train.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

/* Adds to the array, or prints a line of text if it is NULL. */
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

/* At the start every buffer is stale for a short time; only lasting staleness matters. */
static void warn_of_staleness(json_t *warnings, const train_run *run, const char *buffer, const char *beta,
                              uint64_t until, double excess) {
  if (until <= biascope_trainer_step(run->trainer) / 100) return;
  char times[40] = "more than 1e308";
  if (isfinite(excess)) snprintf(times, sizeof times, "%.3g", excess);
  warn(warnings,
       "stale %s until step %llu at least: it was %s times the largest gradient of any sample there, so made of old "
       "ones, and the steps followed those; a smaller %s or --lr lets it keep up",
       buffer, (unsigned long long)until, times, beta);
}

static void warn_of_reference(json_t *warnings, const train_run *run, size_t n) {
  const char *name = biascope_reference_name(n);
  const biascope_margin *solution = train_reference(run, n);
  if (run->too_long >> n & 1)
    warn(warnings, "no %s reference: finding it takes about %.0f s; --references %s finds it", name,
         biascope_margin_seconds(run->data, biascope_reference_norm(n)), name);
  else if (solution && isnan(run->last.ratio[n]))
    warn(warnings, "no %s reference: its margin is known to a relative gap of %.1e only", name, solution->gap);
  else if (solution && isnan(run->last.cosine[n]))
    warn(warnings, "no %s cosine: of several max-margin directions, too many to find the nearest", name);
}

static bool has_weight_decay(const biascope_options *options) {
  char text[64] = "";
  biascope_options_get(options, "weight_decay", text, sizeof text, NULL);
  return strtod(text, NULL) > 0.0;
}

/* A relative growth of the smallest margin over the second half of a run that counts as none. */
static const double HARDLY = 1e-3;

/* Signs of steps that are too large for the data, or of a run without progress. */
static void warn_of_progress(json_t *warnings, const train_run *run) {
  const double loss = biascope_trainer_log_loss(run->trainer);
  const double least = run->last.margin[BIASCOPE_L2] * run->last.weight_norm;
  if (loss > run->start_log_loss)
    warn(warnings,
         "the loss ends above that of w = 0 (its logarithm is %.6g, and was %.6g): the steps are too large for the "
         "data; "
         "lower --lr",
         loss, run->start_log_loss);
  if (!run->separable) return;
  if (least < 0.0)
    warn(warnings, "the run has not separated the data: the smallest x_i.w is %.3g after %llu steps", least,
         (unsigned long long)biascope_trainer_step(run->trainer));
  if (run->half_step > 0 && !has_weight_decay(run->options) &&
      !(least > run->half_margin + HARDLY * fabs(run->half_margin)) && loss > -INFINITY)
    warn(warnings, "the smallest x_i.w has hardly grown since step %llu: it was %.6g there and is %.6g",
         (unsigned long long)run->half_step, run->half_margin, least);
}

void train_give_warnings(const train_run *run, json_t *warnings) {
  for (size_t n = 0; n < BIASCOPE_REFERENCE_NORMS && run->separable; n++) warn_of_reference(warnings, run, n);
  if (!run->separable) {
    warn(warnings,
         "the data are not separable: the loss falls without end along the separable part alone, if there is one, and "
         "has a finite minimiser on the rest");
    if (run->parts && !run->minimiser) warn(warnings, "the minimiser was not found");
  } else if (!run->prediction && !run->no_prediction)
    warn(warnings, "no prediction to compare with: %s", run->no_limit.message);
  if (biascope_trainer_log_loss(run->trainer) == -INFINITY)
    warn(warnings, "the loss is zero and has no gradient: only what momentum is left still moves the weights");
  warn_of_progress(warnings, run);
  warn_of_staleness(warnings, run, "momentum", "--beta1", run->momentum_stale_until, run->momentum_excess);
  warn_of_staleness(warnings, run, "second moment", "--beta2", run->second_stale_until, run->second_excess);
}
