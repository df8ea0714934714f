/* Every rule's steps along frozen batch gradients, averaged over an epoch once the moments repeat themselves, are what
 * the epoch map says they are; and the map's derivative is that of its differences. */
#include "base/memory.h"
#include "class_cases.h"
#include "limit/epoch_map.h"
#include "loss/classes.h"
#include "margin/rows.h"
#include "train/trainer.h"

enum { SAMPLES = 5, FEATURES = 4, MOST_CLASSES = 5, WARM_EPOCHS = 400, MANY_EPOCHS = 20000, SEQUENCE = 60 };
enum { ROWS = SAMPLES * (MOST_CLASSES - 1), WEIGHTS = MOST_CLASSES * FEATURES };

typedef struct {
  biascope_dataset *data;
  size_t rows, size;        /* of the margins; of the weights */
  double weights[WEIGHTS];  /* where the gradients are frozen */
  double log_weights[ROWS]; /* log |l'| of each row there */
  double total;             /* sum of |l'| */
} frozen;

/* Some entries are zero: columns that not every sample touches. */
static frozen freeze(uint64_t seed, const bs_loss *loss, size_t classes) {
  static const uint32_t CLASS_OF[SAMPLES] = {2, 0, 1, 3, 4};
  double values[SAMPLES * FEATURES];
  biascope_error error;
  frozen f = {.total = 0.0};
  for (size_t i = 0; i < SAMPLES * FEATURES; i++)
    values[i] = bs_random_below(seed, BS_STREAM_LABELS, i, 5) ? bs_random_normal(seed, BS_STREAM_DATA, i) : 0.0;
  for (size_t k = 0; k < WEIGHTS; k++) f.weights[k] = bs_random_normal(seed, BS_STREAM_NOISE, k);
  assert_int_equal(biascope_dataset_from_dense(SAMPLES, FEATURES, values, &f.data, &error), BIASCOPE_OK);
  if (classes > 2) {
    uint32_t class_of[SAMPLES];
    for (size_t i = 0; i < SAMPLES; i++) class_of[i] = CLASS_OF[i] % (uint32_t)classes;
    classified(f.data, classes, class_of);
  }
  const size_t each = bs_rows_of_each(f.data);
  f.rows = bs_margin_rows(f.data);
  f.size = bs_margin_weights(f.data);
  for (size_t i = 0; i < f.rows; i++) f.log_weights[i] = bs_margin_row_dot(f.data, i, f.weights);
  for (size_t i = 0; i < f.rows; i += each) bs_classes_slopes(loss, each, f.log_weights + i, f.log_weights + i, NULL);
  for (size_t i = 0; i < f.rows; i++) f.total += exp(f.log_weights[i]);
  return f;
}

/* The mean of the steps over the last of so many epochs, weights moved back after each; times sqrt(t) where v grows. */
static void average_steps(const frozen *f, const biascope_options *options, size_t epochs, double *mean) {
  biascope_error error;
  biascope_trainer *trainer;
  assert_int_equal(biascope_trainer_create(f->data, options, &trainer, &error), BIASCOPE_OK);
  const size_t batches = bs_batches_per_epoch(options, SAMPLES);
  const bool grows = bs_optimizer_rule_of(options->optimizer)->limit == BS_LIMIT_ACCUMULATED;
  memset(mean, 0, f->size * sizeof *mean);
  for (size_t t = 0; t < epochs * batches; t++) {
    for (size_t k = 0; k < f->size; k += FEATURES)
      memcpy(trainer->moments[k / FEATURES].w, f->weights + k, FEATURES * sizeof *f->weights);
    bs_trainer_take_step(trainer);
    const double scale = (grows ? sqrt((double)t + 1.0) : 1.0) / (double)batches;
    for (size_t k = 0; k < f->size && t >= (epochs - 1) * batches; k++)
      mean[k] += scale * (trainer->moments[k / FEATURES].w[k % FEATURES] - f->weights[k]);
  }
  biascope_trainer_free(trainer);
}

/* The map of a rule and its batches. */
typedef struct {
  biascope_options training;
  bs_epoch_rule rule;
  bs_schedule schedule;
  bs_epoch_map *map;
} mapped;

/* The map borrows the schedule: m stays where it is. In a random order the schedule is a sequence. */
static void map_of(const frozen *f, const biascope_options *options, mapped *m) {
  *m = (mapped){.training = *options};
  biascope_error error;
  bs_epoch_rule_of(&m->training, SAMPLES, &m->rule);
  if (bs_optimizer_rule_of(options->optimizer)->limit == BS_LIMIT_ACCUMULATED)
    m->rule = (bs_epoch_rule){.direction = BS_RATIO, .beta2 = 1.0}; /* all squares so far count alike */
  assert_int_equal(bs_schedule_create(&m->training, f->data, SEQUENCE, 0, &m->schedule, &error), BIASCOPE_OK);
  assert_int_equal(bs_epoch_map_create(f->data, &m->schedule, 1, m->rule.direction, &m->map, &error), BIASCOPE_OK);
}

static void free_map(mapped *m) {
  bs_epoch_map_free(m->map);
  bs_schedule_free(&m->schedule);
}

static double largest(const double *values, size_t n) {
  double value = 0.0;
  for (size_t k = 0; k < n; k++) value = fmax(value, fabs(values[k]));
  return value;
}

/* Shampoo's inverse powers magnify rounding: an eigenvalue of 0 counts as 1e-15 of the largest. */
static bool magnifies(const biascope_options *options) {
  return bs_optimizer_rule_of(options->optimizer)->second == BS_SECOND_FACTORS;
}

