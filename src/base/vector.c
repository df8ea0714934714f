#include "base/vector.h"

#include <math.h>

double bs_dot(size_t n, const double *a, const double *b) {
  double sum = 0.0;
  for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
  return sum;
}

void bs_axpy(size_t n, double scale, const double *x, double *y) {
  for (size_t i = 0; i < n; i++) y[i] += scale * x[i];
}

void bs_scale(size_t n, double scale, double *x) {
  for (size_t i = 0; i < n; i++) x[i] *= scale;
}

double bs_max_abs(size_t n, const double *x) {
  double largest = 0.0;
  for (size_t i = 0; i < n; i++) largest = fmax(largest, fabs(x[i]));
  return largest;
}

/* A power of two that brings the largest entry near 1; exact to multiply by. */
static double unit_scale(size_t n, const double *x) {
  const double largest = bs_max_abs(n, x);
  if (!(largest > 0.0) || !isfinite(largest)) return 1.0;
  int exponent = ilogb(largest);
  if (exponent < -1020) exponent = -1020; /* keeps the reciprocal finite */
  return ldexp(1.0, -exponent);
}

double bs_norm2(size_t n, const double *x) {
  const double scale = unit_scale(n, x);
  double sum = 0.0;
  for (size_t i = 0; i < n; i++) sum += (x[i] * scale) * (x[i] * scale);
  return sqrt(sum) / scale;
}

double bs_cosine(size_t n, const double *a, const double *b) {
  const double scale_a = unit_scale(n, a), scale_b = unit_scale(n, b);
  double ab = 0.0, aa = 0.0, bb = 0.0;
  for (size_t i = 0; i < n; i++) {
    const double x = a[i] * scale_a, y = b[i] * scale_b;
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  if (!(aa > 0.0) || !(bb > 0.0)) return 0.0;
  return fmax(-1.0, fmin(1.0, ab / sqrt(aa) / sqrt(bb)));
}

/* 2 atan(|u - v| / |u + v|) of the unit vectors. */
double bs_angle(size_t n, const double *a, const double *b) {
  const double length_a = bs_norm2(n, a), length_b = bs_norm2(n, b);
  if (!(length_a > 0.0) || !(length_b > 0.0)) return 2.0 * atan(1.0);
  double apart = 0.0, together = 0.0;
  for (size_t i = 0; i < n; i++) {
    const double u = a[i] / length_a, v = b[i] / length_b;
    apart += (u - v) * (u - v);
    together += (u + v) * (u + v);
  }
  return 2.0 * atan2(sqrt(apart), sqrt(together));
}

double bs_log_sum_exp(size_t n, const double *x) {
  double largest = -INFINITY, sum = 0.0;
  for (size_t i = 0; i < n; i++) largest = fmax(largest, x[i]);
  for (size_t i = 0; i < n; i++) sum += exp(x[i] - largest);
  return largest + log(sum);
}
