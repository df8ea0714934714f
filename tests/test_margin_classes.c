/* Max margins of several classes: equal to those of the rows of (w_y - w_j).x where these are stored, and what holds of
 * norms of matrices whatever the data. */
#include "class_cases.h"

static const biascope_norm SPECTRAL = {.kind = BIASCOPE_SPECTRAL}, NUCLEAR = {.kind = BIASCOPE_NUCLEAR};

/* The gap that matrices are held to, and how far two certified margins may be apart. */
static const double CERTIFIED = 1e-8, APART = 2e-8;

/* Solves, and checks all a solution promises whatever the data. */
static biascope_margin solved_classes(const biascope_dataset *data, biascope_norm norm) {
  biascope_margin solution;
  biascope_error error = {0};
  /* the interior point of matrices has no polish of W: degenerate data may end there, by the rounding of the products
   */
  const bool of_matrices = norm.kind == BIASCOPE_SPECTRAL || norm.kind == BIASCOPE_NUCLEAR;
  const biascope_solve_options options = {.tolerance = of_matrices ? CERTIFIED : 1e-10};
  if (biascope_margin_solve(data, norm, &options, &solution, &error) != BIASCOPE_OK) fail_msg("%s", error.message);
  assert_true(solution.gap >= 0.0 && solution.gap <= options.tolerance);
  assert_true(solution.margin > 0.0 && solution.margin <= solution.upper_bound * (1.0 + 1e-15));
  assert_true(fabs(biascope_margin_of(data, norm, solution.direction) - solution.margin) <= 1e-13 * solution.margin);
  assert_int_equal(solution.unique, solution.face_dimension == 0);
  assert_int_equal(solution.outputs, data->classes);
  assert_int_equal(solution.rows, data->samples * (data->classes - 1));
  double total = 0.0;
  for (size_t r = 0; r < solution.rows; r++) {
    assert_true(solution.dual[r] >= 0.0);
    total += solution.dual[r];
  }
  assert_true(fabs(total - 1.0) <= 1e-13);
  return solution;
}

static double margin_in(const biascope_dataset *data, biascope_norm norm) {
  biascope_margin solution = solved_classes(data, norm);
  const double margin = solution.margin;
  biascope_margin_free(&solution);
  return margin;
}

static class_case random_case(uint64_t seed) {
  const size_t classes = 3 + seed % 4, features = 2 + seed * 7 % 9, samples = classes + seed * 5 % 17;
  return teacher_case(classes, samples, features, 0.2, seed);
}

static void stored_rows_have_the_same_margins(void **state) {
  (void)state;
  static const biascope_norm norms[] = {
      {.kind = BIASCOPE_L2}, {.kind = BIASCOPE_LINF}, {.kind = BIASCOPE_L1}, {.kind = BIASCOPE_LP, .p = 3.0}};
  for (uint64_t seed = 0; seed < 12; seed++) {
    class_case of = random_case(seed);
    biascope_dataset *rows = rows_of(&of), *data = data_of(&of);
    biascope_dataset *sparse = classified(compressed(of.samples, of.features, of.x), of.classes, of.class_of);
    const size_t count = sizeof norms / sizeof *norms - (seed >= 2); /* l3 takes the longest */
    for (size_t i = 0; i < count; i++) {
      biascope_margin expected = solved(rows, norms[i]), found = solved_classes(data, norms[i]);
      assert_true(fabs(found.margin - expected.margin) <= 1e-9 * expected.margin);
      assert_int_equal(found.unique, expected.unique);
      assert_int_equal(found.face_dimension, expected.face_dimension);
      assert_true(fabs(margin_in(sparse, norms[i]) - expected.margin) <= 1e-9 * expected.margin);
      biascope_margin_free(&expected);
      biascope_margin_free(&found);
    }
    biascope_dataset_free(rows);
    biascope_dataset_free(data);
    biascope_dataset_free(sparse);
    free_case(&of);
  }
}

