#include "confirm/rest.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/vector.h"
#include "confirm/run.h"
#include "data/dataset.h"
#include "forecast/model.h"
#include "forecast/rest.h"
#include "limit/predict.h"
#include "limit/step_sum.h"
#include "loss/classes.h"
#include "margin/rows.h"
#include "train/cost.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double FADES = 12.0;      /* units of 1 / weight_decay, in which earlier weights shrink by e^-12 */
static const double LEAST_STEPS = 2e5; /* by which v has fallen and eps decides, which takes longer at large steps */
static const double EFFORT = 6e9;      /* multiplications that a confirming run may take */
/* The largest distance of the run from the point of rest, relative to it. */
static const double NEAR = 0.02;
static const double STILL = 1e-3; /* and of its own motion over the last half of its steps, without such a point */

bool bs_rests_with_eps(const biascope_options *training, const biascope_predict_options *options) {
  const biascope_options read = bs_options_read(training);
  return options->steps == 0 && read.eps > 0.0 && bs_weights_shrink(&read) && bs_coupled_decay(&read) == 0.0 &&
         bs_model_covers(&read);
}

/* The rows' parts in the gradient, in proportion to the slopes, as an equilibrium's dual is. */
static void export_dual(const biascope_dataset *data, const bs_loss *loss, const double *w, biascope_prediction *out) {
  const size_t rows = bs_margin_rows(data), each = bs_rows_of_each(data);
  bs_loss_mean mean = {-INFINITY, 0.0};
  double largest = -INFINITY, slopes = 0.0;
  for (size_t i = 0; i < rows; i++) out->dual[i] = bs_margin_row_dot(data, i, w);
  for (size_t i = 0; i < rows; i += each) {
    bs_loss_mean_add(&mean, loss->log_value(bs_classes_soft_margin(each, out->dual + i)));
    bs_classes_slopes(loss, each, out->dual + i, out->dual + i, NULL);
  }
  for (size_t i = 0; i < rows; i++) largest = fmax(largest, out->dual[i]);
  out->support = 0;
  for (size_t i = 0; i < rows; i++) {
    slopes += out->dual[i] = isfinite(largest) ? exp(out->dual[i] - largest) : 0.0;
    out->support += out->dual[i] > 0.0;
  }
  bs_scale(rows, slopes > 0.0 ? 1.0 / slopes : 0.0, out->dual);
  out->log_loss = bs_loss_mean_log(&mean, data->samples);
}

/* The point as a prediction. */
static void export_point(const biascope_dataset *data, const biascope_options *training, const double *w,
                         biascope_prediction *out) {
  const size_t d = bs_margin_weights(data);
  out->weight_norm = bs_norm2(d, w);
  for (size_t k = 0; k < d; k++) out->direction[k] = w[k] / fmax(out->weight_norm, 1e-300);
  export_dual(data, bs_loss_of(training->loss), w, out);
  out->rate = 0.0;
}

static double distance(size_t d, const double *a, const double *b) {
  double sum = 0.0;
  for (size_t k = 0; k < d; k++) sum += (a[k] - b[k]) * (a[k] - b[k]);
  return sqrt(sum);
}

/* The run itself, for as long as it takes to forget the way, and as many steps again. earlier, w: d, at half and at the
 * end. */
static biascope_status run_there(const biascope_dataset *data, const biascope_options *training, uint64_t steps,
                                 double *earlier, double *w, biascope_error *error) {
  const size_t size = bs_margin_weights(data) * sizeof *w;
  biascope_trainer *trainer;
  biascope_status status = biascope_trainer_create(data, training, &trainer, error);
  if (status != BIASCOPE_OK) return status;
  status = biascope_trainer_run(trainer, steps, error);
  memcpy(earlier, biascope_trainer_weights(trainer), size);
  if (status == BIASCOPE_OK) status = biascope_trainer_run(trainer, steps, error);
  memcpy(w, biascope_trainer_weights(trainer), size);
  biascope_trainer_free(trainer);
  return status;
}

