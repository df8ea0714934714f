/* The kernels that the machine's best instruction set runs give the bits of the plainest one's. */
#include "base/memory.h"
#include "base/vector.h"
#include "margin_cases.h"
#include "rule/option.h"

#define BIASCOPE_BASELINE_KERNEL
#define select select_lanes /* not the one of <sys/select.h> */
#define bs_padded_dot baseline_dot
#define bs_padded_dots baseline_dots
#define bs_padded_scale baseline_scale
#define bs_padded_add baseline_add
#define bs_padded_add_square baseline_add_square
#define bs_padded_add_four baseline_add_four
#define bs_mean_identity baseline_mean_identity
#define bs_mean_normalised baseline_mean_normalised
#define bs_mean_sign baseline_mean_sign
#define bs_mean_ratio baseline_mean_ratio
#define bs_mean_preconditioned baseline_mean_preconditioned
#define bs_lr_adjustment baseline_lr_adjustment
#define BS_RULE(name) baseline_##name
#define bs_block_products baseline_products
#define bs_block_combine baseline_combine
#define bs_rotate_rows baseline_rotate
#include "base/block.c"
#include "base/padded.c"
#include "base/rotate.c"
#include "rule/adagrad.c"
#include "rule/adam.c"
#include "rule/adamproxy.c"
#include "rule/matrix.c"
#include "rule/sgd.c"
#include "rule/sign.c"
#undef bs_padded_dot
#undef bs_padded_dots
#undef bs_padded_scale
#undef bs_padded_add
#undef bs_padded_add_square
#undef bs_padded_add_four
double bs_padded_dot(size_t padded, const double *x, const double *w);
void bs_padded_dots(size_t padded, size_t count, const double *const *x, const double *const *w, double *dot);
void bs_padded_scale(size_t padded, double scale, const double *x, double *g);
void bs_padded_add(size_t padded, double scale, const double *x, double *g);
void bs_padded_add_square(size_t padded, double scale, const double *x, double *v);
void bs_padded_add_four(size_t padded, const double scale[4], const double *const x[4], double *g);

static const bs_optimizer_rule *const BASELINE[] = {
#define LIST(NAME, name) &BS_RULE(name),
    BS_EVERY_RULE(LIST)
#undef LIST
};
enum { RULES = sizeof BASELINE / sizeof BASELINE[0] };

#include "train/fast/step_roots.h"

enum { MOST = 96, ARRAYS = 5, FACTORS = 2 * MOST * MOST };

/* Random values over many powers of two; every seventh is zero, past `n` all are. Those of v are positive, and those of
 * eps equal for every third seed. */
static void fill(size_t n, uint64_t seed, double *array[ARRAYS]) {
  for (size_t a = 0; a < ARRAYS; a++) {
    for (size_t k = 0; k < MOST; k++) {
      const uint64_t at = a * MOST + k;
      const int power = (int)bs_random_below(seed, BS_STREAM_LABELS, at, 200) - 100;
      const double value = k < n && at % 7 ? ldexp(bs_random_normal(seed, BS_STREAM_NOISE, at), power) : 0.0;
      array[a][k] = a >= 3 ? fabs(value) : value;
      if (a == 4 && k < n && seed % 3 == 0) array[a][k] = seed % 2 ? 0.125 : 0.0;
    }
  }
}

static bs_rate some_rate(uint64_t seed) {
  const double beta1 = bs_random_uniform(seed, BS_STREAM_LABELS, 0),
               beta2 = bs_random_uniform(seed, BS_STREAM_LABELS, 1);
  const double eta = 0.1 * bs_random_uniform(seed, BS_STREAM_LABELS, 2);
  const double past = bs_random_uniform(seed, BS_STREAM_LABELS, 3);
  return (bs_rate){.beta1 = beta1,
                   .beta2 = beta2,
                   .eta = eta,
                   .shrink = 1.0 - 0.01 * eta,
                   .past = past,
                   .present = 1.0 - past,
                   .eps = past};
}

