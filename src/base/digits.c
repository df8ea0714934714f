#include "biascope.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

/* Relative: processors and linear algebra libraries differ by this much even if the certificate is exact. */
static const double ROUNDING = 4.0 * DBL_EPSILON;

/* The exponent of the last decimal for which an error of `uncertainty` changes a rounded value by at most one
 * unit. */
static int last_decimal(double uncertainty) {
  return (int)ceil(log10(2.0 * uncertainty));
}

biascope_text biascope_digits(double value, double uncertainty, int most) {
  biascope_text out = {"-"};
  if (!isfinite(value)) return out;
  const double size = fabs(value), error = fmax(isfinite(uncertainty) ? uncertainty : size, ROUNDING * size);
  const int first = size > 0.0 ? (int)floor(log10(size)) : 0;
  int last = first - (most < DBL_DIG ? most : DBL_DIG) + 1;
  if (error > 0.0 && last_decimal(error) > last) last = last_decimal(error);
  const bool sign_known = error < size && size >= 0.5 * pow(10.0, last);
  if (last > first && !sign_known) value = size;
  if (last > 0 || (first < -5 && last <= first) || last < -DBL_DIG)
    snprintf(out.text, sizeof out.text, "%.*e", last < first ? first - last : 0, value);
  else
    snprintf(out.text, sizeof out.text, "%.*f", -last, value);
  return out;
}

biascope_text biascope_small_digits(double value, double uncertainty, int most) {
  biascope_text out = biascope_digits(value, uncertainty, most);
  if (value <= uncertainty && isfinite(uncertainty))
    snprintf(out.text, sizeof out.text, "<%.0e", pow(10.0, last_decimal(uncertainty)));
  return out;
}

double biascope_angle_of_gap(double gap) {
  return 2.0 * sqrt(fmax(gap, 0.0)) + DBL_EPSILON;
}

double biascope_angle_known_to(double gap) {
  return biascope_angle_of_gap(fmax(gap, DBL_EPSILON));
}

double biascope_cosine_known_to(double cosine, double angle) {
  const double sine = sqrt(fmax(0.0, (1.0 - cosine) * (1.0 + cosine)));
  return (sine + angle) * angle;
}
