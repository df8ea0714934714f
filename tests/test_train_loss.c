/* Every loss, its slope and its slope's decay against their formulas in 400-bit arithmetic. */
#include "exact_loss.h"
#include "loss/loss.h"
#include "margin_cases.h"
#include "rule/option.h"
#include <float.h>

enum { BITS = 400, LOSSES = 5, POINTS = 4000 };

/* Logs are relative to sizes, so their own error is absolute; x^2/2 costs its last place. */
static void assert_log(const char *what, const bs_loss *loss, double z, double found, mpfr_t exact) {
  if (mpfr_zero_p(exact)) {
    if (found != -INFINITY) fail_msg("%s of %s at %.17g: %.17g; expected -infinity", what, loss->name, z, found);
    return;
  }
  mpfr_log(exact, exact, MPFR_RNDN);
  const double expected = mpfr_get_d(exact, MPFR_RNDN);
  mpfr_sub_d(exact, exact, found, MPFR_RNDN);
  const double error = fabs(mpfr_get_d(exact, MPFR_RNDN));
  if (!(error <= 32 * DBL_EPSILON * (1.0 + fabs(expected))))
    fail_msg("%s of %s at %.17g: %.17g is off by %.3g", what, loss->name, z, found, error);
}

/* Margins of every size and sign, and those near where formulas change. */
static double point(int index) {
  static const double seams[] = {0.0, 1.0, -5.0, 5.0, 9.0, 40.0, 745.0};
  const double u = bs_random_uniform((uint64_t)index, BS_STREAM_NOISE, 1);
  if (index % 4 == 0) return seams[index / 4 % 7] * (1.0 + 1e-9 * (u - 0.5));
  const double size = pow(10.0, -8.0 + 13.0 * u);
  return index % 2 ? size : -size;
}

static void losses_are_their_formulas(void **state) {
  (void)state;
  mpfr_t z, to, scratch;
  mpfr_inits2(BITS, z, to, scratch, (mpfr_ptr)0);
  for (int l = 0; l < LOSSES; l++) {
    const bs_loss *loss = bs_loss_of((biascope_loss)l);
    for (int i = 0; i < POINTS; i++) {
      const double x = point(i);
      mpfr_set_d(z, x, MPFR_RNDN);
      exact_value((biascope_loss)l, to, z, scratch);
      assert_log("the value", loss, x, loss->log_value(x), to);
      exact_slope((biascope_loss)l, to, z, scratch);
      assert_log("the slope", loss, x, loss->log_slope(x), to);
    }
  }
  mpfr_clears(z, to, scratch, (mpfr_ptr)0);
}

/* Weights are relative to nothing: theirs is a relative error, a few units in the last place where no logarithm is
 * between, and those of the logarithm where one is. */
static void assert_weight(const bs_loss *loss, double z, bs_weight found, mpfr_t exact) {
  const bool direct = loss == &bs_loss_logistic || loss == &bs_loss_exponential;
  const double log_size = fabs(loss->log_slope(z));
  const double allowed = direct ? 1e-15 : 32 * DBL_EPSILON * (1.0 + log_size);
  if (mpfr_zero_p(exact)) {
    assert_true(found.mantissa == 0.0);
    return;
  }
  mpfr_div_2si(exact, exact, (long)found.exponent, MPFR_RNDN);
  const double expected = mpfr_get_d(exact, MPFR_RNDN);
  if (!(fabs(found.mantissa - expected) <= allowed * expected))
    fail_msg("the weight of %s at %.17g: %.17g; expected %.17g", loss->name, z, found.mantissa, expected);
}

static void weights_are_the_slopes_one_at_a_time_or_many(void **state) {
  (void)state;
  static double margin[POINTS];
  static bs_weight many[POINTS];
  mpfr_t z, to, scratch;
  mpfr_inits2(BITS, z, to, scratch, (mpfr_ptr)0);
  for (int i = 0; i < POINTS; i++) margin[i] = point(i);
  for (int l = 0; l < LOSSES; l++) {
    const bs_loss *loss = bs_loss_of((biascope_loss)l);
    loss->weigh(POINTS, margin, many);
    for (int i = 0; i < POINTS; i++) {
      bs_weight one;
      loss->weigh(1, &margin[i], &one);
      assert_memory_equal(&one, &many[i], sizeof one);
      mpfr_set_d(z, margin[i], MPFR_RNDN);
      exact_slope((biascope_loss)l, to, z, scratch);
      assert_weight(loss, margin[i], one, to);
    }
  }
  mpfr_clears(z, to, scratch, (mpfr_ptr)0);
}

/* log |l'(z)| by central differences of step 2^-80: exact to its square. */
static double exact_decay(biascope_loss loss, double x, mpfr_t z, mpfr_t low, mpfr_t high, mpfr_t scratch) {
  static const double STEP = 0x1p-80;
  mpfr_set_d(z, x, MPFR_RNDN);
  mpfr_sub_d(z, z, STEP, MPFR_RNDN);
  exact_slope(loss, low, z, scratch);
  mpfr_log(low, low, MPFR_RNDN);
  mpfr_add_d(z, z, 2.0 * STEP, MPFR_RNDN);
  exact_slope(loss, high, z, scratch);
  mpfr_log(high, high, MPFR_RNDN);
  mpfr_sub(low, low, high, MPFR_RNDN);
  mpfr_div_d(low, low, 2.0 * STEP, MPFR_RNDN);
  return mpfr_get_d(low, MPFR_RNDN);
}

static void slope_decay_is_the_slopes_derivative(void **state) {
  (void)state;
  mpfr_t z, low, high, scratch;
  mpfr_inits2(BITS, z, low, high, scratch, (mpfr_ptr)0);
  for (int l = 0; l < LOSSES; l++) {
    const bs_loss *loss = bs_loss_of((biascope_loss)l);
    for (int i = 0; i < POINTS; i += 3) {
      const double x = point(i);
      if (l == BIASCOPE_SQUARED_HINGE && x > 1.0 - 1e-6) continue; /* no slope, or a corner nearby */
      if (l == BIASCOPE_POLYNOMIAL && fabs(x) < 1e-6) continue;    /* the same */
      const double expected = exact_decay((biascope_loss)l, x, z, low, high, scratch), found = loss->slope_decay(x);
      /* log |l'| of the far logistic and probit tails ends in 400 bits, too */
      if (!(fabs(found - expected) <= 1e-13 * fabs(expected) + 1e-14))
        fail_msg("slope decay of %s at %.17g: %.17g; expected %.17g", loss->name, x, found, expected);
    }
  }
  mpfr_clears(z, low, high, scratch, (mpfr_ptr)0);
}

static void numbers_that_are_no_loss_have_none(void **state) {
  (void)state;
  assert_null(bs_loss_of((biascope_loss)LOSSES));
  assert_null(bs_loss_of((biascope_loss)-1));
}

int main(void) {
  mpfr_set_emin(mpfr_get_emin_min());
  mpfr_set_emax(mpfr_get_emax_max());
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(losses_are_their_formulas),
      cmocka_unit_test(weights_are_the_slopes_one_at_a_time_or_many),
      cmocka_unit_test(slope_decay_is_the_slopes_derivative),
      cmocka_unit_test(numbers_that_are_no_loss_have_none),
  };
  const int failed = cmocka_run_group_tests_name("losses", tests, NULL, NULL);
  mpfr_free_cache();
  return failed;
}