/* Of arrays g, m, w, v, eps. */
static bs_update update_of(size_t padded, size_t count, double *const *array, const bs_rate *rate,
                           const bs_matrix_state *matrix) {
  bool even = true;
  for (size_t k = 1; k < count; k++) even = even && array[4][k] == array[4][0];
  return (bs_update){.padded = padded,
                     .count = count,
                     .row = array[0],
                     .g = array[0],
                     .m = array[1],
                     .v = array[3],
                     .w = array[2],
                     .eps = array[4],
                     .even = even,
                     .rate = rate,
                     .matrix = matrix};
}

/* The step from the arrays that a seed fills, if there is one, has the bits of `expected`. */
static void assert_same_step(bs_step *step, size_t n, uint64_t seed, double scale, const bs_rate *rate,
                             double *const *expected) {
  static double array[ARRAYS][MOST] __attribute__((aligned(64)));
  double *arrays[ARRAYS] = {array[0], array[1], array[2], array[3], array[4]};
  if (!step) return;
  fill(n, seed, arrays);
  bs_padded_add(bs_padded(n), 0.3, arrays[2], arrays[0]);
  bs_padded_add_square(bs_padded(n), 0.7, arrays[2], arrays[3]);
  const bs_update update = update_of(bs_padded(n), n, arrays, rate, NULL);
  (void)step(&update, scale);
  for (int a = 0; a < ARRAYS; a++) assert_memory_equal(array[a], expected[a], MOST * sizeof(double));
}

static void every_instruction_set_gives_the_same_bits(void **state) {
  (void)state;
  double *ours[ARRAYS], *theirs[ARRAYS]; /* g, m, w, v, eps */
  double *factors[2] = {BS_NEW(double, FACTORS), BS_NEW(double, FACTORS)}, *scratch = BS_NEW(double, 8 * FACTORS);
  assert_true(factors[0] && factors[1] && scratch);
  for (int a = 0; a < ARRAYS; a++) {
    ours[a] = BS_NEW(double, MOST);
    theirs[a] = BS_NEW(double, MOST);
    assert_true(ours[a] && theirs[a]);
  }
  for (uint64_t seed = 0; seed < 900; seed++) {
    const size_t n = 1 + seed % (MOST - 1), padded = bs_padded(n);
    const biascope_options options = bs_options_of((biascope_optimizer)(seed % RULES));
    bs_step *step = bs_step_roots_of(&options, n);
    fill(n, seed, ours);
    fill(n, seed, theirs);
    const double *const x[] = {ours[0], ours[1]}, *const w[] = {ours[2], ours[3]};
    double dot[2];
    bs_padded_dots(padded, 2, x, w, dot);
    assert_true(dot[0] == bs_padded_dot(padded, ours[0], ours[2]));
    assert_true(dot[0] == baseline_dot(padded, theirs[0], theirs[2]));
    assert_true(dot[1] == baseline_dot(padded, theirs[1], theirs[3]));
    bs_padded_scale(padded, -0.3, ours[1], ours[4]);
    baseline_scale(padded, -0.3, theirs[1], theirs[4]);
    assert_memory_equal(ours[4], theirs[4], MOST * sizeof(double));
    const double scales[] = {0.3, -0.2, 1.7, 0.0};
    bs_padded_add_four(padded, scales, (const double *const[]){ours[0], ours[1], ours[2], ours[3]}, ours[4]);
    for (int i = 0; i < 4; i++) baseline_add(padded, scales[i], theirs[i], theirs[4]);
    assert_memory_equal(ours[4], theirs[4], MOST * sizeof(double));
    fill(n, seed, ours);
    fill(n, seed, theirs);
    bs_padded_add(padded, 0.3, ours[2], ours[0]);
    baseline_add(padded, 0.3, theirs[2], theirs[0]);
    bs_padded_add_square(padded, 0.7, ours[2], ours[3]);
    baseline_add_square(padded, 0.7, theirs[2], theirs[3]);
    const bs_rate rate = some_rate(seed);
    const double scale = BASELINE[seed % RULES]->fast & BS_FAST_ALONE ? 1.0 - rate.past : 1.0;
    memset(factors[0], 0, FACTORS * sizeof *factors[0]);
    memset(factors[1], 0, FACTORS * sizeof *factors[1]);
    const bs_matrix_state matrix[2] = {{&options, 1, n, factors[0], scratch}, {&options, 1, n, factors[1], scratch}};
    const bs_update update = update_of(padded, n, ours, &rate, &matrix[0]);
    const bool tiny = step(&update, scale);
    bs_update plain = update_of(padded, n, theirs, &rate, &matrix[1]);
    plain.even = false;
    assert_int_equal(tiny, BASELINE[seed % RULES]->step(&plain, scale));
    for (bs_vectors vectors = BS_AVX2; vectors <= BS_AVX512; vectors++)
      for (bs_roots roots = 0; roots < BS_ROOTS; roots++)
        assert_same_step(bs_step_roots_with(vectors, roots, &options), n, seed, scale, &rate, theirs);
    for (int a = 0; a < ARRAYS; a++) assert_memory_equal(ours[a], theirs[a], MOST * sizeof(double));
  }
  for (int a = 0; a < ARRAYS; a++) {
    free(ours[a]);
    free(theirs[a]);
  }
  free(factors[0]);
  free(factors[1]);
  free(scratch);
}

