/* Losses and their slopes in MPFR, by the formulas of the public header. */
#ifndef BIASCOPE_TESTS_EXACT_LOSS_H
#define BIASCOPE_TESTS_EXACT_LOSS_H

#include "rule/option.h"
#include <mpfr.h>

/* to = Phi(z); scratch is another variable */
static inline void exact_normal(mpfr_ptr to, mpfr_srcptr z, mpfr_ptr scratch) {
  mpfr_set_ui(scratch, 2, MPFR_RNDN);
  mpfr_sqrt(scratch, scratch, MPFR_RNDN);
  mpfr_div(to, z, scratch, MPFR_RNDN);
  mpfr_neg(to, to, MPFR_RNDN);
  mpfr_erfc(to, to, MPFR_RNDN);
  mpfr_div_ui(to, to, 2, MPFR_RNDN);
}

/* to = e^(-z^2/2) / sqrt(2 pi) */
static inline void exact_density(mpfr_ptr to, mpfr_srcptr z, mpfr_ptr scratch) {
  mpfr_const_pi(scratch, MPFR_RNDN);
  mpfr_mul_ui(scratch, scratch, 2, MPFR_RNDN);
  mpfr_sqrt(scratch, scratch, MPFR_RNDN);
  mpfr_sqr(to, z, MPFR_RNDN);
  mpfr_div_si(to, to, -2, MPFR_RNDN);
  mpfr_exp(to, to, MPFR_RNDN);
  mpfr_div(to, to, scratch, MPFR_RNDN);
}

/* to = |l'(z)|; three variables. */
static inline void exact_slope(biascope_loss loss, mpfr_ptr to, mpfr_srcptr z, mpfr_ptr scratch) {
  switch (loss) {
  case BIASCOPE_EXPONENTIAL:
    mpfr_neg(to, z, MPFR_RNDN);
    mpfr_exp(to, to, MPFR_RNDN);
    return;
  case BIASCOPE_LOGISTIC:
    mpfr_exp(to, z, MPFR_RNDN);
    mpfr_add_ui(to, to, 1, MPFR_RNDN);
    mpfr_ui_div(to, 1, to, MPFR_RNDN);
    return;
  case BIASCOPE_POLYNOMIAL:
    mpfr_set_ui(to, 1, MPFR_RNDN);
    if (mpfr_sgn(z) <= 0) return;
    mpfr_add(to, to, z, MPFR_RNDN);
    mpfr_sqr(to, to, MPFR_RNDN);
    mpfr_ui_div(to, 1, to, MPFR_RNDN);
    return;
  case BIASCOPE_PROBIT: {
    mpfr_t normal;
    mpfr_init2(normal, mpfr_get_prec(to));
    exact_normal(normal, z, scratch);
    exact_density(to, z, scratch);
    mpfr_div(to, to, normal, MPFR_RNDN);
    mpfr_clear(normal);
    return;
  }
  case BIASCOPE_SQUARED_HINGE:
    mpfr_ui_sub(to, 1, z, MPFR_RNDN);
    mpfr_mul_ui(to, to, 2, MPFR_RNDN);
    if (mpfr_sgn(to) < 0) mpfr_set_zero(to, 1);
  }
}

/* to = l(z) */
static inline void exact_value(biascope_loss loss, mpfr_ptr to, mpfr_srcptr z, mpfr_ptr scratch) {
  switch (loss) {
  case BIASCOPE_EXPONENTIAL:
    exact_slope(loss, to, z, scratch);
    return;
  case BIASCOPE_LOGISTIC:
    mpfr_neg(to, z, MPFR_RNDN);
    mpfr_exp(to, to, MPFR_RNDN);
    mpfr_log1p(to, to, MPFR_RNDN);
    return;
  case BIASCOPE_POLYNOMIAL:
    mpfr_abs(to, z, MPFR_RNDN);
    mpfr_add_ui(to, to, 1, MPFR_RNDN);
    if (mpfr_sgn(z) > 0) mpfr_ui_div(to, 1, to, MPFR_RNDN);
    return;
  case BIASCOPE_PROBIT: { /* for z > 0 as log(1 - Phi(-z)) */
    mpfr_t argument;
    mpfr_init2(argument, mpfr_get_prec(to));
    mpfr_abs(argument, z, MPFR_RNDN);
    mpfr_neg(argument, argument, MPFR_RNDN);
    exact_normal(to, argument, scratch);
    mpfr_clear(argument);
    if (mpfr_sgn(z) > 0) {
      mpfr_neg(to, to, MPFR_RNDN);
      mpfr_log1p(to, to, MPFR_RNDN);
    } else {
      mpfr_log(to, to, MPFR_RNDN);
    }
    mpfr_neg(to, to, MPFR_RNDN);
    return;
  }
  case BIASCOPE_SQUARED_HINGE:
    mpfr_ui_sub(to, 1, z, MPFR_RNDN);
    if (mpfr_sgn(to) < 0) mpfr_set_zero(to, 1);
    mpfr_sqr(to, to, MPFR_RNDN);
  }
}

#endif
