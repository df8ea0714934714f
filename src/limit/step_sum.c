#include "limit/step_sum.h"

#include <math.h>

enum { SUMMED = 1000 }; /* terms added one by one; Euler-Maclaurin gives the rest */

static double integral(double decay, double from, double to) {
  return decay == 1.0 ? log(to / from) : (pow(to, 1.0 - decay) - pow(from, 1.0 - decay)) / (1.0 - decay);
}

double bs_step_sum(double lr, double decay, double steps) {
  const double last = steps + 1.0;
  double sum = 0.0;
  for (int n = 2; n <= SUMMED && n <= last; n++) sum += pow(n, -decay);
  if (last > SUMMED) {
    const double first = SUMMED + 1.0;
    sum += integral(decay, first, last) + 0.5 * (pow(first, -decay) + pow(last, -decay)) +
           decay / 12.0 * (pow(first, -decay - 1.0) - pow(last, -decay - 1.0));
  }
  return lr * sum;
}

double bs_steps_for(double lr, double decay, double time) {
  double low = 0.0, high = 1.0;
  while (bs_step_sum(lr, decay, high) < time) {
    low = high;
    high *= 2.0;
    if (!isfinite(high)) return INFINITY;
  }
  while (high - low > 1.0 && high - low > 1e-12 * high) {
    const double middle = floor(0.5 * (low + high));
    *(bs_step_sum(lr, decay, middle) < time ? &low : &high) = middle;
  }
  return high;
}
