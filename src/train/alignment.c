/* How far the momentum strays from the full gradient along a run (Section 5 of Baek, Song and Yun). */
#include "base/memory.h"
#include "loss/classes.h"
#include "train/trainer.h"
#include <math.h>
#include <stdlib.h>

static const double LOG_2 = 0x1.62e42fefa39efp-1;

typedef struct {
  const biascope_trainer *trainer;
  const double *w;   /* outputs x d */
  double *log_slope; /* N */
  double *score;     /* outputs, */
  bs_weight *weight; /* outputs: of one sample */
  double *gradient;  /* outputs x d, in units of e^largest */
  double largest;    /* of log_slope */
} measuring;

static double score(measuring *m, size_t sample) {
  const biascope_dataset *data = m->trainer->data;
  const size_t outputs = bs_outputs(data);
  for (size_t j = 0; j < outputs; j++) m->score[j] = bs_row_dot(data, sample, m->w + j * data->features);
  return outputs == 1 ? m->score[0] : bs_classes_margin(outputs, m->score, data->class[sample]);
}

/* A sample's part, in units of e^largest: `weight` at its own class, and less at the others. */
static void add_sample(measuring *m, size_t sample, double weight) {
  const biascope_dataset *data = m->trainer->data;
  const size_t outputs = bs_outputs(data), d = data->features;
  if (outputs == 1) {
    bs_row_axpy(data, sample, -weight, m->gradient);
    return;
  }
  const uint32_t listed = (uint32_t)sample, own = data->class[sample];
  score(m, sample);
  bs_classes_weigh(m->trainer->loss, outputs, 1, m->score, data->class, &listed, m->weight, 1);
  for (size_t j = 0; j < outputs; j++) {
    const double share = m->weight[j].mantissa / m->weight[own].mantissa;
    const int64_t power = m->weight[j].exponent - m->weight[own].exponent;
    bs_row_axpy(data, sample, -weight * bs_times_power_of_two(share, power), m->gradient + j * d);
  }
}

/* G in units of e^largest, and the full gradient in the same. */
static double full_gradient(measuring *m) {
  const biascope_dataset *data = m->trainer->data;
  double sum = 0.0;
  m->largest = -INFINITY;
  for (size_t i = 0; i < data->samples; i++) {
    m->log_slope[i] = m->trainer->loss->log_slope(score(m, i));
    m->largest = fmax(m->largest, m->log_slope[i]);
  }
  if (m->largest == -INFINITY) return 0.0;
  for (size_t i = 0; i < data->samples; i++) {
    const double weight = exp(m->log_slope[i] - m->largest) / (double)data->samples;
    add_sample(m, i, weight);
    sum += weight;
  }
  return sum;
}

static bool allocate(measuring *m) {
  const size_t outputs = bs_outputs(m->trainer->data);
  m->log_slope = BS_NEW(double, m->trainer->data->samples);
  m->score = BS_NEW(double, outputs);
  m->weight = BS_NEW(bs_weight, outputs);
  m->gradient = BS_NEW(double, outputs * m->trainer->data->features);
  return m->log_slope && m->score && m->weight && m->gradient;
}

static biascope_alignment compare(measuring *m) {
  const bs_moments *moments = m->trainer->moments;
  const double slope = full_gradient(m);
  double distance = 0.0, length = 0.0;
  for (size_t j = 0; j < moments->outputs; j++) {
    const double *gradient = m->gradient + j * moments->features;
    for (size_t k = 0; k < moments->features; k++) {
      const double momentum = moments[j].m[k] * exp((double)moments[j].exponent[k] * LOG_2 - m->largest);
      distance += moments[j].m[k] == 0.0 ? fabs(gradient[k]) : fabs(momentum - gradient[k]);
      length += fabs(gradient[k]);
    }
  }
  if (!(slope > 0.0)) return (biascope_alignment){.misalignment = NAN, .gradient = NAN, .log_slope = -INFINITY};
  return (biascope_alignment){distance / slope, length / slope, log(slope) + m->largest};
}

biascope_status biascope_trainer_alignment(const biascope_trainer *trainer, const double *weights,
                                           biascope_alignment *out, biascope_error *error) {
  measuring m = {.trainer = trainer, .w = weights ? weights : biascope_trainer_weights(trainer)};
  bs_trainer_state(trainer);
  const bool complete = allocate(&m);
  *out = complete ? compare(&m) : (biascope_alignment){.misalignment = NAN, .gradient = NAN, .log_slope = -INFINITY};
  free(m.log_slope);
  free(m.score);
  free(m.weight);
  free(m.gradient);
  return complete ? BIASCOPE_OK : bs_fail_memory(error, "the alignment");
}
