/* With g the gradient of a random sample in one column, and v^(-1/2) = pi^(-1/2) integral of t^(-1/2) e^(-tv) dt,
 *   E[m v^(-1/2)] = pi^(-1/2) integral t^(-1/2) S P dt,  P = prod_a phi(u b2^a),  S = sum_a (1-b1) b1^a psi/phi(u
 * b2^a), u = (1-b2) t,  phi(u) = E exp(-u g^2),  psi(u) = E g exp(-u g^2). On a grid of log u that divides log b2, P
 * and S follow from their values one factor b2 below. */
#include "limit/expected.h"

#include "base/memory.h"
#include <math.h>
#include <stdlib.h>

/* The integrand is analytic in log u within pi / 2 of the real axis: the trapezoidal rule at this step is exact to
 * rounding. */
static const double SPACING = 0.125;
static const double FIRST = 1e-6; /* t of the first point, in units of 1 / max g^2: below, two terms of a series do */
static const double NEGLIGIBLE = 1e-15; /* of the sum, a term; and P there */
static const double LOST = -340.0;      /* log |g| relative to the largest, whose square is lost */
static const double LARGEST_EXPONENT = 700.0;
enum { QUIET = 16, MOST_POINTS = 1 << 20, POINTS = 25 };
static const double EXPONENTIAL = 20.0;      /* multiplications that one costs */
static const double MOST_EXPONENTIALS = 3e7; /* of an evaluation: a third of a second */

struct bs_expectation {
  const double *rows;
  size_t samples, features;
  double beta1, beta2, spacing;
  double exponentials;      /* of the last evaluation */
  size_t stride;            /* grid points in a factor of beta2 */
  double *gradient;         /* N: of the column at hand that are not 0, the largest 1 */
  double *products, *terms; /* stride: P and sqrt(u) P S of the last points */
};

static size_t stride_of(double beta2) {
  return (size_t)ceil(-log(beta2) / SPACING);
}

bool bs_expectation_applies(const biascope_dataset *data, const biascope_options *training, const bs_epoch_rule *rule) {
  if (training->order != BIASCOPE_REPLACEMENT || bs_batch_size(training, data->samples) != 1) return false;
  if (bs_outputs(data) > 1) return false; /* a step sees several rows */
  if (rule->direction != BS_RATIO || rule->lead != 0.0 || !(rule->beta2 > 0.0) || !(rule->beta2 < 1.0)) return false;
  const double points = (double)POINTS * (double)stride_of(rule->beta2) / -log(rule->beta2);
  return points * (double)data->samples * (double)data->features <= MOST_EXPONENTIALS;
}

biascope_status bs_expectation_create(const double *rows, size_t samples, size_t features, const bs_epoch_rule *rule,
                                      bs_expectation **out, biascope_error *error) {
  bs_expectation *e = *out = BS_NEW(bs_expectation, 1);
  if (!e) return bs_fail_memory(error, "the mean over the order");
  const size_t stride = stride_of(rule->beta2);
  *e = (bs_expectation){.rows = rows,
                        .samples = samples,
                        .features = features,
                        .beta1 = rule->beta1,
                        .beta2 = rule->beta2,
                        .spacing = -log(rule->beta2) / (double)stride,
                        .stride = stride,
                        .gradient = BS_NEW(double, samples),
                        .products = BS_NEW(double, stride),
                        .terms = BS_NEW(double, stride)};
  if (e->gradient && e->products && e->terms) return BIASCOPE_OK;
  bs_expectation_free(e);
  *out = NULL;
  return bs_fail_memory(error, "the mean over the order");
}

void bs_expectation_free(bs_expectation *expectation) {
  if (!expectation) return;
  free(expectation->gradient);
  free(expectation->products);
  free(expectation->terms);
  free(expectation);
}

/* Fills `gradient` with what is not lost beside the largest, which becomes 1; returns how many these are. */
static size_t gather(bs_expectation *e, const double *log_weights, size_t column) {
  double top = -INFINITY;
  for (size_t i = 0; i < e->samples; i++) {
    const double x = e->rows[i * e->features + column];
    if (x != 0.0) top = fmax(top, log_weights[i] + log(fabs(x)));
  }
  size_t count = 0;
  for (size_t i = 0; i < e->samples; i++) {
    const double x = e->rows[i * e->features + column];
    const double behind = x != 0.0 ? log_weights[i] + log(fabs(x)) - top : -INFINITY;
    if (behind > LOST) e->gradient[count++] = copysign(exp(behind), x);
  }
  return count;
}

typedef struct {
  double first, second, third, fourth; /* E g^j */
} moments;

