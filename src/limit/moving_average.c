#include "limit/moving_average.h"

#include <math.h>
#include <string.h>

/* Row visited at time t: forwards, or backwards for the transpose. */
static size_t row_at(size_t t, size_t steps, int backward) {
  return backward ? steps - 1 - t : t;
}

/* What the average holds just before time 0: the last value of the period before. */
static void steady_state(size_t steps, size_t width, double beta, const double *in, int backward, double *state) {
  const double gain = beta < 1.0 ? (1.0 - beta) / -expm1((double)steps * log(beta)) : 1.0 / (double)steps;
  const double memory = -700.0 / log(beta); /* older input has weight below 1e-304 */
  const size_t first = beta < 1.0 && memory < (double)steps ? steps - (size_t)memory - 1 : 0;
  memset(state, 0, width * sizeof *state);
  for (size_t t = first; t < steps; t++) {
    const double *row = in + row_at(t, steps, backward) * width;
    for (size_t k = 0; k < width; k++) state[k] = beta * state[k] + row[k];
  }
  for (size_t k = 0; k < width; k++) state[k] *= gain;
}

/* past: what the average before weighs in `out`; beta, of the average itself. */
static void average(size_t steps, size_t width, double beta, double past, const double *in, double *out, int backward,
                    double *state) {
  if (past == 0.0) {
    if (out != in) memcpy(out, in, steps * width * sizeof *out);
    return;
  }
  steady_state(steps, width, beta, in, backward, state);
  for (size_t t = 0; t < steps; t++) {
    const size_t row = row_at(t, steps, backward) * width;
    for (size_t k = 0; k < width; k++) {
      const double new = in[row + k];
      out[row + k] = past * state[k] + (1.0 - past) * new;
      state[k] = beta * state[k] + (1.0 - beta) * new;
    }
  }
}

void bs_periodic_average(size_t steps, size_t width, double beta, const double *in, double *out, double *state) {
  average(steps, width, beta, beta, in, out, 0, state);
}

void bs_periodic_average_transposed(size_t steps, size_t width, double beta, const double *in, double *out,
                                    double *state) {
  average(steps, width, beta, beta, in, out, 1, state);
}

void bs_periodic_momentum(size_t steps, size_t width, const bs_epoch_rule *rule, const double *in, double *out,
                          double *state) {
  average(steps, width, rule->beta1, bs_epoch_past(rule), in, out, 0, state);
}

void bs_periodic_momentum_transposed(size_t steps, size_t width, const bs_epoch_rule *rule, const double *in,
                                     double *out, double *state) {
  average(steps, width, rule->beta1, bs_epoch_past(rule), in, out, 1, state);
}
