#include "limit/moving_average.h"

#include "base/memory.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Row visited at time t: forwards, or backwards for the transpose. */
static size_t row_at(size_t t, size_t steps, int backward) {
  return backward ? steps - 1 - t : t;
}

enum { SHORT_GAPS = 64 };

/* What is left of the state on the way to the row visited at time t from the one before, the last one before the first.
 */
static double decay_before(const bs_period *period, size_t t, int backward, const double *powers) {
  if (!period->gap) return powers[1];
  const size_t row = row_at(t, period->steps, backward);
  const double gap = period->gap[backward ? row : row > 0 ? row - 1 : period->steps - 1];
  return gap <= SHORT_GAPS ? powers[(size_t)gap] : pow(powers[1], gap);
}

/* powers[n] = beta^n of short gaps. */
static void fill_powers(double beta, double *powers) {
  powers[0] = 1.0;
  for (size_t n = 1; n <= SHORT_GAPS; n++) powers[n] = beta * powers[n - 1];
}

/* The first row that matters for the state at the end: older input has weight below 1e-304. */
static size_t first_remembered(const bs_period *period, int backward, double beta) {
  const double memory = beta < 1.0 ? -700.0 / log(beta) : INFINITY;
  double age = 0.0;
  size_t t = period->steps;
  if (memory >= period->period) return 0;
  while (t > 0 && age <= memory + 1.0) {
    t--;
    age += period->gap ? period->gap[row_at(t, period->steps, backward)] : 1.0;
  }
  return t;
}

/* What the average holds just before time 0: the last value of the period before. */
static void steady_state(const bs_period *period, size_t width, const double *powers, const double *in, int backward,
                         double *state) {
  const double beta = powers[1];
  const double gain = beta < 1.0 ? (1.0 - beta) / -expm1(period->period * log(beta)) : 1.0 / period->period;
  memset(state, 0, width * sizeof *state);
  for (size_t t = first_remembered(period, backward, beta); t < period->steps; t++) {
    const double *row = in + row_at(t, period->steps, backward) * width;
    const double decay = decay_before(period, t, backward, powers);
    for (size_t k = 0; k < width; k++) state[k] = decay * state[k] + row[k];
  }
  for (size_t k = 0; k < width; k++) state[k] *= gain;
}

/* past: what the average before weighs in `out`; beta, of the average itself. */
static void average(const bs_period *period, size_t width, double beta, double past, const double *in, double *out,
                    int backward, double *state) {
  if (past == 0.0) {
    if (out != in) memcpy(out, in, period->steps * width * sizeof *out);
    return;
  }
  double powers[SHORT_GAPS + 1];
  fill_powers(beta, powers);
  steady_state(period, width, powers, in, backward, state);
  for (size_t t = 0; t < period->steps; t++) {
    const size_t row = row_at(t, period->steps, backward) * width;
    const double decay = decay_before(period, t, backward, powers), carried = past == beta ? decay : past;
    for (size_t k = 0; k < width; k++) {
      const double new = in[row + k];
      out[row + k] = carried * state[k] + (1.0 - past) * new;
      state[k] = decay * state[k] + (1.0 - beta) * new;
    }
  }
}

void bs_periodic_average(const bs_period *period, size_t width, double beta, const double *in, double *out,
                         double *state) {
  average(period, width, beta, beta, in, out, 0, state);
}

void bs_periodic_average_transposed(const bs_period *period, size_t width, double beta, const double *in, double *out,
                                    double *state) {
  average(period, width, beta, beta, in, out, 1, state);
}

void bs_periodic_momentum(const bs_period *period, size_t width, const bs_epoch_rule *rule, const double *in,
                          double *out, double *state) {
  average(period, width, rule->beta1, bs_epoch_past(rule), in, out, 0, state);
}

void bs_periodic_momentum_transposed(const bs_period *period, size_t width, const bs_epoch_rule *rule, const double *in,
                                     double *out, double *state) {
  average(period, width, rule->beta1, bs_epoch_past(rule), in, out, 1, state);
}

biascope_status bs_mean_after_pulse(const bs_epoch_rule *rule, size_t steps, double *out, biascope_error *error) {
  double *momentum = BS_NEW(double, steps), *second = BS_NEW(double, steps), state;
  const bs_period epoch = {.steps = steps, .period = (double)steps};
  const biascope_status status = momentum && second ? BIASCOPE_OK : bs_fail_memory(error, "the moments of an epoch");
  if (status == BIASCOPE_OK) {
    momentum[0] = second[0] = 1.0;
    bs_periodic_momentum(&epoch, 1, rule, momentum, momentum, &state);
    bs_periodic_average(&epoch, 1, rule->beta2, second, second, &state);
    *out = 0.0;
    for (size_t t = 0; t < steps; t++) *out += second[t] > 0.0 ? momentum[t] / sqrt(second[t]) : 0.0;
    *out /= (double)steps;
  }
  free(momentum);
  free(second);
  return status;
}