static void compare_with_map(const frozen *f, const biascope_options *options) {
  const bs_optimizer_rule *rule = bs_optimizer_rule_of(options->optimizer);
  const bool grows = rule->limit == BS_LIMIT_ACCUMULATED;
  double measured[WEIGHTS], direction[WEIGHTS];
  mapped m;
  map_of(f, options, &m);
  average_steps(f, options, grows ? MANY_EPOCHS : WARM_EPOCHS, measured);
  bs_epoch_map_evaluate(m.map, &m.rule, f->log_weights, direction, NULL);
  const double scale = m.training.lr / options->lr *
                       (m.rule.direction == BS_IDENTITY ? f->total * (double)bs_rows_of_each(f->data) : 1.0);
  for (size_t k = 0; k < f->size; k++) {
    const double tolerance = grows ? 1e-4 : magnifies(options) ? 1e-8 : m.rule.direction == BS_SPECTRAL ? 1e-12 : 1e-13;
    if (fabs(measured[k] - scale * direction[k]) > tolerance * (1.0 + largest(measured, f->size)))
      fail_msg("%s, betas %g %g, batch %zu, feature %zu: steps %.17g, map %.17g", rule->name, options->beta1,
               options->beta2, options->batch_size, k, measured[k], scale * direction[k]);
  }
  free_map(&m);
}

static void compare_derivative(const frozen *f, const biascope_options *options) {
  const double change = magnifies(options) ? 1e-4 : 1e-5, tolerance = magnifies(options) ? 1e-3 : 1e-7;
  double direction[WEIGHTS], sensitivity[ROWS * WEIGHTS], above[WEIGHTS], below[WEIGHTS];
  mapped m;
  map_of(f, options, &m);
  if (m.rule.direction == BS_SIGN) m.rule.smoothing = 0.1;
  bs_epoch_map_evaluate(m.map, &m.rule, f->log_weights, direction, sensitivity);
  for (size_t i = 0; i < f->rows; i++) {
    double changed[ROWS];
    memcpy(changed, f->log_weights, sizeof changed);
    changed[i] = f->log_weights[i] + change;
    bs_epoch_map_evaluate(m.map, &m.rule, changed, above, NULL);
    changed[i] = f->log_weights[i] - change;
    bs_epoch_map_evaluate(m.map, &m.rule, changed, below, NULL);
    for (size_t k = 0; k < f->size; k++) {
      /* gd's map is that of the weights' shares, whose sum stays 1; the others do not depend on the sum */
      const double shares = m.rule.direction == BS_IDENTITY ? exp(f->log_weights[i]) / f->total * direction[k] : 0.0;
      const double difference = (above[k] - below[k]) / (2.0 * change) + shares;
      if (fabs(difference - sensitivity[i * f->size + k]) > tolerance * (1.0 + largest(sensitivity, f->rows * f->size)))
        fail_msg("%s, betas %g %g, batch %zu: dD_%zu / d log c_%zu is %.12g, differences %.12g",
                 bs_optimizer_rule_of(options->optimizer)->name, options->beta1, options->beta2, options->batch_size, k,
                 i, sensitivity[i * f->size + k], difference);
    }
  }
  free_map(&m);
}

static void compare_derivative_of_sequence(const frozen *f, const biascope_options *options) {
  biascope_options random = *options;
  random.order = BIASCOPE_SHUFFLE;
  if (random.batch_size > 0) compare_derivative(f, &random);
}

static void for_each_case_of(size_t classes, void (*compare)(const frozen *f, const biascope_options *options)) {
  static const double BETAS[][2] = {{0.0, 0.0}, {0.0, 0.7}, {0.5, 0.5}, {0.8, 0.9}, {0.9, 0.3}};
  for (unsigned optimizer = 0; bs_optimizer_rule_of((biascope_optimizer)optimizer); optimizer++) {
    biascope_options options = bs_options_of((biascope_optimizer)optimizer);
    if (bs_optimizer_rule_of(options.optimizer)->limit == BS_LIMIT_UNKNOWN) continue; /* it has no map */
    frozen f = freeze(optimizer, bs_loss_of(options.loss), classes);
    options.lr = 1.0;
    options.lr_decay = options.weight_decay = 0.0;
    for (size_t at = 0; at < sizeof BETAS / sizeof *BETAS; at++) {
      options.beta1 = BETAS[at][0];
      options.beta2 = BETAS[at][1];
      for (options.batch_size = 0; options.batch_size < SAMPLES; options.batch_size++) {
        if (options.batch_size > 0 && bs_optimizer_rule_of(options.optimizer)->full_batch) break;
        compare(&f, &options);
      }
    }
    biascope_dataset_free(f.data);
  }
}

/* Of two classes, of as many classes as features or fewer, and of more. */
static void for_each_case(void (*compare)(const frozen *f, const biascope_options *options)) {
  for_each_case_of(2, compare);
  for_each_case_of(3, compare);
  for_each_case_of(5, compare);
}

static void the_mean_step_over_an_epoch_is_the_map(void **state) {
  (void)state;
  for_each_case(compare_with_map);
}

static void the_derivative_of_the_map_is_that_of_its_differences(void **state) {
  (void)state;
  for_each_case(compare_derivative);
}

/* Every sample has many entries. */
static void the_derivative_over_a_sequence_is_that_of_its_differences(void **state) {
  (void)state;
  for_each_case(compare_derivative_of_sequence);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_mean_step_over_an_epoch_is_the_map),
                                     cmocka_unit_test(the_derivative_of_the_map_is_that_of_its_differences),
                                     cmocka_unit_test(the_derivative_over_a_sequence_is_that_of_its_differences)};
  return cmocka_run_group_tests_name("rules and their epoch maps", tests, NULL, NULL);
}