static moments moments_of(const bs_expectation *e, size_t count) {
  moments m = {0};
  for (size_t j = 0; j < count; j++) {
    const double g = e->gradient[j], share = g / (double)e->samples;
    m.first += share;
    m.second += share * g;
    m.third += share * g * g;
    m.fourth += share * g * g * g;
  }
  return m;
}

/* The points below the first stride of the grid, as a geometric series, and the P and S of that stride. Returns the
 * terms of all of them, times sqrt(u). */
static double begin(bs_expectation *e, const moments *m, double first) {
  const double b1 = e->beta1, b2 = e->beta2, h = e->spacing;
  const double slope = (1.0 - b1) * (m->first * m->second - m->third) / (1.0 - b1 * b2); /* of S by u */
  const double decay = m->second / (1.0 - b2);                                           /* of -log P by u */
  double sum =
      m->first * sqrt(first) / expm1(0.5 * h) + (slope - m->first * decay) * first * sqrt(first) / expm1(1.5 * h);
  for (size_t n = 0; n < e->stride; n++) {
    const double u = first * exp(h * (double)n);
    const double curve = 0.5 * u * u * (m->fourth - m->second * m->second) / (1.0 - b2 * b2);
    e->products[n] = exp(-decay * u + curve);
    e->terms[n] = sqrt(u) * e->products[n] * (m->first + slope * u);
    sum += e->terms[n];
  }
  return sum;
}

/* phi and psi / phi at u. */
static double survive(const bs_expectation *e, size_t count, double u, double *mean) {
  double zeroth = (double)(e->samples - count), first = 0.0;
  for (size_t j = 0; j < count; j++) {
    const double g = e->gradient[j], exponent = u * g * g;
    const double weight = exponent < LARGEST_EXPONENT ? exp(-exponent) : 0.0;
    zeroth += weight;
    first += g * weight;
  }
  *mean = zeroth > 0.0 ? first / zeroth : 0.0;
  return zeroth / (double)e->samples;
}

static double mean_update(bs_expectation *e, size_t count) {
  const moments m = moments_of(e, count);
  const double first = FIRST * (1.0 - e->beta2), root = sqrt(e->beta2);
  double sum = begin(e, &m, first);
  size_t quiet = 0;
  for (size_t n = e->stride; quiet < QUIET + e->stride && n < MOST_POINTS; n++) {
    double *product = &e->products[n % e->stride], *term = &e->terms[n % e->stride], mean;
    const double u = first * exp(e->spacing * (double)n), survived = survive(e, count, u, &mean);
    *product *= survived;
    *term *= e->beta1 * survived / root;
    if (mean != 0.0) *term += (1.0 - e->beta1) * sqrt(u) * *product * mean; /* u is finite then */
    sum += *term;
    e->exponentials += (double)count;
    const bool sources_left = mean != 0.0 && *product > NEGLIGIBLE;
    quiet = fabs(*term) <= NEGLIGIBLE * fabs(sum) && !sources_left ? quiet + 1 : 0;
  }
  return sum * e->spacing / sqrt(M_PI * (1.0 - e->beta2));
}

double bs_expectation_cost(const bs_expectation *expectation) {
  return EXPONENTIAL * expectation->exponentials;
}

void bs_expectation_evaluate(bs_expectation *expectation, const double *log_weights, double *direction) {
  expectation->exponentials = 0.0;
  for (size_t k = 0; k < expectation->features; k++) {
    const size_t count = gather(expectation, log_weights, k);
    direction[k] = count > 0 ? mean_update(expectation, count) : 0.0;
  }
}

static void count_touching(const biascope_dataset *data, size_t *touching) {
  for (size_t i = 0; i < data->samples; i++) {
    const bs_row row = bs_row_of(data, i);
    for (size_t at = 0; at < row.count; at++) touching[bs_row_column(&row, at)] += row.value[at] != 0.0;
  }
}

biascope_status bs_find_feature_without_mean(const biascope_dataset *data, const biascope_options *training,
                                             size_t *feature, biascope_error *error) {
  const bs_epoch_rule rule = bs_averages_of(training);
  const double batch = (double)bs_batch_size(training, data->samples);
  *feature = SIZE_MAX;
  if (training->order != BIASCOPE_REPLACEMENT || training->eps > 0.0 || bs_has_bounded_update(training) ||
      bs_is_full_batch(training, data->samples) || training->variance_reduction)
    return BIASCOPE_OK;
  size_t *touching = BS_NEW(size_t, data->features);
  if (!touching) return bs_fail_memory(error, "the samples of each feature");
  count_touching(data, touching);
  for (size_t k = 0; k < data->features && *feature == SIZE_MAX; k++) {
    const double missed = pow(1.0 - (double)touching[k] / (double)data->samples, batch);
    if (touching[k] > 0 && missed * rule.beta1 >= sqrt(rule.beta2)) *feature = k;
  }
  free(touching);
  return BIASCOPE_OK;
}
