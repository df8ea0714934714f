/* Sparse data in tiles: the products are those of the rows, with one sum's bits on every instruction set and for any
 * number of threads, and a step over all samples is the step over each of them. */
#include "base/memory.h"
#include "seeds.h"
#include "training_cases.h"

#define BIASCOPE_BASELINE_KERNEL
#define bs_tiles_create baseline_create
#define bs_tiles_create_transposed baseline_create_transposed
#define bs_tiles_free baseline_free
#define bs_tiles_multiply baseline_multiply
#define gather gather_pieces
#include "train/fast/tiles.c"
#undef bs_tiles_create
#undef bs_tiles_create_transposed
#undef bs_tiles_free
#undef bs_tiles_multiply
biascope_status bs_tiles_create(bs_tiles *tiles, const bs_compressed *matrix, biascope_error *error);
biascope_status bs_tiles_create_transposed(bs_tiles *tiles, const bs_compressed *matrix, biascope_error *error);
void bs_tiles_free(bs_tiles *tiles);
void bs_tiles_multiply(const bs_tile_block *block, const double *x, double *z);

typedef struct {
  size_t *start;
  uint32_t *column;
  double *value;
} arrays;

/* Rows of all lengths: empty, a few entries anywhere, and now and then one that is dense from some column on. */
static bs_compressed random_matrix(size_t rows, size_t columns, uint64_t seed, arrays *own) {
  const size_t stride = 1 + columns / 7, most = rows * columns;
  *own = (arrays){calloc(rows + 1, sizeof(size_t)), calloc(most, sizeof(uint32_t)), calloc(most, sizeof(double))};
  assert_true(own->start && own->column && own->value);
  size_t at = 0;
  for (size_t i = 0; i < rows; i++) {
    const uint64_t kind = bs_random_below(seed, BS_STREAM_LABELS, i, 8);
    size_t k = bs_random_below(seed, BS_STREAM_NOISE, i, columns);
    while (kind > 1 && k < columns) {
      own->column[at] = (uint32_t)k;
      own->value[at] = bs_random_normal(seed, BS_STREAM_DATA, at);
      at++;
      k += kind == 2 ? 1 : 1 + bs_random_below(seed, BS_STREAM_NOISE, rows + at, stride);
    }
    own->start[i + 1] = at;
  }
  return (bs_compressed){rows, columns, own->start, own->column, own->value};
}

static void release(const arrays *own) {
  free(own->start);
  free(own->column);
  free(own->value);
}

/* z = A x and u = A'y, with the sums of their terms' absolute values. */
static void multiply_plainly(const bs_compressed *a, const double *x, const double *y, double *z, double *u,
                             double *z_size, double *u_size) {
  for (size_t i = 0; i < a->rows; i++) {
    for (size_t at = a->start[i]; at < a->start[i + 1]; at++) {
      const uint32_t k = a->column[at];
      z[i] += a->value[at] * x[k];
      u[k] += a->value[at] * y[i];
      z_size[i] += fabs(a->value[at] * x[k]);
      u_size[k] += fabs(a->value[at] * y[i]);
    }
  }
}

static void assert_product(const bs_tiles *tiles, size_t n, const double *x, const double *expected,
                           const double *size) {
  double *ours = calloc(n, sizeof *ours), *theirs = calloc(n, sizeof *theirs);
  assert_true(ours && theirs);
  for (size_t i = 0; i < n; i++) ours[i] = NAN; /* whatever was there is replaced */
  for (size_t b = 0; b < BS_TILE_BLOCKS; b++) {
    bs_tiles_multiply(&tiles->block[b], x, ours);
    baseline_multiply(&tiles->block[b], x, theirs);
  }
  for (size_t i = 0; i < n; i++) {
    assert_true(fabs(ours[i] - expected[i]) <= 1e-13 * size[i]);
    assert_true(ours[i] == theirs[i]);
  }
  free(ours);
  free(theirs);
}