/* sigma_1 <= |W|_F <= sum sigma <= sqrt(rank) |W|_F, so that margins are in the opposite order. */
static void norms_of_matrices_are_in_order(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 40; seed++) {
    class_case of = random_case(seed);
    biascope_dataset *data = data_of(&of);
    biascope_dataset *sparse = classified(compressed(of.samples, of.features, of.x), of.classes, of.class_of);
    const size_t rank = of.classes - 1 < of.features ? of.classes - 1 : of.features;
    const double spectral = margin_in(data, SPECTRAL), nuclear = margin_in(data, NUCLEAR);
    const double frobenius = margin_in(data, (biascope_norm){.kind = BIASCOPE_L2}), root = sqrt((double)rank);
    assert_true(nuclear <= frobenius * (1.0 + APART) && frobenius <= spectral * (1.0 + APART));
    assert_true(spectral <= root * frobenius * (1.0 + APART) && frobenius <= root * nuclear * (1.0 + APART));
    assert_true(fabs(margin_in(sparse, SPECTRAL) - spectral) <= APART * spectral);
    assert_true(fabs(margin_in(sparse, NUCLEAR) - nuclear) <= APART * nuclear);
    biascope_dataset_free(data);
    biascope_dataset_free(sparse);
    free_case(&of);
  }
}

/* Other features, turned or scaled, and other numbers of the classes. */
static void margins_follow_the_data(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 20; seed++) {
    class_case of = random_case(seed);
    biascope_dataset *data = data_of(&of);
    const double spectral = margin_in(data, SPECTRAL), nuclear = margin_in(data, NUCLEAR);
    biascope_dataset_free(data);
    const double scale = seed % 2 ? 1e-120 : 3e90;
    rotate(of.samples, of.features, of.x, seed);
    for (size_t at = 0; at < of.samples * of.features; at++) of.x[at] *= scale;
    for (size_t i = 0; i < of.samples; i++) of.class_of[i] = (uint32_t)((of.class_of[i] + seed) % of.classes);
    data = data_of(&of);
    assert_true(fabs(margin_in(data, SPECTRAL) / scale - spectral) <= APART * spectral);
    assert_true(fabs(margin_in(data, NUCLEAR) / scale - nuclear) <= APART * nuclear);
    biascope_dataset_free(data);
    free_case(&of);
  }
}

/* Three classes in the corners of a triangle: W = its corners, centred, by symmetry; all singular values are equal. */
static void a_triangle_has_the_known_margins(void **state) {
  (void)state;
  const double root = sqrt(3.0) / 2.0;
  double x[] = {1.0, 0.0, -0.5, root, -0.5, -root};
  uint32_t class_of[] = {0, 1, 2};
  class_case of = {3, 3, 2, x, class_of};
  biascope_dataset *data = data_of(&of);
  /* W = s x, x_i.x_j = -1/2: margin s 3/2; x has the singular values sqrt(3/2), twice */
  assert_true(fabs(margin_in(data, SPECTRAL) - 1.5 / sqrt(1.5)) <= 1e-12);
  assert_true(fabs(margin_in(data, NUCLEAR) - 1.5 / (2.0 * sqrt(1.5))) <= 1e-12);
  assert_true(fabs(margin_in(data, (biascope_norm){.kind = BIASCOPE_L2}) - 1.5 / sqrt(3.0)) <= 1e-12);
  biascope_dataset_free(data);
}

static const biascope_norm EVERY_NORM[] = {{.kind = BIASCOPE_L2},       {.kind = BIASCOPE_LINF},
                                           {.kind = BIASCOPE_L1},       {.kind = BIASCOPE_LP, .p = 3.0},
                                           {.kind = BIASCOPE_SPECTRAL}, {.kind = BIASCOPE_NUCLEAR}};

