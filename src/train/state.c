/* What is said of a run's state. */
#include "train/trainer.h"

#include <math.h>

void bs_trainer_second_moment(const biascope_trainer *trainer, double *v) {
  const bs_moments *first = bs_trainer_state(trainer);
  for (const bs_moments *moments = first; moments < first + first->outputs; moments++, v += first->features)
    for (size_t k = 0; k < first->features; k++) {
      const int64_t exponent = moments->exponent[moments->common ? 0 : k];
      v[k] = ldexp(moments->v[k], (int)fmax(-4096.0, 2.0 * (double)exponent));
    }
}

double biascope_trainer_log_loss(const biascope_trainer *trainer) {
  bs_loss_mean mean = {-INFINITY, 0.0};
  for (size_t i = 0; i < trainer->data->samples; i++)
    bs_loss_mean_add(&mean, trainer->loss->log_value(bs_trainer_margin(trainer, i)));
  return bs_loss_mean_log(&mean, trainer->data->samples);
}

/* The logs of the largest ||g_i||_1 and ||g_i||_inf over the samples' own gradients g_i = l'(x_i.w) x_i. Of several
 * classes g_i has l'(z) x_i for the own class, and parts for the others that sum to the opposite. */
static void largest_gradients(const biascope_trainer *trainer, double *log_sum, double *log_entry) {
  const biascope_dataset *data = trainer->data;
  const size_t outputs = trainer->moments->outputs;
  *log_sum = *log_entry = -INFINITY;
  for (size_t i = 0; i < data->samples; i++) {
    const bs_row row = bs_row_of(data, i);
    double sum = 0.0, entry = 0.0;
    for (size_t at = 0; at < row.count; at++) {
      const double size = fabs(row.value[at]);
      sum += size;
      entry = fmax(entry, size);
    }
    const double log_slope = trainer->loss->log_slope(bs_trainer_margin(trainer, i));
    *log_sum = fmax(*log_sum, log_slope + log(outputs > 1 ? 2.0 * sum : sum));
    *log_entry = fmax(*log_entry, log_slope + log(entry));
  }
}

biascope_staleness biascope_trainer_staleness(const biascope_trainer *trainer) {
  enum { STALE = 2 };
  double log_sum, log_entry;
  largest_gradients(trainer, &log_sum, &log_entry);
  biascope_staleness state = {0};
  if (trainer->moments->decay > 0.0) return state; /* moments hold the decay's part for good */
  if (log_entry == -INFINITY) return state;        /* no sample has a gradient: nothing to fall behind of */
  if (trainer->moments->beta1 > 0.0)
    state.momentum_excess = exp(bs_moments_log_sum(bs_trainer_state(trainer)) - log_sum);
  if (trainer->moments->beta2 > 0.0)
    state.second_moment_excess = exp(bs_moments_log_largest_root(bs_trainer_state(trainer)) - log_entry);
  state.momentum_stale = state.momentum_excess > STALE;
  state.second_moment_stale = state.second_moment_excess > STALE;
  return state;
}
