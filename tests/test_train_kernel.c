/* The kernels that the machine's best instruction set runs give the bits of the plainest one's. */
#include "base/memory.h"
#include "base/vector.h"
#include "margin_cases.h"

#define BIASCOPE_BASELINE_KERNEL
#define select select_lanes /* not the one of <sys/select.h> */
#define bs_kernel_dot baseline_dot
#define bs_kernel_add baseline_add
#define bs_kernel_add_square baseline_add_square
#define bs_kernel_update baseline_update
#include "train/kernel.c"
#undef bs_kernel_dot
#undef bs_kernel_add
#undef bs_kernel_add_square
#undef bs_kernel_update
double bs_kernel_dot(size_t padded, const double *x, const double *w);
void bs_kernel_add(size_t padded, double scale, const double *x, double *g);
void bs_kernel_add_square(size_t padded, double scale, const double *x, double *v);
unsigned bs_kernel_update(const bs_optimizer_rule *rule, const bs_update *update);

enum { MOST = 96, ARRAYS = 5 };

/* Random values over many powers of two; every seventh is zero, past `n` all are. Those of v are positive. */
static void fill(size_t n, uint64_t seed, double *array[ARRAYS]) {
  for (size_t a = 0; a < ARRAYS; a++) {
    for (size_t k = 0; k < MOST; k++) {
      const uint64_t at = a * MOST + k;
      const int power = (int)bs_random_below(seed, BS_STREAM_LABELS, at, 200) - 100;
      const double value = k < n && at % 7 ? ldexp(bs_random_normal(seed, BS_STREAM_NOISE, at), power) : 0.0;
      array[a][k] = a >= 3 ? fabs(value) : value;
    }
  }
}

/* One for every coordinate of a vector, as for runs side by side. */
static bs_rates some_rates(uint64_t seed) {
  bs_rates rates;
  for (size_t j = 0; j < BS_LANES; j++) {
    rates.beta1[j] = bs_random_uniform(seed, BS_STREAM_LABELS, j);
    rates.beta2[j] = bs_random_uniform(seed, BS_STREAM_LABELS, BS_LANES + j);
    rates.eta[j] = 0.1 * bs_random_uniform(seed, BS_STREAM_LABELS, 2 * BS_LANES + j);
    rates.shrink[j] = 1.0 - 0.01 * rates.eta[j];
  }
  return rates;
}

static void every_instruction_set_gives_the_same_bits(void **state) {
  (void)state;
  double *ours[ARRAYS], *theirs[ARRAYS]; /* g, m, w, v, eps */
  for (int a = 0; a < ARRAYS; a++) {
    ours[a] = BS_NEW(double, MOST);
    theirs[a] = BS_NEW(double, MOST);
    assert_true(ours[a] && theirs[a]);
  }
  for (uint64_t seed = 0; seed < 900; seed++) {
    const size_t n = 1 + seed % (MOST - 1), padded = bs_padded(n);
    const bs_optimizer_rule *rule = bs_optimizer_rule_of((biascope_optimizer)(seed % 9));
    fill(n, seed, ours);
    fill(n, seed, theirs);
    const double dot = bs_kernel_dot(padded, ours[0], ours[2]);
    assert_true(dot == baseline_dot(padded, theirs[0], theirs[2]));
    bs_kernel_add(padded, 0.3, ours[2], ours[0]);
    baseline_add(padded, 0.3, theirs[2], theirs[0]);
    bs_kernel_add_square(padded, 0.7, ours[2], ours[3]);
    baseline_add_square(padded, 0.7, theirs[2], theirs[3]);
    const bs_rates rates = some_rates(seed);
    const bs_update update = {padded, ours[0], ours[1], ours[3], ours[2], ours[4], &rates};
    const unsigned tiny = bs_kernel_update(rule, &update);
    const bs_update plain = {padded, theirs[0], theirs[1], theirs[3], theirs[2], theirs[4], &rates};
    assert_int_equal(tiny, baseline_update(rule, &plain));
    for (int a = 0; a < ARRAYS; a++) assert_memory_equal(ours[a], theirs[a], MOST * sizeof(double));
  }
  for (int a = 0; a < ARRAYS; a++) {
    free(ours[a]);
    free(theirs[a]);
  }
}

/* The step in extended precision, with the root and the division as they are written. */
static long double plain_step(long double m, long double v, long double eps) {
  return sqrtl(v) + eps > 0.0L ? m / (sqrtl(v) + eps) : 0.0L;
}

static void steps_are_those_of_the_plain_formula_to_1e_15(void **state) {
  (void)state;
  double *array[ARRAYS];
  bs_rates as_they_are; /* the moments and weights before the step */
  for (size_t j = 0; j < BS_LANES; j++)
    as_they_are.beta1[j] = as_they_are.beta2[j] = as_they_are.eta[j] = as_they_are.shrink[j] = 1.0;
  for (int a = 0; a < ARRAYS; a++) assert_non_null(array[a] = BS_NEW(double, MOST));
  for (uint64_t seed = 0; seed < 500; seed++) {
    const bool has_eps = seed % 2;
    fill(MOST, seed, array);
    for (size_t k = 0; k < MOST && !has_eps; k++) array[4][k] = 0.0;
    if (seed % 4 == 0) bs_scale(MOST, 0x1p-60, array[1]); /* and v from 2^-1074 up */
    if (seed % 4 == 0)
      for (size_t k = 0; k < MOST; k++) array[3][k] *= 0x1p-960;
    memset(array[2], 0, MOST * sizeof(double));
    memset(array[0], 0, MOST * sizeof(double));
    const bs_update update = {MOST, array[0], array[1], array[3], array[2], array[4], &as_they_are};
    bs_kernel_update(bs_optimizer_rule_of(BIASCOPE_ADAM), &update);
    for (size_t k = 0; k < MOST; k++) {
      const long double step = plain_step((long double)array[1][k], (long double)array[3][k], (long double)array[4][k]);
      assert_true(fabsl((long double)array[2][k] + step) <= 1e-15L * fabsl(step));
    }
  }
  for (int a = 0; a < ARRAYS; a++) free(array[a]);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_instruction_set_gives_the_same_bits),
                                     cmocka_unit_test(steps_are_those_of_the_plain_formula_to_1e_15)};
  return cmocka_run_group_tests_name("training kernels", tests, NULL, NULL);
}