/* Labels at random; the certificate combines the stored rows to zero. */
static void inseparable_classes_have_a_certificate(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 12; seed++) {
    class_case of = teacher_case(3 + seed % 2, 40, 3, 0.2, seed);
    for (size_t i = of.classes; i < of.samples; i++)
      of.class_of[i] = (uint32_t)(bs_random_uniform(seed, BS_STREAM_LABELS, 1000 + i) * (double)of.classes);
    biascope_dataset *data = data_of(&of), *rows = rows_of(&of);
    for (size_t i = 0; i < sizeof EVERY_NORM / sizeof *EVERY_NORM; i++) {
      biascope_margin solution;
      assert_int_equal(biascope_margin_solve(data, EVERY_NORM[i], NULL, &solution, NULL), BIASCOPE_NOT_SEPARABLE);
      for (size_t k = 0; k < rows->features; k++) {
        double sum = 0.0, size = 0.0;
        for (size_t r = 0; r < rows->samples; r++) {
          sum += solution.dual[r] * rows->dense[r * rows->features + k];
          size += fabs(solution.dual[r] * rows->dense[r * rows->features + k]);
        }
        assert_true(fabs(sum) <= 1e-13 * size);
      }
      biascope_margin_free(&solution);
    }
    biascope_dataset_free(data);
    biascope_dataset_free(rows);
    free_case(&of);
  }
}

static void a_zero_sample_separates_nothing(void **state) {
  (void)state;
  class_case of = teacher_case(3, 9, 4, 0.2, 1);
  memset(of.x + 4 * of.features, 0, of.features * sizeof *of.x);
  biascope_dataset *data = data_of(&of);
  biascope_margin solution;
  assert_int_equal(biascope_margin_solve(data, SPECTRAL, NULL, &solution, NULL), BIASCOPE_NOT_SEPARABLE);
  assert_true(solution.dual[8] == 1.0 && solution.support == 1);
  biascope_margin_free(&solution);
  assert_int_equal(biascope_margin_solve(data, (biascope_norm){.kind = BIASCOPE_MAHALANOBIS}, NULL, &solution, NULL),
                   BIASCOPE_USAGE);
  biascope_dataset_free(data);
  free_case(&of);
}

/* Two classes have weights of one row, whose singular value is their length: the l2 margin, bit for bit. */
static void two_classes_have_the_l2_margin(void **state) {
  (void)state;
  biascope_dataset *data = gaussian(12, 5, 0.2, 3);
  biascope_margin l2 = solved(data, (biascope_norm){.kind = BIASCOPE_L2}), spectral = solved(data, SPECTRAL);
  biascope_margin nuclear = solved(data, NUCLEAR);
  assert_memory_equal(l2.direction, spectral.direction, 5 * sizeof *l2.direction);
  assert_memory_equal(l2.direction, nuclear.direction, 5 * sizeof *l2.direction);
  biascope_margin_free(&l2);
  biascope_margin_free(&spectral);
  biascope_margin_free(&nuclear);
  biascope_dataset_free(data);
}

static void pairs_of_classes_are_decided(void **state) {
  (void)state;
  double x[] = {0, 1, 1, 1, 0.5, 1, 5, 1, 6, 1}; /* class 1 lies within class 0, class 2 apart */
  uint32_t class_of[] = {0, 0, 1, 2, 2};
  class_case of = {3, 5, 2, x, class_of};
  biascope_dataset *full = data_of(&of), *sparse = classified(compressed(5, 2, of.x), 3, class_of);
  const biascope_status no = BIASCOPE_NOT_SEPARABLE, yes = BIASCOPE_OK;
  const biascope_status expected[] = {no, no, yes, no, no, yes, yes, yes, no};
  biascope_status decision[9];
  assert_int_equal(biascope_classes_decide(full, decision, NULL), BIASCOPE_OK);
  assert_memory_equal(decision, expected, sizeof expected);
  assert_int_equal(biascope_classes_decide(sparse, decision, NULL), BIASCOPE_OK);
  assert_memory_equal(decision, expected, sizeof expected);
  biascope_dataset_free(full);
  biascope_dataset_free(sparse);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(stored_rows_have_the_same_margins),
      cmocka_unit_test(norms_of_matrices_are_in_order),
      cmocka_unit_test(margins_follow_the_data),
      cmocka_unit_test(a_triangle_has_the_known_margins),
      cmocka_unit_test(inseparable_classes_have_a_certificate),
      cmocka_unit_test(a_zero_sample_separates_nothing),
      cmocka_unit_test(two_classes_have_the_l2_margin),
      cmocka_unit_test(pairs_of_classes_are_decided),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
