#include "study/reference.h"

#include "base/memory.h"
#include "base/vector.h"
#include "margin/cost.h"
#include "rule/option.h"
#include <math.h>
#include <pthread.h>
#include <stdlib.h>

const char *const BS_REFERENCE_NORM_NAMES[BS_REFERENCE_NORMS] = {"l2", "linf", "l1"};

/* Multiplications of a search beside training: half a minute. */
static const double PREDICTION_EFFORT = 5e10;

/* A limit, computed by the first thread that asks; the others wait for its lock. */
typedef struct kept_prediction kept_prediction;
struct kept_prediction {
  biascope_options options;
  pthread_mutex_t lock;
  bool done, certified;
  biascope_status status;
  biascope_error error;
  biascope_prediction limit;
  kept_prediction *next;
};

struct bs_reference {
  const biascope_dataset *data;
  biascope_margin solution[BS_REFERENCE_NORMS];
  bs_reference_choice choice;
  bs_reference_state state[BS_REFERENCE_NORMS];
  pthread_mutex_t lock; /* guards the list, not its items */
  kept_prediction *predictions;
};

static biascope_norm norm_of(int index) {
  return (biascope_norm){.kind = (biascope_norm_kind)index};
}

static void announce(const bs_reference *reference, const char *what) {
  if (reference->choice.announce) reference->choice.announce(what);
}

/* Every margin asked for that the seconds left allow, the cheapest norm first. */
static biascope_status solve_margins(bs_reference *reference, biascope_error *error) {
  static const char *const WHAT[BS_REFERENCE_NORMS] = {"the l2 margin", "the linf margin", "the l1 margin"};
  const bs_reference_choice *choice = &reference->choice;
  double left = choice->seconds > 0.0 ? choice->seconds : INFINITY;
  biascope_status status = BIASCOPE_OK;
  for (int n = 0; n < BS_REFERENCE_NORMS && status == BIASCOPE_OK; n++) {
    const double seconds = bs_margin_seconds(reference->data, (biascope_norm_kind)n);
    reference->state[n] = choice->omitted[n] ? BS_REFERENCE_OMITTED : BS_REFERENCE_TOO_LONG;
    if (choice->omitted[n] || seconds > left) continue;
    left -= seconds;
    announce(reference, WHAT[n]);
    status = biascope_margin_solve(reference->data, norm_of(n), NULL, &reference->solution[n], error);
    reference->state[n] = status == BIASCOPE_OK ? BS_REFERENCE_CERTIFIED : BS_REFERENCE_UNCERTIFIED;
    if (status == BIASCOPE_NOT_CONVERGED) status = BIASCOPE_OK;
  }
  return status;
}

biascope_status bs_reference_create(const biascope_dataset *data, const bs_reference_choice *choice, bs_reference **out,
                                    biascope_error *error) {
  *out = NULL;
  bs_reference *reference = BS_NEW(bs_reference, 1);
  if (!reference) return bs_fail_memory(error, "the references of a data set");
  reference->data = data;
  pthread_mutex_init(&reference->lock, NULL);
  if (choice) reference->choice = *choice;
  const biascope_status status = solve_margins(reference, error);
  if (status != BIASCOPE_OK) {
    bs_reference_free(reference);
    return status;
  }
  *out = reference;
  return BIASCOPE_OK;
}

void bs_reference_free(bs_reference *reference) {
  if (!reference) return;
  for (int n = 0; n < BS_REFERENCE_NORMS; n++) biascope_margin_free(&reference->solution[n]);
  for (kept_prediction *item = reference->predictions, *next; item; item = next) {
    next = item->next;
    biascope_prediction_free(&item->limit);
    pthread_mutex_destroy(&item->lock);
    free(item);
  }
  pthread_mutex_destroy(&reference->lock);
  free(reference);
}

const biascope_dataset *bs_reference_data(const bs_reference *reference) {
  return reference->data;
}

const biascope_margin *bs_reference_margin(const bs_reference *reference, int index) {
  return &reference->solution[index];
}

bs_reference_state bs_reference_state_of(const bs_reference *reference, int index) {
  return reference->state[index];
}

bool bs_reference_solved(const bs_reference *reference, int index) {
  return reference->state[index] == BS_REFERENCE_CERTIFIED || reference->state[index] == BS_REFERENCE_UNCERTIFIED;
}

