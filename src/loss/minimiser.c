/* Newton's method with a ridge (Levenberg and Marquardt) for the finite minimiser of the loss on the inseparable
 * samples, in coordinates of their span. */
#include "base/dense.h"
#include "base/memory.h"
#include "base/vector.h"
#include "data/dataset.h"
#include "loss/loss.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_STEPS = 1000 };
/* The goal of Newton's method. If rounding prevents it, the method stops and reports the residual. */
static const double CONVERGED = 1e-15, ACCEPTED = 1e-10;
static const double LEAST_RIDGE = 1e-14, MOST_RIDGE = 1e12;

typedef struct {
  const bs_loss *loss;
  size_t count, rank;
  double *rows;             /* count x rank: the samples in the span's coordinates */
  double *point, *trial;    /* rank */
  double *gradient, *step;  /* rank */
  double *hessian, *factor; /* rank x rank */
  double residual;          /* |gradient| / sum_i |l'| ||x_i|| */
} minimisation;

static bool allocate(minimisation *m) {
  double **const by_rank[] = {&m->point, &m->trial, &m->gradient, &m->step};
  bool complete = true;
  for (size_t i = 0; i < sizeof by_rank / sizeof by_rank[0]; i++)
    complete = (*by_rank[i] = BS_NEW(double, m->rank)) && complete;
  m->rows = BS_NEW(double, m->count * m->rank);
  m->hessian = BS_NEW(double, m->rank * m->rank);
  m->factor = BS_NEW(double, m->rank * m->rank);
  return complete && m->rows && m->hessian && m->factor;
}

static void release(minimisation *m) {
  double *const owned[] = {m->point, m->trial, m->gradient, m->step, m->rows, m->hessian, m->factor};
  for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++) free(owned[i]);
}

static double value_at(const minimisation *m, const double *point) {
  double sum = 0.0;
  for (size_t i = 0; i < m->count; i++) sum += exp(m->loss->log_value(bs_dot(m->rank, m->rows + i * m->rank, point)));
  return sum;
}

/* Gradient, Hessian (lower triangle, column-major) and residual at the point. Returns the scale of the Hessian, which
 * is not zero even where the losses are straight. */
static double differentiate(minimisation *m) {
  const size_t r = m->rank;
  double size = 0.0, scale = 0.0;
  memset(m->gradient, 0, r * sizeof *m->gradient);
  memset(m->hessian, 0, r * r * sizeof *m->hessian);
  for (size_t i = 0; i < m->count; i++) {
    const double *row = m->rows + i * r, z = bs_dot(r, row, m->point), slope = exp(m->loss->log_slope(z));
    if (slope == 0.0) continue;
    const double curvature = slope * m->loss->slope_decay(z), length = bs_norm2(r, row);
    bs_axpy(r, -slope, row, m->gradient);
    for (size_t k = 0; k < r; k++) bs_axpy(r - k, curvature * row[k], row + k, m->hessian + k * (r + 1));
    size += slope * length;
    scale += (slope + curvature) * length * length / (double)r;
  }
  m->residual = size > 0.0 ? bs_norm2(r, m->gradient) / size : 0.0;
  return scale;
}

/* The Newton step with this ridge; false if the matrix is not positive definite. */
static bool find_step(minimisation *m, double ridge) {
  const size_t r = m->rank;
  memcpy(m->factor, m->hessian, r * r * sizeof *m->factor);
  for (size_t k = 0; k < r; k++) {
    m->factor[k * (r + 1)] += ridge;
    m->step[k] = -m->gradient[k];
  }
  if (!bs_dense_cholesky(r, m->factor, r)) return false;
  bs_dense_cholesky_solve(r, m->factor, r, m->step);
  return true;
}

/* Takes steps that lower the value or, near the end where rounding of the value hides that, the residual. */
static void descend(minimisation *m) {
  double ridge = LEAST_RIDGE, value = value_at(m, m->point), scale = differentiate(m);
  for (int n = 0; n < MOST_STEPS && m->residual > CONVERGED && ridge < MOST_RIDGE; n++) {
    if (!find_step(m, ridge * scale)) {
      ridge *= 10.0;
      continue;
    }
    for (size_t k = 0; k < m->rank; k++) m->trial[k] = m->point[k] + m->step[k];
    const double trial_value = value_at(m, m->trial), residual = m->residual;
    double *const point = m->point;
    m->point = m->trial;
    m->trial = point;
    scale = differentiate(m);
    if (trial_value < value - 1e-12 * value || (trial_value <= value * (1.0 + 1e-12) && m->residual < residual)) {
      value = trial_value;
      ridge = fmax(LEAST_RIDGE, 0.1 * ridge);
      continue;
    }
    m->trial = m->point;
    m->point = point;
    scale = differentiate(m);
    if (m->residual <= ACCEPTED && ridge > 1.0) return; /* only rounding is left */
    ridge *= 10.0;
  }
}

biascope_status biascope_parts_minimise(const biascope_dataset *data, const biascope_parts *parts, const char *loss,
                                        double *minimiser, double *residual, biascope_error *error) {
  const size_t n = data->samples, d = data->features;
  minimisation m = {.loss = bs_loss_named(loss), .count = n - parts->separable_count, .rank = parts->rank};
  memset(minimiser, 0, d * sizeof *minimiser);
  *residual = 0.0;
  if (!m.loss) return bs_fail(error, BIASCOPE_USAGE, "'%s' is no loss that is known", loss);
  if (m.rank == 0) return BIASCOPE_OK;
  if (!allocate(&m)) {
    release(&m);
    return bs_fail_memory(error, "the minimiser");
  }
  for (size_t i = 0, row = 0; i < n; i++) {
    if (parts->separable[i]) continue;
    for (size_t r = 0; r < m.rank; r++) m.rows[row * m.rank + r] = bs_row_dot(data, i, parts->basis + r * d);
    row++;
  }
  const double scale = 1.0 / bs_max_abs(m.count * m.rank, m.rows); /* so that squares are in range */
  bs_scale(m.count * m.rank, scale, m.rows);
  descend(&m);
  for (size_t r = 0; r < m.rank; r++) bs_axpy(d, scale * m.point[r], parts->basis + r * d, minimiser);
  *residual = m.residual;
  release(&m);
  if (*residual <= ACCEPTED) return BIASCOPE_OK;
  return bs_fail(error, BIASCOPE_NOT_CONVERGED, "the finite minimiser is known to a relative gradient of %.1e only",
                 *residual);
}