/* The step in extended precision, with the root and the division as they are written. */
static long double plain_step(long double m, long double v, long double eps) {
  return sqrtl(v) + eps > 0.0L ? m / (sqrtl(v) + eps) : 0.0L;
}

static void steps_are_those_of_the_plain_formula_to_1e_15(void **state) {
  (void)state;
  double *array[ARRAYS];
  /* the moments and weights before the step */
  static const bs_rate AS_THEY_ARE = {.beta1 = 1.0, .beta2 = 1.0, .eta = 1.0, .shrink = 1.0};
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
    const bs_update update = update_of(MOST, MOST, array, &AS_THEY_ARE, NULL);
    const biascope_options options = bs_options_of(BIASCOPE_ADAM);
    bs_step_roots_of(&options, MOST)(&update, 1.0);
    for (size_t k = 0; k < MOST; k++) {
      const long double step = plain_step((long double)array[1][k], (long double)array[3][k], (long double)array[4][k]);
      assert_true(fabsl((long double)array[2][k] + step) <= 1e-15L * fabsl(step));
    }
  }
  for (int a = 0; a < ARRAYS; a++) free(array[a]);
}

/* ---- Roots ------------------------------------------------------------------------------------------- */

/* Numbers at a time, each in several places: not every place has its root from the same unit. */
enum { TRIED = 8, PLACES = 4 };

/* m / root is 1 for m the root itself, and for no number beside it. */
static void assert_roots_of(bs_step *step, const double v[TRIED]) {
  static double array[ARRAYS][PLACES * TRIED] __attribute__((aligned(64)));
  static const bs_rate AS_IT_IS = {.beta1 = 1.0, .beta2 = 1.0, .eta = -1.0};
  memset(array, 0, sizeof array);
  for (size_t k = 0; k < PLACES * TRIED; k++) {
    array[3][k] = v[k % TRIED];
    array[1][k] = sqrt(v[k % TRIED]);
  }
  double *const arrays[ARRAYS] = {array[0], array[1], array[2], array[3], array[4]};
  const bs_update update = update_of(PLACES * TRIED, PLACES * TRIED, arrays, &AS_IT_IS, NULL);
  step(&update, 1.0);
  for (size_t k = 0; k < PLACES * TRIED; k++) {
    const double ratio = v[k % TRIED] == 0.0 ? 0.0 : v[k % TRIED] < INFINITY ? 1.0 : NAN;
    if (!(array[2][k] == ratio || (isnan(ratio) && isnan(array[2][k]))))
      fail_msg("the root of %a is not %a", v[k % TRIED], sqrt(v[k % TRIED]));
  }
}

