/* What a certificate supports: how many digits of a number, how far an angle and a cosine. */
#ifndef BIASCOPE_BASE_DIGITS_H
#define BIASCOPE_BASE_DIGITS_H

/* A number as the program prints it: `most` significant digits, fewer where its uncertainty (absolute) supports fewer,
 * so that two values within it differ by one unit of the last digit at most; "-" where it is not finite. JSON keeps the
 * whole double. */
typedef struct {
  char text[40];
} bs_text;
bs_text bs_digits(double value, double uncertainty, int most);
/* Of a value that is never negative; "<" and a bound where it is no larger than its uncertainty. */
bs_text bs_small_digits(double value, double uncertainty, int most);
/* The angle, in radians, between the direction that a relative gap certifies and the exact one. For unit vectors at an
 * angle a, margins being concave, margin(w + w*) >= (2 - gap) margin*, while |w + w*| = 2 cos(a/2): so cos(a/2) >= 1 -
 * gap/2, and a <= 2 sqrt(gap) to first order. It is a proof for the l2 norm and an estimate for others. */
double bs_angle_of_gap(double gap);
/* The same of a gap of rounding at least: how far below that a gap comes out depends on the processor. */
double bs_angle_known_to(double gap);
/* How far a cosine may be off where the angle is known to within `angle`. */
double bs_cosine_known_to(double cosine, double angle);

#endif
