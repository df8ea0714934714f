/* How far the momentum strays from the full gradient along a run (Section 5 of Baek, Song and Yun). */
#include "base/memory.h"
#include "train/trainer.h"
#include <math.h>
#include <stdlib.h>

static const double LOG_2 = 0x1.62e42fefa39efp-1;

typedef struct {
  const biascope_trainer *trainer;
  const double *w;
  double *log_slope; /* N */
  double *gradient;  /* d, in units of e^largest */
  double largest;    /* of log_slope */
} measuring;

/* G in units of e^largest, and the full gradient in the same. */
static double full_gradient(measuring *m) {
  const biascope_dataset *data = m->trainer->data;
  double sum = 0.0;
  m->largest = -INFINITY;
  for (size_t i = 0; i < data->samples; i++) {
    m->log_slope[i] = m->trainer->loss->log_slope(bs_row_dot(data, i, m->w));
    m->largest = fmax(m->largest, m->log_slope[i]);
  }
  if (m->largest == -INFINITY) return 0.0;
  for (size_t i = 0; i < data->samples; i++) {
    const double weight = exp(m->log_slope[i] - m->largest) / (double)data->samples;
    bs_row_axpy(data, i, -weight, m->gradient);
    sum += weight;
  }
  return sum;
}

biascope_status biascope_trainer_alignment(const biascope_trainer *trainer, const double *weights,
                                           biascope_alignment *out, biascope_error *error) {
  const bs_moments *moments = bs_trainer_state(trainer);
  measuring m = {.trainer = trainer, .w = weights ? weights : moments->w};
  m.log_slope = BS_NEW(double, trainer->data->samples);
  m.gradient = BS_NEW(double, moments->features);
  biascope_status status = BIASCOPE_OK;
  *out = (biascope_alignment){.misalignment = NAN, .gradient = NAN, .log_slope = -INFINITY};
  if (m.log_slope && m.gradient) {
    const double slope = full_gradient(&m);
    double distance = 0.0, length = 0.0;
    for (size_t k = 0; k < moments->features; k++) {
      const double momentum = moments->m[k] * exp((double)moments->exponent[k] * LOG_2 - m.largest);
      distance += moments->m[k] == 0.0 ? fabs(m.gradient[k]) : fabs(momentum - m.gradient[k]);
      length += fabs(m.gradient[k]);
    }
    if (slope > 0.0) *out = (biascope_alignment){distance / slope, length / slope, log(slope) + m.largest};
  } else {
    status = bs_fail_memory(error, "the alignment");
  }
  free(m.log_slope);
  free(m.gradient);
  return status;
}