/* Whether the run ends at the point that was found; if none was, whether it rests, which is then the answer. */
static biascope_status compare(const biascope_dataset *data, const biascope_options *training, uint64_t steps,
                               const bs_rest *found, biascope_prediction *out, biascope_error *error) {
  const size_t d = bs_margin_weights(data);
  double *earlier = BS_NEW(double, 2 * d);
  if (!earlier) return bs_fail_memory(error, "the confirming run");
  double *w = earlier + d;
  biascope_status status = run_there(data, training, steps, earlier, w, error);
  const double apart = distance(d, w, found ? found->weights : earlier) / fmax(bs_norm2(d, w), 1e-300);
  if (status == BIASCOPE_OK) {
    out->run_steps = 2 * steps;
    out->confirmed = apart <= (found ? NEAR : STILL);
    out->kind = out->confirmed ? BIASCOPE_LIMIT_REST : BIASCOPE_LIMIT_UNSETTLED;
  }
  if (status == BIASCOPE_OK && out->confirmed) out->confirmed_by = "run";
  if (status == BIASCOPE_OK && out->confirmed && !found) {
    export_point(data, training, w, out);
    out->gap = NAN;
    out->method = "the run's own steps: it has come to rest";
  } else if (status == BIASCOPE_OK && !out->confirmed) {
    status = bs_fail(error, BIASCOPE_NOT_CONVERGED,
                     found ? "the point of rest is not confirmed: after %llu steps the run is away from it by %.2g of "
                             "its length"
                           : "training does not come to rest: over the last half of %llu steps it moved by %.2g of its "
                             "length",
                     (unsigned long long)out->run_steps, apart);
  }
  free(earlier);
  return status;
}

/* `found`: what the equation's rest was found with. */
static biascope_status confirm(const biascope_dataset *data, const biascope_options *training,
                               const biascope_predict_options *options, const bs_rest *rest, biascope_status found,
                               biascope_prediction *out, biascope_error *error) {
  const biascope_options powers = bs_options_in_powers(training);
  const double fading = bs_steps_for(powers.lr, powers.lr_decay, FADES / training->weight_decay);
  const double steps = fmax(LEAST_STEPS, fading);
  const bool affordable = 2.0 * steps * bs_step_cost(data, training) <= EFFORT;
  if (found == BIASCOPE_OK && rest->unstable)
    found = bs_fail(error, BIASCOPE_NOT_CONVERGED,
                    "the point of rest is unstable at this step size: full batches oscillate about it (the edge of "
                    "stability), and where they do is not predicted");
  out->kind = found == BIASCOPE_OK ? BIASCOPE_LIMIT_REST : BIASCOPE_LIMIT_UNSETTLED;
  if (options->confirm == BIASCOPE_CONFIRM_RUN && affordable)
    return compare(data, training, (uint64_t)steps, found == BIASCOPE_OK ? rest : NULL, out, error);
  out->confirmed = found == BIASCOPE_OK && options->confirm != BIASCOPE_CONFIRM_NONE;
  if (out->confirmed) out->confirmed_by = "flow"; /* the equation starts at w = 0 and comes there */
  return found;
}

biascope_status bs_predict_rest_with_eps(const biascope_dataset *data, const biascope_options *training,
                                         const biascope_predict_options *options, biascope_prediction *out,
                                         biascope_error *error) {
  const biascope_options read = bs_options_read(training);
  bs_rest rest = {0};
  *out = (biascope_prediction){0};
  biascope_status status = bs_require_lasting_steps(training, error);
  if (status == BIASCOPE_OK) status = biascope_options_check(training, data->samples, error);
  if (status == BIASCOPE_OK && !bs_model_is_quick(data))
    status = bs_fail(error, BIASCOPE_NOT_CONVERGED, "the data are too large for the averaged equation");
  if (status != BIASCOPE_OK) return status;
  status = bs_prediction_allocate(data, out, error);
  if (status == BIASCOPE_OK) status = bs_rest_find(data, &read, options->tolerance, &rest, error);
  if (rest.weights && (status == BIASCOPE_OK || status == BIASCOPE_NOT_CONVERGED)) {
    export_point(data, &read, rest.weights, out);
    out->gap = rest.moving;
    out->method = "point of rest of the run's averaged equation, with eps: the update balances the weight decay";
    status = confirm(data, &read, options, &rest, status, out, error);
  }
  bs_rest_free(&rest);
  if (status != BIASCOPE_OK && status != BIASCOPE_NOT_CONVERGED) biascope_prediction_free(out);
  return status;
}
