#include "problem/limits.h"

#include "base/error.h"
#include "base/memory.h"
#include "rule/optimizer.h"
#include "rule/option.h"
#include <pthread.h>
#include <stdlib.h>

/* A limit, computed by the first thread that asks; the others wait for its lock. */
typedef struct kept_limit kept_limit;
struct kept_limit {
  biascope_options options;
  pthread_mutex_t lock;
  bool known;
  biascope_status status;
  biascope_error error;
  biascope_prediction limit;
  kept_limit *next;
};

struct bs_limits {
  pthread_mutex_t lock; /* guards the list, not its items */
  kept_limit *first;
};

bs_limits *bs_limits_create(void) {
  bs_limits *limits = BS_NEW(bs_limits, 1);
  if (limits) pthread_mutex_init(&limits->lock, NULL);
  return limits;
}

void bs_limits_free(bs_limits *limits) {
  if (!limits) return;
  for (kept_limit *item = limits->first, *next; item; item = next) {
    next = item->next;
    biascope_prediction_free(&item->limit);
    pthread_mutex_destroy(&item->lock);
    free(item);
  }
  pthread_mutex_destroy(&limits->lock);
  free(limits);
}

/* The limit does not depend on the scale of a decaying step size, except where eps or weight decay sets a scale, and
 * for Adagrad, whose second moment grows with the distance covered. */
static bool limit_reads_lr(const biascope_options *options) {
  return options->lr_decay == 0.0 || options->eps > 0.0 || bs_weights_shrink(options) ||
         options->optimizer == BIASCOPE_ADAGRAD;
}

bool bs_same_limit(const biascope_options *a, const biascope_options *b) {
  for (int i = 0; i < BS_OPTIONS; i++) {
    const bs_option option = (bs_option)i;
    if (bs_option_row_of(option)->speed_only || (option == BS_OPTION_LR && !limit_reads_lr(a))) continue;
    if (!bs_option_equal(option, bs_option_get(a, option), bs_option_get(b, option))) return false;
  }
  return true;
}

static kept_limit *find(bs_limits *limits, const biascope_options *options) {
  pthread_mutex_lock(&limits->lock);
  kept_limit *item = limits->first;
  while (item && !bs_same_limit(&item->options, options)) item = item->next;
  if (!item && (item = BS_NEW(kept_limit, 1))) {
    item->options = *options;
    if (!limit_reads_lr(options)) item->options.lr = bs_options_of(options->optimizer).lr;
    pthread_mutex_init(&item->lock, NULL);
    item->next = limits->first;
    limits->first = item;
  }
  pthread_mutex_unlock(&limits->lock);
  return item;
}

biascope_status bs_limits_find(bs_limits *limits, const biascope_dataset *data, const biascope_options *options,
                               double effort, const biascope_prediction **out, biascope_error *error) {
  *out = NULL;
  kept_limit *item = find(limits, options);
  if (!item) return bs_fail_memory(error, "a prediction");
  pthread_mutex_lock(&item->lock);
  if (!item->known) {
    const biascope_predict_options affordable = {.effort = effort};
    item->status = biascope_predict(data, &item->options, &affordable, &item->limit, &item->error);
    item->known = item->status != BIASCOPE_NO_MEMORY;
  }
  const biascope_status status = item->status;
  if (status != BIASCOPE_OK && error) *error = item->error;
  pthread_mutex_unlock(&item->lock);
  if (status == BIASCOPE_OK || status == BIASCOPE_NOT_CONVERGED) *out = &item->limit;
  return status;
}