static void products_are_those_of_the_rows(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < seeds(24, 12); seed++) {
    const size_t rows = 1 + bs_random_below(seed, BS_STREAM_ORDER, 0, 300);
    const size_t columns = seed % 6 == 5 ? 70000 : 1 + bs_random_below(seed, BS_STREAM_ORDER, 1, 9000);
    arrays own;
    const bs_compressed matrix = random_matrix(rows, columns, seed, &own);
    double *x = calloc(3 * (rows + columns), sizeof *x), *y = x + columns, *z = y + rows, *u = z + rows;
    assert_non_null(x);
    for (size_t n = 0; n < rows + columns; n++) x[n] = bs_random_normal(seed, BS_STREAM_GRADIENT, n);
    multiply_plainly(&matrix, x, y, z, u, u + columns, u + columns + rows);
    bs_tiles tiles, transposed;
    biascope_error error;
    assert_int_equal(bs_tiles_create(&tiles, &matrix, &error), BIASCOPE_OK);
    assert_int_equal(bs_tiles_create_transposed(&transposed, &matrix, &error), BIASCOPE_OK);
    assert_product(&tiles, rows, x, z, u + columns);
    assert_product(&transposed, columns, y, u, u + columns + rows);
    bs_tiles_free(&tiles);
    bs_tiles_free(&transposed);
    release(&own);
    free(x);
  }
}

enum { SAMPLES = 150, FEATURES = 400 };

/* Dense data take the samples one by one. */
static void a_step_over_all_samples_is_that_over_each(void **state) {
  (void)state;
  double *values = gaussian_values(SAMPLES, FEATURES, 0.3, 3);
  for (size_t n = 0; n < SAMPLES * FEATURES; n++)
    if (bs_random_below(3, BS_STREAM_NOISE, n, 4) == 0) values[n] = 0.0;
  biascope_dataset *full = dense(SAMPLES, FEATURES, values), *sparse = compressed(SAMPLES, FEATURES, values);
  assert_true(biascope_dataset_nonzeros(sparse) > 1 << 15);
  for (size_t index = 0; index < TRAINING_CASES; index++) {
    biascope_options options = training_case(index, SAMPLES, index);
    if (options.optimizer == BIASCOPE_ADAMPROXY) continue;
    options.batch_size = index % 2 ? 0 : SAMPLES - SAMPLES / 3;
    biascope_trainer *one = trainer_of(full, &options), *other = trainer_of(sparse, &options);
    advance(one, 20);
    advance(other, 20);
    const double *a = biascope_trainer_weights(one), *b = biascope_trainer_weights(other);
    double largest = 0.0, off = 0.0;
    for (size_t k = 0; k < FEATURES; k++) {
      largest = fmax(largest, fabs(a[k]));
      off = fmax(off, fabs(a[k] - b[k]));
    }
    if (!(largest > 0.0 && off <= 1e-9 * largest)) fail_msg("case %zu: off by %g of %g", index, off, largest);
    biascope_trainer_free(one);
    biascope_trainer_free(other);
  }
  biascope_dataset_free(full);
  biascope_dataset_free(sparse);
  free(values);
}

static void any_number_of_threads_gives_the_same_bits(void **state) {
  (void)state;
  double *values = gaussian_values(SAMPLES, FEATURES, 0.3, 4);
  biascope_dataset *data = compressed(SAMPLES, FEATURES, values);
  biascope_options options = bs_options_of(BIASCOPE_ADAM);
  biascope_trainer *alone = trainer_of(data, &options);
  advance(alone, 100);
  for (options.threads = 2; options.threads <= 20; options.threads += 3) {
    biascope_trainer *together = trainer_of(data, &options);
    advance(together, 100);
    assert_memory_equal(biascope_trainer_weights(alone), biascope_trainer_weights(together), FEATURES * sizeof(double));
    biascope_trainer_free(together);
  }
  biascope_trainer_free(alone);
  biascope_dataset_free(data);
  free(values);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(products_are_those_of_the_rows),
                                     cmocka_unit_test(a_step_over_all_samples_is_that_over_each),
                                     cmocka_unit_test(any_number_of_threads_gives_the_same_bits)};
  return cmocka_run_group_tests_name("tiles", tests, NULL, NULL);
}