bool bs_reference_certified(const bs_reference *reference, int index) {
  return reference->state[index] == BS_REFERENCE_CERTIFIED;
}

/* A decaying step size leaves no trace of its scale in the limit, except where eps or weight decay set one, and in
 * Adagrad, whose second moment grows with the way taken. */
static bool limit_reads_lr(const biascope_options *options) {
  return options->lr_decay == 0.0 || options->eps > 0.0 || options->weight_decay > 0.0 ||
         options->optimizer == BIASCOPE_ADAGRAD;
}

bool bs_reference_same_limit(const biascope_options *a, const biascope_options *b) {
  for (int i = 0; i < BS_OPTIONS; i++) {
    const bs_option option = (bs_option)i;
    if (bs_option_row_of(option)->speed_only || (option == BS_OPTION_LR && !limit_reads_lr(a))) continue;
    if (!bs_option_equal(option, bs_option_get(a, option), bs_option_get(b, option))) return false;
  }
  return true;
}

static kept_prediction *find_prediction(bs_reference *reference, const biascope_options *options) {
  pthread_mutex_lock(&reference->lock);
  kept_prediction *item = reference->predictions;
  while (item && !bs_reference_same_limit(&item->options, options)) item = item->next;
  if (!item) {
    item = BS_NEW(kept_prediction, 1);
    if (item) {
      item->options = *options;
      if (!limit_reads_lr(options)) item->options.lr = bs_options_of(options->optimizer).lr;
      pthread_mutex_init(&item->lock, NULL);
      item->next = reference->predictions;
      reference->predictions = item;
    }
  }
  pthread_mutex_unlock(&reference->lock);
  return item;
}

biascope_status bs_reference_predict(bs_reference *reference, const biascope_options *options,
                                     const biascope_prediction **out, biascope_error *error) {
  *out = NULL;
  kept_prediction *item = find_prediction(reference, options);
  if (!item) return bs_fail_memory(error, "a prediction");
  pthread_mutex_lock(&item->lock);
  if (!item->done) {
    const biascope_predict_options affordable = {
        .effort = reference->choice.prediction_effort > 0.0 ? reference->choice.prediction_effort : PREDICTION_EFFORT};
    announce(reference, "the predicted limit");
    item->status = biascope_predict(reference->data, &item->options, &affordable, &item->limit, &item->error);
    item->certified = item->status == BIASCOPE_OK;
    /* No limit to predict (say, eps > 0), or none certified: the run stands without one. */
    if (item->status == BIASCOPE_USAGE || item->status == BIASCOPE_NOT_CONVERGED) item->status = BIASCOPE_OK;
    item->done = true;
  }
  pthread_mutex_unlock(&item->lock);
  if (item->status != BIASCOPE_OK && error) *error = item->error;
  if (item->certified) *out = &item->limit;
  return item->status;
}

const char *bs_reference_why_not(bs_reference *reference, const biascope_options *options) {
  const kept_prediction *item = find_prediction(reference, options);
  return item ? item->error.message : "memory is out";
}

biascope_status bs_reference_measure(const bs_reference *reference, const biascope_prediction *prediction,
                                     const double *w, bs_measurement *out, biascope_error *error) {
  const size_t d = biascope_dataset_features(reference->data);
  for (int n = 0; n < BS_REFERENCE_NORMS; n++) {
    out->margin[n] = biascope_margin_of(reference->data, norm_of(n), w);
    out->ratio[n] = out->cosine[n] = out->angle[n] = NAN;
    if (!bs_reference_certified(reference, n)) continue;
    out->ratio[n] = out->margin[n] / reference->solution[n].margin;
    const biascope_status status = biascope_margin_cosine(reference->data, norm_of(n), &reference->solution[n], w,
                                                          &out->cosine[n], &out->angle[n], NULL, error);
    if (status != BIASCOPE_OK && status != BIASCOPE_NOT_CONVERGED) return status; /* too large a face: NaN */
  }
  /* several predicted limits are those of the linf margin's face: the nearest counts */
  out->cosine_predicted = !prediction          ? NAN
                          : prediction->unique ? bs_cosine(d, prediction->direction, w)
                                               : out->cosine[BIASCOPE_LINF];
  return BIASCOPE_OK;
}
