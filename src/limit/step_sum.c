#include "limit/step_sum.h"

#include <math.h>
#include <stdbool.h>

enum { SUMMED = 64 }; /* terms added one by one; Euler-Maclaurin gives the rest, to rounding */

static double integral(double decay, double from, double to) {
  return decay == 1.0 ? log(to / from) : (pow(to, 1.0 - decay) - pow(from, 1.0 - decay)) / (1.0 - decay);
}

/* The corrections at one end: s/12 n^-(s+1) - s(s+1)(s+2)/720 n^-(s+3) + s...(s+4)/30240 n^-(s+5). */
static double corrections(double s, double n) {
  const double third = s * (s + 1.0) * (s + 2.0), fifth = third * (s + 3.0) * (s + 4.0), square = n * n;
  return pow(n, -s - 1.0) * (s / 12.0 - (third / 720.0 - fifth / 30240.0 / square) / square);
}

/* sum_(n = 2)^last n^-decay, for last up to SUMMED */
static double first_terms(double decay, double last) {
  double sum = 0.0;
  for (int n = 2; n <= SUMMED && n <= last; n++) sum += pow(n, -decay);
  return sum;
}

/* sum_(n = SUMMED + 1)^last n^-decay, for last above that */
static double other_terms(double decay, double last) {
  const double first = SUMMED + 1.0;
  return integral(decay, first, last) + 0.5 * (pow(first, -decay) + pow(last, -decay)) + corrections(decay, first) -
         corrections(decay, last);
}

double bs_step_sum(double lr, double decay, double steps) {
  const double last = steps + 1.0, first = first_terms(decay, last);
  return lr * (last > SUMMED ? first + other_terms(decay, last) : first);
}

double bs_steps_for(double lr, double decay, double time) {
  const double first = first_terms(decay, SUMMED);
  const bool early = time <= lr * first;
  double low = early ? 0.0 : SUMMED - 1.0, high = early ? SUMMED - 1.0 : 2.0 * SUMMED;
  while (!early && lr * (first + other_terms(decay, high + 1.0)) < time) {
    low = high;
    high *= 2.0;
    if (!isfinite(high)) return INFINITY;
  }
  while (high - low > 1.0 && high - low > 1e-12 * high) {
    const double middle = floor(0.5 * (low + high));
    const double sum = early ? bs_step_sum(lr, decay, middle) : lr * (first + other_terms(decay, middle + 1.0));
    *(sum < time ? &low : &high) = middle;
  }
  return high;
}