/* Of all steps, whichever is used. */
static void assert_roots(const double v[TRIED]) {
  const biascope_options options = bs_options_of(BIASCOPE_ADAM);
  assert_roots_of(bs_step_of(&options), v);
  for (bs_vectors vectors = BS_AVX2; vectors <= BS_AVX512; vectors++) {
    for (bs_roots roots = 0; roots < BS_ROOTS; roots++) {
      bs_step *step = bs_step_roots_with(vectors, roots, &options);
      if (step) assert_roots_of(step, v);
    }
  }
}

typedef struct {
  double v[TRIED];
  size_t count;
} numbers;
/* Apart, because one number that is small or infinite leaves all roots beside it to the divider. */
typedef struct {
  numbers plain, others;
} trial;

static void try_root(trial *both, double v) {
  numbers *t = v >= BS_TINY && v < INFINITY ? &both->plain : &both->others;
  t->v[t->count++] = v;
  if (t->count == TRIED) {
    assert_roots(t->v);
    t->count = 0;
  }
}

/* A square root of d = 1 mod 8 modulo 2^64, but for its highest bit: one bit more at a time. */
static uint64_t root_modulo(uint64_t d) {
  uint64_t s = 1;
  for (unsigned bit = 3; bit < 64; bit++)
    if ((s * s - d) >> bit & 1) s += UINT64_C(1) << (bit - 1);
  return s;
}

/* Roots at d / 2^107 of themselves from the middle of two doubles. Twice such a middle is an odd M of 54 bits, and
 * N 2^n = M^2 - d, of which N has 53 bits, has the root M / 2 (1 - d / 2 M^2) once scaled: so M is a root of d modulo
 * 2^n, of which there are four; n is 54 for even exponents and 55 for odd ones. */
static void try_near_middles(trial *t, int64_t d, int exponent) {
  const uint64_t s = root_modulo((uint64_t)d);
  for (unsigned n = 54; n <= 55; n++) {
    const uint64_t modulus = UINT64_C(1) << n;
    for (unsigned which = 0; which < 4; which++) {
      const uint64_t root = (which & 1 ? 0 - s : s) + (which & 2 ? modulus / 2 : 0), middle = root % modulus;
      if (middle >> 53 != 1) continue;
      __extension__ const __int128 square = (__int128)middle * middle - d;
      const double v = (double)(uint64_t)(square >> n);
      if (v >= 0x1p52 && v < 0x1p53) try_root(t, ldexp(v, 2 * exponent + (n == 55)));
    }
  }
}

static void roots_are_those_of_the_divider(void **state) {
  (void)state;
  enum { NEAR = 40000, ANY = 2000000 };
  trial t = {{.count = 0}, {.count = 0}};
  for (int exponent = -1074; exponent < 1024; exponent++) { /* powers of two and their neighbours */
    const double power = ldexp(1.0, exponent);
    try_root(&t, power);
    try_root(&t, nextafter(power, INFINITY));
    try_root(&t, nextafter(power, 0.0));
  }
  for (int64_t i = 0; i < NEAR; i++) {
    const int exponent = (int)bs_random_below(1, BS_STREAM_DATA, (uint64_t)i, 640) - 200;
    const int64_t width = INT64_C(1) << bs_random_below(2, BS_STREAM_DATA, (uint64_t)i, 40);
    try_near_middles(&t, 8 * (i - NEAR / 2) + 1, exponent);
    try_near_middles(&t, 8 * ((int64_t)bs_random_below(3, BS_STREAM_DATA, (uint64_t)i, (size_t)width) - width / 2) + 1,
                     exponent);
  }
  for (uint64_t i = 0; i < ANY; i++) {
    const uint64_t bits = bs_random_u64(4, BS_STREAM_DATA, i) >> 1;
    double v;
    memcpy(&v, &bits, sizeof v);
    if (isnan(v)) continue;
    try_root(&t, v);
    try_root(&t, v * v); /* next to a whole root */
  }
  assert_true(t.plain.count < TRIED && t.others.count < TRIED);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_instruction_set_gives_the_same_bits),
                                     cmocka_unit_test(steps_are_those_of_the_plain_formula_to_1e_15),
                                     cmocka_unit_test(roots_are_those_of_the_divider)};
  return cmocka_run_group_tests_name("training kernels", tests, NULL, NULL);
}
